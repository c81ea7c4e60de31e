"""Logistic regression: a loss that is not quadratic, and the quadratic it is near any weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from .design import Design

STEPS, HALVINGS = 100, 40
"""The most Newton steps, and how often one is halved until the loss falls enough."""

FARTHEST = 300.0
"""The largest |x.w| at which the rows of (gauss-newton) can be written down."""


@dataclass(frozen=True, eq=False)
class Logistic:
    r"""Logistic regression on n rows with labels 0 or 1, with weight decay r.

    $$ L(w) = \frac1n\sum_{i=1}^n \bigl[\log(1+e^{x_i\cdot w}) - y_i\,x_i\cdot w\bigr] + \frac r2|w|^2 \tag{logistic} $$

    Without the last term this is PyTorch's ``BCEWithLogitsLoss``. There is a solution if r > 0, or if no plane separates the
    two classes.

    Args:
        rows: the x_i, shape ``(n, d)``, two at least.
        labels: the y_i, 0 or 1, both present, shape ``(n,)``.
        ridge: r >= 0, which acts on the intercept too, as PyTorch's ``weight_decay`` on the bias of a layer.
        intercept: append a column of ones to the rows; its weight is the last.
        name: what sentences call it.

    Raises:
        ValueError: an argument of the wrong kind, shape or range.

    >>> model = Logistic([[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1])
    >>> round(float(model.loss(np.zeros(2))), 6), model.solution.round(3).tolist()
    (0.693147, [0.908, -2.27])
    """

    rows: Floats
    labels: Floats
    ridge: float = 0.0
    intercept: bool = True
    name: str = "your data"

    if TYPE_CHECKING:                                                   # more may be passed than is kept
        def __init__(self, rows: ArrayLike, labels: ArrayLike, ridge: float = 0.0, intercept: bool = True,
                     name: str = "your data") -> None: ...

    def __post_init__(self):
        fix = lambda field, value: object.__setattr__(self, field, value)  # noqa: E731  (the dataclass is frozen)
        arguments.text("name", self.name)
        rows = arguments.array("rows", self.rows, ndim=2)
        if len(rows) < 2 or not rows.any():
            arguments.refuse("rows", rows.tolist(), "at least two rows, not all zero")
        fix("rows", np.hstack([rows, np.ones((len(rows), 1))]) if arguments.flag("intercept", self.intercept) else rows)
        allowed = f"0 or 1 for each of the {len(rows)} rows, both present"
        labels = self.labels
        if (isinstance(labels, np.ndarray) and labels.dtype.kind == "b") or (
                isinstance(labels, list) and all(isinstance(v, bool) for v in labels)):
            labels = np.asarray(labels, dtype=float)
        fix("labels", arguments.array("labels", labels, shape=(len(rows),), allowed=allowed))
        if set(self.labels.tolist()) != {0.0, 1.0}:
            arguments.refuse("labels", self.labels.tolist(), allowed)
        fix("ridge", arguments.number("ridge", self.ridge, low=0.0))

    @classmethod
    def of(cls, design: Design, ridge: float = 0.0, intercept: bool = True) -> Logistic:
        """The rows of a ``Design`` whose labels take two values: the larger is 1, the smaller 0.

        Raises:
            ValueError: no labels, or labels of one value or of more than two.
        """
        labels = arguments.instance("design", design, Design).labels
        values = np.unique(labels) if labels is not None else np.zeros(0)
        if len(values) != 2:
            arguments.refuse("labels", f"{len(values)} values", "of two values, one for each class")
        return cls(design.rows, labels == values[1], ridge, intercept, design.name)

    # -- the loss -----------------------------------------------------------------------------------------------------
    def loss(self, weights: ArrayLike) -> Any:
        """L of (logistic) at weights ``(..., d)``, shape ``(...)``."""
        w = self._weights(weights)
        a = w @ self.rows.T
        data: Floats = np.mean(np.logaddexp(0.0, a) - self.labels * a, axis=-1)
        return data + self.ridge / 2 * np.sum(w**2, axis=-1)

    def gradient(self, weights: ArrayLike) -> Floats:
        r"""Its gradient at weights ``(..., d)``, of the same shape.

        $$ \nabla L = \frac1n\sum_i (p_i - y_i)\,x_i + r w, \qquad p_i = \frac1{1+e^{-x_i\cdot w}} \tag{logistic-gradient} $$
        """
        w = self._weights(weights)
        g: Floats = (probability(w @ self.rows.T) - self.labels) @ self.rows / len(self.rows) + self.ridge * w
        return g

    def gauss_newton(self, weights: ArrayLike) -> Design:
        r"""The least squares problem that the loss is near some weights, as a ``Design``.

        $$ a_i = \sqrt{v_i}\,x_i, \qquad b_i = a_i\cdot w + \frac{y_i-p_i}{\sqrt{v_i}}, \qquad v_i = p_i(1-p_i)
           \tag{gauss-newton} $$

        The gradients of (1/2)(b_i - a_i.w)^2 at w are those of every row's logistic loss, and the mean of a_i a_i^T is the
        Hessian of the data's loss. Its ``solution(ridge)`` is where one step of Newton's method from w ends, in the
        eigenvectors of that Hessian. Only the span of the rows is studied.

        Args:
            weights: w, shape ``(d,)``.

        Returns:
            A ``Design`` with ``on_span=True``.

        Raises:
            ValueError: weights of another shape, or so large that some x_i.w is beyond 300.
        """
        w = self._weights(weights, one=True)
        a = self.rows @ w
        if not np.abs(a).max() <= FARTHEST:
            arguments.refuse("weights", w.tolist(), f"so small that no x.w is beyond {FARTHEST:g}")
        root = np.exp(-np.logaddexp(0.0, a) / 2 - np.logaddexp(0.0, -a) / 2)                # sqrt(p (1 - p)), never 0
        miss = np.where(self.labels > 0, np.exp(-a / 2), -np.exp(a / 2))                    # (y - p) / sqrt(p (1 - p))
        return Design(root[:, None] * self.rows, root * a + miss, name=self.name, on_span=True)

    # -- its solution -------------------------------------------------------------------------------------------------
    @cached_property
    def solution(self) -> Floats:
        """w* of (logistic) in the span of the rows, shape ``(d,)``, by Newton's method.

        Raises:
            ValueError: without ridge, a plane separates the classes, so that the loss has no least value.
        """
        X, w = self.rows, np.zeros(self.rows.shape[1])
        loss, first = self.loss(w), None
        for _ in range(STEPS):
            p, g = probability(X @ w), self.gradient(w)
            hessian = (X.T * (p * (1 - p))) @ X / len(X) + self.ridge * np.eye(w.size)
            step, _, rank, _ = np.linalg.lstsq(hessian, -g, rcond=max(X.shape) * np.finfo(float).eps)
            first = rank if first is None else first
            if self.ridge == 0 and (((2 * self.labels - 1) * (X @ w)).min() > 0 or rank < first):
                break
            promised = -float(g @ step)                                 # twice what the loss will fall by
            if promised <= 1e-24 and np.abs(X @ step).max() <= 1e-6:      # (towards infinity they stay at 1)
                return w
            for k in range(HALVINGS):
                after = self.loss(w + step / 2**k)
                if after <= loss - 1e-4 * promised / 2**k + 1e-15 * loss:
                    break
            w, loss = w + step / 2**k, after
        else:
            if self.ridge:
                return w
        raise ValueError(f"ridge must be > 0 for {self.name}, since a plane separates its classes, so that the loss has no "
                         "least value. Pass ridge=1e-3, say; got 0.")

    @cached_property
    def design(self) -> Design:
        """(gauss-newton) at the solution."""
        return self.gauss_newton(self.solution)

    @property
    def least(self) -> float:
        """L(w*), the least loss."""
        return float(self.loss(self.solution))

    @property
    def excess(self) -> float:
        """L(0) - L(w*): what training from zero can gain."""
        return float(np.log(2.0) - self.least)

    def _weights(self, weights, one=False):
        d = self.rows.shape[1]
        w = arguments.array("weights", weights)
        if w.shape[-1:] != (d,) or (one and w.ndim != 1):
            arguments.refuse("weights", w.shape, f"of shape ({'' if one else '..., '}{d}{',' if one else ''})")
        return w

    def __repr__(self) -> str:
        n, d = self.rows.shape
        return f"Logistic({self.name}: {n} rows, {d} weights, {int(self.labels.sum())} labels 1, ridge {self.ridge:g})"


def probability(a: Any) -> Any:
    """1/(1 + e^-a), without overflow."""
    small = np.exp(-np.abs(a))
    return np.where(a >= 0, 1.0, small) / (1 + small)
