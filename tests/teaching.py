"""What notebooks/TEACHING.md says to expect, made of the committed results (`make buttons`).

`python -m tests.teaching FOLDER` first keeps what the assignment measured as it is handed out, of this sweep:

    fer-keras sweep assignment -p SEED 0..2
"""

import json
import re
import sys
from pathlib import Path

import nbformat

from fer_keras.study.records import read_notebook, result

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "notebooks" / "TEACHING.md"
RESULTS = ROOT / "notebooks" / "results"
BEGIN, END = "<!-- expected: make buttons -->", "<!-- end -->"
ASKED = {  # by the name of what was recorded: what it is called, and how it is written
    "my_parameters_measured": ("`my_parameters`", "{:,.0f}"),
    "my_epoch_measured": ("`my_epoch`", "{:.0f}"),
    "my_units_measured": ("`my_units`", "{:.0f}"),
    "my_fear_measured": ("`my_fear`", "{:.2f}"),
    "my_places_measured": ("`my_places`", "{:.0f}"),
    "my_slope_measured": ("`my_slope`", "{:.1f}"),
    "your_net_validation_accuracy": ("accuracy of the net", "{:.2f}"),
    "the_dense_net_validation_accuracy": ("accuracy of the dense net", "{:.2f}"),
}
NETS = {
    "convolutional": ("cnn_leaky", "cnn_1m", "cnn_3layer", "cnn_pyramid", "cnn_fc3", "vgg16_bn"),
    "dense": ("dnn_narrow", "dnn_deep"),
}


def expected() -> str:
    """Markdown: the lowest and highest of several seeds, and what the reports' own nets reach."""
    seeds = list(values("assignment.json"))
    lines = [f"| answer | with the given net, {len(seeds)} seeds on drawn faces |", "|---|---|"]
    for name, (called, form) in ASKED.items():
        lines.append(f"| {called} | {reach([of_seed[name]['value'] for _, of_seed in seeds], form)} |")
    heads = ["the reports' own nets", "drawn faces, validation", "FER2013, PublicTest"]
    lines += ["", f"| {' | '.join(heads)} |", "|---|---|---|"]
    for kind, nets in NETS.items():
        drawn = [found["accuracy"]["value"] for net, found in values("train_embedded.json") if net in nets]
        real = [found["public_accuracy"]["value"] for net, found in values("train_*_theirs_?.json") if net in nets]
        lines.append(f"| {kind} | {reach(drawn, '{:.2f}')} | {reach(real, '{:.2f}')} |")
    return "\n".join(lines)


def values(files: str):
    """Name and values of each entry of these files of results."""
    for path in sorted(RESULTS.glob(files)):
        for name, entry in json.loads(path.read_text()).items():
            yield name, entry["values"]


def reach(numbers: list[float], form: str) -> str:
    """ "0.60 to 0.71": the lowest and the highest, or one where they are the same."""
    low, high = (form.format(each).replace("-", "−") for each in (min(numbers), max(numbers)))
    return low if low == high else f"{low} to {high}"


def points() -> dict[str, int]:
    """Of each part of the assignment, as its cells say."""
    found, part = {}, ""
    for cell in nbformat.read(ROOT / "notebooks" / "assignment.ipynb", 4).cells:
        if heading := re.match(r"## \d · (.+)", cell.source):
            part = heading[1]
        if given := cell.metadata.get("nbgrader", {}).get("points"):
            found[part] = found.get(part, 0) + given
    return found


def written(page: str) -> str:
    """The page with today's tables."""
    block = f"{BEGIN}\n{expected()}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, page, flags=re.DOTALL)


def keep(folder: Path) -> None:
    """Keep what the executed notebooks of a sweep over seeds measured."""
    found = {}
    for path in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(path, 4)
        records, _ = read_notebook(notebook)
        seed, day = records["your_net_seed"]["value"], notebook.metadata["fer_keras"]["date"][:10]
        measured = {name: records[name] for name in ASKED}
        command = f"fer-keras sweep assignment -p SEED {seed}"
        device = records["device"]["value"]
        found[f"assignment seed {seed}"] = result(command, records["data"]["value"], measured, day, device)
    (RESULTS / "assignment.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        keep(Path(sys.argv[1]))
    PAGE.write_text(written(PAGE.read_text()))
