"""Weights step by step, (paths): literal updates, the law of the runs by their exact mean risk, refusals by name."""

import numpy as np
import oracles
import pytest

import mombook as mb
from mombook.sample.paths import descent, paths

H = mb.Spectrum([1.0, 0.1])
START = np.array([0.5, -2.0])


@pytest.mark.parametrize("method", [mb.Method.sgd(1.5), mb.Method.heavy_ball(0.9, 0.8), mb.Method(0.3, 0.05, 0.9)])
def test_descent_is_the_literal_update_on_the_full_gradient(method):
    w, m, expected = START, np.zeros(2), [START]
    for _ in range(20):
        w, m = oracles.step(method, w, m, H.eigenvalues * w)
        expected.append(w)
    np.testing.assert_allclose(descent(H, method, 20, START), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("method", "batch", "noise"), [(mb.Method.sgd(0.4), 1, 0.3), (mb.Method.heavy_ball(0.2, 0.7), 8, 0.0)])
def test_the_mean_risk_of_the_paths_is_exact(method, batch, noise):
    runs = paths(H, method, batch, 6, 20_000, np.random.default_rng(0), START, noise)
    risk = (runs**2 @ H.eigenvalues) / 2
    exact = mb.risk_curve(H, method, batch, 6, noise=noise, start=START**2)
    error = risk.std(axis=0, ddof=1) / np.sqrt(len(risk))
    np.testing.assert_allclose(risk[:, 0], exact[0], rtol=1e-12)
    np.testing.assert_array_less(np.abs(risk.mean(axis=0) - exact)[1:], 5 * error[1:])


def test_a_seed_gives_the_same_paths_and_divergence_is_no_error():
    one, again, other = (paths(H, mb.Method.sgd(0.5), 4, 5, 3, np.random.default_rng(s), START) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.all(one[:, 1:] != other[:, 1:]) and np.all(one[:, 0] == START)
    wild = mb.Method.sgd(1e9)
    assert not np.isfinite(paths(H, wild, 4, 60, 2, np.random.default_rng(0), START)[:, -1]).any()
    assert not np.isfinite(descent(H, wild, 60, START)[-1]).any()


GOOD = {"spectrum": H, "method": mb.Method.sgd(0.1), "batch": 4, "steps": 3, "runs": 2, "rng": np.random.default_rng(0),
        "start": START, "noise": 0.0}


@pytest.mark.parametrize(("name", "wrong"), [("spectrum", [1.0]), ("method", 0.1), ("batch", 0), ("steps", 1.5), ("runs", 0),
                                             ("rng", 0), ("start", [1.0]), ("noise", -1.0), ("runs", 10**7)])
def test_a_wrong_argument_is_refused_by_name(name, wrong):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        paths(**{**GOOD, name: wrong})
    if name in ("spectrum", "method", "steps", "start"):
        with pytest.raises(ValueError, match=f"^{name} must be"):
            descent(**{key: {**GOOD, name: wrong}[key] for key in ("spectrum", "method", "steps", "start")})
