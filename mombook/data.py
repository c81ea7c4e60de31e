"""Your own data: a design matrix from an array, a table on disk or a shipped data set, checked and standardised."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy import linalg

from . import arguments
from .spectrum import Spectrum
from .systems import System

SHIPPED = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
"""Data sets that come with scikit-learn; nothing is downloaded."""

FLAT = 1e-10
"""A column whose standard deviation is below this share of its largest entry does not vary."""


@dataclass(frozen=True, eq=False)
class Design:
    r"""A design matrix: n rows, drawn one batch at a time, and what theory needs of them.

    $$ H = \frac1n\sum_{i=1}^n x_i x_i^\top, \qquad
       \min_w \frac1{2n}\sum_i (y_i - x_i\cdot w)^2 + \frac r2|w|^2 \tag{design} $$

    ``load`` makes one, standardised. Learning rates belong to the columns as they are here: see ``scale``.

    Args:
        rows: the x_i, shape ``(n, d)``.
        labels: the y_i, shape ``(n,)``, or ``None``.
        columns: names of the columns.
        name: what sentences call it.
        notes: sentences about what loading changed.
        scale: what each column was divided by, shape ``(d,)``: a weight of the original column is ours over its scale.
        on_span: study only the directions in which the rows vary, where H is singular.

    Raises:
        ValueError: rows or labels of the wrong shape or with entries that are not finite.

    >>> X = Design([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    >>> X.spectrum().eigenvalues
    array([1., 1.])
    """

    rows: np.ndarray
    labels: np.ndarray | None = None
    columns: tuple = ()
    name: str = "your data"
    notes: tuple = ()
    scale: np.ndarray | None = None
    on_span: bool = False

    def __post_init__(self):
        fix = lambda field, value: object.__setattr__(self, field, value)  # noqa: E731  (the dataclass is frozen)
        fix("rows", arguments.array("rows", self.rows, ndim=2))
        n, d = self.rows.shape
        if self.labels is not None:
            fix("labels", arguments.array("labels", self.labels, shape=(n,)))
        fix("columns", tuple(self.columns) or tuple(str(j) for j in range(d)))
        fix("scale", np.ones(d) if self.scale is None else arguments.array("scale", self.scale, above=0.0, shape=(d,)))

    @property
    def shape(self):
        """(n, d): rows and columns."""
        return self.rows.shape

    @cached_property
    def _eigen(self):
        """Eigenvalues of H that are not zero, largest first, and its eigenvectors ``(d, rank)``; by the smaller Gram matrix."""
        X, (n, d) = self.rows, self.shape
        small = X.T @ X / n if d <= n else X @ X.T / n
        lam, V = (v[..., ::-1] for v in linalg.eigh(small))
        keep = lam > max(n, d) * np.finfo(float).eps * lam[0]
        lam, V = lam[keep], V[:, keep]
        return lam, V if d <= n else X.T @ V / np.sqrt(n * lam)

    @property
    def eigenvalues(self):
        """The eigenvalues of H that are not zero, largest first, shape ``(rank,)``."""
        return self._eigen[0]

    @property
    def rank(self):
        """How many there are: the dimension of the span of the rows."""
        return self.eigenvalues.size

    @property
    def axes(self):
        """The eigenvectors of H as columns, shape ``(d, rank)``."""
        return self._eigen[1]

    @cached_property
    def system(self):
        """The rows in the eigenvectors of H as a ``System`` whose solution is 0: w there is the error e = w - w*."""
        return System.least_squares_rows(self.rows @ self.axes, solution=np.zeros(self.rank))

    def spectrum(self, ridge=0.0):
        """The eigenvalues of H as a ``Spectrum`` (without the ridge, which acts on curvature and not on noise).

        Args:
            ridge: the weight decay that will be used, >= 0: it decides whether a singular H may pass.

        Raises:
            ValueError: H is singular, there is no ridge, and ``on_span`` was not asked for.
        """
        n, d = self.shape
        if arguments.number("ridge", ridge, low=0.0) == 0 and self.rank < d and not self.on_span:
            why = (f"{n} rows cannot determine {d} weights" if n <= d else
                   "some columns are combinations of others")
            raise ValueError(f"ridge must be > 0 for {self.name}, since {why}: the covariance has rank {self.rank} of {d} "
                             f"and kappa is infinite. Pass ridge=1e-3, say; or load(..., on_span=True) to study the "
                             f"{self.rank} directions in which there are data; or drop columns; got 0.")
        return Spectrum(self.eigenvalues, name=self.name)

    def solution(self, ridge=0.0):
        """w* of (design) in the eigenvectors of H, shape ``(rank,)``; the start of training from zero is -w*."""
        if self.labels is None:
            arguments.refuse("labels", None, "given to load(..., target=...) to speak of a solution")
        ridge = arguments.number("ridge", ridge, low=0.0)
        return self.axes.T @ (self.rows.T @ self.labels) / len(self.labels) / (self.eigenvalues + ridge)

    def residuals(self, ridge=0.0):
        """y_i - x_i . w*, shape ``(n,)``: what is left of the labels at the solution."""
        return self.labels - self.rows @ (self.axes @ self.solution(ridge))

    @property
    def heaviest(self):
        """(row, how many times the mean squared length it has, the column that makes it so): where tails come from."""
        square = self.rows**2
        length = square.sum(axis=1)
        i = int(np.argmax(length))
        return i, float(length[i] / length.mean()), self.columns[int(np.argmax(square[i]))]

    def subset(self, rows):
        """The design of some of the rows (an index array); nothing is standardised anew."""
        labels = None if self.labels is None else self.labels[rows]
        return Design(self.rows[rows], labels, self.columns, self.name, self.notes, self.scale, self.on_span)

    def __repr__(self):
        n, d = self.shape
        rank = "" if self.rank == d else f", rank {self.rank}"
        lines = [f"Design({self.name}: {n} rows, {d} columns{rank}, {'no ' if self.labels is None else ''}labels)", *self.notes]
        return "\n".join(lines)


def load(source, target=None, standardise=True, on_span=False, name=None):
    """A design matrix, checked and standardised.

    Standardising shifts every column to mean 0 and divides it by its standard deviation (and the labels likewise): it
    stands for an intercept and makes learning rates independent of the units of the columns. Columns that do not vary
    are dropped, with a note.

    Args:
        source: a two-dimensional array or table; a path to a ``.csv`` or ``.parquet`` file (needs ``pip install
            "mombook[data]"``); or the name of a data set out of ``SHIPPED``, which needs the same.
        target: labels: an array of shape ``(n,)``, or the name of a column of a table. Shipped data sets bring theirs.
        standardise: ``False`` takes the columns as they are.
        on_span: where the covariance is singular, study the directions in which there are data.
        name: what to call it in sentences.

    Returns:
        A ``Design``.

    Raises:
        ValueError: rows of unequal length, entries that are not numbers or not finite, fewer than two rows, no column that
            varies, a file or a column that is not there, each in a sentence that says where and what to do.
        ImportError: pandas or scikit-learn is needed and missing.

    >>> load([[1, 5.0, 7], [2, 3.0, 7], [3, 4.0, 7]])
    Design(your data: 3 rows, 2 columns, no labels)
    Dropped column 2: it does not vary.
    """
    own_name, columns, X, y = _read(source, target)
    X = _finite(_numbers(X, columns), columns)
    if len(X) < 2:
        arguments.refuse("source", len(X), "at least two rows (one row has no covariance)")
    mean, scale = X.mean(axis=0), X.std(axis=0)
    varies = scale > FLAT * np.abs(X).max(axis=0)
    notes = [f"Dropped column {columns[j]}: it does not vary." for j in np.flatnonzero(~varies)]
    if not varies.any():
        raise ValueError("source must have a column that varies; every column holds one value only.")
    if len(notes) > 3:
        notes = [f"Dropped {len(notes)} columns that do not vary: {', '.join(columns[j] for j in np.flatnonzero(~varies)[:6])}"
                 f"{', ...' if len(notes) > 6 else ''}."]
    X, columns = X[:, varies], tuple(columns[j] for j in np.flatnonzero(varies))
    shift, scale = (mean[varies], scale[varies]) if standardise else (0.0, np.ones(len(columns)))
    return Design((X - shift) / scale, _labels(y, len(X), standardise), columns, name or own_name, tuple(notes), scale,
                  bool(on_span))


# -- where rows come from ---------------------------------------------------------------------------------------------
def _read(source, target):
    """(name, column names, rows, labels) of any source; rows and labels not yet checked."""
    if isinstance(source, str) and source in SHIPPED:
        found = getattr(_sklearn_datasets(), f"load_{source}")()
        y = found.target[:, 0] if found.target.ndim > 1 else found.target
        return source.replace("_", " "), list(map(str, found.feature_names)), found.data, y if target is None else target
    if isinstance(source, (str, Path)):
        source, name = _table(Path(source)), Path(source).stem
    else:
        name = "your data"
    if hasattr(source, "columns") and hasattr(source, "to_numpy"):
        if isinstance(target, str):
            if target not in source.columns:
                arguments.refuse("target", target, f"one of the columns {', '.join(map(str, source.columns))}")
            source, target = source.drop(columns=target), source[target].to_numpy()
        return name, list(map(str, source.columns)), source.to_numpy(), target
    rows = _rectangle(source)
    return name, [str(j) for j in range(rows.shape[1])], rows, target


def _table(path):
    known = {".csv": "read_csv", ".parquet": "read_parquet"}
    if path.suffix not in known:
        arguments.refuse("source", str(path), f"a .csv or .parquet file, or one of {', '.join(SHIPPED)}")
    if not path.is_file():
        arguments.refuse("source", str(path), "a file that exists")
    if path.stat().st_size == 0:
        arguments.refuse("source", str(path), "a file with something in it (this one has 0 bytes)")
    try:
        import pandas
    except ImportError as missing:
        raise ImportError('Reading tables needs pandas, which is missing: pip install "mombook[data]" (or pass a NumPy '
                          "array).") from missing
    try:
        found = getattr(pandas, known[path.suffix])(path)
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, UnicodeDecodeError) as wrong:
        raise ValueError(f"source must be a table with equally many entries in every line; {path.name}: {wrong}") from wrong
    except (OSError, ValueError) as wrong:                              # pyarrow: not a Parquet file
        raise ValueError(f"source must be a readable {path.suffix} file; {path.name}: {wrong}") from wrong
    if 0 in found.shape:
        n, d = found.shape
        arguments.refuse("source", str(path), f"a table with rows and columns (this one is {n} x {d})")
    return found


def _sklearn_datasets():
    try:
        from sklearn import datasets
    except ImportError as missing:
        raise ImportError('Shipped data sets need scikit-learn, which is missing: pip install "mombook[data]".') from missing
    return datasets


# -- what may be in them ----------------------------------------------------------------------------------------------
def _rectangle(source):
    """Nested sequences or an array as an array of two dimensions, or the sentence that says which row is ragged."""
    allowed = f"a table of numbers of shape (n, d), a path, or one of {', '.join(SHIPPED)}"
    if not isinstance(source, np.ndarray):
        try:
            widths = [len(row) for row in source]
        except TypeError:
            arguments.refuse("source", source, allowed)
        odd = [i for i, w in enumerate(widths) if w != widths[0]]
        if odd:
            raise ValueError(f"source must have rows of equal length; row 0 has {widths[0]} entries, row {odd[0]} has "
                             f"{widths[odd[0]]}.")
        source = np.array([list(row) for row in source], dtype=object)
    if source.ndim != 2 or 0 in source.shape:
        arguments.refuse("source", np.shape(source), f"{allowed}; a single column is X[:, None]")
    return source


def _numbers(X, columns):
    """X as floats, or the sentence that names the first entry that is no number."""
    if X.dtype.kind in "iufb":
        return X.astype(float)
    out = np.empty(X.shape)
    for j in range(X.shape[1]):
        for i in range(X.shape[0]):
            try:
                if isinstance(X[i, j], complex):
                    raise TypeError
                out[i, j] = np.nan if X[i, j] is None else float(X[i, j])
            except (TypeError, ValueError):
                raise ValueError(f"source must hold numbers only; row {i}, column {columns[j]} holds {X[i, j]!r}. Drop the "
                                 f"column, or code it in numbers yourself (one-hot coding is outside this book).") from None
    return out


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
    if y is None:
        return None
    y = y if isinstance(y, np.ndarray) else np.asarray(y, dtype=object)
    if y.shape != (n,):
        arguments.refuse("target", y.shape, f"labels of shape ({n},), one a row")
    try:
        y = _finite(_numbers(y[:, None], ["target"]), ["target"])[:, 0]
    except ValueError as wrong:
        raise ValueError(str(wrong).replace("source must", "target must", 1)) from None
    if standardise and not y.std() > FLAT * np.abs(y).max():
        arguments.refuse("target", y, "labels that vary")
    return (y - y.mean()) / y.std() if standardise else y
