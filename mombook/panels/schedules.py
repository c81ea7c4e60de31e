"""Which schedule wins at the same budget of samples, and by how much; one of them is the reader's own, drawn by its knots."""

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..exact import schedule
from ..exact.schedule import Schedule, diverges_at
from ..exact.schedule_stack import risk_curves
from ..model.method import Method
from ..model.spectrum import Spectrum
from ..study.schedule_ranking import KNOTS, QUICK, rank_schedules
from . import spectra, style
from .controls import BATCH, DECAY
from .frame import Panel, View, new_figure
from .scenario import Slider
from .words import given, three

NOISE = Slider("noise", "noise σ", 0.01, 10, 1, step=0.1, base=10, help="standard deviation of the label noise")
MEMORY = Slider("memory", "1−β", 0.02, 1, 1, step=0.05, base=10, help="1 − β of heavy ball; 1 is SGD")
STEPS = Slider("steps", "T", 32, 256, 256, step=0.25, base=2, whole=True,
               help="serial steps at batch B: the budget is T B samples")
HEIGHTS = [Slider(f"k{k}", f"knot {k}", 0.01, 10, 1, step=0.05, base=10, more=True,
                  help=f"your learning rate at knot {k} of {KNOTS}, over the best constant one") for k in range(1, KNOTS + 1)]

DIM = 200
"""Number of eigenvalues."""

SHORT = {
    "best": "best rate found", "constant": "constant", "average": "constant, averaged", "linear": "linear to zero",
    "cosine": "warmup, cosine", "stable": "warmup, hold, decay", "steps": "two cuts by ten", "inverse": "1/t",
    "ramp": "growing batch", "memory": "growing memory",
}
"""Name of a schedule -> what the sentence calls it."""

ROWS = {**SHORT, "average": "averaged", "linear": "linear", "cosine": "cosine", "stable": "hold, decay", "steps": "two cuts"}
"""Name of a schedule -> its label in the ranking."""

OTHERS = ("average", "ramp", "memory")
"""Usual schedules that move something else than the learning rate."""

LOWEST, HIGHEST = 0.01, 10.0
"""Learning rates that are drawn, in units of the best constant one."""

LEFT, FAR = 0.4, 8.0
"""Left end of the ranking, and where it stops to tell risks apart."""

WIDE = 25.0
"""Right end of the ranking: names stand to the right of their marks."""

TURNED = 4.0
"""From this ratio on, to the left of them."""

TOP = 2.0
"""Top of the plot of risks, as a share of the start."""

BLUE = style.METHODS["sgd"].color
CURVES = {"constant": (style.MUTED, 1.5, "dot"), "averaged": (style.MUTED, 1.5, "8px,4px"),
          "best usual rate": (BLUE, 2.5, "solid"), "best rate found": (style.INK, 2.5, "solid"),
          "yours": (style.ACCENT, 3, "solid")}
"""Curve -> its colour, width and dash."""


class SchedulesPanel(Panel):
    """The learning rate over the run, the exact risk over the run, and the final risks of ten schedules beside one another.

    About one method, SGD or heavy ball, and many schedules: it shows no other family.
    """

    name = "schedules"
    title = "Which schedule wins?"
    subplots = 3
    controls = (NOISE, MEMORY, STEPS, replace(DECAY, more=True), replace(BATCH, more=True), *HEIGHTS)
    own = ("decay",)
    relative = True
    handles = MappingProxyType({"your knots": (None, [h.name for h in HEIGHTS])})
    references = ("meterez2025", "wu2022", "bordelon2026", "defazio2023")
    theory = ("best rate found", "best rate found: risk", "best usual rate", "best usual rate: risk", "averaged: risk",
              "usual ones", "best usual row", "best found row")
    presets = MappingProxyType({
        "much noise": {"noise": 2, "memory": 1}, "little noise": {"noise": 0.05, "memory": 1},
        "momentum 0.9": {"noise": 1, "memory": 0.1},
        "draw: linear": dict(zip((h.name for h in HEIGHTS), (3, 2.85, 2.44, 1.83, 1.17, 0.56, 0.15, 0.02), strict=True)),
        "draw: hold, then drop": dict(zip((h.name for h in HEIGHTS), (2, 2, 2, 2, 2, 1, 0.25, 0.06), strict=True))})
    help = (f"Least squares, eigenvalues i^−decay, {DIM} of them, or your own; all schedules use the same T B samples. Left: "
            "the learning rate (with momentum, its long-run step) in units of the best constant one; the orange curve is "
            "yours, through its knots. Middle: exact expected risk. Right: what is left at the end, over the risk of the best "
            "learning-rate schedule that Newton's method finds through the same knots; every other stands at its own best step "
            "size.")

    @property
    def searches(self):
        """Put the knots where the best schedule has them."""
        return {"draw the best one": _drawn_best}

    def figure(self):
        """Three subplots; traces in the order they are drawn."""
        f, second = new_figure(), {"xaxis": "x2", "yaxis": "y2"}
        for name, (color, width, dash) in CURVES.items():
            line = {"color": color, "width": width, "dash": dash}
            if name != "averaged":
                f.add_scatter(name=name, x=[], y=[], mode="lines", line=line, legendgroup=name,
                              hovertemplate="%{y:.3~g} after %{x:.3~r} samples<extra>" + name + "</extra>")
            f.add_scatter(name=f"{name}: risk", x=[], y=[], mode="lines", line=line, legendgroup=name, **second,
                          showlegend=name == "averaged",
                          hovertemplate="%{y:.3~g} after %{x:.3~r} samples<extra>" + name + "</extra>")
        f.add_scatter(name="your knots", x=[], y=[], mode="markers", showlegend=False,
                      marker={"color": style.ACCENT, "size": 12, "line": {"color": style.PAPER, "width": 2}},
                      hovertemplate="%{y:.3~g} after %{x:.3~r} samples<extra>your knot</extra>")
        third = {"xaxis": "x3", "yaxis": "y3", "showlegend": False, "mode": "markers+text"}
        for name, color in (("usual ones", style.MUTED), ("best usual row", BLUE), ("best found row", style.INK),
                            ("your row", style.ACCENT)):
            f.add_scatter(name=name, x=[], y=[], text=[], textposition=[], **third,
                          textfont={"color": style.MUTED if name == "usual ones" else style.INK},
                          marker={"color": color, "size": 9}, hovertemplate="%{x:.3~r} times the risk<extra>%{text}</extra>")
        f.add_scatter(name="as good", x=[], y=[], xaxis="x3", yaxis="y3", showlegend=False, mode="lines", hoverinfo="skip",
                      line={"color": style.INK, "width": 1, "dash": "dot"})
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"}, annotations=style.titles(3),
            xaxis=style.axis("samples", autorange=False), yaxis=style.log_axis("learning rate / best constant one"),
            xaxis2=style.axis("samples", anchor="y2", autorange=False),
            yaxis2=style.log_axis("risk / risk at the start", anchor="x2"),
            xaxis3=style.axis("risk / best rate's risk", anchor="y3", type="log", autorange=False,
                              tickvals=[0.5, 1, 2, 4, 8]),
            yaxis3=style.axis("", anchor="x3", autorange=False, showticklabels=False, ticks="", showgrid=False)))
        f.update_layout(self.wide())
        return f

    def spectrum(self, scenario):
        """The plain power law, unless there is one of the reader's own."""
        return scenario.get("spectrum") or (None, scenario["decay"], DIM)

    def exact(self, scenario, final=True):
        """Every schedule at its best step; the reader's own, in units of the best constant one."""
        core = _core(scenario)
        noise, _, T, key, B = core
        H, (ranked, curves) = _spectrum(key, final), _ranked(*core, final)
        heights = np.array([scenario[h.name] for h in HEIGHTS])
        own = _own(ranked["constant"].schedule, heights)
        curve = risk_curves(H, [own], noise)[0]
        best, total = ranked["best"].risk, float(B * T)
        ratios = {name: each.risk / best for name, each in ranked.items() if name != "best"}
        rates = min((name for name in ratios if name not in OTHERS), key=ratios.get)
        traces, unit = {}, _long_run(ranked["constant"].schedule)[0]
        for name, key in (("constant", "constant"), ("best usual rate", rates), ("best rate found", "best")):
            traces[name] = _drawn(_long_run(ranked[key].schedule) / unit, ranked[key].schedule)
            traces[f"{name}: risk"] = _risks(curves[key], ranked[key].schedule)
        traces["averaged: risk"] = _risks(curves["average"], ranked["average"].schedule)
        traces["yours"], traces["yours: risk"] = _drawn(_long_run(own) / unit, own), _risks(curve, own)
        at = np.rint(schedule.knot_times(KNOTS) * (T - 1))
        traces["your knots"] = {"x": B * at, "y": heights}
        last, low = float(curve[-1] / best), _foot(ranked, H)
        traces |= _rows(ratios, rates, last, diverges_at(curve, noise))
        count = len(ratios) + 2
        numbers = {"ratios": ratios, "yours": last, "diverges": diverges_at(curve, noise),
                   "best": best, "steps": {name: float(_long_run(each.schedule).max()) for name, each in ranked.items()}}
        ranges = {"xaxis": [-0.03 * total, 1.03 * total], "xaxis2": [0, total], 
                  "yaxis": [np.log10(LOWEST) - 0.1, np.log10(HIGHEST) + 0.1],
                  "yaxis2": [low, np.log10(TOP)], "xaxis3": [np.log10(LEFT), np.log10(WIDE)], "yaxis3": [0.3, count + 0.7]}
        return View(traces, _sentence(numbers), ranges,
                    ["Drag the <b>learning rate</b>", "The <b>risk</b> so far", f"What <b>{given(total)} samples</b> leave"],
                    numbers=numbers)

    def recipe(self, scenario):
        """Every schedule's final risk."""
        noise, memory, T, key, B = _core(scenario)
        own = isinstance(key, str)
        H = spectra.code(key, BINS[True]) if own else f"mb.Spectrum.power_law({DIM}, {key!r}).compressed({BINS[True]})"
        heights = [scenario[h.name] for h in HEIGHTS]
        return f'''\
import mombook as mb
from mombook.exact.schedule_stack import risk_curves
from mombook.study.schedule_ranking import rank_schedules

H = {H}
found = rank_schedules(H, mb.Method.ema(1.0, {1 - memory!r}), {B}, {T}, noise={noise!r})   # SGD where beta is 0
best = found.pop("best").risk
for name, each in found.items():
    print(name, each.risk / best)                      # each at its own best step, over the best schedule found
own = mb.Schedule.of(found["constant"].schedule.method(0), {B}, mb.schedule.through({T}, {heights!r}))
print("yours", risk_curves(H, [own], {noise!r})[0][-1] / best)
'''


BINS = {False: 1, True: 2}
"""Bins an octave of the spectrum, while dragging and at rest."""


# -- the numbers, remembered -------------------------------------------------------------------------------------------
def _core(scenario):
    """What the schedules depend on; the spectrum by its decay, or as the text of the reader's own."""
    key = scenario["spectrum"] if "spectrum" in scenario else scenario["decay"]
    return scenario["noise"], scenario["memory"], scenario["steps"], key, scenario["batch"]


@lru_cache(maxsize=128)
def _spectrum(key, final):
    return (spectra.whole(key) if isinstance(key, str) else Spectrum.power_law(DIM, key)).compressed(BINS[final])


@lru_cache(maxsize=256)
def _ranked(noise, memory, steps, key, batch, final):
    """Every schedule, and its exact curve."""
    H = _spectrum(key, final)
    options = {} if final else {"rounds": QUICK}
    ranked = rank_schedules(H, Method.ema(1.0, 1 - memory), batch, steps, noise, **options)
    found = risk_curves(H, [each.schedule for each in ranked.values()], noise, tails=[each.tail for each in ranked.values()])
    return ranked, dict(zip(ranked, found, strict=True))


def _own(constant, heights):
    """The reader's schedule: the best constant one times the curve through the knots."""
    f = schedule.through(constant.steps, heights)
    return Schedule(constant.delta * f, constant.eta * f, constant.beta, constant.batch)


def _drawn_best(scenario):
    """Where the knots of the best schedule are, as far as the sliders reach."""
    ranked, _ = _ranked(*_core(scenario), True)
    heights = ranked["best"].knots / _long_run(ranked["constant"].schedule)[0]
    return {h.name: h.value(float(np.clip(y, h.low, h.high))) for h, y in zip(HEIGHTS, heights, strict=True)}


def _long_run(plan):
    """The long-run step at every step of a schedule."""
    return plan.delta + plan.eta / (1 - plan.beta)


def _drawn(values, plan):
    """The values at every step, or before and after every step, over the samples used by then."""
    used = np.concatenate([[0.0], np.cumsum(plan.batch)])[:values.size]
    return {"x": used[np.isfinite(values)], "y": values[np.isfinite(values)]}


def _risks(curve, plan):
    """A learning curve as a share of its start, as long as it is in the picture."""
    share = curve / curve[0]
    return _drawn(np.where(share <= TOP, share, np.nan), plan)


def _foot(ranked, H):
    """Lower end of the plot of risks, in half decades."""
    return float(np.floor(2 * np.log10(min(each.risk for each in ranked.values()) / (H.trace / 2)) - 0.2) / 2)


def _rows(ratios, rates, last, diverged):
    """The ranking: one row for each schedule, the best at the top."""
    every = {**ratios, "best": 1.0, "yours": last}
    order = sorted(every, key=every.get)
    place = {name: len(order) - k for k, name in enumerate(order)}

    def row(names):
        values = np.array([every[name] for name in names])
        words = [ROWS.get(name, name) for name in names]
        texts = [f"{word}, diverges" if name == "yours" and diverged is not None else f"{word} {three(v)}"
                 for name, word, v in zip(names, words, values, strict=True)]
        return {"x": np.clip(values, LEFT, FAR), "y": [place[name] for name in names], "text": [f" {text} " for text in texts],
                "textposition": ["middle left" if v > TURNED else "middle right" for v in values]}

    return {"usual ones": row([name for name in order if name in ratios and name != rates]), "best usual row": row([rates]),
            "best found row": row(["best"]), "your row": row(["yours"]),
            "as good": {"x": [1, 1], "y": [0.3, len(order) + 0.7]}}


def _sentence(n):
    """Who wins, and where the reader stands."""
    winner = min(n["ratios"], key=n["ratios"].get)
    word, ratio = SHORT[winner], three(n["ratios"][winner])
    own = (f"yours diverges from step {given(n['diverges'])} on" if n["diverges"] is not None
           else f"yours leaves {three(n['yours'])} times")
    return (f"Of the usual schedules, “{word}” leaves the least risk, {ratio} times that of the best learning-rate "
            f"schedule found; {own}.")
