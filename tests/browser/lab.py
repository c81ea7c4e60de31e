"""JupyterLab in a real Chromium: a server of its own, and a page with the few verbs the tests speak.

Nothing here touches the checkout or the user's Jupyter: the server has its own folders for everything.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_notebook

ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"

CHROMIUM_FLAGS = [
    "--no-sandbox",                         # containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",      # what the page asks for must be all that is asked for
    "--disable-component-update",
    "--disable-sync",
]

# The notebook in front.
_CURRENT = "window.jupyterapp?.shell?.currentWidget"
READY = f"() => {_CURRENT}?.context?.isReady && {_CURRENT}?.sessionContext?.session?.kernel?.status === 'idle'"
RUN_ALL = """() => {
  window.ranAll = false;
  window.jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { window.ranAll = true; });
}"""
RAN_ALL = f"() => window.ranAll && {_CURRENT}.sessionContext.session.kernel.status === 'idle'"
_NOT_RUN = f"""() => {_CURRENT}.content.widgets
  .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.getSource().trim())
  .filter(cell => cell.model.executionCount === null).map(cell => cell.model.sharedModel.getSource())"""
# Plain arrays, whatever plotly keeps them in (typed arrays, strings on a category axis).
_TRACE = """([name, figure]) => {
  const drawn = [...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot._fullData);
  const trace = drawn[figure]?._fullData.find(trace => trace.name === name);
  return trace ? {x: Array.from(trace.x ?? []), y: Array.from(trace.y ?? [])} : null;
}"""
_TRACE_NAMES = """() => [...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot._fullData)
  .map(plot => plot._fullData.map(trace => trace.name))"""


class LabServer:
    """`jupyter lab` on a free port, serving the folder ``root``; use it as a context manager."""

    def __init__(self, root, scratch, without=()):
        self.root = Path(root)
        self._without = without                 # extensions of Lab that are to be off
        self.token = secrets.token_hex(16)
        self.url = ""                           # known once the server listens
        self._scratch = Path(scratch)

    def __enter__(self):
        own = {f"JUPYTER_{kind}_DIR": str(self._scratch / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
        own |= {f"JUPYTERLAB_{kind}_DIR": str(self._scratch / kind.lower()) for kind in ("SETTINGS", "WORKSPACES")}
        own["IPYTHONDIR"] = str(self._scratch / "ipython")
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
        command += [
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0",               # the server takes a free port and writes which
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        # Else Lab asks in a pop-up, over the notebook's corner, whether it may fetch news.
        settings = self._scratch / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
        config = self._scratch / "config" / "labconfig"
        config.mkdir(parents=True)
        off = {"disabledExtensions": {name: True for name in self._without}}
        (config / "page_config.json").write_text(json.dumps(off))
        self.log = self._scratch / "lab.log"
        with self.log.open("w") as log:
            self._process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()               # Jupyter shuts its kernels down on the way out
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_it_answers(self, seconds=180):
        deadline, runtime = time.monotonic() + seconds, self._scratch / "runtime"
        while time.monotonic() < deadline:
            try:
                self.url = json.loads((runtime / f"jpserver-{self._process.pid}.json").read_text())["url"].rstrip("/")
                urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=2).close()
                return
            except (OSError, ValueError):       # no such file yet, or half of it
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")


class LabPage:
    """One browser tab on a `LabServer`."""

    def __init__(self, browser, server, width=1400, height=1000):
        self.server = server
        self._context = browser.new_context(viewport={"width": width, "height": height})
        self._context.set_default_timeout(90_000)
        self.page = self._context.new_page()
        self._requests, self.console_errors, self.bytes_received = [], [], 0
        self._context.on("request", lambda request: self._requests.append(request.url))
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _note(self, message):
        if message.type == "error":
            self.console_errors.append(f"{message.text} [{message.location['url']}]")

    def _count(self, frame):
        self.bytes_received += len(frame)

    def close(self):
        self._context.close()

    def open(self, notebook, width=None, height=None, timeout=90):
        """Show ``notebook`` (a path in the server's root) with its kernel ready; on a running kernel after a reload."""
        if width or height:
            size = self.page.viewport_size
            self.page.set_viewport_size({"width": width or size["width"], "height": height or size["height"]})
        self.page.goto(f"{self.server.url}/lab/tree/{notebook}?token={self.server.token}&reset")
        self._ready(timeout)

    def reload(self, timeout=90):
        """Reload the page, as F5 does; the kernel runs on."""
        self.page.reload()
        self._ready(timeout)

    def _ready(self, timeout):
        self.page.wait_for_function(READY, timeout=timeout * 1000)

    def run_all(self, timeout=120):
        """Run every cell; returns when each code cell has been run and the kernel rests."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_function(RAN_ALL, timeout=timeout * 1000)
        if left := self.page.evaluate(_NOT_RUN):
            raise AssertionError(f"cells were left out from {left[0]!r} on; errors shown: {self.errors_in_cells()}")

    def theme(self, name):
        """Dress the page ("JupyterLab Light", "JupyterLab Dark")."""
        self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
        dark = str("Dark" not in name).lower()
        self.page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=dark)

    def save(self):
        """Save the notebook, so that a reload finds its outputs."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def plotted(self, trace, figure=0, timeout=20):
        """What the page has drawn of the trace called ``trace`` in a figure counted from the top: x and y arrays."""
        try:
            self.page.wait_for_function(_TRACE, arg=[trace, figure], timeout=timeout * 1000)
        except self._timeout_error():
            names = self.page.evaluate(_TRACE_NAMES)
            raise AssertionError(f"no trace {trace!r} in figure {figure}; the page has drawn {names}") from None
        drawn = self.page.evaluate(_TRACE, [trace, figure])
        return tuple(np.array([np.nan if value is None else value for value in drawn[axis]]) for axis in "xy")

    def wait_for_trace(self, trace, condition, arg=None, k=0, timeout=30):
        """Until the k-th panel draws a trace for which a condition in JavaScript holds, ``(trace, arg) => boolean``."""
        self.page.wait_for_function(f"""([k, name, arg]) => {{
          const plot = document.querySelectorAll('.mombook-panel')[k]?.querySelector('.js-plotly-plot');
          const trace = plot?._fullData?.find((one) => one.name === name);
          return trace && ({condition})(trace, arg); }}""", arg=[k, trace, arg], timeout=1000 * timeout)

    def wait_until_changed(self, trace, before, figure=0, timeout=10, quiet=0.25):
        """`plotted` once its y differs from ``before`` and has been at rest for ``quiet`` seconds; the new x and y."""
        deadline, since, last = time.monotonic() + timeout, time.monotonic(), before
        while time.monotonic() < deadline:
            x, y = self.plotted(trace, figure)
            if not same(y, last):
                since, last = time.monotonic(), y
            elif not same(y, before) and time.monotonic() - since >= quiet:
                return x, y
            self.page.wait_for_timeout(20)
        raise AssertionError(f"the trace {trace!r} did not change and come to rest within {timeout} s")

    def panel(self, k=0):
        """The k-th panel of the page."""
        return self.page.locator(".mombook-panel").nth(k)

    def drawn(self, k=0, timeout=180):
        """Until the k-th panel, brought into view, has drawn its figure."""
        self.panel(k).wait_for(state="attached", timeout=1000 * timeout)
        self.panel(k).evaluate("panel => panel.scrollIntoView({ block: 'start' })")
        self.panel(k).locator(".js-plotly-plot .scatterlayer").first.wait_for(timeout=1000 * timeout)

    def rest(self, k=0, timeout=90):
        """Until the k-th panel shows, refined, what was asked of it last."""
        rests = """panel => { const it = panel.mombook;
          return it && !it.wanted && !it.unsettled && !(it.engine.job?.urgency < 3); }"""
        self.page.wait_for_function(rests, arg=self.panel(k).element_handle(), timeout=1000 * timeout)

    def sliders(self):
        """The labels of all sliders on the page, from the top."""
        return [" ".join(text.split()) for text in self.page.locator(".slider > span:first-child").all_inner_texts()]

    def handle(self, label, k=0):
        """The slider with this label of the k-th panel, scrolled into view."""
        slider = self.panel(k).locator(".slider").filter(
            has=self.page.locator("span", has_text=re.compile(rf"^\s*{re.escape(label)}\s*$")))
        if not slider.count():
            raise AssertionError(f"no slider {label!r}; the page has {self.sliders()}")
        slider.scroll_into_view_if_needed()
        return slider.locator("input[type=range]")

    def scenario(self, k=0):
        """The scenario line of the k-th panel."""
        return self.panel(k).get_by_role("textbox", name="scenario line").input_value()

    def export(self, name, k=0):
        """Choose something from the k-th panel's menu of exports."""
        self.panel(k).locator(".menu summary").click()
        self.panel(k).get_by_role("button", name=name, exact=True).click()

    def wait_for_sentence(self, pattern, k=0, timeout=20):
        """Until the k-th panel's sentence, or the table under it, matches."""
        matches = ("([panel, pattern]) => ['.sentence', 'pre.readout']"
                   ".some((part) => new RegExp(pattern).test(panel.querySelector(part)?.innerText))")
        self.page.wait_for_function(matches, arg=[self.panel(k).element_handle(), pattern], timeout=1000 * timeout)

    def press(self, label, key, times=1):
        """Press a key (ArrowRight, PageUp, Home) on a slider."""
        knob = self.handle(label)
        knob.focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def drag(self, label, dx, steps=8, release=True):
        """Drag a slider's knob by ``dx`` pixels with the mouse."""
        slider = self.handle(label)
        box, at = slider.bounding_box(), int(slider.input_value()) / int(slider.get_attribute("max"))
        x, y = box["x"] + 8 + at * (box["width"] - 16), box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + dx, y, steps=steps)
        if release:
            self.page.mouse.up()

    def text(self, css):
        """The visible text of the first element that matches."""
        return self.page.locator(css).first.inner_text()

    @property
    def outside_requests(self):
        """Addresses asked for that are not the server's own."""
        inside = (self.server.url, self.server.url.replace("http", "ws", 1), "data:", "blob:", "about:")
        return [url for url in self._requests if not url.startswith(inside)]

    def errors_in_cells(self):
        """The texts of tracebacks, stderr and broken widgets among the outputs."""
        broken = '.jp-RenderedText[data-mime-type$="error"], .jp-RenderedText[data-mime-type$="stderr"], '
        broken += '.jupyter-widgets-error-widget, .jp-OutputArea-output:has-text("Traceback (most recent call last)")'
        return self.page.locator(broken).all_inner_texts()

    def screenshot(self, name, full_height=False):
        """Keep a picture of the page in artefacts/, which git ignores; returns its path."""
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.screenshot(path=path, full_page=full_height)
        return path

    @staticmethod
    def _timeout_error():
        from playwright.sync_api import TimeoutError

        return TimeoutError


def panel_notebook(path, *cells):
    """Write a notebook whose first cell imports the panels and whose others are ``cells``."""
    cells = ["from mombook import explore", *cells]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(metadata=kernel, cells=[new_code_cell(cell) for cell in cells]), path)


def same(a, b):
    """Equal arrays, a gap (NaN) equal to a gap."""
    return np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")


def missing():
    """Why no browser can be driven here, and what to do about it; empty when one can."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is missing: pip install playwright"
    if not chromium_path():
        return "Chromium is missing: apt-get install chromium"
    return ""


def chromium_path():
    """Debian's Chromium, or a build of it by another name; ``MOMBOOK_CHROMIUM`` names the only one to try."""
    own = os.environ.get("MOMBOOK_CHROMIUM")
    return next(filter(None, map(shutil.which, [own] if own else ["chromium", "chromium-browser", "google-chrome"])), None)
