r"""Fewest steps to a target over many batches and families at once: ``tune_steps`` where a table is wanted, epochs included.

The best method for T steps needs some number of steps, and that number is the next T. Its steps are flat in T about the fixed
point, so the search may end where T is at most a tenth above them (``NEAR``). At each batch it begins from the method of the
batch before and from T as the batches before suggest, which saves most of the time.

Where the rows are finite and shuffled, the risk is that of (moments) with the variance of distinct rows, and with label noise
kept to the share of (epoch-share):

$$ R_T = R^{\mathrm{clean}}_T + \rho_T\,\bigl(R^{\mathrm{fresh}}_T - R^{\mathrm{clean}}_T\bigr) \tag{epoch-risk} $$

Label noise is then exact to first order in the step sizes; that of the inputs is taken as drawn afresh, which errs on the safe
side. The noise is least at the end of an epoch, so with label noise runs longer than one epoch are of whole epochs. The steps
that are needed are then read off between the ends of epochs, so that they can be compared from batch to batch; ``whole_epochs``
says how long the run is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..exact.epochs import batch_of_draws, noise_share
from ..model.family import FAMILIES
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import budget, first_guess
from .long_run import LARGEST

NEAR, SETTLED = 1.1, 0.02
"""A search ends where the steps tuned for are within this factor above those needed, or these fall by less than this share."""

FEW_EPOCHS = 6
"""Up to so many epochs, a run of one epoch less is tried for itself."""

MOST_EPOCHS = 2**20
"""The most epochs that are looked for."""


def tune_batches(spectrum: Spectrum, families: Sequence[str], batches: ArrayLike, target: float, noise: float = 0.0,
                 start: ArrayLike = 1.0, kurtosis: ArrayLike = 3.0, rows: int | None = None,
                 quick: bool = False) -> tuple[dict[str, list[Method]], dict[str, Floats]]:
    """The parameters that reach a target risk in the fewest steps, at every batch.

    Args:
        spectrum: a ``Spectrum``; families: names out of ``mombook.FAMILIES``.
        batches: >= 1, shape ``(n,)``.
        target: risk to reach, > 0; noise, start, kurtosis: as ``mombook.risk_curve``.
        rows: ``None``: every sample is new; else so many rows with labels that stay, shuffled in epochs (epoch-risk), and
            batches of at most so many.
        quick: the best of a grid and a short descent on a few merged levels, to some per cent; for pictures that move.

    Returns:
        family -> its methods, and family -> the steps they need, shape ``(n,)``, log-linear between whole steps; on rows with
        label noise, past the first epoch, log-linear between the ends of epochs (``whole_epochs``); ``inf``: none is found.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum.power_law(10, 1.0)
    >>> _, steps = tune_batches(H, ["sgd", "heavy_ball"], [1, 64], 0.01, noise=0.1)
    >>> bool(steps["heavy_ball"][1] < steps["sgd"][1] < steps["sgd"][0])
    True
    """
    families = arguments.words("families", families, FAMILIES)
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    target = arguments.number("target", target, above=0.0)
    if rows is not None:
        rows = arguments.whole("rows", rows, low=1)
        if batches.max() > rows:
            arguments.refuse("batches", float(batches.max()), f"at most the {rows} rows of an epoch")
    methods: dict[str, list[Method]] = {}
    steps: dict[str, Floats] = {}
    for family in families:
        problem = spectrum, family, 1.0, noise, start, kurtosis
        search = _search(rows, *problem)
        runs: list[float] = []
        found: list[tuple[Method, float]] = []
        for batch in batches.tolist():
            search.batch = batch
            method, needed = _at(search, target, 16.0 if quick else _guess(runs), quick)
            if 0 < needed < np.inf:
                if quick:
                    method, needed = _improved(search, method, target, needed)
                else:
                    needed = search.exact_steps_to(method, target, needed)
            found.append((method, needed))
            runs.append(float(whole_epochs(needed, batch, rows if noise else None)))
        methods[family], steps[family] = [m for m, _ in found], np.array([t for _, t in found])
    return methods, steps


def steps_needed(spectrum: Spectrum, method: Method, batch: float, target: float, noise: float = 0.0, start: ArrayLike = 1.0,
                 kurtosis: ArrayLike = 3.0, rows: int = 2) -> float:
    """Steps of one method to a target risk on ``rows`` shuffled rows, as ``tune_batches`` counts them."""
    search = _search(rows, spectrum, "asgd", batch, noise, start, kurtosis)
    near = search.steps_to(method, target)
    return search.exact_steps_to(method, target, near) if 0 < near < np.inf else near


def whole_epochs(steps: ArrayLike, batch: ArrayLike, rows: int | None) -> Any:
    """The steps of ``tune_batches`` as they are run: as they are up to one epoch, then whole epochs.

    Args:
        steps: those needed, shape ``(...)``; batch: >= 1, shape ``(...)``.
        rows: how many are shuffled, with labels that stay and are noisy; ``None``: none, and nothing changes.

    Returns:
        Shape ``(...)``.

    >>> whole_epochs([3.5, 10.0, 10.1, np.inf], 10, 100).tolist()
    [3.5, 10.0, 20.0, inf]
    """
    steps = np.asarray(steps, dtype=float)
    each = np.inf if rows is None else np.maximum(rows // np.asarray(batch), 1)
    with np.errstate(invalid="ignore"):
        return np.where(steps <= each, steps, np.ceil(steps / each) * each)


def _search(rows, *problem):
    """The search for samples drawn afresh, or for shuffled rows, with label noise or without."""
    _, _, _, noise, *_ = problem
    return _Near(*problem) if rows is None else (_Epochs if noise else _Shuffled)(rows, *problem)


def _improved(search, method, target, needed):
    """A draft after a short descent on the coarse levels."""
    steps = int(np.ceil(needed))
    search.merge(steps)
    tried = search._method(search._descend(search._coordinates(method), search.coarse, steps, budget.GLANCE).x)
    after = search.steps_to(tried, target)
    return (tried, after) if after < needed else (method, needed)


def _guess(steps):
    """The steps at the next batch, if the ratio of the last two stays."""
    if not steps or not 0 < steps[-1] < np.inf:
        return 16.0
    return steps[-1] * (np.clip(steps[-1] / steps[-2], 0.1, 1.0) if len(steps) > 1 and 0 < steps[-2] < np.inf else 0.6)


def _at(search, target, guess, quick):
    """The best method at the search's batch and the steps it needs on its levels; 0 steps where the start is good enough."""
    if search.fine.weight @ search.fine.start / 2 <= target:
        return search.draft(1), 0.0
    best = search.draft if quick else search.along
    allowed = getattr(search, "allowed", lambda steps: steps)
    steps, method, fewest = allowed(int(np.ceil(guess))), None, np.inf
    for _ in range(100):                                                # (each failure makes the run four times as long)
        tried = best(steps)
        best = search.draft if quick else search.nearby if method is not None else best
        needed = search.steps_to(tried, target)
        if not needed < np.inf and method is None:                      # its noise floor is above the target, so far
            if steps >= budget.LAST // 4:
                return tried, np.inf
            steps = allowed(4 * steps)
            continue
        settled = not needed < fewest * (1 - SETTLED) or 1 / NEAR < needed / steps <= 1
        if needed < fewest:
            method, fewest = tried, needed
        if settled:
            break
        steps = allowed(max(int(np.ceil(needed)), 1))
    while isinstance(search, _Epochs) and search.each < fewest <= FEW_EPOCHS * search.each:
        tried = (search.draft if quick else search.nearby)(round(fewest) - search.each)  # one epoch less may be enough
        needed = search.steps_to(tried, target)
        if not needed < fewest:
            break
        method, fewest = tried, needed
    return method, fewest


class _Near(budget._Search):
    """The search of ``tuning.budget``, which goes on from the last method where the run is almost the last one."""

    def nearby(self, steps):
        """The best method on the fine levels, from the last one alone."""
        self.merge(steps)
        found = self._descend(self.x, self.fine, steps)
        self.x, self.found = found.x, found.fun
        return self._method(self.x)


class _Shuffled(_Near):
    """The search of ``tuning.budget`` for rows that are shuffled, without label noise: the end of an epoch is like any step."""

    kept = 1.0

    def __init__(self, rows, *problem):
        self.rows = rows
        super().__init__(*problem)

    @property
    def law(self):
        """Batch and noise as (moments) is to take them at the share of the noise that was looked up last."""
        return batch_of_draws(self.batch, self.rows, LARGEST), self.noise * np.sqrt(self.kept)


class _Epochs(_Shuffled):
    """The same with label noise, (epoch-risk)."""

    @property
    def each(self):
        """Batches in an epoch."""
        return max(int(self.rows // self.batch), 1)

    def allowed(self, steps):
        """The next run that may be long enough: any up to an epoch, then whole epochs."""
        return steps if steps <= self.each else -(-steps // self.each) * self.each

    def share(self, levels, delta, eta, beta, steps):
        """The share of label noise that is kept by methods in so many steps."""
        weights = levels.counts * levels.eigenvalues**2
        return noise_share(levels.eigenvalues, weights, delta, eta, beta, self.batch, self.rows, steps)

    def _with(self, kept, call, *args, **kwargs):
        """A call of the search for samples drawn afresh, at a share of the noise."""
        self.kept = kept
        try:
            return call(*args, **kwargs)
        finally:
            self.kept = 1.0

    def _promising(self, grid, steps):
        methods, batch = self._methods(grid), self.law[0]
        clean, noisy = (first_guess.risks(self.coarse, *methods, batch, sigma, steps) for sigma in (0.0, self.noise))
        with np.errstate(all="ignore"):
            risks = clean + self.share(self.coarse, *methods, steps) * (noisy - clean)
        order = np.argsort(risks)
        return grid[order[np.isfinite(risks[order])]]

    def _cost(self, x, levels, steps, slopes=True):
        shift = 1e-5 * np.eye(x.size)
        points = np.vstack([x, x + shift, x - shift]) if slopes else x[None]
        kept = self.share(levels, *self._methods(points), steps)
        found = self._with(kept[0], super()._cost, x, levels, steps, slopes)
        if not slopes or not -600 < found[0] < 600:
            return found
        change = (np.log(kept[1:1 + x.size]) - np.log(kept[1 + x.size:])) / 2e-5
        return found[0], found[1] + change * self.noisy

    def risks(self, method, times):
        """Risks at increasing whole times, on the whole spectrum where that is affordable."""
        kept = [self.share(self.spectrum, method.delta, method.eta, method.beta, max(int(t), 1)) for t in times]
        return np.array([self._with(float(share), super(_Epochs, self).risks, method, [int(t)])[0]
                         for share, t in zip(kept, times, strict=True)])

    def steps_to(self, method, target):
        """Steps to the target on the fine levels, as they may be run."""
        def log_risk(steps):
            kept = self.share(self.fine, method.delta, method.eta, method.beta, steps)
            risk = self._with(float(kept), lambda: budget._risk_after(self.fine, method, *self.law, steps, False)[0])
            return np.log(risk / target) if risk > 0 else -np.inf

        each = self.each
        if log_risk(each) <= 0:
            return _within(log_risk, each)
        low = epochs = 1
        while not (there := log_risk(epochs * each) <= 0) and epochs < MOST_EPOCHS:
            low, epochs = epochs, 2 * epochs
        if not there:
            return np.inf
        while epochs - low > 1:
            middle = (low + epochs) // 2
            low, epochs = (low, middle) if log_risk(middle * each) <= 0 else (middle, epochs)
        return float(epochs * each)

    def exact_steps_to(self, method, target, near):
        """The same on the whole spectrum, from a guess, log-linear between the ends of epochs."""
        @cache
        def log_risk(steps):
            return np.log(self.risks(method, [steps])[0] / target)

        each = self.each
        if log_risk(each) <= 0:
            return _within(log_risk, each)
        epochs = max(round(near / each), 2)
        while log_risk(epochs * each) > 0 and epochs < 2 * near / each + 2:
            epochs += max(epochs // 50, 1)
        while epochs > 2 and log_risk((epochs - 1) * each) <= 0:
            epochs -= 1
        before, after = log_risk((epochs - 1) * each), log_risk(epochs * each)
        return each * (epochs - 1 + float(before / (before - after))) if after <= 0 else np.inf


def _within(log_risk, last):
    """Where a falling curve crosses 0 in 1 .. ``last``, log-linear between whole steps."""
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if log_risk(middle) <= 0 else (middle, high)
    after, before = log_risk(high), log_risk(low) if low else None
    return float(high) if before is None else low + float(before / (before - after))
