"""The reading pages: the front page, a page per notebook, and the pages of reference; they need no server.

Everything stands on the page as it is built: prose, equations, the saved outputs, and each panel's figure at the scenario
its notebook was saved with. Where the page is served and Python for the browser is beside it, the panels come alive.
"""

import base64
import html
import re
import shutil
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbconvert.filters import Highlight2HTML
from pygments.formatters import HtmlFormatter

from mombook import front
from tools.build_notebooks import NAMED, PANEL

from . import api, elsewhere, equations, figures, lite, stored, vendor
from .places import CACHE, NOTEBOOKS, ROOT
from .prose import TAG, Prose

WEB = ROOT / "web"
REFERENCE = ("NOTATION", "TEACHING")
"""Markdown files of the repository that are pages of the site, where they exist."""

PICTURES = "pictures"
"""Folder of each panel's picture as its notebook keeps it: what is seen until a script draws the figure, or without scripts."""

FRONT, HERO, LEDGER = "index.html", "start", "10_claims"
ROW = re.compile(r"^\| \[(?P<title>[^\]]+)\]\(notebooks/(?P<stem>\w+)\.ipynb\) \| (?P<line>.+) \|$", re.MULTILINE)


def build(folder, notebooks=NOTEBOOKS, cache=CACHE, lab=True, live=None, repository=None, code=None, most=stored.MOST):
    """Write the pages into ``folder``; whatever else is there stays.

    Args:
        folder: where; notebooks: the folder of the built ``.ipynb``; cache: what is kept between builds.
        lab: whether the notebooks themselves can be opened under ``lab/``.
        live: where the pages find Python: what ``distribution.install`` returned; ``None`` for figures that stand still.
        repository: ``owner/name`` on GitHub, for links to Binder and Colab; ``None`` for none.
        code: where names in code lead, as ``api.addresses`` returns it; ``None`` for no links.
        most: stops of each slider at which the pages bring answers along (``stored.scenarios``).

    Returns:
        The pages' names, the front page first.

    Raises:
        Missing: npm or node cannot be had; ValueError: a link, an equation or a scenario that leads nowhere, by page.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(Path(notebooks).glob(f"{NAMED}.ipynb"))
    read = {file.stem: nbformat.read(file, as_version=4) for file in files}
    book = _Book(read, _lines((ROOT / "README.md").read_text(encoding="utf-8")), lab, live, repository, code)
    pairs = sorted({pair for notebook in read.values() for pair in _panels(notebook)})
    made = figures.made(pairs, cache, most)
    book.faces = {pair: face for pair, (face, _) in made.items()}
    pages = {FRONT: book.front(), **{f"{stem}.html": book.notebook(stem) for stem in read},
             **{f"{name.lower()}.html": book.reference(name) for name in book.reference_names}}
    check_links(pages)
    vendor.install(folder / "vendor", cache)
    for file in (*WEB.glob("*.*"), *(front.FOLDER / name for name in front.sources())):
        shutil.copy(file, folder)
    (folder / stored.FOLDER).mkdir(exist_ok=True)
    for pair, (_, text) in made.items():
        (folder / stored.FOLDER / f"{stored.mark(*pair)}.js").write_text(text, encoding="utf-8")
    (folder / PICTURES).mkdir(exist_ok=True)
    for mark, picture in book.pictures.items():
        (folder / PICTURES / f"{mark}.png").write_bytes(base64.b64decode(picture))
    (folder / "code.css").write_text(code_style(), encoding="utf-8")
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(pages)


class _Book:
    """What the pages know of one another."""

    def __init__(self, notebooks, lines, lab, live, repository=None, code=None):
        self.notebooks, self.lines, self.lab, self.live, self.repository = notebooks, lines, lab, live, repository
        self.code = code or {}
        self.faces, self.pictures = {}, {}
        self.reference_names = [name for name in REFERENCE if (ROOT / f"{name}.md").exists()]
        self.labels = {label: f"{stem}.html" for stem, notebook in notebooks.items() for cell in notebook.cells
                       if cell.cell_type == "markdown" for label in TAG.findall(cell.source)}
        self.order = [{"href": f"{stem}.html", "title": _title(notebook), "line": lines.get(stem, ""), "stem": stem}
                      for stem, notebook in notebooks.items()]
        exporter = HTMLExporter(extra_template_basedirs=[str(WEB)], template_name="reading", template_file="page.html.j2")
        self._environment = exporter.environment
        self._highlight = Highlight2HTML(pygments_lexer="ipython3")

    def notebook(self, stem):
        """The page of one notebook."""
        prose, blocks, seen, asked = self._prose(f"{stem}.html"), [], {}, False
        for cell in self.notebooks[stem].cells:
            if cell.cell_type == "markdown":
                text = prose.html(cell.source)
                text, asked = _after_question(text) if asked else (text, False)
                blocks.append({"kind": "prose", "html": text})
            elif cell.source.strip():
                code = api.linked(self._highlight(cell.source), self.code)
                outputs = [out for output in cell.outputs if (out := self._output(output, prose, seen))]
                drawn = [out["face"]["name"] for out in outputs if out["kind"] == "panel"]
                asked = asked or any(name.startswith("predict_") for name in drawn)
                answers = "solution" in cell.metadata.get("tags", ()) or (asked and not drawn)
                blocks.append({"kind": "code", "html": code, "first": _first(cell.source), "outputs": outputs,
                               "answers": answers})
        at, pair = list(self.notebooks).index(stem), next(iter(_panels(self.notebooks[stem])), None)
        around = {"previous": self.order[at - 1] if at else {"href": FRONT, "title": "Front page"},
                  "next": self.order[at + 1] if at + 1 < len(self.order) else None}
        return self._page("notebook.html.j2", prose, title=_title(self.notebooks[stem]), blocks=blocks,
                          first=pair and stored.mark(*pair), opens=at == 0,
                          open_address=lite.address(f"{stem}.ipynb") if self.lab else "",
                          elsewhere=elsewhere.links(f"{stem}.ipynb", self.repository),
                          about=self.lines.get(stem, ""), **around)

    def front(self):
        """The front page: the answer, the figure, the reading order."""
        prose, stem = self._prose(FRONT), next(iter(self.notebooks))
        first = self.notebooks[stem].cells[0].source
        answer = re.search(r"^# .*?\n+(.+?)(\n\n|\Z)", first, re.DOTALL)[1]
        answer += "\n\n" + "\n".join(re.findall(r"^\[.+?\]: .*$", first, re.MULTILINE))    # where its links lead
        hero = next((self._panel(data, {}) for data in _saved(self.notebooks[stem]) if _pair(data)[0] == HERO), None)
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        what = re.search(r"^# .*?\n\n(.*?)\n\n## ", readme, re.DOTALL)[1]
        what = re.sub(r"<picture>.*?</picture>\n+", "", what, flags=re.DOTALL)          # the page has the figure itself
        return self._page("front.html.j2", prose, title="mombook: stochastic momentum, explorable", answer=prose.html(answer),
                          what=prose.html(what), hero=hero, first=hero and hero["answers"],
                          ledger=f"{LEDGER}.html" if LEDGER in self.notebooks else "",
                          about="An explorable paper on stochastic momentum: exact curves you can drag, in the page.")

    def reference(self, name):
        """A page made of one Markdown file of the repository."""
        prose = self._prose(f"{name.lower()}.html")
        text = prose.html((ROOT / f"{name}.md").read_text(encoding="utf-8"))
        return self._page("reference.html.j2", prose, title=_heading(prose), text=text)

    def _prose(self, page):
        return Prose(address=self._address, labels=self.labels, page=page,
                     chapters={stem.partition("_")[0]: f"{stem}.html" for stem in self.notebooks})

    def _address(self, url):
        """A link of a notebook or a Markdown file as a link of the site."""
        path, mark, fragment = url.partition("#")
        if re.match(r"[a-z]+:", url) or not path:
            return url
        name = Path(path).name
        known = {f"{stem}.ipynb": f"{stem}.html" for stem in self.notebooks} | {"README.md": FRONT}
        known |= {f"{stem}.py": f"{stem}.html" for stem in self.notebooks}
        known |= {f"{each}.md": f"{each.lower()}.html" for each in self.reference_names}
        return known[name] + mark + fragment if name in known else None

    def _output(self, output, prose, seen):
        if output.output_type == "stream":
            return {"kind": "text", "text": output.text}
        if output.output_type == "error":
            return {"kind": "text", "text": f"{output.ename}: {output.evalue}"}
        if PANEL in output.data:
            return {"kind": "panel", **self._panel(output.data, seen)}
        if "text/markdown" in output.data:
            return {"kind": "prose", "html": prose.html(output.data["text/markdown"])}
        if "text/html" in output.data:                                  # a table of mombook's own, already escaped
            return {"kind": "prose", "html": f'<div class="scroll">{output.data["text/html"]}</div>'}
        return {"kind": "text", "text": output.data.get("text/plain", "")}

    def _panel(self, data, seen):
        """One panel's face and its name on this page: a second one of a kind is ``name-2``; and its saved picture."""
        pair = _pair(data)
        face, mark = self.faces[pair], stored.mark(*pair)
        if picture := data.get("image/png"):
            self.pictures[mark] = picture
        seen[face["name"]] = seen.get(face["name"], 0) + 1
        count = seen[face["name"]]
        key = face["name"] if count == 1 else f"{face['name']}-{count}"
        return {"key": key, "face": face, "data": _script({**face, "key": key}), "answers": mark, "picture": bool(picture)}

    def _page(self, template, prose, **more):
        text = self._environment.get_template(template).render(
            page=prose.page, order=self.order, contents=[h for h in prose.headings if h[0] in (2, 3)], live=self.live,
            lab_address=f"{lite.FOLDER}/lab/index.html" if self.lab else "", live_data=_script(self.live), front=front.SCRIPTS,
            references=[{"href": f"{name.lower()}.html", "title": name.capitalize()} for name in self.reference_names],
            package=f"{api.FOLDER}/mombook.html" if self.code else "", **more)
        return prose.fill(text, equations.rendered(dict.fromkeys(prose.formulas)))


def _after_question(text):
    """Prose after a question, marked up to the next heading as what may tell the answer; and whether that is yet to come."""
    told, heading, rest = re.match(r"(.*?)(<h[23]\b|\Z)(.*)", text, re.DOTALL).groups()
    return f'<div class="answers">{told}</div>{heading}{rest}', not heading


def _saved(notebook):
    """What a notebook keeps of each panel."""
    return [output.data for cell in notebook.cells if cell.cell_type == "code"
            for output in cell.outputs if PANEL in output.get("data", {})]


def _panels(notebook):
    return [_pair(data) for data in _saved(notebook)]


def _pair(data):
    return data[PANEL]["panel"], data[PANEL]["scenario"]


def _title(notebook):
    return notebook.cells[0].source.splitlines()[0].lstrip("# ").strip()


def _heading(prose):
    return re.sub(r"<[^>]+>", "", prose.headings[0][2])


def _first(source):
    """The line of a cell that says most about it: its last that is not a comment, as the cell's value is."""
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")] or [""]
    return lines[0]


def _lines(readme):
    """Notebook -> what it is about, from the table of README.md."""
    return {row["stem"]: row["line"] for row in ROW.finditer(readme)}


def _script(data):
    """JSON that may stand inside a script element."""
    from plotly.io.json import to_json_plotly

    return to_json_plotly(data).replace("<", "\\u003c")


def code_style():
    """Colours of highlighted code, for either theme."""
    light, dark = HtmlFormatter(style="xcode"), HtmlFormatter(style="github-dark")
    return light.get_style_defs(".highlight") + "\n" + dark.get_style_defs(':root[data-theme="dark"] .highlight') + "\n"


def check_links(pages):
    """Refuse pages with a link to a page or an anchor of the site that is not there.

    Raises:
        ValueError: naming each.
    """
    anchors = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in pages.items()}
    broken = []
    for name, text in pages.items():
        for address in map(html.unescape, re.findall(r'<a\b[^>]*?\bhref="([^"]*)"', text)):
            page, _, fragment = address.partition("#")
            if re.match(r"[a-z]+:", address) or page.startswith((f"{lite.FOLDER}/", f"{api.FOLDER}/")):
                continue
            target = page or name
            if target not in pages or (fragment and fragment not in anchors[target]):
                broken.append(f"{name}: {address}")
    if broken:
        raise ValueError("links that lead nowhere: " + "; ".join(sorted(set(broken))))
