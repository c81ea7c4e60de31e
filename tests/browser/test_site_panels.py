"""The panels of the site's pages, alive: what the page draws is what CPython computes."""

import functools
import json

import nbformat
import numpy as np
import pytest

from mombook.data.loading import load
from mombook.panels import definition
from tools.build_notebooks import NOTEBOOKS
from tools.site import pages, stored

from .site import DRAWN, FEW, SitePage
from .test_stored_answers import agrees_with_python, moves_by_what_is_stored

FIRST, SECOND = "01_the_paper_in_one_figure.html", "02_sgd_and_the_critical_batch.html"


@pytest.fixture(scope="module")
def tab(chromium, live_address):
    """Notebook 01's page, alive, opened by a link that makes no sense."""
    tab = SitePage(chromium, live_address, permissions=["clipboard-read", "clipboard-write"])
    yield tab.open(f"{FIRST}#kappa=1e99;decay=1.5", alive=True)
    tab.close()


@pytest.fixture(scope="module")
def linked(chromium, live_address, tab):
    """Another tab, alive, opened by the link that the first one copies; the answers that pages bring along never come."""
    tab.part("tradeoff", ".menu summary").click()
    tab.page.get_by_role("button", name="Copy link").and_(tab.page.locator("#panel-tradeoff button")).click()
    tab.page.wait_for_function("() => mombook.panels.find(p => p.key === 'tradeoff').status.textContent === 'Copied.'")
    linked = SitePage(chromium, live_address)
    linked.context.route("**/answers/*.js", lambda route: None)         # asked for, and never answered
    linked.page.goto(tab.page.evaluate("navigator.clipboard.readText()"), wait_until="commit")
    linked.page.wait_for_function(DRAWN)
    linked.wait_for_python()
    yield linked
    linked.close()


@pytest.fixture
def new_tab(chromium, live_address):
    """Opens tabs of the site."""
    tabs = []

    def opened():
        tabs.append(SitePage(chromium, live_address))
        return tabs[-1]

    yield opened
    for each in tabs:
        each.close()


@functools.cache
def expected(key, line, simulated):
    """The traces of a scenario line, as CPython computes them."""
    panel = definition(key)
    return panel.finished(panel.read(line)) if simulated else panel.exact(panel.read(line), final=True).traces


def same_as_here(tab, key, line, simulated=False):
    """Hold everything drawn against what CPython computes of the same scenario line."""
    drawn, compared = tab.plotted(key), 0
    for name, arrays in expected(key, line, simulated).items():
        if arrays.get("visible", True) is False or "x" not in arrays:
            continue
        for axis in {"x", "y", "z"} & set(arrays):
            want = np.asarray(arrays[axis], float)
            np.testing.assert_allclose(drawn[name][axis], want, rtol=1e-9, atol=1e-300, err_msg=f"{name}.{axis}")
            compared += want.size
    assert compared > 100


def moved(tab, key, **values):
    """The panel's scenario with these in place of its own."""
    panel = definition(key)
    return panel.write(panel.read("", **{**panel.read(tab.scenario(key)), **values}))


def test_a_link_that_makes_no_sense_shows_the_opening_figure_and_says_why(tab):
    tab.page.wait_for_selector("#panel-tradeoff .status[role=alert]")
    assert tab.words("tradeoff", ".status") == ("This link's scenario cannot be shown: kappa must be a number from 1 to "
                                                "1000000; got '1e99'. Nothing has changed.")
    same_as_here(tab, "tradeoff", tab.scenario("tradeoff"), simulated=True)
    tab.page.evaluate("location.hash = '#nobody:kappa=10'")
    tab.page.wait_for_selector(".status[role=alert]:has-text('a panel this page does not have: nobody')")
    assert tab.console_errors == []


def test_arrow_keys_move_a_slider_and_the_page_draws_what_cpython_computes(tab):
    line = moved(tab, "tradeoff", kappa=1580)
    slider = tab.slider("tradeoff", "κ")
    slider.focus()
    for _ in range(2):
        tab.page.keyboard.press("ArrowRight")
    tab.rest("tradeoff")
    assert tab.scenario("tradeoff") == line and slider.get_attribute("aria-valuetext") == "κ = 1580"
    same_as_here(tab, "tradeoff", line)
    assert tab.words("tradeoff", ".sentence") == definition("tradeoff").exact(definition("tradeoff").read(line)).sentence


def test_the_address_holds_the_scenario_and_opens_it(tab, linked):
    line = moved(tab, "tradeoff", kappa=1580)
    assert tab.page.url.endswith(f"{FIRST}#{line}")
    linked.rest("tradeoff")
    assert linked.scenario("tradeoff") == line
    same_as_here(linked, "tradeoff", line)


def test_python_and_the_other_figures_come_though_stored_answers_never_do(linked):
    assert linked.page.evaluate("mombook.panels.every((panel) => panel.figure.drawn && !panel.stored.size)")


def test_a_table_given_to_a_panel_is_read_in_the_page(linked, tmp_path):
    """By the page's own Python, which fetches what it needs for that from the site: semicolons, decimal commas, a header."""
    X = np.random.default_rng(3).normal(size=(40, 3)) * [1.0, 3.0, 9.0]
    rows = ["small;middle;large", *(";".join(f"{x:.6f}".replace(".", ",") for x in row) for row in X)]
    (tmp_path / "mine.csv").write_text("\n".join(rows))
    linked.page.locator("#panel-tradeoff input[type=file]").set_input_files(tmp_path / "mine.csv")
    linked.part("tradeoff", ".own").wait_for(state="visible")
    linked.rest("tradeoff")
    panel, line = definition("tradeoff"), linked.scenario("tradeoff")
    design = load(tmp_path / "mine.csv", on_span=True)
    assert "mine" in linked.words("tradeoff", ".own") and panel.write(panel.moved(panel.read(), spectrum=design)) == line
    same_as_here(linked, "tradeoff", line)
    assert linked.console_errors == [] and linked.outside_requests == []


def test_a_typed_value_out_of_range_is_refused_in_words(tab):
    before, field = tab.scenario("tradeoff"), tab.part("tradeoff", ".slider input[type=text]")
    field.fill("1e9")
    field.press("Enter")
    tab.page.wait_for_selector("#panel-tradeoff [role=alert]")
    assert tab.words("tradeoff", ".refusal") == "κ must be a number from 1 to 1000000; got '1e9'. Nothing has changed."
    assert tab.scenario("tradeoff") == before and field.input_value() == "1580"


def test_a_storm_of_changes_ends_on_the_last_of_them(tab):
    """Three hundred changes on every slider at once, while the simulation runs."""
    tab.page.evaluate("""async () => {
      const sliders = [...document.querySelectorAll('#panel-tradeoff input[type=range]')];
      for (let k = 0; k < 300; k++) {
        const slider = sliders[k % sliders.length];
        slider.value = k < 296 ? (7 * k) % (+slider.max + 1) : 4;
        slider.dispatchEvent(new Event('input'));
        if (k % 3 === 0) await new Promise(done => setTimeout(done, 10));
      }
    }""")
    panel = definition("tradeoff")
    stops = {c.name: c.value(c.rounded(c.stops[4])) for c in panel.controls[:4] if hasattr(c, "stops")}
    line = moved(tab, "tradeoff", **{k: v for k, v in stops.items() if k in ("kappa", "decay", "batch", "d")})
    tab.rest("tradeoff", 120)
    assert tab.scenario("tradeoff") == line
    same_as_here(tab, "tradeoff", line)


# The picture as SVG (without numbering that differs from drawing to drawing), after a move and after a redrawing of everything.
QUICK_AND_WHOLE = """async ([key, name]) => {
  const panel = mombook.panels.find(each => each.key === key), { figure } = panel, { stops } = panel.controls[name].control;
  const svg = () => [...figure.place.querySelectorAll('.scatterlayer, .annotation')]
    .map(part => part.innerHTML.replace(/trace[0-9a-f]{6}/g, '')).join('\\n');
  const frames = [], animate = Plotly.animate;
  let quick = false;
  Plotly.animate = (...all) => { quick = true; return animate(...all); };
  for (const step of [1, 2, 3]) {                                     // without a rest: at rest everything is drawn
    const next = stops[stops.indexOf(panel.now[name]) + 1];
    quick = false;
    panel.move({ ...panel.now, [name]: next });
    while (panel.shown[name] !== next) await new Promise(done => setTimeout(done, 5));
    await new Promise(done => setTimeout(done, 60));
    const seen = svg();
    figure.stale = true;
    await figure.draw();
    frames.push([quick, seen === svg()]);
  }
  Plotly.animate = animate;
  return frames;
}"""


@pytest.mark.parametrize("name", ["kappa", "batch"])
def test_a_quick_frame_shows_what_drawing_everything_shows(tab, name):
    tab.rest("tradeoff")
    frames = tab.page.evaluate(QUICK_AND_WHOLE, ["tradeoff", name])
    assert all(same for _, same in frames) and [quick for quick, _ in frames][1:] == [True, True], frames
    tab.rest("tradeoff")


def test_toggles_and_presets_move_the_figure(tab):
    asgd = tab.page.locator("#panel-tradeoff button.method", has_text="ASGD")
    tab.part("tradeoff", "details.more summary").click()
    asgd.click()
    tab.page.get_by_role("button", name="fast decay").and_(tab.page.locator("#panel-tradeoff button")).click()
    tab.rest("tradeoff", 120)
    assert asgd.get_attribute("aria-pressed") == "false" and "ASGD" not in tab.plotted("tradeoff")
    line = tab.scenario("tradeoff")
    assert "kappa=39800;decay=2;" in line and "methods=sgd+heavy_ball+nesterov;" in line
    same_as_here(tab, "tradeoff", line)


def test_what_a_reader_takes_away_is_what_is_drawn(tab, tmp_path):
    def saved(button):
        with tab.page.expect_download() as waiting:
            tab.part("tradeoff", ".menu summary").click()
            tab.page.locator("#panel-tradeoff button", has_text=button).click()
        waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
        return tmp_path / waiting.value.suggested_filename

    stamp, *rows = saved("CSV").read_text().splitlines()
    assert tab.scenario("tradeoff") in stamp and rows[0] == "trace,x,y"
    drawn = tab.plotted("tradeoff")
    assert len(rows) - 1 == sum(arrays["x"].size for arrays in drawn.values())
    first = next(row.split(",") for row in rows if row.startswith("SGD,"))
    assert (float(first[1]), float(first[2])) == (drawn["SGD"]["x"][0], drawn["SGD"]["y"][0])
    assert tab.scenario("tradeoff") in saved("Script").read_text()
    assert saved("PNG").read_bytes().startswith(b"\x89PNG") and tab.scenario("tradeoff") in saved("SVG").read_text()


def test_a_fault_in_python_shows_in_the_status_line(tab):
    """The glue is asked for a panel that is not there, as a broken wheel would."""
    tab.page.evaluate("() => { const p = mombook.panels[0]; p.face.name = 'broken'; p.key = 'broken'; p.move({...p.now}); }")
    tab.page.wait_for_selector(".panel .status[role=alert]")
    assert "ValueError: there is no panel 'broken'" in tab.page.locator(".panel .status[role=alert]").first.inner_text()
    assert len(tab.console_errors) == 1 and "Traceback" in tab.console_errors.pop()


def test_nothing_else_went_wrong_and_nothing_left_the_machine(tab):
    assert tab.console_errors == [] and tab.outside_requests == []


def test_no_script_but_the_sites_own_runs_under_the_servers_policy(tab):
    assert tab.console_errors == [], "the page's own scripts pass"
    tab.page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.foreign = 1'}))")
    assert tab.page.evaluate("window.foreign === undefined")
    assert len(tab.console_errors) == 1 and "Content Security Policy" in tab.console_errors.pop()


def test_the_mouse_drags_a_slider_on_another_page(new_tab):
    tab = new_tab().open(f"{SECOND}#d=20", alive=True)
    tab.rest("sgd")
    slider = tab.slider("sgd", "B")
    slider.scroll_into_view_if_needed()
    box, at = slider.bounding_box(), int(slider.input_value()) / int(slider.get_attribute("max"))
    x, y = box["x"] + 8 + at * (box["width"] - 16), box["y"] + box["height"] / 2
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + 40, y, steps=8)
    tab.page.mouse.up()
    tab.settle("sgd")
    line = tab.scenario("sgd")
    assert definition("sgd").read(line)["batch"] > 8
    same_as_here(tab, "sgd", line, simulated=True)
    said = [piece.sentence for piece in definition("sgd").sample(definition("sgd").read(line))]
    assert tab.words("sgd", ".heard") == said[-1]
    assert tab.console_errors == [] and tab.outside_requests == []


def test_the_front_pages_figure_is_alive(new_tab):
    tab = new_tab().open("index.html", alive=True)
    line = moved(tab, "start", batch=91)
    tab.slider("start", "batch size B").press("ArrowRight")
    tab.rest("start")
    assert tab.scenario("start") == line and tab.page.url.endswith(f"index.html#{line}")
    same_as_here(tab, "start", line)
    assert tab.console_errors == [] and tab.outside_requests == []
    assert not any("anew" in said for said in tab.warnings), tab.warnings


def test_python_starts_anew_where_its_memory_cannot_be_had(new_tab):
    tab = new_tab()
    tab.context.route("**/python.memory", lambda route: route.fulfill(body=b"other bytes"))
    tab.open("index.html", alive=True)
    assert any(said.startswith("Python started anew, which takes longer: ") for said in tab.warnings), tab.warnings


@pytest.mark.parametrize(("missing", "name", "key"), [
    ("worker.mjs", FIRST, "tradeoff"), *((name, "index.html", "start") for name in ("pyodide.asm.wasm", "pyodide-lock.json"))])
def test_a_blocked_worker_leaves_the_page_as_it_was(new_tab, missing, name, key):
    tab = new_tab()
    tab.context.route(f"**/{missing}", lambda route: route.abort())
    tab.open(name)
    tab.page.wait_for_function("() => document.documentElement.dataset.python === 'failed'", timeout=60_000)
    assert tab.words(key, ".status").startswith("Python does not run here, and only stored answers can be shown: ")
    assert tab.part(key, ".line input").is_disabled()
    same_as_here(tab, key, tab.scenario(key), simulated=True)


@pytest.mark.parametrize(("name", "key", "label"), [(FIRST, "tradeoff", "κ"), ("index.html", "start", "batch size B")])
def test_a_slider_moves_the_curves_though_the_worker_never_answers(new_tab, name, key, label):
    tab = new_tab()
    tab.context.route("**/worker.mjs", lambda route: route.fulfill(body="", content_type="text/javascript"))
    tab.open(name)
    tab.page.wait_for_function("key => mombook.panels.find((panel) => panel.key === key).stored.size", arg=key)
    moves_by_what_is_stored(tab, key, label)
    assert tab.words(key, ".status") == "" and tab.page.evaluate("mombook.engine.state") == "loading"
    assert tab.console_errors == []


def test_every_stored_number_is_what_python_computes(site):
    """A sixth of those that the tests' site has."""
    pairs = {pair for notebook in NOTEBOOKS.glob("*.ipynb") for pair in pages._panels(nbformat.read(notebook, as_version=4))}
    scripts = {file.stem: file for file in (site.folder / stored.FOLDER).glob("*.js")}
    assert scripts.keys() == {stored.mark(*pair) for pair in pairs}
    for k, (name, line) in enumerate(sorted(pairs)):
        script = scripts[stored.mark(name, line)].read_text(encoding="utf-8")
        count = len(stored.scenarios(definition(name), line, FEW)[1])
        agrees_with_python(script, name, line, slice(k % min(count, 6), None, 6), most=FEW)


def test_the_page_is_small_enough(site):
    own = sum(file.stat().st_size for file in site.folder.rglob("*") if file.is_file() and "pyodide" not in file.parts)
    assert own < 13e6, json.dumps(own)
