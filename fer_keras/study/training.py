"""How training went, net by net: what notebooks 10 and 11 say of accuracies, curves and gaps."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fer_keras.faces import Faces
from fer_keras.scores import accuracy
from fer_keras.study.tables import differences, learnt, score_table, word
from fer_keras.training.run import Run


def best_says(right: pd.DataFrame, scores: pd.DataFrame) -> str:
    """Which net is right most often, and whether it is shown to be better than the next: of those that have learnt.

    right: `hits` with the majority class. scores: its `shares`.
    """
    order = scores.loc[learnt(scores), "value"].astype(float).sort_values(ascending=False)
    best, *others = order.index
    says = f"`{best}` is right most often, for {order.iloc[0]:.0%} of the faces"
    if not others:
        return f"{says}; no other net has learnt."
    ahead = differences(right, {"ahead": (best, others[0])}).loc["ahead"]
    apart = word(ahead, "", "but not told apart from", "ahead of")
    return f"{says}, {apart} `{others[0]}`; `{others[-1]}` least often, for {order.iloc[-1]:.0%}."


def courses(histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row a net: in which epoch validation accuracy is highest and validation loss lowest, and in how many epochs
    validation accuracy is above training accuracy."""
    rows = {}
    for label, history in histories.items():
        above = history["val_accuracy"] > history["accuracy"]
        rows[label] = {
            "epochs": len(history),
            "best accuracy": history["val_accuracy"].idxmax(),
            "lowest loss": history["val_loss"].idxmin(),
            "validation above": above.sum(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def course(net: str, history: pd.DataFrame) -> str:
    """How the training of one net went, in a sentence or two."""
    values, low = history["val_accuracy"], history["val_loss"].idxmin()
    first, middle, last = values.iloc[0], values.iloc[(len(values) - 1) // 2], values.iloc[-1]
    if len(values) == 1:
        return f"After its only epoch `{net}` is right for {last:.0%} of the validation faces."
    if last <= first:
        return f"`{net}` gets no better: of the validation faces {first:.0%} are right at first, {last:.0%} at last."
    half = "first" if middle - first > last - middle else "second"
    falls = "still falls at the end"
    if low != history.index[-1]:
        falls = f"is lowest after epoch {low} of {len(values)}"
    return (
        f"`{net}` is right for {first:.0%} of the validation faces after its first epoch and for {last:.0%} after its "
        f"last, and most of that comes in the {half} half. Its validation loss {falls}."
    )


def gaps(runs: Mapping[str, Run], training: Faces, validation: Faces) -> pd.DataFrame:
    """How much more often the net that a run keeps is right on its training faces than on validation faces, both asked
    alike, with Newcombe's 95 % interval and n, the validation faces."""
    rows = {}
    for label, run in runs.items():
        known = accuracy(training.labels, run.predict(training).argmax(axis=1))
        other = accuracy(validation.labels, run.predict(validation).argmax(axis=1))
        gap = known["value"] - other["value"]
        (low, high), (other_low, other_high) = known["interval"], other["interval"]
        down = np.hypot(known["value"] - low, other_high - other["value"])
        up = np.hypot(high - known["value"], other["value"] - other_low)
        rows[label] = {"value": gap, "n": len(validation), "interval": (gap - down, gap + up)}
    return score_table(rows)


def gap_says(gap: Mapping) -> str:
    """A sentence on a row of `gaps`."""
    size = abs(gap["value"])
    return word(
        gap,
        f"Strangely it is less accurate on its training faces, by {size:.2f}.",
        "On its training faces it is not shown to be more accurate.",
        f"On its training faces it is more accurate, by {size:.2f}.",
    )
