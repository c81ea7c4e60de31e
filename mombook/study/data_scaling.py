r"""A budget of D samples with label noise: by which power of D the risk falls, for a batch size B = D^b.

Power laws of Wang, Huang, Li & Wu (2026), with decay a > 1 and source exponent s > 0:

$$ \lambda_i = i^{-a}, \qquad \lambda_i\,E[e_i^2] = i^{-(1 + s a)} = \lambda_i^{\,s + 1/a} \tag{source} $$

s is large where the error lies in the directions of large curvature, which are learned first. One pass, T = D/B steps, label
noise of order one, parameters tuned: the least risk falls like $D^{-r(b)}$, with three exponents of the batch,

$$ b_1 = \frac{s}{s+1}, \qquad b_2 = \frac{2s+1/a}{2s+1+1/a}, \qquad b_3 = \frac{2s+1}{2s+2} \tag{transitions} $$

For SGD, heavy ball and Nesterov r(b) is their theorem. For ASGD it is a conjecture of this book, from the two noise terms of
(T7)
and the signal of the long-run step h = eta/(1-beta), with delta free and memory as long as the run, 1-beta = 1/T:

$$ R \approx (hT)^{-s} + \frac{\sigma^2}{B}\Bigl[\delta + h\,\bigl(\tfrac{1-\beta}{\delta}\bigr)^{1-1/a}\Bigr], \qquad \delta
\le 1,\; h \le T    \tag{two-step-budget} $$

Its best exponent, $b_0 = s(2-1/a)/(1+s(2-1/a))$, is larger than Nesterov's and holds from batch 1 up to B = D^b_0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.spectrum import Spectrum

KNOWN = ("sgd", "heavy_ball", "nesterov", "asgd")
"""Families whose exponent is known, or conjectured."""


def source_start(spectrum: Spectrum, decay: float, source: float) -> Floats:
    r"""E[e_i^2] at the start, by (source): $\lambda_i E[e_i^2] = (\lambda_i/L)^{s+1/a}$.

    Args:
        spectrum: a ``Spectrum``; decay: its exponent a > 0; source: s > 0.

    Returns:
        Array ``(n,)``, in the order of ``spectrum.eigenvalues``: the ``start`` of ``mombook.risk_curve``.

    >>> H = Spectrum.power_law(3, 2.0)
    >>> (H.eigenvalues * source_start(H, 2.0, 0.5)).round(6).tolist()          # i^-(1 + s a)
    [1.0, 0.25, 0.111111]
    """
    lam = arguments.instance("spectrum", spectrum, Spectrum).eigenvalues
    decay, source = arguments.number("decay", decay, above=0.0), arguments.number("source", source, above=0.0)
    with np.errstate(under="ignore"):
        return np.asarray((lam / spectrum.largest) ** (source + 1 / decay) / lam)


def transitions(decay: float, source: float) -> dict[str, float]:
    """The batch exponents at which something changes.

    Args:
        decay: a > 1; source: s > 0.

    Returns:
        A dict: ``b1``, up to which SGD is at its best and from which Nesterov is better; ``b2``, where Nesterov is best;
        ``b3``, up to which heavy ball is at its best; and ``b0``, up to which ASGD is (b0 < b2; a conjecture).

    >>> {k: round(v, 3) for k, v in transitions(4.0, 0.3).items()}
    {'b1': 0.231, 'b2': 0.459, 'b3': 0.615, 'b0': 0.344}
    """
    decay, s = arguments.number("decay", decay, above=1.0), arguments.number("source", source, above=0.0)
    x = 1 / decay
    return {"b1": s / (s + 1), "b2": (2 * s + x) / (2 * s + 1 + x), "b3": (2 * s + 1) / (2 * s + 2),
            "b0": s * (2 - x) / (1 + s * (2 - x))}


def exponent(family: str, b: ArrayLike, decay: float, source: float) -> Floats | float:
    """r(b): the least risk falls like D^-r where the batch size is D^b.

    Args:
        family: one of ``KNOWN``; b: batch exponents in [0, 1], a number or an array; decay: a > 1; source: s > 0.

    Returns:
        A float, or an array of the shape of ``b``. For ``"asgd"`` it is a conjecture.

    >>> [round(float(exponent(f, 0.0, 4.0, 0.3)), 3) for f in KNOWN]
    [0.231, 0.231, 0.231, 0.344]
    """
    arguments.choice("family", family, KNOWN)
    b = arguments.array("b", b, low=0.0)
    if np.any(b > 1):
        arguments.refuse("b", float(b.max()), "numbers from 0 to 1")
    at, a, s = transitions(decay, source), float(decay), float(source)
    flat, fast = at["b1"], 2 * s * (1 - b)
    if family == "sgd":
        r = np.minimum(flat, s * (1 - b))
    elif family == "heavy_ball":
        r = np.minimum(flat, fast)
    elif family == "nesterov":
        r = np.minimum(np.maximum(flat, s * (1 + (a - 1) * b) / (s * a + 1)), fast)
    else:
        r = np.minimum.reduce([np.full_like(b, at["b0"]), s * ((2 - 1 / a) - (1 - 1 / a) * b) / (1 + s), fast])
    return r if r.ndim else float(r)
