r"""A scikit-learn estimator: linear regression by minibatches with momentum, its method, batch and steps taken from the advice.

$$ \hat y = b + \sum_j a_j X_j, \qquad \min_w \frac1{2n}\sum_i (y_i - x_i\cdot w)^2 + \frac r2|w|^2 $$

x and y are standardised columns and labels; the weights w are mapped back to a and b (original-weights). Training is that of
``advise``: from w = 0, in shuffled epochs. This module alone needs scikit-learn beyond its data sets; ``import mombook`` does
not load it.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np

from . import arguments
from .arrays import Floats
from .model.design import Design
from .model.family import FAMILIES
from .model.method import Method
from .study.advisor import OBJECTIVES, advise, steps_of

try:
    import sklearn
    from sklearn.base import BaseEstimator, RegressorMixin
except ImportError:                                                     # the module can be read; the class cannot be used
    sklearn: Any = None  # type: ignore[no-redef]
    BaseEstimator, RegressorMixin = (type(name, (), {}) for name in ("BaseEstimator", "RegressorMixin"))

FLAT = 1e-12
"""Standardised columns or labels whose mean square is below this do not vary."""


class MomentumRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc,unused-ignore]
    """Linear regression, trained as ``mombook.advise`` says. Columns and labels are standardised inside.

    Args:
        method: ``None``: the advised one; a name out of ``mombook.FAMILIES``: that family, tuned; or a ``Method`` for
            gradients of (1/2)(y - x.w)^2 of standardised columns and labels, which needs ``batch`` too.
        batch: rows in a batch; ``None``: the advised one.
        steps: how many steps ``fit`` takes; ``None``: as many as the target needs.
        target: share of the excess risk of w = 0 that should be left.
        objective: ``"steps"`` or ``"samples"``, what the advised batch saves, as in ``advise``.
        ridge: weight decay r >= 0, on standardised columns.
        max_iter: the most steps that ``fit`` takes; a longer run is cut there, with a ``ConvergenceWarning``.
        random_state: seed, ``numpy.random.RandomState`` or ``None``, for the order of the rows.

    Attributes:
        coef_, intercept_: a, shape ``(n_features,)``, and b, for the columns and labels as they came.
        method_, batch_: what it trains with; ``None`` as long as nothing varies.
        n_iter_: steps taken.
        advice_: the ``Advice``, which holds the rows it was given for; ``None`` where none was asked for.
        n_features_in_, feature_names_in_: as in every estimator.

    Raises:
        ImportError: scikit-learn is missing.

    Arguments are checked by ``fit`` and ``partial_fit``, as scikit-learn asks.

    >>> X = np.random.default_rng(0).normal(size=(100, 2)) * [1.0, 10.0] + 5.0
    >>> model = MomentumRegressor(Method.heavy_ball(0.2, 0.3), batch=10, target=1e-6, random_state=0).fit(X, X @ [3.0, 1.0] + 7)
    >>> model.coef_.round(1), round(model.intercept_)
    (array([3., 1.]), 7)
    """

    def __init__(self, method: Method | str | None = None, batch: int | None = None, steps: int | None = None, *,
                 target: float = 0.01, objective: Literal["steps", "samples"] = "steps", ridge: float = 0.0,
                 max_iter: int = 100_000, random_state: Any = None) -> None:
        if sklearn is None:
            raise ImportError("mombook.sklearn.MomentumRegressor needs scikit-learn, which is missing: pip install "
                              "scikit-learn.")
        self.method = method
        self.batch = batch
        self.steps = steps
        self.target = target
        self.objective = objective
        self.ridge = ridge
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> MomentumRegressor:
        """Train from w = 0 in shuffled epochs.

        Args:
            X: rows, shape ``(n, d)``, n >= 2; y: labels, shape ``(n,)``.

        Raises:
            ValueError: an argument out of range, no method that reaches the target, a method that diverges.
        """
        self._check()
        X, y = _validated(self, X, y, reset=True, ensure_min_samples=2)
        self._begin()
        design = self._standardised(X, y)
        steps = self._choose(design, "epochs")
        if not steps <= self.max_iter:
            from sklearn.exceptions import ConvergenceWarning

            warnings.warn(f"fit stops after max_iter={self.max_iter} steps; the target of {self.target} is reached after "
                          f"{steps:.6g}.", ConvergenceWarning, stacklevel=2)
            steps = self.max_iter
        n, left = len(y), int(steps)
        while left:
            order = self._random.permutation(n)
            epoch = [order[k * self.batch_:(k + 1) * self.batch_] for k in range(min(n // self.batch_, left))]
            self._walk(design, epoch)
            left -= len(epoch)
        return self._mapped(design)

    def partial_fit(self, X: Any, y: Any) -> MomentumRegressor:
        """Train on one more block of rows: one pass in a shuffled order, in batches of at least ``batch_`` rows.

        The first block decides on the method and the batch, for samples that are all new, so it should be a fair sample of the
        rest: some times as many rows as columns. Means and scales are those of all rows so far; when they change, weights and
        buffer are mapped along, so that what is predicted changes by training alone, but for the intercept, which follows the
        means. After ``fit`` training goes on from its weights.

        Args:
            X: rows, shape ``(n, d)``; y: labels, shape ``(n,)``.

        Raises:
            ValueError: as ``fit``.
        """
        self._check()
        first = not hasattr(self, "coef_")
        X, y = _validated(self, X, y, reset=first, ensure_min_samples=2 if first else 1)
        if first:
            self._begin()
        design = self._standardised(X, y)
        if self.method_ is None:
            self._choose(design, "replacement")
        if self.method_ is not None:
            self._walk(design, np.array_split(self._random.permutation(len(y)), max(len(y) // self.batch_, 1)))
        return self._mapped(design)

    def predict(self, X: Any) -> Floats:
        """Labels of new rows, in the labels' own units, shape ``(n,)``.

        Args:
            X: rows, shape ``(n, d)``, as they came to ``fit``.

        Raises:
            NotFittedError: before ``fit`` or ``partial_fit``. ValueError: rows of another width.
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return _validated(self, X, reset=False) @ self.coef_ + self.intercept_

    # -- its parts ----------------------------------------------------------------------------------------------------
    def _check(self):
        """Refuse parameters that are out of range, by name."""
        if isinstance(self.method, Method):
            if self.batch is None:
                arguments.refuse("batch", None, "given where method is a Method, which was tuned for some batch")
        elif self.method is not None:
            arguments.choice("method", self.method, tuple(FAMILIES))
        for name in ("batch", "steps", "max_iter"):
            value = getattr(self, name)
            if value is not None or name == "max_iter":
                arguments.whole(name, value, low=1, high=arguments.MOST)
        arguments.number("target", self.target, above=0.0, below=1.0)
        arguments.choice("objective", self.objective, OBJECTIVES[:2])
        self._ridge = arguments.number("ridge", self.ridge, low=0.0)

    def _begin(self):
        """Everything at its start."""
        from sklearn.preprocessing import StandardScaler
        from sklearn.utils import check_random_state

        try:
            self._random = check_random_state(self.random_state)
        except (ValueError, TypeError):
            arguments.refuse("random_state", self.random_state, "None, a whole number from 0 to 2^32 - 1, or a RandomState")
        self._columns, self._label = StandardScaler(), StandardScaler()
        self._w = self._m = np.zeros(self.n_features_in_)
        self._unit = np.ones(self.n_features_in_)
        self.method_ = self.batch_ = self.advice_ = None
        self.n_iter_ = 0

    def _standardised(self, X, y):
        """The rows as a ``Design`` in the means and scales of all rows so far, with the weights carried over to these."""
        columns, label, y = self._columns, self._label, y[:, None]
        with np.errstate(all="ignore"):
            Z, z = columns.partial_fit(X).transform(X), label.partial_fit(y).transform(y)[:, 0]
        if not (np.isfinite(columns.var_).all() and np.isfinite(label.var_).all() and np.isfinite(Z).all()):
            arguments.refuse("X", X, "numbers whose squares are numbers, and y too")
        unit = label.scale_ / columns.scale_                            # a_j = unit_j w_j: (original-weights)
        change, self._unit = self._unit / unit, unit
        self._w, self._m = self._w * change, self._m * change
        names = tuple(getattr(self, "feature_names_in_", ()))
        return Design(Z, z, names, scale=columns.scale_, on_span=True, center=columns.mean_, label_center=label.mean_[0],
                      label_scale=label.scale_[0])

    def _choose(self, design, draws):
        """Set method and batch, and return the steps to the target: 0 where there is nothing to learn."""
        if min(np.mean(design.rows**2), np.mean(design.labels**2)) < FLAT:
            return 0
        n, method = design.shape[0], self.method
        if self.batch is not None and self.batch > n and draws == "epochs":
            arguments.refuse("batch", self.batch, f"at most the {n} rows of X")
        if isinstance(method, Method):
            self.method_, self.batch_ = method, int(self.batch)
            needed = steps_of(design, method, self.batch_, self.target, self._ridge) if (
                self.steps is None and draws == "epochs") else 1.0
        else:
            self.advice_ = advise(design, self.target, ridge=self._ridge, batches=None if self.batch is None else [self.batch],
                                  families=None if method is None else [method], objective=self.objective, draws=draws,
                                  critical="forecast")
            pick = self.advice_.pick
            self.method_, self.batch_, needed = pick.method, round(pick.batch), pick.steps
        return max(np.ceil(needed), 1) if self.steps is None else self.steps

    def _walk(self, design, batches):
        """One step for each batch, given as numbers of rows."""
        X, y, w, m = design.rows, design.labels, self._w, self._m
        with np.errstate(all="ignore"):
            for rows in batches:
                x = X[rows]
                w, m = self.method_.step(w, m, (x @ w - y[rows]) @ x / len(rows) + self._ridge * w)
        if not np.all(np.abs(w) < arguments.HUGE):
            arguments.refuse("method", self.method_, f"one that does not diverge at batch {self.batch_} on these rows")
        self._w, self._m, self.n_iter_ = w, m, self.n_iter_ + len(batches)

    def _mapped(self, design):
        """Weights for the columns as they came."""
        self.coef_, self.intercept_ = design.original_weights(self._w)
        return self


def _validated(estimator, *data, reset, ensure_min_samples=1):
    """Rows, or rows and labels, as scikit-learn checks them, in double precision."""
    from sklearn.utils.validation import validate_data

    more = {"y_numeric": True} if len(data) == 2 else {}
    found = validate_data(estimator, *data, reset=reset, dtype=np.float64, ensure_min_samples=ensure_min_samples, **more)
    return (found[0], np.asarray(found[1], dtype=float)) if len(data) == 2 else found
