"""The phase map: the chosen spectrum is exact, the plane is an interpolation whose error is known, and names lie in place."""

import numpy as np
import pytest

import mombook as mb
from mombook import explore
from mombook.panels import phase_map
from mombook.panels.phase_map import CELLS, REGIMES, D, PhaseMapPanel
from mombook.study.phase_diagram import FAMILIES

panel = PhaseMapPanel()


@pytest.mark.slow
def test_the_plane_is_what_tuning_says_at_points_between_the_nodes():
    """CE within 13 %, half of all points within 1 %; the regime is right wherever no threshold is that near."""
    rng, errors, decided = np.random.default_rng(1), [], 0
    for _ in range(40):
        i, j, batch = rng.integers(37), rng.integers(37), int(2 ** rng.uniform(0, 16))
        regime, apart = phase_map._plane(batch)
        H = mb.Spectrum.power_law(D, CELLS["decay"][j], CELLS["kappa"][i])
        ce = {f: t.ce for f, t in mb.frontier(H, FAMILIES, [1.0, batch]).items()}
        errors.append(abs(np.log(ce["asgd"][1] / ce["heavy_ball"][1]) - apart[i, j] * np.log(10)))
        margins = [ce["asgd"][1] / 2 / max(ce["sgd"][1], ce["heavy_ball"][1]),
                   *(2 * ce[f][1] / ce[f][0] for f in ("sgd", "heavy_ball"))]
        if min(abs(np.log(margins))) > 0.15:
            expected = 2 if margins[0] > 1 else 0 if margins[1] > 1 else 1 if margins[2] > 1 else 3
            assert regime[i, j] == expected
            decided += 1
    assert max(errors) < 0.13 and np.median(errors) < 0.01 and decided > 25


@pytest.mark.parametrize("preset", panel.presets)
def test_the_sentence_is_the_engines(preset):
    s = panel.read(**panel.presets[preset])
    view = panel.exact(s)
    H = mb.Spectrum.power_law(D, s["decay"], s["kappa"])
    ce = {f: -np.log1p(-mb.tune(H, f, s["batch"]).gap) / s["batch"] for f in FAMILIES}
    np.testing.assert_allclose([view.numbers["ASGD over SGD"], view.numbers["heavy ball over SGD"]],
                               [ce["asgd"] / ce["sgd"], ce["heavy_ball"] / ce["sgd"]], rtol=1e-7)
    assert list(REGIMES.values())[view.numbers["regime"]] in view.sentence
    np.testing.assert_allclose(view.numbers["shares"].sum(), 1.0)


def test_presets_show_what_they_are_called():
    kinds = {name: list(REGIMES)[panel.exact(panel.read(**change)).numbers["regime"]]
             for name, change in panel.presets.items()}
    assert kinds == {"batch 1": "compute", "heavy ball's window": "speed", "ASGD's corner": "compute",
                     "batch too large": "spent"}


def test_heavy_balls_window_opens_and_closes_as_the_batch_grows():
    shares = {b: panel.exact(panel.read(batch=b)).numbers["shares"] for b in (1, 64, 1024, 65536)}
    assert shares[1][1] == 0 and shares[64][1] > 0.15 and shares[65536][1] == 0
    assert shares[1][3] == 0 and shares[1024][3] > 0.5 and shares[65536][3] > 0.95
    spots = panel.exact(panel.read(batch=64)).traces["regime names"]
    regime, _ = phase_map._plane(64)
    for x, y, text in zip(spots["x"], spots["y"], spots["text"], strict=True):
        i, j = np.argmin(abs(CELLS["kappa"] - x)), np.argmin(abs(CELLS["decay"] - y))
        assert phase_map.ON_MAP[list(REGIMES)[regime[i, j]]] == text


def test_live():
    live = explore.phase_map(kappa=100, decay=1, batch=64)
    assert repr(live) == live.sentence and "heavy ball's window" in live.sentence
