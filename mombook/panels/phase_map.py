"""The phase map: which method pays where, over condition number and decay, at the batch size that is dragged."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np
import scipy

from ..model.spectrum import Spectrum
from ..study import phase_diagram
from ..study.phase_diagram import FAMILIES, REGIMES, PhaseDiagram
from ..tuning.frontiers import frontier
from . import style
from .controls import BATCH, DECAY, KAPPA
from .frame import Panel, View, new_figure
from .labels import Plot
from .words import given, three

D = 200
NODES = phase_diagram.grid((1, 1e6, 7), (DECAY.low, DECAY.high, 6), (1, BATCH.high, 7), D)
"""Where methods are tuned when the panel opens; log CE between is a cubic spline, good to a percent or so."""

CELLS = {"kappa": np.geomspace(1, 1e6, 37), "decay": np.linspace(DECAY.low, DECAY.high, 37)}
COLORS = {"plain": style.METHODS["sgd"].color, "speed": style.METHODS["heavy_ball"].color,
          "compute": style.METHODS["asgd"].color, "spent": "#8a8f98"}
WORDS = {"plain": "SGD is enough", "speed": "heavy ball buys speed", "compute": "ASGD buys compute",
         "spent": "the batch is too large"}
ON_MAP = {"plain": "SGD", "speed": "heavy ball", "compute": "ASGD", "spent": "too large"}

RATIOS = [[0.0, "#fffde0"], [0.5, "#c3e6b5"], [1.0, "#3fb0c4"]]
"""Colours from 1 to 100 times, light enough for dark marks on any of them."""


class PhaseMapPanel(Panel):
    """The regimes of the plane of spectra at one batch, and how much more of a sample ASGD makes than heavy ball.

    Its regimes are defined by SGD, heavy ball and ASGD, see (regimes): it shows no other family.
    """

    name = "phase_map"
    claims = True
    title = "Which method pays where"
    subplots = 2
    controls = (KAPPA, DECAY, BATCH)
    references = ("morwani2026", "jain2018")
    theory = ("regime", "regime names", "ASGD over heavy ball")
    presets = MappingProxyType({"batch 1": {"batch": 1}, "heavy ball's window": {"kappa": 100, "decay": 1, "batch": 64},
                                "ASGD's corner": {"kappa": 1e5, "decay": 2.2, "batch": 32},
                                "batch too large": {"kappa": 100, "decay": 1, "batch": 4096}})
    help = (f"Every point is a power-law spectrum of {D} eigenvalues; the ring is the one you have set. Left: what pays at "
            "this batch. Right: how many times more ASGD makes of a sample than heavy ball. Dotted: the plain power law, "
            f"κ = {D}^decay. Drag B and watch the window of heavy ball wander through the plane.")

    def figure(self):
        """Two maps of the same plane."""
        f = new_figure()
        steps = [[k / 4 + e, style.rgba(c, 0.55)] for k, c in enumerate(COLORS.values()) for e in (0.0, 0.25)]
        f.add_heatmap(name="regime", x=[], y=[], z=[[]], colorscale=steps, zmin=-0.5, zmax=3.5, showscale=False,
                      hoverinfo="skip")
        f.add_heatmap(name="ASGD over heavy ball", x=[], y=[], z=[[]], coloraxis="coloraxis", xaxis="x2", yaxis="y2",
                      hovertemplate="κ %{x:.3~r}, decay %{y:.2f}: 10^%{z:.2f} times<extra></extra>")
        sides = (("", style.INK, {}), (" (right)", style.ON_MAP, {"xaxis": "x2", "yaxis": "y2"}))
        for side, color, axes in sides:
            f.add_scatter(name=f"plain power law{side}", x=[], y=[], mode="lines", showlegend=False, hoverinfo="skip", **axes,
                          line={"width": 1.5, "dash": "dot", "color": color})
        style.names(f, "regime names", color=style.INK, size=13)
        for side, color, axes in sides:
            f.add_scatter(name=f"chosen{side}", x=[], y=[], mode="markers", showlegend=False, hoverinfo="skip", **axes,
                          marker={"size": 14, "symbol": "circle-open", "color": color, "line": {"width": 3, "color": color}})
        f.update_layout(style.layout(
            height=470, showlegend=False,
            coloraxis={"colorscale": RATIOS, "cmin": 0, "cmax": 2, "colorbar": {
                "tickvals": np.log10([1, 3, 10, 30, 100]), "ticktext": ["1 ×", "3 ×", "10 ×", "30 ×", "100 ×"],
                "thickness": 12, "len": 0.9}},
            annotations=style.titles(2),
            xaxis=style.log_axis("condition number κ"), yaxis=style.axis("decay", autorange=False),
            xaxis2=style.log_axis("condition number κ", anchor="y2"), yaxis2=style.axis("decay", anchor="x2", autorange=False)))
        return f.update_layout(self.wide())

    def wide(self):
        """Two columns; the colour bar at the right edge."""
        return super().wide() | {"coloraxis": {"colorbar": {"x": 1.01, "y": 0.5, "yanchor": "middle", "len": 0.9}}}

    def stacked(self):
        """Two rows; the colour bar beside the lower one."""
        return super().stacked() | {"coloraxis": {"colorbar": {"x": 1.01, "y": 0, "yanchor": "bottom", "len": 0.42}}}

    def exact(self, scenario, final=True):
        """The plane at this batch, and the chosen spectrum tuned for itself."""
        kappa, decay, batch = (scenario[k] for k in ("kappa", "decay", "batch"))
        regime, apart = _plane(batch)
        plane = {"x": CELLS["kappa"], "y": CELLS["decay"]}
        along = np.linspace(DECAY.low, np.log(1e6) / np.log(D), 30)
        line, here = {"x": float(D) ** along, "y": along}, {"x": [kappa], "y": [decay]}
        edges = [float(DECAY.low) - 0.05, float(DECAY.high) + 0.05]
        ranges = {"xaxis": [-0.08, 6.08], "xaxis2": [-0.08, 6.08], "yaxis": edges, "yaxis2": edges}
        plot = Plot(ranges["xaxis"], edges, 2, log=(True, False))
        plot.curve(**line)
        plot.marks(**here)
        traces = {"regime": {**plane, "z": regime.T}, "ASGD over heavy ball": {**plane, "z": apart.T},
                  "plain power law": line, "plain power law (right)": line, "chosen": here, "chosen (right)": here,
                  "regime names": plot.regions(*plane.values(), regime.T, [ON_MAP[name] for name in REGIMES], least=1.5)}
        ce, kind = _here(kappa, decay, batch)
        share = np.bincount(regime.ravel(), minlength=len(REGIMES)) / regime.size
        numbers = {"ASGD over SGD": ce["asgd"] / ce["sgd"], "ASGD over heavy ball": ce["asgd"] / ce["heavy_ball"],
                   "heavy ball over SGD": ce["heavy_ball"] / ce["sgd"], "regime": list(REGIMES).index(kind), "shares": share}
        parts = ", ".join(f"{WORDS[name]} on {three(round(100 * part))} %" for name, part in zip(REGIMES, share, strict=True))
        sentence = (f"κ = {given(kappa)}, decay {given(decay)}, B = {batch}: {REGIMES[kind]}. Beside SGD, heavy ball makes "
                    f"{three(numbers['heavy ball over SGD'])} times and ASGD {three(numbers['ASGD over SGD'])} times as much "
                    f"of a sample. Of the plane at this batch: {parts}.")
        return View(traces, sentence, ranges, [f"<b>What pays</b> at B = {batch}", "<b>ASGD over heavy ball</b>, CE"],
                    numbers=numbers)

    def recipe(self, scenario):
        """The three compute efficiencies of the chosen spectrum."""
        kappa, decay, batch = (scenario[k] for k in ("kappa", "decay", "batch"))
        return f'''\
import mombook as mb

H = mb.Spectrum.power_law(d={D}, decay={decay!r}, kappa={kappa!r})
ce = {{name: f.ce[-1] for name, f in mb.frontier(H, {list(FAMILIES)}, [1.0, {float(batch)!r}]).items()}}
print("ASGD over SGD", ce["asgd"] / ce["sgd"])
print("ASGD over heavy ball", ce["asgd"] / ce["heavy_ball"])
print("heavy ball over SGD", ce["heavy_ball"] / ce["sgd"])
'''


# -- remembered -------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=1)
def _splines():
    """Log CE at the nodes, as a spline in log B: family -> function of log B, of shape ``(kappa, decay)``."""
    axes = [NODES[name] for name in ("kappa", "decay", "batch")]
    found = np.empty((len(FAMILIES), *map(len, axes)))
    for i, kappa in enumerate(axes[0]):
        for j, decay in enumerate(axes[1]):
            H = Spectrum.power_law(D, decay, kappa).compressed(1)
            tuned = frontier(H, FAMILIES, axes[2], precision=1e-4)
            found[:, i, j] = [np.log(tuned[f].ce) for f in FAMILIES]
    return {f: scipy.interpolate.make_interp_spline(np.log(axes[2]), v, axis=-1) for f, v in zip(FAMILIES, found, strict=True)}


@lru_cache(maxsize=64)
def _plane(batch):
    """The number of the regime, and log10 of ASGD's CE over heavy ball's, at every cell."""
    ce = {}
    for family, spline in _splines().items():
        values = [scipy.interpolate.RectBivariateSpline(np.log(NODES["kappa"]), NODES["decay"], spline(np.log(b)))(
            np.log(CELLS["kappa"]), CELLS["decay"]) for b in (1, batch)]
        ce[family] = np.exp(np.stack(values, -1))
    plane = PhaseDiagram(CELLS["kappa"], CELLS["decay"], np.array([1, batch]), ce)
    return plane.regime[..., 1], np.log10(plane.advantage("asgd", "heavy_ball")[..., 1])


@lru_cache(maxsize=256)
def _here(kappa, decay, batch):
    """CE of every family at the chosen spectrum and batch, exact, and the name of the regime."""
    tuned = frontier(Spectrum.power_law(D, decay, kappa), FAMILIES, [1.0, float(batch)])
    point = PhaseDiagram(np.array([kappa]), np.array([decay]), np.array([1, batch]), {f: t.ce for f, t in tuned.items()})
    return {f: t.ce[-1] for f, t in tuned.items()}, list(REGIMES)[int(point.regime[-1])]
