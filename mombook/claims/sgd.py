"""Claims: see the package."""

CLAIMS = []
