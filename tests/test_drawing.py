"""The embedded faces: the same for the same seed, in their shares, and moved by the units that they are drawn from."""

import numpy as np
import pytest

from fer_keras import EMOTIONS, draw_faces
from fer_keras.base import home
from fer_keras.drawing import expressions, paint
from fer_keras.drawing.people import COPIED

MOUTH, BROWS = slice(30, 44), slice(10, 20)  # rows of a face that looks straight ahead
STILL = dict.fromkeys(("x", "y", "roll", "yaw", "pitch", "noise", "cover", "beard", "glasses"), 0) | {"scale": 1.1}


def draw_face(units, person=4):
    """One face that looks straight ahead, with these strengths of units; the same number is the same person."""
    rng = np.random.default_rng(person)
    people = paint.random_people(1, rng) | {name: np.array([value]) for name, value in STILL.items()}
    strengths = np.array([[units.get(unit, 0.0) for unit in expressions.UNITS]], np.float32)
    return paint.paint(people, expressions.moved(strengths), rng)[0].astype(float)


def test_the_same_seed_draws_the_same_faces_and_another_does_not(monkeypatch, tmp_path):
    first = draw_faces(240, seed=1)
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path))  # an empty cache: drawn again
    again, other = draw_faces(240, seed=1), draw_faces(240, seed=2)
    for name, values in first.arrays().items():
        assert (values == getattr(again, name)).all(), name
    assert not (first.images == other.images).all()
    assert len(list((home.folder() / "faces").glob("embedded-240-*.npz"))) == 2


def test_default_faces_come_in_three_splits_with_all_classes(drawn):
    table = drawn.class_counts()
    assert list(table.sum()) == [560, 70, 70]
    assert (table > 0).all().all()
    assert drawn.votes.sum(axis=1).tolist() == [10] * len(drawn)


def test_planted_copies_are_as_many_as_said(drawn):
    test = drawn[drawn.splits != "Training"]
    originals = set(drawn.split("Training").ids)
    copied = [name for name in test.ids if "," in name]
    assert len(copied) == 2 * sum(round(70 * share) for share in COPIED["PublicTest"])
    assert all(name.split(",")[0] in originals for name in copied)


def test_no_two_people_are_alike(rng):
    people = paint.random_people(500, rng)
    for trait in ("width", "jaw", "skin", "eye_x", "brow_y", "nose_width", "mouth_y", "hair", "light_x"):
        assert len(np.unique(people[trait])) > 480 and people[trait].std() > 0.01, trait


def test_the_smallest_draw_has_every_class_in_every_split():
    assert (draw_faces(240).class_counts() > 0).all().all()


@pytest.mark.parametrize("emotion", [e for e in EMOTIONS if e != "neutral"])
def test_an_expression_grows_with_its_intensity(emotion):
    units = expressions.UNITS_OF_EMOTION[emotion]
    still, *faces = [draw_face({unit: i * strength for unit, strength in units.items()}) for i in (0, 0.4, 1)]
    assert np.array_equal(still, draw_face({}))
    weak, strong = (np.abs(face - still).mean() for face in faces)
    assert 0.3 < weak < strong


def test_units_move_their_part_of_the_face():
    neutral = draw_face({})
    for unit, rows in {12: MOUTH, 15: MOUTH, 26: MOUTH, 1: BROWS, 2: BROWS, 4: BROWS}.items():
        change = np.abs(draw_face({unit: 1}) - neutral)
        assert change[rows].sum() > 0.6 * change.sum(), unit
        assert change.mean() > 0.8, unit  # grey levels: 1.2 to 4.0 for these


def test_a_draw_too_small_for_every_class_is_refused():
    with pytest.raises(ValueError, match="at least 240"):
        draw_faces(10)


def test_raters_agree_on_strong_faces_and_hesitate_on_weak_ones(rng):
    label = np.repeat(np.arange(7), 200)
    seen = {}
    for name, intensity in {"weak": 0.25, "strong": 1.1}.items():
        units = expressions.random_units(label, np.full(len(label), intensity), rng)
        no, shown = np.zeros(len(label)), label != EMOTIONS.index("neutral")
        votes = expressions.vote(units, no, no.astype(bool), rng)[:, list(expressions.VOTE_OF_EMOTION)]
        seen[name] = (votes.argmax(axis=1) == label)[shown].mean()
        seen[name + " neutral"] = (votes.argmax(axis=1) == label)[~shown].mean()
    assert seen["strong"] > 0.9 > 0.6 > seen["weak"]
    assert seen["weak neutral"] > 0.7
