"""The glossary of NOTATION.md, and the notebooks' links to it: what shows on hover is what the glossary says."""

import re

import pytest

from tools import glossary
from tools.build_notebooks import NOTEBOOKS, read, sources

TERMS = {term.name: term for term in glossary.glossary()}
LINK = re.compile(r"^\[(?P<term>[^\]]+)\]: \.\./(?P<file>\S+)#(?P<anchor>\S+) \"(?P<title>.*)\"$", re.M)
MAIN = {
    "01": ["contraction gap", "compute efficiency", "critical batch", "window", "frontier", "condition number"],
    "02": ["mean-square stability", "serial runtime", "e-fold", "critical batch", "noise floor", "interpolation"],
    "03": ["contraction gap", "window", "upper bound", "memory", "critical batch"],
    "04": ["compute efficiency", "frontier", "window", "spectrum decay"],
    "05": ["effective dimension", "overlap", "compute efficiency", "memory"],
    "06": ["typical rate", "mean-square stability"],
    "07": ["row visits", "perfect scaling", "randomized kaczmarz", "upper bound"],
    "08": ["svag", "noisy gradient oracle", "long-run step", "window"],
    "12": ["learning-rate schedule", "batch ramp"],
    "A": ["secular equation", "kurtosis", "mean-square stability"],
}
"""What a reader of each notebook must be able to look up where it first occurs."""

SMALL = [
    glossary.Term("critical batch", "batch where CE has halved", ("critical batch",), ""),
    glossary.Term("contraction gap", "1 − ρ", ("contraction gap", "gap of the mean"), ""),
]
SOURCE = """\
# %% [markdown]
# # The critical batch
#
# Neither $critical batch$ nor `critical batch` nor [a critical batch](x.md),
# but Critical batches and critical batch.

# %%
text = "critical batch"

# %% [markdown]
# The contraction
# gap: a number.
#
# ## References
# critical batch
"""


def definitions(py):
    """Every glossary link that the notebook's cells define, and the cell's text it stands in."""
    prose = [cell.source for cell in read(py).cells if cell.cell_type == "markdown"]
    return [(found, text) for text in prose for found in LINK.finditer(text)]


@pytest.mark.parametrize("py", sources([]), ids=lambda py: py.stem)
def test_the_links_are_where_the_tool_puts_them(py):
    source = py.read_text(encoding="utf-8")
    assert glossary.linked(source, list(TERMS.values())) == source, "python -m tools.glossary --write"


@pytest.mark.parametrize("py", sources([]), ids=lambda py: py.stem)
def test_every_link_leads_to_an_entry_and_shows_its_short_form(py):
    found = definitions(py)
    for link, text in found:
        term = TERMS[link["term"]]
        assert (NOTEBOOKS.parent / link["file"]).name == "NOTATION.md"
        assert link["anchor"] == term.anchor and link["title"] == term.short
        assert f"[{term.name}]" in text.replace(link[0], "").replace("\n", " ")
    names = [link["term"] for link, _ in found]
    assert len(names) == len(set(names)), "a term is linked once in a notebook"


@pytest.mark.parametrize("number", MAIN)
def test_the_main_terms_of_a_notebook_are_linked(number):
    (py,) = sources([number])
    assert set(MAIN[number]) <= {link["term"] for link, _ in definitions(py)}


def test_the_entries_are_whole():
    assert len(TERMS) > 25
    text = (NOTEBOOKS.parent / "NOTATION.md").read_text(encoding="utf-8")
    assert len(TERMS) == text.partition("## Glossary")[2].count("\n### ")
    words = [word for term in TERMS.values() for word in term.words]
    assert len(words) == len(set(words))
    for term in TERMS.values():
        assert re.fullmatch(r"[a-z]+([ -][a-z]+)*", term.name), "GitHub and Jupyter make other anchors of capitals"
        assert len(term.definition) <= glossary.WIDTH + 1 and not re.search(r'["$*`<\[]', term.short), term.name
        assert 20 < len(term.text) < 500, term.name


def test_labels_in_the_glossary_exist():
    tags = set()
    for path in [*NOTEBOOKS.glob("*.py"), *(NOTEBOOKS.parent / "mombook").rglob("*.py")]:
        tags |= set(re.findall(r"\\tag\{([^}]*)\}", path.read_text(encoding="utf-8")))
    prose = re.sub(r"\$[^$]*\$|`[^`]*`", " ", " ".join(term.text for term in TERMS.values()))
    cited = set(re.findall(r"\(([^()]+)\)", prose))
    assert len(cited) > 15 and not cited - tags


def test_first_mentions_are_linked_and_nothing_else():
    new = glossary.linked(SOURCE, SMALL)
    assert "but [Critical batches][critical batch] and critical batch.\n#\n# [critical batch]: ../NOTATION.md#crit" in new
    assert "The [contraction\n# gap][contraction gap]: a number.\n#\n# [contraction gap]: " in new
    assert 'text = "critical batch"' in new
    assert new.endswith("\n#\n# ## References\n# critical batch\n") and "# # The critical batch\n" in new
    assert glossary.linked(new, SMALL) == new
    assert glossary.linked(new, []) != new                              # a term that is gone takes its links with it
    assert "NOTATION" not in glossary.linked(new, SMALL[1:]).split("# %%")[1]


def test_a_line_that_gets_too_long_is_carried_over():
    line = "# " + "word " * 21 + "a critical batch and more"
    new = glossary.linked(f"# %% [markdown]\n{line}\n# and so on\n", SMALL[:1])
    assert max(map(len, line.split("\n"))) + 2 > glossary.WIDTH
    assert max(map(len, new.split("\n"))) <= glossary.WIDTH and "more and so on" in new


def test_the_command_writes_and_checks(tmp_path, capsys):
    (tmp_path / "01_small.py").write_text(SOURCE.replace("critical batch", "noise floor"))
    assert glossary.main(["--check"], tmp_path) == 1 and "--write" in capsys.readouterr().out
    assert glossary.main(["--write"], tmp_path) == 0 and glossary.main(["--check"], tmp_path) == 0
