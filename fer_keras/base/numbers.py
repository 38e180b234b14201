"""Numbers that a caller gives or a file holds, checked; and how many faces fill a batch."""

import math
from numbers import Real

import numpy as np


def is_whole(value, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least


def check_whole(name: str, value, least: int) -> None:
    if not is_whole(value, least):
        raise ValueError(f"{name} is a whole number of at least {least}, not {value!r}")


def check_number(name: str, value) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= float(value) < np.inf:
        raise ValueError(f"{name} is a number of at least 0, not {value!r}")


def check_recorded(where, values) -> None:
    """Refuse values that no notebook records: what it records is a text, or a finite number with a count and an
    interval."""
    for name, entry in values.items() if isinstance(values, dict) else [("values", values)]:
        if not _is_recorded(entry):
            raise ValueError(f"{where}: {name} is no recorded value; run the report again")


def _is_recorded(entry) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("interval") or [], list):
        return False
    bounds = entry.get("interval") or []
    right = isinstance(entry.get("value"), str) or all(map(_finite, [entry.get("value"), *bounds, entry.get("n", 1)]))
    return right and len(bounds) in (0, 2) and bounds == sorted(bounds)


def _finite(value) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e300 and math.isfinite(value)


def filled_up(n: int, size: int) -> np.ndarray:
    """Which of n faces to take, in whole batches of this size: each in its turn, at the end the first ones again."""
    return np.arange(-(-n // size) * size) % n
