"""The advisor's panel as a pure function, with and without the rows; and the facts it keeps about data sets."""

import sys

import numpy as np
import pytest

import mombook as mb
from mombook import explore
from mombook.data import measured
from mombook.data.fourth_moments import Inputs, noise_factor
from mombook.data.loading import load
from mombook.exact.row_moments import expected_risk
from mombook.panels.advisor import AdvisorPanel, shown

PANEL = AdvisorPanel()
X = np.random.default_rng(0).normal(size=(300, 6)) * np.arange(1.0, 7)


# -- facts ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", measured.kept())
def test_kept_facts_are_those_of_the_data_sets(name):
    """What ``python -m tools.measure_data_sets --check`` checks, from the other side."""
    facts, design = measured.kept()[name], load(name)
    assert (facts.rows, facts.name) == (design.shape[0], design.name)
    np.testing.assert_allclose(facts.eigenvalues, design.eigenvalues, rtol=1e-5)
    for ridge in (0.0, 1e-3, 0.03, 0.5):
        np.testing.assert_allclose(facts.inputs(ridge).factor, noise_factor(design, ridge), rtol=0.015)
        np.testing.assert_allclose(facts.start(ridge), design.solution(ridge) ** 2, rtol=1e-3, atol=1e-8)
    assert facts.inputs(0.1, gaussian=True).factor == 1


def test_facts_of_a_design_without_labels():
    facts = measured.Facts.of(load(X))
    np.testing.assert_array_equal(facts.start(0.3), np.ones(6))
    np.testing.assert_allclose(facts.inputs().factor, noise_factor(load(X)), rtol=1e-12)


# -- the panel --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("values", [
    pytest.param({}, marks=pytest.mark.slow), {"data": "wine", "batch": 3, "noise": 0.4, "target": 0.1},
    pytest.param({"data": "diabetes", "ridge": 0.1, "tuned": "gaussian"}, marks=pytest.mark.slow)])
def test_numbers_are_the_engines(values):
    state = PANEL.read(**values)
    view, design = PANEL.exact(state), load(state["data"])
    ridge = 0.0 if state["ridge"] == 1e-6 else state["ridge"]
    n, inputs = view.numbers, Inputs.of(design, ridge)
    method = mb.Method(n["delta"], n["eta"], n["beta"])
    start = design.solution(ridge) ** 2
    target = state["target"] * inputs.initial_risk(start)
    np.testing.assert_allclose([n["factor"], n["kappa"]], [inputs.factor, inputs.kappa], rtol=2e-3)
    steps = inputs.steps_to(method, state["batch"], target, state["noise"], start)
    np.testing.assert_allclose(n["steps"], steps, rtol=0.01)
    line = view.traces["corrected theory"]
    risk = inputs.risk_at(method, state["batch"], line["x"], state["noise"], start)
    np.testing.assert_allclose(line["y"], risk / inputs.initial_risk(start), rtol=0.01)
    families = list(shown())
    critical = inputs.critical_batches(families)
    np.testing.assert_allclose([n["critical"][f] for f in families], [critical[f] for f in families], rtol=0.03)
    blind = Inputs.of(design, ridge, gaussian=True).critical_batches(["sgd"])["sgd"]
    np.testing.assert_allclose(n["critical_gaussian"]["sgd"], blind, rtol=0.03)


def test_the_method_is_the_fastest_that_advice_knows():
    state = PANEL.read(data="wine", batch=16)
    n = PANEL.exact(state).numbers
    found = mb.advise(load("wine"), target=0.01, noise=0.0, batches=[16], families=shown())
    np.testing.assert_allclose(n["steps"], min(s[0] for s in found.steps.values()), rtol=0.01)


def test_tails_ignored_diverge_in_theory_and_in_runs():
    state = PANEL.read(**PANEL.presets["tails ignored"])
    view, arrived, said = PANEL.exact(state), {}, ""
    for piece in PANEL.sample(state):
        arrived |= piece.traces
        said = piece.sentence or said
    assert view.numbers["steps"] == np.inf > view.numbers["gaussian"] and "ASGD never reaches 1 % of" in view.sentence
    np.testing.assert_array_less(1.0, arrived["median run"]["y"][-1])
    assert "ends at" in said and piece.fraction == 1


def test_runs_follow_the_expectation_of_their_rows():
    """On rows without tails the median run is near the mean, and the mean is known."""
    state = PANEL.read(data="wine", batch=32, tuned="rows", noise=0.1)
    n, arrived = PANEL.exact(state).numbers, {}
    for piece in PANEL.sample(state):
        arrived |= piece.traces
    dots, design = arrived["median run"], load("wine")
    exact = expected_risk(design, mb.Method(n["delta"], n["eta"], n["beta"]), 32, int(dots["x"][-1]), noise=0.1)
    np.testing.assert_allclose(dots["y"], exact[dots["x"]] / exact[0], rtol=0.35)
    assert set(PANEL.blank(state)) == {"80 % of runs", "median run", "in epochs"}


def test_runs_without_scikit_learn_say_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    (piece,) = AdvisorPanel().sample(PANEL.read())
    assert piece.fraction == 1 and "scikit-learn" in piece.sentence and not piece.traces


def test_a_readers_own_matrix_comes_first():
    for data in (X, X.tolist(), load(X, X.sum(1))):
        live = explore.advisor("batch=4", data=data, simulate=False)
        assert live.scenario.startswith("data=yours;batch=4") and repr(live).startswith("On your data at B = 4, SGD")
    (*_, last) = AdvisorPanel(load(X)).sample(AdvisorPanel(load(X)).read())
    assert last.sentence.startswith("True runs")


def test_data_that_cannot_be_used_are_refused():
    with pytest.raises(ValueError, match=r"^source must have rows of equal length"):
        explore.advisor(data=[[1.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="4 rows cannot determine 6 weights"):
        explore.advisor(data=X[:4])
    assert explore.advisor(data=load(X[:4], on_span=True), simulate=False).scenario.startswith("data=yours")
    with pytest.raises(ValueError, match="data must be one of"):
        explore.advisor("data=california")
