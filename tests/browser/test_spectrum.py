"""The spectrum under its figure's controls: bars that follow the sliders, and that a hand or a key moves."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from mombook.panels import bars, definition, export, spectra

from .front import FrontPage, face
from .lab import panel_notebook
from .test_page_front_end import holds

SMALL = "kappa=300;decay=2;batch=16;d=40"
DRAWN = """(key) => {
  const { strip } = mombook.panels.find((panel) => panel.key === key), { high, low } = strip;
  const parts = (mark) => mark.querySelector("polygon").getAttribute("points").split(" ").map((p) => p.split(",").map(Number));
  const foot = parts(strip.marks[0])[0][1], up = (y) => 10 ** (low + (foot - y) / (foot - 18) * (high - low));
  const across = (x) => 10 ** ((x - 44) / (strip.wide - 52) * (strip.decades + 0.2) - 0.2);
  return strip.marks.map((mark) => {
    const [, [left, first], [right, last]] = parts(mark);
    return [across(left), across(right), up(first), up(last), up(+mark.querySelector("circle").getAttribute("cy")),
            +mark.getAttribute("aria-valuenow")];
  });
}"""


@pytest.fixture(scope="module")
def faces():
    """Panels that have more controls and that have none, with the power law of κ and the plain one."""
    return {"sgd": face("sgd", SMALL), "schedules": face("schedules"), "start": face("start")}


def unfold(tab, key):
    """Open the strip."""
    tab.part(key, ".spectrum summary").click()
    tab.rest(key)


def are_drawn(tab, key):
    """The bars are those of the line on screen, corner by corner; returns them."""
    tab.rest(key)
    panel = definition(key)
    found = bars.of(panel.spectrum(panel.read(tab.line(key))))
    got = np.array(tab.page.evaluate(DRAWN, key))
    H, at = spectra.whole(panel.spectrum(panel.read(tab.line(key)))), 0
    assert len(got) == len(found)
    for (left, right, first, last, level, now), bar in zip(got, found, strict=True):
        lam = np.repeat(H.eigenvalues, H.counts.astype(int))[at:at + round(bar.dim)]
        at += round(bar.dim)
        np.testing.assert_allclose([first, last], [lam[0], lam[-1]], rtol=1e-9)
        np.testing.assert_allclose([level, now], np.exp(np.log(lam).mean()), rtol=1e-9)
        np.testing.assert_allclose([left, right], bars.sides(bar.first, bar.last), rtol=1e-9)
    return found


def top(tab, key, k):
    """Where the top of a bar is on the page."""
    tab.page.evaluate(f"document.querySelector('#panel-{key} .spectrum').scrollIntoView({{block: 'center'}})")
    box = tab.page.locator(f"#panel-{key} .bar circle").nth(k).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(tab, key, k, down):
    """Take the top of a bar, move it down by pixels and let go."""
    x, y = top(tab, key, k)
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    for part in (0.25, 0.5, 0.75, 1.0):
        tab.page.mouse.move(x, y + part * down)
    tab.page.mouse.up()
    tab.rest(key)


def scale(tab, key):
    """Decades to a pixel."""
    return tab.page.evaluate(f"(({{ high, low }}) => (high - low) / (190 - 34 - 18))({tab.panel(key)}.strip)")


def test_nothing_is_asked_for_until_it_is_opened_and_then_the_bars_follow_the_sliders(tab):
    assert tab.page.locator(".spectrum").count() == 2 and not tab.page.locator(".bar").count()
    assert not tab.page.locator("#panel-start .spectrum").count(), "which takes no spectrum"
    tab.slider("sgd", "κ").press("ArrowRight")
    tab.rest("sgd")
    assert not [call for call, *_ in tab.calls if call == "bars"]
    unfold(tab, "sgd")
    are_drawn(tab, "sgd")
    for label, key in (("κ", "ArrowRight"), ("decay", "ArrowLeft"), ("d", "ArrowRight"), ("d", "Home")):
        before = tab.page.evaluate(DRAWN, "sgd")
        tab.slider("sgd", label).press(key)
        are_drawn(tab, "sgd")
        assert tab.page.evaluate(DRAWN, "sgd") != before
    asked = len([call for call, *_ in tab.calls if call == "bars"])
    tab.slider("sgd", "B").press("ArrowRight")
    are_drawn(tab, "sgd")
    assert len([call for call, *_ in tab.calls if call == "bars"]) == asked, "the batch does not move them"
    unfold(tab, "schedules")
    assert len(are_drawn(tab, "schedules")) == 8


@pytest.mark.parametrize(("key", "k", "down"), [("sgd", 3, 20), ("sgd", 0, 12), ("schedules", 2, -15)])
def test_a_bar_is_dragged_and_the_figure_follows(tab, key, k, down):
    panel = definition(key)
    unfold(tab, key)
    before, was = are_drawn(tab, key), panel.read(tab.line(key))
    factor = 10 ** (-down * scale(tab, key))
    drag(tab, key, k, down)
    line = tab.line(key)
    expected = panel.bent(was, k, before[k].level * factor)
    got, want = (spectra.whole(s["spectrum"]) for s in (panel.read(line), expected))
    np.testing.assert_allclose(got.eigenvalues, want.eigenvalues, rtol=1e-6)
    assert "spectrum=bent power law:" in line and [call for call, *_ in tab.calls].count("bend") >= 2
    holds(tab, key, line)
    are_drawn(tab, key)
    assert tab.page.evaluate(f"{tab.panel(key)}.stamp") == export.short_stamp(panel, line)
    tab.press(key, "Power law")
    tab.rest(key)
    assert "spectrum" not in tab.line(key)
    are_drawn(tab, key)


def test_while_a_bar_is_held_the_figure_is_the_one_at_its_level(tab):
    panel, line = definition("sgd"), tab.line("sgd")
    unfold(tab, "sgd")
    x, y = top(tab, "sgd", 2)
    stands = tab.part("sgd", ".spectrum svg").bounding_box()
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    for down in (10, 20, 5):                                            # each from where it was taken, not from where it is
        tab.page.mouse.move(x, y + down)
        tab.rest("sgd")
        level = tab.page.evaluate(f"{tab.panel('sgd')}.strip.held.level")
        now = panel.write(panel.bent(panel.read(line), 2, level))
        assert tab.line("sgd") == now
        assert tab.part("sgd", ".bar-said").inner_text().startswith("Ranks 4 to 7: from 0.")
        assert tab.part("sgd", ".spectrum svg").bounding_box() == stands, "nothing moves away under the hand"
        holds(tab, "sgd", now)
    tab.page.mouse.up()
    tab.rest("sgd")
    are_drawn(tab, "sgd")
    assert tab.part("sgd", ".bar-said").inner_text().endswith("of tr H.")
    assert tab.part("sgd", ".own").is_visible() and not tab.slider("sgd", "κ").is_visible()


def test_keys_do_what_a_hand_does_and_a_teacher_keeps_hers(tab):
    panel = definition("sgd")
    unfold(tab, "sgd")
    tab.press("sgd", "Teach")
    found, was = are_drawn(tab, "sgd"), panel.read(tab.line("sgd"))
    bar = tab.page.locator("#panel-sgd .bar").nth(3)
    assert bar.get_attribute("aria-label") == "Ranks 8 to 15" and bar.get_attribute("role") == "slider"
    bar.focus()
    bar.evaluate("""(bar, keys) => keys.forEach((key) =>
      bar.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })))""",
                 ["ArrowDown", "ArrowDown", "PageDown", "ArrowRight"])          # at once: at rest a bar may get another rank
    tab.rest("sgd")
    want = panel.bent(was, 3, found[3].level * 10 ** (-0.1 - 0.5 + 0.05))
    got = panel.read(tab.line("sgd"))
    np.testing.assert_allclose(*(spectra.whole(s["spectrum"]).eigenvalues for s in (got, want)), rtol=1e-9)
    holds(tab, "sgd", tab.line("sgd"))
    now = are_drawn(tab, "sgd")
    at = tab.page.evaluate(f"{tab.panel('sgd')}.strip.marks.indexOf(document.activeElement)")
    level = found[3].level * 10**-0.55
    assert at == np.argmin([abs(np.log(bar.level / level)) for bar in now]), "the focus goes on with what it moved"
    assert tab.page.locator("#panel-sgd .bar").nth(at).get_attribute("aria-valuetext").endswith(bars.said(now[at]))


def test_what_cannot_be_bent_says_so_and_nothing_changes(tab):
    tab.type("sgd", "kappa=300;decay=2;batch=16;d=10000;seed=0")
    unfold(tab, "sgd")
    line = tab.line("sgd")
    drag(tab, "sgd", 4, 20)
    tab.page.wait_for_function(f"() => {tab.panel('sgd')}.isAlarmed")
    assert "d must be at most 2000 for a bar to be dragged" in tab.part("sgd", ".status").inner_text()
    assert tab.line("sgd") == line
    assert len(are_drawn(tab, "sgd")) == 14
    holds(tab, "sgd", line)


def test_before_python_runs_the_bars_stand_and_a_hand_is_told_why_they_do_not_move(chromium, faces):
    tab = FrontPage(chromium, faces, asleep=True)
    tab.part("sgd", ".spectrum summary").click()
    line = tab.line("sgd")
    x, y = top(tab, "sgd", 2)
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x, y + 20)
    tab.page.mouse.up()
    assert tab.part("sgd", ".status").inner_text() == "The spectrum can be changed when Python runs."
    tab.page.locator("#panel-sgd .bar").nth(2).press("ArrowUp")
    assert tab.line("sgd") == line and not tab.calls
    tab.page.evaluate("worker.wake()")
    tab.page.wait_for_function("document.documentElement.dataset.python === 'ready'")
    are_drawn(tab, "sgd")
    drag(tab, "sgd", 2, 20)
    holds(tab, "sgd", tab.line("sgd"))
    assert "bent" in tab.line("sgd") and not tab.errors
    tab.close()


TRACES = "{}.place.querySelector('.plot')._fullData"


def lit(tab, key, k):
    """The thin lines in the figure, when those of a bar have come: trace -> x and y."""
    tab.page.wait_for_function(f"""() => {{ const {{ strip, line }} = {tab.panel(key)};
      return strip.lit?.bar === {k} && strip.lit.line === line
        && {TRACES.format(tab.panel(key))}.some((trace) => trace.name.endsWith(": carried")); }}""")
    return tab.page.evaluate(f"""Object.fromEntries({TRACES.format(tab.panel(key))}
      .filter((trace) => trace.name.endsWith(": carried"))
      .map((trace) => [trace.name.replace(": carried", ""), [trace.x, trace.y].map((array) => Array.from(array))]))""")


def is_lit(tab, key, k):
    """What is lit is what Python says that the bar carries."""
    panel, line = definition(key), tab.line(key)
    expected, got = panel.carried(panel.read(line), k), lit(tab, key, k)
    assert set(got) == set(expected) and got
    for name, arrays in expected.items():
        np.testing.assert_allclose(got[name], [arrays["x"], arrays["y"]], rtol=1e-12)
    said = bars.said(bars.of(panel.spectrum(panel.read(line)))[k])
    assert tab.part(key, ".bar-said").inner_text() == said
    named = tab.page.locator(f"#panel-{key} .annotation-text").filter(has_text="thin: ")
    named.first.wait_for(state="attached", timeout=9000)                # a picture later than its traces
    ranks = said.partition(":")[0].lower()
    assert named.all_text_contents() == [f"thin: the risk of {ranks}"], "once in the plot that has them"


def test_a_bar_that_is_pointed_at_is_told_of_and_what_it_carries_is_lit(tab):
    unfold(tab, "sgd")
    line = tab.line("sgd")
    tab.page.locator("#panel-sgd .bar").nth(2).hover()
    is_lit(tab, "sgd", 2)
    holds(tab, "sgd", line)
    assert not [name for name in tab.plotted("sgd") if "carried" in name], "it is no part of the figure's numbers"
    printed = tab.page.evaluate(f"{tab.panel('sgd')}.figure.printed('').figure.data.map((trace) => trace.name)")
    assert printed == [trace.name for trace in definition("sgd").figure().data]
    tab.page.evaluate(f"""() => {{ const {{ figure }} = {tab.panel('sgd')}, light = figure.light.bind(figure);
      window.seen = [];
      figure.light = (...it) => {{ const now = light(...it); if (now) seen.push(Object.keys(it[0])); return now; }}; }}""")
    tab.slider("sgd", "B").press("ArrowRight")
    tab.rest("sgd")
    assert tab.line("sgd") != line
    is_lit(tab, "sgd", 2)
    assert tab.page.evaluate("seen") == [[], ["expected"]], "no line of the old scenario stays beside the new curve"
    tab.page.locator("#panel-sgd .bar").nth(4).hover()
    is_lit(tab, "sgd", 4)
    tab.page.mouse.move(2, 2)
    traces = TRACES.format(tab.panel("sgd"))
    tab.page.wait_for_function(f"() => !{traces}.some((trace) => trace.name.endsWith(': carried'))")
    tab.page.locator("#panel-sgd .annotation-text").filter(has_text="thin: ").wait_for(state="detached")
    bar = tab.page.locator("#panel-sgd .bar").nth(3)
    bar.focus()
    is_lit(tab, "sgd", 3)
    bar.press("ArrowDown")                                              # and again where it has moved to
    tab.rest("sgd")
    assert "spectrum=" in tab.line("sgd")
    is_lit(tab, "sgd", tab.page.evaluate(f"{tab.panel('sgd')}.strip.brushed"))
    tab.press("sgd", "Teach")
    tab.page.keyboard.press("t")
    tab.page.wait_for_function("() => document.querySelector('#panel-sgd .sentence').textContent.includes('Theory is hidden')")
    tab.page.wait_for_function(f"() => {traces}.every((t) => !t.name.startsWith('expected') || t.visible === false)")


def test_a_panel_without_learning_curves_asks_for_no_shares(tab):
    unfold(tab, "schedules")
    tab.page.locator("#panel-schedules .bar").nth(2).hover()
    tab.page.wait_for_timeout(400)
    tab.rest("schedules")
    assert not [call for call, *_ in tab.calls if call == "carried"]
    assert "Ranks 4 to 7" in tab.part("schedules", ".bar-said").inner_text()


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (420, True)])
def test_the_strip_is_fit_for_all(chromium, faces, width, dark):
    tab = FrontPage(chromium, {"sgd": faces["sgd"]}, width=width, dark=dark)
    unfold(tab, "sgd")
    tab.page.locator("#panel-sgd .bar").nth(1).focus()
    found = Axe().run(tab.page, context={"include": [["#panel-sgd .spectrum"]]}).response
    assert [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found["violations"]] == []
    assert {"color-contrast", "aria-input-field-name"} <= {rule["id"] for rule in found["passes"]}
    box = tab.part("sgd", ".spectrum svg").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    are_drawn(tab, "sgd")
    assert not tab.errors
    tab.close()


def test_in_jupyter_a_bar_moves_by_key_and_by_hand(lab_page, lab_server):
    panel_notebook(lab_server.root / "bars.ipynb", f"explore.sgd({SMALL!r}, simulate=False)")
    lab_page.open("bars.ipynb")
    lab_page.run_all()
    lab_page.drawn()
    lab_page.rest()
    panel, cells = definition("sgd"), lab_page.page.locator(".jp-Cell").count()
    strip = lab_page.panel().locator(".spectrum")
    strip.locator("summary").click()
    found, was = bars.of(panel.spectrum(panel.read(SMALL))), panel.read(SMALL)
    strip.locator(".bar").nth(3).press("PageDown")
    lab_page.wait_for_sentence("bent power law")
    lab_page.rest()
    want = panel.bent(was, 3, found[3].level * 10**-0.5)
    line = lab_page.scenario()
    np.testing.assert_allclose(*(spectra.whole(s["spectrum"]).eigenvalues for s in (panel.read(line), want)), rtol=1e-9)
    x, y = lab_page.plotted("expected")
    expected = panel.exact(panel.read(line)).traces["expected"]
    np.testing.assert_allclose([x, y], [expected["x"], expected["y"]], rtol=1e-9)
    strip.evaluate("strip => strip.scrollIntoView({ block: 'center' })")
    lab_page.page.wait_for_function("strip => strip.closest('.mombook-panel').mombook.strip.held === null",
                                    arg=strip.element_handle())
    box = strip.locator("circle").nth(1).bounding_box()
    lab_page.page.mouse.move(box["x"] + 6, box["y"] + 6)
    lab_page.page.mouse.down()
    lab_page.page.mouse.move(box["x"] + 6, box["y"] + 30, steps=3)
    lab_page.page.mouse.up()
    lab_page.page.wait_for_function("([panel, line]) => panel.mombook.line !== line",
                                    arg=[lab_page.panel().element_handle(), line])
    lab_page.rest()
    moved = lab_page.scenario()
    assert moved != line and "spectrum=bent power law:" in moved
    assert lab_page.page.locator(".jp-Cell").count() == cells and lab_page.errors_in_cells() == []
