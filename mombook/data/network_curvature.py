r"""A network near its present weights as a problem of this book: spectrum, noise and start, by products alone.

With f_i(w) the outputs for sample i, J_i their Jacobian and l_i the loss of the outputs, the loss is near w

$$ L(w+s) \approx L(w) + g\cdot s + \tfrac12\,s\cdot Gs, \qquad
   G = \frac1n\sum_i K_i, \quad K_i = J_i^\top\,\nabla^2 l_i\,J_i \tag{network-curvature} $$

G is never formed: its products are one forward and one backward pass. Its spectrum and that of the gradient in it are those of
Lanczos quadrature, (lanczos), whose basis also has the step e that leads to the least value of this quadratic. The noise of the
samples' gradients g_i is measured at both ends of that step, where the gradients of the quadratic are g_i and g_i - K_i e:

$$ \sigma^2\,\mathrm{tr}\,G = E|g_i - K_ie|^2 - |g - Ge|^2, \qquad
   E|g_i|^2 - |g|^2 = \tau\,(2R\,\mathrm{tr}\,G + |g|^2) + \sigma^2\,\mathrm{tr}\,G, \qquad Ge = g, \quad R = \tfrac12\,g\cdot e
   \tag{network-noise} $$

So tau is the noise factor where the risk is, not a mean over all directions. For one output, half the squared error and
Gaussian inputs, tau is 1 and sigma^2 is the variance of the labels. This module needs PyTorch, which mombook does not install.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import arguments
from ..arrays import Floats
from ..model.spectrum import Spectrum
from .estimate import lanczos, spectrum_of
from .fourth_moments import Inputs

try:
    import torch
except ImportError:                                                     # the module can be read; nothing in it can be called
    torch: Any = None  # type: ignore[no-redef]

LEAST = 1e-6
"""Eigenvalues below this share of the largest count as zero: single precision does not have them."""

RATIO = 1.1
"""Eigenvalues within this factor become one."""


class GaussNewton:
    """The loss of a network on some samples at its present weights, by products.

    Args:
        net: a ``torch.nn.Module``; its parameters that require a gradient are the weights, in one array of length d.
        loss: of outputs and labels, the mean over samples, as ``torch.nn.CrossEntropyLoss()``.
        inputs, labels: tensors, one sample for each entry of their first axis.

    Raises:
        ImportError: PyTorch is missing. ValueError: a net of another kind, without weights, or with an infinite loss.
    """

    def __init__(self, net: Any, loss: Callable[[Any, Any], Any], inputs: Any, labels: Any) -> None:
        if torch is None:
            raise ImportError("mombook.data.network_curvature needs PyTorch, which is missing: pip install torch.")
        if not isinstance(net, torch.nn.Module):
            arguments.refuse("net", net, "a torch.nn.Module")
        self.weights = {name: p.detach() for name, p in net.named_parameters() if p.requires_grad}
        if not self.weights:
            arguments.refuse("net", net, "a module with weights that require a gradient")
        self.loss, self.inputs, self.labels, self.n = loss, inputs, labels, len(inputs)
        self.outputs = lambda weights, x: torch.func.functional_call(net, weights, (x,))
        self.d = sum(p.numel() for p in self.weights.values())
        fixed = self.outputs(self.weights, inputs).detach()
        self.value = float(loss(fixed, labels))
        if not np.isfinite(self.value):
            arguments.refuse("net", self.value, "one whose loss on these samples is finite")
        self._slope = torch.func.grad(lambda f: loss(f, labels))         # of the loss in the outputs; of all samples at once
        self._fixed, self._pull = fixed, torch.func.vjp(lambda w: self.outputs(w, inputs), self.weights)[1]

    def gradient(self) -> Floats:
        """g, shape ``(d,)``."""
        return self._flat(self._pull(self._slope(self._fixed))[0])

    def product(self, v: Floats) -> Floats:
        """G v of (network-curvature), shape ``(d,)``."""
        return self._flat(self._pull(self._bent(v))[0])

    def gradient_squares(self, step: Floats | None = None) -> Floats:
        """|g_i|^2 of every sample, shape ``(n,)``; after a step of shape ``(d,)``, |g_i + K_i step|^2."""
        slope = self._slope(self._fixed)
        return self._squares(self.n * (slope if step is None else slope + self._bent(step)))

    def _bent(self, v):
        """The second derivative of the loss in the outputs, times what v moves them by."""
        moved = torch.func.jvp(lambda w: self.outputs(w, self.inputs), (self.weights,), (self._like(v),))[1]
        return torch.func.jvp(self._slope, (self._fixed,), (moved,))[1]

    def _squares(self, pulls):
        """|J_i^T u_i|^2 for a u_i of every sample, some samples at a time."""
        def one(x, u):
            back = torch.func.vjp(lambda w: self.outputs(w, x[None])[0], self.weights)[1](u)[0]
            return sum((b**2).sum() for b in back.values())

        found = torch.func.vmap(one, chunk_size=max(1, 20_000_000 // self.d))(self.inputs, pulls)
        return found.detach().numpy().astype(float)

    def _flat(self, parts):
        return torch.cat([parts[name].detach().reshape(-1) for name in self.weights]).numpy().astype(float)

    def _like(self, v):
        first = next(iter(self.weights.values()))
        pieces = torch.as_tensor(v, dtype=first.dtype).split([p.numel() for p in self.weights.values()])
        return {name: piece.reshape(p.shape) for (name, p), piece in zip(self.weights.items(), pieces, strict=True)}


@dataclass(frozen=True, eq=False)
class Curvature:
    """What ``measure`` found; ``mombook.advise(found.inputs, share, found.noise, start=found.start, loss="half")`` uses it.

    Attributes:
        inputs: the spectrum of G and tau of (network-noise), as ``fourth_moments.Inputs``.
        start: E e_i^2 for each of its eigenvalues, so that the gradient is that of the network, shape ``(k,)``.
        noise: sigma of (network-noise), what is left of the noise at the least value of the quadratic.
        excess: R, by how much the quadratic's least value is below the loss.
        loss, square_gradient: L and |g|^2.
        noise_trace: E|g_i|^2 - |g|^2.
    """

    inputs: Inputs
    start: Floats
    noise: float
    excess: float
    loss: float
    square_gradient: float
    noise_trace: float

    @property
    def simple_noise_scale(self) -> float:
        """The trace of the noise over |g|^2: B_simple of (noise-scale)."""
        return self.noise_trace / self.square_gradient


def measure(net: Any, loss: Callable[[Any, Any], Any], inputs: Any, labels: Any, rng: np.random.Generator, steps: int = 60,
            probes: int = 6) -> Curvature:
    """Spectrum, noise and start of a network at its present weights, all of (network-curvature) and (network-noise).

    Args:
        net, loss, inputs, labels: as ``GaussNewton``.
        rng: a ``numpy.random.Generator``; steps: of Lanczos; probes: random starts, for the spectrum.

    Returns:
        A ``Curvature``. What the gradient has in directions that Lanczos does not resolve, or below 1e-6 of the largest
        eigenvalue, is left out: ``excess`` is then what so many steps of conjugate gradients would gain at most.
        Train some steps before measuring. Near the end of a fit take half the advised steps: a sample that a step gets
        wrong has more curvature than was measured (``benchmarks/networks.md``).

    Raises:
        ImportError: PyTorch is missing. ValueError: an argument of the wrong kind or out of range.
    """
    problem = GaussNewton(net, loss, inputs, labels)
    arguments.generator("rng", rng)
    steps = min(arguments.whole("steps", steps, low=1), problem.d)
    probes = arguments.whole("probes", probes, low=1, high=10_000)
    g = problem.gradient()
    square, spread = float(g @ g), _noise(problem, np.zeros_like(g))
    seen = spectrum_of(problem.product, problem.d, rng, steps, probes, LEAST)
    theta, U, V = lanczos(problem.product, g, steps)
    keep = theta > LEAST * seen.largest
    theta, U = theta[keep], U[:, keep]
    left = _noise(problem, -square**0.5 * (U[0] / theta) @ U.T @ V)
    H, start = _joined(seen, theta, U[0] ** 2 * square)
    excess = float(H.counts @ (H.eigenvalues * start)) / 2
    tau = max((spread - left) / (2 * excess * seen.trace + square), 1e-3)
    return Curvature(Inputs(H, tau), start, (left / seen.trace) ** 0.5, excess, problem.value, square, spread)


def _noise(problem, step):
    """The trace of the covariance of the samples' gradients after a step, by the quadratic."""
    g = problem.gradient() + problem.product(step)
    return max(float(np.mean(problem.gradient_squares(step)) - g @ g), 0.0)


def _joined(seen, nodes, mass):
    """The spectrum with eigenvalues within ``RATIO`` as one, and E e_i^2 of a gradient whose square has this mass at nodes."""
    place = lambda lam: np.round(np.log(lam) / np.log(RATIO)).astype(int)  # noqa: E731
    bins = np.unique(place(seen.eigenvalues))
    at = np.searchsorted(bins, place(seen.eigenvalues))
    counts = np.bincount(at, seen.counts)
    lam = np.bincount(at, seen.counts * seen.eigenvalues) / counts
    near = np.abs(np.log(nodes)[:, None] - np.log(lam)).argmin(axis=1)
    # the risk (1/2) lam e^2 of every node stays what it is, g^2/(2 lam), wherever it is put
    start = np.bincount(near, mass / nodes, lam.size) / (counts * lam)
    H = Spectrum(lam[::-1], counts[::-1], "a network")
    return H, start[::-1]
