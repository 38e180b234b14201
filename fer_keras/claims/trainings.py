"""What was recorded more than once, with other seeds, as one record: trainings that `fer-keras train --json` left in
notebooks/results/, and notebooks. Its intervals are for other seeds and other faces alike."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from fer_keras.claims.fidelity import Record
from fer_keras.claims.reached import LEFT_OPEN

NAMES = {  # under which notebooks of several nets keep the same
    "accuracy": "validation_accuracy",
    "epochs_above": "epochs_validation_above",
    "last_training_accuracy": "logged_training_accuracy",
    "last_training_loss": "logged_training_loss",
}
BITS = {"accuracy": "right", "public_accuracy": "right_public"}  # which of its faces a training got right
LEAST = {"training_accuracy": min, "training_loss": max}  # of the one that got least far; how the names end
RIVALS = {"cnn_1m": "dnn_narrow", "vgg16_bn": "dnn_deep"}  # the dense net of the same report


def pooled_trainings(entries: Sequence[tuple[str, dict]]) -> list[Record]:
    """A record for each kind of training. entries: the net's name, and what was kept of one training."""
    kinds: dict[tuple[str, str], dict[int, dict]] = {}
    for net, entry in entries:  # the same seed kept twice is one training
        kinds.setdefault((net, _without_seed(entry["command"])), {})[_seed(entry["command"])] = entry
    return [_record(net, kind, kinds) for net, kind in kinds]


def pooled_notebooks(records: Sequence[Record]) -> list[Record]:
    """Those of one notebook that differ in their seed alone as one."""
    kinds: dict[tuple, list[Record]] = {}
    for record in records:
        kinds.setdefault((record.notebook, record.data, _without_seed(record.command)), []).append(record)
    alike = [list({_seed(each.command): each for each in some}.values()) for some in kinds.values()]
    return [_together(some) if len(some) > 1 else some[0] for some in alike]


def _without_seed(command: str) -> str:
    return re.sub(r"FER_KERAS_DETERMINISTIC=1 | --seed \d+| -p SEED \d+", "", command)


def _seed(command: str) -> int:
    found = re.search(r"(?: --seed| -p SEED) (\d+)", command)
    return int(found[1]) if found else 0


def _record(net: str, kind: str, kinds: dict[tuple[str, str], dict[int, dict]]) -> Record:
    own = kinds[net, kind]
    trainings = list(own.values())
    first = trainings[0]
    values = {f"{net}_{NAMES.get(name, name)}": _over(name, trainings) for name in first["values"]}
    values |= _about(net, kind, len(trainings))
    rival = RIVALS.get(net, "")
    of_rival = kinds.get((rival, kind.replace(f" {net} ", f" {rival} ")), {})
    unnormed = kinds.get((net, _with_option(kind, "batch_norm false")), {})
    undropped = kinds.get((net, _with_option(kind, "dropout 0")), {})
    compared = {
        f"{net}_over_{rival}_named": _lead(_pairs(own, of_rival)),
        "batch_norm_saves_epochs": _epochs_saved(_pairs(own, unnormed)),
        "dropout_closes_at_equal_loss": _gap_closed(_pairs(own, undropped)),
        "dropout_closes": _gap_closed(_as_long(own, _with_option(kind, "dropout 0"), kinds)),
    }
    values |= {name: entry for name, entry in compared.items() if entry}
    if compared[f"{net}_over_{rival}_named"]:
        values |= _told(f"{rival}_named", list(of_rival.values()))
        values[f"{rival}_named_width"] = values["width"]
    return Record(
        "training", first["command"], first["date"], first["device"], first["data"], values, _mean_log(trainings)
    )


def _about(net: str, kind: str, trainings: int) -> dict:
    """What was trained, from the command, as values that a claim can ask for. With an option that its report states
    otherwise a net is another one."""
    options = dict(re.findall(r" -o (\S+) (\S+)", kind))
    width = float(options.pop("width", 1))
    changed = [f"{name} {value}" for name, value in options.items() if name not in LEFT_OPEN.get(net, ())]
    named = f"{net} ({', '.join(changed)})" if changed else net
    split = "randomly held out" if " --split theirs" in kind else "PublicTest"
    about = {"net": named, "width": width, "trainings": trainings, "judged_split": split}
    return {name: {"value": value} for name, value in about.items()}


def _mean_log(trainings: list[dict]) -> tuple:
    """The logged training accuracy of each epoch that all of them had, in the mean."""
    logs = [each["history"]["accuracy"] for each in trainings if "history" in each]
    if not logs:
        return ()
    shortest = min(len(each) for each in logs)
    return tuple(np.mean([each[:shortest] for each in logs], axis=0))


def _over(name: str, trainings: list[dict]) -> dict:
    """One value of several trainings: the mean; of how far they were trained that of the one that got least far."""
    entries = [each["values"][name] for each in trainings]
    if len(entries) == 1:
        return entries[0]
    found = entries[0] | {"value": float((_least(name) or np.mean)([entry["value"] for entry in entries]))}
    if name in BITS:
        found = _of_seeds_and_faces(_right(trainings, name))
    return found | {"trainings": len(entries)}


def _least(name: str) -> Callable | None:
    """How to make one value of several trainings', if not as usual."""
    return next((choose for end, choose in LEAST.items() if name.endswith(end)), None)


def _told(place: str, trainings: list[dict]) -> dict[str, dict]:
    """How far these were trained, under names that begin with the place."""
    names = [name for name in ("epochs", *NAMES) if name in trainings[0]["values"]]
    return {f"{place}_{NAMES.get(name, name)}": _over(name, trainings) for name in names}


def _pairs(trainings: dict[int, dict], others: dict[int, dict]) -> list[tuple[dict, dict]]:
    """Trainings of two kinds with the same seed."""
    return [(trainings[seed], others[seed]) for seed in trainings if seed in others]


def _lead(pairs: list[tuple[dict, dict]]) -> dict | None:
    """By how much more often these are right than others with the same seeds, on the same faces."""
    if not pairs or any("right" not in each for pair in pairs for each in pair):
        return None
    ours, theirs = (_right(list(some), "accuracy") for some in zip(*pairs, strict=True))
    return _of_seeds_and_faces(ours - theirs) | {"trainings": len(pairs)}


def _with_option(kind: str, option: str) -> str:
    """The command with an option of the net where `make evidence` writes it: behind the split."""
    head, split, tail = kind.partition(" --split theirs")
    return f"{head}{split} -o {option}{tail}" if split else ""


def _as_long(own: dict[int, dict], other_kind: str, kinds: dict) -> list[tuple[dict, dict]]:
    """Trainings with the same seed that took as many epochs: these, and those of another kind with a number of epochs
    where `make evidence` writes it: behind the options."""
    pairs = []
    for (_, kind), trainings in kinds.items():
        if other_kind and re.sub(r" -r epochs \d+", "", kind) == other_kind:
            pairs += _pairs(own, trainings)
    return [pair for pair in pairs if len({each["values"]["epochs"]["value"] for each in pair}) == 1]


def _epochs_saved(pairs: list[tuple[dict, dict]]) -> dict | None:
    """How many epochs fewer these take, seed by seed, to the lowest training loss that all of them come to."""
    losses = [[np.array(each["history"]["loss"]) for each in pair] for pair in pairs]
    if not losses:
        return None
    goal = max(loss.min() for pair in losses for loss in pair)
    return _of_seeds([np.argmax(other <= goal) - np.argmax(own <= goal) for own, other in losses])


def _gap_closed(pairs: list[tuple[dict, dict]]) -> dict | None:
    """By how much nearer validation is to training accuracy, both of the net as it ends, seed by seed."""
    gaps = [
        [each["values"]["known_accuracy"]["value"] - each["values"]["accuracy"]["value"] for each in pair]
        for pair in pairs
    ]
    return _of_seeds([other - own for own, other in gaps]) if gaps else None


def _right(trainings: list[dict], name: str) -> np.ndarray:
    """(trainings, faces): 1 where a face was told rightly."""
    n = trainings[0]["values"][name]["n"]
    bits = [np.frombuffer(bytes.fromhex(each[BITS[name]]), np.uint8) for each in trainings]
    return np.array([np.unpackbits(each, count=n) for each in bits]).astype(float)


def _of_seeds_and_faces(values: np.ndarray) -> dict:
    from fer_keras.scores import over_seeds_and_faces  # which needs pandas: most calls do without

    return over_seeds_and_faces(values)


def _of_seeds(values: Sequence[float]) -> dict:
    from fer_keras.scores import over_seeds

    return over_seeds(values) | {"trainings": len(values)}


def _together(records: list[Record]) -> Record:
    """Of each value the mean over the seeds that measured it; of how far they were trained that of the least far."""
    values = {name: entry for each in reversed(records) for name, entry in each.values.items()}
    for name in values:
        entries = [each.values[name] for each in records if each.measures(name)]
        if entries and (choose := _least(name)):
            values[name] = entries[0] | {"value": choose(entry["value"] for entry in entries)}
        elif entries:
            values[name] = _mean(entries) | {"trainings": len(entries)}
    return replace(records[0], values=values | {"trainings": {"value": len(records)}})


def _mean(entries: list[dict]) -> dict:
    """The mean of values that were each measured with an interval over faces; theirs grows by what seeds differ."""
    from scipy.stats import t

    from fer_keras.scores import students_interval

    if len(entries) == 1:
        return entries[0]
    numbers = np.array([entry["value"] for entry in entries], float)
    found = entries[0] | {"value": float(numbers.mean())}
    if not all("interval" in entry for entry in entries):
        return found
    degrees = min(entry.get("degrees", entry.get("n", np.inf) - 1) for entry in entries)
    reach = np.mean([np.ptp(entry["interval"]) / 2 for entry in entries])
    of_faces = (reach / t.ppf(0.975, degrees)) ** 2, degrees
    of_seeds = numbers.var(ddof=1) / len(numbers), len(numbers) - 1
    return found | students_interval(found["value"], [of_faces, of_seeds])
