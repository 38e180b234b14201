"""What the pictures that excite filters look like: a face, or stripes?"""

import numpy as np
import pandas as pd
from scipy.ndimage import zoom


def likeness(images: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(n,) from 0 to 1: the size of each picture's correlation with the face; 0 for an even picture, 1 for the face or
    its negative. images: (n, height, width), enlarged to the size of the face."""
    size = (1, face.shape[0] / images.shape[1], face.shape[1] / images.shape[2])
    pictures = zoom(np.asarray(images, float), size, order=1, grid_mode=True, mode="nearest").reshape(len(images), -1)
    pictures, face = pictures - pictures.mean(axis=1, keepdims=True), face.ravel() - face.mean()
    return np.abs(pictures @ face) / np.maximum(np.linalg.norm(pictures, axis=1) * np.linalg.norm(face), 1e-9)


def stripes(images: np.ndarray) -> pd.DataFrame:
    """One row a picture: the share of its energy, the square of its waves, in stripes of each direction, all within
    22.5°. A quarter each if it has no direction; 0 for an even picture."""
    window = np.outer(np.hanning(images.shape[1]), np.hanning(images.shape[2]))  # or the edges would be stripes
    mean = (images * window).sum(axis=(1, 2), keepdims=True) / window.sum()
    power = np.abs(np.fft.fft2((images - mean) * window)) ** 2
    y, x = np.fft.fftfreq(images.shape[1])[:, None], np.fft.fftfreq(images.shape[2])
    way = np.where(np.hypot(x, y) > 0.5, -1, np.round(np.arctan2(y, x) / (np.pi / 4)) % 4)  # -1: only on diagonals
    total = np.maximum((power * (way >= 0)).sum(axis=(1, 2)), 1e-9)
    names = ("vertical", "rising", "horizontal", "falling")  # waves run across their stripes
    return pd.DataFrame({name: (power * (way == i)).sum(axis=(1, 2)) / total for i, name in enumerate(names)})
