"""Notebook 10: it counts the reports' nets, and records of each what the ledger reads."""

from fer_keras.nets.build import NETS
from fer_keras.study import records


def test_it_counts_the_reports_own_nets_and_scores_all_eight(executed):
    entries, answer = records.read_notebook(executed("10_architecture"))
    values = {name: entry["value"] for name, entry in entries.items()}
    stated = {"cnn_leaky": 539_143, "dnn_narrow": 157_063, "cnn_pyramid": 319_975, "cnn_fc3": 569_735}
    stated |= {"vgg16_bn": 37_716_999, "dnn_deep": 38_211_079}
    assert {net: values[f"{net}_parameters"] for net in stated} == stated
    assert all(isinstance(values[f"{net}_parameters"], int) for net in NETS)
    assert all(entries[f"{net}_{split}_accuracy"]["n"] == 40 for net in NETS for split in ("judged", "validation"))
    assert (values["judged_split"], values["cnn_leaky_width"], values["cnn_leaky_epochs"]) == ("PrivateTest", 0.125, 1)
    assert "net" not in values and 3 <= values["judged_copies"] <= 5
    low = max(entries[f"{net}_judged_accuracy"]["interval"][0] for net in NETS)
    assert answer.startswith("No answer yet") == (low <= values["majority_accuracy"])
