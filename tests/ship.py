"""Put the net of a run that `fer-keras train` made into the package, as float16 with its card:
`python -m tests.ship RUN --data fer2013.csv`.

The faces are needed to measure again what float16 leaves of it.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from fer_keras import load_faces
from fer_keras.base import backend
from fer_keras.base.home import write_text, write_whole
from fer_keras.nets.build import build
from fer_keras.training.ask import SHIPPED
from fer_keras.training.card import measured
from fer_keras.training.predict import predict
from fer_keras.training.store import find_run

KEPT = ("command", "begins_with", "epoch", "parameters", "seconds", "date", "device")
LARGEST = 3_000_000  # bytes
TERMS = "The weights come under the MIT licence, as this package; FER2013 and FER+ under their publishers' terms."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--data", required=True)
    options = parser.parse_args()
    run, faces = find_run(options.run), load_faces(options.data)
    halves = [value.astype(np.float16) for value in backend.numbers(run.model.weights)]
    net = build(run.config["net"], **run.config["options"])
    net.set_weights([half.astype(np.float32) for half in halves])
    training, validation = faces.split("Training"), faces.split("PublicTest")
    found = measured(validation, training, predict(net, validation))
    data = Path(options.data).name
    kept = {name: run.metrics[name] for name in KEPT if name in run.metrics}
    about = {"net": run.config["net"], "options": run.config["options"], "data": data, "terms": TERMS}
    write_whole(
        SHIPPED / "weights.float16",
        lambda file: np.savez_compressed(file, **{str(i): half for i, half in enumerate(halves)}),
    )
    write_text(SHIPPED / "card.json", json.dumps(about | found | kept, indent=1) + "\n")
    size = (SHIPPED / "weights.float16").stat().st_size
    print(
        f"{size:,} bytes, accuracy {found['accuracy']['value']:.4f}, in the run {run.metrics['accuracy']['value']:.4f}"
    )
    if size > LARGEST:
        sys.exit(f"that is more than {LARGEST:,} bytes")


if __name__ == "__main__":
    main()
