"""What 50_leakage records on smoke agrees with the faces."""

import numpy as np
import pytest

from fer_keras import load_faces
from fer_keras.scores import stand_in_both
from fer_keras.study.records import read_notebook


@pytest.fixture(scope="module")
def recorded(executed):
    return read_notebook(executed("50_leakage"))


def test_50_counts_copies_epochs_and_the_faces_put_in(recorded):
    found, answer = recorded
    training, validation, judged = load_faces(n=400).parts()
    copied = stand_in_both(judged, training)
    assert found["copied_share"] == {"value": copied.mean(), "n": len(judged)} and copied.any()
    always = judged.labels == np.bincount(training.labels).argmax()
    assert found["majority_accuracy"]["value"] == always.mean()
    assert found["leaky_validation_accuracy"]["n"] == len(validation) // 2
    assert found["honest_validation_accuracy"]["n"] == len(validation)
    assert (found["report_a_epochs"]["value"], found["report_a_epochs_above"]["value"]) == (14, 13)
    for name in ("honest", "as_they_come", "leaky"):
        assert found[f"{name}_epochs"]["value"] == 1 and found[f"{name}_epochs_above"]["value"] in (0, 1)
    assert ("put_in_gain" in found) == (not answer.startswith("No answer yet"))
