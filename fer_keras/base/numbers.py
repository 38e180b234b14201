"""Numbers that a caller gives, checked; and how many faces fill a batch."""

from numbers import Real

import numpy as np


def is_whole(value, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least


def check_whole(name: str, value, least: int) -> None:
    if not is_whole(value, least):
        raise ValueError(f"{name} is a whole number of at least {least}, not {value!r}")


def check_number(name: str, value) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value < np.inf:
        raise ValueError(f"{name} is a number of at least 0, not {value!r}")


def filled_up(n: int, size: int) -> np.ndarray:
    """Which of n faces to take, in whole batches of this size: each in its turn, at the end the first ones again."""
    return np.arange(-(-n // size) * size) % n
