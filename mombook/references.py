"""The works this book cites, from ``references.bib``: as BibTeX to export, and as a line to read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from . import arguments


@dataclass(frozen=True)
class Work:
    """One entry of ``references.bib``.

    Attributes:
        key: first author's family name and year, such as ``"polyak1964"``.
        kind: ``"article"``, ``"misc"``, ...
        fields: field name -> its text, without the outer braces.
        text: the entry as it stands in the file.
    """

    key: str
    kind: str
    fields: dict[str, str]
    text: str

    @property
    def families(self) -> list[str]:
        """The authors' family names."""
        return [name.split(",")[0].strip("{}") for name in self.fields["author"].split(" and ")]

    @property
    def plain_title(self) -> str:
        """The title without TeX."""
        return re.sub(r"[{}$]", "", self.fields["title"])


@cache
def works() -> dict[str, Work]:
    """Every work, key -> ``Work``, in the file's order."""
    text = resources.files(__package__).joinpath("references.bib").read_text(encoding="utf-8")
    return {work.key: work for work in read(text)}


def read(text: str) -> list[Work]:
    """The entries of BibTeX text written as ``references.bib`` is: a field a line, values in braces.

    Raises:
        ValueError: a line that is none of an entry's beginning, a field, an end, a comment or empty.
    """
    found, start = [], None
    for line in text.splitlines():
        opening, field = re.fullmatch(r"@(\w+)\{([\w-]+),", line), re.fullmatch(r"\s+(\w+)\s*=\s*\{(.*)\},", line)
        if opening and start is None:
            start, lines, fields = opening, [], {}
        elif field and start is not None:
            fields[field[1]] = field[2]
        elif line == "}" and start is not None:
            found.append(Work(start[2], start[1], fields, "\n".join([*lines, line])))
            start = None
        elif start is not None or (line and not line.startswith("%")):
            arguments.refuse("text", line, "a line of BibTeX: @kind{key,  or  name = {value},  or  }")
        if start is not None:
            lines.append(line)
    return found


def bibtex(keys: Iterable[str] | None = None) -> str:
    """BibTeX of some works, ready to be written to a file.

    Args:
        keys: keys in ``references.bib``, in the order wanted; all works by default.

    Returns:
        The entries as text, an empty line between them; each once.

    Raises:
        ValueError: a key that is not there.

    >>> print(bibtex(["popper1959"]))
    @book{popper1959,
      author    = {Popper, Karl},
      title     = {The Logic of Scientific Discovery},
      publisher = {Hutchinson},
      year      = {1959},
    }
    <BLANKLINE>
    """
    known = works()
    keys = list(known) if keys is None else [arguments.choice("key", key, known) for key in keys]
    return "\n".join(known[key].text + "\n" for key in dict.fromkeys(keys))


def cite(key: str) -> str:
    """One work as a line to read.

    >>> cite("garg2026")
    'Garg, Dereziński, Perfect Parallelization in Mini-Batch SGD with Classical Momentum Acceleration, arXiv 2605.18609 (2026)'
    """
    work = works()[arguments.choice("key", key, works())]
    f = work.fields
    place = f.get("journal") or f.get("booktitle") or f.get("publisher")
    if place and "volume" in f:
        place += " " + f["volume"]
    if place is None and "eprint" in f:
        place = "arXiv " + f["eprint"]
    return ", ".join(filter(None, [", ".join(work.families), work.plain_title, place])) + f" ({f['year']})"
