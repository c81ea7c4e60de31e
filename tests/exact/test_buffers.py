"""Several buffers and schedules: against the one-buffer engine, the dense operator, and the algorithms as published."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import dense_curve, nodes

import mombook as mb
from mombook.exact import buffers
from mombook.exact.buffers import Buffers

steps = st.floats(0.0, 0.5)
memories = st.floats(0.0, 0.97)
batches = st.floats(1.0, 100.0)
spectra = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6).map(mb.Spectrum)


# -- oracles: the update written out once more, one sample at a time --------------------------------------------------
def literal_step(method, w, m, g):
    m = [beta * each + g for beta, each in zip(method.betas, m, strict=True)]
    return w - method.delta * g - sum(eta * each for eta, each in zip(method.etas, m, strict=True)), m


def operator(eigenvalues, method, batch, kurtosis=3.0):
    """E[A (x) A] over batches, A the map of (e, m_1, ..., m_K): sample by sample."""
    d, K = len(eigenvalues), len(method.betas)
    points, weights = nodes(d, kurtosis)
    maps = []
    for z in points:
        x, columns = np.sqrt(eigenvalues) * z, []
        for state in np.eye((K + 1) * d):
            e, *m = state.reshape(K + 1, d)
            e, m = literal_step(method, e, m, x * (x @ e))
            columns.append(np.concatenate([e, *m]))
        maps.append(np.array(columns).T)
    mean = sum(p * A for p, A in zip(weights, maps, strict=True))
    same = sum(p * np.kron(A, A) for p, A in zip(weights, maps, strict=True))
    return same / batch + (1 - 1 / batch) * np.kron(mean, mean)


def operator_curve(eigenvalues, schedule, batch, steps, kurtosis=3.0):
    d, K = len(eigenvalues), len(schedule(0).betas)
    S = np.zeros(((K + 1) * d,) * 2)
    S[range(d), range(d)] = 1.0
    curve = []
    for t in range(steps + 1):
        curve.append(0.5 * np.sum(eigenvalues * np.diag(S)[:d]))
        S = (operator(eigenvalues, schedule(t), batch, kurtosis) @ S.ravel()).reshape(S.shape)
    return np.array(curve)


def draw(rng, K):
    return Buffers(rng.uniform(0, 0.3), rng.uniform(0, 0.15, K), rng.uniform(0, 0.95, K))


# -- one buffer: the engine of moments and secular --------------------------------------------------------------------
@settings(max_examples=60, deadline=None)
@given(spectra, steps, steps, memories, batches, st.sampled_from([1.0, 3.0, 6.0]))
def test_one_buffer_is_the_method(H, delta, eta, beta, batch, kurtosis):
    method = mb.Method(delta, eta, beta)
    many = Buffers.from_method(method)
    np.testing.assert_allclose(buffers.risk_curve(H, many, batch, 30, noise=0.3, kurtosis=kurtosis),
                               mb.risk_curve(H, method, batch, 30, noise=0.3, kurtosis=kurtosis), rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(buffers.contraction_gap(H, many, batch, kurtosis),
                               mb.contraction_gap(H, method, batch, kurtosis), rtol=1e-10, atol=1e-12)


def test_every_direction_may_have_a_kurtosis_of_its_own():
    H, method, each = mb.Spectrum([1.0, 0.3, 0.1]), mb.Method(0.1, 0.05, 0.8), np.array([1.0, 3.0, 9.0])
    many = Buffers.from_method(method)
    np.testing.assert_allclose(buffers.risk_curve(H, many, 3, 30, kurtosis=each),
                               mb.risk_curve(H, method, 3, 30, kurtosis=each), rtol=1e-11)
    np.testing.assert_allclose(buffers.contraction_gap(H, many, 3, each), mb.contraction_gap(H, method, 3, each), rtol=1e-10)


def test_a_step_of_nothing_has_no_gap():
    """Found by hypothesis: the response to noise was rounding error of the wrong sign, and was taken for a passed pole."""
    H, method = mb.Spectrum([0.5235342579229156]), Buffers(0.0, [2.220446049250313e-16], [0.1953125])
    tiny = buffers.contraction_gap(H, method, batch=1, kurtosis=1.0)
    assert 0 <= tiny < 1e-15


def test_one_buffer_on_a_large_spectrum():
    H = mb.Spectrum.power_law(300, 1.5)
    for batch in (1, 16, 256):
        for family in ("heavy_ball", "nesterov", "asgd"):
            best = mb.tune(H, family, batch)
            np.testing.assert_allclose(buffers.contraction_gap(H, best.method, batch), best.gap, rtol=1e-8)


# -- several buffers: the dense operator ------------------------------------------------------------------------------
@pytest.mark.parametrize("K", [0, 1, 2, 3])
@pytest.mark.parametrize("kurtosis", [1.0, 3.0])
def test_gap_is_that_of_the_dense_operator(K, kurtosis):
    rng, eigenvalues = np.random.default_rng(K), np.array([1.0, 0.3])
    for batch in (1.0, 5.0):
        method = draw(rng, K)
        rho = np.abs(np.linalg.eigvals(operator(eigenvalues, method, batch, kurtosis))).max()
        np.testing.assert_allclose(1 - buffers.contraction_gap(mb.Spectrum(eigenvalues), method, batch, kurtosis), rho,
                                   rtol=1e-10)


@pytest.mark.parametrize("K", [0, 1, 2, 3])
def test_curve_is_that_of_the_dense_operator(K):
    method, eigenvalues = draw(np.random.default_rng(10 + K), K), np.array([1.0, 0.4])
    np.testing.assert_allclose(buffers.risk_curve(mb.Spectrum(eigenvalues), method, 3, 6),
                               operator_curve(eigenvalues, lambda t: method, 3, 6), rtol=1e-11)


def test_schedule_is_that_of_the_dense_operator():
    eigenvalues, rng = np.array([1.0, 0.4]), np.random.default_rng(3)
    path = [draw(rng, 2) for _ in range(7)]
    exact = operator_curve(eigenvalues, lambda t: path[t], 2, 6)
    H = mb.Spectrum(eigenvalues)
    np.testing.assert_allclose(buffers.risk_curve(H, path, 2, 6), exact, rtol=1e-11)
    np.testing.assert_allclose(buffers.risk_curve(H, lambda t: path[t], 2, 6), exact, rtol=1e-11)


def test_constant_schedule_is_the_method():
    H, method = mb.Spectrum([1.0, 0.2, 0.1]), mb.Method(0.1, 0.05, 0.8)
    np.testing.assert_allclose(buffers.risk_curve(H, lambda t: method, 4, 50, noise=0.1),
                               mb.risk_curve(H, method, 4, 50, noise=0.1), rtol=1e-12)
    np.testing.assert_allclose(dense_curve(H.eigenvalues, method, 4, 10),
                               buffers.risk_curve(H, [method] * 10, 4, 10), rtol=1e-11)


def test_curve_settles_at_the_gap():
    H, method = mb.Spectrum([1.0, 0.1]), Buffers(0.1, (0.02, 0.0005), (0.8, 0.9))
    curve = buffers.risk_curve(H, method, 8, 9000)
    assert curve[-1] > 1e-250
    np.testing.assert_allclose(1 - curve[-1] / curve[-2], buffers.contraction_gap(H, method, 8), rtol=1e-8)


# -- the published algorithms -----------------------------------------------------------------------------------------
def path_of(method, w, gradients):
    m, path = [np.zeros_like(w)] * len(method.betas), [w]
    for gradient in gradients:
        w, m = method.step(w, m, gradient(w))
        path.append(w)
    return np.array(path)


def some_gradients(n=30, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, 3))
    return np.ones(3), [lambda w, x=x: x * (x @ w) for x in rows]


def test_aggmo_as_published():
    w, gradients = some_gradients()
    betas, lr, x, v, path = (0.0, 0.9, 0.99), 0.06, np.ones(3), np.zeros((3, 3)), [np.ones(3)]
    for gradient in gradients:
        v = np.array(betas)[:, None] * v - gradient(x)
        x = x + lr * v.mean(0)
        path.append(x)
    np.testing.assert_allclose(path_of(Buffers.aggmo(lr, betas), w, gradients), path, rtol=1e-12)


def test_ademamix_as_published():
    w, gradients = some_gradients()
    lr, b1, b3, alpha, x, m1, m2, path = 0.05, 0.5, 0.99, 3.0, np.ones(3), 0.0, 0.0, [np.ones(3)]
    for gradient in gradients:
        g = gradient(x)
        m1, m2 = b1 * m1 + (1 - b1) * g, b3 * m2 + (1 - b3) * g
        x = x - lr * (m1 + alpha * m2)
        path.append(x)
    np.testing.assert_allclose(path_of(Buffers.ademamix(lr, b1, b3, alpha), w, gradients), path, rtol=1e-12)


def test_dana_as_published():
    """y' = (1 - Delta(t)) y + g, w' = w - gamma_2 g - gamma_3(t) y', Delta(t) = (1 + t/memory)^-1."""
    w, gradients = some_gradients()
    x, y, path, schedule = w, np.zeros(3), [w], buffers.dana_decaying(0.05, 0.02, 0.7, memory=6.0)
    for t, gradient in enumerate(gradients):
        g = gradient(x)
        y = (1 - (1 + t / 6.0) ** -1.0) * y + g
        x = x - 0.05 * g - 0.02 * (1 + t) ** -0.7 * y
        path.append(x)
    m, mine = np.zeros(3), [w]
    for t, gradient in enumerate(gradients):
        w, m = schedule(t).step(w, m, gradient(w))
        mine.append(w)
    np.testing.assert_allclose(mine, path, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.05, 0.1]), st.sampled_from([0.0, 0.5, 0.9])), max_size=4))
def test_simplest_has_the_same_iterates(pairs):
    method = Buffers(0.05, [p[0] for p in pairs], [p[1] for p in pairs])
    w, gradients = some_gradients()
    small = method.simplest()
    np.testing.assert_allclose(path_of(small, w, gradients), path_of(method, w, gradients), rtol=1e-11, atol=1e-12)
    assert len(small.betas) <= 2 and 0.0 not in small.betas and len(set(small.betas)) == len(small.betas)
    np.testing.assert_allclose(small.long_run_step, method.long_run_step, rtol=1e-12)


def test_a_buffer_never_read_does_not_slow_the_answer():
    H = mb.Spectrum([1.0, 0.5])
    slow = Buffers(0.2, (0.0, 0.01), (0.9999999, 0.5))
    np.testing.assert_allclose(buffers.contraction_gap(H, slow, 4),
                               mb.contraction_gap(H, mb.Method(0.2, 0.01, 0.5), 4), rtol=1e-12)


def test_equal_memories_are_one_buffer():
    H = mb.Spectrum([1.0, 0.1])
    np.testing.assert_allclose(buffers.contraction_gap(H, Buffers.aggmo(0.3, [0.9, 0.9, 0.9]), 4),
                               mb.contraction_gap(H, mb.Method.heavy_ball(0.3, 0.9), 4), rtol=1e-12)


@pytest.mark.parametrize("K", [0, 1, 3])
def test_the_transition_is_the_update_rule(K):
    rng = np.random.default_rng(K)
    method, lam, state, noise = draw(rng, K), rng.uniform(0, 1, 5), rng.standard_normal((K + 1, 5)), rng.standard_normal(5)
    M, b = method.transition(lam)
    w, m = literal_step(method, state[0], list(state[1:]), lam * state[0] + noise)
    np.testing.assert_allclose(np.einsum("ijn,jn->in", M, state) + np.outer(b, noise), [w, *m], rtol=1e-12, atol=1e-14)


# -- read-outs --------------------------------------------------------------------------------------------------------
def test_steps_to():
    H, method = mb.Spectrum.power_law(20, 1.0), mb.Method(0.1, 0.05, 0.8)
    np.testing.assert_allclose(buffers.steps_to(H, method, 8, 0.05), mb.steps_to(H, method, 8, 0.05), rtol=1e-12)
    assert buffers.steps_to(H, method, 8, 100.0) == 0.0
    assert buffers.steps_to(H, method, 8, 1e-9, limit=20) == np.inf
    assert buffers.steps_to(H, [method] * 9, 8, 1e-9) == np.inf
    soon = mb.risk_curve(H, method, 8, 9)[9]
    np.testing.assert_allclose(buffers.steps_to(H, [method] * 9, 8, soon * (1 + 1e-9)), 9, rtol=1e-6)


def test_divergence_grows_to_inf_and_has_a_negative_gap():
    H, wild = mb.Spectrum([1.0, 0.5]), Buffers(3.0, (1.0,), (0.9,))
    assert buffers.risk_curve(H, wild, 1, 2000)[-1] == np.inf
    assert buffers.contraction_gap(H, wild, 1) < 0
    assert buffers.steps_to(H, wild, 1, 1e-3) == np.inf


def test_tune_finds_the_tuned_family():
    H = mb.Spectrum.power_law(60, 1.5)
    best = buffers.tune(H, lambda z: mb.Method(np.exp(z[0]), np.exp(z[1]), 1 / (1 + np.exp(-z[2]))), [-2.0, -5.0, 3.0], batch=4)
    reference = mb.tune(H, "asgd", batch=4)
    np.testing.assert_allclose(best.gap, reference.gap, rtol=1e-4)
    np.testing.assert_allclose(best.gap, mb.contraction_gap(H, best.method, 4), rtol=1e-9)
    assert (best.family, best.batch) == ("<lambda>", 4)


# -- bad input --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("make", "name"), [
    (lambda: Buffers(np.nan, (), ()), "delta"),
    (lambda: Buffers(0.1, (0.1,), ()), "betas"),
    (lambda: Buffers(0.1, 0.1, (0.9,)), "etas"),
    (lambda: Buffers(0.1, (np.inf,), (0.9,)), "etas"),
    (lambda: Buffers(0.1, (0.1,), (1.0,)), "betas"),
    (lambda: Buffers.aggmo(0.1, []), "betas"),
    (lambda: Buffers.aggmo("a", [0.5]), "lr"),
    (lambda: Buffers.ademamix(0.1, 1.0, 0.9, 1.0), "beta_fast"),
    (lambda: Buffers.ademamix(0.1, 0.5, -0.1, 1.0), "beta_slow"),
    (lambda: Buffers.ademamix(0.1, 0.5, 0.9, None), "alpha"),
    (lambda: Buffers.from_method(3), "method"),
    (lambda: buffers.dana_constant(0.1, 0.1, memory=0.0), "memory"),
    (lambda: buffers.dana_decaying(0.1, 0.1, -1.0), "exponent"),
])
def test_bad_methods(make, name):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        make()


@pytest.mark.parametrize(("change", "name"), [
    ({"spectrum": 3}, "spectrum"), ({"method": "adam"}, "method"), ({"method": [mb.Method.sgd(0.1)] * 3}, "method"),
    ({"batch": 0.5}, "batch"), ({"steps": -1}, "steps"), ({"noise": -1.0}, "noise"), ({"start": [1.0]}, "start"),
    ({"kurtosis": 0.5}, "kurtosis"), ({"method": lambda t: 3}, "method"),
    ({"method": lambda t: Buffers(0.1, (0.1,) * (1 + t), (0.5,) * (1 + t))}, "method"),
])
def test_bad_curves(change, name):
    good = {"spectrum": mb.Spectrum([1.0, 0.5]), "method": Buffers(0.1, (), ()), "batch": 4, "steps": 5}
    with pytest.raises(ValueError, match=f"^{name} must be"):
        buffers.risk_curve(**{**good, **change})


def test_a_schedule_has_no_gap():
    with pytest.raises(ValueError, match=r"^method must be"):
        buffers.contraction_gap(mb.Spectrum([1.0]), buffers.dana_constant(0.1, 0.1), 4)


@pytest.mark.parametrize("step", [1e20, 1e90])
def test_huge_steps_have_a_rate_or_are_refused_in_words(step):
    """The rate of SGD grows as the step squared; beyond what doubles hold the method is refused."""
    H, batch = mb.Spectrum([1.0, 0.5]), 4
    try:
        gap = buffers.contraction_gap(H, Buffers(step, [step], [0.5]), batch)
    except ValueError as error:
        assert step > 1e80 and str(error).startswith("method must be one whose steps are not so large")
    else:
        np.testing.assert_allclose(gap, mb.contraction_gap(H, mb.Method(step, step, 0.5), batch), rtol=1e-8)
    with pytest.raises(ValueError, match=r"^delta must be a finite number, in size between 1e-100 and 1e\+100"):
        Buffers(1e200, [0.1], [0.5])
