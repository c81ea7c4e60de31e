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


def panel(page, k=0):
    return page.page.locator(".mombook-panel").nth(k)


def wait_for(page, text, k=0):
    page.page.wait_for_function("([panel, text]) => panel.querySelector('[role=status]').innerText.includes(text)",
                                arg=[panel(page, k).element_handle(), text])


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious_in_a_panel_with_everything_open(page, theme):
    page.theme(theme)
    for name in ("Teach", "Table"):
        button = panel(page).get_by_role("button", name=name, exact=True)
        if button.get_attribute("aria-pressed") != "true":
            button.click()
    panel(page).locator("table").wait_for()
    page.page.wait_for_timeout(800)
    found = Axe().run(page.page, context={"include": [[".mombook-panel"]]}, options={}).response
    worst = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found["violations"]
             if v["impact"] in ("serious", "critical")]
    assert worst == []
    seen = {rule["id"]: len(rule["nodes"]) for rule in found["passes"]}
    assert seen["aria-input-field-name"] >= 14 and seen["label"] >= 17 and seen["color-contrast"] > 12
    page.screenshot(f"access_{theme.split()[-1].lower()}")


def test_the_figure_has_the_sentence_for_its_name(page):
    drawing = panel(page, 2).get_by_role("img").first
    assert drawing.get_attribute("aria-label") == panel(page, 2).get_by_role("status").inner_text()


def test_every_control_is_reached_by_tab_and_has_a_name(page):
    panel(page, 1).get_by_role("slider", name="κ", exact=True).focus()
    reached = []
    for _ in range(45):
        reached.append(page.page.evaluate("(e => e.ariaLabel || e.innerText || e.getAttribute('aria-label') || e.tagName)"
                                          "(document.activeElement)").strip())
        page.page.keyboard.press("Tab")
    for name in ("κ", "κ, typed", "decay", "B", "d", "η ×", "1−β ×", "flat", "Reset", "Simulate", "scenario", "Copy", "CSV",
                 "PNG", "Teach"):
        assert name in reached, reached


def test_teacher_keys_work_and_lab_does_not_eat_them(page):
    cells = page.page.locator(".jp-Cell").count()
    button = panel(page).get_by_role("button", name="Teach", exact=True)
    if button.get_attribute("aria-pressed") != "true":
        button.click()
    panel(page).get_by_text("paper's values").wait_for()
    button.focus()
    page.page.keyboard.press("3")
    wait_for(page, "κ = 39800")
    page.page.keyboard.press("t")
    wait_for(page, "Theory is hidden")
    page.page.wait_for_function("img => img.ariaLabel.includes('Theory is hidden') && !img.ariaLabel.includes('needs')",
                                arg=panel(page).get_by_role("img").first.element_handle())
    page.page.wait_for_function("() => !document.querySelector('.js-plotly-plot')._fullData"
                                ".find(t => t.name === 'ASGD').visible")
    page.page.keyboard.press("p")
    wait_for(page, "κ = 15.8")
    page.page.keyboard.press("t")
    wait_for(page, "needs")
    page.page.keyboard.press("0")
    wait_for(page, "κ = 1000")
    page.screenshot("access_teacher")
    field = panel(page).get_by_role("textbox", name="κ, typed")
    field.fill("12")                                                    # digits in a field are digits
    field.press("Enter")
    wait_for(page, "κ = 12,")
    page.page.keyboard.press("Escape")
    panel(page).get_by_text("paper's values").wait_for(state="hidden")
    assert page.page.locator(".jp-Cell").count() == cells and page.console_errors == []
