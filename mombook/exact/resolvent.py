r"""The exact risk at far times, without the steps before: an inverse z-transform of the Volterra resolvent.

The modes meet in the risk alone, so with $T_i$ the step of one mode on its three second moments, $b_i$ what a unit of
$2R + \sigma^2$ does to it, and $g_i(\zeta)$ the first row of $(\zeta - T_i)^{-1}$,

$$ 2\hat R(\zeta) = \sum_t 2R_t\,\zeta^{-t-1} = \frac{F(\zeta) + \frac{\sigma^2}{\zeta-1} K(\zeta)}{1-K(\zeta)}, \qquad
   F = \sum_i n_i\lambda_i\, g_i s_i, \quad K = \sum_i n_i\lambda_i\, g_i b_i, \tag{resolvent} $$

$$ R_t = \frac{1}{2\pi i}\oint \hat R(\zeta)\,\zeta^t\,d\zeta, \qquad \zeta = \rho\,e^s, \quad
   s(\theta) = \tfrac{N}{t+1}\bigl(0.1309 - 0.1194\,\theta^2 + 0.25\,i\,\theta\bigr) \tag{far} $$

(s_i: the moments at the start). Once the turning modes, whose moments shrink by beta a step, are gone, all that is left are
real eigenvalues $\zeta \le \rho$, and N points on a parabola about them (Weideman and Trefethen 2007) give the integral to
about $e^{-N}$: every time costs some N passes over the spectrum, however far it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Floats

POINTS = (24, 32)
"""N in (far): the first is enough, the second tells when."""

AGREE = 1e-8
"""How closely the two contours must agree, relative: where they do not, turning modes are still felt. Those only fade, so one
agreement will do for all later times."""

AT_ONCE = 2**14
"""Numbers in an array for several times: 260 kB, which stay near the processor."""

GONE = 35.0
"""Turning modes count as gone when they have shrunk by e to this power, relative to the rest."""


def risks_at(blocks: tuple[Floats, Floats], excess: Floats, weight: Floats, start: Any, noise: float, log_rho: float,
             beta: float, times: Any) -> Floats:
    """The risk at far times by (far), and nan where it is too early for it.

    Args:
        blocks: what ``moments`` steps with: T ``(3, 3, n)`` and b ``(3, n)``; or ``(1, 1, n)`` and ``(1, n)`` without a buffer.
        excess: the top left entry of every T, less 1, to full relative precision ``(n,)``: at t = 10^8 slow modes need it.
        weight: n_i lambda_i; start: E e_i^2; both ``(n,)``.
        noise: sigma; log_rho: logarithm of the factor by which the risk shrinks in the long run, where s = 0 is put.
        beta: by which moments of turning modes shrink; times: in increasing order, ``(k,)``.

    Returns:
        Array ``(k,)``.
    """
    early = GONE / max(min(log_rho, 0.0) - np.log(beta), 1e-300) if beta > 0 else 0.0
    parts = [(start, 0.0, log_rho)]                                     # each is exact relative to its own size,
    if noise:
        parts.append((np.zeros_like(start), noise, max(log_rho, 0.0)))  # so what fades does not drown the floor

    def on_contours(t, points):
        return sum(_on_contour(blocks, excess, weight, *part, t, points) for part in parts)

    risk, far = np.full(len(times), np.nan), times > max(early, *POINTS)
    risk[far & (log_rho * (times + 1) > 700)] = np.inf                  # has overflowed
    ask = np.flatnonzero(far & np.isnan(risk))
    for at, k in enumerate(ask):                                        # until two contours agree, and then one will do
        risk[k], again = (on_contours(times[k:k + 1], points)[0] for points in POINTS)
        if abs(risk[k] - again) <= AGREE * abs(again):
            together = max(AT_ONCE // (POINTS[0] // 2 * weight.size), 1)
            for some in np.split(ask[at + 1:], np.arange(together, ask.size - at - 1, together)):
                risk[some] = on_contours(times[some], POINTS[0])
            break
        risk[k] = np.nan
    return risk


def _on_contour(blocks, excess, weight, start, noise, top, t, points):
    """The risk at times t ``(k,)`` by the trapezoidal rule on a contour for each; ``top``: logarithm of the largest real
    eigenvalue, or 0."""
    T, drive = blocks
    theta = (np.arange(points // 2) + 0.5) * 2 * np.pi / points        # the other half is the complex conjugate
    scaled = points * (0.1309 - 0.1194 * theta**2 + 0.25j * theta)      # s (t + 1)
    speed = points * (0.25j - 2 * 0.1194 * theta)
    t = t[:, None]
    beyond = np.expm1(top + scaled / (t + 1))                           # zeta - 1
    first = _first_row(T, excess, beyond[..., None])
    F, K = (first[0] * start) @ weight, sum(g * b for g, b in zip(first, drive, strict=True)) @ weight
    pole = noise**2 / beyond if noise else 0.0
    hat = (F + pole * K) / (1 - K) / 2                                  # (resolvent)
    return np.sum(2 / points * np.exp(top * (t + 1)) / (t + 1) * (hat * np.exp(scaled) * speed).imag, axis=1)


def _first_row(T, excess, beyond):
    """The first row of (zeta - T_i)^-1 for every zeta - 1 ``(k, m, 1)`` and mode: arrays ``(k, m, n)``."""
    if len(T) == 1:
        return [1 / (beyond - excess)]
    a, e, i = beyond - excess, beyond + (1 - T[1, 1]), beyond + (1 - T[2, 2])
    b, c, d, f, g, h = -T[0, 1], -T[0, 2], -T[1, 0], -T[1, 2], -T[2, 0], -T[2, 1]
    minors = (e * i - f * h, c * h - b * i, b * f - c * e)
    det = a * minors[0] + d * minors[1] + g * minors[2]
    return [m / det for m in minors]
