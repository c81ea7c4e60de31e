"""Panels: the book's living figures. Importing this brings in plotly and ipywidgets (the extra ``lab``).

>>> panel = tradeoff(kappa=1e3, decay=1.5, batch=8)        # in a notebook, the last line of a cell shows it
>>> panel.scenario
'kappa=1000;decay=1.5;batch=8;d=200;methods=sgd+heavy_ball+nesterov+asgd;seed=0'
"""

from .live import LivePanel
from .tradeoff_panel import TradeoffPanel

__all__ = ["LivePanel", "tradeoff"]


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
