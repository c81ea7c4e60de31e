r"""A single weight with eigenvalue 1 under SGD, where expected and typical have closed forms (H = [1], no label noise).

A step multiplies the risk by an independent factor, a function of one chi-square variable:

$$ \frac{R'}{R} = \Bigl(1-\frac{\eta C}{B}\Bigr)^2, \qquad C\sim\chi^2_B \tag{one-weight} $$
"""

from __future__ import annotations

import numpy as np
import scipy

from .. import arguments
from . import roots


def mean_rate(lr: float, batch: float) -> float:
    r"""-log rho, e-folds per step of the expected risk; negative above the mean-square limit 2B/(B+2).

    $$ \rho = 1 - 2\eta + \eta^2\,\frac{B+2}{B} \tag{one-weight-mean} $$

    Args:
        lr: learning rate eta > 0; batch: >= 1.

    Raises:
        ValueError: naming the argument out of range.

    >>> round(mean_rate(0.5, 1), 6)
    0.287682
    """
    lr, batch = arguments.number("lr", lr, above=0.0), arguments.number("batch", batch, low=1.0)
    return float(-np.log1p(-lr * (2 - lr * (batch + 2) / batch)))


def typical_rate(lr: float, batch: float) -> float:
    r"""The rate that almost every run has in the long run, as an integral over the chi-square law.

    $$ r_{\mathrm{typ}} = -E\,\log\Bigl(1-\frac{\eta C}{B}\Bigr)^2 \tag{one-weight-typical} $$

    Exact up to quadrature, about ten digits. ``mombook.typical_rate`` measures the same number on runs.

    Args:
        lr: learning rate eta > 0; batch: >= 1.

    Raises:
        ValueError: naming the argument out of range.

    >>> typical_rate(1.0, 1) > 0 > mean_rate(1.0, 1)
    True
    """
    lr, batch = arguments.number("lr", lr, above=0.0), arguments.number("batch", batch, low=1.0)
    pole = batch / lr                                                   # where the logarithm is singular, integrably

    def integrand(w):                                                   # in C = pole w^2 the density is bounded at 0, too
        log_density = ((batch - 1) * np.log(w) + batch / 2 * np.log(pole / 2) - pole * w * w / 2
                       - scipy.special.gammaln(batch / 2))
        return 2 * np.log(np.abs(1 - w * w)) * 2 * np.exp(log_density)

    halves = scipy.integrate.tanhsinh(integrand, [0.0, 1.0], [1.0, np.inf], rtol=1e-10)
    return -float(halves.integral.sum())


def typical_limit(batch: float) -> float:
    """The learning rate beyond which runs stop converging: where ``typical_rate`` passes through zero.

    Args:
        batch: >= 1.

    Raises:
        ValueError: batch out of range.

    >>> typical_limit(1) / (2 / 3) > 3                                  # mean-square stability ends at 2/3
    True
    """
    batch = arguments.number("batch", batch, low=1.0)
    if typical_rate(2 * batch / (batch + 2), batch) <= 0:               # at large batches the two limits meet
        return 2 * batch / (batch + 2)
    return roots.root(lambda lr: typical_rate(lr, batch), 2 * batch / (batch + 2), 20.0, xtol=1e-10)


def runs_needed(lr: float, batch: float, steps: int, precision: float) -> float:
    r"""How many runs their average needs to know the expected risk to a relative standard error.

    The factors are independent, so that with q = E[(R'/R)^2] / rho^2

    $$ n = \frac{q^t-1}{\epsilon^2}, \qquad
       E\Bigl[\Bigl(\frac{R'}{R}\Bigr)^2\Bigr]=\sum_{k=0}^4\binom4k\Bigl(-\frac{\eta}{B}\Bigr)^k\prod_{j=0}^{k-1}(B+2j)
       \tag{runs-needed} $$

    Args:
        lr: learning rate eta > 0; batch: >= 1; steps: t, a whole number >= 0; precision: epsilon > 0.

    Raises:
        ValueError: naming the argument out of range.

    >>> round(runs_needed(0.3, 64, 4, 0.05))
    37
    """
    lr, batch = arguments.number("lr", lr, above=0.0), arguments.number("batch", batch, low=1.0)
    steps, precision = arguments.whole("steps", steps), arguments.number("precision", precision, above=0.0)
    moments = np.cumprod([1.0, batch, batch + 2, batch + 4, batch + 6])                 # of chi-square with B degrees
    fourth = np.array([1, 4, 6, 4, 1]) * (-lr / batch) ** np.arange(5) @ moments
    with np.errstate(over="ignore"):
        return float(np.expm1(steps * (np.log(fourth) + 2 * mean_rate(lr, batch))) / precision**2)
