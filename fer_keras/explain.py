"""Seeing inside a net, on any Keras backend: saliency, masked saliency, gradient ascent, activation maps.

`images` are `Faces`, or raw faces (0 to 255) as an array (n, 48, 48) or (n, 48, 48, 1). What is explained is a class's
logit, where the net ends in a softmax layer, else its output; `classes` are None for what the net predicts, an
emotion, or one label a face, such as `faces.labels` for the true ones.
"""

import warnings
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops
from scipy.ndimage import gaussian_filter, zoom

from fer_keras import backend
from fer_keras.faces import EMOTIONS, SIZE, Faces
from fer_keras.progress import bar

BATCH = 128  # faces that are differentiated at once
METHODS = ("gradient", "smoothgrad", "gradient_x_input", "integrated", "gradcam")


def saliency(model: keras.Model, images, classes=None, method: str = "gradient", **options) -> np.ndarray:
    """(n, 48, 48) from 0 to 1: how much each pixel matters, by the absolute value of its attribution.

    Each map is normalised as a whole: its weakest pixel is 0, its strongest 1. method, options: see `attribution`.

    >>> maps = saliency(run.model, faces[:8], classes="happy", method="smoothgrad", samples=32)
    """
    maps = np.abs(attribution(model, images, classes, method, **options))
    low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    return (maps - low) / np.where(high > low, high - low, 1)


def masked_saliency(model: keras.Model, images, classes=None, threshold: float = 0.5, **options) -> np.ndarray:
    """(n, 48, 48): the faces, with each pixel whose saliency is below the threshold at its face's mean (report E)."""
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is a saliency from 0 to 1, not {threshold!r}")
    faces = raw_faces(images)[..., 0]
    maps = saliency(model, images, classes, **options)
    return np.where(maps < threshold, faces.mean(axis=(1, 2), keepdims=True), faces)


def attribution(
    model: keras.Model,
    images,
    classes=None,
    method: str = "gradient",
    *,
    samples: int = 16,
    noise: float = 0.1,
    steps: int = 64,
    layer: str | None = None,
    seed: int = 0,
) -> np.ndarray:
    """(n, 48, 48), signed: what each pixel adds to the score of the class.

    gradient: of the score. smoothgrad: its mean over `samples` noisy copies; noise: their deviation, a fraction of
    the range. gradient_x_input: times the pixel. integrated: integrated gradients from black in so many `steps`;
    what they miss of the score is checked. gradcam: of the maps of `layer` (the last that has any), enlarged.
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, not {method!r}")
    if samples < 1 or steps < 1 or noise < 0:
        raise ValueError(f"samples and steps are at least 1 and noise at least 0, not {samples}, {steps} and {noise}")
    faces, scored = raw_faces(images), _before_softmax(_functional(model))
    classes = class_numbers(scored, faces, classes)
    if method == "gradcam":
        return _grad_cam(scored, faces, classes, layer)
    at = backend.gradient(scored, _pick)
    if method == "smoothgrad":
        rng = np.random.default_rng(seed)
        noisy = (faces + rng.normal(0, 255 * noise, faces.shape).astype(np.float32) for _ in range(samples))
        found = sum(_in_batches(at, each, classes)[1] for each in bar(noisy, "noise", " samples", total=samples))
        return found[..., 0] / samples
    if method == "integrated":
        found, missed = _integrated(at, faces, classes, steps)
        if missed.max() > 0.05:
            warnings.warn(f"integrated gradients miss up to {missed.max():.0%} of the score: raise steps={steps}",
                          stacklevel=2)  # fmt: skip
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
    if layer is None:
        maps = [each.name for each in scored.layers if len(getattr(each.output, "shape", ())) == 4]
        layer = next((name for name in reversed(maps) if name != scored.layers[0].name), None)
    if layer is None or len(find_layer(scored, layer).output.shape) != 4:
        raise ValueError(f"Grad-CAM needs a layer with maps; {layer or scored.name} has none")
    inner = find_layer(scored, layer).output
    activations = feature_maps(scored, layer, faces)
    _, gradients = _in_batches(backend.gradient(keras.Model(inner, scored.outputs[0]), _pick), activations, classes)
    found = np.maximum((activations * gradients.mean(axis=(1, 2), keepdims=True)).sum(axis=-1), 0)
    return zoom(found, (1, SIZE / found.shape[1], SIZE / found.shape[2]), order=1, grid_mode=True, mode="nearest")


def feature_maps(model: keras.Model, layer: str, images) -> np.ndarray:
    """(n, height, width, filters): what a layer makes of the faces; (n, units) for a dense one."""
    model = _functional(model)
    inner = keras.Model(model.inputs, find_layer(model, layer).output)
    faces = raw_faces(images)
    starts = bar(range(0, len(faces), BATCH), layer, " batches")
    return np.concatenate([inner.predict_on_batch(faces[start : start + BATCH]) for start in starts])


def ascend(
    model: keras.Model,
    layer: str,
    filters: int | Sequence[int] | None = None,
    steps: int = 200,
    *,
    start: str | np.ndarray = "noise",
    rate: float = 0.01,
    l2: float = 0.0,
    tv: float = 0.0,
    jitter: int = 0,
    blur: float = 0.0,
    seed: int = 0,
    batch: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
    """Images that excite filters (or units, classes) of a layer: gradient ascent on the mean of their activation.

    Returns images (n, 48, 48), 0 to 255, and activations (n, steps + 1), from the start to the end. A filter that is
    silent at the start (0 after a ReLU) has no slope to climb and may stay there: begin elsewhere, or ask for a layer
    before its activation.
    filters: their numbers; None for all. start: "noise" (report E), or a face, such as `faces.images.mean(axis=0)`.
    rate: how far a step moves a pixel, as a fraction of the range, root mean square.
    Off unless asked for: l2 pulls pixels to middle grey, tv smooths, each with this weight against a gradient of root
    mean square 1; jitter moves the picture by up to so many pixels before each step; blur: sigma in pixels after it.
    batch: filters climbed at once, which bounds the memory.

    >>> images, activations = ascend(run.model, "block4_pool", range(16), tv=0.5)
    """
    if steps < 1 or rate <= 0 or batch < 1 or min(l2, tv, jitter, blur) < 0:
        raise ValueError("steps and batch are at least 1, rate is above 0, and l2, tv, jitter and blur at least 0")
    model = _functional(model)
    at = backend.gradient(keras.Model(model.inputs, find_layer(model, layer).output), _mean_of)
    numbers = _filter_numbers(model, layer, filters)
    rng, images, activations = np.random.default_rng(seed), [], []
    begin = _beginnings(start, len(numbers), rng)
    with bar(total=len(numbers) * steps, what=f"climbing {layer}", unit="step") as progress:
        for first in range(0, len(numbers), batch):
            x, which = begin[first : first + batch], numbers[first : first + batch]
            climbed = []
            for _ in range(steps):
                moved = rng.integers(-jitter, jitter + 1, 2) if jitter else (0, 0)
                scores, gradients = at(np.roll(x, moved, axis=(1, 2)), which)
                climbed.append(scores)
                slope = np.roll(gradients, np.negative(moved), axis=(1, 2))
                slope /= np.sqrt((slope**2).mean(axis=(1, 2, 3), keepdims=True)) + 1e-12
                slope -= l2 * (x / 255 - 0.5) + tv * _roughness(x / 255)
                x = np.clip(x + 255 * rate * slope, 0, 255)
                if blur:
                    x = gaussian_filter(x, (0, blur, blur, 0))
                progress.update(len(which))
            climbed.append(at(x, which)[0])
            _refuse_no_numbers(climbed[0], model)
            images.append(x[..., 0])
            activations.append(np.stack(climbed, axis=1))
    return np.concatenate(images), np.concatenate(activations)


def _beginnings(start, n: int, rng: np.random.Generator) -> np.ndarray:
    if isinstance(start, str):
        if start != "noise":
            raise ValueError(f'start is "noise" or a face, not {start!r}')
        return rng.uniform(0.4 * 255, 0.6 * 255, (n, SIZE, SIZE, 1)).astype(np.float32)
    face = raw_faces(np.asarray(start)[None] if np.ndim(start) == 2 else start)
    if len(face) not in (1, n):
        raise ValueError(f"start is one face, or one for each of {n} filters, not {len(face)}")
    return np.broadcast_to(face, (n, *face.shape[1:])).copy()


def _roughness(x: np.ndarray) -> np.ndarray:
    """The gradient of half the squared differences between neighbours."""
    down, right = np.diff(x, axis=1), np.diff(x, axis=2)
    sides = [(0, 0)] * 4
    found = np.zeros_like(x)
    for axis, apart in ((1, down), (2, right)):
        before, after = list(sides), list(sides)
        before[axis], after[axis] = (1, 0), (0, 1)
        found += np.pad(apart, before) - np.pad(apart, after)
    return found


def raw_faces(images) -> np.ndarray:
    """float32 (n, 48, 48, 1), 0 to 255."""
    array = images.images if isinstance(images, Faces) else np.asarray(images)
    array = array[..., None] if array.ndim == 3 else array
    if array.shape[1:] != (SIZE, SIZE, 1) or len(array) == 0:
        raise ValueError(f"images are (n, {SIZE}, {SIZE}), n at least 1, not {np.shape(array)}")
    if array.dtype.kind not in "uif" or not np.isfinite(array).all():
        raise ValueError(f"images hold numbers from 0 to 255, not {array.dtype} or NaN")
    return array.astype(np.float32)


def class_numbers(scored: keras.Model, faces: np.ndarray, classes) -> np.ndarray:
    """One class a face, of what the net predicts, or of what is named."""
    count = scored.output_shape[-1]
    if classes is None:
        starts = range(0, len(faces), BATCH)
        scores = np.concatenate([scored.predict_on_batch(faces[start : start + BATCH]) for start in starts])
        _refuse_no_numbers(scores, scored)
        return scores.argmax(axis=1)
    if isinstance(classes, str) and classes not in EMOTIONS:
        raise ValueError(f"no class is called {classes!r}; there are {', '.join(EMOTIONS)}")
    numbers = np.asarray(EMOTIONS.index(classes) if isinstance(classes, str) else classes)
    if numbers.dtype.kind not in "ui" or numbers.shape not in ((), (len(faces),)):
        raise ValueError(f"classes are one whole number, or one for each of {len(faces)} faces, not {classes!r}")
    if numbers.min() < 0 or numbers.max() >= count:
        raise ValueError(f"classes are from 0 to {count - 1}, not {numbers.min()} to {numbers.max()}")
    return np.broadcast_to(numbers, len(faces))


def find_layer(model: keras.Model, name: str) -> keras.layers.Layer:
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ValueError(f"{model.name} has no layer {name!r}; it has {', '.join(names)}")
    return model.get_layer(name)


def _filter_numbers(model: keras.Model, layer: str, filters) -> np.ndarray:
    count = find_layer(model, layer).output.shape[-1]
    numbers = np.arange(count) if filters is None else np.atleast_1d(np.asarray(filters))
    if numbers.dtype.kind not in "ui" or numbers.ndim != 1 or not len(numbers):
        raise ValueError(f"filters are whole numbers from 0 to {count - 1}, not {filters!r}")
    if numbers.min() < 0 or numbers.max() >= count:
        raise ValueError(f"{layer} has {count} filters, 0 to {count - 1}, not {numbers.min()} to {numbers.max()}")
    return numbers


def _functional(model: keras.Model) -> keras.Model:
    """The model, or one around it if it is a subclass of keras.Model, whose inner layers cannot be asked for."""
    if getattr(model, "inputs", None):
        return model
    faces = keras.Input((SIZE, SIZE, 1))
    return keras.Model(faces, model(faces), name=model.name)


def _before_softmax(model: keras.Model) -> keras.Model:
    """The same net without a last softmax layer, whose gradients vanish where it is sure."""
    last = model.layers[-1]
    softmax = isinstance(last, keras.layers.Softmax) or (
        isinstance(last, keras.layers.Activation) and last.activation is keras.activations.softmax
    )
    return keras.Model(model.inputs, last.input if softmax else model.outputs[0], name=model.name)


def _pick(outputs, which):
    return ops.sum(outputs * ops.one_hot(which, outputs.shape[-1], dtype=outputs.dtype), axis=-1)


def _mean_of(outputs, which):
    """The mean of one filter's map."""
    if len(outputs.shape) == 4:
        outputs = ops.mean(outputs, axis=(1, 2))
    return _pick(outputs, which)


def _in_batches(at: Callable, images: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Batches of one size, which JAX compiles once; the last is filled up."""
    size = min(BATCH, len(images))
    filled = np.arange(-(-len(images) // size) * size) % len(images)
    parts = [at(images[rows], which[rows]) for rows in filled.reshape(-1, size)]
    scores, gradients = (np.concatenate(each)[: len(images)] for each in zip(*parts, strict=True))
    _refuse_no_numbers(gradients, None)
    return scores, gradients


def _refuse_no_numbers(values: np.ndarray, model) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"{model.name if model else 'the net'} gives no numbers (NaN): its weights are damaged")
