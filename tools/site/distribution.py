"""``site/pyodide/``: everything Python a page of the site loads, and the lock that lists it.

A page asks its worker for ``loadPackage("mombook")`` and gets numpy and scipy with it; JupyterLite loads the panels'
packages as well. With ``remote`` the core and the official packages stay where they are published and only the lock and
what Pyodide does not publish are put here.
"""

import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path

from packaging.utils import canonicalize_name

from . import compiled, memory, pure, pyodide

FOLDER = "pyodide"


def install(site, wheel, groups=("lab",), remote=None):
    """Fill ``site/pyodide/``.

    Args:
        site: the site's folder.
        wheel: mombook's wheel, already in ``site`` (see ``wheel.build``).
        groups: lists of pure Python packages to ship ("lab", "test"; see ``pure``).
        remote: None to ship Pyodide; else the address it is loaded from, or "official" for its own.

    Returns:
        Options for ``loadPyodide``, relative to ``site``: ``indexURL`` and ``lockFileURL``; and ``memory``, Python's memory to
        begin with, and the ``integrity`` it is held against.

    Raises:
        Missing: something cannot be downloaded; ValueError: ``remote`` is none of these.
    """
    if remote not in (None, "official") and not re.fullmatch(r"https?://.+/", remote):
        raise ValueError(f"remote must be 'official' or an address that ends in '/', got {remote!r}")
    folder = Path(site) / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fetched = pyodide.fetch()
    base = pyodide.public_address(fetched) if remote == "official" else remote
    wheels = [path for group in groups for path in pure.fetch(group)]
    ours = {canonicalize_name(path.name.split("-")[0]) for path in [*wheels, wheel]}
    packages = {name: entry for name, entry in pyodide.compiled(fetched).items() if name not in ours}
    shipped = [] if remote else [*pyodide.CORE, *(entry["file_name"] for entry in packages.values())]
    shipped = [fetched / name for name in shipped if name != "pyodide-lock.json"]
    if remote:
        packages = {name: {**entry, "file_name": base + entry["file_name"]} for name, entry in packages.items()}
    faster = compiled.wheels([path for path in [*shipped, Path(wheel)] if path.name.split("-")[0] in compiled.NAMES], fetched)
    packages = {name: _as_shipped(entry, faster) for name, entry in packages.items()}
    shipped, wheel = [faster.get(path, path) for path in shipped], faster[Path(wheel)]
    names = ours | set(packages)
    packages |= {entry["name"]: entry for entry in (pure.entry(path, names) for path in wheels)}
    packages["mombook"] = pure.entry(wheel, names)
    for path in [*shipped, *wheels, wheel]:
        shutil.copy(path, folder)
    info = json.loads((fetched / "pyodide-lock.json").read_text())["info"]
    (folder / "pyodide-lock.json").write_text(json.dumps({"info": info, "packages": packages}, indent=1))
    started = memory.build(fetched, fetched / pyodide.compiled(fetched)["numpy"]["file_name"])
    shutil.copy(started, folder)
    _licences(folder, fetched, [*shipped, *wheels])
    here = f"./{FOLDER}/"
    return {"indexURL": base or here, "lockFileURL": f"{here}pyodide-lock.json",
            "memory": f"{here}{memory.NAME}", "integrity": memory.integrity(started)}


def _as_shipped(entry, faster):
    """A package's entry of the lock with the sha256 of the wheel that is shipped in its place."""
    shipped = {path.name: path for path in faster.values()}.get(entry["file_name"])
    return {**entry, "sha256": hashlib.sha256(shipped.read_bytes()).hexdigest()} if shipped else entry


def _licences(folder, fetched, files):
    """``licences/``: each package's own licence texts, and who made the core."""
    for wheel in (path for path in files if path.suffix == ".whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if Path(name).name.upper().startswith(("LICEN", "COPYING", "COPYRIGHT", "NOTICE")) and not name.endswith(".py"):
                    target = folder / "licences" / wheel.name.split("-")[0] / name.replace("/", "_")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(name))
    about = json.loads((fetched / "package.json").read_text())
    (folder / "licences").mkdir(exist_ok=True)
    (folder / "licences" / "README.txt").write_text(
        f"Pyodide {about['version']} ({about['license']}), unchanged; its source is at {about['homepage']}.\n"
        "It holds CPython and its standard library (PSF licence); python.memory is its memory after it has started. numpy,\n"
        "scipy, scikit-learn and pandas are Pyodide's builds of them (BSD 3-Clause); of all but pandas the modules are\n"
        "compiled, and tests and headers left out. The texts beside this file come out of the packages.\n")
