"""What a panel is, whoever shows it: scenario -> arrays, figure and sentence. No widgets, no numerics."""

from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from . import scenario as scenarios


def new_figure():
    """An empty plotly figure. Plotly is imported here and not above: a web page computes views without it."""
    import plotly.graph_objects as go

    return go.Figure()


@dataclass
class View:
    """A panel at one scenario.

    Attributes:
        traces: trace name -> the plotly attributes that differ (``x``, ``y``, ``visible``, ...).
        ranges: axis name (``xaxis``, ``yaxis2``, ...) -> its range (log axes in powers of ten).
        titles: the text above each subplot.
        sentence: what is seen, with its numbers.
        lamps: (what the bound is called, whether its assumptions are met, the sentence if not).
        numbers: the sentence's numbers, unrounded, for tests and notebooks.
        text: lines to read and copy, shown as they are under the sentence.
        guess: the titles while theory is hidden, where ``titles`` would give it away.
    """

    traces: dict
    sentence: str = ""
    ranges: dict = field(default_factory=dict)
    titles: list = field(default_factory=list)
    lamps: list = field(default_factory=list)
    numbers: dict = field(default_factory=dict)
    text: str = ""
    guess: list = field(default_factory=list)


@dataclass
class Sample:
    """A piece of simulation that has arrived: how far it is (0 to 1), the traces it changes, and a sentence."""

    fraction: float
    traces: dict
    sentence: str = ""


class Panel:
    """A panel's definition; subclasses say what it shows.

    ``name``, ``title``, ``controls`` (data, see ``scenario``), ``presets`` (label -> changes) and:

    - ``figure()``: the empty figure, all traces and axes, nothing computed;
    - ``exact(scenario, final)``: the exact layer as a ``View``; with ``final=False`` a reader is dragging and a coarser
      answer within milliseconds is right, with ``final=True`` they have let go;
    - ``sample(scenario)``: a generator of ``Sample``, in pieces of a few milliseconds.

    Where they help a reader, also:

    - ``guides``: what is said -> a sequence of (button text, changes) that repeated clicks walk through, round and round;
    - ``searches``: button text -> a function from the scenario to the changes it found, within a second or two;
    - ``recipe(scenario)``: the sentence's main numbers as four to ten lines of the engine's public names;
    - ``theory``: the names of traces that a teacher may hide until the class has guessed;
    - ``references``: keys in ``mombook/references.bib`` of what the panel rests on.
    """

    name = title = ""
    controls = ()
    presets = MappingProxyType({})
    guides = MappingProxyType({})
    searches = MappingProxyType({})
    theory = ()
    references = ()
    help = ""

    def figure(self):
        """The figure without data."""
        raise NotImplementedError

    def exact(self, scenario, final=True):
        """The exact layer."""
        raise NotImplementedError

    def sample(self, scenario):
        """The simulated layer; nothing by default."""
        return iter(())

    def blank(self, scenario):
        """The simulated layer before anything has arrived: traces that hide the previous scenario's dots."""
        return {}

    def read(self, text="", **values):
        """A scenario of this panel (see ``scenario.read``)."""
        return scenarios.read(self.controls, text, **values)

    def write(self, scenario):
        """The scenario as one line of text."""
        return scenarios.write(self.controls, scenario)

    def static(self, scenario=None, simulate=True, stacked=False):
        """The plain plotly figure at a scenario, as for print: exact layer and the finished simulation."""
        scenario = self.read() if scenario is None else scenario
        figure, view = self.figure(), self.exact(scenario, final=True)
        if stacked:
            figure.update_layout(self.stacked())
        apply(figure, view, rescale=True)
        if simulate:
            change(figure, self.simulated(scenario))
        return figure

    def simulated(self, scenario):
        """The finished simulation: trace name -> its arrays."""
        arrived = {}
        for piece in self.sample(scenario):
            for name, new in piece.traces.items():
                arrived[name] = {**arrived.get(name, {}), **new}
        return arrived

    def finished(self, scenario):
        """Everything the scenario determines, exact layer and finished simulation: trace name -> its arrays."""
        exact, arrived = self.exact(scenario, final=True).traces, self.simulated(scenario)
        return {name: {**exact.get(name, {}), **arrived.get(name, {})} for name in {**exact, **arrived}}

    def call(self, line):
        """How ``mombook.explore`` is asked for this panel at the scenario ``line``."""
        return f"{self.name}({line!r})"

    def recipe(self, scenario):
        """A few lines of the engine's public names that print the sentence's main numbers; empty where they would be long."""
        return ""

    def wide(self):
        """Layout changes for a wide page; ``stacked`` for a phone."""
        return {}

    def stacked(self):
        """Layout changes for a narrow page: subplots under one another."""
        return {}


def change(figure, traces):
    """Write new arrays into a figure's traces, by name; only what is given changes."""
    for trace in figure.data:
        new = traces.get(trace.name)
        if new:
            for key, value in new.items():
                trace[key] = value


def apply(figure, view, rescale):
    """Put a view into a figure: its arrays, titles and, where ``rescale``, its axis ranges."""
    change(figure, view.traces)
    for annotation, text in zip(figure.layout.annotations, view.titles, strict=False):
        if annotation.text != text:
            annotation.text = text
    if rescale:
        for axis, bounds in view.ranges.items():
            if figure.layout[axis].range is None or not np.allclose(figure.layout[axis].range, bounds):
                figure.layout[axis].range = [float(b) for b in bounds]


def veil(panel, scenario, view, hidden):
    """The view with the panel's theory hidden, in words too; or, if not ``hidden``, surely shown again."""
    traces = {**view.traces, **{name: {"visible": True, **view.traces.get(name, {})} for name in panel.theory}}
    if not hidden:
        return replace(view, traces=traces)
    traces |= {name: {**traces[name], "visible": False} for name in panel.theory}
    where = ", ".join(f"{c.label} = {c.text(scenario[c.name])}" for c in panel.controls if isinstance(c, scenarios.Slider))
    return replace(view, traces=traces, titles=view.guess or view.titles, lamps=[], text="",
                   sentence=f"{where}. Theory is hidden: what do you expect?")


def problems(panel, scenario, view):
    """What is wrong with a view, as sentences: values that are not finite, points outside their axes, no sentence."""
    found, figure = [], panel.figure()
    apply(figure, view, rescale=True)
    for trace in figure.data:
        x, y = np.asarray(trace.x, float), np.asarray(trace.y, float)
        if trace.visible is False or x.size == 0:
            continue
        if x.shape != y.shape:
            found.append(f"{trace.name}: {x.size} x values for {y.size} y values")
        elif np.isnan(y).all():
            found.append(f"{trace.name}: nothing but nan")
        elif np.isinf(y).any() or np.isinf(x).any():
            found.append(f"{trace.name}: infinite values")
        else:
            inside = _inside(figure, "x", trace.xaxis, x) & _inside(figure, "y", trace.yaxis, y)
            if not inside.any():
                found.append(f"{trace.name}: wholly outside its axes")
    if not view.sentence or "nan" in view.sentence or "inf" in view.sentence:
        found.append(f"sentence: {view.sentence!r}")
    return [f"{panel.write(scenario)}: {f}" for f in found]


def _inside(figure, letter, anchor, values):
    axis = figure.layout[f"{letter}axis{(anchor or letter)[1:]}"]
    if axis.range is None:
        return np.ones(values.shape, bool)
    low, high = axis.range
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.log10(values) if axis.type == "log" else values
    return (v >= low - 1e-9) & (v <= high + 1e-9)
