r"""The expected loss of logistic regression along training: Gauss-Newton rows that are measured again as training goes.

For least squares the mean and the covariance of the weights close on themselves (``row_moments``). For the logistic loss they
do so if the weights are taken as Gaussian. With a_i = x_i.w of mean and variance (abar_i, s_i), and E over that one number,

$$ \bar g = \frac1n\sum_i (E p_i - y_i)x_i + r\bar w, \qquad \Lambda = \frac1n\sum_i E[p_i(1-p_i)]\,x_i x_i^\top, \qquad
   C = \frac1n\sum_i E[(p_i-y_i)^2]\,x_i x_i^\top - E\,g g^\top \tag{logistic-moments} $$

the mean follows the method's update with the gradient gbar; the covariance follows (recursion) with curvature Lambda + r and
noise C. Lambda is that of the Gauss-Newton rows sqrt(p(1-p)) x at the weights of the moment, C the noise of their working
labels. Of the covariance the diagonal is kept, in the eigenvectors of Lambda at the solution.

Rows are shuffled, so the noise xi of a batch depends on the batches of its epoch before. With u their sum and j their number,

$$ \xi = -\frac{B}{n-jB}\,u + \zeta, \qquad
   \mathrm{Var}\,\zeta = \Bigl(1-\frac{jB^2}{(n-B)(n-jB)}\Bigr)\frac{n-B}{B(n-1)}\,C \tag{bridge} $$

which has the variances and covariances of (shuffled): u is a third part of the state beside the error and the buffer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from .. import arguments
from ..arrays import Floats
from ..model.logistic import Logistic, probability
from ..model.method import Method, transition
from . import recursion

NODES = np.array([-np.sqrt(3.0), 0.0, np.sqrt(3.0)])
SHARES = np.array([1.0, 4.0, 1.0]) / 6
"""The Gauss-Hermite rule of three points, for means over one Gaussian number."""

OFTEN = 50
"""Curvature and noise are measured at every step up to this one, then whenever so large a part of the steps has passed."""

Order = Literal["epochs", "replacement"]


def expected_excess(model: Logistic, method: Method, batch: int, steps: int, draws: Order = "epochs") -> Floats:
    """E L(w_t) - L(w*) for t = 0..steps, training from zero, by (logistic-moments): O(n d) a step.

    Args:
        model: a ``Logistic``.
        method: a ``Method``, for gradients of (logistic).
        batch: rows in a batch, from 1 to n; steps: how many, up to a million.
        draws: ``"epochs"``: rows are shuffled, what is left of the last batch is dropped; ``"replacement"``: every row is
            drawn afresh.

    Returns:
        Shape ``(steps + 1,)``; a forecast, exact where the loss is as good as quadratic in the reach of the noise.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> model = Logistic(X, X[:, 0] + rng.normal(size=200) > 0)
    >>> curve = expected_excess(model, Method.sgd(1.0), 20, 50)
    >>> bool(np.isclose(curve[0], model.excess) and curve[50] < 0.05 * curve[0])
    True
    """
    model, method = arguments.instance("model", model, Logistic), arguments.instance("method", method, Method)
    batch = arguments.whole("batch", batch, low=1, high=len(model.rows))
    steps = arguments.whole("steps", steps, high=arguments.LONGEST)
    draws = arguments.choice("draws", draws, ("epochs", "replacement"))
    curves = excesses(model, [method], batch, draws == "epochs")
    return np.array([next(curves)[0] for _ in range(steps + 1)])


def excesses(model: Logistic, methods: list[Method], batch: int, epochs: bool = True) -> Iterator[Floats]:
    """``expected_excess`` of k methods at t = 0, 1, ..., each ``(k,)``, without end; no checks, so that loops may run on it."""
    Z, y, r, least = model.rows @ model.design.axes, model.labels, model.ridge, model.least
    n, d = Z.shape
    Z2 = Z**2
    delta, eta, beta = (np.array([getattr(m, name) for m in methods])[:, None] for name in ("delta", "eta", "beta"))
    w = m = np.zeros((len(methods), d))
    S = np.zeros((6, len(methods), d))                                  # of (e, m, u): ee, em, eu, mm, mu, uu
    each, due, fresh = max(n // batch, 1), 0, 1 / batch if not epochs else (n - batch) / (batch * max(n - 1, 1))
    spread = np.zeros((len(methods), n))
    t = 0
    while True:
        with np.errstate(all="ignore"):
            a = (w @ Z.T)[..., None] + spread[..., None] * NODES        # (k, n, 3)
            p = probability(a)
            loss = np.mean((np.logaddexp(0.0, a) - y[:, None] * a) @ SHARES, axis=1) + r / 2 * np.sum(w**2 + S[0], axis=1)
            yield np.where(np.isfinite(loss), loss, np.inf) - least
            miss = p @ SHARES - y
            g = miss @ Z / n
            if t >= due:                                                # (logistic-moments)
                curvature = (p * (1 - p)) @ SHARES @ Z2 / n
                C = (miss**2 + (p**2) @ SHARES - (p @ SHARES) ** 2) @ Z2 / n - g**2 - curvature**2 * S[0]
                due = t + max(1, t // OFTEN)
            j = t % each
            if epochs and j == 0:
                S[[2, 4, 5]] = 0.0                                      # a new epoch remembers no batch
            back = batch / (n - j * batch) if epochs else 0.0
            zeta = 1 - j * batch * back / (n - batch) if epochs and n > batch else 1.0
            M, b = _step(delta, eta, beta, curvature + r, back)
            i, k = np.triu_indices(3)
            S = (np.einsum("pq...,q...->p...", recursion.on_products(M), S)
                 + (b[i] * b[k]) * (zeta * fresh * np.maximum(C, 0.0)))
            g = g + r * w
            m = beta * m + g
            w = w - delta * g - eta * m
            spread = np.sqrt(np.maximum(S[0], 0.0) @ Z2.T)
        t += 1


def _step(delta, eta, beta, curvature, back):
    """(transition) of the error, the buffer and u of (bridge): M ``(3, 3, k, d)`` and the response to zeta, ``(3, k, 1)``."""
    T, b = transition(delta, eta, beta, curvature)
    b = np.concatenate([b, np.ones_like(b[:1])])
    M = np.zeros((3, 3, *curvature.shape))
    M[:2, :2] = T
    M[:, 2] = -back * b
    M[2, 2] += 1.0
    return M, b
