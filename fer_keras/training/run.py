"""A run is what one training leaves, in a folder of `runs/` named after all that decided the result.

`config.json` (written first), `history.csv`, `model.keras`, `checkpoints/`, `predictions/`, and at last `metrics.json`,
which also holds a checksum of each file: a run without it is unfinished, one that differs from it is damaged.
"""

import hashlib
import io
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from fer_keras.base import home, lease
from fer_keras.base.home import write_text, write_whole
from fer_keras.faces import EMOTIONS, Faces
from fer_keras.training.predict import load_model, predict


@dataclass(frozen=True)
class Run:
    """A finished training. Scores are on the validation faces, after the epoch that the recipe keeps.

    >>> low, high = run.metrics["accuracy"]["interval"]
    >>> low < run.metrics["accuracy"]["value"] < high
    True
    >>> list(run.history)
    ['accuracy', 'loss', 'val_accuracy', 'val_loss']
    >>> run.predict(faces.split("PrivateTest")).shape
    (40, 7)
    """

    folder: Path

    def __post_init__(self):
        object.__setattr__(self, "folder", Path(self.folder))  # a text is as good

    @property
    def name(self) -> str:
        """Of the folder: the net's, and a number that stands for all settings."""
        return self.folder.name

    @cached_property
    def config(self) -> dict:
        """Net, options, recipe, seed, data, backend: what decides the result, and the versions it was made with."""
        return json.loads((self.folder / "config.json").read_text("utf-8"))

    @cached_property
    def metrics(self) -> dict:
        """`accuracy` and `accuracy_without_duplicates`, each with value, n and 95 % interval; `loss`, `seconds`, …"""
        path = self.folder / "metrics.json"
        try:
            return home.unsealed(path)
        except ValueError:
            again = "`fer-keras train` with the same settings trains the run anew"
            raise ValueError(f"{path} is damaged; {again}") from None

    @cached_property
    def history(self) -> pd.DataFrame:
        """Loss and accuracy after each epoch, training (with dropout and augmentation) and validation (`val_…`)."""
        return pd.read_csv(self.folder / "history.csv", index_col="epoch", float_precision="round_trip")

    @cached_property
    def model(self) -> keras.Model:
        """The trained net."""
        return self._load("model.keras")

    def checkpoint(self, epoch: int) -> keras.Model:
        """The model after an epoch that the recipe's `checkpoints` name."""
        return self._load(f"checkpoints/{epoch}.keras")

    def predict(self, faces: Faces) -> np.ndarray:
        """(n, 7) probabilities, one row a face; kept with the run, so that asking again costs nothing."""
        kept = _predictions(self.folder, faces)
        predictions = _read_predictions(kept)
        if predictions is None or predictions.shape != (len(faces), len(EMOTIONS)):
            predictions = predict(self.model, faces)
            if not home.is_shared(self.folder):
                with suppress(OSError):  # a store of others that is read only
                    keep_predictions(self.folder, faces, predictions)
        return predictions

    def _load(self, name: str) -> keras.Model:
        if not (self.folder / name).exists():
            there = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.keras"))
            raise ValueError(f"run {self.name} keeps no {name}; it keeps {', '.join(there) or 'no model'}")
        if self.metrics["files"].get(name, checksum(self.folder / name)) != checksum(self.folder / name):
            raise ValueError(f"{self.folder / name} is damaged; `fer-keras train` with the same settings makes it anew")
        return load_model(self.folder / name)


def keep_predictions(folder: Path, faces: Faces, predictions: np.ndarray) -> None:
    written = io.BytesIO()
    np.save(written, predictions, allow_pickle=False)
    data = written.getvalue()
    write_whole(_predictions(folder, faces), lambda file: file.write(data + _seal(data)))


def _read_predictions(path: Path) -> np.ndarray | None:
    """None where there are none, or damaged ones; the seal stands behind what NumPy reads, older files have none."""
    try:
        data = path.read_bytes()
        file = io.BytesIO(data)
        found = np.load(file, allow_pickle=False)
    except Exception:  # NumPy raises many kinds at damaged files
        return None
    end = file.tell()
    return found if data[end:] in (b"", _seal(data[:end])) else None


def _seal(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def _predictions(folder: Path, faces: Faces) -> Path:
    return folder / "predictions" / f"{faces.digest()}.npy"


def folder_of(decides: dict) -> Path:
    """Where the run lives that these settings decide."""
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
    return home.folder() / "runs" / f"{re.sub(r'[^A-Za-z0-9_.]', '.', decides['net'])}-{key}"


def finished(folder: Path) -> Run | None:
    """The run in this folder, if it is finished and whole."""
    try:
        found = home.unsealed(folder / "metrics.json")
        whole = all(checksum(folder / name) == each for name, each in found["files"].items())
        return Run(folder) if whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def kept(folder: Path) -> Run | None:
    """The finished run in this folder; where it holds none, not even a damaged one, that of the shared store."""
    others = home.shared()
    if others and not (folder / "metrics.json").exists():
        return finished(others / "runs" / folder.name)
    return finished(folder)


def set_aside_if_damaged(folder: Path) -> None:
    """Rename a run that says it is finished and is not whole."""
    if (folder / "metrics.json").exists() and not finished(folder):
        number = 1
        while folder.with_name(f"{folder.name}.damaged-{number}").exists():
            number += 1
        aside = folder.with_name(f"{folder.name}.damaged-{number}")
        folder.rename(aside)
        print(f"fer-keras: run {folder.name} was damaged; it is kept as {aside.name} and trained anew", file=sys.stderr)


@contextmanager
def alone(folder: Path) -> Iterator[Callable[[], None]]:
    """Let one process at a time work on this run, of all machines that share the store; what it gives stops a process
    that was away so long that another has taken over."""
    trains = f"trains {folder.name}"
    with ExitStack() as stack:
        with stored(folder):
            mine = stack.enter_context(lease.held(folder.parent / ".locks" / f"{folder.name}.lease", trains))
        for left in folder.rglob(".unfinished-*"):  # of processes that were killed while they wrote
            left.unlink(missing_ok=True)
        yield lambda: lease.check(mine, trains)


@contextmanager
def stored(folder: Path) -> Iterator[None]:
    """Turn a full disk or a folder that takes no files into a sentence."""
    try:
        yield
    except OSError as error:
        why = f"the run could not be written ({error.strerror or error}); free space there or set FER_KERAS_HOME to "
        why += "another folder, and call again: what was saved stays and is gone on from"
        raise OSError(error.errno, why, str(folder)) from None


def finish(folder: Path, metrics: dict) -> Run:
    """Write `metrics.json` with the checksums: from now on the run is finished."""
    paths = [folder / "config.json", folder / "history.csv", *folder.rglob("*.keras"), *folder.rglob("*.npy")]
    files = {path.relative_to(folder).as_posix(): checksum(path) for path in sorted(paths)}
    write_json(folder / "metrics.json", home.sealed(metrics | {"files": files}))
    return Run(folder)


def tell(run: Run, **about) -> Run:
    """Write more into a run's metrics, such as the name of its data, which no training knows; what is there stays."""
    if about.keys() <= run.metrics.keys() or home.is_shared(run.folder):
        return run
    known = {name: value for name, value in run.metrics.items() if name != "checksum"}
    write_json(run.folder / "metrics.json", home.sealed(about | known))
    return Run(run.folder)


def write_json(path: Path, values: dict) -> None:
    write_text(path, json.dumps(values, indent=1, allow_nan=False) + "\n")


def checksum(path: Path) -> int:
    return zlib.crc32(path.read_bytes())
