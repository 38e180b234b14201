"""Notebook 51: what it varies, and what it makes of several trainings of each kind."""

import inspect
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fer_keras.faces import Faces
from fer_keras.nets.build import NETS, changed_options
from fer_keras.nets.recipes import Recipe
from fer_keras.nets.sizes import parameters_of, width_of
from fer_keras.scores import between_faces, over_seeds, pooled
from fer_keras.study.gap import gap_parts
from fer_keras.study.tables import hits, score_table
from fer_keras.training.run import Run

AS_IT_IS, NO_FLIP = "as it is", "no flip"
VARIANTS: dict[str, tuple[dict, dict]] = {  # what each changes in the net, and in its recipe
    "flip_sideways": ({}, {"flip": "horizontal"}),
    "flip_upside_down": ({}, {"flip": "vertical"}),
    "flip_either": ({}, {"flip": "either"}),  # as report B does
    "shift": ({}, {"shift": 0.1}),  # up to 5 of 48 pixels each way
    "no_batch_norm": ({"batch_norm": False}, {}),
    "no_dropout": ({"dropout": 0}, {}),
    "kernels_of_3": ({"kernel": 3}, {}),
    "kernels_of_5": ({"kernel": 5}, {}),
}
RIVALS: dict[str, dict] = {  # of report C's net, each given as many parameters by its width
    "larger in the middle: gain": {"kernel": 3},
    "larger in the middle: gain over reversed": {"kernel": (5, 3, 3, 5)},
    "more in the middle: gain": {"filters": (48, 48, 48, 48)},
    "more in the middle: gain over reversed": {"filters": (64, 32, 32, 64)},
}


def kinds_of(net: str, wanted: str, recipe: Recipe) -> dict[str, tuple[dict, dict]]:
    """What to train: the net as it is, and the variants named in `wanted`; those that change nothing are left out.

    Mirrors are compared with none. So where the recipe has some, a kind without them is there as well, and the recipe's
    own are not left out: that training is there already."""
    names = [name for name in wanted.replace(" ", "").split(",") if name]
    if unknown := [name for name in names if name not in VARIANTS]:
        raise ValueError(f"no variant is called {unknown[0]!r}; there are {', '.join(VARIANTS)}")
    known = set(inspect.signature(NETS[net]).parameters) if net in NETS else set()
    kinds = {AS_IT_IS: ({}, {})}
    if recipe.flip and any("flip" in VARIANTS[name][1] for name in names):
        kinds[NO_FLIP] = {}, {"flip": None}
    for name in names:
        option, change = VARIANTS[name]
        differs = changed_options(net, option) or recipe.changed(**change) != recipe or "flip" in change
        if differs and set(option) <= known:
            kinds[name.replace("_", " ")] = option, change
    return kinds


def gained(right: pd.DataFrame, other: pd.DataFrame) -> np.ndarray:
    """(seeds, faces): 1 where the first is right and the other is not, -1 the other way round. Both are of `hits`, a
    column a seed."""
    return right.to_numpy(float).T - other.to_numpy(float).T


def gains_of(right: Mapping[str, pd.DataFrame], base: str, able: Sequence[str], sign: int = 1) -> pd.DataFrame:
    """How much more often each kind is right than `base` with the same seeds, face by face, or with sign=-1 how much
    more often `base` is right; 95 % intervals for other seeds and faces. Kinds of mirrors are compared with "no flip"
    where that is a kind. able: the kinds that have learnt; no other is compared."""
    gains = {}
    for kind in right:
        beside = NO_FLIP if NO_FLIP in right and kind.startswith("flip ") else base
        if kind not in (base, NO_FLIP) and {kind, beside} <= set(able):
            gains[kind] = sign * gained(right[kind], right[beside])
    return score_table(pooled(gains))


def epochs_saved(runs: Mapping[str, Mapping[int, Run]], able: Sequence[str]) -> pd.DataFrame:
    """How many epochs batch norm saves, seed by seed, on the way to the lowest training loss that all come to, between
    epochs in a line; 95 % interval over seeds. Empty unless both kinds have learnt."""
    if not {AS_IT_IS, "no batch norm"} <= set(able):
        return score_table({})
    pair = runs[AS_IT_IS], runs["no batch norm"]
    goal = max(run.history["loss"].min() for trained in pair for run in trained.values())
    saved = []
    for seed in pair[0]:
        falls = [-trained[seed].history["loss"].cummin() for trained in pair]
        usual, without = (np.interp(-goal, fall, fall.index) for fall in falls)
        saved.append(without - usual)
    return score_table({"batch norm saves epochs": over_seeds(saved)})


def gap_closed(
    runs: Mapping[str, Mapping[int, Run]], able: Sequence[str], training: Faces, validation: Faces
) -> pd.DataFrame:
    """How much narrower the gap between training faces and validation faces is with dropout than without: in equal
    epochs, or at an equal training loss where each was trained until it came to one. Empty unless both kinds have
    learnt."""
    if not {AS_IT_IS, "no dropout"} <= set(able):
        return score_table({})
    sides = [gained(hits(runs["no dropout"], each), hits(runs[AS_IT_IS], each)) for each in (training, validation)]
    epochs = {kind: [len(run.history) for run in runs[kind].values()] for kind in (AS_IT_IS, "no dropout")}
    alike = epochs[AS_IT_IS] == epochs["no dropout"]
    return score_table({"dropout closes" + ("" if alike else " at equal loss"): between_faces(*sides)})


def gaps_of(runs: Mapping[str, Sequence[Run]], training: Faces, validation: Faces) -> pd.DataFrame:
    """The parts of the gap of each kind, and the whole: a row a kind and cause, with the interval over seeds. Then how
    far augmentation's part is ahead of the largest other one."""
    rows = {}
    for kind, trained in runs.items():
        parts = pd.DataFrame([gap_parts(run, training, validation)["part"] for run in trained])
        measured = {"n": len(validation), "trainings": len(trained)}
        for cause, values in parts.assign(whole=parts.sum(axis=1)).items():
            rows[f"{kind} gap {cause}"] = over_seeds(values) | measured | {"kind": kind, "cause": cause}
        ahead = parts["augmentation"] - parts[parts.drop(columns="augmentation").mean().idxmax()]
        rows[f"{kind} gap augmentation lead"] = over_seeds(ahead) | measured
    return score_table(rows)


def told_of_middle(width: float, runs: Sequence[Run]) -> pd.Series:
    """Of the trainings of report C's net and its rivals, for notebook 90: the net, its width, and how far the one came
    that came least far. Empty for none."""
    if not runs:
        return pd.Series()
    ends = [run.history.iloc[-1] for run in runs]
    return pd.Series({
        "middle net": "cnn_pyramid",
        "middle width": float(width),
        "middle epochs": min(len(run.history) for run in runs),
        "middle logged training accuracy": float(min(end["accuracy"] for end in ends)),
        "middle logged training loss": float(max(end["loss"] for end in ends)),
    })  # fmt: skip


def middle_nets(options: dict, epochs: int) -> dict[str, dict]:
    """Report C's net and its rivals, as options; none for no epochs."""
    if not epochs:
        return {}
    size = parameters_of("cnn_pyramid", **options)
    nets = {"C": options}
    for kind, option in RIVALS.items():
        nets[kind] = option | {"width": width_of("cnn_pyramid", size, **option)}
    return nets
