"""The convention translator: the tuned methods in everybody's words, and what one gradient does under each."""

from functools import lru_cache

import numpy as np

from ..model.dialects import dialects
from ..model.family import FAMILIES, Family
from ..tuning.frontiers import frontier
from . import spectra, style, yours
from .controls import BATCH, DECAY, DIM, KAPPA, METHOD, METHODS, SHAPES
from .frame import Panel, View, new_figure
from .words import three
from .yours import OWN

TIMES = np.unique(np.rint(2 ** (np.arange(20 * 4 + 1) / 4))).astype(int)


class TranslatorPanel(Panel):
    """How far a single unit gradient has moved w after t steps, and each method in eight conventions."""

    name = "translator"
    title = "The same method in other words"
    controls = (KAPPA, DECAY, BATCH, DIM, METHODS, METHOD)
    own = ("kappa", "decay", "d")
    references = ("polyak1964", "nesterov1983", "ma2019", "liu2020", "jain2018", "kidambi2018")
    presets = SHAPES
    help = ("Each curve is the answer of a tuned method to one gradient of size one at step 1: SGD moves at once, heavy "
            "ball over its whole memory 1/(1−β), Nesterov and ASGD do a little of both. The height it ends at is the "
            "long-run step. The lines below say the same methods in the words of libraries and papers; they give the "
            "same iterates, digit for digit. A method of your own, behind “more”, is said in all of them, too.")

    @property
    def theory(self):
        """Every family there is, but SGD."""
        return tuple(look.word for key, look in yours.looks().items() if key != "sgd")

    def figure(self):
        """One plot, one curve a method."""
        f = new_figure()
        for look in yours.looks().values():
            f.add_scatter(name=look.word, x=[], y=[], mode="lines",
                          line={"color": look.color, "width": 2.5, "dash": look.dash},
                          hovertemplate="moved %{y:.3~g} after %{x} steps<extra>" + look.word + "</extra>")
        return f.update_layout(style.layout(
            height=380, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            xaxis=style.log_axis("steps after the gradient"),
            yaxis=style.log_axis("distance moved × L")))

    def exact(self, scenario, final=True):
        """Responses and words of the shown methods."""
        key, batch, entries = spectra.key(scenario), scenario["batch"], yours.entries(scenario)
        shown, tuned, L = tuple(entries), _tuned(key, batch, tuple(FAMILIES.items())), spectra.of(key).largest
        traces, blocks, long_run = {style.YOURS.word: {"visible": False}}, [], {}
        if (own := entries.get(OWN)):
            best = yours.frontier(key, scenario["method"], (float(batch),)).methods[0]
            tuned = {**tuned, OWN: best if isinstance(own, Family) else own}
        for family, m in tuned.items():
            look = yours.looks()[family]
            moved = m.delta + m.eta * -np.expm1(TIMES * np.log(m.beta)) / (1 - m.beta) if m.beta > 0 else \
                np.full(TIMES.shape, m.delta + m.eta)
            traces[look.word] = {"x": TIMES, "y": moved * L, "visible": family in shown}
            long_run[family] = m.long_run_step * L
            if family in shown:
                lines = [f"  {name:<12}{line}" for name, line in dialects(m).items() if not line.startswith("cannot")]
                without = [name for name, line in dialects(m).items() if line.startswith("cannot")]
                blocks.append("\n".join([f"{look.word}: delta={m.delta!r}, eta={m.eta!r}, beta={m.beta!r}", *lines]
                                        + ([f"  (not in {', '.join(without)})"] if without else [])))
        ends = ", ".join(f"{yours.looks()[m].word} {three(long_run[m])}" for m in shown)
        sentence = (f"{spectra.told(scenario)}, B = {batch}: in the long run one gradient moves w "
                    f"by, times L: {ends}.")
        families = [traces[look.word] for look in style.METHODS.values()]
        low, high = min(np.min(t["y"]) for t in families), max(np.max(t["y"]) for t in families)
        ranges = {"xaxis": [0, float(np.log10(TIMES[-1]))],
                  "yaxis": [float(np.floor(np.log10(low) - 0.1)), float(np.ceil(np.log10(high) + 0.1))]}
        if own:
            yours.keep_inside(traces, ranges, {"": ("xaxis", "yaxis")})
        return View(traces, sentence, ranges, numbers={"long run": long_run, "methods": {m: tuned[m] for m in shown}},
                    text="\n".join(blocks))


@lru_cache(maxsize=512)
def _tuned(key, batch, families):
    H = spectra.of(key)
    return {family: f.methods[0] for family, f in frontier(H, [name for name, _ in families], [float(batch)]).items()}
