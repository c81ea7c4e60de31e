"""Questions of notebook 02: where two limits meet, and where a larger batch stops paying."""

from types import MappingProxyType

import numpy as np

from ...bounds import bend
from ...exact.thresholds import step_limit
from ...model.spectrum import Spectrum
from ...tuning.frontiers import critical_batch, frontier
from .. import style
from ..scenario import Slider
from ..style import log_axis
from ..words import three
from .question import TRUTH, Case, Curve, Placed, curve

BATCHES = np.geomspace(1, 1e4, 33)


def _law(kappa):
    return Spectrum.power_law(200, 1.5, kappa).compressed(2)


class Limit(Placed):
    """The largest stable learning rate where the noise limit and the curvature limit meet."""

    name = "predict_02_limit"
    title = "What two limits leave"
    asks = ("Gradient noise forbids learning rates above 2B/tr H, curvature forbids those above 2/L. Where the two lines "
            "cross, what is the largest stable learning rate of SGD?")
    cases = MappingProxyType({
        "law": Case("κ = 1000, decay 1.5, d = 200, L = 1", lambda: _law(1e3)),
        "flat": Case("200 equal eigenvalues, L = 1", lambda: Spectrum.flat(200)),
        "steep": Case("κ = 10⁵, decay 1.5, d = 200, L = 1", lambda: _law(1e5)),
    })
    guess = Slider("guess", "guess η", 0.01, 10, 0.1, step=0.01, base=10, help="the largest stable learning rate there")
    along, unit = "y", "η = {}"
    curves = (Curve("noise limit 2B/tr H", style.MUTED, "10px,4px"), Curve("curvature limit 2/L", style.MUTED, "3px,3px"),
              Curve("here", marker="circle-open"), Curve("the exact limit", style.METHODS["sgd"].color, hidden=True))
    axes = (log_axis("batch size B"), log_axis("learning rate η"))
    window = ((0, 4), (-2, 1))

    def known(self, H):
        """The two limits, and where they cross."""
        noise = 2 * BATCHES / H.trace
        keep = (noise > 0.01) & (noise < 10)
        return {"noise limit 2B/tr H": {"x": BATCHES[keep], "y": noise[keep]},
                "curvature limit 2/L": {"x": BATCHES[[0, -1]], "y": [2 / H.largest] * 2},
                "here": {"x": [bend(H, "sgd")], "y": [2 / H.largest]}}

    def answer(self, H):
        """The exact limit at the crossing."""
        return float(step_limit(H, bend(H, "sgd")))

    def draw(self, H, answer):
        """The exact limit at every batch."""
        return {"the exact limit": {"x": BATCHES, "y": [step_limit(H, b) for b in BATCHES]}}

    def explain(self, H, answer):
        """The two limits share one budget."""
        return (f"That is {three(answer * H.largest / 2)} of what each limit allows by itself: noise and curvature draw on "
                "the same budget. For equal eigenvalues their reciprocals add, 1/η = tr H/2B + (1 + 1/B) L/2, which leaves a "
                "half where they meet at a large batch and a third where they meet at B = 1.")


class Bend(Placed):
    """Where SGD's compute efficiency has halved."""

    name = "predict_02_bend"
    title = "Where does a larger batch stop paying?"
    asks = ("As long as the dashed line is followed, twice the batch means half the steps. At which batch size has SGD's "
            "compute efficiency fallen to half?")
    cases = MappingProxyType({
        "law": Case("κ = 1000, decay 1.5, d = 200: tr H = 4.18, L = 1", lambda: _law(1e3)),
        "flat": Case("200 equal eigenvalues: tr H = 200, L = 1", lambda: Spectrum.flat(200)),
        "levels": Case("50 eigenvalues at 1, 150 at 0.001: tr H = 50.15, L = 1", lambda: Spectrum.two_level(200, 1e3, 50)),
    })
    guess = Slider("guess", "guess B", 1, 1e4, 1000, step=0.02, base=10, help="the batch at which SGD's CE has halved")
    unit = "B = {}"
    curves = (Curve("no loss", style.MUTED, "10px,4px"), Curve("half", style.MUTED, "3px,3px"), curve("sgd", hidden=True),
              Curve("halved", TRUTH, marker="circle-open", hidden=True))
    axes = (log_axis("batch size B"), log_axis("compute efficiency / that of batch 1"))
    window = ((0, 4), (-2, 0.3))

    def known(self, H):
        """Perfect scaling, and the half."""
        return {"no loss": {"x": [1, 1e4], "y": [1, 1]}, "half": {"x": [1, 1e4], "y": [0.5, 0.5]}}

    def answer(self, H):
        """The measured critical batch."""
        return critical_batch(H, "sgd")

    def draw(self, H, answer):
        """SGD's efficiency."""
        f = frontier(H, ["sgd"], BATCHES)["sgd"]
        keep = f.ce > 0.01 * f.ce[0]
        return {"SGD": {"x": BATCHES[keep], "y": f.ce[keep] / f.ce[0]}, "halved": {"x": [answer], "y": [0.5]}}

    def explain(self, H, answer):
        """In units of tr H / L."""
        predicted = bend(H, "sgd")
        return (f"tr H/L = {three(predicted)}: there noise ceases to limit the step and curvature begins to. The measured "
                f"batch is {three(answer / predicted)} times that; the bound bends at once, the exact curve slowly.")
