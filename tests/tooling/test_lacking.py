"""What cannot be had here is skipped in words and counted; where nothing may be skipped, it fails."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CASES = """
import lacking, pytest

@pytest.fixture(scope="module")
def browser():
    lacking.needed("Chromium is missing:\\n  apt-get install chromium")

@pytest.mark.parametrize("k", range(3))
def test_of_a_page(browser, k): pass

def test_of_a_library(): pytest.importorskip("torch_that_nobody_has")

def test_of_torch(): pytest.skip("could not import 'torch': No module named 'torch'")

@pytest.mark.xfail
def test_expected_to_fail(): assert False

def test_that_passes(): pass
"""


def outcome(folder, workers=0, **settings):
    """pytest's output on ``CASES``, under this repository's conftest.py; shared by so many workers, or in one process."""
    (folder / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    (folder / "test_cases.py").write_text(CASES)
    environment = {name: value for name, value in os.environ.items() if name != "MOMBOOK_REQUIRE_ALL"} | settings
    environment |= {"PYTHONPATH": str(ROOT / "tests"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}     # loading all takes seconds
    shared = ["-p", "xdist", f"-n{workers}", "--dist=loadscope"] if workers else []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={folder}", *shared, folder]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    return run.returncode, run.stdout


@pytest.mark.parametrize("workers", [0, 2])
def test_skips_are_counted_by_reason_before_the_last_line(tmp_path, workers):
    status, output = outcome(tmp_path, workers)
    *_, head, first, second, third, last = output.splitlines()
    assert status == 0 and head == "5 skipped:"
    assert first == "     3  Chromium is missing: apt-get install chromium"
    assert second.startswith("     1  could not import 'torch'") and "torch_that_nobody_has" in third
    assert re.match(r"1 passed, 5 skipped, 1 xfailed in ", last)


@pytest.mark.parametrize("workers", [0, 2])
def test_where_nothing_may_be_skipped_a_skip_fails_but_for_libraries_of_others(tmp_path, workers):
    status, output = outcome(tmp_path, workers, MOMBOOK_REQUIRE_ALL="1")
    assert status == 1 and re.match(r"1 failed, 1 passed, 1 skipped, 1 xfailed, 3 errors in ", output.splitlines()[-1])
    assert "MOMBOOK_REQUIRE_ALL=1, but Chromium is missing: apt-get install chromium" in output


@pytest.mark.parametrize("wanted, found", [("none", None), ("python3", "python3"), ("", "chromium")])
def test_one_variable_names_the_browser(monkeypatch, wanted, found):
    from browser import lab

    monkeypatch.setenv("MOMBOOK_CHROMIUM", wanted)
    monkeypatch.setattr(lab.shutil, "which", lambda name: None if name == "none" else name)
    assert lab.chromium_path() == found


@pytest.mark.parametrize("status", [0, 1, 5])
def test_the_whole_check_ends_as_pytest_does(tmp_path, status):
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_text((ROOT / ".ci" / "run").read_text())
    (tmp_path / "Makefile").write_text(f"test:\n\t@echo a warning >&2; echo $(MOMBOOK_REQUIRE_ALL) in 0.1s; exit {status}\n")
    for name in ("chromium", "firefox-esr"):        # so that none is installed
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    outside = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    run = subprocess.run(["bash", ".ci/run"], cwd=tmp_path, env=outside | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert run.returncode == status and "a warning" in run.stdout and "***" not in run.stdout
    assert run.stdout.splitlines()[-1] == "1 in 0.1s" or run.stdout.splitlines()[-2:] == ["1 in 0.1s", "a warning"]
