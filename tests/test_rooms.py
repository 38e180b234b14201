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
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return {name.split(".")[1] for name in names if name.startswith("fer_keras.")}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_rooms_below_it(path):
    below = STAIRS[: STAIRS.index(room_of(path)) + 1]
    assert imported_rooms(path.read_text()) <= {*below, *doors_below(below)}


def doors_below(rooms) -> set[str]:
    """What `from fer_keras import ...` gets from these rooms."""
    from fer_keras import _DOORS

    return {name for name, place in _DOORS.items() if place.split(".")[0] in rooms}
