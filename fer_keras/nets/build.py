"""`build`: a net by its name, one of the reports' eight or the user's own."""

import inspect
import math
from collections.abc import Callable

import keras

from fer_keras.nets.own import build_own
from fer_keras.nets.reports import cnn_1m, cnn_3layer, cnn_fc3, cnn_leaky, cnn_pyramid, dnn_deep, dnn_narrow, vgg16_bn

NETS: dict[str, Callable[..., keras.Model]] = {
    net.__name__: net for net in (cnn_leaky, cnn_1m, dnn_narrow, cnn_pyramid, cnn_3layer, cnn_fc3, vgg16_bn, dnn_deep)
}
REPORTS = dict(zip(NETS, "ABBCCDEE", strict=True))


def build(name: str, **options) -> keras.Model:
    """The net of that name from NETS, or the user's own, `module:function` from the working folder or an installed
    package, which gets the options and returns a `keras.Model` of 48 × 48 × 1 faces."""
    if ":" in name:
        return build_own(name, options)
    if name not in NETS:
        raise ValueError(f"no net is called {name!r}; there are {', '.join(NETS)}, and module:function for your own")
    known = list(inspect.signature(NETS[name]).parameters)
    if unknown := set(options) - set(known):
        raise ValueError(f"{name} has no option {min(unknown)!r}; it has {', '.join(known)}")
    return NETS[name](**options)


def changed_options(net: str | keras.Model, options: dict) -> dict:
    """Of these options those that differ from the net's own, so that `width=1` names no other run than no option."""
    if not isinstance(net, str) or net not in NETS:
        return options
    usual = inspect.signature(NETS[net]).parameters
    return {name: value for name, value in options.items() if name not in usual or value != usual[name].default}


def table() -> dict[str, dict]:
    """Report and parameters of every net."""
    rows = {}
    for name, report in REPORTS.items():
        with keras.StatelessScope():
            net = build(name)
            total, fixed = net.count_params(), sum(math.prod(w.shape) for w in net.non_trainable_weights)
        rows[name] = {"report": report, "total": total, "trainable": total - fixed, "non_trainable": fixed}
    return rows
