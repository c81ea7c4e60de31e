"""SVAG on a network: its gradient against differences, and one step against (svag) written out."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from mombook import Method
from mombook.sample import svag_network as net


def toy(rng):
    X, y = rng.normal(size=(40, 64)), rng.integers(10, size=40)
    w = [rng.normal(size=shape) * 0.3 for shape in ((64, 5), (1, 5), (5, 10), (1, 10))]
    return w, X, y


def test_the_gradient_is_that_of_differences():
    w, X, y = toy(np.random.default_rng(0))
    exact, rng = net._gradient(w, X, y), np.random.default_rng(1)
    for k, each in enumerate(w):
        for _ in range(4):
            at, h = tuple(rng.integers(n) for n in each.shape), 1e-5
            sides = []
            for sign in (1, -1):
                moved = [v.copy() for v in w]
                moved[k][at] += sign * h
                sides.append(net._loss(moved, X, y))
            np.testing.assert_allclose(exact[k][at], (sides[0] - sides[1]) / (2 * h), rtol=2e-5, atol=1e-8)


def test_a_unit_of_time_is_l_mixed_steps(monkeypatch):
    """(svag) and the update rule written out, from the same draws."""
    rng = np.random.default_rng(2)
    _, X, y = toy(rng)
    data, level, method, seen = (X.astype(np.float32), y, X.astype(np.float32), y), 3, Method.ema(0.3, 0.8), []
    monkeypatch.setattr(net, "_loss", lambda w, X, y: seen.append([v.copy() for v in w]) or 1.0)
    net._run(method, 8, level, 1, 5, 4, data)
    w, draws = seen[0], np.random.default_rng([4, level])
    m = [np.zeros_like(v) for v in w]
    for _ in range(level):
        parts = []
        for weight in ((1 + 5**0.5) / 2, (1 - 5**0.5) / 2):
            batch = draws.choice(40, 8, replace=False)
            parts.append([weight * g for g in net._gradient(w, data[0][batch], y[batch])])
        m = [0.8 * a + g + h for a, g, h in zip(m, *parts, strict=True)]
        w = [a - 0.3 * 0.2 / level * b for a, b in zip(w, m, strict=True)]
    for ours, theirs in zip(w, seen[1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


def test_methods_without_memory_agree_and_divergence_is_recorded():
    runs = net.train(64, 0.2, beta=0.0, levels=[1, 2], seeds=1, units=5, hidden=8)
    np.testing.assert_array_equal(runs.loss[0], runs.loss[1])
    assert runs.loss.shape == (2, 2, 1, 6) and np.all(np.isfinite(runs.loss))
    wild = net.train(64, 1e8, levels=[1], seeds=1, units=5, hidden=8)
    assert np.all(np.isinf(wild.loss[0, 0, 0, -1])) and wild.accuracy[0, 0, 0] == 0


@pytest.mark.parametrize(("change", "message"), [({"batch": 1199}, "batch must be"), ({"rate": 0}, "rate must be"),
                                                 ({"levels": [0]}, "levels must be"), ({"beta": 1.0}, "beta must be")])
def test_bad_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        net.train(**{"batch": 32, "rate": 0.1, **change})
