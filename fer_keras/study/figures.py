"""Every figure of the notebooks: a title, axis labels and a text for those who cannot see it."""

import io
from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import Image, display
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from fer_keras.faces import SIZE

WIDTH = 9.0  # inches
DPI = 180  # shown at half of it, sharp on fine screens: about 800 pixels wide


def show(figure: Figure, title: str, alt: str) -> None:
    """The one door: display the figure as a picture that carries its own description."""
    figure.suptitle(title, fontsize=13)
    with io.BytesIO() as file:
        figure.savefig(file, format="png", dpi=DPI, facecolor="white", bbox_inches="tight")
        display(Image(file.getvalue(), retina=True, alt=alt))


def face_grid(
    rows: Sequence[np.ndarray],
    title: str,
    alt: str,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> None:
    """Rows of faces, upright and grey, 0 to 255. A row may be shorter than the others."""
    step = SIZE + 2  # a white line of two pixels between faces
    columns = max(len(row) for row in rows)
    sheet = np.full((len(rows) * step, columns * step), 255.0)
    for (i, row), j in ((at, j) for at in enumerate(rows) for j in range(len(at[1]))):
        sheet[i * step : i * step + SIZE, j * step : j * step + SIZE] = row[j]
    side = (WIDTH - (1.1 if row_labels else 0.1)) / max(columns, 7)
    figure, axis = _one_axis(side * len(rows) + (0.65 if column_labels else 0.45))
    axis.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    middle = SIZE / 2
    axis.set_xticks([j * step + middle for j in range(len(column_labels))], column_labels, fontsize=9)
    axis.set_yticks([i * step + middle for i in range(len(row_labels))], row_labels, fontsize=10)
    axis.tick_params(length=0, labeltop=True, labelbottom=False)
    axis.spines[:].set_visible(False)
    show(figure, title, alt)


def overlays(faces: np.ndarray, maps: dict[str, np.ndarray], title: str, alt: str, labels: Sequence[str] = ()) -> None:
    """A row of faces, and below it a row for each kind of maps (0 to 1), in colours over the faces."""
    figure = Figure((WIDTH, (WIDTH - 2.2) / max(len(faces), 7) * (len(maps) + 1) + 0.9), layout="constrained")
    axes = figure.subplots(len(maps) + 1, len(faces), squeeze=False)
    for (row, column), axis in np.ndenumerate(axes):
        axis.imshow(faces[column].squeeze(), cmap="gray", vmin=0, vmax=255)
        if row:
            values = list(maps.values())[row - 1][column]
            colours = axis.imshow(values, cmap="inferno", vmin=0, vmax=1, alpha=0.35 + 0.65 * values)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    for axis, label in zip(axes[0], labels, strict=False):
        axis.set_title(label, fontsize=9)
    for axis, label in zip(axes[:, 0], ("", *maps), strict=True):
        axis.set_ylabel(label, fontsize=10, rotation=0, ha="right", va="center")
    scale = figure.colorbar(colours, ax=axes, shrink=0.6, aspect=30, pad=0.01, label="saliency: 0 weakest, 1 strongest")
    scale.solids.set_alpha(1)
    show(figure, title, alt)


def map_grid(maps: np.ndarray, title: str, alt: str, columns: int = 8) -> None:
    """The maps (height, width, filters) of one face, all in one scale; the number of a filter above its map."""
    rows = -(-maps.shape[-1] // columns)
    figure = Figure((WIDTH, ((WIDTH - 1) / columns + 0.17) * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for number, axis in enumerate(axes.flat[: maps.shape[-1]]):
        shown = axis.imshow(maps[..., number], cmap="viridis", vmin=maps.min(), vmax=maps.max())
        axis.set_title(number, fontsize=8, pad=2)
    figure.colorbar(shown, ax=axes, shrink=0.6, aspect=30, pad=0.01, label="activation")
    show(figure, title, alt)


def lines(table: pd.DataFrame, title: str, alt: str, ylabel: str) -> None:
    """A line for each column of the table, over its index."""
    figure, axis = _one_axis(3.6)
    _lines(table, axis, legend="auto")
    axis.set_ylabel(ylabel)
    axis.get_legend().set_title(table.columns.name)
    sns.despine(figure)
    show(figure, title, alt)


def panels(tables: dict[str, pd.DataFrame], title: str, alt: str, ylabel: str, columns: int = 4) -> None:
    """The lines of several tables with the same columns, each in a panel of its name, all in one vertical scale."""
    rows = -(-len(tables) // columns)
    figure = Figure((WIDTH, 2.1 * rows + 0.9), layout="constrained")
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axis in axes.flat[len(tables) :]:
        axis.axis("off")
    for axis, (name, table) in zip(axes.flat, tables.items(), strict=False):
        _lines(table, axis, legend="auto" if axis is axes[0, 0] else False)
        axis.set_title(name, fontsize=10)
        axis.xaxis.get_major_locator().set_params(integer=True)
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    axes[0, 0].get_legend().remove()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    sns.despine(figure)
    show(figure, title, alt)


def intervals(
    scores: pd.DataFrame,
    title: str,
    alt: str,
    xlabel: str,
    reference: pd.Series | None = None,
    line: float | None = None,
) -> None:
    """A row for each score: a dot at its `value`, a bar over its `interval` (a pair, or None), the number beside it.

    reference: other values of the same rows, as open diamonds, named after the series. line: a value for all rows.
    """
    figure, axis = _one_axis(0.34 * len(scores) + 1.2)
    blue, orange = sns.color_palette("colorblind", 2)
    for row, (value, interval) in enumerate(zip(scores["value"], scores["interval"], strict=True)):
        if np.size(interval) == 2:
            axis.plot(interval, [row, row], color=blue, linewidth=2, solid_capstyle="butt")
        axis.annotate(f"{value:.3f}", (value, row), (0, 6), textcoords="offset points", ha="center", fontsize=8)
    axis.plot(scores["value"], range(len(scores)), "o", color=blue, label="measured, with 95 % interval")
    if reference is not None:
        places = reference.reindex(scores.index)
        axis.plot(places, range(len(scores)), "D", color=orange, fillstyle="none", label=str(reference.name))
    if line is not None:
        axis.axvline(line, color="0.4", linestyle=":")
    axis.set_yticks(range(len(scores)), [str(name) for name in scores.index])
    axis.set(xlabel=xlabel, ylim=(len(scores) - 0.4, -0.8))
    axis.margins(x=0.08)
    if reference is not None:
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    sns.despine(figure, left=True)
    axis.grid(axis="y", color="0.9")
    axis.set_axisbelow(True)
    show(figure, title, alt)


def bars(table: pd.DataFrame, title: str, alt: str, ylabel: str, value_format: str = "{:,.0f}") -> None:
    """A group of bars for each row of the table, a colour for each column."""
    figure, axis = _one_axis(3.6)
    sns.barplot(_long(table), x="row", y="value", hue="column", palette="colorblind", ax=axis)
    for container in axis.containers:
        axis.bar_label(container, fmt=value_format.format, fontsize=8, padding=2)
    axis.set(xlabel=table.index.name or "", ylabel=ylabel)
    axis.margins(y=0.12)
    legend = axis.get_legend()
    if table.shape[1] == 1:
        legend.remove()
    else:
        sns.move_legend(axis, "upper left", bbox_to_anchor=(1, 1), title=table.columns.name, frameon=False)
    sns.despine(figure)
    show(figure, title, alt)


def heatmap(
    table: pd.DataFrame, title: str, alt: str, value_format: str = ".2f", label: str = "", log: bool = False
) -> None:
    """The table as coloured cells with their values; rows and columns named after its axes. log: colours by the
    logarithm, so that small counts can be told apart; zeros are left white."""
    figure, axis = _one_axis(0.45 * len(table) + 1.6)
    colours = {"norm": LogNorm(), "mask": table <= 0} if log else {}
    sns.heatmap(table, annot=True, fmt=value_format, cmap="viridis", cbar_kws={"label": label}, ax=axis, **colours)
    axis.tick_params(axis="y", rotation=0)
    axis.set(xlabel=table.columns.name or "", ylabel=table.index.name or "")
    show(figure, title, alt)


def _one_axis(height: float) -> tuple[Figure, Axes]:
    figure = Figure((WIDTH, height), layout="constrained")
    return figure, figure.subplots()


def _lines(table: pd.DataFrame, axis: Axes, legend: str | bool) -> None:
    sns.lineplot(
        _long(table), x="row", y="value", hue="column", style="column", palette="colorblind", ax=axis, legend=legend,
        hue_order=list(table), style_order=list(table), markers=len(table) == 1,  # one epoch makes no line
    )  # fmt: skip
    axis.set(xlabel=table.index.name or "", ylabel="")


def _long(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename_axis(index="row", columns="column").stack().rename("value").reset_index()
