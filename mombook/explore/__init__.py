"""Panels: the book's living figures. Importing this brings in plotly and ipywidgets (the extra ``lab``).

>>> panel = tradeoff(kappa=1e3, decay=1.5, batch=8)        # in a notebook, the last line of a cell shows it
>>> panel.scenario
'kappa=1000;decay=1.5;batch=8;d=200;methods=sgd+heavy_ball+nesterov+asgd;seed=0'
"""

from .heavy_ball_panel import HeavyBallPanel
from .live import LivePanel
from .sgd_panel import SGDPanel
from .tradeoff_panel import TradeoffPanel

__all__ = ["LivePanel", "heavy_ball", "parallel", "sgd", "small_steps", "tradeoff"]


def tradeoff(scenario="", **values):
    """The paper in one figure: serial runtime, compute efficiency and learning curves of the tuned methods.

    Args:
        scenario: a line such as ``"kappa=1e3;decay=1.5;batch=8"``; values: the same as keywords.

    Returns:
        A ``LivePanel``.

    Raises:
        ValueError: an unknown name or a value out of range.
    """
    return LivePanel(TradeoffPanel(), scenario, **values)


def sgd(scenario="", **values):
    """SGD alone: gap against learning rate, tuned gap against batch with T1 about it, and a learning curve.

    Args:
        scenario: a line such as ``"kappa=1e3;decay=1.5;batch=8;share=0.5"``; values: the same as keywords.

    Returns:
        A ``LivePanel``.

    Raises:
        ValueError: an unknown name or a value out of range.
    """
    return LivePanel(SGDPanel(), scenario, **values)


def heavy_ball(scenario="", **values):
    """Heavy ball under gradient noise: the stability map, the roots of its modes and its loss, at a chosen learning rate
    and memory. Arguments, result and errors as ``tradeoff``."""
    return LivePanel(HeavyBallPanel(), scenario, **values)


def parallel(scenario="", **values):
    """Perfect parallelization on rows: row visits against batch, and the error at one batch; see ``tradeoff``."""
    from .parallel_panel import ParallelPanel

    return LivePanel(ParallelPanel(), scenario, **values)


def small_steps(scenario="", **values):
    """Where momentum at the same long-run step is inert, and where it pays; see ``tradeoff``."""
    from .small_steps_panel import SmallStepsPanel

    return LivePanel(SmallStepsPanel(), scenario, **values)
