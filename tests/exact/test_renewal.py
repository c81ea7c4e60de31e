"""(block-renewal) against the recursion step by step, of a method that turns, one that diverges, and at theta."""

import numpy as np
import pytest

import mombook as mb
from mombook import Method, Spectrum
from mombook.exact import additive, moments, renewal

START = np.random.default_rng(0).uniform(0.2, 3.0, 40)
H = Spectrum.power_law(40, 1.3)


@pytest.mark.parametrize("method", [Method.sgd(0.3), Method.heavy_ball(0.05, 0.99), Method.nesterov(0.1, 0.9),
                                    Method(0.1, 0.02, 0.999)])
@pytest.mark.parametrize("at", ["w", "theta"])
@pytest.mark.parametrize("steps", [0, 1, 63, 64, 1000])
def test_every_step_is_the_recursions(method, at, steps):
    found = renewal.risks(H, method, 4.0, steps, 0.3, START, 2.5, theta=at == "theta")
    np.testing.assert_allclose(found, mb.risk_curve(H, method, 4.0, steps, 0.3, START, 2.5, at=at), rtol=1e-11)


def test_small_blocks_make_no_difference(monkeypatch):
    m = Method.heavy_ball(0.05, 0.99)
    whole = renewal.risks(H, m, 4.0, 500, 0.3)
    monkeypatch.setattr(renewal, "MOST_HELD", 4 * len(H))
    np.testing.assert_allclose(renewal.risks(H, m, 4.0, 500, 0.3), whole, rtol=1e-11)


@pytest.mark.parametrize("method", [Method.sgd(30.0), Method.sgd(1e90), Method.heavy_ball(5.0, 0.9)])
def test_what_diverges_grows_to_infinity_at_the_recursions_step(method):
    found, curve = renewal.risks(H, method, 1.0, 400), mb.risk_curve(H, method, 1.0, 400)
    assert 1 < np.isfinite(curve).sum() < 400
    np.testing.assert_allclose(found, curve, rtol=1e-11)


@pytest.mark.parametrize("method", [Method.nesterov(0.1, 0.9), Method(0.2, 0.05, 0.8), Method.sgd(0.2)])
def test_the_risk_at_theta_is_one_step_of_sgd_further(method):
    """theta' = w - delta g: from the moments of w alone, by the fourth-moment identity, with no memory in it."""
    B, noise, lam, n = 4.0, 0.3, H.eigenvalues, H.counts
    w = mb.risk_curve(H, method, B, 30, noise, START, at="w")
    theta = mb.risk_curve(H, method, B, 30, noise, START, at="theta")
    errors = errors_after(method, B, noise, 29)
    expected = ((1 - method.delta * lam) ** 2 + method.delta**2 * lam**2 / B) * errors + method.delta**2 * lam / B * (
        2 * w[29] + noise**2)
    np.testing.assert_allclose(theta[30], (n * lam) @ expected / 2, rtol=1e-11)
    np.testing.assert_allclose((n * lam) @ errors / 2, w[29], rtol=1e-11)


def errors_after(method, B, noise, steps):
    """E e_i^2 after so many steps: the matrix of the whole step, applied."""
    step, _ = moments.whole_step(H, method, B, noise, 3.0)
    S = moments.whole_start(H, START)
    for _ in range(steps):
        S = step @ S
    return S[:len(H)]


def test_theta_of_one_weight_is_what_runs_average_to():
    """Literal runs of Nesterov in Sutskever's two sequences."""
    rng, lr, beta, B, runs, steps, noise = np.random.default_rng(1), 0.2, 0.7, 4, 200_000, 6, 0.5
    theta = before = np.ones(runs)
    for _ in range(steps):
        ahead = theta + beta * (theta - before)
        x = rng.standard_normal((runs, B))
        g = np.mean(x * (x * ahead[:, None] + noise * rng.standard_normal((runs, B))), axis=1)
        theta, before = ahead - lr * g, theta
    found = mb.risk_curve(Spectrum([1.0]), Method.nesterov(lr, beta), B, steps, noise, at="theta")[-1]
    risks = theta**2 / 2
    assert abs(risks.mean() - found) < 5 * risks.std() / np.sqrt(runs)
    with pytest.raises(ValueError, match="at must be one of 'w', 'theta'"):
        mb.risk_curve(H, Method.sgd(0.1), 4, 3, at="phi")


@pytest.mark.parametrize("noise", [1.0, 10.0])
def test_noise_far_above_the_risk_costs_no_digits(noise):
    """Additive noise is asked for as least squares with an endless batch and as much more noise."""
    H, m, B, many = Spectrum.power_law(200, 1.5), Method.nesterov(0.1, 0.95), 4.0, 1e15
    found = renewal.risks(H, m, many, 300, noise * (many / B) ** 0.5)[[50, 100, 300]]
    exact = [additive.risks_after(H, [m.delta], [m.eta], [m.beta], B, t, noise)[0] for t in (50, 100, 300)]
    np.testing.assert_allclose(found, exact, rtol=1e-11)
    tuned, risk = mb.tune_risk(H, "nesterov", B, 100, noise, noise_model="additive")
    m = tuned.method
    np.testing.assert_allclose(risk, additive.risks_after(H, [m.delta], [m.eta], [m.beta], B, 100, noise)[0], rtol=1e-10)
