"""mombook/bounds.py: every theorem by its kind, on spectra nobody chose, and once where it is nearly tight."""

from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles import sample_map, step
from scipy.optimize import brentq
from strategies import SETTINGS, batches, methods, spectra

import mombook as mb
from mombook import Method, Spectrum, bounds

ROUNDING = 1 + 1e-9
many = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], **SETTINGS)
some = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], **SETTINGS)


# -- upper bounds -----------------------------------------------------------------------------------------------------
@pytest.mark.slow
@many
@given(st.data(), spectra(), batches)
def test_no_method_beats_the_bounds_of_its_family(data, H, batch):
    """SGD, heavy ball, and the whole family, negative steps included, at random parameters."""
    cap = bounds.deterministic_gap(H).value
    sgd = data.draw(methods(H, batch, eta=False))
    assert mb.contraction_gap(H, sgd, batch) <= bounds.sgd_gap(H, batch).value * ROUNDING
    heavy_ball = data.draw(methods(H, batch, delta=False))
    gap = mb.contraction_gap(H, heavy_ball, batch)
    assert gap <= bounds.heavy_ball_gap(H, batch).value * ROUNDING
    y = batch * H.smallest / H.trace                                    # (T2) in its sharp form
    assert gap <= (1 + np.sqrt(1 - gap)) ** 2 * y * ROUNDING
    method = data.draw(methods(H, batch, positive=False))
    gap = mb.contraction_gap(H, method, batch)
    assert gap <= cap * ROUNDING
    assert gap <= bounds.two_buffer_gap(H, batch).value * ROUNDING
    if method.delta < 0:                                                # (T5-backward)
        assert gap <= 4 * y * ROUNDING


@pytest.mark.slow
@some
@given(spectra(), batches)
def test_tuned_methods_stay_below_the_upper_bounds(H, batch):
    cap = bounds.deterministic_gap(H).value
    tuned = {family: mb.tune(H, family, batch) for family in mb.FAMILIES}
    assert tuned["sgd"].gap <= bounds.sgd_gap(H, batch).value * ROUNDING
    assert tuned["heavy_ball"].gap <= bounds.heavy_ball_gap(H, batch).value * ROUNDING
    for best in tuned.values():
        assert best.gap <= cap * ROUNDING
        assert best.gap <= bounds.two_buffer_gap(H, batch).value * ROUNDING


@pytest.mark.slow
@many
@given(st.data(), spectra(largest_kappa=1.5), st.sampled_from([1.0, 3.0, 100.0, 1e4, 1e6, 1e9]))
def test_the_joint_bound_of_heavy_ball_holds_where_its_two_halves_meet(data, H, batch):
    """4y/(1+y)^2 with y = min(B mu/tr, 1/sqrt(kappa)): near kappa = 1 and in huge batches y comes close to 1."""
    method = data.draw(methods(H, batch, delta=False))
    assert mb.contraction_gap(H, method, batch) <= bounds.heavy_ball_gap(H, batch).value * ROUNDING


# -- lower bounds -----------------------------------------------------------------------------------------------------
@pytest.mark.slow
@many
@given(spectra(), batches)
def test_lower_bounds_are_reached_by_their_methods(H, batch):
    for bound in (bounds.sgd_gap(H, batch, "lower"), bounds.heavy_ball_gap(H, batch, "lower"), bounds.nesterov_gap(H, batch),
                  bounds.two_buffer_gap(H, batch, "lower"), bounds.mass_gap(H, batch)):
        assert bound.kind == "lower" and bound.holds is True
        assert mb.contraction_gap(H, bound.method, batch) * ROUNDING >= bound.value > 0


@pytest.mark.slow
@many
@given(spectra(), batches)
def test_lower_bounds_are_below_upper_bounds(H, batch):
    for family in (bounds.sgd_gap, bounds.heavy_ball_gap, bounds.two_buffer_gap):
        assert family(H, batch, "lower").value <= family(H, batch).value * ROUNDING
    assert bounds.mass_gap(H, batch).value <= bounds.deterministic_gap(H).value * ROUNDING


# -- how tight --------------------------------------------------------------------------------------------------------
def test_sgd_bounds_are_nearly_tight():
    flat = Spectrum.flat(100)
    np.testing.assert_allclose(mb.tune(flat, "sgd", 8).gap, bounds.sgd_gap(flat, 8, "lower").value, rtol=1e-8)
    H = Spectrum.two_level(10**6, 1e6, top=10**6 - 1)
    ratio = mb.tune(H, "sgd", 1).gap / (H.smallest / H.trace)
    assert 2.0 < ratio <= 4.0                                           # lower 1, upper 4
    large = mb.tune(Spectrum([1.0, 0.1]), "sgd", 1e9).gap               # without noise the upper side is exact
    np.testing.assert_allclose(large, bounds.sgd_gap(Spectrum([1.0, 0.1]), 1e9).value, rtol=1e-3)


def test_four_is_the_best_constant_of_heavy_ball():
    """A top eigenvalue of large multiplicity and kappa without end: gap tr/(B mu) comes as near to 4 as one likes."""
    ratios = []
    for kappa in (10.0, 100.0, 1e4):
        H = Spectrum.two_level(10**4, kappa, top=10**4 - 1)
        ratios.append(mb.tune(H, "heavy_ball", 1).gap * H.trace / H.smallest)
    assert ratios[0] < ratios[1] < ratios[2] < 4 and ratios[2] > 3.99


@pytest.mark.parametrize("guarantee", [lambda H, B: bounds.heavy_ball_gap(H, B, "lower"), bounds.nesterov_gap],
                         ids=["heavy ball", "Nesterov"])
def test_the_guarantees_are_equalities_for_one_weight_at_batch_two(guarantee):
    """(T3), (nesterov-guarantee): there eps = 1, the method is SGD with lr = 1/2, gap = 1 - (1 - lr)^2 - 2 lr^2/B = 1/2."""
    bound = guarantee(Spectrum.flat(1), 2)
    np.testing.assert_allclose(bound.value, 0.5, rtol=1e-15)
    np.testing.assert_allclose(mb.contraction_gap(Spectrum.flat(1), bound.method, 2), 0.5, rtol=1e-12)


@settings(max_examples=100, **SETTINGS)
@given(spectra(), batches)
def test_the_two_sides_of_heavy_ball_match(H, batch):
    """(T2) over (T3) is at most 8 (1 + L/tr) <= 16, and at most 8 where the momentum is 1 - 1/sqrt(kappa)."""
    low, high = bounds.heavy_ball_gap(H, batch, "lower"), bounds.heavy_ball_gap(H, batch)
    most = 8 if low.value * 2 * np.sqrt(H.kappa) > 1 - 1e-12 else 8 * (1 + H.largest / H.trace)
    assert high.value / low.value <= most * ROUNDING


def test_sixteen_is_nearly_reached_between_the_two_sides_of_heavy_ball():
    H = Spectrum([1.0, 1e-8])
    assert bounds.heavy_ball_gap(H, 1).value / bounds.heavy_ball_gap(H, 1, "lower").value > 15.99


@settings(max_examples=200, **SETTINGS)
@given(spectra(), batches)
def test_the_two_sides_of_the_whole_family_match(H, batch):
    """(T5) over (T7) is at most 12 sqrt(6) < 30, and at most 8 where T7's memory is the longest it takes."""
    low, high = bounds.two_buffer_gap(H, batch, "lower"), bounds.two_buffer_gap(H, batch)
    longest = 1 / (1 + np.sqrt(H.kappa))
    most = 8 if 2 * low.value > longest * (1 - 1e-12) else 12 * np.sqrt(6)
    assert high.value / low.value <= most * ROUNDING


@pytest.mark.parametrize("decay", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("batch", [1, 16, 1000])
def test_mass_gains_at_most_a_factor_of_two_and_a_half_over_its_bound(decay, batch):
    H = Spectrum.power_law(50, decay)
    bound = bounds.mass_gap(H, batch)
    assert 1.0 - 1e-12 <= mb.contraction_gap(H, bound.method, batch) / bound.value < 2.5


@pytest.mark.parametrize(("decay", "low", "high"), [(0.5, 2, 5), (1.0, 2, 5), (1.5, 1, 3), (2.0, 1, 3)])
def test_two_buffer_bound_is_within_a_single_digit_factor_of_the_best(decay, low, high):
    H = Spectrum.power_law(200, decay)
    assert low < bounds.two_buffer_gap(H, 1).value / mb.tune(H, "asgd", 1).gap < high


def test_the_noiseless_cap_is_reached():
    H = Spectrum([1.0, 0.1, 0.01])
    for family in ("heavy_ball", "asgd"):
        np.testing.assert_allclose(mb.tune(H, family, 1e12).gap, bounds.deterministic_gap(H).value, rtol=1e-3)


# -- any samples ------------------------------------------------------------------------------------------------------
def rows_of(rng, n=7, d=3):
    """Random rows, equally likely, in the eigenvectors of their G = E[a a^T], with its eigenvalues."""
    rows = rng.standard_normal((n, d)) * 10 ** rng.uniform(-0.7, 0, d)
    lam, vectors = np.linalg.eigh(rows.T @ rows / n)
    return rows @ vectors, lam


def noise_of(rows, lam, Y):
    """N(Y) = E[(P - G) Y (P - G)], literally."""
    return np.mean([(np.outer(a, a) - np.diag(lam)) @ Y @ (np.outer(a, a) - np.diag(lam)) for a in rows], axis=0)


def dense_row_gap(rows, method, batch):
    """1 - spectral radius of the second moments of one step, enumerated row by row."""
    maps = [sample_map(method, a) for a in rows]
    mean, same = np.mean(maps, axis=0), np.mean([np.kron(A, A) for A in maps], axis=0)
    return 1 - np.abs(np.linalg.eigvals(same / batch + (1 - 1 / batch) * np.kron(mean, mean))).max()


def discounted(lam, method, rho):
    """Gamma_ij = sum over t of rho^-t h_i(t) h_j(t), h_i(t) what a unit gradient leaves in mode i after t steps."""
    first = np.array(step(method, 0.0, 0.0, 1.0))
    maps = [np.transpose([step(method, 1.0, 0.0, v), step(method, 0.0, 1.0, 0.0)]) for v in lam]
    return np.array([[np.linalg.solve(rho * np.eye(4) - np.kron(A, C), np.kron(first, first))[0] for C in maps] for A in maps])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("batch", [1, 5])
def test_at_the_rate_of_rows_the_noise_that_returns_is_the_noise_that_was_made(seed, batch):
    """(lemma-G): with rho the rate, M -> Gamma o N(M) / B has spectral radius 1; K*(G) <= G is enough for that rate."""
    rows, lam = rows_of(np.random.default_rng(seed))
    L, R = lam.max(), np.linalg.eigvalsh(noise_of(rows, lam, np.eye(3)) / np.sqrt(np.outer(lam, lam))).max()
    short = 0.6 / (L + R / batch)
    method = Method(short, 0.05 * short, 0.9)
    gap = dense_row_gap(rows, method, batch)
    assert gap > 1e-4
    Gamma = discounted(lam, method, 1 - gap)
    K = np.array([(Gamma * noise_of(rows, lam, E.reshape(3, 3))).ravel() / batch for E in np.eye(9)]).T
    np.testing.assert_allclose(np.abs(np.linalg.eigvals(K)).max(), 1.0, rtol=1e-6)

    def enough(g):
        weights = np.diag(lam * np.diag(discounted(lam, method, 1 - g)))
        return np.linalg.eigvalsh(batch * np.diag(lam) - noise_of(rows, lam, weights)).min() >= 0

    assert enough(gap / 4) and not enough(gap * (1 + 1e-6))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("batch", [1, 5, 40])
def test_the_floor_of_the_family_holds_on_rows(seed, batch):
    """(T7) with the constants R and N_l of the rows: the proof asks nothing else of the samples."""
    rows, lam = rows_of(np.random.default_rng(seed))

    def constant(y):
        return np.linalg.eigvalsh(noise_of(rows, lam, np.diag(y)) / np.sqrt(np.outer(lam, lam))).max()

    mu, L = lam.min(), lam.max()
    delta = min(batch / (3 * constant(np.ones(3))), 1 / (4 * L))
    star = brentq(lambda e: e * e * constant(1 / (lam + e / delta)) - 2 / 3 * batch * mu * delta, 1e-9, 100)
    eps = min(star, 1 / (1 + np.sqrt(L / mu)))
    assert dense_row_gap(rows, Method(delta, eps**2 / (2 * mu), 1 - eps), batch) >= eps / 2


# -- what the functions say -------------------------------------------------------------------------------------------
def test_bounds_bend_where_they_say():
    H = Spectrum.power_law(200, 1.5)
    for family, upper in (("sgd", bounds.sgd_gap), ("heavy_ball", bounds.heavy_ball_gap)):
        bend = bounds.bend(H, family)
        at, after, before = (upper(H, f * bend).value for f in (1.0, 5.0, 0.5))
        np.testing.assert_allclose(at, after, rtol=1e-12)
        assert before < at * 0.6
    np.testing.assert_allclose(bounds.bend(H, "heavy_ball") / bounds.bend(H, "sgd"), np.sqrt(H.kappa), rtol=1e-14)


def test_a_bound_over_batches_is_the_bound_at_each():
    H = Spectrum.power_law(30, 1.2)
    grid = np.array([1.0, 7.0, 400.0])
    for bound in (bounds.sgd_gap, bounds.heavy_ball_gap, bounds.two_buffer_gap, bounds.mass_gap, bounds.nesterov_gap,
                  *(partial(f, kind="lower") for f in (bounds.sgd_gap, bounds.heavy_ball_gap, bounds.two_buffer_gap))):
        together, alone = bound(H, grid), [bound(H, b) for b in grid]
        np.testing.assert_allclose(together.value, [a.value for a in alone], rtol=1e-13)
        assert all(isinstance(a.value, float) for a in alone)
        if together.kind == "lower":
            pairs = zip(together.method, (a.method for a in alone), strict=True)
            np.testing.assert_allclose(*zip(*(([a.delta, a.eta, a.beta], [b.delta, b.eta, b.beta]) for a, b in pairs),
                                            strict=True), rtol=1e-12)


def test_upper_bounds_are_closed_forms():
    H = Spectrum([1.0, 0.25], counts=[1, 4])                            # mu = 1/4, tr = 2, kappa = 4
    np.testing.assert_allclose(bounds.sgd_gap(H, 1).value, 4 * 0.125 / 1.125**2)
    np.testing.assert_allclose(bounds.sgd_gap(H, 100).value, 1 - (3 / 5) ** 2)
    np.testing.assert_allclose(bounds.heavy_ball_gap(H, 2).value, 4 * 0.25 / 1.25**2)
    np.testing.assert_allclose(bounds.heavy_ball_gap(H, 100).value, 1 - (1 / 3) ** 2)
    np.testing.assert_allclose(bounds.deterministic_gap(H).value, 1 - (1 / 3) ** 2)
    assert bounds.deterministic_gap(H).kind == bounds.two_buffer_gap(H, 1).kind == "upper"
    for bound in (bounds.sgd_gap(H, 1), bounds.heavy_ball_gap(H, 1), bounds.mass_gap(H, 1), bounds.deterministic_gap(H)):
        assert bound.holds is True and "this book" in bound.reference


def test_guarantees_are_closed_forms():
    H = Spectrum([1.0, 0.25], counts=[1, 4])                            # mu = 1/4, tr + L = 3, kappa = 4
    for bound, method in ((bounds.heavy_ball_gap(H, 3, "lower"), Method.heavy_ball(1 / 8, 0.75)),
                          (bounds.nesterov_gap(H, 3), Method.nesterov(1 / 8, 0.75)),
                          (bounds.heavy_ball_gap(H, 100, "lower"), Method.heavy_ball(1 / 2, 0.5)),
                          (bounds.nesterov_gap(H, 100), Method.nesterov(1 / 2, 0.5))):
        np.testing.assert_allclose(bound.value, (1 - method.beta) / 2, rtol=1e-15)
        np.testing.assert_allclose([bound.method.delta, bound.method.eta, bound.method.beta],
                                   [method.delta, method.eta, method.beta], rtol=1e-15)


@settings(max_examples=60, **SETTINGS)
@given(spectra(), batches)
def test_the_floor_of_the_family_solves_its_own_equations(H, batch):
    """(T7), read off the method: delta, eta and beta as stated, and eps the smaller of its two limits."""
    bound = bounds.two_buffer_gap(H, batch, "lower")
    m, eps, L, lam = bound.method, 2 * bound.value, H.largest, H.eigenvalues
    np.testing.assert_allclose(m.delta, min(batch / 3 / (H.trace + L), 1 / 4 / L), rtol=1e-14)
    np.testing.assert_allclose([m.eta, m.beta], [eps**2 / 2 / H.smallest, 1 - eps], rtol=1e-14)
    level, longest = eps / m.delta, 1 / (1 + np.sqrt(H.kappa))
    spent = eps**2 * (H.counts @ (lam / (lam + level)) + L / (L + level)) / (2 / 3 * batch * H.smallest * m.delta)
    assert eps <= longest * ROUNDING and spent <= ROUNDING
    np.testing.assert_allclose(max(eps / longest, spent), 1.0, rtol=1e-9)


@settings(max_examples=60, **SETTINGS)
@given(spectra(), batches)
def test_the_solved_bound_is_the_largest_over_all_levels(H, batch):
    """(linear-window) against (T5) on a grid of l: never below it, and reached to the grid's precision."""
    cap, lam, n = bounds.deterministic_gap(H).value, H.eigenvalues, H.counts
    ell = np.geomspace(H.smallest / 1e2, 1e3 * H.largest * max(1, batch * H.smallest / H.trace), 6000)[:, None]
    N, T, ell = np.sum(n * lam / (lam + ell), 1), np.sum(n * lam**2 / (lam + ell), 1), ell[:, 0]
    three = [2 * batch * np.sqrt(H.smallest / (N * T)), 4 * batch * H.smallest / (ell * N), 4 * np.sqrt(batch / (H.kappa * N))]
    largest, value = min(np.min(three, 0).max(), cap), bounds.two_buffer_gap(H, batch).value
    assert largest * (1 - 1e-9) <= value <= largest * 1.01
