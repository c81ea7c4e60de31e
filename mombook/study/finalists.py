r"""Finalists of the advice are trained on the rows before one is named: in shuffled epochs, on the labels as they are.

$$ \hat T = \min\{t : \bar R_t \le \text{target}\cdot R_0\}, \qquad \bar R_t \text{ the mean of the runs}
   \tag{measured-steps} $$

The best family at every batch is trained, unless the forecast says that it takes far too many samples. On rows with heavy tails
one noise factor makes tuned steps too small, most of all at small batches. There larger ones are trained too, and are finalists
where the exact moments of the rows arrive as well. What is chosen of many is often what was lucky. So it is trained once more,
on other orders of the rows, and these steps are named.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from .. import arguments
from ..arrays import Draws, Floats
from ..exact.epochs import noise_share
from ..exact.row_moments import expected_risk
from ..model.design import Design
from ..model.method import Method
from ..sample.minibatch import train_blocks
from .advice import Advice, Pick, simplest
from .certainty import TAILS
from .programs import line

RUNS, SEED, AGAIN = 16, 20, 2000
"""Runs of a finalist, each on its own orders of the rows; the seed of these orders; and that for the one that is chosen."""

OTHERS, NINE_IN_TEN = 8, 1.645
"""The interval is for the mean of so many other runs; and half the width that has nine in ten of a normal law. Of the 48
recommendations of ``benchmarks/advice.md`` 44 were within their interval, and the others later."""

FAR = 4.0
"""Entries that are forecast to take more than so many times the fewest samples, or the least time, are not trained."""

BOLD = (1.0, 1.4, 2.0)
"""Multiples of the tuned steps that are trained where tails are heavy, memory kept."""

LATE = 1.5
"""A method that is not there for sure after so many times its forecast is no finalist; nor is a bold one that the exact moments
of the rows see arrive later than so many times what was measured."""

WORK, OVERHEAD, ELEMENTS = 3e8, 15_000, 1e7
"""Numbers that the runs of all finalists may read, at some 5 ns each; what a step costs besides; and what it may hold."""

JUDGED = 1e9
"""Multiplications that the exact moments of all bold finalists may take."""


def trained(advice: Advice, first: Floats, noise: float | Literal["labels"]) -> dict[tuple[str, int], Pick]:
    """Entries of the advice as true runs have them: all that may be recommended and can be trained in a second or two.

    Args:
        advice: for a ``Design`` with labels, in shuffled epochs; first: the error at the start, shape ``(rank,)``.
        noise: that of ``sample.minibatch.train``.

    Returns:
        (family, index into the batches) -> ``Pick`` with ``certainty="measured"``, whole steps and an interval: of the step
        sizes that are safe the quickest; empty where training would take too long.
    """
    design: Any = advice.design
    shares, left, found = BOLD if advice.inputs.factor > TAILS else BOLD[:1], WORK, []
    for family, i in _worth(advice):
        B, tuned = float(advice.batches[i]), advice.methods[family][i]
        limit = int(np.ceil(LATE * advice.counted[family][i]))
        for share in shares:
            if cost(design, B, limit) > left:
                break
            method = Method(share * tuned.delta, share * tuned.eta, tuned.beta)
            steps, interval = passage(design, method, int(B), advice.target, limit, first, noise, advice.inputs.ridge)
            limit = int(min(interval[1], limit))                        # bolder steps are for those who want to be there sooner
            left -= cost(design, B, limit)
            if np.isfinite(interval[1]):
                code = line(method, advice.loss, advice.inputs.ridge)
                found.append((share, i, Pick(family, B, method, steps, B * steps, code, "measured", interval)))
    measured, left = {}, JUDGED
    for share, i, pick in sorted(found, key=lambda entry: (entry[2].steps, entry[0])):
        if (pick.family, i) in measured:
            continue
        if share > 1:
            left -= work_on_rows(advice, pick.steps)
            if left < 0 or on_rows(advice, pick.method, int(pick.batch), pick.steps, first).min() > advice.target:
                continue
        measured[pick.family, i] = pick
    return measured


def again(advice: Advice, pick: Pick, first: Floats, noise: float | Literal["labels"]) -> Pick | None:
    """A finalist as other runs have it; ``None`` where they are not surely there ``LATE**2`` times as late as the first ones.

    Args:
        advice, first, noise: as ``trained``; pick: one of its results.
    """
    _, high = pick.interval or (pick.steps, pick.steps)
    limit = int(np.ceil(LATE**2 * high))
    B, ridge = int(pick.batch), advice.inputs.ridge
    design: Any = advice.design
    steps, interval = passage(design, pick.method, B, advice.target, limit, first, noise, ridge, AGAIN)
    return replace(pick, steps=steps, samples=B * steps, interval=interval) if np.isfinite(interval[1]) else None


def passage(design: Design, method: Method, batch: int, target: float, limit: int, first: Floats | None = None,
            noise: float | Literal["labels"] = "labels", ridge: float = 0.0,
            seed: int = SEED) -> tuple[float, tuple[float, float]]:
    """Steps after which the mean of true runs is first at the target, (measured-steps), and an interval for the mean of others.

    Args:
        design: with labels; method, batch, noise, ridge: as ``sample.minibatch.train``; first: the error at the start.
        target: share of the risk at the start; limit: the most steps; seed: of the orders of the rows.

    Returns:
        Whole steps, ``inf`` where the mean does not get there; and between which steps nine in ten means of eight other runs
        would be there first, ``inf`` where that is beyond the limit.

    Raises:
        ValueError: an argument out of range.

    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> passage(Design(X, X @ [1.0, 2.0]), Method.sgd(0.5), 10, 1e-3, 20)
    (6.0, (5.0, 7.0))
    """
    target = arguments.number("target", target, above=0.0, below=1.0)
    rng, width = np.random.default_rng(seed), NINE_IN_TEN * np.sqrt(1 / RUNS + 1 / OTHERS)
    for _, risk in train_blocks(design, method, batch, limit, RUNS, rng, "epochs", noise, ridge, first, parts=20):
        with np.errstate(all="ignore"):
            share = risk / risk[:, :1]
            mean, wide = share.mean(axis=0), width * share.std(axis=0, ddof=1)
            curves = mean, mean - wide, mean + wide
        if np.any(curves[2] <= target):
            break
    steps, low, high = (float(np.argmax(c <= target)) if np.any(c <= target) else np.inf for c in curves)
    return steps, (low, high)


def _worth(advice: Advice) -> list[tuple[str, int]]:
    """(family, index) of the best family at every batch that does not cost far too much, from the forecast's choice on to what
    is farther away."""
    chosen = advice.best
    if chosen is None:
        return []
    each = advice.batches + (advice.overhead if advice.objective == "time" else 0.0)
    costs = {f: each * steps for f, steps in advice.counted.items()}
    far = FAR * min(c.min() for c in costs.values())
    best = [(simplest({f: c[i] for f, c in costs.items()}), i) for i, B in enumerate(advice.batches) if B == round(B)]
    return sorted([(f, i) for f, i in best if costs[f][i] <= far], key=lambda entry: abs(entry[1] - chosen[1]))


def cost(design: Any, batch: float, steps: int, runs: int = RUNS) -> float:
    """Numbers that so many runs of a method read; ``inf`` where a step holds too many."""
    (n, d), epochs = design.shape, np.ceil(steps * batch / design.shape[0])
    a_step = runs * min(batch, n / 4) * d
    held = runs * max(min(batch, n / 4) * d, n, 5 * batch)              # (row numbers, which ``row_sampling.batches`` limits)
    return float(steps * (OVERHEAD + a_step) + 6 * runs * n * epochs) if held <= ELEMENTS else np.inf


# -- the exact moments of the rows ------------------------------------------------------------------------------------
def work_on_rows(advice: Advice, steps: float) -> float:
    """Multiplications of ``on_rows``."""
    design: Any = advice.design
    return float(LATE * np.ceil(steps) * len(design.rows) * design.rank**2)


def on_rows(advice: Advice, method: Method, batch: int, steps: float, first: Floats) -> Floats:
    """The exact expected risk on the rows over that at the start, up to ``LATE`` times as many steps; label noise as
    ``tuning.steps`` has it. Shape ``(times,)``."""
    design: Any = advice.design
    noise, length = advice.noise, int(np.ceil(steps))
    draws: Draws = "replacement" if advice.rows is None else "distinct"
    if advice.rows is not None:
        H = advice.inputs.engine[0]
        share = noise_share(H.eigenvalues, H.counts * H.eigenvalues**2, method.delta, method.eta, method.beta, batch,
                            advice.rows, length)
        noise *= float(np.sqrt(share))
    risk = expected_risk(design, method, batch, int(LATE * length) + 1, draws, noise, advice.inputs.ridge, first)
    return risk / risk[0]
