r"""Fourth moments of real rows: where the Gaussian theory of this book is off, by how much, and what to put in its place.

Gaussian inputs enter the theory through one line, (fourth-moment). Rows of data have fourth moments of their own; those that
act on the mean square of the errors along the eigenvectors of H, z = V^T x, are

$$ C_{ij} = \frac{E[z_i^2 z_j^2]}{\lambda_i\lambda_j}, \qquad C_{ij} = 1 + 2\,\mathbb 1[i=j] \text{ for Gaussian inputs}
   \tag{pairs} $$

The diagonal is the kurtosis along each direction. What decides is the whole: by which factor the noise of the rows sustains
itself more than Gaussian noise does, when steps are small,

$$ \tau = \frac{\mathrm{spr}[N \mapsto \mathcal N(\Gamma\circ N)]}
               {\mathrm{spr}[N \mapsto \mathcal N_{\mathrm{Gauss}}(\Gamma\circ N)]},
   \qquad \Gamma_{ij} = \frac1{\lambda_i+\lambda_j+2r}, \quad \mathcal N(M) = E[xx^\top M xx^\top] - HMH. \tag{noise-factor} $$

Rows at batch B then behave as Gaussian inputs do at batch B/tau.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..exact.moments import contraction_gap, noise_floor, risk_at
from ..exact.row_moments import perron
from ..model.design import Design
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..tuning import horizon
from ..tuning.frontiers import Frontier, critical_batches, frontier

EXACT_BELOW = 2e7
"""n rank^2 up to which ``noise_factor`` uses every fourth moment of the rows; beyond, those of (pairs) only."""


def kurtosis(design: Design) -> Floats:
    """E z_i^4 / (E z_i^2)^2 along every eigenvector of H, shape ``(rank,)``; 3 for Gaussian rows."""
    return np.diag(pair_moments(design)).copy()


def pair_moments(design: Design) -> Floats:
    """The matrix C of (pairs), shape ``(rank, rank)``."""
    arguments.instance("design", design, Design)
    square = design.system.matrix**2 / design.eigenvalues
    return square.T @ square / len(square)


def noise_factor(design: Design, ridge: float = 0.0, pairs: bool | None = None) -> float:
    """How much more than Gaussian noise the noise of these rows sustains itself: tau of (noise-factor).

    Args:
        design: a ``Design``.
        ridge: weight decay r >= 0.
        pairs: ``True`` uses the fourth moments of (pairs) alone, which is exact where the rows' signs along the
            eigenvectors are independent of their sizes, and costs one product; ``False`` uses all; ``None`` all that
            can be had in seconds.

    Returns:
        A float: 1 for Gaussian rows, more for heavy tails.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> signs = np.array([[1.0, 1], [-1, 1], [1, -1], [-1, -1]])
    >>> round(noise_factor(Design(signs)), 12)                  # z^2 = 1: the noise is tr(HM) I - diag(M), where Gauss has +
    0.3333333333...
    """
    arguments.instance("design", design, Design)
    lam, r = design.eigenvalues, arguments.number("ridge", ridge, low=0.0)
    n, d = design.shape[0], design.rank
    pairs = None if pairs is None else arguments.flag("pairs", pairs)
    if pairs if pairs is not None else n * d * d > EXACT_BELOW:
        return pair_factor(lam, pair_moments(design), r)
    i, j, _ = design.system.pairs
    top, _ = perron(design.system, 1 / (lam[i] + lam[j] + 2 * r), np.where(i == j, lam[i], 0.0))
    return float(top / _gaussian_radius(lam, r))


def pair_factor(eigenvalues: Floats, pairs: Floats, ridge: float = 0.0) -> float:
    """``noise_factor`` from the eigenvalues ``(n,)`` and the matrix (pairs) ``(n, n)`` alone."""
    lam = arguments.array("eigenvalues", eigenvalues, above=0.0, ndim=1)
    ridge = arguments.number("ridge", ridge, low=0.0)
    pairs = arguments.array("pairs", pairs, shape=(lam.size, lam.size),
                            allowed=f"a matrix of finite numbers, a row and a column for each of the {lam.size} eigenvalues")
    return float(_radius(lam, pairs, ridge) / _gaussian_radius(lam, ridge))


def _radius(lam, pairs, ridge):
    """spr of v_i -> sum_j (C_ij - delta_ij) lam_i lam_j v_j / (2 lam_j + 2 r), a matrix without negative entries."""
    share = lam / (2 * (lam + ridge))
    M = np.sqrt(np.outer(lam * share, lam * share)) * (pairs - np.eye(lam.size))
    return float(np.linalg.eigvalsh((M + M.T) / 2)[-1])


def _gaussian_radius(lam, ridge):
    return _radius(lam, 1.0 + 2.0 * np.eye(lam.size), ridge)


@dataclass(frozen=True, eq=False)
class Inputs:
    r"""What theory is told about the inputs: a spectrum, a fourth-moment factor tau and a ridge r.

    $$ S_i' = M_i S_i M_i^\top + \tfrac{\tau}{B}\bigl[\lambda_i^2\,E e_i^2 + \lambda_i\,(2R + \sigma^2/\tau)\bigr]\,bb^\top,
       \qquad M_i \text{ at curvature } \ell_i = \lambda_i + r \tag{tailed-moments} $$

    The ridge bends the mean step and makes no noise. The engine of ``moments`` takes this as it is, exactly: with
    s_i = lambda_i/(lambda_i + r), a mode of curvature l_i, count tau s_i^2 n_i and kurtosis 2 + tau s_i^2 obeys the same
    equations when its E e_i^2 is divided by s_i, and its risk is then tau R. Here R = (1/2) sum lambda_i E e_i^2 is the
    excess over the ridge solution in the data's own loss.

    Args:
        spectrum: a ``Spectrum``, without the ridge.
        factor: tau > 0; 1 is Gaussian.
        ridge: r >= 0.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> from mombook import Method
    >>> bool(np.isclose(Inputs(Spectrum.flat(10)).gap(Method.sgd(0.1), 4), 0.2 - 0.01 * 15 / 4))
    True
    """

    spectrum: Spectrum
    factor: float = 1.0
    ridge: float = 0.0

    def __post_init__(self):
        arguments.instance("spectrum", self.spectrum, Spectrum)
        object.__setattr__(self, "factor", arguments.number("factor", self.factor, above=0.0))
        object.__setattr__(self, "ridge", arguments.number("ridge", self.ridge, low=0.0))
        if self.ridge > 1e9 * self.spectrum.largest:
            arguments.refuse("ridge", self.ridge, f"at most 1e9 times the largest eigenvalue of {self.spectrum!r}")

    @classmethod
    def of(cls, design: Design, ridge: float = 0.0, gaussian: bool = False) -> Inputs:
        """The inputs that stand for the rows of a ``Design``; ``gaussian`` leaves their fourth moments out."""
        spectrum = arguments.instance("design", design, Design).spectrum(ridge)
        return cls(spectrum, 1.0 if arguments.flag("gaussian", gaussian) else noise_factor(design, ridge), ridge)

    @cached_property
    def share(self) -> Floats:
        """s_i = lambda_i/(lambda_i + r), shape ``(n,)``."""
        return self.spectrum.eigenvalues / (self.spectrum.eigenvalues + self.ridge)

    @cached_property
    def engine(self) -> tuple[Spectrum, Any]:
        """(spectrum, kurtosis) that make ``moments`` and ``tuning`` compute (tailed-moments)."""
        H, weight = self.spectrum, self.factor * self.share**2
        kurtosis = 2 + self.factor if self.ridge == 0 else 2 + weight
        return Spectrum(H.eigenvalues + self.ridge, weight * H.counts, H.name), kurtosis

    @property
    def kappa(self) -> float:
        """Condition number of H + r."""
        return self.engine[0].kappa

    def gap(self, method: Method, batch: Any) -> Any:
        """Contraction gap 1 - rho of the expected risk; see ``mombook.contraction_gap``."""
        H, k = self.engine
        return contraction_gap(H, method, batch, k)

    def floor(self, method: Method, batch: Any, noise: float) -> Any:
        """Stationary excess risk under label noise; see ``mombook.noise_floor``."""
        H, k = self.engine
        return noise_floor(H, method, batch, noise, k) / self.factor

    def risk_at(self, method: Method, batch: Any, times: ArrayLike, noise: float = 0.0, start: ArrayLike = 1.0) -> Floats:
        """Expected risk at chosen times, ``start`` being E e_i^2 at t = 0; see ``mombook.risk_at``."""
        H, k = self.engine
        return risk_at(H, method, batch, times, noise, self._start(start), k) / self.factor

    def steps_to(self, method: Method, batch: Any, target: float, noise: float = 0.0, start: ArrayLike = 1.0) -> float:
        """Steps until the expected risk is at ``target``, however many; see ``horizon.steps_to``."""
        H, k = self.engine
        target = arguments.number("target", target, above=0.0)
        return horizon.steps_to(H, method, batch, target * self.factor, noise, self._start(start), k)

    def frontier(self, families: Sequence[str] | None, batches: ArrayLike, precision: float = 1e-9) -> dict[str, Frontier]:
        """Tuned methods over batches; see ``mombook.frontier``."""
        H, k = self.engine
        return frontier(H, families, batches, precision, k)

    def critical_batches(self, families: Sequence[str] | None, share: float = 0.5) -> dict[str, float]:
        """Where compute efficiency has halved; see ``mombook.critical_batch``."""
        H, k = self.engine
        return critical_batches(H, families, share, k)

    def initial_risk(self, start: ArrayLike = 1.0) -> float:
        """R at t = 0."""
        start = arguments.each("start", start, 0.0, self.spectrum.eigenvalues.shape)
        return float(self.spectrum.counts @ (self.spectrum.eigenvalues * start)) / 2

    def _start(self, start):
        return np.broadcast_to(arguments.each("start", start, 0.0, self.share.shape) / self.share, self.share.shape)
