r"""A smooth curve through points that turns nowhere between them.

Piecewise cubic, with slopes that are harmonic means of the secants' (Fritsch & Butland 1984), as scipy's
``PchipInterpolator``: loading that costs a web page's Python seconds before its first answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats


class Monotone:
    r"""The curve through points (x, y).

    $$ y(x_k + s h) = y_k + d_k h s + (3 m_k - 2 d_k - d_{k+1}) h s^2 + (d_k + d_{k+1} - 2 m_k) h s^3, \quad 0 \le s \le 1
       \tag{monotone} $$

    with $h = x_{k+1} - x_k$, $m_k$ the slope of the secant and $d_k$ that of the curve.

    Args:
        x: increasing, shape ``(n,)``, n >= 2; y: shape ``(n,)``.

    >>> float(Monotone([0.0, 1.0, 2.0], [0.0, 1.0, 2.0])(0.25))
    0.25
    """

    def __init__(self, x: ArrayLike, y: ArrayLike) -> None:
        self.x, self.y = np.asarray(x, float), np.asarray(y, float)
        self.h = np.diff(self.x)
        self.m = np.diff(self.y) / self.h
        self.d = _slopes(self.h, self.m)

    def __call__(self, at: ArrayLike) -> Floats:
        """Its values; beyond the ends the last cubic goes on."""
        k, s = self._within(at)
        h, m, d, e = self.h[k], self.m[k], self.d[k], self.d[k + 1]
        return np.asarray(self.y[k] + h * s * (d + s * (3 * m - 2 * d - e + s * (d + e - 2 * m))))

    def slope(self, at: ArrayLike) -> Floats:
        """Its derivative."""
        k, s = self._within(at)
        m, d, e = self.m[k], self.d[k], self.d[k + 1]
        return np.asarray(d + s * (2 * (3 * m - 2 * d - e) + 3 * s * (d + e - 2 * m)))

    def _within(self, at):
        """The piece that each place is on, and how far along."""
        at = np.asarray(at, float)
        k = np.clip(np.searchsorted(self.x, at, side="right") - 1, 0, self.h.size - 1)
        return k, (at - self.x[k]) / self.h[k]


def _slopes(h, m):
    """The slope at each point: 0 where the secants turn, and at the ends what three points say, within bounds."""
    if m.size == 1:
        return np.repeat(m, 2)
    before, after = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (before + after) / (before / m[:-1] + after / m[1:])
    inner = np.where(m[:-1] * m[1:] > 0, mean, 0.0)
    return np.concatenate([[_end(h[0], h[1], m[0], m[1])], inner, [_end(h[-1], h[-2], m[-1], m[-2])]])


def _end(h, h_next, m, m_next):
    d = ((2 * h + h_next) * m - h * m_next) / (h + h_next)
    if d * m <= 0:
        return 0.0
    return 3 * m if m * m_next < 0 and abs(d) > 3 * abs(m) else d
