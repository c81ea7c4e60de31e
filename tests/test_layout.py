"""Imports run one way: a module imports from its own package and from those below it, and never in a circle."""

import ast
import subprocess
import sys
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "mombook"
BELOW = {
    "model": set(),
    "exact": {"model"},
    "bounds": {"model"},
    "torch": {"model"},
    "optax": {"model"},
    "sample": {"model"},
    "tuning": {"model", "exact", "bounds", "sample"},
    "data": {"model", "exact", "bounds", "sample", "tuning"},
    "sweeps": {"model", "exact", "bounds", "sample", "tuning", "data"},
    "study": {"model", "exact", "bounds", "sample", "tuning", "data", "sweeps", "torch", "optax"},
    "sklearn": {"model", "study"},
    "claims": {"model", "exact", "bounds", "sample", "tuning", "data", "sweeps", "study"},
    "panels": {"model", "exact", "bounds", "sample", "tuning", "data", "sweeps", "study"},
    "front": {"panels"},
    "explore": {"model", "data", "panels", "front"},
}
"""What a package may import from, besides itself and ``GROUND``."""

DRAWN = {(("study", "advice"), ("panels", "results"))}
"""Results that draw themselves in the panels' look: imported when a figure is asked for."""

GROUND = {"arguments", "arrays", "markup", "prose", "references", "versions"}
"""Single modules that import nothing of the package but each other."""

ABOVE = {"__init__", "__main__", "checkup"}
"""Modules that may import everything."""


def modules():
    """Path -> dotted parts within the package."""
    return {path: path.relative_to(PACKAGE).with_suffix("").parts for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path, here):
    """Dotted parts within the package of all modules that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] == "mombook"):
            base = here[:len(here) - node.level] if node.level else ()
            parts = (node.module or "").split(".") if node.module else []
            base = (*base, *(parts if node.level else parts[1:]))
            for alias in node.names:
                inner = PACKAGE.joinpath(*base, alias.name)
                yield (*base, alias.name) if inner.is_dir() or inner.with_suffix(".py").is_file() else base or ("__init__",)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "mombook":
                    yield tuple(alias.name.split(".")[1:]) or ("__init__",)


@lru_cache(maxsize=1)
def arrows():
    """Every import within the package: who imports, and what."""
    return [(here, there) for path, here in modules().items() for there in imported(path, here)]


def fault(here, there):
    """What is wrong with one import, or ``None``."""
    a, b = here[0], there[0]
    if a in ABOVE or a == b or b in GROUND or (here, there) in DRAWN:
        return None
    if a in GROUND:
        return f"{a} imports {b}"
    return None if b in BELOW[a] else f"{'.'.join(here)} imports {'.'.join(there)}"


def test_every_module_is_known():
    known = {*BELOW, *GROUND, *ABOVE}
    assert {here[0] for here in modules().values()} == known
    assert len(arrows()) > 300


def test_imports_run_one_way():
    assert [wrong for wrong in (fault(*arrow) for arrow in arrows()) if wrong] == []


@pytest.mark.parametrize(("here", "there"), [
    (("exact", "moments"), ("sample", "gaussian")), (("bounds",), ("exact", "secular")), (("model", "method"), ("__init__",)),
    (("arguments",), ("model", "method"))])
def test_an_arrow_back_is_seen(here, there):
    assert fault(here, there)


def test_no_circle():
    graph = {}
    for here, there in arrows():
        if here[-1] != "__init__" and there[-1] != "__init__" and here != there:
            graph.setdefault(here, set()).add(there)
    try:
        assert tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(".".join(m) for m in error.args[1]))


def test_import_loads_of_scipy_only_its_top():
    """Submodules of scipy load when first used: they were most of the time of ``import mombook``."""
    code = "import sys, mombook; print(*sorted(m for m in sys.modules if m in {'scipy.' + n for n in sys.argv[1].split()}))"
    heavy = "interpolate linalg ndimage optimize sparse special stats"
    run = subprocess.run([sys.executable, "-c", code, heavy], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert run.stdout.split() == []


@pytest.mark.slow
def test_panels_that_move_most_need_no_part_of_scipy():
    """On a web page the first use of ``scipy.optimize`` costs seconds."""
    code = ("import sys\nfrom mombook.panels.remote import Remote\n"
            "for name in sys.argv[1:]:\n    for final in (False, True):\n        Remote().exact(name, name, '', final)\n"
            "print(*(m for m in sys.modules if m in {'scipy.' + n for n in ('special', 'optimize', 'interpolate', 'linalg')}))")
    run = subprocess.run([sys.executable, "-c", code, "start", "tradeoff", "sgd", "heavy_ball", "typical"], capture_output=True,
                         text=True, check=True)
    assert run.stdout.split() == []
