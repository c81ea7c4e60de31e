"""Students' and instructors' editions: of every notebook the same but for its solutions, and none of these in the former."""

import re
from pathlib import Path

import nbformat
import pytest

from tools import build_notebooks, editions

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def prose(notebook):
    """The lines of its text cells."""
    return [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:3])
def test_a_student_has_everything_but_the_solutions(path):
    whole = nbformat.read(path, as_version=4)
    made = editions.edition(whole, "student")
    nbformat.validate(made)
    code = [cell for cell in whole.cells if cell.cell_type == "code" and "solution" not in cell.metadata.get("tags", [])]
    assert [cell for cell in made.cells if cell.cell_type == "code"] == code          # outputs and pictures too
    text, kept = "\n".join(prose(whole)), "\n".join(prose(made))
    answers = re.findall(r"<details><summary>Solution</summary>(.*?)</details>", text, re.S)
    solving = [cell for cell in whole.cells if "solution" in cell.metadata.get("tags", [])]
    assert len(answers) == len(re.findall("<summary>", text)) and (len(answers) > 1) == bool(solving)
    for answer in answers:
        for line in filter(None, map(str.strip, answer.splitlines())):
            assert len(line) < 30 or line not in kept, line
    for cell in solving:
        assert cell.source not in str(made)
    gone = [line for line in prose(whole) if line.replace("../NOTATION.md", "NOTATION.md") not in prose(made)]
    said = "\n".join(answers)
    for line in gone:                                                   # nothing else is lost
        assert line in said or line.strip() in ("<details><summary>Solution</summary>", "</details>", *editions.ABOUT), line
    assert "details>" not in kept and "../" not in kept and "solutions" not in kept


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:3])
def test_an_instructor_has_them_open(path):
    whole = nbformat.read(path, as_version=4)
    made = editions.edition(whole, "instructor")
    nbformat.validate(made)
    assert len(made.cells) == len(whole.cells)
    for ours, theirs in zip(made.cells, whole.cells, strict=True):
        assert ours.source.replace("<details open>", "<details>") == theirs.source.replace("../NOTATION.md", "NOTATION.md")
        assert ours.get("outputs") == theirs.get("outputs")
        if "solution" in theirs.metadata.get("tags", []):
            assert theirs.metadata.jupyter.source_hidden and not ours.metadata.get("jupyter", {}).get("source_hidden")
    assert "<details><summary>Solution" not in str(made)
    assert str(made).count("<details open>") == str(whole).count("<details><summary>Solution")


def test_the_command_writes_a_folder_whose_links_lead_somewhere(tmp_path, capsys):
    out = tmp_path / "class"
    assert build_notebooks.main(["--edition", "student", str(out), "01", "02"]) == 0
    assert sorted(each.name for each in out.iterdir()) == [
        "01_the_paper_in_one_figure.ipynb", "02_sgd_and_the_critical_batch.ipynb", "NOTATION.md"]
    assert "wrote 2 notebooks" in capsys.readouterr().out
    written, whole = (nbformat.read(folder / "01_the_paper_in_one_figure.ipynb", as_version=4)
                      for folder in (out, ROOT / "notebooks"))
    assert written == editions.edition(whole, "student")
    files = {link.split("#")[0] for line in prose(written) for link in re.findall(r"\]: (\S+\.md#\S+)", line)}
    assert files == {"NOTATION.md"}
    before = {path: path.read_bytes() for path in NOTEBOOKS[:2]}
    for wrong, says in ((["--edition", "teacher", str(out)], "one of student, instructor; got 'teacher'"),
                        (["--edition", "student", str(ROOT / "notebooks")], "a folder of its own"),
                        (["--edition", "student", str(out), "99"], "starts with '99'")):
        assert build_notebooks.main(wrong) == 1
        assert says in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in NOTEBOOKS[:2]}


def test_a_solution_in_other_words_stops_the_edition():
    cell = nbformat.v4.new_markdown_cell("1. Why?\n\n   <details>\n   <summary>Solution</summary>\n   Because.\n   </details>")
    with pytest.raises(ValueError, match="a solution would stay in the student's edition"):
        editions.edition(nbformat.v4.new_notebook(cells=[cell]), "student")
    unbuilt = ROOT / "notebooks" / "98_none.ipynb"
    with pytest.raises(ValueError, match=r"98_none\.ipynb has not been built"):
        editions.write([unbuilt], "student", ROOT / "build" / "none")
