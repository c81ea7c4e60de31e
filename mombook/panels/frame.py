"""What a panel is, whoever shows it: scenario -> arrays, figure and sentence. No widgets, no numerics."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from ..prose import slips
from . import bars, spectra, style, words
from . import scenario as scenarios
from .scenario import Control, Scenario

Traces = dict[str, dict[str, Any]]
"""Trace name -> the plotly attributes to set."""


def new_figure() -> Any:
    """An empty plotly figure. Plotly is imported here and not above: a web page computes views without it."""
    import plotly.graph_objects as go

    return go.Figure()


@dataclass
class View:
    """A panel at one scenario.

    Attributes:
        traces: trace name -> the plotly attributes that differ (``x``, ``y``, ``visible``, ...).
        ranges: axis name (``xaxis``, ``yaxis2``, ...) -> its range (log axes in powers of ten).
        titles: the text above each subplot, broken into lines where it is long.
        sentence: what is seen, with its numbers.
        lamps: (what the bound is called, whether its assumptions are met, the sentence if not).
        numbers: the sentence's numbers, unrounded, for tests and notebooks.
        text: lines to read and copy, shown as they are under the sentence.
        guess: the titles while theory is hidden, where ``titles`` would give it away.
    """

    traces: Traces
    sentence: str = ""
    ranges: Mapping[str, Sequence[float]] = field(default_factory=dict)
    titles: Sequence[str] = field(default_factory=list)
    lamps: Sequence[tuple[str, bool, str]] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    guess: Sequence[str] = field(default_factory=list)

    def __post_init__(self):
        self.titles, self.guess = style.lines(self.titles), style.lines(self.guess)


@dataclass
class Sample:
    """A piece of simulation that has arrived: how far it is (0 to 1), the traces it changes, and a sentence."""

    fraction: float
    traces: Traces
    sentence: str = ""


class Panel:
    """A panel's definition; subclasses say what it shows.

    ``name``, ``title``, ``controls`` (data, see ``scenario``), ``presets`` (label -> changes) and:

    - ``figure()``: the empty figure, all traces and axes, nothing computed;
    - ``exact(scenario, final)``: the exact layer as a ``View``; with ``final=False`` a reader is dragging and a coarser
      answer within milliseconds is right, with ``final=True`` they have let go. The two differ in resolution, not in what
      is shown or said, and depend on the scenario alone, never on what was asked before;
    - ``sample(scenario)``: a generator of ``Sample``, in pieces of a few milliseconds.

    ``claims`` says that the first sentence is what the figure claims, and the others its numbers, which are set smaller.
    ``subplots`` says how many there are (2 or 3), beside one another on a wide page and under one another on a phone, and
    ``pixels`` how high the figure then is, if not as usual. Where they help a reader, also:

    - ``guides``: what is said -> a sequence of (button text, changes) that repeated clicks walk through, round and round;
    - ``searches``: button text -> a function from the scenario to the changes it found, within a second or two;
    - ``recipe(scenario)``: the sentence's main numbers as four to ten lines of the engine's public names;
    - ``theory``: the names of traces that a teacher may hide until the class has guessed;
    - ``references``: keys in ``mombook/references.bib`` of what the panel rests on;
    - ``own``: the names of controls whose place a spectrum of the reader's own takes (see ``spectra``, which also says why a
      panel takes none). A scenario then has ``spectrum`` instead of these. ``relative`` panels divide it by its largest
      eigenvalue, as their sliders are in its units; ``most`` is how many eigenvalues they can take, ``each`` one by one;
      ``spectrum(scenario)`` is the key of the spectrum that is shown, whose bars a reader sees and drags (see ``bars``);
    - ``learning(scenario)``: what makes each expected-risk curve, so that the part of it that a bar carries can be drawn;
    - ``handles``: trace name -> (control, control) that a reader moves by dragging the trace across and up, each a slider's
      name, a list of them (one for each point), or ``None``. The sliders remain, for the keyboard.
    """

    name: str = ""
    title: str = ""
    controls: Sequence[Control] = ()
    presets: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    guides: Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]] = MappingProxyType({})
    searches: Mapping[str, Callable[[Scenario], Mapping[str, Any]]] = MappingProxyType({})
    theory: Sequence[str] = ()
    references: Sequence[str] = ()
    handles: Mapping[str, tuple[str | Sequence[str] | None, str | Sequence[str] | None]] = MappingProxyType({})
    help: str = ""
    own: Sequence[str] = ()
    relative: bool = False
    most: int = spectra.MOST
    each: bool = False
    claims: bool = False
    subplots: int = 0
    pixels: tuple[int, int] | None = None

    def figure(self) -> Any:
        """The figure without data."""
        raise NotImplementedError

    def exact(self, scenario: Scenario, final: bool = True) -> View:
        """The exact layer."""
        raise NotImplementedError

    def sample(self, scenario: Scenario) -> Iterator[Sample]:
        """The simulated layer; nothing by default."""
        return iter(())

    def blank(self, scenario: Scenario) -> Traces:
        """The simulated layer before anything has arrived: traces that hide the previous scenario's dots."""
        return {}

    def read(self, text: str = "", **values: Any) -> Scenario:
        """A scenario of this panel (see ``scenario.read``).

        ``spectrum`` may be a ``Spectrum``, a ``Design``, eigenvalues or a text (see ``spectra.written``).
        """
        asked = {**scenarios.parts(text), **values}
        given = asked.pop("spectrum", "")
        spectrum = spectra.written(given, self.relative, self.most, self.each) if self.own else self._without(given)
        if not spectrum:
            return scenarios.read(self.controls, "", **asked)
        both = [name for name in self.own if name in asked]
        if both:
            raise ValueError(f"{both[0]} must be left out where a spectrum is given, which has its own; got "
                             f"{asked[both[0]]!r}. With spectrum='' the sliders are back.")
        return {**scenarios.read([c for c in self.controls if c.name not in self.own], "", **asked), "spectrum": spectrum}

    def _without(self, given):
        """No spectrum; the reason, where one is given all the same."""
        if given is None or (isinstance(given, str) and not given):
            return ""
        why = spectra.WITHOUT.get(self.name, "a question comes with its own problem")
        raise ValueError(f"spectrum must be left out for the panel {self.name!r}: {why}.")

    def moved(self, scenario: Scenario, **values: Any) -> Scenario:
        """The scenario with some of its controls elsewhere; a spectrum, or its end, replaces what it stands for."""
        gone = () if "spectrum" not in values else (*self.own, "spectrum")
        return self.read(**{**{name: value for name, value in scenario.items() if name not in gone}, **values})

    def preset(self, scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
        """The scenario after a preset, as the front end goes there: one of the power law leads back to it."""
        if all(name in scenario for name in changes):
            return {**scenario, **changes}
        return {**self.read(), **{name: value for name, value in scenario.items() if name != "spectrum"}, **changes}

    def write(self, scenario: Scenario) -> str:
        """The scenario as one line of text; a spectrum, which is long, at its end."""
        line = scenarios.write([c for c in self.controls if c.name in scenario], scenario)
        return f"{line};spectrum={scenario['spectrum']}" if "spectrum" in scenario else line

    def spectrum(self, scenario: Scenario) -> spectra.Key:
        """The key of the spectrum (``spectra.key``), where a panel takes one of the reader's own."""
        return spectra.key(scenario)

    def bent(self, scenario: Scenario, bar: int, level: float) -> Scenario:
        """The scenario with a bar of its spectrum moved to another level (``bars.bent``)."""
        return self.moved(scenario, spectrum=bars.bent(self.spectrum(scenario), bar, level))

    def learning(self, scenario: Scenario) -> Mapping[str, bars.Learner]:
        """The expected-risk curves that are drawn, by the names of their traces, and what makes them; none by default."""
        return {}

    def carried(self, scenario: Scenario, bar: int) -> Traces:
        """What a bar of the spectrum carries of each expected-risk curve in the figure: trace name -> x and y."""
        learners, found = self.learning(scenario), {}
        traces = self.exact(scenario).traces if learners else {}
        for name, learner in learners.items():
            x = np.asarray(traces[name]["x"], float)
            steps = tuple((x / learner.scale).tolist())
            y = bars.carried(self.spectrum(scenario), learner, steps)[:, bar] if steps else x
            shown = np.isfinite(y) & (y > 0)
            found[name] = {"x": x[shown], "y": y[shown]}
        return found

    def described(self, scenario: Scenario) -> str:
        """A line that names the reader's own spectrum; empty where there is none."""
        return spectra.described(scenario, self.relative)

    def static(self, scenario: Scenario | None = None, simulate: bool = True, stacked: bool = False) -> Any:
        """The plain plotly figure at a scenario, as for print: exact layer and the finished simulation."""
        scenario = self.read() if scenario is None else scenario
        figure, view = self.figure(), self.exact(scenario, final=True)
        if stacked:
            figure.update_layout(self.stacked())
        apply(figure, view, rescale=True)
        if simulate:
            change(figure, self.simulated(scenario))
        return figure

    def simulated(self, scenario: Scenario) -> Traces:
        """The finished simulation: trace name -> its arrays."""
        arrived: Traces = {}
        for piece in self.sample(scenario):
            for name, new in piece.traces.items():
                arrived[name] = {**arrived.get(name, {}), **new}
        return arrived

    def finished(self, scenario: Scenario) -> Traces:
        """Everything the scenario determines, exact layer and finished simulation: trace name -> its arrays."""
        exact, arrived = self.exact(scenario, final=True).traces, self.simulated(scenario)
        return {name: {**exact.get(name, {}), **arrived.get(name, {})} for name in {**exact, **arrived}}

    def call(self, line: str) -> str:
        """How ``mombook.explore`` is asked for this panel at the scenario ``line``."""
        return f"{self.name}({line!r})"

    def recipe(self, scenario: Scenario) -> str:
        """A few lines of the engine's public names that print the sentence's main numbers; empty where they would be long."""
        return ""

    def lacks(self, scenario: Scenario) -> str:
        """What a program of this figure cannot hold and what to do, as sentences; empty where it holds everything."""
        return ""

    def opening(self, scenario: Scenario) -> str:
        """The lines of a program that make this panel."""
        return f'''from mombook.panels import definition

panel = definition({self.name!r})'''

    def wide(self) -> dict[str, Any]:
        """Layout changes for a wide page: subplots beside one another."""
        return self._split(style.columns, 0)

    def stacked(self) -> dict[str, Any]:
        """Layout changes for a narrow page: subplots under one another."""
        return self._split(style.rows, 1)

    def _split(self, split, form):
        layout = split(self.subplots) if self.subplots else {}
        return {**layout, "height": self.pixels[form]} if self.pixels else layout


def of_whole_spectra(sample: Callable[[Any, Scenario], Iterator[Sample]]) -> Callable[[Any, Scenario], Iterator[Sample]]:
    """For a panel's ``sample``: of a spectrum that cannot be drawn coordinate by coordinate, the reason instead of runs."""
    @functools.wraps(sample)
    def guarded(panel: Any, scenario: Scenario) -> Iterator[Sample]:
        why = spectra.unsampled(scenario)
        return iter([Sample(1.0, {}, why)]) if why else sample(panel, scenario)

    return guarded


def change(figure: Any, traces: Traces) -> None:
    """Write new arrays into a figure's traces, by name; only what is given changes."""
    for trace in figure.data:
        new = traces.get(trace.name)
        if new:
            for key, value in new.items():
                trace[key] = value


def apply(figure: Any, view: View, rescale: bool) -> None:
    """Put a view into a figure: its arrays, titles and, where ``rescale``, its axis ranges."""
    change(figure, view.traces)
    for annotation, text in zip(figure.layout.annotations, view.titles, strict=False):
        if annotation.text != text:
            annotation.text = text
    if rescale:
        for axis, bounds in view.ranges.items():
            if figure.layout[axis].range is None or not np.allclose(figure.layout[axis].range, bounds):
                figure.layout[axis].range = [float(b) for b in bounds]


def hide_theory(panel: Panel, scenario: Scenario, view: View, hidden: bool) -> View:
    """The view with the panel's theory hidden, in words too; or, if not ``hidden``, surely shown again."""
    traces = {**view.traces, **{name: {"visible": True, **view.traces.get(name, {})} for name in panel.theory}}
    if not hidden:
        return replace(view, traces=traces)
    traces |= {name: {**traces[name], "visible": False} for name in panel.theory}
    where = ", ".join(f"{c.label} = {words.given(scenario[c.name])}" for c in panel.controls
                      if isinstance(c, scenarios.Slider) and c.name in scenario)
    where = f"{panel.described(scenario)}, {where}" if "spectrum" in scenario else where
    return replace(view, traces=traces, titles=view.guess or view.titles, lamps=[], text="",
                   sentence=f"{where}. Theory is hidden: what do you expect?")


def problems(panel: Panel, scenario: Scenario, view: View, figure: Any = None) -> list[str]:
    """What is wrong with a view, as sentences.

    Values that are not finite, points outside their axes, no sentence or a broken one, numbers that are not written as
    ``mombook.prose`` writes them. ``figure``: one of the panel's to show the view in; by default an empty one is made.
    """
    found, figure = [], panel.figure() if figure is None else figure
    apply(figure, view, rescale=True)
    layout = figure.layout.to_plotly_json()                             # asking plotly for an axis takes longer than the rest
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
            inside = _inside(layout, "x", trace.xaxis, x) & _inside(layout, "y", trace.yaxis, y)
            if not inside.any():
                found.append(f"{trace.name}: wholly outside its axes")
    if not view.sentence or "nan" in view.sentence or "inf" in view.sentence:
        found.append(f"sentence: {view.sentence!r}")
    if re.search(r"\s[\s.,;:!?]|[^.!?)]$", view.sentence):
        found.append(f"not whole sentences: {view.sentence!r}")
    for said in (view.sentence, *view.titles, *view.guess, *(why for _, _, why in view.lamps)):
        found += [f"{slip}: {said!r}" for slip in slips(said)]
    return [f"{panel.write(scenario)}: {f}" for f in found]


def _inside(layout, letter, anchor, values):
    axis = layout.get(f"{letter}axis{(anchor or letter)[1:]}", {})
    if "range" not in axis:
        return np.ones(values.shape, bool)
    low, high = sorted(axis["range"])
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.log10(values) if axis.get("type") == "log" else values
    return (v >= low - 1e-9) & (v <= high + 1e-9)
