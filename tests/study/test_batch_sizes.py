"""Definitions of the critical batch, each by a second way."""

import numpy as np
import pytest

import mombook as mb
from mombook.study.batch_sizes import definitions, noise_scale, overhead_batch

H = mb.Spectrum.power_law(20, 1.5)
START = np.random.default_rng(0).uniform(0.2, 3.0, 20)


def test_the_noise_scale_halves_the_gain_of_a_step():
    """The least risk after one step, over the learning rate, by the literal recursion."""
    first, lrs = H.eigenvalues @ START / 2, np.geomspace(1e-3, 2, 1000)

    def gain(batch):
        risks = [mb.risk_curve(H, mb.Method.sgd(lr), batch, 1, 0.5, START)[1] for lr in lrs]
        return first - min(risks)

    np.testing.assert_allclose(gain(noise_scale(H, 0.5, START)) / gain(1e12), 0.5, rtol=1e-4)


@pytest.mark.parametrize("simple", [False, True])
def test_the_noise_scale_is_that_of_drawn_gradients(simple):
    rng, small = np.random.default_rng(2), mb.Spectrum.power_law(4, 1.0)
    lam, start, n = small.eigenvalues, np.array([1.0, 2.0, 0.5, 3.0]), 400_000
    e = rng.standard_normal((n, 4)) * np.sqrt(start)                    # a new error for every gradient
    x = rng.standard_normal((n, 4)) * np.sqrt(lam)
    g = x * (np.sum(x * e, 1) + 0.5 * rng.standard_normal(n))[:, None]
    weight = np.ones(4) if simple else lam
    mean = np.sum(weight * (lam * e) ** 2, 1)
    total = np.sum(weight * g**2, 1)
    found = (total.mean() - mean.mean()) / mean.mean()
    np.testing.assert_allclose(noise_scale(small, 0.5, start, simple), found, rtol=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["sgd", "nesterov"])
def test_at_the_overhead_batch_a_fifth_more_samples_are_needed(family):
    B = overhead_batch(H, family, 0.02, 0.2, noise=0.2)
    fewest = min(b * mb.tune_steps(H, family, b, 0.02, 0.2)[1] for b in (1, 2, 4, 8))
    np.testing.assert_allclose(B * mb.tune_steps(H, family, B, 0.02, 0.2)[1] / fewest, 1.2, rtol=0.03)


def test_where_there_is_nothing_to_find():
    assert noise_scale(H, 0.3, 0.0) == np.inf
    assert overhead_batch(mb.Spectrum.flat(1000), "sgd", 100.0, largest=8) == 8
    with pytest.raises(ValueError, match="overhead must be"):
        overhead_batch(H, "sgd", 0.1, 0.0)
    with pytest.raises(ValueError, match="noise must be"):
        noise_scale(H, -1.0)


def test_the_table_is_its_functions():
    found = definitions(H, "sgd", 128, noise=0.3)
    budget = mb.tune_budget(H, "sgd", 128, 0.3)
    expected = [mb.critical_batch(H, "sgd"), noise_scale(H, 0.3), noise_scale(H, 0.3, simple=True),
                overhead_batch(H, "sgd", 1.2 * budget.risk, 0.2, 0.3), budget.batch, budget.critical_batch(0.2)]
    np.testing.assert_allclose(list(found.values()), expected, rtol=1e-9)


def test_without_a_word_there_is_no_noise_and_a_start_of_one():
    assert definitions(H, "sgd", 16) == definitions(H, "sgd", 16, 0.0, 1.0)
