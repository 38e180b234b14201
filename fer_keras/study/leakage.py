"""Notebook 50: validation faces put into training."""

import numpy as np

from fer_keras.faces import Faces
from fer_keras.scores import stand_in_both


def halves(faces: Faces, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two masks: a half of the faces, drawn at random, and of the other half those without a copy in the first."""
    half = np.random.default_rng(seed).permutation(len(faces)) < len(faces) // 2
    return half, ~half & ~stand_in_both(faces, faces[half])


def joined(some: Faces, others: Faces) -> Faces:
    """All of these faces; others after some."""
    more = others.arrays()
    return Faces(**{name: np.concatenate([values, more[name]]) for name, values in some.arrays().items()})
