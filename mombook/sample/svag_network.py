r"""SVAG on a small network: is it curvature that separates SGD from SGD with momentum?

One hidden layer of rectified units on scikit-learn's digits, written out, since SVAG mixes the gradients of two batches, which
no training loop of a library does. Unit of time: one step of the method itself, or l steps of size 1/l under SVAG(l).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..model.method import Method
from .network import sklearn_parts

TRAIN = 1198
"""Pictures to train on, two thirds of them."""


@dataclass(frozen=True, eq=False)
class SvagRuns:
    """What ``train`` measured; axes: SGD then SGDM, levels, seeds, and for the curves units of time from 0.

    Attributes:
        levels, seeds: the axes. accuracy: on the held-out third at the end; loss: on the training part after every unit of
        time, ``inf`` from where a run has diverged.
    """

    levels: np.ndarray
    seeds: np.ndarray
    accuracy: np.ndarray
    loss: np.ndarray


def train(batch: int, rate: float, beta: float = 0.9, levels: ArrayLike = (1, 4), seeds: int = 2, units: int = 40,
          hidden: int = 24) -> SvagRuns:
    """Train by SGD and SGDM at one long-run step under SVAG of several levels: the same weights at the start, fresh batches.

    Args:
        batch: pictures in a batch, from 1 to 1198; rate: the long-run step, > 0; beta: memory of SGDM, in [0, 1).
        levels: whole numbers l >= 1; 1 is the method itself. seeds: how many; units: of time; hidden: units of the network.

    Returns:
        ``SvagRuns``.

    Raises:
        ValueError: an argument out of range.
        ImportError: scikit-learn is not installed.
    """
    batch = arguments.whole("batch", batch, low=1, high=TRAIN)
    rate = arguments.number("rate", rate, above=0.0)
    levels = np.array([arguments.whole("levels", level, low=1, high=1000) for level in np.atleast_1d(levels)])
    seeds = np.arange(arguments.whole("seeds", seeds, low=1, high=1000))
    units, hidden = arguments.whole("units", units, low=1, high=10_000), arguments.whole("hidden", hidden, low=1, high=1000)
    load_digits, _, threadpool_limits = sklearn_parts()
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype(np.float32)
    split = np.random.default_rng(0).permutation(len(y))
    data = X[split[:TRAIN]], y[split[:TRAIN]], X[split[TRAIN:]], y[split[TRAIN:]]
    accuracy, loss = np.zeros((2, levels.size, seeds.size)), np.full((2, levels.size, seeds.size, units + 1), np.inf)
    with threadpool_limits(1), np.errstate(over="ignore", invalid="ignore"):
        for k, method in enumerate((Method.sgd(rate), Method.ema(rate, beta))):
            for where in np.ndindex(levels.size, seeds.size):
                level, seed = int(levels[where[0]]), int(seeds[where[1]])
                accuracy[(k, *where)], loss[(k, *where)] = _run(method, batch, level, units, hidden, seed, data)
    return SvagRuns(levels, seeds, accuracy, loss)


def _run(method, batch, level, units, hidden, seed, data):
    """Accuracy at the end and loss after every unit of time, of one run."""
    X, y, X_test, y_test = data
    weights = np.random.default_rng(seed)                               # the same start for all; the batches differ
    layers = ((64, hidden), (2 / 64) ** 0.5), ((1, hidden), 0.0), ((hidden, 10), hidden**-0.5), ((1, 10), 0.0)
    w = [weights.normal(size=shape).astype(np.float32) * np.float32(scale) for shape, scale in layers]
    rng, m = np.random.default_rng([seed, level]), [np.zeros_like(each) for each in w]
    small = Method(method.delta / level, method.eta / level, method.beta)
    losses, s = np.full(units + 1, np.inf), np.sqrt(2 * level - 1)
    losses[0] = _loss(w, X, y)
    for unit in range(1, units + 1):
        for _ in range(level):
            first, second = (rng.choice(len(y), batch, replace=False) for _ in range(2))
            g = _gradient(w, X[first], y[first])
            if level > 1:                                               # (svag)
                other = _gradient(w, X[second], y[second])
                g = [np.float32((1 + s) / 2) * a + np.float32((1 - s) / 2) * b for a, b in zip(g, other, strict=True)]
            stepped = [small.step(*each) for each in zip(w, m, g, strict=True)]
            w, m = [each[0] for each in stepped], [each[1] for each in stepped]
        losses[unit] = _loss(w, X, y)
        if not losses[unit] < 1e6:
            losses[unit:] = np.inf
            return 0.0, losses
    return float(np.mean(np.argmax(_forward(w, X_test)[1], 1) == y_test)), losses


def _forward(w, X):
    """Hidden units and logits."""
    W, b, V, c = w
    h = np.maximum(X @ W + b, 0)
    return h, h @ V + c


def _probabilities(z):
    p = np.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def _loss(w, X, y):
    """Mean cross-entropy."""
    z = _forward(w, X)[1]
    top = z.max(1)
    return float(np.mean(np.log(np.exp(z - top[:, None]).sum(1)) + top - z[np.arange(len(y)), y]))


def _gradient(w, X, y):
    """Its gradient, a list like w."""
    h, z = _forward(w, X)
    out = _probabilities(z)
    out[np.arange(len(y)), y] -= 1
    out /= np.float32(len(y))
    back = (out @ w[2].T) * (h > 0)
    return [X.T @ back, back.sum(0, keepdims=True), h.T @ out, out.sum(0, keepdims=True)]
