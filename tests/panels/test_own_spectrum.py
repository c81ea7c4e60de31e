"""A spectrum of the reader's own in every panel that takes one: what is drawn and said, refused, written, exported and kept."""

import base64
import csv
import importlib
import io
import json
import subprocess
import sys
from types import MappingProxyType

import numpy as np
import pytest

import mombook as mb
from mombook import explore
from mombook.panels import PANELS, definition, export, spectra
from mombook.panels.frame import hide_theory, problems
from mombook.panels.remote import Remote
from tools.site import stored

from . import scenarios, test_drawn, test_export, ways
from .ways.common import Drawn

TAKES = [name for name in PANELS if name not in spectra.WITHOUT]
SMALL = {"race": {"steps": 40, "trials": 4}, "schedules": {"steps": 64}, "falsify": {"trials": 50}, "symptoms": {"steps": 300},
         "budget": {"samples": 1024, "batch": 64}}
"""Away from the defaults, at a size whose simulation takes no more than a second."""


PLAIN = {"budget": {"d": 40, "kappa": 40.0**4},
         **dict.fromkeys(("tradeoff", "sgd", "heavy_ball", "typical", "asgd"), MappingProxyType({"d": 40, "kappa": 10}))}
"""A power law as small as ``own``'s; where its bend would move what is drawn, without one."""


def own(name, seed=0, d=40):
    """A spectrum that is no power law and whose largest eigenvalue is not 1, with whole counts, as large as the panel takes."""
    rng, panel = np.random.default_rng(seed), definition(name)
    n = min(d, panel.most // (2 if panel.each else 1))
    counts = np.ones(n) if panel.each else rng.integers(1, 4, n)
    H = mb.Spectrum(np.exp(rng.uniform(-2, 2) + rng.normal(0, 1.2, n)), counts, "a drawn one")
    return panel, H


def usual(name):
    """A panel's scenario of the sliders, and their power law eigenvalue by eigenvalue."""
    s = definition(name).read(**SMALL.get(name, {}), **PLAIN.get(name, {}))
    d = {"small_steps": 200, "schedules": 200, "parallel": 8, "falsify": s.get("levels")}.get(name, s.get("d"))
    return s, mb.Spectrum.power_law(d, s["decay"], s.get("kappa"), binned=False)


def shown(name, seed=0, final=True):
    """A panel at such a spectrum, as ``ways`` holds it."""
    panel, H = own(name, seed)
    s = panel.read(**SMALL.get(name, {}), spectrum=H)
    return Drawn(panel, s, final, mb.Spectrum(H.eigenvalues / H.largest, H.counts, H.name) if panel.relative else H)


def test_every_panel_takes_a_spectrum_or_says_why_not():
    assert {name for name in PANELS if definition(name).own} == set(TAKES) and set(spectra.WITHOUT) < set(PANELS)
    assert len(TAKES) == 13
    for name in TAKES:
        panel = definition(name)
        known = {c.name for c in panel.controls}
        assert set(panel.own) <= known and "spectrum" not in known
        assert {c for c in ("kappa", "decay", "d", "levels") if c in known} == set(panel.own)
    for name in spectra.WITHOUT:
        with pytest.raises(ValueError, match=r"^spectrum must be left out for the panel '\w+': it .*\w\.$|explore.advisor"):
            definition(name).read(spectrum=[1.0, 0.5])
        assert "spectrum" not in definition(name).read(spectrum="")
    with pytest.raises(ValueError, match="a question comes with its own problem"):
        explore.predict("02_bend", spectrum=[1.0, 0.5])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", TAKES)
def test_everything_drawn_and_said_is_the_spectrums_by_a_second_way(name, seed):
    c = shown(name, seed)
    test_drawn.traces_agree(name, c)
    test_drawn.words_agree(name, c)
    for view in (c.view, c.panel.exact(c.s, False)):
        assert problems(c.panel, c.s, view, scenarios.screen(name)) == []
    lit = [bool(met) for _, met, _ in c.view.lamps]
    assert lit == [bool(met) for met in getattr(ways.of(name), "lamps", lambda c: ())(c)]
    hidden = hide_theory(c.panel, c.s, c.view, hidden=True)
    assert "a drawn one: d = " in hidden.sentence and not any(hidden.traces[n]["visible"] for n in c.panel.theory)


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKES)
def test_the_power_laws_own_eigenvalues_show_the_same_figure_and_others_another(name):
    panel, (plain, same), (_, other) = definition(name), usual(name), own(name)
    kept, rtol = {k: v for k, v in plain.items() if k not in panel.own}, 0.02 if name == "budget" else 0.0   # in other bins
    figures = [panel.exact(s) for s in (plain, panel.read(**kept, spectrum=same), panel.read(**kept, spectrum=other))]
    apart = {"distance here", "here's name", "distance, κ as set", "distance, κ = d^decay", "curve names",  # decay fitted there
             "names of limits"}                                         # another name there
    differ = 0
    for trace, arrays in figures[0].traces.items():
        for axis, array in arrays.items() if trace not in apart else ():
            if isinstance(array, str | bool):
                continue
            try:
                array = np.asarray(array, float)
            except ValueError:
                continue                                                # words and colours
            same_there = np.asarray(figures[1].traces[trace][axis], float)
            np.testing.assert_allclose(array, same_there, rtol=rtol, err_msg=f"{trace}.{axis}")
            there = figures[2].traces[trace].get(axis, ())
            differ += len(np.shape(there)) == 0 or array.shape != np.shape(there) or not np.array_equal(array, there)
    assert differ > 3
    if panel.sample(plain) and name not in ("falsify", "parallel"):
        runs = [panel.simulated(s) for s in (plain, panel.read(**kept, spectrum=same))]
        for trace, arrays in runs[0].items():
            np.testing.assert_array_equal(arrays["y"], runs[1][trace]["y"])


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKES)
def test_the_script_holds_the_spectrum_and_prints_every_number(name, monkeypatch):
    panel, H = own(name, seed=3, d=12)
    s = test_export.once(panel, monkeypatch).read(**SMALL.get(name, {}), spectrum=H)
    line = panel.write(s)
    text = export.script(panel, line)
    headline, _, *rows = test_export.printed_by(text)
    expected = list(export.cells(export.table(panel.finished(s))[1]))
    assert [row[0] for row in rows] == [row[0] for row in expected] and len(rows) > 20
    np.testing.assert_allclose(np.array([r[1:] for r in rows], float), np.array([r[1:] for r in expected], float), rtol=1e-12)
    printed, said = list(test_export.floats(headline)), np.array([*test_export.flat(panel.exact(s).numbers)], float)
    assert bool(printed) == bool(panel.recipe(s))
    for number in printed:
        assert np.isclose(said, number, rtol=1e-12, atol=0).any(), number
    assert all(len(row) < 200 for row in text.splitlines() if not row.startswith("traces = "))
    assert line in export.csv(panel, line, {}).splitlines()[0]
    assert len(export.short_stamp(panel, line)) < 300 and "…" in export.short_stamp(panel, line)


@pytest.mark.parametrize("name", TAKES)
def test_a_line_holds_the_spectrum_to_the_last_bit_and_brings_it_back(name):
    panel, H = own(name)
    s = panel.read(spectrum=H, **({"seed": 3} if "seed" in panel.read() else {}))
    assert not set(panel.own) & set(s) and panel.read(panel.write(s)) == s
    assert panel.write(s).split(";")[-1].startswith("spectrum=a drawn one:") and isinstance(s["spectrum"], str)
    back = spectra.whole(spectra.key(s))
    np.testing.assert_array_equal(back.eigenvalues, H.eigenvalues / H.largest if panel.relative else H.eigenvalues)
    np.testing.assert_array_equal(back.counts, H.counts)
    assert panel.read(panel.write(panel.read())) == panel.read() and "spectrum" not in panel.write(panel.read())


@pytest.mark.parametrize(("given", "says"), [
    ("1,x", "spectrum must be eigenvalues joined by commas, each with its count .* got '1,x'"),
    ("1,0.5*2*3", "joined by commas"), ("1,-2", "its eigenvalues must be"), ("1*0", "its counts must be"),
    ("name:", "joined by"), ([[1.0, 2.0]], "a Spectrum, a Design, or positive eigenvalues of shape"),
    ([], "a Spectrum, a Design"), (3, "a Spectrum, a Design"),
    (np.arange(1.0, 2002.0), r"one of at most 2,000 eigenvalues here \(H.compressed\(4\) has fewer"),
])
def test_what_is_no_spectrum_is_refused_in_words(given, says):
    with pytest.raises(ValueError, match=says):
        definition("sgd").read(spectrum=given)


def test_what_does_not_go_with_a_spectrum_is_refused_in_words():
    panel = definition("sgd")
    with pytest.raises(ValueError, match=r"^kappa must be left out where a spectrum is given, which has its own; got '1e3'"):
        panel.read("kappa=1e3", spectrum=[1.0, 0.5])
    for wrong in (np.ones(13), [1.0], mb.Spectrum([1.0, 0.5], [12, 1]), mb.Spectrum([1.0, 0.5], [1.5, 1])):
        with pytest.raises(ValueError, match=r"^spectrum must be one of 2 to 12 eigenvalues here, with whole counts; got "):
            definition("parallel").read(spectrum=wrong)
    with pytest.raises(ValueError, match=r"^spectrum must be one of at most 24 eigenvalues here; got "):
        definition("falsify").read(spectrum=np.ones(25))
    flat = mb.Design(np.outer(np.arange(1.0, 7.0), [1.0, 2.0]), name="flat")
    with pytest.raises(ValueError, match=r"flat has rank 1 of 2. load\(..., on_span=True\)"):
        panel.read(spectrum=flat)
    with pytest.raises(ValueError, match=r"^data must be left out where a spectrum is given"):
        explore.sgd(spectrum=[1.0], data=flat)
    with pytest.raises(ValueError, match=r"^data must be left out for the panel 'ruler': it measures along"):
        explore.ruler(data=flat)


@pytest.mark.parametrize(("name", "kept"), [
    ("a;b=c\nd", "a b c d"), ("<b>x</b>", "b x b"), ("custom", "your spectrum"), ("  ", "your spectrum"),
    ("é κ_1 (2)", "é κ_1 (2)"), ("a:b*c&d#e%f", "a b c d e f"), ("x" * 90, "x" * 40)])
def test_a_name_is_what_a_line_a_link_and_a_title_can_hold(name, kept):
    panel = definition("sgd")
    s = panel.read(spectrum=mb.Spectrum([1.0, 0.5], name=name))
    assert s["spectrum"] == f"{kept}:1.0,0.5" and panel.read(panel.write(s)) == s


def test_a_spectrum_of_weights_has_exact_curves_and_says_why_it_has_no_runs():
    for name in ("tradeoff", "sgd", "heavy_ball", "typical", "small_steps", "race", "symptoms"):
        panel = definition(name)
        (piece,) = panel.sample(panel.read(spectrum=mb.Spectrum([1.0, 0.5, 0.1], [1, 2.5, 3])))
        assert piece.traces == {} and piece.fraction == 1 and piece.sentence.startswith("No simulation: runs need whole counts")
        (piece,) = panel.sample(panel.read(spectrum=mb.Spectrum([1.0, 0.5], [1, 10_000])))
        assert piece.sentence.startswith("No simulation: runs draw every coordinate, at most 10,000")
    big = mb.Spectrum.power_law(10**9, 1.2)
    panel = definition("sgd")
    c = Drawn(panel, panel.read(spectrum=big, batch=64), True, big)
    test_drawn.traces_agree("sgd", c)


RUNNERS = {**dict.fromkeys(("tradeoff", "sgd", "heavy_ball", "typical", "small_steps", "symptoms"), "simulate_blocks"),
           "race": "paired_runs", "falsify": "search", "parallel": "_system"}
"""Who is given the spectrum when a simulation begins."""


@pytest.mark.parametrize("name", RUNNERS)
def test_what_is_simulated_is_the_spectrum_one_by_one(name, monkeypatch):
    module, (panel, H), seen = importlib.import_module(f"mombook.panels.{name}"), own(name, seed=5, d=9), []
    real = getattr(module, RUNNERS[name])

    def recorded(problem, *given, **more):
        seen.append(problem)
        return real(problem, *given, **more)

    monkeypatch.setattr(module, RUNNERS[name], recorded)
    any(bool(seen) for _ in panel.sample(panel.read(**SMALL.get(name, {}), spectrum=H)))        # until it has begun
    expected = H.eigenvalues / (H.largest if panel.relative else 1.0)
    if name == "parallel":
        np.testing.assert_allclose(real(seen[0]).eigenvalues, expected / expected.sum(), rtol=1e-10)
    elif name == "falsify":
        np.testing.assert_array_equal([seen[0].eigenvalues, seen[0].counts], [expected, H.counts])
    else:
        np.testing.assert_array_equal(seen[0].eigenvalues, np.repeat(expected, H.counts.astype(int)))
        assert np.all(seen[0].counts == 1)


def test_bins_of_a_clustered_spectrum_move_no_gap():
    """The bins are made for power laws; of levels far apart, in counts that do not double, they keep the gaps as well."""
    rng = np.random.default_rng(5)
    for _ in range(6):
        levels = np.sort(10.0 ** rng.uniform(-4, 0, 5))[::-1]
        H = mb.Spectrum(np.repeat(levels, rng.integers(1, 60, 5)) * np.exp(rng.normal(0, 0.05)))
        for family in ("sgd", "heavy_ball", "asgd"):
            gaps = [mb.tune(each, family, 16).gap for each in (H, H.compressed(spectra.GAPS))]
            np.testing.assert_allclose(gaps[1], gaps[0], rtol=1e-4)


UNUSUAL = {"steep": mb.Spectrum(10.0 ** np.linspace(2, -8, 20), name="steep"), "flat": mb.Spectrum([2.0], [50], "flat one"),
           "two": mb.Spectrum([1e6, 1.0], [1, 1000], "two"), "tiny": mb.Spectrum([1e-9, 5e-10, 1e-10], name="tiny")}


@pytest.mark.slow
@pytest.mark.parametrize("case", UNUSUAL)
@pytest.mark.parametrize("name", TAKES)
def test_nothing_is_wrong_at_spectra_beyond_the_sliders(name, case):
    panel = definition(name)
    if panel.each and UNUSUAL[case].dim > panel.most:
        return
    s = panel.read(**SMALL.get(name, {}), spectrum=UNUSUAL[case])
    for final in (False, True):
        assert problems(panel, s, panel.exact(s, final), scenarios.screen(name)) == []


def test_a_cell_opens_moves_and_leaves_it():
    H = mb.Spectrum([2.0, 0.5, 0.1], [1, 2, 3], "levels")
    live = explore.tradeoff("batch=4", spectrum=H, simulate=False)
    assert live.scenario == "batch=4;methods=sgd+heavy_ball+nesterov+asgd;seed=0;spectrum=levels:2.0,0.5*2,0.1*3"
    assert live.code().splitlines()[1] == f"panel = explore.tradeoff({live.scenario!r})"
    live.set(batch=16)
    assert live.values["batch"] == 16 and live.values["spectrum"] == "levels:2.0,0.5*2,0.1*3"
    with pytest.raises(ValueError, match="kappa must be left out"):
        live.set(kappa=10)
    live.set(spectrum="")
    assert live.scenario == "kappa=1000;decay=1.5;batch=16;d=200;methods=sgd+heavy_ball+nesterov+asgd;seed=0"
    live.set(spectrum=[1.0, 0.25])
    assert live.values["spectrum"] == "your spectrum:1.0,0.25" and "kappa" not in live.values
    again = explore.tradeoff(live.scenario, simulate=False)
    assert again.scenario == live.scenario and again.table() == live.table()


def test_a_page_brings_answers_for_the_spectrum_and_for_the_presets_that_lead_away_from_it():
    panel = definition("sgd")
    opening = panel.read("batch=4;seed=3", spectrum=[1.0, 0.25, 0.1])
    names, lines = stored.scenarios(panel, panel.write(opening))
    assert names == ["batch", "share"] and lines[0] == panel.write(opening)
    read = [panel.read(line) for line in lines]                         # each is a line that a reader may type
    own = [s for s in read if "spectrum" in s]
    assert len(own) > 30 and {s["spectrum"] for s in own} == {opening["spectrum"]}
    away = {**panel.read("batch=4;seed=3"), **panel.presets["slow decay"]}
    assert away in read and panel.preset(opening, panel.presets["slow decay"]) == away
    assert len(stored.answers("sgd", panel.write(opening))[0]["answers"]) == len(lines)


def test_a_design_and_a_table_open_with_the_eigenvalues_of_their_covariance():
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    X = np.random.default_rng(0).normal(size=(60, 5)) * [1, 2, 3, 4, 5] @ turn
    design = mb.load(X, standardise=False)
    lam = np.linalg.svd(X, compute_uv=False) ** 2 / 60
    for live in (explore.sgd(data=design, simulate=False), explore.sgd(spectrum=design, simulate=False)):
        np.testing.assert_allclose(spectra.whole(live.values["spectrum"]).eigenvalues, lam, rtol=1e-10)
        assert "your data, κ = " in live.sentence
        written = live.values["spectrum"].removeprefix("your data:").split(",")
        assert [float(x) for x in written] == [float(f"{x:.12g}") for x in lam]     # the same on every machine
    live = explore.heavy_ball(data=X, simulate=False)
    np.testing.assert_allclose(spectra.whole(live.values["spectrum"]).trace, 5.0, rtol=1e-10)    # standardised


@pytest.mark.parametrize("name", TAKES)
def test_sliders_that_are_in_units_of_the_largest_eigenvalue_stay_so(name):
    panel, H = own(name)
    one, other = (panel.read(**SMALL.get(name, {}), spectrum=each) for each in (H, H.scaled(8.0)))
    assert (one == other) == panel.relative
    said = "in units of its largest eigenvalue" if panel.relative else f"largest eigenvalue {spectra.three(8 * H.largest)}"
    assert said in panel.described(other)
    if panel.relative:
        assert panel.exact(one).sentence == panel.exact(other).sentence


def test_a_dropped_table_is_a_call_of_the_protocol():
    pytest.importorskip("pandas")
    remote = Remote()
    X = np.random.default_rng(0).normal(size=(30, 3))
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b", "sum"], *np.column_stack([X[:, :2], X[:, :2].sum(1)]).tolist()])
    packed = base64.b64encode(text.getvalue().encode()).decode()
    head = json.loads(remote.answer("own", "k", "sgd", "kappa=100;batch=4", "../x/mine.csv", packed)[0])
    panel = definition("sgd")
    s = panel.read(head["line"])
    assert s["batch"] == 4 and len(spectra.whole(s["spectrum"])) == 2 and head["spectrum"].startswith("mine: d = 2, κ = ")
    assert head["values"]["spectrum"] == s["spectrum"] and "kappa" not in head["values"]
    for file, content, says in (("a.csv", base64.b64encode(b"a,b\n1,x\n2,y\n").decode(), "source must hold numbers only"),
                                ("a.txt", packed, "must be a .csv or .parquet file"), ("a.csv", "", "something in it")):
        told = json.loads(remote.answer("own", "k", "sgd", "batch=4", file, content)[0])
        assert says in told["refused"], told
    told = json.loads(remote.answer("own", "p", "parallel", "", "a.csv", base64.b64encode(
        "\n".join(",".join(map(str, row)) for row in np.random.default_rng(1).normal(size=(40, 13))).encode()).decode())[0])
    assert "one of 2 to 12 eigenvalues" in told["refused"]


@pytest.mark.slow
def test_a_program_runs_without_the_book_beside_it(tmp_path):
    """The one of a panel whose recipe prints its numbers, with counts and a name that needs quoting."""
    panel = definition("heavy_ball")
    line = panel.write(panel.read(spectrum=mb.Spectrum([3.0, 0.5, 0.01], [1, 20, 3], "levels (mine)")))
    program = tmp_path / "figure.py"
    program.write_text(export.script(panel, line), encoding="utf-8")
    ran = subprocess.run([sys.executable, "-W", "error", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    H = mb.Spectrum([3.0, 0.5, 0.01], [1, 20, 3])
    assert f"gap of the fastest {mb.tune(H, 'heavy_ball', 8).gap!r}" in ran.stdout
