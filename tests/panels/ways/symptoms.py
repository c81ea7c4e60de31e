"""Panel ``symptoms``: curves by literal steps, cells of the map by the public diagnosis."""

import numpy as np

import mombook as mb
from mombook.study import symptoms

from .common import SIMULATED, same, stepped
from .common import spectra as bins

TOP, BOTTOM = 100.0, 1e-6


def setting(c):
    """The spectrum of the diagnosis, the noise and the target as risks."""
    H = c.spectrum(bins.DRAGGED)
    return H, float(np.sqrt(c.s["noise"] * H.trace)), c.s["target"] * H.trace / 2


def diagnosis(c):
    """The public diagnosis."""
    H, sigma, goal = setting(c)
    return symptoms.diagnose(H, c.s["lr"], c.s["momentum"], c.batch, sigma, goal)


def curve(name, method):
    """An exact curve inside its axes."""
    def check(c):
        x, y = c[name]
        H = c.curves if c.final else c.H
        sigma = float(np.sqrt(c.s["noise"] * c.H.trace))
        seen, risk = stepped(H, method(c), c.batch, x, sigma)
        same(y[seen], risk, rtol=1e-4)
        assert np.all((y < TOP) & (y > BOTTOM))
    return check


def level(name, value):
    """A horizontal over all steps."""
    def check(c):
        x, y = c[name]
        same([*x, *y], [0, c.s["steps"], *[value(c)] * 2], rtol=1e-3)
    return check


def floor(c):
    """The stationary risk of the chosen method, over the first risk."""
    H, sigma, _ = setting(c)
    return mb.noise_floor(H, mb.Method.heavy_ball(c.s["lr"], c.s["momentum"]), c.batch, sigma) / (H.trace / 2)


def mark(name, of):
    """A point of the map: learning rate and 1 - momentum."""
    def check(c):
        x, y = c[name]
        same([*x, *y], of(c), rtol=1e-6)
    return check


def cure(c):
    """The cure, kept inside the map."""
    m, t = diagnosis(c).cure, c.view.traces["symptoms"]
    return [np.clip(m.eta, min(t["x"]), max(t["x"])), np.clip(1 - m.beta, min(t["y"]), max(t["y"]))]


def the_map(c):
    """Cells diagnosed one at a time."""
    t = c.view.traces["symptoms"]
    x, y, z = (np.asarray(t[k], float) for k in "xyz")
    assert z.shape == (y.size, x.size)
    H, sigma, goal = setting(c)
    against = symptoms.reference(H, c.batch, sigma, goal)
    agree = [symptoms.SYMPTOMS[int(z[row, column])] == symptoms.diagnose(
        H, x[column], 1 - y[row], c.batch, sigma, goal, against).symptom
        for row, column in ((2, 3), (2, x.size - 2), (y.size // 2, x.size // 2), (y.size - 3, x.size // 2),
                            (y.size - 2, x.size - 2), (y.size // 2, x.size // 3), (y.size // 4, 2 * x.size // 3))]
    assert sum(agree) >= len(agree) - 1                                 # a cell on a border may fall on either side


def names(c):
    """Each word stands on a cell of its symptom."""
    t = c.view.traces["symptoms"]
    x, y = c["symptom names"]
    for lr, forget, word in zip(x, y, c.whole("symptom names", "text"), strict=True):
        code = np.asarray(t["z"])[np.argmin(abs(np.log(np.asarray(t["y"]) / forget))),
                                  np.argmin(abs(np.log(np.asarray(t["x"]) / lr)))]
        assert symptoms.SYMPTOMS[int(code)] == word


TRACES = {"expected loss": curve("expected loss", lambda c: mb.Method.heavy_ball(c.s["lr"], c.s["momentum"])),
          "the cure's loss": curve("the cure's loss", lambda c: diagnosis(c).cure),
          "target": level("target", lambda c: c.s["target"]), "noise floor": level("noise floor", floor),
          "symptoms": the_map, "symptom names": names,
          "yours": mark("yours", lambda c: [c.s["lr"], 1 - c.s["momentum"]]), "cure": mark("cure", cure),
          **{f"run {k}": SIMULATED for k in (1, 2, 3)}}
LEFT, RIGHT = ("steps", "risk / risk at the start"), ("learning rate", "momentum β")
AXES = {name: RIGHT if name in ("symptoms", "symptom names", "yours", "cure") else LEFT for name in TRACES}


CONSTANTS = ("2 (1 + momentum) / L", "2 B / tr")


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    found = diagnosis(c)
    torch = found.cure.as_torch()
    yield r"SGD\(lr=#", c.s["lr"]
    yield r"SGD\(lr=[^,]*, momentum=#", c.s["momentum"]
    for tail in (r"as in SGD\(lr=", r"of SGD\(lr="):
        if tail.replace("\\", "") in c.view.sentence:
            yield tail + "#", torch["lr"]
            yield tail + "[^,]*, momentum=#", torch["momentum"]
    if found.symptom in ("healthy", "slow", "oscillates"):
        yield "its gap #", found.gap
        yield "its gap .*? is # of", found.gap / found.best
        yield "is .*? of the # of", found.best
    if found.symptom == "stalls":
        yield "it stays at #", floor(c)
        yield "above the target #", c.s["target"]
    if found.symptom == "diverges":
        yield "must stay below #", found.limit


def numbers(c):
    """The view's numbers again, and the symptom in its title."""
    found, H = diagnosis(c), setting(c)[0]
    same([c.n["gap"], c.n["best"], c.n["limit"]], [found.gap, found.best, found.limit])
    same(c.n["gap"], mb.contraction_gap(H, mb.Method.heavy_ball(c.s["lr"], c.s["momentum"]), c.batch), rtol=1e-5, atol=1e-9)
    assert found.symptom in c.view.titles[0] and found.symptom[:4] in c.view.sentence
