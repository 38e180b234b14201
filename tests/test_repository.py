"""The repository keeps its promises: one list of dependencies, doors that open, no data, commands that exist."""

import json
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import accuracies
import buttons
import nbformat
import pytest
import speeds
import teaching
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import fer_keras
from fer_keras.report.pages import title

ROOT = Path(__file__).parent.parent


def test_every_dependency_has_a_range_and_a_reason():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    for line in lines:
        requirement, reason = line.split("  # ")
        operators = {specifier.operator for specifier in Requirement(requirement).specifier}
        assert operators == {">=", "<"} and len(reason) > 10, line


def test_environment_and_package_take_that_list():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-r requirements.txt", "-e .[dev]"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    listed = [Requirement(line.split("  # ")[0]) for line in lines if line[:1].isalpha()]
    needed = {each.name for each in listed}
    extras = project["project"]["optional-dependencies"]
    tools = {Requirement(line).name for line in extras["dev"]}
    assert "keras" in needed and {"pytest", "ruff", "mypy", "nbstripout"} <= tools and not needed & tools
    backend = [each for each in listed if each.name.startswith("tensorflow")]
    assert [Requirement(line) for line in extras["tensorflow"]] == backend and len(backend) == 2
    assert environment["dependencies"][0] == "python" + ",".join(
        sorted(project["project"]["requires-python"].split(","), reverse=True)
    )


def test_the_package_asks_for_no_backend_so_that_the_one_there_stays(monkeypatch):
    asked = {}
    monkeypatch.setitem(sys.modules, "setuptools", SimpleNamespace(setup=asked.update))
    runpy.run_path(str(ROOT / "setup.py"))
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    listed = {Requirement(line.split("  # ")[0]).name for line in lines if line[:1].isalpha()}
    needed = {Requirement(line.split("  # ")[0]).name for line in asked["install_requires"] if line[:1].isalpha()}
    assert listed - needed == {"tensorflow", "tensorflow-cpu"} and "keras" in needed
    assert "%pip install git+" in buttons.page() and "[tensorflow]" not in buttons.page(), "Colab has one"


def test_who_installs_where_none_is_gets_the_default_backend():
    assert "--editable '.[dev,tensorflow]'" in (ROOT / "Makefile").read_text()
    assert (ROOT / "binder" / "requirements.txt").read_text() == "--editable .[tensorflow]\n"


def test_text_is_read_as_utf_8_whatever_the_locale():
    """Windows' own encoding is another."""
    assert not [path for path in (ROOT / "fer_keras").rglob("*.py") if ".read_text()" in path.read_text("utf-8")]


@pytest.mark.parametrize("door", fer_keras.__all__)
def test_every_door_opens(door):
    assert getattr(fer_keras, door) is not None


def test_make_alone_prints_its_targets():
    printed = subprocess.run(["make", "-C", ROOT, "--no-print-directory"], capture_output=True, text=True).stdout
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+) ", printed)) == targets >= {"report", "test", "lab", "bench"}


def test_the_readme_names_only_what_exists():
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z-]+)", readme, re.MULTILINE)) <= targets
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", readme):
        assert (ROOT / link).exists(), link


def test_every_room_of_the_package_is_told_of():
    table = (ROOT / "fer_keras" / "README.md").read_text()
    rooms = {
        name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`([\w./]+)`", row)
    }
    there = {path.name for path in (ROOT / "fer_keras").iterdir()} - {"README.md", "__pycache__"}
    assert rooms == there


def test_the_readme_lists_every_notebook_with_its_question():
    readme = (ROOT / "README.md").read_text()
    listed = re.findall(r"^\| \[(\w+)\]\(notebooks/\1\.ipynb\) \| (.+) \|$", readme, re.MULTILINE)
    notebooks = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    titles = [title(nbformat.read(path, 4)).partition(" · ")[2] for path in notebooks]
    assert listed == list(zip([path.stem for path in notebooks], titles, strict=True))


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## (\S+?),? ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert project["version"] == fer_keras.__version__ == newest == citation["version"]
    lowest, highest = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    named = {each.rpartition(" ")[2] for each in project["classifiers"] if "Python :: 3." in each}
    assert named == {f"3.{minor}" for minor in range(int(lowest), int(highest))}
    assert (ROOT / "fer_keras" / "py.typed").exists()


def test_each_notebook_has_links_that_open_it_elsewhere():
    assert buttons.PAGE.read_text() == buttons.page(), "make buttons"
    places = {"Colab": "colab.research.google.com", "Kaggle": "kaggle.com", "Binder": "mybinder.org"}
    owner, name = buttons.address().removeprefix("https://github.com/").split("/")
    for notebook in (ROOT / "notebooks").glob("[0-9]*.ipynb"):
        for place, link in buttons.links(notebook.name).items():
            parts = urlsplit(link)
            assert (parts.scheme, parts.netloc) == ("https", places[place])
            assert f"{owner}/{name}/" in link and link.endswith(f"notebooks/{notebook.name}")


def test_containers_are_made_by_the_commands_of_the_readme():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    command, target = container["postCreateCommand"].split()
    assert command == "make" and f"\n{target}:" in (ROOT / "Makefile").read_text()
    settings = container["customizations"]["vscode"]["settings"]
    assert settings["python.defaultInterpreterPath"].endswith("/.venv/bin/python")
    image, version = container["image"].split(":")
    supported = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert image == "python" and version in SpecifierSet(supported)
    of_binder = (ROOT / "binder" / "runtime.txt").read_text().strip()
    assert of_binder == f"python-{version}"


def test_the_accuracies_of_the_readme_are_those_of_the_results():
    readme = (ROOT / "README.md").read_text()
    assert accuracies.written(readme) == readme, "python -m tests.accuracies"
    assert "ours: `record`" in readme


def test_the_speeds_of_the_package_are_those_that_were_measured():
    page = speeds.PAGE.read_text()
    assert speeds.written(page) == page, "python -m tests.speeds"
    assert page.count("× as fast |") >= 5


def test_the_teachers_page_has_the_numbers_of_the_results_and_the_points_of_the_cells():
    page = teaching.PAGE.read_text()
    assert teaching.written(page) == page, "make buttons"
    rows = re.findall(r"^\| (.+) \| \d+ \| (\d+) \| .+ \|$", page, re.MULTILINE)
    assert {part: int(points) for part, points in rows} == teaching.points()
    assert teaching.reach([0.2, -0.3], "{:.1f}") == "−0.3 to 0.2" and teaching.reach([1, 1.001], "{:.2f}") == "1.00"


def test_the_workflow_only_calls_the_ci_script():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == ["bash .ci/run"]


def test_no_data_is_committed():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert not [name for name in listed.stdout.split() if Path(name).suffix in {".csv", ".npz", ".parquet", ".jpg"}]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks" / "results").glob("*.json")), ids=lambda path: path.name)
def test_every_result_says_how_when_where_and_on_what_it_was_measured(path):
    for name, entry in json.loads(path.read_text()).items():
        assert set(entry) - {"history", "right", "right_public"} == {"command", "date", "device", "data", "values"}, (
            name
        )
        assert not re.search(r"(^|[ =])[/~]", entry["command"] + " " + entry["data"]), "a machine's path"
        for value in entry["values"].values():
            assert "value" in value and ("interval" not in value or value["n"] > 0)
        accuracies = [value for key, value in entry["values"].items() if key.startswith("accuracy")]
        assert all(value["interval"][0] < value["value"] < value["interval"][1] for value in accuracies)
