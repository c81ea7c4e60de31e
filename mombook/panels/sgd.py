"""SGD alone: what a learning rate does at a batch, what a batch does to the best of them, and one run of it."""

from functools import lru_cache

import numpy as np

from .. import bounds
from ..exact.moments import contraction_gap, contraction_gaps, risk_at
from ..exact.thresholds import step_limit
from ..model.method import Method
from ..sample.gaussian import simulate_blocks
from ..tuning.frontiers import critical_batch, frontier, halved
from ..tuning.long_run import tune
from . import agreement, spectra, style
from .bars import Learner
from .controls import BATCH, DECAY, DIM, KAPPA, SEED, SHAPES
from .curves import spaced
from .frame import Panel, Sample, View, new_figure, of_whole_spectra
from .labels import Plot
from .scenario import Slider
from .words import given, percent, three

SHARE = Slider("share", "η/max", 0.02, 0.98, 0.5, step=0.02,
               help="learning rate of the learning curve, as a share of the largest stable one")

GRID = {False: np.geomspace(1, 1e6, 13), True: np.geomspace(1, 1e6, 37)}
"""Batches at which SGD is tuned: while dragging, and at rest."""

SHARES = np.concatenate([np.geomspace(1e-3, 0.7, 30), 1 - np.geomspace(0.27, 1e-4, 25)])
"""Learning rates of a gap curve, as shares of the stability limit; dense towards 1, where the gap falls to 0."""

MOST_DRAWN = 40_000_000
"""Normals the simulation may draw: a second at most."""

BLUE = style.METHODS["sgd"].color
INK, ACCENT = style.MUTED, style.ACCENT


class SGDPanel(Panel):
    """Gap against learning rate, tuned gap against batch, and the learning curve at a chosen learning rate.

    About SGD alone, for which T1 holds: it shows no other family.
    """

    name = "sgd"
    title = "SGD and the critical batch"
    subplots = 3
    claims = True
    controls = (KAPPA, DECAY, BATCH, DIM, SHARE, SEED)
    own = ("kappa", "decay", "d")
    references = ("morwani2026", "ma2018")
    theory = ("SGD, exact", "at B/4", "at 4B", "η of T1", "best η", "η of the slider", "bounds of T1", "bounds of T1, lower",
              "tuned gap", "bend", "batch names", "critical batch", "expected")
    presets = SHAPES
    help = ("The gap is the share of the expected loss that a step removes in the long run. Left: it grows with the learning "
            "rate until just before the stability limit, then falls to nothing; paler lines are a quarter and four times the "
            "batch; the ring is the learning rate of the slider. Middle: the best gap at every batch lies between the two "
            "sides of theorem T1 and follows perfect scaling up to about tr/L; the ring is the batch where compute "
            "efficiency has halved. Right: the line is the exact expectation, dots the mean of simulated runs, shade "
            "where 80 % of the runs lie.")

    def figure(self):
        """Three subplots; traces in the order they are drawn."""
        f = new_figure()
        for name, dash in (("at B/4", "2px,3px"), ("at 4B", "10px,4px")):
            f.add_scatter(name=name, x=[], y=[], mode="lines", line={"color": BLUE, "width": 1.1, "dash": dash},
                          hovertemplate="gap %{y:.3~g} at η = %{x:.3~g}<extra>" + name + "</extra>")
        f.add_scatter(name="SGD, exact", x=[], y=[], mode="lines", line={"color": BLUE, "width": 2.5},
                      hovertemplate="gap %{y:.3~g} at η = %{x:.3~g}<extra>exact</extra>")
        f.add_scatter(name="stability limit", x=[], y=[], mode="lines", showlegend=False, hoverinfo="skip",
                      line={"color": INK, "width": 1, "dash": "dash"})
        style.names(f, "limit name")
        marks = (("η of T1", "diamond", 10, INK), ("best η", "star", 13, ACCENT), ("η of the slider", "circle-open", 13, BLUE))
        for name, symbol, size, color in marks:
            f.add_scatter(name=name, x=[], y=[], mode="markers",
                          marker={"symbol": symbol, "size": size, "color": color,
                                  "line": {"width": 2.5 if "open" in symbol else 0}},
                          hovertemplate="%{y:.3~g} at η = %{x:.3~g}<extra>" + name + "</extra>")
        second = {"xaxis": "x2", "yaxis": "y2"}
        f.add_scatter(name="perfect scaling", x=[], y=[], mode="lines", **second, hoverinfo="skip",
                      line={"color": INK, "width": 1.2, "dash": "10px,4px"})
        for name, side in (("bounds of T1", "at most"), ("bounds of T1, lower", "at least")):
            f.add_scatter(name=name, x=[], y=[], mode="lines", **second, showlegend=side == "at most",
                          line={"color": BLUE, "width": 1.4, "dash": "dot"}, legendgroup="T1",
                          hovertemplate=side + " %{y:.3~g} at B %{x:.3~r}<extra>T1</extra>")
        f.add_scatter(name="tuned gap", x=[], y=[], mode="lines", **second, showlegend=False,
                      line={"color": BLUE, "width": 2.5}, hovertemplate="gap %{y:.3~g} at B %{x:.3~r}<extra>tuned SGD</extra>")
        f.add_scatter(name="bend", x=[], y=[], mode="lines", **second, showlegend=False, hoverinfo="skip",
                      line={"color": ACCENT, "width": 1.2, "dash": "dot"})
        f.add_scatter(name="chosen batch", x=[], y=[], mode="lines", **second, showlegend=False, hoverinfo="skip",
                      line={"color": INK, "width": 1, "dash": "dash"})
        style.names(f, "batch names", 2)
        f.add_scatter(name="critical batch", x=[], y=[], mode="markers", **second,
                      marker={"symbol": "circle-open", "size": 14, "color": ACCENT, "line": {"width": 2.5}},
                      hovertemplate="CE has halved at B %{x:.3~r}<extra></extra>")
        third = {"xaxis": "x3", "yaxis": "y3", "showlegend": False}
        f.add_scatter(name="80 % of runs", x=[], y=[], mode="lines", **third, line={"width": 0}, fill="toself",
                      fillcolor=style.rgba(BLUE, 0.18), hoverinfo="skip")
        f.add_scatter(name="simulated", x=[], y=[], mode="markers", **third,
                      marker={"color": BLUE, "size": 7, "line": {"color": style.PAPER, "width": 1}},
                      hovertemplate="%{y:.3~g} after %{x} steps<extra>mean of runs</extra>")
        f.add_scatter(name="expected", x=[], y=[], mode="lines", **third, line={"color": BLUE, "width": 2.5},
                      hovertemplate="%{y:.3~g} after %{x} steps<extra>exact</extra>")
        f.update_layout(style.layout(
            height=470, legend={"orientation": "h", "x": 0, "y": 1.1, "yanchor": "bottom"},
            annotations=style.titles(3),
            xaxis=style.log_axis("learning rate η"), yaxis=style.log_axis("contraction gap"),
            xaxis2=style.log_axis("batch size B", anchor="y2"), yaxis2=style.log_axis("gap at the best η", anchor="x2"),
            xaxis3=style.log_axis("steps", anchor="y3"), yaxis3=style.log_axis("risk / risk at the start", anchor="x3")))
        f.update_layout(self.wide())
        return f

    def learning(self, scenario):
        """SGD at the slider's learning rate."""
        limit = step_limit(spectra.of(spectra.key(scenario)), scenario["batch"])
        return {"expected": Learner(Method.sgd(scenario["share"] * limit), scenario["batch"])}

    def exact(self, scenario, final=True):
        """Gap curves, the tuned gap with T1 about it, and the exact learning curve."""
        key, B, share = spectra.key(scenario), scenario["batch"], scenario["share"]
        H, f = spectra.of(key), _frontier(key, final)
        best, limit = _tuned(key, B), step_limit(H, B)
        lr = share * limit
        gap = contraction_gap(H, Method.sgd(lr), B)
        lower, upper = bounds.sgd_gap(H, B, "lower"), bounds.sgd_gap(H, B)
        curves = {b: (limit_b * SHARES, _gaps(key, b)) for b in (B / 4, B, 4 * B)
                  if b >= 1 for limit_b in [step_limit(H, b)]}
        low, high = bounds.sgd_gap(H, f.batches, "lower").value, bounds.sgd_gap(H, f.batches).value
        bend = bounds.bend(H, "sgd")
        critical = _critical_at_rest(key) if final else halved(f.batches, f.ce)
        times = spaced(7 / -np.log1p(-best.gap))
        risk = risk_at(H, Method.sgd(lr), B, times)
        ranges = _ranges(curves, f, high, times)
        foot = 10 ** ranges["yaxis"][0]
        on = np.array([1.0, min(1e6, 2 / f.gap[0])])
        traces = {
            "SGD, exact": _fallen(curves[B], foot), "at 4B": _fallen(curves[4 * B], foot),
            "at B/4": {**_fallen(curves.get(B / 4), foot), "visible": B / 4 in curves},
            "η of T1": _line([lower.method.delta], [contraction_gap(H, lower.method, B)]),
            "best η": _line([best.method.delta], [best.gap]), "η of the slider": _line([lr], [gap]),
            "perfect scaling": _line(on, f.gap[0] * on),
            "bounds of T1": _line(f.batches, high), "bounds of T1, lower": _line(f.batches, low),
            "tuned gap": _line(f.batches, f.gap),
            "critical batch": {**_line([critical], [_between(f, critical)]), "visible": critical < 1e6},
            "expected": _line(times[1:], risk[1:] / risk[0])}
        _uprights(traces, ranges, limit, bend, B)
        used = best.gap / (f.gap[0] * B)
        numbers = {"limit": limit, "best lr": best.method.delta, "best gap": best.gap, "gap": float(gap), "lr": lr,
                   "lower": lower.value, "upper": upper.value, "bend": float(bend), "critical": critical, "scaling": used}
        lamp = ("T1, upper side", upper.value < 1, "at this κ and B it allows a gap of 1, so it says nothing.")
        return View(traces, _sentence(scenario, numbers), ranges,
                    [f"Learning rates at <b>B = {B}</b>", "What a <b>batch</b> buys",
                     f"Learning curve, <b>η = {three(lr)}</b>"],
                    [lamp], numbers)

    def recipe(self, scenario):
        """Learning rates, gaps and batches of the sentence."""
        batch, share = scenario["batch"], scenario["share"]
        return f'''\
import mombook as mb

H = {spectra.code(spectra.key(scenario))}
limit, best = mb.step_limit(H, {batch}), mb.tune(H, "sgd", {batch})
print("largest stable lr", limit)
print("best lr", best.method.delta)
print("its gap", best.gap)
print("T1, at least", mb.bounds.sgd_gap(H, {batch}, "lower").value)
print("T1, at most", mb.bounds.sgd_gap(H, {batch}).value)
print("CE has halved at B =", mb.critical_batch(H, "sgd"))
print("gap at the chosen lr", mb.contraction_gap(H, mb.Method.sgd({share!r} * limit), {batch}))
'''

    @of_whole_spectra
    def sample(self, scenario):
        """Runs at the slider's learning rate, and how far their mean lies from theory."""
        key, B = spectra.key(scenario), scenario["batch"]
        H, d, rng = spectra.one_by_one(key), spectra.size(key), np.random.default_rng(scenario["seed"])
        method = Method.sgd(scenario["share"] * step_limit(spectra.of(key), B))
        times = spaced(7 / -np.log1p(-_tuned(key, B).gap), per_octave=2)[1:]
        steps = int(min(times[-1], 3000, MOST_DRAWN // (32 * d)))
        runs = int(np.clip(MOST_DRAWN // (steps * d), 32, 400))
        theory = yield from agreement.theory(key, H, method, B, times[times <= steps], 0.0)
        for progress in simulate_blocks(H, method, B, steps, runs, rng):
            risk = progress.risk[:progress.runs_done]
            if len(risk) < min(8, runs):
                yield Sample(progress.fraction, {})
                continue
            yield Sample(progress.fraction, theory.drawn(risk, "", "circle"), agreement.told(len(risk), [theory.held(risk)]))

    def blank(self, scenario):
        """No dots, no band."""
        return {"simulated": {"x": [], "y": []}, "80 % of runs": {"x": [], "y": []}}


# -- the numbers, remembered -------------------------------------------------------------------------------------------
@lru_cache(maxsize=128)
def _frontier(key, final):
    return frontier(spectra.of(key), ["sgd"], GRID[final])["sgd"]


@lru_cache(maxsize=256)
def _tuned(key, batch):
    return tune(spectra.of(key), "sgd", batch)


@lru_cache(maxsize=256)
def _gaps(key, batch):
    H = spectra.of(key)
    return contraction_gaps(H, SHARES * step_limit(H, batch), 0.0, 0.0, batch)


@lru_cache(maxsize=256)
def _critical_at_rest(key):
    return critical_batch(spectra.of(key), "sgd")


def _between(f, batch):
    return float(np.exp(np.interp(np.log(min(batch, 1e6)), np.log(f.batches), np.log(f.gap))))


def _fallen(curve, foot):
    """A gap curve drawn down to the foot of its axis at the stability limit, where the gap is 0."""
    if curve is None:
        return _line([], [])
    lr, gap = curve
    keep = gap > foot
    return _line(np.append(lr[keep], lr[-1]), np.append(gap[keep], foot))


def _uprights(traces, ranges, limit, bend, batch):
    """Add the upright lines and their names."""
    left, middle = (Plot(ranges[f"xaxis{k}"], ranges[f"yaxis{k}"], 3) for k in ("", 2))
    for name in ("SGD, exact", "at B/4", "at 4B"):
        left.curve(traces[name]["x"], traces[name]["y"])
    for name in ("η of T1", "best η", "η of the slider"):
        left.marks(**traces[name])
    for name in ("perfect scaling", "bounds of T1", "bounds of T1, lower", "tuned gap"):
        middle.curve(**traces[name])
    middle.marks(traces["critical batch"]["x"], traces["critical batch"]["y"])
    (traces["stability limit"],), traces["limit name"] = left.uprights([("limit", limit)])
    (traces["bend"], traces["chosen batch"]), traces["batch names"] = middle.uprights([("tr/L", bend), ("B", batch)])


def _line(x, y):
    return {"x": np.asarray(x, float), "y": np.asarray(y, float)}


def _sentence(scenario, n):
    """What is on screen, in words."""
    critical = f"{three(n['critical'])}" if n["critical"] < 1e12 else "more than a million"
    return (f"At B = {scenario['batch']} SGD reaches {percent(n['scaling'])} of perfect scaling; its compute efficiency has "
            f"halved at B = {critical}. {spectra.told(scenario)}: SGD is stable below η = {three(n['limit'])}; the best η, "
            f"{three(n['best lr'])}, has gap {three(n['best gap'])} (T1: between {three(n['lower'])} and {three(n['upper'])}). "
            f"tr/L = {three(n['bend'])}. At {given(scenario['share'])} of the limit the gap is {three(n['gap'])}.")


def _ranges(curves, f, high, times):
    """Axes in whole or half decades, so that they move seldom."""
    def halves(low, high):
        return [float(np.floor(2 * np.log10(low)) / 2), float(np.ceil(2 * np.log10(high)) / 2)]

    right, top = max(x[-1] for x, _ in curves.values()), max(y.max() for _, y in curves.values())
    left, foot = (min(v[k].max() for v in curves.values()) for k in (0, 1))
    return {"xaxis": halves(left / 60, right * 1.1), "yaxis": halves(foot / 60, top * 1.3), "xaxis2": [0, 6],
            "yaxis2": halves(f.gap[0] / 3, max(high.max(), f.gap.max()) * 1.5),
            "xaxis3": [0, np.log10(times[-1])], "yaxis3": [-4, 0.5]}
