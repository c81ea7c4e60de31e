"""What may be passed: every public function refuses bad input with one sentence, the same everywhere.

Each check returns the argument in the form the mathematics wants (``float``, ``int`` or a float array) or raises a
``ValueError`` that names the argument, shows what was got and says what is allowed.
"""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

import numpy as np

from .arrays import Floats

Kind = TypeVar("Kind")
Real = TypeVar("Real", int, float)

HUGE, TINY = 1e100, 1e-100
"""Numbers larger than this, and positive ones smaller, are refused: their squares and products would overflow or vanish."""

LONGEST = 1_000_000
"""The most steps that are taken one by one."""

WORK, OVERHEAD = 10**9, 2000
"""Sampled numbers that take some ten seconds, and what a step costs besides, in such numbers."""

MOST = 10**18
"""Whole numbers end here."""


def refuse(name: str, got: object, allowed: str) -> NoReturn:
    """Raise the sentence all checks share: what was wrong, and what to pass instead."""
    shown = _shown(got)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    raise ValueError(f"{name} must be {allowed}; got {shown}.")


def number(name: str, value: Any, low: float = -np.inf, high: float = np.inf, *, above: float | None = None,
           below: float | None = None, allowed: str | None = None) -> float:
    """A finite real number, low <= value <= high, or strictly ``above`` / ``below`` where those are given."""
    if allowed is None:
        parts = []
        if above is not None:
            parts.append(f"> {above:g}")
        elif low > -np.inf:
            parts.append(f">= {low:g}")
        if below is not None:
            parts.append(f"< {below:g}")
        elif high < np.inf:
            parts.append(f"<= {high:g}")
        allowed = " ".join(["a finite number", " and ".join(parts)]).strip()
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not _is_real(value):
        refuse(name, value, allowed)
    x = _float(value)
    inside = np.isfinite(x) and low <= x <= high
    if not inside or (above is not None and x <= above) or (below is not None and x >= below):
        refuse(name, value, allowed)
    if abs(x) > HUGE or (above == 0.0 and x < TINY):
        refuse(name, value, f"{allowed}, in size between {TINY:g} and {HUGE:g}")
    return x


def _is_real(value):
    """Whether it is a number with an order, and not a truth value."""
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def _float(value):
    """A real number as a float, or infinity where it has none."""
    try:
        return float(value)
    except (OverflowError, ValueError):
        return np.inf


def _shown(got):
    """``repr``, which Python refuses to write for whole numbers of thousands of digits."""
    try:
        return repr(got)
    except ValueError:
        return "a number too long to show"


def whole(name: str, value: Any, low: int = 0, high: int | None = None) -> int:
    """A whole number, low <= value (<= high)."""
    allowed = f"a whole number >= {low}" + ("" if high is None else f" and <= {high}")
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not _is_real(value):
        refuse(name, value, allowed)
    if not np.isfinite(_float(value)) or value != int(value) or value < low or (high is not None and value > high):
        refuse(name, value, allowed)
    if value > MOST:
        refuse(name, value, f"{allowed}, at most {MOST:g}")
    return int(value)


def affordable(name: str, value: Real, each: float, most: float, instead: str = "") -> Real:
    """A whole number whose work or memory, ``each`` a piece, stays below ``most``; the refusal says what would."""
    if value * each > most:
        refuse(name, value, f"at most {int(most // each):,} here{instead}")
    return value


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        refuse(name, value, "True or False")
    return bool(value)


def takes(function: Any, n: int) -> bool:
    """Whether something can be called with n arguments."""
    try:
        inspect.signature(function).bind(*range(n))
    except (TypeError, ValueError):                                     # ValueError: a type that shows no signature
        return False
    return True


def text(name: str, value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        refuse(name, value, "a string")
    return value


def array(name: str, value: Any, *, low: float = -np.inf, above: float | None = None, shape: tuple[int, ...] | None = None,
          ndim: int | None = None, allowed: str | None = None) -> Floats:
    """A non-empty array of finite reals without masked entries, every one >= low, or > ``above`` where that is given."""
    if allowed is None:
        bound = f" > {above:g}" if above is not None else (f" >= {low:g}" if low > -np.inf else "")
        size = f" of shape {shape}" if shape is not None else ""
        allowed = f"a non-empty array{size} of finite numbers{bound}"
    if np.ma.is_masked(value) or (isinstance(value, (list, tuple)) and any(map(np.ma.is_masked, value))):
        refuse(name, value, f"{allowed}, none of them masked")          # NumPy would uncover them without a word
    try:
        x = np.asarray(value)
        if x.dtype.kind not in "iuf" or np.ma.is_masked(value):
            refuse(name, value, allowed)
        x = x.astype(float)
    except (TypeError, ValueError, OverflowError):
        refuse(name, value, allowed)
    bad = x.size == 0 or not np.all(np.isfinite(x)) or bool(np.any(x < low))
    bad = bad or (above is not None and bool(np.any(x <= above)))
    bad = bad or (shape is not None and x.shape != shape) or (ndim is not None and x.ndim != ndim)
    if bad:
        refuse(name, value, allowed)
    if np.abs(x).max() > HUGE or (above == 0.0 and x.min() < TINY):
        refuse(name, value, f"{allowed}, in size between {TINY:g} and {HUGE:g}")
    return x


def each(name: str, value: Any, low: float, shape: tuple[int, ...]) -> float | Floats:
    """One number >= low, or an array of them of the given shape: one for each eigenvalue."""
    return number(name, value, low=low) if is_scalar(value) else array(name, value, low=low, shape=shape)


def batch_size(value: Any, name: str = "batch") -> float | Floats:
    """A batch size: one finite number >= 1, or an array of them (not necessarily whole: curves are smooth in it)."""
    return number(name, value, low=1.0) if is_scalar(value) else array(name, value, low=1.0)


def is_scalar(value: Any) -> bool:
    """Whether a value is meant as one number rather than as an array (``np.ndim`` stumbles over ragged lists)."""
    return not isinstance(value, (list, tuple)) and np.ndim(value) == 0


def choice(name: str, value: Any, options: Iterable[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in options:
        refuse(name, value, "one of " + ", ".join(repr(o) for o in options))
    return value


def words(name: str, value: Any, options: Iterable[str]) -> list[str]:
    """A non-empty list of some of a few words."""
    fine = isinstance(value, (list, tuple)) and len(value) > 0
    if not fine or not all(isinstance(v, str) and v in options for v in value):
        refuse(name, value, "a list of words out of " + ", ".join(map(repr, options)))
    return list(value)


def instance(name: str, value: Any, kind: type[Kind]) -> Kind:
    """An object of the given class."""
    if not isinstance(value, kind):
        refuse(name, value, f"a mombook.{kind.__name__}")
    return value


def generator(name: str, value: Any) -> np.random.Generator:
    """A ``numpy.random.Generator``: randomness is always an argument."""
    if not isinstance(value, np.random.Generator):
        refuse(name, value, "a numpy random Generator, for instance np.random.default_rng(0)")
    return value
