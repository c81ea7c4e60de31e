"""Panel ``heavy_ball``: the map cell by cell, roots as eigenvalues of the step, circles by their radius, literal curves."""

import numpy as np

import mombook as mb

from .. import printed
from .common import SIMULATED, literal, named, same, tuned


def decades(c):
    """Decades between the middle of the root plane and its unit circle: enough for half the best gap of batch 1."""
    return min(max(int(np.ceil(-np.log10(tuned(c.H, "heavy_ball", 1.0).gap / 2))), 2), 7)


def method(c, word):
    """The three methods of the panel, from public functions and the scenario alone."""
    best = tuned(c.H, "heavy_ball", float(c.batch)).method
    best = best if best.eta else mb.Method.heavy_ball(best.delta, 0.0)   # SGD, in heavy ball's words
    if word == "fastest":
        return best
    if word == "simple choice":
        return mb.bounds.heavy_ball_gap(c.H, c.batch, "lower").method
    return mb.Method.heavy_ball(c.s["lr"] * best.eta, max(0.0, 1 - c.s["forget"] * (1 - best.beta)))


def the_map(c):
    """log10 of the gap of a cell over the best gap; far below the scale where it diverges."""
    cells = c.view.traces["gap"]
    x, y, z = (np.asarray(cells[k], float) for k in "xyz")
    best = tuned(c.H, "heavy_ball", float(c.batch)).gap
    assert z.shape == (y.size, x.size)
    for row, column in ((0, 0), (y.size // 2, x.size // 2), (y.size // 2, x.size // 3), (y.size - 1, x.size // 2),
                        (y.size // 5, x.size - 2)):
        alone = mb.contraction_gap(c.H, mb.Method.heavy_ball(x[column] / c.H.largest, 1 - y[row]), c.batch)
        if alone > 0:
            # cells are computed to 1e-3; the best is tuned
            same(z[row, column], max(np.log10(alone / best), -3), atol=1e-2, rtol=0)
        else:
            assert z[row, column] < -3


def mark(word):
    """Where a method lies in the map: learning rate times L, and 1 - beta, kept inside of it."""
    def check(c):
        x, y = c[word]
        m, cells = method(c, word), c.view.traces["gap"]
        same(x, [np.clip(m.eta * c.H.largest, cells["x"][0], cells["x"][-1])], rtol=1e-3)
        same(y, [max(1 - m.beta, cells["y"][0])], rtol=1e-3)
    return check


def drawn_at(c, size):
    """The radius at which a root of so large a modulus is drawn."""
    return np.clip(-np.log10(np.maximum(1 - size, 1e-16)), 0, decades(c)) / decades(c)


def roots(c):
    """Both roots of every mode are the eigenvalues of its step (w, m) -> (w - eta m', m'), m' = beta m + lambda w."""
    x, y = c["roots"]
    lam, m = np.asarray(c.whole("roots", "customdata")) * c.H.largest, method(c, "chosen")
    n = len(x) // 2
    same(lam, np.tile(c.H.eigenvalues, 2), rtol=1e-9)
    for k in np.unique([0, n // 2, n - 1]):
        step = np.array([[1 - m.eta * lam[k], -m.eta * m.beta], [lam[k], m.beta]])
        z = np.linalg.eigvals(step)
        radius = np.sort(drawn_at(c, np.abs(z)))
        same(np.sort(np.hypot(x[[k, k + n]], y[[k, k + n]])), radius, atol=2e-3, rtol=0)
        if np.all(radius > 0.01):
            angles = np.sort(np.abs(np.arctan2(y[[k, k + n]], x[[k, k + n]])))
            same(angles, np.sort(np.abs(np.angle(z))), atol=2e-2, rtol=0)


def circle(name, modulus):
    """A circle at a modulus; hidden where that is outside of the plane."""
    def check(c):
        x, y = c[name]
        size = modulus(c)
        same(np.hypot(x, y), drawn_at(c, size), atol=2e-3, rtol=0)
        assert c.whole(name, "visible") == (size <= 1)
        if drawn_at(c, size):
            assert x.min() < 0 < x.max() and y.min() < 0 < y.max()
    return check


def loss(word):
    """A learning curve by the literal recursion."""
    def check(c):
        H = c.curves if c.final else c.H
        literal(c, f"{word} (loss)", H, method(c, word), rtol=2e-3)
    return check


def ring(k):
    """A ring of the plane: so many decades from the unit circle, and inside of it."""
    def check(c):
        same(np.hypot(*c[f"ring {k}"]), drawn_at(c, 1 - 10.0**-k), rtol=1e-9)
        assert c.whole(f"ring {k}", "visible") and k < decades(c)
    return check


def unit_circle(c):
    """Radius one, whatever the scenario."""
    trace = next(t for t in c.figure.data if t.name == "unit circle")
    same(np.hypot(trace.x, trace.y), 1.0)
    assert max(trace.x) == 1 == -min(trace.x) and "unit circle" not in c.view.traces


def ring_words(c):
    """The modulus of each ring that is drawn, written on it or close by, and the unit circle's name outside of it."""
    texts = c.whole("ring words", "text")
    rings = [k for k in range(1, decades(c)) if k % 2 or decades(c) < 5]
    assert len(set(texts)) == len(texts) == 1 + len(rings)
    for x, y, text in zip(*c["ring words"], texts, strict=True):
        parts = [number for *_, number in printed.numbers(text)]
        if text == "unit circle":
            assert 1 < np.hypot(x, y) < 1.1
            continue
        modulus = parts[0] if len(parts) == 1 else parts[0] - abs(parts[1])
        same(np.hypot(x, y), drawn_at(c, modulus), rtol=0, atol=0.04)   # rings are 0.14 apart or more


def end_roots(word, eigenvalue):
    """The roots of the largest or the smallest eigenvalue."""
    def check(c):
        x, y = c[word]
        m, v = method(c, "chosen"), eigenvalue(c.H)
        ends = np.linalg.eigvals([[1 - m.eta * v, -m.eta * m.beta], [v, m.beta]])
        same(np.sort(np.hypot(x, y)), np.sort(drawn_at(c, np.abs(ends))), atol=2e-3, rtol=0)
    return check


def loss_names(c):
    """Which curve each name belongs to; the chosen method's and the fastest's share one where they are the same method."""
    same_method = method(c, "chosen") == method(c, "fastest")
    words = {"simple (T3)": "simple choice (loss)", "chosen = fastest" if same_method else "chosen": "chosen (loss)"}
    words |= {} if same_method else {"fastest": "fastest (loss)"}
    return {word: trace for word, trace in words.items() if c.whole(trace, "visible")}


TRACES = {"gap": the_map, **{word: mark(word) for word in ("fastest", "simple choice", "chosen")}, "roots": roots,
          "loss circle": circle("loss circle", lambda c: np.sqrt(max(
              1 - mb.contraction_gap(c.H, method(c, "chosen"), c.batch), 0))),
          **{f"{word} (loss)": loss(word) for word in ("fastest", "simple choice", "chosen")},
          **{f"ring {k}": ring(k) for k in range(1, 7)}, "ring words": ring_words,
          "unit circle": unit_circle, "flattest": end_roots("flattest", lambda H: H.smallest),
          "steepest": end_roots("steepest", lambda H: H.largest),
          "loss circle's name": named("loss circle's name", lambda c: {"loss, √ρ": "loss circle"} if c.whole(
              "loss circle", "visible") else {}, 2), "loss names": named("loss names", loss_names, 3),
          "simulated": SIMULATED, "80 % of runs": SIMULATED}

MAP, PLANE, RIGHT = ("learning rate × L", "1 − β"), ("", ""), ("steps", "risk / risk at the start")
AXES = {**dict.fromkeys(("gap", "fastest", "simple choice", "chosen"), MAP),
        **dict.fromkeys(("roots", "flattest", "steepest", "loss circle", "unit circle", "ring words", "loss circle's name",
                          *(f"ring {k}" for k in range(1, 7))), PLANE),
        **dict.fromkeys(("fastest (loss)", "simple choice (loss)", "chosen (loss)", "loss names", "simulated",
                          "80 % of runs"), RIGHT)}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    chosen, simple, fastest = (method(c, word) for word in ("chosen", "simple choice", "fastest"))
    gaps = [mb.contraction_gap(c.H, m, c.batch) for m in (chosen, simple, fastest)]
    yield "heavy ball with η = #", chosen.eta
    if chosen.beta:
        yield "heavy ball with η = [^,]*?, 1 − β = #", 1 - chosen.beta
    if gaps[0] > 0.9995 * gaps[2]:
        yield "no heavy ball is faster .*?contracts by # a step", gaps[0]
    elif gaps[0] > 0:
        yield "contracts by # a step", gaps[0]
        yield "the chosen heavy ball reaches # of the fastest", gaps[0] / gaps[2]
        yield "the fastest, by # at", gaps[2]
    else:
        assert "the chosen heavy ball diverges" in c.view.sentence
        yield "the fastest contracts by #", gaps[2]
    if gaps[0] <= 0.9995 * gaps[2]:
        yield "fastest.*? at η = #", fastest.eta
        yield "fastest.*? at η = [^,]*?, 1 − β = #", 1 - fastest.beta
    yield "simple choice η = #", simple.eta
    yield "simple choice η = [^,]*?, 1 − β = #", 1 - simple.beta
    yield "the simple choice reaches #", gaps[1] / gaps[2]
    yield "has # times its guarantee", gaps[1] / ((1 - simple.beta) / 2)


def titles(c):
    """The same of the titles."""
    yield 0, "B = #", c.batch
    gap = mb.contraction_gap(c.H, method(c, "chosen"), c.batch)
    if 0 < gap < 0.99:
        yield 1, "√ρ = 1 − #", 1 - np.sqrt(1 - gap), 2


def lamps(c):
    """Whether the simple choice has its guarantee."""
    simple = mb.bounds.heavy_ball_gap(c.H, c.batch, "lower")
    return [mb.contraction_gap(c.H, simple.method, c.batch) >= simple.value * (1 - 1e-9)]


def numbers(c):
    """The view's numbers again."""
    for key, word in (("gap", "chosen"), ("simple", "simple choice"), ("best", "fastest")):
        same(c.n[key], mb.contraction_gap(c.H, method(c, word), c.batch), rtol=1e-5, atol=1e-9)
    same(c.n["bound"], mb.bounds.heavy_ball_gap(c.H, c.batch).value)
