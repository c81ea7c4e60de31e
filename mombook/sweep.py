"""A grid of scenarios through any executor: on this machine's cores, on a cluster, or here and now.

The answer is that of the grid, bit for bit, whoever computes it and in whatever order it arrives: what is computed together
(a part) and every seed follow from the grid alone, and every worker runs one BLAS thread.
"""

import concurrent.futures as futures
import contextlib
import functools
import os
import signal
import sys
from collections import Counter, deque

import numpy as np

from . import arguments
from .grid import Grid, ScenarioError, evaluate, scenario
from .results import Folder, Table

WHERE = ("serial", "threads", "processes")
IN_FLIGHT = 1024
"""Parts handed at once to an executor whose number of workers is unknown."""


class SweepError(RuntimeError):
    """A sweep that could not be completed. ``table`` holds what was computed, the rest ``nan``."""

    table = None


class SweepInterrupted(KeyboardInterrupt):
    """A sweep stopped by its user. ``table`` holds what was computed, the rest ``nan``."""

    table = None


def sweep(grid, executor=None, progress=True, *, quantities=("tuned",), folder=None, retries=3):
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
            missing there, or damaged.
        retries: how often a part is computed anew after the worker that had it died.

    Returns:
        A ``Table``, rows in the order of the grid; its ``notes`` say what was found damaged in the folder.

    Raises:
        ValueError: a grid, a word or a folder that will not do.
        SweepError: scenarios that failed (named; the others are computed first), or an executor that broke down.
        SweepInterrupted: a ``KeyboardInterrupt``, after what was under way has been given up.

    >>> t = sweep({"decay": [0.5, 1.5], "d": 50, "family": ["sgd", "asgd"], "batch": [1, 8]}, progress=False)
    >>> t
    Table(8 rows: decay 2 x d 1 x family 2 x batch 2; gap, serial, ce, delta, eta, beta)
    >>> bool(np.all(t.cube("gap", family="asgd") >= t.cube("gap", family="sgd")))
    True
    """
    retries = arguments.whole("retries", retries)
    if not (callable(progress) or isinstance(progress, bool)):
        arguments.refuse("progress", progress, "True, False or a function of (rows done, rows in all)")
    if executor is not None and executor not in WHERE and not callable(getattr(executor, "submit", None)):
        arguments.refuse("executor", executor, f"None, one of {', '.join(map(repr, WHERE))}, or a concurrent.futures.Executor")
    grid, store = Grid(grid, quantities), None
    if folder is not None:
        from . import __version__

        store = Folder(folder)
        store.claim(grid, __version__)
    results = {c: np.full(len(grid), np.nan) for c in grid.columns}
    here, damaged = ({}, []) if store is None else store.load()
    notes = [f"{name} was damaged and has been computed again." for name in damaged]
    done = sum(len(next(iter(c.values()))) for c in here.values())

    def place(part, columns):
        for name, values in columns.items():
            results[name][slice(*grid.span(part))] = values

    for part, columns in here.items():
        place(part, columns)
    todo = [part for part in range(grid.parts) if part not in here]
    try:
        with _shown(progress, len(grid), done) as show, _pool(executor, len(todo)) as (make, window), _blas_held():

            def arrived(part, columns):
                nonlocal done
                if store is not None:
                    store.save(part, columns)
                place(part, columns)
                first, last = grid.span(part)
                done += last - first
                show(done)

            _run(grid, todo, make, window, retries, arrived)
    except (KeyboardInterrupt, SweepError) as error:
        kind = SweepError if isinstance(error, SweepError) else SweepInterrupted
        kept = f"they are in {store.path}; the same sweep goes on from there" if store else "they are in this error's .table"
        new = kind(f"{str(error) or 'stopped'}: {done} of {len(grid)} rows are computed; {kept}.")
        new.table = Table(grid.axes, results, len(grid) - done)
        raise new from error.__cause__
    return Table(grid.axes, results, notes=notes)


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
                    running[pool.submit(work, *grid.task(waiting[0]), attempt=tries[waiting[0]])] = waiting[0]
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


# -- executors --------------------------------------------------------------------------------------------------------
class _Here(futures.Executor):
    """Does the work when it is handed in."""

    def submit(self, function, /, *args, **kwargs):
        future = futures.Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextlib.contextmanager
def _pool(executor, parts):
    """A function that makes the executor, or one in the place of one that broke; and how many parts to hand it at once."""
    if executor is None:
        executor = "processes" if parts > 8 and _cores() > 1 else "serial"
    if executor not in WHERE:
        yield (lambda: executor), IN_FLIGHT
        return
    import multiprocessing  # not to be had everywhere mombook runs

    if executor == "processes" and getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError("a script that sweeps over processes is read again by every process it starts: put the call under "
                           "if __name__ == '__main__': or pass executor='serial'.")
    make = {"serial": _Here, "threads": lambda: futures.ThreadPoolExecutor(_cores()),
            "processes": lambda: futures.ProcessPoolExecutor(_cores(), multiprocessing.get_context("spawn"))}[executor]
    made, before = [], multiprocessing.active_children()

    def fresh():
        made.append(make())
        if executor == "processes":
            _start_deaf(made[-1])
        return made[-1]

    try:
        yield fresh, 1 if executor == "serial" else 2 * _cores() + 1
    except BaseException:
        for child in set(multiprocessing.active_children()) - set(before) if executor == "processes" else ():
            child.terminate()                                           # what it was at is no loss: a second or so
        raise
    finally:
        for pool in made:
            pool.shutdown(cancel_futures=True)


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start_deaf(pool):
    """Start a pool's processes so that they do not hear Ctrl-C, not even while they import: their parent does, and decides."""
    if not hasattr(signal, "pthread_sigmask"):
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # children inherit what is blocked
    try:
        for _ in range(_cores()):                                       # each submit starts one
            pool.submit(os.getpid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- one BLAS thread --------------------------------------------------------------------------------------------------
_held = 0


@contextlib.contextmanager
def _blas_held():
    """One BLAS thread in this process for the time of a sweep: the order of a sum must not depend on the core count, and
    small matrices run faster so."""
    global _held
    with _one_thread():
        _held += 1
        try:
            yield
        finally:
            _held -= 1


def _one_thread():
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return contextlib.nullcontext()
    return threadpool_limits(1)


_limit_for_good = functools.cache(_one_thread)


def work(*task, attempt=0):
    """``evaluate`` in a worker. ``attempt`` makes a repeated task another one, for executors that remember results."""
    if not _held:                                                       # not the process that sweeps
        _limit_for_good()
    return evaluate(*task)


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
