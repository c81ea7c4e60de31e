"""Run under Pyodide by wasm_tests.mjs: the engine's tests, on mombook as its wheel has it; the last value is the status.

What differs there is the platform: integers of 32 bits, another libm, no threads and no processes. Two cases of a test show
that as well as all of them, as long as every public function of the engine runs.
"""

import importlib
import inspect
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
OF_ADVICE = ("test_certainty.py", "test_ladders.py")
"""Tests of ``study/advice.py``, which has none of its own name."""

ENTERED = set()
"""Codes that have run."""


def public(path):
    """The code of each public function and method of a module, by name."""
    module, found = importlib.import_module(".".join(path.relative_to(package.parent).with_suffix("").parts)), {}
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) == module.__name__:
            members = vars(value) if isinstance(value, type) else {name: value}
            for member, each in members.items():
                each = inspect.unwrap(getattr(each, "fget", None) or getattr(each, "func", each))
                if not name.startswith("_") and not member.startswith("_") and hasattr(each, "__code__"):
                    found[each.__code__] = f"{module.__name__}.{name}.{member}"
    return found


class Ends:
    """Runs of each test its first and its last case, after the doctests, and says which public functions did not run."""

    def pytest_collection_modifyitems(self, items):
        cases = {}
        for item in items:
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
        items[:] = [item for each in cases.values() for item in dict.fromkeys([each[0], each[-1]])]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        """Leave out a study's test once each public function of the study has run: a study asks questions of the rest."""
        study = f"mombook.study.{item.path.stem.removeprefix('test_')}."
        if item.path.parent == book / "tests" / "study" and item.path.name not in OF_ADVICE and not any(
                name.startswith(study) and code not in ENTERED for code, name in functions.items()):
            pytest.skip("each function of this study has run")

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.write_line(f"{len(ENTERED)} of {len(functions)} public functions ran")
        for name in sorted(name for code, name in functions.items() if code not in ENTERED):
            terminalreporter.write_line(f"did not run: {name}")


def entered(code, _):
    """Note that a function has begun, once."""
    ENTERED.add(code)
    return sys.monitoring.DISABLE


more = given                                                            # noqa: F821 -- wasm_tests.mjs sets it
os.chdir(book)
sys.path.insert(0, str(book / "tests"))                                 # conftest.py imports one of the tests' helpers
functions = {code: name for path in modules for code, name in public(Path(path)).items()}
events, tool = sys.monitoring.events, sys.monitoring.PROFILER_ID
sys.monitoring.use_tool_id(tool, "entered")
sys.monitoring.register_callback(tool, events.PY_START, entered)
for code in functions:
    sys.monitoring.set_local_events(tool, code, events.PY_START)
how = ["-q", "-p", "no:cacheprovider", "-c", "/book/pyproject.toml", "-m", "not slow"]
int(pytest.main([*how, *modules, "tests", *more], [Ends()]))
