"""The two ways to work while a reader moves controls: with threads and without."""

import asyncio
import time

import numpy as np
import plotly.graph_objects as go
import pytest

from mombook.explore import LivePanel, background, pace
from mombook.panels.frame import Panel, Sample, View
from mombook.panels.scenario import Slider


async def soon(is_so, seconds=10):
    """Come back when ``is_so()``; the loop goes on meanwhile."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("kind", [background.InThread, background.InEventLoop])
def test_work_waits_until_its_time_is_over_or_it_is_woken(kind):
    heard = []

    def work():
        for seconds in (0.01, 30, 0.01):
            heard.append((yield seconds))

    async def scene():
        worker = kind(work())
        assert not worker.is_alive()
        worker.start()
        await soon(lambda: heard == [False])
        assert worker.is_alive()
        worker.wake()
        await soon(lambda: not worker.is_alive())

    asyncio.run(scene())
    assert heard == [False, True, False]


def test_the_event_loop_hears_what_its_work_raises():
    raised = []

    def work():
        yield 0.001
        raise ZeroDivisionError("the planted fault")

    async def scene():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context["exception"]))
        worker = background.InEventLoop(work())
        worker.start()
        await soon(lambda: raised)
        assert not worker.is_alive()

    asyncio.run(scene())
    assert repr(raised) == "[ZeroDivisionError('the planted fault')]"


class Dots(Panel):
    """Dots on a line of adjustable slope; a simulation that never reaches its second half without being asked often."""

    controls = (Slider("slope", "slope", 1, 100, 10, step=0.1, base=10),)
    broken = None

    def figure(self):
        figure = go.Figure([go.Scatter(name="line", x=[], y=[]), go.Scatter(name="dots", x=[], y=[])])
        return figure.update_layout(xaxis_range=[0, 10], yaxis_range=[0, 100])

    def exact(self, scenario, final=True):
        if final and scenario["slope"] == self.broken:
            raise ZeroDivisionError("the planted fault")
        x = np.arange(1.0, 5)
        return View({"line": {"x": x, "y": scenario["slope"] * x}}, "A line.", {"yaxis": [0, 4 * scenario["slope"]]})

    def sample(self, scenario):
        for k in range(1, 41):
            yield Sample(k / 40, {"dots": {"x": [k], "y": [k * scenario["slope"]]}}, f"{k} dots.")

    def blank(self, scenario):
        return {"dots": {"x": [], "y": []}}


@pytest.fixture
def without_threads(monkeypatch):
    """Panels as wasm has them: a thread would be an error there."""
    monkeypatch.setattr(pace, "Worker", background.InEventLoop)
    monkeypatch.setattr("threading.Thread.start", lambda self: pytest.fail("a thread was started"))


def test_without_threads_a_panel_settles_and_simulates_between_events(without_threads):
    async def scene():
        panel = LivePanel(Dots())
        line, dots = panel.figure.data
        panel._controls["slope"].slider.value = 20.0
        np.testing.assert_allclose(line.y, [20, 40, 60, 80])
        assert panel.figure.layout.yaxis.range == (0, 40) and not dots.x       # dragging moves neither axes nor dots
        await soon(lambda: "dots." in panel._heard.value)
        assert panel.figure.layout.yaxis.range == (0, 80)
        panel._controls["slope"].slider.value = 50.0                            # in the middle of the simulation
        assert not dots.x
        await soon(lambda: "40 dots." in panel._heard.value)
        await soon(lambda: panel._worker is None)
        assert tuple(dots.y) == (2000.0,) and panel._simulation.stop.disabled

    asyncio.run(scene())


def test_without_threads_an_error_while_settling_shows_and_is_raised(without_threads):
    raised = []

    async def scene():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context["exception"]))
        panel = LivePanel(Dots())
        panel.panel.broken = 20.0
        panel._controls["slope"].slider.value = 20.0
        await soon(lambda: raised)
        assert "the planted fault" in panel._status.value
        panel._controls["slope"].slider.value = 30.0                            # and the panel lives on
        await soon(lambda: "40 dots." in panel._heard.value)

    asyncio.run(scene())
    assert repr(raised) == "[ZeroDivisionError('the planted fault')]"
