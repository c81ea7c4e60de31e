"""The reference of the package: addresses that code links to are there, equations are set, nothing comes from elsewhere."""

import re

import pytest
from lacking import needed

from tools.site import api, places

pytestmark = pytest.mark.slow           # the whole reference is built


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The folder of a site with nothing but the reference, and its pages' texts by address."""
    folder = tmp_path_factory.mktemp("site")
    try:
        pages = api.build(folder)
    except places.Missing as why:
        needed(why)
    return {page.relative_to(folder).as_posix(): page.read_text(encoding="utf-8") for page in pages}


def test_every_address_is_there(reference):
    known = api.addresses(api.PACKAGES)
    assert known["mb"]["tune"] == "api/mombook.html#tune" and len(known) > 40
    for places_of in known.values():
        for address in places_of.values():
            page, _, anchor = address.partition("#")
            assert page in reference, address
            assert f'id="{anchor}"' in reference[page], address


def test_equations_are_set_and_nothing_comes_from_elsewhere(reference):
    moments = reference["api/mombook/exact/moments.html"]
    assert moments.count('class="katex-display"') >= 5 and "KATEXHOLE" not in "".join(reference.values())
    assert 'href="../../../vendor/katex.min.css"' in moments
    for text in reference.values():
        assert re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?:', text) == []


def test_types_stand_by_their_names(reference):
    text = re.sub(r"<[^>]+>", "", reference["api/mombook/exact/moments.html"])
    assert re.search(r"times:\s*numpy\.typing\.ArrayLike,", text) and "_NestedSequence" not in "".join(reference.values())
    assert re.search(r"def\s*risk_curve\(.*?\)\s*->\s*mombook\.arrays\.Floats:", text, re.DOTALL)
    assert 'href="../arrays.html#Floats"' in reference["api/mombook/exact/moments.html"]


def test_names_in_code_become_links():
    code = '<span class="n">mb</span><span class="o">.</span><span class="n">tune</span><span class="p">(</span>'
    known = {"mb": {"tune": "api/mombook.html#tune"}}
    assert '<a class="n" href="api/mombook.html#tune">tune</a>' in api.linked(code, known)
    assert api.linked(code, {}) == code
