"""The question a practitioner brings: for my problem, which method, which momentum, how large a batch?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..data.fourth_moments import Inputs
from ..data.loading import load
from ..model.design import Design
from ..model.family import FAMILIES
from ..model.method import LOSSES, Method
from ..model.spectrum import Spectrum
from ..prose import percent, three
from ..tuning.steps import steps_needed, tune_batches, whole_epochs
from .advice import Advice, Pick, count
from .finalists import again, on_rows, trained, work_on_rows
from .ladders import ladders
from .programs import line

__all__ = ["Advice", "Pick", "advise", "count", "line", "merged", "steps_of", "tune_for"]

OBJECTIVES = ("steps", "samples", "time")
TARGETS = ("excess risk", "loss", "held-out loss")

CLEAN = 1e-9
"""Residuals below this share of the labels are rounding."""

WORK = 3e9
"""Multiplications that the check of a recommendation on the rows' own moments may take."""

HALVINGS, TRIES = 4, 16
"""A recommendation that comes late on the rows' moments is given half its steps so many times, then another is tried; and how
many tries there may be in all."""

SHORTENED = ("On the rows' own moments the first choice came late or diverged, so its steps were shortened: the noise factor "
             "does not do these rows justice. Clip or whiten them, or take larger batches.")


def advise(source: Any, target: float = 0.01, noise: float | Literal["labels"] | None = None, ridge: float = 0.0,
           batches: ArrayLike | None = None, families: Sequence[str] | None = None, start: ArrayLike | None = None, *,
           labels: Any = None, target_is: Literal["excess risk", "loss", "held-out loss"] = "excess risk",
           loss: Literal["mse", "half"] = "mse", objective: Literal["steps", "samples", "time"] = "steps",
           overhead: float | None = None, draws: Literal["epochs", "replacement"] | None = None,
           critical: Literal["measured", "forecast"] = "measured") -> Advice:
    r"""Tuned methods, expected steps and critical batches for a problem.

    $$ T_B = \min\{t : E R_t \le \text{target} \cdot R_0\}, \qquad B\,T_B = 2\,T_1 \text{ at the critical batch}
       \tag{advice} $$

    Every family is tuned at every batch for the steps it takes (``tuning.steps``). With labels and epochs, the best at each
    batch is then trained on the rows, and one of these is named, with the steps of a second training (``finalists``). It is run
    on the exact moments of the rows; if it is late, another is named, or its steps are shortened. At last every family is
    trained at one batch after the other, until samples have doubled (``ladders``). Each is done where it takes a second or two.

    Args:
        source: a ``Design``; a pair ``(X, y)``, an array, a table, a path or the name of a data set, as ``load``; a
            ``Spectrum`` (Gaussian inputs); or ``fourth_moments.Inputs``.
        target: share of the initial excess risk to reach, in (0, 1); or what ``target_is`` says.
        noise: standard deviation of the label noise; ``"labels"``: that of the residuals of a ``Design`` with labels; by
            default the latter where there are labels, and 0 elsewhere.
        ridge: weight decay >= 0 (for ``Inputs``: theirs).
        batches: batch sizes in increasing order; by default powers of two, up to n or past heavy ball's critical batch.
        families: names out of ``mombook.FAMILIES``; by default the book's four.
        start: E e_i^2 at the start, one number or one for each eigenvalue; by default that of training from zero where
            there are labels, and 1 where there are none.
        labels: of a table that is not loaded yet: an array, or the name of a column.
        target_is: ``"excess risk"``; ``"loss"``: the loss on all rows, in the labels' own units and the convention of ``loss``;
            ``"held-out loss"``: that on new rows, estimated by leaving one out. For linear labels with noise of one size
            the excess risk that is asked for then is at most what is needed. Both without ridge.
        loss: what the lines of PyTorch belong to: ``"mse"``, the mean of (y - x.w)^2, or ``"half"`` of it.
        objective: ``"steps"``: the fewest, at no more than twice the fewest samples (one and a half times, where finalists were
            trained); ``"samples"``: the fewest; ``"time"``: the least, where a step takes as long as ``overhead`` samples and
            one for each sample of its batch.
        overhead: for ``"time"``: what a step costs besides its samples, in samples.
        draws: ``"epochs"``: rows are shuffled and their labels stay; ``"replacement"``: every sample is drawn afresh, with
            noise of its own. By default epochs where the noise is that of the labels.
        critical: ``"measured"``: critical batches by true runs, where there can be some; ``"forecast"``: by theory, which takes
            no time.

    Returns:
        ``Advice``.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> print(advise(Spectrum.flat(10), families=["sgd"], batches=[1, 2, 4, 8]).sentences()[1])
    To bring the excess risk to 1 % of its start, take SGD at batch 8: 8.43 steps.
    """
    families = [*FAMILIES] if families is None else arguments.words("families", families, FAMILIES)
    loss = arguments.choice("loss", loss, tuple(LOSSES))
    objective = arguments.choice("objective", objective, OBJECTIVES)
    target_is = arguments.choice("target_is", target_is, TARGETS)
    if objective == "time" or overhead is not None:
        overhead = arguments.number("overhead", overhead, low=0.0, allowed="a number of samples >= 0 for objective='time'")
    target = arguments.number("target", target, above=0.0, below=1.0 if target_is == "excess risk" else None)
    design, inputs = _problem(source, labels, ridge)
    labelled = design if design is not None and design.labels is not None else None
    own = noise is None or isinstance(noise, str)
    critical = arguments.choice("critical", critical, ("measured", "forecast"))
    draws, noise = _draws(draws, noise, design), _noise(noise, labelled, inputs.ridge)
    start = _start(start, labelled, inputs)
    share, told = _share(target, target_is, loss, labelled, inputs, start)
    if not inputs.initial_risk(start) * share >= arguments.TINY:
        arguments.refuse("start", start, "positive somewhere, so that there is a risk to reduce")
    rows = design.shape[0] if design is not None and draws == "epochs" else None
    batches = _batches(batches, design, inputs, rows)
    methods, steps = tune_for(inputs, families, batches, share * inputs.initial_risk(start), noise, start, rows=rows)
    advice = Advice(inputs, batches, share, noise, methods, steps, design, loss, objective, overhead or 0.0, rows, told)
    if labelled is None:
        return advice
    first, visible = _first_error(start, labelled, inputs), _labels(own)
    if rows is None or not (own or not noise):
        return _checked(advice, first)
    advice = _checked(replace(advice, measured=trained(advice, first, visible)), first, visible)
    return replace(advice, ladders=ladders(advice, first, visible)) if critical == "measured" else advice


# -- the question -----------------------------------------------------------------------------------------------------
def _problem(source, labels, ridge):
    """The design, if there is one, and what theory is told of it."""
    if isinstance(source, (Design, Inputs, Spectrum)):
        if labels is not None:
            arguments.refuse("labels", labels, "None for a source that is no table")
        if isinstance(source, Design):
            return source, Inputs.of(source, ridge)
        return None, source if isinstance(source, Inputs) else Inputs(source, ridge=ridge)
    if isinstance(source, tuple) and len(source) == 2:
        if labels is not None:
            arguments.refuse("labels", labels, "None where source is a pair (X, y)")
        source, labels = source
    design = load(source, labels)
    return design, Inputs.of(design, ridge)


def _draws(draws, noise, design):
    if draws is not None:
        draws = arguments.choice("draws", draws, ("epochs", "replacement"))
        if draws == "epochs" and design is None:
            arguments.refuse("draws", draws, "'replacement' where there are no rows to shuffle")
        return draws
    return "epochs" if design is not None and design.labels is not None and noise in (None, "labels") else "replacement"


def _noise(noise, labelled, ridge):
    """The standard deviation of the label noise."""
    if labelled is not None and (noise is None or (isinstance(noise, str) and noise == "labels")):
        left, whole = (float(np.sqrt(np.mean(v**2))) for v in (labelled.residuals(ridge), labelled.labels))
        return left if left > CLEAN * whole else 0.0
    return arguments.number("noise", 0.0 if noise is None else noise, low=0.0,
                            allowed="a finite number >= 0, or 'labels' for a design with labels")


def _labels(own: bool) -> float | Literal["labels"]:
    """The noise of runs on the rows: the labels as they are, or none."""
    return "labels" if own else 0.0


def _start(start, labelled, inputs):
    if start is None:
        start = 1.0 if labelled is None else labelled.solution(inputs.ridge) ** 2
    return arguments.each("start", start, 0.0, inputs.share.shape)


def _batches(batches, design, inputs, rows):
    if batches is None:
        last = design.shape[0] if design is not None else 4 * inputs.critical_batches(["heavy_ball"])["heavy_ball"]
        batches = 2.0 ** np.arange(1 + int(np.clip(np.log2(last), 1, 20)))
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    if np.any(np.diff(batches) <= 0):
        arguments.refuse("batches", batches, "in increasing order")
    if rows is not None and batches[-1] > rows:
        arguments.refuse("batches", batches, f"at most the {rows} rows of an epoch, or draws='replacement'")
    return batches


def _share(target, target_is, loss, labelled, inputs, start):
    """The target as a share of the initial excess risk, and sentences about it."""
    if target_is == "excess risk":
        return target, ()
    if labelled is None or inputs.ridge:
        arguments.refuse("target_is", target_is, "'excess risk' where there are no labels, or with a ridge")
    unit = labelled.label_scale**2 / LOSSES[loss] / 2                   # of the loss, per (standardised) excess risk
    residuals, first = labelled.residuals(), inputs.initial_risk(start)
    if target_is == "held-out loss":
        rows = labelled.rows @ labelled.axes
        leverage = (rows**2 / labelled.eigenvalues).sum(axis=1) / len(rows)
        residuals = residuals / np.maximum(1 - leverage, 1e-9)          # leaving that row out, exactly
    least = float(np.mean(residuals**2)) * unit
    highest = least + 2 * unit * first
    if not least < target < highest:
        ends = f"{least:.4g}, the {target_is} at the solution, and {highest:.4g}, that at the start"
        arguments.refuse("target", target, f"between {ends}")
    share = (target - least) / (highest - least)
    return share, (f"A {target_is} of {three(target)} is an excess risk of {percent(share)} of its start; the solution has "
                   f"{three(least)}.",)


# -- the search -------------------------------------------------------------------------------------------------------
def tune_for(inputs: Inputs, families: Sequence[str], batches: Floats, target: float, noise: float, start: Any,
             quick: bool = False, rows: int | None = None) -> tuple[dict[str, list[Method]], dict[str, Floats]]:
    """The search behind ``advise``, without its checks: family -> best methods, family -> their steps, over batches.

    ``target`` is a risk; ``quick`` and ``rows`` are those of ``tuning.steps.tune_batches``.
    """
    H, kurtosis = inputs.engine
    return tune_batches(H, families, batches, target * inputs.factor, noise, inputs._start(start), kurtosis, rows, quick)


def _needed(inputs, method, batch, target, noise, start, rows):
    """Steps of one method, as ``tune_for`` counts them."""
    if rows is None:
        return inputs.steps_to(method, batch, target, noise, start)
    H, kurtosis = inputs.engine
    return steps_needed(H, method, batch, target * inputs.factor, noise, inputs._start(start), kurtosis, rows)


def steps_of(design: Design, method: Method, batch: int, target: float = 0.01, ridge: float = 0.0) -> float:
    """Steps of a method of one's own to the target, as ``advise`` counts them: from zero, in shuffled epochs, the labels'
    noise included.

    Args:
        design: a ``Design`` with labels; method: any ``Method``, for gradients of (1/2)(y - x.w)^2.
        batch: rows in a batch, at most n; target: share of the initial excess risk; ridge: weight decay.

    Returns:
        Expected steps, with label noise whole epochs past the first; ``inf``: not reached.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> round(steps_of(Design(X, X @ [1.0, 2.0]), Method.sgd(0.5), 10, 1e-3))
    6
    """
    design, method = arguments.instance("design", design, Design), arguments.instance("method", method, Method)
    if design.labels is None:
        arguments.refuse("design", design.name, "one with labels")
    batch = arguments.whole("batch", batch, low=1, high=design.shape[0])
    target = arguments.number("target", target, above=0.0, below=1.0)
    inputs = Inputs.of(design, ridge)
    start = design.solution(inputs.ridge) ** 2
    goal, noise, rows = target * inputs.initial_risk(start), _noise("labels", design, inputs.ridge), design.shape[0]
    return float(whole_epochs(_needed(inputs, method, batch, goal, noise, start, rows), batch, rows if noise else None))


def merged(inputs: Inputs, start: ArrayLike, ratio: float) -> tuple[Inputs, Floats]:
    """Coarser inputs and start: eigenvalues within a factor ``ratio`` become one, of their mean, with their initial risk."""
    H = inputs.spectrum
    lam, n, s = H.eigenvalues, H.counts, np.broadcast_to(start, H.eigenvalues.shape)
    group = np.floor(np.log(lam[0] / lam) / np.log(ratio) + 1e-9)
    group[0], group[-1] = -0.5, group[-1] + 0.5                         # the ends limit step and pace: kept as they are
    first = np.flatnonzero(np.diff(group, prepend=-1.0))
    total = lambda v: np.add.reduceat(v, first)  # noqa: E731
    number = total(n)
    mean = total(n * lam) / number
    return replace(inputs, spectrum=Spectrum(mean, number, H.name)), total(n * lam * s) / (number * mean)


# -- the check --------------------------------------------------------------------------------------------------------
def _checked(advice, first, noise=0.0):
    """The advice with its recommendation trained again and run on the exact moments of the rows; mended where it is late."""
    methods, steps, halved = {f: list(m) for f, m in advice.methods.items()}, {f: t.copy() for f, t in advice.steps.items()}, {}
    now = replace(advice, methods=methods, steps=steps, measured=dict(advice.measured))         # mended in place
    for _ in range(TRIES):
        if now.best is None:
            break
        (family, i), pick = now.best, now.pick
        if pick.certainty == "measured":
            pick = again(now, pick, first, noise)
            if pick is None:
                del now.measured[family, i]
                continue
            now.measured[family, i] = pick
            now = replace(now, choice=(family, i))
        if pick.batch != round(pick.batch) or work_on_rows(now, pick.steps) > WORK:
            break
        curve, length = on_rows(now, pick.method, round(pick.batch), pick.steps, first), int(np.ceil(pick.steps))
        there = np.flatnonzero(curve <= advice.target)
        if curve[length] <= 1.02 * advice.target or (there.size and pick.certainty == "measured"):
            return replace(now, checked={"share": float(curve[length])})
        if pick.certainty == "measured":
            del now.measured[family, i]
            continue
        if there.size:                                                  # later than was forecast, but not by much
            steps[family][i] = there[0]
            continue
        now = replace(now, told=(*advice.told, SHORTENED))
        halved[family, i] = halved.get((family, i), 0) + 1
        methods[family][i] = Method(pick.method.delta / 2, pick.method.eta / 2, pick.method.beta)
        steps[family][i] = np.inf if halved[family, i] > HALVINGS else _needed(
            advice.inputs, methods[family][i], pick.batch, advice.target * advice.inputs.initial_risk(first**2), advice.noise,
            first**2, advice.rows)
    return now


def _first_error(start, design, inputs):
    """An error of these squares, on the side of zero."""
    return np.where(design.solution(inputs.ridge) > 0, -1.0, 1.0) * np.sqrt(start)
