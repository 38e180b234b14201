"""The user's own nets: `module:function`, from the working folder or an installed package."""

import sys
from importlib import import_module, reload
from pathlib import Path

import keras

from fer_keras.faces import EMOTIONS, SIZE


def own_source(name: str) -> bytes:
    """The file in which `module:function` stands; imported again if it has changed."""
    module, _, function = name.partition(":")
    if module in ("", "__main__") or not function:
        raise ValueError(f"{name}: your own net is named module:function, and its module is a file")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        was_there = module in sys.modules
        loaded = import_module(module)
        source = Path(loaded.__file__).read_bytes() if getattr(loaded, "__file__", None) else b""
        if was_there and _loaded.get(module) != source:
            reload(loaded)
    except Exception as error:  # whatever the user's file raises
        why = str(error).partition("\n")[0]
        raise ValueError(f"{name} cannot be found ({why}); it names a function of a module to import") from None
    _loaded[module] = source
    return source


_loaded: dict[str, bytes] = {}  # the users' modules, as they were when they were imported


def build_own(name: str, options: dict) -> keras.Model:
    own_source(name)
    module, function = name.split(":", 1)
    make = getattr(sys.modules[module], function, None)
    if make is None:
        raise ValueError(f"{name} cannot be found: the module has no {function}")
    try:
        net = make(**options)
        right = isinstance(net, keras.Model) and net.built
        right = right and (net.input_shape[1:], net.output_shape[1:]) == ((SIZE, SIZE, 1), (len(EMOTIONS),))
    except Exception as error:
        raise ValueError(f"{name} made no net: {type(error).__name__}: {str(error).splitlines()[0]}") from error
    if not right:
        wanted = f"a keras.Model from {SIZE} × {SIZE} × 1 faces to {len(EMOTIONS)} probabilities"
        raise ValueError(f"{name} does not return {wanted}")
    return net
