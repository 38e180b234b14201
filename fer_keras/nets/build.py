"""`build`: a net by its name, one of the reports' eight, `record`, or the user's own."""

import inspect
import math
from collections.abc import Callable

import keras

from fer_keras.base.numbers import is_whole
from fer_keras.faces import SIZE
from fer_keras.nets.own import build_own, checked
from fer_keras.nets.record import record
from fer_keras.nets.reports import cnn_1m, cnn_3layer, cnn_fc3, cnn_leaky, cnn_pyramid, dnn_deep, dnn_narrow, vgg16_bn

_NETS = (cnn_leaky, cnn_1m, dnn_narrow, cnn_pyramid, cnn_3layer, cnn_fc3, vgg16_bn, dnn_deep)
NETS = {net.__name__: net for net in _NETS}  # of the reports
BUILDERS = NETS | {"record": record}
WIDEST, MOST_FILTERS, MOST_PARAMETERS = 1000, 1024, 1_000_000_000
REPORTS = dict(zip(NETS, "ABBCCDEE", strict=True))


def build(name: str, **options) -> keras.Model:
    """The net of that name from BUILDERS, or the user's own, `module:function` from the working folder or an installed
    package, which gets the options and returns a `keras.Model` of 48 × 48 × 1 faces.

    `fer-keras models` lists the nets; the options of all are `width`, `dropout`, `batch_norm` and `activation`.

    >>> net = build("cnn_pyramid", width=0.25, dropout=0)
    >>> net.input_shape, net.output_shape
    ((None, 48, 48, 1), (None, 7))
    """
    if ":" in name:
        return build_own(name, options)
    if name not in BUILDERS:
        names = ", ".join(BUILDERS)
        raise ValueError(f"no net is called {name!r}; there are {names}, and module:function for your own")
    known = list(inspect.signature(BUILDERS[name]).parameters)
    if unknown := set(options) - set(known):
        raise ValueError(f"{name} has no option {min(unknown)!r}; it has {', '.join(known)}")
    for option, value in changed_options(name, options).items():
        _check(name, option, value)
    width = options.get("width", 1)
    if width > 4 and (about := round(width**2 * BUILDERS[name]().count_params())) > MOST_PARAMETERS:
        raise ValueError(f"{name} would have about {about:,} parameters at width {width}: make it less")
    return BUILDERS[name](**options)


def made_by(net: str | Callable, options: dict) -> keras.Model:
    """The net of that name, or what the user's function returns."""
    return build(net, **options) if isinstance(net, str) else checked(net, net.__name__, options)


def _check(net: str, option: str, value) -> None:
    if option == "width" and not (isinstance(value, int | float) and 0 < value <= WIDEST):
        raise ValueError(f"width is a number above 0, 1 for the report's own, {WIDEST} at most, not {value!r}")
    if option == "dropout" and value is not None and not (isinstance(value, int | float) and 0 <= value < 1):
        raise ValueError(f"dropout is a share from 0 to below 1, not {value!r}")
    if option == "batch_norm" and not isinstance(value, bool):
        raise ValueError(f"batch_norm is true or false, not {value!r}")
    blocks = 3 if net == "record" else 4
    if option == "filters" and not _are_whole(value, blocks, MOST_FILTERS):
        numbers = f"{'three' if blocks == 3 else 'four'} whole numbers from 1 to {MOST_FILTERS:,}"
        raise ValueError(f"filters are {numbers}, one a block, not {value!r}")
    if option == "kernel":
        kernels = value if net == "cnn_pyramid" and isinstance(value, list | tuple) else [value] * 4
        if len(kernels) != 4:
            raise ValueError(f"kernels are four numbers, one a block, not {value!r}")
        if not _are_whole(kernels, 4, SIZE):
            raise ValueError(f"kernel is a whole number of pixels, from 1 to {SIZE}, not {value!r}")


def _are_whole(values, count: int, most: int) -> bool:
    """Whether these are so many whole numbers from 1 to the most."""
    right = isinstance(values, list | tuple) and len(values) == count
    return right and all(is_whole(value, 1) and value <= most for value in values)


def untrained_nets(name: str, count: int, seed: int = 0, **options) -> list[keras.Model]:
    """So many nets as they are made, each with random weights of its own: what they show owes nothing to learning."""
    nets = []
    for each in range(seed, seed + count):
        keras.utils.set_random_seed(each)
        nets.append(build(name, **options))
    return nets


def copy_of(net: keras.Model, layer_like: Callable | None = None) -> keras.Model:
    """A net of its own with the same layers and weights. layer_like: makes its layer of one of the net's."""
    copy = keras.models.clone_model(net, clone_function=layer_like)
    copy.set_weights(net.get_weights())
    return copy


def changed_options(net: str | keras.Model, options: dict) -> dict:
    """Of these options those that differ from the net's own, so that `width=1` names no other run than no option."""
    if not isinstance(net, str) or net not in BUILDERS:
        return options
    usual = inspect.signature(BUILDERS[net]).parameters
    return {name: value for name, value in options.items() if name not in usual or value != usual[name].default}


def table() -> dict[str, dict]:
    """Report and parameters of every net; `record` is ours."""
    rows = {}
    for name in BUILDERS:
        with keras.StatelessScope():
            net = build(name)
            total, fixed = net.count_params(), sum(math.prod(w.shape) for w in net.non_trainable_weights)
        rows[name] = {
            "report": REPORTS.get(name, "ours"),
            "total": total,
            "trainable": total - fixed,
            "non_trainable": fixed,
        }
    return rows
