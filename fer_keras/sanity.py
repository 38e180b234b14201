"""Whether saliency maps can be trusted: do they depend on the weights, do their pixels matter, where do they lie?"""

from collections.abc import Iterator

import keras
import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from fer_keras.checks import class_numbers, predicted, raw_faces, ready
from fer_keras.explain import saliency
from fer_keras.faces import REGIONS, SIZE, Faces
from fer_keras.maths import check_whole, softmax
from fer_keras.progress import bar

# Where FER2013's faces have their parts, read off its mean face: rows and columns, the later ones on top
BOXES = (
    ("cheeks", 21, 37, 7, 41), ("forehead", 3, 13, 10, 38), ("chin", 39, 46, 14, 34), ("brows", 13, 17, 8, 22),
    ("brows", 13, 17, 26, 40), ("eyes", 17, 23, 8, 21), ("eyes", 17, 23, 27, 40), ("nose", 15, 32, 20, 28),
    ("mouth", 33, 41, 14, 34),
)  # fmt: skip


def face_regions(faces: Faces) -> np.ndarray:
    """uint8 (n, 48, 48), indices into REGIONS: exact for the embedded faces, the same boxes for all others."""
    if faces.regions is not None:
        return faces.regions
    boxes = np.zeros((SIZE, SIZE), np.uint8)
    for name, top, bottom, left, right in BOXES:
        boxes[top:bottom, left:right] = REGIONS.index(name)
    return np.broadcast_to(boxes, (len(faces), SIZE, SIZE))


def region_shares(maps: np.ndarray, regions: np.ndarray) -> pd.DataFrame:
    """One row a face, one column a region: the share of the map that lies in it. For all-even maps that is its area."""
    maps = np.asarray(maps)
    if maps.shape != np.shape(regions) or not (maps >= 0).all():
        raise ValueError(
            f"maps are of the shape of the regions, {np.shape(regions)}, and 0 or above, as saliency's are"
        )
    total = np.maximum(maps.sum(axis=(1, 2)), 1e-12)
    return pd.DataFrame({
        name: np.where(regions == number, maps, 0).sum(axis=(1, 2)) / total for number, name in enumerate(REGIONS)
    })  # fmt: skip


def brightness_correlation(maps: np.ndarray, images) -> np.ndarray:
    """(n,) Spearman's rank correlation of map and grey level, face by face; NaN where either is the same all over."""
    faces = raw_faces(images)[..., 0]
    if np.shape(maps) != faces.shape:
        raise ValueError(f"maps are one of {SIZE} × {SIZE} for each of {len(faces)} faces, not {np.shape(maps)}")
    return _rank_correlations(np.asarray(maps), faces)


def randomised(model: keras.Model, seed: int = 0) -> Iterator[tuple[str, keras.Model]]:
    """From the top down, one layer more each time: its name, and the net with that layer's weights shuffled, and
    those of all layers above it. The model itself stays as it is; take what you need of each before the next."""
    rng = np.random.default_rng(seed)
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
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
        rows.append([
            _probability(model, np.where(strongest, one, other), classes)
            for one, other in ((blank, faces), (faces, blank))
        ])  # fmt: skip
    return pd.DataFrame(rows, pd.Index(shares, name="share of pixels"), ["deletion", "insertion"])


def _probability(model: keras.Model, faces: np.ndarray, classes: np.ndarray) -> float:
    found = predicted(model, faces)
    if not np.allclose(found.sum(axis=1), 1, atol=1e-3):  # a net that ends in logits
        found = softmax(found)
    return float(found[np.arange(len(faces)), classes].mean())


def _rank_correlations(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    pairs = zip(some.reshape(len(some), -1), others.reshape(len(others), -1), strict=True)
    return np.array([spearmanr(a, b).statistic if np.ptp(a) and np.ptp(b) else np.nan for a, b in pairs])
