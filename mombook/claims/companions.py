"""Claims of the two companion papers: perfect parallelization on rows (P2), small learning rates (P3)."""

from functools import lru_cache

import numpy as np

from ..exact import row_moments, small_steps
from ..exact.moments import is_stable
from ..exact.thresholds import long_run_threshold
from ..model import example_systems
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..model.systems import System
from ..sample import noisy_gradient, row_sampling, slow_manifold
from ..tuning import parallel
from . import Claim, Finding

BATCHES = (1, 4, 16, 40)


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
    return Finding(f"B = 1 to 40: row visits within {100 * spread:.2g} %, gap at least {ratio.min():.3g} times the promise",
                   bool(spread < 0.05 and ratio.min() >= 1))


def _saturation():
    f = parallel.scaling(_rows(), np.unique(np.geomspace(1, 2000, 30).round()))
    measured, bend = parallel.measured_saturation(f), parallel.saturation_batch(_rows())
    return Finding(f"gap per row has halved at B = {measured:.3g}; the guarantee's bends at {bend:.4g}",
                   bool(1 < measured / (2 * bend) < 1.3))


def _nesterov():
    f = parallel.scaling(_rows(), BATCHES, parallel.simple_nesterov)
    ratio = f.gap / ((1 - np.array([m.beta for m in f.methods])) / 2)
    rng, least = np.random.default_rng(6), np.inf
    for _ in range(60):
        system, B = _any_rows(rng), int(10 ** rng.uniform(0, 3))
        m = parallel.simple_nesterov(system, B)
        least = min(least, row_moments.contraction_gap(system, m, B) / ((1 - m.beta) / 2))
    return Finding(f"gap over promise: {ratio.min():.3g} to {ratio.max():.3g} on 600 rows, B = 1 to 40; at least {least:.3g} "
                   "on 60 drawn systems", bool(min(ratio.min(), least) >= 1))


def _any_rows(rng):
    """Three to eight rows in three unknowns with a preferred direction: projections or plain gradients."""
    A = rng.standard_normal((int(rng.integers(3, 9)), 3)) + rng.uniform(0, 3)
    return System.kaczmarz(A) if rng.random() < 0.5 else System.least_squares_rows(A)


def _ceiling():
    rng, share, trace, count = np.random.default_rng(7), 0.0, 0.0, 0
    for _ in range(150):
        system, B = _any_rows(rng), int(10 ** rng.uniform(0, 1.5))
        gap = row_moments.contraction_gap(system, Method.heavy_ball(10 ** rng.uniform(-2, 0.3) / system.largest,
                                                                 1 - 10 ** rng.uniform(-2, 0)), B)
        if gap > 0:
            y = gap / ((1 + np.sqrt(1 - gap)) ** 2 * B * system.smallest)
            share, trace, count = max(share, y * row_moments.noise_bounds(system)[0]), max(trace, y * system.trace), count + 1
    level = example_systems.with_spectrum(Spectrum.two_level(12, 1e4, top=11), 40, np.random.default_rng(0))
    near = parallel.tuned(level, 1, tolerance=0.05).gap / row_moments.heavy_ball_ceiling(level, 1)
    return Finding(f"{count} stable cases: gap over ceiling at most {share:.2f}, with the trace in place of tau {trace:.2f}; "
                   f"tuned, one system: {near:.3f}", bool(share <= 1 and 0.97 < near <= 1 and trace > 1))


def _mirrored():
    told, holds = [], True
    for kappa in (1e3, 1e4, 1e6):
        system = example_systems.mirrored_rows(kappa)
        rule = Method.heavy_ball(kappa**-1 / (2 * system.smallest), 1 - kappa**-0.5)
        best = parallel.tuned(system, 1, tolerance=0.01, start=rule).gap / system.smallest
        own = row_moments.contraction_gap(system, rule, 1)
        sgd = row_moments.contraction_gap(system, Method.sgd(1.0), 1)                      # projections: its best at batch 1
        holds &= own >= 0.5 * kappa**-0.5 and sgd <= 4 / kappa and best > 0.9 * kappa**0.5
        told.append(f"{best:.3g}")
    return Finding(f"tuned gap/mu at B = 1: {', '.join(told)} at kappa 1e3, 1e4, 1e6", bool(holds))


def _kinds():
    A = np.random.default_rng(5).standard_normal((300, 10)) * np.geomspace(0.5, 2, 300)[:, None]
    systems = (System.kaczmarz(A), System.kaczmarz(A, sampling="uniform"), System.least_squares_rows(A),
               System.coordinate_descent(A.T @ A), example_systems.vandermonde(200, 6))
    worst = np.inf
    for system in systems:
        for B in (1, 8, 512):
            method = parallel.simple_momentum(system, B)
            worst = min(worst, row_moments.contraction_gap(system, method, B) / ((1 - method.beta) / 2))
    return Finding(f"{3 * len(systems)} cases: smallest gap over promise {worst:.4g}", bool(worst >= 1))


def _sgd_window():
    f = parallel.scaling(_rows(), (1, 2, 4, 8, 16), parallel.simple_sgd)
    measured, predicted = parallel.measured_saturation(f), 1 / _rows().largest
    ratio = parallel.saturation_batch(_rows()) / predicted
    return Finding(f"SGD's gap per row has halved at B = {measured:.3g}, R/L = {predicted:.3g}; momentum's guarantee "
                   f"lasts {ratio:.3g} times as far, sqrt(kappa) = {_rows().kappa**0.5:.3g}",
                   bool(0.5 < measured / predicted < 2 and np.isclose(ratio, _rows().kappa**0.5)))


def _identity():
    system, e = _rows(), np.linspace(1, 2, 30)
    exact, runs = row_moments.averaged_step(system, e, lr=1.5, batch=4), 20_000
    rows = next(row_sampling.batches(system, 4, runs, np.random.default_rng(0)))
    g, _ = row_sampling.batch_gradient(system, np.tile(system.solution + e, (runs, 1)), rows)
    after = system.errors(system.solution + e - 1.5 * g)
    distance = (after.mean() - exact) / (after.std(ddof=1) / np.sqrt(runs))
    worst = row_moments.averaged_step(system, system.basis[:, -1], lr=1, batch=1)
    return Finding(f"{distance:+.2f} standard errors from {runs} drawn batches; single-row rate reached "
                   f"to {_digits(worst, row_moments.single_row_rate(system))}",
                   bool(abs(distance) < 5 and abs(worst - row_moments.single_row_rate(system)) < 1e-12))


def _coordinates():
    H = _rows().matrix[:8, :8]
    H = H @ H.T + 0.1 * np.eye(8)
    lam, V = np.linalg.eigh(H)
    root = System.kaczmarz(V @ np.diag(np.sqrt(lam)) @ V.T)
    same = System.coordinate_descent(H)
    method = parallel.simple_momentum(same, 3)
    a, b = (row_moments.contraction_gap(s, method, 3) for s in (same, root))
    return Finding(f"gaps agree to {_digits(a, b)}", bool(abs(a / b - 1) < 1e-8))


def _cheaper():
    system = _steep()
    hb, sgd = (parallel.tuned(system, 1, family, tolerance=0.02) for family in ("heavy_ball", "sgd"))
    fast, slow = hb.gap, sgd.gap
    T = int(8 / fast)
    far = row_moments.errors_at(system, hb.method, 1, [T, 2 * T])
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
    gain = {B: long_run_threshold(H, B, 1.0) / long_run_threshold(H, B) for B in (1, 4096)}
    h = long_run_threshold(H, 64, 0.9)
    right = is_stable(H, Method.ema(0.999 * h, 0.9), 64) and not is_stable(H, Method.ema(1.001 * h, 0.9), 64)
    return Finding(f"largest step gained by any momentum: {gain[1]:.4g} times at B = 1 (BL/tr = {H.largest / H.trace:.2g}), "
                   f"{gain[4096]:.3g} times at B = 4096", bool(right and gain[1] < 1.05 and gain[4096] > 50))


def _svag():
    H = Spectrum.power_law(200, 0.5, 10)
    momentum, svag = (long_run_threshold(H, 512, **limit) for limit in ({"beta": 1.0}, {"level": np.inf}))
    near = long_run_threshold(H, 512, level=1e6)
    return Finding(f"limits of the threshold at B = 512: {momentum:.6g} and {svag:.6g}",
                   bool(np.isclose(momentum, svag, rtol=1e-12) and np.isclose(near, svag, rtol=1e-3)))


def _valley():
    found = []
    for method in small_steps.matched(0.02, 0.9):
        valley, rng = slow_manifold.valley(), np.random.default_rng(0)
        paths = noisy_gradient.simulate(valley, method, 5000, 200, rng, [2.0, 0.0], every=125)
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
          "the constants; the abstract states the scaling", origin="paper's abstract"),
    Claim("P2a-nesterov", "P2", "The same holds for Nesterov's momentum.", "notebook 07, (simple Nesterov)",
          "exact gaps, 600 x 30 rows and 60 drawn systems", _nesterov, "constants and proof", origin="paper's abstract"),
    Claim("P2b", "P2", r"The acceleration saturates at a batch of order $R/(\mu\sqrt\kappa)$.",
          "notebook 07, (saturation)", "exact gaps, measured against prediction", _saturation,
          r"the form $R/(\mu\sqrt\kappa)$; the abstract says that there is a saturation point",
          origin="paper's abstract; the form: this book"),
    Claim("P2c", "P2", "The simple momentum keeps its promise for Kaczmarz, coordinate descent and plain "
          "minibatches alike, under minimal assumptions on the rows.", "notebook 07, (guaranteed)", "exact gaps of 15 cases",
          _kinds, "the constants", origin="paper's abstract"),
    Claim("P2d", "book", "Without momentum a batch of rows helps up to about $R/L$ rows only.", "notebook 07, (simple sgd)",
          "exact gaps", _sgd_window, "the step $1/(cR+(1-c)L)$ and its bound",
          origin="known (Moorman et al., 2021)"),
    Claim("P2e", "P2", "Averaged Kaczmarz obeys an exact one-step identity, whose single-row case is Strohmer "
          "and Vershynin's rate.", "notebook 07, (averaged step)", "20 000 drawn batches; worst direction", _identity,
          origin="known (Moorman et al., 2021; Strohmer & Vershynin, 2009)"),
    Claim("P2f", "P2", "Randomized coordinate descent is Kaczmarz on the square root of $H$, with momentum too.",
          "notebook 07, (coordinates)", "exact gaps of both", _coordinates,
          "with momentum", origin="known (Leventhal & Lewis, 2010)"),
    Claim("P2g", "book", r"On rows the Gaussian ceiling $4B\mu/\mathrm{tr}$ fails: along a dominating direction projections "
          r"make hardly any noise, and heavy ball lowers the price of a row.", "notebook 07, (quiet direction)",
          "exact rate against exact curve, one system", _cheaper, "the example and its explanation",
          origin="this book"),
    Claim("ceiling", "book",
          r"On any rows every heavy ball has gap $\le (1+\sqrt\rho)^2\, B\mu/\tau$, $\tau$ the noise of the "
          r"quietest direction.", "notebook 07, (row-noise)", "bound on drawn systems, and where it is nearly reached",
          _ceiling,
          "theorem and constant", origin="this book"),
    Claim("mirrored", "book",
          r"On two mirrored rows heavy ball is $\sqrt\kappa/8$ times as efficient as SGD at batch 1, or more.",
          "notebook 07, (sqrt-kappa)", "exact tuned gaps", _mirrored, "theorem and example", origin="this book"),
    Claim("P3a", "P3", r"Momentum lowers the noise of a step by $(1-\beta)/(1+\beta)$, that of the end point not at all.",
          "notebook 08, (end point)", "exact", _end_point, origin="known (Wang et al., 2023)"),
    Claim("P3b", "P3", r"At a matched small step SGD and SGDM have the same distribution over $1/\eta$ steps, for $1-\beta = "
          r"\eta^\alpha$, $\alpha<1$.", "notebook 08, (linear moments)", "exact second moments, slopes", _weak,
          r"the slope $1-\alpha$ for second moments of the linear model", origin="paper's abstract"),
    Claim("P3c", "P3", "Momentum is inert where noise limits the step and pays where curvature does, at large batch.",
          "notebook 08, (two limits)", "exact thresholds", _inert, "the threshold in the long-run step",
          origin="paper's abstract"),
    Claim("P3d", "P3 and book", "Momentum and SVAG remove the same curvature term: their thresholds have one limit.",
          "notebook 08, (long-run step)", "exact thresholds", _svag, "the common limit; the paper compares training runs",
          origin="this book"),
    Claim("P3e", "P3", r"Over $1/\eta^2$ steps both follow the same slow flow along the manifold of minima.",
          "notebook 08, (slow flow)", "200 simulated runs each", _valley, "the valley",
          origin="paper's abstract"),
]
