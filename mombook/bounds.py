r"""The theorems of the book as data: one function a theorem, in closed form, with its assumptions.

Every function takes a batch size or an array of them and returns a ``Bound``. The constants are this book's; the papers
state the scalings. Throughout mu and L are the extreme eigenvalues, tr the trace, kappa = L/mu, and *gap* is
1 - rho of the second moment (loss rate, per step).
"""

from dataclasses import dataclass, field

import numpy as np

from . import arguments
from .method import Method
from .spectrum import Spectrum


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

    value: float
    kind: str
    assumptions: dict = field(default_factory=dict)
    reference: str = ""
    method: object = None

    @property
    def holds(self):
        met = np.logical_and.reduce(np.broadcast_arrays(True, *self.assumptions.values()))
        return bool(met) if np.ndim(met) == 0 else met


_GAUSSIAN = {"Gaussian inputs, fresh samples at every step": True, "no label noise (the rate is its own)": True}


def sgd_gap(spectrum, batch, kind="upper"):
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


def heavy_ball_gap(spectrum, batch, kind="upper"):
    r"""T2 and T3: heavy ball does not raise the frontier, and keeps it over a window sqrt(kappa) wider.

    $$ \mathrm{gap} \;\le\; (1+\sqrt\rho)^2\,\frac{B\mu}{\mathrm{tr}}
       \quad\Longrightarrow\quad \mathrm{gap} \le \frac{4y}{(1+y)^2}, \quad
       y = \min\Bigl(\frac{B\mu}{\mathrm{tr}}, \frac1{\sqrt\kappa}\Bigr) \tag{T2} $$

    $$ \varepsilon = \min\Bigl(\frac{B\mu}{3\,\mathrm{tr}}, \frac1{\sqrt\kappa}\Bigr),\quad
       \beta = 1-\varepsilon,\quad \eta = \frac{3\varepsilon^2}{8\mu}
       \quad\Longrightarrow\quad \mathrm{gap} \ge \varepsilon/2 \tag{T3} $$

    Holds for any spectrum and batch, and the upper side for any eta > 0, 0 <= beta < 1. It bends at exactly
    B = sqrt(kappa) tr/L: sqrt(kappa) times as far as SGD's. In small batches the upper side is 4 B mu/tr to first order, and
    4 is the best constant (top eigenvalue of large multiplicity).

    Args:
        spectrum: a ``Spectrum``; batch: >= 1, a number or an array; kind: ``"upper"`` or ``"lower"``.

    Kind: upper and lower.
    Reference: this book, notebook 03, (T2) and (T3); the scaling of T3 is Garg & Derezinski 2026.
    """
    mu, _, tr, kappa, B = _letters(spectrum, batch)
    if arguments.choice("kind", kind, ("upper", "lower")) == "lower":
        eps = np.minimum(B * mu / (3 * tr), 1 / np.sqrt(kappa))
        # kappa = 1 and a large batch would ask for beta = 0 exactly, which is SGD: allowed
        return Bound(eps / 2, "lower", dict(_GAUSSIAN), "this book, notebook 03, (T3)",
                     _each(Method.heavy_ball, 3 * eps**2 / (8 * mu), np.minimum(1 - eps, 1 - 1e-16)))
    return Bound(_rate(np.minimum(B * mu / tr, 1 / np.sqrt(kappa))), "upper", dict(_GAUSSIAN),
                 "this book, notebook 03, (T2) with (T4)")


def deterministic_gap(spectrum):
    r"""T4: no method of the family contracts faster than tuned heavy ball without noise.

    $$ \mathrm{gap} \le 1 - \Bigl(\frac{\sqrt\kappa-1}{\sqrt\kappa+1}\Bigr)^2 = \frac{4/\sqrt\kappa}{(1+1/\sqrt\kappa)^2}
       \tag{T4} $$

    Holds for every method of the family at every batch size.

    Kind: upper. Reference: Polyak 1964; for the family, this book, notebook 03, (T4).
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    return Bound(float(_rate(1 / np.sqrt(spectrum.kappa))), "upper", {}, "Polyak 1964; this book, notebook 03, (T4)")


def two_buffer_gap(spectrum, batch, method=None, gap=None):
    r"""T5: what any method of the family with delta >= 0 can reach; where CE must be traded for serial runtime.

    With $N(\ell) = \sum \lambda/(\lambda+\ell)$ and $T(\ell) = \sum \lambda^2/(\lambda+\ell)$:

    $$ g\sqrt{1-g} \le \min\Bigl\{2B\sqrt{\tfrac{\mu}{N T}},\; \tfrac{8B\mu}{\ell N}\Bigr\}, \qquad
       g\,(1-g)^{1/4} \le 4\sqrt{\tfrac{B}{\kappa N}} \tag{T5} $$

    for the method's own $\ell = \varepsilon/s$; the value is the largest gap any l allows, never above (T4).

    Args:
        spectrum: a ``Spectrum``; batch: >= 1, a number or an array.
        method, gap: a ``Method`` and its contraction gap, to check the assumptions on; without them they stay open
            and count as met.

    Kind: upper. Reference: this book, notebook 05, (T5).
    """
    mu, _, _, kappa, B = _letters(spectrum, batch)
    lam, n = spectrum.eigenvalues, spectrum.counts
    # The first and third bounds rise with l, the second falls. Over each cell of a grid of l, rising bounds taken at
    # its right end and the falling one at its left: safe at any resolution, loose by less than a cell is wide (3 %).
    ell = np.geomspace(mu / 10, 100 * spectrum.largest, 100 + int(75 * np.log10(kappa)))
    t = n * lam / (lam + ell[:, None])
    N, T = t.sum(1), t @ lam
    cap, b = _rate(1 / np.sqrt(kappa)), np.asarray(B, float)[..., None]
    rising = np.minimum(_invert(2 * b * np.sqrt(mu / (N * T)), 0.5, cap), _invert(4 * np.sqrt(b / (kappa * N)), 0.25, cap))
    falling = _invert(8 * b * mu / (ell * N), 0.5, cap)
    value = np.minimum(rising[..., 1:], falling[..., :-1]).max(-1)
    value = np.maximum(value, np.maximum(rising[..., 0], falling[..., -1]))             # l outside the grid
    met = {**_GAUSSIAN, "delta >= 0": True, "beta <= rho": True}
    if method is not None:
        arguments.instance("method", method, Method)
        met["delta >= 0"] = method.delta >= 0
        if gap is not None:
            gap = arguments.number("gap", gap, high=1.0) if arguments.is_scalar(gap) else arguments.array("gap", gap)
            met["beta <= rho"] = method.beta <= 1 - gap
    return Bound(_plain(value, B), "upper", met, "this book, notebook 05, (T5)")


def mass_gap(spectrum, batch):
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


def bend(spectrum, family):
    """The batch at which the family's upper bound stops growing: tr/L for SGD, sqrt(kappa) tr/L for heavy ball."""
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.choice("family", family, ("sgd", "heavy_ball"))
    return spectrum.trace / spectrum.largest * (np.sqrt(spectrum.kappa) if family == "heavy_ball" else 1.0)


def _rate(y):
    """The gap 4y/(1+y)^2 of rho = ((1-y)/(1+y))^2."""
    return 4 * y / (1 + y) ** 2


def _invert(c, power, cap):
    """Largest g <= cap with g (1-g)^power <= c: the cap where that allows it, else on the rising branch below it.

    The left side rises up to g = 1/(1+power) and falls after; when it is above c at the cap, the falling branch is
    beyond the cap too.
    """
    low, high = np.zeros_like(c), np.full_like(c, min(cap, 1 / (1 + power)))
    for _ in range(50):
        middle = (low + high) / 2
        fits = middle * (1 - middle) ** power <= c
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return np.where(cap * (1 - cap) ** power <= c, cap, high)


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
