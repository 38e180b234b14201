"""Recorded values are plain and finite, and prose is made of nothing else."""

import numpy as np
import pytest

from fer_keras.study import records


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """What the notebook would display."""
    outputs = []
    monkeypatch.setattr(records, "display", lambda data, raw: outputs.append(data))
    monkeypatch.setattr(records, "_recorded", {})
    return outputs


def test_values_are_kept_as_json_has_them(shown):
    records.record("accuracy", np.float32(0.5), n=np.int64(8), interval=(np.float64(0.2), 0.8))
    entry = shown[0][records.RECORD]["accuracy"]
    assert entry == {"value": 0.5, "n": 8, "interval": [0.2, 0.8]}
    assert {type(entry["value"]), type(entry["n"])} == {float, int}


@pytest.mark.parametrize("value", [float("nan"), np.inf, None, [1], np.zeros(2)])
def test_what_is_no_value_is_refused(value):
    with pytest.raises(ValueError, match="accuracy is recorded as a finite number"):
        records.record("accuracy", value)


@pytest.mark.parametrize("name", ["Accuracy", "public accuracy", "2nd", ""])
def test_names_are_snake_case(name):
    with pytest.raises(ValueError, match="small letters"):
        records.record(name, 1)


def test_an_answer_renders_recorded_values_only(shown):
    records.record("accuracy", 0.625)
    records.answer("right for {accuracy:.1%}")
    assert shown[-1][records.ANSWER] == shown[-1]["text/markdown"] == "right for 62.5%"
    records.record("data", "<b>faces</b>.csv")
    records.tell("{data}")
    assert shown[-1]["text/markdown"] == "&lt;b&gt;faces&lt;/b&gt;.csv"
    with pytest.raises(KeyError, match="'error', which this notebook has not recorded"):
        records.tell("{error}")
