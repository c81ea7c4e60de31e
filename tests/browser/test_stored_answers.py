"""Answers that a page brings along: its controls move the curves before Python runs, and where it never does."""

import base64
import json
import re
import zlib

import numpy as np
import pytest

from mombook.panels import definition
from tools.site import stored

from .front import anew, face
from .test_page_front_end import SGD, holds

NEAR = 2.0**-21
"""Half of the last bit that is stored, and a margin of two."""

SOME = 12
"""Stops of each slider at which the panels here have stored answers."""


def unpacked(script):
    """A script's mark, its heads and its numbers, read here and not by the page."""
    mark, *parts = re.fullmatch(r'mombook\.bring\("([^"]+)", "([^"]+)", "([^"]+)"\);\n', script).groups()
    heads, planes = (zlib.decompress(base64.b64decode(part)) for part in parts)
    steps = np.frombuffer(planes, np.uint8).reshape(4, -1).T.copy().view("<u4")[:, 0]
    halves = np.cumsum(steps, dtype=np.uint64) % 2**32
    return mark, json.loads(heads), (halves << np.uint64(32)).view(float)


def agrees_with_python(script, name, line, some=slice(None), most=stored.MOST):
    """Hold the stored answers, or some of them, against what the panel computes; their check says that the others are whole."""
    mark, heads, numbers = unpacked(script)
    panel = definition(name)
    names, lines = stored.scenarios(panel, line, most)
    assert (mark, heads["controls"], list(heads["answers"])) == (stored.mark(name, line), names, lines)
    for each, head in heads["answers"].items():
        arrays = [kept["at"] for trace in head["traces"].values() for kept in trace.values() if isinstance(kept, dict)]
        kept = np.concatenate([[], *(numbers[slice(*at)] for at in arrays)])
        assert (head["line"], head["check"]) == (each, zlib.crc32((kept.view("<u8") >> np.uint64(32)).astype("<u4")))
    for each in lines[some]:
        scenario, head = panel.read(each), heads["answers"][each]
        view = panel.exact(scenario, final=False)
        assert (head["line"], head["sentence"], head["titles"]) == (each, view.sentence, list(view.titles))
        shown = {c.name: c.text(scenario[c.name]) for c in panel.controls if c.name in scenario}
        own = {"spectrum": scenario["spectrum"]} if "spectrum" in scenario else {}          # one of the reader's
        assert head["values"] == shown | own
        assert {t: list(kept) for t, kept in head["traces"].items()} == {t: list(given) for t, given in view.traces.items()}
        pairs = [(head["traces"][trace][key], value) for trace, given in view.traces.items() for key, value in given.items()]
        arrays = [(kept, np.asarray(value, float)) for kept, value in pairs if isinstance(kept, dict)]
        assert all(tuple(kept["shape"]) == value.shape for kept, value in arrays)
        np.testing.assert_allclose(np.concatenate([[], *(numbers[slice(*kept["at"])] for kept, _ in arrays)]),
                                   np.concatenate([[], *(value.ravel() for _, value in arrays)]), rtol=NEAR, err_msg=each)
        for kept, value in pairs:
            assert isinstance(kept, dict) or np.array_equal(kept, value.item() if isinstance(value, np.generic) else value)


def moves_by_what_is_stored(tab, key, label):
    """A key on a slider moves the curves of a page to what the panel computes, and Python was not asked."""
    before, panel = tab.scenario(key), definition(key)
    for press in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        was = tab.scenario(key)
        tab.slider(key, label).press(press)
        tab.page.wait_for_function("([key, was]) => mombook.panels.find((panel) => panel.key === key).line !== was",
                                   arg=[key, was], timeout=5000)
    tab.page.wait_for_timeout(600)
    line = tab.scenario(key)
    drawn, expected = tab.plotted(key), panel.exact(panel.read(line), final=False).traces
    assert line != before and tab.page.evaluate("mombook.engine.state") != "ready"
    for name in drawn.keys() & expected.keys():
        for axis in drawn[name].keys() & set("xy"):
            np.testing.assert_allclose(drawn[name][axis], np.asarray(expected[name][axis], float), rtol=NEAR)


@pytest.fixture(scope="module")
def faces():
    """Two panels and a question."""
    return {"sgd": face("sgd", SGD, simulate=True), "typical": face("typical"),
            "predict_02_bend": face("predict_02_bend")}


@pytest.fixture(scope="module")
def scripts(faces):
    """Some of their answers: mark -> script."""
    return {stored.mark(f["name"], f["line"]): stored.script(f["name"], f["line"], SOME) for f in faces.values()}


@pytest.fixture
def asleep(chromium, faces, scripts, tabs):
    """A page whose worker does not answer."""
    tab = anew(tabs, chromium, faces, scripts=scripts, asleep=True)
    tab.page.wait_for_function("mombook.panels.every((panel) => panel.stored.size)")
    yield tab
    assert not tab.errors


def holds_nearly(tab, key, line):
    """What is drawn is the panel's quick answer at this line, to the bits that are stored."""
    panel = definition(key)
    scenario, drawn = panel.read(line), tab.plotted(key)
    assert tab.line(key) == panel.write(scenario)
    view, compared = panel.exact(scenario, final=False), 0
    for name, arrays in view.traces.items():
        if arrays.get("visible", True) is False or "x" not in arrays:
            assert name not in drawn
            continue
        for axis in {"x", "y", "z"} & set(arrays):
            got = np.array(drawn[name][axis], object)
            got = np.where(np.equal(got, None), np.nan, got).astype(float)
            np.testing.assert_allclose(got, np.asarray(arrays[axis], float), rtol=NEAR, err_msg=f"{name}.{axis}")
            compared += got.size
    assert compared > 4 and tab.part(key, ".sentence").inner_text() == view.sentence
    layout = tab.layout(key)
    for axis, ends in view.ranges.items():
        np.testing.assert_allclose(layout[axis]["range"], [float(v) for v in ends], rtol=1e-9, atol=1e-12)


def rests(tab, key):
    """Until an answer is drawn and its axes follow."""
    tab.page.wait_for_function(f"""() => {{ const p = {tab.panel(key)};
      return !p.wanted && performance.now() - p.touched > 400; }}""")


def test_every_control_in_view_moves_the_figure_though_python_never_answers(asleep):
    tab, panel = asleep, definition("sgd")
    opening = panel.read(SGD)
    slider = tab.slider("sgd", "κ")
    for key in ("ArrowRight", "End", "ArrowLeft"):
        slider.press(key)
        rests(tab, "sgd")
        assert panel.read(tab.line("sgd"))["kappa"] != opening["kappa"]
        holds_nearly(tab, "sgd", tab.line("sgd"))
    assert tab.page.url.endswith(tab.line("sgd")), "and the address keeps it"
    assert tab.part("sgd", ".status").inner_text() == "" == tab.part("sgd", ".plot").get_attribute("data-waits")
    assert tab.plotted("sgd").keys() & set(panel.blank(opening)) == set(), "no dots of the opening beside other curves"
    tab.press("sgd", "slow decay")
    rests(tab, "sgd")
    holds_nearly(tab, "sgd", panel.write({**panel.read(tab.line("sgd")), **panel.presets["slow decay"]}))
    tab.slider("typical", "B").press("ArrowRight")
    rests(tab, "typical")
    holds_nearly(tab, "typical", tab.line("typical"))
    tab.press("predict_02_bend", "Reveal the answer")
    rests(tab, "predict_02_bend")
    holds_nearly(tab, "predict_02_bend", "reveal=yes")
    assert not tab.calls
    tab.press("sgd", "Table")
    assert tab.part("sgd", ".numbers").inner_text() == "The table follows when Python runs."


def test_what_only_python_knows_is_waited_for_on_the_figure_and_python_takes_over(asleep):
    tab = asleep
    tab.slider("typical", "κ").press("ArrowRight")
    rests(tab, "typical")
    moved = tab.line("typical")
    tab.slider("sgd", "κ").press("ArrowRight")
    tab.slider("sgd", "B").press("ArrowRight")
    wanted = tab.page.evaluate(f"{tab.panel('sgd')}.wanted.line")
    assert "Loading Python …" in tab.part("sgd", ".plot").get_attribute("data-waits")
    assert tab.part("sgd", ".status").inner_text() == "Loading Python … The figure will follow."
    tab.page.evaluate("worker.wake()")
    tab.settle("sgd")
    tab.settle("typical")
    assert tab.part("sgd", ".status").inner_text() == "" == tab.part("sgd", ".plot").get_attribute("data-waits")
    holds(tab, "sgd", wanted, simulated=True)
    holds(tab, "typical", moved)
    assert int(tab.slider("typical", "κ").get_attribute("max")) + 1 == len(faces_stops(tab, "typical", "kappa"))


def faces_stops(tab, key, name):
    """Every stop of a slider."""
    return tab.page.evaluate(f"{tab.panel(key)}.controls.{name}.control.stops")


@pytest.mark.parametrize(("event", "why"), [
    ("onmessage({ data: { failed: 'it is blocked' } })", "it is blocked"), ("onerror({ message: 'no memory' })", "no memory"),
    ("onerror({})", "its worker is blocked or missing")], ids=["it says so", "it ends", "it is not there"])
def test_a_worker_that_cannot_go_on_is_told_of_with_the_reason(asleep, event, why):
    asleep.page.evaluate(f"worker.{event}")
    for key in asleep.page.evaluate("mombook.panels.map((panel) => panel.key)"):
        said = asleep.part(key, ".status").inner_text()
        assert said == f"Python does not run here, and only stored answers can be shown: {why}."
    asleep.page.evaluate("worker.onmessage({ data: { failed: 'another reason' } })")
    assert asleep.page.evaluate("mombook.engine.note") == said, "the first reason is the one to show"


def test_without_python_what_is_stored_can_be_shown_and_nothing_else(asleep):
    tab = asleep
    tab.page.evaluate("worker.onmessage({ data: { failed: 'it is blocked' } })")
    said = "Python does not run here, and only stored answers can be shown: it is blocked."
    assert tab.part("sgd", ".status").inner_text() == said
    assert tab.part("sgd", ".line input").is_disabled() and tab.slider("sgd", "κ").is_enabled()
    tab.slider("sgd", "κ").press("ArrowRight")
    rests(tab, "sgd")
    line = tab.line("sgd")
    holds_nearly(tab, "sgd", line)
    assert tab.part("sgd", ".status").inner_text() == said
    tab.slider("sgd", "B").press("ArrowRight")
    refusal = tab.part("sgd", ".slider .refusal:not([hidden])")
    assert refusal.inner_text().startswith("Without Python the figure shows what is one control away from where it opened")
    holds_nearly(tab, "sgd", line)
    tab.press("sgd", "Reset")
    rests(tab, "sgd")
    holds_nearly(tab, "sgd", "")


def test_stored_answers_are_what_python_computes(faces, scripts):
    for made in faces.values():
        name, line = made["name"], made["line"]
        agrees_with_python(scripts[stored.mark(name, line)], name, line, slice(None, None, 2), SOME)


def test_which_scenarios_are_stored():
    panel = definition("tradeoff")
    names, lines = stored.scenarios(panel, "kappa=300;methods=sgd+asgd")
    opening = panel.read("kappa=300;methods=sgd+asgd")
    assert names == ["kappa", "decay", "batch"] and lines[0] == panel.write(opening)
    presets = [panel.write({**opening, **changes}) for changes in panel.presets.values()]
    assert set(presets) | {panel.write(panel.read())} <= set(lines)
    for line in set(lines) - {*presets, panel.write(panel.read())}:
        there = panel.read(line)
        assert sum(there[name] != opening[name] for name in there) <= 1
    moved = {name: {panel.read(line)[name] for line in lines} for name in names}
    assert {min(moved["kappa"]), max(moved["kappa"])} == {1, 1e6} and len(moved["kappa"]) > 30
    assert len(moved) == 3, "a slider behind \"more\" has no stored stops"
    names, lines = stored.scenarios(definition("asgd"), "methods=heavy_ball+asgd")
    switched = {definition("asgd").read(line)["methods"] for line in lines}
    assert names == ["kappa", "decay", "batch", "d", "methods"] and {("asgd",), ("heavy_ball", "nesterov", "asgd")} <= switched


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(stored, "LARGEST", 1000)
    with pytest.raises(ValueError, match="more than 1000; see AT_MOST"):
        stored.script("predict_02_bend", "")


def test_a_page_reads_each_stored_number_as_it_was_written(asleep, scripts):
    """Two ways to read the scripts: the page's, and ``unpacked``."""
    for script in scripts.values():
        mark, heads, numbers = unpacked(script)
        got = asleep.page.evaluate("""(mark) => [...mombook.panels.find((p) => p.place.dataset.answers === mark).stored]
          .map(([line, { traces }]) => [line, Object.entries(traces).map(([name, trace]) => [name, Object.entries(trace)
            .filter(([, value]) => ArrayBuffer.isView(value)).map(([key, value]) => [key, [...value].map(String)])])])""", mark)
        assert [line for line, _ in got] == list(heads["answers"])
        for line, traces in got:
            for name, arrays in traces:
                for key, values in arrays:
                    at = heads["answers"][line]["traces"][name][key]["at"]
                    np.testing.assert_array_equal(np.array(values, float), numbers[slice(*at)])
