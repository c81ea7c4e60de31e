r"""Where the weights go, step by step: on sampled batches, and on the full gradient.

``simulate`` keeps the risk of many runs; a picture of a valley needs the weights themselves. Both functions return the error
$e_t = w_t - w_\star$ in the basis of the eigenvectors, so that the lowest point is at zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.method import Method
from ..model.spectrum import Spectrum
from .gaussian import MEMORY, one_draw


def paths(spectrum: Spectrum, method: Method, batch: int, steps: int, runs: int, rng: np.random.Generator, start: ArrayLike,
          noise: float = 0.0) -> Floats:
    r"""The errors of several runs, all from one start, each on its own batches of Gaussian inputs.

    $$ (e_{t+1}, m_{t+1}) = \mathrm{step}(e_t, m_t, g_t), \qquad g_t \text{ by (batch-in-one)} \tag{paths} $$

    Args:
        spectrum: a ``Spectrum`` with whole counts, d directions in all.
        method: a ``Method``; its buffer starts at zero.
        batch: batch size, a whole number >= 1.
        steps, runs: whole numbers >= 0 and >= 1.
        rng: a ``numpy.random.Generator``; the same state gives the same runs.
        start: e_0, shape ``(d,)``.
        noise: standard deviation of the label noise.

    Returns:
        Array ``(runs, steps+1, d)``; ``nan`` or ``inf`` where a run has overflowed.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> runs = paths(Spectrum([1.0, 0.1]), Method.sgd(0.5), 8, steps=5, runs=3, rng=np.random.default_rng(0), start=[1.0, -1.0])
    >>> runs.shape, runs[2, 0].tolist()
    ((3, 6, 2), [1.0, -1.0])
    """
    spectrum, method, steps, root, begun = _checked(spectrum, method, steps, start)
    batch, runs = arguments.whole("batch", batch, low=1), arguments.whole("runs", runs, low=1)
    arguments.affordable("runs", runs, (steps + 1) * root.size, MEMORY, ", so that the runs fit in memory")
    arguments.generator("rng", rng)
    noise = arguments.number("noise", noise, low=0.0)
    lam, h = spectrum.expanded(), np.tile(begun * root, (runs, 1))      # everything in h = H^(1/2) e
    m, scratch, kept = np.zeros_like(h), np.empty_like(h), np.empty((steps + 1, *h.shape))
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps + 1):
            kept[t] = h
            if t < steps:
                h, m = method.step(h, m, one_draw(h, np.einsum("rd,rd->r", h, h), lam, batch, noise, rng, scratch))
        errors: Floats = kept.transpose(1, 0, 2) / root
    errors[:, 0] = begun                                                # exactly, not but for rounding
    return errors


def descent(spectrum: Spectrum, method: Method, steps: int, start: ArrayLike) -> Floats:
    r"""The errors of one run on the full gradient, $g_t = H e_t$: no minibatches, and so no noise.

    Args:
        spectrum, method, steps, start: as ``paths``.

    Returns:
        Array ``(steps+1, d)``; ``inf`` or ``nan`` where the run has overflowed.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> descent(Spectrum([1.0, 0.5]), Method.sgd(1.0), steps=2, start=[1.0, 1.0]).tolist()
    [[1.0, 1.0], [0.0, 0.5], [0.0, 0.25]]
    """
    spectrum, method, steps, root, e = _checked(spectrum, method, steps, start)
    arguments.affordable("steps", steps, root.size, MEMORY, ", so that the run fits in memory")
    lam, m, kept = spectrum.expanded(), np.zeros_like(e), np.empty((steps + 1, e.size))
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps + 1):
            kept[t] = e
            e, m = method.step(e, m, lam * e)
    return kept


def _checked(spectrum, method, steps, start):
    """The arguments that both share, the roots of the eigenvalues and the start as an array."""
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.instance("method", method, Method)
    root = np.sqrt(spectrum.expanded())
    return spectrum, method, arguments.whole("steps", steps), root, arguments.array("start", start, shape=root.shape)
