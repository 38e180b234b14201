"""What a process is told by its environment, without starting Keras: the backend, and how many threads to use."""

import json
import os
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

BACKENDS = "tensorflow", "jax", "torch"
NO_BACKEND = "Keras needs a backend, and none is installed: `pip install tensorflow` (or tensorflow-cpu, jax or torch)"


def backend() -> str:
    """The backend that Keras would choose."""
    name = os.environ.get("KERAS_BACKEND")
    if not name:
        with suppress(OSError, ValueError, RuntimeError, AttributeError):  # none, or a damaged one, or no home
            settings = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"
            name = json.loads(settings.read_text("utf-8")).get("backend")
    return str(name or "tensorflow")


def installed(name: str) -> bool:
    """Whether there is a library of this name, not only a folder."""
    with suppress(ImportError, ValueError):
        return getattr(find_spec(name), "origin", None) is not None
    return False


def choose_backend() -> None:
    """Let Keras use a backend that is installed where the one that it would choose is not; who sets KERAS_BACKEND
    has chosen. Keras names TensorFlow in its keras.json even where there is none."""
    if os.environ.get("KERAS_BACKEND") or "keras" in sys.modules or installed(backend()):
        return
    if found := [name for name in BACKENDS if installed(name)]:
        os.environ["KERAS_BACKEND"] = found[0]


def no_backend() -> bool:
    """Whether there is none at all."""
    return not any(map(installed, (backend(), *BACKENDS)))


def versions() -> str:
    """Of this package, Keras and the backend that Keras would choose, in one line."""
    name = backend()
    found = [f"fer-keras {version('fer-keras')}", f"Keras {version('keras')}"]
    if no_backend():
        return ", ".join([*found, "no backend"])
    for package in (f"{name}-cpu", name):
        with suppress(PackageNotFoundError, ValueError):  # ValueError: no name at all
            return ", ".join([*found, f"{name} {version(package)}"])
    return ", ".join([*found, name])


def threads(number: int) -> dict[str, str]:
    """The variables by which a process computes on so many threads, whatever its backend, if it has not begun to."""
    names = "TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "PJRT_NPROC"
    return dict.fromkeys(names, str(max(1, number)))
