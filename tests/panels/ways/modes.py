"""Panel ``modes``: eigenvalues from their formula, shares by stepping SGD's second moments direction by direction."""

from functools import lru_cache

import numpy as np

import mombook as mb

from .common import NEAR, same, shares

BATCH, FIRST = 64, (1, 2, 4, 8, 16, 32, 64)
LAST = (1, 3, 7, 15, 31, 63, 100)


@lru_cache(maxsize=64)
def losses(decay, d):
    """lambda_i E e_i^2 after 0..4000 steps at half the stability limit, which is found by bisection on the exact gap."""
    lam = np.arange(1.0, d + 1) ** -decay
    low, high, H = 0.0, 3.0, mb.Spectrum(lam)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if mb.contraction_gap(H, mb.Method.sgd(middle), BATCH) > 0 else (low, middle)
    lr, square, seen = low / 2, np.ones(d), []
    for _ in range(4001):
        seen.append(lam * square)
        square = (1 - lr * lam)**2 * square + lr**2 / BATCH * (lam**2 * square + lam * (lam @ square))
    return np.array(seen)


def own(c):
    """The losses of this scenario."""
    return losses(c.s["decay"], c.s["d"])


def bars(k):
    """As many bars as the group has directions, each as high as its eigenvalue, none over its neighbour."""
    def check(c):
        a, b = FIRST[k], min(LAST[k], c.s["d"])
        x, y = (v.reshape(-1, 6) for v in c[f"bars of {a}"])
        rank = np.arange(a, b + 1)
        assert len(x) == len(rank) and np.isnan(x[:, 5]).all()
        same(y[:, 1:3], np.repeat(rank[:, None] ** -c.s["decay"], 2, axis=1), rtol=1e-12)
        same(np.log10(y[:, [0, 3, 4]]), c.figure.layout.yaxis.range[0])
        left, right = x[:, [0, 1, 4]], x[:, [2, 3]]
        same(left, left[:, :1].repeat(3, axis=1))
        same(right, right[:, :1].repeat(2, axis=1))
        assert np.all(left[:, 0] < rank) and np.all(rank < right[:, 0]) and np.all(right[:-1, 0] < left[1:, 0])
    return check


def share(k):
    """The area between the shares of all steeper groups and these with its own, step by step."""
    def check(c):
        a, b = FIRST[k], LAST[k]
        x, y = c[f"share of {a}"]
        half, total = len(x) // 2, own(c).sum(axis=1)
        lower, upper, steps = y[:half], y[half:][::-1], x[:half].astype(int)
        same(x[half:], x[:half][::-1])
        seen = steps <= 4000
        same(lower[seen], own(c)[steps[seen], :a - 1].sum(axis=1) / total[steps[seen]], rtol=1e-6, atol=1e-9)
        same(upper[seen], own(c)[steps[seen], :b].sum(axis=1) / total[steps[seen]], rtol=1e-6, atol=1e-9)
    return check


def end(c):
    """The first of the drawn steps at which a millionth of the loss is left."""
    x, y = c["end"]
    steps, H = c["share of 1"][0], mb.Spectrum(np.arange(1.0, c.s["d"] + 1) ** -c.s["decay"])
    steps = steps[:len(steps) // 2]
    same(x, [steps[-1]] * 2)
    same(y, [0, 1])
    limit = mb.exact.thresholds.step_limit(H, BATCH)
    risk = mb.risk_at(H, mb.Method.sgd(limit / 2), BATCH, steps[-2:]) / (H.trace / 2)
    assert risk[0] > 1e-6 >= risk[1]


def last(c):
    """The handle stands on the last bar, on an axis on which its height is the decay."""
    same([*c["last"]], [[c.s["d"]], [c.s["decay"]]])
    foot, top = c.view.ranges["yaxis3"]
    low, high = c.figure.layout.yaxis.range
    for decay in (0.1, c.s["decay"], 2.0):
        at = (-decay * np.log10(c.s["d"]) - low) / (high - low)
        same(foot + at * (top - foot), decay, rtol=1e-9)


def dots(c):
    """An eigenvalue for each rank."""
    x, y = c["eigenvalues"]
    same(x, np.arange(1, c.s["d"] + 1))
    same(y, x ** -c.s["decay"], rtol=1e-12)


def drag(c):
    """What can be dragged says so."""
    assert c.whole("last: name", "text") == ["drag"]
    assert np.hypot(*(shares(c, *c["last: name"]) - shares(c, *(v[-1:] for v in c["eigenvalues"]))).T).max() < NEAR


def names(c):
    """A group's name stands inside its area."""
    texts, (x, y) = c.whole("names of the shares", "text"), c["names of the shares"]
    for text, step, height in zip(texts, x, y, strict=True):
        a, _, b = text.replace("<br>", "").partition("–")
        k = FIRST.index(int(a))
        assert int(b or a) == min(LAST[k], c.s["d"])
        steps, values = c[f"share of {a}"]
        half = len(steps) // 2
        lower, upper = values[:half], values[half:][::-1]
        at = np.log(step), np.log(steps[:half])
        assert np.interp(*at, lower) < height < np.interp(*at, upper)
    assert texts


def ending(c):
    """The name stands beside the line."""
    assert c.whole("end: name", "text") == ["a millionth<br>is left"]
    off = shares(c, *c["end: name"], 2)[:, 0] - shares(c, *c["end"], 2)[0, 0]
    assert np.abs(off).max() < NEAR


TRACES = {**{f"bars of {a}": bars(k) for k, a in enumerate(FIRST)}, "eigenvalues": dots, "last": last, "last: name": drag,
          **{f"share of {a}": share(k) for k, a in enumerate(FIRST)}, "end": end, "names of the shares": names,
          "end: name": ending}
RIGHT = (*(f"share of {a}" for a in FIRST), "end", "names of the shares", "end: name")
AXES = {name: ("steps", "share of the remaining loss") if name in RIGHT else ("rank", "eigenvalue") for name in TRACES} | {
    "last": ("rank", "")}


def half(c):
    """The first direction at which half of what is left after 100 steps has been counted."""
    seen, total = 0.0, own(c)[100].sum()
    for rank, loss in enumerate(own(c)[100], 1):
        seen += loss
        if seen >= total / 2:
            return rank
    raise AssertionError


def said(c):
    """The step and the direction."""
    yield "After # steps", 100
    yield "directions from # on", half(c)


def titles(c):
    """The condition number."""
    yield 0, "κ = #", c.s["d"] ** c.s["decay"]


def numbers(c):
    """The view's numbers again."""
    assert c.n["half"] == half(c)
    same(c.n["kappa"], c.s["d"] ** c.s["decay"], rtol=1e-12)
