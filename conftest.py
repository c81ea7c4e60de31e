"""What pytest must know about this repository as a whole."""

import sys

import lacking
import pytest
import workers
from hypothesis import settings

# The same cases in every run: a suite that decides must not depend on luck.
settings.register_profile("mombook", derandomize=True, deadline=None, database=None)
settings.load_profile("mombook")

# nbformat's schemas would check internationalised addresses with it; a notebook has none, and it takes two seconds to load.
sys.modules["rfc3987_syntax"] = None

collect_ignore_glob = ["notebooks/*.py", "benchmarks/*", "build/*", ".venv/*"]


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path):
    """Make nbval compare of a notebook's outputs what tools/build_notebooks.py stores of them, and nothing else."""
    collectors = yield
    if file_path.suffix == ".ipynb":
        from tools.build_notebooks import DROPPED

        for collector in collectors:
            if hasattr(collector, "skip_compare"):
                collector.skip_compare = (*collector.skip_compare, *DROPPED)
    return collectors


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Say which tests go to one worker, where several share the tests."""
    return workers.scheduler(config, log)


def pytest_collection_modifyitems(config, items):
    """Begin with what takes longest, where several workers share the tests."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: workers.order(item.nodeid))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Make a skip a failure where nothing may be skipped."""
    return lacking.made_strict((yield))


def pytest_terminal_summary(terminalreporter):
    """Count what was skipped, by reason; pytest's own summary remains the last line."""
    for line in lacking.counted(filter(None, map(lacking.reason, terminalreporter.getreports("skipped")))):
        terminalreporter.write_line(line)
