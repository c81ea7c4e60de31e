"""Where things are, and the site's own programs: they live in a venv of their own, which `make` sets up."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
SITE = ROOT / "site"
CACHE = ROOT / "build" / "site"
"""Downloads, kept between builds; git ignores ``build/``."""

VENV = ROOT / ".venv-site"
"""JupyterLite bundles every extension it finds beside itself, so it is kept apart from the reader's own venv."""


class Missing(RuntimeError):
    """A part of the site cannot be made here; the message says which and why."""


def program(name):
    """The path of a program of the site's venv (``python``, ``node``, ``npm``), or else of the machine.

    Raises:
        Missing: neither has it.
    """
    own = VENV / "bin" / name
    found = str(own) if own.exists() else None if name == "python" else shutil.which(name)
    if found is None:
        raise Missing(f"{name} is neither in {VENV.name} nor on this machine; `make site` sets up {VENV.name}")
    return found
