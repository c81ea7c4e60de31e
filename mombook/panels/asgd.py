"""ASGD and the spectrum: its compute efficiency between two bounds, what a doubled batch trades, its lead over heavy ball."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from .. import bounds
from ..data.estimate import fit_power_law
from ..model.family import FAMILIES
from ..tuning.frontiers import apart, frontier, read_off, regimes, smooth
from . import spectra, style, yours
from .controls import BATCH, DECAY, DIM, KAPPA, METHOD, Families
from .frame import Panel, View, new_figure
from .labels import BESIDE, MARK, SPOTS, Plot, texts
from .words import given, percent, three
from .yours import OWN

METHODS = Families(without=("sgd",))
BOOK = ("heavy_ball", "nesterov", "asgd")
"""What the sentence compares; of a family of the reader's own it says how it compares with heavy ball."""

GRID = {False: np.geomspace(1, 1e6, 13), True: np.geomspace(1, 1e6, 31)}
"""Batches at which the frontiers are tuned: while dragging, and at rest."""

DECAYS = {final: np.round(np.linspace(0.1, 3, n), 4) for final, n in ((False, 4), (True, 13))}
"""Decays of the right plot's curves: while dragging, and at rest."""

OVERLAP_BATCHES = np.geomspace(1, 1e4, 8)
STEEPEST = 1e8
"""The curve of kappa = d^decay is drawn up to this kappa."""

FLOOR = 1e-4
"""Two CEs closer than this are drawn at this distance."""

LEAD = {10.0**k / 100: f"{10.0**k:g}" if k < 3 else f"10<sup>{k}</sup>" for k in range(-2, 6)}
"""Labels of the right plot's axis: CE ratio less 1, as it is drawn -> the same in per cent."""

DOUBLED = [0.95, 2.3]
"""Ends of the middle plot's axis upwards, of factors between 1 and 2."""


class ASGDPanel(Panel):
    """Compute efficiency of the family between T5 and T6, what a doubled batch trades, and ASGD's lead over heavy ball."""

    name = "asgd"
    title = "ASGD and the spectrum"
    subplots = 3
    claims = True
    controls = (KAPPA, DECAY, BATCH, DIM, METHODS, METHOD)
    own = ("kappa", "decay", "d")
    references = ("morwani2026", "liu2020", "jain2018", "kidambi2018")
    presets = MappingProxyType({"flat": {"kappa": 1, "decay": 1.5, "batch": 8, "d": 159},
                                "slow decay": {"kappa": 12.6, "decay": 0.5, "batch": 8, "d": 159},
                                "decay 1": {"kappa": 158, "decay": 1, "batch": 8, "d": 159},
                                "fast decay": {"kappa": 25100, "decay": 2, "batch": 8, "d": 159}})
    help = ("Left: what a sample is worth; flat is perfect scaling. Dotted lines are proved bounds of ASGD. Middle: if the "
            "batch is doubled, ASGD needs so many times fewer steps, and so many times more samples; the two factors make 2. "
            "Pale is the linear regime: the steps halve and no sample is lost. Dark is the saturated one: hardly a step is "
            "saved, and the samples double. In between samples are traded for steps. Right: the largest lead of ASGD over "
            "heavy ball at any batch, against decay. Of a spectrum of your own it has the decay that fits best, beside power "
            "laws of its κ and d. A method of your own, behind “more”, is drawn on the left.")

    @property
    def theory(self):
        """Everything but heavy ball's curve, for every family there is."""
        others = (look.word for key, look in style.METHODS.items() if key not in ("sgd", "heavy_ball"))
        return (*others, style.YOURS.word, "T5", "T6", "bound names", "linear", "saturated", "regimes", "chosen batch",
                "linear (doubled)", "saturated (doubled)", "regimes (doubled)", "steps saved", "samples paid", "here doubled",
                "names doubled", "distance, κ as set", "distance, κ = d^decay", "curve names",
                "distance here", "here's name")

    def figure(self):
        """Three subplots side by side."""
        f, asgd = new_figure(), style.METHODS["asgd"].color
        doubled = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
        for region, shade in (("linear", 0.16), ("saturated", 0.28)):
            for name, where in ((region, {"showlegend": False}), (f"{region} (doubled)", doubled)):
                f.add_scatter(name=name, x=[], y=[], mode="lines", fill="toself", line={"width": 0}, hoverinfo="skip",
                              fillcolor=style.rgba("#8a8f98", shade), **where)
        for bound, said in (("T5", "at most"), ("T6", "at least")):
            f.add_scatter(name=bound, x=[], y=[], mode="lines", line={"color": asgd, "width": 1.6, "dash": "dot"},
                          showlegend=False, hovertemplate=said + " %{y:.3~g} at B %{x:.3~r}<extra>" + bound + "</extra>")
        for key in (*METHODS.options, OWN):
            look = yours.looks()[key]
            f.add_scatter(name=look.word, x=[], y=[], mode="lines", legendgroup=key,
                          line={"color": look.color, "width": 2.5, "dash": look.dash},
                          hovertemplate="%{y:.3~g} at B %{x:.3~r}<extra>" + look.word + "</extra>")
        style.names(f, "regimes")
        style.names(f, "bound names")
        ring = {"size": 13, "color": "rgba(0,0,0,0)", "line": {"width": 2.5}}
        f.add_scatter(name="chosen batch", x=[], y=[], mode="markers", marker=ring, showlegend=False, hoverinfo="skip")
        style.names(f, "regimes (doubled)", 2)
        for name, color, said in (("steps saved", asgd, "steps"), ("samples paid", style.INK, "samples")):
            f.add_scatter(name=name, x=[], y=[], mode="lines", line={"color": color, "width": 2.5}, **doubled,
                          hovertemplate="a factor %{y:.3f} in " + said + " at B %{x:.3~r}<extra>B doubled</extra>")
        f.add_scatter(name="here doubled", x=[], y=[], mode="markers", marker=ring, hoverinfo="skip", **doubled)
        style.names(f, "names doubled", 2, color=style.INK)
        third = {"xaxis": "x3", "yaxis": "y3", "showlegend": False}
        for name, color in (("κ as set", asgd), ("κ = d^decay", style.MUTED)):
            f.add_scatter(name=f"distance, {name}", x=[], y=[], mode="lines", line={"color": color, "width": 2.2}, **third,
                          hovertemplate="ratio − 1 = %{y:.3~g} at decay %{x:.3~r}<extra>" + name + "</extra>")
        style.names(f, "curve names", 3)
        style.names(f, "here's name", 3, color=style.INK)
        f.add_scatter(name="distance here", x=[], y=[], mode="markers", **third,
                      marker={"size": 12, "color": asgd, "symbol": "triangle-up", "line": {"width": 1, "color": style.PAPER}},
                      hovertemplate="ratio − 1 = %{y:.3~g}<extra>here</extra>")
        f.update_layout(style.layout(
            height=470, legend={"orientation": "h", "x": 0, "y": 1.1, "yanchor": "bottom"},
            annotations=style.titles(3),
            xaxis=style.log_axis("batch size B"), yaxis=style.log_axis("e-folds per sample × tr H / μ"),
            xaxis2=style.log_axis("batch size B", anchor="y2"),
            yaxis2=style.axis("factor, if B is doubled", anchor="x2", range=DOUBLED, autorange=False,
                              tickvals=[1, 1.25, 1.5, 1.75, 2]),
            xaxis3=style.axis("decay of the spectrum", anchor="y3", autorange=False),
            yaxis3=style.log_axis("lead over heavy ball, %", anchor="x3", tickvals=list(LEAD),
                                  ticktext=list(LEAD.values()))))
        f.update_layout(self.wide())
        return f

    def wide(self):
        """As usual, with room for the last plot's long labels."""
        return super().wide() | {"xaxis3": {"domain": [0.75, 1.0]}}

    def exact(self, scenario, final=True):
        """Frontiers between T5 and T6, what a doubled batch saves and costs, and the distance of ASGD from heavy ball."""
        key, batch = spectra.key(scenario), scenario["batch"]
        H = spectra.of(key)
        grid = _frontiers(key, final, *((key, FAMILIES[key]) for key in METHODS.options))
        at = {key: read_off(f.batches, f.gap, batch) for key, f in grid.items()}
        own = _own(scenario, (float(batch),))
        at |= {key: float(f.gap[0]) for key, f in own.items()}
        far, where = apart(grid["asgd"], grid["heavy_ball"])
        ranges, traces = {"xaxis": [0, 6], "xaxis2": [0, 6], "xaxis3": [0, 3.1]}, {}
        numbers = _numbers(H, scenario, grid["asgd"], at) | {"distance": far, "distance at": where}
        says = _left(traces, ranges, H, scenario, grid, _own(scenario, tuple(GRID[final].tolist())), numbers)
        _middle(traces, ranges, grid["asgd"], batch, numbers)
        _right(traces, ranges, key, np.expm1(far), final)
        cheaper = f"{three(numbers['ratio'])} ×" if numbers["ratio"] > 1.005 else "not"
        second, third = "<b>ASGD at 2B:</b>", "<b>ASGD's lead</b> over heavy ball, at its largest"
        why = "" if says else "it allows a gap of 1 at this κ, so it says nothing and is not drawn."
        return View(traces, _sentence(scenario, numbers, vacuous=not says), ranges,
                    [f"<b>ASGD is {cheaper} cheaper</b> than heavy ball at B = {batch}",
                     f"{second} {numbers['saved']:.2f} × fewer steps, {numbers['paid']:.2f} × more samples", third],
                    [("T5", not why, why)], numbers,
                    guess=["<b>Cheaper</b> is up: what a sample is worth", f"{second} steps saved, samples paid", third])

    def recipe(self, scenario):
        """The gaps at the batch, read off the curves, and how far ASGD lies from heavy ball."""
        batch = scenario["batch"]
        return f'''\
import mombook as mb
import numpy as np
from scipy.interpolate import PchipInterpolator

H = {spectra.code(spectra.key(scenario))}
curves = mb.frontier(H, {METHODS.options}, np.geomspace(1, 1e6, {GRID[True].size}))
for family, f in curves.items():
    gap = PchipInterpolator(np.log(f.batches), np.log(f.gap))
    print(family, "gap", np.exp(gap(np.log({batch}))))
apart = np.abs(np.log(curves["asgd"].ce / curves["heavy_ball"].ce))
print("largest |log CE ratio| of ASGD and heavy ball", apart.max())
print("at B =", f.batches[apart.argmax()])
''' + (f'''\
from mombook.model.written import parsed
from mombook.tuning.frontiers import frontier_of

print("your method: gap", frontier_of(H, parsed({scenario["method"]!r}), [{batch}]).gap[0])
''' if scenario["method"] else "")


# -- the three plots --------------------------------------------------------------------------------------------------
def _numbers(H, scenario, asgd, at):
    """What the sentence says, unrounded."""
    batch = scenario["batch"]
    ce = {key: -np.log1p(-gap) / batch for key, gap in at.items()}
    linear, saturated, exponent = regimes(asgd.batches, asgd.gap, batch)
    saved = float(_saved(asgd, batch))
    return {"gap": at, "ratio": ce["asgd"] / ce["heavy_ball"], "nesterov": ce["nesterov"] / ce["asgd"],
            "own": {key: ce[key] / ce["heavy_ball"] for key in yours.shown(scenario) if key not in BOOK},
            "saved": saved, "paid": 2 / saved, "exponent": exponent, "linear until": linear, "saturated from": saturated,
            "T5 over exact": bounds.two_buffer_gap(H, batch).value / at["asgd"],
            "exact over T6": at["asgd"] / bounds.mass_gap(H, batch).value,
            "exact over T7": at["asgd"] / bounds.two_buffer_gap(H, batch, "lower").value}


def _left(traces, ranges, H, scenario, grid, own, numbers):
    """Compute efficiencies between their bounds, with ASGD's regimes; whether T5 says anything."""
    batch, unit, B = scenario["batch"], H.smallest / H.trace, grid["asgd"].batches
    shown = [key for key in yours.shown(scenario) if np.isfinite(numbers["gap"][key])]
    on, top = "asgd" in shown, np.ceil(np.log10(max((f.ce / unit).max() for f in grid.values())) + 0.35)
    lowest = min((f.ce / unit).max() for f in grid.values())            # beyond the slider's κ methods lie further apart
    ranges["yaxis"] = [min(top - 5, np.floor(np.log10(lowest))), top]
    for key in METHODS.options:
        traces[style.METHODS[key].word] = {"x": B, "y": grid[key].ce / unit, "visible": key in shown}
    traces[style.YOURS.word] = {"visible": False}
    for f in own.values():
        traces[style.YOURS.word] = {"x": B, "y": f.ce / unit}
        yours.keep_inside(traces, ranges, {"": ("xaxis", "yaxis")})
    upper, lower = bounds.two_buffer_gap(H, B).value, bounds.mass_gap(H, B).value
    drawn = np.where(upper < 1, -np.log1p(-np.minimum(upper, 1 - 1e-16)), np.nan) / B / unit
    proved = {"ASGD ≤ (T5)": drawn, "ASGD ≥ (T6)": -np.log1p(-lower) / B / unit}
    traces["T5"] = {"x": B, "y": drawn, "visible": on and bool((upper < 1).any())}
    traces["T6"] = {"x": B, "y": proved["ASGD ≥ (T6)"], "visible": on}
    rings = [-np.log1p(-numbers["gap"][k]) / batch / unit for k in shown]
    plot = Plot(ranges["xaxis"], ranges["yaxis"], 3)
    plot.marks([batch] * len(shown), rings)
    for f in ({**grid, **own}[key] for key in yours.shown(scenario)):
        plot.curve(B, f.ce / unit)
    names = plot.names([(word, plot.curve(B, y)) for word, y in proved.items()], spots=SPOTS[::-1])
    ends = numbers["linear until"], numbers["saturated from"], B[-1]
    _regimes(traces, plot, *ends, [10**y for y in ranges["yaxis"]], "", (0.99, 0.08, 0.14), on)
    traces["bound names"] = {**names, "visible": on}
    traces["chosen batch"] = {"x": [batch] * len(shown), "y": rings, "visible": bool(max(rings) >= 10 ** ranges["yaxis"][0]),
                              "marker.line.color": yours.colors(shown)}
    return bool((upper < 1).any())


def _regimes(traces, plot, linear, saturated, last, ends, which, heights, on=True):
    """The shaded regions and their names; that of a narrow linear regime stands beside it."""
    for region, (a, b) in {"linear": (1.0, linear), "saturated": (saturated, last)}.items():
        traces[f"{region}{which}"] = {"x": [a, b, b, a], "y": [ends[0]] * 2 + [ends[1]] * 2, "visible": bool(on and b > a)}
    spans = [(1.0, linear, "linear"), (linear, saturated, "traded"), (saturated, last, "saturated")]
    named = [(word, *plot.best(word, [(np.log10(np.sqrt(a * b)) / 6, y) for y in heights], ("bottom center",)))
             for a, b, word in spans if b > 20 * a]
    if 2 < linear <= 20:                                                # too narrow for its name, which points to it
        named.append(("← linear", *plot.best("← linear", [(np.log10(linear) / 6, y) for y in heights], ("bottom right",))))
    traces[f"regimes{which}"] = {**texts(named), "visible": on}


def _saved(asgd, batches):
    """By what factor fewer steps do, if the batch is doubled."""
    rate = smooth(asgd.batches, asgd.batches * asgd.ce)
    return np.exp(rate(np.log(2 * np.asarray(batches))) - rate(np.log(batches)))


def _middle(traces, ranges, asgd, batch, numbers):
    """What a doubled batch saves in steps and costs in samples, wherever both batches are tuned."""
    B = np.geomspace(1, asgd.batches[-1] / 2, len(asgd.batches))
    saved = _saved(asgd, B)
    traces |= {"steps saved": {"x": B, "y": saved}, "samples paid": {"x": B, "y": 2 / saved}}
    ring = {"x": [batch] * 2, "y": [numbers["saved"], numbers["paid"]]}
    traces["here doubled"] = {**ring, "marker.line.color": [style.METHODS["asgd"].color, style.EITHER]}
    plot = Plot(ranges["xaxis2"], DOUBLED, 3, log=(True, False))
    plot.marks(**ring)
    curves = [plot.curve(**traces[name]) for name in ("steps saved", "samples paid")]
    ends = numbers["linear until"], numbers["saturated from"], asgd.batches[-1]
    _regimes(traces, plot, *ends, DOUBLED, " (doubled)", (0.99, 0.93))
    traces["names doubled"] = plot.names(list(zip(("fewer steps", "more samples"), curves, strict=True)))


def _beside(plot, word, x, y):
    """Where a word stands beside a mark, which the plot must know of."""
    return plot.best(word, plot.shares([x], [y]) + MARK * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]), BESIDE, ease=0.05)


# -- remembered -------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=256)
def _frontiers(key, final, *families):
    return frontier(spectra.of(key), [name for name, _ in families], GRID[final])


def _own(scenario, batches):
    """The reader's own method at some batches, if there is one."""
    line = scenario["method"]
    return {OWN: yours.frontier(spectra.key(scenario), line, batches)} if line else {}


@lru_cache(maxsize=256)
def _distances(kappa, d, final):
    """A curve of the right plot: at one kappa, or with ``kappa=None`` at kappa = d^decay."""
    found = []
    for a in DECAYS[final]:
        own = float(d) ** a if kappa is None else kappa
        if own > STEEPEST:
            break
        f = frontier(spectra.of((own, float(a), d)), ["asgd", "heavy_ball"], OVERLAP_BATCHES)
        found.append(apart(f["asgd"], f["heavy_ball"])[0])
    return np.maximum(np.expm1(found), FLOOR)


def _right(traces, ranges, key, here, final):
    """The right plot's curves, from fewer points while something is dragged; beside a reader's own spectrum, only the power
    laws of its κ and d."""
    kappa, decay, d = _fitted(key) if isinstance(key, str) else key
    values = [_distances(kappa, d, final), *([] if isinstance(key, str) else [_distances(None, d, final)])]
    for name, y in zip(("κ as set", "κ = d^decay"), [*values, []], strict=False):
        traces[f"distance, {name}"] = {"x": DECAYS[final][:len(y)], "y": y, "visible": len(y) > 0}
    traces["distance here"] = {"x": [decay], "y": [max(here, FLOOR)]}
    everything = np.concatenate([[max(here, FLOOR), 1.0], *values])
    ranges["yaxis3"] = [float(np.floor(np.log10(everything.min()))), float(np.ceil(np.log10(everything.max()) + 0.3))]
    plot = Plot(ranges["xaxis3"], ranges["yaxis3"], 3, log=(False, True))
    plot.marks([decay], [max(here, FLOOR)])
    words = ("power laws of this κ",) if isinstance(key, str) else ("κ as set", "κ = d<sup>decay</sup>")
    curves = [plot.curve(DECAYS[final][:len(y)], y) for y in values]
    traces["curve names"] = plot.names([pair for pair in zip(words, curves, strict=True) if len(pair[1])])
    traces["here's name"] = texts([("here", *_beside(plot, "here", decay, max(here, FLOOR)))])


@lru_cache(maxsize=64)
def _fitted(key):
    """Of a reader's own spectrum: kappa, the decay that fits it best as far as the plot reaches, and d."""
    H = spectra.whole(key)
    decay = fit_power_law(H).decay if len(H) > 2 else 0.0
    return H.kappa, float(np.clip(decay, 0.0, DECAYS[True][-1])), max(round(H.dim), 2)


def _sentence(scenario, n, vacuous):
    H, batch = spectra.of(spectra.key(scenario)), scenario["batch"]
    if H.kappa == 1:
        return (f"κ = 1, d = {given(H.dim)}: the spectrum is flat, and ASGD, Nesterov and heavy ball are SGD."
                + _of_yours(scenario, n))
    own = "".join(f"; {style.METHODS[key].word} has {three(ratio)} times heavy ball's" for key, ratio in n["own"].items()
                  if key != OWN)
    apart = np.expm1(n["distance"])
    worst = percent(apart) if apart < 1 else f"a factor {three(apart + 1)}"
    parts = [
        f"At B = {batch} accelerated SGD's (ASGD's) compute efficiency is {three(n['ratio'])} times heavy ball's",
        f"{spectra.told(scenario)}: Nesterov reaches {three(min(n['nesterov'], 1.0))} of ASGD's{own}",
        f"Doubling B takes ASGD {n['saved']:.2f} times fewer steps and {n['paid']:.2f} times more samples; it is linear until "
        f"B = {three(n['linear until'])}, saturated from B = {three(n['saturated from'])}",
        f"Over all batches ASGD and heavy ball differ by {worst} at most"]
    bound = "" if vacuous else f"T5 over exact {three(n['T5 over exact'])}, "
    return (". ".join(parts) + f". {bound}exact over T6 {three(n['exact over T6'])}, over T7 {three(n['exact over T7'])}."
            + _of_yours(scenario, n))


def _of_yours(scenario, n):
    """The reader's own method beside heavy ball, if there is one."""
    if not scenario["method"]:
        return ""
    ratio = n["own"][OWN]
    has = f"has {three(ratio)} times heavy ball's compute efficiency" if np.isfinite(ratio) else ""
    return yours.sentence(spectra.key(scenario), scenario["method"], has)
