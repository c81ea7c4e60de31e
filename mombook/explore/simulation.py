"""The simulation of a panel in Jupyter: in small pieces, with a bar that tells how far it is, and a button that stops it."""

import time

import ipywidgets as w

from ..panels.frame import Panel

PAINTED = 0.25
"""Seconds between two drawings of what has been simulated so far."""


def simulates(panel):
    """Whether a panel has a simulation."""
    return type(panel).sample is not Panel.sample


class Simulation:
    """Runs ``Panel.sample`` and shows how far it is.

    Args:
        panel: the definition; arrive: draws a ``Sample``; drawing: a context in which nobody else draws.
        halt, again: what the buttons do; button: makes a button.
    """

    def __init__(self, panel, arrive, drawing, halt, again, button):
        self._panel, self._arrive, self._drawing = panel, arrive, drawing
        self.bar = w.FloatProgress(min=0, max=1, layout=w.Layout(width="160px", visibility="hidden"))
        self.stop = button("Stop", "stop the simulation", lambda _: halt())
        self.stop.disabled = True
        start = button("Simulate", "run the simulation again, with the next seed", lambda _: again())
        self.boxes = [start, self.stop, self.bar] if simulates(panel) else []

    def run(self, scenario, wanted):
        """Simulate in pieces until done or no longer ``wanted()``."""
        self.stop.disabled, self.bar.value, self.bar.layout.visibility = False, 0.0, "visible"
        drawn, waiting, said = 0.0, {}, ""
        for piece in self._panel.sample(scenario):
            if not wanted():
                break
            waiting.update(piece.traces)
            said = piece.sentence or said
            if time.perf_counter() - drawn > PAINTED or piece.fraction >= 1:
                drawn = time.perf_counter()
                with self._drawing:
                    if wanted():
                        self._arrive(type(piece)(piece.fraction, waiting, said))
                waiting = {}
            yield 0.001                                                 # let the kernel answer sliders
        with self._drawing:
            if waiting and wanted():
                self._arrive(type(piece)(piece.fraction, waiting, said))
        self.rest()

    def rest(self):
        """Nothing runs: no bar, nothing to stop."""
        self.stop.disabled, self.bar.layout.visibility = True, "hidden"
