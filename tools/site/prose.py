"""Markdown as the pages show it: headings and equations with anchors, links that stay inside the book."""

import html
import re
import unicodedata
from dataclasses import dataclass, field

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAG = re.compile(r"\\tag\{([^}]+)\}")
CITED = re.compile(r"(\bnotebook (\d\d|[A-Z]), )?\(([A-Za-z][A-Za-z0-9-]*)\)")
CHAPTER = re.compile(r"\bnotebook (\d\d|[A-Z])\b")
HOLE = "\x02{}\x03"
"""Where a formula will stand once KaTeX has set all of them in one go."""


@dataclass
class Prose:
    """One page's text: what it has collected while its cells were rendered.

    Attributes:
        address: link target in a notebook or a Markdown file -> address in the site, or None if it leads nowhere.
        labels: equation label -> page that shows it, over the whole book; page: this page's own name.
        chapters: a notebook's two digits, or an appendix's letter -> its page.
        headings: (level, id, html) in order; formulas: (tex, is displayed) in order of the holes they left.
    """

    address: callable
    labels: dict
    page: str
    chapters: dict = field(default_factory=dict)
    headings: list = field(default_factory=list)
    formulas: list = field(default_factory=list)
    taken: dict = field(default_factory=dict)

    def html(self, markdown):
        """The HTML of a piece of Markdown, with holes for its formulas."""
        return MarkdownWithMath(renderer=_Renderer(self)).render(markdown)

    def hole(self, tex, displayed):
        """Remember a formula; returns what holds its place."""
        self.formulas.append((tex, displayed))
        return HOLE.format(len(self.formulas) - 1)

    def anchor(self, text):
        """An id no other heading of the page has."""
        name = slug(re.sub(r"\x02\d+\x03|<[^>]+>", "", text)) or "section"
        self.taken[name] = self.taken.get(name, 0) + 1
        return name if self.taken[name] == 1 else f"{name}-{self.taken[name]}"

    def reference(self, label, chapter=None):
        """The address of an equation that a text cites in parentheses; None for words that only look like one."""
        page = self.labels.get(label)
        is_aside = label.isalpha() and label.islower() and chapter is None          # "(batch)", on another page than its own
        if page is None or (page != self.page and is_aside):
            return None
        return f"{'' if page == self.page else page}#{equation_id(label)}"

    def fill(self, text, rendered):
        """``text`` with its formulas in place."""
        return re.sub(r"\x02(\d+)\x03", lambda m: rendered[self.formulas[int(m[1])]], text)


class _Renderer(IPythonRenderer):
    """nbconvert's renderer, with our headings, equations and links."""

    def __init__(self, prose):
        super().__init__(escape=False)
        self.prose = prose

    def heading(self, text, level, **attrs):
        name = self.prose.anchor(text)
        self.prose.headings.append((level, name, re.sub(r"</?a\b[^>]*>", "", text)))     # the contents are links themselves
        link = "" if level == 1 else f'<a class="anchor" href="#{name}" aria-hidden="true" tabindex="-1">§</a>'
        return f'<h{level} id="{name}">{text}{link}</h{level}>\n'

    def text(self, text):
        prose = self.prose

        def equation(found):
            address = prose.reference(found[3], found[2])
            return f'{found[1] or ""}(<a class="cite" href="{address}">{found[3]}</a>)' if address else found[0]

        def chapter(found):
            page = prose.chapters.get(found[1], prose.page)
            return found[0] if page == prose.page else f'<a class="cite" href="{page}">{found[0]}</a>'

        return CHAPTER.sub(chapter, CITED.sub(equation, super().text(text)))

    def link(self, text, url, title=None):
        address = self.prose.address(url)
        if address is None:
            raise ValueError(f"{self.prose.page}: the link to {url!r} leads nowhere on the site")
        return super().link(re.sub("</?a[^>]*>", "", text), address, title)              # links do not nest

    def table(self, text):
        return f'<div class="scroll"><table>{text}</table></div>\n'

    def inline_math(self, body):
        return self.prose.hole(body, False)

    def block_math(self, body):
        ids = [f'id="{equation_id(label)}"' for label in TAG.findall(body)]
        name = f' aria-label="equation {html.escape(", ".join(TAG.findall(body)))}"' if ids else ""
        more = "".join(f"<a {i}></a>" for i in ids[1:])
        return f'<div class="equation" {ids[0] if ids else ""}{" role=group" + name if ids else ""}>{more}' \
               f"{self.prose.hole(body, True)}</div>\n"


def equation_id(label):
    """The anchor of the equation with this label."""
    return "eq-" + slug(label)


def slug(text):
    """``text`` as the end of an address, as GitHub and Jupyter do it: words joined by hyphens, letters of any script kept."""
    text = unicodedata.normalize("NFC", html.unescape(text)).lower()
    return re.sub(r"[^\w]+", "-", text).strip("-")
