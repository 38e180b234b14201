"""What 50_leakage makes of copies and of validation faces in training, on few faces and made-up hits."""

import numpy as np
import pandas as pd
import pytest

from fer_keras.study import leakage
from fer_keras.study.tables import MAJORITY, score_table


@pytest.fixture
def faces(drawn):
    return drawn.split("Training")[:40]


def test_twins_are_found_mirrored_and_by_row(faces):
    mirrored = faces.images[7][:, ::-1]
    others = leakage.joined(faces[20:25], faces[:0])
    others.images[3] = mirrored
    found = leakage.twins_in(others, faces[:20])
    assert found[3] == 7
    assert (np.delete(found, 3) == -1).all() or set(found) <= {-1, *range(20)}


def test_halves_are_apart_and_joined_faces_keep_all(faces):
    put_in, kept_out = leakage.halves(faces, 0)
    assert put_in.sum() == 20 and not (put_in & kept_out).any() and 0 < kept_out.sum() <= 20
    again, _ = leakage.halves(faces, 1)
    assert (again != put_in).any(), "the seed decides"
    both = leakage.joined(faces[put_in], faces[~put_in])
    assert sorted(both.ids) == sorted(faces.ids) and both.labels[0] == faces[put_in].labels[0]


def hits(n: int = 1000, **rates) -> pd.DataFrame:
    names = {"honest": "honest", "come": "as they come", "leaky": "leaky"}
    right = {MAJORITY: np.arange(n) % 100 < 25}
    for name, rate in rates.items():
        right[names[name]] = np.arange(n) % 100 < rate
    return pd.DataFrame(right)


def test_memory_is_the_gain_on_copies_beyond_the_gain_elsewhere():
    right, copied = hits(honest=50, come=60), np.arange(1000) < 200
    right.loc[copied, "as they come"] = True
    gain = leakage.copies_add(right, copied)["value"]
    assert gain.round(3).to_dict() == {"with a copy": 0.5, "without a copy": 0.1, "memory": 0.4}
    assert leakage.copies_add(right, np.zeros(1000, bool)).empty
    assert leakage.copies_add(hits(honest=25, come=60), copied).empty, "the honest net has not learnt"
    parts = leakage.by_copy(right["as they come"], copied)
    assert parts["value"].round(3).tolist() == [1, 0.6, 0.68] and parts["n"].tolist() == [200, 800, 1000]


def test_leaks_add_nothing_of_a_net_that_has_not_learnt():
    put_in = np.arange(1000) < 500
    right = hits(honest=50, leaky=50)
    right.loc[put_in, "leaky"] = True
    assert leakage.leaks_add(right, put_in, ~put_in)["value"].to_dict() == {"put in": 0.5, "kept out": 0}
    assert leakage.leaks_add(hits(honest=25, leaky=60), put_in, ~put_in).empty


def row(value, low, high):
    return {"value": value, "n": 500, "interval": [low, high]}


def test_the_answer_says_what_the_values_say():
    leaks = score_table({"put in": row(0.2, 0.1, 0.3), "kept out": row(0, -0.03, 0.03)})
    copies = score_table({"memory": row(0.1, 0.05, 0.15)})
    said = leakage.what_copies_do(leaks, copies)
    assert said.startswith("They make a net look better than it is: it gains 20% of them on validation faces")
    assert "on others nothing that shows (-0.03 to 0.03)." in said and said.endswith("raise the accuracy on them.")
    leaks.loc["kept out", "value"], leaks.loc["kept out", "interval"] = 0.03, [0.01, 0.05]
    assert "on others 3% (0.01 to 0.05)." in leakage.what_copies_do(leaks, copies[:0])
    copies.loc["memory", "interval"] = [-0.1, 0.2]
    assert leakage.what_copies_do(leaks, copies).endswith("show no effect.")
    leaks.loc["put in", "interval"] = [-0.1, 0.3]
    assert leakage.what_copies_do(leaks, copies).startswith("They change nothing that shows")
    assert leakage.what_copies_do(leaks[:0], copies) == "No answer yet: a net has learnt nothing."
