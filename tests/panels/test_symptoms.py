"""The symptom guide as a pure function: what it says is the engine's diagnosis, and every cure cures."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels.frame import problems
from mombook.panels.symptoms import SymptomsPanel
from mombook.study.symptoms import SYMPTOMS, diagnose

PANEL = SymptomsPanel()


def test_numbers_are_the_engines():
    state = PANEL.read("kappa=300;decay=1.2;d=40;batch=32;lr=0.2;momentum=0.8;noise=0.01;target=0.01;steps=200")
    view, H = PANEL.exact(state), mb.Spectrum.power_law(40, 1.2, 300.0)
    sigma, unit = np.sqrt(0.01 * H.trace), H.trace / 2
    found = diagnose(H, 0.2, 0.8, 32, sigma, 0.01 * unit)
    n = view.numbers
    assert (n["diagnosis"].symptom, n["diagnosis"].cause) == (found.symptom, found.cause)
    np.testing.assert_allclose([n["gap"], n["best"], n["floor"], n["limit"]],
                               [found.gap, found.best, found.floor / unit, found.limit], rtol=3e-3)
    curve, line = mb.risk_curve(H, mb.Method.heavy_ball(0.2, 0.8), 32, 200, sigma) / unit, view.traces["expected loss"]
    np.testing.assert_allclose(line["y"], curve[line["x"]], rtol=3e-3)


@pytest.mark.parametrize("guide", SymptomsPanel.guides)
def test_the_first_click_shows_the_symptom_and_the_second_cures_it(guide):
    (show, cause), (cure, changes) = PANEL.guides[guide]
    state = PANEL.read(**cause)
    ill = PANEL.exact(state)
    assert ill.numbers["diagnosis"].symptom == guide.split(",")[0] and "Cure:" in ill.sentence
    assert show.lower().startswith(guide.split(",")[0]) and cure.startswith(show + ": ")
    state = PANEL.read(**{**state, **changes})
    well = PANEL.exact(state)
    assert well.numbers["diagnosis"].symptom == "healthy" and well.numbers["end"] < state["target"], well.sentence
    if guide not in ("slow, memory", "oscillates"):
        assert ill.numbers["end"] > state["target"]
    assert well.numbers["gap"] / well.numbers["best"] > 0.53                              # well inside: no cure on the border
    for view in (ill, well):
        assert problems(PANEL, state, view) == []


def test_the_map_shows_where_the_reader_is():
    for label in PANEL.presets:
        state = PANEL.read(**PANEL.presets[label])
        view = PANEL.exact(state)
        heat = view.traces["symptoms"]
        row = int(np.argmin(np.abs(np.log(heat["y"] / (1 - state["momentum"])))))
        column = int(np.argmin(np.abs(np.log(heat["x"] / state["lr"]))))
        near = heat["z"][max(row - 1, 0):row + 2, max(column - 1, 0):column + 2]
        assert SYMPTOMS.index(view.numbers["diagnosis"].symptom) in near
        assert set(view.traces["symptom names"]["text"]) <= set(SYMPTOMS)
        assert problems(PANEL, state, view) == []


def test_three_runs_start_where_the_curve_does():
    state = PANEL.read(batch=4096, steps=50)
    *_, last = PANEL.sample(state)
    line = PANEL.exact(state).traces["expected loss"]
    assert last.fraction == 1 and set(last.traces) == {"run 1", "run 2", "run 3"}
    for run in last.traces.values():
        np.testing.assert_allclose(run["y"][:5], line["y"][:5], rtol=0.1)
