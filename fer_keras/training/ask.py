"""What a run or a `.keras` file, named as people name it, says of faces: `fer-keras predict`."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from fer_keras.base import home
from fer_keras.base.home import write_whole
from fer_keras.faces import EMOTIONS, UNLABELLED, Faces
from fer_keras.training.predict import load_model, predict
from fer_keras.training.run import Run, finished


def find_run(text: str) -> Run | None:
    """The run of that name or folder; of a part of the name if only one run with a model has it; else None."""
    store = home.folder() / "runs"
    found = [folder for folder in (Path(text), store / text) if (folder / "metrics.json").exists()][:1]
    if text and not found:
        models = (path.parent for path in store.glob("*/model.keras") if text in path.parent.name)
        found = [path for path in models if (path / "metrics.json").exists() and ".damaged-" not in path.name]
    if len(found) > 1:
        raise ValueError(f"{text} is part of the names of {len(found)} runs: {', '.join(path.name for path in found)}")
    if found and not finished(found[0]):
        raise ValueError(f"run {found[0].name} is damaged; train it anew")
    return Run(found[0]) if found else None


def prediction_table(run_or_model: str, faces: Faces) -> pd.DataFrame:
    """One row a face: its id, the emotion, and the probability of each. A run by its name, part of it, or folder."""
    if run := find_run(run_or_model):
        probabilities = run.predict(faces)
    elif Path(run_or_model).is_file():
        probabilities = predict(load_model(Path(run_or_model)), faces)
    else:
        raise ValueError(f"{run_or_model} is neither a finished run nor a .keras file; `fer-keras train` makes a run")
    table = pd.DataFrame(probabilities, columns=EMOTIONS)
    table.insert(0, "emotion", np.array(EMOTIONS)[probabilities.argmax(axis=1)])
    table.insert(0, "id", faces.ids)
    return table


def check_target(path: Path, *reads: Path) -> None:
    """Before the work, whether a file can be written there, and whether it is none of what is read."""
    folder, whole, there = path.absolute().parent, path.resolve(), [read.resolve() for read in reads]
    reasons = {
        "it is a folder": path.is_dir(),
        "its folder is missing": not folder.is_dir(),
        "it is no regular file": path.is_symlink() or (path.exists() and not path.is_file()),
        "it is write-protected": not os.access(path if path.exists() else folder, os.W_OK),
        "the faces or the net are read from it": path.exists() and any(whole.is_relative_to(read) for read in there),
        "runs and faces are kept there": whole.is_relative_to(home.folder().resolve()),
    }
    if why := next((reason for reason, holds in reasons.items() if holds), None):
        raise ValueError(f"{path} cannot be written: {why}")


def write_predictions(path: Path, table: pd.DataFrame, faces: Faces) -> None:
    """The table as CSV; of the course's unlabelled `id,feature` faces its submission file, `id,label`."""
    if np.issubdtype(faces.ids.dtype, np.integer) and (faces.labels == UNLABELLED).all():
        table = table[["id"]].assign(label=table["emotion"].map(EMOTIONS.index))
    write_whole(path, lambda file: table.to_csv(file, index=False))
