"""Driving a panel through its controls, which no notebook runner does: for a panel or a family of a reader's own."""

import json
import time

from ..panels.frame import problems


def sweep(live, budget):
    """The faults found, as sentences, and the number of scenarios tried (see ``LivePanel.sweep``)."""
    panel, found = live.panel, []
    opening = panel.read()
    ends = [(c.name, c.text(c.value(stop))) for c in panel.controls for stop in (c.stops[0], c.stops[-1])]
    states = [opening, *(panel.read(panel.write(opening), **{name: text}) for name, text in ends)]
    for k, state in enumerate(states):
        for final in (False, True) if k == 0 else (False,):
            started = time.process_time()                               # not the clock: the machine may be busy elsewhere
            view = live.exact(state, final)
            took = time.process_time() - started
            found += problems(panel, state, view)
            if took > budget:
                found.append(f"{panel.write(state)}: {took:.1f} s of computing for one update, more than {budget:g} s")
    for (name, text), asked in zip(ends, states[1:], strict=True):
        head = json.loads(live.answer("exact", "sweep", panel.name, panel.write(asked), False)[0])
        if panel.read("", **head.get("values", {})) != asked:
            found.append(f"{name} did not follow its control to {text}: {head.get('error', head.get('refused', ''))}")
    return found, len(states)
