"""Another browser: in Firefox too, a page wakes its Python and draws at a key's press what CPython computes."""

from mombook.panels import definition

from .firefox import moved_by_a_key
from .site import DRAWN, READY


def test_a_page_moves_and_agrees_with_cpython(firefox, live_address):
    firefox.open(f"{live_address}02_sgd_and_the_critical_batch.html")
    firefox.wait_for(DRAWN)
    firefox.wait_for(READY)
    assert firefox.evaluate("() => mombook.engine.state") == "ready"
    line = moved_by_a_key(firefox, definition("sgd"))
    assert firefox.evaluate("() => decodeURIComponent(location.hash)") == f"#{line}"
    assert firefox.errors == [] and not any("anew" in said for said in firefox.warnings)
