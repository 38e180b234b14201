"""One bar for everything that takes longer than two seconds."""

import sys
from collections.abc import Iterable

from tqdm.auto import tqdm


def bar(steps: Iterable | None = None, what: str = "", unit: str = "it", **options) -> tqdm:
    """A tqdm bar that shows up after two seconds; where it cannot redraw itself (a log) it says little."""
    seldom = {} if sys.stderr.isatty() or "ipykernel" in sys.modules else {"mininterval": 10, "ncols": 80}
    return tqdm(steps, what, unit=unit, delay=2, **seldom | options)
