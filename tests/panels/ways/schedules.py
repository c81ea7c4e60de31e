"""Panel ``schedules``: each schedule written out again, stepped one by one, and at a step that no neighbour beats."""

from functools import lru_cache

import numpy as np

import mombook as mb
from mombook.exact import schedule
from mombook.panels.schedules import ROWS, SHORT

from .common import binned, same

KNOTS = 8
NEAR = 1.08
"""Steps so many times as long, or as short, must not be better."""


def spectrum(c):
    """The power law of the decay slider, or what was given in its place, in the panel's bins."""
    bins = 2 if c.final else 1
    return law(c.s["decay"], bins) if c.given is None else binned(c.given, bins)


@lru_cache(maxsize=64)
def law(decay, bins):
    """The same, remembered."""
    return mb.Spectrum.power_law(200, decay).compressed(bins)


def rates(c):
    """The best of the usual schedules that move the learning rate alone."""
    return min((name for name in c.n["ratios"] if name not in ("average", "ramp", "memory")), key=c.n["ratios"].get)


def eps(c):
    """1 - beta at every step of a schedule that keeps its memory."""
    return np.full(c.s["steps"], c.s["memory"])


def plan(c, name, step):
    """A schedule whose largest long-run step is ``step``, from its definition."""
    T, B = c.s["steps"], float(c.batch)
    t = np.arange(T)
    shapes = {
        "constant": np.ones(T), "average": np.ones(T), "linear": 1 - t / T,
        "cosine": np.minimum(1, (t + 1) / (0.1 * T)) * (1 + np.cos(np.pi * np.clip((t / T - 0.1) / 0.9, 0, 1))) / 2,
        "stable": np.minimum(1, (t + 1) / (0.1 * T)) * np.minimum(1, (T - t) / (0.2 * T)),
        "steps": np.where(t < T / 2, 1, np.where(t < 3 * T / 4, 0.1, 0.01)),
    }
    memory, sizes = eps(c), np.full(T, B)
    if name == "memory":
        memory = np.maximum(1 / (1 + t), c.s["memory"])
        return mb.Schedule(0.0, step * memory.min() * np.ones(T), 1 - memory, sizes)
    if name == "ramp":
        sizes, used = [], 0.0
        while used < B * T * (1 - 1e-12):
            f = (1 + np.cos(np.pi * int(used / B + 1e-9) / T)) / 2
            sizes.append(min(B / f, max(B * T - used, 1.0)))
            used += sizes[-1]
        sizes = np.array(sizes)
        return mb.Schedule(0.0, step * c.s["memory"], 1 - c.s["memory"], sizes)
    f = shapes[name] / shapes[name].max()
    return mb.Schedule(0.0, step * memory * f, 1 - memory, sizes)


def risk(c, name, step):
    """Its last exact risk, one schedule at a time."""
    tail = c.s["steps"] // 2 if name == "average" else None
    return mb.risk_curve(spectrum(c), plan(c, name, step), noise=c.s["noise"], tail=tail)[-1]


def inverse(c, step):
    """1/t after one of three memories, whichever is best."""
    T, m = c.s["steps"], c.s["memory"]
    plans = [mb.Schedule(0.0, step * m * s * T / (s * T + np.arange(T)), 1 - m, np.full(T, float(c.batch)))
             for s in (0.02, 0.15, 1.0)]
    return min(mb.risk_curve(spectrum(c), each, noise=c.s["noise"])[-1] for each in plans)


def own(c):
    """The reader's schedule: straight lines between the logarithms at the knots, times the best constant step."""
    T = c.s["steps"]
    at = (1 - np.cos(np.pi * np.arange(KNOTS) / 7)) / 2 * (T - 1)
    f = np.exp(np.interp(np.arange(T), at, np.log([c.s[f"k{k}"] for k in range(1, 9)])))
    return at, f, mb.Schedule(0.0, c.n["steps"]["constant"] * eps(c) * f, 1 - eps(c), np.full(T, float(c.batch)))


def found(c):
    """The best schedule, as it is drawn."""
    f = c["best rate found"][1]
    return mb.Schedule(0.0, c.n["steps"]["constant"] * eps(c) * f, 1 - eps(c), np.full(c.s["steps"], float(c.batch)))


def through_knots(c):
    """A learning rate that is straight in the logarithm wherever no knot lies between its steps."""
    y, places = c["best rate found"][1], own(c)[0]
    straight = [t for t in range(y.size - 2) if not np.any((places > t - 1e-9) & (places < t + 2 + 1e-9))]
    np.testing.assert_allclose(np.diff(np.log(y), 2)[straight], 0, atol=1e-9)
    return y


def rate(name, f):
    """A drawn learning rate, at the steps where it is drawn."""
    def check(c):
        x, y = c[name]
        at = np.rint(x / c.batch).astype(int)
        same(x, at * c.batch, rtol=1e-12, what=name)
        assert list(at) == list(range(c.s["steps"]))
        same(y, f(c)[at], rtol=1e-9, what=name)
    return check


def usual(c):
    """The best of the usual learning rates, in units of the best constant one."""
    name = rates(c)
    if name == "inverse":
        return c["best usual rate"][1]
    p = plan(c, name, c.n["steps"][name])
    return p.eta / (1 - p.beta) / c.n["steps"]["constant"]


def curve(name, of, tail=None):
    """A drawn risk, against one schedule stepped alone, as a share of the start."""
    def check(c):
        x, y = c[name]
        p = of(c)
        expected = mb.risk_curve(spectrum(c), p, noise=c.s["noise"], tail=tail and tail(c))
        used = np.concatenate([[0], np.cumsum(p.batch)])
        at = np.searchsorted(used, x - 1e-6 * c.batch)
        same(used[at], x, rtol=1e-9, what=name)
        same(y, (expected / expected[0])[at], rtol=1e-6, what=name)
        assert len(x) == np.sum(expected / expected[0] <= 2) and y.max() <= 2
    return check


def usual_plan(c):
    """The schedule of the blue curve."""
    return mb.Schedule(0.0, usual(c) * c.n["steps"]["constant"] * eps(c), 1 - eps(c), np.full(c.s["steps"], float(c.batch)))


def knots(c):
    """Where the heights of the sliders are."""
    x, y = c["your knots"]
    same(x, c.batch * np.rint(own(c)[0]), rtol=1e-12)
    same(y, [c.s[f"k{k}"] for k in range(1, 9)])


def rows(name, names):
    """Rows of the ranking: place, ratio, label."""
    def check(c):
        x, y = c[name]
        every = {**c.n["ratios"], "best": 1.0, "yours": c.n["yours"]}
        order = sorted(every, key=every.get)
        wanted = [each for each in order if each in names(c)]
        same(x, np.clip([every[each] for each in wanted], 0.4, 8))
        same(y, [len(order) - order.index(each) for each in wanted])
        for each, text in zip(wanted, c.whole(name, "text"), strict=True):
            assert text.strip().startswith(ROWS.get(each, each)), (text, each)
        sides = ["middle left" if every[each] > 4 else "middle right" for each in wanted]
        assert list(c.whole(name, "textposition")) == sides
    return check


def line(c):
    """As good as the best found, from foot to top."""
    x, y = c["as good"]
    assert list(x) == [1, 1] and list(y) == list(c.view.ranges["yaxis3"])


TRACES = {
    "constant": rate("constant", lambda c: np.ones(c.s["steps"])), "best usual rate": rate("best usual rate", usual),
    "best rate found": rate("best rate found", lambda c: through_knots(c)),
    "yours": rate("yours", lambda c: own(c)[1]), "your knots": knots,
    "constant: risk": curve("constant: risk", lambda c: plan(c, "constant", c.n["steps"]["constant"])),
    "averaged: risk": curve("averaged: risk", lambda c: plan(c, "average", c.n["steps"]["average"]),
                            lambda c: c.s["steps"] // 2),
    "best usual rate: risk": curve("best usual rate: risk", usual_plan),
    "best rate found: risk": curve("best rate found: risk", found),
    "yours: risk": curve("yours: risk", lambda c: own(c)[2]),
    "usual ones": rows("usual ones", lambda c: set(c.n["ratios"]) - {rates(c)}),
    "best usual row": rows("best usual row", lambda c: {rates(c)}),
    "best found row": rows("best found row", lambda c: {"best"}), "your row": rows("your row", lambda c: {"yours"}),
    "as good": line,
}
AXES = {name: ("samples", "risk / risk at the start") if name.endswith("risk") else
        ("risk / best rate's risk", "") if name.endswith(("row", "ones", "good")) else
        ("samples", "learning rate / best constant one") for name in TRACES}
CONSTANTS = ("“1/t”",)


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    assert f"“{SHORT[min(c.n['ratios'], key=c.n['ratios'].get)]}” leaves the least" in c.view.sentence
    yield "least risk, # times", min(c.n["ratios"].values())
    if c.n["diverges"] is None:
        yield "yours leaves # times", c.n["yours"]
    else:
        yield "yours diverges from step # on", c.n["diverges"]


def titles(c):
    """The budget."""
    yield 2, "What # samples leave", c.batch * c.s["steps"]


def numbers(c):
    """Every ratio by one schedule at a time, and no step nearby does better; the best has a gradient that vanishes."""
    n, H, noise = c.n, spectrum(c), c.s["noise"]
    assert ("memory" in n["ratios"]) == (c.s["memory"] < 1) and set(SHORT) - {"best", "memory"} <= set(n["ratios"])
    for name, ratio in n["ratios"].items():
        ways = [inverse(c, n["steps"][name] * s) if name == "inverse" else risk(c, name, n["steps"][name] * s)
                for s in (1, NEAR, 1 / NEAR)]
        same(ratio, ways[0] / n["best"], rtol=1e-6, what=name)
        rough = 5e-2 if name == "average" and c.s["memory"] < 1 else 2e-3    # averages of what oscillates have many minima
        assert ways[0] <= min(ways[1:]) * (1 + c.tolerance(rough, 5e-2)), name
    curve = mb.risk_curve(H, own(c)[2], noise=noise)
    if np.isfinite(n["yours"]):
        same(n["yours"], curve[-1] / n["best"], rtol=1e-6)
    assert n["diverges"] == schedule.diverges_at(curve, noise)
    exact, _ = schedule.final_risk_gradient(H, found(c), noise)
    same(exact, n["best"], rtol=1e-3)
    assert min(v for name, v in n["ratios"].items() if name not in ("average", "ramp", "memory")) > 0.98
