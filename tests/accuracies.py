"""The README's table of accuracies on FER2013, made of the committed results (`python -m tests.accuracies`)."""

import json
import re
from pathlib import Path

import numpy as np

from fer_keras.scores import over_seeds_and_faces
from fer_keras.study.collect import published

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "notebooks" / "results"
BEGIN, END = "<!-- accuracies: python -m tests.accuracies -->", "<!-- end -->"
ROWS = [  # how it is called, what its report says, and in which results its trainings lie
    ("A: `cnn_leaky`", "0.967", "train_cnn_leaky_theirs_?"),
    ("B: `cnn_1m`", "0.63", "train_cnn_1m_theirs_?"),
    ("B: `dnn_narrow`, dense", "0.395", "train_dnn_narrow_theirs_?"),
    ("D: `cnn_fc3`", "–", "train_cnn_fc3_theirs_?"),
    ("ours: `record`", "–", "train_record_?"),
    ("ours: `record`, trained further", "–", "train_record_further"),
]
OTHERS = ("people", "the 2013 challenge's winner", "VGG of 2016")


def table() -> str:
    """Markdown; of PublicTest, which no training saw, but on which ours was chosen."""
    lines = ["| net | reported | here | trainings | minutes each |", "|---|---|---|---|---|"]
    for name, reported, files in ROWS:
        entries = trainings(files)
        if not entries:
            continue
        score = over_seeds_and_faces(np.array([right_of(entry) for entry in entries]))
        low, high = score["interval"]
        minutes = np.mean([seconds(entry["values"]) for entry in entries]) / 60
        here = f"{score['value']:.3f} ({low:.3f} to {high:.3f})"
        lines.append(f"| {name} | {reported} | {here} | {len(entries)} | {minutes:.0f} |")
    field = published().set_index("notebook")
    for name in OTHERS:
        lines.append(f"| {name} | {field.loc[name, 'value']:.3f} | | | |")
    return "\n".join(lines)


def right_of(entry: dict) -> np.ndarray:
    """Of each face of PublicTest whether it was told rightly."""
    count = entry["values"]["public_accuracy"]["n"]
    bits = np.frombuffer(bytes.fromhex(entry["right_public"]), np.uint8)
    return np.unpackbits(bits, count=count).astype(float)


def seconds(values: dict) -> float:
    """What a training took, with the one that it began with."""
    return values["seconds"]["value"] + values.get("began_after_seconds", {"value": 0})["value"]


def trainings(files: str) -> list[dict]:
    """The committed full trainings of a net, a seed each."""
    return [entry for path in sorted(RESULTS.glob(f"{files}.json")) for entry in json.loads(path.read_text()).values()]


def written(readme: str) -> str:
    """The README with today's table."""
    block = f"{BEGIN}\n{table()}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, readme, flags=re.DOTALL)


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(written(path.read_text()))
