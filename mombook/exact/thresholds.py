r"""How long a step is stable, in closed form: one equation for SGD, heavy ball and SVAG.

S(0) of (secular), written for heavy ball (SGD is beta = 0) in the long-run step $h = \eta/(1-\beta)$, is

$$ K(h) = \sum_i \frac{c_i}{1-c_i}, \qquad
   c_i = \frac{h\lambda_i(1+\beta)}{B\,[\,2(1+\beta) - h(1-\beta)\lambda_i/l\,]} \tag{long-run step} $$

with $l = 1$; SVAG of level l divides the curvature term by l. K grows with h, and the method is stable in mean square as long
as K < 1. Below that, label noise of variance $\sigma^2$ leaves the stationary risk $(\sigma^2/2)\,K/(1-K)$.
"""

from __future__ import annotations

import numpy as np

from .. import arguments
from ..model.spectrum import Spectrum
from . import roots


def long_run_threshold(spectrum: Spectrum, batch: float, beta: float = 0.0, level: float = 1.0, feedback: float = 1.0) -> float:
    r"""The largest long-run step h = lr/(1-beta) at which the risk of heavy ball stays bounded: K(h) = 1 in (long-run step).

    beta = 0 is SGD, sum h lam/(2B - h lam (B+1)) = 1. As beta -> 1, or as l -> infinity, the bracket of (long-run step) loses
    its last term, the curvature, and what is left is noise: sum h lam/(2B - h lam) = 1. Where B L << tr H the noise term
    decides, and the two agree. Exact for Gaussian inputs and fresh samples.

    Args:
        spectrum: a ``Spectrum``; batch: one batch size, >= 1.
        beta: memory, in [0, 1]; 1 is the limit.
        level: level l >= 1 of SVAG, ``numpy.inf`` is the limit; 1 is the method itself.
        feedback: solve K(h) = feedback instead, in (0, 1]: the step whose noise floor is (s^2/2) feedback / (1 - feedback).

    Returns:
        h, a float: stable below, unstable at and above (for feedback 1). Relative error about 1e-14.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum.flat(3)
    >>> round(long_run_threshold(H, batch=2), 12), round(long_run_threshold(H, batch=2, beta=1.0), 12)
    (0.666666666667, 1.0)
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    B = arguments.number("batch", batch, low=1.0)
    beta = arguments.number("beta", beta, low=0.0, high=1.0)
    if not (isinstance(level, float) and level == np.inf):
        level = arguments.number("level", level, low=1.0)
    feedback = arguments.number("feedback", feedback, above=0.0, high=1.0)
    lam, n = spectrum.eigenvalues / spectrum.largest, spectrum.counts
    curvature = B * (1 - beta) / level
    top = 2 * B * (1 + beta) / (1 + beta + curvature)                       # h L at which c = 1 for the largest eigenvalue

    def excess(share):
        push = share * top * lam * (1 + beta)                               # c/(1-c) = push / (2B(1+beta) - push - ...)
        return n @ (push / (2 * B * (1 + beta) - push - share * top * lam * curvature)) - feedback

    low = 1e-3 * feedback / (1 + lam @ n)                                   # far inside: the sum is below feedback here
    high = 1 - 1e-13
    if excess(high) <= 0:                                                   # within rounding of the pole
        return float(top / spectrum.largest)
    return float(roots.root(excess, float(low), high, rtol=1e-14) * top / spectrum.largest)


def step_limit(spectrum: Spectrum, batch: float, beta: float = 0.0, feedback: float = 1.0) -> float:
    """The learning rate at which heavy ball of memory ``beta`` (SGD: 0) stops contracting in mean square.

    It is (1 - beta) times ``long_run_threshold``, the root of (long-run step). Exact for Gaussian inputs and fresh samples.

    Args:
        spectrum: a ``Spectrum``; batch: one batch size, >= 1; beta: in [0, 1).
        feedback: as for ``long_run_threshold``: below 1, the step whose noise floor is (s^2/2) feedback / (1 - feedback).

    Returns:
        A float: stable below, unstable at and above (for feedback 1).

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> round(step_limit(Spectrum.flat(10), batch=4), 12) == round(2 * 4 / (10 + 4 + 1), 12)       # closed form
    True
    """
    beta = arguments.number("beta", beta, low=0.0, below=1.0)
    return (1 - beta) * long_run_threshold(spectrum, batch, beta, feedback=feedback)


def nesterov_limit(spectrum: Spectrum, batch: float, beta: float = 0.0) -> float:
    r"""The learning rate at which Nesterov's method of memory ``beta`` stops contracting in mean square.

    As Wang, Huang, Li & Wu (2026) print it, with $y_i = \eta\lambda_i$,

    $$ \sum_i \frac{y_i\,[1+\beta+\beta(1+2\beta)\,y_i]}{\Delta(y_i)} = 1, \qquad
       \Delta(y) = 2B(1-\beta^2) + [4B\beta^2 + (B-1)\beta - (B+1)]\,y - (B+1)\beta(1+2\beta)\,y^2 \tag{nesterov-limit} $$

    Args:
        spectrum: a ``Spectrum``; batch: one batch size, >= 1; beta: in [0, 1).

    Returns:
        A float: stable below, unstable at and above.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum.power_law(20, 1.5)
    >>> round(nesterov_limit(H, 8) / step_limit(H, 8), 12)                                          # no memory: SGD
    1.0
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    B, beta = arguments.number("batch", batch, low=1.0), arguments.number("beta", beta, low=0.0, below=1.0)
    lam, n = spectrum.eigenvalues / spectrum.largest, spectrum.counts
    c0 = 2 * B * (1 - beta) * (1 + beta)
    c1, c2 = 4 * B * beta**2 + (B - 1) * beta - (B + 1), (B + 1) * beta * (1 + 2 * beta)
    root = np.sqrt(c1 * c1 + 4 * c0 * c2)
    top = (c1 + root) / (2 * c2) if c1 > 0 else 2 * c0 / (root - c1)    # where Delta is 0 for the largest eigenvalue

    def excess(share):
        y = share * top * lam
        return n @ (y * (1 + beta + beta * (1 + 2 * beta) * y) / (c0 + c1 * y - c2 * y * y)) - 1

    low, high = 1e-3 * min(1.0, c0 / top) / (1 + n @ lam), 1 - 1e-13   # far inside: the sum is below 1 here
    if excess(high) <= 0:                                               # within rounding of the pole
        return float(top / spectrum.largest)
    return float(roots.root(excess, float(low), high, rtol=1e-14) * top / spectrum.largest)
