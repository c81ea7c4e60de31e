"""mombook/tuning/frontiers.py: the identities between its columns, the critical batch, the overlap, and the finite horizon."""

import numpy as np
import pytest

import mombook as mb
from mombook import Method, Spectrum
from mombook.tuning import frontiers

H = Spectrum.power_law(50, 1.5)
GRID = np.array([1.0, 8.0, 64.0, 4096.0])


@pytest.fixture(scope="module")
def found():
    return mb.frontier(H, batches=GRID)


def test_columns_are_one_number_in_four_units(found):
    for family in mb.FAMILIES:
        f = found[family]
        rho = 1 - f.gap
        np.testing.assert_allclose(f.rate, -np.log(rho), rtol=1e-10)
        np.testing.assert_allclose(f.serial * f.rate, 1.0)
        np.testing.assert_allclose(f.compute, GRID * f.serial)
        np.testing.assert_allclose(f.ce * f.compute, 1.0)
        np.testing.assert_allclose(rho**f.serial, np.exp(-1))           # steps per e-fold of the loss


def test_a_frontier_is_the_tuned_method_at_every_batch(found):
    for family in mb.FAMILIES:
        f = found[family]
        assert f.family == family and f.batches is not None
        for batch, gap, method in zip(GRID, f.gap, f.methods, strict=True):
            np.testing.assert_allclose(mb.tune(H, family, batch).gap, gap, rtol=1e-9)
            np.testing.assert_allclose(mb.contraction_gap(H, method, batch), gap, rtol=1e-9)


def test_families_are_what_their_names_say(found):
    assert all(m.eta == m.beta == 0 for m in found["sgd"].methods)
    assert all(m.delta == 0 for m in found["heavy_ball"].methods)
    for m in found["nesterov"].methods:
        np.testing.assert_allclose(m.eta, m.delta * m.beta, rtol=1e-12)
    assert all(m.delta > 0 and m.eta >= 0 for m in found["asgd"].methods)


def test_larger_batches_are_faster_and_less_efficient_for_sgd(found):
    assert np.all(np.diff(found["sgd"].serial) < 0) and np.all(np.diff(found["sgd"].ce) < 0)


def test_default_batches_reach_past_the_bend():
    f = mb.frontier(H, ["heavy_ball"])["heavy_ball"]
    assert f.batches.size == 25 and f.batches[0] == 1 and f.batches[-1] > 10 * mb.bounds.bend(H, "heavy_ball")
    assert f.gap[-1] > 0.8 * mb.bounds.deterministic_gap(H).value


# -- critical batches -------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("spectrum", [H, Spectrum.two_level(30, 1e4), Spectrum.flat(10), Spectrum.flat(1),
                                      Spectrum.geometric(40, 1e3)], ids=repr)
@pytest.mark.parametrize("share", [0.5, 0.05])
def test_critical_batch_solves_its_definition(spectrum, share):
    critical = mb.critical_batches(spectrum, ["sgd", "heavy_ball"], share)
    for family, batch in critical.items():
        one, there = (mb.frontier(spectrum, [family], [b])[family].ce[0] for b in (1.0, batch))
        np.testing.assert_allclose(there, share * one, rtol=1e-5)
        np.testing.assert_allclose(mb.critical_batch(spectrum, family, share), batch, rtol=1e-6)
        assert batch > 1


def test_window_is_the_ratio_of_critical_batches():
    critical = mb.critical_batches(H, ["sgd", "heavy_ball"])
    np.testing.assert_allclose(mb.window(H), critical["heavy_ball"] / critical["sgd"], rtol=1e-6)


@pytest.mark.slow
def test_the_measured_window_follows_the_root_of_kappa():
    """The bounds bend sqrt(kappa) apart exactly; the measured windows are 0.3 to 0.5 of that over four decades."""
    for kappa in (1e2, 1e4, 1e6):
        spectrum = Spectrum.power_law(100, 1.0, kappa=kappa)
        bends = mb.bounds.bend(spectrum, "heavy_ball") / mb.bounds.bend(spectrum, "sgd")
        np.testing.assert_allclose(bends, np.sqrt(kappa), rtol=1e-12)
        assert 0.28 < mb.window(spectrum) / np.sqrt(kappa) < 0.55


# -- overlap ----------------------------------------------------------------------------------------------------------
def test_slow_decay_overlaps_and_fast_decay_does_not():
    """d = 200, B = 1: 1.7 % apart at decay 0.5, 14.5 times apart at decay 2."""
    apart, batch = mb.overlap(Spectrum.power_law(200, 0.5), [1.0])
    np.testing.assert_allclose(np.expm1(apart), 0.017, atol=5e-4)
    assert batch == 1.0
    far, _ = mb.overlap(Spectrum.power_law(200, 2.0), [1.0])
    np.testing.assert_allclose(np.exp(far), 14.5, rtol=5e-3)


def test_overlap_is_the_worst_batch_of_a_pair(found):
    apart = np.abs(np.log(found["nesterov"].ce / found["sgd"].ce))
    distance, batch = mb.overlap(H, GRID, ("sgd", "nesterov"))
    np.testing.assert_allclose(distance, apart.max(), rtol=1e-8)
    assert batch == GRID[apart.argmax()]


@pytest.mark.parametrize("pair", [("sgd",), ("sgd", "heavy_ball", "asgd")])
def test_only_two_families_overlap(pair):
    with pytest.raises(ValueError, match=r"^pair must be two words; got"):
        mb.overlap(H, [1.0], pair)


# -- the finite horizon -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("family", mb.FAMILIES)
@pytest.mark.parametrize(("noise", "share"), [(0.0, 0.05), (0.5, 0.1)])
def test_tune_steps_reaches_the_target_no_later_than_the_asymptotic_method(family, noise, share):
    target = share * H.trace / 2
    tuned, steps = mb.tune_steps(H, family, 8, target, noise)
    curve = mb.risk_curve(H, tuned.method, 8, int(np.ceil(steps)), noise)
    assert curve[-1] <= target * (1 + 1e-12) and np.all(curve[:-1] > target)
    assert steps <= mb.steps_to(H, mb.tune(H, family, 8).method, 8, target, noise, limit=20_000)
    np.testing.assert_allclose(tuned.gap, mb.contraction_gap(H, tuned.method, 8), rtol=1e-9)
    for factor in (0.9, 1.1):                                           # and nothing beside it is better
        m = tuned.method
        other = Method(m.delta * factor, m.eta * factor, m.beta)
        assert mb.steps_to(H, other, 8, target, noise, limit=20_000) >= steps * (1 - 1e-4)


def test_tune_steps_finds_its_way_from_far_above_the_target():
    """The method of largest gap ends hundreds of times above this target: the search must start elsewhere."""
    target, noise = 0.2 * H.trace / 2, 5.0
    assert mb.noise_floor(H, mb.tune(H, "heavy_ball", 8).method, 8, noise) > 50 * target
    tuned, steps = mb.tune_steps(H, "heavy_ball", 8, target, noise)
    assert 0.3 * target < mb.noise_floor(H, tuned.method, 8, noise) < target and steps < 30_000


def test_tune_steps_gains_over_the_asymptotic_rate():
    """A risk of a twentieth is reached two to four times sooner than by the method of best rate."""
    target = 0.05 * H.trace / 2
    _, steps = mb.tune_steps(H, "sgd", 8, target)
    assert 1.5 < mb.steps_to(H, mb.tune(H, "sgd", 8).method, 8, target) / steps < 5


def test_tune_steps_says_when_nothing_reaches_the_target():
    _, steps = mb.tune_steps(H, "sgd", 1, 1e-6, limit=50)
    assert steps == np.inf


def test_tune_steps_takes_a_start_of_its_own():
    start = np.zeros(50)
    start[0] = 1.0                                                      # one mode only: SGD is quick
    _, quick = mb.tune_steps(H, "sgd", 64, 0.01, start=start)
    assert quick < 20


def test_fourth_moments_t_times_as_large_are_a_batch_t_times_as_small():
    """Gaussian inputs of random length: all fourth moments grow by t, which (moments) cannot tell from a batch B/t."""
    H, t = mb.Spectrum.power_law(12, 1.0), 5.0
    tailed, k = mb.Spectrum(H.eigenvalues, t * H.counts), 2 + t
    for kurtosis in (k, np.full(12, k)):
        found = mb.frontier(tailed, batches=[t, 40 * t], kurtosis=kurtosis)
        for family, gaussian in mb.frontier(H, batches=[1.0, 40.0]).items():
            np.testing.assert_allclose(found[family].gap, gaussian.gap, rtol=1e-8)
    B = mb.critical_batch(tailed, "sgd", kurtosis=k)
    ce = mb.frontier(tailed, ["sgd"], [1.0, B], kurtosis=k)["sgd"].ce
    np.testing.assert_allclose(ce[1] / ce[0], 0.5, rtol=1e-6)
    assert B > 2 * mb.critical_batch(H, "sgd")
    slow, steps = mb.tune_steps(tailed, "sgd", t, 0.1 * t, start=1.0, kurtosis=k)
    same, gaussian = mb.tune_steps(H, "sgd", 1.0, 0.1, start=1.0)
    np.testing.assert_allclose(steps, gaussian, rtol=2e-3)
    np.testing.assert_allclose(slow.method.delta, same.method.delta, rtol=0.1)


# -- what is read off a curve ------------------------------------------------------------------------------------------
def test_halving_is_read_off_a_smooth_curve():
    x = np.geomspace(1, 1e6, 13)
    np.testing.assert_allclose(frontiers.halved(x, 1 / (1 + x / 700)), 702, rtol=0.02)
    assert frontiers.halved(x, np.ones(13)) == np.inf
    np.testing.assert_allclose(frontiers.halved([1, 2], [1.0, 0.25]), np.sqrt(2), rtol=1e-3)


def test_regimes_of_a_known_curve():
    B = np.geomspace(1, 1e6, 61)
    gap = 1e-3 * (B**-1.0 + 0.01) ** -1.0                                # slope 1/(1 + B/100)
    linear, saturated, exponent = frontiers.regimes(B, gap, 100.0)
    np.testing.assert_allclose([linear, saturated, exponent], [100 / 9, 900, 0.5], rtol=0.03)


def test_reading_off_passes_through_the_points_and_is_exact_for_a_power():
    B = np.geomspace(1, 1e4, 9)
    np.testing.assert_allclose([frontiers.read_off(B, 3 * B**-0.7, at) for at in (B[3], 17.0)],
                               3 * np.array([B[3], 17.0])**-0.7, rtol=1e-12)
