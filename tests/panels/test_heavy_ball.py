"""The heavy-ball panel: what is drawn equals direct calls of the engine, everywhere the controls reach."""

import re

import numpy as np
import pytest

import mombook as mb
from mombook.panels import style
from mombook.panels.heavy_ball import CELLS, HeavyBallPanel, chosen, noiseless_roots, squeeze
from mombook.panels.labels import SIDES, Plot

PANEL = HeavyBallPanel()


def spectrum(s):
    return mb.Spectrum.power_law(s["d"], s["decay"], s["kappa"])


@pytest.mark.parametrize("text", ["", "batch=1", "kappa=100;decay=0.5;batch=512;lr=0.1;forget=3", "kappa=1;batch=64",
                                  "batch=1024"])
def test_the_numbers_are_the_engines(text):
    s = PANEL.read(text)
    H, view = spectrum(s), PANEL.exact(s)
    best = mb.tune(H, "heavy_ball", s["batch"])
    simple = mb.bounds.heavy_ball_gap(H, s["batch"], "lower").method
    np.testing.assert_allclose(view.numbers["best"], best.gap, rtol=1e-4)
    np.testing.assert_allclose(view.numbers["gap"], mb.contraction_gap(H, view.numbers["method"], s["batch"]), rtol=1e-4)
    np.testing.assert_allclose(view.numbers["simple"], mb.contraction_gap(H, simple, s["batch"]), rtol=1e-4)
    line = view.traces["chosen (loss)"]
    curve = mb.risk_curve(H, view.numbers["method"], s["batch"], steps=int(line["x"][-1]))
    np.testing.assert_allclose(line["y"], curve[line["x"]] / curve[0], rtol=3e-4)


def test_the_map_is_the_gap_of_its_cells():
    s = PANEL.read("batch=64")
    H, view = spectrum(s), PANEL.exact(s)
    gap, best = view.traces["gap"], view.numbers["best"]
    assert gap["z"].shape == (CELLS[True], CELLS[True])
    for row, column in ((39, 20), (20, 20), (30, 30), (5, 38)):
        single = mb.contraction_gap(H, mb.Method.heavy_ball(gap["x"][column] / H.largest, 1 - gap["y"][row]), 64)
        if single <= 0:
            assert gap["z"][row, column] == -9
        else:
            np.testing.assert_allclose(gap["z"][row, column], max(np.log10(single / best), -3), atol=1e-3)
    assert gap["z"].max() <= 1e-6


def test_the_sliders_are_multiples_of_the_fastest():
    s = PANEL.read("lr=0.5;forget=2")
    best = mb.tune(spectrum(s), "heavy_ball", 8).method
    np.testing.assert_allclose(chosen(s).eta, best.eta / 2, rtol=1e-3)
    np.testing.assert_allclose(1 - chosen(s).beta, 2 * (1 - best.beta), rtol=1e-3)
    assert chosen(PANEL.read("forget=100")).beta == 0


def test_roots_are_the_eigenvalues_of_the_step():
    H, m = mb.Spectrum.power_law(5, 1.5), mb.Method.heavy_ball(0.7, 0.6)
    roots, lam = noiseless_roots(m, H)
    for k in range(5):
        step = [[1 - m.eta * lam[k], -m.eta * m.beta], [lam[k], m.beta]]
        np.testing.assert_allclose(np.sort_complex(roots[[k, k + 5]]), np.sort_complex(np.linalg.eigvals(step)), atol=1e-12)


def test_each_ring_is_ten_times_closer():
    x, y = squeeze(np.array([0.9, 0.99j, -0.999, 0.0, 1.2]), 5)
    np.testing.assert_allclose(np.hypot(x, y), [0.2, 0.4, 0.6, 0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose([x[1], x[2], y[1]], [0, -0.6, 0.4], atol=1e-12)


def test_the_simulation_lies_on_theory():
    *_, last = PANEL.sample(PANEL.read("d=20;kappa=100;batch=64"))
    assert last.fraction == 1
    within, filled = re.search(r"([0-9]+) of ([0-9]+) filled dots", last.sentence).groups()
    assert int(filled) > 5 and int(within) >= int(filled) / 3
    dots = last.traces["simulated"]
    assert np.isfinite(dots["y"]).all() and len(dots["x"]) > 5


def test_the_best_is_no_colour_of_what_diverges_nor_of_the_marks():
    """Told apart in lightness or hue (CIE Lab, 25 is far more than just seen), on light pages and on dark ones."""
    figure = PANEL.figure()
    scale = figure.layout.coloraxis.colorscale
    diverging, best = scale[0][1], scale[-1][1]
    marks = [figure.data[k].marker.line.color for k in (1, 3)]
    for one, other in ((best, diverging), (best, style.PAPER), (diverging, style.PAPER), (best, style.DARK_PAPER),
                       (diverging, style.DARK_PAPER), *((color, mark) for _, color in scale for mark in marks[1:])):
        assert np.linalg.norm(lab(one) - lab(other)) > 25, (one, other)
    assert marks == ["#0072B2", style.METHODS["heavy_ball"].color]
    orange = {t.name for t in figure.data[1:] if marks[1] in (t.marker.color, t.marker.line.color, t.line.color)}
    assert orange == {"chosen", "roots", "flattest", "steepest", "loss circle", "chosen (loss)", "simulated"}


def lab(color):
    """CIE Lab of a hex colour, for daylight."""
    value = np.array([int(color[k:k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(xyz / [0.9505, 1, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("line", ["", "batch=64", "kappa=100", "batch=64;lr=0.3;forget=3", "kappa=15.8;decay=0.5", "batch=4096",
                                  "lr=1;forget=100", "lr=5", "kappa=39800;decay=2"])
def test_the_name_of_a_loss_stands_nearer_to_its_own_curve_than_to_any_other(line):
    view = PANEL.exact(PANEL.read(line))
    plot, names = Plot(view.ranges["xaxis3"], view.ranges["yaxis3"], 3), view.traces["loss names"]
    words = "fastest", "simple choice", "chosen"
    curves = {word: plot.curve(*(view.traces[f"{word} (loss)"][k] for k in "xy")) for word in words}
    for x, y, text, side in zip(*(names[k] for k in ("x", "y", "text", "textposition")), strict=True):
        across, up = SIDES[side]                                        # half as wide as in teacher mode: on a wide page
        middle = plot.shares([x], [y])[0] + [across * plot.letter * len(text) / 4, up * plot.line / 2]
        far = {word: np.hypot(*(points - middle).T).min() for word, points in curves.items()}
        own = "simple choice" if text.startswith("simple") else text.split(" ")[0]
        assert far[own] == min(far.values()), (text, far)
