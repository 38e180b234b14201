"""What the other modules are given: faces, classes, nets, layers, each in one form or refused in a sentence."""

import warnings

import keras
import numpy as np
from keras import ops

from fer_keras.base import backend
from fer_keras.base.progress import bar
from fer_keras.faces import EMOTIONS, SIZE, Faces

BATCH = 128  # faces that a net looks at at once


def raw_faces(images) -> np.ndarray:
    """float32 (n, 48, 48, 1), 0 to 255."""
    try:
        array = images.images if isinstance(images, Faces) else np.asarray(images)
    except ValueError:
        raise ValueError("images are of different shapes") from None
    array = array[..., None] if array.ndim == 3 else array
    if array.shape[1:] != (SIZE, SIZE, 1) or len(array) == 0:
        raise ValueError(f"images are (n, {SIZE}, {SIZE}), n at least 1, not {np.shape(array)}")
    if array.dtype.kind not in "uif":
        raise ValueError(f"images hold numbers from 0 to 255, not {array.dtype}")
    if not (array.min() >= 0 and array.max() <= 255):
        raise ValueError(f"images hold numbers from 0 to 255, not from {array.min()} to {array.max()}")
    if array.dtype.kind == "f" and 0 < array.max() <= 1:
        warnings.warn("these faces end at 1, but nets take raw faces, 0 to 255: multiply by 255", stacklevel=3)
    return array.astype(np.float32)


def class_numbers(scored: keras.Model, faces: np.ndarray, classes) -> np.ndarray:
    """One class a face, of what the net predicts, or of what is named."""
    count = scored.output_shape[-1]
    if classes is None:
        return predicted(scored, faces).argmax(axis=1)
    if isinstance(classes, str) and classes not in EMOTIONS:
        raise ValueError(f"no class is called {classes!r}; there are {', '.join(EMOTIONS)}")
    numbers = np.asarray(EMOTIONS.index(classes) if isinstance(classes, str) else classes)
    if numbers.dtype.kind not in "ui" or numbers.shape not in ((), (len(faces),)):
        raise ValueError(f"classes are one whole number, or one for each of {len(faces)} faces, not {classes!r}")
    if numbers.min() < 0 or numbers.max() >= count:
        raise ValueError(f"classes are from 0 to {count - 1}, not {numbers.min()} to {numbers.max()}")
    return np.broadcast_to(numbers, len(faces))


def predicted(model: keras.Model, faces: np.ndarray) -> np.ndarray:
    """float32 (n, ...): what the model gives for raw faces."""
    parts = [model.predict_on_batch(faces[some]) for some in bar(batches(len(faces)), f"asking {model.name}")]
    return np.concatenate(parts).astype(np.float32)


def ready(model: keras.Model) -> keras.Model:
    """The model, if it takes faces and its weights are numbers; one around it if it is a subclass of keras.Model,
    whose inner layers cannot be asked for."""
    if not isinstance(model, keras.Model):
        raise ValueError(f"model is a keras.Model, such as run.model, not {type(model).__name__}")
    if not getattr(model, "inputs", None):
        faces = keras.Input((SIZE, SIZE, 1))
        model = keras.Model(faces, model(faces), name=model.name)
    takes = [(each.shape[1:], each.dtype) for each in model.inputs]
    if len(takes) > 1 or takes[0][0] != (SIZE, SIZE, 1) or "float" not in takes[0][1]:
        raise ValueError(f"{model.name} takes {takes}, not faces, ({SIZE}, {SIZE}, 1) of a float type")
    if not all(np.isfinite(value).all() for value in backend.numbers(model.weights)):
        raise ValueError(f"{model.name} holds weights that are no numbers (NaN): they are damaged")
    return model


def find_layer(model: keras.Model, name: str) -> keras.layers.Layer:
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ValueError(f"{model.name} has no layer {name!r}; it has {', '.join(names)}")
    if isinstance(layer := model.get_layer(name), keras.Model):
        raise ValueError(f"{name} is a net of its own inside {model.name}: explain that one, or name another layer")
    return layer


def filter_numbers(model: keras.Model, layer: str, filters) -> np.ndarray:
    count = find_layer(model, layer).output.shape[-1]
    numbers = np.arange(count) if filters is None else np.atleast_1d(np.asarray(filters))
    if numbers.dtype.kind not in "ui" or numbers.ndim != 1 or not len(numbers):
        raise ValueError(f"filters are whole numbers from 0 to {count - 1}, not {filters!r}")
    if numbers.min() < 0 or numbers.max() >= count:
        raise ValueError(f"{layer} has {count} filters, 0 to {count - 1}, not {numbers.min()} to {numbers.max()}")
    return numbers


def batches(n: int, size: int = BATCH) -> list[slice]:
    return [slice(start, start + size) for start in range(0, n, size)]


def pick(outputs, which):
    """Of each row of outputs the one number that `which` names."""
    return ops.sum(outputs * ops.one_hot(which, outputs.shape[-1], dtype=outputs.dtype), axis=-1)
