"""The nets have the reports' parameters, take raw faces, and change with their options as asked."""

import sys

import keras
import numpy as np
import pytest

from fer_keras import build
from fer_keras.nets.build import BUILDERS, NETS, changed_options
from fer_keras.nets.build import table as table_of_nets
from fer_keras.nets.sizes import features_of, width_of

COUNTS = {  # total, not trainable: as the reports state them, or as follows from their layers
    "cnn_leaky": (539_143, 704),
    "dnn_narrow": (157_063, 384),
    "cnn_pyramid": (319_975, 1_920),
    "cnn_fc3": (569_735, 0),
    "vgg16_bn": (37_716_999, 8_448),
    "dnn_deep": (38_211_079, 0),
}
SLIM = {name: 0.05 if name in ("vgg16_bn", "dnn_deep") else 0.25 for name in BUILDERS}


@pytest.fixture(scope="module")
def table():
    return table_of_nets()


def test_parameters_are_those_of_the_reports(table):
    assert {name: (table[name]["total"], table[name]["non_trainable"]) for name in COUNTS} == COUNTS
    assert list(table) == [*NETS, "record"]
    assert [row["report"] for row in table.values()] == [*"ABBCCDEE", "ours"]
    assert all(row["total"] == row["trainable"] + row["non_trainable"] for row in table.values())


def test_the_table_counts_what_a_built_net_holds(table):
    for name in ("cnn_leaky", "dnn_narrow"):
        net = build(name)
        assert table[name]["trainable"] == sum(np.prod(w.shape) for w in net.trainable_weights)
        assert table[name]["total"] == net.count_params()


def test_the_lost_net_of_report_b_fits_what_is_known_of_it(table):
    assert abs(table["cnn_1m"]["total"] - 1e6) < 5_000
    net = build("cnn_1m")
    names = [layer.name for layer in net.layers if layer.name not in ("faces", "scaled")]
    assert names.index("flat") >= 16 and names[15:17] == ["block3_conv1_bn", "block3_conv1_active"]
    multiply_adds = 0
    for layer in net.layers:
        if isinstance(layer, keras.layers.Conv2D):
            multiply_adds += np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:3])
        elif isinstance(layer, keras.layers.Dense):
            multiply_adds += np.prod(layer.kernel.shape)
    assert 0.1e9 < 2 * 3 * multiply_adds <= 0.25e9  # forward, and twice that backward


@pytest.mark.parametrize("name", BUILDERS)
def test_a_saved_net_takes_raw_faces_and_gives_probabilities(name, drawn, tmp_path):
    net = build(name, width=SLIM[name])
    faces = drawn.images[:5, ..., None]
    probabilities = net.predict(faces, verbose=0)
    assert probabilities.shape == (5, 7) and np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(net.predict(faces.astype("float32"), verbose=0), probabilities, atol=1e-6)
    logits = keras.Model(net.inputs, net.get_layer("logits").output).predict(faces, verbose=0)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(softmax, probabilities, atol=1e-5)
    net.save(tmp_path / "net.keras")
    again = keras.saving.load_model(tmp_path / "net.keras", safe_mode=True)
    assert np.allclose(again.predict(faces, verbose=0), probabilities, atol=1e-6)


def layers_of(net, kind):
    return [layer for layer in net.layers if isinstance(layer, kind)]


def test_options_take_parts_away_one_at_a_time():
    kinds = keras.layers.Dropout, keras.layers.BatchNormalization, keras.layers.Conv2D
    counts = [len(layers_of(build("cnn_pyramid", width=0.1), kind)) for kind in kinds]
    assert counts == [6, 6, 4]
    assert not layers_of(build("cnn_pyramid", width=0.1, dropout=0), keras.layers.Dropout)
    assert {layer.rate for layer in layers_of(build("cnn_pyramid", dropout=0.4), keras.layers.Dropout)} == {0.4}
    assert not layers_of(build("cnn_pyramid", width=0.1, batch_norm=False), keras.layers.BatchNormalization)
    kernels = [layer.kernel_size for layer in layers_of(build("cnn_pyramid", width=0.1), keras.layers.Conv2D)]
    assert kernels == [(3, 3), (5, 5), (3, 3), (3, 3)]
    assert {layer.kernel_size for layer in layers_of(build("cnn_pyramid", kernel=3), keras.layers.Conv2D)} == {(3, 3)}
    assert not layers_of(build("vgg16_bn", width=0.05, activation="relu"), keras.layers.LeakyReLU)
    widths = [layer.filters for layer in layers_of(build("cnn_pyramid", width=0.5), keras.layers.Conv2D)]
    assert widths == [16, 32, 32, 16]


def test_layers_that_later_questions_ask_for_have_their_names():
    shapes = {"block2_pool": (12, 12), "block4_pool": (3, 3), "block5_pool": (1, 1)}
    net = build("vgg16_bn", width=0.05)
    assert {name: net.get_layer(name).output.shape[1:3] for name in shapes} == shapes
    norm = build("dnn_narrow").get_layer("dense1_bn")
    assert (norm.epsilon, norm.momentum) == (1e-5, 0.9)


def test_unknown_nets_and_options_are_refused():
    with pytest.raises(ValueError, match="no net is called 'resnet'; there are cnn_leaky"):
        build("resnet")
    with pytest.raises(ValueError, match="dnn_deep has no option 'kernel'; it has width, dropout, activation"):
        build("dnn_deep", kernel=3)
    for value in ("nonsense", "false", 0):
        with pytest.raises(ValueError, match=f"batch_norm is true or false, not {value!r}"):
            build("cnn_leaky", batch_norm=value)


def test_a_net_of_the_users_own_is_built_by_module_and_function(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    text = "import keras\ndef net(units=7):\n    x = keras.Input((48, 48, 1))\n"
    text += "    return keras.Model(x, keras.layers.Dense(units, 'softmax')(keras.layers.Flatten()(x)))\n"
    text += "def broken():\n    raise RuntimeError('no idea')\n"
    (tmp_path / "my_nets.py").write_text(text + "def nothing():\n    return None\n")
    assert build("my_nets:net").output_shape == (None, 7)
    for name, options in (("my_nets:nothing", {}), ("my_nets:net", {"units": 5})):
        with pytest.raises(ValueError, match=f"{name} does not return a keras.Model from 48 × 48 × 1 faces to 7"):
            build(name, **options)
    with pytest.raises(ValueError, match="my_nets:broken made no net: RuntimeError: no idea"):
        build("my_nets:broken")
    for name in ("my_nets:other", "no_nets:net"):
        with pytest.raises(ValueError, match=f"{name} cannot be found"):
            build(name)


def test_the_filters_of_report_cs_blocks_can_be_evened_out():
    even = layers_of(build("cnn_pyramid", filters=(48, 48, 48, 48), width=0.5), keras.layers.Conv2D)
    assert [(layer.filters, layer.kernel_size[0]) for layer in even] == [(24, 3), (24, 5), (24, 3), (24, 3)]
    for name, count in (("cnn_pyramid", "four"), ("record", "three")):
        with pytest.raises(ValueError, match=rf"filters are {count} whole numbers .*, one a block, not \(48, 48\)"):
            build(name, filters=(48, 48))


def test_report_cs_kernels_can_be_given_block_by_block():
    reversed_ones = layers_of(build("cnn_pyramid", kernel=(5, 3, 3, 5), width=0.1), keras.layers.Conv2D)
    assert [layer.kernel_size for layer in reversed_ones] == [(5, 5), (3, 3), (3, 3), (5, 5)]
    with pytest.raises(ValueError, match=r"kernels are four numbers, one a block, not \(3, 5\)"):
        build("cnn_pyramid", kernel=(3, 5))
    with pytest.raises(ValueError, match=r"kernel is a whole number of pixels, from 1 to 48, not \(3, 5, 3, 0\)"):
        build("cnn_pyramid", kernel=(3, 5, 3, 0))
    with pytest.raises(ValueError, match="kernel is a whole number of pixels, from 1 to 48, not '3'"):
        build("cnn_pyramid", kernel="3")


@pytest.mark.parametrize("name", BUILDERS)
def test_the_features_are_what_the_logits_are_made_of(name, drawn):
    net, faces = build(name, width=SLIM[name]), drawn.images[:3, ..., None]
    weights, bias = net.get_layer("logits").get_weights()
    logits = keras.Model(net.inputs, net.get_layer("logits").output).predict(faces, verbose=0)
    features = features_of(net).predict(faces, verbose=0)
    assert np.allclose(features @ weights + bias, logits, atol=1e-4)


def test_the_features_of_other_nets_are_the_input_of_their_last_weights_or_their_answers():
    inner = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(7, "softmax")])
    assert features_of(inner).output_shape == (None, 2304)
    outer = keras.Sequential([keras.Input((48, 48, 1)), inner])
    assert features_of(outer) is outer
    faces = keras.Input((48, 48, 1))
    rows = keras.layers.Reshape((48, 48))(faces)
    two_inputs = keras.Model(faces, keras.layers.Attention(use_scale=True)([rows, rows]))
    assert features_of(two_inputs) is two_inputs


@pytest.mark.parametrize(("name", "options"), [("dnn_narrow", {}), ("cnn_pyramid", {"kernel": 3})])
def test_a_width_is_found_for_a_number_of_parameters(name, options):
    width = width_of(name, 400_000, **options)
    assert abs(build(name, width=width, **options).count_params() / 400_000 - 1) < 0.02
    with pytest.raises(ValueError, match=f"no {name} has as few as 10 parameters"):
        width_of(name, 10)


def test_options_that_are_the_nets_own_change_nothing():
    assert changed_options("cnn_1m", {"width": 1, "kernel": 3, "dropout": 0}) == {"dropout": 0}
    assert changed_options("my:net", {"width": 1}) == {"width": 1}
