"""`notebooks/assignment.ipynb`, and `fer-keras check`, which reads what students hand in."""

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import nbformat
import pytest
from bs4 import BeautifulSoup

from fer_keras.__main__ import main
from fer_keras.report.handed_in import _parsed, look
from fer_keras.study.assignment import stated
from fer_keras.study.records import RECORD, read_notebook

ROOT = Path(__file__).parents[1]
ASSIGNMENT = ROOT / "notebooks" / "assignment.ipynb"
NUMBERS = {"my_parameters": 13959, "my_epoch": 8, "my_units": 6, "my_fear": 0.41, "my_places": 22, "my_slope": -0.3}
NBGRADER = {  # as nbgrader's schema, version 3, has it
    "type": "object",
    "properties": {
        "schema_version": {"type": "integer", "minimum": 3, "maximum": 3},
        "grade": {"type": "boolean"},
        "locked": {"type": "boolean"},
        "solution": {"type": "boolean"},
        "task": {"type": "boolean"},
        "grade_id": {"type": "string", "pattern": r"^[a-zA-Z0-9_\-]+$"},
        "points": {"type": "number", "minimum": 0},
    },
    "required": ["schema_version", "grade", "locked", "solution", "grade_id"],
    "additionalProperties": False,
}


def cell_of(notebook, name: str):
    return next(cell for cell in notebook.cells if cell.id == name)


def fill(notebook, **numbers) -> None:
    """Give a student's answers."""
    parameters = cell_of(notebook, "parameters")
    parameters.source = parameters.source.replace('NAME: str = ""', 'NAME: str = "Zoë <Example>"')
    parameters.source = parameters.source.replace('NUMBER: str = ""', 'NUMBER: str = "0123"')
    net = cell_of(notebook, "net")
    net.source = net.source.replace("# Yours: the net", "# Mine: three blocks")
    for cell in notebook.cells:
        if cell.id.endswith("-words"):
            cell.source = "Edges first, then parts of a face, for windows slide over both."
        for name, value in numbers.items():
            cell.source = cell.source.replace(f"{name} = None", f"{name} = {value!r}")


def handed_in():
    """A notebook that was filled in rightly and run, made up."""
    notebook = nbformat.read(ASSIGNMENT, 4)
    fill(notebook, **NUMBERS)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, 1):
        cell.execution_count = count
        kept = {}
        for name, value in NUMBERS.items():
            if f'stated("{name}"' in cell.source:
                kept = {name: value, f"{name}_right": True, f"{name}_measured": float(value)}
        if cell.id == "dense-right":
            kept = {"judged_split": "PublicTest", "your_net_validation_accuracy": 0.61}
        if kept:
            data = {"text/html": "", RECORD: {name: {"value": value} for name, value in kept.items()}}
            cell.outputs = [nbformat.v4.new_output("display_data", data)]
    return notebook


def kept_in(notebook, name: str) -> dict:
    (output,) = cell_of(notebook, name).outputs
    return output.data[RECORD]


def findings(notebook, tmp_path, name: str = "one.ipynb") -> list[str]:
    path = tmp_path / name
    path.write_text(json.dumps(notebook))
    return [f"{each['cell']}: {each['says']}" for each in look(path)["findings"]]


def test_what_is_right_is_not_found_fault_with(tmp_path, capsys):
    assert findings(handed_in(), tmp_path) == []
    assert main(["check", str(tmp_path / "one.ipynb")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'one.ipynb'}: nothing is missing\n"


def wrong_size(notebook):
    kept_in(notebook, "size-check")["my_parameters_right"]["value"] = False
    kept_in(notebook, "size-check")["my_parameters_measured"]["value"] = 20000.0


def say(name: str, recorded):
    def change(notebook):
        where = next(cell for cell in notebook.cells if f'stated("{name}"' in cell.source)
        kept_in(notebook, where.id)[name]["value"] = recorded
        kept_in(notebook, where.id)[f"{name}_right"]["value"] = False

    return change


def source(name: str, text: str, instead: str | None = None):
    """Change the source of a cell, whole or where `instead` stands."""

    def change(notebook):
        cell = cell_of(notebook, name)
        cell.source = cell.source.replace(instead, text) if instead else text

    return change


def added(text: str, count: int | None = None):
    """A cell of one's own at the end."""

    def change(notebook):
        last = max(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
        notebook.cells.append(nbformat.v4.new_code_cell(text, execution_count=count or last + 1, id="mine"))

    return change


def failed(notebook):
    cell = cell_of(notebook, "ascent")
    cell.outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="no maps\nmore", traceback=[])]
    cell_of(notebook, "maps").execution_count = None


def not_run(*names: str):
    def change(notebook):
        for name in names:
            cell_of(notebook, name).execution_count = None

    return change


def out_of_order(notebook):
    cell_of(notebook, "fear").execution_count = 99


def twice(notebook):
    notebook.cells.append(dict(cell_of(notebook, "units-check"), outputs=[], execution_count=32))


def measured_on_private(notebook):
    kept_in(notebook, "dense-right")["judged_split"]["value"] = "PrivateTest"


def no_record(notebook):
    cell_of(notebook, "size-check").outputs = []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (wrong_size, "1 · Your net, cell size: my_parameters is 13,959, and 20,000 was measured"),
        (say("my_parameters", ""), "1 · Your net, cell size: my_parameters is still empty"),
        (say("my_epoch", "eight"), "2 · Training, cell epoch: my_epoch should be a number, not 'eight'"),
        (say("my_fear", True), "4 · Confusion, cell fear: my_fear should be a number, not True"),
        (no_record, "1 · Your net, cell size: no my_parameters was recorded"),
        (source("size", "my_parameters = 20000"), "1 · Your net, cell size: my_parameters was changed after it"),
        (source("history-words", "*Yours: write here, in place of this line.*"), "2 · Training, cell history-words:"),
        (source("history-words", " \n...\n"), "2 · Training, cell history-words: is still empty"),
        (source("net", "# Yours: the net", "# Mine: three blocks"), "1 · Your net, cell net: is still as it was"),
        (source("parameters", '""', '"0123"'), "at the top, cell parameters: NUMBER is empty"),
        (failed, "6 · What excites its filters?, cell ascent: failed with ValueError: no maps"),
        (not_run("answer"), "Answer, cell answer: was not run: run all cells and save"),
        (not_run("dense", "answer"), "3 · A dense net of the same size, cell dense: was not run, the first of 2: run"),
        (out_of_order, "4 · Confusion, cell fear: ran as number 99 below number 17"),
        (twice, "3 · A dense net of the same size, cell units-check: stands there twice"),
        (lambda notebook: notebook.cells.remove(cell_of(notebook, "size")), "1 · Your net, cell size: is missing"),
        (source("units-check", "units = 6"), "3 · A dense net of the same size, cell units-check: was changed"),
        (source("faces", "training, _, validation =", "training, validation, _ ="), "at the top, cell faces: uses"),
        (added('best = run.predict(faces.split("PrivateTest"))'), "Hand in, cell 53: uses PrivateTest"),
        (added("more = load_faces()"), "Hand in, cell 53: uses load_faces: PrivateTest stays closed"),
        (added("import fer_keras\nmore = fer_keras.load_faces()"), "Hand in, cell 53: uses load_faces"),
        (added("from fer_keras import load_faces as more"), "Hand in, cell 53: uses load_faces"),
        (added("this is no Python: PrivateTest"), "Hand in, cell 53: uses PrivateTest"),
        (measured_on_private, "3 · A dense net of the same size, cell dense-right: measured on PrivateTest"),
        # what a student may well do
        (added("# PrivateTest stays closed\nfor faces in (training, validation):\n    print(len(faces))"), None),
        (added("%pip list\n!ls\nprint('\\d')"), None),
        (source("size", "my_parameters = 8 * 10 + 1168 + 4640 + 8071"), None),
        (source("size", "my_parameters = 13000\nmy_parameters += 959"), None),
        (source("history-words", "*Yours: write here, in place of this line.* It stops at epoch five."), None),
    ],
)  # fmt: skip
def test_each_fault_is_found_and_told_in_a_sentence(change, finding, tmp_path):
    notebook = handed_in()
    change(notebook)
    found = findings(notebook, tmp_path)
    if finding is None:
        assert found == []
    else:
        assert any(each.startswith(finding) for each in found), found
        assert all("\n" not in each for each in found) and len(found) <= 2


FOREIGN = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is damaged, or no notebook"),
        ("no JSON", "is damaged, or no notebook"),
        (b"\xff\xfe\x00", "is damaged, or no notebook"),
        ("[" * 100_000, "is damaged, or no notebook"),
        ("[1, 2]", "is no notebook"),
        (json.dumps({"worksheets": [], "nbformat": 3}), "is a notebook of format 3; open it in JupyterLab"),
        (json.dumps({"nbformat": "\x1b[2J"}), r"is a notebook of format \x1b[2J"),
        (json.dumps({"nbformat": 4}), "it has no list of cells"),
        (json.dumps({"nbformat": 4, "cells": [1]}), "it has no list of cells"),
        (json.dumps(FOREIGN), "this is not the assignment, or its cells have lost their names"),
        ((ROOT / "notebooks" / "template.ipynb").read_text(), "this is not the assignment"),
    ],
)
def test_any_file_is_told_of_in_one_sentence(text, says, tmp_path, capsys):
    path = tmp_path / "odd.ipynb"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert main(["check", str(path)]) == 1
    told = capsys.readouterr()
    assert says in told.out and told.out.count("\n") == 1 and not told.err


def test_a_file_too_large_or_not_there_is_told_of(tmp_path, capsys):
    with open(tmp_path / "large.ipynb", "wb") as file:
        file.truncate(200_000_000)
    assert main(["check", str(tmp_path / "large.ipynb"), str(tmp_path / "none.ipynb")]) == 1
    told = capsys.readouterr().out
    assert "is larger than 100 MB" in told and "is no file" in told
    (tmp_path / "empty").mkdir()
    assert main(["check", str(tmp_path / "empty")]) == 1
    assert "there is no notebook in" in capsys.readouterr().err


def test_a_cell_of_empty_lines_takes_no_time():
    before = time.perf_counter()
    assert _parsed("\n" * 30_000 + "x") is not None
    assert time.perf_counter() - before < 5


def places(value, way=()):
    """The way to everything in a notebook."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*way, key)
        yield from places(each, (*way, key))


def test_odd_types_anywhere_are_no_trace(tmp_path):
    whole = json.dumps(handed_in())
    ways = list(places(json.loads(whole)))
    odd = [None, True, -1, 10**400, "x", [], {}, [None, 3], {"value": []}, "\ud800", "a\0b", "(" * 500]
    random.seed(0)
    for number, way in enumerate(random.sample(ways, 300)):
        changed = json.loads(whole)
        where = changed
        for key in way[:-1]:
            where = where[key]
        where[way[-1]] = odd[number % len(odd)]
        for each in findings(changed, tmp_path):
            assert "\n" not in each


def test_a_class_is_one_table(tmp_path, capsys):
    notebook = handed_in()
    findings(notebook, tmp_path, "b.ipynb")
    wrong_size(notebook)
    findings(notebook, tmp_path, "a.ipynb")
    (tmp_path / "c.ipynb").write_text("no notebook")
    assert main(["check", str(tmp_path)]) == 1
    head, *rows = capsys.readouterr().out.splitlines()[:4]
    assert head.split()[:4] == ["file", "name", "number", "parameters"]
    assert "Zoë <Example>" in rows[0] and rows[0].split()[-4:] == ["5", "of", "6", "1"] and "0123" in rows[0]
    assert "13,959" in rows[1] and "0.610" in rows[1] and rows[1].split()[-4:] == ["6", "of", "6", "0"]
    assert main(["check", str(tmp_path), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [len(each["findings"]) for each in found] == [1, 0, 1]
    assert found[0]["values"]["my_parameters"] == 13959 and found[0]["number"] == "0123"


def test_another_assignment_may_have_been_handed_out(tmp_path, capsys):
    notebook = nbformat.read(ASSIGNMENT, 4)
    notebook.cells = [cell for cell in notebook.cells if not cell.id.startswith("filters")]
    nbformat.write(notebook, tmp_path / "shorter.ipynb")
    done = handed_in()
    done.cells = [cell for cell in done.cells if not cell.id.startswith("filters")]
    assert any("filters-words: is missing" in each for each in findings(done, tmp_path))
    asked = ["check", str(tmp_path / "one.ipynb"), "--assignment"]
    assert main([*asked, str(tmp_path / "shorter.ipynb")]) == 0
    assert main([*asked, str(ROOT / "notebooks" / "template.ipynb")]) == 1
    assert "has no cells to fill in" in capsys.readouterr().err


def test_what_colab_saves_is_known_too(tmp_path, capsys):
    """Its cells have no ids, but keep their metadata."""
    notebook = json.loads(json.dumps(handed_in())) | {"nbformat_minor": 0}
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"]["id"] = f"{number}{cell.pop('id')}"
    assert findings(notebook, tmp_path) == []
    assert main(["check", str(tmp_path / "one.ipynb"), "--html", str(tmp_path / "one.html")]) == 0
    assert capsys.readouterr().err == f"{tmp_path / 'one.html'}\n"


def test_the_page_bears_the_name_and_runs_nothing(tmp_path, capsys):
    notebook = handed_in()
    cell_of(notebook, "net-words").source = "<script>alert(1)</script> My words."
    cell_of(notebook, "fear").execution_count = 99
    findings(notebook, tmp_path)
    assert main(["check", str(tmp_path / "one.ipynb"), "--html", str(tmp_path / "one.html")]) == 1
    page = BeautifulSoup((tmp_path / "one.html").read_text(), "html.parser")
    assert page.title.text == page.h1.text == "Assignment · Zoë <Example>, 0123"
    assert "Still to do: 1" in page.text and "cell fear: ran as number 99" in page.text and "My words." in page.text
    assert not page.find_all("script") and not page.select("a[href$='index.html']")
    assert main(["check", str(tmp_path / "one.ipynb"), "--html", str(tmp_path / "one.ipynb")]) == 1
    assert main(["check", str(tmp_path / "one.ipynb"), "no", "--html", str(tmp_path / "two.html")]) == 1
    assert capsys.readouterr().err.count("of one notebook") == 2


def test_a_page_replaces_nothing_that_is_read_and_no_link(tmp_path, capsys):
    findings(handed_in(), tmp_path)
    shutil.copy(ROOT / "notebooks" / "assignment.ipynb", given := tmp_path / "given.html")
    (link := tmp_path / "link.html").symlink_to(given)
    whole, typed = given.read_bytes(), ["check", str(tmp_path / "one.ipynb"), "--assignment", str(given), "--html"]
    for out, why in ((given, "it is one of the files that are read"), (link, "it is no regular file")):
        assert main([*typed, str(out)]) == 1
        assert capsys.readouterr().err == f"fer-keras: {out} cannot be written: {why}\n"
    assert given.read_bytes() == whole and link.is_symlink()


def test_names_do_not_move_the_cursor(tmp_path, capsys):
    (tmp_path / "a\x1b[2J.ipynb").write_text("{")
    assert main(["check", str(tmp_path)]) == 1
    assert r"a\x1b[2J.ipynb is damaged" in (told := capsys.readouterr().out) and "\x1b" not in told


def test_check_needs_no_tensorflow(tmp_path):
    findings(handed_in(), tmp_path)
    program = "import sys\nfrom fer_keras.__main__ import main\nmain(sys.argv[1:])\nprint('keras' in sys.modules)"
    command = [sys.executable, "-c", program, "check", tmp_path / "one.ipynb", "--html", tmp_path / "one.html"]
    assert subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("value", "measured", "right", "says"),
    [
        (22, 22, True, "`x = 22` is right."),
        (0.41, 0.4136, True, "`x = 0.41` is right."),
        (0.40, 0.4136, False, "`x = 0.4` is not right yet: look again."),
        (0.40, float("nan"), False, "`x = 0.4` is not right yet: look again."),
        (None, 22, False, "`x` is still empty."),
        ("22", 22, False, "`x` should be a number, and is something else."),
        (True, 1, False, "`x` should be a number, and is something else."),
        (float("inf"), 1, False, "`x` should be a number, and is something else."),
    ],
)
def test_a_number_is_right_or_not(value, measured, right, says, monkeypatch):
    kept = []
    monkeypatch.setattr("fer_keras.study.records.display", lambda data, raw: kept.append(data[RECORD]))
    assert stated("x", value, measured, off=0.005).data == says
    assert kept[0]["x_right"] == {"value": right}


def test_its_cells_have_what_nbgrader_wants():
    notebook = nbformat.read(ASSIGNMENT, 4)
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    for cell in cells:
        about = cell.metadata.nbgrader
        jsonschema.validate(about, NBGRADER)
        assert about.grade_id == cell.id
        assert about.grade == about.solution == ("points" in about) != about.locked
    names = [cell.metadata.nbgrader.grade_id for cell in cells]
    assert len(names) == len(set(names)) > 30


def run_it(path: Path, out: Path):
    command = [sys.executable, "-m", "papermill", path, out, "-p", "FACES", 300, "-p", "EPOCHS", 1, "-p", "STEPS", 2]
    command += ["-p", "DENSE_EPOCHS", 1]
    ran = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return nbformat.read(out, 4)


def test_it_runs_unfilled_and_says_what_is_empty(tmp_path):
    ran = run_it(ASSIGNMENT, tmp_path / "out.ipynb")
    values, answer = read_notebook(ran)
    assert 3 < len(answer.split()) <= 60
    assert values["my_parameters_measured"]["value"] == 13959 and values["my_units_measured"]["value"] == 6
    assert values["judged_split"]["value"] == "PublicTest"
    found = [f"{each['cell']}: {each['says']}" for each in look(tmp_path / "out.ipynb")["findings"]]
    assert len(found) == 16 and all("empty" in each or "as it was handed out" in each for each in found), found


def test_it_runs_filled_in_and_nothing_is_missing(tmp_path):
    """With the numbers that were measured; more cannot be known before it runs."""
    notebook = nbformat.read(ASSIGNMENT, 4)
    fill(notebook, **NUMBERS | {"my_epoch": 1})
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    ran = run_it(tmp_path / "mine.ipynb", tmp_path / "out.ipynb")
    values, _ = read_notebook(ran)
    assert [name for name in NUMBERS if not values[f"{name}_right"]["value"]] in ([], ["my_fear"])
    found = [f"{each['cell']}: {each['says']}" for each in look(tmp_path / "out.ipynb")["findings"]]
    assert all("my_fear is 0.41" in each for each in found), found
