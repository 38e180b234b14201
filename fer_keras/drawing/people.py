"""The embedded faces: drawn from facial action units, so that every notebook runs without any download.

They are drawings. What a net reaches on them says how the net compares with another one on drawings, and
nothing about people.
"""

import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image

from fer_keras.base import home
from fer_keras.drawing.expressions import moved, random_units, vote
from fer_keras.drawing.paint import paint, random_people
from fer_keras.drawing.regions import find_regions
from fer_keras.faces import EMOTIONS, SIZE, SPLITS, Faces

# Shares of the classes, in the order of EMOTIONS: FER2013's, with more disgust (1.5 % there)
SHARES = np.array([0.14, 0.05, 0.14, 0.24, 0.16, 0.11, 0.16])
# Shares of each split that are exact and near copies of a Training face: about what FER2013 has
COPIED = {"Training": (0.03, 0.02), "PublicTest": (0.08, 0.04), "PrivateTest": (0.08, 0.04)}
NEAR = ("recompressed", "shifted", "brightened", "mirrored")
RELABELLED = 0.05  # share of copies whose label another person gave
NOT_A_FACE = 0.004  # share of pictures
FEWEST = 240  # faces: then every split has every class
_DRAWING = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()


def draw_faces(n: int = 4000, seed: int = 0) -> Faces:
    """n drawn faces in three splits (80, 10, 10 %), with votes and planted copies. Cached after the first draw.

    The `ids` tell which face is a copy of which: "face 12", "face 12, mirrored".

    >>> draw_faces(300, seed=1)
    Faces(240 Training, 30 PublicTest, 30 PrivateTest; with votes)
    """
    if n < FEWEST:
        raise ValueError(f"n is at least {FEWEST}, so that every split has every class, not {n}")
    name, stamp = f"faces/embedded-{n}-{seed}", _DRAWING
    if kept := home.restore(name, stamp):
        return Faces(**kept[0])
    faces = _draw(n, np.random.default_rng(seed))
    home.keep(name, stamp, faces.arrays())
    return faces


def _draw(n: int, rng: np.random.Generator) -> Faces:
    sizes = dict(zip(SPLITS, (n - 2 * (n // 10), n // 10, n // 10), strict=True))
    copied = {split: [round(share * sizes[split]) for share in COPIED[split]] for split in SPLITS}
    fresh = [sizes[split] - sum(copied[split]) for split in SPLITS]
    labels = np.concatenate([_labels(count, rng) for count in fresh])
    images, regions, votes = _new_faces(labels, rng)
    ids = np.array([f"face {i}" for i in range(1, len(labels) + 1)], "U60")
    parts = [(images, labels, np.repeat(SPLITS, fresh), ids, votes, regions)]
    for split, (exact, near) in copied.items():
        origin = rng.choice(fresh[0], exact + near, replace=False)  # Training faces
        changes = ["exact"] * exact + list(rng.choice(NEAR, near))
        copies = [_copy(how, images[i], regions[i], rng) for i, how in zip(origin, changes, strict=True)]
        copied_images, copied_regions = map(np.stack, zip(*copies, strict=True))
        relabel = rng.random(len(origin)) < RELABELLED
        copied_labels = np.where(relabel, rng.choice(len(EMOTIONS), len(origin)), labels[origin])
        copied_ids = [f"{ids[i]}, {how}" for i, how in zip(origin, changes, strict=True)]
        of_split = np.full(len(origin), split)
        parts.append((copied_images, copied_labels, of_split, copied_ids, votes[origin], copied_regions))
    images, labels, splits, ids, votes, regions = map(np.concatenate, zip(*parts, strict=True))
    order = rng.permutation(n)
    order = order[np.argsort([SPLITS.index(split) for split in splits[order]], kind="stable")]
    return Faces(images, labels.astype(np.int8), splits, ids, votes, regions)[order]


def _labels(count: int, rng: np.random.Generator) -> np.ndarray:
    """Classes in their shares, in random order; of 20 faces or more each at least once."""
    return rng.permutation(np.searchsorted(np.cumsum(SHARES) * count, np.arange(count) + 0.5))


def _new_faces(labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = len(labels)
    people = random_people(n, rng)
    not_a_face = rng.random(n) < NOT_A_FACE  # a detector's mistake: a patch of skin and background
    people["scale"][not_a_face] *= 4
    people["x"][not_a_face] += 1.5
    units = random_units(labels, rng.uniform(0.45, 1.25, n), rng)
    hidden = 0.15 * (people["cover"] > 0) + 0.08 * people["blur"] ** 2
    images = paint(people, moved(units), rng)
    return images, find_regions(people, moved(units)), vote(units, hidden, not_a_face, rng)


def _copy(how: str, image: np.ndarray, regions: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A copy of a face, "exact" or made in one of the ways of NEAR, and its regions."""
    if how == "recompressed":
        with io.BytesIO() as file:
            Image.fromarray(image).save(file, "JPEG", quality=int(rng.integers(50, 90)))
            return np.asarray(Image.open(file)), regions
    if how == "shifted":
        down, right = rng.permutation([1, rng.integers(0, 2)])
        window = slice(1 - down, 1 - down + SIZE), slice(1 - right, 1 - right + SIZE)
        return np.pad(image, 1, mode="edge")[window], np.pad(regions, 1, mode="edge")[window]
    if how == "brightened":
        return np.clip(image * rng.uniform(0.8, 1.2) + rng.uniform(-25, 25), 0, 255).astype(np.uint8), regions
    return (image[:, ::-1], regions[:, ::-1]) if how == "mirrored" else (image, regions)
