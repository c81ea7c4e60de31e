r"""The whole family (method) as a ``torch.optim.Optimizer``.

$$ m' = \beta m + g, \qquad w' = w - \delta\, g - \eta\, m' $$

PyTorch's own SGD is this with delta = 0 (heavy ball), or with eta = beta delta (``nesterov=True``); ASGD needs both steps free.
This module alone needs PyTorch, which mombook does not install.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import arguments
from .model.method import Method

try:
    import torch
    from torch.optim import Optimizer
except ImportError:                                                     # the module can be read; the class cannot be used
    torch: Any = None  # type: ignore[no-redef]
    Optimizer = object


class Momentum(Optimizer):  # type: ignore[misc,unused-ignore]
    """``Method`` for the parameters of a network.

    Args:
        params: tensors or parameter groups, as every PyTorch optimizer takes them. A group may have its own ``delta``,
            ``eta``, ``beta`` and ``weight_decay``.
        delta: step on the fresh gradient; eta: step on the buffer; beta: memory of the buffer, in [0, 1).
        weight_decay: r >= 0, added to the gradient as r w.
        foreach: update all tensors of a group in one call each (the default), or one by one.

    Raises:
        ImportError: PyTorch is missing.
        ValueError: beta outside [0, 1), a negative weight decay, or a parameter that is not a finite number.

    As PyTorch's, the buffer begins at the first gradient. ``state_dict`` and ``load_state_dict`` keep it.
    """

    def __init__(self, params: Iterable[Any], delta: float, eta: float = 0.0, beta: float = 0.0, weight_decay: float = 0.0, *,
                 foreach: bool = True) -> None:
        if torch is None:
            raise ImportError("mombook.torch.Momentum needs PyTorch, which is missing: pip install torch.")
        _check(delta, eta, beta, weight_decay)
        super().__init__(params, {"delta": delta, "eta": eta, "beta": beta, "weight_decay": weight_decay,
                                  "foreach": arguments.flag("foreach", foreach)})
        for group in self.param_groups:
            _check(*(group[name] for name in ("delta", "eta", "beta", "weight_decay")))

    @classmethod
    def of(cls, params: Iterable[Any], method: Method, weight_decay: float = 0.0, *, foreach: bool = True) -> Momentum:
        """The optimizer of a ``Method``, whose steps belong to the gradient that will be given."""
        m = arguments.instance("method", method, Method)
        return cls(params, m.delta, m.eta, m.beta, weight_decay, foreach=foreach)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every parameter that has a gradient; returns what ``closure`` returns, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            for group in self.param_groups:
                with_gradient = [p for p in group["params"] if p.grad is not None]
                if any(p.grad.is_sparse for p in with_gradient):
                    raise RuntimeError("Momentum does not take sparse gradients.")
                if group["foreach"] and with_gradient:
                    self._together(group, with_gradient)
                elif with_gradient:
                    for p in with_gradient:
                        self._together(group, [p])
        return loss

    def _together(self, group, params):
        """(method) for some tensors at once; a buffer that is not there yet is zero."""
        grads = [p.grad for p in params]
        if group["weight_decay"]:
            grads = torch._foreach_add(grads, params, alpha=group["weight_decay"])
        if group["eta"]:
            for p in params:
                if "buffer" not in self.state[p]:
                    self.state[p]["buffer"] = torch.zeros_like(p, memory_format=torch.preserve_format)
            buffers = [self.state[p]["buffer"] for p in params]
            torch._foreach_mul_(buffers, group["beta"])
            torch._foreach_add_(buffers, grads)
            torch._foreach_add_(params, buffers, alpha=-group["eta"])
        if group["delta"]:
            torch._foreach_add_(params, grads, alpha=-group["delta"])


def _check(delta, eta, beta, weight_decay):
    Method(delta, eta, beta)
    arguments.number("weight_decay", weight_decay, low=0.0)
