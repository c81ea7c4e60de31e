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
        Missing: node or a part of Pyodide cannot be had; RuntimeError: a test failed, or there was none.
    """
    node = program("node")
    with tempfile.TemporaryDirectory() as scratch:
        distribution.install(scratch, wheel.build(scratch), groups=("test",))
        done = subprocess.run([node, SCRIPT, Path(scratch, distribution.FOLDER), ROOT, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=seconds)
    passed = re.search(r"^(?:=+ )?(\d+) passed", done.stdout, re.MULTILINE)
    if done.returncode or not passed:
        raise RuntimeError(f"the engine's tests fail under WebAssembly:\n{done.stdout[-6000:]}")
    return int(passed[1]), done.stdout


if __name__ == "__main__":
    print(run(*sys.argv[1:])[1])
