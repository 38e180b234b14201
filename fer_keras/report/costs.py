"""How long a report takes: what each notebook took on one machine, and how fast this one is beside that."""

import time
from collections.abc import Sequence

import joblib
import numpy as np

# Seconds on smoke, beside the tests, and on quick with no run in the store, two at a time on two cores (2026-11-25).
# `python -m tests.bench report --preset quick` measures them again; nobody has run all of `full` on one machine.
SECONDS = {
    "00_first_net": (31, 92),
    "01_faces": (11, 16),
    "02_augmentation": (19, 16),
    "10_architecture": (45, 256),
    "11_history": (49, 200),
    "12_cnn_vs_dnn": (39, 132),
    "20_kfold": (31, 188),
    "21_confusion": (21, 20),
    "30_saliency": (38, 79),
    "31_filters": (19, 26),
    "40_mathematics": (42, 41),
    "50_leakage": (22, 89),
    "51_ablation": (38, 293),
    "52_labels": (13, 71),
    "90_claims": (4, 4),
}
OTHERS = (5, 5)
MEASURE = 279  # 10⁹ multiplications and additions a second of that machine, by `speed` (median of 7, idle)


def estimate(names: Sequence[str], preset: str, jobs: int) -> float | None:
    """Seconds that notebooks take on this machine, `jobs` at a time; None where nobody knows."""
    if preset not in ("smoke", "quick"):
        return None
    each = [SECONDS.get(name, OTHERS)[preset == "quick"] for name in names]
    return max(sum(each) / jobs, *each) * MEASURE / speed()


def speed() -> float:
    """What the cores of this machine do in a second, with all that runs on it now, measured in 0.2 seconds."""
    squares = np.ones((100, 64, 64), np.float32)  # so small that NumPy multiplies them on one core
    done, start = 0, time.perf_counter()
    while time.perf_counter() < start + 0.2:
        squares @ squares
        done += 1
    return joblib.cpu_count() * 100 * 2 * 64**3 * done / (time.perf_counter() - start) / 1e9
