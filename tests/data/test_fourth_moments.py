"""mombook/data/fourth_moments.py and minibatch.py: theory told of the rows' fourth moments, against the rows themselves."""

from itertools import product

import numpy as np
import oracles
import pytest

from mombook import Method, Spectrum
from mombook.data.fourth_moments import Inputs, kurtosis, noise_factor, pair_factor, pair_moments
from mombook.data.loading import load
from mombook.exact import row_moments
from mombook.exact.row_moments import expected_risk
from mombook.model.design import Design
from mombook.sample.minibatch import fewest_steps, train, train_blocks

RNG = np.random.default_rng
LAM = np.array([2.0, 0.7, 0.2])
METHODS = {"sgd": Method.sgd(0.05), "heavy ball": Method.heavy_ball(0.02, 0.7), "asgd": Method(0.05, 0.01, 0.8)}
HEAVY = load(RNG(0).standard_t(4, size=(60, 3)) * [1.0, 2.0, 3.0] @ np.array([[1.0, 0.4, 0], [0, 1, 0.3], [0, 0, 1]]))


def gaussian_rows():
    """A few weighted points cannot be rows; all points of the Gauss-Hermite product rule, repeated by weight, can nearly be:
    three nodes with weights 1/6, 4/6, 1/6 have the Gaussian moments up to order five."""
    one = np.repeat([-np.sqrt(3), 0.0, np.sqrt(3)], [1, 4, 1])
    return Design(np.array(list(product(one, repeat=3))) * np.sqrt(LAM))


# -- fourth moments ---------------------------------------------------------------------------------------------------
def test_rows_with_gaussian_fourth_moments_have_factor_one():
    """(pairs) and (noise-factor) where both are known."""
    design = gaussian_rows()
    np.testing.assert_allclose(design.eigenvalues, LAM, rtol=1e-12)
    np.testing.assert_allclose(kurtosis(design), 3, rtol=1e-10)
    np.testing.assert_allclose(pair_moments(design), 1 + 2 * np.eye(3), atol=1e-10)
    for ridge in (0.0, 0.5):
        for pairs in (True, False):
            np.testing.assert_allclose(noise_factor(design, ridge, pairs), 1, rtol=1e-10)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_theory_is_exact_on_rows_with_gaussian_fourth_moments(method, ridge):
    """(tailed-moments) at tau = 1, ridge included, against (row moments) of the rows."""
    design, inputs = gaussian_rows(), Inputs(Spectrum(LAM), 1.0, ridge)
    for batch in (1, 4):
        rows = row_moments.contraction_gap(design.system, method, batch, ridge=ridge)
        np.testing.assert_allclose(inputs.gap(method, batch), rows, rtol=1e-9)
        start = np.array([1.0, -2.0, 0.5])
        curve = inputs.risk_at(method, batch, np.arange(26), noise=0.7, start=start**2)
        exact = expected_risk(design, method, batch, 25, noise=0.7, ridge=ridge, start=start)
        np.testing.assert_allclose(curve, exact, rtol=1e-9)
    np.testing.assert_allclose(inputs.floor(method, 4, 0.7), inputs.risk_at(method, 4, [10**5], 0.7)[0], rtol=1e-9)


def test_rows_of_random_length_have_the_fourth_moment_of_their_length():
    """x = s z with z Gaussian: every fourth moment is E s^4 times the Gaussian one (s^2 is 1/2 or 3/2: 5/4)."""
    z = gaussian_rows().rows
    rows = np.concatenate([np.sqrt(0.5) * z, np.sqrt(1.5) * z])
    design = Design(rows)
    lam = design.eigenvalues
    M = np.diag([0.3, 1.0, 2.0])
    expected = 1.25 * (2 * np.diag(lam**2 * np.diag(M)) + np.trace(np.diag(lam) @ M) * np.diag(lam))
    np.testing.assert_allclose(design.system.one_row(M), expected, atol=1e-10)
    np.testing.assert_allclose(pair_moments(design), 1.25 * (1 + 2 * np.eye(3)), atol=1e-10)
    by_pairs = noise_factor(design, pairs=True)
    np.testing.assert_allclose(by_pairs, noise_factor(design, pairs=False), rtol=1e-9)
    assert 1.25 < by_pairs < 1.5                                        # (E P M P has lost HMH once, not 5/4 times)


def test_factor_is_a_ratio_of_spectral_radii_of_dense_maps():
    """(noise-factor) for skewed rows, from the d^2 x d^2 matrices of both maps."""
    X, lam, V = HEAVY.rows, HEAVY.eigenvalues, HEAVY.axes
    for ridge in (0.0, 0.4):
        weight = 1 / (np.add.outer(lam, lam) + 2 * ridge)
        rows, gauss = np.empty((2, 9, 9))
        for k in range(9):
            M = np.zeros(9)
            M[k] = 1.0
            M = M.reshape(3, 3) * weight
            Z = X @ V
            noise = sum((z @ M @ z) * np.outer(z, z) for z in Z) / len(Z) - np.diag(lam) @ M @ np.diag(lam)
            rows[:, k] = noise.ravel()
            gauss[:, k] = (np.diag(lam) @ M @ np.diag(lam) + np.sum(lam * np.diag(M)) * np.diag(lam)).ravel()
        radius = [np.abs(np.linalg.eigvals(T)).max() for T in (rows, gauss)]
        np.testing.assert_allclose(noise_factor(HEAVY, ridge, pairs=False), radius[0] / radius[1], rtol=1e-9)
        diagonal = [0, 4, 8]
        found = [np.abs(np.linalg.eigvals(T[np.ix_(diagonal, diagonal)])).max() for T in (rows, gauss)]
        np.testing.assert_allclose(pair_factor(lam, pair_moments(HEAVY), ridge), found[0] / found[1], rtol=1e-9)


def test_the_factor_is_where_small_steps_stop_being_stable():
    """Rows at batch B are stable up to the learning rate at which Gaussian inputs of batch B/tau are, when that is small."""
    design = load(RNG(1).standard_t(4, size=(200, 12)))
    inputs, gauss = Inputs.of(design), Inputs.of(design, gaussian=True)
    assert inputs.factor > 1.2 and gauss.factor == 1

    def limit(gap):
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if gap(Method.sgd(middle)) > 0 else (low, middle)
        return low

    rows = limit(lambda m: row_moments.contraction_gap(design.system, m, 1))
    np.testing.assert_allclose(rows, limit(lambda m: inputs.gap(m, 1)), rtol=0.08)
    assert rows < 0.8 * limit(lambda m: gauss.gap(m, 1))


@pytest.mark.parametrize("factor", [0.5, 4.0])
def test_the_engine_computes_tailed_moments(factor):
    """(tailed-moments), iterated as it stands, for all of risk, floor and gap."""
    inputs, method, batch, noise, ridge = Inputs(Spectrum(LAM, [1, 2, 5]), factor, 0.2), METHODS["asgd"], 3, 0.4, 0.2
    counts, start = np.array([1.0, 2, 5]), np.array([1.0, 0.2, 3.0])
    S = np.zeros((3, 2, 2))
    S[:, 0, 0] = start
    curve = []
    for _ in range(31):
        R = counts @ (LAM * S[:, 0, 0]) / 2
        curve.append(R)
        new = []
        for lam, s in zip(LAM, S, strict=True):
            M = np.array([oracles.step(method, 1.0, 0.0, lam + ridge), oracles.step(method, 0.0, 1.0, 0.0)]).T
            b = np.array(oracles.step(method, 0.0, 0.0, 1.0))
            drive = factor / batch * (lam**2 * s[0, 0] + lam * (2 * R + noise**2 / factor))
            new.append(M @ s @ M.T + drive * np.outer(b, b))
        S = np.array(new)
    np.testing.assert_allclose(inputs.risk_at(method, batch, np.arange(31), noise, start), curve, rtol=1e-10)
    late = inputs.risk_at(method, batch, [400, 401], 0.0, start)
    np.testing.assert_allclose(inputs.gap(method, batch), 1 - late[1] / late[0], rtol=1e-6)
    np.testing.assert_allclose(inputs.floor(method, batch, noise), inputs.risk_at(method, batch, [5000], noise)[0], rtol=1e-9)
    np.testing.assert_allclose(inputs.initial_risk(start), curve[0], rtol=1e-12)


# -- real runs --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("draws", ["replacement", "distinct"])
@pytest.mark.parametrize("name", METHODS)
def test_runs_average_to_the_exact_expectation(name, draws):
    start = np.array([1.0, 2.0, -1.0])
    args = {"draws": draws, "noise": 0.5, "ridge": 0.2, "start": start}
    risk = train(HEAVY, METHODS[name], 4, 8, 4000, RNG(2), **args)
    exact = expected_risk(HEAVY, METHODS[name], 4, 8, **args)
    error = risk.std(0, ddof=1)[1:] / np.sqrt(len(risk))
    np.testing.assert_array_less(np.abs(risk.mean(0) - exact)[1:] / error, 5)
    np.testing.assert_allclose(risk[:, 0], exact[0], rtol=1e-12)


def test_one_step_is_the_mean_over_every_row():
    """(row-risk) after one step at batch 1, by going through the rows, in the original coordinates."""
    ridge, noise, e0 = 0.3, 0.6, np.array([1.0, 2.0, -1.0])
    X, e = HEAVY.rows, HEAVY.axes @ e0
    method, H = METHODS["heavy ball"], HEAVY.rows.T @ HEAVY.rows / len(HEAVY.rows)
    after = []
    for x, xi in product(X, (-noise, noise)):                           # two signs have the variance of the noise
        w, _ = oracles.step(method, e, np.zeros(3), x * (x @ e - xi) + ridge * e)
        after.append(w @ H @ w / 2)
    exact = expected_risk(HEAVY, method, 1, 1, noise=noise, ridge=ridge, start=e0)
    np.testing.assert_allclose(exact[1], np.mean(after), rtol=1e-10)


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_the_full_batch_of_an_epoch_is_gradient_descent_on_the_labels(ridge):
    """(ridge-gradient) in the original coordinates."""
    design, lr = load("diabetes"), 0.1
    n = design.shape[0]
    risk = train(design, Method.sgd(lr), n, 6, 2, RNG(0), draws="epochs", noise="labels", ridge=ridge)
    w, best = np.zeros(10), design.axes @ design.solution(ridge)
    for t in range(7):
        e = w - best
        np.testing.assert_allclose(risk[:, t], e @ (design.rows.T @ (design.rows @ e)) / (2 * n), rtol=1e-9)
        w = w - lr * (design.rows.T @ (design.rows @ w - design.labels) / n + ridge * w)
    np.testing.assert_allclose(design.first_error(None, ridge), -design.solution(ridge))


def test_an_epoch_visits_every_row_once():
    """Steps so small that their order does not matter: an epoch of batch 1 is one step on the whole, n times as long."""
    design, lr = load("iris"), 1e-7
    n = design.shape[0]
    one, whole = (train(design, Method.sgd(n / steps * lr), n // steps, steps, 1, RNG(0), "epochs", noise="labels")
                  for steps in (n, 1))
    np.testing.assert_allclose(one[0, -1], whole[0, -1], rtol=1e-7)
    assert whole[0, -1] < (1 - 1e-5) * whole[0, 0]


def test_pieces_are_the_whole_and_divergence_is_no_error():
    *_, (done, risk) = train_blocks(HEAVY, Method.sgd(0.01), 2, 30, 3, RNG(5), parts=7)
    np.testing.assert_array_equal(risk, train(HEAVY, Method.sgd(0.01), 2, 30, 3, RNG(5)))
    assert done == 1
    assert np.isinf(train(HEAVY, Method.sgd(1e3), 2, 300, 1, RNG(5))[0, -1])
    assert np.isinf(expected_risk(HEAVY, Method.sgd(1e3), 2, 300)[-1])


@pytest.mark.parametrize(("steps", "parts"), [(30, 7), (5, 9), (0, 3)])
def test_a_run_comes_in_as_many_pieces_as_asked_for(steps, parts):
    done = [share for share, _ in train_blocks(HEAVY, Method.sgd(0.01), 2, steps, 3, RNG(5), parts=parts)]
    assert len(done) == (min(steps, parts) or 1)
    np.testing.assert_allclose(done, np.arange(1, len(done) + 1) / len(done), atol=1 / max(steps, 1))


@pytest.mark.slow
def test_fewest_steps_follow_the_seed():
    """At batch 1 the count depends on the rows drawn: the same for the same seed, not the same for all."""
    counts = [fewest_steps(HEAVY, Method.sgd(0.05), 1, 0.5, RNG(seed), [0.2], runs=1)[0] for seed in (0, 0, 1, 2, 3)]
    assert np.all(np.isfinite(counts)) and counts[0] == counts[1] and len(set(counts)) > 1


def test_fewest_steps_are_those_of_the_best_rate():
    """At the full batch SGD is deterministic: every rate can be stepped by hand."""
    design, method = load("iris"), Method.sgd(0.1)
    shares = 2.0 ** np.arange(-1, 4)
    lam, start = design.eigenvalues, design.solution()
    risk = np.array([[lam @ ((1 - 0.1 * s * lam) ** t * start) ** 2 for t in range(200)] for s in shares])
    hits = [np.flatnonzero(r <= 0.01 * r[0]) for r in risk]
    steps = np.array([h[0] if h.size else np.inf for h in hits])
    found = fewest_steps(design, method, 150, 0.01, RNG(0), shares, runs=2, draws="epochs", noise="labels")
    assert found == (steps.min(), shares[steps.argmin()])
    assert fewest_steps(design, method, 150, 0.01, RNG(0), [1e-6], limit=3)[0] == np.inf


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_tuned_with_the_factor_methods_do_on_the_rows_what_theory_claims(name):
    """And tuned without it they diverge in mean square: the rows of both data sets have tails."""
    design = load(name)
    inputs, gauss = Inputs.of(design), Inputs.of(design, gaussian=True)
    for family, batch in (("sgd", 1), ("heavy_ball", 16)):
        good, blind = (i.frontier([family], [batch])[family] for i in (inputs, gauss))
        np.testing.assert_allclose(row_moments.contraction_gap(design.system, good.methods[0], batch), good.gap[0], rtol=0.05)
        assert blind.gap[0] > 2 * good.gap[0]
        assert row_moments.contraction_gap(design.system, blind.methods[0], batch) < 0


@pytest.mark.parametrize(("call", "named"), [
    (lambda: Inputs(LAM), "spectrum"), (lambda: Inputs(Spectrum(LAM), 0.0), "factor"),
    (lambda: Inputs(Spectrum(LAM), 1.0, -1.0), "ridge"), (lambda: Inputs.of(HEAVY.rows), "design"),
    (lambda: noise_factor(HEAVY, ridge=-1), "ridge"), (lambda: kurtosis(HEAVY.rows), "design"),
    (lambda: train(HEAVY, Method.sgd(0.1), 61, 2, 1, RNG(0), "epochs"), "batch"),
    (lambda: train(HEAVY, Method.sgd(0.1), 2, 2, 1, RNG(0), "shuffled"), "draws"),
    (lambda: train(HEAVY, Method.sgd(0.1), 2, 2, 1, RNG(0), noise="labels"), "labels"),
    (lambda: train(HEAVY, Method.sgd(0.1), 2, 2, 1, RNG(0), noise="own"), "noise"),
    (lambda: train(HEAVY, Method.sgd(0.1), 2, 2, 1, 0), "rng"),
    (lambda: expected_risk(HEAVY, Method.sgd(0.1), 2, 2, start=[1.0]), "start"),
    (lambda: fewest_steps(HEAVY, Method.sgd(0.1), 2, 1.5, RNG(0)), "target"),
    (lambda: fewest_steps(HEAVY, Method.sgd(0.1), 2, 0.5, RNG(0), [-1.0]), "shares"),
    (lambda: expected_risk(HEAVY.rows, Method.sgd(0.1), 2, 2), "design")])
def test_bad_arguments_are_refused(call, named):
    with pytest.raises(ValueError, match=rf"^{named} must be .*; got "):
        call()
