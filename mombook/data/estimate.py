"""The spectrum of rows too many or too wide for exact eigenvalues, and the power law that fits one, with an interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from .. import arguments
from ..arrays import Floats
from ..model.design import Design
from ..model.spectrum import Spectrum
from ..prose import three


def lanczos_spectrum(rows: Any, rng: np.random.Generator, steps: int = 60, probes: int = 10) -> Spectrum:
    r"""The spectrum of H = X^T X / n by stochastic Lanczos quadrature: products with X alone, H is never formed.

    $$ \sum_i f(\lambda_i) \approx \frac dm\sum_{p=1}^m\sum_{k=1}^{K} \omega_{pk}^2\, f(\theta_{pk}) \tag{lanczos} $$

    theta are the eigenvalues of the K x K tridiagonal matrix that Lanczos makes of H from a random start (fully
    reorthogonalised), omega the first entries of its eigenvectors: a Gauss rule, exact for polynomials up to degree 2K-1
    under the measure of that start; the mean over m starts is unbiased, with an error of about 1/sqrt(m d). Once K reaches the
    number of different eigenvalues they are exact. Extreme eigenvalues are approached from inside, so kappa from below.
    Reference: Ubaru, Chen & Saad (2017).

    Args:
        rows: X, shape ``(n, d)``, a ``Design``, or anything with ``@`` and ``.T`` (a ``scipy.sparse`` array).
        rng: a ``numpy.random.Generator``.
        steps: K; probes: m.

    Returns:
        A ``Spectrum`` with real counts that sum to the dimension found (zero eigenvalues left out).

    Raises:
        ValueError: an argument of the wrong kind or out of range.
    """
    X, n, d = _rows(rows)
    arguments.generator("rng", rng)
    K, m = min(arguments.whole("steps", steps, low=1), n, d), arguments.whole("probes", probes, low=1, high=100_000)
    return spectrum_of(lambda v: X.T @ (X @ v) / n, d, rng, K, m, max(n, d) * np.finfo(float).eps)


def spectrum_of(product: Callable[[Floats], Floats], d: int, rng: np.random.Generator, steps: int, probes: int,
                least: float) -> Spectrum:
    """(lanczos) for a symmetric matrix of size d that is known by its products alone; eigenvalues below ``least`` times the
    largest count as zero."""
    nodes, weights = [], []
    for _ in range(probes):
        theta, omega = gauss_rule(product, rng.choice([-1.0, 1.0], size=d), steps)
        nodes.append(theta)
        weights.append(d / probes * omega**2)
    theta, weight = np.concatenate(nodes), np.concatenate(weights)
    keep = (theta > least * theta.max()) & (weight > 1e-14 * d)
    return Spectrum(theta[keep], weight[keep], "Lanczos quadrature")


def gauss_rule(product: Callable[[Floats], Floats], v: Floats, steps: int) -> tuple[Floats, Floats]:
    """Nodes, and first entries of the eigenvectors, of the Gauss rule of one start v, shape ``(d,)``."""
    theta, U, _ = lanczos(product, v, steps)
    return theta, U[0]


def lanczos(product: Callable[[Floats], Floats], v: Floats, steps: int) -> tuple[Floats, Floats, Floats]:
    """Eigenvalues ``(k,)`` and eigenvectors ``(k, k)``, in columns, of the tridiagonal matrix that at most so many steps from v
    make, and their basis, in rows ``(k, d)``."""
    V, a, b = np.zeros((steps, v.size)), [], []
    v = v / np.linalg.norm(v)
    for k in range(steps):
        V[k] = v
        w = product(v)
        a.append(v @ w)
        for _ in range(2):                                              # Parlett: twice is enough
            w = w - V[:k + 1].T @ (V[:k + 1] @ w)
        size = np.linalg.norm(w)
        if k == steps - 1 or size <= 1e-13 * abs(a[0]):
            break
        b.append(size)
        v = w / size
    theta, U = scipy.linalg.eigh_tridiagonal(np.array(a), np.array(b[:len(a) - 1]))
    return theta, U, V[:len(a)]


def randomized_spectrum(rows: Any, rng: np.random.Generator, top: int = 50) -> Spectrum:
    """The ``top`` largest eigenvalues by the randomized SVD of scikit-learn, the others replaced by their mean.

    The trace is exact, and so is the noise that limits small batches; kappa is only bounded from below, since the small
    eigenvalues are not seen. Needs scikit-learn. Reference: Halko, Martinsson & Tropp (2011).

    Args:
        rows: X, shape ``(n, d)``, or a ``Design``; rng: a ``numpy.random.Generator``; top: how many.

    Returns:
        A ``Spectrum`` of at most top + 1 distinct entries.

    Raises:
        ValueError: an argument of the wrong kind or out of range.
        ImportError: scikit-learn is not installed.
    """
    X, n, d = _rows(rows)
    top = arguments.whole("top", top, low=1)
    seed = int(arguments.generator("rng", rng).integers(2**31))
    try:
        from sklearn.utils.extmath import randomized_svd
    except ImportError as missing:
        raise ImportError('Randomized SVD needs scikit-learn, which is missing: pip install scikit-learn.') from missing
    rank = min(n, d)
    _, s, _ = randomized_svd(X, min(top, rank), n_iter=6, random_state=seed)
    lam = s**2 / n
    rest = float(np.sum(X * X)) / n - lam.sum()
    if rank <= top or rest <= 1e-12 * lam.sum():
        return Spectrum(lam[lam > 0], name="randomized SVD")
    return Spectrum(np.append(lam, rest / (rank - top)), np.append(np.ones(top), rank - top), "randomized SVD")


@dataclass(frozen=True)
class Fit:
    """A power law through a spectrum; intervals hold 90 % of the bootstrap, ``None`` where there were no rows to draw.

    Attributes:
        decay, kappa: of the fit and of the spectrum.
        decay_interval, kappa_interval: (low, high).
        misfit: by which factor eigenvalues lie off the line, typically (exp of the root mean square in the logarithm).
        level: the line's value at rank 1.
    """

    decay: float
    kappa: float
    misfit: float
    level: float
    decay_interval: tuple[float, float] | None = None
    kappa_interval: tuple[float, float] | None = None

    @property
    def fits(self) -> bool:
        """Whether a power law is a fair description: within a factor MISFIT, typically."""
        return self.misfit <= MISFIT

    def __str__(self) -> str:
        band = wide = ""
        if self.decay_interval is not None and self.kappa_interval is not None:
            low, high = self.decay_interval
            ends = (-high, -low) if self.fits else (low, high)          # of the power, or of the decay
            band = " (90 % of bootstraps: {} to {})".format(*map(three, ends))
            wide = " ({} to {})".format(*map(three, self.kappa_interval))
        verdict = (f"Eigenvalues fall like rank to the power {three(-self.decay)}{band}, within a factor {three(self.misfit)}"
                   if self.fits else
                   f"A power law does not fit: about the best line, of decay {three(self.decay)}{band}, eigenvalues "
                   f"are off by a factor {three(self.misfit)}")
        return f"{verdict}; κ is {three(self.kappa)}{wide}."


MISFIT = 1.35
"""Typical factor about the line up to which a power law is said to fit."""


def fit_power_law(source: Design | Spectrum, rng: np.random.Generator | None = None, draws: int = 200) -> Fit:
    r"""The power law through a spectrum: least squares of log eigenvalue on log rank, every octave of ranks weighing the same.

    $$ \log\lambda_i \approx \log\lambda_1' - a\log i, \qquad \text{weights } 1/i \tag{power-fit} $$

    Intervals are percentiles over bootstrap draws of the rows. A bootstrap repeats rows, which lowers the smallest
    eigenvalue: kappa's interval leans upwards, the more so the fewer rows there are.

    Args:
        source: a ``Design``, or a ``Spectrum`` (no interval then).
        rng: a ``numpy.random.Generator`` for the bootstrap; ``None`` gives no interval.
        draws: how many bootstrap draws.

    Returns:
        A ``Fit``; ``print`` says it in words.

    Raises:
        ValueError: an argument of the wrong kind, or fewer than three eigenvalues.

    >>> fit = fit_power_law(Spectrum.power_law(100, 1.5))
    >>> round(fit.decay, 10), round(fit.misfit, 10)
    (1.5, 1.0)
    """
    if isinstance(source, Spectrum):
        decay, level, misfit = _line(source.eigenvalues, source.counts)
        return Fit(decay, source.kappa, misfit, level)
    lam = arguments.instance("source", source, Design).eigenvalues
    decay, level, misfit = _line(lam, np.ones(lam.size))
    fit = Fit(decay, float(lam[0] / lam[-1]), misfit, level)
    if rng is None:
        return fit
    arguments.generator("rng", rng)
    Z, n, found = source.system.matrix, source.shape[0], []
    for _ in range(arguments.whole("draws", draws, low=10)):
        weight = np.bincount(rng.integers(n, size=n), minlength=n)
        drawn = np.linalg.eigvalsh((Z.T * weight) @ Z / n)[::-1]
        drawn = drawn[drawn > 1e-14 * drawn[0]]
        found.append((_line(drawn, np.ones(drawn.size))[0], drawn[0] / drawn[-1]))
    (a, k), (A, K) = np.quantile(found, [0.05, 0.95], axis=0)
    return Fit(*(fit.decay, fit.kappa, fit.misfit, fit.level), (float(a), float(A)), (float(k), float(K)))


def _line(lam, counts):
    """decay, level at rank 1 and misfit; a run of equal eigenvalues stands at the middle of its ranks."""
    if lam.size < 3:
        arguments.refuse("source", lam.size, "something with at least three eigenvalues, to fit a line")
    rank = np.cumsum(counts) - (counts - 1) / 2
    weight = np.sqrt(counts / rank)                                     # polyfit squares its weights
    slope, level = np.polyfit(np.log(rank), np.log(lam), 1, w=weight)
    off = np.log(lam) - level - slope * np.log(rank)
    return float(-slope), float(np.exp(level)), float(np.exp(np.sqrt(weight**2 @ off**2 / (weight**2).sum())))


def _rows(rows):
    X = rows.rows if isinstance(rows, Design) else rows
    if not hasattr(X, "T") or not hasattr(X, "__matmul__") or len(np.shape(X)) != 2:
        arguments.refuse("rows", rows, "a matrix of shape (n, d), dense or scipy.sparse, or a mombook.Design")
    return X, *np.shape(X)
