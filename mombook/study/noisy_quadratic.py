"""The noisy quadratic model of Zhang et al. (2019): fewest steps to a risk, tuned freely and over the authors' own grid.

Its gradient noise is additive, of covariance H/B. Least squares at a batch and a noise variance that grow together tends to the
same, which gives a second way through the engine: ``mb.tune_steps(H, family, B * many, target, noise=many**0.5)``.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .. import arguments
from ..arrays import Floats, Vector
from ..exact import additive
from ..model.family import FAMILIES
from ..model.spectrum import Spectrum

TARGET = 0.01
"""The risk to reach in the published figure."""

DIRECTIONS = 10_000
"""Eigenvalues 1/i, each with E e_i^2 = 1 at the start."""

ZOOMS = 8
"""How often the search lays a grid of 9 by 9 about the best method so far, each time of two thirds the width."""


def spectrum() -> Spectrum:
    """The published spectrum in some fifty entries."""
    return Spectrum.power_law(DIRECTIONS, 1.0).compressed(1)


def tuned_steps(H: Spectrum, family: str, batches: Vector, target: float = TARGET,
                noise: float = 1.0) -> tuple[Floats, Floats, Floats]:
    """Fewest steps to a risk under additive noise, and the parameters: a grid, zoomed in on the best point at every batch.

    Args:
        H: a ``Spectrum``; family: ``"sgd"``, ``"heavy_ball"`` or ``"nesterov"`` (one learning rate); batches: ``(m,)``.
        target: risk to reach; noise: standard deviation of the label noise.

    Returns:
        steps ``(m,)``, learning rates ``(m,)`` and momenta ``(m,)``.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> steps, lr, beta = tuned_steps(Spectrum.power_law(100, 1.0).compressed(2), "sgd", [4.0, 1e6])
    >>> bool(steps[0] > steps[1]), bool(lr[0] < lr[1])
    (True, True)
    """
    arguments.instance("H", H, Spectrum)
    arguments.choice("family", family, ("sgd", "heavy_ball", "nesterov"))
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    remembers = FAMILIES[family].row[4] > 0
    steps = np.linspace(np.log(3e-3), np.log(3e3), 48) - np.log(H.largest)     # log of the long-run step, and of 1 - beta
    memories = np.linspace(np.log(1e-6), np.log(0.9), 30) if remembers else np.zeros(1)
    found = _on_grid(H, family, steps, memories, batches, target, noise)
    for m, batch in enumerate(batches):
        width = np.array([steps[1] - steps[0], memories[1] - memories[0] if remembers else 0.0])
        for _ in range(ZOOMS):
            near = [found[m][k + 1] + width[k] * np.linspace(-1, 1, 9 if width[k] else 1) for k in (0, 1)]
            found[m] = min(found[m], _on_grid(H, family, near[0], near[1], [batch], target, noise)[0])
            width = width / 1.5
    fewest, h, log_eps = np.array(found).T
    return fewest, *_learning_rate(family, h, log_eps)


def _on_grid(H, family, steps, memories, batches, target, noise):
    """The best point of a grid at every batch: (steps, log long-run step, log(1 - beta))."""
    h, log_eps = (v.ravel() for v in np.meshgrid(steps, memories))
    taken = additive.steps_to(H, *_parameters(family, *_learning_rate(family, h, log_eps)), batches, target, noise)
    best = taken.argmin(1)
    return [(taken[m, k], h[k], log_eps[k]) for m, k in enumerate(best)]


def _learning_rate(family, log_step, log_eps):
    """Learning rate and momentum of a family at a long-run step and a memory, both in logarithms."""
    own, _, eta0, eta_beta, _, _ = FAMILIES[family].row
    beta = 1 - np.exp(log_eps)
    return np.exp(log_step) / (own + (eta0 + eta_beta * beta) / (1 - beta)), beta


def _parameters(family, lr, beta):
    own, _, eta0, eta_beta, _, _ = FAMILIES[family].row
    return own * lr, (eta0 + eta_beta * beta) * lr, beta


@lru_cache(maxsize=8)
def tuned_curve(family: str) -> Floats:
    """Batches 2^2, 2^4, ... 2^20 of the published figure, and the fewest steps at each of them: a curve ``(2, 10)``."""
    batches = 2.0 ** np.arange(2, 22, 2)
    return np.array([batches, tuned_steps(spectrum(), family, batches)[0]])


# -- the authors' own search ---------------------------------------------------------------------------------------------
def published_spectrum(bins: int = 100) -> Spectrum:
    """1/i for i up to 10^4 in 100 bins, each eigenvalue at the lower edge of its bin, as the authors' notebook has it.

    >>> bool(published_spectrum().trace < Spectrum.power_law(DIRECTIONS, 1.0).trace)
    True
    """
    exact = 1 / np.arange(1, DIRECTIONS + 1)
    edges = np.geomspace(exact[0], exact[-1], bins)
    place = np.searchsorted(-edges, -exact * (1 + 1e-12))               # the first edge not above the eigenvalue
    counts = np.bincount(np.minimum(place, bins - 1), minlength=bins)
    return Spectrum(edges[counts > 0], counts[counts > 0].astype(float))


@lru_cache(maxsize=8)
def published_search(family: str, batches: tuple[float, ...]) -> Floats:
    """Fewest steps over the authors' grid of learning rates (100) and, for heavy ball, momenta (20), on their bins.

    Args:
        family: ``"sgd"`` or ``"heavy_ball"``; batches: a tuple.

    Returns:
        Whole steps, array ``(m,)``: the last step above the target, as their search by halves counts.

    Raises:
        ValueError: another family.
    """
    arguments.choice("family", family, ("sgd", "heavy_ball"))
    H, batches = published_spectrum(), np.asarray(batches, float)
    rates = np.logspace(-5, 0.5, 100) if family == "sgd" else np.logspace(-8, 1, 100)
    fewest = np.full(batches.size, np.inf)
    for beta in [0.0] if family == "sgd" else 1 - np.logspace(-5, 0, 20):
        lr = rates[(rates < 2 * (1 + beta) / H.largest) & (rates > 1e-3 * (1 - beta))]
        delta, eta, betas = _parameters(family, lr, np.full(lr.size, beta))
        taken = additive.steps_to(H, delta, eta, betas, batches, TARGET)
        fewest = np.minimum(fewest, np.floor(taken).min(1, initial=np.inf))
    return np.maximum(fewest, 1.0)
