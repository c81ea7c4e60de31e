"""The spectrum of a scenario: the power law of its sliders, or one of the reader's own; as fine as each purpose needs.

A scenario holds either the sliders' numbers or ``spectrum``, a text with every eigenvalue, so that it stays plain data and its
line says all. Either becomes a ``key``, from which panels compute and under which they remember what they computed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from .. import arguments
from ..model.design import Design
from ..model.spectrum import Spectrum
from .words import given, three

DRAGGED, GAPS, CURVES = 1, 2, 8
"""Bins an octave of ``Spectrum.compressed``. While a control is dragged: gaps to 1e-4. For gaps at rest: to 1e-5. For learning
curves at rest, in which turning modes are told apart by their phase: mostly to 1e-3, where GAPS would be up to 20 % off; the
worst found is 4 % (ASGD, kappa = 1e6, decay 2.5, d = 1000, B = 1024)."""

MOST = 2000
"""Eigenvalues that a scenario line may hold, each once whatever its count."""

MOST_SAMPLED = 10_000
"""Coordinates that a simulation draws, as many as the slider of d has at most."""

DIGITS = 12
"""Digits kept of the eigenvalues of a table: the others are the rounding of one machine or another."""

SHOWN = 60
"""Letters of a spectrum's text that a stamp shows."""

WITHOUT: Mapping[str, str] = {
    "start": "it shows a valley of two weights, so that its runs can be drawn",
    "slope": "it shows a single weight",
    "valley": "it shows a valley of two weights, so that its runs can be drawn",
    "meters": "it shows a valley of two weights, so that its runs can be drawn",
    "modes": "it shows what one number, the decay, does to a spectrum; explore.sgd shows yours as bars and what each carries",
    "phase_map": "it is a map of power laws of 200 eigenvalues; explore.asgd compares the methods on your spectrum",
    "far_horizon": "it compares curves with laws that hold for eigenvalues i^-decay; explore.tradeoff draws learning curves of "
                   "your spectrum",
    "ruler": "it measures along κ, decay or d, and a given spectrum has one of each; explore.tradeoff measures along the batch",
    "published": "it shows what others have printed, on their spectra",
    "advisor": "it takes the rows themselves: explore.advisor(data=...)",
}
"""Panels that take no spectrum of the reader's own, and why."""

Key = Any
"""A spectrum as something to remember by: (kappa, decay, d), or the text of a scenario's own spectrum."""


# -- a spectrum as text ------------------------------------------------------------------------------------------------
def written(spectrum: Any, relative: bool = False, most: int = MOST, each: bool = False) -> str:
    """A spectrum as a scenario holds it: ``name:1.0,0.1*30``, every eigenvalue with its count.

    Args:
        spectrum: a ``Spectrum``, a ``Design``, eigenvalues ``(n,)``, or such a text, with or without a name; nothing is ``""``.
        relative: divide by the largest eigenvalue.
        most: how many eigenvalues the panel can take; each: whether they count one by one, and so must be whole.

    Raises:
        ValueError: no spectrum, or one of more than ``most`` eigenvalues, with what is allowed.

    >>> written(Spectrum([1.0, 0.1], [1, 30], "two levels"))
    'two levels:1.0,0.1*30'
    >>> written("1, .1*30")
    'your spectrum:1.0,0.1*30'
    """
    if spectrum is None or (isinstance(spectrum, str) and not spectrum.strip()):
        return ""
    H = _spectrum(spectrum)
    if each and (not 2 <= H.dim <= most or np.any(H.counts != np.rint(H.counts))):
        arguments.refuse("spectrum", H, f"one of 2 to {most} eigenvalues here, with whole counts")
    if len(H) > most:
        arguments.refuse("spectrum", H, f"one of at most {most:,} eigenvalues here"
                         + (" (H.compressed(4) has fewer, and nearly the same sums)" if most == MOST else ""))
    lam = H.eigenvalues / H.largest if relative else H.eigenvalues
    numbers = [repr(x) if n == 1 else f"{x!r}*{_count(n)}" for x, n in zip(lam.tolist(), H.counts.tolist(), strict=True)]
    return f"{_name(H.name)}:{','.join(numbers)}"


def _spectrum(spectrum):
    """What was given as a ``Spectrum``."""
    if isinstance(spectrum, Spectrum):
        return spectrum
    if isinstance(spectrum, Design):
        if spectrum.rank < spectrum.shape[1] and not spectrum.on_span:
            raise ValueError(f"spectrum must have positive eigenvalues only; {spectrum.name} has rank {spectrum.rank} of "
                             f"{spectrum.shape[1]}. load(..., on_span=True) studies the directions in which there are data.")
        return Spectrum([float(f"{x:.{DIGITS}g}") for x in spectrum.eigenvalues], name=spectrum.name)
    if isinstance(spectrum, str):
        return _parsed(spectrum)
    lam = arguments.array("spectrum", spectrum, above=0.0, ndim=1,
                          allowed="a Spectrum, a Design, or positive eigenvalues of shape (n,)")
    return Spectrum(lam, name="your spectrum")


def _parsed(text):
    name, colon, numbers = text.rpartition(":")
    allowed = "eigenvalues joined by commas, each with its count if that is not 1, as in name:1,0.5,0.1*30"
    try:
        pairs = [part.split("*") for part in numbers.split(",")]
        lam, n = zip(*((float(lam), float(*count or [1])) for lam, *count in pairs), strict=True)
    except (TypeError, ValueError):
        arguments.refuse("spectrum", text, allowed)
    try:
        return Spectrum(lam, n, name.strip() if colon and name.strip() else "your spectrum")
    except ValueError as no:
        raise ValueError(f"spectrum must be {allowed}; its {no}") from None


def _name(name):
    """A name that a scenario line, a title and a link can hold."""
    kept = " ".join(re.sub(r"[^\w .,()+-]", " ", str(name)).split())[:40].strip()
    return kept if kept and kept != "custom" else "your spectrum"


def _count(n):
    return str(int(n)) if n == int(n) else repr(n)


def shortened(line: str) -> str:
    """A scenario line for a stamp: of a spectrum its beginning.

    >>> shortened("batch=8;spectrum=two levels:1.0,0.1*30")
    'batch=8;spectrum=two levels:1.0,0.1*30'
    """
    return re.sub(rf"(\bspectrum=.{{{SHOWN}}}).+", r"\1…", line)


# -- the spectrum of a scenario ----------------------------------------------------------------------------------------
def key(scenario: Mapping[str, Any], d: int | None = None) -> Key:
    """What a panel's numbers depend on: its own spectrum's text, or kappa, decay and ``d`` (of the sliders, or fixed)."""
    if "spectrum" in scenario:
        return scenario["spectrum"]
    return scenario["kappa"], scenario["decay"], scenario["d"] if d is None else d


@lru_cache(maxsize=256)
def of(key: Key, per_octave: float = GAPS) -> Spectrum:
    """The spectrum in bins (see ``DRAGGED``, ``GAPS``, ``CURVES``)."""
    return whole(key).compressed(per_octave) if isinstance(key, str) else power_law(*key, per_octave)


@lru_cache(maxsize=16)
def whole(key: Key) -> Spectrum:
    """All of it, as it is given."""
    if isinstance(key, str):
        return _parsed(key)
    kappa, decay, d = key
    return Spectrum.power_law(d, decay, kappa, binned=False)


@lru_cache(maxsize=16)
def one_by_one(key: Key) -> Spectrum:
    """All of it, every count 1, for samplers."""
    H = whole(key)
    return Spectrum(H.expanded(), name=H.name) if isinstance(key, str) else H


def size(key: Key) -> int:
    """The number of eigenvalues, counts included."""
    return round(whole(key).dim) if isinstance(key, str) else key[2]


def unsampled(scenario: Mapping[str, Any]) -> str:
    """Why the spectrum cannot be simulated coordinate by coordinate, as a sentence; empty where it can."""
    if "spectrum" not in scenario:
        return ""
    H = whole(scenario["spectrum"])
    if np.any(H.counts != np.rint(H.counts)):
        return "No simulation: runs need whole counts, and some eigenvalues of this spectrum stand for a part of one."
    if H.dim > MOST_SAMPLED:
        return f"No simulation: runs draw every coordinate, at most {MOST_SAMPLED:,}, and this spectrum has {given(H.dim)}."
    return ""


@lru_cache(maxsize=256)
def power_law(kappa, decay, d, per_octave=GAPS):
    """``Spectrum.power_law`` at a slider's stop, binned."""
    return Spectrum.power_law(d, decay, kappa).compressed(per_octave)


@lru_cache(maxsize=256)
def from_top(decay, d, per_octave=DRAGGED):
    """The plain power law i^-decay, its bins fine at the top only: half the entries, for curves that mostly end before the
    smallest eigenvalue is learned."""
    return Spectrum.power_law(d, decay, binned=per_octave, ends="top")


# -- in words and as code ----------------------------------------------------------------------------------------------
def told(scenario: Mapping[str, Any], d: bool = True) -> str:
    """The spectrum at the head of a sentence.

    Args:
        scenario: of any panel; d: whether its number of eigenvalues belongs there.

    >>> told({"kappa": 1000, "decay": 1.5, "d": 200})
    'κ = 1000, decay 1.5, d = 200'
    >>> told({"spectrum": "two levels:1.0,0.1*30"})
    'two levels, κ = 10, d = 31'
    """
    if "spectrum" in scenario:
        H = whole(scenario["spectrum"])
        return f"{H.name}, κ = {three(H.kappa)}" + f", d = {given(H.dim)}" * d
    return f"κ = {given(scenario['kappa'])}, decay {given(scenario['decay'])}" + (f", d = {scenario['d']}" if d else "")


def described(scenario: Mapping[str, Any], relative: bool = False) -> str:
    """What stands in the place of the sliders: name, d, kappa and trace of the reader's own spectrum; else empty."""
    if "spectrum" not in scenario:
        return ""
    H = whole(scenario["spectrum"])
    unit = ", in units of its largest eigenvalue" if relative else f", largest eigenvalue {three(H.largest)}"
    return f"{H.name}: d = {given(H.dim)}, κ = {three(H.kappa)}, tr H = {three(H.trace)}{unit}"


def code(key: Key, per_octave: float | None = GAPS) -> str:
    """The spectrum as an expression of public names, in ``per_octave`` bins (``None``: all of it)."""
    bins = "" if per_octave is None else f".compressed({per_octave})"
    if not isinstance(key, str):
        kappa, decay, d = key
        return f"mb.Spectrum.power_law(d={d}, decay={decay!r}, kappa={kappa!r}){bins}"
    H = whole(key)
    lists = [H.eigenvalues.tolist()] + ([H.counts.tolist()] if np.any(H.counts != 1) else [])
    text = f"mb.Spectrum({', '.join(map(repr, lists))}, name={H.name!r}){bins}"
    return "\n".join(textwrap.wrap(text, 110, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))
