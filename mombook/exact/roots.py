"""Where a continuous function changes its sign, found within a bracket: several at once, or one.

It is the method of Chandrupatla (1997): the inverse parabola through three points where that is safe, and halves of the bracket
where it is not. scipy has it too; loading that costs a web page's Python seconds before its first answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats, Ints

MOST = 2200
"""Evaluations, at most: halving from the largest double to the smallest takes 2100."""


def roots(function: Callable[[Floats, Ints], ArrayLike], low: ArrayLike, high: ArrayLike, xtol: float = 0.0,
          rtol: float = 1e-15, ends: tuple[Floats, Floats] | None = None) -> Floats:
    """A root of each of several functions.

    Args:
        function: ``function(x, which)`` gives the values at ``x``, shape ``(m,)``, of the functions numbered ``which``.
        low, high: ends of the brackets, shape ``(n,)``; at the two ends of one the signs differ.
        xtol, rtol: a root is found when its bracket is shorter than ``xtol + rtol |x|``.
        ends: the values at ``low`` and at ``high`` where they are known, each ``(n,)``.

    Returns:
        The roots, shape ``(n,)``.

    Raises:
        ValueError: a function has one sign at both ends.

    >>> roots(lambda x, which: x**2 - np.array([2, 9])[which], [0.0, 0.0], [4.0, 4.0]).round(12).tolist()
    [1.414213562373, 3.0]
    """
    a, b = np.array(low, float), np.array(high, float)                  # a: the newest point; b: across the root; c: before
    which = np.arange(a.size)
    fa, fb = ends or (np.asarray(function(x, which), float) for x in (a, b))
    if not np.all(np.sign(fa) * np.sign(fb) <= 0):
        raise ValueError("a root needs values of both signs at the ends of its bracket")
    found, c, fc = np.empty(a.size), a, fa
    for turn in range(MOST):
        best = np.where(np.abs(fa) < np.abs(fb), a, b)
        wide, allowed = np.abs(b - a), xtol + rtol * np.abs(best)
        there = (wide <= allowed) | (np.minimum(np.abs(fa), np.abs(fb)) == 0) | (np.nextafter(a, b) == b)
        found[which[there]] = best[there]
        on = ~there
        if not on.any():
            return found
        which, a, b, c, fa, fb, fc, edge = (v[on] for v in (which, a, b, c, fa, fb, fc, 0.5 * allowed / wide))
        x = a + np.clip(_step(a, b, c, fa, fb, fc) if turn else 0.5, edge, 1 - edge) * (b - a)
        fx = np.asarray(function(x, which), float)
        same = np.sign(fx) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
    raise ValueError(f"no root found in {MOST} evaluations")


def root(function: Callable[[float], Any], low: float, high: float, xtol: float = 0.0, rtol: float = 1e-15) -> float:
    """The same for one function of a number.

    >>> round(root(lambda x: x**3 - 8, 0.0, 5.0), 12)
    2.0
    """
    return float(roots(lambda x, _: [function(float(x[0]))], [low], [high], xtol, rtol)[0])


def _step(a, b, c, fa, fb, fc):
    """How far from a to b to go: by the inverse parabola where it is monotone between them, else half way."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        xi, phi, alpha = (a - b) / (c - b), (fa - fb) / (fc - fb), (c - a) / (b - a)
        t = fa / (fa - fb) * fc / (fc - fb) - alpha * fa / (fc - fa) * fb / (fb - fc)
        safe = (1 - np.sqrt(1 - xi) < phi) & (phi < np.sqrt(xi)) & np.isfinite(t)
    return np.where(safe, t, 0.5)
