"""Where the names of curves stand in a plot: beside their curves, and over nothing else.

A view knows neither the width of the page nor the size of its type. Sizes are therefore those of the tightest of the forms
that a panel takes: three subplots side by side in teacher mode, a phone, or a wide page. What fits there fits everywhere.
"""

import copy
import itertools
import re

import numpy as np
import scipy

LETTER = {1: 0.026, 2: 0.022, 3: 0.036}
"""Width of a letter as a share of a subplot's, by the number of subplots."""

CAPITAL = 1.25
"""Width of an acronym's letter over that of a usual one."""

LINE = 0.056
"""Height of a line of text as a share of a subplot's."""

GAP = (0.012, 0.016)
"""Between a text and the point that it names, across and up."""

SPOTS = (0.97, 0.88, 0.78, 0.66, 0.54, 0.42, 0.3, 0.2, 0.12, 0.03)
"""Where along a curve its name may stand, from its end back to its start; the first is preferred."""

SIDES = {"top left": (-1, 1), "bottom left": (-1, -1), "top center": (0, 1), "bottom center": (0, -1), "top right": (1, 1),
         "bottom right": (1, -1), "middle left": (-1, 0), "middle right": (1, 0), "middle center": (0, 0)}
"""On which side of its point a text stands: plotly's word -> the direction."""

BESIDE, ABOVE_OR_BELOW, LEFT_OR_RIGHT = tuple(SIDES)[:8], ("top center", "bottom center"), ("middle left", "middle right")
"""Sides on which a name does not cover its point, the first being preferred; those for level and for upright lines."""

STEP = 0.01
"""Between two points at which a curve is looked at, as a share of the subplot."""

WIDEST = 300
"""Cells of a region that are looked at, the widest places first."""

COVERED = 30.0
"""What it costs to cover a mark or another name."""

MARK = 0.03
"""Half the size of a mark."""


class Plot:
    """One subplot: its axes, and what names must not cover.

    Args:
        x, y: the ranges of its axes, as ``View.ranges`` holds them.
        columns: how many subplots stand side by side.
        log: whether each of the axes is logarithmic.
        line: height of a line of text, as a share of the subplot's.
        wide: the subplot's width over that of one of so many of equal width.
    """

    def __init__(self, x, y, columns, log=(True, True), line=LINE, wide=1.0):
        self.ranges, self.log, self.letter, self.line = (x, y), log, LETTER[columns] / wide, line
        self.drawn, self.boxes = [np.empty((0, 2))], []
        self.cost, self.spot, self.free = 0.0, None, True               # of the best place last found

    def shares(self, x, y):
        """Points as shares of the axes, shape ``(n, 2)``; those that are nowhere are nan."""
        with np.errstate(divide="ignore", invalid="ignore"):
            values = [np.log10(np.asarray(v, float)) if log else np.asarray(v, float)
                      for v, log in zip((x, y), self.log, strict=True)]
        return np.transpose([(v - a) / (b - a) for v, (a, b) in zip(values, self.ranges, strict=True)])

    def values(self, share):
        """The point at such shares of the axes."""
        along = [a + s * (b - a) for s, (a, b) in zip(share, self.ranges, strict=True)]
        return [float(10.0**v if log else v) for v, log in zip(along, self.log, strict=True)]

    def curve(self, x, y):
        """Keep names off a curve; its points as shares, evenly spaced along it."""
        points = _spaced(self.shares(x, y))
        self.drawn.append(points)
        return points

    def points(self, x, y):
        """Keep names off small points."""
        self.drawn.append(self.shares(x, y))

    def marks(self, x, y):
        """Keep names off marks."""
        for share in self.shares(x, y):
            self.boxes.append((*(share - MARK), *(share + MARK)))

    def names(self, curves, sides=BESIDE, spots=SPOTS, legend=False, clear=False):
        """Where the names of curves stand; all that is to be kept free must have been given before.

        Args:
            curves: a sequence of (name, points as ``curve`` returned them); one that is not inside goes without.
            sides: where a name may stand beside its point, a subset of ``SIDES``.
            spots: where along the curve it may stand.
            legend: whether a legend names the curves, too; a name for which no place is free is then left out.
            clear: whether a name must stand nearer to its own curve than to any other.

        Returns:
            The arrays of a trace of texts: ``x``, ``y``, ``text`` and ``textposition``.
        """
        found = []
        for name, points in curves:
            inside = points[np.all((points >= 0) & (points <= 1), axis=1)]
            if len(inside):
                at = inside[(np.array(spots) * (len(inside) - 1)).round().astype(int)]
                place = self.best(name, at, sides, own=points, clear=clear)
                if self.free or not legend:
                    found.append((name, *place))
                else:
                    self.boxes.pop()
        return texts(found)

    def uprights(self, lines, feet=None):
        """Upright lines that end at their own names, which stand near the upper or the lower edge, each at a height of its own.

        Args:
            lines: a sequence of (name, place on the axis across), for as many lines; what else is drawn must have been given.
            feet: what each points at from its name, on the axis upwards; ``None`` for one that runs to the other edge.

        Returns:
            (arrays of each line, arrays of the trace of their names).
        """
        best = (np.inf,)
        for heights in itertools.permutations(self.line * np.arange(1, 4), len(lines)):
            trials = (self._upright(lines, heights, top, feet or [None] * len(lines)) for top in (True, False))
            best = min(best, *trials, key=lambda each: each[0])
            if best[0] < 2:                                             # nothing is covered, and little is near
                break
        _, made, named = best
        for line in made:
            self.curve(**line)
        return made, named

    def _upright(self, lines, heights, top, feet):
        """What it costs to end these lines so far from an edge, their arrays, and their names'."""
        trial, made, found, cost = copy.copy(self), [], [], sum(heights)
        trial.drawn, trial.boxes = list(self.drawn), list(self.boxes)
        ends = [1 - height if top else height for height in heights]
        along = [self.shares([x], [1.0])[0, 0] for _, x in lines]
        for u, v, foot in zip(along, ends, feet, strict=True):
            edge = 0 if top else 1
            foot = edge if foot is None else self.shares([1.0], [foot])[0, 1]
            foot = foot if (0 < foot < v if top else v < foot < 1) else edge
            low, high = sorted((foot, v))
            x, y = np.transpose([self.values((u, w)) for w in (low, high)])
            made.append({"x": x, "y": y})
            trial.drawn.append(np.transpose([np.full(100, u), np.linspace(low, high, 100)]))
        sides = [f"{'top' if top else 'bottom'} {word}" for word in ("center", "right", "left")]
        for (name, _), u, v in zip(lines, along, ends, strict=True):
            found.append((name, *trial.best(name, [(u, v - GAP[1] * (1 if top else -1))], sides)))
            cost += trial.cost
        return cost, made, texts(found)

    def regions(self, x, y, codes, words, least):
        """Where the names of a map's regions stand: in their widest places, where those are ``least`` cells wide either way.

        Args:
            x, y: the map's cells, shapes ``(n,)`` and ``(m,)``; codes: the region of each, shape ``(m, n)``; words: by code.

        Returns:
            As ``names``.
        """
        at, found = self.shares(*(v.ravel() for v in np.meshgrid(x, y))), []
        for code, word in enumerate(words):
            width = scipy.ndimage.distance_transform_edt(np.pad(codes == code, 1))[1:-1, 1:-1].ravel()
            spots = np.argsort(-width, kind="stable")[:min(np.sum(width > least), WIDEST)]
            if len(spots):
                place = self.best(word, at[spots], ("middle center",), avoid=at[width == 0], ease=0.02)
                if self.cost < COVERED:                                 # a small region under a mark goes without
                    found.append((word, *place))
                else:
                    self.boxes.pop()
        return texts(found)

    def best(self, name, spots, sides=BESIDE, own=None, avoid=None, ease=0.3, scale=1.0, clear=False):
        """The best point and side for a text: (point in units of the axes, side).

        Args:
            spots: shares of the axes, shape ``(n, 2)``, the first being preferred; own: points of the curve it names.
            avoid: points that this name alone must not cover.
            ease: what it costs to go on to the next spot; to cover a point costs 1.
            scale: size of its type over that of the other names; clear: as ``names``.
        """
        lines = [re.sub("<[^>]*>", "", line) for line in name.split("<br>")]
        size = scale * np.array([self.letter * max(map(_letters, lines)), self.line * len(lines)])
        direction = np.array([SIDES[side] for side in sides])
        anchors = np.asarray(spots)[:, None] + direction * GAP
        low = anchors + (direction - 1) / 2 * size
        boxes = np.concatenate([low, low + size], axis=-1)
        cost = ease * np.arange(len(anchors))[:, None] + 0.05 * np.arange(len(sides))
        cost = cost + 100 * np.any((boxes[..., :2] < -0.01) | (boxes[..., 2:] > 1.01), axis=-1)
        cost = cost + 100 * np.any((anchors < 0) | (anchors > 1), axis=-1)      # plotly hides a text whose point is outside
        others = [c for c in self.drawn if c is not own]
        covered = _within(boxes, np.concatenate([*self.drawn, np.empty((0, 2)) if avoid is None else avoid]))
        cost += np.minimum(covered, 20)
        cost += 0.3 * np.minimum(_within(boxes + self.line * np.array([-1, -1, 1, 1]), np.concatenate(others)), 10)
        if clear and sum(map(len, others)):
            cost += COVERED * (_distance(boxes, np.concatenate(others)) < _distance(boxes, own) + self.line / 4)
        for box in self.boxes:
            across = [np.minimum(boxes[..., k + 2], box[k + 2]) - np.maximum(boxes[..., k], box[k]) for k in (0, 1)]
            hidden = (across[0] > 0) & (across[1] > 0)
            cost, covered = cost + COVERED * hidden, covered + hidden
        i, j = np.unravel_index(np.argmin(cost), cost.shape)
        self.boxes.append(tuple(boxes[i, j]))
        self.cost, self.spot, self.free = float(cost[i, j]), spots[i], not covered[i, j]
        return self.values(anchors[i, j]), sides[j]

    def kept(self):
        """Whether the place last found is inside and covers nothing; where it does, what would stand there is taken back."""
        if self.cost < 100 and not _within(np.array(self.boxes[-1]), np.concatenate(self.drawn)):
            return True
        self.boxes.pop()
        return False


def _letters(line):
    """How many letters of usual width are as wide as a line: those of an acronym are wider."""
    return len(line) + (CAPITAL - 1) * sum(map(len, re.findall("[A-Z]{2,}", line)))


def texts(found):
    """The arrays of a trace of texts, from (text, point, side) of each."""
    return {"x": [x for _, (x, _), _ in found], "y": [y for _, (_, y), _ in found], "text": [text for text, _, _ in found],
            "textposition": [side for *_, side in found] or "top center"}


def _spaced(points):
    """Points along a line, at most STEP apart; what is broken by nan stays broken."""
    parts = []
    for part in np.split(points, np.flatnonzero(~np.isfinite(points).all(axis=1))):
        part = np.clip(part[np.isfinite(part).all(axis=1)], -1, 2)
        if len(part):
            far = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(part, axis=0).T))])
            at = np.linspace(0, far[-1], min(int(far[-1] / STEP) + 2, 2000))
            parts.append(np.transpose([np.interp(at, far, part[:, k]) for k in (0, 1)]))
    return np.concatenate(parts) if parts else np.empty((0, 2))


def _distance(boxes, points):
    """How far the middle line of each text is from the nearest of the points."""
    low, high, middle = boxes[..., 0, None], boxes[..., 2, None], boxes[..., 1::2].mean(axis=-1, keepdims=True)
    across = np.maximum(np.maximum(low - points[:, 0], points[:, 0] - high), 0)
    return np.hypot(across, points[:, 1] - middle).min(axis=-1)


def _within(boxes, points):
    """How many points lie in each box."""
    u, v = (points[:, k] for k in (0, 1))
    inside = ((boxes[..., 0, None] < u) & (u < boxes[..., 2, None]) & (boxes[..., 1, None] < v) & (v < boxes[..., 3, None]))
    return inside.sum(axis=-1)
