"""What `30_saliency` and `31_filters` record on smoke, and the measures that they take of maps and pictures."""

import re

import numpy as np
import pytest

from fer_keras.faces import REGIONS
from fer_keras.scores import by_interval, over_faces
from fer_keras.seeing import trust as sanity
from fer_keras.seeing.regions import mouth_corners, peak_regions, share_in
from fer_keras.study import records
from fer_keras.study.filters import likeness, stripes


def values_of(notebook) -> dict[str, dict]:
    return records.read_notebook(notebook)[0]


def test_30_saliency_records_where_the_net_looks(executed):
    values = values_of(executed("30_saliency"))
    value = {name: entry["value"] for name, entry in values.items()}
    assert value["faces"] == 400 and value["judged_split"] == "PrivateTest" and value["epochs"] == 1
    assert value["maps"] == values["face_share"]["n"] == values["judged_accuracy"]["n"] == 40
    assert value["eyes_mouth_area"] < value["face_area"] < 0.8 and value["eyes_corners_area"] < value["eyes_mouth_area"]
    assert value["eyes_corners_share"] < value["eyes_mouth_share"] < value["face_share"]
    for name in ("face", "eyes_mouth", "eyes_corners", "forehead"):
        assert value[f"{name}_excess"] == pytest.approx(value[f"{name}_share"] - value[f"{name}_area"], abs=1e-6)
        low, high = values[f"{name}_excess"]["interval"]
        assert value[f"{name}_word"].startswith("more" if low > 0 else "less" if high < 0 else "not clearly")
    assert value["regions_are"] == "as they were drawn" and value["happy_faces"] == values["happy_cheeks_share"]["n"]
    assert value["densest"] == "no emotion has so many" or all(
        int(re.search(r"\((\d+)\)", each).group(1)) >= 10 for each in value["densest"].split(", ")
    )
    assert 0 <= value["gradcam_empty"] <= value["few"] == 40
    assert value["gradcam_says"] == (value["gradcam_empty"] > 0) * (
        f" Grad-CAM leaves {value['gradcam_empty']} of its maps empty."
    )
    assert value["happy_cheeks_lead"] == pytest.approx(value["happy_cheeks_share"] - value["happy_eyes_mouth_share"])


def test_30_saliency_compares_nets_on_the_same_faces(executed):
    value = {name: entry["value"] for name, entry in values_of(executed("30_saliency")).items()}
    assert value["eyes_mouth_trained"] == pytest.approx(value["eyes_mouth_share"], abs=1e-4)
    assert value["judged_accuracy_trained"] == value["judged_accuracy"]
    # of one epoch the first quarter is that epoch: the same run, so the same maps
    assert value["early_epochs"] == 1 and value["training_outlines_change"] == 0
    assert value["training_outlines_word"] == "does not clearly change"
    change = value["brightness_standardised"] - value["brightness_trained"]
    assert value["standardising_change"] == pytest.approx(change, abs=1e-6) and change != 0
    assert value["eyes_mouth_untrained"] != value["eyes_mouth_trained"]
    assert abs(value["shuffled_all"]) < abs(value["shuffled_top"]) < 1


def test_31_filters_records_what_the_ascents_reach(executed):
    values = values_of(executed("31_filters"))
    value = {name: entry["value"] for name, entry in values.items()}
    assert (value["steps"], value["top_layer"], value["map_layer"]) == (3, "block4_pool", "block2_pool")
    assert value["last_conv"] == "block4_conv" and values["from_noise_end"]["n"] == value["filters"] == 8
    for way in ("from_noise", "from_mean_face", "untrained"):
        assert value[f"{way}_end"] > value[f"{way}_start"], way
    assert value["likeness_from_mean_face"] > 0.8 > value["likeness_faces"] > 0.2 > value["likeness_noise"]
    ways = ("from_noise", "held_smooth", "from_mean_face", "untrained")
    silent = {way.replace("_", " "): value[f"{way}_did_not_climb"] for way in ways}
    assert value["did_not_climb"] == (", ".join(f"{n} {way}" for way, n in silent.items() if n) or "none")
    assert value["facelike_from_mean_face_share"] == 1 and value["facelike_from_noise_share"] == 0
    assert value["likeness_from_noise"] < value["likeness_map_layer_untrained"]


def test_31_filters_records_where_maxima_lie_and_which_way_stripes_run(executed):
    values = values_of(executed("31_filters"))
    value = {name: entry["value"] for name, entry in values.items()}
    for where in ("early", "late"):
        assert 0.1 < value[f"peaks_{where}_chance"] < 0.4 and values[f"peaks_{where}_trained"]["n"] == 40
        for kind in ("trained", "untrained"):
            beyond = value[f"peaks_{where}_{kind}"] - value[f"peaks_{where}_chance"]
            assert value[f"peaks_{where}_{kind}_beyond_chance"] == pytest.approx(beyond)
    assert value["striped_filters"] == values["upright_trained_share"]["n"] == 8
    assert value["upright_filters"] == round(8 * value["upright_trained_share"])
    assert value["upright_filters"] + value["slanting_trained"] <= 8
    for kind in ("trained", "untrained"):
        listed = [int(each.split()[0]) for each in value[f"stripes_{kind}"].split(", ") if each != "none"]
        assert sum(listed) == round(8 * value[f"upright_{kind}_share"]) + value[f"slanting_{kind}"]
        silent = value[f"cnn_1m_{kind}_did_not_climb"]
        assert 0 <= silent <= 8 and (f"{silent} of the {kind} net" in value["cnn_1m_did_not_climb"]) == (silent > 0)
    assert value["peaks_early_never"] == value["peaks_late_never"] == ""  # drawn faces have their parts anywhere


def test_a_mean_over_faces_has_the_interval_of_its_mean(rng):
    values = rng.normal(3, 2, 400)
    found = over_faces([*values, np.nan])
    assert found["value"] == pytest.approx(values.mean()) and found["n"] == 400
    half = 1.96 * 2 / np.sqrt(400)
    assert np.diff(found["interval"])[0] == pytest.approx(2 * half, rel=0.15)
    assert found["interval"][0] < found["value"] < found["interval"][1]
    assert over_faces([0.5]) == {"value": 0.5, "n": 1, "interval": None}


def test_a_difference_has_a_word_only_if_its_interval_is_clear_of_0():
    words = ("falls", "stays", "rises")
    assert [by_interval({"interval": i}, *words) for i in ([-2, -1], [-1, 1], [1, 2], None)] == [
        "falls", "stays", "rises", "stays"
    ]  # fmt: skip


def test_stripes_are_told_by_their_direction(rng):
    row, column = np.indices((48, 48))
    waves = [np.sin(column), np.sin(row), np.sin(row + column), np.sin(row - column)]
    shares = stripes(100 + 50 * np.stack(waves))
    assert shares.idxmax(axis=1).tolist() == ["vertical", "horizontal", "rising", "falling"]
    assert shares.max(axis=1).min() > 0.95
    noise = stripes(rng.random((50, 48, 48)))
    np.testing.assert_allclose(noise.mean(), 0.25, atol=0.02)
    assert stripes(np.full((1, 48, 48), 7.0)).max(axis=None) < 1e-9


def test_likeness_is_1_for_the_face_its_negative_and_its_small_copy(drawn, rng):
    face = drawn.images.mean(axis=0)
    small = face.reshape(12, 4, 12, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(likeness(np.stack([face, 255 - face]), face), 1)
    assert 0.9 < likeness(small[None], face)[0] < 1
    assert likeness(np.full((1, 48, 48), 9), face)[0] == 0
    assert likeness(rng.random((50, 48, 48)), face).max() < 0.1


def test_peaks_are_looked_up_in_the_middle_of_their_pixel(drawn):
    maps = np.zeros((4, 6, 6, 2))
    maps[:, 4, 3, 0] = 1  # around row 36, column 28
    maps[:, 0, 0, 1] = 2
    found = peak_regions(maps, drawn.regions[:4])
    np.testing.assert_array_equal(found[:, 0], drawn.regions[:4, 36, 28])
    np.testing.assert_array_equal(found[:, 1], drawn.regions[:4, 4, 4])


def test_corners_are_the_outer_quarters_of_a_mouth(drawn):
    regions = np.zeros((2, 48, 48), np.uint8)
    regions[0, 30:34, 10:26] = REGIONS.index("mouth")
    corners = mouth_corners(regions)
    assert corners[0, 31].nonzero()[0].tolist() == [10, 11, 12, 13, 22, 23, 24, 25] and not corners[1].any()
    assert corners.sum() == 4 * 8
    mouth = drawn.regions == REGIONS.index("mouth")
    of_drawn = mouth_corners(drawn.regions)
    assert not (of_drawn & ~mouth).any() and 0.2 < of_drawn.sum() / mouth.sum() < 0.6


def test_standardised_faces_have_one_mean_and_contrast(drawn):
    faces = sanity.standardised(drawn[:50])
    means, deviations = faces.images.mean(axis=(1, 2)), faces.images.std(axis=(1, 2))
    assert means.std() < 0.1 * drawn.images[:50].mean(axis=(1, 2)).std() and abs(means.mean() - 128) < 3
    assert deviations.std() < 0.3 * drawn.images[:50].std(axis=(1, 2)).std() and abs(deviations.mean() - 48) < 2
    assert (faces.labels == drawn.labels[:50]).all() and faces.regions is not None


def test_outlines_are_where_grey_levels_step():
    faces = np.full((1, 48, 48), 50, np.uint8)
    faces[:, :, 24:] = 200
    steps = np.zeros((1, 48, 48))
    steps[:, :, 23:25] = 1
    assert sanity.outline_correlation(steps, faces)[0] > 0.4
    assert abs(sanity.brightness_correlation(steps, faces)[0]) < 0.01
    assert sanity.outline_correlation(faces.astype(float), 255 - faces)[0] < 0.4  # brightness is no outline


def test_a_share_in_a_mask_is_of_the_whole_map():
    maps = np.zeros((2, 48, 48))
    maps[0, :10, :10], mask = 1, np.zeros((2, 48, 48), bool)
    mask[:, :5] = True
    assert share_in(maps, mask).tolist() == [0.5, 0]
