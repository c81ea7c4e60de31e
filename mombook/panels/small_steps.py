"""Small learning rates: where momentum at the same long-run step is inert, and where it pays."""

from functools import lru_cache

import numpy as np

from ..curvature import long_run_threshold
from ..moments import is_stable, risk_at, risk_curve
from ..simulate import simulate_blocks
from ..small_steps import matched
from ..spectrum import Spectrum
from . import spectra, style
from .controls import BATCH, DECAY, KAPPA, SEED
from .frame import Panel, Sample, View, new_figure
from .scenario import Slider, short
from .words import three

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

TOP = 10.0
"""Where a growing risk leaves the axes."""

EARLY = 8
"""The step after which the simulation is held against theory."""

MOST_DRAWN = 20_000_000
"""Normals a method's simulation may draw."""

LOOKS = {"SGD": (style.METHODS["sgd"].color, "circle", "solid"),
         "SGDM": (style.METHODS["heavy_ball"].color, "square", "12px,2px")}


class SmallStepsPanel(Panel):
    """The stability threshold in the long-run step against batch, and learning curves at one step."""

    name = "small_steps"
    title = "Where momentum is inert, and where it pays"
    controls = (KAPPA, DECAY, BATCH, MEMORY, STEP, SEED)
    references = ("wang2023", "li2021")
    theory = ("momentum is inert", "β → 1", "SGDM: threshold", "SGDM")
    presets = {                                                                                          # noqa: RUF012
        "small batch": {"batch": 1, "fraction": 0.316, "memory": 0.1},
        "small steps": {"batch": 64, "fraction": 0.01, "memory": 0.1},
        "large batch, large steps": {"batch": 512, "fraction": 0.1, "memory": 0.02},
        "too much memory": {"batch": 1, "fraction": 0.316, "memory": 1e-3},
    }
    help = (f"Gaussian inputs, {DIM} eigenvalues, label noise {NOISE:g}. Left: below its line a method is stable; the ring is "
            "the step chosen, the same for both methods. Right: lines are exact expectations, dots the mean of simulated "
            "runs, shade where 80 % of the runs lie.")

    def figure(self):
        """Two subplots side by side."""
        f = new_figure()
        f.add_scatter(name="momentum is inert", x=[], y=[], mode="lines", line={"width": 0}, fill="toself",
                      fillcolor=style.rgba(style.MUTED, 0.16), hoverinfo="skip")
        f.add_scatter(name="β → 1", x=[], y=[], mode="lines", line={"color": style.MUTED, "width": 1.5, "dash": "dot"},
                      hovertemplate="largest h %{y:.3g} at B %{x:.3g}<extra>β → 1</extra>")
        for word, (color, marker, dash) in LOOKS.items():
            line = {"color": color, "width": 2.5, "dash": dash}
            f.add_scatter(name=f"{word}: threshold", x=[], y=[], mode="lines", line=line, legendgroup=word, showlegend=False,
                          hovertemplate="largest h %{y:.3g} at B %{x:.3g}<extra>" + word + "</extra>")
            f.add_scatter(name=f"{word}: 80 % of runs", x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", fill="toself",
                          line={"width": 0}, fillcolor=style.rgba(color, 0.18), showlegend=False, hoverinfo="skip")
            f.add_scatter(name=f"{word}: simulated", x=[], y=[], mode="markers", xaxis="x2", yaxis="y2", showlegend=False,
                          marker={"color": color, "symbol": marker, "size": 7, "line": {"color": style.PAPER, "width": 1}},
                          hovertemplate="%{y:.3g} after %{x} steps<extra>mean of runs, " + word + "</extra>")
            f.add_scatter(name=word, x=[], y=[], mode="lines", xaxis="x2", yaxis="y2", line=line, legendgroup=word,
                          hovertemplate="%{y:.3g} after %{x} steps<extra>exact, " + word + "</extra>")
        f.add_scatter(name="chosen step", x=[], y=[], mode="markers", showlegend=False,
                      marker={"size": 14, "color": "rgba(0,0,0,0)", "line": {"width": 2.5, "color": style.INK}},
                      hovertemplate="h %{y:.3g} at B %{x}<extra>chosen</extra>")
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"},
            annotations=style.titles(2),
            xaxis=style.log_axis("batch size B"),
            yaxis=style.log_axis("largest stable long-run step h × L"),
            xaxis2=style.log_axis("steps", anchor="y2"),
            yaxis2=style.log_axis("risk / risk at the start", anchor="x2")))
        f.update_layout(self.wide())
        return f

    def wide(self):
        """Two columns."""
        return style.columns(2)

    def stacked(self):
        """Two rows."""
        return style.rows(2)

    def exact(self, scenario, final=True):
        """Thresholds over batches, and exact learning curves of both methods at the chosen step."""
        kappa, decay, B, beta = (*(scenario[k] for k in ("kappa", "decay", "batch")), 1 - scenario["memory"])
        H, batches = spectra.power_law(kappa, decay, DIM), BATCHES[final]
        L, h, most = H.largest, chosen_step(scenario), _thresholds(kappa, decay, (B,), beta)
        lines = _thresholds(kappa, decay, tuple(batches.tolist()), beta)
        curves = spectra.power_law(kappa, decay, DIM, spectra.CURVES) if final else H
        times, traces = _times(H, h), {}
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
            risk = risk_at(curves, method, B, times, noise=NOISE) / (H.trace / 2)
            stable[word] = is_stable(H, method, B)
            end[word] = float(risk[-1])
            shown = np.cumsum(risk > TOP) <= 1                                    # to the point where it leaves the axes
            traces[f"{word}: threshold"] = {"x": batches, "y": lines[word] * L}
            traces[word] = {"x": times[shown][1:], "y": np.minimum(risk[shown][1:], TOP)}
        gain = {"SGDM": float(most["SGDM"][0] / most["SGD"][0]), "limit": float(most["limit"][0] / most["SGD"][0])}
        told = [f"κ = {short(kappa)}, decay {short(decay)}, B = {B}, 1−β = {short(scenario['memory'])}: momentum raises "
                f"the largest stable long-run step {three(gain['SGDM'])}× (at most {three(gain['limit'])}× as β → 1; it is "
                f"{f'inert up to B = {three(inert)}' if inert >= 1 else 'inert at no batch'}). At h L = {three(h * L)}"]
        if all(stable.values()):
            told.append(f"both are stable, and after {times[-1]} steps SGD's risk is {three(end['SGD'] / end['SGDM'])}× that "
                        "of SGDM.")
        else:
            lost = " and ".join(w for w in LOOKS if not stable[w])
            told.append(f"the risk of {lost} grows" + (", that of SGDM does not." if stable["SGDM"] else "."))
        return View(traces, ", ".join(told), {"xaxis": [-0.1, np.log10(BATCH.high) + 0.1], "yaxis": span,
                                              "xaxis2": [0, np.log10(times[-1])], "yaxis2": [-4, np.log10(TOP)]},
                    ["Below its line a method is <b>stable</b>", f"The same step at <b>B = {B}</b>"],
                    numbers={"step": h, "gain": gain, "inert": float(inert), "end": end, "stable": stable})

    def sample(self, scenario):
        """Runs of both methods at the chosen step, fed independent noise."""
        B, h = scenario["batch"], chosen_step(scenario)
        H = Spectrum.power_law(DIM, scenario["decay"], scenario["kappa"], binned=False)
        rng, far = np.random.default_rng(scenario["seed"]), []
        steps = int(min(_times(H, h)[-1], 2000))
        runs = int(np.clip(MOST_DRAWN // (steps * DIM), 48, 200))
        times = _times(H, h, per_octave=2)[1:]
        times = times[times <= steps]
        for k, (word, method) in enumerate(zip(LOOKS, matched(h, 1 - scenario["memory"]), strict=True)):
            theory = risk_curve(H, method, B, EARLY, noise=NOISE)[EARLY]
            for progress in simulate_blocks(H, method, B, steps, runs, rng, noise=NOISE):
                fraction, n = (k + progress.fraction) / 2, progress.runs_done
                yield Sample(fraction, _dots(word, progress.risk[:n], times) if n >= 8 else {})
            at = progress.risk[:, EARLY]
            far.append(f"{word} {(at.mean() - theory) / (at.std(ddof=1) / np.sqrt(runs)):+.1f}")
            yield Sample((k + 1) / 2, {}, f"Simulation ({runs} runs): after {EARLY} steps the mean of the runs lies "
                                          f"{', '.join(far)} standard errors from the exact value.")

    def blank(self, scenario):
        """No dots, no bands."""
        return {f"{word}: {part}": {"x": [], "y": []} for word in LOOKS for part in ("simulated", "80 % of runs")}


def chosen_step(scenario):
    """The long-run step of both methods: the fraction asked for of the threshold as beta -> 1."""
    at = _thresholds(scenario["kappa"], scenario["decay"], (scenario["batch"],), 0.0)
    return float(scenario["fraction"] * at["limit"][0])


# -- the numbers, remembered -------------------------------------------------------------------------------------------
@lru_cache(maxsize=512)
def _thresholds(kappa, decay, batches, beta):
    H = spectra.power_law(kappa, decay, DIM)
    return {name: np.array([long_run_threshold(H, B, b) for B in batches])
            for name, b in (("SGD", 0.0), ("SGDM", beta), ("limit", 1.0))}


def _times(H, h, per_octave=6):
    """0, then whole steps evenly spaced in log, to a power of two past the time scale of the middle eigenvalues."""
    octaves = int(np.ceil(np.log2(np.clip(10 * H.dim / (h * H.trace), 256, 2**24))))
    return np.unique(np.concatenate([[0], np.rint(2 ** (np.arange(octaves * per_octave + 1) / per_octave))])).astype(int)


def _dots(word, risk, times):
    seen = np.minimum(risk[:, times] / risk[0, 0], 1e30)                         # quantiles of inf would warn
    low, high = np.quantile(seen, [0.1, 0.9], axis=0)
    mean = seen.mean(0)
    fine, keep = np.isfinite(mean) & (mean < 1e3), (high < 1e3) & (low > 0)
    return {f"{word}: simulated": {"x": times[fine], "y": mean[fine]},
            f"{word}: 80 % of runs": {"x": np.concatenate([times[keep], times[keep][::-1]]),
                                      "y": np.concatenate([high[keep], low[keep][::-1]])}}
