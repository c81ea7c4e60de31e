"""The typical rate against integrals over chi-square laws, and the long-run profile against the exact recursion."""

import numpy as np
import pytest
import scipy

import mombook as mb

ONE = mb.Spectrum.flat(1)


def one_weight(lr, B):
    """-E log (1 - lr C/B)^2, C ~ chi^2_B, split at the singularity."""
    def log_factor(c):
        return np.log((1 - lr * c / B) ** 2) * scipy.stats.chi2.pdf(c, B)
    return -sum(scipy.integrate.quad(log_factor, *ends, limit=400)[0] for ends in ((0, B / lr), (B / lr, np.inf)))


@pytest.mark.parametrize(("lr", "batch"), [(0.2, 1), (2.0, 1), (5.0, 1), (1.0, 4), (0.7, 64)])
def test_one_weight(lr, batch):
    found = mb.typical_rate(ONE, mb.Method.sgd(lr), batch, 400, 400, np.random.default_rng(1))
    np.testing.assert_array_less(abs(found.rate - one_weight(lr, batch)), 5 * found.error)


def test_flat_spectrum():
    d, B, lr, rng = 6, 2, 0.5, np.random.default_rng(2)
    C, Q = rng.chisquare(B, 400_000), rng.chisquare(d - 1, 400_000)
    draws = -np.log((1 - lr * C / B) ** 2 + lr**2 * C * Q / B**2)
    found = mb.typical_rate(mb.Spectrum.flat(d), mb.Method.sgd(lr), B, 400, 300, rng)
    np.testing.assert_array_less(abs(found.rate - draws.mean()), 5 * np.hypot(found.error, draws.std() / 400_000**0.5))
    np.testing.assert_allclose(found.spread, draws.var(), rtol=0.3)


def test_momentum_without_noise_has_the_deterministic_rate():
    H, m = mb.Spectrum([1.0, 0.1]), mb.Method.heavy_ball(0.5, 0.3)
    found = mb.typical_rate(H, m, 10**9, 400, 2, np.random.default_rng(0), burn=200)
    np.testing.assert_allclose(found.rate, -np.log1p(-mb.contraction_gap(H, m, 1e9)), rtol=1e-3)


@pytest.mark.parametrize("share", [0.5, 0.95, 1.2])
@pytest.mark.parametrize("method", ["sgd", "heavy_ball"])
def test_jensen(share, method):
    H, beta = mb.Spectrum.power_law(10, 1.5, 100), 0.0 if method == "sgd" else 0.8
    m = mb.Method.heavy_ball(share * mb.step_limit(H, 1, beta), beta)
    found = mb.typical_rate(H, m, 1, 2000, 50, np.random.default_rng(3))
    assert found.rate > -np.log1p(-mb.contraction_gap(H, m, 1)) - 3 * found.error


def test_long_runs_neither_underflow_nor_overflow():
    for lr in (1.0, 50.0):
        found = mb.typical_rate(ONE, mb.Method.sgd(lr), 4, 3000, 4, np.random.default_rng(4))
        assert np.isfinite(found).all() and abs(found.rate) * 3000 > 2 * 745                # beyond doubles either way


def test_rescaling_changes_nothing():
    """Within the range of doubles the rate is what ``simulate`` gives from the same random numbers."""
    H, m = mb.Spectrum.power_law(5, 1.0), mb.Method.heavy_ball(0.1, 0.5)
    risk = mb.simulate(H, m, 2, 60, 7, np.random.default_rng(5))
    found = mb.typical_rate(H, m, 2, 60, 7, np.random.default_rng(5), burn=20)
    np.testing.assert_allclose(found.rate, -np.log(risk[:, 60] / risk[:, 20]).mean() / 40, rtol=1e-10)


def test_rescaling_takes_the_buffer_along():
    H, m = mb.Spectrum.power_law(5, 1.0), mb.Method.heavy_ball(0.1, 0.9)
    rates = [mb.typical_rate(H, m, 2, 60, 7, np.random.default_rng(5), burn=0, start=s).rate for s in (1.0, 1e-61, 1e61)]
    np.testing.assert_allclose(rates, rates[0], rtol=1e-9)


def test_pieces_are_the_whole():
    arguments = (mb.Spectrum.power_law(5, 1.0), mb.Method.sgd(0.2), 2, 50, 6)
    pieces = list(mb.typical_blocks(*arguments, np.random.default_rng(6), budget=60))
    assert len(pieces) > 10 and pieces[-1] == mb.typical_rate(*arguments, np.random.default_rng(6))
    assert np.all(np.diff([p.fraction for p in pieces]) > 0) and pieces[-1].fraction == 1


@pytest.mark.parametrize("lr", [0.1, 0.6, 1.0])
def test_from_the_profile_the_mean_is_geometric_at_once(lr):
    H, B = mb.Spectrum.power_law(20, 1.5), 3
    curve = mb.risk_curve(H, mb.Method.sgd(lr), B, 50, start=mb.sgd_profile(H, lr, B))
    rho = 1 - mb.contraction_gap(H, mb.Method.sgd(lr), B)
    np.testing.assert_allclose(curve, curve[0] * rho ** np.arange(51), rtol=1e-6)


@pytest.mark.parametrize(("name", "change"), [
    ("spectrum", {"spectrum": [1.0]}), ("method", {"method": 0.1}), ("batch", {"batch": 1.5}), ("steps", {"steps": 1}),
    ("runs", {"runs": 1}), ("rng", {"rng": 0}), ("burn", {"burn": 10}), ("start", {"start": 0.0}), ("start", {"start": [0.0]})])
def test_refusals_name_the_argument(name, change):
    good = {"spectrum": ONE, "method": mb.Method.sgd(0.1), "batch": 1, "steps": 10, "runs": 2, "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match=f"^{name} must be"):
        mb.typical_rate(**{**good, **change})
