from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from fer_keras.faces import REGIONS
from fer_keras.study import filters
from fer_keras.study.filters import is_upright, likeness


def test_upright_stripes_are_told_from_others(rng):
    row, column = np.indices((48, 48))
    waves = [np.sin(column), np.sin(row), np.sin(row + column), np.sin(row - column), np.full((48, 48), 7.0)]
    assert is_upright(100 + 50 * np.stack(waves)).tolist() == [True, True, False, False, False]
    leaning = [np.sin(np.cos(angle) * column + np.sin(angle) * row) for angle in np.radians([15, 30, 60, 75])]
    assert is_upright(np.stack(leaning)).tolist() == [True, False, False, True]
    assert not is_upright(rng.random((50, 48, 48))).any()


def test_likeness_is_1_for_the_face_its_negative_and_its_small_copy(drawn, rng):
    face = drawn.images.mean(axis=0)
    small = face.reshape(12, 4, 12, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(likeness(np.stack([face, 255 - face]), face), 1)
    assert 0.9 < likeness(small[None], face)[0] < 1
    assert likeness(np.full((1, 48, 48), 9), face)[0] == 0
    assert likeness(rng.random((50, 48, 48)), face).max() < 0.1


@pytest.fixture
def net():
    """Its one map is the face's pixels in squares of 4 by 4, the brightest of each."""
    given = keras.Input((48, 48, 1))
    maps = layers.Conv2D(1, 1, kernel_initializer="ones", name="conv")(given)
    maps = layers.MaxPooling2D(4, name="pool")(maps)
    return keras.Model(given, layers.Dense(7, name="logits")(layers.Flatten()(maps)))


def test_layers_are_found_or_taken_as_asked(net):
    assert filters.layers_to_look_at(net) == ("pool", "pool", "conv")
    assert filters.layers_to_look_at(net, "conv", "conv") == ("conv", "conv", "conv")
    with pytest.raises(ValueError, match="has no maps"):
        filters.layers_to_look_at(keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(7)]))


def test_peaks_are_counted_beyond_what_chance_has(net, drawn):
    faces = drawn[:20]
    mouth = faces.regions == REGIONS.index("mouth")
    bright = faces.images.copy()
    bright[...] = 0
    bright[mouth] = 255
    shown = replace(faces, images=bright)
    beyond = filters.peaks_beyond_chance(net, [net, net], {"late": "conv"}, shown)
    parts = np.isin(faces.regions, [REGIONS.index(name) for name in ("brows", "eyes", "nose", "mouth")])
    assert beyond.loc["peaks late trained", "value"] == pytest.approx(1 - parts.mean())
    assert beyond.loc["peaks late over untrained", "value"] == 0
    dark = keras.Sequential([keras.Input((48, 48, 1)), layers.Conv2D(1, 1, kernel_initializer="zeros", name="conv")])
    over = filters.peaks_beyond_chance(net, [dark, dark], {"late": "conv"}, shown)
    assert over.loc["peaks late over untrained", "interval"][0] > 0.9, "the other net's maxima are in a corner"
    assert list(filters.peaks_beyond_chance(None, [dark], {"late": "conv"}, shown).index) == ["peaks late untrained"]


def test_maps_of_a_net_are_as_like_a_face_as_they_look(net, drawn):
    face = drawn.images[0].squeeze().astype(float)
    assert filters.maps_likeness(net, "conv", drawn[:3], face)[0] == pytest.approx(1, abs=1e-5)
    assert 0.5 < filters.maps_likeness(net, "pool", drawn[:3], face)[0] < 1


def test_pictures_and_maps_are_compared_with_faces():
    like = {"faces": np.array([0.2, 0.5, 0.9]), "from noise": np.array([0.1, 0.2]), "map layer": np.array([0.6, 0.8])}
    like |= {"map layer untrained": [np.array([0.5, 0.7]), np.array([0.7, 0.9])]}
    like |= {"held smooth": np.array([0.1, 0.3]), "from mean face": np.array([0.6, 0.8])}
    table = filters.likeness_table(like)["value"]
    assert table["faces"] == pytest.approx(1.6 / 3) and table["map layer untrained"] == pytest.approx(0.7)
    found = filters.compared(like)["value"]
    wanted = {"from noise falls short": 0.35, "maps over noise": 0.55, "maps over untrained": 0.0}
    assert found.to_dict() == pytest.approx(wanted | {"mean face over smooth": 0.5})


def test_pictures_are_climbed_where_a_net_has_the_layer(net):
    first, again = filters.climbed([net, net], "conv", 8, steps=1, seed=3)
    assert first.shape == (1, 48, 48) and (first == again).all()
    assert [len(filters.climbed([net], "logits", how_many, steps=1)[0]) for how_many in (2, 0)] == [2, 7]
    assert filters.climbed([net, net], "block3_conv1_active", 8, steps=1) == []


def test_upright_stripes_are_counted():
    row, column = np.indices((48, 48))
    waves = np.stack([np.sin(column), np.sin(row), np.sin(row + column), np.sin(row - column)])
    table = filters.upright([waves, waves[2:], waves[2:]])
    assert table["value"].to_dict() == {"upright trained": 0.5, "upright untrained": 0, "upright over untrained": 0.5}
    assert filters.upright([]).empty
