import numpy as np
import pandas as pd
import pytest

from fer_keras import build, saliency
from fer_keras.faces import EMOTIONS, REGIONS
from fer_keras.nets.build import untrained_nets
from fer_keras.study import looking
from fer_keras.study.looking import KINDS
from fer_keras.study.tables import shares


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
    means, changes = shares(looked)["value"], looking.changes(looked)
    assert means["brightness", "trained"] == pytest.approx(1)
    assert means["brightness", "early"] == pytest.approx(-1)
    assert abs(means["brightness", "untrained"]) < 0.05
    assert list(changes.index) == ["training outlines", "training brightness"]
    assert changes.loc["training brightness", "value"] == pytest.approx(2)
    assert looking.changes(looked.drop(columns="early", level=1)).empty
    maps["standardised"] = 0.5 + 0.5 * bright
    changes = looking.changes(looking.looks(maps, {}, faces))["value"]
    expected = changes["training brightness"] - changes["standardising"]
    assert changes["training over standardising"] == pytest.approx(expected)


def test_what_untrained_nets_show_too_owes_nothing_to_learning(faces):
    nets = untrained_nets("cnn_leaky", 2, width=0.1)
    alike = looking.over_untrained(saliency(nets[0], faces, faces.labels), nets[:1], faces)
    assert (alike["value"] == 0).all()
    over = looking.over_untrained(of_region(faces, "eyes", "mouth"), nets, faces)
    assert over["interval"]["eyes mouth"][0] > 0.3 and over["interval"]["forehead"][1] < 0
    assert not np.allclose(nets[0].get_weights()[0], nets[1].get_weights()[0])
    np.testing.assert_array_equal(
        untrained_nets("cnn_leaky", 1, 1, width=0.1)[0].get_weights()[0], nets[1].get_weights()[0]
    )


def test_faces_to_show_are_one_of_each_emotion_or_good_and_bad_ones(faces):
    net = build("cnn_leaky", width=0.1)
    few, names = looking.to_show(net, faces, "of each emotion")
    assert names == list(EMOTIONS) and few.labels.tolist() == list(range(7))
    few, names = looking.to_show(net, faces, "good and bad", each=2)
    right = [name.split("\n")[0] == name.split("\n")[1] for name in names]
    assert right == sorted(right, reverse=True) and sum(right) <= 2 and right.count(False) == 2
    assert [name.split("\n")[0] for name in names] == [EMOTIONS[label] for label in few.labels]
    with pytest.raises(ValueError, match="SHOW is"):
        looking.to_show(net, faces, "surest")


def test_a_dense_net_has_no_grad_cam(faces):
    assert list(looking.maps_of_kinds(build("dnn_narrow", width=0.1), faces[:2])) == list(KINDS)[:3]


def test_a_map_is_better_than_chance_if_its_deletion_falls_sooner(faces, monkeypatch):
    """The first of two groups falls to 0.2 in the order of its map, the second to 0.4; at random none falls."""

    def curves(net, some, order, labels, steps):
        low = order.mean()
        return pd.DataFrame({"deletion": [1, low], "insertion": [low, 1]}, pd.Index([0.0, 1.0]))

    monkeypatch.setattr(looking, "perturbation_curves", curves)
    orders = {"gradient": np.repeat([0.2, 0.4], 2), "random": np.ones(4)}
    found, sooner = looking.perturbed(None, faces[:4], orders, groups=2)
    assert found["deletion"]["gradient"].to_dict() == {0: 1, 100: pytest.approx(0.3)}
    assert list(found) == ["deletion", "insertion"] and found["insertion"].index.name == "% of the pixels"
    assert list(sooner.index) == ["gradient"] and sooner.loc["gradient", "value"] == pytest.approx((0.4 + 0.3) / 2)


def test_pixels_are_taken_away_in_groups_of_faces(faces, rng):
    net = build("dnn_narrow", width=0.1)
    found, sooner = looking.perturbed(net, faces[:6], {"random": rng.random((6, 48, 48))}, steps=2, groups=3)
    assert found["deletion"].index.tolist() == [0, 50, 100] and sooner.empty
    whole = found["deletion"].iloc[0], found["insertion"].iloc[-1]
    np.testing.assert_allclose(*whole, atol=1e-5)  # the whole faces in both
