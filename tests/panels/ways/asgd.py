"""Panel ``asgd``: efficiencies, bounds, regimes and what a doubled batch trades, of methods tuned at a few batches."""

import numpy as np
import scipy

import mombook as mb
from mombook.panels import style

from .common import YOURS, converges, gap, law, looks, named, own_rate, places, rate, same, shares, unit, within
from .common import spectra as bins

FAMILIES = {"heavy_ball": "heavy ball", "nesterov": "Nesterov", "asgd": "ASGD"}
LEAST_APART = 1e-4
"""Closer than this two efficiencies are drawn as this far apart."""


def efficiency(family):
    """E-folds per sample in units of mu / tr H."""
    def check(c):
        x, y = c[FAMILIES[family]]
        same([x[0], x[-1]], [1, 1e6])
        k = places(x)
        same(y[k], rate(c.H, family, x[k]) / x[k] / unit(c.H), rtol=c.tolerance(1e-5, 1e-3))
    return check


def own(c):
    """The reader's own method, hidden where none is written or all of it lies outside."""
    trace = c.view.traces[YOURS]
    if not c.s["method"]:
        assert trace == {"visible": False}
        return
    x, y = c[YOURS]
    for k in places(x):
        same(y[k], own_rate(c, x[k]) / x[k] / unit(c.H), rtol=c.tolerance(1e-5, 1e-3))
    assert trace["visible"] == within(c, x, y, ("xaxis", "yaxis"))


def bound(name, function):
    """T5 above and T6 below, as efficiencies."""
    def check(c):
        x, y = c[name]
        most = function(c.H, x).value
        says = most < 1
        same(y[says], -np.log1p(-most[says]) / x[says] / unit(c.H), rtol=1e-9)
        assert np.all(np.isnan(y[~says])) and "asgd" in c.s["methods"]
    return check


def exponent(c, B):
    """d log gap / d log B of the tuned ASGD, from two methods."""
    around = np.array([max(B / 1.3, 1.0), B * 1.3])
    return float(np.diff(np.log(gap(c.H, "asgd", around)))[0] / np.log(around[1] / around[0]))


def regime(name, which="", axis="yaxis"):
    """A shaded region ends where the local exponent is 0.9 or 0.1."""
    def check(c):
        x, y = c[f"{name}{which}"]
        left, right = x.min(), x.max()
        edge, level = (right, 0.9) if name == "linear" else (left, 0.1)
        if 1.5 < edge < 5e5:
            same(exponent(c, edge), level, rtol=0, atol=c.tolerance(0.05, 0.12))  # a quotient over a factor 1.7, not a slope
        assert (left == 1) if name == "linear" else (right == 1e6)
        ends = c.view.ranges.get(axis) or c.figure.layout[axis].range
        same([y.min(), y.max()], [10.0**v for v in ends] if axis == "yaxis" else ends)
    return check


def regime_names(name):
    """Each word stands where the exponent is its own."""
    def check(c):
        x, _ = c[name]
        for B, word in zip(x, c.whole(name, "text"), strict=True):
            power = exponent(c, B)
            assert {"linear": power > 0.8, "← linear": 0.8 < power < 0.95, "traded": 0.05 < power < 0.95,
                    "saturated": power < 0.2}[word], (B, word, power)
    return check


def bounds_named(c):
    """T5 where it says something, and T6."""
    names = {"ASGD ≤ (T5)": "T5", "ASGD ≥ (T6)": "T6"}
    return {name: word for name, word in names.items() if np.isfinite(c[word][1]).any()}


def chosen(c):
    """Rings at the chosen batch, in the methods' colours."""
    x, y = c["chosen batch"]
    shown = [*c.s["methods"], *([YOURS] if c.s["method"] and np.isfinite(own_rate(c, c.batch)) else [])]
    same(x, [c.batch] * len(shown))
    rates = [own_rate(c, c.batch) if m == YOURS else rate(c.H, m, c.batch) for m in shown]
    same(y, np.divide(rates, c.batch * unit(c.H)), rtol=c.tolerance(5e-3, 3e-2))
    looks(c, "chosen batch", shown)


def apart(H, batches):
    """Largest efficiency ratio of ASGD and heavy ball, less 1."""
    return np.expm1(max(abs(np.log(rate(H, "asgd", batches) / rate(H, "heavy_ball", batches)))))


def distances(name, kappa):
    """The worst ratio at each decay."""
    def check(c):
        x, y = c[name]
        apart_enough = y > 2 * LEAST_APART
        x, y = x[apart_enough], y[apart_enough]
        for k in places(x, 2):
            H = law(kappa(c, x[k]), x[k], c.s["d"] if c.given is None else round(c.given.dim), bins.GAPS)
            same(y[k], apart(H, np.geomspace(1, 1e4, 8)), rtol=2e-2)
    return check


def distance_here(c):
    """The same of the chosen spectrum."""
    x, y = c["distance here"]
    if c.given is None:
        same(x, [c.s["decay"]])
    else:
        lam = c.given.expanded()
        rank = scipy.stats.rankdata(-lam)                               # equal ones stand at the middle of their ranks
        slope = np.polyfit(np.log(rank), np.log(lam), 1, w=rank**-0.5)[0]
        same(x, [np.clip(-slope, 0, 3)])
    if y[0] > 1e-2:
        same(y, [apart(c.H, c["ASGD"][0][::2])], rtol=0.1)              # every other batch: the worst may lie between


def traded(c, batches):
    """Steps per e-fold at a batch over those at twice the batch."""
    once, twice = rate(c.H, "asgd", np.outer([1.0, 2.0], batches).ravel()).reshape(2, -1)
    return twice / once


def doubled(name, of):
    """What a doubled batch saves in steps or costs in samples."""
    def check(c):
        x, y = c[name]
        same([x[0], x[-1]], [1, 5e5])
        k = places(x, 5)
        same(y[k], of(traded(c, x[k])), rtol=c.tolerance(5e-3, 3e-2))       # read off between tuned batches
    return check


def here_doubled(c):
    """Both at the chosen batch."""
    x, y = c["here doubled"]
    same(x, [c.batch] * 2)
    saved = traded(c, [c.batch])[0]
    same(y, [saved, 2 / saved], rtol=c.tolerance(5e-3, 3e-2))
    assert c.whole("here doubled", "marker.line.color") == [style.METHODS["asgd"].color, style.EITHER]


def here_named(c):
    """Beside the triangle."""
    assert c.whole("here's name", "text") == ["here"]
    assert np.hypot(*(shares(c, *c["here's name"], 3) - shares(c, *c["distance here"], 3))[0]) < 0.06


def curves_named(c):
    """Names of the right plot's curves; of a spectrum that is no power law only those of its kappa are drawn."""
    if c.given is None:
        return {"κ as set": "distance, κ as set", "κ = d<sup>decay</sup>": "distance, κ = d^decay"}
    assert not c.view.traces["distance, κ = d^decay"]["visible"]
    return {"power laws of this κ": "distance, κ as set"}


TRACES = {**{word: efficiency(f) for f, word in FAMILIES.items()}, YOURS: own,
          "T5": bound("T5", mb.bounds.two_buffer_gap), "T6": bound("T6", mb.bounds.mass_gap),
          "linear": regime("linear"), "saturated": regime("saturated"), "regimes": regime_names("regimes"),
          "bound names": named("bound names", bounds_named), "chosen batch": chosen,
          "linear (doubled)": regime("linear", " (doubled)", "yaxis2"),
          "saturated (doubled)": regime("saturated", " (doubled)", "yaxis2"),
          "regimes (doubled)": regime_names("regimes (doubled)"), "steps saved": doubled("steps saved", lambda saved: saved),
          "samples paid": doubled("samples paid", lambda saved: 2 / saved), "here doubled": here_doubled,
          "names doubled": named("names doubled", lambda c: {"fewer steps": "steps saved", "more samples": "samples paid"}, 2),
          "distance, κ as set": distances("distance, κ as set", lambda c, a: c.H.kappa),
          "distance, κ = d^decay": distances("distance, κ = d^decay", lambda c, a: float(c.s["d"]) ** a),
          "curve names": named("curve names", curves_named, 3), "distance here": distance_here, "here's name": here_named}

LEFT, MIDDLE, RIGHT = (("batch size B", "e-folds per sample × tr H / μ"), ("batch size B", "factor, if B is doubled"),
                       ("decay", "lead over heavy ball, %"))
AXES = {**dict.fromkeys(TRACES, LEFT),
        **dict.fromkeys(("linear (doubled)", "saturated (doubled)", "regimes (doubled)", "steps saved", "samples paid",
                         "here doubled", "names doubled"), MIDDLE),
        **dict.fromkeys(("distance, κ as set", "distance, κ = d^decay", "curve names", "distance here", "here's name"), RIGHT)}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``; curves are read off between tuned batches."""
    yield from converges(c, "Your method has # times heavy ball's", lambda own: own / rate(c.H, "heavy_ball", c.batch))
    if c.H.kappa == 1:
        return
    r = {m: rate(c.H, m, c.batch) for m in FAMILIES}
    yield "compute efficiency is # (?:x|×|times)", r["asgd"] / r["heavy_ball"], 2.3
    yield "Nesterov reaches # of ASGD's", min(r["nesterov"] / r["asgd"], 1), 2.3
    saved = traded(c, [c.batch])[0]
    yield "takes ASGD # times fewer steps", saved, 2.3
    yield "and # times more samples", 2 / saved, 2.3
    yield "linear until B = #", c.n["linear until"]
    yield "saturated from B = #", c.n["saturated from"]
    worst = np.expm1(c.n["distance"])
    yield ("differ by # %", 100 * worst) if worst < 1 else ("by a factor #", 1 + worst)
    if mb.bounds.two_buffer_gap(c.H, 1e0).value < 1:
        yield "T5 over exact #", mb.bounds.two_buffer_gap(c.H, c.batch).value / gap(c.H, "asgd", c.batch), 2.3
    yield "exact over T6 #", gap(c.H, "asgd", c.batch) / mb.bounds.mass_gap(c.H, c.batch).value, 2.3
    yield "over T7 #", gap(c.H, "asgd", c.batch) / mb.bounds.two_buffer_gap(c.H, c.batch, "lower").value, 2.3


def titles(c):
    """The same of the titles."""
    saved = traded(c, [c.batch])[0]
    ratio = rate(c.H, "asgd", c.batch) / rate(c.H, "heavy_ball", c.batch)
    if ratio > 1.006:
        yield 0, "ASGD is # ×", ratio, 2.3
    yield 0, "at B = #", c.batch
    yield 1, "ASGD at #B", 2
    yield 1, "# × fewer steps", saved, 2.3
    yield 1, "# × more samples", 2 / saved, 2.3


def lamps(c):
    """T5 holds for every method of the family; it says something where it is below 1."""
    return [bool((mb.bounds.two_buffer_gap(c.H, c["ASGD"][0]).value < 1).any())]


def numbers(c):
    """The view's numbers again."""
    for m in FAMILIES:
        same(c.n["gap"][m], gap(c.H, m, c.batch), rtol=c.tolerance(5e-3, 3e-2))
    same([c.n["saved"], c.n["paid"]], c["here doubled"][1])
    if 1 < c.batch < 1e5:
        same(c.n["exponent"], exponent(c, c.batch), rtol=0, atol=0.05)  # as at the edges
