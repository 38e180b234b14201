"""The user's own nets: `module:function`, from the working folder or an installed package."""

import os
import sys
from collections.abc import Callable
from importlib import import_module, reload
from pathlib import Path

import keras

from fer_keras.faces import EMOTIONS, SIZE


def own_source(name: str) -> bytes:
    """The file in which `module:function` stands; imported again if it has changed."""
    module, _, function = name.partition(":")
    if module in ("", "__main__") or not function:
        raise ValueError(f"{name}: your own net is named module:function, and its module is a file")
    for folder in (os.environ.get("FER_KERAS_FROM"), str(Path.cwd())):  # from where a report was started; here
        if folder and folder not in sys.path:
            sys.path.insert(0, folder)
    try:
        was_there = module in sys.modules
        loaded = import_module(module)
        file = getattr(loaded, "__file__", None)
        source = Path(file).read_bytes() if file else b""
        if was_there and _loaded.get(module) != source:
            reload(loaded)
    except (Exception, SystemExit) as error:  # whatever the user's file raises
        raise ValueError(f"{name} cannot be found ({_why(error)}); it names a function of a module to import") from None
    _loaded[module] = source
    return source


_loaded: dict[str, bytes] = {}  # the users' modules, as they were when they were imported


def build_own(name: str, options: dict) -> keras.Model:
    own_source(name)
    module, function = name.split(":", 1)
    make = getattr(sys.modules[module], function, None)
    if make is None:
        raise ValueError(f"{name} cannot be found: the module has no {function}")
    return checked(make, name, options)


def checked(make: Callable, name: str, options: dict) -> keras.Model:
    """The net that a function of the user's makes, if it is one for faces."""
    try:
        net = make(**options)
        right = isinstance(net, keras.Model) and net.built
        right = right and (net.input_shape[1:], net.output_shape[1:]) == ((SIZE, SIZE, 1), (len(EMOTIONS),))
    except (Exception, SystemExit) as error:
        raise ValueError(f"{name} made no net: {_why(error)}") from error
    if not right:
        wanted = f"a keras.Model from {SIZE} × {SIZE} × 1 faces to {len(EMOTIONS)} probabilities"
        raise ValueError(f"{name} does not return {wanted}")
    return net


def check_loads(net: keras.Model) -> None:
    """Refuse a net that could be trained and saved, but not loaded again."""
    try:
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(net), safe_mode=True)
    except Exception as error:  # Keras and the net's own layers raise many kinds
        do = "register its layers with keras.saving.register_keras_serializable and use no Lambda"
        raise ValueError(f"{net.name} could be saved, but not loaded again ({_why(error)}): {do}") from error


def _why(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({error.code if error.code is not None else ''})"
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
