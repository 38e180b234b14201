"""What a process is told by its environment, without starting Keras: the backend, and how many threads to use."""

import json
import os
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def versions() -> str:
    """Of this package, Keras and the backend that Keras would choose, in one line."""
    backend = os.environ.get("KERAS_BACKEND")
    if not backend:
        with suppress(OSError, ValueError, RuntimeError, AttributeError):  # none, or a damaged one, or no home
            settings = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"
            backend = json.loads(settings.read_text()).get("backend")
    backend = str(backend or "tensorflow")
    found = [f"fer-keras {version('fer-keras')}", f"Keras {version('keras')}"]
    for package in (f"{backend}-cpu", backend):
        with suppress(PackageNotFoundError, ValueError):  # ValueError: no name at all
            return ", ".join([*found, f"{backend} {version(package)}"])
    return ", ".join([*found, backend])


def threads(number: int) -> dict[str, str]:
    """The variables by which a process computes on so many threads, whatever its backend, if it has not begun to."""
    names = "TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "PJRT_NPROC"
    return dict.fromkeys(names, str(max(1, number)))
