"""Copies of the tree, faults planted in them, and the tests that are to notice."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from .watch import ROOT

CAUGHT, SURVIVED, TIMEOUT, UNSEEN = "caught", "survived", "timeout", "unseen"
NO_SUCH_TEST, NO_TESTS = 4, 5

IDLE = 20
"""Seconds of the clock that a second of the processor may take."""

SERVER = """
import importlib, json, os, resource, sys

for name in ("pytest", "numpy", "scipy.optimize", "scipy.linalg", "scipy.interpolate", "scipy.special", "plotly.graph_objects",
             "ipywidgets", "playwright.sync_api", "jinja2"):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        os.setsid()
        os.environ.update(order["environment"])
        if order["seconds"]:
            resource.setrlimit(resource.RLIMIT_CPU, (int(order["seconds"]), int(order["seconds"]) + 5))
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        import pytest
        code = pytest.main(order["arguments"])
        sys.stdout.flush()
        os._exit(int(code))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Copy:
    """A copy of the tree in a folder of its own, for one fault at a time.

    Args:
        folder: where it is made; it must not exist.
        root: the tree; what git ignores is left out.
    """

    def __init__(self, folder, root=ROOT):
        self.folder, self.root, self.ticks, self.server = Path(folder), Path(root), 0, None
        names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True,
                               capture_output=True, text=True).stdout.split("\0")
        for name in filter(None, names):
            if (self.root / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.root / name, self.folder / name)
        for name in (".venv", ".venv-site"):
            if (self.root / name).exists():
                (self.folder / name).symlink_to((self.root / name).resolve())

    def pytest(self, arguments, environment=None, seconds=None):
        """Run pytest in the copy, in a fork of a process that has numpy, scipy and plotly loaded already.

        Without nbval, which takes as long to load as all the rest.

        Args:
            seconds: of the processor, not of the clock: what else runs on the machine does not count.

        Returns:
            (exit code, output); the exit code is ``None`` if it took longer than ``seconds``.
        """
        if self.server is None:
            own = {"PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            self.server = subprocess.Popen([sys.executable, "-c", SERVER], cwd=self.folder, env={**os.environ, **own},
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        output = self.folder / "output.txt"
        order = {"arguments": ["-p", "no:cacheprovider", "-p", "no:nbval", "--no-header", "--tb=line", *arguments],
                 "environment": environment or {}, "seconds": seconds, "output": str(output)}
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        child = int(self.server.stdout.readline())
        if not select.select([self.server.stdout], [], [], IDLE * seconds if seconds else None)[0]:
            os.killpg(child, signal.SIGKILL)                            # it waits for something that does not come
        code = int(self.server.stdout.readline())
        return (None if code < 0 else code), output.read_text(encoding="utf-8", errors="replace")

    def close(self):
        """End the process that runs the tests."""
        if self.server is not None:
            self.server.communicate()

    def write(self, name, text):
        """Put a text into a file of the copy, so that Python sees that it has changed."""
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        self.ticks += 2                                                 # a stale .pyc is known by its source's second alone
        os.utime(file, (time.time() + self.ticks,) * 2)

    def try_fault(self, fault, rounds, seconds):
        """Whether these tests notice the fault.

        Args:
            fault: the fault; its file in the copy is as it was afterwards.
            rounds: lists of node ids, in the order in which they are to run, until a test fails.
            seconds: the time limit of each. Only in the first it is a verdict: the later ones may be long without the fault.

        Returns:
            (verdict, the first failure as a line)
        """
        if not rounds:
            return UNSEEN, ""
        text = (self.root / fault.path).read_text(encoding="utf-8")
        self.write(fault.path, fault.planted(text))
        try:
            for tests in rounds:
                code, output = self.pytest(["-x", "-q", *tests], seconds=seconds)
                if code in (NO_SUCH_TEST, NO_TESTS):                    # the fault has changed the tests' names
                    files = dict.fromkeys(node.split("::")[0] for node in tests if node.endswith(".py") or "::" in node)
                    code, output = self.pytest(["-x", "-q", *files], seconds=seconds)
                if code != 0:
                    break
        finally:
            self.write(fault.path, text)
        if code is None and tests is not rounds[0]:
            return SURVIVED, f"no verdict within {seconds:.0f} s of the later tests"
        noticed = [line[:160] for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
        if code and not noticed:
            raise RuntimeError(f"pytest ended with {code}, and no test has failed:\n{output}")
        verdict = TIMEOUT if code is None else SURVIVED if code == 0 else CAUGHT
        return verdict, noticed[0] if noticed else output.strip().splitlines()[-1][:160] if output.strip() else ""
