"""Notebook 20: what its module makes of made-up folds, and what the notebook records on smoke."""

from types import SimpleNamespace

import numpy as np
import pytest

from fer_keras import load_faces
from fer_keras.study import records
from fer_keras.study.folds import DUE, WITH, WITHOUT, copies_say, copy_gains, fold_scores
from fer_keras.study.tables import MAJORITY, score_table
from fer_keras.training.kfold import Folds


def made_up(right: np.ndarray) -> Folds:
    """Two folds of 200 faces, half of them fear, half happy; the nets find the label where it says so."""
    labels = np.repeat([2, 3], 200)
    answered = np.where(right, labels, 6)
    return Folds(labels, np.arange(400) % 2, np.eye(7)[answered], np.zeros(2), (None, None))


def test_each_fold_and_all_faces_have_a_score():
    right = np.arange(400) % 2 == 0  # the first fold whole, nothing of the second
    scores = fold_scores(made_up(right))
    assert scores.index.tolist() == [MAJORITY, "fold 1", "fold 2", "pooled"]
    assert scores["value"].tolist() == [0.5, 1, 0, 0.5] and scores["n"].tolist() == [400, 200, 200, 400]
    assert scores["learnt"].tolist() == [False, True, False, False]
    low, high = scores.loc["pooled", "interval"]
    assert (low, high) == pytest.approx((0.451, 0.549), abs=0.001)


@pytest.fixture
def gains():
    """Of 100 copied faces the usual folds find 40 more, of 300 others three fewer."""
    copied = np.arange(400) < 100
    together = np.arange(400) >= 50
    usual = together.copy()
    usual[:40], usual[200:203] = True, False
    return copy_gains(made_up(together), made_up(usual), copied)


def test_what_is_due_to_copies_is_the_gain_beyond_that_of_other_faces(gains):
    assert gains.loc[WITH, "value"] == 0.4 and gains.loc[WITHOUT, "value"] == pytest.approx(-0.01)
    assert gains.loc["all faces", "value"] == pytest.approx((40 - 3) / 400)
    assert gains.loc[DUE, "value"] == pytest.approx(0.41) and gains.loc[DUE, "n"] == 100
    low, high = gains.loc[DUE, "interval"]
    assert 0.29 < low < 0.33 and 0.49 < high < 0.53  # wider than that of the 100 faces alone


def test_nets_that_have_learnt_nothing_are_not_compared():
    idle, good = made_up(np.arange(400) < 200), made_up(np.ones(400, bool))
    assert copy_gains(idle, good, np.arange(400) < 100).empty
    usual_idle = copy_gains(good, idle, np.arange(400) < 100)
    assert usual_idle.empty and "learnt nothing" in copies_say(usual_idle)


def test_without_copies_nothing_is_due_to_them():
    good = made_up(np.ones(400, bool))
    found = copy_gains(good, good, np.zeros(400, bool))
    assert found.index.tolist() == ["all faces", WITHOUT]
    assert copies_say(found) == "No face has a copy in another of the usual folds."


def test_the_sentence_on_copies_follows_from_the_interval(gains):
    assert copies_say(gains) == "Where a copy of a face was learnt, nets are more often right."
    unclear = score_table({each: {"value": 0.1, "n": 9, "interval": [-0.1, 0.3]} for each in (WITH, DUE)})
    assert copies_say(unclear) == "Copies of a face in other folds make no difference that shows."
    below = score_table({each: {"value": -0.2, "n": 9, "interval": [-0.3, -0.1]} for each in (WITH, DUE)})
    everywhere = score_table({WITH: {"value": 0.1, "n": 9, "interval": [-0.1, 0.3]}})
    assert copies_say(everywhere).startswith("Every face")
    assert "less often right, which memory cannot explain" in copies_say(below)


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
