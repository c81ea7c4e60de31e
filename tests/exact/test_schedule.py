"""Schedules: against literal averages over samples, runs, closed forms, constant methods, and differences."""

import numpy as np
import oracles
import pytest

from mombook import Method, Spectrum
from mombook.exact import buffers, moments, schedule
from mombook.exact.schedule import Schedule

NAMES = ("delta", "eta", "beta", "batch")


def drawn(steps, rng):
    """A schedule in which everything changes at every step, stable or not."""
    return Schedule(rng.uniform(0.02, 0.2, steps), rng.uniform(0.02, 0.2, steps), rng.uniform(0, 0.9, steps),
                    rng.integers(1, 6, steps).astype(float))


def methods(plan):
    return [plan.method(t) for t in range(plan.steps)]


@pytest.mark.parametrize("averages", [{}, {"tail": 0}, {"tail": 3}, {"ema": 0.6}])
@pytest.mark.parametrize("kurtosis", [3.0, 1.8])
def test_a_curve_is_the_literal_average_over_samples(averages, kurtosis):
    """(schedule-moments), and (average) where weights are averaged."""
    rng, lam = np.random.default_rng(0), np.array([1.0, 0.3])
    plan, start = drawn(7, rng), np.array([0.5, 2.0])
    averaging = None
    if "tail" in averages:
        n = [max(t + 1 - averages["tail"], 0) for t in range(7)]
        averaging = [(k / (k + 1), 1 / (k + 1)) for k in n]
    elif averages:
        averaging = [(0.6, 0.4)] * 7
    expected = oracles.dense_schedule_curve(lam, methods(plan), plan.batch, 0.7, start, kurtosis, averaging)
    np.testing.assert_allclose(schedule.risk_curve(Spectrum(lam), plan, 0.7, start, kurtosis, **averages), expected, rtol=1e-12)


def test_the_mean_of_runs_with_an_average_is_the_curve():
    rng, lam = np.random.default_rng(1), np.array([1.0, 0.5, 0.1])
    plan = Schedule.of(Method.nesterov(0.2, 0.5), [2, 2, 4, 4, 8, 8], schedule.cosine(6))
    averaging = [(k / (k + 1), 1 / (k + 1)) for k in (0, 0, 1, 2, 3, 4)]
    runs = oracles.sampled_schedule(lam, methods(plan), plan.batch, 40_000, rng, 0.4, averaging)
    exact = schedule.risk_curve(Spectrum(lam), plan, noise=0.4, tail=2)
    error = runs.std(0, ddof=1) / 200.0
    assert error[1:].min() > 0 and np.abs((runs.mean(0) - exact)[1:] / error[1:]).max() < 5
    np.testing.assert_allclose(exact[0], runs[0, 0], rtol=1e-14)


def test_a_constant_schedule_is_the_method():
    H, m = Spectrum.power_law(30, 1.5), Method(0.1, 0.05, 0.8)
    plan = Schedule(m.delta, m.eta, m.beta, np.full(600, 4.0))
    np.testing.assert_allclose(schedule.risk_curve(H, plan, 0.3), moments.risk_curve(H, m, 4, 600, 0.3), rtol=1e-11)
    assert schedule.final_risk(H, plan, 0.3) == schedule.risk_curve(H, plan, 0.3)[-1]


def test_a_function_of_time_is_its_schedule():
    H, dana = Spectrum.power_law(30, 1.5), buffers.dana_decaying(0.2, 0.01, 0.5)
    plan = Schedule.from_function(dana, 4, 50)
    np.testing.assert_allclose(schedule.risk_curve(H, plan), buffers.risk_curve(H, dana, 4, 50), rtol=1e-12)


def test_additive_noise_has_its_closed_form():
    """E e^2 of SGD falls as prod (1 - lr_s lam)^2, to which every step adds lr_s^2 lam sigma^2 / B_s (Zhang et al. 2019)."""
    rng, lam = np.random.default_rng(2), np.array([1.0, 0.2])
    lr, batch, e2 = rng.uniform(0.1, 0.9, 9), rng.uniform(1, 5, 9), np.ones(2)
    for step, size in zip(lr, batch, strict=True):
        e2 = (1 - step * lam) ** 2 * e2 + step**2 * lam * 0.09 / size
    plan = Schedule(lr, 0.0, 0.0, batch)
    risk = schedule.final_risk(Spectrum(lam), plan, noise=0.3, noise_model="additive")
    np.testing.assert_allclose(risk, lam @ e2 / 2, rtol=1e-13)


@pytest.mark.parametrize("model", schedule.NOISE_MODELS)
def test_the_gradient_is_that_of_differences(model, monkeypatch):
    """(adjoint)."""
    rng = np.random.default_rng(3)
    H, plan, given = Spectrum.power_law(6, 1.2, 30.0), drawn(40, rng), {"noise": 0.4, "kurtosis": 2.2, "noise_model": model}
    monkeypatch.setattr(schedule, "CHUNK", 7 * len(H))                  # six pieces, the last one shorter
    risk, slopes = schedule.final_risk_gradient(H, plan, **given)
    assert risk == schedule.final_risk(H, plan, **given)
    for name in NAMES:
        found = np.empty(plan.steps)
        for t in range(plan.steps):
            sides = []
            for h in (-1e-5, 1e-5):
                parts = {n: getattr(plan, n).copy() for n in NAMES}
                parts["batch"] += 1.0                                    # so that no batch falls below 1
                parts[name][t] += h
                sides.append(schedule.final_risk(H, Schedule(**parts), **given))
            found[t] = (sides[1] - sides[0]) / 2e-5
        moved = Schedule(plan.delta, plan.eta, plan.beta, plan.batch + 1)
        exact = schedule.final_risk_gradient(H, moved, **given)[1][name]
        np.testing.assert_allclose(exact, found, rtol=2e-6, atol=1e-6 * np.abs(exact).max(), err_msg=name)
    assert all(np.abs(slopes[name]).max() > 0 for name in NAMES)


def test_pieces_do_not_change_a_curve(monkeypatch):
    H, plan = Spectrum.power_law(5, 1.0), drawn(50, np.random.default_rng(4))
    whole = schedule.risk_curve(H, plan, 0.1, tail=20), schedule.final_risk_gradient(H, plan, 0.1)
    monkeypatch.setattr(schedule, "CHUNK", 9 * len(H))
    pieces = schedule.risk_curve(H, plan, 0.1, tail=20), schedule.final_risk_gradient(H, plan, 0.1)
    np.testing.assert_array_equal(pieces[0], whole[0])
    for name in NAMES:
        np.testing.assert_array_equal(pieces[1][1][name], whole[1][1][name])


def test_growing_the_batch_does_for_sgd_what_cutting_the_rate_does():
    """(ramp): Seesaw's equivalence, for SGD exact as lr -> 0 at fixed lr * steps, whatever the share."""
    H, apart = Spectrum.power_law(20, 1.0), []
    for lr, steps in ((0.02, 1000), (0.005, 4000)):
        factors = schedule.step_decay(steps, at=(0.4, 0.7), factor=0.5)
        cut = Schedule.of(Method.sgd(lr), 8, factors)
        ramp = schedule.batch_ramp(Method.sgd(lr), 8, factors)
        assert ramp.samples == pytest.approx(cut.samples, rel=1e-12) and ramp.steps < 0.75 * cut.steps
        apart.append(abs(schedule.final_risk(H, ramp, 1.0) / schedule.final_risk(H, cut, 1.0) - 1))
    assert apart[0] < 0.02 and apart[1] < 0.35 * apart[0]
    factors = schedule.step_decay(1000, at=(0.4, 0.7), factor=0.5)
    half, cut = schedule.batch_ramp(Method.sgd(0.02), 8, factors, 0.5), Schedule.of(Method.sgd(0.02), 8, factors)
    np.testing.assert_allclose(half.delta[-2] / half.batch[-2], cut.delta[-1] / 8, rtol=1e-12)
    assert abs(schedule.final_risk(H, half, 1.0) / schedule.final_risk(H, cut, 1.0) - 1) < 0.01


def test_shapes():
    np.testing.assert_allclose(schedule.linear(4, final=0.2), [1, 0.8, 0.6, 0.4], rtol=1e-15)
    np.testing.assert_allclose(schedule.cosine(4), [1, (1 + np.sqrt(0.5)) / 2, 0.5, (1 - np.sqrt(0.5)) / 2], rtol=1e-15)
    np.testing.assert_allclose(schedule.step_decay(8), [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01], rtol=1e-15)
    np.testing.assert_allclose(schedule.inverse_time(3, 2.0), [1, 2 / 3, 1 / 2], rtol=1e-15)
    np.testing.assert_allclose(schedule.warmup_stable_decay(10, 0.2, 0.3),
                               [0.5, 1, 1, 1, 1, 1, 1, 1, 2 / 3, 1 / 3], rtol=1e-12)
    np.testing.assert_array_equal(schedule.warmup_stable_decay(3, 0.0, 0.0), schedule.constant(3))


def test_a_schedule_that_diverges_is_inf_from_there_on():
    H, plan = Spectrum.flat(4), Schedule.of(Method.sgd(5.0), 1, schedule.constant(400))
    curve = schedule.risk_curve(H, plan)
    first = int(np.argmax(np.isinf(curve)))
    assert 10 < first < 400 and np.isfinite(curve[:first]).all() and np.isinf(curve[first:]).all()
    risk, slopes = schedule.final_risk_gradient(H, plan)
    assert risk == np.inf and not any(slopes[name].any() for name in NAMES)


@pytest.mark.parametrize("change, message", [
    ({"beta": 1.0}, "beta must be numbers >= 0 and < 1"),
    ({"batch": 0.5}, "batch must be"),
    ({"batch": [1.0, 2.0]}, r"batch must be one number or 3 of them, one a step as delta, .*; got \(2,\)"),
    ({"delta": np.nan}, "delta must be"),
    ({"eta": []}, "eta must be"),
])
def test_bad_parameters_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Schedule(**{"delta": np.ones(3), "eta": 0.1, "beta": 0.5, "batch": 2.0, **change})


@pytest.mark.parametrize("call, message", [
    (lambda H, s: schedule.risk_curve(H, Method.sgd(0.1)), "schedule must be a mombook.Schedule"),
    (lambda H, s: schedule.risk_curve(H, s, noise=-1), "noise must be"),
    (lambda H, s: schedule.risk_curve(H, s, start=[1.0, 1.0]), "start must be"),
    (lambda H, s: schedule.risk_curve(H, s, tail=4), "tail must be a whole number >= 0 and <= 3; got 4"),
    (lambda H, s: schedule.risk_curve(H, s, ema=1.0), "ema must be"),
    (lambda H, s: schedule.risk_curve(H, s, tail=1, ema=0.5), "ema must be left out where tail is given"),
    (lambda H, s: schedule.risk_curve(H, s, noise_model="none"), "noise_model must be one of"),
    (lambda H, s: schedule.batch_ramp(Method.sgd(0.1), 4, [1.0, 0.0]), "factors must be"),
    (lambda H, s: schedule.batch_ramp(Method.sgd(0.1), 4, [2.0]), "factors must be numbers > 0 and <= 1"),
    (lambda H, s: schedule.warmup_stable_decay(9, 0.5, 0.6), "decay must be at most 0.5, what a warmup of 0.5 leaves; got 0.6"),
    (lambda H, s: Schedule.from_function(lambda t: t, 4, 3), "method_at must be a mombook.Method"),
])
def test_bad_questions_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(Spectrum([1.0]), Schedule.of(Method.sgd(0.1), 1, schedule.constant(3)))


def test_the_readers_door_takes_schedules_and_averages():
    H, m, plan = Spectrum.power_law(20, 1.5), Method.heavy_ball(0.1, 0.8), drawn(30, np.random.default_rng(5))
    np.testing.assert_array_equal(moments.risk_curve(H, plan, noise=0.3, tail=4), schedule.risk_curve(H, plan, 0.3, tail=4))
    held = Schedule(0.0, 0.1, 0.8, np.full(50, 4.0))
    np.testing.assert_array_equal(moments.risk_curve(H, m, 4, 50, 0.3, ema=0.9), schedule.risk_curve(H, held, 0.3, ema=0.9))
    np.testing.assert_allclose(moments.risk_curve(H, m, 4, 50, 0.3, tail=50), moments.risk_curve(H, m, 4, 50, 0.3), rtol=1e-11)
    for given, message in (({"batch": 4}, "batch must be left out where a schedule is"), ({"steps": 4}, "steps must be left")):
        with pytest.raises(ValueError, match=message):
            moments.risk_curve(H, plan, **given)
    with pytest.raises(ValueError, match="steps must be"):
        moments.risk_curve(H, m, 4)


def test_a_schedule_that_diverges_is_told_with_its_step():
    """Stable for forty steps, then far beyond the limit: the risk passes its start soon after, and never comes back."""
    H = Spectrum.flat(4)
    plan = Schedule.of(Method.sgd(0.2), 1, np.where(np.arange(80) < 40, 1.0, 20.0))
    curve = moments.risk_curve(H, plan)
    at = schedule.diverges_at(curve)
    assert 40 <= at < 60 and curve[at] <= curve[0] < curve[at + 1] and np.all(curve[at + 1:] > curve[0])
    assert schedule.diverges_at(curve[:40]) is None
    assert schedule.diverges_at([0.0, 0.1, 0.4], noise=1.0) is None and schedule.diverges_at([0.0, 0.1, 0.6], noise=1.0) == 1
    for bad in ([], [[1.0]], [np.nan, 1.0]):
        with pytest.raises(ValueError, match="curve must be a risk curve"):
            schedule.diverges_at(bad)


def test_a_curve_through_knots():
    np.testing.assert_allclose(schedule.through(5, [4.0, 4.0, 4.0]), 4.0, rtol=1e-12)
    y, at = schedule.through(101, [1.0, 3.0, 0.5]), schedule.knot_times(3)
    np.testing.assert_allclose(at, [0, 0.5, 1])
    np.testing.assert_allclose(y[[0, 25, 50, 75, 100]], [1, 3**0.5, 3, 1.5**0.5, 0.5], rtol=1e-12)
    with pytest.raises(ValueError, match="factors must be two numbers > 0 or more"):
        schedule.through(5, [1.0])


@pytest.mark.parametrize(("batch", "factors"), [(2, [0.1]), (8, [0.5, 0.25, 0.1]), (3, [1.0, 0.9])])
def test_a_batch_ramp_never_spends_more_than_its_budget_and_a_sample(batch, factors):
    used = schedule.batch_ramp(Method.sgd(0.1), batch, factors).samples
    assert batch * len(factors) - 1e-9 <= used < batch * len(factors) + 1
