"""mombook itself as a wheel, built from the working copy: the same bytes from the same sources, and no network."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .places import ROOT, program

SOURCES = ("pyproject.toml", "LICENSE", "README.md", "mombook")


def build(folder):
    """Build ``mombook-<version>-py3-none-any.whl`` into ``folder``, in place of any other version; returns its path.

    Raises:
        Missing: the site's venv, which has setuptools, is not there.
        RuntimeError: the build failed, with its messages.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:          # setuptools would ship what a build before this one left
        source, made = Path(scratch, "source"), Path(scratch, "made")
        for name in SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                source.mkdir(exist_ok=True)
                shutil.copy(ROOT / name, source / name)
        command = [program("python"), "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index",
                   "--disable-pip-version-check", "--wheel-dir", made, source]
        # Zip's first day: time stamps must not make two builds differ.
        run = subprocess.run(command, env=os.environ | {"SOURCE_DATE_EPOCH": "315532800"}, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(f"the wheel of mombook cannot be built:\n{run.stdout}{run.stderr}")
        (wheel,) = made.glob("mombook-*.whl")
        for old in folder.glob("mombook-*.whl"):
            old.unlink()
        return Path(shutil.copy(wheel, folder))
