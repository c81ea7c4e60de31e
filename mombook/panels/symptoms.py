"""The symptom guide: a loss curve at a chosen learning rate and momentum, what it complains of, and the map of symptoms."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..exact.moments import risk_at
from ..model.method import Method
from ..sample.gaussian import simulate_blocks
from ..study.symptoms import CAUSES, SYMPTOMS, diagnose, reference, symptom_map
from . import spectra, style
from .bars import Learner
from .controls import BATCH, DECAY, DIM, KAPPA, SEED
from .curves import FILLED, evenly, expected
from .frame import Panel, Sample, View, new_figure, of_whole_spectra
from .labels import Plot
from .scenario import Slider
from .words import given, three

LR = Slider("lr", "lr", 1e-5, 10, 0.05, step=0.05, base=10, help="learning rate of torch.optim.SGD, where L is 1")
MOMENTUM = Slider("momentum", "β", 0, 0.999, 0.9, step=0.001, help="momentum of torch.optim.SGD")
NOISE = Slider("noise", "noise", 1e-6, 10, 1e-4, step=0.25, base=10,
               help="variance of the label noise over that of the labels' signal, σ² / tr H")
TARGET = Slider("target", "target", 1e-5, 0.5, 1e-3, step=0.1, base=10, help="risk to reach, as a share of the initial risk")
STEPS = Slider("steps", "steps", 30, 100000, 3000, step=0.1, base=10, whole=True, help="how long the curve is")

SHADES = {"healthy": "#1AB58A", "slow": "#56B4E9", "oscillates": "#CC79A7", "stalls": "#E69F00", "diverges": "#B8BEC6"}
CELLS = {False: 17, True: 41}
"""Columns and rows of the map: while dragging, and at rest."""

FORGETS = (1e-3, 1.0)
"""1 - momentum, bottom and top of the map."""

TOP, BOTTOM, HIGHEST = 100.0, 1e-6, 10**1.5
"""What is drawn of a curve, in units of the initial risk, and the top of the axis."""

WORK = 30_000_000
"""Normals a simulation may draw."""

CURVE = style.METHODS["heavy_ball"].color


SETTING = {"kappa": 100, "decay": 1.0, "d": 100, "noise": 1e-4, "target": 1e-3, "steps": 300}
NOISY = {**SETTING, "momentum": 0.9, "noise": 0.3, "target": 0.01, "steps": 1000}


class SymptomsPanel(Panel):
    """The exact curve with runs on it, the cure's curve, and where in (lr, momentum) each symptom lives.

    About torch.optim.SGD: it shows no other family.
    """

    name = "symptoms"
    claims = True
    title = "What a loss curve is telling you"
    subplots = 2
    controls = (KAPPA, DECAY, BATCH, DIM, LR, MOMENTUM, NOISE, TARGET, STEPS, SEED)
    own = ("kappa", "decay", "d")
    relative = True
    references = ("morwani2026", "goh2017")
    theory = ("the cure's loss", "cure")
    presets = MappingProxyType({
        "small batch": {**SETTING, "batch": 1, "lr": 0.02, "momentum": 0.9, "steps": 3000},
        "large batch": {**SETTING, "batch": 4096, "lr": 2, "momentum": 0.75},
        "noisy labels": {**NOISY, "batch": 64, "lr": 0.5}})
    guides = MappingProxyType({
        "slow": (("Slow", {**SETTING, "batch": 64, "lr": 0.001, "momentum": 0.9}), ("Slow: raise lr", {"lr": 0.4})),
        "slow, memory": (("Slow at any lr", {**SETTING, "batch": 4096, "lr": 1.8, "momentum": 0}),
                         ("Slow at any lr: add momentum", {"momentum": 0.75})),
        "oscillates": (("Oscillates", {**SETTING, "batch": 4096, "lr": 1.8, "momentum": 0.98}),
                       ("Oscillates: lower momentum", {"momentum": 0.75})),
        "stalls": (("Stalls", {**NOISY, "batch": 64, "lr": 0.5}), ("Stalls: lower lr", {"lr": 0.063})),
        "stalls, batch": (("Stalls again", {**NOISY, "batch": 64, "lr": 0.5}), ("Stalls again: raise B", {"batch": 512})),
        "diverges": (("Diverges", {**SETTING, "batch": 8, "lr": 0.5, "momentum": 0.9}), ("Diverges: lower lr", {"lr": 0.15}))})
    help = ("Left: the line is the exact expected loss of torch.optim.SGD(lr, momentum), thin lines are single runs, the "
            "dotted line is the cure named in the sentence; dashes mark the noise floor and the target. Right: every (lr, "
            "momentum) by its symptom, the square is yours, the ring the cure. The buttons show each symptom with a first "
            "click and cure it with a second. A gap of half the reference's counts as healthy; the reference is the fastest "
            "heavy ball whose floor is at most half the target. " + FILLED)

    def figure(self):
        """Two subplots; traces in the order they are drawn."""
        f, second = new_figure(), {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
        steps = [[(k + e) / 5, SHADES[s]] for k, s in enumerate(SYMPTOMS) for e in (0, 1)]
        f.add_heatmap(name="symptoms", x=[], y=[], z=[[]], zmin=-0.5, zmax=4.5, colorscale=steps, showscale=False,
                      xaxis="x2", yaxis="y2", opacity=0.9, hovertemplate="lr %{x:.3~g}, 1 − momentum %{y:.3~g}<extra></extra>")
        style.names(f, "symptom names", 2, color=style.ON_MAP, size=13)
        f.add_scatter(name="cure", x=[], y=[], mode="markers", hoverinfo="name", cliponaxis=False,
                      marker={"symbol": "circle-open", "size": 15, "color": style.INK, "line": {"width": 2.5}},
                      **second)
        f.add_scatter(name="yours", x=[], y=[], mode="markers", hoverinfo="name", cliponaxis=False,
                      marker={"symbol": "square", "size": 11, "color": CURVE, "line": {"width": 1.5, "color": style.PAPER}},
                      **second)
        dash = {"color": style.MUTED, "width": 1.2}
        f.add_scatter(name="target", x=[], y=[], mode="lines", line={**dash, "dash": "dash"}, hoverinfo="skip")
        f.add_scatter(name="noise floor", x=[], y=[], mode="lines", hoverinfo="skip",
                      line={"color": style.ACCENT, "width": 2, "dash": "dash"})
        for k in range(3):
            f.add_scatter(name=f"run {k + 1}", x=[], y=[], mode="lines", line={"color": CURVE, "width": 0.8},
                          showlegend=False, hoverinfo="skip")
        f.add_scatter(name="the cure's loss", x=[], y=[], mode="lines", line={"color": style.INK, "width": 1.5, "dash": "dot"},
                      hovertemplate="%{y:.3~g} after %{x} steps%{customdata}<extra>the cure</extra>")
        f.add_scatter(name="expected loss", x=[], y=[], mode="lines", line={"color": CURVE, "width": 3},
                      hovertemplate="%{y:.3~g} after %{x} steps%{customdata}<extra>exact</extra>")
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"},
            annotations=style.titles(2),
            xaxis=style.axis("steps", autorange=False), yaxis=style.log_axis("risk / risk at the start"),
            xaxis2=style.log_axis("learning rate", anchor="y2"),
            yaxis2=style.axis("momentum β", anchor="x2", type="log", autorange=False, tickvals=[1, 0.1, 0.01, 0.001],
                              ticktext=["0", "0.9", "0.99", "0.999"])))
        f.update_layout(self.wide())
        return f

    def learning(self, scenario):
        """The chosen method and its cure."""
        found = _diagnosis(spectra.key(scenario), *(scenario[k] for k in ("batch", "lr", "momentum", "noise", "target")))
        methods = {"expected loss": chosen(scenario), "the cure's loss": found.cure}
        return {name: Learner(method, scenario["batch"], _sigma(scenario)) for name, method in methods.items()}

    def exact(self, scenario, final=True):
        """The diagnosis, both curves and the map."""
        key, batch = spectra.key(scenario), scenario["batch"]
        H = spectra.of(key, spectra.CURVES if final else spectra.GAPS)
        unit, sigma = H.trace / 2, _sigma(scenario)
        found = _diagnosis(key, *(scenario[k] for k in ("batch", "lr", "momentum", "noise", "target")))
        method = chosen(scenario)
        traces, ends = {}, {}
        for name, m in (("expected loss", method), ("the cure's loss", found.cure)):
            ends[name] = float(risk_at(H, m, batch, [scenario["steps"]], sigma)[0] / unit)
        floor = found.floor / unit
        low = np.floor(np.log10(max(min(ends["the cure's loss"], scenario["target"]) / 3, BOTTOM)))
        for name, m in (("expected loss", method), ("the cure's loss", found.cure)):
            window = (10**low, HIGHEST)
            steps, risk, notes = expected(key, m, batch, scenario["steps"], window, final, sigma, log=False)
            keep = (risk < TOP) & (risk > BOTTOM)
            traces[name] = {"x": steps[keep], "y": risk[keep], "customdata": notes[keep]}
        across = [0, scenario["steps"]]
        traces["target"] = {"x": across, "y": [scenario["target"]] * 2}
        traces["noise floor"] = {"x": across, "y": [floor] * 2, "visible": bool(10**low < floor < HIGHEST)}
        lr, forget = np.geomspace(LR.low, LR.high, CELLS[final]), np.geomspace(*FORGETS, CELLS[final])
        codes = _map(key, batch, scenario["noise"], scenario["target"], CELLS[final])
        traces["symptoms"] = {"x": lr, "y": forget, "z": codes}
        traces["yours"] = {"x": [scenario["lr"]], "y": [1 - scenario["momentum"]]}
        x, y = np.clip(found.cure.eta, lr[0], lr[-1]), np.clip(1 - found.cure.beta, *FORGETS)
        traces["cure"] = {"x": [x], "y": [y]}
        plot = Plot(np.log10([LR.low, LR.high]), np.log10(FORGETS), 2)
        for mark in ("yours", "cure"):
            plot.marks(**traces[mark])
        traces["symptom names"] = plot.regions(lr, forget, codes, SYMPTOMS, least=1.0)
        numbers = {"diagnosis": found, "gap": found.gap, "best": found.best, "floor": floor, "limit": found.limit,
                   "end": ends["expected loss"], "cured": ends["the cure's loss"]}
        said = found.symptom if found.symptom not in ("healthy", "slow") else f"is {found.symptom}"
        return View(traces, _sentence(scenario, numbers),
                    {"xaxis": [0, scenario["steps"]], "yaxis": [low, np.log10(HIGHEST)],
                     "xaxis2": list(np.log10([LR.low, LR.high])), "yaxis2": list(np.log10(FORGETS))},
                    [f"<b>It {said}</b>", "<b>Where</b> each symptom lives"], numbers=numbers)

    @of_whole_spectra
    def sample(self, scenario):
        """Three runs."""
        key, batch = spectra.key(scenario), scenario["batch"]
        H, d, method = spectra.one_by_one(key), spectra.size(key), chosen(scenario)
        steps = int(min(scenario["steps"], WORK / (3 * d)))
        times, unit = np.union1d(np.arange(min(steps, 12)), evenly(steps, 120)), H.trace / 2
        rng, sigma = np.random.default_rng(scenario["seed"]), _sigma(scenario)
        for piece in simulate_blocks(H, method, batch, steps, 3, rng, noise=sigma):
            risk, traces = piece.risk[:, times] / unit, {}
            for k, run in enumerate(risk):
                keep = (run < TOP) & (run > BOTTOM)
                traces[f"run {k + 1}"] = {"x": times[keep], "y": run[keep]}
            until = f" (the first {given(steps)} steps of them)" if steps < scenario["steps"] else ""
            yield Sample(piece.fraction, traces, f"Three runs{until}; the line is the mean of infinitely many.")

    def blank(self, scenario):
        """No runs."""
        return {f"run {k + 1}": {"x": [], "y": []} for k in range(3)}


def chosen(scenario):
    """The heavy ball that a scenario's sliders choose."""
    return Method.heavy_ball(scenario["lr"], scenario["momentum"])


def _sigma(scenario):
    return float(np.sqrt(scenario["noise"] * spectra.of(spectra.key(scenario)).trace))


@lru_cache(maxsize=512)
def _diagnosis(key, batch, lr, momentum, noise, target):
    H = spectra.of(key, spectra.DRAGGED)
    sigma, goal = float(np.sqrt(noise * H.trace)), target * H.trace / 2
    return diagnose(H, lr, momentum, batch, sigma, goal, _reference(key, batch, noise, target))


@lru_cache(maxsize=256)
def _reference(key, batch, noise, target):
    H = spectra.of(key, spectra.DRAGGED)
    return reference(H, batch, float(np.sqrt(noise * H.trace)), target * H.trace / 2)


@lru_cache(maxsize=256)
def _map(key, batch, noise, target, cells):
    H = spectra.of(key, spectra.DRAGGED)
    _, best = _reference(key, batch, noise, target)
    lr, forget = np.geomspace(LR.low, LR.high, cells), np.geomspace(*FORGETS, cells)
    return symptom_map(H, lr, 1 - forget[:, None], batch, float(np.sqrt(noise * H.trace)), target * H.trace / 2, best)


REMEDIES = {"short step": "raise lr", "long step": "lower lr", "short memory": "raise momentum",
            "long memory": "lower momentum"}


# -- words ------------------------------------------------------------------------------------------------------------
def _torch(method):
    said = method.as_torch()
    return f"SGD(lr={said['lr']:.3g}, momentum={said['momentum']:.4g})"


def _sentence(scenario, n):
    lr, momentum = (f"{scenario[k]:g}" for k in ("lr", "momentum"))      # code, to be copied
    head = f"torch.optim.SGD(lr={lr}, momentum={momentum})"
    where = f"{spectra.told(scenario)}, B = {scenario['batch']}"
    told = n["diagnosis"]
    cure, why = _torch(told.cure), CAUSES[told.cause]
    share = f"its gap {three(n['gap'])} is {three(n['gap'] / n['best'])} of the {three(n['best'])} of {cure}"
    if told.symptom == "healthy":
        return f"{head} is healthy. {where}: {share}."
    if told.symptom == "stalls":
        return (f"{head} stalls: {why}. {where}: it stays at {three(n['floor'])} of the initial risk, above the target "
                f"{given(scenario['target'])}. Cure: lower lr, or decay it, as in {cure}; or raise the batch size.")
    if told.symptom == "diverges":
        return (f"{head} diverges: {why}. {where}: with this momentum lr must stay below {three(n['limit'])}. Cure: lower lr, "
                f"as in {cure}.")
    swings = ", its slowest root is no positive number" if told.symptom == "oscillates" else ""
    said = "oscillates" if swings else "is slow"
    return f"{head} {said}: {why}{swings}. {where}: {share}. Cure: {REMEDIES[told.cause]}, as in {cure}."
