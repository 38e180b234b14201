"""What 12_cnn_vs_dnn makes of hits, on made-up ones."""

import numpy as np
import pandas as pd
import pytest

from fer_keras.study.equal_size import (
    dropout_closes,
    leads,
    what_dropout_does,
    what_it_buys,
    wider_gaps,
)
from fer_keras.study.tables import MAJORITY, shares

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


def test_leads_are_differences_of_nets_that_have_both_learnt(right):
    ahead = leads(right, PAIRS)
    assert list(ahead["value"].round(3)) == [0.4, 0.3, 0.15]
    assert ahead.index[1] == "cnn_1m over dnn_narrow, equal, plain"  # of dnn_deep nothing has learnt
    mine = right.rename(columns={"dnn_narrow, named": "dnn_narrow, mine"})
    assert leads(mine, PAIRS).index[0] == "cnn_1m over dnn_narrow, mine"
    assert (ahead["p"] < 1e-9).all() and list(leads(hits(), PAIRS).columns) == ["value", "n", "interval", "p"]


@pytest.mark.parametrize("lost", ["cnn_1m", "dnn_narrow, equal, plain", "dnn_narrow, equal, dropout"])
def test_rows_of_a_net_that_was_renamed_do_not_vanish_silently(right, lost):
    renamed = right.rename(columns={lost: "mine"})
    with pytest.raises(ValueError, match=f"no net is labelled '{lost}'; there are majority class, .*mine"):
        dropout_closes(renamed, PAIRS, 50, 0)


@pytest.mark.parametrize("lost", ["cnn_1m", "dnn_deep, equal, plain"])
def test_nor_do_those_of_the_gaps(right, lost):
    renamed = right.rename(columns={lost: "mine"})
    with pytest.raises(ValueError, match=f"no net is labelled '{lost}'"):
        wider_gaps(renamed, renamed, PAIRS, 50, 0)


def test_dropout_closes_a_share_of_a_lead_that_is_shown(right):
    closes = dropout_closes(right, PAIRS, 500, 0)
    assert list(closes.index) == ["dnn_narrow"] and closes.loc["dnn_narrow", "value"] == pytest.approx(0.5)
    low, high = closes.loc["dnn_narrow", "interval"]
    assert 0.4 < low < 0.5 < high < 0.6  # half of 300 faces, and few of these change a lead
    behind = hits(cnn_1m=0.4, dnn_narrow__equal__plain=0.6, dnn_narrow__equal__dropout=0.7)
    assert dropout_closes(behind, PAIRS, 50, 0).empty, "where the dense net leads there is no way to go"
    lost = hits(cnn_1m=0.8, dnn_narrow__equal__plain=0.6)
    assert dropout_closes(lost, PAIRS, 50, 0).empty, "a net with dropout that has learnt nothing closes nothing"


def test_a_wider_gap_is_the_dense_nets_minus_the_cnns(right):
    known = hits(cnn_1m=0.9, dnn_narrow__equal__plain=0.95, dnn_deep__equal__plain=1.0)
    wider = wider_gaps(known, right, PAIRS, 500, 0)
    assert list(wider.index) == ["dnn_narrow"], "dnn_deep knows its training faces alone"
    row = wider.loc["dnn_narrow"]
    assert row["value"] == pytest.approx((0.95 - 0.5) - (0.9 - 0.8)) and row["n"] == 1000
    expected = 1.96 * np.sqrt(0.05 * 0.95 / 1000 + 0.3 * 0.7 / 1000)  # two independent shares of faces
    assert row["interval"] == pytest.approx([0.35 - expected, 0.35 + expected], abs=0.006)
    assert wider_gaps(known, right, PAIRS, 500, 0).equals(wider), "the seed decides"


@pytest.mark.parametrize(
    ("rates", "begins"),
    [
        ({"cnn_1m": 0.8, "dnn_narrow__equal__plain": 0.5}, "Much: with as many parameters `cnn_1m` is right for 80%"),
        ({"cnn_1m": 0.56, "dnn_narrow__equal__plain": 0.5}, "A little: "),
        ({"cnn_1m": 0.5, "dnn_narrow__equal__plain": 0.5}, "Nothing that shows: "),
        ({"cnn_1m": 0.5, "dnn_narrow__equal__plain": 0.6}, "It costs: "),
        (
            {"cnn_1m": 0.8},
            "All that is learnt: `cnn_1m` is right for 80%, the dense net",
        ),
        (
            {"dnn_narrow__equal__plain": 0.5},
            "Nothing here: `cnn_1m` has learnt nothing",
        ),
        ({"vgg16_bn": 0.5}, "No answer for `cnn_1m`"),
    ],
)
def test_the_answer_begins_with_what_convolution_buys(rates, begins):
    right = hits(**rates)
    assert what_it_buys(shares(right), leads(right, PAIRS), "cnn_1m", NETS[2]).startswith(begins)


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ([-0.5, -0.1], "Dropout adds 30% to the CNN's lead over `dnn_narrow`."),
        ([-0.5, 0.1], "Dropout is not shown to change the CNN's lead over `dnn_narrow`."),
        ([0.1, 0.5], "Dropout closes 30% of the CNN's lead over `dnn_narrow`."),
    ],
)
def test_dropout_is_told_by_its_interval(interval, said):
    value = 0.3 if interval[1] == 0.5 else -0.3
    closes = pd.DataFrame([{"value": value, "interval": interval}], index=["dnn_narrow"])
    assert what_dropout_does(closes) == said
    assert what_dropout_does(closes[:0]) == "No lead is shown that dropout could close."
