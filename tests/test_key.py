"""What decides a training's result decides its run's name, and nothing else does: told without training."""

import keras
import pytest

from fer_keras import Faces, train
from fer_keras.training import run as runs

USUAL = {"epochs": 1, "options": {"width": 0.125}}


@pytest.fixture(scope="module")
def sides(drawn):
    return drawn.split("Training")[:64], drawn.split("PublicTest")


@pytest.fixture
def name(monkeypatch):
    """`name(...)`: what the run of `train(...)` would be called; the training does not take place."""

    def of(*arguments, **settings) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(runs, "finished", lambda folder: folder)
            return train(*arguments, **settings).name

    return of


def test_whatever_decides_the_result_makes_another_run(sides, name):
    training, validation = sides
    relabelled = Faces(**training.arrays() | {"labels": (training.labels + 1) % 7})
    names = [
        name("dnn_narrow", *sides, **USUAL),
        name("cnn_leaky", *sides, **USUAL, recipe="dnn_narrow"),
        name("dnn_narrow", *sides, **USUAL, seed=1),
        name("dnn_narrow", *sides, **USUAL, flip="horizontal"),
        name("dnn_narrow", *sides, **USUAL | {"options": {"width": 0.125, "dropout": 0}}),
        name("dnn_narrow", training[::-1], validation, **USUAL),
        name("dnn_narrow", relabelled, validation, **USUAL),
        name("dnn_narrow", training, validation[1:], **USUAL),
        name("dnn_narrow", *sides, **USUAL, keep_model=False),
        name("dnn_narrow", *sides, **USUAL, compile_options={"steps_per_execution": 2}),
        name("dnn_narrow", *sides, **USUAL, callbacks=[keras.callbacks.EarlyStopping(patience=3)]),
        name("dnn_narrow", *sides, **USUAL, callbacks=[keras.callbacks.EarlyStopping(patience=4)]),
        name("dnn_narrow", *sides, **USUAL, targets="votes"),
    ]
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        names.append(name("dnn_narrow", *sides, **USUAL))
    finally:
        keras.config.set_dtype_policy("float32")
    assert len(set(names)) == len(names)


def test_whatever_does_not_makes_the_same_run(sides, name):
    training, validation = sides
    usual = name("dnn_narrow", *sides, **USUAL)
    assert usual == name("dnn_narrow", *sides, **USUAL, title="on the bar")
    assert usual == name("dnn_narrow", *sides, epochs=1, options={"width": 0.125, "batch_norm": True})
    without = Faces(**{key: value for key, value in training.arrays().items() if key != "votes"})
    assert usual == name("dnn_narrow", without, validation, **USUAL)


def a_net(units=4) -> keras.Model:
    """With names that Keras numbers as it goes."""
    layers = keras.layers
    inputs = keras.Input((48, 48, 1))
    x = layers.Dense(units)(layers.Flatten()(layers.AveragePooling2D(8)(inputs)))
    return keras.Model(inputs, layers.Softmax()(layers.Dense(7)(layers.Dense(units)(x))))


def test_automatic_names_and_loggers_make_no_other_run(sides, name, tmp_path):
    optimizers = [{"optimizer": keras.optimizers.AdamW(0.001)} for _ in range(2)]  # newer Keras numbers their names
    assert len({name("dnn_narrow", *sides, **USUAL, compile_options=each) for each in optimizers}) == 1
    other = {"optimizer": keras.optimizers.AdamW(0.002)}
    assert name("dnn_narrow", *sides, **USUAL, compile_options=other) != name(
        "dnn_narrow", *sides, **USUAL, compile_options=optimizers[0]
    )
    nets = [a_net() for _ in range(2)]
    nets[1].set_weights(nets[0].get_weights())
    assert nets[0].layers[3].name != nets[1].layers[3].name
    assert len({name(net, *sides, epochs=1) for net in nets}) == 1
    nets[1].set_weights([value + 1 for value in nets[0].get_weights()])
    assert len({name(net, *sides, epochs=1) for net in nets}) == 2
    logger = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    assert name("dnn_narrow", *sides, **USUAL, loggers=[logger]) == name("dnn_narrow", *sides, **USUAL)
    train("tiny:net", *sides, epochs=1, loggers=[logger])
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2


def test_a_function_is_a_net_whose_code_makes_the_name(sides, name):
    def other_net(units=4):
        return a_net(units + 1)

    names = [name(a_net, *sides, epochs=1), name(a_net, *sides, epochs=1, options={"units": 5})]
    names.append(name(other_net, *sides, epochs=1))
    assert len(set(names)) == 3 and names[0].startswith("a_net-")
    assert train(a_net, *sides, epochs=1).name == names[0]
    with pytest.raises(ValueError, match=r"<lambda> does not return a keras.Model"):
        train(lambda: keras.Sequential(), *sides, epochs=1)


def test_two_functions_make_two_runs_and_one_callback_used_twice_makes_one(sides, name):
    def with_callback(callback):
        return name("tiny:net", *sides, epochs=2, callbacks=[callback])

    slow, fast = (keras.callbacks.LearningRateScheduler(lambda epoch, rate=rate: rate) for rate in (0.001, 0.1))
    other = keras.callbacks.LearningRateScheduler(lambda epoch: 0.05)
    stopping = keras.callbacks.EarlyStopping(patience=1, min_delta=0.001)
    names = [with_callback(each) for each in (slow, fast, other, stopping)]
    assert len(set(names)) == 4
    train("tiny:net", *sides, epochs=2, callbacks=[stopping])
    assert with_callback(stopping) == names[3]
