"""The power-law spectra behind the sliders, as fine as each purpose needs, remembered: sliders pass the same stops often."""

from functools import lru_cache

from ..model.spectrum import Spectrum

DRAGGED, GAPS, CURVES = 1, 2, 8
"""Bins an octave of ``Spectrum.compressed``. While a control is dragged: gaps to 1e-4. For gaps at rest: to 1e-5. For learning
curves at rest, in which turning modes are told apart by their phase: mostly to 1e-3, where GAPS would be up to 20 % off; the
worst found is 4 % (ASGD, kappa = 1e6, decay 2.5, d = 1000, B = 1024)."""


@lru_cache(maxsize=256)
def power_law(kappa, decay, d, per_octave=GAPS):
    """``Spectrum.power_law`` at a slider's stop, binned."""
    return Spectrum.power_law(d, decay, kappa).compressed(per_octave)


@lru_cache(maxsize=256)
def from_top(decay, d, per_octave=DRAGGED):
    """The plain power law i^-decay, its bins fine at the top only: half the entries, for curves that mostly end before the
    smallest eigenvalue is learned."""
    return Spectrum.power_law(d, decay, binned=per_octave, ends="top")
