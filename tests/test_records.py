"""Recorded values are plain and finite, whether they come one by one or as a table."""

import numpy as np
import pandas as pd
import pytest

from fer_keras.study import records


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """What the notebook would display."""
    outputs = []
    monkeypatch.setattr(records, "display", lambda data, raw: outputs.append(data))
    return outputs


def test_values_are_kept_as_json_has_them(shown):
    records.record("accuracy", np.float32(0.5), n=np.int64(8), interval=(np.float64(0.2), 0.8))
    entry = shown[0][records.RECORD]["accuracy"]
    assert entry == {"value": 0.5, "n": 8, "interval": [0.2, 0.8]}
    assert {type(entry["value"]), type(entry["n"])} == {float, int}


def test_every_row_of_a_table_is_kept_under_its_label(shown):
    rows = {
        "cnn_1m over dnn_narrow, equal": {"value": 0.25, "n": 8, "interval": [0.1, 0.4], "p": 0.01},
        "Fear → sad": {"value": 0.5, "n": 4, "interval": None, "trainings": 3},
        "seeds": {"value": 0.5, "n": 3, "interval": [0.2, 0.8], "degrees": np.float64(2)},
    }
    records.record(pd.DataFrame.from_dict(rows, orient="index"), suffix="share")
    assert shown[0][records.RECORD] == {
        "cnn_1m_over_dnn_narrow_equal_share": {"value": 0.25, "n": 8, "interval": [0.1, 0.4]},
        "fear_sad_share": {"value": 0.5, "n": 4, "trainings": 3},
        "seeds_share": {"value": 0.5, "n": 3, "interval": [0.2, 0.8], "degrees": 2.0},
    }


def test_a_row_and_a_series_are_kept_too(shown):
    table = pd.DataFrame({"value": [0.25], "n": [8], "interval": [(0.1, 0.4)]}, index=["majority class"])
    records.record("majority_accuracy", table.loc["majority class"])
    records.record(pd.Series({"cnn_1m": np.int64(3)}), suffix="epochs")
    assert shown[0][records.RECORD] == {"majority_accuracy": {"value": 0.25, "n": 8, "interval": [0.1, 0.4]}}
    assert shown[1][records.RECORD] == {"cnn_1m_epochs": {"value": 3}}


@pytest.mark.parametrize("value", [float("nan"), np.inf, None, [1], np.zeros(2)])
def test_what_is_no_value_is_refused(value):
    with pytest.raises(ValueError, match="accuracy is recorded as a finite number"):
        records.record("accuracy", value)


@pytest.mark.parametrize("name", ["Accuracy", "public accuracy", "2nd", ""])
def test_names_are_snake_case(name):
    with pytest.raises(ValueError, match="small letters"):
        records.record(name, 1)


def test_an_answer_is_shown_and_kept(shown):
    records.answer("Yes: **62 %**.")
    assert shown == [{records.ANSWER: "Yes: **62 %**.", "text/markdown": "Yes: **62 %**."}]
