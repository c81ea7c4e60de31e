"""Claims about heavy ball: the frontier it does not raise, the window it widens, and what would have refuted both."""

import numpy as np
import scipy

from .. import bounds
from ..exact.moments import contraction_gap, contraction_gaps, is_stable, whole_step
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..study import falsify, race
from ..study.scaling import fit_exponent
from ..tuning.frontiers import critical_batches, frontier, window
from ..tuning.long_run import tune
from . import Claim, Finding

KAPPAS = np.logspace(1, 6, 6)


def drawn(rng):
    """A random spectrum of 2 to 8 eigenvalues over up to five decades, and a batch."""
    lam = 10.0 ** rng.uniform(-rng.uniform(0.3, 5), 0, rng.integers(2, 9))
    return Spectrum(lam, name="drawn"), float(np.rint(10.0 ** rng.uniform(0, 4)))


def _frontier():
    rng, worst = np.random.default_rng(1), 1.0
    for _ in range(40):
        H, _ = drawn(rng)
        worst = max(worst, falsify.best_ce_ratio(H).ratio)
    return Finding(f"best CE of heavy ball over SGD's: 1 to {worst:.3f} over 40 drawn spectra", 1 <= worst < 1.5)


def _flat_in_kappa():
    ratios = [falsify.best_ce_ratio(Spectrum.power_law(200, 1.5, k).compressed(2)).ratio for k in KAPPAS]
    slope = scipy.stats.linregress(np.log(KAPPAS[-3:]), np.log(ratios[-3:])).slope
    return Finding(f"ratio {ratios[0]:.3f} at κ = 10, {ratios[-1]:.3f} at κ = 10⁶", max(ratios) < 1.5 and slope < 0.1)


def _search():
    start = Spectrum.power_law(4, 0.5)
    for piece in falsify.search(start, np.random.default_rng(0), evaluations=60):
        best = piece.best.ratio
    return Finding(f"searched from {piece.tried[0]:.3f} up to {best:.4f} in 60 spectra", 1.4 < best < 1.5)


def _three_halves():
    ratios = [falsify.best_ce_ratio(Spectrum.two_level(d=2, kappa=k)).ratio for k in (1e2, 1e4, 1e6)]
    left = 1.5 - np.array(ratios)
    return Finding(f"3/2 − ratio = {left[0]:.3f}, {left[1]:.4f}, {left[2]:.5f} at κ = 10², 10⁴, 10⁶",
                   bool(np.all(left > 0) and left[-1] < 0.0025 and np.all(left[1:] < 0.15 * left[:-1])))


def _upper():
    rng, tight, count = np.random.default_rng(2), 0.0, 0
    while count < 300:
        (H, batch), m = drawn(rng), Method.heavy_ball(10.0 ** rng.uniform(-5, 0.5), 1 - 10.0 ** rng.uniform(-5, 0))
        if is_stable(H, m, batch):
            gap, count = contraction_gap(H, m, batch), count + 1
            tight = max(tight, gap / ((1 + np.sqrt(1 - gap)) ** 2 * batch * H.smallest / H.trace))
    for _ in range(20):                                                 # the same at tuned parameters, where it is near
        H, batch = drawn(rng)
        tight = max(tight, tune(H, "heavy_ball", batch).gap / bounds.heavy_ball_gap(H, batch).value)
    return Finding(f"largest gap over bound {tight:.3f} in 320 cases", tight <= 1)


def _simple_choice():
    rng, ratios = np.random.default_rng(3), []
    for _ in range(400):
        H, batch = drawn(rng)
        promised = bounds.heavy_ball_gap(H, batch, "lower")
        ratios.append(contraction_gap(H, promised.method, batch) / promised.value)
    return Finding(f"gap over ε/2: {min(ratios):.3f} to {max(ratios):.3f} in 400 cases", min(ratios) >= 1)


def _nesterov_choice():
    rng, ratios = np.random.default_rng(5), []
    for _ in range(400):
        H, batch = drawn(rng)
        promised = bounds.nesterov_gap(H, batch)
        ratios.append(contraction_gap(H, promised.method, batch) / promised.value)
    return Finding(f"gap over ε/2: {min(ratios):.3f} to {max(ratios):.3f} in 400 cases", min(ratios) >= 1)


def _three_halves_everywhere():
    rng, worst = np.random.default_rng(6), 1.0
    for _ in range(15):
        n = int(rng.integers(2, 6))
        lam = np.sort(10.0 ** rng.uniform(-rng.uniform(0.5, 6), 0, n))
        worst = max(worst, falsify.best_ce_ratio(Spectrum(lam, np.rint(10.0 ** rng.uniform(0, 1, n)))).ratio)
    pair = falsify.best_ce_ratio(Spectrum.two_level(d=2, kappa=1e6)).ratio
    return Finding(f"at most {worst:.3f} on 15 drawn spectra, {pair:.4f} on {{1, 10⁻⁶}}", worst < 1.5 and pair < 1.5)


def _secular():
    rng, worst, count = np.random.default_rng(7), 0.0, 0
    while count < 100:
        lam, k = 10.0 ** rng.uniform(-1.5, 0, rng.integers(2, 5)), rng.choice([1.0, 1.8, 3.0, 6.0])
        m, batch = Method(*(10.0 ** rng.uniform(-2.5, 0, 2)), 1 - 10.0 ** rng.uniform(-2, 0)), 10.0 ** rng.uniform(0, 2)
        gap = contraction_gap(Spectrum(lam), m, batch, kurtosis=k)
        if gap > 0.01:
            radius = np.abs(np.linalg.eigvals(whole_step(Spectrum(lam), m, batch, 0.0, k)[0][:-1, :-1])).max()
            worst, count = max(worst, abs(radius / (1 - gap) - 1)), count + 1
    return Finding(f"dense spectral radius over the root, 100 cases: {'within 1e-7' if worst < 1e-7 else worst}", worst < 1e-7)


def _cap():
    rng, over = np.random.default_rng(8), 0.0
    for _ in range(300):
        H, batch = drawn(rng)
        m = Method(*(rng.choice([-1, 1], 2) * 10.0 ** rng.uniform(-4, 0.3, 2)), 1 - 10.0 ** rng.uniform(-4, 0))
        over = max(over, contraction_gap(H, m, batch) / bounds.deterministic_gap(H).value)
    H = Spectrum.power_law(200, 1.5, 1e3).compressed(2)
    found = frontier(H, batches=[1e2, 1e4, 1e6, 1e9])
    most = max(f.gap.max() for f in found.values()) / bounds.deterministic_gap(H).value
    reached = found["heavy_ball"].gap[-1] / bounds.deterministic_gap(H).value
    return Finding(f"largest gap over the cap: 300 drawn methods {over:.2f}, tuned {most:.4f}; heavy ball {reached:.4f}",
                   bool(max(most, over) <= 1 and reached > 0.99))


def _sharp():
    H = Spectrum([1.0, 1e-5], [1000, 1])
    y = tune(H, "heavy_ball", 1).gap * H.trace / H.smallest
    return Finding(f"gap·tr/(Bμ) = {y:.4f}", 3.99 < y < 4)


def _bends():
    H = Spectrum.power_law(200, 1.5, 1e4).compressed(2)
    found = critical_batches(H, ["sgd", "heavy_ball"])
    ratio = found["heavy_ball"] / found["sgd"]
    bends = bounds.bend(H, "heavy_ball") / bounds.bend(H, "sgd")
    return Finding(f"κ = 10⁴: bounds bend {bends:.1f}× apart, measured windows {ratio:.1f}×",
                   bool(abs(bends - 100) < 1e-6 and 0.25 < ratio / 100 <= 1))


def _fit(windows):
    fit = scipy.stats.linregress(np.log(KAPPAS), np.log(windows))
    return fit.slope, scipy.stats.t.ppf(0.975, KAPPAS.size - 2) * fit.stderr


def _exponent():
    flat, width = _fit([window(Spectrum.two_level(200, k, top=100)) for k in KAPPAS])
    return Finding(f"exponent {flat:.3f} ± {width:.3f} (95 %)", abs(flat - 0.5) < 0.01)


def _exponent_power_law():
    once, many = [], []
    for k in KAPPAS:
        H = Spectrum.power_law(200, 0.5, k).compressed(2)
        once.append(window(H))
        many.append(window(Spectrum(H.eigenvalues, 100 * H.counts)))
    (a, w), (b, v) = _fit(once), _fit(many)
    return Finding(f"exponent {a:.3f} ± {w:.3f}; with every eigenvalue a hundredfold {b:.3f} ± {v:.3f}",
                   a < 0.48 and abs(b - 0.5) < 0.015)


def _ruler():
    found, missed = [], 0
    for decay in (0.5, 2.0):
        windows = [window(Spectrum.power_law(200, decay, k).compressed(2)) for k in KAPPAS]
        (slope, width), ruled = _fit(windows), fit_exponent(KAPPAS, windows)
        missed += abs(slope - 0.5) > width
        found.append(ruled)
    said = "; ".join(f"{f.low:.2f} to {f.high:.2f}" for f in found)
    return Finding(f"decay 0.5 and 2: {said}; the regression's interval misses 1/2 in {missed} of 2",
                   missed == 2 and all(f.holds(0.5) and not f.holds(1.0) for f in found))


def _double_root():
    gains, h = [], 1e-3
    for kappa in (10.0, 1e3):
        H = Spectrum.power_law(200, 1.5, kappa).compressed(2)
        share = np.geomspace(0.05, 20, 201)
        forget = 4 * H.smallest * h * share
        gaps = contraction_gaps(H, 0.0, h * forget, 1 - forget, 64)
        gains.append((gaps.max() / contraction_gap(H, Method.sgd(h), 64), share[gaps.argmax()]))
    return Finding("; ".join(f"{gain:.3f} times SGD's gap, at 1 − β = {at:.2f} · 4μh" for gain, at in gains),
                   all(1.95 < gain < 2 and abs(at - 1) < 0.05 for gain, at in gains))


def _budget():
    H = Spectrum.power_law(200, 1.5, 1e3).compressed(1)
    noise, cost = np.sqrt(1e-3 * H.trace), []
    for family in ("sgd", "heavy_ball"):
        drawn = race.trials(H, family, 64, 300, 256, noise=noise)
        cost.append(drawn.median_best([4, 64]) / race.optimum(H, drawn, 64, 300, noise)[1])
    (few, many), (few_hb, many_hb) = cost
    return Finding(f"median best of 4 trials over the optimum: SGD {few:.1f}, heavy ball {few_hb:.0f}; of 64: {many:.2f} and "
                   f"{many_hb:.2f}", bool(few_hb > 5 * few and many_hb < 2))


CLAIMS = [
    Claim("P1b", "P1, claim (b)", "Heavy ball does not raise the compute-efficiency frontier of SGD beyond a constant.",
          "notebook 03, (T2-gap); notebook 04, (no-growth)", "exact tuned ratio on drawn spectra", _frontier,
          "the constant 12, for the gaps; for CE (no-growth-ce)", origin="paper's abstract"),
    Claim("P1b-kappa", "P1, claim (b)", "The ratio of best CEs stays below 3/2, however large the condition number.",
          "notebook 04, (no-growth)", "exact, power laws, κ = 10 to 10⁶", _flat_in_kappa,
          "the number 3/2", origin="this book"),
    Claim("P1c", "P1, claim (c)", r"Heavy ball keeps SGD-level CE over a window of batches up to $\sqrt\kappa$ wider.",
          "notebook 03, (T4-heavy-ball), (critical-batch)", "bends of the bounds, and measured critical batches", _bends,
          r"the measured prefactor, 0.3 to 0.6; the ratio $\sqrt\kappa$ of the bends is a property of the bounds",
          origin="paper's abstract"),
    Claim("P1c-exponent", "P1, claim (c)", r"Measured, the window of a flat-topped spectrum grows like $\kappa^{1/2}$.",
          "notebook 03, (critical-batch)", "log-log fit, κ = 10 to 10⁶, exact", _exponent, "the measurement",
          origin="this book"),
    Claim("P1c-crossover", "book",
          r"On power laws of fixed $d$ the fitted exponent is below 1/2 only because $\mathrm{tr}/L$ falls to 1:"
          r" repeating every eigenvalue restores 1/2.", "notebook 03, (critical-batch)", "log-log fit, exact",
          _exponent_power_law, "the measurement and its explanation", origin="this book"),
    Claim("P1f", "book, a test of P1", "An adversarial search finds no spectrum where heavy ball beats SGD's best CE by more "
          "than a constant.", "notebook 04, (best-CE-ratio)", "search, seeded", _search,
          "the test and the search; the abstract names none (heavy ball does beat SGD's CE at the same large batch: P1c)",
          origin="this book"),
    Claim("Q-three-halves", "book",
          r"The ratio of best CEs tends to 3/2 on $\{1, 1/\kappa\}$, and in the slow limit never exceeds it.",
          "notebook 04, (three-halves)", "exact, κ to 10⁶", _three_halves,
          "theorem and constant", origin="this book"),
    Claim("three-halves", "book, conjecture", "On no spectrum is heavy ball's best CE above 3/2 of SGD's best.",
          "notebook 04, (three-halves)", "exact, drawn spectra with multiplicities; see also P1b, P1f",
          _three_halves_everywhere, origin="this book"),
    Claim("T2", "P1 and book",
          r"Every stable heavy ball has gap $\le (1+\sqrt\rho)^2\, B\mu/\mathrm{tr} \le 4B\mu/\mathrm{tr}$.",
          "notebook 03, (T2-gap)",
          "bound on drawn cases", _upper, "constant and proof; the abstract states the scaling", origin="this book"),
    Claim("T2-sharp", "book", "The constant 4 of (T2) cannot be lowered.", "notebook 04, (four-is-sharp)",
          "exact, one spectrum", _sharp, "the constant", origin="this book"),
    Claim("T3", "P2 and book",
          r"The simple momentum choice has gap $\ge \varepsilon/2$: proportional to the batch until saturation.",
          "notebook 03, (T3)", "bound on drawn cases", _simple_choice,
          "constants and proof; the scaling is Garg and Dereziński's",
          origin="paper's abstract; constants and proof: this book"),
    Claim("nesterov", "P2 and book", "Nesterov's momentum with the same memory and learning rate has the same guarantee.",
          "notebook 03, (nesterov-guarantee)", "bound on drawn cases", _nesterov_choice, "constants and proof",
          origin="this book"),
    Claim("T4", "P1, claim (c)", "No method of the family, with steps of any sign, passes the deterministic accelerated "
          "rate; heavy ball reaches it.", "notebook 03, (T4)", "drawn methods; tuned, batches to 10⁹", _cap,
          "the proof for the family",
          origin="known (Polyak, 1964)"),
    Claim("secular", "book", "The contraction factor of the second moment is the root of one scalar equation, for any "
          "spectrum and kurtosis.", "notebook A, (secular)", "dense second-moment map on drawn cases", _secular,
          "the closed form", origin="this book"),
    Claim("ruler", "book", "On exact points a regression interval takes curvature for noise and misses the window's exponent "
          "1/2; an interval that allows for drift holds it.", "notebook 03, (ruler)", "exact windows, κ = 10 to 10⁶", _ruler,
          "the interval", origin="this book"),
    Claim("double-root", "book",
          r"At a given small long-run step $h$, and so at a given noise floor, memory buys a factor of two in "
          r"the rate, at $1-\beta = 4\mu h$.", "notebook 03, (double-root)", "exact, a scan over β",
          _double_root, "the statement",
          origin="this book"),
    Claim("budget", "book", "On a small tuning budget heavy ball's second parameter costs it far more than tuning costs SGD.",
          "notebook 04, (best-of)", "exact risk of 256 trials each; κ 1000, decay 1.5, B 64, 300 steps", _budget,
          "box and scenario", origin="this book"),
]
