"""Panels in Jupyter: the book's living figures. Importing this brings in plotly and ipywidgets (the extra ``lab``).

>>> panel = tradeoff(kappa=1e3, decay=1.5, batch=8)        # in a notebook, the last line of a cell shows it
>>> panel.scenario
'kappa=1000;decay=1.5;batch=8;d=200;methods=sgd+heavy_ball+nesterov+asgd;seed=0'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data.loading import load
from ..model.design import Design
from ..panels import definition, spectra
from ..panels.advisor import AdvisorPanel
from ..panels.questions import QUESTIONS
from .live import LivePanel

__all__ = [
    "LivePanel", "advisor", "asgd", "budget", "falsify", "far_horizon", "heavy_ball", "meters", "modes", "parallel",
    "phase_map", "predict", "published", "race", "ruler", "schedules", "sgd", "slope", "small_steps", "start", "symptoms",
    "tradeoff", "translator", "typical", "valley",
]


SPECTRUM = """
            ``spectrum`` (a ``Spectrum`` or its eigenvalues) or ``data`` (a ``Design``, or what ``mombook.load`` takes) puts
            your own problem in the place of the power law's sliders."""


def _opener(name: str, shows: str) -> Callable[..., LivePanel]:
    """The function that opens the panel ``name``."""
    def open_panel(scenario: str = "", **values: Any) -> LivePanel:
        if "data" in values:
            values["spectrum"] = _spectrum_of(name, values)
        return LivePanel(definition(name), scenario, **values)

    open_panel.__name__ = open_panel.__qualname__ = name
    open_panel.__doc__ = f"""{shows}

    Args:
        scenario: a line such as ``"kappa=1e3;decay=1.5;batch=8"``; values: the same as keywords, and ``simulate=False``
            to keep the simulation from starting by itself.{"" if name in spectra.WITHOUT else SPECTRUM}

    Returns:
        A ``LivePanel``; as the last line of a cell it is shown.

    Raises:
        ValueError: an unknown name or a value out of range, with what is allowed.
    """
    return open_panel


def _spectrum_of(name, values):
    """The design whose spectrum a panel is to show, taken out of the keywords."""
    data = values.pop("data")
    if name in spectra.WITHOUT:
        raise ValueError(f"data must be left out for the panel {name!r}: {spectra.WITHOUT[name]}.")
    if "spectrum" in values:
        raise ValueError("data must be left out where a spectrum is given; got both.")
    return data if isinstance(data, Design) else load(data)


start = _opener(
    "start", "The first figure: two runs in a valley, and the samples that each method needs against the batch size.")
slope = _opener(
    "slope", "The first step: one weight on a noisy slope, and what the learning rate leaves of its loss.")
valley = _opener(
    "valley", "The second step: a valley without noise, and the steps of SGD and heavy ball against the condition number.")
meters = _opener(
    "meters", "The third step: averaging B gradients, and what a tenfold fall of the loss costs in steps and in samples.")
modes = _opener(
    "modes", "The fourth step: a spectrum to drag, and which of its directions carry the loss, step by step.")
tradeoff = _opener(
    "tradeoff", "The paper in one figure: serial runtime, compute efficiency and learning curves of the tuned methods.")
sgd = _opener(
    "sgd", "SGD alone: gap against learning rate, tuned gap against batch with T1 about it, and a learning curve.")
heavy_ball = _opener(
    "heavy_ball", "Heavy ball under gradient noise: stability map, roots of its modes and its loss, at a chosen lr and beta.")
falsify = _opener(
    "falsify", "The falsification lab: a search, as it runs, for a spectrum on which heavy ball beats SGD's best CE.")
asgd = _opener(
    "asgd", "ASGD and the spectrum: its compute efficiency between two bounds, and its distance from heavy ball.")
phase_map = _opener(
    "phase_map", "Which method pays where: the plane of condition number and decay, at the batch that is dragged.")
far_horizon = _opener(
    "far_horizon", "Learning curves at internet scale: up to a billion directions and 10^8 steps, and the powers they fall by.")
typical = _opener(
    "typical", "Expected against typical: the exact mean of SGD's risk, its runs, and both rates over the learning rate.")
parallel = _opener(
    "parallel", "Perfect parallelization on rows: row visits against batch, and the error at one batch.")
small_steps = _opener(
    "small_steps", "Where momentum at the same long-run step is inert, and where it pays.")
schedules = _opener(
    "schedules", "Which schedule wins at one budget of samples: ten of them tuned, the best one found, and one of your own.")
translator = _opener(
    "translator", "The tuned methods in the words of PyTorch, optax and six papers, to copy; and what one gradient does to w.")
ruler = _opener(
    "ruler", "A scaling law measured: a quantity along an axis, its exponent with an interval, and theory's beside it.")
race = _opener(
    "race", "A fair race: the same number of trials and the same random numbers for every method, and what that costs.")
budget = _opener(
    "budget", "Label noise and a budget of samples: the final risk against the batch, and how large a step may be.")
symptoms = _opener(
    "symptoms", "What a loss curve is telling you: slow, oscillating, stalling or diverging, with its cause and its cure.")

published = _opener(
    "published", "Steps against the batch as others printed them, and the curves of this book beside them.")


def advisor(scenario: str = "", data: Any = None, **values: Any) -> LivePanel:
    """Your own data: spectrum, what a batch buys, and true minibatch runs beside two predictions.

    Args:
        scenario: a line such as ``"data=digits;batch=64;noise=0.5"``; values: the same as keywords.
        data: anything ``mombook.load`` takes (an array, a path), or a ``Design``: it becomes the panel's first data set.

    Returns:
        A ``LivePanel``; as the last line of a cell it is shown.

    Raises:
        ValueError: data that cannot be used, an unknown name or a value out of range, with what is allowed.
    """
    design = data if data is None or isinstance(data, Design) else load(data)
    return LivePanel(AdvisorPanel(design), scenario, **values)


def predict(name: str, scenario: str = "", **values: Any) -> LivePanel:
    """A question of the book to answer on its figure before the answer is shown.

    Args:
        name: notebook and word, such as ``"02_bend"``; scenario, values: as for every panel (``guess``, ``reveal``, ``case``).

    Returns:
        A ``LivePanel``; as the last line of a cell it is shown.

    Raises:
        ValueError: no question has that name (it lists those there are), or a value out of range.

    >>> predict("02_bend", guess=40).numbers
    {'guess': 40.0}
    """
    if f"predict_{name}" not in QUESTIONS:
        known = ", ".join(q.removeprefix("predict_") for q in QUESTIONS)
        raise ValueError(f"name must be one of {known}; got {name!r}.")
    return LivePanel(definition(f"predict_{name}"), scenario, **values)
