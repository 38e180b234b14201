import keras
import numpy as np
import pytest
from keras import layers

from fer_keras import saliency
from fer_keras.drawing.people import NEAR
from fer_keras.faces import REGIONS, Faces
from fer_keras.seeing.regions import BOXES, face_regions, region_shares
from fer_keras.seeing.trust import brightness_correlation, perturbation_curves, randomisation_check, randomised


@pytest.fixture(scope="module")
def window():
    """A net of two classes whose first looks at rows 10 to 14 of columns 20 to 29, and at nothing else."""
    inputs = keras.Input((48, 48, 1))
    seen = layers.Cropping2D(((10, 33), (20, 18)), name="window")(layers.Rescaling(1 / 255)(inputs))
    x = layers.Dense(2, name="logits")(layers.GlobalAveragePooling2D()(seen))
    net = keras.Model(inputs, layers.Softmax()(x))
    net.get_layer("logits").set_weights([np.array([[4.0, -4.0]]), np.array([-2.0, 2.0])])
    return net


def test_regions_of_drawn_faces_lie_where_they_are_drawn(drawn):
    assert drawn.regions.shape == drawn.images.shape and set(np.unique(drawn.regions)) <= set(range(len(REGIONS)))
    assert (drawn[3:5].regions == drawn.regions[3:5]).all()
    rows, columns = np.indices((48, 48))
    at = {name: drawn.regions == number for number, name in enumerate(REGIONS)}
    row = {name: (rows * mask).sum() / mask.sum() for name, mask in at.items()}
    order = ["forehead", "brows", "eyes", "nose", "mouth", "chin"]
    assert sorted(order, key=row.get) == order
    assert np.diff([row[name] for name in order]).min() > 2
    assert drawn.images[at["eyes"]].std() > 1.1 * drawn.images[at["cheeks"]].std()  # white, iris and lashes
    assert 0.01 < at["eyes"].mean() < 0.1 and 0.2 < at["background"].mean() < 0.6
    assert abs((columns * at["nose"]).sum() / at["nose"].sum() - 23.5) < 1.5


def test_regions_follow_what_moves(drawn):
    from fer_keras.drawing.expressions import UNITS
    from fer_keras.drawing.people import moved, random_people
    from fer_keras.drawing.regions import find_regions

    people = random_people(1, np.random.default_rng(4))
    mouths = [
        (find_regions(people, moved(np.array([[strength * (unit == 26) for unit in UNITS]]))) == REGIONS.index("mouth"))
        for strength in (0, 1)
    ]
    assert mouths[1].sum() > 1.5 * mouths[0].sum()  # the jaw drops


def test_copies_have_the_regions_of_their_picture(drawn):
    by_id = {name: i for i, name in enumerate(drawn.ids)}
    for name, i in by_id.items():
        origin, _, how = name.partition(", ")
        if how in ("exact", "mirrored", "recompressed", "brightened"):
            expected = drawn.regions[by_id[origin]]
            np.testing.assert_array_equal(drawn.regions[i], expected[:, ::-1] if how == "mirrored" else expected)
        elif how == "shifted":
            assert 0.9 < (drawn.regions[i] == drawn.regions[by_id[origin]]).mean() < 1
    assert {name.partition(", ")[2] for name in by_id} >= {*NEAR, "exact"}


def test_other_faces_have_boxes(drawn):
    others = Faces(drawn.images, drawn.labels, drawn.splits, drawn.ids)
    regions = face_regions(others)
    assert regions.shape == drawn.images.shape and (regions == regions[0]).all()
    assert set(np.unique(regions)) == set(range(len(REGIONS))) and {name for name, *_ in BOXES} < set(REGIONS)
    agree = (regions == drawn.regions)[drawn.regions == REGIONS.index("mouth")].mean()
    assert agree > 0.4  # drawn mouths are about where people's are
    assert face_regions(drawn) is drawn.regions


def test_shares_of_regions_add_up_and_find_the_window(window, drawn):
    maps = saliency(window, drawn[:20], 0)
    regions = np.zeros((20, 48, 48), np.uint8)
    regions[:, 10:15, 20:25], regions[:, 10:15, 25:30] = REGIONS.index("eyes"), REGIONS.index("nose")
    shares = region_shares(maps, regions)
    assert list(shares) == list(REGIONS)
    np.testing.assert_allclose(shares["eyes"], 0.5, atol=1e-6)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    even = region_shares(np.ones((20, 48, 48)), drawn.regions[:20])
    np.testing.assert_allclose(even["mouth"], (drawn.regions[:20] == REGIONS.index("mouth")).mean(axis=(1, 2)))


def test_brightness_is_told_by_rank(drawn):
    faces = drawn[:4]
    maps = faces.images.astype(float) ** 3
    np.testing.assert_allclose(brightness_correlation(maps, faces), 1)
    np.testing.assert_allclose(brightness_correlation(-maps, faces), -1)
    assert np.isnan(brightness_correlation(np.ones((4, 48, 48)), faces)).all()


def test_curves_fall_and_rise_at_once_where_a_map_finds_what_matters(window, drawn):
    faces = drawn.images[:24].copy()
    faces[:, 10:15, 20:30] = 255  # certainly class 0
    found = perturbation_curves(window, faces, saliency(window, faces, 0), classes=0, steps=46)
    assert list(found) == ["deletion", "insertion"] and found.index[[0, -1]].tolist() == [0, 1]
    whole, none = found["deletion"].iloc[0], found["insertion"].iloc[0]
    assert found["deletion"].iloc[-1] == pytest.approx(none) and found["insertion"].iloc[-1] == pytest.approx(whole)
    assert whole > none + 0.1
    assert found["deletion"].iloc[2] == pytest.approx(none, abs=0.01)  # the 50 pixels are gone
    assert found["insertion"].iloc[2] == pytest.approx(whole, abs=0.01)
    upside_down = perturbation_curves(window, faces, 1 - saliency(window, faces, 0), classes=0, steps=46)
    assert upside_down["deletion"].iloc[2] == pytest.approx(whole, abs=0.01)


def test_randomising_goes_from_the_top_down_and_leaves_the_net_alone(drawn):
    from fer_keras import build

    keras.utils.set_random_seed(0)
    net = build("cnn_leaky", width=0.125)
    before = [value.copy() for value in net.get_weights()]
    steps = {name: copy.get_layer("logits").get_weights()[0].copy() for name, copy in randomised(net)}
    assert next(iter(steps)) == "logits" and list(steps)[-1] == "block1_conv"
    kernel = net.get_layer("logits").get_weights()[0]
    assert (np.sort(steps["logits"].ravel()) == np.sort(kernel.ravel())).all() and (steps["logits"] != kernel).any()
    for now, then in zip(net.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    similar = randomisation_check(net, drawn[:3], 3)
    assert similar.index.tolist() == list(steps) and similar.iloc[-1] < 0.5 and similar.max() < 1


def test_a_map_that_ignores_the_weights_stays_the_same(window, drawn):
    similar = randomisation_check(window, drawn[:3], 0)
    assert similar["logits"] == pytest.approx(1)  # of this net only the size of the gradient changes


def test_maps_must_fit_the_faces(window, drawn):
    maps = np.ones((2, 48, 48))
    for call in (
        lambda: perturbation_curves(window, drawn[:3], maps, 0),
        lambda: perturbation_curves(window, drawn[:2], maps * np.nan, 0),
        lambda: brightness_correlation(maps, drawn[:3]),
        lambda: region_shares(maps, drawn.regions[:3]),
        lambda: region_shares(-maps, drawn.regions[:2]),
    ):
        with pytest.raises(ValueError, match="maps are"):
            call()
