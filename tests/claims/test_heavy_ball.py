"""The labels of every heavy-ball claim exist in the notebooks that it names; that it stands is for notebook 10."""

import re
from pathlib import Path

import pytest

from mombook.claims.heavy_ball import CLAIMS

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.key)
def test_the_claim_is_derived_where_it_says(claim):
    for part in claim.derived.split(";"):
        number = re.search(r"notebook (\d\d|[A-Z])\b", part).group(1)
        text = next(NOTEBOOKS.glob(f"{number}_*.py")).read_text(encoding="utf-8")
        for label in re.findall(r"\(([\w-]+)\)", part):
            assert rf"\tag{{{label}}}" in text, label
