"""Roots in a bracket against scipy's, in value and in how often the function is asked."""

import numpy as np
import pytest
from scipy.optimize.elementwise import find_root

from mombook.exact.roots import root, roots

FUNCTIONS = (lambda x: np.exp(x) - 5, lambda x: x**3 - 1e-9, lambda x: np.tanh(50 * (x - 1.7)), lambda x: 1 / (4 - x) - 30,
             lambda x: (x - 0.3) ** 9, lambda x: np.sign(x - 2.2))


def test_the_same_roots_as_scipy_in_as_few_evaluations():
    asked = np.zeros(len(FUNCTIONS), int)

    def function(x, which):
        asked[which] += 1
        return [FUNCTIONS[k](at) for k, at in zip(which, x, strict=True)]

    low, high = np.full(len(FUNCTIONS), -1.0), np.full(len(FUNCTIONS), 3.99)
    found = roots(function, low, high, xtol=1e-12)
    for k, f in enumerate(FUNCTIONS):
        theirs = find_root(np.vectorize(f, otypes=[float]), (low[k], high[k]), tolerances={"xatol": 1e-12})
        assert abs(f(found[k])) < 1e-9 or abs(found[k] - theirs.x) < 2e-12
        assert asked[k] <= theirs.nfev + 2, k
        if k != 4:                                                      # of the ninth order: flat
            np.testing.assert_allclose(found[k], theirs.x, rtol=0, atol=2e-12)


def test_either_way_round_and_to_the_last_digit():
    for low, high in ((0.0, 3.0), (3.0, 0.0)):
        np.testing.assert_allclose(root(lambda x: x * x - 2, low, high), np.sqrt(2), rtol=4e-16)
    assert root(lambda x: x - 1, 1.0, 3.0) == 1.0 == root(lambda x: x - 1, -4.0, 1.0)
    np.testing.assert_allclose(root(lambda x: x - 1e-250, 0.0, 1.0), 1e-250, rtol=1e-14)


def test_known_ends_are_not_asked_for_again():
    asked = []

    def function(x, which):
        asked.extend(x)
        return x**2 - np.array([2.0, 9.0])[which]

    low, high = np.array([0.25, 5.0]), np.array([3.5, 1.5])
    given = roots(function, low, high, ends=(low**2 - [2, 9], high**2 - [2, 9]))
    assert not {*low, *high} & {*asked}
    np.testing.assert_array_equal(given, roots(function, low, high))
    np.testing.assert_allclose(given, [np.sqrt(2), 3.0], rtol=1e-15)


def test_a_bracket_without_a_change_of_sign_is_refused():
    with pytest.raises(ValueError, match="both signs"):
        roots(lambda x, which: x - np.array([0.5, 7])[which], [0.0, 0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="both signs"):
        root(lambda x: np.nan, 0.0, 1.0)
