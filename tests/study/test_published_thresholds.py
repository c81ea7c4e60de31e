"""Stability thresholds printed by others, against ``is_stable``: Wang, Huang, Li & Wu (2026), Theorem 4.3 and its appendix."""

import numpy as np
import pytest

import mombook as mb
from mombook.exact.thresholds import nesterov_limit, step_limit
from mombook.study.published import threshold_sum


def edge(holds):
    """Where ``holds`` turns from true to false, by bisection."""
    low, high = 0.0, 1e6
    for _ in range(120):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("name", ["sgd", "heavy_ball", "nesterov"])
def test_a_published_threshold_is_ours(name, seed):
    rng = np.random.default_rng(seed)
    H = mb.Spectrum.power_law(int(rng.integers(1, 60)), rng.uniform(0.3, 3))
    B, beta = 10 ** rng.uniform(0, 3), 1 - 10 ** rng.uniform(-4, -0.01)
    make, given = getattr(mb.Method, name), () if name == "sgd" else (beta,)
    theirs = edge(lambda eta: threshold_sum(name, H, eta, beta, B) < 1)
    ours = edge(lambda eta: eta == 0 or mb.is_stable(H, make(eta, *given), B))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    ask = {"sgd": step_limit, "heavy_ball": step_limit, "nesterov": nesterov_limit}[name]
    np.testing.assert_allclose(ask(H, B, *given), theirs, rtol=1e-12)
