r"""Label noise in epochs: residuals that are fixed, visited in a shuffled order, cancel within every epoch.

Rows are drawn without replacement until all n are used. The noise xi_t of step t, a mean of B residual gradients, then has

$$ \mathrm{Var}\,\xi_t = \frac{n}{n-1}\Bigl(1-\frac Bn\Bigr)\frac{\Sigma}{B}, \qquad
   \mathrm{Cov}(\xi_s, \xi_t) = -\frac{n}{n-1}\,\frac Bn\,\frac{\Sigma}{B} \ \text{in one epoch, and 0 in two}
   \tag{shuffled} $$

at the solution, where the residual gradients of all rows sum to zero. With a_j the response of a mode to a unit of noise after
j more steps, noise that is linear in the response is kept to the share

$$ \rho_T = \frac{\sum_i w_i\,\bigl[\sum_{j<T} a_{ij}^2
   - \frac Bn\sum_{\text{epochs}}\bigl(\sum_{j\in\text{epoch}} a_{ij}\bigr)^2\bigr]}
   {(1-B/n)\,\sum_i w_i \sum_{j<T} a_{ij}^2}, \qquad w_i = n_i\lambda_i^2 \tag{epoch-share} $$

of noise that is drawn afresh with Var xi_t. All sums are geometric in the two roots of a mode.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Floats

LEAST = 1e-12
"""The least share that is returned, so that its logarithm is a number."""


def batch_of_draws(batch: float, rows: int, largest: float) -> float:
    """The batch whose independent draws have the variance of ``batch`` distinct rows out of ``rows``: (shuffled)."""
    return batch if rows < 2 else min(batch * (rows - 1) / (rows - batch), largest) if batch < rows else largest


def noise_share(eigenvalues: Floats, weights: Floats, delta: Any, eta: Any, beta: Any, batch: float, rows: int,
                steps: int) -> Any:
    """The share rho_T of (epoch-share).

    Args:
        eigenvalues: curvatures ``(n,)``; weights: w_i, shape ``(n,)``.
        delta, eta, beta: a method's parameters, numbers or arrays ``(...)`` of many.
        batch: B, a real number up to ``rows``; rows: how many there are; steps: T >= 1.

    Returns:
        Shape ``(...)``; 1 where the batch holds all rows.

    >>> lam = np.ones(1)
    >>> [round(float(noise_share(lam, lam, 0.01, 0.0, 0.0, 1, 100, T)), 3) for T in (1, 50, 100, 150)]
    [1.0, 0.515, 0.077, 0.369]
    """
    k = int(rows // batch)
    if k <= 1 or rows - batch < 1e-9 * rows:                            # one batch an epoch: draws are independent
        return np.ones(np.shape(np.asarray(delta) + eta + beta))
    delta, eta, beta = (np.asarray(v, dtype=float)[..., None] for v in (delta, eta, beta))
    with np.errstate(all="ignore"):
        roots, parts = _modes(delta, eta, beta, eigenvalues)
        whole, rest = divmod(int(steps), k)
        late = [a * _geometric(z, rest) for z, a in zip(roots, parts, strict=True)]
        pairs = [(0, 0, 1), (1, 1, 1), (0, 1, 2)]                       # products of two sums, mixed ones twice
        square = sum(times * parts[i] * parts[j] * _geometric(roots[i] * roots[j], steps) for i, j, times in pairs)
        sums = sum(late) ** 2
        if whole:                                                       # epochs that are over
            early = [a * z**rest * _geometric(z, k) for z, a in zip(roots, parts, strict=True)]
            sums = sums + sum(times * early[i] * early[j] * _geometric((roots[i] * roots[j]) ** k, whole)
                              for i, j, times in pairs)
        fresh, cancelled = (np.real(v) @ weights for v in (square, sums))
        share = (1 - batch / rows * cancelled / fresh) / (1 - batch / rows)
    return np.clip(np.where(np.isfinite(share), share, 1.0), LEAST, None)


def _modes(delta, eta, beta, lam):
    """The two roots z of a mode and the two amplitudes: a_j = sum over both of amplitude z^j."""
    first = -(delta + eta)
    trace, det = 1 + first * lam + beta, beta * (1 - delta * lam)
    half = np.sqrt((trace / 2) ** 2 - det + 1e-12 + 0j)                 # (kept off a double root)
    one, other = trace / 2 + half, trace / 2 - half
    second = (1 + first * lam) * first - eta * beta
    amplitude = (second - other * first) / (2 * half)
    return (one, other), (amplitude, first - amplitude)


def _geometric(z, count):
    """1 + z + .. + z^(count - 1)."""
    near = np.abs(1 - z) < 1e-13
    return np.where(near, count, (1 - z**count) / np.where(near, 1, 1 - z))
