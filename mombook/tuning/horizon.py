r"""Far horizons: how many steps to a target, when they are too many to take one by one; the best method for so many steps; and
the power law that risks settle on.

The risk solves the renewal equation $R_t = F_t + \sum_{s<t} K_{t-1-s} R_s$, with F the risk without gradient noise and K >= 0
what a unit of it does later. Where K is summable and dies out before F does, as on power laws, the noise of the past only
multiplies what is left: $R_T \to F_T / (1 - \sum K)$.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..exact.moments import checked, closed, contraction_gap, noise_floor
from ..exact.recursion import Powers, between
from ..exact.secular import Point, point, secular_sum
from ..model.family import Family, Tuned, known
from ..model.method import Method
from ..model.spectrum import Spectrum
from .long_run import coordinates, family_column, method_at, point_at

FAR = 2**50
"""How far ``steps_to`` looks."""


def steps_to(spectrum: Spectrum, method: Method, batch: float, target: float, noise: float = 0.0, start: ArrayLike = 1.0,
             kurtosis: ArrayLike = 3.0, limit: int = FAR) -> float:
    """``mombook.steps_to`` without taking the steps: powers 2^k of one step until the risk is below, then back by halves.

    Costs O(n^3 log(steps)) for n distinct entries. Exact where the risk falls steadily; of a risk that dips below the
    target and returns, a later passage may be reported.

    Args:
        spectrum: a ``Spectrum`` of at most 2,000 distinct entries; the rest as ``mombook.steps_to``.

    Returns:
        As ``mombook.steps_to``: a float, log-linear between steps; 0 where the start is already there, ``inf`` where the target
        is not reached within ``limit`` steps.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> from mombook import Method, Spectrum, steps_to as stepped
    >>> H, m = Spectrum.power_law(10, 1.5), Method.sgd(0.3)
    >>> bool(np.isclose(steps_to(H, m, 8, 0.01), stepped(H, m, 8, 0.01), rtol=1e-12))
    True
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis, scalar=True)
    target = arguments.number("target", target, above=0.0)
    noise = arguments.number("noise", noise, low=0.0)
    limit = arguments.whole("limit", limit, low=1, high=FAR)
    if len(spectrum) > 2000:
        arguments.refuse("spectrum", spectrum, "one of at most 2,000 distinct entries; pass spectrum.compressed()")
    step, weight, S = closed(spectrum, method, batch, noise, start, kurtosis)
    powers, far, t = Powers(step), 0, 0

    def risk(S):
        return float(weight @ S) / 2

    if risk(S) <= target:
        return 0.0
    if not noise_floor(spectrum, method, batch, noise, kurtosis) < target:
        return np.inf
    with np.errstate(over="ignore", invalid="ignore"):
        while not risk(powers[far] @ S) <= target:
            if 2**far > limit:
                return np.inf
            far += 1
        for k in reversed(range(far)):                                  # the last t at which the risk is above
            after = powers[k] @ S
            if not risk(after) <= target:
                S, t = after, t + 2**k
        reached = between(t, risk(S), risk(step @ S), target)
    return reached if reached <= limit else np.inf


# -- the best method for so many steps ---------------------------------------------------------------------------------
SHARE = 0.7
"""In (renewal) noise of the past is discounted at this share of the noiseless risk's own mean rate: 1 would count noise that
has not died out by the end as if it had been there from the start, 0 as if it had had forever to die out."""


def quick_tune_risk(spectrum: Spectrum, family: str | Family, batch: float, steps: int) -> tuple[Tuned, float]:
    r"""``mombook.tune_risk`` in some ten milliseconds, by an estimate of the risk: for pictures that move, and to start from.

    From E e_i^2 = 1 in every direction, without label noise.
    What is minimised (by Nelder-Mead) is not the exact risk, which costs a tenth of a second at 10^8 steps, but

    $$ \frac{F_T}{1 - S(u)}, \quad F_T = \tfrac12 \sum_i n_i \lambda_i\, \bar e_{i,T}^2, \quad
       u = \min\Bigl\{\frac{0.35}{T} \log\frac{F_0}{F_T}, \frac{1-\beta}2\Bigr\}, \tag{renewal} $$

    $\bar e_{i,T}$ the noiseless mode, in closed form, and S as in (secular), where directions too slow to shrink at the rate u
    are counted, with their trace, at the level of twice that rate. Searching on from there with exact risks gains at most
    15 % where it ends above 10^-10 of the start (61 cases: decay 1.05 to 3, d = 10 to 10^9, B = 1 to 4096, T = 10^4, three
    families). Below, where nearly everything is learned, it may gain much more: a factor of 12 for heavy ball at decay 2,
    d = 1000, B = 4096, where (renewal) is 200 times too small.

    Args:
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``, or a ``Family``; batch: >= 1.
        steps: T, a whole number >= 1.

    Returns:
        ``Tuned``, with the gap of the method found, and (renewal), an estimate of its risk after ``steps``.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum.power_law(10**9, 1.5)
    >>> soon, late = (quick_tune_risk(H, "asgd", 64, T)[0].method for T in (10**4, 10**8))
    >>> soon.beta < 0.999 < 0.999999 < late.beta                        # the longer the horizon, the longer the memory
    True
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    word = family if isinstance(family, str) else known(family).word
    batch = arguments.number("batch", batch, low=1.0)
    steps = arguments.whole("steps", steps, low=1)
    H, column = spectrum.compressed(1), family_column(family)
    free = np.flatnonzero([True, column[1, 0] > 0, column[4, 0] > 0])

    def params(v):
        z = np.zeros((3, 1))
        z[free, 0] = v
        return Point(*(float(x[0]) for x in point_at(column, z)))

    def cost(v):
        return _log_risk(H, params(v), batch, steps) if np.all(np.abs(v) < 80) else np.inf

    v = coordinates(column, Point(*(np.array([x]) for x in _first(H, column[:, 0], batch, steps))))[free, 0]
    for _ in range(200):                                                # shorter steps, until it contracts
        if cost(v) < np.inf:
            break
        v = v - np.log(2.0) * (free < 2)
    for size in (0.7, 0.2):                                             # a simplex may have shrunk at the edge of stability
        found = scipy.optimize.minimize(lambda v: min(cost(v), 1e3), v, method="Nelder-Mead", options={
            "initial_simplex": np.vstack([v, v + size * np.eye(v.size)]), "xatol": 3e-2, "fatol": 1e-3, "maxfev": 80 * v.size})
        v = found.x
    while not secular_sum(0.0, params(v), batch, spectrum) < 1:         # stable on the merged spectrum only
        v = v - 0.1 * (free < 2)
    best = params(v)
    method = method_at(Point(*([x] for x in best)), 0)
    return Tuned(word, batch, method, float(contraction_gap(spectrum, method, batch))), float(np.exp(cost(v)))


def _first(H, row, batch, steps):
    """Where to start from: a quarter of the largest short step, a memory of a fifth of the horizon, and of two steps the longer
    such that the noise it makes, T5's N(l) / 2B per step at l = eps/delta, is a fifth."""
    own, two, eta0, eta_beta, free, fixed = row
    lr, eps = 0.25 * batch / (H.trace + (batch + 1) * H.largest), min(5.0 / steps, 0.5)
    if two:
        level = eps / lr
        known = H.counts @ (H.eigenvalues / (H.eigenvalues + level))
        long = np.clip(0.4 * batch / (level * known), 2 * lr, max(2 * lr, 1 / (eps * H.largest)))
        return Point(lr, (long - lr) * eps, eps)
    eps = min(20 * eps, 0.5) if free else fixed
    unit = own + (eta0 + eta_beta * (1 - eps)) / eps                    # long-run step of the family at lr = 1
    return Point(own * lr / unit, (eta0 + eta_beta * (1 - eps)) * lr / unit, eps)


class _Levels(NamedTuple):
    """What (secular) reads of a spectrum, without its checks: this is built at every trial."""

    eigenvalues: np.ndarray
    counts: np.ndarray


def _log_risk(H, p, batch, steps):
    """The logarithm of (renewal); inf where the method is too noisy to settle."""
    trace = H.counts * H.eigenvalues
    logs = np.log(trace / 2) + 2 * _log_error(p, H.eigenvalues, steps)
    top, first = logs.max(), np.log(H.trace / 2)
    last = top + np.log(np.exp(logs - top).sum())
    u = np.clip(SHARE * (first - last) / (2 * steps), 0.0, p.eps / 2)
    slow = 2 * u * (p.eps - u) / (p.delta * p.eps + p.eta)              # chi(1 - u) = 0 at half this curvature
    lam = np.maximum(H.eigenvalues, min(slow, H.largest))
    S = secular_sum(u, p, batch, _Levels(lam, trace / lam))
    # where eps/2 holds u back, the past's noise decides, and fades at u
    return max(last, first + 2 * steps / SHARE * np.log1p(-u)) - np.log1p(-S) if S < 1 else np.inf


def _log_error(p, lam, steps):
    """log |e| after ``steps`` noiseless steps from (e, m) = (1, 0), every mode: e = c_1 z_1^T + c_2 z_2^T in logarithms."""
    away, root = _roots(p, lam)
    p1 = p.delta + p.eta
    with np.errstate(divide="ignore"):
        z = steps * np.log1p(-away) + np.log(np.array([away[1] - lam * p1, lam * p1 - away[0]]) / root)
    top = z.real.max(0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.abs(np.exp(z - top).sum(0)))


def _roots(p, lam):
    """1 - z for both roots of chi, slow and fast ``(2, n)``, to full relative precision, and their difference."""
    b, c = p.eps + lam * (p.delta + p.eta), lam * (p.delta * p.eps + p.eta)
    root = np.sqrt(b * b - 4 * c + 0j)
    root = np.where(np.abs(root) < 1e-7 * b, 1e-7 * b, root)            # two equal roots, taken just apart
    fast = (b + root) / 2
    away = np.array([c / fast, fast])
    return np.where(away == 1, 1 - 1e-16, away), root


# -- the law that risks settle on ----------------------------------------------------------------------------------------
def settled_risk(spectrum: Spectrum, decay: float, method: Method, batch: float, times: ArrayLike) -> Floats:
    r"""The power law of the risk on eigenvalues i^-a, a > 1, from E e_i^2 = 1, with its constant.

    $$ R_t \simeq \frac{\Gamma(1-1/a)}{2a\,(1-K)}\,(2 h t)^{-(1-1/a)}, \qquad h = \delta + \frac{\eta}{1-\beta},
       \qquad K = S(0) \text{ in (secular)} \tag{settled} $$

    For t much longer than the memory 1/(1-beta) a mode of small curvature is e^{-h lambda t}, and
    $\sum_i i^{-a} e^{-2ht\,i^{-a}} \to \int i^{-a} e^{-2ht\,i^{-a}} di$, a Gamma function after $y = i^{-a}$; past noise
    multiplies it by 1/(1-K). A source condition turned into a rate in the usual way. Holds for 1/(1-beta) << t << 1/(h mu).

    Args:
        spectrum: the ``Spectrum`` (for K only); decay: a > 1; method: a ``Method``, stable at ``batch``; times: > 0, ``(k,)``.

    Returns:
        Array ``(k,)``.

    Raises:
        ValueError: an argument of the wrong kind or out of range, or a method that diverges in mean square.

    >>> from mombook import Method, risk_at
    >>> H, m = Spectrum.power_law(10**9, 1.5), Method.sgd(0.1)
    >>> bool(np.isclose(settled_risk(H, 1.5, m, 64, [1e8])[0], risk_at(H, m, 64, [10**8])[0], rtol=1e-2))
    True
    """
    spectrum, method, batch, _ = checked(spectrum, method, batch, 3.0, scalar=True)
    a = arguments.number("decay", decay, above=1.0)
    times = arguments.array("times", times, above=0.0, ndim=1)
    K = secular_sum(0.0, point(method), batch, spectrum)
    if not K < 1:
        arguments.refuse("method", method, "one that is stable in mean square at this batch")
    return scipy.special.gamma(1 - 1 / a) / (2 * a * (1 - K)) * (2 * method.long_run_step * times) ** (1 / a - 1)


def bend(spectrum: Spectrum, method: Method) -> float:
    """When a curve leaves its power law: the steps in which the noiseless risk of the smallest eigenvalue falls by e, or inf.

    >>> from mombook import Method
    >>> round(bend(Spectrum([1.0, 1e-6]), Method.sgd(0.1)))             # 1 / (2 lr mu)
    5000000
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    away, _ = _roots(point(arguments.instance("method", method, Method)), np.array([spectrum.smallest]))
    rate = -2 * np.log1p(-away).real.max()
    return float(1 / rate) if rate > 0 else np.inf
