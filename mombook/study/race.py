r"""A fair race: every method gets the same number of trials, the same box to draw them from, and the same random numbers.

What is equal, exactly. *Budget*: ``count`` trials for each method, judged by the exact expected risk after the race's
steps. *Box*: every step size between ``STEP`` in units of 1/L, every 1 - beta in ``FORGET``, uniform in the logarithm.
*Luck of the draw*: trial k of every method is point k of one Halton sequence; a method with fewer parameters reads fewer
of its coordinates, so that trial k of SGD and of heavy ball have the same learning rate. *Streams*: runs start and are fed
alike, see ``paired_runs``.

The best of N trials drawn without replacement from M judged ones, r_1 <= ... <= r_M, is at most r_k with probability

$$ P\bigl(\min \le r_k\bigr) = 1 - \binom{M-k}{N} \Big/ \binom{M}{N}. \tag{best-of} $$
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..exact import recursion
from ..exact.moments import risk_at
from ..model.family import FAMILIES, Family, known
from ..model.method import Method, transition
from ..model.spectrum import Spectrum
from ..sample.gaussian import Sampler, simulate_blocks

STEP, FORGET = (1e-4, 4.0), (1e-3, 1.0)
"""The box: step sizes times the largest eigenvalue, and 1 - beta."""


class _Own(Mapping[str, Any]):
    """Family -> what it has to tune, for every family in ``mombook.FAMILIES``."""

    def __getitem__(self, name):
        return _free(FAMILIES[name])

    def __iter__(self):
        return iter(FAMILIES)

    def __len__(self):
        return len(FAMILIES)


def _free(family):
    _, second, _, _, forgets, _ = family.row
    return ("step", *["forget"] * bool(forgets), *["second"] * bool(second))


STEPPED, TOGETHER = 1000, 6000
"""Steps up to which trials are judged side by side; and how many at once, times the spectrum's distinct entries."""

OWN = _Own()
"""What each method has to tune: its step size, 1 - beta, and ASGD's second step size, from the same box as the first."""


@dataclass(frozen=True)
class Trials:
    """A method's trials, judged.

    Attributes:
        family: name, or ``Family``; methods: the trials, in order.
        points: where in the unit cube they lie, shape ``(count, 3)``.
        risks: exact expected risk of each at the end, shape ``(count,)``, ``inf`` where it has overflowed.
    """

    family: str | Family
    methods: list[Method]
    risks: Floats
    points: Floats

    def best(self, count: int | None = None) -> tuple[Method, float]:
        """The best of the first ``count`` trials (of all by default) as (method, risk)."""
        count = None if count is None else arguments.whole("count", count, low=1)
        k = int(np.argmin(self.risks[:count]))
        return self.methods[k], float(self.risks[k])

    def median_best(self, counts: ArrayLike) -> Floats:
        """The median of the best of N trials, for every N in ``counts``, by (best-of)."""
        M, r = self.risks.size, np.sort(self.risks)
        counts = arguments.array("counts", counts, low=1.0, ndim=1)
        if counts.max() > M or np.any(counts != np.rint(counts)):
            arguments.refuse("counts", counts, f"whole numbers from 1 to {M}, the trials there are")
        N, k = counts[:, None], np.arange(1, M + 1)
        log_factorial = lambda n: scipy.special.gammaln(n + 1)  # noqa: E731
        with np.errstate(invalid="ignore", divide="ignore"):
            log_missed = (log_factorial(M - k) - log_factorial(np.maximum(M - k - N, -0.5))
                          + log_factorial(M - N) - log_factorial(M))
        missed = np.where(M - k >= N, np.exp(log_missed), 0.0)
        return r[np.argmax(missed <= 0.5, axis=1)]


def trials(spectrum: Spectrum, family: str | Family, batch: float, steps: int, count: int, seed: int = 0,
           noise: float = 0.0) -> Trials:
    """Draw and judge a method's trials.

    Args:
        spectrum: a ``Spectrum``; family: a name in ``OWN``, or a ``Family``; batch: >= 1.
        steps: length of the race, a whole number >= 1; count: trials, a whole number >= 1.
        seed: of the Halton sequence; the first trials of a larger count are those of a smaller one.
        noise: standard deviation of the label noise.

    Returns:
        ``Trials``.

    Raises:
        ValueError: an argument out of range.
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    known(family)
    count, steps = arguments.whole("count", count, low=1, high=10_000), arguments.whole("steps", steps, low=1)
    points = scipy.stats.qmc.Halton(3, seed=arguments.whole("seed", seed)).random(count)
    methods = [method_at(spectrum, family, p) for p in points]
    return Trials(family, methods, _final_risks(spectrum, methods, arguments.number("batch", batch, low=1.0), steps,
                                                arguments.number("noise", noise, low=0.0)), points)


def _final_risks(spectrum, methods, batch, steps, noise):
    """``final_risk`` of every method, side by side where that is cheaper."""
    if steps > STEPPED:
        return np.array([final_risk(spectrum, m, batch, steps, noise) for m in methods])
    lam, some = spectrum.eigenvalues, max(TOGETHER // len(spectrum), 1)
    weight, found = spectrum.counts * lam, []
    for few in (methods[k:k + some] for k in range(0, len(methods), some)):        # (itertools.batched needs Python 3.12)
        parameters = np.array([(m.delta, m.eta, m.beta) for m in few]).T[..., None]
        step = recursion.blocks(transition(*parameters, lam), lam, batch, 1.0)
        start = np.zeros_like(step[1])
        start[0] = 1.0
        states = recursion.states(itertools.repeat(step), start, weight, noise**2)
        [(_, twice)] = itertools.islice(states, steps, steps + 1)
        found.append(twice[:, 0] / 2)
    risks = np.concatenate(found)
    return np.where(risks < 1e250, risks, np.inf)


def final_risk(spectrum: Spectrum, method: Method, batch: float, steps: int, noise: float = 0.0) -> float:
    """Exact expected risk after ``steps`` steps: what trials are judged by."""
    return float(risk_at(spectrum, method, batch, [arguments.whole("steps", steps)], noise)[0])


def method_at(spectrum: Spectrum, family: str | Family, point: Sequence[float] | Floats) -> Method:
    """The method at a point of the unit cube: coordinates step, 1 - beta and second step, each logarithmic in the box."""
    step, forget, second = (low ** (1 - v) * high**v for v, (low, high) in zip(point, (STEP, FORGET, STEP), strict=True))
    lr, beta = step / spectrum.largest, float(np.clip(1 - forget, 0.0, 1 - FORGET[0]))
    family = known(family)
    own = _free(family)
    return family.make(lr, *[second / spectrum.largest] * ("second" in own), *[beta] * ("forget" in own))


def optimum(spectrum: Spectrum, drawn: Trials, batch: float, steps: int, noise: float = 0.0,
            judged: int = 200) -> tuple[Method, float]:
    """The exactly tuned method inside the box: Nelder-Mead on the exact risk, from the best of the trials drawn.

    Args:
        drawn: ``Trials`` of the same race; judged: how many methods the search may judge for each parameter; the rest as
            ``trials``.

    Returns:
        (method, risk), never worse than the best trial.
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.instance("drawn", drawn, Trials)
    judged = arguments.whole("judged", judged, low=1, high=10_000)
    free = len(_free(known(drawn.family)))
    first = drawn.points[int(np.argmin(drawn.risks))]

    def cost(v):
        risk = final_risk(spectrum, method_at(spectrum, drawn.family, [*np.clip(v, 0, 1), *first[free:]]), batch, steps, noise)
        return np.log(max(min(risk, 1e300), 1e-300))

    simplex = np.vstack([first[:free], np.clip(first[:free] + np.where(first[:free] < 0.9, 0.08, -0.08) * np.eye(free), 0, 1)])
    found = scipy.optimize.minimize(cost, first[:free], method="Nelder-Mead", bounds=[(0, 1)] * free,
                                    options={"initial_simplex": simplex, "xatol": 1e-5, "fatol": 1e-8, "maxfev": judged * free})
    best = method_at(spectrum, drawn.family, [*np.clip(found.x, 0, 1), *first[free:]])
    risk = final_risk(spectrum, best, batch, steps, noise)
    return (best, risk) if risk <= drawn.risks.min() else drawn.best()


class Pairs(NamedTuple):
    """What ``paired_runs`` yields: fraction done; risk, shape ``(methods, runs, steps+1)``; how many runs are complete."""

    fraction: float
    risk: Floats
    runs_done: int


def paired_runs(spectrum: Spectrum, methods: Sequence[Method], batch: int, steps: int, runs: int, rng: np.random.Generator,
                noise: float = 0.0, sampler: Sampler = "direct") -> Iterator[Pairs]:
    """Runs of several methods on common random numbers: a generator of ``Pairs``.

    Run k of every method starts from the same weights. With the ``direct`` sampler it sees the same inputs and the same
    label noise at every step, sample by sample. With ``one_draw`` it is fed the same normal vector and the same
    chi-square number a step: each method's batch gradient has exactly its law, and methods close to one another get
    gradients close to one another, but no sample exists that they share.

    Args:
        spectrum: a ``Spectrum`` with whole counts; methods: a list of ``Method``; the rest as ``simulate``.
    """
    arguments.generator("rng", rng)
    if not isinstance(methods, (list, tuple)) or not methods or not all(isinstance(m, Method) for m in methods):
        arguments.refuse("methods", methods, "a list of mombook.Method")
    streams = [simulate_blocks(spectrum, m, batch, steps, runs, copy.deepcopy(rng), sampler, noise) for m in methods]
    for pieces in zip(*streams, strict=True):
        yield Pairs(pieces[0].fraction, np.array([p.risk for p in pieces]), pieces[0].runs_done)


class Difference(NamedTuple):
    """Mean of log(a/b) over runs, its standard error, and what that would be on independent streams."""

    mean: float
    error: float
    unpaired: float


def difference(a: ArrayLike, b: ArrayLike) -> Difference:
    """How far apart two methods end, from their paired runs.

    Args:
        a, b: final risks of the same runs, shape ``(runs,)``, two or more, positive.

    Returns:
        A ``Difference``; the logarithm, because a mean of risks is carried by runs too rare to be seen (notebook 06).

    Raises:
        ValueError: arrays of another shape, or a risk that is not positive.

    >>> found = difference([1.0, 4.0, 8.0], [2.0, 8.0, 16.0])         # always half: no doubt about it
    >>> bool(found.error < 1e-9 < found.unpaired)
    True
    """
    a = np.log(arguments.array("a", a, above=0.0, ndim=1))
    b = np.log(arguments.array("b", b, above=0.0, shape=a.shape))
    if a.size < 2:
        arguments.refuse("a", a, "risks of two runs or more")
    root = np.sqrt(a.size)
    return Difference(float((a - b).mean()), float((a - b).std(ddof=1) / root),
                      float(np.sqrt(a.var(ddof=1) + b.var(ddof=1)) / root))
