"""A sweep over a real dask cluster whose workers are processes, one of which is killed in the middle."""

import os
import signal

import numpy as np
import pytest

import mombook as mb
from mombook.sweeps import grid as grids

pytestmark = pytest.mark.slow

GRID = {"kappa": [10.0, 1e3, 1e5], "decay": [0.5, 1.0, 1.5, 2.0], "d": 40, "family": ["sgd", "asgd"], "batch": [1, 16, 256]}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(grids, "PART_SECONDS", 0.01)


@pytest.fixture(scope="module")
def client():
    """Two workers, one thread each, which their nannies replace when they die."""
    distributed = pytest.importorskip("distributed", reason='needs the extra: pip install ".[cluster]"')
    with (distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                                   memory_limit=None) as cluster, distributed.Client(cluster) as client):
        yield client


def test_a_cluster_that_loses_a_worker_gives_the_serial_bits(client, tmp_path):
    killed, arrived = [], []

    def kill_one(done, total):
        arrived.append(done)
        if len(arrived) == 3:
            killed.extend(client.run(os.getpid).values())
            os.kill(killed[0], signal.SIGKILL)

    table = mb.sweep(GRID, client.get_executor(), kill_one, folder=tmp_path)
    serial = mb.sweep(GRID, "serial", False)
    assert len(killed) == 2 and arrived[-1] == len(table) == 72
    for name, values in serial.columns.items():
        np.testing.assert_array_equal(table[name], values, err_msg=name)
        np.testing.assert_array_equal(mb.read_sweep(tmp_path)[name], values, err_msg=name)


def test_a_failing_scenario_comes_back_from_the_cluster_by_name(client):
    grid = {"d": [20, 30_000], "decay": 1.0, "family": "sgd", "batch": 4, "steps": 2, "runs": 2}
    with pytest.raises(mb.SweepError, match=r"^decay=1.0;d=30000;family=sgd.*: ValueError: spectrum must .*1 of 2 rows"):
        mb.sweep(grid, client.get_executor(), False, quantities=["simulated_risk"])
