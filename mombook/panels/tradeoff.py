"""The paper in one figure: what a batch buys, for every tuned method, with one batch looked at closely."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from .. import bounds
from ..model.family import FAMILIES
from ..sample.gaussian import simulate_blocks
from ..tuning.frontiers import critical_batches, frontier, halved, read_off
from . import agreement, spectra, style, yours
from .bars import Learner
from .controls import BATCH, DECAY, DIM, KAPPA, METHOD, SEED, SHAPES, SINGLE, Families
from .curves import FILLED, expected, single_runs, spaced
from .frame import Panel, Sample, View, new_figure, of_whole_spectra
from .words import fewer, three
from .yours import OWN
from .yours import looks as _looks
from .yours import shown as _shown

GRID = {False: 10.0 ** np.array([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6]), True: np.geomspace(1, 1e6, 25)}
"""Batches at which the frontiers are tuned: while dragging, and at rest."""

PRECISION = {False: 1e-5, True: 1e-9}
"""How far the tuning is driven."""

BOUNDS = {"sgd": bounds.sgd_gap, "heavy_ball": bounds.heavy_ball_gap, "asgd": bounds.two_buffer_gap}
"""The upper bound that is drawn beside a family, where there is one."""

LOWEST, HIGHEST = 1e-4, 2.0
"""Foot and top of the plot of learning curves."""

PARTS = {"": ("xaxis", "yaxis"), ": CE": ("xaxis2", "yaxis2"), ": expected": ("xaxis3", "yaxis3")}
"""The exact curves of every method, and on which axes they are."""

RUNS = (": simulated", ": 80 % of runs", ": median run", ": largest run")
"""What is drawn of its runs."""

MOST_DRAWN = 40_000_000
"""Normals a method's simulation may draw: half a second to a second each."""


class TradeoffPanel(Panel):
    """Serial runtime against compute, compute efficiency against batch, and learning curves at the chosen batch."""

    name = "tradeoff"
    title = "What a batch buys"
    subplots = 3
    controls = (KAPPA, DECAY, BATCH, replace(DIM, more=True), Families(more=True), SEED, SINGLE, METHOD)
    own = ("kappa", "decay", "d")
    references = ("morwani2026", "garg2026")
    presets = SHAPES
    help = ("Left: down is faster, left is cheaper; a point is a method tuned at one batch, from batch 1 at the top. "
            "Middle: flat is perfect scaling; dotted lines are proved upper bounds, diamonds the measured critical batch. "
            "Right: lines are exact expectations, dots the mean of simulated runs, shade where 80 % of the runs lie. A dot is "
            "hollow where its exact standard error is above 15 % of the line: runs too rare to be among these carry the mean. "
            "A method of your own, behind “more”, is drawn as it is, or tuned where it leaves lr and beta open. " + FILLED)

    @property
    def theory(self):
        """Everything but SGD's curves and the runs, for every family there is."""
        return (*(f"{look.word}{part}" for key, look in _looks().items() if key != "sgd"
                  for part in ("", ": bound", ": CE", ": expected") if part != ": bound" or key in BOUNDS),
                "chosen batch", "critical batch")

    def figure(self):
        """Three subplots side by side; traces in the order they are drawn."""
        f = new_figure()
        for key, look in _looks().items():
            line = {"color": look.color, "width": 2.5, "dash": look.dash}
            mark = {"color": look.color, "symbol": look.marker, "size": 6}
            f.add_scatter(name=look.word, x=[], y=[], mode="lines+markers", line=line, marker=mark, legendgroup=key,
                          hovertemplate="B %{customdata}<br>%{x:.3~r} samples, %{y:.3~r} steps<extra>" + look.word + "</extra>")
        for key, look in _looks().items():
            line = {"color": look.color, "width": 2.5, "dash": look.dash}
            if key in BOUNDS:
                f.add_scatter(name=f"{look.word}: bound", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2",
                              line={"color": look.color, "width": 1.2, "dash": "dot"}, showlegend=False,
                              hovertemplate="at most %{y:.3~g} at B %{x:.3~r}<extra>bound, " + look.word + "</extra>")
            f.add_scatter(name=f"{look.word}: CE", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", line=line,
                          showlegend=False, hovertemplate="%{y:.3~g} at B %{x:.3~r}<extra>" + look.word + "</extra>")
        for look in _looks().values():
            f.add_scatter(name=f"{look.word}: 80 % of runs", x=[], y=[], mode="lines", xaxis="x3", yaxis="y3",
                          line={"width": 0}, fill="toself", fillcolor=style.rgba(look.color, 0.18), showlegend=False,
                          hoverinfo="skip")
            f.add_scatter(name=f"{look.word}: simulated", x=[], y=[], mode="markers", xaxis="x3", yaxis="y3",
                          marker={"color": look.color, "symbol": look.marker, "size": 7,
                                  "line": {"color": style.PAPER, "width": 1}}, showlegend=False,
                          hovertemplate="%{y:.3~g} after %{x} steps<extra>mean of runs, " + look.word + "</extra>")
            for part, dash, told in (("median run", "dot", "median of the runs"),
                                     ("largest run", "solid", "the run that rose furthest above the line")):
                f.add_scatter(name=f"{look.word}: {part}", x=[], y=[], mode="lines", xaxis="x3", yaxis="y3", showlegend=False,
                              line={"color": look.color, "width": 1.2, "dash": dash},
                              hovertemplate=f"%{{y:.3~g}} after %{{x}} steps<extra>{told}, {look.word}</extra>")
            f.add_scatter(name=f"{look.word}: expected", x=[], y=[], mode="lines", xaxis="x3", yaxis="y3",
                          line={"color": look.color, "width": 2, "dash": look.dash}, showlegend=False,
                          hovertemplate="%{y:.3~g} after %{x} steps%{customdata}<extra>exact, " + look.word + "</extra>")
        ring = {"size": 13, "color": "rgba(0,0,0,0)", "line": {"width": 2.5}}
        f.add_scatter(name="chosen batch", x=[], y=[], mode="markers", marker=ring, showlegend=False, hoverinfo="skip")
        f.add_scatter(name="critical batch", x=[], y=[], mode="markers", marker={**ring, "symbol": "diamond"}, xaxis="x2",
                      yaxis="y2", showlegend=False, hovertemplate="CE has halved at B %{x:.3~r}<extra></extra>")
        f.add_scatter(name="chosen batch (line)", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", showlegend=False,
                      line={"color": style.MUTED, "width": 1, "dash": "dash"}, hoverinfo="skip")
        f.update_layout(style.layout(
            height=470, legend={"orientation": "h", "x": 0, "y": 1.17, "yanchor": "bottom"},
            annotations=style.titles(3),
            xaxis=style.log_axis("samples per e-fold (compute)"),
            yaxis=style.log_axis("steps per e-fold (serial runtime)"),
            xaxis2=style.log_axis("batch size B", anchor="y2"),
            yaxis2=style.log_axis("e-folds per sample × tr H / μ", anchor="x2"),
            xaxis3=style.log_axis("steps", anchor="y3"),
            yaxis3=style.log_axis("risk / risk at the start", anchor="x3")))
        f.update_layout(self.wide())
        return f

    def learning(self, scenario):
        """Every shown method, tuned at the batch, and the reader's own."""
        _, at = _frontiers(spectra.key(scenario), scenario["batch"], True, scenario["method"])
        return {f"{_looks()[key].word}: expected": Learner(at[key].methods[0], scenario["batch"]) for key in _shown(scenario)}

    def exact(self, scenario, final=True):
        """Frontiers, bounds, critical batches and exact learning curves."""
        problem, batch = spectra.key(scenario), scenario["batch"]
        H = _spectrum(problem, final)
        grid, at = _frontiers(problem, batch, final, scenario["method"])
        unit, wanted = H.smallest / H.trace, _shown(scenario)
        traces, here, ring_colors, marks, mark_colors, tight, vacuous = {}, [], [], [], [], {}, {}
        last = int(spaced(7 * max(at[m].serial[0] for m in scenario["methods"]))[-1])
        critical = {}
        for key, look in _looks().items():
            shown = key in wanted
            off = {"visible": shown}
            if key not in grid:
                traces |= {f"{look.word}{part}": off for part in (*PARTS, *RUNS)}
                continue
            f, now = grid[key], at[key]
            upper = _upper(problem, final).get(key)
            traces |= _frontier_traces(look.word, f, upper, unit, shown)
            if not shown:
                traces |= {f"{look.word}{part}": off for part in (": expected", *RUNS)}
                continue
            if np.isfinite(now.gap[0]):
                here.append((now.compute[0], now.serial[0]))
                ring_colors.append(look.color if key != OWN else style.EITHER)
            critical[key] = _critical(problem, key, f, final) if key != OWN else np.inf
            if critical[key] < 1e6:
                marks.append((critical[key], read_off(f.batches, f.ce, critical[key]) / unit))
                mark_colors.append(look.color)
            steps, risk, notes = expected(problem, now.methods[0], batch, last, (LOWEST, HIGHEST), final)
            there = np.isfinite(risk) & (steps > 0)                     # what diverges ends where doubles do
            traces[f"{look.word}: expected"] = {"x": steps[there], "y": risk[there], "customdata": notes[there], **off}
            if upper is not None:
                vacuous[key] = not (upper < 1).any()
            if upper is not None and not vacuous[key]:
                tight[key] = float(BOUNDS[key](H, batch).value / now.gap[0])
        chosen = max(at[key].compute[0] for key in scenario["methods"])
        ranges = _ranges({key: grid[key] for key in FAMILIES}, unit, last, chosen)
        first = min(t["y"][0] for name, t in traces.items() if name.endswith(": expected") and len(t.get("y", ())))
        if first < LOWEST:                                              # a single step learns nearly everything
            ranges["yaxis3"][0] = float(np.floor(np.log10(first)))
        x, y = np.transpose(here)
        traces["chosen batch"] = {"x": x, "y": y, "marker.line.color": ring_colors}
        x, y = np.transpose(marks) if marks else ([], [])
        traces["critical batch"] = {"x": x, "y": y, "marker.line.color": mark_colors}
        traces["chosen batch (line)"] = {"x": [batch, batch], "y": [10**y for y in ranges["yaxis2"]]}
        lamps = [_lamp(key, upper_is_vacuous) for key, upper_is_vacuous in vacuous.items()]
        if OWN in wanted:
            yours.keep_inside(traces, ranges, PARTS)
        return View(traces, _sentence(scenario, at, critical) + _of_yours(scenario, at), ranges,
                    [f"<b>Faster</b> is down, <b>cheaper</b> is left; ○ is B = {batch}",
                     "<b>Efficiency</b> of a larger batch; ◇ halved",
                     f"At <b>B = {batch}</b>: exact lines, simulated dots and shade"], lamps, numbers={
                         "serial": {m: float(at[m].serial[0]) for m in at}, "gap": {m: float(at[m].gap[0]) for m in at},
                         "critical": critical, "bound over exact": tight},
                    text=_table(scenario, H, at, critical, tight))

    def recipe(self, scenario):
        """Serial runtime at the batch and critical batch, method by method."""
        batch = scenario["batch"]
        return f'''\
import mombook as mb

H = {spectra.code(spectra.key(scenario))}
here = mb.frontier(H, batches=[{batch}], precision={PRECISION[True]!r})     # every family, tuned at this batch
halved = mb.critical_batches(H)                                # where compute efficiency has fallen to half
for family in {scenario["methods"]}:
    print(family, "steps per e-fold", here[family].serial[0])
    print(family, "CE has halved at B =", halved[family])
''' + (f'''\
from mombook.model.written import parsed
from mombook.tuning.frontiers import frontier_of

print("your method: steps per e-fold", frontier_of(H, parsed({scenario["method"]!r}), [{batch}]).serial[0])
''' if scenario["method"] else "")

    @of_whole_spectra
    def sample(self, scenario):
        """Runs of every shown method at the chosen batch, and how far their mean lies from theory."""
        problem, batch = spectra.key(scenario), scenario["batch"]
        H, d, rng = spectra.one_by_one(problem), spectra.size(problem), np.random.default_rng(scenario["seed"])
        _, at = _frontiers(problem, batch, True, scenario["method"])
        shown, counts = [key for key in _shown(scenario) if np.isfinite(at[key].gap[0])], {}
        for k, key in enumerate(shown):
            longest, look = max(at[m].serial[0] for m in scenario["methods"]), _looks()[key]
            steps = int(min(spaced(7 * longest)[-1], 3000, MOST_DRAWN // (32 * d)))
            runs = int(np.clip(MOST_DRAWN // (steps * d), 32, 400))
            method, times = at[key].methods[0], spaced(steps, per_octave=2)[1:]
            theory = yield from agreement.theory(problem, H, method, batch, times[times <= steps], k / len(shown))
            for progress in simulate_blocks(H, method, batch, steps, runs, rng):
                fraction, risk = (k + progress.fraction) / len(shown), progress.risk[:progress.runs_done]
                if len(risk) < min(8, runs):
                    yield Sample(fraction, {})
                    continue
                counts[key] = theory.held(risk)
                traces = theory.drawn(risk, look.word, look.marker, visible=True)
                if scenario["single"]:
                    traces |= single_runs(risk, theory.times, theory.expected, look.word, visible=True)
                yield Sample(fraction, traces, agreement.told(len(risk), counts.values()))

    def blank(self, scenario):
        """No dots, no bands."""
        empty = {"x": [], "y": []}
        return {f"{look.word}{part}": empty for look in _looks().values() for part in RUNS}


def _frontier_traces(word, f, upper, unit, shown):
    """A method's frontier in both plots, and the bound on it where there is one."""
    traces, off = {}, {"visible": shown}
    if upper is not None:
        bound = np.where(upper < 1, -np.log1p(-np.minimum(upper, 1 - 1e-16)), np.nan)          # a gap of 1 bounds nothing
        traces[f"{word}: bound"] = {"x": f.batches, "y": bound / f.batches / unit,
                                    "visible": shown and bool(np.isfinite(bound).any())}
    traces[word] = {"x": f.compute, "y": f.serial, "customdata": f.batches.round().astype(np.int64), **off}
    traces[f"{word}: CE"] = {"x": f.batches, "y": f.ce / unit, **off}
    return traces


# -- the numbers, remembered: sliders pass the same stops again and again ----------------------------------------------
def _spectrum(problem, final):
    return spectra.of(problem, spectra.GAPS if final else spectra.DRAGGED)


def _frontiers(problem, batch, final, line=""):
    """The frontiers over GRID, and the same at the one batch. What is not known is tuned in one search: a batch beside others
    has the same bits as alone."""
    families, parts = tuple(FAMILIES.items()), (tuple(GRID[final].tolist()), (float(batch),))
    known = _known(problem, final, families)
    new = [part for part in parts if part not in known]
    if new:
        tuned = frontier(_spectrum(problem, final), list(FAMILIES), sum(new, ()), precision=PRECISION[final])
        for part in new:
            cut = slice(len(part)) if part is new[0] else slice(-len(part), None)
            known[part] = {family: f.part(cut) for family, f in tuned.items()}
    if not line:
        return [known[part] for part in parts]
    bins = spectra.GAPS if final else spectra.DRAGGED
    return [{**known[part], OWN: yours.frontier(problem, line, part, bins, PRECISION[final])} for part in parts]


@lru_cache(maxsize=256)
def _known(problem, final, families):
    """What has been tuned for a problem and for what is now in ``FAMILIES``: batches -> family -> its frontier over these."""
    return {}


@lru_cache(maxsize=256)
def _upper(problem, final):
    H, B = _spectrum(problem, final), GRID[final]
    return {family: bound(H, B).value for family, bound in BOUNDS.items()}


@lru_cache(maxsize=512)
def _critical_at_rest(problem, families):
    return critical_batches(spectra.of(problem), [name for name, _ in families])


def _critical(problem, key, f, final):
    """Measured at rest; read off the curve while dragging."""
    if final:
        return _critical_at_rest(problem, tuple(FAMILIES.items()))[key]
    return halved(f.batches, f.ce)


def _lamp(key, vacuous):
    """Whether the bound drawn for a method holds and says something for it."""
    word = style.METHODS[key].word
    if vacuous:
        return f"{word} bound", False, "it allows a gap of 1 at this κ, so it says nothing and is not drawn."
    return f"{word} bound", True, ""


def _sentence(scenario, at, critical):
    """What momentum changes, in two numbers; of one method alone, its price and its bend."""
    shown, batch = scenario["methods"], scenario["batch"]
    words = {m: style.METHODS[m].word for m in shown}
    base = "sgd" if "sgd" in shown else shown[0]
    if len(shown) == 1:
        halved = three(critical[base]) if critical[base] < 1e12 else "no batch"
        return (f"At B = {batch} {words[base]} needs {three(at[base].serial[0])} steps per e-fold; its compute efficiency has "
                f"halved at B = {halved}.")
    other = "heavy_ball" if "heavy_ball" in shown and base == "sgd" else next(m for m in shown if m != base)
    saved = fewer(at[base].serial[0] / at[other].serial[0])
    joined = "as" if saved.endswith("as many") else "than"
    claim = f"At B = {batch} {words[other]} needs {saved} steps per e-fold {joined} {words[base]}"
    if max(critical[base], critical[other]) > 1e12:
        return f"{claim}."
    wide = three(critical[other] / critical[base])
    where = f"{wide} times {words[base]}'s batch" if wide != "1" else f"the same batch as {words[base]}'s"
    return f"{claim}; its compute efficiency halves at {where}."


def _of_yours(scenario, at):
    """The reader's own method: its price, and from where on it converges; a sentence with a space before it, or nothing."""
    if OWN not in at:
        return ""
    needs = f"needs {three(at[OWN].serial[0])} steps" if np.isfinite(at[OWN].gap[0]) else ""
    return yours.sentence(spectra.key(scenario), scenario["method"], needs)


def _table(scenario, H, at, critical, tight):
    """The numbers of every method shown, one line each."""
    lines = [f"{'':11}{'steps/e-fold':>13}{'CE halved at B':>16}{'bound/gap':>11}"]
    for m in _shown(scenario):
        halved, bound = (three(v) if v < 1e12 else "-" for v in (critical[m], tight.get(m, np.inf)))
        steps = three(at[m].serial[0]) if np.isfinite(at[m].gap[0]) else "-"
        lines.append(f"{_looks()[m].word:11}{steps:>13}{halved:>16}{bound:>11}")
    own = f"your method: {scenario['method']}" if scenario["method"] else ""
    where = f"{spectra.told(scenario)}, B = {scenario['batch']}"
    return "\n".join(filter(None, [*lines, own, f"{where}; √κ = {three(np.sqrt(H.kappa))}"]))


def _ranges(grid, unit, last, chosen):
    """Axes that hold every method whether shown or not, in whole decades, so that they stay put."""
    def decades(low, high):
        return [float(np.floor(np.log10(low) + 1e-9)), float(np.ceil(np.log10(high) - 1e-9))]

    compute, serial, ce = (np.array([getattr(f, what) for f in grid.values()]) for what in ("compute", "serial", "ce"))
    x = decades(compute.min(), np.where(serial < 1.1 * serial.min(1, keepdims=True), compute, np.inf).min(1).max() * 3)
    x[1] = max(x[1], float(np.ceil(np.log10(chosen) + 0.05)))
    high = decades(1, max((ce / unit).max(), 4.0))[1]
    foot = min(high - 4, decades((ce / unit).max(1).min(), 1)[0])       # beyond the slider's κ methods lie further apart
    return {"xaxis": x, "yaxis": decades(serial.min(), serial.max()), "xaxis2": [0, 6], "yaxis2": [foot, high],
            "xaxis3": [0, np.log10(last)], "yaxis3": [np.log10(LOWEST), np.log10(HIGHEST)]}
