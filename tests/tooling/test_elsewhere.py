"""Colab and Binder: the links, and a copy for Colab run as Colab would run it."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import lacking
import pytest

from tools.site import elsewhere
from tools.site.places import NOTEBOOKS

pytestmark = pytest.mark.slow

# A PYTHONPATH of whoever runs the tests must not bring mombook along.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
FIRST = "01_the_paper_in_one_figure.ipynb"


def test_links_lead_to_files_of_the_repository_and_of_the_published_site(tmp_path):
    links = elsewhere.links(FIRST, "someone/mombook")
    assert sorted(links) == ["Binder", "Colab"]
    binder = links["Binder"].partition("urlpath=lab/tree/")[2]
    assert (NOTEBOOKS.parent / binder).is_file() and (NOTEBOOKS.parent / "environment.yml").is_file()
    colab = links["Colab"].partition("/blob/gh-pages/")[2]
    elsewhere.build(tmp_path, "git+https://github.com/someone/mombook")
    assert (tmp_path / colab).is_file()


def test_without_a_public_repository_there_are_no_links():
    assert elsewhere.links(FIRST, None) == {}


@pytest.mark.parametrize("remote, name", [("https://github.com/a-b/c.d.git", "a-b/c.d"), ("git@github.com:a/b", "a/b"),
                                          ("/somewhere/mombook", None), ("", None)])
def test_the_repository_is_read_off_the_remote(monkeypatch, remote, name):
    asked = subprocess.CompletedProcess([], 0, stdout=f"{remote}\n")
    monkeypatch.setattr(elsewhere.subprocess, "run", lambda *_, **__: asked)
    assert elsewhere.repository() == name


@pytest.fixture
def colab(tmp_path):
    """A fresh environment with all that Colab or pip would bring and without mombook; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip())
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "mombook" not in entry.name and not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "output.py").write_text("def enable_custom_widget_manager(): print('widgets are welcome')\n")
    assert subprocess.run([python, "-c", "import mombook"], capture_output=True, cwd=tmp_path,
                          env=ENVIRONMENT).returncode == 1
    return python


RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
code = [k for k, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
notebook.cells = notebook.cells[: code[2] + 1]
NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
nbformat.write(notebook, sys.argv[1])
"""


def test_a_copy_for_colab_installs_mombook_and_shows_its_panel(colab, tmp_path):
    from tools.site import wheel
    from tools.site.places import Missing

    try:
        package = wheel.build(tmp_path)
    except Missing as why:
        lacking.needed(why)
    copy = elsewhere.build(tmp_path, package.as_uri()) / FIRST
    offline = ENVIRONMENT | {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}
    run = subprocess.run([colab, "-c", RUN, copy], cwd=tmp_path, env=offline, capture_output=True, text=True, timeout=500)
    assert run.returncode == 0, run.stderr[-3000:]
    install, _, panel = (cell for cell in json.loads(copy.read_text())["cells"] if cell["cell_type"] == "code")
    assert any("widgets are welcome" in str(out.get("text")) for out in install["outputs"])
    assert "steps per e-fold" in str(panel["outputs"])
