r"""Small learning rates: SGD and SGD with momentum at the same long-run step, exactly, on quadratics.

The setting is that of Wang, Malladi, Wang, Lyu & Li (2023). SGD is ``Method.sgd(lr=eta)`` and SGDM is
``Method.ema(lr=eta, beta)``: the same long-run step eta, and so, for small eta, nearly the same distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import recursion
from .schedule import NoiseModel, Schedule, risk_curve


# -- exact moments of the linear model --------------------------------------------------------------------------------
def linear_moments(eigenvalues: ArrayLike, method: Method, steps: int, start: ArrayLike = 1.0,
                   noise: float = 1.0) -> tuple[Floats, Floats]:
    r"""Mean and variance of w_t, coordinate by coordinate, on a quadratic with additive noise of fixed variance.

    $$ s' = T s + \sigma v\,b:\qquad E s' = T\,E s,\qquad
       \mathrm{Cov}\, s' = T\,\mathrm{Cov}(s)\,T^\top + \sigma^2 b b^\top \tag{linear moments} $$

    Exact for every method; s = (w, m), and T, b are ``Method.transition``.

    Args:
        eigenvalues: lam_i >= 0, shape ``(d,)``.
        method: any ``Method``.
        steps: number of steps.
        start: w_0, a number or shape ``(d,)``.
        noise: sigma >= 0.

    Returns:
        mean and variance, each of shape ``(steps + 1, d)``.

    Raises:
        ValueError: an argument out of range.

    >>> mean, variance = linear_moments([1.0], Method.sgd(lr=0.5), 2)
    >>> mean.ravel(), variance.ravel()
    (array([1.  , 0.5 , 0.25]), array([0.    , 0.25  , 0.3125]))
    """
    lam = arguments.array("eigenvalues", eigenvalues, low=0.0, ndim=1)
    arguments.instance("method", method, Method)
    sigma, steps = arguments.number("noise", noise, low=0.0), arguments.whole("steps", steps, high=arguments.LONGEST)
    start = arguments.array("start", start)
    if start.shape not in ((), lam.shape):
        arguments.refuse("start", start, f"a number or an array of shape {lam.shape}")
    T, b = method.transition(lam)
    drive = np.outer(b[[0, 0, 1]] * b[[0, 1, 1]], np.ones_like(lam))
    none = np.zeros_like(lam)
    variances = recursion.states(repeat((recursion.on_products(T), drive), steps), recursion.begin(none), none, sigma**2)
    s, mean, variance = np.stack([start + none, none]), [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for S, _ in variances:
            mean.append(s[0])
            variance.append(S[0])
            s = np.einsum("abi,bi->ai", T, s)
    return np.array(mean), np.array(variance)


def stationary_variance(eigenvalues: ArrayLike, method: Method, noise: float = 1.0) -> Floats:
    r"""The variance that (linear moments) settles to.

    $$ \frac{\mathrm{Var}\,w}{\sigma^2}
       = \frac{1}{a}\Big[\frac{\pi^2}{2}\Big(\frac1q+\frac1r\Big) + \frac{2 p s}{r}\Big],\qquad
       \begin{aligned} a &= \epsilon + \lambda s, & q &= \lambda\pi,\\ r &= 2(2-\epsilon) - \lambda(p+s) \end{aligned}
       \tag{stationary} $$

    with eps = 1-beta, s = beta delta, pi = eps delta + eta, p = delta + eta. Exact for every method. SGD:
    eta/(lam(2 - eta lam)). SGDM: eta(1+beta)/(lam(2(1+beta) - eta(1-beta)lam)): the same as eta -> 0, for any beta.

    Args:
        eigenvalues: lam_i > 0, shape ``(d,)``.
        method: any ``Method``.
        noise: sigma >= 0.

    Returns:
        shape ``(d,)``; inf where the method does not settle.

    Raises:
        ValueError: an argument out of range.

    >>> stationary_variance([1.0], Method.sgd(lr=0.5)), stationary_variance([1.0], Method.sgd(lr=2.5))
    (array([0.33333333]), array([inf]))
    """
    lam = arguments.array("eigenvalues", eigenvalues, above=0.0, ndim=1)
    sigma = arguments.number("noise", noise, low=0.0)
    arguments.instance("method", method, Method)
    eps, s, p = 1 - method.beta, method.beta * method.delta, method.delta + method.eta
    pi = p - s
    a, q, r = eps + lam * s, lam * pi, 2 * (2 - eps) - lam * (p + s)
    settles = (a > 0) & (q > 0) & (r > 0)
    a, q, r = (np.where(settles, x, 1.0) for x in (a, q, r))
    return np.where(settles, sigma**2 * (pi**2 / 2 * (1 / q + 1 / r) + 2 * p * s / r) / a, np.inf)


def slow_rate(eigenvalues: ArrayLike, lr: float, beta: float = 0.0) -> Floats:
    r"""What part of the slow mode of w a step of SGDM removes: 1 - z for the larger root z.

    $$ z^2 - (1+\beta-\eta(1-\beta)\lambda)\,z + \beta = 0,\qquad
       1 - z = \eta\lambda\Big(1 + \frac{\beta}{1-\beta}\,\eta\lambda + \dots\Big) \tag{slow rate} $$

    Exact while the roots are real; nan where they are not (there is no slow mode then). SGD, beta = 0, has eta lam.

    Args:
        eigenvalues: lam_i >= 0, shape ``(d,)``.
        lr: eta, the long-run step, > 0.
        beta: memory, in [0, 1).

    Raises:
        ValueError: an argument out of range.

    >>> slow_rate([1.0], 0.01), slow_rate([1.0], 0.01, 0.9).round(6)
    (array([0.01]), array([0.011127]))
    """
    lam = arguments.array("eigenvalues", eigenvalues, low=0.0, ndim=1)
    eta, beta = arguments.number("lr", lr, above=0.0), arguments.number("beta", beta, low=0.0, below=1.0)
    q = eta * (1 - beta) * lam
    b = 1 - beta + q                                               # u = 1 - z solves u^2 - b u + q = 0
    root = b**2 - 4 * q
    real = root >= 0
    return np.where(real, 2 * q / (b + np.sqrt(np.where(real, root, 0.0))), np.nan)


# -- noise: less a step, as much in the end ---------------------------------------------------------------------------
def step_noise_ratio(beta: float) -> float:
    r"""Variance of the noise in one SGDM step over that in one SGD step.

    $$ (1-\beta)^2\sum_k \beta^{2k} = \frac{1-\beta}{1+\beta} \tag{step noise} $$

    Exact for i.i.d. noise once the buffer is full.

    Args:
        beta: memory, in [0, 1).

    >>> step_noise_ratio(0.9)
    0.05263157894736841
    """
    beta = arguments.number("beta", beta, low=0.0, below=1.0)
    return (1 - beta) / (1 + beta)


def end_point_variance(lr: float, beta: float, steps: int, noise: float = 1.0) -> float:
    r"""Variance of w_K where there is no gradient, only noise: SGDM carries over what it holds back.

    $$ \mathrm{Var}\,x_K = \eta^2\sigma^2\sum_{j=1}^{K}(1-\beta^j)^2
       = \eta^2\sigma^2\Big[K - \frac{2\beta(1-\beta^K)}{1-\beta} + \frac{\beta^2(1-\beta^{2K})}{1-\beta^2}\Big]
       \tag{end point} $$

    Exact; beta = 0 is SGD, K eta^2 sigma^2. The relative difference falls like 2 beta/((1-beta) K).

    Args:
        lr: eta.
        beta: memory, in [0, 1).
        steps: K.
        noise: sigma.

    >>> round(end_point_variance(0.1, 0.0, 100), 12), round(end_point_variance(0.1, 0.9, 100), 6)
    (1.0, 0.862636)
    """
    eta, sigma = arguments.number("lr", lr), arguments.number("noise", noise, low=0.0)
    beta, K = arguments.number("beta", beta, low=0.0, below=1.0), arguments.whole("steps", steps)
    carried = 2 * beta * (1 - beta**K) / (1 - beta) - beta**2 * (1 - beta ** (2 * K)) / (1 - beta**2)
    return (eta * sigma) ** 2 * (K - carried)


def coupled_difference(lr: float, beta: float, steps: int, noise: float = 1.0) -> float:
    r"""E|x_K - z_K|^2 of SGDM and SGD fed the *same* noise and no gradient.

    $$ E|x_K - z_K|^2 = \eta^2\sigma^2\,\frac{\beta^2(1-\beta^{2K})}{1-\beta^2} \;\le\; \frac{\eta^2\sigma^2}{1-\beta}
       \tag{coupling} $$

    Exact: step by step the two are told apart only by what the buffer still holds. It does not grow with K, while the
    variance of either does. (It is not the difference of the two variances: see ``end_point_variance``.)

    Args:
        lr: eta.
        beta: memory, in [0, 1).
        steps: K.
        noise: sigma.

    >>> coupled_difference(1.0, 0.5, 1)
    0.25
    """
    eta, sigma = arguments.number("lr", lr), arguments.number("noise", noise, low=0.0)
    beta, K = arguments.number("beta", beta, low=0.0, below=1.0), arguments.whole("steps", steps)
    return (eta * sigma * beta) ** 2 * (1 - beta ** (2 * K)) / (1 - beta**2)


# -- how fast SGD and SGDM approach each other ------------------------------------------------------------------------
def matched(lr: float, beta: float) -> tuple[Method, Method]:
    """SGD and SGDM of the same long-run step: ``(Method.sgd(lr), Method.ema(lr, beta))``.

    >>> [round(m.long_run_step, 12) for m in matched(0.1, 0.9)]
    [0.1, 0.1]
    """
    return Method.sgd(lr=lr), Method.ema(lr=lr, beta=beta)


def scheduled_beta(lr: float, alpha: float, memory: float = 1.0) -> float:
    r"""The schedule 1 - beta = memory * eta^alpha: the momentum may grow as the learning rate falls.

    Args:
        lr: eta > 0.
        alpha: exponent, 0 <= alpha; the two methods still agree in the limit for alpha < 1.
        memory: factor > 0; 1 - beta is at most 1.

    >>> scheduled_beta(0.01, 0.5)
    0.9
    """
    eta, alpha = arguments.number("lr", lr, above=0.0), arguments.number("alpha", alpha, low=0.0)
    return 1 - min(arguments.number("memory", memory, above=0.0) * eta**alpha, 1.0)


def weak_difference(lr: float, beta: float, eigenvalues: ArrayLike = (1.0,), horizon: float = 1.0, start: ArrayLike = 1.0,
                    noise: float = 1.0) -> float:
    """Largest difference between E w^2 of SGD and of SGDM over eta-time 0 to ``horizon`` (horizon/eta steps): exact.

    Args:
        lr: eta, the long-run step of both, > 0.
        beta: memory of SGDM, in [0, 1).
        eigenvalues: lam_i >= 0, shape ``(d,)``; the difference is the largest over coordinates too.
        horizon: eta-time, > 0.
        start: w_0.
        noise: sigma.

    Raises:
        ValueError: an argument out of range.

    >>> weak_difference(0.01, 0.9) < 2 * weak_difference(0.005, 0.9) * 1.1
    True
    """
    eta = arguments.number("lr", lr, above=0.0)
    horizon = arguments.number("horizon", horizon, above=0.0)
    if horizon / eta > arguments.LONGEST // 4:
        arguments.refuse("lr", lr, f"at least horizon / {arguments.LONGEST // 4:,}, {4 * horizon / arguments.LONGEST:.3g}")
    steps = int(np.ceil(horizon / eta))
    (m0, v0), (m1, v1) = (linear_moments(eigenvalues, m, steps, start, noise) for m in matched(eta, beta))
    return float(np.max(np.abs(m0**2 + v0 - m1**2 - v1)))


@dataclass(frozen=True)
class Slope:
    """A power law fitted in log-log: the exponent, its 95 % interval, and the factor in front."""

    value: float
    low: float
    high: float
    factor: float


def measured_slope(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Slope:
    """The exponent p of y ~ factor * x^p by least squares in log-log (``scipy.stats.linregress``), with a t interval.

    Args:
        x: positive numbers, shape ``(n,)``, n >= 3, not all equal.
        y: positive numbers, shape ``(n,)``.
        confidence: level of the interval, in (0, 1).

    Returns:
        a ``Slope``.

    Raises:
        ValueError: shapes that differ, fewer than three points, numbers that are not positive.

    >>> measured_slope([1.0, 2.0, 4.0], [3.0, 12.0, 48.0]).value
    2.0
    """
    x = arguments.array("x", x, above=0.0, ndim=1)
    if x.size < 3 or np.ptp(x) == 0:
        arguments.refuse("x", x, "three or more positive numbers, not all equal")
    y = arguments.array("y", y, above=0.0, shape=x.shape)
    level = arguments.number("confidence", confidence, above=0.0, high=1 - 1e-12, allowed="a number > 0 and < 1 - 1e-12")
    fit = scipy.stats.linregress(np.log(x), np.log(y))
    half = scipy.stats.t.ppf((1 + level) / 2, x.size - 2) * fit.stderr
    return Slope(float(fit.slope), float(fit.slope - half), float(fit.slope + half), float(np.exp(fit.intercept)))


def matched_schedule(schedule: Schedule) -> Schedule:
    r"""SGD that has, at every step, the long-run step of a ``Schedule`` with momentum.

    $$ h_t = \delta_t + \frac{\eta_t}{1-\beta_t} \tag{matched steps} $$

    Args:
        schedule: a ``Schedule``.

    Returns:
        A ``Schedule`` without momentum, of the same batch sizes.

    >>> matched_schedule(Schedule(0.1, 0.1, [0.5, 0.75], 4.0)).delta.tolist()
    [0.30000000000000004, 0.5]
    """
    arguments.instance("schedule", schedule, Schedule)
    return Schedule(schedule.delta + schedule.eta / (1 - schedule.beta), 0.0, 0.0, schedule.batch)


def schedule_difference(spectrum: Spectrum, schedule: Schedule, noise: float = 1.0, start: ArrayLike = 1.0, *,
                        noise_model: NoiseModel = "additive") -> float:
    """Largest difference between the exact risks of a ``Schedule`` with momentum and of ``matched_schedule``, over the run.

    Args:
        spectrum: a ``Spectrum``; schedule: a ``Schedule``; noise, start, noise_model: as ``schedule.risk_curve``.

    >>> from mombook.exact.schedule import linear
    >>> H = Spectrum([1.0])
    >>> plans = [Schedule(0.0, 0.1 * lr * linear(int(1 / lr)), 0.9, np.ones(int(1 / lr))) for lr in (0.01, 0.005)]
    >>> coarse, fine = (schedule_difference(H, plan) for plan in plans)
    >>> 1.5 < coarse / fine < 2.5
    True
    """
    plans = schedule, matched_schedule(schedule)
    curves = [risk_curve(spectrum, plan, noise, start, noise_model=noise_model) for plan in plans]
    return float(np.max(np.abs(curves[0] - curves[1])))
