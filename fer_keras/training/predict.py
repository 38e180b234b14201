"""What a net says of faces, and the `.keras` files that anyone may hand us."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from fer_keras.base.backend import feed, filled
from fer_keras.base.progress import bar
from fer_keras.data.batches import FaceBatches
from fer_keras.faces import EMOTIONS, SIZE, Faces


def load_model(path: Path) -> keras.Model:
    """A `.keras` file, in safe mode: nothing in it is executed."""
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras, zipfile, h5py and json raise many kinds
        why = str(error).strip().split("\n")[0].rstrip(".")
        raise ValueError(f"{path} cannot be loaded as a Keras model: {why or type(error).__name__}") from None
    takes, gives = model.input_shape, model.output_shape
    if (takes, gives) != ((None, SIZE, SIZE, 1), (None, len(EMOTIONS))):
        raise ValueError(f"{path} turns {takes} into {gives}, not 48 × 48 × 1 faces into {len(EMOTIONS)} probabilities")
    return model


def predict(model: keras.Model, faces: Faces) -> np.ndarray:
    """(n, 7) probabilities, one row a face."""
    if len(faces) == 0:
        return np.empty((0, len(EMOTIONS)), np.float32)
    whole = filled(faces)
    any_labels = replace(whole, labels=np.zeros_like(whole.labels))  # batches want some
    batches = FaceBatches(any_labels, shuffle=False)
    with bar(total=len(batches), what="predicting", unit="batch") as progress:
        each = keras.callbacks.LambdaCallback(on_predict_batch_end=lambda *_, **__: progress.update())
        found = model.predict(feed(batches), callbacks=[each], verbose=0)[: len(faces)].astype(np.float32)
    if not np.isfinite(found).all():
        raise ValueError(f"{model.name} gives answers that are no numbers: its weights are damaged, or it fell apart")
    if found.min() < -1e-3 or np.abs(found.sum(axis=1) - 1).max() > 1e-2:
        raise ValueError(f"{model.name} gives no probabilities: they are not 0 or more with a sum of 1 for each face")
    return found
