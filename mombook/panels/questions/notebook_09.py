"""Questions of notebook 09: what real rows do to the step and to the batch that Gaussian theory allows."""

from types import MappingProxyType

import numpy as np

from ...data.measured import kept
from ...exact.roots import root
from ...model.method import Method
from .. import style
from ..scenario import Slider
from ..style import log_axis
from ..words import three
from .question import TRUTH, Case, Curve, Placed

BATCHES = np.geomspace(1, 1e5, 31)
BLUE = style.METHODS["sgd"].color

DATA = MappingProxyType({
    "digits": Case("1797 pictures of digits, 61 pixels, standardised", lambda: kept()["digits"]),
    "wine": Case("178 wines, 13 measurements, standardised", lambda: kept()["wine"]),
})


class Step(Placed):
    """The largest learning rate at which the mean of SGD converges on real rows."""

    name = "predict_09_step"
    title = "What do real rows allow?"
    references = ("morwani2026", "ma2018")
    asks = ("SGD one row at a time. For Gaussian rows of the same covariance the expected loss shrinks by the gap drawn here, "
            "up to the ring. What is the largest stable learning rate on the true rows?")
    cases = DATA
    guess = Slider("guess", "guess η", 1e-5, 1, 1e-2, step=0.02, base=10, help="where the mean over runs stops converging")
    unit = "η = {}"
    curves = (Curve("Gaussian rows", BLUE, "8px,3px"), Curve("Gaussian limit", BLUE, marker="circle-open"),
              Curve("the true rows", BLUE, hidden=True))
    axes = (log_axis("learning rate η"), log_axis("contraction gap at batch 1"))
    window = ((-5, 0), (-8, -1))

    def known(self, facts):
        """The gap for Gaussian rows, and where it ends."""
        limit = _limit(facts.inputs(gaussian=True))
        return {"Gaussian rows": _gaps(facts.inputs(gaussian=True), limit), "Gaussian limit": {"x": [limit], "y": [1e-8]}}

    def answer(self, facts):
        """The limit, told the rows' noise factor."""
        return _limit(facts.inputs())

    def draw(self, facts, answer):
        """The gap on the rows."""
        return {"the true rows": _gaps(facts.inputs(), answer)}

    def explain(self, facts, answer):
        """The noise factor."""
        factor = facts.inputs().factor
        if factor < 1.1:
            return f"These rows are {three(factor)} times as noisy as Gaussian ones, and Gaussian theory is safe."
        return (f"These rows are {three(factor)} times as noisy as Gaussian ones of the same covariance, because a few of them "
                "are enormous. The Gaussian step is that much too long, in the mean; a typical run may not notice for long.")


class Batch(Placed):
    """SGD's critical batch on real rows."""

    name = "predict_09_batch"
    title = "Do heavy tails want larger batches?"
    references = ("morwani2026", "ma2018")
    asks = ("For Gaussian rows of the same covariance SGD's compute efficiency has halved at the ring. At which batch size has "
            "it on the true rows?")
    cases = DATA
    guess = Slider("guess", "guess B", 1, 1e5, 3000, step=0.02, base=10,
                   help="the batch at which SGD's CE has halved on the rows")
    unit = "B = {}"
    curves = (Curve("Gaussian rows", BLUE, "8px,3px"), Curve("Gaussian, halved", BLUE, marker="circle-open"),
              Curve("the true rows", BLUE, hidden=True), Curve("halved", TRUTH, marker="circle-open", hidden=True))
    axes = (log_axis("batch size B"), log_axis("compute efficiency / that of batch 1"))
    window = ((0, 5), (-3, 0.3))

    def known(self, facts):
        """The efficiency for Gaussian rows."""
        inputs = facts.inputs(gaussian=True)
        return {"Gaussian rows": _efficiency(inputs), "Gaussian, halved": {"x": [_critical(inputs)], "y": [0.5]}}

    def answer(self, facts):
        """Where the efficiency has halved, told the rows' noise factor."""
        return _critical(facts.inputs())

    def draw(self, facts, answer):
        """The efficiency on the rows."""
        return {"the true rows": _efficiency(facts.inputs()), "halved": {"x": [answer], "y": [0.5]}}

    def explain(self, facts, answer):
        """In proportion to the noise."""
        factor, grown = facts.inputs().factor, answer / _critical(facts.inputs(gaussian=True))
        return (f"The rows have {three(factor)} times the noise of Gaussian ones, and {three(grown)} times their critical "
                "batch: a batch pays as long as noise, and not curvature, limits the step.")


def _limit(inputs):
    def gap(log_lr):
        return inputs.gap(Method.sgd(np.exp(log_lr)), 1)

    return float(np.exp(root(gap, np.log(1e-5), np.log(2.0), xtol=1e-8)))


def _gaps(inputs, limit):
    rates = limit * np.concatenate([np.geomspace(1e-3, 0.7, 25), 1 - np.geomspace(0.27, 1e-3, 15)])
    gaps = np.array([inputs.gap(Method.sgd(lr), 1) for lr in rates])
    keep = (gaps > 1e-8) & (rates > 1e-5)
    return {"x": rates[keep], "y": gaps[keep]}


def _efficiency(inputs):
    f = inputs.frontier(["sgd"], BATCHES)["sgd"]
    share = f.ce / f.ce[0]
    return {"x": BATCHES[share > 1e-3], "y": share[share > 1e-3]}


def _critical(inputs):
    first = inputs.frontier(["sgd"], [1.0])["sgd"].ce[0]

    def left(log_batch):
        return np.log(inputs.frontier(["sgd"], [np.exp(log_batch)])["sgd"].ce[0] / first) - np.log(0.5)

    return float(np.exp(root(left, 0.0, np.log(1e6), xtol=1e-6)))
