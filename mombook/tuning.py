r"""The best method of a family at a batch size: an interior Newton method on the secular equation.

For fixed batch, u is an implicit function of the parameters theta through $\psi = \log S(u,\theta) = 0$, so

$$ \nabla_\theta \log u = -\psi_\theta / \psi_{\log u} \tag{implicit-gradient} $$

costs one pass over the spectrum. Climbing that gradient directly gets stuck: at the edge of stability, where two roots of
a mode meet, u has kinks. At *fixed* u, psi is a smooth barrier in theta. So: walk to the centre of the barrier, then
raise u along the ridge of centres, $d\theta = -\psi_{\theta\theta}^{-1}\psi_{\theta u}\,du$, until psi = 0 there, which
is where implicit-gradient vanishes. All batches climb at once, as one array.
"""

from dataclasses import dataclass

import numpy as np

from . import arguments
from .family import FAMILIES
from .method import Method
from .secular import Point, noiseless_limit, secular_sum, solve
from .spectrum import Spectrum

BESIDE = 1.01
"""A u within one percent of its noiseless limit lies beside a pole of the secular equation."""


@dataclass(frozen=True)
class Tuned:
    """The best of a family at one batch.

    Attributes:
        family, batch: what was asked for.
        method: the tuned ``Method``.
        gap: its contraction gap, the largest the family reaches (a local maximum; wider searches found no other).
    """

    family: str
    batch: float
    method: Method
    gap: float


def tune(spectrum, family, batch, kurtosis=3.0):
    """The parameters of largest contraction gap.

    Args:
        spectrum: a ``Spectrum``.
        family: ``"sgd"``, ``"heavy_ball"``, ``"nesterov"``, ``"asgd"`` or another name in ``mombook.FAMILIES``.
        batch: batch size, >= 1.
        kurtosis: of the input coordinates, 3 for Gaussian ones; or an array, one for each of ``spectrum.eigenvalues``.

    Returns:
        ``Tuned``.

    Raises:
        ValueError: anything else.

    >>> best = tune(Spectrum.flat(10), "sgd", batch=4)       # closed form: lr = gap = B/(d+B+1)
    >>> round(best.gap, 12) == round(4 / 15, 12), round(best.method.delta, 6)
    (True, 0.266667)
    """
    arguments.choice("family", family, FAMILIES)
    batch = arguments.number("batch", batch, low=1.0)
    gap, p = tune_many(spectrum, [family], np.array([batch]), kurtosis)
    return Tuned(family, batch, method_at(p, 0), float(gap[0]))


def tune_many(spectrum, families, batches, kurtosis=3.0, precision=1e-9):
    """``tune`` for many pairs of a family and a batch at once.

    Args:
        families, batches: n names and n numbers.
        precision: stop climbing when a step promises less than this, relative to the gap.

    Returns:
        gaps, shape ``(n,)``, and the ``Point`` that reaches them.
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    batches = arguments.array("batch", batches, low=1.0, ndim=1)
    kurtosis = arguments.each("kurtosis", kurtosis, 1.0, spectrum.eigenvalues.shape)
    listens = np.array([_row(f) for f in families]).T
    # where u is largest does not feel the bins; but a bin has one kurtosis
    coarse = spectrum.compressed() if arguments.is_scalar(kurtosis) else spectrum
    z = _stable(coarse, listens, batches, kurtosis, _start(coarse, listens, batches))
    u, z = _climb(coarse, listens, batches, kurtosis, z, precision)
    p = point_at(listens, z)
    if coarse is not spectrum:
        u = solve(p, batches, spectrum, kurtosis, start=u)
    return u * (2 - u), p


def method_at(point, index):
    """The ``Method`` at one index of an array-valued ``Point``."""
    delta, eta, eps = (float(np.asarray(v)[index]) for v in point)
    return Method(delta, eta, 1 - eps)


def listens_to(family):
    """A family as a column for ``point_at`` and ``coordinates``, shape ``(6, 1)``."""
    return np.array(_row(family))[:, None]


def _row(family):
    return FAMILIES[arguments.choice("family", family, FAMILIES)].row


def point_at(listens, z):
    """The ``Point`` of free coordinates z, shape ``(3, ..., n)``; ``listens`` is ``(6, n)``, each column a ``Family.row``."""
    return _point_and_slopes(listens, z)[0]


def _point_and_slopes(listens, z):
    """The Point, and d(delta, eta, eps)/dz as nested rows."""
    own, eta1, eta0, eta_beta, free, fixed = listens
    with np.errstate(over="ignore", invalid="ignore"):                 # a wild trial step is refused further on
        step0, step1 = np.exp(z[0]), eta1 * np.exp(z[1])
        eps = 1 / (1 + np.exp(z[2])) * free + (1 - free) * fixed        # eps, not beta: it keeps its digits near 0
    d_eps, share = -eps * (1 - eps) * free, eta0 + eta_beta * (1 - eps)
    p = Point(own * step0, share * step0 + step1, eps)
    return p, ((own * step0, 0, 0), (share * step0, step1, -eta_beta * d_eps * step0), (0, 0, d_eps))


def coordinates(listens, p):
    """Free coordinates, shape ``(3, n)``, of a Point: the inverse of ``point_at``; those not listened to are 0."""
    own, eta1, eta0, eta_beta, free, _ = listens
    delta, eta, eps = (np.asarray(v, float) for v in p)
    with np.errstate(divide="ignore", invalid="ignore"):
        z0 = np.log(np.where(own != 0, delta / own, eta / (eta0 + eta_beta * (1 - eps))))
        z1 = np.where(eta1 > 0, np.log(np.maximum(eta, 1e-290)), 0.0)
        t = np.where(free > 0, np.log(np.maximum(1 - eps, 1e-12) / eps), 0.0)
    return np.stack([z0, z1, t])


# -- starts -----------------------------------------------------------------------------------------------------------
def _start(spectrum, listens, B):
    """Where to climb from: the parameters of the lower bounds T1 (SGD), T3 (one step size) and T6 (two)."""
    mu, L, tr, d = spectrum.smallest, spectrum.largest, spectrum.trace, spectrum.dim
    own, eta1, eta0, eta_beta, free, fixed = listens
    eps = np.minimum(B * mu / (3 * tr), 1 / np.sqrt(spectrum.kappa)) * 0.999                # T3
    slow = 3 * eps**2 / (8 * mu)
    lr = B / (tr + (B + 1) * L)                                                             # T1
    kappa_B, kt_B = (tr + (B + 1) * L) / (B * mu), (d + 1 + B) / B                          # T6
    K = np.sqrt(kappa_B * kt_B) * 1.001
    eta = lr * np.maximum((K - 1) / (K + 1) - K / (K + 1) * (1 - 1 / kt_B), 1e-6)
    two = eta1 > 0
    eps = np.where(two, 2 / (K + 1), np.where(free > 0, eps, fixed))
    unit = own + (eta0 + eta_beta * (1 - eps)) / eps                    # long-run step of the family at lr = 1
    lr = np.where(two, lr, np.where(free > 0, slow / eps, lr) / unit)
    return coordinates(listens, Point(own * lr, np.where(two, eta, (eta0 + eta_beta * (1 - eps)) * lr), eps))


def _stable(spectrum, listens, B, kurtosis, z):
    """Halve the steps until the method contracts in mean square."""
    for _ in range(200):
        unstable = ~(secular_sum(np.zeros_like(B), point_at(listens, z), B, spectrum, kurtosis) < 1)
        if not unstable.any():
            break
        z = z - np.log(2.0) * unstable * np.array([1.0, 1.0, 0.0])[:, None]
    return z


# -- the climb --------------------------------------------------------------------------------------------------------
def _climb(spectrum, listens, B, kurtosis, z, precision, bold=True):
    """Interior ascent, every column at its own pace, until u has less than ``precision`` (relative) left to rise.

    At fixed u, psi is a smooth barrier in z: a Newton step walks to its centre, away from the kinks that the largest
    u has at the edge of stability. Near the centre, u rises most of its way to psi = 0, and z is carried along.
    A ``bold`` climb may step beyond psi = 0 and come back by Newton; columns that get lost there climb once more, without.
    Returns u ``(n,)``, z ``(3, n)``.
    """
    u, z = solve(point_at(listens, z), B, spectrum, kurtosis) * 0.9, z.copy()
    active, sure_u, sure_z = np.arange(B.size), u.copy(), z.copy()      # the last point that surely is reached
    for _ in range(80 if bold else 250):
        b, now, who = B[active], u[active], listens[:, active]
        psi, g, H = _derivatives(spectrum, who, b, kurtosis, np.concatenate([np.log(now)[None], z[:, active]]))
        value, vector = np.linalg.eigh(H[:, 1:, 1:])
        value = np.maximum(np.abs(value), 1e-7 * np.abs(value).max(1, keepdims=True) + 1e-12)
        inverse = vector / value[:, None, :] @ vector.swapaxes(1, 2)    # of |psi_zz|
        newton = -(inverse @ g[:, 1:, None])[..., 0]
        newton *= np.minimum(1.0, 1.5 / np.maximum(np.abs(newton).max(1, keepdims=True), 1e-300))
        decrement = -(newton * g[:, 1:]).sum(1)

        def log_sum(z, u, at, b=b, who=who):
            with np.errstate(divide="ignore"):
                return np.log(secular_sum(u, point_at(who[:, at], z), b[at], spectrum, kurtosis))

        centre, best, todo = z[:, active], psi.copy(), np.arange(b.size)
        for size in 4.0 ** -np.arange(24):                              # shorten until psi does not rise
            trial = centre[:, todo] + size * newton[todo].T
            new = log_sum(trial, now[todo], todo)
            good = new <= psi[todo] + 1e-12
            centre[:, todo[good]], best[todo[good]] = trial[:, good], new[good]
            todo = todo[~good]
            if todo.size == 0:
                break

        # By the envelope theorem d(min psi)/d(log u) = psi_nu: Newton for min psi = 0, z carried along its ridge.
        centred = decrement < 0.3
        slope = np.where(g[:, 0] > 0, g[:, 0], np.inf)
        rise = np.where(centred, np.clip(np.where(decrement < 1e-3, 1.0, 0.9) * -best / slope, -1.0, 1.0), 0.0)
        tangent = np.clip(-(inverse @ H[:, 1:, 0, None])[..., 0].T, -30, 30)
        limit = np.log(1.5) * (bold & (decrement < 1e-2))               # near the end Newton may come from above
        z[:, active], todo = centre, np.flatnonzero(centred)
        for tries in range(8):
            share = 4.0**-tries * rise[todo]
            trial, high = centre[:, todo] + tangent[:, todo] * share, now[todo] * np.exp(share)
            after = log_sum(trial, high, todo)
            good, sure = (after < limit[todo]) & (high < 1), (after < 0) & (high < 1)
            k = active[todo[sure]]
            sure_u[k], sure_z[:, k] = high[sure], trial[:, sure]
            beside = np.zeros(todo.size, bool)
            if tries == 2:
                pole = noiseless_limit(point_at(who[:, todo], centre[:, todo]), spectrum.largest, spectrum.smallest)
                beside = ~good & (pole < BESIDE * now[todo])
            if beside.any():
                # Beside a pole the ridge is narrower than the tangent is straight: go the whole way along it all the
                # same, solve for u there, and draw back to twice the distance from the pole.
                o = todo[beside]
                whole = centre[:, o] + tangent[:, o] * rise[o]
                q = point_at(who[:, o], whole)
                drawn = 2 * solve(q, b[o], spectrum, kurtosis) - noiseless_limit(q, spectrum.largest, spectrum.smallest)
                saved = drawn > now[o]
                k = np.flatnonzero(beside)[saved]
                trial[:, k], high[k], good[k] = whole[:, saved], drawn[saved], True
            z[:, active[todo[good]]], u[active[todo[good]]] = trial[:, good], high[good]
            todo = todo[~good]
            if todo.size == 0:
                break
        # Quadratic convergence, except where a parameter runs off to its edge (beta to 0, a step to 0): there linear.
        done = (np.abs(rise) < 1e-5) & (decrement < 1e-11) | (np.abs(rise) < precision) & (decrement < precision)
        active = active[~(centred & done)]
        if active.size == 0:
            break
    u = solve(point_at(listens, z), B, spectrum, kurtosis, start=u)
    lost = ~(u > sure_u * (1 - 1e-9))                                   # overshot beside a pole
    u, z = np.where(lost, sure_u, u), np.where(lost, sure_z, z)
    lost[active] = True
    if bold and lost.any():
        u[lost], z[:, lost] = _climb(spectrum, listens[:, lost], B[lost], kurtosis, sure_z[:, lost], precision, bold=False)
    return u, z


def _derivatives(spectrum, listens, B, kurtosis, v):
    """Value ``(n,)``, gradient ``(n, 4)`` and Hessian ``(n, 4, 4)`` of psi = log S in (log u, z); v is ``(4, n)``.

    The Hessian is the complex-step derivative of the exact gradient: no difference, so no digits lost near a pole.
    """
    around = v[:, None] + 1e-20j * np.eye(4)[:, :, None]
    p, slopes = _point_and_slopes(listens, around[1:])
    u = np.exp(around[0])
    S, G = secular_sum(u, p, np.broadcast_to(B, u.shape), spectrum, kurtosis, derivative="all")
    with np.errstate(all="ignore"):
        g = np.stack([G[0] * u] + [sum(G[1 + i] * slopes[i][j] for i in range(3)) for j in range(3)]) / S
    H, g = np.moveaxis(g.imag / 1e-20, -1, 0), g[:, 0].real.T
    H = (H + H.swapaxes(1, 2)) / 2
    lost = ~(np.isfinite(H).all((1, 2)) & np.isfinite(g).all(1))
    g[lost], H[lost] = 0.0, np.eye(4)
    g[lost, 0] = 1.0
    with np.errstate(divide="ignore"):
        return np.log(S[0].real), g, H
