"""What decides what a training ends with, as plain values: the name of its run is made of them."""

import hashlib
import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from types import CodeType, FunctionType

import keras
import numpy as np

from fer_keras.base import backend, insides
from fer_keras.faces import Faces
from fer_keras.nets.own import own_source
from fer_keras.nets.recipes import Recipe

NUMBERS = 1  # goes up when a change to this package changes what a training ends with


def decides(
    net: str | keras.Model, training: Faces, validation: Faces, plan: Recipe, options: dict, seed: int,
    callbacks: Sequence[keras.callbacks.Callback], compile_options: dict, keep_model: bool,
) -> dict:  # fmt: skip
    """All settings of one training, as JSON has them."""
    found = {
        "numbers": NUMBERS,
        "net": _name(net),
        "code": _code(net),
        "options": described(options),
        "recipe": described(plan.settings()),
        "seed": seed,
        "training": faces_digest(training, plan.targets == "votes"),
        "validation": faces_digest(validation),
        "backend": backend.BACKEND,
        "dtype": keras.config.dtype_policy().name,
        "deterministic": backend.deterministic(),
        "callbacks": described(list(callbacks)),
        "compile": described(compile_options),
        "model": keep_model,
    }
    if devices := backend.devices():
        found["devices"] = devices
    return json.loads(json.dumps(found))


def _name(net: str | keras.Model | Callable) -> str:
    if isinstance(net, keras.Model):
        return _unnumbered(net)
    return net if isinstance(net, str) else net.__name__


def _code(net: str | keras.Model | Callable) -> str | None:
    """What tells two versions of the user's own net apart: the file it is in; of a function its code; of a model its
    layers and weights, without the numbers that Keras gives to names as it goes."""
    if isinstance(net, str):
        return _hash(own_source(net)) if ":" in net else None
    if not isinstance(net, keras.Model):
        return _hash(json.dumps(described(net)).encode())
    text, counts = net.to_json(), Counter()
    for layer in net.layers:
        name = _unnumbered(layer)
        if name != layer.name or name in counts:
            fresh = f"{name}_{counts[name]}" if counts[name] else name
            text = text.replace(f'"{layer.name}"', f'"\0{fresh}"')  # marked, so that it is not replaced again
        counts[name] += 1
    text = text.replace(f'"{net.name}"', f'"{_unnumbered(net)}"').replace("\0", "")
    return _hash(text.encode() + b"".join(value.tobytes() for value in net.get_weights()))


def _unnumbered(named) -> str:
    """The name of a layer, model or optimizer; if Keras gave it, without its number."""
    usual = insides.automatic_name(type(named))
    return usual if re.fullmatch(rf"{usual}_\d+", named.name) else named.name


def faces_digest(faces: Faces, votes: bool = False) -> str:
    """Of pictures and labels, or votes, in their order, which decides the batches."""
    return faces.digest(faces.labels, faces.vote_targets()) if votes else faces.digest(faces.labels)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def described(value):
    """A setting as JSON: plain values, Keras' objects by their configuration, functions by their code, callbacks by
    what they were made with, others by their class."""
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [described(each) for each in value]
    if isinstance(value, dict):
        return {str(name): described(each) for name, each in value.items()}
    if isinstance(value, partial):
        return [described(value.func), described(value.args), described(value.keywords)]
    if isinstance(value, FunctionType):
        return _described_function(value)
    if isinstance(value, keras.callbacks.Callback):
        return _described_callback(value)
    try:
        found = json.loads(json.dumps(keras.saving.serialize_keras_object(value)))
        if isinstance(value, keras.optimizers.Optimizer | keras.Loss | keras.Metric):
            found["config"]["name"] = _unnumbered(value)
        return found
    except (TypeError, ValueError):
        kind = value if isinstance(value, type) else type(value)
        return f"{kind.__module__}.{kind.__qualname__}"


def _described_function(function: FunctionType) -> list:
    code = function.__code__
    constants = [each.co_code.hex() if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    closure = [cell.cell_contents for cell in function.__closure__ or ()]
    return [code.co_code.hex(), constants, list(code.co_names), described([function.__defaults__, closure])]


def _described_callback(callback: keras.callbacks.Callback) -> list:
    """By its attributes that are named as what it was made with; by all where that may be anything."""
    made_with = inspect.signature(type(callback).__init__).parameters.values()
    any_name = any(each.kind is each.VAR_KEYWORD for each in made_with)
    names = {each.name for each in made_with}
    plain = {}
    for name, value in vars(callback).items():
        if (any_name or name in names) and not name.startswith("_") and name != "params":
            plain[name] = abs(value) if isinstance(value, float) else value  # EarlyStopping turns its min_delta's sign
    return [type(callback).__qualname__, described(plain)]
