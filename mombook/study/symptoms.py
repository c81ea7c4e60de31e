r"""What a loss curve complains of, and why: a diagnosis of heavy ball from exact quantities, with its cure.

Everything is decided by five numbers, in this order; learning rate and momentum are PyTorch's.

1. gap <= 0: it *diverges*.
2. The stationary risk (floor) lies above the target: it *stalls*.
3. The gap is less than ``ENOUGH`` of the reference's. If the slowest noiseless root is no positive number and decides the
   rate (the loss contracts at least half as fast as its square), it *oscillates*; otherwise it is *slow*.
4. Otherwise it is *healthy*.

The reference is the heavy ball of largest gap whose floor is at most half the target: the tuned one where that will do,
elsewhere one with a shorter step. Roots of a mode lambda are those of z^2 - (1 + beta - lr lambda) z + beta: with
a = lr lambda and epsilon = 1 - beta, they are complex, of modulus sqrt(beta), exactly where

$$ \Bigl(\frac{\varepsilon - a}{2}\Bigr)^2 < \beta a; \qquad
   1 - z = \frac{a}{\frac{\varepsilon + a}{2} + \sqrt{(\frac{\varepsilon - a}{2})^2 - \beta a}} \tag{slowest-root} $$

is the distance from 1 of the larger one where they are real and positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Ints
from ..exact.moments import contraction_gap, contraction_gaps
from ..exact.secular import Point, secular_sum
from ..exact.thresholds import step_limit
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..tuning.long_run import tune

SYMPTOMS = ("healthy", "slow", "oscillates", "stalls", "diverges")
"""In the order of their codes in ``symptom_map``."""

ENOUGH = 0.5
"""A gap of this share of the reference's counts as healthy."""

CAUSES = {
    "none": "nothing to mend",
    "short step": "the learning rate is too small",
    "long step": "the learning rate is too large",
    "short memory": "the momentum is too small",
    "long memory": "the momentum is too large",
    "noise": "gradient noise keeps the loss up: the learning rate is too large for this batch",
    "curvature": "the learning rate is beyond 2 (1 + momentum) / L, which even full batches do not bear",
    "gradient noise": "full batches would bear this learning rate, this batch does not",
}


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a heavy ball, why, and what to do.

    Attributes:
        symptom: out of ``SYMPTOMS``; cause: out of ``CAUSES``.
        gap, floor: of the method; limit: the learning rate at which its momentum diverges.
        cure, best: the reference ``Method`` and its gap.
    """

    symptom: str
    cause: str
    gap: float
    floor: float
    limit: float
    cure: Method
    best: float


def diagnose(spectrum: Spectrum, lr: float, momentum: float, batch: float, noise: float = 0.0, target: float = 1e-6,
             against: tuple[Method, float] | None = None) -> Diagnosis:
    """The symptom of PyTorch's ``SGD(lr=lr, momentum=momentum)`` on a spectrum, its cause and its cure.

    Exact for Gaussian inputs and fresh samples; a symptom of the expected loss in the long run.

    Args:
        spectrum: a ``Spectrum``; batch: >= 1.
        lr: > 0; momentum: in [0, 1).
        noise: standard deviation of the label noise.
        target: risk one would like to reach, > 0.
        against: the ``reference`` where it is already known.

    Returns:
        A ``Diagnosis``.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum.power_law(50, 1.5)
    >>> [diagnose(H, lr, 0.9, batch=8).symptom for lr in (1e-6, 2.0)]
    ['slow', 'diverges']
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    lr, momentum = arguments.number("lr", lr, above=0.0), arguments.number("momentum", momentum, low=0.0, below=1.0)
    batch, noise = arguments.number("batch", batch, low=1.0, high=1e15), arguments.number("noise", noise, low=0.0)
    target = arguments.number("target", target, above=0.0)
    if against is not None and not (isinstance(against, tuple) and len(against) == 2 and isinstance(against[0], Method)):
        arguments.refuse("against", against, "what reference(...) returned, a method and its gap")
    cure, best = reference(spectrum, batch, noise, target) if against is None else against
    code, gap, floor = _codes(spectrum, np.array([lr]), np.array([momentum]), batch, noise, target, best)
    symptom = SYMPTOMS[int(code[0])]
    limit = step_limit(spectrum, batch, momentum)
    cause = _cause(symptom, spectrum, lr, momentum, batch, limit, cure, best)
    gap = float(gap[0]) if np.isfinite(gap[0]) else contraction_gap(spectrum, Method.heavy_ball(lr, momentum), batch)
    return Diagnosis(symptom, cause, gap, float(floor[0]), limit, cure, best)


def symptom_map(spectrum: Spectrum, lr: ArrayLike, momentum: ArrayLike, batch: float, noise: float, target: float,
                best: float) -> Ints:
    """Codes of ``SYMPTOMS`` for many methods at once.

    Args:
        lr, momentum: arrays that broadcast; best: the reference's gap; the rest as ``diagnose``.

    Returns:
        Whole numbers of the common shape.
    """
    lr, momentum = np.broadcast_arrays(lr, momentum)
    return _codes(spectrum, lr.ravel(), momentum.ravel(), batch, noise, target, best, 1e-3)[0].reshape(lr.shape)


def reference(spectrum: Spectrum, batch: float, noise: float, target: float) -> tuple[Method, float]:
    """The heavy ball of largest gap whose floor is at most half the target, and its gap.

    Where the tuned one's floor is too high: the fastest on a grid of momenta and of steps up to the longest with that
    floor; its gap is within a few per cent of the largest.
    """
    best = tune(spectrum, "heavy_ball", batch)
    feedback = 1.0 if noise == 0 else target / (target + noise**2)         # (floor) is half the target where S(0) is this
    if feedback < 1e-12:
        arguments.refuse("noise", noise, f"at most a million times the root of target, {1e6 * target**0.5:.3g}")
    if noise == 0 or _load(spectrum, best.method.eta, best.method.beta, batch) <= feedback:
        return best.method, best.gap
    def longest(forget):
        return np.array([step_limit(spectrum, batch, 1 - e, feedback) for e in forget])

    # at a given long-run step h the rate doubles where the slowest root is double, at 1 - beta = 4 mu h about
    own = max(1 - best.method.beta, 1e-9)
    double = min(4 * spectrum.smallest * longest([own])[0] / own, 1.0)
    forget = np.unique(np.minimum(np.concatenate([np.geomspace(double / 10, 1, 25), np.geomspace(0.7, 1.4, 41) * double]), 1))
    most, share = longest(forget), np.geomspace(1e-2, 1, 13)[:, None]
    damped = (forget / (1 + np.sqrt(1 - forget))) ** 2 / spectrum.smallest
    lr = np.vstack([share * most, np.minimum(damped, most)])
    gaps = contraction_gaps(spectrum, 0.0, lr, 1 - forget, batch, tolerance=1e-3)
    k, i = np.unravel_index(np.argmax(gaps), gaps.shape)
    method = Method.heavy_ball(lr[k, i], 1 - forget[i])
    return method, float(contraction_gap(spectrum, method, batch))


def _load(spectrum, lr, momentum, batch):
    """S(0) of (secular)."""
    lr, momentum = np.asarray(lr, float), np.asarray(momentum, float)
    return secular_sum(np.zeros(lr.shape), Point(0 * lr, lr, 1 - momentum), batch, spectrum)


def _codes(spectrum, lr, momentum, batch, noise, target, best, tolerance=1e-7):
    """Codes, gaps (nan where it diverges) and floors; lr and momentum of one shape ``(n,)``."""
    gap = contraction_gaps(spectrum, 0.0, lr, momentum, batch, stable_only=True, tolerance=tolerance)
    load = np.minimum(_load(spectrum, lr, momentum, batch), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        floor = np.where(load < 1, noise**2 / 2 * load / (1 - load), np.inf)
    slowest, positive = slowest_root(spectrum, lr, momentum)
    swings = ~positive & (gap >= slowest * (2 - slowest) / 2)
    code = np.select([np.isnan(gap), floor > target, (gap < ENOUGH * best) & swings, gap < ENOUGH * best], [4, 3, 2, 1], 0)
    return code, gap, floor


def noiseless_roots(method: Method, spectrum: Spectrum) -> tuple[Any, Any]:
    """Roots of z^2 - (1 + beta - lr lam) z + beta of a heavy ball, both of every mode, and the eigenvalue of each."""
    lam, lr, beta = spectrum.eigenvalues, method.eta, method.beta
    half = (1 + beta - lr * lam) / 2
    # the discriminant without cancellation: (sum/2)^2 - beta, in 1 - beta
    off = ((1 - beta - lr * lam) / 2) ** 2 - beta * lr * lam
    root = np.sqrt(off.astype(complex))
    return np.concatenate([half + root, half - root]), np.concatenate([lam, lam])


def slowest_root(spectrum: Spectrum, lr: Any, momentum: Any) -> tuple[Any, Any]:
    """Distance from the unit circle of the slowest noiseless root, by (slowest-root), and whether it is a positive number.

    Between the extreme eigenvalues no root is slower than theirs. The distance is negative where the root lies outside.
    """
    lr, beta = np.asarray(lr, float), np.asarray(momentum, float)
    far, positive = [], []
    for lam in (spectrum.smallest, spectrum.largest):
        a, eps = lr * lam, 1 - beta
        off = ((eps - a) / 2) ** 2 - beta * a
        root, half = np.sqrt(np.maximum(off, 0)), (1 + beta - a) / 2
        real = np.where(half > 0, a / ((eps + a) / 2 + root), 1 + half - root)
        far.append(np.where(off < 0, 1 - np.sqrt(beta), real))
        positive.append((off >= 0) & (half > 0))
    first = far[0] <= far[1]
    return np.where(first, far[0], far[1]), np.where(first, positive[0], positive[1])


def _cause(symptom, spectrum, lr, momentum, batch, limit, cure, best):
    if symptom == "healthy":
        return "none"
    if symptom == "stalls":
        return "noise"
    if symptom == "diverges":
        return "curvature" if lr >= 2 * (1 + momentum) / spectrum.largest else "gradient noise"
    if symptom == "oscillates":
        complex_ones = slowest_root(spectrum, lr, momentum)[0] >= (1 - np.sqrt(momentum)) * (1 - 1e-9)
        return "long memory" if complex_ones else "long step"
    # slow: would another learning rate do, at this momentum?
    steps = limit * np.geomspace(1e-4, 0.99, 49)
    gaps = contraction_gaps(spectrum, 0.0, steps, momentum, batch, stable_only=True, tolerance=1e-3)
    if np.nanmax(gaps) >= ENOUGH * best:
        return "short step" if lr < steps[np.nanargmax(gaps)] else "long step"
    return "short memory" if momentum < cure.beta else "long memory"
