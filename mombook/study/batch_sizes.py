r"""What "the critical batch size" means: several definitions, each a function of one spectrum.

| definition | whose | function |
|---|---|---|
| compute efficiency has halved | this book | ``mombook.critical_batch`` |
| gradient noise scale, and the simple one | McCandlish et al. 2018 | ``noise_scale`` |
| 20 % more samples to a target risk | Zhang et al. 2024 | ``overhead_batch`` |
| best batch of a budget, and the largest within 20 % of its risk | Wang et al. 2026, this book | ``mombook.tune_budget`` |

They ask different questions (a rate, one step, a target, a budget); for methods with momentum they differ by a factor of ten
or more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments
from ..model.spectrum import Spectrum
from ..tuning.budget import tune_budget, tune_steps
from ..tuning.frontiers import critical_batch


def noise_scale(spectrum: Spectrum, noise: float = 0.0, start: ArrayLike = 1.0, simple: bool = False) -> float:
    r"""The gradient noise scale: the batch at which one step of SGD with the best learning rate gains half of what it can gain.

    With gradient g = He and the covariance C of the gradient of one sample,

    $$ B_{noise} = \frac{E\,\mathrm{tr}(HC)}{E\,g^{\mathsf T}Hg}, \qquad B_{simple} = \frac{E\,\mathrm{tr}\,C}{E\,|g|^2}, \qquad
       C = g g^{\mathsf T} + (2R + \sigma^2) H \tag{noise-scale} $$

    Args:
        spectrum: a ``Spectrum``; noise: standard deviation of the label noise, >= 0.
        start: E[e_i^2], one number or ``(n,)``: where the gradient is taken; the mean over errors of these sizes.
        simple: leave H out of both traces.

    Returns:
        A float; ``inf`` where there is no error.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> noise_scale(Spectrum.flat(10)), noise_scale(Spectrum.flat(10), simple=True)           # d + 1
    (11.0, 11.0)
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    lam, n = spectrum.eigenvalues, spectrum.counts
    start = arguments.each("start", start, 0.0, lam.shape) * np.ones_like(lam)
    drive = n @ (lam * start) + arguments.number("noise", noise, low=0.0) ** 2
    power = 2 if simple else 3
    gradient = n @ (lam**power * start)
    return float(1 + drive * (n @ lam ** (power - 1)) / gradient) if gradient > 0 else np.inf


def overhead_batch(spectrum: Spectrum, family: str, target: float, overhead: float = 0.2, noise: float = 0.0,
                   start: ArrayLike = 1.0, largest: float = 2.0**20) -> float:
    """The largest batch that reaches a target risk with so little more than the fewest samples, at parameters tuned for it.

    Args:
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``; target: risk to reach, > 0.
        overhead: share of samples more than the fewest of all batches, > 0; noise, start: as ``mombook.risk_curve``.
        largest: a larger batch is not looked for.

    Returns:
        A float, log-linear between batches an octave apart; ``largest`` where even that is within the overhead; nan where the
        target is never reached.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> H = Spectrum.flat(30)
    >>> bool(10 < overhead_batch(H, "sgd", 0.01, largest=256) < 31)
    True
    """
    overhead = arguments.number("overhead", overhead, above=0.0)
    largest = arguments.number("largest", largest, low=1.0, high=2.0**40)
    fewest, before = np.inf, None
    for batch in 2.0 ** np.arange(0, np.log2(largest) + 1e-9):
        samples = batch * tune_steps(spectrum, family, batch, target, noise, start)[1]
        fewest = min(fewest, samples)
        allowed = (1 + overhead) * fewest
        if samples > allowed:
            share = np.log(allowed / before) / np.log(samples / before)
            return float(batch * 2.0 ** (share - 1))
        before = samples
    return float(largest) if np.isfinite(fewest) else np.nan


def definitions(spectrum: Spectrum, family: str, samples: float, noise: float = 0.0,
                start: ArrayLike = 1.0) -> dict[str, float]:
    """All definitions on one problem; the target of ``overhead_batch`` is 1.2 times the least risk that the budget buys.

    Args:
        spectrum: a ``Spectrum``; family: a name out of ``mombook.FAMILIES``; samples: the budget; noise, start: as
            ``mombook.risk_curve``.

    Returns:
        A dict: what the definition is called -> its batch.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> found = definitions(Spectrum.power_law(20, 1.5), "sgd", 2**6, noise=0.3)
    >>> list(found)[:2], found["best batch of the budget"] < found["budget, within 20 %"]
    (['compute efficiency halved', 'gradient noise scale'], True)
    """
    budget = tune_budget(spectrum, family, samples, noise, start)
    within = budget.critical_batch(0.2)
    return {"compute efficiency halved": float(critical_batch(spectrum, family)),
            "gradient noise scale": noise_scale(spectrum, noise, start),
            "simple noise scale": noise_scale(spectrum, noise, start, simple=True),
            "20 % more samples to a target": overhead_batch(spectrum, family, 1.2 * budget.risk, 0.2, noise, start),
            "best batch of the budget": budget.batch, "budget, within 20 %": within}
