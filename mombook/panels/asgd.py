"""ASGD and the spectrum: its compute efficiency between two bounds, its distance from heavy ball, where it sits."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np
from scipy.interpolate import PchipInterpolator

from .. import bounds
from ..tradeoff import frontier
from . import spectra, style
from .controls import BATCH, DECAY, DIM, KAPPA
from .frame import Panel, View, new_figure
from .scenario import Toggles
from .words import three

FAMILIES = ("heavy_ball", "nesterov", "asgd")
METHODS = Toggles("methods", "methods", FAMILIES, FAMILIES, {k: style.METHODS[k].word for k in FAMILIES},
                  help="which methods to show")

GRID = {False: np.geomspace(1, 1e6, 13), True: np.geomspace(1, 1e6, 31)}
"""Batches at which the frontiers are tuned: while dragging, and at rest."""

DECAYS = np.round(np.linspace(0.1, 3, 13), 4)
OVERLAP_BATCHES = np.geomspace(1, 1e4, 8)
STEEPEST = 1e8
"""The curve of kappa = d^decay is drawn up to this kappa."""

FLOOR = 1e-4
"""Two CEs closer than this are drawn at this distance."""

LINEAR, SATURATED = 0.9, 0.1
"""Local exponents d log gap / d log B between which compute is traded for steps."""

DIALS = {"δ L": ("solid", "short step"), "long-run step × L": ("dash", "long-run step"), "1 − β": ("dot", "1 − β")}
"""What the right plot shows of a tuned ASGD: axis name -> dash and a word."""


class ASGDPanel(Panel):
    """Compute efficiency of the family between T5 and T6, how far ASGD lies from heavy ball, and its parameters."""

    name = "asgd"
    title = "ASGD and the spectrum"
    controls = (KAPPA, DECAY, BATCH, DIM, METHODS)
    references = ("morwani2026", "liu2020", "jain2018", "kidambi2018")
    theory = ("ASGD", "Nesterov", "T5", "T6", "bound names", "linear", "saturated", "regimes", "chosen batch",
              "distance, κ as set", "distance, κ = d^decay", "curve names", "distance here", *DIALS, "dial names")
    presets = MappingProxyType({"flat": {"kappa": 1, "decay": 1.5, "batch": 8, "d": 159},
                                "slow decay": {"kappa": 12.6, "decay": 0.5, "batch": 8, "d": 159},
                                "decay 1": {"kappa": 158, "decay": 1, "batch": 8, "d": 159},
                                "fast decay": {"kappa": 25100, "decay": 2, "batch": 8, "d": 159}})
    help = ("Left: flat is perfect scaling; dotted lines are proved bounds, T5 above and T6 below, shades the linear and the "
            "saturated regime. Middle: the largest distance between ASGD and heavy ball over all batches, against decay. "
            "Right: the tuned ASGD's own parameters.")

    def figure(self):
        """Three subplots side by side."""
        f, asgd = new_figure(), style.METHODS["asgd"].color
        for region, shade in (("linear", 0.16), ("saturated", 0.28)):
            f.add_scatter(name=region, x=[], y=[], mode="lines", fill="toself", line={"width": 0}, showlegend=False,
                          fillcolor=style.rgba("#8a8f98", shade), hoverinfo="skip")
        for bound, said in (("T5", "at most"), ("T6", "at least")):
            f.add_scatter(name=bound, x=[], y=[], mode="lines", line={"color": asgd, "width": 1.6, "dash": "dot"},
                          showlegend=False, hovertemplate=said + " %{y:.3g} at B %{x:.3g}<extra>" + bound + "</extra>")
        for key in FAMILIES:
            look = style.METHODS[key]
            f.add_scatter(name=look.word, x=[], y=[], mode="lines", legendgroup=key,
                          line={"color": look.color, "width": 2.5, "dash": look.dash},
                          hovertemplate="%{y:.3g} at B %{x:.3g}<extra>" + look.word + "</extra>")
        f.add_scatter(name="regimes", x=[], y=[], mode="text", text=[], textfont={"size": 12, "color": style.MUTED},
                      showlegend=False, hoverinfo="skip", textposition="bottom center")
        f.add_scatter(name="bound names", x=[], y=[], mode="text", text=[], textfont={"size": 12, "color": style.MUTED},
                      showlegend=False, hoverinfo="skip", textposition=["top right", "bottom right"])
        ring = {"size": 13, "color": "rgba(0,0,0,0)", "line": {"width": 2.5}}
        f.add_scatter(name="chosen batch", x=[], y=[], mode="markers", marker=ring, showlegend=False, hoverinfo="skip")
        for name, dash in (("κ as set", "solid"), ("κ = d^decay", "dash")):
            f.add_scatter(name=f"distance, {name}", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", showlegend=False,
                          line={"color": asgd, "width": 2.2, "dash": dash},
                          hovertemplate="%{y:.3g} at decay %{x:.3g}<extra>" + name + "</extra>")
        f.add_scatter(name="curve names", x=[], y=[], mode="text", text=[], xaxis="x2", yaxis="y2", showlegend=False,
                      textfont={"size": 12, "color": style.MUTED}, hoverinfo="skip", textposition="top left")
        f.add_scatter(name="distance here", x=[], y=[], mode="markers", xaxis="x2", yaxis="y2", showlegend=False,
                      marker={"size": 12, "color": asgd, "symbol": "triangle-up", "line": {"width": 1, "color": style.PAPER}},
                      hovertemplate="%{y:.3g}<extra>here</extra>")
        for name, (dash, _) in DIALS.items():
            f.add_scatter(name=name, x=[], y=[], mode="lines", xaxis="x3", yaxis="y3", showlegend=False,
                          line={"color": asgd, "width": 2.2, "dash": dash},
                          hovertemplate="%{y:.3g} at B %{x:.3g}<extra>" + name + "</extra>")
        f.add_scatter(name="dial names", x=[], y=[], mode="text", text=[], xaxis="x3", yaxis="y3", showlegend=False,
                      textfont={"size": 12, "color": style.MUTED}, hoverinfo="skip",
                      textposition=["bottom left", "top left", "top left"])
        f.add_scatter(name="chosen batch (right)", x=[], y=[], mode="lines", xaxis="x3", yaxis="y3", showlegend=False,
                      line={"color": style.MUTED, "width": 1, "dash": "dash"}, hoverinfo="skip")
        f.update_layout(style.layout(
            height=470, legend={"orientation": "h", "x": 0, "y": 1.1, "yanchor": "bottom"},
            annotations=style.titles(3),
            xaxis=style.log_axis("batch size B"), yaxis=style.log_axis("e-folds per sample × tr H / μ"),
            xaxis2=style.axis("decay of the spectrum", anchor="y2", autorange=False),
            yaxis2=style.log_axis("largest CE ratio − 1", anchor="x2"),
            xaxis3=style.log_axis("batch size B", anchor="y3"), yaxis3=style.log_axis("parameter", anchor="x3")))
        f.update_layout(self.wide())
        return f

    def wide(self):
        """Three columns."""
        return style.columns(3)

    def stacked(self):
        """Three rows."""
        return style.rows(3)

    def exact(self, scenario, final=True):
        """Frontiers between T5 and T6, the distance of ASGD from heavy ball, and the tuned parameters."""
        kappa, decay, d, batch = (scenario[k] for k in ("kappa", "decay", "d", "batch"))
        H, grid = spectra.power_law(kappa, decay, d), _frontiers(kappa, decay, d, final)
        unit, asgd = H.smallest / H.trace, grid["asgd"]
        B, traces = asgd.batches, {}
        for key in FAMILIES:
            traces[style.METHODS[key].word] = {"x": B, "y": grid[key].ce / unit, "visible": key in scenario["methods"]}
        at = {key: float(np.exp(_smooth(B, f.gap)(np.log(batch)))) for key, f in grid.items()}
        ce = {key: -np.log1p(-gap) / batch for key, gap in at.items()}
        upper, lower = bounds.two_buffer_gap(H, B).value, bounds.mass_gap(H, B).value
        says = upper < 1
        drawn = np.where(says, -np.log1p(-np.minimum(upper, 1 - 1e-16)), np.nan) / B / unit
        low = -np.log1p(-lower) / B / unit
        on = "asgd" in scenario["methods"]
        traces["T5"] = {"x": B, "y": drawn, "visible": on and bool(says.any())}
        traces["T6"] = {"x": B, "y": low, "visible": on}
        top = np.ceil(np.log10(max((f.ce / unit).max() for f in grid.values())) + 0.35)
        ranges = {"xaxis": [0, 6], "yaxis": [top - 5, top], "xaxis2": [0, 3.1], "xaxis3": [0, 6]}
        linear, saturated, exponent = regimes(B, asgd.gap, batch)
        ends = {"linear": (1.0, linear), "saturated": (saturated, B[-1])}
        for region, (a, b) in ends.items():
            y = [10 ** (top - 5), 10 ** (top - 5), 10**top, 10**top]
            traces[region] = {"x": [a, b, b, a], "y": y, "visible": bool(on and b > a)}
        spans = [(1.0, linear, "linear"), (linear, saturated, "traded"), (saturated, B[-1], "saturated")]
        named = [(np.sqrt(a * b), 10 ** (top - 0.08), word) for a, b, word in spans if b > 20 * a]
        traces["regimes"] = {"x": [n[0] for n in named], "y": [n[1] for n in named], "text": [n[2] for n in named],
                             "visible": on}
        above = drawn[0] if says[0] else asgd.ce[0] / unit
        traces["bound names"] = {"x": [1.2, 1.2], "y": [above, low[0]], "text": ["T5" if says[0] else "", "T6"],
                                 "visible": on}
        shown = scenario["methods"]
        traces["chosen batch"] = {"x": [batch] * len(shown), "y": [ce[k] / unit for k in shown],
                                  "marker.line.color": [style.METHODS[k].color for k in shown]}

        apart, where = distance(grid)
        traces["distance here"] = {"x": [decay], "y": [max(np.expm1(apart), FLOOR)]}
        _middle(traces, ranges, kappa, d, np.expm1(apart), final)
        eta, eps = asgd.points.eta, asgd.points.eps
        dials = dict(zip(DIALS, (asgd.points.delta * H.largest, (asgd.points.delta + eta / eps) * H.largest, eps),
                         strict=True))
        for name, y in dials.items():
            traces[name] = {"x": B, "y": y}
        least, most = min(y.min() for y in dials.values()), max(y.max() for y in dials.values())
        ranges["yaxis3"] = [float(np.floor(np.log10(least))), float(np.ceil(np.log10(most) + 0.2))]
        traces["dial names"] = {"x": [B[-1]] * len(dials), "y": [y[-1] for y in dials.values()], "text": list(dials)}
        traces["chosen batch (right)"] = {"x": [batch, batch], "y": [10**y for y in ranges["yaxis3"]]}

        method = asgd.methods[int(np.argmin(np.abs(np.log(B / batch))))]
        bound = bounds.two_buffer_gap(H, batch, method, at["asgd"])
        why = "" if bound.holds else "it is proved for β ≤ ρ, which the tuned ASGD does not meet here."
        if not says.any():
            why = "it allows a gap of 1 at this κ, so it says nothing and is not drawn."
        tight = {"T5 over exact": bound.value / at["asgd"], "exact over T6": at["asgd"] / bounds.mass_gap(H, batch).value}
        numbers = {"gap": at, "ratio": ce["asgd"] / ce["heavy_ball"], "nesterov": ce["nesterov"] / ce["asgd"],
                   "exponent": exponent, "linear until": linear, "saturated from": saturated, "distance": apart,
                   "distance at": where, **tight}
        return View(traces, _sentence(scenario, numbers, vacuous=not says.any()), ranges,
                    ["<b>Cheaper</b> is up: CE between T5 and T6", "<b>ASGD against heavy ball</b>, worst batch",
                     "Where the tuned ASGD sits"], [("T5", not why, why)], numbers)

    def recipe(self, scenario):
        """The gaps at the batch, read off the curves, and how far ASGD lies from heavy ball."""
        kappa, decay, d, batch = (scenario[k] for k in ("kappa", "decay", "d", "batch"))
        return f'''\
import mombook as mb
import numpy as np
from scipy.interpolate import PchipInterpolator

H = mb.Spectrum.power_law(d={d}, decay={decay!r}, kappa={kappa!r}).compressed({spectra.GAPS})
curves = mb.frontier(H, {FAMILIES}, np.geomspace(1, 1e6, {GRID[True].size}))
for family, f in curves.items():
    gap = PchipInterpolator(np.log(f.batches), np.log(f.gap))
    print(family, "gap", np.exp(gap(np.log({batch}))))
apart = np.abs(np.log(curves["asgd"].ce / curves["heavy_ball"].ce))
print("largest |log CE ratio| of ASGD and heavy ball", apart.max())
print("at B =", f.batches[apart.argmax()])
'''


def regimes(batches, gap, batch):
    """Where the local exponent d log gap / d log B has fallen to LINEAR and to SATURATED, and what it is at ``batch``."""
    smooth = _smooth(batches, gap).derivative()
    fine = np.linspace(0.0, np.log(batches[-1]), 400)
    slope = np.minimum.accumulate(smooth(fine))
    linear = np.exp(np.interp(-LINEAR, -slope, fine)) if slope[0] > LINEAR else 1.0
    saturated = np.exp(np.interp(-SATURATED, -slope, fine)) if slope[-1] < SATURATED else batches[-1]
    return float(linear), float(saturated), float(smooth(np.log(batch)))


def distance(grid):
    """max over batches of |log(CE_ASGD / CE_HB)|, and the batch."""
    apart = np.abs(np.log(grid["asgd"].ce / grid["heavy_ball"].ce))
    worst = int(np.argmax(apart))
    return float(apart[worst]), float(grid["asgd"].batches[worst])


# -- remembered -------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=256)
def _frontiers(kappa, decay, d, final):
    return frontier(spectra.power_law(kappa, decay, d), FAMILIES, GRID[final])


@lru_cache(maxsize=64)
def _distances(kappa, d):
    """The middle curve: at one kappa, or with ``kappa=None`` at kappa = d^decay."""
    found = []
    for a in DECAYS:
        own = float(d) ** a if kappa is None else kappa
        if own > STEEPEST:
            break
        found.append(distance(frontier(spectra.power_law(own, float(a), d), ["asgd", "heavy_ball"], OVERLAP_BATCHES))[0])
    return np.maximum(np.expm1(found), FLOOR)


_drawn = set()


def _middle(traces, ranges, kappa, d, here, final):
    """The middle curves at rest; while kappa or d is dragged, only what is already known."""
    if final:
        _drawn.update({(kappa, d), (None, d)})
    values = [_distances(k, d) if (k, d) in _drawn else np.array([]) for k in (kappa, None)]
    for name, y in zip(("κ as set", "κ = d^decay"), values, strict=True):
        traces[f"distance, {name}"] = {"x": DECAYS[:len(y)], "y": y}
    tags = [(y, word) for y, word in zip(values, ("κ as set", "κ = d<sup>decay</sup>"), strict=True) if y.size]
    traces["curve names"] = {"x": [DECAYS[y.size - 1] for y, _ in tags], "y": [y[-1] * 1.1 for y, _ in tags],
                             "text": [word for _, word in tags]}
    everything = np.concatenate([[max(here, FLOOR), 1.0], *values])
    ranges["yaxis2"] = [float(np.floor(np.log10(everything.min()))), float(np.ceil(np.log10(everything.max()) + 0.3))]


def _smooth(batches, values):
    return PchipInterpolator(np.log(batches), np.log(values))


def _sentence(scenario, n, vacuous):
    kappa, decay, d, batch = (scenario[k] for k in ("kappa", "decay", "d", "batch"))
    if kappa == 1:
        return f"κ 1, d {d}: the spectrum is flat, and ASGD, Nesterov and heavy ball are SGD."
    apart = np.expm1(n["distance"])
    worst = (f"{three(100 * apart)} %" if apart < 1 else f"a factor {three(apart + 1)}")
    parts = [
        f"κ {three(kappa)}, decay {three(decay)}, d {d}, B = {batch}: ASGD's compute efficiency is {three(n['ratio'])} x heavy "
        f"ball's, and Nesterov reaches {three(min(n['nesterov'], 1.0))} of it",
        f"The local exponent of the gap is {three(max(n['exponent'], 0.0))}: linear until B = {three(n['linear until'])}, "
        f"saturated from B = {three(n['saturated from'])}",
        f"Over all batches ASGD and heavy ball differ by {worst} at most"]
    bound = "" if vacuous else f"T5 over exact {three(n['T5 over exact'])}, "
    return ". ".join(parts) + f". {bound}exact over T6 {three(n['exact over T6'])}."
