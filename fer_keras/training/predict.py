"""What a net says of faces: `fer-keras predict`, and the `.keras` files that anyone may hand us."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_keras.base.home import write_whole
from fer_keras.base.progress import bar
from fer_keras.faces import EMOTIONS, SIZE, UNLABELLED, Faces

if TYPE_CHECKING:
    import keras
    import pandas as pd


def load_model(path: Path) -> "keras.Model":
    """A `.keras` file, in safe mode: nothing in it is executed."""
    import keras

    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras, zipfile, h5py and json raise many kinds
        why = str(error).strip().split("\n")[0].rstrip(".")
        raise ValueError(f"{path} cannot be loaded as a Keras model: {why or type(error).__name__}") from None
    takes, gives = model.input_shape, model.output_shape
    if (takes, gives) != ((None, SIZE, SIZE, 1), (None, len(EMOTIONS))):
        raise ValueError(f"{path} turns {takes} into {gives}, not 48 × 48 × 1 faces into {len(EMOTIONS)} probabilities")
    return model


def predict(model: "keras.Model", faces: Faces) -> np.ndarray:
    """(n, 7) probabilities, one row a face."""
    import keras

    from fer_keras.base.backend import devices, feed
    from fer_keras.data.batches import FaceBatches

    if len(faces) == 0:
        return np.empty((0, len(EMOTIONS)), np.float32)
    filled_up = faces[np.arange(-(-len(faces) // (over := devices() or 1)) * over) % len(faces)]
    any_labels = replace(filled_up, labels=np.zeros_like(filled_up.labels))  # batches want some
    batches = FaceBatches(any_labels, shuffle=False)
    with bar(total=len(batches), what="predicting", unit="batch") as progress:
        each = keras.callbacks.LambdaCallback(on_predict_batch_end=lambda *_, **__: progress.update())
        return model.predict(feed(batches), callbacks=[each], verbose=0)[: len(faces)].astype(np.float32)


def prediction_table(run_or_model: str, faces: Faces) -> "pd.DataFrame":
    """One row a face: its id, the emotion, and the probability of each. A run by its name, part of it, or folder."""
    import pandas as pd

    from fer_keras.training.run import find_run

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


def check_target(path: Path) -> None:
    """Before the work, whether a file can be written there."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise ValueError(f"{path} cannot be written: {'it is a folder' if path.is_dir() else 'its folder is missing'}")


def write_predictions(path: Path, table: "pd.DataFrame", faces: Faces) -> None:
    """The table as CSV; of the course's unlabelled `id,feature` faces its submission file, `id,label`."""
    if np.issubdtype(faces.ids.dtype, np.integer) and (faces.labels == UNLABELLED).all():
        table = table[["id"]].assign(label=table["emotion"].map(EMOTIONS.index))
    write_whole(path, lambda file: table.to_csv(file, index=False))
