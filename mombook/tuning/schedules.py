r"""The best schedule for a budget of samples and of serial steps: gradient descent on knots, with exact gradients.

Learning rate, memory and batch size are curves through a few knots, in logarithms:

$$ \log \frac{\mathrm{lr}_t}{\mathrm{lr}_0} = k(t), \quad \mathrm{logit}\,\beta_t = z_2 + l(t), \quad
   B_t = 1 + (D - T)\,\frac{e^{b(t)}}{\sum_s e^{b(s)}} \tag{knots} $$

so that T steps use D samples whatever the knots are. The last risk is smooth in them, and (adjoint) gives its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments, markup
from ..arrays import Floats
from ..exact import schedule
from ..exact.schedule import NoiseModel, Schedule
from ..model.family import FAMILIES
from ..model.spectrum import Spectrum
from .long_run import LARGEST, tune

Free = Literal["lr", "momentum", "batch"]

FREE = ("lr", "momentum", "batch")
"""What may change along a run."""

BINS = 2
"""Bins an octave of the spectrum on which the search runs; the risk that is returned is computed on the whole spectrum."""


@dataclass(frozen=True, eq=False)
class TunedSchedule:
    """The best schedule found.

    Attributes:
        family: what was tuned.
        schedule: the ``Schedule``.
        risk: its exact expected risk after the last step.
        knots: name -> (times as shares of the run, values): the factor of the learning rate, beta, the batch size.
        evaluations: how many gradients the search took.
    """

    family: str
    schedule: Schedule
    risk: float
    knots: dict[str, tuple[Floats, Floats]]
    evaluations: int

    def _repr_html_(self) -> str:
        found = (f"Risk {markup.cell(self.risk)} after {self.schedule.steps} steps on {markup.cell(self.schedule.samples)} "
                 f"samples; the search took {self.evaluations} gradients.")
        times = next(iter(self.knots.values()))[0]
        rows = zip(times.tolist(), *(values.tolist() for _, values in self.knots.values()), strict=True)
        words = {"lr": "factor of the learning rate", "momentum": "β", "batch": "batch"}
        return markup.table(f"Tuned schedule: {self.family}", ("share of the run", *(words[name] for name in self.knots)), rows,
                            lead=[found])


def tune_schedule(spectrum: Spectrum, family: str, samples: float, steps: int, free: Sequence[Free] = ("lr",), knots: int = 10,
                  noise: float = 0.0, start: ArrayLike = 1.0, *, noise_model: NoiseModel = "least squares",
                  report: Callable[[int, float], object] | None = None, most: int = 200) -> TunedSchedule:
    r"""The schedule of least risk among those through so many knots, for ``samples`` samples in ``steps`` steps.

    By L-BFGS from the best of a few dozen ordinary schedules (constant, linear, warmup-stable-decay; many step sizes), so the
    answer is never worse than those. A local optimum.

    Args:
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``, whose own parameters are tuned as well.
        samples: the budget D >= steps; steps: the serial steps T, from 2 to 100,000. The batch is D/T on average.
        free: some of ``"lr"``, ``"momentum"`` and ``"batch"``: what may change along the run; the rest stays constant.
        knots: how many, 2 to 64, a curve; denser at both ends of the run.
        noise, start, noise_model: as ``schedule.risk_curve``.
        report: called as ``report(evaluations, risk)`` after every ordinary schedule and every iteration; a true answer stops
            the search, which then returns the best so far.
        most: iterations of the search at the most.

    Returns:
        ``TunedSchedule``.

    Raises:
        ValueError: an argument of the wrong kind or out of range, or ``"momentum"`` for a family without a free memory.

    >>> from mombook import Method
    >>> H = Spectrum.power_law(20, 1.5)
    >>> best = tune_schedule(H, "sgd", samples=800, steps=200, noise=0.5)
    >>> plain = min(schedule.final_risk(H, Schedule.of(Method.sgd(lr), 4, schedule.linear(200)), noise=0.5)
    ...             for lr in (0.1, 0.2, 0.4))
    >>> best.risk < plain, best.schedule.samples
    (True, 800.0)
    """
    search = _Search(spectrum, family, samples, steps, free, knots, noise, start, noise_model)
    most = arguments.whole("most", most, low=1)
    if report is not None and not arguments.takes(report, 2):
        arguments.refuse("report", report, "a function of the evaluations and the risk")

    def after_iteration(x):
        if report is not None and report(search.evaluations, float(np.exp(search.last))):
            raise StopIteration

    x, stopped = search.begin(report)
    if not stopped:
        found = scipy.optimize.minimize(search.cost, x, jac=True, method="L-BFGS-B", bounds=search.bounds(),
                                        callback=after_iteration, options={"maxiter": most, "ftol": 1e-9, "gtol": 1e-7})
        x = found.x if found.fun <= search.cost(x)[0] else x
    plan = search.schedule(x)
    risk = schedule.final_risk(spectrum, plan, noise, start, noise_model=noise_model)
    return TunedSchedule(family, plan, risk, search.at_knots(x), search.evaluations)


class _Search:
    """The map from a vector of unknowns to a schedule, and the risk with its gradient pulled back through it."""

    def __init__(self, spectrum, family, samples, steps, free, knots, noise, start, noise_model):
        arguments.instance("spectrum", spectrum, Spectrum)
        arguments.choice("family", family, FAMILIES)
        self.steps = arguments.whole("steps", steps, low=2, high=100_000)
        self.samples = arguments.number("samples", samples, low=float(self.steps), high=self.steps * LARGEST)
        self.free = arguments.words("free", free, FREE)
        self.row = FAMILIES[family].row
        if "momentum" in self.free and not self.row[4]:
            arguments.refuse("free", free, f"without 'momentum' for {family}, which has no memory to tune")
        self.spectrum, self.family = spectrum, family
        coarse = spectrum.compressed(BINS) if arguments.is_scalar(start) else spectrum
        knots = arguments.whole("knots", knots, low=2, high=64)
        unit = Schedule(0.0, 0.0, 0.0, np.ones(self.steps))
        self.problem = schedule.problem_of(coarse, unit, noise, start, 3.0, noise_model)
        self.times = schedule.knot_times(knots)
        self.basis = schedule.knot_basis(self.steps, knots)[1:]                                   # the first knot is 0
        self.own = np.flatnonzero([True, self.row[1] > 0, self.row[4] > 0])
        self.tuned = tune(spectrum, family, self.samples / self.steps).method
        self.evaluations, self.last = 0, np.inf

    # -- unknowns <-> schedules ------------------------------------------------------------------------------------------
    def _split(self, x):
        """z ``(3,)``, and knots ``(knots - 1,)`` of each name in ``FREE`` (zeros where not free)."""
        z, n = np.zeros(3), len(self.basis)
        z[self.own] = x[:self.own.size]
        rest = iter(x[self.own.size:].reshape(-1, n))
        return z, {name: next(rest) if name in self.free else np.zeros(n) for name in FREE}

    def _parts(self, x):
        """(knots): the steps e^z0, e^z1, beta and the batch, each ``(steps,)``."""
        z, curve = self._split(x)
        lr = curve["lr"] @ self.basis
        weight = np.exp(curve["batch"] @ self.basis)
        beta = 1 / (1 + np.exp(-(z[2] + curve["momentum"] @ self.basis))) if self.row[4] else 1 - self.row[5]
        return (np.exp(z[0] + lr), np.exp(z[1] + lr), np.broadcast_to(beta, lr.shape),
                1 + (self.samples - self.steps) * weight / weight.sum())

    def schedule(self, x):
        """The ``Schedule`` of a vector of unknowns."""
        own, eta1, eta0, eta_beta, _, _ = self.row
        step0, step1, beta, batch = self._parts(x)
        return Schedule(own * step0, (eta0 + eta_beta * beta) * step0 + eta1 * step1, beta, batch)

    def cost(self, x):
        """log of the last risk and its gradient; a diverging schedule costs more the larger its steps are."""
        own, _, eta0, eta_beta, remembers, _ = self.row
        step0, _, beta, batch = self._parts(x)
        plan = self.schedule(x)
        self.evaluations += 1
        risk, by = schedule.risk_and_gradient(self.problem, plan)
        if not 0 < risk < np.inf:
            return 600.0 + x[0], np.eye(x.size)[0]
        lr = plan.delta * by["delta"] + plan.eta * by["eta"]
        first = (own * by["delta"] + (eta0 + eta_beta * beta) * by["eta"]) * step0           # through e^z0 alone
        logit = beta * (1 - beta) * (by["beta"] + eta_beta * step0 * by["eta"]) * remembers
        spare = batch - 1
        weights = spare * (by["batch"] - (spare @ by["batch"]) / max(spare.sum(), 1e-300))
        own_slopes = np.array([first.sum(), lr.sum() - first.sum(), logit.sum()])[self.own]
        curves = {"lr": lr, "momentum": logit, "batch": weights}
        slope = np.concatenate([own_slopes, *(self.basis @ curves[name] for name in FREE if name in self.free)])
        self.last = np.log(risk)
        return self.last, slope / risk

    def bounds(self):
        """Bounds of the unknowns: far beyond anything useful, so that no exponential overflows."""
        own = np.array([(-40.0, 20.0), (-60.0, 20.0), (-8.0, 25.0)])[self.own]
        wide = {"lr": (-20.0, 12.0), "momentum": (-20.0, 20.0), "batch": (-20.0, 20.0)}
        return [*map(tuple, own), *(wide[name] for name in FREE if name in self.free for _ in self.basis)]

    # -- where to begin --------------------------------------------------------------------------------------------------
    def begin(self, report):
        """The best of the ordinary schedules, and whether the search was stopped there."""
        best, least = None, np.inf
        for start in self.starts():
            x = self.first(start)
            risk = schedule.last_risk(self.problem, self.schedule(x))
            self.evaluations += 1
            if best is None or risk < least:
                best, least = x, risk
            if report is not None and report(self.evaluations, least):
                return best, True
        return best, False

    def starts(self):
        """(share of the tuned step, log factors at the knots) of ordinary schedules."""
        shapes = {"constant": np.zeros(len(self.basis))}
        if "lr" in self.free:
            left = np.maximum(1 - self.times[1:], 1 / self.steps)
            shapes |= {"linear": np.log(left), "late": np.log(np.minimum(1.0, left / 0.2))}
        return [(2.0**-k, shape) for k in range(0, 15, 2) for shape in shapes.values()]

    def first(self, start):
        """The unknowns of one ordinary schedule: the method of largest gap with smaller steps, and a shape."""
        share, shape = start
        own, eta1, eta0, eta_beta, _, _ = self.row
        m = self.tuned
        z0 = np.log(share * (m.delta / own if own else m.eta / (eta0 + eta_beta * m.beta)))
        z1 = np.log(max(share * m.eta, 1e-25)) if eta1 else 0.0
        beta = min(m.beta, 1 - 2.0 / self.steps) if m.beta > 0 else 0.01
        z = np.array([z0, z1, np.log(beta / (1 - beta))])[self.own]
        curves = {"lr": shape, "momentum": 0 * shape, "batch": 0 * shape}
        return np.clip(np.concatenate([z, *(curves[name] for name in FREE if name in self.free)]), *np.array(self.bounds()).T)

    def at_knots(self, x):
        """name -> (times, values) at the knots."""
        step0, _, beta, batch = self._parts(x)
        at = np.rint(self.times * (self.steps - 1)).astype(int)
        values = {"lr": step0 / step0[0], "momentum": beta, "batch": batch}
        return {name: (self.times, values[name][at]) for name in FREE if name in self.free}
