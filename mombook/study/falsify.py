r"""Trying to refute "heavy ball does not raise the frontier": a search for the spectrum that helps it most.

$$ Q(H) = \frac{\max_B \mathrm{CE}_{\mathrm{HB}}(B)}{\max_B \mathrm{CE}_{\mathrm{SGD}}(B)} \tag{best-CE-ratio} $$

Both maxima are over batch sizes B >= 1 and over all parameters of the family. The search climbs Q over the eigenvalues (in
log) and their multiplicities (real numbers, in log), and hands over the best so far as it goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.spectrum import Spectrum
from ..tuning.long_run import tune_many

BATCHES = (1.0, 2.0, 8.0)
"""Where CE is looked for its maximum: it falls with B in every case known, so that 1 wins; the rest are there to be wrong."""


class Ratio(NamedTuple):
    """Best CE of heavy ball and of SGD, in units of mu/tr per sample, their ratio, and the batch where heavy ball has its."""

    ratio: float
    heavy_ball: float
    sgd: float
    batch: float


class Search(NamedTuple):
    """What ``search`` yields.

    Attributes:
        fraction: of the evaluations done, in (0, 1].
        evaluations: how many spectra have been tried.
        spectrum: the best so far; best: its ``Ratio``.
        tried: the ratio of every spectrum tried, shape ``(evaluations,)``.
    """

    fraction: float
    evaluations: int
    spectrum: Spectrum
    best: Ratio
    tried: Floats


def best_ce_ratio(spectrum: Spectrum, batches: ArrayLike = BATCHES) -> Ratio:
    r"""How much more compute-efficient heavy ball can be than SGD on this spectrum, each at its best batch.

    $$ Q(H) = \frac{\max_B \mathrm{CE}_{\mathrm{HB}}(B)}{\max_B \mathrm{CE}_{\mathrm{SGD}}(B)} $$

    Exact up to tuning. SGD is heavy ball without memory, so heavy ball's best is never less than SGD's.

    Args:
        spectrum: a ``Spectrum``; batches: sizes >= 1 to maximise over.

    Returns:
        ``Ratio``.

    >>> round(best_ce_ratio(Spectrum.two_level(d=2, kappa=1e6)).ratio, 3)
    1.498
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    B = arguments.array("batches", batches, low=1.0, ndim=1)
    gap, _ = tune_many(spectrum, ["sgd"] * B.size + ["heavy_ball"] * B.size, np.tile(B, 2))
    sgd, heavy_ball = gap[:B.size], np.maximum(gap[:B.size], gap[B.size:])              # beta = 0 is SGD
    ce = -np.log1p(-np.array([sgd, heavy_ball])) / B * spectrum.trace / spectrum.smallest
    return Ratio(float(ce[1].max() / ce[0].max()), float(ce[1].max()), float(ce[0].max()), float(B[np.argmax(ce[1])]))


def search(start: Spectrum, rng: np.random.Generator, evaluations: int = 400, max_kappa: float = 1e6,
           max_count: float = 1e3) -> Iterator[Search]:
    r"""Climb (best-CE-ratio) over spectra, progressively.

    Random restarts of an adaptive random walk in the logarithms of eigenvalues and multiplicities: a proposal replaces the
    present spectrum when it is better; steps grow after a success and shrink after a failure; where they have become
    small the walk starts again from a perturbed best. Stopping early is just not asking for more.

    Args:
        start: the ``Spectrum`` to begin from, of 2 to 64 distinct entries.
        rng: a ``numpy.random.Generator``; the same state gives the same search.
        evaluations: spectra to try, a whole number >= 1.
        max_kappa, max_count: the walls: condition numbers up to this, multiplicities from 1 to this.

    Yields:
        ``Search`` after every evaluation; the first is ``start`` itself, brought inside the walls.

    Raises:
        ValueError: an argument of the wrong kind or out of range (at the first ``next``).
    """
    arguments.instance("start", start, Spectrum)
    arguments.generator("rng", rng)
    evaluations = arguments.whole("evaluations", evaluations, low=1)
    max_kappa = arguments.number("max_kappa", max_kappa, above=1.0, high=1e8)
    max_count = arguments.number("max_count", max_count, low=1.0, high=1e4)
    n = len(start)
    if not 2 <= n <= 64:
        arguments.refuse("start", start, "a Spectrum of 2 to 64 distinct entries")

    def walls(z):
        lam = np.clip(z[:n] - z[:n].max(), -np.log(max_kappa), 0.0)
        return np.concatenate([lam, np.clip(z[n:], 0.0, np.log(max_count))])

    def spectrum(z):
        return Spectrum(np.exp(z[:n]), np.exp(z[n:]), "searched")

    z = walls(np.concatenate([np.log(start.eigenvalues), np.log(start.counts)]))
    here = best = best_ce_ratio(spectrum(z))
    best_z, step, tried = z, 1.0, [best.ratio]
    yield Search(1 / evaluations, 1, spectrum(best_z), best, np.array(tried))
    while len(tried) < evaluations:
        move = rng.standard_normal(2 * n) * (rng.random(2 * n) < max(0.3, 1.5 / n))     # a few coordinates at a time
        new = walls(z + step * move)
        found = best_ce_ratio(spectrum(new))
        tried.append(found.ratio)
        if found.ratio > here.ratio:
            z, here, step = new, found, min(2 * step, 4.0)
        else:
            step *= 0.85
        if here.ratio > best.ratio:
            best_z, best = z, here
        if step < 0.02:                                                 # settled: shake the best and climb again
            z, step = walls(best_z + 2.0 * rng.standard_normal(2 * n)), 2.0
            here = best_ce_ratio(spectrum(z))
        yield Search(len(tried) / evaluations, len(tried), spectrum(best_z), best, np.array(tried))

