"""Questions of notebook 08: what becomes of noise that is held back, and from which batch momentum pays."""

from types import MappingProxyType

import numpy as np

from ...exact.roots import root
from ...exact.small_steps import end_point_variance, step_noise_ratio
from ...exact.thresholds import long_run_threshold
from ...model.spectrum import Spectrum
from .. import style
from ..scenario import Slider
from ..style import log_axis
from ..words import three
from .question import TRUTH, Case, Curve, Placed

LR, STEPS = 0.1, 2000
TIMES = np.unique(np.geomspace(1, STEPS, 40).round()).astype(int)
BATCHES = np.geomspace(1, 1e5, 41)
BLUE, RED = style.METHODS["sgd"].color, style.METHODS["heavy_ball"].color


class EndPoint(Placed):
    """What is left of momentum's quieter steps at the end of a run."""

    name = "predict_08_noise"
    title = "Where does the noise go?"
    references = ("wang2023",)
    asks = ("Pure noise, no gradient. The line is the variance of SGD's iterate. At the same long-run step a single step of "
            "SGDM is far less noisy. What is its variance after 2000 steps, as a share of SGD's?")
    cases = MappingProxyType({
        "0.9": Case("β = 0.9: a step has 1/19 of SGD's noise", lambda: 0.9),
        "0.99": Case("β = 0.99: a step has 1/199 of SGD's noise", lambda: 0.99),
    })
    guess = Slider("guess", "share", 0.001, 10, 0.2, step=0.01, base=10,
                   help="variance of SGDM over variance of SGD at the end")
    along, unit = "y", "{} of SGD's"
    curves = (Curve("SGD", BLUE), Curve("SGD after 2000 steps", BLUE, marker="circle-open"),
              Curve("SGDM", RED, "12px,2px", hidden=True))
    axes = (log_axis("steps"), log_axis("variance / SGD's after 2000 steps"))
    window = ((0, 3.5), (-6, 1.2))

    def known(self, beta):
        """SGD's variance grows like the number of steps."""
        y = np.array([end_point_variance(LR, 0.0, int(t)) for t in TIMES])
        return {"SGD": {"x": TIMES, "y": y / y[-1]}, "SGD after 2000 steps": {"x": [STEPS], "y": [1.0]}}

    def answer(self, beta):
        """The exact ratio."""
        return float(end_point_variance(LR, beta, STEPS) / end_point_variance(LR, 0.0, STEPS))

    def draw(self, beta, answer):
        """SGDM's variance."""
        y = np.array([end_point_variance(LR, beta, int(t)) for t in TIMES]) / end_point_variance(LR, 0.0, STEPS)
        keep = y > 1e-6
        return {"SGDM": {"x": TIMES[keep], "y": y[keep]}}

    def explain(self, beta, answer):
        """Carried over."""
        held = three(1 / (1 - beta))
        return (f"A step has {three(step_noise_ratio(beta))} of SGD's noise because the buffer holds most of it back, and "
                f"hands it over later: successive steps share their noise. Only what is still in the buffer, some "
                f"1/(1 − β) = {held} steps' worth, is missing.")


class Pays(Placed):
    """The batch from which momentum doubles the largest stable step."""

    name = "predict_08_batch"
    title = "From which batch does momentum pay?"
    references = ("wang2023",)
    asks = ("The line is the largest stable long-run step of SGD. With a very long memory (β → 1) it is never shorter. "
            "From which batch size on does momentum at least double it?")
    cases = MappingProxyType({
        "law": Case("κ = 10, decay 0.5, d = 200: tr H/L = 36.8", lambda: Spectrum.power_law(200, 0.5, 10)),
        "flat": Case("200 equal eigenvalues: tr H/L = 200", lambda: Spectrum.flat(200)),
    })
    guess = Slider("guess", "guess B", 1, 1e5, 10000, step=0.02, base=10,
                   help="the batch where the two limits are a factor 2 apart")
    unit = "B = {}"
    curves = (Curve("SGD", BLUE), Curve("β → 1", RED, "12px,2px", hidden=True),
              Curve("twice SGD's", TRUTH, marker="circle-open", hidden=True))
    axes = (log_axis("batch size B"), log_axis("largest stable long-run step × L"))
    window = ((0, 5), (-2.2, 4))

    def known(self, H):
        """SGD's limit."""
        return {"SGD": {"x": BATCHES, "y": [H.largest * long_run_threshold(H, b) for b in BATCHES]}}

    def answer(self, H):
        """Where the ratio of the two limits is 2."""
        def left(log_b):
            return np.log(_gain(H, np.exp(log_b)) / 2)

        return float(np.exp(root(left, 0.0, np.log(1e5), xtol=1e-10)))

    def draw(self, H, answer):
        """The limit of very long memory."""
        y = np.array([H.largest * long_run_threshold(H, b, 1.0) for b in BATCHES])
        there = H.largest * long_run_threshold(H, answer, 1.0)
        return {"β → 1": {"x": BATCHES, "y": y}, "twice SGD's": {"x": [answer], "y": [there]}}

    def explain(self, H, answer):
        """The curvature term."""
        there = answer * H.largest / H.trace
        return (f"The two conditions of stability differ by the curvature term alone. At B = {three(there)} × tr H/L it weighs "
                "as much as noise; below, noise decides for both and momentum is inert.")


def _gain(H, batch):
    return long_run_threshold(H, batch, 1.0) / long_run_threshold(H, batch)
