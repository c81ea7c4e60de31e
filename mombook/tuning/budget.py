r"""The best method for a finite run: least risk after T steps, fewest steps to a risk, best batch for D samples.

For constant parameters one step of (moments) is a matrix P on all second moments at once (``moments.whole_step``), so

$$ R_T = p^{\mathsf T} P^T x_0, \qquad dR_T = \mathrm{tr}(dP\, G_T), \qquad
   G_T = \sum_{t<T} P^t x_0\, p^{\mathsf T} P^{T-1-t} \tag{power-gradient} $$

and both follow from T by doubling, $G_{2k} = P^k G_k + G_k P^k$: exact risks and exact gradients of 10^8 steps in some 27
rounds. The search begins where ``first_guess`` finds little risk and runs on the spectrum merged into a few dozen levels.

What is returned is computed on the whole spectrum: by powers of the step or the resolvent (``risk_at``), or, where the memory
is as long as the run, step by step or by (block-renewal). Only where this would take more than a few tenths of a second is it
computed on 96 levels instead: for such a memory, more than 96 distinct eigenvalues, and more eigenvalues times steps than
``EXACT``. Where both are known, they differ by up to 1 % (``test_levels_stand_in_for_long_runs``).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments, markup
from ..arrays import Floats
from ..exact import moments, recursion, renewal, schedule
from ..exact.moments import POINTS, contraction_gap, risk_at, whole_step
from ..model.family import Family, Tuned, known
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import first_guess, horizon
from .long_run import HEAVIEST, LARGEST

LEVELS = (16, 32, 96)
"""Levels into which a spectrum is merged: for the first search, for the last steps of it, and for risks too long to compute on
the whole spectrum."""

PER_DECADE = 2.2
"""Levels for a decade of the spectrum for the last steps of a search, where that is more."""

LAST = 10**12
"""The longest run that is looked for."""

SLOWEST = 1e-3
"""In a run of T steps, eigenvalues below this times L/T^2 are one level: no method moves there."""

MOST_STARTS, MOST_FINE, MOST_DRAFTS = (3, 4), 2, 2
"""For each free parameter, points of the grid, apart from one another, from which a search descends, in long and in short runs;
minima that go on to the fine levels; and points between which a draft decides, each time."""

SCATTERED, MOST_TRIED, MOST_BESIDE = 20_000, 30, 2
"""About the lowest minimum lie others, as the errors of a few modes oscillate: points times levels that are guessed there;
the most promising of them, whose risk is computed; and those of them from which a search descends."""

GLANCE = 20
"""Iterations after which a descent on the coarse levels is left: the best go on to the fine levels."""

SHORT = 50
"""Steps up to which the risk has many minima in the parameters."""

COUNTED = 500
"""Steps below which a fraction of a step is worth a search of its own."""

EXACT, FEW = 5_000_000, 1000
"""Distinct eigenvalues times steps up to which a risk is computed on the whole spectrum, whatever the method's memory; and
eigenvalues up to which (block-renewal) does four times as much in that time."""


def tune_risk(spectrum: Spectrum, family: str | Family, batch: float, steps: int, noise: float = 0.0, start: ArrayLike = 1.0,
              kurtosis: ArrayLike = 3.0, *, noise_model: str = "least squares", at: str = "w") -> tuple[Tuned, float]:
    """The parameters of least expected risk after so many steps.

    Args:
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``, or a ``Family``; batch: >= 1.
        steps: T, a whole number from 1 to 10^12.
        noise, start, kurtosis: as ``mombook.risk_curve``.
        noise_model: ``"least squares"``, or ``"additive"``: label noise alone, with covariance noise^2 H / batch.
        at: ``"w"``, or ``"theta"``, as ``mombook.risk_curve``: where the risk is.

    Returns:
        ``Tuned``, with the gap of the method found, and its exact risk after ``steps`` (see the module for the one exception).
        The search itself is on merged levels, at least 32. After 10^4 steps and more on hundreds of distinct eigenvalues the
        risk found can be some per cent above the least: on 202 of them, at 16 000 to 63 000 steps, 0.1 % for heavy ball, up
        to 4 % for Nesterov and up to 13 % for ASGD.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum.power_law(10**9, 1.5)
    >>> soon, late = (tune_risk(H, "heavy_ball", 64, T)[0].method for T in (10**3, 10**5))
    >>> soon.beta < 0.98 < 0.997 < late.beta                              # the longer the horizon, the longer the memory
    True
    """
    search = _Search(spectrum, family, batch, noise, start, kurtosis, noise_model, at)
    steps = arguments.whole("steps", steps, low=1, high=LAST)
    method = search.best(steps)
    return search.tuned(method), float(search.risks(method, [steps])[0])


def tune_steps(spectrum: Spectrum, family: str | Family, batch: float, target: float, noise: float = 0.0,
               start: ArrayLike = 1.0, limit: float = LAST, kurtosis: ArrayLike = 3.0, *,
               noise_model: str = "least squares") -> tuple[Tuned, float]:
    """The parameters that reach a target risk in the fewest steps.

    The best method for T steps needs some number of steps; that number is the next T. At the fixed point no method needs
    fewer, and since a best method's risk is flat in its parameters, the iteration converges quadratically.

    Args:
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``, or a ``Family``; batch: >= 1.
        target: risk to reach, > 0; noise, start, kurtosis: as ``mombook.risk_curve``.
        limit: a longer run is not looked for; noise_model: as ``tune_risk``.

    Returns:
        A ``Tuned`` (with the gap of the method found) and the steps it needs, log-linear between steps. ``inf`` where they
        are more than ``limit``: the method is then the best one of a run of about that length.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum.power_law(1000, 1.0)
    >>> tune_steps(H, "sgd", 4, 0.01, noise=1.0)[1] > 10**5, tune_steps(H, "sgd", 4, 0.01, noise=1.0, limit=100)[1]
    (True, inf)
    """
    search = _Search(spectrum, family, batch, noise, start, kurtosis, noise_model)
    target = arguments.number("target", target, above=0.0)
    limit = arguments.whole("limit", limit, low=1, high=LAST)
    if search.fine.weight @ search.fine.start / 2 <= target:
        return search.tuned(search.best(1)), 0.0
    steps, method, fewest = 16, None, np.inf
    for fine in (False, True):
        steps = max(int(np.ceil(fewest)), 1) if fine else steps
        while True:
            tried = search.best(steps) if fine else search.draft(steps)
            needed = search.steps_to(tried, target)
            if not needed < np.inf and method is None:                  # its noise floor is above the target
                if steps >= 2 * limit:
                    return search.tuned(search.best(steps)), np.inf
                steps = min(4 * steps, 2 * limit)
            elif needed < fewest * (1 - (1e-4 if fine else 0.05)):
                following = int(np.ceil(needed))
                method, fewest, steps = tried, needed, max(following - (following == steps), 1)
            else:
                break
    if fewest < COUNTED:
        method, fewest = search.polished(method, target, fewest)
    needed = search.exact_steps_to(method, target, fewest)
    return search.tuned(method), needed if needed <= limit else np.inf


@dataclass(frozen=True, eq=False)
class Budget:
    """What a budget of samples buys, batch by batch.

    Attributes:
        samples: the budget D.
        batches, steps, risks: arrays ``(k,)``: the batches tried in increasing order, D / batch steps, and the least risk.
        methods: the tuned ``Method`` at each of them.
        batch, method, risk: the best of all.
    """

    samples: float
    batches: Floats
    steps: Floats
    risks: Floats
    methods: list[Method]

    @property
    def batch(self) -> float:
        return float(self.batches[self.risks.argmin()])

    @property
    def method(self) -> Method:
        return self.methods[self.risks.argmin()]

    @property
    def risk(self) -> float:
        return float(self.risks.min())

    def _repr_html_(self) -> str:
        rows = [(self.batches[i], self.steps[i], self.risks[i], m.delta, m.eta, m.beta)
                for i in markup.some(len(self.methods)) for m in [self.methods[i]]]
        best = f"The best batch is {markup.cell(self.batch)}, with risk {markup.cell(self.risk)}."
        return markup.table(f"What {markup.cell(self.samples)} samples buy", ("batch", "steps", "risk", "δ", "η", "β"), rows,
                            markup.left_out(len(self.methods)), [best])

    def critical_batch(self, overhead: float = 0.2) -> float:
        """The largest batch whose risk is within ``overhead`` of the least, log-linear between batches."""
        allowed = (1 + arguments.number("overhead", overhead, low=0.0)) * self.risk
        last = int(np.flatnonzero(self.risks <= allowed)[-1])
        if last == self.risks.size - 1:
            return float(self.batches[last])
        log_risk, log_batch = (np.log(v[last:last + 2]) for v in (self.risks, self.batches))
        return float(np.exp(np.interp(np.log(allowed), log_risk, log_batch)))


def tune_budget(spectrum: Spectrum, family: str | Family, samples: float, noise: float = 0.0, start: ArrayLike = 1.0,
                batches: ArrayLike | None = None, kurtosis: ArrayLike = 3.0, quick: bool = False, *,
                noise_model: str = "least squares", at: str = "w") -> Budget:
    """The best batch size and method for ``samples`` samples, each used once.

    At every batch the search begins from the method of the batch before. The method of the best batch is searched again as by
    ``tune_risk``.

    Args:
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``, or a ``Family``.
        samples: the budget D >= 2.
        noise, start, kurtosis: as ``mombook.risk_curve``.
        batches: batches to try, from 1 to D; by default two an octave, and more around the best. A batch is moved to the
            nearest one that divides the budget into whole steps.
        quick: the best of a grid, on a few merged levels: to some per cent, in milliseconds a batch; for pictures that move.
        noise_model, at: as ``tune_risk``.

    Returns:
        ``Budget``.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> found = tune_budget(Spectrum.power_law(10, 2.0), "nesterov", 2**8, noise=0.5)
    >>> 1 <= found.batch < found.critical_batch() < 2**8
    True
    """
    samples = arguments.number("samples", samples, low=2.0, high=float(LAST))
    search = _Search(spectrum, family, 1.0, noise, start, kurtosis, noise_model, at)
    quick = arguments.flag("quick", quick)
    given = batches is not None
    batches = _batches(batches, samples) if given else 2.0 ** np.arange(0, np.log2(samples) + 0.25, 0.5)
    done = {}

    def extend(batches):
        for steps in _whole_runs(samples, batches):
            if steps not in done:
                search.batch = samples / steps                          # from the best at the batch before
                method = search.draft(steps, quick=True) if quick else search.along(steps)
                done[steps] = method, float(np.exp(search.found) if quick else search.risks(method, [steps])[0])

    def best():
        return min(done, key=lambda steps: done[steps][1])

    extend(batches)
    if not given:
        extend(np.clip(samples / best() * 2.0 ** np.array([-0.375, -0.25, -0.125, 0.125, 0.25, 0.375]), 1.0, samples))
    if not quick:                                                       # the best of all is searched from afar as well
        steps = best()
        search.batch = samples / steps
        method = search.best(steps)
        done[steps] = min(done[steps], (method, float(search.risks(method, [steps])[0])), key=lambda each: each[1])
    steps = np.array(sorted(done, reverse=True))
    methods, risks = zip(*(done[t] for t in steps.tolist()), strict=True)
    return Budget(samples, samples / steps, steps, np.array(risks), list(methods))


def budget_of(spectrum: Spectrum, method: Method | Family, samples: float, noise: float = 0.0, start: ArrayLike = 1.0, *,
              batches: ArrayLike, quick: bool = False, noise_model: str = "least squares") -> Budget:
    """What ``samples`` samples buy one ``Method``, its parameters the same at every batch; or a ``Family``, as ``tune_budget``.

    Args:
        method: a ``Method`` or a ``Family``; the rest as ``tune_budget``, with the batches given.

    Returns:
        ``Budget``; of a method that diverges, risks may be ``inf``.

    Raises:
        ValueError: something else than a method or a family; the rest as ``tune_budget``.

    >>> H, m = Spectrum.flat(10), Method.sgd(0.1)
    >>> found = budget_of(H, m, 64, 0.5, batches=[4, 16])
    >>> [bool(found.risks[k] == risk_at(H, m, B, [64 // B], 0.5)[0]) for k, B in enumerate((4, 16))]
    [True, True]
    """
    if isinstance(method, Family):
        return tune_budget(spectrum, method, samples, noise, start, batches, quick=quick, noise_model=noise_model)
    arguments.instance("method", method, Method)
    samples = arguments.number("samples", samples, low=2.0, high=float(LAST))
    search, risks = _Search(spectrum, "sgd", 1.0, noise, start, 3.0, noise_model), []      # which tunes nothing here
    steps = _whole_runs(samples, _batches(batches, samples))[::-1]
    for each in steps:
        search.batch = samples / each
        with np.errstate(over="ignore", invalid="ignore"):
            risks.append(search.risks(method, [each])[0])
    risks, steps = np.where(np.isnan(risks), np.inf, risks), np.array(steps)
    return Budget(samples, samples / steps, steps, risks, [method] * len(steps))


def _batches(batches, samples):
    """Batches that a reader gives, none larger than the budget."""
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    if batches.max() > samples:
        arguments.refuse("batches", float(batches.max()), f"at most the budget of {samples:g} samples")
    return batches


def _whole_runs(samples, batches):
    """The steps of these batches, in increasing order, each batch moved to where its steps are whole."""
    steps = np.unique(np.maximum(np.rint(samples / np.asarray(batches)), 1)).astype(np.int64).tolist()
    return [each for each in steps if samples / each >= 1]


# -- the search ----------------------------------------------------------------------------------------------------------
class _Levels:
    """A spectrum merged into at most so many levels, with its start: what ``whole_step`` and the gradient read."""

    def __init__(self, spectrum, start, kurtosis, most, smallest=0.0):
        lam, n = spectrum.eigenvalues, spectrum.counts
        if len(lam) > most:                                             # evenly in log; trace and risk at the start stay
            smallest = min(max(smallest, spectrum.smallest), 0.999 * spectrum.largest)
            place = np.log(np.maximum(lam, smallest) / spectrum.largest) / np.log(smallest / spectrum.largest)
            place = np.floor(place * (most - 1e-6))
            _, place = np.unique(place, return_inverse=True)
            weight = np.bincount(place, n)
            merged = np.bincount(place, n * lam) / weight
            start = np.bincount(place, n * lam * start) / (weight * merged)
            kurtosis = np.bincount(place, n * lam**2 * kurtosis) / np.bincount(place, n * lam**2)
            lam, n = merged, weight
        self.eigenvalues, self.counts, self.start, self.kurtosis = lam, n, start, kurtosis
        self.weight = n * lam

    def __len__(self):
        return self.eigenvalues.size


class _Search:
    """The question, and the best parameters so far, from which the next search begins."""

    def __init__(self, spectrum, family, batch, noise, start, kurtosis, noise_model="least squares", at="w"):
        arguments.instance("spectrum", spectrum, Spectrum)
        self.row = known(family).row
        self.family = family if isinstance(family, str) else family.word
        self.batch = arguments.number("batch", batch, low=1.0, high=LARGEST)
        self.noise = arguments.number("noise", noise, low=0.0)
        self.additive = arguments.choice("noise_model", noise_model, schedule.NOISE_MODELS) == "additive"
        self.theta = arguments.choice("at", at, POINTS) == "theta"
        shape = spectrum.eigenvalues.shape
        arguments.each("kurtosis", kurtosis, 1.0, shape)
        if np.max(kurtosis) > HEAVIEST:
            arguments.refuse("kurtosis", kurtosis, f"at most {HEAVIEST:g} where methods are tuned")
        self.start, self.kurtosis = arguments.each("start", start, 0.0, shape), arguments.each("kurtosis", kurtosis, 1.0, shape)
        self.full = np.broadcast_to(self.start, shape), np.broadcast_to(self.kurtosis, shape)
        self.spectrum = spectrum
        self.free = np.flatnonzero([True, self.row[1] > 0, self.row[4] > 0])
        self.x = self.searched = self.found = None
        self.noisy = 0.0                                                # the share of label noise in the last risk
        self.merge(1)

    def merge(self, steps):
        """Make the levels for runs of so many steps: the coarse ones at once, the fine ones when they are asked for."""
        self.smallest, self._fine = SLOWEST * self.spectrum.largest / float(steps) ** 2, None
        self.coarse = self._levels(LEVELS[0], self.smallest)

    @property
    def fine(self):
        """The levels for the last steps of a search."""
        if self._fine is None:
            decades = np.log10(self.spectrum.largest / max(self.smallest, self.spectrum.smallest))
            self._fine = self._levels(int(np.clip(PER_DECADE * decades, LEVELS[1], LEVELS[-1] / 2)), self.smallest)
        return self._fine

    @cached_property
    def finest(self):
        """The levels for risks that would take too long on the whole spectrum."""
        return self._levels(LEVELS[-1])

    def _levels(self, most, smallest=0.0):
        return _Levels(self.spectrum, *self.full, most, smallest)

    @property
    def law(self):
        """Batch and noise as (moments) is to take them. Additive noise is the limit of a large batch of noisier labels: the
        covariance sigma^2 H / B stays, and what the risk adds to it is divided by 10^15."""
        return (LARGEST, self.noise * np.sqrt(LARGEST / self.batch)) if self.additive else (self.batch, self.noise)

    def draft(self, steps, quick=False):
        """The best of the most promising points of a grid and of a finer one about it, on the coarse levels; no descent."""
        self.merge(steps)
        grid = self._starts(steps, sparse=steps > SHORT)
        most = MOST_DRAFTS if quick or steps > SHORT else 3 * MOST_DRAFTS
        self.found, self.x = np.inf, grid[0]
        about = np.array(np.meshgrid(*[[-1.0, 0.0, 1.0]] * self.free.size)).reshape(self.free.size, -1).T
        for width in (1.2, 0.45, 0.0) if quick else (1.2, 0.6, 0.3, 0.0):
            tried = 0
            for x in _apart(self._promising(grid, steps), width):
                cost = self._cost(x, self.coarse, steps, slopes=False)
                tried += bool(cost < np.inf)
                if cost < self.found:
                    self.x, self.found = x, cost
                if tried == most:
                    break
            grid = self.x + width * about
        return self._method(self.x)

    def along(self, steps):
        """The best method on the fine levels, from the draft and from the last method, whose run was not much longer."""
        last = [] if self.x is None else [self.x]
        self.draft(steps)
        minima = [self._descend(x, self.fine, steps) for x in _apart([self.x, *last], 0.05)]
        found = min(minima, key=lambda each: each.fun)
        self.x, self.found = found.x, found.fun
        return self._method(self.x)

    def best(self, steps):
        """The best method for so many steps: on the coarse levels from the draft and the most promising points of a grid, then
        on the fine levels from the best of those minima. Once a run of about this length has been searched, its method takes
        the grid's place."""
        self.merge(steps)
        again = self.searched is not None and 0.2 < steps / self.searched < 5
        last = [self.x] if again else []
        self.draft(steps)
        others = last if again else self._promising(self._starts(steps), steps)
        points = _apart([self.x, *others], 0.05 if again else 1.0 if steps > SHORT else 0.5)
        points = itertools.islice(points, MOST_STARTS[steps <= SHORT] * self.free.size + 1)
        minima = [self._descend(x, self.coarse, steps, GLANCE) for x in points]
        beside = self._beside(min(minima, key=lambda each: each.fun).x, steps)
        minima = sorted(minima + [self._descend(x, self.coarse, steps, GLANCE) for x in beside], key=lambda each: each.fun)
        better = itertools.islice(_apart([each.x for each in minima], 0.05), MOST_FINE)
        minima = [self._descend(x, self.fine, steps) for x in better]
        found = min(minima, key=lambda each: each.fun)
        self.x, self.searched, self.found = found.x, steps, found.fun
        return self._method(self.x)

    def _beside(self, x, steps):
        """Points near a minimum at which the risk on the coarse levels is least."""
        points = x + _scattered(min(SCATTERED // len(self.coarse), 100**x.size), x.size)
        tried = itertools.islice(_apart(self._promising(points, steps), 0.02), MOST_TRIED)
        return sorted(tried, key=lambda x: self._cost(x, self.coarse, steps, slopes=False))[:MOST_BESIDE]

    def _promising(self, grid, steps):
        """The points of a grid by the risk that ``first_guess`` finds, without those that are unstable."""
        risks = first_guess.risks(self.coarse, *self._methods(grid), *self.law, steps)
        order = np.argsort(risks)
        return grid[order[np.isfinite(risks[order])]]

    def _descend(self, x, levels, steps, most=60):
        bounds = np.array([(-80.0, 40.0), (-80.0, 40.0), (-20.0, 34.0)])[self.free]
        return scipy.optimize.minimize(self._cost, x, args=(levels, steps), jac=True, method="L-BFGS-B", bounds=bounds,
                                       options={"ftol": 1e-6, "maxiter": most})

    def polished(self, method, target, needed):
        """Fewest steps as they are counted, log-linear between two whole ones, instead of least risk after whole ones."""
        x = self._coordinates(method)
        for _ in range(3):
            whole = max(int(np.ceil(needed)), 1)

            def between(x, whole=whole):
                (a, da), (b, db) = (self._cost(x, self.fine, t) for t in (whole - 1, whole))
                if not a > b:                                           # the risk rises: no step crosses the target here
                    return 1e3, np.zeros(x.size)
                share = (a - np.log(target)) / (a - b)
                return share, (da - share * (da - db)) / (a - b)

            found = scipy.optimize.minimize(between, x, jac=True, method="L-BFGS-B", bounds=np.transpose([x - 0.2, x + 0.2]),
                                            options={"ftol": 1e-7, "maxiter": 30})
            tried = self._method(found.x)
            before, after = needed, self.steps_to(tried, target)
            if not after < before:
                break
            method, needed, x = tried, after, found.x
            if after > before * (1 - 1e-5):
                break
        return method, needed

    def steps_to(self, method, target):
        """Steps to the target on the fine levels: one by one, for a short run may dip below it; later by powers of the step."""
        first = self._first_at(self.fine, method, target, COUNTED)
        if first < np.inf:
            return first
        merged = Spectrum(self.fine.eigenvalues, self.fine.counts)
        return horizon.steps_to(merged, method, self.law[0], target, self.law[1], self.fine.start, self.fine.kurtosis)

    def _first_at(self, levels, method, target, limit):
        """When the risk on these levels (or a spectrum) first is at the target, step by step."""
        start, kurtosis = self.full if levels is self.spectrum else (levels.start, levels.kurtosis)
        return recursion.first_at(moments.risks(levels, method, *self.law, start, kurtosis), target, limit)

    def risks(self, method, times):
        """Risks at increasing whole times, on the whole spectrum if that is affordable, else on the finest levels."""
        (batch, noise), times, n = self.law, np.asarray(times, np.int64), len(self.spectrum)    # in a browser int is 32 bits
        settled = times[0] * (1 - method.beta) > 40 or method.eta == 0
        if not self.theta and (settled or n <= LEVELS[-1] or FEW < n <= EXACT / times[-1]):
            return risk_at(self.spectrum, method, batch, times, noise, self.start, self.kurtosis)
        if n * times[-1] <= (4 * EXACT if n <= FEW else EXACT):
            problem = self.spectrum, method, batch, int(times[-1]), noise, self.start, self.kurtosis
            return renewal.risks(*problem, self.theta)[times]
        return np.array([_risk_after(self.finest, method, batch, noise, int(t), False, self.theta)[0] for t in times])

    def exact_steps_to(self, method, target, near):
        """Steps to the target, log-linear between whole ones, from a guess: where it is small, the first time, one step after
        the other; else secants between two times, ever closer."""
        if near < COUNTED and len(self.spectrum) * near < EXACT:
            first = self._first_at(self.spectrum, method, target, 2 * COUNTED)
            if first < np.inf:
                return first
        for width in (0.02, 1e-3, 1e-4, 0.0):
            first = max(int(np.floor(near * (1 - width))), 0)
            times = [first, max(int(np.ceil(near * (1 + width))), first + 1)]
            before, after = np.log(self.risks(method, times))
            near = times[0] + (times[1] - times[0]) * float(np.clip((before - np.log(target)) / (before - after), -20.0, 20.0))
        return max(near, 0.0)

    def tuned(self, method):
        """As ``Tuned``, with the method's gap."""
        gap = contraction_gap(self.spectrum, method, self.law[0], self.kurtosis)
        return Tuned(self.family, self.batch, method, float(gap))

    def _parts(self, x):
        """The two step sizes and beta of a vector of unknowns ``(free,)``, or of many ``(k, free)``: e^z0 and e^z1 are how far
        each moves w in the long run, so that they hardly depend on beta at the best method."""
        own, eta1, eta0, eta_beta, remembers, fixed = self.row
        z = np.zeros((3, *np.shape(x)[:-1]))
        z[self.free] = np.moveaxis(np.asarray(x), -1, 0)
        beta = 1 / (1 + np.exp(-z[2])) if remembers else 1 - fixed + 0 * z[2]
        unit = own + (eta0 + eta_beta * beta) / (1 - beta)              # long-run step of the family at lr = 1
        return np.exp(z[0]) / unit, eta1 * np.exp(z[1]) * (1 - beta), beta, unit

    def _coordinates(self, method):
        """The unknowns of a method of this family."""
        own, eta1, eta0, eta_beta, _, _ = self.row
        first = method.delta / own if own else method.eta / (eta0 + eta_beta * method.beta)
        unit = own + (eta0 + eta_beta * method.beta) / (1 - method.beta)
        second = method.eta / (1 - method.beta) if eta1 else 1.0
        odds = method.beta / (1 - method.beta)
        return np.log(np.maximum([first * unit, second, odds], 1e-30))[self.free]

    def _method(self, x):
        return Method(*map(float, self._methods(x)))

    def _methods(self, x):
        """delta, eta and beta of one vector of unknowns, or of many."""
        own, _, eta0, eta_beta, _, _ = self.row
        step0, step1, beta, _ = self._parts(x)
        return own * step0, (eta0 + eta_beta * beta) * step0 + step1, beta

    def _cost(self, x, levels, steps, slopes=True):
        """The log of the risk after so many steps, with its gradient; what overflows costs more the larger its steps are."""
        own, _, eta0, eta_beta, remembers, _ = self.row
        step0, step1, beta, unit = self._parts(x)
        risk, by, self.noisy = _risk_after(levels, self._method(x), *self.law, steps, slopes, self.theta)
        if not risk < np.inf:
            return (600.0 + x[0], np.eye(x.size)[0]) if slopes else np.inf
        if risk < 1e-290:                                               # everything is learned
            return (-667.0, np.zeros(x.size)) if slopes else -667.0
        if not slopes:
            return np.log(risk)
        delta, eta, remembered = by
        first, second = step0 * (own * delta + (eta0 + eta_beta * beta) * eta), step1 * eta
        eps = 1 - beta
        remembered += eta_beta * step0 * eta - first * (eta0 + eta_beta) / (unit * eps**2) - second / eps
        z = np.array([first, second, beta * eps * remembered * remembers])
        return np.log(risk), z[self.free] / risk

    def _starts(self, steps, sparse=False):
        """A grid over all that can be stable: memories up to the horizon, long-run steps, and for two steps the short one's
        share, which shrinks with the horizon where there is noise. Unknowns ``(k, free)``."""
        own, two, _, _, remembers, fixed = self.row
        short = self.law[0] / (self.spectrum.trace + (self.law[0] + 1) * self.spectrum.largest)
        powers = np.array([0.5, 0.8, 1.0] if sparse else [0.5, 0.75, 0.9, 1.0])
        eps = np.unique(np.clip([0.5, 0.25, 0.1, *3 * float(steps) ** -powers], 1e-14, 0.9))
        shares = (8.0 if sparse else 4.0) ** -np.arange(2 + np.log(steps) / (3 if sparse else 2)) if two else [1.0]
        apart = 4.0 if sparse or (two and steps > SHORT) else 2.0
        points = []
        for e in eps if remembers else [fixed]:
            longest = 4 * min(1.0, short * self.spectrum.largest / e if not own else np.inf) / (e * self.spectrum.largest)
            for h in longest * apart ** -np.arange((4 + np.log(steps)) * np.log(4) / np.log(apart)):
                for share in shares:
                    points.append([share * short if two else h, h, max(1 / e - 1, 1e-9)])
        return np.log(points)[:, self.free]


def _scattered(many, free):
    """Offsets that fill a cube about the origin evenly, from -0.5 to 0.5: multiples of irrational numbers, modulo 1."""
    root = np.roots([1.0] + [0.0] * (free - 1) + [-1.0, -1.0]).real.max()           # x^(k+1) = x + 1
    return (np.arange(1, many + 1)[:, None] * root ** -np.arange(1.0, free + 1)) % 1 - 0.5


def _apart(points, distance):
    """The points in their order, without those near an earlier one: a generator."""
    points = np.asarray(points)
    while len(points):
        yield points[0]
        points = points[np.abs(points - points[0]).max(1) > distance]


def _risk_after(levels, method, batch, noise, steps, slopes=True, theta=False):
    """The risk after so many steps (at theta, if asked); by (power-gradient), its derivatives by delta, eta and beta (or None);
    and the share of it that label noise makes."""
    step, weight = whole_step(levels, method, batch, noise, levels.kurtosis)
    n = len(levels)
    start, last = np.zeros(3 * n + 1), weight / 2
    start[:n], start[-1] = levels.start, 1.0
    if theta:                                                           # E (e + eta m)^2
        last[n:-1] = np.concatenate([method.eta * weight[:n], method.eta**2 * weight[:n] / 2])
    power, G = np.eye(3 * n + 1), np.zeros_like(step)
    with np.errstate(all="ignore"):
        for k, bit in enumerate(bin(steps)[2:]):
            if k:
                if slopes:
                    G = power @ G + G @ power
                power = power @ power
            if bit == "1":
                if slopes:
                    G = G @ step + np.outer(power @ start, last)
                power = step @ power if k else step.copy()
        end = power @ start
        risk = float(last @ end)
        driven = float(last @ power[:, -1])
    if not abs(risk) < 1e250 or not np.isfinite(G).all():
        return np.inf, None, 0.0
    noisy = driven / risk if risk else 0.0
    if not slopes:
        return risk, None, noisy
    blocks = G[:-1, :-1].reshape(3, n, 3, n)
    products = np.einsum("qnrn->rqn", blocks)                           # the sum over all steps of P_r S_q, mode by mode
    driven = (weight @ G[:, :-1] + noise**2 * G[-1, :-1]).reshape(3, n) # and of P_r (2R + sigma^2)
    parameters = method.delta, method.eta, method.beta, batch
    by = schedule.step_slopes(levels.eigenvalues, levels.kurtosis - 2, *parameters, products, driven)
    by = [each.sum() for each in by[:3]]
    if theta:
        by[1] += weight[:n] @ (end[n:2 * n] + method.eta * end[2 * n:-1])
    return risk, by, noisy
