import numpy as np
import pandas as pd
import pytest

from fer_keras import build
from fer_keras.faces import REGIONS
from fer_keras.study import looking
from fer_keras.study.looking import KINDS


@pytest.fixture
def faces(drawn):
    return drawn[:60]


def of_region(faces, *names) -> np.ndarray:
    return np.isin(faces.regions, [REGIONS.index(name) for name in names]).astype(float)


def test_a_map_of_the_eyes_lies_on_the_eyes(faces):
    maps = of_region(faces, "eyes")
    table = looking.by_region(maps, faces)
    assert table["value"].round(6).to_dict() == {name: float(name == "eyes") for name in REGIONS}
    assert table["area"].sum() == pytest.approx(1) and table.loc["eyes", "area"] == pytest.approx(maps.mean())
    found = looking.in_places(maps, faces)["value"].round(6)
    assert found.to_dict() == {"face": 1, "forehead": 0, "eyes mouth": 1, "eyes corners": 1}
    beyond = looking.in_places(np.ones_like(maps), faces, beyond_area=True)["value"]
    np.testing.assert_allclose(beyond.astype(float), 0, atol=1e-9)


def test_an_even_map_has_one_per_pixel_everywhere(faces):
    table = looking.by_emotion(np.ones(faces.images.shape[:3]), faces)
    np.testing.assert_allclose(table.stack(), 1)
    counts = np.bincount(faces.labels)
    assert table.index[0] == f"angry ({counts[0]})" and table.shape == ((counts > 0).sum(), len(REGIONS))


def test_cheeks_win_what_they_hold_more_of_than_eyes_and_mouth(faces):
    on_cheeks = looking.cheeks(of_region(faces, "cheeks"), faces, 0.5)
    on_eyes = looking.cheeks(of_region(faces, "eyes"), faces, 0.5)
    assert on_cheeks.loc["happy cheeks lead", "value"] == pytest.approx(1)
    assert on_eyes.loc["happy cheeks lead", "value"] == pytest.approx(-1)
    even = looking.cheeks(np.ones(faces.images.shape[:3]), faces, 0.5)
    assert even.loc["happy cheeks lead beyond area", "value"] == pytest.approx(0)
    assert looking.cheeks(on_eyes, faces[faces.labels != 3], 0.5).empty


def test_nets_are_compared_face_by_face(faces, rng):
    bright = faces.images[..., 0] / 255 if faces.images.ndim == 4 else faces.images / 255
    maps = {"early": 1 - bright, "trained": bright, "untrained": rng.random(bright.shape)}
    looked = looking.looks(maps, {}, faces)
    means, changes = looking.means(looked), looking.changes(looked)
    assert means.loc["brightness trained", "value"] == pytest.approx(1)
    assert means.loc["brightness early", "value"] == pytest.approx(-1)
    assert abs(means.loc["brightness untrained", "value"]) < 0.05
    assert list(changes.index) == ["training outlines", "training brightness"]
    assert changes.loc["training brightness", "value"] == pytest.approx(2)
    assert looking.changes(looked.drop(columns="early", level=1)).empty


def test_a_dense_net_has_no_grad_cam(faces):
    assert list(looking.maps_of_kinds(build("dnn_narrow", width=0.1), faces[:2])) == list(KINDS)[:3]


def test_a_map_is_better_than_chance_if_its_deletion_falls_sooner():
    columns = pd.MultiIndex.from_product([["deletion", "insertion"], ["gradient", "random"], [0, 1]])
    heights = pd.DataFrame([[1.0] * 8, [0.1, 0.2, 0.5, 0.4, 1, 1, 1, 1]], columns=columns)
    heights.columns.names = ["way", "kind", "group"]
    curves = looking.mean_curves(heights)
    assert curves["deletion"]["gradient"].tolist() == pytest.approx([1, 0.15]) and list(curves) == [
        "deletion",
        "insertion",
    ]
    gains = looking.sooner(heights)
    assert list(gains.index) == ["gradient"] and gains.loc["gradient", "value"] == pytest.approx(0.15)


def test_pixels_are_taken_away_in_groups_of_faces(faces, rng):
    net = build("dnn_narrow", width=0.1)
    table = looking.perturbed(net, faces[:6], {"random": rng.random((6, 48, 48))}, steps=2, groups=3)
    assert table.shape == (3, 6) and table.index.tolist() == [0, 50, 100]
    start = table["deletion"].iloc[0].to_numpy()
    np.testing.assert_allclose(start, table["insertion"].iloc[-1].to_numpy(), atol=1e-5)  # the whole faces in both
