"""Notebook 40: does a formula hold, by algebra, by random numbers, and against the derivatives that Keras computes?"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import sympy as sp

from fer_keras.base.quiet import quiet_import

with quiet_import():
    import keras
    from keras import ops

    from fer_keras.base.backend import gradient
    from fer_keras.seeing.inputs import pick


def compare(formulas: Mapping, meaning: Sequence = (), tries: int = 200, seed: int = 0) -> pd.DataFrame:
    """A row a formula: does it hold, and how far is it off in the middle of so many tries with random numbers?

    formulas: by label the text, the true expression and the one to test, in sympy. meaning: pairs of a letter and what
    stands for it, put into all of them in this order. error: a multiple of the true value.
    """
    rows = {}
    for label, (text, true, tested) in formulas.items():
        difference = sp.sympify(true - tested)
        errors = _errors(sp.sympify(true).subs(meaning), sp.sympify(tested).subs(meaning), tries, seed)
        # numbers refute; only algebra proves, and is slow where there is nothing to prove or all is written out
        holds = errors.max() < 1e-6
        holds = holds and (sp.simplify(difference) == 0 or sp.simplify(difference.subs(meaning)) == 0)
        rows[label] = {"formula": text, "holds": bool(holds), "error": float(np.median(errors))}
    return pd.DataFrame.from_dict(rows, orient="index")


def _errors(true: sp.Expr, tested: sp.Expr, tries: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    letters = sorted(true.free_symbols | tested.free_symbols, key=str)
    numbers = rng.normal(size=(len(letters), tries))
    positive = np.array([bool(letter.is_positive) for letter in letters], bool)
    numbers[positive] = np.abs(numbers[positive])
    known = np.asarray(sp.lambdify(letters, true)(*numbers), float)
    found = np.asarray(sp.lambdify(letters, tested)(*numbers), float)
    return np.broadcast_to(np.abs(found - known) / np.maximum(np.abs(known), 1e-12), tries)


def softmax_by_keras(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both (n, classes), by Keras' own derivative: ∂L_t/∂z_t of each single term −y_t log ŷ_t, and ∂L/∂z_t of their
    sum."""
    classes = logits.shape[1]
    given = keras.Input((classes,))
    log_share = gradient(keras.Model(given, ops.log_softmax(given)), pick)
    single, summed = np.zeros(logits.shape), np.zeros(logits.shape)
    for t in range(classes):
        _, slopes = log_share(logits.astype(np.float32), np.full(len(logits), t))
        single[:, t] = -targets[:, t] * slopes[:, t]
        summed -= targets[:, [t]] * slopes
    return single, summed


def agree(formula: np.ndarray, measured: np.ndarray, own: np.ndarray) -> pd.Series:
    """The share of gradients that agree, as far as Keras' single precision tells: of the face's own emotion (where
    `own` is true), of the others, and of all."""
    same = np.isclose(formula, measured, rtol=1e-3, atol=1e-5)
    parts = {"own emotion": same[own], "other emotions": same[~own], "all": same}
    return pd.Series({name: part.mean() if part.size else np.nan for name, part in parts.items()})
