"""What the figures of scores show: every value at its place, with its name."""

import numpy as np
import pandas as pd
import pytest

from fer_keras.study import figures


@pytest.fixture
def shown(monkeypatch):
    """The figure that would have been displayed."""
    found = []
    monkeypatch.setattr(figures, "show", lambda figure, title, alt: found.append((figure, title, alt)))
    return found


def test_intervals_has_a_dot_a_bar_and_a_number_for_each_row(shown):
    rows = {"majority": {"value": 0.25, "interval": [0.2, 0.3]}, "net": {"value": 0.7, "interval": None}}
    reference = pd.Series({"net": 0.967}, name="reported")
    figures.intervals(pd.DataFrame(rows).T, "title", "alt", "accuracy", reference, line=0.5)
    ((figure, *texts),) = shown
    (axis,) = figure.axes
    assert texts == ["title", "alt"] and [label.get_text() for label in axis.get_yticklabels()] == list(rows)
    assert [text.get_text() for text in axis.texts] == ["0.250", "0.700"]
    bar, dots, diamonds, line = axis.lines
    assert bar.get_xydata().tolist() == [[0.2, 0], [0.3, 0]]
    assert dots.get_xydata().tolist() == [[0.25, 0], [0.7, 1]]
    np.testing.assert_equal(diamonds.get_xydata(), [[np.nan, 0], [0.967, 1]])
    assert set(line.get_xdata()) == {0.5}
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the first row on top
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["measured, with 95 % interval", "reported"]


def test_panels_draw_each_table_under_its_name_in_one_scale(shown):
    index = pd.RangeIndex(1, 4, name="epoch")
    tables = {
        name: pd.DataFrame({"training": [3.0, 2, 1], "validation": [3.0, top, 2]}, index=index)
        for name, top in {"a": 4.0, "b": 9.0, "c": 5.0}.items()
    }
    figures.panels(tables, "title", "alt", "loss", columns=2)
    figure = shown[0][0]
    used = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in used] == ["a", "b", "c"] and len(figure.axes) == 4
    for axis, table in zip(used, tables.values(), strict=True):
        drawn = [line.get_ydata().tolist() for line in axis.lines if len(line.get_ydata())]
        assert drawn[:2] == [table[column].tolist() for column in table]
        assert axis.get_ylim() == used[0].get_ylim()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "validation"]
