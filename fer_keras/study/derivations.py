"""Whether a formula holds: by algebra, by random numbers, and against the derivatives that Keras computes itself."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import sympy as sp

from fer_keras.base.quiet import quiet_import
from fer_keras.study.maths import batch_norm_backward, softmax_cross_entropy_gradient

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
        errors = _errors(*(sp.sympify(each).subs(meaning) for each in (true, tested)), tries, seed)
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
    known, found = (np.asarray(sp.lambdify(letters, each)(*numbers), float) for each in (true, tested))
    return np.broadcast_to(np.abs(found - known) / np.maximum(np.abs(known), 1e-12), tries)


def held(table: pd.DataFrame) -> str:
    """ "Yes, all 6", "No, none of 6" or "Not all: 4 of 6", of a table with a column `holds`."""
    right, n = int(table["holds"].sum()), len(table)
    return f"Yes, all {n}" if right == n else f"Not all: {right} of {n}" if right else f"No, none of {n}"


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


def batch_norm_by_keras(x: np.ndarray, gamma: float, epsilon: float) -> np.ndarray:
    """(batches, m): the gradient of mean (γ x̂)⁴ with respect to x, a batch of m numbers in each row, by Keras' own
    derivative."""
    given = keras.Input((x.shape[1],))
    mean = ops.mean(given, axis=-1, keepdims=True)
    variance = ops.mean((given - mean) ** 2, axis=-1, keepdims=True)
    losses = ops.mean((gamma * (given - mean) / ops.sqrt(variance + epsilon)) ** 4, axis=-1, keepdims=True)
    return gradient(keras.Model(given, losses), pick)(x.astype(np.float32), np.zeros(len(x), int))[1]


def agree(formula: np.ndarray, measured: np.ndarray, own: np.ndarray) -> pd.Series:
    """The share of gradients that agree, as far as Keras' single precision tells: of the face's own emotion (where
    `own` is true), of the others, and of all."""
    same = np.isclose(formula, measured, rtol=1e-3, atol=1e-5)
    parts = {"own emotion": same[own], "other emotions": same[~own], "all": same}
    return pd.Series({name: part.mean() if part.size else np.nan for name, part in parts.items()})


def our_functions(tries: int, seed: int) -> pd.DataFrame:
    """In how many of so many tries each function of `maths` gives Keras' own derivative."""
    rng = np.random.default_rng(seed)
    z, y = rng.normal(size=(tries, 7)), rng.dirichlet(np.ones(7), tries)
    x, gamma, epsilon = rng.normal(size=(tries, 32)), 1.5, 1e-3
    outputs = gamma * (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + epsilon)
    upstream = 4 / 32 * outputs**3
    pairs = {
        "batch_norm_backward": (
            batch_norm_backward(upstream.T, x.T, gamma, epsilon).x.T, batch_norm_by_keras(x, gamma, epsilon)
        ),
        "softmax_cross_entropy_gradient": (softmax_cross_entropy_gradient(z, y), softmax_by_keras(z, y)[1]),
    }  # fmt: skip
    right = {name: int(np.isclose(*pair, rtol=1e-3, atol=1e-4).all(axis=1).sum()) for name, pair in pairs.items()}
    return pd.DataFrame({"right": right, "of": tries})
