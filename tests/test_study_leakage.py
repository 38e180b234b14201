"""What 50_leakage makes of copies and of validation faces in training, on few faces and made-up hits."""

import numpy as np
import pytest

from fer_keras.study import leakage


@pytest.fixture
def faces(drawn):
    return drawn.split("Training")[:40]


def test_twins_are_found_mirrored_and_by_row(faces):
    mirrored = faces.images[7][:, ::-1]
    others = leakage.joined(faces[20:25], faces[:0])
    others.images[3] = mirrored
    found = leakage.twins_in(others, faces[:20])
    assert found[3] == 7
    assert (np.delete(found, 3) == -1).all() or set(found) <= {-1, *range(20)}


def test_halves_are_apart_and_joined_faces_keep_all(faces):
    put_in, kept_out = leakage.halves(faces, 0)
    assert put_in.sum() == 20 and not (put_in & kept_out).any() and 0 < kept_out.sum() <= 20
    again, _ = leakage.halves(faces, 1)
    assert (again != put_in).any(), "the seed decides"
    both = leakage.joined(faces[put_in], faces[~put_in])
    assert sorted(both.ids) == sorted(faces.ids) and both.labels[0] == faces[put_in].labels[0]
