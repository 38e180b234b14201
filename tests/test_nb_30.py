"""What 30_saliency records on smoke, where the net has learnt nothing: no map of it, only of the untrained one."""

from fer_keras.study.records import read_notebook


def test_nothing_is_mapped_of_a_net_that_has_not_learnt(executed):
    values, answer = read_notebook(executed("30_saliency"))
    assert answer.startswith("No answer yet") and values["net"]["value"] == "cnn_leaky"
    low, _ = values["judged_accuracy"]["interval"]
    assert low < values["majority_accuracy"]["value"] and values["judged_accuracy"]["n"] == 40
    assert not [name for name in values if name.endswith(("excess", "_lead", "_change", "_trained"))]
    assert 0 < values["eyes_mouth_untrained"]["value"] < 0.3 and values["eyes_mouth_untrained"]["n"] == 40
    assert {"brightness_untrained", "outlines_untrained"} <= set(values)
