"""Runs in the browser's Python: every wheel of /wheels/given goes to /wheels/made with its modules compiled."""

import importlib.util
import sys
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc
from pathlib import Path

SITE = f"/lib/python3.{sys.version_info.minor}/site-packages"
USELESS = (".pyi", ".pxd", ".h", ".a", ".pyx", ".tp", "/RECORD")
WITH_SOURCE = ("mombook",)                                              # what a reader may want to look at


def compiled(name, source):
    """The bytes of a .pyc that is never held against its source."""
    code = compile(source, f"{SITE}/{name}", "exec", dont_inherit=True, optimize=0)
    return _code_to_hash_pyc(code, importlib.util.source_hash(source), checked=False)


def members(archive):
    """What the made wheel holds, (name, bytes): no tests, no headers, and each module as Python would keep it."""
    for name in archive.namelist():
        path = Path(name)
        if name.endswith(("/", *USELESS)) or "tests" in path.parts[:-1]:
            continue
        if path.suffix != ".py" or ".data" in path.parts[0]:
            yield name, archive.read(name)
        elif path.parts[0] in WITH_SOURCE:
            yield name, archive.read(name)
            yield importlib.util.cache_from_source(name), compiled(name, archive.read(name))
        else:
            yield f"{name}c", compiled(name, archive.read(name))


for wheel in sorted(Path("/wheels/given").glob("*.whl")):
    with zipfile.ZipFile(wheel) as given, zipfile.ZipFile(f"/wheels/made/{wheel.name}", "w", zipfile.ZIP_DEFLATED) as made:
        names = []
        for name, content in members(given):
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)      # zip's first day, as in wheel.py
            names.append(name)
            if name.endswith(".dist-info/METADATA"):
                record = name.replace("METADATA", "RECORD")
        made.writestr(zipfile.ZipInfo(record), "".join(f"{name},,\n" for name in [*names, record]))
