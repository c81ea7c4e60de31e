"""Questions of notebook 04: does heavy ball's edge grow, and on which spectrum is it largest?"""

from types import MappingProxyType

import numpy as np

from ...model.spectrum import Spectrum
from ...study.falsify import best_ce_ratio
from .. import style
from ..scenario import Slider
from ..style import log_axis
from ..words import three
from .question import TRUTH, Case, Chosen, Curve, Placed

KAPPAS = np.logspace(0.5, 6, 8)


class Growth(Placed):
    """Whether the ratio of best efficiencies grows with the condition number."""

    name = "predict_04_growth"
    title = "Does heavy ball's edge grow?"
    asks = ("Heavy ball's best compute efficiency over SGD's best, at κ = 10 and κ = 100. "
            "How large is this ratio at κ = 10⁶?")
    cases = MappingProxyType({
        "pair": Case("two eigenvalues, 1 and 1/κ", lambda: lambda k: Spectrum.two_level(2, k)),
        "many": Case("twenty eigenvalues, 19 at 1 and one at 1/κ", lambda: lambda k: Spectrum.two_level(20, k, 19)),
    })
    guess = Slider("guess", "ratio", 1, 1000, 10, step=0.01, base=10, help="the ratio at κ = 10⁶")
    along = "y"
    curves = (Curve("known", style.METHODS["heavy_ball"].color, marker="square"),
              Curve("exact", style.METHODS["heavy_ball"].color, hidden=True),
              Curve("at κ = 10⁶", TRUTH, marker="circle-open", hidden=True))
    axes = (log_axis("κ"), log_axis("best CE, heavy ball / SGD"))
    window = ((0.4, 6.2), (-0.1, 3))

    def known(self, family):
        """The first two points."""
        return {"known": {"x": [10.0, 100.0], "y": [best_ce_ratio(family(k)).ratio for k in (10.0, 100.0)]}}

    def answer(self, family):
        """The exact ratio at the far end."""
        return float(best_ce_ratio(family(1e6)).ratio)

    def draw(self, family, answer):
        """The ratio at every κ."""
        return {"exact": {"x": KAPPAS, "y": [best_ce_ratio(family(k)).ratio for k in KAPPAS]},
                "at κ = 10⁶": {"x": [1e6], "y": [answer]}}

    def explain(self, family, answer):
        """The limit, and what it means."""
        n = round(family(1e6).dim) - 1
        return (f"It tends to (n + 2)/(n + 1) = {three((n + 2) / (n + 1))}, n = {n} being the number of large eigenvalues: "
                "momentum removes SGD's own curvature term once, whatever κ is. An edge that does not grow is no acceleration.")


class Richest(Chosen):
    """On which of five spectra heavy ball gains most."""

    name = "predict_04_spectrum"
    title = "Where does heavy ball gain most?"
    asks = ("Five spectra, their eigenvalues in order. On which of them does heavy ball's best compute efficiency exceed "
            "SGD's best by the largest factor?")
    options = MappingProxyType({
        "flat": "all equal", "slow": "slow decay, i^−0.5", "fast": "fast decay, i^−2", "one": "one large, the rest tiny",
        "half": "half large, half tiny",
    })
    cases = MappingProxyType({
        "five": Case("200 eigenvalues each, the largest 1", lambda: {
            "flat": Spectrum.flat(200), "slow": Spectrum.power_law(200, 0.5), "fast": Spectrum.power_law(200, 2.0),
            "one": Spectrum.two_level(200, 1e6, 1), "half": Spectrum.two_level(200, 1e6, 100)}),
    })
    curves = (Curve("all equal", "#57606a", "3px,3px"), Curve("slow decay, i^−0.5", "#0072B2"),
              Curve("fast decay, i^−2", "#009E73", "8px,3px"), Curve("one large, the rest tiny", "#D55E00", "12px,2px"),
              Curve("half large, half tiny", "#CC79A7", "2px,5px"))
    axes = (log_axis("number of the eigenvalue"), log_axis("eigenvalue"))
    window = ((0, 2.4), (-6.5, 0.5))

    def known(self, spectra):
        """The spectra."""
        return {self.options[key]: {"x": np.arange(1, 201), "y": np.repeat(H.eigenvalues, np.rint(H.counts).astype(int))}
                for key, H in spectra.items()}

    def answer(self, spectra):
        """The ratio of best efficiencies on each."""
        return {key: float(best_ce_ratio(H).ratio) for key, H in spectra.items()}

    def draw(self, spectra, answer):
        """Nothing more: the numbers are words."""
        return {}

    def explain(self, spectra, answer):
        """All five numbers, and the reason."""
        told = ", ".join(f"{self.options[k]} {three(v)}" for k, v in answer.items())
        return (f"The ratios: {told}. Noise punishes SGD most where a single fast eigenvalue carries the trace, and even there "
                "by no more than a half.")
