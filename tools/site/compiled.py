"""Wheels as the browser reads them soonest: their modules compiled by its own Python, without tests and headers.

Pyodide unpacks its packages into memory at every visit, so that Python would compile each module anew: of the seconds from
a page's start to its first answer that is a third. Nothing else of a wheel is changed.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from .places import CACHE, alone, program

NAMES = ("numpy", "scipy", "scikit_learn", "mombook")
"""Whose wheels are compiled: what panels load. Of mombook the source stays beside it."""

SCRIPTS = [Path(__file__).with_name(name) for name in ("compile.mjs", "compile_wheels.py")]


def wheels(paths, core, cache=CACHE / "compiled"):
    """The wheels, compiled; those already in ``cache`` are not made again.

    Args:
        paths: of the wheels; core: the folder with Pyodide's core; cache: a folder.

    Returns:
        ``{path: path of the compiled wheel}``, of the same name.

    Raises:
        Missing: node cannot be had.
        RuntimeError: a wheel cannot be compiled, with Python's message.
    """
    stamp = b"".join(script.read_bytes() for script in SCRIPTS) + (Path(core) / "pyodide-lock.json").read_bytes()
    made = {path: Path(cache, hashlib.sha256(stamp + path.read_bytes()).hexdigest()[:16], path.name)
            for path in map(Path, paths)}
    with alone(Path(cache)):
        if lacking := [path for path, target in made.items() if not target.exists()]:
            with tempfile.TemporaryDirectory() as scratch:
                for folder in ("given", "made"):
                    Path(scratch, folder).mkdir()
                for path in lacking:
                    shutil.copy(path, Path(scratch, "given"))
                run = subprocess.run([program("node"), SCRIPTS[0], core, SCRIPTS[1], scratch], capture_output=True, text=True)
                if run.returncode:
                    raise RuntimeError(f"the wheels cannot be compiled for the browser:\n{(run.stdout + run.stderr)[-3000:]}")
                for path in lacking:
                    made[path].parent.mkdir(exist_ok=True)
                    shutil.move(Path(scratch, "made", path.name), made[path])
    return made
