"""Which schedule wins: each tuned step against a bounded search, the best one against L-BFGS and the adjoint gradient."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from mombook import Family, Method, Spectrum, tune_schedule
from mombook.exact import schedule
from mombook.exact.schedule import Schedule
from mombook.study.schedule_ranking import KNOTS, NAMES, _derivatives, _stencil, rank_schedules

H = Spectrum.power_law(40, 1.5)
SETTINGS = [(Method.sgd(1.0), 8, 128, 0.5), (Method.heavy_ball(0.1, 0.9), 8, 128, 0.5), (Method.sgd(1.0), 16, 60, 0.1),
            (Method.nesterov(1.0, 0.8), 2, 200, 2.0)]
IDS = ("sgd", "heavy ball", "little noise", "nesterov")


def scaled(plan, scale):
    return Schedule(plan.delta * scale, plan.eta * scale, plan.beta, plan.batch)


@pytest.mark.parametrize("setting", [pytest.param(each, id=name, marks=[] if name == "little noise" else [pytest.mark.slow])
                                     for each, name in zip(SETTINGS, IDS, strict=True)])
def test_every_schedule_stands_at_its_best_step(setting):
    """No other step within a factor of six is better, and the risk is that of the exact curve."""
    method, batch, steps, noise = setting
    for word, found in rank_schedules(H, method, batch, steps, noise).items():
        def risk(log_scale, found=found):
            curve = schedule.risk_curve(H, scaled(found.schedule, np.exp(log_scale)), noise, tail=found.tail)
            return np.log(min(curve[-1], 1e200))

        np.testing.assert_allclose(np.log(found.risk), risk(0.0), atol=1e-10, err_msg=word)
        other = min(minimize_scalar(risk, bounds=b, method="bounded", options={"xatol": 3e-3}).fun
                    for b in ((-1.8, 0.0), (0.0, 1.8)))
        assert np.log(found.risk) < other + 1e-3, word


@pytest.mark.parametrize("setting", SETTINGS[:2], ids=IDS[:2])
def test_the_best_one_is_that_of_the_adjoint_gradient(setting, monkeypatch):
    """(newton) against ``tune_schedule`` with the same knots: the same risk, and a gradient that vanishes."""
    from mombook import FAMILIES

    method, batch, steps, noise = setting
    monkeypatch.setitem(FAMILIES, "own", Family("own", lambda lr: Method(method.delta * lr, method.eta * lr, method.beta)))
    best = rank_schedules(H, method, batch, steps, noise, rounds=30)["best"]
    other = tune_schedule(H, "own", batch * steps, steps, knots=KNOTS, noise=noise)
    np.testing.assert_allclose(best.risk, other.risk, rtol=1e-3)
    risk, by = schedule.final_risk_gradient(H, best.schedule, noise)
    slopes = (best.schedule.delta * by["delta"] + best.schedule.eta * by["eta"]) @ schedule.knot_basis(steps, KNOTS).T / risk
    np.testing.assert_allclose(slopes, 0, atol=2e-3)
    np.testing.assert_allclose(best.knots[[0, -1]], (best.schedule.delta + best.schedule.eta / (1 - method.beta))[[0, -1]],
                               rtol=1e-12)


@pytest.mark.slow
def test_a_quick_answer_is_near():
    """To a few per cent, as a panel needs it while something is dragged."""
    for method, batch, steps, noise in SETTINGS:
        quick, rest = (rank_schedules(H, method, batch, steps, noise, rounds=r) for r in (2, 12))
        assert set(quick) == set(rest)
        for word in rest:
            assert abs(np.log(quick[word].risk / rest[word].risk)) < 0.08, word


def test_all_use_the_same_samples_and_the_ramp_fewer_steps():
    found = rank_schedules(H, Method.heavy_ball(0.1, 0.9), 8, 128, 0.5)
    assert set(found) == set(NAMES)
    np.testing.assert_allclose([each.schedule.samples for each in found.values()], 8 * 128, rtol=1e-12)
    assert found["ramp"].schedule.steps < 0.6 * 128
    assert {each.schedule.steps for word, each in found.items() if word != "ramp"} == {128}
    np.testing.assert_allclose(found["memory"].schedule.beta[[0, 1, -1]], [0.0, 0.5, 0.9], rtol=1e-12)
    assert list(found) == sorted(found, key=lambda word: found[word].risk)


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=[pytest.mark.slow] if seed > 2 else []) for seed in range(12)])
def test_random_settings_are_no_worse_than_another_search(seed):
    """At most half a per cent above L-BFGS. (At larger batches with less noise both stop in one of many local optima.)"""
    rng = np.random.default_rng(seed)
    G = Spectrum.power_law(int(rng.integers(5, 200)), rng.uniform(0.5, 2.5)).compressed(2)
    batch, steps, noise = float(2 ** rng.integers(0, 6)), int(rng.integers(40, 80)), 10 ** rng.uniform(-1, 0.5)
    found = rank_schedules(G, Method.sgd(1.0), batch, steps, noise)
    other = tune_schedule(G, "sgd", batch * steps, steps, knots=KNOTS, noise=noise)
    assert found["best"].risk < 1.005 * other.risk


@pytest.mark.parametrize("change, message", [
    ({"method": "sgd"}, "method must be a mombook.Method"),
    ({"method": Method(-0.1, 0.0, 0.0)}, "method must be of positive long-run step"),
    ({"steps": 8}, "steps must be a whole number >= 16"), ({"batch": 0.5}, "batch must be"),
    ({"noise": -1}, "noise must be"), ({"rounds": 0}, "rounds must be"), ({"start": [1.0]}, "start must be"),
])
def test_bad_questions_are_refused(change, message):
    given = {"method": Method.sgd(1.0), "batch": 8, "steps": 64, **change}
    with pytest.raises(ValueError, match=message):
        rank_schedules(H, **given)


@pytest.mark.parametrize("width", [0.02, 0.004])
def test_the_differences_are_derivatives_at_every_width(width):
    """Of a quadratic they are its gradient and Hessian."""
    rng = np.random.default_rng(0)
    A, b, x = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)
    values = np.array([p @ (A + A.T) @ p / 2 + b @ p for p in _stencil(x, width)])
    gradient, hessian = _derivatives(values, 4, width)
    np.testing.assert_allclose(gradient, (A + A.T) @ x + b, rtol=1e-9)
    np.testing.assert_allclose(hessian, A + A.T, atol=1e-9 / width)     # what is left of 16 digits after two differences
