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

import numpy as np
import scipy
from numpy.typing import ArrayLike

from ..arrays import Floats
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import recursion
from .moments import checked

MOST_HELD = 2**21
"""Numbers in a table of rows: modes times steps of a block, 50 MB."""


def risks(spectrum: Spectrum, method: Method, batch: float, steps: int, noise: float = 0.0, start: ArrayLike = 1.0,
          kurtosis: ArrayLike = 3.0, theta: bool = False) -> Floats:
    r"""The exact expected risk after 0, 1, ..., ``steps`` steps, by (block-renewal).

    Args:
        as ``mombook.risk_curve``; theta: the risk at $\theta = w + \eta m$, the point before Nesterov's look-ahead.

    Returns:
        Array ``(steps + 1,)``; ``inf`` from the block in which the risk overflows.

    >>> import mombook
    >>> from mombook import Method, Spectrum
    >>> H, m = Spectrum([1.0, 0.5]), Method.heavy_ball(0.1, 0.9)
    >>> bool(np.allclose(risks(H, m, 4, 50), mombook.risk_curve(H, m, 4, 50), rtol=1e-13))
    True
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis, scalar=True)
    lam, weight = spectrum.eigenvalues, spectrum.counts * spectrum.eigenvalues
    M, d = recursion.blocks(method.transition(lam), lam, batch, kurtosis - 2)
    most = min(2 ** int(np.ceil(np.log2(steps + 1) / 2)), max(MOST_HELD // lam.size, 1))
    size = 2 ** int(np.log2(most))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        rows = _powers(np.stack([weight, 0 * lam, 0 * lam]), np.swapaxes(M, 0, 1), size)
        seen = rows if not theta else _powers(np.stack([weight, 2 * method.eta * weight, method.eta**2 * weight]),
                                              np.swapaxes(M, 0, 1), size)
        fresh = _powers(d, M, size)[::-1].reshape(size, -1)             # what the noise of each step of a block leaves
        whole = M
        for _ in range(int(np.log2(size))):
            whole = np.einsum("ijn,jkn->ikn", whole, whole)
        kernel = rows.reshape(size, -1) @ d.ravel()
        feedback, shown = _lower(kernel), _lower(seen.reshape(size, -1) @ d.ravel())
        # The inverse of 1 - feedback convolves too: its first column is all of it.
        answer = scipy.linalg.solve_triangular(np.eye(size) - feedback, np.eye(size, 1), lower=True, unit_diagonal=True,
                                               check_finite=False).ravel()
        solved = np.eye(size) + _lower(np.append(answer[1:], 0.0))
        S = recursion.begin(recursion.start_squares(start, spectrum))
        curve = np.full(-(-(steps + 1) // size) * size, np.inf)
        for first in range(0, steps + 1, size):
            drive = solved @ (rows.reshape(size, -1) @ S.ravel() + noise**2)                # 2R + sigma^2, step by step
            risk = (seen.reshape(size, -1) @ S.ravel() + shown @ drive) / 2             # not (drive - noise^2)/2: digits
            curve[first:first + size] = np.where(risk < 1e250, risk, np.inf)
            if not risk[-1] < 1e250:
                break
            S = np.einsum("ijn,jn->in", whole, S) + (drive @ fresh).reshape(S.shape)
    return curve[:steps + 1]


def _powers(vectors, step, count):
    """v, step v, step^2 v, ...: ``(count, 3, n)``."""
    out = np.empty((count, *vectors.shape))
    out[0] = vectors
    for k in range(1, count):
        np.einsum("ijn,jn->in", step, out[k - 1], out=out[k])
    return out


def _lower(kernel):
    """The matrix that convolves with a kernel, one step late."""
    size = kernel.size
    at = np.subtract.outer(np.arange(size), np.arange(size)) - 1
    return np.where(at >= 0, kernel[np.maximum(at, 0)], 0.0)
