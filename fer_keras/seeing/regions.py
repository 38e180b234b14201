"""In which part of the face a map is strong."""

import numpy as np
import pandas as pd

from fer_keras.faces import REGIONS, SIZE, Faces

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
        raise ValueError(f"maps are of the shape of the regions, {np.shape(regions)}, and as saliency's 0 or above")
    return pd.DataFrame({name: share_in(maps, regions == number) for number, name in enumerate(REGIONS)})


def share_in(maps: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(n,): of each map the share that lies in a mask of its shape; 0 for an empty map."""
    return (maps * mask).sum(axis=(1, 2)) / np.maximum(maps.sum(axis=(1, 2)), 1e-12)


def mouth_corners(regions: np.ndarray) -> np.ndarray:
    """(n, 48, 48), true for the pixels of a mouth that are in the left or the right quarter of its width."""
    columns, mouth = np.indices(regions.shape)[2], regions == REGIONS.index("mouth")
    left = np.where(mouth, columns, SIZE).min(axis=(1, 2), keepdims=True)
    right = np.where(mouth, columns, -1).max(axis=(1, 2), keepdims=True)
    return mouth & (np.abs(columns - (left + right) / 2) > (right - left) / 4)


def peak_regions(maps: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """(n, filters), indices into REGIONS: what of the face is in the middle of the strongest pixel of each map.
    maps: (n, height, width, filters), as `feature_maps` gives them."""
    n, height, width, filters = maps.shape
    strongest = maps.reshape(n, height * width, filters).argmax(axis=1)
    under = under_pixels(regions, height, width).reshape(n, height * width)
    return np.take_along_axis(under, strongest, axis=1)


def under_pixels(regions: np.ndarray, height: int, width: int) -> np.ndarray:
    """(n, height, width): what of the face is in the middle of each pixel of a smaller map."""
    rows = (np.arange(height) + 0.5) * SIZE / height
    columns = (np.arange(width) + 0.5) * SIZE / width
    return regions[:, rows.astype(int)][:, :, columns.astype(int)]
