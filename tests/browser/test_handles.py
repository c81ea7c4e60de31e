"""What can be dragged in a figure: the first figure's batch and starting point, with a mouse, as far as their sliders go."""

import pytest

from mombook.panels import definition

from .front import face
from .test_page_front_end import holds

PLACE = """([key, trace, k]) => {
  const plot = document.querySelector(`#panel-${key} .plot`), box = plot.getBoundingClientRect();
  const drawn = plot._fullData.find(({ name }) => name === trace);
  const at = (name) => plot._fullLayout[`${name[0]}axis${name.slice(1)}`];
  const x = at(drawn.xaxis), y = at(drawn.yaxis);
  return [box.left + x._offset + x.d2p(drawn.x[k]), box.top + y._offset + y.d2p(drawn.y[k]), x._length, y._length];
}"""


@pytest.fixture(scope="module")
def faces():
    """The first figure."""
    return {"start": face("start")}


def drag(tab, trace, k, right, down):
    """Take the k-th point of a trace and move it by shares of its plot's width and height."""
    x, y, wide, high = tab.page.evaluate(PLACE, ["start", trace, k])
    y += 0 if trace == "start" else high / 3                            # a line reaches from the foot of the plot to its top
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + right * wide / 2, y + down * high / 2, steps=4)
    tab.page.mouse.move(x + right * wide, y + down * high, steps=4)
    tab.page.mouse.up()
    tab.settle("start")


def test_the_batch_is_dragged_in_the_figure(tab):
    before = definition("start").read(tab.line("start"))
    drag(tab, "chosen batch", 1, 0.2, 0.0)
    after = definition("start").read(tab.line("start"))
    assert {k for k in after if after[k] != before[k]} == {"batch"}
    # the axis is 5.1 decades wide; half a stop is 19 %, a pixel 3 %
    assert after["batch"] == pytest.approx(before["batch"] * 10 ** (0.2 * 5.1), rel=0.23)
    holds(tab, "start", tab.line("start"))
    drag(tab, "chosen batch", 1, 3.0, 0.0)                                      # beyond the right end
    assert definition("start").read(tab.line("start"))["batch"] == 65536
    holds(tab, "start", tab.line("start"))


def test_the_starting_point_is_dragged_both_ways(tab):
    before = definition("start").read(tab.line("start"))
    drag(tab, "start", 0, 0.25, 0.3)
    after = definition("start").read(tab.line("start"))
    assert {k for k in after if after[k] != before[k]} == {"along", "across"}
    # half a stop is 0.025 along and 0.01 across, a pixel 0.004 and 0.003
    assert after["along"] == pytest.approx(before["along"] + 0.25 * 1.7, abs=0.03)
    assert after["across"] == pytest.approx(before["across"] - 0.3 * 0.84, abs=0.014)
    holds(tab, "start", tab.line("start"))


def test_nothing_moves_where_there_is_no_handle_and_the_pointer_says_where_there_is_one(tab):
    line = tab.line("start")
    x, y, wide, _ = tab.page.evaluate(PLACE, ["start", "start", 0])
    tab.page.mouse.move(x, y)
    assert "grab" in tab.part("start", ".plot").get_attribute("class")
    tab.page.mouse.move(x + wide / 2, y)
    assert "grab" not in tab.part("start", ".plot").get_attribute("class")
    tab.page.mouse.down()
    tab.page.mouse.move(x + wide / 2 + 20, y)
    tab.page.mouse.up()
    assert tab.line("start") == line


def test_a_page_scrolls_under_a_finger_unless_it_holds_a_handle(tab):
    touched = """() => document.querySelector("#panel-start .plot")
      .dispatchEvent(new Event("touchstart", { bubbles: true, cancelable: true }))"""
    x, y, wide, _ = tab.page.evaluate(PLACE, ["start", "start", 0])
    for at, scrolls in ((x + wide / 2, True), (x, False)):
        tab.page.mouse.move(at, y)
        tab.page.mouse.down()
        assert tab.page.evaluate(touched) is scrolls
        tab.page.mouse.up()


def test_the_sliders_behind_more_do_the_same_from_the_keyboard(tab):
    slider = tab.slider("start", "start along")
    assert not slider.is_visible()
    tab.part("start", "details.more summary").click()
    slider.press("ArrowRight")
    tab.settle("start")
    assert definition("start").read(tab.line("start"))["along"] == -0.95
    holds(tab, "start", tab.line("start"))
