"""Advice for logistic regression: which method, which momentum, how large a batch, and how many steps.

The candidates are tuned on the quadratics that the loss is at its start and at its solution (Gauss-Newton rows). They are then
raced on the expected loss along training, with Gauss-Newton rows that are measured again as training goes
(``exact.logistic_moments``), at several learning rates and memories. The first to be a little below the target is advised; its
steps to the target are the forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..data.fourth_moments import Inputs
from ..data.loading import load
from ..exact.logistic_moments import excesses
from ..model.design import Design
from ..model.family import FAMILIES, known
from ..model.logistic import Logistic
from ..model.method import Method
from ..prose import given, percent, three
from .advice import Advice, Ladder, Pick, count  # noqa: F401  (Ladder: the types of the inherited __init__ are looked up here)
from .advisor import OBJECTIVES, tune_for
from .programs import script

SCALES, MEMORIES = (0.25, 0.5, 1.0, 2.0, 4.0), (0.5, 1.0, 2.0)
"""By what the learning rate of a candidate, and 1 - beta at a constant long-run step, are multiplied for the race."""

CLIMBS, SETTLED = 5, 0.95
"""The most rounds about the winner of a race; another follows where one leaves less than this share of the steps."""

MARGIN = 0.8
"""The race is for so large a part of the target: else a method may win that only just touches it, above its noise floor."""

WORK, OVERHEAD = 5e8, 50_000
"""Multiplications that one race may take, and what a step costs besides, in such; what is not there then counts as never."""

LARGEST = 1_000_000
"""The most entries of a table: on more, races would end after a few steps."""

LEAST = 1e-9
"""The least target: below it the loss is mostly rounding."""

HOPELESS = 0.95
"""A race ends where twice the steps leave more than this share of the excess loss: it has met its noise floor."""

INTERVAL = (0.7, 1.5)
"""Steps taken over steps forecast, in 98 % of the entries of ``benchmarks/logistic.md``."""


@dataclass(frozen=True, eq=False, repr=False)
class LogisticAdvice(Advice):
    """What ``advise_logistic`` found: an ``Advice`` on the logistic loss. Its repr is the advice in plain sentences.

    Attributes:
        model: the ``Logistic`` it is for. ``inputs`` and ``noise`` are those of its Gauss-Newton rows at the solution; the
            target is a share of the excess loss at w = 0.
    """

    model: Logistic = None  # type: ignore[assignment]  # a field after others that have defaults

    def _run(self, steps: Any, batch: Any) -> Any:
        """Steps of a race are those of a run."""
        return steps

    def _entry(self, family: str, i: int) -> Pick:
        pick = super()._entry(family, i)
        whole = max(np.ceil(pick.steps), 1.0)
        low, high = INTERVAL
        return replace(pick, interval=(max(np.floor(low * whole), 1.0), np.ceil(high * whole)))

    def training_loop(self, family: str | None = None, batch: float | None = None) -> str:
        """A script that trains with the recommendation, or another entry, in PyTorch; to be printed, saved or executed.

        Where the advice was given for an array, X and y must be there.

        Raises:
            ValueError: advice for a ``Logistic``, which knows no table, or an entry that is not there.
        """
        if self.design is None:
            arguments.refuse("source", self.model, "a table, a pair (X, y) or a Design, to have something to load")
        pick = self._chosen(family, batch)
        if not np.isfinite(pick.steps):
            arguments.refuse("batch", pick.batch, "one at which the target is reached")
        return script(FAMILIES[pick.family].word, round(pick.batch), max(int(np.ceil(pick.steps)), 1), self.design.recipe,
                      pick.line, "logistic")

    def to_dict(self) -> dict[str, Any]:
        """The advice as plain numbers, lists and texts, as JSON takes them."""
        return {**super().to_dict(), "loss": "logistic"}

    def sentences(self) -> list[str]:
        """The advice, a list of sentences; what loading decided about the table comes first."""
        H, model = self.inputs.spectrum, self.model
        ridge = f" with ridge {given(model.ridge)}" if model.ridge else ""
        said = [] if self.design is None else list(self.design.notes)
        said.append(f"{model.name}, logistic regression{ridge}: {given(model.rows.shape[1])} weights; at the solution κ = "
                    f"{three(self.inputs.kappa)}, tr/L = {three(H.trace / H.largest)}, loss {three(model.least)}.")
        goal = (f"To bring the excess loss to {percent(self.target)} of its start, that is the loss from {three(np.log(2))} to "
                f"{three(model.least + self.target * model.excess)}")
        if self.best is None:
            return [*said, f"{goal}: no method tried gets there in the steps that were looked at; larger batches, a "
                    "milder target or a larger ridge would help."]
        pick = self.pick
        low, high = pick.interval or (np.nan, np.nan)
        said.append(f"{goal}, take {FAMILIES[pick.family].word} at batch {given(pick.batch)}: {count(pick.steps)} steps, "
                    f"{three(pick.samples / len(model.rows))} epochs.")
        said.append(f"The steps are a forecast, in shuffled epochs of {len(model.rows)} rows, with curvature and noise "
                    f"measured again as training goes; {count(low)} to {count(high)} are likely (nine in ten cases of the "
                    "benchmark).")
        said.append(f"In PyTorch, with BCEWithLogitsLoss, labels 0 and 1 and all weights 0 at the start: {pick.line}.")
        return [*said, *self._scaling(), "Learning rates are for standardised columns and the loss averaged over the batch."]


def advise_logistic(source: Any, target: float = 0.01, ridge: float = 0.0, batches: ArrayLike | None = None,
                    families: Sequence[str] | None = None, *, labels: Any = None,
                    objective: Literal["steps", "samples", "time"] = "steps", overhead: float | None = None) -> LogisticAdvice:
    r"""Tuned methods, forecast steps and critical batches for logistic regression, trained from zero in shuffled epochs.

    $$ T_B = \min\{t : E L(w_t) - L(w_*) \le \text{target}\,(L(0) - L(w_*))\} \tag{logistic-advice} $$

    Args:
        source: a ``Design`` with labels of two values; a pair ``(X, y)``, an array, a table, a path or the name of a data
            set, as ``load``; or a ``Logistic``. At most a million entries; beyond some 100,000 pass a random part of the
            rows, else small batches count as never there.
        target: share of the excess loss at the start to reach, from 1e-9 to below 1.
        ridge: weight decay r >= 0 (for a ``Logistic``: its own). It must be positive where a plane separates the classes.
        batches: whole batch sizes up to n, in increasing order; by default powers of four from 4 on, and n.
        families: names out of ``mombook.FAMILIES``; by default the book's four.
        labels: of a table that is not loaded yet: an array of two values, or the name of a column.
        objective, overhead: as ``advise``.

    Returns:
        ``LogisticAdvice``. Its time grows with n d and with the steps; a race takes some seconds at most.

    Raises:
        ValueError: an argument of the wrong kind or out of range, labels of one value or of more than two, or classes that
            can be separated without a ridge.

    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> found = advise_logistic((X, X[:, 0] + rng.normal(size=200) > 0), batches=[20, 200], families=["sgd"])
    >>> found.pick.family, found.pick.batch, bool(found.pick.steps < 2)
    ('sgd', 200.0, True)
    """
    families = list(FAMILIES) if families is None else arguments.words("families", families, FAMILIES)
    target = arguments.number("target", target, low=LEAST, below=1.0)
    objective = arguments.choice("objective", objective, OBJECTIVES)
    if objective == "time" or overhead is not None:
        overhead = arguments.number("overhead", overhead, low=0.0, allowed="a number of samples >= 0 for objective='time'")
    design, model = _problem(source, labels, ridge)
    if model.rows.size > LARGEST:
        arguments.refuse("source", model, f"a table of at most {LARGEST:,} entries; a random part of the rows will do")
    batches = _batches(batches, len(model.rows))
    goal = target * model.excess
    inputs, noise, late = _on_rows(model.design, model.ridge, families, batches, goal)
    *_, early = _on_rows(model.gauss_newton(0 * model.solution), model.ridge, families, batches, goal)
    methods: dict[str, list[Method]] = {}
    steps: dict[str, Floats] = {}
    for family in sorted(families, key=lambda f: known(f).row[1]):      # ASGD last: it can be what the others are
        won = [_raced(model, family, [late[family][i], early[family][i]], [m[i] for m in methods.values()], int(B), goal)
               for i, B in enumerate(batches)]
        methods[family], steps[family] = [m for m, _ in won], np.array([t for _, t in won])
    return LogisticAdvice(inputs, batches, target, noise, methods, steps, design, "half", objective, overhead or 0.0,
                          len(model.rows), model=model)


def _problem(source, labels, ridge):
    """The design, if there is one, and the model."""
    if isinstance(source, tuple) and len(source) == 2 and labels is None:
        source, labels = source
    elif labels is not None and isinstance(source, (tuple, Design, Logistic)):
        arguments.refuse("labels", labels, "None for a source that has its own")
    if isinstance(source, Logistic):
        if ridge:
            arguments.refuse("ridge", ridge, "0 for a Logistic, which has its own")
        return None, source
    design = source if isinstance(source, Design) else load(source, labels)
    return design, Logistic.of(design, ridge)


def _batches(batches, n):
    if batches is None:
        return np.unique(np.append(4.0 ** np.arange(1, np.log(max(n - 1, 4)) / np.log(4) + 1e-9), n))
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    if np.any(np.diff(batches) <= 0) or np.any(batches != np.rint(batches)) or batches[-1] > n:
        arguments.refuse("batches", batches.tolist(), f"whole, in increasing order and at most the {n} rows of an epoch")
    return batches


def _on_rows(design, ridge, families, batches, goal):
    """The inputs and the noise of Gauss-Newton rows, and the methods that are tuned for these rows alone."""
    inputs, noise = Inputs.of(design, ridge), float(np.sqrt(np.mean(design.residuals(ridge) ** 2)))
    start, rows = design.solution(ridge) ** 2, design.shape[0]
    return inputs, noise, tune_for(inputs, families, batches, goal, noise, start, True, rows)[0]


# -- the race ---------------------------------------------------------------------------------------------------------
def _raced(model, family, candidates, others, batch, goal):
    """The fastest method about the candidates, with and without momentum, or about those of other families; and its steps."""
    tried = [moved(family, method, scale, memory) for method in candidates for scale in SCALES
             for memory in (1.0, 1 / (1 - method.beta))] + [moved(family, method, 1.0, 1.0) for method in others]
    found, steps = first_there(model, list(dict.fromkeys(tried)), batch, MARGIN * goal)
    if found is None:
        return candidates[0], np.inf
    for _ in range(CLIMBS):
        near, before = [moved(family, found, scale, memory) for scale in (0.7, 1.0, 1.4) for memory in MEMORIES], steps
        found, steps = first_there(model, list(dict.fromkeys([found, *near])), batch, MARGIN * goal)
        if steps > SETTLED * before:
            break
    return first_there(model, [found], batch, goal)


def first_there(model: Logistic, methods: Sequence[Method], batch: int, goal: float) -> tuple[Method | None, float]:
    """The method whose expected excess loss is first at a goal, and its steps, log-linear between whole steps.

    Args:
        model: a ``Logistic``; methods: those that race; batch: from 1 to n; goal: an excess loss > 0.

    Returns:
        ``(None, inf)`` where none gets there within ``WORK``.
    """
    before, least, check = None, np.inf, max(256, 2 * len(model.rows) // batch)
    limit = int(WORK / (model.rows.size * len(methods) + OVERHEAD))
    for t, now in enumerate(excesses(model, list(methods), batch)):
        if now.min() <= goal:
            if before is None:
                return methods[0], 0.0
            there = np.flatnonzero(now <= goal)
            late = np.log(before[there] / goal) / np.log(before[there] / np.maximum(now[there], 1e-300))
            k = int(np.argmin(late))
            return methods[there[k]], t - 1 + float(late[k])
        if t == check:
            if now.min() > HOPELESS * least:
                break
            least, check = now.min(), 2 * check
        if t >= limit:
            break
        before = now
    return None, np.inf


def moved(family: str, method: Method, scale: float, memory: float) -> Method:
    """The method of a family with ``scale`` times the long-run step of this one, and ``memory`` times its 1 - beta.

    >>> moved("heavy_ball", Method.heavy_ball(0.125, 0.75), 2.0, 0.5)
    Method(delta=0.0, eta=0.125, beta=0.875)
    """
    a, own, b, c, free, _ = known(family).row
    beta = max(1 - (1 - method.beta) * memory, 0.0) if free else method.beta
    if own:
        return Method(method.delta * scale, method.eta * scale * (1 - beta) / (1 - method.beta), beta)
    lr = scale * method.long_run_step / (a + (b + c * beta) / (1 - beta))
    return Method(a * lr, (b + c * beta) * lr, beta)
