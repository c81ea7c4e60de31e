"""A spectrum as bars: every direction in one of them, and the spectrum with one of them moved, by plain loops."""

import base64
import itertools
import json

import numpy as np
import pytest

import mombook as mb
from mombook import front
from mombook.front.face import face
from mombook.panels import bars, definition, spectra, style
from mombook.panels.frame import View
from mombook.panels.remote import Remote, described

from .test_export import once
from .test_own_spectrum import PLAIN, SMALL, TAKES, own, usual
from .test_remote import same, unpacked

KEYS = {"usual": (1000, 1.5, 200), "flat": (1, 1.5, 200), "two": (10, 1.5, 2), "largest": (1e6, 3.0, 10_000),
        "few": (100, 1.0, 24), "one more": (100, 1.0, 25), "plain": (None, 1.5, 200), "levels": "levels:3.0,0.5*20,0.01*3",
        "a billion": spectra.written(mb.Spectrum.power_law(10**9, 1.2)), "parts": "parts:1.0*0.2,0.5*0.3,0.2*0.1,0.1*40.5",
        "twins": spectra.written([1.0, 1.0, 0.5, 0.5, 0.5])}


def eigenvalues(key):
    """One by one, largest first, with their counts."""
    H = spectra.whole(key)
    return list(zip(H.eigenvalues.tolist(), H.counts.tolist(), strict=True))


@pytest.mark.parametrize("case", KEYS)
def test_each_direction_is_in_one_bar_and_bars_are_few(case):
    found, entries, at = bars.of(KEYS[case]), eigenvalues(KEYS[case]), 0
    total, before = sum(lam * n for lam, n in entries), 0.0
    assert 1 <= len(found) <= 25
    for bar in found:
        group, count = [], 0.0
        while at < len(entries) and count < bar.dim * (1 - 1e-12):
            group.append(entries[at])
            count += entries[at][1]
            at += 1
        values = [lam for lam, _ in group]
        assert (bar.largest, bar.smallest) == (values[0], values[-1])
        np.testing.assert_allclose(bar.dim, count, rtol=1e-12)
        np.testing.assert_allclose(bar.level, np.exp(sum(n * np.log(lam) for lam, n in group) / count), rtol=1e-12)
        np.testing.assert_allclose(bar.share, sum(lam * n for lam, n in group) / total, rtol=1e-12)
        assert abs(bar.last - max(before + count, 1)) <= 0.51 and bar.first <= bar.last
        before += count
    assert at == len(entries)
    ranks = [(bar.first, bar.last) for bar in found]
    if case != "parts":
        assert ranks[0][0] == 1 and all(b == a + 1 for (_, a), (b, _) in itertools.pairwise(ranks))


@pytest.mark.parametrize(("case", "ranks"), [
    ("usual", [(1, 1), (2, 3), (4, 7), (8, 15), (16, 31), (32, 63), (64, 127), (128, 200)]), ("flat", [(1, 200)]),
    ("few", [(i, i) for i in range(1, 25)]), ("one more", [(1, 1), (2, 3), (4, 7), (8, 15), (16, 25)]),
    ("levels", [(1, 1), (2, 21), (22, 24)]), ("twins", [(1, 2), (3, 5)])])
def test_bars_are_doublings_of_the_rank_or_equal_eigenvalues_where_these_are_few(case, ranks):
    assert [(bar.first, bar.last) for bar in bars.of(KEYS[case])] == ranks


@pytest.mark.parametrize("case", [case for case in KEYS if case != "largest"])
def test_a_moved_bar_has_its_level_and_all_else_stays(case):
    key = KEYS[case]
    found, entries = bars.of(key), eigenvalues(key)
    for k in sorted({0, len(found) // 2, len(found) - 1}):
        level = 0.3 * found[k].level
        text = bars.bent(key, k, level)
        inside = [found[k].smallest <= lam <= found[k].largest for lam, _ in entries]
        expected = sorted(((lam * 0.3 if hit else lam), n) for (lam, n), hit in zip(entries, inside, strict=True))
        got = sorted(eigenvalues(text))
        np.testing.assert_allclose(np.array(got)[:, 0], np.array(expected)[:, 0], rtol=5.1e-12)     # twelve digits are kept
        np.testing.assert_allclose(sum(n for _, n in got), sum(n for _, n in expected), rtol=1e-12)
        moved = [lam * 0.3 for (lam, _), hit in zip(entries, inside, strict=True) if hit]
        counts = [n for (_, n), hit in zip(entries, inside, strict=True) if hit]
        np.testing.assert_allclose(np.exp(np.average(np.log(moved), weights=counts)), level, rtol=1e-11)
    name = "power law" if isinstance(key, tuple) else spectra.whole(key).name
    assert text.startswith(f"bent {name}:") and bars.bent(text, 0, 1.0).startswith(f"bent {name}:")


def test_what_cannot_be_is_refused_in_words():
    with pytest.raises(ValueError, match=r"^d must be at most 2000 for a bar to be dragged.* got 10000"):
        bars.bent(KEYS["largest"], 0, 1.0)
    for level in (0.0, -1.0, np.nan, np.inf, 1e200):
        with pytest.raises(ValueError, match=r"^level must be"):
            bars.bent(KEYS["usual"], 0, level)
    for bar in (8, -1, 0.5):
        with pytest.raises(ValueError, match=r"^bar must be"):
            bars.bent(KEYS["usual"], bar, 1.0)
    head = json.loads(Remote().answer("bend", "k", "sgd", "d=10000", 0, 2.0)[0])
    assert head["refused"].startswith("d must be at most 2000") and "error" not in head


@pytest.mark.parametrize("name", TAKES)
def test_every_panel_shows_its_own_bars_and_bends_them(name, monkeypatch):
    panel, H = own(name)
    once(panel, monkeypatch)
    for own_or_not in (PLAIN.get(name, {}), {"spectrum": H}):
        scenario = panel.read(**SMALL.get(name, {}), **own_or_not)
        line = panel.write(scenario)
        found = bars.of(panel.spectrum(scenario))
        head = unpacked(Remote().answer("bars", "k", name, line))
        assert head["line"] == line and head["bars"] == bars.drawn(panel.spectrum(scenario))
        k, level = len(found) // 2, found[len(found) // 2].level * 0.8
        head = unpacked(Remote().answer("bend", "k", name, line, k, level))
        moved = panel.read(head["line"])
        assert {c for c in moved if c != "spectrum"} == {c for c in scenario if c not in (*panel.own, "spectrum")}
        assert all(moved[c] == scenario[c] for c in moved if c != "spectrum")
        assert panel.read(spectrum=bars.bent(panel.spectrum(scenario), k, level))["spectrum"] == moved["spectrum"]
        same(head["traces"], panel.exact(moved, False).traces)
        assert head["spectrum"].startswith("bent ") and head["values"]["spectrum"] == moved["spectrum"]


@pytest.mark.parametrize("name", TAKES)
def test_the_bars_of_a_panel_are_of_the_spectrum_that_its_figure_shows(name):
    """The spectrum that gives the same figure when it is written out (``test_own_spectrum`` compares them)."""
    plain, H = usual(name)
    np.testing.assert_array_equal(spectra.whole(definition(name).spectrum(plain)).eigenvalues, H.eigenvalues)


def test_a_face_brings_the_bars_of_its_opening_and_a_panel_without_spectrum_none():
    told = face(definition("sgd"), "d=30", simulate=False)
    assert told["bars"] == bars.drawn((1000, 1.5, 30)) and told["learns"]
    assert face(definition("slope"), simulate=False)["bars"] == []


def test_a_bar_is_drawn_as_wide_as_its_ranks_with_gaps_between():
    drawn, found = bars.drawn(KEYS["usual"]), bars.of(KEYS["usual"])
    for one, bar in zip(drawn, found, strict=True):
        assert one["left"] < bar.first <= bar.last < one["right"]
        assert one["tops"] == [bar.largest, bar.smallest] and one["level"] == bar.level and one["said"] == bars.said(bar)
    assert all(a["right"] < b["left"] and a["shade"] < b["shade"] for a, b in itertools.pairwise(drawn))
    assert (drawn[0]["shade"], drawn[-1]["shade"]) == (0.15, 0.9)
    assert f"--bar: {style.ACCENT.lower()};" in front.sources()[front.STYLE], "as the ladder's bars are"


@pytest.mark.parametrize(("case", "k", "says"), [
    ("usual", 0, "Rank 1: 1 direction with the eigenvalue 1, 23.9 % of tr H."),
    ("levels", 1, "Ranks 2 to 21: 20 directions with the eigenvalue 0.5, 76.7 % of tr H."),
    ("usual", 2, "Ranks 4 to 7: 4 directions with eigenvalues from 0.254 to 0.126, 17.4 % of tr H.")])
def test_a_bar_in_words(case, k, says):
    assert bars.said(bars.of(KEYS[case])[k]) == says


def test_a_dropped_table_bends_too():
    pytest.importorskip("pandas")
    rows = "\n".join(f"{x},{y}" for x, y in np.random.default_rng(0).normal(size=(30, 2)) * [1, 3])
    packed = base64.b64encode(f"a,b\n{rows}".encode()).decode()
    line = json.loads(Remote().answer("own", "k", "sgd", "batch=4", "mine.csv", packed)[0])["line"]
    bent = unpacked(Remote().answer("bend", "k", "sgd", line, 1, 0.5))["values"]["spectrum"]
    assert bent.startswith("bent mine:") and bent.endswith(",0.5")


LEARNS = ("tradeoff", "sgd", "heavy_ball", "race", "typical", "symptoms")


def by_recursion(H, learner, steps):
    """lambda_i E e_i^2 / 2 of every direction after each step, by stepping the three moments of each, one at a time."""
    lam = np.repeat(H.eigenvalues, H.counts.astype(int))
    delta, eta, beta = learner.method.delta, learner.method.eta, learner.method.beta
    ee, em, mm, kept, B = np.ones_like(lam), np.zeros_like(lam), np.zeros_like(lam), [], learner.batch
    for _ in range(steps + 1):
        kept.append(lam * ee / 2)
        # g = lam e + noise of variance v; m' = beta m + g; e' = e - delta g - eta m'
        v = (lam**2 * ee + lam * (lam @ ee + learner.noise**2)) / B
        a, b, c = 1 - (delta + eta) * lam, -eta * beta, -(delta + eta)
        ee, em, mm = (a * a * ee + 2 * a * b * em + b * b * mm + c * c * v,
                      a * lam * ee + (a * beta + b * lam) * em + b * beta * mm + c * v,
                      lam * lam * ee + 2 * lam * beta * em + beta * beta * mm + v)
    return np.array(kept) / (H.trace / 2)


@pytest.mark.parametrize("name", LEARNS)
def test_what_a_bar_carries_is_what_its_directions_do_one_by_one(name, monkeypatch):
    panel = once(definition(name), monkeypatch)
    for spectrum in ({"d": 40, "kappa": 100}, {"spectrum": own(name)[1]}):
        samples = {"against": "samples"} if name == "race" else {}
        scenario = panel.read(**{**SMALL.get(name, {}), **spectrum, **samples})
        key = panel.spectrum(scenario)
        found, drawn = bars.of(key), panel.exact(scenario).traces
        for trace, learner in panel.learning(scenario).items():
            x = np.asarray(drawn[trace]["x"])
            steps = np.rint(x / learner.scale).astype(int)
            some = steps <= 1500
            each = by_recursion(spectra.whole(key), learner, int(steps[some].max()))[steps[some]]
            at = 0
            for k, bar in enumerate(found):
                got = panel.carried(scenario, k)[trace]
                np.testing.assert_array_equal(got["x"], x)
                want = each[:, at:at + round(bar.dim)].sum(axis=1)
                np.testing.assert_allclose(got["y"][some], want, rtol=2e-3, atol=2e-3 * each.sum(axis=1).min())
                at += round(bar.dim)


@pytest.mark.parametrize("name", LEARNS)
def test_what_the_bars_carry_sums_to_the_curve_that_is_drawn(name, monkeypatch):
    panel = once(definition(name), monkeypatch)
    scenario = panel.read(**SMALL.get(name, {}))
    drawn, count = panel.exact(scenario).traces, len(bars.of(panel.spectrum(scenario)))
    shares = [panel.carried(scenario, k) for k in range(count)]
    assert set(shares[0]) == set(panel.learning(scenario)) and len(shares[0]) >= 1
    for trace in shares[0]:
        np.testing.assert_allclose(sum(each[trace]["y"] for each in shares), drawn[trace]["y"], rtol=2e-3)


@pytest.mark.parametrize("name", TAKES)
def test_only_a_panel_with_learning_curves_has_shares_and_hidden_theory_has_none(name, monkeypatch):
    panel = once(definition(name), monkeypatch)
    line = panel.write(panel.read(**SMALL.get(name, {})))
    assert described(panel)["learns"] is (name in LEARNS)
    head = unpacked(Remote().answer("carried", "k", name, line, 1))
    assert head["line"] == line
    same(head["traces"], panel.carried(panel.read(line), 1))
    hidden = unpacked(Remote().answer("carried", "k", name, line, 1, True))["traces"]
    assert set(hidden) == set(head["traces"]) - set(panel.theory)


def test_a_diverging_curve_is_lit_as_far_as_it_is_finite():
    class Far(type(definition("sgd"))):
        def exact(self, scenario, final=True):
            return View({"expected": {"x": [0, 10, 100_000]}})

        def learning(self, scenario):
            return {"expected": bars.Learner(mb.Method.sgd(5.0), 1)}

    lit = Far().carried(Far().read("kappa=10;d=20"), 0)["expected"]
    assert lit["x"].tolist() == [0, 10] and np.isfinite(lit["y"]).all()
