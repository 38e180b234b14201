"""Notebook 20: what its module makes of made-up folds, and what the notebook records on smoke."""

from types import SimpleNamespace

import numpy as np
import pytest

from fer_keras import load_faces
from fer_keras.study import records
from fer_keras.study.folds import fold_hits
from fer_keras.study.tables import MAJORITY, shares
from fer_keras.training.kfold import Folds


def test_folds_have_a_column_each_and_one_for_all():
    """Two folds of 200 faces, half of them fear, half happy; the first finds all, the second none."""
    labels, number = np.repeat([2, 3], 200), np.arange(400) % 2
    folds = Folds(labels, number, np.eye(7)[np.where(number == 0, labels, 6)], np.zeros(2), (None, None))
    scores = shares(fold_hits(folds))
    assert scores.index.tolist() == [MAJORITY, "fold 1", "fold 2", "pooled"]
    assert scores["value"].tolist() == [0.5, 1, 0, 0.5] and scores["n"].tolist() == [400, 200, 200, 400]
    assert scores["learnt"].tolist() == [False, True, False, False]
    assert scores.loc["pooled", "interval"] == pytest.approx([0.451, 0.549], abs=0.001)


def test_the_notebook_pools_what_its_folds_say(executed):
    found, answer = records.read_notebook(executed("20_kfold"))
    training = load_faces(n=400).parts()[0]
    entries = [SimpleNamespace(**found[f"{name}_accuracy"]) for name in ("fold_1", "fold_2", "pooled")]
    first, second, pooled = entries
    assert found["folds"]["value"] == 2 and first.n + second.n == pooled.n == len(training)
    assert first.value * first.n + second.value * second.n == pytest.approx(pooled.value * pooled.n)
    assert found["best_fold_accuracy"]["value"] == max(first.value, second.value)
    assert found["majority_accuracy"]["value"] == np.bincount(training.labels).max() / len(training)
    assert found["one_split_accuracy"]["n"] == 40 > found["one_split_no_copies_accuracy"]["n"]
    assert answer.startswith(
        "No answer yet" if pooled.interval[0] <= found["majority_accuracy"]["value"] else "Of faces"
    )
