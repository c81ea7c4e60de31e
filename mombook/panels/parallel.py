"""Perfect parallelization on rows: what a batch of rows buys, with and without momentum, exactly."""

from functools import lru_cache

import numpy as np

from ..exact import row_moments
from ..model.example_systems import with_spectrum
from ..sample import row_sampling
from ..tuning import parallel
from . import spectra, style
from .controls import BATCH, DECAY, KAPPA, SEED
from .curves import FILLED, runs_drawn, sampled, spaced
from .frame import Panel, Sample, View, new_figure
from .labels import Plot
from .words import fewer, signed, three, times_as

DIM, ROWS = 8, 160
"""Unknowns and rows: small enough for the exact rate to follow a slider."""

MOST = 12
"""Unknowns that a spectrum of the reader's own may have."""

TARGET = 1e-6
"""The factor by which E|e|^2 is to fall."""

GRID = {False: np.array([1, 64, 1024, 65536]), True: 4 ** np.arange(9)}
TUNED_AT = 8 ** np.arange(5)
"""Batches of the two simple rules, while dragging and at rest, and of the tuned methods, which come afterwards."""

LOWEST, HIGHEST = 10**-6.3, 2.0
"""Foot and top of the plot of errors."""

EARLY = 8
"""The step after which the simulation is held against theory."""

MOST_STEPS = 4096
"""Steps of a curve that are computed one by one, a tenth of a second; later turns of the curve are taken from even points."""

MOST_ROWS = 8_000_000
"""Rows a method's simulation may draw."""

LOOKS = {
    "SGD": ("simple SGD", style.METHODS["sgd"].color, "circle", "solid"),
    "momentum": ("simple momentum", style.METHODS["heavy_ball"].color, "square", "12px,2px"),
}


class ParallelPanel(Panel):
    """Row visits against batch, and the error at the chosen batch, on a Kaczmarz system with a given spectrum.

    About two rules on rows, simple SGD and simple momentum, which are not tuned on a spectrum: it shows no other family.
    """

    name = "parallel"
    claims = True
    title = "How far a batch replaces iterations"
    subplots = 2
    controls = (KAPPA, DECAY, BATCH, SEED)
    own = ("kappa", "decay")
    most, each = MOST, True
    references = ("garg2026", "strohmer2009", "moorman2021")
    theory = ("simple momentum", "simple momentum: expected", "simple SGD: saturation",
              "simple momentum: saturation", "names of saturation")
    presets = {                                                                                          # noqa: RUF012
        "flat": {"kappa": 1, "batch": 8}, "slow decay": {"kappa": 1e3, "decay": 0.5, "batch": 8},
        "fast decay": {"kappa": 1e4, "decay": 2.5, "batch": 8}, "near saturation": {"kappa": 1e3, "decay": 1.5, "batch": 91},
    }
    help = (f"Randomized Kaczmarz on {ROWS} random rows in {DIM} unknowns (or as many as your spectrum has). Left: flat "
            "is perfect parallelization, and dotted verticals are where theory ends it; hollow marks are the tuned methods, "
            "which arrive once you let go. Right: lines are exact expectations, dots the mean of simulated runs, shade where "
            "80 % of the runs lie. " + FILLED)

    def figure(self):
        """Two subplots side by side."""
        f = new_figure()
        for key, (word, color, marker, dash) in LOOKS.items():
            f.add_scatter(name=word, x=[], y=[], mode="lines+markers", legendgroup=key,
                          line={"color": color, "width": 2.5, "dash": dash}, marker={"symbol": marker, "size": 7},
                          hovertemplate="B %{x}: %{y:.3~r} row visits<extra>" + word + "</extra>")
            f.add_scatter(name=f"{word}: 80 % of runs", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", fill="toself",
                          line={"width": 0}, fillcolor=style.rgba(color, 0.18), showlegend=False, hoverinfo="skip")
            f.add_scatter(name=f"{word}: simulated", x=[], y=[], mode="markers", xaxis="x2", yaxis="y2", showlegend=False,
                          marker={"color": color, "symbol": marker, "size": 7, "line": {"color": style.PAPER, "width": 1}},
                          hovertemplate="%{y:.3~g} after %{x} iterations<extra>mean of runs, " + word + "</extra>")
            f.add_scatter(name=f"{word}: expected", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", showlegend=False,
                          line={"color": color, "width": 2.5, "dash": dash},
                          hovertemplate="%{y:.3~g} after %{x} iterations%{customdata}<extra>exact, " + word + "</extra>")
        for key, word in (("SGD", "tuned SGD"), ("momentum", "tuned heavy ball")):
            _, color, marker, _ = LOOKS[key]
            f.add_scatter(name=word, x=[], y=[], mode="lines+markers", legendgroup=key,
                          line={"color": color, "width": 1.2, "dash": "dot"},
                          marker={"color": style.PAPER, "symbol": marker, "size": 8, "line": {"color": color, "width": 2}},
                          hovertemplate="B %{x}: %{y:.3~r} row visits<extra>" + word + "</extra>")
        for key, (word, color, _, _) in LOOKS.items():
            f.add_scatter(name=f"{word}: saturation", x=[], y=[], mode="lines", showlegend=False, legendgroup=key,
                          line={"color": color, "width": 1.5, "dash": "dot"},
                          hovertemplate="%{x:.3~r}: predicted saturation, " + word + "<extra></extra>")
        f.add_scatter(name="chosen batch", x=[], y=[], mode="lines", showlegend=False, hoverinfo="skip",
                      line={"color": style.MUTED, "width": 1, "dash": "dash"})
        style.names(f, "names of saturation")
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"},
            annotations=style.titles(2),
            xaxis=style.log_axis("batch size B (rows per iteration)"),
            yaxis=style.log_axis("row visits (iterations × B) to 10⁻⁶"),
            xaxis2=style.log_axis("iterations", anchor="y2"),
            yaxis2=style.log_axis("E|e|² / |e₀|²", anchor="x2")))
        f.update_layout(self.wide())
        return f

    def spectrum(self, scenario):
        """Of as many directions as are shown."""
        return spectra.key(scenario, DIM)

    def exact(self, scenario, final=True):
        """Exact rates of the two simple rules over batches, and their exact error curves at the chosen one."""
        problem, B = spectra.key(scenario, DIM), scenario["batch"]
        system = _system(problem)
        here = {key: _scaling(problem, key, (B,)) for key in LOOKS}
        grid = {key: _scaling(problem, key, tuple(GRID[final].tolist())) for key in LOOKS}
        last = int(spaced(max(f.iterations[0] for f in here.values()))[-1])
        traces, rows = {}, {"SGD": system.row_energy / system.largest, "momentum": parallel.saturation_batch(system)}
        low = min(f.visits.min() for f in grid.values())
        ranges = {"xaxis": [-0.3, np.log10(BATCH.high) + 0.1], "xaxis2": [0, np.log10(last)],
                  "yaxis2": [np.log10(LOWEST), np.log10(HIGHEST)]}
        bottom = np.floor(np.log10(low / max(10.0, np.sqrt(spectra.whole(problem).kappa))))
        ranges["yaxis"] = [bottom, bottom + 7]
        span = [10.0**y for y in ranges["yaxis"]]
        for key, (word, *_) in LOOKS.items():
            steps, error, notes = _errors(problem, key, B, last)
            traces[word] = {"x": grid[key].batches, "y": grid[key].visits}
            traces[f"{word}: expected"] = {"x": steps[1:], "y": np.maximum(error[1:], 1e-12),
                                           "customdata": notes[1:]}
        traces["chosen batch"] = {"x": [B, B], "y": span}
        _ends(traces, Plot(ranges["xaxis"], ranges["yaxis"], 2), rows)
        n = {key: float(f.iterations[0]) for key, f in here.items()}
        promise = float(here["momentum"].gap[0] / ((1 - here["momentum"].methods[0].beta) / 2))
        saved = fewer(n["SGD"] / n["momentum"])
        sentence = (f"At B = {B} simple momentum needs {saved} iterations {'as' if saved.endswith('many') else 'than'} simple "
                    f"SGD. {spectra.told(scenario, d=False)}: for an error 10⁻⁶ as large, simple SGD needs {three(n['SGD'])} "
                    f"iterations and simple momentum {three(n['momentum'])}. Theory: row visits stay flat up to B = "
                    f"{three(rows['SGD'])} for SGD and up to B = {three(rows['momentum'])}, "
                    f"{times_as(rows['momentum'] / rows['SGD'], 'far')}, with momentum, whose gap here is {three(promise)}× "
                    "what is guaranteed.")
        return View(traces, sentence, ranges, ["<b>Flat</b> is perfect parallelization", f"Error at <b>B = {B}</b>"],
                    numbers={"iterations": n, "saturation": rows, "gap over guarantee": promise,
                             "gap": {key: float(f.gap[0]) for key, f in here.items()}})

    def sample(self, scenario):
        """Runs of both rules at the chosen batch, then the tuned methods, batch by batch."""
        problem, B = spectra.key(scenario, DIM), scenario["batch"]
        system, rng, far = _system(problem), np.random.default_rng(scenario["seed"]), []
        here = {key: _scaling(problem, key, (B,)) for key in LOOKS}
        horizon = spaced(max(f.iterations[0] for f in here.values()))[-1]
        runs = 100 if B < 1000 else 20
        steps = int(np.clip(MOST_ROWS // (runs * B), EARLY, min(horizon, 2000)))
        for k, (key, (word, *_)) in enumerate(LOOKS.items()):
            method, times = here[key].methods[0], spaced(steps, per_octave=2)[1:]
            exact = row_moments.errors_at(system, method, B, [0, EARLY])[1]
            for fraction, errors in row_sampling.stream(system, method, B, steps, runs, rng):
                if errors.shape[1] > EARLY:
                    yield Sample((k + fraction) / 4, runs_drawn(errors, times[times < errors.shape[1]], word, low=1e-12,
                                                                 dots_low=1e-7))
            at = errors[:, EARLY]
            far.append(f"{signed((at.mean() - exact) / max(at.std(ddof=1) / np.sqrt(runs), 1e-300))} for {word}")
        told = (f"Simulation ({runs} runs): after {EARLY} iterations the mean of the runs is off the exact value by so many "
                f"standard errors: {' and '.join(far)}. Later, rare runs carry the mean.")
        best = {"sgd": ([], []), "heavy_ball": ([], [])}
        for k, at in enumerate(TUNED_AT.tolist()):
            for family, word in (("sgd", "tuned SGD"), ("heavy_ball", "tuned heavy ball")):
                gap = _tuned(problem, at, family).gap
                best[family][0].append(at)
                best[family][1].append(at * np.log(1 / TARGET) / -np.log1p(-gap))
                x, y = (np.array(v) for v in best[family])
                yield Sample(0.5 + (k + (family == "heavy_ball")) / (2 * TUNED_AT.size), {word: {"x": x, "y": y}}, told)
        saved = max(s / h for s, h in zip(best["sgd"][1], best["heavy_ball"][1], strict=True))
        yield Sample(1.0, {}, told + f" Where momentum saves most, tuned SGD needs {three(saved)} times the row visits of "
                                 "tuned heavy ball.")

    def blank(self, scenario):
        """No dots, no bands, nothing tuned."""
        names = [f"{word}: {part}" for word, *_ in LOOKS.values() for part in ("simulated", "80 % of runs")]
        return {name: {"x": [], "y": []} for name in [*names, "tuned SGD", "tuned heavy ball"]}


def _ends(traces, plot, rows):
    """Where theory ends the flat part of each rule, with their names."""
    for name in (*(word for word, *_ in LOOKS.values()), "chosen batch"):
        plot.curve(traces[name]["x"], traces[name]["y"])
    words = {"SGD": three(rows["SGD"]), "momentum": f"to {three(rows['momentum'])}"}
    made, named = plot.uprights([(words[key], rows[key]) for key in LOOKS])
    traces["names of saturation"] = {**named, "textfont.color": [color for _, color, *_ in LOOKS.values()]}
    traces |= {f"{LOOKS[key][0]}: saturation": line for key, line in zip(LOOKS, made, strict=True)}


# -- the numbers, remembered -------------------------------------------------------------------------------------------
@lru_cache(maxsize=64)
def _system(problem):
    return with_spectrum(spectra.whole(problem), ROWS, np.random.default_rng(0))


@lru_cache(maxsize=1024)
def _scaling(problem, key, batches):
    choose = {"SGD": parallel.simple_sgd, "momentum": parallel.simple_momentum}[key]
    return parallel.scaling(_system(problem), batches, choose, TARGET)


@lru_cache(maxsize=256)
def _errors(problem, key, batch, last):
    """Steps up to the last one drawn, and E|e|^2 there as a share of the start."""
    system, method = _system(problem), _scaling(problem, key, (batch,)).methods[0]
    start = row_moments.errors_at(system, method, batch, [0])[0]
    return sampled(lambda steps: row_moments.errors_at(system, method, batch, steps) / start, last,
                   method.beta if method.eta else 0.0, (LOWEST, HIGHEST), most=MOST_STEPS)


@lru_cache(maxsize=512)
def _tuned(problem, batch, family):
    """The tuned method (its gap to about 1 %), started at the optimum of the batch before."""
    start = None if batch == 1 else _tuned(problem, batch // 8, family).method
    return parallel.tuned(_system(problem), batch, family, tolerance=0.03, start=start)
