"""Notebook 20: what folds say of a net, and what the usual folds gain by copies of a face on both sides."""

import numpy as np
import pandas as pd

from fer_keras.scores import accuracy, difference
from fer_keras.study.tables import MAJORITY, score_table, word
from fer_keras.training.kfold import Folds

WITH, WITHOUT, DUE = "faces with a copy outside", "faces without one", "due to copies"


def right_of(folds: Folds) -> np.ndarray:
    """Of each face: does the net that has not seen it find its label?"""
    return folds.probabilities.argmax(axis=1) == folds.labels


def fold_scores(folds: Folds) -> pd.DataFrame:
    """The accuracy of each fold, and of all faces together ("pooled"), below that of the commonest emotion.

    `learnt` says whether it is shown to be better than the commonest emotion on the same faces.
    """
    right = right_of(folds)
    always = folds.labels == np.bincount(folds.labels).argmax()
    parts = {f"fold {number + 1}": folds.fold == number for number in range(len(folds.runs))}
    parts["pooled"] = np.ones(len(right), bool)
    table = score_table({MAJORITY: accuracy(always, True)} | {
        label: accuracy(right[part], True) for label, part in parts.items()
    })  # fmt: skip
    floors = [always[part].mean() for part in parts.values()]
    table["learnt"] = [False, *(table["interval"].str[0].astype(float)[1:] > floors)]
    return table


def copy_gains(folds: Folds, usual: Folds, copied: np.ndarray) -> pd.DataFrame:
    """How much more often the nets of the usual folds are right than those of folds that keep copies together: on all
    faces, on those with a copy on the other side of the usual folds (`copied`), on those without; and how far the
    second lies beyond the third, which is what can be due to copies. Nothing where the nets have learnt nothing."""
    if not all(fold_scores(each).loc["pooled", "learnt"] for each in (folds, usual)):
        return score_table({})
    one, other = right_of(usual), right_of(folds)
    parts = {"all faces": np.ones(len(one), bool), WITH: copied, WITHOUT: ~copied}
    rows = {
        label: difference(np.ones(part.sum(), bool), one[part], other[part])
        for label, part in parts.items()
        if part.any()
    }
    if WITH in rows and WITHOUT in rows:
        value = rows[WITH]["value"] - rows[WITHOUT]["value"]
        reach = np.hypot(np.ptp(rows[WITH]["interval"]), np.ptp(rows[WITHOUT]["interval"])) / 2
        rows[DUE] = {"value": value, "n": rows[WITH]["n"], "interval": [value - reach, value + reach]}
    return score_table(rows)


def copies_say(gains: pd.DataFrame) -> str:
    """A sentence for the answer."""
    if gains.empty:
        return "What copies do is not told: the nets of one kind of folds have learnt nothing."
    if WITH not in gains.index:
        return "No face has a copy in another of the usual folds."
    if DUE not in gains.index:
        return "Every face has a copy in another of the usual folds."
    found = word(gains.loc[DUE], "less often right, which memory cannot explain", "", "more often right")
    if not found:
        return "Copies of a face in other folds make no difference that shows."
    return f"Where a copy of a face was learnt, nets are {found}."
