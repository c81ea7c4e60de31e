"""The noisy quadratic model: the search against the engine's, and the authors' own search against their loops, written out."""

import numpy as np
import pytest

import mombook as mb
from mombook.study import noisy_quadratic
from mombook.study.published import published

SET = published()["zhang2019"].numbers
MANY = 1e5
"""Least squares at so many times the batch and the noise variance is additive noise, to about 1/MANY."""


@pytest.mark.parametrize("family", ["sgd", *(pytest.param(f, marks=pytest.mark.slow) for f in ("heavy_ball", "nesterov"))])
def test_the_search_is_as_good_as_the_engines(family):
    H, batches = mb.Spectrum.power_law(200, 1.0).compressed(1), np.array([4.0, 300.0, 3e4])
    steps, lr, beta = noisy_quadratic.tuned_steps(H, family, batches, 0.02)
    for k, B in enumerate(batches):
        other = mb.tune_steps(H, family, B * MANY, 0.02, noise=MANY**0.5)[1]
        if (family, k) == ("heavy_ball", 2):                             # an early dip, which doubling may step over
            assert other <= steps[k] * 1.001
        else:
            np.testing.assert_allclose(steps[k], other, rtol=1e-3)
        make = getattr(mb.Method, family)
        m = make(lr[k]) if family == "sgd" else make(lr[k], beta[k])
        ends = mb.risk_at(H, m, B * MANY, [np.floor(steps[k]), np.ceil(steps[k])], noise=MANY**0.5)
        assert ends[0] >= 0.02 * (1 - 1e-3) and ends[1] <= 0.02 * (1 + 1e-3)


def literal_bins(dimension=10_000, bins=100):
    """Their bins, walked through one eigenvalue at a time."""
    exact, edges = [1 / i for i in range(1, dimension + 1)], np.geomspace(1, 1 / dimension, bins)
    counts, bin_, i = np.zeros(bins), 0, 0
    while i < dimension:
        while i < dimension and exact[i] >= edges[bin_] * (1 - 1e-12):
            counts[bin_], i = counts[bin_] + 1, i + 1
        bin_ += 1
    return edges, counts


def test_the_published_bins_are_theirs():
    edges, counts = literal_bins()
    H = noisy_quadratic.published_spectrum()
    np.testing.assert_allclose(H.eigenvalues, edges[counts > 0], rtol=1e-12)
    np.testing.assert_array_equal(H.counts, counts[counts > 0])


def test_the_published_search_for_sgd_by_the_closed_form():
    edges, counts = literal_bins()
    for B, found in zip(SET["batch"], noisy_quadratic.published_search("sgd", tuple(SET["batch"])), strict=True):
        best = np.inf
        for lr in np.logspace(-5, 0.5, 100):
            shrink = (1 - lr * edges) ** 2
            floor = lr**2 * edges / B / (1 - shrink)
            low, high = 0, 10**9
            while low < high - 1:
                middle = (low + high) // 2
                with np.errstate(all="ignore"):
                    risk = counts @ (edges * (floor + shrink**middle * (1 - floor))) / 2
                low, high = (low, middle) if risk < 0.01 else (middle, high)
            best = min(best, max(low, 1) if high < 10**9 else np.inf)
        np.testing.assert_allclose(found, best, rtol=1e-6)


def test_the_published_search_for_heavy_ball_step_by_step():
    """At the largest batch, where a run is short: all two thousand methods of the grid, one step after the other."""
    H, B = noisy_quadratic.published_spectrum(), 2.0**20
    lr, beta = (v.ravel()[:, None] for v in np.meshgrid(np.logspace(-8, 1, 100), 1 - np.logspace(-5, 0, 20)))
    lam, weight = H.eigenvalues, H.counts * H.eigenvalues / 2
    ee, ev, vv = (np.full((2000, lam.size), x) for x in (1.0, 0.0, 0.0))          # v = w' - w
    x, noise = lr * lam, lr**2 * lam / B
    with np.errstate(all="ignore"):
        step = 0
        while not ((ee @ weight) < 0.01).any():
            step += 1
            new = beta**2 * vv - 2 * beta * x * ev + x**2 * ee + noise            # v' = beta v - lr (lam e + noise)
            cross = beta * ev - x * ee                                            # E e v'
            ee, ev, vv = ee + 2 * cross + new, cross + new, new
    assert noisy_quadratic.published_search("heavy_ball", (B,))[0] == step - 1


@pytest.mark.parametrize("family", ["sgd", pytest.param("heavy_ball", marks=pytest.mark.slow)])
def test_their_search_repeated_gives_the_published_curve(family):
    """To the accuracy of reading the picture: 0.02 octaves."""
    again = np.log2(noisy_quadratic.published_search(family, tuple(SET["batch"])))
    np.testing.assert_allclose(again, SET["log2_steps"][family], atol=0.02)


@pytest.mark.slow
def test_tuned_freely_no_batch_takes_more_steps():
    for family in ("sgd", "heavy_ball"):
        batches, ours = noisy_quadratic.tuned_curve(family)
        np.testing.assert_array_equal(batches, SET["batch"])
        assert np.all(ours < noisy_quadratic.published_search(family, tuple(SET["batch"])) * 1.005)


@pytest.mark.parametrize(("call", "message"), [
    (lambda H: noisy_quadratic.tuned_steps(H, "asgd", [4.0]), "family must be"),
    (lambda H: noisy_quadratic.tuned_steps(H, "newton", [4.0]), "family must be"),
    (lambda H: noisy_quadratic.tuned_steps(H, "sgd", [0.5]), "batches must be"),
    (lambda H: noisy_quadratic.tuned_steps([1.0], "sgd", [4.0]), "H must be"),
    (lambda H: noisy_quadratic.published_search("nesterov", (4.0,)), "family must be")])
def test_bad_questions_are_refused(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(mb.Spectrum([1.0, 0.5]))
