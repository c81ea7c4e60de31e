r"""Exact risks where gradient noise is additive (noisy quadratic model): modes are independent, so methods come in arrays.

A mode's error and buffer, $s = (e, m)$, obey $s' = M s + b\,\xi$ with noise of variance $\lambda\sigma^2/B$, whatever the
others do. Hence

$$ E[e_T^2] = e_0^2\,(M^T)_{11}^2 + \frac{\lambda\sigma^2}{B} (N_T)_{11}, \qquad
   N_T = \sum_{t<T} M^t b b^{\mathsf T} (M^t)^{\mathsf T} \tag{additive} $$

and both follow from T by doubling: $M^{2k} = M^k M^k$, $N_{2k} = N_k + M^k N_k (M^k)^{\mathsf T}$.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats, Vector
from ..model.spectrum import Spectrum

FAR = 34
"""Steps are looked for up to 2^FAR."""

AT_ONCE = 20_000
"""Modes that are halved back together: about as many as a processor keeps at hand."""


class _Run(NamedTuple):
    """M^T and N_T of some steps, by entries: arrays that broadcast to ``(..., k, n)``."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats
    ee: Floats
    em: Floats
    mm: Floats

    def then(self, other: _Run) -> _Run:
        """These steps, then the other's."""
        a, b, c, d = other[:4]
        ee, em, mm = self.ee, self.em, self.mm
        return _Run(a * self.a + b * self.c, a * self.b + b * self.d, c * self.a + d * self.c, c * self.b + d * self.d,
                    a * a * ee + 2 * a * b * em + b * b * mm + other.ee,
                    a * c * ee + (a * d + b * c) * em + b * d * mm + other.em,
                    c * c * ee + 2 * c * d * em + d * d * mm + other.mm)

    def part(self, methods):
        """The same for some of the methods."""
        return _Run(*(entry[methods] for entry in self))


def _one(lam, delta, eta, beta):
    """One step of (method): ``(k, n)``."""
    delta, eta, beta = (np.asarray(v, float)[..., None] for v in (delta, eta, beta))
    step = delta + eta
    return _Run(*np.broadcast_arrays(1 - step * lam, -eta * beta, lam, beta, step**2, -step, 1.0))


def risks_after(spectrum: Spectrum, delta: Vector, eta: Vector, beta: Vector, batch: float, steps: int, noise: float = 1.0,
                start: ArrayLike = 1.0) -> Floats:
    """The exact expected risk of many methods after so many steps, by (additive).

    Args:
        spectrum: a ``Spectrum`` of n distinct entries.
        delta, eta, beta: parameters of (method), each of shape ``(k,)``.
        batch: batch size >= 1; steps: a whole number >= 0.
        noise: standard deviation of the label noise; start: E e_i^2 at t = 0, one number or ``(n,)``.

    Returns:
        Array ``(k,)``; ``inf`` or huge where a method diverges.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum([1.0, 0.5])
    >>> risks_after(H, [0.1, 0.5], [0.0, 0.0], [0.0, 0.0], 4, 0).tolist()
    [0.75, 0.75]
    """
    weight, forced, lam = _weights(spectrum, noise, start)
    batch, steps = arguments.number("batch", batch, low=1.0), arguments.whole("steps", steps)
    power, run = _one(lam, delta, eta, beta), None
    with np.errstate(all="ignore"):
        while steps:
            if steps & 1:
                run = power if run is None else run.then(power)
            power, steps = power.then(power), steps >> 1
        if run is None:
            return np.full(np.shape(delta), weight.sum())
        return run.a**2 @ weight + run.ee @ (forced / batch)


def steps_to(spectrum: Spectrum, delta: Vector, eta: Vector, beta: Vector, batches: Vector, target: float,
             noise: float = 1.0, start: ArrayLike = 1.0) -> Floats:
    """Steps to a target risk, of many methods at many batches, by (additive): powers of a step, then back by halves.

    Args:
        batches: batch sizes >= 1, shape ``(m,)``; target: a risk > 0; the rest as ``risks_after``.

    Returns:
        Array ``(m, k)``, log-linear between steps; 0 where the start is there, ``inf`` where 2^34 steps do not reach it, or
        where the risk is below the target only for a while and settles above. Of one that comes back below, a later passage
        may be reported.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum([1.0, 0.5])
    >>> bool(steps_to(H, [0.1], [0.0], [0.0], [4.0], 0.5)[0, 0] < steps_to(H, [0.1], [0.0], [0.0], [1.0], 0.5)[0, 0])
    True
    """
    weight, forced, lam = _weights(spectrum, noise, start)
    batches = arguments.array("batches", batches, low=1.0, ndim=1)[:, None]
    target = arguments.number("target", target, above=0.0)

    def risk(run, batch):
        return run.a**2 @ weight + run.ee @ forced / batch

    powers, steps = [_one(lam, delta, eta, beta)], np.full((len(batches), len(delta)), np.inf)
    if weight.sum() <= target:
        return np.zeros_like(steps)
    with np.errstate(all="ignore"):
        below = [risk(powers[-1], batches) <= target]
        while len(powers) <= FAR and not np.any(below, axis=0).all():
            powers.append(powers[-1].then(powers[-1]))
            below.append(risk(powers[-1], batches) <= target)
            if not np.isfinite(powers[-1].a).any():
                break
        first = len(powers) - np.logical_and.accumulate(below[::-1]).sum(0)     # from this power on the risk is always below
        pairs = np.argwhere(np.any(below, axis=0))
        pairs = pairs[np.argsort(first[*pairs.T], kind="stable")]
        for few in np.array_split(pairs, 1 + pairs.shape[0] * lam.size // AT_ONCE):
            own, k = batches[few[:, 0], 0], few[:, 1]
            last, run = np.zeros(k.size), _begin(k.size, lam)
            for n in reversed(range(first[*few.T].max(initial=0))):     # the last step at which the risk is above
                after = run.then(powers[n].part(k))
                above = ~(risk(after, own) <= target)
                run = _Run(*(np.where(above[:, None], new, old) for new, old in zip(after, run, strict=True)))
                last += above * 2.0**n
            now, following = risk(run, own), risk(run.then(powers[0].part(k)), own)
            steps[few[:, 0], k] = np.where(following <= target, last + np.log(now / target) / np.log(now / following), np.inf)
    return steps


def _begin(size, lam):
    one, zero = np.ones((size, lam.size)), np.zeros((size, lam.size))
    return _Run(one, zero, zero, one, zero, zero, zero)


def _weights(spectrum, noise, start):
    """What a unit of (M^T)_11^2 and of (N_T)_11 at batch 1 adds to the risk, each ``(n,)``, and the eigenvalues."""
    lam = arguments.instance("spectrum", spectrum, Spectrum).eigenvalues
    noise = arguments.number("noise", noise, low=0.0)
    half = spectrum.counts * lam / 2
    return half * arguments.each("start", start, 0.0, lam.shape), half * lam * noise**2, lam
