"""The site in a real Chromium: a tab, and the few verbs the tests speak."""

import json
import threading
from contextlib import contextmanager

import numpy as np

from tools.site import serve

from .lab import ARTEFACTS

FEW = 3
"""Stops of each slider at which the tests' site has stored answers: all take minutes to compute."""

READY = "() => ['ready', 'failed'].includes(document.documentElement.dataset.python)"
DRAWN = "() => document.documentElement.dataset.drawn === 'yes' || !document.querySelector('.panel')"
_PANEL = "window.mombook.panels.find(panel => panel.key === key)"
_PLOTTED = f"key => {_PANEL}.figure.plotted"
RESTS = f"""key => {{ const panel = {_PANEL};
  return panel.engine.state === 'ready' && !panel.wanted && !panel.unsettled && !panel.calls.length
    && (!panel.engine.job || panel.engine.job.urgency > 2); }}"""
_SIMULATED = f"key => ({RESTS})(key) && !{_PANEL}.running"


@contextmanager
def served(folder):
    """The folder on a free port of 127.0.0.1; yields the address."""
    listening = serve.server(folder, 0)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}/"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


class SitePage:
    """One browser tab; remembers every request and everything the console called an error or a warning."""

    def __init__(self, browser, base, width=1400, height=1000, dark=False, **more):
        self.base = base
        self.context = browser.new_context(viewport={"width": width, "height": height},
                                           color_scheme="dark" if dark else "light", **more)
        self.context.set_default_timeout(90_000)
        self.page = self.context.new_page()
        self.requests, self.console_errors, self.warnings = [], [], []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda said: said.type == "error" and self.console_errors.append(said.text))
        self.page.on("console", lambda said: said.type == "warning" and self.warnings.append(said.text))
        self.page.on("pageerror", lambda error: self.console_errors.append(str(error)))

    def open(self, name, alive=False):
        """Show a page with its figures drawn and, where asked for, its Python awake."""
        self.page.goto(f"{self.base}{name}")
        self.page.wait_for_function(DRAWN)
        if alive:
            self.wait_for_python()
        return self

    def wait_for_python(self, seconds=90):
        """Until Python is ready, which must not fail."""
        self.page.wait_for_function(READY, timeout=1000 * seconds)
        state, note = self.page.evaluate("[mombook.engine.state, mombook.engine.note]")
        assert state == "ready", note

    def close(self):
        """Close the tab."""
        self.context.close()

    @property
    def outside_requests(self):
        """Addresses asked for that are not the site's own."""
        return [url for url in self.requests if not url.startswith((self.base, "data:", "blob:", "about:"))]

    def plotted(self, key):
        """What has been drawn: trace name -> its arrays."""
        drawn = self.page.evaluate(_PLOTTED, key)
        return {name: {axis: np.array(values, float) for axis, values in arrays.items()} for name, arrays in drawn.items()}

    def rest(self, key, seconds=60):
        """Wait until the panel has drawn its refined answer; its simulation, which has Python busy for long, is stopped."""
        self._until(RESTS, key, seconds)
        self.page.evaluate(f"key => {{ if ({_PANEL}.running) {_PANEL}.halt(); }}", key)

    def settle(self, key, seconds=60):
        """Wait until the panel has nothing left to do, simulation included, and has been drawn."""
        self._until(_SIMULATED, key, seconds)

    def _until(self, condition, key, seconds):
        self.page.wait_for_function(condition, arg=key, timeout=1000 * seconds)
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")

    def part(self, key, css):
        """An element of a panel."""
        return self.page.locator(f"#panel-{key} {css}").first

    def words(self, key, css):
        """The text of an element of a panel."""
        return self.part(key, css).inner_text()

    def scenario(self, key):
        """The scenario line that is shown."""
        return self.part(key, ".line input").input_value()

    def slider(self, key, label):
        """The slider whose label this is."""
        return self.page.locator(f"#panel-{key} .slider").filter(
            has=self.page.locator(f"span:text-is({json.dumps(label, ensure_ascii=False)})")).locator("input[type=range]")

    def screenshot(self, name):
        """Keep a picture of the whole page in artefacts/, which git ignores."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.jpg", type="jpeg", quality=80, full_page=True)
