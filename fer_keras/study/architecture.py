"""What a net is made of: a table of its layers, and a drawing of several nets."""

import math

import keras
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from fer_keras.faces import EMOTIONS, SIZE
from fer_keras.study.figures import Picture

COLOURS = dict(zip(("convolution", "pool", "dense", "logits"), sns.color_palette("colorblind"), strict=False))


def layer_table(net: keras.Model) -> pd.DataFrame:
    """One row a layer, in the order of the net: kind, output, parameters, multiply-adds, receptive field.

    multiply-adds: of one face, in convolutions and dense layers, beside which the others cost little. receptive
    field: how many pixels along a side of the face one number of a map depends on, beyond the edges where it does not
    fit; none for layers that have no map, and see the whole face.
    """
    fields = {id(each): (1, 1) for each in net.inputs}  # of each map: receptive field, and pixels from number to number
    rows = []
    for layer in net.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        field, step = max(fields.get(id(each), (1, 1)) for each in keras.tree.flatten(layer.input))
        out = keras.tree.flatten(layer.output)[0]
        if size := _window(layer):
            field, step = field + (size - 1) * step, step * layer.strides[0]
        fields |= {id(each): (field, step) for each in keras.tree.flatten(layer.output)}
        rows.append({
            "layer": layer.name,
            "kind": _kind(layer),
            "output": " × ".join(map(str, out.shape[1:])),
            "parameters": layer.count_params(),
            "multiply_adds": _multiply_adds(layer, out),
            "receptive_field": field if len(out.shape) == 4 else None,
        })  # fmt: skip
    return pd.DataFrame(rows).set_index("layer").astype({"receptive_field": "Int64"})


def draw_nets(nets: dict[str, keras.Model], title: str) -> Picture:
    """A row for each net: its maps, as high as they have pixels and as wide as the logarithm of their number, and its
    dense layers, as high as the logarithm of their units."""
    picture = Picture(0.98 * len(nets) + 0.9)
    axes = picture.subplots(len(nets), 1, squeeze=False)[:, 0]
    places = max(len(_drawn(net)) for net in nets.values())
    for axis, (name, net) in zip(axes, nets.items(), strict=True):
        _draw(axis, net, max(places, 12))  # a short net is not drawn out over the whole width
        axis.text(0, 1.42, name, fontsize=9, weight="bold", va="bottom")
    legend = [Patch(color=colour, label=kind) for kind, colour in COLOURS.items()]
    legend += [Patch(alpha=0, label="above: kernel; below: filters or units; b: batch norm, d: dropout")]
    picture.legend(handles=legend, loc="outside lower center", ncols=len(legend), frameon=False, fontsize=8)
    return picture.told(title, f"A row of boxes for each net: {', '.join(nets)}")


def _draw(axis: Axes, net: keras.Model, places: int) -> None:
    for place, (layer, marks) in enumerate(_drawn(net)):
        shape, kind = keras.tree.flatten(layer.output)[0].shape, _kind(layer)
        many = math.log2(max(2, shape[-1])) / 12  # 1 for 4,096
        height, width = (shape[1] / SIZE, 0.25 + 0.6 * many) if len(shape) == 4 else (many, 0.3)
        where = (place + 0.5 - width / 2, 0.5 - height / 2)
        axis.add_patch(Rectangle(where, width, height, color=COLOURS[kind], linewidth=0))
        window = f"{size}×{size}" if (size := _window(layer)) else ""
        text = {"fontsize": 7, "ha": "center"}
        axis.text(place + 0.5, 1.06, window, va="bottom", **text)
        axis.text(place + 0.5, -0.06, f"{shape[-1]}\n{marks}", va="top", linespacing=1.1, **text)
    axis.set(xlim=(0, places), ylim=(-0.75, 1.8))
    axis.axis("off")


def _drawn(net: keras.Model) -> list[tuple[keras.layers.Layer, str]]:
    """The layers that are drawn, each with marks for the batch norm and the dropout after it."""
    found = []
    for layer in net.layers:
        if _kind(layer) in COLOURS:
            found.append((layer, ""))
        elif found and (mark := {"batch norm": "b", "dropout": "d"}.get(_kind(layer))):
            found[-1] = (found[-1][0], found[-1][1] + mark)
    return found


def _kind(layer: keras.layers.Layer) -> str:
    name = type(layer).__name__
    if "Conv" in name:
        return "convolution"
    if name.startswith(("MaxPool", "AveragePool")):
        return "pool"
    if name == "Dense":
        return "logits" if layer.units == len(EMOTIONS) else "dense"
    return {"BatchNormalization": "batch norm", "Dropout": "dropout"}.get(name, name.lower())


def _window(layer: keras.layers.Layer) -> int:
    """The pixels of its input along a side that a convolution or pool looks at; 0 for other layers."""
    size = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None) or (0,)
    return (size[0] - 1) * getattr(layer, "dilation_rate", (1,))[0] + 1 if size[0] else 0


def _multiply_adds(layer: keras.layers.Layer, out: keras.KerasTensor) -> int:
    kernels = ("kernel", "depthwise_kernel", "pointwise_kernel")
    weights = sum(math.prod(kernel.shape) for name in kernels if (kernel := getattr(layer, name, None)) is not None)
    return weights * math.prod(out.shape[1:-1])
