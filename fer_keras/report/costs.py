"""How long a report takes: what each notebook took on one machine, and how fast this one is beside that."""

import time
from collections.abc import Sequence

import joblib
import numpy as np

# Seconds on smoke and on quick with no run in the store, on two cores of the machine that is the measure.
# `python -m tests.bench report --preset quick` measures them again; nobody has run all of `full` on one machine.
SECONDS = {
    "00_first_net": (18, 92),
    "01_faces": (7, 16),
    "02_augmentation": (8, 16),
    "10_architecture": (39, 256),
    "11_history": (42, 200),
    "12_cnn_vs_dnn": (43, 132),
    "20_kfold": (36, 188),
    "21_confusion": (14, 20),
    "30_saliency": (27, 79),
    "31_filters": (16, 26),
    "40_mathematics": (51, 41),
    "50_leakage": (29, 89),
    "51_ablation": (42, 293),
    "52_labels": (13, 71),
    "90_claims": (6, 4),
}
OTHERS = (5, 5)
MEASURE = 210  # 10⁹ multiplications and additions a second of that machine's cores, by `speed`


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
