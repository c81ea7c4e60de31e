"""The third small figure: averaging B gradients, and what a tenfold fall of the loss costs in steps and in samples."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..exact.moments import contraction_gap
from ..model.spectrum import Spectrum
from ..prose import fewer, times_as, whole
from ..sample.paths import paths
from ..tuning.long_run import tune
from . import style
from .controls import BATCH, SEED
from .frame import Panel, View, new_figure
from .labels import Plot, texts
from .scenario import Slider
from .start import ACROSS, ALONG
from .valley import basin, ellipses

LARGE = 65536
"""The largest batch: its steps are those that the valley asks for, to a tenth of a per cent."""

RUNS, START = 12, (0.1, -0.9)
"""Runs drawn, and where all of them begin: across and along the valley."""

FALLS = (1.0, 0.1)
"""Shares of the start's loss at which the shades of the valley end."""

COUNTS, ROWS = (0.0, 7.4), (0.0, 4.5)
"""Ends of the axes of both meters: counts in powers of ten, and rows."""

SERIAL, COMPUTE, HALF, UNDER = 3.2, 1.05, 0.36, 0.1
"""Where the two meters lie, half the height of the marks of their limits, and how far under these the words begin."""

LINE, WIDE = 0.08, 0.936
"""Height of a line of text as a share of a subplot's, and its width against the usual: on a phone both are small."""

BLUE = style.METHODS["sgd"].color
RINGS = tuple(float(np.sqrt(share)) for share in FALLS)


class MetersPanel(Panel):
    """A valley with several runs of SGD at a batch size, and two meters: of steps and of samples."""

    name = "meters"
    title = "Two meters"
    subplots = 2
    pixels = (410, 640)
    controls = (Slider("batch", "batch size B", 1, LARGE, 1, step=0.5, base=2, whole=True, help=BATCH.help),
                Slider("kappa", "condition number κ", 3, 300, 50, step=0.1, base=10, more=True,
                       help="how narrow the valley is: its steepest curvature over its flattest"),
                SEED)
    presets = MappingProxyType({"one sample a step": {"batch": 1}, "four samples": {"batch": 4},
                                "a large batch": {"batch": 1024}})
    theory = ("steps", "samples", "least steps", "least samples", "names of the meters", "names of the limits")
    references = ("mccandlish2018", "morwani2026")

    def figure(self):
        """The runs on the left, the meters on the right."""
        f = new_figure()
        basin(f, RINGS)
        f.add_scatter(name="runs", x=[], y=[], mode="lines", line={"color": BLUE, "width": 1}, hoverinfo="skip")
        f.add_scatter(name="last steps", x=[], y=[], mode="markers", hoverinfo="skip",
                      marker={"color": BLUE, "symbol": "circle", "size": 8})
        for name, symbol in (("start", "circle-open"), ("least loss", "cross-thin-open")):
            f.add_scatter(name=name, x=[], y=[], mode="markers", hoverinfo="skip", cliponaxis=False,
                          marker={"color": style.INK, "symbol": symbol, "size": 11})
        style.names(f, "start: name", size=13, color=style.INK)
        style.names(f, "name of the tenth", size=13, color=style.INK)
        second = {"xaxis": "x2", "yaxis": "y2"}
        for name, color in (("steps", BLUE), ("samples", style.ACCENT)):
            f.add_scatter(name=name, x=[], y=[], mode="lines", line={"color": color, "width": 26}, **second,
                          hovertemplate="%{x:.3~r} " + name + "<extra></extra>")
            f.add_scatter(name=f"least {name}", x=[], y=[], mode="lines", hoverinfo="skip", **second,
                          line={"color": style.INK, "width": 3})
        style.names(f, "names of the meters", 2, size=15, color=style.INK)
        style.names(f, "names of the limits", 2, size=13, color=style.INK)
        f.update_layout(style.layout(
            showlegend=False, annotations=style.titles(2),
            xaxis=style.bare_axis("along the valley", ALONG, showgrid=False),
            yaxis=style.bare_axis("across the valley", ACROSS, showgrid=False),
            xaxis2=style.log_axis("steps, and samples", anchor="y2", range=list(COUNTS)),
            yaxis2=style.bare_axis("", ROWS, anchor="x2", showgrid=False)))
        f.update_layout(self.wide())
        return f

    def exact(self, scenario, final=True):
        """The runs, and both meters with their limits."""
        kappa, batch = scenario["kappa"], scenario["batch"]
        fall = {B: _fall(kappa, B) for B in (1, batch, LARGE)}
        serial, steps = fall[batch], int(np.ceil(fall[LARGE]))
        runs = _runs(kappa, batch, steps, scenario["seed"])
        broken = np.concatenate([runs, np.full((RUNS, 1, 2), np.nan)], axis=1).reshape(-1, 2)
        across, along = (np.clip(runs[:, -1, k], *ends) for k, ends in ((0, ACROSS), (1, ALONG)))
        traces = {
            **ellipses(kappa, RINGS, _reach(kappa)), "runs": {"x": broken[:, 1], "y": broken[:, 0]},
            "last steps": {"x": along, "y": across}, "start": {"x": [START[1]], "y": [START[0]]},
            "least loss": {"x": [0.0], "y": [0.0]},
            "steps": {"x": [1, serial], "y": [SERIAL] * 2}, "samples": {"x": [1, batch * serial], "y": [COMPUTE] * 2},
            "least steps": {"x": [fall[LARGE]] * 2, "y": [SERIAL - HALF, SERIAL + HALF]},
            "least samples": {"x": [fall[1]] * 2, "y": [COMPUTE - HALF, COMPUTE + HALF]}}
        traces |= _valley_names(traces) | _meter_names(fall, batch)
        saved, more, samples = fall[1] / serial, batch * serial / fall[1], {B: B * steps for B, steps in fall.items()}
        return View(traces, _sentence(batch, serial, saved, more), {},
                    [f"Twelve runs of <b>{whole(steps)} steps</b>, B = {batch}",
                     "The price of a <b>tenfold fall</b> of the loss"],
                    numbers={"steps": fall, "samples": samples, "saved": saved, "more": more})

    def recipe(self, scenario):
        """Both meters."""
        return f'''\
import mombook as mb
import numpy as np

H = mb.Spectrum([1.0, {1 / scenario["kappa"]!r}])
for batch in ({scenario["batch"]}, 1, {LARGE}):
    steps = np.log(10) / -np.log1p(-mb.contraction_gap(H, mb.tune(H, "sgd", batch).method, batch))
    print(f"B = {{batch}}, for each tenfold fall of the loss: steps", steps)
    print(f"B = {{batch}}, for each tenfold fall of the loss: samples", batch * steps)
'''


# -- the numbers -------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=1024)
def _tuned(kappa, batch):
    H = Spectrum([1.0, 1 / kappa])
    return H, tune(H, "sgd", batch).method


@lru_cache(maxsize=1024)
def _fall(kappa, batch):
    """Steps of tuned SGD for each tenfold fall of the expected loss."""
    H, method = _tuned(kappa, batch)
    return float(np.log(10) / -np.log1p(-contraction_gap(H, method, batch)))


@lru_cache(maxsize=512)
def _runs(kappa, batch, steps, seed):
    """The weights of all runs: shape ``(RUNS, steps+1, 2)``, across and along the valley."""
    H, method = _tuned(kappa, batch)
    return paths(H, method, batch, steps, RUNS, np.random.default_rng(seed), START)


def _reach(kappa):
    """How far along the valley the loss of the start reaches."""
    return float(np.hypot(START[1], START[0] * np.sqrt(kappa)))


# -- the words ---------------------------------------------------------------------------------------------------------
def _valley_names(traces):
    """Where the start and the shade of a tenth of the loss have their names."""
    plot = Plot(ALONG, ACROSS, 2, log=(False, False), line=LINE, wide=WIDE)
    plot.curve(**traces["runs"])
    for name in ("start", "last steps", "least loss"):
        plot.marks(**traces[name])
    at = plot.shares(**traces["start"])
    start = texts([("start", *plot.best("start", at - (0.02, 0), ("middle left", "top left", "bottom left")))])
    tenth = [("loss ÷ 10", plot.shares(**traces[f"ring {RINGS[1]:g}"]))]
    return {"start: name": start, "name of the tenth": plot.names(tenth, spots=np.linspace(0, 0.96, 25))}


def _meter_names(fall, batch):
    """What the meters show, over them, and what bounds them, under them."""
    serial = fall[batch]
    meters = [(f"<b>{whole(serial)} steps</b> (serial runtime)", (1.05, SERIAL + HALF), "top right"),
              (f"<b>{whole(batch * serial)} samples</b> (compute)", (1.05, COMPUTE + HALF), "top right")]
    limits = [(f"┃ at least {whole(fall[LARGE])}, however large B", (1.05, SERIAL - HALF - UNDER), "bottom right"),
              (f"┃ at least {whole(fall[1])}, however small B", (1.05, COMPUTE - HALF - UNDER), "bottom right")]
    return {"names of the meters": texts(meters), "names of the limits": texts(limits)}


def _sentence(batch, serial, saved, more):
    if batch == 1:
        return f"B = 1: {whole(serial)} steps, and as many samples. Raise B, and watch both meters."
    return f"Against B = 1: {fewer(saved)} steps, and {times_as(more, 'many')} samples."
