"""How each report trains its net, as data. What a report does not state is ours, and marked so.

A recipe trains to its last epoch and keeps the weights it ends with, or with keep="best" those of the epoch that was
best on the validation faces, whose accuracy is then a little too good.
"""

import math
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Real
from typing import TYPE_CHECKING

from fer_keras.base.numbers import is_whole
from fer_keras.faces import SIZE, Faces

if TYPE_CHECKING:
    from fer_keras.data.batches import FaceBatches

KEEPS = ("last", "best")
TARGETS = ("labels", "votes")
STARTS = ("keras", "pytorch")
AMOUNTS = ("shift", "rotation", "zoom", "brightness", "contrast", "erase", "mixup")  # of augmentations


@dataclass(frozen=True)
class Recipe:
    """Every field can be changed in a call: `train("cnn_1m", ..., epochs=3, learning_rate=0.001)`."""

    epochs: int
    batch_size: int = 128
    optimizer: str = "adam"  # any name that keras.optimizers.get knows
    optimizer_options: dict = field(default_factory=dict)
    learning_rate: float | dict[int, float] = 0.001  # or the rate from each of these epochs on: {1: 0.01, 11: 0.002}
    flip: str | None = None  # this and what follows, to mixup: see FaceBatches
    coin: str = "face"
    shift: float = 0.0
    rotation: float = 0.0
    zoom: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    erase: float = 0.0
    mixup: float = 0.0
    label_smoothing: float = 0.0  # how much of each target is shared out among all emotions
    warm_up: float | None = None  # in this share of all steps the rate rises from 0, then it falls to 0 on a cosine
    sizes: dict[float, int] = field(default_factory=dict)  # pixels along a side from these shares of the epochs on
    keep: str = "last"  # or "best": the weights after the (first) epoch with the highest validation accuracy
    checkpoints: tuple[int, ...] = ()  # epochs after which the model is kept as well
    targets: str = "labels"  # or "votes": each face's shares of the FER+ votes, its label where it got none
    start: str = "keras"  # whose initial weights a net by name begins with; or "pytorch": see nets/start.py
    until: dict = field(default_factory=dict)  # {"loss": 0.65}: no further epoch once training is as far

    def __post_init__(self):
        self._check("epochs", is_whole(self.epochs, 1), "a whole number above 0")
        self._check("batch_size", is_whole(self.batch_size, 1), "a whole number above 0")
        self._check("optimizer", isinstance(self.optimizer, str), "a name")
        self._check("optimizer_options", isinstance(self.optimizer_options, dict), "a table of names and values")
        self._check("learning_rate", _are_rates(self.learning_rate), "a number above 0, or such by epochs from 1 on")
        self._check("flip", isinstance(self.flip, str | None), "a name or None")
        for name in AMOUNTS:
            self._check(name, isinstance(getattr(self, name), Real), "a number")
        self._check("label_smoothing", _is_share(self.label_smoothing), "a share from 0 to below 1")
        if self.warm_up is not None:
            self._check("warm_up", _is_share(self.warm_up), "a share from 0 to below 1, or None")
            one_rate = "for one learning rate, which it changes from step to step, None with rates by epochs"
            self._check("warm_up", not isinstance(self.learning_rate, dict), one_rate)
        self._check(
            "sizes",
            _are_sizes(self.sizes),
            "a table such as {0: 32, 0.66: 48}: shares of the epochs, from 0 on, and pixels",
        )
        self._check("keep", self.keep in KEEPS, f"one of {' or '.join(KEEPS)}")
        self._check("targets", self.targets in TARGETS, f"one of {' or '.join(TARGETS)}")
        self._check("start", self.start in STARTS, f"one of {' or '.join(STARTS)}")
        self._check("until", _are_goals(self.until), "a loss or an accuracy, or both, above 0")
        in_range = _are_epochs(self.checkpoints, self.epochs)
        self._check("checkpoints", in_range, f"a list of epochs from 1 to {self.epochs}")

    def _check(self, name: str, right: bool, wanted: str) -> None:
        if not right:
            raise ValueError(f"{name} is {wanted}, not {getattr(self, name)!r}")

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 1."""
        if not isinstance(self.learning_rate, dict):
            return self.learning_rate
        return self.learning_rate[max(start for start in self.learning_rate if start <= epoch)]

    def reached(self, history: list[dict]) -> bool:
        """Whether the last epoch came as far as `until` asks."""
        if not self.until or not history:
            return False
        loss, accuracy = self.until.get("loss", math.inf), self.until.get("accuracy", 0)
        return history[-1]["loss"] <= loss and history[-1]["accuracy"] >= accuracy

    def batches(self, training: Faces, seed: int) -> "FaceBatches":
        """What a net of this recipe is fed: the training faces in batches, turned and shifted as the recipe says."""
        from fer_keras.data.batches import FaceBatches

        targets = None
        if self.shares:
            targets = training.vote_targets() if self.targets == "votes" else training.label_targets()
        changes = {name: getattr(self, name) for name in ("flip", "coin", *AMOUNTS)}
        return FaceBatches(training, self.batch_size, seed=seed, targets=targets, **changes)

    @property
    def shares(self) -> bool:
        """Whether a face's target is a share of each emotion, and not one label."""
        return self.targets == "votes" or bool(self.mixup or self.label_smoothing)

    def phases(self) -> list[tuple[int, int]]:
        """(size of the pictures, last epoch of that size), in turn; a share of less than an epoch has none."""
        shares = sorted(self.sizes)
        ends = [round(share * self.epochs) for share in shares[1:]] + [self.epochs]
        phases, last = [], 0
        for size, end in zip([self.sizes[share] for share in shares] or [SIZE], ends, strict=True):
            if end > last:
                phases.append((size, end))
                last = end
        return phases

    def settings(self) -> dict:
        """The fields that differ from their defaults, so that a new field gives no old run a new name."""
        usual = asdict(Recipe(epochs=1))
        return {"epochs": self.epochs} | {name: value for name, value in asdict(self).items() if value != usual[name]}

    def changed(self, **changes) -> "Recipe":
        """Another recipe; epochs=0 and batch_size=0 mean this one's own, and other epochs mean all of them, whatever
        `until` says."""
        known = [each.name for each in fields(self)]
        if unknown := set(changes) - set(known):
            raise ValueError(f"a recipe has no field {min(unknown)!r}; it has {', '.join(known)}")
        for name in ("epochs", "batch_size"):
            if is_whole(changes.get(name), 0) and changes[name] == 0:
                del changes[name]
        if "checkpoints" not in changes and is_whole(changes.get("epochs"), 1):
            changes["checkpoints"] = tuple(epoch for epoch in self.checkpoints if epoch <= changes["epochs"])
        if "until" not in changes and "epochs" in changes:
            changes["until"] = {}
        return replace(self, **changes)


def _above_0(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < math.inf


def _is_share(value) -> bool:
    return isinstance(value, Real) and 0 <= float(value) < 1


def _are_rates(value) -> bool:
    by_epoch = value if isinstance(value, dict) else {1: value}
    return _begins_at_1(by_epoch) and all(_above_0(rate) for rate in by_epoch.values())


def _are_sizes(value) -> bool:
    if not isinstance(value, dict) or (value and 0 not in value):
        return False
    shares = all(isinstance(share, Real) and 0 <= float(share) < 1 for share in value)
    return shares and all(is_whole(size, 8) and size <= SIZE for size in value.values())


def _begins_at_1(by_epoch: dict) -> bool:
    return 1 in by_epoch and all(is_whole(epoch, 1) for epoch in by_epoch)


def _are_goals(value) -> bool:
    if not isinstance(value, dict):
        return False
    return value.keys() <= {"loss", "accuracy"} and all(_above_0(goal) for goal in value.values())


def _are_epochs(value, last: int) -> bool:
    if not isinstance(value, list | tuple):
        return False
    return all(is_whole(epoch, 1) and epoch <= last for epoch in value)


_ADAM_OF_C: dict = {"learning_rate": 0.001, "optimizer_options": {"beta_1": 0.9, "beta_2": 0.99}}

RECIPES = {
    # report A; batch, optimiser and start are ours: with these its log is met in every epoch
    "cnn_leaky": Recipe(epochs=14, batch_size=64, start="pytorch", checkpoints=(11, 12, 13, 14)),
    "cnn_1m": Recipe(  # report B's CNN; "about 30" epochs
        epochs=30,
        learning_rate={1: 0.01, 11: 0.002},
        flip="either",
        coin="epoch",  # our reading; one coin a face is the other
        keep="best",  # ours: an epoch of upside-down faces costs a tenth, and the last may be one
    ),
    "dnn_narrow": Recipe(epochs=35, learning_rate=0.002, flip="either", coin="epoch", keep="best"),  # report B's DNN
    # report C: until the loss and accuracy that it ends with; batch and most epochs are ours
    "cnn_pyramid": Recipe(epochs=500, batch_size=128, until={"loss": 0.6485, "accuracy": 0.7597}, **_ADAM_OF_C),
    "cnn_3layer": Recipe(epochs=25, batch_size=64, flip="horizontal", **_ADAM_OF_C),  # suggested by report C
    "cnn_fc3": Recipe(epochs=12),  # report D states nothing: all ours
    # report E names an image generator; what it changes, and the rest, is ours
    "vgg16_bn": Recipe(epochs=30, learning_rate={1: 0.0005, 21: 0.0001}, flip="horizontal", shift=0.1),
    # report E: until training is "nearly 1.0"; all else is ours
    "dnn_deep": Recipe(epochs=100, learning_rate=0.0001, until={"accuracy": 0.95}),
    # ours: nothing of it has been compared on FER2013 yet
    "record": Recipe(
        epochs=24,
        batch_size=64,
        optimizer="sgd",
        optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 0.0005},
        learning_rate=0.08,
        warm_up=0.2,
        label_smoothing=0.1,
        flip="horizontal",
        shift=0.1,
        rotation=10,
        zoom=0.1,
        contrast=0.2,
        erase=0.4,
        sizes={0: 32, 0.66: 48},
    ),
    "own": Recipe(epochs=25, batch_size=64, flip="horizontal", **_ADAM_OF_C),  # nets of your own
}
