"""The scaling ruler as a pure function: its points are the engine's, its verdict is the interval's."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels.frame import problems
from mombook.panels.ruler import AXES, RulerPanel, points

pytestmark = pytest.mark.slow           # its exact answer takes seconds

PANEL = RulerPanel()


@pytest.fixture(scope="module")
def views():
    return {label: PANEL.exact(PANEL.read(**changes)) for label, changes in PANEL.presets.items()}


def test_points_are_the_engines(views):
    n = views["window against κ"].numbers
    for k in (0, -1):
        np.testing.assert_allclose(n["y"][k], mb.window(mb.Spectrum.two_level(200, n["x"][k], top=100)), rtol=1e-6)
    n = views["ASGD's lead against d"].numbers
    f = mb.frontier(mb.Spectrum.power_law(int(n["x"][3]), 1.5), ["asgd", "heavy_ball"], [1])
    np.testing.assert_allclose(n["y"][3], f["asgd"].ce[0] / f["heavy_ball"].ce[0], rtol=1e-4)
    n = views["SGD against B"].numbers
    np.testing.assert_allclose(n["y"], mb.frontier(mb.Spectrum.two_level(200, 1000, top=100), ["sgd"], n["x"])["sgd"].serial,
                               rtol=1e-6)


def test_the_fit_is_the_public_one(views):
    n = views["the same, power law"].numbers
    found = mb.fit_exponent(n["x"], n["y"])
    assert (n["value"], n["low"], n["high"]) == (found.value, found.low, found.high)


@pytest.mark.parametrize(("label", "said"), [
    ("window against κ", "consistent with √κ, as proved (0.5), excludes κ (1)."),
    ("the same, power law", "consistent with √κ, as proved (0.5), excludes κ (1)."),
    ("SGD against B", "not one power, but linear (−1) at the lower end and saturated (0) at the upper."),
    ("ASGD's lead against d", "consistent with the ceiling T5 (0.375), excludes the floor T6 (0.25)."),
    ("cannot tell yet", "cannot tell yet, since the interval covers the ceiling T5 (0.375) and the floor T6 (0.25).")])
def test_what_presets_say(views, label, said):
    assert said in views[label].sentence
    assert problems(PANEL, PANEL.read(**PANEL.presets[label]), views[label]) == []


def test_what_to_do_where_theory_cannot_be_told_apart(views):
    assert "Most of the interval is drift: raise the upper end" in views["cannot tell yet"].sentence


def test_theory_is_drawn_with_its_slopes(views):
    v = views["window against κ"]
    for k, power in enumerate((0.5, 1.0)):
        line = v.traces[f"theory {k}"]
        np.testing.assert_allclose(np.diff(np.log(line["y"])), power * np.diff(np.log(line["x"])), rtol=1e-9)
        assert set(v.traces[f"theory {k} (right)"]["y"]) == {power}
    assert v.traces["theory 2"] == {"visible": False}
    band = v.traces["interval"]["y"]
    assert (min(band), max(band)) == (v.numbers["low"], v.numbers["high"])


def test_where_theory_has_no_exponent_it_says_so():
    assert "this book has no exponent" in PANEL.exact(PANEL.read(quantity="steps", axis="decay", low=0.1, high=3)).sentence
    assert "it does not depend on B" in PANEL.exact(PANEL.read(quantity="window", axis="batch", low=1, high=100)).sentence


def test_ends_that_leave_too_little_are_ignored_and_it_says_so():
    state = PANEL.read(quantity="steps", axis="d", low=1000, high=100)
    x, widened = points(state)
    assert widened and x[0] <= 3 and x[-1] == AXES["d"][2] and x.size >= 9
    assert "less than a factor of four" in PANEL.exact(state).sentence


def test_too_few_points_are_no_exponent():
    view = PANEL.exact(PANEL.read(quantity="steps", axis="kappa", law="i^-decay", decay=0.1, low=100, high=1e6))
    assert view.numbers["x"].size < 5 and "only" in view.sentence and "value" not in view.numbers


@pytest.mark.parametrize("axis", list(AXES))
def test_points_lie_between_the_ends_and_grids_are_nested(axis):
    wide, _ = points(PANEL.read(quantity="steps", axis=axis, low=0.1, high=1e6))
    assert np.all(np.diff(wide) > 0) and wide.size >= 9
    assert AXES[axis][1] <= wide[0] and wide[-1] <= AXES[axis][2] * (1 + 1e-9)
    narrow, _ = points(PANEL.read(quantity="steps", axis=axis, low=10, high=1000)) if axis != "decay" else (wide, False)
    assert np.isin(np.round(np.log10(narrow[narrow >= 10]), 6), np.round(np.arange(0, 7, 1 / 64), 6)).all() or axis == "d"


def test_while_dragging_fewer_of_the_same_points_are_measured():
    state = PANEL.read(law="geometric", d=77)
    quick, settled = PANEL.exact(state, final=False), PANEL.exact(state)
    x, y = settled.numbers["x"], settled.numbers["y"]
    assert quick.numbers["x"].size == 5 and np.isin(quick.numbers["x"], x).all()
    np.testing.assert_allclose(quick.numbers["y"], y[np.isin(x, quick.numbers["x"])], rtol=0.1)
    state = PANEL.read(quantity="steps", axis="kappa")                  # nothing to read off a curve: the same numbers
    quick, settled = PANEL.exact(state, final=False).numbers, PANEL.exact(state).numbers
    np.testing.assert_array_equal(quick["y"], settled["y"][np.isin(settled["x"], quick["x"])])


def test_along_the_batch_each_regime_is_drawn_where_it_rules(views):
    v = views["SGD against B"]
    for k, end in ((0, 0), (1, -1)):
        line = v.traces[f"theory {k}"]
        drawn = np.exp(np.interp(np.log(v.numbers["x"][end]), np.log(line["x"]), np.log(line["y"])))
        np.testing.assert_allclose(drawn, v.numbers["y"][end], rtol=0.05)
    assert "from 1 to 65536" in v.sentence
