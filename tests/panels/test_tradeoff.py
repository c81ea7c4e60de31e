"""The first panel: its numbers are the engine's, and every scenario can be drawn."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels.frame import apply, problems
from mombook.panels.remote import described
from mombook.panels.tradeoff import GRID, TradeoffPanel

from .test_drawn import traces_agree, words_agree
from .ways.common import Drawn

PANEL = TradeoffPanel()


@pytest.fixture(scope="module")
def view():
    return PANEL.exact(PANEL.read("kappa=1e3;decay=1.5;batch=16"))


@pytest.mark.parametrize(("family", "word"), [("sgd", "SGD"), ("heavy_ball", "heavy ball"), ("asgd", "ASGD")])
def test_what_is_drawn_is_what_the_engine_says(view, family, word):
    H = mb.Spectrum.power_law(200, 1.5, 1e3)
    f = mb.frontier(H, [family], GRID[True])[family]
    # the panel keeps the spectrum at two bins an octave, which moves gaps by about 1e-5
    np.testing.assert_allclose(view.traces[word]["x"], f.compute, rtol=1e-4)
    np.testing.assert_allclose(view.traces[word]["y"], f.serial, rtol=1e-4)
    np.testing.assert_allclose(view.traces[f"{word}: CE"]["y"], f.ce * H.trace / H.smallest, rtol=1e-4)
    best = mb.tune(H, family, 16)
    np.testing.assert_allclose(view.numbers["gap"][family], best.gap, rtol=1e-4)
    drawn = view.traces[f"{word}: expected"]
    early = drawn["x"] <= 500
    exact = mb.risk_curve(H, best.method, 16, 500)
    np.testing.assert_allclose(drawn["y"][early], exact[drawn["x"][early]] / exact[0], rtol=1e-3)


def test_critical_batches_and_bounds_are_the_engines(view):
    H = mb.Spectrum.power_law(200, 1.5, 1e3)
    found = mb.critical_batches(H)
    for family, batch in found.items():
        np.testing.assert_allclose(view.numbers["critical"][family], batch, rtol=1e-4)
    upper = mb.bounds.heavy_ball_gap(H, GRID[True]).value
    np.testing.assert_allclose(view.traces["heavy ball: bound"]["y"], -np.log1p(-upper) / GRID[True] * H.trace / H.smallest,
                               rtol=1e-6)


def test_no_curve_crosses_its_bound(view):
    for word in ("SGD", "heavy ball", "ASGD"):
        bound, exact = view.traces[f"{word}: bound"]["y"], view.traces[f"{word}: CE"]["y"]
        assert np.all(exact <= bound * (1 + 1e-9)), word


def test_the_sentence_carries_the_numbers(view):
    ratio = view.numbers["critical"]["heavy_ball"] / view.numbers["critical"]["sgd"]
    assert f"its compute efficiency halves at {ratio:.3g} times SGD's batch" in view.sentence
    assert "B = 16" in view.sentence and "√κ = 31.6" in view.text


@pytest.mark.slow
@pytest.mark.parametrize("preset", list(PANEL.presets))
def test_presets_show_what_their_name_says(preset):
    view = PANEL.exact(PANEL.read("", **PANEL.presets[preset]))
    gap = view.numbers["gap"]
    advantage = gap["asgd"] / gap["heavy_ball"]
    if preset == "flat":
        np.testing.assert_allclose(list(gap.values()), gap["sgd"], rtol=1e-6)
        assert [met for name, met, why in view.lamps if name == "ASGD bound"] == [True]
    elif preset == "slow decay":
        assert 1 <= advantage < 1.2
    else:
        assert advantage > 5


def test_three_controls_are_in_sight_and_the_others_behind_more():
    assert [c["name"] for c in described(PANEL)["controls"] if not c["more"]] == ["kappa", "decay", "batch", "seed"]


def test_dragging_and_resting_agree():
    scenario = PANEL.read("kappa=3e4;batch=64")
    quick, rest = PANEL.exact(scenario, final=False), PANEL.exact(scenario)
    for m, gap in rest.numbers["gap"].items():
        np.testing.assert_allclose(quick.numbers["gap"][m], gap, rtol=1e-3)                # one bin an octave, not two
    for m, batch in rest.numbers["critical"].items():
        np.testing.assert_allclose(quick.numbers["critical"][m], batch, rtol=0.25)     # read off 11 points between


@pytest.mark.parametrize(("line", "said", "hidden"), [
    ("batch=8;method=sgd(1.9)", "does not converge here; from B = 41 on it does.", ()),
    ("batch=64;method=sgd(1.9)", "steps; below B = 41 it does not converge.", ()),
    ("d=40;method=sgd(1e-8)", "Your method needs 5 × 10¹⁰ steps.", ("", ": CE")),
    ("d=40;method=Method(0, 0, 0)", "does not converge here; nor at any batch up to 65536.", ("", ": CE"))])
def test_a_method_of_the_readers_own_is_drawn_where_it_converges_and_told_where_not(line, said, hidden):
    c = Drawn(PANEL, PANEL.read(line))
    assert said in c.view.sentence and problems(PANEL, c.s, c.view) == []
    traces_agree("tradeoff", c)
    words_agree("tradeoff", c)
    for part in ("", ": CE", ": expected"):
        assert c.view.traces[f"your method{part}"]["visible"] == (part not in hidden), part


def test_the_axes_are_those_of_the_tuned_methods_whatever_a_reader_writes():
    ranges = [PANEL.exact(PANEL.read(line)).ranges for line in ("d=40", "d=40;method=sgd(1e-8)")]
    assert ranges[0] == ranges[1]


def test_the_program_prints_the_price_of_the_readers_own_method(capsys):
    scenario = PANEL.read("d=20;kappa=10;method=qhm(lr, 0.7, beta)")
    exec(PANEL.recipe(scenario), {})
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("your method: steps per e-fold ")
    np.testing.assert_allclose(float(said.split()[-1]), PANEL.exact(scenario).numbers["serial"]["yours"], rtol=1e-6)


def test_problems_are_seen():
    scenario = PANEL.read()
    broken = PANEL.exact(scenario, final=False)
    broken.traces["SGD"] = {**broken.traces["SGD"], "y": broken.traces["SGD"]["y"] * np.nan}
    broken.traces["ASGD"] = {**broken.traces["ASGD"], "y": broken.traces["ASGD"]["y"] * 1e30}
    broken.traces["Nesterov"] = {**broken.traces["Nesterov"], "y": broken.traces["Nesterov"]["y"] * np.inf}
    broken.traces["heavy ball"] = {**broken.traces["heavy ball"], "y": [1.0]}
    broken.sentence = "gap nan"
    said = " | ".join(problems(PANEL, scenario, broken))
    for fault in ("SGD: nothing but nan", "ASGD: wholly outside", "Nesterov: infinite", "heavy ball: 11 x values for 1 y",
                  "sentence: 'gap nan'"):
        assert fault in said
    broken.sentence = "SGD needs a batch of 8."
    assert "whole sentences" not in " | ".join(problems(PANEL, scenario, broken))
    for wrong in ("SGD needs a batch of 8", "SGD needs a batch of 8. .", "SGD needs  8.", "SGD needs 8 ; it diverges."):
        broken.sentence = wrong
        assert f"not whole sentences: {wrong!r}" in " | ".join(problems(PANEL, scenario, broken))


def test_simulation_arrives_in_pieces_and_agrees_with_theory():
    scenario = PANEL.read("kappa=30;d=20;batch=16;methods=sgd+heavy_ball;seed=3")
    pieces = list(PANEL.sample(scenario))
    fractions = [p.fraction for p in pieces]
    assert len(pieces) > 5 and np.all(np.diff(fractions) >= 0) and fractions[-1] == 1
    arrived = {}
    for p in pieces:
        arrived.update(p.traces)
    assert set(arrived) == {f"{w}: {part}" for w in ("SGD", "heavy ball") for part in ("simulated", "80 % of runs")}
    H = mb.Spectrum.power_law(20, 1.5, 30)
    dots = arrived["SGD: simulated"]
    exact = mb.risk_curve(H, mb.tune(H, "sgd", 16).method, 16, int(dots["x"][5]))
    np.testing.assert_allclose(dots["y"][:2], exact[dots["x"][:2]] / exact[0], rtol=0.1)   # 400 runs: 3 % errors here
    again = list(PANEL.sample(scenario))[-1]
    np.testing.assert_array_equal(again.traces["heavy ball: simulated"]["y"], arrived["heavy ball: simulated"]["y"])


def test_the_static_figure_holds_both_layers():
    figure = PANEL.static(PANEL.read("kappa=30;d=20;batch=16;methods=sgd+asgd"))
    lengths = {t.name: len(t.x) for t in figure.data if t.visible is not False}
    assert lengths["SGD: simulated"] > 5 and lengths["ASGD: simulated"] > 5 and lengths["SGD"] == 25
    narrow, blank = PANEL.static(simulate=False, stacked=True), PANEL.figure()
    assert narrow.layout.height > 2 * blank.layout.height
    apply(blank, PANEL.exact(PANEL.read()), rescale=False)
    assert blank.layout.xaxis.range is None


@pytest.mark.parametrize(("family", "word"), [("heavy_ball", "heavy ball"), ("asgd", "ASGD")])
def test_learning_curves_at_rest_keep_the_phase_of_every_mode(family, word):
    # a spectrum binned as gaps need it would draw ASGD's curve 4 % off here
    scenario = PANEL.read("kappa=1e3;decay=1.5;batch=1024")
    line, H = PANEL.exact(scenario).traces[f"{word}: expected"], mb.Spectrum.power_law(200, 1.5, 1e3)
    exact = mb.risk_curve(H, mb.tune(H.compressed(2), family, 1024).method, 1024, int(line["x"][-1]))[line["x"]]
    seen = line["y"] > 1e-4                                             # the axis ends there
    np.testing.assert_allclose(line["y"][seen], (exact / (H.trace / 2))[seen], rtol=2e-4)
