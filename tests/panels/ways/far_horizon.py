"""Panel ``far_horizon``: curves of methods tuned from outside, literally stepped where steps are few."""

from functools import lru_cache

import numpy as np

import mombook as mb
from mombook.tuning import horizon

from .common import LITERAL, YOURS, asked_for, fixed, methods, named, places, same

WORDS = {"sgd": "SGD", "heavy_ball": "heavy ball", "nesterov": "Nesterov", "asgd": "ASGD", "yours": YOURS}
LOWEST, GROWN = 1e-12, 1e6
BINS, DRAGGED, ENOUGH = 2, 1, 5.0
"""Written again here, not asked of the panel: bins an octave at rest and while dragging, and after how many times its last
e-fold a horizon is cut. Its resolution is a panel's choice; on the same bins the curves agree to rounding."""


def law(c, bins=1):
    """i^-decay, binned finely at its top."""
    return mb.Spectrum.power_law(c.s["d"], c.s["decay"], binned=bins, ends="top")


def method(c, family, steps=None):
    """The engine's, tuned for these steps or, where it learns everything sooner, for ENOUGH times that; or the reader's own."""
    if fixed(c, family):
        return asked_for(c, family)
    family = asked_for(c, family)
    return _tuned(c.s["decay"], c.s["d"], c.batch, int(steps or c.s["steps"]), family)


@lru_cache(maxsize=2048)
def _tuned(decay, d, batch, steps, family):
    H = mb.Spectrum.power_law(d, decay, binned=DRAGGED, ends="top")
    first = horizon.quick_tune_risk(H, family, batch, steps)[0].method
    return horizon.quick_tune_risk(H, family, batch, int(np.ceil(min(steps, ENOUGH * horizon.bend(H, first)))))[0].method


def bend(c, family):
    """When the smallest eigenvalue is learned, of a method that converges."""
    H, m = law(c), method(c, family)
    return horizon.bend(H, m) if mb.is_stable(H, m, c.batch) else np.inf


def curve(family):
    """Risk over the first risk: by literal steps, and at a few far times by the engine."""
    def check(c):
        x, y = c[WORDS[family]]
        H, m = law(c, BINS) if c.final else law(c).compressed(DRAGGED), method(c, family)
        near = places(x[x <= LITERAL], 8)
        literal = mb.risk_curve(H, m, c.batch, LITERAL) / (H.trace / 2)
        same(y[near], literal[x[near].astype(int)], rtol=1e-6)
        far = places(x, 4)
        same(y[far], mb.risk_at(H, m, c.batch, x[far]) / (H.trace / 2), rtol=1e-5, atol=1e-13)
        assert x[-1] == c.s["steps"] or y[-1] < 1e-7 or (fixed(c, family) and y[-1] > 1)
    return check


def anew(family):
    """Open marks: the end of the method tuned for that horizon."""
    def check(c):
        x, y = c[f"{WORDS[family]}, tuned anew"]
        for k in places(x, 2):
            m, H = method(c, family, x[k]), law(c)
            same(y[k], mb.risk_at(H, m, c.batch, [x[k]])[0] / (H.trace / 2), rtol=1e-5)
    return check


def slopes(family, curve_of):
    """Minus the slope of the other plot's curve, between points about a decade apart."""
    def check(c):
        x, y = c[f"{WORDS[family]}: exponent{curve_of}"]
        t, risk = c[f"{WORDS[family]}{curve_of}"]
        for k in places(x)[-1:]:                                        # at the end, where nothing turns any more
            i = np.argmin(abs(np.log(t / x[k]) + np.log(10) / 2))
            j = np.argmin(abs(np.log(t / x[k]) - np.log(10) / 2))
            if abs(np.log10(t[j] / t[i]) - 1) < 0.02:
                same(y[k], -np.log(risk[j] / risk[i]) / np.log(t[j] / t[i]), rtol=5e-2, atol=2e-2)
    return check


def law_exponent(name, power):
    """A level across the plot, from decay alone."""
    def check(c):
        x, y = c[name]
        same(y, np.full(2, power(c.s["decay"])))
        same(x, [1, c.s["steps"]])
    return check


def formulas(c):
    """Each formula's trace: the one whose level its value is."""
    a, lines = c.s["decay"], {}
    for text in c.whole("law names", "text"):
        value = eval(text.replace("<br>", "").replace("−", "-").replace("×", "*"), {"a": a})
        lines[text] = next(name for name in ("law of the exponent", "ASGD's exponent, tuned anew")
                           if np.allclose(c[name][1], value) and name not in lines.values())
    return lines


def the_law(c):
    """The settled risk of each shown method, between gaps."""
    x, y = c["the law"]
    H, seen = law(c), np.isfinite(np.asarray(y, float))
    every = []
    for family in methods(c):
        m = method(c, family)
        if not mb.is_stable(H, m, c.batch):
            continue
        start = 10 * max(1 / (1 - m.beta) if m.eta else 0.0, 1.0)
        if start < min(horizon.bend(H, m), c.s["steps"]):
            at = np.geomspace(start, c.s["steps"], 30)
            every.append(horizon.settled_risk(H, c.s["decay"], m, c.batch, at) / (H.trace / 2))
    same(y[seen], np.concatenate(every) if every else [], rtol=1e-6)
    assert np.all((x[seen] >= 1) & (x[seen] <= c.s["steps"] * (1 + 1e-9)))


def learned(c):
    """Crosses where the smallest eigenvalue is learned, on the curves."""
    x, y = c["d is learned"]
    bends = [bend(c, f) for f in methods(c)]
    for k in range(len(x)):
        assert np.min(np.abs(np.log(np.array(bends) / x[k]))) < 1e-6
        near = [np.exp(np.interp(np.log(x[k]), np.log(c[WORDS[f]][0]), np.log(c[WORDS[f]][1]))) for f in methods(c)]
        assert np.min(np.abs(np.log(np.array(near) / y[k]))) < 0.05


TRACES = {**{word: curve(f) for f, word in WORDS.items()},
          **{f"{word}, tuned anew": anew(f) for f, word in WORDS.items()},
          **{f"{word}: exponent": slopes(f, "") for f, word in WORDS.items()},
          **{f"{word}: exponent, tuned anew": slopes(f, ", tuned anew") for f, word in WORDS.items()},
          "law names": named("law names", formulas, 2),
          "the law": the_law, "d is learned": learned, "law of the exponent": law_exponent(
              "law of the exponent", lambda a: 1 - 1 / a),
          "ASGD's exponent, tuned anew": law_exponent("ASGD's exponent, tuned anew", lambda a: (2 - 1 / a) * (1 - 1 / a))}
LEFT, RIGHT = ("steps", "risk / risk at the start"), ("steps", "falls like t to the minus")
AXES = {name: RIGHT if "exponent" in name or name == "law names" else LEFT for name in TRACES}


def ends(c):
    """Family -> the share of the start at the horizon, at rest's bins."""
    H = law(c, BINS)
    return {f: mb.risk_at(H, method(c, f), c.batch, [c.s["steps"]])[0] / (H.trace / 2) for f in methods(c)}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    yield "a = #", c.s["decay"]
    yield "d = #", c.s["d"]
    yield "After # steps", c.s["steps"]
    for f, end in ends(c).items():
        if not end < GROWN:
            assert f == "yours" and c.view.sentence.endswith(" Your method diverges.")
            continue
        if end > LOWEST:
            yield f"(?<!A){WORDS[f]} (?:is )?at # %", 100 * end, 2
        if np.isfinite(c.n["reach"][f]):
            yield f"to [^,]* %, .*?{WORDS[f]} # steps", c.n["reach"][f], 2
        if bend(c, f) < c.s["steps"]:
            yield f"law ends: .*?{WORDS[f]} after # steps", bend(c, f)
    a = c.s["decay"]
    if "sgd" in c.s["methods"] and c.n["bend"]["sgd"] > c.s["steps"]:
        yield r"SGD falls like t\^#", -c.n["fitted"]["sgd"]
        yield "1 − 1/a, is #", 1 - 1 / a
    if "asgd" in c.s["methods"] and c.n["bend"]["asgd"] > c.s["steps"] and np.isfinite(c.n["tuned anew"]["asgd"]):
        yield r"horizon falls like T\^#", -c.n["tuned anew"]["asgd"]
        yield "for large d, #", (2 - 1 / a) * (1 - 1 / a)
    yield "to # %, ", 1
    if c.n["binning"]["anywhere"] > LOWEST:
        yield "move the curves by # %", 100 * c.n["binning"]["anywhere"], 2
    if c.n["binning"]["at the end"] > LOWEST:
        yield "at most and by # %", 100 * c.n["binning"]["at the end"], 2


CONSTANTS = ("1 − 1/a", "10⁻¹⁰ %")


def titles(c):
    """The same of the titles."""
    yield 0, "T = #", c.s["steps"]


def numbers(c):
    """The view's numbers again; the time to a share, from a curve of its own."""
    H = law(c, BINS)
    for f, end in ends(c).items():
        assert ("tuned anew" in c.n and np.isnan(c.n["tuned anew"][f])) or not fixed(c, f)
        same(c.n["end"][f], end, rtol=1e-5, atol=1e-14)
        same(c.n["bend"][f], bend(c, f))
        reach = c.n["reach"][f]
        if np.isfinite(reach) and reach > 30:
            same(np.log(mb.risk_at(H, method(c, f), c.batch, [np.rint(reach)])[0] / (H.trace / 2)), np.log(0.01), rtol=0.05)
        else:
            assert reach <= 30 or end > 0.01
