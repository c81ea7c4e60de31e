"""tools/build_notebooks.py: the same bytes twice, staleness seen, wrong numbers caught by nbval, failures named."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_output

from tools import build_notebooks

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

NUMBERS = """\
# %% [markdown]
# # A title

# %%
import numpy as np
print(np.arange(3).sum())

# %%
np.float64(0.5)
"""

RESULT = """\
# %%
import mombook as mb
mb.Spectrum([1.0, 0.5], name="a < b")

# %% HTML of another kind
from IPython.display import HTML
HTML("<b>dropped</b>")
"""

WIDGET = """\
# %%
import ipywidgets
import plotly.graph_objects as go

# %%
ipywidgets.FloatLogSlider(value=100, description="kappa")

# %% Widgets in a box; then a figure that is no widget, whose HTML holds a random id.
display(ipywidgets.HTML("one sentence"), ipywidgets.VBox([ipywidgets.IntSlider()]))

# %%
go.Figure(go.Bar(y=[1, 2]))
"""


def nbval(folder, *notebooks):
    """Run strict nbval, with this repository's conftest, on notebooks elsewhere."""
    (folder / "conftest.py").write_text((ROOT / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, "-c", "/dev/null",
               "-o", f"pythonpath={ROOT / 'tests'}"]
    flags = ["-p", "nbval.plugin", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=60"]
    run = subprocess.run(
        [*command, *flags, *(folder / name for name in notebooks)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    return run.returncode, run.stdout + run.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with two notebooks and what building them wrote."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "01_numbers.py").write_text(NUMBERS)
    (folder / "02_widget.py").write_text(WIDGET)
    assert build_notebooks.main([], folder) == 0
    return folder


def test_building_twice_gives_the_same_bytes(built, capsys):
    assert build_notebooks.main(["--check"], built) == 0, capsys.readouterr().err


def test_only_text_and_no_widget_state_is_stored(built):
    text = (built / "02_widget.ipynb").read_text()
    notebook = json.loads(text)
    assert len(text) < 5000
    assert "widgets" not in notebook["metadata"]
    outputs = [output for cell in notebook["cells"] for output in cell["outputs"]]
    assert outputs and all(set(output["data"]) == {"text/plain"} for output in outputs)
    assert "value=100.0" in text


def test_a_result_of_mombook_is_stored_as_a_table_too_and_no_other_html(tmp_path):
    (tmp_path / "03_result.py").write_text(RESULT)
    assert build_notebooks.main([], tmp_path) == build_notebooks.main(["--check"], tmp_path) == 0
    first, second = (cell["outputs"][0]["data"] for cell in json.loads((tmp_path / "03_result.ipynb").read_text())["cells"])
    assert set(first) == {"text/plain", "text/html"} and set(second) == {"text/plain"}
    assert "".join(first["text/html"]).startswith('<div class="mombook">') and "a &lt; b" in "".join(first["text/html"])
    status, output = nbval(tmp_path, "03_result.ipynb")
    assert status == 0, output


def test_nbval_accepts_the_built_and_refuses_a_changed_number(built, tmp_path):
    for name in ("01_numbers.ipynb", "02_widget.ipynb"):
        (tmp_path / name).write_text((built / name).read_text())
    for name, old, new in [("01_numbers.ipynb", '"3\\n"', '"4\\n"'), ("02_widget.ipynb", "value=100.0", "value=101.0")]:
        changed = (built / name).read_text()
        assert old in changed
        (tmp_path / f"changed_{name}").write_text(changed.replace(old, new))
    names = ["01_numbers.ipynb", "02_widget.ipynb", "changed_01_numbers.ipynb", "changed_02_widget.ipynb"]
    status, output = nbval(tmp_path, *names)
    assert status == 1, output
    assert re.findall(r"FAILED .*?(\w+)\.ipynb::Cell (\d)", output) == [
        ("changed_01_numbers", "0"), ("changed_02_widget", "1"),
    ], output  # fmt: skip


def test_a_source_that_changed_is_stale_until_built_again(tmp_path, built, capsys):
    py, ipynb = tmp_path / "01_numbers.py", tmp_path / "01_numbers.ipynb"
    py.write_text(NUMBERS)
    assert build_notebooks.main(["--check-source"], tmp_path) == 1
    assert "01_numbers.ipynb: it has not been built" in capsys.readouterr().err
    ipynb.write_text((built / "01_numbers.ipynb").read_text())
    assert build_notebooks.main(["--check-source"], tmp_path) == 0
    py.write_text(NUMBERS.replace("arange(3)", "arange(4)"))
    assert build_notebooks.main(["--check-source", "01"], tmp_path) == 1
    complaint = capsys.readouterr().err
    assert "-print(np.arange(3).sum())" in complaint and "+print(np.arange(4).sum())" in complaint


def test_a_notebook_never_run_and_one_without_source_are_stale(tmp_path, built, capsys):
    (tmp_path / "01_numbers.py").write_text(NUMBERS)
    notebook = json.loads((built / "01_numbers.ipynb").read_text())
    notebook["cells"][1].update(execution_count=None, outputs=[])
    (tmp_path / "01_numbers.ipynb").write_text(json.dumps(notebook))
    (tmp_path / "09_orphan.ipynb").write_text((built / "01_numbers.ipynb").read_text())
    assert build_notebooks.main(["--check-source"], tmp_path) == 1
    complaint = capsys.readouterr().err
    assert "Cell 0 was saved without being run" in complaint and "09_orphan.ipynb: it has no .py" in complaint


BAD = """\
# %%
1 + 1

# %% [markdown]
# Words.

# %%
undefined_name
"""


def test_a_failing_cell_is_named_and_the_old_notebook_stays(tmp_path, capsys):
    (tmp_path / "01_bad.py").write_text(BAD)
    (tmp_path / "01_bad.ipynb").write_text("old")
    assert build_notebooks.main(["01"], tmp_path) == 1
    complaint = capsys.readouterr().err
    assert "01_bad.py, Cell 1 (undefined_name) failed" in complaint and "NameError" in complaint
    assert (tmp_path / "01_bad.ipynb").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["01_bad.ipynb", "01_bad.py"]


@pytest.mark.parametrize(
    "output, complaint",
    [
        (new_output("stream", name="stderr", text="UserWarning"), "writes to stderr"),
        (new_output("display_data", data={"text/plain": "<object at 0x7f00aabbccdd>"}), "memory address"),
        (new_output("display_data", data={"application/pdf": ""}), "application/pdf"),
    ],
)
def test_outputs_that_could_not_be_the_same_twice_are_refused(output, complaint):
    with pytest.raises(build_notebooks.BuildError, match=f"03.py, Cell 2.*{complaint}"):
        build_notebooks.stored(output, "03.py, Cell 2")


def test_an_appendix_comes_after_the_numbered_notebooks(tmp_path):
    for name in ("B_more", "10_tenth", "A_lemma", "02_second", "draft"):
        (tmp_path / f"{name}.py").write_text(NUMBERS)
    assert [py.stem for py in build_notebooks.sources([], tmp_path)] == ["02_second", "10_tenth", "A_lemma", "B_more"]
    assert [py.stem for py in build_notebooks.sources(["A"], tmp_path)] == ["A_lemma"]


def test_an_unknown_notebook_is_refused(tmp_path, capsys):
    assert build_notebooks.main(["77"], tmp_path) == 1
    assert "'77'" in capsys.readouterr().err
