"""What the figures show: every value at its place, with its name, and the same in words."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fer_keras.study import figures


def test_intervals_has_a_dot_a_bar_and_a_number_for_each_row():
    rows = {"majority": {"value": 0.25, "interval": [0.2, 0.3]}, "net": {"value": 0.7, "interval": None}}
    reference = pd.Series({"net": 0.967}, name="reported")
    picture = figures.intervals(pd.DataFrame(rows).T, "title", "accuracy", reference, line=0.5)
    (axis,) = picture.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == list(rows)
    assert [text.get_text() for text in axis.texts] == ["0.250", "0.700"]
    assert [text.xy[0] for text in axis.texts] == [0.2, 0.7], "left of the line on the left of the bar"
    close = figures.intervals(pd.DataFrame(rows).T, "title", "accuracy", pd.Series({"majority": 0.31, "net": 0.1}))
    assert [text.xy[0] for text in close.axes[0].texts] == [0.31, 0.7], "a diamond close behind a bar is not written on"
    dots, diamonds, line = axis.lines
    (bars,) = axis.collections
    assert [segment.tolist() for segment in bars.get_segments()] == [[[0.2, 0], [0.3, 0]], [[0.7, 1], [0.7, 1]]]
    assert dots.get_xydata().tolist() == [[0.25, 0], [0.7, 1]]
    np.testing.assert_equal(diamonds.get_xydata(), [[np.nan, 0], [0.967, 1]])
    assert set(line.get_xdata()) == {0.5}
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the first row on top
    assert [text.get_text() for text in picture.legends[0].get_texts()] == ["measured, with 95 % interval", "reported"]
    assert "majority 0.250; net 0.700" in picture.alt


def test_a_net_that_has_learnt_nothing_has_an_open_dot():
    rows = {"majority class": (0.2, False), "a": (0.3, False), "b": (0.7, True)}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "learnt"]).assign(interval=None)
    picture = figures.intervals(table, "title", "accuracy")
    full, hollow = picture.axes[0].lines
    assert full.get_xydata().tolist() == [[0.2, 0], [0.7, 2]] and hollow.get_xydata().tolist() == [[0.3, 1]]
    assert hollow.get_markerfacecolor() == "white" != full.get_markerfacecolor()
    assert "nets that have learnt nothing: a." in picture.alt


def test_panels_draw_each_table_under_its_name_in_one_scale():
    index = pd.RangeIndex(1, 4, name="epoch")
    tables = {
        name: pd.DataFrame({"training": [3.0, 2, 1], "validation": [3.0, top, 2]}, index=index)
        for name, top in {"a": 4.0, "b": 9.0, "c": 5.0}.items()
    }
    picture = figures.lines(tables, "title", "loss", columns=2)
    used = [axis for axis in picture.axes if axis.get_title()]
    assert [axis.get_title() for axis in used] == ["a", "b", "c"] and len(picture.axes) == 4
    for axis, table in zip(used, tables.values(), strict=True):
        drawn = [line.get_ydata().tolist() for line in axis.lines if len(line.get_ydata())]
        assert drawn[:2] == [table[column].tolist() for column in table]
        assert axis.get_ylim() == used[0].get_ylim()
        assert all(tick == int(tick) for tick in axis.get_xticks())  # there is no epoch 1.5
    assert [text.get_text() for text in picture.legends[0].get_texts()] == ["training", "validation"]
    assert "a: training from 3.00 to 1.00; validation from 3.00 to 2.00" in picture.alt
    alone = figures.lines(tables["b"], "title", "loss")
    assert (
        len(alone.axes) == 1
        and alone.alt == "title. Lines of loss. training from 3.00 to 1.00; validation from 3.00 to 2.00"
    )


def test_faces_and_maps_stand_in_rows():
    grid = figures.face_grid([np.zeros((3, 48, 48)), np.zeros((1, 48, 48, 1))], "title", ["above", "below"])
    (sheet,) = grid.axes[0].images
    assert sheet.get_array().shape == (100, 150) and (sheet.get_array() == 0).sum() == 4 * 48 * 48
    assert grid.alt == "title. 4 pictures in 2 rows. Rows: above, below"
    maps = figures.map_grid(np.arange(3 * 3 * 10.0).reshape(3, 3, 10), "title")
    (sheet,) = maps.axes[0].images
    assert sheet.get_array().shape == (8, 32) and sheet.get_array()[0, 0] == 0 and sheet.get_array()[6, 6] == 255


def test_one_epoch_stands_at_one_tick():
    table = pd.DataFrame({"training": [0.5]}, index=pd.RangeIndex(1, 2, name="epoch"))
    axis = figures.lines(table, "title", "accuracy").axes[0]
    low, high = axis.get_xlim()
    assert [tick for tick in axis.get_xticks() if low <= tick <= high] == [1]


def test_counts_in_a_scale_of_powers_are_written_out():
    picture = figures.heatmap(pd.DataFrame([[8, 30]]), "title", ",d", "faces", log=True)
    picture.canvas.draw()
    texts = [text.get_text() for text in picture.axes[1].yaxis.get_ticklabels(which="both")]
    assert {"10", "20"} <= set(texts), texts


def test_colours_part_at_zero_where_there_are_both_signs():
    table = pd.DataFrame([[-1.0, 0.0, 3.0]], index=["row"], columns=["a", "b", "c"])
    mesh = figures.heatmap(table, "title").axes[0].collections[0]
    colours = mesh.cmap(mesh.norm([-1.0, 0.0, 3.0]))
    assert colours[0, 2] > colours[0, 0] and colours[2, 0] > colours[2, 2]  # bluish below, reddish above
    assert np.ptp(colours[1, :3]) < 0.05  # and grey at 0
    assert "Largest: row and c, 3.00. Smallest: row and a, -1.00" in figures.heatmap(table, "title").alt


def test_a_picture_is_kept_as_png_with_its_description(tmp_path):
    picture = figures.bars(pd.DataFrame({"faces": [3, 5]}, index=["happy", "sad"]), "Faces", "faces")
    data, about = picture._repr_mimebundle_()
    with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as shown:
        assert shown.width // 2 == about["image/png"]["width"]
    assert about["image/png"]["alt"] == "Faces. Bars of faces. faces: happy 3; sad 5"
    picture.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_many_values_are_told_by_their_ends():
    table = pd.DataFrame({"value": np.arange(20.0), "interval": None}, index=[f"fold {i}" for i in range(20)])
    assert "20 values from fold 0 0.000 to fold 19 19.000" in figures.intervals(table, "title", "x").alt


@pytest.mark.parametrize(
    "draw",
    [
        lambda none: figures.intervals(none, "title", "x"),
        lambda none: figures.bars(none, "title", "x"),
        lambda none: figures.heatmap(none, "title"),
        lambda none: figures.lines(none, "title", "x"),
        lambda none: figures.lines({}, "title", "x"),
        lambda none: figures.face_grid([], "title"),
    ],
)
def test_nothing_is_drawn_of_nothing(draw):
    assert draw(pd.DataFrame(columns=["value", "interval"])) is None
