"""Questions of notebook 05: how far ahead ASGD is at batch 1, and how fast a traded batch still pays."""

from types import MappingProxyType

import numpy as np

from ...model.spectrum import Spectrum
from ...tuning.frontiers import frontier
from ..scenario import Slider
from ..style import log_axis
from ..words import given, percent, three
from .question import Case, Placed, Slope, curve

BATCHES = np.geomspace(1, 1e4, 25)
LARGE = np.geomspace(1, 1e5, 41)
LINEAR, TRADED = LARGE <= 32, (LARGE >= 80) & (LARGE <= 800)
"""Where the gap is still proportional to the batch, and where it is traded."""


def _law(decay):
    return Spectrum.power_law(200, decay).compressed(2)


class Advantage(Placed):
    """ASGD's compute efficiency over heavy ball's at batch 1."""

    name = "predict_05_advantage"
    title = "How far ahead is ASGD?"
    asks = ("The line is the compute efficiency of tuned heavy ball. By which factor does tuned ASGD lie above it at batch 1, "
            "at the left edge?")
    cases = MappingProxyType({
        "2": Case("eigenvalues i^−2, d = 200", lambda: _law(2.0)),
        "0.5": Case("eigenvalues i^−0.5, d = 200", lambda: _law(0.5)),
        "1": Case("eigenvalues 1/i, d = 200", lambda: _law(1.0)),
    })
    guess = Slider("guess", "factor", 1, 1000, 100, step=0.01, base=10, help="CE of ASGD over CE of heavy ball, at B = 1")
    along, unit = "y", "a factor {}"
    curves = (curve("heavy_ball"), curve("asgd", hidden=True))
    axes = (log_axis("batch size B"), log_axis("compute efficiency / heavy ball's at batch 1"))
    window = ((0, 4), (-2.5, 3.1))

    def known(self, H):
        """Heavy ball's efficiency."""
        f = frontier(H, ["heavy_ball"], BATCHES)["heavy_ball"]
        return {"heavy ball": {"x": BATCHES, "y": np.maximum(f.ce / f.ce[0], 10.0**-2.5)}}

    def answer(self, H):
        """The ratio at batch 1."""
        f = frontier(H, ["heavy_ball", "asgd"], [1.0])
        return float(f["asgd"].ce[0] / f["heavy_ball"].ce[0])

    def draw(self, H, answer):
        """ASGD's efficiency."""
        f = frontier(H, ["heavy_ball", "asgd"], BATCHES)
        return {"ASGD": {"x": BATCHES, "y": np.maximum(f["asgd"].ce / f["heavy_ball"].ce[0], 10.0**-2.5)}}

    def explain(self, H, answer):
        """What the decay has to do with it."""
        if answer < 1.12:
            return "Where the spectrum falls slowly nothing is gained: that is what 'near overlap' means in the paper."
        power = np.log(answer) / np.log(H.dim)
        return (f"With d = {given(H.dim)} that is d to the power {three(power)}. The faster the eigenvalues fall, the fewer "
                "directions carry the noise, and the longer a second step size may be for the others.")


class Traded(Slope):
    """The exponent of the gap where batches no longer pay in full."""

    name = "predict_05_exponent"
    title = "What does a traded batch still buy?"
    asks = ("At small batches ASGD's contraction gap grows like B. Further right compute is traded for steps. With which power "
            "of B does the gap grow over the decade after B = 80?")
    cases = MappingProxyType({
        "1.5": Case("eigenvalues i^−1.5, d = 10⁶", lambda: Spectrum.power_law(10**6, 1.5).compressed(2)),
        "2.5": Case("eigenvalues i^−2.5, d = 10⁶", lambda: Spectrum.power_law(10**6, 2.5).compressed(2)),
    })
    guess = Slider("guess", "power", 0, 1.2, 1, step=0.01, help="the exponent p in gap ~ B^p")
    reach = 1.0
    curves = (curve("asgd", "ASGD, exact"), curve("asgd", "ASGD, the rest", hidden=True))
    axes = (log_axis("batch size B"), log_axis("contraction gap / that of batch 1"))
    window = ((0, 5), (-0.1, 4))

    def through(self, H):
        """The gap at the start of the decade."""
        f = frontier(H, ["asgd"], [1.0, 80.0])["asgd"]
        return 80.0, float(f.gap[1] / f.gap[0])

    def known(self, H):
        """The gap up to where the question begins."""
        f = frontier(H, ["asgd"], [*LARGE[LINEAR], 80.0])["asgd"]
        return {"ASGD, exact": {"x": f.batches, "y": f.gap / f.gap[0]}}

    def answer(self, H):
        """The slope of a straight line through the exact gaps of that decade."""
        f = frontier(H, ["asgd"], LARGE[TRADED])["asgd"]
        return float(np.polyfit(np.log(f.batches), np.log(f.gap), 1)[0])

    def draw(self, H, answer):
        """The gap beyond."""
        f = frontier(H, ["asgd"], [1.0, 80.0, *LARGE[LARGE > 80]])["asgd"]
        return {"ASGD, the rest": {"x": f.batches[1:], "y": f.gap[1:] / f.gap[0]}}

    def explain(self, H, answer):
        """T5's exponent."""
        a = np.log(H.kappa) / np.log(H.dim)
        cost, saved = 1 - 2.0 ** (answer - 1), 1 - 2.0**-answer
        return (f"T5 predicts a/(2a − 1) = {three(a / (2 * a - 1))} for eigenvalues i^−a with a = {three(a)}. Doubling the "
                f"batch here costs {percent(cost)} of the compute efficiency and saves {percent(saved)} of the steps.")
