"""The browser harness itself, and figure_widget in a page, on a notebook of three cells."""

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from .lab import LabPage

CELLS = """\
import ipywidgets, numpy as np, plotly.graph_objects as go
from mombook.explore.figurewidget import figure_widget
x = np.geomspace(1, 100, 50)
kappa = ipywidgets.FloatLogSlider(value=100, min=0, max=4, step=0.1, description="κ")
batch = ipywidgets.IntSlider(value=3, description="batch size")
figures = [figure_widget(go.Figure(go.Scatter(x=x, y=x / kappa.value, name="exact"))) for _ in range(2)]
def redraw(change):
    with figures[0].batch_update():
        figures[0].data[0].y = x * batch.value / 3 / kappa.value
kappa.observe(redraw, "value"); batch.observe(redraw, "value")
---
display(kappa, batch, figures[0])
---
figures[1]"""

X = np.geomspace(1, 100, 50)


@pytest.fixture(scope="module")
def page(chromium, lab_server):
    """A tab with the small notebook, run."""
    notebook = new_notebook(cells=[new_code_cell(text) for text in CELLS.split("\n---\n")])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab_server.root / "harness.ipynb")
    page = LabPage(chromium, lab_server)
    page.open("harness.ipynb", width=1200)
    page.run_all()
    yield page
    page.close()


def test_two_figures_share_one_script(page):
    for figure in (0, 1):
        x, y = page.plotted("exact", figure)
        np.testing.assert_allclose(x, X, rtol=1e-12)
        np.testing.assert_allclose(y, X / 100, rtol=1e-12)
    assert page.bytes_received < 3e6, "the packed script is 1.7 MB, and sent once"


def test_sliders_move_what_the_page_draws(page):
    assert page.sliders() == ["κ", "batch size"]
    page.press("κ", "ArrowRight", times=2)
    _, y = page.wait_until_changed("exact", X / 100)
    np.testing.assert_allclose(y, X * 10**-2.2, rtol=1e-9)
    assert page.readout("κ") == "158"
    page.drag("batch size", 40)
    _, dragged = page.wait_until_changed("exact", y)
    assert dragged[0] > y[0]


def test_questions_without_an_answer_say_what_there_is(page):
    with pytest.raises(AssertionError, match=r"no trace 'bound' in figure 0.*\['exact'\], \['exact'\]"):
        page.plotted("bound", timeout=0.1)
    with pytest.raises(AssertionError, match=r"no slider 'size'.*'batch size'"):
        page.handle("size")


def test_figures_come_back_as_they_were_in_a_reloaded_page_and_in_a_second_tab(page, new_page):
    before = page.plotted("exact")[1]
    page.press("batch size", "Home")
    page.press("κ", "End")
    page.press("batch size", "ArrowRight", times=6)
    _, moved = page.wait_until_changed("exact", before)
    np.testing.assert_allclose(moved, X * 2 / 1e4, rtol=1e-9)
    page.save()
    second = new_page()
    second.open("harness.ipynb")
    page.reload()
    for tab in (page, second):
        np.testing.assert_allclose(tab.plotted("exact", timeout=30)[1], moved, rtol=1e-12)
        np.testing.assert_allclose(tab.plotted("exact", figure=1)[1], X / 100, rtol=1e-12)
        assert tab.console_errors == []


SLOW_SCRIPT = """
const text = Response.prototype.text;
Response.prototype.text = async function () {
  const it = await text.call(this);
  if (it.length > 4e6) await new Promise((go) => { window.scriptMayGo = go; });
  return it;
};
"""


def test_a_slow_script_loses_neither_the_figure_nor_what_moved_meanwhile(page, new_page):
    before = page.plotted("exact")[1]
    late = new_page()
    late.page.add_init_script(SLOW_SCRIPT)
    late.open("harness.ipynb")
    late.page.wait_for_function("() => window.scriptMayGo")
    late.page.wait_for_timeout(2500)                # anywidget gives up on a widget that takes two seconds
    late.press("batch size", "ArrowRight")
    _, moved = page.wait_until_changed("exact", before)
    assert late.page.locator(".js-plotly-plot").count() == 0
    late.page.evaluate("() => window.scriptMayGo()")
    late.page.wait_for_selector(".js-plotly-plot .trace")
    np.testing.assert_allclose(late.plotted("exact")[1], moved, rtol=1e-12)
    np.testing.assert_allclose(late.plotted("exact", figure=1)[1], X / 100, rtol=1e-12)
    assert late.console_errors == []


def test_nothing_went_wrong_on_the_way(page):
    assert page.text(".jp-InputArea-editor").startswith("import ipywidgets")
    assert page.screenshot("harness").stat().st_size > 10_000
    assert page.errors_in_cells() == []
    assert page.console_errors == []
    assert page.outside_requests == []


def test_a_failing_cell_is_reported_at_once(page):
    cells = "window.jupyterapp.shell.currentWidget.content.widgets"
    page.page.evaluate(f"() => {cells}[1].model.sharedModel.setSource('1/0')")
    with pytest.raises(AssertionError, match=r"left out from .*ZeroDivisionError"):
        page.run_all(timeout=20)
