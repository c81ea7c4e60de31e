"""The ASGD panel: its numbers are the engine's, its regimes are the curve's, and it holds at the extremes."""

import numpy as np
import pytest

import mombook as mb
from mombook import explore
from mombook.panels import asgd as asgd_panel
from mombook.panels.asgd import ASGDPanel

pytestmark = pytest.mark.slow           # its exact answer takes seconds

panel = ASGDPanel()


@pytest.mark.parametrize("preset", ["slow decay", "decay 1", "fast decay"])
def test_numbers_are_the_engines(preset):
    s = panel.read(**panel.presets[preset])
    view = panel.exact(s)
    H = mb.Spectrum.power_law(s["d"], s["decay"], s["kappa"])
    f = mb.frontier(H, list(asgd_panel.BOOK), [s["batch"]])
    np.testing.assert_allclose(view.numbers["ratio"], f["asgd"].ce[0] / f["heavy_ball"].ce[0], rtol=5e-3)
    np.testing.assert_allclose(view.numbers["gap"]["asgd"], f["asgd"].gap[0], rtol=5e-3)
    np.testing.assert_allclose(view.numbers["T5 over exact"], mb.bounds.two_buffer_gap(H, s["batch"]).value / f["asgd"].gap[0],
                               rtol=5e-3)
    np.testing.assert_allclose(view.numbers["exact over T6"], f["asgd"].gap[0] / mb.bounds.mass_gap(H, s["batch"]).value,
                               rtol=5e-3)
    floor = mb.bounds.two_buffer_gap(H, s["batch"], "lower").value
    np.testing.assert_allclose(view.numbers["exact over T7"], f["asgd"].gap[0] / floor, rtol=5e-3)
    assert view.sentence.endswith(f"over T7 {view.numbers['exact over T7']:.3g}.")
    np.testing.assert_allclose(view.numbers["distance"], mb.overlap(H)[0], rtol=2e-2)


def test_known_numbers():
    """1.7 % apart at decay 0.5, 14.5 times at decay 2 (d = 200, kappa = d^decay)."""
    near, far = (panel.exact(panel.read(kappa=200**a, decay=a, d=200)).numbers["distance"] for a in (0.5, 2))
    np.testing.assert_allclose(np.expm1(near), 0.0172, atol=2e-4)
    np.testing.assert_allclose(np.exp(far), 14.5, rtol=5e-3)


def test_the_curve_lies_between_its_bounds():
    for preset in panel.presets.values():
        t = panel.exact(panel.read(**preset)).traces
        y, low = t["ASGD"]["y"], t["T6"]["y"]
        assert np.all(y >= low * (1 - 1e-6))
        high = t["T5"]["y"]
        assert np.all((y <= high) | np.isnan(high))


def test_the_axis_of_the_lead_is_in_per_cent():
    axis = panel.figure().layout.yaxis3
    told = [10.0 ** float(text[7:-6]) if text.startswith("10<sup>") else float(text) for text in axis.ticktext]
    np.testing.assert_allclose(told, 100 * np.array(axis.tickvals), rtol=1e-12)
    assert axis.title.text.endswith(", %")


def test_flat_spectrum_says_so():
    view = panel.exact(panel.read(kappa=1))
    assert "flat" in view.sentence
    np.testing.assert_allclose(view.numbers["ratio"], 1.0, rtol=1e-3)


def test_hidden_methods_are_hidden():
    view = panel.exact(panel.read(methods="heavy_ball"))
    assert not view.traces["ASGD"]["visible"] and not view.traces["T5"]["visible"] and view.traces["heavy ball"]["visible"]


def test_live():
    live = explore.asgd(decay=2, kappa=4e4)
    assert repr(live) == live.sentence and "factor 14.5" in live.sentence
