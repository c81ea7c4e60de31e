"""A question as a panel: the reader places a guess on the figure, and then the engine answers.

A question is data (its controls, its curves, its cases) and four functions of a case: what is ``known``, the ``answer``,
what the answer lets one ``draw``, and one sentence that ``explain``s it. Until the reader reveals the answer none of the
last three is called, so nothing on screen can give it away.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from .. import style
from ..frame import Panel, View, new_figure
from ..labels import ABOVE_OR_BELOW, LEFT_OR_RIGHT, Plot
from ..scenario import Choice, Switch
from ..words import counted, percent, three

GUESS, TRUTH = "#9a6700", "#8250df"
"""Amber for what the reader says and violet for what the engine says; both can be read on white and on black."""

REVEAL = Switch("reveal", "Reveal the answer", help="show the answer and how far the guess is from it")

WIDE, NARROW = 92, 36
"""Letters in a line of the question above the figure, on a wide page and on a phone."""

GRADES = ((0.05, "Spot on"), (0.15, "Close"), (0.5, "The right size"), (1.0, "Within a factor of ten"),
          (np.inf, "More than an order of magnitude off"))
"""What a distance in decades is called."""

NOTHING = MappingProxyType({"x": [], "y": [], "visible": False})


@dataclass(frozen=True)
class Curve:
    """How a trace of a question is drawn.

    Attributes:
        name: its name and what the legend says; color, dash, marker: its look (a marker makes it points, no line).
        hidden: drawn once the answer is revealed, and not before.
    """

    name: str
    color: str = style.MUTED
    dash: str = "solid"
    marker: str = ""
    hidden: bool = False


def curve(family, name=None, hidden=False):
    """The curve of one of the book's methods, in its look; ``name`` where its word alone is not enough."""
    look = style.METHODS[family]
    return Curve(name or look.word, look.color, look.dash, hidden=hidden)


@dataclass(frozen=True)
class Case:
    """One set of circumstances in which the question is asked: what it is called, and what makes its subject."""

    word: str
    make: Callable[[], Any]


class Question(Panel):
    """What every question shares; ``Placed`` asks for a number, ``Slope`` for an exponent, ``Chosen`` for a word.

    ``asks``: the question, one or two sentences; ``cases``: key -> ``Case``; ``curves``: what is drawn, in order; ``axes``:
    the two plotly axes; ``window``: the range of each, as plotly counts it, which must not depend on the answer.
    """

    claims = True
    asks = ""
    cases: Mapping[str, Case] = MappingProxyType({})
    curves: Sequence[Curve] = ()
    axes: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
    window: tuple[tuple[float, float], tuple[float, float]] = ((0, 1), (0, 1))
    guess: Any = None
    references: Sequence[str] = ("morwani2026",)
    unmoved = "You left the guess where it stood, which counts as an answer."

    def known(self, subject):
        """What the reader may see: trace name -> arrays. ``subject`` is what the case made."""
        raise NotImplementedError

    def answer(self, subject):
        """The answer, from the engine."""
        raise NotImplementedError

    def draw(self, subject, answer):
        """What can be seen once the answer is known: trace name -> arrays."""
        raise NotImplementedError

    def explain(self, subject, answer):
        """Why it is so, in one or two sentences."""
        raise NotImplementedError

    @property
    def controls(self):
        """The guess, the switch that reveals, and the case where there are several."""
        words = {key: case.word for key, case in self.cases.items()}
        case = Choice("case", "case", tuple(words), next(iter(words)), words, help="what the question is asked about")
        return (self.guess, REVEAL, *([case] if len(words) > 1 else []))

    @property
    def presets(self):
        """Ask again: one button a case, with the answer hidden and the guess back where it started."""
        if len(self.cases) < 2:
            return MappingProxyType({})
        return {f"ask case {n}": {"guess": self.guess.default, "reveal": False, "case": key}
                for n, key in enumerate(self.cases, 1)}

    @property
    def help(self):
        """The same for all questions."""
        return ("Place the guess: drag its slider, type into its field, or use the arrow keys. Then reveal the answer, "
                "which is computed at that moment. Distances count in decades: 0.3 is a factor of two, 1 a factor of ten. "
                "The presets ask the question again about something else.")

    def call(self, line):
        """Questions are opened by ``explore.predict``."""
        return f"predict({self.name.removeprefix('predict_')!r}, {line!r})"

    def figure(self):
        """One pair of axes under the question."""
        f = new_figure()
        for c in self.curves:
            look = {"marker": {"color": c.color, "symbol": c.marker, "size": 11, "line": {"width": 2}}} if c.marker else \
                {"line": {"color": c.color, "width": 2.5, "dash": c.dash}}
            f.add_scatter(name=c.name, x=[], y=[], mode="markers" if c.marker else "lines", **look,
                          hovertemplate="%{y:.3~g} at %{x:.3~r}<extra>" + c.name + "</extra>")
        for name, color, dash in (("distance", style.MUTED, "dot"), ("your guess", GUESS, "8px,4px"),
                                  ("the answer", TRUTH, "solid")):
            f.add_scatter(name=name, x=[], y=[], mode="lines+text", line={"color": color, "width": 3, "dash": dash},
                          textfont={"color": color, "size": 14}, showlegend=False, hoverinfo="skip")
        f.update_layout(style.layout(
            height=460, title={"x": 0.01, "xanchor": "left", "y": 1, "yanchor": "top", "yref": "container", "pad": {"t": 14},
                               "font": {"size": 17}},
            annotations=[{"text": "", "xref": "x domain", "yref": "y domain", "x": 0, "y": 1.01, "xanchor": "left",
                          "yanchor": "bottom", "xshift": -48, "yshift": 7, "align": "left", "showarrow": False,
                          "font": {"size": 14}}],
            xaxis=self.axes[0], yaxis=self.axes[1]))
        f.update_layout(self.wide())
        return f

    def wide(self):
        """The question in long lines, the legend under the figure."""
        return self._placed(WIDE, height=470, below=90)

    def stacked(self):
        """The question in short lines."""
        return self._placed(NARROW, height=590, below=60 + 20 * len(self.curves))

    def _placed(self, letters, height, below):
        lines = textwrap.wrap(self.asks, letters)
        return {"height": height + 20 * len(lines), "title": {"text": "<br>".join(lines)},
                "margin": {"l": 64, "r": 16, "t": 60 + 22 * len(lines), "b": below},
                "legend": {"orientation": "h", "x": 0, "y": 0.01, "yref": "container", "yanchor": "bottom"}}

    def exact(self, scenario, final=True):
        """What is known and the guess; the answer, its distance and the reason where they are revealed."""
        case, guess = scenario.get("case", next(iter(self.cases))), scenario["guess"]
        shown = {**_of(type(self), "known", case)}
        numbers = {"guess": guess}
        asked = f"{self.asks} ({self.cases[case].word})"
        if scenario["reveal"]:
            answer = _of(type(self), "answer", case)
            shown |= _of(type(self), "draw", case)
            decades, verdict = self.judge(guess, answer)
            numbers |= {"answer": answer, "decades": decades}
            left = f"{self.unmoved} " if guess == self.guess.default else ""
            shown |= self.marks(case, guess, answer)
            text = f"{verdict} {left}{_of(type(self), 'explain', case)} Asked was: {asked}"
        else:
            shown |= self.marks(case, guess)
            text = f"{self.says(guess)} Place it, then reveal the answer. Asked is: {asked}"
        self._name(shown)
        traces = {c.name: NOTHING for c in self.curves} | {n: NOTHING for n in ("distance", "your guess", "the answer")}
        traces |= {name: {"visible": True, **arrays} for name, arrays in shown.items()}
        return View(traces, text, dict(zip(("xaxis", "yaxis"), map(list, self.window), strict=True)),
                    ["<br>".join(textwrap.wrap(self.cases[case].word, NARROW + 4))], numbers=numbers)

    def _name(self, shown):
        """Move the texts of guess and answer along their lines to where least else is drawn."""
        plot = Plot(*self.window, 1, log=[axis.get("type") == "log" for axis in self.axes], line=0.06)
        for name, arrays in shown.items():
            if next((c.marker for c in self.curves if c.name == name), None):
                plot.marks(arrays["x"], arrays["y"])
            else:
                plot.curve(arrays["x"], arrays["y"])
        for name in ("your guess", "the answer"):
            text = max(shown.get(name, {}).get("text", ()), key=len, default="")
            if text:
                ends = plot.shares(*(np.asarray(shown[name][k], float)[[0, -1]] for k in "xy"))
                spots = ends[0] + np.outer(self.heights, ends[1] - ends[0])
                padded = {side: self.padded(text, side) for side in self.sides}
                _, side = plot.best(padded[self.sides[0]], spots, self.sides)
                line = {}
                for key, value in zip("xy", plot.values(plot.spot), strict=True):
                    first, last = shown[name][key][0], shown[name][key][-1]
                    line[key] = np.array([first, first if first == last else value, last])     # straight to the last digit
                shown[name] = {**line, "text": ["", padded[side], ""], "textposition": side}

    def padded(self, text, side):
        """A text that keeps clear of its line by itself."""
        return text

    def marks(self, case, guess, answer=None):
        """Where guess and answer stand in the figure: trace name -> arrays."""
        return {}

    def judge(self, guess, answer):
        """How far the guess is from the answer, in decades, and a sentence that says so."""
        raise NotImplementedError

    def says(self, guess):
        """The guess as a sentence."""
        raise NotImplementedError


class Placed(Question):
    """A question whose answer is a number, placed on the figure.

    ``guess``: a log ``Slider``; ``along``: the axis it is placed on, "x" or "y"; ``unit``: a format such as ``"B = {}"``.
    """

    along = "x"
    unit = "{}"

    @property
    def heights(self):
        """Shares of the other axis at which the texts may stand, the first being preferred."""
        return (0.94, 0.86, 0.6, 0.4, 0.2, 0.08) if self.along == "x" else (0.7, 0.35, 0.85, 0.5, 0.2)

    @property
    def sides(self):
        """On which sides of their lines."""
        return LEFT_OR_RIGHT[::-1] if self.along == "x" else ABOVE_OR_BELOW

    def padded(self, text, side):
        """With a space to an upright line, with an empty line to a level one."""
        return f" {text} " if self.along == "x" else f"{text}<br> " if side == "top center" else f" <br>{text}"

    def marks(self, case, guess, answer=None):
        """A line across the figure for each of the two, and what lies between them."""
        found = {"your guess": self._line(guess, f"you: {self._in_unit(guess)}")}
        if answer is not None:
            found["the answer"] = self._line(answer, self._in_unit(answer))
            found["distance"] = self._turned({"along": [guess, answer],
                                              "across": self._across([0.79 if self.along == "x" else 0.52] * 2)})
        return found

    def _line(self, value, text):
        """Straight across the figure."""
        return self._turned({"along": [value] * 3, "across": self._across([0.0, 0.5, 1.0])}, text=["", text, ""])

    def _across(self, shares):
        low, high = self.window[self.along == "x"]
        values = low + (high - low) * np.array(shares)
        return 10.0**values if self.axes[self.along == "x"].get("type") == "log" else values

    def _turned(self, line, **more):
        x, y = ("along", "across") if self.along == "x" else ("across", "along")
        return {"x": line[x], "y": line[y], **more}

    def judge(self, guess, answer):
        """In decades between the two."""
        decades = float(np.log10(guess / answer))
        side = "high" if decades > 0 else "low"
        return decades, (f"You said {self._in_unit(guess)}; it is {self._in_unit(answer)}: "
                         f"{_decades(decades)} (a factor {three(_factor(guess, answer))}) {side}. {grade(decades)}.")

    def says(self, guess):
        """``Your guess: B = 40.``"""
        return f"Your guess: {self._in_unit(guess)}."

    def _in_unit(self, x):
        """``B = 40``, or ``1 step``."""
        nouns = self.unit.removeprefix("{} ")
        return counted(x, nouns) if nouns.isalpha() else self.unit.format(three(x))


class Slope(Question):
    """A question whose answer is an exponent: the slope of a line, in log-log, through a point that is known.

    ``guess``: a linear ``Slider``; ``reach``: the decades over which the exponent is asked, so that a wrong one costs
    its error times ``reach``; ``through``: the known point the guess is drawn from.
    """

    reach = 1.0
    unit = "exponent {}"
    heights = (0.6, 0.75, 0.45, 0.9, 0.3)
    sides = ("top left", "bottom right")

    def through(self, subject):
        """The known point (x, y)."""
        raise NotImplementedError

    def padded(self, text, side):
        """With an empty line to its own line, which may rise as little as a text is wide."""
        return f"{text}<br> " if side == "top left" else f" <br>{text}"

    def marks(self, case, guess, answer=None):
        """Lines from the known point to the end of the reach, and the distance there."""
        (x, y), end = _of(type(self), "through", case), 10.0**self.reach
        found = {"your guess": self._line(x, y, guess, f"you: {self.unit.format(three(guess))}")}
        if answer is not None:
            found["the answer"] = self._line(x, y, answer, self.unit.format(three(answer)))
            found["distance"] = {"x": [x * end] * 2, "y": [y * end**p for p in (guess, answer)]}
        return found

    def _line(self, x, y, slope, text):
        along = 10.0 ** (self.reach * np.array([0, 0.6, 1]))
        return {"x": x * along, "y": y * along**slope, "text": ["", text, ""]}

    def judge(self, guess, answer):
        """In decades at the end of the reach."""
        decades = float((guess - answer) * self.reach)
        side = "high" if decades > 0 else "low"
        return decades, (f"You said an {self.unit.format(three(guess))}; it is {three(answer)}: after "
                         f"{_decades(self.reach)} that is {_decades(decades)} (a factor {three(10.0**abs(decades))}) {side}. "
                         f"{grade(decades)}.")

    def says(self, guess):
        """``Your guess: exponent 0.5.``"""
        return f"Your guess: {self.unit.format(three(guess))}."


class Chosen(Question):
    """A question whose answer is one of several words; ``answer`` gives what each is worth, more being better.

    ``options``: word by key; where ``tie`` is an option, it is right if all lie within ``SAME`` decades.
    """

    options: Mapping[str, str] = MappingProxyType({})
    unmoved = "Not to choose counts as an answer."

    @property
    def guess(self):
        """A menu that opens on no choice."""
        words = {"none": "choose ...", **self.options}
        return Choice("guess", "your guess", tuple(words), "none", words, help="which of these do you expect?")

    def judge(self, guess, answer):
        """How far the chosen one is behind the best; a tie is behind by what lies between best and worst."""
        order = sorted(answer, key=answer.get, reverse=True)
        best, spread = order[0], float(np.log10(answer[order[0]] / answer[order[-1]]))
        lead = float(np.log10(answer[best] / answer[order[1]]))
        tied = "tie" in self.options and spread < SAME
        said = {"none": "no choice made"}.get(guess) or self.options[guess]
        if tied:
            right, truth, lost = guess == "tie", f"all lie within {percent(10**spread - 1)}", SAME
        else:
            right = guess == best
            truth = f"it is {self.options[best]}, ahead of {self.options[order[1]]} by a factor {three(10**lead)}"
            lost = float(np.log10(answer[best] / answer[guess])) if guess in answer else spread
        decades = 0.0 if right else -lost
        far = "" if right or tied else f": they are {_decades(lost)} (a factor {three(10**lost)}) apart"
        return decades, f"{'Right' if right else 'Not so'}: you said {said}, and {truth}{far}."

    def says(self, guess):
        """``Your guess: heavy ball.``"""
        return "No guess yet." if guess == "none" else f"Your guess: {self.options[guess]}."


SAME = 0.05
"""Decades within which curves count as one: 12 %."""


def grade(decades):
    """A distance in words."""
    return next(word for most, word in GRADES if abs(decades) <= most)


def _decades(x):
    """A distance, to a hundredth of a decade."""
    size = round(abs(x), 2)
    return f"{three(size)} decade{'s' * (size != 1)}"


def _factor(a, b):
    return max(a / b, b / a)


@lru_cache(maxsize=256)
def _subject(question, case):
    """What a case is about; remembered, since every drag asks again."""
    return question.cases[case].make()


@lru_cache(maxsize=256)
def _of(question, part, case):
    """``known``, ``through``, ``answer``, ``draw`` or ``explain`` of a case; remembered."""
    subject = _subject(question, case)
    found = (_of(question, "answer", case),) if part in ("draw", "explain") else ()
    return getattr(question(), part)(subject, *found)
