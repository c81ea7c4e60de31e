"""The panel of notebook 12: drags are quick, the best one can be drawn, presets say what their names say."""

import numpy as np
import pytest

from mombook import explore, tune_schedule
from mombook.exact import schedule_stack
from mombook.exact.schedule_stack import stacked
from mombook.panels.schedules import DIM, HEIGHTS, SchedulesPanel, _ranked
from mombook.study import schedule_ranking
from mombook.study.schedule_ranking import KNOTS

PANEL = SchedulesPanel()


def test_the_best_found_is_that_of_the_engines_search():
    """At rest, by L-BFGS and the adjoint gradient."""
    from mombook import Spectrum

    s = PANEL.read()
    other = tune_schedule(Spectrum.power_law(DIM, s["decay"]), "sgd", s["batch"] * s["steps"], s["steps"], knots=KNOTS,
                          noise=s["noise"])
    np.testing.assert_allclose(PANEL.exact(s).numbers["best"], other.risk, rtol=2e-3)


def test_the_best_one_can_be_drawn():
    for line in ("", "noise=2;steps=64", "memory=0.2;steps=64"):
        s = PANEL.read(line)
        drawn = PANEL.exact({**s, **PANEL.searches["draw the best one"](s)})
        np.testing.assert_allclose(drawn.numbers["yours"], 1, rtol=2e-3)


def test_a_knot_moves_one_schedule_alone():
    before, after = (PANEL.exact(PANEL.read(line), final=False) for line in ("", "k8=0.1"))
    moved = {name for name, t in before.traces.items()
             if any(not np.array_equal(t[k], after.traces[name][k]) for k in ("x", "y"))}
    assert {"yours", "your knots", "yours: risk", "your row"} <= moved
    assert not moved & {"best rate found", "constant", "best usual rate"}
    assert after.numbers["ratios"] == before.numbers["ratios"] and after.numbers["yours"] < before.numbers["yours"]


@pytest.mark.parametrize(("preset", "winner"),
                         [("much noise", "average"), ("little noise", "stable"), ("momentum 0.9", "average")])
def test_presets_show_what_they_say(preset, winner):
    numbers = PANEL.exact(PANEL.read(**PANEL.presets[preset])).numbers
    assert min(numbers["ratios"], key=numbers["ratios"].get) == winner
    assert (numbers["ratios"]["average"] < 1) == (winner == "average")


def test_drawn_presets_beat_the_constant_one():
    for preset in ("draw: linear", "draw: hold, then drop"):
        numbers = PANEL.exact(PANEL.read(**PANEL.presets[preset])).numbers
        assert numbers["yours"] < 0.92 * numbers["ratios"]["constant"]


def test_a_schedule_that_diverges_is_told_and_stays_in_the_picture():
    view = PANEL.exact(PANEL.read(k3=10, k4=10, k5=10))
    assert view.numbers["diverges"] is not None and f"diverges from step {view.numbers['diverges']} on" in view.sentence
    assert view.traces["your row"]["text"] == [" yours, diverges "] and view.traces["yours: risk"]["y"].max() <= 2


@pytest.fixture()
def stepped(monkeypatch):
    """How many second moments (runs by steps by eigenvalues) are stepped for a view of the panel."""
    def counted(problem, delta, *args, **kwargs):
        stepped.total += delta.size * problem.lam.size
        return stacked(problem, delta, *args, **kwargs)

    def stepped(scenario, final):
        stepped.total = 0
        PANEL.exact(scenario, final=final)
        return stepped.total

    monkeypatch.setattr(schedule_stack, "stacked", counted)
    monkeypatch.setattr(schedule_ranking, "stacked", counted)
    _ranked.cache_clear()
    yield stepped
    _ranked.cache_clear()


def test_a_drag_of_a_knot_steps_one_schedule_alone(stepped):
    every = stepped(PANEL.read(), False)
    assert 0 < stepped(PANEL.read(k5=0.5), False) < every / 200


@pytest.mark.parametrize("line", ["", "memory=0.1"])
def test_a_drag_of_the_problem_steps_less_than_half_of_what_rest_does(stepped, line):
    """Measured: a fifth to a third, and two fifths of the seconds."""
    quick, whole = (stepped(PANEL.read(line, noise=0.3), final) for final in (False, True))
    assert 0 < quick < whole / 2


def test_live():
    live = explore.schedules("steps=64")
    assert repr(live) == live.sentence and "leaves the least risk" in live.sentence
    live.set(**{HEIGHTS[-1].name: 0.1})
    assert live.scenario.endswith("k8=0.1")


def test_three_controls_are_in_sight_and_the_knots_are_under_the_mouse():
    """Each knot's handle moves its own slider, up and down, to a stop of it."""
    assert [c.name for c in PANEL.controls if not c.more] == ["noise", "memory", "steps"]
    across, up = PANEL.handles["your knots"]
    trace = PANEL.exact(PANEL.read(k3=2.5), final=False).traces["your knots"]
    assert across is None and list(up) == [h.name for h in HEIGHTS] and len(trace["x"]) == len(up)
    np.testing.assert_allclose(trace["y"], [2.5 if name == "k3" else 1 for name in up])
    axis = next(t for t in PANEL.figure().data if t.name == "your knots").yaxis
    assert PANEL.figure().layout[f"yaxis{(axis or 'y')[1:]}"].type == "log" and HEIGHTS[0].base == 10
