r"""Perfect parallelization: how far a batch of B rows replaces B steps, and the momentum that makes it so.

The claim is that of Garg & Derezinski (2026): the acceleration from classical momentum is proportional to the batch,
up to a natural saturation point, and a simple momentum is enough. The constants here are those of this book.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Draws, Floats, Ints
from ..exact.row_moments import contraction_gap
from ..model.family import FAMILIES, Tuned
from ..model.method import Method
from ..model.systems import System, same_row_weight


# -- choosing the momentum --------------------------------------------------------------------------------------------
def simple_momentum(system: System, batch: int) -> Method:
    r"""Heavy ball with the one-line momentum of this book: memory proportional to 1/batch, until 1/sqrt(kappa).

    $$ 1-\beta = \epsilon = \min\Big(\frac{B\mu}{R},\ \frac1{\sqrt\kappa}\Big),\qquad
       \eta = \frac{\epsilon^2}{2\mu},\qquad \mathrm{gap} \ge \frac{\epsilon}{2} \tag{simple momentum} $$

    Holds for every law of the rows with E P^2 <= R G, and draws with replacement (distinct rows only lower the noise).
    Kind: lower bound on the gap, proved in notebook 07; the constants are this book's.
    The guarantee costs a constant: ``tuned`` is a few times faster.
    R is ``system.row_energy``, 1 for Kaczmarz and coordinate descent.
    Reference: this book, notebook 07, (simple momentum); the scaling is that of Garg & Derezinski (2026).

    Args:
        system: a ``System``.
        batch: B, a whole number >= 1.

    Raises:
        ValueError: a batch that is not a whole number >= 1.

    >>> simple_momentum(System.kaczmarz(np.eye(4)), batch=3).beta
    0.25
    """
    eps = _forgetting(system, batch)
    return Method.heavy_ball(lr=eps**2 / (2 * system.smallest), beta=1 - eps)


def simple_nesterov(system: System, batch: int) -> Method:
    r"""Nesterov's momentum with the memory and the learning rate of ``simple_momentum``; it has the same guarantee.

    $$ 1-\beta = \epsilon = \min\Big(\frac{B\mu}{R},\ \frac1{\sqrt\kappa}\Big),\qquad
       \mathrm{lr} = \frac{\epsilon^2}{2\mu},\qquad \mathrm{gap} \ge \frac{\epsilon}{2} \tag{simple Nesterov} $$

    So beta = 1 - sqrt(2 mu lr). Holds for every law of the rows with E P^2 <= R G, and draws with replacement.
    Kind: lower bound on the gap, proved in notebook 07; the constants are this book's.
    Reference: this book, notebook 07, (simple Nesterov); the scaling is that of Garg & Derezinski (2026).

    Args:
        system: a ``System``.
        batch: B, a whole number >= 1.

    Raises:
        ValueError: a batch that is not a whole number >= 1.

    >>> simple_nesterov(System.kaczmarz(np.eye(4)), batch=1).beta
    0.75
    """
    eps = _forgetting(system, batch)
    return Method.nesterov(lr=eps**2 / (2 * system.smallest), beta=1 - eps)


def _forgetting(system, batch):
    """epsilon = 1 - beta of the two simple rules."""
    mu, kappa, R = arguments.instance("system", system, System).smallest, system.kappa, system.row_energy
    return min(arguments.whole("batch", batch, low=1) * mu / R, 1 / np.sqrt(kappa))


def simple_sgd(system: System, batch: int, draws: Draws = "replacement") -> Method:
    r"""Plain SGD with the step that (averaged step) suggests, and the gap it guarantees.

    $$ a = \frac{1}{cR + (1-c)L}:\qquad (I-aG)^2 + a^2 c\,(E P^2 - G^2) \preceq I - aG
       \quad\Rightarrow\quad \mathrm{gap} \ge a\mu \tag{simple sgd} $$

    Holds for every law of the rows; c is that of (batch), 1/B with replacement, and E P^2 <= R G.
    Kind: lower bound on the gap. It is proportional to B until B = R/L, and flat beyond.
    Reference: this book, (simple sgd); for Kaczmarz it is the averaging of Moorman et al. (2021).

    Args:
        system: a ``System``.
        batch: rows in the batch.
        draws: ``"replacement"`` or ``"distinct"``.

    Raises:
        ValueError: an argument out of range.

    >>> simple_sgd(System.kaczmarz(np.eye(4)), batch=1).delta
    1.0
    """
    c = same_row_weight(system, batch, draws)
    return Method.sgd(lr=1 / (c * system.row_energy + (1 - c) * system.largest))


def saturation_batch(system: System) -> float:
    r"""The batch up to which the guarantees of (simple momentum) and (simple Nesterov) grow in proportion to B.

    $$ B_{\mathrm{sat}} = \frac{R}{\mu\sqrt\kappa} \tag{saturation} $$

    Returns:
        a float, the prediction; ``measured_saturation`` reads the same off a ``Scaling``.

    >>> round(saturation_batch(System.kaczmarz(np.eye(4))), 12)
    4.0
    """
    R = arguments.instance("system", system, System).row_energy
    return float(R / (system.smallest * np.sqrt(system.kappa)))


def tuned(system: System, batch: int, family: str = "heavy_ball", draws: Draws = "replacement", tolerance: float = 1e-4,
          start: Method | None = None) -> Tuned:
    """The method of a family with the largest exact gap at this batch.

    scipy's Nelder-Mead on log lr and log((1-beta)/beta), minimising the exact log rho of ``contraction_gap``, started
    at ``simple_momentum`` (where the gradient is stepped on directly, as in SGD: at lr = 1/(L + cR)), and begun again
    with a new simplex where it has not settled.

    Args:
        system: a ``System``.
        batch: rows in the batch.
        family: a name out of ``mombook.FAMILIES`` with no more to choose than lr and beta.
        draws: ``"replacement"`` or ``"distinct"``.
        tolerance: of the log-parameters, in (0, 1); 0.02 is a few times faster and costs well under 1 % of the gap.
        start: a ``Method`` of the family to start at, such as the optimum of a batch nearby.

    Returns:
        ``Tuned``.

    Raises:
        ValueError: an argument out of range.

    >>> best = tuned(System.kaczmarz(np.eye(4)), batch=1, family="sgd")
    >>> round(best.method.delta, 4), round(best.gap, 8)
    (1.0, 0.25)
    """
    arguments.instance("system", system, System)
    known = [name for name, one in FAMILIES.items() if not one.row[1]]
    chosen = FAMILIES[arguments.choice("family", family, known)]
    own, _, eta0, eta_beta, free, _ = chosen.row
    tolerance = arguments.number("tolerance", tolerance, low=1e-9, below=1.0)
    batch = arguments.whole("batch", batch, low=1, high=10**9)
    plain = 1 / (system.largest + same_row_weight(system, batch, draws) * system.row_energy)
    begin = simple_momentum(system, batch) if start is None else arguments.instance("start", start, Method)

    def build(t):
        return chosen.make(*(np.exp(t[0]), _beta(t[-1]))[:len(t)])

    def cost(t):
        return np.log(1 - contraction_gap(system, build(t), batch, draws)) / unit

    eps = min(_forgetting(system, batch), 0.9)
    unit = eps if free else plain * system.smallest                         # size of -log rho to expect
    lr = begin.delta / own if own else begin.eta / (eta0 + eta_beta * begin.beta)
    if start is None:
        t0 = [np.log(plain if own else lr), np.log(eps / (1 - eps))]
    else:
        t0 = [np.log(lr), np.log((1 - begin.beta) / max(begin.beta, 1e-3))]
    if free and own and start is None:                             # the memory of simple momentum may be too long for it
        t0 = min(([t0[0], t] for t in (t0[1], t0[1] / 2, 0.0)), key=cost)
    best = build(_settled(cost, t0[:1 + int(free)], tolerance))
    return Tuned(family, batch, best, contraction_gap(system, best, batch, draws))


def _settled(cost, t0, tolerance):
    """Where Nelder-Mead settles; where it has not after 200 evaluations its simplex is flat, and a new one is begun there."""
    for _ in range(5):
        found = scipy.optimize.minimize(cost, t0, method="Nelder-Mead",
                                        options={"xatol": tolerance, "fatol": 1e-3 * tolerance, "maxfev": 200})
        if found.success:
            break
        t0 = found.x
    return found.x


def _beta(t):
    return 1 - 1 / (1 + np.exp(np.clip(-t, -40, 34)))       # t = log((1-beta)/beta), so that beta stays in [0, 1)


# -- iterations against batch -----------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Scaling:
    """How far a rule carries over batches: arrays over ``batches``, all exact.

    ``gap`` is 1 - rho; ``iterations`` = log(1/target)/(-log rho), asymptotic steps until E|e|^2 falls by ``target``;
    ``visits`` = ``batches * iterations``, rows touched. Perfect parallelization is a flat line of visits.
    """

    batches: Ints
    methods: tuple[Method, ...]
    gap: Floats
    iterations: Floats
    visits: Floats
    target: float


def scaling(system: System, batches: ArrayLike, choose: Callable[[System, int], Method] = simple_momentum, target: float = 1e-6,
            draws: Draws = "replacement") -> Scaling:
    """Gap, iterations and row visits over batches, for the method that ``choose(system, batch)`` returns.

    Args:
        system: a ``System``.
        batches: whole numbers >= 1, shape ``(k,)``.
        choose: a function of ``(system, batch)``, for instance ``simple_momentum``.
        target: factor by which E|e|^2 is to fall, in (0, 1).
        draws: ``"replacement"`` or ``"distinct"``.

    Returns:
        a ``Scaling``; iterations are inf where the gap is not positive.

    Raises:
        ValueError: an argument out of range.

    >>> from mombook.model.example_systems import unit_rows
    >>> f = scaling(unit_rows(40, 4, np.random.default_rng(0)), [1, 2])
    >>> bool(f.iterations[0] > f.iterations[1])
    True
    """
    target = arguments.number("target", target, above=0.0, below=1.0)
    batches = [arguments.whole("batches", B, low=1) for B in arguments.array("batches", batches, ndim=1)]
    if not callable(choose):
        arguments.refuse("choose", choose, "a function of (system, batch) that returns a Method")
    arguments.instance("system", system, System)
    try:
        methods = tuple(arguments.instance("choose", choose(system, B), Method) for B in batches)
    except TypeError as error:
        arguments.refuse("choose", choose, f"a function of (system, batch) that returns a Method ({error})")
    except ValueError as error:
        raise ValueError(f"choose(system, batch) refused one of batches: {error}") from None
    gap = np.array([contraction_gap(system, m, B, draws) for m, B in zip(methods, batches, strict=True)])
    rate = -np.log1p(-np.minimum(gap, 1 - 1e-300))
    iterations = np.where(gap > 0, np.log(1 / target) / np.where(gap > 0, rate, 1.0), np.inf)
    batches = np.array(batches)
    return Scaling(batches, methods, gap, iterations, batches * iterations, target)


def measured_saturation(result: Scaling) -> float:
    """The batch where gap/B has fallen to half its value at the smallest batch, log-interpolated; inf if it never does.

    Args:
        result: a ``Scaling`` with batches in increasing order.

    Raises:
        ValueError: not a ``Scaling``.

    >>> b = np.array([1, 2, 4, 8])
    >>> round(measured_saturation(Scaling(b, (), np.minimum(b, 2) * 0.1, b, b, 0.5)), 12)
    4.0
    """
    f = arguments.instance("result", result, Scaling)
    each = f.gap / f.batches / (f.gap[0] / f.batches[0])
    if np.all(each > 0.5):
        return np.inf
    k = int(np.argmax(each <= 0.5))
    low, high = np.log(np.maximum(each[k - 1:k + 1], 1e-300))
    return float(np.exp(np.interp(np.log(2) + low, [0, low - high], np.log(f.batches[k - 1:k + 1]))))
