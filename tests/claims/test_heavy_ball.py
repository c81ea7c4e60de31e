"""Every heavy-ball claim of the ledger stands, and its labels exist in the notebooks it names."""

import re
from pathlib import Path

import pytest

from mombook.claims.heavy_ball import CLAIMS

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.key)
def test_the_claim_stands(claim):
    finding = claim.check()
    assert finding.holds, finding.number


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.key)
def test_the_claim_is_derived_where_it_says(claim):
    for part in claim.derived.split(";"):
        number = re.search(r"notebook (\d\d|[A-Z])\b", part).group(1)
        text = next(NOTEBOOKS.glob(f"{number}_*.py")).read_text(encoding="utf-8")
        for label in re.findall(r"\(([\w-]+)\)", part):
            assert rf"\tag{{{label}}}" in text, label
