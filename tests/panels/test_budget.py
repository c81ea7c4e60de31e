"""The budget panel: the published claim, a batch larger than the budget, and families of the reader's own."""

import time

import numpy as np
import pytest

import mombook as mb
from mombook import explore
from mombook.panels import budget
from mombook.panels.budget import BudgetPanel
from mombook.panels.remote import described

panel = BudgetPanel()


@pytest.mark.slow
def test_the_published_claim():
    """With label noise, tuned Nesterov at B = 16 ends 2.5 times below SGD's best: by stepping all 4096 eigenvalues."""
    view = panel.exact(panel.read())
    H = mb.Spectrum.power_law(4096, 4.0)
    start = H.eigenvalues ** (0.3 + 0.25 - 1)
    ends = []
    for family, B in (("sgd", 1), ("nesterov", 16)):
        k = int(np.argmin(np.abs(view.numbers["risks"][family][0] - B)))
        ends.append(mb.risk_curve(H, view.numbers["methods"][family][k], B, 2**14 // B, 0.1, start)[-1])
    np.testing.assert_allclose(view.numbers["gain"]["times"], ends[0] / ends[1], rtol=1e-3)
    assert view.sentence == ("With label noise, Nesterov at its best batch, 16, ends 2.5× below SGD's best; ASGD is as low "
                             "already at batch 1.")


@pytest.mark.parametrize("changes", [
    {"methods": "sgd"}, {"methods": "asgd"}, {"methods": "sgd+nesterov"}, {"methods": "sgd+nesterov+asgd"},
    {"methods": "sgd+nesterov", "noise": 10}, {"methods": "sgd+heavy_ball", "d": 20, "kappa": 1e5, "decay": 3}], ids=str)
def test_a_batch_larger_than_the_budget_is_told_before_what_is_told_anyway(changes):
    """The sentence is about the best batches, whichever is chosen."""
    within, beyond = (panel.exact(panel.read(samples=256, batch=batch, **changes), final=False) for batch in (8, 65536))
    assert beyond.sentence == f"B is larger than the budget, so a run is a single step. {within.sentence}"
    assert beyond.numbers["steps"] == 1
    np.testing.assert_allclose(beyond.numbers["batch"], 256)


@pytest.mark.slow
@pytest.mark.parametrize("preset", panel.presets)
def test_a_drag_says_what_rest_says(preset):
    s = panel.read(**panel.presets[preset])
    coarse, fine = (panel.exact(s, final) for final in (False, True))
    for family, (batch, risk) in fine.numbers["best"].items():
        found = coarse.numbers["best"][family]
        assert abs(np.log(found[1] / risk)) < 0.25 and abs(np.log(found[0] / batch)) < np.log(20), family


def test_a_family_of_the_readers_own_is_drawn_without_a_theorem(monkeypatch):
    monkeypatch.setitem(mb.FAMILIES, "qhm", mb.Family("QHM, ν = 0.7", lambda lr, beta: mb.Method.qhm(lr, 0.7, beta)))
    view = panel.exact(panel.read(d=20, kappa=100, samples=256, methods="sgd+qhm"), final=False)
    assert len(view.traces["QHM, ν = 0.7"]["x"]) > 1 and not view.traces["QHM, ν = 0.7: theorem"]["visible"]
    assert view.traces["SGD: theorem"]["visible"]


def test_without_sgd_it_says_what_is_left():
    assert "does best with batches of" in panel.exact(panel.read(methods="asgd", samples=256), final=False).sentence


@pytest.mark.slow
def test_a_drag_is_far_quicker_than_rest():
    """As a ratio in one process: a tenth, at a scenario that nothing has been computed of."""
    s, took = panel.read(d=50, kappa=1e5, decay=3, samples=4096, noise=0.37), []
    for final in (False, True):
        begun = time.process_time()
        panel.exact(s, final)
        took.append(time.process_time() - begun)
    assert took[0] < took[1] / 2


def test_the_recipe_prints_the_figures_numbers(capsys):
    s = panel.read(d=20, kappa=100, samples=256, methods="sgd")
    exec(panel.recipe(s), {})
    best = panel.exact(s).numbers["best"]["sgd"]
    words = capsys.readouterr().out.split()
    np.testing.assert_allclose([float(words[3]), float(words[5])], best, rtol=1e-12)


def test_three_controls_are_shown_at_first():
    assert [c["name"] for c in described(panel)["controls"] if not c["more"]] == ["batch", "noise", "samples"]


@pytest.mark.parametrize("final", [False, True])
def test_the_chosen_batch_is_a_point_of_the_curve(final):
    """Whether it is one of the batches that are tuned (the panel then reuses the point) or lies between two of them."""
    for batch, exact in ((16, True), (64, False)):
        s = panel.read(d=50, kappa=1e5, decay=3, samples=4096, noise=0.3, methods="nesterov", batch=batch)
        n = panel.exact(s, final).numbers
        x, y = n["risks"]["nesterov"]
        on_curve = np.exp(np.interp(np.log(batch), np.log(x), np.log(y / n["start"])))
        np.testing.assert_allclose(n["here"]["nesterov"], on_curve, rtol=1e-12 if exact else 0.05 if final else 0.2)


def test_jupyter_opens_it():
    live = explore.budget(d=20, kappa=100, samples=256, methods="sgd")
    assert live.panel.name == "budget" and budget.SAMPLES.default == 2**14
