"""Every notebook of ours reads like a chapter: plain, short, nothing that only keeps books (see the README's table)."""

import ast
import re
from pathlib import Path

import nbformat
import papermill
import pytest

from fer_keras.report.pages import title

ROOT = Path(__file__).parents[1]
ALL = sorted((ROOT / "notebooks").glob("*.ipynb"))
# Of the user's own notebooks nothing is asked but a title, parameters and an answer
OURS = [path for path in ALL if f"(notebooks/{path.name})" in (ROOT / "README.md").read_text()]
BEGIN = {"template": "00", "assignment": "Assignment"}  # the titles of those without a number
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def lines_of(cell) -> list[str]:
    return [line for line in cell.source.splitlines() if line.strip()]


def faults(sources: list[str]) -> list[str]:
    """What a reader would stumble over in the code of a notebook, a source a cell."""
    found = []
    lines = [line for source in sources for line in source.splitlines() if line.strip()]
    if len(lines) > 100:
        found.append(f"{len(lines)} lines of code")
    found += [f"a line of {len(line)} characters" for line in lines if len(line) > 105]
    comprehensions = 0
    for source in sources:
        if len([line for line in source.splitlines() if line.strip()]) > 15:
            found.append(f"a cell of more than 15 lines: {source[:30]}")
        for node in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", source, flags=re.MULTILINE))):
            if isinstance(node, COMPREHENSIONS):
                comprehensions += 1
                inside = [each for each in ast.walk(node) if isinstance(each, COMPREHENSIONS)]
                if len(inside) > 1 or len(node.generators) > 1:
                    found.append("a nested comprehension")
            if isinstance(node, ast.NamedExpr):
                found.append("a :=")
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                found.append("a function")
            if isinstance(node, ast.For):
                called = [each.func for each in ast.walk(node) if isinstance(each, ast.Call)]
                if any(isinstance(each, ast.Name) and each.id == "record" for each in called):
                    found.append("a record in a loop")
    if comprehensions > 2 * max(len(lines), 50) / 100:
        found.append(f"{comprehensions} comprehensions in {len(lines)} lines")
    return found


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_notebooks_read_plainly(path):
    assert faults([cell.source for cell in code_cells(nbformat.read(path, 4))]) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = 1\n" * 101, "101 lines of code"),
        ("x = 1\n" * 16, "a cell of more than 15 lines: "),
        (f"x = '{'a' * 105}'", "a line of 111 characters"),
        ("[a for b in c for a in b]", "a nested comprehension"),
        ("if (n := 3) > 2:\n    pass", "a :="),
        ("def f():\n    pass", "a function"),
        ("for name in names:\n    record(name, 1)", "a record in a loop"),
        ("[a for a in b]\n{a for a in b}", "2 comprehensions in 2 lines"),
    ],
)
def test_each_fault_is_found(source, fault):
    assert any(each.startswith(fault) for each in faults([source]))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_has_a_question_parameters_and_an_answer(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    code = code_cells(notebook)
    assert title(notebook).startswith(BEGIN.get(path.stem, path.stem[:2]) + " · ")
    assert title(notebook).endswith("?")
    (parameters,) = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    body = ast.parse(parameters.source).body
    assert set(papermill.inspect_notebook(path)) == {node.target.id for node in body}, "papermill cannot read a line"
    for line, node in zip(lines_of(parameters), body, strict=True):
        assert isinstance(node, ast.AnnAssign) and isinstance(ast.literal_eval(node.value), str | int | float | bool)
        assert "  # " in line, f"{line} has no comment"
    for heading in ("## Try it", "## Answer"):
        assert any(heading in cell.source.splitlines() for cell in notebook.cells), heading
    assert re.search(r"^answer\(", code[-1].source, re.MULTILINE)
    assert sum("key-figure" in cell.metadata.get("tags", []) for cell in code) == 1


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path):
    for cell in nbformat.read(path, 4).cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None and "papermill" not in cell.metadata


def numbers_in(text: str) -> list[str]:
    """The numbers that a reader meets; those inside names (`cnn_1m`) are none."""
    return re.findall(r"(?<![\w.,])[-+−]?\d[\d.,]*", re.sub(r"`[^`]*`", "", text))


def test_numbers_are_counted_as_a_reader_would():
    text = "Yes: 81 % of 3,589 faces, `cnn_1m` (width 0.25) and vgg16_bn; −0.05 to +0.1."
    assert numbers_in(text) == ["81", "3,589", "0.25", "−0.05", "+0.1."]


@pytest.mark.parametrize("name", [path.stem for path in OURS if path.stem not in BEGIN])
def test_an_answer_is_short(executed, name):
    """At most 60 words and 6 numbers, as it was given on smoke."""
    from fer_keras.study.records import read_notebook

    _, answer = read_notebook(executed(name))
    assert 3 < len(answer.split()) <= 60
    assert len(numbers_in(answer)) <= 6
