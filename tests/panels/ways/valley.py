"""Panel ``valley``: runs by the literal update, steps by the known laws, shades by their loss."""

import numpy as np

import mombook as mb

from .common import NEAR, last, named, same, shares, upright

KEYS = {"SGD": "sgd", "heavy ball": "heavy_ball"}
RTOL = 3e-5
"""A batch of 1e15 in place of the full gradient moves heavy ball's double root, and with it three second moments, by its cube
root, 1e-5."""

HALVES = (0.25, 0.5, 0.75, 1.0)


def steps(word, kappa):
    """For each tenfold fall of the loss: SGD at 2/(L + mu), heavy ball at the same rate with the best momentum."""
    factor = (kappa - 1) / (kappa + 1) if word == "SGD" else 1 - np.sqrt(2 / (kappa + 1))
    return np.log(10) / -(2 * np.log(factor))


def curve(word):
    """The law at every condition number."""
    def check(c):
        x, y = c[f"{word}: steps"]
        same([x[0], x[-1]], [2, 1e4])
        same(y, steps(word, x), rtol=RTOL)
    return check


def here(word):
    """The law at the slider's condition number."""
    return lambda c: same([*c[f"{word}: here"]], [[c.s["kappa"]], [steps(word, c.s["kappa"])]], rtol=RTOL)


def run(word):
    """Literal updates, weight by weight."""
    def check(c):
        kappa = c.s["kappa"]
        along, across = c[f"{word}: one run"]
        lr, count = 2 / (1 + 1 / kappa), int(np.ceil(4 * np.sqrt(kappa)))
        beta = (1 - np.sqrt(lr / kappa))**2 if word == "heavy ball" else 0.0
        for lam, drawn, w in ((1.0, across, c.s["across"]), (1 / kappa, along, c.s["along"])):
            velocity, expected = 0.0, [w]
            for _ in range(count):
                velocity = beta * velocity - lr * lam * w
                w += velocity
                expected.append(w)
            same(drawn, expected, rtol=1e-8, atol=1e-9)
    return check


def of_run(word):
    """The name of a run stands by one of its turns."""
    def check(c):
        name = f"name of the run of {word}"
        line = shares(c, *c[f"{word}: one run"])
        assert c.whole(name, "text") == [word]
        assert np.hypot(*(line - shares(c, *c[name])).T).min() < 1.2 * NEAR
    return check


def shade(half):
    """A shade ends where the loss is that of ``half`` along the valley's floor."""
    def check(c):
        x, y = c[f"ring {half:g}"]
        same(x**2 / c.s["kappa"] + y**2, half**2 / c.s["kappa"], rtol=1e-9)
        same([x.max(), x.min()], [half, -half])
    return check


def below(name):
    """A name stands beside its mark, or straight under it."""
    def check(c):
        assert c.whole(f"{name}: name", "text") == [name]
        off = (shares(c, *c[f"{name}: name"]) - shares(c, *c[name]))[0]
        assert np.hypot(*off) < NEAR or (abs(off[0]) < NEAR and -0.3 < off[1] < 0)
    return check


LAWS = {"SGD": "SGD ∝ κ", "heavy ball": "heavy ball ∝ √κ"}
TRACES = {**{f"ring {half:g}": shade(half) for half in HALVES},
          "start": lambda c: same([*c["start"]], [[c.s["along"]], [c.s["across"]]]),
          "least loss": lambda c: same([*c["least loss"]], [[0.0], [0.0]]),
          "chosen κ": lambda c: upright(c, "chosen κ", [c.s["kappa"]] * 2),
          **{f"{mark}: name": below(mark) for mark in ("start", "least loss")},
          **{f"name of {w}": named(f"name of {w}", lambda c, w=w: {LAWS[w]: f"{w}: steps"}, 2) for w in KEYS},
          **{f"name of the run of {w}": of_run(w) for w in KEYS},
          **{f"{w}: {part}": make(w) for w in KEYS for part, make in (
              ("steps", curve), ("here", here), ("one run", run), ("last step", last))}}
LEFT, RIGHT = ("along the valley", "across the valley"), ("condition number κ", "steps for each tenfold fall of the loss")
ON_RIGHT = ("chosen κ", *(f"name of {w}" for w in KEYS), *(f"{w}: {part}" for w in KEYS for part in ("steps", "here")))
AXES = {name: RIGHT if name in ON_RIGHT else LEFT for name in TRACES}


def said(c):
    """How many times as many steps, and the root of the condition number."""
    yield "SGD needs #× as many steps", steps("SGD", c.s["kappa"]) / steps("heavy ball", c.s["kappa"])
    yield "square root of κ is #", np.sqrt(c.s["kappa"])


def titles(c):
    """Steps and condition number over the left plot."""
    yield 0, "of # steps", int(np.ceil(4 * np.sqrt(c.s["kappa"])))
    yield 0, "κ = #", c.s["kappa"]


def numbers(c):
    """The view's numbers again, and the rate by the engine's gap at two far larger batches."""
    kappa = c.s["kappa"]
    same([c.n["steps"][key] for key in KEYS.values()], [steps(word, kappa) for word in KEYS], rtol=RTOL)
    gap = mb.contraction_gap(mb.Spectrum([1.0, 1 / kappa]), mb.Method.sgd(2 / (1 + 1 / kappa)), 1e13)
    same(np.log(10) / -np.log1p(-gap), c.n["steps"]["sgd"], rtol=1e-6)
