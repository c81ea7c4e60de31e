"""Learning curves at internet scale: up to a billion directions and a hundred million steps, and the powers they fall by."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..arguments import TINY
from ..exact.moments import is_stable, risk_at
from ..model.method import Method
from ..study.scaling import local_exponents
from ..tuning.horizon import bend, quick_tune_risk, settled_risk
from . import controls, spectra, style, yours
from .curves import FILLED, MOST, sampled
from .frame import Panel, View, new_figure
from .labels import ABOVE_OR_BELOW, Plot
from .scenario import Slider
from .words import given, percent, three
from .yours import OWN


class Large(Slider):
    """A whole number, read out to six figures and dragged in three."""

    def value(self, given):
        """As ``Slider``; what a scenario line says is what is computed."""
        return round(float(f"{super().value(given):.6g}"))

    def rounded(self, position):
        """Three figures."""
        return round(float(f"{min(max(float(position), self.low), self.high):.3g}"))


DECAY = Slider("decay", "decay", 1.05, 3, 1.5, step=0.05, help="the eigenvalues are i^−decay, i = 1 ... d")
DIM = Large("d", "d", 10, 1e9, 1e9, step=0.25, base=10, whole=True, help="number of eigenvalues: directions to be learned")
STEPS = Large("steps", "T", 1e3, 1e8, 1e8, step=0.25, base=10, whole=True,
              help="steps to be taken: the horizon that every method is tuned for")
METHODS = controls.Families(off=("nesterov",))

PER_DECADE = {False: 6, True: 12}
"""Times of a curve: while dragging, and at rest."""

BINS = 2
"""Bins an octave of a curve at rest. Where modes turn for the whole horizon, a curve costs the cube of their number."""

ENOUGH = 5.0
"""A horizon is cut at so many times the steps in which the smallest eigenvalue's risk falls by e."""

HIGHEST = 10**0.1
"""Top of the plot of curves."""

PARTS = ("", ", tuned anew", ": exponent", ": exponent, tuned anew")
"""What follows a method's word in the names of its traces."""

TARGET = 0.01
"""Share of the starting risk whose time is told."""

GROWN = 1e6
"""A risk as a share of the start from which on a method is said to diverge, and not drawn."""

FLOOR = 1e-12
"""Lowest risk that is drawn, as a share of the start."""

HORIZONS = 10 ** np.arange(2, 9)
"""Horizons at which each method is tuned anew."""


class FarHorizonPanel(Panel):
    """Risk over steps and its local exponent, every method tuned for the horizon, against the power laws."""

    name = "far_horizon"
    claims = True
    title = "A hundred million steps"
    subplots = 2
    controls = (DECAY, DIM, controls.BATCH, STEPS, METHODS, controls.METHOD)
    references = ("morwani2026", "ferbach2025", "weideman2007")
    theory = ("the law", "law of the exponent", "ASGD's exponent, tuned anew")
    presets = MappingProxyType({
        "internet scale": {"decay": 1.5, "d": 1e9, "batch": 8, "steps": 1e8},
        "d ends it": {"decay": 1.5, "d": 1000, "batch": 64, "steps": 1e6},
        "fast decay": {"decay": 2.5, "d": 1e9, "batch": 8, "steps": 1e8},
        "huge batch": {"decay": 1.5, "d": 1e9, "batch": 65536, "steps": 1e5}})
    help = ("The eigenvalues are i^−decay, every direction starts with error 1, and each method is tuned for the least risk "
            "after T steps (or, where it learns everything long before, after five times the steps that the smallest "
            "eigenvalue takes it). Left: lines are exact expectations (but for bins of eigenvalues, whose cost is told); "
            "dotted, the power law with its constant; open marks, the risk at T had the method been tuned for that T; crosses, "
            "where the smallest eigenvalue is learned and the law ends. Right: the power of t by which each falls just then, "
            "lines over a decade of the curve, marks from one open mark to the next. A method of your own, behind “more”, runs "
            "as it is, or is tuned like the others where it leaves lr and beta open. " + FILLED)

    def figure(self):
        """Two subplots; traces in the order they are drawn."""
        f, second = new_figure(), {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
        for key, look in yours.looks().items():
            line = {"color": look.color, "width": 2.5, "dash": look.dash}
            mark = {"color": style.PAPER, "symbol": look.marker, "size": 8, "line": {"color": look.color, "width": 2}}
            f.add_scatter(name=look.word, x=[], y=[], mode="lines", line=line, legendgroup=key,
                          hovertemplate="%{y:.3~g} after %{x:.3~r} steps%{customdata}<extra>" + look.word + "</extra>")
            f.add_scatter(name=f"{look.word}, tuned anew", x=[], y=[], mode="markers", marker=mark, legendgroup=key,
                          showlegend=False,
                          hovertemplate="%{y:.3~g} after %{x:.3~r} steps<extra>" + look.word + ", tuned for them</extra>")
            f.add_scatter(name=f"{look.word}: exponent", x=[], y=[], mode="lines", line={**line, "width": 1.5}, legendgroup=key,
                          hovertemplate="t^−%{y:.3~g} at %{x:.3~r} steps<extra>" + look.word + "</extra>", **second)
            f.add_scatter(name=f"{look.word}: exponent, tuned anew", x=[], y=[], mode="markers", marker=mark, legendgroup=key,
                          hovertemplate="T^−%{y:.3~g} at %{x:.3~r}<extra>" + look.word + ", tuned anew</extra>", **second)
        f.add_scatter(name="the law", x=[], y=[], mode="lines", line={"color": style.INK, "width": 1.5, "dash": "dot"},
                      hovertemplate="%{y:.3~g} after %{x:.3~r} steps<extra>the power law</extra>")
        f.add_scatter(name="d is learned", x=[], y=[], mode="markers",
                      marker={"symbol": "x", "size": 9, "color": style.INK},
                      hovertemplate="%{x:.3~r} steps<extra>the smallest eigenvalue is learned</extra>")
        for name in ("law of the exponent", "ASGD's exponent, tuned anew"):
            f.add_scatter(name=name, x=[], y=[], mode="lines", hoverinfo="skip",
                          line={"color": style.INK, "width": 1.5, "dash": "dot"}, **second)
        style.names(f, "law names", 2, color=style.INK)
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"},
            annotations=style.titles(2),
            xaxis=style.log_axis("steps"), yaxis=style.log_axis("risk / risk at the start"),
            xaxis2=style.log_axis("steps", anchor="y2"),
            yaxis2=style.axis("falls like t to the minus …", anchor="x2", autorange=False)))
        f.update_layout(self.wide())
        return f

    def exact(self, scenario, final=True):
        """Curves, exponents and laws of every method shown, tuned for the horizon, and risks tuned anew for shorter ones.

        While dragging there are fewer points and fewer bins, and only four of the shorter horizons."""
        decay, d, batch, T = (scenario[k] for k in ("decay", "d", "batch", "steps"))
        powers = {"left running": 1 - 1 / decay, "tuned anew": (2 - 1 / decay) * (1 - 1 / decay)}
        top = 3.5 * powers["left running"]
        asked = {key: (decay, d, batch, T, what) for key, what in yours.entries(scenario).items()}
        traces, laws = {}, []
        numbers = {"end": {}, "reach": {}, "fitted": {}, "tuned anew": {}, "law": powers, "bend": {}}
        for key, look in yours.looks().items():
            if key not in asked:
                traces |= {look.word + part: {"visible": False} for part in PARTS}
                continue
            shown, told, law = _at_its_times(asked[key], final, top)
            traces |= {look.word + part: trace for part, trace in shown.items()}
            laws += law
            for what, value in told.items():
                numbers[what][key] = value
        traces |= _laws(laws, powers, T) | {"ASGD's exponent, tuned anew": {
            "x": [1, T], "y": [powers["tuned anew"]] * 2, "visible": "asgd" in asked}}
        traces["law names"] = _law_names(traces, [yours.looks()[key].word for key in asked], [0, np.log10(T)], [0, top])
        lowest = min(numbers["end"][key] for key in scenario["methods"])
        low = min(np.floor(np.log10(lowest)) if lowest > FLOOR else -8.0, -1.0)
        law = np.asarray(traces["the law"]["y"], float)
        traces["the law"]["visible"] = bool(((law >= 10**low) & (law <= HIGHEST)).any())
        crosses = []
        for key in asked:
            word = yours.looks()[key].word
            traces[word], cross = _as_drawn(asked[key], final, 10**low, numbers["bend"][key])
            crosses += cross
            marks = traces[f"{word}, tuned anew"]                           # those under the picture's lower edge are left out
            inside = marks["y"] >= 10**low
            marks |= {"x": marks["x"][inside], "y": marks["y"][inside]}
        traces["d is learned"] = dict(zip("xy", np.transpose(crosses) if crosses else ([], []), strict=True))
        settled = [asked[key] for key, end in numbers["end"].items() if end < GROWN]
        numbers["binning"] = _binning(settled, 10**low) if final else {}
        across = [0, np.log10(T)]
        ranges = {"xaxis": across, "yaxis": [low, np.log10(HIGHEST)], "xaxis2": across, "yaxis2": [0, top]}
        return View(traces, _sentence(scenario, numbers), ranges,
                    [f"Tuned for <b>T = {given(T)}</b>; marks: each for its own time",
                     "By which <b>power</b> the risk falls; a is the decay"],
                    numbers=numbers)

    def recipe(self, scenario):
        """Every method tuned for the horizon, and the risk that it ends at."""
        decay, d, batch, T = (scenario[k] for k in ("decay", "d", "batch", "steps"))
        entries = yours.entries(scenario)
        horizons = {key: horizon(decay, d, batch, T, entries[key]) for key in scenario["methods"]}
        return f'''\
import numpy as np
import mombook as mb
from mombook.tuning.horizon import quick_tune_risk

coarse, H = (mb.Spectrum.power_law({d}, {decay!r}, binned=bins, ends="top") for bins in ({spectra.DRAGGED}, {BINS}))
back = {T} * 10.0 ** (-np.arange({len(_back(T, PER_DECADE[True]))}) / {PER_DECADE[True]})
times = np.unique(np.maximum(np.rint(back), 1.0))
for family, steps in {horizons}.items():
    best, estimate = quick_tune_risk(coarse, family, {batch}, steps)   # least risk after so many steps
    curve = mb.risk_at(H, best.method, {batch}, times) / (H.trace / 2)  # exactly, without the steps
    print(family, "ends at this share of its start:", curve[-1])
''' + (_own_recipe(scenario["method"], entries[OWN], horizon(decay, d, batch, T, entries[OWN]), batch)
       if scenario["method"] else "")


def _own_recipe(line, what, steps, batch):
    """The same of the reader's own method."""
    best = "own" if isinstance(what, Method) else f"quick_tune_risk(coarse, own, {batch}, {steps})[0].method"
    return f'''\
from mombook.model.written import parsed

own = parsed({line!r})
curve = mb.risk_at(H, {best}, {batch}, times) / (H.trace / 2)
print("your method ends at this share of its start:", curve[-1])
'''


# -- traces ------------------------------------------------------------------------------------------------------------
def _at_its_times(asked, final, top):
    """Of one method: traces by the ends of their names, its numbers, and the law from where it holds (a list of one, or none).

    The curve itself is drawn later (``_as_drawn``), when the lowest risk of all is known."""
    decay, d, batch, T, what = asked
    H, per = spectra.from_top(decay, d), PER_DECADE[final]
    times = _times(T, per)
    method, risk = _curve(*asked, final)
    forgets = 1 / (1 - method.beta) if method.eta else 0.0
    damped = times > (forgets if method.delta == 0 else 0.0)            # until then nothing damps turning modes
    still = (risk > FLOOR / 10) & (risk < GROWN) & damped
    then, converges = _anew(*asked, final), is_stable(H, method, batch)
    traces = {": exponent": {**_slopes(times[still], risk[still], per, top), "visible": True},
              ", tuned anew": {"x": then[0], "y": then[1], "visible": not isinstance(what, Method)},
              ": exponent, tuned anew": {**_slopes(*then, 1, top), "visible": not isinstance(what, Method)}}
    numbers = {"end": float(risk[-1]), "reach": _reached(times, risk), "tuned anew": _last_slope(*then),
               "fitted": _last_slope(times[[-1 - per, -1]], risk[[-1 - per, -1]]),
               "bend": bend(H, method) if converges else np.inf}
    start = 10 * max(forgets, 1.0)
    if start >= min(numbers["bend"], T) or not converges:               # the law ends before it comes to hold
        return traces, numbers, []
    settled = np.geomspace(start, T, 30)
    return traces, numbers, [[settled, settled_risk(H, decay, method, batch, settled) / (H.trace / 2)]]


def _laws(laws, powers, T):
    """The law of every method, one after another with gaps between, and the exponent it has."""
    gaps = [np.pad(law, ((0, 0), (0, 1)), constant_values=np.nan) for law in laws]
    return {"the law": dict(zip("xy", np.hstack(gaps) if gaps else ([], []), strict=True)),
            "law of the exponent": {"x": [1, T], "y": [powers["left running"]] * 2}}


def _law_names(traces, words, across, up):
    """Names on the right beside the lines of theory, away from what is drawn of the methods."""
    plot = Plot(across, up, 2, log=(True, False))
    for word in words:
        plot.curve(*(traces[f"{word}: exponent"][axis] for axis in "xy"))
        plot.marks(*(traces[f"{word}: exponent, tuned anew"][axis] for axis in "xy"))
    lines = [(text, plot.curve(traces[name]["x"], traces[name]["y"])) for name, text in (
        ("law of the exponent", "1 − 1/a"), ("ASGD's exponent, tuned anew", "(2 − 1/a) ×<br>(1 − 1/a)"))
        if traces[name].get("visible", True)]
    return plot.names(lines, ABOVE_OR_BELOW)


def _as_drawn(asked, final, low, ends):
    """The curve of one method in a picture that ends at ``low``, and the point on it where the law ``ends``, if it is there."""
    steps, risk, notes = _drawn(*asked, final, low)
    seen = (risk > FLOOR / 10) & (risk < GROWN) & (steps > 0)
    steps, risk = steps[seen], risk[seen]
    crossed = [(ends, np.exp(np.interp(*np.log([ends]), *np.log([steps, risk]))))] if ends < steps[-1] else []
    inside = bool(((risk >= low) & (risk <= HIGHEST)).any())
    return {"x": steps, "y": risk, "customdata": notes[seen], "visible": inside}, crossed


# -- reading curves ----------------------------------------------------------------------------------------------------
def _back(T, per_decade):
    """T, and back from it to 1, evenly spaced in log."""
    return T * 10.0 ** (-np.arange(np.ceil(per_decade * np.log10(T)) + 1) / per_decade)


def _times(T, per_decade):
    """Whole steps from 1 to T; T/10, T/100, ... are among them."""
    return np.unique(np.maximum(np.rint(_back(T, per_decade)), 1.0))


def _slopes(times, risk, apart, top):
    """Minus the local exponent, from points so many places apart, where it lies between 0 and ``top``."""
    if times.size < 2 * apart:
        return {"x": [], "y": []}
    x, y = np.hstack([local_exponents(times[k::apart], risk[k::apart]) for k in range(apart)])
    shown = np.argsort(x)
    shown = shown[(-y[shown] >= 0) & (-y[shown] <= top)]
    return {"x": x[shown], "y": -y[shown]}


def _last_slope(times, risk):
    """Minus the exponent between the last two points; nan where there are none to read it from."""
    return float(-local_exponents(times[-2:], risk[-2:])[1][0]) if times.size > 1 and TINY < risk[-1] < GROWN else np.nan


def _reached(times, risk):
    """The step from which the risk stays at or below TARGET, log-linear between times; inf where it does not get there."""
    above = np.flatnonzero(risk > TARGET)
    if risk[-1] > TARGET:
        return np.inf
    k = above[-1]
    share = np.log(risk[k] / TARGET) / np.log(risk[k] / max(risk[k + 1], 1e-300))
    return float(times[k] * (times[k + 1] / times[k]) ** share)


# -- the numbers, remembered -------------------------------------------------------------------------------------------
def _spectrum(decay, d, final):
    """For curves: merged once more while dragging."""
    return spectra.from_top(decay, d, BINS) if final else spectra.from_top(decay, d).compressed(spectra.DRAGGED)


@lru_cache(maxsize=2048)
def horizon(decay, d, batch, T, what):
    """The steps to tune for: T, or where a method tuned for T would have learned everything long before, ENOUGH times what
    the smallest eigenvalue takes it; tuned for more, it would spend all of the start on a rate that nobody sees."""
    if isinstance(what, Method):                                        # which is not tuned
        return T
    return int(min(T, np.ceil(ENOUGH * bend(spectra.from_top(decay, d), _best(decay, d, batch, T, what)))))


@lru_cache(maxsize=2048)
def tuned(decay, d, batch, T, what):
    """A ``Family`` tuned on the coarse spectrum always: the method does not change when a slider comes to rest. A ``Method`` is
    as it is."""
    if isinstance(what, Method):
        return what
    return _best(decay, d, batch, horizon(decay, d, batch, T, what), what)


@lru_cache(maxsize=2048)
def _best(decay, d, batch, steps, family):
    """A ``Family`` tuned for so many steps."""
    return quick_tune_risk(spectra.from_top(decay, d), family, batch, steps)[0].method


@lru_cache(maxsize=512)
def _curve(decay, d, batch, T, what, final):
    """The method tuned for T, and its curve as a share of the start."""
    H, method = _spectrum(decay, d, final), tuned(decay, d, batch, T, what)
    return method, risk_at(H, method, batch, _times(T, PER_DECADE[final])) / (H.trace / 2)


@lru_cache(maxsize=512)
def _drawn(decay, d, batch, T, what, final, low):
    """The same curve as it is drawn in a picture that ends at ``low``: steps and shares."""
    method = tuned(decay, d, batch, T, what)

    def share(H):
        return lambda steps: risk_at(H, method, batch, steps) / (H.trace / 2)

    rough = share(_spectrum(decay, d, False))
    curve, rough = (share(_spectrum(decay, d, True)), rough) if final else (rough, None)
    return sampled(curve, T, method.beta if method.eta else 0.0, (low, HIGHEST), rough=rough, base=_times(T, PER_DECADE[final]),
                   most=MOST if final else MOST // 16)


@lru_cache(maxsize=2048)
def _end(decay, d, batch, T, family):
    """The share of the starting risk at which a method tuned for T ends."""
    H = spectra.from_top(decay, d)
    return float(risk_at(H, tuned(decay, d, batch, T, family), batch, [T])[0] / (H.trace / 2))


def _anew(decay, d, batch, T, what, final):
    """Horizons up to T (while dragging, four of them), and the ends of the method tuned for each, down to FLOOR; none of a
    method that is not tuned."""
    horizons = HORIZONS[HORIZONS <= (0 if isinstance(what, Method) else T)]
    horizons = horizons if final else np.unique(np.append(horizons[:2], horizons[-2:]))
    ends = np.array([_end(decay, d, batch, int(h), what) for h in horizons])
    seen = ends > FLOOR
    return horizons[seen].astype(float), ends[seen]


def _binning(asked, low):
    """By how much the fewer bins of a drag move the curves, relative: anywhere, and where they end or fall below ``low``."""
    moved = []
    for decay, d, batch, T, what in asked:
        fine, coarse = (_curve(decay, d, batch, T, what, final)[1] for final in (True, False))
        fine = fine[np.isin(_times(T, PER_DECADE[True]), _times(T, PER_DECADE[False]))]
        seen = fine > low
        off = np.abs(coarse[seen] / fine[seen] - 1)
        moved.append((off.max(), off[-1]))
    return dict(zip(("anywhere", "at the end"), map(float, np.max(moved, axis=0)), strict=True))


# -- words -------------------------------------------------------------------------------------------------------------
def _sentence(scenario, n):
    """What is on screen, in words."""
    T, words = scenario["steps"], {key: yours.looks()[key].word for key in n["end"]}
    ends = {k: _percent(v) for k, v in n["end"].items() if v < GROWN}
    ahead = [k for k in dict.fromkeys((min(ends, key=n["end"].get, default=None), "sgd")) if k in ends]
    first = " and ".join(f"{words[k]}{' is' * (k == ahead[0])} at {ends[k]}" for k in ahead)
    others = ", ".join(f"{words[k]} at {v}" for k, v in ends.items() if k not in ahead)
    reach = ", ".join(f"{words[k]} {three(t) + ' steps' if np.isfinite(t) else 'not by T'}"
                      for k, t in n["reach"].items() if n["end"][k] < GROWN)
    told = [f"After {given(T)} steps {first} of the starting risk."] if first else []
    told.append(f"a = {given(scenario['decay'])}, d = {given(scenario['d'])}, B = {scenario['batch']}: "
                f"{f'{others}; ' if others else ''}to {_percent(TARGET)}, {reach or 'none'}.")
    learned = [f"{words[k]} after {three(t)} steps" for k, t in n["bend"].items() if t < T]
    if "sgd" in n["fitted"] and n["bend"]["sgd"] > T:
        told.append(f"Over the last decade SGD falls like t^−{three(n['fitted']['sgd'])}; the law, 1 − 1/a, is "
                    f"{three(n['law']['left running'])}.")
    if np.isfinite(n["tuned anew"].get("asgd", np.nan)) and n["bend"]["asgd"] > T:
        told.append(f"ASGD tuned anew for each horizon falls like T^−{three(n['tuned anew']['asgd'])}; theory for large d, "
                    f"{three(n['law']['tuned anew'])}.")
    if learned:
        told.append(f"The smallest eigenvalue is learned, and the law ends: {', '.join(learned)}.")
    if n["binning"]:
        told.append(f"Fewer bins, those of a drag, would move the curves by {_percent(n['binning']['anywhere'])} at most and "
                    f"by {_percent(n['binning']['at the end'])} where they end.")
    if not n["end"].get(OWN, 0.0) < GROWN:
        told.append("Your method diverges.")
    return " ".join(told)


def _percent(x):
    """A share in percent, three figures."""
    return "under 10⁻¹⁰ %" if x < FLOOR else percent(x)
