"""Notebook 52: how far raters agree with labels and with each other, and how sure a net is of its answers.

Of faces without votes, and of no trainings, the tables are empty.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import bootstrap, entropy

from fer_keras.faces import EMOTIONS, Faces
from fer_keras.scores import between_faces, over_seeds_and_faces
from fer_keras.study.tables import MAJORITY, score_table, shares

AGREEMENT = ("all agree", "up to 0.5 bits", "0.5 to 1 bits", "1 to 1.5 bits", "above 1.5 bits")
BINS = 10  # of confidence


def vote_entropy(faces: Faces) -> pd.Series:
    """Of each face how divided its raters are, in bits: 0 if all agree; NaN where none has voted for an emotion."""
    if faces.votes is None:
        return pd.Series(np.nan, range(len(faces)))
    return pd.Series(entropy(faces.vote_shares(), base=2, axis=1))


def most_disputed(faces: Faces) -> tuple[np.ndarray, list[str]]:
    """Of each label the face whose votes are most divided, and a text with its label and its two leading votes."""
    if faces.votes is None:
        return faces.images[:0], []
    worst = vote_entropy(faces).fillna(0).groupby(faces.labels).idxmax()
    first, second = np.argsort(-faces.vote_shares()[worst], axis=1)[:, :2].T
    rows = zip(faces.labels[worst], first, second, strict=True)
    return faces.images[worst], [f"label {EMOTIONS[a]}\n{EMOTIONS[b]}, {EMOTIONS[c]}" for a, b, c in rows]


def by_agreement(right: pd.DataFrame, bits: pd.Series) -> pd.DataFrame:
    """The accuracy, a mean over trainings, by how divided the raters of a face are; under `always` that of the
    commonest emotion on the same faces. right: of `hits`, with the majority class; bits: of `vote_entropy`."""
    nets = right.drop(columns=MAJORITY).mean(axis=1)
    groups = pd.cut(bits, [-1, 0, 0.5, 1, 1.5, 3], labels=AGREEMENT)
    table = shares(pd.DataFrame({"all faces": nets} | {name: nets.where(groups == name) for name in AGREEMENT}))
    always = right[MAJORITY].groupby(groups.astype(str)).mean()
    table["always"] = always.reindex(table.index).fillna(right[MAJORITY].mean())
    return table.rename(index=lambda name: f"{name}: {table['n'][name]:,} faces")


def half_leads(right: pd.DataFrame, bits: pd.Series) -> pd.DataFrame:
    """How much more often the nets are right than the commonest emotion, on the half of the faces whose raters agree
    more and on the half whose raters agree less. right, bits: as above."""
    lead = right.drop(columns=MAJORITY).T.to_numpy(float) - right[MAJORITY].to_numpy(float)
    rows = bits.dropna().sort_values().index.to_numpy()  # the most agreed first
    if not lead.size or not len(rows):
        return score_table({})
    agreed, disputed = (lead[:, half] for half in np.array_split(rows, 2))
    return score_table({
        "agreed half": over_seeds_and_faces(agreed),
        "disputed half": over_seeds_and_faces(disputed),
        "agreed over disputed": between_faces(agreed, disputed),
    })  # fmt: skip


def by_confidence(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """The share of right answers, and the mean confidence, by how sure the net was."""
    sure = pd.Series(probabilities.max(axis=1))
    right = pd.Series(probabilities.argmax(axis=1) == labels)
    number = _bins(sure)
    names = {}
    for each in range(BINS):
        n = (number == each).sum()
        names[each] = f"{each * 10} to {each * 10 + 10} % sure: {n} {'face' if n == 1 else 'faces'}"
    table = shares(pd.DataFrame({name: right.where(number == each) for each, name in names.items()}))
    table["mean confidence"] = sure.groupby(number.map(names)).mean()
    return table


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """How far confidence and accuracy are apart, in the mean over faces binned by confidence (the "expected
    calibration error"): 0 if of the answers given with 70 % exactly 70 % are right, and so on."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    return float(abs(np.bincount(_bins(sure), sure - right, BINS)).sum() / len(labels))


def calibration(labels: np.ndarray, said: Mapping[str, np.ndarray], resamples: int, seed: int = 0) -> pd.DataFrame:
    """The calibration error of each kind of answers with its 95 % interval, and under `if perfect` what a calibrated
    net would have, which is not 0 on few faces; in the row "change" the last less the first."""
    kinds = list(said)
    first, last = said[kinds[0]], said[kinds[-1]]
    rng = np.random.default_rng(seed)
    rows = {}
    for kind, probabilities in said.items():
        error = partial(_error_of, labels, probabilities)
        rows[kind] = _resampled(error, len(labels), resamples, seed, low=0)
        rows[kind]["if perfect"] = _error_if_perfect(probabilities, resamples, rng)

    def change(rows: np.ndarray) -> float:
        return _error_of(labels, last, rows) - _error_of(labels, first, rows)

    rows["change"] = _resampled(change, len(labels), resamples, seed)
    return score_table(rows)


def _error_of(labels: np.ndarray, probabilities: np.ndarray, rows: np.ndarray) -> float:
    return calibration_error(labels[rows], probabilities[rows])


def _error_if_perfect(probabilities: np.ndarray, resamples: int, rng: np.random.Generator) -> float:
    """The mean calibration error where the labels are drawn as often as the net says."""
    steps = probabilities.cumsum(axis=1)[:, :-1]
    errors = []
    for _ in range(resamples):
        labels = (rng.random((len(probabilities), 1)) > steps).sum(axis=1)
        errors.append(calibration_error(labels, probabilities))
    return float(np.mean(errors))


def measures(runs: Mapping, faces: Faces) -> dict[str, np.ndarray]:
    """Of each training (rows) and face (columns): is it right, how much surer than right, how far from the votes?"""
    p = np.array([run.predict(faces) for run in runs.values()])
    right = p.argmax(axis=2) == faces.labels
    found = {"accuracy by label": right.astype(float), "overconfidence": p.max(axis=2) - right}
    if faces.votes is not None:
        wins, votes = faces.vote_majority(), faces.vote_shares()
        found["accuracy by votes"] = np.where(wins < 0, np.nan, p.argmax(axis=2) == wins)
        found["cross-entropy of votes"] = -(votes * np.log(p + 1e-7)).sum(axis=2)
    return found


def votes_change(runs: Mapping, on_votes: Mapping, faces: Faces) -> pd.DataFrame:
    """What training on the votes changes against training on labels, seed by seed and face by face."""
    rows = {}
    if runs and on_votes:
        before = measures(runs, faces)
        for name, values in measures(on_votes, faces).items():
            change = values - before[name]
            rows[name] = over_seeds_and_faces(change[:, np.isfinite(change[0])])
    return score_table(rows)


def taken_for(runs: Mapping, faces: Faces) -> pd.DataFrame:
    """What the nets, and the raters, take a face for: a row a face with votes, named by its label; a column a kind
    ("net", "raters") and emotion, the label's own left empty."""
    if not runs or faces.votes is None:
        nothing = pd.MultiIndex.from_product([["net", "raters"], EMOTIONS])
        return pd.DataFrame(columns=nothing, index=pd.Index([], name="label"), dtype=float)
    answered = [np.eye(len(EMOTIONS))[run.predict(faces).argmax(axis=1)] for run in runs.values()]
    names = pd.CategoricalIndex(pd.Categorical.from_codes(faces.labels, EMOTIONS), name="label")
    votes = faces.vote_shares()
    tables = {"net": np.mean(answered, axis=0), "raters": votes}
    own = faces.label_targets() == 1
    table = pd.concat({kind: pd.DataFrame(each, names, EMOTIONS).mask(own) for kind, each in tables.items()}, axis=1)
    return table[np.isfinite(votes[:, 0])].rename_axis(columns=["kind", "taken for"])


def likeness(taken: pd.DataFrame, resamples: int, seed: int = 0) -> pd.DataFrame:
    """The correlation of the nets' mistakes with the raters' votes over all pairs of a label and another emotion, with
    its 95 % interval. taken: of `taken_for`."""
    if taken.empty:
        return score_table({})

    def correlation(rows: np.ndarray) -> float:
        table = taken.iloc[rows].groupby(level="label").mean()
        cells = pd.DataFrame({kind: table[kind].to_numpy().ravel() for kind in ("net", "raters")})
        return cells.corr().fillna(0).iloc[0, 1]  # 0 where a side makes no mistakes

    return score_table({"confusion correlation": _resampled(correlation, len(taken), resamples, seed)})


def _bins(sure: np.ndarray) -> np.ndarray:
    return np.minimum((sure * BINS).astype(int), BINS - 1)


def _resampled(statistic: Callable, n: int, resamples: int, seed: int, low: float = -1) -> dict:
    """A statistic of the rows of n faces, with 1.96 standard errors to each side (bootstrap), from `low` to 1."""
    rows = np.arange(n)
    drawn = bootstrap((rows,), statistic, n_resamples=resamples, method="percentile", vectorized=False, rng=seed)
    value, reach = float(statistic(rows)), 1.96 * float(drawn.standard_error)
    return {"value": value, "n": n, "interval": [max(low, value - reach), min(1, value + reach)]}
