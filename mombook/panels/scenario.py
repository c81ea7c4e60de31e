"""Controls as data, and scenarios: what a reader has set, as a dict and as one line of text.

A host (Jupyter, a web page) draws these; a panel only ever sees the dict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats
from ..model.written import written

PLAIN = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
"""A number as it may be typed: ASCII digits and a point."""


def number(text: str) -> float:
    """A typed number; a decimal comma, separators of thousands and digits of other scripts are errors, never guessed at.

    >>> number("2.5e3")
    2500.0
    """
    if not PLAIN.fullmatch(text):
        raise ValueError("write numbers with a point, as 2.5 or 1e3")
    return float(text)


@dataclass(frozen=True)
class Slider:
    """A number a reader drags.

    Attributes:
        name: its key in the scenario; label: what stands before it; help: what it means, one sentence.
        low, high, default: in the reader's units; every value between can be typed, every ``step`` dragged to.
        base: ``None`` for a linear slider; 2 or 10 for one in powers, ``step`` then being in the exponent.
        whole: round to whole numbers.
        more: shown only when a reader asks for more controls.
    """

    name: str
    label: str
    low: float
    high: float
    default: float
    step: float
    base: float | None = None
    whole: bool = False
    help: str = ""
    more: bool = False

    def value(self, given: Any) -> float:
        """``given`` (a number, or text such as ``1e3``) as this slider's value.

        Raises:
            ValueError: a sentence saying what is allowed.
        """
        allowed = f"a {'whole ' if self.whole else ''}number from {short(self.low)} to {short(self.high)}"
        try:
            if isinstance(given, bool):
                raise TypeError
            x = number(given) if isinstance(given, str) else float(given)
        except (TypeError, ValueError, OverflowError):
            comma = " A decimal comma is written as a point." if isinstance(given, str) and "," in given else ""
            raise ValueError(f"{self.name} must be {allowed}; got {_short(given)}.{comma}") from None
        low, high = self.low - 1e-12 * abs(self.low), self.high + 1e-12 * abs(self.high)
        if not low <= x <= high or (self.whole and x != round(x)):
            raise ValueError(f"{self.name} must be {allowed}; got {_short(given)}.")
        return round(x) if self.whole else min(max(float(f"{x:.6g}"), self.low), self.high)

    def rounded(self, position: float) -> float:
        """Where a drag to ``position`` lands: whole, or three figures, inside the slider."""
        x = min(max(float(position), self.low), self.high)
        return round(x) if self.whole else min(max(float(f"{x:.3g}"), self.low), self.high)

    def nearest(self, value: float) -> float:
        """The value of the stop nearest to ``value``."""
        k = round((self._to(value) - self._to(self.low)) / self.step)
        x = self._to(self.low) + k * self.step
        return self.rounded(x if self.base is None else self.base**x)

    def text(self, value: Any) -> str:
        """The value as it is read out, in the reader's units."""
        return short(value)

    @property
    def stops(self) -> Floats:
        """Everything a drag can reach, in order."""
        n = round((self._to(self.high) - self._to(self.low)) / self.step)
        x = np.linspace(self._to(self.low), self._to(self.high), n + 1)
        x = x if self.base is None else self.base**x
        return np.unique(np.rint(x)) if self.whole else x

    def _to(self, value):
        return value if self.base is None else np.log(value) / np.log(self.base)


@dataclass(frozen=True)
class Toggles:
    """A set of words, each on or off; at least one stays on."""

    name: str
    label: str
    options: tuple[str, ...]
    default: tuple[str, ...]
    words: Mapping[str, str]
    help: str = ""
    more: bool = False

    def value(self, given: Any) -> tuple[str, ...]:
        """``given`` (a sequence of words, or text such as ``sgd+asgd``) as a tuple in the order of ``options``."""
        parts = given.replace(",", "+").split("+") if isinstance(given, str) else list(given)
        parts = [str(p).strip() for p in parts]
        if not parts or any(p not in self.options for p in parts):
            raise ValueError(f"{self.name} must be one or more of {', '.join(self.options)}, joined by +; got {given!r}.")
        return tuple(o for o in self.options if o in parts)

    def text(self, value: Any) -> str:
        """The words joined by +."""
        return "+".join(value)

    @property
    def stops(self) -> list[tuple[str, ...]]:
        """Each option alone, and all together."""
        return [(o,) for o in self.options] + [self.options]


@dataclass(frozen=True)
class Choice:
    """One word out of several."""

    name: str
    label: str
    options: tuple[str, ...]
    default: str
    words: Mapping[str, str]
    help: str = ""
    more: bool = False

    def value(self, given: Any) -> str:
        """``given`` if it is one of ``options``."""
        if not isinstance(given, str) or given.strip() not in self.options:
            raise ValueError(f"{self.name} must be one of {', '.join(self.options)}; got {given!r}.")
        return given.strip()

    def text(self, value: Any) -> str:
        """The word."""
        return value

    @property
    def stops(self) -> list[str]:
        """Every option."""
        return list(self.options)


@dataclass(frozen=True)
class Switch:
    """Something that is on or off: ``yes`` or ``no`` in a scenario line, or not in it where the text is ``unsaid``."""

    name: str
    label: str
    default: bool = False
    help: str = ""
    more: bool = False
    unsaid: str | None = None

    def value(self, given: Any) -> bool:
        """``given`` (a bool, ``yes`` or ``no``) as a bool."""
        known = {"yes": True, "no": False, True: True, False: False}
        key = given.strip() if isinstance(given, str) else given
        if not isinstance(key, str | bool) or key not in known:
            raise ValueError(f"{self.name} must be yes or no; got {given!r}.")
        return known[key]

    def text(self, value: Any) -> str:
        """``yes`` or ``no``."""
        return "yes" if value else "no"

    @property
    def stops(self) -> list[bool]:
        """Off and on."""
        return [False, True]


@dataclass(frozen=True)
class Seed:
    """The seed of the simulation: part of the scenario, no slider."""

    name: str = "seed"
    label: str = "seed"
    default: int = 0
    help: str = "seed of the simulation"
    more: bool = False

    def value(self, given: Any) -> int:
        """A whole number from 0 to 2**32 - 1."""
        return int(Slider("seed", "seed", 0, 2**32 - 1, 0, 1, whole=True).value(given))

    def text(self, value: Any) -> str:
        """The number."""
        return str(value)

    @property
    def stops(self) -> list[int]:
        """Two are enough to see that the seed matters."""
        return [0, 1]


@dataclass(frozen=True)
class Written:
    """A method of the reader's own, as a line of text (``model.written``); no scenario line has it while it is empty."""

    name: str = "method"
    label: str = "your method"
    default: str = ""
    example: str = "heavy_ball(0.05, 0.9)"
    help: str = ("a method of your own, such as heavy_ball(0.05, 0.9), torch.optim.SGD(params, lr=0.05, momentum=0.9) or "
                 "qhm(lr, 0.7, beta), where lr and beta are tuned at every batch; for the loss (1/2)(y − x·w)²")
    more: bool = False
    unsaid: str | None = ""

    def value(self, given: Any) -> str:
        """``given`` (a line, or a ``Method``) as one line in one spelling."""
        return written(given)

    def text(self, value: Any) -> str:
        """The line."""
        return value

    @property
    def stops(self) -> list[str]:
        """None, one with numbers, and one that is tuned."""
        return ["", self.example, "qhm(lr, 0.7, beta)"]


Control = Slider | Toggles | Choice | Switch | Seed | Written
"""What a reader sets."""

Scenario = dict[str, Any]
"""What a reader has set: a control's name -> its value."""


def defaults(controls: Sequence[Control]) -> Scenario:
    """The scenario a panel opens with."""
    return {c.name: c.default for c in controls}


def read(controls: Sequence[Control], text: str = "", **values: Any) -> Scenario:
    """A scenario from its line of text and from keywords, the rest at its default.

    Raises:
        ValueError: an unknown name or a value out of range, in a sentence; nothing is half applied.
    """
    scenario, by_name = defaults(controls), {c.name: c for c in controls}
    for name, value in {**parts(text), **values}.items():
        if name not in by_name:
            raise ValueError(f"this panel has no {name!r}; it has {', '.join(by_name)}.")
        scenario[name] = by_name[name].value(value)
    return scenario


def parts(text: str) -> dict[str, str]:
    """A line's names and values, as they are written."""
    found = {}
    for part in filter(None, (p.strip() for p in str(text).lstrip("#").split(";"))):
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"a scenario is name=value;name=value...; got {_short(part)}, which has no '='.")
        found[name.strip()] = value.strip()
    return found


def write(controls: Sequence[Control], scenario: Scenario) -> str:
    """The scenario as one line: ``kappa=1000;decay=1.5;batch=8``."""
    said = ((c, c.text(scenario[c.name])) for c in controls)
    return ";".join(f"{c.name}={text}" for c, text in said if text != getattr(c, "unsaid", None))


def _short(given):
    """``repr`` cut to one line."""
    try:
        shown = repr(given)
    except ValueError:                                                  # Python writes no whole number of thousands of digits
        return "a number too long to show"
    return shown if len(shown) <= 60 else shown[:57] + "..."


def short(x: float) -> str:
    """A number for people: up to six figures, no trailing zeros, 1e+06 as 1000000."""
    if float(x) == round(float(x)) and abs(x) < 1e7:
        return str(round(float(x)))
    return f"{x:.6g}"
