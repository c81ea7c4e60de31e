"""The whole site, part by part; a part that cannot be made here is left out and named."""

import shutil
import time
from pathlib import Path

from . import api, distribution, elsewhere, lite, pages, wheel
from .places import SITE, Missing


def build(folder=SITE, pyodide="local", repository=None, say=print):
    """Build the site into ``folder``, from nothing.

    Args:
        folder: where; emptied first.
        pyodide: "local" ships Python for the browser with the site, "official" loads it from Pyodide's own distribution,
            an address loads it from there.
        repository: ``owner/name`` on GitHub, for links to Colab and Binder; None for none.
        say: told what was made, line by line.

    Returns:
        What is missing, a sentence each; empty when the site is whole.
    """
    folder, missing, live, started = Path(folder), [], None, time.perf_counter()

    def made(what, path):
        nonlocal started
        now = time.perf_counter()
        say(f"{what:<34}{_megabytes(path):7.1f} MB {now - started:6.1f} s")
        started = now

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / ".nojekyll").touch()              # GitHub Pages: files as they are
    try:
        package = wheel.build(folder)
        live = distribution.install(folder, package, remote=None if pyodide == "local" else pyodide)
        made("Python for the browser", folder / distribution.FOLDER)
    except Missing as why:
        missing.append(f"The figures stand still, and there are no notebooks to run: {why}.")
    if live:
        made("the notebooks in JupyterLite", lite.build(folder, live))
    try:
        code = api.addresses(api.PACKAGES)
        names = pages.build(folder, lab=bool(live), live=live, repository=repository, code=code)
        made(f"{len(names)} pages to read", [folder / name for name in names])
        reference = api.build(folder)
        made(f"{len(reference)} pages of reference", reference)
    except Missing as why:
        missing.append(f"There are no pages to read: {why}.")
    if repository:
        source = f"git+https://github.com/{repository}"
        made("copies for Colab", elsewhere.build(folder, source))
    return missing


def _megabytes(paths):
    files = paths.rglob("*") if isinstance(paths, Path) else paths
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6
