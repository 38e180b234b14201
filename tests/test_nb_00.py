"""Notebook 00: its plain Keras and the calls of ours make one net, and see the same in a face."""

from fer_keras import build
from fer_keras.study import records


def test_its_net_is_cnn_3layer_and_its_saliency_the_gradient(executed):
    entries, _ = records.read_notebook(executed("00_first_net"))
    values = {name: entry["value"] for name, entry in entries.items()}
    counts = build("cnn_3layer", width=0.25).count_params()
    assert values["parameters"] == counts
    assert values["saliency_alike"] > 0.9  # two ways to one gradient; kinks of the pools keep it below 1
    assert entries["our_net_accuracy"]["n"] == entries["with_train_accuracy"]["n"] == 40
    assert 0.15 < values["majority_accuracy"] < 0.35
