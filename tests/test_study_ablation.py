"""What 51_ablation varies, and what it makes of made-up hits and curves."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_keras.nets.sizes import parameters_of
from fer_keras.study import ablation
from fer_keras.training.train import recipe_of


def hits(*rates) -> pd.DataFrame:
    """1,000 faces in rows, trainings in columns: of each training so many of the first faces are right."""
    return pd.DataFrame({seed: np.arange(1000) < 1000 * rate for seed, rate in enumerate(rates)})


def test_what_changes_nothing_is_left_out_and_what_is_unknown_refused():
    plain = recipe_of("cnn_leaky").changed(epochs=2)
    kinds = ablation.kinds_of("cnn_leaky", "shift, no_dropout, kernels_of_3", plain)
    assert kinds["as it is"] == ({}, {}) and {"shift", "no dropout"} <= set(kinds)
    assert "shift" not in ablation.kinds_of("cnn_leaky", "shift", plain.changed(shift=0.1))
    assert list(ablation.kinds_of("dnn_narrow", "kernels_of_3", plain)) == ["as it is"]  # it has no kernels
    with pytest.raises(ValueError, match="no variant is called 'dropuot'; there are flip_sideways, flip_upside_down"):
        ablation.kinds_of("cnn_leaky", "shift, dropuot", plain)


def test_gains_and_leads_are_of_nets_that_have_learnt():
    right = {"as it is": hits(0.5, 0.52), "shift": hits(0.6, 0.62), "no batch norm": hits(0.25, 0.25)}
    able = ["as it is", "shift"]
    assert ablation.gains_of(right, "as it is", able)["value"].round(3).to_dict() == {"shift": 0.1}
    assert ablation.gains_of(right, "as it is", able, sign=-1)["value"].round(3).to_dict() == {"shift": -0.1}
    assert ablation.gains_of(right, "as it is", ["shift"]).empty and ablation.gains_of({}, "C", []).empty


def test_mirrors_are_compared_with_none():
    recipe = recipe_of("cnn_1m")  # which mirrors faces either way
    kinds = ablation.kinds_of("cnn_1m", "flip_either, flip_sideways, no_batch_norm", recipe)
    assert list(kinds) == ["as it is", "no flip", "flip either", "flip sideways", "no batch norm"]
    assert recipe.changed(**kinds["no flip"][1]).flip is None
    assert recipe.changed(**kinds["flip either"][1]) == recipe, "the same training again: it is in the store"
    assert "no flip" not in ablation.kinds_of("cnn_1m", "shift, no_batch_norm", recipe)
    assert list(ablation.kinds_of("cnn_leaky", "flip_either", recipe_of("cnn_leaky"))) == ["as it is", "flip either"]
    right = {"as it is": hits(0.62, 0.64), "no flip": hits(0.6, 0.61), "flip either": hits(0.62, 0.64)}
    right |= {"flip sideways": hits(0.65, 0.66), "no batch norm": hits(0.5, 0.5)}
    gains = ablation.gains_of(right, "as it is", list(right))["value"].round(3).to_dict()
    assert gains == {"flip either": 0.025, "flip sideways": 0.05, "no batch norm": -0.13}
    assert "flip either" not in ablation.gains_of(right, "as it is", ["as it is", "flip either"]).index
    del right["no flip"]
    assert ablation.gains_of(right, "as it is", list(right))["value"]["flip sideways"].round(3) == 0.025


def test_of_the_nets_with_other_middles_the_one_that_came_least_far_is_told():
    ends = [(0.77, 0.64, 240), (0.5, 1.2, 300)]
    runs = []
    for accuracy, loss, epochs in ends:
        runs.append(SimpleNamespace(history=pd.DataFrame({"accuracy": [accuracy] * epochs, "loss": [loss] * epochs})))
    told = ablation.told_of_middle(0.5, runs)
    assert told.tolist() == ["cnn_pyramid", 0.5, 240, 0.5, 1.2]
    assert ablation.told_of_middle(0.5, []).empty


def a_run(losses) -> SimpleNamespace:
    return SimpleNamespace(history=pd.DataFrame({"loss": losses}, pd.RangeIndex(1, len(losses) + 1, name="epoch")))


def test_epochs_are_saved_up_to_the_loss_that_all_come_to():
    fast, slow = a_run([2.0, 1.0, 0.5]), a_run([2.0, 1.5, 1.0])
    runs = {"as it is": {0: fast, 1: fast}, "no batch norm": {0: slow, 1: slow}}
    saved = ablation.epochs_saved(runs, list(runs)).loc["batch norm saves epochs"]
    assert saved["value"] == 1 and saved["n"] == 2  # the second comes to 1.0 in epoch 3, the first in epoch 2
    assert ablation.epochs_saved(runs, ["as it is"]).empty


def test_dropout_closes_what_is_narrower_with_it():
    """Of 1,000 training faces it is right for 800 and not for 900, of 500 others for 300 and not for 250."""
    training, validation = (SimpleNamespace(labels=np.full(n, 2)) for n in (1000, 500))

    def run(seen, unseen, epochs=8):
        known = {1000: seen, 500: unseen}

        def predict(faces):
            n = len(faces.labels)
            return np.eye(7)[np.where(np.arange(n) < known[n], 2, 3)]

        return {0: SimpleNamespace(predict=predict, history=range(epochs))}

    runs = {"no dropout": run(900, 250), "as it is": run(800, 300)}
    found = ablation.gap_closed(runs, list(runs), training, validation)
    assert found.loc["dropout closes", "value"] == pytest.approx((0.9 - 0.5) - (0.8 - 0.6))
    assert ablation.gap_closed(runs, ["as it is"], training, validation).empty
    runs["no dropout"] = run(900, 250, epochs=3)  # each was trained until it came to a loss
    assert ablation.gap_closed(runs, list(runs), training, validation).index.tolist() == [
        "dropout closes at equal loss"
    ]


def test_the_middles_rivals_have_as_many_parameters():
    nets = ablation.middle_nets({"width": 0.25}, 1)
    size = parameters_of("cnn_pyramid", width=0.25)
    for kind in ablation.RIVALS:
        assert parameters_of("cnn_pyramid", **nets[kind]) == pytest.approx(size, rel=0.05)
    assert len(nets) == 5 and ablation.middle_nets({}, 0) == {}
