"""What a saved net's gradients are on the backend of this process: `python -m tests.gradients NET.keras OUT.npz`.

`tests/test_saliency.py` starts it on each backend and compares.
"""

import sys

import keras
import numpy as np
from keras import layers, ops

from fer_keras import ascend, draw_faces, feature_maps
from fer_keras.base import backend
from fer_keras.seeing.saliency import attribution
from fer_keras.training.predict import load_model


def smooth_error() -> float:
    """Largest error of a gradient against finite differences, in shares of its largest value: a smooth float64 net."""
    keras.utils.set_random_seed(0)
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    x = inputs = keras.Input((6, 6, 1))
    # convolutions only: Keras computes dense layers (PyTorch), tanh (JAX) in float32
    for filters, activation in ((4, "silu"), (5, "softplus"), (3, "sigmoid")):
        x = layers.Conv2D(filters, 3, padding="same", activation=activation)(x)
    at = backend.gradient(keras.Model(inputs, x), lambda maps, which: ops.sum(maps[..., 1] ** 2, axis=(1, 2)))
    face, which = np.random.default_rng(0).normal(size=(1, 6, 6, 1)), np.array([2])
    _, found = at(face, which)
    steps = 1e-5 * np.eye(36).reshape(36, 6, 6, 1)
    more, less = (at(face + sign * steps, np.full(36, 2))[0] for sign in (1, -1))
    measured = ((more - less) / 2e-5).reshape(6, 6, 1)
    return float(np.abs(found[0] - measured).max() / np.abs(measured).max())


def main(net: str, out: str) -> None:
    model, faces = load_model(net), draw_faces(240)[:9]
    found = {
        method: attribution(model, faces, "fear", method, samples=4, steps=16)
        for method in ("gradient", "smoothgrad", "gradient_x_input", "integrated")
    }
    each = np.arange(len(faces)) % 7  # of one class alone the maps of all faces may be empty
    found["gradcam"] = attribution(model, faces, each, "gradcam", layer="conv")
    found["maps"] = feature_maps(model, "pool", faces)
    _, found["climbed"] = ascend(model, "logits", range(4), steps=15, seed=1)
    np.savez(out, smooth_error=smooth_error(), **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
