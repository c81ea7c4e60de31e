"""The engine computes under WebAssembly what it computes here: its own tests say so there too."""

import lacking
import pytest

from tools.site import wasm
from tools.site.places import Missing

pytestmark = [pytest.mark.slow, pytest.mark.site]


def test_the_engines_tests_pass_under_webassembly():
    try:
        passed, _ = wasm.run()
    except Missing as why:
        lacking.needed(why)
    assert passed > 1000
