"""Writes notebooks/README.md: each notebook with its question, and links that open it elsewhere (`make buttons`)."""

import tomllib
from pathlib import Path

import nbformat

from fer_keras.report.pages import title

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "notebooks" / "README.md"


def address() -> str:
    """Where the repository is published; pyproject.toml alone says so."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"].rstrip("/")


def links(notebook: str) -> dict[str, str]:
    """What opens a notebook where, by the name of the place."""
    where = address()
    repository = where.removeprefix("https://github.com/")
    return {
        "Colab": f"https://colab.research.google.com/github/{repository}/blob/main/notebooks/{notebook}",
        "Kaggle": f"https://kaggle.com/kernels/welcome?src={where}/blob/main/notebooks/{notebook}",
        "Binder": f"https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/notebooks/{notebook}",
    }


def page() -> str:
    lines = [
        "# Open a notebook elsewhere",
        "",
        "On Colab and Kaggle, first run this in a cell of its own; their TensorFlow, JAX or PyTorch stays as it",
        "is. Binder and development containers (in VS Code or Codespaces) need no such cell.",
        "",
        "```",
        f"%pip install git+{address()}",
        "```",
        "",
        "| notebook | question | open on |",
        "|---|---|---|",
    ]
    for path in [*sorted(PAGE.parent.glob("[0-9]*.ipynb")), PAGE.parent / "assignment.ipynb"]:
        question = title(nbformat.read(path, 4)).partition(" · ")[2]
        buttons = " · ".join(f"[{name}]({link})" for name, link in links(path.name).items())
        lines.append(f"| [{path.stem}]({path.name}) | {question} | {buttons} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
