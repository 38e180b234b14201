"""Which backend Keras gets: the one asked for, else one that is there; one sentence where there is none."""

import json
import os
import subprocess
import sys

import pytest

from fer_keras.base.environment import BACKENDS, NO_BACKEND
from fer_keras.base.quiet import quiet_import

HIDING = """
import sys
from importlib.machinery import PathFinder

find, absent = PathFinder.find_spec, sys.argv[1].split(",")


def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in absent else find(name, path, target)


PathFinder.find_spec = find_spec
"""


@pytest.fixture
def python(tmp_path):
    """Runs code where no backend is installed but these; what is installed here is hidden, others are empty modules."""

    def run(code: str, *there: str, variable: str = "", kept: str = "") -> subprocess.CompletedProcess:
        for name in there:
            (tmp_path / f"{name}.py").write_text("")
        (tmp_path / "keras.json").write_text(json.dumps({"backend": kept} if kept else {}))
        (tmp_path / "jax").mkdir(exist_ok=True)  # a folder of that name in the working folder is no library
        absent = ",".join(set(BACKENDS) - set(there))
        variables = {"KERAS_BACKEND": variable, "KERAS_HOME": str(tmp_path), "PYTHONPATH": f"{tmp_path}:{os.getcwd()}"}
        command = [sys.executable, "-c", HIDING + code, absent]
        return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)

    return run


@pytest.mark.parametrize(
    ("there", "variable", "kept", "chosen"),
    [
        (("tensorflow", "jax", "torch"), "", "", "tensorflow"),
        (("torch",), "", "", "torch"),
        (("jax", "torch"), "", "", "jax"),
        (("torch",), "", "tensorflow", "torch"),  # what Keras itself writes where it is imported first
        (("tensorflow", "torch"), "", "torch", "torch"),
        (("tensorflow", "torch"), "torch", "", "torch"),
        (("torch",), "jax", "", "jax"),  # who asks for one that is absent is told so
        ((), "", "", "tensorflow"),
    ],
)
def test_a_backend_that_is_there_is_taken(python, there, variable, kept, chosen):
    found = python("import fer_keras.base.environment as it; print(it.backend())", *there, variable=variable, kept=kept)
    assert found.stdout.strip() == chosen, found.stderr


def test_without_a_backend_what_needs_none_works(python):
    found = python("from fer_keras import Faces, conv_output_shape; print(conv_output_shape(48, 3))")
    assert found.stdout == "46\n" and found.returncode == 0, found.stderr


@pytest.mark.parametrize("words", [["train", "cnn_1m"], ["models"], ["report"], ["predict", "cnn_1m", "x"]])
def test_without_a_backend_commands_say_what_to_install(python, words):
    found = python(f"import fer_keras.__main__ as it; sys.exit(it.main({words}))")
    assert found.returncode == 1 and found.stderr == f"fer-keras: {NO_BACKEND}\n"
    assert "pip install tensorflow" in NO_BACKEND and found.stdout == ""


def test_without_a_backend_the_doors_say_what_to_install(python):
    found = python("from fer_keras import build")
    assert found.returncode == 1 and found.stderr.splitlines()[-1] == f"ModuleNotFoundError: {NO_BACKEND}"
    assert "no backend" in python("import fer_keras.__main__ as it; it.main(['--version'])").stdout


@pytest.mark.parametrize(
    "line",
    [
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        "E0000 cuda_dnn.cc:8579] Unable to register cuDNN factory: Attempting to register factory for plugin cuDNN",
        "W0000 computation_placer.cc:177] computation placer already registered. Please check linkage",
    ],
)
def test_what_tensorflow_says_on_every_import_is_left_out(monkeypatch, capfd, line):
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with quiet_import():
        os.write(2, f"{line}\nan error\n".encode())
    assert capfd.readouterr().err == "an error\n"


def test_another_absent_module_is_named_as_ever(python):
    found = python("absent.append('keras'); from fer_keras import build", "torch")
    assert found.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'keras'"
