"""The page's front end without Pyodide: its scripts and style sheet in Chromium, its worker's answers from this process.

What the page asks goes through ``mombook.panels.remote`` as it does in a reader's browser; nothing is loaded or started, so a
test takes seconds. That Pyodide answers likewise is for ``test_site_panels``.
"""

import functools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jinja2
import plotly

from mombook import front
from mombook.panels.remote import Remote, described
from tools.site import figures, stored, vendor
from tools.site.pages import _script
from tools.site.places import Missing

ROOT = Path(__file__).resolve().parents[2]
BASE = "http://front.test/"
SCRIPTS = ("page.js", "plotly.min.js", *front.SCRIPTS, "python.js", "start.js")
WORKER = """window.Worker = class {
  constructor() { this.kept = []; window.worker = this; }
  postMessage(message) {
    if (window.asleep) { this.kept.push(message); return; }
    if (message.open) { setTimeout(() => this.onmessage({ data: { ready: true } })); return; }
    window.answer(message.call, message.args).then(([head, numbers]) =>
      this.onmessage({ data: { head: JSON.parse(head), numbers: new Float64Array(numbers) } }));
  }
  wake() { window.asleep = false; this.kept.forEach((message) => this.postMessage(message)); }
  terminate() {}
};"""


@functools.cache
def library():
    """plotly.js: the site's, a third of the size, or where that cannot be had the one that the Python package brings."""
    try:
        return vendor.package("plotly.js-cartesian-dist-min") / vendor.PLOTLY
    except Missing:
        return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def document(faces, scripts):
    """A page of panels and nothing else: key -> face; and the answers they bring along: mark -> script."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(ROOT / "web" / "reading"))
    panel = environment.get_template("panel.html.j2").module.panel
    marks = {key: stored.mark(face["name"], face["line"]) for key, face in faces.items()}
    body = "".join(str(panel({"key": key, "face": face, "data": _script({**face, "key": key}),
                              "answers": marks[key] if marks[key] in scripts else ""})) for key, face in faces.items())
    scripts = "".join(f'<script src="{name}" defer></script>' for name in SCRIPTS)
    live = json.dumps({"indexURL": "pyodide/", "lockFileURL": "pyodide/lock.json", "memory": "pyodide/memory", "integrity": ""})
    return f"""<!doctype html><html lang="en" class="mombook"><head><meta charset="utf-8"><title>panels</title>
<script>document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
document.documentElement.dataset.scripts = "on";</script><script src="class.js"></script>
<link rel="stylesheet" href="panel.css"><link rel="stylesheet" href="style.css"></head>
<body><button type="button" id="theme">Dark</button><div class="page"><main id="text">{body}</main></div>
<script type="application/json" id="live">{live}</script>{scripts}</body></html>"""


def route(context, faces, scripts):
    """Answer a context's requests: the page, the files of ``web/`` and of the front end, plotly.js."""
    page = document(faces, scripts)

    def fulfil(asked):
        name = asked.request.url.removeprefix(BASE).split("#")[0].split("?")[0]
        if name == "":
            asked.fulfill(body=page, content_type="text/html")
        elif name == "plotly.min.js":
            asked.fulfill(path=library())
        elif name.startswith(f"{stored.FOLDER}/"):
            asked.fulfill(body=scripts[Path(name).stem], content_type="text/javascript; charset=utf-8")
        elif found := next((f / name for f in (ROOT / "web", front.FOLDER) if (f / name).is_file()), None):
            asked.fulfill(path=found)
        else:
            asked.fulfill(status=404, body="")

    context.route(f"{BASE}**", fulfil)


def face(name, line="", simulate=False):
    """A panel at a line as the site's builder makes it, for speed with its simulation left out."""
    from unittest import mock

    from mombook.panels import definition

    panel = definition(name)
    if simulate:
        return figures.face(name, panel.write(panel.read(line)))
    with mock.patch.object(type(panel), "sample", lambda self, scenario: iter(())):
        told = figures.face(name, panel.write(panel.read(line)))
    return {**told, "simulates": described(panel)["simulates"]}


class FrontPage:
    """A tab with some panels; the verbs of ``SitePage`` that its tests need."""

    def __init__(self, browser, faces, width=1400, dark=False, fragment="", scripts=None, asleep=False):
        self.context = browser.new_context(viewport={"width": width, "height": 1000}, accept_downloads=True,
                                           color_scheme="dark" if dark else "light")
        self.context.set_default_timeout(120_000)
        route(self.context, faces, scripts or {})
        self.page, self.width = self.context.new_page(), width
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.thread = ThreadPoolExecutor(1)                             # one, as in a worker: simulations are generators

        def answer(call, args):
            self.calls.append((call, *args))
            head, numbers = self.thread.submit(self.remote.answer, call, *args).result()
            return [head, numbers.tolist()]

        self.page.expose_function("answer", answer)
        self.page.add_init_script(f"window.asleep = {json.dumps(asleep)}; {WORKER}")
        self.asleep = asleep
        self.open(fragment)

    def open(self, fragment=""):
        """Load the page; another time it is as new, but the browser still has its scripts compiled."""
        self.remote, self.calls, self.errors = Remote(), [], []
        self.page.goto("about:blank")
        self.page.set_viewport_size({"width": self.width, "height": 1000})
        self.page.goto(BASE + fragment)
        self.page.wait_for_function("document.documentElement.dataset.drawn === 'yes'")
        if not self.asleep:
            self.page.wait_for_function("document.documentElement.dataset.python === 'ready'")

    def panel(self, key):
        """The script of a panel."""
        return f"mombook.panels.find((panel) => panel.key === '{key}')"

    def rest(self, key):
        """Until the panel has drawn its refined answer; its simulation, of a second or more, is stopped."""
        self._until(key, "true")
        self.page.evaluate(f"() => {{ const p = {self.panel(key)}; if (p.running) p.halt(); }}")

    def settle(self, key):
        """Until the panel rests, its simulation at its end."""
        self._until(key, "!p.running")

    def _until(self, key, condition):
        self.page.wait_for_function(f"""() => {{ const p = {self.panel(key)};
          return !p.wanted && !p.unsettled && !p.calls.length && {condition}
            && (!p.engine.job || p.engine.job.urgency > 2); }}""")
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))")

    def plotted(self, key):
        """What is drawn: trace -> arrays."""
        return self.page.evaluate(f"{self.panel(key)}.figure.plotted")

    def layout(self, key):
        """Plotly's layout."""
        return json.loads(self.page.evaluate(f"JSON.stringify({self.panel(key)}.figure.layout)"))

    def part(self, key, css):
        """An element of a panel."""
        return self.page.locator(f"#panel-{key} {css}").first

    def line(self, key):
        """The scenario line on screen."""
        return self.part(key, ".line input").input_value()

    def type(self, key, line):
        """Type a scenario line."""
        self.part(key, ".line input").fill(line)
        self.part(key, ".line input").press("Enter")

    def press(self, key, name):
        """A button by its name."""
        self.page.locator(f"#panel-{key}").get_by_role("button", name=name, exact=True).click()

    def export(self, key, name):
        """Choose something from the menu of exports."""
        self.part(key, ".menu summary").click()
        self.press(key, name)

    def slider(self, key, label):
        """A slider by its label."""
        return self.page.locator(f"#panel-{key} .slider").filter(
            has=self.page.locator(f"span:text-is({json.dumps(label, ensure_ascii=False)})")).locator("input[type=range]")

    def saved(self, key, name, folder):
        """What an item of the menu of exports downloads: (file name, text)."""
        with self.page.expect_download() as waiting:
            self.export(key, name)
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path.name, path

    def close(self):
        """Close the tab."""
        self.context.close()
        self.give_up()
        self.thread.shutdown()

    def give_up(self):
        """End what Python still simulates for the page."""
        for key in list(self.remote._running):
            self.thread.submit(self.remote._give_up, key)


def anew(tabs, *given, **more):
    """The one tab of a list, as if just opened; what is given makes it when there is none."""
    if tabs:
        tabs[0].give_up()
        tabs[0].page.evaluate("localStorage.clear()")
        tabs[0].open()
    else:
        tabs.append(FrontPage(*given, **more))
    return tabs[0]
