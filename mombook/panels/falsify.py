"""The falsification lab: a search, as it runs, for a spectrum on which heavy ball beats SGD's best compute efficiency."""

from functools import lru_cache

import numpy as np

from ..bounds import heavy_ball_gap
from ..study.falsify import best_ce_ratio, search
from ..tuning.frontiers import frontier
from . import spectra, style
from .controls import BATCH, DECAY, KAPPA, SEED
from .frame import Panel, Sample, View, new_figure
from .labels import Plot, texts
from .scenario import Slider
from .words import given, three

LEVELS = Slider("levels", "levels", 2, 24, 6, step=1, whole=True, help="how many distinct eigenvalues the search may move")
TRIALS = Slider("trials", "spectra", 50, 1000, 200, step=50, whole=True, help="how many spectra the search tries")
START, FOUND = style.MUTED, "#D55E00"
GRID = {False: 4.0 ** np.arange(0, 9, 2), True: 2.0 ** np.arange(0, 17, 1)}
SUPREMUM = 1.5
"""What the search meets and does not pass: notebook 04, (three-halves)."""


class FalsifyPanel(Panel):
    """Ratio against spectra tried, the spectrum, and both frontiers under the ceiling of (T2).

    About (T2), a statement on heavy ball and SGD: it shows no other family.
    """

    name = "falsify"
    claims = True
    title = "Can heavy ball beat SGD?"
    subplots = 3
    controls = (KAPPA, DECAY, BATCH, LEVELS, TRIALS, SEED)
    own = ("kappa", "decay", "levels")
    most = int(LEVELS.high)
    references = ("morwani2026",)
    theory = ("start", "name of the start", "names of lines", "ceiling", "heavy ball", "chosen batch")
    presets = {"flat": {"kappa": 1, "decay": 1.5}, "slow decay": {"kappa": 1e3, "decay": 0.5},        # noqa: RUF012
               "fast decay": {"kappa": 1e4, "decay": 2.5}, "two levels": {"kappa": 1e6, "decay": 1.5, "levels": 2}}
    help = ("The sliders choose the spectrum the search starts from and, on the right, the batch that is looked at; when they "
            "rest the search runs. Left: heavy ball's best compute efficiency (CE) over SGD's, of every spectrum tried (dots) "
            "and the best so far (line). Middle: the spectrum at the start (grey) and the best found. Right: CE of both "
            "methods on the start spectrum; the dotted line is the ceiling of (T2) that no heavy ball can pass.")

    def figure(self):
        """Three subplots; traces in the order they are drawn."""
        f = new_figure()
        quiet = {"showlegend": False}
        f.add_scatter(name="tried", x=[], y=[], mode="markers", marker={"size": 3.5, "color": FOUND}, **quiet,
                      hovertemplate="%{y:.4f}<extra>spectrum %{x}</extra>")
        f.add_scatter(name="best so far", x=[], y=[], mode="lines", line={"width": 3, "color": FOUND, "shape": "hv"}, **quiet,
                      hovertemplate="best of %{x}: %{y:.4f}<extra></extra>")
        f.add_scatter(name="start", x=[], y=[], mode="markers", **quiet,
                      marker={"size": 12, "symbol": "circle-open", "color": START, "line": {"width": 2.5}},
                      hovertemplate="%{y:.4f}<extra>where the search starts</extra>")
        for name, level, dash in (("one", 1.0, "solid"), ("three halves", SUPREMUM, "dash")):
            f.add_scatter(name=name, x=[1, 1000], y=[level, level], mode="lines", hoverinfo="skip", **quiet,
                          line={"width": 1.2, "color": style.MUTED, "dash": dash})
        middle = {"xaxis": "x2", "yaxis": "y2"}
        f.add_scatter(name="start spectrum", x=[], y=[], mode="markers", **middle, **quiet,
                      marker={"size": 10, "symbol": "circle-open", "color": START, "line": {"width": 2}},
                      hovertemplate="λ/L %{x:.3~g}, multiplicity %{y:.3~r}<extra>start</extra>")
        f.add_scatter(name="best spectrum", x=[], y=[], mode="markers", **middle, **quiet,
                      marker={"size": 10, "symbol": "square", "color": FOUND, "line": {"width": 1, "color": style.PAPER}},
                      hovertemplate="λ/L %{x:.3~g}, multiplicity %{y:.3~r}<extra>best so far</extra>")
        style.names(f, "name of the start", 2, color=START)
        right = {"xaxis": "x3", "yaxis": "y3"}
        f.add_scatter(name="ceiling", x=[], y=[], mode="lines", hoverinfo="skip", **right, **quiet,
                      line={"width": 1.5, "color": style.METHODS["heavy_ball"].color, "dash": "dot"})
        for key in ("sgd", "heavy_ball"):
            look = style.METHODS[key]
            f.add_scatter(name=look.word, x=[], y=[], mode="lines+markers", **right,
                          line={"color": look.color, "width": 2.5, "dash": look.dash},
                          marker={"color": look.color, "symbol": look.marker, "size": 6},
                          hovertemplate="%{y:.3~g} at B %{x:.3~r}<extra>" + look.word + "</extra>")
        f.add_scatter(name="SGD's best", x=[], y=[], mode="lines", hoverinfo="skip", **right, **quiet,
                      line={"width": 1, "color": style.METHODS["sgd"].color, "dash": "dash"})
        f.add_scatter(name="chosen batch", x=[], y=[], mode="markers", hoverinfo="skip", **right, **quiet,
                      marker={"size": 13, "color": "rgba(0,0,0,0)", "line": {"width": 2.5, "color": FOUND}})
        style.names(f, "names of lines", 3)
        f.update_layout(style.layout(
            height=470, legend={"orientation": "h", "x": 1, "xanchor": "right", "yanchor": "bottom"},
            annotations=[*style.titles(3),
                         {"text": "3/2", "xref": "x domain", "x": 1, "xanchor": "right", "yref": "y", "y": SUPREMUM,
                          "yanchor": "bottom", "showarrow": False, "font": {"color": style.MUTED}}],
            xaxis=style.log_axis("spectra tried"), yaxis=style.axis("best efficiency: heavy ball / SGD", range=[0.95, 1.6]),
            xaxis2={**style.log_axis("eigenvalue / largest", anchor="y2"), "dtick": 2},
            yaxis2=style.log_axis("multiplicity", anchor="x2"),
            xaxis3=style.log_axis("batch size B", anchor="y3"),
            yaxis3=style.log_axis("e-folds per sample × tr H / μ", anchor="x3")))
        f.update_layout(self.wide())
        return f

    def spectrum(self, scenario):
        """The one that the search starts from."""
        return _key(scenario)

    def exact(self, scenario, final=True):
        """The start spectrum, its ratio and its frontiers under the ceiling."""
        key, batch = _key(scenario), scenario["batch"]
        H, ratio = spectra.whole(key), _ratio(key)
        curves, unit = _curves(key, final), H.smallest / H.trace
        here = _at(key, batch)
        B = curves["sgd"].batches
        bound = heavy_ball_gap(H, B).value
        ceiling = np.where(bound < 1, -np.log1p(-np.minimum(bound, 1 - 1e-12)), np.nan) / B / unit
        shown = np.isfinite(ceiling)
        best = curves["sgd"].ce.max() / unit
        traces = {"start": {"x": [1], "y": [ratio.ratio]}, "start spectrum": {"x": H.eigenvalues / H.largest, "y": H.counts},
                  "three halves": {"x": [1, scenario["trials"]], "y": [SUPREMUM] * 2},
                  "one": {"x": [1, scenario["trials"]], "y": [1.0, 1.0]},
                  "ceiling": {"x": B[shown], "y": ceiling[shown], "visible": bool(shown.any())},
                  "SGD's best": {"x": [1, B[-1]], "y": [best, best]},
                  "chosen batch": {"x": [batch], "y": [here / unit], "visible": here / unit > 1e-3}}
        ranges = {"xaxis": [-0.05, np.log10(scenario["trials"])], "yaxis": [0.95, 1.6], "xaxis2": [-6.3, 0.3],
                  "yaxis2": [-0.3, 3.2], "xaxis3": [-0.1, np.log10(GRID[True][-1]) + 0.1], "yaxis3": [-3, 1.2]}
        for key in ("sgd", "heavy_ball"):
            traces[style.METHODS[key].word] = {"x": B, "y": curves[key].ce / unit}
        middle = Plot(ranges["xaxis2"], ranges["yaxis2"], 3)
        middle.marks(**traces["start spectrum"])
        spots = middle.shares(**traces["start spectrum"])[::-1] + np.array([0, 0.03])
        traces["name of the start"] = texts([("start", *middle.best("start", spots, ("top left", "top center")))])
        traces["names of lines"] = _names(traces, Plot(ranges["xaxis3"], ranges["yaxis3"], 3))
        sentence = (f"Where the search starts, heavy ball's best compute efficiency is {three(ratio.ratio)} times SGD's. "
                    f"{spectra.told(scenario, d=False)}, {len(H)} eigenvalues: {three(ratio.heavy_ball)} against "
                    f"{three(ratio.sgd)} μ/tr per sample; at B = {batch} heavy ball has {three(here / unit / best)} of SGD's "
                    "best.")
        return View(traces, sentence, ranges,
                    ["<b>The search</b>: past 3/2?", "<b>Spectrum</b> found", "<b>Efficiency</b> at the start"],
                    numbers={"ratio": ratio, "here": here / unit})

    def sample(self, scenario):
        """The search, a spectrum at a time."""
        for piece in search(spectra.whole(_key(scenario)), np.random.default_rng(scenario["seed"]), scenario["trials"]):
            count, H = np.arange(1, piece.evaluations + 1), piece.spectrum
            yield Sample(piece.fraction, {
                "tried": {"x": count, "y": np.maximum(piece.tried, 0.96)},
                "best so far": {"x": count, "y": np.maximum.accumulate(piece.tried)},
                "best spectrum": {"x": H.eigenvalues / H.largest, "y": H.counts}},
                f"Search: best of {piece.evaluations} spectra {three(piece.best.ratio)}, at B = {given(piece.best.batch)}, "
                f"κ = {three(H.kappa)}, tr/L = {three(H.trace / H.largest)}. That 3/2 is the end is a conjecture; "
                "that the end does not grow with κ or d is a theorem.")

    def blank(self, scenario):
        """No search yet."""
        return {name: {"x": [], "y": []} for name in ("tried", "best so far", "best spectrum")}


def _names(traces, plot):
    """Beside the ceiling and SGD's best efficiency."""
    for name in ("SGD", "heavy ball"):
        plot.curve(traces[name]["x"], traces[name]["y"])
    if traces["chosen batch"]["visible"]:
        plot.marks(traces["chosen batch"]["x"], traces["chosen batch"]["y"])
    lines = {"SGD's best": "SGD's best", "ceiling": "ceiling (T2)"}
    curves = [(word, plot.curve(traces[name]["x"], traces[name]["y"])) for name, word in lines.items()]
    return plot.names(curves)


def _key(scenario):
    """Of the spectrum that the search starts from."""
    return spectra.key(scenario, scenario.get("levels"))


@lru_cache(maxsize=256)
def _ratio(key):
    return best_ce_ratio(spectra.whole(key))


@lru_cache(maxsize=128)
def _curves(key, final):
    return frontier(spectra.whole(key), ["sgd", "heavy_ball"], GRID[final])


@lru_cache(maxsize=512)
def _at(key, batch):
    return float(frontier(spectra.whole(key), ["heavy_ball"], [batch])["heavy_ball"].ce[0])
