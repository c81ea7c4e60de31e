"""Panel ``translator``: the response to one gradient, by literal steps."""

import re

import numpy as np

import mombook as mb

from .common import YOURS, asked_for, fixed, methods, own_method, places, same, tuned, within

FAMILIES = {"sgd": "SGD", "heavy_ball": "heavy ball", "nesterov": "Nesterov", "asgd": "ASGD", "yours": YOURS}


def method(c, family):
    """The tuned method, or the reader's own. Where that is tuned, it is the panel's, whose gap ``numbers`` checks: on a nearly
    flat spectrum many have it."""
    if family == "yours":
        return asked_for(c, family) if fixed(c, family) else c.n["methods"]["yours"]
    return tuned(c.H, family, float(c.batch)).method


def moved(m, steps):
    """How far w has gone after a unit gradient at step 1 and none after it; L is 1."""
    w, buffer = 0.0, 0.0
    for t in range(int(steps)):
        gradient = 1.0 if t == 0 else 0.0
        buffer = m.beta * buffer + gradient
        w += m.delta * gradient + m.eta * buffer
    return w


def response(family):
    """Distance moved over steps."""
    def check(c):
        x, y = c[FAMILIES[family]]
        m = method(c, family)
        assert x[0] == 1 and np.all(x == np.rint(x))
        for k in places(x[x < 3000], 5):
            same(y[k], moved(m, x[k]) * c.H.largest, rtol=1e-3)
    return check


TRACES = {word: response(f) for f, word in FAMILIES.items()}
AXES = dict.fromkeys(TRACES, ("steps after the gradient", "distance moved × L"))


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    for m in methods(c):
        yield f"times L: .*?{FAMILIES[m]} #", method(c, m).long_run_step * c.H.largest


def numbers(c):
    """The view's numbers, and the methods in the lines to copy."""
    assert c.view.traces[YOURS]["visible"] == (bool(c.s["method"]) and within(c, *c[YOURS], ("xaxis", "yaxis")))
    for m, word in FAMILIES.items():
        if m == "yours" and not c.s["method"]:
            continue
        same(c.n["long run"][m], method(c, m).long_run_step * c.H.largest, rtol=1e-3)
        line = re.search(rf"^{word}: delta=(\S+), eta=(\S+), beta=(\S+)$", c.view.text, re.M)
        assert bool(line) == (m in methods(c))
        if line and m == "yours":
            same([*map(float, line.groups())], [getattr(method(c, m), each) for each in ("delta", "eta", "beta")], rtol=1e-12)
            if not fixed(c, m):
                best = own_method(c, c.batch)
                same(mb.contraction_gap(c.H, method(c, m), c.batch), mb.contraction_gap(c.H, best, c.batch), rtol=1e-5)
                same(method(c, m).as_qhm()["nu"], best.as_qhm()["nu"], rtol=1e-6)
        elif line:
            same(mb.contraction_gap(c.H, mb.Method(*map(float, line.groups())), c.batch), tuned(c.H, m, float(c.batch)).gap,
                 rtol=1e-6)
