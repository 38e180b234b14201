"""How each report trains its net, as data. What a report does not state is ours, and marked so.

A recipe trains to its last epoch and keeps the weights it ends with, or with keep="best" those of the epoch that was
best on the validation faces, whose accuracy is then a little too good.
"""

from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Real

KEEPS = ("last", "best")
TARGETS = ("labels", "votes")


@dataclass(frozen=True)
class Recipe:
    """Every field can be changed in a call: `train("cnn_1m", ..., epochs=3, learning_rate=0.001)`."""

    epochs: int
    batch_size: int = 128
    optimizer: str = "adam"  # any name that keras.optimizers.get knows
    optimizer_options: dict = field(default_factory=dict)
    learning_rate: float | dict[int, float] = 0.001  # or the rate from each of these epochs on: {1: 0.01, 11: 0.002}
    flip: str | None = None  # this and the next two: see FaceBatches
    coin: str = "face"
    shift: float = 0.0
    keep: str = "last"  # or "best": the weights after the (first) epoch with the highest validation accuracy
    checkpoints: tuple[int, ...] = ()  # epochs after which the model is kept as well
    targets: str = "labels"  # or "votes": each face's shares of the FER+ votes, its label where it got none

    def __post_init__(self):
        by_epoch = self.learning_rate if isinstance(self.learning_rate, dict) else {1: self.learning_rate}
        for name, says, right in (
            ("epochs", "a whole number above 0", _whole(self.epochs)),
            ("batch_size", "a whole number above 0", _whole(self.batch_size)),
            ("optimizer", "a name", isinstance(self.optimizer, str)),
            ("optimizer_options", "a table of names and values", isinstance(self.optimizer_options, dict)),
            ("learning_rate", "a number above 0, or such by epochs from 1 on", 1 in by_epoch
             and all(map(_whole, by_epoch)) and all(_above_0(rate) for rate in by_epoch.values())),
            ("flip", "a name or None", isinstance(self.flip, str | None)),
            ("shift", "a number", isinstance(self.shift, Real)),
            ("keep", f"one of {' or '.join(KEEPS)}", self.keep in KEEPS),
            ("targets", f"one of {' or '.join(TARGETS)}", self.targets in TARGETS),
            ("checkpoints", f"a list of epochs from 1 to {self.epochs}", isinstance(self.checkpoints, list | tuple)
             and all(_whole(epoch) and _whole(self.epochs) and epoch <= self.epochs for epoch in self.checkpoints)),
        ):  # fmt: skip
            if not right:
                raise ValueError(f"{name} is {says}, not {getattr(self, name)!r}")

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 1."""
        if not isinstance(self.learning_rate, dict):
            return self.learning_rate
        return self.learning_rate[max(start for start in self.learning_rate if start <= epoch)]

    def settings(self) -> dict:
        """The fields that differ from their defaults, so that a new field gives no old run a new name."""
        usual = asdict(Recipe(epochs=1))
        return {"epochs": self.epochs} | {name: value for name, value in asdict(self).items() if value != usual[name]}

    def changed(self, **changes) -> "Recipe":
        known = [each.name for each in fields(self)]
        if unknown := set(changes) - set(known):
            raise ValueError(f"a recipe has no field {min(unknown)!r}; it has {', '.join(known)}")
        if "epochs" in changes and "checkpoints" not in changes and _whole(changes["epochs"]):
            changes["checkpoints"] = tuple(epoch for epoch in self.checkpoints if epoch <= changes["epochs"])
        return replace(self, **changes)


def _whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _above_0(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and value > 0


_C = Recipe(
    epochs=25,  # ours
    batch_size=64,  # ours
    learning_rate=0.001,
    optimizer_options={"beta_1": 0.9, "beta_2": 0.99},
    flip="horizontal",  # ours
)

RECIPES = {
    "cnn_leaky": Recipe(  # report A; batch and optimiser are ours
        epochs=14,
        checkpoints=(11, 12, 13, 14),
    ),
    "cnn_1m": Recipe(  # report B's CNN; "about 30" epochs
        epochs=30,
        learning_rate={1: 0.01, 11: 0.002},
        flip="either",
        coin="epoch",  # our reading; one coin a face is the other
        keep="best",  # ours: an epoch of upside-down faces costs a tenth, and the last may be one
    ),
    "dnn_narrow": Recipe(  # report B's DNN
        epochs=35, learning_rate=0.002, flip="either", coin="epoch", keep="best"
    ),
    "cnn_pyramid": _C,
    "cnn_3layer": _C,  # suggested by report C, trained as its own net
    "cnn_fc3": Recipe(epochs=12),  # report D states nothing: all ours
    "vgg16_bn": Recipe(  # report E names an image generator; what it changes, and the rest, is ours
        epochs=30,
        learning_rate={1: 0.0005, 21: 0.0001},
        flip="horizontal",
        shift=0.1,
    ),
    "dnn_deep": Recipe(epochs=20, learning_rate=0.0001),  # report E states nothing: all ours
}
