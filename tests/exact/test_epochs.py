"""mombook/exact/epochs.py: the share of label noise that shuffled epochs keep, by its covariance and by shuffling."""

import numpy as np
import pytest

from mombook import Method
from mombook.exact.epochs import batch_of_draws, noise_share

LAM = np.array([1.0, 0.3, 0.01])
METHODS = [Method.sgd(0.1), Method.heavy_ball(0.05, 0.9), Method(0.1, 0.03, 0.95), Method.nesterov(0.2, 0.7)]


def responses(method, lam, steps):
    """e after every step from a unit of noise in the first, stepped literally: shape (steps, n)."""
    e, m = np.zeros_like(lam), np.zeros_like(lam)
    found = []
    for t in range(steps):
        e, m = method.step(e, m, lam * e + (t == 0))
        found.append(e)
    return np.array(found)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("batch", "rows", "steps"), [(1, 10, 23), (3, 10, 7), (4, 40, 40), (2.5, 21, 50), (1, 100, 1),
                                                      (2, 20, 13)])
def test_the_share_is_that_of_the_covariance(method, batch, rows, steps):
    a, each = responses(method, LAM, steps)[::-1], int(rows // batch)
    epoch = np.arange(steps) // each
    covariance = np.eye(steps) - batch / rows * (epoch[:, None] == epoch)
    kept = sum(w * a[:, i] @ covariance @ a[:, i] for i, w in enumerate(LAM**2))
    fresh = (1 - batch / rows) * sum(w * a[:, i] @ a[:, i] for i, w in enumerate(LAM**2))
    found = noise_share(LAM, LAM**2, method.delta, method.eta, method.beta, batch, rows, steps)
    np.testing.assert_allclose(found, kept / fresh, rtol=1e-8)


def test_shuffles_have_that_variance():
    """(shuffled) and (epoch-share): a mode driven by shuffled numbers that sum to zero, against draws of the same variance."""
    rng, n, B, steps, runs = np.random.default_rng(0), 12, 3, 10, 40_000
    method, lam = Method(0.2, 0.1, 0.6), np.array([0.7])
    numbers = rng.normal(size=n)
    numbers -= numbers.mean()
    e, m = np.zeros(runs), np.zeros(runs)
    for t in range(steps):
        if t % 4 == 0:
            order = rng.permuted(np.tile(numbers, (runs, 1)), axis=1).reshape(runs, 4, B).mean(2)
        e, m = method.step(e, m, 0.7 * e + order[:, t % 4])
    variance = numbers.var() / batch_of_draws(B, n, 1e9)
    expected = noise_share(lam, lam**2, 0.2, 0.1, 0.6, B, n, steps) * variance * np.sum(responses(method, lam, steps) ** 2)
    np.testing.assert_allclose(np.mean(e**2), expected, rtol=5 * np.std(e**2) / np.mean(e**2) / runs**0.5)


def test_batches_of_distinct_rows_are_larger_ones_of_draws():
    assert batch_of_draws(1, 10, 1e9) == 1 and batch_of_draws(10, 10, 1e9) == 1e9 and batch_of_draws(5, 9, 1e9) == 10


def test_one_batch_an_epoch_keeps_all_and_many_methods_go_at_once():
    methods = Method.sgd(0.1), Method.heavy_ball(0.01, 0.9)
    delta, eta, beta = (np.array([getattr(m, k) for m in methods]) for k in ("delta", "eta", "beta"))
    np.testing.assert_array_equal(noise_share(LAM, LAM**2, delta, eta, beta, 6, 10, 7), 1.0)
    alone = [noise_share(LAM, LAM**2, m.delta, m.eta, m.beta, 1, 10, 7) for m in methods]
    np.testing.assert_allclose(noise_share(LAM, LAM**2, delta, eta, beta, 1, 10, 7), alone, rtol=1e-12)
