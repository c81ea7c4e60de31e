"""The menu of exports in JupyterLab: files arrive, pictures are drawn in the page itself, and each says where it is from."""

import struct
import subprocess
import sys

import pytest

from mombook.panels import definition, export

from .lab import LabPage, panel_notebook

LINE = "kappa=300;decay=2;batch=16;d=40;share=0.7;seed=3"
STAMP = export.stamp(definition("sgd"), LINE)


@pytest.fixture(scope="module")
def page(chromium, lab_server):
    """A panel on a dark page, which its pictures must not show."""
    panel_notebook(lab_server.root / "takeaway.ipynb", f"explore.sgd({LINE!r}, simulate=False)")
    page = LabPage(chromium, lab_server, width=1300, height=1100)
    page.open("takeaway.ipynb")
    page.theme("JupyterLab Dark")
    page.run_all()
    page.plotted("tuned gap")
    yield page
    page.close()


def saved(page, button, folder):
    with page.page.expect_download() as waiting:
        page.export(button)
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_the_menu_is_opened_by_a_key_and_closed_by_escape(page):
    menu, item = page.panel().locator(".menu summary"), page.panel().get_by_role("button", name="BibTeX")
    assert not item.is_visible()
    menu.focus()
    page.page.keyboard.press("Enter")
    assert item.is_visible() and page.page.locator(".menu .items button").all_inner_texts() == [
        "Copy code", "CSV", "Script", "BibTeX", "PNG", "SVG"]
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Escape")
    assert not item.is_visible() and page.page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_texts_are_saved_and_the_script_runs(page, tmp_path):
    assert saved(page, "CSV", tmp_path).read_text().startswith(f"# {STAMP}\ntrace,x,y\n")
    assert saved(page, "BibTeX", tmp_path).read_text() == export.bibtex(definition("sgd"), LINE)
    ran = subprocess.run([sys.executable, saved(page, "Script", tmp_path)], capture_output=True, text=True, check=True)
    assert "tuned gap," in ran.stdout


def test_a_png_is_saved_three_pixels_a_point_and_on_white_paper(page, tmp_path):
    path = saved(page, "PNG", tmp_path)
    assert path.name == "mombook_sgd.png"
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    assert width == 3 * export.PRINT_WIDTH and 0.3 < height / width < 0.8
    assert path.stat().st_size > 50_000


def test_an_svg_is_saved_with_its_stamp_in_it(page, tmp_path):
    drawing = saved(page, "SVG", tmp_path).read_text()
    assert drawing.startswith("<svg") and STAMP in drawing and "rgb(255, 255, 255)" in drawing
    assert not page.console_errors and not page.outside_requests
