"""Panel ``falsify``: the start and its frontiers, tuned at a few batches."""

import numpy as np

import mombook as mb

from .common import SIMULATED, named, places, rate, same, unit

WORDS = {"sgd": "SGD", "heavy_ball": "heavy ball"}


def start(c):
    """The spectrum of the sliders, or what was given in its place."""
    return c.spectrum(None, c.s.get("levels"))


def best(H, family, batches):
    """The best compute efficiency over some batches, in units of mu / tr H."""
    return max(rate(H, family, batches) / batches) / unit(H)


def ratio(c):
    """Best efficiency over best efficiency, from a scan."""
    x, y = c["start"]
    H, batches = start(c), np.geomspace(1, 1e3, 13)
    assert x == [1]
    same(y, [best(H, "heavy_ball", batches) / best(H, "sgd", batches)], rtol=2e-2)  # the best batch lies between two


def efficiency(family):
    """E-folds per sample."""
    def check(c):
        H = start(c)
        x, y = c[WORDS[family]]
        k = places(x)
        same(y[k], rate(H, family, x[k]) / x[k] / unit(H), rtol=1e-5)
    return check


def ceiling(c):
    """(T2) as a compute efficiency."""
    H = start(c)
    x, y = c["ceiling"]
    same(y, -np.log1p(-mb.bounds.heavy_ball_gap(H, x).value) / x / unit(H), rtol=1e-9)
    assert c.whole("ceiling", "visible") == bool(len(x))


def spectrum(c):
    """Eigenvalues over the largest, and how many there are of each."""
    x, y = c["start spectrum"]
    H = start(c)
    same(x, H.eigenvalues / H.largest)
    same(y, H.counts)


def level(name, value):
    """A horizontal across all trials."""
    def check(c):
        x, y = c[name]
        same(x, [1, c.s["trials"]])
        same(y, [value] * 2)
    return check


def sgds_best(c):
    """The top of SGD's curve."""
    _, y = c["SGD's best"]
    same(y, [max(c["SGD"][1])] * 2)
    same(c["SGD"][1][0], best(start(c), "sgd", [1]), rtol=1e-5)


def chosen(c):
    """Heavy ball at the chosen batch."""
    x, y = c["chosen batch"]
    H = start(c)
    same(x, [c.batch])
    same(y, [rate(H, "heavy_ball", c.batch) / c.batch / unit(H)], rtol=1e-5)
    assert c.whole("chosen batch", "visible") == (y[0] > 1e-3)


TRACES = {"start": ratio, "start spectrum": spectrum, "one": level("one", 1), "three halves": level("three halves", 1.5),
          "ceiling": ceiling, "SGD": efficiency("sgd"), "heavy ball": efficiency("heavy_ball"), "SGD's best": sgds_best,
          "chosen batch": chosen, "name of the start": named("name of the start", lambda c: {"start": "start spectrum"}, 2),
          "names of lines": named("names of lines", lambda c: {"SGD's best": "SGD's best", "ceiling (T2)": "ceiling"}, 3),
          **dict.fromkeys(("tried", "best so far", "best spectrum"), SIMULATED)}

LEFT, MIDDLE, RIGHT = (("spectra tried", "best efficiency: heavy ball / SGD"), ("eigenvalue / largest", "multiplicity"),
                       ("batch size B", "e-folds per sample × tr H / μ"))
AXES = {**dict.fromkeys(("start", "one", "three halves", "tried", "best so far"), LEFT),
        **dict.fromkeys(("start spectrum", "best spectrum", "name of the start"), MIDDLE),
        **dict.fromkeys(("ceiling", "SGD", "heavy ball", "SGD's best", "chosen batch", "names of lines"), RIGHT)}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    H, found = start(c), c.n["ratio"]
    yield "# eigenvalues", len(H)
    yield "best compute efficiency is # times SGD's", found.ratio
    yield "eigenvalues: # against", found.heavy_ball
    yield r"against # μ/tr", found.sgd
    yield "heavy ball has # of SGD's best", rate(H, "heavy_ball", c.batch) / c.batch / unit(H) / max(c["SGD"][1])


def numbers(c):
    """The view's numbers again."""
    H, found = start(c), c.n["ratio"]
    same(found.ratio, found.heavy_ball / found.sgd)
    same(found.heavy_ball, rate(H, "heavy_ball", found.batch) / found.batch / unit(H), rtol=1e-5)
    same(found.sgd, best(H, "sgd", [1, 2, 4]), rtol=5e-2)               # the same
