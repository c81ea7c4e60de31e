"""A grid of scenarios through any executor: on this machine's cores, on a cluster, or here and now.

The answer is that of the grid, bit for bit, whoever computes it and in whatever order it arrives: what is computed together
(a part) and every seed follow from the grid alone, and every worker runs one BLAS thread.
"""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import sys
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from .. import arguments
from ..versions import VERSIONS
from .folder import Folder, in_words
from .grid import Grid, Quantity, ScenarioError, scenario
from .results import Table
from .workers import WHERE, OtherCodeError, Where, blas_held, pool_of, work


class SweepError(RuntimeError):
    """A sweep that could not be completed. ``table`` holds what was computed, the rest ``nan``."""

    table: Table | None = None


class SweepInterrupted(KeyboardInterrupt):
    """A sweep stopped by its user. ``table`` holds what was computed, the rest ``nan``."""

    table: Table | None = None


def sweep(grid: Mapping[str, Any], executor: futures.Executor | Where | None = None,
          progress: bool | Callable[[int, int], object] = True, *, quantities: Sequence[Quantity] = ("tuned",),
          folder: str | PathLike[str] | None = None, retries: int = 3) -> Table:
    """Compute every scenario of a grid.

    Args:
        grid: a mapping from axis to its values, whose product is computed. The spectra: ``kappa``, ``decay`` and ``d`` of
            power laws (``kappa`` may be left out), or ``spectrum``: a mapping from names to ``Spectrum`` objects. Then
            ``family`` and ``batch``; for risks also ``steps``, ``runs``, ``noise`` and ``seed``.
        executor: any ``concurrent.futures.Executor``, for instance ``dask.distributed.Client(...).get_executor()``; or
            ``"serial"``, ``"threads"`` or ``"processes"``. By default worker processes, one a core, for sweeps of more than
            a few seconds, and no executor at all for shorter ones.
        progress: ``True`` for a progress bar, ``False`` for none, or a function of (rows done, rows in all).
        quantities: what to compute of every scenario, out of
            ``"tuned"``: gap, serial, ce, delta, eta, beta of the best method of the family;
            ``"critical_batch"``: where the family's compute efficiency has halved;
            ``"exact_risk"``: expected risk of the tuned method after ``steps`` steps;
            ``"simulated_risk"``: mean and standard error of it over ``runs`` sampled runs.
        folder: where results go part by part as they arrive; a sweep that finds its own folder computes only what is
            missing there, or damaged. Several sweeps of the same grid may use one folder at once.
        retries: how often a part is computed anew after the worker that had it died.

    Returns:
        A ``Table``, rows in the order of the grid; its ``notes`` say what was found damaged in the folder, and what
        became of it.

    Raises:
        ValueError: a grid or a word that will not do, or a folder that holds something else, was computed by other code
            (another source of mombook, numpy or scipy), or cannot be used.
        SweepError: scenarios that failed (named; the others are computed first), an executor that broke down, a worker that
            runs other code, or a part that could not be written.
        SweepInterrupted: a ``KeyboardInterrupt``, after what was under way has been given up.

    >>> t = sweep({"decay": [0.5, 1.5], "d": 50, "family": ["sgd", "asgd"], "batch": [1, 8]}, progress=False)
    >>> t
    Table(8 rows: decay 2 x d 1 x family 2 x batch 2; gap, serial, ce, delta, eta, beta)
    >>> bool(np.all(t.cube("gap", family="asgd") >= t.cube("gap", family="sgd")))
    True
    """
    retries = arguments.whole("retries", retries)
    if not isinstance(progress, bool) and not arguments.takes(progress, 2):
        arguments.refuse("progress", progress, "True, False or a function of (rows done, rows in all)")
    named = executor is None or (isinstance(executor, str) and executor in WHERE)
    if not named and not callable(getattr(executor, "submit", None)):
        arguments.refuse("executor", executor, f"None, one of {', '.join(map(repr, WHERE))}, or a concurrent.futures.Executor")
    results = _Results(Grid(grid, quantities), folder)
    total = len(results.grid)
    try:
        with (_shown(progress, total, results.rows) as show, pool_of(executor, len(results.todo)) as (make, window),
              blas_held()):

            def arrived(part, columns):
                results.add(part, columns)
                show(results.rows)

            _run(results.grid, results.todo, make, window, retries, arrived)
    except (KeyboardInterrupt, SweepError) as error:
        kind = SweepError if isinstance(error, SweepError) else SweepInterrupted
        new = kind(f"{str(error) or 'stopped'}: {results.rows} of {total} rows are computed; {results.where()}.")
        new.table = results.table()
        raise new from error.__cause__
    return results.table()


class _Results:
    """The columns of a sweep as they are filled, and its folder if it has one."""

    def __init__(self, grid, folder):
        self.grid, self.store, self._notes = grid, None, []
        self._columns = {c: np.full(len(grid), np.nan) for c in grid.columns}
        self._missing, found = len(grid), {}
        if folder is not None:
            self.store, self._notes = Folder.claim(folder, grid)
            found = self.store.load()
        for part, columns in found.items():
            self._place(part, columns)
        self.rows = len(grid) - self._missing                           # kept: in the folder where there is one
        self.todo = [part for part in range(grid.parts) if part not in found]

    def add(self, part, columns):
        """Take in what was computed. A ``SweepError`` if it cannot be stored."""
        self._place(part, columns)
        if self.store is not None:
            try:
                self.store.save(part, columns)
            except OSError as error:
                raise SweepError(f"part {part} could not be written ({in_words(error)})") from error
        self.rows += len(next(iter(columns.values())))

    def where(self):
        """Where the computed rows are, in words."""
        if self.store is None:
            return "they are in this error's .table"
        return f"they are in {self.store.path}; the same sweep goes on from there"

    def table(self):
        """All of it as a ``Table``."""
        bad = self.store.notes() if self.store else ()
        return Table(self.grid.axes, self._columns, self._missing, [*self._notes, *bad])

    def _place(self, part, columns):
        first, last = self.grid.span(part)
        for name, values in columns.items():
            self._columns[name][first:last] = values
        self._missing -= last - first


def _run(grid, todo, make, window, retries, arrived):
    """Have every part of ``todo`` evaluated; ``arrived(part, columns)`` is called here, one part at a time.

    What a scenario does wrong comes as a ``ScenarioError``; whatever else a future raises is its worker's death (each
    kind of executor has words of its own for that), and the part is handed out again.
    """
    waiting, running, tries, failed = deque(todo), {}, Counter(), []
    pool, broken, revived = make(), False, 0
    try:
        while waiting or running:
            if broken and not running:                                  # every part it had has been handed back
                if revived > retries:
                    raise SweepError(f"the executor takes no more work ({_said(broken)})") from broken
                pool, broken, revived = make(), False, revived + 1
            while waiting and len(running) < window and not broken:
                try:
                    running[pool.submit(work, VERSIONS, *grid.task(waiting[0]), attempt=tries[waiting[0]])] = waiting[0]
                    waiting.popleft()
                except RuntimeError as error:                           # BrokenExecutor is one, and so is "after shutdown"
                    broken = error
            ready, _ = futures.wait(running, timeout=1.0, return_when=futures.FIRST_COMPLETED)
            for future in ready:
                part = running.pop(future)
                try:
                    columns = future.result()
                except ScenarioError as error:
                    failed.append(error)
                except OtherCodeError as error:
                    raise SweepError(str(error)) from error
                except (Exception, futures.CancelledError) as error:
                    broken = error if isinstance(error, futures.BrokenExecutor) else broken
                    tries[part] += 1
                    if tries[part] > retries:
                        row = scenario({k: v[0] for k, v in grid.parameters(*grid.span(part)).items()})
                        raise SweepError(f"the worker of the part that begins with {row} died {tries[part]} times "
                                         f"({_said(error)}). Usual causes: too little memory; a script that sweeps outside of "
                                         f"if __name__ == '__main__'") from error
                    waiting.appendleft(part)
                else:
                    revived = 0
                    arrived(part, columns)
        if failed:
            more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
            raise SweepError(f"{failed[0]}{more}") from failed[0]
    finally:
        for future in running:
            future.cancel()


def _said(error):
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"


# -- progress ---------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def _shown(progress, total, done):
    """A function of the rows done that shows them."""
    if progress is False:
        yield lambda done: None
    elif progress is not True:
        yield lambda done: progress(done, total)
    else:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            yield _in_words(total, done)
            return
        with tqdm(total=total, initial=done, desc="sweep", unit="row") as bar:
            yield lambda done: bar.update(done - bar.n)


def _in_words(total, done):
    """Progress for those who have no tqdm: a line for every tenth."""
    told = 10 * done // total

    def say(done):
        nonlocal told
        if 10 * done // total > told:
            told = 10 * done // total
            print(f"sweep: {done} of {total} rows" + ("" if told < 10 else "; pip install tqdm shows a bar"), file=sys.stderr)

    return say
