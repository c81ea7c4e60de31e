"""Questions of notebook 07: where momentum's rows cease to be free, and whether momentum makes a row cheaper."""

from types import MappingProxyType

import numpy as np

from ...model.example_systems import unit_rows, with_spectrum
from ...model.spectrum import Spectrum
from ...tuning import parallel
from ...tuning.long_run import tune
from .. import style
from ..scenario import Slider
from ..style import log_axis
from ..words import three
from .question import TRUTH, Case, Curve, Placed

BATCHES = np.unique(np.geomspace(1, 2000, 25).round())
BLUE, RED = style.METHODS["sgd"].color, style.METHODS["heavy_ball"].color


class Saturation(Placed):
    """The batch of rows at which simple momentum has lost half of its progress per row."""

    name = "predict_07_saturation"
    title = "How many rows at once?"
    references = ("garg2026", "strohmer2009")
    asks = ("Row visits to a millionth of the error. Simple momentum takes the same number at one row and at eight. At which "
            "batch of rows is its progress per row down to half?")
    cases = MappingProxyType({
        "steep": Case("600 rows of length 1, d = 30: κ = 393, μ = 0.00117, L = 0.458", lambda: _system(600, 30, 1.9)),
        "round": Case("300 rows of length 1, d = 10: κ = 1.83, μ = 0.0728, L = 0.134", lambda: _system(300, 10, 0.0)),
    })
    guess = Slider("guess", "guess B", 1, 1e4, 10, step=0.02, base=10, help="rows per iteration at which half is lost")
    unit = "B = {}"
    curves = (Curve("simple SGD", BLUE), Curve("simple momentum", RED, "12px,2px"),
              Curve("simple momentum, the rest", RED, "12px,2px", hidden=True))
    axes = (log_axis("rows per iteration B"), log_axis("row visits / simple momentum's at B = 1"))
    window = ((0, 4), (-2, 3))

    def known(self, system):
        """SGD's visits, and momentum's up to eight rows."""
        start = parallel.scaling(system, np.arange(1.0, 9))
        sgd = parallel.scaling(system, BATCHES, parallel.simple_sgd)
        return {"simple SGD": {"x": BATCHES, "y": sgd.visits / start.visits[0]},
                "simple momentum": {"x": start.batches, "y": start.visits / start.visits[0]}}

    def answer(self, system):
        """Read off the exact rates."""
        return float(parallel.measured_saturation(parallel.scaling(system, BATCHES)))

    def draw(self, system, answer):
        """Momentum's visits beyond eight rows."""
        f = parallel.scaling(system, BATCHES)
        return {"simple momentum, the rest": {"x": BATCHES[5:], "y": f.visits[5:] / f.visits[0]}}

    def explain(self, system, answer):
        """Twice the predicted bend."""
        bend = parallel.saturation_batch(system)
        return (f"The rule saturates at R/(μ√κ) = {three(bend)} rows; beyond it the gap stays as it is, "
                f"so the half is reached at about twice that. SGD's own window ends at R/L = {three(1 / system.largest)}.")


class Price(Placed):
    """How much cheaper tuned heavy ball makes a row than tuned SGD."""

    name = "predict_07_price"
    title = "Does momentum make a row cheaper?"
    references = ("garg2026", "strohmer2009")
    asks = ("One row at a time. For Gaussian inputs of the same spectrum, the line, tuned heavy ball beats tuned SGD by a "
            "factor below 1.5. What is the factor on the rows of a system, drawn at random?")
    cases = MappingProxyType({
        "steep": Case("160 rows, d = 4, κ = 10000, decay 1.5", lambda: _rows(1e4)),
        "mild": Case("160 rows, d = 4, κ = 100, decay 1.5", lambda: _rows(1e2)),
    })
    guess = Slider("guess", "factor", 0.1, 100, 1, step=0.01, base=10,
                   help="gap of tuned heavy ball over gap of tuned SGD, at B = 1")
    along, unit = "y", "a factor {}"
    curves = (Curve("Gaussian inputs", RED, "12px,2px"), Curve("equal", style.MUTED, "3px,3px"),
              Curve("rows", TRUTH, marker="circle-open", hidden=True))
    axes = (log_axis("κ"), log_axis("gap at one row, heavy ball / SGD"))
    window = ((0, 6), (-1, 2))

    def known(self, system):
        """The ratio for Gaussian inputs."""
        kappas = np.logspace(0.5, 5.5, 11)
        laws = [Spectrum.power_law(4, 1.5, k) for k in kappas]
        return {"equal": {"x": [1, 1e6], "y": [1, 1]},
                "Gaussian inputs": {"x": kappas, "y": [tune(H, "heavy_ball", 1).gap / tune(H, "sgd", 1).gap for H in laws]}}

    def answer(self, system):
        """Both tuned on the exact gap of the rows."""
        gaps = [parallel.tuned(system, 1, family, tolerance=0.02).gap for family in ("heavy_ball", "sgd")]
        return float(gaps[0] / gaps[1])

    def draw(self, system, answer):
        """The ratio for this system."""
        return {"rows": {"x": [system.kappa], "y": [answer]}}

    def explain(self, system, answer):
        """Where the noise goes."""
        if answer < 2:
            return "Not much more than for Gaussian inputs: no direction dominates enough for its noise to matter."
        return ("Nearly every row points along the dominating direction, so a projection makes almost no noise there, and "
                "heavy ball may take long steps. The Gaussian ceiling, the price of a sample within a constant, is false on "
                "rows.")


def _system(n, d, decay):
    return unit_rows(n, d, np.random.default_rng(30), decay=decay)


def _rows(kappa):
    return with_spectrum(Spectrum.power_law(4, 1.5, kappa, binned=False), 160, np.random.default_rng(0))
