"""A design matrix: the rows of a data set, and what theory needs of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import ArrayLike

from .. import arguments, markup
from ..arrays import Floats
from .spectrum import Spectrum
from .systems import System


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
        notes: sentences about what loading decided and changed.
        scale: what each column was divided by, shape ``(d,)``; see ``original_weights``.
        on_span: study only the directions in which the rows vary, where H is singular.
        center: what each column was shifted by before, shape ``(d,)``.
        label_center, label_scale: what the labels were shifted by, and then divided by.
        kept: the places, in the table as it came, of the columns that were not dropped, shape ``(d,)``.
        recipe: the line of Python that loads it again; X and y are an array and its labels.

    Raises:
        ValueError: rows or labels of the wrong shape, masked, or with entries that are not finite.

    >>> X = Design([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    >>> X.spectrum().eigenvalues
    array([1., 1.])
    """

    rows: Floats
    labels: Floats | None = None
    columns: tuple[str, ...] = ()
    name: str = "your data"
    notes: tuple[str, ...] = ()
    scale: Floats = None  # type: ignore[assignment]  # __post_init__ fills it in
    on_span: bool = False
    center: Floats = None  # type: ignore[assignment]
    label_center: float = 0.0
    label_scale: float = 1.0
    kept: Any = None
    recipe: str = "mb.Design(X, y)"

    if TYPE_CHECKING:                                                   # more may be passed than is kept
        def __init__(self, rows: ArrayLike, labels: ArrayLike | None = None, columns: Sequence[object] = (),
                     name: str = "your data", notes: tuple[str, ...] = (), scale: ArrayLike | None = None,
                     on_span: bool = False, center: ArrayLike | None = None, label_center: float = 0.0,
                     label_scale: float = 1.0, kept: ArrayLike | None = None, recipe: str = "mb.Design(X, y)") -> None: ...

    def __post_init__(self):
        fix = lambda field, value: object.__setattr__(self, field, value)  # noqa: E731  (the dataclass is frozen)
        arguments.flag("on_span", self.on_span)
        fix("rows", arguments.array("rows", self.rows, ndim=2))
        n, d = self.rows.shape
        if self.labels is not None:
            one_each = f"a finite number for each of the {n} rows"
            fix("labels", arguments.array("labels", self.labels, shape=(n,), allowed=one_each))
        if not isinstance(self.columns, (list, tuple)) or len(self.columns) not in (0, d):
            arguments.refuse("columns", self.columns, f"a list of names, one for each of the {d} columns of rows, or empty")
        fix("columns", tuple(map(str, self.columns)) or tuple(str(j) for j in range(d)))
        fix("scale", np.ones(d) if self.scale is None else arguments.array("scale", self.scale, above=0.0, shape=(d,)))
        fix("center", np.zeros(d) if self.center is None else arguments.array("center", self.center, shape=(d,)))
        fix("label_center", arguments.number("label_center", self.label_center))
        fix("label_scale", arguments.number("label_scale", self.label_scale, above=0.0))
        kept = arguments.array("kept", np.arange(d) if self.kept is None else self.kept, low=0.0, shape=(d,)).astype(int)
        fix("kept", kept)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d): rows and columns."""
        return self.rows.shape

    @cached_property
    def _eigen(self):
        """Eigenvalues of H that are not zero, largest first, and its eigenvectors ``(d, rank)``; by the smaller Gram matrix."""
        X, (n, d) = self.rows, self.shape
        small = X.T @ X / n if d <= n else X @ X.T / n
        lam, V = (v[..., ::-1] for v in scipy.linalg.eigh(small))
        keep = lam > max(n, d) * np.finfo(float).eps * lam[0]
        lam, V = lam[keep], V[:, keep]
        return lam, V if d <= n else X.T @ V / np.sqrt(n * lam)

    @property
    def eigenvalues(self) -> Floats:
        """The eigenvalues of H that are not zero, largest first, shape ``(rank,)``."""
        return self._eigen[0]

    @property
    def rank(self) -> int:
        """How many there are: the dimension of the span of the rows."""
        return self.eigenvalues.size

    @property
    def axes(self) -> Floats:
        """The eigenvectors of H as columns, shape ``(d, rank)``."""
        return self._eigen[1]

    @cached_property
    def system(self) -> System:
        """The rows in the eigenvectors of H as a ``System`` whose solution is 0: w there is the error e = w - w*."""
        return System.least_squares_rows(self.rows @ self.axes, solution=np.zeros(self.rank))

    def spectrum(self, ridge: float = 0.0) -> Spectrum:
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

    def solution(self, ridge: float = 0.0) -> Floats:
        """w* of (design) in the eigenvectors of H, shape ``(rank,)``; the start of training from zero is -w*."""
        if self.labels is None:
            arguments.refuse("labels", None, "given to load(..., target=...) to speak of a solution")
        ridge = arguments.number("ridge", ridge, low=0.0)
        return self.axes.T @ (self.rows.T @ self.labels) / len(self.labels) / (self.eigenvalues + ridge)

    def first_error(self, start: ArrayLike | None = None, ridge: float = 0.0) -> Floats:
        """e_0 = w_0 - w* in the eigenvectors of H, shape ``(rank,)``.

        Args:
            start: e_0 itself, shape ``(rank,)``; ``None`` is training from w = 0 where there are labels, else ones.
            ridge: the weight decay that will be used.
        """
        if start is not None:
            return arguments.array("start", start, shape=(self.rank,))
        return np.ones(self.rank) if self.labels is None else -self.solution(ridge)

    def residuals(self, ridge: float = 0.0) -> Floats:
        """y_i - x_i . w*, shape ``(n,)``: what is left of the labels at the solution."""
        w = self.axes @ self.solution(ridge)                            # refused where there are no labels
        return self.labels - self.rows @ w                              # type: ignore[operator]

    def original_weights(self, weights: ArrayLike) -> tuple[Floats, float]:
        r"""Weights of the standardised columns as weights of the columns as they came, and the intercept.

        $$ \hat y = b + \sum_j a_j X_j, \qquad a_j = \frac{s_y}{s_j}\,w_j, \qquad b = \bar y - \sum_j a_j \bar X_j
           \tag{original-weights} $$

        Args:
            weights: w of (design), shape ``(d,)``.

        Returns:
            a, shape ``(d,)``, and b.

        >>> X = Design([[-1.0], [1.0]], [-1.0, 1.0], scale=[2.0], center=[10.0], label_center=5.0, label_scale=4.0)
        >>> X.original_weights([1.0])                                   # from 8 to 12 the label goes from 1 to 9
        (array([2.]), -15.0)
        """
        w = arguments.array("weights", weights, shape=(self.shape[1],))
        a = self.label_scale * w / self.scale
        return a, float(self.label_center - a @ self.center)

    def predict(self, weights: ArrayLike, rows: Any) -> Floats:
        """Predicted labels of new rows, in the labels' own units.

        Args:
            weights: w of (design), shape ``(d,)``.
            rows: new rows in the units in which the table came, shape ``(m, d)``; or with the columns that were dropped; or a
                pandas frame that has the columns by name.

        Returns:
            Shape ``(m,)``.

        Raises:
            ValueError: weights or rows of another width, or a frame without one of the columns.
        """
        if hasattr(rows, "columns") and hasattr(rows, "iloc"):
            names = list(map(str, rows.columns))
            missing = [column for column in self.columns if column not in names]
            if missing:
                arguments.refuse("rows", names, f"a table with the columns {', '.join(missing)} too")
            rows = rows.iloc[:, [names.index(column) for column in self.columns]].to_numpy(dtype=float)
        rows, d = arguments.array("rows", rows, ndim=2), self.shape[1]
        if rows.shape[1] != d:
            if rows.shape[1] <= self.kept.max():
                arguments.refuse("rows", rows.shape, f"rows of {d} columns")
            rows = rows[:, self.kept]
        a, b = self.original_weights(weights)
        return rows @ a + b

    @property
    def heaviest(self) -> tuple[int, float, str]:
        """(row, how many times the mean squared length it has, the column that makes it so): where tails come from."""
        square = self.rows**2
        length = square.sum(axis=1)
        i = int(np.argmax(length))
        return i, float(length[i] / length.mean()), self.columns[int(np.argmax(square[i]))]

    def __repr__(self) -> str:
        n, d = self.shape
        rank = "" if self.rank == d else f", rank {self.rank}"
        lines = [f"Design({self.name}: {n} rows, {d} columns{rank}, {'no ' if self.labels is None else ''}labels)", *self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        n, d = self.shape
        rank = [] if self.rank == d else [("rank", self.rank)]
        rows = [("rows", n), ("columns", d), *rank, ("labels", self.labels is not None)]
        return markup.table(f"Design: {self.name}", (), rows, self.notes)
