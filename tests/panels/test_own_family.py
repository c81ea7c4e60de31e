"""A family of the reader's own is in every panel that shows families, theory hidden or not, and gone when it is deleted."""

import numpy as np
import pytest

from mombook import FAMILIES, Family, Method
from mombook.panels import PANELS, definition
from mombook.panels.controls import Families
from mombook.panels.controls import Family as FamilyMenu
from mombook.panels.frame import hide_theory, problems
from mombook.study import race

pytestmark = pytest.mark.slow

WORD = "QHM, ν = 0.7"
SHOWN = {"tradeoff": WORD, "asgd": WORD, "far_horizon": WORD, "translator": WORD, "ruler": None, "race": WORD, "advisor": WORD,
         "budget": WORD}
"""The panels of the README's sentence, and the trace that is the family's own curve."""

SMALL = {"far_horizon": {"steps": 1000, "d": 1000, "methods": "sgd+qhm"}, "race": {"steps": 30, "methods": "sgd+qhm"},
         "advisor": {"data": "wine"}, "ruler": {"method": "qhm", "quantity": "steps", "high": 1e3}}


@pytest.fixture
def qhm():
    FAMILIES["qhm"] = Family(WORD, lambda lr, beta: Method.qhm(lr, 0.7, beta))
    yield "qhm"
    FAMILIES.pop("qhm", None)


def view_of(name, final=False):
    panel = definition(name)
    state = panel.read(**SMALL.get(name, {}))
    return panel, state, panel.exact(state, final)


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize("name", SHOWN)
def test_it_is_in_every_panel_that_promises_it(name, final, qhm):
    panel, state, view = view_of(name, final)
    assert problems(panel, state, view) == []
    if name != "budget":                                                # whose sentence is about the book's four
        assert WORD.casefold() in f"{view.sentence}\n{view.text}".casefold()
    if SHOWN[name]:
        legend = [t.name for t in panel.figure().data if t.showlegend is not False]
        assert WORD in legend and len(view.traces[WORD]["x"]) > 3 and view.traces[WORD].get("visible", True)
        assert np.isfinite(view.traces[WORD]["y"]).all()


@pytest.mark.parametrize("name", SHOWN)
def test_it_is_hidden_with_the_theory_and_shown_again(name, qhm):
    panel, state, view = view_of(name)
    drawn = {t.name for t in panel.figure().data}
    assert set(panel.theory) <= drawn
    own = {n for n in view.traces if n.startswith(WORD)} - {f"{WORD}, here", f"{WORD}, median best", f"{WORD}, optimum"}
    if name == "race":
        own = {f"{WORD}, tuned exactly"}                                # the trials are the experiment
    elif name == "far_horizon":
        own = set()                                                     # there the theory is the power law
    assert own <= set(panel.theory), own - set(panel.theory)
    hidden = hide_theory(panel, state, view, hidden=True)
    assert not any(hidden.traces[n].get("visible", True) for n in own) and WORD not in hidden.sentence
    again = hide_theory(panel, state, view, hidden=False)
    assert all(again.traces[n]["visible"] == view.traces[n].get("visible", True) for n in own)


@pytest.mark.parametrize("name", SHOWN)
def test_no_trace_of_it_is_left_when_it_is_deleted(name):
    before = view_of_book(name)
    FAMILIES["qhm"] = Family(WORD, lambda lr, beta: Method.qhm(lr, 0.7, beta))
    try:
        view_of(name)
    finally:
        del FAMILIES["qhm"]
    after = view_of_book(name)
    assert after.sentence == before.sentence and set(after.traces) == set(before.traces)
    assert not [t.name for t in definition(name).figure().data if t.name.startswith(WORD)]


def view_of_book(name):
    panel = definition(name)
    small = {k: v for k, v in SMALL.get(name, {}).items() if "qhm" not in str(v)}
    return panel.exact(panel.read(**small), final=False)


def test_a_panel_has_a_toggle_or_a_menu_of_families_or_is_about_the_methods_it_names(qhm):
    """The other half of the sentence: no other panel offers families to choose from."""
    with_choice = {name for name in PANELS for c in definition(name).controls if isinstance(c, Families | FamilyMenu)}
    assert with_choice | {"advisor"} == set(SHOWN)
    for name in with_choice:
        assert "qhm" in next(c for c in definition(name).controls if isinstance(c, Families | FamilyMenu)).options


def test_a_race_tunes_what_is_free_in_it(qhm):
    assert race.OWN["qhm"] == ("step", "forget") and race.OWN["sgd"] == ("step",)
    assert race.OWN["asgd"] == ("step", "forget", "second") and len(race.OWN) == 5


def test_the_same_name_with_another_method_is_another_method(qhm):
    for name in SHOWN:
        first = view_of(name)[2]
        FAMILIES["qhm"] = Family(WORD, lambda lr: Method.heavy_ball(lr, 0.3))
        second = view_of(name)[2]
        FAMILIES["qhm"] = Family(WORD, lambda lr, beta: Method.qhm(lr, 0.7, beta))
        curves = [view.traces.get(WORD, {}).get("y", ()) for view in (first, second)]
        assert first.sentence != second.sentence or first.text != second.text or not np.array_equal(*curves), name
