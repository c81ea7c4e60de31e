"""mombook/bounds.py: every theorem by its kind, on spectra nobody chose, and once where it is nearly tight."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import SETTINGS, batches, methods, spectra

import mombook as mb
from mombook import Method, Spectrum, bounds

ROUNDING = 1 + 1e-9
many = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], **SETTINGS)
some = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], **SETTINGS)


def two_buffer(H, method, batch, gap):
    return bounds.two_buffer_gap(H, batch, method, gap)


# -- upper bounds -----------------------------------------------------------------------------------------------------
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
    bound = two_buffer(H, method, batch, gap)
    assert gap <= bound.value * ROUNDING or not bound.holds
    assert bound.holds == (method.delta >= 0 and method.beta <= 1 - gap)


@some
@given(spectra(), batches)
def test_tuned_methods_stay_below_the_upper_bounds(H, batch):
    cap = bounds.deterministic_gap(H).value
    tuned = {family: mb.tune(H, family, batch) for family in mb.FAMILIES}
    assert tuned["sgd"].gap <= bounds.sgd_gap(H, batch).value * ROUNDING
    assert tuned["heavy_ball"].gap <= bounds.heavy_ball_gap(H, batch).value * ROUNDING
    for best in tuned.values():
        assert best.gap <= cap * ROUNDING
        bound = two_buffer(H, best.method, batch, best.gap)
        assert best.gap <= bound.value * ROUNDING or not bound.holds


@many
@given(st.data(), spectra(largest_kappa=1.5), st.sampled_from([1.0, 3.0, 100.0, 1e4, 1e6, 1e9]))
def test_the_joint_bound_of_heavy_ball_holds_where_its_two_halves_meet(data, H, batch):
    """4y/(1+y)^2 with y = min(B mu/tr, 1/sqrt(kappa)): near kappa = 1 and in huge batches y comes close to 1."""
    method = data.draw(methods(H, batch, delta=False))
    assert mb.contraction_gap(H, method, batch) <= bounds.heavy_ball_gap(H, batch).value * ROUNDING


# -- lower bounds -----------------------------------------------------------------------------------------------------
@many
@given(spectra(), batches)
def test_lower_bounds_are_reached_by_their_methods(H, batch):
    for bound in (bounds.sgd_gap(H, batch, "lower"), bounds.heavy_ball_gap(H, batch, "lower"), bounds.mass_gap(H, batch)):
        assert bound.kind == "lower" and bound.holds is True
        assert mb.contraction_gap(H, bound.method, batch) * ROUNDING >= bound.value > 0


@many
@given(spectra(), batches)
def test_lower_bounds_are_below_upper_bounds(H, batch):
    for family in (bounds.sgd_gap, bounds.heavy_ball_gap):
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


def test_the_simple_momentum_choice_at_its_worst():
    """gap / (eps/2) is least, 33/32, in one dimension at B = 3, where eps = 1: then gap = 3/4 - (3/8)^2 (1 + 2/B)."""
    worst = Spectrum.flat(1)
    bound = bounds.heavy_ball_gap(worst, 3, "lower")
    np.testing.assert_allclose(mb.contraction_gap(worst, bound.method, 3) / bound.value, 33 / 32, rtol=1e-12)


@settings(max_examples=150, **SETTINGS)
@given(spectra(), batches)
def test_the_simple_momentum_choice_is_never_worse_than_that(H, batch):
    bound = bounds.heavy_ball_gap(H, batch, "lower")
    assert mb.contraction_gap(H, bound.method, batch) >= bound.value * 33 / 32 * (1 - 1e-9)


@pytest.mark.parametrize("decay", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("batch", [1, 16, 1000])
def test_mass_gains_at_most_a_factor_of_two_and_a_half_over_its_bound(decay, batch):
    H = Spectrum.power_law(50, decay)
    bound = bounds.mass_gap(H, batch)
    assert 1.0 - 1e-12 <= mb.contraction_gap(H, bound.method, batch) / bound.value < 2.5


@pytest.mark.parametrize(("decay", "low", "high"), [(0.5, 4, 10), (1.0, 4, 10), (1.5, 2, 6), (2.0, 2, 4)])
def test_two_buffer_bound_is_within_a_single_digit_factor_of_the_best(decay, low, high):
    H = Spectrum.power_law(200, decay)
    best = mb.tune(H, "asgd", 1)
    bound = two_buffer(H, best.method, 1, best.gap)
    assert bound.holds and low < bound.value / best.gap < high


def test_the_noiseless_cap_is_reached():
    H = Spectrum([1.0, 0.1, 0.01])
    for family in ("heavy_ball", "asgd"):
        np.testing.assert_allclose(mb.tune(H, family, 1e12).gap, bounds.deterministic_gap(H).value, rtol=1e-3)


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
    for bound in (bounds.sgd_gap, bounds.heavy_ball_gap, bounds.two_buffer_gap, bounds.mass_gap,
                  lambda H, B: bounds.sgd_gap(H, B, "lower"), lambda H, B: bounds.heavy_ball_gap(H, B, "lower")):
        together, alone = bound(H, grid), [bound(H, b) for b in grid]
        np.testing.assert_allclose(together.value, [a.value for a in alone], rtol=1e-13)
        assert all(isinstance(a.value, float) for a in alone)
        if together.kind == "lower":
            assert together.method == [a.method for a in alone]


def test_assumptions_of_the_two_buffer_bound():
    H = Spectrum.power_law(30, 1.2)
    assert bounds.two_buffer_gap(H, 8).holds is True
    backwards = bounds.two_buffer_gap(H, 8, Method(-0.1, 0.2, 0.5))
    assert backwards.holds is False and backwards.assumptions["delta >= 0"] is False
    slow_buffer = bounds.two_buffer_gap(H, 8, Method(0.1, 0.2, 0.95), gap=0.06)
    assert slow_buffer.holds is False and slow_buffer.assumptions["beta <= rho"] is False
    assert bounds.two_buffer_gap(H, 8, Method(0.1, 0.2, 0.95), gap=0.04).holds is True
    np.testing.assert_array_equal(bounds.two_buffer_gap(H, [8, 9], Method(0.1, 0.2, 0.95), gap=[0.06, 0.04]).holds,
                                  [False, True])


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


@settings(max_examples=40, **SETTINGS)
@given(spectra(), batches)
def test_two_buffer_value_is_what_its_definition_allows_on_a_finer_grid(H, batch):
    """The largest g for which some l meets all three inequalities: never above the value, and within 5 % of it."""
    g = bounds.two_buffer_gap(H, batch).value
    lam, n = H.eigenvalues, H.counts
    ell = np.geomspace(H.smallest / 1e3, 1e4 * H.largest, 4000)[:, None]
    N, T = np.sum(n * lam / (lam + ell), 1), np.sum(n * lam**2 / (lam + ell), 1)
    first = np.minimum(2 * batch * np.sqrt(H.smallest / (N * T)), 8 * batch * H.smallest / (ell[:, 0] * N))
    second = 4 * np.sqrt(batch / (H.kappa * N))

    def allowed(g):
        return np.any((g * np.sqrt(1 - g) <= first) & (g * (1 - g) ** 0.25 <= second))

    cap = bounds.deterministic_gap(H).value
    for larger in np.linspace(g * ROUNDING, cap, 20):
        assert larger > cap or larger <= g * ROUNDING or not allowed(larger)
    assert allowed(0.95 * g) or g >= cap * (1 - 1e-9)
