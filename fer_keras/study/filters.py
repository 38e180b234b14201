"""Notebook 31: what the pictures that excite filters, and their maps, look like: a face, its parts, or stripes?"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import pandas as pd
from scipy.ndimage import zoom

from fer_keras.faces import REGIONS, Faces
from fer_keras.scores import between_faces, over_faces, over_seeds_and_faces, share
from fer_keras.seeing.ascent import ascend, feature_maps
from fer_keras.seeing.regions import face_regions, peak_regions, under_pixels
from fer_keras.study.tables import score_table

PARTS = [REGIONS.index(name) for name in ("brows", "eyes", "nose", "mouth")]


def likeness(images: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(n,) from 0 to 1: the size of each picture's correlation with the face; 0 for an even picture, 1 for the face or
    its negative. images: (n, height, width), enlarged to the size of the face."""
    size = (1, face.shape[0] / images.shape[1], face.shape[1] / images.shape[2])
    pictures = zoom(np.asarray(images, float), size, order=1, grid_mode=True, mode="nearest").reshape(len(images), -1)
    pictures, face = pictures - pictures.mean(axis=1, keepdims=True), face.ravel() - face.mean()
    return np.abs(pictures @ face) / np.maximum(np.linalg.norm(pictures, axis=1) * np.linalg.norm(face), 1e-9)


def is_upright(images: np.ndarray) -> np.ndarray:
    """(n,): has a picture more than half of its energy, the square of its waves, in horizontal stripes, or in vertical
    ones, all within 22.5°? Without a direction each would have a quarter."""
    window = np.outer(np.hanning(images.shape[1]), np.hanning(images.shape[2]))  # or the edges would be stripes
    mean = (images * window).sum(axis=(1, 2), keepdims=True) / window.sum()
    power = np.abs(np.fft.fft2((images - mean) * window)) ** 2
    y, x = np.abs(np.fft.fftfreq(images.shape[1]))[:, None], np.abs(np.fft.fftfreq(images.shape[2]))
    power *= np.hypot(x, y) <= 0.5  # finer waves are there on diagonals only
    flat = np.tan(np.pi / 8)
    ways = [(power * way).sum(axis=(1, 2)) for way in (y < flat * x, x < flat * y)]  # waves run across their stripes
    return np.max(ways, axis=0) > 0.5 * np.maximum(power.sum(axis=(1, 2)), 1e-9)


def layers_to_look_at(net: keras.Model, top: str = "", early: str = "") -> tuple[str, str, str]:
    """Names of layers whose maps have more than one pixel: whose filters are climbed (the last pooling layer, if none
    is asked for), whose maps stand for the early ones (the second pooling layer), and the last convolution."""
    mapped = [layer for layer in net.layers[1:] if len(layer.output.shape) == 4 and layer.output.shape[1] > 1]
    pools = [layer.name for layer in mapped if "Pooling" in type(layer).__name__]
    convs = [layer.name for layer in mapped if "Conv" in type(layer).__name__] or [layer.name for layer in mapped]
    if not convs:
        raise ValueError(f"{net.name} has no maps: name a net with convolutions")
    return top or (pools or convs)[-1], early or (pools or convs)[:2][-1], convs[-1]


def maps_likeness(net: keras.Model, layer: str, faces: Faces, face: np.ndarray) -> np.ndarray:
    """(n,): of each face the mean likeness of the layer's maps to this face."""
    maps = np.moveaxis(feature_maps(net, layer, faces), -1, 1)
    return likeness(maps.reshape(-1, *maps.shape[2:]), face).reshape(len(faces), -1).mean(axis=1)


def likeness_table(like: Mapping) -> pd.DataFrame:
    """The mean of each kind of pictures, from `likeness` by kind; of several untrained nets over all of them."""
    return score_table({kind: over_faces(np.mean(np.atleast_2d(values), axis=0)) for kind, values in like.items()})


def compared(like: Mapping) -> pd.DataFrame:
    """What report E says, as differences of likenesses: by how much pictures climbed from noise fall short of what half
    of the faces reach; how much more like a face early maps are than those pictures, and than the maps of untrained
    nets; and how much beginning at the mean face adds to holding pictures smooth."""
    noise, maps = like["from noise"], like["map layer"]
    return score_table({
        "from noise falls short": over_faces(np.median(like["faces"]) - noise),
        "maps over noise": between_faces(maps[None], noise[None]),
        "maps over untrained": over_seeds_and_faces(maps - like["map layer untrained"]),
        "mean face over smooth": over_faces(like["from mean face"] - like["held smooth"]),
    })  # fmt: skip


def peaks_beyond_chance(trained: keras.Model | None, untrained: Sequence, layers: Mapping, faces: Faces):
    """A row "peaks <layer> <net>": the share of maxima on brows, eyes, nose and mouth, less what chance would have; and
    "... over untrained": how much more that is in the trained net, with an interval for other faces and weights."""
    rows = {}
    for name, layer in layers.items():
        others = np.array([_peaks(net, layer, faces) for net in untrained])
        rows[f"peaks {name} untrained"] = over_faces(others.mean(axis=0))
        if trained is not None:
            own = _peaks(trained, layer, faces)
            rows[f"peaks {name} trained"] = over_faces(own)
            rows[f"peaks {name} over untrained"] = over_seeds_and_faces(own - others)
    return score_table(rows)


def _peaks(net: keras.Model, layer: str, faces: Faces) -> np.ndarray:
    """(n,): of each face the share of its maps whose maximum is on such a part, less what chance would have."""
    regions = face_regions(faces)
    maps = feature_maps(net, layer, faces)
    under_peaks = peak_regions(maps, regions)
    under_all = under_pixels(regions, *maps.shape[1:3])
    return np.isin(under_peaks, PARTS).mean(axis=1) - np.isin(under_all, PARTS).mean(axis=(1, 2))


def climbed(nets: Sequence[keras.Model], layer: str, filters: int, **how) -> list[np.ndarray]:
    """Of each net the pictures that excite the first filters of a layer, or with 0 all; none where there is no such
    layer. how: for `ascend`."""
    found = []
    for net in nets:
        if layer in [each.name for each in net.layers]:
            numbers = range(net.get_layer(layer).output.shape[-1])[: filters or None]
            pictures, _ = ascend(net, layer, numbers, **how)
            found.append(pictures)
    return found


def upright(pictures: Sequence[np.ndarray]) -> pd.DataFrame:
    """A row "upright <net>": the share of pictures with more than half of their energy in horizontal stripes or in
    vertical ones; and how much larger that is in the trained net. pictures: the trained net's, then untrained ones'."""
    if not pictures:
        return score_table({})
    found = [is_upright(each) for each in pictures]
    own, others = found[0], np.array(found[1:])
    return score_table({
        "upright trained": share(own.sum(), own.size),
        "upright untrained": share(others.sum(), others.size),
        "upright over untrained": between_faces(own[None].astype(float), others.astype(float)),
    })  # fmt: skip
