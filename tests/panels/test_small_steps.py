"""The panel of notebook 08: its numbers are the engine's, every preset says what its name says."""

import numpy as np
import pytest

from mombook import Method, Spectrum, risk_curve
from mombook.exact.thresholds import long_run_threshold
from mombook.panels.frame import problems
from mombook.panels.small_steps import DIM, NOISE, SmallStepsPanel, chosen_step

PANEL = SmallStepsPanel()


def test_numbers_are_the_engines():
    scenario = PANEL.read(kappa=10, decay=0.5, batch=512, fraction=0.15, memory=0.05)
    view, H = PANEL.exact(scenario), Spectrum.power_law(DIM, 0.5, 10)
    limit = long_run_threshold(H, 512, 1.0)
    np.testing.assert_allclose(view.numbers["step"], 0.15 * limit, rtol=1e-4)           # the panel's spectrum is compressed
    np.testing.assert_allclose(view.numbers["gain"]["SGDM"], long_run_threshold(H, 512, 0.95) / long_run_threshold(H, 512),
                               rtol=1e-4)
    assert view.numbers["stable"] == {"SGD": False, "SGDM": True}
    curve = view.traces["SGDM"]
    exact = risk_curve(H, Method.ema(view.numbers["step"], 0.95), 512, 100, noise=NOISE)
    few = curve["x"] <= 100
    np.testing.assert_allclose(curve["y"][few], exact[curve["x"][few]] / exact[0], rtol=1e-3)


@pytest.mark.parametrize(("preset", "stable", "low", "high"), [
    ("small batch", True, 0.8, 1.25), ("small steps", True, 0.8, 1.25), ("large batch, large steps", False, None, None),
    ("too much memory", True, 0.0, 0.9)])
def test_presets_show_what_they_say(preset, stable, low, high):
    scenario = {**PANEL.read(), **PANEL.presets[preset]}
    view = PANEL.exact(scenario)
    assert view.numbers["stable"] == {"SGD": stable, "SGDM": True}
    if stable:
        assert low < view.numbers["end"]["SGD"] / view.numbers["end"]["SGDM"] < high, view.sentence
    assert problems(PANEL, scenario, view) == []


def test_sample_agrees_with_theory_early():
    scenario = PANEL.read(kappa=10, decay=0.5, batch=64, fraction=0.1)
    drawn, pieces = {}, list(PANEL.sample(scenario))
    for p in pieces:
        drawn.update(p.traces)
    assert pieces[-1].fraction == 1 and set(drawn) == set(PANEL.blank(scenario))
    exact = risk_curve(Spectrum.power_law(DIM, 0.5, 10), Method.sgd(chosen_step(scenario)), 64, 4, noise=NOISE)
    np.testing.assert_allclose(drawn["SGD: simulated"]["y"][:2], exact[drawn["SGD: simulated"]["x"][:2]] / exact[0], rtol=0.05)
