"""Exact second moments on sampled rows, against enumeration of every batch and the dense operator."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import mombook
from mombook.exact.row_moments import (
    averaged_step,
    contraction_gap,
    error_curve,
    guaranteed_gap,
    heavy_ball_ceiling,
    noise_bounds,
    second_moment_operator,
    single_row_rate,
)
from mombook.model.example_systems import (
    discs,
    gaussian,
    mirrored_rows,
    tomography,
    unit_rows,
    vandermonde,
    with_spectrum,
)
from mombook.model.method import Method
from mombook.model.spectrum import Spectrum
from mombook.model.systems import System, same_row_weight
from mombook.tuning.parallel import (
    Scaling,
    measured_saturation,
    saturation_batch,
    scaling,
    simple_momentum,
    simple_nesterov,
    tuned,
)

METHODS = [Method.sgd(lr=0.9), Method.heavy_ball(lr=0.3, beta=0.6), Method.nesterov(lr=0.4, beta=0.5),
           Method(0.2, 0.1, 0.8)]


def small(action="projection", sampling="row_norm", rank_deficient=False, n=5, d=3, seed=0):
    A = np.random.default_rng(seed).standard_normal((n, d))
    if rank_deficient:
        A[:, -1] = A[:, 0] - 2 * A[:, 1]
    return System(A, solution=np.arange(1.0, d + 1), sampling=sampling, action=action)


def dense_rho(system, method, batch):
    """Spectral radius of the second moment: the literal update of every row, as a matrix, averaged over pairs of draws."""
    r, maps = system.rank, []
    for a, scale in zip(system.rows, system.scales, strict=True):
        P, eye = scale * np.outer(a, a), np.eye(r)
        m = np.hstack([P, method.beta * eye])                                           # m' = beta m + g
        w = np.hstack([eye - method.delta * P, np.zeros((r, r))]) - method.eta * m      # w' = w - delta g - eta m'
        maps.append(np.vstack([w, m]))
    maps = np.array(maps)
    mean = np.einsum("n,nij->ij", system.probabilities, maps)
    same = np.einsum("n,nij,nkl->ikjl", system.probabilities, maps, maps).reshape(4 * r * r, 4 * r * r)
    return np.abs(np.linalg.eigvals(same / batch + (1 - 1 / batch) * np.kron(mean, mean))).max()


def every_batch(system, batch, draws):
    """(probability, rows) of every possible batch, in order."""
    n = system.shape[0]
    p = system.probabilities
    if draws == "replacement":
        for rows in itertools.product(range(n), repeat=batch):
            yield np.prod(p[list(rows)]), rows
    else:
        batches = list(itertools.permutations(range(n), batch))
        for rows in batches:
            yield 1 / len(batches), rows


def literal_gradient(A, b, w, rows, normalised):
    """The mean over the batch, one row at a time, from the definition."""
    g = np.zeros_like(w)
    for i in rows:
        a = A[i]
        g += a * (a @ w - b[i]) / (a @ a if normalised else 1.0) / len(rows)
    return g


def literal_expectation(system, method, batch, draws, w, m, steps=1):
    """E|e_steps|^2 by following every sequence of batches; e is measured in the row space by least squares."""
    A, b = np.asarray(system.matrix), system.rhs
    if steps == 0:
        miss = A @ w - b
        return np.sum((np.linalg.pinv(A) @ miss) ** 2)
    total = 0.0
    for p, rows in every_batch(system, batch, draws):
        g = literal_gradient(A, b, w, rows, system.action == "projection")
        m1 = method.beta * m + g
        w1 = w - method.delta * g - method.eta * m1
        total += p * literal_expectation(system, method, batch, draws, w1, m1, steps - 1)
    return total


CASES = [("projection", "row_norm", 1, "replacement"), ("projection", "row_norm", 2, "replacement"),
         ("projection", "uniform", 2, "distinct"), ("projection", "uniform", 5, "distinct"),
         ("gradient", "uniform", 2, "replacement"), ("gradient", "uniform", 3, "distinct"),
         ("projection", [0.1, 0.4, 0.0, 0.3, 0.2], 2, "replacement"), ("gradient", [1, 2, 3, 1, 2], 1, "replacement")]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("action", "sampling", "batch", "draws"), CASES)
@pytest.mark.parametrize("rank_deficient", [False, True])
def test_one_and_two_steps_equal_enumeration_of_every_batch(method, action, sampling, batch, draws, rank_deficient):
    system = small(action, sampling, rank_deficient)
    start = np.array([0.3, -1.0, 2.0])
    steps = 2 if batch <= 2 else 1
    exact = error_curve(system, method, batch, steps, start, draws)
    brute = [literal_expectation(system, method, batch, draws, start, np.zeros(3), t) for t in range(steps + 1)]
    np.testing.assert_allclose(exact, brute, rtol=1e-10)


@pytest.mark.parametrize(("batch", "draws"), [(1, "replacement"), (3, "replacement"), (2, "distinct")])
@pytest.mark.parametrize("action", ["projection", "gradient"])
def test_averaged_step_equals_enumeration(batch, draws, action):
    system = small(action, "uniform")
    e = np.array([[0.5, -1.0, 2.0], [1.0, 1.0, 1.0]])
    sgd = Method.sgd(lr=1.3)
    brute = [literal_expectation(system, sgd, batch, draws, system.solution + x, np.zeros(3)) for x in e]
    np.testing.assert_allclose(averaged_step(system, e, 1.3, batch, draws), brute, rtol=1e-10)


def test_averaged_kaczmarz_identity_in_the_original_coordinates():
    system, e, a, q = small(n=7), np.array([0.5, -1.0, 2.0]), 1.7, 4
    A = system.matrix
    G = A.T @ A / np.sum(A**2)
    one = np.eye(3) - a * G
    np.testing.assert_allclose(averaged_step(system, e, a, q), e @ (one @ one + a**2 / q * (G - G @ G)) @ e, rtol=1e-12)


def test_same_row_weight_counts_pairs():
    system = small(sampling="uniform")
    for batch, draws in [(1, "replacement"), (3, "replacement"), (1, "distinct"), (3, "distinct"), (5, "distinct")]:
        share = 0.0
        for p, rows in every_batch(system, batch, draws):
            # weight of a given row meeting itself, minus that of two given different rows: the coefficient of E P M P
            counts = np.bincount(rows, minlength=5) / batch
            share += p * 5 * (counts[0] ** 2 - counts[0] * counts[1])
        np.testing.assert_allclose(same_row_weight(system, batch, draws), share, atol=1e-14)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), d=st.integers(1, 4), extra=st.integers(0, 4), batch=st.integers(1, 6),
       delta=st.floats(0, 1.5), eta=st.floats(0, 1.5), beta=st.floats(0, 0.95), deficient=st.booleans())
def test_gap_is_the_spectral_radius_of_the_dense_operator(seed, d, extra, batch, delta, eta, beta, deficient):
    system = small(n=d + extra, d=d, seed=seed, rank_deficient=deficient and d >= 3)
    method = Method(delta, eta, beta)
    operator = second_moment_operator(system, method, batch)
    dense = operator @ np.eye(operator.shape[0])
    rho = np.max(np.abs(np.linalg.eigvals(dense)))
    # atol: the dense eigenvalues of a defective operator are good to half the digits only
    np.testing.assert_allclose(contraction_gap(system, method, batch), 1 - rho, rtol=1e-6, atol=1e-6)
    assert guaranteed_gap(system, method, batch) <= contraction_gap(system, method, batch) + 1e-9


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("draws", ["replacement", "distinct"])
def test_gap_is_how_fast_the_exact_curve_falls_in_the_end(method, draws):
    system = unit_rows(40, 8, np.random.default_rng(1))        # rank 8: the ARPACK path
    curve = error_curve(system, method, 4, 800, draws=draws)
    slope = -np.diff(np.log(curve[[400, 420]]))[0] / 20
    np.testing.assert_allclose(1 - np.exp(-slope), contraction_gap(system, method, 4, draws), rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_both_ways_to_the_fourth_moments_agree(method, monkeypatch):
    system = unit_rows(30, 7, np.random.default_rng(1))
    stored = contraction_gap(system, method, 2), error_curve(system, method, 2, 9)
    monkeypatch.setattr("mombook.model.systems.PAIRED_BELOW", 0)
    np.testing.assert_allclose(contraction_gap(system, method, 2), stored[0], rtol=1e-10)
    np.testing.assert_allclose(error_curve(system, method, 2, 9), stored[1], rtol=1e-12)


@pytest.mark.parametrize("d", [3, 8])
def test_gap_where_the_power_method_is_slow(d):
    # rows that barely meet: each direction makes its own noise, and the leading eigenvalues lie close together
    A = np.diag(1 + 0.001 * np.arange(d)) + 1e-3 * np.random.default_rng(0).standard_normal((d, d))
    system, method = System.kaczmarz(A), Method.heavy_ball(lr=0.4, beta=0.3)
    operator = second_moment_operator(system, method, 1)
    rho = np.max(np.abs(np.linalg.eigvals(operator @ np.eye(operator.shape[0]))))
    np.testing.assert_allclose(contraction_gap(system, method, 1), 1 - rho, rtol=1e-9)


def test_gap_without_noise_is_that_of_the_mean_step():
    system, method = small(sampling="uniform"), Method.heavy_ball(lr=1.0, beta=0.5)
    z = max(max(abs(np.roots([1, lam * 1.0 - 1.5, 0.5]))) for lam in system.eigenvalues)
    np.testing.assert_allclose(contraction_gap(system, method, 5, "distinct"), 1 - z**2, rtol=1e-10)
    one = System.kaczmarz([[2.0], [3.0]])                      # one unknown: any row solves it, nothing is random
    np.testing.assert_allclose(contraction_gap(one, Method.sgd(lr=0.5), 1), 0.75, rtol=1e-10)


def test_orthonormal_rows_have_closed_forms():
    d = 6
    system = System.kaczmarz(np.eye(d))
    np.testing.assert_allclose(contraction_gap(system, Method.sgd(lr=1.0), 1), 1 / d, rtol=1e-10)
    # E|e'|^2 = (1 - 2a/d + a^2 (1/(Bd) + (1-1/B)/d^2)) |e|^2, best at a = 1/(1/B + (1-1/B)/d)
    B = 3
    a = 1 / (1 / B + (1 - 1 / B) / d)
    best = tuned(system, B, "sgd")
    np.testing.assert_allclose([best.method.delta, best.gap], [a, a / d], rtol=1e-3)
    np.testing.assert_allclose(contraction_gap(system, Method.sgd(lr=a), B), a / d, rtol=1e-10)


def test_single_row_rate_holds_and_is_reached():
    system = small(n=9)
    rate = single_row_rate(system)
    sigma = np.linalg.svd(system.matrix, compute_uv=False)
    np.testing.assert_allclose(rate, 1 - sigma[-1] ** 2 / np.sum(sigma**2), rtol=1e-12)
    e = np.random.default_rng(0).standard_normal((50, 3))
    assert np.all(averaged_step(system, e, 1.0, 1) <= rate * np.sum(e**2, axis=1) * (1 + 1e-12))
    worst = np.linalg.svd(system.matrix)[2][-1]
    np.testing.assert_allclose(averaged_step(system, worst, 1.0, 1), rate, rtol=1e-12)


# -- systems -----------------------------------------------------------------------------------------------------------
def test_spectrum_is_that_of_the_weighted_gram_matrix():
    for system in [small(), small("gradient", "uniform"), small(sampling=[1, 0, 2, 1, 1]),
                   gaussian(9, 4, np.random.default_rng(0))]:
        A, w = system.matrix, system.probabilities * system.scales
        lam = np.linalg.eigvalsh(A.T @ (w[:, None] * A))[::-1]
        np.testing.assert_allclose(system.eigenvalues, lam, rtol=1e-10)
        np.testing.assert_allclose(system.trace, lam.sum(), rtol=1e-12)
        np.testing.assert_allclose(system.rows @ system.basis.T, A, atol=1e-12)
        assert not system.on_row_space


def test_rank_deficient_systems_live_on_the_row_space():
    system = small(rank_deficient=True)
    assert system.rank == 2 and system.on_row_space and "row space" in repr(system)
    null = np.array([1.0, -2.0, -1.0]) * 3
    assert np.abs(system.matrix @ null).max() < 1e-12
    w = np.array([1.0, 5.0, -2.0])
    np.testing.assert_allclose(system.errors(w + null), system.errors(w), rtol=1e-10)
    np.testing.assert_allclose(system.errors(system.solution + null), 0.0, atol=1e-20)


@given(seed=st.integers(0, 10**6), sampling=st.sampled_from(["row_norm", "uniform"]))
@settings(max_examples=20, deadline=None)
def test_coordinate_descent_is_kaczmarz_on_the_square_root(seed, sampling):
    Z = np.random.default_rng(seed).standard_normal((3, 4))
    H = Z.T @ Z                                                # rank 3 of 4
    lam, V = np.linalg.eigh(H)
    root = (V[:, 1:] * np.sqrt(lam[1:])) @ V[:, 1:].T        # without the eigenvalue that is zero
    one = System.coordinate_descent(H, sampling=sampling)
    two = System.kaczmarz(root, rhs=one.rhs, sampling=sampling)
    assert one.rank == two.rank == 3
    np.testing.assert_allclose(one.probabilities, two.probabilities, rtol=1e-10)
    np.testing.assert_allclose(one.eigenvalues, two.eigenvalues, rtol=1e-8)
    w = np.array([1.0, -1.0, 0.5, 2.0])
    np.testing.assert_allclose(one.errors(w), two.errors(root @ w), rtol=1e-8)
    method = Method.heavy_ball(lr=0.5, beta=0.4)
    np.testing.assert_allclose(error_curve(one, method, 2, 5), error_curve(two, method, 2, 5), rtol=1e-8)
    np.testing.assert_allclose(contraction_gap(one, method, 2), contraction_gap(two, method, 2), rtol=1e-6)


def test_sparse_and_dense_are_one_system():
    dense = small()
    other = System.kaczmarz(sparse.coo_matrix(dense.matrix), dense.rhs)
    np.testing.assert_allclose(other.eigenvalues, dense.eigenvalues, rtol=1e-12)
    np.testing.assert_allclose(other.solution, dense.solution, rtol=1e-10)


def test_tomography_measures_lengths():
    system = tomography(6, 200, np.random.default_rng(3))
    rng = np.random.default_rng(3)                              # the same rays, walked in tiny steps
    angle = np.pi * rng.random(200)
    along = np.stack([np.cos(angle), np.sin(angle)])
    foot = (rng.random(200) - 0.5) * np.abs(along).sum(axis=0) * np.stack([-along[1], along[0]])
    t = (np.arange(40_000) + 0.5) / 20_000 - 1
    for ray in range(0, 200, 40):
        cell = np.floor((foot[:, ray, None] + along[:, ray, None] * t + 0.5) * 6).astype(int)
        cell = cell[:, np.all((cell >= 0) & (cell < 6), axis=0)]
        lengths = np.bincount(cell[1] * 6 + cell[0], minlength=36) / 20_000
        np.testing.assert_allclose(system.matrix[[ray]].toarray()[0], lengths, atol=2e-4)
    np.testing.assert_allclose(system.matrix @ discs(6), system.rhs, rtol=1e-12)
    assert sparse.issparse(system.matrix) and system.square_norms.min() > 0


def test_vandermonde_columns_are_powers():
    system = vandermonde(7, 3, "equispaced")
    np.testing.assert_allclose(system.matrix[:, 3], np.linspace(-1, 1, 7) ** 3, atol=1e-15)
    nodes = vandermonde(7, 3).matrix[:, 1]
    np.testing.assert_allclose(np.polynomial.chebyshev.chebval(nodes, [0] * 7 + [1]), 0, atol=1e-12)


# -- the simple momentum -----------------------------------------------------------------------------------------------
@settings(max_examples=150, deadline=None)
@given(logs=st.lists(st.floats(-12, 0), min_size=1, max_size=12), batch=st.integers(1, 10**5))
def test_simple_momentum_keeps_its_promise_on_any_spectrum_and_any_rows(logs, batch):
    system = System.kaczmarz(np.diag(np.exp(np.array(logs) / 2)))   # only the spectrum enters the guarantee
    method = simple_momentum(system, batch)
    eps = 1 - method.beta
    np.testing.assert_allclose(eps, min(batch * system.smallest, system.kappa**-0.5), rtol=1e-9)
    assert guaranteed_gap(system, method, batch) >= eps / 2


@pytest.mark.parametrize("system", [small(n=8), small("gradient", "uniform", n=8), vandermonde(12, 4),
                                    System.coordinate_descent(np.array([[2.0, 1.9], [1.9, 2.0]])),
                                    small(rank_deficient=True)])
def test_simple_momentum_on_systems_of_every_kind(system):
    for batch in (1, 7, 100):
        method = simple_momentum(system, batch)
        assert contraction_gap(system, method, batch) >= guaranteed_gap(system, method, batch) >= (1 - method.beta) / 2


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), batch=st.integers(1, 300), decay=st.floats(0, 3))
def test_the_simple_rules_keep_their_promise_on_the_literal_operator(seed, batch, decay):
    """The update, averaged over every single row, as a matrix: at x^2 = 1 - eps/2 its spectral radius is passed."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((int(rng.integers(3, 9)), 3)) * np.arange(1, 4) ** -decay
    system = System.least_squares_rows(rows) if seed % 2 else System.kaczmarz(rows)
    for method in (simple_momentum(system, batch), simple_nesterov(system, batch)):
        eps = 1 - method.beta
        if eps > 1e-4:                                          # eigenvalues of a dense matrix: about 1e-8 absolute
            assert 1 - dense_rho(system, method, batch) >= eps / 2 * (1 - 1e-3)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), batch=st.integers(1, 30), step=st.floats(-6, 1), memory=st.floats(-5, 0))
def test_no_heavy_ball_passes_the_ceiling_of_its_rows(seed, batch, step, memory):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((int(rng.integers(3, 9)), 3)) + 3 * rng.random() * np.ones(3)
    system = System.least_squares_rows(rows) if seed % 2 else System.kaczmarz(rows)
    tau, R = noise_bounds(system)                               # (noise-bounds), and then (row ceiling)
    P = np.einsum("n,ni,nj->nij", system.scales, system.rows, system.rows)
    noise = np.einsum("n,nij,njk->ik", system.probabilities, P, P) - np.diag(system.eigenvalues**2)
    low, high = (np.linalg.eigvalsh(s * (noise - c * np.diag(system.eigenvalues))) for s, c in ((1, tau), (-1, R)))
    np.testing.assert_allclose([low[0], high[0]], 0, atol=1e-9 * np.abs(noise).max())
    assert R <= system.row_energy * (1 + 1e-12)
    method = Method.heavy_ball(lr=np.exp(step) / system.largest, beta=1 - np.exp(memory))
    gap = contraction_gap(system, method, batch)
    assert gap <= heavy_ball_ceiling(system, batch) * (1 + 1e-9)
    if gap > 0 and tau > 1e-6:
        assert gap <= (1 + np.sqrt(1 - gap)) ** 2 * batch * system.smallest / tau * (1 + 1e-9)


@pytest.mark.slow
def test_the_ceiling_of_rows_is_nearly_reached():
    system = with_spectrum(Spectrum.two_level(12, 1e4, top=11), 40, np.random.default_rng(0))
    gap = tuned(system, 1, tolerance=0.02).gap
    assert 0.97 < gap / heavy_ball_ceiling(system, 1) <= 1


def test_ceiling_without_noise_is_the_deterministic_rate():
    system = System.kaczmarz(np.ones((2, 1)))                   # every row is a multiple of one: no noise at all
    assert noise_bounds(system)[0] == 0 and heavy_ball_ceiling(system, 1) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("kappa", [4.0, 1e2, 1e4])
def test_mirrored_rows_exchange_noise_between_their_two_modes(kappa):
    """rho solves o_1 o_2 = 1, and at batch 1 memory 1/sqrt(kappa) is within 8 of the deterministic rate."""
    system = mirrored_rows(kappa)
    np.testing.assert_allclose(system.eigenvalues, np.array([kappa, 1]) / (1 + kappa), rtol=1e-12)
    method = simple_momentum(system, 10**9)                     # past its saturation: memory 1/sqrt(kappa)
    gap = contraction_gap(system, method, 1)
    x2, products = 1 - gap, 1.0
    for lam in system.eigenvalues:
        q, r = (x2 + method.beta - s * np.sqrt(x2) * (1 + method.beta - method.eta * lam) for s in (1, -1))
        products *= lam**2 * method.eta**2 * x2 * (x2 + method.beta) / ((x2 - method.beta) * q * r)
    np.testing.assert_allclose(products, 1, rtol=1e-6)
    assert 1 / (2 * np.sqrt(kappa)) <= gap <= 4 / np.sqrt(kappa)
    assert tuned(system, 1, "sgd").gap <= 4 / kappa


def test_gap_is_proportional_to_the_batch_until_saturation():
    system = unit_rows(200, 12, np.random.default_rng(5), decay=1.5)
    predicted = saturation_batch(system)
    np.testing.assert_allclose(predicted, 1 / (system.smallest * np.sqrt(system.kappa)), rtol=1e-12)
    batches = np.unique(np.geomspace(1, 16 * predicted, 12).astype(int))
    f = scaling(system, batches)
    below = batches < predicted
    assert np.ptp(np.log(f.visits[below])) < np.log(1.1)        # perfect parallelization: within 10 %
    assert f.gap[-1] < 1.3 * f.gap[below][-1] * predicted / batches[below][-1]
    assert 1 < measured_saturation(f) / predicted < 4           # it is half-way down, so a little above
    np.testing.assert_allclose(f.iterations, np.log(1e6) / -np.log(1 - f.gap), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["sgd", "heavy_ball", "nesterov"])
def test_tuning_beats_the_neighbourhood_and_the_simple_choice(family):
    system = unit_rows(40, 4, np.random.default_rng(2))
    best = tuned(system, 3, family)
    method, gap = best.method, best.gap
    np.testing.assert_allclose(gap, contraction_gap(system, method, 3), rtol=1e-12)
    assert gap > contraction_gap(system, simple_momentum(system, 3), 3)
    for field in ("delta", "eta"):
        for factor in (0.97, 1.03):
            near = Method(**{**vars(method), field: getattr(method, field) * factor})
            if family != "nesterov":
                assert contraction_gap(system, near, 3) <= gap * (1 + 1e-5)


@pytest.mark.parametrize("family", ["sgd", "heavy_ball", "nesterov"])
def test_tuning_from_a_given_method_begins_there(family):
    """With a tolerance this coarse the search ends at once: from the optimum it must return the optimum."""
    system = unit_rows(40, 4, np.random.default_rng(2))
    best = tuned(system, 3, family)
    near = tuned(system, 3, family, tolerance=0.9, start=best.method)
    np.testing.assert_allclose(near.gap, best.gap, rtol=1e-3)
    np.testing.assert_allclose([vars(near.method)[p] for p in ("delta", "eta", "beta")],
                               [vars(best.method)[p] for p in ("delta", "eta", "beta")], rtol=0.3)


def test_a_family_of_the_readers_own_is_tuned_on_rows_too(monkeypatch):
    monkeypatch.setitem(mombook.FAMILIES, "qhm", mombook.Family("QHM", lambda lr, beta: Method.qhm(lr, 0.7, beta)))
    best = tuned(unit_rows(40, 4, np.random.default_rng(2)), 3, "qhm", tolerance=1e-3)
    np.testing.assert_allclose(best.method.as_qhm()["nu"], 0.7, rtol=1e-12)
    assert best.gap > tuned(unit_rows(40, 4, np.random.default_rng(2)), 3, "sgd").gap


def test_the_repr_of_a_system_says_what_it_is():
    assert repr(System.kaczmarz(np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 0.0]]))) == \
        "System(3 x 2, projection, rank 2: kappa=2, trace=1)"
    assert repr(System.kaczmarz(np.array([[1.0, 1.0], [2.0, 2.0], [1.0, 1.0]]))) == \
        "System(3 x 2, projection, rank 1, on the row space: kappa=1, trace=1)"


def test_divergence_is_no_error():
    system = small()
    assert contraction_gap(system, Method.sgd(lr=50.0), 1) < 0
    assert error_curve(system, Method.sgd(lr=1e9), 1, 60)[-1] == np.inf
    assert scaling(system, [1], lambda s, B: Method.sgd(lr=50.0)).iterations[0] == np.inf


# -- what may be passed ------------------------------------------------------------------------------------------------
S, M, RNG = small(), Method.sgd(lr=0.5), np.random.default_rng(0)
BAD = [
    ("zeros in row 1", lambda: System.kaczmarz([[1.0, 0.0], [0.0, 0.0]], sampling="uniform")),
    ("matrix", lambda: System.kaczmarz([[0.0, 0.0]])),
    ("matrix", lambda: System.kaczmarz([[1.0, np.nan]])),
    ("matrix", lambda: System.kaczmarz([1.0, 2.0])),
    ("matrix", lambda: System.kaczmarz(sparse.csr_array([[1.0, np.inf]]))),
    ("matrix", lambda: System.coordinate_descent([[1.0, 2.0], [2.0, 1.0]])),
    ("matrix", lambda: System.coordinate_descent([[1.0, 2.0], [0.0, 1.0]])),
    ("matrix", lambda: System.coordinate_descent([[1.0, 2.0]])),
    ("rhs", lambda: System.kaczmarz(np.eye(2), [1.0, 2.0, 3.0])),
    ("relative residual", lambda: System.kaczmarz([[1.0], [1.0]], [0.0, 1.0])),
    ("relative residual", lambda: System.kaczmarz([[1.0], [1.0]], [1.0, 1.0], [2.0])),
    ("relative residual", lambda: System.kaczmarz([[1.0], [0.0]], [1.0, 1.0])),
    ("solution", lambda: System.kaczmarz(np.eye(2), solution=[1.0])),
    ("solution", lambda: System.kaczmarz(np.eye(2), [1.0, 1.0], [1.0])),
    ("sampling", lambda: System.kaczmarz(np.eye(2), sampling="rows")),
    ("sampling", lambda: System.kaczmarz(np.eye(2), sampling=[-1.0, 2.0])),
    ("sampling", lambda: System.kaczmarz([[1.0], [0.0]], sampling=[0.0, 1.0])),
    ("action", lambda: System(np.eye(2), action="project")),
    ("w must", lambda: S.errors(np.zeros(4))),
    ("n must", lambda: gaussian(0, 2, RNG)),
    ("d must", lambda: gaussian(2, 0.5, RNG)),
    ("rng", lambda: gaussian(2, 2, 7)),
    ("decay", lambda: unit_rows(3, 2, RNG, decay=-1.0)), ("n must", lambda: unit_rows(0, 2, RNG)),
    ("degree", lambda: vandermonde(3, -1)), ("nodes", lambda: vandermonde(3, 1, "random")),
    ("side", lambda: tomography(0, 10, RNG)), ("rays", lambda: tomography(4, 0, RNG)), ("side", lambda: discs(-1)),
    ("batch", lambda: same_row_weight(S, 1.5)),
    ("batch", lambda: same_row_weight(small(sampling="uniform"), 6, "distinct")),
    ("draws", lambda: same_row_weight(S, 1, "epochs")), ("draws", lambda: same_row_weight(S, 2, "distinct")),
    ("system", lambda: same_row_weight(np.eye(2), 1)),
    ("error", lambda: averaged_step(S, [1.0, 2.0], 1.0, 1)), ("lr", lambda: averaged_step(S, np.ones(3), np.nan, 1)),
    ("system", lambda: single_row_rate(small("gradient", "uniform"))),
    ("method", lambda: second_moment_operator(S, "sgd", 1)), ("method", lambda: contraction_gap(S, 0.5, 1)),
    ("batch", lambda: contraction_gap(S, M, 0)), ("batch", lambda: guaranteed_gap(S, M, -1)),
    ("method", lambda: guaranteed_gap(S, None, 1)),
    ("steps", lambda: error_curve(S, M, 1, -1)), ("start", lambda: error_curve(S, M, 1, 1, start=[1.0])),
    ("batch", lambda: simple_momentum(S, 0.5)), ("system", lambda: simple_momentum(None, 1)),
    ("system", lambda: saturation_batch(3)), ("family", lambda: tuned(S, 1, "adam")), ("batch", lambda: tuned(S, 0)),
    ("batches", lambda: scaling(S, [1.5])), ("target", lambda: scaling(S, [1], target=1.0)),
    ("choose", lambda: scaling(S, [1], choose=M)), ("result", lambda: measured_saturation([1, 2])),
]


@pytest.mark.parametrize(("name", "call"), BAD)
def test_bad_input_is_refused_by_name(name, call):
    with pytest.raises(ValueError, match=name):
        call()


def test_zero_rows_are_harmless_where_they_are_never_projected_onto():
    A = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 2.0]])
    for system in (System.kaczmarz(A), System.least_squares_rows(A)):
        assert contraction_gap(system, Method.sgd(lr=0.1), 1) > 0
    assert System.kaczmarz(A).probabilities[1] == 0


def test_measured_saturation_of_a_known_bend():
    b = np.unique(np.geomspace(1, 1000, 400).astype(int))
    gap = 1e-3 * b / (1 + b / 10)                              # gap/b halves where 1 + b/10 has doubled from 1.1
    np.testing.assert_allclose(measured_saturation(Scaling(b, (), gap, b, b, 0.5)), 12.0, rtol=1e-9)


def test_measured_saturation_is_infinite_where_nothing_bends():
    b = np.array([1, 2, 4])
    assert measured_saturation(Scaling(b, (), 0.1 * b, b, b, 0.5)) == np.inf
