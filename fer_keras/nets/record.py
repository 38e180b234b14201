"""The net that is to get as far as one small net can from FER2013 alone: `build("record")`, notebook 60.

A residual net of about a million parameters. The stem halves the picture at once, so that what follows is cheap: one
trained face costs about 0.58 GFLOP. Every choice is ours.
"""

import keras
from keras import layers

from fer_keras.faces import EMOTIONS, SIZE
from fer_keras.nets.reports import activated, scaled


def record(width=1.0, dropout=0.2, activation="relu", filters=(48, 96, 192)) -> keras.Model:
    """A stem, two blocks of three convolutions with a shortcut around the last two, and an average over the map."""
    stem, middle, last = (scaled(count, width) for count in filters)
    inputs = keras.Input((SIZE, SIZE, 1), name="faces")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scaled")(inputs)
    x = _conv(x, stem, 5, activation, "stem", strides=2)
    for i, count in enumerate((middle, last), start=1):
        x = _conv(x, count, 3, activation, f"block{i}_conv1")
        x = layers.MaxPooling2D(2, name=f"block{i}_pool")(x)
        shortcut = x
        x = _conv(x, count, 3, activation, f"block{i}_conv2")
        x = _conv(x, count, 3, activation, f"block{i}_conv3")
        x = layers.Add(name=f"block{i}_sum")([shortcut, x])
    x = layers.GlobalAveragePooling2D(name="averages")(x)
    if dropout:
        x = layers.Dropout(dropout, name="averages_drop")(x)
    x = layers.Dense(len(EMOTIONS), name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="record")


def _conv(x, filters: int, kernel: int, activation, name: str, strides: int = 1):
    """A convolution, batch norm, and the activation."""
    x = layers.Conv2D(
        filters, kernel, strides, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return activated(x, activation, f"{name}_active")
