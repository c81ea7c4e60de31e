"""The site's pages opened from the disk, as a reader does with a downloaded copy: no server, no Python."""

import pytest

from tools.build_notebooks import NOTEBOOKS
from tools.site.pages import REFERENCE

from .site import SitePage
from .test_stored_answers import moves_by_what_is_stored

FIGURE = "01_the_paper_in_one_figure.html"
PAGES = ["index.html", *(f"{file.stem}.html" for file in sorted(NOTEBOOKS.glob("*.ipynb"))),
         *(f"{name.lower()}.html" for name in REFERENCE if (NOTEBOOKS.parent / f"{name}.md").exists())]


@pytest.fixture(scope="module")
def look(chromium, site):
    """Opens a page from its file, once."""
    opened = {}

    def at(name):
        if name not in opened:
            opened[name] = SitePage(chromium, site.folder.as_uri() + "/").open(name)
        return opened[name]

    yield at
    for tab in opened.values():
        tab.close()


def test_every_page_is_tried_here(site):
    assert sorted(site.names) == sorted(PAGES)


@pytest.fixture(scope="module", params=PAGES)
def page(request, chromium, site):
    """Each page in turn."""
    page = SitePage(chromium, site.folder.as_uri() + "/").open(request.param)
    yield page
    page.close()


def test_a_page_shows_its_figures_and_equations_without_a_server(page, site):
    drawn = page.page.evaluate("() => (mombook.panels || []).map(panel => panel.place.querySelectorAll('.trace, .hm').length)")
    assert len(drawn) == page.page.locator(".panel").count() and all(drawn)
    assert "$" not in page.page.locator("main").inner_text()
    if not page.page.url.endswith(("index.html", "00b_step_by_step.html", "10_claims.html", "teaching.html")):
        assert page.page.locator(".katex").count() >= 5
        assert page.page.evaluate("() => document.fonts.check('16px KaTeX_Main')")
    why = ("this copy was built without Python for the browser" if site.why_not_alive
           else "pages opened from a file may not run Python; make serve shows them alive")
    for note in page.page.locator(".panel .status").all_inner_texts():
        assert note == f"Python does not run here, and only stored answers can be shown: {why}."


# The labels of equations that lie over a part of their equation, and of how many equations.
COVERED = """() => {
  const labels = [...document.querySelectorAll('.equation .katex-tag')], box = part => part.getBoundingClientRect();
  const over = (a, b) => a.right > b.left + 1 && a.left < b.right - 1 && a.bottom > b.top + 1 && a.top < b.bottom - 1;
  const covered = labels.filter(label => [...label.parentElement.querySelectorAll('.katex-base')]
    .some(part => !label.contains(part) && over(box(part), box(label))));
  return [covered.map(label => label.textContent), labels.length];
}"""


# Whether the page has seen to it, in its idle time, that what scrolls sideways can be reached by keyboard.
REACHABLE = """() => [...document.querySelectorAll('.equation, pre, .scroll, .chapters')]
  .every(part => part.scrollWidth <= part.clientWidth + 1 || part.tabIndex === 0)"""


# Equations and folded code, thousands of elements, as plain text in boxes of the same size.
PLAIN = """() => document.querySelectorAll('.katex, details:not([open]) pre').forEach(part => {
  const { width, height } = part.getBoundingClientRect();
  if (part.matches('.katex')) part.style = `display: inline-block; overflow: hidden; width: ${width}px; height: ${height}px`;
  part.replaceChildren(part.textContent);
})"""

# The contrast of text, of each kind once: told apart by tags, classes and colours from the page down. Kinds known to pass are
# left out; those that pass now are returned, and what does not.
CONTRAST = """async ([known, exclude]) => {
  const kinds = new Map(), kind = part => {
    if (!part) return '';
    if (!kinds.has(part)) {
      const { color, backgroundColor, backgroundImage, opacity, fontSize, fontWeight } = getComputedStyle(part);
      kinds.set(part, [kind(part.parentElement), part.tagName, part.getAttribute('class'), part.disabled, color,
                       backgroundColor, backgroundImage, opacity, fontSize, fontWeight].join());
    }
    return kinds.get(part);
  };
  const count = Object.fromEntries(known.map(each => [each, 2]));
  const isText = part => part.matches('input, select')
    || [...part.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  const isNew = part => (count[kind(part)] = (count[kind(part)] ?? 0) + 1) <= 2;
  const include = [...document.body.querySelectorAll('*')].filter(part =>
    isText(part) && part.checkVisibility() && !exclude.some(([css]) => part.closest(css)) && isNew(part));
  if (!include.length) return [[], []];
  const found = await axe.run({ include, exclude },
    { runOnly: ['color-contrast'], preload: false, selectors: false, elementRef: true, resultTypes: ['passes', 'violations'] });
  const [passed, failed] = [found.passes, found.violations].map(outcome => outcome.flatMap(({ nodes }) => nodes));
  return [passed.map(({ element }) => kind(element)), failed.map(({ html }) => html.slice(0, 200))];
}"""


@pytest.fixture(scope="module")
def legible():
    """Kinds of text that have been seen to have contrast."""
    return set()


def test_a_page_fits_and_assistive_technology_gets_through(page, legible):
    axe, tab = pytest.importorskip("axe_playwright_python.sync_playwright").Axe(), page.page
    name = tab.url.rpartition("/")[2].removesuffix(".html")
    alike = [] if name in ("notation", "index") else [[".katex"], [".plot svg"]]            # one page's are enough

    def at(width, dark):
        tab.emulate_media(color_scheme="dark" if dark else "light")
        tab.set_viewport_size({"width": width, "height": 1000})
        tab.wait_for_function("dark => (document.documentElement.dataset.theme === 'dark') === dark", arg=dark)
        tab.wait_for_timeout(200)                   # the figures follow

    def complaints(**options):
        options |= {"preload": False, "resultTypes": ["violations"], "selectors": False}
        found = axe.run(tab, context={"exclude": alike}, options=options).response["violations"]
        return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]

    for width, dark in ((1400, False), (1400, True), (420, True)):
        at(width, dark)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        covered, equations = tab.evaluate(COVERED)
        assert covered == [] and equations == tab.locator(".equation").count()
        page.screenshot(f"site_{name}_{width}{'_dark' if dark else ''}")
        tab.wait_for_function(REACHABLE)
    if alike:
        tab.evaluate(PLAIN)
    assert complaints(runOnly=["scrollable-region-focusable"]) == []
    for dark in (True, False):
        at(1400, dark)
        passed, failed = tab.evaluate(CONTRAST, [list(legible), alike])
        legible.update(passed)
        assert failed == []
    assert complaints(rules={"color-contrast": {"enabled": False}}) == []


@pytest.mark.parametrize(("name", "key", "label"), [(FIGURE, "tradeoff", "κ"), ("index.html", "start", "batch size B")])
def test_a_slider_moves_the_curves_without_a_server(look, name, key, label):
    tab = look(name)
    tab.page.wait_for_function("key => mombook.panels.find((panel) => panel.key === key).stored.size", arg=key)
    moves_by_what_is_stored(tab, key, label)


def test_nothing_went_wrong_on_a_page_and_nothing_left_the_machine(page):
    assert page.console_errors == [] and page.outside_requests == []


def test_code_is_folded_until_asked_for(look):
    tab = look(FIGURE)
    cells = tab.page.locator("details.code")
    assert cells.count() > 5 and not cells.first.locator("pre").is_visible()
    silent = tab.page.locator("details.code.silent > summary")          # imports, the line that makes a figure
    assert 0 < silent.count() < cells.count() and not any(each.is_visible() for each in silent.all())
    assert tab.page.locator("details.code:not(.silent) > summary").first.is_visible()
    tab.page.get_by_role("button", name="Show code").click()
    assert all(cell.is_visible() for cell in cells.locator("pre").all())


def test_the_theme_switch_takes_the_figures_along_and_is_remembered(look):
    tab = look(FIGURE)
    background = "() => getComputedStyle(document.querySelector('.panel .main-svg')).backgroundColor"
    before = tab.page.evaluate(background)
    tab.page.get_by_role("button", name="Dark").click()
    tab.page.wait_for_function(f"before => ({background})() !== before", arg=before)
    tab.page.reload()
    assert tab.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_without_scripts_the_text_the_equations_the_sentences_and_pictures_of_the_figures_stay(chromium, site):
    tab = SitePage(chromium, site.folder.as_uri() + "/", java_script_enabled=False)
    tab.page.goto(f"{tab.base}{FIGURE}")
    assert tab.page.locator(".katex").count() > 5
    assert "heavy ball needs" in tab.page.locator(".panel .sentence", has_text="heavy ball needs").first.inner_text()
    widths = tab.page.evaluate("[...document.querySelectorAll('.panel')].map((p) => p.querySelector('.plot img').naturalWidth)")
    assert widths and min(widths) > 500 and tab.page.locator(".panel .plot img").first.is_visible()
    tab.screenshot("site_without_scripts")
    tab.close()


def test_a_citation_leads_to_its_equation(look):
    tab = look("10_claims.html")
    tab.page.locator("a.cite", has_text="fourth-moment").first.click()
    tab.page.wait_for_url("**/02_*.html#eq-fourth-moment")
    assert tab.page.locator("#eq-fourth-moment").is_visible()
