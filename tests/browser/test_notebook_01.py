"""Notebook 01 in JupyterLab, in a real browser: what a newcomer does in the first minute."""

import re

import numpy as np
import pytest

import mombook as mb
from mombook.panels.tradeoff import GRID

from .lab import LabPage

NOTEBOOK = "notebooks/01_the_paper_in_one_figure.ipynb"


@pytest.fixture(scope="module")
def page(chromium, lab_server):
    """The notebook, run, with its panel in view."""
    page = LabPage(chromium, lab_server, width=1400, height=1050)
    page.open(NOTEBOOK)
    page.run_all(timeout=240)
    page.drawn()
    yield page
    page.close()


def scenario(page):
    return dict(part.split("=") for part in page.scenario().split(";"))


def frontier_at_rest(page, family, word, kappa, decay, d):
    """Wait for the 25 points that are drawn when the controls rest, and hold them against the engine's."""
    page.wait_for_trace(word, "({ x }, n) => x.length === n", len(GRID[True]))
    H = mb.Spectrum.power_law(d, decay, kappa).compressed(2)
    f = mb.frontier(H, batches=GRID[True])[family]
    x, y = page.plotted(word)
    np.testing.assert_allclose(x, f.compute, rtol=1e-9)
    np.testing.assert_allclose(y, f.serial, rtol=1e-9)


def test_the_page_draws_what_the_engine_computes(page):
    assert page.panel().locator(".slider:visible > span:first-child").all_inner_texts() == ["κ", "decay", "B"]
    for family, word in (("sgd", "SGD"), ("heavy_ball", "heavy ball"), ("nesterov", "Nesterov"), ("asgd", "ASGD")):
        frontier_at_rest(page, family, word, 1e3, 1.5, 200)
    page.wait_for_sentence("κ = 1000, decay 1.5, d = 200, B = 8")
    page.screenshot("01_opened")


def test_arrow_keys_move_kappa_the_curve_and_the_sentence(page):
    before = page.plotted("heavy ball")[1]
    page.press("κ", "ArrowRight", times=2)
    page.wait_for_sentence("κ = 1580")
    page.wait_until_changed("heavy ball", before)
    frontier_at_rest(page, "heavy_ball", "heavy ball", 1580, 1.5, 200)
    assert scenario(page)["kappa"] == "1580"


def test_the_mouse_drags_the_batch(page):
    before = page.scenario()
    page.drag("B", 60)
    page.page.wait_for_function("([panel, before]) => panel.querySelector('.line input').value !== before",
                                arg=[page.panel().element_handle(), before])
    page.rest()
    batch = int(scenario(page)["batch"])
    assert batch > 8
    page.wait_for_sentence(f"B = {batch} ")
    x, _ = page.plotted("chosen batch (line)")
    np.testing.assert_array_equal(x, [batch, batch])
    H = mb.Spectrum.power_law(200, 1.5, 1580).compressed(2)
    x, y = page.plotted("chosen batch")
    np.testing.assert_allclose(y[1], mb.frontier(H, ["heavy_ball"], [batch])["heavy_ball"].serial[0], rtol=1e-9)


def test_simulated_dots_arrive(page):
    page.wait_for_trace("ASGD: simulated", "({ x }) => x?.length > 5", timeout=240)
    assert re.search(r"Simulation \(\d+ runs\)", page.page.locator("body").inner_text())
    page.screenshot("01_simulated")


def test_a_typed_value_out_of_range_is_refused_in_words(page):
    field = page.panel().get_by_role("textbox", name="κ, typed")
    before = page.plotted("SGD")[1]
    field.fill("1e9")
    field.press("Enter")
    refusal = page.panel().locator(".slider").first.get_by_role("alert")
    refusal.wait_for()
    assert refusal.inner_text() == "κ must be a number from 1 to 1000000; got '1e9'. Nothing has changed."
    assert field.get_attribute("aria-invalid") == "true" and field.input_value() == "1580"
    np.testing.assert_array_equal(page.plotted("SGD")[1], before)


def test_a_preset_shows_the_fast_decay_regime(page):
    page.panel().get_by_role("button", name="fast decay").click()
    page.wait_for_sentence("κ = 39800, decay 2")
    frontier_at_rest(page, "asgd", "ASGD", 39800, 2, 200)


def test_on_a_phone_the_plots_stand_under_one_another(page):
    page.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.page.set_viewport_size({"width": 420, "height": 1000})
    page.page.wait_for_function("() => document.querySelector('.js-plotly-plot')?._fullLayout?.height > 1000", timeout=20_000)
    page.page.wait_for_function("() => document.querySelector('.js-plotly-plot')?._fullLayout?.width < 420", timeout=20_000)
    page.page.evaluate("document.querySelector('.mombook-panel').scrollIntoView({block: 'start'})")
    page.screenshot("01_phone")


def test_nothing_went_wrong_and_nothing_left_the_machine(page):
    assert page.errors_in_cells() == []
    assert page.console_errors == []
    assert page.outside_requests == []
