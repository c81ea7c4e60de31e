"""Panel ``phase_map``: cells tuned for themselves, where no threshold is near."""

import numpy as np

from .common import law, rate, same

D = 200
KINDS = ("compute", "plain", "speed", "spent")
MARGIN = 0.2
"""A cell's regime is held against tuning where every threshold is further off, in e-folds: the map is interpolated."""


def efficiencies(kappa, decay, B):
    """Compute efficiencies at a batch and at batch 1."""
    H = law(kappa, decay, D, 2)
    batches = np.array([B, 1.0])
    return {m: rate(H, m, batches) / batches for m in ("sgd", "heavy_ball", "asgd")}


def kind(ce):
    """The regime by its definition, and how far the nearest threshold is."""
    margins = {"compute": ce["asgd"][0] / 2 / max(ce["sgd"][0], ce["heavy_ball"][0]),
               "plain": 2 * ce["sgd"][0] / ce["sgd"][1], "speed": 2 * ce["heavy_ball"][0] / ce["heavy_ball"][1]}
    return next((k for k, m in margins.items() if m >= 1), "spent"), min(abs(np.log(m)) for m in margins.values())


def cells(c, name):
    """A few cells: (kappa, decay, value)."""
    t = c.view.traces[name]
    x, y, z = (np.asarray(t[k], float) for k in "xyz")
    assert z.shape == (y.size, x.size) and x[0] == 1 and x[-1] == 1e6 and y[0] < 0.11
    for row, column in ((3, 8), (18, 18), (30, 30), (33, 12)):
        yield x[column], y[row], z[row, column]


def regimes(c):
    """The regime's number."""
    for kappa, decay, code in cells(c, "regime"):
        word, margin = kind(efficiencies(kappa, decay, c.batch))
        if margin > MARGIN:
            assert ("plain", "speed", "compute", "spent")[int(code)] == word, (kappa, decay, code, word)


def advantage(c):
    """log10 of ASGD's efficiency over heavy ball's."""
    for kappa, decay, log_ratio in cells(c, "ASGD over heavy ball"):
        ce = efficiencies(kappa, decay, c.batch)
        same(log_ratio, np.log10(ce["asgd"][0] / ce["heavy_ball"][0]), rtol=0, atol=0.06)  # splines between 7 x 6 x 7 nodes


def power_law(name):
    """kappa = d^decay."""
    def check(c):
        x, y = c[name]
        same(x, D**y, rtol=1e-9)
        assert x[-1] > 9e5
    return check


def ring(name):
    """The chosen spectrum."""
    def check(c):
        x, y = c[name]
        same([*x, *y], [c.s["kappa"], c.s["decay"]])
    return check


def names(c):
    """A regime's name stands on cells of that regime."""
    x, y = c["regime names"]
    t = c.view.traces["regime"]
    for kappa, decay, text in zip(x, y, c.whole("regime names", "text"), strict=True):
        code = np.asarray(t["z"])[np.argmin(abs(np.asarray(t["y"]) - decay)), np.argmin(abs(np.asarray(t["x"]) - kappa))]
        assert {"SGD": 0, "heavy ball": 1, "ASGD": 2, "too large": 3}[text] == code


TRACES = {"regime": regimes, "ASGD over heavy ball": advantage, "plain power law": power_law("plain power law"),
          "plain power law (right)": power_law("plain power law (right)"), "regime names": names,
          "chosen": ring("chosen"), "chosen (right)": ring("chosen (right)")}
AXES = dict.fromkeys(TRACES, ("condition number κ", "decay"))
WORDS = {"plain": "SGD is enough", "speed": "heavy ball buys speed", "compute": "ASGD buys compute",
         "spent": "the batch is too large"}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    ce = efficiencies(c.s["kappa"], c.s["decay"], c.batch)
    yield "heavy ball makes # times", ce["heavy_ball"][0] / ce["sgd"][0], 2.7
    yield "and ASGD # times", ce["asgd"][0] / ce["sgd"][0], 2.7
    codes = np.asarray(c.view.traces["regime"]["z"])
    for code, word in enumerate(WORDS.values()):
        share = 100 * np.mean(codes == code)
        yield f"{word} on # %", np.rint(share), 9


def titles(c):
    """The same of the titles."""
    yield 0, "B = #", c.batch


def numbers(c):
    """The view's numbers again."""
    ce = efficiencies(c.s["kappa"], c.s["decay"], c.batch)
    same(c.n["ASGD over SGD"], ce["asgd"][0] / ce["sgd"][0], rtol=1e-3)
    same(c.n["ASGD over heavy ball"], ce["asgd"][0] / ce["heavy_ball"][0], rtol=1e-3)
    word, margin = kind(ce)
    if margin > 0.01:
        assert list(WORDS)[c.n["regime"]] == word
