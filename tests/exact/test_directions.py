"""Which directions carry the risk, (risk-by-direction): against the dense operator, and in sum against the curve."""

import numpy as np
import oracles
import pytest

import mombook as mb
from mombook.exact.moments import risk_by_direction

METHODS = [mb.Method.sgd(0.4), mb.Method.heavy_ball(0.2, 0.7), mb.Method(0.1, 0.05, 0.8)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_every_direction_is_the_dense_operators(method, noise):
    lam, batch, start = np.array([1.0, 0.4, 0.1]), 3, np.array([1.0, 2.0, 0.5])
    found = risk_by_direction(mb.Spectrum(lam), method, batch, [0, 1, 7], noise, start)
    operator, drive = oracles.dense_operator(lam, method, batch), oracles.dense_noise(lam, method, batch, noise)
    size = 2 * len(lam)
    state, seen = np.zeros((size, size)), []
    state[:3, :3] = np.diag(start)
    for t in range(8):
        if t in (0, 1, 7):
            seen.append(lam * np.diag(state)[:3] / 2)
        state = (operator @ state.ravel() + drive.ravel()).reshape(size, size)
    np.testing.assert_allclose(found, seen, rtol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_the_directions_sum_to_the_risk_whatever_their_multiplicity(method):
    H, times = mb.Spectrum([1.0, 0.3, 0.01], counts=[1, 5, 20]), [0, 1, 10, 1000, 100_000]
    found = risk_by_direction(H, method, 8, times, 0.1)
    np.testing.assert_allclose(found.sum(axis=1), mb.risk_at(H, method, 8, times, 0.1), rtol=1e-9)
    assert found.shape == (5, 3)
    apart = risk_by_direction(mb.Spectrum(H.expanded()), method, 8, times, 0.1)
    np.testing.assert_allclose(found, np.stack([apart[:, :1].sum(1), apart[:, 1:6].sum(1), apart[:, 6:].sum(1)], 1), rtol=1e-9)


@pytest.mark.parametrize(("name", "wrong"), [("spectrum", [1.0]), ("method", None), ("batch", 0.5), ("times", [1.5]),
                                             ("times", [3, 1]), ("noise", -1), ("start", [1.0]), ("kurtosis", 0.5),
                                             ("spectrum", mb.Spectrum.power_law(3000, 1.0))])
def test_a_wrong_argument_is_refused_by_name(name, wrong):
    good = {"spectrum": mb.Spectrum([1.0, 0.5]), "method": mb.Method.sgd(0.1), "batch": 4, "times": [0, 3]}
    with pytest.raises(ValueError, match=f"^{name} must be"):
        risk_by_direction(**{**good, name: wrong})
