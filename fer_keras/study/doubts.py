"""Notebook 52: how far raters agree with labels and with each other, and how sure a net is of its answers.

Of faces without votes, and of no trainings, the tables are empty.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import entropy

from fer_keras.faces import EMOTIONS, Faces
from fer_keras.scores import accuracy, confusion, over_faces, over_seeds_and_faces
from fer_keras.study.tables import MAJORITY, score_table, word

AGREEMENT = ("all agree", "up to 0.5 bits", "0.5 to 1 bits", "1 to 1.5 bits", "above 1.5 bits")
BINS = 10  # of confidence


def agreement(faces: Faces) -> pd.DataFrame:
    """The share of faces whose label has the most votes."""
    if faces.votes is None:
        return score_table({})
    return score_table({"votes agree": accuracy(faces.labels, faces.vote_majority())})


def winners(faces: Faces) -> pd.DataFrame:
    """Of the faces of each label the share on which each emotion has the most votes."""
    if faces.votes is None:
        return pd.DataFrame()
    wins = faces.vote_majority()
    counts = confusion(faces.labels[wins >= 0], wins[wins >= 0])
    counts = counts.rename_axis(index="label", columns="most votes for")
    return counts.div(counts.sum(axis=1), axis=0).dropna()


def most_disputed(faces: Faces) -> tuple[np.ndarray, list[str]]:
    """Of each label the face whose votes are most divided, and a text with its label and its two leading votes."""
    if faces.votes is None:
        return faces.images[:0], []
    shares = faces.vote_shares()
    worst = pd.Series(entropy(shares, base=2, axis=1)).fillna(0).groupby(faces.labels).idxmax()
    first, second = np.argsort(-shares[worst], axis=1)[:, :2].T
    rows = zip(faces.labels[worst], first, second, strict=True)
    names = [f"label {EMOTIONS[a]}\n{EMOTIONS[b]}, {EMOTIONS[c]}" for a, b, c in rows]
    return faces.images[worst], names


def by_agreement(right: pd.DataFrame, faces: Faces) -> pd.DataFrame:
    """The accuracy, a mean over trainings, by how divided the raters of a face are; under `always` that of the
    commonest emotion on the same faces. right: of `hits`, with the majority class. No rows for no nets."""
    if right.shape[1] == 1:
        return pd.DataFrame(columns=["value", "n", "interval", "always"])
    nets = right.drop(columns=MAJORITY).mean(axis=1)
    parts = {"all faces": nets.index}
    if faces.votes is not None:
        bins = pd.cut(entropy(faces.vote_shares(), base=2, axis=1), [-1, 0, 0.5, 1, 1.5, 3], labels=AGREEMENT)
        parts |= nets.groupby(bins, observed=True).groups
    rows = {
        f"{name}: {len(at):,} faces": over_faces(nets[at]) | {"always": right[MAJORITY][at].mean()}
        for name, at in parts.items()
    }
    return score_table(rows)


def half_leads(right: pd.DataFrame, faces: Faces) -> pd.DataFrame:
    """How much more often the nets are right than the commonest emotion, on the half of the faces whose raters agree
    more and on the half whose raters agree less."""
    if faces.votes is None or right.shape[1] == 1:
        return score_table({})
    bits = entropy(faces.vote_shares(), base=2, axis=1)
    order = np.argsort(bits)[: np.isfinite(bits).sum()]  # the most agreed first
    lead = right.drop(columns=MAJORITY).T.to_numpy(float) - right[MAJORITY].to_numpy(float)
    halves = zip(("agreed half", "disputed half"), np.array_split(order, 2), strict=True)
    return score_table({name: over_seeds_and_faces(lead[:, half]) for name, half in halves})


def by_confidence(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """The share of right answers, and the mean confidence, by how sure the net was."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    number, rows = _bins(sure), {}
    for each in np.unique(number):
        at = number == each
        found = accuracy(right[at], True) | {"mean confidence": sure[at].mean()}
        rows[f"{each * 10} to {each * 10 + 10} % sure: {at.sum()} faces"] = found
    return score_table(rows)


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """How far confidence and accuracy are apart, in the mean over faces binned by confidence (the "expected
    calibration error"): 0 if of the answers given with 70 % exactly 70 % are right, and so on."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    apart = np.bincount(_bins(sure), sure - right, BINS)
    return float(abs(apart).sum() / len(labels))


def calibration(labels: np.ndarray, said: Mapping[str, np.ndarray], resamples: int, seed: int = 0) -> pd.DataFrame:
    """The calibration error of each kind of answers with its 95 % interval (bootstrap), and under `if perfect` what a
    calibrated net would have, which is not 0 on few faces; in the row "change" the last less the first."""
    rng, n = np.random.default_rng(seed), len(labels)
    samples = rng.integers(n, size=(resamples, n))
    rows, again = {}, {}
    for kind, p in said.items():
        again[kind] = np.array([calibration_error(labels[at], p[at]) for at in samples])
        steps = p.cumsum(axis=1)[:, :-1]
        drawn = [(rng.random((n, 1)) > steps).sum(axis=1) for _ in samples]  # labels as the net says they fall
        perfect = np.mean([calibration_error(some, p) for some in drawn])
        rows[kind] = _around(calibration_error(labels, p), again[kind], n, 0, 1) | {"if perfect": perfect}
    first, last = next(iter(said)), list(said)[-1]
    value = rows[last]["value"] - rows[first]["value"]
    return score_table(rows | {"change": _around(value, again[last] - again[first], n, -1, 1)})


def overconfidence(runs: Mapping, faces: Faces) -> dict:
    """By how much the mean confidence is above the accuracy, for other trainings and other faces."""
    return over_seeds_and_faces(_measures(runs, faces)["overconfidence"])


def votes_change(runs: Mapping, on_votes: Mapping, faces: Faces) -> pd.DataFrame:
    """What training on the votes changes against training on labels, seed by seed and face by face."""
    if not runs or not on_votes:
        return score_table({})
    before, after, rows = _measures(runs, faces), _measures(on_votes, faces), {}
    for name, values in after.items():
        change = values - before[name]
        rows[name] = over_seeds_and_faces(change[:, np.isfinite(change[0])])
    return score_table(rows)


def taken_for(runs: Mapping, faces: Faces) -> dict[str, pd.DataFrame]:
    """What the nets, and what the raters, take each label for: shares of the label; the label itself is left empty."""
    if not runs or faces.votes is None:
        return {"net": pd.DataFrame(), "raters": pd.DataFrame()}
    found = {}
    for kind, values in _answers(runs, faces).items():
        table = values.groupby(level=0).mean().reindex(range(len(EMOTIONS)))
        table = table.mask(np.eye(len(EMOTIONS), dtype=bool)).set_axis(EMOTIONS).set_axis(EMOTIONS, axis=1)
        found[kind] = table.rename_axis(index="label", columns="taken for")
    return found


def likeness(runs: Mapping, faces: Faces, resamples: int, seed: int = 0) -> pd.DataFrame:
    """The correlation of the nets' mistakes with the raters' votes over all pairs of a label and another emotion, with
    its 95 % interval (bootstrap over faces)."""
    if not runs or faces.votes is None:
        return score_table({})
    both = pd.concat(_answers(runs, faces), axis=1)
    n, rng, found = len(both), np.random.default_rng(seed), []
    for rows in [np.arange(n), *rng.integers(n, size=(resamples, n))]:
        table = both.iloc[rows].groupby(level=0).mean()
        wrong = np.not_equal.outer(table.index, range(len(EMOTIONS)))
        found.append(np.corrcoef(table["net"].to_numpy()[wrong], table["raters"].to_numpy()[wrong])[0, 1])
    return score_table({"confusion correlation": _around(found[0], np.array(found[1:]), n, -1, 1)})


def labels_say(agreed: pd.DataFrame) -> str:
    """A sentence for the answer."""
    if agreed.empty:
        return "This source has no votes on its labels."
    return f"The label has the most votes for {agreed['value'].iloc[0]:.0%} of the faces."


def votes_say(change: pd.DataFrame) -> str:
    """A sentence for the answer, on what training on votes does to the accuracy by label; "" where it was not done."""
    if change.empty:
        return ""
    found = word(change.loc["accuracy by label"], "less accurate", "", "more accurate")
    return f"Training on votes makes it {found}." if found else "Training on votes changes no accuracy that shows."


def _answers(runs: Mapping, faces: Faces) -> dict[str, pd.DataFrame]:
    """Of each face with votes for emotions the share of nets, and of raters, that name each emotion; by label."""
    nets = [np.eye(len(EMOTIONS))[run.predict(faces).argmax(axis=1)] for run in runs.values()]
    shares = faces.vote_shares()
    voted = np.isfinite(shares[:, 0])
    tables = {"net": np.mean(nets, axis=0), "raters": shares}
    return {kind: pd.DataFrame(values[voted], faces.labels[voted]) for kind, values in tables.items()}


def _measures(runs: Mapping, faces: Faces) -> dict[str, np.ndarray]:
    """Of each training (rows) and face (columns): is it right, how much surer than right, how far from the votes?"""
    p = np.array([run.predict(faces) for run in runs.values()])
    right = p.argmax(axis=2) == faces.labels
    found = {"accuracy by label": right.astype(float), "overconfidence": p.max(axis=2) - right}
    if faces.votes is not None:
        wins, shares = faces.vote_majority(), faces.vote_shares()
        found["accuracy by votes"] = np.where(wins < 0, np.nan, p.argmax(axis=2) == wins)
        found["cross-entropy of votes"] = -(shares * np.log(p + 1e-7)).sum(axis=2)
    return found


def _bins(sure: np.ndarray) -> np.ndarray:
    return np.minimum((sure * BINS).astype(int), BINS - 1)


def _around(value: float, again: np.ndarray, n: int, low: float, high: float) -> dict:
    """A value with 1.96 standard errors of resampled ones to each side, within bounds."""
    reach = 1.96 * float(np.nanstd(again))
    return {"value": float(value), "n": n, "interval": [max(low, value - reach), min(high, value + reach)]}
