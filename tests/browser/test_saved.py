"""What becomes of a panel when its page is reloaded, its kernel restarted, its notebook saved, reopened and converted."""

import json
import re
import subprocess
import sys
import time

import nbformat
import numpy as np
import pytest

from mombook.panels import definition

from .lab import LabPage, panel_notebook

CELLS = ("panel = explore.sgd(kappa=100, d=20)\npanel", "explore.predict('02_bend')", "print(panel.scenario)")
MODEL = "window.jupyterapp.shell.currentWidget.context.model"


def outputs(page, cell):
    """The outputs of a cell in the notebook's model: mime type -> data."""
    cells = page.page.evaluate(f"{MODEL}.sharedModel.toJSON().cells")
    return [output.get("data", {}) for output in cells[cell]["outputs"]]


def pictured(page, cell, scenario="", timeout=60):
    """Wait until a cell keeps a picture of its panel, at a scenario that contains this."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        kept = outputs(page, cell)
        if len(kept) == 3 and scenario in kept[1]["application/vnd.mombook.panel+json"]["scenario"] and "image/png" in kept[2]:
            return kept
        page.page.wait_for_timeout(100)
    raise AssertionError(f"no picture of {scenario!r}; the cell keeps {[list(data) for data in outputs(page, cell)]}")


def drawn_at(page, line, k=0):
    """The k-th panel draws what the engine computes at this line."""
    panel = definition("sgd")
    line = panel.write(panel.read(line))
    page.page.wait_for_function("([panel, line]) => panel.querySelector('.line input').value === line",
                                arg=[page.panel(k).element_handle(), line])
    want = panel.exact(panel.read(line)).traces["tuned gap"]["y"]
    page.wait_for_trace("tuned gap", "({ y }, n) => y.length === n", len(want), k=k)
    page.page.wait_for_timeout(800)
    np.testing.assert_allclose(page.plotted("tuned gap", figure=k)[1], want, rtol=1e-9)
    return line


@pytest.fixture(scope="module")
def page(chromium, lab_server):
    """Two panels and a cell that says where the first one is, run."""
    panel_notebook(lab_server.root / "saved.ipynb", *CELLS)
    page = LabPage(chromium, lab_server, width=1300, height=1100)
    page.open("saved.ipynb")
    page.run_all()
    page.drawn(1)
    yield page
    page.close()


def test_picture_and_sentence_are_kept_as_drawn_last(page):
    pictured(page, 2)
    first = pictured(page, 1)
    page.press("κ", "ArrowRight", times=3)
    line = drawn_at(page, "kappa=200;d=20")
    kept = pictured(page, 1, "kappa=200;")
    assert kept[1]["text/plain"] == page.panel().locator(".sentence").inner_text() != first[1]["text/plain"]
    assert kept[1]["application/vnd.mombook.panel+json"] == {"panel": "sgd", "scenario": line}
    assert kept[2]["image/png"] != first[2]["image/png"] and "text/plain" not in kept[0]
    assert page.page.locator(".mombook-still").first.is_hidden() and page.page.locator(".jp-RenderedImage").first.is_hidden()


def test_a_reload_right_after_a_move_keeps_it(page):
    page.save()
    page.press("κ", "ArrowRight")
    page.page.wait_for_function("panel => panel.querySelector('.line input').value.startsWith('kappa=251;')",
                                arg=page.panel().element_handle())
    page.reload()
    page.drawn()
    drawn_at(page, "kappa=251;d=20")
    pictured(page, 1, "kappa=251;")
    page.save()
    page.reload()
    page.drawn()
    page.page.wait_for_timeout(3000)
    assert not page.page.evaluate(f"{MODEL}.dirty"), "looking at it again changes nothing"


def test_the_notebook_and_the_panel_move_each_other(page):
    run_last(page, "panel.set(kappa=50); print(panel.scenario)")
    line = drawn_at(page, "kappa=50;d=20")
    assert line in page.page.locator(".jp-OutputArea-output pre").last.inner_text()
    page.press("κ", "ArrowLeft")
    drawn_at(page, "kappa=39.8;d=20")
    run_last(page, "print(panel.scenario)")
    page.page.wait_for_function("() => [...document.querySelectorAll('.jp-OutputArea-output pre')].at(-1).innerText"
                                ".startsWith('kappa=39.8;')")


def run_last(page, source):
    """Put a source into the last cell and run it."""
    cell = "window.jupyterapp.shell.currentWidget.content"
    page.page.evaluate(f"""async (source) => {{ {cell}.activeCellIndex = {cell}.widgets.length - 1;
      {cell}.activeCell.model.sharedModel.setSource(source);
      await window.jupyterapp.commands.execute('notebook:run-cell'); }}""", source)


def test_two_views_of_a_panel_follow_each_other(page):
    run_last(page, "panel")
    page.drawn(2)
    page.press("κ", "ArrowRight", times=2)
    line = drawn_at(page, "kappa=63.1;d=20")
    assert drawn_at(page, "kappa=63.1;d=20", k=2) == line


def test_a_kernel_that_restarts_is_noticed_and_the_notebook_goes_on_from_there(page):
    run_last(page, "1")
    page.press("κ", "ArrowRight")
    line = drawn_at(page, "kappa=79.4;d=20")
    started = time.monotonic()
    page.page.evaluate("() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }")
    alert = page.panel().get_by_role("alert")
    alert.wait_for(timeout=5000)
    assert time.monotonic() - started < 4 and "The kernel has stopped or restarted" in alert.inner_text()
    assert page.handle("κ").is_disabled() and page.panel().get_by_role("button", name="Run the notebook again").is_visible()
    page.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'")
    page.run_all()
    page.drawn()
    assert drawn_at(page, "kappa=79.4;d=20") == line
    assert page.panel().get_by_role("alert").count() == 0


def test_reopened_without_its_kernel_the_notebook_shows_pictures_and_sentences(page, new_page, lab_server):
    pictured(page, 1, "kappa=79.4;")
    pictured(page, 2)
    page.save()
    page.page.wait_for_function(f"() => !{MODEL}.dirty")
    file = lab_server.root / "saved.ipynb"
    assert file.stat().st_size < 1e6
    (lab_server.root / "copy.ipynb").write_text(file.read_text())
    other = new_page()
    other.open("copy.ipynb")
    other.page.locator(".jp-RenderedImage img").nth(1).wait_for()
    assert other.page.locator(".jp-RenderedImage img").count() == 2
    sentences = [data[1]["text/plain"] for data in (outputs(page, 1), outputs(page, 2))]
    assert [" ".join(still.split()) for still in other.page.locator(".mombook-still").all_inner_texts()] == sentences
    other.page.wait_for_timeout(1500)
    assert "model not found" not in other.page.locator(".jp-Notebook").inner_text()
    other.screenshot("saved_reopened")


def test_converted_by_nbconvert_it_shows_the_same(page, lab_server):
    file = lab_server.root / "saved.ipynb"
    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", str(file)], check=True, capture_output=True, timeout=120)
    text = file.with_suffix(".html").read_text()
    assert len(re.findall(r"<img[^>]*src=\"data:image/png;base64,", text)) == 2 == text.count("mombook-still")
    saved = nbformat.read(file, as_version=4)
    for cell in saved.cells[1:3]:
        assert cell.outputs[1].data["text/plain"].split(":")[0] in text


def test_no_fault_on_the_way(page):
    assert page.errors_in_cells() == [] and page.outside_requests == []
    assert [error for error in page.console_errors if "WebSocket" not in error] == [], json.dumps(page.console_errors)
