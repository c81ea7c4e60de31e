"""A spectrum as bars: groups of neighbouring directions over their ranks, and the spectrum with one of them moved."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .. import arguments
from ..arrays import Floats, Ints
from ..exact.moments import risk_by_direction
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import spectra
from .words import percent, three

MOST = 24
"""Bars that are drawn, or one more."""

WIDE = 0.4
"""Half the width of a bar, as a share of the way to the next rank on a logarithmic axis."""

LIGHT, STRONG = 0.15, 0.9
"""How opaque the shades of the steepest and of the flattest group are."""


COARSE, COARSER, LARGE = 1.0, 0.5, 1000
"""Bins an octave of a bar's own spectrum, for what it carries; the same of a spectrum of more than so many eigenvalues. The sum
is mostly right to 1e-3, in a tenth of a second; the worst found is 17 % off, where modes that turn make up the whole curve
(kappa = 1e6, decay 3, d = 10000, B = 65536)."""


class Bar(NamedTuple):
    """Neighbouring directions of a spectrum.

    Attributes:
        first, last: their ranks; dim: how many directions, which need not be whole.
        largest, smallest: their eigenvalues; level: the geometric mean of these, counts included.
        share: of tr H.
    """

    first: int
    last: int
    dim: float
    largest: float
    smallest: float
    level: float
    share: float


def sides(first: Any, last: Any) -> tuple[Any, Any]:
    """Left and right ends of bars from rank ``first`` to rank ``last`` on a logarithmic axis, with gaps between them."""
    return first * (1 + 1 / first) ** -WIDE, last * (1 + 1 / last) ** WIDE


def shade(k: int, count: int) -> float:
    """How opaque the shade of group ``k`` of ``count`` is."""
    return round(LIGHT + (STRONG - LIGHT) * k / max(count - 1, 1), 3)


def edges(H: Spectrum) -> Ints:
    """At which of its entries the groups of a spectrum begin, and how many entries there are.

    Equal eigenvalues are a group each where they are few; otherwise a group is a doubling of the rank, or more where there
    would be too many.

    >>> edges(Spectrum([1.0, 1.0, 0.5])).tolist(), edges(Spectrum.power_law(100, 1.5)).tolist()
    ([0, 2, 3], [0, 1, 3, 7, 15, 31, 63, 100])
    """
    group = np.cumsum(np.diff(H.eigenvalues, prepend=np.inf) != 0)
    if group[-1] > MOST:
        rank = np.maximum(np.rint(np.cumsum(H.counts) - H.counts), 0) + 1
        group = np.floor(np.log2(rank) / max(1.0, np.log2(H.dim) / MOST))
    return np.append(np.flatnonzero(np.diff(group, prepend=-1)), len(H))


@lru_cache(maxsize=64)
def of(key: spectra.Key) -> tuple[Bar, ...]:
    """The bars of a spectrum, the largest eigenvalues first.

    >>> [(bar.first, bar.last, round(bar.share, 2)) for bar in of("two levels:1.0,0.1*30")]
    [(1, 1, 0.25), (2, 31, 0.75)]
    """
    H = spectra.whole(key)
    at, lam, n = edges(H), H.eigenvalues, H.counts
    start, count = at[:-1], np.add.reduceat(n, at[:-1])
    last = np.maximum(np.rint(np.cumsum(count)), 1)
    first = np.minimum(np.append(1, last[:-1] + 1), last)
    level = np.exp(np.add.reduceat(n * np.log(lam), start) / count)
    rows = zip(first, last, count, lam[start], lam[at[1:] - 1], level, np.add.reduceat(n * lam, start) / H.trace, strict=True)
    return tuple(Bar(int(a), int(b), *map(float, rest)) for a, b, *rest in rows)


def bent(key: spectra.Key, bar: int, level: float) -> str:
    """The spectrum whose ``bar`` has been moved to another ``level``, as a scenario holds it: the bar's eigenvalues scaled.

    Raises:
        ValueError: no such bar, a level that is not positive, or a spectrum of more than ``spectra.MOST`` eigenvalues.

    >>> bent("two levels:1.0,0.1*30", 1, 0.2)
    'bent two levels:1.0,0.2*30'
    """
    H, drawn = spectra.whole(key), of(key)
    bar = arguments.whole("bar", bar, high=len(drawn) - 1)
    level = arguments.number("level", level, above=0.0, high=arguments.HUGE)
    if len(H) > spectra.MOST:
        arguments.refuse("d", len(H), f"at most {spectra.MOST} for a bar to be dragged: the scenario then holds every one")
    lam, (a, b) = H.eigenvalues.copy(), edges(H)[bar:bar + 2]
    lam[a:b] *= level / drawn[bar].level
    name = H.name if isinstance(key, str) else "power law"
    return spectra.written(Spectrum([float(f"{x:.{spectra.DIGITS}g}") for x in lam], H.counts,
                                    name if name.startswith("bent ") else f"bent {name}"))


class Learner(NamedTuple):
    """What makes an expected-risk curve: method, batch size, standard deviation of the label noise; how far along the axis a
    step goes."""

    method: Method
    batch: float
    noise: float = 0.0
    scale: float = 1.0


@lru_cache(maxsize=64)
def carried(key: spectra.Key, learner: Learner, steps: tuple[float, ...]) -> Floats:
    """The expected risk that each bar carries, as a share of the risk at the start (of weights of unit size).

    Args:
        key: of the spectrum; steps: whole numbers in increasing order.

    Returns:
        Array of shape ``(k, bars)``, whose rows sum to the learning curve; ``inf`` or ``nan`` where it has overflowed.

    >>> carried("two levels:1.0,0.1*30", Learner(Method.sgd(0.1), 8), (0, 50)).round(3)
    array([[0.25 , 0.75 ],
           [0.002, 0.28 ]])
    """
    H, start = _grouped(key)
    with np.errstate(over="ignore", invalid="ignore"):
        risk = risk_by_direction(H, learner.method, learner.batch, np.array(steps), learner.noise)
        return np.add.reduceat(risk, start, axis=1) / (H.trace / 2)


@lru_cache(maxsize=16)
def _grouped(key):
    """The spectrum, coarse within each bar, and at which entry each bar begins."""
    H = spectra.whole(key)
    at, bins = edges(H), COARSE if len(H) <= LARGE else COARSER
    parts = [Spectrum(H.eigenvalues[a:b], H.counts[a:b]).compressed(bins) for a, b in itertools.pairwise(at)]
    joined = Spectrum(*(np.concatenate([getattr(part, of) for part in parts]) for of in ("eigenvalues", "counts")))
    return joined, np.cumsum([0, *(len(part) for part in parts[:-1])])


def said(bar: Bar) -> str:
    """A bar in words.

    >>> said(of("two levels:1.0,0.1*30")[1])
    'Ranks 2 to 31: 30 directions with the eigenvalue 0.1, 75 % of tr H.'
    """
    ranks = f"Rank {bar.first}" if bar.first == bar.last else f"Ranks {bar.first} to {bar.last}"
    directions = "1 direction" if bar.dim == 1 else f"{three(bar.dim)} directions"
    values = (f"the eigenvalue {three(bar.largest)}" if three(bar.largest) == three(bar.smallest)
              else f"eigenvalues from {three(bar.largest)} to {three(bar.smallest)}")
    return f"{ranks}: {directions} with {values}, {percent(bar.share)} of tr H."


def drawn(key: spectra.Key) -> list[Mapping[str, Any]]:
    """The bars as a host draws them: corners, shades, levels and words."""
    bars = of(key)
    ends = (sides(bar.first, bar.last) for bar in bars)
    return [{"left": left, "right": right, "tops": [bar.largest, bar.smallest], "level": bar.level,
             "shade": shade(k, len(bars)), "ranks": said(bar).partition(":")[0], "said": said(bar)}
            for k, (bar, (left, right)) in enumerate(zip(bars, ends, strict=True))]
