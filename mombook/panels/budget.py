"""Label noise and a budget of samples: what the best run ends at, batch by batch, and how large a step may be."""

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..data.estimate import fit_power_law
from ..exact import renewal
from ..exact.moments import risk_at
from ..exact.thresholds import nesterov_limit, step_limit
from ..model.spectrum import Spectrum
from ..study.data_scaling import KNOWN, exponent, source_start, transitions
from ..tuning.budget import Budget, budget_of
from . import controls, spectra, style, yours
from .curves import sampled, spaced
from .frame import Panel, View, new_figure
from .labels import Plot, texts
from .scenario import Slider, Switch
from .words import given, three
from .yours import OWN

KAPPA = replace(controls.KAPPA, high=1e16, default=281475000000000, more=True)
DECAY = Slider("decay", "decay", 1.05, 6, 4, step=0.05, more=True,
               help="exponent a of the power-law spectrum: how fast it falls")
BATCH = replace(controls.BATCH, default=16)
DIM = replace(controls.DIM, default=4096, more=True)
SAMPLES = Slider("samples", "D", 256, 262144, 16384, step=1, base=2, whole=True, help="the budget: samples, each used once")
NOISE = Slider("noise", "noise σ", 0.001, 10, 0.1, step=0.25, base=10, help="standard deviation of the label noise")
SOURCE = Slider("source", "source s", 0.05, 3, 0.3, step=0.05, more=True,
                help="where the error is at the start: direction i has i^−(1 + s·decay) of the risk; large s: few directions")
METHODS = controls.Families(more=True)
ADDITIVE = Switch("additive", "additive noise alone", more=True,
                  help="also draw what noise of the labels alone would give (noisy quadratic model)")

OCTAVES = {False: 4.0, True: 4 / 3}
"""Octaves between the batches that are tuned: while dragging, and at rest."""

BINS = {False: 1, True: 4}
"""Bins an octave of the spectrum: while dragging, and at rest."""

LONG = {False: 2048, True: 2**18}
"""The longest run whose every step is computed."""

SPOTS = (0.5, 0.42, 0.6, 0.33, 0.7, 0.25, 0.8, 0.15, 0.9, 0.05, 1, 0)
"""Where along a curve its name may stand, the first being preferred."""

MEMORY = 2.0**-24
"""1 - beta of the right plot, as in the published figure."""

LIMITED = {"sgd": 0, "heavy_ball": 1, "nesterov": 2}
"""Methods of the right plot."""

BATCHES = {False: 2.0 ** np.arange(0, 25, 4), True: 2.0 ** np.arange(0, 25)}
"""Batches of the right plot."""

OVERHEAD = 0.2
"""The knee: the largest batch whose risk is within this share of the method's least."""

GROWN = 1e6
"""A risk as a share of the start from which on it is not drawn."""

TRANSITIONS = {"b1": ("b₁", "SGD bends"), "b2": ("b₂", "Nesterov turns"), "b3": ("b₃", "heavy ball bends")}
"""Transition of the theorem -> its sign, and what happens there."""

BENDS = ("sgd", "nesterov", "heavy_ball")
"""Whose dotted slope bends at each of them."""

AWAY = (0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2)
"""Distances from the gain's bracket at which its size may stand where there is no place beside it."""

LARGER = 1.35
"""Size of the gain's type over that of the names, and it is bold."""

TALL = 0.05
"""Height of a line of text as a share of the left plot's, which is the highest on a phone."""

COLUMNS = ([0, 0.43], [0.51, 0.73], [0.81, 1])
ROWS = ([0.65, 1], [0.325, 0.555], [0, 0.23])


class BudgetPanel(Panel):
    """Final risk against the batch for a budget, learning curves at one batch, and the largest stable learning rate."""

    name = "budget"
    title = "Noise and a budget"
    controls = (KAPPA, DECAY, BATCH, NOISE, SAMPLES, SOURCE, DIM, METHODS, ADDITIVE, controls.METHOD)
    own = ("kappa", "decay", "d")
    references = ("wang2026", "zhang2019", "morwani2026")
    presets = MappingProxyType({
        "published": {"kappa": 281475000000000, "decay": 4, "d": 4096, "source": 0.3, "noise": 0.1, "samples": 16384,
                      "batch": 16},
        "little noise": {"kappa": 281475000000000, "decay": 4, "d": 4096, "source": 0.3, "noise": 0.001, "samples": 16384,
                         "batch": 16},
        "easy target": {"kappa": 1e6, "decay": 1.5, "d": 10000, "source": 1, "noise": 1, "samples": 65536, "batch": 256}})
    help = ("Left: the risk at the end of the best run, every method tuned at every batch, all with as many samples. "
            "Rings: the largest batch within 20 % of a method's least risk. Dotted: the slopes of the theorem (ASGD's are a "
            "conjecture), each with a fitted constant. They change at B = D^b: at b₁ SGD bends, at b₂ Nesterov turns, at b₃ "
            "heavy ball bends. Middle: the runs at the chosen batch, tuned for their last step. Right: the largest learning "
            "rate at a memory of 2²⁴ steps. A method of your own, behind “more”, is run as it is, or tuned like the others "
            "where it leaves lr and beta open. On a spectrum of your own, the start and the slopes are those of the decay that "
            "fits it best.")

    @property
    def theory(self):
        """Everything but SGD and heavy ball: who expects what Nesterov does?"""
        words = [look.word for key, look in yours.looks().items() if key not in ("sgd", "heavy_ball")]
        lines = [f"{look.word}: theorem" for look in yours.looks().values()]
        parts = [f"{word}: {part}" for word in words for part in ("run", "additive")]
        return (*words, *parts, *lines, *(sign for sign, _ in TRANSITIONS.values()), "names of transitions",
                "names of methods", "knee", "gain", "size of the gain",
                f"{style.METHODS['nesterov'].word}: limit", "names of limits")

    def figure(self):
        """Three subplots; traces in the order they are drawn."""
        f = new_figure()
        second, third = ({"xaxis": f"x{k}", "yaxis": f"y{k}", "showlegend": False} for k in (2, 3))
        for sign, said in TRANSITIONS.values():
            f.add_scatter(name=sign, x=[], y=[], mode="lines", line={"color": style.MUTED, "width": 1}, showlegend=False,
                          hovertemplate=f"{said} at B %{{x:.3~r}}<extra>{sign}</extra>")
        for key, look in yours.looks().items():
            line, quiet = {"color": look.color, "width": 2.5, "dash": look.dash}, {"legendgroup": key, "showlegend": False}
            f.add_scatter(name=f"{look.word}: theorem", x=[], y=[], mode="lines", hoverinfo="skip", **quiet,
                          line={"color": look.color, "width": 1.3, "dash": "dot"})
            f.add_scatter(name=f"{look.word}: additive", x=[], y=[], mode="lines", **quiet,
                          line={"color": look.color, "width": 1},
                          hovertemplate="%{y:.3~g} at B %{x:.3~r}<extra>additive noise alone, " + look.word + "</extra>")
            f.add_scatter(name=look.word, x=[], y=[], mode="lines+markers", line=line, legendgroup=key,
                          marker={"color": look.color, "symbol": look.marker, "size": 5},
                          hovertemplate="%{y:.3~g} at B %{x:.3~r}<extra>" + look.word + "</extra>")
            f.add_scatter(name=f"{look.word}: run", x=[], y=[], mode="lines", line={**line, "width": 2}, **second,
                          legendgroup=key, hovertemplate="%{y:.3~g} after %{x:.3~r} steps<extra>" + look.word + "</extra>")
        for key in LIMITED:
            look = style.METHODS[key]
            f.add_scatter(name=f"{look.word}: limit", x=[], y=[], mode="lines", legendgroup=key, **third,
                          line={"color": look.color, "width": 2.5, "dash": look.dash},
                          hovertemplate="%{y:.3~g} at B %{x:.3~r}<extra>largest learning rate, " + look.word + "</extra>")
        ring = {"size": 13, "color": "rgba(0,0,0,0)", "line": {"width": 2.5}}
        f.add_scatter(name="knee", x=[], y=[], mode="markers", marker=ring, showlegend=False,
                      hovertemplate="within 20 % of its best up to B %{x:.3~r}<extra></extra>")
        for name, plot in (("chosen batch", {}), ("chosen batch (right)", third)):
            f.add_scatter(name=name, x=[], y=[], mode="lines", line={"color": style.MUTED, "width": 1, "dash": "dash"},
                          hoverinfo="skip", **{"showlegend": False, **plot})
        f.add_scatter(name="gain", x=[], y=[], mode="lines+markers", showlegend=False, hoverinfo="skip",
                      line={"color": style.ACCENT, "width": 2},
                      marker={"color": style.ACCENT, "symbol": "line-ew-open", "size": 11})
        style.names(f, "size of the gain", size=15, color=style.INK)
        style.names(f, "names of transitions")
        style.names(f, "names of methods", size=13)
        style.names(f, "names of limits", 3)
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"}, annotations=style.titles(3),
            xaxis=style.log_axis("batch size B"), yaxis=style.log_axis("final risk / risk at the start"),
            xaxis2=style.log_axis("steps", anchor="y2"), yaxis2=style.log_axis("risk / risk at the start", anchor="x2"),
            xaxis3=style.axis("batch size B", anchor="y3", type="log", dtick=2, autorange=False),
            yaxis3=style.axis("largest stable learning rate × L", anchor="x3", type="log", dtick=2, autorange=False)))
        f.update_layout(self.wide())
        return f

    def wide(self):
        """Three columns, the first twice as wide."""
        layout = style.columns(3)
        return layout | {f"xaxis{k}": {"domain": span} for k, span in zip(("", 2, 3), COLUMNS, strict=True)}

    def stacked(self):
        """Three rows."""
        rows = style.rows(3)
        return rows | {"height": 1320} | {f"yaxis{k}": {"domain": span} for k, span in zip(("", 2, 3), ROWS, strict=True)}

    def exact(self, scenario, final=True):
        """Every method tuned for the budget at every batch, the runs at the chosen one, and the limits of stability.

        While dragging there are a third of the batches, the best of a grid at each, and a coarser spectrum."""
        s, entries = scenario, yours.entries(scenario)
        problem = spectra.key(s), s["source"], s["noise"], s["samples"]
        found = {key: _budget(*problem, what, "least squares", final) for key, what in entries.items()}
        alone = {key: _budget(*problem, what, "additive", final) for key, what in entries.items() if s["additive"]}
        batch = float(min(s["batch"], s["samples"]))
        at = {key: _here(*problem, batch, what, final) for key, what in entries.items()}
        traces, numbers = {}, _numbers(s, found, alone, at, _first_risk(*problem[:2], final))
        unit, everything = numbers["start"], [numbers["risks"][key][1] for key in s["methods"]]
        low = min(min(r.min() for r in everything) / unit, 0.3)
        ranges = {"xaxis": [0, np.log10(s["samples"])], "yaxis": [float(np.floor(4 * (1.15 * np.log10(low) - 0.25)) / 4), 0.1],
                  "xaxis2": [0, max(np.log10(numbers["steps"]), 0.3)], "xaxis3": [0, np.log10(BATCHES[True][-1])]}
        ranges["yaxis2"] = ranges["yaxis"]
        left = Plot(ranges["xaxis"], ranges["yaxis"], 1, line=TALL)
        drawn = _left(traces, left, s, numbers)
        _marks(traces, left, s, numbers, ranges, drawn)
        for key, look in yours.looks().items():
            name = f"{look.word}: run"
            traces[name] = {"visible": False}
            if key in entries:
                steps, risks, notes = _run(*problem, batch, entries[key], final, ranges["yaxis"][0])
                there = (steps > 0) & (risks < GROWN)
                traces[name] = {"x": steps[there], "y": risks[there], "customdata": notes[there], "visible": bool(there.any())}
        if s["method"]:
            drawn_at = {"": ("xaxis", "yaxis"), ": run": ("xaxis2", "yaxis2")} | (
                {": additive": ("xaxis", "yaxis")} if s["additive"] else {})
            yours.keep_inside(traces, ranges, drawn_at)
        _right(traces, ranges, s, final)
        return View(traces, _sentence(s, numbers), ranges,
                    ["<b>The same samples</b> in larger batches", f"The runs at <b>B = {round(numbers['batch'])}</b>",
                     "At <b>long memory</b>"], [_lamp(s)], numbers)

    def recipe(self, scenario):
        """The best batch of each method, and what its run ends at."""
        s, key = scenario, spectra.key(scenario)
        H = spectra.code(key, BINS[True]) if isinstance(key, str) else (
            f'mb.Spectrum.power_law(d={s["d"]}, decay={s["decay"]!r}, kappa={s["kappa"]!r}, binned={BINS[True]}, ends="top")')
        return f'''\
import mombook as mb
from mombook.study.data_scaling import source_start

H = {H}
start = source_start(H, {_decay(key)!r}, {s["source"]!r})
for family in {s["methods"]}:
    found = mb.tune_budget(H, family, {s["samples"]}, {s["noise"]!r}, start, batches={_batches(s["samples"], True)})
    print(family, "best batch", found.batch, "risk", found.risk / mb.risk_curve(H, found.method, 1, 0, start=start)[0])
''' + (f'''\
from mombook.model.written import parsed
from mombook.tuning.budget import budget_of

own = parsed({s["method"]!r})
found = budget_of(H, own, {s["samples"]}, {s["noise"]!r}, start, batches={_batches(s["samples"], True)})
print("your method: best batch", found.batch, "risk", found.risk / mb.risk_curve(H, found.method, 1, 0, start=start)[0])
''' if s["method"] else "")


# -- the three plots ---------------------------------------------------------------------------------------------------
def _left(traces, plot, s, numbers):
    """Final risks, the theorem's slopes and additive noise; the points of each curve."""
    drawn = []
    for key, look in yours.looks().items():
        for part in ("", ": theorem", ": additive"):
            traces[look.word + part] = {"visible": False}
        if key not in yours.shown(s):
            continue
        B, risks = _finite(*numbers["risks"][key], numbers["start"])
        y = risks / numbers["start"]
        traces[look.word] = {"x": B, "y": y, "visible": True}
        drawn.append((look.word, plot.curve(B, y)))
        if key in numbers["theorem"]:
            x, law = numbers["theorem"][key]
            traces[f"{look.word}: theorem"] = {"x": x, "y": law, "visible": True}
            plot.curve(x, law)
        if key in numbers["alone"]:
            x, risks = _finite(*numbers["alone"][key], numbers["start"])
            traces[f"{look.word}: additive"] = {"x": x, "y": risks / numbers["start"], "visible": True}
            plot.curve(x, risks / numbers["start"])
    return drawn


def _marks(traces, plot, s, numbers, ranges, drawn):
    """Knees, transitions, the chosen batch, the gain and the names."""
    bent = [key for key in yours.shown(s) if numbers["knee"][key] < 0.99 * s["samples"]]
    x = [numbers["knee"][key] for key in bent]
    y = [_on(numbers, key, at) for key, at in zip(bent, x, strict=True)]
    traces["knee"] = {"x": x, "y": y, "marker.line.color": yours.colors(bent)}
    if bent:
        plot.marks(x, y)
    ends = [10 ** v for v in ranges["yaxis"]]
    traces["chosen batch"] = {"x": [numbers["batch"]] * 2, "y": ends}
    plot.curve(**traces["chosen batch"])
    gain = numbers["gain"]
    traces["gain"] = {"x": [gain["base"], gain["batch"], gain["batch"]] if gain else [],
                      "y": [gain["from"], gain["from"], gain["to"]] if gain else []}
    traces["size of the gain"] = {"x": [], "y": [], "text": []}
    if gain:
        plot.curve(**traces["gain"])
    lines = [(sign, s["samples"] ** numbers["transitions"][b]) for b, (sign, _) in TRANSITIONS.items()]
    feet = [_bend(numbers, key, x) for (_, x), key in zip(lines, BENDS, strict=True)]
    made, named = plot.uprights(lines, feet)
    traces |= {sign: line for (sign, _), line in zip(TRANSITIONS.values(), made, strict=True)} | {"names of transitions": named}
    if gain:
        word = f"<b>{three(gain['times'])}×</b><br>lower"
        foot, head = plot.shares([gain["batch"]] * 2, [gain["to"], gain["from"]])
        below, above = foot - np.outer(AWAY, (0, 1)), head + np.outer(AWAY, (0, 1))
        spots = [below[0], (foot + head) / 2, *below[1:], *above]
        traces["size of the gain"] = texts([(word, *plot.best(word, spots, ease=0.1, scale=LARGER))])
    names = plot.names([pair for pair in drawn if len(pair[1])], spots=SPOTS, legend=True)
    colors = dict(zip((look.word for look in yours.looks().values()), yours.colors(yours.looks()), strict=True))
    traces["names of methods"] = {**names, "textfont.color": [colors[word] for word in names["text"]] or style.MUTED}


def _right(traces, ranges, s, final):
    """The largest stable learning rates, with their exponents in the names."""
    B, lines = BATCHES[final], _limits(spectra.key(s), final)
    for key, y in lines.items():
        traces[f"{style.METHODS[key].word}: limit"] = {"x": B, "y": y}
    ranges["yaxis3"] = [float(np.floor(np.log10(min(y.min() for y in lines.values())) - 0.2)), 1.0]
    plot = Plot(ranges["xaxis3"], ranges["yaxis3"], 3, wide=0.7)
    traces["chosen batch (right)"] = {"x": [s["batch"]] * 2, "y": [10**v for v in ranges["yaxis3"]]}
    plot.curve(**traces["chosen batch (right)"])
    said = {"sgd": "SGD", "heavy_ball": "∝ B", 
            "nesterov": "Nesterov" if "spectrum" in s else f"∝ B<sup>{given(s['decay'])}</sup>"}
    curves = [(said[key], plot.curve(B, y)) for key, y in lines.items()]
    traces["names of limits"] = plot.names(curves, spots=SPOTS[:5])


# -- numbers -----------------------------------------------------------------------------------------------------------
def _numbers(s, found, alone, at, start):
    """What the figure and the sentence say, unrounded."""
    T = max(round(s["samples"] / min(s["batch"], s["samples"])), 1)
    best = {key: (f.batch, f.risk / start) for key, f in found.items()}
    numbers = {"start": start, "steps": T, "batch": s["samples"] / T, "best": best,
               "here": {key: f.risk / start for key, f in at.items()},
               "risks": {key: (f.batches, f.risks) for key, f in found.items()},
               "methods": {key: f.methods for key, f in found.items()},
               "alone methods": {key: f.methods for key, f in alone.items()},
               "here methods": {key: f.method for key, f in at.items()},
               "alone": {key: (f.batches, f.risks) for key, f in alone.items()},
               "knee": {key: f.critical_batch(OVERHEAD) for key, f in found.items()},
               "transitions": transitions(_decay(spectra.key(s)), s["source"]), "theorem": {}}
    for key in found:
        if key in KNOWN:
            numbers["theorem"][key] = _law(s, key, *numbers["risks"][key], start)
    numbers["gain"] = None
    if "sgd" in best and "nesterov" in best and best["nesterov"][1] < best["sgd"][1] / 1.02:
        batch, least = best["nesterov"]
        numbers["gain"] = {"batch": batch, "base": best["sgd"][0], "from": best["sgd"][1], "to": least,
                           "times": best["sgd"][1] / least}
    return numbers


def _bend(numbers, key, batch):
    """The height of a method's theorem at a batch; ``None`` where it is not drawn."""
    if key not in numbers["theorem"]:
        return None
    x, law = numbers["theorem"][key]
    return float(np.exp(np.interp(np.log(batch), np.log(x), np.log(law))))


def _law(s, key, B, risks, start):
    """B and C D^-r(b), with the constant that fits the logarithms best."""
    log_d, decay = np.log(s["samples"]), _decay(spectra.key(s))
    x = np.exp(np.linspace(0, 1, 61) * log_d)
    slope = -exponent(key, np.minimum(np.log(B) / log_d, 1.0), decay, s["source"]) * log_d
    constant = np.mean(np.log(risks / start) - slope)
    return x, np.exp(constant - exponent(key, np.linspace(0, 1, 61), decay, s["source"]) * log_d)


def _on(numbers, key, batch):
    """The height of a method's curve at a batch, log-linear."""
    B, risks = numbers["risks"][key]
    return float(np.exp(np.interp(np.log(batch), np.log(B), np.log(risks / numbers["start"]))))


def _finite(batches, risks, start):
    """Where a method learns or comes near to it: the points that are drawn."""
    there = risks < GROWN * start
    return batches[there], risks[there]


# -- the engine, remembered --------------------------------------------------------------------------------------------
@lru_cache(maxsize=128)
def _problem(key, source, final):
    """The spectrum and the start."""
    if isinstance(key, str):
        H = spectra.of(key, BINS[final])
    else:
        kappa, decay, d = key
        H = Spectrum.power_law(d, decay, kappa, binned=BINS[final], ends="top")
    return H, source_start(H, _decay(key), source)


@lru_cache(maxsize=64)
def _decay(key):
    """The exponent of the spectrum; of a reader's own, of the power law that fits it best, where the theorem knows it."""
    if not isinstance(key, str):
        return key[1]
    H = spectra.whole(key)
    return float(np.clip(fit_power_law(H).decay if len(H) > 2 else 0.0, DECAY.low, DECAY.high))


def _first_risk(key, source, final):
    H, start = _problem(key, source, final)
    return float(H.counts @ (H.eigenvalues * start)) / 2


def _batches(samples, final):
    """The batches that are tuned: 1, ..., and all samples at once."""
    top = np.log2(samples)
    return [*(2.0 ** np.arange(0, top - OCTAVES[final] / 3, OCTAVES[final])).tolist(), float(samples)]


@lru_cache(maxsize=512)
def _budget(key, source, noise, samples, what, noise_model, final):
    """The budget of one ``Family`` or ``Method`` over the batches."""
    H, start = _problem(key, source, final)
    return budget_of(H, what, samples, noise, start, batches=_batches(samples, final), quick=not final, noise_model=noise_model)


@lru_cache(maxsize=1024)
def _here(key, source, noise, samples, batch, what, final):
    """The same at the chosen batch alone: computed anew where it is none of those."""
    every = _budget(key, source, noise, samples, what, "least squares", final)
    k = np.flatnonzero(np.isclose(every.batches, batch, rtol=1e-12))
    if k.size:
        return Budget(samples, every.batches[k], every.steps[k], every.risks[k], [every.methods[k[0]]])
    H, start = _problem(key, source, final)
    return budget_of(H, what, samples, noise, start, batches=[batch], quick=not final)


@lru_cache(maxsize=256)
def _run(key, source, noise, samples, batch, what, final, low):
    """The learning curve of the method tuned at the chosen batch, as a share of the start, down to 10^low."""
    H, start = _problem(key, source, final)
    here, unit = _here(key, source, noise, samples, batch, what, final), _first_risk(
        key, source, final)
    T, method = int(here.steps[0]), here.method
    if T > LONG[final]:
        steps = np.unique(np.minimum(spaced(T), T))
        return steps, risk_at(H, method, here.batch, steps, noise, start) / unit, np.full(steps.size, "")
    curve = renewal.risks(H, method, here.batch, T, noise, start) / unit
    return sampled(lambda steps: curve[steps], T, method.beta if method.eta else 0.0, (10.0**low, 2.0))


@lru_cache(maxsize=128)
def _limits(key, final):
    """Largest stable learning rate times L at every batch, of the three methods."""
    H = _problem(key, 1.0, final)[0]
    limit = {"sgd": lambda B: step_limit(H, B), "heavy_ball": lambda B: step_limit(H, B, 1 - MEMORY),
             "nesterov": lambda B: nesterov_limit(H, B, 1 - MEMORY)}
    return {key: np.array([H.largest * of(float(B)) for B in BATCHES[final]]) for key, of in limit.items()}


# -- words -------------------------------------------------------------------------------------------------------------
def _lamp(s):
    """Whether the theorem's power law is that of the spectrum."""
    if "spectrum" in s:
        return "theorem", False, ("it is about eigenvalues i^−decay: the dotted slopes are those of the decay that fits your "
                                  "spectrum best.")
    far = abs(np.log(s["kappa"]) / np.log(float(s["d"]) ** s["decay"]) - 1)
    if far < 0.02:
        return "theorem", True, ""
    return "theorem", False, ("it is about eigenvalues i^−decay, and here κ is not d^decay: the dotted slopes are for "
                              "comparison.")


def _sentence(s, n):
    """One claim with at most two numbers; and the best batch of the reader's own method."""
    if not s["method"]:
        return _claim(s, n)
    batch, risk = n["best"][OWN]
    if risk >= GROWN:
        return f"{_claim(s, n)} Your method diverges at every batch of this budget."
    return (f"{_claim(s, n)} Your method does best with batches of {_batch(batch)}, and ends at {three(risk)} of the risk at "
            "the start.")


def _claim(s, n):
    word = {key: style.METHODS[key].word for key in s["methods"]}
    gain, best = n["gain"], {key: n["best"][key] for key in s["methods"]}
    head = "B is larger than the budget, so a run is a single step. " if s["batch"] > s["samples"] else ""
    if gain:
        claim = (f"With label noise, Nesterov at its best batch, {_batch(gain['batch'])}, ends {three(gain['times'])}× below "
                 "SGD's best")
        if "asgd" in best and n["risks"]["asgd"][1][0] / n["start"] <= gain["to"]:
            return f"{head}{claim}; ASGD is as low already at batch 1."
        return f"{head}{claim}."
    least = min(best, key=lambda key: best[key][1])
    if "sgd" not in best or best[least][1] > best["sgd"][1] / 1.02:
        if "sgd" in best and len(best) > 1:
            return f"{head}With this noise and this budget, no method ends clearly below SGD's best."
        batch, risk = best[least]
        return (f"{head}{word[least]} does best with batches of {_batch(batch)}, and ends at {three(risk)} of the risk at the "
                "start.")
    times = three(best["sgd"][1] / best[least][1])
    return f"{head}With label noise, {word[least]} at its best batch, {_batch(best[least][0])}, ends {times}× below SGD's best."


def _batch(x):
    """A batch size; a run has whole steps, so that it need not be whole."""
    return three(x)
