"""Tuning on rows: where the search ends, there is nothing better nearby."""

import numpy as np
import pytest

from mombook.model.example_systems import gaussian
from mombook.tuning.parallel import tuned

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("batch", [1, 4096])
def test_a_second_search_from_the_optimum_finds_nothing_better(batch):
    """At large batches the best heavy ball lies on a ridge, where two roots meet: a simplex goes flat there."""
    system = gaussian(12, 5, np.random.default_rng(0))
    best = tuned(system, batch)
    again = tuned(system, batch, start=best.method)
    assert best.gap * (1 - 1e-9) <= again.gap <= best.gap * (1 + 1e-4)


def test_without_noise_the_optimum_is_polyaks():
    """Where draws do not matter the best beta is ((sqrt k - 1) / (sqrt k + 1))^2, and the error's square shrinks by it."""
    system = gaussian(12, 5, np.random.default_rng(0))
    root = np.sqrt(system.kappa)
    beta = ((root - 1) / (root + 1)) ** 2
    np.testing.assert_allclose(tuned(system, 10**9).gap, 1 - beta, rtol=1e-3)
