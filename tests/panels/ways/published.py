"""Panel ``published``: the numbers from the file itself, ours by closed forms, the engine and fits of another kind."""

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import curve_fit, minimize, minimize_scalar

import mombook as mb
from mombook.study import noisy_quadratic, published

from ..printed import agrees
from .common import places, same

WORDS = {"SGD": "sgd", "heavy ball": "heavy_ball"}
MANY = 1e5
"""Least squares at so many times the batch and the noise variance is additive noise."""


@lru_cache(maxsize=1)
def sets():
    """The file."""
    return json.loads((files("mombook.study") / "published.json").read_text(encoding="utf-8"))


def points(c):
    """Batches and steps of a language model."""
    numbers = sets()["zhang2024"]["numbers"]
    return np.array(numbers["batch"], float), np.array(numbers["steps"][numbers["sizes"].index(c.s["set"])], float)


def noisy(c):
    """Whether the quadratic is shown."""
    return c.s["set"] == "noisy"


def sgd_steps(B):
    """SGD's fewest steps on the whole spectrum: the closed form, and Brent's search over the learning rate."""
    lam = 1 / np.arange(1, 10_001)

    def steps(log_rate):
        lr = np.exp(log_rate)
        shrink, low, high = np.log((1 - lr * lam) ** 2), 0.0, 4e6
        floor = lr * lam / (B * lam * (2 - lr * lam))
        if lam @ floor / 2 >= 0.01:
            return 1e9
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if lam @ (floor + np.exp(middle * shrink) * (1 - floor)) / 2 < 0.01 else (middle, high)
        return high
    guess = np.log(min(0.0034 * B, 1.98))
    ends = guess - 1, min(guess + 1, np.log(1.9999))
    return minimize_scalar(steps, bounds=ends, method="bounded", options={"xatol": 1e-7}).fun


@lru_cache(maxsize=2)
def reached(family):
    """The tuned methods' risks at the last whole step before the steps drawn and at the next, on the whole spectrum."""
    H, batches, found = mb.Spectrum.power_law(10_000, 1.0).compressed(4), 2.0 ** np.arange(2, 22, 2), []
    steps, lr, beta = noisy_quadratic.tuned_steps(noisy_quadratic.spectrum(), family, batches)
    for k in (3, 7):
        m = mb.Method.heavy_ball(lr[k], beta[k])
        found.append((k, steps[k], mb.risk_at(H, m, batches[k] * MANY, [np.floor(steps[k]), np.ceil(steps[k])], MANY**0.5)))
    return found


def ours(name):
    """The quadratic's curve: fewest steps; for a language model the same, moved."""
    def check(c):
        x, y = c[f"{name}, ours"]
        if not noisy(c):
            right, up, _ = moved(c, WORDS[name])
            same(y, up * line(WORDS[name])(x / right), rtol=2e-3)
        elif name == "SGD":
            for k in places(x, 4):
                same(y[k], sgd_steps(x[k]), rtol=5e-3)
        else:
            for k, steps, risks in reached("heavy_ball"):
                same(y[k], steps, rtol=1e-9)
                assert risks[0] >= 0.01 * 0.995 and risks[1] <= 0.01 * 1.005
    return check


def line(family):
    """The tuned curve of the quadratic as a function of the batch: straight and falling to the left, level to the right."""
    x, y = np.log2(noisy_quadratic.tuned_curve(family))
    inside = PchipInterpolator(x, y)

    def steps(B):
        at = np.log2(B)
        return 2.0 ** np.where(at < x[0], y[0] + x[0] - at, inside(np.minimum(np.maximum(at, x[0]), x[-1])))
    return steps


@lru_cache(maxsize=32)
def _moved(key, family, batches, steps):
    B, S, curve = np.array(batches), np.array(steps), line(family)

    def off(v):
        return np.mean((np.log2(S / curve(B / 2.0 ** v[0])) - v[1]) ** 2)

    fits = [minimize(off, [first, np.log2(S[0]) - 10], method="Nelder-Mead",
                     options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 2000}) for first in (-12.0, -8, -4, 0, 4)]
    best = min(fits, key=lambda each: each.fun)
    return 2.0 ** best.x[0], 2.0 ** best.x[1], np.sqrt(best.fun)


def moved(c, family):
    """Two free numbers by a search of another kind, and the distance that is left."""
    return _moved(c.s["set"], family, *map(tuple, points(c)))


def marks(name):
    """The printed numbers."""
    def check(c):
        x, y = c[f"{name}, published"]
        numbers = sets()["zhang2019"]["numbers"]
        same(x, numbers["batch"])
        same(np.log2(y), numbers["log2_steps"][WORDS[name]])
    return check


def ratio(name):
    """A line over the marks."""
    def check(c):
        x, y = c[f"{name}, ratio"]
        if noisy(c):
            same(y, c[f"{name}, ours"][1] / c[f"{name}, published"][1])
        else:
            B, S = points(c)
            right, up, _ = moved(c, WORDS[name])
            same(x, B)
            same(y, up * line(WORDS[name])(B / right) / S, rtol=2e-3)
    return check


def law(c):
    """a + b/B by another fit."""
    B, S = points(c)
    (a, b), _ = curve_fit(lambda B, a, b: np.log(a + b / B), B, np.log(S), p0=[S[-1], B[0] * S[0]])
    return lambda B: a + b / B


def drawn_law(c):
    """The law as a curve."""
    x, y = c[published_law]
    same(y, law(c)(x), rtol=1e-4)


def law_ratio(c):
    """The law over the marks."""
    x, y = c[f"{published_law}, ratio"]
    B, S = points(c)
    same(x, B)
    same(y, law(c)(B) / S, rtol=1e-4)


def all_marks(c):
    """A language model's numbers."""
    same(c["published"], points(c))


def critical(c):
    """Four definitions, each by its words: on the straight lines between the marks, or on the law."""
    x, y = c["critical batches"]
    if noisy(c):
        assert c.whole("critical batches", "text") == list(WORDS) == list(c.n["critical"])
        for name, at, steps in zip(WORDS, x, y, strict=True):
            B, S = c[f"{name}, ours"]
            dense = np.geomspace(B[0], B[-1], 400_001)
            samples = dense * np.exp(np.interp(np.log(dense), np.log(B), np.log(S)))
            same(at, dense[samples <= (1 + c.s["overhead"]) * B[0] * S[0]][-1], rtol=1e-4)
            same(steps, np.exp(np.interp(np.log(at), np.log(B), np.log(S))))
            row = next(row for row in c.view.text.splitlines() if row.endswith(f" {name}"))
            assert agrees(float(row.split()[0]), c.n["critical"][name]) and c.n["critical"][name] == at
        return
    B, S = points(c)
    dense = np.geomspace(B[0], B[-1], 200_001)
    samples = dense * np.exp(np.interp(np.log(dense), np.log(B), np.log(S)))
    f = law(c)
    grid = np.geomspace(1, 1e6, 200_001)
    b_over_a = grid[np.argmin(abs(f(grid) / f(1e15) - 2))]
    at_reference = 256 * S[list(B).index(256)]
    over = dense[samples <= (1 + c.s["overhead"]) * at_reference][-1]
    expected = [dense[samples <= 2 * B[0] * S[0]][-1], b_over_a, over, B[np.argmin(B * S)]]
    same(x, expected, rtol=5e-4)
    same(y, np.exp(np.interp(np.log(x), np.log(B), np.log(S))))
    assert c.whole("critical batches", "text") == list(published.DEFINITIONS) == list(c.n["critical"])
    same(list(c.n["critical"].values()), x)
    for name, value in c.n["critical"].items():
        row = next(row for row in c.view.text.splitlines() if f" {name}: {published.DEFINITIONS[name]}" in row)
        assert agrees(float(row.split()[0]), value), row


def equal(c):
    """Where ours would be theirs."""
    x, y = c["equal"]
    same(np.log10(x), c.view.ranges["xaxis2"])
    same(y, [1, 1])


published_law = "a + b/B"
TRACES = {"equal": equal, published_law: drawn_law, f"{published_law}, ratio": law_ratio, "published": all_marks,
          "critical batches": critical,
          **{f"{name}, ours": ours(name) for name in WORDS}, **{f"{name}, published": marks(name) for name in WORDS},
          **{f"{name}, ratio": ratio(name) for name in WORDS}}
LEFT, RIGHT = ("batch size B", "steps to the target"), ("batch size B", "ours / published")
AXES = {name: RIGHT if "ratio" in name or name == "equal" else LEFT for name in TRACES}
CONSTANTS = ("risk 0.01", "(2019)", "(2024)", "below 1:", "85M", "151M", "302M", "604M", "1.2B")


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    if noisy(c):
        numbers = sets()["zhang2019"]["numbers"]["log2_steps"]
        fewer = [100 * (1 - min(c[f"{name}, ours"][1] / 2.0 ** np.array(numbers[key]))) for name, key in WORDS.items()]
        yield "SGD takes up to # %", fewer[0]
        yield "heavy ball up to # %", fewer[1]
        return
    B, S = points(c)
    yield r"misses the marks by # %", 100 * (2.0 ** moved(c, "sgd")[2] - 1), 2.7
    yield r"a \+ b/B by # %", 100 * (2.0 ** np.std(np.log2(S / law(c)(B))) - 1)


def numbers(c):
    """The view's numbers again."""
    if noisy(c):
        same([c.n["fewer"][key] for key in WORDS.values()],
             [1 - min(c[f"{name}, ratio"][1]) for name in WORDS])
    else:
        same([c.n["off"][key] for key in WORDS.values()], [moved(c, key)[2] for key in WORDS.values()], rtol=1e-3)
