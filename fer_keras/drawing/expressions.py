"""Expressions as facial action units (AUs): which of them each emotion uses, what they move, how people would vote.

Distances are in face units: the head reaches from −1 (top) to 1 (chin), its sides from −1 to 1, so 0.04 is
about a pixel. Down is positive.
"""

import numpy as np

from fer_keras.faces import EMOTIONS, VOTE_OF_EMOTION

UNITS_OF_EMOTION: dict[
    str, dict[int, float]
] = {  # and how strongly, 1 unless said: in fear the brows end up raised, though AU 4 pulls them down
    "angry": {4: 1, 5: 1, 7: 1, 23: 1},
    "disgust": {9: 1, 15: 1, 16: 1},
    "fear": {1: 1, 2: 0.7, 4: 0.4, 5: 0.8, 7: 0.2, 20: 0.7, 26: 0.7},
    "happy": {6: 1, 12: 1},
    "sad": {1: 1, 4: 0.8, 15: 1},
    "surprise": {1: 1, 2: 1, 5: 1, 26: 1},
    "neutral": {},
}
MOVES: dict[int, dict[str, float]] = {  # what a unit does at full strength
    1: {"brow_inner": -0.15, "forehead_lines": 0.5},  # inner brow raiser
    2: {"brow_outer": -0.15, "forehead_lines": 0.5},  # outer brow raiser
    4: {"brow_inner": 0.12, "brow_outer": 0.05, "brow_gap": -0.08, "frown": 1.0},  # brow lowerer
    5: {"upper_lid": 0.07},  # upper lid raiser
    6: {"lower_lid": -0.03, "upper_lid": -0.015, "cheek": 1.0},  # cheek raiser
    7: {"lower_lid": -0.03, "upper_lid": -0.02},  # lid tightener
    9: {  # nose wrinkler
        **{"nose_wrinkle": 1.0, "brow_inner": 0.07, "upper_lip": -0.06, "fold": 0.7},
        **{"lower_lid": -0.02, "upper_lid": -0.015},
    },
    12: {"corner": -0.16, "mouth_width": 0.11, "fold": 0.7, "gap": 0.11, "upper_teeth": 1.0},  # lip corner puller
    15: {"corner": 0.15, "mouth_width": -0.02},  # lip corner depressor
    16: {"lower_lip": 0.07, "gap": 0.09, "lower_teeth": 1.0},  # lower lip depressor
    20: {"mouth_width": 0.14, "corner": 0.05, "gap": 0.05, "lip": -0.015, "lower_teeth": 0.8},  # lip stretcher
    23: {"mouth_width": -0.07, "lip": -0.035},  # lip tightener
    26: {"gap": 0.24, "chin": 0.10, "mouth_width": -0.08},  # jaw drop
}
UNITS = tuple(MOVES)
PARTS = tuple(dict.fromkeys(part for moves in MOVES.values() for part in moves))
_MOVES = np.array([[MOVES[unit].get(part, 0.0) for part in PARTS] for unit in UNITS], np.float32)
PROTOTYPES = np.array([[UNITS_OF_EMOTION[e].get(unit, 0) for unit in UNITS] for e in EMOTIONS], np.float32)


def random_units(labels: np.ndarray, intensity: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, units): how strongly each face uses each unit: no two people show an emotion with the same ones."""
    shape = len(labels), len(UNITS)
    personal = rng.uniform(0.6, 1.2, shape) * (rng.random(shape) > 0.08)  # sometimes one is left out
    stray = np.abs(rng.normal(0, 0.18, shape)) * (rng.random(shape) < 0.12)  # and some belong to no emotion
    return np.clip(PROTOTYPES[labels] * personal * intensity[:, None] + stray, 0, 1.3).astype(np.float32)


def moved(units: np.ndarray) -> dict[str, np.ndarray]:
    """How far the units move each part of the face, one value a face."""
    return dict(zip(PARTS, (units @ _MOVES).T, strict=True))


def vote(units: np.ndarray, hidden: np.ndarray, not_a_face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """FER+ votes of ten raters, who see how near the units come to each emotion at its best-fitting strength.

    hidden: share of raters who can't tell, because the face is covered or blurred.
    """
    length = np.maximum((PROTOTYPES**2).sum(axis=1), 1)
    strength = np.clip(units @ PROTOTYPES.T / length, 0, 1)
    apart = ((units[:, None, :] - strength[:, :, None] * PROTOTYPES) ** 2).sum(axis=2)
    apart += 0.8 * (strength < 0.3) * (length > 1)  # hardly there: neutral, most would say
    evidence = np.exp(-apart / 0.45)
    shares = np.full((len(units), 10), 0.004)
    shares[:, VOTE_OF_EMOTION] += evidence / evidence.sum(axis=1, keepdims=True)
    shares[:, 7] += 0.02  # contempt, which no face here means to show
    shares[:, 8] += hidden
    shares[not_a_face] = [0.01] * 8 + [0.12, 0.8]
    return rng.multinomial(10, shares / shares.sum(axis=1, keepdims=True)).astype(np.uint8)
