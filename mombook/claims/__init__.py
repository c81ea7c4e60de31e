"""The ledger: every claim of the three papers that the book makes, with the check that decides it.

A claim whose check fails turns the ledger, notebook 10 and the tests red. Checks use the public engine only and are
computed when asked for; nothing in the ledger is a stored result.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

ROOMS = ("sgd", "heavy_ball", "asgd", "companions")
"""Modules of this package that hold claims (each a list ``CLAIMS``), in the order of the notebooks."""


@dataclass(frozen=True)
class Finding:
    """What a check found: the measured number in words, and whether the claim stands."""

    number: str
    holds: bool


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        key: short and unique, such as ``"P1b"``.
        paper: ``"P1"``, ``"P2"``, ``"P3"`` or ``"book"``, and the place in it.
        statement: the claim in a sentence.
        derived: where the book derives it: notebook and label.
        checked: how, in a few words (exact, bound on drawn spectra, simulation ...).
        ours: what is ours and not the paper's (a constant, a model), or empty.
        check: runs the check, seconds at the most.
    """

    key: str
    paper: str
    statement: str
    derived: str
    checked: str
    check: Callable[[], Finding]
    ours: str = ""


def claims():
    """All claims, in the order of the notebooks."""
    return [claim for room in ROOMS for claim in import_module(f".{room}", __name__).CLAIMS]
