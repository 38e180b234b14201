"""Notebook 51: why validation accuracy differs from the training accuracy that Keras logs, one cause at a time."""

from itertools import count

import keras
import numpy as np
import pandas as pd

from fer_keras.faces import Faces
from fer_keras.nets.build import copy_of
from fer_keras.nets.recipes import AMOUNTS, Recipe
from fer_keras.training.key import faces_digest
from fer_keras.training.run import Run

CAUSES = ("averaging over the epoch", "dropout", "batch-norm mode", "augmentation", "generalisation")


def gap_parts(run: Run, training: Faces, validation: Faces) -> pd.DataFrame:
    """The validation accuracy minus the training accuracy logged in the epoch that the run kept, taken apart.

    The causes are taken away one after another: the net as it ended answers that epoch's very batches in place of the
    nets that it was on the way; then without dropout; then with batch norm's moving statistics in place of the
    batch's; then on the faces as they are; at last on the validation faces. A row a cause: accuracy `before` and
    `after` it went, and `part`, the difference. The parts add up to the gap; those in the middle depend on the order.

    >>> gap_parts(run, training, validation)["part"].sum()  # the whole gap
    """
    settings = run.config["recipe"]
    names = ("epochs", "batch_size", "flip", "coin", *AMOUNTS, "label_smoothing", "targets")  # what batches follow from
    plan = Recipe(**{name: settings[name] for name in names if name in settings})
    votes = plan.targets == "votes"
    if (faces_digest(training, votes), faces_digest(validation)) != (run.config["training"], run.config["validation"]):
        raise ValueError(f"run {run.name} was trained or validated on other faces")
    batches = plan.batches(training, run.config["seed"])
    epoch = run.metrics["epoch"]
    seeds = count(run.config["seed"])
    # copies, for training mode moves statistics
    noisy = copy_of(run.model, lambda layer: _like(layer, {"seed": next(seeds)}))
    calm = copy_of(run.model, lambda layer: _like(layer, {"rate": 0.0}))
    right = []
    for index in range(len(batches)):
        images, wanted = batches.batch(epoch - 1, index)
        found = noisy(images, training=True), calm(images, training=True), run.model(images, training=False)
        right.append([_right(keras.ops.convert_to_numpy(each), wanted) for each in found])
    plain = _right(run.predict(training), batches.targets).mean()
    held_out = _right(run.predict(validation), validation.labels).mean()
    steps = [run.history["accuracy"][epoch], *np.concatenate(right, axis=1).mean(axis=1), plain, held_out]
    index = pd.Index(CAUSES, name="cause")
    return pd.DataFrame({"before": steps[:-1], "after": steps[1:], "part": np.diff(steps)}, index=index)


def _right(probabilities: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """As Keras' accuracy has it: of votes the emotion with most of them is wanted."""
    labels = wanted.argmax(axis=1) if wanted.ndim == 2 else wanted
    return probabilities.argmax(axis=1) == labels


def _like(layer: keras.layers.Layer, dropout: dict) -> keras.layers.Layer:
    """A new layer of the same kind and settings; of a dropout layer with these changed."""
    changed = dropout if isinstance(layer, keras.layers.Dropout) else {}
    return type(layer).from_config(layer.get_config() | changed)
