"""Prints what the engine costs, beside what the same numbers cost the obvious way; every ratio is taken in one run."""

import statistics
import sys
from time import perf_counter

import numpy as np

import mombook as mb
from mombook import Method, Spectrum
from mombook.exact import secular
from tests import oracles

from . import browser, page

D = 1000
H = Spectrum.power_law(D, 1.5)


def seconds(call, repeats=5):
    """Median time of a call; the first one warms up."""
    call()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return statistics.median(times)


def nelder_mead_evaluations():
    """Evaluations one tuned method takes Nelder-Mead to six digits of its gap, from the start the package has too;
    the mean over families and batches. Counted where an evaluation is cheap: the count hardly depends on d."""
    spectrum, count, found = Spectrum.power_law(30, 1.5), 0, 0

    def gap(method):
        nonlocal count
        count += 1
        return mb.contraction_gap(spectrum, method, batch)

    for batch in (1, 32, 1000):
        starts = {"sgd": mb.bounds.sgd_gap(spectrum, batch, "lower").method,
                  "heavy_ball": mb.bounds.heavy_ball_gap(spectrum, batch, "lower").method,
                  "asgd": mb.bounds.mass_gap(spectrum, batch).method}
        starts["nesterov"] = Method.nesterov(starts["asgd"].delta, starts["heavy_ball"].beta)
        for family, m in starts.items():
            steps = [m.delta, m.eta] if family == "asgd" else [m.eta if family == "heavy_ball" else m.delta]
            z = np.log(np.maximum(steps, 1e-9))
            if family != "sgd":
                z = np.append(z, -np.log1p(-m.beta))
            oracles.search(gap, Method, family, [z], restarts=1, tolerance=1e-3)
            found += 1
    return count / found


def frontier():
    took = seconds(lambda: mb.frontier(H, batches=np.geomspace(1, 1e5, 25)))
    method = mb.tune(H, "asgd", 32).method
    start = perf_counter()
    dense = oracles.reduced_gap(H, method, 32)
    one = perf_counter() - start
    assert abs(dense / mb.contraction_gap(H, method, 32) - 1) < 1e-4
    evaluations = nelder_mead_evaluations()
    theirs = one * evaluations * 100
    yield f"frontier, 4 families x 25 batches, d = {D}", took, "s", 0.3, "<"
    yield (f"  as a share of Nelder-Mead on dense eigenvalues ({one:.0f} s x {evaluations:.0f} x 100 = {theirs / 3600:.0f} h)",
           took / theirs, "", 1 / 300, "<")


def passes():
    """Passes over the spectrum that one gap takes: calls of ``secular_sum``."""
    original, counts = secular.secular_sum, []
    methods = [(batch, mb.tune(H, family, batch).method) for batch in (1, 32, 1000) for family in mb.FAMILIES]

    def counted(*args, **kwargs):
        counts[-1] += 1
        return original(*args, **kwargs)

    secular.secular_sum = counted
    try:
        for batch, m in methods:
            for shrink in (1.0, 0.5):
                counts.append(0)
                mb.contraction_gap(H, Method(m.delta * shrink, m.eta * shrink, m.beta), batch)
    finally:
        secular.secular_sum = original
    method = methods[-1][1]
    one = seconds(lambda: secular.secular_sum(1e-6, secular.point(method), 1000.0, H), 200)
    worth = [seconds(lambda m=m, b=batch: mb.contraction_gap(H, m, b), 20) / one for batch, m in methods]
    yield f"one contraction gap, d = {D}: time in secular sums, median of 12 tuned", statistics.median(worth), "", 12, "<="
    yield f"one contraction gap, d = {D}: passes over the spectrum, median", statistics.median(counts), "", 12, "<="
    yield "  the most of 24 methods, tuned and at half their steps", max(counts), "", 25, "<="
    yield "  time", 1e3 * seconds(lambda: mb.contraction_gap(H, method, 1000), 50), "ms", 1.0, "<"


def curve():
    method = mb.tune(H, "asgd", 32).method
    yield f"exact curve, 10,000 steps, d = {D}", seconds(lambda: mb.risk_curve(H, method, 32, 10_000), 3), "s", 0.5, "<"


def far():
    """Curves at internet scale: a billion eigenvalues, a hundred million steps."""
    spectrum, times = Spectrum.power_law(10**9, 1.2), np.unique(np.rint(np.geomspace(1, 1e8, 50)))
    method = Method.heavy_ball(mb.step_limit(spectrum, 64, 0.9) / 2, 0.9)
    took = seconds(lambda: mb.risk_at(spectrum, method, 64, times))
    step = seconds(lambda: mb.risk_curve(spectrum, method, 64, 2000)) / 2000
    yield "exact curve at 50 times to 100,000,000, d = 1,000,000,000", 1e3 * took, "ms", 50, "<"
    yield "  how much faster than stepping there (extrapolated)", step * times[-1] / took, "x", 10_000, ">="


def sweeping():
    grid = {"kappa": np.geomspace(10, 1e6, 4), "decay": [0.5, 1.0, 2.0], "d": 200, "family": ["sgd", "heavy_ball", "asgd"],
            "batch": np.geomspace(1, 65536, 9)}

    def bare():
        for kappa in grid["kappa"]:
            for decay in grid["decay"]:
                mb.frontier(Spectrum.power_law(200, decay, kappa), grid["family"], grid["batch"])

    took, alone = seconds(lambda: mb.sweep(grid, "serial", progress=False), 3), seconds(bare, 3)
    yield "a sweep of 324 tuned methods, beside tuning them alone", took / alone, "x", 1.15, "<"
    yield "  tuned methods a second and core", 324 / took, "/s", 150, ">="


def sampling():
    method, runs, batch, steps = Method.heavy_ball(0.01, 0.9), 16, 4096, 200
    rng = np.random.default_rng(0)
    normals = np.empty((runs, D))

    def draw():
        for _ in range(steps):
            rng.standard_normal(out=normals)

    one = seconds(lambda: mb.simulate(H, method, batch, steps, runs, rng)) / steps
    direct = seconds(lambda: mb.simulate(H, method, batch, 1, runs, rng, "direct"), 3)
    alone = seconds(draw) / steps
    yield f"a step of {runs} runs at batch {batch}, d = {D}: one draw", 1e3 * one, "ms", 1.0, "<"
    yield "  how much faster than drawing every sample", direct / one, "x", 500, ">="
    yield "  beside drawing its normals alone", one / alone, "x", 2.5, "<="


def main():
    """Print the table; the exit status says whether every target was met."""
    met = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b}
    missed = 0
    print(f"{'what':<96}{'measured':>12}  {'target':>12}\n" + "-" * 130)
    for group in (passes, curve, far, sampling, frontier, sweeping):
        for what, value, unit, target, sign in group():
            ok = met[sign](value, target)
            missed += not ok
            verdict = "ok" if ok else "MISSED"
            print(f"{what:<96}{value:>9.4g} {unit:<2}  {sign:>2} {target:>6.4g} {unit:<2}  {verdict}", flush=True)
    if why := browser.missing():
        print(f"not measured, in the browser: {why}")
        return missed
    for what, measured, target, ok in (*browser.rows(), *page.rows()):
        missed += not ok
        print(f"{what:<96}{measured:>15}  {target:>12}     {'ok' if ok else 'MISSED'}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main() > 0)
