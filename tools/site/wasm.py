"""The engine's tests under WebAssembly: in Pyodide, the Python of the site's pages, under node.

    python -m tools.site.wasm [pytest's arguments]
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from . import distribution, wheel
from .places import ROOT, program

SCRIPT = Path(__file__).with_name("wasm_tests.mjs")


def run(*arguments, seconds=2400):
    """Run the tests on mombook as the site ships it.

    Args:
        arguments: pytest's; seconds: how long it may take.

    Returns:
        The number of tests passed, and everything that was printed.

    Raises:
        Missing: node or a part of Pyodide cannot be had; RuntimeError: a test failed, there was none, or time ran out.
    """
    node = program("node")
    with tempfile.TemporaryDirectory() as scratch:
        distribution.install(scratch, wheel.build(scratch), groups=("test",))
        record = Path(scratch, "printed.txt")                           # read also when time runs out: which test was it?
        with record.open("wb") as file:
            tests = subprocess.Popen([node, SCRIPT, Path(scratch, distribution.FOLDER), ROOT, *arguments], stdout=file,
                                     stderr=subprocess.STDOUT)
            try:
                status = tests.wait(seconds)
            except subprocess.TimeoutExpired:
                status = f"stopped after {seconds} s"
            finally:
                tests.kill()
                tests.wait()
        printed = record.read_text(errors="replace")
    passed = re.search(r"^(?:=+ )?(\d+) passed", printed, re.MULTILINE)
    if status or not passed:
        raise RuntimeError(f"the engine's tests fail under WebAssembly ({status}):\n{printed[-6000:]}")
    return int(passed[1]), printed


if __name__ == "__main__":
    print(run(*sys.argv[1:])[1])
