"""`train`: one net, one recipe, one seed -> a `Run`, loaded if it has been made before, continued if it was stopped."""

import sys
from collections.abc import Callable, Sequence
from datetime import date

import keras
import pandas as pd
from keras import layers

from fer_keras.base import backend, home, insides, interrupts
from fer_keras.base.environment import versions
from fer_keras.base.progress import EpochBar
from fer_keras.data.batches import FaceBatches
from fer_keras.faces import SIZE, Faces
from fer_keras.nets.build import BUILDERS, changed_options, copy_of, made_by
from fer_keras.nets.own import check_loads
from fer_keras.nets.recipes import RECIPES, Recipe
from fer_keras.nets.start import as_pytorch_starts
from fer_keras.training import key
from fer_keras.training import run as runs
from fer_keras.training.card import measured
from fer_keras.training.predict import predict
from fer_keras.training.resume import State, Watch


def train(
    net: str | keras.Model | Callable,
    training: Faces,
    validation: Faces,
    *,
    recipe: str | Recipe | None = None,
    options: dict | None = None,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    loggers: Sequence[keras.callbacks.Callback] = (),
    compile_options: dict | None = None,
    keep_model: bool = True,
    title: str | None = None,
    **changes,
) -> runs.Run:
    """Train by the net's own recipe, or load the run if these very settings have been trained before.

    net: a name, `module:function`, a function that returns a model, or a model (of which a copy is trained, from its
    present weights).
    recipe: the name of another recipe, or a Recipe; nets of your own go by `own`. options: for `build`.
    changes: fields of the recipe. callbacks, compile_options: for Keras' `fit` and `compile`, as they are. loggers:
    callbacks that only look on, such as TensorBoard, and so make no other run.
    title: what the bar says (the net's name, what of it was changed, and the seed).

    A training that was stopped or killed goes on after the last epoch that was saved.

    >>> run = train("cnn_leaky", training, validation, options={"width": 0.25}, epochs=1, learning_rate=0.001)
    >>> run.metrics["accuracy"]["n"]
    40
    >>> train("cnn_leaky", training, validation, options={"width": 0.25}, epochs=1, learning_rate=0.001) == run
    True
    """
    if len(training) == 0 or len(validation) == 0:
        raise ValueError(f"there are {len(training)} training and {len(validation)} validation faces; both need some")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed is a number from 0 to {2**32 - 1}, not {seed}")
    if isinstance(net, keras.Model) and options:
        raise ValueError(f"{net.name} is made already, so {', '.join(options)} cannot be set")
    plan = (recipe if isinstance(recipe, Recipe) else recipe_of(net, recipe)).changed(**changes)
    options = changed_options(net, options or {})
    seed = int(seed)
    decides = key.decides(net, training, validation, plan, options, seed, callbacks, compile_options or {}, keep_model)
    folder = runs.folder_of(decides)
    if run := runs.kept(folder):
        return run
    model = _made(net, options, plan, seed, keep_model)
    batches = plan.batches(backend.filled(training), seed)
    settings = _settings(plan, compile_options or {}, len(batches))
    model.compile(**settings)
    model.optimizer.build(model.trainable_variables)
    judged = backend.filled(validation)
    one_hot = judged.label_targets() if plan.shares else None
    held_out = FaceBatches(judged, shuffle=False, targets=one_hot)
    phases = [(_of_size(model, size, settings), last_epoch) for size, last_epoch in plan.phases()]
    # from here on nothing is wrong with what was asked for
    with runs.alone(folder) as check_alone:
        if run := runs.finished(folder):  # another process has just made it
            return run
        runs.set_aside_if_damaged(folder)
        with runs.stored(folder):
            runs.write_json(folder / "config.json", decides | {"versions": versions()})
        state = State(folder / "state.npz", model)
        bar = EpochBar(title or _title(model.name, options | changes, seed), plan.epochs, state.restore())
        if state.epoch < plan.epochs and not plan.reached(state.history):
            watch = Watch(state, plan, seed, bar, check_alone)
            by_recipe = [] if "optimizer" in (compile_options or {}) else [Rates(plan)]
            _fit(phases, batches, held_out, [*by_recipe, *callbacks, *loggers, watch])
        check_alone()
        with runs.stored(folder):
            run = _leave(model, state, training, validation, keep_model)
            state.path.unlink(missing_ok=True)
        return run


def _made(net: str | keras.Model | Callable, options: dict, plan: Recipe, seed: int, keep_model: bool) -> keras.Model:
    """The net with the weights that it begins with; of a model a copy."""
    with insides.seeded(seed):
        model = net if isinstance(net, keras.Model) else made_by(net, options)
    if (keep_model or plan.checkpoints) and not (isinstance(net, str) and net in BUILDERS):
        check_loads(model)
    if model is net:
        with insides.seeded(seed):
            model = copy_of(net)
    if isinstance(net, str) and plan.start == "pytorch":
        as_pytorch_starts(model, seed)
    return model


def _title(net: str, asked: dict, seed: int) -> str:
    """What the bar says of a training; the epochs it counts itself, and a batch size of 0 is the recipe's own."""
    told = {name: value for name, value in asked.items() if name != "epochs"}
    if told.get("batch_size") == 0:
        del told["batch_size"]
    return ", ".join([net, *(f"{name} {value}" for name, value in told.items()), f"seed {seed}"])


def _settings(plan: Recipe, options: dict, steps: int) -> dict:
    """What the net is compiled with: the recipe's, and the user's own in their place."""
    loss = keras.losses.SparseCategoricalCrossentropy()
    if plan.shares:
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=plan.label_smoothing)
    usual = {"loss": loss, "metrics": ["accuracy"]}
    if "optimizer" not in options:
        usual["optimizer"] = _optimizer(plan, steps)
    elif isinstance(options["optimizer"], keras.optimizers.Optimizer):  # each training needs one of its own
        options = options | {"optimizer": options["optimizer"].from_config(options["optimizer"].get_config())}
    more = [each for each in options.get("metrics", []) if each != "accuracy"]
    return usual | options | {"metrics": ["accuracy", *more]}


class Rates(keras.callbacks.Callback):
    """Sets the rate where the recipe changes it, and leaves it to other callbacks elsewhere."""

    def __init__(self, plan: Recipe):
        super().__init__()
        self.plan = plan

    def on_epoch_begin(self, epoch, logs=None):
        rate = self.plan.rate(epoch + 1)
        if epoch and rate != self.plan.rate(epoch):
            self.model.optimizer.learning_rate = rate


def _fit(phases: list[tuple[keras.Model, int]], batches: FaceBatches, held_out: FaceBatches, callbacks: list) -> None:
    watch = callbacks[-1]
    try:
        with interrupts.remembered(), insides.frees_graphs():
            for net, last_epoch in phases:
                if watch.state.epoch >= last_epoch or watch.plan.reached(watch.state.history):
                    continue
                net.fit(
                    backend.feed(batches),
                    epochs=last_epoch,
                    initial_epoch=watch.state.epoch,
                    validation_data=backend.feed(held_out),
                    callbacks=[batches.epochs(), *callbacks],
                    shuffle=False,
                    verbose=0,
                )
                watch.state.restored = []  # it has done its part
    except KeyboardInterrupt:
        print(f"fer-keras: stopped; the same call goes on after epoch {watch.state.saved}", file=sys.stderr)
        raise
    finally:
        watch.bar.close()


def _of_size(model: keras.Model, size: int, settings: dict) -> keras.Model:
    """The net itself, or for smaller pictures its layers, weights and optimizer behind a layer that shrinks them."""
    if size == SIZE:
        return model
    try:
        same_layers = keras.models.clone_model(
            model, input_tensors=keras.Input((size, size, 1)), clone_function=lambda layer: layer
        )
    except ValueError:
        raise ValueError(f"{model.name} takes no pictures of {size} × {size}: train it without sizes") from None
    net = keras.Sequential([keras.Input((SIZE, SIZE, 1)), layers.Resizing(size, size), same_layers])
    net.compile(**settings | {"optimizer": model.optimizer})
    return net


def _leave(model: keras.Model, state: State, training: Faces, validation: Faces, keep_model: bool) -> runs.Run:
    """Write all that the run consists of."""
    folder = state.path.parent
    epoch = state.back_to_kept()
    table = pd.DataFrame(state.history, index=pd.RangeIndex(1, len(state.history) + 1, name="epoch"))
    home.write_whole(folder / "history.csv", lambda file: table.to_csv(file))
    if keep_model:
        home.write_whole(folder / "model.keras", lambda file: model.save(file.name))
    probabilities = predict(model, validation)
    runs.keep_predictions(folder, validation, probabilities)
    return runs.finish(folder, measured(validation, training, probabilities) | {
        "epoch": epoch,
        "parameters": model.count_params(),
        "seconds": round(state.seconds, 1),
        "date": date.today().isoformat(),
        "device": ", ".join([home.machine(), *backend.gpus()]),
    })  # fmt: skip


def recipe_of(net: str | keras.Model, name: str | None = None) -> Recipe:
    """The recipe of that name; without one the net's own, and `own` for nets that have none."""
    if name is None:
        name = net if isinstance(net, str) and net in RECIPES else "own"
    if name not in RECIPES:
        raise ValueError(f"no recipe is called {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def rising_and_falling(plan: Recipe, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """The rate of each step of a recipe with a warm-up. steps: in an epoch."""
    rising = round((plan.warm_up or 0) * plan.epochs * steps)
    falling = plan.epochs * steps - rising
    highest = plan.rate(1)
    begins = 0.0 if rising else highest
    return keras.optimizers.schedules.CosineDecay(begins, falling, warmup_target=highest, warmup_steps=rising)


def _optimizer(plan: Recipe, steps: int) -> keras.optimizers.Optimizer:
    rate = plan.rate(1) if plan.warm_up is None else rising_and_falling(plan, steps)
    settings = {"learning_rate": rate, **plan.optimizer_options}
    try:
        return keras.optimizers.get({"class_name": plan.optimizer, "config": settings})
    except (ValueError, TypeError) as error:
        raise ValueError(f"no optimizer {plan.optimizer} with {settings}: {str(error).splitlines()[0]}") from None
