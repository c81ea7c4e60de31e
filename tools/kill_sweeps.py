"""Kill sweeps at random moments while two of them write into one folder, and compare the result with an undisturbed run.

    python -m tools.kill_sweeps                       50 kills, in rounds, each with a new folder
    python -m tools.kill_sweeps --kills 500 --seed 1

In a round one sweep runs in one process and one over worker processes, both with the same grid and folder. A killed sweep
is started again. The round ends when both are complete.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

import mombook as mb
from mombook.sweeps import grid as grids

EXECUTORS = ("serial", "processes")
PART_SECONDS = 0.01
WORKERS_END = 5.0
"""Seconds within which the workers of a killed sweep end."""


def grid_of(kappas):
    """A grid of two parts a condition number."""
    return {"kappa": np.geomspace(10, 1e6, kappas).tolist(), "decay": [0.5, 1.5], "d": 40, "family": ["sgd", "asgd"],
            "batch": [1, 16, 256]}


def write(folder, executor, kappas, pause):
    """The sweep that is killed. ``pause``: seconds it waits after every part; its workers' numbers go to a file."""
    grids.PART_SECONDS = PART_SECONDS

    def arrived(done, total):
        with open(f"{folder}.workers", "a", encoding="utf-8") as file:
            file.writelines(f"{child.pid}\n" for child in multiprocessing.active_children())
        time.sleep(pause)

    mb.sweep(grid_of(kappas), executor, arrived, folder=folder)


def _start(folder, executor, kappas, pause):
    words = ["--write", str(folder), executor, "--kappas", str(kappas), "--pause", str(pause)]
    with open(f"{folder}.{executor}", "wb") as said:
        return subprocess.Popen([sys.executable, "-m", "tools.kill_sweeps", *words], stdout=said, stderr=said,
                                cwd=Path(__file__).resolve().parents[1])


def disturbed(folder, kills, longest, rng, kappas, pause):
    """One round: run both sweeps to their end, and kill one of them up to ``kills`` times.

    Args:
        folder: path of a new folder; longest: the most seconds between two kills; rng: random Generator.

    Returns:
        (Counter of kills for each executor, faults as sentences).
    """
    running, killed, faults = {name: _start(folder, name, kappas, pause) for name in EXECUTORS}, Counter(), []
    while killed.total() < kills and any(run.poll() is None for run in running.values()):
        time.sleep(rng.uniform(0, longest))
        name = EXECUTORS[rng.integers(len(EXECUTORS))]
        if running[name].poll() is None:
            running[name].kill()
            running[name].wait()
            killed[name] += 1
            running[name] = _start(folder, name, kappas, pause)
    for name, run in running.items():
        if run.wait() != 0:
            said = Path(f"{folder}.{name}").read_text(encoding="utf-8")
            faults.append(f"the sweep over {name} ended with {run.returncode}: {said[-500:]}")
    return killed, faults


def orphans(folder):
    """The workers of a round that are still there after WORKERS_END seconds."""
    listed = Path(f"{folder}.workers")
    left = {int(line) for line in listed.read_text(encoding="utf-8").split()} if listed.exists() else set()
    deadline = time.monotonic() + WORKERS_END
    while (left := {pid for pid in left if _alive(pid)}) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _alive(pid):
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:                                           # a system without /proc, or it has just ended
        return not Path("/proc/self").exists()
    except ProcessLookupError:
        return False


def compare(folder, expected, parts):
    """What differs between a folder and an undisturbed run, as sentences."""
    table, faults = mb.read_sweep(folder), []
    faults += [f"{table.missing} rows are missing"] if table.missing else []
    faults += table.notes
    faults += [f"{name} differs" for name, values in expected.columns.items()
               if values.tobytes() != table[name].tobytes()]
    names = [path.name for path in folder.iterdir() if not path.name.startswith("writing-")]
    if len(names) != parts + 1:
        faults.append(f"{len(names)} files for {parts} parts and grid.json")
    return faults


def run(folder, kills, seed, kappas=40, pause=0.05, longest=4.0):
    """Rounds until there were ``kills`` kills. Returns (kills, rounds, faults)."""
    rng, killed, rounds, faults = np.random.default_rng(seed), Counter(), 0, []
    grids.PART_SECONDS, before = PART_SECONDS, grids.PART_SECONDS
    try:
        expected, parts = mb.sweep(grid_of(kappas), "serial", False), grids.Grid(grid_of(kappas)).parts
    finally:
        grids.PART_SECONDS = before
    while killed.total() < kills:
        here = Path(folder) / f"round-{rounds}"
        now, found = disturbed(here, kills - killed.total(), longest, rng, kappas, pause)
        found += compare(here, expected, parts)
        found += [f"worker {pid} is still there" for pid in orphans(here)]
        killed, rounds = killed + now, rounds + 1
        faults += [f"round {rounds}: {fault}" for fault in found]
    return killed, rounds, faults


def main(words=None):
    """Parse the words of the command line and do what they ask; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kappas", type=int, default=40, help="size of the grid")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds after every part")
    parser.add_argument("--longest", type=float, default=4.0, help="the most seconds between two kills")
    parser.add_argument("--write", nargs=2, metavar=("FOLDER", "EXECUTOR"), help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.write:
        write(*options.write, options.kappas, options.pause)
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        killed, rounds, faults = run(folder, options.kills, options.seed, options.kappas, options.pause, options.longest)
    print(f"{killed.total()} kills ({', '.join(f'{n} {name}' for name, n in sorted(killed.items()))}) in {rounds} rounds and "
          f"{time.monotonic() - began:.0f} s:", "; ".join(faults) or "every table equals the undisturbed one bit for bit.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
