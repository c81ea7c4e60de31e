"""The pure Python packages that go to the browser beside mombook: what panels need there, and what tests need.

``lab-wheels.txt`` and ``test-wheels.txt`` pin each with its sha256, which pip holds every download against.

    python -m tools.site.pure lab ipywidgets anywidget plotly threadpoolctl ipython jedi micropip
    python -m tools.site.pure test threadpoolctl pytest hypothesis==6.155.7     (the last hypothesis that is pure Python)

resolves these names anew for Pyodide's Python (versions from constraints.txt where it has them) and rewrites the list.
"""

import email
import re
import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .places import CACHE, ROOT, Missing, alone, complaint, program

PYTHON = "3.14"
"""The Python of Pyodide 314."""

BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix", "platform_machine": "wasm32",
           "python_version": PYTHON, "python_full_version": f"{PYTHON}.2", "implementation_name": "cpython",
           "platform_python_implementation": "CPython", "extra": ""}
"""What a requirement's conditions are judged by."""

# Asked for by packages above and of no use where there is no terminal and no Jupyter server.
USELESS = {"pexpect", "ptyprocess", "widgetsnbextension"}

_PIP = ("-m", "pip", "download", "-q", "--disable-pip-version-check", "--only-binary=:all:", "--platform", "any",
        "--python-version", PYTHON)


def fetch(group, folder=CACHE / "wheels"):
    """The wheels of ``lab-wheels.txt`` or ``test-wheels.txt``, downloaded into ``folder`` unless they are there.

    Raises:
        Missing: pip cannot get them, or not with these hashes.
    """
    folder = Path(folder)
    pins = Path(__file__).with_name(f"{group}-wheels.txt")
    hashes = set(re.findall(r"sha256:([0-9a-f]{64})", pins.read_text()))
    with alone(folder):
        if not hashes <= _there(folder).keys():
            run = subprocess.run([program("python"), *_PIP, "--no-deps", "--require-hashes", "-d", folder, "-r", pins],
                                 capture_output=True, text=True)
            if run.returncode:
                raise Missing(f"the wheels of {pins.name} cannot be downloaded: {complaint(run.stderr, run.returncode)}")
    there = _there(folder)
    return sorted(there[h] for h in hashes)


def entry(wheel, others):
    """A wheel's entry in a Pyodide lock; of its requirements those count that are among ``others``, names of the lock."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (about,) = (n for n in names if n.endswith(".dist-info/METADATA"))
        about = email.message_from_bytes(archive.read(about))
    needs = [Requirement(line) for line in about.get_all("Requires-Dist") or []]
    needs = {canonicalize_name(n.name) for n in needs if n.marker is None or n.marker.evaluate(BROWSER)}
    code = [n for n in names if n.endswith(".py") and ".dist-info/" not in n and ".data/" not in n]
    modules = {n.split("/")[0].removesuffix(".py") for n in code}
    return {"name": canonicalize_name(about["Name"]), "version": about["Version"], "file_name": Path(wheel).name,
            "imports": sorted(modules), "depends": sorted(needs & set(others)), "install_dir": "site",
            "package_type": "package", "unvendored_tests": False, "sha256": sha256(Path(wheel).read_bytes()).hexdigest()}


def _there(folder):
    return {sha256(wheel.read_bytes()).hexdigest(): wheel for wheel in folder.glob("*.whl")}


def pin(group, names):
    """Rewrite a group's list (see above)."""
    known = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith(("#", "hypothesis"))]
    with tempfile.TemporaryDirectory() as scratch:
        constraints = Path(scratch, "constraints.txt")
        constraints.write_text("\n".join(known))
        subprocess.run([program("python"), *_PIP, "-d", scratch, "-c", constraints, *names], check=True)
        lines = []
        for wheel in sorted(Path(scratch).glob("*.whl")):
            name, version = wheel.name.split("-")[:2]
            if canonicalize_name(name) not in USELESS:
                lines.append(f"{canonicalize_name(name)}=={version} --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}")
    head = f"# Made by:  python -m tools.site.pure {group} {' '.join(names)}"
    Path(__file__).with_name(f"{group}-wheels.txt").write_text("\n".join([head, *lines, ""]))


if __name__ == "__main__":
    pin(sys.argv[1], sys.argv[2:])
