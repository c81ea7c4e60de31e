"""Run under Pyodide by wasm_tests.mjs: the engine's tests, on mombook as its wheel has it; the last value is the status."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

import mombook

# Asked of a test's text: these it could not have here, and they are no part of the engine.
NOT_HERE = re.compile(r"^\s*(?:from|import) (?:mombook\.(?:explore|panels)|mombook import .*\b(?:explore|panels)\b"
                      r"|plotly|nbformat|jupytext|subprocess|yaml|tools)\b", re.MULTILINE)

LEFT_OUT = {
    "test_types.py": "reads annotations, of the panels too, and computes nothing",
    "test_sklearn.py": "scikit-learn's checks of an estimator, in the release there, are not those this is written for",
    "test_fuzz.py": "stops long calls by a signal, which this Python does not have",
}
"""Test files of the engine that are not run here, each with its reason."""

book = Path("/book")
shutil.copytree("/repository/notebooks", book / "notebooks", ignore=shutil.ignore_patterns(".*"))
(book / "tests").mkdir()
for name in ("conftest.py", "pyproject.toml"):
    shutil.copy(Path("/repository", name), book)
ENGINE = [".", "model", "exact", "sample", "tuning", "data", "sweeps", "study"]
for path in [path for folder in ENGINE for path in Path("/repository/tests", folder).glob("*.py")]:
    if not path.name.startswith("test_") or (path.name not in LEFT_OUT and not NOT_HERE.search(path.read_text())):
        copy = book / path.relative_to("/repository")
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(path, copy)

# Doctests of the engine: the package's own modules, not the panels.
package = Path(mombook.__file__).parent
modules = [str(path) for folder in ENGINE for path in (package / folder).glob("*.py") if not NOT_HERE.search(path.read_text())]
more = given                                                            # noqa: F821 -- wasm_tests.mjs sets it
os.chdir(book)
sys.path.insert(0, str(book / "tests"))                                 # conftest.py imports one of the tests' helpers
int(pytest.main(["-q", "-p", "no:cacheprovider", "-c", "/book/pyproject.toml", "-m", "not slow", "tests", *modules, *more]))
