r"""The best method of a family at a batch size: an interior Newton method on the secular equation.

For fixed batch, u is an implicit function of the parameters theta through $\psi = \log S(u,\theta) = 0$, so

$$ \nabla_\theta \log u = -\psi_\theta / \psi_{\log u} \tag{implicit-gradient} $$

costs one pass over the spectrum. Climbing that gradient directly gets stuck: at the edge of stability, where two roots of
a mode meet, u has kinks. At *fixed* u, psi is a smooth barrier in theta. So: walk to the centre of the barrier, then
raise u along the ridge of centres, $d\theta = -\psi_{\theta\theta}^{-1}\psi_{\theta u}\,du$, until psi = 0 there, which
is where implicit-gradient vanishes. All batches climb at once, as one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..exact.secular import Point, noiseless_limit, secular_sum, solve
from ..model.family import FAMILIES, Family, Tuned, known
from ..model.method import Method
from ..model.spectrum import Spectrum

LARGEST, HEAVIEST = 1e15, 1e5
"""The largest batch and the largest kurtosis that methods are tuned for."""

BESIDE = 1.01
"""A u within one percent of its noiseless limit lies beside a pole of the secular equation."""


LENGTHS = np.concatenate([[1.0, 4.0, 2.0, 0.5], 4.0 ** -np.arange(1, 21)]).reshape(6, 4)
"""Lengths of a Newton step that are tried, four at once, and the next four where none of these lowers the barrier."""

SHARES = 2.0 ** -np.arange(16).reshape(4, 4)
"""Shares of a rise of u that are tried, likewise."""

SGD, HEAVY_BALL = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 0.0, 1.0, 1.0)
"""``Family.row`` of what is left of a family where beta = 0, and where delta = 0."""


def tune(spectrum: Spectrum, family: str, batch: float, kurtosis: ArrayLike = 3.0) -> Tuned:
    """The parameters of largest contraction gap.

    Args:
        spectrum: a ``Spectrum``.
        family: ``"sgd"``, ``"heavy_ball"``, ``"nesterov"``, ``"asgd"`` or another name in ``mombook.FAMILIES``.
        batch: batch size, >= 1 and at most 1e15.
        kurtosis: of the input coordinates, 3 for Gaussian ones; or an array, one for each of ``spectrum.eigenvalues``.

    Returns:
        ``Tuned``, its gap the largest that the family reaches (a local maximum; wider searches found no other).

    Raises:
        ValueError: anything else.

    >>> best = tune(Spectrum.flat(10), "sgd", batch=4)       # closed form: lr = gap = B/(d+B+1)
    >>> round(best.gap, 12) == round(4 / 15, 12), round(best.method.delta, 6)
    (True, 0.266667)
    """
    arguments.choice("family", family, FAMILIES)
    batch = arguments.number("batch", batch, low=1.0, high=LARGEST)
    gap, p = tune_many(spectrum, [family], np.array([batch]), kurtosis)
    return Tuned(family, batch, method_at(p, 0), float(gap[0]))


def tune_many(spectrum: Spectrum, families: Sequence[str | Family], batches: ArrayLike, kurtosis: ArrayLike = 3.0,
              precision: float = 1e-9) -> tuple[Floats, Point]:
    """``tune`` for many pairs of a family and a batch at once.

    Args:
        families, batches: n names, or ``Family`` objects that need no name in ``FAMILIES``, and n numbers.
        precision: stop climbing when a step promises less than this, relative to the gap.

    Returns:
        gaps, shape ``(n,)``, and the ``Point`` that reaches them.
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    if batches.max() > LARGEST:
        arguments.refuse("batches", batches, f"at most {LARGEST:g}, beyond which the noise of a batch is lost in rounding")
    kurtosis = arguments.each("kurtosis", kurtosis, 1.0, spectrum.eigenvalues.shape)
    if np.max(kurtosis) > HEAVIEST:
        arguments.refuse("kurtosis", kurtosis, f"at most {HEAVIEST:g} where methods are tuned")
    precision = arguments.number("precision", precision, low=1e-12, high=0.1)
    one = spectrum.largest == spectrum.smallest and arguments.is_scalar(kurtosis)
    rows, lesser = _with_faces([known(f).row for f in families], batches.tolist(), one)
    members, every = np.array([row for row, _ in rows]).T, np.array([batch for _, batch in rows])
    # where u is largest does not feel the bins; but a bin has one kurtosis
    coarse = spectrum.compressed() if arguments.is_scalar(kurtosis) else spectrum
    u, z = _start(coarse, members, every, kurtosis)
    u, z = _climb(coarse, members, every, kurtosis, u, z, precision)
    p = point_at(members, z)
    if coarse is not spectrum:
        u = solve(p, every, spectrum, kurtosis, start=u)
    best = np.array([max(columns, key=lambda k: u[k]) for columns in lesser])
    u, p = u[best], _as_members(Point(*(v[best] for v in p)), np.array([known(f).row for f in families]).T)
    return u * (2 - u), p


def _with_faces(rows, batches, one):
    """The columns to climb, without repetition, and for each of ``rows`` those that it holds: itself and its faces.

    An optimum may lie on a face of its family, where a free coordinate has run off to its edge: beta = 0 is SGD, delta = 0
    is heavy ball. From inside, the last way there is long, and at large batches too narrow for doubles. With ``one``
    eigenvalue and one kurtosis the optimum is SGD's: after its best step the error is orthogonal to every gradient seen so
    far, so that no linear method gains by remembering them, and each least error makes the least noise for the next.
    """
    columns, held = {}, []
    for row, batch in zip(rows, batches, strict=True):
        inside = [tuple(row)] + [HEAVY_BALL] * (row[1] > 0)
        faces = [SGD] if one and row[4] > 0 else inside + [SGD] * (row[4] > 0)
        held.append([columns.setdefault((face, batch), len(columns)) for face in faces])
    return list(columns), held


def _as_members(p, families):
    """Methods without memory in their family's own letters: heavy ball of beta = 0 has its step in eta, SGD in delta."""
    own, two, eta0, _, _, _ = families
    memoryless = (p.eps == 1) & (two == 0)
    lr = (p.delta + p.eta) / np.where(memoryless, own + eta0, 1.0)
    return Point(np.where(memoryless, own * lr, p.delta), np.where(memoryless, eta0 * lr, p.eta), p.eps)


def method_at(point: Point, index: int) -> Method:
    """The ``Method`` at one index of an array-valued ``Point``."""
    delta, eta, eps = (float(np.asarray(v)[index]) for v in point)
    return Method(delta, eta, 1 - eps)


def family_column(family: str | Family) -> Floats:
    """A family as a column for ``point_at`` and ``coordinates``, shape ``(6, 1)``."""
    return np.array(known(family).row)[:, None]


def point_at(families: Floats, z: Floats) -> Point:
    """The ``Point`` of free coordinates z, shape ``(3, ..., n)``; ``families`` is ``(6, n)``, each column a ``Family.row``."""
    return _point_and_slopes(families, z)[0]


def _point_and_slopes(families, z):
    """The Point, and d(delta, eta, eps)/dz as nested rows."""
    own, eta1, eta0, eta_beta, free, fixed = families
    with np.errstate(over="ignore", invalid="ignore"):                 # a wild trial step is refused further on
        step0, step1 = np.exp(z[0]), eta1 * np.exp(z[1])
        eps = 1 / (1 + np.exp(z[2])) * free + (1 - free) * fixed        # eps, not beta: it keeps its digits near 0
    d_eps, share = -eps * (1 - eps) * free, eta0 + eta_beta * (1 - eps)
    p = Point(own * step0, share * step0 + step1, eps)
    return p, ((own * step0, 0, 0), (share * step0, step1, -eta_beta * d_eps * step0), (0, 0, d_eps))


def coordinates(families: Floats, p: Point) -> Floats:
    """Free coordinates, shape ``(3, n)``, of a Point: the inverse of ``point_at``; those the family lacks are 0."""
    own, eta1, eta0, eta_beta, free, _ = families
    delta, eta, eps = (np.asarray(v, float) for v in p)
    with np.errstate(divide="ignore", invalid="ignore"):
        z0 = np.log(np.where(own != 0, np.maximum(delta, 1e-290) / own, eta / (eta0 + eta_beta * (1 - eps))))
        z1 = np.where(eta1 > 0, np.log(np.maximum(eta, 1e-290)), 0.0)
        t = np.where(free > 0, np.log(np.maximum(1 - eps, 1e-12) / eps), 0.0)
    return np.stack([z0, z1, t])


# -- starts -----------------------------------------------------------------------------------------------------------
def _start(spectrum, families, B, kurtosis):
    """Where to climb from: of several candidates the one of the largest u, once each contracts in mean square; u, and z."""
    candidates = _candidates(spectrum, families, B)
    count, n = candidates.shape[1:]
    families, B = np.tile(families, count), np.tile(B, count)
    z = _stable(spectrum, families, B, kurtosis, candidates.reshape(3, -1))
    u = solve(point_at(families, z), B, spectrum, kurtosis, tolerance=1e-2).reshape(count, n)
    best = u.argmax(0), np.arange(n)
    return u[best], z.reshape(candidates.shape)[:, *best]


def _candidates(spectrum, families, B):
    """Free coordinates, shape ``(3, m, n)``: those of the lower bounds T1 (SGD), T3 (one step size) and T6 (two); those that
    are best without noise (Polyak 1964; Lessard et al. 2016), with steps and memory as the noise of a batch allows; how the
    optimum comes near these at large batches, as measured on power laws; and means."""
    mu, L, tr, d, root = spectrum.smallest, spectrum.largest, spectrum.trace, spectrum.dim, np.sqrt(spectrum.kappa)
    own, eta1, eta0, eta_beta, free, fixed = families
    two = eta1 > 0

    def at(rate, eta, eps):
        eps = np.where(free > 0, np.minimum(eps, 0.999), fixed)
        share = eta0 + eta_beta * (1 - eps)
        step = rate(own + share / eps)                                  # of the long-run step of the family at a rate of 1
        return coordinates(families, Point(own * step, np.where(two, eta, share * step), eps))

    lr = B / (tr + (B + 1) * L)                                                             # T1
    slow = np.minimum(B * mu / (3 * tr), 1 / root) * 0.999                                  # T3
    kappa_B, kt_B = (tr + (B + 1) * L) / (B * mu), (d + 1 + B) / B                          # T6
    K = np.sqrt(kappa_B * kt_B) * 1.001
    eta = lr * np.maximum((K - 1) / (K + 1) - K / (K + 1) * (1 - 1 / kt_B), 1e-6)
    bound = at(lambda unit: np.where(two, lr, np.where(free > 0, 3 * slow / (8 * mu), lr) / unit), eta,
               np.where(two, 2 / (K + 1), slow))

    short = (own > 0) & ~two                                            # SGD and Nesterov, whose last gradient counts whole
    polyak = 4 / (np.sqrt(L) + np.sqrt(mu)) ** 2
    whole = np.where(free == 0, 2 / (L + mu), np.where(short, 4 / (3 * L + mu), polyak))
    memory = np.where(short, 4 / (np.sqrt(3 * root**2 + 1) + 2), 4 * root / (1 + root) ** 2)
    noise, quarter = 1 / np.sqrt(B), np.sqrt(root)
    smaller = 1 + np.where(two, 3 * noise, np.where(short, (2 + 3 * free) / B, 1.4 * quarter * noise))
    longer = 1 + np.where(two, 1.6 * noise, np.where(short, 0.6 * noise / quarter + 2.5 / B, 0.7 * quarter * noise))
    large = at(lambda unit: np.where(two, 3 * noise / L, whole / smaller), whole / smaller, memory / longer)

    near = np.where(two, bound, at(lambda unit: 1 / (1 / whole + unit * tr / B), eta, memory))
    long = np.where(two, bound, at(lambda unit: eta, eta, 2 / (K + 1)))
    return np.stack([bound, near, large, (near + long) / 2, (near + large) / 2], axis=1)


def _stable(spectrum, families, B, kurtosis, z):
    """Halve the steps until the method contracts in mean square."""
    for _ in range(200):
        unstable = ~(secular_sum(np.zeros_like(B), point_at(families, z), B, spectrum, kurtosis) < 1)
        if not unstable.any():
            break
        z = z - np.log(2.0) * unstable * np.array([1.0, 1.0, 0.0])[:, None]
    return z


# -- the climb --------------------------------------------------------------------------------------------------------
class _Barrier(NamedTuple):
    """psi = log S of (secular) for some columns: a family each in ``families`` ``(6, n)``, a batch each in ``B`` ``(n,)``."""

    spectrum: Spectrum
    families: np.ndarray
    B: np.ndarray
    kurtosis: np.ndarray

    def part(self, columns):
        """The same for some of the columns."""
        return self._replace(families=self.families[:, columns], B=self.B[columns])

    def log_sum(self, z, u):
        """psi at z and u."""
        with np.errstate(divide="ignore"):
            return np.log(secular_sum(u, point_at(self.families, z), self.B, self.spectrum, self.kurtosis))

    def solve(self, z, start=None):
        """The u at which psi = 0."""
        return solve(point_at(self.families, z), self.B, self.spectrum, self.kurtosis, start)

    def limit(self, z):
        """The noiseless limit of u."""
        return noiseless_limit(point_at(self.families, z), self.spectrum.largest, self.spectrum.smallest)


def _climb(spectrum, families, B, kurtosis, u, z, precision, bold=True):
    """Interior ascent, every column at its own pace, until u has less than ``precision`` (relative) left to rise.

    At fixed u, psi is a smooth barrier in z: a Newton step walks to its centre, away from the kinks that the largest
    u has at the edge of stability. Near the centre, u rises most of its way to psi = 0, and z is carried along.
    A ``bold`` climb may step beyond psi = 0 and come back by Newton; columns that get lost there climb once more, without.
    Takes a guess of u and z, returns u ``(n,)``, z ``(3, n)``.
    """
    every = _Barrier(spectrum, families, B, kurtosis)
    u, z = every.solve(z, u), z.copy()
    beside = 2 * u - every.limit(z)                                     # twice as far from the pole: its centre is near, too
    u = np.maximum(0.95 * u, beside) if bold else np.where(families[4] > 0, 0.9 * u, np.maximum(0.9 * u, beside))
    active, sure_u, sure_z = np.arange(B.size), u.copy(), z.copy()      # the last point that surely is reached
    stuck = np.zeros(B.size, bool)
    for _ in range(40 if bold else 250):
        barrier, now, here = every.part(active), u[active], z[:, active]
        psi, slope, newton, decrement, tangent = _newton(barrier, now, here)
        centre, best = _to_centre(barrier, now, here, psi, newton)
        # By the envelope theorem d(min psi)/d(log u) = psi_nu: Newton for min 1/S = 1, nearly straight where S has a pole.
        centred = decrement < 0.3
        slope = np.where(slope > 0, slope, np.inf)
        rise = np.where(centred, np.clip(np.where(decrement < 1e-3, 1.0, 0.9) * -np.expm1(best) / slope, -1.0, 1.0), 0.0)
        limit = np.log(1.5) * (bold & (decrement < 1e-2))               # near the end Newton may come from above
        u[active], z[:, active], sure = _along_ridge(barrier, now, centre, tangent, rise, limit, np.flatnonzero(centred))
        k = active[sure]
        sure_u[k], sure_z[:, k] = u[k], z[:, k]
        # Quadratic convergence, except where a parameter runs off to its edge (beta to 0, a step to 0): there linear.
        ends = (np.abs(rise) < 1e-5) & (np.abs(best) < 1e-3) & (decrement < 1e-11)
        done = ends | (np.abs(rise) < precision) & (decrement < precision)
        stuck[active] = (u[active] == now) & (z[:, active] == here).all(0) & ~(centred & done)  # and would be for ever
        active = active[~(centred & done | stuck[active])]
        if active.size == 0:
            break
    u = every.solve(z, start=u)
    lost = ~(u > sure_u * (1 - 1e-9))                                   # overshot beside a pole
    u, z = np.where(lost, sure_u, u), np.where(lost, sure_z, z)
    lost[active] = lost[stuck] = True
    if bold and lost.any():
        u[lost], z[:, lost] = _climb(spectrum, families[:, lost], B[lost], kurtosis, sure_u[lost], sure_z[:, lost],
                                     precision, bold=False)
    return u, z


def _newton(barrier, u, z):
    """psi and its slope in log u; the Newton step in z, no longer than 1.5, and its decrement; the ridge's direction in z."""
    psi, g, H = _derivatives(barrier, np.concatenate([np.log(u)[None], z]))
    size = np.sqrt(np.abs(np.einsum("kii->ki", H))[:, 1:])              # beside a pole they differ by many powers of ten
    size[size == 0] = 1.0
    value, vector = np.linalg.eigh(H[:, 1:, 1:] / (size[:, :, None] * size[:, None]))
    value = np.maximum(np.abs(value), 1e-7 * np.abs(value).max(1, keepdims=True) + 1e-12)
    vector /= size[:, :, None]
    inverse = vector / value[:, None, :] @ vector.swapaxes(1, 2)        # of |psi_zz|
    newton = -(inverse @ g[:, 1:, None])[..., 0]
    newton *= np.minimum(1.0, 1.5 / np.maximum(np.abs(newton).max(1, keepdims=True), 1e-300))
    tangent = np.clip(-(inverse @ H[:, 1:, 0, None])[..., 0].T, -30, 30)
    return psi, g[:, 0], newton.T, -(newton * g[:, 1:]).sum(1), tangent


def _to_centre(barrier, u, z, psi, newton):
    """z after the Newton step, longer or shorter where psi then is lower, and psi there; no step where it only rises."""
    centre, best, todo = z.copy(), psi.copy(), np.arange(u.size)
    for lengths in LENGTHS:
        trial = z[:, None, todo] + lengths[:, None] * newton[:, None, todo]
        new = barrier.part(todo).log_sum(trial, u[todo])
        new[np.isnan(new)] = np.inf
        length = np.vstack([new[0] - 1e-9, new[1:]]).argmin(0)          # the first is left for a true gain only
        new = new[length, np.arange(todo.size)]
        good = new <= psi[todo] + 1e-12
        k = todo[good]
        centre[:, k], best[k] = trial[:, length[good], good], new[good]
        todo = todo[~good]
        if todo.size == 0:
            break
    return centre, best


def _along_ridge(barrier, now, centre, tangent, rise, limit, todo):
    """u and z after log u has risen by ``rise`` in the columns ``todo``, or by less where psi would pass ``limit``; and where
    psi is then surely below 0."""
    u, z, sure = now.copy(), centre.copy(), np.zeros(now.size, bool)
    for tries, shares in enumerate(SHARES):
        if todo.size == 0:
            break
        part, share = barrier.part(todo), shares[:, None] * rise[todo]
        trial, high = centre[:, None, todo] + tangent[:, None, todo] * share, now[todo] * np.exp(share)
        after = np.where(high < 1, part.log_sum(trial, high), np.inf)
        row = (after < limit[todo]).argmax(0), np.arange(todo.size)     # the first that is: the highest
        trial, high, good, safe = trial[:, *row], high[row], (after < limit[todo])[row], (after < 0)[row]
        if tries == 1:
            # Beside a pole the ridge is narrower than the tangent is straight: go the whole way along it all the
            # same, solve for u there, and draw back to twice the distance from the pole.
            k = np.flatnonzero(~good & (part.limit(centre[:, todo]) < BESIDE * now[todo]))
            o = todo[k]
            if o.size:
                there, whole = barrier.part(o), centre[:, o] + tangent[:, o] * rise[o]
                drawn = 2 * there.solve(whole) - there.limit(whole)
                saved = drawn > now[o]
                k = k[saved]
                trial[:, k], high[k], good[k] = whole[:, saved], drawn[saved], True
        k = todo[good]
        z[:, k], u[k], sure[k] = trial[:, good], high[good], safe[good]
        todo = todo[~good]
    return u, z, sure


def _derivatives(barrier, v):
    """Value ``(n,)``, gradient ``(n, 4)`` and Hessian ``(n, 4, 4)`` of psi = log S in (log u, z); v is ``(4, n)``.

    The Hessian is the complex-step derivative of the exact gradient: no difference, so no digits lost near a pole.
    """
    around = v[:, None] + 1e-20j * np.eye(4)[:, :, None]
    p, slopes = _point_and_slopes(barrier.families, around[1:])
    u = np.exp(around[0])
    S, G = secular_sum(u, p, np.broadcast_to(barrier.B, u.shape), barrier.spectrum, barrier.kurtosis, derivative="all")
    with np.errstate(all="ignore"):
        g = np.stack([G[0] * u] + [sum(G[1 + i] * slopes[i][j] for i in range(3)) for j in range(3)]) / S
    H, g = np.moveaxis(g.imag / 1e-20, -1, 0), g[:, 0].real.T
    H = (H + H.swapaxes(1, 2)) / 2
    lost = ~(np.isfinite(H).all((1, 2)) & np.isfinite(g).all(1))
    g[lost], H[lost] = 0.0, np.eye(4)
    g[lost, 0] = 1.0
    with np.errstate(divide="ignore"):
        return np.log(S[0].real), g, H
