"""Panel ``advisor``: everything again from the rows themselves, not from the facts that are kept about them."""

from functools import lru_cache

import numpy as np

import mombook as mb
from mombook.data.estimate import fit_power_law
from mombook.data.fourth_moments import Inputs

from .common import SIMULATED, places, same

FAMILIES = {"sgd": "SGD", "heavy_ball": "heavy ball", "asgd": "ASGD"}


@lru_cache(maxsize=8)
def design(name):
    """The data set."""
    return mb.load(name)


@lru_cache(maxsize=64)
def inputs(name, ridge, gaussian):
    """What theory is told of its rows."""
    return Inputs.of(design(name), ridge, gaussian)


def ridge(c):
    """The lowest stop is no ridge."""
    return c.s["ridge"] if c.s["ridge"] > 1e-6 else 0.0


@lru_cache(maxsize=512)
def efficiency(name, r, gaussian, family, B):
    """E-folds per sample of the tuned method at one batch."""
    return inputs(name, r, gaussian).frontier([family], [B])[family].ce[0]


def eigenvalues(c):
    """By rank."""
    x, y = c["eigenvalues"]
    same(x, np.arange(1, len(x) + 1))
    X = design(c.s["data"])
    same(y, X.eigenvalues, rtol=1e-4)


def power_law(c):
    """The fitted line from the first rank to the last."""
    x, y = c["power law"]
    fit = fit_power_law(mb.Spectrum(design(c.s["data"]).eigenvalues))
    same(x, [1, len(c["eigenvalues"][0])])
    same(y, fit.level * x**-fit.decay, rtol=1e-3)


def curve(family, gaussian):
    """Efficiency in units of what SGD reaches at batch 1 on Gaussian rows."""
    name = FAMILIES[family] + (", Gaussian rows" if gaussian else "")

    def check(c):
        x, y = c[name]
        for k in places(x, 2):
            expected = efficiency(c.s["data"], ridge(c), gaussian, family, float(x[k])) / efficiency(
                c.s["data"], ridge(c), True, "sgd", 1.0)
            same(y[k], expected, rtol=c.tolerance(1e-5, 0.2))
    return check


def critical(family):
    """Where it has halved on these rows, on the curve."""
    def check(c):
        x, y = c[f"{FAMILIES[family]}, critical batch"]
        if x[0] < 6e4:
            at = efficiency(c.s["data"], ridge(c), False, family, float(x[0]))
            same(at / efficiency(c.s["data"], ridge(c), False, family, 1.0), 0.5, rtol=c.tolerance(5e-2, 0.2))
        curve_x, curve_y = c[FAMILIES[family]]
        same(y, np.exp(np.interp(np.log(x), np.log(curve_x), np.log(curve_y))), rtol=1e-6)
    return check


def told(c):
    """The panel's method, as its numbers say it."""
    return mb.Method(c.n["delta"], c.n["eta"], c.n["beta"])


def theory(name, gaussian):
    """The risk of that method as either theory has it."""
    def check(c):
        x, y = c[name]
        found, start = inputs(c.s["data"], ridge(c), gaussian), design(c.s["data"]).solution(ridge(c)) ** 2
        risk = found.risk_at(told(c), c.batch, x, c.s["noise"], start)
        same(y, risk / found.initial_risk(start), rtol=3e-2)            # the panel works from rounded facts about the rows
    return check


def target(c):
    """A level at the target."""
    _, y = c["target"]
    same(y, [c.s["target"]] * 2)


def chosen(c):
    """A vertical at the chosen batch."""
    same(c["chosen batch"][0], [c.batch] * 3)


TRACES = {"eigenvalues": eigenvalues, "power law": power_law, "chosen batch": chosen,
          **{FAMILIES[f] + (", Gaussian rows" if g else ""): curve(f, g) for f in FAMILIES for g in (True, False)},
          **{f"{word}, critical batch": critical(f) for f, word in FAMILIES.items()}, "target": target,
          "Gaussian theory": theory("Gaussian theory", True), "corrected theory": theory("corrected theory", False),
          **dict.fromkeys(("80 % of runs", "median run", "in epochs"), SIMULATED)}
LEFT, MIDDLE, RIGHT = ("rank", "eigenvalue"), ("batch size B", "compute efficiency"), ("steps", "risk / risk at the start")
AXES = {**dict.fromkeys(TRACES, MIDDLE), **dict.fromkeys(("eigenvalues", "power law"), LEFT),
        **dict.fromkeys(("80 % of runs", "target", "Gaussian theory", "corrected theory", "median run", "in epochs"), RIGHT)}


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    found = inputs(c.s["data"], ridge(c), False)
    yield "κ = #", found.kappa, 2.5
    yield "rows # times as noisy", found.factor, 2.3
    yield "critical batch at #", c.n["critical"]["sgd"]
    yield "instead of #", c.n["critical_gaussian"]["sgd"]
    yield "reaches # % of", 100 * c.s["target"]
    if ridge(c):
        yield "ridge #", ridge(c)
    yield "label noise #", c.s["noise"]
    m = told(c)
    yield "long-run step #", m.long_run_step
    yield "β = #", m.beta
    for gaussian, words in ((False, "starting risk in # ?step"), (True, "theory says in # ?step")):
        steps = c.n["gaussian" if gaussian else "steps"]
        if np.isfinite(steps):
            yield words, steps, 2


def titles(c):
    """The same of the titles."""
    found = inputs(c.s["data"], ridge(c), False)
    yield 0, "κ = #", found.kappa, 2.5
    yield 1, "Noise: # ×", found.factor, 2.3
    yield 2, "B = #", c.batch


def numbers(c):
    """The view's numbers again; the steps from either theory, and the method named is the fastest."""
    start = design(c.s["data"]).solution(ridge(c)) ** 2
    for gaussian, key in ((False, "steps"), (True, "gaussian")):
        found = inputs(c.s["data"], ridge(c), gaussian)
        steps = found.steps_to(told(c), c.batch, c.s["target"] * found.initial_risk(start), c.s["noise"], start)
        same(c.n[key], steps, rtol=2e-2)
    assert any(word in c.view.titles[2] and word in c.view.sentence for word in FAMILIES.values())
