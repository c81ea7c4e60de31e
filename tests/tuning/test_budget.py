"""The best method for a finite run: exact gradients, and searches of another kind that find nothing better."""

import numpy as np
import pytest
from scipy.optimize import minimize

import mombook as mb
from mombook import FAMILIES, Method, Spectrum
from mombook.exact import moments
from mombook.tuning import budget
from mombook.tuning.budget import budget_of
from mombook.tuning.horizon import quick_tune_risk

START = np.random.default_rng(0).uniform(0.2, 3.0, 12)
H = Spectrum.power_law(12, 1.3)


def searched(family, H=H, batch=5.0, noise=0.4, start=START, kurtosis=2.5):
    return budget._Search(H, family, batch, noise, start, kurtosis)


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_the_risk_after_many_steps_is_that_of_the_curve(steps):
    m = Method(0.1, 0.05, 0.7)
    found = budget._risk_after(searched("asgd").fine, m, 5.0, 0.4, steps)[0]
    np.testing.assert_allclose(found, mb.risk_curve(H, m, 5.0, steps, 0.4, START, 2.5)[-1], rtol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("steps", [1, 13, 600])
def test_the_gradient_is_that_of_differences(family, steps):
    """(power-gradient)."""
    search = searched(family)
    x = search._coordinates({"sgd": Method.sgd(0.2), "heavy_ball": Method.heavy_ball(0.1, 0.6), "asgd": Method(0.2, 0.05, 0.8),
                             "nesterov": Method.nesterov(0.1, 0.6)}[family])
    slope = search._cost(x, search.fine, steps)[1]
    found = [(search._cost(x + e, search.fine, steps)[0] - search._cost(x - e, search.fine, steps)[0]) / 2e-5
             for e in 1e-5 * np.eye(x.size)]
    np.testing.assert_allclose(slope, found, rtol=1e-6, atol=1e-8)


def test_unknowns_are_a_method():
    for family, m in (("sgd", Method.sgd(0.2)), ("nesterov", Method.nesterov(0.1, 0.6)), ("asgd", Method(0.2, 0.05, 0.8))):
        search = searched(family)
        same = search._method(search._coordinates(m))
        np.testing.assert_allclose([same.delta, same.eta, same.beta], [m.delta, m.eta, m.beta], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("batch", "steps", "noise"), [(1, 300, 0.0), (16, 40, 0.5), (200, 250, 1.0)])
def test_no_search_from_many_starts_finds_less_risk(family, batch, steps, noise):
    spectrum = Spectrum.power_law(40, 1.5)
    best, risk = mb.tune_risk(spectrum, family, batch, steps, noise)
    np.testing.assert_allclose(risk, mb.risk_curve(spectrum, best.method, batch, steps, noise)[-1], rtol=1e-9)
    search, rng = searched(family, spectrum, float(batch), noise, 1.0, 3.0), np.random.default_rng(1)

    def exact(x):
        if np.abs(x).max() > 30:
            return 1e3
        return np.log(min(mb.risk_curve(spectrum, search._method(x), batch, steps, noise)[-1], 1e200))

    other = np.inf
    for _ in range(3):
        x = search._coordinates(best.method) + rng.normal(size=search.free.size)
        other = min(other, minimize(exact, x, method="Nelder-Mead", options={"maxfev": 150, "xatol": 1e-3, "fatol": 1e-6}).fun)
    assert np.log(risk) <= other + 0.005


@pytest.mark.slow
@pytest.mark.parametrize(("family", "eigenvalues", "batch", "steps", "noise"), [
    ("asgd", 5, 9, 12, 0.3), ("heavy_ball", 2, 2400, 270, 0.01), ("nesterov", 4, 3700, 205, 0.0),
    ("asgd", 6, 1300, 3000, 0.03)])
def test_a_run_of_few_modes_has_many_minima(family, eigenvalues, batch, steps, noise):
    """The errors oscillate: no descent from about the best method ends below it."""
    spectrum = Spectrum(np.exp(-2.0 * np.arange(eigenvalues)))
    search, rng = searched(family, spectrum, float(batch), noise, 1.0, 3.0), np.random.default_rng(2)
    best, risk = mb.tune_risk(spectrum, family, batch, steps, noise)
    x = search._coordinates(best.method)
    search.merge(steps)
    found = [search._descend(x + rng.uniform(-1.5, 1.5, x.size), search.fine, steps).fun for _ in range(20)]
    assert np.log(risk) <= min(found) + 0.005


def test_merged_levels_keep_trace_dimension_and_start():
    spectrum, start = Spectrum.power_law(500, 1.5), np.linspace(1, 4, 500)
    for most in budget.LEVELS:
        levels = budget._Levels(spectrum, start, np.full(500, 3.0), most)
        assert 0.5 * most < len(levels) <= most and np.all(levels.kurtosis == pytest.approx(3.0, rel=1e-12))
        np.testing.assert_allclose(
            [levels.counts.sum(), levels.weight.sum(), levels.weight @ levels.start],
            [500, spectrum.trace, spectrum.eigenvalues @ start], rtol=1e-12)


def test_levels_stand_in_for_long_runs(monkeypatch):
    """Where a risk is computed on merged levels, it is within 1 % of the whole spectrum's."""
    spectrum = Spectrum.power_law(300, 1.2)
    exact = mb.tune_risk(spectrum, "asgd", 8, 200)
    monkeypatch.setattr(budget, "EXACT", 0)
    merged = mb.tune_risk(spectrum, "asgd", 8, 200)
    assert exact[0] == merged[0] and exact[1] != merged[1]
    np.testing.assert_allclose(merged[1], exact[1], rtol=0.01)


@pytest.mark.parametrize("steps", [1, 13, 600])
def test_the_gradient_at_theta_is_that_of_differences(steps):
    search = budget._Search(H, "asgd", 5.0, 0.4, START, 2.5, at="theta")
    x = search._coordinates(Method(0.2, 0.05, 0.8))
    cost, slope = search._cost(x, search.fine, steps)
    found = [(search._cost(x + e, search.fine, steps)[0] - search._cost(x - e, search.fine, steps)[0]) / 2e-5
             for e in 1e-5 * np.eye(3)]
    np.testing.assert_allclose(slope, found, rtol=1e-6, atol=1e-8)
    curve = mb.risk_curve(H, Method(0.2, 0.05, 0.8), 5.0, steps, 0.4, START, 2.5, at="theta")
    np.testing.assert_allclose(np.exp(cost), curve[-1], rtol=1e-11)


@pytest.mark.parametrize("family", ["heavy_ball", "asgd"])
def test_additive_noise_alone(family):
    """Against the recursion of schedules, which leaves the feedback out; and more noise is worse."""
    best, risk = mb.tune_risk(H, family, 4, 300, 0.4, START, noise_model="additive")
    constant = mb.Schedule.of(best.method, 4, mb.schedule.constant(300))
    np.testing.assert_allclose(risk, mb.schedule.final_risk(H, constant, 0.4, START, noise_model="additive"), rtol=1e-9)
    assert risk < mb.tune_risk(H, family, 4, 300, 0.4, START)[1]
    steps = mb.tune_steps(H, family, 4, risk, 0.4, START, noise_model="additive")[1]
    np.testing.assert_allclose(steps, 300, rtol=0.01)


def test_the_best_risk_at_theta_is_that_of_its_curve():
    best, risk = mb.tune_risk(H, "nesterov", 4, 300, 0.4, START, at="theta")
    np.testing.assert_allclose(risk, mb.risk_curve(H, best.method, 4, 300, 0.4, START, at="theta")[-1], rtol=1e-9)
    other = mb.tune_risk(H, "nesterov", 4, 300, 0.4, START)[0].method
    assert risk <= mb.risk_curve(H, other, 4, 300, 0.4, START, at="theta")[-1] * (1 + 1e-4)


def test_long_runs_of_two_steps_are_not_lost():
    """ASGD contains SGD and Nesterov: on a run of 2^32 steps it must end far below them (it once ended beside SGD)."""
    spectrum = Spectrum.power_law(4096, 4.0, binned=2, ends="top")
    start = spectrum.eigenvalues ** (0.55 - 1)
    risks = {f: mb.tune_risk(spectrum, f, 1, 2**32, 1.0, start)[1] for f in ("sgd", "asgd")}
    assert risks["asgd"] < 0.2 * risks["sgd"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_quick_budget_is_near(family):
    spectrum = Spectrum.power_law(500, 1.5)
    batches = 4.0 ** np.arange(6)
    quick, full = (mb.tune_budget(spectrum, family, 4096, 0.5, batches=batches, quick=q) for q in (True, False))
    np.testing.assert_allclose(quick.risks, full.risks, rtol=0.15)


def test_only_a_budget_that_is_not_quick_searches_its_best_batch_from_afar(monkeypatch):
    searched_at, best = [], budget._Search.best

    def noted(self, steps):
        searched_at.append(self.batch)
        return best(self, steps)

    monkeypatch.setattr(budget._Search, "best", noted)
    mb.tune_budget(H, "nesterov", 512, 0.4, batches=[4, 16, 64], quick=True)
    assert searched_at == []
    found = mb.tune_budget(H, "nesterov", 512, 0.4, batches=[4, 16, 64])
    assert searched_at == [found.batch]


def test_the_grid_reaches_steps_as_short_as_noise_asks_for():
    """One weight, 10^12 steps: the quick search against the least of e^(-2 h T) / 2 + h sigma^2 (1 - e^(-2 h T)) / 4 over h."""
    T, noise = 10**12, 1e5
    hT = np.geomspace(0.1, 100, 4000)
    least = (np.exp(-2 * hT) / 2 + hT / T * noise**2 / 4 * (1 - np.exp(-2 * hT))).min()
    found = mb.tune_budget(Spectrum.flat(1), "sgd", T, noise, batches=[1], quick=True)
    assert least * (1 - 1e-4) < found.risk < 1.1 * least


def test_where_everything_is_learned_no_direction_is_better():
    """A run whose risk is below every number: a level, without a slope that would be followed."""
    search = searched("sgd", Spectrum.flat(3), 1e12, 0.0, 1.0, 3.0)
    cost, slope = search._cost(search._coordinates(Method.sgd(1.0)), search.coarse, 100)
    assert cost < -600
    np.testing.assert_array_equal(slope, [0.0])


def test_a_budget_as_a_table_tells_the_best_batch_and_its_risk():
    found = budget.Budget(64, np.array([2.0, 4.0]), np.array([32.0, 16.0]), np.array([0.5, 0.25]), [Method.sgd(0.1)] * 2)
    assert "The best batch is 4, with risk 0.25." in found._repr_html_()


def test_equal_eigenvalues_are_one_level():
    levels = budget._Levels(Spectrum(np.ones(100)), np.ones(100), np.full(100, 3.0), 16)
    assert len(levels) == 1 and levels.counts[0] == 100


@pytest.mark.slow
def test_a_long_way_to_a_target_below_the_noise():
    """The noisy quadratic setting, H_i = 1/i in 10^4 dimensions, where a small batch takes more than a million steps."""
    spectrum = Spectrum.power_law(10**4, 1.0)
    best, steps = mb.tune_steps(spectrum, "sgd", 4, 0.01, noise=1.0)
    np.testing.assert_allclose(moments.risk_at(spectrum, best.method, 4, [np.floor(steps), np.ceil(steps)], noise=1.0), 0.01,
                               rtol=1e-5)
    assert 1.4e6 < steps < 1.7e6
    assert mb.tune_steps(spectrum, "sgd", 4, 0.01, noise=1.0, limit=10**6)[1] == np.inf


@pytest.mark.parametrize("family", ["heavy_ball", "asgd"])
def test_fewest_steps_and_least_risk_are_one_question(family):
    spectrum, noise = Spectrum.power_law(40, 1.5), 0.3
    for target in (0.3, 0.02):
        steps = mb.tune_steps(spectrum, family, 8, target, noise)[1]
        risks = [mb.tune_risk(spectrum, family, 8, int(t), noise)[1] for t in (np.ceil(steps), max(np.floor(0.99 * steps), 1))]
        assert risks[0] <= target * (1 + 1e-3) and risks[1] > target * (1 - 1e-3)


def test_a_dip_below_the_target_counts():
    """Heavy ball's risk oscillates; a grid of methods, stepped one by one, gets there no sooner."""
    problem, target, noise = (Spectrum.power_law(200, 1.0).compressed(1), 3e9), 0.02, 1e5**0.5
    best, steps = mb.tune_steps(problem[0], "heavy_ball", problem[1], target, noise)

    def counted(method):
        return mb.steps_to(problem[0], method, problem[1], target, noise, limit=40)

    np.testing.assert_allclose(steps, counted(best.method), rtol=1e-9)
    assert np.ptp(mb.risk_curve(problem[0], best.method, problem[1], int(steps) + 6, noise)[int(steps) + 1:]) > 0.1 * target
    assert steps <= min(counted(Method(0.0, eta, beta)) for eta in np.linspace(2, 4, 17) for beta in np.linspace(0.6, 0.9, 16))


def test_a_target_at_the_start_takes_no_step():
    assert mb.tune_steps(H, "sgd", 4, 100.0)[1] == 0


@pytest.mark.slow
def test_a_budget_is_the_best_of_its_batches():
    spectrum, noise = Spectrum.power_law(60, 2.0), 0.5
    found = mb.tune_budget(spectrum, "nesterov", 2048, noise)
    assert np.all(np.diff(found.batches) > 0) and found.risk == found.risks.min()
    np.testing.assert_allclose(found.batches * found.steps, 2048, rtol=1e-12)
    k = int(found.risks.argmin())
    assert found.batch == found.batches[k] and found.method == found.methods[k]
    curve = mb.risk_curve(spectrum, found.method, found.batch, int(found.steps[k]), noise)
    np.testing.assert_allclose(found.risk, curve[-1], rtol=1e-9)
    critical = found.critical_batch(0.2)
    at = np.exp(np.interp(np.log(critical), np.log(found.batches), np.log(found.risks)))
    np.testing.assert_allclose(at, 1.2 * found.risk, rtol=1e-9)
    few = mb.tune_budget(spectrum, "nesterov", 2048, noise, batches=[16, 64])
    np.testing.assert_allclose(few.batches, [16, 64], rtol=1e-12)
    np.testing.assert_allclose(few.risks, [found.risks[found.batches == b][0] for b in (16, 64)], rtol=1e-4)
    assert few.critical_batch(1e6) == 64


@pytest.mark.parametrize(("call", "message"), [
    (lambda: mb.tune_risk(H, "adam", 4, 10), "family must be one of"),
    (lambda: mb.tune_risk(H, "sgd", 0.5, 10), "batch must be"),
    (lambda: mb.tune_risk(H, "sgd", 4, 0), "steps must be"),
    (lambda: mb.tune_risk(H, "sgd", 4, 1e300), "steps must be a whole number >= 1 and <= 1000000000000"),
    (lambda: mb.tune_risk(H, "sgd", 4, 10, noise=-1), "noise must be"),
    (lambda: mb.tune_risk(H, "sgd", 4, 10, start=[1.0]), "start must be"),
    (lambda: mb.tune_risk(H, "sgd", 4, 10, noise_model="white"), "noise_model must be one of"),
    (lambda: mb.tune_risk(H, "sgd", 4, 10, at="phi"), "at must be one of 'w', 'theta'"),
    (lambda: mb.tune_steps(H, "sgd", 4, 0.0), "target must be"),
    (lambda: mb.tune_steps(H, "sgd", 4, 0.1, limit=0), "limit must be"),
    (lambda: mb.tune_budget(H, "sgd", 1), "samples must be"),
    (lambda: mb.tune_budget(H, "sgd", 64, batches=[16, 128]), "batches must be at most the budget of 64 samples; got 128"),
    (lambda: mb.tune_budget(H, "sgd", 64, batches=[16]).critical_batch(-1), "overhead must be"),
])
def test_bad_questions_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_fixed_method_is_run_on_the_budget_at_every_batch():
    """``budget_of`` of a ``Method``: the literal risk after so many steps; where it diverges, it may be inf."""
    method = mb.Method.heavy_ball(0.1, 0.8)
    found = budget_of(H, method, 256, 0.4, batches=[64, 3, 8, 1])
    np.testing.assert_array_equal(found.steps, [256, 85, 32, 4])
    np.testing.assert_allclose(found.batches * found.steps, 256)
    risks = [mb.risk_curve(H, method, B, T, noise=0.4)[-1] for B, T in zip(found.batches, found.steps.tolist(), strict=True)]
    np.testing.assert_allclose(found.risks, risks, rtol=1e-9)
    assert found.methods == [method] * 4
    assert budget_of(H, mb.Method.sgd(1.9), 2**14, 0.4, batches=[1]).risks[0] > 1e200
    alone = budget_of(H, method, 256, 0.4, batches=[8], noise_model="additive").risks
    constant = mb.Schedule.of(method, 8, mb.schedule.constant(32))
    np.testing.assert_allclose(alone, mb.schedule.final_risk(H, constant, 0.4, noise_model="additive"), rtol=1e-9)


def test_a_family_needs_no_name():
    family = mb.Family("mine", mb.Method.nesterov)
    book = mb.tune_budget(H, "nesterov", 256, 0.4, batches=[4, 16])
    for found in (budget_of(H, family, 256, 0.4, batches=[4, 16]), mb.tune_budget(H, family, 256, 0.4, batches=[4, 16])):
        np.testing.assert_array_equal(found.risks, book.risks)
    best, risk = mb.tune_risk(H, family, 4, 64, 0.4)
    assert best.family == "mine" and risk == mb.tune_risk(H, "nesterov", 4, 64, 0.4)[1]
    assert quick_tune_risk(H, family, 4, 64)[0].family == "mine"
    with pytest.raises(ValueError, match=r"^method must be a(n)? .*Method; got 'sgd'"):
        budget_of(H, "sgd", 256, batches=[4])
