r"""The same method in the words of the libraries and papers that use it.

Everything is an exact reparametrisation of (method): the same iterates from the same gradients, step by step.
"""

from __future__ import annotations

from .. import arguments
from .method import Method


def dialects(method: Method) -> dict[str, str]:
    r"""How other libraries and papers would write this method, as text to copy.

    $$ m' = \beta m + g, \qquad w' = w - \delta\, g - \eta\, m' $$

    Args:
        method: a ``Method``.

    Returns:
        dict from the name of a convention to one line of text: a call for PyTorch and optax, the paper's letters for
        the others; a sentence beginning with ``cannot`` where the convention has no such method.

    Raises:
        ValueError: something else than a ``Method``.

    >>> print(dialects(Method.heavy_ball(lr=0.1, beta=0.9))["PyTorch"])
    torch.optim.SGD(params, lr=0.1, momentum=0.9)
    """
    arguments.instance("method", method, Method)
    return {name: _line(make, method) for name, make in _WRITERS.items()}


def _line(make, method):
    try:
        return make(method)
    except ValueError as refused:
        return f"cannot: {refused}"


def _torch(m):
    k = m.as_torch()
    flag = ", nesterov=True" if k["nesterov"] else ""
    return f"torch.optim.SGD(params, lr={k['lr']!r}, momentum={k['momentum']!r}{flag})"


def _optax(m):
    k = m.as_torch()
    flag = ", nesterov=True" if k["nesterov"] else ""
    return f"optax.sgd(learning_rate={k['lr']!r}, momentum={k['momentum']!r}{flag})"


def _polyak(m):
    if m.delta != 0 and m.eta != 0:
        arguments.refuse("method", m, "heavy ball (delta = 0) to be written in two points")
    lr, beta = (m.delta, 0.0) if m.eta == 0 else (m.eta, m.beta)
    return f"w[t+1] = w[t] - {lr!r} * g(w[t]) + {beta!r} * (w[t] - w[t-1])"


def _nesterov(m):
    k = m.as_torch()
    if k["momentum"] and not k["nesterov"]:
        arguments.refuse("method", m, "of eta = beta delta to be written as Nesterov's two sequences")
    return f"x[t+1] = y[t] - {k['lr']!r} * g(y[t]); y[t+1] = x[t+1] + {k['momentum']!r} * (x[t+1] - x[t])"


def _letters(parameters):
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items())


_WRITERS = {
    "PyTorch": _torch,
    "optax": _optax,
    "Polyak": _polyak,
    "Nesterov": _nesterov,
    "QHM": lambda m: _letters(m.as_qhm()),
    "MaSS": lambda m: _letters(m.as_mass()),
    "Jain et al.": lambda m: _letters(m.as_jain()),
    "AccSGD": lambda m: _letters(m.as_accsgd()),
}
