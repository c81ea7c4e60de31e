"""(full-gradient): no other learning rate of SGD and no other momentum at that rate is faster; rates as published."""

import numpy as np
import pytest

import mombook as mb
from mombook.sample.paths import descent
from mombook.tuning.full_gradient import full_gradient

FULL = 1e15


@pytest.mark.parametrize("spectrum", [mb.Spectrum([1.0, 1 / 30]), mb.Spectrum([4.0, 2.0, 0.5]), mb.Spectrum.power_law(50, 1.5)])
def test_rates_are_the_known_ones_and_no_neighbour_is_faster(spectrum):
    both, kappa = full_gradient(spectrum), spectrum.kappa
    sgd, heavy_ball = both["sgd"], both["heavy_ball"]
    gap = {name: mb.contraction_gap(spectrum, method, FULL) for name, method in both.items()}
    np.testing.assert_allclose(1 - gap["sgd"], ((kappa - 1) / (kappa + 1))**2, rtol=1e-9)
    np.testing.assert_allclose(1 - gap["heavy_ball"], (1 - np.sqrt(2 / (kappa + 1)))**2, rtol=1e-5)
    assert heavy_ball.eta == sgd.delta
    for factor in (0.97, 1.03):
        assert mb.contraction_gap(spectrum, mb.Method.sgd(factor * sgd.delta), FULL) < gap["sgd"]
        other = mb.Method.heavy_ball(heavy_ball.eta, factor * heavy_ball.beta)
        assert mb.contraction_gap(spectrum, other, FULL) < gap["heavy_ball"]


@pytest.mark.parametrize("kappa", [1e4, 1e6])
def test_polyaks_rate_is_root_two_faster_and_overshoots(kappa):
    """What the docstring says of the other choice."""
    H, r = mb.Spectrum([1.0, 1 / kappa]), np.sqrt(kappa)
    polyak = mb.Method.heavy_ball(4 / (1 + 1 / r)**2, ((r - 1) / (r + 1))**2)
    ours = full_gradient(H)["heavy_ball"]
    np.testing.assert_allclose(polyak.eta / ours.eta, 2, rtol=0.05)
    np.testing.assert_allclose(np.log(polyak.beta) / np.log(ours.beta), np.sqrt(2), rtol=0.02)
    far = {name: np.abs(descent(H, method, int(8 * r), [1.0, 1.0])[:, 0]).max() for name, method in
           (("polyak", polyak), ("ours", ours))}
    np.testing.assert_allclose(far["polyak"], r / np.e, rtol=0.01)
    assert far["ours"] <= 1


def test_equal_eigenvalues_need_one_step():
    both = full_gradient(mb.Spectrum.flat(3))
    assert both["sgd"].delta == both["heavy_ball"].eta == 1 and both["heavy_ball"].beta == 0
    with pytest.raises(ValueError, match=r"^spectrum must be"):
        full_gradient([1.0])
