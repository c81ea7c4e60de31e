"""On a phone: the first screen of the front page and of notebook 00 holds the whole first figure, no preset is out of sight."""

from pathlib import Path

import nbformat
import pytest

from mombook import front
from tools.site import pages

from .front import FrontPage, face, library

ROOT = Path(__file__).resolve().parents[2]
BASE, FIRST = "http://phone.test/", "00_what_a_batch_buys"
WIDTH, HEIGHT = 420, 800


@pytest.fixture(scope="module")
def first_pages():
    """The front page and notebook 00 as the site's builder makes them, their figure without a simulation."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{FIRST}.ipynb", 4)
    book = pages._Book({FIRST: notebook}, {}, True, None)
    book.faces = {pair: face(*pair) for pair in pages._panels(notebook)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages.equations, "rendered", lambda formulas: {each: "<i>κ</i>" for each in formulas})
        patch.setattr(book, "_address", lambda url: url)                # the other pages are not made here
        return {"front": book.front(), "notebook": book.notebook(FIRST)}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("which", ["front", "notebook"])
def test_the_first_screen_holds_the_sliders_and_the_whole_figure(chromium, first_pages, which, dark):
    context = chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark" if dark else "light")

    def fulfil(asked):
        name = asked.request.url.removeprefix(BASE)
        found = [f / name for f in (ROOT / "web", front.FOLDER) if name and (f / name).is_file()]
        if name.endswith("plotly.min.js"):
            asked.fulfill(path=library())
        elif found:
            asked.fulfill(path=found[0])
        else:
            asked.fulfill(body="" if name else first_pages[which], content_type="" if name else "text/html; charset=utf-8")

    context.route(f"{BASE}**", fulfil)
    page = context.new_page()
    page.add_init_script("window.Worker = class { postMessage() {} terminate() {} };")
    page.goto(BASE)
    page.wait_for_function("document.documentElement.dataset.drawn === 'yes'")
    parts = {"slider": ".panel .slider", "plot": ".panel .plot", "figure": ".panel .plot svg", "presets": ".row:has(.name)"}
    box = {name: page.locator(css).first.bounding_box() for name, css in parts.items()}
    bottom = {name: each["y"] + each["height"] for name, each in box.items()}
    assert 0 < box["slider"]["y"] and bottom["slider"] < box["plot"]["y"] <= box["figure"]["y"] + 1
    assert bottom["figure"] <= bottom["plot"] + 1 <= HEIGHT + 1 and box["figure"]["height"] > 500
    assert box["presets"]["y"] >= bottom["plot"], "presets follow the figure"
    in_sight(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    context.close()


@pytest.mark.parametrize("name", ["heavy_ball", "tradeoff", "schedules", "predict_02_bend"])
def test_a_figure_follows_its_sliders_and_every_preset_is_in_sight_after_it(chromium, name):
    tab = FrontPage(chromium, {name: face(name)}, width=WIDTH, asleep=True)
    in_sight(tab.page)
    rows = [row.bounding_box() for row in tab.page.locator(".controls > .row").all()]
    plot = tab.page.locator(".plot").bounding_box()
    assert len(rows) > 1 and rows[0]["y"] + rows[0]["height"] <= plot["y"]
    assert all(row["y"] >= plot["y"] + plot["height"] for row in rows[1:])
    assert tab.errors == []
    tab.close()


def in_sight(page):
    """All buttons of the presets' row are inside of the page, and none lies over another."""
    boxes = [each.bounding_box() for each in page.locator(".row:has(> .name) > button:not([hidden])").all()]
    assert len(boxes) > 3
    for k, box in enumerate(boxes):
        assert box["x"] >= 0 and box["x"] + box["width"] <= WIDTH, k
        assert all(box["x"] >= other["x"] + other["width"] or box["y"] >= other["y"] + other["height"] for other in boxes[:k])
