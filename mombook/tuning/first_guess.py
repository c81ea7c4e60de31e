r"""Which parameters are worth a search: the risk of hundreds of methods after a finite run, in closed form and roughly.

Of (moments) only the feedback is simplified: the risk that drives the noise is taken to be that of the end of the run. With
the roots $z_1, z_2$ of a mode's noiseless step, $x_i = 1 - z_i$, a unit error and a unit of gradient noise become

$$ e_t = \frac{(x_2-\lambda(\delta+\eta))\,z_1^t - (x_1-\lambda(\delta+\eta))\,z_2^t}{x_2 - x_1}, \qquad
   h_{t+1} = \frac{c_1 z_1^t - c_2 z_2^t}{x_2 - x_1}, \quad c_i = (\delta+\eta)\,x_i - \delta(1-\beta) - \eta
   \tag{modes} $$

$$ 2R \approx \frac{\sum_i n_i\lambda_i s_i e_T^2 + K\sigma^2}{1-K}, \qquad
   K = \frac1B \sum_i n_i \lambda_i^2 \sum_{t \le T} h_t^2 \tag{frozen-feedback} $$

Where K >= 1 the risk is infinite.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Floats


def risks(levels: Any, delta: Floats, eta: Floats, beta: Floats, batch: float, noise: float, steps: float) -> Floats:
    """The risk of many methods after so many steps, roughly.

    Args:
        levels: what has ``eigenvalues``, ``weight`` (n lam) and ``start``, each ``(n,)``; delta, eta, beta: ``(k,)``;
        batch, noise, steps: numbers.

    Returns:
        Array ``(k,)``; ``inf`` where the method is unstable.
    """
    lam, both, long = levels.eigenvalues, (delta + eta)[:, None], (delta * (1 - beta) + eta)[:, None]
    with np.errstate(all="ignore"):
        half = ((1 - beta)[:, None] + lam * both) / 2                   # x = 1 - z solves x^2 - 2 half x + lam long = 0
        disc = half * half - lam * long
        disc = np.where(np.abs(disc) < 1e-7 * half * half, 1e-7 * half * half, disc)         # apart, where roots meet
        root = np.sqrt(disc.astype(complex))
        x1, x2 = half - root, half + root
        log1, log2 = (np.log1p(-np.where(x == 1, 1 - 1e-15, x)) for x in (x1, x2))
        z1, z2 = np.exp(steps * log1), np.exp(steps * log2)             # to the power T
        error = ((x2 - lam * both) * z1 - (x1 - lam * both) * z2) / (2 * root)
        c1, c2 = (both * x1 - long) / (2 * root), (both * x2 - long) / (2 * root)
        total = (c1 * c1 * _sum(z1 * z1, x1 * (2 - x1), steps) - 2 * c1 * c2 * _sum(z1 * z2, x1 + x2 - x1 * x2, steps)
                 + c2 * c2 * _sum(z2 * z2, x2 * (2 - x2), steps))
        K = total.real @ (levels.weight * lam) / batch
        risk = (error.real**2 @ (levels.weight * levels.start) + K * noise**2) / (2 * (1 - K))
    return np.where((K < 1) & np.isfinite(risk), risk, np.inf)


def _sum(power, gap, steps):
    """The sum of (1 - gap)^t over t = 0 ... steps - 1, where the power T of 1 - gap is known."""
    return np.where(np.abs(gap) * steps < 1e-9, steps, (1 - power) / gap)
