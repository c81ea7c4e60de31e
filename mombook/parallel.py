r"""Perfect parallelization: how far a batch of B rows replaces B steps, and the momentum that makes it so.

The claim is that of Garg & Derezinski (2026): the acceleration from classical momentum is proportional to the batch,
up to a natural saturation point, and a simple momentum is enough. The constants here are those of this book.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from . import arguments
from .kaczmarz import contraction_gap, same_row_weight
from .method import Method
from .systems import System


# -- choosing the momentum --------------------------------------------------------------------------------------------
def simple_momentum(system, batch):
    r"""Heavy ball with the one-line momentum of this book: memory proportional to 1/batch, until 1/sqrt(kappa).

    $$ 1-\beta = \epsilon = \min\Big(\frac{B\mu}{3R},\ \frac1{\sqrt\kappa}\Big),\qquad
       \eta = \frac{3\epsilon^2}{8\mu},\qquad \mathrm{gap} \ge \frac{\epsilon}{2} \tag{simple momentum} $$

    Holds for draws with replacement (distinct rows only lower the noise).
    Kind: lower bound on the gap, checked by ``guaranteed_gap`` on random spectra; the constants are ours.
    The guarantee is paid for with a constant: ``tuned`` is several times faster, at a beta that hardly moves with B.
    R is ``system.row_energy``, 1 for Kaczmarz and coordinate descent.
    Reference: this book, (simple momentum); the scaling is that of Garg & Derezinski (2026).

    Args:
        system: a ``System``.
        batch: B, a whole number >= 1.

    Raises:
        ValueError: a batch that is not a whole number >= 1.

    >>> simple_momentum(System.kaczmarz(np.eye(4)), batch=3).beta
    0.75
    """
    mu, kappa, R = arguments.instance("system", system, System).smallest, system.kappa, system.row_energy
    eps = min(arguments.whole("batch", batch, low=1) * mu / (3 * R), 1 / np.sqrt(kappa))
    return Method.heavy_ball(lr=3 * eps**2 / (8 * mu), beta=1 - eps)


def simple_sgd(system, batch, draws="replacement"):
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


def saturation_batch(system):
    r"""The batch up to which (simple momentum) accelerates in proportion to B.

    $$ B_{\mathrm{sat}} = \frac{3R}{\mu\sqrt\kappa} \tag{saturation} $$

    Returns:
        a float, the prediction; ``measured_saturation`` reads the same off a ``Scaling``.

    >>> round(saturation_batch(System.kaczmarz(np.eye(4))), 12)
    12.0
    """
    R = arguments.instance("system", system, System).row_energy
    return float(3 * R / (system.smallest * np.sqrt(system.kappa)))


FAMILIES = {
    "sgd": lambda t: Method.sgd(lr=np.exp(t[0])),
    "heavy_ball": lambda t: Method.heavy_ball(lr=np.exp(t[0]), beta=_beta(t[1])),
    "nesterov": lambda t: Method.nesterov(lr=np.exp(t[0]), beta=_beta(t[1])),
}


def _beta(t):
    return 1 - 1 / (1 + np.exp(np.clip(-t, -40, 34)))       # t = log((1-beta)/beta), so that beta stays in [0, 1)


def tuned(system, batch, family="heavy_ball", draws="replacement", tolerance=1e-4, start=None):
    """The method of a family with the largest exact gap at this batch, and that gap.

    scipy's Nelder-Mead on log lr and log((1-beta)/beta), minimising the exact log rho of ``contraction_gap``, started
    at ``simple_momentum`` (for ``"sgd"``: at lr = 1/(L + cR)).

    Args:
        system: a ``System``.
        batch: rows in the batch.
        family: ``"sgd"``, ``"heavy_ball"`` or ``"nesterov"``.
        draws: ``"replacement"`` or ``"distinct"``.
        tolerance: of the log-parameters, in (0, 1); 0.02 is a few times faster and costs well under 1 % of the gap.
        start: a ``Method`` of the family to start at, such as the optimum of a batch nearby.

    Returns:
        ``(method, gap)``.

    Raises:
        ValueError: an argument out of range.

    >>> method, gap = tuned(System.kaczmarz(np.eye(4)), batch=1, family="sgd")
    >>> round(method.delta, 4), round(gap, 8)
    (1.0, 0.25)
    """
    build = FAMILIES[arguments.choice("family", family, tuple(FAMILIES))]
    tolerance = arguments.number("tolerance", tolerance, above=0.0, below=1.0)
    plain = 1 / (system.largest + same_row_weight(system, batch, draws) * system.row_energy)
    begin = simple_momentum(system, batch)
    eps = min(1 - begin.beta, 0.9)
    t0 = {"sgd": [np.log(plain)], "heavy_ball": [np.log(begin.eta), np.log(eps / (1 - eps))],
          "nesterov": [np.log(plain), np.log(eps / (1 - eps))]}[family]
    if start is not None:
        arguments.instance("start", start, Method)
        t0 = [np.log(start.delta + (0 if start.delta else start.eta)),
              np.log((1 - start.beta) / max(start.beta, 1e-3))][:len(t0)]
    unit = eps if family != "sgd" else plain * system.smallest               # size of -log rho to expect
    cost = lambda t: np.log(1 - contraction_gap(system, build(t), batch, draws)) / unit  # noqa: E731
    if family == "nesterov" and start is None:                    # the memory of simple momentum may be too long for it
        t0 = min(([t0[0], t] for t in (t0[1], t0[1] / 2, 0.0)), key=cost)
    found = optimize.minimize(cost, t0, method="Nelder-Mead",
                              options={"xatol": tolerance, "fatol": 1e-3 * tolerance, "maxfev": 200})
    best = build(found.x)
    return best, contraction_gap(system, best, batch, draws)


# -- iterations against batch -----------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Scaling:
    """How far a rule carries over batches: arrays over ``batches``, all exact.

    ``gap`` is 1 - rho; ``iterations`` = log(1/target)/(-log rho), asymptotic steps until E|e|^2 falls by ``target``;
    ``visits`` = ``batches * iterations``, rows touched. Perfect parallelization is a flat line of visits.
    """

    batches: np.ndarray
    methods: tuple
    gap: np.ndarray
    iterations: np.ndarray
    visits: np.ndarray
    target: float


def scaling(system, batches, choose=simple_momentum, target=1e-6, draws="replacement"):
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

    >>> from mombook.example_systems import unit_rows
    >>> f = scaling(unit_rows(40, 4, np.random.default_rng(0)), [1, 2])
    >>> bool(f.iterations[0] > f.iterations[1])
    True
    """
    target = arguments.number("target", target, above=0.0, below=1.0)
    batches = [arguments.whole("batches", B, low=1) for B in arguments.array("batches", batches, ndim=1)]
    if not callable(choose):
        arguments.refuse("choose", choose, "a function of (system, batch) that returns a Method")
    methods = tuple(choose(system, B) for B in batches)
    gap = np.array([contraction_gap(system, m, B, draws) for m, B in zip(methods, batches, strict=True)])
    rate = -np.log1p(-np.minimum(gap, 1 - 1e-300))
    iterations = np.where(gap > 0, np.log(1 / target) / np.where(gap > 0, rate, 1.0), np.inf)
    batches = np.array(batches)
    return Scaling(batches, methods, gap, iterations, batches * iterations, target)


def measured_saturation(result):
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
