"""Noisy gradient oracles with scale, and any method run on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.method import Method


@dataclass(frozen=True)
class Oracle:
    r"""Noisy gradient oracle with scale (NGOS; Malladi et al. 2022, Wang et al. 2023).

    $$ g = \nabla L(w) + \sigma v,\qquad E\,v = 0,\quad \mathrm{Cov}\,v = \Sigma(w) \tag{ngos} $$

    Args:
        gradient: grad L, a function of w, shape ``(runs, d)``, that returns the same shape.
        noise: v, a function of ``(w, rng)`` that returns the same shape as w.
        scale: sigma >= 0.

    Raises:
        ValueError: ``gradient`` or ``noise`` that cannot be called, or a scale that is negative.

    >>> oracle = Oracle.quadratic([1.0, 0.5], scale=0.0)
    >>> oracle.draw(np.ones((1, 2)), np.random.default_rng(0))
    array([[1. , 0.5]])
    """

    gradient: Callable[[Floats], Floats]
    noise: Callable[[Floats, np.random.Generator], Floats]
    scale: float = 1.0

    def __post_init__(self):
        for name in ("gradient", "noise"):
            if not callable(getattr(self, name)):
                arguments.refuse(name, getattr(self, name), "a function")
        object.__setattr__(self, "scale", arguments.number("scale", self.scale, low=0.0))

    def draw(self, w: Floats, rng: np.random.Generator) -> Floats:
        """One noisy gradient at each of the iterates w, shape ``(runs, d)``."""
        if not isinstance(w, np.ndarray) or w.dtype.kind != "f" or w.ndim == 0:
            arguments.refuse("w", w, "a numpy array of shape (runs, d)")
        return self.gradient(w) + self.scale * self.noise(w, arguments.generator("rng", rng))

    @classmethod
    def quadratic(cls, eigenvalues: ArrayLike, scale: float = 1.0) -> Oracle:
        """L = 1/2 sum lam_i w_i^2 (lam_i >= 0, shape ``(d,)``) with standard normal noise: the linear model."""
        lam = arguments.array("eigenvalues", eigenvalues, low=0.0, ndim=1)

        def gradient(w):
            if w.shape[-1] != lam.size:
                arguments.refuse("w", w.shape, f"iterates of {lam.size} coordinates, one for each eigenvalue; so must start")
            return lam * w

        return cls(gradient, lambda w, rng: rng.standard_normal(w.shape), scale)

    def svag(self, level: float) -> Oracle:
        r"""The oracle that SVAG (Li, Malladi & Arora 2021) makes of two independent draws.

        $$ g = \tfrac{1+s}{2}\,g_1 + \tfrac{1-s}{2}\,g_2,\quad s = \sqrt{2l-1}
           \qquad\Rightarrow\qquad E\,g = \nabla L,\quad \mathrm{Cov}\,g = l\,\sigma^2\Sigma \tag{svag} $$

        Used with step eta/l and l times more steps: noise per unit time as before, curvature effects l times smaller.
        Each draw is a whole batch, so that l = 1 is the oracle itself.

        Args:
            level: l >= 1.
        """
        s = np.sqrt(2 * arguments.number("level", level, low=1.0) - 1)
        v = self.noise
        return Oracle(self.gradient, lambda w, rng: (1 + s) / 2 * v(w, rng) + (1 - s) / 2 * v(w, rng), self.scale)


def stream(oracle: Oracle, method: Method, steps: int, runs: int, rng: np.random.Generator, start: ArrayLike, every: int = 1,
           parts: int = 50) -> Iterator[tuple[float, Floats]]:
    """``simulate`` in ``parts`` pieces: yields ``(fraction done, w so far)``; stop by not asking for the next piece."""
    arguments.instance("oracle", oracle, Oracle)
    arguments.instance("method", method, Method)
    start = arguments.array("start", start, ndim=1)
    runs = arguments.affordable("runs", arguments.whole("runs", runs, low=1), start.size, 10**7, ", so that it fits in memory")
    w = np.tile(start, (runs, 1))
    steps, every = arguments.whole("steps", steps, high=arguments.LONGEST), arguments.whole("every", every, low=1)
    parts = arguments.whole("parts", parts, low=1)
    arguments.affordable("steps", steps, w.size, 5 * 10**8, ", so that it fits in memory")
    return _stream(oracle, method, w, arguments.generator("rng", rng), steps, every, parts)


def _stream(oracle, method, w, rng, steps, every, parts):
    m = np.zeros_like(w)
    kept = np.empty((len(w), steps // every + 1, w.shape[1]))
    kept[:, 0] = w
    marks = np.unique(np.linspace(0, steps, min(parts, max(steps, 1)) + 1).astype(int))
    for begin, end in pairwise(marks.tolist()):
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(begin + 1, end + 1):
                w, m = method.step(w, m, oracle.draw(w, rng))
                if t % every == 0:
                    kept[:, t // every] = w
        yield end / steps, kept[:, :end // every + 1].copy()
    if steps == 0:
        yield 1.0, kept


def simulate(oracle: Oracle, method: Method, steps: int, runs: int, rng: np.random.Generator, start: ArrayLike,
             every: int = 1) -> Floats:
    """Iterates of independent runs of any method on any oracle, all runs advanced together.

    Args:
        oracle: an ``Oracle``.
        method: any ``Method``, its buffer zero at t = 0.
        steps: number of steps.
        runs: number of independent runs.
        rng: a ``numpy.random.Generator``.
        start: w_0, shape ``(d,)``.
        every: keep every so many steps, t = 0 included.

    Returns:
        shape ``(runs, steps // every + 1, d)``; not finite where a run has left the floating-point range.

    Raises:
        ValueError: an argument out of range.

    >>> simulate(Oracle.quadratic([1.0], 0.0), Method.sgd(lr=0.5), 2, 1, np.random.default_rng(0), [1.0]).ravel()
    array([1.  , 0.5 , 0.25])
    """
    *_, (_, w) = stream(oracle, method, steps, runs, rng, start, every, parts=1)
    return w
