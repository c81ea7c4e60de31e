r"""A valley of minima with label noise: over 1/eta^2 steps the noise itself pushes the iterate to flat ground.

The valley is L(x, y) = (1 + x^2) y^2 / 2; every point of y = 0 is a minimum, of sharpness 1 + x^2. SGD and SGDM drift
along it in the same way (Wang et al. 2023; the mechanism is that of Blanc et al. 2020 and Li, Wang & Arora 2022).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from .noisy_gradient import Oracle


def valley(noise: float = 1.0) -> Oracle:
    r"""The label-noise oracle of the model f(x, y) = y sqrt(1 + x^2), fitted to the label 0.

    $$ \tfrac12 (f - \sigma\xi)^2:\qquad g = (f - \sigma\xi)\,\nabla f,\qquad
       \nabla L = \binom{x y^2}{(1+x^2) y},\quad
       v = -\xi\,\nabla f = -\xi\binom{x y/\sqrt{1+x^2}}{\sqrt{1+x^2}} \tag{valley} $$

    One label, xi = +-1, a draw. Cov v = grad f grad f^T: 1 + x^2 across the valley (y), and x^2 y^2/(1 + x^2) along
    it (x), which vanishes *on* the valley: there the noise is the Hessian, and it points across.

    Args:
        noise: sigma >= 0, size of the label noise.

    Returns:
        an ``Oracle`` on iterates (x, y), shape ``(runs, 2)``.

    >>> valley().gradient(np.array([[2.0, 1.0]]))
    array([[2., 5.]])
    """
    sigma = arguments.number("noise", noise, low=0.0)

    def gradient(w):
        x, y = w[..., 0], w[..., 1]
        return np.stack([x * y**2, (1 + x**2) * y], axis=-1)

    def label(w, rng):
        x, y = w[..., 0], w[..., 1]
        root = np.sqrt(1 + x**2)
        xi = 2.0 * rng.integers(2, size=x.shape) - 1
        return -xi[..., None] * np.stack([x * y / root, root], axis=-1)

    return Oracle(gradient, label, sigma)


def across_variance(x: ArrayLike, lr: float, beta: float = 0.0, noise: float = 1.0) -> Any:
    r"""E y^2 at a standing x, once y has settled.

    $$ E y^2 = \frac{\eta\sigma^2(1+\beta)}{2(1+\beta) - \eta(1-\beta)(1+x^2)} \;\to\; \frac{\eta\sigma^2}{2}
       \tag{across} $$

    Exact for fixed x, SGDM with long-run step eta (beta = 0 is SGD).

    Args:
        x: position along the valley, a number or an array.
        lr: eta > 0.
        beta: memory, in [0, 1).
        noise: sigma >= 0.

    Returns:
        same shape as x; inf where y does not settle.

    Raises:
        ValueError: an argument out of range.

    >>> round(across_variance(0.0, 0.1), 6)
    0.052632
    """
    x, eta = arguments.array("x", x), arguments.number("lr", lr, above=0.0)
    beta, sigma = arguments.number("beta", beta, low=0.0, below=1.0), arguments.number("noise", noise, low=0.0)
    margin = 2 * (1 + beta) - eta * (1 - beta) * (1 + x**2)
    value = np.where(margin > 0, eta * sigma**2 * (1 + beta) / np.where(margin > 0, margin, 1.0), np.inf)
    return float(value) if value.ndim == 0 else value


def slow_flow(x: ArrayLike, lr: float, steps: ArrayLike, noise: float = 1.0) -> Any:
    r"""The slow equation along the valley, the same for SGD and SGDM.

    $$ \frac{dx}{dk} = -\eta\,x\,E y^2 = -\frac{\eta^2\sigma^2}{2}\,x,\qquad x(k) = x_0\,e^{-\eta^2\sigma^2 k/2}
       \tag{slow flow} $$

    Holds as eta -> 0 over k up to order 1/eta^2 steps, from a start on the valley. The noise along the valley
    vanishes with y, so the slow SDE has no diffusion here, only this drift (to the flattest minimum, x = 0); runs
    scatter about it by order sqrt(eta).

    Args:
        x: x_0.
        lr: eta > 0, the long-run step.
        steps: k, a number or an array, >= 0.
        noise: sigma >= 0.

    Raises:
        ValueError: an argument out of range.

    >>> slow_flow(2.0, 0.1, 200).round(6)
    np.float64(0.735759)
    """
    x, eta = arguments.number("x", x), arguments.number("lr", lr, above=0.0)
    k, sigma = arguments.array("steps", steps, low=0.0), arguments.number("noise", noise, low=0.0)
    return x * np.exp(-(eta**2) * sigma**2 * k / 2)


def measured_drift(paths: Floats, lr: float, every: int = 1) -> Floats:
    """The drift rate of log|x| per unit of *slow time* eta^2 k, a number for each simulated run; theory: -sigma^2/2.

    The slope of log|x| against eta^2 k by least squares, run by run; their mean and standard error are what to report.

    Args:
        paths: iterates (x, y) as ``oracle.simulate`` returns them, shape ``(runs, kept, 2)``, kept >= 2.
        lr: eta, the long-run step.
        every: steps between kept iterates.

    Returns:
        shape ``(runs,)``.

    Raises:
        ValueError: an argument out of range, or a path on which x reaches zero.

    >>> measured_drift(np.stack([np.exp(-0.5 * 0.01 * np.arange(5)), np.zeros(5)], axis=-1)[None], lr=0.1).round(12)
    array([-0.5])
    """
    paths = arguments.array("paths", paths, ndim=3)
    if paths.shape[1] < 2 or paths.shape[2] != 2 or np.any(paths[..., 0] == 0):
        arguments.refuse("paths", paths, "an array of shape (runs, kept >= 2, 2) on which x is never zero")
    eta, every = arguments.number("lr", lr, above=0.0), arguments.whole("every", every, low=1)
    time = eta**2 * every * np.arange(paths.shape[1])
    return np.polyfit(time, np.log(np.abs(paths[..., 0])).T, 1)[0]


def diffusing_valley(along: float = 0.3, noise: float = 1.0) -> Oracle:
    r"""The valley L(x, y) = exp(x^2) y^2 / 2 with Gaussian noise that also points along it.

    $$ \nabla L = \binom{x\,e^{x^2} y^2}{e^{x^2} y},\quad v \sim N\bigl(0, \mathrm{diag}(a^2, 1)\bigr) \tag{diffusing valley} $$

    Args:
        along: a >= 0, size of the noise along the valley, relative to that across.
        noise: sigma >= 0.

    Returns:
        an ``Oracle`` on iterates (x, y), shape ``(runs, 2)``.

    >>> diffusing_valley().gradient(np.array([[0.0, 2.0]]))
    array([[0., 2.]])
    """
    a, sigma = arguments.number("along", along, low=0.0), arguments.number("noise", noise, low=0.0)

    def gradient(w):
        x, y = w[..., 0], w[..., 1]
        h = np.exp(np.minimum(x**2, 700.0))
        return np.stack([x * h * y**2, h * y], axis=-1)

    return Oracle(gradient, lambda w, rng: rng.standard_normal(w.shape) * [a, 1.0], sigma)


def slow_law(x: float, lr: float, steps: ArrayLike, along: float = 0.3, noise: float = 1.0) -> tuple[Floats, Floats]:
    r"""Mean and variance of x under the slow SDE of ``diffusing_valley``, the same for SGD and SGDM.

    Across the valley $E y^2 \to \eta\sigma^2 / (2 e^{x^2})$; along it the mean gradient and the noise of a step give

    $$ dX = -\tfrac{\sigma^2}{2} X\,d\tau + \sigma a\,dW,\quad \tau = \eta^2 k:\qquad
       E X = x_0 e^{-\sigma^2\tau/2},\quad \mathrm{Var}\,X = a^2 (1 - e^{-\sigma^2\tau}) \tag{slow SDE} $$

    an Ornstein-Uhlenbeck process: its start fades and it settles at N(0, a^2). Holds as eta -> 0 over k of order 1/eta^2 steps.

    Args:
        x: x_0; lr: eta > 0, the long-run step; steps: k >= 0, a number or an array; along, noise: as ``diffusing_valley``.

    Returns:
        mean and variance, each of the shape of ``steps``.

    Raises:
        ValueError: an argument out of range.

    >>> [round(float(v), 6) for v in slow_law(1.0, 0.1, 100)]
    [0.606531, 0.056891]
    """
    x, eta = arguments.number("x", x), arguments.number("lr", lr, above=0.0)
    k, sigma = arguments.array("steps", steps, low=0.0), arguments.number("noise", noise, low=0.0)
    a, tau = arguments.number("along", along, low=0.0), eta**2 * k
    return x * np.exp(-(sigma**2) * tau / 2), a**2 * -np.expm1(-(sigma**2) * tau)
