"""Many schedules at once: each is what it is alone, whatever stands beside it."""

import numpy as np
import pytest

from mombook import Method, Spectrum
from mombook.exact import schedule
from mombook.exact.schedule import Schedule
from mombook.exact.schedule_stack import final_risks, risk_curves

from .test_schedule import drawn

H = Spectrum.power_law(9, 1.2, 40.0)
RNG = np.random.default_rng
PLANS = [drawn(steps, RNG(steps)) for steps in (3, 12, 30, 31)]


@pytest.mark.parametrize("given", [{}, {"noise": 0.7, "start": np.linspace(0.2, 2.0, 9), "kurtosis": 2.2},
                                   {"noise": 0.7, "noise_model": "additive"}])
def test_each_risk_is_that_of_the_schedule_alone(given):
    """(stack) against (schedule-moments)."""
    expected = [schedule.final_risk(H, plan, **given) for plan in PLANS]
    np.testing.assert_allclose(final_risks(H, PLANS, **given), expected, rtol=1e-12)
    np.testing.assert_allclose(final_risks(H, PLANS[::-1], **given), expected[::-1], rtol=1e-12)


@pytest.mark.parametrize("tails", [[1, None, 0, 30], [None, 5, None, 31], [3, 12, None, 7]])
def test_averages_begin_where_they_are_asked_to(tails):
    """(average), rows side by side and apart, on schedules that end at different steps."""
    expected = [schedule.risk_curve(H, plan, 0.4, tail=tail)[-1] for plan, tail in zip(PLANS, tails, strict=True)]
    np.testing.assert_allclose(final_risks(H, PLANS, 0.4, tails=tails), expected, rtol=1e-12)


@pytest.mark.parametrize("tails", [None, [1, None, 0, 30], [2, 3, 4, 5]])
def test_curves_are_those_of_the_schedules_alone(tails):
    found = risk_curves(H, PLANS, 0.4, tails=tails)
    for curve, plan, tail in zip(found, PLANS, tails or [None] * 4, strict=True):
        np.testing.assert_allclose(curve, schedule.risk_curve(H, plan, 0.4, tail=tail), rtol=1e-12)


def test_plain_sgd_takes_the_short_way_and_agrees():
    plans = [Schedule.of(Method.sgd(lr), 4, schedule.cosine(25)) for lr in (0.1, 0.3)]
    expected = [schedule.risk_curve(H, plan, 0.4, tail=10)[-1] for plan in plans]
    np.testing.assert_allclose(final_risks(H, plans, 0.4, tails=[10, 10]), expected, rtol=1e-12)


def test_what_overflows_is_inf_and_leaves_the_others_alone():
    wild, tame = Schedule.of(Method.heavy_ball(50.0, 0.9), 1, schedule.constant(400)), Schedule.of(Method.sgd(0.1), 1, [1.0])
    risks = final_risks(H, [wild, tame])
    assert risks[0] == np.inf
    curve, expected = risk_curves(H, [tame, wild])[1], schedule.risk_curve(H, wild)
    np.testing.assert_array_equal(np.isinf(curve), np.isinf(expected))
    np.testing.assert_allclose(curve[np.isfinite(curve)], expected[np.isfinite(expected)], rtol=1e-9)
    np.testing.assert_allclose(risks[1], schedule.final_risk(H, tame), rtol=1e-14)


@pytest.mark.parametrize("call, message", [
    (lambda: final_risks(H, []), "schedules must be a list of mombook.Schedule"),
    (lambda: final_risks(H, [Method.sgd(0.1)]), "schedules must be a mombook.Schedule"),
    (lambda: final_risks(H, PLANS, tails=[1]), "tails must be a list of 4, one for each schedule"),
    (lambda: final_risks(H, PLANS, tails=[4, 0, 0, 0]), "tails must be a whole number >= 0 and <= 3; got 4"),
])
def test_bad_questions_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
