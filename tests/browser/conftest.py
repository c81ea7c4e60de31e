"""Fixtures for tests in a real browser.

They end with this folder's tests (scope "package"), not with the session: while Playwright is open its event loop runs
in the main thread, where nbval later drives its kernels.
"""

import os
import shutil
from pathlib import Path

import pytest

from .lab import CHROMIUM_FLAGS, LabPage, LabServer, chromium_path, missing

ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items):
    """Everything in this folder needs the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="package")
def chromium():
    """Debian's Chromium under Playwright; skips without one, fails instead when MOMBOOK_REQUIRE_BROWSER=1."""
    if why := missing():
        if os.environ.get("MOMBOOK_REQUIRE_BROWSER") == "1":
            pytest.fail(f"MOMBOOK_REQUIRE_BROWSER=1, but {why}", pytrace=False)
        pytest.skip(why)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


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
