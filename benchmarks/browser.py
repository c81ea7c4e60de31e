"""What a reader waits for, in headless Chromium: `python -m benchmarks.browser` (part of `make bench` where it can run).

In one JupyterLab, key press to painted curve: the first panel's slider walking from stop to stop, with answers that were asked
for ahead; the same slider jumping to where nothing was asked for; and a bare FigureWidget whose slider shows the same figure
from arrays computed beforehand. Two tabs take turns, press by press, so that the machine's mood is the same for both.
"""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.lab import CHROMIUM_FLAGS, LabPage, LabServer, chromium_path, missing

PRESSES = 50

# The same figure without a computation: two scenarios precomputed, shown in turn, whole, in one batch_update.
BARE = """\
import ipywidgets
import plotly.graph_objects as go
from mombook.panels.frame import apply
from mombook.panels.tradeoff import TradeoffPanel
panel = TradeoffPanel()
views = [panel.exact(panel.read(kappa=k), final=False) for k in (1000, 1260)]
start = panel.figure(); apply(start, views[0], rescale=True); start.update_layout(width=900)
figure, slider = go.FigureWidget(start), ipywidgets.FloatSlider(value=10, min=0, max=100, step=1, description="κ")
def redraw(change):
    with figure.batch_update():
        apply(figure, views[int(change["new"]) % 2], rescale=False)
slider.observe(redraw, "value")
ipywidgets.VBox([slider, figure])"""

PANEL = """\
from mombook import explore
panel = explore.tradeoff(kappa=1, simulate=False)
panel"""

BUSY = "import time\ntime.sleep(20)"

# Notes when the drawn data first differ after a key press, or a call of `press`, and the frame after that.
WATCH = """() => {
  const drawn = () => document.querySelector('.js-plotly-plot')._fullData.find(t => t.name === 'heavy ball').y.join();
  window.pressed = null; window.waits = []; let last = drawn();
  window.press = () => { window.pressed = performance.now(); last = drawn(); };
  window.addEventListener('keydown', window.press, true);
  const look = () => {
    if (window.pressed !== null && drawn() !== last) {
      const from = window.pressed; window.pressed = null;
      requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - from), 0));
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def tab(browser, server, name, *cells):
    """A tab with a notebook of these cells, run, its first figure watched; and the seconds from run-all to its first plot."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, server.root / name)
    page = LabPage(browser, server, width=1400, height=1050)
    page.open(name)
    started = time.perf_counter()
    page.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.page.wait_for_selector(".js-plotly-plot .scatterlayer path.js-line", timeout=60_000)
    first = time.perf_counter() - started
    page.page.evaluate(WATCH)
    return page, first


def press(page, slider, key):
    """Press a key on a slider and wait until its curve is painted: milliseconds."""
    page.page.bring_to_front()
    slider.focus()
    before = page.page.evaluate("() => window.waits.length")
    page.page.keyboard.press(key)
    page.page.wait_for_function("n => window.waits.length > n", arg=before, timeout=10_000)
    page.page.wait_for_timeout(120)
    return page.page.evaluate("() => window.waits.at(-1)")


JUMP = """([slider, stop]) => {
  window.press();
  slider.value = stop;
  slider.dispatchEvent(new Event('input'));
}"""


def jump(page, slider, stop):
    """Put the slider on a stop far from where it is, which nothing has asked for yet: milliseconds."""
    page.page.bring_to_front()
    before = page.page.evaluate("() => window.waits.length")
    page.page.evaluate(JUMP, [slider.element_handle(), stop])
    page.page.wait_for_function("n => window.waits.length > n", arg=before, timeout=10_000)
    page.page.wait_for_timeout(700)                                     # at rest, and with nothing more to ask for
    return page.page.evaluate("() => window.waits.at(-1)")


def rows():
    """Rows (what, measured, target, met) for the table."""
    from playwright.sync_api import sync_playwright

    root = Path(tempfile.mkdtemp())
    try:
        with sync_playwright() as playwright, LabServer(root, Path(tempfile.mkdtemp())) as server:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
            plain, _ = tab(browser, server, "bare.ipynb", BARE)
            panel, first = tab(browser, server, "panel.ipynb", PANEL)
            plain_slider, slider = plain.page.locator(".noUi-handle").first, panel.handle("κ")
            panel.page.wait_for_timeout(3000)
            bare, walking = [], []
            for _ in range(PRESSES):
                walking.append(press(panel, slider, "ArrowRight"))
                bare.append(press(plain, plain_slider, "ArrowRight"))
            press(panel, panel.handle("decay"), "ArrowLeft")            # a plane on which no stop has been visited
            far = [jump(panel, slider, 29 * k % 61) for k in range(1, PRESSES)]
            busy, _ = tab(browser, server, "busy.ipynb", PANEL, BUSY)
            touched = press(busy, busy.handle("κ"), "ArrowRight")
            browser.close()
    finally:
        shutil.rmtree(root, ignore_errors=True)
    plain, walk, leap = map(statistics.median, (bare, walking, far))
    return [
        ("first plot after run-all in JupyterLab", f"{first:.1f} s", "< 3 s", first < 3),
        ("key press to painted curve, bare FigureWidget", f"{plain:.0f} ms", "", True),
        ("the same for the panel, from stop to stop", f"{walk:.0f} ms, {walk / plain:.2f} x", "< 35 ms, 0.4 x",
         walk < 35 and walk < 0.4 * plain),
        ("the same for the panel, far jumps", f"{leap:.0f} ms", "< 100 ms", leap < 100),
        ("first touch of a panel while a cell runs", f"{touched:.0f} ms", "< 1000 ms", touched < 1000),
    ]


if __name__ == "__main__":
    if why := missing():
        sys.exit(f"not measured: {why}")
    for what, measured, target, met in rows():
        print(f"{what:<58}{measured:>18}{target:>16}  {'ok' if met else 'MISSED'}")
