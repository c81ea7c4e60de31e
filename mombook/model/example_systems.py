"""Systems to try things on: random rows, polynomials, and a picture seen through rays."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy

from .. import arguments
from ..arrays import Floats
from .spectrum import Spectrum
from .systems import System

CELLS = 10**6
"""The most entries of a dense matrix made here."""


def gaussian(n: int, d: int, rng: np.random.Generator) -> System:
    """Kaczmarz on an ``(n, d)`` matrix of independent standard normals.

    >>> gaussian(50, 5, np.random.default_rng(0)).rank
    5
    """
    n = _size("n", n, 1)
    d = _size("d", d, n)
    return System.kaczmarz(arguments.generator("rng", rng).standard_normal((n, d)))


def unit_rows(n: int, d: int, rng: np.random.Generator, decay: float = 0.0) -> System:
    """Kaczmarz on n random rows of length one in dimension d; column j is scaled by j^(-decay/2) before normalising.

    With ``decay`` = 0 the rows are uniform on the sphere; a larger ``decay`` (>= 0) gives a larger kappa.

    >>> unit_rows(50, 5, np.random.default_rng(0)).square_norms.round(12).max()
    np.float64(1.0)
    """
    n = _size("n", n, 1)
    d = _size("d", d, n)
    decay = arguments.number("decay", decay, low=0.0)
    if decay * np.log(d) > 400:
        arguments.refuse("decay", decay, f"so small that d^(decay/2) does not overflow at d = {d}")
    rows = arguments.generator("rng", rng).standard_normal((n, d)) * np.arange(1, d + 1) ** (-decay / 2)
    return System.kaczmarz(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def with_spectrum(spectrum: Spectrum, n: int, rng: np.random.Generator) -> System:
    r"""Kaczmarz on n rows whose G has exactly the shape of a spectrum.

    $$ A = U\,\mathrm{diag}(\sqrt{\lambda}),\quad U^\top U = I \qquad\Rightarrow\qquad
       G = \frac{A^\top A}{|A|_F^2} = \mathrm{diag}(\lambda)/\mathrm{tr}\,H \tag{prescribed} $$

    U has random orthonormal columns, so kappa is exactly that of the spectrum; the rows have different lengths, and
    are drawn with p_i proportional to |a_i|^2.

    Args:
        spectrum: a ``Spectrum`` with d = ``spectrum.dim`` eigenvalues.
        n: number of rows, at least d.
        rng: a ``numpy.random.Generator``.

    >>> s = with_spectrum(Spectrum([3.0, 1.0]), 10, np.random.default_rng(0))
    >>> s.eigenvalues.round(12)
    array([0.75, 0.25])
    """
    d = int(arguments.instance("spectrum", spectrum, Spectrum).dim)
    n = arguments.affordable("n", arguments.whole("n", n, low=d), d, CELLS // 10, ", so that it fits in memory")
    U, _ = np.linalg.qr(arguments.generator("rng", rng).standard_normal((n, d)))
    return System.kaczmarz(U * np.sqrt(spectrum.expanded()))


def mirrored_rows(kappa: float) -> System:
    r"""Kaczmarz on two rows of length one that are each other's mirror image: (c, s) and (c, -s), c^2/s^2 = kappa.

    $$ P - G = \pm\, c s \begin{pmatrix}0&1\\1&0\end{pmatrix},\qquad
       N(M) = c^2 s^2 \begin{pmatrix}0&1\\1&0\end{pmatrix} M \begin{pmatrix}0&1\\1&0\end{pmatrix} \tag{mirrored} $$

    The noise of a row only exchanges the two directions: neither makes noise along itself. That is why heavy ball gains a
    factor of order sqrt(kappa) over SGD here at batch 1 (notebook 07).

    Args:
        kappa: the condition number, > 1.

    >>> mirrored_rows(9.0).eigenvalues.round(12)
    array([0.9, 0.1])
    """
    kappa = arguments.number("kappa", kappa, above=1.0)
    c, s = np.sqrt(kappa / (1 + kappa)), np.sqrt(1 / (1 + kappa))
    return System.kaczmarz([[c, s], [c, -s]])


def vandermonde(n: int, degree: int, nodes: Literal["chebyshev", "equispaced"] = "chebyshev") -> System:
    """Kaczmarz on the fit of a polynomial of the given degree through n points of [-1, 1], monomials 1, x, x^2, ...

    Its kappa grows geometrically with the degree, at either choice of nodes: the columns x^k are nearly parallel.

    >>> vandermonde(20, 6).kappa < vandermonde(20, 8).kappa
    True
    """
    n = _size("n", n, 1)
    degree = arguments.affordable("degree", arguments.whole("degree", degree, high=10_000), n, CELLS // 10)
    arguments.choice("nodes", nodes, ("chebyshev", "equispaced"))
    x = np.cos(np.pi * (np.arange(n) + 0.5) / n) if nodes == "chebyshev" else np.linspace(-1, 1, n)
    return System.kaczmarz(np.vander(x, degree + 1, increasing=True))


def _size(name, value, other):
    """A side of a dense matrix that fits in memory."""
    return arguments.affordable(name, arguments.whole(name, value, low=1), other, CELLS, ", so that it fits in memory")


def tomography(side: int, rays: int, rng: np.random.Generator) -> System:
    r"""Kaczmarz on the ray transform of a ``side x side`` picture: row i holds the length of ray i in every pixel.

    $$ b_i = \int_{\mathrm{ray}\ i} f \approx \sum_j \ell_{ij} f_j \tag{ray} $$

    Exact lengths, found from the sorted crossings of a ray with the grid lines (Siddon 1985); the matrix is sparse,
    about ``side`` entries a row. Rays have random angles and offsets, and all of them meet the picture. The solution
    is a small test picture made of three discs.

    Args:
        side: pixels along an edge, so d = side^2.
        rays: number of rays n.
        rng: a ``numpy.random.Generator``.

    >>> s = tomography(8, 300, np.random.default_rng(0))
    >>> s.shape, s.rank, bool(s.matrix.sum(axis=1).max() <= np.sqrt(2))
    ((300, 64), 64, True)
    """
    side, rays = arguments.whole("side", side, low=1, high=2000), arguments.whole("rays", rays, low=1)
    arguments.affordable("rays" if rays > side else "side", max(side, rays), min(side, rays), CELLS // 20)
    angle = np.pi * arguments.generator("rng", rng).random(rays)
    along = np.stack([np.cos(angle), np.sin(angle)])                          # direction, unit square about the origin
    offset = (rng.random(rays) - 0.5) * np.abs(along).sum(axis=0)
    foot = offset * np.stack([-along[1], along[0]])
    lines = np.linspace(-0.5, 0.5, side + 1)
    t = (lines[:, None, None] - foot) / np.where(along == 0, np.finfo(float).tiny ** 0.5, along)
    t = np.sort(np.clip(t, -1.0, 1.0).reshape(-1, rays), axis=0)              # |t| < 1/sqrt(2) inside the square
    middle = (t[1:] + t[:-1]) / 2
    cell = np.floor((foot[:, None] + along[:, None] * middle + 0.5) * side).astype(int)
    inside = np.all((cell >= 0) & (cell < side), axis=0) & (np.diff(t, axis=0) > 1e-14)
    ray = np.broadcast_to(np.arange(rays), inside.shape)[inside]
    entries = (np.diff(t, axis=0)[inside], (ray, (cell[1] * side + cell[0])[inside]))
    A = scipy.sparse.csr_array(entries, shape=(rays, side * side))
    return System.kaczmarz(A, solution=discs(side))


def discs(side: int) -> Floats:
    """A test picture of three discs, values 0 to 1, shape ``(side * side,)``, for ``tomography``.

    >>> discs(16).reshape(16, 16)[8, 8] > 0
    np.True_
    """
    side = arguments.whole("side", side, low=1, high=2000)
    x, y = np.meshgrid(*[(np.arange(side) + 0.5) / side - 0.5] * 2)
    picture = sum(v * ((x - a) ** 2 + (y - b) ** 2 < r * r)
                  for v, a, b, r in [(0.4, 0.0, 0.0, 0.42), (0.6, -0.12, 0.1, 0.13), (0.3, 0.18, -0.12, 0.1)])
    return np.asarray(picture, float).ravel()
