"""tools/lab.py: a reader's copy of the notebooks is made once and kept, and says what to press."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import lab


@pytest.fixture
def book(tmp_path):
    """A book of two notebooks, one with a figure."""
    folder = tmp_path / "book"
    folder.mkdir()
    shown = new_output("display_data", {lab.PANEL: {"panel": "sgd", "scenario": ""}, "text/plain": "a sentence"})
    cells = [new_markdown_cell("# One"), new_code_cell("1 + 1"), new_code_cell("panel", outputs=[shown])]
    nbformat.write(new_notebook(cells=cells), folder / "01_one.ipynb")
    nbformat.write(new_notebook(cells=[new_markdown_cell("# [Two](../NOTATION.md#two)")]), folder / "02_two.ipynb")
    (tmp_path / "NOTATION.md").write_text("# Notation")
    (folder / "01_one.py").write_text("# the source, which a reader's list of files need not show twice")
    return folder


def test_each_notebook_is_copied_once_and_what_a_reader_changed_stays(book, tmp_path):
    folder = tmp_path / "deep" / "mine"
    assert lab.copied(folder, book) == ["01_one.ipynb", "02_two.ipynb"]
    assert sorted(file.name for file in folder.iterdir()) == ["01_one.ipynb", "02_two.ipynb", "NOTATION.md"]
    (folder / "01_one.ipynb").write_text("the reader's own")
    (folder / "02_two.ipynb").unlink()
    assert lab.copied(folder, book) == ["02_two.ipynb"]
    assert (folder / "01_one.ipynb").read_text() == "the reader's own"


def test_what_to_press_stands_above_the_first_figure_and_nowhere_else(book, tmp_path):
    lab.copied(tmp_path / "mine", book)
    one, two = (nbformat.read(tmp_path / "mine" / name, as_version=4) for name in ("01_one.ipynb", "02_two.ipynb"))
    assert [cell.source for cell in one.cells] == ["# One", "1 + 1", lab.PRESS, "panel"]
    assert [cell.source for cell in two.cells] == ["# [Two](NOTATION.md#two)"]
    assert "Run All Cells" in lab.PRESS and "\n" not in lab.PRESS
    nbformat.validate(one)


@pytest.mark.parametrize("name", [file.name for file in sorted(lab.NOTEBOOKS.glob("0*.ipynb"))])
def test_every_notebook_with_a_figure_says_it(name):
    cells = lab.with_advice(nbformat.read(lab.NOTEBOOKS / name, as_version=4)).cells
    at = [cell.source for cell in cells].index(lab.PRESS)
    figures = [any(lab.PANEL in out.get("data", {}) for out in cell.get("outputs", [])) for cell in cells]
    assert figures[at + 1] and not any(figures[:at])


def test_lab_is_started_on_the_copy(book, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lab, "NOTEBOOKS", book)
    monkeypatch.setattr(lab.copied, "__defaults__", (book,))
    started = []
    monkeypatch.setattr(lab.os, "execv", lambda program, command: started.append(command))
    lab.main(["--folder", str(tmp_path / "mine"), "--notebook", "02_two.ipynb", "--port=9", "--no-browser"])
    assert f"--ServerApp.root_dir={tmp_path / 'mine'}" in started[0] and {"--port=9", "--no-browser"} < set(started[0])
    assert "--LabApp.default_url=/lab/tree/02_two.ipynb" in started[0]
    assert "2 notebooks copied" in capsys.readouterr().out
    lab.main(["--folder", str(book)])
    assert len(started) == 2 and not (book / "02_two.py").exists()
    assert "changes the book" in capsys.readouterr().out
