"""Exponents of a budget: the theorem by optimising its own risks on a grid, and the engine's at large budgets."""

import numpy as np
import pytest

import mombook as mb
from mombook.study.data_scaling import KNOWN, exponent, source_start, transitions


def balanced(family, b, a, s, grid=161):
    """The largest exponent over powers of D: R = (hT)^-s + noise, h = D^m, delta = D^-c, T = D^(1-b), memory at most T."""
    m, c = np.meshgrid(np.linspace(-1, 1, 2 * grid - 1), np.linspace(0, 1, grid))
    T, x = 1 - b, 1 / a
    if family == "sgd":
        allowed, noise = m <= 0, b - m
    elif family == "heavy_ball":                                        # h <= B, and eta = h (1 - beta) <= 1
        allowed, noise = m <= np.minimum(b, T), b - m
    elif family == "nesterov":
        allowed, noise = m <= T, b - np.where(m > 0, x * m, m)
    else:
        allowed, noise = m <= T, np.minimum(b + c, b - m + (1 - x) * (T - c))
    return np.where(allowed, np.minimum(s * (m + T), noise), -1).max()


@pytest.mark.parametrize("family", KNOWN)
@pytest.mark.parametrize(("a", "s"), [(4.0, 0.3), (1.5, 1.0), (2.0, 0.6)])
def test_an_exponent_is_the_best_balance_of_its_terms(family, a, s):
    for b in np.linspace(0, 0.95, 8):
        np.testing.assert_allclose(exponent(family, b, a, s), balanced(family, b, a, s), atol=0.015)


@pytest.mark.parametrize(("a", "s"), [(4.0, 0.3), (1.2, 2.0)])
def test_exponents_change_where_they_should(a, s):
    at = transitions(a, s)
    assert 0 < at["b1"] < at["b0"] < at["b2"] < at["b3"] < 1
    b = np.linspace(0, 1, 2001)
    r = {f: exponent(f, b, a, s) for f in KNOWN}
    assert np.all(r["sgd"] <= r["heavy_ball"] + 1e-12) and np.all(r["heavy_ball"] <= r["nesterov"] + 1e-12)
    assert np.all(r["nesterov"] <= r["asgd"] + 1e-12) and r["asgd"][0] > r["nesterov"].max()
    np.testing.assert_allclose(b[r["nesterov"].argmax()], at["b2"], atol=1e-3)
    np.testing.assert_allclose(b[r["heavy_ball"] > r["heavy_ball"][0] - 1e-12].max(), at["b3"], atol=1e-3)
    np.testing.assert_allclose(b[r["asgd"] > r["asgd"][0] - 1e-12].max(), at["b0"], atol=1e-3)
    assert all(np.abs(np.diff(v)).max() < 0.01 for v in r.values())     # continuous


def test_asgd_measured():
    """The conjecture of this book, between budgets of 2^18 and 2^25, on a second power law; SGD's theorem beside it."""
    H = mb.Spectrum.power_law(10**6, 2.0, binned=2, ends="top")
    start = source_start(H, 2.0, 1.0)
    for family, value in (("asgd", 0.6), ("sgd", 0.5)):
        risks = [mb.tune_risk(H, family, 1, 2**k, 1.0, start)[1] for k in (18, 25)]
        np.testing.assert_allclose(np.log2(risks[0] / risks[1]) / 7, value, atol=0.025)
        np.testing.assert_allclose(exponent(family, 0.0, 2.0, 1.0), value, rtol=1e-12)


def test_the_start_is_a_power_of_the_rank():
    H = mb.Spectrum.power_law(50, 1.7)
    np.testing.assert_allclose(H.eigenvalues * source_start(H, 1.7, 0.4), np.arange(1, 51.0) ** -(1 + 0.4 * 1.7), rtol=1e-12)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: transitions(1.0, 0.3), "decay must be"), (lambda: transitions(2.0, 0.0), "source must be"),
    (lambda: exponent("adam", 0.1, 2.0, 0.3), "family must be one of"), (lambda: exponent("sgd", 1.1, 2.0, 0.3), "b must be"),
    (lambda: source_start(3, 2.0, 0.3), "spectrum must be"),
])
def test_bad_questions_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
