"""A method that a reader writes into a panel is drawn beside the others, and a line that means none is kept to be mended."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels import definition

from .front import FrontPage, face
from .test_page_front_end import holds


@pytest.fixture(scope="module")
def tab(chromium):
    """The panel of the tradeoff, wide and light."""
    tab = FrontPage(chromium, {"tradeoff": face("tradeoff", "d=40;kappa=100")})
    yield tab
    assert not tab.errors
    tab.close()


def write(tab, text):
    field = tab.page.locator("#panel-tradeoff .written input")
    field.fill(text)
    field.press("Enter")
    return field


def test_it_waits_behind_more_with_a_name_and_an_example(tab):
    field, more = tab.page.get_by_label("your method", exact=True), tab.part("tradeoff", ".more")
    assert not more.evaluate("(more) => more.open") and field.get_attribute("placeholder") == "heavy_ball(0.05, 0.9)"
    more.locator("summary").click()
    assert more.evaluate("(more) => more.open") and field.is_visible()
    assert field.input_value() == "" and "method=" not in tab.line("tradeoff")


def test_a_line_of_code_is_drawn_at_every_batch(tab):
    write(tab, "mb.Method.heavy_ball(.05, beta=.5)")
    tab.rest("tradeoff")
    line = tab.line("tradeoff")
    assert line.endswith(";method=heavy_ball(0.05, beta=0.5)")
    holds(tab, "tradeoff", line)
    drawn = tab.plotted("tradeoff")["your method"]
    panel = definition("tradeoff")
    H, B = mb.Spectrum.power_law(40, panel.read(line)["decay"], 100), np.divide(drawn["x"], drawn["y"])
    gap = mb.contraction_gaps(H, 0.0, 0.05, 0.5, B)
    np.testing.assert_allclose(drawn["y"], -1 / np.log1p(-gap), rtol=1e-4)      # two bins an octave move gaps by about 1e-5
    steps = panel.exact(panel.read(line)).numbers["serial"]["yours"]
    assert f"Your method needs {steps:.3g}" in tab.part("tradeoff", ".sentence").inner_text()


def test_what_means_no_method_is_told_beside_the_field_and_stays_in_it(tab):
    before = tab.line("tradeoff")
    field = write(tab, "heavy_bal(0.05, 0.9)")
    refusal = tab.part("tradeoff", ".written .refusal")
    refusal.wait_for()
    said = refusal.inner_text()
    assert said.startswith("your method must be a line such as heavy_ball(0.05, 0.9)") and said.endswith("Nothing has changed.")
    assert field.input_value() == "heavy_bal(0.05, 0.9)" and field.get_attribute("aria-invalid") == "true"
    assert tab.line("tradeoff") == before and field.get_attribute("aria-describedby") == refusal.get_attribute("id")
    write(tab, "qhm(lr, 0.7, beta)")
    tab.rest("tradeoff")
    assert refusal.is_hidden() and tab.line("tradeoff").endswith(";method=qhm(lr, 0.7, beta)")
    holds(tab, "tradeoff", tab.line("tradeoff"))


def test_an_empty_line_takes_it_away(tab):
    write(tab, "")
    tab.rest("tradeoff")
    assert "method=" not in tab.line("tradeoff")
    trace = tab.page.evaluate(f"{tab.panel('tradeoff')}.figure.data.find((t) => t.name === 'your method').visible")
    assert trace is False and "Your method" not in tab.part("tradeoff", ".sentence").inner_text()
