"""The closed stability limit against the literature of theory.md, the engine and the dense oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import dense_gap

import mombook as mb
from mombook.exact.thresholds import long_run_threshold, nesterov_limit

LADDER = mb.Spectrum([i**-1.5 for i in range(1, 13)])


def test_known_limits():
    np.testing.assert_allclose([mb.step_limit(LADDER, b) for b in (1, 4, 64)], [0.5701095175, 1.2798523307, 1.9387944209],
                               rtol=1e-9)
    np.testing.assert_allclose([mb.step_limit(LADDER, b, 0.9) for b in (1, 4, 64)],
                               [0.0726856633, 0.2786544918, 2.2651923530], rtol=1e-9)


def test_flat_closed_form():
    got = [mb.step_limit(mb.Spectrum.flat(d), b) for d in (1, 7, 10_000) for b in (1, 3, 1e6)]
    np.testing.assert_allclose(got, [2 * b / (d + b + 1) for d in (1, 7, 10_000) for b in (1, 3, 1e6)], rtol=1e-11)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(1e-5, 10), min_size=1, max_size=12), st.floats(1, 1e5), st.floats(0, 0.999))
def test_the_engine_turns_unstable_there(eigenvalues, batch, beta):
    H = mb.Spectrum(eigenvalues)
    limit = mb.step_limit(H, batch, beta)
    below, above = (mb.Method.heavy_ball(limit * (1 + s), beta) for s in (-1e-6, 1e-6))
    assert mb.is_stable(H, below, batch) and not mb.is_stable(H, above, batch)
    limit = nesterov_limit(H, batch, beta)
    below, above = (mb.Method.nesterov(limit * (1 + s), beta) for s in (-1e-6, 1e-6))
    assert mb.is_stable(H, below, batch) and not mb.is_stable(H, above, batch)


@pytest.mark.parametrize("beta", [0.0, 0.6])
def test_the_dense_operator_has_radius_one_there(beta):
    eigenvalues = np.array([1.0, 0.3])
    limit = mb.step_limit(mb.Spectrum(eigenvalues), 2, beta)
    np.testing.assert_allclose(dense_gap(eigenvalues, mb.Method.heavy_ball(limit, beta), 2), 0.0, atol=1e-9)


def test_units():
    np.testing.assert_allclose(mb.step_limit(LADDER.scaled(1e-9), 4), 1e9 * mb.step_limit(LADDER, 4), rtol=1e-11)


@pytest.mark.parametrize(("name", "arguments"), [
    ("spectrum", ([1.0], 4)), ("batch", (LADDER, 0.5)), ("batch", (LADDER, np.inf)), ("beta", (LADDER, 4, 1.0)),
    ("beta", (LADDER, 4, -0.1))])
def test_refusals_name_the_argument(name, arguments):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        mb.step_limit(*arguments)


@pytest.mark.parametrize("feedback", [1e-6, 0.1, 0.9])
def test_a_feedback_below_one_is_that_of_the_noise_floor(feedback):
    for batch, beta in ((1, 0.0), (40, 0.95)):
        lr = mb.step_limit(LADDER, batch, beta, feedback)
        floor = mb.noise_floor(LADDER, mb.Method.heavy_ball(lr, beta), batch, noise=1.0)
        np.testing.assert_allclose(floor, feedback / (1 - feedback) / 2, rtol=1e-9)


@pytest.mark.parametrize("batch", [1e6, 1e12, 1e15, 1e18, 1e99])
def test_huge_batches_leave_the_limit_without_noise(batch):
    """S(0) = 1 lies within rounding of the pole, which is 2 (1 + beta)/L."""
    H = mb.Spectrum([1.0, 0.5], counts=[1, 2])
    for beta in (0.0, 0.9):
        limit = mb.step_limit(H, batch, beta)
        np.testing.assert_allclose(limit, 2 * (1 + beta), rtol=20 / (batch * (1 - beta)) + 1e-12)
    np.testing.assert_allclose(long_run_threshold(H, batch), mb.step_limit(H, batch), rtol=1e-12)
