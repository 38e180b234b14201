"""How large a net is, which net is as large as another, and what it gives before its last layer."""

import keras

from fer_keras.nets.build import build


def outline(name: str, **options) -> keras.Model:
    """The net without numbers in it: made at once, whatever its size, to be counted and drawn."""
    with keras.StatelessScope():
        return build(name, **options)


def parameters_of(name: str, **options) -> int:
    """How many numbers training sets or keeps: all weights of the net."""
    return outline(name, **options).count_params()


def width_of(name: str, parameters: int, **options) -> float:
    """The width at which a net has as nearly as it can this many parameters."""

    def surplus(width: float) -> int:
        return parameters_of(name, width=width, **options) - parameters

    low = high = 0.01
    if surplus(low) > 0:
        raise ValueError(f"no {name} has as few as {parameters:,} parameters")
    while surplus(high) < 0:
        low, high = high, 2 * high
    while high - low > 5e-4 * low:
        middle = (low + high) / 2
        low, high = (middle, high) if surplus(middle) < 0 else (low, middle)
    nearest: float = min(low, high, key=lambda width: abs(surplus(width)))
    return round(nearest, 5)


def features_of(net: keras.Model) -> keras.Model:
    """The net up to what its last layer with weights is given (`logits` in ours); the whole net where that layer is
    itself a net, or is given several things."""
    last = [layer for layer in net.layers if layer.weights][-1]
    given = None if isinstance(last, keras.Model) else last.input
    return keras.Model(net.inputs, given) if isinstance(given, keras.KerasTensor) else net
