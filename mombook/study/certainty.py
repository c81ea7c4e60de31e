"""How sure a number of the advice is, and the interval of a forecast.

*Guaranteed*: a theorem whose assumptions the problem meets. *Computed*: exact, on these rows or for the given law. *Measured*:
by true runs on these rows (``finalists``), whose spread gives the interval. *Forecast*: with a model in between, that is one
factor for the fourth moments of the rows, or the noise of shuffled epochs to first order.

The interval of a forecast is from a benchmark. ``python -m benchmarks.forecasts`` trained 340 entries of the advice on 13 data
sets, with clean and with noisy labels, in shuffled epochs. ``benchmarks/forecasts.csv`` has the steps forecast, and the steps
after which the mean of eight runs was first at the target. Their ratio was within ``INTERVALS`` in 94 % of 209 entries with
noise factors up to ``TAILS``, and in 97 % of 131 with larger ones. An interval set by the 3rd and 97th percentiles of all other
data sets held 92 % and 82 % of the entries of the one left out. So for heavy tails of another kind expect some 80 %. On four
made-up problems with light tails that it was not made of, it held 115 of 120.
"""

from __future__ import annotations

import numpy as np

KINDS = ("guaranteed", "computed", "measured", "forecast")

TAILS = 2.0
"""A noise factor above which tails are heavy: the mean is carried by rare rows, and forecasts err on the safe side."""

INTERVALS = {"light": (0.65, 1.2), "heavy": (0.35, 1.1)}
"""Steps taken over steps forecast, by the tails of the rows."""


def interval(steps: float, factor: float) -> tuple[float, float]:
    """Between how many steps a forecast is expected to come true, in shuffled epochs.

    Args:
        steps: the forecast, > 0; factor: the noise factor of the rows.

    Returns:
        Whole numbers, low and high; ``inf`` for what is not reached.

    >>> interval(100.0, 1.0), interval(100.0, 5.0), interval(2.4, 1.0)
    ((65.0, 120.0), (35.0, 110.0), (1.0, 4.0))
    """
    if not np.isfinite(steps):
        return np.inf, np.inf
    low, high = INTERVALS["heavy" if factor > TAILS else "light"]
    whole = max(np.ceil(steps), 1)
    return float(max(np.floor(low * whole + 1e-9), 1)), float(np.ceil(high * whole - 1e-9))
