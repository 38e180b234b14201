"""Ctrl-C that is not lost: Python drops a KeyboardInterrupt that comes while it clears up memory."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_came = False
_usual: Any = signal.default_int_handler


@contextmanager
def remembered() -> Iterator[None]:
    """Inside, a Ctrl-C does what it always does, and is raised by the next `check` if it was dropped."""
    global _came, _usual
    usual = signal.getsignal(signal.SIGINT)
    outermost = usual is not _note and callable(usual) and threading.current_thread() is threading.main_thread()
    if outermost:
        _came, _usual = False, usual
        signal.signal(signal.SIGINT, _note)
    try:
        yield
    finally:
        if outermost:
            signal.signal(signal.SIGINT, usual)


def check() -> None:
    if _came and signal.getsignal(signal.SIGINT) is _note:
        raise KeyboardInterrupt


def _note(number, frame) -> None:
    global _came
    _came = True
    _usual(number, frame)
