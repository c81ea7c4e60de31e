r"""Exact second moments: what E[risk] does, without sampling.

For Gaussian inputs one step of gradient noise satisfies

$$ E[\hat H M \hat H] = HMH + \tfrac1B\bigl(HMH + \mathrm{tr}(HM)\,H\bigr) \tag{fourth-moment} $$

so, mode by mode, with $s_i = (e_i, m_i)$, the 2x2 moments $S_i = E[s_i s_i^T]$ close on themselves through one scalar,
the risk $R = \tfrac12 \sum_i \lambda_i E[e_i^2]$:

$$ S_i' = M_i S_i M_i^T + \tfrac1B\bigl[(k-2)\lambda_i^2 E[e_i^2] + \lambda_i(2R+\sigma^2)\bigr]\,b b^T \tag{moments} $$

M_i is the noiseless step, b the response to a unit of gradient noise, k the kurtosis of the coordinates (3: Gaussian).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Bools, Floats, Vector
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import recursion, renewal, resolvent, schedule
from .schedule import NoiseModel, Schedule
from .secular import Point, point, secular_sum, solve, solve_one

SMALL = 16
"""Distinct entries up to which powers of the whole step are the cheapest way to far times."""

STRIDE = 32
"""Steps one after the other that cost as much as one far time."""

MOST_STEPS = 100_000
"""Steps that are computed for the sake of a few far times, at most."""

POINTS = ("w", "theta")
"""Where a risk is: at w, where gradients are taken, or at the point before Nesterov's look-ahead (theta)."""


@overload
def contraction_gap(spectrum: Spectrum, method: Method, batch: float, kurtosis: ArrayLike = 3.0) -> float: ...


@overload
def contraction_gap(spectrum: Spectrum, method: Method, batch: Vector, kurtosis: ArrayLike = 3.0) -> Floats: ...


def contraction_gap(spectrum: Spectrum, method: Method, batch: ArrayLike, kurtosis: ArrayLike = 3.0) -> Any:
    r"""Gap 1 - rho, where rho is the factor by which E[risk] shrinks per step in the long run.

    $$ \mathrm{gap} = 1 - \rho = u(2-u), \qquad S(u) = 1 \text{ in (secular)} \tag{gap} $$

    Exact for Gaussian inputs (or independent coordinates of the given kurtosis) and fresh samples at every step.

    Args:
        spectrum: a ``Spectrum``.
        method: a ``Method``.
        batch: batch size >= 1, or an array of them.
        kurtosis: E x^4 / (E x^2)^2 >= 1 of every coordinate, or an array, one for each of ``spectrum.eigenvalues``.

    Returns:
        A float (or an array of the shape of ``batch``), negative when the method diverges in mean square. Right to 1e-9 of
        itself for every argument, however small; only where noise takes all but a millionth of what the mean dynamics
        gain, at the edge of stability, to 1e-15 of that gain.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum.flat(10)                     # closed form: 1 - rho = 2 eta - eta^2 (d+B+1)/B
    >>> gap = contraction_gap(H, Method.sgd(lr=0.1), batch=4)
    >>> bool(np.isclose(gap, 0.2 - 0.01 * 15 / 4, rtol=1e-12))
    True
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis)
    u = (solve if np.ndim(batch) else solve_one)(point(method), batch, spectrum, kurtosis)
    return u * (2 - u)


def contraction_gaps(spectrum: Spectrum, delta: ArrayLike, eta: ArrayLike, beta: ArrayLike, batch: ArrayLike,
                     kurtosis: ArrayLike = 3.0, stable_only: bool = False, tolerance: float = 1e-7) -> Floats:
    r"""``contraction_gap`` of many methods at once: parameters and batch broadcast together, for maps and tables.

    $$ \mathrm{gap} = 1 - \rho = u(2-u), \qquad S(u) = 1 \text{ in (secular)} $$

    Args:
        spectrum: a ``Spectrum``.
        delta, eta, beta: parameters of (method), numbers or arrays; beta in [0, 1).
        batch: batch size >= 1, a number or an array.
        kurtosis: as ``contraction_gap``.
        stable_only: leave methods that diverge at ``nan``: one pass over the spectrum settles them, where the rate at
            which they diverge costs as much as all the rest.
        tolerance: of Newton's last step in the logarithm of the distance to the noiseless limit; the gap is good to
            about its square (1e-3 is enough for a picture).

    Returns:
        Array of the common shape (a 0-d array for numbers).

    Raises:
        ValueError: an argument of the wrong kind or out of range, or shapes that do not broadcast.

    >>> H = Spectrum.power_law(50, 1.5)
    >>> gaps = contraction_gaps(H, 0.0, [0.01, 0.1], [[0.5], [0.9]], batch=4)
    >>> bool(np.isclose(gaps[1, 0], contraction_gap(H, Method.heavy_ball(0.01, 0.9), 4), rtol=1e-10))
    True
    """
    spectrum, _, batch, kurtosis = checked(spectrum, Method(0.0, 0.0, 0.0), batch, kurtosis)
    tolerance = arguments.number("tolerance", tolerance, above=0.0, high=0.1)
    stable_only = arguments.flag("stable_only", stable_only)
    delta, eta, beta = (arguments.array(name, v) for name, v in (("delta", delta), ("eta", eta), ("beta", beta)))
    if not np.all((beta >= 0) & (beta < 1)):
        arguments.refuse("beta", beta, "numbers >= 0 and < 1")
    try:
        delta, eta, beta, batch = np.broadcast_arrays(delta, eta, beta, np.asarray(batch, float))
    except ValueError:
        arguments.refuse("eta", eta.shape, "of a shape that broadcasts with delta, beta and batch")
    shape = eta.shape
    delta, eta, beta, batch = (v.ravel() for v in (delta, eta, beta, batch))
    p = Point(delta, eta, np.where(eta == 0, 1.0, 1 - beta))             # as in ``point``
    gaps, ask = np.full(eta.size, np.nan), np.ones(eta.size, bool)
    if stable_only:
        ask = secular_sum(np.zeros(eta.size), p, batch, spectrum, kurtosis) < 1
    u = solve(Point(*(v[ask] for v in p)), batch[ask], spectrum, kurtosis, tolerance=tolerance) if ask.any() else 0.0
    gaps[ask] = u * (2 - u)
    return gaps.reshape(shape)


@overload
def is_stable(spectrum: Spectrum, method: Method, batch: float, kurtosis: ArrayLike = 3.0) -> bool: ...


@overload
def is_stable(spectrum: Spectrum, method: Method, batch: Vector, kurtosis: ArrayLike = 3.0) -> Bools: ...


def is_stable(spectrum: Spectrum, method: Method, batch: ArrayLike, kurtosis: ArrayLike = 3.0) -> Any:
    """Whether E[risk] contracts: S(0) < 1 in (secular), one pass over the spectrum.

    Arguments and errors as ``contraction_gap``. Returns a bool, or an array of the shape of ``batch``.
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis)
    stable = secular_sum(np.zeros(np.shape(batch)), point(method), batch, spectrum, kurtosis) < 1
    return stable if np.ndim(batch) else bool(stable)


@overload
def noise_floor(spectrum: Spectrum, method: Method, batch: float, noise: float = 1.0, kurtosis: ArrayLike = 3.0) -> float: ...


@overload
def noise_floor(spectrum: Spectrum, method: Method, batch: Vector, noise: float = 1.0, kurtosis: ArrayLike = 3.0) -> Floats: ...


def noise_floor(spectrum: Spectrum, method: Method, batch: ArrayLike, noise: float = 1.0, kurtosis: ArrayLike = 3.0) -> Any:
    r"""Stationary excess risk under label noise of standard deviation ``noise``.

    $$ R_\infty = \frac{\sigma^2}{2}\,\frac{K}{1-K}, \qquad K = S(0) \text{ in (secular)} \tag{floor} $$

    Exact as (moments) is; ``inf`` where the method is unstable. Other arguments as ``contraction_gap``; ``noise`` >= 0.

    >>> noise_floor(Spectrum.flat(1), Method.sgd(lr=0.5), batch=1, noise=0.0)
    0.0
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis)
    noise = arguments.number("noise", noise, low=0.0)
    K = secular_sum(np.zeros(np.shape(batch)), point(method), batch, spectrum, kurtosis)
    with np.errstate(all="ignore"):
        floor = np.where(K < 1, noise**2 / 2 * K / (1 - K), np.inf)
    return floor if np.ndim(batch) else float(floor)


def risk_curve(spectrum: Spectrum, method: Method | Schedule, batch: float | None = None, steps: int | None = None,
               noise: float = 0.0, start: ArrayLike = 1.0, kurtosis: ArrayLike = 3.0, *, tail: int | None = None,
               ema: float | None = None, noise_model: NoiseModel = "least squares", at: str = "w") -> Floats:
    r"""The exact expected risk after 0, 1, ..., ``steps`` steps, from (moments): O(d) a step.

    Args:
        spectrum: a ``Spectrum`` of n distinct entries.
        method: a ``Method``, or a ``Schedule`` (it holds ``batch`` and ``steps``: leave them out); its buffer starts at zero.
        batch: batch size, >= 1.
        steps: how many, a whole number from 0 to a million; ``risk_at`` goes farther.
        noise: standard deviation sigma of the label noise.
        start: E[e_i^2] at t = 0, one number or shape ``(n,)``, in the order of ``spectrum.eigenvalues``.
        kurtosis: of the input coordinates, as ``contraction_gap``.
        tail, ema, noise_model: averages of the weights, and additive noise, as ``mombook.schedule.risk_curve``.
        at: ``"w"``, where gradients are taken (Nesterov's look-ahead point), or ``"theta"``: the risk at the point before the
            look-ahead, which most papers on Nesterov's method report (of one method, without averages).

            $$ \theta_t = w_t + \eta m_t, \qquad \theta_{t+1} = w_t - \delta g_t \tag{theta} $$

    Returns:
        Array of shape ``(steps+1,)``: R = (1/2) sum_i lambda_i E[e_i^2], excess over the noise sigma^2/2. A diverging
        curve grows to ``inf`` without warnings; ``mombook.schedule.diverges_at`` says from which step on.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum([1.0, 0.5])
    >>> risk_curve(H, Method.sgd(lr=0.1), batch=4, steps=2).shape
    (3,)
    >>> risk_curve(H, Schedule.of(Method.sgd(lr=0.1), batch=4, factors=[1.0, 0.5])).shape
    (3,)
    """
    theta = arguments.choice("at", at, POINTS) == "theta"
    full = arguments.choice("noise_model", noise_model, schedule.NOISE_MODELS) == "least squares"
    plain = full and tail is None and ema is None
    if theta and (isinstance(method, Schedule) or not plain):
        arguments.refuse("at", at, "'w' for a schedule, an average or additive noise")
    if isinstance(method, Schedule):
        for name, given in (("batch", batch), ("steps", steps)):
            if given is not None:
                arguments.refuse(name, given, "left out where a schedule is given, which holds it")
        return schedule.risk_curve(spectrum, method, noise, start, kurtosis, tail=tail, ema=ema, noise_model=noise_model)
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis, scalar=True)
    steps = arguments.whole("steps", steps, high=arguments.LONGEST)
    noise = arguments.number("noise", noise, low=0.0)
    if steps and not plain:
        plan = Schedule(method.delta, method.eta, method.beta, np.full(steps, batch))
        return schedule.risk_curve(spectrum, plan, noise, start, kurtosis, tail=tail, ema=ema, noise_model=noise_model)
    each = risks(spectrum, method, batch, noise, recursion.start_squares(start, spectrum), kurtosis, theta)
    return recursion.curve_of(each, steps)


def steps_to(spectrum: Spectrum, method: Method, batch: float, target: float, noise: float = 0.0, start: ArrayLike = 1.0,
             kurtosis: ArrayLike = 3.0, limit: int = 1_000_000) -> float:
    """Steps after which the exact expected risk first is at or below ``target``.

    Args:
        target: a risk > 0; the rest as ``risk_curve``.
        limit: where to give up.

    Returns:
        A float: log-linear between steps, so that it moves smoothly with the parameters (``ceil`` it to count steps);
        0 where the start is already there, ``inf`` where the target is not reached within ``limit`` steps.

    >>> steps_to(Spectrum.flat(1), Method(0.0, 0.0, 0.0), batch=1, target=0.1)
    inf
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis, scalar=True)
    target = arguments.number("target", target, above=0.0)
    noise = arguments.number("noise", noise, low=0.0)
    limit = arguments.whole("limit", limit, low=1)
    start = recursion.start_squares(start, spectrum)
    if (noise > 0 or not is_stable(spectrum, method, batch, kurtosis)) \
            and noise_floor(spectrum, method, batch, noise, kurtosis) >= 1e3 * target:
        limit = min(limit, 10_000)                                      # far under its floor: only early luck counts
    return recursion.first_at(risks(spectrum, method, batch, noise, start, kurtosis), target, limit)


def risks(spectrum: Spectrum, method: Method, batch: float, noise: float, start: Any, kurtosis: Any,
          theta: bool = False) -> Iterator[float]:
    """Endless generator of the exact risk at t = 0, 1, 2, ...; no checks, so that loops may run on it."""
    lam = spectrum.eigenvalues
    T, drive = recursion.blocks(method.transition(lam), lam, batch, kurtosis - 2)
    weight, steps = spectrum.counts * lam, itertools.repeat((T, drive))
    for S, twice in recursion.states(steps, recursion.begin(start), weight, noise**2):
        yield (weight @ (S[0] + 2 * method.eta * S[1] + method.eta**2 * S[2]) if theta else twice) / 2


def risk_at(spectrum: Spectrum, method: Method, batch: float, times: ArrayLike, noise: float = 0.0, start: ArrayLike = 1.0,
            kurtosis: ArrayLike = 3.0) -> Floats:
    """``risk_curve`` at chosen times only, however far.

    As long as times are crowded, every step is computed, by (block-renewal) of ``renewal``. Far times of small spectra are
    reached by powers of the whole step (repeated squaring, O(n^3 log(last time)) for n distinct entries); of large ones by
    the inverse z-transform (far) of ``resolvent``, a few dozen passes over the spectrum for every time, once the turning
    modes have died out, some 35/(1 - beta) steps. A billion binned eigenvalues at fifty times up to 10^8 take some tens of
    milliseconds. Relative error 1e-8 where steps are counted in hundreds of millions, less before; what binning itself
    costs is said in ``Spectrum.power_law``.

    Args:
        times: whole numbers >= 0 in increasing order, shape ``(k,)``; the rest as ``risk_curve``.

    Returns:
        Array of shape ``(k,)``; ``inf`` where the curve has overflowed.

    Raises:
        ValueError: an argument of the wrong kind or out of range; or more than 2,000 distinct entries with a memory so long
            that the modes have not settled by the 100,000th step, and times between.

    >>> H, m = Spectrum([1.0, 0.5]), Method.heavy_ball(0.1, 0.5)
    >>> bool(np.allclose(risk_at(H, m, 4, [0, 3, 9]), risk_curve(H, m, 4, 9)[[0, 3, 9]], rtol=1e-12))
    True
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis, scalar=True)
    noise, begun = arguments.number("noise", noise, low=0.0), recursion.start_squares(start, spectrum)
    times = arguments.array("times", times, low=0.0, ndim=1)
    if times.max() > arguments.MOST:
        arguments.refuse("times", times, f"whole numbers up to {arguments.MOST:g}")
    if np.any(times != np.rint(times)) or np.any(np.diff(times) < 0):
        arguments.refuse("times", times, "whole numbers in increasing order")
    n, risk, near = len(spectrum), np.full(times.size, np.nan), _crowded(times)
    if n > SMALL and near < times.size:
        lam, beta = spectrum.eigenvalues, method.beta if method.eta else 0.0
        T, drive = recursion.blocks(method.transition(lam), lam, batch, kurtosis - 2)
        moved = method.step(0.0, 0.0, lam)[0]                           # (1 + moved)^2 - 1, and the mode's own noise
        excess = moved * (2 + moved) + (kurtosis - 2) / batch * moved**2
        log_rho = np.log1p(-contraction_gap(spectrum, method, batch, kurtosis))
        blocks = (T, drive) if method.eta else (T[:1, :1], drive[:1])   # where the buffer is not read
        risk[near:] = resolvent.risks_at(blocks, excess, spectrum.counts * lam, begun, noise, log_rho, beta, times[near:])
    left = np.flatnonzero(np.isnan(risk))
    if left.size and n > SMALL and times[left[-1]] <= min(20 * n**2, MOST_STEPS):
        near = left[-1] + 1                                             # stepping is cheaper than powers
    if near:
        every = renewal.risks(spectrum, method, batch, int(times[near - 1]), noise, begun, kurtosis)
        risk[:near] = np.where(np.isnan(risk[:near]), every[times[:near].astype(np.int64)], risk[:near])
    left = np.flatnonzero(np.isnan(risk))
    if left.size and n > 2000:
        arguments.refuse("spectrum", spectrum, "one of at most 2,000 distinct entries, with so long a memory at such times")
    if left.size:
        step, weight, whole = closed(spectrum, method, batch, noise, start, kurtosis)
        with np.errstate(over="ignore", invalid="ignore"):
            risk[left] = [weight @ S / 2 for S in recursion.Powers(step).at(whole, times[left])]
    over = np.flatnonzero(~(risk < 1e250))
    if over.size:
        risk[over[0]:] = np.inf
    return risk


def _crowded(times: Floats) -> int:
    """How many of the times are so near to one another that every step up to them is best computed."""
    count = np.arange(1, times.size + 1)
    saved = STRIDE * count - times
    return int(count[np.argmax(saved)]) if saved.max() >= 0 else 0


def risk_by_direction(spectrum: Spectrum, method: Method, batch: float, times: ArrayLike, noise: float = 0.0,
                      start: ArrayLike = 1.0, kurtosis: ArrayLike = 3.0) -> Floats:
    r"""Which directions carry the expected risk: ``risk_at``, apart for each distinct eigenvalue.

    $$ R_{t,i} = \tfrac12\,n_i\lambda_i\,E[e_{t,i}^2], \qquad \sum_i R_{t,i} = R_t \tag{risk-by-direction} $$

    with $n_i$ directions of eigenvalue $\lambda_i$; by powers of the whole step, as ``risk_at`` of a small spectrum.

    Args:
        times: whole numbers >= 0 in increasing order, shape ``(k,)``; the rest as ``risk_curve``.

    Returns:
        Array of shape ``(k, n)``, n the number of distinct eigenvalues.

    Raises:
        ValueError: an argument of the wrong kind or out of range; or more than 2,000 distinct eigenvalues.

    >>> H, m = Spectrum([1.0, 0.5]), Method.sgd(0.5)
    >>> risk_by_direction(H, m, 8, [0, 5]).sum(axis=1) / risk_at(H, m, 8, [0, 5])
    array([1., 1.])
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis, scalar=True)
    noise, times = arguments.number("noise", noise, low=0.0), arguments.array("times", times, low=0.0, ndim=1)
    if np.any(times != np.rint(times)) or np.any(np.diff(times) < 0) or times.max() > arguments.MOST:
        arguments.refuse("times", times, f"whole numbers up to {arguments.MOST:g} in increasing order")
    if len(spectrum) > 2000:
        arguments.refuse("spectrum", spectrum, "one of at most 2,000 distinct entries")
    step, _, begun = closed(spectrum, method, batch, noise, start, kurtosis)
    states = [S[:len(spectrum)] for S in recursion.Powers(step).at(begun, times)]
    risks: Floats = np.array(states) * (spectrum.counts * spectrum.eigenvalues / 2)
    return risks


def whole_step(spectrum: Spectrum, method: Method, batch: float, noise: float, kurtosis: Any) -> tuple[Floats, Floats]:
    """One step of (moments) as a matrix ``(3n+1, 3n+1)`` on all moments and a constant 1, which brings the label noise;
    and the weights ``(3n+1,)`` that make 2R of them."""
    lam, n = spectrum.eigenvalues, len(spectrum)
    T, drive = recursion.blocks(method.transition(lam), lam, batch, kurtosis - 2)
    step, weight = np.zeros((3 * n + 1, 3 * n + 1)), np.zeros(3 * n + 1)
    weight[:n] = spectrum.counts * lam
    for i in range(3):
        for j in range(3):
            step[np.arange(n) + i * n, np.arange(n) + j * n] = T[i, j]
    step[:-1] += np.multiply.outer(drive.ravel(), weight)
    step[:-1, -1] = drive.ravel() * noise**2
    step[-1, -1] = 1.0
    return step, weight


def closed(spectrum: Spectrum, method: Method, batch: float, noise: float, start: Any,
           kurtosis: Any) -> tuple[Floats, Floats, Floats]:
    """``whole_step``, its weights and ``whole_start`` on what the risk depends on: without momentum the E e_i^2 alone."""
    step, weight = whole_step(spectrum, method, batch, noise, kurtosis)
    begun, n = whole_start(spectrum, start), len(spectrum)
    if method.eta:
        return step, weight, begun
    kept = np.append(np.arange(n), 3 * n)
    return step[np.ix_(kept, kept)], weight[kept], begun[kept]


def whole_start(spectrum: Spectrum, start: Any) -> Floats:
    """The vector that ``whole_step`` starts from: E e_i^2 given, no memory yet, shape ``(3n+1,)``."""
    return np.append(recursion.begin(recursion.start_squares(start, spectrum)).ravel(), 1.0)


def checked(spectrum: Any, method: Any, batch: Any, kurtosis: Any, scalar: bool = False) -> tuple[Spectrum, Method, Any, Any]:
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.instance("method", method, Method)
    batch = arguments.number("batch", batch, low=1.0) if scalar else arguments.batch_size(batch)
    return spectrum, method, batch, arguments.each("kurtosis", kurtosis, 1.0, spectrum.eigenvalues.shape)
