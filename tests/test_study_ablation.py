"""What 51_ablation varies, and what it makes of made-up hits and curves."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_keras.nets.sizes import parameters_of
from fer_keras.study import ablation
from fer_keras.study.tables import MAJORITY, score_table
from fer_keras.training.train import recipe_of


def hits(*rates) -> np.ndarray:
    """(trainings, 1000 faces): of each training so many of the first faces are right."""
    return np.array([np.arange(1000) < 1000 * rate for rate in rates], float)


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
    assert ablation.leads_of(right, "as it is", able)["value"].round(3).to_dict() == {"shift": -0.1}
    assert ablation.gains_of(right, "as it is", ["shift"]).empty and ablation.leads_of({}, "C", []).empty


def test_scores_tell_who_has_learnt(drawn):
    judged = drawn[:500]
    always = np.bincount(judged.labels).argmax()
    right = {"idle": np.array([judged.labels == always], float), "good": np.ones((2, len(judged)))}
    scores = ablation.mean_scores(right, judged, judged)
    assert scores.loc[MAJORITY, "value"] == (judged.labels == always).mean() == scores.loc["idle", "value"]
    assert scores["learnt"].tolist() == [False, False, True]


def a_run(losses, above=()) -> SimpleNamespace:
    epochs = pd.RangeIndex(1, len(losses) + 1, name="epoch")
    history = pd.DataFrame({"loss": losses, "val_loss": losses, "accuracy": 0.5}, index=epochs)
    return SimpleNamespace(history=history.assign(val_accuracy=[0.6 if each else 0.4 for each in above] or 0.4))


def test_epochs_are_saved_up_to_the_loss_that_all_come_to():
    fast, slow = a_run([2.0, 1.0, 0.5]), a_run([2.0, 1.5, 1.0])
    saved = ablation.epochs_saved([fast, fast], [slow, slow])
    assert saved["value"] == 1 and saved["n"] == 2  # the second comes to 1.0 in epoch 3, the first in epoch 2
    curves = ablation.losses({"with": [fast, slow]})
    assert curves["training, with"].tolist() == [2.0, 1.25, 0.75] and curves.index.name == "epoch"
    assert ablation.losses({}).empty
    assert ablation.share_above([a_run([1, 1], (True, False)), a_run([1, 1], (True, True))]) == {"value": 0.75, "n": 4}


def test_dropout_closes_what_is_narrower_with_it():
    seen, unseen = {"no": hits(0.9), "with": hits(0.8)}, {"no": hits(0.5), "with": hits(0.6)}
    assert ablation.gap_closed(seen, unseen, "no", "with")["value"] == pytest.approx((0.9 - 0.5) - (0.8 - 0.6))


def test_the_middles_rivals_have_as_many_parameters():
    nets = ablation.middle_nets({"width": 0.25}, 1)
    size = parameters_of("cnn_pyramid", width=0.25)
    for kind in ablation.RIVALS:
        assert parameters_of("cnn_pyramid", **nets[kind]) == pytest.approx(size, rel=0.05)
    assert len(nets) == 5 and ablation.middle_nets({}, 0) == {}


def test_the_answer_names_each_change_once():
    scores = pd.DataFrame({"learnt": [False, True]}, index=[MAJORITY, "as it is"])
    rows = {
        "shift": {"value": 0.05, "interval": [0.01, 0.09]},
        "flip either": {"value": 0.01, "interval": [-0.03, 0.05]},
        "no batch norm": {"value": -0.2, "interval": [-0.3, -0.1]},
    }
    said = ablation.what_each_does(scores, score_table(rows))
    assert said == (
        "Better: shift. Worse: no batch norm. Not told apart: flip either. "
        "Most does no batch norm: -0.20 (-0.30 to -0.10)."
    )
    unclear = score_table({"flip either": rows["flip either"]})
    assert ablation.what_each_does(scores, unclear) == "Not told apart: flip either."
    assert ablation.what_each_does(scores, unclear[:0]) == "Nothing was changed that could be compared."
    scores["learnt"] = False
    assert ablation.what_each_does(scores, unclear).startswith("No answer yet")
