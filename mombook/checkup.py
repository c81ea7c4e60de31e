"""Doctor: is everything there that the book needs, does it work together, and what to do where it does not.

``python -m mombook doctor`` at a command line, ``mombook.doctor()`` in a notebook.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path

import numpy as np

from .exact.moments import contraction_gap, risk_curve
from .model.method import Method
from .model.spectrum import Spectrum

NAME, HELP = "doctor", "check Python, packages, front end and kernel, and say what to do"

OK, NOTE, BROKEN = "ok", "note", "broken"

FRONT_END = {"@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets", "anywidget": "anywidget"}
"""What a page needs to show panels: extension -> the package that brings it."""

PANEL = 'from mombook.explore import tradeoff; print(tradeoff("{}", simulate=False))'
SCENARIO = "kappa=1000;decay=1.5;batch=8;d=50"


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes:
        name: what was looked at; verdict: "ok", "note" (the book works, but look) or "broken".
        says: what was found; remedy: what to do, a command where there is one.
    """

    name: str
    verdict: str
    says: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.verdict:<8}{self.name:<15}{self.says}"
        return line + (f"\n{'':<23}-> {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Report:
    """Everything that was checked; its repr is a line a check."""

    checks: tuple[Check, ...]

    @property
    def fine(self) -> bool:
        """Whether nothing is broken."""
        return all(check.verdict != BROKEN for check in self.checks)

    def __repr__(self) -> str:
        broken = sum(check.verdict == BROKEN for check in self.checks)
        end = f"{broken} of {len(self.checks)} checks found something broken" if broken else "Everything needed works"
        return "\n".join([*map(str, self.checks), end + "."])


def doctor() -> Report:
    """Check what the book needs, here and now; in a notebook also whether the page answers.

    Returns:
        A ``Report``: its repr says what was found, what is wrong and what to do; ``report.fine`` whether nothing is broken.
    """
    here = _in_notebook()
    if here and _installed("anywidget"):
        import_module("mombook.explore.probe").show()
    return Report(tuple(_everything(kernel=not here)))


def _everything(kernel):
    """Every check; later ones only where what they need is there."""
    checks = [python_version(), *packages()]
    yield from checks
    yield engine()
    missing = {check.name for check in checks if check.verdict == BROKEN}
    if _installed("threadpoolctl"):
        yield blas_threads()
    if _installed("jupyterlab") and "jupyterlab" not in missing:
        yield from front_end()
        yield jupyter_command()
    if not kernel:
        yield Check("kernel", OK, f"this notebook's own, {sys.executable}")
    elif _installed("ipykernel") and _installed("plotly"):
        yield kernel_round_trip()


# -- what is installed -------------------------------------------------------------------------------------------------
def python_version() -> Check:
    """This Python against what the package asks for."""
    try:
        allowed = metadata.metadata("mombook")["Requires-Python"]
    except metadata.PackageNotFoundError:
        return Check("mombook", BROKEN, "is not installed in this Python, only found on its path", pip("install -e ."))
    says = f"{platform.python_version()}, needs {allowed} ({sys.executable})"
    if _inside(platform.python_version(), allowed):
        return Check("Python", OK, says)
    return Check("Python", BROKEN, says, "make lab PYTHON=python3.12, or any newer Python you have")


def packages() -> list[Check]:
    """Every package of pyproject.toml that a reader needs, as the installed mombook's own metadata name them."""
    try:
        lines = metadata.requires("mombook") or []
    except metadata.PackageNotFoundError:
        return []
    found: list[Check] = []
    wanted: dict[str, dict[str, str]] = {"": {}, "lab": {}, "data": {}}
    for line in lines:
        parts = re.fullmatch(r'([\w.-]+)\s*([^;]*?)\s*(?:;.*extra == [\'"](\w+)[\'"].*)?', line)
        package, allowed, extra = parts.groups("") if parts else ("", "", "?")
        if extra in wanted:
            wanted[extra][package] = ",".join(sorted(allowed.split(","), reverse=True))         # >= before <
    have_lab = any(map(_installed, ("ipywidgets", "plotly", "anywidget")))
    for extra, allowed in wanted.items():
        if extra == "lab" and not have_lab:
            found.append(Check("panels", NOTE, "not installed: the engine alone is here", PANELS))
            continue
        found += [_package(name, asked, extra) for name, asked in allowed.items()]
    return found


def _package(name, allowed, extra):
    """One package against its range. Without the pictures of notebook 08 the rest of the book works, and in a browser's
    own Python there is no server to look for."""
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        spared = extra == "data" or sys.platform == "emscripten"
        says = f"missing, needs {allowed}" + (f" (extra {extra})" if extra else "")
        return Check(name, NOTE if spared else BROKEN, says, pip("install", name + allowed))
    says = f"{version}, needs {allowed}"
    return Check(name, OK, says) if _inside(version, allowed) else Check(name, BROKEN, says, pip("install", name + allowed))


def _inside(version, allowed):
    """Whether a version lies in a range of the form ``>=a,<b`` (either part may be missing); a pre-release counts as its
    release."""
    def numbers(text):
        parts = [int(n) for n in re.match(r"\d+(?:\.\d+)*", text)[0].split(".")]
        return parts + [0] * (6 - len(parts))

    tests = {">=": lambda limit: numbers(version) >= limit, "<": lambda limit: numbers(version) < limit}
    return all(tests[sign](numbers(limit)) for sign, limit in re.findall(r"(>=|<)\s*([\d.]+)", allowed))


def _installed(name):
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def pip(*words: str) -> str:
    """A pip command for this very Python; in a browser's, the notebook's own."""
    if sys.platform == "emscripten":
        return " ".join(["%pip", *words])
    return " ".join([shlex.quote(sys.executable), "-m pip", words[0], *map(shlex.quote, words[1:])])


PANELS = pip("install", ".[lab]") + "  (in a copy of the book)"
"""What installs the panels."""


# -- the engine --------------------------------------------------------------------------------------------------------
def engine(tolerance: float = 1e-9) -> Check:
    """One exact number by two roads: the gap from the secular equation, and from how the exact curve falls."""
    H, method = Spectrum([1.0, 0.3]), Method(delta=0.1, eta=0.05, beta=0.6)
    gap, curve = contraction_gap(H, method, 8), risk_curve(H, method, 8, 200)
    apart = abs((1 - curve[-1] / curve[-2]) / gap - 1)
    says = f"the gap by two roads agrees to {apart:.0e} (numpy {np.__version__})"
    if apart < tolerance:
        return Check("engine", OK, says)
    return Check("engine", BROKEN, f"the gap by two roads differs by {apart:.0e}: this numpy or scipy computes wrongly",
                 pip("install --force-reinstall", "numpy", "scipy"))


def blas_threads() -> Check:
    """How many threads linear algebra takes; panels take one for their small matrices whatever this says."""
    libraries = import_module("threadpoolctl").threadpool_info()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    says = ", ".join(f"{x['internal_api']} {x['num_threads']}" for x in libraries) or "no library that tells"
    says += f" threads on {cores} core{'s' * (cores != 1)}"
    if any(x["num_threads"] > cores for x in libraries):
        return Check("BLAS", NOTE, says + ": they will wait for one another", f"export OMP_NUM_THREADS={cores}")
    return Check("BLAS", OK, says)


# -- Jupyter -----------------------------------------------------------------------------------------------------------
def front_end(folders: Sequence[str] | None = None) -> Iterator[Check]:
    """Whether JupyterLab has what pages need to show panels, and has it switched on.

    Args:
        folders: where JupyterLab looks for extensions; by default what this environment's says.
    """
    config = import_module("jupyterlab_server.config")
    folders = folders or import_module("jupyter_core.paths").jupyter_path("labextensions")
    found = config.get_federated_extensions(folders)
    off = config.get_page_config(folders).get("disabledExtensions", [])
    for name, package in FRONT_END.items():
        if name not in found:
            yield Check("page", BROKEN, f"JupyterLab does not find the extension {name}: panels stay text",
                        pip("install --force-reinstall", package) + ", then start JupyterLab again")
        elif any(entry.split(":")[0] == name for entry in off):
            yield Check("page", BROKEN, f"the extension {name} is switched off: panels stay text",
                        f"{_python()} -m jupyter labextension enable {name} (perhaps --level=user), then reload the page")
        else:
            yield Check("page", OK, f"extension {name} {found[name]['version']} from {found[name]['ext_dir']}")


def jupyter_command() -> Check:
    """Whether typing ``jupyter lab`` starts the JupyterLab of this Python."""
    found = shutil.which("jupyter-lab")
    own = Path(sys.executable).parent
    if found is None:
        return Check("jupyter lab", OK, f"is not on the PATH; {_python()} -m jupyterlab starts it")
    if Path(found).parent.resolve() == own.resolve():
        return Check("jupyter lab", OK, found)
    return Check("jupyter lab", NOTE, f"on the PATH is another environment's, {found}", f"{_python()} -m jupyterlab")


def kernel_round_trip(name: str = "python3", timeout: float = 90) -> Check:
    """Start the kernel a notebook would get, open a panel in it and hold its sentence against this process's.

    Args:
        name: of the kernel; timeout: seconds to start, and again to answer.
    """
    from jupyter_client.kernelspec import NoSuchKernel
    from jupyter_client.manager import start_new_kernel

    from .panels import definition

    again = pip("install --force-reinstall", "ipykernel")
    started, printed = time.perf_counter(), []
    try:
        manager, client = start_new_kernel(timeout, name, stderr=subprocess.DEVNULL)
    except NoSuchKernel:
        return Check("kernel", BROKEN, f"there is no kernel {name!r}", f"{_python()} -m ipykernel install --sys-prefix")
    except (RuntimeError, OSError) as error:
        return Check("kernel", BROKEN, f"the kernel {name!r} does not start: {_last_line(error)}", again)
    ready = time.perf_counter()
    try:
        reply = client.execute_interactive(PANEL.format(SCENARIO), timeout=timeout, allow_stdin=False,
                                           output_hook=lambda message: printed.append(message["content"].get("text", "")))
    except TimeoutError:
        return Check("kernel", BROKEN, f"no answer from a panel within {timeout} s", "close other programs and try again")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    took = f"starts in {ready - started:.1f} s, opens its first panel in {time.perf_counter() - ready:.1f} s"
    if reply["content"]["status"] != "ok":
        says = f"{reply['content'].get('ename')}: {_last_line(reply['content'].get('evalue', ''))}"
        return Check("kernel", BROKEN, f"a panel fails in it: {says}", PANELS)
    panel = definition("tradeoff")
    if "".join(printed).strip() != panel.exact(panel.read(SCENARIO)).sentence:
        program = manager.kernel_spec.argv[0]                           # type: ignore[union-attr]  # it has started
        return Check("kernel", BROKEN, f"another mombook answers from {program}",
                     f"{_python()} -m ipykernel install --sys-prefix")
    return Check("kernel", OK, took)


def _last_line(text):
    return (str(text).strip().splitlines() or [""])[-1][:200]


def _python():
    return shlex.quote(sys.executable)


def _in_notebook():
    """Whether this process is a notebook's kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


# -- the command -------------------------------------------------------------------------------------------------------
def arguments_of(parser: argparse.ArgumentParser) -> None:
    """The command line's own options."""
    parser.add_argument("--json", action="store_true", help="a list of objects instead of lines")


def run(options: argparse.Namespace) -> int:
    """Check everything, each line as soon as it is known; exit status 1 if something needed is broken."""
    checks = []
    for check in _everything(kernel=True):
        checks.append(check)
        if not options.json:
            print(check, flush=True)
    report = Report(tuple(checks))
    print(json.dumps([asdict(check) for check in checks], indent=1) if options.json else repr(report).splitlines()[-1])
    return 0 if report.fine else 1
