"""The formulas of question 6, as the reports ask for them and as they should be."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from fer_keras.base.numbers import check_whole


def conv_output_shape(
    size: int | Sequence[int],
    kernel: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: int | str | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
) -> int | tuple[int, ...]:
    """Height and width after a convolution or pooling: ⌊(size + 2 padding − dilation (kernel − 1) − 1) / stride⌋ + 1.

    Numbers hold for every axis; a sequence has one for each.

    padding: pixels on each side, or "valid" (0) or "same" (as many as ⌈size / stride⌉ needs).

    >>> conv_output_shape((48, 48), 5, stride=2)
    (22, 22)
    """
    asked: list = [size, kernel, stride, padding, dilation]
    given = [tuple(each) if np.ndim(each) else each for each in asked]
    axes = max((len(each) for each in given if isinstance(each, tuple)), default=1)
    each_axis = [each if isinstance(each, tuple) else (each,) * axes for each in given]
    for values in each_axis:
        if len(values) != axes:
            raise ValueError(f"{values} has {len(values)} numbers, where another argument has {axes}")
    found = tuple(_length(*values) for values in zip(*each_axis, strict=True))
    return found if isinstance(given[0], tuple) or axes > 1 else found[0]


def _length(size: int, kernel: int, stride: int, padding: int | str, dilation: int) -> int:
    """Along one axis."""
    for name, value in {"size": size, "kernel": kernel, "stride": stride, "dilation": dilation}.items():
        check_whole(name, value, 1)
    if padding == "same":
        return -(-size // stride)
    padding = 0 if padding == "valid" else padding
    if isinstance(padding, str):
        raise ValueError(f'padding is a number of pixels, "valid" or "same", not {padding!r}')
    check_whole("padding", padding, 0)
    reach, room = dilation * (kernel - 1) + 1, size + 2 * padding
    if reach > room:
        raise ValueError(
            f"a kernel that reaches over {reach} pixels does not fit into {size} padded by {padding} each side"
        )
    return int((room - reach) // stride + 1)


class BatchNormGradients(NamedTuple):
    """Of a loss, with respect to each step of batch norm."""

    normalised: np.ndarray  # (m, features): x̂
    variance: np.ndarray  # (features,): σ²
    mean: np.ndarray  # (features,): μ; what reaches it through σ² is 0, as Σ (x − μ) is
    x: np.ndarray  # (m, features): the inputs, through x̂, σ² and μ
    gamma: np.ndarray  # (features,)
    beta: np.ndarray  # (features,)


def batch_norm_backward(
    upstream: np.ndarray, x: np.ndarray, gamma: np.ndarray | float = 1.0, epsilon: float = 1e-3
) -> BatchNormGradients:
    """All six gradients of y = γ x̂ + β, x̂ = (x − μ) / √(σ² + ε), with μ and σ² over the batch (the first axis).

    upstream: ∂L/∂y of any loss, of the shape of x: (m, features), or (m,) for one feature. epsilon: Keras' own.

    >>> found = batch_norm_backward(upstream=np.array([1.0, 0.0, 0.0]), x=np.array([1.0, 2.0, 4.0]))
    >>> found.x.round(3)
    array([ 0.229, -0.343,  0.114])
    >>> found.beta
    np.float64(1.0)
    """
    upstream, x = np.asarray(upstream, float), np.asarray(x, float)
    if upstream.shape != x.shape or x.ndim not in (1, 2) or len(x) == 0:
        raise ValueError(f"upstream and x are both (m, features) or (m,), not {upstream.shape} and {x.shape}")
    if not epsilon > 0:
        raise ValueError(f"epsilon is a number above 0, not {epsilon!r}")
    if np.shape(gamma) not in ((), x.shape[1:]):
        raise ValueError(f"gamma is one number, or one for each of {x.shape[1:]} features, not {np.shape(gamma)}")
    m, mean, variance = len(x), x.mean(axis=0), x.var(axis=0)
    deviation = np.sqrt(variance + epsilon)
    normalised = (x - mean) / deviation
    d_normalised = upstream * gamma
    d_variance = (d_normalised * (x - mean)).sum(axis=0) * -0.5 / deviation**3
    d_mean = -d_normalised.sum(axis=0) / deviation
    d_x = d_normalised / deviation + d_variance * 2 * (x - mean) / m + d_mean / m
    return BatchNormGradients(
        d_normalised, d_variance, d_mean, d_x, (upstream * normalised).sum(axis=0), upstream.sum(axis=0)
    )


def softmax_cross_entropy_gradient(logits: np.ndarray, targets: np.ndarray, term: int | None = None) -> np.ndarray:
    """(n, classes): of L = −Σ_t y_t log ŷ_t with ŷ = softmax(z), with respect to the logits z.

    targets: class numbers (n,), or shares y (n, classes). The summed loss has ∂L/∂z_j = ŷ_j Σ_t y_t − y_j, that is
    ŷ_j − y_j for shares that add up to 1. term: the number t of a single term L_t = −y_t log ŷ_t, which has
    ∂L_t/∂z_j = y_t ŷ_j for j ≠ t, and ∂L_t/∂z_t = −y_t (1 − ŷ_t).

    >>> softmax_cross_entropy_gradient([[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    """
    logits, targets = np.asarray(logits, float), np.asarray(targets)
    if logits.ndim != 2 or targets.shape not in (logits.shape, logits.shape[:1]):
        raise ValueError(f"logits are (n, classes), targets the same or (n,), not {logits.shape} and {targets.shape}")
    classes = logits.shape[1]
    if targets.ndim == 1:
        if targets.dtype.kind not in "ui" or targets.min(initial=0) < 0 or targets.max(initial=0) >= classes:
            raise ValueError(f"targets are whole numbers from 0 to {classes - 1}")
        targets = np.eye(classes)[targets]
    if term is not None:
        check_whole("term", term, 0)
        if term >= classes:
            raise ValueError(f"term is from 0 to {classes - 1}, not {term}")
        targets = targets * (np.arange(classes) == term)
    return softmax(logits, axis=-1) * targets.sum(axis=1, keepdims=True) - targets
