"""Panel ``typical``: the exact mean and its rate."""

import numpy as np

import mombook as mb

from . import sgd
from .common import SIMULATED, gap, literal, named, places, same


def chosen(c):
    """SGD at the share of its limit."""
    return mb.Method.sgd(c.s["share"] * sgd.limit(c.H, c.batch))


def rates(c):
    """The rate of the mean over the best rate, at learning rates in units of the limit."""
    x, y = c["rate of the mean"]
    limit, best = sgd.limit(c.H, c.batch), -np.log1p(-gap(c.H, "sgd", c.batch))
    for k in places(x, 5):
        alone = -np.log1p(-mb.contraction_gap(c.H, mb.Method.sgd(x[k] * limit), c.batch)) / best
        same(y[k], alone, rtol=5e-3, atol=5e-3)                         # in units of the best rate, itself tuned


def upright(c):
    """The slider's share of the limit."""
    x, y = c["chosen"]
    same(x, [c.s["share"]] * 2)
    assert y[0] < 0 < y[1]


def zero(c):
    """A line that stands in the empty figure already."""
    same(next(t for t in c.figure.data if t.name == "zero").y, 0)


TRACES = {"expected risk, exact": lambda c: literal(c, "expected risk, exact", c.H, chosen(c), rtol=1e-5),
          "rate of the mean": rates, "chosen": upright, "zero": zero,
          "limit": lambda c: same(c["limit"][0], [1, 1]),
          "limit name": named("limit name", lambda c: {"mean-square limit": "limit"}, 2),
          **dict.fromkeys(("80 % of runs", "mean of the runs", "median run", "typical rate"), SIMULATED)}
LEFT, RIGHT = ("steps", "risk / risk at the start"), ("learning rate / mean-square limit", "rate / best rate of the mean")
AXES = {**dict.fromkeys(("expected risk, exact", "80 % of runs", "mean of the runs", "median run"), LEFT),
        **dict.fromkeys(("rate of the mean", "chosen", "zero", "limit", "limit name", "typical rate"), RIGHT)}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    yield "mean square below η = #", sgd.limit(c.H, c.batch)
    yield "At # times the mean-square limit", c.s["share"]
    rate = -np.log1p(-mb.contraction_gap(c.H, chosen(c), c.batch))
    if abs(c.s["share"] - 1) > 1e-3:
        yield ("grows e-fold in # steps", -1 / rate) if rate < 0 else ("falls e-fold in # steps", 1 / rate)


CONSTANTS = ("above 0",)


def titles(c):
    """The same of the titles."""
    yield 0, "η = # × limit", c.s["share"]
    yield 0, "B = #", c.batch


def numbers(c):
    """The view's numbers again."""
    same([c.n["limit"], c.n["lr"]], sgd.limit(c.H, c.batch) * np.array([1, c.s["share"]]), rtol=1e-5)
    same(c.n["best"], -np.log1p(-gap(c.H, "sgd", c.batch)))
    assert c.n["steps"] == c.view.ranges["xaxis"][1]
