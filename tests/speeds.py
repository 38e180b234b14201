"""The table of speeds in fer_keras/README.md, made of notebooks/results/bench.json (`python -m tests.speeds`)."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "fer_keras" / "README.md"
BENCH = ROOT / "notebooks" / "results" / "bench.json"
BEGIN, END = "<!-- speeds: python -m tests.speeds -->", "<!-- end -->"
TIMES, AS_LONG = "{:.1f} × as fast", "{:.1f} × as long"
AUGMENTING = "augmenting_{}_times_faster_than_keras_layer"
ROWS = [  # what is measured, beside what; the part and the name of the measurement; how the number is written
    ("reading `fer2013.csv`, with every check", "`str.split`", "reading", "csv_times_faster_than_split", TIMES),
    ("reading it again", "", "reading", "cache_seconds", "{:.3f} s"),
    ("flipped and shifted batches", "Keras' layers", "batches", "batches_times_faster_than_keras_layers", TIMES),
    ("turned faces", "Keras' layer", "augmentations", AUGMENTING.format("rotation"), TIMES),
    ("faces with a patch erased", "Keras' layer", "augmentations", AUGMENTING.format("erase"), TIMES),
    ("training on changed faces", "on plain arrays", "training", "training_speed_augmented_to_plain", TIMES),
    ("a training, with all that is kept of it", "Keras' `fit`", "runs", "runs_train_to_fit_seconds", AS_LONG),
    ("loading a stored run", "", "runs", "runs_load_seconds", "{:.3f} s"),
    ("a repeatable training", "the usual one", "runs", "runs_repeatable_to_usual_seconds", AS_LONG),
    ("a gradient map of a face", "its prediction", "explaining", "explaining_saliency_to_predict_seconds", AS_LONG),
    ("finding the faces of a photograph", "", "finding", "finding_seconds_a_photograph", "{:.2f} s"),
]


def table() -> str:
    """Markdown; ratios are of one run on one machine."""
    kept = json.loads(BENCH.read_text())
    lines = ["| what | beside | measured |", "|---|---|---|"]
    for what, beside, part, name, written_as in ROWS:
        value = kept[part]["values"][name]["value"]
        lines.append(f"| {what} | {beside} | {written_as.format(value)} |")
    return "\n".join(lines)


def written(page: str) -> str:
    """The page with today's table."""
    block = f"{BEGIN}\n{table()}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
