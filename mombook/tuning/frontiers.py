r"""What a batch buys: contraction gap, serial runtime and compute efficiency over batch sizes.

$$ \mathrm{serial} = \frac{1}{-\log\rho}, \qquad \mathrm{compute} = \frac{B}{-\log\rho}, \qquad
   \mathrm{CE} = \frac{-\log\rho}{B} \tag{tradeoff} $$

steps and samples per e-fold of the expected loss, and e-folds per sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments, markup
from ..arrays import Floats
from ..exact.moments import contraction_gap
from ..exact.roots import roots
from ..exact.secular import Point
from ..model.family import FAMILIES, Family
from ..model.method import Method
from ..model.spectrum import Spectrum
from .long_run import LARGEST, method_at, tune_many
from .monotone import Monotone

LINEAR, SATURATED = 0.9, 0.1
"""Local exponents d log gap / d log B between which compute is traded for steps."""


@dataclass(frozen=True)
class Frontier:
    """The tuned methods of one family over batches; every array has the shape of ``batches``.

    Attributes:
        family, batches: what was asked for.
        gap: largest contraction gap.
        points: the tuned parameters (delta, eta, 1 - beta) as arrays.
    """

    family: str
    batches: Floats
    gap: Floats
    points: Point

    def part(self, index: Any) -> Frontier:
        """The frontier at some of its batches (``index``: a slice or an index array)."""
        try:
            self.batches[index]
        except (IndexError, TypeError, ValueError):
            arguments.refuse("index", index, f"a slice, or whole numbers below {self.batches.size}")
        return Frontier(self.family, self.batches[index], self.gap[index], Point(*(v[index] for v in self.points)))

    def _repr_html_(self) -> str:
        ce, serial, methods = self.ce, self.serial, self.methods
        rows = [(self.batches[i], self.gap[i], serial[i], ce[i], methods[i].delta, methods[i].eta, methods[i].beta)
                for i in markup.some(len(methods))]
        head = ("batch", "gap", "steps per e-fold", "e-folds per sample", "δ", "η", "β")
        return markup.table(f"Frontier of {self.family}", head, rows, markup.left_out(len(methods)))

    @property
    def rate(self) -> Floats:
        """-log rho, e-folds of the expected loss per step."""
        return -np.log1p(-self.gap)

    @property
    def serial(self) -> Floats:
        """Steps per e-fold of the expected loss."""
        return 1 / self.rate

    @property
    def compute(self) -> Floats:
        """Samples per e-fold of the expected loss."""
        return self.batches / self.rate

    @property
    def ce(self) -> Floats:
        """Compute efficiency, e-folds of the expected loss per sample."""
        return self.rate / self.batches

    @property
    def methods(self) -> list[Method]:
        """The tuned ``Method`` at every batch, a list."""
        return [method_at(self.points, i) for i in range(self.batches.size)]


def frontier(spectrum: Spectrum, families: Sequence[str] | None = None, batches: ArrayLike | None = None,
             precision: float = 1e-9, kurtosis: ArrayLike = 3.0) -> dict[str, Frontier]:
    """Tune every family at every batch.

    Args:
        spectrum: a ``Spectrum``.
        families: names out of ``mombook.FAMILIES``; all of them by default.
        batches: batch sizes >= 1, shape ``(n,)``; by default 25 from 1 to past the bend of heavy ball.
        precision: of the gaps, relative, from 1e-12 to 0.1; 1e-5 is a third faster, for figures that move.
        kurtosis: of the input coordinates, as ``contraction_gap``.

    Returns:
        dict from family to ``Frontier``.

    Raises:
        ValueError: a family that does not exist, a batch below 1.

    >>> f = frontier(Spectrum.power_law(50, 1.5), ["sgd", "heavy_ball"], [1, 8, 64])
    >>> bool(f["heavy_ball"].serial[-1] < f["sgd"].serial[-1])
    True
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    families = list(FAMILIES) if families is None else arguments.words("families", families, FAMILIES)
    if batches is None:
        last = 30 * max(1.0, spectrum.trace / spectrum.largest * np.sqrt(spectrum.kappa))
        batches = np.geomspace(1, min(last, LARGEST), 25)
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    n = batches.size
    gap, p = tune_many(spectrum, [f for f in families for _ in range(n)], np.tile(batches, len(families)), kurtosis, precision)
    cut = {f: slice(k * n, (k + 1) * n) for k, f in enumerate(families)}
    return {f: Frontier(f, batches, gap[c], Point(*(v[c] for v in p))) for f, c in cut.items()}


def frontier_of(spectrum: Spectrum, method: Method | Family, batches: ArrayLike, precision: float = 1e-9) -> Frontier:
    """The frontier of one ``Method``, its parameters the same at every batch; or of a ``Family`` without a name, tuned at each.

    Args:
        spectrum: a ``Spectrum``; method: a ``Method`` or a ``Family``; batches: batch sizes >= 1, shape ``(n,)``.
        precision: of a tuned gap, as ``frontier``.

    Returns:
        ``Frontier``; of a method that diverges at a batch, its gap, and so all that follows from it, is nan there.

    Raises:
        ValueError: something else than a method or a family, a batch below 1.

    >>> f = frontier_of(Spectrum.flat(10), Method.sgd(0.4), [1, 4, 16])
    >>> f.gap.round(6).tolist()                   # 2 eta - eta^2 (d+B+1)/B, where that is positive
    [nan, 0.2, 0.53]
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    if isinstance(method, Family):
        gap, points = tune_many(spectrum, [method] * batches.size, batches, precision=precision)
        return Frontier(method.word, batches, gap, points)
    arguments.instance("method", method, Method)
    gap = contraction_gap(spectrum, method, batches)
    steps = (np.full(batches.shape, float(x)) for x in (method.delta, method.eta, 1 - method.beta))
    return Frontier("method", batches, np.where(gap > 0, gap, np.nan), Point(*steps))


def apart(one: Frontier, other: Frontier) -> tuple[float, float]:
    """How far apart two ``Frontier`` over the same batches are: the largest |log CE_1 / CE_2|, and the batch where it is."""
    distances = np.abs(np.log(one.ce / other.ce))
    worst = int(np.argmax(distances))
    return float(distances[worst]), float(one.batches[worst])


def smooth(batches: ArrayLike, values: ArrayLike) -> Monotone:
    """The curve through positive values over batches that is smooth and monotone between them, in logarithms of both."""
    return Monotone(np.log(batches), np.log(values))


def read_off(batches: ArrayLike, values: ArrayLike, batch: float) -> float:
    """What the curve through ``values`` is at one batch."""
    return float(np.exp(smooth(batches, values)(np.log(batch))))


def halved(batches: ArrayLike, efficiency: Any) -> float:
    """Where an efficiency has fallen to half of what it is at the first batch, on a smooth curve through points.

    Args:
        batches: positive and increasing, shape ``(n,)``; efficiency: positive, shape ``(n,)``.

    Returns:
        A float; ``inf`` where it has not halved by the last batch.

    >>> round(halved([1, 2, 4, 8, 16], [1.0, 1.0, 0.75, 0.5, 0.25]), 9)
    8.0
    """
    x, fallen = np.log(batches), np.log(efficiency[0] / np.asarray(efficiency))
    if fallen.max() < np.log(2):
        return np.inf
    fine = np.unique(np.concatenate([np.linspace(x[0], x[-1], 2000), x]))
    curve = np.maximum.accumulate(Monotone(x, fallen)(fine))
    k = max(int(np.argmax(curve >= np.log(2))), 1)
    return float(np.exp(np.interp(np.log(2), curve[k - 1:k + 1], fine[k - 1:k + 1])))


def regimes(batches: Any, gap: ArrayLike, batch: float) -> tuple[float, float, float]:
    """Where the exponent d log gap / d log B has fallen to LINEAR and to SATURATED, and what it is at ``batch``."""
    slope_at = smooth(batches, gap).slope
    fine = np.linspace(0.0, np.log(batches[-1]), 400)
    slope = np.minimum.accumulate(slope_at(fine))
    linear = np.exp(np.interp(-LINEAR, -slope, fine)) if slope[0] > LINEAR else 1.0
    saturated = np.exp(np.interp(-SATURATED, -slope, fine)) if slope[-1] < SATURATED else batches[-1]
    return float(linear), float(saturated), float(slope_at(np.log(batch)))


def critical_batch(spectrum: Spectrum, family: str, share: float = 0.5, kurtosis: ArrayLike = 3.0) -> float:
    r"""The measured critical batch: where the tuned CE has fallen to ``share`` of its value at batch 1.

    $$ \mathrm{CE}(B_c) = \tfrac12\,\mathrm{CE}(1) \tag{critical-batch} $$

    Args:
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``; share: in (0, 1).
        kurtosis: of the input coordinates, as ``contraction_gap``.

    Returns:
        A real number > 1.
    """
    arguments.choice("family", family, FAMILIES)
    return critical_batches(spectrum, [family], share, kurtosis)[family]


def critical_batches(spectrum: Spectrum, families: Sequence[str] | None = None, share: float = 0.5,
                     kurtosis: ArrayLike = 3.0) -> dict[str, float]:
    """``critical_batch`` of several families (by default of all) at once, as a dict."""
    arguments.instance("spectrum", spectrum, Spectrum)
    share = arguments.number("share", share, low=1e-6, below=1.0)
    families = list(FAMILIES) if families is None else arguments.words("families", families, FAMILIES)
    kurtosis = arguments.each("kurtosis", kurtosis, 1.0, spectrum.eigenvalues.shape)
    # CE(B) <= cap/B by (T4) and, for the book's four, CE(1) >= mu/(tr + (k-1) L) by (T1): by here every one has fallen
    cap = -2 * np.log1p(-2 / (1 + np.sqrt(max(spectrum.kappa, 1 + 1e-9))))
    far = cap * (spectrum.trace + max(np.max(kurtosis) - 1, 1) * spectrum.largest) / spectrum.smallest / share
    below = np.zeros((1, 1), bool)
    while not below.any(1).all():
        grid = np.linspace(0.0, np.log(min(2 * far, LARGEST)), 16)
        curves = frontier(spectrum, families, np.exp(grid), kurtosis=kurtosis)
        level = np.array([np.log(curves[f].ce[0] * share) for f in families])
        over = np.array([np.log(curves[f].ce) for f in families]) - level[:, None]
        below = over < 0
        if 2 * far > LARGEST and not below.any(1).all():
            arguments.refuse("share", share, f"so large, for this kurtosis, that every family falls to it by batch {LARGEST:g}")
        far *= 100                                                      # another family may be worse at batch 1
    fallen, rows = below.argmax(1), np.arange(len(families))

    def above(log_b, which):
        batch = np.exp(log_b)
        gap, _ = tune_many(spectrum, [families[k] for k in which], batch, kurtosis)
        return np.log(-np.log1p(-gap) / batch) - level[which]

    found = roots(above, grid[fallen - 1], grid[fallen], xtol=1e-8, ends=(over[rows, fallen - 1], over[rows, fallen]))
    return {f: float(np.exp(x)) for f, x in zip(families, found, strict=True)}


def window(spectrum: Spectrum, share: float = 0.5) -> float:
    """How much wider heavy ball's window is than SGD's: the ratio of their critical batches, to set against
    sqrt(kappa)."""
    found = critical_batches(spectrum, ["sgd", "heavy_ball"], share)
    return found["heavy_ball"] / found["sgd"]


def overlap(spectrum: Spectrum, batches: ArrayLike | None = None,
            pair: tuple[str, str] = ("asgd", "heavy_ball")) -> tuple[float, float]:
    r"""How far apart two families are at their worst batch.

    $$ \max_B \bigl|\log \mathrm{CE}_1(B) - \log \mathrm{CE}_2(B)\bigr| \tag{overlap} $$

    Args:
        spectrum: a ``Spectrum``; batches: as ``frontier``; pair: two names out of ``mombook.FAMILIES``.

    Returns:
        The distance (0: they coincide; 0.1: within 10 %) and the batch where it is reached.
    """
    pair = arguments.words("pair", pair, FAMILIES)
    if len(pair) != 2:
        arguments.refuse("pair", pair, "two words")
    f = frontier(spectrum, pair, batches)
    return apart(f[pair[0]], f[pair[1]])
