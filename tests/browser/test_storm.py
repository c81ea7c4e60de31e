"""What a panel must survive in JupyterLab: every slider moved at once, again and again, and a fault in its own code."""

import time
from pathlib import Path

import numpy as np
import pytest

import mombook as mb
from mombook.panels.tradeoff import GRID, PRECISION

from .lab import LabPage, panel_notebook

BROKEN = """\
from mombook.panels.sgd import SGDPanel
class Broken(SGDPanel):
    def exact(self, scenario, final=True):
        if scenario["batch"] >= 64:
            raise ZeroDivisionError("the planted fault")
        return super().exact(scenario, final)
broken = explore.LivePanel(Broken(), "batch=32", simulate=False)
broken"""

# 300 times in three seconds, each slider somewhere else; at last to where the test waits for them.
STORM = """async () => {
  const sliders = [...document.querySelector('.mombook-panel').querySelectorAll('input[type=range]')];
  const start = performance.now();
  for (let n = 0; n < 300; n++) {
    sliders.forEach((slider, k) => {
      const stops = +slider.max;
      slider.value = n < 299 ? (7 * n + 13 * k) % stops : Math.round(0.4 * stops);
      slider.dispatchEvent(new Event('input'));
    });
    await new Promise((next) => setTimeout(next, start + 10 * n - performance.now()));
  }
}"""
LAST = {"kappa": 251, "decay": 1.25, "batch": 91, "d": 63}


@pytest.fixture(scope="module")
def page(chromium, lab_server):
    panel_notebook(lab_server.root / "storm.ipynb", "import os\nprint(os.getpid())", "explore.tradeoff()", BROKEN)
    page = LabPage(chromium, lab_server, width=1300, height=1000)
    page.open("storm.ipynb")
    page.run_all()
    page.plotted("heavy ball")
    yield page
    page.close()


def use(page):
    """Resident memory in MB and number of threads of the kernel."""
    pid = page.text(".jp-OutputArea-output pre")
    status = dict(line.split(":\t") for line in Path(f"/proc/{pid.strip()}/status").read_text().splitlines() if ":\t" in line)
    return int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"])


def simulated(page, timeout=240):
    """Wait until the simulation has finished."""
    stop = page.page.get_by_role("button", name="Stop").first
    page.page.wait_for_function("stop => stop.disabled", arg=stop.element_handle(), timeout=1000 * timeout)


def expected(layer):
    H = mb.Spectrum.power_law(LAST["d"], LAST["decay"], LAST["kappa"]).compressed(2 if layer else 1)
    return mb.frontier(H, batches=GRID[layer], precision=PRECISION[layer])["heavy_ball"].serial


def one_move(page):
    """Seconds from a key press to the changed curve: 0.1, unless the machine is busy with other things."""
    before, started = page.plotted("heavy ball")[1], time.monotonic()
    page.press("κ", "ArrowRight")
    page.wait_until_changed("heavy ball", before, quiet=0)
    return time.monotonic() - started


def test_a_storm_on_every_slider_ends_in_the_right_state_at_once(page):
    layers = [expected(False), expected(True)]
    used, usual = [], one_move(page)
    for _ in range(3):
        page.page.get_by_role("button", name="Simulate").first.click()
        page.page.wait_for_timeout(600)                                 # the storm begins in the middle of a simulation
        page.page.evaluate(STORM)
        ended = time.monotonic()
        while True:
            shown = page.plotted("heavy ball")[1]
            if any(shown.shape == y.shape and np.allclose(shown, y, rtol=1e-6) for y in layers):
                break
            assert time.monotonic() - ended < 60, "the last state is never reached"
            page.page.wait_for_timeout(20)
        took = time.monotonic() - ended
        while page.plotted("heavy ball")[1].size != len(GRID[True]):
            said = [part.inner_text() for part in page.page.locator("[role=status], [role=alert]").all()]
            assert time.monotonic() - ended < 60, f"never refined; the page says {said}"
            page.page.wait_for_timeout(20)
        np.testing.assert_allclose(page.plotted("heavy ball")[1], layers[1], rtol=1e-9)
        line = page.scenario()
        assert line.startswith("kappa=251;decay=1.25;batch=91;d=63;")
        page.page.wait_for_timeout(300)
        simulated(page)
        used.append(use(page))
        before, usual = usual, one_move(page)
        assert took < max(1.0, 8 * max(before, usual)), f"{took:.2f} s; a move takes {before:.2f} s, then {usual:.2f} s"
    (_, _), (memory, threads), (memory_now, threads_now) = used         # the first fills what panels remember
    assert threads_now <= threads and memory_now < memory + 20, used
    assert page.errors_in_cells() == [] and page.console_errors == []
    assert page.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status") != "dead"


def test_a_planted_fault_shows_in_the_status_line(page):
    page.drawn(1)
    page.rest(1)
    panel, knob = page.panel(1), page.handle("B", k=1)
    knob.focus()
    page.page.keyboard.press("ArrowRight")
    page.wait_for_sentence("B = 45", k=1)                               # else the last good scenario may be the first
    page.page.keyboard.press("ArrowRight")
    said = panel.get_by_role("alert")
    said.wait_for()
    assert "ZeroDivisionError: the planted fault" in said.inner_text() and "last good scenario" in said.inner_text()
    assert "B = 64" not in panel.locator(".sentence").inner_text() and len(page.plotted("tuned gap", figure=1)[1])
    assert page.scenario(1).split(";")[2] == "batch=45" and knob.input_value() == "10", "the slider is back where the figure is"
    knob.focus()
    for _ in range(3):
        page.page.keyboard.press("ArrowLeft")
    page.wait_for_sentence("B = 16", k=1, timeout=90)
    assert panel.get_by_role("alert").count() == 0
