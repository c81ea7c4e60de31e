"""What theory needs to know of a data set, and nothing else: eigenvalues, the pull of the labels, and the noise factor.

For the data sets of scikit-learn these facts are kept in ``measured.json`` (``python -m tools.measure_data_sets`` writes
it), so that a page without scikit-learn can give advice on them. No row of any data set is kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from .. import arguments
from ..arrays import Floats
from ..model.design import Design
from ..model.spectrum import Spectrum
from .fourth_moments import Inputs, noise_factor

RIDGES = (0.0, 1e-3, 1e-2, 0.1, 0.3, 1.0)
"""Ridges at which the noise factor is kept; between them it is interpolated, to about a per cent."""


@dataclass(frozen=True, eq=False)
class Facts:
    """A data set as theory sees it.

    Attributes:
        name: what to call it.
        rows: how many there are.
        eigenvalues: of H, largest first, shape ``(rank,)``.
        factors: noise factors at ``RIDGES``.
        pull: V^T X^T y / n, shape ``(rank,)``, so that w* = pull / (eigenvalues + ridge); ``None`` without labels.
        singular: whether the rank is less than the number of columns.
        notes: what loading decided, as sentences.
    """

    name: str
    rows: int
    eigenvalues: Floats
    factors: Floats
    pull: Floats | None = None
    singular: bool = False
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, design: Design) -> Facts:
        """The facts of a ``Design``."""
        arguments.instance("design", design, Design)
        pull = None if design.labels is None else design.solution() * design.eigenvalues
        factors = np.array([noise_factor(design, r) for r in RIDGES])
        singular = design.rank < design.shape[1] and not design.on_span
        return cls(design.name, design.shape[0], design.eigenvalues, factors, pull, singular, design.notes)

    def inputs(self, ridge: float = 0.0, gaussian: bool = False) -> Inputs:
        """``fourth_moments.Inputs`` at a ridge."""
        at = np.log10([r + 1e-4 for r in (*RIDGES, ridge)])
        factor = 1.0 if gaussian else float(np.exp(np.interp(at[-1], at[:-1], np.log(self.factors))))
        return Inputs(Spectrum(self.eigenvalues, name=self.name), factor, ridge)

    def start(self, ridge: float = 0.0) -> Floats:
        """E e_i^2 of training from zero, shape ``(rank,)``; ones where there are no labels."""
        return np.ones_like(self.eigenvalues) if self.pull is None else (self.pull / (self.eigenvalues + ridge)) ** 2


@lru_cache(maxsize=1)
def kept() -> dict[str, Facts]:
    """name -> ``Facts`` of the data sets in ``measured.json``."""
    text = (files(__package__) / "measured.json").read_text(encoding="utf-8")
    return {key: Facts(f["name"], f["rows"], np.array(f["eigenvalues"]), np.array(f["factors"]), np.array(f["pull"]))
            for key, f in json.loads(text).items()}
