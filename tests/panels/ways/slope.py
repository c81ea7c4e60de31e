"""Panel ``slope``: one weight in closed form, its runs by the law of their gradients, the best learning rate by scanning."""

from functools import lru_cache

import numpy as np

import mombook as mb
from mombook.sample.paths import paths

from .common import NEAR, named, places, same, shares, upright

STEPS, BATCH = 50, 8


def left(rate, noise, steps=STEPS):
    """E w^2 after so many steps from w = 1: a geometric sum."""
    keep, add = 1 - 2 * rate + rate**2 * (1 + 2 / BATCH), rate**2 * noise**2 / BATCH
    return keep**steps + add * np.sum(keep ** np.arange(steps))


@lru_cache(maxsize=64)
def best(noise):
    """(best learning rate, what it leaves), on ever finer grids."""
    low, high = 1e-3, 1.6
    for _ in range(12):
        grid = np.geomspace(low, high, 41)
        k = int(np.argmin([left(rate, noise) for rate in grid]))
        low, high = grid[max(k - 1, 0)], grid[min(k + 1, 40)]
    return grid[k], left(grid[k], noise)


@lru_cache(maxsize=32)
def literal(rate, noise):
    """Weights of 4000 runs, sample by sample, after 0..STEPS steps."""
    rng, w = np.random.default_rng(11), np.ones(4000)
    seen = [w]
    for _ in range(STEPS):
        x, label = rng.standard_normal((2, BATCH, w.size))
        w = w - rate * np.mean(x * (x * w - noise * label), axis=0)
        seen.append(w)
    return np.array(seen)


def band(c):
    """Four in five runs drawn sample by sample lie in it, and exactly so many of the 400 runs from the panel's seed."""
    x, y = c["80 % of runs"]
    half = len(x) // 2
    same(x[:half], np.arange(STEPS + 1))
    same(x[half:], x[:half][::-1])
    high, low = y[:half], y[half:][::-1]
    w = literal(c.s["rate"], c.s["noise"])
    own = paths(mb.Spectrum([1.0]), mb.Method.sgd(c.s["rate"]), BATCH, STEPS, 400, np.random.default_rng(c.s["seed"]), [1.0],
                c.s["noise"])[:, 1:, 0]
    for edge, share in ((low, 0.1), (high, 0.9)):
        free = np.abs(edge[1:]) < 9                                     # beyond, it is cut off
        assert np.all(np.abs((own < edge[1:]).sum(axis=0) - 400 * share)[free] <= 1)
    for t in (1, 7, 30, STEPS):
        if max(abs(high[t]), abs(low[t])) < 9:                          # beyond, it is cut off
            for inside, share in ((w[t] < high[t], 0.9), (w[t] > low[t], 0.9)):
                assert abs(inside.mean() - share) < 5 * np.sqrt(0.09 * (1 / 400 + 1 / 4000)), t


def runs(c):
    """Each step adds a gradient of mean w and variance (2 w^2 + noise^2)/B; five standard errors of its square."""
    x, y = c["runs"]
    square = []
    for w in (y[k * (STEPS + 2):(k + 1) * (STEPS + 2)] for k in range(2)):
        assert w[0] == 1 and np.isnan(w[-1])
        w = w[:-1][np.cumprod(np.abs(w[:-1]) < 9).astype(bool)]         # beyond, it is cut off
        gradient = (w[:-1] - w[1:]) / c.s["rate"]
        square += list((gradient - w[:-1])**2 * BATCH / (2 * w[:-1]**2 + c.s["noise"]**2))
    same(x[:STEPS + 1], np.arange(STEPS + 1))
    same(x[STEPS + 2:-1], np.arange(STEPS + 1))
    assert abs(np.mean(square) - 1) < 5 * max(np.std(square), 1.4) / np.sqrt(len(square))


def distance(c):
    """The root of E w^2, step by step."""
    x, y = c["root mean square"]
    same(x, np.arange(STEPS + 1))
    same(y, np.minimum(np.sqrt([left(c.s["rate"], c.s["noise"], t) for t in range(STEPS + 1)]), 9), rtol=1e-9)


def loss(c):
    """What is left at every learning rate; beyond the picture it is cut off."""
    x, y = c["loss"]
    same([x[0], x[-1]], [0.005, 2.0])
    same(y, np.clip([left(rate, c.s["noise"]) for rate in x], 10**-6.4, 10**2.6), rtol=1e-9)


def lowest(c):
    """The mark of the best learning rate; at an optimum the loss is flat, so the rate is known to the root of its precision."""
    (x,), (y,) = c["best"]
    rate, least = best(c.s["noise"])
    same(x, rate, rtol=1e-3)
    same(y, least, rtol=1e-6)


def here(c):
    """The mark of the slider's learning rate, at the top where the loss is above the picture."""
    same([*c["here"]], [[c.s["rate"]], [min(left(c.s["rate"], c.s["noise"]), 10**1.3)]], rtol=1e-9)


def parts(c):
    """Each part of the curve has its name near it, on the right side of the best learning rate."""
    texts, where = c.whole("names of the curve", "text"), shares(c, *c["names of the curve"], 2)
    line, at = shares(c, *c["loss"], 2), shares(c, *c["best"], 2)[0, 0]
    assert set(texts) <= {"too small:<br>slow", "diverges", "too large:<br>noise stays"}
    fine = np.transpose([np.interp(np.linspace(0, 1, 4000), np.linspace(0, 1, len(line)), v) for v in line.T])
    for text, spot in zip(texts, where, strict=True):
        assert np.hypot(*(fine - spot).T).min() < NEAR
        assert (spot[0] < at) == text.startswith("too small")
    assert "diverges" in texts


def dotted(c):
    """The best weight is zero."""
    trace = next(t for t in c.figure.data if t.name == "best weight")
    same([trace.x, trace.y], [[0, STEPS], [0, 0]])


def edges(c):
    """The name of the band stands by one of its edges."""
    where, (x, y) = shares(c, *c["80 % of runs: name"])[0], c["80 % of runs"]
    half = len(x) // 2
    far = []
    for part in (slice(half), slice(half, None)):
        line = shares(c, x[part], y[part])
        at = np.linspace(0, len(line) - 1, 4000)
        far.append(np.hypot(*(np.transpose([np.interp(at, np.arange(len(line)), v) for v in line.T]) - where).T).min())
    assert min(far) < NEAR and c.whole("80 % of runs: name", "text") == ["80 % of runs"]


TRACES = {"80 % of runs": band, "best weight": dotted, "runs": runs, "root mean square": distance, "80 % of runs: name": edges,
          "root mean square: name": named("root mean square: name", lambda c: {"root mean square": "root mean square"}),
          "chosen rate": lambda c: upright(c, "chosen rate", [c.s["rate"]] * 2), "loss": loss, "best": lowest, "here": here,
          "best: name": named("best: name", lambda c: {"best": "best"}, 2), "names of the curve": parts}
RIGHT = ("chosen rate", "loss", "best", "here", "best: name", "names of the curve")
AXES = {name: ("learning rate", "loss") if name in RIGHT else ("steps", "weight") for name in TRACES}
CONSTANTS = ("80 %",)


def said(c):
    """What is left here, and at best."""
    now, least = left(c.s["rate"], c.s["noise"]), best(c.s["noise"])
    word = c.view.sentence.split(":")[0]
    if now >= 1:
        yield "grows to # times its start", now
        yield "best rate leaves # %", 100 * least[1]
        assert word == "Too large"
    else:
        yield "# % of the expected loss is left", 100 * now
        yield "best learning rate leaves # %", 100 * least[1]
        ratio = c.s["rate"] / least[0]
        assert word == ("Too small" if ratio < 1 / 1.5 else "Too large" if ratio > 1.5 else "About right")


def titles(c):
    """The learning rate, and the number of steps."""
    yield 0, "learning rate #", c.s["rate"]
    yield 1, "after # steps", STEPS


def numbers(c):
    """The view's numbers again."""
    rate, least = best(c.s["noise"])
    same([c.n["here"], c.n["least"]], [left(c.s["rate"], c.s["noise"]), least], rtol=1e-6)
    same(c.n["best"], rate, rtol=1e-3)
    method = mb.Method.sgd(c.s["rate"])
    for k in places(range(STEPS + 1), 3):
        same(2 * mb.risk_curve(mb.Spectrum([1.0]), method, BATCH, STEPS, noise=c.s["noise"])[k],
             left(c.s["rate"], c.s["noise"], int(k)), rtol=1e-9)
