"""The questions: what is known and what is drawn with the answer, point by point; the answers have their own second way in
``tests/panels/test_questions.py``."""

import re
from functools import lru_cache
from types import SimpleNamespace

import numpy as np

import mombook as mb
from mombook.exact import one_weight, thresholds
from mombook.panels import definition, questions
from mombook.panels.questions.question import Chosen, Placed, _subject
from mombook.study import falsify
from mombook.study import published as study
from mombook.tuning import parallel

from .common import gap, places, rate, same, unit

WORDS = {"SGD": "sgd", "heavy ball": "heavy_ball", "Nesterov": "nesterov", "ASGD": "asgd", "ASGD, exact": "asgd",
         "ASGD, the rest": "asgd"}


def case(c):
    """What the scenario's case is about."""
    return _subject(type(c.panel), c.s.get("case", next(iter(c.panel.cases))))


def each(y_of, count=3, rtol=2e-3):
    """A trace whose y at every x is a function of (subject, x, name), which is known once for all guesses."""
    known = {}

    def make(name):
        def check(c):
            x, y = c[name]
            for k in places(x, count):
                at = type(c.panel), c.s.get("case"), name, x[k]
                if at not in known:
                    known[at] = y_of(case(c), x[k], WORDS.get(name, name))
                same(y[k], known[at], rtol=rtol, what=name)
        return check
    return make


def fixed(x_of, y_of):
    """A trace of few points that are functions of the subject, or of the view for an answer."""
    def make(name):
        def check(c):
            x, y = c[name]
            same(x, x_of(case(c), c.n), rtol=1e-6, what=name)
            same(y, y_of(case(c), c.n), rtol=2e-3, what=name)
        return check
    return make


def relative(subject, B, family):
    """Compute efficiency over that of batch 1."""
    return rate(subject, family, B) / B / rate(subject, family, 1)


def efficiency(subject, B, family):
    """Compute efficiency in units of mu / tr H."""
    return rate(subject, family, B) / B / unit(subject)


def speed(subject, B, family):
    """Steps per e-fold."""
    return 1 / rate(subject[0], family, B)


def lead(subject, B, family):
    """Efficiency over heavy ball's at batch 1, kept inside the axes."""
    return max(rate(subject, family, B) / B / rate(subject, "heavy_ball", 1), 10.0**-2.5)


def ratio(family, kappa, _):
    """Best efficiency of heavy ball over SGD's."""
    return falsify.best_ce_ratio(family(kappa)).ratio


def visits(rule):
    """Row visits over simple momentum's at one row."""
    def y(system, B, _):
        both = [parallel.scaling(system, [b], r).visits[0] for b, r in ((B, rule), (1, parallel.simple_momentum))]
        return both[0] / both[1]
    return y


def inputs(gaussian):
    """The gap at batch 1, told the rows or as if they were Gaussian."""
    return lambda facts, lr, _: facts.inputs(gaussian=gaussian).gap(mb.Method.sgd(lr), 1)


def share(gaussian):
    """SGD's efficiency over that of batch 1."""
    def y(facts, B, _):
        f = facts.inputs(gaussian=gaussian).frontier(["sgd"], [1.0, B])["sgd"]
        return f.ce[-1] / f.ce[0]
    return y


def answer(subject, n):
    """Where the answer is."""
    return [n["answer"]]


def halved(family):
    """Half of the efficiency at batch 1."""
    return lambda H, n: [efficiency(H, 1, family) / 2]


def ending(subject, batch, family):
    """What the tuned run ends at, as a share of the start: tuned apart, stepped literally where the run is short."""
    H, start, noise = subject
    steps = round(2**14 / batch)
    best, risk = mb.tune_risk(H, family, 2**14 / steps, steps, noise, start)
    if steps <= 2000:
        risk = mb.risk_curve(H, best.method, 2**14 / steps, steps, noise, start)[-1]
    return risk / mb.risk_curve(H, best.method, 1, 0, start=start)[0]


ends = each(ending, rtol=0.02)
"""Two searches, among minima that turning modes make, end within 2 % of each other."""


@lru_cache(maxsize=256)
def constant_or_falling(subject, lr, falls):
    """Final risk of SGD at one learning rate, from 1 or from 1 to 0."""
    if not falls:
        return mb.risk_curve(subject.spectrum, mb.Method.sgd(lr), 8, 256, noise=subject.noise)[-1]
    plan = mb.Schedule(lr * (1 - np.arange(256) / 256), 0.0, 0.0, np.full(256, 8.0))
    return mb.risk_curve(subject.spectrum, plan, noise=subject.noise)[-1]


@lru_cache(maxsize=8)
def best_rate(subject, falls):
    """The least risk on the question's grid of learning rates, and where."""
    grid = np.geomspace(0.01, 3, 145)
    risks = [constant_or_falling(subject, lr, falls) for lr in grid]
    return min(risks), grid[int(np.argmin(risks))]


def left(falls):
    """What is left, over what the best constant rate leaves."""
    return lambda subject, lr, _: constant_or_falling(subject, lr, falls) / best_rate(subject, False)[0]


def factor(shape, share):
    """The learning rate at a share of the samples, over that at the start."""
    cut = {"halvings": 0.5, "tenths": 0.1}.get(shape)
    return (1 + np.cos(np.pi * share)) / 2 if cut is None else cut ** ((share >= 0.5) + (share >= 0.75))


def used(shape, steps, _):
    """Samples used when the batch grows instead."""
    total = 0.0
    for _ in range(round(steps)):
        total = min(total + 8 / factor(shape, int(total / 8 + 1e-9) / 1000), 8000)
    return total


CURVES = {
    "predict_01_window": {"SGD": each(efficiency), "heavy ball": each(efficiency), "SGD's has halved": fixed(
        lambda H, n: [mb.critical_batch(H, "sgd")], halved("sgd")), "heavy ball's has halved": fixed(
            answer, halved("heavy_ball"))},
    "predict_01_cheapest": dict.fromkeys(("SGD", "heavy ball", "Nesterov", "ASGD"), each(lambda H, B, f: B / rate(H, f, B))),
    "predict_02_limit": {
        "noise limit 2B/tr H": each(lambda H, B, _: 2 * B / H.trace),
        "curvature limit 2/L": each(lambda H, B, _: 2 / H.largest),
        "here": fixed(lambda H, n: [H.trace / H.largest], lambda H, n: [2 / H.largest]),
        "the exact limit": each(lambda H, B, _: mb.step_limit(H, B))},
    "predict_02_bend": {"no loss": each(lambda H, B, _: 1), "half": each(lambda H, B, _: 0.5), "SGD": each(relative),
                        "halved": fixed(answer, lambda H, n: [0.5])},
    "predict_03_exponent": dict.fromkeys(("known", "measured, exact"), each(
        lambda family, kappa, _: mb.critical_batch(family(kappa), "heavy_ball") / mb.critical_batch(family(kappa), "sgd"), 2)),
    "predict_03_speed": {"SGD": each(speed), "heavy ball": each(speed), "SGD here": fixed(
        lambda s, n: [s[1]], lambda s, n: [speed(s, s[1], "sgd")])},
    "predict_04_growth": {"known": each(ratio), "exact": each(ratio), "at κ = 10⁶": fixed(
        lambda f, n: [1e6], lambda f, n: [ratio(f, 1e6, "")])},
    "predict_04_spectrum": {},
    "predict_05_advantage": {"heavy ball": each(lead), "ASGD": each(lead)},
    "predict_05_exponent": dict.fromkeys(("ASGD, exact", "ASGD, the rest"), each(lambda H, B, f: gap(H, f, B) / gap(H, f, 1))),
    "predict_06_limit": {
        "zero": each(lambda B, lr, _: 0), "rate of the mean, exact": each(
            lambda B, lr, _: -np.log1p(-mb.contraction_gap(mb.Spectrum.flat(1), mb.Method.sgd(lr), B))),
        "mean-square limit": fixed(lambda B, n: [2 * B / (B + 2)], lambda B, n: [0]),
        "rate of a typical run, exact": each(lambda B, lr, _: one_weight.typical_rate(lr, B))},
    "predict_06_runs": {"known": each(lambda B, t, _: runs(B, t)), "exact": each(lambda B, t, _: runs(B, t)),
                        "after 20 steps": fixed(lambda B, n: [20], lambda B, n: [runs(B, 20)])},
    "predict_07_saturation": {"simple SGD": each(visits(parallel.simple_sgd)),
                              **dict.fromkeys(("simple momentum", "simple momentum, the rest"),
                                              each(visits(parallel.simple_momentum)))},
    "predict_07_price": {"Gaussian inputs": each(lambda s, kappa, _: gap(mb.Spectrum.power_law(4, 1.5, kappa), "heavy_ball", 1)
                                                 / gap(mb.Spectrum.power_law(4, 1.5, kappa), "sgd", 1)),
                         "equal": each(lambda s, kappa, _: 1), "rows": fixed(lambda s, n: [s.kappa], answer)},
    "predict_08_noise": {
        "SGD": each(lambda beta, t, _: t / 2000), "SGD after 2000 steps": fixed(lambda b, n: [2000], lambda b, n: [1]),
        "SGDM": each(lambda beta, t, _: np.sum((1 - beta ** np.arange(1, round(t) + 1)) ** 2) / 2000)},
    "predict_08_batch": {"SGD": each(lambda H, B, _: H.largest * thresholds.long_run_threshold(H, B)),
                         "β → 1": each(lambda H, B, _: H.largest * thresholds.long_run_threshold(H, B, 1.0)),
                         "twice SGD's": fixed(answer, lambda H, n: [2 * H.largest * mb.step_limit(H, n["answer"])])},
    "predict_09_step": {"Gaussian rows": each(inputs(True)), "the true rows": each(inputs(False)),
                        "Gaussian limit": lambda name: limit},
    "predict_09_batch": {"Gaussian rows": each(share(True)), "the true rows": each(share(False)),
                         "Gaussian, halved": lambda name: half, "halved": fixed(answer, lambda f, n: [0.5])},
    "predict_11_batch": {**dict.fromkeys(("SGD", "heavy ball", "Nesterov"), ends),
                         "least": fixed(answer, lambda s, n: [ending(s, n["answer"], "nesterov")])},
    "predict_11_single": {**dict.fromkeys(("SGD", "Nesterov", "ASGD"), ends),
                          "batch 1": fixed(lambda s, n: [1], answer)},
    "predict_12_decay": {"constant": each(left(False)), "linear to zero": each(left(True)),
                         "best constant": fixed(lambda s, n: [best_rate(s, False)[1]], lambda s, n: [1])},
    "predict_12_ramp": {"falling rate": each(lambda shape, t, _: 8 * t), "all samples": each(lambda shape, t, _: 8000),
                        "growing batch": each(used)},
    "predict_13_search": {"best on the grid": each(lambda family, kappa, _: slowness(family, kappa, grid=True)),
                          "tuned freely": each(lambda family, kappa, _: slowness(family, kappa, grid=False))},
    "predict_13_definition": {
        "published": each(lambda k, B, _: dict(zip(*models(k), strict=True))[B] * B / (64 * models(k)[1][0])),
        "printed critical batch": fixed(lambda k, n: [study.published()["zhang2024"].numbers["critical"][k]] * 2,
                                        lambda k, n: [10**-0.2, 10**0.9]),
        "twice the samples": fixed(lambda k, n: [10**1.6, 10**4.4], lambda k, n: [2, 2])},
}

AXES = {
    "predict_01_window": ("batch size B", "e-folds per sample × tr H / μ"),
    "predict_01_cheapest": ("batch size B", "samples per e-fold"), "predict_02_limit": ("batch size B", "learning rate η"),
    "predict_02_bend": ("batch size B", "compute efficiency / that of batch 1"),
    "predict_03_exponent": ("κ", "critical batch, heavy ball / SGD"), "predict_03_speed": ("batch size B", "steps per e-fold"),
    "predict_04_growth": ("κ", "best CE, heavy ball / SGD"), "predict_04_spectrum": ("number of the eigenvalue", "eigenvalue"),
    "predict_05_advantage": ("batch size B", "compute efficiency / heavy ball's at batch 1"),
    "predict_05_exponent": ("batch size B", "contraction gap / that of batch 1"),
    "predict_06_limit": ("learning rate η", "e-folds of the risk lost per step"), "predict_06_runs": ("steps", "runs needed"),
    "predict_07_saturation": ("rows per iteration B", "row visits / simple momentum's at B = 1"),
    "predict_07_price": ("κ", "gap at one row, heavy ball / SGD"),
    "predict_08_noise": ("steps", "variance / SGD's after 2000 steps"),
    "predict_08_batch": ("batch size B", "largest stable long-run step × L"),
    "predict_12_decay": ("learning rate, at its largest", "final risk / that of the best constant"),
    "predict_12_ramp": ("steps", "samples"),
    "predict_09_step": ("learning rate η", "contraction gap at batch 1"),
    "predict_09_batch": ("batch size B", "compute efficiency / that of batch 1"),
    "predict_11_batch": ("batch size B", "final risk / risk at the start"),
    "predict_11_single": ("batch size B", "final risk / risk at the start"),
    "predict_13_search": ("κ", "1/rate"), "predict_13_definition": ("batch size B", "samples / those at B = 64"),
}


def models(k):
    """Batches and steps of a language model, as printed."""
    numbers = study.published()["zhang2024"].numbers
    return numbers["batch"], numbers["steps"][k]


@lru_cache(maxsize=64)
def slowness(family, kappa, grid):
    """1/rate after 5 kappa steps of two Gaussian directions at batch 1, by the literal recursion of the best method."""
    method = (study.best_on_grid if grid else study.best_rate)(kappa, family)[1]
    H, steps = mb.Spectrum([1.0, 1 / kappa]), round(5 * kappa)
    return steps / np.log(H.trace / 2 / mb.risk_curve(H, method, 1, steps)[-1])


def runs(B, steps):
    """(q^t - 1) / 0.05^2, q the relative second moment of a step's factor, by the moments of chi-square."""
    lr = 0.5
    m = [1.0]
    for k in range(4):
        m.append(m[-1] * (1 + 2 * k / B))                               # E (chi2_B / B)^(k+1)
    second = 1 - 2 * lr * m[1] + lr**2 * m[2]
    fourth = sum(c * (-lr) ** k * m[k] for k, c in enumerate((1, 4, 6, 4, 1)))
    return ((fourth / second**2) ** steps - 1) / 0.05**2


def limit(c):
    """The gap of Gaussian rows ends there."""
    x, _ = c["Gaussian limit"]
    found = case(c).inputs(gaussian=True)
    assert found.gap(mb.Method.sgd(x[0] * 0.999), 1) > 0 > found.gap(mb.Method.sgd(x[0] * 1.001), 1)


def half(c):
    """Efficiency has halved there."""
    x, y = c["Gaussian, halved"]
    same([*y, share(True)(case(c), x[0], "")], [0.5, 0.5], rtol=2e-3)


def spectrum(key):
    """Eigenvalues in order."""
    def check(c):
        x, y = c[c.panel.options[key]]
        same(x, np.arange(1, 201))
        same(y, case(c)[key].expanded(), rtol=1e-9)
    return check


def guess(c):
    """The guess stands where it was placed: across the figure, or as a slope from the known point."""
    x, y = c["your guess"]
    text = next(t for t in c.whole("your guess", "text") if t)
    if isinstance(c.panel, Placed):
        same(x if c.panel.along == "x" else y, [c.s["guess"]] * 3)
    else:
        same(np.log(y[-1] / y[0]), c.s["guess"] * np.log(x[-1] / x[0]), atol=1e-9)
    assert text.strip(" <br>").startswith("you: ")


def true(c):
    """The answer likewise."""
    x, y = c["the answer"]
    if isinstance(c.panel, Placed):
        same(x if c.panel.along == "x" else y, [c.n["answer"]] * 3)
    else:
        same(np.log(y[-1] / y[0]), c.n["answer"] * np.log(x[-1] / x[0]), atol=1e-9)


def distance(c):
    """From the one to the other."""
    x, y = c["distance"]
    if isinstance(c.panel, Placed):
        same(x if c.panel.along == "x" else y, [c.s["guess"], c.n["answer"]])
    else:
        same([*y], [c["your guess"][1][-1], c["the answer"][1][-1]])
        same(x, [c["your guess"][0][-1]] * 2)


def of(name):
    """The second ways of a question."""
    panel = definition(name)
    curves = {key: make(key) for key, make in CURVES[name].items()}
    if name == "predict_04_spectrum":
        curves = {word: spectrum(key) for key, word in panel.options.items()}
    traces = {**curves, "your guess": guess, "the answer": true, "distance": distance}
    assert set(questions.QUESTIONS) == set(CURVES) == set(AXES)
    return SimpleNamespace(TRACES=traces, AXES=dict.fromkeys(traces, AXES[name]), said=said)


def reasons(c):
    """The numbers of the reason that is given with an answer, and that it is the reason for this answer."""
    name, key, subject, found = c.panel.name, c.s.get("case"), case(c), c.n["answer"]
    if name == "predict_01_window":
        yield "window is # times as wide", found / mb.critical_batch(subject, "sgd")
        yield "√κ = #", subject.kappa**0.5
    elif name == "predict_01_cheapest":
        yield "a factor # over SGD", found["heavy_ball"] / found["sgd"]
        yield "a factor # over heavy ball", found["asgd"] / found["heavy_ball"]
    elif name == "predict_02_limit":
        yield "That is # of what each", found * subject.largest / 2
    elif name == "predict_02_bend":
        yield "tr H/L = #", subject.trace / subject.largest
        yield "batch is # times that", found * subject.largest / subject.trace
    elif name == "predict_03_exponent":
        assert ("One half: gradient descent" in c.view.sentence) == (key == "geometric")
    elif name == "predict_03_speed":
        yield "SGD needs # times as many", speed(subject, subject[1], "sgd") / found
        yield "√κ is #", subject[0].kappa**0.5
        why = {"small": "memory buys next to nothing", "large": "Polyak's acceleration", "middle": "SGD is past its bend"}
        assert why[key] in c.view.sentence
    elif name == "predict_04_growth":
        n = {"pair": 1, "many": 19}[key]
        yield r"\(n \+ 1\) = #", (n + 2) / (n + 1)
        yield ", n = # being", n
    elif name == "predict_04_spectrum":
        for option, value in found.items():
            yield f"The ratios: .*?{re.escape(c.panel.options[option])} #", value
    elif name == "predict_05_advantage":
        assert ("nothing is gained" in c.view.sentence) == (key == "0.5")
        if key != "0.5":
            yield "With d = #", 200
            yield "d to the power #", np.log(found) / np.log(200)
    elif name == "predict_05_exponent":
        a = float(key)
        yield r"2a − 1\) = #", a / (2 * a - 1)
        yield "with a = #", a
        yield "costs # % of", 100 * (1 - 2 ** (found - 1))
        yield "saves # % of", 100 * (1 - 2**-found)
    elif name == "predict_06_limit":
        yield "limit is η = #", 2 * subject / (subject + 2)
        yield "up to # times that", found * (subject + 2) / (2 * subject)
    elif name == "predict_06_runs":
        yield "multiplies the number by #", runs(subject, 20) / runs(subject, 19)
    elif name == "predict_07_price":
        assert ("Not much more than" in c.view.sentence) == (found < 2)
    elif name == "predict_07_saturation":
        yield "R/L = #", 1 / subject.largest
        yield r"R/\(μ√κ\) = #", 1 / (subject.smallest * subject.kappa**0.5)
    elif name == "predict_08_noise":
        yield "step has # of SGD's", (1 - subject) / (1 + subject)
        yield r"\(1 − β\) = # steps", 1 / (1 - subject)
    elif name == "predict_08_batch":
        yield "At B = # × tr", found * subject.largest / subject.trace
    elif name == "predict_11_batch":
        yield "b₂ = # is", 1.7 / 3.7                                    # (2 s a + 1)/(2 s a + a + 1) with s = 0.3, a = 4
    elif name == "predict_11_single":
        yield "exponent should be # at", 2.1 / 6.1                      # s (2a - 1)/(a + s (2a - 1))
        yield "against # for one", 0.3 / 1.3
    elif name == "predict_12_decay":
        yield "learning rate # times as large", best_rate(subject, True)[1] / best_rate(subject, False)[1]
        yield "saves # %", 100 * (1 - found)
    elif name == "predict_12_ramp":
        yield "over the samples, #, times", found / 1000
        yield r"times #\. For small", 1000
    elif name == "predict_09_step":
        yield "rows are # times as noisy", subject.inputs().factor
        assert ("theory is safe" in c.view.sentence) == (subject.inputs().factor < 1.1)
    elif name == "predict_09_batch":
        yield "have # times the noise", subject.inputs().factor
        blind = subject.inputs(gaussian=True).critical_batches(["sgd"])["sgd"]
        yield "and # times their critical", found / blind
    elif name == "predict_13_search":
        yield "best 1 − β is #", 1 - study.best_rate(4096.0, subject)[1].beta
        assert ("slope that was printed is the grid's" in c.view.sentence) == (subject == "nesterov")
    elif name == "predict_13_definition":
        B, S = (np.array(v, float) for v in models(subject))
        b, a = np.polyfit(1 / B, S, 1, w=1 / S)
        yield "That is # times the printed", found / study.published()["zhang2024"].numbers["critical"][subject]
        yield "b/a = #", b / a, 1.3


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``; the question's own numbers are not checked."""
    if c.s["reveal"]:
        yield from reasons(c)
    if isinstance(c.panel, Chosen):
        return
    if not c.s["reveal"]:
        yield "Your guess: [^.]*?#", c.s["guess"]
        return
    yield "You said [^;]*?#", c.s["guess"]
    yield "; it is [^:]*?#", c.n["answer"]
    decades = np.log10(c.s["guess"] / c.n["answer"]) if isinstance(c.panel, Placed) else (
        c.s["guess"] - c.n["answer"]) * c.panel.reach
    yield r": [^.]*?# decades \(a factor", round(abs(decades), 2)
    yield r"decades \(a factor #\)", 10.0 ** abs(decades)
    assert (") high." if decades > 0 else ") low.") in c.view.sentence
