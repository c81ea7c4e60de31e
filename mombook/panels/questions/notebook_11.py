"""Questions of notebook 11: the batch that Nesterov wants, and what ASGD does with single samples."""

from functools import lru_cache
from types import MappingProxyType

import numpy as np

from ...model.spectrum import Spectrum
from ...study.data_scaling import source_start, transitions
from ...tuning.budget import tune_budget, tune_risk
from ..scenario import Slider
from ..style import log_axis
from ..words import three
from .question import TRUTH, Case, Curve, Placed, curve

DECAY, SOURCE, SAMPLES = 4.0, 0.3, 2**14
BATCHES = 4.0 ** np.arange(8)


@lru_cache(maxsize=4)
def problem(noise):
    """The published setting: spectrum, start, noise."""
    H = Spectrum.power_law(4096, DECAY, binned=4, ends="top")
    return H, source_start(H, DECAY, SOURCE), noise


def ends(subject, family, samples=SAMPLES):
    """What the best run at each batch ends at, as a share of the start."""
    H, start, noise = subject
    found = tune_budget(H, family, samples, noise, start, BATCHES)
    return {"x": found.batches, "y": found.risks / (H.counts @ (H.eigenvalues * start) / 2)}


CASES = MappingProxyType({"little": Case("label noise 0.1, as published", lambda: problem(0.1)),
                          "much": Case("label noise 1", lambda: problem(1.0))})
AXES = (log_axis("batch size B"), log_axis("final risk / risk at the start"))


class Best(Placed):
    """The batch of Nesterov's least final risk."""

    name = "predict_11_batch"
    title = "Which batch does Nesterov want?"
    references = ("wang2026",)
    asks = ("A budget of 16384 samples, each used once, with label noise; every method is tuned at every batch. SGD is best at "
            "batch 1, and heavy ball hardly cares. At which batch does Nesterov's method end lowest?")
    cases = CASES
    guess = Slider("guess", "guess B", 1, 16384, 1, step=0.02, base=10, help="the batch of Nesterov's least final risk")
    unit = "B = {}"
    curves = (curve("sgd"), curve("heavy_ball"), curve("nesterov", hidden=True),
              Curve("least", TRUTH, marker="circle-open", hidden=True))
    axes = AXES
    window = ((0, 4.22), (-2.2, 0.1))

    def known(self, subject):
        """SGD and heavy ball."""
        return {"SGD": ends(subject, "sgd"), "heavy ball": ends(subject, "heavy_ball")}

    def answer(self, subject):
        """The best of its batches, six an octave about it."""
        H, start, noise = subject
        return tune_budget(H, "nesterov", SAMPLES, noise, start).batch

    def draw(self, subject, answer):
        """Nesterov's curve and its lowest point."""
        H, start, noise = subject
        steps = round(SAMPLES / answer)
        risk = tune_risk(H, "nesterov", SAMPLES / steps, steps, noise, start)[1]
        return {"Nesterov": ends(subject, "nesterov"),
                "least": {"x": [answer], "y": [risk / (H.counts @ (H.eigenvalues * start) / 2)]}}

    def explain(self, subject, answer):
        """It needs a batch before its long memory is stable."""
        b2 = three(transitions(DECAY, SOURCE)["b2"])
        return ("A long memory lets the slow directions go faster, and Nesterov's look-ahead keeps the noise of the fast ones "
                f"down. But the memory is stable only in a batch. The theorem's b₂ = {b2} is where it is best "
                "for ever more samples; here the least lies at a smaller power of the budget.")


class Single(Placed):
    """ASGD at batch 1."""

    name = "predict_11_single"
    title = "What can be done one sample at a time?"
    references = ("wang2026", "jain2018")
    asks = ("The same budget. At batch 1 SGD, heavy ball and Nesterov end nearly alike. ASGD has two step sizes, not one. "
            "Where does it end at batch 1, as a share of the risk at the start?")
    cases = CASES
    guess = Slider("guess", "guess", 0.001, 1, 0.1, step=0.01, base=10, help="ASGD's final risk over the risk at the start")
    along, unit = "y", "{} of the start"
    curves = (curve("sgd"), curve("nesterov"), curve("asgd", hidden=True),
              Curve("batch 1", TRUTH, marker="circle-open", hidden=True))
    axes = AXES
    window = ((0, 4.22), (-3, 0.1))

    def known(self, subject):
        """SGD and Nesterov."""
        return {"SGD": ends(subject, "sgd"), "Nesterov": ends(subject, "nesterov")}

    def answer(self, subject):
        """The risk of the tuned method."""
        H, start, noise = subject
        return tune_risk(H, "asgd", 1, SAMPLES, noise, start)[1] / float(H.counts @ (H.eigenvalues * start) / 2)

    def draw(self, subject, answer):
        """ASGD's curve."""
        return {"ASGD": ends(subject, "asgd"), "batch 1": {"x": [1], "y": [answer]}}

    def explain(self, subject, answer):
        """Two steps do what one cannot."""
        at = transitions(DECAY, SOURCE)
        return (f"The short step can be small, which keeps noise down, while the long one is large. For ever more samples "
                f"its exponent should be {three(at['b0'])} at batch 1, against {three(at['b1'])} for one step size: a "
                "conjecture of this book, measured below.")
