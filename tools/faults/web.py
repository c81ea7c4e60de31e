"""Faults in JavaScript and CSS, line by line: the front end is small and plainly written, and regular expressions do for it.

Of a style sheet only what decides whether and in which colours something is seen; a margin is a matter of taste, not of truth.
"""

import itertools
import re

from . import Fault

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_COMMENT = re.compile(r"(?<![:\"'])//[^\n]*|/\*.*?\*/", re.S)
_NAMES = {"width": "height", "height": "width", "x": "y", "y": "x", "from": "to", "to": "from", "before": "after",
          "after": "before", "wide": "stacked", "stacked": "wide", "wanted": "shown", "shown": "now", "now": "shown",
          "low": "high", "high": "low", "line": "opening"}
_JS = [
    ("comparison flipped", r"(===|!==|>=|<=|(?<=\s)<(?=\s)|(?<=\s)>(?=\s))",
     {"===": "!==", "!==": "===", ">=": "<", "<=": ">", "<": ">", ">": "<"}),
    ("condition negated", r"(&&|\|\|)", {"&&": "||", "||": "&&"}),
    ("operator", r"(?<=[\w)\]] )([+\-*/])(?= [\w(\[])", {"+": "-", "-": "+", "*": "/", "/": "*"}),
    ("constant", r"\b(true|false)\b", {"true": "false", "false": "true"}),
    ("neighbour's name", rf"(?<=[.\s({{\[])({'|'.join(_NAMES)})\b(?!\s*[:=(])", _NAMES),
    ("neighbour's array", r"(?<=\.)(x|y|min|max)\b", {"x": "y", "y": "x", "min": "max", "max": "min"}),
]
_CSS = [
    ("property deleted", lambda m: "",
     re.compile(r"(?<=[\s;{])(?:display|position|overflow\S*|visibility|color|background|content|--\w+)\s*:\s*[^;{}]+;")),
    ("condition negated", lambda m: {"dark": "light", "light": "dark"}[m[0]],
     re.compile(r"(?<=prefers-color-scheme: )(?:dark|light)")),
    ("condition negated", lambda m: {"min": "max", "max": "min"}[m[0]], re.compile(r"(?<=\()(?:min|max)(?=-width)")),
]


def faults(path, text):
    """Every fault that can be planted in a JavaScript or CSS file."""
    found = {}
    bare = _COMMENT.sub(lambda m: " " * len(m[0]), text)
    source = _css(bare) if path.endswith(".css") else _javascript(bare)
    for operator, edits in source:
        fault = Fault(path, operator, tuple(edits))
        if fault.planted(text) != text:
            found.setdefault(fault.edits, fault)
    return list(found.values())


def _css(text):
    for operator, change, pattern in _CSS:
        for m in pattern.finditer(text):
            yield operator, [(*m.span(), change(m))]


def _javascript(text):
    code = _STRING.sub(lambda m: '"' + "_" * (len(m[0]) - 2) + '"', text)
    for operator, pattern, neighbours in _JS:
        for m in re.finditer(pattern, code):
            yield operator, [(*m.span(1), neighbours[m[1]])]
    for m in re.finditer(r"(?<![\w.#-])\d+(?:\.\d+)?(?![\w.])", code):
        yield "off by one", [(*m.span(), f"{float(m[0]) + 1:g}")]
    for m in re.finditer(r"\bif \(([^()]*(?:\([^()]*\)[^()]*)*)\)", code):
        yield "condition negated", [(*m.span(1), f"!({text[slice(*m.span(1))]})")]
    for m in re.finditer(r"^[ \t]+((?:this|[a-z]\w*)[\w.?\[\]]*(?: = [^\n;{]*|\([^\n;{]*\)));[ \t]*$", code, re.M):
        yield "statement deleted", [(*m.span(1), "")]
    for m in re.finditer(r"^.*$", code, re.M):
        strings = [(m.start() + s.start(), m.start() + s.end()) for s in _STRING.finditer(m[0])]
        for a, b in itertools.pairwise(strings):
            yield "labels swapped", [(*a, text[slice(*b)]), (*b, text[slice(*a)])]
    for m in re.finditer(r"\(([a-z][\w.]*), ([a-z][\w.]*)(?=[,)])(?![^()]*\) =>)", code):
        yield "arguments swapped", [(*m.span(1), m[2]), (*m.span(2), m[1])]
    for m in re.finditer(r"\bthis\.line\b|\bthis\.written\.value\b", code):
        yield "default for the scenario", [(*m.span(), "this.opening")]
