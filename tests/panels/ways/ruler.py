"""Panel ``ruler``: points measured one at a time, lines from the fit, theory's slopes in words."""

import re

import numpy as np

import mombook as mb
from mombook.study import scaling

from .. import printed
from .common import named, places, rate, same


def spectrum(c, value):
    """The spectrum at a value of the axis that is swept."""
    s = {**c.s, c.s["axis"]: value}
    d, law = round(s["d"]), s["law"]
    if law == "i^-decay":
        d = round(value ** (1 / s["decay"])) if c.s["axis"] == "kappa" else d
        return mb.Spectrum.power_law(d, s["decay"])
    if law == "two levels":
        return mb.Spectrum.two_level(d, s["kappa"], top=max(d // 2, 1))
    if law == "geometric":
        return mb.Spectrum.geometric(d, s["kappa"])
    return mb.Spectrum.power_law(d, s["decay"], s["kappa"])


def measured(c, value):
    """The quantity there, from tuned methods."""
    H, what = spectrum(c, value), c.s["quantity"]
    B = value if c.s["axis"] == "batch" else c.s["batch"]
    if what in ("steps", "ce"):
        r = rate(H, c.s["method"], B)
        return 1 / r if what == "steps" else r / B
    if what == "advantage":
        return rate(H, "asgd", B) / rate(H, "heavy_ball", B)
    if what == "critical":
        return mb.critical_batch(H, c.s["method"])
    return mb.critical_batch(H, "heavy_ball") / mb.critical_batch(H, "sgd")


def points(c):
    """Dots."""
    x, y = c["points"]
    for k in places(x, 2):
        same(y[k], measured(c, x[k]), rtol=c.tolerance(5e-3))           # a drag reads a critical batch off a coarse curve
    if c.final:
        assert np.all(x >= min(c.s["low"], x[0])) and np.all(np.diff(x) > 0)


def local(c):
    """The slope between neighbouring dots."""
    x, y = c["points"]
    at, slope = c["local exponent"]
    same(slope, np.diff(np.log(y)) / np.diff(np.log(x)), rtol=1e-8, atol=1e-10)
    same(at, np.sqrt(x[1:] * x[:-1]))


def fitted(c):
    """The straight line of the public fit."""
    x, y = c["fitted line"]
    fit = mb.fit_exponent(*c["points"])
    same(np.diff(np.log(y)) / np.diff(np.log(x)), np.full(len(x) - 1, fit.value), rtol=1e-6, atol=1e-9)
    late = slice(len(x) // 2, None)
    same(np.mean(np.log(y[late])), np.mean(np.log(c["points"][1][late])), rtol=1e-6, atol=1e-6)


def interval(c):
    """The exponent's interval over the upper half of the points."""
    x, y = c["interval"]
    fit, points_x = mb.fit_exponent(*c["points"]), c["points"][0]
    same([y.min(), y.max()], [fit.low, fit.high])
    same([x.min(), x.max()], [points_x[len(points_x) // 2], points_x[-1]])


def theories(c):
    """What theory speaks of, in order."""
    return list(scaling.candidates(*(c.s[k] for k in ("quantity", "method", "axis", "law", "decay"))).items())[:3]


def slope(k):
    """A line of theory's slope."""
    def check(c):
        x, y = c[f"theory {k}"]
        same(np.log(y[-1] / y[0]) / np.log(x[-1] / x[0]), theories(c)[k][1], atol=1e-9)
        points_x, points_y = c["points"]
        power, fit, late = theories(c)[k][1], mb.fit_exponent(points_x, points_y), points_x[points_x.size // 2:]
        places, slopes = c["local exponent"]
        near = min(range(len(slopes)), key=lambda i: abs(slopes[i] - power))
        if c.s["axis"] == "batch" and abs(slopes[near] - power) < 0.1:   # a regime: through the points where it rules
            at, level = places[near], np.sqrt(points_y[near] * points_y[near + 1])
        else:                                                           # through the middle of the fitted half
            at = np.sqrt(late[0] * late[-1])
            level = fit.scale * at**fit.value
        same(np.log(y[0]) + power * np.log(at / x[0]), np.log(level), atol=1e-6)
    return check


def level(k):
    """A level at its exponent."""
    return lambda c: same(c[f"theory {k} (right)"][1], [theories(c)[k][1]] * 2)


def called(c):
    """What each level is called: theory's word and its exponent; text -> trace."""
    lines = {}
    for text in c.whole("theory names", "text"):
        k = next(k for k, (what, _) in enumerate(theories(c)) if text.startswith(f"{what}: "))
        assert printed.agrees(printed.numbers(text.split(": ")[-1])[-1][2], theories(c)[k][1])
        lines[text] = f"theory {k} (right)"
    assert len(lines) == len(theories(c)[:3])
    return lines


TRACES = {"points": points, "local exponent": local, "fitted line": fitted, "interval": interval,
          **{f"theory {k}": slope(k) for k in range(3)}, **{f"theory {k} (right)": level(k) for k in range(3)},
          "theory names": named("theory names", called, 2)}
RIGHT = ("local exponent", "interval", "theory names", *(f"theory {k} (right)" for k in range(3)))
AXES = {name: ("", "exponent" if name in RIGHT else "measured") for name in TRACES}
ENDS = {"kappa": (1.5, 1e6), "batch": (1, 65536), "d": (2, 1e6), "decay": (0.1, 3)}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    least, most = ENDS[c.s["axis"]]
    low, high = max(c.s["low"], least), min(c.s["high"], most)
    if high < 4 * low * (1 - 1e-9):
        low, high = least, most
        assert "all of it is swept" in c.view.sentence
    yield "against .*? from #", low
    yield "against .*? from .*? to #", high
    if "value" not in c.n:
        return
    fit = mb.fit_exponent(*c["points"])
    yield "^Exponent #", round(fit.value, 3), 2
    yield r"\): interval #", round(fit.low, 3), 2
    yield r"\): interval .*? to #", round(fit.high, 3), 2
    yield "it moved by #", abs(fit.drift), 2
    for what, power in scaling.candidates(*(c.s[k] for k in ("quantity", "method", "axis", "law", "decay"))).items():
        if f"{what} (" in c.view.sentence:
            yield rf"{re.escape(what)} \(#", power


def numbers(c):
    """The view's numbers again."""
    if "value" in c.n:
        fit = mb.fit_exponent(c.n["x"], c.n["y"])
        same([c.n["value"], c.n["low"], c.n["high"]], [fit.value, fit.low, fit.high])
        held = [what for what, power in c.n["candidates"].items() if fit.low <= power <= fit.high]
        assert c.n["held"] == held
        named = re.findall(r"(?:consistent with|the interval covers) ([^(]*) \(", c.view.sentence)
        assert not named or named[0] in held
