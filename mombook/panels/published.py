"""Published against ours: steps to a target over the batch, as others printed them, and the curves of this book."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ..study import noisy_quadratic
from ..study import published as study
from . import style
from .frame import Panel, View, new_figure
from .scenario import Choice, Slider
from .words import percent, three

MODELS = ("85M", "151M", "302M", "604M", "1.2B")
SET = Choice("set", "published set", ("noisy", *MODELS), "noisy",
             {"noisy": "noisy quadratic model (Zhang et al. 2019)",
              **{size: f"language model, {size} weights (Zhang et al. 2024)" for size in MODELS}},
             help="whose numbers of steps are shown")

OVERHEAD = Slider("overhead", "overhead", 0.05, 1, 0.2, step=0.05,
                  help="extra samples, as a share, that a critical batch may cost; 0.2 in Zhang et al. (2024)")

FAMILIES = {"sgd": "SGD", "heavy_ball": "heavy ball"}
BATCHES = 2.0 ** np.arange(5, 15.25, 0.25)
"""Batches at which a curve is drawn beside the points of a language model."""

LAW = "a + b/B"
NOTHING = MappingProxyType({"x": [], "y": [], "visible": False})


class PublishedPanel(Panel):
    """Left: published points and our curves; right: ours over published."""

    name = "published"
    title = "Published against ours"
    subplots = 2
    controls = (SET, OVERHEAD)
    references = ("zhang2019", "zhang2024", "mccandlish2018")
    presets = MappingProxyType({"noisy quadratic model": {"set": "noisy"}, "smallest language model": {"set": "85M"},
                                "largest language model": {"set": "1.2B"}})
    theory = ("SGD, ours", "heavy ball, ours", LAW, "critical batches", "SGD, ratio", "heavy ball, ratio", f"{LAW}, ratio")
    help = ("Marks are numbers that others printed. For the noisy quadratic model the lines are fewest steps by exact risks, "
            "tuned freely, at the published setting. A language model is no quadratic: there the same lines are moved along "
            "both axes until they pass nearest to the marks; the dashed line is a + b/B. Stars are critical batches, listed "
            "below: the overhead is a definition, and the star moves with it. Right: the lines over the marks.")

    def figure(self):
        """Two subplots; traces in the order they are drawn."""
        f, second = new_figure(), {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
        f.add_scatter(name="equal", x=[], y=[], mode="lines", hoverinfo="skip", **second,
                      line={"color": style.MUTED, "width": 1})
        f.add_scatter(name=LAW, x=[], y=[], mode="lines", line={"color": style.MUTED, "width": 2, "dash": "6px,4px"},
                      hovertemplate="%{y:.3~g} steps at B = %{x:.3~g}<extra>" + LAW + "</extra>")
        f.add_scatter(name=f"{LAW}, ratio", x=[], y=[], mode="lines", hoverinfo="skip",
                      line={"color": style.MUTED, "width": 2, "dash": "6px,4px"}, **second)
        for key in FAMILIES:
            look = style.METHODS[key]
            line = {"color": look.color, "width": 2.5, "dash": look.dash}
            f.add_scatter(name=f"{look.word}, ours", x=[], y=[], mode="lines", line=line,
                          hovertemplate="%{y:.3~g} steps at B = %{x:.3~g}<extra>" + look.word + "</extra>")
            f.add_scatter(name=f"{look.word}, published", x=[], y=[], mode="markers",
                          marker={"color": look.color, "symbol": look.marker, "size": 9},
                          hovertemplate="%{y:.3~g} steps at B = %{x:.3~g}<extra>published, " + look.word + "</extra>")
            f.add_scatter(name=f"{look.word}, ratio", x=[], y=[], mode="lines+markers", line=line, **second,
                          marker={"color": look.color, "symbol": look.marker, "size": 7},
                          hovertemplate="%{y:.3~g} at B = %{x:.3~g}<extra>" + look.word + "</extra>")
        f.add_scatter(name="published", x=[], y=[], mode="markers", marker={"color": style.INK, "symbol": "circle", "size": 9},
                      hovertemplate="%{y:.3~g} steps at B = %{x:.3~g}<extra>published</extra>")
        f.add_scatter(name="critical batches", x=[], y=[], mode="markers",
                      marker={"color": style.ACCENT, "symbol": "star", "size": 14},
                      hovertemplate="%{text}: B = %{x:.3~g}<extra>critical batch</extra>")
        f.update_layout(style.layout(
            legend={"orientation": "h", "x": 0, "yanchor": "bottom"}, annotations=style.titles(2),
            xaxis=style.log_axis("batch size B"), yaxis=style.log_axis("steps to the target"),
            xaxis2=style.log_axis("batch size B", anchor="y2"),
            yaxis2=style.axis("ours / published", anchor="x2", autorange=False)))
        f.update_layout(self.wide())
        return f

    def exact(self, scenario, final=True):
        """The chosen set."""
        if scenario["set"] == "noisy":
            return _noisy(scenario["overhead"])
        return _model(MODELS.index(scenario["set"]), scenario["overhead"])


def _traces(span, **shown):
    names = [trace.format(word) for word in FAMILIES.values() for trace in ("{}, ours", "{}, published", "{}, ratio")]
    every = dict.fromkeys([LAW, f"{LAW}, ratio", *names, "published", "critical batches"], NOTHING)
    every["equal"] = {"x": span, "y": [1, 1], "visible": True}
    return {**every, **{name: {"visible": True, **arrays} for name, arrays in shown.items()}}


def _stars(found, curves):
    """Where critical batches stand: each on the straight lines through its curve."""
    at = np.array(list(found.values()))
    y = [np.exp(np.interp(np.log(x), *np.log(curve))) for x, curve in zip(at, curves, strict=True)]
    return {"x": at, "y": np.array(y), "text": list(found)}


def _noisy(overhead):
    numbers, shown, fewer, critical = study.published()["zhang2019"].numbers, {}, {}, {}
    for key, word in FAMILIES.items():
        batches, ours = noisy_quadratic.tuned_curve(key)
        theirs = 2.0 ** np.array(numbers["log2_steps"][key])
        shown[f"{word}, ours"] = {"x": batches, "y": ours}
        shown[f"{word}, published"] = {"x": batches, "y": theirs}
        shown[f"{word}, ratio"] = {"x": batches, "y": ours / theirs}
        fewer[key] = float((1 - ours / theirs).max())
        critical[word] = study.overhead_batch(batches, ours, overhead, batches[0])
    shown["critical batches"] = _stars(critical, [noisy_quadratic.tuned_curve(key) for key in FAMILIES])
    table = [f"critical batch of our curves: {percent(overhead)} more samples than batch 4 needs",
             *(f"  {three(value):<8}{word}" for word, value in critical.items())]
    sentence = (f"Steps to risk 0.01 on the noisy quadratic model: tuned freely, SGD takes up to {percent(fewer['sgd'])} fewer "
                f"than published and heavy ball up to {percent(fewer['heavy_ball'])} fewer. The published ones are the best "
                "of a grid.")
    ranges = {"xaxis": [0.3, 6.3], "yaxis": [1.8, 6.5], "xaxis2": [0.3, 6.3], "yaxis2": [0.7, 1.3]}
    return View(_traces([10**0.3, 10**6.3], **shown), sentence, ranges,
                ["Steps to risk 0.01; <b>marks</b>: Zhang et al. (2019)", "<b>Ours over published</b>; below 1: fewer"],
                numbers={"fewer": fewer, "critical": critical}, text="\n".join(table))


@lru_cache(maxsize=len(MODELS))
def _moved(k):
    """A language model's marks and the lines beside them; and how far each line passes, in octaves."""
    numbers = study.published()["zhang2024"].numbers
    batches, steps = (np.array(v, float) for v in (numbers["batch"], numbers["steps"][k]))
    a, b = study.hyperbola(batches, steps)
    shown = {"published": {"x": batches, "y": steps}, LAW: {"x": BATCHES, "y": a + b / BATCHES},
             f"{LAW}, ratio": {"x": batches, "y": (a + b / batches) / steps}}
    off = {"law": float(np.std(np.log2(steps / (a + b / batches))))}
    for key, word in FAMILIES.items():
        curve = noisy_quadratic.tuned_curve(key)
        right, up, off[key] = study.shifted(curve, batches, steps)
        shown[f"{word}, ours"] = {"x": BATCHES, "y": up * study.on_curve(curve, BATCHES / right)}
        shown[f"{word}, ratio"] = {"x": batches, "y": up * study.on_curve(curve, batches / right) / steps}
    return batches, steps, shown, off


def _model(k, overhead):
    numbers, (batches, steps, shown, off) = study.published()["zhang2024"].numbers, _moved(k)
    critical = study.critical_batches(batches, steps, overhead)
    shown = {**shown, "critical batches": _stars(critical, [(batches, steps)] * len(critical))}
    misses = {key: percent(2.0**each - 1) for key, each in off.items()}
    sentence = (f"A language model of {numbers['sizes'][k]} weights, steps to a validation loss: the tuned curve of SGD on a "
                f"quadratic, moved along both axes, misses the marks by {misses['sgd']} (root mean square), the law a + b/B by "
                f"{misses['law']}.")
    table = [f"critical batch, by definition, in sequences of 512 tokens; overhead {percent(overhead)}",
             *(f"  {three(critical[name]):<8}{name}: {words}" for name, words in study.DEFINITIONS.items()),
             f"  {three(numbers['critical'][k]):<8}printed: a fifth over linear scaling from batch 256, on a + b/B"]
    span, top = [10**1.6, 10**4.4], np.ceil(np.log10(steps[0]) * 2 + 0.2) / 2
    ranges = {"xaxis": [1.6, 4.4], "yaxis": [float(top - 3), float(top)], "xaxis2": [1.6, 4.4], "yaxis2": [0.7, 1.3]}
    return View(_traces(span, **shown), sentence, ranges,
                ["Steps to a loss; <b>marks</b>: Zhang et al. (2024)", "<b>Lines over marks</b>; below 1: fewer"],
                numbers={"off": off, "critical": critical}, text="\n".join(table))
