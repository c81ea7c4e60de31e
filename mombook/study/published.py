r"""Numbers that others have printed, with their source, and ours beside them.

``published.json`` holds them: for every set the work, where it was read (repository, path, commit, sha256 of that file), how it
was read, and the sha256 of the numbers themselves. The settings and the reasons for the differences are in notebook 13.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import scipy

from .. import arguments
from ..arrays import Floats, Vector
from ..exact.moments import risk_at
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..tuning.budget import tune_risk
from .data_scaling import source_start


@dataclass(frozen=True)
class Published:
    """One set of published numbers.

    Attributes:
        key: the work, a key of ``references.bib``; title: what the numbers are.
        repository, path, commit, source_sha256: the file they were read from; empty for the text of a paper.
        read: how they were read; numbers: the numbers; numbers_sha256: their hash as it was when they were read.
    """

    key: str
    title: str
    repository: str
    path: str
    commit: str
    source_sha256: str
    read: str
    numbers: dict[str, Any]
    numbers_sha256: str


@lru_cache(maxsize=1)
def published() -> dict[str, Published]:
    """Every set, key -> ``Published``.

    >>> list(published())
    ['zhang2019', 'kidambi2018', 'zhang2024', 'wang2026']
    """
    text = (files(__package__) / "published.json").read_text(encoding="utf-8")
    return {key: Published(key, **each) for key, each in json.loads(text).items()}


def digest(numbers: Any) -> str:
    """The sha256 of numbers, written as JSON with sorted keys and without spaces."""
    return hashlib.sha256(json.dumps(numbers, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# -- steps against batch -------------------------------------------------------------------------------------------------
def hyperbola(batches: Vector, steps: Vector) -> tuple[float, float]:
    r"""Fewest steps a and fewest samples b of the law S(B) = a + b/B, by least squares of log S (McCandlish et al. 2018).

    Args:
        batches, steps: > 0, shape ``(m,)``, at least three of them.

    Returns:
        (a, b).

    >>> [round(x, 6) for x in hyperbola([1.0, 10.0, 100.0], [110.0, 20.0, 11.0])]
    [10.0, 100.0]
    """
    batches, steps = _curve(batches, steps)
    first = np.log([steps.min(), (batches * steps).min()])

    def off(logs):
        a, b = np.exp(logs)
        return np.log(a + b / batches) - np.log(steps)

    return tuple(np.exp(scipy.optimize.least_squares(off, first, xtol=1e-14, ftol=1e-14, gtol=1e-14).x).tolist())


DEFINITIONS = {
    "halving": "twice the samples of the smallest batch",
    "noise scale": "steps and samples twice the fewest, on S = a + b/B",
    "overhead": "so much more samples than batch 256 needs",
    "budget": "fewest samples",
}
"""Four definitions of a critical batch, as they can be read off steps against batch."""


def critical_batches(batches: Vector, steps: Vector, overhead: float = 0.2, reference: float = 256) -> dict[str, float]:
    """The critical batch of a measured curve by each of ``DEFINITIONS``: read off the points, log-linear, but for the second.

    Args:
        batches, steps: > 0, shape ``(m,)``, batches increasing; overhead: > 0, counted from the batch ``reference``.

    Returns:
        definition -> batch; ``inf`` where the curve does not get there, and the smallest batch where that is the answer.

    >>> B = 2.0 ** np.arange(4, 15)
    >>> {k: float(f"{v:.2g}") for k, v in critical_batches(B, 1000 + 1e6 / B).items()}
    {'halving': 1000.0, 'noise scale': 1000.0, 'overhead': 510.0, 'budget': 16.0}
    """
    batches, steps = _curve(batches, steps)
    a, b = hyperbola(batches, steps)
    return {"halving": overhead_batch(batches, steps, 1.0, batches[0]), "noise scale": b / a,
            "overhead": overhead_batch(batches, steps, overhead, reference),
            "budget": float(batches[(batches * steps).argmin()])}


def overhead_batch(batches: Vector, steps: Vector, overhead: float, reference: float) -> float:
    """The largest batch with at most 1 + overhead times the samples of the batch ``reference``, log-linear, or ``inf``."""
    batches, steps = _curve(batches, steps)
    overhead = arguments.number("overhead", overhead, above=0.0)
    reference = arguments.number("reference", reference, above=0.0)
    log_batches, log_samples = np.log(batches), np.log(batches * steps)
    allowed = np.log1p(overhead) + np.interp(np.log(reference), log_batches, log_samples)
    last = int(np.flatnonzero(log_samples <= allowed)[-1])
    if last == batches.size - 1:
        return float("inf")
    return float(np.exp(np.interp(allowed, log_samples[last:last + 2], log_batches[last:last + 2])))


def published_critical_batch(a: float, b: float, reference: float = 256, overhead: float = 0.2) -> float:
    r"""The critical batch of Zhang et al. (2024) on a fitted hyperbola.

    Steps there are a fifth more than linear scaling from the reference batch allows:

    $$ a + \frac{b}{B} = (1+o)\,\frac{B_0}{B}\,\Bigl(a + \frac{b}{B_0}\Bigr) \quad\Rightarrow\quad
       B = (1+o)\,B_0 + o\,\frac{b}{a} \tag{overhead} $$
    """
    return (1 + overhead) * reference + overhead * b / a


def shifted(shape: tuple[Vector, Vector] | Floats, batches: Vector, steps: Vector) -> tuple[float, float, float]:
    """A curve moved along both logarithmic axes until it lies nearest to the points.

    Args:
        shape: (batches, steps) of the curve, batches increasing; batches, steps: the points, shape ``(m,)``.

    Returns:
        (factor of the batches, factor of the steps, root mean square distance in octaves).

    >>> B = 2.0 ** np.arange(10)
    >>> x, y, off = shifted((B, 1 + 64 / B), 4 * B[2:7], 3 * (1 + 64 / B[2:7]))
    >>> round(x, 3), round(y, 3), off < 1e-6
    (4.0, 3.0, True)
    """
    shape, (batches, steps) = _curve(*shape), _curve(batches, steps)
    x, points = np.log2(shape[0]), np.log2(batches)

    def beside(right):
        return np.log2(steps / on_curve(shape, 2.0 ** (points - right)))

    tried = np.linspace(points[0] - x[-1] + 1, points[-1] - x[0] - 1, 200)
    best = tried[np.argmin([np.std(beside(each)) for each in tried])]
    width = tried[1] - tried[0]
    right = scipy.optimize.minimize_scalar(lambda each: np.std(beside(each)), bounds=(best - width, best + width),
                                           method="bounded", options={"xatol": 1e-9}).x
    return float(2.0**right), float(2.0 ** beside(right).mean()), float(np.std(beside(right)))


def on_curve(shape: tuple[Vector, Vector] | Floats, batches: Vector) -> Floats:
    """Steps at any batch: a smooth line through a curve's points; 1/B to the left of the first, and level to the right of the
    last."""
    x, y = (np.log2(v) for v in _curve(*shape))
    at = np.log2(batches)
    inside = np.clip(at, x[0], x[-1])
    return 2.0 ** (scipy.interpolate.PchipInterpolator(x, y)(inside) - np.minimum(at - x[0], 0.0))


def _curve(batches, steps):
    batches = arguments.array("batches", batches, above=0.0, ndim=1)
    steps = arguments.array("steps", steps, above=0.0, ndim=1)
    if steps.shape != batches.shape:
        arguments.refuse("steps", steps.shape, f"as many as there are batches, {batches.size}")
    if batches.size < 3 or np.any(np.diff(batches) <= 0):
        arguments.refuse("batches", batches, "at least three numbers in increasing order")
    return batches, steps


# -- two directions (Kidambi et al. 2018) --------------------------------------------------------------------------------
GRID = np.linspace(0.1, 1.0, 10)
"""Learning rates, and momenta but for the last, of the published search: ten by ten in [0, 1] x [0, 1]."""


def two_directions(kappa: float, discrete: bool = False, power: float = 0.5) -> list[tuple[Spectrum, float]]:
    """The published problem as parts that do not disturb one another: (``Spectrum``, kurtosis) each.

    Gaussian inputs of covariance diag(1, 1/kappa); or, ``discrete``, x = e_1 half of the time and 2 kappa^-power e_2 otherwise,
    when each direction for itself has kurtosis 2. The paper prints ``power`` 1; the kappa of its section 3 gives 1/2.
    """
    if not discrete:
        return [(Spectrum([1.0, 1 / kappa]), 3.0)]
    return [(Spectrum([0.5]), 2.0), (Spectrum([2 * kappa ** (-2 * power)]), 2.0)]


def rate_after(parts: list[tuple[Spectrum, float]], method: Method, steps: int) -> float:
    """(log f_0 - log f_T) / T of the exact expected risk at batch 1, from an error of the same size in both directions."""
    last = sum(risk_at(H, method, 1, [steps], kurtosis=k)[0] for H, k in parts)
    return float((np.log(sum(H.trace / 2 for H, _ in parts)) - np.log(last)) / steps)


def best_rate(kappa: float, family: str) -> tuple[float, Method]:
    """The best rate after 5 kappa steps on Gaussian inputs, tuned freely, and the method."""
    parts, steps = two_directions(kappa), round(5 * kappa)
    method = tune_risk(parts[0][0], family, 1, steps)[0].method
    return rate_after(parts, method, steps), method


def best_on_grid(kappa: float, family: str, discrete: bool = False, power: float = 0.5) -> tuple[float, Method]:
    """The best rate after 5 kappa steps over the published grid of learning rates and, but for SGD, momenta; and the method."""
    parts, make = two_directions(kappa, discrete, power), getattr(Method, family)
    given = [()] if family == "sgd" else [(beta,) for beta in GRID[:-1]]
    return max(((rate_after(parts, make(lr, *more), round(5 * kappa)), make(lr, *more)) for lr in GRID for more in given),
               key=lambda each: each[0])


def slope(kappas: Vector, rates: Vector) -> float:
    """The power of kappa with which 1/rate grows: a straight line through the logarithms."""
    return float(np.polyfit(np.log(kappas), -np.log(rates), 1)[0])


# -- thresholds, and exponents measured (Wang et al. 2026) ---------------------------------------------------------------
def threshold_sum(family: str, spectrum: Spectrum, lr: float, beta: float, batch: float) -> float:
    """The sum over the spectrum that is below 1 where a method is stable; ``inf`` beyond the edge of a single mode.

    Args:
        family: ``"sgd"``, ``"heavy_ball"`` or ``"nesterov"``; spectrum: a ``Spectrum``; lr: > 0; beta: in [0, 1); batch: >= 1.

    >>> round(threshold_sum("sgd", Spectrum.flat(10), 8 / 15, 0.0, 4), 12)              # SGD's largest rate is 2B / (d + B + 1)
    1.0
    """
    y, B = lr * spectrum.eigenvalues, batch
    if family == "sgd":
        above, below = y, 2 * B - (B + 1) * y
    elif family == "heavy_ball":
        above, below = y * (1 + beta), 2 * B * (1 - beta**2) - y * (B * (1 - beta) + 1 + beta)
    else:
        arguments.choice("family", family, ("nesterov",))
        above = y * (1 + beta + beta * (1 + 2 * beta) * y)
        below = (2 * B * (1 - beta**2) + (4 * B * beta**2 + (B - 1) * beta - (B + 1)) * y
                 - (B + 1) * beta * (1 + 2 * beta) * y**2)
    return float(spectrum.counts @ (above / below)) if np.all(below > 0) else float("inf")


def measured_exponent(family: str, b: float, budgets: Vector, source: float = 0.3, decay: float = 4.0,
                      noise: float = 0.1) -> float:
    """The slope of the exact least risk against the budget, at batch D^b rounded to whole steps, on 4096 directions."""
    H = Spectrum.power_law(4096, decay, binned=4)
    start, risks = source_start(H, decay, source), []
    for D in budgets:
        steps = max(round(D ** (1 - b)), 1)
        risks.append(tune_risk(H, family, D / steps, steps, noise, start)[1])
    return float(-np.polyfit(np.log(budgets), np.log(risks), 1)[0])
