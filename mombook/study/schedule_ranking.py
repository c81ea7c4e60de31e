r"""Which schedule wins at one budget of samples: the usual ones, each at its own best step, beside the best through knots.

The last exact risk is a smooth function of a schedule. The usual ones have one unknown, the logarithm of the step, and are
tuned together by parabolas. The best one has the logarithms of the step at its knots, and is found by Newton's method,

$$ x' = x - (\nabla^2 \log R + \nu)^{-1}\,\nabla \log R \tag{newton} $$

with derivatives by differences of risks, of which (stack) computes a hundred in one pass. ``tune_schedule`` reaches the same
optimum another way, by (adjoint) and L-BFGS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..exact import schedule
from ..exact.moments import is_stable
from ..exact.schedule import Schedule
from ..exact.schedule_stack import stacked
from ..model.method import Method
from ..model.spectrum import Spectrum

NAMES = ("best", "constant", "average", "linear", "cosine", "stable", "steps", "inverse", "ramp", "memory")
"""The schedules: the best one found, and the usual ones."""

KNOTS = 8
"""Knots of the best schedule."""

WARMUP = 0.1
"""Share of a run in which the learning rate rises, where it does."""

GRID = 2.4 ** np.arange(2.0, -8.0, -1.0)
"""Steps that are tried first, as multiples of the largest stable one."""

MEMORIES = (0.02, 0.15, 1.0)
"""After which shares of the run 1/t may begin to fall."""

WIDTHS = (0.25, 0.12, 0.05, 0.02, 0.01)
"""Between the points of the parabolas, in logarithms; a quick search is content with two of them."""

QUICK = 2
"""A search of so many rounds is quick: right to a per cent or two."""

HELD = (0.3, 0.6, 0.8)
"""Shares of the run after which schedules fall that are tuned for a start."""

DAMPINGS = (0.0, 0.01, 0.1, 1.0, 10.0)

STEP = 0.02
"""Differences are taken over so much in every logarithm."""

CLIFF = 1.0
"""A neighbour's log risk counts as so much above the centre's at most: beyond the edge of stability risks are astronomical."""


@dataclass(frozen=True)
class Ranked:
    """One schedule at its best step.

    Attributes:
        schedule: the ``Schedule``; tail: the step from which its weights are averaged, or ``None``.
        risk: its exact expected risk after the last step.
        knots: of the best one: its long-run steps at the knots, ``(KNOTS,)``.
    """

    schedule: Schedule
    risk: float
    tail: int | None = None
    knots: np.ndarray | None = None


def rank_schedules(spectrum: Spectrum, method: Method, batch: float, steps: int, noise: float = 0.0,
                   start: ArrayLike = 1.0, *, rounds: int = 24) -> dict[str, Ranked]:
    r"""The usual schedules of one method, each at its own best step size, for ``batch * steps`` samples.

    Args:
        spectrum: a ``Spectrum``; method: a ``Method``: its memory and the ratio of its two steps are kept.
        batch: batch size B >= 1 (at the start, where it grows); steps: T, from 16 to 4096.
        noise, start: as ``mombook.risk_curve``.
        rounds: of (newton), at most; two are right to a few per cent.

    Returns:
        dict from a name in ``NAMES`` to ``Ranked``, the lowest risk first. ``"memory"`` is there for methods with a memory.
        ``"ramp"`` takes fewer steps. The best one is a local optimum; at large batches and little noise there are many, some
        that alternate long and short steps, within a few per cent of one another.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> found = rank_schedules(Spectrum.power_law(20, 1.5), Method.sgd(0.1), batch=8, steps=64, noise=0.5)
    >>> list(found)[0], list(found)[-1], found["linear"].schedule.samples
    ('best', 'constant', 512.0)
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.instance("method", method, Method)
    if not method.long_run_step > 0:
        arguments.refuse("method", method, "of positive long-run step: a method that descends")
    batch = arguments.number("batch", batch, low=1.0, high=1e9)
    steps = arguments.whole("steps", steps, low=16, high=4096)
    rounds = arguments.whole("rounds", rounds, low=1, high=100)
    problem = schedule.problem_of(spectrum, Schedule(0.0, 0.0, 0.0, np.ones(steps)), noise, start, 3.0, "least squares")
    shapes = _shapes(method, batch, steps)
    limit = _largest_stable(spectrum, method, batch)
    tuned = _tuned(problem, shapes, limit, WIDTHS if rounds > QUICK else WIDTHS[:2])
    found = {word: Ranked(shape.schedule(scale), float(np.exp(cost)), shape.tail)
             for word, (shape, scale, cost) in tuned.items() if word in NAMES}
    plain = min(("constant", "linear", *(word for word in tuned if word not in NAMES)), key=lambda word: tuned[word][2])
    shape, scale, _ = tuned[plain]
    found["best"] = _best(problem, method, batch, shape, scale, rounds)
    return dict(sorted(found.items(), key=lambda item: item[1].risk))


# -- shapes ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Shape:
    """A schedule but for the size of its steps: delta, eta, beta, batch, each ``(steps,)``; it may end before the others do."""

    delta: np.ndarray
    eta: np.ndarray
    beta: np.ndarray
    batch: np.ndarray
    tail: int | None = None
    ends: int | None = None

    def schedule(self, scale: float) -> Schedule:
        """The ``Schedule`` at a size of steps."""
        delta, eta, beta, batch = (v[:self.ends] for v in (self.delta * scale, self.eta * scale, self.beta, self.batch))
        return Schedule(delta, eta, beta, batch)


def _shapes(method, batch, steps):
    """Name -> the shapes among which that one is chosen."""
    def shape(factors, sizes=None, **more):
        idle = (0, steps - factors.size)
        sizes = np.full(factors.size, batch) if sizes is None else sizes
        return _Shape(np.pad(method.delta * factors, idle), np.pad(method.eta * factors, idle),
                      np.pad(np.full(factors.size, method.beta), idle), np.pad(sizes, idle, constant_values=1.0),
                      ends=factors.size, **more)

    held = schedule.constant(steps)
    late = np.clip((np.arange(steps) / steps - WARMUP) / (1 - WARMUP), 0.0, 1.0)
    warmed = schedule.warmup_stable_decay(steps, WARMUP, 0.0) * (1 + np.cos(np.pi * late)) / 2
    shapes = {
        "constant": [shape(held)], "average": [shape(held, tail=steps // 2)], "linear": [shape(schedule.linear(steps))],
        "cosine": [shape(warmed)], "stable": [shape(schedule.warmup_stable_decay(steps, WARMUP, 0.2))],
        "steps": [shape(schedule.step_decay(steps))],
        "inverse": [shape(schedule.inverse_time(steps, share * steps)) for share in MEMORIES],
        "ramp": [shape(*schedule.ramped(batch, schedule.cosine(steps), 1.0))],
    }
    x = np.arange(steps) / steps                                        # where the search for the best one may begin
    shapes |= {f"held {share}": [shape(np.minimum(1.0, (1 - x) / (1 - share)))] for share in HELD}
    if method.beta > 0 and method.eta:
        eps = np.maximum(1 / (1 + np.arange(steps)), 1 - method.beta)     # 1 - beta falls like 1/t down to the method's own
        grows = _Shape(method.delta * held, method.eta * held, 1 - eps, np.full(steps, batch), ends=steps)
        shapes["memory"] = [grows]
    return shapes


def _largest_stable(spectrum, method, batch):
    """The largest stable multiple of a method's two steps, to a few per cent."""
    scale = 1 / (spectrum.largest * method.long_run_step)

    def stable(factor):
        return is_stable(spectrum, Method(method.delta * factor, method.eta * factor, method.beta), batch)

    while stable(2 * scale):
        scale *= 2
    while not stable(scale):
        scale /= 1.25
    return scale


# -- the search -----------------------------------------------------------------------------------------------------------
def _costs(problem, rows):
    """log of the last risk of many (shape, factor ``()`` or ``(steps,)``)."""
    delta, eta = (np.array([getattr(shape, name) * factor for shape, factor in rows]) for name in ("delta", "eta"))
    beta, batch = (np.array([getattr(shape, name) for shape, _ in rows]) for name in ("beta", "batch"))
    ends = np.array([shape.ends for shape, _ in rows])
    tails = np.array([shape.ends if shape.tail is None else shape.tail for shape, _ in rows])
    risks = stacked(problem, delta, eta, beta, batch, tails if np.any(tails < ends) else None, ends)
    with np.errstate(divide="ignore"):
        return np.minimum(np.log(risks), 600.0)


def _tuned(problem, shapes, limit, widths):
    """Name -> (its best shape, the size of its steps, the log of its risk)."""
    asked = [(word, shape) for word, several in shapes.items() for shape in several]
    costs = _costs(problem, [(shape, limit * s) for _, shape in asked for s in GRID]).reshape(len(asked), -1)
    best = {}
    for (word, shape), row in zip(asked, costs, strict=True):
        k = int(np.argmin(row))
        if word not in best or row[k] < best[word][2]:
            best[word] = shape, _vertex(np.log(limit * GRID), row, k), row[k]
    for width in widths:                                                # parabolas through five points
        places = width * np.arange(-2, 3)
        costs = _costs(problem, [(shape, np.exp(at + p)) for shape, at, _ in best.values() for p in places]).reshape(-1, 5)
        for (word, (shape, at, _)), row in zip(list(best.items()), costs, strict=True):
            k = int(np.argmin(row))
            best[word] = shape, _vertex(at + places, row, k), at + places[k]
    if len(widths) < len(WIDTHS):
        return {word: (shape, np.exp(end), least)
                for (word, (shape, _, end)), least in zip(best.items(), costs.min(1), strict=True)}
    ends = [(word, shape, end) for word, (shape, *two) in best.items() for end in two]
    costs = _costs(problem, [(shape, np.exp(end)) for _, shape, end in ends])
    found = sorted(zip(costs, ends, strict=True), key=lambda pair: -pair[0])            # at a cliff the vertex may lie beyond
    return {word: (shape, np.exp(end), cost) for cost, (word, shape, end) in found}


def _vertex(x, y, k):
    """Where the parabola through the k-th of some evenly spaced points and its neighbours is lowest; the end where k is one."""
    if not 0 < k < x.size - 1:
        return x[k]
    left, right = (min(y[k + side] - y[k], CLIFF) for side in (-1, 1))
    return x[k] + (x[k + 1] - x[k]) * (left - right) / 2 / max(left + right, 1e-12)


def _best(problem, method, batch, shape, scale, rounds):
    """The best schedule through the knots, from an ordinary one."""
    steps = shape.batch.size
    base = _shapes(method, batch, steps)["constant"][0]
    basis, unit = schedule.knot_basis(steps, KNOTS), method.delta + method.eta
    at = np.rint(schedule.knot_times(KNOTS) * (steps - 1)).astype(int)
    x = np.log(np.maximum((shape.delta + shape.eta)[at] * scale / unit, 0.02 * scale))

    def costs(points):
        return _costs(problem, [(base, np.exp(p @ basis)) for p in points])

    radius, width, cost = 1.0, STEP, np.inf
    for _ in range(rounds):
        values = costs(_stencil(x, width))
        cost = values[0]
        tries = [np.clip(x + step, x.max() - 9.0, None) for step in _steps(*_derivatives(values, x.size, width), radius)]
        values = costs(tries)
        k = int(np.argmin(values))
        gain, radius = cost - values[k], radius * (2.0 if values[k] < cost else 0.2)
        if gain > 0:
            x, cost = tries[k], values[k]
        else:                                                           # differences this wide no longer show the way
            width *= 0.2
        if 0 <= gain < 1e-8 or width < 1e-3 * STEP:
            break
    return Ranked(base.schedule(np.exp(x @ basis)), float(np.exp(cost)), None, np.exp(x) * method.long_run_step)


def _stencil(x, width):
    """Points of all first and second differences about x: x, x +- h_i, x + h_i + h_j."""
    steps = width * np.eye(x.size)
    pairs = [x + steps[i] + steps[j] for i in range(x.size) for j in range(i)]
    return [x, *(x + steps), *(x - steps), *pairs]


def _derivatives(values, n, width):
    """Gradient and Hessian from the values at a stencil."""
    values = np.minimum(values, values[0] + CLIFF)
    centre, up, down, pairs = values[0], values[1:n + 1], values[n + 1:2 * n + 1], iter(values[2 * n + 1:])
    hessian = np.diag((up + down - 2 * centre) / width**2)
    for i in range(n):
        for j in range(i):
            hessian[i, j] = hessian[j, i] = (next(pairs) - up[i] - up[j] + centre) / width**2
    return (up - down) / (2 * width), hessian


def _steps(gradient, hessian, radius):
    """The step of (newton) at several dampings, every eigenvalue of the Hessian made positive, no entry above ``radius``."""
    values, vectors = np.linalg.eigh(hessian)
    along, size = vectors.T @ gradient, np.maximum(np.abs(values), 1e-6)
    steps = [-vectors @ (along / (size + damping)) for damping in DAMPINGS]
    return [step / max(1.0, np.abs(step).max() / radius) for step in steps]
