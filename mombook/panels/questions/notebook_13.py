"""Questions of notebook 13: what a search grid hides, and what a definition does to a critical batch."""

from types import MappingProxyType

import numpy as np

from ...study import published as study
from ..scenario import Slider
from ..style import ACCENT, log_axis
from ..words import percent, three
from .question import Case, Curve, Placed, Slope

KAPPAS = 2.0 ** np.arange(4, 13, 2)


class Free(Slope):
    """The power of kappa by which a freely tuned method slows down, where the published search gives nearly one."""

    name = "predict_13_search"
    title = "What does a search grid hide?"
    asks = ("Two Gaussian directions, batch 1, risk after 5κ steps. The line is 1/rate of the best method of a published grid, "
            "ten learning rates by nine momenta; it grows almost like κ. With which power of κ does 1/rate grow when the "
            "method is tuned freely?")
    cases = MappingProxyType({"nesterov": Case("Nesterov", lambda: "nesterov"),
                              "heavy_ball": Case("heavy ball", lambda: "heavy_ball")})
    guess = Slider("guess", "power", 0, 1.2, 0.3, step=0.01, help="the exponent p in 1/rate ~ κ^p")
    reach = 2.0
    curves = (Curve("best on the grid"), Curve("tuned freely", color=ACCENT, hidden=True))
    axes = (log_axis("κ"), log_axis("1/rate"))
    window = ((1.1, 3.8), (0.2, 3.8))
    references = ("kidambi2018",)

    def through(self, family):
        """The freely tuned method at the smallest kappa, where grid and free search are close."""
        return KAPPAS[0], 1 / study.best_rate(KAPPAS[0], family)[0]

    def known(self, family):
        """The best of the grid."""
        return {"best on the grid": {"x": KAPPAS, "y": np.array([1 / study.best_on_grid(k, family)[0] for k in KAPPAS])}}

    def answer(self, family):
        """The slope of a straight line through the exact rates."""
        return study.slope(KAPPAS, [study.best_rate(k, family)[0] for k in KAPPAS])

    def draw(self, family, answer):
        """The freely tuned method."""
        return {"tuned freely": {"x": KAPPAS, "y": np.array([1 / study.best_rate(k, family)[0] for k in KAPPAS])}}

    def explain(self, family, answer):
        """Where the best method lies."""
        eps = 1 - study.best_rate(KAPPAS[-1], family)[1].beta
        if answer < 0.7:
            return (f"At the largest κ the best 1 − β is {three(eps)}, and the grid ends at 0.1: the slope that was printed is "
                    "the grid's. Nesterov's look-ahead damps the fast direction, so that a longer memory pays even at batch 1.")
        return (f"At the largest κ the best 1 − β is {three(eps)}: here the grid is fine enough. At batch 1 heavy ball's gap "
                "cannot exceed a few times B μ/tr, whatever its memory: T2.")


class Defined(Placed):
    """Where compute efficiency has halved, on points whose printed critical batch is known."""

    name = "predict_13_definition"
    title = "Which critical batch?"
    asks = ("The marks are samples that a language model needed to reach a loss. The dashed line is the critical batch as "
            "printed: a fifth more samples than linear scaling from batch 256 allows. At which batch are twice as many samples "
            "needed as at batch 64?")
    cases = MappingProxyType({"85M": Case("85M weights, target loss 3.42", lambda: 0),
                              "1.2B": Case("1.2B weights, target loss 2.736", lambda: 4)})
    guess = Slider("guess", "batch", 60, 20000, 100, step=0.02, base=10, help="sequences in a batch")
    unit = "B = {}"
    curves = (Curve("published", marker="circle"), Curve("printed critical batch", dash="6px,4px"),
              Curve("twice the samples", hidden=True))
    axes = (log_axis("batch size B"), log_axis("samples / those at B = 64"))
    window = ((1.6, 4.4), (-0.2, 1.1))
    references = ("zhang2024", "mccandlish2018")

    def known(self, k):
        """The marks, and the printed definition."""
        batches, samples = _samples(k)
        printed = study.published()["zhang2024"].numbers["critical"][k]
        line = {"x": [printed] * 2, "y": [10**-0.2, 10**0.9]}           # the guess's name stands above it
        return {"published": {"x": batches, "y": samples}, "printed critical batch": line}

    def answer(self, k):
        """Read off the marks, log-linear between them."""
        return study.critical_batches(*_points(k))["halving"]

    def draw(self, k, answer):
        """The level."""
        return {"twice the samples": {"x": [10**1.6, 10**4.4], "y": [2.0, 2.0]}}

    def explain(self, k, answer):
        """What lies between the two."""
        printed = study.published()["zhang2024"].numbers["critical"][k]
        a, b = study.hyperbola(*_points(k))
        return (f"That is {three(answer / printed)} times the printed one, on the same marks. On the law a + b/B halving is "
                f"near b/a = {three(b / a)}; an overhead of {percent(0.2)} adds a fifth of that to 307.")


def _points(k):
    numbers = study.published()["zhang2024"].numbers
    return np.array(numbers["batch"], float), np.array(numbers["steps"][k], float)


def _samples(k):
    batches, steps = _points(k)
    return batches, batches * steps / (batches[0] * steps[0])
