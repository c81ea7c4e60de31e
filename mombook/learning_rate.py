r"""The largest stable learning rate, in closed form.

With S(0) of (secular) written out for heavy ball (SGD is beta = 0), mean-square stability reads

$$ \sum_i \frac{c_i}{1-c_i} < 1, \qquad
   c_i = \frac{\eta\lambda_i(1+\beta)}{B(1-\beta)\,(2(1+\beta)-\eta\lambda_i)}, \qquad \eta L < 2(1+\beta) \tag{step-limit} $$

whose left side grows with the learning rate: one crossing, and everything below it is stable.
"""

from scipy.optimize import brentq

from . import arguments
from .spectrum import Spectrum


def step_limit(spectrum, batch, beta=0.0, level=1.0):
    """The learning rate at which heavy ball of memory ``beta`` (SGD: 0) stops contracting in mean square, (step-limit).

    With ``level`` below 1, the one at which the left side of (step-limit) is that: label noise of variance s^2 then leaves
    a stationary risk of (s^2/2) level / (1 - level).

    Exact for Gaussian inputs and fresh samples.

    Args:
        spectrum: a ``Spectrum``; batch: one batch size, >= 1; beta: in [0, 1); level: in (0, 1].

    Returns:
        A float: stable below, unstable at and above.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> round(step_limit(Spectrum.flat(10), batch=4), 12) == round(2 * 4 / (10 + 4 + 1), 12)       # closed form
    True
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    B = arguments.number("batch", batch, low=1.0)
    beta = arguments.number("beta", beta, low=0.0, below=1.0)
    level = arguments.number("level", level, above=0.0, high=1.0)
    lam, n = spectrum.eigenvalues / spectrum.largest, spectrum.counts
    pole = 2 * B * (1 - beta) * (1 + beta) / (1 + beta + B * (1 - beta))            # c = 1 at the largest eigenvalue

    def excess(share):
        a = share * pole * lam                                                      # (step-limit), a = eta lambda
        c = a * (1 + beta) / (B * (1 - beta) * (2 * (1 + beta) - a))
        return n @ (c / (1 - c)) - level

    low = 1e-3 * level / (1 + lam @ n)                                              # far inside: the sum is below here
    share = brentq(excess, low, 1 - 1e-13, xtol=1e-300, rtol=1e-14)
    return float(share * pole / spectrum.largest)
