"""True minibatch training on the rows of a design, and its exact expectation: what every prediction is held against."""

from itertools import pairwise

import numpy as np

from . import arguments
from .data import Design
from .kaczmarz import same_row_weight, second_moment_operator
from .method import Method
from .row_sampling import batch_gradient, batches

SHARES = tuple(2.0 ** np.arange(-1, 4, 0.5))
"""Multiples of the advised step sizes that ``fewest_steps`` tries."""


def start_of(design, start=None, ridge=0.0):
    """The first error e_0 in the eigenvectors of H, shape ``(rank,)``.

    Args:
        design: a ``Design``; ridge: as it will be used.
        start: e_0 itself, shape ``(rank,)``; ``None`` is training from w = 0 where there are labels, else ones.
    """
    arguments.instance("design", design, Design)
    if start is not None:
        return arguments.array("start", start, shape=(design.rank,))
    return np.ones(design.rank) if design.labels is None else -design.solution(ridge)


def train(design, method, batch, steps, runs, rng, draws="replacement", noise=0.0, ridge=0.0, start=None):
    r"""Risk curves of real minibatch runs on the rows.

    $$ g = \frac1B\sum_{i\in\mathrm{batch}} x_i\,(x_i\cdot w - y_i) + r\,w \tag{ridge-gradient} $$

    Args:
        design: a ``Design``.
        method: any ``Method``, its buffer zero at t = 0.
        batch: rows in a batch, a whole number (<= n unless drawn with replacement).
        steps, runs: how many steps, and how many independent runs.
        rng: a ``numpy.random.Generator``.
        draws: ``"replacement"``, ``"distinct"`` or ``"epochs"`` (each run walks through its own shuffled order).
        noise: a number: labels are x.w* plus fresh noise of that standard deviation at every visit, as theory has it; or
            ``"labels"``: the design's own labels, whose residuals never change.
        ridge: weight decay r >= 0.
        start: as ``start_of``.

    Returns:
        Excess risk R = (1/2) e.He about the (ridge) solution, shape ``(runs, steps+1)``; ``inf`` where a run overflowed.

    Raises:
        ValueError: an argument out of range.
    """
    *_, (_, risk) = train_blocks(design, method, batch, steps, runs, rng, draws, noise, ridge, start, parts=1)
    return risk


def train_blocks(design, method, batch, steps, runs, rng, draws="replacement", noise=0.0, ridge=0.0, start=None, parts=50):
    """``train`` in ``parts`` pieces: yields ``(fraction done, risk so far)``, the risk of shape ``(runs, t+1)``; stop by
    asking for no more. Arguments are checked at the call."""
    e = start_of(design, start, ridge)
    arguments.instance("method", method, Method)
    steps, parts = arguments.whole("steps", steps), arguments.whole("parts", parts, low=1)
    source = batches(design.system, batch, runs, rng, draws)
    ridge = arguments.number("ridge", ridge, low=0.0)
    pull = np.zeros_like(e)
    if isinstance(noise, str):
        arguments.choice("noise", noise, ("labels",))
        residuals, pull = design.residuals(ridge), ridge * design.solution(ridge)
        answers = lambda rows: residuals[rows]  # noqa: E731
    else:
        noise = arguments.number("noise", noise, low=0.0)
        answers = (lambda rows: noise * rng.standard_normal(rows.shape)) if noise else lambda rows: None
    return _train(design, method, source, answers, np.tile(e, (int(runs), 1)), steps, ridge, pull, parts)


def _train(design, method, source, answers, e, steps, ridge, pull, parts):
    system, lam, m = design.system, design.eigenvalues, np.zeros_like(e)
    risk = np.full((len(e), steps + 1), np.inf)
    risk[:, 0] = e**2 @ lam / 2
    marks = np.unique(np.linspace(0, steps, min(parts, max(steps, 1)) + 1).astype(int))
    for begin, end in pairwise(marks.tolist()):
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(begin, end):
                rows = next(source)
                g, _ = batch_gradient(system, e, rows, answers(rows))
                e, m = method.step(e, m, g + ridge * e + pull)
                risk[:, t + 1] = e**2 @ lam / 2
        seen = risk[:, begin + 1:end + 1]
        seen[~np.isfinite(seen)] = np.inf
        yield end / steps, risk[:, :end + 1].copy()
    if steps == 0:
        yield 1.0, risk


def fewest_steps(design, method, batch, target, rng, shares=SHARES, runs=24, limit=10_000, **how):
    """The measured side of advice: steps in which the median of real runs reaches the target, at the best learning rate.

    Args:
        design, method, batch, rng, runs: as ``train``; target: share of the initial risk.
        shares: multiples of the method's step sizes to try, memory kept.
        limit: steps after which a learning rate has failed.
        how: further arguments of ``train``.

    Returns:
        (steps, share): the fewest whole steps, and the multiple that needs them; ``(inf, nan)`` if none gets there.

    Raises:
        ValueError: an argument out of range.
    """
    target = arguments.number("target", target, above=0.0, below=1.0)
    best, limit = (np.inf, np.nan), arguments.whole("limit", limit, low=1)
    arguments.instance("method", method, Method)
    for share in arguments.array("shares", shares, above=0.0, ndim=1):
        scaled = Method(share * method.delta, share * method.eta, method.beta)
        risk = train(design, scaled, batch, int(min(limit, best[0])), runs, rng, **how)
        there = np.flatnonzero(np.median(risk, axis=0) <= target * np.median(risk[:, 0]))
        if there.size and there[0] < best[0]:
            best = float(there[0]), float(share)
    return best


def expected_risk(design, method, batch, steps, draws="replacement", noise=0.0, ridge=0.0, start=None):
    r"""The exact expectation of ``train`` with fresh label noise: (row moments) plus the noise.

    $$ S' = T S T^\top + c\,bb^\top\otimes\bigl[\mathcal N(S_{ee}) + \sigma^2 H\bigr], \qquad R = \tfrac12\mathrm{tr}(H S_{ee})
       \tag{row-risk} $$

    Exact for these very rows, with all their fourth moments, with replacement or distinct within a batch. O(n rank^2)
    a step.

    Args:
        as ``train``; ``noise`` a number.

    Returns:
        shape ``(steps+1,)``; ``inf`` from where it has overflowed.

    Raises:
        ValueError: an argument out of range.
    """
    # the system's eigenvectors may point the other way than the design's
    e, lam = start_of(design, start, ridge) @ design.system.basis, design.eigenvalues
    noise = arguments.number("noise", noise, low=0.0)
    operator = second_moment_operator(design.system, method, batch, draws, ridge)
    b = np.array(method.step(0.0, 0.0, 1.0))
    c = same_row_weight(design.system, batch, draws)
    S, drive = np.zeros((2, 2, lam.size, lam.size)), c * noise**2 * np.multiply.outer(np.outer(b, b), np.diag(lam))
    S[0, 0] = np.outer(e, e)
    curve = [lam @ np.diag(S[0, 0]) / 2]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(arguments.whole("steps", steps)):
            S = operator.matvec(S.ravel()).reshape(S.shape) + drive
            curve.append(lam @ np.diag(S[0, 0]) / 2)
    curve = np.array(curve)
    return np.where(np.isfinite(curve), curve, np.inf)
