"""references.bib: every work a notebook, a docstring or a panel cites is there, as cited, and nothing else is."""

import re
import tomllib
import unicodedata
from pathlib import Path

import pytest
import yaml

import mombook
from mombook import references
from mombook.panels import PANELS, definition

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
WORKS = references.works()
NAME = r"[A-Z][\w-]+"
CITED = re.compile(rf"\b({NAME})(?:(?:, {NAME})*,? (?:&|and) {NAME}| et al\.)?,? \(?((?:18|19|20)\d\d)\b(?! runs)")
BULLET = re.compile(r"(?P<names>[^*]+), \*(?P<title>[^*]+)\*,?(?P<rest>.*)", re.S)


def plain(text):
    """Letters and digits only, without accents or case."""
    return re.sub(r"[^a-z0-9]+", " ", unicodedata.normalize("NFKD", text).lower().replace("ł", "l")
                  .encode("ascii", "ignore").decode()).strip()


def cited_in_code(path):
    """Keys of what a file cites in the form ``Name & Name (2020)``."""
    text = " ".join(path.read_text(encoding="utf-8").replace("\n#", " ").split())
    return {plain(name) + year for name, year in CITED.findall(text)}


def bullets(path):
    """The reference list at a notebook's end, an item a string."""
    _, _, text = path.read_text(encoding="utf-8").partition("# ## References\n#\n")
    block = text.split("\n#\n")[0]
    return [" ".join(item.replace("\n#", " ").split()) for item in re.split(r"^# - ", block, flags=re.M)[1:]]


def work_of(item):
    """The work an item of a reference list names, by first author and year."""
    names, years = BULLET.match(item)["names"].split(", "), re.findall(r"\b(?:19|20)\d\d\b", re.sub(r"arXiv \S+", "", item))
    return WORKS[plain(names[0]) + years[-1]]


FILES = sorted(p for p in (ROOT / "mombook").rglob("*.py") if p.name != "references.py")
EVERYWHERE = set().union(*map(cited_in_code, FILES)) | {work_of(i).key for n in NOTEBOOKS for i in bullets(n)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_a_docstring_cites_is_there(path):
    assert cited_in_code(path) <= WORKS.keys()


def test_the_search_sees_the_forms_in_use():
    assert len(set().union(*map(cited_in_code, FILES))) > 15
    text = "Polyak 1964; (Li, Malladi & Arora 2021), Wang et al. (2023), Ma & Yarats (2019), " \
           "Weideman and Trefethen 2007 and numpy 2000 runs"
    assert {plain(n) + y for n, y in CITED.findall(text)} == {"polyak1964", "li2021", "wang2023", "ma2019", "weideman2007"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebooks_list_agrees_with_the_entries(path):
    items = bullets(path)
    assert items or path.name.startswith("10"), "no list of references found"
    for item in items:
        work, found = work_of(item), BULLET.match(item)
        families = [plain(name) for name in work.families if name != "OpenAI Dota Team"]
        assert [plain(name) for name in found["names"].split(", ")] == families
        assert plain(work.plain_title).startswith(plain(found["title"]))
        for number in re.findall(r"arXiv (\d{4}\.\d{5})", item):
            assert number == work.fields["eprint"]


@pytest.mark.parametrize("name", PANELS)
def test_what_a_panel_rests_on_is_there(name):
    keys = definition(name).references
    assert keys and set(keys) <= WORKS.keys() and references.bibtex(keys).count("@") == len(keys)


def test_every_entry_is_cited():
    assert {key for key in WORKS if key not in EVERYWHERE} == {"mombook"}


def test_every_entry_is_whole():
    where = {"article": "journal", "inproceedings": "booktitle", "book": "publisher", "misc": "eprint", "software": "version"}
    for key, work in WORKS.items():
        assert {"author", "title", "year", where[work.kind]} <= work.fields.keys(), key
        assert key == "mombook" or key == plain(work.families[0]) + work.fields["year"]
        assert all(value.count("{") == value.count("}") for value in work.fields.values()), key


def test_the_file_is_read_whole():
    text = (ROOT / "mombook" / "references.bib").read_text(encoding="utf-8")
    body = re.sub(r"\A(%.*\n)+\n", "", text)
    assert references.bibtex() == body                                  # nothing lost, nothing added
    assert (ROOT / "references.bib").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("text", ["author = {X},", "@book{a,\n  author = X,\n}", "}"])
def test_a_line_it_cannot_read_is_refused(text):
    with pytest.raises(ValueError, match=r"text must be a line of BibTeX.*; got"):
        references.read(text)


def test_an_unknown_key_is_refused():
    with pytest.raises(ValueError, match=r"key must be one of 'mombook'.*; got 'nobody1900'"):
        references.bibtex(["nobody1900"])
    with pytest.raises(ValueError, match="got 'nobody1900'"):
        references.cite("nobody1900")


def test_the_citation_file_says_the_same():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    book, own = WORKS["mombook"], tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cff["title"] == book.fields["title"] and [a["name"] for a in cff["authors"]] == book.families
    assert cff["version"] == book.fields["version"] == own["version"] == mombook.__version__
    assert cff["license"] == own["license"] and cff["cff-version"] == "1.2.0" and cff["message"]
    assert cff["authors"] == own["authors"]
    for paper, key in zip(cff["references"], ("morwani2026", "garg2026", "wang2023"), strict=True):
        names = [f"{author['family-names']}, {author['given-names']}" for author in paper["authors"]]
        assert " and ".join(names) == WORKS[key].fields["author"] and paper["title"] == WORKS[key].plain_title
        assert [i["value"] for i in paper["identifiers"]] == ["arXiv:" + WORKS[key].fields["eprint"]]
        assert str(paper["year"]) == WORKS[key].fields["year"]
