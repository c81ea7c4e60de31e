"""Python's memory a moment after its start, which a page begins with: starting Python anew takes several times as long.

Pyodide can write its memory out and begin with it. It is taken when the modules of the standard library have been imported
that numpy and mombook import, and before numpy: compiled modules cannot be part of it. A browser whose WebAssembly can do less
than that of the node it was made with (node 20, say, than node 24) refuses it, and Python starts anew there.
"""

import ast
import hashlib
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

from .places import CACHE, ROOT, alone, program

NAME = "python.memory"
"""In the folder of Pyodide's core; gzip, under a name that no server takes for a coding of its own."""

SCRIPT = Path(__file__).with_suffix(".mjs")


def build(core, numpy, cache=CACHE / "memory"):
    """The memory as a file; it is not made again when ``cache`` has it.

    Args:
        core: the folder with Pyodide's core; numpy: its wheel's path; cache: a folder.

    Returns:
        The file's path.

    Raises:
        Missing: node cannot be had.
        RuntimeError: Python cannot be started or a module not imported, with the message.
    """
    modules = " ".join(sorted(imported()))
    stamp = b"".join(path.read_bytes() for path in (SCRIPT, Path(core, "pyodide-lock.json"), Path(numpy))) + modules.encode()
    target = Path(cache, hashlib.sha256(stamp).hexdigest()[:16], NAME)
    with alone(Path(cache)):
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            made = target.with_suffix(".part")
            run = subprocess.run([program("node"), SCRIPT, core, numpy, modules, made], capture_output=True, text=True)
            if run.returncode:
                raise RuntimeError(f"Python's memory cannot be kept:\n{(run.stdout + run.stderr)[-3000:]}")
            made.rename(target)
    return target


def integrity(path):
    """What ``fetch`` holds a file against."""
    return "sha256-" + b64encode(hashlib.sha256(Path(path).read_bytes()).digest()).decode()


def imported(folder=ROOT / "mombook"):
    """The standard library's modules that panels import, at the top of a module of mombook."""
    found = set()
    for path in Path(folder).rglob("*.py"):
        for line in ast.parse(path.read_text()).body:
            if isinstance(line, ast.Import):
                found |= {name.name for name in line.names}
            elif isinstance(line, ast.ImportFrom) and not line.level:
                found.add(line.module)
    return {name for name in found if name.split(".")[0] in sys.stdlib_module_names}
