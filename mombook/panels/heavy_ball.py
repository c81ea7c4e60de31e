"""Heavy ball seen three ways: which (learning rate, memory) are fast, where the modes' roots lie, and the loss."""

from functools import lru_cache

import numpy as np

from .. import bounds
from ..exact.moments import contraction_gap, contraction_gaps
from ..model.method import Method
from ..sample.gaussian import simulate_blocks
from ..study.symptoms import noiseless_roots
from ..tuning.long_run import tune
from . import agreement, spectra, style
from .bars import Learner
from .controls import BATCH, DECAY, DIM, KAPPA, SEED, SHAPES
from .curves import FILLED, expected, spaced
from .frame import Panel, Sample, View, new_figure, of_whole_spectra
from .labels import ABOVE_OR_BELOW, Plot, texts
from .scenario import Slider
from .words import three

STEP = Slider("lr", "η ×", 0.01, 100, 1, step=0.05, base=10, help="learning rate, as a multiple of the fastest method's")
MEMORY = Slider("forget", "1−β ×", 0.01, 100, 1, step=0.05, base=10,
                help="how fast the buffer forgets, as a multiple of the fastest method's; β stays at 0 beyond")

CELLS = {False: 21, True: 40}
"""Columns and rows of the map: while dragging, and at rest."""

RINGS = ("0.9", "0.99", "0.999", "1 − 10⁻⁴", "1 − 10⁻⁵", "1 − 10⁻⁶")
"""Moduli of the rings of the root plane, each ten times closer to the unit circle."""

DENSE = 4
"""In a plane of more decades every other ring goes without its modulus."""

PLANE = [-1.13, 1.13], [-1.06, 1.2]
"""Ends of the root plane, whose unit circle is drawn with radius 1; above it stands its name."""

FAINT = -3.0
"""The map's darkest colour: a thousandth of the best gap and less."""

DIVERGES = "#a3abb5"
"""The map's colour where the method diverges: no colour of the scale, on light pages and on dark ones."""

LOWEST, HIGHEST = 1e-4, 10**1.5
"""Foot and top of the plot of losses."""

CHOSEN, SIMPLE, TUNED = style.METHODS["heavy_ball"].color, style.INK, "#0072B2"


class HeavyBallPanel(Panel):
    """The stability map, the root plane and the learning curve of heavy ball at a chosen learning rate and memory.

    About heavy ball alone: the map has its two parameters, which the two sliders set. It shows no other family and no method
    that a reader writes: such a method has no place on the map.
    """

    name = "heavy_ball"
    claims = True
    title = "Heavy ball under gradient noise"
    controls = (KAPPA, DECAY, BATCH, DIM, STEP, MEMORY, SEED)
    own = ("kappa", "decay", "d")
    references = ("morwani2026", "garg2026", "polyak1964")
    theory = ("gap", "fastest", "simple choice", "loss circle", "loss circle's name", "fastest (loss)", "simple choice (loss)",
              "chosen (loss)", "loss names")
    presets = {**{k: {**v, "lr": 1, "forget": 1} for k, v in SHAPES.items()},          # noqa: RUF012 (a constant)
               "large batch": {"batch": 4096, "lr": 1, "forget": 1},
               "no memory": {"lr": 1, "forget": 100}, "step too long": {"lr": 5, "forget": 1}}
    help = ("Orange is the method that you choose by η × and 1−β ×. Left: every point is a heavy ball; bright is fast, grey "
            "diverges in mean square. Square: the chosen one; ring: the fastest; cross: the simple choice (T3). Middle: dots "
            "are the roots of the chosen one's noiseless step, two for each direction, those of the flattest and of the "
            "steepest larger. Each ring is ten times closer to the unit circle, and what comes closer than the "
            "rings show is drawn on it. The further out, the slower; off the horizontal line a direction oscillates. The "
            "orange circle is where noise puts the loss, √ρ. "
            "Right: the exact expected loss of the three methods, and simulated runs of the chosen one. " + FILLED)

    def figure(self):
        """Three subplots; traces in the order they are drawn."""
        f = new_figure()
        f.add_heatmap(name="gap", x=[], y=[], z=[[]], coloraxis="coloraxis",
                      hovertemplate="ηL %{x:.3~g}, 1−β %{y:.3~g}: gap/best 10^%{z:.2f}<extra></extra>")
        point = {"mode": "markers", "hoverinfo": "name", "cliponaxis": False}     # whole at an edge of the map, too
        f.add_scatter(name="fastest", x=[], y=[], showlegend=False, **point,
                      marker={"symbol": "circle", "size": 19, "color": style.PAPER, "line": {"width": 3.5, "color": TUNED}})
        f.add_scatter(name="simple choice", x=[], y=[], showlegend=False, **point,
                      marker={"symbol": "x", "size": 11, "color": SIMPLE, "line": {"width": 1.5, "color": style.PAPER}})
        f.add_scatter(name="chosen", x=[], y=[], showlegend=False, **point,
                      marker={"symbol": "square", "size": 10, "color": style.PAPER, "line": {"width": 3.5, "color": CHOSEN}})
        second = {"xaxis": "x2", "yaxis": "y2", "showlegend": False, "hoverinfo": "skip"}
        for k in range(1, len(RINGS) + 1):
            f.add_scatter(name=f"ring {k}", x=[], y=[], mode="lines", line={"width": 1, "color": style.GRID}, **second)
        f.add_scatter(name="unit circle", x=np.cos(TURN), y=np.sin(TURN), mode="lines", **second,
                      line={"width": 2, "color": style.INK})
        style.names(f, "ring words", 2, size=11)
        f.add_scatter(name="loss circle", x=[], y=[], mode="lines", line={"width": 3.5, "color": CHOSEN}, **second)
        dots = {"mode": "markers", "xaxis": "x2", "yaxis": "y2", "showlegend": False}
        f.add_scatter(name="roots", x=[], y=[], customdata=[], marker={"size": 6, "color": CHOSEN}, **dots,
                      hovertemplate="λ/L %{customdata:.3~g}<extra>a direction's root</extra>")
        for name, symbol in (("steepest", "diamond"), ("flattest", "circle")):
            f.add_scatter(name=name, x=[], y=[], hoverinfo="name", **dots,
                          marker={"size": 11, "symbol": symbol, "color": style.PAPER, "line": {"width": 3, "color": CHOSEN}})
        style.names(f, "loss circle's name", 2, color=style.INK)
        third = {"xaxis": "x3", "yaxis": "y3"}
        f.add_scatter(name="80 % of runs", x=[], y=[], mode="lines", line={"width": 0}, fill="toself", showlegend=False,
                      fillcolor=style.rgba(CHOSEN, 0.18), hoverinfo="skip", **third)
        for word, color, dash in (("fastest", TUNED, "solid"), ("simple choice", SIMPLE, "dot"),
                                  ("chosen", CHOSEN, "12px,2px")):
            f.add_scatter(name=f"{word} (loss)", x=[], y=[], mode="lines", showlegend=False, **third,
                          line={"color": color, "width": 2.2, "dash": dash},
                          hovertemplate="%{y:.3~g} after %{x} steps%{customdata}<extra>exact, " + word + "</extra>")
        f.add_scatter(name="simulated", x=[], y=[], mode="markers", showlegend=False,
                      marker={"color": CHOSEN, "symbol": "square", "size": 7, "line": {"color": style.PAPER, "width": 1}},
                      hovertemplate="%{y:.3~g} after %{x} steps<extra>mean of runs, chosen</extra>", **third)
        style.names(f, "loss names", 3, color=style.INK)
        key = (f"<b><span style='color:{CHOSEN}'>☐</span> chosen</b> by η × and 1−β ×<br>"
               f"<b><span style='color:{TUNED}'>○</span> fastest</b>   <b>✕ simple (T3)</b>")
        bare = {"constrain": "domain", "showgrid": False, "showticklabels": False}
        f.update_layout(style.layout(
            height=480, showlegend=False,
            annotations=[*style.titles(3),
                         {"text": key, "xref": "paper", "yref": "paper", "x": 0, "y": 1, "yanchor": "bottom", "yshift": 36,
                          "xanchor": "left", "align": "left", "showarrow": False},
                         {"text": f"roots of the <b><span style='color:{CHOSEN}'>○</span> flattest</b> and<br>"
                                  f"<b><span style='color:{CHOSEN}'>◇</span> steepest</b> direction", "xref": "x2 domain",
                          "yref": "y2 domain", "x": 0.5, "y": 0, "yanchor": "top", "showarrow": False},
                         {"text": "diverges", "xref": "x domain", "yref": "y domain", "x": 0.97, "y": 0.05, "showarrow": False,
                          "xanchor": "right", "font": {"color": style.ON_MAP}, "bgcolor": DIVERGES}],
            coloraxis={"cmin": FAINT - 0.1, "cmax": 0, "colorscale": _colors(), "colorbar": {
                "tickvals": [-3, -2, -1, 0], "ticktext": ["0.001", "0.01", "0.1", "best"], "thickness": 9, "outlinewidth": 0,
                "tickfont": {"size": 11}, "title": {"text": "gap over the best", "side": "right", "font": {"size": 11}}}},
            xaxis={**style.log_axis("learning rate × L"), "dtick": 2},
            yaxis=style.log_axis("1 − β   (memory is 1/(1−β) steps)"),
            xaxis2=style.axis("", anchor="y2", range=PLANE[0], **bare),
            yaxis2=style.axis("", anchor="x2", range=PLANE[1], scaleanchor="x2", **bare),
            xaxis3=style.log_axis("steps", anchor="y3"), yaxis3=style.log_axis("risk / risk at the start", anchor="x3")))
        f.update_layout(self.wide())
        for axes in (f.layout.xaxis2, f.layout.yaxis2):
            axes.update(ticks="", showline=False)
        f.layout.yaxis2.update(zeroline=True, zerolinewidth=1, zerolinecolor=style.rgba(DIVERGES, 0.6))
        return f

    def wide(self):
        """Three columns."""
        domains = ([0, 0.27], [0.37, 0.64], [0.73, 1.0])
        return {"height": 480, **{f"xaxis{k or ''}": {"domain": d} for k, d in zip(("", 2, 3), domains, strict=True)},
                **{f"yaxis{k or ''}": {"domain": [0, 1]} for k in ("", 2, 3)},
                "margin": {"t": 96, "r": 16}, "coloraxis": {"colorbar": {"x": 0.275, "y": 0.5, "len": 0.55}}}

    def stacked(self):
        """Three rows."""
        domains = ([0.72, 1.0], [0.345, 0.625], [0, 0.26])
        return {"height": 1200, **{f"yaxis{k or ''}": {"domain": d} for k, d in zip(("", 2, 3), domains, strict=True)},
                **{f"xaxis{k or ''}": {"domain": [0, 1]} for k in ("", 2, 3)}, "margin": {"t": 96, "r": 60},
                "coloraxis": {"colorbar": {"x": 1.02, "y": 0.86, "len": 0.2}}}

    def learning(self, scenario):
        """The three methods on the map."""
        simple, best = _references(spectra.key(scenario), scenario["batch"])
        methods = {"fastest": best.method, "simple choice": simple, "chosen": chosen(scenario)}
        return {f"{word} (loss)": Learner(method, scenario["batch"]) for word, method in methods.items()}

    def exact(self, scenario, final=True):
        """The map, the three methods on it, the roots of the chosen one and the exact losses."""
        key, batch = spectra.key(scenario), scenario["batch"]
        H = spectra.of(key)
        simple, best = _references(key, batch)
        method = chosen(scenario)
        gap = contraction_gap(H, method, batch)
        simple_gap = contraction_gap(H, simple, batch)
        x, y, z = _map(key, batch, final)
        shade = np.where(np.isnan(z), 3 * FAINT, np.log10(np.clip(z / best.gap, 10**FAINT, None)))
        traces = {"gap": {"x": x, "y": y, "z": shade}}
        for word, m in (("fastest", best.method), ("simple choice", simple), ("chosen", method)):
            traces[word] = {"x": [np.clip(m.eta * H.largest, x[0], x[-1])], "y": [max(1 - m.beta, y[0])]}
        _plane(traces, H, method, gap, _depth(key))
        last = int(spaced(8 / -np.log1p(-best.gap))[-1])
        for word, m in (("fastest", best.method), ("simple choice", simple), ("chosen", method)):
            steps, risk, notes = expected(key, m, batch, last, (LOWEST, HIGHEST), final)
            keep = (steps > 0) & (risk < 1e6) & (risk > 1e-12)
            traces[f"{word} (loss)"] = {"x": steps[keep], "y": risk[keep], "customdata": notes[keep],
                                         "visible": bool(((risk < HIGHEST) & (risk > LOWEST))[1:].any())}
        traces["loss names"] = _loss_names(traces, last, same=scenario["lr"] == scenario["forget"] == 1)
        rho = "it diverges" if gap <= 0 else "√ρ near 0" if gap >= 0.99 else f"loss at √ρ = 1 − {three(1 - np.sqrt(1 - gap))}"
        left, middle, right = f"<b>Which are fast?</b>  B = {batch}", "<b>Roots: outer is slower</b>", "<b>Loss</b>, expected"
        return View(traces, _sentence(scenario, method, gap, best, simple, simple_gap),
                    {"xaxis": [np.log10(x[0]), RIGHT], "yaxis": [np.log10(y[0]), 0.05],
                     "xaxis3": [0, np.log10(last)], "yaxis3": [np.log10(LOWEST), np.log10(HIGHEST)]},
                    [left, f"{middle}; {rho}", right],
                    [("T3", bool(simple_gap >= bounds.heavy_ball_gap(H, batch, "lower").value * (1 - 1e-9)),
                      "the simple choice falls short of its guarantee.")],
                    guess=[left, f"{middle}; where is √ρ?", right],
                    numbers={"gap": float(gap), "best": best.gap, "simple": float(simple_gap),
                             "bound": bounds.heavy_ball_gap(H, batch).value, "method": method})

    def recipe(self, scenario):
        """Gaps of the fastest, the chosen and the simple method, and the ceiling."""
        batch, lr, forget = (scenario[k] for k in ("batch", "lr", "forget"))
        return f'''\
import mombook as mb

H = {spectra.code(spectra.key(scenario))}
best = mb.tune(H, "heavy_ball", {batch})
memory = max(1 - min((1 - best.method.beta) * {forget!r}, 1.0), 0.0)
chosen = mb.Method.heavy_ball(best.method.eta * {lr!r}, memory)
simple = mb.bounds.heavy_ball_gap(H, {batch}, "lower").method
print("gap of the fastest", best.gap)
print("gap of the chosen", mb.contraction_gap(H, chosen, {batch}))
print("gap of the simple choice (T3)", mb.contraction_gap(H, simple, {batch}))
print("no heavy ball exceeds (T2)", mb.bounds.heavy_ball_gap(H, {batch}).value)
'''

    @of_whole_spectra
    def sample(self, scenario):
        """Runs of the chosen method."""
        key, batch = spectra.key(scenario), scenario["batch"]
        H, d, method = spectra.one_by_one(key), spectra.size(key), chosen(scenario)
        _, best = _references(key, batch)
        steps = int(min(spaced(8 / -np.log1p(-best.gap))[-1], 3000, 40_000_000 // (32 * d)))
        runs = int(np.clip(40_000_000 // (steps * d), 32, 400))
        times = spaced(steps, per_octave=2)[1:]
        theory = yield from agreement.theory(key, H, method, batch, times[times <= steps], 0.0)
        for progress in simulate_blocks(H, method, batch, steps, runs, np.random.default_rng(scenario["seed"])):
            risk = progress.risk[:progress.runs_done]
            if len(risk) < min(8, runs):
                yield Sample(progress.fraction, {})
                continue
            yield Sample(progress.fraction, theory.drawn(risk, "", "square", low=1e-12, high=1e6),
                         agreement.told(len(risk), [theory.held(risk)]))

    def blank(self, scenario):
        """No dots, no band."""
        return {"simulated": {"x": [], "y": []}, "80 % of runs": {"x": [], "y": []}}


TURN = np.linspace(0, 2 * np.pi, 73)
"""Angles of the points of a circle."""

RIGHT = 1.0
"""Right end of the map: a learning rate of 10/L, beyond the noiseless limit 4/L."""


def chosen(scenario):
    """The heavy ball that a scenario's sliders choose."""
    _, best = _references(spectra.key(scenario), scenario["batch"])
    forget = min((1 - best.method.beta) * scenario["forget"], 1.0)
    return Method.heavy_ball(best.method.eta * scenario["lr"], max(1 - forget, 0.0))


def squeeze(z, depth):
    """Points of the unit disc with the rim pulled apart: radius -log10(1 - |z|) in units of ``depth``; what lies on or
    outside the rim is drawn on it."""
    size = np.abs(z)
    far = np.clip(-np.log10(np.maximum(1 - size, 1e-16)), 0, depth) / depth
    direction = np.divide(z, size, out=np.ones_like(z, dtype=complex), where=size > 0)
    return far * direction.real, far * direction.imag


def _plane(traces, H, method, gap, depth):
    """The root plane: rings, the circle of the loss, every direction's roots, and the names of what lies at the ends."""
    roots, lam = noiseless_roots(method, H)
    x, y = squeeze(roots, depth)
    traces["roots"] = {"x": x, "y": y, "customdata": lam / H.largest}
    both = np.array([0, len(lam) // 2])                                 # of a direction's two roots
    ends = {"flattest": np.argmin(lam) + both, "steepest": np.argmax(lam) + both}
    traces |= {word: {"x": x[k], "y": y[k]} for word, k in ends.items()}
    plot, turn, radius = Plot(*PLANE, 3, log=(False, False), line=0.07), np.exp(1j * TURN), np.sqrt(max(1 - gap, 0))
    plot.points(x, y)
    for k in ends.values():
        plot.marks(x[k], y[k])
    for k in range(1, len(RINGS) + 1):
        traces[f"ring {k}"] = {"x": k / depth * turn.real, "y": k / depth * turn.imag, "visible": k < depth}
    px, py = squeeze(radius * turn, depth)
    circle, rim = plot.curve(px, py), plot.curve(turn.real, turn.imag)
    traces["loss circle"] = {"x": px, "y": py, "visible": bool(radius <= 1)}
    traces["loss circle's name"] = plot.names([("loss, √ρ", circle)] if radius <= 1 else [], spots=np.arange(0, 1, 1 / 24))
    turns = np.radians([-90, -65, -115, -40, -140, 90, 65, 115, 40, 140])
    words = [("unit circle", *plot.best("unit circle", plot.shares([0], [1]), ("top center",), own=rim))]
    for k, word in enumerate(RINGS[:depth - 1], 1):
        if depth > DENSE and k % 2 == 0:
            continue
        spots = plot.shares(k / depth * np.cos(turns), k / depth * np.sin(turns))
        words.append((word, *plot.best(word, spots, (*ABOVE_OR_BELOW, "middle center"))))
    traces["ring words"] = texts(words)


def _loss_names(traces, last, same):
    """The names of the curves on the right; the chosen method's and the fastest's are one if they are ``same``."""
    plot = Plot([0, np.log10(last)], [np.log10(LOWEST), np.log10(HIGHEST)], 3)
    words = {"simple choice": "simple (T3)", **({} if same else {"fastest": "fastest"}),
             "chosen": "chosen = fastest" if same else "chosen"}
    curves = {name: plot.curve(*(traces[f"{name} (loss)"][k] for k in "xy")) for name in words}
    return plot.names([(word, curves[name]) for name, word in words.items() if traces[f"{name} (loss)"]["visible"]], clear=True)


@lru_cache(maxsize=512)
def _references(key, batch):
    """The simple choice (T3) and the tuned method."""
    H = spectra.of(key)
    return bounds.heavy_ball_gap(H, batch, "lower").method, tune(H, "heavy_ball", batch)


@lru_cache(maxsize=64)
def _depth(key):
    """How many decades towards the unit circle the root plane shows: as many as the fastest method needs at batch 1, so that
    the rings stay put while all but the spectrum moves."""
    _, best = _references(key, 1)
    return int(np.clip(np.ceil(-np.log10(best.gap / 2)), 2, len(RINGS) + 1))


@lru_cache(maxsize=128)
def _map(key, batch, final):
    """Gaps over learning rate x L (columns) and 1 - beta (rows); nan where the method diverges.

    The frame holds the simple choice of batch 1, so that it stays put while the batch moves."""
    H = spectra.of(key)
    smallest = bounds.heavy_ball_gap(H, 1, "lower").method
    x = np.geomspace(min(smallest.eta * H.largest / 10, 1e-2), 10.0 ** RIGHT, CELLS[final])
    y = np.geomspace(min((1 - smallest.beta) / 10, 1e-2), 1.0, CELLS[final])
    gaps = contraction_gaps(H, 0.0, x / H.largest, 1 - y[:, None], batch, stable_only=True, tolerance=1e-3)
    return x, y, gaps


def _colors():
    """Viridis up to its green from FAINT to 0, as a yellow is too near to orange; below, what diverges."""
    from plotly import colors

    scale, edge = colors.sequential.Viridis[:8], 0.1 / (0.1 - FAINT)
    shade = [[min(edge + (1 - edge) * k / (len(scale) - 1), 1.0), c] for k, c in enumerate(scale)]
    return [[0, DIVERGES], [edge / 2, DIVERGES], [edge / 2, scale[0]], *shade]


def _sentence(scenario, method, gap, best, simple, simple_gap):
    memory = "no memory (β = 0)" if method.beta == 0 else f"1 − β = {three(1 - method.beta)}"
    fastest = f"{three(best.gap)} at η = {three(best.method.eta)}, 1 − β = {three(1 - best.method.beta)}"
    reached = f"the simple choice reaches {three(simple_gap / best.gap)}"
    if gap > 0.9995 * best.gap:
        claim = f"no heavy ball is faster than the chosen one; {reached} of its rate"
        share = f"contracts by {three(gap)} a step"
    elif gap > 0:
        claim = f"the chosen heavy ball reaches {three(gap / best.gap)} of the fastest rate; {reached}"
        share = f"contracts by {three(gap)} a step; the fastest, by {fastest}"
    else:
        claim = f"the chosen heavy ball diverges in mean square; {reached} of the fastest rate"
        share = f"diverges; the fastest contracts by {fastest}"
    return (f"At B = {scenario['batch']} {claim}. {spectra.told(scenario)}: heavy ball with η = {three(method.eta)}, {memory} "
            f"{share}. The simple choice η = {three(simple.eta)}, 1 − β = {three(1 - simple.beta)} has "
            f"{three(2 * simple_gap / (1 - simple.beta))} times its guarantee.")
