"""What pytest must know about this repository as a whole."""

import pytest
from hypothesis import settings

# The same cases in every run: a suite that decides must not depend on luck.
settings.register_profile("mombook", derandomize=True, deadline=None, database=None)
settings.load_profile("mombook")

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
