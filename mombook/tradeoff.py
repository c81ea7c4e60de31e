r"""What a batch buys: contraction gap, serial runtime and compute efficiency over batch sizes.

$$ \mathrm{serial} = \frac{1}{-\log\rho}, \qquad \mathrm{compute} = \frac{B}{-\log\rho}, \qquad
   \mathrm{CE} = \frac{-\log\rho}{B} \tag{tradeoff} $$

steps and samples per e-fold of the expected loss, and e-folds per sample.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.optimize.elementwise import find_root

from . import arguments
from .family import FAMILIES
from .moments import contraction_gap, noise_floor, steps_to
from .secular import Point, point
from .spectrum import Spectrum
from .tuning import Tuned, coordinates, listens_to, method_at, point_at, tune, tune_many


@dataclass(frozen=True)
class Frontier:
    """The tuned methods of one family over batches; every array has the shape of ``batches``.

    Attributes:
        family, batches: what was asked for.
        gap: largest contraction gap.
        points: the tuned parameters (delta, eta, 1 - beta) as arrays.
    """

    family: str
    batches: np.ndarray
    gap: np.ndarray
    points: Point

    def part(self, index):
        """The frontier at some of its batches (``index``: a slice or an index array)."""
        return Frontier(self.family, self.batches[index], self.gap[index], Point(*(v[index] for v in self.points)))

    @property
    def rate(self):
        """-log rho, e-folds of the expected loss per step."""
        return -np.log1p(-self.gap)

    @property
    def serial(self):
        """Steps per e-fold of the expected loss."""
        return 1 / self.rate

    @property
    def compute(self):
        """Samples per e-fold of the expected loss."""
        return self.batches / self.rate

    @property
    def ce(self):
        """Compute efficiency, e-folds of the expected loss per sample."""
        return self.rate / self.batches

    @property
    def methods(self):
        """The tuned ``Method`` at every batch, a list."""
        return [method_at(self.points, i) for i in range(self.batches.size)]


def frontier(spectrum, families=None, batches=None, precision=1e-9, kurtosis=3.0):
    """Tune every family at every batch.

    Args:
        spectrum: a ``Spectrum``.
        families: names out of ``mombook.FAMILIES``; all of them by default.
        batches: batch sizes >= 1, shape ``(n,)``; by default 25 from 1 to past the bend of heavy ball.
        precision: of the gaps, relative; 1e-5 is a third faster, for figures that move.
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
        batches = np.geomspace(1, 30 * max(1.0, spectrum.trace / spectrum.largest * np.sqrt(spectrum.kappa)), 25)
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    n = batches.size
    gap, p = tune_many(spectrum, [f for f in families for _ in range(n)], np.tile(batches, len(families)), kurtosis, precision)
    cut = {f: slice(k * n, (k + 1) * n) for k, f in enumerate(families)}
    return {f: Frontier(f, batches, gap[c], Point(*(v[c] for v in p))) for f, c in cut.items()}


def critical_batch(spectrum, family, share=0.5, kurtosis=3.0):
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


def critical_batches(spectrum, families=None, share=0.5, kurtosis=3.0):
    """``critical_batch`` of several families (by default of all) at once, as a dict."""
    arguments.instance("spectrum", spectrum, Spectrum)
    share = arguments.number("share", share, above=0.0, below=1.0)
    families = list(FAMILIES) if families is None else arguments.words("families", families, FAMILIES)
    kurtosis = arguments.each("kurtosis", kurtosis, 1.0, spectrum.eigenvalues.shape)
    # CE(B) <= cap/B by (T4) and, for the book's four, CE(1) >= mu/(tr + (k-1) L) by (T1): by here every one has fallen
    cap = -2 * np.log1p(-2 / (1 + np.sqrt(max(spectrum.kappa, 1 + 1e-9))))
    far = cap * (spectrum.trace + max(np.max(kurtosis) - 1, 1) * spectrum.largest) / spectrum.smallest / share
    below = np.zeros((1, 1), bool)
    while not below.any(1).all():
        grid = np.linspace(0.0, np.log(2 * far), 16)
        curves = frontier(spectrum, families, np.exp(grid), kurtosis=kurtosis)
        level = np.array([np.log(curves[f].ce[0] * share) for f in families])
        below = np.array([np.log(curves[f].ce) < y for f, y in zip(families, level, strict=True)])
        far *= 100                                                      # another family may be worse at batch 1
    fallen = below.argmax(1)

    def above(log_b, which):
        batch = np.exp(log_b)
        gap, _ = tune_many(spectrum, [families[k] for k in which.astype(int)], batch, kurtosis)
        return np.log(-np.log1p(-gap) / batch) - level[which.astype(int)]

    found = find_root(above, (grid[fallen - 1], grid[fallen]), args=(np.arange(len(families)),), tolerances={"xatol": 1e-8})
    return {f: float(np.exp(x)) for f, x in zip(families, found.x, strict=True)}


def window(spectrum, share=0.5):
    """How much wider heavy ball's window is than SGD's: the ratio of their critical batches, to set against
    sqrt(kappa)."""
    found = critical_batches(spectrum, ["sgd", "heavy_ball"], share)
    return found["heavy_ball"] / found["sgd"]


def overlap(spectrum, batches=None, pair=("asgd", "heavy_ball")):
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
    apart = np.abs(np.log(f[pair[0]].ce / f[pair[1]].ce))
    worst = int(np.argmax(apart))
    return float(apart[worst]), float(f[pair[0]].batches[worst])


def tune_steps(spectrum, family, batch, target, noise=0.0, start=1.0, limit=100_000, kurtosis=3.0):
    """The finite-horizon question: the parameters that reach a target risk in the fewest steps.

    Asymptotic rates ignore both the start and the noise floor; this minimises ``steps_to`` on exact curves, by
    Nelder-Mead from the method of largest gap, or from so much smaller steps of it that its floor is half the target.

    Args:
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``; batch: >= 1.
        target: risk to reach, > 0; noise, start, kurtosis: as ``risk_curve``; limit: steps at which a candidate counts as
            failed.

    Returns:
        A ``Tuned`` (with the gap of the method found) and the steps it needs (``inf`` if nothing found reaches it).
    """
    batch = arguments.number("batch", batch, low=1.0)
    target = arguments.number("target", target, above=0.0)
    noise = arguments.number("noise", noise, low=0.0)
    limit = arguments.whole("limit", limit, low=1)
    seed = tune(spectrum, family, batch, kurtosis).method
    merged = arguments.is_scalar(start) and arguments.is_scalar(kurtosis)
    coarse = spectrum.compressed() if merged else spectrum
    listens = listens_to(family)
    z = coordinates(listens, Point(*([v] for v in point(seed))))[:, 0]
    free = np.flatnonzero([True, listens[1, 0] > 0, listens[4, 0] > 0])
    best = limit / 2

    def method(v):
        z[free] = v
        return method_at(point_at(listens, z[:, None]), 0)

    def cost(v):
        nonlocal best                                                   # no candidate runs twice as long as the best
        candidate = method(np.minimum(v, 30.0))                         # beta = 1 - 1e-13 is memory enough
        steps = steps_to(coarse, candidate, batch, target, noise, start, kurtosis, int(min(limit, 2 * best + 10)))
        best = min(best, steps)
        lost = 50 + np.log1p(min(noise_floor(coarse, candidate, batch, noise, kurtosis), 1e9) / target)
        return np.log(max(steps, 1e-9)) if np.isfinite(steps) else lost

    asymptotic = z[free]
    slow, step = asymptotic.copy(), free < 2
    while noise > 0 and noise_floor(coarse, method(slow), batch, noise, kurtosis) > target / 2:
        slow -= np.log(2.0) * step
    first = min(slow, asymptotic, key=cost)
    simplex = np.vstack([first, first + np.diag(np.where(step, 0.5, -0.5))])
    found = minimize(cost, first, method="Nelder-Mead",
                     options={"initial_simplex": simplex, "xatol": 3e-3, "fatol": 1e-5, "maxfev": 100 * free.size})
    tuned = method(found.x)
    steps = steps_to(spectrum, tuned, batch, target, noise, start, kurtosis, limit)
    before = steps_to(spectrum, seed, batch, target, noise, start, kurtosis, int(min(limit, steps + 1)))
    if before < steps:                                                  # never worse than the asymptotic answer
        tuned, steps = seed, before
    return Tuned(family, batch, tuned, float(contraction_gap(spectrum, tuned, batch, kurtosis))), steps
