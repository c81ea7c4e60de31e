"""Additive noise: doubling against stepping one by one, and against least squares in the limit of it."""

import numpy as np
import pytest

import mombook as mb
from mombook.exact import additive, schedule

H = mb.Spectrum([1.0, 0.4, 0.05], [1, 3, 20])
START = np.array([0.5, 1.0, 2.0])
METHODS = [mb.Method.sgd(0.3), mb.Method.heavy_ball(0.2, 0.7), mb.Method.nesterov(0.1, 0.9), mb.Method(0.2, 0.05, 0.8)]
PARAMETERS = np.array([(m.delta, m.eta, m.beta) for m in METHODS]).T


@pytest.mark.parametrize("steps", [0, 1, 2, 7, 64, 301])
def test_doubling_is_stepping(steps):
    """(additive)."""
    found = additive.risks_after(H, *PARAMETERS, 5.0, steps, 0.7, START)
    factors = np.ones(max(steps, 1))
    run = [schedule.risk_curve(H, schedule.Schedule.of(m, 5.0, factors), 0.7, START, noise_model="additive")[steps]
           for m in METHODS]
    np.testing.assert_allclose(found, run, rtol=1e-12)


def test_it_is_least_squares_at_a_batch_and_a_noise_that_grow_together():
    many = 1e9
    found = additive.risks_after(H, *PARAMETERS, 5.0, 40, 0.7, START)
    limit = [mb.risk_curve(H, m, 5.0 * many, 40, 0.7 * many**0.5, START)[-1] for m in METHODS]
    np.testing.assert_allclose(found, limit, rtol=1e-7)


def test_steps_to_a_target_lie_between_the_last_above_and_the_first_below():
    batches, target = [1.0, 30.0, 1e4], 0.3
    found = additive.steps_to(H, *PARAMETERS, batches, target, 0.7, START)
    assert found.shape == (3, 4) and np.isinf(found[0]).any() and np.isfinite(found[2]).all()
    for B, row in zip(batches, found, strict=True):
        for k, m in enumerate(METHODS):
            rule = schedule.Schedule.of(m, B, np.ones(2000))
            curve = schedule.risk_curve(H, rule, 0.7, START, noise_model="additive")
            if np.isinf(row[k]):
                assert curve[-1] > target
                continue
            last = int(np.floor(row[k]))
            assert curve[last] > target >= curve[last + 1]
            share = np.log(curve[last] / target) / np.log(curve[last] / curve[last + 1])
            np.testing.assert_allclose(row[k], last + share, rtol=1e-9)


def test_a_start_at_the_target_takes_no_step_and_a_diverging_method_never_arrives():
    np.testing.assert_array_equal(additive.steps_to(H, [0.1], [0.0], [0.0], [4.0], 100.0), [[0.0]])
    assert np.isinf(additive.steps_to(H, [3.0], [0.0], [0.0], [4.0], 0.1)).all()


@pytest.mark.parametrize(("call", "message"), [
    (lambda: additive.risks_after(H, [0.1], [0.0], [0.0], 0.5, 3), "batch must be"),
    (lambda: additive.risks_after(H, [0.1], [0.0], [0.0], 5, 1.5), "steps must be"),
    (lambda: additive.risks_after(H, [0.1], [0.0], [0.0], 5, 3, noise=-1), "noise must be"),
    (lambda: additive.risks_after("H", [0.1], [0.0], [0.0], 5, 3), "spectrum must be"),
    (lambda: additive.steps_to(H, [0.1], [0.0], [0.0], [4.0], 0.0), "target must be"),
    (lambda: additive.steps_to(H, [0.1], [0.0], [0.0], [0.1], 0.1), "batches must be"),
    (lambda: additive.steps_to(H, [0.1], [0.0], [0.0], [4.0], 0.1, start=[1.0]), "start must be"),
])
def test_bad_questions_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_risk_that_is_below_the_target_only_for_a_while_does_not_count():
    """Heavy ball on one weight: it passes 0.053 at its third step and settles far above."""
    H, method = mb.Spectrum([1.0]), mb.Method.heavy_ball(0.2, 0.97)
    curve = [additive.risks_after(H, [0.0], [method.eta], [method.beta], 1.0, t, 0.5)[0] for t in range(60)]
    assert min(curve[:6]) < 0.053 < curve[-1]
    assert additive.steps_to(H, [0.0], [method.eta], [method.beta], [1.0], 0.053, 0.5)[0, 0] == np.inf
