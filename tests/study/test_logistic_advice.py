"""mombook/study/logistic_advice.py: advice for logistic regression, against training by another loop and in PyTorch."""

import json
import re

import numpy as np
import pytest

import mombook as mb
from mombook import Method
from mombook.exact.logistic_moments import expected_excess
from mombook.model.logistic import Logistic
from mombook.study.logistic_advice import INTERVAL, LogisticAdvice, advise_logistic, first_there, moved

pytestmark = pytest.mark.slow          # every advice is a race

RNG = np.random.default_rng
X = RNG(7).normal(size=(300, 4)) * [1.0, 2.0, 3.0, 4.0] + 5.0
Y = np.where((X - 5.0) @ [1.0, 0.4, -0.3, 0.2] + RNG(8).logistic(size=300) > 0, "yes", "no") == "yes"


@pytest.fixture(scope="module")
def found():
    return advise_logistic((X, Y), 0.02, batches=[8, 16, 300])


def passage(model, method, batch, goal, runs, limit):
    """The step at which the mean excess loss of runs in shuffled epochs is first at a goal."""
    n, d = model.rows.shape
    w, m, rng = np.zeros((runs, d)), np.zeros((runs, d)), RNG(0)
    for t in range(limit):
        if t % (n // batch) == 0:
            orders = rng.permuted(np.tile(np.arange(n), (runs, 1)), axis=1)
        rows = orders[:, t % (n // batch) * batch:][:, :batch]
        x = model.rows[rows]
        p = 1 / (1 + np.exp(-np.einsum("kbd,kd->kb", x, w)))
        g = np.einsum("kb,kbd->kd", p - model.labels[rows], x) / batch + model.ridge * w
        w, m = method.step(w, m, g)
        if np.mean(model.loss(w)) - model.least <= goal:
            return t + 1
    return np.inf


def test_advised_runs_arrive_when_they_should(found):
    """(logistic-advice)"""
    for family in found.steps:
        for i, batch in enumerate((8, 16, 300)):
            steps = found.steps[family][i]
            taken = passage(found.model, found.methods[family][i], batch, 0.02 * found.model.excess, 200, int(2 * steps) + 2)
            assert 0.8 <= taken / np.ceil(steps) <= 1.25


def test_steps_are_where_the_curve_crosses(found):
    goal = 0.02 * found.model.excess
    for family, methods in found.methods.items():
        steps, method = found.steps[family][1], methods[1]
        curve = expected_excess(found.model, method, 16, int(np.ceil(steps)))
        assert curve[-1] <= goal < curve[:-1].min()
        t = int(steps)
        np.testing.assert_allclose(np.log(curve[t]) + (steps - t) * np.log(curve[t + 1] / curve[t]), np.log(goal), rtol=1e-9)
        slow = moved(family, method, 0.01, 1.0)
        winner, there = first_there(found.model, [slow, method], 16, goal)
        assert winner == method
        np.testing.assert_allclose(there, steps, rtol=1e-9)


def test_no_small_move_is_much_faster(found):
    """Twice or half the learning rate or the memory saves less than a tenth."""
    goal = 0.02 * found.model.excess
    for family, methods in found.methods.items():
        near = [moved(family, methods[0], scale, memory) for scale in (0.5, 1.0, 2.0) for memory in (0.5, 1.0, 2.0)]
        assert first_there(found.model, near, 8, goal)[1] > 0.85 * found.steps[family][0]


@pytest.mark.parametrize("family", ["sgd", "heavy_ball", "nesterov", "asgd"])
def test_moved_methods_stay_in_their_family(family):
    method = {"sgd": Method.sgd(0.1), "heavy_ball": Method.heavy_ball(0.1, 0.9), "nesterov": Method.nesterov(0.1, 0.9),
              "asgd": Method(0.2, 0.01, 0.9)}[family]
    other = moved(family, method, 2.0, 0.5)
    momentum = family != "sgd"
    np.testing.assert_allclose(other.beta, 0.95 if momentum else 0.0, rtol=1e-12)
    np.testing.assert_allclose(other.long_run_step, 2 * method.long_run_step, rtol=1e-12)
    same = {"sgd": other.eta == 0, "heavy_ball": other.delta == 0, "asgd": other.delta == 0.4,
            "nesterov": np.isclose(other.eta, other.beta * other.delta, rtol=1e-12)}
    assert same[family] and moved(family, method, 1.0, 100.0).beta == 0.0


def test_the_advice_in_words_and_numbers(found):
    pick, said = found.pick, repr(found)
    assert isinstance(found, LogisticAdvice) and found.rows == 300
    assert f"take {mb.FAMILIES[pick.family].word} at batch {pick.batch:g}" in said and pick.line in said
    assert "BCEWithLogitsLoss" in said and "MSELoss" not in said
    low, high = pick.interval
    np.testing.assert_allclose([low, high], np.ceil(pick.steps) * np.array(INTERVAL), atol=1)
    assert found.certainty["steps"] == "forecast" and found.guaranteed == {}
    loss = [float(v) for v in re.search(r"loss from ([\d.]+) to ([\d.]+)", said).groups()]
    np.testing.assert_allclose(loss, [np.log(2), found.model.least + 0.02 * found.model.excess], rtol=5e-3)
    kept = found.to_dict()
    assert json.loads(json.dumps(kept))["loss"] == "logistic" and len(kept["entries"]) == 12


def test_batches_are_powers_of_four_and_all_rows():
    assert advise_logistic((X, Y), 0.1, families=["sgd"]).batches.tolist() == [4, 16, 64, 256, 300]


def test_what_is_given():
    design, few = mb.load(X, Y), {"batches": [300], "families": ["sgd"], "ridge": 0.01}
    steps = [advise_logistic(source, **few).steps["sgd"][0] for source in (design, (X, Y))]
    steps.append(advise_logistic(X, labels=Y, **few).steps["sgd"][0])
    model = Logistic.of(design, 0.01)
    steps.append(advise_logistic(model, batches=[300], families=["sgd"]).steps["sgd"][0])
    np.testing.assert_array_equal(steps, steps[0])
    with pytest.raises(ValueError, match=r"^ridge must be 0 for a Logistic"):
        advise_logistic(model, ridge=0.1)
    with pytest.raises(ValueError, match=r"^labels must be None"):
        advise_logistic(design, labels=Y)
    with pytest.raises(ValueError, match=r"^labels must be of two values"):
        advise_logistic("wine")
    with pytest.raises(ValueError, match=r"^ridge must be > 0 for"):
        advise_logistic((X, X[:, 0] > 5))
    with pytest.raises(ValueError, match=r"^batches must be whole, in increasing order and at most the 300 rows"):
        advise_logistic((X, Y), batches=[2.5])
    with pytest.raises(ValueError, match=r"^overhead must be"):
        advise_logistic((X, Y), objective="time")
    many = np.arange(1_100_000.0).reshape(1100, 1000) % 7
    with pytest.raises(ValueError, match=r"^source must be a table of at most 1,000,000 entries"):
        advise_logistic(Logistic(many, many[:, 0] > 3, 0.1))
    with pytest.raises(ValueError, match=r"^source must be a table, a pair"):
        advise_logistic(model, batches=[300], families=["sgd"]).training_loop()


def test_a_target_out_of_reach_is_said(monkeypatch):
    monkeypatch.setattr("mombook.study.logistic_advice.WORK", 3e7)
    found = advise_logistic((X, Y), 1e-7, batches=[2], families=["sgd"])
    assert found.best is None and "no method tried gets there" in repr(found)


def test_the_script_trains_to_the_target(found, capsys):
    pytest.importorskip("torch")
    import torch

    torch.manual_seed(0)
    exec(found.training_loop("asgd", 16), {"X": X, "y": Y})
    reached = float(re.search(r"steps: ([\d.]+)", capsys.readouterr().out)[1])
    assert reached < found.model.least + 0.06 * found.model.excess
