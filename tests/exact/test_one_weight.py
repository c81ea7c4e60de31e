"""One weight in closed form, against the engine, quadrature in another variable, and runs."""

import numpy as np
import pytest
import scipy

import mombook as mb
from mombook.exact import one_weight

ONE = mb.Spectrum.flat(1)


@pytest.mark.parametrize(("lr", "batch"), [(0.1, 1), (0.5, 1), (1.5, 1), (0.9, 16), (1e-3, 1.5)])
def test_the_rate_of_the_mean_is_the_engines(lr, batch):
    """(one-weight-mean) is the secular equation's root."""
    gap = mb.contraction_gap(ONE, mb.Method.sgd(lr), batch)
    np.testing.assert_allclose(one_weight.mean_rate(lr, batch), -np.log1p(-gap), rtol=1e-10)


@pytest.mark.parametrize(("lr", "batch"), [(0.5, 2), (2.0, 4), (4.0, 3), (0.3, 40)])
def test_the_typical_rate_is_the_integral_over_the_chi_square_law(lr, batch):
    """(one-weight-typical) in another variable, by another rule of quadrature."""
    halves = [(0, batch / lr), (batch / lr, np.inf)]
    whole = -sum(scipy.integrate.quad(lambda c: np.log((1 - lr * c / batch) ** 2) * scipy.stats.chi2.pdf(c, batch), *ends,
                                      limit=400, epsabs=1e-11)[0] for ends in halves)
    np.testing.assert_allclose(one_weight.typical_rate(lr, batch), whole, rtol=1e-7, atol=1e-9)


def test_the_typical_rate_is_what_runs_show_on_either_side_of_its_limit():
    for batch in (1, 4):
        limit = one_weight.typical_limit(batch)
        for share, sign in ((0.8, 1), (1.25, -1)):
            found = mb.typical_rate(ONE, mb.Method.sgd(share * limit), batch, 2000, 200, np.random.default_rng(0))
            assert abs(found.rate - one_weight.typical_rate(share * limit, batch)) < 5 * found.error
            assert sign * found.rate > 5 * found.error


def test_without_noise_both_limits_are_two():
    np.testing.assert_allclose(one_weight.typical_limit(1e6), 2, rtol=1e-5)


@pytest.mark.parametrize(("lr", "batch", "steps"), [(0.5, 1, 1), (0.3, 4, 3), (0.7, 64, 20)])
def test_runs_needed_is_the_relative_variance_over_the_squared_precision(lr, batch, steps):
    factor = scipy.stats.chi2.expect(lambda c: (1 - lr * c / batch) ** 2, (batch,))
    square = scipy.stats.chi2.expect(lambda c: (1 - lr * c / batch) ** 4, (batch,))
    n = ((square / factor**2) ** steps - 1) / 0.05**2
    np.testing.assert_allclose(one_weight.runs_needed(lr, batch, steps, 0.05), n, rtol=1e-6)
    assert one_weight.runs_needed(lr, batch, 0, 0.05) == 0


def test_so_many_runs_give_that_precision():
    n = round(one_weight.runs_needed(0.3, 64, 4, 0.05))
    risk = mb.simulate(ONE, mb.Method.sgd(0.3), 64, 4, 2000 * n, np.random.default_rng(1))[:, -1].reshape(2000, n)
    means = risk.mean(1) / mb.risk_curve(ONE, mb.Method.sgd(0.3), 64, 4)[-1]
    np.testing.assert_allclose(means.std(ddof=1), 0.05, rtol=0.1)


@pytest.mark.parametrize("call", [lambda **v: one_weight.mean_rate(**{"lr": 0.1, "batch": 4, **v}),
                                  lambda **v: one_weight.typical_rate(**{"lr": 0.1, "batch": 4, **v}),
                                  lambda **v: one_weight.runs_needed(**{"lr": 0.1, "batch": 4, "steps": 2, "precision": 0.1,
                                                                        **v})])
@pytest.mark.parametrize(("name", "value"), [("lr", 0.0), ("lr", "1"), ("lr", float("nan")), ("batch", 0.5), ("batch", None)])
def test_refusals_name_the_argument(call, name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be"):
        call(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("steps", 1.5), ("steps", -1), ("precision", 0.0), ("precision", "x")])
def test_runs_needed_refuses(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be"):
        one_weight.runs_needed(**{"lr": 0.1, "batch": 4, "steps": 2, "precision": 0.1, name: value})
    with pytest.raises(ValueError, match=r"^batch must be"):
        one_weight.typical_limit(0)
