"""Questions of notebook 03: the exponent of the window, and what memory is worth at a given batch."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ...exact.moments import contraction_gap
from ...model.spectrum import Spectrum
from ...tuning.frontiers import frontier, window
from ...tuning.long_run import tune
from .. import style
from ..scenario import Slider
from ..style import log_axis
from ..words import three
from .question import Case, Curve, Placed, Slope, curve

KAPPAS = np.logspace(1, 6, 4)
BATCHES = np.geomspace(1, 1e6, 37)


class Exponent(Slope):
    """How the window grows with the condition number."""

    name = "predict_03_exponent"
    title = "How does the window grow with κ?"
    asks = ("Heavy ball's critical batch over SGD's: at κ = 10 it is the point on the left. With which power of κ does this "
            "ratio grow up to κ = 10⁶?")
    cases = MappingProxyType({
        "geometric": Case("geometric spectrum, d = 200", lambda: lambda k: Spectrum.geometric(200, k).compressed(1)),
        "power law": Case("power law with decay 2, d = 200", lambda: lambda k: Spectrum.power_law(200, 2.0, k).compressed(1)),
    })
    guess = Slider("guess", "power", 0, 1.2, 0, step=0.01, help="the exponent p in window ~ κ^p")
    reach = 5.0
    curves = (Curve("known", style.METHODS["heavy_ball"].color, marker="square"),
              Curve("measured, exact", style.METHODS["heavy_ball"].color, marker="square-open", hidden=True))
    axes = (log_axis("κ"), log_axis("critical batch, heavy ball / SGD"))
    window = ((0.8, 6.2), (0, 5))

    def through(self, family):
        """The window at κ = 10."""
        return 10.0, _window(family, 10.0)

    def known(self, family):
        """The first point."""
        x, y = self.through(family)
        return {"known": {"x": [x], "y": [y]}}

    def answer(self, family):
        """The slope of a straight line through the measured windows."""
        return float(np.polyfit(np.log(KAPPAS), np.log(_windows(family)), 1)[0])

    def draw(self, family, answer):
        """The measured windows."""
        return {"measured, exact": {"x": KAPPAS, "y": _windows(family)}}

    def explain(self, family, answer):
        """One half, or why less."""
        if answer > 0.47:
            return "One half: gradient descent is capped at about 1/κ a step, heavy ball at about 1/√κ, and both start alike."
        return ("The caps differ by √κ, so one half is expected. Here one eigenvalue comes to carry the trace, tr H/L sinks to "
                "1, SGD's window can shrink no further, and a straight line through that crossover reads as less.")


class Speed(Placed):
    """How many steps heavy ball needs where SGD's number is known."""

    name = "predict_03_speed"
    title = "What is memory worth?"
    asks = ("The ring is tuned SGD at the batch size in question. How many steps per e-fold of the loss does tuned heavy "
            "ball need there?")
    cases = MappingProxyType({
        "large": Case("B = 4096 (κ = 1000, decay 1.5, d = 200)", lambda: (_law(), 4096.0)),
        "small": Case("B = 1 (κ = 1000, decay 1.5, d = 200)", lambda: (_law(), 1.0)),
        "middle": Case("B = 64 (κ = 1000, decay 1.5, d = 200)", lambda: (_law(), 64.0)),
    })
    guess = Slider("guess", "steps", 1, 1e4, 100, step=0.02, base=10, help="steps per e-fold of tuned heavy ball")
    along, unit = "y", "{} steps"
    curves = (curve("sgd"), Curve("SGD here", style.METHODS["sgd"].color, marker="circle-open"),
              curve("heavy_ball", hidden=True))
    axes = (log_axis("batch size B"), log_axis("steps per e-fold of the loss"))
    window = ((0, 6), (0, 4))

    def known(self, subject):
        """SGD's steps."""
        H, batch = subject
        f = frontier(H, ["sgd"], np.append(BATCHES, batch))["sgd"]
        return {"SGD": {"x": BATCHES, "y": f.serial[:-1]}, "SGD here": {"x": [batch], "y": [f.serial[-1]]}}

    def answer(self, subject):
        """Heavy ball's steps, tuned."""
        H, batch = subject
        return float(-1 / np.log1p(-contraction_gap(H, tune(H, "heavy_ball", batch).method, batch)))

    def draw(self, subject, answer):
        """Heavy ball's steps at every batch."""
        f = frontier(subject[0], ["heavy_ball"], BATCHES)["heavy_ball"]
        return {"heavy ball": {"x": f.batches, "y": f.serial}}

    def explain(self, subject, answer):
        """Against SGD, and against √κ."""
        H, batch = subject
        saved = frontier(H, ["sgd"], [batch])["sgd"].serial[0] / answer
        why = ("At small batch only the long-run step η/(1−β) matters, and memory buys next to nothing." if saved < 1.5 else
               "The batch has averaged the noise away, and Polyak's acceleration is what is left." if saved > 15 else
               "SGD is past its bend, heavy ball is not.")
        return f"SGD needs {three(saved)} times as many; √κ is {three(H.kappa**0.5)}. {why}"


@lru_cache(maxsize=64)
def _window(family, kappa):
    return float(window(family(kappa)))


def _windows(family):
    return [_window(family, k) for k in KAPPAS]


def _law():
    return Spectrum.power_law(200, 1.5, 1e3).compressed(2)
