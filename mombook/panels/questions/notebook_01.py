"""Questions of notebook 01: the window of heavy ball, and who is cheapest at batch 1."""

from types import MappingProxyType

import numpy as np

from ...model.spectrum import Spectrum
from ...tuning.frontiers import critical_batches, frontier
from .. import style
from ..scenario import Slider
from ..style import log_axis
from ..words import three
from .question import TRUTH, Case, Chosen, Curve, Placed, curve

BATCHES = np.geomspace(1, 1e6, 37)
FOUR = ("sgd", "heavy_ball", "nesterov", "asgd")

SPECTRA = {
    "middling": Case("κ = 1000, decay 1.5, d = 200", lambda: _law(1e3, 1.5)),
    "steep": Case("κ = 10⁵, decay 1.5, d = 200", lambda: _law(1e5, 1.5)),
    "gentle": Case("κ = 15.8, decay 0.5, d = 200", lambda: _law(15.8, 0.5)),
}


def _law(kappa, decay):
    return Spectrum.power_law(200, decay, kappa).compressed(2)


class Window(Placed):
    """Where heavy ball's compute efficiency has halved, given where SGD's has."""

    name = "predict_01_window"
    title = "How wide is heavy ball's window?"
    asks = ("At the blue ring SGD's compute efficiency (e-folds of the loss per sample) has fallen to half. "
            "At which batch size has heavy ball's?")
    cases = SPECTRA
    guess = Slider("guess", "guess B", 1, 1e6, 10, step=0.02, base=10, help="the batch at which heavy ball's CE has halved")
    unit = "B = {}"
    curves = (curve("sgd"), Curve("SGD's has halved", style.METHODS["sgd"].color, marker="circle-open"),
              curve("heavy_ball", hidden=True), Curve("heavy ball's has halved", TRUTH, marker="circle-open", hidden=True))
    axes = (log_axis("batch size B"), log_axis("e-folds per sample × tr H / μ"))
    window = ((0, 6), (-3, 1))

    def known(self, H):
        """SGD's efficiency, and where it has halved."""
        f, half = frontier(H, ["sgd"], BATCHES)["sgd"], critical_batches(H, ["sgd"])["sgd"]
        return {"SGD": _seen(f.batches, f.ce * H.trace / H.smallest, self.window),
                "SGD's has halved": {"x": [half], "y": [f.ce[0] / 2 * H.trace / H.smallest]}}

    def answer(self, H):
        """Heavy ball's measured critical batch."""
        return critical_batches(H, ["heavy_ball"])["heavy_ball"]

    def draw(self, H, answer):
        """Heavy ball's efficiency."""
        f = frontier(H, ["heavy_ball"], BATCHES)["heavy_ball"]
        return {"heavy ball": _seen(f.batches, f.ce * H.trace / H.smallest, self.window),
                "heavy ball's has halved": {"x": [answer], "y": [f.ce[0] / 2 * H.trace / H.smallest]}}

    def explain(self, H, answer):
        """The factor against its ceiling."""
        wider = answer / critical_batches(H, ["sgd"])["sgd"]
        return (f"Heavy ball's window is {three(wider)} times as wide as SGD's. The two proved bounds bend "
                f"at batches whose ratio is √κ = {three(H.kappa**0.5)}; the exact curves bend less sharply, closer together.")


class Cheapest(Chosen):
    """Which tuned method needs the fewest samples at batch 1."""

    name = "predict_01_cheapest"
    title = "Who is cheapest at batch 1?"
    asks = ("The blue line is the price of tuned SGD. Which tuned method needs the fewest samples per e-fold of the loss "
            "at batch 1, at the left edge?")
    cases = MappingProxyType({
        "fast": Case("fast decay: κ = 39800, decay 2, d = 200", lambda: _law(39_800, 2)),
        "slow": Case("slow decay: κ = 15.8, decay 0.5, d = 200", lambda: _law(15.8, 0.5)),
    })
    options = MappingProxyType({
        **{k: style.METHODS[k].word for k in FOUR},
        "tie": "nobody: all within 12 %",
    })
    curves = (curve("sgd"), *(curve(k, hidden=True) for k in FOUR[1:]))
    axes = (log_axis("batch size B"), log_axis("samples per e-fold of the loss"))
    window = ((0, 4), (2, 6))

    def known(self, H):
        """SGD's price."""
        f = frontier(H, ["sgd"], BATCHES)["sgd"]
        return {"SGD": _seen(f.batches, f.compute, self.window)}

    def answer(self, H):
        """Compute efficiency of every family at batch 1."""
        return {family: float(f.ce[0]) for family, f in frontier(H, FOUR, [1.0]).items()}

    def draw(self, H, answer):
        """The price of the others."""
        found = frontier(H, FOUR[1:], BATCHES)
        return {style.METHODS[k].word: _seen(f.batches, f.compute, self.window) for k, f in found.items()}

    def explain(self, H, answer):
        """What decides."""
        factor = answer["asgd"] / answer["heavy_ball"]
        memory = answer["heavy_ball"] / answer["sgd"]
        return (f"Memory alone gains little, here a factor {three(memory)} over SGD. A short step beside the long one, which "
                f"makes ASGD, pays where the spectrum falls fast: here a factor {three(factor)} over heavy ball.")


def _seen(x, y, window):
    """A curve as far as it lies inside its axes."""
    keep = (y >= 10.0 ** window[1][0]) & (y <= 10.0 ** window[1][1])
    return {"x": x[keep], "y": y[keep]}
