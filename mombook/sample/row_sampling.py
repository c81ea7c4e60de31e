"""Momentum on sampled rows, sampled: Monte Carlo over many runs, and momentum that finds itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats, Ints
from ..model.method import Method, update
from ..model.systems import System, same_row_weight, start_of

Walk = Literal["replacement", "distinct", "epochs"]

DRAWS = ("replacement", "distinct", "epochs")


# -- drawing batches --------------------------------------------------------------------------------------------------
def batches(system: System, batch: int, runs: int, rng: np.random.Generator, draws: Walk = "replacement") -> Iterator[Ints]:
    """Endless batches of row numbers for many independent runs, each of shape ``(runs, batch)``.

    ``"replacement"``: independent draws with ``system.probabilities``. ``"distinct"``: B different rows a step.
    ``"epochs"``: each run walks through its own shuffled order, reshuffled when fewer than B rows are left.
    The last two need equal probabilities.

    Args:
        system: a ``System``.
        batch: B, a whole number >= 1, and <= n unless drawn with replacement.
        runs: number of independent runs.
        rng: a ``numpy.random.Generator``.
        draws: one of the three words above.

    Raises:
        ValueError: an argument out of range (at the call, not at the first batch).

    >>> int(next(batches(System.kaczmarz(np.eye(3)), 3, 1, np.random.default_rng(0), "epochs")).sum())
    3
    """
    arguments.choice("draws", draws, DRAWS)
    same_row_weight(system, batch, "replacement" if draws == "replacement" else "distinct")
    B, runs = int(batch), arguments.whole("runs", runs, low=1)
    arguments.affordable("batch" if B > runs else "runs", max(B, runs), min(B, runs), 2 * 10**6, ", so that it fits in memory")
    return _batches(system.probabilities, B, runs, arguments.generator("rng", rng), draws)


def _batches(p, B, runs, rng, draws):
    n, uniform = p.size, bool(np.all(p == p[0]))
    cumulative = np.cumsum(p) / p.sum()
    order, used = None, n
    while True:
        if draws == "replacement":
            size = (runs, B)
            yield rng.integers(n, size=size) if uniform else np.searchsorted(cumulative, rng.random(size), "right")
        elif draws == "distinct":
            yield np.argpartition(rng.random((runs, n)), B - 1)[:, :B]
        else:
            if used + B > n:
                order, used = np.argsort(rng.random((runs, n))), 0
            yield order[:, used:used + B]
            used += B


def batch_gradient(system: System, w: Floats, rows: Ints, labels: Floats | None = None) -> tuple[Floats, Floats]:
    r"""The batch-mean gradients of many runs, and the energy of the residuals they saw.

    $$ g = \frac1B\sum_{i\in\mathrm{batch}} s_i a_i (a_i\cdot w - b_i),\qquad
       E\,\frac1B\sum_{i} s_i (a_i\cdot w-b_i)^2 = (w-w_\ast)^\top G\,(w-w_\ast) \tag{batch gradient} $$

    Exact. A coordinate step moves coordinate i alone by (Hw - c)_i / H_ii. Costs O(B) rows a run, sparse rows
    included; a batch larger than a quarter of a dense matrix costs one product with the whole matrix instead.

    Args:
        system: a ``System``.
        w: iterates, shape ``(runs, d)``.
        rows: row numbers, shape ``(runs, B)``.
        labels: what the rows are to answer this time in place of b, shape ``(runs, B)``; with noise in it, for instance.

    Returns:
        g, shape ``(runs, d)``, and the energy, shape ``(runs,)``.

    >>> batch_gradient(System.kaczmarz(np.eye(2)), np.zeros((1, 2)), np.array([[1]]))[0]
    array([[ 0., -1.]])
    """
    A, b, s = arguments.instance("system", system, System).matrix, system.rhs, system.scales
    if not isinstance(w, np.ndarray) or w.dtype.kind != "f":            # the loop of every simulation: no check twice
        w = arguments.array("w", w, allowed=f"iterates of shape (runs, {A.shape[1]})")
    rows = rows if isinstance(rows, np.ndarray) else arguments.array("rows", rows, low=0.0).astype(int)
    if w.ndim != 2 or w.shape[1] != A.shape[1]:
        arguments.refuse("w", w, f"iterates of shape (runs, {A.shape[1]})")
    if rows.ndim != 2 or len(rows) != len(w) or rows.dtype.kind not in "iu" or not rows.max(initial=0) < A.shape[0]:
        arguments.refuse("rows", rows, f"row numbers below {A.shape[0]} of shape ({len(w)}, B)")
    if labels is not None and not (isinstance(labels, np.ndarray) and labels.dtype.kind == "f" and labels.shape == rows.shape):
        labels = arguments.array("labels", labels, shape=rows.shape, allowed=f"a number for each of rows, shape {rows.shape}")
    (runs, B), n = rows.shape, A.shape[0]
    run = np.arange(runs)[:, None]
    if scipy.sparse.issparse(A):
        drawn = A[rows.ravel()]
        entry_row = np.repeat(np.arange(rows.size), np.diff(drawn.indptr))
        Aw = np.bincount(entry_row, drawn.data * w[entry_row // B, drawn.indices], rows.size).reshape(runs, B)
    elif 4 * B < n:
        drawn = A[rows]
        Aw = np.einsum("rbd,rd->rb", drawn, w)
    else:
        drawn = None
        Aw = np.take_along_axis(w @ A.T, rows, axis=1)
    residual = Aw - (b[rows] if labels is None else labels)
    push = s[rows] * residual / B
    energy = np.sum(push * residual, axis=1)
    if system.action == "coordinate" or drawn is None:
        by_row = np.bincount((rows + n * run).ravel(), push.ravel(), runs * n).reshape(runs, n)
        return (by_row if system.action == "coordinate" else by_row @ A), energy  # type: ignore[return-value]  # weights are floats
    if scipy.sparse.issparse(A):
        gather = scipy.sparse.csr_array((push.ravel(), np.arange(rows.size), B * np.arange(runs + 1)), (runs, rows.size))
        return (gather @ drawn).toarray(), energy
    return np.einsum("rb,rbd->rd", push, drawn), energy


# -- Monte Carlo ------------------------------------------------------------------------------------------------------
def stream(system: System, method: Method, batch: int, steps: int, runs: int, rng: np.random.Generator,
           start: ArrayLike | None = None, draws: Walk = "replacement", parts: int = 50) -> Iterator[tuple[float, Floats]]:
    """``simulate`` in ``parts`` pieces: yields ``(fraction done, errors so far)``; stop by asking for no more.

    The errors have shape ``(runs, t + 1)`` after t steps and grow; the last piece is what ``simulate`` returns.
    Arguments are checked at the call.
    """
    arguments.instance("system", system, System)
    arguments.instance("method", method, Method)
    steps, parts = arguments.whole("steps", steps, high=arguments.LONGEST), arguments.whole("parts", parts, low=1)
    source = batches(system, batch, runs, rng, draws)
    arguments.affordable("runs", int(runs), system.shape[1], 10**7, ", so that it fits in memory")
    arguments.affordable("steps", steps, int(runs), 10**8, ", so that it fits in memory")
    w = np.tile(start_of(system, start), (int(runs), 1))
    return _stream(system, method, source, steps, w, parts)


def _stream(system, method, source, steps, w, parts):
    m = np.zeros_like(w)
    errors = np.full((len(w), steps + 1), np.inf)
    errors[:, 0] = system.errors(w)
    marks = np.unique(np.linspace(0, steps, min(parts, max(steps, 1)) + 1).astype(int))
    for begin, end in pairwise(marks.tolist()):
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(begin, end):
                g, _ = batch_gradient(system, w, next(source))
                w, m = method.step(w, m, g)
                errors[:, t + 1] = system.errors(w)
        seen = errors[:, begin + 1:end + 1]
        seen[~np.isfinite(seen)] = np.inf
        yield end / steps, errors[:, :end + 1].copy()
    if steps == 0:
        yield 1.0, errors


def simulate(system: System, method: Method, batch: int, steps: int, runs: int, rng: np.random.Generator,
             start: ArrayLike | None = None, draws: Walk = "replacement") -> Floats:
    """Squared errors |e_t|^2 of independent runs, t = 0..steps, all runs advanced together.

    Args:
        system: a ``System``, dense or scipy.sparse.
        method: any ``Method``; its own update rule is what runs.
        batch: rows in a batch.
        steps: number of steps.
        runs: number of independent runs.
        rng: a ``numpy.random.Generator``.
        start: w_0, shape ``(d,)``; ``None`` is zero.
        draws: ``"replacement"``, ``"distinct"`` or ``"epochs"`` (see ``batches``).

    Returns:
        shape ``(runs, steps + 1)``; inf from where a run leaves the floating-point range.

    Raises:
        ValueError: an argument out of range.

    >>> s, rng = System.kaczmarz(np.eye(3)), np.random.default_rng(0)
    >>> simulate(s, Method.sgd(lr=3.0), batch=3, steps=1, runs=2, rng=rng, draws="distinct").round(12)
    array([[3., 0.],
           [3., 0.]])
    """
    *_, (_, errors) = stream(system, method, batch, steps, runs, rng, start, draws, parts=1)
    return errors


# -- momentum that finds itself ---------------------------------------------------------------------------------------
def adaptive(system: System, batch: int, steps: int, runs: int, rng: np.random.Generator, start: ArrayLike | None = None,
             draws: Walk = "replacement", patience: float = 4.0) -> tuple[Floats, Floats]:
    r"""Heavy ball whose memory follows from the decay it sees: no knowledge of mu, one parameter, no tuning.

    $$ \eta(\epsilon) = \min\Big(\frac{B\epsilon}{2R},\ \frac{1}{2L}\Big),\qquad
       \hat\mu = \frac{\hat\gamma\,\epsilon}{2\eta},\qquad
       \epsilon \leftarrow \min\Big(\frac{B\hat\mu}{R},\ \sqrt{\hat\mu/L}\Big) \tag{adaptive} $$

    Every ``simple_momentum`` has this eta(eps), so only eps = 1 - beta is left to find. Heavy ball of memory eps
    contracts the loss along mu by gamma = 2 mu eta/eps a step if mu is small, and by about eps if mu is large: gamma
    is measured over a window of ``patience``/eps steps, as the log of the energy of the sampled residuals (see
    ``batch_gradient``: free, no extra product) in its first half over that in its second, and read as a mu. eps moves
    by at most a factor 2 a window; the buffer is rescaled so that the velocity eta m carries over. It starts at eps =
    1/2.

    Where it fails: (1) early windows see the fast directions, so mu is overestimated, and a horizon that ends before
    the slowest direction is all that is left never sees mu at all; (2) the first windows hold 20 batches, so with
    B = 1 eps begins by wandering; (3) once the error is down at rounding, residuals stop falling and eps sinks to its
    floor, 1e-6. No rate is proved for it.

    Args:
        system: a ``System``; only R, and L by the power method (here: ``system.largest``), are used, never mu.
        batch: B.
        steps: number of steps.
        runs: number of independent runs, each with its own eps.
        rng: a ``numpy.random.Generator``.
        start: w_0, shape ``(d,)``; ``None`` is zero.
        draws: ``"replacement"``, ``"distinct"`` or ``"epochs"``.
        patience: window length in units of 1/eps, > 0.

    Returns:
        errors, shape ``(runs, steps + 1)``, and the eps in use, same shape.

    Raises:
        ValueError: an argument out of range.

    >>> from mombook.model.example_systems import unit_rows
    >>> s = unit_rows(60, 5, np.random.default_rng(0))
    >>> errors, eps = adaptive(s, 4, 300, 3, np.random.default_rng(1))
    >>> bool(np.all(errors[:, -1] < 1e-3 * errors[:, 0]))
    True
    """
    steps, patience = arguments.whole("steps", steps), arguments.number("patience", patience, above=0.0)
    source = batches(system, batch, runs, rng, draws)
    a_step = arguments.OVERHEAD + int(runs) * (int(batch) + system.shape[1])
    arguments.affordable("steps", steps, a_step, arguments.WORK, ", so that it ends")
    w = np.tile(start_of(system, start), (int(runs), 1))
    m, memory = np.zeros_like(w), _Memory(system, int(batch), len(w), patience)
    errors, used = np.full((2, len(w), steps + 1), np.inf)
    errors[:, 0], used[:, 0] = system.errors(w), memory.eps
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps):
            g, energy = batch_gradient(system, w, next(source))
            w, m = update(0.0, memory.rate()[:, None], (1 - memory.eps)[:, None], w, m, g)
            m *= memory.after(energy)[:, None]
            errors[:, t + 1], used[:, t + 1] = system.errors(w), memory.eps
    return np.where(np.isfinite(errors), errors, np.inf), used


class _Memory:
    """The eps of each run, and the windows in which its decay is measured."""

    def __init__(self, system, batch, runs, patience):
        self.batch, self.energy, self.largest, self.patience = batch, system.row_energy, system.largest, patience
        self.eps = np.full(runs, 0.5)
        self.age, self.early, self.late = np.zeros((3, runs))

    def rate(self, eps=None):
        """eta(eps) of (adaptive)."""
        return np.minimum(self.batch * (self.eps if eps is None else eps) / self.energy, 1 / self.largest) / 2

    def after(self, energy):
        """Take in the energy of the residuals of a step; the factor by which the buffer is to be rescaled."""
        half = np.ceil(self.patience / (2 * self.eps)).clip(10)
        self.early += np.where(self.age < half, energy, 0.0)
        self.late += np.where(self.age >= half, energy, 0.0)
        self.age += 1
        full = self.age >= 2 * half
        if not np.any(full):
            return np.ones_like(self.eps)
        tiny = np.finfo(float).tiny
        gamma = np.maximum(np.log((self.early + tiny) / (self.late + tiny)) / half, 0.0)
        mu = gamma * self.eps / (2 * self.rate())
        aim = np.minimum(self.batch * mu / self.energy, np.sqrt(mu / self.largest))
        new = np.where(full, np.clip(aim, self.eps / 2, 2 * self.eps).clip(1e-6, 0.5), self.eps)
        scale, self.eps = self.rate() / self.rate(new), new
        for kept in (self.age, self.early, self.late):
            kept[full] = 0.0
        return scale
