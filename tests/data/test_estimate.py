"""Spectra by quadrature and by randomized SVD against exact ones; power laws fitted to what was drawn from one."""

import numpy as np
import pytest
from scipy import sparse

import mombook as mb
from mombook.data.estimate import fit_power_law, lanczos_spectrum, randomized_spectrum
from mombook.data.loading import load
from mombook.prose import three

RNG = np.random.default_rng
GOOD = RNG(0).normal(size=(30, 4)) * [1, 10, 0.1, 3] + [5, 0, 1, -2]


def test_lanczos_with_as_many_steps_as_eigenvalues_is_exact():
    """One start that has a part in every direction: nodes are the eigenvalues; weights are right in the mean."""
    design = load(RNG(3).normal(size=(50, 8)) @ np.diag(np.arange(1.0, 9)))
    one = lanczos_spectrum(design, RNG(0), steps=8, probes=1)
    np.testing.assert_allclose(one.eigenvalues, design.eigenvalues, rtol=1e-9)
    np.testing.assert_allclose(one.dim, 8, rtol=1e-9)
    many = lanczos_spectrum(design, RNG(0), steps=8, probes=4000)
    weight = [many.counts[np.isclose(many.eigenvalues, lam, rtol=1e-6)].sum() for lam in design.eigenvalues]
    # A weight is 8 times a share with the law Beta(1/2, 7/2), whose variance is 7/320: five standard errors of the mean.
    np.testing.assert_allclose(weight, 1, atol=5 * 8 * np.sqrt(7 / 320 / 4000))


def test_lanczos_is_a_gauss_rule():
    """(lanczos) integrates polynomials up to degree 2K-1 exactly under the measure of its start."""
    X = RNG(4).normal(size=(80, 30))
    start = RNG(5).choice([-1.0, 1.0], size=30)
    found = lanczos_spectrum(X, RNG(5), steps=5, probes=1)
    H, v = X.T @ X / 80, start
    for k in range(10):
        np.testing.assert_allclose(found.counts @ found.eigenvalues**k, start @ v, rtol=1e-9)
        v = H @ v
    v = start @ np.linalg.matrix_power(H, 20) @ start
    assert abs(found.counts @ found.eigenvalues**20 / v - 1) > 1e-6


def test_lanczos_of_a_wide_sparse_matrix_predicts_the_exact_gaps():
    X = sparse.random_array((400, 900), density=0.05, rng=RNG(6), format="csr")
    exact = mb.Spectrum(np.linalg.svd(X.toarray(), compute_uv=False) ** 2 / 400)
    found = lanczos_spectrum(X, RNG(0), steps=120)
    np.testing.assert_allclose([found.dim, found.trace, found.largest], [400, exact.trace, exact.largest], rtol=0.05)
    np.testing.assert_allclose(mb.critical_batch(found, "sgd"), mb.critical_batch(exact, "sgd"), rtol=0.1)


def test_randomized_svd_keeps_the_largest_and_the_trace():
    design = load("digits")
    found = randomized_spectrum(design, RNG(0), top=12)
    np.testing.assert_allclose(found.eigenvalues[:12], design.eigenvalues[:12], rtol=1e-4)
    np.testing.assert_allclose([found.trace, found.dim], [61, 61], rtol=1e-9)
    np.testing.assert_allclose(randomized_spectrum(design, RNG(0), top=61).eigenvalues, design.eigenvalues, rtol=1e-9)


def test_power_law_fit_finds_the_law_of_gaussian_rows():
    """2000 rows drawn from i^-1.2: the interval of (power-fit) holds what was put in."""
    rows = RNG(7).normal(size=(2000, 30)) * np.arange(1.0, 31) ** -0.6
    fit = fit_power_law(load(rows, standardise=False), RNG(0))
    low, high = fit.decay_interval
    assert low < 1.2 < high and high - low < 0.1 and fit.fits and "within a factor" in str(fit)
    assert fit.kappa_interval[0] < 30**1.2 * 1.15 and fit.kappa_interval[1] > 30**1.2


@pytest.mark.parametrize(("decay", "scale"), [(1.2, 1.0), (0.4, 10.0)])
def test_power_law_fit_says_its_numbers_with_their_intervals(decay, scale):
    """The power is minus the decay, and so are the ends of its interval."""
    rows = RNG(7).normal(size=(400, 20)) * np.arange(1.0, 21) ** (-decay / 2) * (1 + (scale - 1) * (np.arange(20) < 5))
    fit = fit_power_law(load(rows, standardise=False), RNG(0))
    d, k = fit.decay_interval, fit.kappa_interval
    fall = (f"Eigenvalues fall like rank to the power {three(-fit.decay)} (90 % of bootstraps: {three(-d[1])} to "
            f"{three(-d[0])}), within a factor {three(fit.misfit)}")
    none = (f"A power law does not fit: about the best line, of decay {three(fit.decay)} (90 % of bootstraps: {three(d[0])} to "
            f"{three(d[1])}), eigenvalues are off by a factor {three(fit.misfit)}")
    assert fit.fits == (scale == 1)
    assert str(fit) == f"{fall if scale == 1 else none}; κ is {three(fit.kappa)} ({three(k[0])} to {three(k[1])})."
    spectrum = mb.Spectrum.power_law(20, decay)
    assert str(fit_power_law(spectrum)) == (f"Eigenvalues fall like rank to the power {three(-decay)}, within a factor 1; κ is "
                                            f"{three(spectrum.kappa)}.")


def test_power_law_fit_says_when_there_is_none():
    fit = fit_power_law(mb.Spectrum(np.repeat([1.0, 1e-3], 20)))
    assert not fit.fits and str(fit).startswith("A power law does not fit")
    with pytest.raises(ValueError, match="three eigenvalues"):
        fit_power_law(mb.Spectrum([1.0, 0.5]))


@pytest.mark.parametrize("call", [lambda: lanczos_spectrum([[1.0]], RNG(0)), lambda: lanczos_spectrum(GOOD, 0),
                                  lambda: lanczos_spectrum(GOOD, RNG(0), steps=0), lambda: randomized_spectrum(GOOD, RNG(0), 0),
                                  lambda: fit_power_law(GOOD), lambda: fit_power_law(load(GOOD), RNG(0), draws=3)])
def test_bad_arguments_are_refused(call):
    with pytest.raises(ValueError, match=r"^(rows|rng|steps|top|source|draws) must be .*; got "):
        call()
