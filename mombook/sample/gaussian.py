r"""Monte Carlo: the same methods on sampled gradients.

``one_draw`` samples the batch gradient of B Gaussian inputs exactly in law from one normal vector and one chi-square:
with $h = H^{1/2} e$, $s = \sqrt{|h|^2 + \sigma^2}$, $C \sim \chi^2_B$ and $z \sim N(0, I_d)$,

$$ g = \tfrac1B H^{1/2}\Bigl[\,C h + \sqrt C\,\bigl(s\,z + (\sigma - s)\,\hat h\hat h^T z\bigr)\Bigr],
   \qquad \hat h = h/|h| \tag{batch-in-one} $$

(split every sample along h and across it; given the residuals $r_b$, the part across is $|r|\,z_\perp$, and $|r|^2 = s^2 C$).
A step costs O(d) whatever the batch. ``direct`` draws all B samples and is the oracle, and the way to other inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.method import Method
from ..model.spectrum import Spectrum

Sampler = Literal["one_draw", "direct"]
"""How a batch gradient is drawn."""

MEMORY = 10**7
"""How many numbers are kept at most."""

_BLOCK = 16_384
"""Coordinates simulated together: three arrays of them stay in a core's cache."""


class Progress(NamedTuple):
    """What ``simulate_blocks`` yields.

    Attributes:
        fraction: of the whole work done, in (0, 1].
        risk: shape ``(runs, steps+1)``, ``nan`` where not yet simulated; the same array every time, filled further.
        runs_done: how many leading rows are complete.
    """

    fraction: float
    risk: Floats
    runs_done: int


def simulate(spectrum: Spectrum, method: Method, batch: int, steps: int, runs: int, rng: np.random.Generator,
             sampler: Sampler = "one_draw", noise: float = 0.0, start: ArrayLike = 1.0) -> Floats:
    """Sampled risk curves, one a run.

    Args:
        spectrum: a ``Spectrum`` with whole counts.
        method: a ``Method``; its buffer starts at zero.
        batch: batch size, a whole number >= 1.
        steps, runs: whole numbers >= 0 and >= 1. What would take more than some ten seconds is left to ``simulate_blocks``.
        rng: a ``numpy.random.Generator``; the same state gives the same curves.
        sampler: ``"one_draw"`` (batch-in-one) or ``"direct"`` (all B samples, B times the cost).
        noise: standard deviation of the label noise.
        start: E[e_i^2] at t = 0, one number or shape ``(d,)``: e_i starts at + or - its root, the sign drawn from ``rng``.

    Returns:
        Risk, shape ``(runs, steps+1)``: R = (1/2) sum_i lambda_i e_i^2 of every run; ``inf`` where a run has overflowed.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> risk = simulate(Spectrum.flat(4), Method.sgd(0.1), 8, steps=5, runs=3, rng=np.random.default_rng(0))
    >>> risk.shape, float(risk[0, 0])
    ((3, 6), 2.0)
    """
    blocks = simulate_blocks(spectrum, method, batch, steps, runs, rng, sampler, noise, start)
    afford(spectrum, batch if sampler == "direct" else 1, steps, runs, "simulate_blocks")
    *_, last = blocks
    return last.risk


def afford(spectrum: Spectrum, batch: int, steps: int, runs: int, instead: str) -> None:
    """Refuse what would run for minutes without a way to see how far it is, naming what is largest."""
    instead = f"; mombook.{instead} goes on, shows its progress and can be stopped"
    a_run = arguments.OVERHEAD / max(1, min(runs, _BLOCK // spectrum.dim)) + spectrum.dim * batch
    if steps * runs * a_run > arguments.WORK:
        name, value = max((("batch", batch), ("steps", steps), ("runs", runs)), key=lambda pair: pair[1])
        arguments.affordable(name, value, steps * runs * a_run / value, arguments.WORK, instead)


def simulate_blocks(spectrum: Spectrum, method: Method, batch: int, steps: int, runs: int, rng: np.random.Generator,
                    sampler: Sampler = "one_draw", noise: float = 0.0, start: ArrayLike = 1.0,
                    budget: int = 200_000) -> Iterator[Progress]:
    """``simulate`` in pieces: a generator of ``Progress``, so that a caller can draw, report and stop.

    It yields about every ``budget`` sampled numbers (a few milliseconds); stopping early is just not asking for more.
    The numbers drawn do not depend on ``budget``.
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.instance("method", method, Method)
    batch = arguments.whole("batch", batch, low=1)
    steps, runs = arguments.whole("steps", steps), arguments.whole("runs", runs, low=1)
    arguments.generator("rng", rng)
    gradient = {"one_draw": one_draw, "direct": _direct}[arguments.choice("sampler", sampler, ("one_draw", "direct"))]
    noise = arguments.number("noise", noise, low=0.0)
    budget = arguments.whole("budget", budget, low=1)
    lam = spectrum.expanded()
    arguments.affordable("steps", steps, 1, MEMORY, ", so that the curve fits in memory")
    if steps > runs:
        arguments.affordable("steps", steps, runs, MEMORY, ", so that the curves fit in memory")
    arguments.affordable("runs", runs, min(runs, steps) + 1 + 3 * lam.size, MEMORY, ", so that the curves fit in memory")
    if sampler == "direct":
        rows = min(runs, max(1, _BLOCK // lam.size))
        arguments.affordable("batch", batch, rows * lam.size, arguments.WORK, "; sampler='one_draw' has no such limit")
    if arguments.is_scalar(start):
        start = arguments.number("start", start, low=0.0)
    else:
        start = arguments.array("start", start, low=0.0, shape=lam.shape)
    return _blocks(lam, method, batch, steps, runs, rng, gradient, noise, start, budget)


def _blocks(lam, method, batch, steps, runs, rng, gradient, noise, start, budget):
    risk = np.full((runs, steps + 1), np.nan)
    block, cost = max(1, _BLOCK // lam.size), lam.size * (batch if gradient is _direct else 1)
    for first in range(0, runs, block):
        rows = slice(first, min(first + block, runs))
        n = rows.stop - first
        h = np.sqrt(lam * start) * rng.choice([-1.0, 1.0], size=(n, lam.size))      # everything in h = H^(1/2) e
        m, spent = np.zeros_like(h), 0
        z = np.empty_like(h)
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(steps + 1):
                size = np.einsum("rd,rd->r", h, h)
                risk[rows, t] = np.where(np.isnan(size), np.inf, size / 2)
                if t == steps:
                    break
                h, m = method.step(h, m, gradient(h, size, lam, batch, noise, rng, z))
                spent += n * cost
                if spent >= budget:
                    spent = 0
                    yield Progress((first * (steps + 1) + n * (t + 1)) / (runs * (steps + 1)), risk, first)
        yield Progress(rows.stop / runs, risk, rows.stop)


def one_draw(h: Floats, size: Floats, lam: Floats, batch: int, noise: float, rng: np.random.Generator, z: Floats) -> Floats:
    """H^(1/2) g by (batch-in-one), shape of h; z is scratch of that shape."""
    rng.standard_normal(out=z)
    C = rng.chisquare(batch, size=len(h))
    s = np.sqrt(size + noise**2)
    along = np.divide(np.einsum("rd,rd->r", z, h), size, out=np.zeros_like(size), where=size > 0)
    z *= (s * np.sqrt(C))[:, None]
    g = h * (C + np.sqrt(C) * (noise - s) * along)[:, None]
    g += z
    g *= lam / batch
    return g


def _direct(h, size, lam, batch, noise, rng, z):
    """H^(1/2) g from B samples drawn one by one, in chunks of the batch that fit the cache."""
    g, done = np.zeros_like(h), 0
    while done < batch:
        b = min(batch - done, max(1, 4 * _BLOCK // h.size))
        y = rng.standard_normal((len(h), b, lam.size))
        residual = np.einsum("rbd,rd->rb", y, h)
        if noise:
            residual -= noise * rng.standard_normal(residual.shape)
        g += np.einsum("rb,rbd->rd", residual, y)
        done += b
    return g * lam / batch
