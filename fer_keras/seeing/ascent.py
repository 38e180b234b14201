"""What excites the filters of a net, on any Keras backend: gradient ascent, and activation maps.

`images` are `Faces`, or raw faces (0 to 255) as an array (n, 48, 48) or (n, 48, 48, 1).
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops
from scipy.ndimage import gaussian_filter

from fer_keras.base import backend
from fer_keras.base.numbers import check_number, check_whole
from fer_keras.base.progress import bar
from fer_keras.faces import SIZE, Faces
from fer_keras.seeing.inputs import batches, filter_numbers, find_layer, pick, predicted, raw_faces, ready


def feature_maps(model: keras.Model, layer: str, images) -> np.ndarray:
    """(n, height, width, filters): what a layer makes of the faces; (n, units) for a dense one.

    >>> feature_maps(run.model, "block1_pool", faces[:4]).shape
    (4, 24, 24, 8)
    """
    model, faces = ready(model), raw_faces(images)
    return predicted(keras.Model(model.inputs[0], find_layer(model, layer).output), faces)


def ascend(
    model: keras.Model, layer: str, filters: int | Sequence[int] | None = None, steps: int = 200, *,
    start: str | np.ndarray = "noise", rate: float = 0.01, l2: float = 0.0, tv: float = 0.0, jitter: int = 0,
    blur: float = 0.0, seed: int = 0, batch: int = 32,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Images that excite filters (or units, classes) of a layer: gradient ascent on the mean of their activation.

    Returns images (n, 48, 48), 0 to 255, and activations (n, steps + 1), from the start to the end.

    filters: their numbers; None for all. start: "noise" (report E), or a face, such as `faces.images.mean(axis=0)`.
    rate: how far a step moves a pixel, as a fraction of the range, root mean square.
    l2, tv: off at 0; pull pixels to middle grey, lower the total variation, each with this weight against a gradient of
    root mean square 1 (try 0.1). jitter: moves the picture by up to so many pixels before each step. blur: sigma in
    pixels after it. batch: filters climbed at once, which bounds the memory.

    A filter that is silent at the start (0 after a ReLU) has no slope to climb and may stay there: begin elsewhere, or
    ask for a layer before its activation.

    >>> images, activations = ascend(run.model, "block2_conv", range(3), steps=10, tv=0.1)
    >>> images.shape, activations.shape
    ((3, 48, 48), (3, 11))
    """
    for name, value, least in (("steps", steps, 1), ("batch", batch, 1), ("jitter", jitter, 0)):
        check_whole(name, value, least)
    for name, amount in (("rate", rate), ("l2", l2), ("tv", tv), ("blur", blur)):
        check_number(name, amount)
    model = ready(model)
    numbers = filter_numbers(model, layer, filters)
    at = backend.gradient(keras.Model(model.inputs[0], find_layer(model, layer).output), _mean_of)
    images, activations, begin = [], [], _beginnings(start, numbers, seed)
    with bar(total=len(numbers) * steps, what=f"climbing {layer}", unit="step") as progress:
        for some in batches(len(numbers), batch):
            x, which, climbed = begin[some], numbers[some], []
            rng = np.random.default_rng(seed)  # every batch is moved alike
            for _ in range(steps):
                moved = rng.integers(-jitter, jitter + 1, 2)
                scores, slope = at(np.roll(x, moved, axis=(1, 2)), which)
                climbed.append(scores)
                slope = np.roll(slope, -moved, axis=(1, 2))
                slope /= np.sqrt((slope**2).mean(axis=(1, 2, 3), keepdims=True)) + 1e-12
                slope -= l2 * (x / 255 - 0.5) + tv * _variation_slope(x / 255)
                x = np.clip(x + 255 * rate * slope, 0, 255)
                if blur:
                    x = gaussian_filter(x, (0, blur, blur, 0))
                progress.update(len(which))
            images.append(x[..., 0])
            activations.append(np.stack([*climbed, at(x, which)[0]], axis=1))
    return np.concatenate(images), np.concatenate(activations)


def _beginnings(start, filters: np.ndarray, seed: int) -> np.ndarray:
    """Around middle grey, for a filter always the same; or from the faces that are given."""
    if isinstance(start, str):
        if start != "noise":
            raise ValueError(f'start is "noise" or a face, not {start!r}')
        generators = (np.random.default_rng([seed, number]) for number in filters)
        return np.stack([rng.uniform(102, 153, (SIZE, SIZE, 1)) for rng in generators]).astype(np.float32)
    one = not isinstance(start, Faces) and np.shape(start)[:2] == (SIZE, SIZE)
    faces = raw_faces(np.asarray(start)[None] if one else start)
    if len(faces) not in (1, len(filters)):
        raise ValueError(f"start is one face, or one for each of {len(filters)} filters, not {len(faces)}")
    return np.repeat(faces, len(filters) // len(faces), axis=0)


def _variation_slope(x: np.ndarray) -> np.ndarray:
    """The gradient of the total variation: of the lengths of all steps from a pixel to those below and beside it."""
    down, right = np.diff(x, axis=1, append=x[:, -1:]), np.diff(x, axis=2, append=x[:, :, -1:])
    length = np.sqrt(down**2 + right**2 + 1e-4)  # rounds off the kink at 0, by a hundredth of the range
    return -np.diff(down / length, axis=1, prepend=0) - np.diff(right / length, axis=2, prepend=0)


def _mean_of(outputs, which):
    """The mean of one filter's map."""
    if over := tuple(range(1, len(outputs.shape) - 1)):
        outputs = ops.mean(outputs, axis=over)
    return pick(outputs, which)
