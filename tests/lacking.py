"""What a test does when something it needs cannot be had on this machine."""

import os

import pytest


def site(why):
    """Skip, as a part of the site cannot be made here; fail instead when MOMBOOK_REQUIRE_SITE=1."""
    if os.environ.get("MOMBOOK_REQUIRE_SITE") == "1":
        pytest.fail(f"MOMBOOK_REQUIRE_SITE=1, but {why}", pytrace=False)
    pytest.skip(str(why))
