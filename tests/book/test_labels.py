r"""Labels tie code to equations: every ``\tag`` is one equation's own, and every label a sentence cites exists."""

import re
import tokenize
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "mombook"
FILES = sorted(PACKAGE.rglob("*.py"))
TAG = re.compile(r"\\tag\{([^}]*)\}")
NOT_PROSE = re.compile(r"\$\$.*?\$\$|\$[^$]*\$|``.*?``|^\s*(?:>>>|\.\.\.) .*?$", re.S | re.M)
# A label in brackets is a citation after these words or at the start of a comment; (T1) and (hyphened-words) always are.
WORDS = r"[a-z]+(?:[- ][a-z]+)?"
CITED = re.compile(rf"(?:# |\b(?:of|by|in|from|as|is|and|see|with|under|to|on|solves|exactly|but|rule|update) +)\(({WORDS})\)"
                   rf"|(?<![\w)\]])\((T\d|[a-z]+-[a-z-]+)\)")
ASIDES = {"three-halves"}                                               # hyphened, yet no label


@cache
def prose(path):
    """The comments and docstrings of a file, without their formulas and code."""
    with path.open("rb") as file:
        return [(token.start[0], NOT_PROSE.sub(" ", token.string)) for token in tokenize.tokenize(file.readline)
                if token.type == tokenize.COMMENT
                or (token.type == tokenize.STRING and token.string.lstrip("rf").startswith('"""'))]


def cited(text):
    return {" ".join((first or second).split()) for first, second in CITED.findall(text)} - ASIDES


TAGS = defaultdict(list)
for path in FILES:
    for label in TAG.findall(path.read_text(encoding="utf-8")):
        TAGS[label].append(path.name)


def test_every_tag_is_on_one_equation():
    assert len(TAGS) > 20
    assert not {label: files for label, files in TAGS.items() if len(files) > 1}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_cited_label_exists(path):
    missing = {(line, label) for line, text in prose(path) for label in cited(text) if label not in TAGS}
    assert not missing


def test_the_search_finds_citations_and_leaves_asides_alone():
    found = cited("the root of (secular) by (batch-in-one); (T2) with (T4) # (moments)\n f(x) (a few milliseconds) (relative)")
    assert found == {"secular", "batch-in-one", "T2", "T4", "moments"}
    everything = {label for path in FILES for _, text in prose(path) for label in cited(text)}
    assert len(everything & set(TAGS)) > 15
