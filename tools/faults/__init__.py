"""Small faults planted in a copy of the source, to see whether the tests notice: ``python -m tools.plant_faults``."""

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One small change of one file.

    Attributes:
        path: the file, relative to the root of the repository.
        operator: the kind of change, as ``plant_faults --list`` names it.
        edits: (start, end, new text) in characters of the file, in order and without overlap.
        scope: qualified name of the innermost function around the change; ``""`` at module or class level, and outside Python.
    """

    path: str
    operator: str
    edits: tuple
    scope: str = ""

    def planted(self, text):
        """The file's text with the fault in it."""
        for start, end, new in reversed(self.edits):
            text = text[:start] + new + text[end:]
        return text

    def lines(self, text):
        """The lines that differ, stripped: (before, after)."""
        lines = list(difflib.ndiff(text.splitlines(), self.planted(text).splitlines()))
        return tuple("\n".join(line[2:].strip() for line in lines if line[:2] == f"{sign} ") for sign in "-+")

    def diff(self, text):
        """The fault as a unified diff."""
        pair = (each.splitlines(keepends=True) for each in (text, self.planted(text)))
        return "".join(difflib.unified_diff(*pair, f"a/{self.path}", f"b/{self.path}", n=1))
