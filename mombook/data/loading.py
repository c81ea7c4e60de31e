"""Your own data: a design matrix from an array, a table on disk or a shipped data set, checked and standardised."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from .. import arguments
from ..model.design import Design
from . import csv_layout, tables

SHIPPED = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
"""Data sets that come with scikit-learn; nothing is downloaded."""

FLAT = 1e-10
"""A column whose standard deviation is below this share of its largest entry does not vary."""


def load(source: Any, target: Any = None, standardise: bool = True, on_span: bool = False, name: str | None = None) -> Design:
    """A design matrix, checked and standardised.

    Standardising shifts every column to mean 0 and divides it by its standard deviation (and the labels likewise): it
    stands for an intercept and makes learning rates independent of the units of the columns. Columns that do not vary
    are dropped, with a note. Whatever had to be decided about a file (encoding, separator, decimal mark, names, dropped
    columns) is in the ``notes`` of the result, and shown with it and before any advice on it; a file that can be read in
    two ways is refused.

    Args:
        source: a two-dimensional array or table; a path to a ``.csv`` or ``.parquet`` file (needs pandas and
            pyarrow); or the name of a data set out of ``SHIPPED`` (needs scikit-learn). A CSV file may be
            separated by commas, semicolons, tabs, bars or spaces, with decimal points or commas, in UTF-8, UTF-16 or
            Windows-1252.
        target: labels: an array of shape ``(n,)``, or the name of a column of a table. A pandas Series is matched to a table
            by its index. Shipped data sets bring theirs.
        standardise: ``False`` takes the columns as they are.
        on_span: where the covariance is singular, study the directions in which there are data.
        name: what to call it in sentences.

    Returns:
        A ``Design``.

    Raises:
        ValueError: rows of unequal length, entries that are masked, not numbers or not finite, fewer than two rows, no column
            that varies, a column without a name or two of one name, a file or a column that is not there or cannot be read
            in one way, each in a sentence that says where and what to do.
        ImportError: pandas or scikit-learn is needed and missing.

    >>> load([[1, 5.0, 7], [2, 3.0, 7], [3, 4.0, 7]])
    Design(your data: 3 rows, 2 columns, no labels)
    Dropped column 2: it does not vary.
    """
    arguments.flag("standardise", standardise)
    arguments.flag("on_span", on_span)
    if name is not None:
        arguments.text("name", name)
    own_name, columns, X, y, notes = _read(source, target)
    X = _finite(X, columns)
    if len(X) < 2:
        arguments.refuse("source", len(X), "at least two rows (one row has no covariance)")
    mean, scale = _moments(X, columns)
    varies = scale > FLAT * np.maximum(X.max(axis=0), -X.min(axis=0))
    if not varies.any():
        raise ValueError("source must have a column that varies; every column holds one value only.")
    notes += _dropped([columns[j] for j in np.flatnonzero(~varies)])
    if not varies.all():
        X, columns, mean, scale = X[:, varies], [columns[j] for j in np.flatnonzero(varies)], mean[varies], scale[varies]
    if standardise:
        X = X - mean
        X /= scale
    else:
        mean, scale = np.zeros(len(columns)), np.ones(len(columns))
    y, label_mean, label_scale = _labels(y, len(X), standardise)
    return Design(X, y, tuple(columns), name or own_name, tuple(notes), scale, bool(on_span), mean, label_mean, label_scale,
                  np.flatnonzero(varies), _recipe(source, target, standardise, on_span))


def _recipe(source, target, standardise, on_span):
    """The call of ``load`` as a line of Python; X and y stand for what has no short name."""
    named = isinstance(source, (str, Path))
    words = [repr(str(source)) if named else "X"]
    if target is not None:
        words.append(f"target={target!r}" if isinstance(target, str) else "target=y")
    words += [f"{word}={value}" for word, value, usual in (("standardise", standardise, True), ("on_span", on_span, False))
              if value != usual]
    return f"mb.load({', '.join(words)})"


def _moments(X, columns):
    """Means and standard deviations of the columns, which must be numbers that can be squared."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        mean, scale = X.mean(axis=0), X.std(axis=0)
    largest = np.maximum(X.max(axis=0), -X.min(axis=0))
    wild = (largest > 1e150) | ((largest > 0) & (largest < 1e-150))
    if wild.any():
        j = int(np.argmax(wild))
        raise ValueError(f"source must hold numbers between 1e-150 and 1e150, whose squares are numbers; the largest in column "
                         f"{columns[j]} is {largest[j]:.3g}. Change its unit.")
    return mean, scale


def _dropped(flat):
    """Sentences about columns that do not vary."""
    if len(flat) > 3:
        return [f"Dropped {len(flat)} columns that do not vary: {', '.join(flat[:6])}{', ...' if len(flat) > 6 else ''}."]
    return [f"Dropped column {name}: it does not vary." for name in flat]


# -- where rows come from ---------------------------------------------------------------------------------------------
def _read(source, target):
    """(name, column names, rows as floats, labels, notes) of any source; rows and labels not yet checked further."""
    if isinstance(source, str) and source in SHIPPED:
        found = getattr(_sklearn_datasets(), f"load_{source}")()
        y = found.target[:, 0] if found.target.ndim > 1 else found.target
        y, notes = (y, []) if target is None else _aligned(target, None)
        return source.replace("_", " "), list(map(str, found.feature_names)), found.data, y, notes
    name, notes = "your data", []
    if isinstance(source, (str, Path)):
        path = Path(source)
        if not path.suffix and not os.path.isdir(path):
            arguments.refuse("source", str(source), f"a path to a .csv or .parquet file, or one of {', '.join(SHIPPED)}")
        (source, notes), name = tables.read(path), path.stem
    if hasattr(source, "to_pandas"):                                    # a table of Arrow or Polars
        source = source.to_pandas()
    if not (hasattr(source, "columns") and hasattr(source, "iloc")):
        rows = _rectangle(source)
        columns = [str(j) for j in range(rows.shape[1])]
        y, told = _aligned(target, None)
        return name, columns, _numbers(rows, columns), y, told
    frame, columns, told = tables.without_row_numbers(source)
    if isinstance(target, str):
        if target not in columns:
            arguments.refuse("target", target, f"one of the columns {', '.join(columns)}")
        j = columns.index(target)
        y, matched = _frame_numbers(frame.iloc[:, [j]], [target])[:, 0], []
        frame, columns = frame.iloc[:, [k for k in range(len(columns)) if k != j]], columns[:j] + columns[j + 1:]
        if not columns:
            arguments.refuse("target", target, "one of several columns (this one is all there is)")
    else:
        y, matched = _aligned(target, frame.index)
    X = _frame_numbers(frame, columns)
    return name, columns, X, y, [*notes, *told, *matched, *_counting(X, columns)]


def _sklearn_datasets():
    try:
        from sklearn import datasets
    except ImportError as missing:
        raise ImportError('Shipped data sets need scikit-learn, which is missing: pip install scikit-learn.') from missing
    return datasets


def _aligned(target, index):
    """Labels in the order of the rows, and sentences; a pandas Series goes by its index, where the rows have one."""
    _refuse_masked("target", target)
    if not (hasattr(target, "reindex") and hasattr(target, "to_numpy")):
        return target, []
    there, values = target.index, target.to_numpy()
    if index is None:
        plain = list(there) == list(range(len(there)))
        return values, [] if plain else ["Matched target to the rows by position: the rows are an array and have no index."]
    if len(there) != len(index) or there.equals(index):                 # (another length is refused as such)
        return values, []
    if not (there.is_unique and index.is_unique and index.isin(there).all()):
        raise ValueError("target must have the index of source, since a Series is matched by it; got another index. To match "
                         "by position, pass target.to_numpy().")
    return target.reindex(index).to_numpy(), ["Matched target to the rows by its index, whose order is another."]


def _counting(X, columns):
    """Sentences about named columns that merely count the rows."""
    n = len(X)
    if n < 4:
        return []
    ends = [j for j in range(len(columns)) if X[0, j] in (0, 1) and X[-1, j] == X[0, j] + n - 1]
    return [f"Column {columns[j]} counts the rows: leave it out unless it is a measurement." for j in ends
            if np.array_equal(X[:, j], X[0, j] + np.arange(n))]


# -- what may be in them ----------------------------------------------------------------------------------------------
def _refuse_masked(name, value):
    """Refuse masked entries, which NumPy would uncover without a word; in an array or in a list of them."""
    if np.ma.is_masked(value) or (isinstance(value, (list, tuple)) and any(map(np.ma.is_masked, value))):
        raise ValueError(f"{name} must be without masked entries. Drop them, or fill them in (numpy.ma.filled).")


def _rectangle(source):
    """Nested sequences or an array as an array of two dimensions, or the sentence that says which row is ragged."""
    allowed = f"a table of numbers of shape (n, d), a path, or one of {', '.join(SHIPPED)}"
    _refuse_masked("source", source)
    if scipy.sparse.issparse(source):
        raise ValueError("source must be a dense array; got a sparse one. Pass source.toarray().")
    if not isinstance(source, (list, tuple)):
        source = np.asarray(source) if hasattr(source, "__array__") else arguments.refuse("source", source, allowed)
    else:
        flat = (str, bytes, bytearray, Mapping, Set)                    # they have a length, but are no rows
        try:
            widths = [arguments.refuse("source", source, allowed) if isinstance(row, flat) else len(row) for row in source]
        except TypeError:
            arguments.refuse("source", source, allowed)
        odd = [i for i, w in enumerate(widths) if w != widths[0]]
        if odd:
            raise ValueError(f"source must have rows of equal length; row 0 has {widths[0]} entries, row {odd[0]} has "
                             f"{widths[odd[0]]}.")
        source = np.array([list(row) for row in source], dtype=object)
    source = np.asarray(source)                                         # (no numpy.matrix)
    if source.ndim != 2 or 0 in source.shape:
        arguments.refuse("source", np.shape(source), f"{allowed}; a single column is X[:, None]")
    return source


def _frame_numbers(frame, columns):
    """A frame's numbers as floats."""
    if all(isinstance(dtype, np.dtype) and dtype.kind in "iufb" for dtype in frame.dtypes):
        return frame.to_numpy(dtype=float)
    out = np.empty(frame.shape)
    for j, name in enumerate(columns):
        column = frame.iloc[:, j]
        if column.dtype.kind in "iufb":                                 # (pandas' own kinds too)
            out[:, j] = column.to_numpy(dtype=float, na_value=np.nan)
        else:
            out[:, j] = _numbers(np.asarray(column, dtype=object)[:, None], [name])[:, 0]
    return out


def _numbers(X, columns):
    """X as floats, or the sentence that names the first entry that is no number."""
    if X.dtype.kind in "iufb":
        return X.astype(float)
    out = np.empty(X.shape)
    for j in range(X.shape[1]):
        for i in range(X.shape[0]):
            try:
                out[i, j] = _number(X[i, j])
            except (TypeError, ValueError, OverflowError):
                shown = repr(X[i, j])
                shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
                raise ValueError(f"source must hold numbers only; row {i}, column {columns[j]} holds {shown}. Drop the "
                                 f"column, or code it in numbers yourself (one-hot coding is outside this book).") from None
    return out


def _number(cell):
    """One entry as a float, nan where it is missing; texts only as people write numbers, so not ``1_000``."""
    if cell is None or type(cell).__name__ == "NAType":
        return np.nan
    if isinstance(cell, str):
        text = cell.strip()
        if text.lower() in csv_layout.MISSING:
            return np.inf if "inf" in text.lower() else np.nan
        if not csv_layout.NUMBER["."].fullmatch(text):
            raise ValueError(text)
    elif isinstance(cell, (complex, bytes, np.datetime64, np.timedelta64)):
        raise TypeError(cell)
    return float(cell)


def _finite(X, columns):
    bad = np.argwhere(~np.isfinite(X))
    if bad.size:
        i, j = bad[0]
        kind = "is missing (nan)" if np.isnan(X[i, j]) else "is infinite"
        more = f" (the first of {len(bad)} such entries)" if len(bad) > 1 else ""
        raise ValueError(f"source must be finite; row {i}, column {columns[j]} {kind}{more}. Drop such rows or columns, or "
                         f"fill them in.")
    return X


def _labels(y, n, standardise):
    """The labels, and what they were shifted and divided by."""
    if y is None:
        return None, 0.0, 1.0
    y = np.asarray(y) if isinstance(y, np.ndarray) else np.asarray(y, dtype=object)
    if y.shape != (n,):
        arguments.refuse("target", y.shape, f"labels of shape ({n},), one a row")
    try:
        y = _finite(_numbers(y[:, None], ["target"]), ["target"])
        (mean,), (scale,) = _moments(y, ["target"])
        y = y[:, 0]
    except ValueError as wrong:
        raise ValueError(str(wrong).replace("source must", "target must", 1)) from None
    if standardise and not scale > FLAT * np.abs(y).max():
        arguments.refuse("target", y, "labels that vary")
    return ((y - mean) / scale, float(mean), float(scale)) if standardise else (y, 0.0, 1.0)
