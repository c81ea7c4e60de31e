"""Dots and bands are those of the runs, the runs are those of the scenario and its seed, and they lie on theory."""

import importlib
from functools import cache
from unittest.mock import patch

import numpy as np
import pytest

import mombook as mb
from mombook.panels import PANELS, definition
from mombook.panels.frame import Panel

from . import printed

pytestmark = pytest.mark.slow

# A scenario of each panel that simulates: small, and away from every default.
LINES = {
    "tradeoff": "kappa=100;decay=2;batch=16;d=20;methods=sgd+heavy_ball+asgd;seed=3;single=yes;method=sgd(0.3)",
    "sgd": "kappa=100;decay=2;batch=16;d=20;share=0.3;seed=3",
    "heavy_ball": "kappa=100;decay=2;batch=16;d=20;lr=0.5;forget=2;seed=3",
    "falsify": "kappa=300;decay=2;batch=16;levels=3;trials=50;seed=3",
    "typical": "kappa=100;decay=2;batch=16;d=20;share=0.4;seed=3",
    "parallel": "kappa=30;decay=2;batch=64;seed=3",
    "small_steps": "kappa=100;decay=2;batch=16;memory=0.2;fraction=0.3;seed=3",
    "advisor": "data=wine;batch=4;ridge=0.01;noise=0.1;target=0.05;tuned=rows;seed=3",
    "race": "kappa=100;decay=2;batch=16;d=20;steps=40;trials=4;noise=0.01;methods=sgd+heavy_ball;seed=3;"
            "method=sgd(0.3)",
    "symptoms": "kappa=100;decay=2;batch=16;d=40;lr=0.1;momentum=0.8;steps=300;noise=0.01;seed=3",
}
RUNS = ("tradeoff", "sgd", "heavy_ball", "typical", "small_steps", "symptoms")
"""Panels whose runs are ``mombook.simulate``'s; the others run rows, trials or a search."""


def test_every_panel_that_simulates_is_here():
    assert set(LINES) == {name for name in PANELS if type(definition(name)).sample is not Panel.sample}


def arrived(name, line=None, **changes):
    """All that a simulation has brought: trace -> arrays, and its last words. The share that has arrived rises to one."""
    panel, traces, said, shares = definition(name), {}, "", []
    for piece in panel.sample(panel.read(line or LINES[name], **changes)):
        shares.append(piece.fraction)
        for trace, arrays in piece.traces.items():
            traces[trace] = {**traces.get(trace, {}), **arrays}
        said = piece.sentence or said
    assert shares[0] >= 0 and shares[-1] == 1 and np.all(np.diff(shares) > -1e-12)
    return traces, said


@cache
def watched(name):
    """A first simulation: every call of ``simulate_blocks`` (its arguments, the state of its generator, all runs at its end),
    and what has arrived."""
    module, calls = importlib.import_module(f"mombook.panels.{name}"), []
    original = getattr(module, "simulate_blocks", None)

    def recorded(spectrum, method, batch, steps, runs, rng, **more):
        call = {"spectrum": spectrum, "method": method, "batch": batch, "steps": steps, "runs": runs, **more,
                "rng": rng.bit_generator.state["state"]["state"]}
        calls.append(call)
        for progress in original(spectrum, method, batch, steps, runs, rng, **more):
            call["risk"] = progress.risk
            yield progress

    with patch.object(module, "simulate_blocks", recorded, create=original is None):
        return calls, *arrived(name)


@pytest.mark.parametrize("name", LINES)
def test_a_seed_gives_the_same_bits_and_another_seed_other_runs(name):
    (_, first, said), (again, _), (other, _) = watched(name), arrived(name), arrived(name, seed=4)
    panel = definition(name)
    assert set(first) <= set(panel.blank(panel.read(LINES[name]))) and said
    for trace, arrays in first.items():
        for key in set(arrays) & {"x", "y", "error_y.array"}:
            np.testing.assert_array_equal(arrays[key], again[trace][key])
        drawn_by_chance = not trace.startswith("tuned ")
        assert (np.asarray(arrays["y"]).tobytes() != np.asarray(other[trace]["y"]).tobytes()) == drawn_by_chance, trace


@pytest.mark.parametrize("name", RUNS)
def test_runs_are_of_the_scenario_and_begin_at_its_seed(name):
    (calls, *_), panel = watched(name), definition(name)
    s = panel.read(LINES[name])
    whole = mb.Spectrum.power_law(s.get("d", 200), s["decay"], s["kappa"], binned=False)
    assert calls[0]["rng"] == np.random.default_rng(3).bit_generator.state["state"]["state"]
    for call in calls:
        assert call["batch"] == s["batch"]
        np.testing.assert_allclose(call["spectrum"].expanded(), whole.expanded(), rtol=1e-12)
    assert len({call["rng"] for call in calls}) == len(calls), "streams of their own"


@pytest.mark.parametrize("name", RUNS)
def test_dots_are_the_mean_and_bands_the_quantiles_of_the_runs_and_both_lie_on_theory(name):
    (calls, traces, _), panel = watched(name), definition(name)
    s = panel.read(LINES[name])
    exact = panel.exact(s).traces
    words = {"tradeoff": ["SGD", "heavy ball", "ASGD", "your method"], "small_steps": ["SGD", "SGDM"]}.get(name, [""])
    for call, word in zip(calls, words, strict=False):
        risk = call["risk"] / call["risk"][0, 0]
        if name == "symptoms":
            for k in range(3):
                run = traces[f"run {k + 1}"]
                np.testing.assert_allclose(run["y"], call["risk"][k, run["x"]] / (call["spectrum"].trace / 2), rtol=1e-12)
            continue
        prefix = f"{word}: " if word else ""
        dots = traces.get(f"{prefix}simulated") or traces["mean of the runs"]
        x, y = np.asarray(dots["x"]).astype(int), np.asarray(dots["y"])
        np.testing.assert_allclose(y, risk[:, x].mean(0), rtol=1e-12)
        band = traces[f"{prefix}80 % of runs"]
        x, y = np.asarray(band["x"]).astype(int), np.asarray(band["y"])
        half = len(x) // 2
        np.testing.assert_array_equal(x, np.concatenate([x[:half], x[:half][::-1]]))
        high, low = np.quantile(risk[:, x[:half]], [0.9, 0.1], axis=0)
        np.testing.assert_allclose(y, np.concatenate([high, low[::-1]]), rtol=1e-12)
        lines = (f"{prefix}expected", word, "expected", "chosen (loss)", "expected risk, exact")
        line = exact[next(each for each in lines if each in exact)]
        at = dict(zip(np.asarray(line["x"]).astype(int), line["y"], strict=True))
        early = [t for t in at if 1 <= t <= 8 and t < risk.shape[1]][:3]
        for t in early or [next(t for t in at if t)]:
            error = risk[:, t].std(ddof=1) / np.sqrt(len(risk))
            assert abs(risk[:, t].mean() - at[t]) < 5 * error + 2e-3 * at[t], (word, t)    # and the drawn curve's bins


HELD = {"tradeoff": ["SGD", "heavy ball", "ASGD", "your method"], "small_steps": ["SGD", "SGDM"], "sgd": [""],
        "heavy_ball": [""]}
"""Panels whose means of runs are counted against theory, and the methods that they run."""


@pytest.mark.parametrize("name", HELD)
def test_filled_dots_are_those_that_so_few_runs_can_show_and_they_are_counted(name):
    """The standard error of a mean from the spread on the whole spectrum, the expected risk from its own recursion."""
    calls, traces, said = watched(name)
    _, _, runs = printed.found(said, r"Simulation \(# runs\)")
    within = filled = hollow = close = 0
    assert len(calls) == len(HELD[name])
    for call, word in zip(calls, HELD[name], strict=True):
        assert runs == call["runs"]
        H, last, noise = call["spectrum"], call["steps"], call.get("noise", 0.0)
        theory = mb.risk_curve(H, call["method"], call["batch"], last, noise=noise)
        error = mb.risk_spread(H.compressed(4), call["method"], call["batch"], last, noise=noise) / theory / np.sqrt(runs)
        off = abs(call["risk"][:, 1:].mean(0) / theory[1:] - 1) / error[1:]
        dots = traces[f"{word}: simulated" if word else "simulated"]
        for t, symbol in zip(np.asarray(dots["x"]).astype(int), dots["marker.symbol"], strict=True):
            assert symbol.endswith("-open") == (error[t] > 0.15) or abs(error[t] / 0.15 - 1) < 0.02, (word, t)
        at = np.unique([int(t) for t in np.rint(2 ** (np.arange(2 * np.log2(last) + 1) / 2)) if t <= last])
        can = error[at] <= 0.15
        within, filled, hollow = within + np.sum(off[at - 1][can] < 1.2816), filled + np.sum(can), hollow + np.sum(~can)
        close += np.sum((abs(error[at] / 0.15 - 1) < 0.02) | (can & (abs(off[at - 1] - 1.2816) < 0.02)))
    _, _, told = printed.found(said, "# of [0-9]+ filled dots")
    _, _, among = printed.found(said, "[0-9]+ of # filled dots")
    assert abs(told - within) <= close and abs(among - filled) <= close
    assert ("a dot is hollow" in said) == (hollow > 0) or close


def test_the_largest_run_is_the_one_that_rises_furthest_above_the_line():
    """Panel ``tradeoff``, and nothing of it where it is not asked for."""
    calls, traces, _ = watched("tradeoff")
    for call, word in zip(calls, HELD["tradeoff"], strict=True):
        theory = mb.risk_curve(call["spectrum"], call["method"], call["batch"], call["steps"])
        run = traces[f"{word}: largest run"]
        x = np.asarray(run["x"]).astype(int)
        above = (call["risk"][:, x] / theory[x]).max(1)
        np.testing.assert_allclose(run["y"], call["risk"][above.argmax(), x] / theory[0], rtol=1e-12)
        median = traces[f"{word}: median run"]
        x = np.asarray(median["x"]).astype(int)
        np.testing.assert_allclose(median["y"], np.quantile(call["risk"][:, x], 0.5, axis=0) / theory[0], rtol=1e-12)
    hidden, _ = arrived("tradeoff", single=False)
    assert not any(trace.endswith((": largest run", ": median run")) for trace in hidden)


def test_where_no_mean_can_be_shown_no_dot_is_filled():
    """Panel ``heavy_ball`` with a method that diverges."""
    traces, said = arrived("heavy_ball", "kappa=100;decay=2;batch=1;d=20;lr=100;forget=1;seed=3")
    assert "no dot is filled. Where a dot is hollow" in said
    assert all(symbol == "square-open" for symbol in traces["simulated"]["marker.symbol"])


def test_runs_that_are_cut_short_say_so(monkeypatch):
    """Panel ``symptoms``."""
    from mombook.panels import symptoms

    _, said = arrived("symptoms")
    assert said.startswith("Three runs; ")
    monkeypatch.setattr(symptoms, "WORK", 3 * 40 * 100)
    traces, said = arrived("symptoms")
    assert printed.found(said, "the first # steps")[2] == 100 == max(traces["run 1"]["x"])


def test_the_typical_rate_is_measured_and_drawn_with_two_standard_errors():
    """One weight's typical rate is known in closed form: two equal weights at batch 1, far below the limit, from the panel."""
    traces, said = arrived("typical", "kappa=1;decay=1;batch=1;d=2;share=0.5;seed=1")
    dots = traces["typical rate"]
    assert len(dots["x"]) == len(dots["y"]) == len(dots["error_y.array"]) > 5
    assert np.all(np.asarray(dots["error_y.array"]) > 0) and np.all(np.diff(dots["x"]) > 0)
    panel = definition("typical")
    s = panel.read("kappa=1;decay=1;batch=1;d=2;share=0.5;seed=1")
    n, H = panel.exact(s).numbers, mb.Spectrum.flat(2)
    for k in (1, len(dots["x"]) - 1):
        alone = mb.typical_rate(H, mb.Method.sgd(dots["x"][k] * n["limit"]), 1, 2000, 48, np.random.default_rng(5))
        off = 5 * (alone.error + dots["error_y.array"][k] * n["best"])
        np.testing.assert_allclose(dots["y"][k] * n["best"], alone.rate, atol=off)
    above = np.asarray(dots["y"]) > np.asarray(dots["error_y.array"]) / 2
    _, _, last = printed.found(said, "zero up to # × the")
    assert printed.agrees(last, np.asarray(dots["x"])[above].max(), 2.3)


def test_rows_are_run_from_the_seed_and_lie_on_their_exact_error():
    """Panel ``parallel``: the public stream of rows again, from the same seed."""
    from mombook.sample import row_sampling
    from mombook.tuning import parallel

    from .ways.common import Drawn
    from .ways.parallel import RULES, system

    _, traces, said = watched("parallel")
    panel = definition("parallel")
    c = Drawn(panel, panel.read(LINES["parallel"]))
    s, rng = system(c), np.random.default_rng(3)
    _, _, runs = printed.found(said, r"Simulation \(# runs\)")
    steps = int(traces["simple SGD: simulated"]["x"][-1])
    for word, rule in RULES.values():
        dots = traces[f"{word}: simulated"]
        few = np.asarray(dots["x"]) <= 3
        errors = row_sampling.simulate(s, rule(s, 64), 64, 3, 400, rng)
        x = np.asarray(dots["x"])[few].astype(int)
        mean, error = errors[:, x].mean(0) / errors[0, 0], errors[:, x].std(0) / errors[0, 0]
        np.testing.assert_array_less(abs(np.asarray(dots["y"])[few] - mean), 5 * error * np.sqrt(1 / 400 + 1 / runs))
    assert steps > 8
    for family, word in (("sgd", "tuned SGD"), ("heavy_ball", "tuned heavy ball")):
        gap = parallel.tuned(s, 1, family, tolerance=0.03).gap
        np.testing.assert_allclose(traces[word]["y"][0], np.log(1e6) / -np.log1p(-gap), rtol=1e-9)
    saved = np.max(np.asarray(traces["tuned SGD"]["y"]) / np.asarray(traces["tuned heavy ball"]["y"]))
    assert printed.agrees(printed.found(said, "tuned SGD needs # times the row visits")[2], saved)


def test_the_search_on_screen_is_the_search_from_the_seed():
    """Panel ``falsify``."""
    from mombook.study import falsify

    _, traces, said = watched("falsify")
    *_, direct = falsify.search(mb.Spectrum.power_law(3, 2, 300), np.random.default_rng(3), 50)
    np.testing.assert_allclose(traces["tried"]["y"], np.maximum(direct.tried, 0.96), rtol=1e-12)
    np.testing.assert_allclose(traces["best so far"]["y"], np.maximum.accumulate(direct.tried), rtol=1e-12)
    np.testing.assert_array_equal(traces["tried"]["x"], np.arange(1, 51))
    np.testing.assert_allclose(traces["best spectrum"]["x"], direct.spectrum.eigenvalues / direct.spectrum.largest)
    np.testing.assert_allclose(traces["best spectrum"]["y"], direct.spectrum.counts)
    for pattern, expected in (("best of # spectra", 50), ("spectra #, at", direct.best.ratio), ("κ = #", direct.spectrum.kappa),
                              ("B = #", direct.best.batch), ("tr/L = #", direct.spectrum.trace / direct.spectrum.largest)):
        assert printed.agrees(printed.found(said, pattern)[2], expected), pattern


def test_the_races_runs_are_paired_runs_from_the_seed():
    """Panel ``race``: the public pairs again, from the same seed, and their exact mean."""
    from mombook.study import race

    panel = definition("race")
    s = panel.read(LINES["race"])
    traces, said = arrived("race")
    n = panel.exact(s).numbers
    H = mb.Spectrum.power_law(20, 2, 100, binned=False)
    sigma = np.sqrt(0.01 * H.trace)
    _, _, runs = printed.found(said, "# runs on")
    sampler = "direct" if "sample by sample" in said else "one_draw"
    every, rng = [n["methods"][k] for k in ("sgd", "heavy_ball")] + [mb.Method.sgd(0.3)], np.random.default_rng(3)
    *_, last = race.paired_runs(H, every, 16, 40, int(runs), rng, sigma, sampler)
    for risk, word in zip(last.risk, ("SGD", "heavy ball", "your method"), strict=True):
        dots, band = traces[f"{word}, runs"], traces[f"{word}, 80 % of runs"]
        x, y = np.asarray(dots["x"]).astype(int), np.asarray(dots["y"])
        np.testing.assert_allclose(y, risk[:, x].mean(0) / (H.trace / 2), rtol=1e-12)
        x, y = np.asarray(band["x"]).astype(int), np.asarray(band["y"])
        half = len(x) // 2
        np.testing.assert_allclose(y[:half], np.quantile(risk[:, x[:half]], 0.9, axis=0) / (H.trace / 2), rtol=1e-12)
        np.testing.assert_allclose(y[half:], np.quantile(risk[:, x[half:]], 0.1, axis=0) / (H.trace / 2), rtol=1e-12)
    ends = [risk[:, -1] for risk in last.risk]
    apart = np.log(ends[1] / ends[0])
    _, _, times = printed.found(said, "heavy ball ends at # times")
    assert printed.agrees(times, np.exp(apart.mean()))
    _, _, sure = printed.found(said, "a difference of # standard errors")
    assert printed.agrees(sure, abs(apart.mean()) / (apart.std(ddof=1) / np.sqrt(len(apart))), 2.7)


def test_the_advisors_runs_are_training_on_the_rows_from_the_seed():
    """Panel ``advisor``: the public training again, both ways of drawing rows, from the same seed."""
    from mombook.sample.minibatch import train

    panel = definition("advisor")
    s, (traces, said) = panel.read(LINES["advisor"]), arrived("advisor")
    n, design = panel.exact(s).numbers, mb.load("wine")
    method = mb.Method(n["delta"], n["eta"], n["beta"])
    _, _, runs = printed.found(said, r"True runs \(#")
    _, _, steps = printed.found(said, r"True runs \([^)]*?of # steps")
    for word, draws in (("median run", "replacement"), ("in epochs", "epochs")):
        risk = train(design, method, 4, int(steps), int(runs), np.random.default_rng(3), draws, 0.1, 0.01)
        x, y = (np.asarray(traces[word][k]) for k in "xy")
        run = np.quantile(risk[:, x.astype(int)] / risk[:, :1], 0.5, axis=0, method="nearest")   # a run, not between two
        np.testing.assert_allclose(y, run, rtol=1e-12)
        middle = np.median(risk / risk[:, :1], axis=0)
        told = "with replacement" if draws == "replacement" else "in epochs"
        if (middle <= 0.05).any():
            _, _, there = printed.found(said, f"{told}, the median run reaches the target after #")
            assert printed.agrees(there, np.flatnonzero(middle <= 0.05)[0], 2)
    band = traces["80 % of runs"]
    half = len(band["x"]) // 2
    assert np.all(np.asarray(band["y"][:half]) >= np.asarray(band["y"][half:])[::-1])
