"""Consistent linear systems sampled row by row: what Kaczmarz, coordinate descent and minibatch SGD solve."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Draws, Floats, Ints, Vector

Action = Literal["projection", "gradient", "coordinate"]
Sampling = Literal["row_norm", "uniform"] | Vector

DRAWS = ("replacement", "distinct")
"""How a batch of rows is drawn."""

CONSISTENT_BELOW = 1e-8
"""Largest relative residual |A w - b| / |b| of the least-squares solution that still counts as consistent."""

PAIRED_BELOW = 45
"""Largest rank for which E[P M P] is computed from stored fourth moments (8 MB at 45)."""


@dataclass(frozen=True, eq=False)
class System:
    r"""A consistent system A w = b, the law that draws its rows, and what one drawn row does to the iterate.

    $$ G = \sum_i p_i s_i\, a_i a_i^\top, \qquad E\,g(w) = G\,(w - w_\ast) \tag{rows} $$

    A drawn row i gives the stochastic gradient g = s_i a_i (a_i . w - b_i). Every solution is equally good, and no row
    ever moves w outside the row space: errors, eigenvalues, kappa and rates below are those *on the row space* of the
    rows that can be drawn (``on_row_space`` is True where that is smaller than the whole space).

    Args:
        matrix: A, shape ``(n, d)``, a dense array or a ``scipy.sparse`` matrix (kept as CSR).
        rhs: b, shape ``(n,)``; ``None`` means A times ``solution``.
        solution: a solution, shape ``(d,)``; ``None`` with no ``rhs`` means the vector of ones.
        sampling: ``"row_norm"`` (p_i proportional to |a_i|^2), ``"uniform"``, or non-negative weights, shape ``(n,)``.
        action: ``"projection"``, s_i = 1/|a_i|^2 (Kaczmarz); ``"gradient"``, s_i = 1 (SGD on rows); ``"coordinate"``,
            A is positive semidefinite, row i moves coordinate i alone by (A w - b)_i / A_ii, and a_i in (rows) is
            row i of A^(1/2) (see ``coordinate_descent``).

    A zero row has probability zero under ``"row_norm"`` and does nothing under ``"gradient"``; where a projection onto
    it could be asked for, it is refused. Singular values (of the rows weighted by sqrt(p_i s_i)) below
    max(n, d) * 2.2e-16 of the largest count as zero.

    Raises:
        ValueError: wrong shapes, entries that are not finite, a zero row that can be drawn for a projection, weights
            that are negative or all zero, a matrix that is not positive semidefinite (coordinate), or a system that is
            not consistent: the theory here is for consistent systems only.

    >>> s = System.kaczmarz([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    >>> s.probabilities, s.rank, s.trace
    (array([0.2, 0.8, 0. ]), 2, 1.0)
    """

    matrix: Any
    rhs: Floats = None  # type: ignore[assignment]  # __post_init__ fills it in
    solution: Floats = None  # type: ignore[assignment]  # __post_init__ fills it in
    sampling: Sampling = "row_norm"
    action: Action = "projection"
    probabilities: Floats = field(init=False)
    scales: Floats = field(init=False)

    if TYPE_CHECKING:                                                   # more may be passed than is kept
        def __init__(self, matrix: Any, rhs: ArrayLike | None = None, solution: ArrayLike | None = None,
                     sampling: Sampling = "row_norm", action: Action = "projection") -> None: ...

    def __post_init__(self):
        fix = lambda field, value: object.__setattr__(self, field, value)  # noqa: E731  (the dataclass is frozen)
        arguments.choice("action", self.action, ("projection", "gradient", "coordinate"))
        fix("matrix", _matrix(self.matrix))
        n, d = self.matrix.shape
        if self.action == "coordinate":
            _symmetric(self.matrix)
        if self.rhs is None:
            solution = np.ones(d) if self.solution is None else self.solution
            fix("rhs", self.matrix @ arguments.array("solution", solution, shape=(d,)))
        fix("rhs", arguments.array("rhs", self.rhs, shape=(n,), allowed=f"a finite number for each of the {n} rows of matrix"))
        fix("probabilities", self._draws())
        fix("scales", self._scales())
        given = None if self.solution is None else arguments.array("solution", self.solution, shape=(d,))
        fix("solution", self._least_squares() if given is None else given)
        miss = np.linalg.norm(self.matrix @ self.solution - self.rhs)
        size = np.linalg.norm(self.rhs) if given is None else np.linalg.norm(self.rhs) + np.linalg.norm(self.solution)
        if miss > CONSISTENT_BELOW * size:
            raise ValueError(f"rhs must make a consistent system, which the theory here is for; the relative residual "
                             f"|A w - b| / |b| of {'the least-squares' if given is None else 'the given'} solution "
                             f"is {miss / size:.3g}.")

    # -- constructors, one a classical method -------------------------------------------------------------------------
    @classmethod
    def kaczmarz(cls, matrix: Any, rhs: ArrayLike | None = None, solution: ArrayLike | None = None,
                 sampling: Sampling = "row_norm") -> System:
        """Randomized Kaczmarz (Strohmer & Vershynin 2009): project onto rows drawn with p_i ~ |a_i|^2."""
        return cls(matrix, rhs, solution, sampling, "projection")

    @classmethod
    def coordinate_descent(cls, matrix: Any, rhs: ArrayLike | None = None, solution: ArrayLike | None = None,
                           sampling: Sampling = "row_norm") -> System:
        r"""Randomized coordinate descent on 1/2 w.Hw - c.w, with p_i ~ H_ii (Leventhal & Lewis 2010).

        $$ w_i' = w_i - \frac{(Hw - c)_i}{H_{ii}} \quad\Longleftrightarrow\quad
           v' = v - \frac{a_i (a_i\cdot v - c_i)}{|a_i|^2},\quad v = H^{1/2} w,\ a_i = H^{1/2} 1_i \tag{coordinates} $$

        Exact: it *is* Kaczmarz on H^(1/2) v = c. H^(1/2) is never formed; errors are (w - w*).H(w - w*) = |v - v*|^2.
        Here ``matrix`` is H, ``rhs`` is c and ``"row_norm"`` means |a_i|^2 = H_ii.
        """
        return cls(matrix, rhs, solution, sampling, "coordinate")

    @classmethod
    def least_squares_rows(cls, matrix: Any, rhs: ArrayLike | None = None, solution: ArrayLike | None = None) -> System:
        """Minibatch SGD on the rows: uniform sampling, gradient a_i (a_i . w - b_i), nothing normalised."""
        return cls(matrix, rhs, solution, "uniform", "gradient")

    # -- what the theorems need ---------------------------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, int]:
        """(n, d): rows and unknowns."""
        return self.matrix.shape

    @cached_property
    def square_norms(self) -> Floats:
        """|a_i|^2, shape ``(n,)``; H_ii for coordinate descent."""
        if self.action == "coordinate":
            return np.maximum(np.asarray(self.matrix.diagonal(), float), 0.0)
        square = self.matrix.multiply(self.matrix) if scipy.sparse.issparse(self.matrix) else self.matrix**2
        return np.asarray(square.sum(axis=1), float).ravel()

    @property
    def eigenvalues(self) -> Floats:
        """The non-zero eigenvalues of G, largest first, shape ``(rank,)``."""
        return self._factors[0]

    @property
    def rows(self) -> Floats:
        """The a_i written in the eigenvectors of G, shape ``(n, rank)``."""
        return self._factors[1]

    @property
    def basis(self) -> Floats:
        """Turns an error w - w* into those coordinates: ``(w - w*) @ basis``, shape ``(d, rank)``."""
        return self._factors[2]

    @property
    def rank(self) -> int:
        """Dimension of the space in which anything happens."""
        return self.eigenvalues.size

    @property
    def on_row_space(self) -> bool:
        """True where rank < d, so that every statement is about the row space only."""
        return self.rank < self.shape[1]

    @property
    def largest(self) -> float:
        """L, the largest eigenvalue of G."""
        return float(self.eigenvalues[0])

    @property
    def smallest(self) -> float:
        """mu, the smallest non-zero eigenvalue of G."""
        return float(self.eigenvalues[-1])

    @property
    def kappa(self) -> float:
        """Condition number L / mu on the row space."""
        return self.largest / self.smallest

    @property
    def trace(self) -> float:
        """tr G = sum p_i s_i |a_i|^2; it is 1 where the action is a projection or a coordinate step."""
        return float(np.sum(self.probabilities * self.scales * self.square_norms))

    @property
    def row_energy(self) -> float:
        """R = max s_i |a_i|^2 over rows that can be drawn, so that E P^2 <= R G; 1 for projections."""
        return float(np.max((self.scales * self.square_norms)[self.probabilities > 0]))

    def one_row(self, M: Floats) -> Floats:
        """E[P M P] for one drawn row, M of shape ``(rank, rank)`` in the eigenvectors of G.

        Up to rank PAIRED_BELOW by the fourth moments of the rows, gathered once: O(rank^4 / 4) a call whatever n is.
        einsum and not ``@``: products this small are slower on many BLAS threads than on one, and far slower still on
        a busy machine.
        """
        if self.rank > PAIRED_BELOW:
            a, weight = self.rows, self.probabilities * self.scales**2
            return (a * (weight * np.sum((a @ M) * a, axis=1))[:, None]).T @ a
        i, j, place = self.pairs
        return np.einsum("pq,q->p", self._of_pairs, np.where(i == j, M[i, i], M[i, j] + M[j, i]))[place]

    @cached_property
    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """Where i <= j in a symmetric matrix: i and j, ``(p,)``, and of every entry its place among these, ``(r, r)``."""
        i, j = np.triu_indices(self.rank)
        place = np.empty((self.rank, self.rank), int)
        place[i, j] = place[j, i] = np.arange(i.size)
        return i, j, place

    @cached_property
    def noise_of_pairs(self) -> Floats:
        """E[(P - G) M (P - G)] as a matrix ``(p, p)`` on the entries of a symmetric M at ``pairs``."""
        i, j, _ = self.pairs
        return self._of_pairs * np.where(i == j, 1, 2) - np.diag(self.eigenvalues[i] * self.eigenvalues[j])

    def errors(self, w: ArrayLike) -> Any:
        """Squared distance to the solutions (in the norm of ``action``) of iterates w, shape ``(..., d)``."""
        w = arguments.array("w", w, allowed=f"iterates of shape (..., {self.shape[1]})") if not isinstance(w, np.ndarray) else w
        if w.shape[-1:] != (self.shape[1],) or w.dtype.kind not in "iuf":
            arguments.refuse("w", w, f"iterates of shape (..., {self.shape[1]})")
        return np.sum(((w - self.solution) @ self.basis) ** 2, axis=-1)

    def __repr__(self) -> str:
        n, d = self.shape
        where = f"rank {self.rank}, on the row space" if self.on_row_space else f"rank {self.rank}"
        return f"System({n} x {d}, {self.action}, {where}: kappa={self.kappa:.4g}, trace={self.trace:.4g})"

    # -- how the pieces are found -------------------------------------------------------------------------------------
    def _draws(self):
        n = self.shape[0]
        if isinstance(self.sampling, str):
            arguments.choice("sampling", self.sampling, ("row_norm", "uniform"))
            p = self.square_norms if self.sampling == "row_norm" else np.ones(n)
        else:
            p = arguments.array("sampling", self.sampling, low=0.0, shape=(n,))
        if not np.any(self.square_norms):
            arguments.refuse("matrix", self.matrix, "a matrix with a row that is not zero")
        if not np.any(self.square_norms * p):
            arguments.refuse("sampling", self.sampling, "weights that can draw a row that is not zero")
        return p / p.sum()

    def _scales(self):
        if self.action == "gradient":
            return np.ones(self.shape[0])
        zero = self.square_norms == 0
        asked = np.flatnonzero(zero & (self.probabilities > 0))
        if asked.size:
            raise ValueError(f"matrix must have no zero row that can be drawn, since there is nothing to project onto; "
                             f"got zeros in row {asked[0]} (sampling='row_norm' never draws it).")
        return np.where(zero, 0.0, 1.0 / np.where(zero, 1.0, self.square_norms))

    def _least_squares(self):
        b = self.rhs
        dense = self.matrix.toarray() if scipy.sparse.issparse(self.matrix) else self.matrix
        return np.linalg.lstsq(dense, b, rcond=None)[0]

    @cached_property
    def _of_pairs(self):
        i, j, _ = self.pairs
        Z = self.rows[:, i] * self.rows[:, j]
        return (Z.T * (self.probabilities * self.scales**2)) @ Z

    @cached_property
    def _factors(self):
        A = self.matrix.toarray() if scipy.sparse.issparse(self.matrix) else self.matrix
        cut = max(A.shape) * np.finfo(float).eps
        embed = None
        if self.action == "coordinate":
            lam, V = np.linalg.eigh(A)
            keep = lam > cut * lam[-1]
            embed = V[:, keep] * np.sqrt(lam[keep])         # row i: H^(1/2) 1_i in the eigenvectors of H
            A = embed
        weight = np.sqrt(self.probabilities * self.scales)
        drawn = weight > 0
        _, sv, Vt = np.linalg.svd(weight[drawn, None] * A[drawn], full_matrices=False)
        keep = sv > cut * sv[0]
        lam, V = sv[keep] ** 2, Vt[keep].T
        return lam, A @ V, V if embed is None else embed @ V


def _matrix(value):
    allowed = "a dense or scipy.sparse matrix of shape (n, d) of finite numbers"
    if not scipy.sparse.issparse(value):
        return arguments.array("matrix", value, ndim=2, allowed=allowed)
    if value.ndim != 2 or 0 in value.shape or value.dtype.kind not in "iuf" or not np.all(np.isfinite(value.data)):
        arguments.refuse("matrix", value, allowed)
    return scipy.sparse.csr_array(value).astype(float)


def _symmetric(H):
    allowed = "symmetric and positive semidefinite for coordinate descent"
    dense = H.toarray() if scipy.sparse.issparse(H) else H
    if H.shape[0] != H.shape[1] or np.abs(dense - dense.T).max() > 1e-12 * np.abs(dense).max():
        arguments.refuse("matrix", H, allowed)
    lam = np.linalg.eigvalsh(dense)
    if lam[0] < -1e-10 * max(lam[-1], 0.0) or lam[-1] <= 0:
        arguments.refuse("matrix", H, allowed)


def same_row_weight(system: System, batch: int, draws: Draws = "replacement") -> float:
    r"""c = how much of the batch-mean second moment two draws of the same row carry; the noise is c times one row's.

    $$ E[\bar P M \bar P] = c\,E[P M P] + (1-c)\,GMG,\qquad
       c = \frac1B\ \text{or}\ \frac{n-B}{B(n-1)} \tag{batch} $$

    Exact for a batch of B independent draws (``"replacement"``) and for B different rows (``"distinct"``), every such
    set equally likely; the second needs equal probabilities. P = s_i a_i a_i^T is what one row does.

    Args:
        system: a ``System``.
        batch: B, a whole number >= 1 (and <= n where the rows are distinct).
        draws: ``"replacement"`` or ``"distinct"``.

    Raises:
        ValueError: a batch that is not whole or too large, or distinct rows with unequal probabilities.

    >>> from mombook.model.example_systems import unit_rows
    >>> s = unit_rows(9, 3, np.random.default_rng(0))
    >>> same_row_weight(s, 3), same_row_weight(s, 3, "distinct"), same_row_weight(s, 9, "distinct")
    (0.3333333333333333, 0.25, 0.0)
    """
    n = arguments.instance("system", system, System).shape[0]
    if arguments.choice("draws", draws, DRAWS) == "replacement":
        return 1.0 / arguments.whole("batch", batch, low=1)
    B = arguments.whole("batch", batch, low=1, high=n)
    if np.ptp(system.probabilities) > 1e-9 / n:
        arguments.refuse("draws", draws, "'replacement' where rows have unequal probabilities (distinct rows drawn "
                         "with unequal probabilities give a biased gradient)")
    return 0.0 if B == n else (n - B) / (B * (n - 1))


def start_of(system: System, start: ArrayLike | None) -> Floats:
    """w_0: the given start, shape ``(d,)``, or zero."""
    d = system.shape[1]
    return np.zeros(d) if start is None else arguments.array("start", start, shape=(d,))
