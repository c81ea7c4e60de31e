"""A panel in Jupyter: ipywidgets around a FigureWidget.

The exact layer follows every control at once. When the controls have rested for a moment the refined exact layer and
the axes follow, and the simulation starts in small pieces, in the background, and is given up as soon as anything moves.
"""

import contextlib
import html
import threading
import time
import traceback
from pathlib import Path

import anywidget
import ipywidgets as w
import traitlets
from threadpoolctl import ThreadpoolController

from ..panels import export
from ..panels import scenario as scenarios
from ..panels.frame import Panel, apply, change, problems
from ..panels.style import axis, layout
from .background import Worker
from .figurewidget import figure_widget
from .rows import row

PANEL = "application/vnd.mombook.panel+json"
"""What a saved notebook keeps of a panel beside its sentence: which one, and where. The web page is built from it."""

NARROW = 760
"""Pages narrower than this (pixels) get the subplots under one another."""

REST = 0.3
"""Seconds without a change after which the controls count as released."""


class _Page(anywidget.AnyWidget):
    """Width and theme of the page, its clipboard and its downloads (page.js)."""

    _esm = Path(__file__).with_name("page.js")
    width = traitlets.Int(0).tag(sync=True)
    dark = traitlets.Bool(False).tag(sync=True)


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
        self.simulates = simulate and type(panel).sample is not Panel.sample
        self._now = panel.read(scenario, **values)
        self._lock, self._turn, self._quietly = threading.RLock(), 0, threading.local()
        self._ahead = threading.Lock()
        self._narrow = self._dark = False
        self._blas = ThreadpoolController()
        self._worker = None
        self._view = self._exact(self._now, final=True)
        start = panel.figure()
        apply(start, self._view, rescale=True)
        self.figure = figure_widget(start)
        self._build()
        self._say(self._view)

    # -- what a notebook asks for -------------------------------------------------------------------------------------
    @property
    def scenario(self):
        """Where the controls are, as one line; pass it to any panel of this kind."""
        return self.panel.write(self._now)

    @property
    def sentence(self):
        """What is on screen, in words and numbers."""
        return self._view.sentence

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
        self._settle()

    def simulate(self):
        """Run the simulation of the present scenario to its end, now; returns its sentence."""
        self._turn += 1
        said = ""
        for piece in self.panel.sample(self._now):
            self._arrive(piece)
            said = piece.sentence or said
        return said

    def static(self, **options):
        """The plain plotly figure, for print and slides (see ``Panel.static``)."""
        return self.panel.static(self._now, **options)

    def table(self):
        """The plotted numbers as rows ``(trace, x, y)``."""
        return export.rows(self.figure)

    def sweep(self, budget=5.0, thorough=False):
        """Drive every control to its least, middle and greatest and every pair to its extremes; check what is shown.

        The dragging layer is checked everywhere, the resting one at the defaults (``thorough``: everywhere too; some
        ten times slower). Then each control is moved through its widget, as a reader would.

        Args:
            budget: seconds a single exact update may take.

        Returns:
            A sentence with the number of scenarios tried.

        Raises:
            AssertionError: naming each scenario whose traces are not finite, lie outside their axes or take too long.
        """
        before, found, states = self._now, [], scenarios.corners(self.panel.controls)
        for k, state in enumerate(states):
            for final in (False, True) if thorough or k == 0 else (False,):
                started = time.perf_counter()
                view = self._exact(state, final)
                took = time.perf_counter() - started
                found += problems(self.panel, state, view)
                if took > budget:
                    found.append(f"{self.panel.write(state)}: {took:.1f} s for one update, more than {budget:g} s")
        for c in self.panel.controls:
            for stop in (c.stops[0], c.stops[-1]):
                self._controls[c.name].put(stop)
                if self._now[c.name] != c.value(stop):
                    found.append(f"{c.name} did not follow its control to {stop!r}")
        self._show(before)
        self._settle()
        assert not found, "\n".join(found)
        return f"{len(states)} scenarios swept: finite, inside their axes, in time."

    def __repr__(self):
        return self.sentence

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = self.widget._repr_mimebundle_()
        self._rest()
        return {**bundle, "text/plain": repr(self), PANEL: {"panel": self.panel.name, "scenario": self.scenario}}

    # -- building -----------------------------------------------------------------------------------------------------
    def _build(self):
        self._controls = {c.name: row(c, self._now[c.name], self._moved, self._refused) for c in self.panel.controls}
        self._page = _Page(layout=w.Layout(width="100%", height="0px"))
        self._page.observe(self._guard(self._fit), names=["width", "dark"])
        self._page.on_msg(self._guard(self._page_said))
        self._words = w.HTML(layout=w.Layout(margin="0 8px"))
        self._text = w.HTML(layout=w.Layout(margin="0 8px"))
        copy_text = w.Button(description="Copy text", tooltip="copy these lines", layout=w.Layout(width="auto"))
        copy_text.on_click(self._guard(lambda _: self._page.send({"action": "copy", "text": self._view.text})))
        self._heard = w.HTML(layout=w.Layout(margin="0 8px"))
        self._status = w.HTML(layout=w.Layout(margin="0 8px"))
        self._progress = w.FloatProgress(min=0, max=1, layout=w.Layout(width="160px", visibility="hidden"))
        self._stop = w.Button(description="Stop", tooltip="stop the simulation", layout=w.Layout(width="70px"))
        self._stop.on_click(self._guard(lambda _: self._halt()))
        self._again = w.Button(description="Simulate", tooltip="run the simulation again, with the next seed",
                               layout=w.Layout(width="90px"))
        self._again.on_click(self._guard(lambda _: self._reseed()))
        presets = [self._button(label, ", ".join(f"{k} {v:g}" for k, v in changes.items() if not isinstance(v, tuple | str)),
                                lambda _, c=changes: self._show({**self._now, **c}))
                   for label, changes in self.panel.presets.items()]
        reset = self._button("Reset", "back to where this panel opens",
                             lambda _: self._show(scenarios.defaults(self.panel.controls)))
        guides = [self._guide(steps) for steps in self.panel.guides.values()]
        searches = [self._button(label, "search, and move the controls there", lambda _, f=find: self._search(f))
                    for label, find in self.panel.searches.items()]
        self._line = w.Text(description="scenario", continuous_update=False, layout=w.Layout(width="min(640px, 100%)"))
        self._line.observe(self._guard(self._typed), names="value")
        copy = w.Button(description="Copy", tooltip="copy the scenario line", layout=w.Layout(width="auto"))
        copy.on_click(self._guard(lambda _: self._page.send({"action": "copy", "text": self.scenario})))
        save = w.Button(description="CSV", tooltip="download the plotted numbers", layout=w.Layout(width="auto"))
        save.on_click(self._guard(lambda _: self._page.send(
            {"action": "download", "name": f"mombook_{self.panel.name}.csv", "type": "text/csv",
             "text": export.csv(self.figure, self.scenario)})))
        wrap = w.Layout(flex_flow="row wrap", align_items="center", width="100%")
        self.widget = w.VBox([
            self._page,
            w.Box([self._controls[c.name].box for c in self.panel.controls if self._controls[c.name].box], layout=wrap),
            w.Box([w.Label("presets"), *presets, reset], layout=wrap),
            *([w.Box([*guides, *searches], layout=wrap)] if guides or searches else []),
            self.figure, self._words, *([self._text, copy_text] if self._view.text else []), self._heard,
            w.Box([*([self._again, self._stop, self._progress] if type(self.panel).sample is not Panel.sample else []),
                   self._status], layout=wrap),
            w.Box([self._line, copy, save], layout=wrap),
            w.HTML(f"<details style='margin:0 8px'><summary>How to read this</summary>{html.escape(self.panel.help)}"
                   "</details>"),
        ], layout=w.Layout(width="100%"))
        self._stop.disabled = True

    def _button(self, label, tooltip, act):
        """A button whose failures are heard."""
        button = w.Button(description=label, tooltip=tooltip, layout=w.Layout(width="auto"))
        button.on_click(self._guard(act))
        return button

    def _guide(self, steps):
        """A button that walks through a guide's steps and always says what its next click does."""
        def click(_):
            k = next(k for k, (say, _) in enumerate(steps) if say == button.description)
            self._show({**self._now, **steps[k][1]})
            button.description = steps[(k + 1) % len(steps)][0]

        button = self._button(steps[0][0], "moves the controls", click)
        return button

    def _search(self, find):
        """Let the panel look for a scenario, and go there."""
        self._status.value = "<span style='opacity:.75'>searching ...</span>"
        self._show({**self._now, **find(self._now)})

    def _exact(self, scenario, final):
        """The panel's exact layer, on one BLAS thread: its matrices are small, and on a busy machine two threads that
        wait for each other take ten times as long."""
        with self._blas.limit(limits=1, user_api="blas"):
            return self.panel.exact(scenario, final)

    # -- moving -------------------------------------------------------------------------------------------------------
    def _guard(self, act):
        """Run a callback; an exception shows in the status line and is raised: JupyterLab would hide it."""
        def guarded(*args):
            try:
                return act(*args)
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                self._status.value = _alert(f"{type(error).__name__}: {error} ({Path(where.filename).name}, line "
                                            f"{where.lineno}). The figure still shows the last good scenario.")
                raise
        return guarded

    def _moved(self, name, value):
        """A control has been dragged or typed into."""
        if not self._is_quiet:
            self._guard(lambda: self._show({**self._now, name: value}))()

    def _refused(self, sentence):
        """A control has been given something it cannot take: say so, change nothing."""
        self._status.value = _alert(f"{sentence} Nothing has changed.")

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
        """Follow a new scenario at once, coarsely; refine when it rests."""
        with self._lock:
            self._turn += 1
            started = time.perf_counter()
            if new == self._expected:                                   # being computed at this moment
                with self._ahead:
                    pass
            view = self._exact(new, final=False)
            self._note_heading(self._now, new)
            self._now, self._view = new, view
            blank = {} if self._is_blank else self.panel.blank(new)
            with self.figure.batch_update():
                change(self.figure, blank)
                apply(self.figure, view, rescale=False)
            self._is_blank = True
            with self._quiet():
                for name, control in self._controls.items():
                    control.put(new[name])
            self._say(view, f"{1e3 * (time.perf_counter() - started):.0f} ms")
        self._rest()

    _is_blank = True
    _stopped = -1
    _heading = _expected = None

    def _settle(self):
        """The refined exact layer, and the axes."""
        with self._lock:
            view = self._exact(self._now, final=True)
            self._view = view
            with self.figure.batch_update():
                apply(self.figure, view, rescale=True)
            self._say(view)

    def _rest(self):
        """Make sure somebody is waiting for the controls to rest."""
        with self._lock:
            if self._worker is None or not self._worker.is_alive():
                self._worker = Worker(self._work())
                self._worker.start()
            else:
                self._worker.wake()

    def _work(self):
        """Wait until the controls rest, settle, simulate; start again whenever they have moved meanwhile (background)."""
        try:
            while True:
                turn = self._turn
                self._look_ahead()
                if (yield REST) or turn != self._turn:
                    continue
                with self._lock:
                    if turn == self._turn:
                        self._settle()
                if self.simulates and turn == self._turn:
                    yield from self._run(turn)
                with self._lock:
                    if turn == self._turn:
                        self._worker = None
                        return
        except Exception as error:
            self._worker = None
            self._status.value = _alert(f"{type(error).__name__}: {error}. The exact curves still stand.")
            raise

    def _look_ahead(self):
        """While the browser paints, compute the stop a slider will come to next if it goes on as it did: panels remember."""
        name, stop = self._heading or (None, None)
        self._heading = None
        if name is None:
            return
        with self._ahead:
            self._expected = {**self._now, name: stop}
            with contextlib.suppress(Exception):                        # a guess; if it comes true it is heard then
                self._exact(self._expected, final=False)
            self._expected = None

    def _note_heading(self, old, new):
        """Remember which slider moved, and its next stop on."""
        moved = [c for c in self.panel.controls if isinstance(c, scenarios.Slider) and old[c.name] != new[c.name]]
        self._heading = None
        if len(moved) == 1:
            c, up = moved[0], new[moved[0].name] > old[moved[0].name]
            on = [x for x in map(c.rounded, c.stops if up else c.stops[::-1]) if (x > new[c.name]) == up and x != new[c.name]]
            if on:
                self._heading = c.name, on[0]

    def _run(self, turn):
        """Simulate in pieces until done or until something moves."""
        self._stop.disabled, self._progress.value, self._progress.layout.visibility = False, 0.0, "visible"
        drawn = 0.0
        waiting, said = {}, ""
        for piece in self.panel.sample(self._now):
            if turn != self._turn or turn == self._stopped:
                break
            waiting.update(piece.traces)
            said = piece.sentence or said
            if time.perf_counter() - drawn > 0.25 or piece.fraction >= 1:
                drawn = time.perf_counter()
                with self._lock:
                    if turn == self._turn:
                        self._arrive(type(piece)(piece.fraction, waiting, said))
                waiting = {}
            yield 0.001                                                 # let the kernel answer sliders
        with self._lock:
            if turn == self._turn and waiting:
                self._arrive(type(piece)(piece.fraction, waiting, said))
        self._stop.disabled, self._progress.layout.visibility = True, "hidden"

    def _arrive(self, piece):
        """Draw a piece of simulation."""
        with self.figure.batch_update():
            change(self.figure, piece.traces)
        if piece.traces:
            self._is_blank = False
        self._progress.value = piece.fraction
        if piece.sentence:
            self._heard.value = f"<div style='line-height:1.4'>{html.escape(piece.sentence)}</div>"

    def _halt(self):
        """Stop the simulation; what has arrived stays."""
        self._stopped = self._turn
        self._stop.disabled, self._progress.layout.visibility = True, "hidden"
        self._status.value = "Stopped; what has been simulated so far stays."

    def _reseed(self):
        """Simulate again with the next seed."""
        if "seed" in self._now:
            self._show({**self._now, "seed": (self._now["seed"] + 1) % 2**32})

    # -- words --------------------------------------------------------------------------------------------------------
    def _say(self, view, status=""):
        """Sentence, lamps and scenario line."""
        lamps = "".join(f"<div>{'●' if met else '○'} {html.escape(name)}: {html.escape(why)}</div>"
                        for name, met, why in view.lamps if not met)
        self._words.value = (f"<div role='status' aria-live='polite' style='line-height:1.45'>{html.escape(view.sentence)}"
                             f"{lamps}</div>")
        self._text.value = f"<pre style='white-space:pre-wrap;line-height:1.4'>{html.escape(view.text)}</pre>"
        self._heard.value = self._heard.value if not self._is_blank else ""
        self._status.value = f"<span style='opacity:.75'>{status}</span>" if status else ""
        self._put(self._line, self.scenario)

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
        width, dark = self._page.width, self._page.dark
        narrow = 0 < width < NARROW
        with self._lock, self.figure.batch_update():
            if width > 0 and self.figure.layout.width != width:
                self.figure.layout.width = width
            if narrow != self._narrow:
                self._narrow = narrow
                self.figure.update_layout(self.panel.stacked() if narrow else self.panel.wide())
            if dark != self._dark:
                self._dark = dark
                look, line = layout(dark), axis("", dark)
                self.figure.update_layout({k: look[k] for k in ("paper_bgcolor", "plot_bgcolor", "font")})
                for each in (self.figure.update_xaxes, self.figure.update_yaxes):
                    each(gridcolor=line["gridcolor"], linecolor=line["linecolor"], tickcolor=line["tickcolor"])

    def _page_said(self, _, message, buffers):
        if message.get("action") == "copy":
            self._status.value = "Copied." if message.get("done") else _alert(
                "The browser did not allow copying; select the scenario line and copy it by hand.")


def _alert(sentence):
    return f"<span role='alert' style='color:#b42318;font-weight:600'>{html.escape(sentence)}</span>"
