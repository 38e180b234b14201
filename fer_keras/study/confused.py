"""Notebook 21: tables of scores made of a matrix of confusions (counts: true emotion in rows, answers in columns).

Of a matrix without rows, which stands for a net that has learnt nothing, each table is empty.
"""

from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy.stats import entropy, norm

from fer_keras.faces import EMOTIONS
from fer_keras.scores import share
from fer_keras.study.tables import score_table, words

NAMED = {  # which confusions the reports B to E name
    "B": ["angry/sad", "fear/neutral"],
    "C": ["angry as sad", "fear as sad"],
    "D": ["fear/sad", "fear/neutral"],
    "E": ["angry as neutral", "disgust as neutral", "sad as neutral", "fear as sad", "fear as surprise"],
}


def recalls(counts: pd.DataFrame) -> pd.DataFrame:
    """Of the faces of each emotion, the share that is found."""
    return score_table({each: share(counts.loc[each, each], counts.loc[each].sum()) for each in counts.index})


def one_way(counts: pd.DataFrame) -> pd.DataFrame:
    """ "fear as sad": of the faces of fear the share that is taken for sad; the largest first."""
    rows = {}
    for a, b in product(counts.index, counts.columns):
        if a != b:
            rows[f"{a} as {b}"] = share(counts.loc[a, b], counts.loc[a].sum())
    return score_table(rows).sort_values("value", ascending=False, kind="stable")


def both_ways(counts: pd.DataFrame) -> pd.DataFrame:
    """ "fear/sad": of the faces of either the share that is taken for the other; the largest first."""
    rows = {}
    for a, b in combinations(counts.index, 2):
        rows[f"{a}/{b}"] = share(counts.loc[a, b] + counts.loc[b, a], counts.loc[[a, b]].sum(axis=None))
    return score_table(rows).sort_values("value", ascending=False, kind="stable")


def entropies(counts: pd.DataFrame) -> pd.DataFrame:
    """How far the answers to each emotion spread, in bits: 0 if all are the same, 2.8 if seven are as frequent."""
    bits = entropy(_redrawn(counts, more=0), base=2, axis=2)
    return _scores(pd.DataFrame(bits, columns=counts.index), counts.sum(axis=1))


def recalls_under_average(counts: pd.DataFrame) -> pd.DataFrame:
    """By how much the recall of each emotion lies below the mean of all recalls."""
    found = _cells(counts)[[(each, each) for each in counts.index]].set_axis(counts.index, axis=1)
    return _scores(-found.sub(found.mean(axis=1), axis=0), counts.sum(axis=None))


def one_way_beyond_average(counts: pd.DataFrame) -> pd.DataFrame:
    """By how much a mistake is more frequent than the other mistakes with the same emotion, in the mean."""
    wrong = _mistakes(counts)
    beyond, n = {}, {}
    for a, b in wrong:
        others = wrong[a].drop(columns=b).mean(axis=1)
        beyond[f"{a} as {b}"] = wrong[a, b] - others
        n[f"{a} as {b}"] = counts.loc[a].sum()
    return _scores(pd.DataFrame(beyond, wrong.index), pd.Series(n))


def both_ways_beyond_average(counts: pd.DataFrame) -> pd.DataFrame:
    """By how much the two mistakes of a pair are, in their mean, more frequent than all mistakes in the mean."""
    wrong = _mistakes(counts)
    beyond = {}
    for a, b in combinations(counts.index, 2):
        beyond[f"{a}/{b}"] = wrong[[(a, b), (b, a)]].mean(axis=1) - wrong.mean(axis=1)
    return _scores(pd.DataFrame(beyond, wrong.index), counts.sum(axis=None))


def leads(counts: pd.DataFrame) -> pd.DataFrame:
    """By how much what the reports call the most is ahead of the next (see `lead`), on 2,000 redrawings of the faces:
    fear as the emotion with the lowest recall and the widest spread of answers, sad as the commonest mistake, and two
    pairs as the two that are confused most."""
    if set(counts.index) != set(EMOTIONS):
        return score_table({})
    n, cells = counts.sum(axis=1), _cells(counts)
    pairs = {}
    for a, b in combinations(EMOTIONS, 2):
        pairs[f"{a}/{b}"] = (cells[a, b] * n[a] + cells[b, a] * n[b]) / (n[a] + n[b])
    recall = pd.DataFrame({each: cells[each, each] for each in EMOTIONS})
    bits = pd.DataFrame(entropy(_redrawn(counts, more=0), base=2, axis=2), columns=counts.index)
    rows = {"fear recall": lead(recall, "fear", lowest=True), "fear entropy": lead(bits, "fear")}
    for each in ("fear", "angry"):
        rows[f"{each} as sad"] = lead(cells[each].drop(columns=each), "sad")
    for pair in NAMED["B"]:
        rows[pair] = lead(pd.DataFrame(pairs), pair, among=2)
    return score_table(rows).assign(n=n.sum())


def lead(values: pd.DataFrame, name: str, among: int = 1, lowest: bool = False) -> dict:
    """By how much a column is ahead of the largest other one, or with among=2 of the second largest; below 0 it is
    behind. values: the first row as measured, the rest with faces drawn again, so that columns are compared on the same
    faces. The interval is so wide that all comparisons hold together with 95 % (Bonferroni's correction)."""
    ahead = values[[name]].to_numpy() - values.drop(columns=name).to_numpy()
    ahead = -ahead if lowest else ahead
    reach = norm.ppf(1 - 0.025 / ahead.shape[1]) * ahead[1:].std(axis=0)
    low, value, high = (np.sort(ends)[among - 1] for ends in (ahead[0] - reach, ahead[0], ahead[0] + reach))
    return {"value": float(value), "interval": [float(low), float(high)]}


def of_reports(shares: pd.DataFrame, beyond: pd.DataFrame) -> pd.DataFrame:
    """What the reports name: how often it happens, and a word on whether that is more than average. `shares` and
    `beyond` hold the rows of both ways of counting."""
    named = pd.Series(NAMED, name="confusion").rename_axis("report").explode().reset_index()
    named["share"] = named["confusion"].map(shares["value"])
    found = words(beyond, "less than average", "about as average", "more than average")
    named["confused"] = named["confusion"].map(found)
    return named.dropna().set_index(["report", "confusion"])


def class_distances(
    vectors: np.ndarray, labels: np.ndarray, origin: str, resamples: int = 300
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """How far the faces of each emotion lie from their mean, and how far that mean lies from that of `origin`; with
    n and 95 % interval (bootstrap over faces, class by class). Then by how much fear is ahead (see `lead`): as the
    widest, and as the nearest to `origin`.

    vectors: of each face its pixels or features. Distances are root mean squares; 1 is that of all faces from the mean
    of all. Faces lie too near to a mean that they are part of, and the means of few faces too far apart: the squares
    are corrected for both. Emotions of fewer than two faces are left out.
    """
    vectors = np.asarray(vectors, np.float32).reshape(len(labels), -1)
    vectors = vectors - vectors.mean(axis=0)
    unit = max(float((vectors**2).sum(axis=1).mean()), 1e-12)
    rng = np.random.default_rng(0)
    means, within, n = {}, {}, {}
    for number, emotion in enumerate(EMOTIONS):
        own = vectors[np.asarray(labels) == number]
        if len(own) > 1:
            means[emotion], squares = _redrawn_means(own, resamples, rng)
            within[emotion] = squares / unit
            n[emotion] = len(own)
    away = {}
    for emotion in n:
        if origin in n and emotion != origin:
            apart = ((means[emotion] - means[origin]) ** 2).sum(axis=1) / unit
            away[emotion] = apart - within[emotion] / n[emotion] - within[origin] / n[origin]
    ahead = {}
    if set(n) == set(EMOTIONS):
        ahead["fear spread"] = lead(_roots(within), "fear") | {"n": len(labels)}
        ahead["fear nearness"] = lead(_roots(away), "fear", lowest=True) | {"n": len(labels)}
    distances = {each: _root(within[each], n[each]) for each in n}
    from_origin = {each: _root(away[each], n[each] + n[origin]) for each in away}
    return score_table(distances), score_table(from_origin), score_table(ahead)


def _redrawn_means(own: np.ndarray, resamples: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The mean of these vectors and their mean square distance from it (corrected); first as they are, then of vectors
    drawn again."""
    k = len(own)
    drawn = rng.multinomial(k, np.full(k, 1 / k), resamples)
    weights = np.vstack([np.ones(k), drawn]).astype(np.float32) / k
    means = weights @ own
    squares = weights @ (own**2).sum(axis=1) - (means**2).sum(axis=1)
    return means, squares * k / (k - 1)


def _roots(squares: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame(squares).clip(0) ** 0.5


def _root(squares: np.ndarray, n: int) -> dict:
    """The root of the first square, with 1.96 standard errors of the resampled others to each side before the root is
    taken; squares below 0, which a correction can leave, count as 0."""
    reach = 1.96 * squares[1:].std()
    low, value, high = np.sqrt(np.maximum(squares[0] + np.array([-reach, 0, reach]), 0)).tolist()
    return {"value": value, "n": n, "interval": [low, high]}


def _redrawn(counts: pd.DataFrame, more: float = 0.5) -> np.ndarray:
    """(2001, rows, columns): the shares of the rows, first as measured, then with the faces drawn again each time. Half
    a face more in each cell keeps intervals honest where few faces were seen."""
    n = counts.sum(axis=1).to_numpy()
    likely = (counts + more).div(n + more * counts.shape[1], axis=0)
    again = np.random.default_rng(0).multinomial(n, likely, (2000, len(n)))
    return np.concatenate([counts.to_numpy()[None], again]) / n[:, None]


def _cells(counts: pd.DataFrame) -> pd.DataFrame:
    """The same as a table: a row a drawing, a column a pair of the true emotion and the answer."""
    cells = pd.MultiIndex.from_product([counts.index, counts.columns])
    return pd.DataFrame(_redrawn(counts).reshape(2001, len(cells)), columns=cells)


def _mistakes(counts: pd.DataFrame) -> pd.DataFrame:
    return _cells(counts).drop(columns=[(each, each) for each in counts.index])


def _scores(values: pd.DataFrame, n: int | pd.Series) -> pd.DataFrame:
    """A row a column, from its first value, with 1.96 standard deviations of the redrawn others to each side."""
    value, reach = values.iloc[0], 1.96 * values.iloc[1:].std()
    return pd.DataFrame({"value": value, "n": n, "interval": list(zip(value - reach, value + reach, strict=True))})
