r"""Exponents read off exact points, with an interval that owns up to what a straight line hides.

Points of an exact curve carry no noise: what is left over from a straight line in log-log is curvature, and the usual
regression interval, which takes it for noise, is far too narrow. Here the exponent is read from the upper half of the
points, and it is taken to move on by up to twice as far as it has moved since the lower half:

$$ \hat p = s_2 \pm \bigl(2\,|s_2 - s_1| + t_{0.975}\,\mathrm{se}(s_2)\bigr), \tag{ruler} $$

s_1 and s_2 the least-squares slopes of log y against log x over the lower and the upper half (the middle point is in
both), se the standard error of s_2 and t Student's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.spectrum import BINNED_ABOVE, Spectrum
from ..tuning.frontiers import critical_batches, frontier

FEWEST = 5
"""Points that (ruler) needs: three in each half."""

AHEAD = 2.0
"""How far the slope may still move, in units of what it moved from the lower half to the upper."""


@dataclass(frozen=True)
class Exponent:
    """A fitted exponent.

    Attributes:
        value: slope over the upper half of the points; low, high: its interval.
        early: slope over the lower half.
        error: the part of the half-width that is regression error; the rest is drift.
        scale: the fitted line over the upper half is scale * x**value.
    """

    value: float
    low: float
    high: float
    early: float
    error: float
    scale: float

    @property
    def drift(self) -> float:
        """How far the slope moved from the lower to the upper half."""
        return self.value - self.early

    def holds(self, exponent: float) -> bool:
        """Whether the interval contains a number."""
        return bool(self.low <= arguments.number("exponent", exponent) <= self.high)

    def verdict(self, candidates: Iterable[float]) -> Literal["none", "one", "cannot tell yet"]:
        """What the interval says of some exponents.

        Args:
            candidates: numbers.

        Returns:
            ``"cannot tell yet"`` where it holds more than one of them, ``"one"`` or ``"none"`` where it holds as many.
        """
        candidates = candidates.values() if isinstance(candidates, dict) else candidates
        try:
            inside = sum(self.holds(c) for c in set(candidates))
        except (TypeError, ValueError):
            arguments.refuse("candidates", candidates, "finite numbers")
        return ("none", "one", "cannot tell yet")[min(inside, 2)]


def fit_exponent(x: ArrayLike, y: ArrayLike, confidence: float = 0.95) -> Exponent:
    r"""The exponent p of y ~ x^p at the upper end of the points, with an interval.

    $$ \hat p = s_2 \pm \bigl(2\,|s_2 - s_1| + t\,\mathrm{se}(s_2)\bigr) $$

    Holds for two kinds of departure from a straight line. Independent log-normal errors: the interval covers p with at
    least the stated confidence, Student's theorem for s_2. Drift, y = x^p (1 + c x^-q + ...): it covers p if the slope's
    distance from p shrinks by a third or more from one half of the points to the other, which one correction term does
    where (x_last/x_first)^q >= 4 and it is no larger than the leading term. A slower drift no finite range can see
    through: widen the range.

    Args:
        x: positive and strictly increasing, shape ``(n,)``, n >= 5.
        y: positive, shape ``(n,)``.
        confidence: of Student's t, in (0, 1).

    Returns:
        An ``Exponent``.

    Raises:
        ValueError: arrays of another shape, order or sign, fewer than five points.

    >>> found = fit_exponent([1, 10, 100, 1e3, 1e4], [3, 30, 300, 3e3, 3e4])
    >>> round(found.value, 12), round(found.scale, 12), found.holds(0.5)
    (1.0, 3.0, False)
    """
    x, y = _points(x, y, FEWEST)
    confidence = arguments.number("confidence", confidence, above=0.0, high=1 - 1e-12, allowed="a number > 0 and < 1 - 1e-12")
    middle = x.size // 2
    halves = slice(0, middle + 1), slice(middle, None)
    early, late = (scipy.stats.linregress(np.log(x[half]), np.log(y[half])) for half in halves)
    stderr = 0.0 if np.isnan(late.stderr) else late.stderr              # a constant y leaves nothing over
    error = scipy.stats.t.ppf((1 + confidence) / 2, x.size - middle - 2) * stderr
    width = AHEAD * abs(late.slope - early.slope) + error
    return Exponent(float(late.slope), float(late.slope - width), float(late.slope + width), float(early.slope),
                    float(error), float(np.exp(late.intercept)))


def local_exponents(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """The slope d log y / d log x between neighbours, and where: their geometric means.

    Args:
        x, y: as ``fit_exponent``, two points or more.

    >>> at, slope = local_exponents([1.0, 4.0, 16.0], [1.0, 2.0, 4.0])
    >>> at.tolist(), slope.tolist()
    ([2.0, 8.0], [0.5, 0.5])
    """
    x, y = _points(x, y, 2)
    return np.sqrt(x[1:] * x[:-1]), np.diff(np.log(y)) / np.diff(np.log(x))


def _points(x, y, fewest):
    x = arguments.array("x", x, above=0.0, ndim=1)
    if x.size < fewest or np.any(np.diff(x) <= 0):
        arguments.refuse("x", x, f"{fewest} or more positive numbers, strictly increasing")
    return x, arguments.array("y", y, above=0.0, shape=x.shape)


# -- what is measured, and what theory says of it ----------------------------------------------------------------------
QUANTITIES = ("steps", "ce", "critical", "window", "advantage")
"""Steps per e-fold; e-folds per sample; critical batch; heavy ball's critical batch over SGD's; ASGD's CE over heavy ball's."""

LAWS = ("power law", "i^-decay", "two levels", "geometric")
"""Spectra: power law with kappa, decay and d free; i^-decay, whose kappa is d^decay; two levels, half on top; geometric."""


def spectrum_of(law: str, kappa: float, decay: float, d: int) -> Spectrum:
    """The spectrum of a law in ``LAWS``, compressed; each law listens to the parameters it has."""
    arguments.choice("law", law, LAWS)
    if law == "two levels":
        return Spectrum.two_level(d, kappa, top=max(d // 2, 1))
    if law == "geometric":
        return Spectrum.geometric(d, kappa).compressed(2)
    H = Spectrum.power_law(d, decay, None if law == "i^-decay" else kappa)
    return H if d > BINNED_ABOVE else H.compressed(2)                   # bins merged once more would cost digits


def measure(quantity: str, spectrum: Spectrum, family: str, batches: ArrayLike) -> Floats:
    """A quantity of ``QUANTITIES`` at the tuned methods of a family, exactly.

    Args:
        quantity: a word out of ``QUANTITIES``; "critical" and "window" do not depend on the batch, "window" and
            "advantage" not on the family.
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``; batches: sizes >= 1, shape ``(n,)``.

    Returns:
        Shape ``(n,)``.

    >>> two = spectrum_of("two levels", 100.0, 1.0, 20)
    >>> steps, ce = (measure(q, two, "sgd", [4.0]) for q in ("steps", "ce"))
    >>> bool(np.isclose(steps[0] * ce[0], 1 / 4))
    True
    """
    arguments.choice("quantity", quantity, QUANTITIES)
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    if quantity in ("critical", "window"):
        wanted = [family] if quantity == "critical" else ["sgd", "heavy_ball"]
        found = critical_batches(spectrum, wanted)
        return np.full(batches.shape, found[wanted[-1]] / (1.0 if quantity == "critical" else found["sgd"]))
    if quantity == "advantage":
        found = frontier(spectrum, ["asgd", "heavy_ball"], batches)
        return found["asgd"].ce / found["heavy_ball"].ce
    found = frontier(spectrum, [family], batches)[family]
    return found.serial if quantity == "steps" else found.ce


def candidates(quantity: str, family: str, axis: str, law: str, decay: float) -> dict[str, float]:
    """The exponents that theory has for a quantity along an axis, to be told apart: a dict from what it would mean to a
    number, empty where this book has none. In words of powers of the axis; logarithms are not written.

    Args:
        quantity: out of ``QUANTITIES``; family: out of ``mombook.FAMILIES``; axis: "kappa", "d", "batch" or "decay".
        law: out of ``LAWS``; decay: the exponent of a power law.

    >>> candidates("window", "sgd", "kappa", "two levels", 1.0)
    {'√κ, as proved': 0.5, 'κ': 1.0}
    """
    arguments.choice("axis", axis, ("kappa", "d", "batch", "decay"))
    a, tied, momentum = decay, law == "i^-decay", family != "sgd"
    two_steps = family in ("nesterov", "asgd") or quantity == "advantage"
    if axis == "decay" or (axis == "batch" and quantity in ("critical", "window")):
        return {}
    if tied and axis in ("kappa", "d"):
        # everything is a power of d, and kappa = d^a
        found = _in_dimension(quantity, family, a)
        return {k: v / a for k, v in found.items()} if axis == "kappa" else found
    if quantity == "window":
        return {"√κ, as proved": 0.5, "κ": 1.0} if axis == "kappa" else {"no change": 0.0}
    if quantity == "critical":
        if axis == "d":
            return {"tr H, when d is large": 1.0} if family in ("sgd", "heavy_ball") else {}
        known = {"sgd": {"no change": 0.0, "√κ": 0.5}, "heavy_ball": {"√κ": 0.5, "κ": 1.0}}
        return known.get(family, {}) if law == "two levels" else {}
    if axis == "batch":
        traded = {"traded": a / (2 * a - 1)} if two_steps and tied and a > 1 else {}
        gap = {"linear": 1.0, **traded, "saturated": 0.0}
        if quantity == "advantage":
            return {k: v - 1 for k, v in gap.items() if k != "saturated"}
        return {k: (0.0 - v if quantity == "steps" else v - 1) for k, v in gap.items()}
    if quantity == "advantage":
        return {"no change": 0.0} if axis == "d" else {}
    sign = 1.0 if quantity == "steps" else -1.0
    if axis == "d":
        return {"noise decides": sign, "curvature decides": 0.0}
    return {"√κ, accelerated": sign * 0.5, "κ": sign} if momentum else {"κ": sign, "√κ": sign * 0.5}


def _in_dimension(quantity, family, a):
    """Powers of d for the eigenvalues i^-a at small batch, tr H being of order d^(1-a) below a = 1 and 1 above."""
    trace = max(1 - a, 0.0)
    if quantity == "window":
        return {"√κ, as proved": a / 2, "κ": a}
    if quantity == "critical":
        both = {"tr H": trace, "√κ tr H": trace + a / 2, "κ tr H": trace + a}
        keep = {"sgd": ("tr H", "√κ tr H"), "heavy_ball": ("√κ tr H", "κ tr H")}.get(family, ())
        return {k: both[k] for k in keep}
    ceiling, floor = (a * (a - 1) / (2 * a - 1), (a - 1) / 2) if a > 1 else (0.0, 0.0)
    if quantity == "advantage":
        return {"the ceiling T5": ceiling, "the floor T6": floor} if a > 1 else {"overlap": 0.0}
    sign, slow = (1.0 if quantity == "steps" else -1.0), trace + a               # tr H / mu
    if family == "sgd":
        return {"tr H / μ": sign * slow}
    if family == "heavy_ball":
        return {"tr H / μ": sign * slow, "√κ, accelerated": sign * a / 2}
    if family == "asgd" and a > 1:
        return {"the ceiling T5": sign * (slow - ceiling), "the floor T6": sign * (slow - floor)}
    return {}
