"""What the tests of sweeps share: a small grid, comparisons bit for bit, and processes seen from outside."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from mombook.sweeps import grid as grids

TUNED = {"kappa": [10.0, 1e3, 1e5], "decay": [0.5, 1.5], "d": 40, "family": ["sgd", "asgd"], "batch": [1, 16, 256]}


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of a few rows, so that a small sweep has many."""
    monkeypatch.setattr(grids, "PART_SECONDS", 0.01)


def assert_same(one, other):
    """Bit for bit, nan where nan."""
    assert one.columns.keys() == other.columns.keys()
    for name, values in one.columns.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def parts(folder):
    """Name -> time of writing of the parts in a folder."""
    return {p.name: p.lstat().st_mtime_ns for p in Path(folder).glob("part-*.npz")}


def until(condition, seconds):
    """Wait until a condition holds; whether it does."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(met)


def alive(pid):
    """Whether a process runs. One that has ended, and waits for its parent to ask how, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not state.parent.parent.is_dir()
