import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before anything imports TensorFlow

import numpy as np
import pytest

from fer_keras import load_faces


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Tests neither read nor fill the user's cache."""
    os.environ["FER_KERAS_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def drawn():
    """700 drawn faces in three splits, with votes and copies."""
    return load_faces(n=700)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def require(module: str):
    """Skip where an optional part is absent, or fail if FER_KERAS_REQUIRE names it, as in CI."""
    if module in os.environ.get("FER_KERAS_REQUIRE", "").split(","):
        __import__(module)
    else:
        extra = {"distributed": "cluster"}.get(module, module)
        pytest.importorskip(module, reason=f"{module} is not installed: pip install -e .[{extra}]")
