"""mombook/exact/secular.py: the sum against brute force, its derivatives, its root, and the two root finders."""

from fractions import Fraction

import numpy as np
import oracles
import pytest

import mombook as mb
from mombook import Method, Spectrum
from mombook.exact import double_double, secular
from mombook.exact.secular import Point, noiseless_limit, point, secular_sum, solve, solve_one

H = Spectrum([1.0, 0.3, 0.05, 0.01], counts=[1, 3, 2, 5])
METHODS = [Method(0.3, 0.02, 0.9), Method(0.0, 0.1, 0.8), Method(0.5, 0.0, 0.4), Method(0.2, 0.3, 0.0), Method(0.1, 0.09, 0.9),
           Method(0.2, -0.01, 0.7), Method(-0.05, 0.1, 0.85)]


def discounted(lam, method, batch, rho, horizon=20_000):
    """lam^2/B times the sum over t of e_t^2/rho^t, where e_t answers a unit of gradient noise t steps ago."""
    e, m = oracles.step(method, 0.0, 0.0, 1.0)
    total, weight = 0.0, 1.0
    for _ in range(horizon):
        weight /= rho
        total += e * e * weight
        e, m = oracles.step(method, e, m, lam * e)
    return lam**2 / batch * total


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_the_sum_is_the_discounted_response_to_noise(method):
    for u in (0.0, -0.01, 0.3 * float(noiseless_limit(point(method), H.largest, H.smallest))):
        o = np.array([discounted(lam, method, 50.0, (1 - u) ** 2) for lam in H.eigenvalues])
        for kurtosis in (1.0, 3.0, 4.5):
            expected = np.sum(H.counts * o / (1 - (kurtosis - 2) * o))
            np.testing.assert_allclose(secular_sum(u, point(method), 50.0, H, kurtosis), expected, rtol=1e-10)


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_noiseless_limit_is_one_minus_the_spectral_radius(method):
    radius = max(oracles.noiseless_radius(method, lam) for lam in H.eigenvalues)
    np.testing.assert_allclose(noiseless_limit(point(method), H.largest, H.smallest), 1 - radius, rtol=1e-9)


@pytest.mark.parametrize("kurtosis", [1.0, 3.0, 5.0])
def test_derivatives_are_those_of_the_sum(kurtosis):
    """Against complex steps of the sum itself, exact to rounding."""
    rng = np.random.default_rng(3)
    delta, eta, eps = rng.uniform(0, 0.2, 20), rng.uniform(0.001, 0.02, 20), rng.uniform(0.05, 1.0, 20)
    u = rng.uniform(-0.05, 0.3, 20) * noiseless_limit(Point(delta, eta, eps), H.largest, H.smallest)
    at = np.stack([u, delta, eta, eps])
    batch = np.full(20, 20.0)
    S, slopes = secular_sum(u, Point(delta, eta, eps), batch, H, kurtosis, derivative="all")
    assert np.isfinite(S).all() and S.max() < 5
    for k in range(4):
        v = at.astype(complex)
        v[k] += 1e-30j
        expected = secular_sum(v[0], Point(*v[1:]), batch, H, kurtosis).imag / 1e-30
        np.testing.assert_allclose(slopes[k], expected, rtol=1e-11, atol=1e-11 * np.abs(expected).max())
    S_u, slope = secular_sum(u, Point(delta, eta, eps), batch, H, kurtosis, derivative="u")
    np.testing.assert_allclose(S_u, S, rtol=1e-14)
    np.testing.assert_allclose(slope, slopes[0], rtol=1e-11)
    step = 1e-5 * noiseless_limit(Point(delta, eta, eps), H.largest, H.smallest)
    central = [secular_sum(u + s * step, Point(delta, eta, eps), batch, H, kurtosis) for s in (1, -1)]
    np.testing.assert_allclose(slope, (central[0] - central[1]) / (2 * step), rtol=1e-7)


def test_the_sum_increases_with_u_up_to_its_root():
    for method in METHODS:
        root = solve_one(point(method), 20.0, H)
        u = root - abs(root) * np.geomspace(1, 1e-6, 200)
        S = secular_sum(u, Point(*(np.full(200, v) for v in point(method))), np.full(200, 20.0), H)
        assert np.all(np.diff(S) > 0) and S[-1] < 1
        np.testing.assert_allclose(secular_sum(root, point(method), 20.0, H), 1.0, rtol=1e-7)


@pytest.mark.parametrize("kurtosis", [1.0, 2.0, 3.0, 9.0])
def test_solve_is_solve_one(kurtosis):
    """Many random methods, stable and not, memories up to 1 - 1e-8, batches up to 10^6."""
    rng = np.random.default_rng(11)
    n = 400
    delta, eta = 10 ** rng.uniform(-4, 0.3, (2, n)) * rng.choice([1, 1, 1, 0, -1], (2, n))
    eps = np.where(eta == 0, 1.0, 10 ** rng.uniform(-8, 0, n))
    batch = 10 ** rng.uniform(0, 6, n)
    together = solve(Point(delta, eta, eps), batch, H, kurtosis)
    alone = [solve_one(Point(*map(float, p)), float(b), H, kurtosis)
             for *p, b in zip(delta, eta, eps, batch, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-12, atol=1e-18)
    assert (together > 0).sum() > 50 and (together < 0).sum() > 50


def test_a_start_does_not_move_the_root():
    p = Point(*(np.full(5, v) for v in point(METHODS[0])))
    root = solve(p, 20.0, H)
    for start in (root * 0.1, root * 1.5, root - 1, np.zeros(5), root):
        np.testing.assert_allclose(solve(p, 20.0, H, start=start), root, rtol=1e-12)


def test_a_guess_at_the_root_spares_most_of_the_search(monkeypatch):
    passes = []
    monkeypatch.setattr(secular, "secular_sum", lambda *a, **k: passes.append(1) or secular_sum(*a, **k))
    p = Point(0.3, 0.02, 0.1)
    root = solve(p, 20.0, H)
    cold = len(passes)
    np.testing.assert_allclose(solve(p, 20.0, H, start=root), root, rtol=1e-12)
    assert len(passes) - cold <= 2 < cold


def test_pairs_of_doubles_add_and_multiply_with_twice_the_digits():
    rng = np.random.default_rng(5)
    high = rng.normal(size=(2, 200)) * 10 ** rng.uniform(-9, 9, (2, 200))
    low = high * rng.uniform(-1e-17, 1e-17, (2, 200))
    x, y = ((high[k], low[k]) for k in (0, 1))
    negative = (-high[0] * (1 + 3e-16), low[1] * 0)                      # the sum cancels to its last digits
    for combine, exact, second in ((double_double.add, Fraction.__add__, y), (double_double.times, Fraction.__mul__, y),
                                   (double_double.add, Fraction.__add__, negative)):
        got = combine(x, second)
        for k in range(200):
            a, b, c = (Fraction(float(v[0][k])) + Fraction(float(v[1][k])) for v in (x, second, got))
            scale = abs(exact(a, b)) + (Fraction(2) ** -50 * abs(a) if combine is double_double.add else 0)
            assert abs(c - exact(a, b)) <= Fraction(2) ** -100 * scale


def accepted(rng):
    """Anything ``contraction_gap`` takes: extreme spectra, counts and batches, long memories, steps of either sign and size,
    two equal roots, methods tuned to the edge."""
    n = rng.integers(1, 6)
    kappa = 10 ** rng.uniform(0, rng.choice([1, 6, 15]))
    lam = kappa ** -np.append(rng.uniform(0, 1, n - 1), 1.0) * 10 ** rng.choice([0.0, rng.uniform(-12, 12)])
    low, high = [(0, 0), (0, 18), (-18, 3), (-100, 18)][rng.integers(4)]
    H, B = Spectrum(lam, 10 ** rng.uniform(low, high, n)), 10 ** rng.uniform(0, rng.choice([1, 6, 15]))
    eps = 10 ** rng.choice([rng.uniform(-12, 0), rng.uniform(-3, 0), 0.0, rng.uniform(-15, -11)])
    most = 4 / H.largest * (1.0 if rng.random() < 0.2 else min(1.0, B * H.largest / H.trace))
    short, long = 10 ** rng.uniform(-8, 0.5, 2) * most * rng.choice([1, 1, 1, -1], 2)
    equal = (1 - np.sqrt(1 - eps)) ** 2 / rng.choice(lam) * (1 + rng.choice([0, 1, -1]) * 10 ** rng.uniform(-17, -1))
    steps = [(short, 0.0), (0.0, long * eps), (short, short * (1 - eps)), (short, long * eps), (0.0, equal)][rng.integers(5)]
    return H, Method(*steps, 1 - eps), B, float(rng.choice([3.0, 3.0, 1.0, 2.0, 1 + 10 ** rng.uniform(-3, 3)]))


HARD = [
    (Spectrum([1.0], counts=[1e-12]), Method.sgd(0.1), 1.0, 3.0),       # the root is 1e-12 beside a pole
    (Spectrum([1.0, 0.3], counts=[1e-100, 2e-50]), Method.nesterov(0.1, 0.9), 7.0, 5.0),
    (Spectrum([1.0, 1e-15]), Method.sgd(2 / (1 + 1e-15)), 1e15, 3.0),   # at the edge of stability, by one digit
    (Spectrum([1.0, 1e-4], counts=[1, 1]), Method.heavy_ball((2 / 1.01) ** 2, (0.99 / 1.01) ** 2), 1e15, 3.0),       # Polyak
    (Spectrum([1.0], counts=[7e15]), Method(0.0, 7.1953e-28, 1 - 6.3e-14), 351.0, 2.0),
    (Spectrum([1.0, 3e-9], counts=[1e18, 1.0]), Method.sgd(0.9e-17), 5.0, 3.0),
]


@pytest.mark.parametrize("seed", range(6))
def test_gaps_of_all_accepted_input_are_those_of_decimal_arithmetic(seed):
    rng = np.random.default_rng(seed)
    for H, method, batch, kurtosis in [HARD[seed], *(accepted(rng) for _ in range(9))]:
        expected = oracles.exact_gap(H, method, batch, kurtosis)
        together = mb.contraction_gap(H, method, [batch], kurtosis)[0]
        np.testing.assert_allclose([mb.contraction_gap(H, method, batch, kurtosis), together], expected, rtol=1e-9)


def test_the_decimal_oracle_agrees_with_the_other_two():
    for k, method in enumerate(METHODS):
        for kurtosis in (1.0, 3.0, 5.0):
            mine = oracles.exact_gap(H, method, 20.0 + k, kurtosis)
            np.testing.assert_allclose(mine, oracles.reduced_gap(H, method, 20.0 + k, kurtosis), rtol=1e-9)
    stable = METHODS[1]
    np.testing.assert_allclose(oracles.exact_gap(H, stable, 200), oracles.decimal_gap(H, stable, 200), rtol=1e-12)
