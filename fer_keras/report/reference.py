"""`fer-keras docs`: every public name, how it is called, what its docstring says, and examples, which a test runs.

It is read from the source, so that nothing of it has to be imported: TensorFlow takes seconds to start.
"""

import ast
import inspect
import re
from functools import cache
from html import escape
from pathlib import Path
from textwrap import dedent

import fer_keras
from fer_keras.base.printable import say

PACKAGE = Path(fer_keras.__file__).parent
BEGIN = """\
>>> from fer_keras import *
>>> faces = load_faces("embedded", n=400)
>>> training, validation = faces.split("Training"), faces.split("PublicTest")
>>> run = train("cnn_leaky", training, validation, options={"width": 0.25}, epochs=1)
>>> import numpy as np, pandas as pd
"""


def add(commands, command) -> None:
    """command: makes one of them, of its name, what runs it, what it does and examples."""
    docs = command(
        commands, "docs", _docs, "write the reference of all that can be imported from fer_keras",
        "fer-keras docs\n  fer-keras docs --out fer_keras.html",
    )  # fmt: skip
    where = "the page to write (default: reports/reference.html)"
    docs.add_argument("--out", type=Path, default=Path("reports/reference.html"), metavar="FILE", help=where)


def _docs(options) -> int:
    from fer_keras.base.home import check_target

    options.out.parent.mkdir(parents=True, exist_ok=True)
    check_target(options.out)
    write_page(options.out)
    say(str(options.out))
    return 0


def write_page(path: Path) -> None:
    """The page, which leads to the report beside which it lies."""
    from fer_keras.base.home import write_text

    write_text(path, page((path.parent / "index.html").exists()))


@cache
def page(beside_a_report: bool) -> str:
    from fer_keras.base.environment import versions
    from fer_keras.report.page import style, template

    return template("reference.html.j2").render(
        style=style(), entries=entries(), begin=_code(BEGIN), versions=versions(), beside_a_report=beside_a_report
    )


def entries() -> list[dict]:
    """What the template says of each name."""
    return [_entry(name, PACKAGE / f"{place.replace('.', '/')}.py") for name, place in fer_keras._DOORS.items()]


def _entry(name: str, path: Path) -> dict:
    source = path.read_text("utf-8")
    found = {_name(node): node for node in ast.parse(source).body}[name]
    lines = source.splitlines()
    if not isinstance(found, ast.ClassDef):
        return _told(name, found, lines)
    fields = [node for node in found.body if isinstance(node, ast.AnnAssign)]
    made = next((node for node in found.body if _name(node) == "__init__"), None)
    entry = _told(name, found, lines, _parameters(made) if made else [])
    called = _head(made, lines).replace("__init__", name, 1) if made else f"{name}({_fields(fields)})"
    entry["called"] = _code(called.removeprefix("def "))
    told = [(_name(node), lines[node.lineno - 1].partition("# ")[2]) for node in fields]
    entry["fields"] = [(field, _text(meaning)) for field, meaning in told if meaning]
    members = [node for node in found.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    entry["members"] = [_told(node.name, node, lines) | {"id": f"{name}.{node.name}"} for node in members]
    return entry


def _name(node: ast.stmt) -> str:
    """What a definition or an assignment defines."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", node)
    return getattr(target, "id", getattr(target, "name", ""))


def _told(name: str, node, lines: list[str], parameters: list[str] | None = None) -> dict:
    """Of a function, a class or a constant."""
    if isinstance(node, ast.Assign):
        return {"name": name, "id": name, "called": _code(lines[node.lineno - 1]), "parts": []}
    names = _parameters(node) if parameters is None else parameters
    parts = [_part(block, names) for block in re.split(r"\n\s*\n", inspect.cleandoc(ast.get_docstring(node) or ""))]
    return {"name": name, "id": name, "called": _code(_head(node, lines)), "parts": parts}


def _parameters(node) -> list[str]:
    if not isinstance(node, ast.FunctionDef):
        return []
    given = node.args
    named = [*given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [each.arg for each in named if each]


def _head(node, lines: list[str]) -> str:
    """How it is called, as it is written in the source; of a property its name."""
    if any("property" in ast.unparse(decorator) for decorator in node.decorator_list):
        return node.name
    head = dedent("\n".join(lines[node.lineno - 1 : node.body[0].lineno - 1])).removesuffix("  # fmt: skip")
    head = re.sub(r"\(\s*self(, |\b)", "(\n    " if "(\n" in head else "(", head, count=1)
    return head.removesuffix(":").removeprefix("def ")


def _fields(fields: list[ast.AnnAssign]) -> str:
    return ", ".join(_name(node) + (f"={ast.unparse(node.value)}" if node.value else "") for node in fields)


def _part(block: str, parameters: list[str]) -> dict:
    """A paragraph of a docstring: an example, text, or what parameters mean, each after its name."""
    if block.startswith((">>>", "    ")):
        return {"code": _code(dedent(block))}
    names = "|".join(map(re.escape, parameters)) or "$"
    list_of = rf"(?:{names})(?:(?:, | \(or )(?:{names})\)?)*"
    first, *rest = re.split(rf"(?:^|\n|(?<=[.)]) )({list_of}):\s", block)
    terms = [(name, _text(meaning)) for name, meaning in zip(rest[::2], rest[1::2], strict=True)]
    return {"text": _text(first), "terms": terms}


def _text(source: str):
    """What stands in backticks is code, and leads to what is told of here."""
    from markupsafe import Markup

    def code(found: re.Match) -> str:
        name = found[1].partition("(")[0]
        link = f'<a href="#{name}">{found[1]}</a>' if name in fer_keras.__all__ else found[1]
        return f"<code>{link}</code>"

    return Markup(re.sub(r"`([^`]+)`", code, escape(source.strip(), quote=False)))


def _code(source: str):
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonConsoleLexer, PythonLexer

    lexer = PythonConsoleLexer() if source.startswith(">>>") else PythonLexer()
    return Markup(highlight(source, lexer, HtmlFormatter()))
