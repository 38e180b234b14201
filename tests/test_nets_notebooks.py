"""What 10_architecture and 11_history record on smoke: 320 training, 40 validation, 40 judged faces."""

import pytest

from fer_keras.nets.build import NETS
from fer_keras.study import records

CONVOLVES = [name for name in NETS if not name.startswith("dnn_")]


def read(notebook):
    entries, answer = records.read_notebook(notebook)
    return entries, {name: entry["value"] for name, entry in entries.items()}, answer


def pairs_of(values, first, second):
    return {net: (values[f"{net}_{first}"], values[f"{net}_{second}"]) for net in NETS}


def test_10_architecture_counts_the_reports_nets_and_ranks_the_trained_ones(executed):
    entries, values, answer = read(executed("10_architecture"))
    assert (values["nets"], values["nets_that_convolve"]) == (8, len(CONVOLVES)) == (8, 6)
    stated = {"cnn_leaky": 539_143, "dnn_narrow": 157_063, "cnn_pyramid": 319_975, "cnn_fc3": 569_735}
    stated |= {"vgg16_bn": 37_716_999, "dnn_deep": 38_211_079}
    assert (values["fewest_parameters"], values["most_parameters"]) == (157_063, 38_211_079)
    assert {net: values[f"{net}_parameters"] for net in stated} == stated
    assert (values["vgg16_bn_not_trained"], values["cnn_pyramid_not_trained"]) == (8_448, 1_920)
    by_hand = 48 * 48 * 25 * 32 + 24 * 24 * 9 * 32 * 64 + 12 * 12 * 9 * 64 * 128 + 6 * 6 * 9 * 128 * 128
    assert values["cnn_leaky_multiply_adds"] == by_hand + 1152 * 256 + 256 * 7
    fields = [values[f"{net}_receptive_field"] for net in ("cnn_leaky", "vgg16_bn", "dnn_narrow")]
    assert fields == [48, 212, 1]
    assert (values["largest_net"], values["busiest_net"], values["laziest_net"]) == (
        *("dnn_deep", "vgg16_bn", "dnn_narrow"),
    )
    assert (values["deepest_net"], values["deepest_net_layers"]) == ("dnn_deep", 21)
    assert (values["most_parameters_layer"], values["most_multiply_adds_layer"]) == ("dense1", "block2_conv")

    judged = {net: values[f"{net}_judged_accuracy"] for net in NETS}
    assert all(entries[f"{net}_{split}_accuracy"]["n"] == 40 for net in NETS for split in ("judged", "validation"))
    clean = {entries[f"{net}_judged_accuracy_without_duplicates"]["n"] for net in NETS}
    assert clean == {40 - values["judged_copies"]} and 3 <= values["judged_copies"] <= 5
    assert values["best_judged_accuracy"] == max(judged.values()) == judged[values["best_net"]]
    assert values["best_ahead"] == pytest.approx(max(judged.values()) - judged[values["second_net"]], abs=1e-9)
    assert values["best_ahead_says"] == ("does not hold 0" if values["best_ahead_low"] > 0 else "holds 0")
    assert (values["best_ahead_low"], values["best_ahead_high"]) == tuple(entries["best_ahead"]["interval"])
    assert values["best_net"] != values["second_net"] and values["best_ahead"] >= 0
    named = [net for net in NETS if f"`{net}`" in values["best_nets"]]
    assert named == [net for net in NETS if judged[net] == max(judged.values())]
    assert values["most_multiply_adds_layers"] == "`block2_conv` and `block3_conv`"  # of equal work
    assert values["most_parameters_layers"] == "`dense1`" and values["judges"].startswith("No net was chosen by")
    low = {net: entries[f"{net}_judged_accuracy"]["interval"][0] for net in NETS}
    not_above = [net for net in NETS if low[net] <= values["majority_accuracy"]]
    assert values["nets_not_above"] == ", ".join(not_above) and values["nets_above_majority"] == 8 - len(not_above)
    assert 0.15 < values["majority_accuracy"] < 0.35 and entries["majority_accuracy"]["n"] == 40
    assert (values["judged_split"], values["epochs"], values["width"]) == ("PrivateTest", 1, 0.125)
    assert f"`{values['best_net']}`" in answer and "PrivateTest of embedded" in answer


def test_11_history_tells_where_gaps_open(executed):
    entries, values, answer = read(executed("11_history"))
    assert (values["report_a_epochs"], values["report_a_epochs_validation_above"]) == (14, 13)
    assert values["cnn_leaky_epochs"] == values["epochs"] == 1 and values["nets"] == 8
    assert all(values[f"{net}_best_epoch"] == 1 for net in NETS) and values["still_rising"] == 8
    above = {net: values[f"{net}_epochs_validation_above"] for net in NETS}
    assert {net for net in NETS if values[f"{net}_last_history_gap"] < 0} == {net for net in NETS if above[net] == 1}
    # one epoch: the last gap is the kept epoch's, and open if it is wide (Wilson: half of 40 faces' interval ≤ 0.15)
    assert all(
        last == pytest.approx(kept) for last, kept in pairs_of(values, "last_history_gap", "history_gap").values()
    )
    for net, (gap, opens) in pairs_of(values, "last_history_gap", "gap_opens_epoch").items():
        assert opens == 0 if gap < 0.04 else opens == 1 if gap > 0.15 else opens in (0, 1), net
    assert values["gaps_open"] == sum(values[f"{net}_gap_opens_epoch"] > 0 for net in NETS)
    for net, (learnt, other) in pairs_of(values, "training_accuracy", "validation_accuracy").items():
        assert entries[f"{net}_training_accuracy"]["n"] == 320 and entries[f"{net}_validation_accuracy"]["n"] == 40
        assert values[f"{net}_gap"] == pytest.approx(learnt - other)
        low, high = entries[f"{net}_gap"]["interval"]
        assert 0.2 < high - low < 0.4  # about 2 × 1.96 × √(0.2 × 0.8 / 40)
    net_gap = (values["net_gap_value"], [values["net_gap_low"], values["net_gap_high"]])
    assert net_gap == (values["cnn_leaky_gap"], entries["cnn_leaky_gap"]["interval"])
    opens = values["cnn_leaky_gap_opens_epoch"]
    assert values["net_opens"] == (f"stays open from epoch {opens}" if opens else "does not stay open")
    wide = {net for net in NETS if entries[f"{net}_gap"]["interval"][0] > 0}
    hidden = {net for net, (logged, gap) in pairs_of(values, "history_gap", "gap").items() if logged < gap}
    assert (values["gaps"], values["gaps_hidden"]) == (len(wide), len(wide & hidden))
    apart = [logged - gap for logged, gap in pairs_of(values, "history_gap", "gap").values()]
    assert values["curves_smaller"] == sum(each < 0 for each in apart)
    assert values["curves_larger"] == sum(each > 0 for each in apart)
    low, high = net_gap[1]
    logged = values["net_history_gap"]
    word = "more than that" if logged > high else "less than that" if logged < low else "about as much"
    assert values["net_curves_say"] == word and values["net_history_gap"] == values["cnn_leaky_history_gap"]
    assert "in A's own log in 13 of 14" in answer
