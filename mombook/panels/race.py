"""The fair race: the same tuning budget and the same random numbers for every method, and what the budget costs each."""

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import scipy

from ..exact.moments import steps_to
from ..model.family import FAMILIES, Family
from ..study.race import difference, final_risk, optimum, paired_runs, trials
from . import spectra, style, yours
from .bars import Learner
from .controls import BATCH, DECAY, DIM, KAPPA, METHOD, SEED, Families
from .curves import FILLED, expected
from .frame import Panel, Sample, View, new_figure, of_whole_spectra
from .scenario import Choice, Slider
from .words import counted, given, three
from .yours import OWN

STEPS = Slider("steps", "steps", 10, 3000, 300, step=0.1, base=10, whole=True, help="length of the race")
NOISE = Slider("noise", "noise", 1e-6, 10, 1e-3, step=0.25, base=10,
               help="variance of the label noise over that of the labels' signal, σ² / tr H")
TRIALS = Slider("trials", "trials", 1, 256, 8, step=1, base=2, whole=True,
                help="how many configurations each method may try, judged by exact risk at the end")
TARGET = Slider("target", "target", 1e-5, 0.5, 0.05, step=0.1, base=10, help="risk to reach, as a share of the initial risk")
RUNNERS = Families(help="who races")
AGAINST = Choice("against", "against", ("steps", "samples"), "steps", {"steps": "steps", "samples": "samples"},
                 help="what runs along the left plot: steps (time) or samples (compute)")

MOST = {False: 32, True: 256}
"""Trials that may be judged for each method, from which the median best of N is computed: while dragging, and at rest."""

LARGEST = {False: 16, True: 256}
"""The largest number of trials whose best races: while dragging half the pool, so that its median means something."""

SEARCHED = {False: 25, True: 200}
"""Methods that the exact tuning may judge for each parameter: while dragging, and at rest."""

FINE = {False: 0.5, True: 1.0}
"""Bins an octave of the spectrum on which trials are judged: while dragging, and at rest."""

HIGHEST = 5.0
"""Top of both plots, in units of the initial risk."""

POOL = 32
"""Trials from which a search takes its medians, at the least."""

JUDGED = 2000
"""Trials that a search may judge, over all its scenarios: about a second."""

WORK = 60_000_000
"""Sampled numbers a simulation may cost; where true samples cost more, they are replaced by ``one_draw``."""


class RacePanel(Panel):
    """Learning curves of each method's best trial, and the final risk against the number of trials."""

    name = "race"
    claims = True
    title = "A fair race"
    subplots = 2
    controls = (KAPPA, DECAY, replace(BATCH, default=64), DIM, NOISE, STEPS, TRIALS, TARGET, RUNNERS, AGAINST, SEED,
                METHOD)
    own = ("kappa", "decay", "d")
    references = ("morwani2026",)
    presets = MappingProxyType({
        "small budget": {"kappa": 1000, "decay": 1.5, "batch": 64, "d": 200, "noise": 1e-3, "steps": 300, "trials": 4},
        "large budget": {"kappa": 1000, "decay": 1.5, "batch": 64, "d": 200, "noise": 1e-3, "steps": 300, "trials": 128},
        "batch 1": {"kappa": 1000, "decay": 0.5, "batch": 1, "d": 200, "noise": 1e-3, "steps": 300, "trials": 16},
        "full batch": {"kappa": 1000, "decay": 1.5, "batch": 65536, "d": 200, "noise": 1e-6, "steps": 100, "trials": 16}})
    help = ("Every method tries as many configurations, drawn from the same box (learning rate × L from 0.0001 to 4, 1 − β "
            "from 0.001 to 1, uniform in the logarithm) by the same Halton points, and keeps the one of least exact risk at "
            "the end of the race. Left: its exact curve; dotted: the exactly tuned method in the same box; dots are means of "
            "simulated runs on common random numbers, shades hold 80 % of them. Right: the median best of N trials, a ring "
            "where the race stands, dotted lines the exact optimum. A method of your own, behind “more”, races as it is, or "
            "is tried like the others where it leaves lr and beta open. " + FILLED)

    @property
    def theory(self):
        """The exactly tuned curves of every family there is."""
        return tuple(f"{look.word}, tuned exactly" for look in yours.looks().values())

    def figure(self):
        """Two subplots; traces in the order they are drawn."""
        f, second = new_figure(), {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
        f.add_scatter(name="target", x=[], y=[], mode="lines", line={"color": style.MUTED, "width": 1, "dash": "dash"},
                      hoverinfo="skip", showlegend=False)
        for look in yours.looks().values():
            f.add_scatter(name=f"{look.word}, 80 % of runs", x=[], y=[], mode="lines", fill="toself", line={"width": 0},
                          fillcolor=style.rgba(look.color, 0.12), hoverinfo="skip", showlegend=False)
            f.add_scatter(name=f"{look.word}, tuned exactly", x=[], y=[], mode="lines", showlegend=False,
                          line={"color": look.color, "width": 1.3, "dash": "dot"}, hoverinfo="skip")
            f.add_scatter(name=look.word, x=[], y=[], mode="lines", line={"color": look.color, "width": 2.5, "dash": look.dash},
                          hovertemplate="%{y:.3~g} at %{x}%{customdata}<extra>" + look.word + "</extra>")
            f.add_scatter(name=f"{look.word}, runs", x=[], y=[], mode="markers", showlegend=False,
                          marker={"color": look.color, "symbol": look.marker, "size": 7},
                          hovertemplate="%{y:.3~g} at %{x}<extra>mean of runs, " + look.word + "</extra>")
            f.add_scatter(name=f"{look.word}, optimum", x=[], y=[], mode="lines", hoverinfo="skip",
                          line={"color": look.color, "width": 1.3, "dash": "dot"}, **second)
            f.add_scatter(name=f"{look.word}, median best", x=[], y=[], mode="lines",
                          line={"color": look.color, "width": 2.5, "dash": look.dash}, **second,
                          hovertemplate="%{y:.3~g} with %{x} trials<extra>" + look.word + "</extra>")
            f.add_scatter(name=f"{look.word}, here", x=[], y=[], mode="markers", **second,
                          marker={"color": look.color, "symbol": look.marker, "size": 11,
                                  "line": {"width": 1, "color": style.PAPER}},
                          hovertemplate="%{y:.3~g} with %{x} trials<extra>this race, " + look.word + "</extra>")
        f.add_scatter(name="budget", x=[], y=[], mode="lines", line={"color": style.MUTED, "width": 1, "dash": "dash"},
                      hoverinfo="skip", **second)
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"},
            annotations=style.titles(2),
            xaxis=style.log_axis("steps, or samples where chosen"), yaxis=style.log_axis("risk / risk at the start"),
            xaxis2=style.axis("trials each method may try", anchor="y2", type="log", autorange=False,
                              tickvals=[1, 4, 16, 64, 256]),
            yaxis2=style.log_axis("risk at the end / at the start", anchor="x2")))
        f.update_layout(self.wide())
        return f

    def learning(self, scenario):
        """Each method's best trial."""
        batch, _, count = _sizes(scenario)
        scale = batch if scenario["against"] == "samples" else 1
        best = {k: _entry(what, *_race(scenario), True, count)[0] for k, what in yours.entries(scenario).items()}
        return {yours.looks()[k].word: Learner(method, batch, _sigma(scenario), scale) for k, method in best.items()}

    def exact(self, scenario, final=True):
        """The race as exact expectations, every budget up to MOST, and the exactly tuned methods; while dragging on a coarser
        spectrum, with fewer trials and a shorter search."""
        H, sigma, (batch, steps, count) = _spectrum(spectra.key(scenario), final), _sigma(scenario), _sizes(scenario)
        judged, unit, entries = min(count, LARGEST[final]), H.trace / 2, yours.entries(scenario)
        entry = {k: _entry(what, *_race(scenario), final, judged) for k, what in entries.items()}
        scale, traces = batch if scenario["against"] == "samples" else 1, _hidden()
        tried = {k: what for k, what in entries.items() if isinstance(what, Family)}
        pool = {k: _trials(family, *_race(scenario), final) for k, family in tried.items()}
        best = {k: _optimum(family, *_race(scenario), final) for k, family in tried.items()}
        counts = 2 ** np.arange(round(np.log2(MOST[final])) + 1)
        lows = [scenario["target"], *(found[k][1] / unit for found in (entry, best) for k in scenario["methods"])]
        floor = np.floor(np.log10(max(min(lows), 1e-12)))

        def curve(method):
            seen, risk, notes = expected(spectra.key(scenario), method, batch, steps, (10**floor, HIGHEST), final, sigma)
            shown = (seen > 0) & (risk < HIGHEST)
            return {"x": seen[shown] * scale, "y": risk[shown], "customdata": notes[shown], "visible": bool(shown.any())}

        for key, (method, risk) in entry.items():
            word = yours.looks()[key].word
            traces[word] = curve(method)
            inside = bool(10**floor <= risk / unit < HIGHEST)
            traces[f"{word}, here"] = {"x": [judged], "y": [risk / unit], "visible": inside}
            if key not in pool:                                         # nothing is tuned in it: trials do not help
                traces[f"{word}, median best"] = {"x": [1, MOST[True]], "y": [risk / unit] * 2, "visible": inside}
                continue
            tuned, least = best[key]
            median = pool[key].median_best(counts) / unit
            shown = (median < HIGHEST) & (median >= 10**floor)
            traces[f"{word}, tuned exactly"] = curve(tuned)
            traces[f"{word}, median best"] = {"x": counts[shown], "y": median[shown], "visible": bool(shown.any())}
            traces[f"{word}, optimum"] = {"x": [1, MOST[True]], "y": [least / unit] * 2, "visible": True}
        ends = [np.log10(scale), np.log10(scale * steps)]
        traces["target"] = {"x": [scale, scale * steps], "y": [scenario["target"]] * 2, "visible": True}
        traces["budget"] = {"x": [count, count], "y": [10**floor, HIGHEST], "visible": True}
        numbers = {"risk": {k: r / unit for k, (_, r) in entry.items()}, "methods": {k: m for k, (m, _) in entry.items()},
                   "optimum": {k: r / unit for k, (_, r) in best.items()},
                   "median": {k: float(p.median_best([judged])[0] / unit) for k, p in pool.items()},
                   "times": {k: steps_to(H, m, batch, scenario["target"] * unit, sigma, limit=steps)
                             for k, (m, _) in entry.items()}}
        y = [floor - 0.1, np.log10(HIGHEST)]
        return View(traces, _sentence(scenario, numbers, judged),
                    {"xaxis": [ends[0], ends[1] + 0.05], "xaxis2": [-0.08, np.log10(MOST[True]) + 0.08],
                     "yaxis": y, "yaxis2": y},
                    [f"<b>Best of {counted(judged, 'trials')}</b>, against {scenario['against']}",
                     "<b>What the budget buys</b>"], numbers=numbers)

    @of_whole_spectra
    def sample(self, scenario):
        """The chosen trials on common random numbers."""
        key = spectra.key(scenario)
        H, d, sigma, (batch, steps, count) = spectra.one_by_one(key), spectra.size(key), _sigma(scenario), _sizes(scenario)
        entry = {k: _entry(what, *_race(scenario), True, count) for k, what in yours.entries(scenario).items()}
        keys = [k for k, (_, r) in entry.items() if r < np.inf]
        entry = {k: entry[k] for k in keys}
        risk, chosen = {k: r for k, (_, r) in entry.items()}, [m for m, _ in entry.values()]
        least = 32 * len(keys) * d * steps
        sampler = "direct" if least * batch <= WORK else "one_draw"
        runs = int(np.clip(WORK / (least / 32 * (batch if sampler == "direct" else 1)), 16, 200))
        times = np.unique(np.rint(np.geomspace(1, steps, 49))).astype(int)
        scale = batch if scenario["against"] == "samples" else 1
        for piece in paired_runs(H, chosen, batch, steps, runs, np.random.default_rng(scenario["seed"]), sigma, sampler):
            n = piece.runs_done
            if n < min(8, runs):
                yield Sample(piece.fraction, {})
                continue
            traces = {}
            for key, each in zip(keys, piece.risk[:, :n], strict=True):
                traces |= _drawn(yours.looks()[key].word, each / (H.trace / 2), times, scale)
            ends = {k: piece.risk[i, :n, -1] for i, k in enumerate(keys)}
            yield Sample(piece.fraction, traces, _heard(ends, risk, n, sampler))

    def blank(self, scenario):
        """No runs."""
        empty = {"x": [], "y": []}
        return {f"{look.word}, {what}": empty for look in yours.looks().values() for what in ("runs", "80 % of runs")}

    @property
    def searches(self):
        """Looking for where momentum helps least and most, at the same budget for every method."""
        return {"Find where momentum does not help": lambda s: _searched(s, least=True),
                "Find where it helps most": lambda s: _searched(s, least=False)}


# -- what is remembered -----------------------------------------------------------------------------------------------
def _sizes(scenario):
    return scenario["batch"], scenario["steps"], scenario["trials"]


def _race(scenario):
    """What a race depends on, whoever runs and whatever its budget."""
    return (spectra.key(scenario), scenario["batch"], scenario["steps"], scenario["noise"], scenario["seed"])


def _sigma(scenario):
    return float(np.sqrt(scenario["noise"] * _spectrum(spectra.key(scenario)).trace))


def _spectrum(key, final=True):
    return spectra.of(key, FINE[final])


@lru_cache(maxsize=1024)
def _trials(family, key, batch, steps, noise, seed, final, count=None):
    """The pool of a ``Family``."""
    H = _spectrum(key, final)
    return trials(H, family, batch, steps, count or MOST[final], seed, float(np.sqrt(noise * H.trace)))


def _entry(what, key, batch, steps, noise, seed, final, count):
    """Who races and the risk at the end: the best of so many trials of a ``Family``, or the reader's own ``Method``."""
    if isinstance(what, Family):
        return _trials(what, key, batch, steps, noise, seed, final).best(count)
    H = _spectrum(key, final)
    return what, final_risk(H, what, batch, steps, float(np.sqrt(noise * H.trace)))


@lru_cache(maxsize=512)
def _optimum(family, key, batch, steps, noise, seed, final):
    H, pool = _spectrum(key, final), _trials(family, key, batch, steps, noise, seed, final)
    return optimum(H, pool, batch, steps, float(np.sqrt(noise * H.trace)), SEARCHED[final])


def _hidden():
    parts = ("", ", tuned exactly", ", median best", ", optimum", ", here")
    return {f"{look.word}{part}": {"visible": False} for look in yours.looks().values() for part in parts}


def _drawn(word, risk, times, scale):
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.quantile(risk[:, times], [0.1, 0.9], axis=0)
        mean = risk[:, times].mean(0)
    few = np.arange(0, times.size, 4)
    few, band = few[mean[few] < HIGHEST], high < HIGHEST
    x = times * scale
    return {f"{word}, runs": {"x": x[few], "y": mean[few]},
            f"{word}, 80 % of runs": {"x": np.concatenate([x[band], x[band][::-1]]),
                                      "y": np.concatenate([high[band], low[band][::-1]])}}


# -- searching --------------------------------------------------------------------------------------------------------
def helps(scenario, count):
    """SGD's final risk over the best momentum method's, each the median best of ``count`` trials; nan where SGD learns
    nothing (less than a factor of two) or everything (more than 10000)."""
    def median(key):
        return _trials(FAMILIES[key], *_race(scenario), True, max(count, POOL)).median_best([count])[0]

    unit, sgd = _spectrum(spectra.key(scenario)).trace / 2, median("sgd")
    if not 1e-4 < sgd / unit < 0.5:
        return np.nan
    others = [k for k in scenario["methods"] if k != "sgd"] or [k for k in FAMILIES if k != "sgd"]
    return sgd / min(median(k) for k in others)


def _searched(scenario, least):
    """The least or most helpful of some quasi-random scenarios, drawn over five sliders; d, trials and seed stay, and a
    spectrum of the reader's own."""
    count = scenario["trials"]
    drawn = [c for c in (KAPPA, DECAY, BATCH, NOISE, STEPS) if c.name in scenario]
    found, changes = (np.inf if least else -np.inf), {}
    for point in scipy.stats.qmc.Halton(len(drawn), seed=1).random(int(np.clip(JUDGED / (4 * max(count, POOL)), 6, 40))):
        stops = [c.stops[int(v * (len(c.stops) - 1) + 0.5)] for c, v in zip(drawn, point, strict=True)]
        case = {c.name: c.value(c.rounded(x)) for c, x in zip(drawn, stops, strict=True)}
        ratio = helps({**scenario, **case}, count)
        if np.isfinite(ratio) and (ratio < found) == least and ratio != found:
            found, changes = ratio, case
    return changes


# -- words ------------------------------------------------------------------------------------------------------------
def _sentence(scenario, n, judged):
    batch, steps, _ = _sizes(scenario)
    words = {k: yours.looks()[k].word for k in n["risk"]}
    order = [k for k, risk in n["risk"].items() if risk < np.inf]
    said = ", ".join(f"{words[k]} {three(n['risk'][k])}" for k in order)
    head = (f"{spectra.told(scenario)}, B = {batch}, noise {given(scenario['noise'])}: after {given(steps)} steps "
            f"({three(steps * batch)} samples) the best of {counted(judged, 'trials')} each ends at {said} of the initial "
            "risk. ")
    costs = ", ".join(f"{words[k]} {three(n['risk'][k] / n['optimum'][k])}×" for k in order if k in n["optimum"])
    there = [f"{words[k]} in {given(np.ceil(t))}" for k, t in n["times"].items() if np.isfinite(t)]
    reached = (f"Target {given(scenario['target'])} is reached by {', '.join(there)} steps." if there else
               f"Nobody reaches the target {given(scenario['target'])}.")
    diverges = "" if len(order) == len(words) else " Your method diverges."
    claim, usually = _advantage(n, words)
    return f"{claim}{head}Against exact tuning that costs {costs}. {reached}{usually}{diverges}"


def _advantage(n, words):
    """Whether momentum's advantage over SGD survives the budget, a sentence with a space behind it; and in the median draw, one
    with a space before it; or nothing."""
    others = [k for k in n["risk"] if k not in ("sgd", OWN)]
    if "sgd" not in n["risk"] or not others:
        return "", ""
    (here, ahead), (usual, _), (exactly, tuned) = (
        (where["sgd"] / where[best], best) for where in (n["risk"], n["median"], n["optimum"])
        for best in [min(others, key=where.get)])
    gain = (f"{words[tuned]} beats SGD by {three(exactly)}× when both are tuned exactly" if exactly >= 1.05 else
            f"Momentum hardly helps even when tuned exactly ({three(exactly)}×)")
    won = (f"SGD, with one parameter to tune, wins by {three(1 / here)}×" if here < 0.995 else
           f"{words[ahead]} is ahead by {three(here)}×" if here > 1.005 else f"SGD and {words[ahead]} are level")
    often = (f"behind by {three(1 / usual)}×" if usual < 0.995 else f"ahead by {three(usual)}×" if usual > 1.005 else
             "level with SGD")
    return f"{gain}; at this budget {won}. ", f" In the median draw of trials momentum is {often}."


def _heard(ends, risk, runs, sampler):
    """The pair that matters, SGD against the best momentum (or the first two), in standard errors."""
    shared = ("the same inputs and label noise, sample by sample" if sampler == "direct" else
              "the same normal vectors and chi-square numbers, step by step")
    order = sorted((k for k in ends if np.all((ends[k] > 0) & (ends[k] < 1e200))), key=risk.get)
    if len(order) < 2:
        return f"{runs} runs on {shared}."
    a, b = (next(k for k in order if k != "sgd"), "sgd") if "sgd" in order else order[:2]
    apart = difference(ends[a], ends[b])
    word = [yours.looks()[k].word for k in (a, b)]
    sure = abs(apart.mean) / apart.error if apart.error > 0 else np.inf
    verdict = "beyond" if sure > 2 else "not beyond"
    saved = (apart.unpaired / apart.error) ** 2 if apart.error > 0 else np.inf
    gain = f" Independent streams would need {three(saved)} times as many runs for that error." if np.isfinite(saved) else ""
    return (f"{runs} runs on {shared}: {word[0]} ends at {three(np.exp(apart.mean))} times {word[1]}'s risk (geometric mean), "
            f"a difference of {three(min(sure, 1e6))} standard errors, {verdict} two.{gain}")
