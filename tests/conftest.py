import os
import shutil
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before anything imports TensorFlow

import filelock
import nbformat
import numpy as np
import pytest

from fer_keras import load_faces


def pytest_collection_modifyitems(items):
    """The smoke report takes the longest. One file that needs it comes first, so that one worker makes it while the
    other runs the files that do without; the other files that need it come last."""
    needing = [item.path for item in items if {"smoke_report", "executed"} & set(item.fixturenames)]
    first = min(needing, key=needing.count, default=None)
    items.sort(key=lambda item: 0 if item.path == first else 1 if item.path not in needing else 2)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Tests neither read nor fill the user's cache, nor a shared one."""
    os.environ.pop("FER_KERAS_SHARED", None)
    os.environ["FER_KERAS_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def drawn():
    """700 drawn faces in three splits, with votes and copies."""
    return load_faces(n=700)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def smoke_report(tmp_path_factory) -> Path:
    """The folder that `fer-keras report --preset smoke` leaves: every notebook, run once for all tests and workers."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    out = shared / "smoke" / "reports"
    command = [sys.executable, "-m", "fer_keras", "report", "--preset", "smoke", "--out", out]
    with filelock.FileLock(shared / "smoke.lock"):
        if not (out / "ran").exists():
            ran = subprocess.run(list(map(str, command)), capture_output=True, text=True)
            assert ran.returncode == 0, ran.stderr[-3000:]
            (out / "ran").touch()
    return out


@pytest.fixture(scope="session")
def executed(smoke_report):
    """`executed("01_faces")`: that notebook as it was run on smoke."""
    return lambda name: nbformat.read(smoke_report / "executed" / f"{name}.ipynb", 4)


def require(module: str):
    """Skip where an optional part is absent, or fail if FER_KERAS_REQUIRE names it, as in CI."""
    required = module in os.environ.get("FER_KERAS_REQUIRE", "").split(",")
    if module == "chromium":
        if not shutil.which("chromium"):
            (pytest.fail if required else pytest.skip)("chromium is not installed: apt-get install chromium")
        module = "axe_playwright_python"
    if required:
        __import__(module)
    else:
        extra = {"distributed": "cluster", "axe_playwright_python": "browser"}.get(module, module)
        pytest.importorskip(module, reason=f"{module} is not installed: pip install -e .[{extra}]")
