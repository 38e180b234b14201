"""What the wheel holds, and that it works where there is no checkout."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from fer_keras.base import home

ROOT = Path(__file__).parent.parent


def test_every_room_and_every_kind_of_file_goes_into_the_wheel():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    rooms = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "fer_keras").rglob("__init__.py")}
    folders = {"fer_keras.notebooks", "fer_keras.notebooks.presets", "fer_keras.notebooks.results"}
    assert set(settings["packages"]) == rooms | folders
    for package, patterns in settings["package-data"].items():
        folder = ROOT / package.removeprefix("fer_keras.").replace(".", "/")
        assert all(list(folder.glob(pattern)) for pattern in patterns)
    package = ROOT / "fer_keras"
    taken = {path for pattern in settings["package-data"]["fer_keras"] for path in package.glob(pattern)}
    others = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".md")}
    assert others <= taken


@pytest.fixture
def elsewhere(tmp_path):
    """Runs fer-keras as the wheel brought it that .ci/run builds and installs; in an empty folder."""
    if not (folder := os.environ.get("FER_KERAS_WHEEL")):
        if "wheel" in os.environ.get("FER_KERAS_REQUIRE", ""):
            pytest.fail("FER_KERAS_WHEEL names no folder")
        pytest.skip("no wheel is installed; .ci/run does that and sets FER_KERAS_WHEEL")

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "fer_keras", *words]
        made = subprocess.run(
            command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": folder}, capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr
        return made.stdout

    where = [sys.executable, "-c", "import fer_keras; print(fer_keras.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=os.environ | {"PYTHONPATH": folder}, capture_output=True, text=True)
    assert found.stdout.startswith(folder)
    return run


def test_a_wheel_brings_its_notebooks_presets_and_results(elsewhere, tmp_path):
    assert "refuted" in elsewhere("claims") and "cnn_pyramid" in elsewhere("models")
    assert "under the MIT licence" in elsewhere("card"), "the net in the package"
    assert elsewhere("notebooks", "mine").startswith("19 notebooks")
    copied = {path.name for path in (tmp_path / "mine").glob("*.ipynb")}
    assert copied == {path.name for path in home.notebooks().glob("*.ipynb")}
    assert (tmp_path / "mine" / "presets" / "quick.yaml").exists() and not (tmp_path / "mine" / "results").exists()


def test_a_wheel_asks_for_no_backend_and_no_tools(elsewhere):
    (found,) = [each for each in distributions(path=[os.environ["FER_KERAS_WHEEL"]]) if each.name == "fer-keras"]
    needed = [Requirement(line) for line in found.requires]
    asked = {each.name for each in needed if not each.marker or each.marker.evaluate({"extra": ""})}
    assert {"keras", "jupyter"} <= asked and not asked & {"tensorflow", "tensorflow-cpu", "jax", "torch", "pytest"}


def test_a_wheel_sweeps_and_collects(elsewhere, tmp_path):
    line = elsewhere("sweep", "01_faces", "-p", "SEED", "0..1", "--print").splitlines()[1]
    assert line.startswith("papermill ") and line.endswith(" -p SEED 1") and (tmp_path / "sweeps" / "01_faces").is_dir()
    results = f"{os.environ['FER_KERAS_WHEEL']}/fer_keras/notebooks/results"
    assert "arXiv:1612.02903" in elsewhere("table", results, "--values", "accuracy", "--paper")


def test_a_wheel_makes_a_report(elsewhere, tmp_path):
    assert "index.html" in elsewhere("report", "--only", "01", "--preset", "smoke")
    assert (tmp_path / "reports" / "smoke" / "01_faces.html").exists()
    assert (tmp_path / "reports" / "smoke" / "reference.html").exists()


def test_a_wheel_writes_the_reference(elsewhere, tmp_path):
    assert elsewhere("docs").strip() == str(Path("reports", "reference.html"))
    assert 'id="FaceBatches"' in (tmp_path / "reports" / "reference.html").read_text("utf-8")


def test_notebooks_are_copied_into_a_new_folder_only(tmp_path, capsys):
    from fer_keras.__main__ import main

    (tmp_path / "mine").mkdir()
    assert main(["notebooks", str(tmp_path / "mine")]) == 1
    assert "is there already; name a new folder" in capsys.readouterr().err
