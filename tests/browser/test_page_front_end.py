"""The page's scripts: what is on screen, and what is saved, is of the scenario on screen, after several moves, in any theme."""

import csv
import json

import numpy as np
import pytest

import mombook as mb
from mombook.panels import definition, export, style

from .front import FrontPage, face

SMALL = "kappa=300;decay=2;batch=16;d=20"
SGD = f"{SMALL};share=0.7;seed=3"


@pytest.fixture(scope="module")
def faces():
    """Two panels away from their defaults, and a question."""
    return {"sgd": face("sgd", SGD, simulate=True), "tradeoff": face("tradeoff", f"{SMALL};methods=sgd+heavy_ball"),
            "predict_02_bend": face("predict_02_bend"), "symptoms": face("symptoms", "d=20;steps=300"),
            "race": face("race", "d=10;steps=30")}


def holds(tab, key, line, simulated=False):
    """All that is drawn and written is the panel's at this line."""
    panel = definition(key)
    scenario = panel.read(line)
    assert tab.line(key) == panel.write(scenario)
    view, drawn = panel.exact(scenario), tab.plotted(key)
    expected = panel.finished(scenario) if simulated else view.traces
    compared = 0
    for name, arrays in expected.items():
        shown = arrays.get("visible", True) is not False and "x" in arrays
        if not shown:
            assert name not in drawn
            continue
        for axis in {"x", "y", "z"} & set(arrays):
            want = np.asarray(arrays[axis], float)
            got = np.array(drawn[name][axis], object)
            got = np.where(np.equal(got, None), np.nan, got).astype(float)
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-300, err_msg=f"{name}.{axis}")
            compared += want.size
    assert compared > 4
    assert tab.part(key, ".sentence").inner_text() == view.sentence
    assert tab.part(key, "pre.readout").text_content() == view.text
    layout = tab.layout(key)
    for note, text in zip(layout["annotations"], view.titles, strict=False):
        assert note["text"] == text
    for axis, ends in view.ranges.items():
        np.testing.assert_allclose(layout[axis]["range"], [float(v) for v in ends], rtol=1e-9, atol=1e-12)
    lamps = [f"○ {what}: {why}" for what, met, why in view.lamps if not met]
    assert [t for t in tab.part(key, ".lamps").inner_text().split("\n") if t] == lamps
    return panel.write(scenario)


def test_what_a_figure_claims_stands_before_its_numbers_which_are_smaller(tab):
    opening = definition("sgd").exact(definition("sgd").read(tab.line("sgd"))).sentence
    assert tab.part("sgd", ".sentence").text_content() == opening
    assert tab.part("sgd", ".sentence .rest").text_content() == f" {opening.partition('. ')[2]}"         # as the page is built
    assert tab.part("tradeoff", ".sentence .rest").count() == 0
    tab.slider("sgd", "κ").press("ArrowRight")
    tab.slider("tradeoff", "κ").press("ArrowRight")
    tab.rest("sgd")
    tab.rest("tradeoff")
    sentence = definition("sgd").exact(definition("sgd").read(tab.line("sgd"))).sentence
    numbers = tab.part("sgd", ".sentence .rest")
    assert sentence.endswith(numbers.text_content()) and numbers.text_content().startswith(" κ = ")
    size = "(part) => parseFloat(getComputedStyle(part).fontSize)"
    assert numbers.evaluate(size) < tab.part("sgd", ".sentence").evaluate(size)
    assert tab.part("tradeoff", ".sentence .rest").text_content() == ""          # all of it is the claim
    tab.type("sgd", SGD)
    tab.type("tradeoff", f"{SMALL};methods=sgd+heavy_ball")
    tab.rest("sgd")
    tab.rest("tradeoff")


def test_slider_preset_line_and_reset_lead_where_they_say(tab):
    holds_at = tab.line("sgd")
    assert holds_at == SGD
    tab.slider("sgd", "κ").press("ArrowRight")
    tab.settle("sgd")
    moved = holds(tab, "sgd", tab.line("sgd"), simulated=True)
    before, after = (definition("sgd").read(line) for line in (SGD, moved))
    assert after["kappa"] > before["kappa"] and {k for k in after if after[k] != before[k]} == {"kappa"}
    assert tab.slider("sgd", "κ").get_attribute("aria-valuetext").startswith("κ = ")
    for key, end in (("End", 1e6), ("Home", 1.0)):
        tab.slider("sgd", "κ").press(key)
        tab.rest("sgd")
        assert definition("sgd").read(tab.line("sgd"))["kappa"] == end, key
    assert "presets" in tab.page.locator("#panel-sgd .controls .name").all_inner_texts()
    tab.press("sgd", "slow decay")
    tab.rest("sgd")
    holds(tab, "sgd", definition("sgd").write({**after, **definition("sgd").presets["slow decay"]}))
    tab.type("sgd", SMALL.replace("16", "4") + ";seed=1")
    tab.settle("sgd")
    holds(tab, "sgd", SMALL.replace("16", "4") + ";seed=1", simulated=True)
    tab.press("sgd", "Reset")
    tab.rest("sgd")
    holds(tab, "sgd", "")
    tab.slider("tradeoff", "B").press("ArrowLeft")
    tab.rest("tradeoff")
    holds(tab, "tradeoff", tab.line("tradeoff"))
    assert "batch=8;" not in SMALL and definition("tradeoff").read(tab.line("tradeoff"))["batch"] < 16


def test_a_figure_is_drawn_once(tab):
    """Where tick labels outgrow the margins plotly finds out by drawing everything, and draws everything again."""
    for width in (1400, 420):
        tab.page.set_viewport_size({"width": width, "height": 1000})
        tab.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))")
        for key in tab.page.evaluate("mombook.panels.map((panel) => panel.key)"):
            again = tab.page.evaluate(f"""async () => {{ const {{ figure }} = {tab.panel(key)};
              await Plotly.newPlot(figure.place, figure.data, figure.layout);
              return figure.place._fullLayout._redrawFromAutoMarginCount; }}""")
            assert again is None, (width, key)


def test_after_a_leap_python_is_free_for_the_next_where_answers_take_long(tab):
    """No guesses after a leap, and a refined answer, which nothing can interrupt, only after so many times as long."""
    tab.rest("tradeoff")
    tab.page.evaluate("""() => { const quick = window.answer;
      window.answer = (...given) => new Promise((done) => setTimeout(done, 350)).then(() => quick(...given)); }""")
    slider, before = tab.slider("tradeoff", "κ"), len(tab.calls)
    slider.press("End")
    tab.page.wait_for_function(f"+{tab.panel('tradeoff')}.shown.kappa === 1e6")
    tab.page.wait_for_timeout(600)
    assert [call[0] for call in tab.calls[before:] if "tradeoff" in call] == ["exact"], "Python is left alone"
    tab.rest("tradeoff")
    assert [call[4] for call in tab.calls[before:] if call[:2] == ("exact", "tradeoff")][:2] == [False, True]
    before = len(tab.calls)
    slider.press("ArrowLeft")
    tab.rest("tradeoff")
    assert [call[4] for call in tab.calls[before:] if call[:2] == ("exact", "tradeoff")].count(False) > 1, "a walk is guessed"


def test_toggles_choices_switches_and_guides(tab):
    tab.part("tradeoff", "details.more summary").click()
    tab.press("tradeoff", "ASGD")
    tab.rest("tradeoff")
    holds(tab, "tradeoff", f"{SMALL};methods=sgd+heavy_ball+asgd")
    for word in ("SGD", "ASGD"):
        tab.press("tradeoff", word)
    tab.rest("tradeoff")
    holds(tab, "tradeoff", f"{SMALL};methods=heavy_ball")
    tab.press("tradeoff", "heavy ball")
    assert "At least one" in tab.part("tradeoff", ".status").inner_text()
    assert tab.line("tradeoff").endswith("methods=heavy_ball;seed=0")
    colours = tab.page.evaluate("[...document.querySelectorAll('#panel-tradeoff .method')].map((b) => b.style.cssText).join()")
    assert all(style.METHODS[family].color.lower() in colours.lower() for family in ("sgd", "asgd"))
    tab.press("predict_02_bend", "Reveal the answer")
    tab.rest("predict_02_bend")
    holds(tab, "predict_02_bend", "reveal=yes")
    tab.part("predict_02_bend", "select").select_option("flat")
    tab.rest("predict_02_bend")
    holds(tab, "predict_02_bend", "reveal=yes;case=flat")
    tab.press("predict_02_bend", "Reveal the answer")
    tab.rest("predict_02_bend")
    holds(tab, "predict_02_bend", "reveal=no;case=flat")
    (first, changes), (second, cure) = definition("symptoms").guides["slow"]
    tab.press("symptoms", first)
    tab.settle("symptoms")
    panel = definition("symptoms")
    state = panel.read("", **{**panel.read("d=20;steps=300"), **changes})
    holds(tab, "symptoms", panel.write(state), simulated=True)
    tab.press("symptoms", second)
    tab.rest("symptoms")
    holds(tab, "symptoms", panel.write({**state, **cure}))


def test_a_spectrum_of_ones_own_takes_the_sliders_place_and_gives_it_back(tab, tmp_path):
    panel, own = definition("sgd"), tab.part("sgd", ".own")
    line = panel.write(panel.read("batch=16;seed=3", spectrum=mb.Spectrum(np.geomspace(3, 0.01, 20), name="a <b>name</b>")))
    assert not own.is_visible() and tab.slider("sgd", "κ").is_visible()
    tab.type("sgd", line)
    tab.settle("sgd")
    holds(tab, "sgd", line, simulated=True)
    assert own.inner_text().split("\n")[:2] == ["spectrum", panel.described(panel.read(line))]
    assert "a b name b: d = 20" in own.inner_text()
    assert not any(tab.slider("sgd", word).is_visible() for word in ("κ", "decay", "d"))
    tab.slider("sgd", "B").press("ArrowRight")
    tab.rest("sgd")
    moved = holds(tab, "sgd", tab.line("sgd"))
    assert panel.read(moved) == {**panel.read(line), "batch": panel.read(moved)["batch"]} and panel.read(moved)["batch"] > 16
    stamp = tab.page.evaluate(f"{tab.panel('sgd')}.stamp")
    assert stamp == export.short_stamp(panel, moved) and stamp.endswith("…")
    tab.press("sgd", "slow decay")                                      # a preset of the power law leads back to it
    tab.rest("sgd")
    holds(tab, "sgd", panel.write({**panel.read("seed=3;share=0.5"), **panel.presets["slow decay"]}))
    assert not own.is_visible() and tab.slider("sgd", "κ").is_visible()
    X = np.random.default_rng(0).normal(size=(50, 4)) * [1, 2, 3, 4]
    np.savetxt(tmp_path / "mine.csv", X, delimiter=",", header="a,b,c,e", comments="")
    tab.part("sgd", "input[type=file]").set_input_files(tmp_path / "mine.csv")
    own.wait_for(state="visible")
    tab.settle("sgd")
    with_data = panel.moved(panel.read("seed=3", **panel.presets["slow decay"]), spectrum=mb.load(tmp_path / "mine.csv"))
    holds(tab, "sgd", panel.write(with_data), simulated=True)
    assert own.inner_text().split("\n")[1].startswith("mine: d = 4, κ = ")
    tab.part("sgd", ".own button").click()
    tab.rest("sgd")
    holds(tab, "sgd", panel.write({**panel.read("seed=3"), "batch": with_data["batch"]}))
    assert not tab.part("predict_02_bend", "input[type=file]").count()


def test_a_file_dropped_on_a_panel_is_read_and_one_that_is_no_table_refused(tab):
    drop = """([name, text]) => { const data = new DataTransfer(); data.items.add(new File([text], name));
      const at = document.querySelector("#panel-sgd .plot");
      for (const type of ["dragover", "drop"])
        at.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true })); }"""
    before = tab.line("sgd")
    tab.page.evaluate(drop, ["mine.txt", "1,2"])
    tab.page.wait_for_function("document.querySelector('#panel-sgd .status').textContent.includes('.csv or .parquet')")
    assert "Nothing has changed." in tab.part("sgd", ".status").inner_text() and tab.line("sgd") == before
    rows = "\n".join(f"{x},{y}" for x, y in np.random.default_rng(0).normal(size=(30, 2)))
    tab.page.evaluate(drop, ["mine.csv", f"a,b\n{rows}"])
    tab.part("sgd", ".own").wait_for(state="visible")
    tab.settle("sgd")
    assert "spectrum=mine:" in tab.line("sgd") and not tab.page.locator(".over").count()
    holds(tab, "sgd", tab.line("sgd"), simulated=True)


def test_a_search_moves_the_panel_to_what_it_found(tab):
    panel = definition("race")
    tab.press("race", "Find where momentum does not help")
    tab.page.wait_for_function(f"""() => {tab.panel('race')}.line !== {json.dumps(panel.write(panel.read('d=10;steps=30')))}""")
    tab.settle("race")
    found = panel.searches["Find where momentum does not help"](panel.read("d=10;steps=30"))
    holds(tab, "race", panel.write(panel.read("", **{**panel.read("d=10;steps=30"), **found})))
    assert tab.part("race", ".status").inner_text() == "", "it no longer says that it searches"


def test_what_is_refused_changes_nothing(tab):
    tab.type("sgd", "kappa=1e9")
    tab.page.wait_for_function(f"() => {tab.panel('sgd')}.isAlarmed")
    status = tab.part("sgd", ".status")
    assert "kappa must be a number from 1 to 1000000" in status.inner_text() and status.get_attribute("role") == "alert"
    assert tab.line("sgd") == SGD and tab.page.evaluate(f"{tab.panel('sgd')}.line") == SGD
    holds(tab, "sgd", SGD, simulated=True)
    field = tab.page.locator("#panel-sgd .slider input[type=text]").first
    field.fill("0")
    field.press("Enter")
    refusal = tab.part("sgd", ".slider .refusal")
    refusal.wait_for()
    assert refusal.inner_text() == "κ must be a number from 1 to 1000000; got '0'. Nothing has changed."
    assert refusal.get_attribute("role") == "alert" and field.get_attribute("aria-describedby") == refusal.get_attribute("id")
    assert (field.get_attribute("aria-invalid"), field.input_value()) == ("true", "300")
    field.fill("700")
    field.press("Enter")
    tab.settle("sgd")
    holds(tab, "sgd", SGD.replace("300", "700"), simulated=True)
    assert refusal.is_hidden() and field.get_attribute("aria-invalid") is None
    assert status.inner_text() == "" and status.get_attribute("role") == "status"


def test_a_simulation_can_be_stopped_and_run_again_with_the_next_seed(tab):
    panel = tab.panel("sgd")
    assert tab.page.locator("#panel-sgd").get_by_role("button", name="Stop", exact=True).is_disabled()
    tab.press("sgd", "Simulate")
    tab.settle("sgd")
    line = SGD.replace("seed=3", "seed=4")
    holds(tab, "sgd", line, simulated=True)
    said = [piece.sentence for piece in definition("sgd").sample(definition("sgd").read(line))][-1]
    assert tab.part("sgd", ".heard").inner_text() == said
    tab.type("sgd", "kappa=1000;d=1000;seed=5")
    tab.page.wait_for_function(f"() => {panel}.running")
    assert tab.part("sgd", "progress").is_visible()
    stop = tab.page.locator("#panel-sgd").get_by_role("button", name="Stop", exact=True)
    assert stop.is_enabled()
    tab.press("sgd", "Stop")
    assert stop.is_disabled()
    assert "Stopped" in tab.part("sgd", ".status").inner_text() and not tab.page.evaluate(f"{panel}.running")
    assert tab.part("sgd", "progress").is_hidden()
    tab.slider("sgd", "κ").press("ArrowLeft")
    tab.page.wait_for_function(f"() => !{panel}.wanted && {panel}.line !== 'kappa=1000'")
    tab.page.wait_for_function(f"() => {panel}.figure.data.find((t) => t.name === 'expected').x.length > 3")
    tab.settle("sgd")
    holds(tab, "sgd", tab.line("sgd"), simulated=True)
    assert tab.part("sgd", ".status").inner_text() == "", "it no longer says that it was stopped"


def test_files_carry_the_scenario_on_screen(tab, tmp_path):
    """CSV, script, BibTeX, link and code after several moves: none of the scenario the page opened with."""
    tab.slider("sgd", "κ").press("ArrowRight")
    tab.press("sgd", "fast decay")
    tab.rest("sgd")
    tab.type("sgd", f"{SMALL};share=0.3;seed=9")
    tab.rest("sgd")
    line, panel = tab.line("sgd"), definition("sgd")
    assert line == f"{SMALL};share=0.3;seed=9" != SGD
    name, path = tab.saved("sgd", "CSV", tmp_path)
    first, header, *rows = path.read_text().splitlines()
    assert (name, first, header) == ("mombook_sgd.csv", f"# {export.stamp(panel, line)}", "trace,x,y")
    got = {}
    for row in csv.reader(rows):
        got.setdefault(row[0], []).append([float(v) for v in row[1:]])
    for trace, arrays in tab.plotted("sgd").items():
        if arrays["x"]:
            np.testing.assert_allclose(np.transpose(got[trace]), [arrays["x"], arrays["y"]], rtol=1e-12)
    name, path = tab.saved("sgd", "Script", tmp_path)
    assert name == "mombook_sgd.py" and path.read_text() == export.script(panel, line)
    name, path = tab.saved("sgd", "BibTeX", tmp_path)
    assert name == "mombook_sgd.bib" and path.read_text() == export.bibtex(panel, line)
    assert tab.page.evaluate(f"{tab.panel('sgd')}.host.link({tab.panel('sgd')})").endswith(line)
    assert line in tab.page.url
    tab.press("sgd", "Table")
    tab.page.wait_for_function("() => document.querySelector('#panel-sgd .numbers').textContent.includes('share=0.3')")
    assert export.stamp(panel, line) in tab.part("sgd", ".numbers").inner_text()
    assert not tab.part("sgd", ".numbers").is_hidden()
    tab.press("sgd", "Table")
    assert tab.part("sgd", ".numbers").is_hidden()


def test_every_button_has_a_short_name_and_says_under_the_pointer_what_it_does(tab):
    buttons = tab.page.evaluate("[...document.querySelectorAll('.after button')].map((b) => [b.textContent, b.title])")
    shown = [(name, title) for name, title in buttons if name]          # a remedy has its name when there is one
    assert {"PNG", "SVG", "CSV", "Script", "BibTeX", "Copy link", "Copy code", "Table", "Teach", "Stop"} <= dict(shown).keys()
    assert [(name, title) for name, title in shown if len(name) >= len(title) or len(name) > 12] == []


def colours(drawing):
    """Whether a drawing stands on white paper, and on the dark page's."""
    dark = style.theme(True)["paper"].lstrip("#")
    rgb = ", ".join(str(int(dark[k:k + 2], 16)) for k in (0, 2, 4))
    return "rgb(255, 255, 255)" in drawing, f"rgb({rgb})" in drawing


def test_a_picture_is_light_and_stamped_though_the_page_is_dark_and_narrow(chromium, faces, tmp_path):
    tab = FrontPage(chromium, faces, width=420, dark=True)
    tab.type("sgd", f"{SMALL};share=0.3;seed=9")
    tab.rest("sgd")
    layout = tab.layout("sgd")
    assert layout["paper_bgcolor"] == style.theme(True)["paper"] and layout["font"]["color"] == style.theme(True)["ink"]
    assert layout["yaxis"]["domain"] != layout["yaxis2"]["domain"], "under one another"
    line = f"{tab.panel('sgd')}.figure.data.find((t) => t.name === 'stability limit').line.color"
    assert tab.page.evaluate(line) == style.DARK_MUTED
    name, path = tab.saved("sgd", "SVG", tmp_path)
    drawing = path.read_text()
    assert name == "mombook_sgd.svg" and export.stamp(definition("sgd"), f"{SMALL};share=0.3;seed=9") in drawing
    assert colours(drawing) == (True, False) and 'width="1050"' in drawing
    assert tab.layout("sgd")["paper_bgcolor"] == style.theme(True)["paper"], "and the page is as it was"
    tab.page.locator("#theme").click()
    layout = tab.layout("sgd")
    assert layout["paper_bgcolor"] == style.theme(False)["paper"] and layout["font"]["color"] == style.theme(False)["ink"]
    assert tab.page.evaluate("document.documentElement.dataset.theme") == "light"
    ground = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.page.locator("#theme").click()
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    tab.page.emulate_media(media="print")
    assert all(tab.part("sgd", part).is_hidden() for part in (".controls", ".after"))
    assert tab.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    tab.page.emulate_media(media="screen")
    assert tab.part("sgd", ".controls").is_visible()
    assert not tab.errors
    tab.close()


def test_a_teacher_hides_theory_steps_through_presets_and_has_large_type(tab):
    panel, normal = definition("sgd"), tab.layout("sgd")
    tab.press("sgd", "Teach")
    tab.page.keyboard.press("t")
    tab.page.wait_for_function("() => document.querySelector('#panel-sgd .sentence').textContent.includes('Theory is hidden')")
    assert not set(panel.theory) & set(tab.plotted("sgd"))
    large = tab.layout("sgd")
    np.testing.assert_allclose(large["font"]["size"], style.LARGE * normal["font"]["size"])
    assert large["height"] > 1.2 * normal["height"]
    labels = list(panel.presets)
    for key, label in (("1", labels[0]), ("n", labels[1]), ("PageDown", labels[2]), ("n", labels[0]), ("p", labels[2])):
        tab.page.keyboard.press(key)
        tab.rest("sgd")
        at = panel.read(tab.line("sgd"))
        assert at == panel.read("", **{**at, **panel.presets[label]}), (key, label)
        hidden = tab.part("sgd", ".sentence").inner_text()
        assert "Theory is hidden" in hidden and "gap" not in hidden and not set(panel.theory) & set(tab.plotted("sgd"))
    tab.page.keyboard.press("0")
    tab.rest("sgd")
    tab.part("sgd", ".line input").focus()
    typed = tab.line("sgd")
    tab.page.keyboard.press("End")
    tab.page.keyboard.press("t")                                        # a letter in a field is a letter
    assert tab.line("sgd") == f"{typed}t" and "Theory is hidden" in tab.part("sgd", ".sentence").inner_text()
    tab.part("sgd", ".line input").fill(panel.write(panel.read()))
    tab.press("sgd", "Show theory")
    tab.page.wait_for_function("() => !document.querySelector('#panel-sgd .sentence').textContent.includes('hidden')")
    holds(tab, "sgd", "")
    tab.page.keyboard.press("Escape")
    assert tab.part("sgd", ".keys").is_hidden()
    after = tab.layout("sgd")
    assert (after["font"], after["height"]) == (normal["font"], normal["height"])


def test_a_link_opens_its_scenario_and_a_bad_one_says_so(tab):
    line = f"{SMALL};share=0.2;seed=8"
    for fragment in (f"#{line}", f"#sgd:{line}"):
        tab.open(fragment)
        tab.settle("sgd")
        holds(tab, "sgd", line, simulated=True)
    tab.open("#tradeoff:batch=4&sgd:share=7")
    tab.rest("tradeoff")
    holds(tab, "tradeoff", "batch=4")
    tab.page.wait_for_function(f"() => {tab.panel('sgd')}.isAlarmed")
    assert "This link's scenario cannot be shown: share must be" in tab.part("sgd", ".status").inner_text()


def test_a_window_made_narrow_sets_subplots_under_one_another(tab):
    before = tab.layout("sgd")
    tab.page.set_viewport_size({"width": 420, "height": 900})
    tab.page.wait_for_function(f"() => {tab.panel('sgd')}.figure.layout.width < 420")
    after = tab.layout("sgd")
    assert before["xaxis"]["domain"] != before["xaxis2"]["domain"] and after["xaxis"]["domain"] == after["xaxis2"]["domain"]
    assert after["height"] > before["height"]
    assert (before["legend"]["font"]["size"], after["legend"]["font"]["size"]) == (13, 11)
    tab.page.set_viewport_size({"width": 1400, "height": 900})
    tab.page.wait_for_function(f"() => {tab.panel('sgd')}.figure.layout.width > 800")
    again = tab.layout("sgd")
    assert again["xaxis"]["domain"] == before["xaxis"]["domain"] and again["height"] == before["height"]
