"""Panel ``race``: the public trials, curves by literal steps."""

import numpy as np

import mombook as mb
from mombook.study import race

from .common import SIMULATED, YOURS, asked_for, fixed, methods, same, stepped

WORDS = {"sgd": "SGD", "heavy_ball": "heavy ball", "nesterov": "Nesterov", "asgd": "ASGD", "yours": YOURS}
HIGHEST, MOST, LEAST = 5.0, 256, 32


def setting(c):
    """The spectrum on which trials are judged, and the noise."""
    H = c.spectrum(1.0 if c.final else 0.5)
    return H, float(np.sqrt(c.s["noise"] * H.trace))


def pool(c, family, count):
    """The public trials."""
    H, sigma = setting(c)
    return race.trials(H, asked_for(c, family), c.batch, c.s["steps"], count, c.s["seed"], sigma)


def best(c, family):
    """Of so many trials the one whose exact risk at the end is least: recomputed one by one for a few."""
    if fixed(c, family):
        (H, sigma), method = setting(c), asked_for(c, family)
        return method, mb.risk_at(H, method, c.batch, [c.s["steps"]], sigma)[0]
    return pool(c, family, c.s["trials"]).best()


def scale(c):
    """Samples a step, where the plot is against samples."""
    return c.batch if c.s["against"] == "samples" else 1


def curve(family):
    """The best trial's exact curve."""
    def check(c):
        x, y = c[WORDS[family]]
        if not c.final:
            return                                                      # fewer trials are judged then, and told
        _, sigma = setting(c)
        H = c.curves
        seen, risk = stepped(H, best(c, family)[0], c.batch, x / scale(c), sigma)
        same(y[seen], risk, rtol=1e-5)
        assert np.all(y < HIGHEST)
    return check


def tuned(family):
    """The exactly tuned method's curve ends at its least risk, which no trial undercuts."""
    def check(c):
        x, y = c[f"{WORDS[family]}, tuned exactly"]
        assert x[-1] == scale(c) * c.s["steps"] or y[-1] > 0.5
        if x[-1] == scale(c) * c.s["steps"]:
            same(y[-1], c[f"{WORDS[family]}, optimum"][1][0], rtol=0.4)  # judged in bins eight times as wide
            assert y[-1] <= best(c, family)[1] / (setting(c)[0].trace / 2) * 1.1
    return check


def optimum(family):
    """A level at the least risk of the tuned method."""
    def check(c):
        x, y = c[f"{WORDS[family]}, optimum"]
        same(x, [1, MOST])
        (H, sigma), drawn = setting(c), pool(c, family, MOST if c.final else LEAST)
        least = race.optimum(H, drawn, c.batch, c.s["steps"], sigma)[1] / (H.trace / 2)
        if c.final:
            same(y, [least] * 2, rtol=1e-6)
        else:                                                           # a shorter search ends between that and the best trial
            assert y[0] == y[1] and least * (1 - 1e-6) <= y[0] <= min(drawn.risks) / (H.trace / 2) * (1 + 1e-6)
    return check


def median(family):
    """The median of the best of N out of the pool, by counting."""
    def check(c):
        x, y = c[f"{WORDS[family]}, median best"]
        H, _ = setting(c)
        if fixed(c, family):                                            # nothing is tried
            same([*x, *y], [1, MOST, *[best(c, family)[1] / (H.trace / 2)] * 2])
            return
        every = MOST if c.final else LEAST
        risks = np.sort(np.asarray(pool(c, family, every).risks)) / (H.trace / 2)
        for k in {0, len(x) // 2, len(x) - 1}:
            chance = 1 - np.cumprod(1 - x[k] / (every - np.arange(every)).clip(x[k]))   # that one of the N is among the first
            i = int(np.searchsorted(chance, 0.5))
            near = risks[max(0, i - 2):i + 3]
            assert near.min() * (1 - 1e-9) <= y[k] <= near.max() * (1 + 1e-9), (family, x[k])
    return check


def here(family):
    """The race's end."""
    def check(c):
        x, y = c[f"{WORDS[family]}, here"]
        same(x, [c.s["trials"] if c.final else min(c.s["trials"], LEAST // 2)])
        if c.final:
            method, _ = best(c, family)
            H, sigma = setting(c)
            same(y, mb.risk_at(H, method, c.batch, [c.s["steps"]], sigma) / (H.trace / 2), rtol=1e-6)
    return check


def target(c):
    """A level at the target."""
    x, y = c["target"]
    same([*x, *y], [scale(c), scale(c) * c.s["steps"], c.s["target"], c.s["target"]])


def budget(c):
    """A vertical at the number of trials."""
    x, y = c["budget"]
    same(x, [c.s["trials"]] * 2)
    same(y[1], HIGHEST)


TRACES = {**{word: curve(f) for f, word in WORDS.items()},
          **{f"{word}, tuned exactly": tuned(f) for f, word in WORDS.items()},
          **{f"{word}, optimum": optimum(f) for f, word in WORDS.items()},
          **{f"{word}, median best": median(f) for f, word in WORDS.items()},
          **{f"{word}, here": here(f) for f, word in WORDS.items()}, "target": target, "budget": budget,
          **{f"{word}, {part}": SIMULATED for word in WORDS.values() for part in ("runs", "80 % of runs")}}
LEFT, RIGHT = ("or samples", "risk / risk at the start"), ("trials each method may try", "risk at the end / at the start")
AXES = {name: RIGHT if name == "budget" or name.endswith(("optimum", "median best", "here")) else LEFT for name in TRACES}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    H, sigma = setting(c)
    unit, n = H.trace / 2, c.n
    risks = {f: best(c, f)[1] / unit for f in methods(c)}
    if "yours" in risks and not risks["yours"] < np.inf:
        assert c.view.sentence.endswith(" Your method diverges.")
        del risks["yours"]
    yield "after # steps", c.s["steps"]
    yield r"\(# samples\)", c.s["steps"] * c.batch
    yield "the best of # trial", c.s["trials"]
    for f, risk in risks.items():
        yield f"each ends at .*?\\b{WORDS[f]} #", risk
        if not fixed(c, f):
            yield f"tuning that costs .*?\\b{WORDS[f]} # ?[x×]", risk / n["optimum"][f], 2.7
        t = mb.steps_to(H, best(c, f)[0], c.batch, c.s["target"] * unit, sigma, limit=c.s["steps"])
        if np.isfinite(t):
            yield f"is reached by .*?\\b{WORDS[f]} in #", np.ceil(t)
    yield ("Target #" if "Target " in c.view.sentence else "reaches the target #"), c.s["target"]
    others = [f for f in risks if f not in ("sgd", "yours")]
    if "sgd" in risks and others:
        least = {k: min(n[k][f] for f in others) for k in ("risk", "median", "optimum")}
        exactly, won, usual = (n[k]["sgd"] / least[k] for k in ("optimum", "risk", "median"))
        yield (r"beats SGD by # ?[x×] when" if exactly >= 1.05 else r"tuned exactly \(# ?[x×]"), exactly
        if won < 0.995:
            yield "wins by # ?[x×]", 1 / won
        elif won > 1.005:
            yield "is ahead by # ?[x×]", won
        if usual < 0.995:
            yield "momentum is behind by # ?[x×]", 1 / usual
        elif usual > 1.005:
            yield "momentum is ahead by # ?[x×]", usual


def titles(c):
    """The same of the titles."""
    yield 0, "Best of # trial", c.s["trials"]


def numbers(c):
    """The view's numbers again; what runs along the left plot is in its title."""
    H, sigma = setting(c)
    for f in methods(c):
        same(c.n["risk"][f], best(c, f)[1] / (H.trace / 2))
        if fixed(c, f):
            assert f not in c.n["optimum"] and c.view.traces[f"{YOURS}, optimum"] == {"visible": False}
            continue
        alone = mb.risk_at(H, best(c, f)[0], c.batch, [c.s["steps"]], sigma)[0]
        same(c.n["risk"][f], alone / (H.trace / 2), rtol=1e-6)
        assert c.n["optimum"][f] <= c.n["risk"][f] * (1 + 1e-9)
    assert c.view.titles[0].endswith(c.s["against"])
