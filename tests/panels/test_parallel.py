"""The panel of notebook 07 and the mathematics it brought: prescribed spectra, simple SGD, error curves by squaring."""

import numpy as np
import pytest

from mombook import Spectrum
from mombook.exact.row_moments import averaged_step, contraction_gap, error_curve, errors_at
from mombook.model.example_systems import unit_rows, with_spectrum
from mombook.model.method import Method
from mombook.model.systems import System
from mombook.panels.parallel import DIM, ROWS, ParallelPanel
from mombook.tuning.parallel import saturation_batch, simple_momentum, simple_sgd, tuned

PANEL = ParallelPanel()


def system(kappa=1e3, decay=1.5):
    return with_spectrum(Spectrum.power_law(DIM, decay, kappa, binned=False), ROWS, np.random.default_rng(0))


# -- the mathematics ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kappa", [1.0, 30.0, 1e6])
def test_prescribed_spectra_are_those_of_the_rows(kappa):
    H, s = Spectrum.power_law(5, 0.7, kappa, binned=False), with_spectrum(
        Spectrum.power_law(5, 0.7, kappa, binned=False), 12, np.random.default_rng(3))
    A = s.matrix
    np.testing.assert_allclose(np.linalg.eigvalsh(A.T @ A / np.sum(A**2))[::-1], H.eigenvalues / H.trace, rtol=1e-8)
    np.testing.assert_allclose(s.kappa, kappa, rtol=1e-8)


@pytest.mark.parametrize("method", [Method.sgd(lr=0.9), Method.heavy_ball(lr=0.3, beta=0.6), Method(0.2, 0.1, 0.8)])
@pytest.mark.parametrize(("batch", "draws"), [(1, "replacement"), (3, "replacement"), (3, "distinct")])
def test_squaring_gives_the_iterated_curve(method, batch, draws):
    s = unit_rows(40, 5, np.random.default_rng(0))
    start, times = np.arange(5.0), [0, 0, 1, 2, 7, 60]
    curve = error_curve(s, method, batch, 60, start, draws)
    np.testing.assert_allclose(errors_at(s, method, batch, times, start, draws), curve[times], rtol=1e-11)


def test_squaring_reaches_far_and_overflows_quietly():
    s = unit_rows(40, 5, np.random.default_rng(0))
    far = errors_at(s, Method.sgd(lr=0.1), 2, [1000, 2000])
    gap = contraction_gap(s, Method.sgd(lr=0.1), 2)
    np.testing.assert_allclose((far[1] / far[0]) ** 1e-3, 1 - gap, rtol=1e-8)
    assert errors_at(s, Method.sgd(lr=1e3), 1, [10**6])[0] == np.inf


@pytest.mark.parametrize("law", [unit_rows(60, 6, np.random.default_rng(0), 1.5), system(1e4),
                                 System.least_squares_rows(np.random.default_rng(1).standard_normal((50, 4)))])
@pytest.mark.parametrize("batch", [1, 3, 40])
def test_simple_sgd_contracts_every_error_as_promised(law, batch):
    method = simple_sgd(law, batch)
    promise = method.delta * law.smallest
    errors = np.random.default_rng(2).standard_normal((200, law.shape[1]))
    errors = np.vstack([errors, law.basis.T])
    after = averaged_step(law, errors, method.delta, batch)
    assert np.all(after <= (1 - promise) * np.sum((errors @ law.basis) ** 2, axis=1) * (1 + 1e-12))
    assert contraction_gap(law, method, batch) >= promise * (1 - 1e-9)


@pytest.mark.slow
def test_tuning_from_a_neighbour_finds_the_same_optimum():
    s = system(100.0)
    cold = tuned(s, 8)
    warm = tuned(s, 8, tolerance=0.03, start=tuned(s, 1).method)
    np.testing.assert_allclose(warm.gap, cold.gap, rtol=0.01)
    nesterov = tuned(unit_rows(80, 6, np.random.default_rng(0), 1.9), 2, "nesterov", tolerance=0.05).gap
    assert nesterov > tuned(unit_rows(80, 6, np.random.default_rng(0), 1.9), 2, "sgd").gap


def test_heavy_ball_beats_the_gaussian_ceiling_on_steep_rows():
    s = system(1e4)
    best = tuned(s, 1, tolerance=0.03)
    method, gap = best.method, best.gap
    assert gap > 10 * s.smallest
    far = errors_at(s, method, 1, [4000, 5000])
    np.testing.assert_allclose((far[1] / far[0]) ** 1e-3, 1 - gap, rtol=1e-5)
    v = s.basis[:, 0]                                                              # (quiet direction)
    np.testing.assert_allclose(averaged_step(s, v, 1.0, 1) - (1 - s.largest) ** 2, s.largest - s.largest**2, rtol=1e-9)


@pytest.mark.parametrize(("name", "call"), [
    ("n", lambda: with_spectrum(Spectrum.flat(5), 4, np.random.default_rng(0))),
    ("spectrum", lambda: with_spectrum([1.0], 4, np.random.default_rng(0))),
    ("times", lambda: errors_at(system(), Method.sgd(1.0), 1, [3, 1])),
    ("times", lambda: errors_at(system(), Method.sgd(1.0), 1, [0.5])),
    ("system", lambda: errors_at(unit_rows(40, 20, np.random.default_rng(0)), Method.sgd(1.0), 1, [1])),
    ("batch", lambda: simple_sgd(system(), 0)),
    ("tolerance", lambda: tuned(system(), 1, tolerance=0.0)),
    ("start", lambda: tuned(system(), 1, start=3)),
])
def test_bad_input_is_refused_by_name(name, call):
    with pytest.raises(ValueError, match=name):
        call()


# -- the panel ---------------------------------------------------------------------------------------------------------
def test_numbers_are_the_engines():
    view, s = PANEL.exact(PANEL.read(kappa=1e3, decay=1.5, batch=64)), system()
    for key, method in (("SGD", simple_sgd(s, 64)), ("momentum", simple_momentum(s, 64))):
        gap = contraction_gap(s, method, 64)
        np.testing.assert_allclose(view.numbers["gap"][key], gap, rtol=1e-12)
        np.testing.assert_allclose(view.numbers["iterations"][key], np.log(1e6) / -np.log1p(-gap), rtol=1e-12)
    np.testing.assert_allclose(view.numbers["saturation"]["momentum"], saturation_batch(s), rtol=1e-12)
    np.testing.assert_allclose(view.traces["simple momentum"]["y"][0],
                               np.log(1e6) / -np.log1p(-contraction_gap(s, simple_momentum(s, 1), 1)), rtol=1e-12)
    curve = view.traces["simple SGD: expected"]
    exact = error_curve(s, simple_sgd(s, 64), 64, 40)
    few = curve["x"] <= 40
    np.testing.assert_allclose(curve["y"][few], exact[curve["x"][few]] / exact[0], rtol=1e-10)


@pytest.mark.slow
def test_sample_brings_runs_then_the_tuned_methods():
    scenario = PANEL.read(kappa=10, batch=64)
    pieces = list(PANEL.sample(scenario))
    assert np.all(np.diff([p.fraction for p in pieces]) >= 0) and pieces[-1].fraction == 1
    drawn = {}
    for p in pieces:
        drawn.update(p.traces)
    s = system(10.0)
    np.testing.assert_allclose(drawn["tuned heavy ball"]["y"][1],
                               8 * np.log(1e6) / -np.log1p(-tuned(s, 8).gap), rtol=0.02)
    assert drawn["tuned SGD"]["x"].tolist() == [1, 8, 64, 512, 4096]
    dots, exact = drawn["simple SGD: simulated"], error_curve(s, simple_sgd(s, 64), 64, 4)
    np.testing.assert_allclose(dots["y"][:2], exact[dots["x"][:2]] / exact[0], rtol=0.1)
    assert set(drawn) == set(PANEL.blank(scenario))
