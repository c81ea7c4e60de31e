"""Panel ``tradeoff``: frontiers tuned at a few batches, bounds, and curves by the literal recursion."""

import re

import numpy as np

import mombook as mb

from .. import printed
from .common import (
    SIMULATED,
    YOURS,
    converges,
    gap,
    literal,
    looks,
    own_method,
    own_rate,
    places,
    rate,
    same,
    tuned,
    unit,
    upright,
    within,
)

FAMILIES = {"sgd": "SGD", "heavy_ball": "heavy ball", "nesterov": "Nesterov", "asgd": "ASGD"}
RUNS = ("simulated", "80 % of runs", "median run", "largest run")
BOUNDS = {"sgd": mb.bounds.sgd_gap, "heavy_ball": mb.bounds.heavy_ball_gap, "asgd": mb.bounds.two_buffer_gap}


def price(family):
    """Compute and serial runtime of the tuned method at the batch that their ratio is."""
    def check(c):
        x, y = c[FAMILIES[family]]
        B, k = c[f"{FAMILIES[family]}: CE"][0], places(x)
        same(x / y, B, rtol=1e-9)
        np.testing.assert_array_equal(np.rint(B), c.whole(FAMILIES[family], "customdata"))
        same(y[k], 1 / rate(c.H, family, B[k]), rtol=c.tolerance(1e-5, 1e-3))
    return check


def efficiency(family):
    """E-folds per sample in units of mu / tr H."""
    def check(c):
        x, y = c[f"{FAMILIES[family]}: CE"]
        same([x[0], x[-1]], [1, 1e6])
        k = places(x)
        same(y[k], rate(c.H, family, x[k]) / x[k] / unit(c.H), rtol=c.tolerance(1e-5, 1e-3))
    return check


def bound(family):
    """The upper bound, as a compute efficiency; nothing where it allows a gap of 1."""
    def check(c):
        x, y = c[f"{FAMILIES[family]}: bound"]
        most = BOUNDS[family](c.H, x).value
        says = most < 1
        same(y[says], -np.log1p(-most[says]) / x[says] / unit(c.H), rtol=c.tolerance(1e-9, 1e-3))
        assert np.all(np.isnan(y[~says]))
        assert c.whole(f"{FAMILIES[family]}: bound", "visible") == (family in c.s["methods"] and bool(says.any()))
    return check


def expected(family):
    """The curve of the method tuned at the chosen batch."""
    def check(c):
        H = c.curves if c.final else c.H
        literal(c, f"{FAMILIES[family]}: expected", H, tuned(c.H, family, float(c.batch)).method, rtol=c.tolerance(2e-3, 0.2))
    return check


def own(part):
    """The reader's own method: price, efficiency or curve, hidden where none is written or all of it lies outside."""
    def check(c):
        trace = c.view.traces[f"{YOURS}{part}"]
        if not c.s["method"]:
            assert trace == {"visible": False}
            return
        x, y = c[f"{YOURS}{part}"]
        if part == ": expected":
            literal(c, f"{YOURS}{part}", c.curves if c.final else c.H, own_method(c, c.batch), rtol=c.tolerance(5e-3, 0.2))
        else:
            B = x / y if part == "" else x
            assert part or np.all(np.isnan(B) | (np.rint(B) == c.whole(YOURS, "customdata")))
            for k in places(x):
                if np.isnan(y[k]):
                    assert np.isnan(own_rate(c, 1.0)), "the first batches are the last to converge"
                    continue
                r, rtol = own_rate(c, B[k]), c.tolerance(1e-5, 1e-3)
                same([x[k], y[k]], [B[k] / r, 1 / r] if part == "" else [x[k], r / x[k] / unit(c.H)], rtol=rtol)
        axes = ("xaxis", "yaxis") if part == "" else ("xaxis2", "yaxis2") if part == ": CE" else ("xaxis3", "yaxis3")
        assert trace["visible"] == within(c, x, y, axes)
    return check


def chosen(c):
    """Rings at the chosen batch, one a shown method that converges, in its colour."""
    x, y = c["chosen batch"]
    shown = [*c.s["methods"], *([YOURS] if c.s["method"] and np.isfinite(own_rate(c, c.batch)) else [])]
    assert len(x) == len(shown)
    for k, family in enumerate(shown):
        r = own_rate(c, c.batch) if family == YOURS else rate(c.H, family, c.batch)
        same([x[k], y[k]], [c.batch / r, 1 / r], rtol=c.tolerance(1e-5, 1e-3))
    looks(c, "chosen batch", shown)


def critical(c):
    """Rings where efficiency is half that of batch 1."""
    x, y = c["critical batch"]
    marked = [m for m in c.s["methods"] if c.n["critical"][m] < 1e6]
    assert len(x) == len(marked)
    looks(c, "critical batch", marked)
    for k, family in enumerate(marked):
        same(rate(c.H, family, x[k]) / x[k] / rate(c.H, family, 1), 0.5, rtol=c.tolerance(2e-3, 0.15))
        same(y[k], rate(c.H, family, 1) / 2 / unit(c.H), rtol=c.tolerance(5e-3, 0.15))


TRACES = {**{word: price(f) for f, word in FAMILIES.items()},
          **{f"{word}: CE": efficiency(f) for f, word in FAMILIES.items()},
          **{f"{FAMILIES[f]}: bound": bound(f) for f in BOUNDS},
          **{f"{word}: expected": expected(f) for f, word in FAMILIES.items()},
          **{f"{YOURS}{part}": own(part) for part in ("", ": CE", ": expected")},
          **{f"{word}: {part}": SIMULATED for word in (*FAMILIES.values(), YOURS)
             for part in RUNS},
          "chosen batch": chosen, "critical batch": critical,
          "chosen batch (line)": lambda c: upright(c, "chosen batch (line)", c.batch)}

AXES = {**{word: ("samples per e-fold", "steps per e-fold") for word in (*FAMILIES.values(), YOURS)},
        "chosen batch": ("samples per e-fold", "steps per e-fold"),
        **{f"{word}: CE": ("batch size B", "e-folds per sample × tr H / μ") for word in (*FAMILIES.values(), YOURS)},
        **{f"{FAMILIES[f]}: bound": ("batch size B", "e-folds per sample × tr H / μ") for f in BOUNDS},
        "critical batch": ("batch size B", "e-folds per sample"), "chosen batch (line)": ("batch size B", "e-folds per sample"),
        **{f"{word}: {part}": ("steps", "risk / risk at the start")
           for word in (*FAMILIES.values(), YOURS) for part in ("expected", *RUNS)}}


def fewer(before, ratio, sentence):
    """How many times fewer, or that it is as many: in the words a panel chooses by the size of the ratio."""
    if re.search(f"{before} as many", sentence):
        assert printed.agrees(ratio, 1, 2.3), (before, ratio)
    elif re.search(f"{before} [0-9.]+ times as many", sentence):
        yield f"{before} # times as many", 1 / ratio
    else:
        yield (f"{before} #\\s?× fewer", ratio) if ratio >= 1 else (f"{before} #\\s?× more", 1 / ratio)


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    shown, halved = c.s["methods"], c.n["critical"]
    base = "sgd" if "sgd" in shown else shown[0]
    steps = {m: 1 / rate(c.H, m, c.batch) for m in shown}
    yield "At B = #", c.batch
    yield from converges(c, "Your method needs # steps", lambda rate: 1 / rate)
    if len(shown) == 1:
        yield f"{FAMILIES[base]} needs # steps", steps[base]
        if halved[base] < 1e12:
            yield "halved at B = #", halved[base]
        return
    other = "heavy_ball" if base == "sgd" and "heavy_ball" in shown else next(m for m in shown if m != base)
    yield from fewer(f"{FAMILIES[other]} needs", steps[base] / steps[other], c.view.sentence)
    if "the same batch" in c.view.sentence:
        same(halved[other], halved[base], rtol=6e-3)
    elif halved[base] < 1e12:
        yield f"halves at # times {FAMILIES[base]}'s", halved[other] / halved[base]


def table(c):
    """The rows under the sentence: steps, the batch of the ring, the bound over the gap."""
    rows = c.view.text.splitlines()
    assert len(rows) == len(c.s["methods"]) + 2 + 2 * bool(c.s["method"])
    if c.s["method"]:
        row = re.split(" {2,}", rows.pop(-3).removeprefix(YOURS).strip())
        assert rows.pop(-2) == f"{YOURS}: {c.s['method']}" and row[1:] == ["-", "-"]
        r = own_rate(c, c.batch)
        assert row[0] == "-" if np.isnan(r) else printed.agrees(printed.numbers(row[0])[0][2], 1 / r, 2.5)
    assert re.split(" {2,}", rows[0].strip()) == ["steps/e-fold", "CE halved at B", "bound/gap"]
    for m, row in zip(c.s["methods"], rows[1:], strict=False):
        expected = [1 / rate(c.H, m, c.batch), c.n["critical"][m], c.n["bound over exact"].get(m, np.inf)]
        assert row.startswith(FAMILIES[m])
        shown = [each for *_, each in printed.numbers(row.removeprefix(FAMILIES[m]))]
        for number, value in zip(shown, [v for v in expected if v < 1e12], strict=True):
            assert printed.agrees(number, value, 3 if c.final else 2.5), row
    said = [each for *_, each in printed.numbers(rows[-1])]
    H = c.H
    problem = [c.s[k] for k in ("kappa", "decay", "d")] if c.given is None else [H.kappa, c.given.dim]
    for number, value in zip(said, [*problem, c.batch, np.sqrt(H.kappa)], strict=True):
        assert printed.agrees(number, value)


def numbers(c):
    """The view's numbers again, and the table."""
    table(c)
    for m in FAMILIES:
        same(c.n["gap"][m], gap(c.H, m, c.batch), rtol=c.tolerance(1e-6, 1e-3))
        same(c.n["serial"][m], 1 / rate(c.H, m, c.batch), rtol=c.tolerance(1e-6, 1e-3))
    for m, value in c.n["bound over exact"].items():
        same(value, BOUNDS[m](c.H, c.batch).value / gap(c.H, m, c.batch), rtol=c.tolerance(2e-2, 0.1))


def titles(c):
    """The same of the titles."""
    yield 0, "B = #", c.batch
    yield 2, "B = #", c.batch


def lamps(c):
    """Whether each drawn bound's assumptions hold for any method; they say something where they are below 1."""
    for m in c.s["methods"]:
        if m in BOUNDS:
            yield bool((BOUNDS[m](c.H, np.geomspace(1, 1e6, 25)).value < 1).any())
