"""mombook/sweep.py, grid.py, results.py: whoever computes a sweep, and whatever befalls them, the answer is the same."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent import futures

import numpy as np
import pytest

import mombook as mb
from mombook import grid as grids
from mombook.grid import Grid, ScenarioError
from mombook.sweep import SweepError, SweepInterrupted

TUNED = {"kappa": [10.0, 1e3, 1e5], "decay": [0.5, 1.5], "d": 40, "family": ["sgd", "asgd"], "batch": [1, 16, 256]}
RISKS = {"decay": [0.5, 1.5], "d": 12, "family": ["sgd", "heavy_ball"], "batch": [4, 8], "steps": [0, 30], "runs": 6,
         "noise": [0.0, 0.3], "seed": [0, 1]}
ASKED = ["exact_risk", "simulated_risk"]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Parts of a few rows, so that a small sweep has many."""
    monkeypatch.setattr(grids, "PART_SECONDS", 0.01)


def assert_same(one, other):
    """Bit for bit, nan where nan."""
    assert one.columns.keys() == other.columns.keys()
    for name, values in one.columns.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


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


# -- the folder -------------------------------------------------------------------------------------------------------
def parts(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.glob("part-*.npz")}


KILLED = """
import mombook as mb, sys, time
from mombook import grid
if __name__ == "__main__":
    grid.PART_SECONDS = 0.01
    mb.sweep({grid}, {executor!r}, lambda done, total: time.sleep(0.02), folder=sys.argv[1])
"""


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_sweep_killed_in_the_middle_goes_on_where_it_was(tmp_path, executor):
    script, folder = tmp_path / "script.py", tmp_path / "results"
    grid = TUNED | {"kappa": np.geomspace(10, 1e6, 12).tolist()}
    script.write_text(KILLED.format(grid=grid, executor=executor))
    run = subprocess.Popen([sys.executable, script, folder], start_new_session=True)
    deadline = time.time() + 60
    while len(parts(folder)) < 5 and time.time() < deadline:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)                                  # the sweep and its workers, no warning given
    run.wait()
    before = parts(folder)
    assert 5 <= len(before) < Grid(grid).parts
    half = mb.read_sweep(folder)
    assert half.missing > 0

    computed = []
    whole = mb.sweep(grid, "serial", lambda done, total: computed.append(done), folder=folder)
    assert len(computed) == Grid(grid).parts - len(before)
    assert before.items() <= parts(folder).items()                      # none was written again
    assert_same(whole, mb.sweep(grid, "serial", False))
    assert_same(whole, mb.read_sweep(folder))
    there = np.isfinite(half["gap"])
    np.testing.assert_array_equal(half["gap"][there], whole["gap"][there])


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "rename"])
def test_a_damaged_part_is_seen_said_and_computed_again(tmp_path, harm):
    first = mb.sweep(TUNED, "serial", False, folder=tmp_path)
    victim = sorted(tmp_path.glob("part-*.npz"))[1]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    if harm == "rename":
        victim = victim.rename(tmp_path / "part-00001.npz")
    else:
        victim.write_bytes({"cut": content[:-40], "flip": content, "empty": b""}[harm])
    read = mb.read_sweep(tmp_path)
    assert read.missing > 0 and read.notes == [f"{victim.name} is damaged; the sweep that wrote it computes it again."]
    again = mb.sweep(TUNED, "serial", False, folder=tmp_path)
    assert again.notes == [f"{victim.name} was damaged and has been computed again."]
    assert_same(again, first)
    assert mb.sweep(TUNED, "serial", False, folder=tmp_path).notes == mb.read_sweep(tmp_path).notes == []


def test_what_a_killed_writer_left_is_cleared_when_it_is_old(tmp_path):
    mb.sweep(TUNED, "serial", False, folder=tmp_path)
    old, new = tmp_path / "writing-old", tmp_path / "writing-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    mb.sweep(TUNED, "serial", False, folder=tmp_path)
    assert not old.exists() and new.exists()                            # the new one may be another's, at work beside us


@pytest.mark.parametrize(("change", "said"), [
    ({"kappa": [10.0, 1e3]}, "kappa has 3 values, 10.0 to 100000.0, there, 2 values, 10.0 to 1000.0, here"),
    ({"d": 41}, "d has 40 there, 41 here"), ({"batch": [1, 16, 257]}, "batch has 3 values"),
    ({"kappa": None}, "kappa has 3 values, 10.0 to 100000.0, there, no values here")])
def test_the_folder_of_another_grid_is_refused_in_words(tmp_path, change, said):
    mb.sweep(TUNED, "serial", False, folder=tmp_path)
    other = {k: v for k, v in (TUNED | change).items() if v is not None}
    before = parts(tmp_path)
    with pytest.raises(ValueError, match=r"^folder must be new, or one of this very sweep; this one belongs to another: ") as e:
        mb.sweep(other, "serial", False, folder=tmp_path)
    assert said in str(e.value) and parts(tmp_path) == before


def test_spectra_are_told_apart_by_their_numbers_and_versions_by_name(tmp_path):
    grid = {"spectrum": {"mine": mb.Spectrum([1.0, 0.1])}, "family": "sgd", "batch": 1}
    mb.sweep(grid, "serial", False, folder=tmp_path)
    with pytest.raises(ValueError, match=r"the spectra's numbers differ"):
        mb.sweep(grid | {"spectrum": {"mine": mb.Spectrum([1.0, 0.2])}}, "serial", False, folder=tmp_path)
    note = tmp_path / "grid.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | {"mombook": "0.0.1"}))
    with pytest.raises(ValueError, match=r"mombook version 0.0.1 there"):
        mb.sweep(grid, "serial", False, folder=tmp_path)


def test_folders_that_are_none_of_ours_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("months of work")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "grid.json").write_text("{")
    for path, said in ((tmp_path, "no grid.json"), (tmp_path / "thesis.tex", "where there is nothing yet"),
                       (tmp_path / "damaged", "is damaged"), ("", "the path of a folder"), (3, "the path of a folder")):
        with pytest.raises(ValueError, match=rf"^folder must be .*{said}"):
            mb.sweep(TUNED, "serial", False, folder=path)
    for path in (tmp_path, tmp_path / "damaged", tmp_path / "nowhere"):
        with pytest.raises(ValueError, match=r"^folder must be one that mombook.sweep has written"):
            mb.read_sweep(path)
    assert not (tmp_path / "nowhere").exists()


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
