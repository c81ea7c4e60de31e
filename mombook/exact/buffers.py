r"""More memories than one, and parameters that change with time: the exact second moments of both.

With K buffers the state of a mode has K+1 entries, $s_i = (e_i, m_{i1}, \dots, m_{iK})$. Its noiseless step is a matrix
$A_i$, its response to a unit of gradient noise a vector b, and the modes still meet in one scalar only, the risk:

$$ S_i' = A_i S_i A_i^T + \tfrac1B\bigl[(k-2)\lambda_i^2 E[e_i^2] + \lambda_i(2R+\sigma^2)\bigr]\,b b^T,
   \qquad S_i = E[s_i s_i^T] \tag{buffer-moments} $$

A and b are ``Buffers.transition``, so a schedule only means another A and b at every step.
For constant parameters the factor rho by which the risk shrinks per step is the root of

$$ \sum_i \frac{o_i}{1-(k-2)\,o_i} = 1, \qquad o_i = \frac{\lambda_i^2}{B}\,X_{ee}, \qquad
   \rho X = A_i X A_i^T + b b^T \tag{buffer-secular} $$

with rho above every $|\mathrm{eig}\,A_i|^2$; the left side falls as rho rises. With one buffer this is (secular).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats, Vector
from ..model.family import Tuned
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import recursion


@dataclass(frozen=True)
class Buffers:
    r"""A linear momentum method with K buffers; the gradient g is taken at the iterate w.

    $$ m_k' = \beta_k m_k + g, \qquad w' = w - \delta\,g - \sum_k \eta_k m_k' \tag{buffers} $$

    Args:
        delta: short step, applied to the fresh gradient only.
        etas: momentum steps, one a buffer.
        betas: memories of the buffers, each in [0, 1), as many as ``etas``.

    Raises:
        ValueError: a parameter that is not a finite real number, a beta outside [0, 1), or lengths that differ.

    >>> Buffers.aggmo(lr=0.5, betas=[0.0, 0.9])
    Buffers(delta=0.0, etas=(0.25, 0.25), betas=(0.0, 0.9))
    """

    delta: float
    etas: tuple[float, ...]
    betas: tuple[float, ...]

    if TYPE_CHECKING:                                                   # more may be passed than is kept
        def __init__(self, delta: float, etas: Vector, betas: Vector) -> None: ...

    def __post_init__(self):
        etas, betas = _row("etas", self.etas), _row("betas", self.betas)
        if len(etas) != len(betas):
            arguments.refuse("betas", self.betas, f"as many as etas, {len(etas)}")
        object.__setattr__(self, "delta", arguments.number("delta", self.delta))
        object.__setattr__(self, "etas", tuple(arguments.number("etas", eta) for eta in etas))
        object.__setattr__(self, "betas", tuple(arguments.number("betas", beta, low=0.0, below=1.0) for beta in betas))

    def step(self, w: Any, m: Sequence[Any], g: Any) -> tuple[Any, list[Any]]:
        """The update rule (buffers): from iterate w, the K buffers m (a sequence of arrays) and gradient g at w to
        (w', m')."""
        try:
            m = [beta * each + g for beta, each in zip(self.betas, m, strict=True)]
            w = w - self.delta * g
            for eta, each in zip(self.etas, m, strict=True):
                w = w - eta * each
            return w, m
        except (TypeError, ValueError, OverflowError):
            arguments.refuse("w, m and g", (w, m, g),
                             f"numbers or arrays of equal shape, m a sequence of {len(self.betas)} of them")

    def change(self, lam: Floats) -> tuple[Floats, Floats]:
        """What one noiseless step adds to the state (e, m_1, ..., m_K) of each mode, and the response to a unit of noise.

        Both are read off the one update rule, from zero so that nothing cancels.

        Args:
            lam: eigenvalues, shape ``(n,)``.

        Returns:
            Shapes ``(K+1, K+1, n)`` and ``(K+1,)``.
        """
        K = len(self.betas)
        e, *m = np.eye(K + 1)                                           # columns: the basis states
        change = np.zeros((K + 1, K + 1, lam.size))
        moved, now = self.step(np.zeros(K + 1), m, np.multiply.outer(lam, e))
        change[0] = moved.T
        for k in range(K):
            change[k + 1] = (now[k] - m[k]).T
            change[k + 1, k + 1] = -(1 - self.betas[k])
        w, m = self.step(0.0, [0.0] * K, 1.0)
        return change, np.array([w, *m])

    def transition(self, lam: Floats) -> tuple[Floats, Floats]:
        """The noiseless step ``(K+1, K+1, n)`` and the response ``(K+1,)`` to a unit of noise, as ``Method.transition``."""
        change, b = self.change(lam)
        return change + np.eye(b.size)[:, :, None], b

    @classmethod
    def from_method(cls, method: Method) -> Buffers:
        """A ``Method`` as one buffer: the same iterates."""
        arguments.instance("method", method, Method)
        return cls(method.delta, (method.eta,), (method.beta,))

    @classmethod
    def aggmo(cls, lr: float, betas: Vector) -> Buffers:
        r"""AggMo (Lucas, Sun, Zemel & Grosse 2019): the mean of K heavy balls of one learning rate.

        $$ v_k' = \beta_k v_k + g, \qquad w' = w - \frac{\mathrm{lr}}{K}\sum_{k=1}^K v_k' \tag{aggmo} $$
        """
        lr, betas = arguments.number("lr", lr, above=0.0), _row("betas", betas)
        if not betas:
            arguments.refuse("betas", betas, "at least one memory")
        return cls(0.0, (lr / len(betas),) * len(betas), betas)

    @classmethod
    def ademamix(cls, lr: float, beta_fast: float, beta_slow: float, alpha: float) -> Buffers:
        r"""AdEMAMix (Pagliardini, Ablin & Grangier 2024) without its preconditioner and bias correction: two averages.

        $$ m_1' = \beta_1 m_1 + (1-\beta_1) g, \quad m_2' = \beta_3 m_2 + (1-\beta_3) g, \qquad
           w' = w - \mathrm{lr}\,(m_1' + \alpha\, m_2') \tag{ademamix} $$

        Args:
            lr: learning rate; beta_fast, beta_slow: the paper's beta_1 and beta_3; alpha: weight of the slow average.
        """
        lr, alpha = arguments.number("lr", lr, above=0.0), arguments.number("alpha", alpha)
        fast = arguments.number("beta_fast", beta_fast, low=0.0, below=1.0)
        slow = arguments.number("beta_slow", beta_slow, low=0.0, below=1.0)
        return cls(0.0, (lr * (1 - fast), lr * alpha * (1 - slow)), (fast, slow))

    @property
    def long_run_step(self) -> float:
        """delta + sum eta_k/(1-beta_k): how far a constant gradient of size one moves w per step in the long run."""
        return self.delta + sum(eta / (1 - beta) for eta, beta in zip(self.etas, self.betas, strict=True))

    def simplest(self) -> Buffers:
        """The same iterates with the fewest buffers: none that is never read, none of memory 0, no memory twice."""
        delta = self.delta
        read: dict[float, float] = {}
        for eta, beta in zip(self.etas, self.betas, strict=True):
            if beta == 0:
                delta += eta
            else:
                read[beta] = read.get(beta, 0.0) + eta
        read = {beta: eta for beta, eta in read.items() if eta != 0}
        return Buffers(delta, tuple(read.values()), tuple(read))


Plan = Buffers | Method | Callable[[int], Buffers | Method] | Sequence[Buffers | Method]
"""A method, or one for every step."""


# -- schedules --------------------------------------------------------------------------------------------------------
def dana_constant(lr: float, momentum_lr: float, memory: float = 8.0) -> Callable[[int], Method]:
    r"""DANA-constant (Ferbach, Everett, Gidel, Paquette & Paquette 2025): a memory that grows with time.

    $$ \delta_t = \gamma_2, \quad \eta_t = \gamma_3, \quad \beta_t = 1 - \frac{\Delta}{\Delta + t},
       \qquad t = 0, 1, \dots \tag{dana-constant} $$

    *Dimension-adapted* is the choice gamma_3 proportional to gamma_2 B/d, which is the caller's.

    Args:
        lr: gamma_2, the step on the fresh gradient; momentum_lr: gamma_3; memory: Delta > 0, in steps.

    Returns:
        A schedule: a function from t to a ``Method``.

    >>> dana_constant(0.5, 0.01)(0), dana_constant(0.5, 0.01)(8)
    (Method(delta=0.5, eta=0.01, beta=0.0), Method(delta=0.5, eta=0.01, beta=0.5))
    """
    return dana_decaying(lr, momentum_lr, 0.0, memory)


def dana_decaying(lr: float, momentum_lr: float, exponent: float, memory: float = 8.0) -> Callable[[int], Method]:
    r"""DANA-decaying (Ferbach et al. 2025): memory that grows with time, and a momentum step that decays with it.

    $$ \delta_t = \gamma_2, \quad \eta_t = \gamma_3\,(1+t)^{-p}, \quad \beta_t = 1 - \frac{\Delta}{\Delta + t}
       \tag{dana-decaying} $$

    The authors take p = 1/a for a spectrum lambda_i = i^-a (their exponent alpha is a/2).

    Args:
        lr, momentum_lr, memory: as ``dana_constant``; exponent: p >= 0.

    Returns:
        A schedule: a function from t to a ``Method``.
    """
    lr, momentum_lr = arguments.number("lr", lr), arguments.number("momentum_lr", momentum_lr)
    exponent = arguments.number("exponent", exponent, low=0.0)
    memory = arguments.number("memory", memory, above=0.0)

    def schedule(t):
        return Method(lr, momentum_lr * (1 + t) ** -exponent, t / (memory + t))

    return schedule


# -- the engine -------------------------------------------------------------------------------------------------------
def risk_curve(spectrum: Spectrum, method: Plan, batch: float, steps: int, noise: float = 0.0, start: ArrayLike = 1.0,
               kurtosis: ArrayLike = 3.0) -> Floats:
    """The exact expected risk after 0, 1, ..., ``steps`` steps from (buffer-moments): O(d (K+1)^3) a step.

    Args:
        method: ``Buffers``, a ``Method``, or a schedule of either: a function of t = 0, 1, ... (the step about to be
            taken), or a sequence of at least ``steps`` of them. A schedule keeps its number of buffers.
        spectrum, batch, steps, noise, start, kurtosis: as ``mombook.risk_curve``.

    Returns:
        Array of shape ``(steps+1,)``; a diverging curve grows to ``inf`` without warnings.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H, m = Spectrum([1.0, 0.5]), Method.heavy_ball(0.1, 0.5)
    >>> from mombook.exact import moments
    >>> bool(np.allclose(risk_curve(H, m, 4, 9), moments.risk_curve(H, m, 4, 9), rtol=1e-13))
    True
    """
    steps = arguments.whole("steps", steps, high=arguments.LONGEST)
    return recursion.curve_of(_risks(spectrum, _schedule(method, steps), batch, noise, start, kurtosis), steps)


def steps_to(spectrum: Spectrum, method: Plan, batch: float, target: float, noise: float = 0.0, start: ArrayLike = 1.0,
             kurtosis: ArrayLike = 3.0, limit: int = arguments.LONGEST) -> float:
    """Steps after which the exact expected risk first is at or below ``target``; as ``mombook.steps_to``.

    Args:
        method: as ``risk_curve``; target: a risk > 0; limit: where to give up (a sequence ends at its last method).

    Returns:
        A float, log-linear between steps; ``inf`` where the target is not reached within ``limit`` steps.
    """
    target = arguments.number("target", target, above=0.0)
    limit = arguments.whole("limit", limit, low=1)
    if isinstance(method, (list, tuple)):
        limit = max(min(limit, len(method)), 1)
    return recursion.first_at(_risks(spectrum, _schedule(method, limit), batch, noise, start, kurtosis), target, limit)


def _risks(spectrum, schedule, batch, noise, start, kurtosis):
    """Endless generator of the exact risk at t = 0, 1, 2, ..."""
    spectrum, batch, kurtosis = _checked(spectrum, batch, kurtosis)
    noise = arguments.number("noise", noise, low=0.0)
    lam, start = spectrum.eigenvalues, recursion.start_squares(start, spectrum)

    def block(now):
        return recursion.blocks(now.transition(lam), lam, batch, kurtosis - 2)

    def scheduled(before):
        for t in count():
            before = _at(schedule, t, before)
            yield block(before)

    first = _at(schedule, 0, None)
    steps = scheduled(first) if callable(schedule) else repeat(block(first))
    size = (_count(first) + 1) * (_count(first) + 2) // 2
    for _, twice in recursion.states(steps, recursion.begin(start, size), spectrum.counts * lam, noise**2):
        yield twice / 2


def contraction_gap(spectrum: Spectrum, method: Buffers | Method, batch: float, kurtosis: ArrayLike = 3.0) -> float:
    """Gap 1 - rho from (buffer-secular); negative when the method diverges in mean square.

    Args:
        method: ``Buffers`` or a ``Method``, constant in time; the rest as ``mombook.contraction_gap`` (``batch`` a number).

    Returns:
        A float, right to 1e-10 of itself or 1e-15, whichever is more.

    Raises:
        ValueError: an argument of the wrong kind or out of range; a schedule has no gap.

    >>> from mombook.exact import moments
    >>> H, m = Spectrum.power_law(50, 1.5), Method.nesterov(0.1, 0.9)
    >>> bool(np.isclose(contraction_gap(H, m, 8), moments.contraction_gap(H, m, 8), rtol=1e-10))
    True
    """
    spectrum, batch, kurtosis = _checked(spectrum, batch, kurtosis)
    method = _buffers(method).simplest()
    lam, n = spectrum.eigenvalues, spectrum.counts
    D, b = method.change(lam)                                           # A = 1 + D, and nothing cancels in D
    D, size = np.moveaxis(D, -1, 0).copy(), b.size
    one = np.eye(size)
    # 1 - A (x) A, written in D; g is the gap: rho - A (x) A = still - g
    still = -(np.einsum("nij,kl->nikjl", D, one) + np.einsum("ij,nkl->nikjl", one, D)
              + np.einsum("nij,nkl->nikjl", D, D)).reshape(lam.size, size**2, size**2)
    bb = np.broadcast_to(np.multiply.outer(b, b).reshape(-1, 1), (lam.size, size**2, 1))
    d = np.linalg.eigvals(D)
    edge = float((-(2 * d.real + np.abs(d) ** 2)).min())                # 1 - max |eig A|^2
    scale = max(abs(edge), 1e-300)

    def log_sum(w):
        g = edge - scale * np.exp(w)
        try:
            X = np.linalg.solve(still - g * np.eye(size**2), bb)
        except np.linalg.LinAlgError:                                   # on a pole
            return 50.0
        o = lam**2 / batch * X[:, 0, 0]
        room = 1 - (kurtosis - 2) * o
        if not (o > -1e-9).all() or not (room > 0).all():         # rounding may leave a tiny o below zero
            return 50.0                                                 # past a pole: rho is larger
        return float(np.log(np.maximum(n @ (o / room), 1e-300)))

    near, far = -32.0, 0.0
    while log_sum(far) > 0:
        far += 4.0
        if far > 600:
            arguments.refuse("method", method, "one whose steps are not so large that its rate overflows")
    if log_sum(near) <= 0:
        return edge
    w = scipy.optimize.brentq(log_sum, near, far, xtol=1e-13, rtol=1e-13, maxiter=300)
    return edge - scale * float(np.exp(w))


def tune(spectrum: Spectrum, make: Callable[[Floats], Buffers | Method], start: ArrayLike, batch: float,
         evaluations: int = 2000) -> Tuned:
    """The parameters of largest contraction gap, by Nelder-Mead restarted until it gains nothing.

    Args:
        make: function from a vector of free coordinates to ``Buffers`` (or a ``Method``); where it raises ValueError, the
            search turns back.
        start: where to begin, shape ``(p,)``; batch: >= 1; evaluations: the most gaps computed in one descent.

    Returns:
        ``Tuned``, its family the name of ``make``.
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    if not callable(make):
        arguments.refuse("make", make, "a function from coordinates to a method")
    evaluations = arguments.whole("evaluations", evaluations, low=1, high=100_000)
    z, best = arguments.array("start", start, ndim=1), -np.inf
    if np.abs(z).max() > 1e3:
        arguments.refuse("start", start, "coordinates of size at most 1000")
    try:
        _buffers(make(z))
    except (TypeError, ValueError, OverflowError) as error:
        arguments.refuse("make", make, f"a function of start that returns a mombook.Buffers or a mombook.Method ({error})")
    coarse = spectrum.compressed(2)

    def cost(z):
        try:
            method = make(z)
        except ValueError:                                              # outside what the family allows
            return 1e3
        gap = contraction_gap(coarse, method, batch)
        return -np.log(gap) if gap > 0 else 50 + np.log1p(-gap)

    for _ in range(8):
        step = scipy.optimize.minimize(cost, z, method="Nelder-Mead", options={
            "xatol": 1e-4, "fatol": 1e-7, "maxfev": evaluations, "adaptive": True})
        z = step.x
        if -step.fun <= best + 1e-4:
            break
        best = -step.fun
    found: Any = make(z)
    return Tuned(getattr(make, "__name__", "buffers"), batch, found, contraction_gap(spectrum, found, batch))


def _schedule(method, steps):
    """A constant method as it is, a schedule as a function of t."""
    if isinstance(method, (Buffers, Method)):
        return method
    if callable(method):
        return method
    if not isinstance(method, (list, tuple)):
        arguments.refuse("method", method, "a mombook.Buffers, a mombook.Method, or a schedule (function of t, or list)")
    if len(method) < steps:
        arguments.refuse("method", f"a list of {len(method)}", f"one of at least {steps}, a method for every step")
    last = len(method) - 1
    return lambda t: method[min(t, last)]


def _at(schedule, t, before):
    """The parameters of step t."""
    now = schedule(t) if callable(schedule) else schedule
    if before is not None and _count(now) != _count(before):
        arguments.refuse("method", now, f"of {_count(before)} buffers at every step")
    return now


def _count(method):
    """How many buffers a method has."""
    return 1 if isinstance(method, Method) else len(_buffers(method).betas)


def _buffers(method):
    if isinstance(method, Method):
        return Buffers.from_method(method)
    if not isinstance(method, Buffers):
        arguments.refuse("method", method, "a mombook.Buffers or a mombook.Method")
    return method


def _checked(spectrum, batch, kurtosis):
    shape = arguments.instance("spectrum", spectrum, Spectrum).eigenvalues.shape
    return spectrum, arguments.number("batch", batch, low=1.0), arguments.each("kurtosis", kurtosis, 1.0, shape)


def _row(name, values):
    try:
        return tuple(values)
    except TypeError:
        arguments.refuse(name, values, "a sequence of finite numbers")
