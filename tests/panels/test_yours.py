"""A method of the reader's own in every panel that compares families: drawn, said, hidden, printed; the axes stay."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels import PANELS, definition
from mombook.panels.controls import Families
from mombook.panels.frame import hide_theory, problems
from mombook.panels.scenario import Written

from . import ways
from .test_drawn import traces_agree, words_agree
from .ways.common import SIMULATED, Drawn

YOURS = "your method"
SMALL = {"tradeoff": "d=40", "translator": "d=40", "asgd": "d=40", "race": "d=40;steps=100;trials=4",
         "far_horizon": "d=1000;steps=10000", "budget": "samples=1024;d=40;kappa=2.56e6;batch=64"}
"""Panels in which a reader writes a method, at a size that is quick."""

TUNED, RUNS, GROWS, STANDS = "qhm(lr, 0.7, beta)", "heavy_ball(0.05, 0.9)", "sgd(1.9)", "Method(0, 0, 0)"
LINES = [TUNED, RUNS, GROWS, STANDS]


def at(name, line="", **more):
    """The panel with such a method."""
    panel = definition(name)
    return panel, panel.read(SMALL[name], **({"method": line} if line else {}), **more)


def test_every_panel_with_a_toggle_of_families_takes_one():
    toggled = {name for name in PANELS if any(isinstance(c, Families) for c in definition(name).controls)}
    assert toggled == set(SMALL) == {n for n in PANELS if any(isinstance(c, Written) for c in definition(n).controls)}


@pytest.mark.slow
@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("name", SMALL)
def test_it_is_drawn_and_said_by_a_second_way(name, line, final):
    panel, s = at(name, line)
    c = Drawn(panel, s, final)
    assert problems(panel, s, c.view) == [] and panel.read(panel.write(s)) == s
    if final:
        traces_agree(name, c)
        words_agree(name, c)
        return
    for trace, check in ways.of(name).TRACES.items():
        shown = c.view.traces.get(trace, {})
        if check is not SIMULATED and shown.get("visible", True) and len(shown.get("x", ())):
            check(c)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_no_line_moves_the_axes_or_the_others(name):
    panel, s = at(name)
    usual = panel.exact(s)
    for line in LINES:
        view = panel.exact(panel.read(panel.write(s), method=line))
        assert view.ranges == usual.ranges
        for trace in ("SGD", "heavy ball", "ASGD"):
            if trace in usual.traces and name != "far_horizon":
                np.testing.assert_array_equal(view.traces[trace]["y"], usual.traces[trace]["y"])
    assert usual.traces[YOURS]["visible"] is False and YOURS not in usual.sentence.lower()


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_it_is_seen_in_the_legend_and_hidden_with_the_theory(name):
    panel, s = at(name, RUNS)
    view = panel.exact(s)
    assert view.traces[YOURS]["visible"] and YOURS in view.sentence.lower()
    assert YOURS in [t.name for t in panel.figure().data if t.showlegend is not False]
    hidden = hide_theory(panel, s, view, hidden=True)
    assert YOURS not in hidden.sentence.lower()
    if name not in ("race", "far_horizon"):                             # of a race the runners are the experiment
        assert not hidden.traces[YOURS]["visible"]


@pytest.mark.slow
@pytest.mark.parametrize("line", [TUNED, RUNS])
@pytest.mark.parametrize("name", ["tradeoff", "asgd", "budget", "far_horizon"])
def test_the_program_prints_its_number(name, line, capsys):
    panel, s = at(name, line)
    exec(panel.recipe(s), {})
    said = capsys.readouterr().out.splitlines()[-1]
    n = panel.exact(s).numbers
    expected = {"tradeoff": lambda: n["serial"]["yours"], "asgd": lambda: n["gap"]["yours"],
                "budget": lambda: n["best"]["yours"][1], "far_horizon": lambda: n["end"]["yours"]}[name]()
    assert said.startswith(YOURS)
    np.testing.assert_allclose(float(said.split()[-1]), expected, rtol=1e-9)


@pytest.mark.slow
def test_a_method_that_is_fixed_is_what_the_engine_says_it_is():
    """Each panel's main number of it, from the public functions alone."""
    method = mb.Method.heavy_ball(0.05, 0.9)
    H = mb.Spectrum.power_law(40, 1.5, 1000)
    n = definition("asgd").exact(at("asgd", RUNS)[1]).numbers
    np.testing.assert_allclose(n["gap"]["yours"], mb.contraction_gap(H, method, 8), rtol=1e-4)
    n = definition("race").exact(at("race", RUNS)[1]).numbers
    risk = mb.risk_at(H, method, 64, [100], np.sqrt(1e-3 * H.trace))[0] / (H.trace / 2)
    np.testing.assert_allclose(n["risk"]["yours"], risk, rtol=1e-3)     # 4.5e-4 off: trials are judged in bins
    H = mb.Spectrum.power_law(1000, 1.5)
    n = definition("far_horizon").exact(at("far_horizon", RUNS)[1]).numbers
    np.testing.assert_allclose(n["end"]["yours"], mb.risk_at(H, method, 8, [10_000])[0] / (H.trace / 2), rtol=1e-6)


@pytest.mark.slow
def test_its_runs_are_in_the_race():
    panel, s = at("race", RUNS, methods="sgd", seed=3)
    runs, exact = panel.simulated(s), panel.exact(s).traces[YOURS]
    dots, line = runs[f"{YOURS}, runs"], dict(zip(exact["x"].tolist(), exact["y"], strict=True))
    early = [k for k, t in enumerate(dots["x"].tolist()) if t in line and t < 20]
    assert len(early) > 2
    H = mb.Spectrum.power_law(40, 1.5, 1000)
    setting = H, mb.Method.heavy_ball(0.05, 0.9), 64, 100, np.sqrt(1e-3 * H.trace)
    error = mb.risk_spread(*setting) / mb.risk_curve(*setting) / np.sqrt(100)          # there are 117 runs
    for k in early:
        t = dots["x"][k]
        assert abs(dots["y"][k] / line[t] - 1) < 5 * error[int(t)], t
    s = panel.read("d=40;steps=300;trials=4;batch=1;methods=sgd+heavy_ball", method="sgd(5)")
    assert f"{YOURS}, runs" not in panel.simulated(s)                   # it overflows: nothing to be seen
