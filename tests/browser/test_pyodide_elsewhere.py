"""A site that ships no Pyodide but loads it from another address, as from Pyodide's own distribution."""

import json
import shutil

import lacking
import numpy as np
import pytest

import mombook as mb
from tools.site import distribution, pyodide, serve, wheel
from tools.site.places import Missing

from .site import SitePage, served

pytestmark = pytest.mark.site

PAGE = """<!doctype html><title>elsewhere</title><link rel="icon" href="data:,">
<script type="application/json" id="live">LIVE</script><script type="module" src="page.mjs"></script>"""

SCRIPT = """const at = (url) => new URL(url, location.href).href;
const { indexURL, lockFileURL } = JSON.parse(document.getElementById("live").textContent);
const { loadPyodide } = await import(at(indexURL) + "pyodide.mjs");
const python = await loadPyodide({ indexURL: at(indexURL), lockFileURL: at(lockFileURL) });
await python.loadPackage("mombook", { messageCallback() {} });
window.gap = python.runPython("import mombook as mb; mb.tune(mb.Spectrum.power_law(50, 1.5), 'asgd', batch=8).gap");
"""


class Elsewhere(serve.Handler):
    """A distribution that any page may load from."""

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


@pytest.fixture
def addresses(tmp_path, monkeypatch):
    """The site's address and that of the distribution it loads from."""
    try:
        site, away = tmp_path / "site", tmp_path / "away"
        package = wheel.build(site)
        shutil.copytree(pyodide.fetch(), away)
    except Missing as why:
        lacking.needed(why)
    (away / "index.html").touch()
    monkeypatch.setattr(serve, "Handler", Elsewhere)
    with served(away) as distant:
        options = distribution.install(site, package, groups=(), remote=distant)
        (site / "index.html").write_text(PAGE.replace("LIVE", json.dumps(options)))
        (site / "page.mjs").write_text(SCRIPT)
        with served(site) as near:
            yield near, distant


def test_python_comes_from_there_and_computes_the_same(chromium, addresses):
    near, distant = addresses
    tab = SitePage(chromium, near)
    tab.page.goto(near)
    tab.page.wait_for_function("() => window.gap !== undefined", timeout=120_000)
    here = mb.tune(mb.Spectrum.power_law(50, 1.5), "asgd", batch=8).gap
    np.testing.assert_allclose(tab.page.evaluate("window.gap"), here, rtol=1e-9)
    assert tab.console_errors == []
    from_there = {url.removeprefix(distant).partition("-")[0] for url in tab.outside_requests}
    assert {"pyodide.mjs", "pyodide.asm.wasm", "numpy", "scipy"} <= from_there
    assert all(url.startswith(distant) for url in tab.outside_requests)
    tab.close()
