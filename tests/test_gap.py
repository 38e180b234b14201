"""The gap between validation and logged training accuracy: parts that add up, each for the cause it names."""

import numpy as np
import pytest

from fer_keras import train
from fer_keras.nets.recipes import Recipe
from fer_keras.study.gap import CAUSES, gap_parts

SMALL = {"batch_size": 48, "coin": "face"}  # does not divide the faces: the last batch is smaller


@pytest.fixture(scope="module")
def sides(drawn):
    return drawn.split("Training")[:256], drawn.split("PublicTest")


@pytest.fixture(scope="module")
def run(sides):
    """With batch norm and without dropout, so that it answers a batch the same twice."""
    settings = {"epochs": 8, "flip": "horizontal", "shift": 0.1, "keep": "last"}
    return train("dnn_narrow", *sides, options={"dropout": 0}, **settings, **SMALL)


def test_parts_add_up_to_the_gap_and_leave_the_net_as_it_was(run, sides):
    before = [value.copy() for value in run.model.get_weights()]
    parts = gap_parts(run, *sides)
    assert all((a == b).all() for a, b in zip(before, run.model.get_weights(), strict=True))
    assert list(parts.index) == list(CAUSES) and (parts["after"] - parts["before"] == parts["part"]).all()
    assert (parts["after"].to_numpy()[:-1] == parts["before"].to_numpy()[1:]).all()
    assert parts["before"].iloc[0] == run.history["accuracy"].iloc[-1]
    assert parts["after"].iloc[-1] == run.metrics["accuracy"]["value"]
    gap = run.metrics["accuracy"]["value"] - run.history["accuracy"].iloc[-1]
    assert parts["part"].sum() == pytest.approx(gap, abs=1e-12)
    plain = (run.predict(sides[0]).argmax(axis=1) == sides[0].labels).mean()
    assert parts["after"]["augmentation"] == plain
    assert parts["part"]["dropout"] == 0 and abs(parts["part"]["batch-norm mode"]) > 0.01


def test_of_a_net_that_stands_still_the_epochs_mean_is_its_own_accuracy(run, sides):
    """So the batches are the very ones that were trained on, answered as in training."""
    changes = {"flip": "horizontal", "shift": 0.1, "rotation": 15, "zoom": 0.2, "brightness": 0.3, "contrast": 0.3}
    changes |= {"erase": 0.5, "mixup": 0.4, "label_smoothing": 0.1}
    still = Recipe(epochs=2, learning_rate=1e-12, **changes, **SMALL)
    parts = gap_parts(train(run.model, *sides, recipe=still, seed=5), *sides)["part"]
    assert parts["averaging over the epoch"] == pytest.approx(0, abs=1.5 / 256)  # one face may lie on the edge
    assert parts["augmentation"] != 0


def test_causes_that_a_net_lacks_have_no_part(sides):
    options, settings = {"dropout": 0, "batch_norm": False}, {"epochs": 2, "flip": None}
    parts = gap_parts(train("dnn_narrow", *sides, options=options, **settings, **SMALL), *sides)["part"]
    assert parts[["dropout", "batch-norm mode"]].tolist() == [0, 0]
    assert parts["augmentation"] == pytest.approx(0, abs=1.5 / 256)


def test_it_follows_votes_and_the_epoch_that_was_kept(sides):
    training = sides[0]
    settings = {"targets": "votes", "keep": "best", "learning_rate": {1: 0.002, 4: 1.0}, "epochs": 4}
    run = train("dnn_narrow", *sides, **settings, **SMALL)
    parts = gap_parts(run, *sides)
    assert parts["before"].iloc[0] == run.history["accuracy"][run.metrics["epoch"]]
    majority = training.vote_targets().argmax(axis=1)
    assert parts["after"]["augmentation"] == np.mean(run.predict(training).argmax(axis=1) == majority)
    assert parts["part"]["dropout"] != 0
    assert gap_parts(run, *sides).equals(parts), "dropout follows the run's seed"


def test_other_faces_than_the_runs_own_are_refused(run, sides):
    training, validation = sides
    for pair in ((training[:-1], validation), (training, training)):
        with pytest.raises(ValueError, match=f"run {run.name} was trained or validated on other faces"):
            gap_parts(run, *pair)
