"""True minibatch training on the rows of a design; its exact expectation is ``exact.row_moments.expected_risk``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.design import Design
from ..model.method import Method
from .row_sampling import Walk, batch_gradient, batches

SHARES = tuple(2.0 ** np.arange(-1, 4, 0.5))
"""Multiples of the advised step sizes that ``fewest_steps`` tries."""


def train(design: Design, method: Method, batch: int, steps: int, runs: int, rng: np.random.Generator,
          draws: Walk = "replacement", noise: float | Literal["labels"] = 0.0, ridge: float = 0.0,
          start: ArrayLike | None = None) -> Floats:
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
        start: as ``Design.first_error``.

    Returns:
        Excess risk R = (1/2) e.He about the (ridge) solution, shape ``(runs, steps+1)``; ``inf`` where a run overflowed.

    Raises:
        ValueError: an argument out of range.
    """
    blocks = train_blocks(design, method, batch, steps, runs, rng, draws, noise, ridge, start, parts=1)
    _afford(design, batch, steps, runs)
    *_, (_, risk) = blocks
    return risk


def _afford(design, batch, steps, runs):
    """Refuse what would run for minutes without a way to see how far it is, naming what is largest."""
    a_step = arguments.OVERHEAD + int(runs) * (int(batch) * design.shape[1] // 4 + design.rank)     # taken, not sampled
    name, value = max((("batch", batch), ("steps", steps), ("runs", runs)), key=lambda pair: pair[1])
    if steps * a_step > arguments.WORK:
        arguments.affordable(name, value, steps * a_step / value, arguments.WORK, "; train_blocks goes on and can be stopped")


def train_blocks(design: Design, method: Method, batch: int, steps: int, runs: int, rng: np.random.Generator,
                 draws: Walk = "replacement", noise: float | Literal["labels"] = 0.0, ridge: float = 0.0,
                 start: ArrayLike | None = None, parts: int = 50) -> Iterator[tuple[float, Floats]]:
    """``train`` in ``parts`` pieces: yields ``(fraction done, risk so far)``, the risk of shape ``(runs, t+1)``; stop by
    asking for no more. Arguments are checked at the call."""
    e = arguments.instance("design", design, Design).first_error(start, ridge)
    arguments.instance("method", method, Method)
    steps, parts = arguments.whole("steps", steps, high=arguments.LONGEST), arguments.whole("parts", parts, low=1)
    source = batches(design.system, batch, runs, rng, draws)
    arguments.affordable("steps", steps, int(runs), 10**8, ", so that it fits in memory")
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


def fewest_steps(design: Design, method: Method, batch: int, target: float, rng: np.random.Generator,
                 shares: ArrayLike = SHARES, runs: int = 24, limit: int = 10_000, **how: Any) -> tuple[float, float]:
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
    arguments.instance("design", design, Design)
    _afford(design, arguments.whole("batch", batch, low=1), 1, arguments.whole("runs", runs, low=1))
    arguments.affordable("limit", limit, arguments.OVERHEAD, arguments.WORK, ", so that it ends")
    for share in arguments.array("shares", shares, above=0.0, ndim=1):
        scaled = Method(share * method.delta, share * method.eta, method.beta)
        risk = train(design, scaled, batch, int(min(limit, best[0])), runs, rng, **how)
        there = np.flatnonzero(np.median(risk, axis=0) <= target * np.median(risk[:, 0]))
        if there.size and there[0] < best[0]:
            best = float(there[0]), float(share)
    return best
