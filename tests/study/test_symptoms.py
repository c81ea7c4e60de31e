"""The diagnosis at known cases and on both sides of every boundary, and its reference against a wide search."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mombook as mb
from mombook.study import symptoms
from mombook.study.symptoms import diagnose, reference, slowest_root, symptom_map

H = mb.Spectrum.power_law(100, 1.0, 100.0)
UNIT = H.trace / 2
QUIET = {"noise": 0.01 * np.sqrt(H.trace), "target": 1e-3 * UNIT}

KNOWN = [
    ({"lr": 1e-3, "momentum": 0.9, "batch": 64}, "slow", "short step"),
    ({"lr": 1.4, "momentum": 0.9, "batch": 64}, "slow", "long step"),
    ({"lr": 1.8, "momentum": 0.0, "batch": 4096}, "slow", "short memory"),
    ({"lr": 1e-3, "momentum": 0.99, "batch": 4096}, "slow", "long memory"),
    ({"lr": 1.8, "momentum": 0.98, "batch": 4096}, "oscillates", "long memory"),
    ({"lr": 3.85, "momentum": 0.95, "batch": 1e8}, "oscillates", "long memory"),
    ({"lr": 3.1, "momentum": 0.56, "batch": 1e8}, "oscillates", "long step"),
    ({"lr": 0.4, "momentum": 0.9, "batch": 64}, "healthy", "none"),
    ({"lr": 0.5, "momentum": 0.9, "batch": 8}, "diverges", "gradient noise"),
    ({"lr": 4.0, "momentum": 0.9, "batch": 1e6}, "diverges", "curvature"),
    ({"lr": 0.5, "momentum": 0.9, "batch": 64, "noise": np.sqrt(0.3 * H.trace)}, "stalls", "noise"),
]


@pytest.mark.parametrize(("case", "symptom", "cause"), KNOWN)
def test_known_cases(case, symptom, cause):
    found = diagnose(H, **{**QUIET, **case})
    assert (found.symptom, found.cause) == (symptom, cause), found


@pytest.mark.parametrize(("case", "symptom", "cause"), KNOWN)
def test_the_cure_is_healthy(case, symptom, cause):
    case = {**QUIET, **case}
    cure = diagnose(H, **case).cure
    found = diagnose(H, **{**case, "lr": cure.eta, "momentum": cure.beta})
    assert found.symptom == "healthy" and found.floor <= case["target"] / 2 * (1 + 1e-6)
    np.testing.assert_allclose(found.gap, found.best, rtol=1e-6)


def test_its_numbers_are_the_engines():
    case = {"batch": 16, "noise": 0.3, "target": 0.1 * UNIT}
    for lr in (0.01, 0.1, 1.0):
        found, m = diagnose(H, lr, 0.8, **case), mb.Method.heavy_ball(lr, 0.8)
        np.testing.assert_allclose(found.gap, mb.contraction_gap(H, m, 16), rtol=1e-7)
        np.testing.assert_allclose(found.floor, mb.noise_floor(H, m, 16, 0.3), rtol=1e-9)
        np.testing.assert_allclose(found.limit, mb.step_limit(H, 16, 0.8), rtol=1e-12)


def both_sides(at, momentum, **case):
    return [diagnose(H, at * s, momentum, **case).symptom for s in (1 - 1e-4, 1 + 1e-4)]


def test_it_diverges_exactly_beyond_the_limit():
    assert both_sides(mb.step_limit(H, 8, 0.9), 0.9, batch=8, noise=0.0, target=1e-3)[1] == "diverges"
    assert both_sides(mb.step_limit(H, 8, 0.9), 0.9, batch=8, noise=0.0, target=1e-3)[0] != "diverges"


def test_it_stalls_exactly_where_the_floor_passes_the_target():
    floor = mb.noise_floor(H, mb.Method.heavy_ball(0.2, 0.9), 64, 1.0)
    assert diagnose(H, 0.2, 0.9, 64, 1.0, floor * 1.001).symptom == "healthy"
    assert diagnose(H, 0.2, 0.9, 64, 1.0, floor * 0.999).symptom == "stalls"


def test_it_is_slow_exactly_below_half_of_the_best():
    best = mb.tune(H, "heavy_ball", 64).gap
    low, high = 1e-3, 0.3
    for _ in range(60):
        middle = np.sqrt(low * high)
        faster = mb.contraction_gap(H, mb.Method.heavy_ball(middle, 0.9), 64) > best / 2
        low, high = (low, middle) if faster else (middle, high)
    assert both_sides(low, 0.9, batch=64, noise=0.0, target=1e-3) == ["slow", "healthy"]


def test_it_oscillates_exactly_where_the_slowest_root_turns_complex():
    at = (1 - np.sqrt(0.99)) ** 2 / H.smallest
    assert both_sides(at, 0.99, batch=1e8, noise=0.0, target=1e-9) == ["slow", "oscillates"]


@settings(max_examples=100, deadline=None)
@given(st.floats(1e-4, 4), st.floats(0, 0.9999), st.floats(1.0, 1e5))
def test_the_slowest_root_is_that_of_the_polynomials(lr, momentum, kappa):
    """(slowest-root) against numpy's roots of every mode."""
    spectrum = mb.Spectrum.power_law(9, 1.3, kappa)
    roots = np.concatenate([np.roots([1, lr * v - 1 - momentum, momentum]) for v in spectrum.eigenvalues])
    far, positive = slowest_root(spectrum, lr, momentum)
    np.testing.assert_allclose(far, 1 - np.abs(roots).max(), atol=2e-8)
    slowest = roots[np.argmax(np.abs(roots))]
    if np.sort(np.abs(roots))[-1] - np.sort(np.abs(roots))[-2] > 1e-6:                    # one root alone: it is real
        assert positive == (slowest.real > 0)


def test_the_map_is_the_diagnosis_cell_by_cell(monkeypatch):
    monkeypatch.setattr(symptoms, "reference", cache(reference))        # one search for all cells
    case = {"batch": 64, "noise": np.sqrt(0.3 * H.trace), "target": 1e-2 * UNIT}
    _, best = reference(H, **case)
    lr, momentum = np.geomspace(1e-3, 5, 6), np.array([[0.0], [0.7], [0.99]])
    codes = symptom_map(H, lr, momentum, **case, best=best)
    expected = [[diagnose(H, v, m, **case).symptom for v in lr] for m in momentum[:, 0]]
    assert [[symptoms.SYMPTOMS[c] for c in row] for row in codes] == expected
    assert len(np.unique(codes)) >= 4


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=[pytest.mark.slow] if seed > 2 else []) for seed in range(12)])
def test_no_method_of_that_floor_is_clearly_faster_than_the_reference(seed):
    rng = np.random.default_rng(seed)
    spectrum = mb.Spectrum.power_law(int(rng.integers(2, 100)), rng.uniform(0.2, 3), 10 ** rng.uniform(0.5, 5)).compressed(1)
    batch, noise = float(np.rint(10 ** rng.uniform(0, 4))), 10 ** rng.uniform(-2, 1) * np.sqrt(spectrum.trace)
    target = spectrum.trace / 2 * 10 ** rng.uniform(-4, -0.5)
    method, gap = reference(spectrum, batch, noise, target)
    np.testing.assert_allclose(gap, mb.contraction_gap(spectrum, method, batch), rtol=1e-6)
    assert mb.noise_floor(spectrum, method, batch, noise) <= target / 2 * (1 + 1e-9)
    forget = 10 ** rng.uniform(-5, 0, 300)
    lr = np.array([mb.step_limit(spectrum, batch, 1 - e) for e in forget]) * 10 ** rng.uniform(-5, 0, 300)
    others = [mb.Method.heavy_ball(v, 1 - e) for v, e in zip(lr, forget, strict=True)]
    quiet = [m for m in others if mb.noise_floor(spectrum, m, batch, noise) <= target / 2]
    gaps = mb.contraction_gaps(spectrum, 0.0, [m.eta for m in quiet], [m.beta for m in quiet], batch)
    assert gaps.size and gaps.max() < 1.05 * gap


@pytest.mark.parametrize(("change", "said"), [({"lr": 0.0}, "lr must"), ({"momentum": 1.0}, "momentum must"),
                                              ({"batch": 0.5}, "batch must"), ({"noise": -1.0}, "noise must"),
                                              ({"target": 0.0}, "target must"), ({"spectrum": [1.0]}, "spectrum must")])
def test_what_cannot_be_diagnosed_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        diagnose(**{"spectrum": H, "lr": 0.1, "momentum": 0.5, "batch": 4, **change})
