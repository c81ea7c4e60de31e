"""Which code computes: the versions that a sweep stores with its results and compares on every worker."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources

import numpy
import scipy

__version__ = "0.1.0"


APART = ("claims", "explore", "panels")
"""Subpackages that compute nothing in a sweep: the ledger, the figures and their front end."""


def source_digest(package: str) -> str:
    """The modules of a package and of its subpackages, without those in ``APART``, as 16 hexadecimal digits.

    Line ends do not count: Git may change them. The package may lie in a zip file.

    Args:
        package: its name.

    Returns:
        str; ``"none"`` for a package that comes without its source.
    """
    try:
        content = dict(sorted(_modules(resources.files(package))))
    except (OSError, TypeError):                                        # not every loader can list or read
        content = {}
    digest = hashlib.sha256()
    for name, text in content.items():
        digest.update(f"{name} {len(text)} ".encode() + text)
    return digest.hexdigest()[:16] if content else "none"


def _modules(folder, above=""):
    """(path within the package, content) of each module."""
    for file in folder.iterdir():
        if file.name.endswith(".py"):
            yield above + file.name, file.read_bytes().replace(b"\r\n", b"\n")
        elif file.is_dir() and file.name not in APART:
            yield from _modules(file, f"{above}{file.name}/")


# At import, not at the first sweep: a file edited since then is not the code that runs here.
VERSIONS = {"mombook": __version__, "source": source_digest(__package__), "numpy": numpy.__version__,
            "scipy": scipy.__version__}
"""Name -> version of everything that a computed number depends on."""


def differences(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """What differs between two such mappings, in words.

    >>> differences({"numpy": "2.4.1", "source": "aa"}, {"numpy": "2.4.2", "source": "bb"})
    ["mombook's source differs", 'numpy 2.4.1 there, 2.4.2 here']
    """
    changed = [name for name in sorted({*there, *here}) if there.get(name) != here.get(name)]
    said = ["mombook's source differs"] if "source" in changed else []
    return said + [f"{name} {there.get(name, 'unknown')} there, {here.get(name, 'unknown')} here"
                   for name in changed if name != "source"]
