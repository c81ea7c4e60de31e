"""mombook/explore/figurewidget.py: one script for all figures, the plain widget when it is missing, a stable repr."""

import subprocess
import sys
import zlib

import numpy as np
import plotly.graph_objects as go
import pytest

from mombook.explore import figurewidget
from mombook.explore.figurewidget import figure_widget

LONG = 100_000


def figure(name="exact"):
    return go.Figure(go.Scatter(x=[1, 10, 100], y=[1.0, 0.5, 0.123456789], name=name), layout={"title": {"text": "t"}})


@pytest.fixture(autouse=True)
def fresh_kernel(monkeypatch):
    """Each test starts like a kernel that has shown nothing yet."""
    monkeypatch.setattr(figurewidget._Carrier, "_only", None)


def sizes(*widgets):
    """Characters and bytes each widget sends when a page first sees it."""
    return [sum(len(v) for v in w.get_state().values() if isinstance(v, str | bytes)) for w in widgets]


def test_two_figures_carry_the_script_once():
    first = figure_widget(figure())
    carrier = figurewidget._Carrier._only
    second = figure_widget(figure("bound"))
    assert figurewidget._Carrier._only is carrier
    assert max(sizes(first, second)) < 5000
    assert LONG < sizes(carrier)[0] < 2_500_000
    assert zlib.decompress(carrier.packed) == figurewidget.BUNDLE.read_bytes()


def test_data_and_layout_are_there_at_once():
    state = figure_widget(figure()).get_state()
    assert state["_widget_data"][0]["name"] == "exact"
    assert state["_widget_layout"]["title"] == {"text": "t"}


@pytest.mark.parametrize("missing", ["nowhere.js", "."])
def test_without_the_script_it_is_plotlys_own_widget(monkeypatch, tmp_path, missing):
    monkeypatch.setattr(figurewidget, "BUNDLE", tmp_path / missing)
    widget = figure_widget(figure())
    assert isinstance(widget, go.FigureWidget) and not isinstance(widget, figurewidget._SharedFigure)
    assert sizes(widget)[0] > LONG
    assert figurewidget._Carrier._only is None
    assert "'exact': scatter" in repr(widget)


def test_a_closed_carrier_is_made_again():
    figure_widget(figure())
    figurewidget._Carrier._only.close()
    figure_widget(figure())
    assert figurewidget._Carrier._only.comm is not None


def test_repr_holds_numbers_and_no_ids():
    assert repr(figure_widget(figure())) == repr(figure_widget(figure())) == (
        "FigureWidget with 1 trace\n  'exact': scatter, 3 points, (1, 1) to (100, 0.1235)"
    )
    assert repr(figure_widget()) == "FigureWidget with 0 traces"
    assert repr(figure_widget(go.Figure(go.Heatmap(z=[[1]], name="map")))).endswith("'map': heatmap")
    assert "3 points, (a, 1) to (c, 0.1235)" in repr(figure_widget(figure().update_traces(x=["a", "b", "c"])))


def test_the_slow_import_is_left_out_and_no_longer_hidden():
    """Imported first, the module keeps the grammar from being built, yet whoever wants it later can have it."""
    code = (
        "import sys, mombook.explore.figurewidget as f; f.figure_widget();"
        "assert 'plotly.io._renderers' in sys.modules and 'jsonschema' in sys.modules;"
        "assert not [m for m in sys.modules if m.startswith(('rfc3987', 'lark'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_page_that_connects_later_gets_the_figure_as_it_is_now():
    widget = figure_widget(figure())
    with widget.batch_update():
        widget.data[0].y = [3.0, 2.0, 1.0]
        widget.layout.title.text = "moved"
    state = widget.get_state()
    np.testing.assert_array_equal(state["_widget_data"][0]["y"], [3.0, 2.0, 1.0])
    assert state["_widget_layout"]["title"] == {"text": "moved"}
    assert "_widget_data" not in widget.get_state(key="_config")
