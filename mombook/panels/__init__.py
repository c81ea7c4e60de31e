"""Panels as pure functions of their scenario: what each shows, in numbers, pictures and words; whoever hosts it.

Computing a view needs numpy and scipy only, and plotly just to make a figure. Jupyter's host is ``mombook.explore``.

>>> panel = definition("tradeoff")
>>> panel.exact(panel.read("kappa=1e3;decay=1.5")).sentence[:24]
'At B = 8 heavy ball need'
"""

from __future__ import annotations

import importlib

from . import questions
from .frame import Panel

PANELS = {
    "start": "StartPanel",
    "slope": "SlopePanel",
    "valley": "ValleyPanel",
    "meters": "MetersPanel",
    "modes": "ModesPanel",
    "tradeoff": "TradeoffPanel",
    "sgd": "SGDPanel",
    "heavy_ball": "HeavyBallPanel",
    "falsify": "FalsifyPanel",
    "asgd": "ASGDPanel",
    "phase_map": "PhaseMapPanel",
    "far_horizon": "FarHorizonPanel",
    "typical": "TypicalPanel",
    "parallel": "ParallelPanel",
    "small_steps": "SmallStepsPanel",
    "schedules": "SchedulesPanel",
    "translator": "TranslatorPanel",
    "ruler": "RulerPanel",
    "race": "RacePanel",
    "symptoms": "SymptomsPanel",
    "advisor": "AdvisorPanel",
    "budget": "BudgetPanel",
    "published": "PublishedPanel",
}
"""Panel name (and that of the file that defines it) -> class, in the order of the book."""


def definition(name: str) -> Panel:
    """The panel or question (``questions.QUESTIONS``) called ``name``, a fresh ``Panel``.

    Raises:
        ValueError: no panel has that name; it lists those there are.
    """
    known = PANELS | questions.QUESTIONS
    if name not in known:
        raise ValueError(f"there is no panel {name!r}; there are {', '.join(known)}.")
    file = name if name in PANELS else questions.module(name)
    return getattr(importlib.import_module(f".{file}", __name__), known[name])()
