"""The eight nets of the reports, by name; `build("cnn_pyramid", width=0.5, dropout=0)`.

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
    net = _Layers(width, dropout, batch_norm, activation)
    for i, (filters, size) in enumerate([(32, 5), (64, 3), (128, 3), (128, 3)], 1):
        net.conv(filters, size if kernel is None else kernel, f"block{i}_conv", norm="after").pool(f"block{i}_pool")
    return net.flat().dense(256, "dense1").drop(0.5).done("cnn_leaky")


def cnn_1m(width=1.0, dropout=None, batch_norm=True, activation="relu", kernel=3) -> keras.Model:
    """Report B's CNN of about a million parameters. Its figure is lost, so the layout is ours: four blocks of two
    convolutions; layer 16 of the 28 before flattening is the batch norm whose ReLU shows a 12 × 12 map. A trained
    face costs 0.18 GFLOP (three times the forward pass). Without the dense layer's batch norm the recipe's rate of 0.01
    leaves it at the majority class on a few thousand faces."""
    net = _Layers(width, dropout, batch_norm, activation)
    for i, filters in enumerate([16, 32, 64, 128], 1):
        for j in (1, 2):
            net.conv(filters, kernel, f"block{i}_conv{j}", norm="before")
        net.pool(f"block{i}_pool")
    return net.flat().dense(608, "dense1", norm=True).drop(0.5).done("cnn_1m")


def dnn_narrow(width=1.0, dropout=None, batch_norm=True, activation="relu") -> keras.Model:
    """Report B: three dense layers of 64; PyTorch's batch norm (its momentum 0.1 is Keras' 0.9)."""
    net = _Layers(width, dropout, batch_norm, activation, epsilon=1e-5, momentum=0.9).flat()
    for i, rate in enumerate([0.1, 0.2, 0.7], 1):
        net.dense(64, f"dense{i}", norm=True).drop(rate)
    return net.done("dnn_narrow")


def cnn_pyramid(
    width=1.0, dropout=None, batch_norm=True, activation="relu", kernel=None, filters=(32, 64, 64, 32)
) -> keras.Model:
    """Report C: four blocks with more and larger filters in the middle (`filters`, a number a block; `kernel` can be
    four as well), then two dense layers."""
    kernels = (3, 5, 3, 3) if kernel is None else kernel if np.ndim(kernel) else (kernel,) * 4
    for name, sizes in {"filters": filters, "kernels": kernels}.items():
        if np.shape(sizes) != (4,):
            raise ValueError(f"{name} are four numbers, one a block, not {sizes!r}")
    net = _Layers(width, dropout, batch_norm, activation)
    for i, (count, size) in enumerate(zip(filters, kernels, strict=True), 1):
        net.conv(count, size, f"block{i}_conv", norm="before")
        net.pool(f"block{i}_pool").drop(0.25)
    net.flat()
    for i, units in enumerate([256, 512], 1):
        net.dense(units, f"dense{i}", norm=True).drop(0.25)
    return net.done("cnn_pyramid")


def cnn_3layer(width=1.0, activation="relu", kernel=3) -> keras.Model:
    """Report C's "simple 3-layer CNN [64, 128, 512]": pooling after each and no dense layer but the last are ours."""
    net = _Layers(width, None, False, activation)
    for i, filters in enumerate([64, 128, 512], 1):
        net.conv(filters, kernel, f"block{i}_conv").pool(f"block{i}_pool")
    return net.flat().done("cnn_3layer")


def cnn_fc3(width=1.0, activation="relu", kernel=None) -> keras.Model:
    """Report D: four convolutions, a pool after each, three dense layers; ReLU is ours."""
    net = _Layers(width, None, False, activation)
    for i, (filters, size) in enumerate([(32, 5), (64, 3), (128, 3), (128, 3)], 1):
        net.conv(filters, size if kernel is None else kernel, f"block{i}_conv").pool(f"block{i}_pool")
    return net.flat().dense(256, "dense1").dense(128, "dense2").done("cnn_fc3")


def vgg16_bn(width=1.0, dropout=None, batch_norm=True, activation=LEAKY, kernel=3) -> keras.Model:
    """Report E: VGG16 for 48 × 48 faces, LeakyReLU then batch norm; slope 0.2 and dropout 0.5 are ours."""
    net = _Layers(width, dropout, batch_norm, activation)
    for i, (filters, convs) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], 1):
        for j in range(1, convs + 1):
            net.conv(filters, kernel, f"block{i}_conv{j}", norm="after")
        net.pool(f"block{i}_pool")
    net.flat()
    for i, units in enumerate([4096, 4096, 1000], 1):
        net.dense(units, f"dense{i}").drop(0.5)
    return net.done("vgg16_bn")


def dnn_deep(width=1.0, dropout=0.0, activation="relu") -> keras.Model:
    """Report E: twenty dense layers with as many parameters as its VGG16. ReLU and He's initial weights are ours:
    from Glorot's it stays at the majority class."""
    net = _Layers(width, dropout, False, activation, initializer="he_normal").flat()
    for i, units in enumerate([2000] * 6 + [1000] * 12 + [512, 128], 1):
        net.dense(units, f"dense{i}").drop(dropout)
    return net.done("dnn_deep")


class _Layers:
    """Layers one after another, from raw faces to probabilities, with the options that the nets share."""

    def __init__(self, width, dropout, batch_norm, activation, initializer="glorot_uniform", **norm):
        if not isinstance(width, int | float) or width <= 0:
            raise ValueError(f"width is a number above 0, 1 for the report's own, not {width!r}")
        if dropout is not None and not (isinstance(dropout, int | float) and 0 <= dropout < 1):
            raise ValueError(f"dropout is a share from 0 to below 1, not {dropout!r}")
        self.width, self.dropout, self.batch_norm = width, dropout, batch_norm
        self.activation, self.initializer, self.norm_options = activation, initializer, norm
        self.inputs = keras.Input((SIZE, SIZE, 1), name="faces")
        self.x = layers.Rescaling(1 / 255, name="scaled")(self.inputs)

    def conv(self, filters: int, kernel: int, name: str, norm: str = ""):
        """A "same" convolution; batch norm `before` or `after` its activation."""
        if not isinstance(kernel, int) or kernel < 1:
            raise ValueError(f"kernel is a whole number of pixels, at least 1, not {kernel!r}")
        self.x = layers.Conv2D(
            self._scaled(filters), kernel, padding="same", kernel_initializer=self.initializer, name=name
        )(self.x)
        return self._activate(name, norm)

    def dense(self, units: int, name: str, norm: bool = False):
        self.x = layers.Dense(self._scaled(units), kernel_initializer=self.initializer, name=name)(self.x)
        return self._activate(name, "before" if norm else "")

    def pool(self, name: str):
        self.x, self.last = layers.MaxPooling2D(2, name=name)(self.x), name
        return self

    def flat(self):
        self.x = layers.Flatten(name="flat")(self.x)
        return self

    def drop(self, rate: float):
        """Dropout, named after the layer before it."""
        rate = rate if self.dropout is None else self.dropout
        self.x = layers.Dropout(rate, name=f"{self.last}_drop")(self.x) if rate else self.x
        return self

    def done(self, name: str) -> keras.Model:
        self.x = layers.Dense(len(EMOTIONS), kernel_initializer=self.initializer, name="logits")(self.x)
        return keras.Model(self.inputs, layers.Softmax(name="probabilities", dtype="float32")(self.x), name=name)

    def _activate(self, name: str, norm: str):
        self.last = name
        norm = norm if self.batch_norm else ""
        if norm == "before":
            self.x = layers.BatchNormalization(name=f"{name}_bn", **self.norm_options)(self.x)
        active = self.activation if callable(self.activation) else partial(layers.Activation, self.activation)
        self.x = active(name=f"{name}_active")(self.x)
        if norm == "after":
            self.x = layers.BatchNormalization(name=f"{name}_bn", **self.norm_options)(self.x)
        return self

    def _scaled(self, size: int) -> int:
        return max(1, round(size * self.width))
