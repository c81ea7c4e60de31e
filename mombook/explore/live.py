"""A panel in Jupyter: a widget that answers the front end's calls, and what a notebook asks of it."""

import html
import json
import threading
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import anywidget
import numpy as np
import plotly.graph_objects as go
import traitlets
from IPython.display import display
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs
from threadpoolctl import ThreadpoolController

from .. import front
from ..front.face import face
from ..panels import export
from ..panels.frame import Panel, Traces, View, apply, change
from ..panels.remote import Remote
from .sweep import sweep

PANEL = "application/vnd.mombook.panel+json"
"""What a saved notebook keeps of a panel beside its sentence: which one, and where. The web page is built from it."""

ADVICE = "The controls need Jupyter's widgets: python -m mombook doctor says what is missing."


@lru_cache(maxsize=1)
def packed_front() -> bytes:
    """Plotly's script, the front end's scripts and its style, as a page that has none yet unpacks them."""
    sources = front.sources()
    parts = {"plotly": get_plotlyjs(), "style": sources[front.STYLE], "scripts": "\n".join(sources[s] for s in front.SCRIPTS)}
    return zlib.compress(json.dumps(parts).encode(), 3)


def _version():
    """A mark of the scripts: pages that have them under this mark need not ask for them again."""
    return f"{zlib.crc32(''.join(front.sources().values()).encode()):08x}"


class _OneThread(threading.local):
    """A context in which BLAS uses one thread: a panel's matrices are small, and on a busy machine two threads that wait for
    each other take ten times as long. Each thread of ours restores what it found: undone in another thread than it was set in,
    the limit would stay. Where two overlap, the one that leaves last may run with more threads, and is only slower."""

    def __init__(self):
        self._pools, self._limits = ThreadpoolController(), []

    def __enter__(self):
        self._limits.append(self._pools.limit(limits=1, user_api="blas"))

    def __exit__(self, *error):
        self._limits.pop().restore_original_limits()


class LivePanel(anywidget.AnyWidget):
    """A ``Panel`` a reader can touch; the last line of a cell shows it.

    Args:
        panel: the definition.
        scenario: a line such as ``"kappa=1e3;decay=1.5"``; values: the same as keywords.
        simulate: whether the simulation starts by itself when the controls rest.

    Its ``repr`` is the live sentence. ``scenario`` is a trait: it follows the controls, it can be set, and
    ``panel.observe(listener, "scenario")`` reports every change.
    """

    _esm = front.FOLDER.parent / "explore" / "host.js"
    _front = traitlets.Unicode().tag(sync=True)
    scenario = traitlets.Unicode().tag(sync=True)
    simulates = traitlets.Bool().tag(sync=True)
    teaching = traitlets.Bool(False).tag(sync=True)
    _quick = _OneThread()

    def __init__(self, panel: Panel, scenario: str = "", simulate: bool = True, **values: Any) -> None:
        self.panel = panel
        self._remote = Remote(lambda name: panel)
        self._arrived: tuple[str, Traces, str] = ("", {}, "")
        self._seen: tuple[str, View | None] = ("", None)
        super().__init__(scenario=panel.write(panel.read(scenario, **values)), _front=_version(),
                         simulates=simulate and type(panel).sample is not Panel.sample)
        self.on_msg(self._asked)

    @traitlets.validate("scenario")
    def _written(self, proposal):
        return self.panel.write(self.panel.read(proposal["value"]))

    # -- what a notebook asks for -------------------------------------------------------------------------------------
    @property
    def values(self) -> dict[str, Any]:
        """Where the controls are: name -> value."""
        return self.panel.read(self.scenario)

    @property
    def view(self) -> View:
        """What is on screen as a ``View``: arrays, ranges, titles, sentence, numbers."""
        line, view = self._seen
        if view is None or line != self.scenario:
            line, view = self._seen = self.scenario, self.exact(self.values, final=True)
        return view

    @property
    def sentence(self) -> str:
        """What is on screen, in words and numbers."""
        return self.view.sentence

    @property
    def numbers(self) -> Mapping[str, Any]:
        """The sentence's numbers, unrounded."""
        return self.view.numbers

    @property
    def figure(self) -> go.Figure:
        """The plain plotly figure as it stands: the exact layer, and what ``simulate`` has computed for this scenario."""
        figure = self.panel.figure()
        apply(figure, self.view, rescale=True)
        change(figure, self._simulated()[0])
        return figure

    def set(self, scenario: str = "", **values: Any) -> None:
        """Move the controls: a scenario line, keywords, or both.

        Raises:
            ValueError: an unknown name or a value out of range; nothing moves.
        """
        moved = self.panel.read(scenario, **values) if scenario else self.panel.moved(self.values, **values)
        self.scenario = self.panel.write(moved)

    def simulate(self) -> str:
        """Run the simulation of the present scenario to its end, now; returns its sentence."""
        line, sentence = self.scenario, ""
        arrived: Traces = {}
        with self._quick:
            for piece in self.panel.sample(self.values):
                for name, new in piece.traces.items():
                    arrived[name] = {**arrived.get(name, {}), **new}
                sentence = piece.sentence or sentence
        self._arrived = line, arrived, sentence
        self.send({"simulate": True})
        return sentence

    def static(self, **options: Any) -> go.Figure:
        """The plain plotly figure, for print and slides (see ``Panel.static``)."""
        return self.panel.static(self.values, **options)

    def teach(self, on: bool = True) -> None:
        """Begin teacher mode, or end it: large type, and keys that step through presets and hide theory."""
        self.teaching = on

    def table(self) -> list[tuple[Any, ...]]:
        """The plotted numbers, a row each: trace, x, y, then z or error where a trace has one."""
        return export.table(export.arrays(self.figure))[1]

    def csv(self) -> str:
        """The plotted numbers as CSV."""
        return export.csv(self.panel, self.scenario, export.arrays(self.figure))

    def html_table(self) -> str:
        """Some of the plotted numbers, as a table to read."""
        figure = self.figure
        return export.html_table(self.panel, self.scenario, export.arrays(figure), export.axes(figure))

    def code(self) -> str:
        """Three lines that bring this figure back in a cell."""
        return export.code(self.panel, self.scenario)

    def script(self) -> str:
        """A program that computes and prints every number in the figure, simulation finished."""
        return export.script(self.panel, self.scenario)

    def bibtex(self) -> str:
        """The works the panel rests on."""
        return export.bibtex(self.panel, self.scenario)

    def picture(self) -> go.Figure:
        """The figure as it stands, as a plain plotly figure for paper with the scenario at its foot."""
        return export.printed(self.panel, self.scenario, self.figure)

    def sweep(self, budget: float = 5.0) -> str:
        """Drive every control to its least and its greatest, as the front end does, and check what is shown.

        For a panel, a family or data of your own; the book's panels are swept by the tests.

        Args:
            budget: seconds of computing that a single exact update may take.

        Returns:
            A sentence with the number of scenarios tried.

        Raises:
            AssertionError: naming each scenario whose traces are not finite, lie outside their axes or take too long.
        """
        found, count = sweep(self, budget)
        assert not found, "\n".join(found)
        return f"{count} scenarios swept: finite, inside their axes, in time."

    def exact(self, scenario: dict[str, Any], final: bool) -> View:
        """The panel's exact layer at a scenario, as ``Panel.exact`` gives it."""
        with self._quick:
            return self.panel.exact(scenario, final)

    def answer(self, call: str, *given: Any) -> tuple[str, np.ndarray]:
        """What the front end is given for a call (see ``Remote``)."""
        with self._quick:
            return self._remote.answer(call, *given)

    def __repr__(self):
        return self.sentence

    # -- showing ------------------------------------------------------------------------------------------------------
    def _ipython_display_(self):
        """The widget, and under it what a saved notebook keeps: a sentence, and a place for the picture that the front end
        draws. It hides both while the widget lives."""
        advice = export.captioned(self.figure, f"{self.sentence} {ADVICE}", width=None)
        display({"application/vnd.jupyter.widget-view+json": self.get_view_spec(),
                 "application/vnd.plotly.v1+json": json.loads(advice.to_json())}, raw=True)
        display({"text/plain": self.sentence, PANEL: {"panel": self.panel.name, "scenario": self.scenario},
                 "text/html": f"<p class='mombook-still'>{html.escape(self.sentence)}</p><p>{ADVICE}</p>"}, raw=True)
        display({"text/html": "<span class='mombook-picture'></span>"}, raw=True)

    def _asked(self, _, message, buffers):
        """A call of the front end has come; the answer names the view and the call it is for."""
        call, to = message["call"], {key: message[key] for key in ("view", "id") if key in message}
        if call == "front":
            self.send(to, [packed_front()])
        elif call == "face":
            self.send({**to, "face": self._face()})
        else:
            head, numbers = self.answer(call, *message["args"])
            self.send({**to, "head": json.loads(head)}, [numbers.tobytes()])

    def _face(self):
        """The panel as the front end first draws it."""
        with self._quick:
            made = face(self.panel, self.scenario, simulate=False)
        arrays, sentence = self._simulated()
        figure = self.figure.to_plotly_json() if arrays else made["figure"]
        return json.loads(to_json_plotly({**made, "figure": figure, "simulated": sentence, "model": self.model_id}))

    def _simulated(self):
        """What ``simulate`` has computed, if that was for this scenario: traces, sentence."""
        line, arrived, sentence = self._arrived
        return (arrived, sentence) if line == self.scenario else ({}, "")
