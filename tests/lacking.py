"""What a test does when something it needs cannot be had on this machine, and how that is counted.

A test that lacks something is skipped with a sentence that says what and how to get it; the end of the output counts the
skips by sentence. With ``MOMBOOK_REQUIRE_ALL=1`` a skip is a failure, but for the libraries in ``OPTIONAL``.
"""

import os
import re
from collections import Counter

import pytest

OPTIONAL = ("torch", "optax", "jax")
"""Libraries of others that a few tests compare with where they happen to be installed; the project installs none of them."""


def needed(why):
    """Skip, as a part that this test needs cannot be had here; ``why`` says which, and is a text or an exception."""
    pytest.skip(" ".join(str(why).split()))


def required():
    """Whether nothing may be skipped."""
    return os.environ.get("MOMBOOK_REQUIRE_ALL") == "1"


def made_strict(report):
    """The report itself, a failure instead of a skip where nothing may be skipped."""
    why = reason(report)
    if required() and why is not None and not any(re.search(rf"\b{name}\b", why) for name in OPTIONAL):
        report.outcome, report.longrepr = "failed", f"MOMBOOK_REQUIRE_ALL=1, but {why}"
    return report


def reason(report):
    """Why a test was skipped; ``None`` if it was not."""
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return None
    return report.longrepr[2].removeprefix("Skipped: ")


def counted(reasons):
    """Lines for the end of the output: how many tests were skipped for each reason, the most frequent first."""
    counts = Counter(reasons)
    lines = [f"{count:6}  {why}" for why, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    return [f"{counts.total()} skipped:", *lines] if lines else []
