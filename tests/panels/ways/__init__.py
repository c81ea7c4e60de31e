"""A second way to everything a panel draws and says: one file a panel, and one for all questions.

Each has ``TRACES`` (trace name -> a function that holds a ``Drawn`` view's trace against the engine, or ``SIMULATED``),
``AXES`` (trace name -> what its two axes must be about) and, as functions of a ``Drawn``, ``said`` and ``titles`` (patterns
of the words on screen with the number that belongs at their ``#``), ``lamps`` (whether each bound's assumptions hold) and
``numbers``.
"""

import importlib

from mombook.panels import PANELS


def of(name):
    """The second ways of a panel or question."""
    if name in PANELS:
        return importlib.import_module(f".{name}", __name__)
    from . import questions

    return questions.of(name)
