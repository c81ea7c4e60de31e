"""The fair race as a pure function: budgets counted, numbers the engine's, searches that find what they say."""

from types import SimpleNamespace

import numpy as np
import pytest

import mombook as mb
from mombook import panels
from mombook.panels.race import RacePanel, helps
from mombook.study import race

PANEL = RacePanel()


def test_numbers_are_the_engines():
    state = PANEL.read("kappa=100;d=30;batch=16;steps=80;trials=5;noise=0.01;seed=2")
    view, H = PANEL.exact(state), mb.Spectrum.power_law(30, 1.5, 100.0)
    sigma, unit = np.sqrt(0.01 * H.trace), H.trace / 2
    for family in race.OWN:
        drawn = race.trials(H, family, 16, 80, 5, 2, sigma)
        method, risk = drawn.best()
        np.testing.assert_allclose(view.numbers["risk"][family], risk / unit, rtol=1e-3)
        curve = mb.risk_curve(H, method, 16, 80, noise=sigma) / unit
        line = view.traces[{"sgd": "SGD", "heavy_ball": "heavy ball", "nesterov": "Nesterov", "asgd": "ASGD"}[family]]
        np.testing.assert_allclose(line["y"], curve[line["x"]], rtol=3e-3)
        assert view.numbers["optimum"][family] <= view.numbers["risk"][family] * (1 + 1e-9)
        np.testing.assert_allclose(view.numbers["times"][family], mb.steps_to(H, method, 16, 0.05 * unit, sigma, limit=80),
                                   rtol=1e-2)


def test_more_trials_never_hurt_and_all_get_as_many():
    risks = [PANEL.exact(PANEL.read(trials=n)).numbers["risk"] for n in (2, 16, 256)]
    for family in race.OWN:
        assert risks[0][family] >= risks[1][family] >= risks[2][family]


def test_against_samples_only_the_axis_changes():
    steps, samples = (PANEL.exact(PANEL.read(against=a)) for a in ("steps", "samples"))
    np.testing.assert_array_equal(samples.traces["SGD"]["x"], 64 * steps.traces["SGD"]["x"])
    np.testing.assert_array_equal(samples.traces["SGD"]["y"], steps.traces["SGD"]["y"])
    np.testing.assert_allclose(np.diff(samples.ranges["xaxis"]), np.diff(steps.ranges["xaxis"]))


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["", *PANEL.presets])
def test_the_plots_end_where_their_curves_do(preset):
    """The decade below the least risk that is named, and every count of trials up to the largest."""
    view = PANEL.exact(PANEL.read(**PANEL.presets.get(preset, {})))
    named = [view.traces["target"]["y"][0], *view.numbers["risk"].values(), *view.numbers["optimum"].values()]
    for axis in ("yaxis", "yaxis2"):
        assert 0 < np.log10(max(min(named), 1e-12)) - view.ranges[axis][0] < 1.1 + 1e-9
    ends = np.log10([x for word in ("SGD", "heavy ball") for x in view.traces[f"{word}, optimum"]["x"]])
    assert 0 < ends.min() - view.ranges["xaxis2"][0] < 0.1 and 0 < view.ranges["xaxis2"][1] - ends.max() < 0.1


def test_a_small_budget_costs_momentum_more_than_sgd():
    n = PANEL.exact(PANEL.read(**PANEL.presets["small budget"])).numbers
    cost = {k: n["median"][k] / n["optimum"][k] for k in race.OWN}
    assert cost["heavy_ball"] > 5 * cost["sgd"] and cost["asgd"] > 5 * cost["sgd"]


@pytest.mark.slow
def test_searches_find_where_momentum_helps_least_and_most():
    state = PANEL.read(trials=4)
    least, most = (find(state) for find in PANEL.searches.values())
    ratio = [helps({**state, **found}, 4) for found in (least, most)]
    assert ratio[0] < 1.2 and ratio[1] > 10
    for found in (least, most):
        there = PANEL.read(**{**state, **found})
        assert there["trials"] == 4 and there["d"] == state["d"]
        assert "In the median draw of trials momentum is" in PANEL.exact(there).sentence


@pytest.mark.parametrize(("batch", "said"), [(1, "the same inputs and label noise, sample by sample"),
                                             (4096, "the same normal vectors and chi-square numbers, step by step")])
def test_runs_say_what_they_share_and_whether_they_can_tell(batch, said):
    state = PANEL.read(d=20, kappa=100, batch=batch, steps=60, methods="sgd+heavy_ball")
    *_, last = PANEL.sample(state)
    assert last.fraction == 1 and said in last.sentence and "standard errors" in last.sentence
    dots, line = last.traces["SGD, runs"], PANEL.exact(state).traces["SGD"]
    at = {x: y for x, y in zip(line["x"], line["y"], strict=True)}
    np.testing.assert_allclose(dots["y"][:3], [at[x] for x in dots["x"][:3]], rtol=0.25)


@pytest.mark.parametrize(("batch", "sampler"), [(1, "direct"), (2, "direct"), (3, "one_draw"), (4096, "one_draw")])
def test_there_are_as_many_runs_as_the_work_allows(batch, sampler, monkeypatch):
    """A true sample is as many numbers as the batch has inputs; ``one_draw`` costs the same at every batch."""
    given, work, trial = [], 200_000, (mb.Method.sgd(lr=0.1), 1.0)
    monkeypatch.setattr(panels.race, "_trials", lambda *args: SimpleNamespace(best=lambda count: trial))
    monkeypatch.setattr(panels.race, "WORK", work)
    monkeypatch.setattr(panels.race, "paired_runs", lambda *args: iter(given.append(args) or ()))
    list(PANEL.sample(PANEL.read(d=20, kappa=100, batch=batch, steps=60, methods="sgd+heavy_ball")))
    (_, methods, inputs, steps, runs, *_, used), = given
    cost = len(methods) * 20 * steps * (inputs if used == "direct" else 1)
    assert (used, inputs, steps) == (sampler, batch, 60) and cost * runs <= work < cost * (runs + 1)
