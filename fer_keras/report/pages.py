"""The report as a site: a page for each executed notebook, and `index.html` with every question's answer.

The pages need no network and run no script. `page` makes each of them from its notebook.
"""

import ast
import base64
import io
import json
import re
import warnings
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path

import nbformat
import papermill
from markupsafe import Markup, escape
from PIL import Image

from fer_keras.base.environment import versions
from fer_keras.base.home import machine, write_text
from fer_keras.report import reference
from fer_keras.report.page import TEMPLATES, prose, render, style, tags, template
from fer_keras.study.records import read_notebook

AS_IT_WAS = {f"report-{each.lower()}": f"Report {each} as it was" for each in "ABCDE"}
PRESETS = {"smoke": "smoke: the figures mean nothing"} | AS_IT_WAS  # what a reader should know of a preset
HEADING = "Facial expression recognition: the report"
REAL = "this report shows faces of {}. If those are real people, they have not agreed to be shown."
THUMBNAIL = 1040  # pixels across of a key figure on the index, which shows it at half of that
FAILED = ".failed"  # ends the name of a notebook that failed after it had run to its end


def write_site(out: Path, pages: Collection[str] | None = None, coming: Sequence[str] = (), state: str = "") -> None:
    """Write index.html and a page for each of `out/executed`, or for those named in `pages` only.

    coming: titles of the notebooks that are still to run; state: how the report stands meanwhile.
    """
    here = {}
    for path in sorted((out / "executed").glob("*.ipynb")):
        try:
            here[path.stem] = _page(path, path.stat().st_mtime_ns)
        except Exception as error:  # of nbformat, PIL and others, at damaged notebooks
            _tell(path, error)
    failures = {name.removesuffix(FAILED): page for name, page in here.items() if name.endswith(FAILED)}
    listed = [page | {"later": failures.get(name)} for name, page in here.items() if not name.endswith(FAILED)]
    for before, after in pairwise(listed):
        before["next"], after["previous"] = after, before
    for page in [*listed, *failures.values()]:
        if pages is None or page["path"].stem in pages:
            write_text(out / page["link"], _render(page, listed))
    data = {page["data"] for page in listed} - {None}
    presets = sorted({page["preset"] for page in listed})
    real = sorted(data - {"embedded"})
    write_text(out / "index.html", template("contents.html.j2").render(
        pages=listed,
        style=style(),
        heading=next((each for each in presets if each in AS_IT_WAS.values()), HEADING),
        failed=sum(bool(page["failed"] or page["later"]) for page in listed),
        drawn="embedded" in data,
        real=bool(real) and REAL.format(" and ".join(real)),
        coming=coming,
        state=state,
        others=[path.parent.name for path in sorted(out.glob("*/index.html")) if (path.parent / "executed").is_dir()],
        students=Markup(prose((TEMPLATES / "report" / "students.md").read_text("utf-8"))),
        facts={
            "Data": ", ".join(sorted(data)),
            "Preset": ", ".join(presets),
            "Versions": versions(),
            "Device": machine(),
            "Made": max((page["facts"]["Date"] for page in listed), default=""),
            "Took": _duration(_on_the_clock([page["ran"] for page in listed])) if listed else "",
        },
    ))  # fmt: skip
    reference.write_page(out / "reference.html")


def _render(page: dict, pages: list[dict]) -> str:
    try:
        return render(page, pages)
    except Exception as error:  # of nbconvert, Beautiful Soup and others
        return f"<!doctype html><title>{escape(page['title'])}</title><p>{escape(_tell(page['path'], error))}</p>"


def _tell(path: Path, error: Exception) -> str:
    """Name a notebook that cannot be shown; the others are."""
    why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    told = f"{path.name} cannot be shown ({why}); `fer-keras report --only {path.stem[:2]} --fresh` runs it again"
    warnings.warn(told, stacklevel=3)
    return told


def title(notebook: nbformat.NotebookNode) -> str:
    """The first heading: the question that the notebook answers."""
    lines = (line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((line.removeprefix("# ").strip() for line in lines if line.startswith("# ")), "")


def noted(path: Path) -> dict:
    """What an executed notebook says of its run; nothing where there is none."""
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        return json.loads(path.read_text("utf-8"))["metadata"]["fer_keras"]
    return {}


def first_sentence(text: str) -> tuple[str, str]:
    """A text in Markdown, split after its first sentence."""
    found = re.match(r"(?:[^\n]|\n(?!\n))+?[.!?][*_)\"]*(?=\s+[^\s\da-z]|\s*$|\s*\n\n)", text.strip())
    first = found[0] if found else text.strip().partition("\n\n")[0]
    return first, text.strip()[len(first) :].strip()


@cache
def _page(path: Path, changed: int) -> dict:
    """What the templates say of one notebook, as it was executed when its file was `changed`."""
    notebook, went = nbformat.read(path, 4), noted(path)
    about = went["about"]
    records, answer = read_notebook(notebook)
    parameters = _parameters(path, went["parameters"])
    values: dict = {name: value for name, value, _ in parameters}
    data = about["data"] if {"DATA", "RECORDS"} & values.keys() else None  # the records tell of them
    if "PICTURE" in values:
        data = Path(values["PICTURE"]).name or "embedded"
    slim = isinstance(values.get("WIDTH"), int | float) and values["WIDTH"] < 1
    preset = PRESETS.get(about["preset"], about["preset"])
    lead, rest = first_sentence(answer)
    return {
        "path": path,
        "link": f"{path.stem}.html",
        "title": title(notebook) or path.stem,
        "failed": went["failed"],
        "data": data,
        "drawn": data == "embedded",
        "real": bool({"DATA", "PICTURE"} & values.keys()) and data != "embedded" and REAL.format(data),
        "ledger": "RECORDS" in values,  # which sets FER2013 beside the faces of this report
        "preset": preset,
        "ran": (went.get("began", 0), went["seconds"]),
        "facts": {
            "Data": data,
            "Preset": preset + (", slim nets" if slim else ""),
            "Date": went["date"],
            "Took": _duration(went["seconds"]) + (f", {went['peak_mb']:,} MB" if went["peak_mb"] else ""),
            "Versions": versions(),
            "Device": records.get("device", {}).get("value") or machine(),
        },
        "parameters": [(name, data if name == "DATA" else value, text) for name, value, text in parameters],
        "lead": Markup(prose(lead)),
        "rest": Markup(prose(rest)),
        "figure": _key_figure(notebook),
    }


def _parameters(executed: Path, given: dict) -> list[tuple[str, object, str]]:
    """Name, value and meaning of each parameter, as the notebook declares them or as they were given."""
    rows = []
    for name, about in papermill.inspect_notebook(executed).items():
        value = given.get(name, about["default"])
        if name not in given:
            with suppress(ValueError, SyntaxError):  # what is no literal is shown as it is written
                value = ast.literal_eval(value)
        rows.append((name, value, about["help"]))
    return rows


def _key_figure(notebook: nbformat.NotebookNode) -> dict | None:
    """The first picture of the cell tagged key-figure, or else the last one, made smaller for the index."""
    shown = [(cell, output) for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = [(cell, output) for cell, output in shown if "image/png" in output.get("data", {})]
    if not shown:
        return None
    output = next((output for cell, output in shown if "key-figure" in tags(cell)), shown[-1][1])
    with Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))) as picture, io.BytesIO() as file:
        picture = picture.convert("RGB")
        picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
        picture.quantize(128).save(file, "png", optimize=True)
        png = base64.b64encode(file.getvalue()).decode()
    about = output.get("metadata", {}).get("image/png", {})
    return {"png": png, "width": picture.width // 2, "height": picture.height // 2, "alt": about.get("alt", "")}


def _on_the_clock(ran: list[tuple[float, float]]) -> float:
    """Seconds in which anything ran, of when each began and how long it took."""
    until = total = 0.0
    for began, seconds in sorted(ran):
        total += max(0.0, began + seconds - max(until, began))
        until = max(until, began + seconds)
    return total


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.0f} s"
