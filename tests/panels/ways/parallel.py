"""Panel ``parallel``: exact rates of rows, one batch at a time, and iterated errors."""

import numpy as np

import mombook as mb
from mombook.exact import row_moments
from mombook.model.example_systems import with_spectrum
from mombook.tuning import parallel

from .common import SIMULATED, named, places, same, upright
from .tradeoff import fewer

RULES = {"SGD": ("simple SGD", parallel.simple_sgd), "momentum": ("simple momentum", parallel.simple_momentum)}
DIM, ROWS, TARGET = 8, 160, 1e-6


def system(c):
    """The rows of the panel: its seed is fixed, so that the same sliders show the same rows."""
    return with_spectrum(c.spectrum(None, DIM), ROWS, np.random.default_rng(0))


def iterations(s, rule, B):
    """Iterations until E|e|^2 has fallen to the target, from the dense operator's gap."""
    return np.log(1 / TARGET) / -np.log1p(-row_moments.contraction_gap(s, rule(s, B), B))


def visits(key):
    """Rows touched until then."""
    def check(c):
        x, y = c[RULES[key][0]]
        for k in places(x):
            same(y[k], x[k] * iterations(system(c), RULES[key][1], int(x[k])), rtol=1e-8)
        assert [x[0], x[-1]] == [1, 65536]
    return check


def errors(key):
    """The exact error by iterating the operator."""
    def check(c):
        x, y = c[f"{RULES[key][0]}: expected"]
        s, few = system(c), x <= 60
        exact = row_moments.error_curve(s, RULES[key][1](s, c.batch), c.batch, 60)
        same(y[few], np.maximum(exact[x[few].astype(int)] / exact[0], 1e-12), rtol=1e-7)
    return check


def saturation(c):
    """Where theory ends the flat part: the trace over the largest eigenvalue, and the package's formula for momentum."""
    s = system(c)
    A = s.matrix
    return {"SGD": np.sum(A**2) / np.linalg.eigvalsh(A.T @ A)[-1], "momentum": parallel.saturation_batch(s)}


def ends(c):
    """Text -> the line that it names, with the batch where that line stands."""
    rows = {key: mb.prose.three(value) for key, value in saturation(c).items()}
    return {rows["SGD"]: "simple SGD: saturation", f"to {rows['momentum']}": "simple momentum: saturation"}


def coloured(c):
    """Each name has its line's colour."""
    named("names of saturation", ends)(c)
    figure, lines, names = c.figure, ends(c), c.view.traces["names of saturation"]
    colors = [next(t.line.color for t in figure.data if t.name == lines[text]) for text in names["text"]]
    assert names["textfont.color"] == colors


TRACES = {**{word: visits(key) for key, (word, _) in RULES.items()},
          **{f"{word}: expected": errors(key) for key, (word, _) in RULES.items()},
          **{f"{word}: saturation": lambda c, key=key, word=word: upright(c, f"{word}: saturation", saturation(c)[key], "yaxis",
                                                                          0.4)
             for key, (word, _) in RULES.items()},
          "names of saturation": coloured,
          "chosen batch": lambda c: upright(c, "chosen batch", c.batch, "yaxis"),
          **{f"{word}: {part}": SIMULATED for word, _ in RULES.values() for part in ("simulated", "80 % of runs")},
          "tuned SGD": SIMULATED, "tuned heavy ball": SIMULATED}
LEFT, RIGHT = ("batch size B", "row visits"), ("iterations", "E|e|² / |e₀|²")
AXES = {name: RIGHT if name.endswith(("expected", "simulated", "of runs")) else LEFT for name in TRACES}
CONSTANTS = ("10⁻⁶",)


def said(c):
    """Patterns of the sentence, and the number that belongs at their ``#``."""
    s, rows = system(c), saturation(c)
    n = {key: iterations(s, rule, c.batch) for key, (_, rule) in RULES.items()}
    yield "simple SGD needs # iterations", n["SGD"]
    yield "simple momentum #", n["momentum"]
    ratio = n["SGD"] / n["momentum"]
    yield from fewer("simple momentum needs", ratio, c.view.sentence)
    yield "up to B = # for SGD", rows["SGD"]
    yield "for SGD and up to B = #", rows["momentum"]
    if "= 8, as far" in c.view.sentence:
        same(rows["momentum"], rows["SGD"], rtol=6e-3)
    else:
        yield "#× as far", rows["momentum"] / rows["SGD"]
    m = parallel.simple_momentum(s, c.batch)
    yield "gap here is #×", row_moments.contraction_gap(s, m, c.batch) / ((1 - m.beta) / 2)


def titles(c):
    """The same of the titles."""
    yield 1, "B = #", c.batch


def numbers(c):
    """The view's numbers again."""
    s, rows = system(c), saturation(c)
    for key, (_, rule) in RULES.items():
        same(c.n["iterations"][key], iterations(s, rule, c.batch), rtol=1e-8)
        same(c.n["gap"][key], row_moments.contraction_gap(s, rule(s, c.batch), c.batch), rtol=1e-8)
        same(c.n["saturation"][key], rows[key], rtol=1e-8)
