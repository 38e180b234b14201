"""What 50_leakage needs: copies that stand in two splits, validation faces put into training, and what either adds."""

import numpy as np
import pandas as pd

from fer_keras.duplicates import duplicate_groups
from fer_keras.faces import Faces
from fer_keras.scores import accuracy, stand_in_both
from fer_keras.study.tables import differences, learnt, reach, score_table, shares, word


def twins_in(faces: Faces, training: Faces) -> np.ndarray:
    """Of each face the row of its first copy among the training faces; -1 where it has none."""
    groups = duplicate_groups(np.concatenate([faces.images, training.images]))
    own, others = groups[: len(faces)], groups[len(faces) :]
    return np.array([np.flatnonzero(others == each)[0] if each in others else -1 for each in own])


def halves(faces: Faces, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two masks: a half of the faces, drawn at random, and of the other half those without a copy in the first."""
    half = np.random.default_rng(seed).permutation(len(faces)) < len(faces) // 2
    return half, ~half & ~stand_in_both(faces, faces[half])


def joined(some: Faces, others: Faces) -> Faces:
    """All of these faces; others after some."""
    more = others.arrays()
    return Faces(**{name: np.concatenate([values, more[name]]) for name, values in some.arrays().items()})


def by_copy(right: pd.Series, copied: np.ndarray) -> pd.DataFrame:
    """The accuracy on faces with a copy in Training, on those without, and on all. right: of one net, by face."""
    parts = {"with a copy": copied, "without a copy": ~copied, "all": np.ones(len(right), bool)}
    rows = {name: accuracy(np.ones(where.sum()), right[where]) for name, where in parts.items() if where.any()}
    return score_table(rows)


def copies_add(right: pd.DataFrame, copied: np.ndarray) -> pd.DataFrame:
    """What training on the copies adds, face by face (`as they come` against `honest`): where a face has a copy, where
    it has none, and `memory`, the first minus the second. No row where a net has not learnt, or no face has a copy."""
    if not copied.any() or len(learnt(shares(right))) < 2:
        return score_table({})
    pair = {"": ("as they come", "honest")}
    first, second = (differences(right[where], pair).iloc[0] for where in (copied, ~copied))
    apart, spread = first["value"] - second["value"], np.hypot(_half(first), _half(second))  # independent faces
    memory = {"value": apart, "n": first["n"], "interval": [apart - spread, apart + spread]}
    return score_table({"with a copy": first, "without a copy": second, "memory": memory})


def leaks_add(right: pd.DataFrame, put_in: np.ndarray, kept_out: np.ndarray) -> pd.DataFrame:
    """What the validation faces in training add, face by face (`leaky` against `honest`): on these, and on the others.
    No row where one of the two has not learnt, as the faces kept out tell."""
    if not {"leaky", "honest"} <= set(learnt(shares(right[kept_out]))):
        return score_table({})
    pair = {"": ("leaky", "honest")}
    rows = {"put in": put_in, "kept out": kept_out}
    return score_table({name: differences(right[where], pair).iloc[0] for name, where in rows.items()})


def what_copies_do(leaks: pd.DataFrame, copies: pd.DataFrame) -> str:
    """The answer's first sentences. leaks: of `leaks_add`; copies: of `copies_add`."""
    if not len(leaks):
        return "No answer yet: a net has learnt nothing."
    put_in, kept_out = leaks.loc["put in"], leaks.loc["kept out"]
    points = f"{abs(put_in['value']):.0%} of them"
    found = word(
        put_in,
        f"They help nobody here: the net is right less often on faces that it was trained on, by {points}; on others",
        "They change nothing that shows: a net does no better on validation faces that it was trained on; on others",
        f"They make a net look better than it is: it gains {points} on validation faces that it was trained on, and "
        "on others",
    )
    found += " " + word(kept_out, "it loses", "nothing that shows", f"{kept_out['value']:.0%}")
    found += f" ({reach(kept_out)})."
    if len(copies):
        shown = word(copies.loc["memory"], "lower the accuracy on them", "show no effect", "raise the accuracy on them")
        found += f" The copies that the data hold {shown}."
    return found


def _half(row: pd.Series) -> float:
    return np.ptp(row["interval"]) / 2
