"""Questions of notebook 12: what a decay is worth, and how many steps are left when the batch grows instead."""

from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from ...exact import schedule
from ...exact.schedule import Schedule, batch_ramp
from ...exact.schedule_stack import final_risks
from ...model.method import Method
from ...model.spectrum import Spectrum
from .. import style
from ..scenario import Slider
from ..style import log_axis
from ..words import percent, three
from .question import TRUTH, Case, Curve, Placed, curve

BATCH, STEPS, LONG = 8, 256, 1000
RATES = np.geomspace(0.01, 3, 145)


@lru_cache(maxsize=1)
def _spectrum() -> Spectrum:
    return Spectrum.power_law(200, 1.5).compressed(2)


class Noisy(NamedTuple):
    """A spectrum and the label noise."""

    spectrum: Spectrum
    noise: float


@lru_cache(maxsize=16)
def _risks(subject, shape):
    """Final risks at every learning rate, over the least that a constant one leaves."""
    def risks(factors):
        return final_risks(subject.spectrum, [Schedule.of(Method.sgd(lr), BATCH, factors) for lr in RATES], subject.noise)

    held = risks(schedule.constant(STEPS))
    return (held if shape == "constant" else risks(schedule.linear(STEPS))) / held.min()


def _shown(y):
    keep = y < 10
    return {"x": RATES[keep], "y": y[keep]}


class Decay(Placed):
    """What falling to zero saves, over the best constant learning rate."""

    name = "predict_12_decay"
    title = "What is a decay worth?"
    references = ("wu2022", "defazio2023")
    asks = (f"{STEPS} steps of SGD at batch {BATCH}. The line is the risk left by a constant learning rate, over that of the "
            "best one. Now let the learning rate fall linearly to zero, from its own best start. What does it leave?")
    cases = MappingProxyType({
        "some": Case("decay 1.5, d = 200, label noise 0.5", lambda: Noisy(_spectrum(), 0.5)),
        "much": Case("the same, label noise 2", lambda: Noisy(_spectrum(), 2.0)),
        "little": Case("the same, label noise 0.05", lambda: Noisy(_spectrum(), 0.05)),
    })
    guess = Slider("guess", "share", 0.05, 5, 0.3, step=0.01, base=10,
                   help="risk left by the decay, over the best constant one's")
    along, unit = "y", "{} times"
    curves = (curve("sgd", "constant"), Curve("best constant", style.METHODS["sgd"].color, marker="circle-open"),
              Curve("linear to zero", TRUTH, "12px,2px", hidden=True))
    axes = (log_axis("learning rate, at its largest"), log_axis("final risk / that of the best constant"))
    window = ((-2, 0.5), (-1.4, 1))

    def known(self, subject):
        """Constant learning rates."""
        y = _risks(subject, "constant")
        return {"constant": _shown(y), "best constant": {"x": [RATES[np.argmin(y)]], "y": [1.0]}}

    def answer(self, subject):
        """The least that a linear decay leaves."""
        return float(_risks(subject, "linear").min())

    def draw(self, subject, answer):
        """Linear decays."""
        return {"linear to zero": _shown(_risks(subject, "linear"))}

    def explain(self, subject, answer):
        """Noise and bias."""
        peak = RATES[np.argmin(_risks(subject, "linear"))] / RATES[np.argmin(_risks(subject, "constant"))]
        return (f"A decay begins at a learning rate {three(peak)} times as large, learns fast, and then lets the noise die. "
                f"It saves {percent(1 - answer)}: much where noise is what a constant rate leaves, little where "
                "it is directions that are not learned yet.")


class Ramp(Placed):
    """How many steps a batch ramp takes."""

    name = "predict_12_ramp"
    title = "Grow the batch instead"
    references = ("meterez2025",)
    asks = (f"A schedule of {LONG} steps at batch {BATCH} lowers the learning rate. Keep the rate instead, and "
            "let the batch grow as the rate would have fallen. After how many steps are the same samples used up?")
    cases = MappingProxyType({
        "cosine": Case("half a cosine, from 1 to 0", lambda: "cosine"),
        "halvings": Case("halved after 50 % and after 75 % of the samples", lambda: "halvings"),
        "tenths": Case("cut by ten after 50 % and after 75 % of the samples", lambda: "tenths"),
    })
    guess = Slider("guess", "steps", 50, 2000, 1000, step=0.01, base=10, help="steps until the samples are used up")
    unit = "{} steps"
    curves = (Curve("falling rate", style.MUTED, "10px,4px"), Curve("all samples", style.MUTED, "3px,3px"),
              Curve("growing batch", TRUTH, hidden=True))
    axes = (log_axis("steps"), log_axis("samples"))
    window = ((1.6, 3.4), (2, 4.3))

    def known(self, shape):
        """The samples that the original schedule has used."""
        t = np.array([40.0, LONG])
        return {"falling rate": {"x": t, "y": BATCH * t}, "all samples": {"x": [40, 2500], "y": [BATCH * LONG] * 2}}

    def answer(self, shape):
        """The steps of the ramp."""
        return float(_ramp(shape).steps)

    def draw(self, shape, answer):
        """The samples that the ramp has used."""
        used = np.cumsum(_ramp(shape).batch)
        return {"growing batch": {"x": np.arange(1, used.size + 1), "y": used}}

    def explain(self, shape, answer):
        """The mean factor."""
        return (f"A step now takes batch/f samples, so the steps are the mean factor f over the samples, "
                f"{three(answer / LONG)}, times {LONG}. For small steps the risk is nearly the same at equal samples.")


@lru_cache(maxsize=8)
def _ramp(shape):
    factors = {"cosine": lambda: schedule.cosine(LONG), "halvings": lambda: schedule.step_decay(LONG, factor=0.5),
               "tenths": lambda: schedule.step_decay(LONG)}[shape]()
    return batch_ramp(Method.sgd(0.1), BATCH, factors)
