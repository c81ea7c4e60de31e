"""Who computes a sweep: executors on this machine, processes that end with their parent, one BLAS thread in each."""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import functools
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from ..arrays import Floats
from ..versions import VERSIONS, differences
from .grid import evaluate

Where = Literal["serial", "threads", "processes"]

WHERE = ("serial", "threads", "processes")
IN_FLIGHT = 1024
"""Parts handed at once to an executor whose number of workers is unknown."""


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
def pool_of(executor: futures.Executor | str | None, parts: int) -> Iterator[tuple[Callable[[], futures.Executor], int]]:
    """A function that makes the executor, or one in the place of one that broke; and how many parts to hand it at once."""
    if executor is None:
        executor = "processes" if parts > 8 and _cores() > 1 else "serial"
    if executor not in WHERE:
        yield (lambda: executor), IN_FLIGHT                             # type: ignore[misc, return-value]  # not a word
        return
    import multiprocessing  # not to be had everywhere mombook runs

    make = {"serial": _Here, "threads": lambda: futures.ThreadPoolExecutor(_cores()),
            "processes": lambda: futures.ProcessPoolExecutor(_cores(), multiprocessing.get_context("spawn"),
                                                              initializer=_end_with_parent)}[executor]
    made, before = [], multiprocessing.active_children()

    def fresh():
        made.append(make())
        if executor == "processes":
            try:
                _start_without_sigint(made[-1])
            except RuntimeError as error:
                if "bootstrapping" not in str(error):                   # multiprocessing's own sentence takes six lines
                    raise
                raise RuntimeError("a script that sweeps over processes is read again by every process it starts: put the call "
                                   "under if __name__ == '__main__': or pass executor='serial'.") from None
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


def _start_without_sigint(pool):
    """Start a pool's processes so that they do not receive Ctrl-C, not even while they import: their parent decides."""
    masks = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if masks else None   # children inherit what is blocked
    try:
        for _ in range(_cores()):                                       # each submit starts one
            pool.submit(os.getpid)
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent():
    """Have this worker end when the process that started it has ended, even if that was killed and could not say so."""
    from multiprocessing import parent_process

    parent = parent_process()
    number = parent.pid if os.name == "posix" else os.getppid()         # it may have ended while this process imported
    threading.Thread(target=_end_after, args=(parent, number), daemon=True).start()


def _end_after(parent, number):
    """End this process within a second or so of its parent.

    The parent's end is seen in two ways: on its sentinel, which works on every system, and in the number of this
    process's parent, which changes on POSIX. Processes forked by the parent may keep the sentinel's pipe open.
    """
    while parent.is_alive() and os.getppid() == number:
        parent.join(timeout=1.0)
    os._exit(1)                                                         # whatever its main thread waits for


# -- one BLAS thread --------------------------------------------------------------------------------------------------
_held = 0


@contextlib.contextmanager
def blas_held() -> Iterator[None]:
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


# -- a task -----------------------------------------------------------------------------------------------------------
class OtherCodeError(RuntimeError):
    """A worker runs other code than the process that sweeps: its numbers may differ."""


def work(versions: Mapping[str, str], *task: Any, attempt: int = 0) -> dict[str, Floats]:
    """``evaluate`` in a worker. ``attempt`` makes a repeated task another one, for executors that remember results."""
    if versions != VERSIONS:
        raise OtherCodeError(f"a worker runs other code than this process ({'; '.join(differences(VERSIONS, versions))}): "
                             "install the same there, or start this process again if a file was edited")
    if not _held:                                                       # not the process that sweeps
        _limit_for_good()
    return evaluate(*task)
