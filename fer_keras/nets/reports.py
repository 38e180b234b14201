"""The eight nets of the reports, layer by layer; `build("cnn_pyramid", width=0.5, dropout=0)` makes one by its name.

Every net takes raw faces (0 to 255) and scales them itself, so that a saved one does too. Its last two layers are
`logits` and `probabilities`. Options that all share: `width` scales the number of filters and units, `dropout` sets
every dropout rate (0 takes it out), `batch_norm=False` takes batch norm out, `activation` replaces the net's own;
nets that convolve have `kernel`, the size of every kernel. What a report does not state is marked "ours".
"""

from functools import partial

import keras
import numpy as np
from keras import layers

from fer_keras.faces import EMOTIONS, SIZE

LEAKY = partial(layers.LeakyReLU, negative_slope=0.2)  # report A's slope; ours in report E's net


def cnn_leaky(width=1.0, dropout=None, batch_norm=True, activation=LEAKY, kernel=None) -> keras.Model:
    """Report A: four blocks of convolution, LeakyReLU, batch norm (this order is ours), pool."""
    rate = 0.5 if dropout is None else dropout
    inputs = keras.Input((SIZE, SIZE, 1), name="faces")
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    for i, (filters, size) in enumerate([(32, 5), (64, 3), (128, 3), (128, 3)], start=1):
        x = layers.Conv2D(scaled(filters, width), kernel or size, padding="same", name=f"block{i}_conv")(x)
        x = activated(x, activation, f"block{i}_conv_active")
        if batch_norm:
            x = layers.BatchNormalization(name=f"block{i}_conv_bn")(x)
        x = layers.MaxPooling2D(2, name=f"block{i}_pool")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(scaled(256, width), name="dense1")(x)
    x = activated(x, activation, "dense1_active")
    if rate:
        x = layers.Dropout(rate, name="dense1_drop")(x)
    x = layers.Dense(len(EMOTIONS), name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="cnn_leaky")


def cnn_1m(width=1.0, dropout=None, batch_norm=True, activation="relu", kernel=3) -> keras.Model:
    """Report B's CNN of about a million parameters. Its figure is lost, so the layout is ours: four blocks of two
    convolutions; layer 16 of the 28 before flattening is the batch norm whose ReLU shows a 12 × 12 map. A trained
    face costs 0.18 GFLOP (three times the forward pass). Without the dense layer's batch norm the recipe's rate of 0.01
    leaves it at the majority class on a few thousand faces."""
    rate = 0.5 if dropout is None else dropout
    inputs = keras.Input((SIZE, SIZE, 1), name="faces")
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    for i, filters in enumerate([16, 32, 64, 128], start=1):
        for name in (f"block{i}_conv1", f"block{i}_conv2"):
            x = layers.Conv2D(scaled(filters, width), kernel, padding="same", name=name)(x)
            if batch_norm:
                x = layers.BatchNormalization(name=f"{name}_bn")(x)
            x = activated(x, activation, f"{name}_active")
        x = layers.MaxPooling2D(2, name=f"block{i}_pool")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(scaled(608, width), name="dense1")(x)
    if batch_norm:
        x = layers.BatchNormalization(name="dense1_bn")(x)
    x = activated(x, activation, "dense1_active")
    if rate:
        x = layers.Dropout(rate, name="dense1_drop")(x)
    x = layers.Dense(len(EMOTIONS), name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="cnn_1m")


def dnn_narrow(width=1.0, dropout=None, batch_norm=True, activation="relu") -> keras.Model:
    """Report B: three dense layers of 64; PyTorch's batch norm (its momentum 0.1 is Keras' 0.9)."""
    rates = [0.1, 0.2, 0.7] if dropout is None else [dropout] * 3
    inputs = keras.Input((SIZE, SIZE, 1), name="faces")
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    x = layers.Flatten(name="flat")(x)
    for i, rate in enumerate(rates, start=1):
        x = layers.Dense(scaled(64, width), name=f"dense{i}")(x)
        if batch_norm:
            x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"dense{i}_bn")(x)
        x = activated(x, activation, f"dense{i}_active")
        if rate:
            x = layers.Dropout(rate, name=f"dense{i}_drop")(x)
    x = layers.Dense(len(EMOTIONS), name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="dnn_narrow")


def cnn_pyramid(
    width=1.0, dropout=None, batch_norm=True, activation="relu", kernel=None, filters=(32, 64, 64, 32)
) -> keras.Model:
    """Report C: four blocks with more and larger filters in the middle (`filters`, a number a block; `kernel` can be
    four as well), then two dense layers."""
    kernels = (3, 5, 3, 3) if kernel is None else kernel if np.ndim(kernel) else (kernel,) * 4
    rate = 0.25 if dropout is None else dropout
    inputs = keras.Input((SIZE, SIZE, 1), name="faces")
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    for i, (count, size) in enumerate(zip(filters, kernels, strict=True), start=1):
        x = layers.Conv2D(scaled(count, width), size, padding="same", name=f"block{i}_conv")(x)
        if batch_norm:
            x = layers.BatchNormalization(name=f"block{i}_conv_bn")(x)
        x = activated(x, activation, f"block{i}_conv_active")
        x = layers.MaxPooling2D(2, name=f"block{i}_pool")(x)
        if rate:
            x = layers.Dropout(rate, name=f"block{i}_pool_drop")(x)
    x = layers.Flatten(name="flat")(x)
    for i, units in enumerate([256, 512], start=1):
        x = layers.Dense(scaled(units, width), name=f"dense{i}")(x)
        if batch_norm:
            x = layers.BatchNormalization(name=f"dense{i}_bn")(x)
        x = activated(x, activation, f"dense{i}_active")
        if rate:
            x = layers.Dropout(rate, name=f"dense{i}_drop")(x)
    x = layers.Dense(len(EMOTIONS), name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="cnn_pyramid")


def cnn_3layer(width=1.0, activation="relu", kernel=3) -> keras.Model:
    """Report C's "simple 3-layer CNN [64, 128, 512]": pooling after each and no dense layer but the last are ours."""
    inputs = keras.Input((SIZE, SIZE, 1), name="faces")
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    for i, filters in enumerate([64, 128, 512], start=1):
        x = layers.Conv2D(scaled(filters, width), kernel, padding="same", name=f"block{i}_conv")(x)
        x = activated(x, activation, f"block{i}_conv_active")
        x = layers.MaxPooling2D(2, name=f"block{i}_pool")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(len(EMOTIONS), name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="cnn_3layer")


def cnn_fc3(width=1.0, activation="relu", kernel=None) -> keras.Model:
    """Report D: four convolutions, a pool after each, three dense layers; ReLU is ours."""
    inputs = keras.Input((SIZE, SIZE, 1), name="faces")
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    for i, (filters, size) in enumerate([(32, 5), (64, 3), (128, 3), (128, 3)], start=1):
        x = layers.Conv2D(scaled(filters, width), kernel or size, padding="same", name=f"block{i}_conv")(x)
        x = activated(x, activation, f"block{i}_conv_active")
        x = layers.MaxPooling2D(2, name=f"block{i}_pool")(x)
    x = layers.Flatten(name="flat")(x)
    for i, units in enumerate([256, 128], start=1):
        x = layers.Dense(scaled(units, width), name=f"dense{i}")(x)
        x = activated(x, activation, f"dense{i}_active")
    x = layers.Dense(len(EMOTIONS), name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="cnn_fc3")


def vgg16_bn(width=1.0, dropout=None, batch_norm=True, activation=LEAKY, kernel=3) -> keras.Model:
    """Report E: VGG16 for 48 × 48 faces, LeakyReLU then batch norm; slope 0.2 and dropout 0.5 are ours."""
    rate = 0.5 if dropout is None else dropout
    inputs = keras.Input((SIZE, SIZE, 1), name="faces")
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    for i, (filters, convs) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], start=1):
        for j in range(1, convs + 1):
            x = layers.Conv2D(scaled(filters, width), kernel, padding="same", name=f"block{i}_conv{j}")(x)
            x = activated(x, activation, f"block{i}_conv{j}_active")
            if batch_norm:
                x = layers.BatchNormalization(name=f"block{i}_conv{j}_bn")(x)
        x = layers.MaxPooling2D(2, name=f"block{i}_pool")(x)
    x = layers.Flatten(name="flat")(x)
    for i, units in enumerate([4096, 4096, 1000], start=1):
        x = layers.Dense(scaled(units, width), name=f"dense{i}")(x)
        x = activated(x, activation, f"dense{i}_active")
        if rate:
            x = layers.Dropout(rate, name=f"dense{i}_drop")(x)
    x = layers.Dense(len(EMOTIONS), name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="vgg16_bn")


def dnn_deep(width=1.0, dropout=0.0, activation="relu") -> keras.Model:
    """Report E: twenty dense layers with as many parameters as its VGG16. ReLU and He's initial weights are ours:
    from Glorot's it stays at the majority class."""
    inputs = keras.Input((SIZE, SIZE, 1), name="faces")
    x = layers.Rescaling(1 / 255, name="scaled")(inputs)
    x = layers.Flatten(name="flat")(x)
    for i, units in enumerate([2000] * 6 + [1000] * 12 + [512, 128], start=1):
        x = layers.Dense(scaled(units, width), kernel_initializer="he_normal", name=f"dense{i}")(x)
        x = activated(x, activation, f"dense{i}_active")
        if dropout:
            x = layers.Dropout(dropout, name=f"dense{i}_drop")(x)
    x = layers.Dense(len(EMOTIONS), kernel_initializer="he_normal", name="logits")(x)
    outputs = layers.Softmax(dtype="float32", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="dnn_deep")


def scaled(size: int, width: float) -> int:
    """How many filters or units a layer of this size has at this width."""
    return max(1, round(size * width))


def activated(x, activation, name: str):
    """What an activation, by its Keras name or a layer such as LEAKY, makes of x."""
    layer = activation(name=name) if callable(activation) else layers.Activation(activation, name=name)
    return layer(x)
