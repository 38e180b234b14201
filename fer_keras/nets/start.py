"""Initial weights as another framework draws them: a net that was trained there begins elsewhere than one of Keras."""

import math

import keras
import numpy as np


def as_pytorch_starts(net: keras.Model, seed: int) -> None:
    """Draw the weights anew, evenly from ±1/√(inputs of a unit), biases too. Keras' kernels are Glorot's, its biases 0:
    kernels of 3 × 3 on 128 maps begin 1.7 times as large."""
    random = np.random.default_rng(seed)
    for layer in net.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            bound = 1 / math.sqrt(math.prod(layer.kernel.shape[:-1]))
            layer.set_weights([random.uniform(-bound, bound, each.shape) for each in layer.get_weights()])
