"""How a CSV file is written: separator, decimal mark and names, decided from its first lines where there is one reading."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from .. import arguments

SAMPLE = 1 << 20
"""Characters at the start of a CSV file from which its separator, decimal mark and header are decided."""

LINES = 5
"""Lines that are looked at whatever their length."""

NUMBER = {".": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE),
          ",": re.compile(r"[+-]?\d+(,\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)}
"""What counts as a number, by decimal mark; digits of other scripts and ``1_000`` do not."""

WHOLE = re.compile(r"[+-]?\d+", re.ASCII)

MISSING = {"", "na", "n/a", "#n/a", "#na", "nan", "-nan", "null", "none", "<na>", "inf", "+inf", "-inf", "infinity",
           "+infinity", "-infinity"}
"""Cells without a finite number, in small letters."""

LAYOUTS = ((",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", "."), ("|", ","), (" ", "."), (" ", ","))
"""Separators and decimal marks that are tried; where several explain a file equally well, the first."""

WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space", ".": "point"}
"""What the marks are called."""


@dataclass(frozen=True)
class Layout:
    """How a CSV file is written.

    Attributes:
        encoding, separator, decimal: as for ``pandas.read_csv``.
        above: lines at the top that are no part of the table; rows: rows of the table above its numbers.
        names: of the columns, or ``None``.
        header: what was taken for the names, in words.
    """

    encoding: str
    separator: str
    decimal: str
    above: int
    rows: int
    names: list[str] | None
    header: str

    def open(self, path: Path) -> TextIO:
        """The file, open where its table begins."""
        file = open(path, encoding=self.encoding, newline="")
        for _ in range(self.above):
            file.readline()
        return file


def decide(path: Path, encoding: str) -> Layout:
    """The one way a CSV file can be read, as a ``Layout``.

    Args:
        path: a ``pathlib.Path``; encoding: as for ``open``.

    Raises:
        ValueError: a blank file, or one that can be read in two ways, in a sentence; csv.Error: cells too long to be any.
    """
    with open(path, encoding=encoding, newline="") as file:
        text = more = file.read(SAMPLE)
        while more and len(re.findall("[\r\n]+", text)) < LINES:        # a table may be very wide
            text += (more := file.read(SAMPLE))
        if file.read(1):                                                # the last line may be cut
            text = text[:max(text.rfind("\n"), text.rfind("\r")) + 1]
    lines = re.split("\r\n|\n|\r", text.lstrip("\ufeff"))
    above = next((i for i, line in enumerate(lines) if line.strip()), None)
    if above is None:
        arguments.refuse("source", str(path), "a file with something in it (this one is blank)")
    forced, comment = re.fullmatch(r'"?sep=(.)"?', lines[above].strip()), ""
    above += bool(forced)
    while above < len(lines) and (not lines[above].strip() or lines[above].lstrip().startswith("#")):
        comment = lines[above].strip().lstrip("#").strip() or comment
        above += 1
    layouts = [each for each in LAYOUTS if not forced or each[0] == forced[1]]
    body = "\n".join(lines[above:])
    if not layouts or not body.replace('"', "").strip():
        arguments.refuse("source", str(path), "a table with rows and columns, separated by commas, semicolons, tabs, bars or "
                         "spaces (this one is not)")
    fits = {}
    for each in layouts:
        with contextlib.suppress(csv.Error):                            # cells too long: nothing separates them
            fits[each] = _fit(_split(body, each[0]), *each)
    if not fits:
        raise csv.Error("its cells are longer than 131072 characters")
    separator, decimal = max(fits, key=fits.__getitem__)                        # (the first of equals)
    rows = _split(body, separator)
    _refuse_thousands(path, rows, separator, decimal)
    if separator == "," and len(rows[0]) == 2:
        _refuse_halves(path, rows)
    names, used, header = _header(path, rows, decimal, above + 1, _split(comment, separator))
    return Layout(encoding, separator, decimal, above, used, names, header)


def rows_of(file: Iterable[str], separator: str) -> Iterator[list[str]]:
    """The rows of a text, cell by cell, stripped; a blank line is an empty row."""
    if separator == " ":                                                # one or several, tabs among them
        file = (line.replace("\t", " ").rstrip() for line in file)
    cells = csv.reader(file, delimiter=separator, skipinitialspace=True)
    return ([cell.strip() for cell in row] if any(cell.strip() for cell in row) or len(row) > 1 else [] for row in cells)


def _split(text, separator):
    """The rows of a text that are not blank."""
    return [row for row in rows_of(io.StringIO(text, newline=""), separator) if row]


def _fit(rows, separator, decimal):
    """How well a separator and a decimal mark explain the rows; larger is better."""
    body = rows[1:] or rows
    width = Counter(map(len, body)).most_common(1)[0][0]
    if width == 1 and (separator, decimal) != LAYOUTS[0]:               # nothing is separated: 1,5 may be two columns
        return -1.0, False, False, 0
    cells = [cell for row in body if len(row) == width for cell in row]
    good = sum(is_number(cell, decimal) for cell in cells)
    return good / len(cells), len(rows[0]) == width, width > 1, good


def is_number(cell: str, decimal: str) -> bool:
    return cell.lower() in MISSING or NUMBER[decimal].fullmatch(cell) is not None


def _refuse_thousands(path, rows, separator, decimal):
    """Refuse a column such as ``999``, ``1.001``: its marks may group thousands."""
    if separator == ",":
        return
    grouped = re.compile(rf"[+-]?[1-9]\d{{0,2}}\{decimal}\d{{3}}", re.ASCII)
    for j in range(min(map(len, rows))):
        cells = [row[j] for row in rows if is_number(row[j], decimal) and row[j].lower() not in MISSING]
        marked, plain = [c for c in cells if decimal in c], [c for c in cells if WHOLE.fullmatch(c)]
        if marked and plain and all(map(grouped.fullmatch, marked)) and all(len(c.strip("+-")) <= 3 for c in plain):
            raise ValueError(f"source must be written so that decimals and thousands can be told apart; in {path.name}, "
                             f"{marked[0]!r} beside {plain[0]!r} may be either. Write numbers without marks of thousands, "
                             f"or pass an array.")


def _refuse_halves(path, rows):
    """Refuse two columns without names that may be one with decimal commas: ``0,17`` and ``-0,09``."""
    cells = [cell for row in rows for cell in row if cell.lower() not in MISSING]
    odd = next((c for c in cells if re.fullmatch(r"[+-]0|[+-]?0\d+", c)), None)
    if odd is not None and all(map(WHOLE.fullmatch, cells)):
        raise ValueError(f"source must be written so that columns and decimals can be told apart; in {path.name}, {odd!r} may "
                         f"be a part of a number with a decimal comma. Write decimal points, or names above the columns.")


def _header(path, rows, decimal, line, comment):
    """(names or ``None``, how many rows they use up, in words) from the first row, those below it, and a comment above."""
    first, below = rows[0], rows[1:]
    numbers = [c for c in first if c and NUMBER[decimal].fullmatch(c)]
    words = [c for c in first if c.lower() not in MISSING and c not in numbers]
    names = first, 1, f"line {line} names the columns"
    plain = all(c.isascii() and c.isdigit() for c in numbers)
    counts = plain and numbers == [str(k) for k in range(len(numbers))] != []
    if words and not numbers:
        return names
    if words and not (counts and all(any(map(str.isalpha, w)) for w in words)):
        _refuse_header(path, first, "holds words and numbers")
    if words or (counts and first[0] == "" and first.count("") == 1):
        return names                                                    # as pandas writes columns that it numbers
    if all(c == "" for c in first):
        _refuse_header(path, first, "is empty")
    if comment and len(comment[0]) == len(first) and not any(is_number(c, decimal) for c in comment[0]):
        return comment[0], 0, "the line above the numbers names the columns"
    if plain and len(numbers) == len(first) and below:
        broken = all(not WHOLE.fullmatch(cell) for row in below for cell in row)
        if counts and broken and len(first) > 1:
            return names
        if counts or (broken and len(first) > 1):
            _refuse_header(path, first, "may hold names or numbers")
    return None, 0, f"line {line} holds numbers, so the columns are numbered"


def _refuse_header(path, first, why):
    shown = ", ".join(first)
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    raise ValueError(f"source must have words over its columns, or nothing but numbers; the first line of {path.name} "
                     f"({shown}) {why}. Put names above the numbers, or pass pandas.read_csv(..., header=None or 0).")
