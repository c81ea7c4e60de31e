"""The panel of expected and typical as a pure function."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels.typical import SHARES, TypicalPanel

PANEL = TypicalPanel()


@pytest.mark.parametrize("values", [{}, {"kappa": 100, "d": 10, "batch": 1}, {"share": 0.5, "batch": 64, "decay": 0.5}])
def test_numbers_are_the_engines(values):
    state = PANEL.read(**values)
    view = PANEL.exact(state)
    H, B = mb.Spectrum.power_law(state["d"], state["decay"], state["kappa"]), state["batch"]
    limit = mb.step_limit(H, B)
    method = mb.Method.sgd(state["share"] * limit)
    n = view.numbers
    np.testing.assert_allclose([n["limit"], n["lr"]], [limit, method.delta], rtol=1e-4)
    np.testing.assert_allclose(n["rate"], -np.log1p(-mb.contraction_gap(H, method, B)), rtol=1e-3)
    line = view.traces["expected risk, exact"]
    curve = mb.risk_curve(H, method, B, int(line["x"][-1]))
    np.testing.assert_allclose(line["y"][:5], (curve / curve[0])[line["x"][:5]], rtol=1e-3)


def test_the_rate_of_the_mean_crosses_zero_at_the_limit():
    line = PANEL.exact(PANEL.read()).traces["rate of the mean"]
    assert np.all((line["y"] > 0) == (line["x"] < 1))
    assert SHARES[0] <= line["x"][0] and line["y"].max() < 1 + 1e-3


@pytest.mark.slow
def test_runs_converge_where_the_mean_diverges():
    state = PANEL.read(kappa=100, d=10, batch=1, share=1.1)
    view, arrived, said = PANEL.exact(state), {}, ""
    for piece in PANEL.sample(state):
        arrived.update(piece.traces)
        said = piece.sentence or said
    assert view.numbers["rate"] < 0 and view.traces["expected risk, exact"]["y"][-1] > 100
    assert arrived["median run"]["y"][-1] < 0.1 and "end below" in said and "above zero up to" in said
    dots = arrived["typical rate"]
    np.testing.assert_array_less(0.5, dots["y"][np.isclose(dots["x"], 1.1)])
    assert piece.fraction == 1
