"""Set up a virtual environment of this repository:  python tools/install.py .venv | .venv-site

Every package is pinned with the hash of its files, and pip refuses any other file. Only Python's standard library is needed.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINNED_FOR = ((3, 11), (3, 14))
"""The oldest and the newest Python for which every pinned package has a wheel."""

PINNED = "pinned\n"
"""What ``.installed`` says in an environment of pinned packages."""


@dataclass(frozen=True)
class Venv:
    """What a virtual environment holds.

    Args:
        pins: the file of pinned packages; named: pip's arguments that install the same from constraints.txt alone.
        cost: disk space, download and time, in words; mombook: whether mombook itself is installed, editable.
    """

    pins: str
    named: tuple
    cost: str
    mombook: bool = False


VENVS = {
    ".venv": Venv("requirements.txt", ("-e", ".[lab,data,test]"), "1.1 GB on disk, about 2 minutes; needed once", True),
    ".venv-site": Venv("tools/site/requirements.txt", ("-r", "tools/site/requirements.in"),
                       "the tools of the web pages, 370 MB on disk, about 1 minute; 65 MB more when first used; needed once"),
}


class Failed(RuntimeError):
    """The environment cannot be set up; the message is one sentence."""


def install(name, pinned=True):
    """Set up the virtual environment ``name`` in the repository; an interrupted installation is begun anew.

    Args:
        name: a key of ``VENVS``.
        pinned: False installs the versions of constraints.txt without hashes, for platforms that have no pinned wheel.

    Raises:
        Failed: in one sentence, what went wrong and what to do.
    """
    venv, folder = VENVS[name], ROOT / name
    python, unfinished, stamp = folder / "bin" / "python", folder / ".unfinished", folder / ".installed"
    print(f"Bringing {name} up to date ..." if stamp.exists() else f"Installing into {name} ({venv.cost}) ...", flush=True)
    if unfinished.exists():
        print(f"The last installation into {name} did not finish: beginning anew.", flush=True)
    if unfinished.exists() or not _runs(python, "-m", "pip", "--version"):
        shutil.rmtree(folder, ignore_errors=True)
        if not _runs(sys.executable, "-m", "venv", folder):
            shutil.rmtree(folder, ignore_errors=True)
            raise Failed(f'"{sys.executable} -m venv" failed: its venv module is missing '
                         "(on Debian and Ubuntu: apt install python3-venv).")
    stamp.unlink(missing_ok=True)
    unfinished.touch()
    if pinned and (why := not_pinned_for(sys.version_info[:2], sys.implementation.name)):
        print(f"WARNING: {why}: installing the versions of constraints.txt, without hashes and the rest unpinned.", flush=True)
        pinned = False
    own = folder / "pip.txt"
    own.write_text(pins((ROOT / venv.pins).read_text(encoding="utf-8"))["pip"], encoding="utf-8")
    try:
        for step in _steps(venv, own) if pinned else [("-c", "constraints.txt", *venv.named)]:
            _pip(python, step, name)
    except Failed:
        unfinished.unlink()             # pip undoes what it began
        raise
    unfinished.unlink()
    stamp.write_text(PINNED if pinned else "unpinned\n", encoding="utf-8")


def not_pinned_for(version, implementation):
    """Why the pinned packages are not for this Python; empty when they are."""
    oldest, newest = PINNED_FOR
    if implementation != "cpython":
        return f"the pinned packages are for CPython, and this is {implementation}"
    if not oldest <= tuple(version) <= newest:
        return f"the pinned packages are for Python {_dotted(oldest)} to {_dotted(newest)}, and this is {_dotted(version)}"
    return ""


def pins(text):
    """The blocks of a file of pinned packages, by package name: each a requirement and its hashes."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return {block.partition("==")[0]: block.rstrip() + "\n" for block in blocks if block.strip()}


def _steps(venv, own):
    """pip's arguments, call by call: pip itself, pinned in the file ``own``; then the packages; then mombook."""
    hashed = ("--require-hashes", "--no-deps", "--only-binary=:all:", "-r")
    steps = [(*hashed, own), (*hashed, venv.pins)]
    return [*steps, ("--no-deps", "--no-build-isolation", "--no-index", "-e", ".")] if venv.mombook else steps


def _pip(python, arguments, name):
    """Run ``pip install``."""
    environment = os.environ | {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    run = subprocess.run([python, "-m", "pip", "install", "-q", *arguments], env=environment, cwd=ROOT, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode:
        log = python.parents[1] / "install.log"
        log.write_text(run.stdout, encoding="utf-8")
        raise Failed(reason(run.stdout, name))


def reason(output, name):
    """What pip's output means, in one sentence."""
    lines = [line.removeprefix("ERROR: ").strip() for line in output.splitlines() if line.startswith("ERROR: ")]
    last = (lines or output.strip().splitlines() or ["it says nothing"])[-1].rstrip(".")
    if "DO NOT MATCH THE HASHES" in output:
        which = re.search(r"^ {4}(\S+==\S+|\S+) from ", output, re.MULTILINE)
        return (f"Nothing was installed: the file of {which[1] if which else 'a package'} that pip was sent is not the one "
                f"pinned in {VENVS[name].pins}; do not install it by other means before you know why ({name}/install.log).")
    if "No space left" in output:
        return f"There is no space left on the disk for {name} ({VENVS[name].cost}); free some and run the same command again."
    if re.search("Retrying|Connection|Timeout|timed out|SSLError|ProxyError", output):
        return (f"The packages of {name} cannot be downloaded ({last}); check the network and pip's index, then run the same "
                "command again.")
    return (f"pip could not install the packages of {name} ({last}; all of it in {name}/install.log); on a platform without "
            "pinned wheels add PINNED=no to install the versions of constraints.txt without hashes.")


def _runs(*command):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _dotted(version):
    return ".".join(map(str, version))


def main(arguments):
    """The command line; returns the exit status."""
    try:
        install(arguments[0], pinned="--unpinned" not in arguments)
    except Failed as why:
        print(why, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted: the same command begins anew.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
