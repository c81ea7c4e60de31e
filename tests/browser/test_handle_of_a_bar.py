"""The last bar of a spectrum is dragged up and down, on an axis of its own; no other slider follows."""

import pytest

from mombook.panels import definition

from .front import face
from .test_handles import PLACE
from .test_page_front_end import holds


@pytest.fixture(scope="module")
def faces():
    """The spectrum and the noisy slope."""
    return {name: face(name) for name in ("modes", "slope")}


def drag(tab, name, trace, right, down):
    """Take the first point of a trace and move it by shares of its plot's width and height."""
    tab.page.evaluate(f"document.querySelector('#panel-{name} .plot').scrollIntoView({{block: 'center'}})")
    x, y, wide, high = tab.page.evaluate(PLACE, [name, trace, 0])
    y -= high / 3 if trace == "chosen rate" else 0                      # a line reaches from the foot of the plot to its top
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + right * wide / 2, y + down * high / 2, steps=4)
    tab.page.mouse.move(x + right * wide, y + down * high, steps=4)
    tab.page.mouse.up()
    tab.settle(name)


def test_the_last_bar_sets_the_decay(tab):
    panel = definition("modes")
    foot, top = panel.exact(panel.read()).ranges["yaxis3"]
    drag(tab, "modes", "last", 0.0, 0.1)
    after = panel.read(tab.line("modes"))
    assert after["d"] == panel.read()["d"]
    assert after["decay"] == pytest.approx(1.5 + 0.1 * (foot - top), abs=0.03)      # the slider's stops are 0.05 apart
    holds(tab, "modes", tab.line("modes"))
    drag(tab, "modes", "last", 0.0, -2.0)                               # beyond the top
    assert panel.read(tab.line("modes"))["decay"] == 0.1
    holds(tab, "modes", tab.line("modes"))


def test_the_learning_rate_is_dragged_in_the_curve(tab):
    drag(tab, "slope", "chosen rate", 0.3, 0.0)
    rate = definition("slope").read(tab.line("slope"))["rate"]
    # the axis is 3.15 decades wide; half a stop is 6 %, a pixel 2 %
    assert rate == pytest.approx(0.2 * 10 ** (0.3 * 3.15), rel=0.09)
    holds(tab, "slope", tab.line("slope"))
