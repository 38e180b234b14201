"""Tables of scores, as notebooks show, draw and record them: a row a score, with `value`, `n` and `interval`.

They begin with `hits`, a table of right and wrong: a row a face, a column a net. What the words of an answer are
chosen by stands here too, so that it can be tested on made-up tables.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fer_keras.faces import Faces
from fer_keras.scores import MAJORITY, difference, over_faces, share
from fer_keras.study.records import record

TRAININGS = {1: "one training", 2: "two trainings", 3: "three trainings"}


def hits(runs: Mapping, faces: Faces, training: Faces | None = None) -> pd.DataFrame:
    """Which net is right about which face: a row a face, a column a run.

    training: the first column then answers every face with the commonest emotion of these.
    """
    right = {}
    if training is not None:
        commonest = np.bincount(training.labels).argmax()
        right[MAJORITY] = faces.labels == commonest
    for label, run in runs.items():
        right[label] = run.predict(faces).argmax(axis=1) == faces.labels
    return pd.DataFrame(right)


def score_table(rows: Mapping[str, Mapping]) -> pd.DataFrame:
    """A row a score, from dictionaries such as those of `scores.accuracy`; empty for none."""
    table = pd.DataFrame.from_dict(dict(rows), orient="index")
    return table if len(table) else pd.DataFrame(columns=["value", "n", "interval"])


def shares(right: pd.DataFrame) -> pd.DataFrame:
    """The accuracy of each column of `hits`, with n and Wilson's 95 % interval; of columns that are means over several
    trainings with that of the bootstrap over faces. NaN counts as no face; a column of no faces has no row.

    Where there is a majority class, `learnt` says whether the net is shown to be better than it.
    """
    rows = {}
    for label in right:
        known = right[label].dropna().astype(float)
        if len(known):
            rows[label] = share(known.sum(), len(known)) if known.isin([0, 1]).all() else over_faces(known)
    table = score_table(rows)
    if MAJORITY in table.index:
        lows = table["interval"].str[0].astype(float)
        table["learnt"] = lows > table.loc[MAJORITY, "value"]
    return table


def learnt(scores: pd.DataFrame) -> list[str]:
    """The nets of a table of `shares` that are shown to be better than the majority class. Nothing is ranked, compared
    or mapped of the others."""
    return [label for label in scores.index[scores["learnt"]] if label != MAJORITY]


def differences(right: pd.DataFrame, pairs: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """How much more often the first net of each pair is right than the second, face by face, with n, 95 % interval and
    the p of McNemar's test. pairs: by the label of the row. Where `right` has the majority class, pairs with a net that
    has not learnt are left out."""
    able = learnt(shares(right)) if MAJORITY in right else right.columns
    rows = {}
    for label, (one, other) in pairs.items():
        if one in able and other in able:
            rows[label] = difference(right[one], right[other])
    return score_table(rows).reindex(columns=["value", "n", "interval", "p"])


def by_part(right: pd.DataFrame, one: str, other: str, parts: Mapping[str, np.ndarray], beyond: str) -> pd.DataFrame:
    """How much more often one net is right than another on some faces and on others: a row a part (a mask by label), no
    row for a part without faces. The row `beyond` has how far the first part's value lies above the second's.

    right: `hits` with the majority class; empty where one of the nets has not learnt."""
    rows = {}
    if {one, other} <= set(learnt(shares(right))):
        for label, where in parts.items():
            if where.any():
                rows[label] = difference(right[one][where], right[other][where])
    first, second, *_ = parts
    if first in rows and second in rows:
        rows[beyond] = _apart(rows[first], rows[second])
    return score_table(rows)


def minus(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """By how much the scores of one table are above those of the same labels in another, which are of other faces: n of
    the fewer, and a 95 % interval (made of both intervals as Newcombe does it)."""
    labels = one.index.intersection(other.index, sort=False)
    return score_table({label: _apart(one.loc[label], other.loc[label]) for label in labels})


def _apart(one: Mapping, other: Mapping) -> dict:
    (low, high), (other_low, other_high) = one["interval"], other["interval"]
    value = one["value"] - other["value"]
    down = np.hypot(one["value"] - low, other_high - other["value"])
    up = np.hypot(high - one["value"], other["value"] - other_low)
    return {"value": value, "n": min(one["n"], other["n"]), "interval": [value - down, value + up]}


def word(row: Mapping, below: str, unclear: str, above: str) -> str:
    """A word for a difference: `unclear` if its interval holds 0, or if it has none."""
    interval = row["interval"]
    low, high = interval if np.size(interval) == 2 else (-1, 1)
    return above if low > 0 else below if high < 0 else unclear


def words(table: pd.DataFrame, below: str, unclear: str, above: str) -> pd.Series:
    """`word` of each row; `.get(label, default)` has one of them, or a word for its lack."""
    found = {label: word(row, below, unclear, above) for label, row in table.iterrows()}
    return pd.Series(found, dtype=object)


def listed(items) -> str:
    """ "a, b and c"; "none" for no items."""
    *most, last = map(str, items if len(items) else ["none"])
    return f"{', '.join(most)} and {last}" if most else last


def leader(table: pd.DataFrame, lowest: bool = False) -> str:
    """ "fear as sad (21%)": the row with the largest value, or the lowest; and the next one, where their intervals
    overlap. "nothing" for no rows."""
    if table.empty:
        return "nothing"
    ordered = table.sort_values("value", ascending=lowest, kind="stable")
    text = f"*{ordered.index[0]}* ({ordered['value'].iloc[0]:.0%})"
    if len(ordered) == 1:
        return text
    (low, high), (next_low, next_high) = ordered["interval"].iloc[:2]
    apart = high < next_low if lowest else low > next_high
    return text if apart else f"{text} or *{ordered.index[1]}*"


def reach(row: Mapping) -> str:
    """ "0.55 to 0.61": the 95 % interval of a score; "unknown" where it has none."""
    interval = row["interval"]
    return f"{interval[0]:.2f} to {interval[1]:.2f}" if np.size(interval) == 2 else "unknown"


def setting(data: str, faces: Faces, judged: Faces, runs: Mapping) -> "pd.io.formats.style.Styler":
    """What was trained on what: shown as a table, a row a run, and recorded.

    runs: by label. Of one net the names are `net`, `width`, `epochs`, `parameters`; of several each begins with the
    label of its run.
    """
    rows = {}
    for label, run in runs.items():
        kept = run.history.loc[run.metrics["epoch"]]
        rows[label] = {
            "net": run.config["net"],
            "width": float(run.config["options"].get("width", 1)),
            "parameters": run.metrics["parameters"],
            "epochs": len(run.history),
            "batch": run.config["recipe"].get("batch_size", 128),
            "seed": run.config["seed"],
            "logged_training_accuracy": float(kept["accuracy"]),
            "logged_training_loss": float(kept["loss"]),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    first = next(iter(runs.values()))
    record(pd.Series({
        "data": Path(data).name,
        "faces": len(faces),
        "judged_split": str(judged.splits[0]),
        "judged_faces": len(judged),
        "device": first.metrics["device"],
    }))  # fmt: skip
    if table["net"].nunique() == 1:
        record(table.iloc[0])
    else:
        for name in table.columns.drop("net"):
            record(table[name], suffix=name)
    table["epoch kept"] = [run.metrics["epoch"] for run in runs.values()]
    table["faces trained on"] = [run.metrics.get("trained_on", {}).get("n") for run in runs.values()]
    shown = table.rename(columns=lambda name: name.replace("_", " ")).style.format(precision=3, thousands=",")
    shown = shown.format("{:d}", subset=["seed"])
    return shown.set_caption(f"What was trained, on {Path(data).name}: logged values are those of the epoch kept")


def limits(judged: Faces, validation: Faces, scores: pd.DataFrame | None = None, trainings: int = 1) -> str:
    """What an answer rests on, in one or two short sentences: the faces, how many trainings, who has not learnt.

    scores: a table of `shares`, whose nets are told to have learnt or not.
    """
    kind = "drawn faces" if judged.regions is not None else f"{judged.splits[0]} faces"
    also = " (those that validated)" if judged is validation else ""
    each = TRAININGS.get(trainings, f"{trainings:,} trainings")
    text = f"Measured on {len(judged):,} {kind}{also}; {each} each."
    if scores is not None:
        idle = [f"`{label}`" for label in scores.index if label not in (MAJORITY, *learnt(scores))]
        text += f" Not learnt: {listed(idle)}." if idle else ""
    return text


def no_answer(scores: pd.DataFrame) -> str:
    """What a notebook answers where no net of a table of `shares` has learnt anything; "" where one has."""
    if learnt(scores):
        return ""
    best, always = scores["value"].drop(MAJORITY).max(), scores.loc[MAJORITY, "value"]
    nets = "the net has" if len(scores) == 2 else "the nets have"
    return f"No answer yet: {nets} learnt nothing ({best:.2f} against {always:.2f} for always the commonest emotion)."
