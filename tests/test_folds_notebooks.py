"""What the notebooks on folds, confusions and leaks record on smoke agrees with the data and with itself."""

from itertools import combinations

import numpy as np
import pytest

from fer_keras import EMOTIONS, load_faces, train
from fer_keras.nets.sizes import features_of
from fer_keras.scores import class_distances, entropy, stand_in_both
from fer_keras.seeing.trust import standardised
from fer_keras.study import records


@pytest.fixture(scope="module")
def parts():
    """What smoke trains on: 320 faces, and 40 and 40 held out."""
    return load_faces(n=400).parts()


@pytest.fixture
def recorded(executed):
    return lambda name: records.read_notebook(executed(name))[0]


def test_21_confusion_counts_every_face_once(recorded, parts):
    found, training = recorded("21_confusion"), parts[0]
    assert found["judged_split"]["value"] == "Training, out of fold"
    counts = dict(zip(EMOTIONS, np.bincount(training.labels), strict=True))
    recalls = {emotion: found[f"recall_{emotion}"] for emotion in EMOTIONS}
    assert {emotion: each["n"] for emotion, each in recalls.items()} == counts
    assert found["accuracy"]["value"] == pytest.approx(
        np.average([r["value"] for r in recalls.values()], weights=[*counts.values()])
    )
    answered = [entry for name, entry in found.items() if name.startswith("precision_")]
    assert sum(entry["n"] for entry in answered) == len(training)
    assert sum(entry["n"] * entry["value"] for entry in answered) == pytest.approx(
        found["accuracy"]["value"] * len(training)
    )
    for a, recall in recalls.items():
        shares = [found[f"{a}_as_{b}_share"]["value"] for b in EMOTIONS if b != a]
        assert sum(shares) + recall["value"] == pytest.approx(1)
        assert found[f"entropy_{a}"]["value"] == pytest.approx(entropy(np.array([[*shares, recall["value"]]]))[0])


def test_21_confusion_ranks_the_pairs(recorded):
    found = recorded("21_confusion")
    one_way = {(a, b): found[f"{a}_as_{b}_share"] for a in EMOTIONS for b in EMOTIONS if a != b}
    first = max(one_way, key=lambda pair: one_way[pair]["value"])
    assert found["one_way_1"]["value"] == " → ".join(first)
    assert found["one_way_1_share"] == one_way[first]
    for a, b in combinations(EMOTIONS, 2):
        both, there, back = found[f"{a}_{b}_confused_share"], one_way[a, b], one_way[b, a]
        assert both["n"] == there["n"] + back["n"]
        assert both["value"] * both["n"] == pytest.approx(there["value"] * there["n"] + back["value"] * back["n"])
    confused = {name: entry for name, entry in found.items() if name.endswith("_confused_share")}
    assert len(confused) == 21
    assert found["both_ways_1_share"]["value"] == max(entry["value"] for entry in confused.values())
    assert found["hardest_recall"]["value"] == min(found[f"recall_{emotion}"]["value"] for emotion in EMOTIONS)


def pair_distances(some, others):
    """The mean squared distance of two different faces."""
    apart = ((some[:, None] - others[None]) ** 2).sum(axis=-1)
    return apart.sum() / (apart.size - (len(some) if some is others else 0))


def test_21_confusion_measures_spread_and_distance_from_neutral_in_pixels(recorded, parts):
    found, judged = recorded("21_confusion"), parts[2]
    pixels = standardised(judged).images.reshape(len(judged), -1).astype(float)
    unit = ((pixels - pixels.mean(axis=0)) ** 2).sum(axis=1).mean()
    of = {emotion: pixels[judged.labels == i] for i, emotion in enumerate(EMOTIONS)}
    within = {emotion: pair_distances(some, some) / 2 for emotion, some in of.items()}
    for emotion, some in of.items():
        spread = found[f"spread_pixels_{emotion}"]
        assert spread["n"] == len(some) > 1
        assert spread["value"] == pytest.approx(np.sqrt(within[emotion] / unit), rel=1e-4)
        if emotion != "neutral":
            away = pair_distances(some, of["neutral"]) - within[emotion] - within["neutral"]
            measured = found[f"from_neutral_pixels_{emotion}"]
            assert measured["n"] == len(some) + len(of["neutral"])
            assert measured["value"] ** 2 == pytest.approx(max(away, 0) / unit, abs=1e-4)
    assert "from_neutral_pixels_neutral" not in found


def test_21_confusion_measures_them_in_the_features_of_a_net_that_has_not_seen_the_faces(recorded, parts):
    found, (training, validation, judged) = recorded("21_confusion"), parts
    settings = {"options": {"width": 0.125}, "epochs": 1, "batch_size": 32}
    net = train("cnn_leaky", training, validation, **settings).model  # loaded: the notebook has trained it
    features = features_of(net).predict(judged.images[..., None], verbose=0)
    for kind, scores in class_distances(features, judged.labels, "neutral").items():
        assert scores
        for emotion, score in scores.items():
            recorded_score = found[f"{kind}_features_{emotion}"]
            assert recorded_score["value"] == pytest.approx(score["value"], rel=1e-3, abs=1e-3)
            assert recorded_score["interval"] == pytest.approx(score["interval"], rel=1e-3, abs=1e-3)


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
