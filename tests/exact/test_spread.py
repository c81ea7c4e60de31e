"""mombook/exact/spread.py: (noise-moments), the variance of a risk, against cubature of the literal step and closed forms."""

import itertools

import numpy as np
import pytest

import mombook as mb
from mombook import Method, Spectrum
from mombook.exact.spread import spreads

METHODS = {"sgd": Method.sgd(0.3), "heavy ball": Method.heavy_ball(0.2, 0.5), "two steps": Method(0.1, 0.15, 0.7),
           "negative eta": Method(0.3, -0.05, 0.6), "diverging": Method.heavy_ball(1.5, 0.9)}


def by_cubature(lam, method, batch, steps, noise):
    """E |h|^4 and E |h|^2: every batch on the nodes of a rule exact for its eighth powers."""
    d, (nodes, weights) = len(lam), np.polynomial.hermite_e.hermegauss(5)
    size = 2 * d + 1                                                    # error, buffer and a one, which carries the noise
    step4 = np.zeros((size**4, size**4))
    for at in itertools.product(range(5), repeat=batch * (d + (noise > 0))):
        z = nodes[list(at)].reshape(batch, -1)
        x = z[:, :d] * np.sqrt(lam)
        g = np.hstack([x.T @ x, np.zeros((d, d)), -noise * x.T @ z[:, d:].sum(1, keepdims=True) if noise else np.zeros((d, 1))])
        e, m = np.eye(size)[:d], np.eye(size)[d:2 * d]
        once = np.vstack([*method.step(e, m, g / batch), np.eye(size)[-1:]])
        twice = np.kron(once, once)
        step4 += np.prod(weights[list(at)] / weights.sum()) * np.kron(twice, twice)
    state = 0
    for signs in itertools.product((1, -1), repeat=d):
        s = np.array([*signs, *np.zeros(d), 1])
        state = state + np.kron(np.kron(s, s), np.kron(s, s)) / 2**d
    form = np.zeros((size, size))
    form[range(d), range(d)] = lam
    one = np.zeros((size, size))
    one[-1, -1] = 1
    found = []
    for _ in range(steps + 1):
        found.append([np.kron(form.ravel(), form.ravel()) @ state, np.kron(form.ravel(), one.ravel()) @ state])
        state = step4 @ state
    return np.transpose(found)


@pytest.mark.parametrize("noise", [0.0, 0.4])
@pytest.mark.parametrize(("lam", "batch"), [([0.8], 1), ([0.8], 2), ([1.0, 0.3], 1)])
@pytest.mark.parametrize("method", METHODS)
def test_the_spread_is_that_of_the_literal_step(method, lam, batch, noise):
    square, mean = by_cubature(np.array(lam), METHODS[method], batch, 5, noise)
    sd = mb.risk_spread(Spectrum(lam), METHODS[method], batch, 5, noise)
    np.testing.assert_allclose(4 * sd**2 + mean**2, square, rtol=1e-11)
    np.testing.assert_allclose(sd[1:], np.sqrt(square - mean**2)[1:] / 2, rtol=1e-9)


def test_a_batch_of_two_in_two_directions():
    square, mean = by_cubature(np.array([1.0, 0.3]), METHODS["two steps"], 2, 4, 0.0)
    sd = mb.risk_spread(Spectrum([1.0, 0.3]), METHODS["two steps"], 2, 4)
    np.testing.assert_allclose(sd[1:], np.sqrt(square - mean**2)[1:] / 2, rtol=1e-10)


@pytest.mark.parametrize("batch", [1, 7])
def test_a_flat_spectrum_is_a_product_of_independent_factors(batch):
    """(flat-step): R'/R = (1 - lr C/B)^2 + lr^2 C Q/B^2 with chi-squares C of B and Q of d - 1 degrees of freedom."""
    d, lr, steps = 6, 0.1, 8

    def chi(n, power):
        return np.prod(n + 2.0 * np.arange(power))

    c, q = lr / batch, [chi(d - 1, p) for p in range(3)]
    factor = np.polynomial.polynomial.polymul
    still, moving = np.array([1, -2 * c, c**2]), np.array([0, c**2])    # polynomials in C: without Q, and times Q
    square = sum(a * q[p] * chi(batch, k) for p, poly in enumerate(
        (factor(still, still), 2 * factor(still, moving), factor(moving, moving))) for k, a in enumerate(poly))
    mean = sum(a * q[p] * chi(batch, k) for p, poly in enumerate((still, moving)) for k, a in enumerate(poly))
    t = np.arange(1, steps + 1)
    sd = mb.risk_spread(Spectrum.flat(d), Method.sgd(lr), batch, steps)
    np.testing.assert_allclose(sd[1:], d / 2 * np.sqrt(square**t - mean ** (2 * t)), rtol=1e-9)
    assert sd[0] == 0


def test_a_count_is_so_many_directions():
    one, each = Spectrum([1.0, 0.3], [3, 2]), Spectrum([1.0, 1 - 1e-12, 1 - 2e-12, 0.3, 0.3 - 1e-12])
    found = [mb.risk_spread(H, METHODS["two steps"], 2, 20, 0.2, start=np.where(H.eigenvalues > 0.5, 2.0, 1.0))[1:]
             for H in (one, each)]
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_the_mean_beside_it_is_the_expected_risk():
    H, method, start = Spectrum.power_law(12, 1.5, 50), Method(0.1, 0.05, 0.8), np.linspace(1, 2, 12)
    means = [mean for mean, _ in itertools.islice(spreads(H, method, 3, 0.2, start), 31)]
    np.testing.assert_allclose(means, mb.risk_curve(H, method, 3, 30, 0.2, start), rtol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(("family", "batch"), [("sgd", 64), ("heavy_ball", 8), ("asgd", 1)])
def test_so_many_means_of_runs_lie_within_their_interval(family, batch):
    """Standard errors of a mean of 100 runs, from theory alone: 200 such means have a variance of 1 and 80 % within 1.28."""
    H = Spectrum.power_law(20, 1.5, 100)
    method = mb.tune(H, family, batch).method
    theory, sd = mb.risk_curve(H, method, batch, 30), mb.risk_spread(H, method, batch, 30)
    means = mb.simulate(H, method, batch, 30, 20_000, np.random.default_rng(7)).reshape(200, 100, -1).mean(1)
    trusted = [t for t in (1, 2, 4, 30) if sd[t] < 1.5 * theory[t]]
    assert len(trusted) >= 2
    for t in trusted:
        z = (means[:, t] - theory[t]) / (sd[t] / 10)
        assert abs(z.mean()) < 5 / np.sqrt(200)
        assert 0.7 < z.std() < 1.35
        assert abs(np.mean(abs(z) < 1.2816) - 0.8) < 4 * np.sqrt(0.16 / 200)


def test_what_overflows_is_infinite_from_there_on():
    sd = mb.risk_spread(Spectrum.flat(3), Method.sgd(9.0), 1, 400)
    until = np.flatnonzero(np.isinf(sd))[0]
    assert until > 20 and np.isinf(sd[until:]).all() and np.isfinite(sd[:until]).all()


def test_bins_hardly_change_it():
    """What panels use: the spread on one bin an octave."""
    H = Spectrum.power_law(200, 1.5, 1000, binned=False)
    method = mb.tune(H, "heavy_ball", 32).method
    fine, coarse = (mb.risk_spread(at, method, 32, 60) for at in (H.compressed(4), H.compressed(1)))
    np.testing.assert_allclose(coarse[1:], fine[1:], rtol=5e-3)
