"""A method of the reader's own (``controls.METHOD``) in a panel that compares families: its key, its look, its frontier.

A line with numbers means one ``Method``, the same everywhere; a line with letters means a ``Family``, which is tuned like the
others. Axes are always those of the families, so that no line moves them.
"""

from bisect import bisect_left
from functools import lru_cache

import numpy as np

from ..exact.moments import is_stable
from ..model.family import FAMILIES
from ..model.method import Method
from ..model.written import parsed
from ..tuning.frontiers import frontier_of
from . import spectra, style
from .controls import BATCH

OWN = "yours"
"""The key of the reader's own method, beside the names of families."""


def looks():
    """How every family there is looks, and the reader's own method."""
    return {**style.METHODS, OWN: style.YOURS}


def shown(scenario):
    """The methods that are on, the reader's own among them."""
    return (*scenario["methods"], OWN) if scenario["method"] else scenario["methods"]


def entries(scenario):
    """What each of them is: key -> ``Family``, or the ``Method`` that the reader has written."""
    return {key: parsed(scenario["method"]) if key == OWN else FAMILIES[key] for key in shown(scenario)}


def colors(keys):
    """Colours of marks, which the look of a page does not reach."""
    return [style.EITHER if key == OWN else style.METHODS[key].color for key in keys]


@lru_cache(maxsize=256)
def frontier(problem, line, batches, per_octave=spectra.GAPS, precision=1e-9):
    """The method of a ``line`` at some ``batches``, a tuple, on the spectrum of a key in so many bins an octave."""
    return frontier_of(spectra.of(problem, per_octave), parsed(line), batches, precision)


@lru_cache(maxsize=256)
def stable_from(problem, line):
    """The least batch at which it is stable, up to the slider's; ``None`` where it is at none."""
    method = parsed(line)
    if not isinstance(method, Method):
        return 1
    least = bisect_left(range(1, BATCH.high + 1), True, key=lambda batch: is_stable(spectra.of(problem), method, batch)) + 1
    return least if least <= BATCH.high else None


def keep_inside(traces, ranges, parts):
    """Hide what of it lies wholly outside the axes; ``parts``: the end of a trace's name -> its two (logarithmic) axes."""
    for part, axes in parts.items():
        trace = traces[f"{style.YOURS.word}{part}"]
        with np.errstate(divide="ignore", invalid="ignore"):
            x, y = (np.log10(np.asarray(trace[c], float)) for c in "xy")
        (left, right), (low, high) = (ranges[axis] for axis in axes)
        trace["visible"] = bool(((x >= left) & (x <= right) & (y >= low) & (y <= high)).any())


def sentence(problem, line, does):
    """That it ``does`` something, and from which batch on it converges; where it does not, that. A space stands before it."""
    least = stable_from(problem, line)
    if does:
        below = f"; below B = {least} it does not converge" if least and least > 1 else ""
        return f" Your method {does}{below}."
    where = f"from B = {least} on it does" if least else f"nor at any batch up to {BATCH.high}"
    return f" Your method does not converge here; {where}."
