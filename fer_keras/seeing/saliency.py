"""Seeing inside a net, on any Keras backend: saliency and masked saliency.

`images` are `Faces`, or raw faces (0 to 255) as an array (n, 48, 48) or (n, 48, 48, 1). What is explained is a class's
logit, where the net ends in a softmax layer, else its output; `classes` are None for what the net predicts, an
emotion, or one label a face, such as `faces.labels` for the true ones.
"""

import warnings
from collections.abc import Callable
from numbers import Real
from weakref import WeakKeyDictionary

import keras
import numpy as np
from scipy.ndimage import zoom

from fer_keras.base import backend
from fer_keras.base.numbers import check_number, check_whole, filled_up
from fer_keras.base.progress import bar
from fer_keras.faces import SIZE
from fer_keras.seeing.inputs import BATCH, class_numbers, find_layer, pick, predicted, raw_faces, ready

CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
_gradients = WeakKeyDictionary()  # of each model its compiled gradient, which sees weights that change later
METHODS = ("gradient", "smoothgrad", "gradient_x_input", "integrated", "gradcam")


def saliency(model: keras.Model, images, classes=None, method: str = "gradient", **options) -> np.ndarray:
    """(n, 48, 48) from 0 to 1: how much each pixel matters, by the absolute value of its attribution.

    Each map is normalised as a whole: its weakest pixel is 0, its strongest 1.

    images: Faces, or raw faces (0 to 255). classes: what is explained; None for what the net predicts, an emotion, or
    one label a face. method: gradient, smoothgrad, gradient_x_input, integrated or gradcam. options: samples and noise
    for smoothgrad, steps for integrated, layer for gradcam.

    >>> maps = saliency(run.model, faces[:4], classes="happy", method="smoothgrad", samples=2)
    >>> maps.shape, maps.min(), maps.max()
    ((4, 48, 48), np.float32(0.0), np.float32(1.0))
    """
    maps = np.abs(attribution(model, images, classes, method, **options))
    low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    return (maps - low) / np.where(high > low, high - low, 1)


def masked_saliency(model: keras.Model, images, classes=None, threshold: float = 0.5, **options) -> np.ndarray:
    """(n, 48, 48): the faces, with each pixel whose saliency is below the threshold at its face's mean (report E).

    options: those of `saliency`, `method` among them.

    >>> masked_saliency(run.model, faces[:4], threshold=0.3).shape
    (4, 48, 48)
    """
    if not isinstance(threshold, Real) or not 0 <= threshold <= 1:
        raise ValueError(f"threshold is a saliency from 0 to 1, not {threshold!r}")
    faces = raw_faces(images)[..., 0]
    maps = saliency(model, images, classes, **options)
    return np.where(maps < threshold, faces.mean(axis=(1, 2), keepdims=True), faces)


def attribution(
    model: keras.Model, images, classes=None, method: str = "gradient", *,
    samples: int = 16, noise: float = 0.1, steps: int = 64, layer: str | None = None, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """(n, 48, 48), signed: what each pixel adds to the score of the class.

    gradient: of the score. smoothgrad: its mean over `samples` noisy copies; noise: their deviation, a fraction of
    the range. gradient_x_input: times the pixel. integrated: integrated gradients from black in so many `steps`;
    what they miss of the score is checked, and told in a warning. gradcam: of the maps of `layer` (without one, of the
    last layer whose maps have more than one pixel), enlarged.
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, not {method!r}")
    check_whole("samples", samples, 1)
    check_whole("steps", steps, 1)
    check_number("noise", noise)
    faces, model = raw_faces(images), ready(model)
    scored = _before_softmax(model)
    classes = class_numbers(scored, faces, classes)
    if method == "gradcam":
        return _grad_cam(scored, faces, classes, layer)
    if model not in _gradients:
        _gradients[model] = backend.gradient(scored, pick)
    at = _gradients[model]
    if method == "smoothgrad":
        rng = np.random.default_rng(seed)
        noisy = (faces + rng.normal(0, 255 * noise, faces.shape).astype(np.float32) for _ in range(samples))
        found = sum(_in_batches(at, each, classes)[1] for each in bar(noisy, "noise", " samples", total=samples))
        return found[..., 0] / samples
    if method == "integrated":
        found, missed = _integrated(at, faces, classes, steps)
        if missed.max() > 0.05:
            told = f"integrated gradients in {steps} steps miss up to {missed.max():.0%} of a score; take more steps"
            warnings.warn(told, stacklevel=3)
        return found
    _, found = _in_batches(at, faces, classes)
    return (found * faces if method == "gradient_x_input" else found)[..., 0]


def _integrated(at: Callable, faces: np.ndarray, classes: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The attributions, and of each face the share that they miss: they should add up to how far the score rises."""
    shares = (np.arange(steps) + 0.5) / steps  # the middle of each step
    mean = sum(_in_batches(at, faces * share, classes)[1] for share in bar(shares, "integrating", " steps")) / steps
    found = (mean * faces)[..., 0]
    rise = _in_batches(at, faces, classes)[0] - _in_batches(at, np.zeros_like(faces), classes)[0]
    of = np.maximum(np.abs(rise), 0.05 * np.abs(found).sum(axis=(1, 2)))  # where it hardly rises, of what was moved
    return found, np.abs(found.sum(axis=(1, 2)) - rise) / np.maximum(of, 1e-12)


def _grad_cam(scored: keras.Model, faces: np.ndarray, classes: np.ndarray, layer: str | None) -> np.ndarray:
    layer = layer or last_maps(scored)
    if layer is None or not _has_maps(find_layer(scored, layer)):
        raise ValueError(f"Grad-CAM needs a layer with maps of more than one pixel; {layer or scored.name} has none")
    inner = find_layer(scored, layer).output
    maps = predicted(keras.Model(scored.inputs[0], inner), faces)
    _, slopes = _in_batches(backend.gradient(keras.Model(inner, scored.outputs[0]), pick), maps, classes)
    found = np.maximum((maps * slopes.mean(axis=(1, 2), keepdims=True)).sum(axis=-1), 0)
    return zoom(found, (1, SIZE / found.shape[1], SIZE / found.shape[2]), order=1, grid_mode=True, mode="nearest")


def last_maps(model: keras.Model) -> str | None:
    """The last layer, from the first convolution on, whose maps have more than one pixel: what Grad-CAM looks at."""
    convolutions = [i for i, each in enumerate(model.layers) if isinstance(each, CONVOLUTIONS)]
    if not convolutions:
        return None
    return next((each.name for each in reversed(model.layers[convolutions[0] :]) if _has_maps(each)), None)


def _has_maps(layer: keras.layers.Layer) -> bool:
    shape = getattr(layer.output, "shape", ())
    return len(shape) == 4 and min(shape[1:3]) > 1


def _before_softmax(model: keras.Model) -> keras.Model:
    """The same net without a last softmax layer, whose gradients vanish where it is sure."""
    if len(model.outputs) > 1 or len(model.output_shape) != 2:
        raise ValueError(f"{model.name} gives {model.output_shape}, not one score for each class")
    last = model.layers[-1]
    activation = getattr(last, "activation", None) if isinstance(last, keras.layers.Activation) else None
    softmax = isinstance(last, keras.layers.Softmax) or activation is keras.activations.softmax
    return keras.Model(model.inputs[0], last.input if softmax else model.outputs[0], name=model.name)


def _in_batches(at: Callable, images: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Batches of one size, which JAX compiles once; the last is filled up."""
    size = min(BATCH, len(images))
    parts = [at(images[rows], which[rows]) for rows in filled_up(len(images), size).reshape(-1, size)]
    return tuple(np.concatenate(each)[: len(images)] for each in zip(*parts, strict=True))
