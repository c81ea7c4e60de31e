"""Run under Pyodide by wasm_tests.mjs: the engine's tests, on mombook as its wheel has it; the last value is the status."""

import os
import re
import shutil
from pathlib import Path

import pytest

import mombook

# Asked of a test's text: these it could not have here, and they are no part of the engine.
NOT_HERE = re.compile(r"^\s*(?:from|import) (?:mombook\.(?:explore|panels)|mombook import .*\b(?:explore|panels)\b"
                      r"|plotly|nbformat|jupytext|subprocess|yaml|tools)\b", re.MULTILINE)

LEFT_OUT = {
    "test_labels.py": "reads the repository's texts and computes nothing",
    "test_notebook_labels.py": "reads the repository's texts and computes nothing",
}
"""Test files of the engine that are not run here, each with its reason."""

SLOW = {
    "test_bounds.py::test_no_method_beats_the_bounds_of_its_family": "thousands of drawn gaps, as other tests here draw them",
    "test_bounds.py::test_tuned_methods_stay_below_the_upper_bounds": "hundreds of tunings, as other tests here tune",
    "test_fourth_moments.py::test_tuned_with_the_factor_methods_do_on_the_rows_what_theory_claims": "true runs on thousands "
                                                                                                    "of rows, again statistics",
    "test_scaling.py::test_measured_in_its_regime_theory_has_the_right_exponent": "hundreds of tunings again",
    "test_scaling.py::test_with_noise_it_covers_at_least_as_often_as_it_says": "counts how often an interval covers: "
                                                                               "statistics, whatever the arithmetic",
}
"""Single tests that would take two thirds of the time, each with what is not lost by leaving it out."""

book = Path("/book")
shutil.copytree("/repository/notebooks", book / "notebooks", ignore=shutil.ignore_patterns(".*"))
(book / "tests").mkdir()
for name in ("conftest.py", "pyproject.toml"):
    shutil.copy(Path("/repository", name), book)
for path in Path("/repository/tests").glob("*.py"):
    if path.name not in LEFT_OUT and not NOT_HERE.search(path.read_text()):
        shutil.copy(path, book / "tests")

# Doctests of the engine: the package's own modules, not its rooms for panels.
modules = [str(path) for path in Path(mombook.__file__).parent.glob("*.py") if not NOT_HERE.search(path.read_text())]
skipped = [f"--deselect=tests/{name}" for name in SLOW]
more = given                                                            # noqa: F821 -- wasm_tests.mjs sets it
os.chdir(book)
int(pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir=/book", *skipped, "tests", *modules, *more]))
