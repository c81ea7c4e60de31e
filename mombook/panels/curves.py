"""At which steps a learning curve is drawn, and what is read off a curve.

Momentum makes a curve turn, sometimes every other step, for about a dozen times its memory 1/(1 - beta). Evenly spaced
points would miss turning points and make up others. So every step is computed as long as such points would not do, and then
as few points are kept as can be: no step's true value lies further from the drawn line than CLOSE of the height of the
picture (or than one column across), and each turning point is there. Where several fall into one column of COLUMNS across
the picture, the highest and the lowest are kept, and the line fills the space between them, which is what an eye would see
of the curve.
"""

from functools import lru_cache

import numpy as np

from ..exact.moments import risk_at
from . import spectra

PER_OCTAVE, EVENLY = 8, 80
"""Points of a smooth curve: an octave on a log axis, and all in all on a linear one."""

COLUMNS = 250
"""Columns across the picture: about a pixel each in a third of a wide page."""

CLOSE = 0.003
"""How far the drawn line may be from the curve, as a share of the picture's height."""

FADED = 14.5
"""Memories 1/(1 - beta) after which what turns has faded by a factor of two million."""

ALWAYS = 4096
"""Steps that are computed one by one in any case: where the whole curve falls like what turns, that never fades beside it."""

MOST = 2**21
"""Steps that are computed one by one, at most."""

ENVELOPE = "<br>an end of the envelope: here the curve turns more often than can be drawn"
"""What a pointer reads at the highest and the lowest of a column."""

FILLED = "Where a curve turns more often than can be drawn, the filled stripe is its envelope."
"""The same in a panel's help."""


def evenly(last, count=EVENLY):
    """Whole steps from 0 to ``last``, evenly spaced."""
    return np.unique(np.rint(np.linspace(0, last, count + 1))).astype(int)


def spaced(last, per_octave=PER_OCTAVE):
    """0, then whole steps evenly spaced in log, to the power of two at or past ``last`` (64 at the least).

    >>> spaced(64, 1).tolist()
    [0, 1, 2, 4, 8, 16, 32, 64]
    """
    octaves = int(np.ceil(np.log2(max(last, 64)) - 1e-9))
    return np.unique(np.concatenate([[0], np.rint(2 ** (np.arange(octaves * per_octave + 1) / per_octave))])).astype(int)


def sampled(curve, last, beta, window, log=True, rough=None, base=None, most=MOST):
    """The steps at which a curve is drawn, and its values there.

    Args:
        curve: a function of whole steps in increasing order, shape ``(k,)``, that returns the values there, positive or 0.
        last: the last step, at the right end of the picture.
        beta: memory parameter of the method; 0 where nothing turns.
        window: the values at the lower and the upper end of the picture, whose axis is logarithmic.
        log: whether the axis of steps is logarithmic.
        rough: a cheaper ``curve``, fit to tell how long it needs every step; by default ``curve`` itself.
        base: the steps of a smooth curve, from 0 or 1 on; by default evenly spaced ones.
        most: steps that may be computed one by one; beyond them ``base`` is all there is.

    Returns:
        (steps, values, notes), each of shape ``(n,)``: the steps from 0 to ``last``, and ENVELOPE where the values are the
        highest or the lowest of their column of the picture, elsewhere "".
    """
    last = int(last)
    if base is None:
        base = spaced(last) if log else evenly(last)
    base = np.unique(np.append(base[base < last], last)).astype(np.int64)
    until = int(min(last, max(np.ceil(FADED / (1 - beta)) + 32, ALWAYS), most)) if beta > 0 else -1
    steps = np.concatenate([np.arange(until + 1), base[base > until]])
    values = curve(steps) if not rough else rough(steps[:until + 1]) if until >= 0 else None
    end = _missed_until(values[:until + 1], base, last, window, log) if until >= 0 else 0
    drawn = np.isin(steps, base) | (steps <= end) & (end > 0)
    steps, values = steps[drawn], curve(steps[drawn]) if rough else values[drawn]
    if end == 0:
        return steps, values, np.full(steps.size, "")
    height = _heights(values, window)
    kept, filled = _columns(steps, height, last, log)
    kept = np.unique(np.append(kept, np.arange(end, steps.size)))
    shown = kept[steps[kept] > 0] if log else kept                      # a log axis begins at step 1
    kept = np.union1d(0, shown[thinned(_across(steps[shown], log), height[shown])])
    return steps[kept], values[kept], np.where(np.isin(kept, filled), ENVELOPE, "")


@lru_cache(maxsize=512)
def expected(key, method, batch, last, window, final=True, noise=0.0, log=True):
    """The exact expected risk on a spectrum as it is drawn, as a share of the start (of weights of unit size).

    Args:
        key: of the spectrum (``spectra.key``); method: a ``Method``; batch: size; noise: standard deviation of the label noise.
        last, window, log: as ``sampled``; window: a tuple.
        final: false while a control is dragged: the spectrum is binned more coarsely.

    Returns:
        As ``sampled``.
    """
    def share(per_octave):
        H = spectra.of(key, per_octave)
        return lambda steps: risk_at(H, method, batch, steps, noise) / (H.trace / 2)

    coarse = share(spectra.GAPS)
    fine, rough = (share(spectra.CURVES), coarse) if final else (coarse, None)
    return sampled(fine, last, method.beta if method.eta else 0.0, window, log, rough)


def turning(values):
    """Indices at which a sequence turns: its local maxima and minima, ends left out.

    >>> turning([3, 1, 2, 2, 5, 4]).tolist()
    [1, 4]
    """
    values = np.asarray(values)
    moves = np.flatnonzero(np.diff(values) != 0)
    up = np.diff(values)[moves] > 0
    return moves[1:][up[1:] != up[:-1]]


def thinned(x, y):
    """Indices of the points that a line through must have, so that it passes every other within CLOSE; turning points are kept.

    Args:
        x, y: shape ``(n,)``, x increasing; y as a share of the picture's height.
    """
    kept = np.unique(np.concatenate([[0, y.size - 1], turning(y)]))
    while True:
        off = np.abs(y - np.interp(x, x[kept], y[kept]))
        far = np.flatnonzero(np.maximum.reduceat(off, kept[:-1]) > CLOSE) if kept.size > 1 else []
        if len(far) == 0:
            return kept
        more = [kept[k] + int(np.argmax(off[kept[k]:kept[k + 1]])) for k in far]
        kept = np.unique(np.concatenate([kept, more]))


def _heights(values, window):
    """Where values lie in the picture: 0 at its foot, 1 at its top, a little beyond for what lies outside."""
    low, high = np.log(window)
    with np.errstate(divide="ignore"):
        return np.clip((np.log(np.maximum(values, 0.0)) - low) / (high - low), -0.1, 1.1)    # rounding may leave -1e-30


def _across(steps, log):
    """Where steps lie along the axis."""
    return np.log(np.maximum(steps, 0.5)) if log else np.asarray(steps, float)


def _missed_until(values, base, last, window, log):
    """The step up to which a line through the ``base`` points misses the ``values`` of a curve at steps 0, 1, 2, ..., with a
    margin (0: nowhere)."""
    until = len(values) - 1
    height, through = _heights(values, window), base[base <= until]
    off = np.abs(np.interp(_across(np.arange(until + 1), log), _across(through, log), height[through]) - height)
    missed = np.flatnonzero(off[:through[-1] + 1] > CLOSE / 2)
    if through[-1] < until < last and missed.size == 0:                 # beyond the last point nothing can be said
        missed = np.flatnonzero(np.abs(np.diff(height[through[-1]:])) > CLOSE) + through[-1]
    return min(until, int(1.25 * missed[-1]) + 16) if missed.size else 0


def _columns(steps, height, last, log):
    """The first and the last of the steps in every column of the picture, and all turning points; where more than two of them
    fall into one column, only the highest and the lowest, and these once more by themselves."""
    share = np.log(np.maximum(steps, 1)) / np.log(max(last, 2)) if log else steps / last
    column = np.floor(COLUMNS * share).astype(int)
    turns, edges = turning(height), np.flatnonzero(np.diff(column))
    edges = np.concatenate([[0, min(1, steps.size - 1)], edges, edges + 1])
    starts = np.flatnonzero(np.diff(column[turns], prepend=-1))         # of each column's turning points, among ``turns``
    many, filled, kept = [], [], np.ones(turns.size, bool)
    for a, b in zip(starts, [*starts[1:], turns.size], strict=False):
        if b > a + 2:
            many.append(column[turns[a]])
            kept[a:b] = False
            ends = a + np.array([np.argmin(height[turns[a:b]]), np.argmax(height[turns[a:b]])])
            kept[ends] = True
            filled.extend(turns[ends])
    return np.unique(np.concatenate([edges[~np.isin(column[edges], many)], turns[kept], [0]])), filled


def runs_drawn(risk, times, word="", low=0.0, high=1e30, dots_low=None, **both):
    """Simulated runs as they are drawn: dots where their mean lies, a band where 80 % of them lie.

    Args:
        risk: shape ``(runs, steps+1)``, all from one start; times: the steps to draw.
        word: what is simulated, for the names of the traces.
        low, high: as shares of the start; the band is drawn where it lies strictly between them, the dots likewise, but
            from ``dots_low`` where that is given.
        both: further attributes of both traces.

    Returns:
        The traces ``simulated`` and ``80 % of runs``.
    """
    seen = np.minimum(risk[:, times] / risk[0, 0], 1e30)                # quantiles of inf would warn
    (least, most), mean = np.quantile(seen, [0.1, 0.9], axis=0), seen.mean(0)
    fine = (mean < high) & (mean > (low if dots_low is None else dots_low))
    band = (most < high) & (least > low)
    word = f"{word}: " if word else ""
    return {f"{word}simulated": {"x": times[fine], "y": mean[fine], **both},
            f"{word}80 % of runs": {"x": np.concatenate([times[band], times[band][::-1]]),
                                    "y": np.concatenate([most[band], least[band][::-1]]), **both}}


def single_runs(risk, times, expected, word, **both):
    """The median of runs ``(runs, steps+1)`` at ``times`` and the run that rises furthest above the expected risk: traces."""
    shown, traces = risk[:, times], {}
    highest = np.unravel_index(np.argmax(shown / expected), shown.shape)[0]
    for part, y in (("median run", np.median(shown, axis=0)), ("largest run", shown[highest])):
        drawn = np.isfinite(y)
        traces[f"{word}: {part}"] = {"x": times[drawn], "y": y[drawn] / risk[0, 0], **both}
    return traces
