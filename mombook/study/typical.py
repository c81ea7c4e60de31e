r"""What a single run does: the typical rate, beside which the mean-square rate is a statement about rare runs.

Without label noise a step multiplies the state (e, m) by a random matrix, fresh every time, so the logarithm of the risk
grows like a random walk and almost every run has the same slope (Furstenberg & Kesten 1960):

$$ r_{\mathrm{typ}} = -\lim_{t\to\infty} \frac1t \log R_t \quad\text{almost surely}, \qquad
   r_{\mathrm{typ}} \ge r_{\mathrm{ms}} = -\log\rho \tag{typical-rate} $$

(the inequality is Jensen's: E log R <= log E R). It is measured on runs that are rescaled whenever they leave the range of
floating point, so that neither convergence nor divergence ends them. For H = I and SGD the steps are independent and

$$ \frac{R'}{R} = \Bigl(1-\frac{\eta C}{B}\Bigr)^2 + \frac{\eta^2 C Q}{B^2}, \qquad
   C\sim\chi^2_B,\; Q\sim\chi^2_{d-1} \text{ independent} \tag{flat-step} $$
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..exact.moments import contraction_gap
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..sample.gaussian import MEMORY, afford, one_draw


class Typical(NamedTuple):
    """A measured typical rate.

    Attributes:
        rate: e-folds of the risk per step in a typical run, positive when it converges; to set against -log rho.
        error: its standard error, measured over the runs.
        spread: variance of log R per step among the runs, which says how soon a mean of runs misleads.
        fraction: of the work done, in (0, 1].
    """

    rate: float
    error: float
    spread: float
    fraction: float


def typical_rate(spectrum: Spectrum, method: Method, batch: int, steps: int, runs: int, rng: np.random.Generator,
                 burn: int | None = None, start: ArrayLike = 1.0) -> Typical:
    """The typical rate (typical-rate), measured over ``steps - burn`` steps of independent runs.

    Holds for Gaussian inputs without label noise; the estimate has a bias of order 1/(steps - burn) from what the first
    ``burn`` steps have not forgotten, so these should outlast the slowest mode.

    Args:
        spectrum: a ``Spectrum`` with whole counts.
        method: a ``Method``; its buffer starts at zero.
        batch: batch size, a whole number >= 1.
        steps, runs: whole numbers >= 2. What would take more than some ten seconds is left to ``typical_blocks``.
        rng: a ``numpy.random.Generator``; the same state gives the same numbers.
        burn: steps before the measurement begins, below ``steps``; by default half of them.
        start: E[e_i^2] at t = 0, one number or shape ``(d,)``, as in ``simulate``.

    Returns:
        A ``Typical``.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> found = typical_rate(Spectrum.flat(1), Method(0.0, 0.0, 0.0), 1, steps=4, runs=2, rng=np.random.default_rng(0))
    >>> found.rate, found.error
    (0.0, 0.0)
    """
    blocks = typical_blocks(spectrum, method, batch, steps, runs, rng, burn, start)
    afford(spectrum, 1, steps, runs, "typical_blocks")
    *_, last = blocks
    return last


def typical_blocks(spectrum: Spectrum, method: Method, batch: int, steps: int, runs: int, rng: np.random.Generator,
                   burn: int | None = None, start: ArrayLike = 1.0, budget: int = 200_000) -> Iterator[Typical]:
    """``typical_rate`` in pieces: a generator of ``Typical``, about every ``budget`` sampled numbers once ``burn`` steps
    are over (before that the rate is ``nan``). The numbers drawn do not depend on ``budget``."""
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.instance("method", method, Method)
    batch = arguments.whole("batch", batch, low=1)
    steps, runs = arguments.whole("steps", steps, low=2), arguments.whole("runs", runs, low=2)
    burn = steps // 2 if burn is None else arguments.whole("burn", burn, high=steps - 1)
    arguments.generator("rng", rng)
    budget = arguments.whole("budget", budget, low=1)
    lam = spectrum.expanded()
    arguments.affordable("runs", runs, 4 * lam.size, MEMORY // 10, ", so that they fit in memory")
    if arguments.is_scalar(start):
        start = np.full(lam.shape, arguments.number("start", start, above=0.0))
    else:
        start = arguments.array("start", start, low=0.0, shape=lam.shape)
        if not start.any():
            arguments.refuse("start", start, "positive somewhere: a run that starts at the solution has no rate")
    return _blocks(lam, method, batch, steps, runs, rng, burn, start, budget)


def sgd_profile(spectrum: Spectrum, lr: float, batch: float) -> Floats:
    r"""How E e_i^2 is spread over the modes once SGD's expected risk shrinks at its long-run rate.

    $$ E\,e_i^2 \;\propto\; \frac{\lambda_i}{\rho - (1-\eta\lambda_i)^2 - \eta^2\lambda_i^2/B} \tag{profile} $$

    Started there, the expected risk is rho^t times its start from the first step on: a ``start`` that spares
    ``typical_rate`` the wait for the slow modes.

    Args:
        spectrum: a ``Spectrum``; lr: learning rate > 0; batch: >= 1.

    Returns:
        Array over ``spectrum.eigenvalues``, largest entry 1.

    >>> sgd_profile(Spectrum.flat(5), 0.1, 4).tolist()
    [1.0]
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    lr, batch = arguments.number("lr", lr, above=0.0), arguments.number("batch", batch, low=1.0)
    gap, a = contraction_gap(spectrum, Method.sgd(lr), batch), lr * spectrum.eigenvalues
    room = 2 * a - a * a * (1 + 1 / batch) - gap                                      # rho = 1 - gap, nothing cancels
    if not (room > 0).all():
        arguments.refuse("batch", batch, f"so small that the noise of a batch is not lost in rounding (here lr is {lr:g})")
    v = a / room
    return v / v.max()


def _blocks(lam, method, batch, steps, runs, rng, burn, start, budget):
    h = np.sqrt(lam * start) * rng.choice([-1.0, 1.0], size=(runs, lam.size))         # as in simulate: h = H^(1/2) e
    m, z, spent = np.zeros_like(h), np.empty_like(h), 0
    size = np.einsum("rd,rd->r", h, h)
    taken = np.zeros(runs)                                                            # log of what rescaling took out
    for t in range(steps):
        if t == burn:
            began = taken + np.log(size)
        h, m = method.step(h, m, one_draw(h, size, lam, batch, 0.0, rng, z))
        size = np.einsum("rd,rd->r", h, h)
        if size.min() < 1e-60 or size.max() > 1e60:                                   # far from where squares overflow
            scale = np.sqrt(size)[:, None]
            h, m, taken, size = h / scale, m / scale, taken + np.log(size), np.ones(runs)
        spent += h.size
        if spent >= budget and t + 1 < steps:
            spent = 0
            if t < burn:
                yield Typical(np.nan, np.nan, np.nan, (t + 1) / steps)
            else:
                yield _measured(taken + np.log(size) - began, t + 1 - burn, (t + 1) / steps)
    yield _measured(taken + np.log(size) - began, steps - burn, 1.0)


def _measured(growth, steps, fraction):
    spread = growth.var(ddof=1)
    return Typical(float(-growth.mean() / steps) + 0.0, float(np.sqrt(spread / growth.size) / steps), float(spread / steps),
                   fraction)
