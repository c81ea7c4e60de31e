"""What others printed: that the file is whole, and that every number of ours beside it comes by a second way."""

import hashlib
import json
import re

import numpy as np
import pytest
from scipy.optimize import brentq, curve_fit

import mombook as mb
from mombook.references import works
from mombook.study import published as study

SETS = study.published()
MODELS = SETS["zhang2024"].numbers


@pytest.mark.parametrize("key", SETS)
def test_numbers_are_those_that_were_read(key):
    each = SETS[key]
    text = json.dumps(each.numbers, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == each.numbers_sha256 == study.digest(each.numbers)
    assert each.read and key in works()
    assert bool(each.repository) == bool(each.path) == bool(re.fullmatch(r"[0-9a-f]{40}", each.commit))
    assert bool(each.repository) == bool(re.fullmatch(r"[0-9a-f]{64}", each.source_sha256))


def test_the_sets_have_their_shapes():
    noisy, slopes, kernel = (SETS[k].numbers for k in ("zhang2019", "kidambi2018", "wang2026"))
    assert {k: len(v) for k, v in noisy["log2_steps"].items()} == dict.fromkeys(("sgd", "heavy_ball"), len(noisy["batch"]))
    assert {k: len(v) for k, v in slopes["slope"].items()} == {"discrete": 4, "gaussian": 4} and len(slopes["kappa"]) == 9
    for name in ("steps", "steps_fitted"):
        assert np.shape(MODELS[name]) == (5, 9) == (len(MODELS["sizes"]), len(MODELS["batch"]))
        assert np.all(np.diff(MODELS[name], axis=1) <= 0)
    assert np.sum(np.not_equal(MODELS["steps"], MODELS["steps_fitted"])) == 6
    assert kernel["s"] == 0.3 and kernel["decay"] == 4 and kernel["figure_budget"] == 2**14


# -- steps against batch -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("k", range(5))
def test_their_critical_batch_is_ours_on_their_numbers(k):
    """(overhead)."""
    B, S = np.array(MODELS["batch"], float), np.array(MODELS["steps_fitted"][k], float)
    a, b = study.hyperbola(B, S)
    other, _ = curve_fit(lambda x, a, b: np.log(a + b / x), B, np.log(S), p0=[a * 1.3, b * 0.7], maxfev=5000)
    np.testing.assert_allclose([a, b], other, rtol=1e-5)
    found = study.published_critical_batch(a, b)
    np.testing.assert_allclose(found, MODELS["critical"][k], rtol=1e-6)
    np.testing.assert_allclose(found, brentq(lambda x: a + b / x - 1.2 * (256 / x) * (a + b / 256), 1, 1e6), rtol=1e-9)


def test_their_power_of_the_model_size_is_ours():
    power, log_factor = np.polyfit(np.log(MODELS["millions"]), np.log(MODELS["critical"]), 1)
    np.testing.assert_allclose([np.exp(log_factor), power], [MODELS["law"]["factor"], MODELS["law"]["power"]], rtol=1e-5)


def test_four_definitions_on_a_hyperbola_have_closed_forms():
    a, b = 700.0, 3e5
    B = np.geomspace(16, 1e5, 4000)
    found = study.critical_batches(B, a + b / B)
    assert list(found) == list(study.DEFINITIONS)
    expected = {"halving": 2 * 16 + b / a, "noise scale": b / a, "overhead": study.published_critical_batch(a, b),
                "budget": 16}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, err_msg=name)
    assert study.critical_batches(B[:100], (a + b / B)[:100])["halving"] == np.inf


@pytest.mark.parametrize("k", range(5))
def test_a_shifted_curve_is_the_nearest_of_many(k):
    shape = np.array([2.0**p for p in range(2, 22)])
    curve = (shape, 5 + 1e4 / shape + 30 * shape**-0.3)
    B, S = np.array(MODELS["batch"], float), np.array(MODELS["steps"][k], float)
    right, up, off = study.shifted(curve, B, S)
    line = lambda x: np.interp(x, np.log2(curve[0]), np.log2(curve[1]))  # noqa: E731
    misses = [np.std(np.log2(S) - line(np.log2(B) - x)) for x in np.linspace(np.log2(right) - 1, np.log2(right) + 1, 41)]
    np.testing.assert_allclose(misses[20], off, rtol=0.05)
    assert min(misses) > 0.97 * off and up > 0


# -- two directions ------------------------------------------------------------------------------------------------------
def test_a_rate_is_that_of_steps_taken_one_by_one():
    parts, m = study.two_directions(64.0), mb.Method.nesterov(0.2, 0.6)
    curve = mb.risk_curve(parts[0][0], m, 1, 320)
    np.testing.assert_allclose(study.rate_after(parts, m, 320), np.log(curve[0] / curve[-1]) / 320, rtol=1e-10)


@pytest.mark.parametrize("power", [0.5, 1.0])
@pytest.mark.parametrize("m", [mb.Method.sgd(0.8), mb.Method.heavy_ball(0.3, 0.6), mb.Method.nesterov(0.1, 0.9)])
def test_discrete_inputs_by_the_average_over_both_cases(power, m):
    """Each direction is seen half of the time: second moments of (e, m) by the mean of two Kronecker squares."""
    kappa, steps, risks = 64.0, 300, []
    for q in (1.0, 4 * kappa ** (-2 * power)):
        whole = np.zeros((4, 4))
        for curvature in (q, 0.0):
            columns = [m.step(e, buffer, curvature * e) for e, buffer in ((1.0, 0.0), (0.0, 1.0))]
            step = np.array(columns).T
            whole += np.kron(step, step) / 2
        risks.append([q / 4, q / 4 * np.linalg.matrix_power(whole, steps)[0, 0]])
    first, last = np.sum(risks, axis=0)
    found = study.rate_after(study.two_directions(kappa, True, power), m, steps)
    np.testing.assert_allclose(found, np.log(first / last) / steps, rtol=1e-9)


@pytest.mark.parametrize("family", ["sgd", "heavy_ball", "nesterov"])
def test_the_published_grid_holds_no_better_method_and_free_tuning_no_worse(family):
    kappa = 256.0
    rate, method = study.best_on_grid(kappa, family)
    H, make = mb.Spectrum([1.0, 1 / kappa]), getattr(mb.Method, family)
    methods = [make(lr, *more) for lr in study.GRID for more in ([()] if family == "sgd" else [(b,) for b in study.GRID[:-1]])]
    others = [np.log(H.trace / 2 / mb.risk_curve(H, each, 1, 1280)[-1]) / 1280 for each in methods if mb.is_stable(H, each, 1)]
    np.testing.assert_allclose(rate, max(others), rtol=1e-8)
    free, best = study.best_rate(kappa, family)
    assert free >= rate * (1 - 1e-6) and mb.is_stable(H, best, 1) and mb.is_stable(H, method, 1)


def test_a_slope_is_that_of_a_power():
    np.testing.assert_allclose(study.slope([2.0, 8.0, 64.0], 3 * np.array([2.0, 8.0, 64.0]) ** -0.7), 0.7, rtol=1e-12)


# -- exponents of the final risk -----------------------------------------------------------------------------------------
def test_a_measured_exponent_is_a_slope_of_least_risks_of_the_whole_spectrum():
    ranks = np.arange(1.0, 4097)
    H, start = mb.Spectrum(ranks**-4.0), ranks ** -(1 + 1.2) / ranks**-4.0
    risks = [mb.tune_risk(H, "sgd", D / round(D**0.6), round(D**0.6), 0.1, start)[1] for D in (2000, 8000)]
    np.testing.assert_allclose(study.measured_exponent("sgd", 0.4, [2000, 8000]), -np.log(risks[1] / risks[0]) / np.log(4),
                               rtol=1e-3)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: study.hyperbola([1, 2], [3, 4]), "batches must be at least three"),
    (lambda: study.hyperbola([1, 2, 2], [3, 4, 5]), "batches must be at least three numbers in increasing order"),
    (lambda: study.critical_batches([1, 2, 3], [3, 4]), "steps must be as many as there are batches, 3"),
    (lambda: study.shifted(([1, 2, 3], [3, 2, 1]), [1, 2, 0], [1, 2, 3]), "batches must be"),
    (lambda: study.overhead_batch([1, 2, 3], [3, 2, 1], 0.0, 1), "overhead must be"),
    (lambda: study.critical_batches([1, 2, 3], [3, 2, 1], 0.2, -1), "reference must be"),
])
def test_bad_questions_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
