"""The ipywidgets host: what a reader does, done through the widgets' values."""

import threading
import time

import numpy as np
import pytest

from mombook import explore
from mombook.explore.live import LivePanel
from mombook.panels import PANELS, definition
from mombook.panels.frame import Panel, Sample, View, veil
from mombook.panels.scenario import Slider


class Line(Panel):
    """A panel small enough to see through: y = slope x, simulated as dots on it."""

    name, title = "line", "A line"
    controls = (Slider("slope", "slope", 1, 100, 10, step=0.1, base=10), Slider("count", "n", 2, 9, 4, step=1, whole=True))
    presets = {"steep": {"slope": 100}}                                                                # noqa: RUF012
    slow = 0.0
    broken = None

    def figure(self):
        import plotly.graph_objects as go
        f = go.Figure([go.Scatter(name="line", x=[], y=[]), go.Scatter(name="dots", x=[], y=[])])
        return f.update_layout(xaxis_range=[0, 10], yaxis_range=[0, 100])

    def exact(self, scenario, final=True):
        if scenario["slope"] == self.broken:
            raise ZeroDivisionError("the planted fault")
        x = np.arange(1.0, scenario["count"] + 1)
        top = scenario["slope"] * x
        return View({"line": {"x": x, "y": top}}, f"slope {scenario['slope']:g}.", {"yaxis": [0, top.max()]})

    def sample(self, scenario):
        for k in range(1, 21):
            time.sleep(self.slow)
            yield Sample(k / 20, {"dots": {"x": [k], "y": [k * scenario["slope"]]}}, f"{k} dots.")

    def blank(self, scenario):
        return {"dots": {"x": [], "y": []}}


@pytest.fixture
def line():
    return LivePanel(Line(), simulate=False)


def settled(live, timeout=10):
    """Wait until the panel's thread has nothing left to do."""
    deadline = time.monotonic() + timeout
    while live._worker is not None and live._worker.is_alive():
        assert time.monotonic() < deadline, "the panel's thread did not come to rest"
        time.sleep(0.02)
    return live


def shown(live, name="line"):
    return next(t for t in live.figure.data if t.name == name)


def test_a_dragged_slider_moves_the_curve_the_sentence_and_the_scenario(line):
    line._controls["slope"].slider.value = 20.0
    np.testing.assert_allclose(shown(line).y, [20, 40, 60, 80])
    assert repr(line) == "slope 20." and line.scenario == "slope=20;count=4"
    assert line._controls["slope"].field.value == "20" and line._line.value == line.scenario
    assert "slope 20." in line._words.value


def test_axes_stay_put_while_a_slider_moves_and_follow_at_rest(line):
    before = line.figure.layout.yaxis.range
    line._controls["slope"].slider.value = 100.0
    assert line.figure.layout.yaxis.range == before
    settled(line)
    np.testing.assert_allclose(line.figure.layout.yaxis.range, [0, 400])


@pytest.mark.parametrize("typed", ["1e9", "0", "abc", "", "nan"])
def test_a_typed_value_out_of_range_is_refused_and_nothing_is_lost(line, typed):
    before = shown(line).y
    line._controls["slope"].field.value = typed
    assert "slope must be a number from 1 to 100" in line._status.value and "Nothing has changed" in line._status.value
    assert line._controls["slope"].field.value == "10" and line.scenario == "slope=10;count=4"
    np.testing.assert_array_equal(shown(line).y, before)


def test_a_typed_value_between_the_stops_is_taken(line):
    line._controls["slope"].field.value = "13.37"
    np.testing.assert_allclose(line._controls["slope"].slider.value, 13.37)
    np.testing.assert_allclose(shown(line).y[0], 13.37)


def test_a_value_between_the_stops_stays_when_the_page_shows_its_slider_at_the_nearest_one(line):
    line.set(slope=13.37)
    line._controls["slope"].slider.value = 10**1.1                              # what the page reports by itself
    assert line.scenario == "slope=13.37;count=4" and line._controls["slope"].field.value == "13.37"
    line._controls["slope"].slider.value = 10**1.2                              # a key pressed there
    assert line.scenario == "slope=15.8;count=4"
    line._controls["slope"].slider.value = 10**1.1
    assert line.scenario == "slope=12.6;count=4"


def test_a_scenario_line_loads_and_a_bad_one_changes_nothing(line):
    line._line.value = "slope=50;count=2"
    np.testing.assert_allclose(shown(line).y, [50, 100])
    line._line.value = "slope=50;pitch=3"
    assert "has no &#x27;pitch&#x27;" in line._status.value and line._line.value == "slope=50;count=2"


def test_presets_and_reset_are_buttons(line):
    buttons = {b.description: b for b in _all(line.widget) if hasattr(b, "click")}
    buttons["steep"].click()
    assert line.scenario == "slope=100;count=4"
    buttons["Reset"].click()
    assert line.scenario == "slope=10;count=4"


def test_an_exception_in_a_callback_is_shown_and_raised():
    live = LivePanel(Line(), simulate=False)
    live.panel.broken = 20.0
    with pytest.raises(ZeroDivisionError):
        live._controls["slope"].slider.value = 20.0
    assert "ZeroDivisionError: the planted fault" in live._status.value and "role='alert'" in live._status.value
    np.testing.assert_allclose(shown(live).y, [10, 20, 30, 40])
    assert live.scenario == "slope=10;count=4"


def test_a_planted_fault_fails_the_sweep():
    live = LivePanel(Line(), simulate=False)
    assert "scenarios swept" in live.sweep()
    live.panel.broken = 100.0
    with pytest.raises(ZeroDivisionError):
        live.sweep()


def test_set_refuses_without_moving(line):
    with pytest.raises(ValueError, match="slope must be"):
        line.set(slope=1e9)
    assert line.scenario == "slope=10;count=4"
    line.set(slope=30)
    assert repr(line) == "slope 30." and line.scenario == "slope=30;count=4"
    line.set("count=3")
    assert line.scenario == "slope=10;count=3"


def test_simulation_starts_at_rest_and_reports():
    live = LivePanel(Line())
    live._controls["slope"].slider.value = 20.0
    assert list(shown(live, "dots").x) == []
    settled(live)
    assert list(shown(live, "dots").y) == [400] and "20 dots." in live._heard.value
    assert live._simulation.stop.disabled and live._simulation.bar.layout.visibility == "hidden"


def test_simulation_is_abandoned_when_something_moves_and_the_latest_wins():
    live = LivePanel(Line())
    live.panel.slow = 0.05
    live._controls["slope"].slider.value = 20.0
    time.sleep(0.6)
    live._controls["slope"].slider.value = 30.0
    assert list(shown(live, "dots").x) == [], "dots of the scenario that was left are gone"
    settled(live)
    assert list(shown(live, "dots").y) == [600]


def test_stop_keeps_what_has_arrived():
    live = LivePanel(Line())
    live.panel.slow = 0.1
    live._controls["slope"].slider.value = 20.0
    time.sleep(1.2)
    live._simulation.stop.click()
    settled(live)
    assert 0 < shown(live, "dots").x[0] < 20 and "Stopped" in live._status.value and live._simulation.stop.disabled


def test_a_storm_of_changes_ends_in_the_last_state_with_one_thread():
    live, before = LivePanel(Line()), threading.active_count()
    for k in range(300):
        live._controls["slope"].slider.value = 1.0 + k % 50
        live._controls["count"].slider.value = 2 + k % 7
    assert threading.active_count() <= before + 1
    settled(live)
    assert live.scenario == "slope=50;count=7" and list(shown(live, "dots").y) == [1000]
    np.testing.assert_allclose(shown(live).y, 50.0 * np.arange(1, 8))


def test_toggles_keep_one_method_on():
    live = explore.tradeoff(d=10, kappa=10, methods="sgd", simulate=False)
    live._controls["methods"].buttons["sgd"].value = False
    assert "At least one" in live._status.value and live._controls["methods"].buttons["sgd"].value
    live._controls["methods"].buttons["asgd"].value = True
    assert "methods=sgd+asgd" in live.scenario and shown(live, "ASGD").visible is True


def test_narrow_and_dark_pages_are_followed():
    live = explore.tradeoff(d=10, kappa=10, simulate=False)
    wide = live.figure.layout.height
    live._page.width, live._page.dark = 390, True
    assert live.figure.layout.height > 2 * wide and live.figure.layout.width == 390
    assert live.figure.layout.paper_bgcolor == "#111417"
    live._page.width, live._page.dark = 1100, False
    assert live.figure.layout.height == wide and live.figure.layout.paper_bgcolor == "#ffffff"


def test_the_bundle_says_the_sentence(line):
    bundle = line._repr_mimebundle_()
    assert bundle["application/vnd.mombook.panel+json"] == {"panel": line.panel.name, "scenario": line.scenario}
    assert bundle["text/plain"] == "slope 10." and "application/vnd.jupyter.widget-view+json" in bundle


def _all(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _all(child)


def off_the_main_thread(act):
    """As JupyterLab does it: callbacks run on a thread of their own, where nothing is raised to anybody."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join(10)


def test_off_the_main_thread_changes_that_pile_up_are_drawn_once_or_twice():
    live, drawn = LivePanel(Line(), simulate=False), []
    exact = live.panel.exact
    live.panel.exact = lambda scenario, final=True: (time.sleep(0.1), drawn.append(final), exact(scenario, final))[-1]

    def storm():
        for k in range(100):
            live._controls["slope"].slider.value = 1.0 + k % 50
    off_the_main_thread(storm)
    assert live.scenario == "slope=50;count=4" and live._controls["slope"].field.value == "50"
    settled(live)
    assert drawn.count(False) <= 4 and drawn[-1] is True
    np.testing.assert_allclose(shown(live).y, [50, 100, 150, 200])
    assert repr(live) == "slope 50." and live._line.value == live.scenario


@pytest.mark.filterwarnings("ignore:Exception in thread mombook panel")
def test_off_the_main_thread_a_fault_shows_and_the_panel_lives_on():
    live = LivePanel(Line(), simulate=False)
    live.panel.broken = 20.0
    off_the_main_thread(lambda: setattr(live._controls["slope"].slider, "value", 20.0))
    settled(live)
    assert "ZeroDivisionError: the planted fault" in live._status.value, "and settling does not wipe it off"
    assert live.scenario == "slope=10;count=4"
    off_the_main_thread(lambda: setattr(live._controls["slope"].slider, "value", 30.0))
    settled(live)
    assert live.scenario == "slope=30;count=4" and "alert" not in live._status.value


@pytest.fixture
def sgd():
    return explore.sgd("kappa=100;decay=2;batch=8;d=20", simulate=False)


def visible(live, name):
    return shown(live, name).visible is not False


def test_hidden_theory_stays_hidden_and_untold_while_sliders_move_and_comes_back(sgd):
    told = repr(sgd)
    sgd.teach()
    sgd._teacher.key("t")
    for move in (lambda: None, lambda: setattr(sgd._controls["kappa"].slider, "value", 1000.0), sgd._pace.settle):
        move()
        assert not any(visible(sgd, name) for name in sgd.panel.theory) and visible(sgd, "perfect scaling")
        for said in (repr(sgd), sgd._words.value, sgd._page.said):
            assert "Theory is hidden" in said and "gap" not in said
    assert not set(sgd.panel.theory) & {row[0] for row in sgd.table()}
    sgd._teacher.key("t")
    assert visible(sgd, "tuned gap") and "κ = 1000" in repr(sgd) and "has gap" in repr(sgd) and told != repr(sgd)
    sgd._teacher.key("t")
    sgd._teacher.key("Escape")
    assert visible(sgd, "tuned gap") and not sgd._teacher.toggle.value


def test_keys_step_through_presets_and_reset(sgd):
    sgd.teach()
    heard = []
    for key in ("1", "n", "n", "PageDown", "p", "0", "PageUp", "x"):
        sgd._teacher.key(key)
        heard.append(sgd.scenario.split(";")[0])
    assert heard == [f"kappa={v}" for v in ("1", "15.8", "39800", "1", "39800", "1000", "39800", "39800")]
    assert sgd._page.pressed == ["0", "1", "2", "3", "Escape", "PageDown", "PageUp", "n", "p", "s", "t"]
    sgd.teach(False)
    assert sgd._page.pressed == []


@pytest.mark.parametrize("name", ["tradeoff", "heavy_ball"])
def test_large_type_comes_and_goes_without_a_trace(name):
    live = getattr(explore, name)(d=10, kappa=10, simulate=False)

    def sizes():
        f = live.figure
        return ([t[key] for t in f.data for key in ("line.width", "marker.size", "textfont.size") if key in t],
                [a.font.size for a in f.layout.annotations], [f.layout.font.size, f.layout.height])
    live._page.width = 1200
    live.teach()
    large = sizes()
    live.teach(False)
    normal = sizes()
    for big, small in zip(large, normal, strict=True):
        assert all(b > s for b, s in zip(big, small, strict=True) if s)
    fresh = live.panel.figure()
    assert [t["line.width"] for t in live.figure.data if "line.width" in t] == [
        t["line.width"] for t in fresh.data if "line.width" in t]
    assert normal[2] == [fresh.layout.font.size, fresh.layout.height] and "1.6em" not in live._words.value


def test_a_table_is_made_when_opened_and_follows(sgd):
    assert sgd._take.table.value == ""
    sgd._take._tabled.value = True
    table = sgd._take.table.value
    assert table.count("<caption>") == 1 and "scope='col'" in table and table.count("scope='rowgroup'") > 8
    assert "10 of 37 points" in table and "kappa=100;" in table and "gap at the best η at batch size B" in table
    sgd.set(kappa=10)
    assert "kappa=10;" in sgd._take.table.value
    sgd._take._tabled.value = False
    assert sgd._take.table.value == ""


@pytest.mark.parametrize("name", PANELS)
def test_theory_names_traces_and_hides_them_for_every_panel(name):
    panel = definition(name)
    names = {t.name for t in panel.figure().data}
    assert panel.theory and set(panel.theory) < names
    view = panel.exact(panel.read())
    hidden, back = (veil(panel, panel.read(), view, on) for on in (True, False))
    assert all(hidden.traces[n]["visible"] is False for n in panel.theory)
    for n, trace in view.traces.items():
        assert back.traces[n].get("visible", True) is trace.get("visible", True)
    assert hidden.sentence != view.sentence == back.sentence and not hidden.text and "Theory is hidden" in hidden.sentence
