import numpy as np
import pytest

from fer_keras.metrics import accuracy, stand_in_both


def test_accuracy_has_n_and_wilsons_interval():
    predicted = np.repeat([1, 0], [80, 20])
    found = accuracy(np.ones(100), predicted)
    assert found["value"] == 0.8 and found["n"] == 100
    assert found["interval"] == pytest.approx([0.7112, 0.8666], abs=1e-4)  # Wilson's formula, by hand


def test_accuracy_of_nothing_is_not_a_number_made_up():
    assert accuracy(np.empty(0), np.empty(0)) == {"value": None, "n": 0, "interval": None}


def test_copies_across_two_sets_are_found_whatever_side_they_stand_on(drawn):
    training, others = drawn.split("Training"), drawn.split("PublicTest")
    mirrored = training[:5].images[:, :, ::-1]
    faces = type(others)(
        np.concatenate([mirrored, others.images]), *(
            np.concatenate([getattr(training[:5], name), getattr(others, name)]) for name in ("labels", "splits", "ids")
        )
    )  # fmt: skip
    found = stand_in_both(faces, training)
    assert found[:5].all()
    assert 0 < found[5:].mean() < 0.5  # the planted copies
