"""mombook/exact/logistic_moments.py: against runs, against all orders of a few rows, and against plain gradient descent."""

import itertools

import numpy as np
import pytest

from mombook import Method
from mombook.exact.logistic_moments import expected_excess
from mombook.model.logistic import Logistic

RNG = np.random.default_rng
X = RNG(0).normal(size=(120, 4)) * [1.5, 1.0, 0.7, 0.5]
Y = (X @ [1.5, -1.0, 1.0, 0.0] + RNG(1).logistic(size=120) > 0).astype(int)
MODEL = Logistic(X, Y, 1e-3)
METHODS = [Method.sgd(0.5), Method.heavy_ball(0.2, 0.8), Method.nesterov(0.3, 0.7), Method(0.3, 0.05, 0.9)]


def run(model, method, batches):
    """Excess loss at every step of some runs ``(steps + 1, runs)``, by the literal update; batches ``(runs, steps, B)``."""
    w = m = np.zeros((len(batches), model.rows.shape[1]))
    seen = [np.full(len(batches), model.excess)]
    for rows in np.moveaxis(np.asarray(batches), 1, 0):
        x, y = model.rows[rows], model.labels[rows]
        miss = 1 / (1 + np.exp(-(x @ w[..., None])[..., 0])) - y
        g = (x * miss[..., None]).mean(axis=1) + model.ridge * w
        m = method.beta * m + g
        w = w - method.delta * g - method.eta * m
        seen.append(model.loss(w) - model.least)
    return np.array(seen)


def order(rng, n, batch, steps, draws):
    """Batches of a run."""
    if draws == "replacement":
        return rng.integers(n, size=(steps, batch))
    each = n // batch
    epochs = [rng.permutation(n)[:each * batch].reshape(each, batch) for _ in range(-(-steps // each))]
    return np.concatenate(epochs)[:steps]


@pytest.mark.parametrize("method", METHODS)
def test_with_all_rows_it_is_gradient_descent(method):
    steps = 40
    np.testing.assert_allclose(expected_excess(MODEL, method, 120, steps), run(MODEL, method, [[np.arange(120)] * steps])[:, 0],
                               rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("draws", ["epochs", "replacement"])
@pytest.mark.parametrize("method", METHODS)
def test_the_mean_of_runs(method, draws):
    """(logistic-moments): within 3 % with replacement; in epochs, where gradients of rows seen before are outdated, 20 %."""
    runs = run(MODEL, method, [order(RNG(k), 120, 7, 100, draws) for k in range(2000)])
    mean, error = runs.mean(1), runs.std(1) / np.sqrt(2000)
    off = np.abs(expected_excess(MODEL, method, 7, 100, draws) - mean)
    assert np.all(off < 5 * error + (0.2 if draws == "epochs" else 0.03) * mean)


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("method", METHODS)
def test_all_orders_of_a_few_rows(method, batch):
    """(bridge) over an epoch and the first steps of the next: a ridge so large that the loss is a parabola, one weight."""
    model = Logistic([[1.0], [2.0], [-1.5], [0.5]], [1, 0, 0, 1], 1000.0, intercept=False)
    method = Method(method.delta / 1000, method.eta / 1000, method.beta)
    each = 4 // batch
    steps = each + (2 if batch == 2 else 1)
    orders = [np.array(o[:each * batch]).reshape(each, batch) for o in itertools.permutations(range(4))]
    exact = run(model, method, [[*first, *second][:steps] for first in orders for second in orders]).mean(1)
    np.testing.assert_allclose(expected_excess(model, method, batch, steps) / exact, 1, atol=2e-3)


def test_a_method_that_diverges_says_so_without_warnings():
    curve = expected_excess(Logistic(X, Y, 1.0), Method.heavy_ball(100.0, 0.9), 7, 300)
    assert curve[100:].min() > 1.0 and not np.isnan(curve).any()
