"""mombook.contraction_gaps: maps of gaps agree with single gaps, with the oracle, and with stability."""

import numpy as np
import pytest

import mombook as mb
from tests import oracles

H = mb.Spectrum.power_law(12, 1.5)
ETA, EPS = np.geomspace(1e-3, 8, 7), np.geomspace(1e-2, 1, 5)[:, None]


@pytest.mark.parametrize("batch", [1, 8, 512])
def test_a_map_is_its_points(batch):
    gaps = mb.contraction_gaps(H, 0.0, ETA, 1 - EPS, batch)
    single = [[mb.contraction_gap(H, mb.Method.heavy_ball(lr, beta), batch) for lr in ETA] for beta in 1 - EPS.ravel()]
    np.testing.assert_allclose(gaps, single, rtol=1e-10, atol=1e-14)


def test_a_map_is_the_oracle():
    gaps = mb.contraction_gaps(H, 0.02, ETA[:4], 0.8, [1, 4, 16, 64])
    slow = [oracles.reduced_gap(H, mb.Method(0.02, lr, 0.8), b) for lr, b in zip(ETA[:4], [1, 4, 16, 64], strict=True)]
    np.testing.assert_allclose(gaps, slow, rtol=1e-8)


@pytest.mark.parametrize("batch", [1, 64])
def test_what_diverges_is_left_out_and_nothing_else(batch):
    full = mb.contraction_gaps(H, 0.0, ETA, 1 - EPS, batch)
    some = mb.contraction_gaps(H, 0.0, ETA, 1 - EPS, batch, stable_only=True)
    np.testing.assert_array_equal(np.isnan(some), full <= 0)
    assert 0 < np.isnan(some).sum() < some.size
    np.testing.assert_allclose(some[full > 0], full[full > 0], rtol=1e-10)


def test_a_coarse_map_is_good_enough_for_a_picture():
    exact = mb.contraction_gaps(H, 0.0, ETA, 1 - EPS, 8, stable_only=True)
    coarse = mb.contraction_gaps(H, 0.0, ETA, 1 - EPS, 8, stable_only=True, tolerance=1e-3)
    np.testing.assert_allclose(coarse, exact, rtol=1e-3)


def test_without_a_momentum_step_memory_does_not_matter():
    np.testing.assert_allclose(mb.contraction_gaps(H, 0.1, 0.0, [0.0, 0.99], 4), mb.contraction_gap(H, mb.Method.sgd(0.1), 4),
                               rtol=1e-10)


@pytest.mark.parametrize("name, bad", [("beta", {"beta": 1.0}), ("beta", {"beta": [0.5, -0.1]}), ("eta", {"eta": [np.nan]}),
                                       ("batch", {"batch": 0}), ("eta", {"eta": np.ones(3), "beta": np.zeros(2)}),
                                       ("tolerance", {"tolerance": 0})])
def test_bad_input_is_named(name, bad):
    with pytest.raises(ValueError, match=name):
        mb.contraction_gaps(**{"spectrum": H, "delta": 0.0, "eta": 0.1, "beta": 0.5, "batch": 4, **bad})
