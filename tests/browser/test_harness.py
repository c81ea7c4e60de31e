"""The browser harness itself, and how the front end comes to a page of JupyterLab: once, late, or not at first."""

import numpy as np
import pytest

from mombook.panels import definition

from .lab import LabPage, panel_notebook

CELLS = ["explore.sgd(kappa=100, d=20, simulate=False)", "explore.sgd(kappa=100, d=20, batch=64, simulate=False)"]
TRACE = "tuned gap"


def gap(**values):
    """The curve of the panel at rest."""
    panel = definition("sgd")
    return panel.exact(panel.read(**{"kappa": 100, "d": 20, **values})).traces[TRACE]["y"]


def at_rest(page, figure=0, **values):
    """The page draws the curve of a scenario, at rest."""
    want = gap(**values)
    page.wait_for_trace(TRACE, "({ y }, [n, last]) => y.length === n && Math.abs(y[n - 1] / last - 1) < 1e-8",
                        [len(want), float(want[-1])], k=figure)
    np.testing.assert_allclose(page.plotted(TRACE, figure)[1], want, rtol=1e-9)


@pytest.fixture(scope="module")
def page(chromium, lab_server):
    """A tab with two panels."""
    panel_notebook(lab_server.root / "harness.ipynb", *CELLS)
    page = LabPage(chromium, lab_server, width=1200)
    page.open("harness.ipynb")
    page.run_all()
    yield page
    page.close()


def test_two_panels_share_one_front_end(page):
    at_rest(page)
    at_rest(page, 1, batch=64)
    assert page.bytes_received < 3e6, "the packed scripts are 1.6 MB, and sent once"


def test_sliders_move_what_the_page_draws(page):
    assert page.sliders() == ["κ", "decay", "B", "d", "η/max"] * 2
    page.press("κ", "ArrowRight", times=2)
    at_rest(page, kappa=158)
    page.drag("B", 40)
    page.page.wait_for_function("panel => !panel.querySelector('.line input').value.includes('batch=8;')",
                                arg=page.panel().element_handle())
    page.page.wait_for_timeout(500)
    batch = definition("sgd").read(page.scenario())["batch"]
    assert batch > 8
    at_rest(page, kappa=158, batch=batch)
    at_rest(page, 1, batch=64)


def test_keys_of_the_notebook_do_nothing_in_a_panel_and_those_that_let_one_out_do(page):
    cells = page.page.locator(".jp-Cell").count()
    page.handle("κ").focus()
    for key in ("b", "d", "d", "ArrowUp", "ArrowDown"):
        page.page.keyboard.press(key)
    assert page.page.locator(".jp-Cell").count() == cells
    assert page.page.evaluate("document.activeElement.type") == "range"
    saved = "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    page.page.wait_for_timeout(1500)
    page.page.keyboard.press("Control+s")
    page.page.wait_for_function(saved)


def test_questions_without_an_answer_say_what_there_is(page):
    with pytest.raises(AssertionError, match=r"no trace 'bound' in figure 0.*'tuned gap'"):
        page.plotted("bound", timeout=0.1)
    with pytest.raises(AssertionError, match=r"no slider 'size'.*'B'"):
        page.handle("size")


SLOW_SCRIPT = """
const text = Response.prototype.text;
Response.prototype.text = async function () {
  const it = await text.call(this);
  if (it.length > 4e6) await new Promise((go) => { window.scriptMayGo = go; });
  return it;
};
"""


def test_a_slow_script_loses_neither_the_figure_nor_what_moved_meanwhile(page, new_page):
    page.save()
    late = new_page()
    late.page.add_init_script(SLOW_SCRIPT)
    late.open("harness.ipynb")
    late.page.wait_for_function("() => window.scriptMayGo")
    late.page.wait_for_timeout(2500)                # anywidget gives up on a widget that takes two seconds
    waiting = late.text(".mombook")
    page.press("κ", "Home")
    at_rest(page, kappa=1, batch=definition("sgd").read(page.scenario())["batch"])
    assert late.page.locator(".js-plotly-plot").count() == 0 and ("being drawn" in waiting or "waits for the kernel" in waiting)
    late.page.evaluate("() => window.scriptMayGo()")
    late.page.wait_for_selector(".js-plotly-plot .trace")
    late.page.wait_for_function("line => document.querySelector('.line input')?.value === line", arg=page.scenario())
    at_rest(late, kappa=1, batch=definition("sgd").read(page.scenario())["batch"])
    assert late.console_errors == []


BROKEN_ONCE = """
const whole = window.DecompressionStream;
window.DecompressionStream = class {
  constructor() { window.DecompressionStream = whole; throw new Error("the planted fault"); }
};
"""


def test_scripts_that_do_not_arrive_are_asked_for_again(new_page):
    late = new_page()
    late.page.add_init_script(BROKEN_ONCE)
    late.open("harness.ipynb")
    alert = late.page.locator(".mombook [role=alert]").first
    alert.wait_for()
    assert "The panel cannot be drawn: the planted fault" in alert.inner_text()
    assert late.page.locator(".mombook-still").first.is_visible(), "and what was saved is seen meanwhile"
    late.page.get_by_role("button", name="Try again").first.click()
    late.drawn()


def test_nothing_went_wrong_on_the_way(page):
    assert page.text(".jp-InputArea-editor").startswith("from mombook")
    assert page.screenshot("harness").stat().st_size > 10_000
    assert page.errors_in_cells() == []
    assert page.console_errors == []
    assert page.outside_requests == []


def test_a_failing_cell_is_reported_at_once(page):
    cells = "window.jupyterapp.shell.currentWidget.content.widgets"
    page.page.evaluate(f"() => {cells}[1].model.sharedModel.setSource('1/0')")
    with pytest.raises(AssertionError, match=r"left out from .*ZeroDivisionError"):
        page.run_all(timeout=20)
