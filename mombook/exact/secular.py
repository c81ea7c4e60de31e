r"""The secular equation: the contraction factor of the second moment, without forming any matrix.

One mode of curvature lambda, without noise, has the characteristic polynomial
$\chi(z) = (z-1)(z-\beta) + \lambda\,p(z)$ with $p(z) = (\delta+\eta) z - \delta\beta$. Write rho for the factor by which
the second moment shrinks per step, $x = \sqrt\rho = 1-u$ and $\varepsilon = 1-\beta$. Summing the mode's squared
response to a unit of gradient noise, discounted by rho, gives (proved line by line in notebook A)

$$ o(\lambda) = \frac{\lambda^2}{2B\,a}\Bigl[\frac{p(x)^2}{\chi(x)} + \frac{p(-x)^2}{\chi(-x)}\Bigr],
   \qquad a = x^2 - \beta + \lambda\beta\delta \tag{response} $$

and since all modes are driven by one scalar, the risk, rho is the root of

$$ S(u) = \sum_i \frac{o_i}{1 - (k-2)\,o_i} = 1, \qquad k = 3 \text{ for Gaussian inputs} \tag{secular} $$

in the region where $a$, $q = \chi(x)$, $r = \chi(-x)$ (Jury's conditions) and $1-(k-2)o$ are positive; there S increases with
u. It says that the matrix $o_i(1+(k-2)[i=j])$, which turns the modes' risk into their later risk, has Perron root 1.
Everything below is written in u and epsilon, in which nothing cancels: gaps of 1e-14 keep their digits.

All functions broadcast: parameters have any common shape ``(...,)``; the eigenvalue axis is added last and summed out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from ..arrays import Floats
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import double_double


class Point(NamedTuple):
    """Parameters in the form in which nothing cancels; each a float or an array of one common shape."""

    delta: Any
    eta: Any
    eps: Any


def point(method: Method) -> Point:
    """A ``Method`` as a ``Point``. With eta = 0 the buffer is never read: its memory must not slow the answer down."""
    return Point(method.delta, method.eta, 1.0 if method.eta == 0 else 1.0 - method.beta)


class Ends(NamedTuple):
    """a, q and r of (response) at the largest and the smallest eigenvalue, as quadratics in u: arrays ``(3, 2, ...)``.

    One with real roots is (small - u)(big - u), one without is (middle - u)^2 + rest: either way right to rounding in u.
    """

    small: Floats
    big: Floats
    middle: Floats
    rest: Floats

    @property
    def limit(self) -> Floats:
        """The largest u at which all three are still >= 0, and x = 1 - u with them."""
        return np.minimum(np.fmin.reduce(self.small, axis=(0, 1)), 1.0)         # no real root: nan, passed over

    def least(self, u: Any, slopes: Sequence[Any], lam: Floats) -> Iterable[tuple[Any, Any]]:
        """a, q and r at u at their lesser ends, whose slopes in the eigenvalue are given: ``(value, eigenvalue)`` of each."""
        real = (self.small - u) * (self.big - u)
        value = np.where(np.isnan(self.small), (self.middle - u) ** 2 + self.rest, real)
        rising = np.array([slope >= 0 for slope in slopes])
        return zip(np.where(rising, value[:, 1], value[:, 0]), np.where(rising, lam[-1], lam[0]), strict=True)


def ends(p: Point, largest: float, smallest: float) -> Ends:
    """``Ends`` of a ``Point`` of arrays. a, q, r are linear in the eigenvalue, so the two extreme eigenvalues decide."""
    p = Point(*np.broadcast_arrays(*(np.asarray(v, float) for v in p)))
    with np.errstate(all="ignore"):
        lam = np.array([largest, smallest]).reshape(2, *(1 for _ in p.eta.shape)) + np.zeros((2, *p.eta.shape))
        b, c, disc = (np.array(v) for v in _quadratics(*p, lam))
        root = np.sqrt(disc)
        half = np.where(b > 0, b + root, b - root) / 2                          # the root without cancellation
        other = np.where(half == 0, 0.0, c / half)
        return Ends(np.where(b > 0, other, half), np.where(b > 0, half, other), b / 2, -disc / 4)


class OneEnds(NamedTuple):
    """``Ends`` of one method, in plain floats: ``parts`` holds six rows (small, big) or (middle, rest, None)."""

    parts: list[list[tuple[Any, ...]]]
    limit: float

    def least(self, u: Any, slopes: Sequence[Any], lam: Floats) -> Iterable[tuple[Any, Any]]:
        """As ``Ends.least``."""
        for slope, pair in zip(slopes, self.parts, strict=True):
            end = 1 if slope >= 0 else 0
            part = pair[end]
            value = (part[0] - u) * (part[1] - u) if len(part) == 2 else (part[0] - u) ** 2 + part[1]
            yield value, lam[-end]


def one_ends(p: Point, largest: float, smallest: float) -> OneEnds:
    """``OneEnds`` of a ``Point`` of floats."""
    parts: list[list[tuple[Any, ...]]] = [[], [], []]
    limit = 1.0
    for lam in (largest, smallest):
        for part, b, c, disc in zip(parts, *_quadratics(*p, lam), strict=True):
            if not disc >= 0:
                part.append((b / 2, -disc / 4, None))
                continue
            root = math.sqrt(disc)
            half = (b + root) / 2 if b > 0 else (b - root) / 2
            other = c / half if half else 0.0
            part.append((other, half) if b > 0 else (half, other))
            limit = min(limit, part[-1][0])
    return OneEnds(parts, limit)


def _quadratics(delta, eta, eps, lam):
    """a, q and r in the form u^2 - b u + c: lists of b, of c, and of the discriminants b^2 - 4c; floats or arrays.

    The discriminant cancels where two roots of a mode meet, and c at the edge of stability: twice the digits for both.
    """
    add, times, scaled = double_double.add, double_double.times, double_double.scaled
    zero = 0.0 * lam
    e, four = (eps + zero, zero), (4.0 + zero, zero)
    short, long = times((lam, zero), (delta + zero, zero)), times((lam, zero), (eta + zero, zero))
    both, part = add(short, long), times(short, e)
    kept = add(short, scaled(part, -1.0))                               # lam (1 - eps) delta
    turn = add(e, both)
    b = [scaled(four, 0.5), turn, add(four, scaled(turn, -1.0))]
    c = [add(e, kept), add(part, long), add(four, scaled(add(add(e, turn), kept), -1.0))]
    disc = [add(times(x, x), scaled(y, -4.0))[0] for x, y in zip(b, c, strict=True)]
    return [x[0] for x in b], [x[0] for x in c], disc


def noiseless_limit(p: Point, largest: float, smallest: float) -> Floats:
    """The largest u at which a, q, r are still >= 0: one minus the noiseless spectral radius. Shape of ``p``."""
    return ends(p, largest, smallest).limit


def secular_sum(u: Any, p: Point, batch: Any, spectrum: Spectrum, kurtosis: Any = 3.0,
                derivative: Literal["u", "all"] | None = None, at: Ends | OneEnds | None = None) -> Any:
    """S of (secular) at u; with ``derivative`` also its slope.

    Where a, q or r is not positive S is inf. Where some 1 - (k-2) o is not, that pole has been passed: there
    2 (k-2) sum max(n, 1) o (> 1) is returned in its place, which still tells a root finder which way to go, and how far.
    ``kurtosis`` may be an array, one for each eigenvalue.

    Args:
        u: 1 - sqrt(rho), shape ``(...,)``; p: a ``Point``, batch: same shape.
        derivative: ``None``; ``"u"`` for dS/du; ``"all"`` for the derivatives in (u, delta, eta, eps).
        at: the ``Ends`` of p, with which S keeps its digits however near u is to its noiseless limit.

    Returns:
        S, shape ``(...,)``; or a pair of S and dS/du; or a pair of S and an array of shape ``(4, ...)``.
    """
    lam, n = spectrum.eigenvalues, spectrum.counts
    minus, plus, a, q, r, inside = _parts(u, p, lam, at)
    minus, plus = _col(minus), _col(plus)
    with np.errstate(all="ignore"):
        c = lam * lam / (_col(2.0 * batch) * a)
        mq, pr = minus / q, plus / r
        o = c * (minus * mq + plus * pr)
        room = 1 - (kurtosis - 2) * o
        beyond = ~(room.real.min(-1) > 0)
        past = 0.5 / np.maximum(kurtosis - 2, 0.5)
        if beyond.any():
            room = np.where(beyond[..., None], past / np.maximum(1 / n, 1), room)
        S = np.where(inside, np.vecdot(n, o / room), np.inf)
        if derivative is None:
            return S
        if beyond.any():
            room = np.where(beyond[..., None], np.sqrt(past / np.maximum(1 / n, 1)), room)
        slopes = _slope if derivative == "u" else _slopes
        return S, slopes(u, p, lam, n / (room * room), c, o / a, mq, pr)                  # n / room^2 is dS/do


def _parts(u, p, lam, at):
    """p(x) and -p(-x); a, q and r at every eigenvalue; and whether all three are positive."""
    delta, eta, eps = p
    p1, s = delta + eta, (1 - eps) * delta
    minus, plus = delta * eps + eta - p1 * u, p1 * (1 - u) + s
    if at is None:
        a = _col(s) * lam + _col(eps - 2 * u + u * u)
        q = _col(minus) * lam - _col(u * (eps - u))
        r = _col((2 - u) * (2 - eps - u)) - _col(plus) * lam
        low, mid, top = (np.minimum(v[..., 0].real, v[..., -1].real) for v in (a, q, r))    # linear in lam: the ends decide
    else:
        (low, low_a), (mid, low_q), (top, low_r) = at.least(u, (s, minus, -plus), lam)      # from there on nothing cancels
        a, q, r = _col(low) + _col(s) * (lam - _col(low_a)), _col(mid) + _col(minus) * (lam - _col(low_q)), \
            _col(top) - _col(plus) * (lam - _col(low_r))
    return minus, plus, a, q, r, np.minimum(np.minimum(low, mid), top) > 0


def _col(v):
    """With an axis for the eigenvalues, last."""
    return v[..., None] if isinstance(v, np.ndarray) else v


def _slope(u, p, lam, w, c, o_a, mq, pr):
    """dS/du; w = dS/do, o_a = o/a."""
    p1 = p.delta + p.eta
    slope = (mq * mq * (_col(p1) * lam + _col(p.eps - 2 * u)) - pr * pr * (_col(p1) * lam - _col(4 - p.eps - 2 * u))
             - _col(2 * p1) * (mq + pr))
    return ((c * slope + _col(2 * (1 - u)) * o_a) * w).sum(-1)


def _slopes(u, p, lam, w, c, o_a, mq, pr):
    """The derivatives of S in (u, delta, eta, eps), shape ``(4, ...)``."""
    delta, eta, eps = p
    p1, x, beta = delta + eta, 1 - u, 1 - eps
    wo, w = w * o_a, w * c                                              # dS in a; the factor common to the rest
    mq, pr, mqq, prr = w * mq, w * pr, w * mq * mq, w * pr * pr
    d_minus, d_plus = 2 * mq.sum(-1) - np.vecdot(lam, mqq), 2 * pr.sum(-1) + np.vecdot(lam, prr)
    d_Q0, d_R0, d_A0, d_s = mqq.sum(-1), -prr.sum(-1), -wo.sum(-1), -np.vecdot(lam, wo)
    return np.stack(np.broadcast_arrays(
        -p1 * (d_minus + d_plus) - 2 * x * d_A0 + (eps - 2 * u) * d_Q0 - (4 - eps - 2 * u) * d_R0,
        (eps - u) * d_minus + (x + beta) * d_plus + beta * d_s,
        x * (d_minus + d_plus),
        delta * (d_minus - d_plus - d_s) + d_A0 + u * d_Q0 - (2 - u) * d_R0))


def solve(p: Point, batch: Any, spectrum: Spectrum, kurtosis: Any = 3.0, start: Any = None, tolerance: float = 1e-7) -> Floats:
    """The root u of (secular); gap = u (2 - u), negative when the method diverges in mean square.

    Newton on log S against w = log(u_noiseless - u), in which S is nearly a straight line of slope between -2 and 0,
    inside a bracket. It ends where the error left in w is about ``tolerance`` squared: each root by itself, to the same bits
    whatever is solved beside it.

    Args:
        p: a ``Point``; batch: >= 1; both broadcast together to the shape of the answer.
        start: a guess of u, for warm starts.

    Returns:
        u, an array of the common shape.
    """
    p = Point(*np.broadcast_arrays(*(np.asarray(v, float) for v in p), np.asarray(batch, float))[:3])
    batch = np.broadcast_to(np.asarray(batch, float), p.delta.shape)
    at = ends(p, spectrum.largest, spectrum.smallest)
    edge = at.limit
    scale = np.maximum(np.abs(edge), 1e-300)
    floor = np.log(scale * 1e-15)                                       # closer to the pole than doubles resolve
    if start is None:
        w = np.log(scale / 2)
    else:
        w = np.log(np.maximum(edge - start, scale * 1e-13))
    low, high, worst, done = floor, np.full_like(w, np.inf), np.full_like(w, np.inf), np.zeros(w.shape, bool)
    u = edge - np.exp(w)
    for _ in range(200):
        S, slope = secular_sum(u, p, batch, spectrum, kurtosis, derivative="u", at=at)
        with np.errstate(all="ignore"):
            y = np.log(S)
            low, high = np.where(y > 0, np.maximum(low, w), low), np.where(y <= 0, np.minimum(high, w), high)
            step = y * S / (slope * np.exp(w))                         # -y / (dy/dw), dw/du = -1/(edge - u)
            step = np.where(np.isfinite(step), np.clip(step, -4, 4), np.where(y > 0, 2.0, -2.0))
            new = np.maximum(w + step, floor)
            middle = np.where(np.isfinite(high), (low + high) / 2, w + 4)
            slow = (np.abs(y) > worst / 2) & np.isfinite(high)          # Newton is not gaining: halve the bracket
            # y bends on the scale of one, so the next error is about |step| (|step| + |y|), in w; a root near u = 0 needs more
            left = np.abs(step) * (np.abs(step) + np.abs(y))
            near = np.minimum(1.0, 100 * np.abs(u) / np.exp(w))
            sure = left <= np.maximum(tolerance**2 * near, 1e-26)
            closed = high - low <= 1e-15 * np.maximum(1, np.abs(w))
            keep = (new > low) & (new < high) & ~slow | sure
            new = np.where(closed, w, np.where(keep, new, np.where(high <= floor, floor, middle)))
            worst = np.where(slow, np.inf, np.abs(y))
        w = np.where(done, w, new)
        u = edge - np.exp(w)
        done |= sure | closed
        if done.all():
            break
    return np.where(w <= floor, edge, u)


def solve_one(p: Point, batch: float, spectrum: Spectrum, kurtosis: Any = 3.0) -> float:
    """``solve`` for one method and one batch, in a third of the time: the same equation, a derivative-free search.

    log S against w is nearly straight, so secants and inverse quadratic interpolation find the root in six to eight
    passes; the bracket is halved whenever they leave it or stop gaining.
    """
    at = one_ends(p, spectrum.largest, spectrum.smallest)
    edge = at.limit
    scale = max(abs(edge), 1e-300)
    floor, low, high = math.log(scale * 1e-15), -math.inf, math.inf
    w, known = math.log(scale / 2), []                                  # known: (w, log S), latest last
    for _ in range(200):
        u = edge - math.exp(w)
        S = float(secular_sum(u, p, batch, spectrum, kurtosis, at=at))
        y = math.log(S) if 0 < S < math.inf else math.copysign(700.0, S - 1)
        low, high = (w, high) if y > 0 else (low, w)
        known.append((w, y))
        new = _interpolated(known)
        left = math.inf                                                 # as in ``solve``, but for the step before
        if len(known) > 2:
            left = abs(new - w) * (abs(new - w) + abs(y) + abs(w - known[-2][0]))
        sure = left < max(1e-14 * min(1.0, 100 * abs(u) / math.exp(w)), 1e-26)
        if sure or high - low <= 1e-15 * max(1.0, abs(w)):
            w = new if low <= new <= high else w
            break
        stalled = len(known) > 4 and abs(y) > abs(known[-3][1]) / 2
        if not low < new < high or stalled or abs(new - w) > 4:
            new = (low + high) / 2 if high - low < math.inf else w + math.copysign(min(4.0, abs(new - w)), y)
        if new < floor:
            return edge
        w = new
    return edge - math.exp(w)


def _interpolated(known):
    """Where y = 0 by inverse quadratic interpolation of the last three (w, y); by a secant, or a guessed slope of
    -2/3, where there are fewer points."""
    w, y = known[-1]
    if len(known) == 1:
        return w + min(max(1.5 * y, -2.0), 2.0)
    v, z = known[-2]
    if y == z:
        return w + math.copysign(4.0, y)
    secant = (z * w - y * v) / (z - y)
    if len(known) == 2 or known[-3][1] in (y, z):
        return secant
    t, x = known[-3]
    return w * z * x / ((y - z) * (y - x)) + v * y * x / ((z - y) * (z - x)) + t * y * z / ((x - y) * (x - z))
