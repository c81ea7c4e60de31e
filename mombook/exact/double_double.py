"""Sums and products with twice the digits of a double, each a pair (high, low): floats or arrays of one common shape.

Knuth's sum and Dekker's product: a difference that cancels keeps sixteen digits of what is left.
"""

from __future__ import annotations

from typing import Any

SPLIT = 134217729.0
"""2^27 + 1: what splits a double into two halves whose products are exact."""

Pair = tuple[Any, Any]
"""Two floats, or two arrays, whose sum is meant."""


def add(x: Pair, y: Pair) -> Pair:
    """The sum of two pairs."""
    high = x[0] + y[0]
    part = high - x[0]
    low = (x[0] - (high - part)) + (y[0] - part) + x[1] + y[1]
    return _renormalised(high, low)


def times(x: Pair, y: Pair) -> Pair:
    """The product of two pairs."""
    high = x[0] * y[0]
    (a, b), (c, d) = _halves(x[0]), _halves(y[0])
    low = ((a * c - high) + a * d + b * c) + b * d + (x[0] * y[1] + x[1] * y[0])
    return _renormalised(high, low)


def scaled(x: Pair, factor: float) -> Pair:
    """A pair times a power of two or its negative, which is exact."""
    return factor * x[0], factor * x[1]


def _halves(v):
    high = SPLIT * v
    high = high - (high - v)
    return high, v - high


def _renormalised(high, low):
    total = high + low
    return total, low - (total - high)
