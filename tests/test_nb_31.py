"""What 31_filters records on smoke, where the nets have learnt nothing: only what the untrained ones show."""

from fer_keras.study.records import read_notebook


def test_nothing_is_told_of_filters_that_have_not_learnt(executed):
    values, answer = read_notebook(executed("31_filters"))
    assert answer.startswith("No answer yet")
    asked = {name: values[name]["value"] for name in ("net", "steps", "top_layer", "map_layer")}
    assert asked == {"net": "cnn_leaky", "steps": 3, "top_layer": "block4_pool", "map_layer": "block2_pool"}
    assert not [name for name in values if name.endswith("likeness") or "_trained_" in name]
    assert not [name for name in values if name.startswith("upright")]
    assert values["peaks_late_untrained_beyond_chance"]["n"] == 40
