"""Exponents and their intervals: synthetic power laws of known drift and noise, and the engine against theory's exponents."""

import numpy as np
import pytest

import mombook as mb
from mombook.study import scaling
from mombook.study.scaling import candidates, fit_exponent, local_exponents, measure, spectrum_of

X = np.logspace(0, 4, 9)


@pytest.mark.parametrize("p", [-1.0, 0.0, 0.5, 2.0])
def test_a_power_law_is_read_off_exactly(p):
    found = fit_exponent(X, 3 * X**p)
    np.testing.assert_allclose([found.value, found.low, found.high, found.early], p, atol=1e-12)
    np.testing.assert_allclose(found.scale, 3, rtol=1e-10)
    at, slope = local_exponents(X, 3 * X**p)
    np.testing.assert_allclose(slope, p, atol=1e-12)
    np.testing.assert_allclose(at, 10 ** (np.arange(8) / 2 + 0.25), rtol=1e-12)


def test_the_interval_is_the_rulers():
    """(ruler), with least squares and its standard error written out."""
    y = X**0.7 * np.exp(np.sin(X))
    t, z = np.log(X[4:]), np.log(y[4:])
    slope = ((t - t.mean()) @ z) / ((t - t.mean()) @ t)
    left = z - z.mean() - slope * (t - t.mean())
    error = np.sqrt(left @ left / 3 / ((t - t.mean()) @ t)) * 3.182446305284263          # Student's t, 3 degrees of freedom
    early = np.polyfit(np.log(X[:5]), np.log(y[:5]), 1)[0]
    found = fit_exponent(X, y)
    np.testing.assert_allclose([found.value, found.error], [slope, error], rtol=1e-10)
    np.testing.assert_allclose(found.high - found.value, 2 * abs(slope - early) + error, rtol=1e-10)
    np.testing.assert_allclose(found.drift, slope - early, rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 9, 16])
def test_with_noise_it_covers_at_least_as_often_as_it_says(n):
    rng, x = np.random.default_rng(0), np.geomspace(1, 1e3, n)
    for confidence in (0.5, 0.95):
        held = [fit_exponent(x, x**0.5 * np.exp(0.2 * rng.standard_normal(n)), confidence).holds(0.5) for _ in range(400)]
        assert np.mean(held) > confidence - 0.01


@pytest.mark.parametrize("p", [0.0, 0.5])
@pytest.mark.parametrize("c", [-0.5, 0.3, 1.0])
@pytest.mark.parametrize("span", [4.0, 10.0, 100.0, 1e6])
def test_with_one_correction_term_it_covers_the_limit(p, c, span):
    x = np.geomspace(1, 1e4, 13)
    q = np.log(span) / np.log(1e4)
    assert fit_exponent(x, x**p * (1 + c * x**-q)).holds(p)


def test_a_slower_drift_than_it_says_it_cannot_see_through():
    x = np.geomspace(1, 1e4, 13)
    assert not fit_exponent(x, x**0.5 * (1 + x ** -(np.log(1.2) / np.log(1e4)))).holds(0.5)


def test_a_wider_range_makes_it_narrower():
    width = []
    for top in (1e2, 1e4, 1e6):
        x = np.geomspace(1, top, 13)
        found = fit_exponent(x, np.sqrt(x) * (1 + 0.5 / np.sqrt(x)))
        width.append(found.high - found.low)
    assert width[0] > width[1] > width[2]


def test_verdicts():
    found = scaling.Exponent(0.5, 0.4, 0.6, 0.5, 0.1, 1.0)
    assert [found.verdict(c) for c in ([0.5, 1.0], [0.41, 0.59], [0.7], [], [0.5, 0.5])] == [
        "one", "cannot tell yet", "none", "none", "one"]
    assert found.holds(0.4) and found.holds(0.6) and not found.holds(0.6001)


@pytest.mark.parametrize(("x", "y", "said"), [
    ([1, 2, 3, 4], [1, 2, 3, 4], "x must be 5 or more"), ([1, 2, 3, 3, 4], [1.0] * 5, "strictly increasing"),
    ([-1, 2, 3, 4, 5], [1.0] * 5, "x must be"), ([1, 2, 3, 4, 5], [1, 2, 0, 4, 5], "y must be"),
    ([1, 2, 3, 4, 5], [1, 2, 3, 4], "y must be")])
def test_bad_points_are_refused(x, y, said):
    with pytest.raises(ValueError, match=said):
        fit_exponent(x, y)


def test_what_is_measured_is_the_engines():
    H, B = spectrum_of("power law", 100.0, 1.5, 50), np.array([2.0, 32.0])
    f = mb.frontier(H, ["asgd", "heavy_ball"], B)
    np.testing.assert_allclose(measure("steps", H, "asgd", B), f["asgd"].serial, rtol=1e-6)
    np.testing.assert_allclose(measure("ce", H, "heavy_ball", B), f["heavy_ball"].ce, rtol=1e-6)
    np.testing.assert_allclose(measure("advantage", H, "sgd", B), f["asgd"].ce / f["heavy_ball"].ce, rtol=1e-6)
    np.testing.assert_allclose(measure("critical", H, "nesterov", B), mb.critical_batch(H, "nesterov"), rtol=1e-6)
    np.testing.assert_allclose(measure("window", H, "sgd", B), mb.window(H), rtol=1e-6)
    with pytest.raises(ValueError, match="quantity must be one of"):
        measure("speed", H, "sgd", B)


@pytest.mark.parametrize(("law", "kappa"), [("power law", 300), ("i^-decay", 40**1.5), ("two levels", 300), ("geometric", 300)])
def test_the_laws_are_the_spectra_they_are_called(law, kappa):
    H = spectrum_of(law, 300.0, 1.5, 40)
    np.testing.assert_allclose([H.kappa, H.dim], [kappa, 40], rtol=1e-9)


def test_a_spectrum_of_many_bins_is_not_merged_again():
    H, fine = spectrum_of("i^-decay", 1.0, 2.0, 30_000), mb.Spectrum.power_law(30_000, 2.0, binned=False)
    best = mb.tune(H, "asgd", 1)
    np.testing.assert_allclose(best.gap, mb.contraction_gap(fine, best.method, 1), rtol=1e-4)


# Where a power is reached within the axes: quantity, family, axis, law, decay, batch, d, ends, which one.
REGIMES = [
    ("window", "sgd", "kappa", "two levels", 1.0, 1, 200, (10, 1e6), "√κ, as proved"),
    ("window", "sgd", "kappa", "geometric", 1.0, 1, 200, (10, 1e6), "√κ, as proved"),
    ("window", "sgd", "d", "i^-decay", 0.5, 1, 0, (100, 1e5), "√κ, as proved"),
    ("window", "sgd", "d", "two levels", 0.5, 1, 0, (100, 1e5), "no change"),
    ("critical", "sgd", "kappa", "two levels", 1.0, 1, 200, (10, 1e6), "no change"),
    ("critical", "heavy_ball", "kappa", "two levels", 1.0, 1, 200, (10, 1e6), "√κ"),
    ("critical", "heavy_ball", "d", "two levels", 1.0, 1, 0, (100, 1e5), "tr H, when d is large"),
    ("critical", "sgd", "d", "i^-decay", 0.5, 1, 0, (1e3, 1e6), "tr H"),
    ("critical", "heavy_ball", "d", "i^-decay", 0.5, 1, 0, (1e3, 1e6), "√κ tr H"),
    ("steps", "sgd", "kappa", "two levels", 1.0, 1, 200, (100, 1e6), "κ"),
    ("steps", "heavy_ball", "kappa", "two levels", 1.0, 1e8, 200, (30, 1e5), "√κ, accelerated"),
    ("ce", "heavy_ball", "kappa", "two levels", 1.0, 1, 200, (100, 1e6), "κ"),
    ("steps", "sgd", "d", "two levels", 1.0, 1, 0, (100, 1e5), "noise decides"),
    ("steps", "asgd", "d", "two levels", 1.0, 65536, 0, (2, 30), "curvature decides"),
    ("steps", "sgd", "d", "i^-decay", 2.0, 1, 0, (100, 1e4), "tr H / μ"),
    ("steps", "heavy_ball", "d", "i^-decay", 0.5, 1, 0, (1e3, 1e5), "tr H / μ"),
    ("steps", "asgd", "d", "i^-decay", 1.5, 1, 0, (100, 1e6), "the ceiling T5"),
    ("advantage", "sgd", "d", "i^-decay", 1.5, 1, 0, (10, 1e6), "the ceiling T5"),
    ("advantage", "sgd", "d", "i^-decay", 0.3, 1, 0, (100, 1e6), "overlap"),
    ("steps", "sgd", "batch", "two levels", 1.0, 1, 10_000, (1, 16), "linear"),
    ("steps", "heavy_ball", "batch", "two levels", 1.0, 1, 200, (1e7, 1e9), "saturated"),
    ("ce", "sgd", "batch", "two levels", 1.0, 1, 10_000, (1, 16), "linear"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("quantity", "family", "axis", "law", "decay", "batch", "d", "ends", "which"), REGIMES)
def test_measured_in_its_regime_theory_has_the_right_exponent(quantity, family, axis, law, decay, batch, d, ends, which):
    x = np.geomspace(*ends, 7)
    x = np.unique(np.rint(x)) if axis == "d" else x
    if axis == "batch":
        y = measure(quantity, spectrum_of(law, 1e4, decay, d), family, x)
    else:
        y = [measure(quantity, spectrum_of(law, v if axis == "kappa" else 1e3, decay, d or int(v)), family, [batch])[0]
             for v in x]
    found, theory = fit_exponent(x, y), candidates(quantity, family, axis, law, decay)
    assert abs(found.value - theory[which]) < 0.03, (found, theory)
    assert [k for k, power in theory.items() if found.holds(power)] == [which] or found.high - found.low < 0.02


def test_along_kappa_the_eigenvalues_i_to_the_minus_a_follow_their_dimension():
    for quantity, family in (("window", "sgd"), ("steps", "asgd"), ("advantage", "asgd"), ("critical", "heavy_ball")):
        along_d, along_kappa = (candidates(quantity, family, axis, "i^-decay", 1.7) for axis in ("d", "kappa"))
        np.testing.assert_allclose([1.7 * v for v in along_kappa.values()], list(along_d.values()), rtol=1e-12)


def test_there_is_no_exponent_where_theory_has_none():
    assert candidates("steps", "sgd", "decay", "power law", 1.5) == {}
    assert candidates("window", "sgd", "batch", "power law", 1.5) == {}
    assert candidates("critical", "asgd", "kappa", "power law", 1.5) == {}
