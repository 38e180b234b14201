"""The report as a site: a page for each executed notebook, and `index.html` with every question's answer.

The pages need no network and run no script. `rendering` makes each of them from its notebook.
"""

import ast
import base64
import io
import json
import os
from contextlib import suppress
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import jinja2
import nbformat
import papermill
from markupsafe import Markup
from PIL import Image

from fer_keras.base.home import machine, write_whole
from fer_keras.base.progress import bar
from fer_keras.report.page import TEMPLATES, prose, render, style
from fer_keras.study.records import read_notebook

PRESETS = {"smoke": "smoke: the figures mean nothing"}  # what a reader should know of a preset
REAL = "this report shows faces of {}. If those are real people, they have not agreed to be shown."
THUMBNAIL = 1040  # pixels across of a key figure on the index, which shows it at half of that


def write_site(out: Path, results: list[dict], about: dict) -> None:
    """Write a page for each executed notebook to `out`, and its index.html.

    results: in order, each with name, executed (its path), failed (why, or None), parameters, seconds, date, peak_mb.
    about: data and preset of the report.
    """
    pages = [_page(result, about) for result in results]
    for before, after in pairwise(pages):
        before["next"], after["previous"] = after, before
    for page in bar(pages, "rendering", " pages"):
        _write(out / page["link"], render(page, pages))
    data = {page["data"] for page in pages} | {about["data"]}
    real = sorted(data - {"embedded", None})
    _write(out / "index.html", _environment().get_template("contents.html.j2").render(
        pages=pages,
        style=style(),
        failed=sum(bool(page["failed"]) for page in pages),
        drawn="embedded" in data,
        real=bool(real) and REAL.format(" and ".join(real)),
        facts={
            "Data": ", ".join(sorted(data - {None})),
            "Preset": PRESETS.get(about["preset"], about["preset"]),
            "Versions": versions(),
            "Device": machine(),
            "Made": max((page["facts"]["Date"] for page in pages), default=""),
            "Took": _duration(sum(result["seconds"] for result in results)),
        },
    ))  # fmt: skip


def title(notebook: nbformat.NotebookNode) -> str:
    """The first heading: the question that the notebook answers."""
    lines = (line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((line.removeprefix("# ").strip() for line in lines if line.startswith("# ")), "")


def versions() -> str:
    """Of this package, Keras and its backend, told without starting them."""
    backend = os.environ.get("KERAS_BACKEND")
    settings = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"
    if not backend and settings.exists():
        backend = json.loads(settings.read_text()).get("backend")
    backend = backend or "tensorflow"
    numbers = [f"fer-keras {metadata.version('fer-keras')}", f"Keras {metadata.version('keras')}"]
    for package in (f"{backend}-cpu", backend):
        with suppress(metadata.PackageNotFoundError):
            return ", ".join([*numbers, f"{backend} {metadata.version(package)}"])
    return ", ".join([*numbers, backend])


def _page(result: dict, about: dict) -> dict:
    """What the templates say of one notebook."""
    executed = Path(result["executed"])
    notebook = nbformat.read(executed, 4) if executed.exists() else nbformat.v4.new_notebook()
    records, answer = read_notebook(notebook)
    parameters = _parameters(executed, result["parameters"])
    values = {name: value for name, value, _ in parameters}
    if "RECORDS" in values:
        values["DATA"] = about["data"]  # what the records tell of
    data = Path(str(values["DATA"])).name if "DATA" in values else None
    slim = isinstance(values.get("WIDTH"), int | float) and values["WIDTH"] < 1
    preset = PRESETS.get(about["preset"], about["preset"]) + (", slim nets" if slim else "")
    device = records.get("device", {}).get("value") or machine()
    took = _duration(result["seconds"]) + (f", {result['peak_mb']:,} MB" if result["peak_mb"] else "")
    real = data is not None and data != "embedded"
    return {
        "name": result["name"],
        "link": f"{result['name']}.html",
        "title": title(notebook) or result["name"],
        "failed": result["failed"],
        "stopped": _mark_stop(notebook),
        "data": data,
        "drawn": data == "embedded",
        "real": real and REAL.format(data),
        "facts": {"Data": data, "Preset": preset, "Date": result["date"], "Took": took,
                  "Versions": versions(), "Device": device},
        "parameters": [(name, value if name != "DATA" else data, text) for name, value, text in parameters],
        "made": " · ".join(filter(None, (data, preset, took, result["date"], versions(), device))),
        "answer": Markup(prose(answer)),
        "figure": _key_figure(notebook),
        "notebook": notebook,
    }  # fmt: skip


def _parameters(executed: Path, given: dict) -> list[tuple[str, object, str]]:
    """Name, value and meaning of each parameter, as the notebook declares them or as they were given."""
    rows = []
    for name, about in (papermill.inspect_notebook(executed) if executed.exists() else {}).items():
        value = given.get(name, about["default"])
        if name not in given:
            with suppress(ValueError, SyntaxError):  # what is no literal is shown as it is written
                value = ast.literal_eval(value)
        rows.append((name, value, about["help"]))
    return rows


def _mark_stop(notebook: nbformat.NotebookNode) -> bool:
    """Mark the first cell with an error, and leave out papermill's own signs of it, which ours stand for."""
    errors = (cell for cell in notebook.cells if any(o.output_type == "error" for o in cell.get("outputs", [])))
    stopped = next(errors, None)
    if stopped is not None:
        stopped.metadata["stopped"] = True
        notebook.cells = [cell for cell in notebook.cells if "papermill-error-cell-tag" not in _tags(cell)]
    return stopped is not None


def _tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _key_figure(notebook: nbformat.NotebookNode) -> dict | None:
    """The first picture of the cell tagged key-figure, or else the last one, made smaller for the index."""
    shown = [
        (cell, output)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    tagged = [output for cell, output in shown if "key-figure" in _tags(cell)]
    if not shown:
        return None
    output = tagged[0] if tagged else shown[-1][1]
    with Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))) as picture, io.BytesIO() as file:
        picture = picture.convert("RGB")
        picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
        picture.quantize(128).save(file, "png", optimize=True)
        png = base64.b64encode(file.getvalue()).decode()
    about = output.get("metadata", {}).get("image/png", {})
    return {"png": png, "width": picture.width // 2, "height": picture.height // 2, "alt": about.get("alt", "")}


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.0f} s"


def _environment() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES / "report"), autoescape=True)


def _write(path: Path, text: str) -> None:
    write_whole(path, lambda file: file.write(text.encode()))
