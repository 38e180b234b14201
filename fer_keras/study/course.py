"""Notebook 11: how a training went, in words."""

import pandas as pd


def course(net: str, history: pd.DataFrame) -> str:
    """How the training of one net went, in a sentence or two."""
    values, low = history["val_accuracy"], history["val_loss"].idxmin()
    first, middle, last = values.iloc[0], values.iloc[(len(values) - 1) // 2], values.iloc[-1]
    if len(values) == 1:
        return f"After its only epoch `{net}` is right for {last:.0%} of the validation faces."
    if last <= first:
        return f"`{net}` gets no better: of the validation faces {first:.0%} are right at first, {last:.0%} at last."
    half = "first" if middle - first > last - middle else "second"
    falls = f"is lowest after epoch {low} of {len(values)}" if low != history.index[-1] else "still falls at the end"
    return (
        f"`{net}` is right for {first:.0%} of the validation faces after its first epoch and for {last:.0%} after its "
        f"last, and most of that comes in the {half} half. Its validation loss {falls}."
    )
