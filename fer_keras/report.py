"""Runs the notebooks with papermill and leaves a page for each, and `index.html`."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import jinja2
import nbformat
import papermill
import yaml
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html

from fer_keras import load_faces, records
from fer_keras.faces import UNLABELLED
from fer_keras.progress import bar
from fer_keras.sources import absolute

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"
PRESETS = tuple(sorted(path.stem for path in (NOTEBOOKS / "presets").glob("*.yaml")))


class ReportError(ValueError):
    """What stops a report, in one sentence."""


def make_report(
    out: Path, data: str = "embedded", preset: str = "quick", only: str = "", parameters: dict | None = None
) -> list[str]:
    """Run the notebooks on `data` and write their pages to `out`; returns the names of those that failed."""
    notebooks = _select(only)
    declared = {path: papermill.inspect_notebook(path) for path in notebooks}
    parameters = {"DATA": data} | (parameters or {})
    parameters["DATA"] = _absolute(str(parameters["DATA"]))
    if unknown := set(parameters) - set().union(*declared.values()):
        raise ReportError(f"no selected notebook has a parameter {min(unknown)}; there are "
                          f"{', '.join(sorted(set().union(*declared.values())))}")  # fmt: skip
    values = yaml.safe_load((NOTEBOOKS / "presets" / f"{preset}.yaml").read_text()) or {}
    values |= parameters
    faces = load_faces(values["DATA"])  # what cannot be read stops us here; what can is cached for all notebooks
    if (faces.labels == UNLABELLED).any():
        raise ReportError(f"{data} holds unlabelled faces; the notebooks need labels")

    for folder in ("executed", "records"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    pages = []
    progress = bar(notebooks, "running", " notebooks")
    for path in progress:
        progress.set_postfix_str(path.stem)
        wanted = {name: value for name, value in values.items() if name in declared[path]}
        pages.append(_run(path, wanted, out))
    _write_index(out, pages, Path(values["DATA"]).name, preset)
    return [page["name"] for page in pages if page["failed"]]


def _select(only: str) -> list[Path]:
    every = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if not every:
        raise ReportError(f"no notebooks in {NOTEBOOKS}; install fer-keras from its repository with pip install -e .")
    numbers = [number.strip() for number in only.split(",") if number.strip()]
    if unknown := [number for number in numbers if not any(path.name.startswith(f"{number}_") for path in every)]:
        raise ReportError(f"no notebook {unknown[0]}; there are {', '.join(path.name[:2] for path in every)}")
    return [path for path in every if not numbers or path.name[:2] in numbers]


def _absolute(data: str) -> str:
    """Notebooks run in their own folder, so a path must not depend on ours."""
    return data if data == "embedded" else str(absolute(data))


def _run(path: Path, parameters: dict, out: Path) -> dict:
    """One notebook in a process of its own; only its exit status tells whether it ran to its end."""
    executed = out / "executed" / path.name
    command = [sys.executable, "-m", "papermill", path, executed, "--cwd", path.parent]
    for name, value in parameters.items():
        command += ["-y", yaml.safe_dump({name: value})]
    command += ["--no-progress-bar", "--log-level", "ERROR"]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if not executed.exists():
        raise ReportError(f"papermill could not start {path.name}: {result.stderr.strip().splitlines()[-1]}")
    notebook = nbformat.read(executed, 4)
    values, answer = records.read_notebook(notebook)
    (out / "records" / f"{path.stem}.json").write_text(
        json.dumps({"notebook": path.stem, "parameters": parameters, "values": values}, indent=1) + "\n"
    )
    notebook.metadata["title"] = title(notebook)
    exporter = HTMLExporter(template_name="report", extra_template_basedirs=[str(HERE / "templates")])
    (out / f"{path.stem}.html").write_text(exporter.from_notebook_node(notebook)[0], "utf-8")
    return {
        "name": path.stem,
        "link": f"{path.stem}.html",
        "title": title(notebook),
        "answer": markdown2html(answer),
        "failed": result.returncode != 0,
    }


def title(notebook: nbformat.NotebookNode) -> str:
    """The first heading: the question that the notebook answers."""
    lines = (line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next(line.removeprefix("# ") for line in lines if line.startswith("# "))


def _write_index(out: Path, pages: list[dict], data: str, preset: str) -> None:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True)
    made = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    page = environment.get_template("index.html.j2").render(pages=pages, data=data, preset=preset, made=made)
    (out / "index.html").write_text(page, "utf-8")
