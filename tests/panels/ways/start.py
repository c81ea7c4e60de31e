"""Panel ``start``: costs by tuning alone, bends by halving, and runs by the law of their gradients."""

import re
from functools import lru_cache
from itertools import pairwise

import numpy as np
import scipy

import mombook as mb

from .common import NEAR, last, named, places, same, shares, upright

KEYS = {"SGD": "sgd", "heavy ball": "heavy_ball"}


def valley(c):
    """The two curvatures."""
    return mb.Spectrum(np.array([1.0, 1 / c.s["kappa"]]))


def price(c, word, batch):
    """Samples for each tenfold fall of the expected loss, of the method tuned at one batch size."""
    return _price(c.s["kappa"], word, float(batch))


@lru_cache(maxsize=4096)
def _price(kappa, word, batch):
    gap = mb.tune(mb.Spectrum(np.array([1.0, 1 / kappa])), KEYS[word], batch).gap
    return batch * np.log(10) / -np.log1p(-gap)


def cost(word):
    """A curve of costs, tuned one batch size at a time."""
    def check(c):
        x, y = c[f"{word}: cost"]
        assert x[0] == 1 and x[-1] == 65536
        for k in places(x, 5):
            same(y[k], price(c, word, x[k]), rtol=c.tolerance(1e-6, 1e-6))
    return check


def here(word):
    """The cost at the slider's batch size."""
    return lambda c: same([*c[f"{word}: here"]], [[c.batch], [price(c, word, c.batch)]], rtol=1e-6)


def halved(c, word):
    """Where the cost is twice that of batch 1, by Brent's method on single tunings."""
    twice = 2 * price(c, word, 1.0)
    return np.exp(scipy.optimize.brentq(lambda z: np.log(price(c, word, np.exp(z)) / twice), 0.0, np.log(1e9), xtol=1e-9))


def window(c):
    """The bracket joins the places where the costs have doubled, under both curves."""
    x, y = c["window"]
    same(x, [halved(c, word) for word in ("SGD", "SGD", "heavy ball", "heavy ball")], rtol=c.tolerance(1e-5, 3e-2))
    ends = [2 * price(c, word, 1.0) for word in KEYS]
    same(y, [ends[0], *[price(c, "heavy ball", 1.0) / 2.2] * 2, ends[1]], rtol=1e-6)


def wide(c):
    """The window's name stands by its bracket, or by the batch that crosses it, and says how far apart the bends are."""
    (text,), (x, y) = c.whole("window name", "text"), shares(c, *c["window name"], 2)[0]
    bracket, root = shares(c, *c["window"], 2)[1:3], np.sqrt(c.s["kappa"])
    assert bracket[0, 0] - NEAR < x < max(bracket[1, 0], shares(c, *c["chosen batch"], 2)[0, 0]) + NEAR
    assert abs(y - bracket[0, 1]) < 2 * NEAR
    bends = [halved(c, word) for word in KEYS]
    wide = bends[1] / bends[0]
    if wide < 1.1:
        assert text == "momentum gains nothing"
    else:
        told, most = re.fullmatch(r"○ cost has doubled:<br>heavy ball (.+)× later<br>\(at most √κ = (.+)\)", text).groups()
        assert most == mb.prose.three(root)
        same(float(told), wide, rtol=c.tolerance(5e-3, 3e-2))           # three digits


def run(word):
    """Each step of a run adds gradients whose law is that of a batch of Gaussian inputs.

    The gradient is read off the path: g = (1/B) sum of x (x.e) has mean He and covariance ((e.He) H + He e'H)/B. Its
    standardised square then has mean 2 a step (both weights); five standard errors, wider for few steps.
    """
    def check(c):
        along, across = c[f"{word}: one run"]
        e, lam = np.stack([across, along], axis=1), np.array([1.0, 1 / c.s["kappa"]])
        assert len(e) == int(np.ceil(4 * np.sqrt(c.s["kappa"]))) + 1 and e[0].tolist() == [c.s["across"], c.s["along"]]
        method = mb.tune(valley(c), KEYS[word], float(c.batch)).method
        m, square = np.zeros(2), []
        for now, after in pairwise(e):
            g = (now - after - method.eta * method.beta * m) / (method.delta + method.eta)
            m = method.beta * m + g
            mean = lam * now
            if now @ mean == 0:                                         # a run that begins at the least loss stays there
                continue
            off = g - mean
            cover = ((now @ mean) * np.diag(lam) + np.outer(mean, mean)) / c.batch
            square.append(off @ np.linalg.solve(cover, off))
        if not square:
            return
        square, allowed = np.array(square), 5 * max(np.std(square), 2.0) / np.sqrt(len(square))
        assert abs(square.mean() - 2) < allowed
    return check


def of_run(word):
    """The name of a run stands by its last step or by its path."""
    def check(c):
        line = np.concatenate([shares(c, *c[f"{word}: {part}"]) for part in ("one run", "last step")])
        at = np.linspace(0, len(line) - 1, 50 * len(line))
        fine = np.transpose([np.interp(at, np.arange(len(line)), v) for v in line.T])
        name = f"name of the run of {word}"
        assert c.whole(name, "text") == [word]
        assert np.hypot(*(fine - shares(c, *c[name])).T).min() < NEAR
    return check


def rings(c):
    """Each line has one loss, and reaches as far along the valley as it should."""
    x, y = c["lines of equal loss"]
    for k, half in enumerate((0.25, 0.5, 0.75, 1.0)):
        along, across = (v[62 * k:62 * k + 61] for v in (x, y))
        same(across**2 + along**2 / c.s["kappa"], half**2 / c.s["kappa"], rtol=1e-9)
        same(np.max(along), half)


def fixed(name, x, y):
    """A single point that never moves."""
    return lambda c: same([*c[name]], [[x], [y]])


TRACES = {"lines of equal loss": rings, "start": lambda c: same([*c["start"]], [[c.s["along"]], [c.s["across"]]]),
          "least loss": fixed("least loss", 0.0, 0.0), "window": window, "window name": wide,
          "chosen batch": lambda c: upright(c, "chosen batch", [c.batch] * 2),
          **{f"{mark}: name": named(f"{mark}: name", lambda c, mark=mark: {mark: mark}) for mark in ("start", "least loss")},
          **{f"name of {w}": named(f"name of {w}", lambda c, w=w: {w: f"{w}: cost"}, 2) for w in KEYS},
          **{f"name of the run of {w}": of_run(w) for w in KEYS},
          **{f"{w}: {part}": make(w) for w in KEYS for part, make in (
              ("cost", cost), ("here", here), ("one run", run), ("last step", last))}}
LEFT, RIGHT = ("along the valley", "across the valley"), ("batch size B", "samples per tenfold fall of the loss")
PARTS = ("lines of equal loss", "start", "least loss", "one run", "last step", "start: name", "least loss: name",
         *(f"name of the run of {word}" for word in KEYS))
AXES = {name: LEFT if name.endswith(PARTS) else RIGHT for name in TRACES}


def said(c):
    """The one number of the sentence."""
    yield "B = #", c.batch
    ratio, bends = price(c, "SGD", c.batch) / price(c, "heavy ball", c.batch), [halved(c, word) for word in KEYS]
    assert c.view.sentence.startswith("The valley is nearly round" if bends[1] < 1.1 * bends[0] else
                                      "Noise decides" if ratio < 1.5 and c.batch <= bends[0] else f"At B = {c.batch} SGD")
    if mb.prose.three(ratio) != "1":
        yield "SGD needs #× as many", ratio


def titles(c):
    """Steps and batch size over the left plot."""
    yield 0, "of # steps", int(np.ceil(4 * np.sqrt(c.s["kappa"])))
    yield 0, "B = #", c.batch


def numbers(c):
    """The view's numbers again."""
    same([c.n["cost"][k] for k in KEYS.values()], [price(c, w, c.batch) for w in KEYS], rtol=1e-6)
    same([c.n["bend"][k] for k in KEYS.values()], [halved(c, w) for w in KEYS], rtol=c.tolerance(1e-5, 3e-2))
    assert c.n["steps"] == int(np.ceil(4 * np.sqrt(c.s["kappa"])))
