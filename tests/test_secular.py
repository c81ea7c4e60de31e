"""mombook/secular.py: the sum against brute force, its derivatives, its root, and the two root finders."""

import numpy as np
import oracles
import pytest

from mombook import Method, Spectrum
from mombook.secular import Point, noiseless_limit, point, secular_sum, solve, solve_one

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
