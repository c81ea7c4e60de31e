"""The builder of the reading pages, without a browser and without a network."""

import json
import re

import nbformat.v4 as nb
import pytest

from mombook.model.spectrum import Spectrum
from mombook.panels import definition
from tools.site import figures, pages, vendor
from tools.site.places import Missing
from tools.site.prose import Prose

pytestmark = [pytest.mark.slow, pytest.mark.site]


def prose(page="01_a.html", **more):
    labels = {"T1": "02_b.html", "sgd-step": "01_a.html", "batch": "02_b.html"}
    chapters = {"01": "01_a.html", "02": "02_b.html", "A": "A_c.html"}
    return Prose(address=lambda url: more.get(url, url), labels=labels, page=page, chapters=chapters)


def test_a_displayed_equation_has_an_anchor_and_leaves_a_hole_for_katex():
    p = prose()
    text = p.html("Before.\n\n$$ a<b \\tag{sgd-step} $$\n\nand $x_1$ too.")
    assert 'class="equation" id="eq-sgd-step"' in text and "$" not in text
    assert p.formulas == [(" a<b \\tag{sgd-step} ", True), ("x_1", False)]
    filled = p.fill(text, {formula: f"[{formula[0].strip()}]" for formula in p.formulas})
    assert "[a<b \\tag{sgd-step}]" in filled and "[x_1]" in filled


@pytest.mark.parametrize(("text", "expected"), [
    ("by (T1)", 'by (<a class="cite" href="02_b.html#eq-t1">T1</a>)'),
    ("by (sgd-step)", 'by (<a class="cite" href="#eq-sgd-step">sgd-step</a>)'),
    ("an aside (batch)", "an aside (batch)"),
    ("notebook 02, (batch)", '<a class="cite" href="02_b.html">notebook 02</a>, '
                             '(<a class="cite" href="02_b.html#eq-batch">batch</a>)'),
    ("see notebook 01 and notebook 02", 'see notebook 01 and <a class="cite" href="02_b.html">notebook 02</a>'),
    ("see notebook A, the appendix; a notebook A4", 'see <a class="cite" href="A_c.html">notebook A</a>, the appendix; '
                                                    "a notebook A4"),
    ("(T9) is unknown", "(T9) is unknown"),
])
def test_prose_that_cites_becomes_a_link(text, expected):
    assert prose().html(text) == f"<p>{expected}</p>\n"


def test_a_link_whose_text_cites_a_notebook_holds_no_other():
    html = prose().html("see [notebook 02](02_b.html)")
    assert html.count("<a ") == 1 and '<a href="02_b.html">notebook 02</a>' in html


def test_headings_have_anchors_of_their_own_and_make_the_contents():
    p = prose()
    text = p.html("# Top\n\n## The √κ window\n\n## The √κ window")
    assert [h[:2] for h in p.headings] == [(1, "top"), (2, "the-κ-window"), (2, "the-κ-window-2")]
    assert 'id="the-κ-window-2"' in text


def test_the_contents_hold_no_link_of_a_heading():
    """A link within a link ends it, and the rest of the line stands alone."""
    p = prose(**{"02_b.ipynb": "02_b.html"})
    text = p.html("## The cap ([T4](02_b.ipynb)), for *all*")
    assert p.headings[0][2] == "The cap (T4), for <em>all</em>" and '<a href="02_b.html">T4</a>' in text


def test_a_link_that_leads_nowhere_stops_the_build():
    with pytest.raises(ValueError, match=r"01_a\.html: the link to '\.\./gone\.md' leads nowhere"):
        prose(**{"../gone.md": None}).html("[x](../gone.md)")
    with pytest.raises(ValueError, match=r"a\.html: b\.html#no"):
        pages.check_links({"a.html": '<a href="b.html#no">x</a>', "b.html": '<p id="yes">'})


def test_links_between_notebooks_and_references_become_links_between_pages():
    empty = nb.new_notebook(cells=[nb.new_markdown_cell("# A")])
    book = pages._Book({"01_a": empty, "02_b": empty}, {}, True, None)
    assert book._address("02_b.ipynb#T1") == "02_b.html#T1" and book._address("../NOTATION.md#kappa") == "notation.html#kappa"
    assert book._address("https://arxiv.org/abs/1") == "https://arxiv.org/abs/1" and book._address("#here") == "#here"
    assert book._address("../mombook/gone.py") is None


def test_the_front_page_answers_with_the_first_notebooks_words_and_links(monkeypatch):
    first = "# 1 · A\n\nUp to a *[window]*.\n\nMore.\n\n[window]: ../NOTATION.md#window \"a range\""
    monkeypatch.setattr(pages.equations, "rendered", lambda formulas: {})
    text = pages._Book({"01_a": nb.new_notebook(cells=[nb.new_markdown_cell(first)])}, {}, False, None).front()
    assert re.search(r'Up to a <em><a href="notation.html#window"[^>]*>window</a></em>', text) and "More." not in text


def test_a_panel_stands_on_the_page_with_its_sentence_and_its_data(monkeypatch):
    line = definition("translator").write(definition("translator").read())
    output = nb.new_output("execute_result", {"text/plain": "...", pages.PANEL: {"panel": "translator", "scenario": line}})
    notebook = nb.new_notebook(cells=[nb.new_markdown_cell("# 1 · A\n\nAnswer."),
                                      *(nb.new_code_cell("panel", outputs=[output], execution_count=k) for k in (1, 2)),
                                      nb.new_code_cell("print(1)", outputs=[nb.new_output("stream", text="</pre><b>")])])
    monkeypatch.setattr(pages.equations, "rendered", lambda formulas: {})
    book = pages._Book({"01_a": notebook}, {"01_a": "what it is about"}, False, None)
    assert pages._panels(notebook) == [("translator", line)] * 2
    book.faces = {("translator", line): figures.face("translator", line)}
    text = book.notebook("01_a")
    assert text.count('data-panel="translator"') == text.count('data-panel="translator-2"') == 1
    sentence = definition("translator").exact(definition("translator").read(line)).sentence
    assert f'role="status">{sentence}</p>' in text
    assert "Binder" not in text and json.loads(re.search(r'class="data">(.*?)</script>', text)[1])["table"].startswith("<table")
    book.repository = "someone/mombook"
    assert "someone/mombook/HEAD?urlpath=lab/tree/notebooks/01_a.ipynb" in book.notebook("01_a")
    assert "&lt;/pre&gt;&lt;b&gt;" in text and "</pre><b>" not in text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)


def test_a_result_stands_on_the_page_as_its_table(monkeypatch):
    result = Spectrum([1.0, 0.5], name="a < b")
    output = nb.new_output("execute_result", {"text/plain": repr(result), "text/html": result._repr_html_()})
    notebook = nb.new_notebook(cells=[nb.new_markdown_cell("# 1 · A\n\nAnswer."), nb.new_code_cell("H", outputs=[output])])
    monkeypatch.setattr(pages.equations, "rendered", lambda formulas: {})
    text = pages._Book({"01_a": notebook}, {}, False, None).notebook("01_a")
    assert f'<div class="scroll">{result._repr_html_()}</div>' in text and repr(result) not in text


def test_a_face_is_remembered_until_the_package_changes(tmp_path, monkeypatch):
    calls = []

    class Here:
        def __init__(self, *_):
            pass

        __enter__ = lambda self: self                       # noqa: E731
        __exit__ = lambda self, *_: None                    # noqa: E731

        def map(self, do, pairs):
            calls.extend(pairs)
            return ['[{"a": 1}, "b"]' for _ in pairs]

    monkeypatch.setattr(figures, "ProcessPoolExecutor", Here)
    for _ in range(2):
        assert figures.made({("sgd", "x")}, tmp_path) == {("sgd", "x"): ({"a": 1}, "b")}
    assert calls == [("sgd", "x")]
    figures.made({("sgd", "x")}, tmp_path, most=3)
    assert len(calls) == 2, "with fewer answers it is another"
    monkeypatch.setattr(figures, "_stamp", lambda: "another")
    figures.made({("sgd", "x")}, tmp_path)
    assert len(calls) == 3


def test_another_file_than_the_pinned_one_is_refused(tmp_path, monkeypatch):
    def sent(command, **_):
        archive = f"{command[-1]}/katex.tgz"
        with open(archive, "wb") as file:
            file.write(b"something else")
        return type("Run", (), {"returncode": 0, "stderr": ""})

    monkeypatch.setattr(vendor.subprocess, "run", sent)
    monkeypatch.setattr(vendor, "program", lambda name: name)
    with pytest.raises(Missing, match="npm sends another katex"):
        vendor.package("katex", tmp_path)
    assert not list(tmp_path.rglob("katex-*"))


def test_plotly_is_the_version_the_python_package_brings():
    from plotly.offline import get_plotlyjs_version

    assert vendor.PACKAGES["plotly.js-cartesian-dist-min"][0] == get_plotlyjs_version()


def test_the_readme_says_in_a_line_what_each_notebook_is_about():
    lines = pages._lines((pages.ROOT / "README.md").read_text(encoding="utf-8"))
    missing = [file.stem for file in pages.NOTEBOOKS.glob("*.ipynb") if not lines.get(file.stem)]
    assert missing == []
