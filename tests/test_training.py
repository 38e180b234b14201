"""`train`: what a run is made of, when it is made anew, and what stops it. Small nets, few faces, real Keras."""

import importlib
import json
import resource
import shutil
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from fer_keras import Faces, build, train
from fer_keras.base.progress import EpochBar
from fer_keras.faces import VOTE_OF_EMOTION
from fer_keras.nets.recipes import RECIPES
from fer_keras.scores import stand_in_both
from fer_keras.training.resume import Watch
from fer_keras.training.train import _of_size

SMALL = {"options": {"width": 0.125}, "batch_size": 64}
TINY = "tiny:net"  # tests/tiny.py, for what holds of any net


@pytest.fixture(scope="module")
def sides(drawn):
    return drawn.split("Training")[:256], drawn.split("PublicTest")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A store of this test alone."""
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def run(sides):
    return train("cnn_leaky", *sides, epochs=3, checkpoints=(2,), **SMALL)


class Count(keras.callbacks.Callback):
    """Which epochs were trained, at what rate."""

    def on_train_begin(self, logs=None):
        self.seen, self.rates = [], {}

    def on_epoch_begin(self, epoch, logs=None):
        self.seen.append(epoch + 1)

    def on_train_batch_begin(self, batch, logs=None):
        self.rates[self.seen[-1]] = float(self.model.optimizer.learning_rate)


def test_a_run_holds_history_model_predictions_and_scores(run, sides):
    _, validation = sides
    assert run.history.index.tolist() == [1, 2, 3]
    assert list(run.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    predictions = run.model.predict(validation.images[..., None], verbose=0)
    np.testing.assert_allclose(run.predict(validation), predictions, atol=1e-5)
    score = run.metrics["accuracy"]
    assert score["value"] == np.mean(run.predict(validation).argmax(axis=1) == validation.labels)
    assert score["value"] == pytest.approx(run.history["val_accuracy"].iloc[-1], abs=1e-6)
    assert score["n"] == len(validation) and score["interval"][0] < score["value"] < score["interval"][1]
    assert run.metrics["parameters"] == run.model.count_params()
    assert json.loads((run.folder / "config.json").read_text())["recipe"]["epochs"] == 3
    assert not (run.folder / "state.npz").exists()


def test_training_ends_once_it_has_come_as_far_as_asked(sides, home):
    far = train(TINY, *sides, epochs=50, until={"accuracy": 0.2}, batch_size=32)
    reached = far.history["accuracy"] >= 0.2
    assert len(far.history) < 50 and reached.iloc[-1] and not reached.iloc[:-1].any()
    assert train(TINY, *sides, epochs=50, until={"accuracy": 0.2}, batch_size=32).folder == far.folder


class Stop(keras.callbacks.Callback):
    """Once, in the midst of the second epoch; without settings, which would make another run."""

    stopped = False

    def on_train_batch_begin(self, batch, logs=None):
        if self.model.optimizer.iterations.numpy() == 5 and not Stop.stopped:
            Stop.stopped = True
            raise KeyboardInterrupt


def test_small_pictures_first_then_whole_ones_stopped_in_between(sides, home, monkeypatch):
    plan = {"options": {"width": 0.1}, "batch_size": 64, "sizes": {0: 24, 0.5: 48}, "epochs": 4, "callbacks": [Stop()]}
    with pytest.raises(KeyboardInterrupt):
        train("record", *sides, **plan)
    resumed = train("record", *sides, **plan)
    monkeypatch.setenv("FER_KERAS_HOME", str(home / "other"))
    whole = train("record", *sides, **plan)
    assert resumed.model.input_shape == (None, 48, 48, 1) and len(whole.history) == 4
    np.testing.assert_allclose(resumed.history, whole.history, rtol=0.02)


def test_a_smaller_net_is_the_same_net_on_smaller_pictures(sides):
    net = build("record", width=0.1)
    net.compile("sgd")
    smaller = _of_size(net, 24, {"loss": "mse"})
    assert all(one is other for one, other in zip(smaller.variables, net.variables, strict=False))
    assert smaller.input_shape == (None, 48, 48, 1) and smaller.layers[-1].input_shape == (None, 24, 24, 1)
    assert _of_size(net, 48, {}) is net
    with pytest.raises(ValueError, match=r"takes no pictures of 24 × 24: train it without sizes"):
        train(TINY, *sides, epochs=2, sizes={0: 24})


def test_a_rate_rises_and_falls_to_0_within_the_epochs(sides, home):
    count = Count()
    train("record", *sides, epochs=5, options={"width": 0.1}, batch_size=64, callbacks=[count], sizes={})
    steps = 5 * 4
    at_the_end_of = list(count.rates.values())  # before the last of four steps
    expected = [0.08 * (1 + np.cos(np.pi * (4 * epoch + 3 - 4) / (steps - 4))) / 2 for epoch in range(1, 5)]
    np.testing.assert_allclose(at_the_end_of, [0.08 * 3 / 4, *expected], rtol=1e-4)


def test_a_net_can_begin_with_pytorchs_weights(sides, home):
    from fer_keras.nets.start import as_pytorch_starts

    net = build("cnn_leaky", width=0.25)
    as_pytorch_starts(net, seed=1)
    kernel, bias = net.get_layer("block2_conv").get_weights()
    bound = 1 / np.sqrt(9 * 8)
    for weights in (kernel, bias):
        assert 0.8 * bound < np.abs(weights).max() <= bound
    assert net.get_layer("block1_conv_bn").get_weights()[0].tolist() == [1] * 8, "batch norm stays"
    again = build("cnn_leaky", width=0.25)
    as_pytorch_starts(again, seed=1)
    np.testing.assert_array_equal(again.get_layer("logits").kernel, net.get_layer("logits").kernel)
    recipes = [train("cnn_leaky", *sides, epochs=1, start=start, **SMALL) for start in ("keras", "pytorch")]
    assert recipes[0].folder != recipes[1].folder
    assert recipes[0].history["loss"].iloc[0] != recipes[1].history["loss"].iloc[0]


def test_copies_of_training_faces_are_left_out_of_the_second_score(run, sides):
    training, validation = sides
    alone = ~stand_in_both(validation, training)
    right = run.predict(validation).argmax(axis=1) == validation.labels
    assert run.metrics["accuracy_without_duplicates"]["n"] == alone.sum() < len(validation)
    assert run.metrics["accuracy_without_duplicates"]["value"] == pytest.approx(right[alone].mean())


def test_asking_again_loads_and_does_not_train(run, sides):
    before = (run.folder / "metrics.json").stat().st_mtime_ns
    again = train("cnn_leaky", *sides, epochs=3, checkpoints=(2,), **SMALL)
    assert again.folder == run.folder and (run.folder / "metrics.json").stat().st_mtime_ns == before


def test_checkpoints_are_models_of_their_epoch(run, sides):
    images = sides[1].images[:8, ..., None]
    early, late = run.checkpoint(2).predict(images, verbose=0), run.model.predict(images, verbose=0)
    assert np.abs(early - late).max() > 1e-4
    with pytest.raises(ValueError, match=r"keeps no checkpoints/1.keras; it keeps checkpoints/2.keras, model.keras"):
        run.checkpoint(1)


def test_votes_can_be_learned_in_place_of_labels(sides, home):
    training, validation = sides
    unanimous = np.zeros_like(training.votes)
    unanimous[np.arange(len(training)), np.array(VOTE_OF_EMOTION)[training.labels]] = 10
    agreed = Faces(**training.arrays() | {"votes": unanimous})
    usual = {"epochs": 1, "batch_size": 64}
    on_labels = train(TINY, agreed, validation, **usual)
    on_agreed = train(TINY, agreed, validation, targets="votes", **usual)
    on_votes = train(TINY, training, validation, targets="votes", **usual)
    assert len({each.folder for each in (on_labels, on_agreed, on_votes)}) == 3
    first, same, other = (each.history.loc[1] for each in (on_labels, on_agreed, on_votes))
    assert same.to_numpy() == pytest.approx(first.to_numpy(), rel=0.02)  # all raters gave the label
    assert abs(other["loss"] - first["loss"]) > 0.02
    predicted = on_votes.predict(validation)
    right = np.mean(predicted.argmax(axis=1) == validation.labels)  # judged by labels all the same
    assert on_votes.metrics["accuracy"]["value"] == right == pytest.approx(on_votes.history["val_accuracy"][1])
    without = Faces(**{name: value for name, value in training.arrays().items() if name != "votes"})
    with pytest.raises(ValueError, match=r"no FER\+ votes"):
        train(TINY, without, validation, targets="votes", **usual)


def test_a_run_has_the_users_number_type_and_no_model_where_none_is_to_be_kept(sides, home):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        run = train(TINY, *sides, epochs=1, checkpoints=(1,), keep_model=False)
        assert run.checkpoint(1).get_layer("conv").compute_dtype == "bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(ValueError, match=r"keeps no model\.keras"):
        _ = run.model


def test_a_stopped_training_goes_on_where_it_was(sides, home, capsys):
    class Stop(Count):
        """Told to stop from outside, so that its settings stay the same."""

        now = 2

        def on_epoch_begin(self, epoch, logs=None):
            if epoch + 1 == Stop.now:
                raise KeyboardInterrupt
            super().on_epoch_begin(epoch)

    settings = {"learning_rate": {1: 0.002, 3: 0.001}, "epochs": 4, "batch_size": 64}
    with pytest.raises(KeyboardInterrupt):
        train(TINY, *sides, callbacks=[first := Stop()], **settings)
    assert "the same call goes on after epoch 1" in capsys.readouterr().err
    Stop.now = None
    run = train(TINY, *sides, callbacks=[second := Stop()], **settings)
    assert (first.seen, second.seen) == ([1], [2, 3, 4])
    assert "going on after epoch 1 of 4" in capsys.readouterr().err
    assert second.rates == {2: pytest.approx(0.002), 3: pytest.approx(0.001), 4: pytest.approx(0.001)}
    assert run.history.index.tolist() == [1, 2, 3, 4]


def test_a_damaged_state_starts_again_and_says_so(sides, home, capsys):
    class Stop(keras.callbacks.Callback):
        on = True

        def on_epoch_begin(self, epoch, logs=None):
            if Stop.on and epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TINY, *sides, callbacks=[Stop()], epochs=2)
    (state,) = home.glob("runs/*/state.npz")
    state.write_bytes(state.read_bytes()[:1000])
    Stop.on = False
    assert len(train(TINY, *sides, callbacks=[Stop()], epochs=2).history) == 2
    assert "is damaged" in capsys.readouterr().err


@pytest.fixture(scope="module")
def whole(sides):
    """A run of one epoch, of which tests damage a copy."""
    return train(TINY, *sides, epochs=1)


@pytest.mark.parametrize("name", ["model.keras", "history.csv", "config.json", "metrics.json"])
def test_a_damaged_run_is_set_aside_and_trained_anew(whole, sides, home, capsys, name):
    folder = home / "runs" / whole.name
    shutil.copytree(whole.folder, folder)
    file = folder / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x40 if name != "metrics.json" else 0x80
    file.write_bytes(data)
    again = train(TINY, *sides, epochs=1)
    assert again.folder == folder and len(again.history) == 1 and again.model
    assert (folder.with_name(folder.name + ".damaged-1") / name).read_bytes() == data
    assert "was damaged" in capsys.readouterr().err


def test_best_keeps_the_weights_of_the_best_epoch(sides, home):
    _, validation = sides
    run = train(TINY, *sides, epochs=6, keep="best", learning_rate=0.05, batch_size=64)
    scores = run.history["val_accuracy"]
    assert run.metrics["epoch"] == scores.idxmax()
    predicted = run.model.predict(validation.images[..., None], verbose=0).argmax(axis=1)
    assert np.mean(predicted == validation.labels) == pytest.approx(scores.max(), abs=1e-6)
    assert run.metrics["accuracy"]["value"] == pytest.approx(scores.max(), abs=1e-6)


def test_the_recipe_leaves_the_rate_to_callbacks_but_where_it_changes_it(sides, home):
    count, schedule = Count(), keras.callbacks.LearningRateScheduler(lambda epoch: 0.25 if epoch == 1 else 0.5)
    train(TINY, *sides, epochs=3, learning_rate={1: 0.125}, callbacks=[schedule, count])
    assert count.rates == {1: 0.5, 2: 0.25, 3: 0.5}


def test_an_optimizer_of_the_users_serves_several_trainings_and_each_seed_has_its_weights(sides, home):
    options = {"optimizer": keras.optimizers.SGD(1e-9)}
    seeds = [train(TINY, *sides, epochs=1, seed=seed, compile_options=options) for seed in (0, 1)]
    one, other = (run.model.get_layer("conv").get_weights()[0] for run in seeds)
    assert not np.allclose(one, other)


def test_predictions_of_an_unfinished_training_are_not_taken_for_the_runs(sides, home, monkeypatch):
    _, validation = sides

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="could not be written"):
        patch.setattr("fer_keras.training.run.finish", full)
        train("dnn_narrow", *sides, epochs=1, **SMALL)
    (kept,) = home.glob("runs/*/predictions/*.npy")
    np.save(kept, np.full((len(validation), 7), 1 / 7, np.float32))
    run = train("dnn_narrow", *sides, epochs=1, **SMALL)
    expected = run.model.predict(validation.images[..., None], verbose=0)
    np.testing.assert_allclose(run.predict(validation), expected, atol=1e-5)


def test_a_net_that_ends_in_no_numbers_is_no_run(sides, home):
    with pytest.raises(ValueError, match=r"became nan in epoch 1|are no numbers"):
        train("cnn_fc3", *sides, epochs=1, options={"width": 0.125}, batch_size=1000, learning_rate=1e30)
    assert not list(home.glob("runs/*/metrics.json"))


def test_a_loss_that_is_no_number_stops_with_a_sentence(sides, home):
    with pytest.raises(ValueError, match=r"the loss of cnn_fc3 became (nan|inf) in epoch \d: lower learning_rate \(1e"):
        train("cnn_fc3", *sides, epochs=3, learning_rate=1e30, **SMALL)
    assert not list(home.glob("runs/*/metrics.json"))


def test_a_store_that_takes_no_more_costs_a_sentence_and_nothing_else(sides, home):
    kept = train("dnn_narrow", *sides, epochs=1, **SMALL)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # what a full disk does, without one
    try:
        with pytest.raises(OSError, match=r"could not be written .* set FER_KERAS_HOME"):
            train("dnn_narrow", *sides, epochs=1, seed=1, **SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(list(home.glob("runs/*/metrics.json"))) == 1 and not list(home.glob("runs/**/.unfinished*"))
    assert train("dnn_narrow", *sides, epochs=1, **SMALL).folder == kept.folder
    assert len(train("dnn_narrow", *sides, epochs=1, seed=1, **SMALL).history) == 1


def test_a_model_is_trained_as_a_copy_from_its_present_weights(sides, home):
    keras.utils.set_random_seed(3)
    model = build(TINY)
    before = [value.copy() for value in model.get_weights()]
    run = train(model, *sides, epochs=1, batch_size=64, learning_rate=1e-7)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    np.testing.assert_allclose(run.model.get_layer("logits").kernel, model.get_layer("logits").kernel, atol=1e-4)
    assert train(model, *sides, epochs=1, batch_size=64, learning_rate=1e-7).folder == run.folder


def test_your_own_net_is_trained_anew_when_its_file_changes(sides, home, monkeypatch):
    monkeypatch.chdir(home)
    monkeypatch.syspath_prepend(home)
    text = "from tiny import net as tiny\ndef net():\n    return tiny(dropout=DROP)\n"
    (home / "mine.py").write_text("DROP = 0.125\n" + text)
    importlib.import_module("mine")  # as a notebook may do before the file is edited
    (home / "mine.py").write_text("DROP = 0.5\n" + text)
    first = train("mine:net", *sides, epochs=1, batch_size=64)
    (home / "mine.py").write_text("DROP = 0.25\n" + text)
    second = train("mine:net", *sides, epochs=1, batch_size=64)
    assert first.folder != second.folder
    assert [each.model.get_layer("drop").rate for each in (first, second)] == [0.5, 0.25]
    assert first.name.startswith("mine.net-")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"net": "vgg19"}, "no net is called 'vgg19'"),
        ({"net": "nowhere:net"}, "nowhere:net cannot be found"),
        ({"epoch": 3}, "a recipe has no field 'epoch'"),
        ({"recipe": "mine"}, "no recipe is called 'mine'"),
        ({"options": {"depth": 3}}, "cnn_leaky has no option 'depth'"),
        ({"optimizer": "adamant"}, "no optimizer adamant"),
        ({"flip": "sideways"}, "flip is one of"),
        ({"net": "../../esc"}, "no net is called"),
        ({"net": "json:dumps"}, "json:dumps made no net"),
        ({"net": ":net"}, "is named module:function"),
        ({"shift": 2}, "shift is a fraction"),
        ({"seed": -1}, "seed is a number from 0 to"),
    ],
)
def test_bad_input_is_refused_in_a_sentence_and_leaves_no_run(sides, home, call, says):
    with pytest.raises(ValueError, match=says):
        train(call.pop("net", "cnn_leaky"), *sides, **{"epochs": 1} | call)
    with pytest.raises(ValueError, match="0 training and 70 validation faces; both need some"):
        train("cnn_leaky", sides[0][:0], sides[1][:70])
    assert not list(home.iterdir())


def test_steps_per_execution_and_the_users_optimizer_are_passed_on(sides, home):
    options = {"steps_per_execution": 3, "optimizer": keras.optimizers.SGD(0.125), "jit_compile": False}
    run = train(TINY, *sides, epochs=1, compile_options=options, callbacks=[count := Count()])
    assert count.model.steps_per_execution == 3 and set(count.rates.values()) == {0.125}
    assert run.config["compile"]["optimizer"]["class_name"] == "SGD"


def test_a_training_that_another_process_has_taken_over_stops_before_it_saves_anything(sides, home, monkeypatch):
    def lost(*_):
        raise ValueError("another process trains it by now")

    monkeypatch.setattr("fer_keras.base.lease.check", lost)
    with pytest.raises(ValueError, match="another process trains it by now"):
        train(TINY, *sides, epochs=1)
    assert [path.name for path in home.rglob("*.*") if path.is_file()] == ["config.json"]


def test_the_end_of_an_epoch_saves_nothing_for_a_training_that_was_taken_over():
    def lost():
        raise ValueError("another process trains it by now")

    state = SimpleNamespace(history=[], seconds=0.0)
    watch = Watch(state, RECIPES["own"], 0, EpochBar("tiny", 2), lost)
    watch.on_epoch_begin(0)
    with pytest.raises(ValueError, match="another process trains it by now"):
        watch.on_epoch_end(0, {"loss": 1.0, "val_loss": 1.0})
    assert state.history == []
