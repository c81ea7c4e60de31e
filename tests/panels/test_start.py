"""Panel ``start``: its runs are runs of the tuned methods, by the exact mean over many seeds."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels import start

START = np.array([0.2, -1.0])


@pytest.mark.slow
@pytest.mark.parametrize(("family", "batch"), [("sgd", 16), ("heavy_ball", 16), ("heavy_ball", 1000)])
def test_the_mean_risk_of_many_runs_is_exact(family, batch):
    H = mb.Spectrum([1.0, 0.01])
    method, times = mb.tune(H, family, batch).method, [1, 3, 6]
    runs = np.array([start.one_run(H, method, batch, 6, START, seed)[times] for seed in range(2000)])
    risk = (runs**2 @ H.eigenvalues) / 2
    exact = mb.risk_curve(H, method, batch, 6, start=START**2)[times]
    error = risk.std(axis=0, ddof=1) / np.sqrt(len(risk))
    np.testing.assert_array_less(np.abs(risk.mean(axis=0) - exact), 5 * error)
    again = start.one_run(H, method, batch, 6, START, 0)
    np.testing.assert_array_equal(again[times], runs[0])
    assert np.any(again[1:] != start.one_run(H, method, batch, 6, START, 1)[1:])


def test_at_kappa_one_momentum_gains_nothing_and_the_figure_says_so():
    panel = start.StartPanel()
    view = panel.exact(panel.read("kappa=1;batch=64"))
    assert view.traces["window name"]["text"] == ["momentum gains nothing"]
    assert view.sentence.startswith("The valley is nearly round: at B = 64")
    assert panel.exact(panel.read("kappa=1000;batch=1")).sentence.startswith("Noise decides: at B = 1 ")
    assert panel.exact(panel.read("kappa=3;batch=64")).sentence.startswith("At B = 64 ")
