"""`fer-keras check`: did what is handed in run, is all of it there, was PrivateTest left alone? Runs nothing itself."""

import ast
import json
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd

from fer_keras.base import home
from fer_keras.base.environment import versions
from fer_keras.base.printable import printable
from fer_keras.study.measured import assigned
from fer_keras.study.records import RECORD

LARGEST = 100e6  # bytes; with all its figures the assignment has about one million
CLOSED = {"faces", "judged", "load_faces", "SPLITS"}  # names that lead to faces of PrivateTest
WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Cell:
    name: str  # by which the assignment knows it; of a cell that was added what its editor calls it
    place: str  # where a reader finds it
    kind: str
    source: str
    count: int | None  # as the how manieth it ran
    outputs: list[dict]
    yours: bool  # to be filled in
    locked: bool


def cells_of(path: Path) -> list[Cell]:
    """The cells of any file that is a notebook; of one that is none, or damaged, a ValueError says so."""
    if not path.is_file():
        raise ValueError(f"{path} is no file; give notebooks that were handed in")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} is larger than {LARGEST / 1e6:.0f} MB, which no notebook should be")
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        raise ValueError(f"{path} is damaged, or no notebook") from None
    if not isinstance(found, dict) or "nbformat" not in found:
        raise ValueError(f"{path} is no notebook")
    if found["nbformat"] != 4:
        which = printable(str(found["nbformat"])[:20])
        raise ValueError(f"{path} is a notebook of format {which}; open it in JupyterLab, run all, and save it")
    cells = found.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError(f"{path} is a damaged notebook: it has no list of cells")
    return list(_read(cells))


def _read(cells: list[dict]) -> Iterator[Cell]:
    part = "at the top"
    for number, cell in enumerate(cells, 1):
        source = _joined(cell.get("source"))
        if cell.get("cell_type") == "markdown" and (headings := re.findall(r"^## (.+)", source, re.MULTILINE)):
            part = headings[-1].strip()
        about = _dict(_dict(cell.get("metadata")).get("nbgrader"))
        name = about.get("grade_id") or cell.get("id")
        name = name if isinstance(name, str) else ""
        count = cell.get("execution_count")
        outputs = cell.get("outputs")
        yield Cell(
            name=name,
            place=f"{part}, cell {name if about else number}",
            kind=str(cell.get("cell_type")),
            source=source,
            count=count if isinstance(count, int) else None,
            outputs=[each for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else [],
            yours=about.get("solution") is True,
            locked=about.get("locked") is True,
        )


def _dict(value) -> dict:
    return value if isinstance(value, dict) else {}


def _joined(source) -> str:
    """The text of a cell, which a file holds whole or in lines."""
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def look(path: Path, assignment: Path | None = None) -> dict:
    """What is known of a notebook that was handed in: whose it is, what was measured, and the `findings`, a sentence
    each with its cell. assignment: as it was handed out, if not ours."""
    given = {cell.name: cell for cell in cells_of(assignment or home.notebooks() / "assignment.ipynb")}
    if not any(cell.yours for cell in given.values()):
        raise ValueError(f"{assignment} has no cells to fill in")
    try:
        cells = cells_of(path)
    except ValueError as error:
        return _told(path, {}, {}, [("", str(error))])
    known = {cell.name: cell for cell in cells}
    if not any(cell.yours and cell.name in known for cell in given.values()):
        why = "this is not the assignment, or its cells have lost their names: hand in what Jupyter saves"
        return _told(path, {}, {}, [("", why)])
    values, who = _records(cells), _parameters(cells)
    findings = [("at the top, cell parameters", f"{name} is empty") for name in ("NAME", "NUMBER") if not who.get(name)]
    findings += [*_ran(cells), *_there(cells, given), *_answers(known, given, values), *_opened(cells, given)]
    return _told(path, who, values, findings)


def _told(path: Path, who: dict, values: dict, findings: list) -> dict:
    return {
        "file": str(path),
        "name": str(who.get("NAME", "")),
        "number": str(who.get("NUMBER", "")),
        "data": Path(str(who.get("DATA", "embedded"))).name,
        "values": values,
        "findings": [{"cell": cell, "says": says} for cell, says in findings],
    }


def _records(cells: Sequence[Cell]) -> dict:
    found = {}
    for output in (output for cell in cells for output in cell.outputs):
        for name, entry in _dict(_dict(output.get("data")).get(RECORD)).items():
            value = _dict(entry).get("value")
            if isinstance(value, str) or (isinstance(value, int | float) and abs(value) < 1e15):
                found[name] = value
    return found


def _parameters(cells: Sequence[Cell]) -> dict:
    """NAME and its like; what papermill was given stands below the notebook's own."""
    found = {}
    for cell in cells:
        if cell.kind == "code" and re.search(r"^(NAME|NUMBER|DATA)\b.*=", cell.source, re.MULTILINE):
            found |= {name: value for name, value in _assigned(cell.source).items() if value is not ...}
    return found


def _assigned(source: str) -> dict:
    """The names that a cell sets at its top level; `...` for what is no plain value."""
    found = {}
    for name, expression in assigned(_parsed(source) or ast.Module([], [])):
        try:
            found[name] = ast.literal_eval(expression)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            found[name] = ...
    return found


def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings(action="ignore"):  # of a backslash in a text
            return ast.parse(re.sub(r"^[ \t]*[%!].*$", "", source, flags=re.MULTILINE))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _ran(cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """At most one sentence on each: a failed cell, cells that were not run, their order."""
    code = [cell for cell in cells if cell.kind == "code" and cell.source.strip()]
    failed = [(cell, output) for cell in code for output in cell.outputs if output.get("output_type") == "error"]
    idle = [cell for cell in code if cell.count is None]
    if failed:
        cell, output = failed[0]
        why = f"{output.get('ename')}: {output.get('evalue')}".partition("\n")[0][:200]
        yield cell.place, f"failed with {why}"
    elif idle:
        more = f", the first of {len(idle)}" if len(idle) > 1 else ""
        yield idle[0].place, f"was not run{more}: run all cells and save"
    for before, after in pairwise([cell for cell in code if cell.count is not None]):
        if after.count != (before.count or 0) + 1:
            again = "restart the kernel, run all cells, and save"
            yield after.place, f"ran as number {after.count} below number {before.count}, not in one go: {again}"
            return


def _there(cells: Sequence[Cell], given: dict[str, Cell]) -> Iterator[tuple[str, str]]:
    often = Counter(cell.name for cell in cells)
    sources = {cell.name: cell.source for cell in cells}
    for name, cell in given.items():
        if (cell.yours or cell.locked) and not often[name]:
            yield cell.place, "is missing"
        elif (cell.yours or cell.locked) and often[name] > 1:
            yield cell.place, "stands there twice: delete one of the two"
        elif cell.locked and not _same(sources[name], cell.source):
            yield cell.place, "was changed, and should be as it was handed out"


def _same(one: str, other: str) -> bool:
    return one.split() == other.split()


def _answers(known: dict[str, Cell], given: dict[str, Cell], values: dict) -> Iterator[tuple[str, str]]:
    """What is empty, no number, or not what was measured."""
    for cell in (cell for cell in given.values() if cell.yours and cell.name in known):
        source = known[cell.name].source
        asked = [name for name, value in _assigned(cell.source).items() if value is None]
        if cell.kind == "markdown":
            own = [line for line in source.splitlines() if line not in cell.source.splitlines()]
            if not WORD.search("\n".join(own).replace(cell.source.strip("*"), "")):
                yield cell.place, "is still empty"
        elif not asked and _same(source, cell.source):
            yield cell.place, "is still as it was handed out"
        stated = _assigned(source)
        for name in asked:
            value, measured = values.get(name), values.get(f"{name}_measured")
            if name not in values:
                yield cell.place, f"no {name} was recorded: run all cells and save"
            elif value == "":
                yield cell.place, f"{name} is still empty"
            elif isinstance(value, str | bool):
                yield cell.place, f"{name} should be a number, not {value!r}"
            elif stated.get(name, ...) not in (..., value):
                yield cell.place, f"{name} was changed after it had run: run all cells and save"
            elif values.get(f"{name}_right") is not True:
                told = f"{measured:,.6g}" if isinstance(measured, int | float) else "nothing"
                yield cell.place, f"{name} is {value:,.6g}, and {told} was measured"


def _opened(cells: Sequence[Cell], given: dict[str, Cell]) -> Iterator[tuple[str, str]]:
    """Where PrivateTest is used: in cells that are not as they were handed out, and in what was recorded."""
    for cell in (cell for cell in cells if cell.kind == "code"):
        as_given = cell.name in given and _same(cell.source, given[cell.name].source)
        if not as_given and (used := _leads_to_private(cell.source)):
            yield cell.place, f"uses {used}: PrivateTest stays closed, take training and validation"
        for name, value in _records([cell]).items():
            if value == "PrivateTest":
                yield cell.place, f"measured on PrivateTest ({name}), which stays closed"


def _leads_to_private(source: str) -> str:
    """The name in a cell that leads there; "" for none."""
    tree = _parsed(source)
    if tree is None:
        return "PrivateTest" if "PrivateTest" in source else ""
    nodes = list(ast.walk(tree))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    used = {node.id for node in names} & CLOSED - own
    used |= {node.attr for node in nodes if isinstance(node, ast.Attribute)} & {"load_faces", "SPLITS"}
    renamed = [each for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names if each.asname]
    used |= {each.name for each in renamed} & CLOSED
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    used |= {"PrivateTest"} if any("PrivateTest" in text for text in texts) else set()
    return min(used, default="")


def table(looked: Sequence[dict]) -> str:
    """A class at a glance: a row a notebook."""
    rows = []
    for each in looked:
        values = each["values"]
        right = [value for name, value in values.items() if name.endswith("_right")]
        rows.append({
            "file": each["file"],
            "name": each["name"],
            "number": each["number"],
            "parameters": _written(values.get("my_parameters_measured"), "{:,.0f}"),
            "accuracy": _written(values.get("your_net_validation_accuracy"), "{:.3f}"),
            "numbers right": f"{sum(value is True for value in right)} of {len(right)}",
            "findings": len(each["findings"]),
        })  # fmt: skip
    table = pd.DataFrame(rows).map(lambda value: printable(value)[:60] if isinstance(value, str) else value)
    return table.to_string(index=False)


def _written(value, form: str) -> str:
    return form.format(value) if isinstance(value, int | float) else ""


def write_page(looked: dict, out: Path) -> None:
    """The notebook as one page, headed by its student's name and what was found; it needs no network."""
    from fer_keras.report.page import render

    path = Path(looked["file"])
    who = ", ".join(filter(None, [looked["name"], looked["number"]])) or "no name"
    count = len(looked["findings"])
    page = {
        "path": path,
        "link": out.name,
        "title": f"Assignment · {who}",
        "lead": f"Still to do: {count}" if count else "Nothing is missing.",
        "findings": looked["findings"],
        "drawn": looked["data"] == "embedded",
        "facts": {"Data": looked["data"], "Versions": versions()},
    }
    try:
        html = render(page, [])
    except Exception as error:  # of nbformat, nbconvert, Beautiful Soup and others, at odd notebooks
        why = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} cannot be shown as a page ({why}); save it in JupyterLab again") from None
    home.write_text(out, html)
