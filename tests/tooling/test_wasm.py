"""The engine computes under WebAssembly what it computes here: its own tests say so there too."""

import re

import lacking
import pytest

from tools.site import wasm
from tools.site.places import ROOT, Missing


@pytest.mark.slow
@pytest.mark.site
def test_the_engines_tests_pass_under_webassembly():
    try:
        passed, printed = wasm.run()
    except Missing as why:
        lacking.needed(why)
    ran, there = map(int, re.search(r"^(\d+) of (\d+) public functions ran$", printed, re.MULTILINE).groups())
    assert passed > 800 and there - ran <= 61


def test_what_is_left_out_there_is_tested_here():
    """A name that no test has would leave nothing out, and say nothing."""
    for test in wasm.DEAR:
        file, _, name = test.partition("::")
        assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8"), test
