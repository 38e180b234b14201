"""What 51_ablation varies, and what it makes of trainings of each kind: a row of hits a seed, a column a face."""

import inspect
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fer_keras.faces import Faces
from fer_keras.nets.build import NETS, changed_options
from fer_keras.nets.recipes import Recipe
from fer_keras.nets.sizes import parameters_of, width_of
from fer_keras.scores import accuracy, between_faces, over_faces, over_seeds, pooled
from fer_keras.study.gap import gap_parts
from fer_keras.study.tables import MAJORITY, learnt, listed, reach, score_table, word
from fer_keras.training.run import Run

AS_IT_IS = "as it is"
VARIANTS = {  # what each changes in the net, and in its recipe
    "flip_sideways": ({}, {"flip": "horizontal"}),
    "flip_upside_down": ({}, {"flip": "vertical"}),
    "flip_either": ({}, {"flip": "either"}),  # as report B does
    "shift": ({}, {"shift": 0.1}),  # up to 5 of 48 pixels each way
    "no_batch_norm": ({"batch_norm": False}, {}),
    "no_dropout": ({"dropout": 0}, {}),
    "kernels_of_3": ({"kernel": 3}, {}),
    "kernels_of_5": ({"kernel": 5}, {}),
}
RIVALS = {  # of report C's net, each given as many parameters by its width
    "larger in the middle: gain": {"kernel": 3},
    "larger in the middle: gain over reversed": {"kernel": (5, 3, 3, 5)},
    "more in the middle: gain": {"filters": (48, 48, 48, 48)},
    "more in the middle: gain over reversed": {"filters": (64, 32, 32, 64)},
}


def kinds_of(net: str, wanted: str, recipe: Recipe) -> dict[str, tuple[dict, dict]]:
    """What to train: the net as it is, and the variants named in `wanted`; those that change nothing are left out."""
    names = [name for name in wanted.replace(" ", "").split(",") if name]
    if unknown := [name for name in names if name not in VARIANTS]:
        raise ValueError(f"no variant is called {unknown[0]!r}; there are {', '.join(VARIANTS)}")
    known = set(inspect.signature(NETS[net]).parameters) if net in NETS else set()
    kinds = {AS_IT_IS: ({}, {})}
    for name in names:
        option, change = VARIANTS[name]
        differs = changed_options(net, option) or recipe.changed(**change) != recipe
        if differs and set(option) <= known:
            kinds[name.replace("_", " ")] = option, change
    return kinds


def mean_scores(right: Mapping[str, np.ndarray], judged: Faces, training: Faces) -> pd.DataFrame:
    """The accuracy of each kind in the mean over its trainings, below the majority class; `learnt` as in `shares`."""
    commonest = np.bincount(training.labels).argmax()
    rows = {MAJORITY: accuracy(judged.labels, np.full(len(judged), commonest))}
    for kind, hits in right.items():
        rows[kind] = over_faces(hits.mean(axis=0))
    table = score_table(rows)
    table["learnt"] = table["interval"].str[0].astype(float) > table.loc[MAJORITY, "value"]
    return table


def gains_of(right: Mapping[str, np.ndarray], base: str, able: Sequence[str]) -> pd.DataFrame:
    """How much more often each kind is right than `base` with the same seeds, face by face; 95 % intervals for other
    seeds and faces. able: the kinds that have learnt; no other is compared."""
    kinds = [kind for kind in right if kind != base and {kind, base} <= set(able)]
    return score_table(pooled({kind: right[kind] - right[base] for kind in kinds}))


def losses(runs: Mapping[str, Sequence[Run]]) -> pd.DataFrame:
    """The mean loss of each kind after each epoch, on training and on validation faces."""
    curves = {}
    for part, column in {"training": "loss", "validation": "val_loss"}.items():
        for kind, trained in runs.items():
            curves[f"{part}, {kind}"] = pd.concat([run.history[column] for run in trained], axis=1).mean(axis=1)
    return pd.DataFrame(curves).rename_axis("epoch")


def epochs_saved(first: Sequence[Run], second: Sequence[Run]) -> dict:
    """How many epochs fewer the first take to the lowest training loss that all of them come to, between epochs in a
    line; 95 % interval over seeds."""
    goal = max(run.history["loss"].min() for run in (*first, *second))
    spent = []
    for trained in (first, second):
        falls = [-run.history["loss"].cummin() for run in trained]
        spent.append(np.array([np.interp(-goal, fall, fall.index) for fall in falls]))
    return over_seeds(spent[1] - spent[0])


def gaps_of(runs: Mapping[str, Sequence[Run]], training: Faces, validation: Faces) -> pd.DataFrame:
    """The parts of the gap of each kind, and the whole: a row a kind and cause, with the interval over seeds."""
    rows = {}
    for kind, trained in runs.items():
        parts = pd.DataFrame([gap_parts(run, training, validation)["part"] for run in trained])
        for cause, values in parts.assign(whole=parts.sum(axis=1)).items():
            rows[f"{kind} gap {cause}"] = over_seeds(values) | {"kind": kind, "cause": cause, "n": len(validation)}
    return score_table(rows)


def share_above(runs: Sequence[Run]) -> dict:
    """In what share of their epochs validation accuracy was above the logged training accuracy."""
    epochs = pd.concat([run.history for run in runs])
    return {"value": float((epochs["val_accuracy"] > epochs["accuracy"]).mean()), "n": len(epochs)}


def gap_closed(seen: Mapping[str, np.ndarray], unseen: Mapping[str, np.ndarray], first: str, second: str) -> dict:
    """How much narrower the gap between training faces and others is in the second kind than in the first."""
    return between_faces(seen[first] - seen[second], unseen[first] - unseen[second])


def leads_of(right: Mapping[str, np.ndarray], base: str, able: Sequence[str]) -> pd.DataFrame:
    """How much more often `base` is right than each other kind: `gains_of` the other way round."""
    return gains_of({kind: -hits for kind, hits in right.items()}, base, able)


def middle_nets(options: dict, epochs: int) -> dict[str, dict]:
    """Report C's net and its rivals, as options; none for no epochs."""
    if not epochs:
        return {}
    size = parameters_of("cnn_pyramid", **options)
    nets = {"C": options}
    for kind, option in RIVALS.items():
        nets[kind] = option | {"width": width_of("cnn_pyramid", size, **option)}
    return nets


def what_each_does(scores: pd.DataFrame, gains: pd.DataFrame) -> str:
    """The answer's first sentences. gains: of `gains_of`."""
    if AS_IT_IS not in learnt(scores):
        return "No answer yet: the net as it is has learnt nothing."
    if not len(gains):
        return "Nothing was changed that could be compared."
    side = {kind: word(row, "Worse", "Not told apart", "Better") for kind, row in gains.iterrows()}
    told = []
    for name in ("Better", "Worse", "Not told apart"):
        if kinds := [kind for kind, found in side.items() if found == name]:
            told.append(f"{name}: {listed(kinds)}.")
    largest = gains["value"].abs().idxmax()
    row = gains.loc[largest]
    if side[largest] != "Not told apart":
        told.append(f"Most does {largest}: {row['value']:+.2f} ({reach(row)}).")
    return " ".join(told)
