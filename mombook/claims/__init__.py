"""The ledger: every claim of the three papers that the book makes, with the check that decides it.

A claim whose check fails turns the ledger, notebook 10 and the tests red. Checks use the public engine only and are
computed when asked for; nothing in the ledger is a stored result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from .. import markup, prose

PARTS = ("sgd", "heavy_ball", "asgd", "companions", "data", "budget", "schedules", "published")
"""Modules of this package that hold claims (each a list ``CLAIMS``), in the order of the notebooks."""


@dataclass(frozen=True)
class Finding:
    """What a check found: the measured number in words, and whether the claim stands.

    >>> Finding("exponent -0.42, to 1e-10", True).number
    'exponent −0.42, to 10⁻¹⁰'
    """

    number: str
    holds: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", prose.typeset(self.number))


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
        origin: whose the claim is: ``"known (who, year)"``, ``"paper's abstract"`` or ``"this book"``.
        check: runs the check, seconds at the most.
    """

    key: str
    paper: str
    statement: str
    derived: str
    checked: str
    check: Callable[[], Finding]
    ours: str = ""
    origin: str = ""


def claims() -> list[Claim]:
    """All claims, in the order of the notebooks."""
    return [claim for part in PARTS for claim in import_module(f".{part}", __name__).CLAIMS]


@dataclass(frozen=True)
class Entry:
    """A line of the ledger: the claim and what its check found just now (an exception counts as a failed check)."""

    claim: Claim
    finding: Finding

    @property
    def verdict(self) -> Literal["holds", "FAILS"]:
        """One word."""
        return "holds" if self.finding.holds else "FAILS"


def ledger(keys: Sequence[str] | None = None) -> Iterator[Entry]:
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


class Ledger(tuple[Entry, ...]):
    """Entries of the ledger that a notebook shows as a table: ``Ledger(ledger())``."""

    def _summary(self) -> str:
        failed = [entry.claim.key for entry in self if not entry.finding.holds]
        return f"{len(self)} claims, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}"

    def __repr__(self) -> str:
        return f"Ledger({self._summary()})"

    def _repr_html_(self) -> str:
        rows = ((e.claim.key, e.claim.paper, e.claim.statement, e.claim.derived, e.finding.number, e.verdict) for e in self)
        return markup.table(self._summary(), ("claim", "paper", "statement", "derived", "measured", "verdict"), rows)


def table(entries: Iterable[Entry]) -> str:
    """The ledger as a Markdown table."""
    lines = ["| claim | paper | origin | statement | derived | checked | measured | verdict |", "|" + "---|" * 8]
    for e in entries:
        c = e.claim
        statement = c.statement + (f" *Ours: {c.ours}.*" if c.ours else "")
        cells = (c.key, c.paper, c.origin, statement, c.derived, c.checked, e.finding.number, f"**{e.verdict}**")
        lines.append("| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)


def _entry(claim):
    try:
        return Entry(claim, claim.check())
    except Exception as error:
        return Entry(claim, Finding(f"the check broke: {type(error).__name__}: {error}", False))
