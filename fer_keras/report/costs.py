"""How long a report takes: what each notebook took on one machine, and how fast this one is beside that."""

import time
from collections.abc import Sequence

import joblib
import numpy as np

# Seconds on smoke and on quick with no run in the store, on two cores of the machine that is the measure.
# `python -m tests.bench report --preset quick` measures them again; nobody has run all of `full` on one machine.
SECONDS = {
    "01_faces": (5, 12),
    "02_augmentation": (6, 14),
    "10_architecture": (35, 202),
    "11_history": (35, 201),
    "12_cnn_vs_dnn": (21, 91),
    "20_kfold": (16, 104),
    "21_confusion": (10, 13),
    "30_saliency": (19, 60),
    "31_filters": (13, 22),
    "40_mathematics": (5, 8),
    "50_leakage": (12, 58),
    "51_ablation": (25, 258),
    "52_labels": (14, 52),
}
OTHERS = (5, 5)
MEASURE = 250  # 10⁹ multiplications and additions a second of that machine's cores, by `speed`


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
