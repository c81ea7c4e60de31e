"""mombook/study/finalists.py: what is measured is what literal training gives, and what it changes in the advice."""

import dataclasses

import numpy as np
import pytest

import mombook as mb
from mombook import Method
from mombook.study import advisor, finalists
from mombook.study.finalists import on_rows, passage, trained

RNG = np.random.default_rng
X = RNG(7).normal(size=(200, 4)) * [1.0, 2.0, 3.0, 4.0] + 5.0
Y = X @ [1.0, 0.0, -1.0, 0.5] + 3.0 * RNG(8).normal(size=200) + 7.0
DESIGN = mb.load(X, Y)
HEAVY = mb.Design(RNG(5).normal(size=(400, 6)) * np.where(RNG(5).random((400, 1)) < 0.005, 6.0, 1.0))
HEAVY = mb.Design(HEAVY.rows, HEAVY.rows @ np.arange(1.0, 7), name="heavy rows")


@pytest.fixture(scope="module")
def advised():
    """Advice on rows with labels."""
    return mb.advise(DESIGN, batches=[4, 8, 16, 32], families=["sgd", "heavy_ball"])


@pytest.fixture(scope="module")
def heavy():
    """Advice on rows with heavy tails."""
    return mb.advise(HEAVY, families=["sgd"], batches=[8, 16, 32, 64, 128, 256])


def literally(design, method, batch, steps, runs, seed):
    """Excess risk over that at the start, shape ``(runs, steps + 1)``: a loop over epochs, weights, rows and labels."""
    A, y, rng = design.rows, design.labels, RNG(seed)
    solution, curves = np.linalg.lstsq(A, y, rcond=None)[0], np.ones((runs, steps + 1))
    excess = lambda w: np.mean((A @ (w - solution)) ** 2)  # noqa: E731
    for curve in curves:
        w, m, order = np.zeros(A.shape[1]), np.zeros(A.shape[1]), []
        for t in range(steps):
            if len(order) < batch:
                order = rng.permutation(len(y)).tolist()
            rows, order = order[:batch], order[batch:]
            g = A[rows].T @ (A[rows] @ w - y[rows]) / batch
            m = method.beta * m + g
            w = w - method.delta * g - method.eta * m
            curve[t + 1] = excess(w) / excess(0 * w)
    return curves


# -- what is measured --------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("batch", [4, 32])
def test_measured_steps_are_those_of_literal_training(advised, batch):
    """(measured-steps), and the interval: the mean of 8 other runs is there within it in nine of ten cases, up to chance."""
    pick = next(p for p in advised.measured.values() if p.batch == batch)
    low, high = pick.interval
    assert pick.steps == int(pick.steps) and low <= pick.steps <= high
    curves = literally(DESIGN, pick.method, batch, int(1.5 * high), 400, 1)
    mean, spread, at = curves.mean(0), curves.std(0) / 4, int(pick.steps)       # (that of a mean of 16)
    assert mean[at] < 0.01 + 4 * spread[at] and mean[at - 1] > 0.01 - 4 * spread[at - 1] and spread[at] < 0.0025
    there = np.argmax(curves.reshape(50, 8, -1).mean(1) <= 0.01, axis=1)
    assert np.all(there > 0) and 0.78 <= np.mean((low <= there) & (there <= high))


def test_the_interval_is_where_the_mean_and_its_spread_cross_the_target():
    """By hand, from the runs themselves."""
    method, how = Method.heavy_ball(0.02, 0.5), ("epochs", "labels")
    risk = mb.sample.minibatch.train(DESIGN, method, 8, 200, 16, RNG(finalists.SEED), *how)
    share = risk / risk[0, 0]
    half = 1.645 * np.sqrt(share.var(0, ddof=1) * (1 / 16 + 1 / 8))
    steps, (low, high) = passage(DESIGN, method, 8, 0.05, 200)
    mean = share.mean(0)
    assert [steps, low, high] == [np.flatnonzero(c <= 0.05)[0] for c in (mean, mean - half, mean + half)]
    assert low < steps < high
    assert passage(DESIGN, method, 8, 0.05, int(high) - 1)[1][1] == np.inf       # not there for sure
    assert passage(DESIGN, Method.sgd(1e-6), 8, 0.05, 5) == (np.inf, (np.inf, np.inf))
    steps, (_, high) = passage(DESIGN, Method.sgd(1e6), 8, 0.05, 300)   # overflows without a warning
    assert steps == high == np.inf
    for wrong in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match=r"^target must be"):
            passage(DESIGN, method, 8, wrong, 5)


@pytest.mark.slow
def test_the_same_question_has_the_same_answer(advised):
    again = mb.advise(DESIGN, batches=[4, 8, 16, 32], families=["sgd", "heavy_ball"])
    assert again.measured == advised.measured and again.best == advised.best and repr(again) == repr(advised)
    alone = mb.advise(DESIGN, batches=[advised.pick.batch], families=[advised.pick.family])
    assert alone.pick.steps == pytest.approx(advised.pick.steps, abs=1)          # (the search began elsewhere)


def test_what_is_named_was_trained_again(monkeypatch, advised):
    """On other orders of the rows than those that chose it: the steps and the interval of the one, the choice of the others."""
    seeds, first = [], DESIGN.first_error()
    monkeypatch.setattr(finalists, "passage", lambda *args: seeds.append(args[8:]) or passage(*args))
    before = trained(dataclasses.replace(advised, measured={}), first, "labels")
    assert set(seeds) == {()} and before.keys() == advised.measured.keys()
    chosen = dataclasses.replace(advised, measured=before, choice=None).best
    assert advised.best == advised.choice == chosen
    for key, pick in advised.measured.items():
        if key != chosen:
            assert pick == before[key]
    pick, limit = advised.pick, int(np.ceil(1.5 * before[chosen].interval[1]))
    risk = mb.sample.minibatch.train(DESIGN, pick.method, int(pick.batch), limit, 16, RNG(finalists.AGAIN), "epochs", "labels")
    assert pick.steps == np.argmax((risk / risk[0, 0]).mean(axis=0) <= 0.01) and pick.samples == pick.batch * pick.steps
    assert pick.method == before[chosen].method and pick != before[chosen]      # (5 steps, and 6 before)
    late = dataclasses.replace(advised, measured={**advised.measured, chosen: dataclasses.replace(pick, steps=10 * pick.steps)})
    assert late.best == chosen != dataclasses.replace(late, choice=None).best            # what was chosen stays
    seeds.clear()
    assert finalists.again(advised, before[chosen], first, "labels") == pick and seeds == [(finalists.AGAIN,)]


def test_what_fails_when_it_is_trained_again_is_no_finalist(monkeypatch, advised):
    """The next one is named instead, and at last the forecast."""
    first, tried = DESIGN.first_error(), []
    monkeypatch.setattr(advisor, "again", lambda advice, pick, *rest: tried.append(pick.batch))
    found = advisor._checked(advised, first, "labels")
    assert found.measured == {} and found.choice not in found.measured and found.pick.certainty == "forecast"
    assert sorted(tried) == sorted(p.batch for p in advised.measured.values()) and len(advised.measured) > 2
    short = dataclasses.replace(advised.pick, interval=(1.0, 2.0))      # other runs take more than three steps
    assert finalists.again(advised, short, first, "labels") is None


# -- what is trained ---------------------------------------------------------------------------------------------------
def test_at_every_batch_the_best_family_is_trained(advised):
    forecast = {f: np.ceil(s) for f, s in advised.steps.items()}
    for (family, i), pick in advised.measured.items():
        least = min(s[i] for s in forecast.values())
        assert forecast[family][i] <= least / 0.9 and (pick.family, pick.batch) == (family, advised.batches[i])
        assert pick.method == advised.methods[family][i]                # tails are light: no larger steps
        assert forecast[family][i] * pick.batch <= 4 * min((advised.batches * s).min() for s in forecast.values())
    assert len({i for _, i in advised.measured}) == len(advised.measured) >= 3
    assert "Of all entries" in repr(advised) and f" {len(advised.measured)} were trained" in repr(advised)
    assert advised.certainty["steps of the recommendation"] == "measured" and advised.pick.certainty == "measured"


@pytest.mark.slow
def test_for_time_the_batches_of_least_time_are_trained():
    found = mb.advise(DESIGN, batches=[1, 8, 64, 200], families=["heavy_ball"], objective="time", overhead=1e4)
    assert ("heavy_ball", 3) in found.measured and ("heavy_ball", 0) not in found.measured and found.pick.batch == 200


@pytest.mark.parametrize(("how", "noise"), [({}, "labels"), ({"noise": "labels"}, "labels"),
                                            ({"noise": 0.0, "draws": "epochs"}, 0.0), ({"noise": 0.3, "draws": "epochs"}, None),
                                            ({"draws": "replacement"}, None), ({"noise": 0.0}, None)])
def test_runs_have_the_labels_that_were_asked_for(monkeypatch, how, noise):
    seen = []
    monkeypatch.setattr(advisor, "trained", lambda advice, first, noise: seen.append((first, noise)) or {})
    found = mb.advise(DESIGN, batches=[8], families=["sgd"], ridge=0.1, **how)
    assert found.measured == {} and [noise for _, noise in seen] == ([] if noise is None else [noise])
    for first, _ in seen:
        np.testing.assert_allclose(first, DESIGN.first_error(ridge=0.1), rtol=1e-12)


def test_runs_begin_where_they_were_asked_to():
    """All rows at once and no noise: every run is the same, and falls by (1 - lr lam)^2 a step along every direction."""
    design = mb.Design(X - X.mean(0), X @ np.ones(4))
    steps = []
    for start in ([9.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 99.0]):
        found = mb.advise(design, 1e-4, 0.0, start=start, draws="epochs", batches=[200], families=["sgd"])
        (pick,) = found.measured.values()
        lam, lr = design.eigenvalues, pick.method.delta + pick.method.eta
        risk = ((1 - lr * lam) ** (2 * np.arange(500)[:, None])) @ (lam * start)
        steps.append(np.flatnonzero(risk <= 1e-4 * risk[0])[0])
        assert pick.steps == pick.interval[0] == pick.interval[1] == steps[-1] > 2
    assert steps[0] != steps[1]


def test_the_forecasts_choice_is_trained_first(monkeypatch, advised):
    blind, first = dataclasses.replace(advised, measured={}), DESIGN.first_error()
    family, i = blind.best
    away = [abs(j - i) for _, j in finalists._worth(blind)]
    assert away == sorted(away) and away[0] == 0 < away[-1]
    limit = int(np.ceil(1.5 * np.ceil(blind.steps[family][i])))
    monkeypatch.setattr(finalists, "WORK", 1.0 + finalists.cost(DESIGN, float(blind.batches[i]), limit))
    assert next(iter(trained(blind, first, "labels"))) == (blind.best if blind.best in advised.measured else None)
    monkeypatch.setattr(finalists, "WORK", finalists.WORK - 2.0)
    assert blind.best not in trained(blind, first, "labels")


def test_where_training_would_take_long_the_advice_is_a_forecast(monkeypatch, advised):
    first = DESIGN.first_error()
    found = trained(dataclasses.replace(advised, measured={}), first, "labels")
    assert {**found, advised.choice: advised.pick} == advised.measured and len(found) == len(advised.measured)
    monkeypatch.setattr(finalists, "WORK", 0.0)
    assert trained(dataclasses.replace(advised, measured={}), first, "labels") == {}
    found = mb.advise(DESIGN, batches=[4, 8], families=["sgd"])
    assert found.measured == {} and found.pick.certainty == "forecast" and "The steps are a forecast" in repr(found)


@pytest.mark.parametrize(("n", "d", "batch", "steps"), [(1_000_000, 50, 256, 10), (100_000, 5000, 2048, 3),
                                                        (1000, 4, 1, 30_000), (300_000, 1, 200_000, 2)])
def test_large_tables_and_long_runs_are_left_alone(n, d, batch, steps):
    class Table:
        shape = n, d

    assert finalists.cost(Table, batch, steps) > finalists.WORK


@pytest.mark.parametrize(("n", "d", "batch", "steps"), [(1797, 61, 1024, 30), (569, 30, 8, 3000), (100_000, 50, 1024, 30)])
def test_the_work_of_a_finalist_is_estimated(n, d, batch, steps):
    """At least what its runs read, and at most some times that and what a step costs besides."""
    class Table:
        shape = n, d

    read, besides = steps * 16 * min(batch, n / 4) * d, steps * finalists.OVERHEAD + 16 * n * 6 * (steps * batch / n + 1)
    assert read <= finalists.cost(Table, batch, steps) <= read + besides < finalists.WORK


# -- what it changes ---------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_finalists_keep_the_promise_on_samples_where_the_forecast_breaks_it(heavy):
    """On rows with heavy tails; samples by literal training, the fewest over step sizes and batches."""
    blind = dataclasses.replace(heavy, measured={})
    spent = {}
    for name, pick in (("found", heavy.pick), ("blind", blind.pick)):
        B = int(pick.batch)
        mean = literally(HEAVY, pick.method, B, int(np.ceil(pick.steps)), 40, 2).mean(0)
        spent[name] = B * np.argmax(np.append(mean, 0.0) <= 0.0105)
    fewest = np.inf
    for B in (8, 16, 32):
        for lr in (0.05, 0.1, 0.2, 0.3, 0.5):
            mean = literally(HEAVY, Method.sgd(lr), B, 600 // B, 40, 3).mean(0)
            fewest = min(fewest, B * np.argmax(np.append(mean, 0.0) <= 0.01))
    assert spent["found"] <= 2 * fewest < spent["blind"]
    assert heavy.inputs.factor > 2 and blind.best != heavy.best


def test_larger_steps_are_taken_where_the_rows_bear_them(heavy):
    """And where the mean arrives on their exact moments too."""
    lr = lambda method: method.delta + method.eta  # noqa: E731
    shares = {i: lr(p.method) / lr(heavy.methods["sgd"][i]) for (_, i), p in heavy.measured.items()}
    assert max(shares.values()) > 1.3 and set(np.round(list(shares.values()), 6)) <= {1.0, 1.4, 2.0}
    first = HEAVY.first_error()
    for (_, i), pick in heavy.measured.items():
        assert shares[i] == 1 or on_rows(heavy, pick.method, int(pick.batch), pick.steps, first).min() <= heavy.target


def test_bold_steps_are_judged(monkeypatch, heavy):
    first, blind = HEAVY.first_error(), dataclasses.replace(heavy, measured={})
    for name, value in (("on_rows", lambda *args: np.ones(3)), ("JUDGED", 0.0)):    # late, or not to be judged in a second
        with monkeypatch.context() as patch:
            patch.setattr(finalists, name, value)
            found = trained(blind, first, "labels")
        assert found and all(pick.method == heavy.methods["sgd"][i] for (_, i), pick in found.items())
    with monkeypatch.context() as patch:
        patch.setattr(finalists, "on_rows", lambda *args: np.zeros(3))
        unjudged = trained(blind, first, "labels")
    late = [p for p in unjudged.values() if on_rows(heavy, p.method, int(p.batch), p.steps, first).min() > heavy.target]
    assert late                                                         # so the judge is needed


def test_what_fails_on_the_rows_moments_is_no_finalist(monkeypatch, advised):
    """The recommendation that comes late there gives way to the next, and at last to the forecast."""
    def late(few):
        return lambda now, *rest: on_rows(now, *rest) if len(now.measured) <= few else np.ones(10_000)

    monkeypatch.setattr(advisor, "on_rows", late(2))
    found = advisor._checked(advised, DESIGN.first_error(), "labels")
    assert len(found.measured) == 2 and advised.best not in found.measured and found.best in found.measured
    monkeypatch.setattr(advisor, "on_rows", late(0))
    found = advisor._checked(advised, DESIGN.first_error(), "labels")
    assert found.measured == {} and found.pick.certainty == "forecast" and "share" in found.checked
    assert len(advised.measured) > 2                                    # what was asked before has not changed


def test_the_plot_shows_what_was_measured(advised):
    pytest.importorskip("plotly")
    traces = {t.name: t for t in advised.plot().data}
    picks = list(advised.measured.values())
    for name, what in (("measured, steps", "steps"), ("measured", "samples")):
        trace = traces[name]
        assert list(zip(trace.x, trace.y, trace.text, strict=True)) == [
            (p.batch, getattr(p, what), mb.FAMILIES[p.family].word) for p in picks]
        assert what in trace.hovertemplate and trace.yaxis == ("y2" if what == "samples" else None)
    assert set(traces["at most twice the fewest samples"].y) == {advised.fewest, 2 * advised.fewest}
