r"""Small learning rates: SGD and SGD with momentum at the same long-run step, exactly, on quadratics.

The setting is that of Wang, Malladi, Wang, Lyu & Li (2023). SGD is ``Method.sgd(lr=eta)`` and SGDM is
``Method.ema(lr=eta, beta)``: the same long-run step eta, and so, for small eta, nearly the same distribution.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from . import arguments
from .method import Method


# -- exact moments of the linear model --------------------------------------------------------------------------------
def linear_moments(eigenvalues, method, steps, start=1.0, noise=1.0):
    r"""Mean and variance of w_t, coordinate by coordinate, on a quadratic with additive noise of fixed variance.

    $$ s' = T s + \sigma v\,b:\qquad E s' = T\,E s,\qquad
       \mathrm{Cov}\, s' = T\,\mathrm{Cov}(s)\,T^\top + \sigma^2 b b^\top \tag{linear moments} $$

    Exact for every method; s = (w, m), and T, b are the update rule fed unit vectors.

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
    sigma = arguments.number("noise", noise, low=0.0)
    start = arguments.array("start", start)
    if start.shape not in ((), lam.shape):
        arguments.refuse("start", start, f"a number or an array of shape {lam.shape}")
    one, zero = np.ones_like(lam), np.zeros_like(lam)
    T = np.stack([method.step(one, zero, lam), method.step(zero, one, zero)], axis=1)
    b = np.array(method.step(0.0, 0.0, 1.0))
    kick = sigma**2 * np.multiply.outer(b, b)[..., None]

    s, S = np.stack([start * one, zero]), np.zeros((2, 2, lam.size))
    mean, variance = [s[0]], [S[0, 0]]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(arguments.whole("steps", steps)):
            s = np.einsum("abi,bi->ai", T, s)
            S = np.einsum("abi,bci,dci->adi", T, S, T) + kick
            mean.append(s[0])
            variance.append(S[0, 0])
    return np.array(mean), np.array(variance)


def stationary_variance(eigenvalues, method, noise=1.0):
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


def slow_rate(eigenvalues, lr, beta=0.0):
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
def step_noise_ratio(beta):
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


def end_point_variance(lr, beta, steps, noise=1.0):
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


def coupled_difference(lr, beta, steps, noise=1.0):
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
def matched(lr, beta):
    """SGD and SGDM of the same long-run step: ``(Method.sgd(lr), Method.ema(lr, beta))``.

    >>> [round(m.long_run_step, 12) for m in matched(0.1, 0.9)]
    [0.1, 0.1]
    """
    return Method.sgd(lr=lr), Method.ema(lr=lr, beta=beta)


def scheduled_beta(lr, alpha, memory=1.0):
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


def weak_difference(lr, beta, eigenvalues=(1.0,), horizon=1.0, start=1.0, noise=1.0):
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
    steps = int(np.ceil(arguments.number("horizon", horizon, above=0.0) / eta))
    (m0, v0), (m1, v1) = (linear_moments(eigenvalues, m, steps, start, noise) for m in matched(eta, beta))
    return float(np.max(np.abs(m0**2 + v0 - m1**2 - v1)))


@dataclass(frozen=True)
class Slope:
    """A power law fitted in log-log: the exponent, its 95 % interval, and the factor in front."""

    value: float
    low: float
    high: float
    factor: float


def measured_slope(x, y, confidence=0.95):
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
    level = arguments.number("confidence", confidence, above=0.0, below=1.0)
    fit = stats.linregress(np.log(x), np.log(y))
    half = stats.t.ppf((1 + level) / 2, x.size - 2) * fit.stderr
    return Slope(float(fit.slope), float(fit.slope - half), float(fit.slope + half), float(np.exp(fit.intercept)))
