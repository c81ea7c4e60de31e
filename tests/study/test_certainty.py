"""mombook/study/certainty.py: what is called guaranteed holds, and the interval has the coverage that its docstring states."""

import csv
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

import mombook as mb
from mombook.exact import row_moments
from mombook.sample.minibatch import train
from mombook.study import certainty
from mombook.study.certainty import INTERVALS, TAILS, interval

CSV = Path(__file__).resolve().parents[2] / "benchmarks" / "forecasts.csv"
RNG = np.random.default_rng
X = RNG(7).normal(size=(200, 4)) + 5.0
Y = X @ [1.0, 0.0, -1.0, 0.5] + RNG(8).normal(size=200)


def measured(tails):
    """(data set, steps taken over steps forecast, whether within the interval) of the entries with such tails."""
    with CSV.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if (float(r["noise factor"]) > TAILS) == (tails == "heavy")]
    found = []
    for r in rows:
        forecast, taken = max(np.ceil(float(r["forecast"])), 1), float(r["taken"])
        found.append((r["data"].split()[0], taken / forecast))
    return found


@pytest.mark.slow                                                       # statistics of many runs, whose file is not everywhere
@pytest.mark.parametrize(("tails", "entries", "inside", "elsewhere"), [("light", 209, 94, 92), ("heavy", 131, 97, 82)])
def test_the_interval_covers_what_its_docstring_states(tails, entries, inside, elsewhere):
    found, (low, high) = measured(tails), INTERVALS[tails]
    assert len(found) == entries and round(100 * np.mean([low <= v <= high for _, v in found])) == inside
    held = []
    for name in {name for name, _ in found}:                            # by the other data sets alone
        a, b = np.quantile([v for other, v in found if other != name], [0.03, 0.97])
        held += [a <= v <= b for other, v in found if other == name]
    assert round(100 * np.mean(held)) == elsewhere
    text = " ".join(certainty.__doc__.split())
    assert re.search(rf"{inside} % of {entries}\b", text) and f"{elsewhere} %" in text


def test_whole_steps_are_counted():
    assert interval(100, 1.0) == (65, 120) and interval(100, TAILS + 0.1) == (35, 110)
    assert interval(0.3, 1.0) == (1, 2) and interval(np.inf, 1.0) == (np.inf, np.inf)
    low, high = interval(7.2, 1.0)
    assert low <= 0.65 * 8 and high >= 1.2 * 8 and low == int(low) and high == int(high)


def test_entries_sentences_and_files_have_the_interval():
    trained = mb.advise((X, Y), batches=[4, 16], families=["sgd", "heavy_ball"])
    untrained = dataclasses.replace(trained, measured={})
    for found, kind, of in ((trained, "measured", "means of eight runs"), (untrained, "forecast", "cases of the benchmark")):
        kinds = {(f, B): found[f, B].certainty for f in found.steps for B in (4, 16)}
        assert kinds == {(f, B): "measured" if (f, i) in found.measured else "forecast" for f in found.steps
                         for i, B in enumerate((4, 16))}
        for family, batch in kinds:
            entry = found[family, batch]
            if entry.certainty == "forecast":
                assert entry.interval == interval(entry.steps, found.inputs.factor)
        low, high = (f"{v:.0f}" for v in found.pick.interval)
        assert f"; {low} to {high} are likely (nine in ten {of})" in repr(found)
        assert ("The steps are measured" if found is trained else "The steps are a forecast") in repr(found)
        pick = found.pick
        kept = [e for e in found.to_dict()["entries"] if (e["family"], e["batch"]) == (pick.family, pick.batch)]
        assert (kept[0]["low"], kept[0]["high"], kept[0]["certainty"]) == (*pick.interval, kind) and pick.certainty == kind
        assert f"({low} to {high})" in pick._repr_html_()
    afresh = mb.advise((X, Y), batches=[4], families=["sgd"], draws="replacement")
    assert afresh["sgd", 4].interval is None and afresh.pick.certainty == "computed"


def test_the_plot_has_the_interval():
    pytest.importorskip("plotly")
    found = mb.advise((X, Y), batches=[4, 16], families=["sgd"])
    traces = {t.name: t for t in found.plot().data}
    for name, unit in (("recommendation, steps", 1), ("recommendation", found.pick.batch)):
        star = traces[name]
        np.testing.assert_allclose([star.y[0] - star.error_y.arrayminus[0], star.y[0] + star.error_y.array[0]],
                                   unit * np.array(found.pick.interval), rtol=1e-12)


# -- theorems ----------------------------------------------------------------------------------------------------------
def test_a_gap_that_rows_guarantee_is_kept_by_the_rows():
    """By the exact gap, and by true runs on labels of any kind."""
    design = mb.load(X, Y)
    found = mb.advise(design, families=["sgd"], batches=[16], draws="replacement", noise=0.0)
    (name, gap), = found.guaranteed.items()
    assert name == "contraction gap of the recommendation, at least" and found.certainty[name] == "guaranteed"
    assert 0 < gap <= row_moments.contraction_gap(design.system, found.pick.method, 16)
    risk = train(design, found.pick.method, 16, 12, 400, RNG(0)).mean(axis=0)
    assert np.log(risk[12] / risk[4]) / 8 <= np.log(1 - gap) + 0.05


def test_nothing_is_guaranteed_where_assumptions_are_not_met():
    assert mb.advise((X, Y), batches=[16], families=["sgd"]).guaranteed == {}                  # epochs
    small = mb.advise((X, Y), 0.01, 0.0, batches=[1], families=["sgd"], draws="replacement")
    assert small.guaranteed == {} and row_moments.guaranteed_gap(small.design.system, small.pick.method, 1) < 0
    H = mb.Spectrum.power_law(50, 1.5)
    assert mb.advise(H, batches=[4], families=["sgd"], ridge=0.1).guaranteed == {}


def test_no_method_exceeds_the_gap_that_is_guaranteed_for_all():
    H = mb.Spectrum.power_law(50, 1.5)
    found = mb.advise(H, batches=[8], families=["sgd"])
    (name, most), = found.guaranteed.items()
    assert name.endswith("at most") and found.to_dict()["guaranteed"] == {name: most}
    assert mb.tune(H, "asgd", 8).gap <= most < 30 * mb.tune(H, "asgd", 8).gap
