"""The book's controls: the same three sliders, in the same order and ranges, in every notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .scenario import Choice, Seed, Slider, Switch, Toggles, Written
from .style import METHODS as LOOKS

KAPPA = Slider("kappa", "κ", 1, 1e6, 1e3, step=0.1, base=10, help="condition number of H, largest over smallest eigenvalue")
DECAY = Slider("decay", "decay", 0.1, 3, 1.5, step=0.05, help="exponent of the power-law spectrum: how fast it falls")
BATCH = Slider("batch", "B", 1, 65536, 8, step=0.5, base=2, whole=True, help="batch size, samples per step")
DIM = Slider("d", "d", 2, 10000, 200, step=0.1, base=10, whole=True, help="number of eigenvalues")


class Families(Toggles):
    """A toggle for every family in ``mombook.FAMILIES``, read when it is asked for: the reader's own are among them.

    Args:
        without: names of families that a panel does not show.
        off: names of families that are off when the panel opens.
        help: what the toggles are for; more: as ``Slider.more``.
    """

    _without: Sequence[str]
    _off: Sequence[str]

    def __init__(self, without: Sequence[str] = (), off: Sequence[str] = (), help: str = "which methods to show",
                 more: bool = False) -> None:
        for name, value in (("name", "methods"), ("label", "methods"), ("help", help), ("more", more), ("_without", without),
                            ("_off", off)):
            object.__setattr__(self, name, value)                       # the base class is frozen

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the families."""
        return tuple(name for name in _fit_for_lines(tuple(LOOKS)) if name not in self._without)

    @property
    def default(self) -> tuple[str, ...]:
        """Those that are on at first."""
        return tuple(name for name in self.options if name not in self._off)

    @property
    def words(self) -> dict[str, str]:
        """Name -> what a reader calls it."""
        return {name: LOOKS[name].word for name in self.options}


def _fit_for_lines(names):
    """Names of families, which must be such that a scenario line can hold them."""
    for name in names:
        if not (isinstance(name, str) and name and name == name.strip() and name.isprintable() and not set(name) & set(";+,")):
            raise ValueError(f"FAMILIES must have names of printable characters, without ; + and commas, for a scenario line "
                             f"to hold them; got {name!r}.")
    return names


class Family(Choice):
    """A menu of every family in ``mombook.FAMILIES``, read when it is asked for."""

    def __init__(self, name: str, label: str, default: str, help: str = "") -> None:
        for key, value in (("name", name), ("label", label), ("default", default), ("help", help)):
            object.__setattr__(self, key, value)

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the families."""
        return _fit_for_lines(tuple(LOOKS))

    @property
    def words(self) -> dict[str, str]:
        """Name -> what a reader calls it."""
        return {name: look.word for name, look in LOOKS.items()}


METHODS = Families()
SEED = Seed()
METHOD = Written(more=True)
SINGLE = Switch("single", "single runs", more=True, unsaid="no",
                help="draw of each method the median of its runs, and the run that rises furthest above the expected risk")

SHAPES: dict[str, dict[str, Any]] = {
    "flat": {"kappa": 1, "decay": 1.5, "batch": 8, "d": 200},
    "slow decay": {"kappa": 15.8, "decay": 0.5, "batch": 8, "d": 200},
    "fast decay": {"kappa": 39800, "decay": 2, "batch": 8, "d": 200},
}
"""The paper's regimes in one click; the last two are nearly i**-0.5 and i**-2, whose kappa is d**decay."""
