"""A folder that holds a sweep part by part.

``grid.json`` holds what was asked and the versions of the code that computes it; ``part-00012.<checksum>.npz`` holds the
result columns of one part. Every file is written beside its place and then renamed, so it is there whole or not at all. The
checksum is the SHA-256 of what grid.json says, the part's number and the part's bytes. So a part is recognised that is
damaged, was renamed, or came from another sweep. Several sweeps of the same grid may write into one folder at once.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from .. import arguments
from ..versions import VERSIONS, differences
from .grid import Columns, Grid

FORMAT = 2
"""Number of the layout of a folder. Layout 1 is still read: its checksums cover the bytes only, and it has no source digest."""

NOTE = "grid.json"
_PART = re.compile(r"part-([0-9]{5,})\.([0-9a-f]{32})\.npz")
_PASSING = ("writing-", "unusable-")                                    # half-written; set aside by a sweep
_FOREIGN = ("Thumbs.db", "desktop.ini", "lost+found")                   # put there by systems, beside names with a dot
_NEWER = "was written by a newer mombook"
_OLD = 3600.0                                                           # seconds after which no one writes a file any more


class Folder:
    """The parts of one sweep on disk.

    Args:
        path: ``Path`` of the folder.
        note: what its grid.json says: a dict with format, versions, columns and grid.
    """

    def __init__(self, path: Path, note: dict[str, Any]) -> None:
        self.path, self.note, self.columns = path, note, tuple(note["columns"])
        self.axes, self.part_rows = note["grid"]["axes"], note["grid"]["part_rows"]
        self.rows = int(np.prod([len(values) for values in self.axes.values()]))
        self.unusable: dict[str, tuple[int | None, str]] = {}
        self._aside: dict[str, str] = {}

    @classmethod
    def claim(cls, path: str | PathLike[str], grid: Grid) -> tuple[Folder, list[str]]:
        """The folder of a grid, which is made if there is none.

        Returns:
            (``Folder``, notes): the notes say, in words, what was mended.

        Raises:
            ValueError: a folder that belongs to another grid or other code, holds something else, or cannot be used.
        """
        path, note = _path(path), {"format": FORMAT, "versions": VERSIONS, "columns": list(grid.columns),
                                   "grid": grid.identity()}
        folder, notes = cls(path, json.loads(json.dumps(note))), []    # as it will be read
        with _permitted(path, "read and written"):
            if path.exists() and not path.is_dir():
                _refuse(path, "a folder, or a path where there is nothing yet")
            path.mkdir(parents=True, exist_ok=True)
            there, why = _read_note(path)
            if why == _NEWER:
                _refuse(path, f"new, or one of this mombook (its {NOTE} {why}): install that or choose another folder")
            if there is None:
                notes = folder._renew(why)
                there, why = _read_note(path)                           # another sweep may have been faster
            if there is None:
                _refuse(path, f"one whose {NOTE} can be read (this one {why})")
            folder._compare(there)
            for left in path.glob("writing-*"):                         # by a sweep that was killed; not one beside us
                with contextlib.suppress(OSError):
                    if time.time() - left.stat().st_mtime > _OLD:
                        left.unlink()
        return folder, notes

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Folder:
        """The folder of any sweep, for reading.

        Raises:
            ValueError: a path that is not such a folder, or whose grid.json cannot be read.
        """
        path, written = _path(path), "one that mombook.sweep has written"
        with _permitted(path, "read"):
            if not path.is_dir():
                _refuse(path, f"{written} (this one {'is not a folder' if path.exists() else 'does not exist'})")
            note, why = _read_note(path)
            mends = why is not None and why.startswith("is ") and any(path.glob("part-*.npz"))
        if note is None:
            mend = "; the sweep that wrote it repairs it when it is called again" if mends else ""
            _refuse(path, f"{written} (its {NOTE} {why}{mend})")
        try:
            folder = cls(path, note)
            if folder.rows > 0 and folder.part_rows > 0:
                return folder
        except (KeyError, TypeError, AttributeError, ValueError):       # layout 1 has no checksum in its note
            pass
        _refuse(path, f"{written} (its {NOTE} is damaged)")

    @property
    def parts(self) -> int:
        """Number of parts when it is complete."""
        return -(-self.rows // self.part_rows)

    def span(self, part: int) -> tuple[int, int]:
        """First row of a part, and the row after its last."""
        return part * self.part_rows, min((part + 1) * self.part_rows, self.rows)

    def load(self) -> dict[int, Columns]:
        """What has been computed.

        Returns:
            dict from part number to columns. After it, ``unusable`` maps the names of files that are no parts of this sweep
            to (part number or None, what is wrong with it in words).
        """
        found: dict[int, Columns] = {}
        self.unusable = {}
        with _permitted(self.path, "read"):
            paths = sorted(p for p in self.path.iterdir() if p.name.startswith("part-") and p.name.endswith(".npz"))
        for path in paths:
            number = re.match(r"part-([0-9]{1,18})(?![0-9])", path.name)
            number = int(number[1]) if number else None
            try:
                columns = self._read(path)
            except FileNotFoundError:                                   # replaced by another sweep since it was listed
                continue
            except _UnusableError as error:
                self.unusable[path.name] = (number, str(error))
                continue
            found.setdefault(number, columns)                           # type: ignore[arg-type]  # it had a number to be read
        return found

    def save(self, part: int, columns: Columns) -> None:
        """Store a part; a file in its place that is none is kept under another name.

        Raises:
            OSError: it could not be written; the other parts stay as they are.
        """
        content = io.BytesIO()
        np.savez(content, **columns)  # type: ignore[arg-type]
        content = content.getvalue()
        for name in [name for name, (number, _) in self.unusable.items() if number == part]:
            self._aside[name] = _set_aside(self.path / name)
        _write(self.path / f"part-{part:05d}.{self._checksum(part, content)}.npz", content)

    def other_code(self) -> list[str]:
        """How the code that computed it differs from the code here: a list of words, empty where it does not."""
        there = {"mombook": self.note.get("mombook", "unknown")} if self.note["format"] == 1 else self.note["versions"]
        return differences(there, {name: VERSIONS[name] for name in there if name in VERSIONS})

    def notes(self) -> Iterator[str]:
        """What is wrong with the unusable files and what became of them, in words."""
        for name, (_, wrong) in self.unusable.items():
            aside = self._aside.get(name)
            now = f"its part has been computed again, and the file is now named {aside}" if aside else "it is not used"
            yield f"{name} {wrong}; {now}."

    # -- the parts of it ----------------------------------------------------------------------------------------------
    def _read(self, path):
        """The columns in a file, if it is a part of this sweep."""
        named = _PART.fullmatch(path.name)
        if not named or int(named[1]) >= self.parts or f"{int(named[1]):05d}" != named[1]:
            raise _UnusableError("does not have the name of a part of this sweep")
        part = int(named[1])
        first, last = self.span(part)
        try:
            size = path.stat().st_size
            if not path.is_file():
                raise _UnusableError("is not a file")
            if size > len(self.columns) * (8 * (last - first) + 1000) + 1000:
                raise _UnusableError("is larger than a part of this sweep")
            content = path.read_bytes()
        except FileNotFoundError:
            if path.is_symlink():
                raise _UnusableError("is a link to nothing") from None
            raise
        except OSError as error:
            raise _UnusableError(f"cannot be read ({error.strerror})") from None
        if self._checksum(part, content) != named[2]:
            raise _UnusableError("does not match its checksum: it is damaged, was renamed, or comes from another sweep")
        return self._columns(content, last - first)

    def _columns(self, content, rows):
        """The columns in a part's bytes. Nothing is ever unpickled."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                columns = {name: file[name] for name in file.files}
        except Exception as error:                                      # zip, zlib and numpy have a dozen kinds
            raise _UnusableError(f"cannot be read as arrays of numbers ({type(error).__name__})") from None
        if set(columns) != set(self.columns):
            raise _UnusableError(f"does not have the columns {', '.join(self.columns)}")
        for name, values in columns.items():
            if not isinstance(values, np.ndarray) or values.dtype != np.float64 or values.shape != (rows,):
                raise _UnusableError(f"does not have {rows} numbers in its column {name}")
        return columns

    def _checksum(self, part, content):
        asked = b"" if self.note["format"] == 1 else f"{_digest(self.note)} {part} ".encode()
        return hashlib.sha256(asked + content).hexdigest()[:32]

    # -- its note -----------------------------------------------------------------------------------------------------
    def _renew(self, why):
        """Write grid.json where there is none or it is damaged, unless the folder may be someone else's. Returns notes."""
        absent, ours = why == "is missing", self.load()
        names = sorted(p.name for p in self.path.iterdir())
        others = [name for name in names if not name.startswith((".", *_PASSING)) and name not in _FOREIGN
                  and not (absent and name == NOTE)]                    # written by another sweep since it was looked for
        if not ours and others:
            if not absent:
                _refuse(self.path, f"new, or that of this very sweep (its {NOTE} {why}, and no part there is of this sweep): "
                        f"move {NOTE} away or choose another folder")
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            _refuse(self.path, f"empty, new, or that of this very sweep (this one has no {NOTE}, and holds {others[0]}{more}, "
                    "no part of this sweep)")
        if not absent:
            _set_aside(self.path / NOTE)
        content = json.dumps(self.note | {"checksum": _digest(self.note)}, indent=1).encode()
        if not _write(self.path / NOTE, content, exclusive=True) or not ours:
            return []
        return [f"{NOTE} {why}; it has been written anew, and {len(ours)} of {self.parts} parts are kept."]

    def _compare(self, there):
        """Refuse what another note asks or computes with, in words."""
        if there["format"] != FORMAT:
            _refuse(self.path, f"new, or one of layout {FORMAT} (this one has layout {there['format']}, of an earlier "
                    "mombook): choose another folder; mombook.read_sweep reads what is there")
        other, code = list(_grids_differ(there, self.note)), differences(there["versions"], self.note["versions"])
        if other:
            _refuse(self.path, f"new, or one of this very sweep; this one belongs to another: {'; '.join(other + code)}")
        if code:
            _refuse(self.path, "new, or one computed by the code that runs here, because numbers of different code are not "
                    f"mixed ({'; '.join(code)}): go on with that code or choose another folder; mombook.read_sweep reads "
                    "what is there")


class _UnusableError(Exception):
    """A file that is not a part of this sweep; the message says what is wrong with it."""


def _read_note(path):
    """What a folder's grid.json says, and None; or None, and what is wrong with it."""
    note = path / NOTE
    if not os.path.lexists(note):
        return None, "is missing"
    if not note.is_file():
        return None, "is not a file"
    try:
        told = json.loads(note.read_bytes())
    except OSError as error:
        return None, f"cannot be read ({error.strerror})"
    except (ValueError, RecursionError):
        return None, "is damaged"
    if not isinstance(told, dict) or type(told.get("format")) is not int or told["format"] < 1:
        return None, "is damaged or not mombook's"
    if told["format"] > FORMAT:
        return None, _NEWER
    if told["format"] == FORMAT and told.pop("checksum", None) != _digest(told):
        return None, "is damaged or was changed"
    return told, None


def _digest(note):
    return hashlib.sha256(json.dumps(note, sort_keys=True).encode()).hexdigest()


def _write(path, content, exclusive=False):
    """Write a file whole or not at all, with the permissions that the umask leaves.

    ``exclusive``: not over another. Returns whether it is there now by this call.
    """
    beside = path.parent / f"writing-{os.getpid()}-{secrets.token_hex(8)}"
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if exclusive:
            try:
                os.link(beside, path)
            except FileExistsError:
                return False
            except (OSError, AttributeError):                           # a file system or a system without links
                os.replace(beside, path)
        else:
            os.replace(beside, path)
    except PermissionError:                                             # Windows, while another sweep has the same file open
        if not path.is_file() or path.read_bytes() != content:
            raise
        return False
    finally:
        with contextlib.suppress(OSError):                              # it is gone when all went well
            beside.unlink()
    return True


def _set_aside(path):
    """Give a file or folder in a part's place another name, and return that."""
    aside = path.with_name(f"unusable-{path.name}")
    if os.path.lexists(aside):
        aside = path.with_name(f"unusable-{secrets.token_hex(4)}-{path.name}")
    with contextlib.suppress(FileNotFoundError):                        # another sweep has moved it already
        os.rename(path, aside)
    return aside.name


# -- refusals ---------------------------------------------------------------------------------------------------------
def _path(folder):
    try:
        path = Path(folder) if str(folder) else None
    except TypeError:
        path = None
    if path is None or "\0" in str(path):
        arguments.refuse("folder", folder, "the path of a folder")
    return path


def _refuse(path: Path, allowed: str) -> NoReturn:
    """``arguments.refuse`` with the whole path, however long."""
    raise ValueError(f"folder must be {allowed}; got {str(path)!r}.")


@contextlib.contextmanager
def _permitted(path, what):
    """Say in words what the system does not allow."""
    try:
        yield
    except OSError as error:
        _refuse(path, f"one that can be {what} ({in_words(error)})")


_REMEDIES = {errno.ENOSPC: "make room there or ", errno.EDQUOT: "make room there or ",
             errno.EACCES: "change its permissions or ", errno.EPERM: "change its permissions or "}


def in_words(error: OSError) -> str:
    """What an ``OSError`` says, and what to do about it."""
    return f"{error.strerror or error}: {_REMEDIES.get(error.errno or 0, '')}choose another folder"


def _grids_differ(there, here):
    """What differs between two notes' grids, in words."""
    old, new = there["grid"], here["grid"]
    for axis in dict.fromkeys([*old["axes"], *new["axes"]]):
        a, b = old["axes"].get(axis), new["axes"].get(axis)
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
