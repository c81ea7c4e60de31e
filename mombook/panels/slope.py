"""The first small figure: one weight, noisy gradients, and a learning rate."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..exact.moments import risk_at
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..prose import given, percent, three
from ..sample.paths import paths
from ..tuning.budget import tune_risk
from . import style
from .controls import SEED
from .frame import Panel, View, new_figure
from .labels import Plot, texts
from .scenario import Slider

STEPS, BATCH, RUNS, SHOWN = 50, 8, 400, 2
"""Steps of a run, samples of each, how many runs there are, and how many of them are drawn."""

RATES = np.geomspace(0.005, 2.0, 105)
"""Learning rates of the curve."""

WEIGHTS, WIDTH, LOSSES = (-1.5, 1.5), (-2.35, 0.8), (-3.2, 1.3)
"""Ends of the axes of the weight, and of the learning rate and the loss in powers of ten."""

NEAR = 1.5
"""A learning rate within this factor of the best one is called about right."""

LINE, WIDE = 0.08, 0.936
"""Height of a line of text as a share of a subplot's, and its width against the usual: on a phone both are small."""

APART = 0.12
"""How far from the lowest point the parts of the curve begin that are too small and too large, as a share of the axis."""

STAR = 0.031
"""How far under the mark of the lowest point its name stands."""

RUN_SPOTS = tuple(np.linspace(0.97, 0.03, 48))
"""Where along a line of the runs its name may stand."""

PART_SPOTS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9)
"""Where along a part of the curve its name may stand, the first being preferred."""

BLUE = style.METHODS["sgd"].color
ONE = Spectrum([1.0])


class SlopePanel(Panel):
    """One weight on a noisy slope: its runs, and what the learning rate leaves of the loss."""

    name = "slope"
    title = "A noisy slope"
    subplots = 2
    pixels = (410, 640)
    controls = (Slider("rate", "learning rate", 0.005, 2, 0.2, step=0.05, base=10,
                       help="how far a step goes along the mean gradient of its 8 samples"),
                Slider("noise", "label noise", 0.5, 5, 1.5, step=0.1, more=True,
                       help="standard deviation of the noise in the labels"),
                SEED)
    presets = MappingProxyType({"too small": {"rate": 0.01}, "about right": {"rate": 0.06}, "too large": {"rate": 0.8}})
    theory = ("root mean square", "root mean square: name", "loss", "here", "best", "best: name", "names of the curve")
    references = ("zhang2019",)
    handles = MappingProxyType({"chosen rate": ("rate", None)})

    def figure(self):
        """Two subplots; names stand on the curves."""
        f = new_figure()
        f.add_scatter(name="80 % of runs", x=[], y=[], mode="lines", line={"width": 0}, fill="toself",
                      fillcolor=style.rgba(BLUE, 0.2), hoverinfo="skip")
        f.add_scatter(name="best weight", x=[0, STEPS], y=[0, 0], mode="lines", hoverinfo="skip",
                      line={"color": style.INK, "width": 1, "dash": "dot"})
        f.add_scatter(name="runs", x=[], y=[], mode="lines", line={"color": BLUE, "width": 1.4}, hoverinfo="skip")
        f.add_scatter(name="root mean square", x=[], y=[], mode="lines", line={"color": style.ACCENT, "width": 3},
                      hovertemplate="%{y:.3~g} after %{x} steps<extra>root mean square, exact</extra>")
        for name in ("80 % of runs", "root mean square"):
            style.names(f, f"{name}: name", size=13, color=style.INK)
        second = {"xaxis": "x2", "yaxis": "y2"}
        f.add_scatter(name="chosen rate", x=[], y=[], mode="lines", hoverinfo="skip", **second,
                      line={"color": style.MUTED, "width": 1, "dash": "dash"})
        f.add_scatter(name="loss", x=[], y=[], mode="lines", line={"color": style.ACCENT, "width": 3}, **second,
                      hovertemplate="%{y:.3~g} of the start, at η = %{x:.3~g}<extra>exact</extra>")
        f.add_scatter(name="best", x=[], y=[], mode="markers", hoverinfo="skip", **second,
                      marker={"color": style.INK, "symbol": "star", "size": 13})
        f.add_scatter(name="here", x=[], y=[], mode="markers", hoverinfo="skip", **second,
                      marker={"color": BLUE, "symbol": "circle", "size": 12})
        style.names(f, "best: name", 2, size=13, color=style.INK)
        style.names(f, "names of the curve", 2, size=13, color=style.INK)
        f.update_layout(style.layout(
            showlegend=False, annotations=style.titles(2),
            xaxis=style.axis("steps", range=[0, STEPS], autorange=False),
            yaxis=style.axis("weight", range=list(WEIGHTS), autorange=False, tickvals=[-1, 0, 1],
                             ticktext=["−1", "best", "1"]),
            xaxis2=style.log_axis("learning rate", anchor="y2", range=list(WIDTH)),
            yaxis2=style.log_axis("loss, as a share of the start's", anchor="x2", range=list(LOSSES))))
        f.update_layout(self.wide())
        return f

    def exact(self, scenario, final=True):
        """The runs, the exact loss at their learning rate, and the loss against the learning rate."""
        rate, noise = scenario["rate"], scenario["noise"]
        steps, weights = np.arange(STEPS + 1), _runs(rate, noise, scenario["seed"])
        low, high = np.quantile(weights, [0.1, 0.9], axis=0)
        shown = np.column_stack([weights[:SHOWN], np.full(SHOWN, np.nan)])
        mean = np.sqrt(2 * risk_at(ONE, Method.sgd(rate), BATCH, steps, noise))
        here, (best, least) = float(mean[-1]**2), _best(noise)
        traces = {
            "80 % of runs": {"x": np.append(steps, steps[::-1]), "y": _inside(np.append(high, low[::-1]))},
            "runs": {"x": np.tile(np.append(steps, np.nan), SHOWN), "y": _inside(shown.ravel())},
            "root mean square": {"x": steps, "y": _inside(mean)},
            "chosen rate": {"x": [rate] * 2, "y": [10**v for v in LOSSES]},
            "loss": {"x": RATES, "y": _left(noise)},
            "best": {"x": [best], "y": [least]}, "here": {"x": [rate], "y": [min(here, 10 ** LOSSES[1])]}}
        traces |= _run_names(traces, low, high) | _curve_names(traces, best)
        numbers = {"here": here, "best": best, "least": least}
        return View(traces, _sentence(rate, here, best, least), {},
                    [f"Two runs at <b>learning rate {given(rate)}</b>", "<b>Loss left</b> after 50 steps"], numbers=numbers)

    def recipe(self, scenario):
        """The loss left here and at the best learning rate."""
        noise = scenario["noise"]
        return f'''\
import mombook as mb

H = mb.Spectrum([1.0])
print("share of the loss left", mb.risk_at(H, mb.Method.sgd({scenario["rate"]!r}), {BATCH}, [{STEPS}], {noise!r})[0] * 2)
best, risk = mb.tune_risk(H, "sgd", {BATCH}, {STEPS}, noise={noise!r})
print("best learning rate", best.method.delta, "leaves", risk * 2)
'''


# -- the numbers -------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=256)
def _runs(rate, noise, seed):
    """Weights of all runs, shape ``(RUNS, STEPS+1)``."""
    return paths(ONE, Method.sgd(rate), BATCH, STEPS, RUNS, np.random.default_rng(seed), [1.0], noise)[:, :, 0]


@lru_cache(maxsize=64)
def _left(noise):
    """The share of the loss that is left after STEPS steps, at each of RATES."""
    return np.array([_shown(2 * risk_at(ONE, Method.sgd(rate), BATCH, [STEPS], noise)[0]) for rate in RATES])


@lru_cache(maxsize=64)
def _best(noise):
    """(the learning rate that leaves least, what it leaves)."""
    tuned, risk = tune_risk(ONE, "sgd", BATCH, STEPS, noise=noise)
    return tuned.method.delta, float(2 * risk)


def _shown(share):
    """A share of the loss, no further from its axis than a picture needs."""
    return float(np.clip(share, 10.0 ** (2 * LOSSES[0]), 10.0 ** (2 * LOSSES[1])))


def _inside(weights):
    """Weights, no further from their axis than a picture needs."""
    return np.clip(np.nan_to_num(weights, nan=np.nan, posinf=9.0, neginf=-9.0), -9.0, 9.0)


# -- the words ---------------------------------------------------------------------------------------------------------
def _run_names(traces, low, high):
    plot, steps = Plot((0, STEPS), WEIGHTS, 2, log=(False, False), line=LINE, wide=WIDE), np.arange(STEPS + 1)
    plot.curve([0, STEPS], [0, 0])
    plot.curve(**traces["runs"])
    lines = {"root mean square": plot.curve(**traces["root mean square"]),
             "80 % of runs": np.concatenate([plot.curve(steps, _inside(low)), plot.curve(steps, _inside(high))])}
    return {f"{name}: name": plot.names([(name, points)], spots=RUN_SPOTS) for name, points in lines.items()}


def _curve_names(traces, best):
    """Where the parts of the curve and its lowest point have their names."""
    plot = Plot(WIDTH, LOSSES, 2, line=LINE, wide=WIDE)
    points = plot.curve(**traces["loss"])
    plot.curve(**traces["chosen rate"])
    for mark in ("best", "here"):
        plot.marks(**traces[mark])
    under = plot.shares(**traces["best"]) - (0, STAR)
    found = {"best: name": texts([("best", *plot.best("best", under, ("bottom center", "bottom right", "bottom left")))])}
    at, one = plot.shares([best], [1.0])[0]                             # where the loss is least, and where it is the start's
    parts = [("too small:<br>slow", points[points[:, 0] < at - APART]), ("diverges", points[points[:, 1] > one]),
             ("too large:<br>noise stays", points[(points[:, 0] > at + APART) & (points[:, 1] < one)])]
    parts = [(name, part) for name, part in parts if np.all((part >= 0) & (part <= 1), axis=1).any()]
    return found | {"names of the curve": plot.names(parts, spots=PART_SPOTS)}


def _sentence(rate, here, best, least):
    if here >= 1:
        return f"Too large: the expected loss grows to {three(here)} times its start. The best rate leaves {percent(least)}."
    word = "Too small" if rate < best / NEAR else "Too large" if rate > best * NEAR else "About right"
    return f"{word}: {percent(here)} of the expected loss is left. The best learning rate leaves {percent(least)}."
