"""Looking ahead: while the browser paints, the stop a slider will come to next is computed, and panels remember."""

import contextlib
import threading

from ..panels.scenario import Slider


class Foresight:
    """Guesses where a reader is going.

    Args:
        controls: the panel's; compute: computes a scenario's dragging layer, so that it is remembered.
    """

    def __init__(self, controls, compute):
        self._sliders = [c for c in controls if isinstance(c, Slider)]
        self._compute, self._busy = compute, threading.Lock()
        self._heading = self._expected = None

    def note(self, old, new):
        """Remember which slider moved, and its next stop on if it goes on as it did."""
        moved = [c for c in self._sliders if old[c.name] != new[c.name]]
        self._heading = None
        if len(moved) == 1:
            c, up = moved[0], new[moved[0].name] > old[moved[0].name]
            on = [x for x in map(c.rounded, c.stops if up else c.stops[::-1]) if (x > new[c.name]) == up and x != new[c.name]]
            if on:
                self._heading = c.name, on[0]

    def look(self, now):
        """Compute the stop the slider is heading for."""
        name, stop = self._heading or (None, None)
        self._heading = None
        if name is None:
            return
        with self._busy:
            self._expected = {**now, name: stop}
            with contextlib.suppress(Exception):                        # a guess; if it comes true it is heard then
                self._compute(self._expected)
            self._expected = None

    def wait_for(self, scenario):
        """Wait, if this very scenario is being computed at this moment."""
        if scenario == self._expected:
            with self._busy:
                pass
