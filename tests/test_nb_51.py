"""What 51_ablation records on smoke: two trainings of each kind, compared only where they have learnt."""

import numpy as np
import pytest

from fer_keras import load_faces
from fer_keras.study.records import read_notebook


@pytest.fixture(scope="module")
def recorded(executed):
    return read_notebook(executed("51_ablation"))


def test_51_compares_what_has_learnt(recorded):
    found, answer = recorded
    training, _, judged = load_faces(n=400).parts()
    floor = (judged.labels == np.bincount(training.labels).argmax()).mean()
    assert found["majority_accuracy"]["value"] == floor and found["seeds"]["value"] == 2
    base = found["as_it_is_accuracy"]
    assert base["value"] * 2 * len(judged) == pytest.approx(round(base["value"] * 2 * len(judged)))
    for kind in ("shift", "no_batch_norm", "no_dropout"):
        low = min(found[f"{kind}_accuracy"]["interval"][0], base["interval"][0])
        assert (f"{kind}_difference" in found) == (low > floor)
    assert ("as_it_is_share_validation_above" in found) == (base["interval"][0] > floor)
    assert answer.startswith("No answer yet") == (base["interval"][0] <= floor)
