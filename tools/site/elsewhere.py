"""The notebooks on other people's machines: Binder runs the repository, Colab a copy whose first cell installs mombook.

Both find a notebook through a public repository, so there are links only where its name is known. Colab opens notebooks of
a branch: it is given the one the site is published from, which has the copies in ``colab/``.
"""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import quote

from .places import NOTEBOOKS, ROOT

FOLDER = "colab"
NEEDED = ("ipywidgets", "anywidget", "plotly", "threadpoolctl", "scikit-learn")
"""What a notebook needs beside mombook and brings no second Jupyter into Colab's own."""


def repository():
    """``owner/name`` of the git remote ``origin`` if that is a public repository on GitHub; else None."""
    asked = subprocess.run(["git", "remote", "get-url", "origin"], cwd=ROOT, capture_output=True, text=True)
    found = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(\.git)?/?$", asked.stdout.strip())
    return found and found[1]


def links(notebook, owner_and_name, branch="gh-pages"):
    """Where a notebook opens: a dict of the host's name to its address, empty without a repository.

    Args:
        notebook: its file name; owner_and_name: the repository on GitHub, or None; branch: where the site is published.
    """
    if not owner_and_name:
        return {}
    name = quote(Path(notebook).name)
    return {"Binder": f"https://mybinder.org/v2/gh/{owner_and_name}/HEAD?urlpath=lab/tree/notebooks/{name}",
            "Colab": f"https://colab.research.google.com/github/{owner_and_name}/blob/{branch}/{FOLDER}/{name}"}


def build(site, install, notebooks=NOTEBOOKS):
    """Write ``site/colab/``: every notebook behind a cell that installs mombook from ``install``, as pip understands it.

    Returns:
        The folder.
    """
    folder = Path(site) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.ipynb"):
        old.unlink()
    for path in sorted(Path(notebooks).glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"][:0] = [{"cell_type": "code", "id": "install", "metadata": {}, "execution_count": None,
                                  "outputs": [], "source": first_cell(install)}]
        (folder / path.name).write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder


def first_cell(install):
    """What Colab must run first: the packages, and leave to show widgets that are not its own."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    ranges = [line for lines in extras.values() for line in lines if re.match(r"[\w-]+", line)[0] in NEEDED]
    wanted = " ".join(f'"{line}"' for line in [f"mombook @ {install}", *ranges])
    return f"%pip install -q {wanted}\nfrom google.colab import output\n\noutput.enable_custom_widget_manager()"
