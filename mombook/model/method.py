"""One family of methods: every one-buffer momentum method is a point (delta, eta, beta), and the update exists once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import arguments, markup

LOSSES = {"half": 1.0, "mse": 0.5}
"""Conventions of the squared error: the loss (1/2)(y - x.w)^2 of this book, and (y - x.w)^2; each with the factor on steps."""


def update(delta: Any, eta: Any, beta: Any, w: Any, m: Any, g: Any) -> tuple[Any, Any]:
    """The update rule (method) from w, m and g of equal shapes; the parameters are numbers, or arrays that broadcast."""
    m = beta * m + g
    return w - delta * g - eta * m, m


def transition(delta: Any, eta: Any, beta: Any, lam: Any) -> tuple[Any, Any]:
    """``Method.transition`` for parameters that are numbers, or arrays that broadcast with ``lam``."""
    one, zero = np.ones_like(lam), np.zeros_like(lam)
    (ee, me), (em, mm) = update(delta, eta, beta, one, zero, lam), update(delta, eta, beta, zero, one, zero)
    return np.array([[ee, em], [me, mm]]), np.array(update(delta, eta, beta, 0.0, 0.0, 1.0))


@dataclass(frozen=True)
class Method:
    r"""A linear momentum method with one buffer m; the gradient g is taken at the iterate w.

    $$ m' = \beta m + g, \qquad w' = w - \delta\, g - \eta\, m' \tag{method} $$

    Args:
        delta: short step, applied to the fresh gradient only (1 / curvature units).
        eta: momentum step, applied to the buffer.
        beta: memory of the buffer, in [0, 1).

    Raises:
        ValueError: a parameter that is not a finite real number, or beta outside [0, 1).

    The named constructors below are exact reparametrisations: they give the same iterates, step by step. They are for methods
    that descend: each raises ``ValueError`` for a learning rate <= 0 (``mass`` and ``jain``: for a step on the gradient < 0,
    since 0 is heavy ball in their letters), and where its other parameters are out of the range its paper gives. A method
    with any other steps is ``Method(delta, eta, beta)``.

    >>> Method.heavy_ball(lr=0.1, beta=0.9) == Method(delta=0.0, eta=0.1, beta=0.9)
    True
    >>> Method.sgd(lr=0.1).long_run_step
    0.1
    """

    delta: float
    eta: float
    beta: float

    def __post_init__(self):
        object.__setattr__(self, "delta", arguments.number("delta", self.delta))
        object.__setattr__(self, "eta", arguments.number("eta", self.eta))
        object.__setattr__(self, "beta", arguments.number("beta", self.beta, low=0.0, below=1.0))

    def step(self, w: Any, m: Any, g: Any) -> tuple[Any, Any]:
        """The update rule (method): from iterate w, buffer m and gradient g at w (any equal shapes) to (w', m')."""
        try:
            return update(self.delta, self.eta, self.beta, w, m, g)
        except (TypeError, ValueError, OverflowError):
            arguments.refuse("w, m and g", (w, m, g), "numbers or arrays of equal shape")

    def transition(self, lam: Any) -> tuple[Any, Any]:
        r"""One step of the error and the buffer of a mode, read off the update rule.

        $$ s' = M s + b\,\xi, \qquad s = (e, m), \qquad g = \lambda e + \xi \tag{transition} $$

        Args:
            lam: eigenvalues, an array of any shape ``(...)``.

        Returns:
            M, shape ``(2, 2, ...)``, the noiseless step (``M[i, j]``: what s_j adds to s_i'), and b, shape ``(2,)``, the
            response to a unit of gradient noise.

        >>> M, b = Method.heavy_ball(lr=0.5, beta=0.5).transition(np.array(1.0))
        >>> M.tolist(), b.tolist()
        ([[0.5, -0.25], [1.0, 0.5]], [-0.5, 1.0])
        """
        return transition(self.delta, self.eta, self.beta, lam)

    # -- constructors, one a convention -------------------------------------------------------------------------------
    @classmethod
    def sgd(cls, lr: float) -> Method:
        """Plain stochastic gradient descent, w' = w - lr g."""
        return cls(_lr(lr), 0.0, 0.0)

    @classmethod
    def heavy_ball(cls, lr: float, beta: float) -> Method:
        """Heavy ball (Polyak 1964), as PyTorch's ``SGD(lr, momentum=beta)``: m' = beta m + g, w' = w - lr m'."""
        return cls(0.0, _lr(lr), _beta(beta))

    @classmethod
    def nesterov(cls, lr: float, beta: float) -> Method:
        """Nesterov (1983) with constant momentum, as PyTorch's ``nesterov=True``; w is the look-ahead point."""
        lr, beta = _lr(lr), _beta(beta)
        return cls(lr, lr * beta, beta)

    @classmethod
    def ema(cls, lr: float, beta: float) -> Method:
        """Momentum as an average (PyTorch's ``dampening=beta``): m' = beta m + (1-beta) g, w' = w - lr m'."""
        lr, beta = _lr(lr), _beta(beta)
        return cls(0.0, lr * (1 - beta), beta)

    @classmethod
    def qhm(cls, lr: float, nu: float, beta: float) -> Method:
        """Quasi-hyperbolic momentum (Ma & Yarats 2019): w' = w - lr [(1-nu) g + nu m'], m' the average."""
        lr, beta = _lr(lr), _beta(beta)
        nu = arguments.number("nu", nu)
        return cls(lr * (1 - nu), lr * nu * (1 - beta), beta)

    @classmethod
    def mass(cls, eta1: float, eta2: float, gamma: float) -> Method:
        """MaSS (Liu & Belkin 2020): w' = u - eta1 g, u' = (1+gamma) w' - gamma w + eta2 g, g at u; our w is its u."""
        eta1 = arguments.number("eta1", eta1, low=0.0)
        eta2 = arguments.number("eta2", eta2)
        gamma = arguments.number("gamma", gamma, low=0.0, below=1.0)
        return cls(eta1, gamma * eta1 - eta2, gamma)

    @classmethod
    def accsgd(cls, lr: float, kappa: float, xi: float, small_const: float = 0.7) -> Method:
        """AccSGD (Kidambi et al. 2018): lr, long-step ratio kappa >= 1, statistical advantage 0 < xi <= kappa/c^2."""
        lr = _lr(lr)
        c = arguments.number("small_const", small_const, above=0.0, high=1.0)
        kappa = arguments.number("kappa", kappa, low=1.0)
        xi = arguments.number("xi", xi, above=0.0, high=kappa / c**2)
        if not (kappa - c * c * xi) / (kappa + c * xi) < 1:
            arguments.refuse("kappa", kappa, "so small beside xi that the memory (kappa - c^2 xi)/(kappa + c xi) is below 1")
        return cls(lr, lr * c * xi * (c * xi - 1) / (kappa + c * xi), (kappa - c * c * xi) / (kappa + c * xi))

    @classmethod
    def jain(cls, alpha: float, beta: float, gamma: float, delta: float) -> Method:
        """ASGD of Jain et al. (2018), g at y: x' = y - delta g, v' = beta y + (1-beta) v - gamma g,
        y' = alpha x' + (1-alpha) v'; our w is its y, and its beta (> 0) is not our memory."""
        alpha = arguments.number("alpha", alpha, low=0.0, high=1.0)
        beta = arguments.number("beta", beta, above=0.0, high=1.0)
        gamma = arguments.number("gamma", gamma)
        delta = arguments.number("delta", delta, low=0.0)
        return cls(delta, (1 - alpha) * (gamma - delta), alpha * (1 - beta))

    # -- read-outs: the same method in other words --------------------------------------------------------------------
    def _repr_html_(self) -> str:
        return markup.table("Method", (), [("δ", self.delta), ("η", self.eta), ("β", self.beta),
                                           ("long-run step δ + η/(1−β)", self.long_run_step)])

    @property
    def long_run_step(self) -> float:
        """delta + eta/(1-beta): how far a constant gradient of size one moves w per step in the long run."""
        return self.delta + self.eta / (1 - self.beta)

    def as_torch(self, loss: str = "half") -> dict[str, Any]:
        """Keyword arguments of ``torch.optim.SGD`` (and, without ``dampening``, of ``optax.sgd``) for this method.

        Args:
            loss: ``"half"``: the gradient is that of (1/2)(y - x.w)^2, averaged over the batch, as in this book; ``"mse"``:
                that of (y - x.w)^2, as of ``torch.nn.MSELoss``, which is twice as large, so that the learning rate is half.

        Raises:
            ValueError: delta > 0 with another eta than delta beta: PyTorch's SGD has no such method; use
                ``mombook.torch.Momentum`` or ``as_qhm``. Another ``loss``.

        >>> Method.heavy_ball(lr=0.1, beta=0.9).as_torch(loss="mse")["lr"]
        0.05
        """
        if arguments.choice("loss", loss, LOSSES) == "mse":
            return self.for_loss("mse").as_torch()
        if self.beta == 0 or self.eta == 0:
            lr = self.delta + (self.eta if self.beta == 0 else 0.0)
            return {"lr": lr, "momentum": 0.0, "dampening": 0.0, "nesterov": False}
        if self.delta == 0:
            return {"lr": self.eta, "momentum": self.beta, "dampening": 0.0, "nesterov": False}
        if abs(self.eta - self.delta * self.beta) <= 1e-12 * abs(self.eta):
            return {"lr": self.delta, "momentum": self.beta, "dampening": 0.0, "nesterov": True}
        arguments.refuse("method", self, "SGD, heavy ball or Nesterov to be written as torch.optim.SGD; as_qhm(), "
                         "as_mass(), as_jain() and as_accsgd() write every method of the family")

    def for_loss(self, loss: str) -> Method:
        """The same iterates from the gradient of another loss: ``"half"`` is this method, ``"mse"`` has half its steps."""
        scale = LOSSES[arguments.choice("loss", loss, LOSSES)]
        return Method(self.delta * scale, self.eta * scale, self.beta)

    def as_qhm(self) -> dict[str, float]:
        """``lr, nu, beta`` of QHM. Raises ValueError where the long-run step is zero."""
        lr = self.long_run_step
        if lr == 0:
            arguments.refuse("method", self, "of non-zero long-run step to be written as QHM")
        return {"lr": lr, "nu": self.eta / (1 - self.beta) / lr, "beta": self.beta}

    def as_mass(self) -> dict[str, float]:
        """``eta1, eta2, gamma`` of MaSS."""
        return {"eta1": self.delta, "eta2": self.beta * self.delta - self.eta, "gamma": self.beta}

    def as_jain(self, small_const: float = 0.7) -> dict[str, float]:
        """``alpha, beta, gamma, delta`` of Jain et al.; of their one-parameter family the member that AccSGD uses,
        alpha = c/(c + beta)."""
        c = arguments.number("small_const", small_const, above=0.0, high=1.0)
        b = c * (1 - self.beta) / (c + self.beta)
        alpha = c / (c + b)
        return {"alpha": alpha, "beta": b, "gamma": self.delta + self.eta / (1 - alpha), "delta": self.delta}

    def as_accsgd(self, small_const: float = 0.7) -> dict[str, float]:
        """``lr, kappa, xi, small_const`` of AccSGD. Raises ValueError where delta = 0 (AccSGD always steps on g)."""
        c = arguments.number("small_const", small_const, above=0.0, high=1.0)
        if self.delta == 0:
            arguments.refuse("method", self, "of non-zero delta to be written as AccSGD")
        xi = (1 + self.eta / self.delta * (1 + c) / (1 - self.beta)) / c
        return {"lr": self.delta, "kappa": c * xi * ((1 + c) / (1 - self.beta) - 1), "xi": xi, "small_const": c}


def _lr(lr):
    return arguments.number("lr", lr, above=0.0)


def _beta(beta):
    return arguments.number("beta", beta, low=0.0, below=1.0)
