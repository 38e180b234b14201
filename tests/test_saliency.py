"""Seeing inside a small net: what holds of any net, on TensorFlow, JAX and PyTorch."""

import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
from conftest import require
from keras import layers

from fer_keras import ascend, build, feature_maps, masked_saliency, saliency
from fer_keras.base import backend
from fer_keras.seeing.inputs import pick
from fer_keras.seeing.saliency import METHODS, _before_softmax, attribution


@pytest.fixture(scope="module")
def net(drawn):
    """A small net that has begun to learn."""
    keras.utils.set_random_seed(1)
    net = build("cnn_pyramid", width=0.5)
    net.compile("adam", "sparse_categorical_crossentropy")
    net.fit(drawn.images[..., None], drawn.labels, batch_size=32, epochs=3, verbose=0)
    return net


def logits(net, images):
    inner = keras.Model(net.inputs, net.get_layer("logits").output)
    return inner.predict_on_batch(np.asarray(images, np.float32)[..., None])


@pytest.fixture(scope="module")
def by_backend(drawn, tmp_path_factory):
    """The same saved net explained in a process of each backend."""
    folder = tmp_path_factory.mktemp("gradients")
    keras.utils.set_random_seed(1)
    tiny = build("tiny:net")
    tiny.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    tiny.fit(drawn.images[..., None], drawn.labels, epochs=3, verbose=0)
    tiny.save(folder / "net.keras")

    def explained(name):
        out = folder / f"{name}.npz"
        if not out.exists():
            environment = {**os.environ, "KERAS_BACKEND": name, "JAX_ENABLE_X64": "1"}
            command = [sys.executable, "-m", "tests.gradients", folder / "net.keras", out]
            ran = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
            assert ran.returncode == 0, ran.stderr
        return np.load(out)

    return explained


@pytest.mark.parametrize("other", ["jax", "torch"])
def test_backends_agree(by_backend, other):
    require(other)
    ours, theirs = by_backend("tensorflow"), by_backend(other)
    error = {name: np.abs(ours[name] - theirs[name]) / np.abs(ours[name]).max() for name in (*METHODS, "maps")}
    for name in ("gradient", "gradient_x_input", "gradcam", "maps"):
        assert error[name].max() < 1e-5, name
    for name in ("smoothgrad", "integrated"):  # of so many pictures one may lie on a kink, where rounding decides
        assert (error[name] > 1e-5).mean() < 0.05, name
    np.testing.assert_allclose(ours["climbed"][:, -1], theirs["climbed"][:, -1], rtol=0.1)  # paths drift apart
    assert (ours["climbed"][:, -1] > ours["climbed"][:, 0] + 0.2).all()


@pytest.mark.parametrize("name", ["tensorflow", "jax", "torch"])
def test_gradients_of_a_smooth_net_are_those_of_finite_differences(by_backend, name):
    if name != "tensorflow":
        require(name)
    assert by_backend(name)["smooth_error"] < 1e-4


def test_gradients_of_a_real_net_are_nearly_those_of_finite_differences(net, drawn):
    scored, faces = _before_softmax(net), drawn.images[:6, ..., None].astype(np.float32)
    at, which = backend.gradient(scored, pick), np.arange(6)
    _, found = at(faces, which)
    length = np.sqrt((found**2).sum(axis=(1, 2, 3)))
    step = 0.25 * found / length[:, None, None, None]  # a quarter of a grey level, spread over the picture
    measured = (at(faces + step, which)[0] - at(faces - step, which)[0]) / 0.5
    np.testing.assert_allclose(measured, length, rtol=0.01)


def test_a_gradient_is_of_its_own_image_whatever_stands_beside_it(net, drawn):
    together = attribution(net, drawn.images[:130], 3)
    alone = np.concatenate([attribution(net, drawn.images[i : i + 1], 3) for i in (0, 64, 129)])
    np.testing.assert_allclose(together[[0, 64, 129]], alone, atol=1e-5 * np.abs(alone).max())


def test_later_training_is_seen(drawn):
    net = build("dnn_narrow", width=0.25)
    at = backend.gradient(net, pick)
    faces, which = drawn.images[:2, ..., None], np.zeros(2, int)
    _, before = at(faces, which)
    net.set_weights([0.5 * value for value in net.get_weights()])
    assert not np.allclose(before, at(faces, which)[1])


@pytest.mark.parametrize("method", METHODS)
def test_maps_are_normalised_as_a_whole(net, drawn, method):
    maps = saliency(net, drawn[:5], method=method, **{"layer": "block2_pool"} if method == "gradcam" else {})
    assert maps.shape == (5, 48, 48)
    np.testing.assert_array_equal(maps.min(axis=(1, 2)), 0)
    empty = maps.max(axis=(1, 2)) == 0  # of Grad-CAM, where nothing speaks for the class
    assert empty.sum() <= 2 * (method == "gradcam")
    np.testing.assert_array_equal(maps[~empty].max(axis=(1, 2)), 1)
    assert (maps[~empty].max(axis=2).min(axis=1) < 0.9).all()  # not row by row


def test_classes_are_the_predicted_the_true_or_a_named_one(net, drawn):
    faces = drawn[:6]
    predicted = net.predict_on_batch(faces.images[..., None]).argmax(axis=1)
    np.testing.assert_array_equal(saliency(net, faces), saliency(net, faces, predicted))
    np.testing.assert_array_equal(saliency(net, faces, "happy"), saliency(net, faces, 3))
    true = saliency(net, faces, faces.labels)
    for i in range(6):
        np.testing.assert_allclose(true[i], saliency(net, faces, int(faces.labels[i]))[i], atol=1e-5)


def test_gradient_x_input_is_the_product(net, drawn):
    product = attribution(net, drawn[:3], 2) * drawn.images[:3]
    np.testing.assert_allclose(attribution(net, drawn[:3], 2, "gradient_x_input"), product, rtol=1e-5)


def test_integrated_gradients_add_up_to_the_rise_of_the_score(net, drawn):
    faces = drawn.images[:4]
    found = attribution(net, faces, 2, "integrated", steps=200).sum(axis=(1, 2))
    rise = (logits(net, faces) - logits(net, np.zeros_like(faces)))[:, 2]
    np.testing.assert_allclose(found, rise, rtol=0.05, atol=0.02 * np.abs(rise).max())
    with pytest.warns(UserWarning, match=r"in 1 steps miss up to \d+% of a score"):
        attribution(net, faces, 2, "integrated", steps=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        attribution(net, faces, 2, "integrated", steps=200)


def test_smoothgrad_is_the_mean_over_noisy_copies(net, drawn):
    face = drawn.images[:1, ..., None].astype(np.float32)
    rng = np.random.default_rng(5)
    noisy = np.concatenate([face + rng.normal(0, 25.5, face.shape).astype(np.float32) for _ in range(3)])
    _, expected = backend.gradient(_before_softmax(net), pick)(noisy, np.ones(3, int))
    found = attribution(net, face, 1, "smoothgrad", samples=3, noise=0.1, seed=5)[0]
    np.testing.assert_allclose(found, expected.mean(axis=0)[..., 0], atol=1e-5 * np.abs(expected).max())


def test_grad_cam_weighs_maps_by_their_mean_gradient(drawn):
    inputs = keras.Input((48, 48, 1))
    maps = layers.AveragePooling2D(4, name="maps")(layers.Rescaling(1 / 255)(inputs))
    outputs = layers.Dense(7, kernel_initializer="ones")(layers.GlobalAveragePooling2D()(maps))
    found = attribution(keras.Model(inputs, outputs), drawn[:2], 0, "gradcam", layer="maps")
    coarse = drawn.images[:2].reshape(2, 12, 4, 12, 4).mean(axis=(2, 4)) / 255 / 144
    np.testing.assert_allclose(found[:, 2::4, 2::4], coarse, atol=0.4 * coarse.max())
    np.testing.assert_allclose(found.mean(), coarse.mean(), rtol=0.02)


def test_weak_pixels_become_the_mean_of_their_face(net, drawn):
    faces = drawn[:3]
    maps, masked = saliency(net, faces), masked_saliency(net, faces, threshold=0.2)
    for face, map_, shown in zip(faces.images, maps, masked, strict=True):
        np.testing.assert_array_equal(shown[map_ >= 0.2], face[map_ >= 0.2])
        np.testing.assert_allclose(shown[map_ < 0.2], face.mean(), rtol=1e-6)
        assert 0 < (map_ >= 0.2).mean() < 0.5


def test_feature_maps_are_what_the_layer_makes(net, drawn):
    maps = feature_maps(net, "block1_conv", drawn[:140])
    kernel, bias = net.get_layer("block1_conv").get_weights()
    window = drawn.images[139, 9:12, 19:22] / 255
    np.testing.assert_allclose(maps[139, 10, 20], np.einsum("ij,ijf->f", window, kernel[:, :, 0]) + bias, atol=1e-5)
    assert feature_maps(net, "dense1", drawn[:2]).shape == (2, 128)


def test_ascent_climbs_and_says_how_far(net, drawn):
    images, activations = ascend(net, "block2_conv", [3, 0], steps=12, batch=1)
    assert images.shape == (2, 48, 48) and activations.shape == (2, 13)
    assert images.min() >= 0 and images.max() <= 255
    assert (activations[:, -1] > activations[:, 0]).all()
    for filter_, image, climbed in zip((3, 0), images, activations, strict=True):
        reached = feature_maps(net, "block2_conv", image[None])[0, ..., filter_].mean()
        assert reached == pytest.approx(climbed[-1], rel=1e-4)
    again, _ = ascend(net, "block2_conv", [3, 0], steps=12, batch=1)
    np.testing.assert_array_equal(images, again)
    every, _ = ascend(net, "logits", steps=1)
    assert len(every) == 7


def test_ascent_starts_where_it_is_told(net, drawn):
    mean = drawn.images.mean(axis=0)
    (image,), activations = ascend(net, "logits", 4, steps=1, start=mean, rate=1e-6)
    np.testing.assert_allclose(image, mean, atol=0.01)
    assert activations[0, 0] == pytest.approx(logits(net, mean[None])[0, 4], rel=1e-3)


def test_regularisers_do_what_they_say_and_are_off(net):
    def climbed(**options):
        return ascend(net, "block2_conv", [1], steps=15, **options)[0][0]

    plain = climbed()
    np.testing.assert_array_equal(plain, climbed(l2=0, tv=0, jitter=0, blur=0))
    assert np.abs(climbed(l2=3) - 127.5).mean() < 0.9 * np.abs(plain - 127.5).mean()
    rough = [np.abs(np.diff(image, axis=0)).mean() for image in (plain, climbed(tv=0.2), climbed(blur=0.7))]
    assert rough[1] < 0.9 * rough[0] and rough[2] < 0.9 * rough[0]
    assert np.abs(climbed(jitter=3) - plain).max() > 1


def test_jitter_moves_the_slope_back_to_its_place(drawn):
    inputs = keras.Input((48, 48, 1))
    net = keras.Model(inputs, layers.Flatten(name="pixels")(inputs))
    images, _ = ascend(net, "pixels", [20 * 48 + 30], steps=40, jitter=1, rate=1e-4, start=np.full((48, 48), 100.0))
    changed = np.argwhere(images[0] > 100)
    assert (np.abs(changed - [20, 30]).max(axis=1) <= 1).all() and len(changed) == 9


def test_a_subclass_of_model_is_explained_by_its_outputs(drawn):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat, self.dense = layers.Flatten(), layers.Dense(7, activation="softmax")

        def call(self, images):
            return self.dense(self.flat(images / 255))

    assert saliency(Own(), drawn[:2]).max() == 1
    with pytest.raises(ValueError, match=r"own\w* has no layer 'dense'; it has"):
        feature_maps(Own(), "dense", drawn[:2])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda net, faces: saliency(net, faces.images[:, :40]), "images are .n, 48, 48., n at least 1, not .700, 40"),
        (lambda net, faces: saliency(net, faces[:0]), "n at least 1, not .0, 48, 48"),
        (lambda net, faces: saliency(net, np.full((1, 48, 48), "a")), "images hold numbers from 0 to 255, not <U1"),
        (lambda net, faces: saliency(net, np.full((1, 48, 48), np.nan)), "0 to 255, not from nan to nan"),
        (lambda net, faces: saliency(net, faces.images[:1] * 2.0), "images hold numbers from 0 to 255, not from"),
        (lambda net, faces: saliency(net, [faces.images[0], faces.images[0, :4]]), "images are of different shapes"),
        (lambda net, faces: saliency("net.keras", faces), "model is a keras.Model, such as run.model, not str"),
        (lambda net, faces: saliency(build("dnn_narrow"), faces[:2], method="gradcam"), "dnn_narrow has none"),
        (lambda net, faces: saliency(_of((64, 64, 1), "float32"), faces[:2]), r"takes \[\(\(64, 64, 1\), 'float32'\)"),
        (lambda net, faces: saliency(_of((48, 48, 1), "uint8"), faces[:2]), "not faces, .48, 48, 1. of a float type"),
        (lambda net, faces: saliency(_inside(net), faces[:2], 0, "gradcam", layer="cnn_pyramid"), "a net of its own"),
        (lambda net, faces: saliency(keras.Model(net.inputs[0], net.layers[3].output), faces[:2]), "not one score for"),
        (lambda net, faces: ascend(net, "logits", rate=np.nan), "rate is a number of at least 0, not nan"),
        (lambda net, faces: ascend(net, "logits", jitter=1.5), "jitter is a whole number of at least 0, not 1.5"),
        (lambda net, faces: saliency(net, faces[:2], 7), "classes are from 0 to 6, not 7 to 7"),
        (lambda net, faces: saliency(net, faces[:2], [0, -1]), "classes are from 0 to 6, not -1 to 0"),
        (lambda net, faces: saliency(net, faces[:2], [0, 1, 2]), "one for each of 2 faces"),
        (lambda net, faces: saliency(net, faces[:2], 0.5), "classes are one whole number"),
        (lambda net, faces: saliency(net, faces[:2], "contempt"), "no class is called 'contempt'; there are angry"),
        (lambda net, faces: saliency(net, faces[:2], method="lime"), "method is one of gradient, smoothgrad"),
        (
            lambda net, faces: saliency(net, faces[:2], method="smoothgrad", samples=0),
            "samples is a whole number of at least 1, not 0",
        ),
        (lambda net, faces: saliency(net, faces[:2], method="gradcam", layer="dense1"), "dense1 has none"),
        (lambda net, faces: masked_saliency(net, faces[:2], threshold=2), "threshold is a saliency from 0 to 1, not 2"),
        (lambda net, faces: feature_maps(net, "block9", faces[:2]), "cnn_pyramid has no layer 'block9'; it has faces,"),
        (lambda net, faces: ascend(net, "block4_pool", [16]), "block4_pool has 16 filters, 0 to 15, not 16 to 16"),
        (lambda net, faces: ascend(net, "block4_pool", []), "filters are whole numbers from 0 to 15"),
        (lambda net, faces: ascend(net, "logits", steps=0), "steps is a whole number of at least 1, not 0"),
        (lambda net, faces: ascend(net, "logits", start="face"), 'start is "noise" or a face'),
        (lambda net, faces: ascend(net, "logits", start=faces.images[:3]), "one for each of 7 filters, not 3"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(net, drawn, call, says):
    with pytest.raises(ValueError, match=says):
        call(net, drawn)


def _of(shape, dtype):
    inputs = keras.Input(shape, dtype=dtype)
    return keras.Model(inputs, layers.Dense(7)(layers.Flatten()(layers.Rescaling(1 / 255)(inputs))))


def _inside(net):
    inputs = keras.Input((48, 48, 1))
    return keras.Model(inputs, layers.Dense(7)(net(inputs)))


def test_damaged_weights_are_refused(drawn):
    net = build("cnn_leaky", width=0.125)
    net.get_layer("block2_conv").bias.assign(np.full(8, np.nan))  # which pooling swallows
    for call in (
        lambda: saliency(net, drawn[:2]),
        lambda: saliency(net, drawn[:2], 1, method="gradcam"),
        lambda: feature_maps(net, "block3_pool", drawn[:2]),
        lambda: ascend(net, "logits", 1, steps=2),
    ):
        with pytest.raises(ValueError, match=r"cnn_leaky holds weights that are no numbers \(NaN\)"):
            call()


def test_grad_cam_takes_the_last_maps_that_have_more_than_one_pixel(drawn):
    net = build("vgg16_bn", width=0.03)
    by_default = attribution(net, drawn[:2], 1, "gradcam")
    np.testing.assert_array_equal(by_default, attribution(net, drawn[:2], 1, "gradcam", layer="block5_conv3_bn"))


def test_what_excites_a_filter_does_not_depend_on_its_neighbours(net):
    alone, _ = ascend(net, "block2_conv", 2, steps=3, jitter=2)
    among, _ = ascend(net, "block2_conv", [0, 1, 2], steps=3, jitter=2, batch=2)
    np.testing.assert_allclose(among[2], alone[0], atol=0.5)


def test_a_sequential_net_is_explained_as_any_other(drawn):
    parts = [layers.Conv2D(4, 3, name="conv"), layers.MaxPooling2D(4), layers.Flatten(), layers.Dense(7, "softmax")]
    net = keras.Sequential([keras.Input((48, 48, 1)), *parts])
    same = keras.Model(net.inputs, net.outputs)
    for method in ("gradient", "gradcam"):
        found = saliency(net, drawn[:3], method=method)
        np.testing.assert_allclose(found, saliency(same, drawn[:3], method=method), atol=1e-5)
    assert feature_maps(net, "conv", drawn[:3]).shape == (3, 46, 46, 4)
