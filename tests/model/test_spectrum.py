"""mombook/model/spectrum.py: the named spectra, and that smaller rules for large ones keep what matters."""

import numpy as np
import pytest

import mombook as mb
from mombook import Method, Spectrum
from mombook.model.spectrum import bin_edges, binned_ranks


def test_a_spectrum_is_sorted_frozen_and_knows_its_sums():
    H = Spectrum([0.1, 2.0, 0.5], counts=[4, 1, 3])
    np.testing.assert_array_equal(H.eigenvalues, [2.0, 0.5, 0.1])
    np.testing.assert_array_equal(H.counts, [1, 3, 4])
    assert (H.largest, H.smallest, H.dim, len(H)) == (2.0, 0.1, 8.0, 3)
    np.testing.assert_allclose([H.kappa, H.trace], [20.0, 3.9], rtol=1e-15)
    with pytest.raises(ValueError):
        H.eigenvalues[0] = 1.0
    with pytest.raises(AttributeError):
        H.name = "other"


def test_a_spectrum_does_not_hold_on_to_its_input():
    given = np.array([1.0, 0.5])
    H = Spectrum(given, counts=given)
    given[:] = 7.0
    np.testing.assert_array_equal(H.eigenvalues, [1.0, 0.5])


def test_expanded_lists_every_eigenvalue():
    np.testing.assert_array_equal(Spectrum([0.1, 2.0], counts=[3, 1]).expanded(), [2.0, 0.1, 0.1, 0.1])


def test_scaled_changes_units_only():
    H = Spectrum([0.1, 2.0], counts=[3, 1]).scaled(10)
    np.testing.assert_allclose(H.eigenvalues, [20.0, 1.0])
    np.testing.assert_allclose(H.kappa, 20.0)


def test_named_spectra_are_what_they_say():
    assert Spectrum.flat(7).kappa == 1 and Spectrum.flat(7).trace == 7
    two = Spectrum.two_level(10, 100, top=3)
    np.testing.assert_array_equal(two.expanded(), [1.0] * 3 + [0.01] * 7)
    np.testing.assert_allclose(np.diff(np.log(Spectrum.geometric(6, 1e5).eigenvalues)), -np.log(10), rtol=1e-12)


@pytest.mark.parametrize("decay", [0.0, 0.5, 1.0, 2.5])
def test_plain_power_law(decay):
    np.testing.assert_allclose(Spectrum.power_law(50, decay).eigenvalues, np.arange(1, 51.0) ** -decay, rtol=1e-14)


@pytest.mark.parametrize(("d", "decay", "kappa"), [(2, 1.0, 10.0), (1000, 1.5, 1e4), (30, 0.1, 5.0), (30, 200.0, 1.0001),
                                                   (100, 3.0, 1e12), (5, 2.0, 1.0)])
def test_power_law_with_kappa_of_its_own(d, decay, kappa):
    H = Spectrum.power_law(d, decay, kappa=kappa)
    assert H.dim == d and H.largest == 1.0
    np.testing.assert_allclose(H.kappa, kappa, rtol=1e-12)
    rank = np.arange(d)
    shape = (1 + rank * (kappa ** (1 / decay) - 1) / (d - 1)) ** -decay
    np.testing.assert_allclose(H.eigenvalues, shape, rtol=1e-9)


def test_power_law_with_kappa_of_the_plain_one_is_the_plain_one():
    np.testing.assert_allclose(Spectrum.power_law(40, 1.5, kappa=40**1.5).eigenvalues, Spectrum.power_law(40, 1.5).eigenvalues,
                               rtol=1e-12)


@pytest.mark.parametrize("ends", ["both", "top"])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 100, 1001, 10**6])
def test_bins_cover_everything_once_and_leave_the_ends_alone(n, ends):
    edges = bin_edges(n, 4, ends)
    assert edges[0] == 0 and edges[-1] == n and np.all(np.diff(edges) > 0)
    assert n == 1 or (edges[1] == 1 and edges[-2] == n - 1)
    away = np.minimum(edges[:-1], n - edges[1:]) if ends == "both" else edges[:-1]     # from the end that bins are counted from
    octave = 2 ** (1 / 4) - 1
    assert np.all(np.diff(edges) <= np.maximum(1, octave * away + 0.5))
    few = 4 * np.log2(n) + 8
    assert len(edges) < (2 * few if ends == "both" else few)


@pytest.mark.parametrize("ends", ["both", "top"])
@pytest.mark.parametrize("d", [1, 2, 5, 17, 1000, 123_456])
def test_binned_ranks_sum_polynomials_of_degree_five_exactly(d, ends):
    ranks, weights = binned_ranks(d, ends=ends)
    x = np.arange(d) / d
    for degree in range(6):
        np.testing.assert_allclose(weights @ (ranks / d) ** degree, np.sum(x**degree), rtol=1e-12)
    assert ranks[0] == 0 and ranks[-1] == d - 1 and weights[0] == weights[-1] == 1 and np.all(weights > 0)


@pytest.mark.parametrize(("decay", "kappa"), [(0.5, None), (1.5, None), (3.0, None), (1.0, 1e3), (2.0, 1e6)])
def test_a_binned_power_law_keeps_its_sums_and_its_ends(decay, kappa):
    binned, full = (Spectrum.power_law(30_000, decay, kappa=kappa, binned=b) for b in (True, False))
    assert len(binned) < 400 and len(full) == 30_000
    np.testing.assert_allclose([binned.dim, binned.kappa], [full.dim, full.kappa], rtol=1e-12)
    np.testing.assert_allclose(binned.trace, full.trace, rtol=1e-8)


@pytest.mark.parametrize(("decay", "family"), [(0.5, "heavy_ball"), (1.5, "asgd"), (2.0, "sgd")])
def test_gaps_of_a_million_binned_eigenvalues_are_exact_to_a_millionth(decay, family):
    binned, full = (Spectrum.power_law(10**6, decay, binned=b) for b in (None, False))
    method = mb.tune(binned, family, batch=16).method
    np.testing.assert_allclose(mb.contraction_gap(binned, method, 16), mb.contraction_gap(full, method, 16), rtol=1e-6)


def test_a_billion_eigenvalues_cost_hundreds():
    H = Spectrum.power_law(10**9, 1.2)
    assert len(H) < 700 and H.dim == 10**9
    np.testing.assert_allclose(H.kappa, 1e9**1.2, rtol=1e-12)
    assert mb.tune(H, "asgd", batch=100).gap > mb.tune(H, "sgd", batch=100).gap > 0


RNG = np.random.default_rng(0)
COMPRESSIBLE = [(Spectrum.power_law(3000, 1.5), 1e-6), (Spectrum.power_law(2000, 0.3), 1e-6),
                (Spectrum(RNG.lognormal(0, 1.5, 2000), counts=RNG.integers(1, 5, 2000)), 1e-6),
                (Spectrum.geometric(2000, 1e5), 3e-5)]                  # bins by rank are widest in the middle, as here


@pytest.mark.parametrize(("H", "rtol"), COMPRESSIBLE, ids=repr)
def test_a_compressed_spectrum_keeps_dimension_trace_extremes_and_gaps(H, rtol):
    small = H.compressed()
    assert len(small) < len(H) / 5
    np.testing.assert_allclose([small.dim, small.trace, small.largest, small.smallest],
                               [H.dim, H.trace, H.largest, H.smallest], rtol=1e-12)
    for family in ("sgd", "heavy_ball", "asgd"):
        for batch in (1, 100):
            method = mb.tune(small, family, batch).method
            gap = mb.contraction_gap(H, method, batch)
            np.testing.assert_allclose(mb.contraction_gap(small, method, batch), gap, rtol=rtol)
    for moment in (2, 3):                                               # of every bin, hence of the whole
        np.testing.assert_allclose(small.counts @ small.eigenvalues**moment, H.counts @ H.eigenvalues**moment, rtol=1e-11)


def test_small_spectra_are_not_compressed():
    H = Spectrum.power_law(40, 1.5)
    assert H.compressed() is H and Spectrum.flat(10**6).compressed() is not None
    again = Spectrum(np.full(300, 0.5)).compressed()                    # equal neighbours merge to one node
    np.testing.assert_array_equal(np.unique(again.eigenvalues), [0.5])
    assert again.dim == 300


def test_a_decay_too_small_for_its_kappa_is_refused_with_the_least_that_is_not():
    least = np.log(1e4) / 600
    with pytest.raises(ValueError, match=rf"^decay must be at least log\(kappa\)/600, {least:.3g}: ranks overflow below; got"):
        Spectrum.power_law(10, 0.99 * least, kappa=1e4)
    np.testing.assert_allclose(Spectrum.power_law(10, 1.01 * least, kappa=1e4).kappa, 1e4, rtol=1e-10)


def test_a_geometric_spectrum_of_too_many_eigenvalues_is_refused():
    assert len(Spectrum.geometric(10**6, 10)) == 10**6
    with pytest.raises(ValueError, match=r"^d must be at most 1,000,000 here; Spectrum\.power_law bins more; got 1000001"):
        Spectrum.geometric(10**6 + 1, 10)


def test_the_repr_says_what_it_is():
    assert repr(Spectrum.two_level(3, 10)) == "Spectrum(two levels: d=3, kappa=10, trace=1.2)"


def test_a_method_that_does_not_move_has_no_gap():
    assert mb.contraction_gap(Spectrum.flat(3), Method(0.0, 0.0, 0.0), 1) == 0.0


@pytest.mark.parametrize(("d", "decay"), [(10**5, 2.0), (10**6, 1.0), (10**8, 1.5)])
def test_a_binned_spectrum_compresses_by_rank_and_keeps_its_gaps(d, decay):
    H = Spectrum.power_law(d, decay)
    small = H.compressed(2)
    assert len(small) < 0.6 * len(H)
    np.testing.assert_allclose([small.dim, small.trace], [H.dim, H.trace], rtol=1e-12)
    for family in ("sgd", "asgd"):
        np.testing.assert_allclose(mb.tune(small, family, 4).gap, mb.tune(H, family, 4).gap, rtol=1e-4)
