"""Whether saliency maps can be trusted: do they depend on the weights, and do their pixels matter?"""

from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter
from scipy.special import softmax
from scipy.stats import spearmanr

from fer_keras.base.numbers import check_whole
from fer_keras.base.progress import bar
from fer_keras.faces import SIZE, Faces
from fer_keras.nets.build import copy_of
from fer_keras.seeing.inputs import class_numbers, predicted, raw_faces, ready
from fer_keras.seeing.saliency import saliency


def brightness_correlation(maps: np.ndarray, images) -> np.ndarray:
    """(n,) Spearman's rank correlation of map and grey level, face by face; NaN where either is the same all over."""
    return _rank_correlations(maps, raw_faces(images)[..., 0])


def outline_correlation(maps: np.ndarray, images) -> np.ndarray:
    """The same of map and outlines: how steep the grey levels are, within about a pixel."""
    smoothed = gaussian_filter(raw_faces(images)[..., 0], (0, 1, 1))
    return _rank_correlations(maps, np.hypot(*np.gradient(smoothed, axis=(1, 2))))


def standardised(faces: Faces) -> Faces:
    """The faces with the same mean and contrast each, so that no light makes one brighter than the other."""
    mean, deviation = (f(faces.images, axis=(1, 2), keepdims=True) for f in (np.mean, np.std))
    levelled = 128 + 48 * (faces.images - mean) / np.maximum(deviation, 1)  # few pixels lie outside 0 to 255
    return replace(faces, images=np.clip(levelled.round(), 0, 255).astype(np.uint8))


def randomised(model: keras.Model, seed: int = 0) -> Iterator[tuple[str, keras.Model]]:
    """From the top down, one layer more each time: its name, and the net with that layer's weights shuffled, and
    those of all layers above it. The model itself stays as it is; take what you need of each before the next."""
    rng = np.random.default_rng(seed)
    copy = copy_of(model)
    for layer in reversed(copy.layers):
        if layer.weights:
            layer.set_weights([rng.permutation(value.ravel()).reshape(value.shape) for value in layer.get_weights()])
            yield layer.name, copy


def randomisation_check(model: keras.Model, images, classes=None, seed: int = 0, **options) -> pd.Series:
    """By layer, from the top down: the mean rank correlation of the maps with those of the net as it was trained.

    A map that shows what the net has learned is soon near 0; one that stays near 1 shows the picture only.
    """
    faces, model = raw_faces(images), ready(model)
    classes = class_numbers(model, faces, classes)
    trained, found = saliency(model, faces, classes, **options), {}
    count = sum(bool(layer.weights) for layer in model.layers)
    for name, net in bar(randomised(model, seed), "randomising", " layers", total=count):
        found[name] = np.nanmean(_rank_correlations(trained, saliency(net, faces, classes, **options)))
    return pd.Series(found, name="rank correlation").rename_axis("randomised down to")


def perturbation_curves(model: keras.Model, images, maps: np.ndarray, classes=None, steps: int = 24) -> pd.DataFrame:
    """By share of pixels, the strongest of the map first: the mean probability of the class when these are set to
    their face's mean (`deletion`), and when only these are shown, on that mean (`insertion`).

    A map that finds what matters makes the first fall and the second rise at once; compare with `random` maps.
    """
    check_whole("steps", steps, 1)
    maps, faces = np.asarray(maps), raw_faces(images)
    if maps.shape != faces.shape[:3] or not np.isfinite(maps).all():
        raise ValueError(f"maps are one of {SIZE} × {SIZE} for each of {len(faces)} faces, not {maps.shape} or NaN")
    model = ready(model)
    classes = class_numbers(model, faces, classes)
    rank = np.argsort(np.argsort(-maps.reshape(len(maps), -1), axis=1), axis=1).reshape(faces.shape)
    blank = np.broadcast_to(faces.mean(axis=(1, 2, 3), keepdims=True), faces.shape)
    shares, rows = np.linspace(0, 1, steps + 1), []
    for share in bar(shares, "perturbing", " steps"):
        strongest = rank < share * SIZE * SIZE
        shown = np.where(strongest, blank, faces), np.where(strongest, faces, blank)
        rows.append([_probability(model, each, classes) for each in shown])
    return pd.DataFrame(rows, pd.Index(shares, name="share of pixels"), ["deletion", "insertion"])


def _probability(model: keras.Model, faces: np.ndarray, classes: np.ndarray) -> float:
    found = predicted(model, faces)
    if not np.allclose(found.sum(axis=1), 1, atol=1e-3):  # a net that ends in logits
        found = softmax(found, axis=-1)
    return float(found[np.arange(len(faces)), classes].mean())


def _rank_correlations(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    if np.shape(maps) != others.shape:
        raise ValueError(f"maps are one of {SIZE} × {SIZE} for each of {len(others)} faces, not {np.shape(maps)}")
    pairs = zip(np.reshape(maps, (len(others), -1)), others.reshape(len(others), -1), strict=True)
    return np.array([spearmanr(a, b).statistic if np.ptp(a) and np.ptp(b) else np.nan for a, b in pairs])
