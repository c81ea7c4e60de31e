"""Sampled rows: against the exact curve, sparse against dense, and the counts of the Krylov yardsticks."""

import numpy as np
import pytest
import scipy.sparse as sparse

from mombook.exact.row_moments import averaged_step, error_curve
from mombook.model.example_systems import tomography, unit_rows
from mombook.model.method import Method
from mombook.model.systems import System
from mombook.sample.row_sampling import adaptive, batch_gradient, batches, simulate, stream
from mombook.study.yardsticks import first_passage, krylov
from mombook.tuning.parallel import simple_momentum

A = np.random.default_rng(7).standard_normal((12, 4))
KACZMARZ = System.kaczmarz(A, solution=[1.0, -1.0, 2.0, 0.5])
ROWS = System.least_squares_rows(A, solution=[1.0, -1.0, 2.0, 0.5])
COORDINATES = System.coordinate_descent(A.T @ A, solution=[1.0, -1.0, 2.0, 0.5])
EQUAL = System.kaczmarz(A, solution=[1.0, -1.0, 2.0, 0.5], sampling="uniform")
METHOD = Method(0.05, 0.1, 0.5)


@pytest.mark.parametrize(("system", "batch", "draws"), [
    (KACZMARZ, 1, "replacement"), (KACZMARZ, 6, "replacement"), (EQUAL, 2, "distinct"), (EQUAL, 9, "distinct"),
    (ROWS, 2, "replacement"), (ROWS, 3, "distinct"), (COORDINATES, 1, "replacement"), (COORDINATES, 3, "replacement"),
])
def test_runs_agree_with_the_exact_curve_within_five_standard_errors(system, batch, draws):
    errors = simulate(system, METHOD, batch, 6, 4000, np.random.default_rng(1), draws=draws)
    exact = error_curve(system, METHOD, batch, 6, draws=draws)
    np.testing.assert_allclose(errors[:, 0], exact[0], rtol=1e-12)
    se = errors[:, 1:].std(axis=0, ddof=1) / np.sqrt(len(errors))
    np.testing.assert_array_less(np.abs(errors[:, 1:].mean(axis=0) - exact[1:]) / se, 5)


@pytest.mark.parametrize("batch", [1, 2, 8])                    # 8 of 12 rows: the whole-matrix path where dense
@pytest.mark.parametrize("system", [KACZMARZ, ROWS, COORDINATES])
def test_sparse_and_dense_take_the_same_path(system, batch):
    other = System(sparse.csr_array(system.matrix), system.rhs, system.solution, system.sampling, system.action)
    one, two = (simulate(s, METHOD, batch, 20, 5, np.random.default_rng(3)) for s in (system, other))
    np.testing.assert_allclose(one, two, rtol=1e-9)


@pytest.mark.parametrize("batch", [1, 2, 8])
@pytest.mark.parametrize("system", [KACZMARZ, ROWS])
def test_batch_gradient_is_the_mean_over_the_batch(system, batch):
    rng = np.random.default_rng(5)
    w, rows = rng.standard_normal((3, 4)), rng.integers(12, size=(3, batch))
    g, energy = batch_gradient(system, w, rows)
    for run in range(3):
        each, seen = [], []
        for i in rows[run]:
            a = A[i]
            unit = a @ a if system is KACZMARZ else 1.0
            each.append(a * (a @ w[run] - system.rhs[i]) / unit)
            seen.append((a @ w[run] - system.rhs[i]) ** 2 / unit)
        np.testing.assert_allclose(g[run], np.mean(each, axis=0), rtol=1e-10)
        np.testing.assert_allclose(energy[run], np.mean(seen), rtol=1e-10)


def test_coordinate_gradient_moves_one_coordinate():
    w, H = np.random.default_rng(5).standard_normal((1, 4)), A.T @ A
    g, _ = batch_gradient(COORDINATES, w, np.array([[2]]))
    expected = np.zeros(4)
    expected[2] = (H @ w[0] - COORDINATES.rhs)[2] / H[2, 2]
    np.testing.assert_allclose(g[0], expected, rtol=1e-12)


def test_coordinate_runs_are_kaczmarz_runs_on_the_square_root():
    lam, V = np.linalg.eigh(A.T @ A)
    root = (V * np.sqrt(lam)) @ V.T
    other = System.kaczmarz(root, rhs=COORDINATES.rhs)
    one, two = (simulate(s, METHOD, 2, 30, 4, np.random.default_rng(2)) for s in (COORDINATES, other))
    np.testing.assert_allclose(one, two, rtol=1e-8)


def test_draws_follow_their_law():
    source = batches(KACZMARZ, 50, 400, np.random.default_rng(0))
    p, n = KACZMARZ.probabilities, 400 * 50
    counts = np.bincount(next(source).ravel(), minlength=12)
    np.testing.assert_array_less(np.abs(counts - n * p) / np.sqrt(n * p * (1 - p)), 5)
    rows = next(batches(EQUAL, 5, 300, np.random.default_rng(0), "distinct"))
    assert all(len(set(r)) == 5 for r in rows)
    np.testing.assert_array_less(np.abs(np.bincount(rows.ravel(), minlength=12) - 125) / np.sqrt(125 * 7 / 12), 5)


def test_epochs_visit_every_row_once():
    source = batches(ROWS, 4, 3, np.random.default_rng(0), "epochs")
    for _ in range(3):
        epoch = np.concatenate([next(source) for _ in range(3)], axis=1)
        np.testing.assert_array_equal(np.sort(epoch, axis=1), np.tile(np.arange(12), (3, 1)))
    short = batches(ROWS, 5, 3, np.random.default_rng(0), "epochs")      # 5 + 5, two rows left over, reshuffled
    for _ in range(4):
        epoch = np.concatenate([next(short) for _ in range(2)], axis=1)
        assert all(len(set(r)) == 10 for r in epoch)
    errors = simulate(ROWS, Method.sgd(lr=0.05), 4, 60, 20, np.random.default_rng(0), draws="epochs")
    assert np.all(errors[:, -1] < 1e-2 * errors[:, 0])


def test_one_full_distinct_batch_is_gradient_descent():
    errors = simulate(EQUAL, Method.sgd(lr=0.7), 12, 1, 2, np.random.default_rng(0), draws="distinct")
    np.testing.assert_allclose(errors[:, 1], averaged_step(EQUAL, -EQUAL.solution, 0.7, 12, "distinct"), rtol=1e-10)


def test_stream_grows_into_what_simulate_returns_and_can_be_left():
    args = (KACZMARZ, METHOD, 2, 25, 3)
    whole = simulate(*args, np.random.default_rng(4))
    pieces = list(stream(*args, np.random.default_rng(4), parts=7))
    fractions = [f for f, _ in pieces]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and len(pieces) == 7
    for _, errors in pieces:
        np.testing.assert_array_equal(errors, whole[:, :errors.shape[1]])
    assert pieces[-1][1].shape == (3, 26)
    first = next(stream(*args, np.random.default_rng(4)))
    assert 0 < first[0] < 1
    (only,) = stream(KACZMARZ, METHOD, 2, 0, 3, np.random.default_rng(4))
    assert only[1].shape == (3, 1)


def test_divergence_is_inf_without_a_warning():
    errors = simulate(KACZMARZ, Method.heavy_ball(lr=1e6, beta=0.9), 1, 80, 2, np.random.default_rng(0))
    assert np.all(errors[:, -1] == np.inf) and not np.any(np.isnan(errors))


def test_runs_do_not_move_in_the_null_space():
    B = A.copy()
    B[:, 3] = B[:, 0]
    system = System.kaczmarz(B, solution=np.ones(4))
    start = np.array([5.0, 0.0, 0.0, -5.0])                     # in the null space: it neither helps nor hurts
    one, two = (simulate(system, METHOD, 2, 50, 3, np.random.default_rng(0), start=s) for s in (None, start))
    np.testing.assert_allclose(one, two, rtol=1e-8)


def test_adaptive_momentum_needs_no_more_than_the_simple_choice():
    system = unit_rows(200, 12, np.random.default_rng(5), decay=1.0)
    for batch in (4, 32):
        steps = int(25 / (1 - simple_momentum(system, batch).beta))
        simple = simulate(system, simple_momentum(system, batch), batch, steps, 8, np.random.default_rng(0))
        found, eps = adaptive(system, batch, steps, 8, np.random.default_rng(0))
        assert np.median(first_passage(found, 1e-6)) < 1.5 * np.median(first_passage(simple, 1e-6)) < np.inf
        assert found.shape == eps.shape == (8, steps + 1)
        np.testing.assert_array_equal(eps[:, 0], 0.5)
        assert 1 / 8 < np.median(eps[:, -1]) / (1 - simple_momentum(system, batch).beta) < 8


@pytest.mark.parametrize(("batch", "decay"), [(8, 2.0), (32, 3.0)])
def test_adaptive_momentum_finds_the_memory_of_the_simple_choice(batch, decay):
    """Where that memory is long: 1 - beta is 0.05 and 0.03, far below the 0.5 at which the search begins."""
    system = unit_rows(200, 12, np.random.default_rng(5), decay=decay)
    aim = 1 - simple_momentum(system, batch).beta
    assert aim < 0.06
    _, eps = adaptive(system, batch, int(25 / aim), 8, np.random.default_rng(0))
    assert 1 / 3 < np.median(eps[:, -1]) / aim < 3


def test_first_passage():
    errors = [[4.0, 2.0, 1.0], [4.0, 0.4, 8.0], [1.0, 1.0, np.inf]]
    np.testing.assert_array_equal(first_passage(errors, 0.25), [2, 1, np.inf])


# -- yardsticks --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("solver", ["lsqr", "cg"])
def test_krylov_counts_products_and_reaches_the_target(solver):
    system = unit_rows(60, 10, np.random.default_rng(5), decay=1.0)
    y = krylov(system, 1e-8, solver)
    assert y.reached and y.error <= 1e-8
    assert y.products == 2 * y.iterations + 1                   # A and A^T each iteration, and A^T b once
    fewer = krylov(system, 1e-8, solver, limit=y.iterations - 1)
    assert not fewer.reached and fewer.error > 1e-8             # not one iteration to spare
    assert fewer.iterations == y.iterations - 1


def test_cg_is_conjugate_gradients():
    system = unit_rows(60, 6, np.random.default_rng(5))
    G, c = system.matrix.T @ system.matrix, system.matrix.T @ system.rhs
    w, r = np.zeros(6), c.copy()
    p, k = r.copy(), 0
    while np.sum((w - system.solution) ** 2) > 1e-6 * np.sum(system.solution**2):
        step = r @ r / (p @ G @ p)
        w, r0 = w + step * p, r
        r = r - step * G @ p
        p, k = r + r @ r / (r0 @ r0) * p, k + 1
    assert krylov(system, 1e-6, "cg").iterations == k
    y = krylov(COORDINATES, 1e-6, "cg")
    assert y.reached and y.products == y.iterations


def test_krylov_on_sparse_rays():
    y = krylov(tomography(6, 200, np.random.default_rng(0)), 1e-6)
    assert y.reached and y.iterations < 36


# -- what may be passed ------------------------------------------------------------------------------------------------
RNG = np.random.default_rng(0)
BAD = [
    ("batch", lambda: simulate(KACZMARZ, METHOD, 0, 1, 1, RNG)),
    ("batch", lambda: simulate(KACZMARZ, METHOD, 1.5, 1, 1, RNG)),
    ("batch", lambda: simulate(EQUAL, METHOD, 13, 1, 1, RNG, draws="distinct")),
    ("batch", lambda: simulate(EQUAL, METHOD, 13, 1, 1, RNG, draws="epochs")),
    ("draws", lambda: simulate(KACZMARZ, METHOD, 2, 1, 1, RNG, draws="epochs")),
    ("draws", lambda: simulate(KACZMARZ, METHOD, 2, 1, 1, RNG, draws="shuffled")),
    ("steps", lambda: simulate(KACZMARZ, METHOD, 1, -1, 1, RNG)),
    ("runs", lambda: simulate(KACZMARZ, METHOD, 1, 1, 0, RNG)),
    ("rng", lambda: simulate(KACZMARZ, METHOD, 1, 1, 1, 0)),
    ("start", lambda: simulate(KACZMARZ, METHOD, 1, 1, 1, RNG, [0.0])),
    ("method", lambda: simulate(KACZMARZ, "sgd", 1, 1, 1, RNG)), ("system", lambda: simulate(A, METHOD, 1, 1, 1, RNG)),
    ("parts", lambda: stream(KACZMARZ, METHOD, 1, 1, 1, RNG, parts=0)), ("rng", lambda: batches(KACZMARZ, 1, 1, None)),
    ("w must", lambda: batch_gradient(KACZMARZ, np.zeros((1, 3)), np.array([[0]]))),
    ("rows", lambda: batch_gradient(KACZMARZ, np.zeros((1, 4)), np.array([0]))),
    ("patience", lambda: adaptive(KACZMARZ, 1, 1, 1, RNG, patience=0.0)),
    ("steps", lambda: adaptive(KACZMARZ, 1, 0.5, 1, RNG)),
    ("batch", lambda: adaptive(KACZMARZ, 0, 1, 1, RNG)), ("runs", lambda: adaptive(KACZMARZ, 1, 1, -1, RNG)),
    ("target", lambda: first_passage([[1.0]], 0.0)), ("errors", lambda: first_passage([1.0], 0.1)),
    ("target", lambda: krylov(KACZMARZ, 1.0)), ("solver", lambda: krylov(KACZMARZ, 0.1, "gmres")),
    ("solver", lambda: krylov(COORDINATES, 0.1, "lsqr")), ("limit", lambda: krylov(KACZMARZ, limit=0)),
    ("system", lambda: krylov(A)),
]


@pytest.mark.parametrize(("name", "call"), BAD)
def test_bad_input_is_refused_by_name_at_the_call(name, call):
    with pytest.raises(ValueError, match=name):
        call()
