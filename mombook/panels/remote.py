"""Panels for a host that speaks bytes: definitions as plain data, views as one block of doubles and a line of JSON.

The web page's worker and the widget of Jupyter are such hosts. It needs numpy and scipy only, and every answer is plain
enough to cross a border.
"""

import base64
import contextvars
import json
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

from ..data.loading import load
from . import bars, definition, export
from .frame import Panel, hide_theory
from .scenario import Choice, Seed, Slider, Switch, Toggles, Written
from .style import METHODS

KINDS = (Slider, Toggles, Choice, Switch, Seed, Written)
"""The kinds of control a host must be able to draw."""


def described(panel):
    """What a host must know to draw a panel's controls, as plain data; values are texts, as in a scenario line."""
    by_name = {c.name: c for c in panel.controls}

    def texts(changes):
        return {name: by_name[name].text(by_name[name].value(value)) for name, value in changes.items()}

    return {"name": panel.name, "title": panel.title, "help": panel.help,
            "controls": [_control(c) for c in panel.controls],
            "defaults": texts({c.name: c.default for c in panel.controls}),
            "presets": [[label, texts(changes)] for label, changes in panel.presets.items()],
            "guides": [[said, [[label, texts(changes)] for label, changes in steps]] for said, steps in panel.guides.items()],
            "searches": list(panel.searches),
            "takes": list(panel.own),
            "learns": type(panel).learning is not Panel.learning,
            "theory": list(panel.theory),
            "handles": {trace: dict(zip("xy", moved, strict=True)) for trace, moved in panel.handles.items()},
            "stamp": export.stamp(panel, ""),
            "claims": panel.claims,
            "simulates": type(panel).sample is not Panel.sample}


def _control(c):
    kind = next(kind for kind in KINDS if isinstance(c, kind))
    told = {"kind": kind.__name__.lower(), "name": c.name, "label": c.label, "help": c.help, "more": c.more,
            "unsaid": getattr(c, "unsaid", None)}
    if isinstance(c, Slider):
        stops = list(dict.fromkeys(c.text(c.value(c.rounded(x))) for x in c.stops))
        return {**told, "stops": stops, "log": c.base is not None, "low": c.text(c.low), "high": c.text(c.high)}
    if kind in (Toggles, Choice):
        colors = {o: METHODS[o].color for o in c.options if o in METHODS} if kind is Toggles else {}
        return {**told, "options": [[o, c.words[o]] for o in c.options], "colors": colors}
    if isinstance(c, Written):
        return {**told, "example": c.example}
    return told


class Remote:
    """Answers a page's calls; each names its panel by ``key`` (a page may show one kind twice) and ``name``.

    Every method returns ``(head, numbers)``: a line of JSON and the float64 array that its ``{"at": [start, stop]}`` point
    into. A scenario that is refused comes back as ``{"refused": sentence}``; anything else that fails raises.

    Args:
        define: gives the definition of the panel called ``name``.
    """

    def __init__(self, define=definition):
        self._define, self._panels, self._running = define, {}, {}

    def _panel(self, key, name):
        if key not in self._panels:
            self._panels[key] = self._define(name)
        return self._panels[key]

    def answer(self, call, *given):
        """The method called ``call``; never raises: what failed is told, as the reader will see it and for the console."""
        try:
            return getattr(self, call)(*given)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            return _packed({"error": f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno}).",
                            "traceback": traceback.format_exc()})

    def exact(self, key, name, line, final, hidden=False):
        """The exact layer at a scenario line, with theory ``hidden`` or shown, and the simulated layer while it is blank; a
        simulation under way is given up."""
        started, panel = time.perf_counter(), self._panel(key, name)
        self._give_up(key)
        try:
            scenario = panel.read(line)
        except ValueError as no:
            return _packed({"refused": str(no)})
        view = panel.exact(scenario, final)
        if hidden:
            view = hide_theory(panel, scenario, view, hidden)
        return _packed({**_where(panel, scenario), "sentence": view.sentence, "titles": list(view.titles), "text": view.text,
                        "lamps": [[what, bool(met), why] for what, met, why in view.lamps],
                        "ranges": {axis: [float(x) for x in pair] for axis, pair in view.ranges.items()},
                        "blank": {name: {k: np.asarray(v).tolist() for k, v in each.items()}
                                  for name, each in panel.blank(scenario).items()},
                        "ms": 1e3 * (time.perf_counter() - started)}, view.traces)

    def sample(self, key, name, line, seconds):
        """The next piece of the simulation at this line, begun anew if the line is new, as far as ``seconds`` take it."""
        panel = self._panel(key, name)
        if self._running.get(key, (None,))[0] != line:
            self._give_up(key)
            self._running[key] = line, _Pieces(panel.sample(panel.read(line)))
        until, traces, said, fraction, done = time.perf_counter() + seconds, {}, "", 0.0, True
        for piece in self._running[key][1]:
            traces |= {name: {**traces.get(name, {}), **new} for name, new in piece.traces.items()}
            said, fraction = piece.sentence or said, piece.fraction
            if time.perf_counter() > until:
                done = False
                break
        if done:
            del self._running[key]
        return _packed({"sentence": said, "fraction": 1.0 if done else float(fraction), "done": done}, traces)

    def _give_up(self, key):
        """End the simulation under way, if there is one."""
        if key in self._running:
            self._running.pop(key)[1].close()

    def search(self, key, name, line, label):
        """Where one of the panel's searches leads from here: the line to go to."""
        panel = self._panel(key, name)
        scenario = panel.read(line)
        return _packed(_where(panel, panel.moved(scenario, **panel.searches[label](scenario))))

    def own(self, key, name, line, file, content):
        """The panel at a line, with the spectrum of a table in the place of its own: where that is, and what loading noted.

        Args:
            file: the table's name; content: its bytes in base 64.
        """
        panel = self._panel(key, name)
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / Path(file.replace("\\", "/")).name
                path.write_bytes(base64.b64decode(content))
                design = load(path, on_span=True)
            scenario = panel.moved(panel.read(line), spectrum=design)
        except (ValueError, ImportError) as no:
            return _packed({"refused": str(no)})
        return _packed({**_where(panel, scenario), "notes": " ".join(design.notes)})

    def bars(self, key, name, line):
        """The bars of the spectrum at a line (``bars.drawn``)."""
        panel = self._panel(key, name)
        scenario = panel.read(line)
        return _packed({"line": panel.write(scenario), "bars": bars.drawn(panel.spectrum(scenario))})

    def bend(self, key, name, line, bar, level, hidden=False):
        """The exact layer, as while a slider is dragged, where a bar of a line's spectrum has been moved to another level."""
        panel = self._panel(key, name)
        try:
            bent = panel.write(panel.bent(panel.read(line), bar, level))
        except ValueError as no:
            return _packed({"refused": str(no)})
        return self.exact(key, name, bent, False, hidden)

    def carried(self, key, name, line, bar, hidden=False):
        """What a bar of a line's spectrum carries of the expected-risk curves (``Panel.carried``), hidden theory left out."""
        panel = self._panel(key, name)
        scenario = panel.read(line)
        traces = panel.carried(scenario, bar)
        shown = {name: trace for name, trace in traces.items() if not (hidden and name in panel.theory)}
        return _packed({"line": panel.write(scenario)}, shown)

    def text(self, key, name, line, what):
        """A text to take away, by the name of its function in ``export``: code, script or bibtex; and what a script lacks."""
        panel = self._panel(key, name)
        return _packed({"text": getattr(export, what)(panel, line), "lacks": panel.lacks(panel.read(line))})

    def table(self, key, name, line, plotted, called):
        """Some of the plotted numbers as HTML to read; ``called`` is trace name -> the names of its axes, as JSON."""
        return _packed({"text": export.html_table(self._panel(key, name), line, json.loads(plotted), json.loads(called))})

    def csv(self, key, name, line, plotted):
        """The plotted numbers as CSV; ``plotted`` is what the page has drawn, as JSON: trace name -> its arrays."""
        return _packed({"text": export.csv(self._panel(key, name), line, json.loads(plotted))})


class _Pieces:
    """A simulation in a context of its own: a host may ask for its pieces from another context each time, and what numpy
    is told to ignore within it must not be ignored without."""

    def __init__(self, pieces):
        self._pieces, self._context = pieces, contextvars.copy_context()

    def __iter__(self):
        return self

    def __next__(self):
        return self._context.run(next, self._pieces)

    def close(self):
        """Give the rest up."""
        self._context.run(self._pieces.close)


def _where(panel, scenario):
    return {"line": panel.write(scenario), "values": texts(panel, scenario), "spectrum": panel.described(scenario)}


def texts(panel, scenario):
    """A scenario's values as texts, by name; with a spectrum of the reader's own, this instead of what it replaces."""
    own = {"spectrum": scenario["spectrum"]} if "spectrum" in scenario else {}
    return {**{c.name: c.text(scenario[c.name]) for c in panel.controls if c.name in scenario}, **own}


def _packed(head, traces=None):
    """JSON of ``head`` and of what the traces hold besides numbers, and all their numbers in one array."""
    parts, at, told = [], 0, {}
    for name, changes in (traces or {}).items():
        told[name] = {}
        for key, value in changes.items():
            told[name][key], numbers = _plain(value, at)
            if numbers is not None:
                parts.append(numbers)
                at += numbers.size
    return json.dumps({**head, "traces": told}, allow_nan=False), np.concatenate(parts) if parts else np.empty(0)


def _plain(value, at):
    """A value for JSON and the numbers it points to (``None``: it holds none)."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray | list | tuple):
        array = np.asarray(value)
        if array.dtype.kind in "fiub":
            return {"at": [at, at + array.size], "shape": list(array.shape)}, array.astype(float).ravel()
        return array.tolist(), None
    return value, None
