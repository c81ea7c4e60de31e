"""Keeping up with a reader: the latest scenario is drawn, older ones are skipped; at rest it is refined and simulated.

JupyterLab runs the callbacks of widgets on a thread of its own, one after the other. There they only note what is wanted,
and a painter thread draws it: however many changes have piled up, one drawing after the last of them is enough. On the main
thread (a cell, a kernel without such threads) a change is drawn before it returns, and what fails is raised.
"""

import contextlib
import threading

from .background import Worker

PAUSE = 0.03
"""Seconds without a change after which there is time to look ahead."""

REST = 0.3
"""Seconds without a change after which the controls count as released."""

FIGURE = "The figure still shows the last good scenario."


class Pace:
    """Who draws what, and when.

    Args:
        scenario: the one on screen.
        draw: draws a scenario at once, coarsely; refine: the scenario on screen again, at rest.
        prepare: called when what is wanted is on screen, before the controls have rested.
        simulate: a generator function of a predicate that says whether the simulation is still wanted; None for none.
        failed: called with an exception that nobody can catch, before it is raised.
    """

    def __init__(self, scenario, draw, refine, prepare, simulate, failed):
        self.wanted = self.shown = scenario
        self.worker = self._painter = None
        self._draw, self._refine, self._prepare, self._simulate, self._failed = draw, refine, prepare, simulate, failed
        self.drawing, self._lock = threading.RLock(), threading.Lock()
        self._turn, self._stopped = 0, -1

    def follow(self, scenario):
        """Go to a scenario: now, or as soon as the painter can."""
        with self._lock:
            self._turn += 1
            self.wanted = scenario
        if threading.current_thread() is threading.main_thread():
            self._catch_up()
        else:
            with self._lock:
                if self._painter is None or not self._painter.is_alive():
                    self._painter = Worker(self._paint())
                    self._painter.start()
                else:
                    self._painter.wake()
        self.rest()

    def settle(self):
        """Refine what is wanted, now."""
        with self.drawing:
            self._catch_up()
            self._refine(self.shown)

    def rest(self):
        """Make sure somebody is waiting for the controls to rest."""
        with self._lock:
            if self.worker is None or not self.worker.is_alive():
                self.worker = Worker(self._work())
                self.worker.start()
            else:
                self.worker.wake()

    def leave(self):
        """Give up the simulation that runs; nothing is wanted anew."""
        self._stopped = self._turn

    @contextlib.contextmanager
    def alone(self):
        """Change the figure while nobody else does, with every simulation given up."""
        self._turn += 1
        with self.drawing:
            yield

    def _catch_up(self):
        """Draw the scenario wanted last; where that fails, the one on screen is wanted again."""
        with self.drawing:
            new = self.wanted
            if new is self.shown:
                return
            try:
                self._draw(new)
            except Exception:
                with self._lock:
                    if self.wanted is new:
                        self.wanted = self.shown
                raise
            self.shown = new

    def _paint(self):
        """Draw until there is nothing newer (background)."""
        try:
            while True:
                self._catch_up()
                if self.wanted is not self.shown or (yield 1.0):
                    continue
                with self._lock:
                    if self.wanted is self.shown:
                        self._painter = None
                        return
        except Exception as error:
            self._painter = None
            self._failed(error, FIGURE)
            raise

    def _work(self):
        """Wait until the controls rest, refine, simulate; start again whenever they have moved meanwhile (background)."""
        still = FIGURE
        try:
            while True:
                turn = self._turn
                if (yield PAUSE) or turn != self._turn:
                    continue
                if self.wanted is self.shown:                           # else the painter needs the processor more
                    self._prepare()
                if (yield REST) or turn != self._turn:
                    continue
                with self.drawing:
                    if turn == self._turn:
                        self.settle()
                if self._simulate and turn == self._turn:
                    still = "The exact curves still stand."
                    yield from self._simulate(lambda turn=turn: turn == self._turn != self._stopped)
                with self._lock:
                    if turn == self._turn:
                        self.worker = None
                        return
        except Exception as error:
            self.worker = None
            self._failed(error, still)
            raise
