"""The monotone curve against scipy's PchipInterpolator."""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from mombook.tuning.monotone import Monotone


@pytest.mark.parametrize("n", [2, 3, 4, 40])
@pytest.mark.parametrize("kind", ["falling", "any", "with steps"])
def test_it_is_scipys_curve_and_slope(n, kind):
    rng = np.random.default_rng(n)
    for _ in range(30):
        x, y = np.cumsum(rng.uniform(0.01, 3, n)), rng.normal(size=n)
        y = {"falling": -np.cumsum(np.abs(y)), "any": y, "with steps": np.cumsum(np.maximum(y, 0))}[kind]
        ours, theirs = Monotone(x, y), PchipInterpolator(x, y)
        at = np.concatenate([x, np.linspace(x[0] - 0.5, x[-1] + 0.5, 200)])
        np.testing.assert_allclose(ours(at), theirs(at), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(ours.slope(at), theirs.derivative()(at), rtol=1e-11, atol=1e-11)
    assert ours(float(x[0])) == y[0]
