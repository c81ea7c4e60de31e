"""(frozen-feedback): exact where nothing feeds back, rough elsewhere, infinite where unstable."""

import numpy as np

import mombook as mb
from mombook import Method, Spectrum
from mombook.tuning import budget, first_guess

H = Spectrum.power_law(30, 1.3)
METHODS = (Method.sgd(0.3), Method.heavy_ball(0.05, 0.9), Method.nesterov(0.1, 0.99), Method(0.1, 0.02, 0.999),
           Method.heavy_ball(1.0, 0.5), Method(0.0, 1e-6, 1 - 1e-6))


def guessed(batch, noise, steps, start=1.0):
    levels = budget._Levels(H, np.full(30, start), np.full(30, 3.0), 100)
    return first_guess.risks(levels, *np.transpose([(m.delta, m.eta, m.beta) for m in METHODS]), batch, noise, steps)


def test_without_feedback_it_is_exact():
    """A large batch of very noisy labels: the noise no longer depends on the risk. Steps up to where it is settled."""
    for steps in (1, 2, 17, 3000):
        exact = [mb.risk_at(H, m, 1e12, [steps], 1e6)[0] for m in METHODS]
        np.testing.assert_allclose(guessed(1e12, 1e6, steps), exact, rtol=1e-6)


def test_with_feedback_it_is_near():
    exact = np.array([mb.risk_at(H, m, 64, [500], 0.3)[0] for m in METHODS])
    assert np.all(np.abs(np.log(guessed(64, 0.3, 500) / exact)) < 0.3)


def test_what_is_unstable_is_infinite():
    assert np.isinf(first_guess.risks(budget._Levels(H, np.ones(30), np.full(30, 3.0), 100), np.array([30.0]), np.zeros(1),
                                      np.zeros(1), 1.0, 0.0, 100)[0])
