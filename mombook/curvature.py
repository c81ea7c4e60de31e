r"""What large batches gain from momentum: the curvature term of stability, and SVAG, which removes it without momentum.

Linear model with Gaussian inputs and batch B. In the long-run step h, stability has a noise part, the same for SGD and
SGD with momentum, and a curvature part, which momentum takes away: this one line joins Wang et al. (2023) to the rest
of the book.
"""

import numpy as np
from scipy import optimize

from . import arguments
from .method import Method
from .spectrum import Spectrum


def long_run_threshold(spectrum, batch, beta=0.0, level=1.0):
    r"""The largest long-run step h = lr/(1-beta) at which the risk of heavy ball stays bounded.

    $$ \sum_i \frac{c_i}{1-c_i} = 1,\qquad
       c_i = \frac{h\lambda_i(1+\beta)}{B\,[\,2(1+\beta) - h(1-\beta)\lambda_i/l\,]} \tag{long-run step} $$

    Exact for Gaussian inputs. beta = 0 is SGD, sum h lam/(2B - h lam (B+1)) = 1. As beta -> 1, or as the SVAG level l
    -> infinity, the bracket loses its last term, the curvature, and what is left is noise: sum h lam/(2B - h lam) =
    1. Where B L << tr H the noise term decides, and the two agree.

    Args:
        spectrum: a ``Spectrum``.
        batch: B >= 1.
        beta: memory, in [0, 1]; 1 is the limit.
        level: SVAG level l >= 1, ``numpy.inf`` is the limit.

    Returns:
        h, a float; root by ``scipy.optimize.brentq`` to machine precision.

    Raises:
        ValueError: an argument out of range.

    >>> H = Spectrum.flat(3)
    >>> round(long_run_threshold(H, batch=2), 12), round(long_run_threshold(H, batch=2, beta=1.0), 12)
    (0.666666666667, 1.0)
    """
    lam, n = arguments.instance("spectrum", spectrum, Spectrum).eigenvalues, spectrum.counts
    B = arguments.number("batch", batch, low=1.0)
    beta = arguments.number("beta", beta, low=0.0, high=1.0)
    if not (isinstance(level, float) and level == np.inf):
        level = arguments.number("level", level, low=1.0)
    curve, push = B * (1 - beta) / level, 1 + beta
    top = 2 * B * push / (lam[0] * (push + curve))                    # c_1 = 1 here, so the root lies below
    fraction = lambda x: n @ (x * top * lam * push / (2 * B * push - x * top * lam * (push + curve))) - 1  # noqa: E731
    return float(top * optimize.brentq(fraction, 0.0, 1 - 1e-15, xtol=1e-300, rtol=1e-14))


def svag_curve(spectrum, method, batch, steps, level=1.0, start=1.0):
    r"""Risk of a method under SVAG(l), after 0, 1, .., ``steps`` units of time, each of l steps of size 1/l.

    $$ S' = M S M^\top + \frac lB\,[\,\lambda^2 S_{ee} + 2\lambda R\,]\, b b^\top,\qquad
       (\delta, \eta) \to (\delta, \eta)/l \tag{svag moments} $$

    Exact for Gaussian inputs and no label noise: a SVAG gradient (see ``Oracle.svag``) has l times the covariance of
    a batch gradient. As l grows the curve of any method tends to that of the same long-run step without curvature
    effects. beta is kept.

    Args:
        spectrum: a ``Spectrum``.
        method: any ``Method``.
        batch: B >= 1.
        steps: units of time.
        level: l, a whole number >= 1; 1 is the method itself.
        start: E e_i^2 at t = 0, a number or one for each entry of the spectrum.

    Returns:
        shape ``(steps + 1,)``.

    Raises:
        ValueError: an argument out of range.

    >>> svag_curve(Spectrum.flat(1), Method.sgd(lr=0.5), batch=1, steps=1)
    array([0.5  , 0.375])
    """
    lam, n = arguments.instance("spectrum", spectrum, Spectrum).eigenvalues, spectrum.counts
    arguments.instance("method", method, Method)
    level = arguments.whole("level", level, low=1)
    noise = level / arguments.number("batch", batch, low=1.0)
    start = arguments.array("start", start, low=0.0)
    if start.shape not in ((), lam.shape):
        arguments.refuse("start", start, f"a number or an array of shape {lam.shape}")
    small = Method(method.delta / level, method.eta / level, method.beta)
    one, zero = np.ones_like(lam), np.zeros_like(lam)
    M = np.stack([small.step(one, zero, lam), small.step(zero, one, zero)], axis=1)
    b = np.array(small.step(0.0, 0.0, 1.0))
    bb = np.multiply.outer(b, b)[..., None]

    S = np.zeros((2, 2, lam.size))
    S[0, 0] = start
    risk = [n @ (lam * S[0, 0]) / 2]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(arguments.whole("steps", steps)):
            for _ in range(level):
                kick = noise * (lam**2 * S[0, 0] + lam * (n @ (lam * S[0, 0])))
                S = np.einsum("abi,bci,dci->adi", M, S, M) + kick * bb
            risk.append(n @ (lam * S[0, 0]) / 2)
    risk = np.array(risk)
    return np.where(np.isfinite(risk), risk, np.inf)
