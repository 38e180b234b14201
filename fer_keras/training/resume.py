"""What happens between two epochs of a training: state, checkpoints, bar, and the way to stop."""

import json
import math
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from fer_keras.base import backend, home, interrupts
from fer_keras.base.progress import EpochBar
from fer_keras.nets.recipes import Recipe
from fer_keras.training import run as runs

SHARE_OF_SAVING = 0.02  # of the time, at most, goes into saving the state between epochs


class State:
    """All that the next epoch depends on: weights, optimiser, random seeds of layers, and the history so far."""

    def __init__(self, path: Path, model: keras.Model):
        self.path, self.model = path, model
        self.epoch, self.history, self.seconds = 0, [], 0.0
        self.restored: list[np.ndarray] = []
        self.kept: list[np.ndarray] = []  # the model's variables after the best epoch, where the recipe keeps it
        self.saved = 0  # the last epoch on disk

    def variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def save(self) -> None:
        about = json.dumps({"epoch": self.epoch, "history": self.history, "seconds": self.seconds})
        values = {str(i): value for i, value in enumerate([*backend.numbers(self.variables()), *self.kept])}
        home.write_whole(self.path, lambda file: np.savez(file, about=about, **values))
        self.saved = self.epoch

    def restore(self) -> int:
        """The epochs already done. A damaged file is as good as none."""
        try:
            with np.load(self.path, allow_pickle=False) as kept:
                about = json.loads(kept["about"].item())
                values = [kept[str(i)] for i in range(len(kept.files) - 1)]
            count = len(self.variables())
            now, self.kept = values[:count], values[count:]
            if [value.shape for value in now] != [tuple(variable.shape) for variable in self.variables()]:
                raise ValueError("it is of another net")
        except FileNotFoundError:
            return 0
        except Exception as error:  # zipfile and numpy raise many kinds
            print(f"fer-keras: {self.path} is damaged ({error}); training starts again", file=sys.stderr)
            return 0
        self.restored = now
        self.put_back()
        self.epoch, self.history, self.seconds = about["epoch"], about["history"], about["seconds"]
        self.saved = self.epoch
        return self.epoch

    def put_back(self) -> None:
        """Assign what was restored; once more when training begins, as Keras may have tried a step before."""
        for variable, value in zip(self.variables(), self.restored or self.variables(), strict=True):
            variable.assign(value)

    def best(self) -> int:
        """The first epoch with the highest validation accuracy."""
        return 1 + int(np.argmax([scores["val_accuracy"] for scores in self.history]))

    def back_to_kept(self) -> int:
        """Give the model the weights that are kept, and say of which epoch they are."""
        for variable, value in zip(self.model.variables, self.kept, strict=False):  # none: the last epoch's stay
            variable.assign(value)
        return self.best() if self.kept else self.epoch


class Watch(keras.callbacks.Callback):
    """After each epoch the history, the bar, the checkpoints and the state."""

    def __init__(self, state: State, plan: Recipe, seed: int, bar: EpochBar, check_alone: Callable[[], None]):
        super().__init__()
        self.state, self.plan, self.seed, self.bar, self.check_alone = state, plan, seed, bar, check_alone
        self.saving, self.saved, self.looked = 0.0, -math.inf, 0.0

    def on_train_begin(self, logs=None):
        self.state.put_back()

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.monotonic()
        backend.seed_epoch(self.seed, epoch)

    def on_train_batch_end(self, batch, logs=None):
        interrupts.check()
        now = time.monotonic()
        if now - self.looked > 1:
            self.looked = now
            self.check_alone()
            self._check(logs)
            self.bar.within((batch + 1) / self.params["steps"], logs)

    def on_epoch_end(self, epoch, logs=None):
        self.check_alone()
        self._check(logs, "val_loss")
        state, now = self.state, time.monotonic()
        state.epoch, state.seconds = epoch + 1, state.seconds + now - self.began
        state.history.append({name: float(value) for name, value in logs.items()})
        self.bar.epoch(epoch + 1, logs, now - self.began)
        if self.plan.reached(state.history):
            self.model.stop_training = True
        if self.plan.keep == "best" and state.best() == state.epoch:
            state.kept = backend.numbers(self.model.variables)
        if epoch + 1 in self.plan.checkpoints:
            with runs.stored(state.path.parent):
                checkpoint = state.path.with_name("checkpoints") / f"{epoch + 1}.keras"
                home.write_whole(checkpoint, lambda file: self.model.save(file.name))
        if self.saving <= SHARE_OF_SAVING * (now - self.saved):
            self._save()

    def _save(self) -> None:
        began = time.monotonic()
        try:
            self.state.save()
        except OSError as error:
            why = f"the state after epoch {self.state.epoch} was not saved ({error.strerror or error})"
            free = f"Free space under {home.folder()}, or set FER_KERAS_HOME"
            warnings.warn(f"{why}; training goes on. {free}", stacklevel=2)
        self.saved = time.monotonic()
        self.saving = self.saved - began

    def _check(self, logs, *more) -> None:
        for name in ("loss", *more):
            if not math.isfinite(logs[name]):
                became = f"the {name} of {self.model.name} became {logs[name]} in epoch {self.state.epoch + 1}"
                raise ValueError(f"{became}: lower learning_rate ({self.plan.learning_rate})")
