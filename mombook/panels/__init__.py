"""Panels as pure functions of their scenario: what each shows, in numbers, pictures and words; whoever hosts it.

Computing a view needs numpy and scipy only, and plotly just to make a figure. Jupyter's host is ``mombook.explore``.

>>> panel = definition("tradeoff")
>>> panel.exact(panel.read("kappa=1e3;decay=1.5")).sentence[:24]
'κ = 1000, decay 1.5, d ='
"""

import importlib

PANELS = {
    "tradeoff": "TradeoffPanel",
    "sgd": "SGDPanel",
    "heavy_ball": "HeavyBallPanel",
    "falsify": "FalsifyPanel",
    "asgd": "ASGDPanel",
    "typical": "TypicalPanel",
    "parallel": "ParallelPanel",
    "small_steps": "SmallStepsPanel",
    "translator": "TranslatorPanel",
    "ruler": "RulerPanel",
}
"""Panel name (and that of the file that defines it) -> class, in the order of the book."""


def definition(name):
    """The panel called ``name``, a fresh ``Panel``.

    Raises:
        ValueError: no panel has that name; it lists those there are.
    """
    if name not in PANELS:
        raise ValueError(f"there is no panel {name!r}; there are {', '.join(PANELS)}.")
    return getattr(importlib.import_module(f".{name}", __name__), PANELS[name])()
