r"""Momentum on sampled rows, exactly: one step, second moments, and the rate they give.

The setting is that of Garg & Derezinski (2026): consistent least squares, any law of the rows, any batch. Everything is
written in the eigenvectors of G (see ``systems.System``), so a rank-deficient system is treated on its row space.
"""

import numpy as np
from scipy import optimize
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

from . import arguments
from .method import Method
from .systems import System

DRAWS = ("replacement", "distinct")


# -- one step ---------------------------------------------------------------------------------------------------------
def same_row_weight(system, batch, draws="replacement"):
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

    >>> from mombook.example_systems import unit_rows
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


def row_noise(system, M):
    """N(M) = E[(P - G) M (P - G)], in the eigenvectors of G."""
    lam = system.eigenvalues
    return system.one_row(M) - lam[:, None] * M * lam


def averaged_step(system, error, lr, batch, draws="replacement"):
    r"""E|e'|^2 after one plain step of size ``lr`` = a on the mean of a batch.

    $$ E|e'|^2 = e^\top\big[(I - aG)^2 + a^2 c\,(E P^2 - G^2)\big]\,e,\qquad E P^2 = G\ \text{for projections}
       \tag{averaged step} $$

    Exact for any system; c is that of (batch), 1/B with replacement. For a = B = 1 and projections the bracket is
    I - G: the rate 1 - mu of ``single_row_rate``.

    Args:
        system: a ``System``.
        error: e = w - w*, shape ``(d,)`` or ``(..., d)``.
        lr: step a.
        batch: rows in the batch.
        draws: ``"replacement"`` or ``"distinct"``.

    Returns:
        E|e'|^2 in the system's norm, shape ``(...)``.

    Raises:
        ValueError: an argument out of range, or ``error`` of another width than d.

    >>> s = System.kaczmarz(np.eye(2))
    >>> averaged_step(s, [[1.0, 0.0], [1.0, 1.0]], lr=1.0, batch=1).round(12)
    array([0.5, 1. ])
    """
    c = same_row_weight(system, batch, draws)
    a = arguments.number("lr", lr)
    e = arguments.array("error", error)
    if e.shape[-1:] != (system.shape[1],):
        arguments.refuse("error", error, f"an array of shape (..., {system.shape[1]})")
    e = e @ system.basis
    G, p, s = system.eigenvalues, system.probabilities, system.scales
    Pe2 = (e @ system.rows.T) ** 2 @ (p * s**2 * np.sum(system.rows**2, axis=1))            # e.E[P^2]e
    return np.sum(((1 - a * G) * e) ** 2, axis=-1) + a**2 * c * (Pe2 - np.sum((G * e) ** 2, axis=-1))


def single_row_rate(system):
    r"""The rate of one projection a step, lr = 1 (Strohmer & Vershynin 2009, Theorem 2).

    $$ E|e'|^2 \le \Big(1 - \frac{\sigma_{\min}^2(A)}{|A|_F^2}\Big)|e|^2 = (1 - \mu)\,|e|^2 \tag{single row} $$

    Kind: upper bound, reached when e is the eigenvector of mu. Holds for projections and coordinate steps.

    Raises:
        ValueError: a system whose steps are not projections.

    >>> single_row_rate(System.kaczmarz(np.eye(4)))
    0.75
    """
    arguments.instance("system", system, System)
    if system.action == "gradient":
        arguments.refuse("system", system, "one whose steps are projections")
    return 1 - system.smallest


# -- exact second moments ---------------------------------------------------------------------------------------------
def _maps(method, lam):
    """T and b of s' = T s + b noise for s = (e, m) at eigenvalue lam: the update rule itself, fed unit vectors."""
    one, zero = np.ones_like(lam), np.zeros_like(lam)
    T = np.stack([method.step(one, zero, lam), method.step(zero, one, zero)], axis=1)       # T[a, c] : c -> a
    return T, np.array(method.step(0.0, 0.0, 1.0))


def second_moment_operator(system, method, batch, draws="replacement", ridge=0.0):
    r"""The linear map that one step applies to E s s^T, s = (e, m), as a ``scipy.sparse.linalg.LinearOperator``.

    $$ S' = T S T^\top + c\; b b^\top \otimes N(S_{ee}),\qquad N(M) = E[(P-G)M(P-G)] \tag{row moments} $$

    Exact for every law of the rows, batch and method. It acts on S flattened from shape ``(2, 2, r, r)``, r = rank,
    the first two axes choosing e or m. One application costs O(n r^2); for small r, ``operator @ np.eye(4 * r * r)`` is
    the dense matrix, and the largest modulus of its eigenvalues is rho.

    Args:
        system: a ``System``.
        method: any ``Method``.
        batch: rows in the batch.
        draws: ``"replacement"`` or ``"distinct"``.
        ridge: weight decay r >= 0: every step adds r (w - w*) to the gradient, without noise, so that T is taken at
            the eigenvalues of G + r and N stays.

    Raises:
        ValueError: an argument out of range.

    >>> s = System.kaczmarz(np.eye(3))
    >>> second_moment_operator(s, Method.sgd(lr=1.0), batch=1).shape
    (36, 36)
    """
    c = same_row_weight(system, batch, draws)
    T, b = _maps(arguments.instance("method", method, Method), _curvature(system, ridge))
    r, bb = system.rank, np.multiply.outer(b, b)[..., None, None]

    def step(S):
        S = S.reshape(2, 2, r, r)
        TS = np.einsum("aci,cdij->adij", T, S)
        return (np.einsum("adij,bdj->abij", TS, T) + c * bb * row_noise(system, S[0, 0])).ravel()

    return LinearOperator((4 * r * r, 4 * r * r), matvec=step, dtype=float)


def error_curve(system, method, batch, steps, start=None, draws="replacement"):
    """E|e_t|^2 for t = 0..steps, by iterating (row moments): exact, and O(n r^2) a step.

    Args:
        system: a ``System``.
        method: any ``Method``, its buffer zero at t = 0.
        batch: rows in the batch.
        steps: number of steps.
        start: w_0, shape ``(d,)``; ``None`` is zero.
        draws: ``"replacement"`` or ``"distinct"``.

    Returns:
        shape ``(steps + 1,)``, squared distance to the solutions in the system's norm.

    Raises:
        ValueError: an argument out of range.

    >>> error_curve(System.kaczmarz(np.eye(2)), Method.sgd(lr=1.0), batch=1, steps=2)
    array([2. , 1. , 0.5])
    """
    step = second_moment_operator(system, method, batch, draws)
    w = start_of(system, start)
    e, r = (w - system.solution) @ system.basis, system.rank
    S = np.zeros((2, 2, r, r))
    S[0, 0] = np.outer(e, e)
    curve = [np.trace(S[0, 0])]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(arguments.whole("steps", steps)):
            S = step.matvec(S.ravel()).reshape(S.shape)
            curve.append(np.trace(S[0, 0]))
    curve = np.array(curve)
    return np.where(np.isfinite(curve), curve, np.inf)


MOST_DENSE = 12
"""Largest rank for which ``errors_at`` builds the matrix of (row moments)."""


def errors_at(system, method, batch, times, start=None, draws="replacement"):
    """``error_curve`` at chosen times only, however far: powers of (row moments) by repeated squaring.

    For ranks up to MOST_DENSE: the matrix acts on the r(2r+1) different second moments, 300 of them at rank 12.

    Args:
        system: a ``System``.
        method: any ``Method``, its buffer zero at t = 0.
        batch: rows in the batch.
        times: whole numbers >= 0 in increasing order, shape ``(k,)``.
        start: w_0, shape ``(d,)``; ``None`` is zero.
        draws: ``"replacement"`` or ``"distinct"``.

    Returns:
        E|e_t|^2, shape ``(k,)``; inf where it has overflowed.

    Raises:
        ValueError: an argument out of range, or a rank above MOST_DENSE.

    >>> errors_at(System.kaczmarz(np.eye(2)), Method.sgd(lr=1.0), 1, [0, 1, 10]).round(12).tolist()
    [2.0, 1.0, 0.001953125]
    """
    c, r = same_row_weight(system, batch, draws), system.rank
    if r > MOST_DENSE:
        arguments.refuse("system", system, f"a system of rank {MOST_DENSE} or less (error_curve takes any)")
    T, b = _maps(arguments.instance("method", method, Method), system.eigenvalues)
    times = arguments.array("times", times, low=0.0, ndim=1)
    if np.any(times != np.rint(times)) or np.any(np.diff(times) < 0):
        arguments.refuse("times", times, "whole numbers in increasing order")
    e = (start_of(system, start) - system.solution) @ system.basis

    # S as one symmetric matrix of size 2r; its entries on and above the diagonal are the unknowns.
    M = np.block([[np.diag(T[a, k]) for k in (0, 1)] for a in (0, 1)])
    i, j = np.triu_indices(2 * r)
    power = M[i][:, i] * M[j][:, j] + (i != j) * M[i][:, j] * M[j][:, i]
    for k in np.flatnonzero(j < r):                             # only S_ee makes noise
        unit = np.zeros((r, r))
        unit[i[k], j[k]] = unit[j[k], i[k]] = 1.0
        power[:, k] += c * np.kron(np.outer(b, b), row_noise(system, unit))[i, j]
    S, diagonal = np.zeros(i.size), np.flatnonzero((i == j) & (j < r))
    S[j < r] = np.outer(e, e)[i[j < r], j[j < r]]
    powers, found = [power], []
    with np.errstate(over="ignore", invalid="ignore"):
        for gap in np.diff(times, prepend=0).astype(np.int64).tolist():
            for bit in range(gap.bit_length()):
                if bit == len(powers):
                    powers.append(powers[-1] @ powers[-1])
                if gap >> bit & 1:
                    S = powers[bit] @ S
            found.append(S[diagonal].sum())
    found = np.array(found)
    return np.where(np.isfinite(found), found, np.inf)


def start_of(system, start):
    """w_0: the given start, shape ``(d,)``, or zero."""
    d = system.shape[1]
    return np.zeros(d) if start is None else arguments.array("start", start, shape=(d,))


def _response(method, lam, other, rho):
    """Gamma = sum_k rho^(-k-1) h_k(lam) h_k(other): what unit noise, once, adds to E e e' discounted by rho."""
    (T, b), (U, _) = _maps(method, lam), _maps(method, other)
    TU = np.einsum("ac...,bd...->...abcd", T, U).reshape(*lam.shape, 4, 4)
    bb = np.broadcast_to(np.outer(b, b).reshape(4, 1), (*lam.shape, 4, 1))
    return np.linalg.solve(rho * np.eye(4) - TU, bb)[..., 0, 0]


def _curvature(system, ridge):
    """What the mean gradient multiplies an error with: the eigenvalues of G + ridge."""
    return system.eigenvalues + arguments.number("ridge", ridge, low=0.0)


def _mean_rate(method, curvature):
    """Squared spectral radius of the mean step: rho without noise."""
    T, _ = _maps(method, curvature)
    return float(np.max(np.abs(np.linalg.eigvals(np.moveaxis(T, -1, 0))))) ** 2


def perron(K, N):
    """Largest eigenvalue of a map that keeps matrices positive, and its matrix, from the start N.

    The power method, since the next eigenvalue is far below as a rule (about a seventh); ARPACK where it is not.
    """
    top, before, r = np.linalg.norm(N), 0.0, len(N)
    for _ in range(60):
        N, before = K(N / top), top
        top = np.linalg.norm(N)
        if abs(top - before) <= 1e-14 * top or top < 1e-200:
            return top, N if top > 0 else np.eye(r)
    operator = LinearOperator((r * r, r * r), dtype=float, matvec=lambda v: K(v.reshape(r, r)).ravel())
    if r < 6:
        return np.max(np.abs(np.linalg.eigvals(operator @ np.eye(r * r)))), N
    try:
        top, vector = eigs(operator, k=1, which="LR", v0=N.ravel(), tol=1e-13)
    except ArpackNoConvergence as stuck:
        top, vector = stuck.eigenvalues, stuck.eigenvectors
        if not top.size:
            return before, N
    return top[0].real, vector[:, 0].real.reshape(r, r)


def _root_above(low, excess, guess=None):
    """The rho > low where the decreasing ``excess`` is zero; ``low`` where it is negative all the way down."""
    scale = max(low, 1e-3)
    f = lambda t: excess(low + scale * np.exp(t))  # noqa: E731  (nearly a line of slope -1 in t: few steps)
    a = b = np.log((guess - low) / scale) if guess is not None and guess > low * (1 + 1e-12) else -4.0
    fa = fb = f(a)
    step = max(1.2 * abs(fa), 1e-6)
    while fa < 0:
        if a == -30:
            return low
        a, b, step = max(a - step, -30.0), a, 3 * step
        fa = f(a)
    while fb > 0:
        a, b, step = b, b + step, 3 * step
        fb = f(b)
    return low + scale * np.exp(optimize.brentq(f, a, b, xtol=1e-13, rtol=1e-13))


def contraction_gap(system, method, batch, draws="replacement", ridge=0.0):
    r"""1 - rho: the exact contraction of E|e|^2 per step.

    $$ \rho:\quad \mathrm{spr}\big[\,N \mapsto c\,N(\Gamma_\rho \circ N)\,\big] = 1,\qquad
       \Gamma_{\rho,ij} = \sum_k \rho^{-k-1} h_k(\lambda_i) h_k(\lambda_j) \tag{row gap} $$

    Exact for every law of the rows: rho is the spectral radius of (row moments). Noise that enters now is felt later
    with weight Gamma and makes new noise; rho is the discount at which it just reproduces itself. Both maps keep
    positive matrices positive, so the radius falls with rho and the root is unique; where there is no noise, rho is
    that of the mean step. This needs r x r matrices in place of 2r x 2r ones, and its leading eigenvalue is well
    separated: the power method finds it in tens of products (rank 30 in 0.02 s, rank 100 in seconds). Absolute error
    of the gap about 1e-13.

    Args:
        system: a ``System``.
        method: any ``Method``.
        batch: rows in the batch.
        draws: ``"replacement"`` or ``"distinct"``.
        ridge: as ``second_moment_operator``.

    Returns:
        the gap; negative where E|e|^2 grows.

    Raises:
        ValueError: an argument out of range.

    >>> round(contraction_gap(System.kaczmarz(np.eye(4)), Method.sgd(lr=1.0), batch=1), 12)
    0.25
    """
    c = same_row_weight(system, batch, draws)
    arguments.instance("method", method, Method)
    curvature = _curvature(system, ridge)
    i, j = np.meshgrid(curvature, curvature, indexing="ij")
    seed, low = [np.diag(system.eigenvalues)], _mean_rate(method, curvature)

    def excess(rho):
        Gamma = c * _response(method, i, j, rho)
        top, seed[0] = perron(lambda N: row_noise(system, Gamma * N), seed[0])
        return np.log(max(top, 1e-300))

    if c == 0:
        return 1 - low
    return float(1 - _root_above(low, excess, 1 - guaranteed_gap(system, method, batch, draws, ridge)))


def guaranteed_gap(system, method, batch, draws="replacement", ridge=0.0):
    r"""A gap that the spectrum alone guarantees, whatever the law of the rows.

    $$ \rho:\quad c\,R\,\max_i \lambda_i \Gamma_{\rho,ii} = 1,\qquad R = \max_i s_i |a_i|^2 \tag{guaranteed} $$

    Holds for every method and every law of the rows with E P^2 <= R G.
    Kind: lower bound on the gap. The trace of the noise made by E e e^T is at most R tr(G E e e^T), and noise N adds
    at most tr(N) max lam Gamma to tr(G E e e^T), wherever it points: so the map in (row gap) shrinks traces at this
    rho. Reference: this book, (guaranteed).

    Args:
        system: a ``System``.
        method: any ``Method``.
        batch: rows in the batch.
        draws: ``"replacement"`` or ``"distinct"``.
        ridge: as ``second_moment_operator``.

    Raises:
        ValueError: an argument out of range.

    >>> s = System.kaczmarz(np.eye(4))
    >>> guaranteed_gap(s, Method.sgd(lr=0.5), 1) <= contraction_gap(s, Method.sgd(lr=0.5), 1)
    True
    """
    c = same_row_weight(system, batch, draws)
    arguments.instance("method", method, Method)
    lam, at, R = system.eigenvalues, _curvature(system, ridge), system.row_energy
    excess = lambda rho: np.log(max(c * R * np.max(lam * _response(method, at, at, rho)), 1e-300))  # noqa: E731
    low = _mean_rate(method, at)
    return float(1 - (low if c == 0 else _root_above(low, excess)))
