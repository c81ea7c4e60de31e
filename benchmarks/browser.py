"""What a reader waits for, in headless Chromium: `python -m benchmarks.browser` (part of `make bench` where it can run).

A slider of the first panel against a slider that moves the same figure, with the same points, by arrays computed beforehand:
key press to painted curve, median of 50 presses each, in one JupyterLab.
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

ROOT = Path(__file__).resolve().parents[1]
PRESSES = 50

# The same figure without a computation: two scenarios precomputed, shown in turn, whole, in one batch_update.
BARE = """\
import ipywidgets
from mombook.explore.figurewidget import figure_widget
from mombook.panels.frame import apply
from mombook.panels.tradeoff import TradeoffPanel
panel = TradeoffPanel()
views = [panel.exact(panel.read(kappa=k), final=False) for k in (1000, 1260)]
start = panel.figure(); apply(start, views[0], rescale=True); start.update_layout(width=900)
figure, slider = figure_widget(start), ipywidgets.FloatSlider(value=10, min=0, max=100, step=1, description="κ")
def redraw(change):
    with figure.batch_update():
        apply(figure, views[int(change["new"]) % 2], rescale=False)
slider.observe(redraw, "value")
ipywidgets.VBox([slider, figure])"""

PANEL = """\
from mombook import explore
panel = explore.tradeoff(kappa=1, simulate=False)
panel"""

# Notes when the drawn data first differ after a key press, and the frame after that.
WATCH = """() => {
  const drawn = () => document.querySelector('.js-plotly-plot')._fullData.find(t => t.name === 'heavy ball').y.join();
  window.pressed = null; window.waits = []; let last = drawn();
  document.addEventListener('keydown', () => { window.pressed = performance.now(); last = drawn(); }, true);
  const look = () => {
    if (window.pressed !== null && drawn() !== last) {
      const from = window.pressed; window.pressed = null;
      requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - from), 0));
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def waits(browser, server, source):
    """Milliseconds from key press to painted curve, for PRESSES presses; and seconds from run-all to first plot."""
    notebook = new_notebook(cells=[new_code_cell(source)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, server.root / "bench.ipynb")
    page = LabPage(browser, server, width=1400, height=1050)
    page.open("bench.ipynb")
    started = time.perf_counter()
    page.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.page.wait_for_selector(".js-plotly-plot .scatterlayer path.js-line", timeout=60_000)
    first = time.perf_counter() - started
    page.page.wait_for_timeout(3000)
    page.page.evaluate(WATCH)
    handle = page.handle("κ")
    handle.focus()
    for _ in range(PRESSES):
        before = page.page.evaluate("() => window.waits.length")
        page.page.keyboard.press("ArrowRight")
        page.page.wait_for_function("n => window.waits.length > n", arg=before, timeout=10_000)
        page.page.wait_for_timeout(120)
    found = page.page.evaluate("() => window.waits")
    page.close()
    return found, first


def rows():
    """Rows (what, measured, target, met) for the table."""
    from playwright.sync_api import sync_playwright

    root = Path(tempfile.mkdtemp())
    try:
        with sync_playwright() as playwright, LabServer(root, Path(tempfile.mkdtemp())) as server:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
            bare, _ = waits(browser, server, BARE)
            panel, first = waits(browser, server, PANEL)
            browser.close()
    finally:
        shutil.rmtree(root, ignore_errors=True)
    plain, live = statistics.median(bare), statistics.median(panel)
    return [
        ("first plot after run-all in JupyterLab", f"{first:.1f} s", "< 3 s", first < 3),
        ("key press to painted curve, bare FigureWidget", f"{plain:.0f} ms", "", True),
        ("the same for the panel (fresh scenario at every press)", f"{live:.0f} ms, {live / plain:.2f} x", "<= 1.5 x",
         live <= 1.5 * plain),
    ]


if __name__ == "__main__":
    if why := missing():
        sys.exit(f"not measured: {why}")
    for what, measured, target, met in rows():
        print(f"{what:<58}{measured:>18}{target:>12}  {'ok' if met else 'MISSED'}")
