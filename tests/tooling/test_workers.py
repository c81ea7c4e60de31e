"""Where workers share the tests: what is dear is made once, a notebook stays whole, and tests keep their names."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("test_a.py", "test_b.py", "test_c.py")
DEAR = """
import pytest
from pathlib import Path

@pytest.fixture(scope="session")
def lab_server(tmp_path_factory):
    with Path("made").open("a") as made:
        made.write("once ")
"""
CASES = """
import pytest

@pytest.mark.parametrize("k", range(4))
def test_of_a_page(lab_server, k): pass

def test_that_fails(): assert False
"""


@pytest.fixture
def output(tmp_path):
    """What pytest says of a few tests and a notebook that two workers share."""
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text() + DEAR)
    (tmp_path / "tests" / "browser").mkdir(parents=True)
    for name in NAMES:
        (tmp_path / "tests" / "browser" / name).write_text(CASES)
    cells = ["seen = []", *["seen.append(1)"] * 8, "assert len(seen) == 8"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [new_code_cell(cell, execution_count=k) for k, cell in enumerate(cells)]
    nbformat.write(new_notebook(metadata=kernel, cells=cells), tmp_path / "notebook.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", "-p", "xdist", "-n2",
               "--dist=loadscope", "--no-loadscope-reorder", "-p", "nbval.plugin", "--nbval", "--nbval-current-env", tmp_path]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
                   "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}               # loading all plugins takes seconds
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600).stdout


def test_what_is_dear_is_made_once_and_a_notebook_runs_in_one_kernel(tmp_path, output):
    assert (tmp_path / "made").read_text() == "once "
    assert output.splitlines()[-1].startswith("3 failed, 22 passed in ")
    failed = {line.split(" - ")[0] for line in output.splitlines() if line.startswith("FAILED")}
    assert failed == {f"FAILED tests/browser/{name}::test_that_fails" for name in NAMES}
