r"""The exact risk after every step of a long run, however many eigenvalues and however long the memory.

The moments S of all modes obey (moments). Over a block of m steps, with $r_k = w^{\mathsf T} M^k$, where $w^{\mathsf T} S =
2R$, and M what each mode does to itself,

$$ 2R_{t+k} = r_k S_t + \sum_{i<k} r_{k-1-i}\,d\,(2R_{t+i} + \sigma^2), \qquad
   S_{t+m} = M^m S_t + \sum_{i<m} M^{m-1-i} d\,(2R_{t+i} + \sigma^2) \tag{block-renewal} $$

d is what a unit of noise brings. M has 3 by 3 blocks, one a mode, and all r_k and M^k d are the same for every block: some
12 n multiplications a step, without a loop over steps, where (moments) takes as many in 24 passes. All terms but those of
turning modes are positive, so nothing is lost to rounding.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import recursion

MOST_HELD = 2**21
"""Numbers in a table of rows: modes times steps of a block, 50 MB."""


def risks(spectrum: Spectrum, method: Method, batch: float, steps: int, noise: float = 0.0, start: ArrayLike = 1.0,
          kurtosis: Any = 3.0, theta: bool = False) -> Floats:
    r"""The exact expected risk after 0, 1, ..., ``steps`` steps, by (block-renewal); no checks, so that loops may run on it.

    Args:
        as ``mombook.risk_curve``; theta: the risk at $\theta = w + \eta m$, the point before Nesterov's look-ahead.

    Returns:
        Array ``(steps + 1,)``; ``inf`` from the step at which the risk overflows.

    >>> import mombook
    >>> from mombook import Method, Spectrum
    >>> H, m = Spectrum([1.0, 0.5]), Method.heavy_ball(0.1, 0.9)
    >>> bool(np.allclose(risks(H, m, 4, 50), mombook.risk_curve(H, m, 4, 50), rtol=1e-13))
    True
    """
    lam, weight = spectrum.eigenvalues, spectrum.counts * spectrum.eigenvalues
    M, d = recursion.blocks(method.transition(lam), lam, batch, kurtosis - 2)
    S = recursion.begin(recursion.start_squares(start, spectrum))
    twice = np.stack([weight, 0 * lam, 0 * lam])                        # 2R of the moments, and what is to be shown
    shown = np.stack([weight, 2 * method.eta * weight, method.eta**2 * weight]) if theta else twice
    if method.eta == 0:                                                 # the buffer is never read
        M, d, S, twice, shown = M[:1, :1], d[:1], S[:1], twice[:1], shown[:1]
    doublings = int(min(np.ceil(np.log2(steps + 1) / 2), np.log2(max(MOST_HELD // lam.size, 1))))
    size = 2**doublings
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        powers = [M]
        for _ in range(doublings):
            powers.append(np.einsum("ijn,jkn->ikn", powers[-1], powers[-1]))
        backwards = [np.swapaxes(power, 0, 1) for power in powers]
        rows = _powers(twice, backwards).reshape(size, -1)
        fresh = _powers(d, powers)[::-1].reshape(size, -1)              # what the noise of each step of a block leaves
        solved = np.eye(size) + _lower(_resolved(rows @ d.ravel()))     # the inverse of 1 - kernel convolves too
        answer, fed = solved @ rows, solved.sum(1) * noise**2           # 2R + sigma^2 of a block's steps, from its first state
        seen, floor = answer, 0.0
        if noise or theta:                                              # not minus sigma^2: digits
            seen = _powers(shown, backwards).reshape(size, -1)
            now = _lower(seen @ d.ravel())
            seen, floor = seen + now @ answer, now @ fed
        curve = np.full(-(-(steps + 1) // size) * size, np.inf)
        for first in range(0, steps + 1, size):
            drive = answer @ S.ravel() + fed
            risk = (drive if seen is answer else seen @ S.ravel() + floor) / 2
            if np.isfinite(risk).all():
                S = np.einsum("ijn,jn->in", powers[-1], S) + (drive @ fresh).reshape(S.shape)
            else:                                                       # zeros of a block times infinities
                each = recursion.states(itertools.repeat((M, d), size), S, weight, noise**2)
                *before, S = (state for state, _ in each)
                risk = np.array([(shown * state).sum() / 2 for state in before])
            curve[first:first + size] = risk
            if not risk[-1] < 1e250:
                break
    over = np.flatnonzero(~(curve < 1e250))
    if over.size:
        curve[over[0]:] = np.inf
    return curve[:steps + 1]


def _powers(vectors, powers):
    """v, step v, step^2 v, ... for the powers 1, 2, 4, ... of a step, the last left out: ``(2^k, 3, n)``."""
    out = vectors[None]
    for power in powers[:-1]:
        out = np.concatenate([out, np.einsum("ijn,kjn->kin", power, out)])
    return out


def _resolved(kernel):
    """u of 1 + u = (1 - kernel)^-1, as convolutions, each one step late."""
    u = kernel.copy()
    for k in range(1, kernel.size):
        u[k] += kernel[:k][::-1] @ u[:k]
    return u


def _lower(kernel):
    """The matrix that convolves with a kernel, one step late."""
    size = kernel.size
    at = np.subtract.outer(np.arange(size), np.arange(size)) - 1
    return np.where(at >= 0, kernel[np.maximum(at, 0)], 0.0)
