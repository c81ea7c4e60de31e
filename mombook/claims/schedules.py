"""Claims about schedules: which wins at one budget, averages, batch ramps, growing momentum, and P3 under schedules."""

from functools import lru_cache

import numpy as np

from ..exact import schedule, small_steps
from ..exact.moments import risk_curve
from ..exact.schedule import Schedule
from ..exact.schedule_stack import final_risks
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..sample import noisy_gradient, slow_manifold
from ..study.schedule_ranking import KNOTS, rank_schedules
from ..tuning.schedules import tune_schedule
from . import Claim, Finding


@lru_cache(maxsize=1)
def _spectrum():
    return Spectrum.power_law(200, 1.5).compressed(2)


@lru_cache(maxsize=8)
def _ratios(noise, steps=256):
    """Final risks over that of the best schedule found."""
    found = rank_schedules(_spectrum(), Method.sgd(1.0), 8, steps, noise)
    return {name: each.risk / found["best"].risk for name, each in found.items()}


def _linear():
    much, little = _ratios(2.0), _ratios(0.05)
    return Finding(f"over the best: linear {much['linear']:.2f} at noise 2 and {little['linear']:.2f} at 0.05, where a plateau "
                   f"has {little['stable']:.2f}", bool(much["linear"] < 1.05 and little["stable"] < 1.1 < little["linear"]))


def _averages():
    at = {steps: _ratios(0.5, steps) for steps in (64, 256, 1024)}
    average, constant = ([r[name] for r in at.values()] for name in ("average", "constant"))
    return Finding(f"over the best at T = 64, 256, 1024: averaged {', '.join(f'{v:.2f}' for v in average)}; without "
                   f"{', '.join(f'{v:.2f}' for v in constant)}; at noise 2 {_ratios(2.0)['average']:.2f}",
                   bool(max(average) < 1.06 and np.all(np.diff(constant) > 0.2) and _ratios(2.0)["average"] < 1))


def _optimum():
    best = tune_schedule(_spectrum(), "sgd", 2048, 256, noise=0.5, knots=KNOTS)
    other = rank_schedules(_spectrum(), Method.sgd(1.0), 8, 256, 0.5)["best"].risk
    return Finding("their risks agree to 1e-3", bool(abs(best.risk / other - 1) < 1e-3))


def _seesaw():
    errors = {}
    for beta in (0.0, 0.9):
        for h, steps in ((0.4, 200), (0.05, 1600)):
            method, factors = Method.ema(h, beta), schedule.step_decay(steps, at=(0.4, 0.7), factor=0.5)
            pair = [Schedule.of(method, 8, factors), schedule.batch_ramp(method, 8, factors)]
            cut, ramp = final_risks(_spectrum(), pair, noise=1.0)
            errors[beta, h] = abs(ramp / cut - 1)
    return Finding(f"long-run step 0.4 and 0.05: final risks apart by {100 * errors[0.0, 0.4]:.2g} % and "
                   f"{100 * errors[0.0, 0.05]:.1g} % (SGD), {100 * errors[0.9, 0.4]:.2g} % and {100 * errors[0.9, 0.05]:.1g} % "
                   "(heavy ball, 0.9)", bool(errors[0.0, 0.05] < 1e-4 and errors[0.9, 0.05] < 1e-3 and errors[0.9, 0.4] < 0.02))


def _growing():
    H, t, found = Spectrum.power_law(10**6, 1.5, binned=1, ends="top"), np.arange(4000), {}
    for q in (0.0, 0.25, 0.5):
        eps = 1 / (2 + t**q) if q else np.full(t.size, 0.1)
        risk = risk_curve(H, Schedule(0.0, 0.05, 1 - eps, np.full(t.size, 1024.0)))[[1000, 4000]]
        found[q] = float(-np.diff(np.log(risk))[0] / np.log(4))
    return Finding(", ".join(f"q = {q:g}: {p:.2f}, expected {(1 + q) / 3:.2f}" for q, p in found.items()),
                   all(abs(p - (1 + q) / 3) < 0.03 for q, p in found.items()))


def _coincide():
    halved = {}
    for name, factors in (("linear", schedule.linear), ("a cut by ten", lambda t: schedule.step_decay(t, (0.5,)))):
        gaps = []
        for n in (500, 1000):
            plan = Schedule(0.0, factors(2 * n) / n * 0.1, 0.9, np.ones(2 * n))
            gaps.append(small_steps.schedule_difference(Spectrum([1.0]), plan, noise=n**0.5))
        halved[name] = gaps[0] / gaps[1]
    return Finding("at half the step the difference falls by " + ", ".join(f"{v:.2f} ({name})" for name, v in halved.items()),
                   all(1.8 < v < 2.1 for v in halved.values()))


def _diffusion():
    mean, variance = slow_manifold.slow_law(1.0, 0.04, 625)
    valley, spread, found = slow_manifold.diffusing_valley(), variance**0.5, {}
    for name, method in zip(("SGD", "SGDM"), small_steps.matched(0.04, 0.9), strict=True):
        x = noisy_gradient.simulate(valley, method, 625, 1000, np.random.default_rng(0), [1.0, 0.0], 625)[:, -1, 0]
        found[name] = x.mean(), x.std()
    return Finding(f"law {mean:.2f} ± {spread:.2f}; " + ", ".join(f"{n} {m:.2f} ± {s:.2f}" for n, (m, s) in found.items()),
                   all(abs(m - mean) < 5 * s / 1000**0.5 + 0.04 and abs(s / spread - 1) < 0.15 for m, s in found.values()))


CLAIMS = [
    Claim("S-linear", "book", "When noise dominates, linear decay to zero is within a few per cent of the best schedule; "
          "when bias does, a plateau with a short decay is.", "notebook 12", "exact risks, each at its best step", _linear,
          "the second half, and the numbers", origin="known (Defazio et al., 2023; Bordelon & Mori, 2026)"),
    Claim("S-average", "book", "A constant rate with averaged weights stays near the best schedule at every horizon, or "
          "beats it.",
          "notebook 12, (averaged)", "exact risks at three horizons", _averages, "exact numbers at finite size",
          origin="known (Meterez et al., 2026)"),
    Claim("S-optimum", "book", "The best schedule through knots is the same by the adjoint gradient and by Newton's method.",
          "notebook 12, (backwards)", "two searches that share no derivative", _optimum, origin="this book"),
    Claim("S-seesaw", "book", "Growing the batch does what cutting the learning rate does, at small steps, with momentum too.",
          "notebook 12, (seesaw)", "exact risks at equal samples", _seesaw, "the error as a number, and momentum",
          origin="known (Meterez et al., 2025)"),
    Claim("S-memory", "book", r"A memory that grows like $t^q$ multiplies SGD's exponent by $1+q$ until noise takes over.",
          "notebook 12, (growing memory)", "exact curves of a million directions, a heuristic tested", _growing,
          "the form of the rule", origin="this book"),
    Claim("P3f", "P3", "SGD and SGDM coincide under schedules too, up to noise of size the inverse root of the step.",
          "notebook 08, (matched steps)", "exact differences at two steps", _coincide, "schedules, in the linear model",
          origin="paper's abstract"),
    Claim("P3g", "P3", "Where noise points along a valley both follow the same slow diffusion.",
          "notebook 08, (slow SDE)", "1000 simulated runs each", _diffusion, "the valley and its closed law",
          origin="paper's abstract"),
]
