"""Learning curves at internet scale: drawn points against steps, squarings and quadrature; methods, laws and bins."""

import contextlib
import io

import numpy as np
import pytest
from scipy.optimize import minimize

import mombook as mb
from mombook import explore
from mombook.exact.secular import point, secular_sum
from mombook.panels import far_horizon
from mombook.panels.far_horizon import FarHorizonPanel
from mombook.tuning import horizon
from mombook.tuning.long_run import coordinates, family_column, method_at, point_at

pytestmark = pytest.mark.slow           # its exact answer takes seconds

PANEL = FarHorizonPanel()
WORDS = {"sgd": "SGD", "heavy_ball": "heavy ball", "asgd": "ASGD"}


def tuned(family, d, decay, batch, steps):
    """The method that the panel draws."""
    return far_horizon.tuned(decay, d, batch, steps, mb.FAMILIES[family])


def test_a_horizon_is_cut_where_everything_is_learned():
    H = mb.Spectrum.power_law(1000, 1.5, binned=1, ends="top")
    for family, word in WORDS.items():
        uncut = horizon.quick_tune_risk(H, family, 8, 10**8)[0].method
        steps = far_horizon.horizon(1.5, 1000, 8, 10**8, mb.FAMILIES[family])
        assert steps == int(np.ceil(5 * horizon.bend(H, uncut))) < 10**6
        assert tuned(family, 1000, 1.5, 8, 10**8) == horizon.quick_tune_risk(H, family, 8, steps)[0].method
        assert far_horizon.horizon(1.5, 10**9, 8, 10**6, mb.FAMILIES[family]) == 10**6
        assert PANEL.exact(PANEL.read(d=1000)).traces[word]["y"].max() < 1.02


# -- what is drawn -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("line", "rtol"), [("decay=1.5;d=60;batch=8;steps=10000", 1e-2),
                                            ("decay=1.2;d=2000;batch=64;steps=10000", 2e-3),
                                            ("decay=2;d=500;batch=1;steps=1000", 2e-2)])
def test_curves_are_those_of_every_eigenvalue_stepped(line, rtol):
    """No bins, no far times: the literal recursion, from the methods the panel says it draws."""
    s = PANEL.read(line)
    view, H = PANEL.exact(s), mb.Spectrum.power_law(s["d"], s["decay"], binned=False)
    for key, word in WORDS.items():
        method = tuned(key, s["d"], s["decay"], s["batch"], s["steps"])
        curve = mb.risk_curve(H, method, s["batch"], s["steps"])
        drawn = view.traces[word]
        np.testing.assert_allclose(drawn["y"], (curve / curve[0])[drawn["x"].astype(int)], rtol=rtol, atol=1e-12)
        assert drawn["x"][0] == 1 and (drawn["x"][-1] == s["steps"] or drawn["y"][-1] < 10 ** view.ranges["yaxis"][0])


def test_sgd_after_a_hundred_million_steps_by_quadrature():
    """d = 10^9, t = 10^8: without noise of the past (B = 65536) a sum over ranks, here an integral of (1 - lr i^-a)^2t."""
    s = PANEL.read(methods="sgd", batch=65536)
    method = tuned("sgd", 10**9, 1.5, 65536, 10**8)
    rank = np.concatenate([np.arange(1.0, 2e6), np.geomspace(2e6 - 0.5, 1e9 + 0.5, 2_000_001)])
    width = np.concatenate([np.ones(int(2e6) - 1), np.diff(rank[int(2e6) - 1:])])
    rank = np.concatenate([rank[:int(2e6) - 1], np.sqrt(rank[int(2e6) - 1:-1] * rank[int(2e6):])])
    lam = rank**-1.5
    bias = (width * lam) @ np.exp(2e8 * np.log(abs(1 - method.delta * lam))) / (width @ lam)
    S = (width * (o := method.delta * lam / (65536 * (2 - method.delta * lam))) / (1 - o)).sum()
    np.testing.assert_allclose(PANEL.exact(s).numbers["end"]["sgd"], bias / (1 - S), rtol=2e-3)
    assert S < 0.1


def test_ends_of_ten_to_the_eighth_steps_do_not_feel_the_bins():
    view = PANEL.exact(PANEL.read())
    finer = mb.Spectrum.power_law(10**9, 1.5, binned=3, ends="top")
    method = tuned("asgd", 10**9, 1.5, 8, 10**8)
    end = mb.risk_at(finer, method, 8, [10**8])[0] / (finer.trace / 2)
    np.testing.assert_allclose(view.numbers["end"]["asgd"], end, rtol=view.numbers["binning"]["at the end"])
    assert 0 < view.numbers["binning"]["at the end"] < 1e-3 < view.numbers["binning"]["anywhere"] < 0.3


def test_the_sentences_numbers_are_on_the_curves():
    view = PANEL.exact(PANEL.read())
    n, drawn = view.numbers, view.traces["SGD"]
    assert n["reach"]["sgd"] > n["reach"]["heavy_ball"] > n["reach"]["asgd"]
    k = np.searchsorted(drawn["x"], n["reach"]["sgd"])
    assert drawn["y"][k] <= 0.01 < drawn["y"][k - 1]
    np.testing.assert_allclose(n["fitted"]["sgd"], -np.log10(drawn["y"][-1] / drawn["y"][-13]), rtol=1e-12)
    assert f"SGD at {100 * n['end']['sgd']:.3g} %" in view.sentence and "is learned" not in view.sentence


# -- the laws ----------------------------------------------------------------------------------------------------------
def test_the_law_meets_the_curves_with_its_constant():
    view = PANEL.exact(PANEL.read("decay=1.5;batch=8;steps=1e7"))
    lines = np.split(view.traces["the law"]["y"], np.flatnonzero(np.isnan(view.traces["the law"]["y"])) + 1)
    for word, law in zip(("SGD", "heavy ball"), lines, strict=False):
        # the law is a limit: at 10^7 steps SGD is 0.94 % and heavy ball 1.13 % below it
        np.testing.assert_allclose(view.traces[word]["y"][-1], law[-2], rtol=0.015)


@pytest.mark.parametrize("decay", [1.5, 2.0, 2.5])
def test_exponents_are_theorys(decay):
    """SGD's over a decade, 1 - 1/a; ASGD's, tuned anew from 10^5 steps to 10^6, (2 - 1/a)(1 - 1/a), a limit of long horizons
    from which it is 1.5, 1.8 and 2.1 % away there."""
    view = PANEL.exact(PANEL.read(decay=decay, batch=2, steps=1e6))
    n = view.numbers
    np.testing.assert_allclose(n["fitted"]["sgd"], n["law"]["left running"], rtol=2e-4)
    np.testing.assert_allclose(n["tuned anew"]["asgd"], n["law"]["tuned anew"], rtol=0.03)
    assert n["tuned anew"]["asgd"] > 1.2 * n["tuned anew"]["heavy_ball"]
    guide = view.traces["ASGD's exponent, tuned anew"]
    assert set(guide["y"]) == {(2 - 1 / decay) * (1 - 1 / decay)}


def test_a_small_d_bends_the_curve_where_the_cross_is():
    view = PANEL.exact(PANEL.read("d=1000;batch=64;steps=1e6;methods=sgd"))
    method = tuned("sgd", 1000, 1.5, 64, 10**6)
    cross = view.traces["d is learned"]
    np.testing.assert_allclose(cross["x"], [1000**1.5 / (2 * method.delta)], rtol=1e-4)
    slopes = view.traces["SGD: exponent"]
    assert np.interp(cross["x"][0], slopes["x"], slopes["y"]) > 2 * view.numbers["law"]["left running"]
    assert "The smallest eigenvalue is learned, and the law ends: SGD after" in view.sentence
    assert len(PANEL.exact(PANEL.read(steps=1e6)).traces["d is learned"]["x"]) == 0


# -- methods tuned for a horizon ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("family", ["sgd", "heavy_ball", "nesterov", "asgd"])
@pytest.mark.parametrize(("d", "decay", "batch", "steps"), [(10**9, 1.5, 1, 1000), (10**9, 2.0, 64, 1000), (500, 1.2, 8, 1000),
                                                            (10**9, 1.05, 4096, 300)])
def test_no_search_on_exact_risks_finds_a_much_better_method(family, d, decay, batch, steps):
    H = mb.Spectrum.power_law(d, decay, binned=1, ends="top")
    best, estimate = horizon.quick_tune_risk(H, family, batch, steps)
    listens = family_column(family)
    z = coordinates(listens, type(point(best.method))(*([v] for v in point(best.method))))[:, 0]
    free = np.flatnonzero([True, listens[1, 0] > 0, listens[4, 0] > 0])

    def exact(v):
        z[free] = v
        method = method_at(point_at(listens, z[:, None]), 0)
        return np.log(mb.risk_at(H, method, batch, [steps])[0]) if mb.is_stable(H, method, batch) else 50.0

    found = minimize(exact, z[free], method="Nelder-Mead", options={"maxfev": 80, "xatol": 1e-2, "fatol": 1e-3})
    risk = mb.risk_at(H, best.method, batch, [steps])[0]
    assert risk <= 1.15 * np.exp(found.fun)
    assert 0.5 * risk < estimate < 1.4 * risk


def test_a_tuned_method_is_stable_and_its_gap_is_told():
    for H in (mb.Spectrum.flat(3), mb.Spectrum.two_level(50, 1e4), mb.Spectrum.power_law(10**6, 1.1)):
        for family in ("sgd", "asgd"):
            for steps in (1, 100, 10**7):
                found, _ = horizon.quick_tune_risk(H, family, 4, steps)
                np.testing.assert_allclose(found.gap, mb.contraction_gap(H, found.method, 4), rtol=1e-12)
                assert found.gap > 0


def test_noiseless_modes_are_powers_of_the_step():
    for method in (mb.Method.sgd(0.3), mb.Method.heavy_ball(0.2, 0.9), mb.Method(0.2, 0.01, 0.95),
                   mb.Method.heavy_ball(0.25, 0.25)):
        lam = np.array([1.0, 0.5, 1e-2, 1e-4])
        e, m = np.ones(4), np.zeros(4)
        for _ in range(23):
            e, m = method.step(e, m, lam * e)
        found = horizon._log_error(point(method), lam, 23)
        np.testing.assert_allclose(np.exp(found), abs(e), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("method", [mb.Method.sgd(0.3), mb.Method.heavy_ball(0.2, 0.9), mb.Method(0.2, 0.01, 0.95),
                                    mb.Method.nesterov(0.2, 0.9)])
def test_a_curve_bends_when_the_slowest_mode_has_fallen_by_e(method):
    """Against literal steps of that mode, once its fast root has died out."""
    lam, e, m = 1e-4, 1.0, 0.0
    for _ in range(1000):
        e, m = method.step(e, m, lam * e)
    later, moving = e, m
    for _ in range(1000):
        later, moving = method.step(later, moving, lam * later)
    found = horizon.bend(mb.Spectrum([1.0, lam]), method)
    np.testing.assert_allclose(found, 1000 / (2 * np.log(e / later)), rtol=1e-9)


@pytest.mark.parametrize("steps", [3, 30, 3000])
@pytest.mark.parametrize("method", [mb.Method.sgd(0.2), mb.Method.heavy_ball(0.01, 0.95), mb.Method(0.2, 0.001, 0.99)])
def test_the_estimate_of_the_risk_is_its_formula(method, steps):
    """(renewal) from literal noiseless steps and the sum S; 0.35 = SHARE / 2. Short runs are held back by (1 - beta) / 2."""
    H, p, batch = mb.Spectrum.power_law(40, 1.5), point(method), 16
    trace = H.counts * H.eigenvalues
    e, m = np.ones(len(H)), np.zeros(len(H))
    for _ in range(steps):
        e, m = method.step(e, m, H.eigenvalues * e)
    first, last = trace.sum() / 2, trace @ e**2 / 2
    u = min(0.35 / steps * np.log(first / last), (1 - method.beta) / 2)
    slow = 2 * u * (p.eps - u) / (p.delta * p.eps + p.eta)
    lam = np.maximum(H.eigenvalues, min(slow, H.largest))
    S = secular_sum(u, p, batch, mb.Spectrum(lam, trace / lam))
    fades = first * (1 - u) ** (2 * steps / 0.7)
    np.testing.assert_allclose(horizon._log_risk(H, p, batch, steps), np.log(max(last, fades) / (1 - S)), rtol=1e-7)


def test_bins_fine_at_the_top_keep_dimension_trace_and_kappa():
    for d in (1, 2, 3, 10, 1000, 10**9):
        H, both = (mb.Spectrum.power_law(d, 1.3, binned=4, ends=ends) for ends in ("top", "both"))
        np.testing.assert_allclose([H.dim, H.trace, H.kappa], [d, both.trace, d**1.3], rtol=1e-7)
        assert len(H) <= len(both)


# -- as every panel ----------------------------------------------------------------------------------------------------
def test_the_recipe_prints_the_ends():
    s, heard = PANEL.read("d=1e5;steps=1e4;methods=sgd+asgd"), io.StringIO()
    with contextlib.redirect_stdout(heard):
        exec(PANEL.recipe(s), {})
    printed = [float(line.split()[-1]) for line in heard.getvalue().splitlines()]
    assert printed == list(PANEL.exact(s).numbers["end"].values())


def test_what_a_drag_reaches_is_what_a_line_says():
    for control in PANEL.controls[:-2]:                                 # all but the two of methods
        for stop in control.stops:
            reached = control.rounded(stop)
            assert control.value(control.text(reached)) == control.value(reached)


def test_live():
    live = explore.far_horizon("d=1e6;steps=1e4")
    assert repr(live) == live.sentence and live.sentence.startswith("After 10000 steps ASGD is at")
    live.set(d=1e9)
    assert "d = 10⁹" in live.sentence
