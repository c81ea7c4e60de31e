"""The widget of a panel: what a notebook asks of it, and what it answers the front end."""

import json
import threading
import zlib

import numpy as np
import plotly.graph_objects as go
import pytest
from threadpoolctl import threadpool_info

from mombook import explore, front
from mombook.explore import live as module
from mombook.explore.live import LivePanel
from mombook.panels.frame import Panel, Sample, View
from mombook.panels.scenario import Slider

WIDGET = "application/vnd.jupyter.widget-view+json"


class Line(Panel):
    """A panel small enough to see through: y = slope x, simulated as dots on it."""

    name, title = "line", "A line"
    controls = (Slider("slope", "slope", 1, 100, 10, step=0.1, base=10), Slider("count", "n", 2, 9, 4, step=1, whole=True))
    presets = {"steep": {"slope": 100}}                                                                # noqa: RUF012
    broken = None

    def figure(self):
        f = go.Figure([go.Scatter(name="line", x=[], y=[]), go.Scatter(name="dots", x=[], y=[])])
        return f.update_layout(xaxis_range=[0, 10], yaxis_range=[0, 100], font_size=13)

    def exact(self, scenario, final=True):
        if scenario["slope"] == self.broken:
            raise ZeroDivisionError("the planted fault")
        x = np.arange(1.0, scenario["count"] + 1)
        top = scenario["slope"] * x
        return View({"line": {"x": x, "y": top}}, f"slope {scenario['slope']:g}.", {"yaxis": [0, top.max()]})

    def sample(self, scenario):
        for k in range(1, 21):
            yield Sample(k / 20, {"dots": {"x": [k], "y": [k * scenario["slope"]]}}, f"{k} dots.")

    def blank(self, scenario):
        return {"dots": {"x": [], "y": []}}


@pytest.fixture
def sent(monkeypatch):
    """What panels send to their pages: (message, buffers)."""
    messages = []
    monkeypatch.setattr(LivePanel, "send", lambda self, message, buffers=None: messages.append((message, buffers)))
    return messages


@pytest.fixture
def line():
    return LivePanel(Line(), simulate=False)


def trace(figure, name="line"):
    return next(t for t in figure.data if t.name == name)


def test_moving_a_panel_moves_all_that_a_notebook_sees_of_it(line):
    seen = []
    line.observe(lambda change: seen.append(change["new"]), "scenario")
    line.set(slope=20)
    assert line.scenario == "slope=20;count=4" and repr(line) == line.sentence == line.view.sentence == "slope 20."
    np.testing.assert_array_equal(trace(line.figure).y, [20, 40, 60, 80])
    assert [row[2] for row in line.table()] == [20, 40, 60, 80] and "slope=20;count=4" in line.csv()
    line.scenario = "count=2"
    assert line.values == {"slope": 10, "count": 2} and seen == ["slope=20;count=4", "slope=10;count=2"]
    line.set("count=3", slope=30)
    assert line.scenario == "slope=30;count=3"


def test_what_is_refused_moves_nothing(line):
    for move in (lambda: line.set(slope=1e9), lambda: setattr(line, "scenario", "slope=1e9"), lambda: line.set("pitch=3")):
        with pytest.raises(ValueError, match=r"slope must be a number from 1 to 100; got|has no 'pitch'"):
            move()
    assert line.scenario == "slope=10;count=4"


def test_a_finished_simulation_is_in_the_figure_until_something_moves(line, sent):
    assert line.simulate() == "20 dots." and sent == [({"simulate": True}, None)]
    np.testing.assert_array_equal(trace(line.figure, "dots").y, [200])
    face = line._face()
    assert face["simulated"] == "20 dots." and len(face["figure"]["data"][1]["y"]) == 1
    line.set(slope=20)
    assert not trace(line.figure, "dots").y and line._face()["simulated"] == ""


def test_a_planted_fault_fails_the_sweep(line):
    assert "scenarios swept" in line.sweep() and line.scenario == "slope=10;count=4"
    line.panel.broken = 100.0
    with pytest.raises(ZeroDivisionError):
        line.sweep()


def test_a_control_that_leads_elsewhere_fails_the_sweep(line, monkeypatch):
    monkeypatch.setattr(line, "answer", lambda *given: LivePanel.answer(line, *given[:3], "slope=3", given[-1]))
    with pytest.raises(AssertionError, match="slope did not follow its control to"):
        line.sweep()


# -- what the front end is told ----------------------------------------------------------------------------------------
def asked(live, sent, call, *args):
    """What a page is sent for a call: the message, its numbers."""
    live._asked(live, {"view": "v", "id": 7, "call": call, "args": list(args)}, [])
    message, buffers = sent.pop()
    assert (message["view"], message["id"]) == ("v", 7)
    return message, np.frombuffer(buffers[0]) if call not in ("front", "face") else buffers


def test_a_call_is_answered_for_its_view_from_the_panels_own_definition(line, sent):
    message, numbers = asked(line, sent, "exact", "v", "whatever", "slope=20", False)
    start, stop = message["head"]["traces"]["line"]["y"]["at"]
    np.testing.assert_array_equal(numbers[start:stop], [20, 40, 60, 80])
    assert message["head"]["sentence"] == "slope 20." and message["head"]["blank"] == {"dots": {"x": [], "y": []}}
    message, numbers = asked(line, sent, "sample", "v", "whatever", "slope=20", 60)
    assert message["head"]["done"] and numbers[-1] == 400
    assert line.scenario == "slope=10;count=4", "an answer may be a guess ahead; the page says when it shows one"
    line.panel.broken = 20.0
    message, _ = asked(line, sent, "exact", "v", "whatever", "slope=20", False)
    assert message["head"]["error"].startswith("ZeroDivisionError: the planted fault (test_live.py, line")


def test_the_front_end_is_sent_packed_with_plotly(line, sent):
    _, buffers = asked(line, sent, "front")
    parts = json.loads(zlib.decompress(buffers[0]))
    assert parts["plotly"].startswith("/**\n* plotly.js v") and len(buffers[0]) < 2e6
    assert all(text in parts["scripts"] for name, text in front.sources().items() if name.endswith(".js"))
    assert parts["style"] == front.sources()["panel.css"]


def test_other_scripts_have_another_mark(monkeypatch):
    before = LivePanel(Line())._front
    assert before == LivePanel(Line())._front
    monkeypatch.setattr(front, "sources", lambda: {"panel.js": "something else"})
    assert LivePanel(Line())._front != before


def test_only_small_things_are_kept_for_a_page_that_connects_later():
    state = explore.tradeoff(kappa=10, d=10).get_state()
    assert sum(len(str(value)) for key, value in state.items() if key != "_esm") < 2000
    assert len(state["_esm"]) < 20_000


@pytest.mark.parametrize("simulate", [True, False])
def test_whether_the_simulation_starts_by_itself(simulate):
    assert LivePanel(Line(), simulate=simulate).simulates is simulate
    assert not explore.translator(d=10, kappa=10).simulates, "it has none"


def test_what_is_displayed_is_the_widget_and_under_it_its_sentence(line, monkeypatch):
    shown = []
    monkeypatch.setattr(module, "display", lambda data, raw: shown.append(data))
    line._ipython_display_()
    widget, still, place = shown
    assert widget[WIDGET]["model_id"] == line.model_id and set(widget) == {WIDGET, "application/vnd.plotly.v1+json"}
    assert still["text/plain"] == "slope 10." and "slope 10." in still["text/html"] and "mombook doctor" in still["text/html"]
    assert set(place) == {"text/html"}, "which the book does not keep"
    assert still[module.PANEL] == {"panel": "line", "scenario": "slope=10;count=4"}


def test_blas_has_one_thread_while_a_panel_computes_and_what_it_had_afterwards():
    def threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before, quick, inside, after = threads(), module._OneThread(), [], []
    go_on, entered = threading.Event(), threading.Event()

    def other():
        with quick:
            entered.set()
            go_on.wait(10)

    for _ in range(2):
        thread = threading.Thread(target=other)
        with quick:
            thread.start()
            entered.wait(10)
            with quick:
                inside.append(threads())
            inside.append(threads())
        go_on.set()
        thread.join(10)
        after.append(threads())
    assert len(inside) == 4 and all(set(now) <= {1} for now in inside) and after == [before, before]
