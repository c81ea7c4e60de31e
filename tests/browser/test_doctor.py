"""The doctor in a notebook: the page answers it; and where the page cannot, the reader is told what to do."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from .lab import LabPage, LabServer

CELL = "import mombook\nmombook.doctor()"


def examined(chromium, server):
    """A page on which the doctor's cell has been run."""
    notebook = new_notebook(cells=[new_code_cell(CELL)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, server.root / "doctor.ipynb")
    page = LabPage(chromium, server)
    page.open("doctor.ipynb")
    page.run_all()
    return page


def said(page, text):
    page.page.locator(".jp-OutputArea-output", has_text=text).first.wait_for(timeout=20_000)
    return page.page.locator(".jp-OutputArea").inner_text()


def test_the_page_answers(chromium, lab_server):
    page = examined(chromium, lab_server)
    try:
        text = said(page, "page: ok, it answers in")
        assert "waiting" not in text and "Everything needed works." in text and "'" not in text.split("\n")[0]
        assert float(text.split("answers in ")[1].split(" ms")[0]) < 5000
        page.screenshot("doctor")
        assert not page.errors_in_cells()
    finally:
        page.close()


@pytest.fixture
def without_anywidget(tmp_path):
    """A server on which anywidget's extension is switched off."""
    (tmp_path / "root").mkdir()
    with LabServer(tmp_path / "root", tmp_path / "own", without=("anywidget",)) as server:
        yield server


def test_a_page_that_cannot_answer_is_told_what_to_do(chromium, without_anywidget):
    page = examined(chromium, without_anywidget)
    try:
        text = said(page, "page: no answer")
        assert "python -m mombook doctor" in text and "waiting" not in text
        assert "the extension anywidget is switched off" in text       # the kernel sees the same settings here
        page.screenshot("doctor_silent")
    finally:
        page.close()
