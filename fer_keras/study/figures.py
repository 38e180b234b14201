"""Every figure of the notebooks. Each function returns a picture that shows itself as the last value of a cell, with
a title, axis labels and a text for those who cannot see it, made of what is drawn; of nothing to draw it returns None.
"""

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogFormatter, MaxNLocator

from fer_keras.scores import MAJORITY

WIDTH = 9.0  # inches
DPI = 180  # shown at half of it, sharp on fine screens: about 800 pixels wide
STYLES = ("-", "--", ":", "-.")
NAMED = 8  # values that a description names one by one


class Picture(Figure):
    """A matplotlib figure with a description: `picture.savefig("figure.png")`, `picture.alt`."""

    alt = ""

    def __init__(self, height: float):
        super().__init__((WIDTH, height), layout="constrained")

    def told(self, title: str, alt: str) -> "Picture":
        self.suptitle(title, fontsize=13)
        self.alt = f"{title}. {alt}" if alt else title
        return self

    def _repr_mimebundle_(self, **_) -> tuple[dict, dict]:
        """What Jupyter, papermill and nbconvert keep of it."""
        with io.BytesIO() as file:
            self.savefig(file, format="png", dpi=DPI, facecolor="white", bbox_inches="tight")
            png = file.getvalue()
        shown_width = int.from_bytes(png[16:20], "big") // 2  # the width stands in a PNG's header
        return {"image/png": base64.b64encode(png).decode()}, {"image/png": {"alt": self.alt, "width": shown_width}}


def face_grid(
    rows: Sequence[np.ndarray], title: str, row_labels: Sequence[str] = (), column_labels: Sequence[str] = ()
) -> Picture | None:
    """Rows of grey pictures of one size, 0 to 255: faces, or what else is square. A row may be shorter than others."""
    count, columns = sum(map(len, rows)), max(map(len, rows), default=0)
    if not count:
        return None
    size = len(np.squeeze(next(row[0] for row in rows if len(row))))
    step = size + max(1, size // 24)  # a white line between pictures
    sheet = np.full((len(rows) * step, columns * step), 255.0)
    for i, row in enumerate(rows):
        for j, face in enumerate(row):
            sheet[i * step : i * step + size, j * step : j * step + size] = np.squeeze(face)
    side = (WIDTH - (1.1 if len(row_labels) else 0.1)) / max(columns, 7)
    lines = max((str(label).count("\n") + 1 for label in column_labels), default=0)
    picture = Picture(side * len(rows) + 0.45 + 0.2 * lines)
    axis = picture.subplots()
    axis.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set_xticks(np.arange(len(column_labels)) * step + size / 2, column_labels, fontsize=9)
    axis.set_yticks(np.arange(len(row_labels)) * step + size / 2, row_labels, fontsize=10)
    axis.tick_params(length=0, labeltop=True, labelbottom=False)
    axis.spines[:].set_visible(False)
    alt = f"{count} pictures in {len(rows)} rows"
    for what, labels in (("Rows", row_labels), ("Columns", column_labels)):
        if len(labels):
            alt += f". {what}: {', '.join(map(str, labels))}"
    return picture.told(title, alt)


def outlined(picture, squares: Sequence[tuple[int, int, int]], title: str) -> Picture:
    """A photograph with a numbered square (top, left, side) around each face."""
    shown = Picture(min(6.0, WIDTH * picture.height / picture.width))
    axis = shown.subplots()
    axis.imshow(picture)
    for number, (top, left, side) in enumerate(squares, start=1):
        for color, width in (("black", 4), ("white", 2)):  # seen on any ground
            axis.add_patch(Rectangle((left, top), side, side, fill=False, edgecolor=color, linewidth=width))
        axis.annotate(str(number), (left, top), (4, -4), textcoords="offset points", va="top", color="white",
                      fontsize=12, bbox={"facecolor": "black", "pad": 2})  # fmt: skip
    axis.axis("off")
    return shown.told(title, f"A photograph with {len(squares)} faces in numbered squares, the largest first")


def map_grid(maps: np.ndarray, title: str) -> Picture | None:
    """The maps (height, width, filters) of one face in one scale: the lowest number is black, the highest white."""
    columns = 8 if maps.shape[-1] <= 32 else 16
    grey = np.moveaxis(255 * (maps - maps.min()) / max(np.ptp(maps), 1e-9), -1, 0)
    return face_grid(np.array_split(grey, range(columns, len(grey), columns)), title)


def overlays(faces: np.ndarray, maps: Mapping[str, np.ndarray], title: str, labels: Sequence[str] = ()) -> Picture:
    """A row of faces, and below it a row for each kind of maps (0 to 1), in colours over the faces."""
    picture = Picture((WIDTH - 2.2) / max(len(faces), 7) * (len(maps) + 1) + 0.9)
    axes = picture.subplots(len(maps) + 1, len(faces), squeeze=False)
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
    about = "saliency: 0 weakest, 1 strongest"
    picture.colorbar(colours, ax=axes, shrink=0.6, aspect=30, pad=0.01, label=about).solids.set_alpha(1)
    return picture.told(title, f"{len(faces)} faces, and below each a map in colours: {', '.join(maps)}")


def lines(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame], title: str, ylabel: str, columns: int = 4
) -> Picture | None:
    """A line for each column of a table, over its index. Of several tables with the same columns each has a panel of
    its name, all in one vertical scale."""
    if not len(tables):
        return None
    tables = {"": tables} if isinstance(tables, pd.DataFrame) else tables
    columns = min(columns, len(tables))
    rows = -(-len(tables) // columns)
    picture = Picture(2.1 * rows + 0.9 if rows * columns > 1 else 3.6)
    axes = picture.subplots(rows, columns, sharey=True, squeeze=False)
    for axis in axes.flat[len(tables) :]:
        axis.axis("off")
    for axis, (name, table) in zip(axes.flat, tables.items(), strict=False):
        marker = "o" if len(table) == 1 else None  # one epoch makes no line
        table.plot(ax=axis, color=sns.color_palette("colorblind"), marker=marker, legend=False)
        for line, style in zip(axis.lines, STYLES * len(axis.lines), strict=False):
            line.set_linestyle(style)
        axis.set_title(name, fontsize=10)
        axis.set_xlabel(table.index.name or "")
        if pd.api.types.is_integer_dtype(table.index):
            axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 5), frameon=False)
    sns.despine(picture)
    told = "; ".join(f"{name}: {_ends(table)}" if name else _ends(table) for name, table in tables.items())
    return picture.told(title, f"Lines of {ylabel}. {told}")


def intervals(
    scores: pd.DataFrame, title: str, xlabel: str, reference: pd.Series | None = None, line: float | None = None
) -> Picture | None:
    """A row for each score: a dot at its `value`, a bar over its `interval` (a pair, or None), the number beside it.

    A score whose column `learnt` is False has an open dot. reference: other values of the same rows, as open diamonds,
    named after the series. line: a value for all rows.
    """
    if not len(scores):
        return None
    picture = Picture(0.34 * len(scores) + 1.2)
    axis = picture.subplots()
    blue, orange = sns.color_palette("colorblind", 2)
    idle = pd.Series(False, scores.index)
    if "learnt" in scores:
        idle = ~scores["learnt"].astype(bool) & (scores.index != MAJORITY)
    values, places = scores["value"].to_numpy(float), np.arange(len(scores))
    pairs = zip(scores["interval"], values, strict=True)
    lows, highs = np.array([pair if np.size(pair) == 2 else (value, value) for pair, value in pairs]).T
    axis.hlines(places, lows, highs, color=blue, linewidth=2)
    beside = pd.Series(np.nan, scores.index) if reference is None else reference.reindex(scores.index)
    reach = np.nanmax([*highs, *beside]) - np.nanmin([*lows, *beside])
    on_number = (beside > highs) & (beside < highs + 0.1 * reach)  # the number stands behind such a diamond
    ends = np.where(on_number, beside, highs)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    for place, value, low, end in zip(places, values, lows, ends, strict=True):
        at = {"xytext": (6, 0), "ha": "left"}
        if line is not None and value < line:  # away from the line
            at, end = {"xytext": (-6, 0), "ha": "right"}, low
        axis.annotate(
            f"{value:.3f}", (end, place), **at, textcoords="offset points", va="center", fontsize=8, bbox=paper
        )
    dots = {"marker": "o", "linestyle": "", "color": blue}
    axis.plot(values[~idle], places[~idle], **dots, label="measured, with 95 % interval")
    if idle.any():
        axis.plot(values[idle], places[idle], **dots, markerfacecolor="white", label="has learnt nothing")
    if reference is not None:
        axis.plot(beside, places, "D", color=orange, fillstyle="none", label=str(reference.name))
    if line is not None:
        axis.axvline(line, color="0.4", linestyle=":", zorder=0)
    axis.set_yticks(places, [str(name) for name in scores.index])
    axis.set(xlabel=xlabel, ylim=(len(scores) - 0.4, -0.6))
    axis.margins(x=0.1)
    if reference is not None or idle.any():
        picture.legend(loc="outside lower center", ncols=3, frameon=False)
    sns.despine(picture, left=True)
    axis.grid(axis="y", color="0.9")
    axis.set_axisbelow(True)
    marks = " Open dots, nets that have learnt nothing: " + ", ".join(scores.index[idle]) + "." if idle.any() else ""
    return picture.told(title, f"Dots with bars for 95 % intervals, {xlabel}: {_named(scores['value'])}.{marks}")


def bars(table: pd.DataFrame, title: str, ylabel: str, form: str = "{:,.0f}") -> Picture | None:
    """A group of bars for each row of the table, a colour for each column. form: of the numbers above the bars."""
    if table.empty:
        return None
    picture = Picture(3.6)
    axis = picture.subplots()
    table.plot.bar(ax=axis, color=sns.color_palette("colorblind"), width=0.8, rot=0, legend=False)
    for container in axis.containers:
        axis.bar_label(container, fmt=form.format, fontsize=8, padding=2)
    axis.set(xlabel=table.index.name or "", ylabel=ylabel)
    axis.set_xticks(range(len(table)), [str(name).replace(", ", "\n") for name in table.index])
    axis.margins(y=0.12)
    if table.shape[1] > 1:
        axis.legend(loc="upper left", bbox_to_anchor=(1, 1), title=table.columns.name, frameon=False)
    sns.despine(picture)
    told = "; ".join(f"{name}: {_named(table[name], form)}" for name in table)
    return picture.told(title, f"Bars of {ylabel}. {told}")


def heatmap(table: pd.DataFrame, title: str, form: str = ".2f", label: str = "", log: bool = False) -> Picture | None:
    """The table as coloured cells with their values; rows and columns named after its axes. Values of both signs get
    colours that part at 0. log: colours by the logarithm, so that small counts can be told apart; zeros are white."""
    if table.empty:
        return None
    picture = Picture(0.45 * len(table) + 1.6)
    axis = picture.subplots()
    signed = (table < 0).any(axis=None)
    colours = {"cmap": "vlag", "center": 0} if signed else {"cmap": "viridis"}
    if log:
        colours |= {"norm": LogNorm(), "mask": table <= 0}
    sns.heatmap(table, annot=True, fmt=form, cbar_kws={"label": label}, ax=axis, **colours)
    if log:
        beside = axis.collections[0].colorbar.ax.yaxis
        beside.set_major_formatter(LogFormatter())
        beside.set_minor_formatter(LogFormatter())
    axis.tick_params(axis="y", rotation=0)
    axis.set(xlabel=table.columns.name or "", ylabel=table.index.name or "")
    cells = table.stack()
    largest, smallest = (" and ".join(map(str, place)) for place in (cells.idxmax(), cells.idxmin()))
    told = f"Table of {len(table)} rows and {table.shape[1]} columns, {label}. "
    told += f"Largest: {largest}, {cells.max():{form}}. Smallest: {smallest}, {cells.min():{form}}"
    return picture.told(title, told)


def _named(values: pd.Series, form: str = "{:.3f}") -> str:
    """Few values one by one, of many the ends."""
    values = values.astype(float)
    if len(values) > NAMED:
        low, high = values.idxmin(), values.idxmax()
        return f"{len(values)} values from {low} {form.format(values[low])} to {high} {form.format(values[high])}"
    return "; ".join(f"{name} {form.format(value)}" for name, value in values.items())


def _ends(table: pd.DataFrame) -> str:
    """Where each line begins and ends."""
    return "; ".join(f"{name} from {each.iloc[0]:.2f} to {each.iloc[-1]:.2f}" for name, each in table.items())
