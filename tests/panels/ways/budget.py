"""Panel ``budget``: risks by stepping every eigenvalue, the theorem's slopes written out, limits by ``is_stable``."""

from functools import lru_cache

import numpy as np
import scipy

import mombook as mb
from mombook.panels import style
from mombook.prose import three

from .common import YOURS, asked_for, fixed, methods, places, same, upright

WORDS = {"sgd": "SGD", "heavy_ball": "heavy ball", "nesterov": "Nesterov", "asgd": "ASGD", "yours": YOURS}
STEPS, ENTRIES = 3000, 1000
"""Longest run and largest dimension that is stepped eigenvalue by eigenvalue."""


@lru_cache(maxsize=64)
def problem(kappa, decay, d, source):
    """All eigenvalues, and the start that puts i^-(1 + s a) of the risk into each (of a plain power law)."""
    H = mb.Spectrum.power_law(d, decay, kappa, binned=False)
    return H, (H.eigenvalues / H.largest) ** (source + 1 / decay) / H.eigenvalues


@lru_cache(maxsize=64)
def fitted(H):
    """The decay of a straight line through log eigenvalue and log rank, every octave of ranks weighing the same."""
    lam = H.expanded()
    rank = scipy.stats.rankdata(-lam)                                   # equal ones stand at the middle of their ranks
    return float(np.clip(-np.polyfit(np.log(rank), np.log(lam), 1, w=rank**-0.5)[0], 1.05, 6)) if len(H) > 2 else 1.05


def decay(c):
    """The exponent that the start and the theorem are asked for."""
    return c.s["decay"] if c.given is None else fitted(c.given)


def count(c):
    """How many eigenvalues there are."""
    return c.s["d"] if c.given is None else round(c.given.dim)


def asked(c):
    """The spectrum, the start, and the risk at the start."""
    if c.given is None:
        H, start = problem(*(c.s[k] for k in ("kappa", "decay", "d", "source")))
    else:
        H = mb.Spectrum(c.given.expanded())
        start = (H.eigenvalues / H.largest) ** (c.s["source"] + 1 / decay(c)) / H.eigenvalues
    return H, start, float(H.eigenvalues @ start) / 2


def stepped(c, method, batch, steps, model="least squares"):
    """The risk after so many steps as a share of the start, by the recursion with parameters that may change."""
    H, start, first = asked(c)
    constant = mb.Schedule.of(method, batch, mb.schedule.constant(int(steps)))
    return mb.schedule.final_risk(H, constant, c.s["noise"], start, noise_model=model) / first


def risks(family, part, model):
    """Batches divide the budget; each point is what its method ends at, and few methods nearby end lower."""
    def check(c):
        x, y = c[WORDS[family] + part]
        steps = c.s["samples"] / x
        same(steps, np.rint(steps), rtol=1e-9)
        assert x[-1] == c.s["samples"] and (x[0] == 1 or fixed(c, family))
        methods = c.n["methods" if not part else "alone methods"][family][-len(x):]
        if fixed(c, family):
            assert set(methods) == {asked_for(c, family)}
        for k in places(x, 4):
            if steps[k] <= STEPS and count(c) <= ENTRIES:
                same(y[k], stepped(c, methods[k], x[k], round(steps[k]), model), rtol=c.tolerance(1e-3, 0.1))
        k = places(x, 3)[1]
        if steps[k] <= STEPS and count(c) <= 100 and not fixed(c, family):
            H, start, first = asked(c)
            found = mb.tune_risk(H, asked_for(c, family), x[k], round(steps[k]), c.s["noise"], start, noise_model=model)[1]
            same(y[k], found / first, atol=1e-9, rtol=c.tolerance(0.03, 0.25))     # below, all is learned: searches end early
    return check


def power(family, b, a, s):
    """The theorem's exponents, and this book's of ASGD, as lines whose least is taken."""
    lines = {"sgd": [s / (s + 1), s * (1 - b)], "heavy_ball": [s / (s + 1), 2 * s * (1 - b)],
             "nesterov": [max(s / (s + 1), s * (1 + (a - 1) * b) / (s * a + 1)), 2 * s * (1 - b)],
             "asgd": [s * (2 * a - 1) / (a + s * (2 * a - 1)), s * (2 * a - 1 - (a - 1) * b) / (a * (1 + s)), 2 * s * (1 - b)]}
    return min(lines[family])


def theorem(family):
    """C D^-r(b) from batch 1 to D, with the constant of least squares in logarithms."""
    def check(c):
        x, y = c[f"{WORDS[family]}: theorem"]
        D = c.s["samples"]
        law = {B: D ** -power(family, min(np.log(B) / np.log(D), 1), decay(c), c.s["source"])
               for B in (*x, *c[WORDS[family]][0])}
        same(y / y[0], [law[B] / law[x[0]] for B in x], rtol=1e-9)
        off = [np.log(risk / law[B]) for B, risk in zip(*c[WORDS[family]], strict=True)]
        same(y[0] / law[x[0]], np.exp(np.mean(off)), rtol=1e-9)
        same([x[0], x[-1]], [1, D])
    return check


def no_theorem(c):
    """None is known of the reader's own method."""
    assert c.view.traces[f"{YOURS}: theorem"] == {"visible": False}


def transition(sign, of):
    """An upright at D^b that points at the bend of its method's dotted slope from a name, or runs there from an edge."""
    def check(c):
        x, y = c[sign]
        same(x, c.s["samples"] ** of(c.s["source"], 1 / decay(c)), rtol=1e-9)
        low, high = (10.0**v for v in c.view.ranges["yaxis"])
        method = {"b₁": "SGD", "b₂": "Nesterov", "b₃": "heavy ball"}[sign]
        bend = None
        if c.view.traces[f"{method}: theorem"]["visible"]:
            bend = np.exp(np.interp(np.log(x[0]), *np.log(c[f"{method}: theorem"])))
        if bend is not None and low < bend < high / 10:                # from a name above, or where there is no place, below
            assert np.isclose(y, bend, rtol=1e-9).any(), (y, bend)
        else:
            assert min(abs(np.log(y / low)).min(), abs(np.log(y / high)).min(), abs(np.log(y / (bend or low))).min()) < 1e-9
    return check


TRANSITIONS = {"b₁": lambda s, x: s / (s + 1), "b₂": lambda s, x: (2 * s + x) / (2 * s + 1 + x),
               "b₃": lambda s, x: (2 * s + 1) / (2 * s + 2)}


def named(trace, points, axis, least):
    """At least so many names, each within a seventh of the plot's height of the line that it names, or of an upright's end."""
    def check(c):
        assert len(c.whole(trace, "text")) >= least
        x, y = np.log10(c[trace])
        height = np.ptp(c.view.ranges[axis])
        for k, word in enumerate(c.whole(trace, "text")):
            at, level = np.log10(points(c, word))
            if np.ptp(at) == 0:
                assert abs(x[k] - at[0]) < 0.3 and abs(y[k] - level).min() < height / 7, word
            else:
                assert abs(y[k] - np.interp(x[k], at, level)) < height / 7, word
    return check


def curves(c, word):
    """The curve of that name, or the upright of that sign."""
    return c[word]


def knee(c):
    """A method's curve is a fifth above its least there, and not lower at any larger batch."""
    x, y = c["knee"]
    shown = [m for m in methods(c) if c.n["knee"][m] < 0.99 * c.s["samples"]]
    colors = [style.EITHER if m == "yours" else style.METHODS[m].color for m in shown]
    assert list(c.whole("knee", "marker.line.color")) == colors
    for at, height, m in zip(x, y, shown, strict=True):
        B, risk = c[WORDS[m]]
        same(height, 1.2 * risk.min(), rtol=1e-9)
        assert np.all(risk[at * 1.0001 < B] > 1.2 * risk.min())


def gain(c):
    """From SGD's least risk down to Nesterov's, at Nesterov's best batch."""
    x, y = c["gain"]
    shown = {"sgd", "nesterov"} <= set(c.s["methods"]) and c["Nesterov"][1].min() < c["SGD"][1].min() / 1.02
    assert bool(len(x)) == shown
    if not shown:
        return
    B, risk = c["Nesterov"]
    base, least = c["SGD"]
    same(x, [base[least.argmin()], *[B[risk.argmin()]] * 2])
    same(y, [least.min(), least.min(), risk.min()])


def size(c):
    """The ratio of the two ends."""
    text = c.whole("size of the gain", "text")
    assert len(text) == bool(len(c["gain"][0]))
    if len(text):
        y = c["gain"][1]
        assert text == [f"<b>{three(y[0] / y[2])}×</b><br>lower"]


def run(family):
    """The learning curve of the method that is best at this batch, by the literal recursion."""
    def check(c):
        x, y = c[f"{WORDS[family]}: run"]
        H, start, first = asked(c)
        T = max(round(c.s["samples"] / min(c.batch, c.s["samples"])), 1)
        assert (x[-1] == T or (fixed(c, family) and y[-1] > 1)) and np.all(x == np.rint(x))
        if count(c) > ENTRIES:
            return
        last = int(min(T, 400))
        literal = mb.risk_curve(H, c.n["here methods"][family], c.s["samples"] / T, last, c.s["noise"], start) / first
        seen = x <= last
        same(y[seen], literal[x[seen].astype(int)], rtol=c.tolerance(2e-3, 0.3))
        if x[-1] == T:
            same(y[-1], c.n["here"][family], rtol=c.tolerance(1e-2, 0.15))
    return check


def limit(family):
    """Stable just below, unstable just above."""
    def check(c):
        x, y = c[f"{WORDS[family]}: limit"]
        H = asked(c)[0]
        for k in places(x):
            for factor, stable in ((1 - c.tolerance(1e-4), True), (1 + c.tolerance(1e-4), False)):
                lr, memory = factor * y[k] / H.largest, () if family == "sgd" else (1 - 2.0**-24,)
                assert mb.is_stable(H, getattr(mb.Method, family)(lr, *memory), x[k]) == stable
    return check


def limits(c, word):
    return c[{"SGD": "SGD: limit", "∝ B": "heavy ball: limit"}.get(word, "Nesterov: limit")]


def chosen(c):
    """An upright at the batch that the runs have."""
    T = max(round(c.s["samples"] / min(c.batch, c.s["samples"])), 1)
    upright(c, "chosen batch", c.s["samples"] / T, "yaxis")


TRACES = {**{sign: transition(sign, of) for sign, of in TRANSITIONS.items()},
          **{WORDS[f] + part: of(f) for f in WORDS for part, of in (
              *[(": theorem", theorem)] * (f != "yours"), (": additive", lambda f: risks(f, ": additive", "additive")),
              ("", lambda f: risks(f, "", "least squares")), (": run", run))},
          **{f"{WORDS[f]}: limit": limit(f) for f in ("sgd", "heavy_ball", "nesterov")},
          f"{YOURS}: theorem": no_theorem, "knee": knee, "chosen batch": chosen, "gain": gain, "size of the gain": size,
          "chosen batch (right)": lambda c: upright(c, "chosen batch (right)", c.batch, "yaxis3"),
          "names of transitions": named("names of transitions", curves, "yaxis", 3),
          "names of methods": named("names of methods", curves, "yaxis", 1),
          "names of limits": named("names of limits", limits, "yaxis3", 3)}

LEFT, MIDDLE, RIGHT = (("batch size B", "final risk / risk at the start"), ("steps", "risk / risk at the start"),
                       ("batch size B", "largest stable learning rate × L"))
AXES = {name: RIGHT if "limit" in name or "(right)" in name else MIDDLE if name.endswith(": run") else LEFT for name in TRACES}


def titles(c):
    """The batch of the runs, whose steps are whole."""
    T = max(round(c.s["samples"] / min(c.batch, c.s["samples"])), 1)
    yield 1, "B = #", round(c.s["samples"] / T), 6


def said(c):
    """The best batch, and how far below SGD's best it ends."""
    if c.s["method"]:
        at, risks = c.n["risks"]["yours"]
        risks = risks / asked(c)[2]
        if risks.min() < 1e6:
            yield "Your method does best with batches of #", at[risks.argmin()]
            yield "Your method .*?ends at # of the risk", risks.min()
        else:
            assert c.view.sentence.endswith("Your method diverges at every batch of this budget.")
    least = {m: c[style.METHODS[m].word] for m in c.s["methods"]}
    best = {m: (x[y.argmin()], y.min()) for m, (x, y) in least.items()}
    text = c.view.sentence
    if "below SGD's best" in text and "no method" not in text:
        m = next(m for m, word in WORDS.items() if f" {word} at its best batch" in text)
        yield "best batch, #, ends", best[m][0]
        yield "ends #× below", best["sgd"][1] / best[m][1]
    elif "does best with" in text:
        m = min(best, key=lambda m: best[m][1])
        yield "batches of #, and", best[m][0]
        yield "ends at # of the risk", best[m][1]
    if "ASGD is as low already" in text:
        x, y = least["asgd"]
        yield "already at batch #.", x[0]
        assert y[0] <= best["nesterov"][1]


def lamps(c):
    """The theorem is about i^-decay."""
    return [c.given is None and bool(abs(np.log(c.s["kappa"]) / (c.s["decay"] * np.log(c.s["d"])) - 1) < 0.02)]


def numbers(c):
    """What the words rest on."""
    same(c.n["start"], asked(c)[2], rtol=c.tolerance(1e-4, 0.05))
    for b, of in zip(("b1", "b2", "b3"), TRANSITIONS.values(), strict=True):
        same(c.n["transitions"][b], of(c.s["source"], 1 / decay(c)), rtol=1e-12)
    if "asgd" in c.n["theorem"]:
        same(c.n["transitions"]["b0"], power("asgd", 0.0, decay(c), c.s["source"]), rtol=1e-12)
