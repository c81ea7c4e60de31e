"""The scaling ruler: a quantity along an axis on log-log paper, its exponent with an interval, and theory's exponents."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..model.family import FAMILIES
from ..study.scaling import FEWEST, LAWS, QUANTITIES, candidates, fit_exponent, local_exponents, measure, spectrum_of
from ..tuning.frontiers import frontier, halved
from . import style
from .controls import BATCH, DECAY, DIM, KAPPA, Family
from .frame import Panel, View, new_figure
from .labels import ABOVE_OR_BELOW, Plot
from .scenario import Choice, Slider
from .words import given, three

AXES = {"kappa": ("κ", 1.0, 1e6), "batch": ("batch size B", 1.0, 65536.0), "d": ("dimension d", 2.0, 1e6),
        "decay": ("decay", 0.1, 3.0)}
"""What can be swept: its name on the axis, and the ends it can be swept between."""

SAYS = {"steps": "steps per e-fold of {}", "ce": "compute efficiency of {}, e-folds per sample",
        "critical": "critical batch of {}", "window": "heavy ball's critical batch over SGD's",
        "advantage": "ASGD's compute efficiency over heavy ball's"}

SWEEP = Choice("axis", "along", tuple(AXES), "kappa", {k: v[0] for k, v in AXES.items()}, help="what is swept")
QUANTITY = Choice("quantity", "measure", QUANTITIES, "window", {
    "steps": "steps per e-fold", "ce": "compute efficiency", "critical": "critical batch", "window": "window: HB over SGD",
    "advantage": "advantage: ASGD over HB"}, help="what is measured, at tuned parameters")
METHOD = Family("method", "of", "sgd",
                help="whose steps, efficiency or critical batch; window and advantage are about two methods already")
LAW = Choice("law", "spectrum", LAWS, "two levels", {k: k.replace("-", "−") for k in LAWS},
             help="power law: κ, decay and d are free; i^−decay: κ = d^decay; two levels: half of d on top; geometric")
FROM = Slider("low", "from", 0.1, 1e6, 10, step=0.5, base=10, help="lower end of the sweep, kept inside the axis")
TO = Slider("high", "to", 0.1, 1e6, 1e6, step=0.5, base=10, help="upper end of the sweep, kept inside the axis")

PER_DECADE = (2, 4, 8, 16, 32, 64)
"""Grids of points; each contains the one before, so that what has been measured is not measured again."""

NO_BATCH = ("critical", "window")
"""Quantities that do not depend on the batch."""

DEAR = (*NO_BATCH, "advantage")
"""Quantities of which one point takes ten milliseconds or more: fewer points are measured."""

DRAFT = 10.0 ** np.arange(0, 10.5, 0.5)
"""Batches from which a critical batch is read off while a control is dragged."""

NEAR = 0.1
"""An end of the range is in a regime if the exponent there is this near to its."""

BLUE, RED, MOST = style.METHODS["sgd"].color, style.METHODS["heavy_ball"].color, 3


class RulerPanel(Panel):
    """Points from the engine, the line through their upper half, theory's slopes, and the exponent step by step."""

    name = "ruler"
    claims = True
    title = "Scaling ruler"
    subplots = 2
    controls = (KAPPA, DECAY, BATCH, DIM, QUANTITY, METHOD, SWEEP, LAW, FROM, TO)
    presets = MappingProxyType({
        "window against κ": {"quantity": "window", "axis": "kappa", "law": "two levels", "d": 200, "low": 10, "high": 1e6},
        "the same, power law": {"quantity": "window", "axis": "kappa", "law": "power law", "decay": 0.5, "d": 200, "low": 10,
                                "high": 1e6},
        "SGD against B": {"quantity": "steps", "method": "sgd", "axis": "batch", "law": "two levels", "kappa": 1000, "d": 200,
                          "low": 1, "high": 65536},
        "ASGD's lead against d": {"quantity": "advantage", "axis": "d", "law": "i^-decay", "decay": 1.5, "batch": 1,
                                  "low": 10, "high": 1e6},
        "cannot tell yet": {"quantity": "advantage", "axis": "d", "law": "i^-decay", "decay": 1.5, "batch": 1, "low": 10,
                            "high": 316}})
    references = ("morwani2026", "liu2020")
    theory = (*(f"theory {k}" for k in range(MOST)), *(f"theory {k} (right)" for k in range(MOST)), "theory names")
    help = ("Left: dots are exact values at tuned parameters; the solid line is fitted to the upper half of them; dashed lines "
            "have the slopes theory speaks of. Right: the slope between neighbouring dots; the shade is the exponent's "
            "interval, dashed lines are theory's exponents. The points carry no noise, so what a straight line leaves over is "
            "curvature. The interval therefore allows the slope to move on by up to twice as much as it moved from the lower "
            "half to the upper; regression error is added. It covers the limit if a third of the distance to it goes from "
            "one half to the next.")

    def figure(self):
        """Two subplots; traces in the order they are drawn."""
        f = new_figure()
        second = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
        f.add_scatter(name="interval", x=[], y=[], mode="lines", fill="toself", line={"width": 0}, hoverinfo="skip",
                      fillcolor=style.rgba(RED, 0.2), **second)
        for k in range(MOST):
            line = {"color": style.MUTED, "width": 1.8, "dash": ("dash", "dot", "dashdot")[k]}
            f.add_scatter(name=f"theory {k}", x=[], y=[], mode="lines", line=line, showlegend=False, hoverinfo="skip")
            f.add_scatter(name=f"theory {k} (right)", x=[], y=[], mode="lines", line=line, hoverinfo="skip", **second)
        f.add_scatter(name="fitted line", x=[], y=[], mode="lines", line={"color": RED, "width": 2.5}, hoverinfo="skip")
        f.add_scatter(name="points", x=[], y=[], mode="markers", marker={"color": BLUE, "size": 8},
                      hovertemplate="%{y:.3~g} at %{x:.3~r}<extra>exact</extra>")
        f.add_scatter(name="local exponent", x=[], y=[], mode="lines+markers", marker={"color": BLUE, "size": 7},
                      line={"color": BLUE, "width": 1}, hovertemplate="%{y:.3f} near %{x:.3~r}<extra>local exponent</extra>",
                      **second)
        style.names(f, "theory names", 2)
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"},
            annotations=style.titles(2),
            xaxis=style.log_axis(""), yaxis=style.log_axis("measured"), xaxis2=style.log_axis("", anchor="y2"),
            yaxis2=style.axis("exponent", anchor="x2", autorange=False)))
        f.update_layout(self.wide())
        return f

    def exact(self, scenario, final=True):
        """Points, fit and verdict; while dragging, from FEWEST of the points, critical batches read off a coarse curve."""
        x, y, widened = _swept(scenario, final)
        theory = candidates(*(scenario[k] for k in ("quantity", "method", "axis", "law", "decay")))
        ends = [np.log10(v) for v in _ends(scenario)[:2]]
        named = list(theory.items())[:MOST]
        traces = {name: {"visible": False} for name in ("interval", "fitted line", "points", "local exponent", *self.theory)}
        numbers = {"x": x, "y": y, "candidates": theory}
        levels, span, found = [v for _, v in named] + [0.0, 0.5], [0.0, 1.0], None
        at, slope = local_exponents(x, y) if x.size >= 2 else ([], [])
        if x.size >= 2:
            traces["points"] = {"x": x, "y": y, "visible": True}
            traces["local exponent"] = {"x": at, "y": slope, "visible": True}
            levels = [v for _, v in named] + list(slope)
            span = [float(np.log10(y.min())), float(np.log10(y.max()))]
        if x.size >= FEWEST:
            found = fit_exponent(x, y)
            numbers |= {"value": found.value, "low": found.low, "high": found.high, "early": found.early,
                        "error": found.error, "held": [what for what, power in theory.items() if found.holds(power)]}
            traces |= _fitted(found, x, y, at, slope, [power for _, power in named], scenario["axis"])
            levels += [found.low, found.high]
        # what a reader sees must not hang on one wild interval
        low, high = max(min(levels), -3.0), min(max(levels), 3.0)
        pad = max(0.12 * (high - low), 0.05)
        ranges = {"xaxis": _padded(ends), "xaxis2": _padded(ends), "yaxis": _padded(span, 0.15),
                  "yaxis2": [low - pad, high + pad]}
        right = Plot(ranges["xaxis2"], ranges["yaxis2"], 2, log=(True, False))
        if x.size >= 2:
            right.curve(at, slope)
            right.marks(at, slope)
        traces |= _levels(right, named, ends)
        titles = [f"<b>{_called(scenario)}</b> against {AXES[scenario['axis']][0]}", "<b>Its exponent</b>, from point to point"]
        return View(traces, _sentence(scenario, numbers, found, widened), ranges, titles, numbers=numbers)


def points(scenario):
    """Where a scenario measures: on the coarsest grid that gives nine points (seven where they are dear), and whether the
    ends had to be ignored because they left less than a factor of four of the axis."""
    low, high, widened = _ends(scenario)
    fewest = 7 if scenario["quantity"] in DEAR else 9
    for per in PER_DECADE:
        k = np.arange(np.ceil(np.log10(low) * per - 1e-6), np.log10(high) * per + 1e-6)
        x = 10 ** (k / per)
        if scenario["axis"] == "d":
            x = np.unique(np.rint(x))
        if scenario["axis"] == "kappa" and scenario["law"] == "i^-decay":
            d = np.unique(np.rint(x ** (1 / scenario["decay"])))
            x = d[(d >= 2) & (d <= AXES["d"][2])] ** scenario["decay"]
        if x.size >= fewest:
            break
    return x, widened


def _ends(scenario):
    name, (_, least, most) = scenario["axis"], AXES[scenario["axis"]]
    low, high = max(scenario["low"], least), min(scenario["high"], most)
    if name == "kappa":
        low = max(low, 1.5)                                             # at kappa = 1 there is nothing to tell apart
    return (low, high, False) if high >= 4 * low * (1 - 1e-9) else (max(least, 1.5) if name == "kappa" else least, most, True)


def _swept(scenario, final):
    """Points, the quantity there, and whether the ends had to be ignored; while dragging, at FEWEST of the points."""
    x, widened = points(scenario)
    along = scenario["axis"] == "batch" and scenario["quantity"] not in NO_BATCH       # all of them at once
    x = x if final or along else x[np.unique(np.linspace(0, x.size - 1, FEWEST).round().astype(int))]
    y = _measured(scenario, x, final)
    return x[np.isfinite(y)], y[np.isfinite(y)], widened


def _measured(scenario, x, final):
    """The quantity at every point."""
    asked = [_key(scenario, v) for v in x]
    if scenario["axis"] == "batch" and scenario["quantity"] not in NO_BATCH and asked:
        return np.array(_along_batches(*asked[0][:-1], tuple(x)))
    return np.array([_point(*key, final) for key in asked])


def _key(scenario, value):
    """Everything a point depends on: quantity, family and its entry, law, kappa, decay, d, batch."""
    s = {**scenario, scenario["axis"]: value}
    quantity, law, decay = s["quantity"], s["law"], float(s["decay"])
    d = round(value ** (1 / decay)) if scenario["axis"] == "kappa" and law == "i^-decay" else round(s["d"])
    name = "sgd" if quantity in ("window", "advantage") else s["method"]
    return (quantity, name, FAMILIES[name], law,
            1.0 if law == "i^-decay" else float(s["kappa"]), decay if law in ("power law", "i^-decay") else 1.0, d,
            1.0 if quantity in NO_BATCH else float(s["batch"]))


_spectrum = lru_cache(maxsize=256)(spectrum_of)


@lru_cache(maxsize=4096)
def _point(quantity, name, family, law, kappa, decay, d, batch, final):
    """One point (``family`` is the entry of ``name``: under the same name there may be another one tomorrow)."""
    H = _spectrum(law, kappa, decay, d)
    if final or quantity not in NO_BATCH:
        return float(measure(quantity, H, name, [batch])[0])
    curves = frontier(H, ["sgd", "heavy_ball"] if quantity == "window" else [name], DRAFT, precision=1e-3)
    found = [halved(f.batches, f.ce) for f in curves.values()]
    return found[-1] / (found[0] if quantity == "window" else 1.0)


@lru_cache(maxsize=256)
def _along_batches(quantity, name, family, law, kappa, decay, d, batches):
    return measure(quantity, _spectrum(law, kappa, decay, d), name, batches)


# -- traces -----------------------------------------------------------------------------------------------------------
def _fitted(found, x, y, at, slope, powers, axis):
    """The fitted line and its interval, over the half that it is fitted to; and theory's slopes through the middle of that."""
    late = x[x.size // 2:]
    middle, left = np.sqrt(late[0] * late[-1]), np.geomspace(x[0], x[-1], 33)
    band = [found.low, found.low, found.high, found.high]
    traces = {"fitted line": {"x": x, "y": found.scale * x**found.value, "visible": True},
              "interval": {"x": [late[0], late[-1], late[-1], late[0]], "y": band, "visible": True}}
    for k, power in enumerate(powers):
        through, level = middle, found.scale * middle**found.value
        near = int(np.argmin(np.abs(slope - power)))
        if axis == "batch" and abs(slope[near] - power) < NEAR:         # regimes: each where it rules
            through, level = at[near], np.sqrt(y[near] * y[near + 1])
        traces[f"theory {k}"] = {"x": left, "y": level * (left / through) ** power, "visible": True}
    return traces


def _levels(plot, named, ends):
    """Theory's exponents on the right, from end to end, and their names."""
    traces, lines = {}, []
    for k, (what, power) in enumerate(named):
        level = {"x": [10 ** ends[0], 10 ** ends[1]], "y": [power] * 2}
        traces[f"theory {k} (right)"] = {**level, "visible": True}
        lines.append((f"{what}: {three(power)}", plot.curve(**level)))
    return traces | {"theory names": {**plot.names(lines, ABOVE_OR_BELOW), "visible": True}}


# -- words ------------------------------------------------------------------------------------------------------------
def _padded(span, share=0.04):
    pad = max(share * (span[1] - span[0]), 0.05)
    return [float(span[0] - pad), float(span[1] + pad)]


def _called(scenario):
    said = SAYS[scenario["quantity"]].format(style.METHODS[scenario["method"]].word)
    return said[0].upper() + said[1:]


def _fixed(scenario):
    """What is held, in words."""
    law, axis = scenario["law"], scenario["axis"]
    parts = {"law": {"power law": "power law", "i^-decay": "eigenvalues i^−decay", "two levels": "two levels",
                     "geometric": "geometric spectrum"}[law]}
    if law in ("power law", "i^-decay") and axis != "decay":
        parts["decay"] = f"decay {given(scenario['decay'])}"
    if axis != "kappa" and law != "i^-decay":
        parts["kappa"] = f"κ = {given(scenario['kappa'])}"
    if axis != "d" and not (axis == "kappa" and law == "i^-decay"):
        parts["d"] = f"d = {scenario['d']}"
    if axis != "batch" and scenario["quantity"] not in NO_BATCH:
        parts["batch"] = f"B = {scenario['batch']}"
    return ", ".join(parts.values())


def _end(x):
    return given(x) if abs(x - round(x)) < 1e-9 * x else three(x)


def _sentence(scenario, numbers, found, widened):
    low, high, _ = _ends(scenario)
    axis = AXES[scenario["axis"]][0]
    swept = f"{_called(scenario)} against {axis} from {_end(low)} to {_end(high)} ({_fixed(scenario)}): "
    tail = " The two ends leave less than a factor of four of this axis, so all of it is swept." if widened else ""
    if found is None:
        return f"{swept}only {numbers['x'].size} points can be measured here; the ruler needs {FEWEST}.{tail}"
    verdict, advice = _verdict(scenario, found, numbers)
    return (f"Exponent {three(found.value)}: {verdict}. {swept}interval {three(found.low)} to {three(found.high)} (it "
            f"moved by {three(abs(found.drift))} from the lower half of the points to the upper).{advice}{tail}")


def _verdict(scenario, found, numbers):
    """What the exponent says of theory's; and where that is not enough what to do, a sentence with a space before it."""
    theory = numbers["candidates"]
    said = {what: f"{what} ({three(power)})" for what, power in theory.items()}
    held = [said[k] for k, power in theory.items() if found.holds(power)]
    out = [said[k] for k, power in theory.items() if not found.holds(power)]
    if not theory:
        flat = scenario["axis"] == "batch" and scenario["quantity"] in NO_BATCH
        return "it does not depend on B" if flat else "this book has no exponent to set beside it", ""
    ends = local_exponents(numbers["x"], numbers["y"])[1][[0, -1]]
    regimes = [min(theory, key=lambda what: abs(theory[what] - end)) for end in ends]
    inside = all(abs(theory[what] - end) < NEAR for what, end in zip(regimes, ends, strict=True))
    if scenario["axis"] == "batch" and inside and regimes[0] != regimes[1]:
        return (f"not one power, but {said[regimes[0]]} at the lower end and {said[regimes[1]]} at the upper",
                " Move both ends to one side of the bend.")
    if found.verdict(theory.values()) == "cannot tell yet":
        return f"cannot tell yet, since the interval covers {' and '.join(held)}", _advice(scenario, found)
    if held:
        return f"consistent with {held[0]}" + (f", excludes {' and '.join(out)}" if out else ""), ""
    return f"excludes {' and '.join(out)}, so between the regimes or not yet in one", _advice(scenario, found)


def _advice(scenario, found):
    """How to decide: what the interval is made of says what would shrink it."""
    name, (_, _, most) = AXES[scenario["axis"]][0], AXES[scenario["axis"]]
    if 2 * abs(found.drift) < found.error:
        return " Most of the interval is what a straight line leaves over: the range holds a bend, so move it to one side."
    if scenario["high"] < most:
        return f" Most of the interval is drift: raise the upper end, since drift fades towards large {name}."
    return " Most of the interval is drift: raise the lower end, to leave the transient out."
