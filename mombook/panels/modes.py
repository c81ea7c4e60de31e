"""The fourth small figure: many directions, a spectrum to drag, and which of its directions carry the loss."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..exact.moments import risk_by_direction
from ..exact.thresholds import step_limit
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..prose import three
from . import bars, style
from .frame import Panel, View, new_figure
from .labels import LEFT_OR_RIGHT, Plot, texts
from .scenario import Slider

BATCH = 64
"""Samples of a step."""

MOST = 100
"""The largest number of directions."""

GROUPS = tuple((2**k, min(2 ** (k + 1) - 1, MOST)) for k in range(7))
"""First and last rank of the groups that share a shade: a doubling of the rank each."""

RANKS, SIZES, TIMES = (-0.2, 2.4), (-4.3, 0.25), (0.0, 5.0)
"""Ends of the axes in powers of ten: ranks, eigenvalues, steps."""

STEPS = {True: np.unique(np.rint(np.geomspace(1, 1e5, 121))), False: np.unique(np.rint(np.geomspace(1, 1e5, 61)))}
"""Steps at which the shares are computed, at rest and while dragging."""

ENOUGH = 1e-6
"""The loss is followed until this share of it is left."""

END = "a millionth<br>is left"

LATER = 100
"""The step that the sentence speaks of."""

LINE, WIDE = 0.08, 0.815
"""Height of a line of text as a share of a subplot's, and its width against the usual: on a phone both are small."""


class ModesPanel(Panel):
    """A spectrum as bars, and the share that each group of its directions has of the remaining loss."""

    name = "modes"
    title = "Many directions"
    subplots = 2
    pixels = (410, 640)
    controls = (Slider("decay", "decay", 0.1, 2, 1.5, step=0.05,
                       help="how fast the eigenvalues fall: number i is i to the power −decay"),
                Slider("d", "directions d", 4, MOST, 60, step=1, whole=True, more=True,
                       help="number of directions, each with an eigenvalue of its own"))
    presets = MappingProxyType({"slow decay": {"decay": 0.5}, "fast decay": {"decay": 2}})
    theory = (*(f"share of {a}" for a, _ in GROUPS), "names of the shares", "end", "end: name")
    references = ("morwani2026",)
    handles = MappingProxyType({"last": (None, "decay")})

    def figure(self):
        """The bars on the left, the shares on the right, in the same shades."""
        f, edge = new_figure(), {"color": style.PAPER, "width": 1.5}
        for k, (a, _) in enumerate(GROUPS):
            f.add_scatter(name=f"bars of {a}", x=[], y=[], mode="lines", line={"width": 0}, fill="toself", hoverinfo="skip",
                          fillcolor=style.rgba(style.ACCENT, bars.shade(k, len(GROUPS))))
        f.add_scatter(name="eigenvalues", x=[], y=[], mode="markers", marker={"color": style.INK, "size": 3},
                      hovertemplate="eigenvalue %{x}: %{y:.3~g}<extra></extra>")
        f.add_scatter(name="last", x=[], y=[], mode="markers", hoverinfo="skip", cliponaxis=False, yaxis="y3",
                      marker={"color": style.INK, "symbol": "circle-open", "size": 13, "line": {"width": 2.5}})
        style.names(f, "last: name", size=13, color=style.INK)
        second = {"xaxis": "x2", "yaxis": "y2"}
        for k, (a, _) in enumerate(GROUPS):
            f.add_scatter(name=f"share of {a}", x=[], y=[], mode="lines", line=edge, fill="toself", hoverinfo="skip",
                          fillcolor=style.rgba(style.ACCENT, bars.shade(k, len(GROUPS))), **second)
        f.add_scatter(name="end", x=[], y=[], mode="lines", hoverinfo="skip", **second,
                      line={"color": style.MUTED, "width": 1.5, "dash": "dash"})
        style.names(f, "names of the shares", 2, size=13, color=style.INK)
        style.names(f, "end: name", 2, size=13, color=style.INK)
        f.update_layout(style.layout(
            showlegend=False, annotations=style.titles(2),
            xaxis=style.log_axis("rank of the direction", range=list(RANKS)),
            yaxis=style.log_axis("eigenvalue", range=list(SIZES)),
            xaxis2=style.log_axis("steps", anchor="y2", range=list(TIMES)),
            yaxis2=style.axis("share of the remaining loss", anchor="x2", range=[0, 1], autorange=False, tickformat=".0%"),
            yaxis3={"overlaying": "y", "anchor": "x", "visible": False, "autorange": False, "fixedrange": True}))
        f.update_layout(self.wide())
        return f

    def exact(self, scenario, final=True):
        """The bars, and the exact shares until a millionth of the loss is left."""
        decay, d = scenario["decay"], scenario["d"]
        lam, (steps, shares, later) = _spectrum(decay, d).expanded(), _shares(decay, d, final)
        rank, traces = np.arange(1, d + 1), {}
        tops = np.vstack([np.zeros(len(steps)), np.cumsum(_grouped(shares), axis=1).T])
        for k, (a, b) in enumerate(GROUPS):
            own = rank[(rank >= a) & (rank <= b)]
            there = bool(own.size)
            traces[f"bars of {a}"] = {**_bars(own, lam[own - 1]), "visible": there}
            traces[f"share of {a}"] = {"x": np.append(steps, steps[::-1]) if there else [],
                                       "y": np.append(tops[k], tops[k + 1][::-1]) if there else [], "visible": there}
        traces |= {"eigenvalues": {"x": rank, "y": lam}, "last": {"x": [d], "y": [decay]},
                   "end": {"x": [steps[-1]] * 2, "y": [0, 1]}}
        half = int(np.searchsorted(np.cumsum(later), 0.5)) + 1
        traces |= _names(traces, steps, tops, d, lam)
        across = [-v / np.log10(d) for v in SIZES]                      # decay at the foot and at the top, at the last bar
        return View(traces, f"After {LATER} steps, half of the remaining loss is in the directions from {half} on.",
                    {"yaxis3": across},
                    [f"The <b>spectrum</b>: κ = {three(d**decay)}", "Which directions <b>carry the loss</b>"],
                    numbers={"half": half, "kappa": float(d**decay)})

    def recipe(self, scenario):
        """The direction from which on half of the loss is."""
        return f'''\
import mombook as mb
import numpy as np
from mombook.exact.moments import risk_by_direction
from mombook.exact.thresholds import step_limit

H = mb.Spectrum.power_law({scenario["d"]}, {scenario["decay"]!r})
sgd = mb.Method.sgd(step_limit(H, {BATCH}) / 2)
risk = risk_by_direction(H, sgd, {BATCH}, [{LATER}])[0]
print("half of the loss is in the directions from", np.searchsorted(np.cumsum(risk / risk.sum()), 0.5) + 1)
'''


# -- the numbers -------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=256)
def _spectrum(decay, d):
    return Spectrum.power_law(d, decay)


@lru_cache(maxsize=256)
def _shares(decay, d, final):
    """(steps until ENOUGH is left, the share of each direction at each of them, the same after LATER steps)."""
    H = _spectrum(decay, d)
    method, steps = Method.sgd(step_limit(H, BATCH) / 2), STEPS[final]
    risk = risk_by_direction(H, method, BATCH, steps)
    whole_risk = risk.sum(axis=1)
    last = int(np.argmax(whole_risk <= ENOUGH * H.trace / 2))
    later = risk_by_direction(H, method, BATCH, [LATER])[0]
    return steps[:last + 1], risk[:last + 1] / whole_risk[:last + 1, None], later / later.sum()


def _grouped(shares):
    """The shares of the groups."""
    return np.column_stack([shares[:, a - 1:b].sum(axis=1) for a, b in GROUPS])


def _bars(rank, tops):
    """Bars from the foot of the picture, one after another with gaps between."""
    foot, none = np.full(rank.size, 10.0 ** SIZES[0]), np.full(rank.size, np.nan)
    left, right = bars.sides(rank, rank)
    return {"x": np.column_stack([left, left, right, right, left, none]).ravel(),
            "y": np.column_stack([foot, tops, tops, foot, foot, none]).ravel()}


# -- the words ---------------------------------------------------------------------------------------------------------
def _names(traces, steps, tops, d, lam):
    """Names of the groups where their shares are largest and a name fits, of the end, and of what can be dragged."""
    plot, found = Plot(TIMES, (0, 1), 2, log=(True, False), line=LINE, wide=WIDE), []
    for line in (traces["end"], *({"x": steps, "y": top} for top in tops)):
        plot.curve(**line)
    for k, (a, b) in enumerate(GROUPS):
        height = tops[k + 1] - tops[k]
        spots = plot.shares(steps, (tops[k + 1] + tops[k]) / 2)[np.argsort(-height, kind="stable")][:np.sum(height > LINE)]
        for name in (str(a),) if min(b, d) == a else (f"{a}–{min(b, d)}", f"{a}–<br>{min(b, d)}"):
            place = plot.best(name, spots, ("middle center",), ease=0.005) if a <= d and len(spots) else None
            if place and plot.kept():
                found.append((name, *place))
                break
    left = Plot(RANKS, SIZES, 2, line=LINE, wide=WIDE)
    left.curve(np.arange(1, d + 1), lam)
    top = left.shares([d], [lam[-1]])
    beside = plot.shares([steps[-1]] * 9, np.linspace(0.9, 0.1, 9))
    return {"names of the shares": texts(found),
            "end: name": texts([(END, *plot.best(END, beside, LEFT_OR_RIGHT[::-1], ease=0.05))]),
            "last: name": texts([("drag", *left.best("drag", top + np.array([0, 0.03]), ("top right",)))])}
