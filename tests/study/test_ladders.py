"""mombook/study/ladders.py: critical batches are where samples of true runs have doubled, and what they may cost."""

import dataclasses

import numpy as np
import pytest

import mombook as mb
from mombook.sample.minibatch import train, train_blocks
from mombook.study import ladders
from mombook.study.ladders import arrival
from study.test_finalists import X, literally

RNG = np.random.default_rng
DESIGN = mb.load(X, X @ [1.0, 0.0, -1.0, 0.5] + RNG(8).normal(size=200))
HOW = {"families": ["sgd", "heavy_ball"], "batches": 2.0 ** np.arange(8)}


@pytest.fixture(scope="module")
def advised():
    """Advice on rows with noisy labels."""
    return mb.advise(DESIGN, **HOW)


@pytest.mark.slow
def test_samples_of_a_ladder_are_those_of_literal_training(advised):
    """(measured-steps): where the mean of 128 runs arrives is within chance of where that of 400 does."""
    for family, ladder in advised.ladders.items():
        for k in (0, len(ladder.batches) // 2):
            B, taken = int(ladder.batches[k]), ladder.samples[k] / ladder.batches[k]
            at, method = int(np.ceil(taken)), advised.methods[family][np.flatnonzero(advised.batches == B)[0]]
            curves = literally(DESIGN, method, B, at, 400, 1)
            mean, spread = curves.mean(0), curves.std(0) / np.sqrt(ladders.RUNS[0])
            assert mean[at] < 0.01 + 4 * spread[at] and mean[at - 1] > 0.01 - 4 * spread[at - 1] and spread[at] < 0.0025


def test_an_arrival_is_where_the_mean_of_the_runs_is_first_at_the_target():
    method = mb.Method.heavy_ball(0.02, 0.5)
    risk = train(DESIGN, method, 8, 200, 40, RNG(ladders.SEED), "epochs", "labels")
    mean = (risk / risk[0, 0]).mean(axis=0)
    for target in (0.5, 0.05):
        at = arrival(DESIGN, method, 8, target, 200, 40)
        after = int(np.ceil(at))
        assert mean[after] <= target < mean[:after].min()
        between = np.interp(at, [after - 1, after], np.log(mean[after - 1:after + 1]))
        np.testing.assert_allclose(between, np.log(target), rtol=1e-9)
    assert arrival(DESIGN, method, 8, 0.05, after - 1, 40) == np.inf
    assert arrival(DESIGN, mb.Method.sgd(1e6), 8, 0.05, 300, 40) == np.inf       # overflows without a warning


def test_rows_without_noise_have_the_critical_batch_two():
    """Every row is +1 or -1: all batches make the same steps, so samples double with the batch."""
    signs = np.where(RNG(0).random(64) < 0.5, 1.0, -1.0)[:, None]
    found = mb.advise(mb.Design(signs, signs[:, 0]), 1e-3, families=["sgd"], batches=[1, 2, 4, 8])
    found = dataclasses.replace(found, methods={"sgd": [mb.Method.sgd(0.3)] * 4}, steps={"sgd": np.full(4, 9.7)})
    ladder = ladders.ladders(found, np.ones(1), "labels")["sgd"]
    np.testing.assert_allclose(ladder.samples, ladder.batches * np.log(1e-3) / np.log(0.7**2), rtol=1e-9)
    np.testing.assert_allclose([ladder.critical, ladder.twice], [2.0, 2 * ladder.samples[0]], rtol=1e-9)


def test_the_critical_batch_is_where_samples_have_doubled(advised):
    for family, ladder in advised.ladders.items():
        critical = advised.critical[family]
        assert ladder.batches[0] == 1 and ladder.twice == 2 * ladder.samples[0]
        assert np.all(ladder.samples[:-1] <= ladder.twice) and ladder.samples[-1] > ladder.twice
        assert ladder.batches[-2] <= critical < ladder.batches[-1]
        between = np.interp(np.log(critical), np.log(ladder.batches), np.log(ladder.samples))
        np.testing.assert_allclose(between, np.log(ladder.twice), rtol=1e-9)


def test_what_is_measured_is_called_so(advised):
    forecast = mb.advise(DESIGN, **HOW, critical="forecast")
    assert forecast.ladders == {} and forecast.measured == advised.measured and set(advised.ladders) == set(advised.steps)
    half = dataclasses.replace(advised, ladders={"sgd": advised.ladders["sgd"]})
    assert half.critical == {"sgd": advised.critical["sgd"], "heavy_ball": forecast.critical["heavy_ball"]}
    for found, kinds, said in ((advised, ["measured"] * 2, "have doubled, measured: SGD "),
                               (forecast, ["forecast"] * 2, "have doubled, forecast: SGD "),
                               (half, ["measured", "forecast"], "have doubled: SGD ")):
        assert [found.certainty[f"critical batch of {word}"] for word in ("SGD", "heavy ball")] == kinds
        assert said in repr(found) and ("(measured), heavy ball" in repr(found)) == (found is half)
        kept = found.to_dict()
        assert kept["critical_measured"] == list(found.ladders) and kept["critical"]["sgd"] == found.critical["sgd"]
    spectrum = mb.advise(mb.Spectrum.flat(10), families=["sgd"], batches=[1, 2])
    assert "have doubled, computed: SGD above 2." in repr(spectrum)


def test_the_plot_draws_what_was_trained_and_marks_where_it_has_doubled(advised):
    pytest.importorskip("plotly")
    drawn = {trace.name: trace for trace in advised.plot().data}
    blind = {trace.name: trace for trace in dataclasses.replace(advised, ladders={}).plot().data}
    for family, word in (("sgd", "SGD"), ("heavy_ball", "heavy ball")):
        ladder, line, ring = advised.ladders[family], drawn[f"{word}, trained"], drawn[f"{word}, critical batch"]
        np.testing.assert_array_equal([line.x, line.y], [ladder.batches, ladder.samples])
        np.testing.assert_allclose([*ring.x, *ring.y], [advised.critical[family], ladder.twice], rtol=1e-12)
        assert line.yaxis == ring.yaxis == "y2" and "samples" in line.hovertemplate and word in line.hovertemplate
        assert line.line.color == drawn[word].line.color and all(", measured" in t.hovertemplate for t in (line, ring))
        assert f"{word}, trained" not in blind and "measured" not in blind[f"{word}, critical batch"].hovertemplate
        assert blind[f"{word}, critical batch"].y[0] == 2 * advised.samples[family][0]


def test_a_ladder_that_does_not_double_ends_at_the_last_batch():
    found = mb.advise(DESIGN, families=["sgd"], batches=[1, 2, 4])
    assert found.ladders["sgd"].batches.tolist() == [1, 2, 4] and found.critical["sgd"] == np.inf
    assert "measured: SGD above 4." in repr(found)


def test_batches_that_are_not_whole_are_not_trained():
    found = mb.advise(DESIGN, families=["sgd"], batches=[1, 1.5, 2])
    assert found.ladders["sgd"].batches.tolist() == [1, 2]
    assert mb.advise(DESIGN, families=["sgd"], batches=[1.5, 2.5]).ladders == {}


def test_where_small_batches_would_take_long_the_ladder_begins_above_them(monkeypatch, advised):
    """(measured-critical): theory says how many more samples are needed there than at the first batch."""
    first, whole = DESIGN.first_error(), 0
    monkeypatch.setattr(ladders, "RUNS", (32,))
    every = ladders.ladders(advised, first, "labels")
    begun = set()
    for work in np.geomspace(1e6, ladders.WORK, 12):
        monkeypatch.setattr(ladders, "WORK", work)
        found = ladders.ladders(advised, first, "labels")
        whole += set(found) == set(every)
        for family, ladder in found.items():
            samples = advised.samples[family][advised.batches == ladder.batches[0]][0] / advised.samples[family][0]
            begun.add(ladder.batches[0])
            assert samples <= 1.2
            np.testing.assert_allclose(ladder.twice, 2 * ladder.samples[0] / samples, rtol=1e-12)
            n = len(ladder.batches)
            assert np.array_equal(every[family].batches[-n:], ladder.batches)
            assert np.array_equal(every[family].samples[-n:], ladder.samples)
    assert begun > {1.0} and whole > 0
    monkeypatch.setattr(ladders, "WORK", 0.0)
    assert ladders.ladders(advised, first, "labels") == {}


def test_where_many_runs_would_take_long_fewer_are_trained(monkeypatch, advised):
    counts = []
    monkeypatch.setattr(ladders, "arrival", lambda design, method, batch, target, limit, runs, *_: counts.append(runs) or 1.0)
    for work in np.geomspace(ladders.WORK, 5e5, 12):
        monkeypatch.setattr(ladders, "WORK", work)
        ladders.ladders(advised, DESIGN.first_error(), "labels")
    assert counts[0] == 512 and counts[-1] < 512 and set(counts) == {512, 128, 32}


@pytest.mark.slow
def test_what_is_trained_costs_no_more_than_twice_what_was_planned(monkeypatch, advised):
    """In numbers that runs read, and what a step costs besides; a ladder that would cost more is left."""
    read, n, d = [], *DESIGN.shape

    def counted(design, method, batch, steps, runs, *rest, parts):
        seen = 0
        for share, risk in train_blocks(design, method, batch, steps, runs, *rest, parts=parts):
            here, seen = risk.shape[1] - 1 - seen, risk.shape[1] - 1
            read[-1] += here * (15_000 + runs * min(batch, n / 4) * d + 6 * runs * batch)
            yield share, risk

    monkeypatch.setattr(ladders, "train_blocks", counted)
    monkeypatch.setattr(ladders, "LONG", 20.0)
    slow = dataclasses.replace(advised, methods={f: [mb.Method(m.delta / 8, m.eta / 8, m.beta) for m in methods]
                                                 for f, methods in advised.methods.items()})
    lost, works = [], np.geomspace(5e5, 2e7, 8)
    for work in works:
        monkeypatch.setattr(ladders, "WORK", work)
        for advice in (advised, slow):                                  # as forecast, and later than that
            read.append(0)
            lost.append(len(ladders.ladders(advice, DESIGN.first_error(), "labels")) < 2)
            assert read[-1] <= 2.1 * work                            # (a twentieth: runs stop at the end of a piece)
    assert read[0] == 0 < read[-1] and sum(lost[1::2]) > sum(lost[::2])
    assert max(read[1::2] / works) > 1


def test_families_that_arrive_late_or_never_are_left_out(monkeypatch, advised):
    first = DESIGN.first_error()
    monkeypatch.setattr(ladders, "arrival", lambda design, method, batch, *rest: np.inf if batch == 8 else 200 / batch)
    assert ladders.ladders(advised, first, "labels") == {}
    never = dataclasses.replace(advised, steps={f: np.full(8, np.inf) for f in advised.steps})
    assert ladders.ladders(never, first, "labels") == {}
