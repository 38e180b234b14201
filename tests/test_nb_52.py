"""Notebook 52: what its module makes of made-up votes and answers, and what the notebook records on smoke."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_keras import Faces, load_faces
from fer_keras.study import doubts, records
from fer_keras.study.tables import MAJORITY


def some_faces(labels, votes=None) -> Faces:
    n = len(labels)
    votes = None if votes is None else np.array(votes, np.uint8)
    return Faces(np.zeros((n, 48, 48), np.uint8), np.array(labels), np.full(n, "PublicTest"), np.arange(n), votes)


def votes_for(**counts) -> list[int]:
    names = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "nf")
    return [counts.get(name, 0) for name in names]


@pytest.fixture
def voted() -> Faces:
    """Two faces of fear (one called sad by most), two happy ones: one of each is disputed, and one is no face."""
    rows = [votes_for(fear=10), votes_for(sad=6, fear=4), votes_for(happy=10), votes_for(happy=5, neutral=5)]
    return some_faces([2, 2, 3, 3, 6], [*rows, votes_for(nf=10)])


def says(answers, sure=1.0) -> SimpleNamespace:
    p = np.full((len(answers), 7), (1 - sure) / 6)
    p[np.arange(len(answers)), answers] = sure
    return SimpleNamespace(predict=lambda faces: p)


def test_the_most_disputed_face_of_a_label_is_found(voted):
    images, names = doubts.most_disputed(voted)
    assert names[:2] == ["label fear\nsad, fear", "label happy\nhappy, neutral"] and len(images) == 3


def test_without_votes_there_is_nothing_to_show():
    faces = some_faces([2, 3])
    assert doubts.vote_entropy(faces).isna().all() and doubts.most_disputed(faces)[1] == []
    taken = doubts.taken_for({"a": says([2, 3])}, faces)
    assert taken["net"].empty and doubts.likeness(taken, 9).empty
    right = pd.DataFrame({MAJORITY: [True, False], "net": True})
    assert doubts.half_leads(right, doubts.vote_entropy(faces)).empty
    assert doubts.by_agreement(right, doubts.vote_entropy(faces)).index.tolist() == ["all faces: 2 faces"]


def test_faces_are_parted_by_how_divided_their_raters_are(voted):
    right = pd.DataFrame({MAJORITY: [False, False, True, True, False], "net": [True, False, True, False, True]})
    bits = doubts.vote_entropy(voted)
    found = doubts.by_agreement(right, bits)
    assert found["value"].to_dict() == {
        "all faces: 5 faces": 0.6, "all agree: 2 faces": 1, "0.5 to 1 bits: 2 faces": 0,
    }  # fmt: skip
    assert found["always"].tolist() == [0.4, 0.5, 0.5]
    leads = doubts.half_leads(right, bits)
    assert leads["value"].to_dict() == {"agreed half": 0.5, "disputed half": -0.5, "agreed over disputed": 1}
    assert doubts.half_leads(right[[MAJORITY]], bits).empty  # no net has learnt
    assert doubts.by_agreement(right[[MAJORITY]], bits).empty


def test_confidence_is_held_against_accuracy():
    sure = says([0] * 10, 0.75).predict(None)
    labels = np.repeat([0, 1], [6, 4])
    (row,) = doubts.by_confidence(labels, sure).itertuples()
    assert row.Index == "70 to 80 % sure: 10 faces" and row.value == 0.6
    assert doubts.calibration_error(labels, sure) == pytest.approx(0.15)
    over = doubts.measures({"a": says([0] * 10, 0.75), "b": says([0] * 10, 0.75)}, some_faces(labels))
    assert over["overconfidence"].mean() == pytest.approx(0.15) and over["overconfidence"].shape == (2, 10)


def test_a_calibrated_nets_error_is_that_of_labels_drawn_from_it(rng):
    sure = rng.uniform(0.3, 0.9, 300)
    p = np.c_[sure, np.repeat((1 - sure)[:, None] / 6, 6, axis=1)]
    labels = np.array([rng.choice(7, p=row) for row in p])
    wrong = np.where(rng.random(300) < 0.5, 6, labels)
    found = doubts.calibration(labels, {"first": p, "second": p}, 200)
    first = found.loc["first"]
    assert first["interval"][0] <= first["value"] <= first["interval"][1] and first["n"] == 300
    assert 0.02 < first["if perfect"] < 0.08 and abs(first["value"] - first["if perfect"]) < 0.04
    assert found.loc["change", "value"] == 0
    worse = doubts.calibration(wrong, {"first": p}, 200).loc["first"]
    assert worse["interval"][0] > worse["if perfect"]


def test_training_on_votes_is_compared_seed_by_seed(voted):
    before, after = {"a": says([6, 6, 6, 6, 6])}, {"a": says([2, 3, 3, 6, 6])}
    found = doubts.votes_change(before, after, voted)
    assert found.loc["accuracy by label", "value"] == pytest.approx(3 / 5 - 1 / 5)
    assert found.loc["accuracy by votes", "value"] == pytest.approx(3 / 4 - 1 / 4)
    assert found.loc["accuracy by votes", "n"] == 4  # no emotion won the fifth
    assert doubts.votes_change({}, {}, voted).empty


def test_mistakes_of_a_net_that_answers_as_raters_do_are_alike(voted):
    taken = doubts.taken_for({"a": says([2, 4, 3, 6, 6])}, voted)
    mean = taken.groupby(level="label").mean()
    assert mean["net"].loc["fear", "sad"] == 0.5 and mean["raters"].loc["fear", "sad"] == 0.3
    assert np.isnan(mean["net"].loc["fear", "fear"]) and len(taken) == 4
    row = doubts.likeness(taken, 20).loc["confusion correlation"]
    assert row["value"] > 0.9 and row["n"] == 4
    assert doubts.likeness(doubts.taken_for({"a": says([0, 0, 0, 0, 0])}, voted), 20)["value"].iloc[0] < 0.1


def test_the_notebook_asks_these_faces(executed):
    found, answer = records.read_notebook(executed("52_labels"))
    faces = load_faces(n=400)
    assert found["votes_agree"]["value"] == (faces.vote_majority() == faces.labels).mean()
    assert found["seeds"]["value"] == 2 and found["net_accuracy"]["n"] == found["overconfidence"]["n"] == 40
    before, after, change = (
        found[f"{kind}_calibration_error"]["value"] for kind in ("as_trained", "with_temperature", "change")
    )
    assert change == pytest.approx(after - before) and found["temperature"]["value"] > 0
    if answer.startswith("No answer yet"):
        assert "agreed_half_lead" not in found and "confusion_correlation" not in found
