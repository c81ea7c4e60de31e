"""The falsification panel: start, ceiling and search are the engine's."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels.falsify import FalsifyPanel
from mombook.prose import three
from mombook.study import falsify

PANEL = FalsifyPanel()


@pytest.mark.parametrize("text", ["", "kappa=10;decay=0.5;batch=64;levels=3"])
def test_the_numbers_are_the_engines(text):
    s = PANEL.read(text)
    H, view = mb.Spectrum.power_law(s["levels"], s["decay"], s["kappa"]), PANEL.exact(s)
    np.testing.assert_allclose(view.numbers["ratio"], falsify.best_ce_ratio(H), rtol=1e-10)
    tuned = mb.tune(H, "heavy_ball", s["batch"]).gap
    np.testing.assert_allclose(view.numbers["here"], -np.log1p(-tuned) / s["batch"] * H.trace / H.smallest, rtol=1e-6)
    B, ceiling = view.traces["ceiling"]["x"], view.traces["ceiling"]["y"]
    bound = mb.bounds.heavy_ball_gap(H, B).value
    np.testing.assert_allclose(ceiling, -np.log1p(-bound) / B * H.trace / H.smallest, rtol=1e-10)
    drawn = dict(zip(view.traces["heavy ball"]["x"], view.traces["heavy ball"]["y"], strict=True))
    assert all(drawn[b] <= c * (1 + 1e-9) for b, c in zip(B, ceiling, strict=True))


@pytest.mark.slow
def test_the_search_on_screen_is_the_search():
    s = PANEL.read("levels=2;trials=50;seed=3")
    *_, last = PANEL.sample(s)
    *_, direct = falsify.search(mb.Spectrum.power_law(2, s["decay"], s["kappa"]), np.random.default_rng(3), 50)
    np.testing.assert_allclose(last.traces["best so far"]["y"], np.maximum.accumulate(direct.tried), rtol=1e-12)
    np.testing.assert_allclose(last.traces["best spectrum"]["x"], direct.spectrum.eigenvalues / direct.spectrum.largest)
    assert last.fraction == 1 and f"spectra {three(direct.best.ratio)}, at" in last.sentence
