"""Fixtures for tests in a real browser.

They end with this folder's tests (scope "package"), not with the session: while Playwright is open its event loop runs
in the main thread, where nbval later drives its kernels.
"""

import shutil
from pathlib import Path
from types import SimpleNamespace

import lacking
import pytest

from .firefox import Firefox, firefox_path
from .front import anew
from .lab import CHROMIUM_FLAGS, LabPage, LabServer, chromium_path, missing
from .site import FEW, served

ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items):
    """Everything in this folder needs the browser, and some of it the site's tools.

    A page, its worker, a kernel and the tests share two cores: what fails is tried once more, and the summary counts it.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))
            if "site" in item.fixturenames:
                item.add_marker("site")


@pytest.fixture(scope="package")
def chromium():
    """Debian's Chromium under Playwright; skips without one."""
    if why := missing():
        lacking.needed(why)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tabs():
    """A file's one tab of the front end, when it has been opened (``front.anew``)."""
    opened = []
    yield opened
    for tab in opened:
        tab.close()


@pytest.fixture
def tab(chromium, faces, tabs):
    """A light, wide page of the panels that a file's own ``faces`` names, as if just opened."""
    tab = anew(tabs, chromium, faces)
    yield tab
    assert not tab.errors


@pytest.fixture
def firefox(tmp_path):
    """A Firefox of its own for the test; skips without one."""
    if not firefox_path():
        lacking.needed("no Firefox here: apt-get install firefox-esr, or name one in MOMBOOK_FIREFOX")
    with Firefox(tmp_path) as browser:
        yield browser


@pytest.fixture(scope="package")
def lab_server(chromium, tmp_path_factory):
    """JupyterLab on a copy of notebooks/; ``root`` is the copy's parent, where tests may put notebooks of their own."""
    root = tmp_path_factory.mktemp("lab_root")
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    with LabServer(root, tmp_path_factory.mktemp("lab_own")) as server:
        yield server


@pytest.fixture
def new_page(chromium, lab_server):
    """Opens tabs, each with its own cookies and storage, on the server; closes them after the test."""
    pages = []

    def opened(**size):
        pages.append(LabPage(chromium, lab_server, **size))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()


@pytest.fixture
def lab_page(new_page):
    """One tab."""
    return new_page()


@pytest.fixture(scope="package")
def site(tmp_path_factory):
    """The site with few stored answers and no JupyterLite, built once; ``why_not_alive`` is "" or says why pages are not."""
    from tools.site import distribution, pages, wheel
    from tools.site.places import Missing

    folder, live, why = tmp_path_factory.mktemp("site"), None, ""
    try:
        live = distribution.install(folder, wheel.build(folder), groups=())
    except Missing as missing_part:
        why = str(missing_part)
    try:
        names = pages.build(folder, live=live, most=FEW)
    except Missing as missing_part:
        lacking.needed(missing_part)
    return SimpleNamespace(folder=folder, names=names, why_not_alive=why)


@pytest.fixture(scope="package")
def address(site):
    """Where the site is served."""
    with served(site.folder) as base:
        yield base


@pytest.fixture(scope="package")
def live_address(site, address):
    """Where the site is served, its pages able to come alive."""
    if site.why_not_alive:
        lacking.needed(site.why_not_alive)
    return address
