"""Claims of the two companion papers: perfect parallelization on rows (P2), small learning rates (P3)."""

from functools import lru_cache

import numpy as np

from .. import curvature, example_systems, kaczmarz, oracle, parallel, row_sampling, slow_manifold, small_steps
from ..method import Method
from ..moments import is_stable
from ..spectrum import Spectrum
from ..systems import System
from . import Claim, Finding

BATCHES = (1, 4, 16, 64, 128)


@lru_cache(maxsize=1)
def _rows():
    """600 rows of length one in 30 unknowns, kappa about 390."""
    return example_systems.unit_rows(600, 30, np.random.default_rng(30), decay=1.9)


@lru_cache(maxsize=1)
def _steep():
    """8 unknowns, one dominating direction."""
    return example_systems.with_spectrum(Spectrum.power_law(8, 1.5, 1e4, binned=False), 160, np.random.default_rng(0))


def _proportional():
    f = parallel.scaling(_rows(), BATCHES)
    ratio = f.gap / ((1 - np.array([m.beta for m in f.methods])) / 2)
    spread = f.visits.max() / f.visits.min() - 1
    return Finding(f"B = 1 to 128: row visits within {100 * spread:.2g} %, gap at least {ratio.min():.3g} times the promise",
                   bool(spread < 0.05 and ratio.min() >= 1))


def _saturation():
    f = parallel.scaling(_rows(), np.unique(np.geomspace(1, 2000, 30).round()))
    measured, bend = parallel.measured_saturation(f), parallel.saturation_batch(_rows())
    return Finding(f"gap per row has halved at B = {measured:.3g}; predicted 2 x {bend:.4g}",
                   bool(abs(measured / (2 * bend) - 1) < 0.1))


def _kinds():
    A = np.random.default_rng(5).standard_normal((300, 10)) * np.geomspace(0.5, 2, 300)[:, None]
    systems = (System.kaczmarz(A), System.kaczmarz(A, sampling="uniform"), System.least_squares_rows(A),
               System.coordinate_descent(A.T @ A), example_systems.vandermonde(200, 6))
    worst = np.inf
    for system in systems:
        for B in (1, 8, 512):
            method = parallel.simple_momentum(system, B)
            worst = min(worst, kaczmarz.contraction_gap(system, method, B) / ((1 - method.beta) / 2))
    return Finding(f"{3 * len(systems)} cases: smallest gap over promise {worst:.4g}", bool(worst >= 1))


def _sgd_window():
    f = parallel.scaling(_rows(), (1, 2, 4, 8, 16), parallel.simple_sgd)
    measured, predicted = parallel.measured_saturation(f), 1 / _rows().largest
    ratio = parallel.saturation_batch(_rows()) / predicted
    return Finding(f"SGD's gap per row has halved at B = {measured:.3g}, R/L = {predicted:.3g}; momentum's window is "
                   f"{ratio:.3g} times as wide, 3 sqrt(kappa) = {3 * _rows().kappa**0.5:.3g}",
                   bool(0.5 < measured / predicted < 2 and np.isclose(ratio, 3 * _rows().kappa**0.5)))


def _identity():
    system, e = _rows(), np.linspace(1, 2, 30)
    exact, runs = kaczmarz.averaged_step(system, e, lr=1.5, batch=4), 20_000
    rows = next(row_sampling.batches(system, 4, runs, np.random.default_rng(0)))
    g, _ = row_sampling.batch_gradient(system, np.tile(system.solution + e, (runs, 1)), rows)
    after = system.errors(system.solution + e - 1.5 * g)
    distance = (after.mean() - exact) / (after.std(ddof=1) / np.sqrt(runs))
    worst = kaczmarz.averaged_step(system, system.basis[:, -1], lr=1, batch=1)
    return Finding(f"{distance:+.2f} standard errors from {runs} drawn batches; single-row rate reached "
                   f"to {_digits(worst, kaczmarz.single_row_rate(system))}",
                   bool(abs(distance) < 5 and abs(worst - kaczmarz.single_row_rate(system)) < 1e-12))


def _coordinates():
    H = _rows().matrix[:8, :8]
    H = H @ H.T + 0.1 * np.eye(8)
    lam, V = np.linalg.eigh(H)
    root = System.kaczmarz(V @ np.diag(np.sqrt(lam)) @ V.T)
    same = System.coordinate_descent(H)
    method = parallel.simple_momentum(same, 3)
    a, b = (kaczmarz.contraction_gap(s, method, 3) for s in (same, root))
    return Finding(f"gaps agree to {_digits(a, b)}", bool(abs(a / b - 1) < 1e-8))


def _cheaper():
    system = _steep()
    (hb, fast), (_, slow) = (parallel.tuned(system, 1, family, tolerance=0.02) for family in ("heavy_ball", "sgd"))
    T = int(8 / fast)
    far = kaczmarz.errors_at(system, hb, 1, [T, 2 * T])
    return Finding(f"gap/(B mu) at B = 1: SGD {slow / system.smallest:.3g}, heavy ball {fast / system.smallest:.3g}, against "
                   "at most 4 for Gaussian inputs", bool(fast > 4 * system.smallest and fast > 3 * slow
                                                         and abs((far[1] / far[0]) ** (1 / T) / (1 - fast) - 1) < 1e-5))


def _end_point():
    ratio = small_steps.end_point_variance(0.1, 0.9, 2000) / small_steps.end_point_variance(0.1, 0.0, 2000)
    step = small_steps.step_noise_ratio(0.9)
    exact = small_steps.linear_moments([0.0], Method.ema(lr=0.1, beta=0.9), 2000)[1][-1, 0]
    return Finding(f"beta 0.9: noise in a step {step:.4f} of SGD's, spread after 2000 steps {ratio:.4f}",
                   bool(abs(step - 0.1 / 1.9) < 1e-12 and ratio > 0.99
                        and np.isclose(exact, small_steps.end_point_variance(0.1, 0.9, 2000), rtol=1e-9)))


def _weak():
    etas, told, holds = 2.0 ** -np.arange(9, 13), [], True
    for alpha in (0.0, 0.25, 0.5):
        gaps = [small_steps.weak_difference(e, small_steps.scheduled_beta(e, alpha, 0.1 if alpha == 0 else 1.0)) for e in etas]
        local = -np.diff(np.log2(gaps))
        told.append(f"{local[-1]:.3f} (limit {1 - alpha:g})")
        holds &= bool(np.all(np.diff(local) > 0) and 0.8 * (1 - alpha) < local[-1] < 1 - alpha)
    return Finding("slopes, rising: " + ", ".join(told), holds)


def _inert():
    H = Spectrum.power_law(200, 0.5, 10)
    gain = {B: curvature.long_run_threshold(H, B, 1.0) / curvature.long_run_threshold(H, B) for B in (1, 4096)}
    h = curvature.long_run_threshold(H, 64, 0.9)
    right = is_stable(H, Method.ema(0.999 * h, 0.9), 64) and not is_stable(H, Method.ema(1.001 * h, 0.9), 64)
    return Finding(f"largest step gained by any momentum: {gain[1]:.4g} times at B = 1 (BL/tr = {H.largest / H.trace:.2g}), "
                   f"{gain[4096]:.3g} times at B = 4096", bool(right and gain[1] < 1.05 and gain[4096] > 50))


def _svag():
    H = Spectrum.power_law(200, 0.5, 10)
    momentum, svag = (curvature.long_run_threshold(H, 512, **limit) for limit in ({"beta": 1.0}, {"level": np.inf}))
    near = curvature.long_run_threshold(H, 512, level=1e6)
    return Finding(f"limits of the threshold at B = 512: {momentum:.6g} and {svag:.6g}",
                   bool(np.isclose(momentum, svag, rtol=1e-12) and np.isclose(near, svag, rtol=1e-3)))


def _valley():
    found = []
    for method in small_steps.matched(0.02, 0.9):
        paths = oracle.simulate(slow_manifold.valley(), method, 5000, 200, np.random.default_rng(0), [2.0, 0.0], every=125)
        drift = slow_manifold.measured_drift(paths, 0.02, 125)
        found.append((drift.mean(), drift.std(ddof=1) / np.sqrt(200)))
    return Finding(", ".join(f"{name} {d:.3f} ± {e:.3f}" for name, (d, e) in zip(("SGD", "SGDM"), found, strict=True))
                   + "; the slow flow says -0.5", all(abs(d + 0.5) < 5 * e + 0.02 for d, e in found))


def _digits(a, b):
    """How well two numbers agree, in words that do not depend on the last bits of a machine's arithmetic."""
    return "1e-10 or better" if abs(a - b) <= 1e-10 * abs(b) else f"{abs(a / b - 1):.0e}"


CLAIMS = [
    Claim("P2a", "P2", "On consistent systems, heavy ball's acceleration is proportional to the batch.",
          "notebook 07, (simple momentum)", "exact gaps, 600 x 30 rows", _proportional,
          "the constants 3, 3/8 and 1/2; the paper states the scaling"),
    Claim("P2b", "P2", "The acceleration saturates at a batch of order R/(mu sqrt(kappa)).",
          "notebook 07, (saturation)", "exact gaps, measured against prediction", _saturation, "the constant 3"),
    Claim("P2c", "P2", "The simple momentum keeps its promise for Kaczmarz, coordinate descent and plain "
          "minibatches alike, under minimal assumptions on the rows.", "notebook 07, (guaranteed)", "exact gaps of 15 cases",
          _kinds, "the constants"),
    Claim("P2d", "book", "Without momentum a batch of rows helps up to about R/L rows only.", "notebook 07, (simple sgd)",
          "exact gaps", _sgd_window, "the step 1/(cR + (1-c)L) and its bound"),
    Claim("P2e", "P2", "Averaged Kaczmarz obeys an exact one-step identity, whose single-row case is Strohmer "
          "and Vershynin's rate.", "notebook 07, (averaged step)", "20 000 drawn batches; worst direction", _identity),
    Claim("P2f", "P2", "Randomized coordinate descent is Kaczmarz on the square root of H, with momentum too.",
          "notebook 07, (coordinates)", "exact gaps of both", _coordinates),
    Claim("P2g", "book", "On rows the Gaussian ceiling 4 B mu/tr fails: along a dominating direction projections make hardly "
          "any noise, and heavy ball lowers the price of a row.", "notebook 07, (quiet direction)",
          "exact rate against exact curve, one system", _cheaper, "the example and its explanation"),
    Claim("P3a", "P3", "Momentum lowers the noise of a step by (1-beta)/(1+beta), that of the end point not at all.",
          "notebook 08, (end point)", "exact", _end_point),
    Claim("P3b", "P3", "At a matched small step SGD and SGDM have the same distribution over 1/eta steps, "
          "for 1-beta = eta^alpha, alpha < 1.", "notebook 08, (linear moments)", "exact second moments, slopes", _weak,
          "the slope 1-alpha for second moments of the linear model"),
    Claim("P3c", "P3", "Momentum is inert where noise limits the step and pays where curvature does, at large batch.",
          "notebook 08, (two limits)", "exact thresholds", _inert, "the threshold in the long-run step"),
    Claim("P3d", "P3", "Momentum and SVAG remove the same curvature term: their thresholds have one limit.",
          "notebook 08, (long-run step)", "exact thresholds", _svag, "the threshold"),
    Claim("P3e", "P3", "Over 1/eta^2 steps both follow the same slow flow along the manifold of minima.",
          "notebook 08, (slow flow)", "200 simulated runs each", _valley, "the valley"),
]
