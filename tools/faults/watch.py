"""Which test runs which function: watched once by a trace function, and remembered until the test's file changes.

As a pytest plugin (``-p tools.faults.watch``) it writes to the file named in ``FAULTS_WATCH`` what each passed test called.
"""

import ast
import hashlib
import json
import os
import re
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REMEMBERED = ROOT / "artefacts" / "faults" / "watch.json"

# JavaScript and style sheets run in a browser, where nothing watches them; the quickest first.
FRONT_END = {
    "web/": ("tests/browser/test_page_script.py", "tests/browser/test_page_front_end.py",
             "tests/browser/test_stored_answers.py", "tests/tooling/test_site_parts.py", "tests/browser/test_site_reading.py",
             "tests/browser/test_site_panels.py", "tests/browser/test_takeaway.py"),
    "mombook/front/": ("tests/browser/test_page_front_end.py", "tests/browser/test_stored_answers.py",
                       "tests/browser/test_handles.py", "tests/browser/test_access.py", "tests/browser/test_site_panels.py",
                       "tests/browser/test_takeaway.py"),
    "mombook/explore/": ("tests/browser/test_saved.py", "tests/browser/test_harness.py", "tests/browser/test_panels.py",
                         "tests/browser/test_takeaway.py", "tests/browser/test_access.py"),
}
FEW = ("sgd", "symptoms", "ruler", "predict_02")
"""Panels whose drawn traces are looked at where a fault is in what panels share."""

# Whole programs, browsers and installations: slow, and what they run is not this process's.
NOT_WATCHED = ("tests/browser/", "tests/tooling/", "tests/sweeps/test_cluster", "tests/book/test_notebook")


# -- in pytest ---------------------------------------------------------------------------------------------------------
class Watcher:
    """Notes the functions of ``mombook`` that each test calls."""

    def __init__(self, root):
        self.prefix, self.tests, self.called, self.known = str(root / "mombook") + os.sep, {}, set(), {}

    def trace(self, frame, event, arg):
        """A trace function that looks at calls only."""
        code = frame.f_code
        scope = self.known.get(code)
        if scope is None:
            scope = self.known[code] = self.scope(code)
        if scope:
            self.called.add(scope)

    def scope(self, code):
        """``file::Class.function`` of a code object; ``""`` outside of the package."""
        if not code.co_filename.startswith(self.prefix):
            return ""
        file = Path(code.co_filename).relative_to(Path(self.prefix).parent).as_posix()
        parts = [part for part in code.co_qualname.split(".") if not part.startswith("<")]
        return f"{file}::{'.'.join(parts)}"


def pytest_configure(config):
    """Watch if asked to."""
    if "FAULTS_WATCH" in os.environ:
        config.stash_watcher = Watcher(Path.cwd())


def pytest_runtest_logstart(nodeid):
    """Forget what the test before has called."""
    if watcher := _watcher():
        watcher.called = set()
        threading.settrace(watcher.trace)
        sys.settrace(watcher.trace)


def pytest_runtest_logreport(report):
    """Keep what a test that has passed called, set-up included, and the time it took."""
    if watcher := _watcher():
        told = watcher.tests.setdefault(report.nodeid, [0.0, True, []])
        told[0] += report.duration
        told[1] &= report.outcome == "passed" and not hasattr(report, "wasxfail")
        told[2] = sorted(watcher.called)


def pytest_sessionfinish():
    """Write it down."""
    if watcher := _watcher():
        sys.settrace(None)
        Path(os.environ["FAULTS_WATCH"]).write_text(json.dumps(watcher.tests), encoding="utf-8")


_CONFIG = []


def pytest_sessionstart(session):
    """Where the watcher is to be found."""
    _CONFIG[:] = [session.config]


def _watcher():
    return getattr(_CONFIG[0], "stash_watcher", None) if _CONFIG else None


# -- in plant_faults ---------------------------------------------------------------------------------------------------
def test_files(among=("",), root=ROOT):
    """The files whose tests can be watched and whose name begins with one of ``among``: tests, and modules with examples."""
    files = [*sorted((root / "tests").rglob("test_*.py")),
             *(f for f in sorted((root / "mombook").rglob("*.py")) if ">>> " in f.read_text(encoding="utf-8"))]
    names = [f.relative_to(root).as_posix() for f in files]
    return [name for name in names if name.startswith(tuple(among)) and not name.startswith(NOT_WATCHED)]


def remembered():
    """What has been watched: test file -> {"digest", "tests": node id -> [seconds, passed, functions]}."""
    return json.loads(REMEMBERED.read_text(encoding="utf-8")) if REMEMBERED.exists() else {}


def watched(run, files, root=ROOT, chunk=2, say=print):
    """What is known of these test files, watching first those that are new or have changed.

    Args:
        run: (arguments of pytest, environment) -> exit code, in a copy of the tree.
        files: names of test files.
        chunk: how many of them one pytest run takes.
        say: told what goes on.
    """
    known = remembered()
    digests = {name: hashlib.sha256((root / name).read_bytes()).hexdigest()[:16] for name in files}
    stale = [name for name in files if known.get(name, {}).get("digest") != digests[name]]
    for k in range(0, len(stale), chunk):
        some = stale[k:k + chunk]
        say(f"watching {', '.join(some)} ({k + len(some)} of {len(stale)})")
        note = REMEMBERED.with_suffix(".new")
        note.parent.mkdir(parents=True, exist_ok=True)
        note.unlink(missing_ok=True)
        run(["-q", "-p", "tools.faults.watch", *some], {"FAULTS_WATCH": str(note)})
        tests = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
        for name in some:
            own = {node: told for node, told in tests.items() if node.split("::")[0] == name}
            known[name] = {"digest": digests[name], "tests": own}
        REMEMBERED.write_text(json.dumps(known), encoding="utf-8")
    return {name: known[name] for name in files}


def choose(fault, known, seconds):
    """The tests that can see a fault, and how long they take: those that call its function, then the others of their files.

    Tests of the file named after the module come first, then the quick before the slow, until ``seconds`` are full.
    """
    for prefix, files in FRONT_END.items():
        if fault.path.startswith(prefix) and not fault.path.endswith(".py"):
            return [f for f in files if (ROOT / f).exists()], 300.0
    own, rest = [], []
    stem = Path(fault.path).stem
    for name, file in known.items():
        seeing = {node for node, (_, passed, calls) in file["tests"].items() if passed and _calls(calls, fault)}
        namesake = Path(name).stem not in (stem, f"test_{stem}", f"test_{stem}_panel")
        for node, (took, passed, _) in file["tests"].items():
            if passed and seeing:
                (own if node in seeing else rest).append((namesake, took, node))
    chosen, total = [], 0.0
    for _, took, node in sorted(own) + sorted(rest):
        if total + took <= seconds or not chosen:
            chosen.append(node)
            total += took
    return chosen, total


def named(fault, among=("",), root=ROOT):
    """Arguments of pytest for the tests of a fault's module, by names: for some of them, and then for all.

    Outside of the panels, these are the module's own test file and examples, and then every test file that names the module
    or something public in it; of what panels share, its own test file comes first.
    """
    stem = Path(fault.path).stem
    panels = {file.stem.removeprefix("test_") for file in (root / "tests" / "panels" / "ways").glob("*.py")}
    word = f"predict_{stem[-2:]}" if stem.startswith("notebook_") else stem
    files = [name for name in test_files(among, root) if name.startswith("tests/")]
    others = panels - {stem, "questions" if word != stem or stem == "question" else stem}
    own = [name for name in files if Path(name).stem.removeprefix("test_") not in others]
    own = sorted(own, key=lambda name: ("test_drawn" not in name, f"test_{stem}." not in name, name))
    own = [name for name in own if name.startswith(("tests/panels/", "tests/explore/", "tests/front/", "tests/study/"))]
    if not fault.path.startswith("mombook/panels/"):
        return [each for each in (_namesakes(fault, root), _naming(fault, files, root)) if each]
    if stem not in panels and word == stem:                             # shared: of the panels, few stand for all
        few, first = " or ".join(FEW), _namesakes(fault, root)
        rounds = [[*own, "-k", f"not test_drawn or (({few}) and (-0] or -1]))"], [*own, "-k", few]]
        return [first, *rounds] if first else rounds
    word += "".join(f" and not {other}" for other in sorted(panels) if word in other and word != other)
    return [[*own, "-k", f"{word} and (not test_drawn or -0] or -1])"], [*own, "-k", word]]


def _namesakes(fault, root):
    """The test file that mirrors a module, and the module itself where it has examples."""
    inner = Path(fault.path).relative_to("mombook") if fault.path.startswith("mombook/") else Path(fault.path)
    mirror = Path("tests", inner.parent, f"test_{inner.stem}.py").as_posix()
    examples = (root / fault.path).exists() and ">>> " in (root / fault.path).read_text(encoding="utf-8")
    return [*([mirror] if (root / mirror).exists() else []), *([fault.path] if examples else [])]


def _naming(fault, files, root):
    """Of some test files, those that are not the module's own and name it or a public function or class of it."""
    text = (root / fault.path).read_text(encoding="utf-8") if (root / fault.path).exists() else ""
    names = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    word = "|".join(sorted({Path(fault.path).stem, *(name for name in names if not name.startswith("_"))}))
    return [name for name in files if name not in _namesakes(fault, root)
            and re.search(rf"\b({word})\b", (root / name).read_text(encoding="utf-8"))]


def _calls(calls, fault):
    if fault.scope:
        return f"{fault.path}::{fault.scope}" in calls
    return any(call.startswith(f"{fault.path}::") for call in calls)
