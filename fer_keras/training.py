"""`train`: one net, one recipe, one seed -> a `Run`, loaded if it has been made before, continued if it was stopped."""

import hashlib
import importlib.util
import json
import math
import os
import sys
import time
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from fer_keras import backend, cache, runs
from fer_keras.augment import FaceBatches
from fer_keras.faces import Faces
from fer_keras.metrics import accuracy, stand_in_both
from fer_keras.models import build
from fer_keras.progress import EpochBar
from fer_keras.recipes import RECIPES, Recipe, recipe

NUMBERS = 1  # goes up when a change to this package changes what a training ends with
SHARE_OF_SAVING = 0.02  # of the time, at most, goes into saving the state between epochs


def train(
    net: str | keras.Model,
    training: Faces,
    validation: Faces,
    *,
    recipe: str | Recipe | None = None,
    options: dict | None = None,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    compile_options: dict | None = None,
    keep_model: bool = True,
    **changes,
) -> runs.Run:
    """Train by the net's own recipe, or load the run if these very settings have been trained before.

    net: a name, `module:function`, or a model (of which a copy is trained, from its present weights).
    recipe: the name of another recipe, or a Recipe; nets of your own go by report C's. options: for `build`.
    changes: fields of the recipe. callbacks, compile_options: for Keras' `fit` and `compile`, as they are.
    A training that was stopped or killed goes on after the last epoch that was saved.

    >>> run = train("cnn_pyramid", faces.split("Training"), faces.split("PublicTest"), seed=1, epochs=5)
    >>> run.metrics["accuracy"], run.history, run.model
    """
    if len(training) == 0 or len(validation) == 0:
        raise ValueError(f"there are {len(training)} training and {len(validation)} validation faces; both need some")
    plan = _recipe(net, recipe).changed(**changes)
    deterministic = backend.deterministic()
    decides = {
        "numbers": NUMBERS,
        "net": net if isinstance(net, str) else net.name,
        "code": _code(net),
        "options": options or {},
        "recipe": plan.settings(),
        "seed": seed,
        "training": _digest(training),
        "validation": _digest(validation),
        "backend": backend.BACKEND,
        "dtype": keras.config.dtype_policy().name,
        "deterministic": deterministic,
        "callbacks": _described(list(callbacks)),
        "compile": {name: _described(value) for name, value in (compile_options or {}).items()},
        "model": keep_model,
    }
    decides = json.loads(json.dumps(decides))
    folder = runs.folder_of(decides)
    if run := runs.finished(folder):
        return run
    with runs.alone(folder):
        if run := runs.finished(folder):  # another process has just made it
            return run
        runs.set_aside_if_damaged(folder)
        versions = {"fer-keras": version("fer-keras"), "keras": keras.__version__, "backend": backend.version()}
        runs.write_json(folder / "config.json", decides | {"versions": versions})
        keras.utils.set_random_seed(seed)
        model = build(net, **options or {}) if isinstance(net, str) else _copy(net)
        return _train(model, training, validation, plan, seed, folder, callbacks, compile_options or {}, keep_model)


def _train(model, training, validation, plan, seed, folder, callbacks, compile_options, keep_model) -> runs.Run:
    batches = FaceBatches(
        training, plan.batch_size, flip=plan.flip, coin=plan.coin, shift=plan.shift, seed=seed
    )  # fmt: skip
    compiled = {"loss": keras.losses.SparseCategoricalCrossentropy(), "metrics": ["accuracy"]} | compile_options
    rates = "optimizer" not in compile_options
    model.compile(**compiled | ({"optimizer": _optimizer(plan)} if rates else {}))
    model.optimizer.build(model.trainable_variables)
    state = _State(folder / "state.npz", model)
    watch = _Watch(state, plan, rates, EpochBar(model.name, plan.epochs, state.restore()))
    if state.epoch < plan.epochs:
        try:
            model.fit(
                backend.feed(batches),
                epochs=plan.epochs,
                initial_epoch=state.epoch,
                validation_data=backend.feed(FaceBatches(validation, shuffle=False)),
                callbacks=[batches.epochs(), *callbacks, watch],
                shuffle=False,
                verbose=0,
            )
        except KeyboardInterrupt:
            print(f"fer-keras: stopped; the same call goes on after epoch {state.saved}", file=sys.stderr)
            raise
        finally:
            watch.bar.close()
    run = _leave(model, state, training, validation, folder, keep_model)
    state.path.unlink(missing_ok=True)
    return run


def _leave(model, state: "_State", training: Faces, validation: Faces, folder: Path, keep_model: bool) -> runs.Run:
    """Write all that the run consists of."""
    import pandas as pd

    epoch = state.back_to_kept()
    table = pd.DataFrame(state.history, index=pd.RangeIndex(1, len(state.history) + 1, name="epoch"))
    cache.write_whole(folder / "history.csv", lambda file: table.to_csv(file))
    if keep_model:
        write_model(folder / "model.keras", model)
    probabilities = runs.Run(folder).predict(validation, model)
    predicted, also_in_training = probabilities.argmax(axis=1), stand_in_both(validation, training)
    return runs.finish(folder, {
        "accuracy": accuracy(validation.labels, predicted),
        "accuracy_without_duplicates": accuracy(validation.labels[~also_in_training], predicted[~also_in_training]),
        "loss": state.history[epoch - 1]["val_loss"],
        "epoch": epoch,
        "parameters": model.count_params(),
        "seconds": round(state.seconds, 1),
    })  # fmt: skip


def write_model(path: Path, model: keras.Model) -> None:
    """`model.save`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".unfinished-{os.getpid()}-{path.name}")
    try:
        model.save(unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


class _State:
    """All that the next epoch depends on: weights, optimiser, random seeds of layers, and the history so far."""

    def __init__(self, path: Path, model: keras.Model):
        self.path, self.model = path, model
        self.epoch, self.history, self.seconds = 0, [], 0.0
        self.kept: list[np.ndarray] = []  # the model's variables after the best epoch, where the recipe keeps it
        self.saved = 0  # the last epoch on disk

    def variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def save(self) -> None:
        about = json.dumps({"epoch": self.epoch, "history": self.history, "seconds": self.seconds})
        values = {str(i): value for i, value in enumerate([*backend.numbers(self.variables()), *self.kept])}
        cache.write_whole(self.path, lambda file: np.savez(file, about=about, **values))
        self.saved = self.epoch

    def restore(self) -> int:
        """The epochs already done. A damaged file is as good as none."""
        try:
            with np.load(self.path, allow_pickle=False) as kept:
                about = json.loads(kept["about"].item())
                values = [kept[str(i)] for i in range(len(kept.files) - 1)]
            now, self.kept = values[: len(self.variables())], values[len(self.variables()) :]
        except FileNotFoundError:
            return 0
        except Exception as error:  # zipfile and numpy raise many kinds
            print(f"fer-keras: {self.path} is damaged ({error}); training starts again", file=sys.stderr)
            return 0
        for variable, value in zip(self.variables(), now, strict=True):
            variable.assign(value)
        self.epoch, self.history, self.seconds = about["epoch"], about["history"], about["seconds"]
        self.saved = self.epoch
        return self.epoch

    def best(self) -> int:
        """The first epoch with the highest validation accuracy."""
        return 1 + int(np.argmax([scores["val_accuracy"] for scores in self.history]))

    def keep(self) -> None:
        if self.best() == self.epoch:
            self.kept = backend.numbers(self.model.variables)

    def back_to_kept(self) -> int:
        """Give the model the weights that are kept, and say of which epoch they are."""
        for variable, value in zip(self.model.variables, self.kept, strict=False):  # none: the last epoch's stay
            variable.assign(value)
        return self.best() if self.kept else self.epoch


class _Watch(keras.callbacks.Callback):
    """Before each epoch the learning rate; after it the history, the bar, the checkpoints and the state."""

    def __init__(self, state: _State, plan: Recipe, rates: bool, bar: EpochBar):
        super().__init__()
        self.state, self.plan, self.rates, self.bar = state, plan, rates, bar
        self.saving, self.saved, self.looked = 0.0, -math.inf, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.monotonic()
        if self.rates:
            self.model.optimizer.learning_rate = self.plan.rate(epoch + 1)

    def on_train_batch_end(self, batch, logs=None):
        now = time.monotonic()
        if now - self.looked > 1:
            self.looked = now
            self._check(logs)
            self.bar.within((batch + 1) / self.params["steps"], logs)

    def on_epoch_end(self, epoch, logs=None):
        self._check(logs)
        state, now = self.state, time.monotonic()
        state.epoch, state.seconds = epoch + 1, state.seconds + now - self.began
        state.history.append({name: float(value) for name, value in logs.items()})
        self.bar.epoch(epoch + 1, logs, now - self.began)
        if self.plan.keep == "best":
            state.keep()
        if epoch + 1 in self.plan.checkpoints:
            write_model(state.path.with_name("checkpoints") / f"{epoch + 1}.keras", self.model)
        if self.saving <= SHARE_OF_SAVING * (now - self.saved):
            self._save()

    def _save(self) -> None:
        began = time.monotonic()
        try:
            self.state.save()
        except OSError as error:
            warnings.warn(
                f"the state after epoch {self.state.epoch} was not saved ({error.strerror or error}); "
                f"training goes on. Free space under {cache.home()}, or set FER_KERAS_HOME",
                stacklevel=2,
            )
        self.saved = time.monotonic()
        self.saving = self.saved - began

    def _check(self, logs) -> None:
        if not math.isfinite(logs["loss"]):
            raise ValueError(
                f"the loss of {self.model.name} became {logs['loss']} in epoch {self.state.epoch + 1}: "
                f"lower learning_rate ({self.plan.learning_rate})"
            )


def _recipe(net: str | keras.Model, chosen: str | Recipe | None) -> Recipe:
    if isinstance(chosen, Recipe):
        return chosen
    if chosen is None:
        chosen = net if isinstance(net, str) and net in RECIPES else "cnn_pyramid"
    return recipe(chosen)


def _optimizer(plan: Recipe) -> keras.optimizers.Optimizer:
    settings = {"learning_rate": plan.rate(1), **plan.optimizer_options}
    try:
        return keras.optimizers.get({"class_name": plan.optimizer, "config": settings})
    except (ValueError, TypeError) as error:
        raise ValueError(f"no optimizer {plan.optimizer} with {settings}: {str(error).splitlines()[0]}") from None


def _copy(model: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def _code(net: str | keras.Model) -> str | None:
    """What tells two versions of the user's own net apart: the file it is in; of a model its layers and weights."""
    if not isinstance(net, str):
        values = b"".join(value.tobytes() for value in net.get_weights())
        return _hash(net.to_json().encode() + values)
    found = importlib.util.find_spec(net.split(":")[0]) if ":" in net else None
    return _hash(Path(found.origin).read_bytes()) if found and found.has_location else None


def _digest(faces: Faces) -> str:
    """Of pictures and labels in their order, which decides the batches."""
    return _hash(faces.images.tobytes() + faces.labels.tobytes())


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _described(value):
    """A setting as JSON: plain values, Keras' objects by their configuration, others by their class."""
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, list | tuple):
        return [_described(each) for each in value]
    if isinstance(value, keras.callbacks.Callback):
        plain = {name: each for name, each in vars(value).items() if isinstance(each, str | int | float | bool)}
        return [type(value).__qualname__, plain]
    try:
        return json.loads(json.dumps(keras.saving.serialize_keras_object(value)))
    except (TypeError, ValueError):
        return f"{value.__module__}.{type(value).__qualname__}"
