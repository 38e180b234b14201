"""Notebooks 20 and 21: what folds say of a net."""

import numpy as np
import pandas as pd

from fer_keras.study.tables import MAJORITY
from fer_keras.training.kfold import Folds


def fold_hits(folds: Folds) -> pd.DataFrame:
    """A table as of `hits`: the commonest emotion, each fold (NaN for the faces of the others), and all faces
    (`pooled`), each answered by the net that had not seen it."""
    pooled = pd.Series(folds.probabilities.argmax(axis=1) == folds.labels)
    right = {MAJORITY: folds.labels == np.bincount(folds.labels).argmax()}
    for number in range(len(folds.runs)):
        right[f"fold {number + 1}"] = pooled.where(folds.fold == number)
    return pd.DataFrame(right | {"pooled": pooled})
