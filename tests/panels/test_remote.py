"""Panels over a border of bytes: what arrives is what the panel computed, and what fails is told."""

import contextvars
import json

import numpy as np
import pytest

from mombook.panels import PANELS, definition, export, questions
from mombook.panels.frame import Panel, Sample, View
from mombook.panels.remote import Remote, _packed, described
from mombook.panels.scenario import Slider

from . import scenarios

LINE = "kappa=100;decay=1.5;batch=4;d=20;share=0.5;seed=1"


def unpacked(answer):
    head, numbers = answer
    head = json.loads(head)
    for trace in head.get("traces", {}).values():
        for key, value in trace.items():
            if isinstance(value, dict) and "at" in value:
                trace[key] = numbers[slice(*value["at"])].reshape(value["shape"])
    return head


def same(got, expected):
    assert set(got) == set(expected)
    for name, changes in expected.items():
        for key, value in changes.items():
            if isinstance(value, str | bool | np.bool_):
                assert got[name][key] == value
            elif np.asarray(value).dtype.kind in "fiu":
                np.testing.assert_array_equal(got[name][key], np.asarray(value, float))
            else:
                assert list(got[name][key]) == list(value)


@pytest.mark.parametrize("name", ["tradeoff", "heavy_ball", "sgd"])
def test_a_view_arrives_as_it_was_computed(name):
    panel = definition(name)
    line = panel.write(panel.read("kappa=100;d=20"))
    for final in (False, True):
        view, head = panel.exact(panel.read(line), final), unpacked(Remote().exact("a", name, line, final))
        same(head["traces"], view.traces)
        assert (head["sentence"], head["titles"], head["text"]) == (view.sentence, view.titles, view.text)
        assert head["ranges"] == {axis: list(map(float, pair)) for axis, pair in view.ranges.items()}
        assert head["line"] == line and panel.read("", **head["values"]) == panel.read(line)


def test_maps_and_gaps_and_lists_cross_the_border():
    z = np.array([[1.0, np.nan], [3, 4], [5, 6]])
    head = unpacked(_packed({}, {"map": {"z": z, "x": [1, 2], "visible": np.True_, "marker.color": ["#000", "#fff"], "y": []}}))
    same(head["traces"], {"map": {"z": z, "x": [1, 2], "visible": True, "marker.color": ["#000", "#fff"], "y": []}})


def test_a_simulation_in_pieces_ends_where_the_whole_one_does():
    remote, panel, arrived, pieces = Remote(), definition("sgd"), {}, 0
    while True:
        head = unpacked(remote.sample("a", "sgd", LINE, 0.0))
        pieces += 1
        for name, new in head["traces"].items():
            arrived[name] = {**arrived.get(name, {}), **new}
        if head["done"]:
            break
    assert pieces > 2 and head["fraction"] == 1
    same(arrived, panel.simulated(panel.read(LINE)))


def test_pieces_that_change_one_trace_in_turn_arrive_together():
    class Turns(Panel):
        name = "turns"

        def sample(self, scenario):
            yield Sample(0.5, {"a": {"x": [1.0]}}, "half")
            yield Sample(1.0, {"a": {"y": [2.0]}})

    head = unpacked(Remote(lambda name: Turns()).sample("a", "turns", "", 10.0))
    same(head["traces"], {"a": {"x": [1.0], "y": [2.0]}})
    assert (head["sentence"], head["done"]) == ("half", True)


def test_hidden_theory_does_not_cross_the_border():
    panel = definition("sgd")
    shown, hidden = (unpacked(Remote().exact("a", "sgd", LINE, True, on)) for on in (False, True))
    assert all(hidden["traces"][name]["visible"] is False for name in panel.theory)
    assert "Theory is hidden" in hidden["sentence"] != shown["sentence"] and not hidden["lamps"]
    rest = set(shown["traces"]) - set(panel.theory)
    same({name: hidden["traces"][name] for name in rest}, {name: shown["traces"][name] for name in rest})


def test_a_host_may_bring_its_own_definitions():
    class Own(Panel):
        name, controls = "own", (Slider("x", "x", 0, 1, 0.5, 0.1),)

        def exact(self, scenario, final=True):
            return View({"a": {"y": [scenario["x"]]}}, "one's own")

    head = unpacked(Remote(lambda name: Own()).answer("exact", "a", "sgd", "x=0.3", False))
    assert head["sentence"] == "one's own" and head["traces"]["a"]["y"] == [0.3]


def test_a_move_gives_up_the_simulation():
    remote = Remote()
    remote.sample("a", "sgd", LINE, 0.0)
    pieces = remote._running["a"][1]
    remote.exact("a", "sgd", LINE, False)
    assert not remote._running and not list(pieces)


def test_a_simulation_may_be_asked_for_from_any_context_and_changes_none_of_them():
    remote, before = Remote(), np.geterr()
    while not unpacked(contextvars.copy_context().run(remote.sample, "a", "sgd", LINE, 0.0))["done"]:
        assert np.geterr() == before
    remote.sample("a", "sgd", LINE, 0.0)
    assert np.geterr() == before
    contextvars.copy_context().run(remote.exact, "a", "sgd", LINE, False)


def test_a_scenario_out_of_range_is_refused_in_a_sentence():
    head = unpacked(Remote().answer("exact", "a", "sgd", "kappa=1e99", True))
    assert head["refused"] == "kappa must be a number from 1 to 1000000; got '1e99'."


def test_a_fault_is_told_and_never_raised():
    class Broken(Panel):
        name, controls = "broken", (Slider("x", "x", 0, 1, 0.5, 0.1),)

        def exact(self, scenario, final=True):
            return View({"a": {"y": np.ones(3) / np.zeros(0)}})

    head = unpacked(Remote(lambda name: Broken()).answer("exact", "a", "broken", "", False))
    assert head["error"].startswith("ValueError: operands could not be broadcast") and "(test_remote.py, line" in head["error"]
    assert "Traceback" in head["traceback"]


def test_what_is_taken_away_is_what_jupyter_gives():
    panel, remote = definition("sgd"), Remote()
    for what in ("code", "script", "bibtex"):
        assert unpacked(remote.text("a", "sgd", LINE, what))["text"] == getattr(export, what)(panel, LINE)
    assert "<td>0.1</td>" in unpacked(remote.table("a", "sgd", LINE, '{"gap": {"x": [1], "y": [0.1]}}', "{}"))["text"]
    plotted = {"gap": {"x": [1.0, 2.0], "y": [0.1, None]}}
    assert unpacked(remote.csv("a", "sgd", LINE, json.dumps(plotted)))["text"].endswith("trace,x,y\ngap,1.0,0.1\ngap,2.0,nan\n")


@pytest.mark.parametrize("name", [*PANELS, *questions.QUESTIONS])
def test_every_panel_can_be_described_in_plain_words(name):
    panel = definition(name)
    told = json.loads(json.dumps(described(panel)))
    scenario = panel.read("", **told["defaults"])
    assert scenario == panel.read()
    for control, c in zip(told["controls"], panel.controls, strict=True):
        if control["kind"] == "slider":
            assert [c.text(c.value(stop)) for stop in control["stops"]] == control["stops"]
            assert list(map(float, control["stops"])) == sorted(map(float, control["stops"]))
    for _, changes in told["presets"]:
        panel.read("", **{**told["defaults"], **changes})


def test_a_search_ends_on_a_scenario_of_the_panel():
    name, panel = next((name, definition(name)) for name in PANELS if definition(name).searches)
    label, line = next(iter(panel.searches)), panel.write(panel.read())
    assert panel.read(unpacked(Remote().search("a", name, line, label))["line"])


@pytest.mark.slow
@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_a_panel_follows_each_of_its_controls_from_end_to_end(name):
    """As the front end moves it: by a line of texts, and back from the texts of the answer."""
    panel, remote = definition(name), Remote()
    for s in scenarios.ends(name):
        head = json.loads(remote.answer("exact", name, name, panel.write(s), False)[0])
        assert panel.read("", **head.get("values", {})) == s, head.get("error", head.get("refused"))
