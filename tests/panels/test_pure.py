"""A panel's answer depends on its scenario alone: not on what was asked before, and not, but for resolution, on dragging."""

import importlib.util
import re

import numpy as np
import pytest

from mombook.panels import PANELS, definition, questions
from mombook.panels.frame import Panel, View
from mombook.panels.race import LARGEST
from mombook.panels.scenario import Slider, Toggles

from .test_drawn import drawn

pytestmark = pytest.mark.slow

EVERY = [*PANELS, *questions.QUESTIONS]

LARGE = ("d", "steps", "trials", "levels", "low", "high")
"""Controls on which the time of an answer hangs."""


def fresh(name):
    """The panel from a copy of its module that has never been asked anything: no caches, no other memory."""
    file = name if name in PANELS else questions.module(name)
    spec = importlib.util.find_spec(f"mombook.panels.{file}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if name not in PANELS:
        from mombook.panels.questions import question

        for remembered in (question._subject, question._of):
            remembered.cache_clear()
    return getattr(module, (PANELS | questions.QUESTIONS)[name])()


def scenarios(panel, rng):
    """A random scenario, and one that a drag of one control leads to from there; how much there is to compute stays."""
    first, free = panel.read(), [c for c in panel.controls if c.name not in LARGE]
    for c in free:
        if rng.random() < 0.5:
            first[c.name] = c.value(c.stops[rng.integers(len(c.stops))])
    c = free[rng.integers(len(free))]
    return [first, {**first, c.name: c.value(c.stops[rng.integers(len(c.stops))])}]


def seen(view):
    """All that a reader meets in a view."""
    traces = {name: {key: np.asarray(value).tolist() for key, value in each.items()} for name, each in view.traces.items()}
    ranges = {axis: np.asarray(ends, float).tolist() for axis, ends in view.ranges.items()}
    return {"traces": traces, "ranges": ranges, "titles": list(view.titles), "sentence": view.sentence, "text": view.text,
            "lamps": [(what, bool(met), why) for what, met, why in view.lamps], "guess": list(view.guess)}


def depends_on_history(make, seed):
    """The questions that one panel answers otherwise after one history than after the reverse of it, drags first and last."""
    rng, answers = np.random.default_rng(seed), []
    asked = [(int(k), final) for final in (False, True) for k in rng.permutation(2)]
    for history in (asked, asked[::-1]):
        panel = make()
        states = scenarios(panel, np.random.default_rng(seed))
        answers.append({(k, final): seen(panel.exact(states[k], final)) for k, final in history})
    return [key for key in asked if repr(answers[0][key]) != repr(answers[1][key])]


@pytest.mark.parametrize("name", EVERY)
def test_an_answer_does_not_depend_on_what_was_asked_before(name):
    assert depends_on_history(lambda: fresh(name), EVERY.index(name)) == []


class Remembers(Panel):
    """Shows while dragging what has been seen at rest."""

    controls = (Slider("a", "a", 1, 10, 5, step=1),)

    def __init__(self):
        self.known = set()

    def exact(self, scenario, final=True):
        if final:
            self.known.add(1)
        return View({"line": {"x": [1], "y": [1] if self.known else []}}, "Seen." if final else "Dragged.")


def test_a_panel_that_remembers_is_seen():
    assert all(depends_on_history(Remembers, seed) for seed in range(4))


NUMBER = re.compile(r"(?:\d[\d.]*)?(?: × )?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|\d[\d.]*(?<!\.)")
LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def numbers(sentence):
    """Its numbers, in order, and what is left of the sentence without them."""
    found = []
    for text in NUMBER.findall(sentence):
        mantissa, _, power = text.rpartition("10") if re.search("10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]", text) else (text, "", "0")
        found.append(float(f"{mantissa.removesuffix(' × ') or '1'}e{power.translate(LOWERED)}"))
    return np.array(found), NUMBER.sub("#", sentence)


COARSE = {"race": 0.3, "ruler": 0.1, "asgd": 0.2, "tradeoff": 0.06, "sgd": 0.03, "advisor": 0.4, "far_horizon": 0.05,
          "symptoms": 0.01, "heavy_ball": 0.01, "small_steps": 0.05, "schedules": 0.03,
          "budget": 0.15}
"""How far, relative, a number said while dragging may be from the one at rest; nowhere else may it differ at all. The
advisor's depend on fewer horizons tried; the ruler's are exponents, held to 0.1; the race's exact
optimum, found by a short search, and its median over a pool of few trials are held to a factor of five."""

ABOUT_ITSELF = re.compile(r" Fewer bins, those of a drag, .*$")
"""What is said at rest of how far a drag is from it."""


@pytest.mark.parametrize("name", EVERY)
def test_dragging_shows_what_rest_shows(name):
    """At the opening and at every preset: the same traces, the same sentence, and the same numbers to COARSE."""
    panel = definition(name)
    for k, changes in enumerate(({}, *panel.presets.values())):
        if name == "race":                                              # beyond these, a drag judges the first of them only
            state = panel.read(**changes)
            state["trials"] = min(state["trials"], LARGEST[False])
            quick, rest = (panel.exact(state, final) for final in (False, True))
        else:
            quick, rest = drawn(name, k, final=False).view, drawn(name, k).view    # as test_drawn asks for them
        assert set(quick.traces) == set(rest.traces)
        shown = [{n for n, t in v.traces.items() if t.get("visible", True) and len(np.ravel(t.get("x", [0])))}
                 for v in (quick, rest)]
        assert shown[0] == shown[1], f"{changes}: {shown[0] ^ shown[1]}"
        (a, first), (b, second) = numbers(quick.sentence), numbers(ABOUT_ITSELF.sub("", rest.sentence))
        assert first == second, changes
        if name == "race":
            np.testing.assert_allclose(np.log(a), np.log(b), atol=np.log(5), err_msg=quick.sentence)
            if changes:                                                 # setting and risks
                a, b = (numbers(v.sentence[v.sentence.index("κ"):])[0][:13] for v in (quick, rest))
            else:                                                       # all but the median
                a, b = a[:-1], b[:-1]
        if name == "budget":                                            # its batches are four octaves apart in a drag
            np.testing.assert_allclose(np.log2(a[0] / b[0]), 0, atol=2, err_msg=quick.sentence)
            a, b = a[1:], b[1:]                                         # the risks are those of drafts
        np.testing.assert_allclose(a, b, rtol=COARSE.get(name, 0.0), atol=0.1 * (name == "ruler"), err_msg=quick.sentence)
        assert [re.sub(r"\d+", "#", t) for t in quick.titles] == [re.sub(r"\d+", "#", t) for t in rest.titles]


def test_toggles_and_menus_of_families_are_never_fixed():
    """Every toggle of methods reads the registry; a tuple copied at import would miss a family of the reader's own."""
    for name in PANELS:
        for c in definition(name).controls:
            if isinstance(c, Toggles):
                assert isinstance(type(c).options, property), f"{name}: {c.name}"
