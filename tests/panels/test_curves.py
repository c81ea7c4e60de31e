"""mombook/panels/curves.py: a drawn curve is the curve, turning point by turning point, against the literal steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mombook import Method, Spectrum, risk_curve
from mombook.exact import resolvent, row_moments
from mombook.exact.moments import risk_at
from mombook.exact.small_steps import matched
from mombook.panels import curves, definition, far_horizon, heavy_ball, parallel, small_steps, spectra, symptoms, tradeoff

from .scenarios import corners

STEPS = 4000
"""Literal steps against which a curve is held."""

SEEN = 0.005
"""Share of the picture's height from which a swing must be drawn, and to which heights must agree."""


def column(steps, last, log):
    """The column of the picture that a step falls into."""
    share = np.log(np.maximum(steps, 1)) / np.log(max(last, 2)) if log else np.asarray(steps) / last
    return np.floor(curves.COLUMNS * share).astype(int)


def swings(height):
    """Indices at which a sequence turns after a swing of SEEN or more, and before another: one by one, literally."""
    found, low, high, way = [], 0, 0, 0
    for k, y in enumerate(height):
        low, high = (k if y < height[low] else low), (k if y > height[high] else high)
        if way >= 0 and y < height[high] - SEEN:
            found, way, low = [*found, high], -1, k
        elif way <= 0 and y > height[low] + SEEN:
            found, way, high = [*found, low], 1, k
        if way > 0 and y >= height[high]:
            high = k
        if way < 0 and y <= height[low]:
            low = k
    return [k for k in found if k]


def reach(values, columns):
    """Lowest and highest value within a column to either side."""
    first = np.flatnonzero(np.diff(columns, prepend=-1))
    ends = [np.pad(each.reduceat(values, first), 1, mode="edge") for each in (np.minimum, np.maximum)]
    low, high = (each.reduce([v[:-2], v[1:-1], v[2:]]) for each, v in zip((np.minimum, np.maximum), ends, strict=True))
    which = np.searchsorted(first, np.arange(values.size), side="right") - 1
    return low[which], high[which]


def holds(x, y, truth, window, last, log=True):
    """Hold a drawn line (x, y) against the values ``truth`` at steps 0, 1, 2, ...

    Its points are true, line and curve are nowhere further apart than SEEN of the height or a column's width, and it has the
    curve's turning points. Returns how many those are."""
    low, high = np.log(window)
    heights = [np.clip((np.log(np.maximum(v, 1e-300)) - low) / (high - low), -0.1, 1.1) for v in (y, truth)]
    x, steps = np.asarray(x), np.arange(truth.size)
    known = x < truth.size
    np.testing.assert_allclose(heights[0][known], heights[1][x[known]], atol=1e-6)
    turns = np.flatnonzero(np.diff(np.sign(np.diff(heights[1]))) != 0) + 1
    columns, count = np.unique(column(turns, last, log), return_counts=True)
    crowded = np.isin(column(steps, last, log), columns[count > 2])
    along = (lambda t: np.log(np.maximum(t, 0.5))) if log else np.asarray
    inside = (steps >= x[0]) & (steps <= x[-1])
    line = np.interp(along(steps[inside]), along(x), heights[0])
    for a, b in ((heights[1][inside], line), (line, heights[1][inside])):              # nothing is lost, nothing made up
        low, high = reach(b, column(steps[inside], last, log))
        assert np.maximum(low - a, a - high).max() <= SEEN
    seen = np.array(swings(heights[1]), int)
    seen = seen[(seen >= x[0]) & (seen <= x[-1]) & (heights[1][seen] > 0) & (heights[1][seen] < 1)]
    apart = np.abs(line[seen - x[0]] - heights[1][seen])[~crowded[seen]]
    assert apart.max(initial=0.0) <= SEEN, "a turning point is missing"
    for c in set(columns[count > 2]) - {column(truth.size - 1, last, log)}:             # (the last column may be cut)
        drawn, turned = line[column(steps[inside], last, log) == c], heights[1][turns[column(turns, last, log) == c]]
        assert drawn.max() >= turned.max() - SEEN and drawn.min() <= turned.min() + SEEN
    if truth.size > last and not crowded.any() and heights[1].min() > 0 and heights[1].max() < 1:      # not cut short
        assert len(swings(heights[0][known])) == len(swings(heights[1]))
    assert x.size <= 600
    return seen.size


def states(name):
    """The opening, the presets, and some corners."""
    panel = definition(name)
    every, rng = corners(name), np.random.default_rng(4)
    few = [every[k] for k in rng.choice(len(every), 6, replace=False)]
    return [panel.read(), *(panel.read(**v) for v in panel.presets.values()), *few]


def of_power_law(state, method, window, last, final, noise=0.0, log=True, d=None):
    """Hold ``curves.expected`` against literal steps on the same spectrum; how many turning points were seen."""
    key = spectra.key(state, d)
    H = spectra.of(key, spectra.CURVES if final else spectra.GAPS)
    x, y, _ = curves.expected(key, method, state["batch"], last, window, final, noise, log)
    truth = risk_curve(H, method, state["batch"], min(last, STEPS), noise=noise) / (H.trace / 2)
    return holds(x, y, truth, window, last, log)


def shape(state):
    return spectra.key(state), state["batch"]


@pytest.mark.slow
@pytest.mark.parametrize("final", [False, True])
def test_tradeoffs_curves_turn_where_the_exact_ones_do(final):
    turned = 0
    for state in states("tradeoff"):
        at = tradeoff._frontiers(*shape(state), final)[1]
        last = int(curves.spaced(7 * max(f.serial[0] for f in at.values()))[-1])
        turned += sum(of_power_law(state, f.methods[0], (tradeoff.LOWEST, tradeoff.HIGHEST), last, final) for f in at.values())
    assert turned > 50


@pytest.mark.slow
@pytest.mark.parametrize("final", [False, True])
def test_heavy_balls_curves_turn_where_the_exact_ones_do(final):
    turned = 0
    for state in states("heavy_ball"):
        simple, best = heavy_ball._references(*shape(state))
        last = int(curves.spaced(8 / -np.log1p(-best.gap))[-1])
        for method in (simple, best.method, heavy_ball.chosen(state)):
            turned += of_power_law(state, method, (heavy_ball.LOWEST, heavy_ball.HIGHEST), last, final)
    assert turned > 50


def test_curves_at_the_same_long_run_step_turn_where_the_exact_ones_do():
    turned = 0
    for state in states("small_steps"):
        h, H = small_steps.chosen_step(state), spectra.of(spectra.key(state, small_steps.DIM))
        for method in matched(h, 1 - state["memory"]):
            turned += of_power_law(state, method, (small_steps.LOWEST, small_steps.TOP), small_steps._last(H, h), True,
                                   small_steps.NOISE, d=small_steps.DIM)
    assert turned > 5


def test_curves_along_even_steps_turn_where_the_exact_ones_do():
    turned = 0
    swinging = definition("symptoms").read(momentum=0.99, lr=0.5, batch=4096)
    for state in [*(s for s in states("symptoms") if s["steps"] <= STEPS), swinging]:
        turned += of_power_law(state, symptoms.chosen(state), (1e-6, symptoms.HIGHEST), state["steps"], True,
                               symptoms._sigma(state), log=False)
    assert turned > 20


def test_errors_on_rows_turn_where_the_exact_ones_do():
    turned = 0
    for state in [definition("parallel").read(kappa=k, batch=b) for k, b in ((1e3, 8), (1e4, 1024), (30, 64))]:
        at = spectra.key(state, parallel.DIM), "momentum", (state["batch"],)
        found = parallel._scaling(*at)
        last = int(curves.spaced(found.iterations[0])[-1])
        x, y, _ = parallel._errors(*at[:2], state["batch"], last)
        system = parallel._system(at[0])
        truth = row_moments.error_curve(system, found.methods[0], state["batch"], min(last, parallel.MOST_STEPS))
        turned += holds(x, y, truth / truth[0], (parallel.LOWEST, parallel.HIGHEST), last)
    assert turned >= 0


@pytest.mark.parametrize("final", [False, True])
def test_curves_at_internet_scale_turn_where_the_exact_ones_do(final):
    from mombook.model.family import FAMILIES

    turned = 0
    for batch, T in ((8, 10**6), (65536, 10**5), (65536, 10**4)):
        for name in ("heavy_ball", "asgd"):
            asked = 1.5, 10**9, batch, T, FAMILIES[name]
            x, y, _ = far_horizon._drawn(*asked, final, 1e-3)
            H = far_horizon._spectrum(1.5, 10**9, final)
            truth = risk_curve(H, far_horizon.tuned(*asked), batch, STEPS) / (H.trace / 2)
            turned += holds(x, y, truth, (1e-3, far_horizon.HIGHEST), T)
    assert turned > 50


def test_what_evenly_spaced_points_lost():
    """Heavy ball at its fastest, large batch: 33 turning points, of which 8 points an octave showed 21 or so."""
    state = definition("heavy_ball").read(batch=362)
    best = heavy_ball._references(*shape(state))[1]
    last, window = int(curves.spaced(8 / -np.log1p(-best.gap))[-1]), (heavy_ball.LOWEST, heavy_ball.HIGHEST)
    H = spectra.of(spectra.key(state), spectra.CURVES)
    truth = risk_curve(H, best.method, 362, last) / (H.trace / 2)
    x, y, _ = curves.expected(spectra.key(state), best.method, 362, last, window)
    old = curves.spaced(last)
    with pytest.raises(AssertionError):
        holds(old, truth[old], truth, window, last)
    assert holds(x, y, truth, window, last) > 25


@given(st.integers(2, 400), st.integers(0, 2**32 - 1))
def test_any_sequence_is_drawn_with_all_its_turning_points(size, seed):
    rng = np.random.default_rng(seed)
    values = np.exp(np.cumsum(rng.normal(0, 0.3, size)))
    x, y, notes = curves.sampled(lambda t: values[t], size - 1, 0.9999, (values.min(), values.max() * 1.01))
    np.testing.assert_array_equal(y, values[x])
    assert x[0] == 0 and x[-1] == size - 1 and np.all(np.diff(x) > 0)
    holds(x, y, values, (values.min(), values.max() * 1.01), size - 1)
    moves = np.sign(np.diff(values))
    turns = np.flatnonzero(moves[1:] != moves[:-1]) + 1
    column = np.floor(curves.COLUMNS * np.log(np.maximum(np.arange(size), 1)) / np.log(max(size - 1, 2))).astype(int)
    crowded = np.flatnonzero(np.bincount(column[turns], minlength=1) > 2)
    assert set(column[x[notes == curves.ENVELOPE]]) == set(crowded), "an envelope is called so where there is one"


@pytest.mark.parametrize(("H", "method", "batch", "noise"), [
    (Spectrum.power_law(20, 1.5, 1e3), Method.heavy_ball(0.5, 0.99), 100, 0.1),
    (Spectrum.power_law(200, 1.5, 1e3).compressed(8), Method(0.1, 0.3, 0.999), 64, 0.0),
    (Spectrum.power_law(20, 1.5, 1e3), Method.heavy_ball(5, 0.9), 1, 0.1),
    (Spectrum.flat(5), Method.nesterov(0.3, 0.9), 2, 0.0)])
def test_steps_in_blocks_are_the_literal_steps(H, method, batch, noise):
    truth = risk_curve(H, method, batch, 9000, noise=noise)
    times = np.concatenate([np.arange(8000), [8500, 9000]])
    truth = np.where(truth < 1e250, truth, np.inf)
    np.testing.assert_allclose(risk_at(H, method, batch, times, noise), truth[times], rtol=1e-9)


def test_far_steps_of_a_wide_spectrum_alone_go_by_contours(monkeypatch):
    """Some thirty steps, each by two contours at the most; the four thousand before are taken one by one."""
    contours, on_contour = [], resolvent._on_contour
    monkeypatch.setattr(resolvent, "_on_contour", lambda *given: contours.append(1) or on_contour(*given))
    key = "wide:" + ",".join(map(repr, np.exp(-np.linspace(0, 30, 900)).tolist()))
    curves.expected.__wrapped__(key, Method.heavy_ball(0.05, 0.9), 64, 60_000, (1e-4, 2.0), final=False)
    assert 0 < len(contours) < 200
