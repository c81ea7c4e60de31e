"""Every number that a notebook's text states is computed in that notebook: it stands in an output or in its code.

A number is taken as stated when it has two significant digits or more and is neither a year nor a reference; of a formula
in the text, the decimals after a relation sign count. It is taken as computed when some number in the cells or their
outputs rounds to it. Numbers that need no computation stand in ``GIVEN`` with the reason.
"""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))

GIVEN = {
    "03": {"95": "the level of Student's interval"},
    "05": {"24": "twice 12: the bound at L = tr; and points of a map's grid"},
    "08": {"65536": "the end of a slider", "1797": "pictures in the data set"},
    "A": {"27": "3^3 points of a quadrature"},
}
"""Notebook -> number -> why it needs no computation there."""

NUMBER = re.compile(r"(?<![\w.,^{])(\d{1,3}(?:[  ,]\d{3})+|\d+\.\d+|\d+)(?![\d}]|[.,]\d)")
MACHINE = re.compile(r"(?<![\w.])\d+(?:_\d{3})*(?:\.\d+)?(?:[eE][+-]?\d+)?")
FORMULA = re.compile(r"\$[^$]*\$")
VALUE = re.compile(r"(?:=|\\approx|\\le|\\ge|<|>)\s*(\d+\.\d+)")
SKIPPED = re.compile(r"\$\$.*?\$\$|```.*?```|`[^`]*`|^\s*\[[^\]]*\]:.*?$|\]\([^)]*\)|notebooks? \d\d(?:,? (?:and|to) \d\d)*|"
                     r"(?:arXiv|NeurIPS|ICML|COLT|ICLR)\W*[\d.]+|## References.*|(?:18|19|20)\d\d", re.S | re.M)


def stated(markdown):
    """(digits as written, the sentence) of every number in a text that has at least two significant digits."""
    text = FORMULA.sub(lambda found: f" {' , '.join(VALUE.findall(found[0]))} ", SKIPPED.sub(" ", markdown))
    for sentence in re.split(r"(?<=[.:;!?])\s+", " ".join(text.split())):
        for number in NUMBER.findall(sentence):
            digits = re.sub(r"[  ,]", "", number)
            if len(digits.replace(".", "").strip("0")) >= 2:
                yield digits, sentence


def computed(notebook):
    """Every number in the code and in the text outputs of a notebook."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            parts.append(cell.source)
            for out in cell.outputs:
                data = out.get("data", {})
                parts += [out.get("text", ""), str(data.get("text/plain", "")), str(data.get("text/markdown", ""))]
    text = re.sub(r"(?<=\d)[  ,](?=\d{3}\b)", "", " ".join(parts))
    return {float(number.replace("_", "")) for number in MACHINE.findall(text)}


def supports(found, digits):
    """Whether some number found rounds to the digits as written, as it stands or as a percentage."""
    places = len(digits.partition(".")[2])
    trailing = 0 if "." in digits else len(digits) - len(digits.rstrip("0"))
    half = 0.5001 * 10.0 ** (trailing if not places else -places)
    value = float(digits)
    return any(abs(q * scale - value) <= half for q in found for scale in (1.0, 100.0))


@cache
def read(path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_number_in_the_text_is_computed_in_the_notebook(path):
    notebook, given = read(path), GIVEN.get(path.name.split("_")[0], {})
    found = computed(notebook)
    missing = [f"{digits}: {sentence}" for cell in notebook.cells if cell.cell_type == "markdown"
               for digits, sentence in stated(cell.source) if digits not in given and not supports(found, digits)]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_needs_no_computation_is_still_stated(path):
    written = {digits for cell in read(path).cells if cell.cell_type == "markdown" for digits, _ in stated(cell.source)}
    assert set(GIVEN.get(path.name.split("_")[0], {})) <= written


def test_a_wrong_number_is_noticed():
    found = {1.4980, 0.0312, 37_012.0}
    assert supports(found, "1.498") and supports(found, "3.1") and supports(found, "37000")
    assert not supports(found, "1.488") and not supports(found, "3.2") and not supports(found, "38000")
    text = "It needs 37 000 samples, $x_2 = 5.5$, in 2019 and notebook 04; $$ y = 9.9 $$ then `17`."
    assert [digits for digits, _ in stated(text)] == ["37000", "5.5"]
