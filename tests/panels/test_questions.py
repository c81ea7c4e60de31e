"""Questions: nothing shows before the answer is asked for, distances are right, and every answer has a second road to it."""

import json
import subprocess
import sys
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pytest
import scipy
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import roots_genlaguerre

import mombook as mb
from mombook import explore, references
from mombook.data.fourth_moments import Inputs
from mombook.exact import row_moments
from mombook.exact.thresholds import long_run_threshold
from mombook.panels import definition, export, questions
from mombook.panels.questions import question as frame
from mombook.panels.questions.question import Case, Chosen, Placed, Slope, grade
from mombook.panels.scenario import Slider
from mombook.panels.style import log_axis
from mombook.tuning import parallel

from . import scenarios

pytestmark = pytest.mark.slow

EVERY = [(name, case) for name in questions.QUESTIONS for case in definition(name).cases]


def asked(name, case, **values):
    panel = definition(name)
    return panel, panel.read(**({"case": case} if len(panel.cases) > 1 else {}), **values)


def answer(name, case):
    panel, state = asked(name, case, reveal=True)
    return panel.exact(state).numbers["answer"]


# -- the machinery, on questions small enough to see through -----------------------------------------------------------
class Asked:
    """What the questions below have in common."""

    asks = "Which number?"
    cases = MappingProxyType({"one": Case("times 1", lambda: 1.0), "two": Case("times 2", lambda: 2.0)})
    curves = (frame.Curve("seen"), frame.Curve("unseen", hidden=True))
    axes = (log_axis("x"), log_axis("y"))
    window = ((0, 4), (0, 1))

    def known(self, subject):
        return {"seen": {"x": [1, 2], "y": [1, 2]}}

    def draw(self, subject, answer):
        return {"unseen": {"x": [1, 2], "y": [2, 4]}}

    def explain(self, subject, answer):
        return "Because."


class Forty(Asked, Placed):
    """The answer is 40 times the case's number."""

    guess = Slider("guess", "guess", 1, 1e4, 10, step=0.02, base=10)

    def answer(self, subject):
        return 40 * subject


class Sideways(Forty):
    """The same on the other axis."""

    along = "y"
    axes = (log_axis("x"), {"title": {"text": "y"}})
    window = ((0, 4), (0, 1e4))


class Steep(Asked, Slope):
    """An exponent of a half over three decades."""

    guess = Slider("guess", "guess", 0, 2, 1, step=0.01)
    reach = 3.0

    def through(self, subject):
        return 10.0, 2.0

    def answer(self, subject):
        return 0.5


class Word(Asked, Chosen):
    """One is worth ten times the other; in the second case they are worth the same."""

    options = MappingProxyType({"a": "alpha", "b": "beta", "tie": "neither"})

    def answer(self, subject):
        return {"a": 1.0, "b": 10.0} if subject == 1 else {"a": 1.0, "b": 1.05}


@pytest.mark.parametrize(("guess", "decades", "said"), [
    (4, -1, "1 decade (a factor 10) low. Within a factor of ten"),
    (80, np.log10(2), "0.3 decades (a factor 2) high. The right size"),
    (40, 0, "0 decades (a factor 1)"), (1, -np.log10(40), "More than an order of magnitude off"),
])
def test_distances_are_counted_in_decades(guess, decades, said):
    panel = Forty()
    view = panel.exact(panel.read(guess=guess, reveal=True))
    np.testing.assert_allclose(view.numbers["decades"], decades, atol=1e-12)
    assert said in view.sentence and f"You said {guess}; it is 40:" in view.sentence and "Because." in view.sentence
    assert "left the guess" not in view.sentence


def test_an_unmoved_guess_is_an_answer_and_is_told_so():
    panel = Forty()
    assert "You left the guess where it stood" in panel.exact(panel.read(reveal=True)).sentence


def test_the_guess_stands_where_it_was_placed_and_the_answer_where_it_is():
    for panel, axis in ((Forty(), "x"), (Sideways(), "y")):
        traces = panel.exact(panel.read(guess=25, reveal=True, case="two")).traces
        assert set(traces["your guess"][axis]) == {25} and set(traces["the answer"][axis]) == {80}
        assert list(traces["distance"][axis]) == [25, 80]
        other = "y" if axis == "x" else "x"
        np.testing.assert_allclose(traces["your guess"][other][[0, -1]], [1, 10] if other == "y" else [1, 1e4])


def test_an_exponent_is_a_line_through_the_known_point_and_counts_at_its_end():
    panel = Steep()
    view = panel.exact(panel.read(guess=0.7, reveal=True))
    line = view.traces["your guess"]
    np.testing.assert_allclose([line["x"][0], line["x"][-1], line["y"][0], line["y"][-1]], [10, 1e4, 2, 2 * 1e3**0.7])
    np.testing.assert_allclose(view.numbers["decades"], 0.6)
    assert "after 3 decades that is 0.6 decades (a factor 3.98) high" in view.sentence


@pytest.mark.parametrize(("values", "decades", "said"), [
    ({"guess": "b"}, 0, "Right: you said beta, and it is beta, ahead of alpha by a factor 10."),
    ({"guess": "a"}, -1, "Not so: you said alpha, and it is beta, ahead of alpha by a factor 10: they are 1 decade (a"),
    ({"guess": "tie"}, -1, "Not so: you said neither"),
    ({"guess": "tie", "case": "two"}, 0, "Right: you said neither, and all lie within 5 %."),
    ({"guess": "b", "case": "two"}, -frame.SAME, "Not so: you said beta, and all lie within 5 %."),
    ({}, -1, "Not so: you said no choice made"),
    ({}, -1, ". Not to choose counts as an answer. "),
])
def test_words_are_judged_by_how_far_they_are_behind(values, decades, said):
    panel = Word()
    view = panel.exact(panel.read(reveal=True, **values))
    np.testing.assert_allclose(view.numbers["decades"], decades, atol=1e-12)
    assert said in view.sentence


def test_grades_cover_every_distance_on_both_sides():
    assert [grade(v) for v in (0, -0.04, 0.1, -0.4, 0.9, 7)] == [
        "Spot on", "Spot on", "Close", "The right size", "Within a factor of ten", "More than an order of magnitude off"]


# -- every question of the book ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", questions.QUESTIONS)
def test_before_it_is_revealed_the_answer_is_not_even_computed(name, monkeypatch):
    panel = definition(name)

    def spoiled(*_):
        raise AssertionError("asked for the answer")

    for part in ("answer", "draw", "explain"):
        monkeypatch.setattr(type(panel), part, spoiled)
    monkeypatch.setattr(frame, "_of", lru_cache(frame._of.__wrapped__))    # one that remembers nothing yet
    for preset in panel.presets.values() or [{}]:
        view = panel.exact(panel.read(**preset))
        hidden = {c.name for c in panel.curves if c.hidden} | {"the answer", "distance"}
        assert all(len(view.traces[h]["x"]) == 0 for h in hidden) and set(view.numbers) == {"guess"}
        with pytest.raises(AssertionError, match="asked for"):
            panel.exact({**panel.read(**preset), "reveal": True})


@pytest.mark.parametrize("name", [name for name in questions.QUESTIONS if isinstance(definition(name), Placed)])
def test_every_guess_has_its_place_in_the_picture_and_the_picture_is_no_wider(name):
    """Across, the picture ends where the guess does; upwards it may hold more, for the sake of the curves."""
    panel = definition(name)
    low, high = panel.window[panel.along == "y"]
    log = panel.figure().layout[f"{panel.along}axis"].type == "log"
    least, most = (np.log10(v) if log else v for v in (panel.guess.low, panel.guess.high))
    assert low <= least + 1e-9 and most <= high + 1e-9
    assert panel.along == "y" or (least - low < 0.2 and high - most < 0.2)


@pytest.mark.parametrize("name", questions.QUESTIONS)
def test_the_axes_never_move(name):
    panel = definition(name)
    assert len({json.dumps(panel.exact(s).ranges) for s in [*scenarios.ends(name), *scenarios.covering(name)]}) == 1


@pytest.mark.parametrize(("name", "case"), EVERY)
def test_a_revealed_answer_is_seen_and_was_not_the_default(name, case):
    panel, state = asked(name, case, reveal=True)
    view = panel.exact(state)
    assert all(len(view.traces[c.name]["x"]) for c in panel.curves)
    assert abs(view.numbers["decades"]) > (0.01 if isinstance(panel, Chosen) else 0.15)
    if not isinstance(panel, Chosen):
        low, high = panel.guess.low, panel.guess.high
        assert low < view.numbers["answer"] < high
        right = panel.exact({**state, "guess": panel.guess.value(view.numbers["answer"])})
        assert abs(right.numbers["decades"]) < 1e-4 and "Spot on" in right.sentence


def test_two_questions_a_notebook():
    numbers = [name.split("_")[1] for name in questions.QUESTIONS]
    assert all(numbers.count(n) >= 2 for n in set(numbers)) and set(numbers) >= {f"{n:02}" for n in range(1, 9)}
    assert all(definition(name).name == name and definition(name).title for name in questions.QUESTIONS)


def test_the_answer_follows_the_engine(monkeypatch):
    """No table: with another engine underneath the answer is another."""
    from mombook.panels.questions import notebook_02

    before = answer("predict_02_bend", "flat")
    monkeypatch.setattr(notebook_02, "critical_batch", lambda H, family: 123.0)
    monkeypatch.setattr(frame, "_of", frame._of.__wrapped__)
    assert answer("predict_02_bend", "flat") == 123.0 != before


# -- the answers, by another road ---------------------------------------------------------------------------------------
def law(kappa, decay, d=200):
    return mb.Spectrum.power_law(d, decay, kappa)


def far_rate(H, family, batch):
    """E-folds per step of the tuned method, read off the exact risk three hundred e-folds out: no secular equation."""
    best = mb.tune(H, family, batch)
    t = int(300 / best.gap)
    far = mb.risk_at(H, best.method, batch, [t, t + 1])
    return -np.log(far[1] / far[0])


@pytest.mark.parametrize(("case", "H"), [("middling", law(1e3, 1.5)), ("steep", law(1e5, 1.5)), ("gentle", law(15.8, 0.5))])
def test_window(case, H):
    B = answer("predict_01_window", case)
    ce = [far_rate(H, "heavy_ball", b) / b for b in (1.0, B)]
    np.testing.assert_allclose(ce[1] / ce[0], 0.5, rtol=1e-3)
    assert 0.25 < B / mb.critical_batch(H, "sgd") / H.kappa**0.5 <= 1


@pytest.mark.parametrize(("case", "H"), [("fast", law(39_800, 2)), ("slow", law(15.8, 0.5))])
def test_cheapest(case, H):
    worth = answer("predict_01_cheapest", case)
    np.testing.assert_allclose(list(worth.values()), [far_rate(H, f, 1) for f in worth], rtol=2e-3)
    assert worth["asgd"] > 6 * worth["nesterov"] if case == "fast" else max(worth.values()) < 1.03 * min(worth.values())


@pytest.mark.parametrize(("case", "H"), [("law", law(1e3, 1.5)), ("steep", law(1e5, 1.5)), ("flat", mb.Spectrum.flat(200))])
def test_limit(case, H):
    lr, B, lam = answer("predict_02_limit", case), mb.bounds.bend(H, "sgd"), H.expanded()
    np.testing.assert_allclose(np.sum(lr * lam / (2 * B - lr * lam * (B + 1))), 1, rtol=2e-3)
    if case == "flat":
        np.testing.assert_allclose(lr, 2 * B / (200 + B + 1), rtol=1e-9)


@pytest.mark.parametrize(("case", "H"), [("law", law(1e3, 1.5)), ("flat", mb.Spectrum.flat(200)),
                                         ("levels", mb.Spectrum.two_level(200, 1e3, 50))])
def test_bend(case, H):
    B = answer("predict_02_bend", case)
    ce = [far_rate(H, "sgd", b) / b for b in (1.0, B)]
    np.testing.assert_allclose(ce[1] / ce[0], 0.5, rtol=1e-3)
    if case == "flat":                                                  # the best gap is B / (d + B + 1)
        def kept(b):
            return np.log1p(-b / (201 + b)) / (b * np.log1p(-1 / 202)) - 0.5
        np.testing.assert_allclose(B, brentq(kept, 1, 1e4), rtol=1e-6)


def test_exponent():
    """The two ends alone, without the fit, from uncompressed spectra; and T4's one half is not exceeded by the geometric."""
    for case, make in (("geometric", mb.Spectrum.geometric), ("power law", lambda d, k: law(k, 2.0, d))):
        p = answer("predict_03_exponent", case)
        ends = [mb.window(make(200, k)) for k in (10.0, 1e6)]
        np.testing.assert_allclose(p, np.log(ends[1] / ends[0]) / np.log(1e5), atol=0.012)
        assert p < 0.5 and (p > 0.48) == (case == "geometric")


@pytest.mark.parametrize(("case", "B"), [("large", 4096), ("small", 1), ("middle", 64)])
def test_speed(case, B):
    H, steps = law(1e3, 1.5), answer("predict_03_speed", case)
    np.testing.assert_allclose(1 / steps, far_rate(H, "heavy_ball", B), rtol=2e-3)
    assert steps >= -1 / np.log1p(-mb.bounds.heavy_ball_gap(H, B).value)


@pytest.mark.parametrize(("case", "n"), [("pair", 1), ("many", 19)])
def test_growth(case, n):
    """(slow-limit): n fast eigenvalues, infinitely slow others: the ratio is (n + 2)/(n + 1), less O(1/sqrt kappa)."""
    np.testing.assert_allclose(answer("predict_04_growth", case), (n + 2) / (n + 1), rtol=3e-3)


def test_spectrum():
    found = answer("predict_04_spectrum", "five")
    B = [1.0, 2, 4, 16, 64, 256]
    for key, H in frame._subject(type(definition("predict_04_spectrum")), "five").items():
        f = mb.frontier(H, ["sgd", "heavy_ball"], B)
        np.testing.assert_allclose(found[key], f["heavy_ball"].ce.max() / f["sgd"].ce.max(), rtol=5e-3)
    assert found["one"] == max(found.values()) < 1.5


@pytest.mark.parametrize(("case", "known"), [("2", 14.5), ("0.5", 1.017), ("1", 1.30)])
def test_advantage(case, known):
    H, factor = law(200.0 ** float(case), float(case)), answer("predict_05_advantage", case)
    np.testing.assert_allclose(factor, far_rate(H, "asgd", 1) / far_rate(H, "heavy_ball", 1), rtol=2e-3)
    np.testing.assert_allclose(factor, known, rtol=3e-3)


@pytest.mark.parametrize(("case", "a"), [("1.5", 1.5), ("2.5", 2.5)])
def test_traded_exponent(case, a):
    p = answer("predict_05_exponent", case)
    np.testing.assert_allclose(p, a / (2 * a - 1), atol=0.04)           # (traded-exponent)
    H = mb.Spectrum.power_law(10**6, a).compressed(2)
    gaps = [mb.tune(H, "asgd", b).gap for b in (80.0, 800.0)]
    np.testing.assert_allclose(p, np.log10(gaps[1] / gaps[0]), atol=0.02)


@pytest.mark.parametrize(("case", "B"), [("1", 1), ("16", 16)])
def test_typical_limit(case, B):
    limit = answer("predict_06_limit", case)
    rng = np.random.default_rng(3)
    logs = np.log((1 - limit * rng.chisquare(B, 4_000_000) / B) ** 2)
    assert abs(logs.mean()) < 5 * logs.std() / 2000
    assert limit > 2 * B / (B + 2)


@pytest.mark.parametrize(("case", "B"), [("1", 1), ("64", 64)])
def test_runs(case, B):
    """The moments of chi-square by Gauss-Laguerre quadrature, exact for polynomials of degree four."""
    x, weight = roots_genlaguerre(8, B / 2 - 1)
    factor = (1 - 0.5 * 2 * x / B) ** 2
    q = (weight @ factor**2 / weight.sum()) / (weight @ factor / weight.sum()) ** 2
    np.testing.assert_allclose(answer("predict_06_runs", case), (q**20 - 1) / 0.05**2, rtol=1e-9)


@pytest.mark.parametrize("case", ["steep", "round"])
def test_saturation(case):
    system = frame._subject(type(definition("predict_07_saturation")), case)
    B = answer("predict_07_saturation", case)
    per_row = [row_moments.contraction_gap(system, parallel.simple_momentum(system, b), b) / b for b in (1, round(B))]
    np.testing.assert_allclose(per_row[1] / per_row[0], 0.5, rtol=0.1)
    assert 1 < B / (2 / (system.smallest * system.kappa**0.5)) < 1.3       # the exact gap bends later than its guarantee


@pytest.mark.parametrize("case", ["steep", "mild"])
def test_price(case):
    """Both gaps again, as eigenvalues of the dense operator of the moments."""
    system, gaps = frame._subject(type(definition("predict_07_price")), case), []
    for family in ("heavy_ball", "sgd"):
        method = parallel.tuned(system, 1, family, tolerance=0.005).method
        operator = row_moments.second_moment_operator(system, method, 1)
        gaps.append(1 - np.abs(np.linalg.eigvals(operator @ np.eye(operator.shape[0]))).max())
    np.testing.assert_allclose(answer("predict_07_price", case), gaps[0] / gaps[1], rtol=0.05)


@pytest.mark.parametrize(("case", "beta"), [("0.9", 0.9), ("0.99", 0.99)])
def test_noise(case, beta):
    j = np.arange(1, 2001)
    np.testing.assert_allclose(answer("predict_08_noise", case), np.mean((1 - beta**j) ** 2), rtol=1e-10)


@pytest.mark.parametrize(("case", "H"), [("law", mb.Spectrum.power_law(200, 0.5, 10)), ("flat", mb.Spectrum.flat(200))])
def test_batch(case, H):
    """The engine's verdict with a very long memory on either side of twice SGD's limit."""
    B = answer("predict_08_batch", case)
    for share, stable in ((1.999, True), (2.01, False)):
        h = share * long_run_threshold(H, B)
        assert mb.is_stable(H, mb.Method.ema(lr=h, beta=1 - 1e-6), B) == stable
    if case == "flat":                                                  # 2B/(d + 1) is twice 2B/(d + B + 1)
        np.testing.assert_allclose(B, 201, rtol=1e-6)


@pytest.mark.parametrize(("case", "noise"), [("little", 0.1), ("much", 1.0)])
def test_best_batch_of_a_budget(case, noise):
    """Tuned apart at half and at twice the batch, Nesterov ends higher; risks by stepping every eigenvalue."""
    H, B = mb.Spectrum.power_law(4096, 4.0), answer("predict_11_batch", case)
    start = H.eigenvalues ** (0.3 + 0.25 - 1)
    ends = []
    for batch in (B / 2, B, 2 * B):
        steps = round(2**14 / batch)
        method = mb.tune_risk(H, "nesterov", 2**14 / steps, steps, noise, start)[0].method
        ends.append(mb.risk_curve(H, method, 2**14 / steps, steps, noise, start)[-1])
    assert ends[1] < 0.99 * min(ends[0], ends[2])


@pytest.mark.parametrize(("case", "noise"), [("little", 0.1), ("much", 1.0)])
def test_single_samples(case, noise):
    """Another search from far away, on another spectrum: delta, long-run step and memory in logarithms."""
    H = mb.Spectrum.power_law(4096, 4.0, binned=2, ends="top")
    start = H.eigenvalues ** (0.3 + 0.25 - 1)

    def cost(x):
        short, long, eps = np.exp(x)
        m = mb.Method(short, long * eps, 1 - eps) if eps < 1 else None
        if m is None or not mb.is_stable(H, m, 1):
            return 10.0
        return float(np.log(mb.risk_at(H, m, 1, [2**14], noise, start)[0]))

    found = scipy.optimize.minimize(cost, np.log([0.05, 5.0, 1e-3]), method="Nelder-Mead", options={"maxfev": 120})
    share = np.exp(found.fun) / (H.counts @ (H.eigenvalues * start) / 2)
    np.testing.assert_allclose(answer("predict_11_single", case), share, rtol=0.02)


@pytest.mark.parametrize("case", ["digits", "wine"])
def test_step(case):
    """The exact second moments of the rows themselves, drawn with replacement, on either side."""
    system, lr = mb.load(case).system, answer("predict_09_step", case)
    gaps = [row_moments.contraction_gap(system, mb.Method.sgd(share * lr), 1) for share in (0.9, 1.1)]
    assert gaps[0] > 0 > gaps[1]


@pytest.mark.parametrize("case", ["digits", "wine"])
def test_batch_of_rows(case):
    """The exact second moments of the rows at the tuned learning rates: no noise factor in them."""
    design, B = mb.load(case), answer("predict_09_batch", case)
    batches = [1.0, np.floor(0.9 * B), np.ceil(1.1 * B)]
    methods = Inputs.of(design).frontier(["sgd"], batches)["sgd"].methods
    ce = [-np.log1p(-row_moments.contraction_gap(design.system, m, int(b))) / b for m, b in zip(methods, batches, strict=True)]
    assert ce[1] / ce[0] > 0.5 > ce[2] / ce[0]


@pytest.mark.parametrize(("case", "noise"), [("some", 0.5), ("much", 2.0), ("little", 0.05)])
def test_decay(case, noise):
    """Both optima again, by a bounded search on curves stepped one at a time, on every eigenvalue."""
    H, left = mb.Spectrum.power_law(200, 1.5), []
    for f in (np.ones(256), 1 - np.arange(256) / 256):
        def risk(log_lr, f=f):
            plan = mb.Schedule(np.exp(log_lr) * f, 0.0, 0.0, np.full(256, 8.0))
            return min(mb.risk_curve(H, plan, noise=noise)[-1], 1e9)
        left.append(minimize_scalar(risk, bounds=(-4, 1), method="bounded").fun)
    np.testing.assert_allclose(answer("predict_12_decay", case), left[1] / left[0], rtol=0.02)


@pytest.mark.parametrize(("case", "mean"), [("cosine", 0.5), ("halvings", 0.6875), ("tenths", 0.5275)])
def test_ramp(case, mean):
    """The mean of the factor over the samples."""
    np.testing.assert_allclose(answer("predict_12_ramp", case), 1000 * mean, rtol=0.01)


@pytest.mark.parametrize("family", ["nesterov", "heavy_ball"])
def test_search(family):
    """The slope between the two ends, each tuned by Nelder-Mead from three starts on risks taken step by step."""
    make, rates = getattr(mb.Method, family), []
    for kappa in (16.0, 4096.0):
        H, steps = mb.Spectrum([1.0, 1 / kappa]), round(5 * kappa)

        def log_risk(z, H=H, steps=steps):
            with np.errstate(all="ignore"):
                m = make(np.exp(z[0]), 1 - np.exp(-abs(z[1])))
                return np.log(min(mb.risk_at(H, m, 1, [steps])[0], 1e200))
        found = [minimize(log_risk, [-2.0, memory], method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-8}).fun
                 for memory in (0.7, 2.0, 4.0)]
        rates.append((np.log(H.trace / 2) - min(found)) / steps)
    np.testing.assert_allclose(answer("predict_13_search", family), np.log(rates[0] / rates[1]) / np.log(256), atol=0.02)


@pytest.mark.parametrize(("case", "below", "above"), [("85M", (2048, 2500), (4096, 1800)),
                                                      ("1.2B", (8192, 8900), (16384, 6500))])
def test_definition(case, below, above):
    """Twice the samples of batch 64 lie on the straight line between two marks, in logarithms."""
    first = 64 * {"85M": 46_000, "1.2B": 643_000}[case]
    (b, s), (c, t) = below, above
    share = np.log(2 * first / (b * s)) / np.log(c * t / (b * s))
    np.testing.assert_allclose(answer("predict_13_definition", case), b * (c / b) ** share, rtol=1e-9)
    assert 0 < share < 1


# -- in Jupyter ----------------------------------------------------------------------------------------------------------
def test_a_question_is_asked_and_answered_through_its_widgets():
    live = explore.predict("02_bend", guess=40)
    assert live.scenario.startswith("guess=40;reveal=no") and "Your guess: B = 40." in live.sentence
    live.set(guess=100)
    assert "Your guess: B = 100." in live.sentence and "answer" not in live.numbers
    live.set(reveal=True)
    assert "You said B = 100; it is B = 8.68" in live.sentence
    assert live.figure.data[-1].name == "the answer" and live.figure.data[-1].x[0] == live.numbers["answer"]


def test_a_scenario_carries_guess_and_reveal():
    live = explore.predict("03_exponent", "guess=0.5;reveal=yes;case=geometric")
    again = explore.predict("03_exponent", live.scenario)
    assert again.sentence == live.sentence and "You said an exponent 0.5" in again.sentence


@pytest.mark.parametrize("name", questions.QUESTIONS)
def test_a_question_can_be_taken_away(name):
    """Code that opens it again, the works it rests on, and the plotted numbers, hidden ones only once revealed."""
    panel = definition(name)
    for reveal in (False, True):
        state = panel.read(reveal=reveal)
        space = {}
        exec(export.code(panel, panel.write(state)), space)
        assert space["panel"].scenario == panel.write(state)
        traces = {row[0] for row in export.table(panel.finished(state))[1]}
        assert ("the answer" in traces) == (reveal and not isinstance(panel, Chosen))
    assert set(panel.references) <= references.works().keys() and panel.references


def test_an_unknown_question_is_refused_with_all_that_there_are():
    with pytest.raises(ValueError, match=r"^name must be one of 01_window, .*; got 'bend'"):
        explore.predict("bend")
    with pytest.raises(ValueError, match="predict_08_batch"):
        definition("predict_99_nothing")


def test_questions_need_no_plotly_to_be_answered():
    code = ("import sys; sys.modules['plotly'] = sys.modules['ipywidgets'] = None\n"
            "from mombook.panels import definition\n"
            "q = definition('predict_08_batch'); print(q.exact(q.read(reveal=True)).numbers['answer'])")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    np.testing.assert_allclose(float(run.stdout), answer("predict_08_batch", "law"), rtol=1e-12)
