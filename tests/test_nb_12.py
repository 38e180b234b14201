"""What 12_cnn_vs_dnn records on smoke: nets of equal size, compared only where both have learnt."""

import pytest

from fer_keras.study.records import read_notebook

PAIRS = {"cnn_1m": "dnn_narrow", "vgg16_bn": "dnn_deep"}


@pytest.fixture(scope="module")
def recorded(executed):
    return read_notebook(executed("12_cnn_vs_dnn"))


def test_12_compares_nets_of_equal_size(recorded):
    entries, _ = recorded
    assert entries["report_e_ratio"]["value"] == pytest.approx(38_211_079 / 37_716_999)  # report E's own counts
    assert 157_063 / 1_030_000 < entries["report_b_ratio"]["value"] < 157_063 / 970_000  # B: "about 1 M"
    for cnn, dense in PAIRS.items():
        for kind in ("plain", "dropout"):
            size = entries[f"{dense}_equal_{kind}_parameters"]["value"]
            unit = 2_305  # one unit more in the first layer has a weight a pixel, and a bias
            assert abs(size - entries[f"{cnn}_parameters"]["value"]) < unit < size


def test_12_leaves_out_what_has_not_learnt(recorded):
    entries, answer = recorded
    floor = entries["majority_accuracy"]["value"]
    able = {name for name, entry in entries.items() if "judged_accuracy" in name and entry["interval"][0] > floor}
    for cnn, dense in PAIRS.items():
        both = {f"{cnn}_judged_accuracy", f"{dense}_equal_plain_judged_accuracy"} <= able
        assert (f"{cnn}_over_{dense}_equal_plain" in entries) == both == (f"{dense}_gap_wider" in entries)
    assert answer.startswith("No answer yet") == (not able)
