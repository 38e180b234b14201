"""TensorFlow without its chatter: lines on every import and one a training that no setting of its own turns off."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from fer_keras.base.environment import NO_BACKEND, no_backend

# errors become exceptions all the same; at "2" every training of a net with LeakyReLU tells of a failed "remapper"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
CHATTER = (
    *(b"All log messages before absl", b"oneDNN custom operations are on"),
    *(b"Attempting to register factory for plugin cu", b"computation placer already registered"),  # the build for GPUs
)


@contextmanager
def quiet_import() -> Iterator[None]:
    """Leave those lines out of what is written to stderr meanwhile, by TensorFlow's C++ as well; say so if there is
    no backend to import."""
    try:
        with _without_chatter():
            yield
    except ModuleNotFoundError as error:
        if no_backend():
            raise ModuleNotFoundError(NO_BACKEND, name=error.name) from error
        raise


@contextmanager
def _without_chatter() -> Iterator[None]:
    if "tensorflow" in sys.modules or sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as written:
        stderr = os.dup(2)
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            written.seek(0)
            os.write(2, b"".join(line for line in written if not any(each in line for each in CHATTER)))


def start_keras() -> None:
    """Import Keras and its backend; one sentence if they cannot be."""
    try:
        with quiet_import():
            import keras  # noqa: F401

            from fer_keras.base import backend

            if backend.BACKEND not in ("tensorflow", "jax", "torch"):
                raise ImportError(f"{backend.BACKEND} trains no nets; tensorflow, jax and torch do")
    except Exception as error:
        if no_backend():
            raise ValueError(NO_BACKEND) from error
        why, settings = " ".join(str(error).split())[:200], "KERAS_BACKEND and keras.json in KERAS_HOME (~/.keras)"
        raise ValueError(f"Keras does not start ({type(error).__name__}: {why}): look at {settings}") from error
