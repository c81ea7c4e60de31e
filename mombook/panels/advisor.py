"""The advisor: a data set's spectrum, what a batch buys on it, and true minibatch runs beside what theory says of them."""

from functools import lru_cache

import numpy as np

from ..data.estimate import fit_power_law
from ..data.loading import load
from ..data.measured import Facts, kept
from ..model.family import FAMILIES
from ..model.spectrum import Spectrum
from ..sample.minibatch import train_blocks
from ..study.advice import count
from ..study.advisor import merged, tune_for
from ..study.programs import line
from . import style
from .controls import BATCH, SEED
from .curves import FILLED, evenly, sampled
from .frame import Panel, Sample, View, new_figure
from .scenario import Choice, Slider
from .words import given, percent, three

RIDGE = Slider("ridge", "ridge", 1e-6, 1, 1e-6, step=0.25, base=10,
               help="weight decay, added to every eigenvalue; the least, 10⁻⁶, is none")
NOISE = Slider("noise", "σ", 0, 2, 0, step=0.05,
               help="standard deviation of the noise on the labels, fresh at each visit")
TARGET = Slider("target", "target", 1e-3, 0.5, 0.01, step=0.1, base=10, help="share of the starting excess risk to get down to")
TUNED = Choice("tuned", "tuned for", ("rows", "gaussian"), "rows", {"rows": "these rows", "gaussian": "Gaussian rows"},
               help="what the methods are told of the data: its measured fourth moments, or those of Gaussian inputs")

GRID = {False: 2.0 ** np.array([0, 3, 5, 7, 9, 11, 13, 16]), True: 2.0 ** np.arange(0, 16.5, 0.5)}
"""Batches of the efficiency curves: while dragging, and at rest."""

LONGEST, HIGHEST = 20_000, 10**1.5
"""The most steps of a risk curve, and the top of its plot."""

WORK = 4e7
"""Entries of rows that the runs may touch, twice (with replacement, and in epochs)."""

INK, ACCENT = style.MUTED, style.ACCENT


def shown():
    """The families of ``mombook.FAMILIES`` that are shown: all but Nesterov, whose curve lies beside heavy ball's."""
    return tuple(name for name in FAMILIES if name != "nesterov")


def _entries():
    return tuple((name, FAMILIES[name]) for name in shown())


class AdvisorPanel(Panel):
    """Which method, which momentum, how large a batch, for a data set; a ``Design`` of the reader's own comes first."""

    name = "advisor"
    claims = True
    title = "Your own data"
    subplots = 3
    references = ("morwani2026", "ma2018", "mccandlish2018")
    presets = {  # noqa: RUF012
        "nearly Gaussian": {"data": "wine", "batch": 8, "tuned": "rows"},
        "heavy tails": {"data": "digits", "batch": 64, "tuned": "rows"},
        "tails ignored": {"data": "digits", "batch": 64, "tuned": "gaussian"},
    }
    help = ("Left: eigenvalues of the standardised data and the power law nearest to them. Middle: e-folds of risk per sample "
            "of the tuned methods, in units of what SGD at batch 1 would reach on Gaussian rows of this spectrum; thin dashed "
            "lines are those Gaussian rows, thick ones carry the measured fourth moments; rings are critical batches. Right: "
            "the fastest method to the target at the chosen batch; dashed is the Gaussian prediction, solid the corrected "
            "one, dots are the median of true runs on the rows (filled: drawn with replacement, open: in epochs), the shade "
            "holds 80 % of the former. " + FILLED)

    def __init__(self, design=None):
        self._designs = {} if design is None else {"yours": design}
        self._facts = dict(kept()) if design is None else {"yours": Facts.of(design), **kept()}
        if design is not None and self._facts["yours"].singular:
            design.spectrum()                                           # says in one sentence what can be done
        words = {k: f.name for k, f in self._facts.items()}
        options = tuple(self._facts)
        self.controls = (Choice("data", "data", options, options[0] if design is not None else "digits", words,
                                help="which data set, standardised"), BATCH, RIDGE, NOISE, TARGET, TUNED, SEED)

    def lacks(self, scenario):
        """A program does not hold a reader's data."""
        return ("This program does not hold the rows of your data: give it their file (python advisor.py FILE), and load it "
                "with the target and the options you gave." if scenario["data"] == "yours" else "")

    def opening(self, scenario):
        """Of a reader's own data, from their file."""
        if scenario["data"] != "yours":
            return super().opening(scenario)
        return '''from mombook import load
from mombook.panels.advisor import AdvisorPanel

if len(sys.argv) != 2:
    sys.exit("usage: python advisor.py FILE, the data this figure was made of")
panel = AdvisorPanel(load(sys.argv[1]))'''

    def call(self, line):
        """As of every panel; of a reader's own data with these."""
        return f"{self.name}({line!r}, data=data)" if self.read(line)["data"] == "yours" else super().call(line)

    @property
    def theory(self):
        """The curves of every family shown, and both predictions."""
        return (*(f"{style.METHODS[f].word}{part}" for f in shown() for part in ("", ", Gaussian rows", ", critical batch")),
                "Gaussian theory", "corrected theory")

    def figure(self):
        """Three subplots; traces in the order they are drawn."""
        f = new_figure()
        f.add_scatter(name="eigenvalues", x=[], y=[], mode="markers", marker={"color": INK, "size": 6}, showlegend=False,
                      hovertemplate="eigenvalue %{x}: %{y:.3~g}<extra></extra>")
        f.add_scatter(name="power law", x=[], y=[], mode="lines", line={"color": ACCENT, "width": 1.5}, showlegend=False,
                      hoverinfo="skip")
        second = {"xaxis": "x2", "yaxis": "y2"}
        f.add_scatter(name="chosen batch", x=[], y=[], mode="lines", line={"color": INK, "width": 1, "dash": "dot"},
                      showlegend=False, hoverinfo="skip", **second)
        for family in shown():
            look = style.METHODS[family]
            f.add_scatter(name=f"{look.word}, Gaussian rows", x=[], y=[], mode="lines", showlegend=False, **second,
                          line={"color": look.color, "width": 1.2, "dash": "dash"},
                          hovertemplate="%{y:.3~g} at B = %{x:.3~r}<extra>" + look.word + ", Gaussian rows</extra>")
            f.add_scatter(name=look.word, x=[], y=[], mode="lines", line={"color": look.color, "width": 2.5, "dash": look.dash},
                          hovertemplate="%{y:.3~g} at B = %{x:.3~r}<extra>" + look.word + "</extra>", **second)
            f.add_scatter(name=f"{look.word}, critical batch", x=[], y=[], mode="markers", showlegend=False, **second,
                          marker={"symbol": f"{look.marker}-open", "size": 12, "color": look.color, "line": {"width": 2}},
                          hovertemplate="critical batch %{x:.3~r}<extra>" + look.word + "</extra>")
        third = {"xaxis": "x3", "yaxis": "y3"}
        f.add_scatter(name="80 % of runs", x=[], y=[], mode="lines", line={"width": 0}, fill="toself", hoverinfo="skip",
                      fillcolor=style.rgba("#8a8f98", 0.3), showlegend=False, **third)
        f.add_scatter(name="target", x=[], y=[], mode="lines", line={"color": INK, "width": 1, "dash": "dot"}, hoverinfo="skip",
                      showlegend=False, **third)
        f.add_scatter(name="Gaussian theory", x=[], y=[], mode="lines", line={"color": ACCENT, "width": 2, "dash": "dash"},
                      hovertemplate="%{y:.3~g} after %{x} steps%{customdata}<extra>Gaussian theory</extra>", **third)
        f.add_scatter(name="corrected theory", x=[], y=[], mode="lines", line={"color": ACCENT, "width": 3},
                      hovertemplate="%{y:.3~g} after %{x} steps%{customdata}<extra>corrected theory</extra>", **third)
        for name, symbol in (("median run", "circle"), ("in epochs", "circle-open")):
            f.add_scatter(name=name, x=[], y=[], mode="markers", marker={"color": INK, "size": 7, "symbol": symbol}, **third,
                          hovertemplate="%{y:.3~g} after %{x} steps<extra>" + name + "</extra>")
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "y": 1.1, "yanchor": "bottom"},
            annotations=style.titles(3),
            xaxis=style.log_axis("rank"), yaxis=style.log_axis("eigenvalue"),
            xaxis2=style.log_axis("batch size B", anchor="y2"), yaxis2=style.log_axis("compute efficiency", anchor="x2"),
            xaxis3=style.axis("steps", anchor="y3", autorange=False),
            yaxis3=style.log_axis("risk / risk at the start", anchor="x3")))
        f.update_layout(self.wide())
        return f

    def wide(self):
        """Three columns."""
        return super().wide() | {"legend": {"y": 1.13}}               # clear of the titles

    def exact(self, scenario, final=True):
        """Spectrum, efficiency, and the predicted risk of the fastest method at the chosen batch."""
        facts, B, ridge, noise, target, _ = self._read(scenario)
        rows = facts.inputs(ridge)
        rank = np.arange(1.0, facts.eigenvalues.size + 1)
        traces = {"eigenvalues": {"x": rank, "y": facts.eigenvalues}}
        fit = _fit(facts)
        traces["power law"] = {"x": rank[[0, -1]], "y": fit.level * rank[[0, -1]] ** -fit.decay}
        unit, y_low = float(_efficiency(facts, ridge, True, final, _entries())["sgd"][0]), np.inf
        critical = {}
        for gaussian in (True, False):
            ces = _efficiency(facts, ridge, gaussian, final, _entries())
            for f in shown():
                word, ce = style.METHODS[f].word, ces[f] / unit
                traces[f"{word}, Gaussian rows" if gaussian else word] = {"x": GRID[final], "y": ce}
                critical[f, gaussian] = _half(GRID[final], ce)
                y_low = min(y_low, ce[GRID[final] <= 4 * B][-1])
                if not gaussian:
                    at = critical[f, gaussian]
                    there = np.exp(np.interp(np.log(at), np.log(GRID[final]), np.log(ce)))
                    traces[f"{word}, critical batch"] = {"x": [at], "y": [there]}
        top = max(1.0, traces[style.METHODS["asgd"].word + ", Gaussian rows"]["y"][0])
        low = min(y_low, 0.2 * min(traces[style.METHODS[f].word]["y"][0] for f in shown()))
        traces["chosen batch"] = {"x": [B, B, B], "y": [low / 100, top, top * 100]}

        methods, steps, best, reach, last = self._chosen(scenario, final)
        m = methods[best]
        traces |= self._curves(facts, m, B, ridge, noise, target, last)
        n = {"factor": rows.factor, "kappa": rows.kappa, "decay": fit.decay, "delta": m.delta, "eta": m.eta, "beta": m.beta,
             "long_run_step": m.long_run_step, "steps": reach[False], "gaussian": reach[True],
             "critical": {f: critical[f, False] for f in shown()},
             "critical_gaussian": {f: critical[f, True] for f in shown()}}
        ranges = {"xaxis": [-0.05, float(np.log10(rank[-1])) + 0.1],
                  "yaxis": [float(np.log10(facts.eigenvalues[-1])) - 0.3, float(np.log10(facts.eigenvalues[0])) + 0.4],
                  "xaxis2": [0, 4.82], "yaxis2": [float(np.log10(low)) - 0.1, float(np.log10(top)) + 0.3],
                  "xaxis3": [0, float(last)], "yaxis3": [float(np.log10(target / 10)), np.log10(HIGHEST)]}
        titles = [f"<b>{facts.name}</b>: κ = {three(rows.kappa)}", f"Noise: <b>{three(rows.factor)}</b> × Gaussian",
                  f"<b>{style.METHODS[best].word}</b> at B = {B}"]
        text = "\n".join(f"{style.METHODS[f].word:<11}{count(steps[f]):>9} steps   {line(methods[f], 'mse')}" for f in shown())
        text += "\nLearning rates are for MSELoss, without a 1/2."
        return View(traces, _sentence(scenario, facts, style.METHODS[best].word, n), ranges, titles, [], n, text)

    def sample(self, scenario):
        """True minibatch runs of the same method on the rows: with replacement, then in epochs."""
        _, B, ridge, noise, target, _ = self._read(scenario)
        try:
            design = self._rows(scenario["data"])
        except ImportError:
            yield Sample(1.0, {}, "True runs need the rows, and here scikit-learn, which brings them, is not installed.")
            return
        methods, _, best, _, steps = self._chosen(scenario, True)
        times = evenly(steps, 60)
        touched = max(1, min(B, design.shape[0])) * design.rank
        steps = int(min(steps, max(30, WORK / (8 * touched))))
        runs = int(np.clip(WORK / (touched * steps), 8, 200))
        times = times[times <= steps][::3]
        start = None if design.labels is not None else np.ones(design.rank)
        ways = ["replacement", "epochs"] if B <= design.shape[0] else ["replacement"]
        said = []
        for k, draws in enumerate(ways):
            rng = np.random.default_rng(scenario["seed"])
            for done, risk in train_blocks(design, methods[best], B, steps, runs, rng, draws, noise, ridge, start, parts=40):
                seen = times[times < risk.shape[1]]
                yield Sample((k + done) / len(ways), _drawn(risk, seen, draws))
            said.append(_told(risk, target, draws))
        yield Sample(1.0, {}, f"True runs ({runs} of {steps} steps): {'; '.join(said)}.")

    def blank(self, scenario):
        """No run yet."""
        return {name: {"x": [], "y": []} for name in ("80 % of runs", "median run", "in epochs")}

    def _rows(self, data):
        if data not in self._designs:
            self._designs[data] = load(data)
        return self._designs[data]

    def _read(self, scenario):
        ridge = scenario["ridge"] if scenario["ridge"] > RIDGE.low else 0.0
        return (self._facts[scenario["data"]], scenario["batch"], ridge, scenario["noise"], scenario["target"],
                scenario["tuned"] == "gaussian")

    def _chosen(self, scenario, final):
        """Methods and steps of the families, the fastest of them, its steps by either theory, and the last step drawn."""
        facts, B, ridge, noise, target, blind = self._read(scenario)
        methods, steps = _tuned(facts, B, ridge, noise, target, blind, final, _entries())
        best = min(methods, key=lambda f: steps[f] / (1 + 0.01 * (f == "sgd")))
        reach = {g: _steps(facts, methods[best], B, ridge, noise, target, g) for g in (True, False)}
        return methods, steps, best, reach, _last(reach[blind], reach[not blind])

    def _curves(self, facts, method, B, ridge, noise, target, last):
        traces = {"target": {"x": [0, last], "y": [target, target]}}
        for name, gaussian in (("Gaussian theory", True), ("corrected theory", False)):
            steps, risk, notes = _risk(facts, method, B, ridge, noise, gaussian, last, target / 10)
            shown = np.isfinite(risk) & (risk < 1e3) & (risk > 1e-30)
            traces[name] = {"x": steps[shown], "y": risk[shown], "customdata": notes[shown]}
        return traces


# -- the numbers, remembered -------------------------------------------------------------------------------------------
@lru_cache(maxsize=16)
def _fit(facts):
    return fit_power_law(Spectrum(facts.eigenvalues))


@lru_cache(maxsize=128)
def _efficiency(facts, ridge, gaussian, final, families):
    inputs = facts.inputs(ridge, gaussian)
    if not final:
        inputs, _ = merged(inputs, 1.0, 1.2)
    found = inputs.frontier([name for name, _ in families], GRID[final], precision=1e-6 if final else 1e-3)
    return {name: f.ce for name, f in found.items()}


@lru_cache(maxsize=512)
def _tuned(facts, B, ridge, noise, target, blind, final, families):
    """family -> method, family -> steps it is thought to need, told of the rows or ``blind``."""
    inputs, start = facts.inputs(ridge, blind), facts.start(ridge)
    goal = target * inputs.initial_risk(start)
    methods, steps = tune_for(inputs, [name for name, _ in families], np.array([float(B)]), goal, noise, start,
                              quick=not final)
    return {f: m[0] for f, m in methods.items()}, {f: float(t[0]) for f, t in steps.items()}


@lru_cache(maxsize=512)
def _steps(facts, method, B, ridge, noise, target, gaussian):
    inputs, start = facts.inputs(ridge, gaussian), facts.start(ridge)
    return inputs.steps_to(method, B, target * inputs.initial_risk(start), noise, start)


@lru_cache(maxsize=512)
def _risk(facts, method, B, ridge, noise, gaussian, last, low):
    """Steps up to ``last`` and the expected risk there as a share of the start, drawn from ``low`` upwards."""
    inputs, start = facts.inputs(ridge, gaussian), facts.start(ridge)
    unit = inputs.initial_risk(start)
    return sampled(lambda steps: inputs.risk_at(method, B, steps, noise, start) / unit, last,
                   method.beta if method.eta else 0.0, (low, HIGHEST), log=False)


def _last(steps, other):
    """The last step drawn, a little after the target is reached."""
    last = next((s for s in (steps, other) if np.isfinite(s)), 200)
    return round(float(np.clip(1.4 * last, 10, LONGEST)))


def _half(batches, ce):
    """Where efficiency has halved since batch 1, between points of the curve; the last batch where it has not."""
    return float(np.exp(np.interp(-np.log(0.5), -np.log(ce / ce[0]), np.log(batches))))


def _drawn(risk, times, draws):
    with np.errstate(over="ignore", invalid="ignore"):
        low, middle, high = np.quantile(risk[:, times] / risk[:, :1], [0.1, 0.5, 0.9], axis=0, method="nearest")
    fine = np.isfinite(high) & (low > 1e-30)
    some = np.isfinite(middle) & (middle > 1e-30)
    traces = {"median run" if draws == "replacement" else "in epochs": {"x": times[some], "y": middle[some]}}
    if draws == "replacement":
        traces["80 % of runs"] = {"x": np.concatenate([times[fine], times[fine][::-1]]),
                                  "y": np.concatenate([high[fine], low[fine][::-1]])}
    return traces


def _told(risk, target, draws):
    middle = np.median(risk / risk[:, :1], axis=0)
    there = np.flatnonzero(middle <= target)
    how = "with replacement" if draws == "replacement" else "in epochs"
    if there.size:
        return f"{how}, the median run reaches the target after {count(float(there[0]))} steps"
    end = middle[-1]
    return f"{how}, the median run {'overflows' if not np.isfinite(end) else f'ends at {three(end)} of its start'}"


def _sentence(scenario, facts, word, n):
    """What is on screen, in words."""
    B = scenario["batch"]
    there = f"{percent(scenario['target'])} of the starting risk"
    reaches = f"reaches {there} in {count(n['steps'])} steps" if np.isfinite(n["steps"]) else f"never reaches {there}"
    gaussian = f"in {count(n['gaussian'])} steps" if np.isfinite(n["gaussian"]) else "never"
    ridge = "no ridge (the slider's least)" if scenario["ridge"] <= RIDGE.low else f"ridge {given(scenario['ridge'])}"
    told = "for these rows" if scenario["tuned"] == "rows" else "as if rows were Gaussian"
    notes = "".join(f" {note}" for note in facts.notes)
    return (f"On {facts.name} at B = {B}, {word} {reaches}; Gaussian theory says {gaussian}. κ = {three(n['kappa'])}, rows "
            f"{three(n['factor'])} times as noisy as Gaussian ones, which puts SGD's critical batch at "
            f"{three(n['critical']['sgd'])} instead of {three(n['critical_gaussian']['sgd'])}. With {ridge} and label noise "
            f"{given(scenario['noise'])}, tuned {told}: long-run step {three(n['long_run_step'])} and β = {three(n['beta'])}."
            f"{notes}")
