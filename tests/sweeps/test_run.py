"""mombook/sweeps/run.py, grid.py, workers.py, results.py: whoever computes a sweep, the answer is the same."""

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent import futures

import numpy as np
import pytest

import mombook as mb
from mombook.sweeps import workers
from mombook.sweeps.grid import ScenarioError
from mombook.sweeps.run import SweepError, SweepInterrupted
from sweeps.shared import TUNED, alive, assert_same, small_parts, until  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_parts")]

RISKS = {"decay": [0.5, 1.5], "d": 12, "family": ["sgd", "heavy_ball"], "batch": [4, 8], "steps": [0, 30], "runs": 6,
         "noise": [0.0, 0.3], "seed": [0, 1]}
ASKED = ["exact_risk", "simulated_risk"]


class Shuffled(futures.Executor):
    """Does nothing until it must, and then the latest first; ``trouble`` may raise in a worker's place."""

    def __init__(self, trouble=lambda number: None):
        self.number, self.trouble = 0, trouble

    def submit(self, function, /, *args, **kwargs):
        self.number += 1
        return Late(self.trouble, self.number, lambda: function(*args, **kwargs))


class Late(futures.Future):
    def __init__(self, trouble, number, call):
        super().__init__()
        self.trouble, self.number, self.call = trouble, number, call

    def finish(self):
        try:
            self.trouble(self.number)
            self.set_result(self.call())
        except Exception as error:
            self.set_exception(error)


@pytest.fixture
def latest_first(monkeypatch):
    """Futures of ``Shuffled`` complete one at a time, the one submitted last first."""
    original = futures.wait

    def wait(running, **kwargs):
        latest = list(running)[-1]
        if isinstance(latest, Late):
            latest.finish()
        return original(running, **kwargs)

    monkeypatch.setattr(futures, "wait", wait)


# -- the numbers ------------------------------------------------------------------------------------------------------
def test_tuned_rows_are_what_tune_says():
    table = mb.sweep(TUNED, progress=False)
    assert len(table) == 36 and table.missing == 0 and table.notes == []
    for row in table.rows():
        best = mb.tune(mb.Spectrum.power_law(row["d"], row["decay"], row["kappa"]), row["family"], row["batch"])
        np.testing.assert_allclose([row["gap"], row["delta"], row["eta"], row["beta"]],
                                   [best.gap, best.method.delta, best.method.eta, best.method.beta], rtol=1e-4, atol=1e-12)
        np.testing.assert_allclose([row["gap"], row["serial"], row["ce"]],
                                   [best.gap, -1 / np.log1p(-best.gap), -np.log1p(-best.gap) / row["batch"]], rtol=1e-8)


def test_risks_are_those_of_the_tuned_method_and_the_simulation_agrees():
    # few steps: the average over runs is heavy-tailed later
    table = mb.sweep(RISKS | {"runs": 400, "steps": [1, 2]}, progress=False, quantities=["tuned", *ASKED])
    for row in table.rows():
        H, m = mb.Spectrum.power_law(row["d"], row["decay"]), mb.Method(row["delta"], row["eta"], row["beta"])
        exact = mb.risk_curve(H, m, row["batch"], row["steps"], noise=row["noise"])[-1]
        np.testing.assert_allclose(row["exact_risk"], exact, rtol=1e-11)
    z = (table["simulated_risk"] - table["exact_risk"]) / table["simulated_error"]
    assert np.abs(z).max() < 6 and 0.3 < z.std() < 2


def test_critical_batches_of_spectra_of_ones_own():
    spectra = {"steep": mb.Spectrum.power_law(30, 2.0), "two": mb.Spectrum.two_level(30, 100)}
    table = mb.sweep({"spectrum": spectra, "family": ["sgd", "heavy_ball"]}, progress=False, quantities=["critical_batch"])
    expected = [[mb.critical_batch(H, f) for f in ("sgd", "heavy_ball")] for H in spectra.values()]
    np.testing.assert_allclose(table.cube("critical_batch"), expected, rtol=1e-6)
    assert table["spectrum"].tolist() == ["steep", "steep", "two", "two"]


def test_random_numbers_belong_to_the_scenario_not_to_the_grid():
    table = mb.sweep(RISKS, progress=False, quantities=ASKED)
    seeds = table.cube("simulated_risk", steps=30)
    assert np.unique(seeds).size == seeds.size                          # every scenario has its own
    alone = mb.sweep({**{k: [row] for k, row in zip(RISKS, (1.5, 12, "sgd", 8, 30, 6, 0.3, 1), strict=True)}}, progress=False,
                     quantities=ASKED)
    there = table.cube("simulated_risk", decay=1.5, d=12, family="sgd", batch=8, noise=0.3, steps=30, runs=6, seed=1)
    np.testing.assert_allclose(alone["simulated_risk"][0], there, rtol=1e-6)
    named = mb.sweep({"spectrum": {"any name": mb.Spectrum.power_law(12, 1.5)}, "family": "sgd", "batch": 8, "steps": 30,
                      "runs": 6, "noise": 0.3, "seed": 1}, progress=False, quantities=["simulated_risk"])
    assert named["simulated_risk"][0] != alone["simulated_risk"][0]     # other parameters, another scenario


def test_a_table_is_read_by_axes_by_rows_and_by_pandas():
    table = mb.sweep(TUNED, progress=False)
    gap = table.cube("gap")
    assert gap.shape == table.shape == (3, 2, 1, 2, 3)
    for k, row in enumerate(table.rows()):
        assert row["gap"] == table["gap"][k]
        assert table.cube("gap", **{a: row[a] for a in TUNED}) == row["gap"]
    np.testing.assert_array_equal(table.cube("gap", family="asgd", d=40), gap[:, :, 0, 1])
    with pytest.raises(ValueError, match=r"batch must be one of the 3 values on its axis, 1.0 to 256.0; got 17"):
        table.cube("gap", batch=17)
    with pytest.raises(ValueError, match=r"^column must be one of"):
        table["loss"]
    with pytest.raises(ValueError, match=r"^axis must be one of"):
        table.cube("gap", color=1)
    pandas = pytest.importorskip("pandas")
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and frame.shape == (36, 11)


# -- whoever computes it ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("executor", ["threads", "processes", None])
def test_executors_give_the_serial_bits(executor):
    for grid, asked in ((TUNED, ["tuned"]), (RISKS, ASKED)):
        assert_same(mb.sweep(grid, executor, progress=False, quantities=asked),
                    mb.sweep(grid, "serial", progress=False, quantities=asked))
        if executor == "processes":
            break


def test_the_order_of_completion_does_not_matter(latest_first):
    order = []
    table = mb.sweep(RISKS, Shuffled(), lambda done, total: order.append(done), quantities=ASKED)
    assert_same(table, mb.sweep(RISKS, "serial", progress=False, quantities=ASKED))
    assert order[0] < order[-1] == len(table)


def test_a_dead_worker_s_parts_are_handed_out_again_but_not_for_ever(latest_first):
    def sometimes(number):
        if number % 3 == 0:
            raise OSError("the worker is gone")
        if number % 5 == 0:
            raise futures.CancelledError()

    assert_same(mb.sweep(TUNED, Shuffled(sometimes), progress=False), mb.sweep(TUNED, "serial", progress=False))

    def always_part_two(number):
        if number == 2 or number > 6:
            raise OSError("no more\nof this")

    said = r"begins with kappa=.*;family=.* died 3 times \(OSError: no more\).*rows are computed"
    with pytest.raises(SweepError, match=said) as error:
        mb.sweep(TUNED, Shuffled(always_part_two), progress=False, retries=2)
    kept = error.value.table
    assert 0 < kept.missing < len(kept) and np.isnan(kept["gap"]).sum() == kept.missing


def test_a_process_pool_that_loses_a_worker_is_replaced():
    killed = []

    def kill_one(done, total):
        if not killed:
            killed.append(multiprocessing.active_children()[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    assert_same(mb.sweep(TUNED, "processes", kill_one), mb.sweep(TUNED, "serial", progress=False))
    assert killed


ORPHANS = """
import mombook as mb, multiprocessing, os, sys, time
from mombook.sweeps import grid
def arrived(done, total):
    workers = [child.pid for child in multiprocessing.active_children()]
    if done == 60:
        forked = os.fork() if sys.argv[1] == "a process forked by the parent is left" else None
        if forked == 0:
            time.sleep(60)
            os._exit(0)
        print(forked or 0, *workers, flush=True)
    time.sleep(0.02)
if __name__ == "__main__":
    grid.PART_SECONDS = 0.01
    mb.sweep({grid}, "processes", arrived)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a parent is killed here as on POSIX")
@pytest.mark.parametrize("beside", ["nothing else is left", "a process forked by the parent is left"])
def test_the_workers_of_a_killed_sweep_end_within_five_seconds(tmp_path, beside):
    """The forked process holds the pipe open on which workers would see their parent's end."""
    script = tmp_path / "script.py"
    script.write_text(ORPHANS.replace("{grid}", repr(TUNED | {"kappa": np.geomspace(10, 1e6, 60).tolist()})))
    with subprocess.Popen([sys.executable, script, beside], stdout=subprocess.PIPE, text=True) as run:
        forked, *workers = map(int, run.stdout.readline().split())
        try:
            assert len(workers) == workers_of_a_pool() and all(map(alive, workers))
            run.kill()
            assert until(lambda: not any(map(alive, workers)), 5.0), "workers are left behind"
        finally:
            for pid in ([forked] if forked else []) + [pid for pid in workers if alive(pid)]:
                os.kill(pid, signal.SIGKILL)


def workers_of_a_pool():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.mark.parametrize("sign", ["its sentinel", "its number"])
def test_a_worker_sees_its_parent_s_end_in_two_ways(monkeypatch, sign):
    class Parent:
        def is_alive(self):
            return sign != "its sentinel"

        def join(self, timeout):
            raise AssertionError("it goes on waiting")

    ended = []
    monkeypatch.setattr(workers.os, "_exit", ended.append)
    workers._end_after(Parent(), os.getppid() + (sign == "its number"))
    assert ended == [1]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the number of a parent does not change")
def test_a_worker_sees_that_its_parent_ended_before_it_could_watch(monkeypatch):
    class Parent:
        pid = os.getppid() + 1                                          # this process has another parent by now

        def is_alive(self):
            return True

        def join(self, timeout):
            raise AssertionError("it goes on waiting")

    ended = threading.Event()
    monkeypatch.setattr(multiprocessing, "parent_process", Parent)
    monkeypatch.setattr(workers.os, "_exit", lambda status: ended.set())
    workers._end_with_parent()
    assert ended.wait(10)


def test_workers_of_other_code_are_told_before_they_compute(monkeypatch):
    monkeypatch.setitem(workers.VERSIONS, "numpy", "9.9")
    sent = workers.VERSIONS | {"numpy": np.__version__, "source": "0" * 16}
    monkeypatch.setattr(importlib.import_module("mombook.sweeps.run"), "VERSIONS", sent)
    with pytest.raises(SweepError, match=r"^a worker runs other code than this process \(mombook's source differs; numpy 9.9 "
                       rf"there, {np.__version__} here\): install the same there, .*: 0 of 36 rows are computed"):
        mb.sweep(TUNED, "threads", False)


def test_a_script_without_a_guard_is_told_to_have_one(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"import mombook as mb\nmb.sweep({TUNED}, 'processes', False, retries=0)\n")
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert run.returncode == 1 and "put the call under if __name__ == '__main__': or pass executor='serial'." in run.stderr
    assert run.stderr.splitlines()[-1].startswith("mombook.sweeps.run.SweepError: ")


def test_an_executor_that_is_shut_down_is_told_in_words():
    pool = futures.ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(SweepError, match=r"takes no more work \(RuntimeError: .*0 of 36 rows are computed"):
        mb.sweep(TUNED, pool, progress=False)


def test_a_failing_scenario_is_named_and_the_others_are_computed_first():
    grid = {"d": [20, 30_000], "decay": [1.0, 2.0], "family": "sgd", "batch": 4, "steps": 2, "runs": 2}
    with pytest.raises(SweepError, match=r"decay=1.0;d=30000;family=sgd;batch=4;steps=2;runs=2: ValueError: spectrum must .*"
                                         r"\(and 1 more\): 2 of 4 rows are computed; they are in this error's .table") as error:
        mb.sweep(grid, progress=False, quantities=["simulated_risk"])
    assert isinstance(error.value.__cause__, ScenarioError)
    assert np.isfinite(error.value.table.cube("simulated_risk", d=20)).all()


def test_ctrl_c_keeps_what_is_done(tmp_path):
    def press(done, total):
        if done > 10:
            raise KeyboardInterrupt

    for executor in ("serial", "threads", "processes"):
        with pytest.raises(SweepInterrupted, match=r"stopped: \d+ of 36 rows are computed; they are in .*; the same") as error:
            mb.sweep(TUNED, executor, press, folder=tmp_path / executor)
        kept = error.value.table
        assert 10 < len(kept) - kept.missing < len(kept)
        assert_same(kept, mb.read_sweep(tmp_path / executor))
        assert_same(mb.sweep(TUNED, executor, False, folder=tmp_path / executor), mb.sweep(TUNED, "serial", False))


def test_a_family_of_ones_own_reaches_every_worker(tmp_path):
    def make(share):
        return mb.Family("QHM", lambda lr, beta: mb.Method.qhm(lr, share, beta))

    grid = TUNED | {"family": ["qhm", "half"]}
    try:
        mb.FAMILIES["qhm"] = make(0.3)
        mb.FAMILIES["half"] = mb.Family("half", lambda lr: mb.Method.heavy_ball(lr, 0.5))
        with futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            assert_same(mb.sweep(grid, pool, False), mb.sweep(grid, "serial", False, folder=tmp_path))
            mb.FAMILIES["qhm"] = make(0.9)
            assert_same(mb.sweep(grid, pool, False), mb.sweep(grid, "serial", False))
        with pytest.raises(ValueError, match=r"the families' definitions differ"):
            mb.sweep(grid, "serial", False, folder=tmp_path)
    finally:
        del mb.FAMILIES["qhm"], mb.FAMILIES["half"]


# -- what is shown, and what is refused -------------------------------------------------------------------------------
def test_progress_in_a_bar_in_words_or_in_a_function(capsys, monkeypatch):
    mb.sweep(TUNED, "serial")
    assert "36/36" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    mb.sweep(TUNED, "serial")
    said = capsys.readouterr().err
    assert "sweep: 18 of 36 rows" in said and "36 of 36 rows; pip install tqdm shows a bar" in said
    seen = []
    mb.sweep(TUNED, "serial", lambda done, total: seen.append((done, total)))
    assert seen[-1] == (36, 36) and np.all(np.diff([done for done, _ in seen]) > 0)


def test_threadpoolctl_is_not_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert mb.sweep(TUNED, "serial", False).missing == 0


@pytest.mark.parametrize(("change", "said"), [
    ({"colour": [1]}, "grid must be a dict whose axes are kappa, decay, d, family"),
    ({"spectrum": [mb.Spectrum.flat(3)]}, "grid must be a dict whose axes are spectrum"),
    ({"kappa": []}, "grid kappa must be"), ({"kappa": [10, 10]}, "grid kappa must be a list of distinct"),
    ({"kappa": 0.5}, "grid kappa must be"), ({"decay": -1}, "grid decay must be"), ({"d": 2.5}, "grid d must be whole"),
    ({"family": "adam"}, "grid family must be"), ({"batch": [0.5]}, "grid batch must be"),
    ({"steps": 3}, "grid must be without"),
    ({"d": None}, "grid must be a dict that has d"), ({"batch": None}, "grid must be a dict that has batch")])
def test_grids_that_will_not_do(change, said):
    with pytest.raises(ValueError) as error:
        mb.sweep({k: v for k, v in (TUNED | change).items() if v is not None}, progress=False)
    assert str(error.value).startswith(said)


def test_sampled_batches_and_runs_are_whole():
    for change in ({"batch": [1.5]}, {"runs": [1]}, {"seed": [-1]}, {"steps": [0.5]}, {"noise": [-0.1]}):
        with pytest.raises(ValueError, match=f"^grid {next(iter(change))} must be"):
            mb.sweep(RISKS | change, progress=False, quantities=ASKED)
    twins = [mb.Spectrum([1.0]), mb.Spectrum([2.0])]
    with pytest.raises(ValueError, match=r"^grid spectrum must be spectra with distinct names"):
        mb.sweep({"spectrum": twins, "family": "sgd", "batch": 1}, progress=False)
