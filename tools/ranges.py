"""Run the engine's tests on the ends of the version ranges in pyproject.toml:  python -m tools.ranges lowest | highest | newest

``lowest`` and ``highest`` are the ends of the ranges; ``newest`` ignores their upper bounds and says what they may become.
Each has a virtual environment of its own, .venv-lowest and so on, made by uv, which tools/uv.txt pins.
"""

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("lab", "data", "test")
TESTS = ("model", "exact", "sample", "tuning", "data", "sweeps", "study")
"""Folders of tests/ that are run, and doctests of the same packages."""


def wanted(versions, project):
    """What uv is to install, as its arguments.

    >>> wanted("newest", {"dependencies": ["numpy>=2.2,<2.5"], "optional-dependencies": {"lab": [], "data": [], "test": []}})
    ['--resolution', 'highest', 'numpy>=2.2']
    """
    lines = [*project["dependencies"], *(line for extra in EXTRAS for line in project["optional-dependencies"][extra])]
    if versions != "newest":
        return ["--resolution", "lowest-direct" if versions == "lowest" else "highest", *lines]
    least = []
    for requirement in map(Requirement, lines):
        low = next(part for part in requirement.specifier if part.operator == ">=")
        least.append(f"{requirement.name}{low}")
    return ["--resolution", "highest", *least]


def prepare(versions):
    """The Python of an environment with those versions, made anew."""
    folder = ROOT / f".venv-{versions}"
    python = folder / "bin" / "python"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--require-hashes", "-r", ROOT / "tools" / "uv.txt"], check=True)
    subprocess.run([python, "-m", "uv", "pip", "install", "-q", "--python", python, "--only-binary", ":all:",
                    *wanted(versions, project)], check=True)
    subprocess.run([python, "-m", "uv", "pip", "list", "--python", python], check=True)
    return python


def main(arguments=None):
    """The command line; returns the exit status of the tests."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("versions", choices=("lowest", "highest", "newest"))
    parser.add_argument("pytest", nargs="*", help="more arguments for pytest, after --")
    options = parser.parse_args(arguments)
    python = prepare(options.versions)
    places = [*(f"tests/{name}" for name in TESTS), *(f"mombook/{name}" for name in TESTS), "mombook/bounds.py"]
    return subprocess.run([python, "-m", "pytest", "-q", *places, *options.pytest], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
