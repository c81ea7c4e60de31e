"""Small learning rates: where momentum at the same long-run step is inert, and where it pays."""

from functools import lru_cache

import numpy as np

from ..exact.moments import is_stable
from ..exact.small_steps import matched
from ..exact.thresholds import long_run_threshold
from ..sample.gaussian import simulate_blocks
from . import agreement, spectra, style
from .controls import BATCH, DECAY, KAPPA, SEED
from .curves import FILLED, expected, spaced
from .frame import Panel, Sample, View, new_figure, of_whole_spectra
from .labels import BESIDE, SIDES, Plot, texts
from .scenario import Slider
from .words import given, three

DIM = 200
"""Number of eigenvalues."""

NOISE = 0.1
"""Label noise, so that there is a floor to fall to."""

MEMORY = Slider("memory", "1−β", 1e-4, 1, 0.1, step=0.05, base=10, help="1 − β of SGD with momentum; 1 is SGD itself")
STEP = Slider("fraction", "step", 1e-3, 0.99, 0.316, step=0.05, base=10,
              help="long-run step of both methods, as a fraction of the largest that any momentum can keep stable")

BATCHES = {False: np.geomspace(1, BATCH.high, 17), True: np.geomspace(1, BATCH.high, 65)}
"""Batches of the map, while dragging and at rest."""

INERT = 1.25
"""Momentum is called inert where it moves the threshold by less than this factor, however large beta."""

LOWEST, TOP = 1e-4, 10.0
"""Foot of the plot of learning curves, and where a growing risk leaves it."""

MOST_DRAWN = 20_000_000
"""Normals a method's simulation may draw."""

LOOKS = {"SGD": (style.METHODS["sgd"].color, "circle", "solid"),
         "SGDM": (style.METHODS["heavy_ball"].color, "square", "12px,2px")}


class SmallStepsPanel(Panel):
    """The stability threshold in the long-run step against batch, and learning curves at one step.

    About SGD and SGD with momentum at the same long-run step: it shows no other family.
    """

    name = "small_steps"
    claims = True
    title = "Where momentum is inert, and where it pays"
    subplots = 2
    controls = (KAPPA, DECAY, BATCH, MEMORY, STEP, SEED)
    own = ("kappa", "decay")
    relative = True
    references = ("wang2023", "li2021")
    theory = ("momentum is inert", "β → 1", "SGDM: threshold", "SGDM")
    presets = {                                                                                          # noqa: RUF012
        "small batch": {"batch": 1, "fraction": 0.316, "memory": 0.1},
        "small steps": {"batch": 64, "fraction": 0.01, "memory": 0.1},
        "large batch, large steps": {"batch": 512, "fraction": 0.1, "memory": 0.02},
        "too much memory": {"batch": 1, "fraction": 0.316, "memory": 1e-3},
    }
    help = (f"Gaussian inputs, {DIM} eigenvalues, label noise {given(NOISE)}. Left: below its line a method is stable; the "
            "ring is the step chosen, the same for both methods. Right: lines are exact expectations, dots the mean of "
            "simulated runs, shade where 80 % of the runs lie. " + FILLED)

    def figure(self):
        """Two subplots side by side."""
        f = new_figure()
        f.add_scatter(name="momentum is inert", x=[], y=[], mode="lines", line={"width": 0}, fill="toself",
                      fillcolor=style.rgba(style.MUTED, 0.16), hoverinfo="skip")
        f.add_scatter(name="β → 1", x=[], y=[], mode="lines", line={"color": style.MUTED, "width": 1.5, "dash": "dot"},
                      hovertemplate="largest h %{y:.3~g} at B %{x:.3~r}<extra>β → 1</extra>")
        for word, (color, marker, dash) in LOOKS.items():
            line = {"color": color, "width": 2.5, "dash": dash}
            f.add_scatter(name=f"{word}: threshold", x=[], y=[], mode="lines", line=line, legendgroup=word, showlegend=False,
                          hovertemplate="largest h %{y:.3~g} at B %{x:.3~r}<extra>" + word + "</extra>")
            f.add_scatter(name=f"{word}: 80 % of runs", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", fill="toself",
                          line={"width": 0}, fillcolor=style.rgba(color, 0.18), showlegend=False, hoverinfo="skip")
            f.add_scatter(name=f"{word}: simulated", x=[], y=[], mode="markers", xaxis="x2", yaxis="y2", showlegend=False,
                          marker={"color": color, "symbol": marker, "size": 7, "line": {"color": style.PAPER, "width": 1}},
                          hovertemplate="%{y:.3~g} after %{x} steps<extra>mean of runs, " + word + "</extra>")
            f.add_scatter(name=word, x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", line=line, legendgroup=word,
                          hovertemplate="%{y:.3~g} after %{x} steps%{customdata}<extra>exact, " + word + "</extra>")
        f.add_scatter(name="chosen step", x=[], y=[], mode="markers", showlegend=False,
                      marker={"size": 14, "color": "rgba(0,0,0,0)", "line": {"width": 2.5, "color": style.INK}},
                      hovertemplate="h %{y:.3~g} at B %{x}<extra>chosen</extra>")
        style.names(f, "chosen step: name", color=style.INK)
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"},
            annotations=style.titles(2),
            xaxis=style.log_axis("batch size B"),
            yaxis=style.log_axis("largest stable long-run step h × L"),
            xaxis2=style.log_axis("steps", anchor="y2"),
            yaxis2=style.log_axis("risk / risk at the start", anchor="x2")))
        f.update_layout(self.wide())
        return f

    def spectrum(self, scenario):
        """Of as many directions as are shown."""
        return spectra.key(scenario, DIM)

    def exact(self, scenario, final=True):
        """Thresholds over batches, and exact learning curves of both methods at the chosen step."""
        key, B = spectra.key(scenario, DIM), scenario["batch"]
        beta = 1 - scenario["memory"]
        H, batches = spectra.of(key), BATCHES[final]
        L, h, most = H.largest, chosen_step(scenario), _thresholds(key, (B,), beta)
        lines = _thresholds(key, tuple(batches.tolist()), beta)
        last, traces = _last(H, h), {}
        span = [float(np.floor(np.log10(L * min(lines["SGD"][0] / 5, h)))), float(np.ceil(np.log10(L * lines["limit"][-1])))]
        inert = np.exp(np.interp(np.log(INERT), np.log(np.maximum.accumulate(lines["limit"] / lines["SGD"])), np.log(batches),
                                 left=np.log(0.5)))
        sides, edges = [0.8, max(inert, 0.8)], [10.0**y for y in span]
        traces["momentum is inert"] = {"x": [*sides, *sides[::-1]], "y": [edges[0]] * 2 + [edges[1]] * 2,
                                       "visible": bool(inert >= 1)}
        traces["β → 1"] = {"x": batches, "y": lines["limit"] * L}
        traces["chosen step"] = {"x": [B], "y": [h * L]}
        end, stable = {}, {}
        for word, method in zip(LOOKS, matched(h, beta), strict=True):
            steps, risk, notes = expected(key, method, B, last, (LOWEST, TOP), final, NOISE)
            stable[word] = is_stable(H, method, B)
            end[word] = float(risk[-1])
            shown = np.cumsum(risk > TOP) <= 1                                    # to the point where it leaves the axes
            traces[f"{word}: threshold"] = {"x": batches, "y": lines[word] * L}
            traces[word] = {"x": steps[shown][1:], "y": np.minimum(risk[shown][1:], TOP),
                            "customdata": notes[shown][1:]}
        across = [-0.1, np.log10(BATCH.high) + 0.1]
        traces["chosen step: name"] = _name(traces, Plot(across, span, 2))
        gain = {"SGDM": float(most["SGDM"][0] / most["SGD"][0]), "limit": float(most["limit"][0] / most["SGD"][0])}
        told = [f"At B = {B} momentum multiplies the largest stable long-run step by {three(gain['SGDM'])}. "
                f"{spectra.told(scenario, d=False)}, 1−β = {given(scenario['memory'])}: it would be multiplied by "
                f"{three(gain['limit'])} as β → 1; momentum is "
                f"{f'inert up to B = {three(inert)}' if inert >= 1 else 'inert at no batch'}. At h L = {three(h * L)}"]
        if all(stable.values()):
            told.append(f"both are stable, and after {given(last)} steps SGD's risk is {_times(end['SGD'] / end['SGDM'])} "
                        "that of SGDM.")
        else:
            lost = " and ".join(w for w in LOOKS if not stable[w])
            told.append(f"the risk of {lost} grows" + (", that of SGDM does not." if stable["SGDM"] else "."))
        ranges = {"xaxis": across, "yaxis": span, "xaxis2": [0, np.log10(last)],
                  "yaxis2": [np.log10(LOWEST), np.log10(TOP)]}
        return View(traces, ", ".join(told), ranges,
                    ["Below its line a method is <b>stable</b>", f"The same step at <b>B = {B}</b>"],
                    numbers={"step": h, "gain": gain, "inert": float(inert), "end": end, "stable": stable})

    @of_whole_spectra
    def sample(self, scenario):
        """Runs of both methods at the chosen step, fed independent noise."""
        B, h = scenario["batch"], chosen_step(scenario)
        key = spectra.key(scenario, DIM)
        H, d = spectra.one_by_one(key), spectra.size(key)
        rng, counts = np.random.default_rng(scenario["seed"]), {}
        steps = min(_last(H, h), 2000)
        runs = int(np.clip(MOST_DRAWN // (steps * d), 48, 200))
        times = spaced(steps, per_octave=2)[1:]
        for k, (word, method) in enumerate(zip(LOOKS, matched(h, 1 - scenario["memory"]), strict=True)):
            theory = yield from agreement.theory(key, H, method, B, times[times <= steps], k / 2, NOISE)
            for progress in simulate_blocks(H, method, B, steps, runs, rng, noise=NOISE):
                fraction, risk = (k + progress.fraction) / 2, progress.risk[:progress.runs_done]
                if len(risk) < 8:
                    yield Sample(fraction, {})
                    continue
                counts[word] = theory.held(risk)
                yield Sample(fraction, theory.drawn(risk, word, LOOKS[word][1], high=1e3),
                             agreement.told(len(risk), counts.values()))

    def blank(self, scenario):
        """No dots, no bands."""
        return {f"{word}: {part}": {"x": [], "y": []} for word in LOOKS for part in ("simulated", "80 % of runs")}


def chosen_step(scenario):
    """The long-run step of both methods: the fraction asked for of the threshold as beta -> 1."""
    at = _thresholds(spectra.key(scenario, DIM), (scenario["batch"],), 0.0)
    return float(scenario["fraction"] * at["limit"][0])


def _name(traces, plot):
    """What the ring is, beside it."""
    for line in ("β → 1", "SGD: threshold", "SGDM: threshold"):
        plot.curve(traces[line]["x"], traces[line]["y"])
    ring = traces["chosen step"]["x"], traces["chosen step"]["y"]
    plot.marks(*ring)
    word = "the step of both"
    return texts([(word, *plot.best(word, plot.shares(*ring) + 0.02 * np.array([SIDES[side] for side in BESIDE])))])


# -- the numbers, remembered -------------------------------------------------------------------------------------------
@lru_cache(maxsize=512)
def _thresholds(key, batches, beta):
    H = spectra.of(key)
    return {name: np.array([long_run_threshold(H, B, b) for B in batches])
            for name, b in (("SGD", 0.0), ("SGDM", beta), ("limit", 1.0))}


def _times(ratio):
    return "equal to" if three(ratio) == "1" else f"{three(ratio)} times"


def _last(H, h):
    """The last step drawn: a power of two past the time scale of the middle eigenvalues."""
    return int(spaced(np.clip(10 * H.dim / (h * H.trace), 256, 2**24), 1)[-1])
