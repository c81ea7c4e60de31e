"""What a row method is to be compared with: Krylov solvers, counted product by product, to the same error."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg, lsqr

from . import arguments
from .systems import System


def first_passage(errors, target):
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
    errors = np.asarray(errors, dtype=float)
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


def krylov(system, target=1e-6, solver="lsqr", limit=10_000):
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
    A, first = system.matrix, system.errors(np.zeros(system.shape[1]))
    tally = [0]

    def counted(M):
        def product(v):
            tally[0] += 1
            return M @ v
        return product

    forward, back = counted(A), counted(A.T)
    relative = lambda w: float(system.errors(w) / first) if first > 0 else 0.0  # noqa: E731
    path = [relative(np.zeros(system.shape[1]))]

    if solver == "cg":
        d = system.shape[1]
        normal = forward if system.action == "coordinate" else (lambda v: back(forward(v)))
        right = system.rhs if system.action == "coordinate" else back(system.rhs)
        products = [tally[0]]

        class Enough(Exception):
            pass

        def watch(w):
            path.append(relative(w))
            products.append(tally[0])
            if path[-1] <= target:
                raise Enough

        try:
            operator = LinearOperator((d, d), matvec=normal, dtype=float)
            cg(operator, right, rtol=0.0, atol=0.0, maxiter=limit, callback=watch)
        except Enough:
            pass
        return Yardstick("cg", len(path) - 1, products[-1], path[-1], path[-1] <= target)

    def run(k):
        tally[0] = 0
        operator = LinearOperator(A.shape, matvec=forward, rmatvec=back, dtype=float)
        w = lsqr(operator, system.rhs, atol=0.0, btol=0.0, conlim=0.0, iter_lim=k)[0]
        return relative(w), tally[0]

    # lsqr has no callback, but its error falls monotonically: double, then bisect on the iteration limit.
    low, high = 0, 1
    while run(high)[0] > target and high < limit:
        low, high = high, min(2 * high, limit)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if run(middle)[0] <= target else (middle, high)
    error, products = run(high)
    return Yardstick("lsqr", high, products, error, error <= target)
