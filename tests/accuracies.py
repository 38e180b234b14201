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
NETS = {  # how a row is called, and what its report says
    "cnn_leaky": ("A: `cnn_leaky`", "0.967"),
    "cnn_1m": ("B: `cnn_1m`", "0.63"),
    "dnn_narrow": ("B: `dnn_narrow`, dense", "0.395"),
    "cnn_fc3": ("D: `cnn_fc3`", "–"),
    "record": ("ours: `record`", "–"),
}
OTHERS = ("people", "the 2013 challenge's winner", "VGG of 2016")


def table() -> str:
    """Markdown; of PublicTest, which no training saw, but on which ours was chosen."""
    lines = ["| net | reported | here | trainings | minutes each |", "|---|---|---|---|---|"]
    for net, (name, reported) in NETS.items():
        entries = trainings(net)
        if not entries:
            continue
        score = over_seeds_and_faces(np.array([right_of(entry) for entry in entries]))
        low, high = score["interval"]
        minutes = np.mean([entry["values"]["seconds"]["value"] for entry in entries]) / 60
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


def trainings(net: str) -> list[dict]:
    """The committed full trainings of a net that a report's split or ours held faces out of, a seed each."""
    pattern = f"train_{net}_theirs_?.json" if net != "record" else "train_record*.json"
    found = [json.loads(path.read_text()) for path in sorted(RESULTS.glob(pattern))]
    return [each[net] for each in found]


def written(readme: str) -> str:
    """The README with today's table."""
    block = f"{BEGIN}\n{table()}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, readme, flags=re.DOTALL)


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(written(path.read_text()))
