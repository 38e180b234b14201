"""The runs that are kept: one found by its name, and the list of all, as `fer-keras runs` prints it."""

import os
import warnings
from pathlib import Path

import pandas as pd

from fer_keras.base import home
from fer_keras.training.run import Run, finished


def find_run(text: str) -> Run | None:
    """The run of that name or folder; of a part of the name if only one run with a model has it; else None. One's own
    runs are looked through first, then those of the shared store.

    >>> find_run(run.name) == run
    True
    """
    if not text:
        return None
    stores = [store / "runs" for store in home.folders()]
    for folder in (Path(text), *(store / text for store in stores)):
        if _has_metrics(folder):
            return _whole(folder)
    for store in stores:
        models = (path.parent for path in store.glob("*/model.keras") if text in path.parent.name)
        found = [path for path in models if _has_metrics(path) and ".damaged-" not in path.name]
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise ValueError(f"{text} is part of the names of {len(found)} runs: {names}")
        if found:
            return _whole(found[0])
    return None


def _whole(folder: Path) -> Run:
    run = finished(folder)
    if run is None:
        raise ValueError(f"run {folder.name} is damaged; train it anew")
    return run


def _has_metrics(folder: Path) -> bool:
    return os.path.isfile(folder / "metrics.json")  # False, too, where it may not be looked at


def run_table() -> pd.DataFrame:
    """The finished runs that are kept, the newest first; where a store is shared, whether they are only there."""
    rows = {}
    for folder in (path for store in home.folders() for path in (store / "runs").glob("*")):
        if folder.name in rows or not (run := finished(folder)):
            continue
        try:
            rows[run.name] = _row(run)
        except Exception as error:  # a part is missing or odd
            warnings.warn(f"{folder} cannot be listed ({type(error).__name__}: {error})"[:300], stacklevel=2)
    columns = ["run", "net", "width", "seed", "epochs", "data", "accuracy", "faces", "date", "megabytes", "shared"]
    table = pd.DataFrame(rows.values(), columns=[*columns, "made"]).sort_values("made", ascending=False)
    return table[columns if home.shared() else columns[:-1]].reset_index(drop=True)


def _row(run: Run) -> dict:
    score, config = run.metrics["accuracy"], run.config
    return {
        "run": run.name,
        "net": config["net"],
        "width": config["options"].get("width", 1),
        "seed": config["seed"],
        "epochs": len(run.history),
        "data": run.metrics.get("data", ""),
        "accuracy": None if score["value"] is None else round(score["value"], 3),
        "faces": score["n"],
        "date": run.metrics["date"],
        "megabytes": round(sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file()) / 1e6, 1),
        "shared": home.is_shared(run.folder),
        "made": (run.folder / "metrics.json").stat().st_mtime,
    }
