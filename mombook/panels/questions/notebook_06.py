"""Questions of notebook 06: how far runs converge beyond the limit of the mean, and how many runs a mean takes."""

from types import MappingProxyType

import numpy as np

from ...exact import one_weight
from .. import style
from ..scenario import Slider
from ..style import axis, log_axis
from ..words import three
from .question import TRUTH, Case, Curve, Placed

RATES = np.geomspace(0.05, 20, 61)
STEPS, PRECISION, LR = 20, 0.05, 0.5
"""Horizon, relative standard error and learning rate of the second question."""


class Beyond(Placed):
    """The learning rate at which single runs stop converging."""

    name = "predict_06_limit"
    title = "How far beyond the limit do runs converge?"
    references = ("furstenberg1960", "gurbuzbalaban2021")
    asks = ("One weight under SGD. Where the line crosses zero the expected risk stops shrinking: the mean-square limit. "
            "At which learning rate does a typical run stop converging?")
    cases = MappingProxyType({
        "1": Case("one weight, λ = 1, B = 1", lambda: 1),
        "16": Case("one weight, λ = 1, B = 16", lambda: 16),
    })
    guess = Slider("guess", "guess η", 0.05, 20, 0.1, step=0.01, base=10, help="where almost every run stops converging")
    unit = "η = {}"
    curves = (Curve("zero", style.MUTED), Curve("rate of the mean, exact", "#E69F00"),
              Curve("mean-square limit", "#E69F00", marker="circle-open"),
              Curve("rate of a typical run, exact", style.METHODS["sgd"].color, hidden=True))
    axes = (log_axis("learning rate η"), axis("e-folds of the risk lost per step", autorange=False))
    window = ((np.log10(0.05), np.log10(20)), (-3, 4))

    def known(self, batch):
        """The rate of the mean, and its zero."""
        rate = np.array([one_weight.mean_rate(lr, batch) for lr in RATES])
        keep = rate > -3
        return {"zero": {"x": RATES[[0, -1]], "y": [0, 0]}, "rate of the mean, exact": {"x": RATES[keep], "y": rate[keep]},
                "mean-square limit": {"x": [2 * batch / (batch + 2)], "y": [0]}}

    def answer(self, batch):
        """The zero of the typical rate."""
        return one_weight.typical_limit(batch)

    def draw(self, batch, answer):
        """The typical rate."""
        rate = np.array([one_weight.typical_rate(lr, batch) for lr in RATES])
        keep = (rate > -3) & (rate < 4)
        return {"rate of a typical run, exact": {"x": RATES[keep], "y": rate[keep]}}

    def explain(self, batch, answer):
        """The interval between the two."""
        limit = 2 * batch / (batch + 2)
        return (f"The mean-square limit is η = {three(limit)}; runs converge up to {three(answer / limit)} times that. In "
                "between the mean grows without bound although almost every run goes to zero: rare runs carry it. A larger "
                "batch leaves less room for them.")


class Runs(Placed):
    """How many runs an average needs."""

    name = "predict_06_runs"
    title = "How many runs does a mean take?"
    references = ("furstenberg1960", "gurbuzbalaban2021")
    asks = ("One weight, η = 0.5: the number of runs whose average knows the expected risk to 5 %, for one, two and three "
            "steps. How many runs does it take for 20 steps?")
    cases = MappingProxyType({
        "1": Case("one weight, λ = 1, η = 0.5, B = 1", lambda: 1),
        "64": Case("one weight, λ = 1, η = 0.5, B = 64", lambda: 64),
    })
    guess = Slider("guess", "runs", 1, 1e18, 1e5, step=0.05, base=10, help="runs for a relative standard error of 5 %")
    along, unit = "y", "{} runs"
    curves = (Curve("known", style.METHODS["sgd"].color, marker="circle"),
              Curve("exact", style.METHODS["sgd"].color, hidden=True),
              Curve("after 20 steps", TRUTH, marker="circle-open", hidden=True))
    axes = (axis("steps", autorange=False), axis("runs needed", type="log", dtick=3, autorange=False))
    window = ((0, 21), (0, 18))

    def known(self, batch):
        """The first three steps."""
        return {"known": {"x": [1, 2, 3], "y": [_needed(batch, t) for t in (1, 2, 3)]}}

    def answer(self, batch):
        """The closed form at the horizon."""
        return _needed(batch, STEPS)

    def draw(self, batch, answer):
        """Every step up to there."""
        t = np.arange(1, STEPS + 1)
        return {"exact": {"x": t, "y": [_needed(batch, k) for k in t]}, "after 20 steps": {"x": [STEPS], "y": [answer]}}

    def explain(self, batch, answer):
        """Exponential in the horizon."""
        factor = _needed(batch, STEPS) / _needed(batch, STEPS - 1)
        return (f"Each further step multiplies the number by {three(factor)} in the end: exponential in the horizon, whatever "
                "the batch. So an average of runs says little about a long expected curve; the exact one has to be computed.")


def _needed(batch, steps):
    return one_weight.runs_needed(LR, batch, int(steps), PRECISION)
