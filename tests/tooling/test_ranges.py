"""The ends of the version ranges: what is asked of the resolver, and that the metadata of the wheel is complete."""

import email
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from lacking import needed

from tools import ranges
from tools.site import places, wheel

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_lowest_and_highest_keep_the_ranges_and_newest_drops_their_upper_ends():
    for versions, how in (("lowest", "lowest-direct"), ("highest", "highest"), ("newest", "highest")):
        first, second, *lines = ranges.wanted(versions, PROJECT)
        assert (first, second) == ("--resolution", how)
        extras = [line for name in ranges.EXTRAS for line in PROJECT["optional-dependencies"][name]]
        assert len(lines) == len(PROJECT["dependencies"]) + len(extras)
        assert all(("<" in line) == (versions != "newest") and ">=" in line for line in lines)


def test_the_tests_it_runs_are_there():
    for name in ranges.TESTS:
        assert list((ROOT / "tests" / name).glob("test_*.py")) and (ROOT / "mombook" / name / "__init__.py").is_file()


def test_workflows_call_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert [f.stem for f in files] == ["site", "tests", "weekly"]
    for file in files:
        jobs = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
        commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
        targets = [command.split()[1] for command in commands if command.startswith("make ")]
        assert all(f"\n{target}:" in makefile for target in targets), targets
        assert all(command.startswith(("make ", ".ci/run", ".github/publish.sh")) for command in commands)


@pytest.mark.slow
def test_the_wheel_says_what_it_is(tmp_path):
    try:
        path = wheel.build(tmp_path)
    except places.Missing as why:
        needed(why)
    with zipfile.ZipFile(path) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Description-Content-Type"].startswith("text/markdown") and "Two commands" in metadata.get_payload()
    assert {"Framework :: Jupyter", "Programming Language :: Python :: 3.14"} <= set(metadata.get_all("Classifier"))
    assert len(metadata.get_all("Project-URL")) == 3
