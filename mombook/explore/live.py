"""A panel in Jupyter: ipywidgets around a FigureWidget.

The exact layer follows every control at once. When the controls have rested for a moment the refined exact layer and
the axes follow, and the simulation starts in small pieces, in the background, and is given up as soon as anything moves.
"""

import contextlib
import html
import json
import threading
import time

import ipywidgets as w
import plotly.graph_objects as go
from threadpoolctl import ThreadpoolController

from ..panels import export
from ..panels.frame import apply, change, veil
from .figurewidget import figure_widget
from .foresight import Foresight
from .pace import Pace
from .page import Frame, Page
from .simulation import Simulation, simulates
from .steering import WRAP, Steering
from .sweep import sweep
from .takeaway import TakeAway
from .teacher import Teacher
from .words import Words

PANEL = "application/vnd.mombook.panel+json"
"""What a saved notebook keeps of a panel beside its sentence: which one, and where. The web page is built from it."""


class LivePanel:
    """A ``Panel`` a reader can touch; the last line of a cell shows it.

    Args:
        panel: the definition.
        scenario: a line such as ``"kappa=1e3;decay=1.5"``; values: the same as keywords.
        simulate: whether the simulation starts by itself when the controls rest.

    Its ``repr`` is the live sentence.
    """

    def __init__(self, panel, scenario="", simulate=True, **values):
        self.panel = panel
        self.simulates = simulate and simulates(panel)
        self._quietly, self._blas = threading.local(), ThreadpoolController()
        self._foresight = Foresight(panel.controls, lambda scenario: self._exact(scenario, final=False))
        self._page = Page()
        self._said = Words(self._page)
        self._pace = Pace(panel.read(scenario, **values), self._draw, self._refine, lambda: self._foresight.look(self._now),
                          self._run if self.simulates else None, self._said.failed)
        self._view = self._exact(self._now, final=True)
        start = panel.figure()
        apply(start, self._view, rescale=True)
        self.figure = figure_widget(start)
        self._frame = Frame(panel, self.figure)
        self._words, self._text, self._heard, self._status = (
            self._said.sentence, self._said.text, self._said.heard, self._said.status)
        self._guard, self._button = self._said.guard, self._said.button
        self._steering = Steering(panel, self._now, self._moved, self._refused, self._show, lambda: self._now, self._button)
        self._controls = self._steering.controls
        self._take = TakeAway(self, self._page, self._said)
        self._simulation = Simulation(panel, self._arrive, self._pace.drawing, self._halt, self._reseed, self._button)
        self._teacher = Teacher(panel, self._page, self._steering, self._enlarge, self._hide,
                                self._reseed if self._simulation.boxes else None, self._button, self._guard)
        self._build()
        self._say(self._now)

    # -- what a notebook asks for -------------------------------------------------------------------------------------
    @property
    def scenario(self):
        """Where the controls are, as one line; pass it to any panel of this kind."""
        return self.panel.write(self._now)

    @property
    def sentence(self):
        """What is on screen, in words and numbers."""
        return self._veiled(self._now).sentence

    @property
    def numbers(self):
        """The sentence's numbers, unrounded."""
        return self._view.numbers

    def set(self, scenario="", **values):
        """Move the controls: a scenario line, keywords, or both. Settles before it returns (the simulation does not).

        Raises:
            ValueError: an unknown name or a value out of range; nothing moves.
        """
        base = {k: v for k, v in self._now.items() if k not in values}
        new = self.panel.read(scenario, **values) if scenario else self.panel.read("", **{**base, **values})
        self._show(new)
        self._pace.settle()

    def simulate(self):
        """Run the simulation of the present scenario to its end, now; returns its sentence."""
        said = ""
        with self._pace.alone():
            for piece in self.panel.sample(self._now):
                self._arrive(piece)
                said = piece.sentence or said
        return said

    def static(self, **options):
        """The plain plotly figure, for print and slides (see ``Panel.static``)."""
        return self.panel.static(self._now, **options)

    def teach(self, on=True):
        """Begin teacher mode, or end it: large type, and keys that step through presets and hide theory."""
        self._teacher.teach(on)

    def table(self):
        """The plotted numbers, a row each: trace, x, y, then z or error where a trace has one."""
        return export.table(export.arrays(self.figure))[1]

    def csv(self):
        """The plotted numbers as CSV."""
        return export.csv(self.panel, self.scenario, export.arrays(self.figure))

    def html_table(self):
        """Some of the plotted numbers, as a table to read."""
        return export.html_table(self.panel, self.scenario, export.arrays(self.figure), export.axes(self.figure))

    def code(self):
        """Three lines that bring this figure back in a cell."""
        return export.code(self.panel, self.scenario)

    def script(self):
        """A program that computes and prints every number in the figure, simulation finished."""
        return export.script(self.panel, self.scenario)

    def bibtex(self):
        """The works the panel rests on."""
        return export.bibtex(self.panel, self.scenario)

    def picture(self):
        """The figure as it stands, as a plain plotly figure for paper with the scenario at its foot."""
        return export.printed(self.panel, self.scenario, self.figure)

    def sweep(self, budget=5.0, thorough=False):
        """Drive every control to its least, middle and greatest and every pair to its extremes; check what is shown.

        The dragging layer is checked everywhere, the resting one at the defaults (``thorough``: everywhere too; some
        ten times slower). Then each control is moved through its widget, as a reader would.

        Args:
            budget: seconds of computing a single exact update may take.

        Returns:
            A sentence with the number of scenarios tried.

        Raises:
            AssertionError: naming each scenario whose traces are not finite, lie outside their axes or take too long.
        """
        before = self._now
        found, count = sweep(self, budget, thorough)
        self._show(before)
        self._pace.settle()
        assert not found, "\n".join(found)
        return f"{count} scenarios swept: finite, inside their axes, in time."

    def __repr__(self):
        return self.sentence

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = self.widget._repr_mimebundle_()
        self._pace.rest()
        return {**bundle, **self._instead(), "text/plain": repr(self),
                PANEL: {"panel": self.panel.name, "scenario": self.scenario}}

    def _instead(self):
        """What a front end without Jupyter's widgets shows: plotly's own extension the figure, any other the sentence."""
        advice = "The controls need Jupyter's widgets: python -m mombook doctor says what is missing."
        picture = export.captioned(go.Figure(self.figure), f"{self.sentence} {advice}", width=None)
        return {"application/vnd.plotly.v1+json": json.loads(picture.to_json()),
                "text/html": f"<p>{html.escape(self.sentence)}</p><p>{advice}</p>"}

    @property
    def _now(self):
        """The scenario wanted: where the controls are."""
        return self._pace.wanted

    @property
    def _worker(self):
        return self._pace.worker

    # -- building -----------------------------------------------------------------------------------------------------
    def _build(self):
        self._page.observe(self._guard(self._fit), names=["width", "dark"])
        self._page.on_msg(self._guard(self._page_said))
        copy_text = self._button("Copy text", "copy these lines", lambda _: self._page.copy(self._view.text))
        self._line = self._take.line
        self._line.observe(self._guard(self._typed), names="value")
        said = self._said
        self.widget = w.VBox([
            self._page, *self._steering.boxes, self._teacher.box, self.figure,
            said.sentence, *([said.text, copy_text] if self._view.text else []), said.heard,
            w.Box([*self._simulation.boxes, said.status], layout=w.Layout(**WRAP)),
            w.Box([*self._take.boxes, self._teacher.toggle], layout=w.Layout(**WRAP)), self._take.table,
            w.HTML(f"<details style='margin:0 8px'><summary>How to read this</summary>{html.escape(self.panel.help)}"
                   "</details>"),
        ], layout=w.Layout(width="100%")).add_class("mombook-panel")

    def _exact(self, scenario, final):
        """The panel's exact layer, on one BLAS thread: its matrices are small, and on a busy machine two threads that
        wait for each other take ten times as long."""
        with self._blas.limit(limits=1, user_api="blas"):
            return self.panel.exact(scenario, final)

    # -- moving -------------------------------------------------------------------------------------------------------
    def _moved(self, name, value):
        """A control has been dragged or typed into."""
        if not self._is_quiet:
            self._guard(lambda: self._show({**self._now, name: value}))()

    def _refused(self, sentence):
        """A control has been given something it cannot take: say so, change nothing."""
        self._said.alert(f"{sentence} Nothing has changed.")

    def _typed(self, change):
        """The scenario line has been edited."""
        if self._is_quiet:
            return
        try:
            new = self.panel.read(change["new"])
        except ValueError as refused:
            self._refused(str(refused))
            self._put(self._line, self.scenario)
            return
        self._show(new)

    def _show(self, new):
        """Go to a scenario; the controls at once, the figure as soon as it can."""
        with self._quiet():
            self._steering.put(new)
        self._pace.follow(new)

    def _draw(self, new):
        """Draw a scenario coarsely, while something moves."""
        started = time.perf_counter()
        self._foresight.wait_for(new)
        view = self._exact(new, final=False)
        self._foresight.note(self._pace.shown, new)
        blank = {} if self._is_blank else self.panel.blank(new)
        with self.figure.batch_update():
            change(self.figure, blank)
            apply(self.figure, self._veiled(new, view), rescale=False)
        self._view, self._is_blank = view, True
        self._say(new, f"{1e3 * (time.perf_counter() - started):.0f} ms")

    _is_blank = True

    def _refine(self, now):
        """The refined exact layer, and the axes."""
        self._view = self._exact(now, final=True)
        with self.figure.batch_update():
            apply(self.figure, self._veiled(now), rescale=True)
        self._say(now)

    def _veiled(self, scenario, view=None):
        """What may be seen of a view, the present one by default."""
        return veil(self.panel, scenario, view or self._view, self._teacher.hides)

    def _hide(self, hidden):
        """Hide theory, or show it."""
        with self._pace.drawing:
            now = self._pace.shown
            with self.figure.batch_update():
                apply(self.figure, self._veiled(now), rescale=False)
            self._say(now)

    def _enlarge(self, large):
        """Large type, or normal."""
        with self._pace.drawing:
            self._said.large = large
            self._fit(None)
            self._say(self._pace.shown)

    # -- simulating ---------------------------------------------------------------------------------------------------
    def _run(self, wanted):
        """Simulate what is wanted (background)."""
        return self._simulation.run(self._now, wanted)

    def _arrive(self, piece):
        """Draw a piece of simulation."""
        with self.figure.batch_update():
            change(self.figure, piece.traces)
        if piece.traces:
            self._is_blank = False
        self._simulation.bar.value = piece.fraction
        if piece.sentence:
            self._said.hear(piece.sentence)

    def _halt(self):
        """Stop the simulation; what has arrived stays."""
        self._pace.leave()
        self._simulation.rest()
        self._said.note("Stopped; what has been simulated so far stays.")

    def _reseed(self):
        """Simulate again with the next seed."""
        if "seed" in self._now:
            self._show({**self._now, "seed": (self._now["seed"] + 1) % 2**32})

    # -- words --------------------------------------------------------------------------------------------------------
    def _say(self, scenario, status=""):
        """Sentence, lamps and scenario line."""
        self._said.say(self._veiled(scenario), status)
        if self._is_blank:
            self._said.hear("")
        self._put(self._line, self.panel.write(scenario))
        if not status:                                                      # at rest
            self._take.tabulate()

    def _put(self, widget, value):
        with self._quiet():
            widget.value = value

    @contextlib.contextmanager
    def _quiet(self):
        """Move widgets without hearing from them, in this thread only: a reader's drag in another is still heard."""
        before, self._quietly.on = self._is_quiet, True
        try:
            yield
        finally:
            self._quietly.on = before

    @property
    def _is_quiet(self):
        return getattr(self._quietly, "on", False)

    # -- the page -----------------------------------------------------------------------------------------------------
    def _fit(self, _):
        """Follow the page's width and theme."""
        with self._pace.drawing, self.figure.batch_update():
            self._frame.fit(self._page.width, self._page.dark, self._teacher.on)

    def _page_said(self, _, message, buffers):
        action, done = message.get("action"), message.get("done")
        if action == "copy":
            self._said.note("Copied.") if done else self._said.alert(
                "The browser did not allow copying; select the text and copy it by hand.")
        if action == "key":
            self._teacher.key(message["key"])
        if action == "picture":
            self._take.printed()
            self._said.note("Saved.") if done else self._said.alert("The browser could not draw the picture.")
