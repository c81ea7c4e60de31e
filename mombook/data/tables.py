"""Tables on disk: how a CSV or Parquet file is to be read, decided from what it holds, with every decision in a sentence.

A file is read only where there is one reading of it; otherwise a ``ValueError`` says what is in doubt and where.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import os
import re
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .. import arguments
from . import csv_layout

CHUNK = 1 << 24
"""Bytes that are looked at in one go."""

SIGNATURES = {b"PK\x03\x04": "a zip archive or an Excel workbook", b"\x1f\x8b": "a file compressed by gzip", b"BZh": "a file "
              "compressed by bzip2", b"\xfd7zXZ": "a file compressed by xz", b"PAR1": "a Parquet file", b"\x93NUMPY": "a file "
              "for numpy.load", b"\x89HDF": "an HDF5 file", b"\xd0\xcf\x11\xe0": "an old Excel workbook", b"%PDF": "a PDF file"}
"""How files begin that are no CSV files, whatever their names say."""

MARKS = ((codecs.BOM_UTF8, "utf-8-sig", "UTF-8"), (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
         (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"), (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
         (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"))
"""How texts begin that say their encoding: the mark, Python's name and people's. UTF-32's begins as UTF-16's."""


def read(path: Path) -> tuple[Any, list[str]]:
    """A CSV or Parquet file as a ``pandas.DataFrame`` whose columns have names of their own, and sentences about how.

    Raises:
        ValueError: no such file, not a file, or one that has no reading or more than one; in a sentence.
        ImportError: pandas is missing.
    """
    suffix = path.suffix.lower()
    if os.path.isdir(path):
        arguments.refuse("source", str(path), "a file (this is a folder)")
    if suffix not in (".csv", ".parquet"):
        arguments.refuse("source", str(path), "a .csv or .parquet file")
    _regular(path)
    try:
        import pandas
    except ImportError as missing:
        raise ImportError('Reading tables needs pandas, which is missing: pip install pandas pyarrow (or pass a NumPy '
                          "array).") from missing
    try:
        frame, told = _csv(path, pandas) if suffix == ".csv" else (pandas.read_parquet(path), [])
    except UnicodeDecodeError as wrong:
        raise ValueError(f"source must be text in one encoding; {path.name} begins as {wrong.encoding} and goes on as "
                         f"something else.") from None
    except csv.Error as wrong:
        raise ValueError(f"source must be a table of short cells; {path.name}: {wrong} (is a quote not closed?).") from None
    except PermissionError:
        raise ValueError(f"source must be a file that you may read; {path.name} may not be read.") from None
    except ValueError as wrong:
        if str(wrong).startswith("source must"):
            raise
        raise ValueError(f"source must be a readable {suffix} file; {path.name}: {wrong}") from wrong
    except OSError as wrong:                                            # pyarrow: not a Parquet file
        raise ValueError(f"source must be a readable {suffix} file; {path.name}: {wrong}") from wrong
    if 0 in frame.shape:
        n, d = frame.shape
        arguments.refuse("source", str(path), f"a table with rows and columns (this one is {n} x {d})")
    return frame, told


def without_row_numbers(frame: Any) -> tuple[Any, list[str], list[str]]:
    """A frame without a nameless first column that numbers its rows, as pandas writes its index; and sentences.

    Raises:
        ValueError: a nameless column that holds something else, or two columns of one name.
    """
    names, told = [str(name).strip() for name in frame.columns], []
    nameless = [name == "" or re.fullmatch(r"Unnamed: \d+|__index_level_0__", name) is not None for name in names]
    if len(names) > 1 and nameless[0] and _numbers_rows(frame.iloc[:, 0]):
        told.append("Dropped the first column: it has no name and numbers the rows, as pandas writes its index.")
        frame, names, nameless = frame.iloc[:, 1:], names[1:], nameless[1:]
    if any(nameless):
        raise ValueError(f"source must have a name over every column; column {nameless.index(True)} has none. Name it, or "
                         f"leave it out (pandas: to_csv(..., index=False); R: row.names=FALSE).")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        at = [str(j) for j, name in enumerate(names) if name == twice[0]]
        raise ValueError(f"source must have columns of different names; columns {' and '.join(at[:4])} are all called "
                         f"{twice[0]!r}. Rename them.")
    return frame, names, told


# -- what kind of file ------------------------------------------------------------------------------------------------
def _regular(path):
    """Refuse what is no file with something in it, without opening it: a pipe would wait for ever."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        arguments.refuse("source", str(path), "a file that exists")
    if not stat.S_ISREG(found.st_mode):
        arguments.refuse("source", str(path), "a file on disk (this is a pipe, a socket or a device)")
    if found.st_size == 0:
        arguments.refuse("source", str(path), "a file with something in it (this one has 0 bytes)")


def _encoding(path):
    """The encoding of a text file, and its name for people; the whole file is looked at."""
    zeros, odd, utf8 = False, False, codecs.getincrementaldecoder("utf-8")()
    with open(path, "rb") as file:
        start = file.read(4096)
        for signature, what in SIGNATURES.items():
            if start.startswith(signature):
                raise ValueError(f"source must be a CSV file; {path.name} is {what}, whatever its name says.")
        mark = next(((encoding, word) for mark, encoding, word in MARKS if start.startswith(mark)), None)
        if mark and mark[0] != "utf-8-sig":
            return mark
        file.seek(0)
        while chunk := file.read(CHUNK):
            zeros = zeros or b"\0" in chunk
            try:
                if not odd and (utf8.getstate()[0] or not chunk.isascii()):
                    utf8.decode(chunk)
            except UnicodeDecodeError:
                odd = True
    if zeros:
        even, uneven = start[::2].count(0) / len(start[::2]), start[1::2].count(0) / max(1, len(start[1::2]))
        if mark or min(even, uneven) > 0.01 or max(even, uneven) < 0.9:
            raise ValueError(f"source must be a text file; {path.name} holds bytes that no text has: it is binary or damaged.")
        return ("utf-16-le", "UTF-16") if uneven > even else ("utf-16-be", "UTF-16")
    if not mark and (odd or utf8.getstate()[0]):
        return _single_byte(path)
    return mark or ("utf-8", "UTF-8")


def _single_byte(path):
    """Windows-1252, or where a byte has no meaning there Latin-1; numbers are the same in either."""
    try:
        with open(path, encoding="cp1252") as file:
            while file.read(CHUNK):
                pass
    except UnicodeDecodeError:
        return "latin-1", "Latin-1 (it is not UTF-8)"
    return "cp1252", "Windows-1252 (it is not UTF-8)"


# -- how a CSV file is written ----------------------------------------------------------------------------------------
def _csv(path, pandas):
    """The frame in a CSV file, and how it was read."""
    encoding, word = _encoding(path)
    layout = csv_layout.decide(path, encoding)
    width = _width(path, layout)
    try:
        frame = _parsed(path, layout, width, pandas)
    except pandas.errors.EmptyDataError:
        arguments.refuse("source", str(path), "a table with rows and columns (this one has no rows)")
    except pandas.errors.ParserError as wrong:
        _refuse_ragged(path, layout, width)
        raise ValueError(f"source must be a table with equally many entries in every line; {path.name}: "
                         f"{str(wrong).strip()}.") from wrong
    frame, told = _named(frame, layout, path)
    if bool(frame.isna().to_numpy().any()):
        _refuse_ragged(path, layout, width)
    for j, kind in enumerate(frame.dtypes):
        if kind.kind not in "iufb":
            _refuse_text(frame.iloc[:, j], layout.decimal)
    if layout.above:
        told.append(f"Skipped {'a line' if layout.above == 1 else f'{layout.above} lines'} above the table.")
    return frame, [f"Read {path.name} as {word}, with {csv_layout.WORDS[layout.separator]}s between columns and decimal "
                   f"{csv_layout.WORDS[layout.decimal]}s; {layout.header}.", *told]


def _parsed(path, layout, width, pandas):
    """The numbers of a CSV file, or whatever else is in their place; columns still without names."""
    options = {"sep": r"\s+" if layout.separator == " " else layout.separator, "decimal": layout.decimal, "header": None,
               "skiprows": layout.rows, "encoding": layout.encoding, "engine": "c", "skipinitialspace": True,
               "skip_blank_lines": width > 1}                           # (in a single column a blank line is a missing entry)
    kinds = {"dtype": float}, {"low_memory": False}                     # where a cell is no number, to find out which
    for kind in kinds:
        try:
            if not layout.above:
                return pandas.read_csv(path, **options, **kind)
            with layout.open(path) as file:
                return pandas.read_csv(file, **options, **kind)
        except pandas.errors.ParserError:
            raise
        except ValueError:
            if kind is kinds[-1]:
                raise


def _refuse_text(column, decimal):
    """Refuse a column of a file by the first cell that is no number."""
    for i, cell in enumerate(column):
        if not isinstance(cell, str) or csv_layout.is_number(cell.strip(), decimal):
            continue
        raise ValueError(f"source must hold numbers only; row {i}, column {column.name} holds {cell[:40]!r}, which is no "
                         f"number with decimal {csv_layout.WORDS[decimal]}s. Drop the column, or write it in numbers yourself.")
    raise ValueError(f"source must hold numbers only; column {column.name} holds something else.")


def _width(path, layout):
    """How many entries the first row of numbers has; without any, the header."""
    with layout.open(path) as file:
        rows = (row for row in itertools.islice(csv_layout.rows_of(file, layout.separator), layout.rows, None) if row)
        return len(next(rows, layout.names or []))


def _named(frame, layout, path):
    """The frame under its names, without the empty column that a separator at the end of every line makes; and sentences."""
    width, told = frame.shape[1], []
    names = [str(j) for j in range(width)] if layout.names is None else layout.names
    if width > 1 and (len(names) == width - 1 or (len(names) == width and names[-1] == "")) and bool(
            frame.iloc[:, -1].isna().all()):
        frame, names, width = frame.iloc[:, :-1], names[:width - 1], width - 1
        told.append("Dropped the last column: it has no name and is empty, since every line ends with a separator.")
    if len(names) != width:
        raise ValueError(f"source must have a name for every column; {path.name} has {len(names)} names over {width} columns. "
                         f"Name every column (pandas: to_csv(..., index=False); R: write.csv(..., row.names=FALSE)).")
    return frame.set_axis(names, axis=1), told


def _refuse_ragged(path, layout, width):
    """Refuse a file with a line of other length than ``width``, by the number of the line; or with an open quote."""
    with layout.open(path) as file:
        lines = _Counted(file, layout.above)
        for row in itertools.islice(csv_layout.rows_of(lines, layout.separator), layout.rows, None):
            if row and len(row) != width:
                quote = " (a quote that is not closed joins lines)" if any("\n" in c or "\r" in c for c in row) else ""
                raise ValueError(f"source must be a table with equally many entries in every line; line {lines.count} of "
                                 f"{path.name} has {len(row)}, the first row of numbers has {width}{quote}.") from None


class _Counted:
    """A file's lines, counted."""

    def __init__(self, file, count):
        self.file, self.count = file, count

    def __iter__(self):
        for line in self.file:
            self.count += 1
            yield line


def _numbers_rows(column):
    """Whether a column holds distinct whole numbers."""
    values = np.asarray(column)
    if values.dtype.kind not in "iuf" or not np.all(np.isfinite(values)) or np.any(values != np.rint(values)):
        return False
    return np.unique(values).size == values.size
