"""What a row method is to be compared with: Krylov solvers, counted product by product, to the same error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.systems import System


def first_passage(errors: ArrayLike, target: float) -> Floats:
    """The first t with errors[t] <= target * errors[0], per run; inf where that never happens.

    Args:
        errors: shape ``(runs, steps + 1)``, as ``simulate`` returns.
        target: relative squared error, > 0.

    Raises:
        ValueError: an argument out of range.

    >>> first_passage([[1.0, 0.5, 0.1], [1.0, 2.0, 3.0]], 0.2)
    array([ 2., inf])
    """
    target = arguments.number("target", target, above=0.0)
    try:
        errors = np.asarray(errors, dtype=float)
    except (TypeError, ValueError, OverflowError):
        arguments.refuse("errors", errors, "an array of shape (runs, steps + 1)")
    if errors.ndim != 2 or 0 in errors.shape or np.any(np.isnan(errors)):
        arguments.refuse("errors", errors, "an array of shape (runs, steps + 1)")
    below = errors <= target * errors[:, :1]
    return np.where(below.any(axis=1), below.argmax(axis=1), np.inf)


@dataclass(frozen=True)
class Yardstick:
    """What a Krylov solver needed: iterations, products with A or A^T, the relative squared error it reached."""

    solver: str
    iterations: int
    products: int
    error: float
    reached: bool


def krylov(system: System, target: float = 1e-6, solver: Literal["lsqr", "cg"] = "lsqr", limit: int = 10_000) -> Yardstick:
    """Iterations and products of scipy's Krylov solvers to the same error, |e|^2 <= target |e_0|^2, from zero.

    ``"lsqr"`` works on A; ``"cg"`` on the normal equations A^T A w = A^T b, or, for coordinate descent, on H w = c
    itself. Both minimise over the whole Krylov space with every row in every product, so they are what any row method
    of the same cost is to be compared with: a batch of B rows costs 2 B/n products (coordinate descent: B/n).

    Args:
        system: a ``System`` (unweighted: the solvers see A and b).
        target: relative squared error, in (0, 1).
        solver: ``"lsqr"`` or ``"cg"``.
        limit: most iterations to try; ``reached`` is False where they do not suffice.

    Returns:
        a ``Yardstick``; products are those of that one solve, the solver's set-up included.

    Raises:
        ValueError: an argument out of range, or lsqr for coordinate descent.

    >>> y = krylov(System.kaczmarz(np.diag([1.0, 2.0, 3.0])), 1e-12)
    >>> y.iterations, y.reached
    (3, True)
    """
    arguments.instance("system", system, System)
    target = arguments.number("target", target, above=0.0, below=1.0)
    limit = arguments.whole("limit", limit, low=1)
    arguments.choice("solver", solver, ("lsqr", "cg"))
    if solver == "lsqr" and system.action == "coordinate":
        arguments.refuse("solver", solver, "'cg' for coordinate descent, whose matrix is positive semidefinite")
    return (_cg if solver == "cg" else _lsqr)(system, target, limit)


class _Products:
    """A system's matrix, whose products with vectors are counted, and the relative squared error of an iterate."""

    def __init__(self, system):
        self.system, self.count = system, 0
        self.first = system.errors(np.zeros(system.shape[1]))

    def forward(self, v):
        """A v."""
        self.count += 1
        return self.system.matrix @ v

    def back(self, v):
        """A^T v."""
        self.count += 1
        return self.system.matrix.T @ v

    def relative(self, w):
        """|e|^2 / |e_0|^2."""
        return float(self.system.errors(w) / self.first) if self.first > 0 else 0.0


class _Enough(Exception):
    """What stops scipy's cg at the target."""


def _cg(system, target, limit):
    A, d = _Products(system), system.shape[1]
    coordinates = system.action == "coordinate"
    right = system.rhs if coordinates else A.back(system.rhs)
    path, products = [A.relative(np.zeros(d))], [A.count]

    def watch(w):
        path.append(A.relative(w))
        products.append(A.count)
        if path[-1] <= target:
            raise _Enough

    try:
        normal = A.forward if coordinates else (lambda v: A.back(A.forward(v)))
        operator = scipy.sparse.linalg.LinearOperator((d, d), matvec=normal, dtype=float)
        scipy.sparse.linalg.cg(operator, right, rtol=0.0, atol=0.0, maxiter=limit, callback=watch)
    except _Enough:
        pass
    return Yardstick("cg", len(path) - 1, products[-1], path[-1], path[-1] <= target)


def _lsqr(system, target, limit):
    def run(k):
        A = _Products(system)
        operator = scipy.sparse.linalg.LinearOperator(system.shape, matvec=A.forward, rmatvec=A.back, dtype=float)
        w = scipy.sparse.linalg.lsqr(operator, system.rhs, atol=0.0, btol=0.0, conlim=0.0, iter_lim=k)[0]
        return A.relative(w), A.count

    # lsqr has no callback, but its error falls monotonically: double, then bisect on the iteration limit.
    low, high = 0, 1
    while run(high)[0] > target and high < limit:
        low, high = high, min(2 * high, limit)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if run(middle)[0] <= target else (middle, high)
    error, products = run(high)
    return Yardstick("lsqr", high, products, error, error <= target)
