"""Notebook 01 in JupyterLite: no server and no install, and every number as CPython has it."""

import json
import time
from types import SimpleNamespace

import lacking
import numpy as np
import pytest

from mombook.panels import definition

from .lab import ARTEFACTS, LabPage
from .site import served

pytestmark = pytest.mark.site

NOTEBOOK = "01_the_paper_in_one_figure.ipynb"

# Notes the milliseconds from each key to the drawing that follows it.
STOPWATCH = """() => {
  const plot = document.querySelector('.js-plotly-plot');
  let pressed = null;
  window.answered = [];
  window.addEventListener('keydown', () => { pressed = performance.now(); }, true);      // a panel keeps keys from the document
  const follow = () => {
    if (pressed !== null) window.answered.push(performance.now() - pressed);
    pressed = null;
  };
  for (const event of ['plotly_afterplot', 'plotly_animated', 'plotly_relayout']) plot.on(event, follow);
}"""


class LitePage(LabPage):
    """A tab of JupyterLite; everything else is as in JupyterLab."""

    def open(self, notebook, timeout=180):
        """Show a notebook of the site with its Python awake."""
        from tools.site import lite

        self.page.goto(f"{self.server.url}/{lite.address(notebook, 'lab')}")
        self._ready(timeout)


@pytest.fixture(scope="module")
def lite_address(tmp_path_factory, chromium):
    """A site of JupyterLite alone, served."""
    from tools.site import distribution, lite, wheel
    from tools.site.places import Missing

    folder = tmp_path_factory.mktemp("lite")
    try:
        lite.build(folder, distribution.install(folder, wheel.build(folder)))
    except Missing as why:
        lacking.needed(why)
    with served(folder) as address:
        yield address.rstrip("/")


@pytest.fixture(scope="module")
def took():
    """Seconds and milliseconds, kept in artefacts/jupyterlite.json when the module is through."""
    times = {}
    yield times
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "jupyterlite.json").write_text(json.dumps(times, indent=1))


@pytest.fixture(scope="module")
def page(chromium, lite_address, took):
    """The notebook, run, its panel in view."""
    page = LitePage(chromium, SimpleNamespace(url=lite_address), width=1400, height=1050)
    started = time.monotonic()
    page.open(NOTEBOOK)
    took["seconds to a kernel at rest, cold"] = time.monotonic() - started
    started = time.monotonic()
    page.run_all(timeout=300)
    took["seconds to run the notebook"] = time.monotonic() - started
    page.drawn()
    page.page.evaluate("document.querySelector('.js-plotly-plot').scrollIntoView({block: 'center'})")
    yield page
    page.close()


def drawn_as_here(page, line, timeout=60):
    """Wait until the panel rests at a scenario line, and hold every exact trace against CPython's."""
    panel = definition("tradeoff")
    exact = panel.exact(panel.read(line), final=True)
    page.page.wait_for_function("words => document.querySelector('.mombook-panel .sentence')?.innerText.startsWith(words)",
                                arg=exact.sentence, timeout=1000 * timeout)
    compared = 0
    for name, arrays in exact.traces.items():
        if "x" in arrays and arrays.get("visible", True) is not False:
            for got, want in zip(page.plotted(name), (arrays["x"], arrays["y"]), strict=True):
                np.testing.assert_allclose(got, np.asarray(want, float), rtol=1e-9, atol=1e-300, err_msg=name)
                compared += len(got)
    assert compared > 100


def test_every_cell_runs_without_a_word_of_complaint(page):
    assert page.errors_in_cells() == []


def test_the_panel_draws_what_cpython_computes(page):
    drawn_as_here(page, "kappa=1e3;decay=1.5;batch=8")
    page.screenshot("jupyterlite_01")


def test_a_slider_moved_by_keys_is_followed_and_simulated(page, took):
    page.page.evaluate(STOPWATCH)
    for k in range(11):
        page.press("κ", "ArrowRight")
        page.page.wait_for_function("k => window.answered.length > k", arg=k, timeout=30_000)
    page.press("κ", "ArrowLeft", times=9)
    drawn_as_here(page, "kappa=1580;decay=1.5;batch=8")
    took["milliseconds from key to drawing"] = page.page.evaluate("window.answered")
    page.page.wait_for_function("document.body.innerText.includes('Simulation (')", timeout=90_000)


def test_nothing_went_wrong_and_nothing_left_the_machine(page):
    assert page.errors_in_cells() == []
    assert page.console_errors == []
    assert page.outside_requests == []
    policy = page.page.evaluate("fetch(location.href).then(answer => answer.headers.get('Content-Security-Policy'))")
    assert "worker-src 'self' blob:" in policy, "and all of it passed the server's policy"
