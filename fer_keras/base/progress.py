"""One bar for everything that takes longer than two seconds."""

import os
import sys
from collections.abc import Iterable
from typing import TextIO

from tqdm import tqdm

from fer_keras.base.printable import printable

LONG = {"loss": "loss", "accuracy": "accuracy", "val_accuracy": "validation accuracy"}
SHORT = {"accuracy": "accuracy", "val_accuracy": "validation"}  # a line of JupyterLab has some 110 characters
silent = False  # in a process that works for another one, which has the bar


def redraws() -> bool:
    """Whether a line can be drawn over: in a terminal and in Jupyter, not in a log or under papermill."""
    return sys.stderr.isatty() or (in_kernel() and bool(os.environ.get("JPY_SESSION_NAME")))


def in_kernel() -> bool:
    """Whether what is printed goes into a notebook."""
    return "IPython" in sys.modules and hasattr(sys.modules["IPython"].get_ipython(), "kernel")


def _stream() -> TextIO:
    return sys.stdout if in_kernel() else sys.stderr  # which notebooks set on red, and the command line leaves free


def bar(steps: Iterable | None = None, what: str = "", unit: str = "it", **options) -> tqdm:
    """A tqdm bar that shows up after two seconds; where it cannot redraw itself (a log) it says little.

    In Jupyter it is a line of text, which a saved notebook keeps as it ended; tqdm's own there is saved as it began.
    """
    options["disable"] = silent or options.get("disable", False)
    seldom = {} if redraws() else {"mininterval": 10, "ncols": 80}
    return tqdm(steps, printable(what), unit=unit, delay=2, file=_stream(), **seldom | options)


class EpochBar:
    """A bar over the epochs of a training, with its scores; where it cannot be redrawn a line an epoch instead."""

    def __init__(self, what: str, epochs: int, done: int = 0):
        self.what, self.epochs, self.lines = printable(what), epochs, not silent and not redraws()
        if 0 < done < epochs and not silent:
            print(f"{self.what}: going on after epoch {done} of {epochs}", file=_stream())
        form = "{desc}: {percentage:3.0f}%|{bar:10}| {n:.1f}/{total} epochs [{elapsed}<{remaining}{postfix}]"
        self.bar = bar(what=what, total=epochs, initial=done, bar_format=form, disable=self.lines)

    def within(self, share: float, logs: dict) -> None:
        """Part of an epoch is done."""
        self.bar.update(int(self.bar.n) + min(share, 0.99) - self.bar.n)
        self.bar.set_postfix_str(_scores(logs, SHORT))

    def epoch(self, epoch: int, logs: dict, seconds: float) -> None:
        self.bar.update(epoch - self.bar.n)
        self.bar.set_postfix_str(_scores(logs, SHORT))
        if self.lines:
            print(f"{self.what}: epoch {epoch}/{self.epochs}, {_scores(logs, LONG)}, {seconds:.0f} s", file=_stream())

    def close(self) -> None:
        self.bar.close()


def _scores(logs: dict, names: dict[str, str]) -> str:
    return ", ".join(f"{says} {float(logs[name]):.3f}" for name, says in names.items() if name in logs)
