"""What a notebook found, as values that later readers and pages can use.

`record` puts a value into the notebook's own output, so that plain papermill, Jupyter and our report all keep it
without knowing of each other.
"""

import math
import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from IPython.display import display

from fer_keras.base.home import machine
from fer_keras.faces import Faces
from fer_keras.scores import accuracy, stand_in_both

RECORD = "application/vnd.fer-keras.record+json"  # the output types under which a notebook keeps them
ANSWER = "application/vnd.fer-keras.answer"


def record(name, value=None, n: int | None = None, interval=None, *, suffix: str = "") -> None:
    """Keep a value, or every row of a table, for the report and the ledger. Fractions, never percent.

    name: of the value; or a table of scores (columns value, n, interval), or a series of values, each kept under its
    label, in small letters with _ for all else, and the suffix. value: a number, truth value or text, or a score.
    n: how many faces it was measured on. interval: its 95 % interval.

    >>> record("public_accuracy", 0.63, n=3589, interval=(0.61, 0.65))
    >>> scores = pd.DataFrame({"cnn_1m": run.metrics["accuracy"]}).T
    >>> record(scores, suffix="accuracy")  # keeps cnn_1m_accuracy
    """
    if isinstance(name, pd.DataFrame):
        entries = {_name(label, suffix): _entry(label, row) for label, row in name.iterrows()}
    elif isinstance(name, pd.Series):
        entries = {_name(label, suffix): _entry(label, {"value": each}) for label, each in name.items()}
    else:
        score = value if isinstance(value, Mapping | pd.Series) else {"value": value, "n": n, "interval": interval}
        entries = {name: _entry(name, score)}
    if wrong := [each for each in entries if not re.fullmatch(r"[a-z][a-z0-9_]*", each)]:
        raise ValueError(f"a recorded name is in small letters, digits and _, such as accuracy, not {wrong[0]!r}")
    display({RECORD: entries, "text/html": ""}, raw=True)  # kept, not shown


def answer(text: str) -> None:
    """Show Markdown as the answer to the notebook's question, which the report's first page repeats.

    >>> answer(f"The net is right for **{run.metrics['accuracy']['value']:.0%}** of the faces.")
    """
    display({"text/markdown": text, ANSWER: text}, raw=True)


def _name(label, suffix: str) -> str:
    return "_".join(filter(None, [re.sub(r"[^a-z0-9]+", "_", str(label).lower()).strip("_"), suffix]))


def _entry(name: str, score: Mapping) -> dict:
    """value, and n, trainings, interval and its degrees of freedom where they are known."""
    entry = {"value": _plain(name, score["value"])}
    for count in ("n", "trainings"):
        if pd.notna(score.get(count)):
            entry[count] = int(score[count])
    interval = score.get("interval")
    if interval is not None and np.size(interval) == 2:
        entry["interval"] = [_plain(name, bound) for bound in interval]
    if pd.notna(score.get("degrees")):
        entry["degrees"] = float(score["degrees"])
    return entry


def read_notebook(notebook: nbformat.NotebookNode) -> tuple[dict[str, dict], str]:
    """The records and the answer in the outputs of an executed notebook."""
    records, text = {}, ""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            records |= output.get("data", {}).get(RECORD, {})
            text = output.get("data", {}).get(ANSWER, text)
    return records, text


def result(command: str, data: str, values: dict, day: str | None = None, device: str | None = None) -> dict:
    """An entry of a file in notebooks/results/: values, and what it takes to measure them again: the command, with what
    was set that decides the bits.

    day, device: when and on what, if not today and here."""
    decides = ("FER_KERAS_DETERMINISTIC", "KERAS_BACKEND")
    variables = [f"{name}={os.environ[name]}" for name in decides if name in os.environ]
    entries = {name: value if isinstance(value, dict) else {"value": value} for name, value in values.items()}
    return {
        "command": " ".join([*variables, command]),
        "date": day or date.today().isoformat(),
        "device": device or machine(),
        "data": Path(data).name,
        "values": entries,
    }


def of_training(run, training: Faces, validation: Faces, public: Faces, command: str, data: str) -> dict:
    """A run as notebooks/results/ keeps it, with its curves, and under `right` a bit for each validation face, as
    hexadecimal: is its label found? So trainings can be pooled and compared face by face without their runs.
    `right_public` is the same of PublicTest, which no training has seen; there the mean answer to a face and its mirror
    image is measured too."""
    last, metrics = run.history.iloc[-1], run.metrics
    known, found = (run.predict(faces).argmax(axis=1) for faces in (training, validation))
    values = {
        "accuracy": metrics["accuracy"],
        "accuracy_without_duplicates": metrics["accuracy_without_duplicates"],
        "epoch": metrics["epoch"],
        "epochs": len(run.history),
        "epochs_above": int((run.history["val_accuracy"] > run.history["accuracy"]).sum()),
        "last_training_accuracy": {"value": float(last["accuracy"]), "n": len(training)},
        "last_validation_accuracy": {"value": float(last["val_accuracy"]), "n": len(validation)},
        "last_training_loss": float(last["loss"]),
        "last_validation_loss": float(last["val_loss"]),
        "known_accuracy": {"value": float(np.mean(known == training.labels)), "n": len(training)},
        "parameters": metrics["parameters"],
        "seconds": metrics["seconds"],
    }
    if earlier := metrics.get("begins_with"):
        values["began_after_epochs"], values["began_after_seconds"] = earlier["epochs"], earlier["seconds"]
    bits = {"right": _bits(found == validation.labels)}
    if len(public):
        elsewhere, alone = run.predict(public).argmax(axis=1), ~stand_in_both(public, training)
        values["public_accuracy"] = accuracy(public.labels, elsewhere)
        values["public_accuracy_without_duplicates"] = accuracy(public.labels[alone], elsewhere[alone])
        bits["right_public"] = _bits(elsewhere == public.labels)
        both = (run.predict(public) + run.predict(public.mirrored())).argmax(axis=1)
        values["public_accuracy_with_mirror"] = accuracy(public.labels, both)
    history = {name: run.history[name].round(4).tolist() for name in run.history}
    return result(command, data, values, metrics["date"], metrics["device"]) | {"history": history} | bits


def _bits(right: np.ndarray) -> str:
    return np.packbits(right).tobytes().hex()


def _plain(name: str, value):
    """The value as JSON has it."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError(f"{name} is recorded as a finite number, a truth value or a text, not {value!r}")
