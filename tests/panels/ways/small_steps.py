"""Panel ``small_steps``: thresholds by the sign of the gap, curves by literal steps."""

import numpy as np

import mombook as mb
from mombook.exact import thresholds

from .common import SIMULATED, named, places, same, stepped
from .common import spectra as bins

DIM, NOISE, TOP, LONG = 200, 0.1, 10.0, 1 - 1e-6


def spectrum(c, per_octave=bins.GAPS):
    """The panel's spectrum."""
    return c.spectrum(per_octave, DIM)


def methods(c):
    """Both methods at the same long-run step: lr of one, lr / (1 - beta) of the other."""
    H = spectrum(c)
    h = c.s["fraction"] * thresholds.long_run_threshold(H, c.batch, 1.0)
    beta = 1 - c.s["memory"]
    return h, {"SGD": mb.Method.sgd(h), "SGDM": mb.Method.heavy_ball(h * (1 - beta), beta)}


def threshold(name, beta):
    """On the line a method is at the edge of stability: just below it converges, just above it does not."""
    def check(c):
        x, y = c[name]
        H = spectrum(c)
        for k in places(x[x < 1e3]):                                    # beyond, a memory of a million steps is not long
            for share, stable in ((1 - 1e-3, True), (1 + 1e-3, False)):
                h, b = share * y[k] / H.largest, beta(c)
                assert mb.is_stable(H, mb.Method.heavy_ball(h * (1 - b), b), x[k]) == stable, (name, x[k], share)
    return check


def curve(word):
    """The exact curve until it leaves the axes."""
    def check(c):
        x, y = c[word]
        H = spectrum(c, bins.CURVES if c.final else bins.GAPS)
        seen, risk = stepped(H, methods(c)[1][word], c.batch, x, NOISE)
        same(y[seen], np.minimum(risk, TOP), rtol=1e-5)
    return check


def ring(c):
    """The chosen step at the chosen batch."""
    x, y = c["chosen step"]
    same([*x, *y], [c.batch, methods(c)[0] * spectrum(c).largest])


def inert_until(c):
    """The batch up to which memory moves the threshold by less than a quarter, however long it is."""
    H = spectrum(c)

    def gain(B):
        return thresholds.long_run_threshold(H, B, 1.0) / thresholds.long_run_threshold(H, B, 0.0)

    if gain(1) >= 1.25:
        return 0.0
    low, high = 1.0, 65536.0
    if gain(high) < 1.25:
        return high
    for _ in range(40):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if gain(middle) < 1.25 else (low, middle)
    return low


def shade(c):
    """From the left edge to there."""
    x, y = c["momentum is inert"]
    same(x.max(), inert_until(c), rtol=c.tolerance(1e-2, 0.1))          # read off a grid of batches
    assert x.min() < 1
    same([y.min(), y.max()], [10.0**v for v in c.view.ranges["yaxis"]])


TRACES = {"momentum is inert": shade, "β → 1": threshold("β → 1", lambda c: LONG),
          "SGD: threshold": threshold("SGD: threshold", lambda c: 0.0),
          "SGDM: threshold": threshold("SGDM: threshold", lambda c: 1 - c.s["memory"]),
          "SGD": curve("SGD"), "SGDM": curve("SGDM"), "chosen step": ring,
          "chosen step: name": named("chosen step: name", lambda c: {"the step of both": "chosen step"}),
          **{f"{word}: {part}": SIMULATED for word in ("SGD", "SGDM") for part in ("simulated", "80 % of runs")}}
LEFT, RIGHT = ("batch size B", "largest stable long-run step h × L"), ("steps", "risk / risk at the start")
AXES = {name: RIGHT if name in ("SGD", "SGDM") or name.endswith(("simulated", "of runs")) else LEFT for name in TRACES}
CONSTANTS = ("β → 1",)


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    H, B = spectrum(c), c.batch
    limits = {b: thresholds.long_run_threshold(H, B, b) for b in (0.0, 1 - c.s["memory"], 1.0)}
    h, both = methods(c)
    yield "1−β = #", c.s["memory"]
    yield "long-run step by #", limits[1 - c.s["memory"]] / limits[0.0]
    yield "multiplied by # as β → 1", limits[1.0] / limits[0.0]
    if inert_until(c) >= 1:
        yield "inert up to B = #", inert_until(c), 2.3
    yield "h L = #", h * H.largest
    if all(mb.is_stable(H, m, B) for m in both.values()):
        end = c.n["end"]
        times = c.view.ranges["xaxis2"][1]
        yield "after # steps", 10.0**times
        ratio = end["SGD"] / end["SGDM"]
        if "risk is equal to" in c.view.sentence:
            assert abs(ratio - 1) < 6e-3
        else:
            yield "risk is # times", ratio


def titles(c):
    """The same of the titles."""
    yield 1, "B = #", c.batch


def numbers(c):
    """The view's numbers again."""
    h, both = methods(c)
    same(c.n["step"], h)
    last, H = 10.0 ** c.view.ranges["xaxis2"][1], spectrum(c, bins.CURVES)
    for word, m in both.items():
        assert c.n["stable"][word] == mb.is_stable(spectrum(c), m, c.batch)
        if c.n["stable"][word] and last <= 4096:
            risk = mb.risk_curve(H, m, c.batch, round(last), noise=NOISE)[-1] / (H.trace / 2)
            same(c.n["end"][word], risk, rtol=1e-5)
