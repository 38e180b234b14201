"""What a run, a `.keras` file or the package's own net says of faces: `fer-keras predict`, `fer-keras look`."""

import json
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from fer_keras.base.home import write_whole
from fer_keras.faces import EMOTIONS, UNLABELLED, Faces
from fer_keras.nets import own
from fer_keras.nets.build import BUILDERS, build
from fer_keras.training.card import as_markdown
from fer_keras.training.predict import load_model, predict
from fer_keras.training.run import Run
from fer_keras.training.store import find_run

SHIPPED = Path(own.__file__).parent / "shipped"  # made by `python -m tests.ship`


@dataclass(frozen=True)
class Net:
    """A net to ask, and what is known of it: its card, or None."""

    name: str
    model: keras.Model
    card: dict | None
    run: Run | None = None

    def predict(self, faces: Faces, mirror: bool = False) -> np.ndarray:
        """(n, 7) probabilities, which a run keeps; with mirror the mean of those of a face and of its mirror image."""
        found = self.run.predict(faces) if self.run else predict(self.model, faces)
        if not mirror:
            return found
        return (found + self.predict(faces.mirrored())) / 2

    @property
    def temperature(self) -> float:
        return self.card["temperature"] if self.card else 1.0


def find_net(text: str | None = None) -> Net:
    """The net of a run, by its name, part of it, or folder; of a `.keras` file; without a name the package's own."""
    if text is None:
        return _shipped()
    if run := find_run(text):
        return Net(run.name, run.model, _card(run), run)
    if Path(text).is_file():
        return Net(Path(text).name, load_model(Path(text)), None)
    raise ValueError(f"{text} is neither a finished run nor a .keras file; `fer-keras train` makes a run")


def _card(run: Run) -> dict | None:
    """What is known of a run; None of one that an older version trained."""
    if "temperature" not in run.metrics:
        return None
    try:
        as_markdown(run.name, run.metrics)
    except Exception as error:  # a part is missing or odd
        why = f"{type(error).__name__}: {error}"[:100]
        raise ValueError(f"what is known of run {run.name} is damaged ({why}); train it anew") from error
    return run.metrics


def _shipped() -> Net:
    """The net in `nets/shipped`: its weights as float16, and its card."""
    if not (SHIPPED / "card.json").exists():
        raise ValueError("this copy of the package has no net of its own; name a run or a .keras file")
    card = json.loads((SHIPPED / "card.json").read_text("utf-8"))
    with np.load(SHIPPED / "weights.float16", allow_pickle=False) as kept:
        weights = [kept[str(i)].astype(np.float32) for i in range(len(kept.files))]
    model = build(card["net"], **card["options"])
    model.set_weights(weights)
    return Net(f"{card['net']} (the package's own)", model, card)


def beginning(text: str) -> tuple[str | keras.Model, str, dict]:
    """What a training begins with: a net to be made, by its name; or a run or `.keras` file that is there, as it is.
    Also the name of such a net, and of a net that is there how it came about."""
    if text in BUILDERS or ":" in text or not (find_run(text) or Path(text).is_file()):
        return text, text, {}
    net = find_net(text)
    known: dict = net.run.metrics if net.run else net.card or {}
    earlier = known.get("begins_with", {"epochs": 0, "seconds": 0})
    told = {
        "net": net.name,
        "command": known.get("command", "not known"),
        "epochs": earlier["epochs"] + known.get("epoch", 0),
        "seconds": earlier["seconds"] + known.get("seconds", 0),
    }
    return net.model, net.model.name, {"begins_with": told}


def about(net: Net) -> str:
    """One sentence: what it was trained on, and how often it is right."""
    if net.card is None:
        return f"{net.name}: nothing is known of what it was trained on and how often it is right"
    on, by, score = net.card["trained_on"], net.card["validated_on"], net.card["accuracy"]
    data = f" of {net.card['data']}" if "data" in net.card else ""
    trained = f"trained on {on['n']:,} faces ({on['split']}){data}"
    return f"{net.name}: {trained}, right for {score['value']:.0%} of {by['n']:,} others ({by['split']})"


def prediction_table(net: Net, faces: Faces, mirror: bool = False) -> pd.DataFrame:
    """One row a face: its id, the emotion, and the probability of each; its label where there is one."""
    probabilities = net.predict(faces, mirror)
    table = pd.DataFrame(probabilities, columns=EMOTIONS)
    table.insert(0, "emotion", np.array(EMOTIONS)[probabilities.argmax(axis=1)])
    if (faces.labels != UNLABELLED).any():
        table.insert(1, "label", np.array([*EMOTIONS, ""])[faces.labels])
    table.insert(0, "id", faces.ids)
    return table


def write_predictions(path: Path, table: pd.DataFrame, faces: Faces) -> None:
    """The table as CSV; of the course's unlabelled `id,feature` faces its submission file, `id,label`."""
    if np.issubdtype(faces.ids.dtype, np.integer) and (faces.labels == UNLABELLED).all():
        table = table[["id"]].assign(label=table["emotion"].map(EMOTIONS.index))
    write_whole(path, lambda file: table.to_csv(file, index=False))
