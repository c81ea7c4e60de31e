"""Panels: the book's living figures. Importing this brings in plotly and ipywidgets (the extra ``lab``).

>>> panel = tradeoff(kappa=1e3, decay=1.5, batch=8)        # in a notebook, the last line of a cell shows it
>>> panel.scenario
'kappa=1000;decay=1.5;batch=8;d=200;methods=sgd+heavy_ball+nesterov+asgd;seed=0'
"""

from .falsify_panel import FalsifyPanel
from .heavy_ball_panel import HeavyBallPanel
from .live import LivePanel
from .sgd_panel import SGDPanel
from .tradeoff_panel import TradeoffPanel
from .typical_panel import TypicalPanel

__all__ = ["LivePanel", "asgd", "falsify", "heavy_ball", "parallel", "sgd", "small_steps", "tradeoff", "translator", "typical"]


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


def falsify(scenario="", **values):
    """The falsification lab: a search, as it runs, for a spectrum on which heavy ball beats SGD's best compute efficiency.
    Arguments, result and errors as ``tradeoff``."""
    return LivePanel(FalsifyPanel(), scenario, **values)


def asgd(scenario="", **values):
    """ASGD and the spectrum: its compute efficiency between two bounds, and its distance from heavy ball; see
    ``tradeoff``."""
    from .asgd_panel import ASGDPanel

    return LivePanel(ASGDPanel(), scenario, **values)


def typical(scenario="", **values):
    """Expected against typical: the exact mean of SGD's risk, its runs, and both rates over the learning rate.

    Args:
        scenario: a line such as ``"kappa=100;decay=1.5;batch=1;d=10;share=1.1"``; values: the same as keywords.

    Returns:
        A ``LivePanel``.

    Raises:
        ValueError: an unknown name or a value out of range.
    """
    return LivePanel(TypicalPanel(), scenario, **values)


def translator(scenario="", **values):
    """The tuned methods in the words of PyTorch, optax and six papers, to copy; and what one gradient does to w.
    Arguments, result and errors as ``tradeoff``."""
    from .translator_panel import TranslatorPanel

    return LivePanel(TranslatorPanel(), scenario, **values)
