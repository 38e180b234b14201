"""What 12_cnn_vs_dnn makes of hits, on made-up ones."""

import numpy as np
import pandas as pd
import pytest

from fer_keras.study.equal_size import dropout_closes, pairs_of, what_it_buys
from fer_keras.study.tables import MAJORITY, differences, shares

PAIRS = {"cnn_1m": "dnn_narrow", "vgg16_bn": "dnn_deep"}
NETS = [f"{net}{kind}" for cnn, dense in PAIRS.items() for net, kind in [
    (cnn, ""), (dense, ", named"), (dense, ", equal, plain"), (dense, ", equal, dropout")]]  # fmt: skip


def hits(**rates) -> pd.DataFrame:
    """1,000 faces of which the majority class has 250, and each net as many as its rate says; 25 % if not named."""
    right = {MAJORITY: 0.25} | dict.fromkeys(NETS, 0.25)
    for net, rate in rates.items():
        right[net.replace("__", ", ")] = rate
    return pd.DataFrame({net: np.arange(1000) < 1000 * rate for net, rate in right.items()})


@pytest.fixture
def right() -> pd.DataFrame:
    return hits(
        cnn_1m=0.8, dnn_narrow__named=0.4, dnn_narrow__equal__plain=0.5, dnn_narrow__equal__dropout=0.65, vgg16_bn=0.7
    )


def test_reports_are_named_as_they_are_called():
    assert pairs_of("B, E") == PAIRS and pairs_of("E") == {"vgg16_bn": "dnn_deep"}
    with pytest.raises(ValueError, match="PAIRS names report B, report E or both"):
        pairs_of("C")


def test_dropout_closes_a_share_of_a_lead_that_is_shown(right):
    closes = dropout_closes(right, PAIRS)
    assert list(closes.index) == ["dnn_narrow"] and closes.loc["dnn_narrow", "value"] == pytest.approx(0.5)
    low, high = closes.loc["dnn_narrow", "interval"]
    assert 0.4 < low < 0.5 < high < 0.6  # half of 300 faces, and few of these change a lead
    behind = hits(cnn_1m=0.4, dnn_narrow__equal__plain=0.6, dnn_narrow__equal__dropout=0.7)
    assert dropout_closes(behind, PAIRS).empty, "where the dense net leads there is no way to go"
    lost = hits(cnn_1m=0.8, dnn_narrow__equal__plain=0.6)
    assert dropout_closes(lost, PAIRS).empty, "a net with dropout that has learnt nothing closes nothing"


@pytest.mark.parametrize(
    ("rates", "begins"),
    [
        ({"cnn_1m": 0.8, "dnn_narrow__equal__plain": 0.5}, "Much: with as many parameters `cnn_1m` is right for 80%"),
        ({"cnn_1m": 0.56, "dnn_narrow__equal__plain": 0.5}, "A little: "),
        ({"cnn_1m": 0.5, "dnn_narrow__equal__plain": 0.5}, "Nothing that shows: "),
        ({"cnn_1m": 0.5, "dnn_narrow__equal__plain": 0.6}, "It costs: "),
        ({"cnn_1m": 0.8}, "No answer: of `cnn_1m` and the dense net of its size `cnn_1m` has learnt."),
        ({"dnn_narrow__equal__plain": 0.5}, "No answer: of `cnn_1m` and the dense net of its size `dnn_narrow, equal"),
        ({"vgg16_bn": 0.5}, "No answer: of `cnn_1m` and the dense net of its size none has learnt."),
        ({}, "No answer yet: the nets have learnt nothing"),
    ],
)
def test_the_answer_begins_with_what_convolution_buys(rates, begins):
    right = hits(**rates)
    scores = shares(right)
    ahead = differences(right, {f"cnn_1m over {NETS[2]}": ("cnn_1m", NETS[2])})
    assert what_it_buys(scores, ahead, "cnn_1m", NETS[2]).startswith(begins)
