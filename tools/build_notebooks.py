"""Build notebooks/NN_*.ipynb from NN_*.py (jupytext's percent format), byte for byte the same every time; and appendices, A_*.

A cell's rich outputs are stored as their text (a panel as its repr, whose numbers strict ``--nbval`` compares) and, for
mombook's own results, the table of the same numbers. Ids, scripts, other HTML and pictures are dropped here, and the hook in
conftest.py takes them and all HTML from the comparison too. Text
that could not be the same twice (a memory address, anything on stderr) and outputs of an unknown kind stop the build
with the cell named.

    python -m tools.build_notebooks                   run every notebook, write those that changed
    python -m tools.build_notebooks 01                run notebooks/01_*.py only
    python -m tools.build_notebooks --pictures        draw the pictures that are missing; runs nothing
    python -m tools.build_notebooks --check-source    fail if any .ipynb has other cells than its .py; runs nothing, as
                                                      `make test` then lets nbval run and compare every notebook
    python -m tools.build_notebooks --check           run everything and fail on any byte that differs
    python -m tools.build_notebooks --edition student OUT       the saved notebooks without solutions, into the folder OUT
    python -m tools.build_notebooks --edition instructor OUT    the same with the solutions open; runs nothing
"""

import argparse
import difflib
import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from mombook.markup import OURS

from . import editions, pictures

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
NAMED = "[0-9A-Z]*_*"
"""Names of notebooks, in the order of the book when sorted: two digits and a title, or a letter and a title (appendix)."""

PANEL = "application/vnd.mombook.panel+json"         # a panel's name and scenario, from which the web page is built
COMPARED = ("text/plain", "text/markdown", "text/latex", PANEL)
# Random ids, megabytes of JavaScript, or pixels that depend on the machine. widget-view and the pictures are ignored by
# nbval of its own accord; conftest.py makes it ignore all of these.
DROPPED = (
    "application/vnd.jupyter.widget-view+json",
    "application/vnd.plotly.v1+json",
    "text/html",
    "image/png",
    "image/jpeg",
    "image/svg+xml",
)
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")

# No jupytext pairing in here: Lab would refuse to open a .ipynb that is newer than its .py, and builds always are.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class BuildError(Exception):
    """A notebook that cannot be built; the message names notebook and cell."""


def sources(names, folder=NOTEBOOKS):
    """The .py sources called ``names`` ("01", "01_title", "notebooks/01_title.py"); all of them when none is named."""
    found = sorted(folder.glob(f"{NAMED}.py"))
    if not names:
        return found
    chosen = []
    for name in names:
        hits = [py for py in found if py.stem.startswith(Path(name).stem)]
        if not hits:
            raise BuildError(f"no notebook source in {folder.name}/ starts with {Path(name).stem!r}")
        chosen += hits
    return chosen


def read(py):
    """The unexecuted notebook of ``py``: its cells, ids made from their text, and nothing else."""
    notebook = jupytext.read(py, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return notebook


def build(py, timeout=300):
    """The text of ``py``'s .ipynb, every cell executed in the source's own folder."""
    notebook = read(py)
    at = [0]
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],      # else ipykernel lectures about encryption at every start
        on_cell_start=lambda cell, cell_index: at.append(cell_index),
        resources={"metadata": {"path": str(py.parent)}},
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        lines = plain(str(error)).strip().splitlines()
        raise BuildError("\n".join([f"{cell_name(py, notebook, at[-1])} failed:", *lines[-25:]])) from None
    notebook.metadata.pop("widgets", None)      # the state of every widget: the 5 MB plotly bundle among it
    for position, cell in enumerate(notebook.cells):
        cell.metadata.pop("execution", None)    # time stamps
        if cell.cell_type == "code":
            where = cell_name(py, notebook, position)
            cell.outputs = [kept for output in cell.outputs if (kept := stored(output, where))]
    illustrate(notebook, py.with_suffix(".ipynb"))
    return written(notebook)


def illustrate(notebook, ipynb):
    """Pictures of panels, the ones in ``ipynb`` kept where the figure is the same."""
    old = nbformat.read(ipynb, as_version=4) if ipynb.exists() else None
    for why in pictures.illustrate(notebook, old, PANEL):
        print(f"{ipynb.name}: {why}", file=sys.stderr)


def stored(output, where):
    """``output`` as the .ipynb keeps it, None when nothing of it can be kept."""
    if output.output_type == "stream":
        if output.name == "stderr":
            raise BuildError(f"{where} writes to stderr (a warning?), which would differ elsewhere:\n{output.text}")
        texts = [output.text]
    elif output.output_type == "error":         # only in cells tagged raises-exception
        output.traceback = []                   # file names; Lab shows "Name: message" without it
        texts = [output.evalue]
    else:
        unknown = sorted(set(output.data) - set(COMPARED) - set(DROPPED))
        if unknown:
            raise BuildError(f"{where} displays {', '.join(unknown)}: COMPARED or DROPPED must say what to do with it")
        output.data = {kind: text for kind, text in output.data.items()
                       if kind in COMPARED or (kind == "text/html" and text.startswith(OURS))}
        output.metadata = {}
        if not output.data:
            return None
        texts = [text for text in output.data.values() if isinstance(text, str)]
    for text in texts:
        if ADDRESS.search(text):
            raise BuildError(f"{where} shows a memory address, new in every run; give the object a repr:\n{text[:200]}")
    return output


def cell_name(py, notebook, position):
    """How a message names a cell: file, number among the code cells (nbval's count), first line."""
    number = sum(cell.cell_type == "code" for cell in notebook.cells[:position])
    first = (notebook.cells[position].source.splitlines() or [""])[0]
    return f"{py.name}, Cell {number} ({first[:60]})"


def plain(text):
    """``text`` without terminal colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def written(notebook):
    """The notebook as the bytes on disk."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT, ensure_ascii=False) + "\n"


def write(path, text):
    """Replace ``path`` in one step, so that a reader never meets half a file."""
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(scratch, 0o644)                # mkstemp makes it private
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise


def source_difference(py):
    """Why the .ipynb is not the notebook of ``py``, in a few lines; empty when it is. Nothing is executed.

    Compared is what the author writes (kinds of cell, text, tags), so that a notebook opened, run and saved in Lab
    still passes; and each code cell must have been run, since nbval compares nothing where no execution count is.
    """
    ipynb = py.with_suffix(".ipynb")
    if not ipynb.exists():
        return "it has not been built"
    try:
        saved = nbformat.read(ipynb, as_version=4)
    except ValueError as error:                 # nbformat's NotJSONError is one
        return f"it is no notebook: {str(error)[:200]}"

    def face(notebook):
        lines = []
        for cell in notebook.cells:
            tags = "".join(f" #{tag}" for tag in cell.metadata.get("tags", []))
            lines += [f"[{cell.cell_type}{tags}]", *cell.source.splitlines()]
        return lines

    diff = list(difflib.unified_diff(face(saved), face(read(py)), ipynb.name, py.name, lineterm="", n=1))
    if diff:
        return shortened(diff)
    code = [cell for cell in saved.cells if cell.cell_type == "code" and cell.source.strip()]
    unrun = [n for n, cell in enumerate(code) if cell.execution_count is None]
    if unrun:
        return f"Cell {unrun[0]} was saved without being run, and nbval would compare nothing there"
    return ""


def output_difference(py):
    """As `source_difference`, but runs the notebook and compares every byte."""
    ipynb = py.with_suffix(".ipynb")
    if not ipynb.exists():
        return "it has not been built"
    old, new = (without_pictures(text) for text in (ipynb.read_text(encoding="utf-8"), build(py)))
    diff = difflib.unified_diff(old.splitlines(), new.splitlines(), "saved", "built now", lineterm="", n=1)
    return shortened(list(diff))


def illustrated(ipynb):
    """The text of a built notebook with its panels' pictures brought up to date."""
    notebook = nbformat.read(ipynb, as_version=4)
    illustrate(notebook, ipynb)
    return written(notebook)


def without_pictures(text):
    """A notebook's text without its pictures, which depend on the machine's fonts."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
            output.get("metadata", {}).pop("image/png", None)
    return written(notebook)


def shortened(diff, most=14):
    """The first lines of a diff, none of them endless."""
    more = [f"... and {len(diff) - most} lines more"] if len(diff) > most else []
    return "\n".join([line[:150] for line in diff[:most]] + more)


def main(arguments=None, folder=NOTEBOOKS):
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="only notebooks that start with this (01)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="run all and fail on any difference")
    how.add_argument("--check-source", action="store_true", help="fail if cells differ; runs nothing")
    how.add_argument("--pictures", action="store_true", help="draw missing pictures of panels; runs nothing")
    how.add_argument("--edition", nargs=2, metavar=("WHO", "OUT"),
                     help="write the student's or the instructor's edition of the saved notebooks into a folder; runs nothing")
    options = parser.parse_args(arguments)
    failed = False
    try:
        chosen = sources(options.names, folder)
        if options.edition:
            made = editions.write([py.with_suffix(".ipynb") for py in chosen], *options.edition)
            print(f"wrote {len(made)} notebooks and {editions.GLOSSARY} into {options.edition[1]}")
            return 0
    except (BuildError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if not options.names:
        for orphan in sorted(set(folder.glob("*.ipynb")) - {py.with_suffix(".ipynb") for py in chosen}):
            print(f"STALE {orphan.name}: it has no .py beside it", file=sys.stderr)
            failed = True
    for py in chosen:
        ipynb = py.with_suffix(".ipynb")
        try:
            if options.check or options.check_source:
                why = output_difference(py) if options.check else source_difference(py)
                if why:
                    print(f"STALE {ipynb.name}: {why}", file=sys.stderr)
                    failed = True
            else:
                text = illustrated(ipynb) if options.pictures else build(py)
                same = ipynb.exists() and ipynb.read_text(encoding="utf-8") == text
                if not same:
                    write(ipynb, text)
                print(f"{'same ' if same else 'wrote'} {ipynb.name} ({len(text.encode()):,} bytes)")
        except BuildError as error:
            print(f"FAILED {error}", file=sys.stderr)
            failed = True
    if failed and (options.check or options.check_source):
        print("The .py is the source: edit it, then `make notebooks`.", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
