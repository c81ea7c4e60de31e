"""What a panel gives away after several moves is of the scenario it is at, and light on paper."""

import csv
import io
import json

import numpy as np
import pytest
from plotly.io.json import to_json_plotly

from mombook.explore import LivePanel
from mombook.panels import PANELS, definition, export, style
from mombook.panels.scenario import Slider

from . import scenarios

pytestmark = pytest.mark.slow


@pytest.fixture(params=PANELS)
def moved(request):
    """A panel that has been elsewhere: opened at one scenario, dragged, sent to another by its line."""
    name = request.param
    panel = definition(name)
    live = LivePanel(panel, panel.write(scenarios.covering(name)[1]), simulate=False)
    first = next(c for c in panel.controls if isinstance(c, Slider))
    live.set(**{first.name: first.value(first.rounded(first.stops[len(first.stops) // 3]))})
    live.scenario = panel.write(panel.read("", **dict(list(panel.presets.values())[-1])))
    stops = [first.value(first.rounded(x)) for x in first.stops]
    live.set(**{first.name: next(x for x in stops[len(stops) // 2:] if x != live.values[first.name])})
    yield live
    live.close()


def test_everything_is_stamped_with_the_scenario_on_screen(moved):
    panel, line = moved.panel, moved.scenario
    s = panel.read(line)
    opening = panel.write(panel.read())
    assert line == panel.write(s) != opening
    texts = {"csv": moved.csv(), "script": moved.script(), "bibtex": moved.bibtex(), "table": moved.html_table(),
             "code": moved.code()}
    for what, text in texts.items():
        assert line in text and opening not in text, what
    assert texts["csv"].startswith(f"# {export.stamp(panel, line)}\n")
    view, rows = panel.exact(s), {}
    for row in list(csv.reader(io.StringIO(texts["csv"])))[2:]:
        rows.setdefault(row[0], []).append([float(v) for v in row[1:]])
    for name, trace in view.traces.items():
        if trace.get("visible", True) is not False and "x" in trace and "z" not in trace:
            got = np.array(rows.get(name, np.empty((0, 2))), float)
            np.testing.assert_array_equal(got[:, 0], np.asarray(trace["x"], float), err_msg=name)
            np.testing.assert_array_equal(got[:, 1], np.asarray(trace["y"], float), err_msg=name)
    assert moved.sentence == view.sentence == repr(moved)
    for note, title in zip(moved.figure.layout.annotations, view.titles, strict=False):
        assert note.text == title


def test_the_front_end_is_handed_what_the_notebook_gets(moved):
    name, line = moved.panel.name, moved.scenario

    def handed(call, *given):
        return json.loads(moved.answer(call, "view", name, line, *given)[0])["text"]

    plotted = json.loads(to_json_plotly({trace: {axis: np.asarray(values, float).tolist() for axis, values in arrays.items()}
                                         for trace, arrays in export.arrays(moved.figure).items()}))
    texts = [handed("text", "script"), handed("text", "bibtex"), handed("text", "code"), handed("csv", json.dumps(plotted)),
             handed("table", json.dumps(plotted), json.dumps(export.axes(moved.figure)))]
    assert texts == [moved.script(), moved.bibtex(), moved.code(), moved.csv(), moved.html_table()]


def test_a_picture_is_light_and_stamped(moved):
    night, day, picture = style.theme(True), style.theme(False), moved.picture()
    assert picture.layout.annotations[-1].text == export.stamp(moved.panel, moved.scenario)
    assert (picture.layout.paper_bgcolor, picture.layout.font.color) == (day["paper"], day["ink"])
    assert not any(c in picture.to_json() for c in night.values()) and picture.layout.width == export.PRINT_WIDTH
