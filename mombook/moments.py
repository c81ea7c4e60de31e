r"""Exact second moments: what E[risk] does, without sampling.

For Gaussian inputs one step of gradient noise satisfies

$$ E[\hat H M \hat H] = HMH + \tfrac1B\bigl(HMH + \mathrm{tr}(HM)\,H\bigr) \tag{fourth-moment} $$

so, mode by mode, with $s_i = (e_i, m_i)$, the 2x2 moments $S_i = E[s_i s_i^T]$ close on themselves through one scalar,
the risk $R = \tfrac12 \sum_i \lambda_i E[e_i^2]$:

$$ S_i' = M_i S_i M_i^T + \tfrac1B\bigl[(k-2)\lambda_i^2 E[e_i^2] + \lambda_i(2R+\sigma^2)\bigr]\,b b^T \tag{moments} $$

M_i is the noiseless step, b the response to a unit of gradient noise, k the kurtosis of the coordinates (3: Gaussian).
"""

import itertools

import numpy as np

from . import arguments, resolvent
from .method import Method
from .secular import Point, point, secular_sum, solve, solve_one
from .spectrum import Spectrum

SMALL = 60
"""Distinct entries up to which powers of the whole step are the cheapest way to far times."""


def contraction_gap(spectrum, method, batch, kurtosis=3.0):
    r"""Gap 1 - rho, where rho is the factor by which E[risk] shrinks per step in the long run.

    $$ \mathrm{gap} = 1 - \rho = u(2-u), \qquad S(u) = 1 \text{ in (secular)} \tag{gap} $$

    Exact for Gaussian inputs (or independent coordinates of the given kurtosis) and fresh samples at every step.

    Args:
        spectrum: a ``Spectrum``.
        method: a ``Method``.
        batch: batch size >= 1, or an array of them.
        kurtosis: E x^4 / (E x^2)^2 >= 1 of every coordinate, or an array, one for each of ``spectrum.eigenvalues``.

    Returns:
        A float (or an array of the shape of ``batch``), negative when the method diverges in mean square; small
        gaps keep their relative precision, 1e-14 included.

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


def contraction_gaps(spectrum, delta, eta, beta, batch, kurtosis=3.0, stable_only=False, tolerance=1e-7):
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


def is_stable(spectrum, method, batch, kurtosis=3.0):
    """Whether E[risk] contracts: S(0) < 1 in (secular), one pass over the spectrum.

    Arguments and errors as ``contraction_gap``. Returns a bool, or an array of the shape of ``batch``.
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis)
    stable = secular_sum(np.zeros(np.shape(batch)), point(method), batch, spectrum, kurtosis) < 1
    return stable if np.ndim(batch) else bool(stable)


def noise_floor(spectrum, method, batch, noise=1.0, kurtosis=3.0):
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


def risk_curve(spectrum, method, batch, steps, noise=0.0, start=1.0, kurtosis=3.0):
    r"""The exact expected risk after 0, 1, ..., ``steps`` steps, from (moments): O(d) a step.

    Args:
        spectrum: a ``Spectrum`` of n distinct entries.
        method: a ``Method``; its buffer starts at zero.
        batch: batch size, >= 1.
        steps: how many, a whole number >= 0.
        noise: standard deviation sigma of the label noise.
        start: E[e_i^2] at t = 0, one number or shape ``(n,)``, in the order of ``spectrum.eigenvalues``.
        kurtosis: of the input coordinates, as ``contraction_gap``.

    Returns:
        Array of shape ``(steps+1,)``: R = (1/2) sum_i lambda_i E[e_i^2], excess over the noise sigma^2/2. A diverging
        curve grows to ``inf`` without warnings.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum([1.0, 0.5])
    >>> risk_curve(H, Method.sgd(lr=0.1), batch=4, steps=2).shape
    (3,)
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis, scalar=True)
    steps = arguments.whole("steps", steps)
    noise = arguments.number("noise", noise, low=0.0)
    curve = np.empty(steps + 1)
    for t, risk in enumerate(risks(spectrum, method, batch, noise, _start(start, spectrum), kurtosis)):
        curve[t] = risk
        if not risk < 1e250:
            curve[t + 1:] = np.inf
            break
        if t == steps:
            break
    return curve


def steps_to(spectrum, method, batch, target, noise=0.0, start=1.0, kurtosis=3.0, limit=1_000_000):
    """Steps after which the exact expected risk first is at or below ``target``.

    Args:
        target: a risk > 0; the rest as ``risk_curve``.
        limit: where to give up.

    Returns:
        A float: log-linear between steps, so that it moves smoothly with the parameters (``ceil`` it to count steps);
        0 where the start is already there, ``inf`` where the target is not reached within ``limit`` steps.

    >>> steps_to(Spectrum.flat(1), Method.sgd(lr=0.0), batch=1, target=0.1)
    inf
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis, scalar=True)
    target = arguments.number("target", target, above=0.0)
    noise = arguments.number("noise", noise, low=0.0)
    limit = arguments.whole("limit", limit, low=1)
    start = _start(start, spectrum)
    if (noise > 0 or not is_stable(spectrum, method, batch, kurtosis)) \
            and noise_floor(spectrum, method, batch, noise, kurtosis) >= 1e3 * target:
        limit = min(limit, 10_000)                                      # far under its floor: only early luck counts
    before = np.inf
    for t, risk in enumerate(risks(spectrum, method, batch, noise, start, kurtosis)):
        if risk <= target:
            return 0.0 if t == 0 else t - 1 + float(np.log(before / target) / np.log(before / risk))
        if t == limit or not risk < 1e250:
            return np.inf
        before = risk


def risks(spectrum, method, batch, noise, start, kurtosis):
    """Endless generator of the exact risk at t = 0, 1, 2, ...; no checks, so that loops may run on it."""
    lam, n = spectrum.eigenvalues, spectrum.counts
    T, drive = _step_blocks(method, lam, batch, kurtosis)
    S = np.zeros((3, lam.size))                                         # E e^2, E e m, E m^2
    S[0] = start
    weight, product = n * lam, np.empty_like(S)
    with np.errstate(over="ignore", invalid="ignore"):
        while True:
            twice = weight @ S[0]
            yield twice / 2
            new = drive * (twice + noise**2)
            for k in range(3):
                np.multiply(T[:, k], S[k], out=product)
                new += product
            S = new


def risk_at(spectrum, method, batch, times, noise=0.0, start=1.0, kurtosis=3.0):
    """``risk_curve`` at chosen times only, however far.

    Small spectra by powers of the whole step (repeated squaring, O(n^3 log(last time)) for n distinct entries); large ones by
    the inverse z-transform (far) of ``resolvent``, a few dozen passes over the spectrum for every time, once the turning
    modes have died out, some 35/(1 - beta) steps, and until then step by step. A billion binned eigenvalues at fifty times up
    to 10^8 take some tens of milliseconds. Relative error 1e-8 where steps are counted in hundreds of millions, less before;
    what binning itself costs is said in ``Spectrum.power_law``.

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
    noise, begun = arguments.number("noise", noise, low=0.0), _start(start, spectrum)
    times = arguments.array("times", times, low=0.0, ndim=1)
    if np.any(times != np.rint(times)) or np.any(np.diff(times) < 0):
        arguments.refuse("times", times, "whole numbers in increasing order")
    n, risk = len(spectrum), np.full(times.size, np.nan)
    if n > SMALL:
        lam, blocks = spectrum.eigenvalues, _step_blocks(method, spectrum.eigenvalues, batch, kurtosis)
        moved = method.step(0.0, 0.0, lam)[0]                           # (1 + moved)^2 - 1, and the mode's own noise
        excess = moved * (2 + moved) + (kurtosis - 2) / batch * moved**2
        log_rho = np.log1p(-contraction_gap(spectrum, method, batch, kurtosis))
        beta = method.beta if method.eta else 0.0
        risk = resolvent.risks_at(blocks, excess, spectrum.counts * lam, begun, noise, log_rho, beta, times)
    early = np.isnan(risk)
    if early.any():
        last = times[early][-1]
        if n > SMALL and last <= min(3e-3 * n**3, 100_000):             # where stepping is the cheaper road
            steps = itertools.islice(risks(spectrum, method, batch, noise, begun, kurtosis), int(last) + 1)
            risk[early] = np.fromiter(steps, float)[times[early].astype(int)]
        elif n <= 2000:
            risk[early] = _by_squaring(spectrum, method, batch, times[early], noise, start, kurtosis)
        else:
            arguments.refuse("spectrum", spectrum, "one of at most 2,000 distinct entries, with so long a memory at such times")
    over = np.flatnonzero(~(risk < 1e250))
    if over.size:
        risk[over[0]:] = np.inf
    return risk


def _by_squaring(spectrum, method, batch, times, noise, start, kurtosis):
    """``risk_at`` by powers of the whole step."""
    power, weight = whole_step(spectrum, method, batch, noise, kurtosis)
    S = whole_start(spectrum, start)
    powers, gaps = [power], np.diff(times, prepend=0).astype(np.int64)
    risk = np.full(times.size, np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for k, gap in enumerate(gaps):
            for bit in range(int(gap).bit_length()):
                if bit == len(powers):
                    powers.append(powers[-1] @ powers[-1])
                if gap >> bit & 1:
                    S = powers[bit] @ S
            risk[k] = weight @ S / 2
            if not risk[k] < 1e250:
                break
    return risk


def whole_step(spectrum, method, batch, noise, kurtosis):
    """One step of (moments) as a matrix ``(3n+1, 3n+1)`` on all moments and a constant 1, which brings the label noise;
    and the weights ``(3n+1,)`` that make 2R of them."""
    lam, n = spectrum.eigenvalues, len(spectrum)
    T, drive = _step_blocks(method, lam, batch, kurtosis)
    step, weight = np.zeros((3 * n + 1, 3 * n + 1)), np.zeros(3 * n + 1)
    weight[:n] = spectrum.counts * lam
    for i in range(3):
        for j in range(3):
            step[np.arange(n) + i * n, np.arange(n) + j * n] = T[i, j]
    step[:-1] += np.multiply.outer(drive.ravel(), weight)
    step[:-1, -1] = drive.ravel() * noise**2
    step[-1, -1] = 1.0
    return step, weight


def whole_start(spectrum, start):
    """The vector that ``whole_step`` starts from: E e_i^2 given, no memory yet, shape ``(3n+1,)``."""
    n = len(spectrum)
    S = np.zeros(3 * n + 1)
    S[:n], S[-1] = _start(start, spectrum), 1.0
    return S


def _step_blocks(method, lam, batch, kurtosis):
    """(moments) on (E e^2, E e m, E m^2): what a mode does to itself ``(3, 3, n)``, and per unit of 2R + sigma^2
    what the others do to it ``(3, n)``."""
    b = np.array(method.step(0.0, 0.0, 1.0))
    bb = np.array([b[0] * b[0], b[0] * b[1], b[1] * b[1]])
    T = _transfer(method, lam)
    T[:, 0] += (kurtosis - 2) / batch * np.multiply.outer(bb, lam**2)
    return T, np.multiply.outer(bb, lam) / batch


def _transfer(method, lam):
    """The noiseless step on (E e^2, E e m, E m^2), shape ``(3, 3, n)``, read off the one update rule."""
    one, zero = np.ones_like(lam), np.zeros_like(lam)
    ee, me = method.step(one, zero, lam)                                # where (e, m) = (1, 0) goes
    em, mm = method.step(zero, one, zero)                               # where (0, 1) goes
    return np.array([[ee * ee, 2 * ee * em, em * em],
                     [ee * me, ee * mm + em * me, em * mm],
                     [me * me, 2 * me * mm, mm * mm]])


def _start(start, spectrum):
    shape = spectrum.eigenvalues.shape
    return np.broadcast_to(arguments.each("start", start, 0.0, shape), shape)


def checked(spectrum, method, batch, kurtosis, scalar=False):
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.instance("method", method, Method)
    batch = arguments.number("batch", batch, low=1.0) if scalar else arguments.batch_size(batch)
    return spectrum, method, batch, arguments.each("kurtosis", kurtosis, 1.0, spectrum.eigenvalues.shape)
