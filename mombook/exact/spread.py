r"""How far single runs lie from the expected risk: the exact variance of the risk, and so what a mean of N runs can show.

With $h_i = \sqrt{\lambda_i}\,e_i$ and $s^2 = |h|^2 + \sigma^2$ (twice the loss of a run), the gradient of B Gaussian inputs
is $g_i = \lambda_i e_i + \sqrt{\lambda_i}\,\varepsilon_i$, and (batch-in-one) gives the moments of its noise, given h:

$$ E\,\varepsilon_i\varepsilon_j = \tfrac1B\,(h_ih_j + \delta_{ij}\,s^2), \qquad
   E\,\varepsilon_i\varepsilon_j\varepsilon_k = \tfrac{2}{B^2}\Bigl(h_ih_jh_k + \sum_{3}\delta_{ij}h_k\,s^2\Bigr) $$

$$ E\,\varepsilon_i\varepsilon_j\varepsilon_k\varepsilon_l = a\sum_{3}\delta_{ij}\delta_{kl}\,s^4
   + b\sum_{6}\delta_{ij}h_kh_l\,s^2 + 3a\,h_ih_jh_kh_l,
   \qquad a = \tfrac{1}{B^2} + \tfrac{2}{B^3}, \quad b = \tfrac{1}{B^2} + \tfrac{6}{B^3} \tag{noise-moments} $$

(each sum over the ways to choose its pairs). None is of a higher degree in h than in the noise, so the fourth moments of the
state close on themselves and the second: with $P_i = (e_i^2, e_i m_i, m_i^2)$, those of two directions, $Y_{ij} = E[P_i
P_j^T]$, and those of one, $D_i = E[P_i P_i^T]$. The variance of the risk is read off $E\,|h|^4$, a sum over them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product, repeat

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import recursion
from .moments import checked

_PAIRS = ((0, 0), (0, 1), (1, 1))
"""The products of a state s = (e, m), in the order in which they stand in P."""


def risk_spread(spectrum: Spectrum, method: Method, batch: float, steps: int, noise: float = 0.0,
                start: ArrayLike = 1.0) -> Floats:
    r"""The exact standard deviation of a single run's risk after 0, 1, ..., ``steps`` steps, from (noise-moments).

    $$ \mathrm{sd}(R_t) = \tfrac12\sqrt{E\,|h_t|^4 - (E\,|h_t|^2)^2} \tag{spread} $$

    For Gaussian inputs; O(n^2) numbers a step. A mean of N runs has the standard error sd / sqrt(N): where that is
    not far below the expected risk, the mean is carried by runs too rare to be among N.

    Args:
        spectrum: a ``Spectrum`` of n distinct eigenvalues.
        method: a ``Method``; its buffer starts at zero.
        batch: batch size, >= 1.
        steps: how many, a whole number from 0 to a million.
        noise: standard deviation sigma of the label noise.
        start: E[e_i^2] at t = 0, one number or shape ``(n,)``; e_i starts at + or - its root, as in ``simulate``.

    Returns:
        Shape ``(steps+1,)``, in the units of ``risk_curve``; ``inf`` from where it has overflowed.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> one = risk_spread(Spectrum([1.0]), Method.sgd(lr=0.5), batch=1, steps=1)        # R' = (1 - C/2)^2 / 2, C chi-square
    >>> bool(np.isclose(one[1], np.sqrt(2) / 2))
    True
    """
    spectrum, method, batch, _ = checked(spectrum, method, batch, 3.0, scalar=True)
    steps = arguments.whole("steps", steps, high=arguments.LONGEST)
    noise = arguments.number("noise", noise, low=0.0)
    each = spreads(spectrum, method, batch, noise, recursion.start_squares(start, spectrum))
    return recursion.curve_of((sd for _, sd in each), steps)


def spreads(spectrum: Spectrum, method: Method, batch: float, noise: float, start: Floats) -> Iterator[tuple[float, float]]:
    """Endless generator of mean and standard deviation of the risk at t = 0, 1, 2, ...; no checks.

    Y is one matrix ``(3n, 3n)``; of D only its excess over Y_ii is stepped, ``(n, 3, 3)``.
    """
    lam, counts, n, B = spectrum.eigenvalues, spectrum.counts, len(spectrum), batch
    a, b = 1 / B**2 + 2 / B**3, 1 / B**2 + 6 / B**3
    M, drive = method.transition(lam)
    T, U = (np.moveaxis(on, -1, 0) for on in (recursion.on_products(M), _once(M, drive) * lam))       # each (n, 3, 3)
    V, beta = T / B + 2 * U / B**2, np.outer(lam, [drive[i] * drive[j] for i, j in _PAIRS])
    twice_each = np.einsum("pqr,nrs,n->npqs", _crossed(drive), T, lam / B)
    allT, allU, allV = (_diagonal(each) for each in (T, U, V))
    pushed, squares = _diagonal(beta[:, None]), np.kron(np.diag(lam), [[1.0], [0.0], [0.0]])         # (n, 3n) and (3n, n)
    P = recursion.begin(start).T
    Y, D = np.outer(P, P), np.zeros((n, 3, 3))
    second = recursion.states(repeat(recursion.blocks((M, drive), lam, B, 1.0)), P.T, counts * lam, noise**2)
    with np.errstate(over="ignore", invalid="ignore"):
        for S, twice in second:
            Yh, Dh = Y @ squares, D[:, :, 0] * lam[:, None]
            F = (Yh @ counts).reshape(n, 3) + Dh                                                      # E |h|^2 P_i
            square = counts @ (lam * F[:, 0])                                                         # E |h|^4
            yield twice / 2, float(np.sqrt(max(square - twice**2, 0.0))) / 2
            F += noise**2 * S.T                                                                       # E s^2 P_i
            f = lam * F[:, 0]
            square += 2 * noise**2 * twice + noise**4                                                 # E s^4
            both = (a * square + 3 * a * squares.T @ Yh) / 2 + b * f[:, None]
            Z = (allV @ (Yh + F.reshape(-1, 1)) + pushed.T @ both) @ pushed
            Y = allT @ Y @ allT.T + allU @ Y @ allU.T / B + Z + Z.T
            UF = (U @ F[:, :, None])[:, :, 0]
            one = 1.5 * a * lam * Dh[:, 0] + a * square + 2 * b * f
            Z = ((V @ Dh[:, :, None])[:, :, 0] + 4 / B**2 * UF + one[:, None] * beta)[:, :, None] * beta[:, None]
            D = T @ D @ T.swapaxes(1, 2) + U @ D @ U.swapaxes(1, 2) / B + Z + Z.swapaxes(1, 2) \
                + np.einsum("npqr,nr->npq", twice_each, F)


def _diagonal(blocks):
    """Blocks ``(n, p, q)`` down the diagonal of one matrix."""
    n, p, q = blocks.shape
    return np.einsum("npq,nm->npmq", blocks, np.eye(n)).reshape(n * p, n * q)


def _once(M, drive):
    """The map from P to the products of e (M s) with the drive, each way round: where the noise enters once."""
    a = np.array([M[:, 0], M[:, 1], np.zeros_like(M[:, 0])])                                          # from e^2, e m, m^2
    return np.array([a[:, i] * drive[j] + a[:, j] * drive[i] for i, j in _PAIRS])


def _crossed(drive):
    """The map from E[a a^T] to the four ways to take one a from each of two products and the drive in its other place."""
    C = np.zeros((3, 3, 3))
    for (p, one), (q, other) in product(enumerate(_PAIRS), repeat=2):
        for x, y in product((0, 1), repeat=2):
            C[p, q, _PAIRS.index(tuple(sorted((one[x], other[y]))))] += drive[one[1 - x]] * drive[other[1 - y]]
    return C
