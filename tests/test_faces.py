"""Faces as a table: slices, splits, counts, votes, and a name that does not depend on their order."""

import numpy as np
import pytest

from fer_keras import EMOTIONS, SPLITS, Faces


def test_slices_keep_all_columns_together(drawn):
    part = drawn[drawn.labels == 3][5:2:-1]
    rows = np.flatnonzero(drawn.labels == 3)[[5, 4, 3]]
    for name, values in part.arrays().items():
        assert (values == getattr(drawn, name)[rows]).all(), name
    assert len(drawn[7]) == 1 and drawn[7].ids[0] == drawn.ids[7]
    with pytest.raises(IndexError):
        drawn[len(drawn)]


def test_splits_partition_the_faces(drawn):
    assert sum(len(drawn.split(name)) for name in SPLITS) == len(drawn)
    assert set(drawn.split("PublicTest").splits) == {"PublicTest"}
    with pytest.raises(ValueError, match="no split is called 'public'"):
        drawn.split("public")


def test_class_counts_are_those_of_the_labels(drawn):
    table = drawn.class_counts()
    assert list(table.index) == list(EMOTIONS) and list(table.columns) == list(SPLITS)
    for split in SPLITS:
        assert list(table[split]) == list(np.bincount(drawn.split(split).labels, minlength=7))


def test_fingerprint_ignores_order_and_votes_but_nothing_else(drawn, rng):
    same = drawn[rng.permutation(len(drawn))]
    assert same.fingerprint == drawn.fingerprint
    arrays = drawn.arrays()
    assert Faces(**{k: v for k, v in arrays.items() if k != "votes"}).fingerprint == drawn.fingerprint
    for name, change in {"images": 1, "labels": 1}.items():
        changed = arrays[name].copy()
        changed[0] = changed[0] + change if name == "images" else (changed[0] + 1) % 7
        assert Faces(**arrays | {name: changed}).fingerprint != drawn.fingerprint, name
    assert drawn[:-1].fingerprint != drawn.fingerprint
    assert Faces(**arrays | {"splits": np.full(len(drawn), "Training")}).fingerprint != drawn.fingerprint


def test_stratified_split_keeps_shares_and_duplicates_together(drawn):
    rest, part = drawn.stratified_split(0.25, seed=1)
    assert len(rest) + len(part) == len(drawn) and abs(len(part) / len(drawn) - 0.25) < 0.02
    shares = np.bincount(part.labels, minlength=7) / len(part) - np.bincount(drawn.labels, minlength=7) / len(drawn)
    assert np.abs(shares).max() < 0.02
    groups = dict(zip(drawn.ids, drawn.duplicate_groups(), strict=True))
    assert not {groups[i] for i in rest.ids} & {groups[i] for i in part.ids}
    assert set(drawn.stratified_split(0.25, seed=2)[1].ids) != set(part.ids)
    with pytest.raises(ValueError, match="between 0 and 1"):
        drawn.stratified_split(25)
    lonely = drawn[(drawn.labels != 1) | (np.arange(len(drawn)) == np.flatnonzero(drawn.labels == 1)[0])]
    with pytest.raises(ValueError, match="only one disgust face"):
        lonely.stratified_split(0.25)


def test_a_sample_keeps_splits_and_classes_in_proportion(drawn):
    part = drawn.sample(140, seed=3)
    assert len(part) == len(set(part.ids)) == 140
    difference = part.class_counts() / 140 - drawn.class_counts() / len(drawn)
    assert difference.abs().to_numpy().max() < 0.01
    assert len(drawn.sample(10**6)) == len(drawn)


def test_votes_become_majority_shares_and_not_a_face():
    votes = np.zeros((4, 10), np.uint8)
    votes[0, [1, 4]] = 6, 4  # happiness, anger
    votes[1, [9, 1]] = 8, 2  # NF
    votes[2, [7, 0]] = 7, 3  # contempt
    votes[3, 8] = 10  # unknown
    images, splits = np.zeros((4, 48, 48), np.uint8), np.full(4, "Training")
    faces = Faces(images, np.zeros(4, np.int8), splits, np.arange(4), votes)
    assert list(faces.vote_majority()) == [EMOTIONS.index("happy"), -1, -1, -1]
    assert list(faces.not_a_face()) == [False, True, False, False]
    assert faces.vote_shares()[0].tolist() == [0.4, 0, 0, 0.6, 0, 0, 0]
    assert np.isnan(faces.vote_shares()[3]).all()
    with pytest.raises(ValueError, match="no FER\\+ votes"):
        Faces(images, faces.labels, splits, faces.ids).vote_majority()


def test_targets_are_the_votes_and_the_label_where_there_are_none():
    votes = np.zeros((2, 10), np.uint8)
    votes[0, [1, 4, 8]] = 6, 2, 2  # happiness, anger, unknown
    faces = Faces(
        np.zeros((2, 48, 48), np.uint8), np.array([2, 5], np.int8), np.full(2, "Training"), np.arange(2), votes
    )
    assert faces.vote_targets().tolist() == [[0.25, 0, 0, 0.75, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0]]
    assert faces.label_targets().argmax(axis=1).tolist() == [2, 5] and faces.label_targets().sum() == 2


def test_parts_are_what_fits_what_chooses_and_what_judges(drawn):
    assert [set(part.splits) for part in drawn.parts()] == [{name} for name in SPLITS]
    public = drawn[drawn.splits != "PrivateTest"]
    training, validation, judged = public.parts()
    assert judged is validation and len(validation) == (public.splits == "PublicTest").sum()
    training, validation, judged = drawn.split("Training").parts(seed=1)
    assert judged is validation and set(validation.splits) == {"held out"}
    assert len(training) + len(validation) == (drawn.splits == "Training").sum()
    assert abs(len(validation) / len(training) - 1 / 9) < 0.03
    training, validation, judged = drawn[drawn.splits != "PublicTest"].parts()
    assert set(judged.splits) == {"PrivateTest"} and set(validation.splits) == {"held out"}


def test_the_reports_split_is_a_random_tenth_copies_and_all(drawn):
    whole = drawn.split("Training")
    training, validation, judged = drawn.parts("theirs")
    assert len(validation) == len(whole) // 10 and len(training) + len(validation) == len(whole)
    assert judged is validation and set(validation.splits) == {"randomly held out"}
    assert sorted([*training.ids, *validation.ids]) == sorted(whole.ids)
    groups = whole.duplicate_groups()
    in_training = dict(zip(whole.ids, groups, strict=True))
    copied = {in_training[one] for one in validation.ids} & {in_training[one] for one in training.ids}
    assert copied, "copies of a face on both sides, as the reports had them"
    assert drawn.parts("theirs")[1].ids.tolist() == validation.ids.tolist()
    assert drawn.parts("theirs", seed=1)[1].ids.tolist() != validation.ids.tolist()
    with pytest.raises(ValueError, match=r"split is ours, theirs or a share such as 0.1, not 'mine'"):
        drawn.parts("mine")


def test_wrong_arrays_are_refused():
    four = np.zeros((4, 48, 48), np.uint8), np.zeros(4, np.int8), np.full(4, "Training"), np.arange(4)
    with pytest.raises(ValueError, match="4 images but 3 labels"):
        Faces(four[0], four[1][:3], *four[2:])
    with pytest.raises(ValueError, match="not float64"):
        Faces(four[0] / 255, *four[1:])


def test_faces_without_splits_get_some_by_a_share_of_each_class(drawn):
    flat = drawn.split("Training")
    mine = flat.divided(0.1)
    assert (mine.ids == flat.ids).all() and (mine.labels == flat.labels).all()
    counts = mine.class_counts()
    shares = counts.div(counts.sum(axis=1), axis=0)
    assert (shares["PublicTest"] - 0.1).abs().max() < 0.05 and (shares["PrivateTest"] - 0.1).abs().max() < 0.05
    groups = flat.duplicate_groups()
    assert len(np.unique(groups)) < len(groups), "there are copies"
    assert all(len({*mine.splits[groups == group]}) == 1 for group in np.unique(groups))
    assert (flat.divided("0.1").splits == mine.splits).all() and (flat.divided(0.1, seed=1).splits != mine.splits).any()
    training, validation, judged = flat.parts(0.1)
    assert [set(part.splits) for part in (training, validation, judged)] == [{name} for name in SPLITS]
    assert len(judged) == (mine.splits == "PrivateTest").sum()


@pytest.mark.parametrize(
    ("share", "says"),
    [
        (0.5, "below 0.5, not 0.5"),
        (0, "below 0.5, not 0"),
        (float("nan"), "below 0.5, not nan"),
        (0.01, r"a share of 0.01 is \d of \d+ different faces, too few for 7 classes: take a larger one"),
    ],
)
def test_a_share_that_cannot_split_is_refused(drawn, share, says):
    with pytest.raises(ValueError, match=says):
        drawn.split("Training").divided(share)


def test_faces_with_splits_keep_them(drawn):
    with pytest.raises(ValueError, match=r"these faces have PrivateTest and PublicTest; split 0.1 is for"):
        drawn.parts(0.1)
