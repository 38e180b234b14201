"""Notebook 50: copies that stand in two splits, and validation faces put into training."""

import numpy as np

from fer_keras.duplicates import duplicate_groups
from fer_keras.faces import Faces
from fer_keras.scores import stand_in_both


def twins_in(faces: Faces, training: Faces) -> np.ndarray:
    """Of each face the row of its first copy among the training faces; -1 where it has none."""
    groups = duplicate_groups(np.concatenate([faces.images, training.images]))
    own, others = groups[: len(faces)], groups[len(faces) :]
    return np.array([np.flatnonzero(others == each)[0] if each in others else -1 for each in own])


def halves(faces: Faces, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two masks: a half of the faces, drawn at random, and of the other half those without a copy in the first."""
    half = np.random.default_rng(seed).permutation(len(faces)) < len(faces) // 2
    return half, ~half & ~stand_in_both(faces, faces[half])


def joined(some: Faces, others: Faces) -> Faces:
    """All of these faces; others after some."""
    more = others.arrays()
    return Faces(**{name: np.concatenate([values, more[name]]) for name, values in some.arrays().items()})
