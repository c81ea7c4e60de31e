r"""Learning-rate, momentum and batch-size schedules: exact expected risk, averages of the weights, and gradients.

The moments of one mode, S = (E e^2, E e m, E m^2), obey (moments) with parameters that change at every step:

$$ S_{t+1} = T_t S_t + d_t\,(2R_t + \sigma^2), \qquad R_t = \tfrac12 \sum_i n_i \lambda_i E[e_i^2] \tag{schedule-moments} $$

T is the step of one mode with its own share of the noise, d what a unit of risk adds to it. The recursion is linear in S,
so the derivative of the last risk by every parameter of every step costs one pass backwards, through the transposes:

$$ P_T = \tfrac12 n\lambda\,(1,0,0), \qquad
   P_t = T_t^{\mathsf T} P_{t+1} + n\lambda\,(1,0,0) \sum_i d_{t,i}\cdot P_{t+1,i} \tag{adjoint} $$

An average of the weights, $A_{t+1} = p_t A_t + q_t e_{t+1}$, needs two more moments a mode, because fresh noise has mean zero:

$$ E[s_{t+1} A_{t+1}] = p_t\,M_t\,E[s_t A_t] + q_t\,E[s_{t+1} e_{t+1}] \tag{average} $$
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.method import Method, transition
from ..model.spectrum import Spectrum
from . import recursion

NoiseModel = Literal["least squares", "additive"]

NOISE_MODELS = ("least squares", "additive")
"""Where gradient noise comes from: sampled inputs and labels, or labels alone (noisy quadratic model, Zhang et al. 2019)."""

CHUNK = 20_000
"""Steps times distinct eigenvalues whose matrices are formed together: few enough to stay in a core's cache."""


@dataclass(frozen=True, eq=False)
class Schedule:
    r"""The parameters of (method) and the batch size at every step.

    Args:
        delta, eta, beta: parameters of (method), each one number or an array ``(steps,)``; beta in [0, 1).
        batch: batch sizes >= 1, one number or ``(steps,)``; they need not be whole, and count samples.

    Raises:
        ValueError: a parameter out of range, shapes that differ, or no step at all.

    >>> s = Schedule.of(Method.sgd(0.5), batch=4, factors=linear(4))
    >>> s.delta.tolist(), s.steps, s.samples
    ([0.5, 0.375, 0.25, 0.125], 4, 16.0)
    """

    delta: Floats
    eta: Floats
    beta: Floats
    batch: Floats

    if TYPE_CHECKING:                                                   # more may be passed than is kept
        def __init__(self, delta: ArrayLike, eta: ArrayLike, beta: ArrayLike, batch: ArrayLike) -> None: ...

    def __post_init__(self):
        given = {name: np.atleast_1d(arguments.array(name, getattr(self, name))) for name in ("delta", "eta", "beta", "batch")}
        size = max(v.size for v in given.values())
        for name, v in given.items():
            if v.ndim > 1 or v.size not in (1, size):
                arguments.refuse(name, v.shape, f"one number or {size} of them, one a step as delta, eta, beta and batch")
            v = np.broadcast_to(v, size).copy()
            v.flags.writeable = False
            object.__setattr__(self, name, v)
        if not np.all((self.beta >= 0) & (self.beta < 1)):
            arguments.refuse("beta", self.beta, "numbers >= 0 and < 1")
        arguments.batch_size(self.batch)

    @classmethod
    def of(cls, method: Method, batch: ArrayLike, factors: ArrayLike) -> Schedule:
        """A method whose two steps are multiplied by ``factors`` ``(steps,)`` at a constant or given batch size."""
        arguments.instance("method", method, Method)
        factors = arguments.array("factors", factors, low=0.0, ndim=1)
        return cls(method.delta * factors, method.eta * factors, method.beta, batch)

    @classmethod
    def from_function(cls, method_at: Callable[[int], Method], batch: ArrayLike, steps: int) -> Schedule:
        """A schedule given as a function from t = 0, 1, ... to a ``Method``, such as ``buffers.dana_constant``."""
        steps = arguments.whole("steps", steps, low=1, high=arguments.LONGEST)
        if not callable(method_at) or not arguments.takes(method_at, 1):
            arguments.refuse("method_at", method_at, "a function from t to a mombook.Method")
        methods = [arguments.instance("method_at", method_at(t), Method) for t in range(steps)]
        delta, eta, beta = np.array([(m.delta, m.eta, m.beta) for m in methods]).T
        return cls(delta, eta, beta, batch)

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.delta.size

    @property
    def samples(self) -> float:
        """The number of samples used in all."""
        return float(self.batch.sum())

    def method(self, t: int) -> Method:
        """The ``Method`` of step t = 0, ..., steps - 1."""
        t = arguments.whole("t", t, high=self.steps - 1)
        return Method(float(self.delta[t]), float(self.eta[t]), float(self.beta[t]))


def batch_ramp(method: Method, batch: float, factors: ArrayLike, share: float = 1.0) -> Schedule:
    r"""Grow the batch where a schedule would cut the learning rate, on the same samples (Meterez et al. 2025, Seesaw).

    $$ \mathrm{lr} \propto f^{1-\mathrm{share}}, \qquad B = \mathrm{batch} \cdot f^{-\mathrm{share}} \tag{ramp} $$

    at the point of the budget where the original schedule has the factor f. For SGD with small steps the risk depends on
    lr/B and on the samples alone, so every ``share`` leaves it nearly unchanged; 1 takes the fewest steps. (For Adam, Seesaw
    multiplies the learning rate by f^(1/2) and the batch by 1/f, which is no such ramp.)

    Args:
        method: a ``Method``; batch: its batch size where f = 1; factors: ``(steps,)``, in (0, 1]; share: in [0, 1].

    Returns:
        A ``Schedule`` that uses ``batch * steps`` samples, or a part of one more, where a last step would have less than one.

    >>> s = batch_ramp(Method.sgd(0.1), 8, step_decay(8, at=(0.5,), factor=0.5))
    >>> s.batch.tolist(), s.delta.tolist()
    ([8.0, 8.0, 8.0, 8.0, 16.0, 16.0], [0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    """
    arguments.instance("method", method, Method)
    batch = arguments.number("batch", batch, low=1.0)
    share = arguments.number("share", share, low=0.0, high=1.0)
    factors = arguments.array("factors", factors, above=0.0, ndim=1)
    if batch * factors.size > arguments.HUGE:
        arguments.refuse("batch", batch, f"at most {arguments.HUGE / factors.size:.0e} for so many steps")
    if np.any(factors > 1):
        arguments.refuse("factors", float(factors.max()), "numbers > 0 and <= 1: a batch cannot shrink below its own size")
    scale, sizes = ramped(batch, factors, share)
    return Schedule(method.delta * scale, method.eta * scale, method.beta, sizes)


def ramped(batch: float, factors: Floats, share: float) -> Floats:
    """(ramp): the factor of the learning rate and the batch size at every step that the samples last for."""
    used, budget = 0.0, batch * factors.size
    rows: list[tuple[float, float]] = []
    while used < budget * (1 - 1e-12):
        f = factors[min(int(used / batch + 1e-9), factors.size - 1)]
        size = batch * f**-share
        if used + size > budget:
            size = max(budget - used, 1.0)
        rows.append((f ** (1 - share), size))
        used += size
    return np.array(rows).T


# -- shapes: factors of the learning rate, one a step --------------------------------------------------------------------
def constant(steps: int) -> Floats:
    """The factor 1 at every step."""
    return np.ones(_whole_steps(steps))


def linear(steps: int, final: float = 0.0) -> Floats:
    """From 1 towards ``final``, which would be reached one step after the last."""
    return 1 - (1 - arguments.number("final", final, low=0.0)) * _progress(steps)


def cosine(steps: int, final: float = 0.0) -> Floats:
    """Half a cosine from 1 towards ``final``."""
    final = arguments.number("final", final, low=0.0)
    return final + (1 - final) * (1 + np.cos(np.pi * _progress(steps))) / 2


def step_decay(steps: int, at: ArrayLike = (0.5, 0.75), factor: float = 0.1) -> Floats:
    """Multiplied by ``factor`` in [0, 1] at each of the shares ``at`` of the run."""
    at, factor = arguments.array("at", at, low=0.0, ndim=1), arguments.number("factor", factor, low=0.0, high=1.0)
    return factor ** (_progress(steps)[:, None] >= at - 1e-12).sum(1)


def inverse_time(steps: int, memory: float) -> Floats:
    """memory / (memory + t): falls like 1/t after ``memory`` > 0 steps."""
    memory = arguments.number("memory", memory, above=0.0)
    return memory / (memory + np.arange(_whole_steps(steps)))


def warmup_stable_decay(steps: int, warmup: float = 0.0, decay: float = 0.2, final: float = 0.0) -> Floats:
    """A linear rise over the share ``warmup`` of a run, then 1, then a fall towards ``final`` over its last ``decay``."""
    warmup = arguments.number("warmup", warmup, low=0.0, high=1.0)
    decay = arguments.number("decay", decay, low=0.0, high=1.0)
    if warmup + decay > 1:
        arguments.refuse("decay", decay, f"at most {1 - warmup:g}, what a warmup of {warmup:g} leaves")
    final = arguments.number("final", final, low=0.0)
    x = _progress(steps)
    rise = np.minimum((x + 1 / x.size) / max(warmup, 1 / x.size), 1.0)   # a warmup shorter than a step is none
    left = (1 - x) / max(decay, 1 / x.size)
    return rise * np.minimum(1.0, final + (1 - final) * left)


def knot_times(knots: int) -> Floats:
    """Where so many knots of a curve lie, as shares of the run from 0 to 1: denser at both ends."""
    knots = arguments.whole("knots", knots, low=2, high=1000)
    return (1 - np.cos(np.pi * np.arange(knots) / (knots - 1))) / 2


def knot_basis(steps: int, knots: int) -> Floats:
    """What each knot contributes to every step, ``(knots, steps)``: straight lines between neighbours."""
    times, steps = knot_times(knots), arguments.whole("steps", steps, low=2, high=arguments.LONGEST)
    arguments.affordable("steps", steps, times.size, 10**8, ", so that it fits in memory")
    return np.array([np.interp(np.arange(steps) / (steps - 1), times, row) for row in np.eye(times.size)])


def through(steps: int, factors: ArrayLike) -> Floats:
    """The curve through ``factors`` (two or more, > 0) at the knots of ``tune_schedule``, straight in the logarithm.

    >>> through(3, [1.0, 0.25]).tolist()
    [1.0, 0.5, 0.25]
    """
    factors = arguments.array("factors", factors, above=0.0, ndim=1)
    if not 2 <= factors.size <= 1000:
        arguments.refuse("factors", factors, "two numbers > 0 or more, a thousand at most")
    return np.exp(np.log(factors) @ knot_basis(steps, factors.size))


def _progress(steps):
    """t / steps at t = 0, ..., steps - 1."""
    steps = _whole_steps(steps)
    return np.arange(steps) / steps


def _whole_steps(steps):
    return arguments.whole("steps", steps, low=1, high=arguments.LONGEST)


# -- exact curves --------------------------------------------------------------------------------------------------------
def risk_curve(spectrum: Spectrum, schedule: Schedule, noise: float = 0.0, start: ArrayLike = 1.0, kurtosis: ArrayLike = 3.0, *,
               tail: int | None = None, ema: float | None = None, noise_model: NoiseModel = "least squares") -> Floats:
    r"""The exact expected risk after 0, 1, ..., ``schedule.steps`` steps, by (schedule-moments): O(d) a step.

    Args:
        spectrum: a ``Spectrum``; schedule: a ``Schedule``.
        noise, start, kurtosis: as ``mombook.risk_curve``.
        tail: average the weights from this step on: the risk of the mean of $w_{tail}, \dots, w_t$ (before it: of w_t).
        ema: average the weights exponentially with this memory in [0, 1): $a' = \gamma a + (1-\gamma) w'$, from a = w_0.
        noise_model: ``"least squares"``, or ``"additive"``: label noise alone, with covariance noise^2 H / B.

    Returns:
        Array ``(steps + 1,)``; ``inf`` from the step at which the second moments overflow.

    Raises:
        ValueError: an argument of the wrong kind or out of range; both averages at once.

    >>> H = Spectrum([1.0, 0.5])
    >>> s = Schedule.of(Method.sgd(0.1), 4, constant(3))
    >>> from mombook.exact import moments
    >>> bool(np.allclose(risk_curve(H, s), moments.risk_curve(H, Method.sgd(0.1), 4, 3), rtol=1e-14))
    True
    """
    problem = problem_of(spectrum, schedule, noise, start, kurtosis, noise_model)
    if tail is not None and ema is not None:
        arguments.refuse("ema", ema, "left out where tail is given: one average at a time")
    if tail is not None:
        tail = arguments.whole("tail", tail, high=schedule.steps)
        counted = np.maximum(np.arange(1, schedule.steps + 1) - tail, 0)
        p, q = counted / (counted + 1), 1 / (counted + 1)
    elif ema is not None:
        p = np.full(schedule.steps, arguments.number("ema", ema, low=0.0, below=1.0))
        q = 1 - p
    else:
        p = None
    curve = np.full(schedule.steps + 1, np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for t, S, A in _states(problem, schedule, p, None if p is None else q):
            risk = problem.weight @ (S[0] if A is None else A[2]) / 2
            if not risk < 1e250 or not problem.weight @ S[0] < 1e250:
                break
            curve[t] = risk
    return curve


def diverges_at(curve: ArrayLike, noise: float = 0.0) -> int | None:
    """The step after which a risk curve stays above its start (and above the label noise, noise^2 / 2) to its end.

    Args:
        curve: as ``risk_curve`` returns it; noise: the standard deviation of the label noise that it was computed with.

    Returns:
        A whole number; ``None`` for a curve that does not end higher than it began.

    >>> diverges_at([1.0, 0.5, 0.9, 3.0, np.inf]), diverges_at([1.0, 2.0, 0.5])
    (2, None)
    """
    try:
        curve = np.asarray(curve, float)
    except (TypeError, ValueError, OverflowError):
        arguments.refuse("curve", curve, "a risk curve: one number for each step, without nan")
    if curve.ndim != 1 or curve.size == 0 or np.isnan(curve).any():
        arguments.refuse("curve", curve, "a risk curve: one number for each step, without nan")
    limit = max(curve[0], arguments.number("noise", noise, low=0.0) ** 2 / 2)
    return None if curve[-1] <= limit else int(np.flatnonzero(curve <= limit)[-1])


def final_risk(spectrum: Spectrum, schedule: Schedule, noise: float = 0.0, start: ArrayLike = 1.0, kurtosis: ArrayLike = 3.0, *,
               noise_model: NoiseModel = "least squares") -> float:
    """The exact expected risk after the last step: the last entry of ``risk_curve``. Arguments as there."""
    problem = problem_of(spectrum, schedule, noise, start, kurtosis, noise_model)
    return last_risk(problem, schedule)


def final_risk_gradient(spectrum: Spectrum, schedule: Schedule, noise: float = 0.0, start: ArrayLike = 1.0,
                        kurtosis: ArrayLike = 3.0, *,
                        noise_model: NoiseModel = "least squares") -> tuple[float, dict[str, Floats]]:
    """The last risk and its derivative by every parameter of every step, by (adjoint): about three times the cost of a curve.

    Args:
        as ``risk_curve``.

    Returns:
        The risk, and a dict of arrays ``(steps,)``: dR/d delta_t, dR/d eta_t, dR/d beta_t, dR/d batch_t under these names.
        Where the risk has overflowed it is ``inf`` and the derivatives are 0.

    Raises:
        ValueError: an argument of the wrong kind or out of range.
    """
    problem = problem_of(spectrum, schedule, noise, start, kurtosis, noise_model)
    return risk_and_gradient(problem, schedule)


# -- the recursion, forwards and backwards -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Problem:
    """What does not change from step to step; ``own`` is k - 2, ``feedback`` whether risk drives the noise (1 or 0)."""

    lam: np.ndarray
    weight: np.ndarray
    start: np.ndarray
    noise2: float
    own: np.ndarray
    feedback: float

    def states(self, steps: Iterable[tuple[Floats, Floats]], S: Floats | None = None) -> Iterator[tuple[Floats, Any]]:
        """``recursion.states`` of this problem, from the start or from S."""
        S = recursion.begin(self.start) if S is None else S
        return recursion.states(steps, S, self.feedback * self.weight, self.noise2)


def problem_of(spectrum: Spectrum, schedule: Schedule, noise: float, start: ArrayLike, kurtosis: ArrayLike,
               noise_model: NoiseModel) -> Problem:
    """The ``Problem`` of arguments as ``risk_curve`` takes them, which are checked here."""
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.instance("schedule", schedule, Schedule)
    noise = arguments.number("noise", noise, low=0.0)
    kurtosis = arguments.each("kurtosis", kurtosis, 1.0, spectrum.eigenvalues.shape)
    full = arguments.choice("noise_model", noise_model, NOISE_MODELS) == "least squares"
    start = recursion.start_squares(start, spectrum)
    return Problem(spectrum.eigenvalues, spectrum.counts * spectrum.eigenvalues, start, noise**2,
                   np.asarray((kurtosis - 2) if full else 0.0), float(full))


def _blocks(problem, schedule, rows):
    """T ``(3, 3, c, n)`` and d ``(3, c, n)`` of (schedule-moments) for the steps ``rows``, and their M ``(2, 2, c, n)``."""
    delta, eta, beta, batch = (v[rows, None] for v in (schedule.delta, schedule.eta, schedule.beta, schedule.batch))
    M, b = transition(delta, eta, beta, np.broadcast_to(problem.lam, (len(delta), problem.lam.size)))
    return *recursion.blocks((M, b), problem.lam, batch, problem.own), M


def _chunks(problem, steps):
    size = max(CHUNK // problem.lam.size, 1)
    return [slice(first, min(first + size, steps)) for first in range(0, steps, size)]


def _steps(problem, schedule):
    """(T, d) and M of every step, one after the other."""
    for rows in _chunks(problem, schedule.steps):
        T, d, M = _blocks(problem, schedule, rows)
        for k in range(rows.stop - rows.start):
            yield (T[:, :, k], d[:, k]), M[:, :, k]


def _states(problem, schedule, p, q):
    """(t, S_t, A_t) at t = 0, 1, ...; A = (E e A, E m A, E A^2), by (average), or None."""
    M = None                                                            # of the step that led to S

    def steps():
        nonlocal M
        for step, now in _steps(problem, schedule):
            M = now
            yield step

    A = None if p is None else recursion.begin(problem.start)[[0, 1, 0]]
    for t, (S, _) in enumerate(problem.states(steps())):
        if t and A is not None:
            new, kept = q[t - 1], p[t - 1]
            crossed = M[:, 0] * A[0] + M[:, 1] * A[1]                    # E[s_{t+1} A_t]
            A = np.array([*(kept * crossed + new * S[:2]), kept**2 * A[2] + 2 * kept * new * crossed[0] + new**2 * S[0]])
        yield t, S, A


def last_risk(problem: Problem, schedule: Schedule) -> float:
    """The risk after the last step; ``inf`` where it diverges."""
    [(_, S, _)] = deque(_states(problem, schedule, None, None), maxlen=1)
    return _risk(problem, S)


def _through(problem, schedule, rows, S):
    """S after the steps ``rows``, S before each of them ``(3, c, n)``, and what ``_blocks`` says of them."""
    T, d, _ = _blocks(problem, schedule, rows)
    count = rows.stop - rows.start
    every = np.empty((3, count + 1, problem.lam.size))
    steps = ((T[:, :, k], d[:, k]) for k in range(count))
    for k, (now, _) in enumerate(problem.states(steps, S)):
        every[:, k] = now
    return every[:, -1], every[:, :-1], (T, d)


def _risk(problem, S):
    risk = float(problem.weight @ S[0] / 2)
    return risk if risk < 1e250 else np.inf


def risk_and_gradient(problem: Problem, schedule: Schedule) -> tuple[float, dict[str, Floats]]:
    """The last risk and its derivative by each step's parameters, as ``final_risk_gradient``.

    (adjoint), chunk by chunk from the end: S is stepped again from the chunk's beginning, P stepped back through it.
    """
    chunks, S, begun = _chunks(problem, schedule.steps), None, []
    for rows in chunks[:-1]:
        begun.append(S)
        S = _through(problem, schedule, rows, S)[0]
    last = _through(problem, schedule, chunks[-1], S)
    risk, by_step = _risk(problem, last[0]), {name: np.zeros(schedule.steps) for name in ("delta", "eta", "beta", "batch")}
    if not np.isfinite(risk):
        return np.inf, by_step
    P = recursion.begin(problem.weight / 2)
    for rows in reversed(chunks):
        _, before, (T, d) = last if rows is chunks[-1] else _through(problem, schedule, rows, begun.pop())
        after = np.empty_like(before)
        for k in reversed(range(before.shape[1])):
            after[:, k] = P
            felt = problem.feedback * np.vdot(d[:, k], P)
            P = np.einsum("qpn,qn->pn", T[:, :, k], P)
            P[0] += problem.weight * felt
        products = after[:, None] * before
        drive = problem.feedback * (before[0] @ problem.weight) + problem.noise2
        delta, eta, beta, batch = (v[rows, None] for v in (schedule.delta, schedule.eta, schedule.beta, schedule.batch))
        found = step_slopes(problem.lam, problem.own, delta, eta, beta, batch, products, after * drive[:, None])
        for name, by in zip(by_step, found, strict=True):
            by_step[name][rows] = by.sum(1)
    return risk, by_step


def step_slopes(lam: Floats, own: Any, delta: Any, eta: Any, beta: Any, batch: Any, products: Floats,
                driven: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """The derivatives of P . (one step of S) by delta, eta, beta and batch, mode by mode.

    Args:
        lam: eigenvalues ``(n,)``; own: kurtosis - 2, or 0 for additive noise; delta, eta, beta, batch: numbers or ``(c, 1)``.
        products: P_r S_q, shape ``(3, 3, ..., n)``; driven: P_r (2R + sigma^2), shape ``(3, ..., n)``.

    Returns:
        Four arrays ``(..., n)``.
    """
    p1 = delta + eta
    a, c = 1 - p1 * lam, -eta * beta
    q = (own * lam**2 * products[:, 0] + lam * driven) / batch          # P_r times the size of the noise
    (aa, ab, ac), (ba, bb, bc), (_, cb, cc) = products
    by_a = 2 * (a * aa + c * ab) + lam * ba + beta * bb
    by_c = 2 * (a * ab + c * ac) + lam * bb + beta * bc
    by_beta = a * bb + c * bc + 2 * (lam * cb + beta * cc)
    by_p1 = 2 * p1 * q[0] - q[1]
    return (by_p1 - lam * by_a, by_p1 - lam * by_a - beta * by_c, by_beta - eta * by_c,
            -(p1**2 * q[0] - p1 * q[1] + q[2]) / batch)
