"""The one recursion, (recursion): products of states, the loop, and repeated squaring, each against a literal second way."""

from itertools import count, repeat

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mombook.exact import recursion


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(0, 3), st.randoms(use_true_random=False))
def test_products_of_a_state_move_as_the_state_does(k, modes, random):
    """T (s s) is (M s)(M s), for the products of one drawn state after another."""
    rng = np.random.default_rng(random.getrandbits(32))
    M = rng.standard_normal((k, k, *[2] * modes))
    s = rng.standard_normal((k, *M.shape[2:]))
    i, j = np.triu_indices(k)
    moved = np.einsum("ab...,b...->a...", M, s)
    np.testing.assert_allclose(np.einsum("pq...,q...->p...", recursion.on_products(M), s[i] * s[j]), moved[i] * moved[j],
                               rtol=1e-12, atol=1e-12)


def test_the_loop_is_the_matrix_equation():
    """E s s' of every mode by 2 x 2 products, with the noise that all modes share."""
    rng, n = np.random.default_rng(0), 3
    lam, M, b = rng.uniform(0.1, 1, n), rng.standard_normal((2, 2, n)) / 2, rng.standard_normal(2)
    weight, start = rng.uniform(1, 2, n) * lam, rng.uniform(1, 2, n)
    kurtosis, batch, noise2, seen = np.array([1.0, 3.0, 5.0]), 4.0, 0.3, 0
    full = np.array([np.diag([e, 0.0]) for e in start])
    blocks = recursion.blocks((M, b), lam, batch, kurtosis - 2)
    for S, twice in recursion.states(repeat(blocks, 5), recursion.begin(start), weight, noise2):
        np.testing.assert_allclose(S, [full[:, 0, 0], full[:, 0, 1], full[:, 1, 1]], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(twice, weight @ full[:, 0, 0], rtol=1e-12)
        drive = ((kurtosis - 2) * lam**2 * full[:, 0, 0] + lam * (weight @ full[:, 0, 0] + noise2)) / batch
        seen += 1
        full = np.array([M[..., k] @ full[k] @ M[..., k].T + drive[k] * np.outer(b, b) for k in range(n)])
    assert seen == 6


def test_a_step_that_changes_is_the_step_of_its_time():
    """One mode, T = t + 1 and no noise: the state is a factorial."""
    steps = ((np.full((1, 1, 1), t + 1.0), np.zeros((1, 1))) for t in range(6))
    reached = [S[0, 0] for S, _ in recursion.states(steps, np.ones((1, 1)), np.zeros(1), 0.0)]
    np.testing.assert_allclose(reached, np.cumprod([1, 1, 2, 3, 4, 5, 6]))


def test_powers_are_repeated_products():
    rng = np.random.default_rng(1)
    step, S = rng.standard_normal((4, 4)) / 2, rng.standard_normal(4)
    powers, times = recursion.Powers(step), [0, 1, 5, 5, 22]
    for now, t in zip(powers.at(S, times), times, strict=True):
        np.testing.assert_allclose(now, np.linalg.matrix_power(step, t) @ S, rtol=1e-11)
    np.testing.assert_allclose(powers[3], np.linalg.matrix_power(step, 8), rtol=1e-11)


def test_what_is_read_off_a_curve():
    np.testing.assert_array_equal(recursion.curve_of((2.0**-t for t in count()), 3), [1, 0.5, 0.25, 0.125])
    np.testing.assert_array_equal(recursion.curve_of((1e100 * 1e100**t for t in count()), 3), [1e100, 1e200, np.inf, np.inf])
    for target, steps in ((1.0, 0), (0.5, 1), (2**-2.5, 2.5), (2**-20.0, np.inf)):
        np.testing.assert_allclose(recursion.first_at((2.0**-t for t in count()), target, limit=10), steps)
    assert recursion.first_at((1.0, 1e251, 0.1), 0.5, limit=10) == np.inf


@pytest.mark.parametrize("t", [0, 7])
def test_between_is_log_linear(t):
    np.testing.assert_allclose(recursion.between(t, 8.0, 2.0, 4.0), t + 0.5)
