"""What a visitor of the site waits for, in headless Chromium: `python -m benchmarks.page` (part of `make bench` where it can).

A site is built in a scratch folder (reading pages and Python, without JupyterLite) and served on 127.0.0.1. `--site FOLDER`
measures one that is there. A new browser, with nothing cached, opens a page: time to the first paint that has words, and to
the first move of a slider that moves a curve. No debugger is attached to that browser, since it would double the time that
plotly takes to start: a script in the page says what it saw. Another browser measures until Python is ready, and until it is
ready again after a reload. Then sliders are moved by keys, a fresh stop at every press, one press when the last is painted,
and to stops far away: on a page whose worker never answers, and on one with Python.
"""

import argparse
import functools
import gzip
import io
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.browser.lab import CHROMIUM_FLAGS, chromium_path, missing
from tests.browser.site import RESTS, SitePage, served
from tools.site import serve

from .browser import JUMP, PRESSES, WATCH

FIRST = "01_the_paper_in_one_figure.html"

# Moves the first slider every 50 ms, as soon as there is a curve; says when the page had words, and when a curve was anew.
TOUCH = """(() => {
  const drawn = () => document.querySelector('.js-plotly-plot')?._fullData?.map(({ x, y }) => [x?.join(), y?.join()]).join();
  const tell = () => {
    const { startTime } = performance.getEntriesByName('first-contentful-paint')[0];
    fetch(`/seen?${startTime},${performance.now()}`);
  };
  let first;
  const look = () => {
    const now = drawn(), slider = document.querySelector('.slider input[type=range]');
    first ??= now;
    if (now !== first) { requestAnimationFrame(() => setTimeout(tell)); return; }
    if (first) {
      slider.value = +slider.value + (slider.value === slider.max ? -1 : 1);
      slider.dispatchEvent(new Event('input'));
    }
    setTimeout(look, 50);
  };
  look();
})()"""
BLANK = ("10_claims.html", "notation.html", "teaching.html")            # without a figure


class Watched(serve.Handler):
    """The site with ``TOUCH`` in its pages; what that says is put into ``seen``. ``slow``: at 10 Mbit/s and 40 ms."""

    seen, slow, line = queue.Queue(), False, threading.Lock()

    def do_GET(self):
        path = Path(self.directory, self.path.lstrip("/"))
        if self.slow:
            time.sleep(0.04)
        if self.path.startswith("/seen?"):
            self.seen.put([float(ms) for ms in self.path.removeprefix("/seen?").split(",")])
            self._send(b"", "text/plain")
        elif self.path == "/touch.js":
            self._send(TOUCH.encode(), "text/javascript")
        elif path.suffix == ".html" and path.exists():
            self._send(path.read_bytes().replace(b"<head>", b'<head><script src="touch.js"></script>', 1), "text/html")
        else:
            super().do_GET()

    def _send(self, content, kind):
        content = gzip.compress(content)
        self.send_response(200)
        for name, value in {"Content-Type": kind, "Content-Encoding": "gzip", "Content-Length": len(content)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.copyfile(io.BytesIO(content), self.wfile)

    def copyfile(self, source, outputfile):
        while part := source.read(16_384):
            if self.slow:
                with self.line:
                    time.sleep(len(part) / (10e6 / 8))
            outputfile.write(part)


def touched(folder, page=FIRST, slow=False):
    """A page with nothing cached: ms to its first paint, and from there to the first curve that a slider has moved."""
    handler = type("Slow", (Watched,), {"slow": slow})
    server = serve.Server(("127.0.0.1", 0), functools.partial(handler, directory=str(folder), policies=serve.policies(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            [chromium_path(), "--headless", *CHROMIUM_FLAGS, "--window-size=1400,1000", f"--user-data-dir={profile}",
             "--remote-debugging-port=0", f"http://127.0.0.1:{server.server_port}/{page}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            paint, curve = Watched.seen.get(timeout=90)
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()
            server.server_close()
            thread.join()
    return paint, curve - paint


def waits(tab, moves, pause):
    """Milliseconds from key press to painted curve, ``pause`` ms apart; ``moves``: (slider, key), twelve presses each."""
    found = []
    for label, key in moves:
        tab.slider("tradeoff", label).focus()
        for _ in range(12):
            found.append(_wait(tab, lambda key=key: tab.page.keyboard.press(key), pause))
    return found


def jumps(tab, pause, refined=False):
    """The same for stops of kappa far from one another; ``refined``: from where the figure has been refined, simulating."""
    slider, found = tab.slider("tradeoff", "κ").element_handle(), []
    stops = 1 + int(slider.get_attribute("max"))
    for k in range(1, PRESSES // 2):
        found.append(_wait(tab, lambda k=k: tab.page.evaluate(JUMP, [slider, 19 * k % stops]), pause))
        if refined:
            tab.page.wait_for_function(RESTS, arg="tradeoff")
            tab.page.wait_for_timeout(pause)
    return found


def _wait(tab, act, pause):
    before = tab.page.evaluate("() => window.waits.length")
    act()
    tab.page.wait_for_function("n => window.waits.length > n", arg=before, timeout=20_000)
    tab.page.wait_for_timeout(pause)
    return tab.page.evaluate("() => window.waits.at(-1)")


def asleep(launch, base):
    """Waits on a page whose worker never answers: stop to stop, and far jumps."""
    browser = launch()
    tab = SitePage(browser, base)
    tab.context.route("**/worker.mjs", lambda route: route.fulfill(body="", content_type="text/javascript"))
    tab.open(FIRST)
    tab.page.wait_for_function("() => mombook.panels[0].stored.size")
    tab.page.evaluate(WATCH)                                            # it watches the first figure, which is this panel's
    found = waits(tab, [("κ", "ArrowRight"), ("κ", "ArrowLeft")] * 2, 120), jumps(tab, 120)
    browser.close()
    return found


def awake(launch, base):
    """Seconds until Python is ready, with nothing cached and after a reload; waits stop to stop, and far jumps."""
    browser = launch()
    tab, live = SitePage(browser, base), []
    for _ in range(3):
        started = time.perf_counter()
        tab.page.goto(base + FIRST, wait_until="commit")
        tab.wait_for_python()
        live.append(time.perf_counter() - started)
    tab.settle("tradeoff", 300)
    tab.page.evaluate(WATCH)
    found = waits(tab, [("κ", "ArrowRight"), ("κ", "ArrowLeft")], 120)
    tab.settle("tradeoff", 300)
    tab.slider("tradeoff", "decay").press("ArrowLeft")                  # a plane that has no stored answers
    tab.settle("tradeoff", 300)
    found += waits(tab, [("κ", "ArrowLeft"), ("decay", "ArrowLeft"), ("d", "ArrowRight")], 120)
    tab.settle("tradeoff", 300)
    far = jumps(tab, 700, refined=True)
    browser.close()
    return live[0], min(live[1:]), found, far


def opened(folder):
    """The first rows (what, ms, at most) of a site: how soon a page is alive."""
    pages = sorted(page.name for page in folder.glob("*.html") if page.name not in BLANK)
    paints, touches = zip(*(touched(folder) for _ in range(3)), strict=True)
    yield "first paint of a page, nothing cached, median of 3", statistics.median(paints), 1000
    yield "from there to the first curve that a slider moves", statistics.median(touches), 1000
    slowest, page = max((min(touched(folder, page)[1] for _ in range(2)), page) for page in pages)
    yield f"  on the slowest page, {page.partition('_')[0]}", slowest, 1000
    yield "the same at 10 Mbit/s and 40 ms", touched(folder, slow=True)[1], 3000


def measured(launch, base, stored=True):
    """The other rows, of a site that is served at ``base``; ``stored``: whether it has stored answers."""
    median = statistics.median
    if stored:
        near, far = asleep(launch, base)
        yield f"key press to painted curve before Python runs, median of {len(near)}", median(near), 50
        yield f"  far jumps, median of {len(far)}", median(far), 100
    cold, warm, near, far = awake(launch, base)
    yield "page live after, nothing cached", 1000 * cold, 20_000
    yield "page live after a reload", 1000 * warm, 6000
    yield f"key press to painted curve with Python, median of {len(near)}", median(near), 50
    yield "  nine out of ten within", sorted(near)[int(0.9 * len(near))], float("inf")
    yield f"  far jumps, median of {len(far)}", median(far), 100


def rows(folder=None):
    """Rows (what, measured, target, met) for the table; ``folder`` holds a site that is there already."""
    from playwright.sync_api import sync_playwright

    from tools.site import distribution, lite, pages, stored, wheel

    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        if folder is None:
            folder = Path(scratch)
            pages.build(folder, live=distribution.install(folder, wheel.build(folder), groups=()))

        def launch():
            return playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)

        with served(folder) as base:
            for what, ms, most in (*opened(folder), *measured(launch, base, (folder / stored.FOLDER).exists())):
                yield what, f"{ms:.0f} ms", f"< {most} ms", ms < most
        apart = {"pyodide", lite.FOLDER}
        whole = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and f.relative_to(folder).parts[0] not in apart)
        yield "the site without Python and JupyterLite", f"{whole / 1e6:.1f} MB", "< 15 MB", whole < 15e6


if __name__ == "__main__":
    if why := missing():
        sys.exit(f"not measured: {why}")
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", type=Path)
    for what, value, target, met in rows(parser.parse_args().site):
        print(f"{what:<58}{value:>18}{target:>12}  {'ok' if met else 'MISSED'}", flush=True)
