"""Whether simulated runs agree with the expected risk: what a mean of so many runs can show, and how often it does.

A mean of N runs has the standard error sd / sqrt(N), with the exact sd of ``mombook.risk_spread``. Where that is at most
TRUSTED of the expected risk, such a mean is close to normal and lies within WITHIN standard errors of theory four times in
five (``tests/exact/test_spread.py`` counts it). Where it is larger, the expected risk is carried by runs too rare to be among
N, and the mean of N says little. Measured once, on 27 methods and 1500 means of 100 runs: 79 % lie within it up to a tenth and
from there to 0.15, 84 % up to a quarter, then 96 %.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ..arrays import Floats
from ..exact.moments import risk_at
from ..exact.spread import spreads
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import spectra
from .curves import runs_drawn
from .frame import Sample, Traces

TRUSTED = 0.15
"""The largest standard error, as a share of the expected risk, of a mean that is held against it."""

WITHIN = 1.2816
"""Standard errors to either side of theory within which 80 % of normal means lie."""

GIVEN_UP = 40.0
"""Spread of a run over its mean from which on it is not computed further: no panel affords the runs."""

PIECE = 5
"""Steps of the spread between two signs of life: a few milliseconds, ten to thirty in a web page."""


@dataclass(frozen=True)
class Theory:
    """What is known of a method's runs: at ``times``, their ``expected`` risk and the ``spread`` of one run, as its share."""

    times: Floats
    expected: Floats
    spread: Floats

    def filled(self, runs: int) -> Floats:
        """Whether a mean of so many runs can be held against theory, at each of the times."""
        return self.spread <= TRUSTED * np.sqrt(runs)

    def drawn(self, risk: Floats, word: str, symbol: str, **more: object) -> Traces:
        """``curves.runs_drawn``, with dots of ``symbol``: filled where they can be held against theory, elsewhere hollow."""
        traces = runs_drawn(risk, self.times, word, **more)
        dots = next(iter(traces.values()))
        filled = self.filled(len(risk))[np.isin(self.times, dots["x"])]
        dots["marker.symbol"] = np.where(filled, symbol, f"{symbol}-open").tolist()
        return traces

    def held(self, risk: Floats) -> tuple[int, int, int]:
        """Of the means of runs ``(runs, steps+1)``: how many lie in their 80 % interval, are filled, are there."""
        filled = self.filled(len(risk))
        off = np.abs(risk[:, self.times[filled]].mean(0) / self.expected[filled] - 1)
        within = off <= WITHIN * self.spread[filled] / np.sqrt(len(risk))
        return int(within.sum()), int(filled.sum()), filled.size


def theory(key: spectra.Key, H: Spectrum, method: Method, batch: int, times: Floats, fraction: float,
           noise: float = 0.0) -> Generator[Sample, None, Theory]:
    """The ``Theory`` of a method's runs on ``H``, at ``times``; yields signs of life at the given fraction of the work.

    The spread is that on one bin an octave, which is right to 0.5 %.
    """
    coarse, spread = spectra.of(key, spectra.DRAGGED), np.full(times[-1] + 1, np.inf)
    for t, (mean, sd) in enumerate(islice(spreads(coarse, method, batch, noise, np.ones(len(coarse))), len(spread))):
        spread[t] = sd / mean
        if not spread[t] < GIVEN_UP:
            break
        if t % PIECE == 0:
            yield Sample(fraction, {})
    return Theory(times, risk_at(H, method, batch, times, noise), spread[times])


def told(runs: int, counts: Iterable[tuple[int, int, int]]) -> str:
    """What the counts of ``Theory.held`` say of a simulation, as sentences."""
    within, filled, dots = (sum(each) for each in zip(*counts, strict=True))
    said = f"Simulation ({runs} runs): " + (
        f"{within} of {filled} filled dots are as close to theory as 80 % should be; they share their runs, so they miss "
        "together." if filled else "no dot is filled.")
    rare = " Where a dot is hollow, runs too rare to be among these carry the mean."
    return said + rare * (filled < dots)
