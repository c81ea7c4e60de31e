r"""The one recursion of second moments: how it is stepped, and how powers of a step reach far times.

One mode with state $s = (e, m_1, \dots, m_K)$ obeys $s' = M s + b g$ (``transition`` of a method). Its second moments
$E[s_i s_j]$, $i \le j$, are p = (K+1)(K+2)/2 numbers, on which M acts as a matrix T. All modes share one scalar:

$$ S_{t+1} = T S_t + d\,(w \cdot S_t^{ee} + \sigma^2), \qquad d = \tfrac{\lambda}{B}\,b b^\top \tag{recursion} $$

with w = n lambda where the risk drives the noise, and w = 0 where it does not. Every exact curve of the package is this loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.spectrum import Spectrum


@cache
def _pairs(k):
    """Indices i <= j of the products of k numbers, and where they differ."""
    i, j = np.triu_indices(k)
    return i, j, i != j


def on_products(M: Floats) -> Floats:
    """The matrix by which M acts on the products $s_i s_j$, $i \\le j$, of a state.

    Args:
        M: shape ``(k, k, ...)``.

    Returns:
        Shape ``(p, p, ...)``, p = k (k + 1) / 2, in the order of ``numpy.triu_indices(k)``.

    >>> on_products(np.array([[1.0, 2.0], [0.0, 3.0]])).tolist()
    [[1.0, 4.0, 4.0], [0.0, 3.0, 6.0], [0.0, 0.0, 9.0]]
    """
    i, j, mixed = _pairs(len(M))
    every = M[i][:, :, None] * M[j][:, None]
    T = every[:, i, j]
    T[:, mixed] += every[:, j[mixed], i[mixed]]                         # a mixed product stands for both its orders
    return T


def blocks(transition: tuple[Floats, Floats], lam: Floats, batch: Any, own: Any) -> tuple[Floats, Floats]:
    """T and d of (recursion) for some modes.

    Args:
        transition: M ``(k, k, ..., n)`` and b ``(k,)`` or ``(k, ..., 1)``; lam: ``(n,)``; batch: a number or ``(..., 1)``.
        own: k - 2 for inputs of kurtosis k: the share of its noise that a mode makes alone.

    Returns:
        ``(p, p, ..., n)`` and ``(p, ..., n)``.
    """
    M, b = transition
    b = b.reshape(len(b), *(1 for _ in M.shape[2:])) if b.ndim == 1 else b
    i, j, _ = _pairs(len(b))
    bb, T = b[i] * b[j], on_products(M)
    T[:, 0] += own / batch * lam**2 * bb
    return T, bb * (lam / batch)


def states(steps: Iterable[tuple[Floats, Floats]], S: Floats, weight: Floats, noise2: float) -> Iterator[tuple[Floats, Any]]:
    """The states of (recursion) at t = 0, 1, ..., each with its feedback $w \\cdot S^{ee}$.

    Args:
        steps: an iterable of pairs (T, d), one a step; ``itertools.repeat`` for constant parameters.
        S: the state at t = 0, ``(p, n)``, or those of m methods, ``(p, m, n)``; weight: w ``(n,)``; noise2: $\\sigma^2$.

    Yields:
        ``(S, feedback)``, once more than there are steps; of m methods the feedback is ``(m, 1)``, each as if it were alone.
        No checks, so that loops may run on it.
    """
    fed = weight.__matmul__ if S.ndim == 2 else lambda square: np.einsum("mn,n->m", square, weight)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        twice = fed(S[0])
        yield S, twice
        for T, drive in steps:
            S = np.einsum("pq...,q...->p...", T, S) + drive * (twice + noise2)
            twice = fed(S[0])
            yield S, twice


def start_squares(start: ArrayLike, spectrum: Spectrum) -> Floats:
    """E e_i^2 at t = 0 as it was passed, a number or one for each eigenvalue, checked and made one for each."""
    shape = spectrum.eigenvalues.shape
    return np.broadcast_to(arguments.each("start", start, 0.0, shape), shape)


def begin(start: Floats, size: int = 3) -> Floats:
    """The state that (recursion) starts from: E e_i^2 as given ``(n,)`` and empty buffers, shape ``(size, n)``."""
    S = np.zeros((size, len(start)))
    S[0] = start
    return S


# -- what is read off a curve -----------------------------------------------------------------------------------------
def curve_of(risks: Iterable[float], steps: int) -> Floats:
    """The first ``steps + 1`` of an endless sequence of risks; ``inf`` from where it has overflowed."""
    curve = np.full(steps + 1, np.inf)
    for t, risk in zip(range(steps + 1), risks, strict=False):
        if not risk < 1e250:
            break
        curve[t] = risk
    return curve


def first_at(risks: Iterable[float], target: float, limit: int) -> float:
    """When a sequence of risks first is at or below ``target``: log-linear between steps, ``inf`` if not by ``limit``."""
    before = np.inf
    for t, risk in enumerate(risks):
        if risk <= target:
            return between(t - 1, before, risk, target) if t else 0.0
        if t == limit or not risk < 1e250:
            break
        before = risk
    return np.inf


def between(t: int, before: float, after: float, target: float) -> float:
    """When the risk is at ``target``, from its values at t and t + 1: log-linear."""
    return t + float(np.log(before / target) / np.log(before / after))


# -- repeated squaring ------------------------------------------------------------------------------------------------
class Powers:
    """The powers 1, 2, 4, 8, ... of one step, a matrix ``(m, m)``, each formed when it is first asked for."""

    def __init__(self, step: Floats) -> None:
        self._known = [step]

    def __getitem__(self, k: int) -> Floats:
        """The step to the power 2^k."""
        if k >= len(self._known):
            with np.errstate(over="ignore", invalid="ignore"):
                while k >= len(self._known):
                    self._known.append(self._known[-1] @ self._known[-1])
        return self._known[k]

    def after(self, S: Floats, steps: int) -> Floats:
        """The state ``(m,)`` after so many more steps."""
        with np.errstate(over="ignore", invalid="ignore"):
            for k in range(int(steps).bit_length()):
                if int(steps) >> k & 1:
                    S = self[k] @ S
        return S

    def at(self, S: Floats, times: Any) -> Iterator[Floats]:
        """The states at whole times in increasing order, one after the other."""
        for gap in np.diff(times, prepend=0).astype(np.int64):
            S = self.after(S, gap)
            yield S
