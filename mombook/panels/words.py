"""Numbers as a sentence says them."""

import numpy as np


def three(x):
    """Three significant figures, without an exponent between a millionth and a billion."""
    if not np.isfinite(x):
        return "more than can be shown"
    x = float(f"{float(x):.3g}")
    if x == 0 or 1e-6 <= abs(x) < 1e9:
        return f"{x:,.10f}".rstrip("0").rstrip(".")
    return f"{x:.3g}"
