"""Two editions of the built notebooks: the student's without the solutions of the exercises, the instructor's with them open.

Nothing is run: both are made of the saved notebooks. Their solutions are ``<details>`` in the text and cells tagged
``solution``.
"""

import re
import shutil
from pathlib import Path

import nbformat

EDITIONS = ("student", "instructor")

SOLUTION = re.compile(r"\n*^[ ]*<details><summary>Solution</summary>.*?^[ ]*</details>[ ]*$", re.S | re.M)
"""A folded solution, with the empty lines before it."""

ABOUT = ("The numbers in the solutions, computed:", "Each of them holds.")
"""Sentences about the cell that computes the solutions' numbers."""

GLOSSARY = "NOTATION.md"


def edition(notebook, who):
    """A notebook for ``who``, of EDITIONS; cells that are left empty go.

    Raises:
        ValueError: another ``who``, or something of a solution that would stay in a student's notebook.
    """
    if who not in EDITIONS:
        raise ValueError(f"an edition is one of {', '.join(EDITIONS)}; got {who!r}")
    made = nbformat.from_dict(notebook)
    for cell in made.cells:
        cell.source = cell.source.replace(f"../{GLOSSARY}", GLOSSARY)
    if who == "instructor":
        for cell in made.cells:
            cell.source = cell.source.replace("<details><summary>Solution", "<details open><summary>Solution")
            if _solves(cell):
                cell.metadata.get("jupyter", {}).pop("source_hidden", None)
        return made
    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source = _without(cell.source)
    made.cells = [cell for cell in made.cells if not _solves(cell) and (cell.source.strip() or cell.cell_type == "code")]
    text = [cell.source for cell in made.cells if cell.cell_type == "markdown"]
    left = [each for each in text if re.search(r"<summary>Solution|in the solutions", each)]
    if left:
        raise ValueError(f"a solution would stay in the student's edition: {left[0][-200:]!r}")
    return made


def _solves(cell):
    """Whether a cell computes solutions."""
    return "solution" in cell.metadata.get("tags", [])


def _without(text):
    """Prose without solutions and what is said about them."""
    text = SOLUTION.sub("", text)
    for sentence in ABOUT:
        text = re.sub(rf"^{re.escape(sentence)}[ ]*\n*", "", text, flags=re.M)
    return text.strip("\n")


def write(ipynbs, who, folder):
    """Write that edition of built notebooks into ``folder``, with the glossary that they link to.

    Returns:
        The paths written.

    Raises:
        ValueError: see ``edition``; a notebook that was not built; or a folder that holds the book's own notebooks.
    """
    folder, ipynbs = Path(folder), [Path(each) for each in ipynbs]
    if any(each.parent.resolve() == folder.resolve() for each in ipynbs):
        raise ValueError(f"an edition needs a folder of its own; got {folder}")
    for each in ipynbs:
        if not each.exists():
            raise ValueError(f"{each.name} has not been built: python -m tools.build_notebooks {each.stem}")
    made = {folder / each.name: edition(nbformat.read(each, as_version=4), who) for each in ipynbs}
    folder.mkdir(parents=True, exist_ok=True)
    for path, notebook in made.items():
        path.write_text(nbformat.writes(notebook, version=nbformat.NO_CONVERT, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.copy(Path(__file__).resolve().parents[1] / GLOSSARY, folder / GLOSSARY)
    return list(made)
