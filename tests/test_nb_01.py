"""Notebook 01: what it says of copies, and what it records of 400 drawn faces on smoke."""

import pandas as pd
import pytest

from fer_keras.study import records
from fer_keras.study.copies import overlap


@pytest.mark.parametrize(
    ("copied", "says"),
    [
        ([], "none to test a net on"),
        ([False] * 4, "No face outside"),
        ([True, False, False, False], "25.0% of the 4 faces kept from training have a copy"),
    ],
)
def test_it_says_whether_copies_cross_the_splits(copied, says):
    assert says in overlap(pd.DataFrame({"any copy": pd.Series(copied, dtype=bool)}))


def test_it_records_what_the_drawn_faces_hold(executed):
    entries, answer = records.read_notebook(executed("01_faces"))
    values = {name: entry["value"] for name, entry in entries.items()}
    assert (values["faces"], values["outside_training"]) == (400, 80)
    assert (values["majority_class"], values["rarest_class"]) == ("happy", "disgust")
    assert entries["exact_leak"] == {"value": 6 / 80, "n": 80}  # planted
    assert 6 / 80 < values["leak"] <= 10 / 80
    assert values["nearest_means"] != values["farthest_means"]
    assert answer.startswith("400 drawn faces") and "*happy*" in answer
