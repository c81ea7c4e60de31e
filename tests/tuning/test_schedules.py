"""The best schedule: its gradient, its optimality against searches of another kind, and its budgets."""

import numpy as np
import pytest
from scipy.optimize import minimize

from mombook import FAMILIES, Method, Spectrum, tune
from mombook.exact import schedule
from mombook.exact.schedule import Schedule
from mombook.tuning.schedules import _Search, tune_schedule

H = Spectrum.power_law(20, 1.5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("free", [("lr",), ("lr", "batch"), ("batch", "momentum", "lr")])
def test_the_gradient_of_the_cost_is_that_of_differences(family, free):
    if family == "sgd" and "momentum" in free:
        free = ("batch", "lr")
    search = _Search(H, family, 400, 60, free, 5, 0.4, 1.0, "least squares")
    rng = np.random.default_rng(0)
    x = search.first((2.0**-3, np.zeros(4)))
    x = x + 0.3 * rng.normal(size=x.size)
    slope = search.cost(x)[1]
    found = [(search.cost(x + e)[0] - search.cost(x - e)[0]) / 2e-5 for e in 1e-5 * np.eye(x.size)]
    np.testing.assert_allclose(slope, found, rtol=1e-6, atol=1e-7 * np.abs(slope).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_search_begins_at_the_method_of_largest_gap(family):
    """Shares of its steps, and its memory where that is shorter than half the run."""
    search = _Search(H, family, 4 * 5000, 5000, ("lr",), 5, 0.4, 1.0, "least squares")
    best = tune(H, family, 4).method
    plan = search.schedule(search.first((0.25, np.zeros(4))))
    for name, share in (("delta", 0.25), ("eta", 0.25), ("beta", 1.0)):
        np.testing.assert_allclose(getattr(plan, name), share * getattr(best, name), rtol=1e-10)


@pytest.mark.slow
def test_budgets_are_kept_and_the_risk_is_that_of_the_schedule():
    """(knots)."""
    best = tune_schedule(H, "heavy_ball", 900, 150, free=("lr", "batch"), knots=6, noise=0.3)
    np.testing.assert_allclose([best.schedule.samples, best.schedule.steps], [900, 150], rtol=1e-12)
    assert best.schedule.batch.min() >= 1 and np.ptp(best.schedule.batch) > 0.5
    np.testing.assert_allclose(best.risk, schedule.final_risk(H, best.schedule, 0.3), rtol=1e-14)
    assert set(best.knots) == {"lr", "batch"} and all(v.shape == (6,) for v in best.knots["lr"])


@pytest.mark.slow
def test_no_ordinary_schedule_and_no_other_search_is_better():
    steps, noise = 120, 0.5
    best = tune_schedule(H, "sgd", 4 * steps, steps, knots=8, noise=noise).risk
    shapes = [schedule.constant(steps), schedule.linear(steps), schedule.cosine(steps), schedule.step_decay(steps),
              schedule.warmup_stable_decay(steps), *(schedule.inverse_time(steps, m) for m in (5.0, 20.0, 80.0))]
    rates = np.geomspace(0.05, 1, 25)
    plain = min(schedule.final_risk(H, Schedule.of(Method.sgd(lr), 4, f), noise) for f in shapes for lr in rates)
    assert best < plain
    search = _Search(H, "sgd", 4 * steps, steps, ("lr",), 8, noise, 1.0, "least squares")

    def risk(x):
        return schedule.final_risk(H, search.schedule(x), noise)

    rng, other = np.random.default_rng(1), np.inf
    for _ in range(2):                                                  # without gradients, from random schedules
        x = search.first((2.0 ** rng.uniform(-4, 0), rng.normal(size=7)))
        found = minimize(lambda x: min(risk(x), 1e9), x, method="Powell", options={"maxfev": 4000, "ftol": 1e-10})
        other = min(other, found.fun)
    assert best < other * 1.002


def test_one_weight_has_a_schedule_in_closed_form():
    """d = 1, additive noise: minimising over every step gives 1/v_{t+1} = 1/v_t + lam B / sigma^2 (a Kalman filter)."""
    lam, batch, noise, steps = 0.8, 2.0, 0.5, 40
    v = 1 / (1 + steps * lam * batch / noise**2)
    best = tune_schedule(Spectrum([lam]), "sgd", batch * steps, steps, knots=24, noise=noise, noise_model="additive")
    assert v * lam / 2 <= best.risk * (1 + 1e-12) and best.risk < 1.01 * v * lam / 2


def test_a_search_reports_and_can_be_stopped():
    seen = []

    def report(evaluations, risk):
        seen.append((evaluations, risk))
        return len(seen) == 3

    best = tune_schedule(H, "sgd", 400, 100, noise=0.3, report=report)
    assert len(seen) == 3 and best.risk <= seen[0][1] * 1.05
    assert np.all(np.diff([n for n, _ in seen]) > 0)


@pytest.mark.parametrize("change, message", [
    ({"family": "adam"}, "family must be one of"),
    ({"samples": 50}, "samples must be a finite number >= 100"),
    ({"steps": 1}, "steps must be a whole number >= 2"),
    ({"free": ("colour",)}, "free must be a list of words out of"),
    ({"free": ("momentum",)}, "free must be without 'momentum' for sgd"),
    ({"knots": 1}, "knots must be"),
    ({"most": 0}, "most must be"),
])
def test_bad_questions_are_refused(change, message):
    given = {"family": "sgd", "samples": 400, "steps": 100, **change}
    with pytest.raises(ValueError, match=message):
        tune_schedule(H, **given)
