r"""Momentum on sampled rows, exactly: one step, second moments, and the rate they give.

The setting is that of Garg & Derezinski (2026): consistent least squares, any law of the rows, any batch. Everything is
written in the eigenvectors of G (see ``systems.System``), so a rank-deficient system is treated on its row space.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Draws, Floats
from ..model import systems
from ..model.design import Design
from ..model.method import Method
from ..model.systems import System, same_row_weight, start_of
from . import recursion


# -- one step ---------------------------------------------------------------------------------------------------------
def row_noise(system: System, M: Floats) -> Floats:
    """N(M) = E[(P - G) M (P - G)], in the eigenvectors of G."""
    lam = system.eigenvalues
    return system.one_row(M) - lam[:, None] * M * lam


def noise_bounds(system: System) -> tuple[float, float]:
    r"""How much noise one drawn row makes in the quietest and in the loudest direction, relative to G.

    $$ \tau\,G \preceq E P^2 - G^2 \preceq R\,G \tag{noise-bounds} $$

    with the largest tau and the smallest R. An error e makes noise of size e.(E P^2 - G^2)e = tr N(e e^T). Gaussian inputs
    of spectrum H have tau = tr + mu and R = tr + L; projections have tau = 1 - L and R = 1 - mu. Exact; O(n r^2).

    Args:
        system: a ``System``.

    Returns:
        ``(tau, R)``; R is at most ``system.row_energy``.

    Raises:
        ValueError: not a ``System``.

    >>> tuple(round(v, 12) for v in noise_bounds(System.kaczmarz([[2.0, 0.0], [0.0, 1.0]])))
    (0.2, 0.8)
    """
    lam, a = arguments.instance("system", system, System).eigenvalues, system.rows
    weight = system.probabilities * system.scales**2 * np.sum(a**2, axis=1)
    root = 1 / np.sqrt(lam)
    noise = root[:, None] * ((a.T * weight) @ a - np.diag(lam**2)) * root
    ends = np.linalg.eigvalsh(noise)
    return float(max(ends[0], 0.0)), float(ends[-1])


def averaged_step(system: System, error: ArrayLike, lr: float, batch: int, draws: Draws = "replacement") -> Any:
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


def single_row_rate(system: System) -> float:
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
def second_moment_operator(system: System, method: Method, batch: int, draws: Draws = "replacement", ridge: float = 0.0) -> Any:
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
    T, b = arguments.instance("method", method, Method).transition(_curvature(system, ridge))
    r, bb = system.rank, np.multiply.outer(b, b)[..., None, None]

    def step(S):
        S = S.reshape(2, 2, r, r)
        TS = np.einsum("aci,cdij->adij", T, S)
        return (np.einsum("adij,bdj->abij", TS, T) + c * bb * row_noise(system, S[0, 0])).ravel()

    return scipy.sparse.linalg.LinearOperator((4 * r * r, 4 * r * r), matvec=step, dtype=float)


def error_curve(system: System, method: Method, batch: int, steps: int, start: ArrayLike | None = None,
                draws: Draws = "replacement") -> Floats:
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
    step, steps = second_moment_operator(system, method, batch, draws), arguments.whole("steps", steps, high=100_000)
    e = (start_of(system, start) - system.solution) @ system.basis
    return _curve(step, e, np.ones_like(e), steps)


def _curve(step, e, weight, steps, drive=0.0):
    """weight . diag(S_ee) after 0, 1, .., ``steps`` steps of (row moments) from the error e; every step adds ``drive`` to S."""
    S = np.zeros((2, 2, e.size, e.size))
    S[0, 0] = np.outer(e, e)
    curve = [weight @ np.diag(S[0, 0])]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            S = step.matvec(S.ravel()).reshape(S.shape) + drive
            curve.append(weight @ np.diag(S[0, 0]))
    curve = np.array(curve)
    return np.where(np.isfinite(curve), curve, np.inf)


MOST_DENSE = 12
"""Largest rank for which ``errors_at`` builds the matrix of (row moments)."""


def errors_at(system: System, method: Method, batch: int, times: ArrayLike, start: ArrayLike | None = None,
              draws: Draws = "replacement") -> Floats:
    """``error_curve`` at chosen times only, however far: by powers of (row moments).

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
    T, b = arguments.instance("method", method, Method).transition(system.eigenvalues)
    times = arguments.array("times", times, low=0.0, ndim=1)
    if np.any(times != np.rint(times)) or np.any(np.diff(times) < 0):
        arguments.refuse("times", times, "whole numbers in increasing order")
    e = (start_of(system, start) - system.solution) @ system.basis

    # S as one symmetric matrix of size 2r; its entries on and above the diagonal are the unknowns.
    M = np.block([[np.diag(T[a, k]) for k in (0, 1)] for a in (0, 1)])
    i, j = np.triu_indices(2 * r)
    step = recursion.on_products(M)
    for k in np.flatnonzero(j < r):                             # only S_ee makes noise
        unit = np.zeros((r, r))
        unit[i[k], j[k]] = unit[j[k], i[k]] = 1.0
        step[:, k] += c * np.kron(np.outer(b, b), row_noise(system, unit))[i, j]
    S, diagonal = np.zeros(i.size), (i == j) & (j < r)
    S[j < r] = np.outer(e, e)[i[j < r], j[j < r]]
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.array([state[diagonal].sum() for state in recursion.Powers(step).at(S, times)])
    return np.where(np.isfinite(found), found, np.inf)


def _response(method, lam, other):
    """Gamma_rho = sum_k rho^(-k-1) h_k(lam) h_k(other), as a function of rho: what unit noise, once, adds to E e e'."""
    (T, b), (U, _) = method.transition(lam), method.transition(other)
    TU = np.einsum("ac...,bd...->...abcd", T, U).reshape(*lam.shape, 4, 4)
    bb, one = np.broadcast_to(np.outer(b, b).reshape(4, 1), (*lam.shape, 4, 1)), np.eye(4)
    return lambda rho: np.linalg.solve(rho * one - TU, bb)[..., 0, 0]


def _curvature(system, ridge):
    """What the mean gradient multiplies an error with: the eigenvalues of G + ridge."""
    return system.eigenvalues + arguments.number("ridge", ridge, low=0.0)


def _mean_rate(method, curvature):
    """Squared spectral radius of the mean step: rho without noise."""
    T, _ = method.transition(curvature)
    return float(np.max(np.abs(np.linalg.eigvals(np.moveaxis(T, -1, 0))))) ** 2


def perron(system: System, Gamma: Floats, N: Floats) -> tuple[float, Floats]:
    """Largest eigenvalue of N -> N(Gamma o N), which keeps matrices positive, and its matrix, from the start N.

    Matrices are symmetric and given by their entries at ``system.pairs``. The power method, since the next eigenvalue is far
    below as a rule (about a seventh); ARPACK where it is not.
    """
    i, j, place = system.pairs
    if system.rank <= systems.PAIRED_BELOW:
        K = system.noise_of_pairs * Gamma
        if len(K) < 20:                                                 # all eigenvalues take no longer than a few products
            return float(np.abs(np.linalg.eigvals(K)).max()), N
        apply = lambda N: np.einsum("pq,q->p", K, N)  # noqa: E731  (not @: see ``System.one_row``)
    else:
        apply = lambda N: row_noise(system, (Gamma * N)[place])[i, j]  # noqa: E731
    top, before = float(np.sqrt(N @ N)), 0.0
    for _ in range(60):
        N, before = apply(N / top), top
        top = float(np.sqrt(N @ N))
        if abs(top - before) <= 1e-14 * top or top < 1e-200:
            return top, N if top > 0 else np.where(i == j, 1.0, 0.0)
    operator = scipy.sparse.linalg.LinearOperator((N.size, N.size), dtype=float, matvec=apply)
    try:
        top, vector = scipy.sparse.linalg.eigs(operator, k=1, which="LR", v0=N, tol=1e-13)
    except scipy.sparse.linalg.ArpackNoConvergence as stuck:
        top, vector = stuck.eigenvalues, stuck.eigenvectors
        if not top.size:
            return before, N
    return top[0].real, vector[:, 0].real


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
    return low + scale * np.exp(scipy.optimize.brentq(f, a, b, xtol=1e-13, rtol=1e-13))


def contraction_gap(system: System, method: Method, batch: int, draws: Draws = "replacement", ridge: float = 0.0) -> float:
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
    i, j, _ = system.pairs
    seed, low = [np.where(i == j, system.eigenvalues[i], 0.0)], _mean_rate(method, curvature)
    response = _response(method, curvature[i], curvature[j])

    def excess(rho):
        top, seed[0] = perron(system, c * response(rho), seed[0])
        return np.log(max(top, 1e-300))

    if c == 0:
        return 1 - low
    return float(1 - _root_above(low, excess, 1 - guaranteed_gap(system, method, batch, draws, ridge)))


def heavy_ball_ceiling(system: System, batch: int) -> float:
    r"""A gap that no heavy ball exceeds on these rows: (T2) with the quietest direction's noise in the place of the trace.

    $$ \mathrm{gap} \le (1+\sqrt\rho)^2\,\frac{B\mu}{\tau}
       \quad\Longrightarrow\quad \mathrm{gap} \le \frac{4y}{(1+y)^2},\qquad
       y = \min\Bigl(\frac{B\mu}{\tau}, \frac1{\sqrt\kappa}\Bigr) \tag{row ceiling} $$

    with tau of (noise-bounds). Holds for any eta > 0 and 0 <= beta < 1, any law of the rows, draws with replacement. It is
    far above (T2) only where tau is small: for projections, tau = 1 - L, where one direction carries nearly all the trace.
    Kind: upper bound on the gap. Reference: this book, notebook 07, (row ceiling).

    Args:
        system: a ``System``.
        batch: B, a whole number >= 1.

    Raises:
        ValueError: an argument out of range.

    >>> s = System.kaczmarz(np.eye(4))
    >>> heavy_ball_ceiling(s, 1) >= contraction_gap(s, Method.heavy_ball(lr=0.3, beta=0.5), 1)
    True
    """
    tau, _ = noise_bounds(system)
    B, cap = arguments.whole("batch", batch, low=1), 1 / np.sqrt(system.kappa)
    y = min(B * system.smallest / tau, cap) if tau > 0 else cap
    return float(4 * y / (1 + y) ** 2)


def guaranteed_gap(system: System, method: Method, batch: int, draws: Draws = "replacement", ridge: float = 0.0) -> float:
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
    response = _response(method, at, at)
    excess = lambda rho: np.log(max(c * R * np.max(lam * response(rho)), 1e-300))  # noqa: E731
    low = _mean_rate(method, at)
    return float(1 - (low if c == 0 else _root_above(low, excess)))


def expected_risk(design: Design, method: Method, batch: int, steps: int, draws: Draws = "replacement", noise: float = 0.0,
                  ridge: float = 0.0, start: ArrayLike | None = None) -> Floats:
    r"""The exact expectation of ``sample.minibatch.train`` with fresh label noise: (row moments) plus the noise.

    $$ S' = T S T^\top + c\,bb^\top\otimes\bigl[\mathcal N(S_{ee}) + \sigma^2 H\bigr], \qquad R = \tfrac12\mathrm{tr}(H S_{ee})
       \tag{row-risk} $$

    Exact for these very rows, with all their fourth moments, with replacement or distinct within a batch. O(n rank^2)
    a step.

    Args:
        as ``sample.minibatch.train``; ``noise`` a number.

    Returns:
        shape ``(steps+1,)``; ``inf`` from where it has overflowed.

    Raises:
        ValueError: an argument out of range.
    """
    # the system's eigenvectors may point the other way than the design's
    steps = arguments.whole("steps", steps, high=arguments.LONGEST)
    e, lam = arguments.instance("design", design, Design).first_error(start, ridge) @ design.system.basis, design.eigenvalues
    noise = arguments.number("noise", noise, low=0.0)
    operator = second_moment_operator(design.system, method, batch, draws, ridge)
    c, (_, b) = same_row_weight(design.system, batch, draws), method.transition(lam)
    return _curve(operator, e, lam / 2, steps, c * noise**2 * np.multiply.outer(np.outer(b, b), np.diag(lam)))
