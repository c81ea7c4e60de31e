"""The ledger's form; that its claims hold is decided by notebook 10, which runs every check."""

import re
from functools import cache
from pathlib import Path

import pytest

from mombook import claims, prose
from mombook.claims import Claim, Entry, Finding

ROOT = Path(__file__).resolve().parents[2]
ALL = claims.claims()


def test_there_are_claims_of_all_three_papers_under_keys_of_their_own():
    keys = [c.key for c in ALL]
    assert len(keys) == len(set(keys)) > 10
    for paper in ("P1", "P2", "P3"):
        assert any(c.paper.startswith(paper) for c in ALL), paper
    for letter in "abcdef":
        assert any(k.startswith(f"P1{letter}") for k in keys), f"claim ({letter}) of the first paper is missing"


@cache
def package():
    """All sources of the package."""
    return "".join(p.read_text() for p in (ROOT / "mombook").rglob("*.py"))


@pytest.mark.parametrize("claim", ALL, ids=lambda c: c.key)
def test_where_a_claim_is_derived_exists(claim):
    numbers = re.findall(r"notebook (\d\d|[A-Z])\b", claim.derived)
    assert numbers, f"{claim.key}: derived must name a notebook; got {claim.derived!r}"
    text = package()
    for number in numbers:
        source = list((ROOT / "notebooks").glob(f"{number}_*.py"))
        assert source, f"{claim.key}: there is no notebook {number}"
        text += source[0].read_text()
    for label in re.findall(r"\(([A-Za-z0-9-]+)\)", claim.derived):
        assert f"tag{{{label}}}" in text, f"{claim.key}: no equation is tagged ({label})"
    assert claim.statement.endswith(".") and claim.checked
    assert re.match(r"known \(.*\d{4}.*\)|paper's abstract|this book", claim.origin), claim.origin


def test_the_ledger_that_is_read_writes_its_numbers_as_all_prose_does():
    table = (ROOT / "notebooks" / "10_claims.ipynb").read_text(encoding="utf-8")
    rows = [re.split(r"(?<!\\\\) \| ", row) for row in re.findall(r'"\| (.*) \|(?:\\n)?"', table)]
    measured = [row[6] for row in rows if len(row) == 8]
    assert len(measured) == len(ALL) + 1
    assert {text: slips for text in measured if (slips := prose.slips(text))} == {}


def test_a_check_that_fails_or_breaks_turns_the_ledger_red(monkeypatch):
    def planted(check):
        return Claim("X", "P1", "A claim.", "notebook 01", "by hand", check)

    broken = planted(lambda: 1 / 0)
    false = planted(lambda: Finding("2", False))
    monkeypatch.setattr(claims, "claims", lambda: [broken])
    [entry] = claims.ledger()
    assert entry.verdict == "FAILS" and "ZeroDivisionError" in entry.finding.number
    monkeypatch.setattr(claims, "claims", lambda: [false])
    assert [e.verdict for e in claims.ledger(["X"])] == ["FAILS"]
    with pytest.raises(ValueError, match="keys must be among X; got 'Y'"):
        claims.ledger(["Y"])
    assert "**FAILS**" in claims.table([Entry(false, Finding("a | b", False))])
    assert r"a \| b" in claims.table([Entry(false, Finding("a | b", False))])
