"""What the notebooks on folds, confusions and leaks record on smoke agrees with the data and with itself."""

import numpy as np
import pytest

from fer_keras import load_faces
from fer_keras.scores import stand_in_both
from fer_keras.study import records


@pytest.fixture(scope="module")
def parts():
    """What smoke trains on: 320 faces, and 40 and 40 held out."""
    return load_faces(n=400).parts()


@pytest.fixture
def recorded(executed):
    return lambda name: records.read_notebook(executed(name))[0]


def test_50_leakage_takes_its_scores_apart(recorded, parts):
    found, (training, validation, judged) = recorded("50_leakage"), parts
    copied = stand_in_both(judged, training)
    assert found["copies"]["value"] == copied.sum() == found["copies_accuracy"]["n"] > 0
    assert found["left_out"]["value"] == (stand_in_both(training, judged) | stand_in_both(training, validation)).sum()
    assert found["whole_accuracy"]["n"] == len(judged)
    for kind in ("accuracy", "gain"):
        parted = [found[f"{name}_{kind}"] for name in ("copies", "without_copies")]
        right = sum(each["value"] * each["n"] for each in parted)
        assert right == pytest.approx(found[f"whole_{kind}"]["value"] * len(judged))
    whole, without = found["whole_accuracy"]["value"], found["without_copies_accuracy"]["value"]
    assert found["inflation"]["value"] == pytest.approx(whole - without)
    gained = found["copies_gain"]["value"] - found["without_copies_gain"]["value"]
    assert found["memory"]["value"] == pytest.approx(gained)
    majority = np.bincount(training.labels).argmax()
    assert found["majority_accuracy"]["value"] == (judged.labels == majority).mean()


def test_50_leakage_puts_half_of_the_validation_faces_in(recorded, parts):
    found, validation = recorded("50_leakage"), parts[1]
    half = len(validation) // 2
    assert found["put_in_gain"]["n"] == found["leaky_validation_accuracy"]["n"] == half
    assert 0 < found["kept_out_gain"]["n"] <= len(validation) - half
    assert found["honest_validation_accuracy"]["n"] == found["as_they_come_validation_accuracy"]["n"] == len(validation)
    floor = found["kept_out_majority_accuracy"]
    assert floor["n"] == half and 0 < floor["value"] < 0.5
    kept_out, gains = found["kept_out_leaky_accuracy"], [found["put_in_gain"], found["kept_out_gain"]]
    assert kept_out["n"] == half  # no copies of the faces put in among them
    leaky = np.array([found["leaky_validation_accuracy"]["value"], kept_out["value"]])
    honest = leaky - [gain["value"] for gain in gains]  # on the two halves
    assert honest.mean() == pytest.approx(found["honest_validation_accuracy"]["value"])
    assert found["report_a_epochs_above"] == {"value": 13, "n": 14}
    assert found["report_a_last_training_accuracy"]["value"] == 0.9448
    for name in ("honest", "as_they_come", "leaky"):
        assert found[f"{name}_epochs"]["value"] == found["epochs"]["value"] == 1
