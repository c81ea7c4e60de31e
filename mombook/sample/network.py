"""SGD against SGD with momentum, at the same long-run step, on a small network and real pictures.

Scikit-learn's digits (1797 pictures of 8 x 8) and its one-hidden-layer classifier; needs
scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Comparison:
    """What ``compare`` measured; first axis the method, SGD then SGDM, the rest ``(batches, rates, seeds, epochs)``.

    ``accuracy`` is on the held-out third, ``loss`` the mean training loss of the epoch. A run that diverged has
    accuracy 0 and loss inf from there on; nan marks what has not run yet.
    """

    batches: Ints
    rates: Floats
    seeds: Ints
    beta: float
    accuracy: Floats
    loss: Floats

    def band(self, of: Literal["accuracy", "loss"] = "accuracy", epoch: int = -1,
             levels: ArrayLike = (0.1, 0.5, 0.9)) -> Floats:
        """Quantiles over seeds at an epoch, shape ``(levels, 2, batches, rates)``."""
        values = getattr(self, arguments.choice("of", of, ("accuracy", "loss")))
        last = values.shape[-1]
        epoch = arguments.whole("epoch", epoch, low=-last, high=last - 1)
        levels = arguments.array("levels", levels, low=0.0)
        if levels.max() > 1:
            arguments.refuse("levels", levels, "numbers from 0 to 1")
        return np.quantile(values[..., epoch], levels, axis=3, method="nearest")


def sklearn_parts() -> tuple[Any, Any, Any]:
    """scikit-learn's digits, its network and the limit of its threads, or ``ImportError`` with what to install."""
    try:
        from sklearn.datasets import load_digits
        from sklearn.neural_network import MLPClassifier
        from threadpoolctl import threadpool_limits  # comes with scikit-learn
    except ImportError as missing:
        raise ImportError('This part needs scikit-learn, which is missing: pip install scikit-learn.') from missing
    return load_digits, MLPClassifier, threadpool_limits


def stream(batches: ArrayLike = (32, 128, 512), rates: ArrayLike = (0.1, 0.3, 1.0, 3.0), beta: float = 0.9, seeds: int = 3,
           epochs: int = 10, hidden: int = 32) -> Iterator[tuple[float, Comparison]]:
    """``compare``, run by run: yields ``(fraction done, Comparison so far)``; stop by not asking for the next piece."""
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    batches = np.array([arguments.whole("batches", B, low=1, high=1198) for B in batches])
    rates = arguments.array("rates", rates, above=0.0, ndim=1)
    beta = arguments.number("beta", beta, low=0.0, below=1.0)
    seeds = np.arange(arguments.whole("seeds", seeds, low=1, high=1000))
    epochs = arguments.whole("epochs", epochs, low=1, high=10_000)
    hidden = arguments.whole("hidden", hidden, low=1, high=10_000)
    return _stream(sklearn_parts(), batches, rates, beta, seeds, epochs, hidden)


def _stream(sklearn, batches, rates, beta, seeds, epochs, hidden):
    load_digits, MLPClassifier, threadpool_limits = sklearn
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    split = np.random.default_rng(0).permutation(len(y))
    train, test = split[:1198], split[1198:]
    shape = (2, len(batches), len(rates), len(seeds), epochs)
    accuracy, loss = np.full(shape, np.nan), np.full(shape, np.nan)
    for done, where in enumerate(np.ndindex(shape[1:4]), start=1):
        b, r, k = where
        # learning rates are long-run steps: lr for SGD, lr (1-beta) for heavy ball; same start, same order of the data.
        for method, (lr, momentum) in enumerate([(rates[r], 0.0), (rates[r] * (1 - beta), beta)]):
            net = MLPClassifier((hidden,), solver="sgd", learning_rate_init=lr, momentum=momentum,
                                nesterovs_momentum=False, batch_size=int(batches[b]), alpha=0.0, shuffle=False,
                                random_state=int(seeds[k]))
            shuffles = np.random.default_rng(seeds[k])
            at = (method, *where)
            accuracy[at], loss[at] = 0.0, np.inf
            for epoch in range(epochs):
                order = shuffles.permutation(train)
                try:
                    # divergence is no error; matrices this small are slower on many threads than on one
                    with np.errstate(over="ignore", invalid="ignore"), threadpool_limits(1):
                        net.partial_fit(X[order], y[order], classes=np.arange(10))
                except ValueError:                                               # scikit-learn: weights are not finite
                    break
                if not np.isfinite(net.loss_):
                    break
                accuracy[(*at, epoch)] = net.score(X[test], y[test])
                loss[(*at, epoch)] = net.loss_
        yield done / np.prod(shape[1:4]), Comparison(batches, rates, seeds, beta, accuracy.copy(), loss.copy())


def compare(batches: ArrayLike = (32, 128, 512), rates: ArrayLike = (0.1, 0.3, 1.0, 3.0), beta: float = 0.9, seeds: int = 3,
            epochs: int = 10, hidden: int = 32) -> Comparison:
    """Train SGD and SGDM on the digits at matched long-run steps, over batch sizes, learning rates and seeds.

    Both start from the same weights and see the same batches in the same order; SGDM has ``momentum=beta`` and the
    learning rate lr (1-beta), so that both have long-run step lr. ``MLPClassifier(solver="sgd",
    nesterovs_momentum=False)``, one ``partial_fit`` an epoch.

    Args:
        batches: batch sizes, whole numbers from 1 to 1198 (two thirds of the pictures).
        rates: long-run steps, > 0.
        beta: memory of SGDM, in [0, 1).
        seeds: how many seeds.
        epochs: passes over the training part.
        hidden: units in the hidden layer.

    Returns:
        a ``Comparison``.

    Raises:
        ValueError: an argument out of range.
        ImportError: scikit-learn is not installed.
    """
    *_, (_, result) = stream(batches, rates, beta, seeds, epochs, hidden)
    return result
