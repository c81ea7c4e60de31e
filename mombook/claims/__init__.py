"""The ledger: every claim of the three papers that the book makes, with the check that decides it.

A claim whose check fails turns the ledger, notebook 10 and the tests red. Checks use the public engine only and are
computed when asked for; nothing in the ledger is a stored result.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

ROOMS = ("sgd", "heavy_ball", "asgd", "companions", "data")
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


@dataclass(frozen=True)
class Entry:
    """A line of the ledger: the claim and what its check found just now (an exception counts as a failed check)."""

    claim: Claim
    finding: Finding

    @property
    def verdict(self):
        """One word."""
        return "holds" if self.finding.holds else "FAILS"


def ledger(keys=None):
    """Run the checks, one after the other: a generator of ``Entry``, so that a caller can show progress and stop.

    Args:
        keys: which claims, by key; all of them by default.

    Raises:
        ValueError: a key that no claim has.
    """
    every = {claim.key: claim for claim in claims()}
    for key in keys if keys is not None else every:
        if key not in every:
            raise ValueError(f"keys must be among {', '.join(every)}; got {key!r}.")
    return (_entry(every[key]) for key in (keys if keys is not None else every))


def table(entries):
    """The ledger as a Markdown table."""
    lines = ["| claim | paper | statement | derived | checked | measured | verdict |", "|---|---|---|---|---|---|---|"]
    for e in entries:
        c = e.claim
        statement = c.statement + (f" *Ours: {c.ours}.*" if c.ours else "")
        cells = (c.key, c.paper, statement, c.derived, c.checked, e.finding.number, f"**{e.verdict}**")
        lines.append("| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)


def _entry(claim):
    try:
        return Entry(claim, claim.check())
    except Exception as error:
        return Entry(claim, Finding(f"the check broke: {type(error).__name__}: {error}", False))
