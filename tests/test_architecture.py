"""What is counted of a net is what it does: pixels that reach a unit, multiplications that TensorFlow counts."""

import keras
import numpy as np
import pytest
from keras import layers
from matplotlib.patches import Rectangle

from fer_keras import build
from fer_keras.nets.sizes import outline
from fer_keras.study.architecture import draw_nets, layer_table


def branching():
    """A net of a user's own: strides, dilation, a branch, a separable convolution, and no flattening."""
    faces = keras.Input((48, 48, 1))
    x = layers.Conv2D(8, 3, strides=2, padding="same", name="strided")(faces)
    wide = layers.Conv2D(8, 3, dilation_rate=2, padding="same", name="dilated")(x)
    x = layers.Add(name="sum")([x, wide])
    x = layers.SeparableConv2D(4, 3, padding="same", name="separable")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(layers.AveragePooling2D(2, name="pooled")(x))
    return keras.Model(faces, layers.Dense(7, "softmax", name="answer")(x))


def reach(net, names, rng):
    """How many columns of the face lie between the first and the last one that change a number in the middle of each
    layer's map, tried one by one."""
    faces = np.repeat(rng.uniform(0, 255, (6, 1, 48, 48, 1)), 49, axis=1)
    for column in range(48):
        faces[:, column, :, column] = rng.uniform(0, 255, (6, 48, 1))
    part = keras.Model(net.inputs, [net.get_layer(name).output for name in names])
    found = {}
    for name, maps in zip(names, part.predict(faces.reshape(-1, 48, 48, 1), batch_size=49, verbose=0), strict=True):
        middle = maps[:, maps.shape[1] // 2, maps.shape[2] // 2].reshape(6, 49, -1)
        matter = np.flatnonzero((middle[:, :48] != middle[:, 48:]).any(axis=(0, 2)))
        found[name] = matter[-1] - matter[0] + 1
    return found


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: build("cnn_leaky", width=0.25), ["block1_conv", "block2_pool", "block3_conv_bn", "block3_pool"]),
        (lambda: build("cnn_pyramid", width=0.25), ["block2_conv", "block3_pool"]),
        (lambda: build("vgg16_bn", width=0.05), ["block1_pool", "block3_conv3_bn"]),
        (branching, ["strided", "sum", "separable", "pooled"]),
    ],
    ids=["cnn_leaky", "cnn_pyramid", "vgg16_bn", "branching"],
)
def test_the_receptive_field_holds_the_pixels_that_reach_a_unit(make, names, rng):
    net = make()
    fields = layer_table(net)["receptive_field"]
    assert reach(net, names, rng) == fields[names].to_dict()


@pytest.mark.parametrize("make", [lambda: build("cnn_pyramid", width=0.5), branching], ids=["cnn_pyramid", "branching"])
def test_multiply_adds_are_those_of_tensorflows_profiler(make):
    import tensorflow as tf

    net = make()
    graph = tf.function(lambda x: net(x, training=False)).get_concrete_function(tf.TensorSpec((1, 48, 48, 1))).graph
    options = {**tf.compat.v1.profiler.ProfileOptionBuilder.float_operation(), "output": "none"}
    found = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    multiply = ("Conv2D", "DepthwiseConv2dNative", "MatMul")
    counted, node = 0, found
    while node.children:  # one below the other, each with its own and with all that are left
        node = node.children[0]
        counted += node.float_ops if node.name in multiply else 0
    assert layer_table(net)["multiply_adds"].sum() == counted / 2 > 1e5


def test_a_table_counts_every_layer_of_a_net():
    net = outline("cnn_leaky")
    table = layer_table(net)
    assert table["parameters"].sum() == net.count_params() == 539_143
    assert table["multiply_adds"]["block1_conv"] == 48 * 48 * 5 * 5 * 32
    assert table["multiply_adds"]["logits"] == 256 * 7
    assert list(table["kind"].value_counts()[["convolution", "pool", "batch norm"]]) == [4, 4, 4]
    assert table["output"]["block4_pool"] == "3 × 3 × 128" and table["receptive_field"]["block4_pool"] == 48
    assert table["receptive_field"][["flat", "dense1", "logits"]].isna().all()


def test_a_drawing_has_a_box_for_each_layer_and_a_row_for_each_net():
    figure = draw_nets({"A": build("cnn_pyramid", width=0.1), "mine": branching()}, "Two nets")
    assert figure.alt.startswith("Two nets. ") and "A, mine" in figure.alt
    boxes = [[patch for patch in axis.patches if isinstance(patch, Rectangle)] for axis in figure.axes]
    assert [len(each) for each in boxes] == [4 + 4 + 2 + 1, 3 + 1 + 1]
    heights = [box.get_height() for box in boxes[0][:8:2]]
    assert heights == pytest.approx([1, 1 / 2, 1 / 4, 1 / 8])  # maps of 48, 24, 12, 6 pixels
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[0] == "3×3" and texts[1] == "3\nb" and "5×5" in texts and texts[-1] == "A"
