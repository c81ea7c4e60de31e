"""What a visitor of the site waits for, in headless Chromium: `python -m benchmarks.page` (part of `make bench` where it can).

A site is built in a scratch folder (reading pages and Python, without JupyterLite) and served on 127.0.0.1. A new browser,
with nothing cached, opens the first page: time to the first paint that has words, time until Python is ready. Then sliders
are moved by keys, a fresh stop at every press, one press when the last is painted.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.browser.lab import CHROMIUM_FLAGS, chromium_path, missing
from tests.browser.site import SitePage, served

from .browser import PRESSES, WATCH

FIRST = "01_the_paper_in_one_figure.html"


def waits(tab, pause):
    """Milliseconds from key press to painted curve, ``pause`` ms between them: up and down kappa, then decay, then d."""
    tab.page.evaluate(WATCH)                                            # it watches the first figure, which is this panel's
    for label, key in (("κ", "ArrowRight"), ("decay", "ArrowLeft"), ("κ", "ArrowLeft"), ("d", "ArrowRight")):
        tab.slider("tradeoff", label).focus()
        for _ in range(PRESSES // 4 + 1):
            before = tab.page.evaluate("() => window.waits.length")
            tab.page.keyboard.press(key)
            tab.page.wait_for_function("n => window.waits.length > n", arg=before, timeout=20_000)
            tab.page.wait_for_timeout(pause)
        tab.settle("tradeoff")
    return tab.page.evaluate("() => window.waits")


def rows():
    """Rows (what, measured, target, met) for the table."""
    from playwright.sync_api import sync_playwright

    from tools.site import distribution, pages, wheel

    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        live = distribution.install(folder, wheel.build(folder), groups=())
        pages.build(folder, live=live)
        python = sum(f.stat().st_size for f in (folder / "pyodide").rglob("*") if f.is_file())
        whole = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        paints = []
        with served(folder) as base:
            for _ in range(3):                                          # the last stays open
                browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
                tab, started = SitePage(browser, base), time.perf_counter()
                tab.page.goto(base + FIRST, wait_until="commit")
                tab.page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
                paints.append(tab.page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime"))
                tab.wait_for_python()
                awake = time.perf_counter() - started
                if len(paints) < 3:
                    browser.close()
            tab.settle("tradeoff")
            found = waits(tab, 120)
            browser.close()
    paint, wait, worst = statistics.median(paints), statistics.median(found), sorted(found)[int(0.9 * len(found))]
    return [
        ("first paint of a page, nothing cached, median of 3", f"{paint:.0f} ms", "< 1000 ms", paint < 1000),
        ("page live after, nothing cached", f"{awake:.1f} s", "< 20 s", awake < 20),
        (f"key press to painted curve in the page, median of {len(found)}", f"{wait:.0f} ms", "< 100 ms", wait < 100),
        ("  nine out of ten within", f"{worst:.0f} ms", "", True),
        ("the site without Python and JupyterLite", f"{(whole - python) / 1e6:.1f} MB", "< 15 MB", whole - python < 15e6),
    ]


if __name__ == "__main__":
    if why := missing():
        sys.exit(f"not measured: {why}")
    for what, measured, target, met in rows():
        print(f"{what:<58}{measured:>18}{target:>12}  {'ok' if met else 'MISSED'}")
