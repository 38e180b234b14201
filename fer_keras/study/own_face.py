"""Notebook 70: photographs to look at, and tables of what a net says of the faces in them."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fer_keras.base.progress import in_kernel
from fer_keras.data.load import absolute
from fer_keras.data.photographs import Found, photographs_below
from fer_keras.drawing.scene import draw_pictures
from fer_keras.faces import EMOTIONS
from fer_keras.seeing.answers import STABLE, Answer, often
from fer_keras.study.tables import listed


def upload():
    """In Jupyter a button to choose pictures, and a camera; they stay on this machine. Elsewhere nothing."""
    if not (in_kernel() and os.environ.get("JPY_SESSION_NAME")):
        return None
    from fer_keras.study.camera import Pictures

    return Pictures()


def chosen(picture: str, button=None) -> list[Path]:
    """The photographs to look at: those uploaded or taken, else those of `picture`, else drawn ones."""
    if button is not None and button.value:
        folder = Path(tempfile.mkdtemp())
        for file in button.value:
            (folder / Path(file["name"]).name).write_bytes(file["content"])
        return list(photographs_below(folder))
    return list(photographs_below(absolute(picture) if picture else draw_pictures(Path(tempfile.mkdtemp()))))


def overview(found: Sequence[Found], answers: Sequence[Answer]) -> pd.DataFrame:
    """A row a face: what the net says, how sure it is, whether it says so of slightly changed pictures."""
    rows = {}
    for face, answer in zip(found, answers, strict=True):
        known = answer.when_so_sure
        rows[face.name] = {
            "emotion": answer.emotion,
            "probability": float(answer.probabilities.max()),
            "the net is then right": often(known["value"]) if known and known["n"] else "not known",
            "variants that agree": answer.agree,
            "doubtful": "; ".join(face.doubts),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("face")


def probabilities(found: Sequence[Found], answers: Sequence[Answer]) -> pd.DataFrame:
    """A row a face, a column an emotion."""
    names = pd.Index([face.name for face in found], name="face")
    return pd.DataFrame([answer.probabilities for answer in answers], names, pd.Index(EMOTIONS, name="emotion"))


def tried(found: Sequence[Found], answers: Sequence[Answer]) -> pd.DataFrame:
    """A row a picture whose name begins with an emotion, such as `happy 2.jpg`: what was tried and what was read."""
    rows = {}
    for face, answer in zip(found, answers, strict=True):
        shown = next((name for name in EMOTIONS if face.photograph.lower().startswith(name)), None)
        if shown and face.number == 1:
            rows[face.name] = {"tried": shown, "read": answer.emotion}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["tried", "read"])


def matrix(table: pd.DataFrame) -> pd.DataFrame:
    """How often each emotion that was tried (rows) was read as each (columns)."""
    counts = pd.crosstab(table["tried"], table["read"])
    rows = [name for name in EMOTIONS if name in counts.index]
    return counts.reindex(index=rows, columns=list(EMOTIONS), fill_value=0)


def in_short(table: pd.DataFrame, shown: pd.DataFrame) -> str:
    """The answer of the notebook. table: of `overview`; shown: of `tried`."""
    counts = table["emotion"].value_counts()
    read = listed([f"{name} in {number}" for name, number in counts.head(2).items()])
    firm = int((table["variants that agree"] >= STABLE).sum())
    text = f"Of {len(table)} faces it sees mostly {read}. {firm} of these answers bear a small change of the picture."
    if len(shown):
        right = int((shown["tried"] == shown["read"]).sum())
        text += f" Of {len(shown)} emotions that were tried it reads {right} as meant."
    return text + " What a face shows is not what its owner feels."
