"""A class link: answers and solutions stay locked on every page of the browser until the teacher's word is typed."""

from pathlib import Path

import jinja2
import nbformat.v4 as nb
import pytest

from mombook import front
from mombook.panels import definition
from tools.site import pages

from .front import FrontPage, face

WEB = Path(__file__).resolve().parents[2] / "web"
BASE = "http://class.test/"
QUESTION, ANSWER, SOLUTION = "predict_02_bend", "the answer is 8.7", "the solution is four"


@pytest.fixture(scope="module")
def text():
    """A chapter as the site's builder makes it: a question, what follows it, a heading, an exercise with its cell."""
    panel = definition(QUESTION)
    output = nb.new_output("execute_result", {pages.PANEL: {"panel": QUESTION, "scenario": panel.write(panel.read())}})
    solved = nb.new_code_cell("print(4)", outputs=[nb.new_output("stream", text=SOLUTION)], metadata={"tags": ["solution"]})
    cells = [nb.new_markdown_cell("# 2 · A\n\nBefore."), nb.new_code_cell("predict", outputs=[output], execution_count=1),
             nb.new_markdown_cell(f"Indeed {ANSWER}."),
             nb.new_code_cell("check", outputs=[nb.new_output("stream", text=ANSWER)]),
             nb.new_markdown_cell(f"And again {ANSWER}.\n\n## Next\n\nGoes on."),
             nb.new_markdown_cell("1. Why?\n\n   <details><summary>Solution</summary>\n\n"
                                  f"   Since {SOLUTION}.\n\n   </details>\n"),
             solved, nb.new_markdown_cell("The end.")]
    book = pages._Book({"02_a": nb.new_notebook(cells=cells)}, {}, True, None)
    words = dict.fromkeys(("title", "sentence", "text", "simulated", "help"), "")
    book.faces = {(QUESTION, panel.write(panel.read())): {"name": QUESTION, "lamps": [], **words}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages.equations, "rendered", lambda formulas: {})
        return book.notebook("02_a"), book.reference("TEACHING")


@pytest.fixture
def open_page(chromium, text):
    """Opens a page of a browser that remembers; the figures are left out."""
    context, errors = chromium.new_context(viewport={"width": 1400, "height": 900}), []
    chapter, teaching = text

    def fulfil(asked):
        name = asked.request.url.removeprefix(BASE).split("#")[0]
        if name.endswith(".html"):
            asked.fulfill(body=teaching if name == "teaching.html" else chapter, content_type="text/html; charset=utf-8")
        elif name in ("page.js", "theme.js", "class.js", "style.css", front.STYLE):
            asked.fulfill(path=(front.FOLDER if name == front.STYLE else WEB) / name)
        else:
            asked.fulfill(body="", content_type="text/css" if name.endswith(".css") else "text/javascript")

    def at(address):
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(BASE + address)
        return page

    context.route(f"{BASE}**", fulfil)
    yield at
    assert errors == []
    context.close()


def link(page, called="maple", word="open sesame"):
    """What stands behind the # of a class's link."""
    return f"class={called}.{page.evaluate('words => mombookClass.fingerprint(...words)', [called, word])}"


def told(page):
    """What a reader can find on the page, every part that unfolds unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    return page.locator("body").inner_text()


def is_locked(page):
    shown = told(page)
    assert "Goes on." in shown and "Before." in shown and "The end." in shown and "Why?" in shown
    assert (ANSWER in shown) == (SOLUTION in shown)
    assert (ANSWER in shown) != page.locator(".lock form").is_visible()
    assert (ANSWER in shown) == page.locator(".switches a").is_visible() == page.locator(".run").is_visible()
    return ANSWER not in shown


def type_word(page, word):
    page.locator(".lock input").fill(word)
    page.locator(".lock button").click()
    return page.locator(".lock .said").inner_text()


def test_without_a_link_nothing_changes(open_page):
    page = open_page("02_a.html")
    assert not is_locked(page) and not page.locator(".lock").is_visible()
    assert page.evaluate("localStorage.length") == 0
    assert told(page).count(ANSWER) == 3 and told(page).count(SOLUTION) == 2


def test_a_link_locks_this_page_the_next_after_a_reload_and_in_another_tab(open_page):
    first = open_page("02_a.html")
    page = open_page(f"02_a.html#{link(first)}")
    assert is_locked(page) and "Class maple: answers and solutions are locked." in told(page)
    assert page.url == f"{BASE}02_a.html", "the link is out of the address"
    page.reload()
    assert is_locked(page)
    page.goto(f"{BASE}03_b.html")
    assert is_locked(page) and is_locked(open_page("02_a.html"))
    assert is_locked(first), "a tab that was open before"
    page.emulate_media(media="print")
    assert ANSWER not in told(page) and SOLUTION not in told(page)


def test_a_wrong_word_is_refused_in_words_and_the_right_one_opens_all_tabs(open_page):
    first = open_page("02_a.html")
    page = open_page(f"02_a.html#{link(first)}")
    for wrong in ("maple", "sesame", "opensesame", "<b>x</b>"):
        assert type_word(page, wrong) == f"“{wrong}” is not the word that opens class maple. Nothing has changed."
        assert is_locked(page)
    assert type_word(page, " ") == "Type the word first." and is_locked(page)
    assert type_word(page, " Open Sesame ") == "Class maple: answers and solutions are open."
    assert not is_locked(page)
    first.wait_for_function("!mombookClass.isLocked()")
    assert not is_locked(first)
    page.reload()
    assert not is_locked(page) and not page.locator(".lock").is_visible()


def test_another_classs_word_opens_nothing(open_page):
    page = open_page("02_a.html")
    marks = {link(page, called, word) for called in ("maple", "oak") for word in ("one", "two")}
    assert len(marks) == 4 and all("one" not in mark and "two" not in mark for mark in marks)
    page = open_page(f"02_a.html#{link(page, 'oak', 'one').replace('oak', 'maple')}")
    assert is_locked(page) and "is not the word" in type_word(page, "one")


@pytest.mark.parametrize("broken", ["class=maple", "class=maple.123", "class=.0123456789abcdef", "class=a b.0123456789abcdef"])
def test_an_incomplete_link_says_so_and_locks_nothing(open_page, broken):
    page = open_page(f"02_a.html#{broken}")
    assert "This link to a class is incomplete: nothing is locked by it." in told(page)
    assert page.locator(".switches a").is_visible() and ANSWER in told(page) and not page.locator(".lock form").is_visible()


def test_a_link_followed_on_an_open_page_locks_it_and_what_else_the_address_holds_stays(open_page):
    page = open_page("02_a.html")
    page.evaluate("hash => { location.hash = hash; }", f"{link(page)}&kappa=100")
    page.wait_for_function("location.hash === '#kappa=100'")
    assert is_locked(page)


def test_the_teachers_page_makes_a_link_that_works_and_is_locked_itself(open_page):
    page = open_page("teaching.html")
    fields = page.locator(".class-link input")
    fields.nth(0).fill("Ahorn-5")
    assert fields.nth(2).input_value() == ""
    fields.nth(1).fill("größer")
    made = fields.nth(2).input_value()
    assert made.startswith(f"{BASE}index.html#class=Ahorn-5.") and "gr" not in made
    fields.nth(0).fill("two words")
    assert fields.nth(2).input_value() == "a class is one word of letters, digits, - or _"
    class_page = open_page(made.removeprefix(BASE))
    assert is_locked(class_page)
    page.reload()
    assert "508" not in told(page) and not page.locator(".class-link").is_visible()
    assert type_word(class_page, "GRÖSSER").startswith("“GRÖSSER” is not") and type_word(class_page, "Größer").endswith("open.")


# -- questions on a live page -----------------------------------------------------------------------------------------
@pytest.fixture
def question(chromium):
    """A question and a figure beside it, on a page of the front end."""
    tab = FrontPage(chromium, {QUESTION: face(QUESTION)})
    yield tab
    assert tab.errors == []
    tab.close()


def test_a_question_is_not_answered_by_its_button_nor_by_a_line_nor_by_a_link_until_the_word_is_typed(question):
    page = question.page
    page.evaluate("hash => { location.hash = hash; }", link(page))
    page.wait_for_function("mombookClass.isLocked()")

    def stays_hidden():
        question.settle(QUESTION)
        shown = page.evaluate(f"Object.keys({question.panel(QUESTION)}.figure.plotted)")
        assert "the answer" not in shown and "reveal=no" in question.line(QUESTION)
        assert question.part(QUESTION, "button[aria-pressed]").get_attribute("aria-pressed") == "false"

    for act in (lambda: question.press(QUESTION, "Reveal the answer"), lambda: question.type(QUESTION, "guess=40;reveal=yes"),
                lambda: question.type(QUESTION, "# reveal = yes"),
                lambda: page.evaluate(f"location.hash = '#{QUESTION}:guess=30;reveal=yes'")):
        act()
        page.wait_for_function("() => document.querySelector('.panel .status').textContent.includes('locked for class maple')",
                               timeout=30_000)
        stays_hidden()
        question.type(QUESTION, "guess=20")
        question.settle(QUESTION)
        assert "guess=20" in question.line(QUESTION), "guessing goes on"
        page.wait_for_function("() => !document.querySelector('.panel .status').textContent.includes('locked')")
    assert not [call for call in question.calls if "reveal=yes" in str(call)], "nothing was asked of Python"
    assert type_word(page, "open sesame").endswith("are open.")
    question.press(QUESTION, "Reveal the answer")
    question.settle(QUESTION)
    assert "reveal=yes" in question.line(QUESTION)
    assert "the answer" in page.evaluate(f"Object.keys({question.panel(QUESTION)}.figure.plotted)")


def test_what_is_revealed_is_hidden_again_by_a_class_link(question):
    page = question.page
    question.press(QUESTION, "Reveal the answer")
    question.settle(QUESTION)
    assert "reveal=yes" in question.line(QUESTION)
    page.evaluate("hash => { location.hash = hash; }", link(page))
    page.wait_for_function("mombookClass.isLocked()")
    question.settle(QUESTION)
    assert "reveal=no" in question.line(QUESTION)


def test_every_page_of_the_site_has_the_script_before_what_reads_the_address():
    template = jinja2.Environment(loader=jinja2.FileSystemLoader(WEB / "reading")).get_template("page.html.j2")
    made = template.render(title="", page="index.html", order=[], references=[], live_data="null")
    assert made.index('src="class.js"></script>') < made.index("style.css") < made.index("page.js")
