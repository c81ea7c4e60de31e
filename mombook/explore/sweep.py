"""Driving a panel through all its controls, as no notebook runner does."""

import time

from ..panels import scenario as scenarios
from ..panels.frame import problems


def sweep(live, budget, thorough):
    """The faults found, as sentences, and the number of scenarios tried (see ``LivePanel.sweep``)."""
    found, states = [], scenarios.corners(live.panel.controls)
    for k, state in enumerate(states):
        for final in (False, True) if thorough or k == 0 else (False,):
            started = time.process_time()                               # not the clock: the machine may be busy elsewhere
            view = live._exact(state, final)
            took = time.process_time() - started
            found += problems(live.panel, state, view)
            if took > budget:
                found.append(f"{live.panel.write(state)}: {took:.1f} s of computing for one update, more than {budget:g} s")
    for c in live.panel.controls:
        for stop in (c.stops[0], c.stops[-1]):
            live._controls[c.name].put(stop)
            if live._now[c.name] != c.value(stop):
                found.append(f"{c.name} did not follow its control to {stop!r}")
    return found, len(states)
