r"""Critical batches read off true runs: one batch after the other is trained until the samples have doubled.

$$ B\,\hat T_B = 2\,B_0 \hat T_{B_0}\,\frac{B_1 T_{B_1}}{B_0 T_{B_0}} \quad\text{at the critical batch}
   \tag{measured-critical} $$

The steps $\hat T$ are those of (measured-steps), log-linear between whole steps as the steps $T$ of theory are. $B_1$ is the
first batch, and $B_0$ the smallest one from which on the runs can be afforded. Where theory has many more samples at $B_0$ than
at $B_1$, nothing is trained.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..arrays import Floats
from ..exact.recursion import between
from ..model.design import Design
from ..model.method import Method
from ..sample.minibatch import train_blocks
from .advice import Advice, Ladder
from .finalists import cost

RUNS, SEED = (512, 128, 32), 1000
"""Runs at a batch, and the seed of their orders of the rows. The standard deviation of the log of a
critical batch was 0.1 to 0.3 with 32 runs on five problems, and half of that with 128."""

WORK = 4e8
"""What the runs of all families are expected to read, as ``finalists.WORK``; they may read twice that."""

NEAR, FAR = 1.2, 4.0
"""Theory's samples at the smallest batch that is trained are at most so many times those at the first; and at the largest for
which time is planned."""

LONG = 3.0
"""Runs end after so many times their forecast."""


def ladders(advice: Advice, first: Floats, noise: float | Literal["labels"]) -> dict[str, Ladder]:
    """Samples to the target as true runs have them, for every family, from small batches up to where they have doubled.

    Args:
        advice: for a ``Design`` with labels, in shuffled epochs; first: the error at the start, shape ``(rank,)``.
        noise: that of ``sample.minibatch.train``.

    Returns:
        family -> ``Ladder``; families whose runs would take too long, or do not arrive, are left out.
    """
    found = {}
    for family in advice.steps:
        runs, rungs = _planned(advice, family)
        ladder = _climbed(advice, family, runs, rungs, first, noise)
        if ladder is not None:
            found[family] = ladder
    return found


def _planned(advice, family):
    """(runs, indices of the batches): from the smallest batch that can be afforded on, with as many runs as can be; no batches:
    none can."""
    steps, samples = advice.steps[family], advice.samples[family]
    rungs = np.flatnonzero((advice.batches == np.rint(advice.batches)) & np.isfinite(samples[0] + samples))
    plans = []
    for runs in RUNS:
        costs = [cost(advice.design, advice.batches[i], int(np.ceil(steps[i])), runs) for i in rungs]
        ahead = np.where(samples[rungs] <= FAR * samples[0], costs, 0.0)[::-1].cumsum()[::-1]
        allowed = np.flatnonzero((ahead <= WORK / len(advice.steps)) & (samples[rungs] <= NEAR * samples[0]))
        plans += [(runs, rungs[allowed[0]:])] if allowed.size else []
    return max(plans, key=lambda plan: len(plan[1]), default=(0, []))


def _climbed(advice, family, runs, rungs, first, noise):
    """The ladder of one family; ``None`` where it cannot be climbed to its end."""
    design, steps, samples, left = advice.design, advice.steps[family], advice.samples[family], 2 * WORK / len(advice.steps)
    batches, spent, twice = [], [], np.inf
    for i in rungs:
        B, limit = int(advice.batches[i]), int(np.ceil(LONG * np.ceil(steps[i])))
        limit = int(limit * np.clip(left / cost(design, B, limit, runs), 0.0, 1.0))
        taken = arrival(design, advice.methods[family][i], B, advice.target, limit, runs, first, noise, advice.inputs.ridge)
        left -= cost(design, B, int(min(np.ceil(taken), limit)), runs)
        if not taken < np.inf:
            return None
        batches.append(float(B))
        spent.append(B * taken)
        twice = 2 * spent[0] * samples[0] / samples[rungs[0]]
        if spent[-1] > twice:
            break
    return None if not batches else Ladder(np.array(batches), np.array(spent), float(twice))


def arrival(design: Design, method: Method, batch: int, target: float, limit: int, runs: int, first: Floats | None = None,
            noise: float | Literal["labels"] = "labels", ridge: float = 0.0) -> float:
    """Steps after which the mean of true runs is first at the target, log-linear between whole steps; ``inf``: not within
    ``limit``.

    Args:
        design: with labels; method, batch, runs, noise, ridge: as ``sample.minibatch.train``; first: the error at the start.
        target: share of the risk at the start; limit: the most steps.

    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> round(arrival(Design(X, X @ [1.0, 2.0]), Method.sgd(0.5), 10, 1e-3, 20, 32), 1)
    5.4
    """
    rng: Any = np.random.default_rng(SEED)
    for _, risk in train_blocks(design, method, batch, limit, runs, rng, "epochs", noise, ridge, first, parts=20):
        with np.errstate(all="ignore"):
            mean = (risk / risk[:, :1]).mean(axis=0)
        there = np.flatnonzero(mean <= target)
        if there.size:
            return float(between(there[0] - 1, mean[there[0] - 1], mean[there[0]], target))
    return np.inf
