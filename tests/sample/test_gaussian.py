"""mombook/sample/gaussian.py: the one-draw sampler against literal minibatches and against the exact expectation."""

import re

import numpy as np
import oracles
import pytest
import scipy

import mombook as mb
from mombook import Method, Spectrum
from mombook.sample.gaussian import afford

H = Spectrum([1.0, 0.4, 0.1, 0.02], counts=[1, 1, 2, 3])
LAM = H.expanded()
METHODS = {"sgd": Method.sgd(0.3), "heavy ball": Method.heavy_ball(0.06, 0.8), "nesterov": Method.nesterov(0.15, 0.7),
           "two buffers": Method(0.25, 0.03, 0.8)}


def literal(method, batch, steps, runs, seed, noise=0.0, start=1.0):
    """``runs`` runs of the literal sampler, shape ``(runs, steps+1)``."""
    return oracles.sampled_risk(LAM, method, batch, steps, runs, np.random.default_rng(seed), noise, start)


# -- in distribution --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("noise", [0.0, 0.7])
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_one_draw_has_the_distribution_of_literal_minibatches(batch, noise):
    """Kolmogorov-Smirnov on the risk of 8000 runs after 1, 2, 5 and 12 steps; seeds fixed, so this is no lottery."""
    method = METHODS["two buffers"]
    start = np.linspace(2.0, 0.5, 7)
    one = mb.simulate(H, method, batch, 12, 8000, np.random.default_rng(1), noise=noise, start=start)
    two = mb.simulate(H, method, batch, 12, 8000, np.random.default_rng(2), "direct", noise=noise, start=start)
    for t in (1, 2, 5, 12):
        assert scipy.stats.ks_2samp(one[:, t], two[:, t]).pvalue > 1e-3, t
    few = literal(method, batch, 12, 1500, 3, noise, start)
    for sampled in (one, two):
        for t in (1, 12):
            assert scipy.stats.ks_2samp(sampled[:, t], few[:, t]).pvalue > 1e-3, t


@pytest.mark.parametrize("sampler", ["one_draw", "direct"])
def test_directions_are_sampled_too_not_only_lengths(sampler):
    """One step of SGD from a fixed start: mean and covariance of the gradient, coordinate by coordinate."""
    from mombook.sample.gaussian import _direct, one_draw

    lam, batch, noise, n = np.array([1.0, 0.4, 0.1]), 3, 0.5, 40_000
    h = np.sqrt(lam) * np.array([1.0, -2.0, 3.0])
    many = np.tile(h, (n, 1))
    draw = one_draw if sampler == "one_draw" else _direct
    g = draw(many, np.einsum("rd,rd->r", many, many), lam, batch, noise, np.random.default_rng(4), np.empty_like(many))
    g = g / np.sqrt(lam)                                                # it returns H^(1/2) g
    e = h / np.sqrt(lam)
    covariance = (np.outer(lam * e, lam * e) + np.diag(lam) * (e @ (lam * e) + noise**2)) / batch
    np.testing.assert_allclose(g.mean(0), lam * e, atol=5 * np.sqrt(np.diag(covariance).max() / n))
    np.testing.assert_allclose(np.cov(g.T), covariance, atol=6 * np.sqrt(15 / n) * np.diag(covariance).max())


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(("batch", "noise"), [(1, 0.0), (4, 0.5), (64, 0.2)])
def test_means_are_within_five_measured_standard_errors_of_the_exact_curve(name, batch, noise):
    method = METHODS[name]
    if batch == 1:                                                      # keep the tails of one sample light
        method = Method(method.delta / 4, method.eta / 4, method.beta)
    start = np.array([1.0, 2.0, 0.5, 3.0])
    exact = mb.risk_curve(H, method, batch, 8, noise, start)
    full = np.repeat(start, H.counts.astype(int))
    for sampler, runs, seed in (("one_draw", 20_000, 5), ("direct", 4000, 6)):
        risk = mb.simulate(H, method, batch, 8, runs, np.random.default_rng(seed), sampler, noise, full)
        error = risk.std(0, ddof=1) / np.sqrt(runs)
        np.testing.assert_allclose(risk[:, 0], exact[0], rtol=1e-13)
        assert np.all(np.abs(risk.mean(0) - exact)[1:] < 5 * error[1:]), (sampler, (risk.mean(0) - exact) / error)


def test_literal_minibatches_are_within_five_standard_errors_too():
    risk = literal(METHODS["nesterov"], 4, 6, 2000, 7, noise=0.5)
    exact = mb.risk_curve(H, METHODS["nesterov"], 4, 6, noise=0.5)
    assert np.all(np.abs(risk.mean(0) - exact)[1:] < 5 * risk.std(0)[1:] / np.sqrt(2000))


def test_a_long_stationary_run_sits_on_the_noise_floor():
    method = METHODS["heavy ball"]
    risk = mb.simulate(H, method, 32, 3000, 64, np.random.default_rng(8), noise=1.0)[:, 1000:].mean(1)
    floor = mb.noise_floor(H, method, 32, noise=1.0)
    assert abs(risk.mean() - floor) < 5 * risk.std(ddof=1) / 8


def test_expected_is_not_typical():
    """Mean-square unstable, yet nearly every run converges: the mean is carried by runs nobody sees."""
    flat, method = Spectrum.flat(1), Method.sgd(0.75)                   # E factor 1 - 2 lr + 3 lr^2 > 1, E log < 0
    assert not mb.is_stable(flat, method, 1)
    risk = mb.simulate(flat, method, 1, 100, 1000, np.random.default_rng(9))
    assert np.median(risk[:, -1]) < 1e-6 and np.mean(risk[:, -1] < risk[:, 0]) > 0.9


# -- deterministic facts ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sampler", ["one_draw", "direct"])
def test_the_same_generator_gives_the_same_curves(sampler):
    a, b, c = (mb.simulate(H, METHODS["sgd"], 3, 9, 5, np.random.default_rng(seed), sampler) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c) and a.shape == (5, 10)


@pytest.mark.parametrize("sampler", ["one_draw", "direct"])
@pytest.mark.parametrize("budget", [1, 1000, 10**9])
def test_pieces_make_the_whole_whatever_their_size(sampler, budget):
    wide = Spectrum.power_law(3000, 1.0)                                # several blocks of runs
    args = (wide, Method.sgd(0.05), 2, 6, 12)
    whole = mb.simulate(*args, np.random.default_rng(3), sampler, noise=0.1)
    fractions, done = [], []
    for piece in mb.simulate_blocks(*args, np.random.default_rng(3), sampler, noise=0.1, budget=budget):
        fractions.append(piece.fraction)
        done.append(piece.runs_done)
        np.testing.assert_array_equal(piece.risk[:piece.runs_done], whole[:piece.runs_done])
    np.testing.assert_array_equal(piece.risk, whole)
    assert np.all(np.diff(fractions) >= 0) and fractions[0] > 0 and fractions[-1] == 1 and max(fractions) <= 1
    assert np.all(np.diff(done) >= 0) and done[-1] == 12
    assert len(fractions) > (20 if budget == 1 else 1)


def test_stopping_early_is_not_asking_for_more():
    blocks = mb.simulate_blocks(Spectrum.power_law(3000, 1.0), Method.sgd(0.05), 2, 50, 40, np.random.default_rng(3), budget=1)
    first = next(blocks)
    assert first.fraction < 0.01 and first.runs_done == 0
    assert np.isnan(first.risk[-1]).all() and np.isfinite(first.risk[:5, 0]).all()
    blocks.close()


def test_noiseless_limits():
    """A huge batch is the deterministic method; at the solution nothing moves without label noise."""
    method = METHODS["nesterov"]
    w, m, expected = np.ones(7), np.zeros(7), []
    for _ in range(11):
        expected.append(0.5 * np.sum(LAM * w * w))
        w, m = oracles.step(method, w, m, LAM * w)
    risk = mb.simulate(H, method, 10**12, 10, 3, np.random.default_rng(0))
    np.testing.assert_allclose(risk, np.tile(expected, (3, 1)), rtol=1e-4)
    still = mb.simulate(H, method, 2, 4, 3, np.random.default_rng(0), start=0.0)
    np.testing.assert_array_equal(still, 0.0)
    shaken = mb.simulate(H, method, 2, 4, 3, np.random.default_rng(0), start=0.0, noise=1.0)
    assert np.all(shaken[:, 1:] > 0) and np.all(shaken[:, 0] == 0)


def test_diverging_runs_end_at_inf_without_warnings():
    risk = mb.simulate(H, Method.sgd(1e6), 1, 100, 4, np.random.default_rng(0))
    assert np.all(risk[:, -1] == np.inf) and not np.isnan(risk).any()


def test_what_would_run_for_minutes_is_refused_with_the_number_that_would_not():
    H, rng = Spectrum([1.0, 0.5]), np.random.default_rng(0)
    for argument, given in (("batch", {"batch": 10**12}), ("steps", {"steps": 10**7}), ("runs", {"runs": 10**9})):
        wanted = {"batch": 4, "steps": 10, "runs": 2, **given}
        with pytest.raises(ValueError, match=rf"^{argument} must be at most [0-9,]+ here"):
            mb.simulate(H, Method.sgd(0.1), **wanted, rng=rng, sampler="direct")
    with pytest.raises(ValueError, match=r"mombook\.typical_blocks goes on, shows its progress and can be stopped"):
        mb.typical_rate(H, Method.sgd(0.1), 4, steps=10**18, runs=2, rng=rng)


@pytest.mark.parametrize(("argument", "given"), [("batch", (10**9, 3, 2)), ("steps", (4, 10**9, 2)), ("runs", (4, 3, 10**9))])
def test_the_number_that_is_named_is_the_largest_that_is_let_through(argument, given):
    H = Spectrum.flat(10**4)                                            # one run a block: the work is linear in each
    with pytest.raises(ValueError, match=rf"^{argument} must be at most") as refused:
        afford(H, *given, "simulate_blocks")
    most = int(re.search("at most ([0-9,]+) here", str(refused.value)).group(1).replace(",", ""))
    asked = dict(zip(("batch", "steps", "runs"), given, strict=True))
    afford(H, *{**asked, argument: int(0.9 * most)}.values(), "simulate_blocks")
    with pytest.raises(ValueError, match="must be at most"):
        afford(H, *{**asked, argument: int(1.1 * most)}.values(), "simulate_blocks")


@pytest.mark.slow
def test_the_number_that_is_named_runs():
    H = Spectrum([1.0])
    with pytest.raises(ValueError, match=r"^batch must be at most") as refused:
        mb.simulate(H, Method.sgd(0.1), 10**12, 2, 1, np.random.default_rng(0), sampler="direct")
    most = int(re.search("at most ([0-9,]+) here", str(refused.value)).group(1).replace(",", ""))
    next(mb.simulate_blocks(H, Method.sgd(0.1), most, 2, 1, np.random.default_rng(0), sampler="direct", budget=1))
