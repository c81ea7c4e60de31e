"""What may be passed: every public function refuses bad input with one sentence, the same everywhere.

Each check returns the argument in the form the mathematics wants (``float``, ``int`` or a float array) or raises a
``ValueError`` that names the argument, shows what was got and says what is allowed.
"""

import numbers

import numpy as np


def refuse(name, got, allowed):
    """Raise the sentence all checks share: what was wrong, and what to pass instead."""
    shown = repr(got)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    raise ValueError(f"{name} must be {allowed}; got {shown}.")


def number(name, value, low=-np.inf, high=np.inf, *, above=None, below=None, allowed=None):
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
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        refuse(name, value, allowed)
    x = float(value)
    inside = np.isfinite(x) and low <= x <= high
    if not inside or (above is not None and x <= above) or (below is not None and x >= below):
        refuse(name, value, allowed)
    return x


def whole(name, value, low=0, high=None):
    """A whole number, low <= value (<= high)."""
    allowed = f"a whole number >= {low}" + ("" if high is None else f" and <= {high}")
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        refuse(name, value, allowed)
    if not np.isfinite(value) or value != int(value) or value < low or (high is not None and value > high):
        refuse(name, value, allowed)
    return int(value)


def array(name, value, *, low=-np.inf, above=None, shape=None, ndim=None, allowed=None):
    """A non-empty array of finite reals, every entry >= low, or > ``above`` where that is given."""
    if allowed is None:
        bound = f" > {above:g}" if above is not None else (f" >= {low:g}" if low > -np.inf else "")
        size = f" of shape {shape}" if shape is not None else ""
        allowed = f"a non-empty array{size} of finite numbers{bound}"
    try:
        x = np.asarray(value)
        if x.dtype.kind not in "iuf":
            refuse(name, value, allowed)
        x = x.astype(float)
    except (TypeError, ValueError):
        refuse(name, value, allowed)
    bad = x.size == 0 or not np.all(np.isfinite(x)) or bool(np.any(x < low))
    bad = bad or (above is not None and bool(np.any(x <= above)))
    bad = bad or (shape is not None and x.shape != shape) or (ndim is not None and x.ndim != ndim)
    if bad:
        refuse(name, value, allowed)
    return x


def each(name, value, low, shape):
    """One number >= low, or an array of them of the given shape: one for each eigenvalue."""
    return number(name, value, low=low) if is_scalar(value) else array(name, value, low=low, shape=shape)


def batch_size(value, name="batch"):
    """A batch size: one finite number >= 1, or an array of them (not necessarily whole: curves are smooth in it)."""
    return number(name, value, low=1.0) if is_scalar(value) else array(name, value, low=1.0)


def is_scalar(value):
    """Whether a value is meant as one number rather than as an array (``np.ndim`` stumbles over ragged lists)."""
    return not isinstance(value, (list, tuple)) and np.ndim(value) == 0


def choice(name, value, options):
    """One of a few words."""
    if not isinstance(value, str) or value not in options:
        refuse(name, value, "one of " + ", ".join(repr(o) for o in options))
    return value


def words(name, value, options):
    """A non-empty list of some of a few words."""
    fine = isinstance(value, (list, tuple)) and len(value) > 0
    if not fine or not all(isinstance(v, str) and v in options for v in value):
        refuse(name, value, "a list of words out of " + ", ".join(map(repr, options)))
    return list(value)


def instance(name, value, kind):
    """An object of the given class."""
    if not isinstance(value, kind):
        refuse(name, value, f"a mombook.{kind.__name__}")
    return value


def generator(name, value):
    """A ``numpy.random.Generator``: randomness is always an argument."""
    if not isinstance(value, np.random.Generator):
        refuse(name, value, "a numpy random Generator, for instance np.random.default_rng(0)")
    return value
