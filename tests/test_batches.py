"""FaceBatches: every face once an epoch, the same batch always, and only the change that was asked for."""

import os
import pickle
import subprocess
import sys
import textwrap

import conftest
import numpy as np
import pytest

from fer_keras import FaceBatches


def epoch_of(batches, epoch=0):
    made = [batches.batch(epoch, index) for index in range(len(batches))]
    return np.concatenate([images[..., 0] for images, _ in made]), np.concatenate([labels for _, labels in made])


def rows_of(images, faces):
    """Which face each picture is."""
    row = {face.tobytes(): i for i, face in enumerate(faces.images)}
    return [row.get(image.tobytes(), -1) for image in images]


@pytest.fixture(scope="module")
def faces(drawn):
    different = np.unique(drawn.duplicate_groups(exact=True), return_index=True)[1]
    return drawn[np.sort(different)[:300]]


def test_an_epoch_holds_every_face_once_with_its_label(faces):
    batches = FaceBatches(faces, batch_size=64)
    images, labels = batches[0]
    assert images.shape == (64, 48, 48, 1) and images.dtype == np.uint8 and labels.dtype == np.int32
    assert len(batches) == 5 and len(batches[4][0]) == 300 - 4 * 64
    images, labels = epoch_of(batches)
    rows = rows_of(images, faces)
    assert sorted(rows) == list(range(300)) and (labels == faces.labels[rows]).all()
    assert rows != list(range(300)) and rows != rows_of(epoch_of(batches, 1)[0], faces)
    assert rows_of(epoch_of(FaceBatches(faces, shuffle=False))[0], faces) == list(range(300))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"flip": "either"},
        {"flip": "either", "coin": "epoch"},
        {"flip": "horizontal", "shift": 0.1},
        {"rotation": 10, "zoom": 0.1, "brightness": 0.1, "contrast": 0.2, "erase": 0.5},
    ],
)
def test_a_batch_follows_from_seed_epoch_and_index_alone(faces, options):
    one, other = (FaceBatches(faces, batch_size=50, seed=3, **options) for _ in range(2))
    forwards = {(e, i): one.batch(e, i) for e in range(3) for i in range(6)}
    other = pickle.loads(pickle.dumps(other))  # as a worker process gets it
    for e, i in reversed(forwards):
        for a, b in zip(forwards[e, i], other.batch(e, i), strict=True):
            assert (a == b).all()
    assert not (FaceBatches(faces, batch_size=50, seed=4, **options).batch(0, 0)[0] == forwards[0, 0][0]).all()


@pytest.mark.parametrize(("how", "kinds"), [("horizontal", {0, 1}), ("vertical", {0, 2}), ("either", {0, 1, 2})])
def test_flips_turn_half_of_the_faces_the_way_asked_for(faces, how, kinds):
    images, _ = epoch_of(FaceBatches(faces, shuffle=False, flip=how))
    turned = [faces.images, faces.images[:, :, ::-1], faces.images[:, ::-1]]
    kind = np.array([next(k for k in range(3) if (image == turned[k][i]).all()) for i, image in enumerate(images)])
    assert set(kind) == kinds
    shares = [np.mean(kind == k) for k in sorted(kinds)]
    assert np.abs(np.array(shares) - ([0.5, 0.5] if len(kinds) == 2 else [0.5, 0.25, 0.25])).max() < 0.1


def test_one_coin_an_epoch_turns_all_faces_or_none(faces):
    batches = FaceBatches(faces, batch_size=64, shuffle=False, flip="vertical", coin="epoch")
    turned = [
        [(images == a).all() for a in (faces.images, faces.images[:, ::-1])]
        for images, _ in (epoch_of(batches, e) for e in range(30))
    ]
    assert all(sum(each) == 1 for each in turned)
    assert 5 < sum(each[1] for each in turned) < 25


def test_shifts_move_faces_by_whole_pixels_up_to_the_fraction(faces):
    images, _ = epoch_of(FaceBatches(faces, shuffle=False, shift=0.1))
    padded = np.pad(faces.images, ((0, 0), (5, 5), (5, 5)), mode="edge")
    moves = []
    for face, image in zip(padded, images, strict=True):
        moves.append([(y, x) for y in range(11) for x in range(11) if (face[y : y + 48, x : x + 48] == image).all()])
    assert all(moves)
    down = [found[0][0] - 5 for found in moves if len(found) == 1]
    assert min(down) == -5 and max(down) == 5 and abs(np.mean(down)) < 1


def test_faces_are_rotated_about_their_middle_as_scipy_does(faces):
    from scipy.ndimage import rotate

    images, _ = epoch_of(FaceBatches(faces, shuffle=False, rotation=30))
    middle = np.s_[12:36, 12:36]  # which no turn brings to the border
    angles = []
    for face, image in zip(faces.images[:20], images, strict=False):
        turned = [rotate(face, angle, reshape=False, order=1, mode="nearest") for angle in range(-30, 31)]
        apart = [np.abs(each[middle].astype(float) - image[middle]).mean() for each in turned]
        assert min(apart) < 2 or face[middle].std() < 4
        angles.append(int(np.argmin(apart)) - 30)
    assert min(angles) < -10 and max(angles) > 10


def test_zoom_keeps_the_middle_and_moves_what_is_around_it(faces):
    y, x = np.indices((48, 48))
    rings = np.hypot(y - 23.5, x - 23.5)
    discs = np.where(rings < 12, 255, 0).astype(np.uint8)
    many = type(faces)(**faces[:200].arrays() | {"images": np.repeat(discs[None], 200, axis=0)})
    images, _ = epoch_of(FaceBatches(many, shuffle=False, zoom=0.2))
    radii = np.sqrt((images / 255).sum(axis=(1, 2)) / np.pi)
    assert 9.4 < radii.min() < 10.2 and 13.8 < radii.max() < 14.6 and abs(radii.mean() - 12) < 0.3


def test_light_changes_brightness_and_contrast_up_to_the_fraction(faces):
    grey = np.full((200, 48, 48), 100, np.uint8)
    grey[:, 24:] = 140
    many = type(faces)(**faces[:200].arrays() | {"images": grey})
    brighter, _ = epoch_of(FaceBatches(many, shuffle=False, brightness=0.1))
    means = brighter.mean(axis=(1, 2))
    assert 94 <= means.min() < 97 and 143 < means.max() <= 146 and set(np.ptp(brighter, axis=(1, 2))) == {40}
    stronger, _ = epoch_of(FaceBatches(many, shuffle=False, contrast=0.5))
    spans = np.ptp(stronger, axis=(1, 2))
    assert 20 <= spans.min() < 23 and 57 < spans.max() <= 60 and set(stronger.mean(axis=(1, 2))) == {120}


def test_a_rectangle_is_erased_with_the_probability_asked_for(faces):
    images, _ = epoch_of(FaceBatches(faces, shuffle=False, erase=0.4))
    changed = images != faces.images
    touched = changed.any(axis=(1, 2))
    assert 0.3 < touched.mean() < 0.5
    for each in changed[touched]:
        high, wide = each.any(axis=1).nonzero()[0], each.any(axis=0).nonzero()[0]
        assert 8 <= np.ptp(high) + 1 <= 24 and 8 <= np.ptp(wide) + 1 <= 24
        assert each[high[0] : high[-1] + 1, wide[0] : wide[-1] + 1].mean() > 0.9, "one rectangle"


def test_mixup_mixes_pictures_and_targets_alike(faces):
    images, targets = epoch_of(FaceBatches(faces, shuffle=False, mixup=1, targets=faces.label_targets()))
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    share = targets[np.arange(len(faces)), faces.labels]
    assert share.min() < 0.1 and (targets > 0).sum(axis=1).max() == 2
    black = type(faces)(**faces.arrays() | {"images": np.where(faces.labels == 3, 200, 0)[:, None, None]
                                            .repeat(48, 1).repeat(48, 2).astype(np.uint8)})  # fmt: skip
    images, targets = epoch_of(FaceBatches(black, shuffle=False, mixup=1, targets=black.label_targets()))
    np.testing.assert_allclose(images.mean(axis=(1, 2)), 200 * targets[:, 3], atol=1)


def test_switching_one_augmentation_on_leaves_the_other_as_it_was(faces):
    both = epoch_of(FaceBatches(faces, shuffle=False, flip="horizontal", shift=0.02))[0]
    flipped = epoch_of(FaceBatches(faces, shuffle=False, flip="horizontal"))[0]
    inner = slice(1, 47)
    near = [
        min(
            np.abs(a[inner, inner].astype(int) - np.roll(b, (y, x), (0, 1))[inner, inner]).max()
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
        )
        for a, b in zip(both, flipped, strict=True)
    ]
    assert max(near) == 0


def test_order_flip_and_shift_are_drawn_independently(faces):
    batches = FaceBatches(faces)
    drawn = [batches._generator(purpose, 0, 0).random() for purpose in ("order", "flip", "shift")]
    drawn += [batches._generator("flip", 1, 0).random(), batches._generator("flip", 0, 1).random()]
    assert len(set(drawn)) == 5


def test_two_loops_over_the_same_batches_do_not_disturb_each_other(faces):
    batches = FaceBatches(faces, batch_size=100)
    for index, (one, other) in enumerate(zip(batches, batches, strict=True)):
        assert (one[0] == batches.batch(0, index)[0]).all() and (other[0] == batches.batch(1, index)[0]).all()
    with pytest.raises(IndexError):
        batches.batch(0, len(batches))


def test_loops_go_on_to_the_next_epoch(faces):
    batches = FaceBatches(faces, batch_size=100, flip="either")
    passes = [np.concatenate([images for images, _ in batches])[..., 0] for _ in range(3)]
    for epoch, images in enumerate(passes):
        assert (images == epoch_of(batches, epoch)[0]).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"flip": "left"}, "flip is one of horizontal, vertical, either, or None, not 'left'"),
        ({"flip": "either", "coin": "batch"}, "coin is one of face or epoch, not 'batch'"),
        ({"shift": 5}, "shift is a fraction of the width"),
        ({"shift": -0.1}, "shift is a fraction"),
        ({"shift": 0.005}, "shift is a fraction"),
        ({"rotation": 200}, "rotation is a number of degrees from 0 to 180, not 200"),
        ({"zoom": 1.5}, "zoom is a number from 0 to below 1, not 1.5"),
        ({"erase": -0.1}, "erase is a number from 0 to below 1"),
        ({"mixup": 0.2}, "mixup is 0 or above and needs targets"),
        ({"batch_size": 0}, "batch_size is at least 1"),
        ({"seed": -1}, "seed at least 0"),
    ],
)
def test_wrong_options_are_refused(faces, options, says):
    with pytest.raises(ValueError, match=says):
        FaceBatches(faces, **options)


def test_targets_go_with_their_faces(faces):
    shares = faces.vote_targets()
    images, targets = epoch_of(FaceBatches(faces, batch_size=64, targets=shares))
    assert targets.dtype == np.float32 and targets.shape == (300, 7)
    np.testing.assert_allclose(targets, shares[rows_of(images, faces)], atol=1e-7)
    with pytest.raises(ValueError, match=r"targets are 7 shares for each of 300 faces, not \(299, 7\)"):
        FaceBatches(faces, targets=shares[:-1])


def test_unknown_options_and_faces_without_labels_are_refused(faces):
    with pytest.raises(TypeError, match="rotate"):
        FaceBatches(faces, rotate=10)
    with pytest.raises(ValueError, match="none"):
        FaceBatches(faces[:0])
    with pytest.raises(ValueError, match="unlabelled"):
        FaceBatches(type(faces)(**faces.arrays() | {"labels": np.full(300, -1, np.int8)}))


FIT = """
    import hashlib, sys
    import keras, numpy as np
    from keras import layers, ops
    from fer_keras import FaceBatches, load_faces

    def fit(first, last):
        seen = []
        class Look(FaceBatches):
            def batch(self, epoch, index):
                images, labels = super().batch(epoch, index)
                seen.append((epoch, index, hashlib.md5(images).hexdigest()))
                return images, labels
        batches = Look(load_faces(n=240).split("Training"), 32, flip="either", shift=0.1, seed=7)
        net = keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(7, activation="softmax")])
        net.compile("sgd", "sparse_categorical_crossentropy")
        net.build((None, 48, 48, 1))
        images, labels = batches[0]
        net.fit(batches, initial_epoch=first, epochs=last, shuffle=False, verbose=0, callbacks=[batches.epochs()],
                validation_data=(images, labels))
        wanted = [(e, i) for e in range(first, last) for i in range(len(batches))]
        trained = [entry for entry in seen if entry[:2] in set(wanted)][-len(wanted):]
        assert [entry[:2] for entry in trained] == wanted, seen
        return trained

    whole, resumed = fit(0, 4), fit(2, 4)
    assert whole[-len(resumed):] == resumed
    print(hashlib.md5(repr(whole).encode()).hexdigest())
"""


def fit_on(backend: str) -> str:
    """A fingerprint of all batches that `fit` trained on, whole and resumed."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", textwrap.dedent(FIT)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()[-1]


@pytest.fixture(scope="module")
def on_tensorflow():
    return fit_on("tensorflow")


def test_fit_sees_the_batches_of_its_epochs_after_a_resume_too(on_tensorflow):
    assert len(on_tensorflow) == 32


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_fit_sees_the_same_batches_on_every_backend(on_tensorflow, backend):
    conftest.require(backend)
    assert fit_on(backend) == on_tensorflow
