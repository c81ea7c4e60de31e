"""How many steps to a target, when they are too many to take one by one: repeated squaring of the whole step."""

import numpy as np

from . import arguments
from .moments import checked, noise_floor, whole_start, whole_step

FAR = 50
"""Horizons end at 2^FAR steps."""


def steps_to(spectrum, method, batch, target, noise=0.0, start=1.0, kurtosis=3.0):
    """``mombook.steps_to`` without taking the steps: powers 2^k of one step until the risk is below, then back by halves.

    Costs O(n^3 log(steps)) for n distinct entries. Exact where the risk falls steadily; of a risk that dips below the
    target and returns, a later passage may be reported.

    Args:
        spectrum: a ``Spectrum`` of at most 2,000 distinct entries; the rest as ``mombook.steps_to``.

    Returns:
        A float, log-linear between steps; 0 where the start is already there, ``inf`` where the target is not reached.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> from mombook import Method, Spectrum, steps_to as stepped
    >>> H, m = Spectrum.power_law(10, 1.5), Method.sgd(0.3)
    >>> bool(np.isclose(steps_to(H, m, 8, 0.01), stepped(H, m, 8, 0.01), rtol=1e-12))
    True
    """
    spectrum, method, batch, kurtosis = checked(spectrum, method, batch, kurtosis, scalar=True)
    target = arguments.number("target", target, above=0.0)
    noise = arguments.number("noise", noise, low=0.0)
    if len(spectrum) > 2000:
        arguments.refuse("spectrum", spectrum, "one of at most 2,000 distinct entries; pass spectrum.compressed()")
    step, weight = whole_step(spectrum, method, batch, noise, kurtosis)
    S, powers, t = whole_start(spectrum, start), [step], 0

    def risk(S):
        return float(weight @ S) / 2

    if risk(S) <= target:
        return 0.0
    if not noise_floor(spectrum, method, batch, noise, kurtosis) < target:
        return np.inf
    with np.errstate(over="ignore", invalid="ignore"):
        while not risk(powers[-1] @ S) <= target:
            if len(powers) > FAR:
                return np.inf
            powers.append(powers[-1] @ powers[-1])
        for k in reversed(range(len(powers) - 1)):                      # the last t at which the risk is above
            after = powers[k] @ S
            if not risk(after) <= target:
                S, t = after, t + 2**k
        return t + float(np.log(risk(S) / target) / np.log(risk(S) / risk(step @ S)))
