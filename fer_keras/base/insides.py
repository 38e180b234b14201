"""What leans on the insides of other libraries for want of a public way, and nowhere else.

`tests/test_insides.py` says of each what broke when a library changes it.
"""

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what initial weights and dropout are drawn from. Keras asks `random.randint` for that, of which other
    threads of the process draw as well (a Dask worker's do); here they get their own numbers."""
    import keras

    keras.utils.set_random_seed(seed)
    ours, theirs, here = random.Random(seed), random.randint, threading.get_ident()
    random.randint = lambda a, b: (ours.randint if threading.get_ident() == here else theirs)(a, b)
    try:
        yield
    finally:
        random.randint = theirs


@contextmanager
def frees_graphs() -> Iterator[None]:
    """Let go of the graphs of a training when it is over. TensorFlow registers a gradient in each of them for good,
    and with it keeps the graph (2.21; tensorflow/tensorflow issue 61791): 16 MB a training of a small net."""
    registry = {}
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework import ops

        registry = getattr(ops.gradient_registry, "_registry", registry)
    before = set(registry)
    try:
        yield
    finally:
        for name in set(registry) - before:
            if name.startswith("CustomGradient-"):
                registry.pop(name, None)


def automatic_name(kind: type) -> str:
    """What Keras calls the first layer, model or optimizer of a class that is given no name; the next get numbers."""
    from keras.src.utils.naming import to_snake_case

    return to_snake_case(kind.__name__)


def of_joblib(backend) -> bool:
    """Whether a backend of joblib is one of its own, which work on this machine; others may work anywhere."""
    from joblib.parallel import BACKENDS

    return type(backend) in [BACKENDS[name] for name in ("sequential", "threading", "multiprocessing", "loky")]


def stop_workers(kill: bool) -> None:
    """End the processes that joblib keeps for its next call on this machine; kill: whatever they are doing."""
    import joblib

    if isinstance(joblib.parallel.get_active_backend()[0], joblib.parallel.BACKENDS["loky"]):
        joblib.externals.loky.get_reusable_executor().shutdown(wait=True, kill_workers=kill)
