r"""The whole family (method) as an optax ``GradientTransformation``.

$$ m' = \beta m + g, \qquad w' = w - \delta\, g - \eta\, m' $$

optax's own ``sgd`` is this with delta = 0 (heavy ball), or with eta = beta delta (``nesterov=True``); ASGD needs both steps.
This module alone needs optax and JAX, which mombook does not install.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from . import arguments
from .model.method import Method

try:
    import jax
    import optax
except ImportError:                                                     # the module can be read; its functions cannot be used
    jax: Any = None  # type: ignore[no-redef]
    optax: Any = None  # type: ignore[no-redef]


class MomentumState(NamedTuple):
    """The buffer m of every parameter, a tree like that of the parameters."""

    buffer: Any


def momentum(delta: float, eta: float = 0.0, beta: float = 0.0, weight_decay: float = 0.0) -> Any:
    """``Method`` for a tree of parameters.

    Args:
        delta: step on the fresh gradient; eta: step on the buffer; beta: memory of the buffer, in [0, 1).
        weight_decay: r >= 0, added to the gradient as r w; ``update`` then needs the parameters.

    Returns:
        ``optax.GradientTransformation``, to be used as ``optax.sgd`` is: alone, in ``optax.chain``, under ``jax.jit``. Its
        buffer begins at zero, in the type of the parameters.

    Raises:
        ImportError: optax is missing.
        ValueError: beta outside [0, 1), a negative weight decay, or a parameter that is not a finite number.
    """
    if optax is None:
        raise ImportError("mombook.optax.momentum needs optax, which is missing: pip install optax.")
    method, decay = Method(delta, eta, beta), arguments.number("weight_decay", weight_decay, low=0.0)

    def init(params: Any) -> MomentumState:
        return MomentumState(jax.tree.map(jax.numpy.zeros_like, params))

    def change(updates: Any, state: MomentumState, params: Any = None) -> tuple[Any, MomentumState]:
        if decay:
            if params is None:
                arguments.refuse("params", None, "given to update where there is a weight decay")
            updates = jax.tree.map(lambda g, w: g + decay * w, updates, params)
        buffer = jax.tree.map(lambda g, m: method.beta * m + g, updates, state.buffer)                  # (method)
        return jax.tree.map(lambda g, m: -method.delta * g - method.eta * m, updates, buffer), MomentumState(buffer)

    return optax.GradientTransformation(init, change)


def of(method: Method, weight_decay: float = 0.0) -> Any:
    """The transformation of a ``Method``, whose steps belong to the gradient that will be given."""
    m = arguments.instance("method", method, Method)
    return momentum(m.delta, m.eta, m.beta, weight_decay)
