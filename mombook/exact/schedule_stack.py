r"""Many schedules at once: their last exact risks, each step taken for all of them together.

Rows are schedules, columns modes. With $u = a\,E e^2 + c\,E em$ and $w = a\,E em + c\,E m^2$, where $e' = ae + cm$ without
noise, one step of (schedule-moments) is

$$ E e'^2 = a u + c w + p^2 v, \quad E e'm' = \lambda u + \beta w - p v, \quad
   E m'^2 = \lambda^2 E e^2 + 2\lambda\beta\,E em + \beta^2 E m^2 + v, \quad p = \delta + \eta \tag{stack} $$

with v the variance of a mode's gradient noise. A search that needs a hundred risks at a time gets them at the price of a few.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats, Ints
from ..model.spectrum import Spectrum
from . import schedule
from .schedule import NoiseModel, Schedule

MOST = 4_000_000
"""Schedules times distinct eigenvalues that are stepped together."""


def final_risks(spectrum: Spectrum, schedules: Sequence[Schedule], noise: float = 0.0, start: ArrayLike = 1.0,
                kurtosis: ArrayLike = 3.0, *, tails: Sequence[int | None] | None = None,
                noise_model: NoiseModel = "least squares") -> Floats:
    r"""``schedule.final_risk`` of many schedules, of as many steps as each has.

    Args:
        spectrum: a ``Spectrum``; schedules: a list of ``Schedule``.
        noise, start, kurtosis, noise_model: as ``schedule.risk_curve``.
        tails: a list: for each schedule the step from which its weights are averaged, or ``None``.

    Returns:
        Array ``(len(schedules),)``; ``inf`` where the second moments overflow.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> from mombook import Method, Spectrum
    >>> plans = [Schedule.of(Method.sgd(lr), 4, schedule.linear(50)) for lr in (0.1, 0.2)]
    >>> H = Spectrum([1.0, 0.5])
    >>> bool(np.allclose(final_risks(H, plans), [schedule.final_risk(H, plan) for plan in plans], rtol=1e-12))
    True
    """
    return stacked(*_checked(spectrum, schedules, noise, start, kurtosis, noise_model, tails))


def risk_curves(spectrum: Spectrum, schedules: Sequence[Schedule], noise: float = 0.0, start: ArrayLike = 1.0,
                kurtosis: ArrayLike = 3.0, *, tails: Sequence[int | None] | None = None,
                noise_model: NoiseModel = "least squares") -> list[Floats]:
    """``schedule.risk_curve`` of many schedules. Arguments as ``final_risks``; returns a list of arrays ``(steps + 1,)``."""
    problem, delta, eta, beta, batch, since, ends = _checked(spectrum, schedules, noise, start, kurtosis, noise_model, tails)
    every = stacked(problem, delta, eta, beta, batch, since, ends, history=True)
    every[np.logical_or.accumulate(~np.isfinite(every), axis=1)] = np.inf
    return [row[:plan.steps + 1] for row, plan in zip(every, schedules, strict=True)]


def _checked(spectrum: Any, schedules: Any, noise: Any, start: Any, kurtosis: Any, noise_model: Any, tails: Any) -> Any:
    """What ``stacked`` takes."""
    if not isinstance(schedules, (list, tuple)) or not schedules:
        arguments.refuse("schedules", schedules, "a list of mombook.Schedule")
    for plan in schedules:
        arguments.instance("schedules", plan, Schedule)
    problem = schedule.problem_of(spectrum, schedules[0], noise, start, kurtosis, noise_model)
    arguments.affordable("schedules", len(schedules), len(spectrum), MOST, ", so that they fit in memory")
    steps = max(plan.steps for plan in schedules)
    idle = {"delta": 0.0, "eta": 0.0, "beta": 0.0, "batch": 1.0}
    rows = {name: np.full((len(schedules), steps), value) for name, value in idle.items()}
    for name, row in rows.items():
        for k, plan in enumerate(schedules):
            row[k, :plan.steps] = getattr(plan, name)
    since = None
    if tails is not None:
        if not isinstance(tails, (list, tuple)) or len(tails) != len(schedules):
            arguments.refuse("tails", tails, f"a list of {len(schedules)}, one for each schedule")
        since = np.array([plan.steps if tail is None else arguments.whole("tails", tail, high=plan.steps)
                          for plan, tail in zip(schedules, tails, strict=True)])
    return problem, *rows.values(), since, np.array([plan.steps for plan in schedules])


def stacked(problem: schedule.Problem, delta: Floats, eta: Floats, beta: Floats, batch: Floats, tails: Ints | None = None,
            ends: Ints | None = None, history: bool = False) -> Floats:
    """Last risks by (stack), ``(m,)``, or those after every step, ``(m, steps + 1)``; the parameters are ``(m, steps)``,
    ``tails`` and ``ends`` (the steps taken, where fewer) ``(m,)``."""
    lam, weight = problem.lam, problem.weight
    count, steps = delta.shape
    p, turns, own = delta + eta, bool(np.any(eta * beta)), problem.own * lam**2
    S = np.zeros((3, count, lam.size))                                      # E e^2, E e m, E m^2
    S[0] = problem.start
    (see, sem, _), average = S, None
    if tails is not None:
        average = _Average(tails, ends)
    every: Any = np.empty((count, steps + 1)) if history else None
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps):
            if history:
                every[:, t] = _read(see, average, weight)
            if average is not None:
                average.before(t, see, sem)
            now, size = p[:, t, None], batch[:, t, None]
            a = 1 - now * lam
            v = (problem.feedback * (see @ weight) + problem.noise2)[:, None] * (lam / size)
            if np.any(own):
                v += own / size * see
            c, b = -eta[:, t, None] * beta[:, t, None], beta[:, t, None]
            if not turns:
                see = a * a * see + now * now * v
            else:
                near, far = S[:2], S[1:]                                    # (see, sem) and (sem, smm)
                u, w = a * near + c * far
                x, y = lam * near + b * far
                S = np.stack([a * u + c * w + now * now * v, lam * u + b * w - now * v, lam * x + b * y + v])
                see, sem, _ = S
            if average is not None:
                average.after(t, a, c, lam, b, see, sem)
        risk = _read(see, average, weight)
    if history:
        every[:, -1] = risk
        return every
    return risk


def _read(see: Floats, average: _Average | None, weight: Floats) -> Floats:
    """The risks now, of averages where there are any; inf where the second moments have overflowed."""
    risk = plain = see @ weight / 2
    if average is not None and average.squares is not None:
        risk = risk.copy()
        risk[average.rows] = average.squares @ weight / 2
    return np.where((risk < 1e250) & (plain < 1e250), risk, np.inf)


class _Average:
    """(average) for the rows that have one: E eA, E mA and E A^2, from the first step that is averaged."""

    def __init__(self, tails: Any, ends: Any) -> None:
        rows = np.flatnonzero(tails < ends)
        self.rows: Any = slice(rows[0], rows[-1] + 1) if rows.size and np.ptp(rows) == rows.size - 1 else rows
        self.tails, self.ends = tails[self.rows], ends[self.rows]
        self.first = min(self.tails, default=np.inf)
        self.squares: Any = None
        self.crossed = self.buffer = np.empty(0)

    def before(self, t: int, see: Floats, sem: Floats) -> None:
        """At the first step that is averaged the average is the iterate."""
        if t == self.first:
            self.crossed, self.buffer, self.squares = see[self.rows].copy(), sem[self.rows].copy(), see[self.rows].copy()

    def after(self, t: int, a: Floats, c: Floats, lam: Floats, b: Floats, see: Floats, sem: Floats) -> None:
        """One step further, for the rows that are still running."""
        if t < self.first:
            return
        a, c, b, see, sem = (v[self.rows] for v in (a, c, b, see, sem))
        crossed_e, crossed_m = a * self.crossed + c * self.buffer, lam * self.crossed + b * self.buffer
        counted = np.maximum(t + 1 - self.tails, 0)[:, None]
        p, q, on = counted / (counted + 1), 1 / (counted + 1), (t < self.ends)[:, None]
        new = (p * crossed_e + q * see, p * crossed_m + q * sem, p * p * self.squares + 2 * p * q * crossed_e + q * q * see)
        self.crossed, self.buffer, self.squares = (
            np.where(on, now, old) for now, old in zip(new, (self.crossed, self.buffer, self.squares), strict=True))
