"""Scores with their uncertainty: thin over scikit-learn and scipy."""

import numpy as np
from scipy.stats import binomtest

from fer_keras.faces import Faces


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> dict:
    """The share of right labels, how many there were, and Wilson's 95 % interval; None for no labels at all."""
    n = len(labels)
    if n == 0:
        return {"value": None, "n": 0, "interval": None}
    right = int(np.sum(np.asarray(labels) == np.asarray(predicted)))
    interval = binomtest(right, n).proportion_ci(0.95, "wilson")
    return {"value": right / n, "n": n, "interval": [float(interval.low), float(interval.high)]}


def cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean of -log of what the true label was given, as Keras' loss has it."""
    given = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(given, 1e-7, 1)).mean())


def stand_in_both(faces: Faces, training: Faces) -> np.ndarray:
    """True for each of the faces of which a copy, exact or nearly so, is among the training faces."""
    from fer_keras.duplicates import duplicate_groups

    groups = duplicate_groups(np.concatenate([faces.images, training.images]))
    return np.isin(groups[: len(faces)], groups[len(faces) :])
