"""What a net says of faces, and the `.keras` files that anyone may hand us."""

import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from fer_keras.base.backend import feed, filled
from fer_keras.base.progress import bar
from fer_keras.data.batches import FaceBatches
from fer_keras.faces import EMOTIONS, SIZE, Faces

MOST_UNPACKED = 20  # times its size that a .keras file may hold


def load_model(path: Path | str) -> keras.Model:
    """A `.keras` file, in safe mode: nothing in it is executed."""
    _check_members(Path(path))
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        takes, gives = model.input_shape, model.output_shape
    except Exception as error:  # Keras, zipfile, h5py and json raise many kinds
        raise ValueError(f"{path} cannot be loaded as a Keras model: {_first_line(error)}") from None
    if (takes, gives) != ((None, SIZE, SIZE, 1), (None, len(EMOTIONS))):
        raise ValueError(f"{path} turns {takes} into {gives}, not 48 × 48 × 1 faces into {len(EMOTIONS)} probabilities")
    return model


def _check_members(path: Path) -> None:
    """Refuse a file that unpacks to far more than it has: Keras compresses nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError):
        return  # Keras says what is wrong
    size = path.stat().st_size
    if unpacked > MOST_UNPACKED * size + 1_000_000:
        raise ValueError(f"{path} has {size:,} bytes and would unpack to {unpacked:,}: no net is stored like this")


def predict(model: keras.Model, faces: Faces) -> np.ndarray:
    """(n, 7) probabilities, one row a face."""
    if len(faces) == 0:
        return np.empty((0, len(EMOTIONS)), np.float32)
    whole = filled(faces)
    any_labels = replace(whole, labels=np.zeros_like(whole.labels))  # batches want some
    batches = FaceBatches(any_labels, shuffle=False)
    with bar(total=len(batches), what="predicting", unit="batch") as progress:
        each = keras.callbacks.LambdaCallback(on_predict_batch_end=lambda *_, **__: progress.update())
        try:
            found = model.predict(feed(batches), callbacks=[each], verbose=0)[: len(faces)].astype(np.float32)
        except Exception as error:  # of layers that do not fit each other, and of the backend
            raise ValueError(f"{model.name} cannot be asked: {_first_line(error)}") from error
    if not np.isfinite(found).all():
        raise ValueError(f"{model.name} gives answers that are no numbers: its weights are damaged, or it fell apart")
    if found.min() < -1e-3 or np.abs(found.sum(axis=1) - 1).max() > 1e-2:
        raise ValueError(f"{model.name} gives no probabilities: they are not 0 or more with a sum of 1 for each face")
    return found


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")[:200] or type(error).__name__
