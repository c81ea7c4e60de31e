"""JupyterLab on a copy of the notebooks: the reader's own, kept between visits, while the book stays as it is.

    python -m tools.lab                               open the first notebook in my_notebooks/
    python -m tools.lab --folder DIR --notebook NAME  another folder, another notebook
    python -m tools.lab ... --port=8889               what is left goes to JupyterLab
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
BESIDE = "NOTATION.md"
"""What the notebooks link to in the folder above theirs; a reader's folder has nothing above it, so it lies beside them."""

PANEL = "application/vnd.mombook.panel+json"

PRESS = ("**To bring the figures to life, press ⏩ in the toolbar above, or *Run ▸ Run All Cells* in the menu.** "
         "Then drag a slider, or use the arrow keys.")
"""What a reader is shown above the first figure."""


def with_advice(notebook):
    """A notebook with ``PRESS`` in a cell of its own above its first figure; one without figures as it is."""
    shows = [any(PANEL in output.get("data", {}) for output in cell.get("outputs", [])) for cell in notebook.cells]
    if any(shows):
        notebook.cells.insert(shows.index(True), nbformat.v4.new_markdown_cell(PRESS, id="press"))
    return notebook


def copied(folder, notebooks=NOTEBOOKS):
    """Put each notebook, and the page of notation they link to, into ``folder`` where it is not there yet.

    What is there stays as it is, byte for byte.

    Returns:
        The names of the notebooks that are new.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new = [file for file in sorted(notebooks.glob("*.ipynb")) if not (folder / file.name).exists()]
    for file in new:
        notebook = with_advice(nbformat.read(file, as_version=4))
        for cell in notebook.cells:
            cell.source = cell.source.replace(f"../{BESIDE}", BESIDE)
        nbformat.write(notebook, folder / file.name)
    if (notebooks.parent / BESIDE).exists() and not (folder / BESIDE).exists():
        shutil.copy(notebooks.parent / BESIDE, folder)
    return [file.name for file in new]


def main(arguments=None):
    """The command line; JupyterLab takes this process's place."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "my_notebooks", help="where the reader's copies are")
    parser.add_argument("--notebook", default="00_what_a_batch_buys.ipynb", help="the notebook that opens first")
    options, more = parser.parse_known_args(arguments)
    folder = options.folder.expanduser().resolve()
    if folder == NOTEBOOKS:
        print("The folder of the book itself is opened: what you save there changes the book.")
    elif new := copied(folder):
        print(f"{len(new)} notebooks copied to {folder}; a copy that is there is never overwritten.")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}",
               f"--LabApp.default_url=/lab/tree/{options.notebook}", "--LabApp.news_url=None",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
               *(["--allow-root"] if hasattr(os, "getuid") and os.getuid() == 0 else []), *more]
    sys.stdout.flush()
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
