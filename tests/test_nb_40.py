"""What 40_mathematics records on smoke: which formulas of the reports hold."""

import pytest

from fer_keras.study.records import read_notebook


def test_it_tells_right_formulas_from_wrong_ones(executed):
    values, answer = read_notebook(executed("40_mathematics"))
    holds = {name.removesuffix("_holds"): entry["value"] for name, entry in values.items() if name.endswith("_holds")}
    wrong = {"shape_without_floor", "batch_norm_x_hat", "batch_norm_x", "claim_6"}
    assert {name for name, value in holds.items() if not value} == wrong and len(holds) == 14
    assert answer.startswith("Not all: 10 of 14") and answer.count("A's") == 5
    assert values["claim_6_share"] == {"value": pytest.approx(1 / 7), "n": 400}
    assert values["shape_without_floor_share"]["value"] == pytest.approx(1688 / 3248)
