r"""Which method pays where: tuned methods over condition number, decay and batch size, as one map.

$$ \text{regime} = \begin{cases}
   \text{compute} & \mathrm{CE}_{\mathrm{ASGD}}(B) \ge 2\,\max(\mathrm{CE}_{\mathrm{SGD}}(B), \mathrm{CE}_{\mathrm{HB}}(B)) \\
   \text{plain}   & \text{else, where } \mathrm{CE}_{\mathrm{SGD}}(B) \ge \tfrac12\,\mathrm{CE}_{\mathrm{SGD}}(1) \\
   \text{speed}   & \text{else, where } \mathrm{CE}_{\mathrm{HB}}(B) \ge \tfrac12\,\mathrm{CE}_{\mathrm{HB}}(1) \\
   \text{spent}   & \text{else} \end{cases} \tag{regimes} $$
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from .. import arguments
from ..arrays import Floats, Ints
from ..sweeps.results import Table, read_sweep
from ..sweeps.run import SweepError, SweepInterrupted, sweep
from ..sweeps.workers import WHERE

FAMILIES = ("sgd", "heavy_ball", "asgd")
REGIMES = MappingProxyType({
    "plain": "SGD still makes full use of every sample, and nothing else makes twice as much",
    "speed": "heavy ball's window: SGD is past its bend, heavy ball takes as many fewer steps as the batch is larger",
    "compute": "ASGD makes at least twice as much of every sample as the others",
    "spent": "past both windows: a larger batch costs compute, whatever the method",
})
"""The regimes of (regimes), in the order of their numbers, each in words."""


@dataclass(frozen=True)
class PhaseDiagram:
    """Compute efficiency over a grid.

    Attributes:
        kappa, decay, batch: the axes; the first batch is 1.
        ce: family -> array of shape ``(kappa, decay, batch)``, e-folds of the expected loss per sample.
    """

    kappa: Floats
    decay: Floats
    batch: Floats
    ce: dict[str, Floats]

    @property
    def regime(self) -> Ints:
        """Numbers into ``REGIMES``, shape ``(kappa, decay, batch)``; -1 where a method has not been computed."""
        sgd, ball, asgd = (self.ce[f] for f in FAMILIES)
        full = [ce >= ce[..., :1] / 2 for ce in (sgd, ball)]
        with np.errstate(invalid="ignore"):
            kind = np.select([asgd >= 2 * np.maximum(sgd, ball), *full], [2, 0, 1], 3)    # (regimes)
        return np.where(np.isfinite(sgd + ball + asgd), kind, -1)

    def advantage(self, family: str, over: str) -> Floats:
        """CE of one family over CE of another: how many times fewer steps, or samples, at the same batch."""
        return self.ce[arguments.choice("family", family, FAMILIES)] / self.ce[arguments.choice("over", over, FAMILIES)]


def grid(kappa: tuple[float, float, int] = (10, 1e6, 25), decay: tuple[float, float, int] = (0.25, 3, 24),
         batch: tuple[float, float, int] = (1, 65536, 17), d: int = 1000) -> dict[str, Any]:
    """The grid of a phase diagram, for ``mombook.sweep``: each axis given as (lowest, highest, how many)."""
    def axis(name, ends, space, least):
        fine = isinstance(ends, (list, tuple)) and len(ends) == 3
        if not fine:
            arguments.refuse(name, ends, "three numbers: lowest, highest, how many")
        low, high = (arguments.number(name, v, low=least) for v in ends[:2])
        return space(low, high, arguments.whole(name, ends[2], low=1))

    batches = axis("batch", batch, np.geomspace, 1.0)
    if batches[0] != 1:
        arguments.refuse("batch", batch, "from 1 upwards: that is where methods are at their most efficient")
    return {"kappa": axis("kappa", kappa, np.geomspace, 1.0), "decay": axis("decay", decay, np.linspace, 1e-3), "d": d,
            "family": list(FAMILIES), "batch": batches}


def read(source: Table | str | PathLike[str]) -> PhaseDiagram:
    """The phase diagram in a table, or in the folder of a sweep, complete or still growing.

    Args:
        source: a ``Table`` or a path; of a sweep of ``grid(...)``, or of any grid with these axes.

    Returns:
        ``PhaseDiagram``.

    Raises:
        ValueError: no such folder, or a table without kappa, decay, batch from 1 on, and the three families, at one d.

    >>> d = read(sweep(grid((10, 1e3, 2), (0.5, 2, 3), (1, 64, 3), d=30), progress=False))
    >>> d.regime.shape, [list(REGIMES)[k] for k in d.regime[0, 0]]
    ((2, 3, 3), ['plain', 'plain', 'spent'])
    """
    try:
        table = source if isinstance(source, Table) else read_sweep(source)
    except ValueError as error:
        raise ValueError(f"source must be a mombook.Table or the folder of a sweep: {error}") from None
    axes = table.axes
    if set(axes) != {"kappa", "decay", "d", "family", "batch"} or not set(FAMILIES) <= set(axes["family"].tolist()) \
            or len(axes["d"]) > 1 or axes["batch"][0] != 1 or "ce" not in table.columns:
        arguments.refuse("source", source, "a sweep over kappa, decay, one d, the families sgd, heavy_ball and asgd, and "
                         "batches from 1, that has the column ce")
    ce = {f: table.cube("ce", family=f, d=axes["d"][0]) for f in FAMILIES}
    return PhaseDiagram(axes["kappa"], axes["decay"], axes["batch"], ce)


# -- python -m mombook phase-diagram ----------------------------------------------------------------------------------
NAME = "phase-diagram"
HELP = "tune SGD, heavy ball and ASGD over kappa x decay x batch, and keep the map in a folder"


def arguments_of(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.description = (HELP + ". Stop it whenever you like (Ctrl-C): the same command goes on where it was. Read the folder "
                          "with mombook.phase_diagram.read(folder).")
    for name, default, text in (("kappa", (10, 1e6, 25), "condition numbers, evenly in log"),
                                ("decay", (0.25, 3, 24), "exponents of the power law, evenly"),
                                ("batch", (1, 65536, 17), "batch sizes, evenly in log; the lowest must be 1")):
        parser.add_argument(f"--{name}", nargs=3, type=float, default=default, metavar=("LOW", "HIGH", "COUNT"),
                            help=f"{text} (default: {' '.join(f'{v:g}' for v in default)})")
    parser.add_argument("--d", type=int, default=1000, help="number of eigenvalues (default: 1000)")
    parser.add_argument("--folder", default="phase-diagram", help="where the results go (default: phase-diagram)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--executor", choices=WHERE, help="where it is computed (default: worker processes, one a core)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="a dask scheduler, such as tcp://10.0.0.1:8786; needs "
                       "distributed here and on its workers")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options: argparse.Namespace) -> int:
    """Carry the command out; returns the exit status."""
    began = time.perf_counter()
    try:
        asked = grid(options.kappa, options.decay, options.batch, options.d)
        if options.scheduler:
            from distributed import Client

            with Client(options.scheduler) as client:
                table = sweep(asked, client.get_executor(), not options.quiet, folder=options.folder)
        else:
            table = sweep(asked, options.executor, not options.quiet, folder=options.folder)
    except SweepInterrupted as stop:
        print(stop)
        return 130
    except (ValueError, SweepError, ImportError, OSError) as error:
        print(f"phase-diagram: {error}")
        return 2
    found = read(table)
    share = np.bincount(found.regime.ravel(), minlength=len(REGIMES)) / found.regime.size
    sides = " x ".join(f"{n} {axis}" for axis, n in zip(table.axes, table.shape, strict=True) if n > 1)
    print(f"{len(table)} tuned methods ({sides}) are in {Path(options.folder)} "
          f"after {time.perf_counter() - began:.1f} s.")
    for note in table.notes:
        print(note)
    for (name, words), part in zip(REGIMES.items(), share, strict=True):
        print(f"{part:6.1%}  {name:<8} {words}")
    return 0
