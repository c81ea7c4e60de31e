"""Write the files of pinned packages: every package of a virtual environment with its version and its files' hashes.

    python -m tools.pins              keeps the versions that still satisfy constraints.txt and pyproject.toml
    python -m tools.pins --upgrade    takes the newest version of each package that constraints.txt does not name

The files hold for Linux, macOS and Windows and for every Python from 3.11 on: packages that only some of them need carry a
condition. They name no package index, so pip takes each package from the index it is set up with; the hashes are those of
the public index.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tools.install import ROOT, VENVS

UV = "tools/uv.txt"
OLDEST_PYTHON = "3.11"
EXTRAS = [f"--extra={name}" for name in ("lab", "data", "test")]
SOURCES = {         # the file -> what uv reads; "-" is standard input
    VENVS[".venv"].pins: (["pyproject.toml", *EXTRAS, "-"], "pip\nsetuptools\n"),
    VENVS[".venv-site"].pins: (["tools/site/requirements.in", f"--constraints={VENVS['.venv'].pins}"], ""),
    UV: (["-"], "uv\n"),
}
OPTIONS = ["--universal", "--fork-strategy=fewest", f"--python-version={OLDEST_PYTHON}", "--generate-hashes", "--no-config",
           "--system-certs", "--only-binary=:all:", "--no-header", "--no-annotate", "--quiet", "--constraints=constraints.txt"]
HEAD = "# Made by `make pins`. Do not edit: constraints.txt is the file to change.\n"


def write(*options):
    """Write every file of ``SOURCES``, in this order; ``options`` go to ``uv pip compile``."""
    with tempfile.TemporaryDirectory() as scratch:
        python = Path(scratch, "bin", "python")
        subprocess.run([sys.executable, "-m", "venv", scratch], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", UV], check=True, cwd=ROOT)
        for name, (sources, typed) in SOURCES.items():
            subprocess.run([python.with_name("uv"), "pip", "compile", *OPTIONS, *options, "-o", name, *sources],
                           input=typed, text=True, check=True, cwd=ROOT)
            path = ROOT / name
            path.write_text(HEAD + path.read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    write(*sys.argv[1:])
