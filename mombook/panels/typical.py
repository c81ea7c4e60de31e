"""Expected against typical: the exact mean, what a run does, and the two rates over the learning rate."""

from functools import lru_cache

import numpy as np

from ..exact.moments import contraction_gap, contraction_gaps, risk_at
from ..exact.thresholds import step_limit
from ..model.method import Method
from ..sample.gaussian import simulate_blocks
from ..study.typical import sgd_profile, typical_blocks
from ..tuning.long_run import tune
from . import spectra, style
from .bars import Learner
from .controls import BATCH, DECAY, DIM, KAPPA, SEED
from .curves import evenly
from .frame import Panel, Sample, View, new_figure, of_whole_spectra
from .labels import Plot
from .scenario import Slider
from .words import given, percent, three

SHARE = Slider("share", "η/max", 0.1, 2, 1.1, step=0.05,
               help="learning rate as a share of the largest that is stable in mean square; above 1 the mean diverges")

SHARES = np.concatenate([np.linspace(0.02, 0.95, 40), 1 - np.geomspace(0.04, 1e-4, 12), 1 + np.geomspace(1e-4, 1, 40)])
"""Learning rates of the exact rate curve, as shares of the limit."""

MEASURED = np.arange(0.2, 2.01, 0.15)
"""Learning rates at which the typical rate is measured, as shares of the limit."""

MOST_DRAWN, MOST_RATE = 30_000_000, 3_000_000
"""Normals drawn for the runs, and for each point of the typical rate."""

FAR = 12
"""E-folds of growth or decay of the mean that the time axis holds."""

BLUE, MEAN, INK = style.METHODS["sgd"].color, style.ACCENT, style.MUTED


class TypicalPanel(Panel):
    """SGD beyond and below its mean-square stability limit.

    About SGD alone, over its one learning rate: it shows no other family and no method that a reader writes.
    """

    name = "typical"
    claims = True
    title = "Expected and typical"
    subplots = 2
    controls = (KAPPA, DECAY, BATCH, DIM, SHARE, SEED)
    own = ("kappa", "decay", "d")
    references = ("furstenberg1960", "gurbuzbalaban2021", "morwani2026")
    theory = ("expected risk, exact", "rate of the mean")
    presets = {  # noqa: RUF012
        "many directions": {"kappa": 1, "decay": 1.5, "batch": 8, "d": 200, "share": 1.05},
        "few directions": {"kappa": 100, "decay": 1.5, "batch": 1, "d": 10, "share": 1.1},
        "safe": {"kappa": 100, "decay": 1.5, "batch": 1, "d": 10, "share": 0.5},
        "two weights": {"kappa": 1, "decay": 1.5, "batch": 1, "d": 2, "share": 1.4},
    }
    help = ("Left: the line is the exact expected risk; open dots are the mean of the simulated runs, filled dots their "
            "median, the shade holds 80 % of them. Beyond the limit the line grows although nearly every run shrinks. "
            "Right: the line is the exact rate of the mean, zero at the limit; dots are the measured typical rate, with two "
            "standard errors either way. Between the two zero crossings the mean diverges and runs converge. Rates are in "
            "units of the best rate of the mean.")

    def figure(self):
        """Two subplots; traces in the order they are drawn."""
        f = new_figure()
        f.add_scatter(name="80 % of runs", x=[], y=[], mode="lines", line={"width": 0}, fill="toself",
                      fillcolor=style.rgba(BLUE, 0.2), hoverinfo="skip")
        f.add_scatter(name="expected risk, exact", x=[], y=[], mode="lines", line={"color": MEAN, "width": 3},
                      hovertemplate="%{y:.3~g} after %{x} steps<extra>exact mean</extra>")
        f.add_scatter(name="mean of the runs", x=[], y=[], mode="markers", hovertemplate="%{y:.3~g}<extra>mean of runs</extra>",
                      marker={"symbol": "circle-open", "color": MEAN, "size": 8, "line": {"width": 2}})
        f.add_scatter(name="median run", x=[], y=[], mode="lines+markers", marker={"color": BLUE, "size": 6},
                      line={"color": BLUE, "width": 1.5}, hovertemplate="%{y:.3~g} after %{x} steps<extra>median</extra>")
        second = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
        f.add_scatter(name="zero", x=[0, 2.05], y=[0, 0], mode="lines", line={"color": INK, "width": 1},
                      hoverinfo="skip", **second)
        f.add_scatter(name="limit", x=[], y=[], mode="lines", line={"color": INK, "width": 1, "dash": "dash"},
                      hoverinfo="skip", **second)
        style.names(f, "limit name", 2)
        f.add_scatter(name="rate of the mean", x=[], y=[], mode="lines", line={"color": MEAN, "width": 3}, **second,
                      hovertemplate="%{y:.3~g} at %{x:.3~r} of the limit<extra>exact rate of the mean</extra>")
        f.add_scatter(name="typical rate", x=[], y=[], mode="markers", marker={"color": BLUE, "size": 8},
                      **{**second, "showlegend": True},
                      error_y={"array": [], "thickness": 1.5, "color": BLUE},
                      hovertemplate="%{y:.3~g} at %{x:.3~r} of the limit<extra>typical rate, measured</extra>")
        f.add_scatter(name="chosen", x=[], y=[], mode="lines", line={"color": BLUE, "width": 1.2, "dash": "dot"},
                      hoverinfo="skip", **second)
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "y": 1.1, "yanchor": "bottom"},
            annotations=style.titles(2),
            xaxis=style.axis("steps", autorange=False), yaxis=style.log_axis("risk / risk at the start"),
            xaxis2=style.axis("learning rate / mean-square limit", anchor="y2", autorange=False),
            yaxis2=style.axis("rate / best rate of the mean", anchor="x2", autorange=False)))
        f.update_layout(self.wide())
        return f

    def learning(self, scenario):
        """SGD at the slider's learning rate."""
        batch = scenario["batch"]
        return {"expected risk, exact": Learner(_method(spectra.key(scenario), batch, scenario["share"])[0], batch)}

    def exact(self, scenario, final=True):
        """The exact mean and its rate; nothing here is simulated."""
        key, B, share = spectra.key(scenario), scenario["batch"], scenario["share"]
        H, d = spectra.of(key), spectra.size(key)
        method, limit, best = _method(key, B, share)
        rate = float(-np.log1p(-contraction_gap(H, method, B)))
        times = _steps(rate, best, d)
        risk = risk_at(H, method, B, times)
        curve = risk / risk[0]
        keep = (curve > 1e-8) & (curve < 1e6)
        rates = _rates(key, B) / best
        near = rates > -4
        traces = {"expected risk, exact": {"x": times[keep], "y": curve[keep]},
                  "rate of the mean": {"x": SHARES[near], "y": rates[near]}, "chosen": {"x": [share] * 2, "y": [-3, 2.5]}}
        right = Plot([0, 2.05], [-3, 2.5], 2, log=(False, False))
        for line in (traces["rate of the mean"], traces["chosen"], {"x": [0, 2.05], "y": [0, 0]}):
            right.curve(**line)
        (traces["limit"],), traces["limit name"] = right.uprights([("mean-square limit", 1.0)])
        numbers = {"limit": limit, "lr": method.delta, "rate": rate, "best": best, "steps": int(times[-1])}
        ranges = {"xaxis": [0, float(times[-1])], "yaxis": [-5, 4], "xaxis2": [0, 2.05], "yaxis2": [-3, 2.5]}
        return View(traces, _sentence(scenario, numbers), ranges,
                    [f"Risk at η = <b>{given(share)} × limit</b>, B = {B}", "<b>Two rates</b>; above 0 the risk falls"],
                    [], numbers)

    @of_whole_spectra
    def sample(self, scenario):
        """First the runs, then the typical rate, learning rate by learning rate."""
        key, B = spectra.key(scenario), scenario["batch"]
        H, d, rng = spectra.one_by_one(key), spectra.size(key), np.random.default_rng(scenario["seed"])
        method, limit, best = _method(key, B, scenario["share"])
        coarse = spectra.of(key)
        times = _steps(float(-np.log1p(-contraction_gap(coarse, method, B))), best, d)
        steps = int(times[-1])
        runs, told = int(np.clip(MOST_DRAWN // (steps * d), 32, 1000)), ""
        for progress in simulate_blocks(H, method, B, steps, runs, rng):
            if progress.runs_done < min(16, runs):
                yield Sample(progress.fraction / 3, {})
                continue
            risk = progress.risk[:progress.runs_done]
            told = (f"Simulation ({len(risk)} runs): {percent(np.mean(risk[:, -1] < risk[:, 0]))} of the runs end below "
                    f"their start after {given(steps)} steps")
            yield Sample(progress.fraction / 3, _drawn(risk, times), told + ".")
        rows = []
        for k, s in enumerate(MEASURED):
            lr, length = s * limit, int(np.clip(MOST_RATE // (24 * d), 40, 4000))
            for found in typical_blocks(H, Method.sgd(lr), B, length, 24, rng, start=sgd_profile(H, lr, B)):
                yield Sample((1 + 2 * (k + found.fraction) / len(MEASURED)) / 3, {})
            rows.append((s, found.rate / best, 2 * found.error / best))
            x, y, e = np.transpose([r for r in rows if -3 < r[1] < 2.5] or [(np.nan,) * 3])
            points = {"typical rate": {"x": x, "y": y, "error_y.array": e}}
            yield Sample((1 + 2 * (k + 1) / len(MEASURED)) / 3, points, told + ".")
        yield Sample(1.0, {}, f"{told}. {_crossing(rows)}")

    def blank(self, scenario):
        """Nothing simulated yet."""
        empty = {"x": [], "y": []}
        return {name: empty for name in ("80 % of runs", "mean of the runs", "median run", "typical rate")}


# -- the numbers, remembered -------------------------------------------------------------------------------------------
@lru_cache(maxsize=256)
def _limit_and_best(key, batch):
    H = spectra.of(key)
    return step_limit(H, batch), float(-np.log1p(-tune(H, "sgd", batch).gap))


def _method(key, batch, share):
    limit, best = _limit_and_best(key, batch)
    return Method.sgd(share * limit), limit, best


@lru_cache(maxsize=256)
def _rates(key, batch):
    limit, _ = _limit_and_best(key, batch)
    return -np.log1p(-contraction_gaps(spectra.of(key), SHARES * limit, 0.0, 0.0, batch, tolerance=1e-3))


def _steps(rate, best, d):
    """Whole steps, evenly spaced: FAR e-folds of the mean, at most six of the best rate, and no more than can be run."""
    longest = min(6 / best, MOST_DRAWN / (32 * d))
    last = int(np.clip(min(FAR / max(abs(rate), 1e-12), longest), 40, 20_000))
    return evenly(last)


def _drawn(risk, times):
    with np.errstate(over="ignore", invalid="ignore"):
        shown = risk[:, times] / risk[:, :1]
        low, middle, high = np.quantile(shown, [0.1, 0.5, 0.9], axis=0)
        mean = shown.mean(0)
    band = (low > 1e-30) & np.isfinite(high)
    few = np.arange(0, len(times), 4)
    few = few[np.isfinite(mean[few])]
    return {"80 % of runs": {"x": np.concatenate([times[band], times[band][::-1]]),
                             "y": np.concatenate([high[band], low[band][::-1]])},
            "mean of the runs": {"x": times[few], "y": mean[few]},
            "median run": {"x": times[band][::4], "y": middle[band][::4]}}


def _crossing(rows):
    """Up to where runs converge, as far as the measured points can tell."""
    up = [s for s, rate, error in rows if rate > error]
    if not up:
        return "No typical rate is measured above zero."
    return f"The typical rate is measured above zero up to {three(max(up))} × the mean-square limit."


def _sentence(scenario, n):
    """What is on screen, in words."""
    grows = (f"grows e-fold in {three(-1 / n['rate'])} steps" if n["rate"] < -1e-12 else
             f"falls e-fold in {three(1 / n['rate'])} steps" if n["rate"] > 1e-12 else "stands still")
    return (f"At {given(scenario['share'])} times the mean-square limit the expected risk {grows}; the median shows what most "
            f"runs do. {spectra.told(scenario)}, B = {scenario['batch']}: SGD is stable in mean square below "
            f"η = {three(n['limit'])}.")
