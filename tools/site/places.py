"""Where things are, and the site's own programs: they live in a venv of their own, which `make` sets up."""

import fcntl
import shutil
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
SITE = ROOT / "site"
CACHE = ROOT / "build" / "site"
"""Downloads, kept between builds; git ignores ``build/``."""

VENV = ROOT / ".venv-site"
"""JupyterLite bundles every extension it finds beside itself, so it is kept apart from the reader's own venv."""

NPM_PACK = ("pack", "--loglevel=error", "--fetch-timeout=120000", "--fetch-retries=2", "--fetch-retry-mintimeout=2000",
            "--fetch-retry-maxtimeout=10000")
"""npm's arguments to download a package: two more attempts within 12 s, where npm itself would take 70 s."""


class Missing(RuntimeError):
    """A part of the site cannot be made here; the message says which and why."""


@contextmanager
def alone(folder):
    """Let one process at a time download into a folder, made here; others wait, and then have it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)                                # given back when the file is closed
        yield


def complaint(messages, status):
    """The line of a failed program's messages that says why: npm's first, any other program's last."""
    lines = messages.strip().splitlines() or [f"exit status {status}"]
    return next((line for line in lines if line.startswith("npm error code")), lines[-1])[-300:]


def program(name):
    """The path of a program of the site's venv (``python``, ``node``, ``npm``), or else of the machine.

    Raises:
        Missing: neither has it.
    """
    own = VENV / "bin" / name
    whole = own.exists() and (VENV / ".installed").exists()
    found = str(own) if whole else None if name == "python" else shutil.which(name)
    if found is None:
        raise Missing(f"{name} is neither in {VENV.name} nor on this machine; `make site-tools` sets up {VENV.name}")
    return found
