"""Every notebook runs on the smoke preset, by plain papermill too, and records sound values."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml

from fer_keras.study import records

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))


NUMBERED = [path for path in ALL if path.stem[0].isdigit()]


@pytest.fixture(params=NUMBERED, ids=lambda path: path.stem)
def numbered(request, executed):
    """Each notebook of the report, as it was run on smoke."""
    return executed(request.param.stem)


def test_it_runs_and_answers(numbered):
    values, answer = records.read_notebook(numbered)
    assert answer and "{" not in answer
    assert all(
        0 <= entry["value"] <= 1 for name, entry in values.items() if name.endswith(("share", "leak", "accuracy"))
    )
    for name, entry in values.items():
        if entry.get("interval"):
            low, high = entry["interval"]
            assert low <= entry["value"] <= high, name


def test_its_figures_have_descriptions(numbered):
    outputs = [output for cell in numbered.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert pictures
    assert all(len(picture.metadata["image/png"]["alt"]) > 20 for picture in pictures)
    printed = [output for output in outputs if output.output_type == "stream"]
    lines = [
        line
        for output in printed
        if output.name == "stderr"
        for line in re.split(r"[\r\n]+", output.text)
        if line.strip()
    ]
    bars = r".+: epoch \d+/\d+, .+|.+: +\d+%\|.*|fer-keras: another process trains .+"
    assert not [line for line in lines if not re.fullmatch(bars, line)], "something other than a training's progress"


def test_plain_papermill_runs_a_notebook(tmp_path):
    """Without our command line, as anyone's loop does; the template, which the report leaves out."""
    command = ["papermill", NOTEBOOKS / "template.ipynb", tmp_path / "out.ipynb", "-p", "FACES", 300, "--cwd", tmp_path]
    ran = subprocess.run([sys.executable, "-m", *map(str, command)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    values, answer = records.read_notebook(nbformat.read(tmp_path / "out.ipynb", 4))
    assert values["faces"]["value"] == 300 and "300 faces" in answer


def test_notebooks_that_share_a_parameter_agree_on_its_default():
    """Or they would not share runs."""
    defaults: dict[str, set] = {}
    for path in ALL:
        for name, parameter in papermill.inspect_notebook(path).items():
            defaults.setdefault(name, set()).add(parameter["default"])
    assert {name: values for name, values in defaults.items() if len(values) > 1} == {}


def test_02_augmentation_records_what_flips_and_shifts_do(executed):
    values, _ = records.read_notebook(executed("02_augmentation"))
    assert values["same_again"]["value"] is True
    assert values["flip_horizontal_asymmetry"]["value"] < values["as_it_is_asymmetry"]["value"]
    assert 0 < values["as_it_is_ms"]["value"] < values["a_training_step_ms"]["value"]


def test_presets_name_parameters_that_exist():
    declared = set().union(*(papermill.inspect_notebook(path) for path in ALL))
    for preset in (NOTEBOOKS / "presets").glob("*.yaml"):
        assert set(yaml.safe_load(preset.read_text())) - {"NOTEBOOKS", "SLIM"} <= declared, preset
