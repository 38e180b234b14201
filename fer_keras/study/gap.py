"""Why validation accuracy differs from the training accuracy that Keras logs, one cause at a time."""

from itertools import count
from typing import TYPE_CHECKING

import keras
import numpy as np

from fer_keras.data.batches import FaceBatches
from fer_keras.faces import Faces
from fer_keras.nets.recipes import Recipe
from fer_keras.training.key import faces_digest
from fer_keras.training.run import Run

if TYPE_CHECKING:
    import pandas as pd

CAUSES = ("averaging over the epoch", "dropout", "batch-norm mode", "augmentation", "generalisation")


def gap_parts(run: Run, training: Faces, validation: Faces) -> "pd.DataFrame":
    """The validation accuracy minus the training accuracy logged in the epoch that the run kept, taken apart.

    The causes are taken away one after another: the net as it ended answers that epoch's very batches in place of the
    nets that it was on the way; then without dropout; then with batch norm's moving statistics in place of the
    batch's; then on the faces as they are; at last on the validation faces. A row a cause: accuracy `before` and
    `after` it went, and `part`, the difference. The parts add up to the gap; those in the middle depend on the order.

    >>> gap_parts(run, training, validation)["part"].sum()  # the whole gap
    """
    import pandas as pd

    settings = run.config["recipe"]
    names = ("epochs", "batch_size", "flip", "coin", "shift", "targets")  # what the batches follow from
    plan = Recipe(**{name: settings[name] for name in names if name in settings})
    votes = plan.targets == "votes"
    if (faces_digest(training, votes), faces_digest(validation)) != (run.config["training"], run.config["validation"]):
        raise ValueError(f"run {run.name} was trained or validated on other faces")
    targets = training.vote_targets() if votes else None
    batches = FaceBatches(
        training, plan.batch_size, flip=plan.flip, coin=plan.coin, shift=plan.shift, seed=run.config["seed"],
        targets=targets,
    )  # fmt: skip
    epoch = run.metrics["epoch"]
    noisy = _copy(run.model, run.config["seed"], dropout=True)  # a copy, for training mode moves statistics
    calm = _copy(run.model, run.config["seed"], dropout=False)
    right = []
    for images, wanted in (batches.batch(epoch - 1, index) for index in range(len(batches))):
        found = noisy(images, training=True), calm(images, training=True), run.model(images, training=False)
        right.append([_right(keras.ops.convert_to_numpy(each), wanted) for each in found])
    plain = _right(run.predict(training), training.labels if targets is None else targets).mean()
    held_out = _right(run.predict(validation), validation.labels).mean()
    steps = [run.history["accuracy"][epoch], *np.concatenate(right, axis=1).mean(axis=1), plain, held_out]
    index = pd.Index(CAUSES, name="cause")
    return pd.DataFrame({"before": steps[:-1], "after": steps[1:], "part": np.diff(steps)}, index=index)


def _right(probabilities: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """As Keras' accuracy has it: of votes the emotion with most of them is wanted."""
    return probabilities.argmax(axis=1) == (wanted.argmax(axis=1) if wanted.ndim == 2 else wanted)


def _copy(model: keras.Model, seed: int, dropout: bool) -> keras.Model:
    """With the same weights, and with dropout, of this seed, or without."""
    seeds = count(seed)

    def layer_like(layer: keras.layers.Layer) -> keras.layers.Layer:
        changed = {}
        if isinstance(layer, keras.layers.Dropout):
            changed = {"seed": next(seeds)} if dropout else {"rate": 0.0}
        return type(layer).from_config(layer.get_config() | changed)

    copy = keras.models.clone_model(model, clone_function=layer_like)
    copy.set_weights(model.get_weights())
    return copy
