r"""The secular equation: the contraction factor of the second moment, without forming any matrix.

One mode of curvature lambda, without noise, has the characteristic polynomial
$\chi(z) = (z-1)(z-\beta) + \lambda\,p(z)$ with $p(z) = (\delta+\eta) z - \delta\beta$. Write rho for the factor by which
the second moment shrinks per step, $x = \sqrt\rho = 1-u$ and $\varepsilon = 1-\beta$. Summing the mode's squared
response to a unit of gradient noise, discounted by rho, gives

$$ o(\lambda) = \frac{\lambda^2}{2B\,a}\Bigl[\frac{p(x)^2}{\chi(x)} + \frac{p(-x)^2}{\chi(-x)}\Bigr],
   \qquad a = x^2 - \beta + \lambda\beta\delta \tag{response} $$

and since all modes are driven by one scalar, the risk, rho is the root of

$$ S(u) = \sum_i \frac{o_i}{1 - (k-2)\,o_i} = 1, \qquad k = 3 \text{ for Gaussian inputs} \tag{secular} $$

in the region where $a$, $q = \chi(x)$, $r = \chi(-x)$ and $1-(k-2)o$ are positive; there S increases with u.
Everything below is written in u and epsilon, in which nothing cancels: gaps of 1e-14 keep their digits.

All functions broadcast: parameters have any common shape ``(...,)``; the eigenvalue axis is added last and summed out.
"""

import math
from typing import NamedTuple

import numpy as np


class Point(NamedTuple):
    """Parameters in the form in which nothing cancels; each a float or an array of one common shape."""

    delta: np.ndarray
    eta: np.ndarray
    eps: np.ndarray


def point(method):
    """A ``Method`` as a ``Point``. With eta = 0 the buffer is never read: its memory must not slow the answer down."""
    return Point(method.delta, method.eta, 1.0 if method.eta == 0 else 1.0 - method.beta)


def noiseless_limit(p, largest, smallest):
    """The largest u at which a, q, r are still >= 0: one minus the noiseless spectral radius. Shape of ``p``.

    a, q, r are linear in the eigenvalue, so the two extreme eigenvalues decide; in u each is a quadratic
    u^2 - b u + c. One without real roots sets no limit: another of the three does.
    """
    delta, eta, eps = p
    p1, pi, s = delta + eta, delta * eps + eta, (1 - eps) * delta
    b, c = [], []
    for lam in (largest, smallest):
        b += [2.0 + 0 * eps, eps + lam * p1, 4 - eps - lam * p1]
        c += [eps + lam * s, lam * pi, 4 - 2 * eps - lam * (p1 + s)]
    b, c = np.array(b), np.array(c)
    with np.errstate(all="ignore"):
        root = np.sqrt(b * b - 4 * c)
        small = np.where(b > 0, 2 * c / (b + root), (b - root) / 2)     # without cancellation
    return np.minimum(np.fmin.reduce(small), 1.0)                       # no real root: nan, passed over; x >= 0


def secular_sum(u, p, batch, spectrum, kurtosis=3.0, derivative=None):
    """S of (secular) at u; with ``derivative`` also its slope.

    Where a, q or r is not positive S is inf. Where some 1 - (k-2) o is not, that pole has been passed: there
    2 (k-2) sum o (> 1) is returned in its place, which still tells a root finder which way to go, and how far.
    ``kurtosis`` may be an array, one for each eigenvalue.

    Args:
        u: 1 - sqrt(rho), shape ``(...,)``; p: a ``Point``, batch: same shape.
        derivative: ``None``; ``"u"`` for dS/du; ``"all"`` for the derivatives in (u, delta, eta, eps).

    Returns:
        S, shape ``(...,)``; or a pair of S and dS/du; or a pair of S and an array of shape ``(4, ...)``.
    """
    lam, n = spectrum.eigenvalues, spectrum.counts
    delta, eta, eps = p
    p1, s = delta + eta, (1 - eps) * delta
    minus = delta * eps + eta - p1 * u                                  # p(x)
    plus = p1 * (1 - u) + s                                             # -p(-x)
    A0, Q0, R0 = eps - 2 * u + u * u, u * (eps - u), (2 - u) * (2 - eps - u)

    def col(v):
        return v[..., None] if isinstance(v, np.ndarray) else v

    a = col(s) * lam + col(A0)
    q = col(minus) * lam - col(Q0)
    r = col(R0) - col(plus) * lam
    ends = [np.minimum(v[..., 0].real, v[..., -1].real) for v in (a, q, r)]         # linear in lam: the ends decide
    inside = np.minimum(np.minimum(*ends[:2]), ends[2]) > 0
    with np.errstate(all="ignore"):
        c = lam * lam / (col(2.0 * batch) * a)
        mq, pr = col(minus) / q, col(plus) / r
        o = c * (col(minus) * mq + col(plus) * pr)
        room = 1 - (kurtosis - 2) * o
        beyond = ~(room.real.min(-1) > 0)
        past = 0.5 / np.maximum(kurtosis - 2, 0.5)
        if beyond.any():
            room = np.where(beyond[..., None], past, room)
        S = np.where(inside, (o / room) @ n, np.inf)
        if derivative is None:
            return S
        if beyond.any():
            room = np.where(beyond[..., None], np.sqrt(past), room)
        w = n / (room * room)                                           # dS/do
        x, beta = 1 - u, 1 - eps
        if derivative == "u":
            slope = (mq * mq * (col(p1) * lam + col(eps - 2 * u)) - pr * pr * (col(p1) * lam - col(4 - eps - 2 * u))
                     - col(2 * p1) * (mq + pr))
            return S, ((c * slope + col(2 * x) * o / a) * w).sum(-1)
        wo, w = w * o / a, w * c                                        # dS in a; the factor common to the rest
        mq, pr, mqq, prr = w * mq, w * pr, w * mq * mq, w * pr * pr
        d_minus, d_plus = 2 * mq.sum(-1) - mqq @ lam, 2 * pr.sum(-1) + prr @ lam
        d_Q0, d_R0, d_A0, d_s = mqq.sum(-1), -prr.sum(-1), -wo.sum(-1), -(wo @ lam)
        return S, np.stack(np.broadcast_arrays(
            -p1 * (d_minus + d_plus) - 2 * x * d_A0 + (eps - 2 * u) * d_Q0 - (4 - eps - 2 * u) * d_R0,
            (eps - u) * d_minus + (x + beta) * d_plus + beta * d_s,
            x * (d_minus + d_plus),
            delta * (d_minus - d_plus - d_s) + d_A0 + u * d_Q0 - (2 - u) * d_R0))


def solve(p, batch, spectrum, kurtosis=3.0, start=None, tolerance=1e-7):
    """The root u of (secular); gap = u (2 - u), negative when the method diverges in mean square.

    Newton on log S against w = log(u_noiseless - u), in which S is nearly a straight line of slope between -2 and 0,
    inside a bracket. A step in w below ``tolerance`` ends it; the error left is about its square.

    Args:
        p: a ``Point``; batch: >= 1; both broadcast together to the shape of the answer.
        start: a guess of u, for warm starts.

    Returns:
        u, an array of the common shape.
    """
    p = Point(*np.broadcast_arrays(*(np.asarray(v, float) for v in p), np.asarray(batch, float))[:3])
    batch = np.broadcast_to(np.asarray(batch, float), p.delta.shape)
    edge = noiseless_limit(p, spectrum.largest, spectrum.smallest)
    scale = np.maximum(np.abs(edge), 1e-300)
    floor = np.log(scale * 1e-15)                                       # closer to the pole than doubles resolve
    if start is None:
        w = np.log(scale / 2)
    else:
        w = np.log(np.maximum(edge - start, scale * 1e-13))
    low, high, worst = floor, np.full_like(w, np.inf), np.full_like(w, np.inf)
    u = edge - np.exp(w)
    for _ in range(200):
        S, slope = secular_sum(u, p, batch, spectrum, kurtosis, derivative="u")
        with np.errstate(all="ignore"):
            y = np.log(S)
            low, high = np.where(y > 0, np.maximum(low, w), low), np.where(y <= 0, np.minimum(high, w), high)
            step = y * S / (slope * np.exp(w))                         # -y / (dy/dw), dw/du = -1/(edge - u)
            step = np.where(np.isfinite(step), np.clip(step, -4, 4), np.where(y > 0, 2.0, -2.0))
            new = np.maximum(w + step, floor)
            middle = np.where(np.isfinite(high), (low + high) / 2, w + 4)
            slow = (np.abs(y) > worst / 2) & np.isfinite(high)          # Newton is not gaining: halve the bracket
            keep = (new > low) & (new < high) & ~slow | (np.abs(step) < tolerance)
            new = np.where(keep, new, np.where(high <= floor, floor, middle))
            worst = np.where(slow, np.inf, np.abs(y))
        moved = np.abs(new - w)
        w = new
        u = edge - np.exp(w)
        if not (moved > tolerance).any():
            break
    return np.where(w <= floor, edge, u)


def solve_one(p, batch, spectrum, kurtosis=3.0):
    """``solve`` for one method and one batch, in a third of the time: the same equation, a derivative-free search.

    log S against w is nearly straight, so secants and inverse quadratic interpolation find the root in six to eight
    passes; the bracket is halved whenever they leave it or stop gaining.
    """
    edge = float(noiseless_limit(p, spectrum.largest, spectrum.smallest))
    scale = max(abs(edge), 1e-300)
    floor, low, high = math.log(scale * 1e-15), -math.inf, math.inf
    w, known = math.log(scale / 2), []                                  # known: (w, log S), latest last
    for _ in range(200):
        S = float(secular_sum(edge - math.exp(w), p, batch, spectrum, kurtosis))
        y = math.log(S) if 0 < S < math.inf else math.copysign(700.0, S - 1)
        low, high = (w, high) if y > 0 else (low, w)
        known.append((w, y))
        new = _interpolated(known)
        if abs(new - w) < 1e-7 or high - low < 1e-14 * abs(w):          # the next error is about the square of this
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
