"""Results of a sweep: a plain table, and a folder that holds it part by part.

A folder has ``grid.json``, which says what was asked, and one ``part-00012.<checksum>.npz`` for every part computed. A part
is written beside its place and renamed into it, so it is there whole or not at all; its name carries the SHA-256 of its
bytes, so one that a failing disk or an interrupted copy has damaged is told from a good one, and computed again.
"""

import hashlib
import io
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from . import arguments

FORMAT = 1
"""Number of the layout of a folder."""


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

    def __init__(self, axes, results, missing=0, notes=()):
        self.axes, self.missing, self.notes = dict(axes), missing, list(notes)
        index = np.unravel_index(np.arange(np.prod(self.shape)), self.shape)
        self.columns = {name: v[i] for (name, v), i in zip(self.axes.items(), index, strict=True)} | dict(results)

    @property
    def shape(self):
        """Lengths of the axes."""
        return tuple(len(v) for v in self.axes.values())

    def __len__(self):
        """Number of rows."""
        return int(np.prod(self.shape))

    def __getitem__(self, column):
        return self.columns[arguments.choice("column", column, tuple(self.columns))]

    def __repr__(self):
        sides = " x ".join(f"{name} {len(v)}" for name, v in self.axes.items())
        left = f", {self.missing} of them missing" if self.missing else ""
        return f"Table({len(self)} rows{left}: {sides}; {', '.join(c for c in self.columns if c not in self.axes)})"

    def rows(self):
        """The table row by row, each a dict of plain Python values."""
        for values in zip(*(v.tolist() for v in self.columns.values()), strict=True):
            yield dict(zip(self.columns, values, strict=True))

    def cube(self, column, **at):
        """A column as an array with one dimension for every axis; ``at`` fixes axes at one of their values, and drops them.

        Raises:
            ValueError: a column or an axis that does not exist, or a value that is not on the axis.
        """
        values, index = self[column].reshape(self.shape), []
        for axis in at:
            arguments.choice("axis", axis, tuple(self.axes))
        for axis, on in self.axes.items():
            if axis not in at:
                index.append(slice(None))
                continue
            found = np.flatnonzero(on == at[axis])
            if found.size == 0:
                arguments.refuse(axis, at[axis], f"one of the {len(on)} values on its axis, {on[0]} to {on[-1]}")
            index.append(int(found[0]))
        return values[tuple(index)]

    def to_pandas(self):
        """The table as a ``pandas.DataFrame``."""
        try:
            import pandas
        except ImportError:
            raise ImportError("Table.to_pandas needs pandas: pip install pandas; .columns holds the same as arrays.") from None
        return pandas.DataFrame(self.columns)


def read_sweep(folder):
    """The table in a folder that ``sweep`` has written, or is still writing.

    Args:
        folder: its path.

    Returns:
        A ``Table``; rows whose parts are not there, or are damaged, are ``nan`` and counted in ``missing``.

    Raises:
        ValueError: a path that is not such a folder.
    """
    try:
        told = json.loads((_path(folder) / "grid.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        arguments.refuse("folder", str(folder), "one that mombook.sweep has written: with a readable grid.json")
    axes = {name: np.array(values) for name, values in told["grid"]["axes"].items()}
    rows, size = int(np.prod([len(v) for v in axes.values()])), told["grid"]["part_rows"]
    results, missing = {c: np.full(rows, np.nan) for c in told["columns"]}, rows
    found, damaged = Folder(folder).load()
    for part, columns in found.items():
        for name, values in columns.items():
            results[name][part * size:(part + 1) * size] = values
        missing -= len(values)
    return Table(axes, results, missing, [f"{name} is damaged; the sweep that wrote it computes it again." for name in damaged])


class Folder:
    """The parts of one sweep on disk."""

    def __init__(self, path):
        self.path = _path(path)

    def claim(self, grid, version):
        """Make this the folder of a grid.

        Raises:
            ValueError: it already belongs to another grid, or holds something else.
        """
        told = {"format": FORMAT, "mombook": version, "columns": list(grid.columns), "grid": grid.identity()}
        told = json.loads(json.dumps(told))                             # as it will be read
        if self.path.exists() and not self.path.is_dir():
            arguments.refuse("folder", str(self.path), "a folder, or a path where there is nothing yet")
        self.path.mkdir(parents=True, exist_ok=True)
        note = self.path / "grid.json"
        if not note.exists():
            if any(not p.name.startswith("writing-") for p in self.path.iterdir()):
                arguments.refuse("folder", str(self.path), "empty, new, or one of this very sweep (this one has no grid.json)")
            self._write(note, json.dumps(told, indent=1).encode())
            return
        try:
            other = json.loads(note.read_text(encoding="utf-8"))
        except ValueError:
            arguments.refuse("folder", str(self.path), "one whose grid.json can be read (this one's is damaged)")
        differences = list(_differences(other, told))
        if differences:
            arguments.refuse("folder", str(self.path), "new, or one of this very sweep; this one belongs to another: "
                             + "; ".join(differences))
        for left in self.path.glob("writing-*"):                        # by a sweep that was killed; not one beside us
            if time.time() - left.stat().st_mtime > 3600:
                left.unlink(missing_ok=True)

    def load(self):
        """The good parts as a dict from part number to columns, and the names of damaged ones."""
        found, damaged = {}, []
        for path in sorted(self.path.glob("part-*.npz")):
            number, _, checksum = path.name.removeprefix("part-").removesuffix(".npz").partition(".")
            content = path.read_bytes()
            if _checksum(content) != checksum or not number.isdecimal():
                damaged.append(path.name)
                continue
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                found[int(number)] = {name: file[name] for name in file.files}
        return found, damaged

    def save(self, part, columns):
        """Store a part, in the place of a damaged one if there is one."""
        content = io.BytesIO()
        np.savez(content, **columns)
        content, before = content.getvalue(), list(self.path.glob(f"part-{part:05d}.*"))
        new = self.path / f"part-{part:05d}.{_checksum(content)}.npz"
        self._write(new, content)
        for path in before:
            if path != new:
                path.unlink(missing_ok=True)

    def _write(self, path, content):
        with tempfile.NamedTemporaryFile(dir=self.path, prefix="writing-", delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)


def _checksum(content):
    return hashlib.sha256(content).hexdigest()[:32]


def _path(folder):
    if not isinstance(folder, (str, os.PathLike)) or not str(folder):
        arguments.refuse("folder", folder, "the path of a folder")
    return Path(folder)


def _differences(there, here):
    """What differs between two notes, in words."""
    for name, word in (("format", "layout"), ("mombook", "mombook version")):
        if there.get(name) != here[name]:
            yield f"{word} {there.get(name)} there, {here[name]} here"
    old, new = there.get("grid", {}), here["grid"]
    for axis in dict.fromkeys([*old.get("axes", {}), *new["axes"]]):
        a, b = old.get("axes", {}).get(axis), new["axes"].get(axis)
        if a != b:
            yield f"{axis} has {_values(a)} there, {_values(b)} here"
    for name, word in (("quantities", "quantities"), ("spectra", "the spectra's numbers"),
                       ("families", "the families' definitions"), ("part_rows", "rows per part")):
        if old.get(name) != new[name]:
            yield f"{word} differ"


def _values(values):
    if values is None:
        return "no values"
    return repr(values[0]) if len(values) == 1 else f"{len(values)} values, {values[0]!r} to {values[-1]!r},"
