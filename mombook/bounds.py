r"""The theorems of the book as data: one function a theorem, in closed form, with its assumptions.

Every function takes a batch size or an array of them and returns a ``Bound``. The constants are this book's; the papers
state the scalings. Throughout mu and L are the extreme eigenvalues, tr the trace, kappa = L/mu, and *gap* is
1 - rho of the second moment (loss rate, per step).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import arguments, markup
from .arrays import Bools, Floats, Side
from .model.method import Method
from .model.spectrum import Spectrum


@dataclass(frozen=True)
class Bound:
    """A bound on the contraction gap.

    Attributes:
        value: the bound, a float or an array over batches; ``nan`` where the theorem does not apply.
        kind: ``"upper"`` or ``"lower"``.
        holds: whether every assumption is met (a bool, or an array over batches).
        assumptions: mapping of a sentence to whether it is met.
        reference: where it is proved.
        method: for a lower bound, the ``Method`` (or list of them) that achieves it.
    """

    value: float | Floats
    kind: Side
    assumptions: dict[str, Any] = field(default_factory=dict)
    reference: str = ""
    method: Method | list[Method] | None = None

    @property
    def holds(self) -> bool | Bools:
        met = np.logical_and.reduce(np.broadcast_arrays(True, *self.assumptions.values()))
        return bool(met) if np.ndim(met) == 0 else met

    def _repr_html_(self) -> str:
        values = np.atleast_1d(self.value)
        rows = [(f"value {i + 1}" if values.size > 1 else "value", values[i]) for i in markup.some(values.size)]
        for assumption, met in self.assumptions.items():
            met = np.broadcast_to(met, values.shape)
            rows.append((f"Assumed: {assumption}", "met" if met.all() else "not met" if not met.any() else
                         f"met at {met.sum()} of {met.size}"))
        return markup.table(f"{self.kind.capitalize()} bound on the contraction gap", (),
                            [*rows, ("proved in", self.reference)], markup.left_out(values.size))


_GAUSSIAN = {"Gaussian inputs, fresh samples at every step": True, "no label noise (the rate is its own)": True}


def sgd_gap(spectrum: Spectrum, batch: ArrayLike, kind: Side = "upper") -> Bound:
    r"""T1: the best contraction gap of SGD, from both sides.

    $$ \frac{B\mu}{\mathrm{tr} + (B+1)L} \;\le\; \mathrm{gap}^* \;\le\; \frac{4y}{(1+y)^2}, \qquad
       y = \min\Bigl(\frac{B\mu}{\mathrm{tr}}, \frac1\kappa\Bigr) \tag{T1} $$

    Holds for any spectrum and batch. The upper side bends at exactly B = tr/L.

    Args:
        spectrum: a ``Spectrum``; batch: >= 1, a number or an array; kind: ``"upper"`` or ``"lower"``.

    Kind: upper and lower; the lower is reached by lr = B/(tr + (B+1) L).
    Reference: this book, notebook 02, (T1); upper side as (T2) with beta = 0.

    >>> H = Spectrum.flat(10)
    >>> round(sgd_gap(H, 4, "lower").value, 12) == round(4 / 15, 12)      # tight for a flat spectrum
    True
    """
    mu, L, tr, kappa, B = _letters(spectrum, batch)
    if arguments.choice("kind", kind, ("upper", "lower")) == "lower":
        lr = B / (tr + (B + 1) * L)
        return Bound(lr * mu, "lower", dict(_GAUSSIAN), "this book, notebook 02, (T1)", _each(Method.sgd, lr))
    return Bound(_rate(np.minimum(B * mu / tr, 1 / kappa)), "upper", dict(_GAUSSIAN), "this book, notebook 02, (T1)")


def heavy_ball_gap(spectrum: Spectrum, batch: ArrayLike, kind: Side = "upper") -> Bound:
    r"""T2 and T3: heavy ball does not raise the frontier, and keeps it over a window sqrt(kappa) wider.

    $$ \mathrm{gap} \;\le\; (1+\sqrt\rho)^2\,\frac{B\mu}{\mathrm{tr}}
       \quad\Longrightarrow\quad \mathrm{gap} \le \frac{4y}{(1+y)^2}, \quad
       y = \min\Bigl(\frac{B\mu}{\mathrm{tr}}, \frac1{\sqrt\kappa}\Bigr) \tag{T2} $$

    $$ \varepsilon = \min\Bigl(\frac{B\mu}{\mathrm{tr}+L}, \frac1{\sqrt\kappa}\Bigr),\quad
       \beta = 1-\varepsilon,\quad \eta = \frac{\varepsilon^2}{2\mu}
       \quad\Longrightarrow\quad \mathrm{gap} \ge \varepsilon/2 \tag{T3} $$

    Holds for any spectrum and batch, and the upper side for any eta > 0, 0 <= beta < 1. It bends at exactly
    B = sqrt(kappa) tr/L: sqrt(kappa) times as far as SGD's. In small batches the upper side is 4 B mu/tr to first order, and
    4 is the best constant (top eigenvalue of large multiplicity). The lower side is an equality for one weight at B = 2.
    The two sides differ by at most 8 (1 + L/tr) <= 16, and by at most 8 once the momentum is 1 - 1/sqrt(kappa).

    Args:
        spectrum: a ``Spectrum``; batch: >= 1, a number or an array; kind: ``"upper"`` or ``"lower"``.

    Kind: upper and lower.
    Reference: this book, notebook 03, (T2) and (T3); the scaling of T3 is Garg & Derezinski 2026.

    >>> heavy_ball_gap(Spectrum.flat(1), 2, "lower").value                # one weight, B = 2: exact
    0.5
    """
    mu, L, tr, kappa, B = _letters(spectrum, batch)
    if arguments.choice("kind", kind, ("upper", "lower")) == "lower":
        eps, beta = _memory(np.minimum(B * mu / (tr + L), 1 / np.sqrt(kappa)))
        return Bound(_plain(eps / 2, B), "lower", dict(_GAUSSIAN), "this book, notebook 03, (T3)",
                     _each(Method.heavy_ball, eps**2 / (2 * mu), beta))
    return Bound(_rate(np.minimum(B * mu / tr, 1 / np.sqrt(kappa))), "upper", dict(_GAUSSIAN),
                 "this book, notebook 03, (T2) with (T4)")


def nesterov_gap(spectrum: Spectrum, batch: ArrayLike, kind: Side = "lower") -> Bound:
    r"""A guarantee for Nesterov's method with the learning rate and the momentum tied to each other.

    $$ \varepsilon = \min\Bigl(\frac{B\mu}{\mathrm{tr}+L}, \frac1{\sqrt\kappa}\Bigr),\quad
       \beta = 1-\varepsilon,\quad \mathrm{lr} = \frac{\varepsilon^2}{2\mu}
       \quad\Longrightarrow\quad \mathrm{gap} \ge \varepsilon/2 \tag{nesterov-guarantee} $$

    Holds for any spectrum and batch: the gap grows in proportion to the batch up to B = (tr + L)/(mu sqrt(kappa)). The
    momentum is beta = 1 - sqrt(2 mu lr). An equality for one weight at B = 2. For upper bounds see ``two_buffer_gap``.

    Args:
        spectrum: a ``Spectrum``; batch: >= 1, a number or an array; kind: ``"lower"``.

    Kind: lower.
    Reference: this book, notebook 03, (nesterov-guarantee); the scaling is Garg & Derezinski 2026.

    >>> H = Spectrum.power_law(100, 1.5)
    >>> nesterov_gap(H, 8).value == heavy_ball_gap(H, 8, "lower").value       # the same guarantee, another method
    True
    """
    mu, L, tr, kappa, B = _letters(spectrum, batch)
    arguments.choice("kind", kind, ("lower",))
    eps, beta = _memory(np.minimum(B * mu / (tr + L), 1 / np.sqrt(kappa)))
    return Bound(_plain(eps / 2, B), "lower", dict(_GAUSSIAN), "this book, notebook 03, (nesterov-guarantee)",
                 _each(Method.nesterov, eps**2 / (2 * mu), beta))


def deterministic_gap(spectrum: Spectrum) -> Bound:
    r"""T4: no method of the family contracts faster than tuned heavy ball without noise.

    $$ \mathrm{gap} \le 1 - \Bigl(\frac{\sqrt\kappa-1}{\sqrt\kappa+1}\Bigr)^2 = \frac{4/\sqrt\kappa}{(1+1/\sqrt\kappa)^2}
       \tag{T4} $$

    Holds for every method (delta, eta, beta) of the family, of any signs, at every batch size and for any inputs.

    Args:
        spectrum: a ``Spectrum``.

    Kind: upper. Reference: Polyak 1964; for the family, this book, notebook 03, (T4).
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    return Bound(float(_rate(1 / np.sqrt(spectrum.kappa))), "upper", {}, "Polyak 1964; this book, notebook 03, (T4)")


def two_buffer_gap(spectrum: Spectrum, batch: ArrayLike, kind: Side = "upper") -> Bound:
    r"""T5 and T7: what the whole family can reach, and what it does reach.

    With $N(\ell) = \sum \lambda/(\lambda+\ell)$ and $T(\ell) = \sum \lambda^2/(\lambda+\ell)$:

    $$ \mathrm{gap} \;\le\; \max_{\ell>0}\,\min\Bigl\{2B\sqrt{\tfrac{\mu}{N T}},\; \tfrac{4B\mu}{\ell N},\;
       4\sqrt{\tfrac{B}{\kappa N}}\Bigr\} \tag{T5} $$

    and never above (T4). Holds for any spectrum and batch, and any method (delta, eta, beta) of the family, of any signs. The
    maximum is where the second term crosses one of the others:

    $$ \mathrm{gap} \;\le\; \frac{4B\mu}{\ell_\star N(\ell_\star)}, \qquad \ell_\star = \max(\ell_1, \ell_2), \quad
       \ell_1^2\,\frac{N(\ell_1)}{T(\ell_1)} = 4\mu, \quad \ell_2^2\,N(\ell_2) = B\mu L \tag{linear-window} $$

    The lower side, with $N_\ell = N(\ell) + L/(L+\ell)$:

    $$ \delta = \min\Bigl(\frac{B}{3(\mathrm{tr}+L)}, \frac1{4L}\Bigr),\quad
       \varepsilon_\star^2 N_{\varepsilon_\star/\delta} = \tfrac23 B\mu\delta,\quad
       \varepsilon = \min\Bigl(\varepsilon_\star, \frac1{1+\sqrt\kappa}\Bigr),\quad
       \eta = \frac{\varepsilon^2}{2\mu},\quad \beta = 1-\varepsilon
       \quad\Longrightarrow\quad \mathrm{gap} \ge \varepsilon/2 \tag{T7} $$

    The two sides differ by less than 30 for every spectrum and batch.

    Args:
        spectrum: a ``Spectrum``; batch: >= 1, a number or an array; kind: ``"upper"`` or ``"lower"``.

    Kind: upper and lower.
    Reference: this book, notebook 05, (T5) and (T7).

    >>> H = Spectrum.power_law(100, 1.5)
    >>> low, high = two_buffer_gap(H, 1, "lower"), two_buffer_gap(H, 1)
    >>> 1 < high.value / low.value < 30
    True
    """
    if arguments.choice("kind", kind, ("upper", "lower")) == "lower":
        return _two_buffer_lower(spectrum, batch)
    mu, L, tr, kappa, B = _letters(spectrum, batch)
    ell = np.maximum(_level(spectrum, lambda ell, N: ell**2 * N / (tr - ell * N), 4 * mu),
                     _level(spectrum, lambda ell, N: ell**2 * N, B * mu * L))
    value = np.minimum(4 * B * mu / (ell * _dimension(spectrum, ell)), _rate(1 / np.sqrt(kappa)))
    return Bound(_plain(value, B), "upper", dict(_GAUSSIAN), "this book, notebook 05, (T5)")


def _two_buffer_lower(spectrum, batch):
    """(T7), with the level eps*/delta as the unknown."""
    mu, L, tr, kappa, B = _letters(spectrum, batch)
    delta = np.minimum(B / (3 * (tr + L)), 1 / (4 * L))
    ell = _level(spectrum, lambda ell, N: ell**2 * (N + L / (L + ell)), 2 / 3 * B * mu / delta)
    eps, beta = _memory(np.minimum(ell * delta, 1 / (1 + np.sqrt(kappa))))
    return Bound(_plain(eps / 2, B), "lower", dict(_GAUSSIAN), "this book, notebook 05, (T7)",
                 _each(Method, delta, eps**2 / (2 * mu), beta))


def mass_gap(spectrum: Spectrum, batch: ArrayLike) -> Bound:
    r"""T6: MaSS reaches this much.

    $$ \mathrm{gap} \ge \frac{1}{\sqrt{\kappa_B\,\tilde\kappa_B}}, \qquad
       \kappa_B = \frac{\mathrm{tr}+(B+1)L}{B\mu}, \quad \tilde\kappa_B = \frac{d+1+B}{B} \tag{T6} $$

    Holds for any spectrum and batch; multiplicities count in d.

    Args:
        spectrum: a ``Spectrum``; batch: >= 1, a number or an array.

    Kind: lower. Reference: Liu & Belkin 2020, Theorem 2; constants for Gaussian inputs, this book, notebook 05, (T6).
    """
    mu, L, tr, _, B = _letters(spectrum, batch)
    kappa_B, kt_B = (tr + (B + 1) * L) / (B * mu), (spectrum.dim + 1 + B) / B
    K = np.sqrt(kappa_B * kt_B)
    eta1 = 1 / (mu * kappa_B)
    eta2 = eta1 * K / (K + 1) * (1 - 1 / kt_B)
    return Bound(1 / K, "lower", dict(_GAUSSIAN), "Liu & Belkin 2020, Theorem 2; this book, notebook 05, (T6)",
                 _each(Method.mass, eta1, eta2, (K - 1) / (K + 1)))


def bend(spectrum: Spectrum, family: str) -> float:
    """The batch at which the family's upper bound stops growing: tr/L for SGD, sqrt(kappa) tr/L for heavy ball."""
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.choice("family", family, ("sgd", "heavy_ball"))
    return spectrum.trace / spectrum.largest * (np.sqrt(spectrum.kappa) if family == "heavy_ball" else 1.0)


def _rate(y):
    """The gap 4y/(1+y)^2 of rho = ((1-y)/(1+y))^2."""
    return 4 * y / (1 + y) ** 2


def _memory(eps):
    """eps and beta = 1 - eps, below 1 however small eps is."""
    return eps, np.minimum(1 - eps, 1 - 1e-16)


def _dimension(spectrum, ell):
    """The effective dimension N(l) = sum lam/(lam + l) at each l."""
    lam = spectrum.eigenvalues
    return (lam / (lam + np.asarray(ell)[..., None])) @ spectrum.counts


def _level(spectrum, f, target):
    """The l at which f(l, N(l)) = target, for an f whose slope in log-log is between 1 and 2: each step divides the error
    in log l by three or more."""
    target = np.log(target)
    log_ell = np.full(np.shape(target), np.log(spectrum.smallest * spectrum.largest) / 2)
    for _ in range(80):
        ell = np.exp(log_ell)
        step = (target - np.log(f(ell, _dimension(spectrum, ell)))) / 1.5
        log_ell = log_ell + step
        if np.all(np.abs(step) < 1e-15 * (1 + np.abs(log_ell))):
            break
    return np.exp(log_ell)


def _letters(spectrum, batch):
    arguments.instance("spectrum", spectrum, Spectrum)
    return spectrum.smallest, spectrum.largest, spectrum.trace, spectrum.kappa, arguments.batch_size(batch)


def _plain(value, like):
    return float(value) if np.ndim(like) == 0 else value


def _each(make, *parameters):
    """One method for numbers, a list of them for arrays."""
    if all(np.ndim(p) == 0 for p in parameters):
        return make(*map(float, parameters))
    return [make(*map(float, row)) for row in zip(*(np.ravel(p) for p in np.broadcast_arrays(*parameters)), strict=True)]
