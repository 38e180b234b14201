"""Tables of scores, as notebooks show, draw and record them: a row a score, with `value`, `n` and `interval`.

They begin with `hits`, a table of right and wrong: a row a face, a column a net. What the words of an answer are
chosen by stands here too, so that it can be tested on made-up tables.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fer_keras.faces import Faces
from fer_keras.scores import MAJORITY, accuracy, difference
from fer_keras.study.records import record

NOT_LEARNT = "has not learnt"
COUNTS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


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
    """The accuracy of each column of `hits`, with n and Wilson's 95 % interval.

    Where there is a majority class, `learnt` says whether the net is shown to be better than it.
    """
    always_right = np.ones(len(right), bool)
    table = score_table({label: accuracy(always_right, right[label]) for label in right})
    if MAJORITY in table.index:
        lows = table["interval"].str[0].astype(float)
        table["learnt"] = lows > table.loc[MAJORITY, "value"]
    return table


def learnt(scores: pd.DataFrame) -> list[str]:
    """The nets of a table of `shares` that are shown to be better than the majority class."""
    return [label for label in scores.index[scores["learnt"]] if label != MAJORITY]


def not_learnt(scores: pd.DataFrame) -> list[str]:
    """The nets that are not: nothing is ranked, compared or mapped of these."""
    return [label for label in scores.index[~scores["learnt"]] if label != MAJORITY]


def differences(right: pd.DataFrame, pairs: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """How much more often the first net of each pair is right than the second, face by face, with n, 95 % interval and
    the p of McNemar's test. pairs: by the label of the row."""
    always_right = np.ones(len(right), bool)
    return score_table({
        label: difference(always_right, right[one], right[other]) for label, (one, other) in pairs.items()
    })  # fmt: skip


def word(row: Mapping, below: str, unclear: str, above: str) -> str:
    """A word for a difference: `unclear` if its interval holds 0, or if it has none."""
    interval = row["interval"]
    low, high = interval if np.size(interval) == 2 else (-1, 1)
    return above if low > 0 else below if high < 0 else unclear


def words(table: pd.DataFrame, below: str, unclear: str, above: str) -> pd.Series:
    """`word` of each row."""
    found = {label: word(row, below, unclear, above) for label, row in table.iterrows()}
    return pd.Series(found, dtype=object)


def listed(items, form: str = "") -> str:
    """ "a, b and c": of a list, or of the values of a table of scores, each in this format; "none" for no items."""
    values = items["value"] if isinstance(items, pd.DataFrame) else items
    texts = [format(value, form) for value in values]
    if not texts:
        return "none"
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def counted(n: int, thing: str) -> str:
    """ "one training", "three trainings", "12 trainings"."""
    return f"{COUNTS[n] if n < len(COUNTS) else f'{n:,}'} {thing}{'' if n == 1 else 's'}"


def setting(data: str, faces: Faces, judged: Faces, runs: Mapping) -> "pd.io.formats.style.Styler":
    """What was trained on what: shown as a table, a row a run, and recorded.

    runs: by label. Of one net the names are `net`, `width`, `epochs`, `parameters`; of several each begins with the
    label of its run.
    """
    rows = {}
    for label, run in runs.items():
        config = run.config
        rows[label] = {
            "net": config["net"],
            "width": float(config["options"].get("width", 1)),
            "parameters": run.metrics["parameters"],
            "epochs": len(run.history),
            "batch": config["recipe"].get("batch_size", 128),
            "seed": config["seed"],
            "accuracy": float(run.history["accuracy"][run.metrics["epoch"]]),
            "loss": float(run.history["loss"][run.metrics["epoch"]]),
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    first = next(iter(runs.values()))
    record("data", Path(data).name)
    record("faces", len(faces))
    record("judged_split", str(judged.splits[0]))
    record("judged_faces", len(judged))
    record("device", first.metrics["device"])
    columns = ["width", "epochs", "parameters", "logged_training_accuracy", "logged_training_loss"]
    told = table.rename(columns={"accuracy": columns[3], "loss": columns[4]})
    if table["net"].nunique() == 1:
        record(told[["net", *columns]].iloc[0])
    else:
        for name in columns:
            record(told[name], suffix=name)
    training = (faces.splits == "Training").sum()
    caption = f"What was trained on the {training:,} training faces of {Path(data).name}; accuracy and loss as logged"
    forms = {"width": "{:g}", "seed": "{}", "accuracy": "{:.3f}", "loss": "{:.3f}"}
    return table.style.format(forms, thousands=",").set_caption(caption)


def limits(judged: Faces, validation: Faces, scores: pd.DataFrame | None = None, trainings: int = 1) -> str:
    """What an answer rests on, in one or two short sentences: the faces, how many trainings, who has not learnt.

    scores: a table of `shares`, whose nets are told to have learnt or not.
    """
    kind = "drawn faces" if judged.regions is not None else f"{judged.splits[0]} faces"
    also = " (the same chose the epoch)" if judged is validation else ""
    text = f"Measured on {len(judged):,} {kind}{also}; {counted(trainings, 'training')} each."
    if scores is not None and not_learnt(scores):
        idle = [f"`{label}`" for label in not_learnt(scores)]
        text += f" Not learnt: {listed(idle)}."
    return text


def no_answer(scores: pd.DataFrame) -> str:
    """What a notebook answers where no net of a table of `shares` has learnt anything; "" where one
    has."""
    if learnt(scores):
        return ""
    best, always = scores["value"].drop(MAJORITY).max(), scores.loc[MAJORITY, "value"]
    nets = "the net has" if len(scores) == 2 else "the nets have"
    return f"No answer yet: {nets} learnt nothing ({best:.2f} against {always:.2f} for always the commonest emotion)."


def reach(row: Mapping) -> str:
    """ "0.55 to 0.61": the 95 % interval of a score; "unknown" where it has none."""
    interval = row["interval"]
    return f"{interval[0]:.2f} to {interval[1]:.2f}" if np.size(interval) == 2 else "unknown"
