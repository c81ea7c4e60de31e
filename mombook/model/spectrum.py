"""Spectra: the eigenvalues of the covariance H, with multiplicities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments, markup
from ..arrays import Floats, Ints

BINNED_ABOVE = 20_000
"""Power laws with more eigenvalues than this are binned unless the caller says otherwise."""

Ends = Literal["both", "top"]
"""Where bins are fine."""

BINS = 4
"""Bins to an octave of ranks unless the caller says otherwise."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    r"""Eigenvalues of the covariance of the inputs, largest first, each with its multiplicity.

    $$ x \sim N(0, H), \qquad H = \mathrm{diag}(\lambda_1 \ge \dots \ge \lambda_d) > 0 \tag{spectrum} $$

    Everything in the book depends on H only through these numbers.

    Args:
        eigenvalues: positive numbers, shape ``(n,)``, any order.
        counts: how often each occurs, shape ``(n,)``, positive; ``None`` means once each. They need not be whole:
            a quadrature rule of a large spectrum is a spectrum with weights (see ``power_law``).
        name: words for axis labels and sentences.

    Raises:
        ValueError: empty, non-numeric, non-finite or non-positive eigenvalues or counts, or shapes that differ.

    >>> H = Spectrum([1.0, 0.1], counts=[2, 30])
    >>> H.dim, H.trace, round(H.kappa, 12)
    (32.0, 5.0, 10.0)
    """

    eigenvalues: Floats
    counts: Floats = None  # type: ignore[assignment]  # __post_init__ fills it in
    name: str = "custom"

    if TYPE_CHECKING:                                                   # more may be passed than is kept
        def __init__(self, eigenvalues: ArrayLike, counts: ArrayLike | None = None, name: str = "custom") -> None: ...

    def __post_init__(self):
        lam = arguments.array("eigenvalues", self.eigenvalues, above=0.0, ndim=1)
        if self.counts is None:
            n = np.ones_like(lam)
        else:
            n = arguments.array("counts", self.counts, above=0.0, shape=lam.shape,
                                allowed=f"a positive finite number for each of the {lam.size} eigenvalues")
        order = np.argsort(-lam, kind="stable")
        for field, value in (("eigenvalues", lam[order]), ("counts", n[order])):
            value.setflags(write=False)
            object.__setattr__(self, field, value)

    # -- what the theorems need ---------------------------------------------------------------------------------------
    @property
    def largest(self) -> float:
        """L, the largest eigenvalue."""
        return float(self.eigenvalues[0])

    @property
    def smallest(self) -> float:
        """mu, the smallest eigenvalue."""
        return float(self.eigenvalues[-1])

    @property
    def kappa(self) -> float:
        """Condition number L / mu."""
        return self.largest / self.smallest

    @cached_property
    def trace(self) -> float:
        """tr H, multiplicities included."""
        return float(self.counts @ self.eigenvalues)

    @cached_property
    def dim(self) -> float:
        """Number of eigenvalues, multiplicities included (a float: counts may be weights)."""
        return float(self.counts.sum())

    def __len__(self) -> int:
        """Number of distinct entries held, which is what computations cost."""
        return self.eigenvalues.size

    def __repr__(self) -> str:
        return f"Spectrum({self.name}: d={self.dim:.10g}, kappa={self.kappa:.4g}, trace={self.trace:.4g})"

    def _repr_html_(self) -> str:
        return markup.table(f"Spectrum: {self.name}", (), [
            ("d", f"{self.dim:.10g}"), ("κ = L/μ", f"{self.kappa:.4g}"), ("tr H", f"{self.trace:.4g}"),
            ("L, largest", f"{self.largest:.4g}"), ("μ, smallest", f"{self.smallest:.4g}")])

    def scaled(self, factor: float) -> Spectrum:
        """The spectrum of ``factor`` * H (a change of units: gaps at matching learning rates do not move)."""
        factor = arguments.number("factor", factor, above=0.0)
        if not self.smallest * factor >= arguments.TINY or not self.largest * factor <= arguments.HUGE:
            arguments.refuse("factor", factor, "such that all eigenvalues stay between 1e-100 and 1e+100")
        return Spectrum(self.eigenvalues * factor, self.counts, self.name)

    def expanded(self) -> Floats:
        """All eigenvalues one by one, shape ``(d,)``, for samplers.

        Raises:
            ValueError: if a multiplicity is not whole or d is above ten million.
        """
        n = np.rint(self.counts)
        if np.any(n != self.counts):
            arguments.refuse("spectrum", self, "one with whole counts, since samplers draw every coordinate "
                             "(for a power law pass binned=False)")
        if self.dim > 1e7:
            arguments.refuse("spectrum", self, "one of at most 10,000,000 eigenvalues to be sampled coordinate by "
                             "coordinate; the exact moments have no such limit")
        return np.repeat(self.eigenvalues, n.astype(int))

    def compressed(self, per_octave: float = BINS) -> Spectrum:
        """A smaller spectrum with nearly the same sums: neighbours merged into two-node Gauss rules.

        Bins grow geometrically away from both ends (``bin_edges``), by entries and by ranks, whichever is finer (entries
        that stand for many ranks are not thrown together); each keeps its first four moments; the extreme eigenvalues
        stay. A spectrum that would not shrink by a third is returned as it is. Made for gaps and tuning: in a curve, modes
        that turn are told apart by their phase, and two nodes a bin are soon too few (``power_law``).
        """
        per_octave = arguments.number("per_octave", per_octave, low=0.1, high=1000)     # 0.5: a bin is two octaves wide
        first = np.rint(np.cumsum(self.counts) - self.counts)           # the rank at which each entry begins
        by_rank = np.searchsorted(first, bin_edges(round(self.dim), per_octave))
        edges = np.union1d(bin_edges(len(self), per_octave), by_rank)
        if 3 * len(edges) > 2 * len(self):
            return self
        start, n, lam = edges[:-1], self.counts, self.eigenvalues
        weight = np.add.reduceat(n, start)
        mean = np.add.reduceat(n * lam, start) / weight
        off = lam - np.repeat(mean, np.diff(edges))
        var = np.add.reduceat(n * off**2, start) / weight
        skew = np.add.reduceat(n * off**3, start) / weight
        wide = var > (1e-9 * mean) ** 2
        a, v = skew[wide] / var[wide], var[wide]
        root = np.sqrt(a * a + 4 * v)
        values = [mean[~wide], mean[wide] + (a + root) / 2, mean[wide] + (a - root) / 2]
        counts = [weight[~wide], weight[wide] * (1 - a / root) / 2, weight[wide] * (1 + a / root) / 2]
        values, counts = np.concatenate(values), np.concatenate(counts)
        some = counts >= arguments.TINY                                         # a node may have no weight left
        return Spectrum(values[some], counts[some], self.name)

    # -- the named spectra --------------------------------------------------------------------------------------------
    @classmethod
    def flat(cls, d: int) -> Spectrum:
        """All d eigenvalues equal to one: kappa = 1."""
        return cls([1.0], [arguments.whole("d", d, low=1)], "flat")

    @classmethod
    def two_level(cls, d: int, kappa: float, top: int = 1) -> Spectrum:
        """``top`` eigenvalues equal to 1 and d - top equal to 1/kappa."""
        d = arguments.whole("d", d, low=2)
        kappa = arguments.number("kappa", kappa, low=1.0)
        if arguments.whole("top", top, low=1) >= d:
            arguments.refuse("top", top, f"a whole number >= 1 and below d, {d}")
        return cls([1.0, 1 / kappa], [top, d - top], "two levels")

    @classmethod
    def geometric(cls, d: int, kappa: float) -> Spectrum:
        r"""d eigenvalues evenly spaced in log: $\lambda_i = \kappa^{-(i-1)/(d-1)}$."""
        d = arguments.whole("d", d, low=2)
        arguments.affordable("d", d, 1, 10**6, "; Spectrum.power_law bins more")
        kappa = arguments.number("kappa", kappa, low=1.0)
        return cls(kappa ** -np.linspace(0.0, 1.0, d), name="geometric")

    @classmethod
    def power_law(cls, d: int, decay: float, kappa: float | None = None, binned: int | None = None,
                  ends: Ends = "both") -> Spectrum:
        r"""Power-law spectrum; with ``kappa`` given, d, decay and kappa are three independent knobs.

        $$ \lambda_i = \Bigl(1 + (i-1)\,\tfrac{\kappa^{1/a}-1}{d-1}\Bigr)^{-a}, \qquad i = 1, \dots, d
           \tag{power-law} $$

        With ``kappa=None`` it is the plain $i^{-a}$, that is, kappa = $d^a$. ``decay=0`` without ``kappa`` is flat.

        Args:
            d: number of eigenvalues, whole, >= 1 (>= 2 with ``kappa``); 10**9 costs what a few hundred cost.
            decay: the exponent a >= 0 (> 0 with ``kappa`` > 1).
            kappa: condition number >= 1, or ``None``.
            binned: replace runs of neighbours by a Gauss rule (``None``: only when d > 20,000); a whole number says how many
                bins a doubling of the rank has (``True``: 4). The first and last eigenvalues are always kept, so kappa
                is exact; the trace is exact to 1e-8, gaps to 1e-6, and curves to 1e-6 until the fastest mode of a method
                with momentum has turned some twenty times. Where modes go on turning (1/(1 - beta) large), neighbours must
                be told apart by their phase: curves are then off by up to a tenth while it lasts, by 64 times less with
                twice the bins.
            ends: ``"both"``, or ``"top"`` for bins that are fine at the large eigenvalues only: half as many entries, and
                as good for curves and tuning until the smallest eigenvalues are learned.

        Raises:
            ValueError: arguments outside those ranges.

        >>> H = Spectrum.power_law(d=1000, decay=1.5, kappa=1e4)
        >>> round(H.kappa), len(H)
        (10000, 1000)
        >>> len(Spectrum.power_law(d=10**9, decay=1.5)) < 700
        True
        """
        d = arguments.whole("d", d, low=1)
        decay = arguments.number("decay", decay, low=0.0)
        stretch = 1.0
        if kappa is not None:
            kappa = arguments.number("kappa", kappa, low=1.0)
            if kappa > 1 and decay == 0:
                arguments.refuse("decay", decay, "> 0 when kappa > 1 is asked for")
            if kappa > 1 and d < 2:
                arguments.refuse("d", d, "at least 2 when kappa > 1 is asked for")
            # expm1 keeps kappa exact where kappa**(1/a) - 1 would cancel (large decay, kappa near 1)
            if decay < np.log(kappa) / 600:
                arguments.refuse("decay", decay, f"at least log(kappa)/600, {np.log(kappa) / 600:.3g}: ranks overflow below")
            stretch = float(np.expm1(np.log(kappa) / decay)) / (d - 1) if kappa > 1 else 0.0
        if binned is None:
            binned = d > BINNED_ABOVE
        arguments.choice("ends", ends, ("both", "top"))
        bins = BINS if isinstance(binned, (bool, np.bool_)) else arguments.whole("binned", binned, low=1, high=1000)
        if not binned:
            arguments.affordable("d", d, 1, 10**7, " without bins; leave binned=None")
        rank, counts = binned_ranks(d, bins, ends) if binned else (np.arange(float(d)), None)
        lam = (1.0 + rank * stretch) ** -decay
        if not lam[-1] >= arguments.TINY:
            arguments.refuse("decay", decay, f"small enough that the last of {d} eigenvalues is not below {arguments.TINY:g}")
        return cls(lam, counts, f"power law, decay {decay:g}")


def bin_edges(n: int, per_octave: float = BINS, ends: Ends = "both") -> Ints:
    """Edges of bins of 0..n-1 that double their width ``per_octave`` at a time away from *both* ends, or from the top.

    Both ends, because the secular equation has its poles there: the smallest eigenvalue limits convergence, the
    largest stability. The first and the last bin hold one entry each. Shape ``(bins+1,)``, from 0 to n.
    """
    half, edge = n // 2 if ends == "both" else n - 1, [0]
    while edge[-1] < half:
        edge.append(min(half, max(edge[-1] + 1, round(edge[-1] * 2 ** (1 / per_octave)))))
    return np.unique(edge + [n - e for e in edge] if ends == "both" else [*edge, n])


def binned_ranks(d: int, per_octave: float = BINS, ends: Ends = "both") -> tuple[Floats, Floats]:
    r"""Ranks 0..d-1 as a Gauss rule: ``bin_edges``, three nodes a bin.

    A bin of N consecutive ranks about a centre c is replaced by the Gauss rule of the uniform measure on N points
    (discrete Chebyshev polynomials), exact for polynomials of degree 5 in the rank:

    $$ c,\; c \pm \sqrt{(3N^2-7)/20}, \qquad w_\pm = \frac{5N(N^2-1)}{6(3N^2-7)}, \quad w_0 = N - 2w_\pm
       \tag{discrete-gauss} $$

    Returns:
        ranks and weights, each of shape ``(n,)``; weights sum to d; ranks 0 and d-1 are there with weight 1.
    """
    edges = bin_edges(d, per_octave, ends).astype(float)
    size = np.diff(edges)
    centre = edges[:-1] + (size - 1) / 2
    wide = size > 3                                            # a bin of three or fewer is kept as it is
    N, c = size[wide], centre[wide]
    offset = np.sqrt((3 * N**2 - 7) / 20)
    weight = 5 * N * (N**2 - 1) / (6 * (3 * N**2 - 7))
    narrow = [start + k for start, n in zip(edges[:-1][~wide], size[~wide], strict=True) for k in range(int(n))]
    ranks = np.concatenate([narrow, c - offset, c, c + offset])
    weights = np.concatenate([np.ones(len(narrow)), weight, N - 2 * weight, weight])
    order = np.argsort(ranks)
    return ranks[order], weights[order]
