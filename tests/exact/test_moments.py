"""mombook/exact/moments.py: gap, stability, floor and curve against dense operators built from the literal update."""

import numpy as np
import oracles
import pytest
from scipy.optimize import brentq

import mombook as mb
from mombook import Method, Spectrum

LAM = np.array([1.0, 0.3, 0.05])
METHODS = {
    "sgd": Method.sgd(0.3), "heavy ball": Method.heavy_ball(0.05, 0.8), "nesterov": Method.nesterov(0.2, 0.7),
    "two buffers": Method(0.3, 0.02, 0.9), "mass": Method.mass(0.3, 0.05, 0.8), "qhm": Method.qhm(0.5, 0.6, 0.9),
    "negative eta": Method(0.3, -0.02, 0.6), "negative delta": Method(-0.05, 0.1, 0.7), "no memory": Method(0.1, 0.2, 0.0),
    "unread buffer": Method(0.3, 0.0, 0.9), "diverging": Method.heavy_ball(1.5, 0.9), "uphill": Method(-0.1, -0.1, 0.5),
}
KURTOSES = [3.0, 1.0, 1.8, 7.0]                                         # Gaussian, Rademacher, uniform, heavy tails


# -- the oracle itself ------------------------------------------------------------------------------------------------
def test_oracle_averages_batches_as_enumeration_does():
    """E[A (x) A] of a batch of two, by going through every pair of samples."""
    method, lam = METHODS["two buffers"], LAM[:2]
    points, weights = oracles.nodes(2)
    total = 0
    for x, p in zip(points, weights, strict=True):
        for y, q in zip(points, weights, strict=True):
            A = (oracles.sample_map(method, np.sqrt(lam) * x) + oracles.sample_map(method, np.sqrt(lam) * y)) / 2
            total = total + p * q * np.kron(A, A)
    np.testing.assert_allclose(oracles.dense_operator(lam, method, 2), total, atol=1e-14)


@pytest.mark.parametrize("kurtosis", KURTOSES)
def test_oracles_agree(kurtosis):
    for method in METHODS.values():
        np.testing.assert_allclose(oracles.dense_gap(LAM, method, 8, kurtosis),
                                   oracles.reduced_gap(Spectrum(LAM), method, 8, kurtosis), rtol=1e-10)
    method, H = METHODS["two buffers"], Spectrum(LAM)
    np.testing.assert_allclose(oracles.decimal_gap(H, method, 8), oracles.reduced_gap(H, method, 8), rtol=1e-10)


# -- the gap ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kurtosis", KURTOSES)
@pytest.mark.parametrize("name", METHODS)
def test_gap_is_that_of_the_dense_operator(name, kurtosis):
    for batch in (1, 8, 100):
        for d in (1, 2, 3):
            gap = mb.contraction_gap(Spectrum(LAM[:d]), METHODS[name], batch, kurtosis)
            np.testing.assert_allclose(gap, oracles.dense_gap(LAM[:d], METHODS[name], batch, kurtosis), rtol=1e-10)


@pytest.mark.parametrize("name", METHODS)
def test_every_direction_may_have_its_own_kurtosis(name):
    H, own = Spectrum(LAM), np.array([1.2, 3.0, 9.0])
    for batch in (1, 8):
        gap = mb.contraction_gap(H, METHODS[name], batch, own)
        np.testing.assert_allclose(gap, oracles.dense_gap(LAM, METHODS[name], batch, own), rtol=1e-10)
        np.testing.assert_allclose(mb.contraction_gap(H, METHODS[name], [batch], own), [gap], rtol=1e-10)
    curve, expected = (f(h, METHODS[name], 4, 20, kurtosis=own) for f, h in ((mb.risk_curve, H), (oracles.dense_curve, LAM)))
    np.testing.assert_allclose(curve, expected, rtol=1e-10)


@pytest.mark.parametrize("decay", [0.5, 1.0, 2.0])
def test_gap_is_that_of_the_reduced_operator_in_forty_dimensions(decay):
    H = Spectrum.power_law(40, decay)
    for name, method in METHODS.items():
        if name in ("unread buffer", "negative eta"):
            continue
        small = Method(method.delta / 4, method.eta / 4, method.beta)
        for batch in (4, 300):
            np.testing.assert_allclose(mb.contraction_gap(H, small, batch), oracles.reduced_gap(H, small, batch), rtol=1e-8)


def test_random_methods_and_spectra_to_ten_digits():
    """Against determinants in 60 digits: memories to 1 - 1e-8, kappa to 1e6, gaps of either sign down to 1e-13."""
    rng = np.random.default_rng(5)
    for _ in range(60):
        d = rng.integers(1, 3)
        H = Spectrum(10 ** rng.uniform(-rng.choice([0.1, 3, 6]), 0, d), rng.integers(1, 100, d))
        batch, kurtosis = float(10 ** rng.uniform(0, 4)), float(rng.choice([3, 3, 1, 6]))
        delta, eta = 10 ** rng.uniform(-4, 0, 2) * rng.choice([1, 1, 0, -1], 2) * min(1, batch / H.trace) + 1e-12
        eps = 10 ** rng.uniform(-8, 0)
        method = Method(delta, eta * eps, 1 - eps)
        gap = mb.contraction_gap(H, method, batch, kurtosis)
        exact = oracles.decimal_gap(H, method, batch, kurtosis, below=0.0 if gap > 0 else 2 * gap - 1e-3)
        np.testing.assert_allclose(gap, exact, rtol=1e-10, err_msg=f"{H.eigenvalues} {H.counts} {method} {batch} {kurtosis}")


@pytest.mark.parametrize("kappa", [1e2, 1e6, 1e10, 1e14])
def test_tiny_gaps_keep_their_digits(kappa):
    """Two levels, the simple momentum choice (T3), SGD and MaSS: gaps from 1e-3 to 1e-15."""
    H = Spectrum.two_level(50, kappa, top=5)
    for bound in (mb.bounds.sgd_gap(H, 1, "lower"), mb.bounds.heavy_ball_gap(H, 1, "lower"), mb.bounds.mass_gap(H, 1)):
        gap = mb.contraction_gap(H, bound.method, 1)
        np.testing.assert_allclose(gap, oracles.decimal_gap(H, bound.method, 1), rtol=1e-10)
    assert mb.contraction_gap(H, mb.bounds.sgd_gap(H, 1, "lower").method, 1) < 1 / kappa


@pytest.mark.parametrize("lr", [1e-14, 1e-9, 1e-3, 0.1, 0.5])
def test_isotropic_sgd_in_closed_form(lr):
    for d, batch in ((1, 1), (10, 4), (1000, 64)):
        expected = 2 * lr - lr**2 * (d + batch + 1) / batch
        np.testing.assert_allclose(mb.contraction_gap(Spectrum.flat(d), Method.sgd(lr), batch), expected, rtol=1e-12)
        best = Method.sgd(batch / (d + batch + 1))
        np.testing.assert_allclose(mb.contraction_gap(Spectrum.flat(d), best, batch), best.delta, rtol=1e-12)


def test_many_batches_are_one_by_one():
    batches = np.array([[1.0, 2.5], [64.0, 1e6]])
    for method in METHODS.values():
        one_by_one = [[mb.contraction_gap(Spectrum(LAM), method, b) for b in row] for row in batches]
        np.testing.assert_allclose(mb.contraction_gap(Spectrum(LAM), method, batches), one_by_one, rtol=1e-12)
        np.testing.assert_array_equal(mb.is_stable(Spectrum(LAM), method, batches), np.array(one_by_one) > 0)


def test_many_methods_are_one_by_one():
    delta, eta, beta = np.array([0.3, 0.0, 0.1]), np.array([0.02, 0.05, 0.0]), np.array([0.9, 0.8, 0.5])
    gaps = mb.contraction_gaps(Spectrum(LAM), delta, eta, beta, batch=np.array([[1.0], [50.0]]))
    expected = [[mb.contraction_gap(Spectrum(LAM), Method(*m), b) for m in zip(delta, eta, beta, strict=True)] for b in (1, 50)]
    np.testing.assert_allclose(gaps, expected, rtol=1e-12)
    stable_only = mb.contraction_gaps(Spectrum(LAM), [0.3, 30.0], 0.0, 0.0, batch=8, stable_only=True)
    assert stable_only[0] > 0 and np.isnan(stable_only[1])


def test_gap_knows_units_and_multiplicities():
    H, method = Spectrum(LAM, counts=[1, 3, 2]), METHODS["two buffers"]
    gap = mb.contraction_gap(H, method, 8)
    np.testing.assert_allclose(mb.contraction_gap(Spectrum(np.repeat(LAM, [1, 3, 2])), method, 8), gap, rtol=1e-13)
    scaled = Method(method.delta / 1e6, method.eta / 1e6, method.beta)
    np.testing.assert_allclose(mb.contraction_gap(H.scaled(1e6), scaled, 8), gap, rtol=1e-12)


@pytest.mark.parametrize("name", METHODS)
def test_a_huge_batch_is_the_noiseless_method(name):
    """Its squared spectral radius, up to what the noise of a batch of 10^13 still does."""
    radius = max(oracles.noiseless_radius(METHODS[name], lam) for lam in LAM)
    np.testing.assert_allclose(mb.contraction_gap(Spectrum(LAM), METHODS[name], 1e13), 1 - radius**2, rtol=1e-6, atol=1e-12)


def test_polyak_and_nesterov_without_noise():
    kappa = 400.0
    H, root = Spectrum([1.0, 0.1, 1 / kappa]), np.sqrt(kappa)
    polyak = Method.heavy_ball((2 / (1 + 1 / root)) ** 2, ((root - 1) / (root + 1)) ** 2)
    nesterov = Method.nesterov(1.0, (root - 1) / (root + 1))
    # Both end on a double root, where the noise of a batch B shifts the rate by B^(-1/3): hence a batch without noise.
    np.testing.assert_allclose(mb.contraction_gap(H, polyak, 1e30), 1 - ((root - 1) / (root + 1)) ** 2, rtol=1e-6)
    np.testing.assert_allclose(mb.contraction_gap(H, nesterov, 1e30), 1 - (1 - 1 / root) ** 2, rtol=1e-6)


# -- thresholds -------------------------------------------------------------------------------------------------------
TWELVE = Spectrum.power_law(12, 1.5)


@pytest.mark.parametrize(("batch", "lr"), [(1, 0.5701095175), (4, 1.2798523307), (64, 1.9387944209)])
def test_sgd_is_stable_up_to_the_closed_threshold(batch, lr):
    closed = brentq(lambda eta: np.sum(eta * TWELVE.eigenvalues / (2 * batch - eta * TWELVE.eigenvalues * (batch + 1))) - 1,
                    1e-3, 2 * batch / (batch + 1) * (1 - 1e-12), xtol=1e-15)
    np.testing.assert_allclose(lr, closed, rtol=1e-10)
    assert mb.is_stable(TWELVE, Method.sgd(lr - 1e-9), batch) and not mb.is_stable(TWELVE, Method.sgd(lr + 1e-9), batch)
    assert abs(mb.contraction_gap(TWELVE, Method.sgd(closed), batch)) < 1e-12


@pytest.mark.parametrize(("batch", "lr"), [(1, 0.0726856633), (4, 0.2786544918), (64, 2.2651923530)])
def test_heavy_ball_is_stable_up_to_the_closed_threshold(batch, lr):
    def excess(eta):
        x = eta * TWELVE.eigenvalues
        c = x * 1.9 / (batch * 0.1 * (3.8 - x))
        return np.sum(c / (1 - c)) - 1

    np.testing.assert_allclose(lr, brentq(excess, lr * 0.9, lr * 1.01, xtol=1e-15), rtol=1e-9)
    stable = [mb.is_stable(TWELVE, Method.heavy_ball(lr + off, 0.9), batch) for off in (-1e-9, 1e-9)]
    assert stable == [True, False]


# -- the floor --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["sgd", "heavy ball", "nesterov", "two buffers", "negative eta", "unread buffer"])
def test_floor_is_the_fixed_point_of_the_dense_operator(name):
    method = oracles.heard(METHODS[name])
    T, drive = oracles.dense_operator(LAM, method, 8), oracles.dense_noise(LAM, method, 8, 0.7)
    S = np.linalg.solve(np.eye(len(T)) - T, drive).reshape(6, 6)
    expected = 0.5 * np.sum(LAM * np.diag(S)[:3])
    np.testing.assert_allclose(mb.noise_floor(Spectrum(LAM), METHODS[name], 8, noise=0.7), expected, rtol=1e-10)
    np.testing.assert_allclose(mb.risk_curve(Spectrum(LAM), METHODS[name], 8, 3000, noise=0.7)[-1], expected, rtol=1e-10)


def test_floor_where_there_is_none():
    H = Spectrum(LAM)
    assert mb.noise_floor(H, METHODS["diverging"], 8) == np.inf
    assert mb.noise_floor(H, METHODS["sgd"], 8, noise=0.0) == 0.0
    floors = mb.noise_floor(H, Method.sgd(1.0), [1, 4, 64])
    np.testing.assert_array_equal(np.isinf(floors), [True, False, False])


# -- curves -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kurtosis", KURTOSES)
@pytest.mark.parametrize("name", METHODS)
def test_curve_is_that_of_the_dense_operator(name, kurtosis):
    start = np.array([1.0, 0.0, 4.0])
    for noise in (0.0, 0.5):
        if noise and kurtosis != 3.0:
            continue
        curve = mb.risk_curve(Spectrum(LAM), METHODS[name], 4, 30, noise, start, kurtosis)
        expected = oracles.dense_curve(LAM, METHODS[name], 4, 30, noise, start, kurtosis)
        np.testing.assert_allclose(curve, expected, rtol=1e-10)


def test_curve_counts_multiplicities_and_starts_at_the_initial_risk():
    H, method = Spectrum(LAM, counts=[1, 3, 2]), METHODS["nesterov"]
    curve = mb.risk_curve(H, method, 4, 50, noise=0.3, start=[4.0, 1.0, 9.0])
    one_by_one = mb.risk_curve(Spectrum(np.repeat(LAM, [1, 3, 2])), method, 4, 50, 0.3, np.repeat([4.0, 1.0, 9.0], [1, 3, 2]))
    np.testing.assert_allclose(curve, one_by_one, rtol=1e-12)
    np.testing.assert_allclose(curve[0], 0.5 * (4 * 1.0 + 3 * 0.3 + 9 * 2 * 0.05), rtol=1e-14)
    assert mb.risk_curve(H, method, 4, 0).shape == (1,)


@pytest.mark.parametrize("name", ["sgd", "two buffers", "nesterov", "diverging"])
def test_the_long_run_slope_of_the_curve_is_the_gap(name):
    H, method = Spectrum(LAM), METHODS[name]
    curve = mb.risk_curve(H, method, 8, 400)
    np.testing.assert_allclose(1 - curve[-1] / curve[-2], mb.contraction_gap(H, method, 8), rtol=1e-8)


def test_a_diverging_curve_grows_to_inf_without_warnings():
    curve = mb.risk_curve(Spectrum(LAM), Method.heavy_ball(50.0, 0.9), 1, 5000, noise=1.0)
    assert curve[-1] == np.inf and not np.isnan(curve).any() and np.all(np.diff(curve[np.isfinite(curve)][2:]) > 0)


def test_chosen_times_are_those_of_the_curve():
    H = Spectrum(LAM, counts=[1, 3, 2])
    for method in METHODS.values():
        curve = mb.risk_curve(H, method, 4, 300, noise=0.3, start=[4.0, 1.0, 9.0])
        times = [0, 1, 2, 2, 17, 300]
        np.testing.assert_allclose(mb.risk_at(H, method, 4, times, noise=0.3, start=[4.0, 1.0, 9.0]), curve[times], rtol=1e-9)
    assert mb.risk_at(H, METHODS["diverging"], 4, [10**9])[0] == np.inf


def test_steps_to_is_where_the_curve_crosses():
    H, method = Spectrum(LAM), METHODS["two buffers"]
    curve = mb.risk_curve(H, method, 8, 500)
    for target in (0.4, 0.01, 1e-4):
        first = int(np.argmax(curve <= target))
        steps = mb.steps_to(H, method, 8, target)
        assert first - 1 < steps <= first
        np.testing.assert_allclose(np.interp(steps, range(501), np.log(curve)), np.log(target), rtol=1e-12)
    assert mb.steps_to(H, method, 8, target=10.0) == 0.0
    assert mb.steps_to(H, method, 8, target=curve[7] * (1 + 1e-12)) > 6.99
    assert mb.steps_to(H, method, 8, target=1e-4, limit=20) == np.inf
    assert mb.steps_to(H, METHODS["diverging"], 8, target=1e-4) == np.inf
    assert mb.steps_to(H, method, 8, target=1e-9, noise=1.0) == np.inf
