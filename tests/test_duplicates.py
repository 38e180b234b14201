"""Copies of a picture are found; pictures of different people are not taken for copies."""

import io

import numpy as np
import pytest
from PIL import Image

from fer_keras import draw_faces, duplicate_groups
from fer_keras.duplicates import SAME, aligned_correlation, copies, exact_groups, has_copy


@pytest.fixture(scope="module")
def people():
    """Drawn faces of which none is meant to be a copy of another."""
    faces = draw_faces(1200, seed=5)
    return faces.images[["," not in name for name in faces.ids]][:1000]


def recompress(image):
    with io.BytesIO() as file:
        Image.fromarray(image).save(file, "JPEG", quality=75)
        return np.asarray(Image.open(file))


def shift(image, down=1, right=-1):
    return np.pad(image, 1, mode="edge")[1 - down : 49 - down, 1 - right : 49 - right]


CHANGES = {
    "same": lambda image: image,
    "recompressed": recompress,
    "shifted": shift,
    "brighter": lambda image: np.clip(image * 1.15 + 10, 0, 255).astype(np.uint8),
    "darker": lambda image: (image * 0.8).astype(np.uint8),
    "mirrored": lambda image: image[:, ::-1],
    "all": lambda image: recompress(shift((image * 0.9).astype(np.uint8)[:, ::-1], -1, 1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_copies_are_found(people, change, rng):
    picked = rng.choice(len(people), 200, replace=False)
    changed = np.stack([CHANGES[change](image) for image in people[picked]])
    alike = aligned_correlation(people[picked], changed) >= SAME
    assert alike.mean() >= 0.94  # faint faces drown in the noise of a new compression
    groups = duplicate_groups(np.concatenate([people, changed]))
    found = groups[len(people) :] == groups[picked]
    assert found[alike].mean() >= 0.99


def test_different_people_are_not_taken_for_copies(people):
    first, second, _ = copies(people)
    assert len(first) <= 2, [(a, b) for a, b in zip(first, second, strict=True)]


def test_planted_copies_of_the_embedded_faces_are_found():
    drawn = draw_faces()
    person = np.array([name.split(",")[0] for name in drawn.ids])
    original = {name: row for row, name in enumerate(drawn.ids)}
    groups = drawn.duplicate_groups()
    planted = [row for row, name in enumerate(drawn.ids) if "," in name]
    assert len(planted) == 256
    assert np.mean([groups[row] == groups[original[person[row]]] for row in planted]) >= 0.99


def test_groups_do_not_depend_on_order(people, rng):
    images = np.concatenate([people[:300], people[:100, :, ::-1], people[:50]])
    order = rng.permutation(len(images))
    groups, shuffled = duplicate_groups(images), duplicate_groups(images[order])
    assert len(np.unique(groups)) == len(np.unique(shuffled)) == 300
    assert len(np.unique(groups[order] * 1000 + shuffled)) == 300  # the same partition, numbered otherwise


def test_groups_are_stars_not_chains(people):
    """Blends between two people: neighbours are copies, the ends are not, and must not meet in one group."""
    first, last = people[0].astype(float), people[1].astype(float)
    chain = np.stack([first + (last - first) * t for t in np.linspace(0, 1, 25)]).astype(np.uint8)
    steps = aligned_correlation(chain[:-1], chain[1:])
    assert (steps >= SAME).all() and aligned_correlation(chain[:1], chain[-1:])[0] < 0.8
    groups = duplicate_groups(chain)
    assert groups[0] != groups[-1] and 3 <= len(np.unique(groups)) <= 12
    for group in np.unique(groups):  # any two of a group are copies of one and the same third
        members = chain[groups == group]
        assert max(aligned_correlation(np.stack([m] * len(members)), members).min() for m in members) >= SAME


def test_exact_groups_are_the_same_bytes(people):
    almost = people[0].copy()
    almost[0, 0] ^= 1
    groups = exact_groups(np.stack([people[0], almost, people[1], people[0]]))
    assert groups[0] == groups[3] and len(set(groups)) == 3


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_faces_have_groups_too(people, n):
    assert sorted(duplicate_groups(people[:n])) == sorted(exact_groups(people[:n])) == list(range(n))


def test_flat_pictures_are_copies_only_of_their_like():
    groups = duplicate_groups(np.stack([np.full((48, 48), grey, np.uint8) for grey in (0, 0, 200)]))
    assert groups[0] == groups[1] != groups[2]


def test_a_copy_is_one_whatever_other_pictures_there_are(people):
    """Blends between two people, of which the middle is a copy of both ends, and the ends are no copies of each other:
    which of them lie in one group depends on who else is there."""
    first, last = people[0].astype(float), people[1].astype(float)
    chain = np.stack([first + (last - first) * t for t in np.linspace(0, 1, 25)]).astype(np.uint8)
    steps = [aligned_correlation(chain[:1], chain[i : i + 1])[0] >= SAME for i in range(25)]
    far = steps.index(False)
    middle, end = chain[far - 1], chain[far]
    few = np.stack([chain[0], middle, end])
    assert has_copy(few, np.array([True, False, False])).tolist() == [True, True, False]
    many = np.concatenate([few, chain, people[2:100]])
    assert has_copy(many, np.arange(len(many)) == 0)[:3].tolist() == [True, True, False]
    assert has_copy(many, np.zeros(len(many), bool)).sum() == 0
    assert has_copy(few[:0], np.zeros(0, bool)).tolist() == []
