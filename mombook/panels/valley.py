"""The second small figure: two weights, no noise, and how narrow the valley is."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..exact.moments import contraction_gap
from ..model.spectrum import Spectrum
from ..prose import given, three, times_as, whole
from ..sample.paths import descent
from ..tuning.full_gradient import full_gradient
from . import style
from .frame import Panel, View, new_figure
from .labels import BESIDE, SIDES, Plot, texts
from .scenario import Slider
from .start import ACROSS, ALONG, BEGIN, NAMES, RINGS, STEPS

FULL = 1e15
"""A batch so large that its gradient is the full one."""

KAPPAS = {True: np.geomspace(2, 1e4, 38), False: np.geomspace(2, 1e4, 20)}
"""Condition numbers of the curves, at rest and while dragging."""

NARROW, LONG = (0.0, 4.15), (-0.7, 4.3)
"""Ends of the axes of the condition number and of the steps, in powers of ten."""

LINE, WIDE = 0.08, 0.936
"""Height of a line of text as a share of a subplot's, and its width against the usual: on a phone both are small."""

OFF = 0.03
"""How far names stand from marks, which have a size of their own, as a share of the axes."""

LAWS = {"sgd": "SGD ∝ κ", "heavy_ball": "heavy ball ∝ √κ"}
CURVE_SPOTS = (0.7, 0.65, 0.75, 0.6, 0.8, 0.55, 0.85, 0.5, 0.9, 0.95, 0.45, 0.4, 0.35, 0.3, 0.2, 0.12, 0.05)
"""Where along a curve its name may stand, the first being preferred."""


class ValleyPanel(Panel):
    """A valley with two runs on the full gradient, and the steps that each method needs, against the condition number."""

    name = "valley"
    title = "A narrow valley"
    subplots = 2
    pixels = (410, 640)
    controls = (Slider("kappa", "condition number κ", 2, 1e4, 50, step=0.1, base=10,
                       help="how narrow the valley is: its steepest curvature over its flattest"),
                *BEGIN)
    presets = MappingProxyType({"nearly round": {"kappa": 3}, "narrow": {"kappa": 300}, "very narrow": {"kappa": 1e4}})
    theory = ("SGD: steps", "heavy ball: steps", "SGD: here", "heavy ball: here", "name of SGD", "name of heavy ball")
    references = ("polyak1964", "goh2017")
    handles = MappingProxyType({"chosen κ": ("kappa", None), "start": ("along", "across")})

    def figure(self):
        """Two subplots; names stand on the curves."""
        f = new_figure()
        basin(f, RINGS)
        for key, word in NAMES.items():
            look = style.METHODS[key]
            f.add_scatter(name=f"{word}: one run", x=[], y=[], mode="lines+markers", hoverinfo="skip",
                          line={"color": look.color, "width": 1.6},
                          marker={"color": look.color, "symbol": look.marker, "size": 4})
            f.add_scatter(name=f"{word}: last step", x=[], y=[], mode="markers", hoverinfo="skip", cliponaxis=False,
                          marker={"color": look.color, "symbol": look.marker, "size": 11})
            style.names(f, f"name of the run of {word}", size=13, color=style.INK)
        for name, symbol in (("start", "circle-open"), ("least loss", "cross-thin-open")):
            f.add_scatter(name=name, x=[], y=[], mode="markers", hoverinfo="skip", cliponaxis=False,
                          marker={"color": style.INK, "symbol": symbol, "size": 11})
            style.names(f, f"{name}: name", size=13, color=style.INK)
        f.add_scatter(name="chosen κ", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", hoverinfo="skip",
                      line={"color": style.MUTED, "width": 1, "dash": "dash"})
        for key, word in NAMES.items():
            look = style.METHODS[key]
            f.add_scatter(name=f"{word}: steps", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2",
                          line={"color": look.color, "width": 3, "dash": look.dash},
                          hovertemplate="%{y:.3~r} steps at κ %{x:.3~r}<extra>" + word + "</extra>")
            f.add_scatter(name=f"{word}: here", x=[], y=[], mode="markers", xaxis="x2", yaxis="y2",
                          marker={"color": look.color, "symbol": look.marker, "size": 11}, hoverinfo="skip")
            style.names(f, f"name of {word}", 2, size=13, color=style.INK)
        f.update_layout(style.layout(
            showlegend=False, annotations=style.titles(2),
            xaxis=style.bare_axis("along the valley", ALONG, showgrid=False),
            yaxis=style.bare_axis("across the valley", ACROSS, showgrid=False),
            xaxis2=style.log_axis("condition number κ", anchor="y2", range=list(NARROW)),
            yaxis2=style.log_axis("steps for each tenfold fall of the loss", anchor="x2", range=list(LONG))))
        f.update_layout(self.wide())
        return f

    def exact(self, scenario, final=True):
        """One run of each method, and the steps that each needs, here and at all condition numbers."""
        kappa, steps = scenario["kappa"], int(np.ceil(STEPS * np.sqrt(scenario["kappa"])))
        start = [scenario["across"], scenario["along"]]
        traces = {**ellipses(kappa, RINGS), "start": {"x": [scenario["along"]], "y": [scenario["across"]]},
                  "least loss": {"x": [0.0], "y": [0.0]}, "chosen κ": {"x": [kappa] * 2, "y": [10**v for v in LONG]}}
        here = {}
        for key, word in NAMES.items():
            method, here[key] = _tuned(key, kappa)
            across, along = descent(_valley(kappa), method, steps, start).T
            traces[f"{word}: one run"] = {"x": along, "y": across}
            traces[f"{word}: last step"] = {"x": np.clip(along[-1:], *ALONG), "y": np.clip(across[-1:], *ACROSS)}
            traces[f"{word}: steps"] = {"x": KAPPAS[final], "y": np.array([_tuned(key, k)[1] for k in KAPPAS[final].tolist()])}
            traces[f"{word}: here"] = {"x": [kappa], "y": [here[key]]}
        traces |= _valley_names(traces) | _law_names(traces)
        return View(traces, _sentence(kappa, here), {},
                    [f"Two runs of <b>{whole(steps)} steps</b>, κ = {given(kappa)}", "<b>Steps</b> against condition number"],
                    numbers={"steps": here})

    def recipe(self, scenario):
        """The steps of both methods."""
        return f'''\
import mombook as mb
import numpy as np
from mombook.tuning.full_gradient import full_gradient

H = mb.Spectrum([1.0, {1 / scenario["kappa"]!r}])
for family, method in full_gradient(H).items():
    gap = mb.contraction_gap(H, method, {FULL:g})
    print(family, "steps for each tenfold fall of the loss", np.log(10) / -np.log1p(-gap))
'''


# -- the picture of a valley -------------------------------------------------------------------------------------------
def basin(figure, halves):
    """Add the shades of a valley to its subplot, one for each of ``halves``, the outermost first."""
    for half in sorted(halves, reverse=True):
        figure.add_scatter(name=f"ring {half:g}", x=[], y=[], mode="lines", line={"width": 0}, fill="toself", hoverinfo="skip",
                           fillcolor=style.rgba(style.MUTED, 0.14))


def ellipses(kappa, halves, width=1.0):
    """The outlines of those shades, lines of equal loss: ``width * half`` is half their length along the valley."""
    turn = np.linspace(0, 2 * np.pi, 73)
    return {f"ring {half:g}": {"x": width * half * np.cos(turn), "y": width * half / np.sqrt(kappa) * np.sin(turn)}
            for half in halves}


# -- the numbers -------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=512)
def _valley(kappa):
    return Spectrum([1.0, 1 / kappa])


@lru_cache(maxsize=1024)
def _tuned(key, kappa):
    """(a method on the full gradient, its steps for each tenfold fall of the loss)."""
    method = full_gradient(_valley(kappa))[key]
    return method, float(np.log(10) / -np.log1p(-contraction_gap(_valley(kappa), method, FULL)))


# -- the words ---------------------------------------------------------------------------------------------------------
def _valley_names(traces):
    """Where the names of the marks and of both runs stand: those of the runs outside of their turns."""
    plot, found = Plot(ALONG, ACROSS, 2, log=(False, False), line=LINE, wide=WIDE), {}
    for word in NAMES.values():
        plot.curve(**traces[f"{word}: one run"])
        plot.marks(**traces[f"{word}: last step"])
    for name in ("start", "least loss"):
        plot.marks(**traces[name])
        at = plot.shares(**traces[name])
        around = at + OFF * np.array([np.array(SIDES[s]) / np.hypot(*SIDES[s]) for s in BESIDE])
        below = at - np.multiply.outer(np.linspace(2 * OFF, 0.25, 10), (0, 1))
        found[f"{name}: name"] = texts([(name, *plot.best(name, [*around, *below], ease=0.05))])
    reached = float(plot.shares(**traces["SGD: last step"])[0, 0])
    for word in NAMES.values():
        turns = plot.shares(**traces[f"{word}: one run"])[::-1]
        beyond = turns[turns[:, 0] > reached + OFF]
        turns = beyond if word == NAMES["heavy_ball"] and len(beyond) > 3 else turns
        turns = turns[::max(len(turns) // 60, 1)]
        turns[:, 1] += 1.2 * OFF * np.sign(turns[:, 1] - 0.5)
        found[f"name of the run of {word}"] = texts([(word, *plot.best(word, turns, ease=0.05))])
    return found


def _law_names(traces):
    plot = Plot(NARROW, LONG, 2, line=LINE, wide=WIDE)
    curves = [(LAWS[key], plot.curve(**traces[f"{word}: steps"])) for key, word in NAMES.items()]
    plot.curve(**traces["chosen κ"])
    for word in NAMES.values():
        plot.marks(**traces[f"{word}: here"])
    return {f"name of {word}": plot.names([curve], spots=CURVE_SPOTS)
            for word, curve in zip(NAMES.values(), curves, strict=True)}


def _sentence(kappa, here):
    ratio = here["sgd"] / here["heavy_ball"]
    return f"SGD needs {times_as(ratio, 'many')} steps as heavy ball; the square root of κ is {three(np.sqrt(kappa))}."
