"""Tables of scores and the words made of them, on made-up answers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_keras import Faces
from fer_keras.study import records, tables


def some_faces(labels, split="PublicTest") -> Faces:
    n = len(labels)
    return Faces(np.zeros((n, 48, 48), np.uint8), np.array(labels, np.int8), np.full(n, split), np.arange(n))


def says(answers) -> SimpleNamespace:
    """A run that gives these classes."""
    return SimpleNamespace(predict=lambda faces: np.eye(7)[answers])


def test_hits_have_a_row_a_face_and_a_column_a_net():
    faces, training = some_faces([3, 3, 4, 0]), some_faces([4, 4, 3])
    right = tables.hits({"net": says([3, 0, 4, 0])}, faces, training)
    assert right[tables.MAJORITY].tolist() == [False, False, True, False]  # sad is commonest in training
    assert right["net"].tolist() == [True, False, True, True]
    assert list(tables.hits({"net": says([3, 0, 4, 0])}, faces)) == ["net"]


@pytest.fixture
def right() -> pd.DataFrame:
    """Of 100 faces the majority class has 25, one net 26, another 80."""
    counts = {tables.MAJORITY: 25, "idle": 26, "good": 80}
    return pd.DataFrame({label: np.arange(100) < count for label, count in counts.items()})


def test_shares_tell_who_has_learnt(right):
    scores = tables.shares(right)
    assert scores["value"].tolist() == [0.25, 0.26, 0.8] and scores["n"].tolist() == [100] * 3
    low, high = scores.loc["good", "interval"]
    assert low < 0.8 < high and high - low == pytest.approx(0.156, abs=0.002)  # Wilson's
    assert tables.learnt(scores) == ["good"]


def test_shares_of_means_over_trainings_and_of_some_faces():
    some = [1.0] * 30 + [0.0] * 10 + [np.nan] * 60
    right = pd.DataFrame({"two trainings": [1.0, 0.5] * 50, "some": some, "none": np.nan})
    scores = tables.shares(right)
    assert scores["value"].to_dict() == {"two trainings": 0.75, "some": 0.75} and scores["n"].tolist() == [100, 40]
    low, high = scores.loc["two trainings", "interval"]
    assert high - low == pytest.approx(2 * 1.96 * 0.25 / 10, rel=0.1)  # of faces, as their means scatter


def test_differences_are_face_by_face(right):
    pairs = {"good over idle": ("good", "idle"), "idle over good": ("idle", "good"), "itself": ("good", "good")}
    found = tables.differences(right.drop(columns=tables.MAJORITY), pairs)
    assert found["value"].tolist() == [0.54, -0.54, 0.0]
    assert tables.words(found, "worse", "unclear", "better").tolist() == ["better", "worse", "unclear"]
    assert found.loc["itself", "p"] == 1 and found.loc["good over idle", "p"] < 1e-12
    assert tables.differences(right, pairs).index.tolist() == ["itself"], "idle has not learnt"
    assert list(tables.differences(right, {}).columns) == ["value", "n", "interval", "p"]


def test_what_is_due_to_copies_is_the_gain_beyond_that_of_other_faces():
    """Of 100 copied faces the usual folds find 40 more, of 300 others three fewer."""
    copied, together = np.arange(400) < 100, np.arange(400) >= 50
    usual = together.copy()
    usual[:40], usual[200:203] = True, False
    right = pd.DataFrame({tables.MAJORITY: np.arange(400) < 200, "usual": usual, "together": together})
    parts = {"with": copied, "without": ~copied, "all": np.ones(400, bool)}
    gains = tables.by_part(right, "usual", "together", parts, "due to copies")
    assert gains["value"].round(4).to_dict() == {"with": 0.4, "without": -0.01, "all": 0.0925, "due to copies": 0.41}
    assert gains["n"].tolist() == [100, 300, 400, 100]
    low, high = gains.loc["due to copies", "interval"]
    assert 0.29 < low < 0.33 and 0.49 < high < 0.53  # wider than that of the 100 faces alone
    none = tables.by_part(right, "usual", "together", {"with": copied & ~copied, "without": ~copied}, "due to copies")
    assert none.index.tolist() == ["without"]
    right["usual"] = right[tables.MAJORITY]
    assert tables.by_part(right, "usual", "together", parts, "due to copies").empty, "it has not learnt"


def test_scores_of_other_faces_are_taken_off_with_newcombes_interval():
    known = tables.shares(pd.DataFrame({"a": np.arange(1000) < 900, "b": np.arange(1000) < 500}))
    others = tables.shares(pd.DataFrame({"a": np.arange(100) < 60}))
    gap = tables.minus(known, others)
    assert gap.index.tolist() == ["a"] and gap.loc["a", "value"] == pytest.approx(0.3) and gap.loc["a", "n"] == 100
    assert gap.loc["a", "interval"] == pytest.approx([0.21, 0.40], abs=0.01)
    assert tables.minus(known, others[:0]).empty


def test_the_leader_is_alone_only_where_intervals_say_so():
    rows = {"a": (0.3, [0.25, 0.35]), "b": (0.2, [0.15, 0.26]), "c": (0.05, [0.04, 0.06])}
    table = tables.score_table({name: {"value": value, "interval": ends} for name, (value, ends) in rows.items()})
    assert tables.leader(table) == "*a* (30%) or *b*" and tables.leader(table[:0]) == "nothing"
    assert tables.leader(table.loc[["a", "c"]]) == "*a* (30%)"
    assert tables.leader(table, lowest=True) == "*c* (5%)"
    assert tables.leader(table.loc[["b", "a"]], lowest=True) == "*b* (20%) or *a*"


def test_a_score_without_an_interval_is_unclear():
    assert tables.word({"value": 1.0, "interval": None}, "below", "unclear", "above") == "unclear"


@pytest.mark.parametrize(("items", "text"), [("", "none"), ("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")])
def test_lists_read_as_prose(items, text):
    assert tables.listed(list(items)) == text


def test_limits_name_the_faces_the_trainings_and_who_has_not_learnt(right):
    judged, other = some_faces([0, 1]), some_faces([0])
    assert tables.limits(judged, other) == "Measured on 2 PublicTest faces; one training each."
    found = tables.limits(judged, judged, tables.shares(right), trainings=3)
    assert found == "Measured on 2 PublicTest faces (those that validated); three trainings each. Not learnt: `idle`."


def run_of(net: str, seed: int = 0, **options) -> SimpleNamespace:
    config = {"net": net, "options": options, "recipe": {"epochs": 2, "batch_size": 32}, "seed": seed}
    history = pd.DataFrame({"accuracy": [0.3, 0.5], "loss": [1.9, 1.2]}, index=pd.RangeIndex(1, 3, name="epoch"))
    metrics = {"parameters": 1000, "epoch": 2, "device": "here"}
    return SimpleNamespace(config=config, history=history, metrics=metrics)


def test_what_was_trained_on_what_is_shown_and_recorded(monkeypatch):
    outputs = {}
    monkeypatch.setattr(records, "display", lambda data, raw: outputs.update(data[records.RECORD]))
    faces = some_faces([0, 1, 2], "Training")
    shown = tables.setting("folder/faces.csv", faces, faces[:1], {"plain": run_of("cnn_1m", 12345, width=0.5)})
    assert ">1,000<" in shown.to_html() and ">12345<" in shown.to_html(), "a seed is copied, not read"
    assert {"cnn_1m", 0.5, 1000, 2, 32} <= set(shown.data.loc["plain"])
    kept = {name: entry["value"] for name, entry in outputs.items()}
    assert (kept["net"], kept["width"], kept["epochs"], kept["data"]) == ("cnn_1m", 0.5, 2, "faces.csv")
    assert (kept["logged_training_accuracy"], kept["logged_training_loss"]) == (0.5, 1.2)
    outputs.clear()
    tables.setting("embedded", faces, faces[:1], {"a": run_of("cnn_1m"), "b, plain": run_of("dnn_deep")})
    assert "net" not in outputs and outputs["a_width"]["value"] == outputs["b_plain_width"]["value"] == 1


def test_of_nets_that_learnt_nothing_there_is_no_answer(right):
    scores = tables.shares(right)
    assert tables.no_answer(scores) == ""
    idle = tables.no_answer(scores.drop("good"))
    assert idle.startswith("No answer yet: the net has learnt nothing (0.26 against 0.25 for always")
    assert tables.no_answer(pd.concat([scores.drop("good"), scores.loc[["idle"]]])).startswith(
        "No answer yet: the nets"
    )
