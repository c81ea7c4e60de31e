"""What two open notebooks keep: `python -m benchmarks.idle` (an hour; `--minutes 5` for less).

In one JupyterLab in headless Chromium, two notebooks with panels live through a storm of 300 changes on every slider, are
left alone, and are asked again: memory and threads of their kernels, comms, memory of the page's scripts. An idle notebook
must not grow.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from tests.browser.lab import CHROMIUM_FLAGS, LabPage, LabServer, chromium_path, missing, panel_notebook
from tests.browser.test_storm import STORM, use

NOTEBOOKS = {"one.ipynb": ("explore.tradeoff()", "explore.sgd()"), "two.ipynb": ("explore.heavy_ball()", "explore.asgd()")}
COMMS = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel._comms.size"


def kept(page):
    """MB and threads of the kernel, comms, and MB of the page's scripts after a collection of garbage."""
    session = page.page.context.new_cdp_session(page.page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return (*use(page), page.page.evaluate(COMMS), metrics["JSHeapUsedSize"] / 2**20)


def measured(minutes):
    """Rows (notebook, when, and ``kept``), after the storm and after so many minutes."""
    from playwright.sync_api import sync_playwright

    scratch = Path(tempfile.mkdtemp())
    try:
        (scratch / "root").mkdir()
        for name, cells in NOTEBOOKS.items():
            panel_notebook(scratch / "root" / name, "import os\nprint(os.getpid())", *cells)
        with sync_playwright() as playwright, LabServer(scratch / "root", scratch / "own") as server:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
            pages = {}
            for name, cells in NOTEBOOKS.items():
                page = pages[name] = LabPage(browser, server, width=1300, height=1000)
                page.open(name)
                page.run_all()
                for k in range(len(cells)):
                    page.drawn(k)
                for _ in range(2):                                      # the first fills what panels remember
                    page.page.evaluate(STORM)
                    page.rest(0)
            for when, pause in (("after the storm", 60), (f"{minutes:g} minutes later", 60 * minutes)):
                time.sleep(pause)
                for name, page in pages.items():
                    yield name, when, *kept(page)
            yield "requests that left the machine", sum(len(page.outside_requests) for page in pages.values())
            browser.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="how long the notebooks are left alone (60)")
    minutes = parser.parse_args().minutes
    if why := missing():
        raise SystemExit(f"Nothing can be measured here: {why}")
    print(f"{'':12}{'':20}{'kernel MB':>10}{'threads':>9}{'comms':>7}{'page MB':>9}")
    for row in measured(minutes):
        if len(row) == 2:
            print(*row, sep=": ")
        else:
            name, when, memory, threads, comms, heap = row
            print(f"{name:12}{when:20}{memory:10.0f}{threads:9d}{comms:7d}{heap:9.1f}", flush=True)
