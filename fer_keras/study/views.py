"""Notebook 60: what a net says of several views of a face, and what several nets say together."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.ndimage import shift

from fer_keras.base import home
from fer_keras.faces import Faces
from fer_keras.nets.recipes import Recipe
from fer_keras.study.collect import published
from fer_keras.training.run import Run
from fer_keras.training.train import rising_and_falling

STEPS = 100  # an epoch, in the figure of the learning rate
MOVES = ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2))  # pixels down and right
VIEWS = {  # mirrored or not, and how far moved
    "the face": [(False, (0, 0))],
    "with its mirror": [(False, (0, 0)), (True, (0, 0))],
    "and moved by 2 pixels": [(mirrored, move) for mirrored in (False, True) for move in MOVES],
}
LOOKS = {"": "public_accuracy", ", with its mirror": "public_accuracy_with_mirror"}  # and their names in results


def seen(faces: Faces, mirrored: bool, move: tuple[int, int]) -> Faces:
    """The faces mirrored or not, and moved; the border goes on where they were."""
    shown = faces.mirrored() if mirrored else faces
    return replace(shown, images=shift(shown.images, (0, *move), order=0, mode="nearest"))


def over_views(run: Run, faces: Faces) -> dict[str, np.ndarray]:
    """The mean probabilities over each of VIEWS."""
    means = {}
    for name, views in VIEWS.items():
        means[name] = np.mean([run.predict(seen(faces, *view)) for view in views], axis=0)
    return means


def right_by_view(answers: Mapping[str, Mapping[str, np.ndarray]], faces: Faces) -> pd.DataFrame:
    """Which way is right about which face, as `hits` has it: under a view's name the mean over the trainings, under
    "all nets together" the nets' mean answer over all views. answers: of `over_views`, by training."""
    right = {}
    for view in VIEWS:
        each = [some[view].argmax(axis=1) == faces.labels for some in answers.values()]
        right[view] = np.mean(each, axis=0)
    last = list(VIEWS)[-1]
    together = np.mean([some[last] for some in answers.values()], axis=0)
    right["all nets together"] = (together.argmax(axis=1) == faces.labels).astype(float)
    return pd.DataFrame(right)


def rates(plan: Recipe) -> pd.Series:
    """The learning rate at the end of each epoch of a recipe."""
    epochs = range(1, plan.epochs + 1)
    if plan.warm_up is None:
        values = [plan.rate(epoch) for epoch in epochs]
    else:
        schedule = rising_and_falling(plan, STEPS)
        values = [float(schedule(epoch * STEPS)) for epoch in epochs]
    return pd.Series(values, pd.Index(epochs, name="epoch"), name="learning rate")


def without(ingredient: str) -> dict:
    """The change of a recipe that leaves one of its ingredients out."""
    nothing = {"flip": None, "warm_up": None, "sizes": {}}
    return {ingredient: nothing.get(ingredient, 0.0)}


def _cost(values: Mapping) -> str:
    """Epochs and minutes of a training, with those of the one that it began with."""
    epochs, seconds = values["epochs"]["value"], values["seconds"]["value"]
    if "began_after_epochs" in values:
        epochs += values["began_after_epochs"]["value"]
        seconds += values["began_after_seconds"]["value"]
    return f"{epochs} epochs, {seconds / 60:.0f} minutes"


def beside_the_field() -> pd.DataFrame:
    """What others published on FER2013, and our own trainings of `record` on it, the best first."""
    rows = published().rename(columns={"notebook": "method"})
    rows["split"] = "PrivateTest"
    own = []
    for path in sorted((home.notebooks() / "results").glob("train_record_*.json")):
        kind = path.stem.removeprefix("train_record_")  # a seed, or what was done further
        net = "record" if kind.isdigit() else f"record, {kind}"
        for entry in json.loads(path.read_text("utf-8")).values():
            values = entry["values"]
            caveat = f"ours: {_cost(values)} on {entry['device'].split(',')[1].strip()}"
            for added, name in LOOKS.items():
                if name in values:
                    own.append({"method": net + added, "value": values[name]["value"], "n": values[name]["n"],
                                "nets": 1, "split": "PublicTest", "caveat": caveat})  # fmt: skip
    table = pd.concat([rows, pd.DataFrame(own)]).sort_values("value", ascending=False)
    return table[["method", "value", "n", "nets", "pretrained", "split", "caveat"]].reset_index(drop=True)
