"""What `fer-keras train --json` left in notebooks/results/, as records; trainings that differ in their seed alone are
one record, with an interval for other seeds and other faces alike."""

import re
from collections.abc import Sequence

import numpy as np

from fer_keras.claims.fidelity import Record

NAMES = {  # under which notebooks of several nets keep the same
    "accuracy": "validation_accuracy",
    "last_training_accuracy": "logged_training_accuracy",
    "last_training_loss": "logged_training_loss",
}


def pooled_trainings(entries: Sequence[tuple[str, dict]]) -> list[Record]:
    """A record for each kind of training. entries: the net's name, and what was kept of one training."""
    kinds: dict[tuple, list[dict]] = {}
    for net, entry in entries:
        kind = re.sub(r"FER_KERAS_DETERMINISTIC=1 | --seed \d+", "", entry["command"])
        kinds.setdefault((net, kind), []).append(entry)
    return [_record(net, trainings) for (net, _), trainings in kinds.items()]


def _record(net: str, trainings: list[dict]) -> Record:
    first = trainings[0]
    values = {f"{net}_{NAMES.get(name, name)}": _over(name, trainings) for name in first["values"]}
    width = re.search(r" -o width ([\d.]+)", first["command"])
    values |= {"net": {"value": net}, "width": {"value": float(width[1]) if width else 1}}
    values |= {"trainings": {"value": len(trainings)}}
    logs = [each["history"]["accuracy"] for each in trainings if "history" in each]
    log = tuple(np.mean(logs, axis=0)) if logs else ()
    return Record("training", first["command"], first["date"], first["device"], first["data"], values, log)


def _over(name: str, trainings: list[dict]) -> dict:
    """One value of several trainings: the mean; of how far they were trained that of the one that got least far."""
    entries = [each["values"][name] for each in trainings]
    if len(entries) == 1:
        return entries[0]
    numbers = [entry["value"] for entry in entries]
    if name == "accuracy":
        return _accuracy(trainings) | {"trainings": len(entries)}
    least = {"last_training_accuracy": min, "last_training_loss": max}.get(name, np.mean)
    return entries[0] | {"value": float(least(numbers)), "trainings": len(entries)}


def _accuracy(trainings: list[dict]) -> dict:
    """The mean accuracy, by the bits that each training kept of every face."""
    from fer_keras.scores import over_seeds_and_faces  # which needs pandas: most calls do without

    n = trainings[0]["values"]["accuracy"]["n"]
    bits = [np.frombuffer(bytes.fromhex(each["right"]), np.uint8) for each in trainings]
    right = np.array([np.unpackbits(each, count=n) for each in bits]).astype(float)
    return over_seeds_and_faces(right)
