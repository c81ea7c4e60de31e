"""Panel ``sgd``: every point of the three plots from the engine's single-method functions."""

import numpy as np

import mombook as mb

from .common import SIMULATED, gap, literal, named, places, rate, same, tuned, upright


def limit(H, B):
    """The largest stable learning rate, by bisection on the sign of the gap."""
    low, high = 0.0, 4 / H.largest
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if mb.is_stable(H, mb.Method.sgd(middle), B) else (low, middle)
    return low


def gaps(name, factor):
    """A gap curve at so many times the chosen batch."""
    def check(c):
        x, y = c[name]
        B = factor * c.batch
        assert c.whole(name, "visible") == (B >= 1) if "visible" in c.view.traces[name] else B >= 1
        foot = 10.0 ** c.view.ranges["yaxis"][0]
        for k in places(x[:-1], 4):
            same(y[k], mb.contraction_gap(c.H, mb.Method.sgd(x[k]), B), rtol=1e-6)
        if len(x):                                                      # drawn down to the axis at the limit
            same([x[-1], y[-1]], [limit(c.H, B), foot], rtol=1e-3)
    return check


def point(name, lr):
    """One learning rate and its gap."""
    def check(c):
        x, y = c[name]
        same(x, [lr(c)], rtol=1e-4)
        same(y, [mb.contraction_gap(c.H, mb.Method.sgd(x[0]), c.batch)], rtol=1e-6)
    return check


def scaling(c):
    """A gap that grows like the batch, from batch 1."""
    x, y = c["perfect scaling"]
    assert x[0] == 1
    same(y, gap(c.H, "sgd", 1) * x)


def bound(name, kind):
    """One side of T1."""
    def check(c):
        x, y = c[name]
        same(y, mb.bounds.sgd_gap(c.H, x, kind).value, rtol=1e-9)
    return check


def best(c):
    """The best gap at every batch."""
    x, y = c["tuned gap"]
    same([x[0], x[-1]], [1, 1e6])
    k = places(x, 4)
    same(y[k], gap(c.H, "sgd", x[k]), rtol=c.tolerance(1e-6, 1e-3))


def critical(c):
    """Where the compute efficiency has halved, on the curve of best gaps."""
    x, y = c["critical batch"]
    assert c.whole("critical batch", "visible") == (c.n["critical"] < 1e6)
    if c.n["critical"] < 1e6:
        same(rate(c.H, "sgd", x[0]) / x[0] / rate(c.H, "sgd", 1), 0.5, rtol=c.tolerance(1e-4, 5e-2))
        same(y, [gap(c.H, "sgd", x[0])], rtol=c.tolerance(1e-2, 0.1))


TRACES = {"SGD, exact": gaps("SGD, exact", 1), "at 4B": gaps("at 4B", 4), "at B/4": gaps("at B/4", 0.25),
          "stability limit": lambda c: upright(c, "stability limit", limit(c.H, c.batch), "yaxis", 0.1),
          "limit name": named("limit name", lambda c: {"limit": "stability limit"}),
          "batch names": named("batch names", lambda c: {"tr/L": "bend", "B": "chosen batch"}, 2),
          "η of T1": point("η of T1", lambda c: mb.bounds.sgd_gap(c.H, c.batch, "lower").method.delta),
          "best η": point("best η", lambda c: tuned(c.H, "sgd", float(c.batch)).method.delta),
          "η of the slider": point("η of the slider", lambda c: c.s["share"] * limit(c.H, c.batch)),
          "perfect scaling": scaling, "bounds of T1": bound("bounds of T1", "upper"),
          "bounds of T1, lower": bound("bounds of T1, lower", "lower"), "tuned gap": best,
          "bend": lambda c: upright(c, "bend", c.H.trace / c.H.largest, ends=0.2),
          "chosen batch": lambda c: upright(c, "chosen batch", c.batch, ends=0.2), "critical batch": critical,
          "expected": lambda c: literal(c, "expected", c.H, mb.Method.sgd(c.s["share"] * limit(c.H, c.batch)), rtol=1e-5),
          "simulated": SIMULATED, "80 % of runs": SIMULATED}

LEFT, MIDDLE, RIGHT = (("learning rate η", "contraction gap"), ("batch size B", "gap at the best η"),
                       ("steps", "risk / risk at the start"))
AXES = {**dict.fromkeys(("SGD, exact", "at 4B", "at B/4", "stability limit", "limit name", "η of T1", "best η",
                         "η of the slider"), LEFT),
        **dict.fromkeys(("perfect scaling", "bounds of T1", "bounds of T1, lower", "tuned gap", "bend", "chosen batch",
                         "batch names", "critical batch"), MIDDLE),
        **dict.fromkeys(("expected", "simulated", "80 % of runs"), RIGHT)}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    lr = limit(c.H, c.batch)
    best_gap = gap(c.H, "sgd", c.batch)
    yield "stable below η = #", lr
    yield "best η, #", tuned(c.H, "sgd", float(c.batch)).method.delta
    yield "has gap #", best_gap
    yield "T1: between #", mb.bounds.sgd_gap(c.H, c.batch, "lower").value
    yield r"T1: between .*? and #\)", mb.bounds.sgd_gap(c.H, c.batch).value
    yield "reaches # % of perfect", 100 * best_gap / (c.batch * gap(c.H, "sgd", 1))
    yield "tr/L = #", c.H.trace / c.H.largest
    if c.n["critical"] < 1e12:
        yield "halved at B = #", c.n["critical"]
    yield "At # of the limit", c.s["share"]
    yield "of the limit the gap is #", mb.contraction_gap(c.H, mb.Method.sgd(c.s["share"] * lr), c.batch)


def titles(c):
    """The same of the titles."""
    yield 0, "B = #", c.batch
    yield 2, "η = #", c.s["share"] * limit(c.H, c.batch)


def lamps(c):
    """Which bounds hold."""
    return [mb.bounds.sgd_gap(c.H, c.batch).value < 1]


def numbers(c):
    """The view's numbers again."""
    lr = limit(c.H, c.batch)
    same([c.n["limit"], c.n["lr"]], [lr, c.s["share"] * lr], rtol=1e-5)
    same(c.n["scaling"], gap(c.H, "sgd", c.batch) / gap(c.H, "sgd", 1) / c.batch)
    same(c.n["bend"], c.H.trace / c.H.largest)
    assert np.isfinite(c.n["gap"])
