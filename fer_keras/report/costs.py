"""How long a report takes: what each notebook took on one machine, and how fast this one is beside that."""

import time
from collections.abc import Sequence
from pathlib import Path

import joblib
import numpy as np
import yaml

COSTS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))


def estimate(names: Sequence[str], preset: str, jobs: int) -> float | None:
    """Seconds that notebooks take on this machine, `jobs` at a time; None where nobody knows."""
    if preset not in COSTS:
        return None
    each = [COSTS[preset].get(name, COSTS["others"]) for name in names]
    return max(sum(each) / jobs, *each) * COSTS["speed"] / speed()


def speed() -> float:
    """What the cores of this machine do in a second with nothing else to do, by 0.2 seconds of one core's time."""
    squares = np.ones((100, 64, 64), np.float32)  # so small that NumPy multiplies them on one core
    done, start = 0, time.thread_time()  # in which waiting for other programs does not count
    while time.thread_time() < start + 0.2:
        squares @ squares
        done += 1
    return joblib.cpu_count() * 100 * 2 * 64**3 * done / (time.thread_time() - start) / 1e9
