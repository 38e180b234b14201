"""What each report's training reached, by the net that it trained: less than that decides none of its claims."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reached:
    """As the report logged it, with dropout and augmentation; None for what it does not state."""

    accuracy: float | None = None  # on the training faces, after the last epoch
    loss: float | None = None
    epochs: int | None = None  # within which it was reached, where the report states them
    log: tuple[float, ...] = ()  # training accuracy after each epoch


A_LOG = {  # accuracy after each of report A's fourteen epochs
    "training": (
        *(0.3863, 0.5192, 0.5701, 0.6173, 0.6576, 0.7043, 0.7554),
        *(0.7993, 0.8425, 0.8768, 0.9016, 0.9218, 0.9352, 0.9448),
    ),
    "validation": (
        *(0.5014, 0.5588, 0.6456, 0.6645, 0.7205, 0.7854, 0.8516),
        *(0.7983, 0.8665, 0.9193, 0.9290, 0.9236, 0.9626, 0.9671),
    ),
}
REACHED = {
    "cnn_leaky": Reached(accuracy=0.9448, loss=0.1618, epochs=14, log=A_LOG["training"]),
    "cnn_1m": Reached(epochs=30),  # report B: "about 30"
    "dnn_narrow": Reached(epochs=35),
    "cnn_pyramid": Reached(accuracy=0.7597, loss=0.6485),  # report C
    "dnn_deep": Reached(accuracy=0.95),  # report E: "nearly 1.0"
}
STATED = {  # what else they say of their last epoch, in Keras' words; E's dense net "about 0.5" and "nearly 1.0"
    "cnn_leaky": {"loss": 0.1618, "accuracy": 0.9448, "val_loss": 0.1052, "val_accuracy": 0.9671},
    "cnn_1m": {"val_accuracy": 0.63},
    "dnn_narrow": {"val_accuracy": 0.395},
    "cnn_pyramid": {"loss": 0.6485, "accuracy": 0.7597, "val_loss": 1.0013, "val_accuracy": 0.6510},
    "vgg16_bn": {"val_accuracy": 0.7},
    "dnn_deep": {"accuracy": 1.0, "val_accuracy": 0.5},
}
LEFT_OPEN = {  # options of a net that its report does not state: with others of them it is still the report's own
    "cnn_1m": ("dropout", "batch_norm", "activation", "kernel"),
    "cnn_fc3": ("activation",),
    "vgg16_bn": ("dropout", "activation"),
    "dnn_deep": ("activation",),
}
NEAR = 0.02  # by so much a training may stay below the report's accuracy, or above its loss
ALONG = 0.08  # and its log at any epoch: two trainings of one recipe differ by half of that early on


def trained_less(net: str, accuracy: float | None, loss: float | None, log=()) -> bool:
    """Whether a training stayed short of what its report reached; of a training whose scores are unknown, True.

    log: training accuracy after each epoch, where it is kept: nowhere may it lie far below the report's.
    """
    report = REACHED.get(net, Reached())
    if report.accuracy is not None and (accuracy is None or accuracy < report.accuracy - NEAR):
        return True
    if report.loss is not None and (loss is None or loss > report.loss + NEAR):
        return True
    return any(theirs - ours > ALONG for ours, theirs in zip(log, report.log, strict=False))


def trained_faster(net: str, log: Sequence[float]) -> bool:
    """Whether the training accuracy ran far above the report's on the way: further is not less, yet not its course."""
    return any(ours - theirs > ALONG for ours, theirs in zip(log, REACHED.get(net, Reached()).log, strict=False))
