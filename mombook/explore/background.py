"""Work that goes on while a reader moves controls: in a thread, or in the event loop where there are none (wasm).

The work is a generator. It yields the seconds it can wait and is sent back whether ``wake`` ended the wait, so that one
text serves both: between its pieces a kernel, with threads or without, answers sliders and cells.
"""

import asyncio
import contextlib
import sys
import threading


class InThread:
    """Runs the work in a daemon thread."""

    def __init__(self, work):
        self._work, self._woken = work, threading.Event()
        self._thread = threading.Thread(target=self._run, name="mombook panel", daemon=True)
        self.start, self.is_alive, self.wake = self._thread.start, self._thread.is_alive, self._woken.set

    def _run(self):
        woken = None                            # what a generator that has not begun must be sent
        with contextlib.suppress(StopIteration):
            while True:
                woken = self._woken.wait(self._work.send(woken))
                self._woken.clear()


class InEventLoop:
    """Runs the work between the events of the running loop, whose exception handler hears what the work raises."""

    def __init__(self, work):
        self._work, self._woken, self._task = work, asyncio.Event(), None
        self.wake = self._woken.set

    def start(self):
        """Begin as soon as the loop is free."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        # A task keeps its exception to itself; asked for here, it goes to the loop's handler.
        self._task.add_done_callback(lambda task: task.cancelled() or task.result())

    def is_alive(self):
        """Whether there is work left."""
        return self._task is not None and not self._task.done()

    async def _run(self):
        woken = None
        with contextlib.suppress(StopIteration):
            while True:
                woken = await self._wait(self._work.send(woken))
                self._woken.clear()

    async def _wait(self, seconds):
        # Not wait_for: it plans by the clock's time, and Pyodide's loop refuses a time that has passed meanwhile.
        waiting = asyncio.ensure_future(self._woken.wait())
        await asyncio.wait({waiting}, timeout=seconds)
        return not waiting.cancel()             # a wait that is over cannot be cancelled any more


Worker = InEventLoop if sys.platform == "emscripten" else InThread
