"""What a notebook found, as values that later readers and pages can use.

`record` puts a value into the notebook's own output, so that plain papermill, Jupyter and our report all keep it
without knowing of each other; `tell` and `answer` render prose from nothing but recorded values.
"""

import html
import math
import os
import re
from datetime import date
from numbers import Integral, Real
from pathlib import Path

import nbformat
from IPython.display import display

from fer_keras.base.home import machine

RECORD = "application/vnd.fer-keras.record+json"  # the output types under which a notebook keeps them
ANSWER = "application/vnd.fer-keras.answer"
_recorded: dict[str, dict] = {}  # of the notebook that runs in this process


def record(
    name: str,
    value: float | int | bool | str,
    n: int | None = None,
    interval: tuple[float, float] | None = None,
) -> None:
    """Keep a value for the answer, the report and the ledger. Fractions, never percent.

    n: how many faces it was measured on. interval: its 95 % interval.

    >>> record("public_accuracy", 0.63, n=3589, interval=(0.61, 0.65))
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"a recorded name is in small letters, digits and _, such as public_accuracy, not {name!r}")
    entry = {"value": _plain(name, value)}
    if n is not None:
        entry["n"] = int(n)
    if interval is not None:
        entry["interval"] = [_plain(name, bound) for bound in interval]
    _recorded[name] = entry
    display({RECORD: {name: entry}, "text/html": ""}, raw=True)  # kept, not shown


def tell(text: str) -> None:
    """Markdown with recorded values in braces: `tell("{faces:,} faces, {happy_share:.1%} of them happy")`."""
    display({"text/markdown": _render(text)}, raw=True)


def answer(text: str) -> None:
    """Like `tell`, for the answer to the notebook's question, which the report's first page repeats."""
    rendered = _render(text)
    display({"text/markdown": rendered, ANSWER: rendered}, raw=True)


def _render(text: str) -> str:
    values = {name: entry["value"] for name, entry in _recorded.items()}
    values = {name: html.escape(value) if isinstance(value, str) else value for name, value in values.items()}
    try:
        return text.format_map(values)
    except KeyError as error:
        raise KeyError(f"the text uses {error}, which this notebook has not recorded") from None


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
    variables = [
        f"{name}={os.environ[name]}" for name in ("FER_KERAS_DETERMINISTIC", "KERAS_BACKEND") if name in os.environ
    ]
    entries = {name: value if isinstance(value, dict) else {"value": value} for name, value in values.items()}
    return {
        "command": " ".join([*variables, command]),
        "date": day or date.today().isoformat(),
        "device": device or machine(),
        "data": Path(data).name,
        "values": entries,
    }


def _plain(name: str, value):
    """The value as JSON has it."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    raise ValueError(f"{name} is recorded as a finite number, a truth value or a text, not {value!r}")
