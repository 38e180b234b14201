"""The package is a staircase: a room imports only rooms below it."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "fer_keras"
STAIRS = (  # from the bottom up; a room is a folder or a file of the package
    *("base", "duplicates", "faces", "drawing", "data", "nets", "scores", "training"),
    *("seeing", "study", "claims", "report", "__init__", "__main__"),
)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(source: str) -> set[str]:
    """The rooms that a module imports, at its top or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "fer_keras":
            names |= {f"fer_keras.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            names.add("fer_keras.a relative import")  # of which this test cannot tell the room
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return {name.split(".")[1] for name in names if name.startswith("fer_keras.")}


def doors_below(rooms) -> set[str]:
    """What `from fer_keras import ...` gets from these rooms."""
    from fer_keras import _DOORS

    return {name for name, place in _DOORS.items() if place.split(".")[0] in rooms}


def imported_from_above(room: str, source: str) -> set[str]:
    below = STAIRS[: STAIRS.index(room) + 1]
    return imported_rooms(source) - {*below, *doors_below(below)}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_rooms_below_it(path):
    assert imported_from_above(room_of(path), path.read_text()) == set()


@pytest.mark.parametrize(
    ("source", "above"),
    [
        ("import fer_keras.report", {"report"}),
        ("import numpy, fer_keras.claims.rules as rules", {"claims"}),
        ("from fer_keras.study import tables", {"study"}),
        ("from fer_keras import report", {"report"}),
        ("from fer_keras import train, load_faces", {"train"}),
        ("def late():\n    from fer_keras.training.kfold import run_kfold", {"training"}),
        ("from ..study import tables", {"a relative import"}),
        ("from fer_keras.base import home\nfrom fer_keras.data import load\nfrom fer_keras import draw_faces", set()),
        ("from pandas import study", set()),
    ],
)
def test_what_a_room_imports_from_above_is_found_wherever_it_stands(source, above):
    assert imported_from_above("data", source) == above
