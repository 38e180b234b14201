"""Notebook 11: what it records of eight trainings of one epoch, on smoke."""

from fer_keras.nets.build import NETS
from fer_keras.study import records


def test_it_records_the_course_of_eight_trainings(executed):
    entries, answer = records.read_notebook(executed("11_history"))
    values = {name: entry["value"] for name, entry in entries.items()}
    assert all(values[f"{net}_epochs"] == 1 for net in NETS)
    assert {values[f"{net}_epochs_validation_above"] for net in NETS} <= {0, 1}
    able = {net for net in NETS if entries[f"{net}_validation_accuracy"]["interval"][0] > values["majority_accuracy"]}
    assert {name.removesuffix("_gap") for name in values if name.endswith("_gap")} == able  # of others no gap is told
    assert answer.startswith("No answer yet") == ("cnn_leaky" not in able)
