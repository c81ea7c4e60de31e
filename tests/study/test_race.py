"""The fair race: equal budgets, equal boxes, equal streams, each counted or compared bit for bit."""

from itertools import combinations

import numpy as np
import pytest

import mombook as mb
from mombook.study import race

H = mb.Spectrum.power_law(12, 1.0, 50.0)


@pytest.mark.parametrize("family", race.OWN)
def test_every_method_gets_as_many_trials_from_the_same_box(family):
    drawn = race.trials(H, family, batch=4, steps=20, count=40, seed=3)
    assert len(drawn.methods) == drawn.risks.size == 40
    for m in drawn.methods:
        steps = {"sgd": [m.delta], "heavy_ball": [m.eta], "nesterov": [m.delta], "asgd": [m.delta, m.eta]}[family]
        assert all(race.STEP[0] <= v * H.largest <= race.STEP[1] for v in steps)
        assert family == "sgd" or race.FORGET[0] <= 1 - m.beta * (1 - 1e-12) <= race.FORGET[1] + 1e-9
    short = race.trials(H, family, batch=4, steps=20, count=7, seed=3)
    assert short.methods == drawn.methods[:7]
    np.testing.assert_array_equal(short.risks, drawn.risks[:7])
    assert drawn.best(7) == short.best()


def test_trial_k_of_all_methods_is_the_same_point():
    sgd, ball, nesterov, asgd = (race.trials(H, f, 4, 5, 20).methods for f in race.OWN)
    np.testing.assert_allclose([m.eta for m in ball], [m.delta for m in sgd], rtol=1e-12)
    np.testing.assert_allclose([m.delta for m in nesterov], [m.delta for m in sgd], rtol=1e-12)
    np.testing.assert_allclose([m.delta for m in asgd], [m.delta for m in sgd], rtol=1e-12)
    assert [m.beta for m in nesterov] == [m.beta for m in ball] == [m.beta for m in asgd]


def test_corners_of_the_cube_are_corners_of_the_box():
    low, high = (race.method_at(H.scaled(2.0), "asgd", [v] * 3) for v in (0, 1))
    np.testing.assert_allclose([low.delta, low.eta, 1 - low.beta], [5e-5, 5e-5, 1e-3], rtol=1e-9)
    np.testing.assert_allclose([high.delta, high.eta, 1 - high.beta], [2.0, 2.0, 1.0], rtol=1e-9)
    assert race.method_at(H, "heavy_ball", [0.5, 1, 0]) == mb.Method.heavy_ball(0.02, 0.0)


def test_trials_are_judged_by_the_exact_curve():
    for steps in (30, race.STEPPED, race.STEPPED + 1):                   # side by side, or one by one
        drawn = race.trials(H, "nesterov", batch=4, steps=steps, count=12, noise=0.3)
        exact = [mb.risk_curve(H, m, 4, steps, noise=0.3)[-1] for m in drawn.methods]
        np.testing.assert_allclose(drawn.risks, exact, rtol=1e-9)
        assert steps == 30 or 0 < np.isinf(exact).sum() < 12


def test_how_many_trials_are_judged_at_once_changes_no_bit(monkeypatch):
    together = race.trials(H, "asgd", batch=4, steps=50, count=23).risks
    monkeypatch.setattr(race, "TOGETHER", 5 * len(H))
    np.testing.assert_array_equal(race.trials(H, "asgd", batch=4, steps=50, count=23).risks, together)


@pytest.mark.parametrize("M", [5, 8])
def test_the_median_best_is_that_of_all_subsets(M):
    """(best-of) against the enumeration of every draw of N trials."""
    risks = np.random.default_rng(M).random(M)
    drawn = race.Trials("sgd", [None] * M, risks, np.zeros((M, 3)))
    for N in range(1, M + 1):
        least = np.sort([min(c) for c in combinations(risks, N)])
        assert drawn.median_best([N])[0] == least[(least.size + 1) // 2 - 1]
    assert np.all(np.diff(drawn.median_best(np.arange(1, M + 1))) <= 0)


@pytest.mark.slow
def test_the_optimum_is_the_best_of_a_fine_grid():
    for family, sides in (("sgd", (400, 1)), ("heavy_ball", (36, 36))):
        drawn = race.trials(H, family, 4, 40, 64, noise=0.1)
        method, risk = race.optimum(H, drawn, 4, 40, noise=0.1)
        cube = [(a, b, 0.0) for a in np.linspace(0, 1, sides[0]) for b in np.linspace(0, 1, sides[1])]
        grid = min(race.final_risk(H, race.method_at(H, family, p), 4, 40, 0.1) for p in cube)
        np.testing.assert_allclose(race.final_risk(H, method, 4, 40, 0.1), risk, rtol=1e-12)
        assert risk <= grid * (1 + 1e-6) and risk > grid * 0.8
    for family in race.OWN:
        drawn = race.trials(H, family, 4, 40, 16)
        assert race.optimum(H, drawn, 4, 40)[1] <= drawn.risks.min()


METHODS = [mb.Method.sgd(0.1), mb.Method.heavy_ball(0.02, 0.8), mb.Method.sgd(0.1)]


@pytest.mark.parametrize("sampler", ["direct", "one_draw"])
def test_identical_methods_run_identically_bit_for_bit(sampler):
    for piece in race.paired_runs(H, METHODS, 3, 25, 40, np.random.default_rng(5), 0.2, sampler):
        a, b, c = piece.risk
        np.testing.assert_array_equal(a, c)
    assert piece.fraction == 1 and piece.runs_done == 40
    np.testing.assert_array_equal(a[:, 0], b[:, 0])
    np.testing.assert_array_equal(b, mb.simulate(H, METHODS[1], 3, 25, 40, np.random.default_rng(5), sampler, 0.2))
    assert not np.array_equal(a, b)


@pytest.mark.parametrize("sampler", ["direct", "one_draw"])
def test_common_random_numbers_make_differences_quieter(sampler):
    pair = [mb.Method.sgd(0.1), mb.Method.sgd(0.12)]
    *_, last = race.paired_runs(H, pair, 3, 25, 200, np.random.default_rng(5), 0.2, sampler)
    found = race.difference(*last.risk[:, :, -1])
    assert found.error < 0.4 * found.unpaired
    logs = np.log(last.risk[:, :, -1])
    np.testing.assert_allclose(found.mean, np.mean(logs[0] - logs[1]), rtol=1e-12)
    np.testing.assert_allclose(found.error, np.std(logs[0] - logs[1], ddof=1) / np.sqrt(200), rtol=1e-12)
    alone = [mb.simulate(H, m, 3, 25, 200, np.random.default_rng(k), sampler, 0.2)[:, -1] for k, m in enumerate(pair)]
    np.testing.assert_allclose(race.difference(*alone).error, found.unpaired, rtol=0.25)


@pytest.mark.parametrize(("change", "said"), [({"family": "adam"}, "family must"), ({"count": 0}, "count must"),
                                              ({"steps": 0}, "steps must"), ({"seed": -1}, "seed must")])
def test_what_cannot_be_raced_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        race.trials(**{"spectrum": H, "family": "sgd", "batch": 4, "steps": 5, "count": 3, **change})


def test_differences_need_two_positive_runs():
    with pytest.raises(ValueError, match="a must be"):
        race.difference([1.0], [1.0])
    with pytest.raises(ValueError, match="b must be"):
        race.difference([1.0, 2.0], [1.0, 0.0])


def test_a_family_needs_no_name():
    mine, book = (race.trials(H, family, 4, 20, 12, seed=3) for family in (mb.Family("mine", mb.Method.nesterov), "nesterov"))
    np.testing.assert_array_equal(mine.risks, book.risks)
    assert race.optimum(H, mine, 4, 20) == race.optimum(H, book, 4, 20)
