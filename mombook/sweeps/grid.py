r"""A declared grid of scenarios: axes, their product as rows in one fixed order, and what is asked of every row.

A row is a pure function of its parameters: its random numbers are those of a ``SeedSequence`` made from the scenario
itself, so that neither the executor nor the order of completion can change a bit of the answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import groupby
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..exact.moments import risk_at
from ..model.family import FAMILIES, Family
from ..model.spectrum import Spectrum
from ..sample.gaussian import simulate
from ..tuning.frontiers import critical_batches, frontier

Columns = dict[str, NDArray[Any]]
"""Column name -> its values, arrays of one length."""

Quantity = Literal["tuned", "critical_batch", "exact_risk", "simulated_risk"]

QUANTITIES = MappingProxyType({
    "tuned": ("gap", "serial", "ce", "delta", "eta", "beta"),
    "critical_batch": ("critical_batch",),
    "exact_risk": ("exact_risk",),
    "simulated_risk": ("simulated_risk", "simulated_error"),
})
"""What can be asked of a scenario, and the columns that answer it."""

SPECTRUM, LAW, RUN = ("spectrum",), ("kappa", "decay", "d"), ("family", "batch", "noise", "steps", "runs", "seed")
_NEEDS = {"tuned": ("family", "batch"), "critical_batch": ("family",), "exact_risk": ("family", "batch", "steps"),
          "simulated_risk": ("family", "batch", "steps", "runs")}
_AXES = {**_NEEDS, "exact_risk": (*_NEEDS["exact_risk"], "noise"),
            "simulated_risk": (*_NEEDS["simulated_risk"], "noise", "seed")}

PART_SECONDS = 1.0
"""What one part of a sweep should cost a core: little enough to lose, enough not to feel the overhead."""


class ScenarioError(RuntimeError):
    """A scenario that could not be computed; the message begins with the scenario."""


class Grid:
    """The product of named axes, spectra first, in C order of ``names``.

    Args:
        axes: a mapping from axis to its values (a list, an array, or one value). The spectra are either ``kappa``,
            ``decay`` and ``d`` of power laws (``kappa`` may be left out: plain $i^{-a}$), or ``spectrum``: a mapping from
            names to ``Spectrum`` objects (or a list of them with distinct names). Then ``family`` and ``batch``, and for risks
            ``steps``, ``runs``, ``noise`` (0 unless given) and ``seed`` (0 unless given).
        quantities: words out of ``QUANTITIES``.

    Raises:
        ValueError: an axis that does not exist, is missing, is not used by the quantities, or holds a value not allowed.
    """

    def __init__(self, axes: Mapping[str, Any], quantities: Sequence[Quantity] = ("tuned",)) -> None:
        self.quantities = tuple(arguments.words("quantities", quantities, tuple(QUANTITIES)))
        if not isinstance(axes, dict) or not axes:
            arguments.refuse("grid", axes, "a dict from axis to values, such as {'kappa': [10, 1000], 'decay': 1.5, 'd': 200, "
                             "'family': ['sgd', 'asgd'], 'batch': [1, 8, 64]}")
        kind = SPECTRUM if "spectrum" in axes else LAW
        needed = {a for q in self.quantities for a in _AXES[q]}
        for axis in axes:
            if axis not in (*kind, *RUN):
                arguments.refuse("grid", axis, f"a dict whose axes are {', '.join((*kind, *RUN))}")
            if axis in RUN and axis not in needed:
                arguments.refuse("grid", axis, f"without axes that {' and '.join(self.quantities)} do not depend on")
        needed = [a for a in (*kind, *RUN) if a in {*kind, *(a for q in self.quantities for a in _NEEDS[q])} - {"kappa"}]
        for axis in needed:
            if axis not in axes:
                arguments.refuse("grid", list(axes), f"a dict that has {axis} among its axes")
        self.spectra: dict[str, Spectrum] = {}
        self.axes: Columns = {}
        for axis in (*kind, *RUN):
            if axis in axes:
                self.axes[axis] = self._values(axis, axes[axis])
                if len({str(v) for v in self.axes[axis]}) < len(self.axes[axis]):
                    arguments.refuse(f"grid {axis}", axes[axis], "a list of distinct values")
        self.names = tuple(self.axes)

    def _values(self, axis, given):
        """One axis as an array of what is allowed on it."""
        name = f"grid {axis}"
        if axis == "spectrum":
            if isinstance(given, Spectrum):
                given = [given]
            if isinstance(given, (list, tuple)) and given:
                named = {arguments.instance(name, H, Spectrum).name: H for H in given}
                if len(named) < len(given):
                    arguments.refuse(name, given, "spectra with distinct names; pass a dict from names to spectra")
                given = named
            if not isinstance(given, dict) or not given or not all(isinstance(k, str) for k in given):
                arguments.refuse(name, given, "a non-empty dict from names to spectra")
            self.spectra = {k: arguments.instance(name, H, Spectrum) for k, H in given.items()}
            return np.array(list(given))
        if axis == "family":
            return np.array(arguments.words(name, [given] if isinstance(given, str) else list(np.atleast_1d(given)), FAMILIES))
        values = arguments.array(name, [given] if arguments.is_scalar(given) else given, ndim=1,
                                 low={"decay": 0.0, "noise": 0.0, "steps": 0.0, "seed": 0.0, "runs": 2.0}.get(axis, 1.0))
        if axis in ("d", "steps", "runs", "seed") or (axis == "batch" and "simulated_risk" in self.quantities):
            if np.any(values != np.rint(values)) or np.any(values > 2**62):
                arguments.refuse(name, given, "whole numbers" + (" where risks are simulated" if axis == "batch" else ""))
            values = values.astype(np.int64)
        return values

    # -- rows and parts -----------------------------------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(len(v) for v in self.axes.values())

    def __len__(self) -> int:
        """Number of rows."""
        return int(np.prod(self.shape))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the result columns."""
        return tuple(c for q in self.quantities for c in QUANTITIES[q])

    def parameters(self, start: int = 0, stop: int | None = None) -> Columns:
        """The parameter columns of rows ``start`` to ``stop``, as a dict of arrays."""
        index = np.unravel_index(np.arange(start, len(self) if stop is None else stop), self.shape)
        return {name: values[i] for (name, values), i in zip(self.axes.items(), index, strict=True)}

    @cached_property
    def part_rows(self) -> int:
        """How many consecutive rows are computed, sent and stored together: whole spectra where they are cheap.

        A function of the grid alone: what is tuned together must not depend on who computes it.
        """
        def mean(axis):
            return float(np.mean(self.axes[axis])) if axis in self.axes else 1.0

        d = np.mean([H.dim for H in self.spectra.values()]) if self.spectra else mean("d")
        per_spectrum = int(np.prod([len(v) for name, v in self.axes.items() if name in RUN]))
        cost = {"tuned": 1.5e-3, "critical_batch": 0.15 * len(self.axes["family"]) / per_spectrum,
                "exact_risk": 0.05, "simulated_risk": 1.5e-2 + 1e-8 * mean("steps") * mean("runs") * d}
        rows = max(1, int(PART_SECONDS / sum(cost[q] for q in self.quantities)))
        return min(rows // per_spectrum * per_spectrum if rows > per_spectrum else rows, len(self))

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-len(self) // self.part_rows)

    def span(self, part: int) -> tuple[int, int]:
        """First row of a part, and the row after its last."""
        return part * self.part_rows, min((part + 1) * self.part_rows, len(self))

    def task(self, part: int) -> tuple[Any, ...]:
        """What a worker needs for a part: arguments of ``evaluate``."""
        rows = self.parameters(*self.span(part))
        named = {k: self.spectra[k] for k in dict.fromkeys(rows["spectrum"].tolist())} if self.spectra else {}
        return rows, named, self.quantities, self.families

    @property
    def families(self) -> dict[str, tuple[float, ...]]:
        """Family -> the numbers that define it: a worker may not know a family that was added here."""
        return {name: FAMILIES[name].row for name in self.axes["family"].tolist()}

    def identity(self) -> dict[str, Any]:
        """What makes two grids the same, as plain data for JSON: equal if and only if every answer is asked alike."""
        axes = {name: values.tolist() for name, values in self.axes.items()}
        return {"axes": axes, "quantities": list(self.quantities), "part_rows": self.part_rows,
                "spectra": {name: digest(H) for name, H in self.spectra.items()},
                "families": {name: list(row) for name, row in self.families.items()}}


def digest(spectrum: Spectrum) -> str:
    """A spectrum's numbers as 64 hexadecimal digits."""
    numbers = np.concatenate([spectrum.eigenvalues, spectrum.counts])
    return hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest()


def scenario(row: Mapping[str, Any]) -> str:
    """A row's parameters as one line, the form in which panels write theirs."""
    return ";".join(f"{name}={value}" for name, value in row.items())


def generator(row: Mapping[str, Any], spectrum: Spectrum) -> np.random.Generator:
    """The random numbers of a scenario: ``SeedSequence`` of its seed and of everything that defines it."""
    told = {k: v for k, v in row.items() if k not in ("seed", "spectrum")} | {"numbers": digest(spectrum)}
    words = np.frombuffer(hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest(), "<u4")
    return np.random.default_rng(np.random.SeedSequence([row.get("seed", 0), *words.tolist()]))


# -- a part, wherever it runs -----------------------------------------------------------------------------------------
def evaluate(rows: Columns, spectra: Mapping[str, Spectrum], quantities: Sequence[str],
             families: Mapping[str, tuple[float, ...]]) -> Columns:
    """The result columns of some rows.

    Args:
        rows: parameter columns, arrays of one length; spectra: name to ``Spectrum``; quantities: what is asked;
            families: name to the numbers that define it.

    Returns:
        dict of float arrays.

    Raises:
        ScenarioError: anything that goes wrong, after the scenario it went wrong in.
    """
    for name, row in families.items():
        if name not in FAMILIES or FAMILIES[name].row != row:
            FAMILIES[name] = Family.of_row(name, row)
    names, count = list(rows), len(next(iter(rows.values())))
    records = [dict(zip(names, values, strict=True)) for values in zip(*(v.tolist() for v in rows.values()), strict=True)]
    out = {c: np.full(count, np.nan) for q in quantities for c in QUANTITIES[q]}
    which = [name for name in names if name not in RUN]
    for key, group in groupby(range(count), lambda k: tuple(records[k][name] for name in which)):
        members, now = list(group), dict(zip(which, key, strict=True))
        try:
            spectrum = spectra[now["spectrum"]] if "spectrum" in now else Spectrum.power_law(**now)
            families, batches = (list[Any](dict.fromkeys(records[k].get(name) for k in members))
                                 for name in ("family", "batch"))
            tuned = frontier(spectrum, families, batches) if batches != [None] else {}
            critical = critical_batches(spectrum, families) if "critical_batch" in quantities else {}
            for k in members:
                now = records[k]
                for name, value in _row(now, spectrum, quantities, tuned, critical).items():
                    out[name][k] = value
        except Exception as error:
            raise ScenarioError(f"{scenario(now)}: {type(error).__name__}: {error}") from error
    return out


def _row(row, spectrum, quantities, tuned, critical):
    """The columns of one row; ``tuned`` and ``critical`` hold what its spectrum's rows share."""
    answer, noise = {"critical_batch": critical[row["family"]]} if critical else {}, row.get("noise", 0.0)
    if tuned:
        f = tuned[row["family"]]
        f = f.part(np.flatnonzero(f.batches == row["batch"]))
        m = f.methods[0]
    if "tuned" in quantities:
        answer |= {"gap": f.gap[0], "serial": f.serial[0], "ce": f.ce[0], "delta": m.delta, "eta": m.eta, "beta": m.beta}
    if "exact_risk" in quantities:
        answer["exact_risk"] = risk_at(spectrum, m, row["batch"], [row["steps"]], noise=noise)[0]
    if "simulated_risk" in quantities:
        rng = generator(row, spectrum)
        last = simulate(spectrum, m, row["batch"], row["steps"], row["runs"], rng, noise=noise)[:, -1]
        answer |= {"simulated_risk": last.mean(), "simulated_error": last.std(ddof=1) / np.sqrt(last.size)}
    return answer
