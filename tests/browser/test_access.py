"""A panel for everybody: by keyboard, by screen reader, on a dark page, on a phone, from the back of a classroom."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from .lab import LabPage, panel_notebook


@pytest.fixture(scope="module")
def page(chromium, lab_server):
    """Three panels, between them every kind of control."""
    panel_notebook(lab_server.root / "access.ipynb", "explore.tradeoff()", "explore.heavy_ball(simulate=False)",
                   "explore.translator()")
    page = LabPage(chromium, lab_server, width=1400, height=1100)
    page.open("access.ipynb")
    page.run_all()
    page.plotted("SGD", figure=2)
    yield page
    page.close()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious_in_a_panel_with_everything_open(page, theme):
    page.theme(theme)
    for name in ("Teach", "Table"):
        button = page.panel().get_by_role("button", name=name, exact=True)
        if button.get_attribute("aria-pressed") != "true":
            button.click()
    page.panel().locator("table").wait_for()
    page.panel().locator(".spectrum").evaluate("strip => { strip.open = true; }")
    page.panel().locator(".bar").first.wait_for()
    if not page.panel().locator(".menu .items").is_visible():
        page.panel().locator(".menu summary").click()
    page.page.wait_for_timeout(800)
    found = Axe().run(page.page, context={"include": [[".mombook-panel"]]}, options={}).response
    worst = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found["violations"]
             if v["impact"] in ("serious", "critical")]
    assert worst == []
    seen = {rule["id"]: len(rule["nodes"]) for rule in found["passes"]}
    assert seen["label"] >= 28 and seen["button-name"] >= 30 and seen["color-contrast"] > 12
    page.screenshot(f"access_{theme.split()[-1].lower()}")


def test_the_figure_has_the_sentence_for_its_name(page):
    words = page.panel(2).locator(".sentence").inner_text()
    page.panel(2).get_by_role("img", name=words[:40]).wait_for()
    assert page.panel(2).locator(".sentence").get_attribute("role") == "status"


def test_every_control_is_reached_by_tab_and_has_a_name(page):
    page.handle("κ", k=1).focus()
    reached = []
    for _ in range(60):
        reached.append(page.page.evaluate("(e => e.ariaLabel || e.innerText || e.getAttribute('aria-label') || e.tagName)"
                                          "(document.activeElement)").strip())
        page.page.keyboard.press("Tab")
    for name in ("κ: ", "κ, typed", "decay: ", "B: ", "d: ", "η ×: ", "1−β ×: ", "flat", "Reset", "Simulate", "scenario line",
                 "Copy", "Export", "Table", "Teach"):
        assert any(each.startswith(name) for each in reached), (name, reached)


def test_teacher_keys_work_and_lab_does_not_eat_them(page):
    cells = page.page.locator(".jp-Cell").count()
    button = page.panel().get_by_role("button", name="Teach", exact=True)
    if button.get_attribute("aria-pressed") != "true":
        button.click()
    page.panel().get_by_text("paper's values").wait_for()
    button.focus()
    page.page.keyboard.press("3")
    page.wait_for_sentence("κ = 39800")
    page.page.keyboard.press("t")
    page.wait_for_sentence("Theory is hidden")
    page.wait_for_trace("ASGD", "({ visible }) => !visible")
    page.page.keyboard.press("p")
    page.wait_for_sentence("κ = 15.8")
    page.page.keyboard.press("t")
    page.wait_for_sentence("needs")
    page.page.keyboard.press("0")
    page.wait_for_sentence("κ = 1000")
    page.screenshot("access_teacher")
    field = page.panel().get_by_role("textbox", name="κ, typed")
    field.fill("12")                                                    # digits in a field are digits
    field.press("Enter")
    page.wait_for_sentence("κ = 12,")
    page.page.keyboard.press("Escape")
    page.panel().get_by_text("paper's values").wait_for(state="hidden")
    assert page.page.locator(".jp-Cell").count() == cells and page.console_errors == []
