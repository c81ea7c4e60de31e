"""The SGD panel as a pure function: its numbers are the engine's, and every corner can be drawn."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels.sgd import SGDPanel

PANEL = SGDPanel()


def at(**values):
    state = PANEL.read(**values)
    H = mb.Spectrum.power_law(state["d"], state["decay"], state["kappa"])
    return PANEL.exact(state), H, state["batch"], state["share"]


@pytest.mark.parametrize("values", [{}, {"batch": 1, "kappa": 50}, {"decay": 0.5, "batch": 256, "share": 0.9}])
def test_numbers_are_the_engines(values):
    view, H, B, share = at(**values)
    n, best = view.numbers, mb.tune(H, "sgd", B)
    lr = share * mb.step_limit(H, B)
    np.testing.assert_allclose([n["limit"], n["best gap"], n["lr"], n["critical"]],
                               [mb.step_limit(H, B), best.gap, lr, mb.critical_batch(H, "sgd")], rtol=2e-4)
    np.testing.assert_allclose(n["gap"], mb.contraction_gap(H, mb.Method.sgd(lr), B), rtol=2e-4)
    np.testing.assert_allclose([n["lower"], n["upper"], n["bend"]], [mb.bounds.sgd_gap(H, B, "lower").value,
                               mb.bounds.sgd_gap(H, B).value, H.trace / H.largest], rtol=1e-4)


def test_curves_are_the_engines():
    view, H, B, share = at()
    x, y = (np.asarray(view.traces["SGD, exact"][k]) for k in "xy")
    for k in (0, 20, 40):
        np.testing.assert_allclose(y[k], mb.contraction_gap(H, mb.Method.sgd(x[k]), B), rtol=3e-4)
    np.testing.assert_allclose(x[-1], mb.step_limit(H, B), rtol=2e-4)
    t, r = view.traces["expected"]["x"], view.traces["expected"]["y"]
    curve = mb.risk_curve(H, mb.Method.sgd(share * mb.step_limit(H, B)), B, int(t[-1]))
    np.testing.assert_allclose(r[:20], (curve / curve[0])[t[:20].astype(int)], rtol=1e-3)


def test_tuned_gap_lies_between_the_sides_and_below_perfect_scaling():
    for values in ({}, {"kappa": 1}, {"kappa": 1e6, "decay": 3}):
        t = at(**values)[0].traces
        low, gap, high = (t[k]["y"] for k in ("bounds of T1, lower", "tuned gap", "bounds of T1"))
        assert np.all(low <= gap * (1 + 1e-9)) and np.all(gap <= high * (1 + 1e-9))
        assert np.all(gap <= gap[0] * t["tuned gap"]["x"] * (1 + 1e-9))


def test_no_quarter_of_a_small_batch():
    assert not at(batch=3)[0].traces["at B/4"]["visible"]
    assert at(batch=4)[0].traces["at B/4"]["visible"]


@pytest.mark.slow
def test_the_simulation_counts_the_means_that_lie_where_they_should():
    state = PANEL.read(d=20, batch=4)
    *_, last = PANEL.sample(state)
    assert last.fraction == 1 and "filled dots are as close to theory" in last.sentence
    mean, theory = last.traces["simulated"], PANEL.exact(state).traces["expected"]
    np.testing.assert_allclose(mean["y"][2], np.interp(mean["x"][2], theory["x"], theory["y"]), rtol=0.15)
