"""The panels of notebooks 02 to 08 in JupyterLab: shown, moved by the keyboard, and drawn as the engine computes them; and what
a reader sees without Jupyter's widgets."""

import re
from functools import lru_cache
from pathlib import Path

import jupytext
import numpy as np
import pytest

from mombook.panels import definition

from .lab import LabPage, LabServer, panel_notebook

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("0[2-8]_*.py"))
TRACES = {"sgd": "tuned gap", "heavy_ball": "chosen (loss)", "translator": "heavy ball", "falsify": "heavy ball",
          "asgd": "ASGD", "typical": "rate of the mean", "parallel": "simple momentum", "small_steps": "SGDM: threshold"}


@lru_cache(maxsize=1)
def opening_cells():
    """Panel name -> the line that opens it, from the notebooks' sources."""
    lines = [line for path in NOTEBOOKS for cell in jupytext.read(path).cells for line in cell.source.splitlines()]
    found = (re.fullmatch(r"(?:panel = )?(explore\.(\w+)\(.*\))", line) for line in lines)
    return {match[2]: match[1] for match in found if match and match[2] in TRACES}


@pytest.fixture(scope="module")
def page(chromium, lab_server):
    """All of them in one notebook, as the notebooks open them, without simulations."""
    cells = [line[:-1] + ", simulate=False)" for line in opening_cells().values()]
    panel_notebook(lab_server.root / "panels.ipynb", *cells, "import time")
    page = LabPage(chromium, lab_server, width=1400, height=1000)
    page.open("panels.ipynb")
    page.run_all(timeout=240)
    yield page
    page.close()


def test_every_panel_of_the_notebooks_is_here():
    assert set(opening_cells()) == set(TRACES)


@pytest.mark.parametrize("name", TRACES)
def test_a_key_moves_the_first_slider_and_the_curve_is_the_engines(page, name):
    panel, trace, k = definition(name), TRACES[name], list(opening_cells()).index(name)
    shown = page.page.locator(".mombook-panel").nth(k)
    line = shown.get_by_role("textbox", name="scenario line")
    line.wait_for()
    before = line.input_value()
    knob = shown.get_by_role("slider").first
    knob.focus()
    page.page.keyboard.press("ArrowRight")
    page.page.wait_for_function("([field, before]) => field.value !== before", arg=[line.element_handle(), before])
    scenario = panel.read(line.input_value())
    expected = panel.exact(scenario, final=True).traces[trace]
    page.wait_for_trace(trace, "({ x }, n) => x.length === n", len(expected["x"]), k=k)
    page.page.wait_for_timeout(700)                                          # until it is refined
    x, y = page.plotted(trace, figure=k)
    np.testing.assert_allclose(x, expected["x"], rtol=1e-9)
    np.testing.assert_allclose(y, expected["y"], rtol=1e-9)
    assert page.console_errors == [] and page.errors_in_cells() == []


def test_sliders_answer_while_a_cell_runs(page):
    cell = "window.jupyterapp.shell.currentWidget.content"
    page.page.evaluate(f"() => {{ {cell}.activeCellIndex = {cell}.widgets.length - 1;"
                       f" {cell}.activeCell.model.sharedModel.setSource('import time; time.sleep(15)');"
                       " window.jupyterapp.commands.execute('notebook:run-cell'); }")
    line = page.panel().get_by_role("textbox", name="scenario line")
    before = line.input_value()
    page.panel().get_by_role("slider").first.focus()
    page.page.keyboard.press("ArrowRight")
    page.page.wait_for_function("([field, before]) => field.value !== before", arg=[line.element_handle(), before],
                                timeout=10_000)
    # The kernel's status follows the last answer of any of its shells; the cell knows whether it has ended.
    assert page.page.evaluate(f"() => {cell}.widgets.at(-1).model.executionState") == "running"


def test_without_widgets_there_are_figure_sentence_and_advice(chromium, tmp_path_factory):
    root = tmp_path_factory.mktemp("bare")
    panel_notebook(root / "bare.ipynb", "explore.sgd(simulate=False)")
    with LabServer(root, tmp_path_factory.mktemp("own"), without=("@jupyter-widgets/jupyterlab-manager",)) as server:
        page = LabPage(chromium, server)
        page.open("bare.ipynb")
        page.run_all()
        y = page.plotted("tuned gap")[1]
        words = " ".join(page.page.locator(".jp-OutputArea-output").first.locator(".annotation").all_text_contents())
        page.screenshot("without_widgets")
        page.close()
    panel = definition("sgd")
    np.testing.assert_allclose(y, panel.exact(panel.read()).traces["tuned gap"]["y"], rtol=1e-9)
    assert "At B = 8 SGD reaches" in words and "mombook doctor" in words
