"""What every page has, without panels: theme, code switch, contents that follow the reading, parts that scroll."""

from pathlib import Path

import jinja2
import pytest

from mombook import front

WEB = Path(__file__).resolve().parents[2] / "web"
BASE = "http://page.test/"
HEADINGS = [(2, "the-question"), (3, "in-numbers"), (2, "the-√κ-window"), (2, "exercises")]
WIDE, NARROW = 1400, 420


def document():
    """A chapter without panels: its template, long parts under headings, a wide equation and a short one, two cells of code."""
    parts = "".join(f'<h{level} id="{name}">{name}</h{level}><p style="height: 1600px">text</p>' for level, name in HEADINGS)
    wide = '<pre id="wide" style="overflow-x: auto"><span style="display: inline-block; width: 560px">wide</span></pre>'
    prose = {"kind": "prose", "html": f'{parts}{wide}<pre id="short">short</pre>'}
    code = {"kind": "code", "first": "import mombook", "html": "<pre>import mombook as mb</pre>", "outputs": []}
    here = {"href": "01_here.html", "title": "Here", "stem": "01_here"}
    template = jinja2.Environment(loader=jinja2.FileSystemLoader(WEB / "reading")).get_template("notebook.html.j2")
    return template.render(title="Here", page="01_here.html", order=[here], contents=[(*each, each[1]) for each in HEADINGS],
                           blocks=[prose, code, code], elsewhere={}, references=[], previous=here, live_data="null", front=[])


@pytest.fixture
def page(chromium):
    """The page on a wide, light screen."""
    context = chromium.new_context(viewport={"width": WIDE, "height": 900}, color_scheme="light")
    errors = []

    def fulfil(asked):
        name = asked.request.url.removeprefix(BASE).split("#")[0]
        if name == "01_here.html":
            asked.fulfill(body=document(), content_type="text/html; charset=utf-8")
        elif name in ("page.js", "theme.js", "class.js", "style.css", front.STYLE):
            asked.fulfill(path=(front.FOLDER if name == front.STYLE else WEB) / name)
        else:                                                           # what draws panels: there are none here
            asked.fulfill(body="", content_type="text/css" if name.endswith(".css") else "text/javascript")

    context.route(f"{BASE}**", fulfil)
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{BASE}01_here.html")
    yield page
    assert errors == []
    context.close()


def test_the_contents_mark_the_heading_that_is_read(page):
    assert page.locator(".contents .here").all_inner_texts() == [HEADINGS[0][1]], "from the start"
    for _, name in (HEADINGS[k] for k in (2, 3, 1, 0)):
        page.evaluate("id => scrollTo(0, scrollY + document.getElementById(id).getBoundingClientRect().top - 60)", name)
        page.wait_for_function("name => document.querySelector('.contents .here')?.textContent === name", arg=name)
        assert page.locator(".contents .here").count() == 1
    page.evaluate("scrollTo(0, scrollY + 1000)")                        # its heading is far above
    page.wait_for_timeout(200)
    assert page.locator(".contents .here").all_inner_texts() == [HEADINGS[0][1]]


@pytest.mark.parametrize(("width", "is_open"), [(WIDE, True), (NARROW, False)])
def test_the_contents_are_folded_where_they_stand_above_the_text(page, width, is_open):
    page.set_viewport_size({"width": width, "height": 900})
    page.reload()
    assert page.locator(".contents details").evaluate("each => each.open") is is_open
    assert page.locator(".contents li a").first.is_visible() is is_open


def test_one_button_opens_and_closes_all_code(page):
    button, cells = page.locator("#code"), page.locator("details.code pre")
    for is_open in (True, False, True):
        button.click()
        assert button.get_attribute("aria-pressed") == str(is_open).lower()
        assert [cell.is_visible() for cell in cells.all()] == [is_open] * 2


def test_what_scrolls_sideways_is_reached_by_the_keyboard_while_it_does(page):
    for width, reached in ((WIDE, None), (NARROW, "0"), (WIDE, None)):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("value => document.getElementById('wide').getAttribute('tabindex') === value", arg=reached)
        assert page.locator("#short").get_attribute("tabindex") is None
    for more, reached in ((1, None), (2, "0"), (0, None)):              # sizes are rounded to pixels
        page.evaluate("""more => {
          const part = document.getElementById("wide"), { paddingLeft, paddingRight } = getComputedStyle(part);
          part.firstChild.style.width = `${part.clientWidth + more - parseFloat(paddingLeft) - parseFloat(paddingRight)}px`;
          document.querySelector("details.code").toggleAttribute("open");
        }""", more)
        page.wait_for_timeout(200)
        assert page.locator("#wide").get_attribute("tabindex") == reached, more


def test_the_theme_is_the_systems_until_the_reader_chooses_and_the_choice_is_remembered(page):
    def shows(theme):
        page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)
        assert page.locator("#theme").get_attribute("aria-pressed") == str(theme == "dark").lower()
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light = shows("light")
    page.emulate_media(color_scheme="dark")
    dark = shows("dark")
    page.reload()
    assert shows("dark") == dark != light
    page.locator("#theme").click()
    assert shows("light") == light
    page.reload()
    assert shows("light") == light, "chosen on a dark system"


def test_without_scripts_there_are_no_switches(page):
    assert page.locator("#theme").is_visible() and page.locator("#code").is_visible()
    page.evaluate("delete document.documentElement.dataset.scripts")
    assert not page.locator("#theme").is_visible() and not page.locator("#code").is_visible()
