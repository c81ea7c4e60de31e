"""``site/lab/``: the notebooks in JupyterLite, to be read, changed and run in the browser, mombook installed."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import nbformat

from tools.lab import with_advice

from .places import NOTEBOOKS, VENV, program

FOLDER = "lab"
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
NAME = "mombook in JupyterLite"
READY = ("mombook", "ipywidgets", "anywidget", "plotly", "threadpoolctl", "scikit-learn", "pandas", "ipython", "jedi", "comm")
"""What a notebook's Python has loaded when its first cell runs."""


def address(notebook, app="notebooks"):
    """Where in the site a notebook opens: alone (app "notebooks") or among tabs and files ("lab")."""
    return f"{FOLDER}/{app}/index.html?path={quote(Path(notebook).name)}"


def build(site, pyodide, notebooks=NOTEBOOKS):
    """Build ``site/lab/`` from nothing.

    Args:
        site: the site's folder.
        pyodide: what ``distribution.install`` returned for it.
        notebooks: the folder whose ``.ipynb`` go in.

    Returns:
        The folder.

    Raises:
        Missing: the site's venv is not there.
        RuntimeError: JupyterLite failed, or would load Pyodide from elsewhere than it was told to.
    """
    target = Path(site) / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:          # its task database must not remember an earlier build
        contents, out = Path(scratch, "contents"), Path(scratch, "out")
        contents.mkdir()
        for notebook in sorted(Path(notebooks).glob("*.ipynb")):
            (contents / notebook.name).write_text(_for_pyodide(notebook), encoding="utf-8")
        # JupyterLite looks at the user's Jupyter settings unless it is given others.
        own = {f"JUPYTER_{kind}_DIR": str(Path(scratch, kind.lower())) for kind in ("CONFIG", "DATA", "RUNTIME")}
        command = [program("python"), "-m", "jupyterlite_core", "build", "--lite-dir", scratch, "--contents", contents,
                   "--output-dir", out, "--no-sourcemaps", "--no-unused-shared-packages",
                   *(f"--apps={app}" for app in ("lab", "notebooks", "tree"))]
        path = os.pathsep.join([str(VENV / "bin"), os.environ["PATH"]])
        run = subprocess.run(command, cwd=scratch, env=os.environ | own | {"PATH": path}, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"JupyterLite cannot be built:\n{(run.stdout + run.stderr)[-3000:]}")
        _configure(out / "jupyter-lite.json", pyodide)
        for page in out.rglob("*.html"):
            _name(page)
        shutil.copytree(out, target)
    return target


def _name(page):
    """Give a page of JupyterLite the book's name, and the icon that browsers otherwise look for at the site's root."""
    icon = '<link rel="icon" href="favicon.ico">' if (page.parent / "favicon.ico").exists() else ""
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("<title>JupyterLite</title>", f"<title>{NAME}</title>{icon}", 1), encoding="utf-8")


def _for_pyodide(path):
    """A notebook that asks for JupyterLite's kernel by its name there, each text one string, as a server would send it."""
    notebook = with_advice(nbformat.read(path, as_version=4))
    notebook.metadata.kernelspec = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}
    return json.dumps(notebook, ensure_ascii=False)


def _configure(path, pyodide):
    """Say in ``jupyter-lite.json`` where Python is; addresses in it are relative to the folder it lies in."""
    config = json.loads(path.read_text())
    index, lock = ((f"./.{url}" if url.startswith("./") else url) for url in (pyodide["indexURL"], pyodide["lockFileURL"]))
    kernel = {"pyodideUrl": f"{index}pyodide.mjs", "loadPyodideOptions": {"lockFileURL": lock, "packages": list(READY)}}
    config["jupyter-config-data"].setdefault("litePluginSettings", {}).setdefault(KERNEL, {}).update(kernel)
    config["jupyter-config-data"]["appName"] = NAME
    config["jupyter-config-data"]["exposeAppInBrowser"] = True      # as window.jupyterapp, for tests and the curious
    path.write_text(json.dumps(config, indent=1, sort_keys=True))
