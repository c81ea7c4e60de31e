"""The first figure: two weights in a valley, SGD and heavy ball, and what a larger batch costs each of them."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..model.spectrum import Spectrum
from ..prose import three, times_as, whole
from ..sample.paths import paths
from ..tuning.frontiers import critical_batches, frontier, halved
from . import style
from .controls import BATCH, SEED
from .frame import Panel, View, new_figure
from .labels import BESIDE, SIDES, Plot, texts
from .scenario import Slider

METHODS = ("sgd", "heavy_ball")
STEPS = 4
"""Each run takes this many times sqrt(kappa) steps."""

GRID = {True: np.geomspace(1, 65536, 49), False: np.geomspace(1, 65536, 25)}
"""Batch sizes of the curves, at rest and while dragging."""

RINGS = np.array([0.25, 0.5, 0.75, 1.0])
"""Half the length of each line of equal loss, along the valley."""

SAMPLES = (0.0, 8.8)
"""Ends of the axis of samples, in powers of ten: the same at every kappa, so that a slider moves curves and not axes."""

ALONG, ACROSS, BATCHES = (-1.2, 0.5), (-0.42, 0.42), (-0.15, 4.95)
"""Ends of the axes of the valley, and of the batch size in powers of ten."""

CURVE_SPOTS = (0.75, 0.85, 0.65, 0.95, 0.5, 0.35, 0.2, 0.05)
"""Where along a curve of costs its name may stand, the first being preferred."""

LINE = 0.08
"""Height of a line of text as a share of a subplot's: on a phone these are low."""

ROUND = 1.1
"""Where heavy ball's cost doubles before so many times SGD's batch, the valley is called round."""

NAMES = {"sgd": "SGD", "heavy_ball": "heavy ball"}

BEGIN = (
    Slider("along", "start along", -1.2, 0.4, -1.0, step=0.05, more=True, help="where both runs begin, along the valley"),
    Slider("across", "start across", -0.4, 0.4, 0.2, step=0.02, more=True, help="where both runs begin, across the valley"))
"""Where two runs in a valley begin."""


class StartPanel(Panel):
    """A valley with two runs, and the samples that each method needs, against the batch size."""

    name = "start"
    title = "What a batch buys"
    subplots = 2
    pixels = (430, 532)
    controls = (Slider("kappa", "condition number κ", 1, 1e4, 1e3, step=0.1, base=10,
                       help="how narrow the valley is: its steepest curvature over its flattest"),
                Slider("batch", "batch size B", 1, 65536, 64, step=0.5, base=2, whole=True, help=BATCH.help),
                *BEGIN, SEED)
    presets = MappingProxyType({"one sample a step": {"batch": 1}, "a large batch": {"batch": 4096},
                                "a narrow valley": {"kappa": 1e4, "batch": 256}})
    theory = ("SGD: cost", "heavy ball: cost", "SGD: here", "heavy ball: here", "window", "name of SGD", "name of heavy ball",
              "window name")
    references = ("morwani2026", "polyak1964")
    handles = MappingProxyType({"chosen batch": ("batch", None), "start": ("along", "across")})

    def figure(self):
        """Two subplots; names stand on the curves."""
        f = new_figure()
        f.add_scatter(name="lines of equal loss", x=[], y=[], mode="lines", hoverinfo="skip",
                      line={"color": style.MUTED, "width": 1})
        for key, word in NAMES.items():
            look = style.METHODS[key]
            f.add_scatter(name=f"{word}: one run", x=[], y=[], mode="lines", hoverinfo="skip",
                          line={"color": look.color, "width": 1.6})
            f.add_scatter(name=f"{word}: last step", x=[], y=[], mode="markers", hoverinfo="skip", cliponaxis=False,
                          marker={"color": look.color, "symbol": look.marker, "size": 11})
            style.names(f, f"name of the run of {word}", size=13, color=style.INK)
        for name, symbol in (("start", "circle-open"), ("least loss", "cross-thin-open")):
            f.add_scatter(name=name, x=[], y=[], mode="markers", hoverinfo="skip", cliponaxis=False,
                          marker={"color": style.INK, "symbol": symbol, "size": 11})
            style.names(f, f"{name}: name", size=13, color=style.INK)
        for key, word in NAMES.items():
            look = style.METHODS[key]
            f.add_scatter(name=f"{word}: cost", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2",
                          line={"color": look.color, "width": 3, "dash": look.dash},
                          hovertemplate="%{y:.3~r} samples at B %{x:.3~r}<extra>" + word + "</extra>")
            f.add_scatter(name=f"{word}: here", x=[], y=[], mode="markers", xaxis="x2", yaxis="y2",
                          marker={"color": look.color, "symbol": look.marker, "size": 11}, hoverinfo="skip")
            style.names(f, f"name of {word}", 2, size=13, color=style.INK)
        f.add_scatter(name="window", x=[], y=[], mode="lines+markers", xaxis="x2", yaxis="y2", hoverinfo="skip",
                      line={"color": style.INK, "width": 1.5}, cliponaxis=False,
                      marker={"color": style.INK, "symbol": ["circle-open", "line-ns-open", "line-ns-open", "circle-open"],
                              "size": 9})
        style.names(f, "window name", 2, size=13, color=style.INK)
        f.add_scatter(name="chosen batch", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", hoverinfo="skip",
                      line={"color": style.MUTED, "width": 1, "dash": "dash"})
        f.update_layout(style.layout(
            height=430, showlegend=False, annotations=style.titles(2),
            xaxis=style.bare_axis("along the valley", ALONG),
            yaxis=style.bare_axis("across the valley", ACROSS),
            xaxis2=style.log_axis("batch size B (samples a step)", anchor="y2", range=list(BATCHES)),
            yaxis2=style.log_axis("samples per tenfold fall of the loss", anchor="x2", range=list(SAMPLES))))
        f.update_layout(self.wide())
        return f

    def wide(self):
        """Side by side, with the usual margins."""
        return super().wide() | {"margin": {"t": 56, "b": 52}}

    def stacked(self):
        """One under the other, close to the sliders: a phone's first screen holds both."""
        return super().stacked() | {"margin": {"t": 34, "b": 46}}

    def exact(self, scenario, final=True):
        """The costs, the window, and one run of each method."""
        kappa, batch = scenario["kappa"], scenario["batch"]
        H, curves = _valley(kappa), _costs(kappa, final)
        bends = _bends(kappa, final)
        here = {key: float(cost[0]) for key, (_, cost) in _costs_at(kappa, batch).items()}
        steps, start = int(np.ceil(STEPS * np.sqrt(kappa))), np.array([scenario["across"], scenario["along"]])
        traces = {"lines of equal loss": _rings(kappa), "start": {"x": [scenario["along"]], "y": [scenario["across"]]},
                  "least loss": {"x": [0.0], "y": [0.0]}}
        for key, word in NAMES.items():
            path = one_run(H, _costs_at(kappa, batch)[key][0], batch, steps, start, scenario["seed"])
            across, along = path.T
            traces[f"{word}: one run"] = {"x": along, "y": across}
            traces[f"{word}: last step"] = {"x": np.clip(along[-1:], *ALONG), "y": np.clip(across[-1:], *ACROSS)}
            traces[f"{word}: cost"] = {"x": GRID[final], "y": curves[key]}
            traces[f"{word}: here"] = {"x": [batch], "y": [here[key]]}
        left, right, foot = bends["sgd"], bends["heavy_ball"], curves["heavy_ball"][0] / 2.2
        traces["window"] = {"x": [left, left, right, right],
                            "y": [2 * curves["sgd"][0], foot, foot, 2 * curves["heavy_ball"][0]]}
        traces["chosen batch"] = {"x": [batch] * 2, "y": [10**v for v in SAMPLES]}
        traces |= _valley_names(traces) | _cost_names(traces, _window(bends["heavy_ball"] / bends["sgd"], kappa))
        return View(traces, _sentence(batch, here, bends), {},
                    [f"Two runs of <b>{whole(steps)} steps</b> at B = {batch}", "<b>Cost</b> against batch size"],
                    numbers={"cost": here, "bend": bends, "steps": steps})

    def recipe(self, scenario):
        """The costs at the batch and the two bends."""
        return f'''\
import mombook as mb
import numpy as np

H = mb.Spectrum([1.0, {1 / scenario["kappa"]!r}])
here = mb.frontier(H, {list(METHODS)!r}, [{scenario["batch"]}])
bends = mb.critical_batches(H, {list(METHODS)!r})
for family in here:
    cost = np.log(10) * here[family].compute[0]
    print(family, "samples for each tenfold fall of the loss", cost, "bend at B =", bends[family])
'''


# -- the numbers -------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=512)
def _valley(kappa):
    return Spectrum([1.0, 1 / kappa])


@lru_cache(maxsize=512)
def _costs(kappa, final):
    """Method -> samples for each tenfold fall of the loss, at each batch size of GRID."""
    return {key: np.log(10) * f.compute for key, f in frontier(_valley(kappa), METHODS, GRID[final]).items()}


@lru_cache(maxsize=1024)
def _costs_at(kappa, batch):
    """Method -> (tuned method, samples for each tenfold fall of the loss) at one batch size."""
    return {key: (f.methods[0], np.log(10) * f.compute) for key, f in frontier(_valley(kappa), METHODS, [batch]).items()}


@lru_cache(maxsize=512)
def _bends(kappa, final):
    """Method -> the batch size at which it costs twice what it costs at batch 1; read off the curve while dragging."""
    if final:
        return critical_batches(_valley(kappa), METHODS)
    return {key: halved(GRID[False], 1 / cost) for key, cost in _costs(kappa, False).items()}


def one_run(H, method, batch, steps, start, seed):
    """The weights of one run on sampled batches: shape ``(steps+1, 2)``, across and along the valley."""
    return paths(H, method, batch, steps, 1, np.random.default_rng(seed), start)[0]


def _rings(kappa):
    """Lines of equal loss, one after another with gaps between."""
    turn = np.append(np.linspace(0, 2 * np.pi, 61), np.nan)
    along, across = np.multiply.outer(RINGS, np.cos(turn)), np.multiply.outer(RINGS / np.sqrt(kappa), np.sin(turn))
    return {"x": along.ravel(), "y": across.ravel()}


def _valley_names(traces):
    """Where the names of the marks and of both runs stand in the valley."""
    plot, found = Plot(ALONG, ACROSS, 2, log=(False, False), line=LINE), {}
    plot.curve(**traces["lines of equal loss"])
    runs = {f"{word}: last step": plot.curve(**traces[f"{word}: one run"]) for word in NAMES.values()}
    for name in ("start", "least loss", *runs):
        plot.marks(**traces[name])
    for name in ("start", "least loss"):
        found[f"{name}: name"] = _beside(plot, name, traces[name])
    for word, (name, points) in zip(NAMES.values(), runs.items(), strict=True):
        found[f"name of the run of {word}"] = _beside(plot, word, traces[name], points[::-max(len(points) // 40, 1)])
    return found


def _beside(plot, name, mark, more=()):
    """A name beside a mark, or at one of more points: shares of the axes."""
    around = plot.shares(**mark) + 0.02 * np.array([SIDES[side] for side in BESIDE])
    return texts([(name, *plot.best(name, [*around, *more], ease=0.05))])


def _cost_names(traces, window):
    """Where the names of both curves and of the window stand beside the costs."""
    plot = Plot(BATCHES, SAMPLES, 2, line=LINE)
    curves = [(word, plot.curve(**traces[f"{word}: cost"])) for word in NAMES.values()]
    for word in NAMES.values():
        plot.marks(**traces[f"{word}: here"])
    plot.curve(**traces["chosen batch"])
    plot.marks(**traces["window"])
    plot.curve(**traces["window"])
    left, right = plot.shares(*(traces["window"][axis][1:3] for axis in "xy"))
    beside = np.array([plot.shares(**traces["chosen batch"])[0, 0], left[1]])            # right of the line that would cut it
    spots = np.array([(left + right) / 2, right, left, *np.linspace(right, left, 9)[1:-1], beside])
    spots -= np.array([0, 0.035])                                                        # below the marks of the bracket
    found = {"window name": texts([(window, *plot.best(window, spots, ease=0.1))])}
    return found | {f"name of {curve[0]}": plot.names([curve], spots=CURVE_SPOTS) for curve in curves}


def _sentence(batch, here, bends):
    ratio = here["sgd"] / here["heavy_ball"]
    why = ""
    if bends["heavy_ball"] < ROUND * bends["sgd"]:
        why = "The valley is nearly round: at"
    elif ratio < 1.5 and batch <= bends["sgd"]:
        why = "Noise decides: at"
    return f"{why or 'At'} B = {batch} SGD needs {times_as(ratio, 'many')} samples as heavy ball."


def _window(wide, kappa):
    if wide < ROUND:
        return "momentum gains nothing"
    return f"○ cost has doubled:<br>heavy ball {three(wide)}× later<br>(at most √κ = {three(np.sqrt(kappa))})"
