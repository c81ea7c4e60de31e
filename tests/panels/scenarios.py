"""Where the panels are looked at: at their opening, at their presets, and at few scenarios that hold every pair of extremes."""

import itertools
from functools import cache

import pytest

from mombook import FAMILIES
from mombook.panels import PANELS, definition, questions
from mombook.panels.scenario import Seed

EVERYTHING = (*PANELS, *questions.QUESTIONS)
DEAR = {"advisor", "asgd", "budget", "far_horizon", "phase_map", "predict_05_exponent", "predict_07_saturation",
        "predict_11_batch", "published", "race", "ruler"}
"""Whose exact answer takes a second: a test that needs little else is slow for these, and quick for the others."""
EACH = [pytest.param(name, marks=[pytest.mark.slow] if name in DEAR else []) for name in EVERYTHING]
"""Parameters of such a test."""

# Levels at which a control is set where the ends of its slider would cost seconds and show nothing more.
LEVELS = {"d": (2, 40, 1000), "trials": (2, 50, 64), "steps": (30, 300, 3000)}
OWN_LEVELS = {
    "modes": {"d": (4, 40, 100)},
    "budget": {"samples": (256, 4096), "kappa": (1, 1e3, 1e16), "d": (2, 40), "source": (0.05, 0.3), "decay": (1.05, 4),
               "noise": (0.001, 1)},
    "falsify": {"trials": (50, 200)},
    "far_horizon": {"d": (10, 3000, 10**9), "steps": (1000, 10**5, 10**8)},
    "schedules": {"steps": (32, 90, 256), "batch": (1, 8, 1024)},
    "ruler": {"d": (20, 200), "low": (1, 10), "high": (1000, 1e4), "kappa": (1, 1000)},
}


def figure(name):
    """The empty figure of a panel, only to be read: plotly takes longer to make one than most tests to look at it."""
    return _figure(name, *FAMILIES)


@cache
def _figure(name, *families):
    return definition(name).figure()


@cache
def screen(name):
    """A figure of a panel to show one view after the other in."""
    return definition(name).figure()


def opening(name):
    """The scenario a panel opens with."""
    return definition(name).read()


def presets(name):
    """Each preset, and each step of each guide."""
    panel = definition(name)
    changes = [*panel.presets.values(), *(each for steps in panel.guides.values() for _, each in steps)]
    return [panel.read("", **change) for change in changes]


def ends(name):
    """Each control at its least, middle and greatest, the others at their defaults."""
    panel, base = definition(name), opening(name)
    every = [{**base, c.name: c.value(c.stops[k])} for c in panel.controls for k in (0, len(c.stops) // 2, -1)]
    return list({panel.write(s): s for s in [base, *every]}.values())


def corners(name):
    """``ends``, and every pair of controls at their extremes, the others at their defaults."""
    panel, base = definition(name), opening(name)
    pairs = [{**base, a.name: a.value(x), b.name: b.value(y)} for i, a in enumerate(panel.controls) for b in panel.controls[:i]
             for x in (a.stops[0], a.stops[-1]) for y in (b.stops[0], b.stops[-1])]
    return list({panel.write(s): s for s in [*ends(name), *pairs]}.values())


def levels(name, control):
    """Two or three values of a control: its ends and its default, or what ``LEVELS`` says."""
    if isinstance(control, Seed):
        return (0, 7)
    known = {**LEVELS, **OWN_LEVELS.get(name, {})}
    if control.name in known and name != "small_steps":
        stops = known[control.name]
    else:
        stops = (control.stops[0], control.default, control.stops[-1])
    texts = dict.fromkeys(control.text(control.value(x)) for x in stops)
    return tuple(control.value(text) for text in texts)


def covering(name):
    """Scenarios in which every value of every control stands beside every value of every other, built greedily.

    The same in every run: the next scenario takes, control by control, the value that meets most pairs not yet met.
    """
    panel = definition(name)
    names = [c.name for c in panel.controls]
    values = {c.name: levels(name, c) for c in panel.controls}
    open_pairs = {((a, x), (b, y)) for a, b in itertools.combinations(names, 2) for x in values[a] for y in values[b]}
    rows = []
    while open_pairs:
        first = min(open_pairs, key=repr)
        row = dict(first)
        for each in names:
            if each not in row:
                row[each] = max(values[each], key=lambda v, each=each: sum(
                    _pair(names, (each, v), other) in open_pairs for other in row.items()))
        open_pairs -= {_pair(names, p, q) for p, q in itertools.combinations(row.items(), 2)}
        rows.append({n: row[n] for n in names})
    return [panel.read("", **row) for row in rows]


def _pair(names, p, q):
    return (p, q) if names.index(p[0]) < names.index(q[0]) else (q, p)
