"""Small learning rates: moments against Lyapunov equations and simulation; thresholds against the dense operator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from mombook.exact import schedule, small_steps
from mombook.exact.schedule import Schedule
from mombook.exact.small_steps import (
    coupled_difference,
    end_point_variance,
    linear_moments,
    matched,
    measured_slope,
    scheduled_beta,
    slow_rate,
    stationary_variance,
    step_noise_ratio,
    weak_difference,
)
from mombook.exact.svag import svag_curve
from mombook.exact.thresholds import long_run_threshold
from mombook.model.method import Method
from mombook.model.spectrum import Spectrum
from mombook.sample import noisy_gradient, slow_manifold
from mombook.sample.noisy_gradient import Oracle, simulate, stream
from mombook.sample.slow_manifold import across_variance, measured_drift, slow_flow, valley

METHODS = [Method.sgd(lr=0.3), Method.ema(lr=0.3, beta=0.8), Method.nesterov(lr=0.2, beta=0.7),
           Method(0.1, 0.05, 0.9)]


def state_map(method, lam):
    """(w, m) -> (w', m') for the noiseless step, and where unit noise goes, written out by hand."""
    d, e, b = method.delta, method.eta, method.beta
    return np.array([[1 - (d + e) * lam, -e * b], [lam, b]]), np.array([[-(d + e)], [1.0]])


# -- the linear model --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
def test_linear_moments_are_powers_of_the_state_map(method):
    lam, sigma = np.array([1.0, 0.2, 0.0]), 0.7
    mean, variance = linear_moments(lam, method, 9, start=[1.0, -2.0, 3.0], noise=sigma)
    for i, start in enumerate([1.0, -2.0, 3.0]):
        T, b = state_map(method, lam[i])
        for t in range(10):
            power = [np.linalg.matrix_power(T, k) for k in range(t + 1)]
            np.testing.assert_allclose(mean[t, i], (power[t] @ [start, 0.0])[0], rtol=1e-10, atol=1e-14)
            spread = sigma**2 * sum(((power[k] @ b)[0, 0]) ** 2 for k in range(t))
            np.testing.assert_allclose(variance[t, i], spread, rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(lam=st.floats(0.01, 3), delta=st.floats(0, 1), eta=st.floats(0.001, 1), beta=st.floats(0, 0.95))
def test_stationary_variance_solves_the_lyapunov_equation(lam, delta, eta, beta):
    method = Method(delta, eta, beta)
    T, b = state_map(method, lam)
    size = np.max(np.abs(np.linalg.eigvals(T)))
    got = stationary_variance([lam], method, 1.3)[0]
    if size < 1 - 1e-6:
        exact = linalg.solve_discrete_lyapunov(T, 1.69 * b @ b.T)[0, 0]
        np.testing.assert_allclose(got, exact, rtol=1e-7)
    elif size > 1 + 1e-6:
        assert got == np.inf


def test_stationary_variance_of_the_named_methods():
    lam, eta, beta = np.array([0.5, 2.0]), 0.1, 0.9
    sgd, sgdm = matched(eta, beta)
    np.testing.assert_allclose(stationary_variance(lam, sgd), eta / (lam * (2 - eta * lam)), rtol=1e-12)
    np.testing.assert_allclose(stationary_variance(lam, sgdm),
                               eta * (1 + beta) / (lam * (2 * (1 + beta) - eta * (1 - beta) * lam)), rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_simulation_agrees_with_linear_moments(method):
    lam = np.array([1.0, 0.3])
    w = simulate(Oracle.quadratic(lam, 0.5), method, 12, 4000, np.random.default_rng(0), [1.0, 2.0])
    mean, variance = linear_moments(lam, method, 12, [1.0, 2.0], 0.5)
    z = (w[:, 1:].mean(axis=0) - mean[1:]) / np.sqrt(variance[1:] / 4000)
    assert np.max(np.abs(z)) < 5
    squares = (w[:, 1:] - mean[1:]) ** 2
    z = (squares.mean(axis=0) - variance[1:]) / (squares.std(axis=0) / np.sqrt(4000))
    assert np.max(np.abs(z)) < 5


@given(lam=st.floats(0.01, 2), eta=st.floats(1e-5, 0.02), beta=st.floats(0, 0.8))
def test_slow_rate_is_an_eigenvalue(lam, eta, beta):
    z = np.linalg.eigvals(state_map(Method.ema(lr=eta, beta=beta), lam)[0])
    rate = slow_rate([lam], eta, beta)[0]
    assert np.isnan(rate) == np.iscomplexobj(z)
    if not np.isnan(rate):
        np.testing.assert_allclose(rate, 1 - z.max(), atol=1e-8)
        if beta == 0:
            np.testing.assert_allclose(rate, eta * lam, rtol=1e-10)


def test_slow_rate_expands_as_said():
    eta = np.array([1e-3, 5e-4])
    exact = np.array([slow_rate([1.0], e, 0.9)[0] for e in eta])
    rest = exact - eta * (1 + 9 * eta)
    np.testing.assert_allclose(rest[0] / rest[1], 8, rtol=0.05)         # what is left is of third order


# -- noise -------------------------------------------------------------------------------------------------------------
@given(beta=st.floats(0, 0.99), steps=st.integers(0, 40), eta=st.floats(0.01, 1))
def test_noise_formulas_are_sums_over_the_noises(beta, steps, eta):
    j = np.arange(1, steps + 1)
    np.testing.assert_allclose(end_point_variance(eta, beta, steps, 2.0), 4 * eta**2 * np.sum((1 - beta**j) ** 2),
                               rtol=1e-7, atol=1e-9)
    coupled = 4 * eta**2 * np.sum(beta ** (2 * j))
    np.testing.assert_allclose(coupled_difference(eta, beta, steps, 2.0), coupled, rtol=1e-10)
    assert coupled_difference(eta, beta, steps) <= eta**2 / (1 - beta)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_noise_formulas_are_those_of_the_method(beta):
    sgd, sgdm = matched(0.2, beta)
    _, variance = linear_moments([0.0], sgdm, 30)
    np.testing.assert_allclose(end_point_variance(0.2, beta, 30), variance[-1, 0], rtol=1e-12)
    v = np.random.default_rng(0).standard_normal((30, 20_000))          # one noise for both methods
    x = z = m = n = np.zeros(20_000)
    for row in v:
        x, m = sgdm.step(x, m, row)
        z, n = sgd.step(z, n, row)
    square = (x - z) ** 2
    assert abs(square.mean() - coupled_difference(0.2, beta, 30)) <= 5 * square.std() / np.sqrt(20_000)
    k = np.arange(5000)
    np.testing.assert_allclose(step_noise_ratio(beta), np.sum(((1 - beta) * beta**k) ** 2), rtol=1e-10)


# -- slopes ------------------------------------------------------------------------------------------------------------
def test_differences_vanish_at_the_rate_of_the_schedule():
    etas = 2.0 ** -np.arange(9, 13)
    for alpha in (0.0, 0.5):
        gaps = [weak_difference(e, scheduled_beta(e, alpha, 0.2 if alpha == 0 else 1.0)) for e in etas]
        local = -np.diff(np.log2(gaps))
        assert np.all(np.diff(local) > 0) and np.all(local < 1 - alpha)      # rises to the slope 1 - alpha from below
        assert local[-1] > (1 - alpha) * 0.8
        slope = measured_slope(etas, gaps)
        assert slope.low < slope.value < slope.high and local[0] < slope.value < local[-1]


def test_variances_alone_differ_one_order_less():
    etas = 2.0 ** -np.arange(9, 13)
    gaps = [weak_difference(e, 0.8, start=0.0) for e in etas]
    np.testing.assert_allclose(measured_slope(etas, gaps).value, 2.0, atol=0.05)


def test_measured_slope_covers_the_truth():
    rng, inside = np.random.default_rng(0), 0
    x = np.geomspace(1, 100, 10)
    for _ in range(300):
        s = measured_slope(x, 3 * x**-1.5 * np.exp(0.1 * rng.standard_normal(10)))
        inside += s.low <= -1.5 <= s.high
    assert abs(inside / 300 - 0.95) < 5 * np.sqrt(0.95 * 0.05 / 300)


# -- thresholds and SVAG -----------------------------------------------------------------------------------------------
def dense_radius(lam, method, batch):
    """Spectral radius of E s s^T -> E s' s'^T for Gaussian rows, from E[x x^T M x x^T] = 2HMH + tr(HM)H."""
    n = len(lam)
    big = np.zeros((4 * n, 4 * n))
    for i in range(n):
        T, b = state_map(method, lam[i])
        big[4 * i:4 * i + 4, 4 * i:4 * i + 4] = np.kron(T, T)
        for j in range(n):
            big[4 * i:4 * i + 4, 4 * j] += np.kron(b, b).ravel() * (lam[i] * lam[j] + (i == j) * lam[i] ** 2) / batch
    return np.max(np.abs(np.linalg.eigvals(big)))


@settings(max_examples=25, deadline=None)
@given(logs=st.lists(st.floats(-4, 0), min_size=1, max_size=4), batch=st.floats(1, 300), beta=st.floats(0, 0.98),
       level=st.sampled_from([1.0, 2.0, 7.5]))
def test_threshold_is_where_the_dense_operator_has_radius_one(logs, batch, beta, level):
    lam = np.exp(logs)
    h = long_run_threshold(Spectrum(lam), batch, beta, level)
    # SVAG(l) in the linear model is the method with steps /l and batch /l.
    at = lambda f: dense_radius(lam, Method.heavy_ball(f * h * (1 - beta) / level, beta), batch / level)  # noqa: E731
    np.testing.assert_allclose(at(1.0), 1.0, rtol=1e-6)
    assert at(0.98) < 1 < at(1.02)


def test_thresholds_of_a_power_law():
    H = Spectrum(np.arange(1, 13) ** -1.5)
    known = [(1, 0.5701095175, 0.0726856633), (4, 1.2798523307, 0.2786544918), (64, 1.9387944209, 2.2651923530)]
    for batch, sgd, heavy_ball in known:
        np.testing.assert_allclose(long_run_threshold(H, batch), sgd, rtol=1e-9)
        np.testing.assert_allclose(long_run_threshold(H, batch, 0.9) * 0.1, heavy_ball, rtol=1e-9)


def test_momentum_and_svag_remove_the_same_curvature_term():
    H = Spectrum([1.0, 0.3, 0.1], [1, 5, 20])
    for batch in (1, 30):
        limit = long_run_threshold(H, batch, beta=1.0)
        x = limit * H.eigenvalues
        np.testing.assert_allclose(H.counts @ (x / (2 * batch - x)), 1.0, rtol=1e-10)
        for beta in (0.0, 0.9):
            np.testing.assert_allclose(long_run_threshold(H, batch, beta, np.inf), limit, rtol=1e-12)
            assert long_run_threshold(H, batch, beta) < long_run_threshold(H, batch, beta, 4.0) < limit
    wide = Spectrum([1.0, 0.01], [1, 10**6])            # B L << tr: noise decides, and momentum is worth nothing
    np.testing.assert_allclose(long_run_threshold(wide, 4), long_run_threshold(wide, 4, 1.0), rtol=1e-3)


@pytest.mark.parametrize("method", [Method.sgd(lr=0.4), Method.ema(lr=0.4, beta=0.7)])
@pytest.mark.parametrize("level", [1, 3])
def test_svag_curve_against_sampled_batches(method, level):
    lam, batch, runs, steps = np.array([1.0, 0.4]), 3, 4000, 4
    curve = svag_curve(Spectrum(lam), method, batch, steps, level)
    rng, s = np.random.default_rng(1), np.sqrt(2 * level - 1)
    e, m = np.ones((runs, 2)), np.zeros((runs, 2))
    small = Method(method.delta / level, method.eta / level, method.beta)

    def gradient():
        x = rng.standard_normal((runs, batch, 2)) * np.sqrt(lam)
        return np.einsum("rbi,rbj,rj->ri", x, x, e) / batch

    for t in range(steps + 1):
        risk = (e**2 @ lam) / 2
        assert abs(risk.mean() - curve[t]) <= 5 * risk.std() / np.sqrt(runs) + 1e-12
        for _ in range(level):
            g = (1 + s) / 2 * gradient() + (1 - s) / 2 * gradient()
            e, m = small.step(e, m, g)


def test_svag_oracle_has_the_same_mean_and_l_times_the_covariance():
    draws = Oracle.quadratic([2.0], 0.5).svag(5).draw(np.ones((200_000, 1)), np.random.default_rng(0))
    assert abs(draws.mean() - 2.0) < 5 * draws.std() / np.sqrt(200_000)
    np.testing.assert_allclose(draws.var(), 5 * 0.25, rtol=5 * np.sqrt(2 / 200_000))
    one, plain = Oracle.quadratic([2.0]).svag(1), Oracle.quadratic([2.0])
    w = np.ones((3, 1))
    np.testing.assert_array_equal(one.draw(w, np.random.default_rng(1)), plain.draw(w, np.random.default_rng(1)))


def test_stream_grows_into_what_simulate_returns():
    args = (Oracle.quadratic([1.0, 0.5]), Method.ema(lr=0.1, beta=0.5), 23, 4)
    whole = simulate(*args, np.random.default_rng(1), [1.0, 1.0], every=5)
    assert whole.shape == (4, 5, 2)
    pieces = list(stream(*args, np.random.default_rng(1), [1.0, 1.0], every=5, parts=6))
    assert pieces[-1][0] == 1.0 and len(pieces) == 6
    for _, w in pieces:
        np.testing.assert_array_equal(w, whole[:, :w.shape[1]])
    assert next(stream(*args[:2], 0, 4, np.random.default_rng(1), [1.0, 1.0]))[1].shape == (4, 1, 2)


# -- the valley --------------------------------------------------------------------------------------------------------
@given(x=st.floats(-3, 3), y=st.floats(-2, 2))
def test_valley_is_label_noise_on_its_model(x, y):
    oracle, w = valley(), np.array([[x, y]])
    h = 1e-5
    loss = lambda x, y: 0.5 * (1 + x * x) * y * y  # noqa: E731
    slope = [(loss(x + h, y) - loss(x - h, y)) / (2 * h), (loss(x, y + h) - loss(x, y - h)) / (2 * h)]
    np.testing.assert_allclose(oracle.gradient(w)[0], slope, rtol=1e-6, atol=1e-6)
    v = oracle.noise(np.repeat(w, 64, axis=0), np.random.default_rng(0))
    model = lambda x, y: y * np.sqrt(1 + x * x)  # noqa: E731
    grad = np.array([(model(x + h, y) - model(x - h, y)) / (2 * h), (model(x, y + h) - model(x, y - h)) / (2 * h)])
    np.testing.assert_allclose(v.T @ v / 64, np.outer(grad, grad), rtol=1e-6, atol=1e-6)
    assert np.all(np.isin(np.sign(v[:, 1]), [-1, 1]))


@pytest.mark.parametrize("beta", [0.0, 0.9])
def test_across_variance_by_lyapunov(beta):
    for x in (0.0, 1.5):
        T, b = state_map(Method.ema(lr=0.1, beta=beta), 1 + x * x)
        exact = linalg.solve_discrete_lyapunov(T, 0.49 * (1 + x * x) * b @ b.T)[0, 0]
        np.testing.assert_allclose(across_variance(x, 0.1, beta, 0.7), exact, rtol=1e-9)
    np.testing.assert_array_equal(across_variance([0.0, 100.0], 0.1, beta)[1], np.inf)


@pytest.mark.parametrize("beta", [0.0, 0.9])
def test_both_methods_drift_along_the_valley_at_the_same_rate(beta):
    eta, sigma = 0.02, 1.2
    steps = int(1 / eta**2)
    paths = simulate(valley(sigma), matched(eta, beta)[1], steps, 300, np.random.default_rng(0), [1.0, 0.0], every=25)
    drift = measured_drift(paths, eta, 25)
    se = drift.std(ddof=1) / np.sqrt(drift.size)
    # finite eta: E y^2 is above eta sigma^2/2 by a part eta (1-beta)(1+x^2)/(2(1+beta)), at most 2 % here
    assert abs(drift.mean() + sigma**2 / 2) < 5 * se + 0.03 * sigma**2 / 2
    end = paths[:, -1, 0]
    assert abs(end.mean() - slow_flow(1.0, eta, steps, sigma)) < 5 * end.std() / np.sqrt(300) + 0.02


# -- what may be passed ------------------------------------------------------------------------------------------------
RNG, H, Q, M = np.random.default_rng(0), Spectrum.flat(2), Oracle.quadratic([1.0]), Method.sgd(lr=0.1)
BAD = [
    ("gradient", lambda: Oracle(1.0, lambda w, rng: w)), ("noise", lambda: Oracle(lambda w: w, None)),
    ("scale", lambda: Oracle(lambda w: w, lambda w, rng: w, -1.0)), ("eigenvalues", lambda: Oracle.quadratic([-1.0])),
    ("level", lambda: Q.svag(0.5)), ("oracle", lambda: simulate(None, M, 1, 1, RNG, [1.0])),
    ("method", lambda: simulate(Q, None, 1, 1, RNG, [1.0])), ("steps", lambda: simulate(Q, M, -1, 1, RNG, [1.0])),
    ("runs", lambda: simulate(Q, M, 1, 0, RNG, [1.0])), ("rng", lambda: simulate(Q, M, 1, 1, 3, [1.0])),
    ("start", lambda: simulate(Q, M, 1, 1, RNG, 1.0)), ("every", lambda: simulate(Q, M, 1, 1, RNG, [1.0], every=0)),
    ("parts", lambda: stream(Q, M, 1, 1, RNG, [1.0], parts=0)),
    ("eigenvalues", lambda: linear_moments([-1.0], M, 1)), ("method", lambda: linear_moments([1.0], 0.1, 1)),
    ("steps", lambda: linear_moments([1.0], M, 0.5)), ("start", lambda: linear_moments([1.0], M, 1, start=[1.0, 2.0])),
    ("noise", lambda: linear_moments([1.0], M, 1, noise=-1.0)), ("eigenvalues", lambda: stationary_variance([0.0], M)),
    ("method", lambda: stationary_variance([1.0], "sgd")), ("noise", lambda: stationary_variance([1.0], M, -1.0)),
    ("lr", lambda: slow_rate([1.0], 0.0)), ("beta", lambda: slow_rate([1.0], 0.1, 1.0)),
    ("eigenvalues", lambda: slow_rate([], 0.1)), ("beta", lambda: step_noise_ratio(1.0)),
    ("steps", lambda: end_point_variance(0.1, 0.5, -1)), ("beta", lambda: end_point_variance(0.1, -0.5, 1)),
    ("lr", lambda: coupled_difference(np.inf, 0.5, 1)), ("noise", lambda: coupled_difference(0.1, 0.5, 1, -1.0)),
    ("lr", lambda: scheduled_beta(0.0, 0.5)), ("alpha", lambda: scheduled_beta(0.1, -0.5)),
    ("memory", lambda: scheduled_beta(0.1, 0.5, 0.0)),
    ("lr", lambda: matched("fast", 0.5)),
    ("beta", lambda: matched(0.1, 2)),
    ("horizon", lambda: weak_difference(0.1, 0.5, horizon=0.0)), ("lr", lambda: weak_difference(-0.1, 0.5)),
    ("x must", lambda: measured_slope([1.0, 2.0], [1.0, 2.0])),
    ("x must", lambda: measured_slope([1.0] * 3, [1.0] * 3)),
    ("y must", lambda: measured_slope([1.0, 2.0, 3.0], [1.0, 2.0, 0.0])),
    ("confidence", lambda: measured_slope([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 1.0)),
    ("spectrum", lambda: long_run_threshold([1.0], 1)), ("batch", lambda: long_run_threshold(H, 0.5)),
    ("beta", lambda: long_run_threshold(H, 1, 1.1)), ("level", lambda: long_run_threshold(H, 1, 0.5, 0.0)),
    ("spectrum", lambda: svag_curve(None, M, 1, 1)), ("method", lambda: svag_curve(H, None, 1, 1)),
    ("batch", lambda: svag_curve(H, M, np.nan, 1)), ("level", lambda: svag_curve(H, M, 1, 1, 1.5)),
    ("^level must be at most", lambda: svag_curve(H, M, 1, 2, 10**6)),
    ("^steps must be at most .* so that level times steps ends", lambda: svag_curve(H, M, 1, 10**6, 2)),
    ("steps", lambda: svag_curve(H, M, 1, -1)), ("start", lambda: svag_curve(H, M, 1, 1, start=[1.0, 2.0])),
    ("noise", lambda: valley(-1.0)),
    ("lr", lambda: across_variance(0.0, 0.0)),
    ("beta", lambda: across_variance(0.0, 0.1, 1.0)),
    ("x must", lambda: slow_flow(np.nan, 0.1, 1)),
    ("steps", lambda: slow_flow(1.0, 0.1, -1)),
    ("lr", lambda: slow_flow(1.0, 0, 1)),
    ("paths", lambda: measured_drift(np.zeros((2, 3, 2)), 0.1)),
    ("every", lambda: measured_drift(np.ones((2, 3, 2)), 0.1, 0)),
]


@pytest.mark.parametrize(("name", "call"), BAD)
def test_bad_input_is_refused_by_name(name, call):
    with pytest.raises(ValueError, match=name):
        call()


@pytest.mark.parametrize("horizon", [1.0, 30.0])
def test_a_step_that_would_take_too_many_steps_is_refused_with_the_least_that_would_not(horizon):
    most = 250_000
    with pytest.raises(ValueError, match=rf"^lr must be at least horizon / {most:,}, {horizon / most:.3g}; got"):
        weak_difference(0.99 * horizon / most, 0.5, horizon=horizon)


def test_divergence_is_no_error():
    assert svag_curve(H, Method.sgd(lr=1e9), 1, 60)[-1] == np.inf
    linear_moments([1.0], Method.sgd(lr=1e9), 60)
    simulate(Q, Method.sgd(lr=1e9), 60, 2, RNG, [1.0])


# -- schedules -----------------------------------------------------------------------------------------------------------
def momentum_plan(n, factors, beta, units=2):
    """SGDM of long-run step factors / n and memory beta, over so many units of time."""
    beta = np.broadcast_to(beta, units * n)
    return Schedule(0.0, factors(units * n) / n * (1 - beta), beta, np.ones(units * n))


SHAPES = {"linear": (schedule.linear, lambda t: 0.9), "cut": (lambda t: schedule.step_decay(t, (0.5,)), lambda t: 0.9),
          "warmup": (lambda t: schedule.warmup_stable_decay(t, 0.1), lambda t: 0.8),
          "longer memory": (schedule.constant, lambda t: 1 - np.linspace(0.5, 0.1, t)),
          "shorter memory": (schedule.constant, lambda t: 1 - np.linspace(0.1, 0.5, t))}


@pytest.mark.parametrize("noise", [1.0, None], ids=["noise 1", "noise 1/sqrt(eta)"])
@pytest.mark.parametrize("shape", SHAPES)
def test_under_a_schedule_the_difference_falls_with_the_step(shape, noise):
    """(matched steps): slope towards 1, from below, whatever moves along the run."""
    f, beta = SHAPES[shape]
    sizes = (400, 800, 1600)
    H, plans = Spectrum([1.0, 0.3]), {n: momentum_plan(n, f, beta(2 * n)) for n in sizes}
    gaps = [small_steps.schedule_difference(H, plan, noise or n**0.5) for n, plan in plans.items()]
    slopes = -np.diff(np.log2(gaps))
    assert np.all(np.abs(slopes - 1) < 0.27) and abs(slopes[1] - 1) < abs(slopes[0] - 1) + 0.02, slopes


def test_a_memory_as_long_as_the_run_does_not_coincide():
    plans = [momentum_plan(n, schedule.constant, 1 - 4 / n) for n in (200, 800)]
    gaps = [small_steps.schedule_difference(Spectrum([1.0]), plan) for plan in plans]
    np.testing.assert_allclose(gaps[1], gaps[0], rtol=0.05)
    assert gaps[1] > 0.05


def test_constant_schedules_differ_as_constant_methods_do():
    """Against the linear model's own moments, which share no code with schedules."""
    n, noise = 300, 0.7
    plan = momentum_plan(n, schedule.constant, 0.9, units=1)
    found = small_steps.schedule_difference(Spectrum([0.5]), plan, noise)
    both = small_steps.matched(1 / n, 0.9)
    (m0, v0), (m1, v1) = (small_steps.linear_moments([0.5], m, n, 1.0, noise * 0.5**0.5) for m in both)
    np.testing.assert_allclose(found, 0.25 * np.max(np.abs(m0**2 + v0 - m1**2 - v1)), rtol=1e-9)


@pytest.mark.parametrize("bad", ["plan", Method.sgd(0.1)])
def test_only_schedules_are_matched(bad):
    with pytest.raises(ValueError, match=r"schedule must be a mombook\.Schedule"):
        small_steps.matched_schedule(bad)


# -- a valley with diffusion ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", small_steps.matched(0.04, 0.8))
def test_the_slow_law_is_that_of_runs(method):
    """(slow SDE): mean and variance within five standard errors and the order of the step."""
    runs, every = 1500, 312
    paths = noisy_gradient.simulate(slow_manifold.diffusing_valley(0.3), method, 4 * every, runs, np.random.default_rng(1),
                                    [1.0, 0.0], every)[..., 0]
    mean, variance = slow_manifold.slow_law(1.0, 0.04, every * np.arange(5), 0.3)
    assert np.all(np.abs(paths.mean(0) - mean)[1:] < 5 * paths.std(0)[1:] / runs**0.5 + 0.04)
    assert np.all(np.abs(paths.var(0)[1:] / variance[1:] - 1) < 5 * (2 / runs) ** 0.5 + 0.04)


def test_the_slow_law_solves_its_equations():
    """E X' = -sigma^2 E X / 2 and Var' = -sigma^2 Var + sigma^2 a^2 in slow time, from a point."""
    k, eta, a, sigma = np.linspace(0, 400, 2001), 0.1, 0.4, 0.7
    mean, variance = slow_manifold.slow_law(1.3, eta, k, a, sigma)
    tau = eta**2 * k
    np.testing.assert_allclose(np.gradient(mean, tau)[1:-1], -(sigma**2) / 2 * mean[1:-1], rtol=1e-5)
    np.testing.assert_allclose(np.gradient(variance, tau)[1:-1], sigma**2 * (a**2 - variance[1:-1]), rtol=1e-4)
    assert mean[0] == 1.3 and variance[0] == 0


def test_the_diffusing_valley_has_the_gradient_of_its_loss():
    """(diffusing valley)."""
    w, h = np.random.default_rng(0).normal(size=(5, 2)), 1e-6
    loss = lambda w: np.exp(w[:, 0] ** 2) * w[:, 1] ** 2 / 2                            # noqa: E731
    found = np.stack([(loss(w + h * e) - loss(w - h * e)) / (2 * h) for e in np.eye(2)], axis=-1)
    np.testing.assert_allclose(slow_manifold.diffusing_valley().gradient(w), found, rtol=1e-6)
    draws = slow_manifold.diffusing_valley(0.3, 2.0)
    assert draws.scale == 2 and abs(draws.noise(np.zeros((4000, 2)), np.random.default_rng(1)).std(0)[0] - 0.3) < 0.02
