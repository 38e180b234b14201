"""The assignment: what a student states, beside what was measured."""

import math
from numbers import Real

import pandas as pd
from IPython.display import Markdown

from fer_keras.study.records import record


def stated(name: str, value, measured: float, off: float = 0) -> Markdown:
    """Say whether a student's number is right, and keep it with what was measured for `fer-keras check`.

    off: how far from it is still right. What was measured is not shown.
    """
    measured = float(measured)
    is_number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    right = is_number and math.isfinite(measured) and abs(value - measured) <= off
    kept = {name: value if is_number else "" if value is None else str(value)[:80], f"{name}_right": bool(right)}
    if math.isfinite(measured):
        kept[f"{name}_measured"] = measured
    record(pd.Series(kept, dtype=object))
    if value is None:
        return Markdown(f"`{name}` is still empty.")
    if not is_number:
        return Markdown(f"`{name}` should be a number, and is something else.")
    return Markdown(
        f"`{name} = {value:,}` is right." if right else f"`{name} = {value:,}` is not right yet: look again."
    )
