"""What is said of accuracies, curves and gaps, on made-up ones."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_keras import load_faces
from fer_keras.study.tables import MAJORITY, shares
from fer_keras.study.training import best_says, course, courses, gap_says, gaps


def answers(**shares_right: float) -> pd.DataFrame:
    """400 faces of which each net has its share right, the first ones."""
    return pd.DataFrame({name: np.arange(400) < 400 * share for name, share in shares_right.items()})


@pytest.mark.parametrize(
    ("nets", "says"),
    [
        (
            {"a": 0.7, "b": 0.5, "c": 0.4},
            "`a` is right most often, for 70% of the faces, ahead of `b`; `c` least",
        ),
        ({"a": 0.4, "b": 0.7, "c": 0.7}, "for 70% of the faces, but not told apart from"),
        ({"a": 0.7, "b": 0.24}, "`a` is right most often, for 70% of the faces; no other net has learnt."),
    ],
)
def test_the_best_net_is_named_with_how_sure_that_is(nets, says):
    right = answers(**{MAJORITY: 0.24}, **nets)
    assert says in best_says(right, shares(right))


def history(accuracies, losses) -> pd.DataFrame:
    table = pd.DataFrame({"accuracy": 0.5, "val_accuracy": accuracies, "val_loss": losses})
    return table.set_axis(range(1, len(table) + 1))


@pytest.mark.parametrize(
    ("accuracies", "losses", "says"),
    [
        ([0.2, 0.6, 0.7], [3, 2, 1], "and for 70% after its last, and most of that comes in the first half"),
        ([0.2, 0.3, 0.7], [3, 2, 1], "comes in the second half. Its validation loss still falls at the end."),
        ([0.2, 0.6, 0.7], [3, 1, 2], "is lowest after epoch 2 of 3."),
        ([0.4, 0.6, 0.3], [3, 1, 2], "gets no better"),
        ([0.4], [3], "After its only epoch"),
    ],
)
def test_a_training_is_told_in_a_sentence(accuracies, losses, says):
    assert says in course("a", history(accuracies, losses))


def test_the_epochs_of_a_course_are_counted_from_1():
    row = courses({"a": history([0.2, 0.6, 0.55], [1, 2, 3])}).loc["a"]
    assert row.tolist() == [3, 2, 1, 2]


def test_a_gap_is_measured_alike_on_both_sides():
    faces = load_faces(n=1100)
    training, validation = replace(faces[:1000], labels=np.full(1000, 2)), replace(faces[1000:], labels=np.full(100, 2))
    fear, other = np.eye(7)[2], np.eye(7)[3]
    asked = {1000: np.vstack([[fear] * 900, [other] * 100]), 100: np.vstack([[fear] * 60, [other] * 40])}
    run = SimpleNamespace(predict=lambda some: asked[len(some)])
    gap = gaps({"a": run}, training, validation).loc["a"]
    assert gap["value"] == pytest.approx(0.3) and gap["n"] == 100
    assert gap["interval"] == pytest.approx((0.21, 0.40), abs=0.01)


@pytest.mark.parametrize(
    ("interval", "says"),
    [((0.1, 0.3), "it is more accurate, by 0.20"), ((-0.1, 0.3), "is not shown"), ((-0.3, -0.1), "Strangely")],
)
def test_a_gap_is_told_by_its_interval(interval, says):
    assert says in gap_says({"value": 0.2, "interval": interval})
