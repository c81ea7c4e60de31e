"""Results of a sweep: a plain table, from memory or from the folder of a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import arguments, markup
from .folder import Folder


class Table:
    """Scenarios and their results, a column each, in the order of the grid.

    Attributes:
        axes: axis name -> its values.
        columns: column name -> array of shape ``(rows,)``; parameters first, then results (``nan`` where not computed).
        missing: how many rows are not computed yet.
        notes: what happened on the way that a reader should know, as sentences.

    >>> t = Table({"kappa": np.array([1.0, 10.0]), "batch": np.array([1, 2, 4])}, {"gap": np.arange(6.0)})
    >>> len(t), t.cube("gap").shape, t.cube("gap", batch=4).tolist()
    (6, (2, 3), [2.0, 5.0])
    """

    def __init__(self, axes: Mapping[str, NDArray[Any]], results: Mapping[str, NDArray[Any]], missing: int = 0,
                 notes: Sequence[str] = ()) -> None:
        self.axes, self.missing, self.notes = dict(axes), missing, list(notes)
        index = np.unravel_index(np.arange(np.prod(self.shape)), self.shape)
        self.columns = {name: v[i] for (name, v), i in zip(self.axes.items(), index, strict=True)} | dict(results)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(len(v) for v in self.axes.values())

    def __len__(self) -> int:
        """Number of rows."""
        return int(np.prod(self.shape))

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self.columns[arguments.choice("column", column, tuple(self.columns))]

    def __repr__(self) -> str:
        sides = " x ".join(f"{name} {len(v)}" for name, v in self.axes.items())
        left = f", {self.missing} of them missing" if self.missing else ""
        noted = f"; {len(self.notes)} in .notes" if self.notes else ""
        return f"Table({len(self)} rows{left}: {sides}; {', '.join(c for c in self.columns if c not in self.axes)}{noted})"

    def _repr_html_(self) -> str:
        sides = ", ".join(f"{name} {len(v)}" for name, v in self.axes.items())
        left = f", {self.missing} of them missing" if self.missing else ""
        rows = ([v[i] for v in self.columns.values()] for i in markup.some(len(self)))
        return markup.table(f"{len(self)} rows{left}: {sides}", tuple(self.columns), rows,
                            [*markup.left_out(len(self)), *self.notes])

    def rows(self) -> Iterator[dict[str, Any]]:
        """The table row by row, each a dict of plain Python values."""
        for values in zip(*(v.tolist() for v in self.columns.values()), strict=True):
            yield dict(zip(self.columns, values, strict=True))

    def cube(self, column: str, **at: Any) -> NDArray[Any]:
        """A column as an array with one dimension for every axis; ``at`` fixes axes at one of their values, and drops them.

        Raises:
            ValueError: a column or an axis that does not exist, or a value that is not on the axis.
        """
        values = self[column].reshape(self.shape)
        index: list[slice | int] = []
        for axis in at:
            arguments.choice("axis", axis, tuple(self.axes))
        for axis, on in self.axes.items():
            if axis not in at:
                index.append(slice(None))
                continue
            try:
                found = np.flatnonzero(on == at[axis]) if arguments.is_scalar(at[axis]) else np.array([])
            except OverflowError:
                found = np.array([])
            if found.size == 0:
                arguments.refuse(axis, at[axis], f"one of the {len(on)} values on its axis, {on[0]} to {on[-1]}")
            index.append(int(found[0]))
        return values[tuple(index)]

    def to_pandas(self) -> Any:
        """The table as a ``pandas.DataFrame``."""
        try:
            import pandas
        except ImportError:
            raise ImportError("Table.to_pandas needs pandas: pip install pandas; .columns holds the same as arrays.") from None
        return pandas.DataFrame(self.columns)


def read_sweep(folder: str | PathLike[str]) -> Table:
    """The table in a folder that ``sweep`` has written, or is still writing.

    Args:
        folder: its path.

    Returns:
        A ``Table``; rows whose parts are not there, or are damaged, are ``nan`` and counted in ``missing``. Its ``notes``
        name the damaged files, and say so where other code than is installed here computed the numbers.

    Raises:
        ValueError: a path that is not such a folder.
    """
    folder = Folder.open(folder)
    axes = {name: np.array(values) for name, values in folder.axes.items()}
    results, missing = {c: np.full(folder.rows, np.nan) for c in folder.columns}, folder.rows
    for part, columns in folder.load().items():
        rows = slice(*folder.span(part))
        for name, values in columns.items():
            results[name][rows] = values
        missing -= rows.stop - rows.start
    code = folder.other_code()
    notes = [f"These numbers were computed by other code than is installed here: {'; '.join(code)}."] if code else []
    return Table(axes, results, missing, [*notes, *folder.notes()])
