"""What 50_leakage makes of validation faces in training, on few faces."""

import pytest

from fer_keras.study import leakage


@pytest.fixture
def faces(drawn):
    return drawn.split("Training")[:40]


def test_halves_are_apart_and_joined_faces_keep_all(faces):
    put_in, kept_out = leakage.halves(faces, 0)
    assert put_in.sum() == 20 and not (put_in & kept_out).any() and 0 < kept_out.sum() <= 20
    again, _ = leakage.halves(faces, 1)
    assert (again != put_in).any(), "the seed decides"
    both = leakage.joined(faces[put_in], faces[~put_in])
    assert sorted(both.ids) == sorted(faces.ids) and both.labels[0] == faces[put_in].labels[0]
